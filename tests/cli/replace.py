# SPDX-License-Identifier: MIT
"""pier serve that is replaced while plain Python clients talk to it: nobody is
refused, nobody is reset, every answer is right. REPLACE_CONNECTIONS says how
many connect, 10000 where it does not."""

import contextlib
import os
import re
import signal
import socket
import stat
import struct
import threading

import tap
import tool
from peer import read_all, read_exactly
from tap import contains, equal
from tool import Server, events, expect, of_type, scratch

CONNECTIONS = int(os.environ.get("REPLACE_CONNECTIONS", "10000"))
TIMES = 10
CALLERS = 8
AT_ONCE = 10


def talk(port, data=b"hello", path=None):
    family = socket.AF_UNIX if path else socket.AF_INET
    with socket.socket(family) as client:
        client.settimeout(20)
        client.connect(path or ("127.0.0.1", port))
        client.sendall(data)
        client.shutdown(socket.SHUT_WR)
        return read_all(client)


def children(pid):
    """The processes that this one started."""
    with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as file:
        return [int(word) for word in file.read().split()]


def done(server):
    """How one that was replaced ended, by itself."""
    return server.end(number=None)


class Crowd:
    """Clients that come without a pause, several at once by each caller, until
    so many have been there."""

    def __init__(self, port, count):
        self.port = port
        self.left = count
        self.served = 0
        self.wrong = []
        self.lock = threading.Lock()
        self.threads = [
            threading.Thread(target=self.call, daemon=True)
            for _ in range(CALLERS)
        ]

    def take(self):
        with self.lock:
            n = min(self.left, AT_ONCE)
            self.left -= n
            return n

    def call(self):
        while n := self.take():
            try:
                clients = [
                    socket.create_connection(("127.0.0.1", self.port), 60)
                    for _ in range(n)
                ]
                for i, client in enumerate(clients):
                    client.sendall(b"number %d" % i)
                    client.shutdown(socket.SHUT_WR)
                for i, client in enumerate(clients):
                    equal(read_all(client), b"NUMBER %d" % i)
                    client.close()
                with self.lock:
                    self.served += n
            except Exception as error:  # whatever it is, it must not be
                self.wrong.append(repr(error))
                return

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def reached(self, n):
        """When n were served, or something went wrong."""
        tool.wait_until(lambda: self.served >= n or self.wrong, 120)

    def __exit__(self, *_):
        for thread in self.threads:
            thread.join(120)


def served_by(done_):
    """How many it says."""
    return int(re.search(r"served (\d+) connections? and", done_.err)[1])


def replaced_in_a_crowd(options, count):
    """No events: nobody reads them, and the server would wait for that."""
    with scratch() as folder, contextlib.ExitStack() as stack:
        control = f"{folder}/control"
        server = stack.enter_context(
            Server("upper", *options, "--control", control, "tcp://127.0.0.1:0"))
        served = 0
        with Crowd(server.port(), count) as crowd:
            for time in range(TIMES):
                crowd.reached(count * (time + 1) // (TIMES + 2))
                new = stack.enter_context(
                    Server("upper", *options, "--replace", control,
                           "tcp://127.0.0.1:0"))
                equal(new.endpoints, server.endpoints)
                before = server.process.pid
                old, server = done(server), new
                equal(old.code, 0, old.err)
                contains(old.err, f"handed over to pid {new.process.pid}")
                served += served_by(old)
        equal(crowd.wrong, [])
        equal(crowd.served, count)
        last = server.end()
        equal(last.code, 0)
        contains(last.err, f"took the place of pid {before}:")
        print(f"# {count} connections, {TIMES} times replaced")
        equal(served + served_by(last), count)
        assert not os.path.exists(control)


def test_ten_times():
    replaced_in_a_crowd([], CONNECTIONS)


def test_ten_times_with_workers():
    """Each worker has a socket of its own: all of them change hands."""
    replaced_in_a_crowd(["--workers=3"], CONNECTIONS // 5)


def test_ten_times_by_threads():
    replaced_in_a_crowd(["--model=thread"], CONNECTIONS // 10)


def test_ten_times_with_processes():
    """The first of them hands over; the others drain."""
    replaced_in_a_crowd(["--processes=2"], CONNECTIONS // 5)


def test_ten_times_with_processes_that_fork():
    # A fork takes the thread sanitizer tens of milliseconds: on a busy machine
    # what queues is served for longer than the default lets it.
    replaced_in_a_crowd(
        ["--processes=2", "--model=fork", "--drain=60s"], CONNECTIONS // 20)


def test_from_one_process_to_several_and_back():
    """All sockets, and a control socket that goes along; nobody is left."""
    with scratch() as folder:
        control, path = f"{folder}/control", f"{folder}/u.sock"
        where = ["tcp://127.0.0.1:0", f"unix://{path}", "udp://127.0.0.1:0"]
        with contextlib.ExitStack() as stack:
            old = stack.enter_context(
                Server("upper", "--control", control, *where))
            for options in (["--processes=2"], ["--processes=3"], []):
                new = stack.enter_context(
                    Server("upper", *options, "--replace", control))
                equal(new.endpoints, old.endpoints)
                equal(done(old).code, 0)
                equal(talk(new.port()), b"HELLO")
                equal(talk(0, path=path), b"HELLO")
                with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as c:
                    c.settimeout(20)
                    c.connect(("127.0.0.1", new.port(2)))
                    c.send(b"hello")
                    equal(c.recv(100), b"HELLO")
                old = new
            equal(old.end().code, 0)
        equal(os.listdir(folder), [])


def test_processes_that_die_before_and_while_they_are_replaced():
    """Another takes the place of one that died, also while the new server does
    not answer; and who queues finds somebody."""
    with scratch() as folder:
        control = f"{folder}/control"
        with Server("upper", "--processes=2", "--control", control,
                    "tcp://127.0.0.1:0") as old:
            # Ready is said before the processes are there.
            tool.wait_until(lambda: len(children(old.process.pid)) == 2)
            os.kill(children(old.process.pid)[0], signal.SIGKILL)
            with socket.socket(socket.AF_UNIX) as other:
                other.settimeout(20)
                other.connect(control)
                other.sendall(b"PIER" + struct.pack(">HHI", 1, 1, 0))
                _, fds, _, _ = socket.recv_fds(other, 12, 10)
                for fd in fds:
                    os.close(fd)
                for pid in children(old.process.pid):
                    os.kill(pid, signal.SIGKILL)
                tool.wait_until(lambda: len(children(old.process.pid)) == 2)
                equal(talk(old.port()), b"HELLO")
            with Server("upper", "--processes=2", "--replace", control,
                        "tcp://127.0.0.1:0") as new:
                pid = old.process.pid
                equal(done(old).code, 0)
                equal(talk(new.port()), b"HELLO")
                assert not os.path.exists(f"/proc/{pid}")
                equal(new.end().code, 0)


def test_events():
    with scratch() as folder:
        control = f"{folder}/control"
        with Server("upper", "--control", control, "tcp://127.0.0.1:0",
                    "--json") as old:
            with Server("upper", "--replace", control, "tcp://127.0.0.1:0",
                        "--json") as new:
                pids = [old.process.pid, new.process.pid]
                told = of_type(events(done(old), "serve"), "handed_over")
                equal([(e["pid"], e["sockets"]) for e in told], [(pids[1], 1)])
                told = of_type(events(new.end(), "serve"), "replaced")
                equal([(e["pid"], e["sockets"]) for e in told], [(pids[0], 1)])


def test_who_queues_is_served_by_the_new_one():
    """The old one serves nobody else; who waited finds the new one."""
    with scratch() as folder:
        control = f"{folder}/control"
        with Server("upper", "--model=iterative", "--control", control,
                    "tcp://127.0.0.1:0") as old:
            port = old.port()
            first = socket.create_connection(("127.0.0.1", port), 20)
            first.sendall(b"first")
            equal(first.recv(5), b"FIRST")
            waiting = [
                socket.create_connection(("127.0.0.1", port), 20)
                for _ in range(20)
            ]
            with Server("upper", "--replace", control,
                        f"tcp://127.0.0.1:{port}") as new:
                for client in waiting:
                    client.sendall(b"next")
                    client.shutdown(socket.SHUT_WR)
                    equal(read_all(client), b"NEXT")
                    client.close()
                # The old one still has its own.
                first.sendall(b"still")
                equal(first.recv(5), b"STILL")
                first.close()
                equal(done(old).code, 0)
                equal(new.end().code, 0)


def test_every_kind_of_socket():
    """A Unix socket keeps its file, datagrams are received on; without
    endpoints the new one serves all; more and fewer workers."""
    with scratch() as folder:
        control, path = f"{folder}/control", f"{folder}/u.sock"
        with Server("upper", "--control", control, "tcp://127.0.0.1:0",
                    f"unix://{path}", "udp://127.0.0.1:0") as first:
            mode = stat.S_IMODE(os.stat(control).st_mode)
            equal(mode, 0o600)
            inode = os.stat(path).st_ino
            with Server("upper", "--replace", control, "--workers=3") as second:
                equal(second.endpoints, first.endpoints)
                equal(done(first).code, 0)
                equal(os.stat(path).st_ino, inode)
                with Server("upper", "--replace", control) as third:
                    equal(third.endpoints, second.endpoints)
                    equal(done(second).code, 0)
                    equal(talk(third.port()), b"HELLO")
                    equal(talk(0, path=path), b"HELLO")
                    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as c:
                        c.settimeout(20)
                        c.connect(("127.0.0.1", third.port(2)))
                        c.send(b"hello")
                        equal(c.recv(100), b"HELLO")
                    equal(third.end().code, 0)
        equal(os.listdir(folder), [])


def test_what_is_not_asked_for_ends():
    with scratch() as folder:
        control, path = f"{folder}/control", f"{folder}/u.sock"
        with Server("upper", "--control", control, "tcp://127.0.0.1:0",
                    f"unix://{path}") as old:
            with Server("upper", "--replace", control, "tcp://127.0.0.1:0",
                        "tcp4://127.0.0.1:0") as new:
                equal(new.endpoint, old.endpoint)
                equal(len(new.endpoints), 2)
                equal(done(old).code, 0)
                assert not os.path.exists(path)
                equal(talk(new.port(1)), b"HELLO")


def test_a_new_one_that_fails():
    """The old one goes on: it is told, and nothing else."""
    with scratch() as folder, tool.closed_port() as taken:
        control = f"{folder}/control"
        with Server("upper", "--control", control, "tcp://127.0.0.1:0") as old:
            expect(10, "serve", "upper", "--replace", control,
                   "tcp://127.0.0.1:0", f"tcp://127.0.0.1:{taken}")
            equal(talk(old.port()), b"HELLO")
            # One that asks, and goes away with what it got.
            with socket.socket(socket.AF_UNIX) as other:
                other.settimeout(20)
                other.connect(control)
                other.sendall(b"PIER" + struct.pack(">HHI", 1, 1, 0))
                data, fds, _, _ = socket.recv_fds(other, 12, 10)
                equal(data[:8], b"PIER" + struct.pack(">HH", 1, 2))
                equal(len(fds), 2)
                for fd in fds:
                    os.close(fd)
            equal(talk(old.port()), b"HELLO")
            # And still can be replaced.
            with Server("upper", "--replace", control, "tcp://127.0.0.1:0") as new:
                equal(done(old).code, 0)
                equal(talk(new.port()), b"HELLO")


def refused(control, message):
    with socket.socket(socket.AF_UNIX) as other:
        other.settimeout(20)
        other.connect(control)
        other.sendall(message)
        return read_exactly(other, 8)


def test_messages_that_are_none():
    with scratch() as folder:
        control = f"{folder}/control"
        with Server("upper", "--control", control, "tcp://127.0.0.1:0") as old:
            off = b"PIER" + struct.pack(">HH", 1, 5)
            for message in (
                b"GET / HTTP/1.0\r\n\r\n",
                b"PIER" + struct.pack(">HHI", 9, 1, 0),
                b"PIER" + struct.pack(">HHI", 1, 3, 0),
                b"PIER" + struct.pack(">HHI", 1, 1, 1 << 31),
            ):
                equal(refused(control, message), off)
            equal(talk(old.port()), b"HELLO")
            err = old.end().err
            contains(err, "the other server speaks version 9, this one 1")
            contains(err, "this is no server of pier")


def test_nobody_to_replace():
    with scratch() as folder:
        done_ = expect(4, "serve", "upper", "--replace", f"{folder}/none",
                       "tcp://127.0.0.1:0")
        contains(done_.err, "none")
    done_ = expect(2, "serve", "upper", "--replace", "tcp://127.0.0.1:1",
                   "tcp://127.0.0.1:0")
    contains(done_.err, "a control socket is a Unix socket")


def test_a_signal_while_it_drains():
    with scratch() as folder:
        control = f"{folder}/control"
        with Server("upper", "--control", control, "tcp://127.0.0.1:0") as old:
            with socket.create_connection(("127.0.0.1", old.port()), 20) as held:
                held.sendall(b"held")
                equal(held.recv(4), b"HELD")
                with Server("upper", "--replace", control,
                            "tcp://127.0.0.1:0") as new:
                    equal(old.end(signal.SIGTERM).code, 1)
                    equal(talk(new.port()), b"HELLO")
                    equal(new.end().code, 0)


if __name__ == "__main__":
    tap.main(globals())
