# SPDX-License-Identifier: MIT
"""pier serve --processes: what comes of clients when processes die."""

import contextlib
import os
import random
import re
import signal
import socket
import threading
import time

import tap
import tool
from peer import read_all, read_exactly
from tap import contains, equal
from tool import Server, events, of_type, wait_until

LOCAL = "tcp://127.0.0.1:0"
CLIENTS = 50
KILLS = int(os.environ.get("KILLS", "20"))


def children(pid):
    """The processes that this one started, and that run."""
    with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as file:
        return [int(word) for word in file.read().split()]


def is_there(pid):
    """A process that has ended may be waited for by nobody for a while."""
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii") as file:
            return file.read().rsplit(")", 1)[1].split()[0] not in "ZX"
    except OSError:
        return False


def descriptors(pid):
    return len(os.listdir(f"/proc/{pid}/fd"))


def is_complete(pid, count):
    """Has it started so many, and does it hold a pidfd of each and its own?"""
    links = []
    for fd in os.listdir(f"/proc/{pid}/fd"):
        with contextlib.suppress(OSError):
            links.append(os.readlink(f"/proc/{pid}/fd/{fd}"))
    return (
        len(children(pid)) == count
        and links.count("anon_inode:[pidfd]") == count + 1
    )


def inodes(pid):
    """The sockets that a process has open."""
    found = set()
    for fd in os.listdir(f"/proc/{pid}/fd"):
        try:
            name = os.readlink(f"/proc/{pid}/fd/{fd}")
        except OSError:
            continue
        found.update(re.findall(r"^socket:\[(\d+)\]$", name))
    return found


def client_ports(pid):
    """The ports of the clients that a process serves."""
    mine = inodes(pid)
    ports = set()
    with open("/proc/net/tcp", encoding="ascii") as file:
        for line in file.readlines()[1:]:
            words = line.split()
            if words[9] in mine and words[3] != "0A":
                ports.add(int(words[2].rsplit(":", 1)[1], 16))
    return ports


def dial(server):
    client = socket.create_connection(("127.0.0.1", server.port()), 20)
    client.settimeout(20)
    return client


def exchange(client, data):
    client.sendall(data)
    equal(read_exactly(client, len(data)), data)


def server_of(server, client):
    """Which of the processes serves a client."""
    port = client.getsockname()[1]
    for pid in children(server.process.pid):
        if port in client_ports(pid):
            return pid
    raise AssertionError(f"nobody serves {port}")


def test_every_model():
    for model in ("iterative", "thread", "pool", "fiber"):
        with Server(
            "echo", "--processes=3", "--model", model, LOCAL
        ) as server:
            clients = [dial(server) for _ in range(9)]
            for client in clients:
                client.sendall(b"hello")
                client.shutdown(socket.SHUT_WR)
            for client in clients:
                equal(read_all(client), b"hello")
                client.close()
            done = server.end()
            equal(done.code, 0)
            contains(done.err, "served 9 connections")


def test_a_signal_drains_all():
    for number in (signal.SIGTERM, signal.SIGINT):
        with Server("echo", "--processes=3", LOCAL) as server:
            clients = [dial(server) for _ in range(9)]
            for client in clients:
                exchange(client, b"hello")
            server.interrupt(number)
            for client in clients:
                exchange(client, b"still here")
                client.shutdown(socket.SHUT_WR)
                equal(read_all(client), b"")
                client.close()
            equal(server.end(None).code, 0)


def test_a_signal_to_all_of_them_is_one():
    """As a terminal sends it."""
    with Server(
        "echo", "--processes=3", LOCAL, start_new_session=True
    ) as server:
        clients = [dial(server) for _ in range(9)]
        for client in clients:
            exchange(client, b"hello")
        os.killpg(server.process.pid, signal.SIGINT)
        for client in clients:
            exchange(client, b"still here")
            client.close()
        equal(server.end(None).code, 0)


def test_a_second_signal_ends_all_at_once():
    with Server("echo", "--processes=3", LOCAL) as server:
        client = dial(server)
        exchange(client, b"hello")
        wait_until(lambda: len(children(server.process.pid)) == 3)
        pids = children(server.process.pid)
        server.interrupt()
        wait_until(lambda: "listen" not in states(server))
        server.interrupt()
        equal(server.end(None).code, 128 + signal.SIGTERM)
        equal(client.recv(1), b"")
        client.close()
        wait_until(lambda: not any(is_there(pid) for pid in pids))


def states(server):
    """Of the server's port: whether somebody listens."""
    with open("/proc/net/tcp", encoding="ascii") as file:
        for line in file.readlines()[1:]:
            words = line.split()
            port = int(words[1].rsplit(":", 1)[1], 16)
            if port == server.port() and words[3] == "0A":
                return ["listen"]
    return []


def test_it_says_why_one_died():
    with Server("echo", "--processes=2", "--json", "-v", LOCAL) as server:
        client = dial(server)
        exchange(client, b"hello")
        pid = server_of(server, client)
        os.kill(pid, signal.SIGKILL)
        equal(read_all_or_reset(client), b"")
        client.close()
        wait_until(lambda: len(set(children(server.process.pid)) - {pid}) == 2)
        done = server.end()
        equal(done.code, 0)
        contains(done.err, f"(pid {pid}) was killed by SIGKILL after ")
        contains(done.err, ", with 1 connection; another starts in 100 ms")
        contains(done.err, "1 process died, and 1 connection with them")
        lines = events(done, "serve")
        equal(len(of_type(lines, "process_started")), 3)
        ended = of_type(lines, "process_ended")
        equal(len(ended), 3)
        equal(
            [ended[0][key] for key in ("pid", "signal", "lost", "pause_s")],
            [pid, signal.SIGKILL, 1, 0.1],
        )
        equal([line["status"] for line in ended[1:]], [0, 0])
        summary = lines[-1]
        equal([summary[key] for key in ("accepted", "lost", "died")], [1, 1, 1])


def read_all_or_reset(client):
    try:
        return read_all(client)
    except ConnectionResetError:
        return b""


def test_orphans_drain_and_end():
    with Server("echo", "--processes=2", LOCAL) as server:
        clients = [dial(server) for _ in range(4)]
        for client in clients:
            exchange(client, b"hello")
        wait_until(lambda: is_complete(server.process.pid, 2))
        pids = children(server.process.pid)
        os.kill(server.process.pid, signal.SIGKILL)
        server.process.wait()
        for client in clients:
            exchange(client, b"still here")
            client.close()
        wait_until(lambda: not any(is_there(pid) for pid in pids))


def test_bad_numbers_are_refused():
    for value in ("0", "257", "many"):
        done = tool.expect(2, "serve", "echo", "--processes", value, LOCAL)
        contains(done.err, value)


class Crowd:
    """Clients that echo all the time. One whose connection ends before it
    should notes its port and comes again."""

    def __init__(self, server, count):
        self.server = server
        self.over = False
        self.ended = set()
        self.wrong = []
        self.exchanges = 0
        self.threads = [
            threading.Thread(target=self.work, daemon=True)
            for _ in range(count)
        ]
        for thread in self.threads:
            thread.start()

    def work(self):
        try:
            while not self.over:
                client = dial(self.server)
                port = client.getsockname()[1]
                try:
                    self.converse(client)
                except (ConnectionError, EOFError):
                    self.ended.add(port)
                finally:
                    client.close()
        except Exception as error:  # whatever it is, the test shows it
            self.wrong.append(repr(error))

    def converse(self, client):
        for _ in range(random.randrange(1, 200)):
            data = os.urandom(random.randrange(1, 2000))
            client.sendall(data)
            back = b""
            while len(back) < len(data):
                part = client.recv(len(data) - len(back))
                if not part:
                    raise EOFError
                back += part
            if back != data:
                self.wrong.append("other bytes came back")
            self.exchanges += 1
            if self.over:
                return
            time.sleep(0.002)

    def end(self):
        self.over = True
        for thread in self.threads:
            thread.join(30)
            assert not thread.is_alive(), "a client waits for ever"


def kill_one(server, victims):
    """Kill any of the processes; victims gets its clients' ports. Stopped
    before, it takes on nobody between the look and its end."""
    pids = children(server.process.pid)
    if not pids:
        return False
    pid = random.choice(pids)
    try:
        os.kill(pid, signal.SIGSTOP)
        wait_until(lambda: stopped(pid))
        victims |= client_ports(pid)
        os.kill(pid, signal.SIGKILL)
    except OSError:
        return False
    wait_until(lambda: not is_there(pid))
    return True


def stopped(pid):
    with open(f"/proc/{pid}/stat", encoding="ascii") as file:
        return file.read().rsplit(")", 1)[1].split()[0] in "TZX"


def test_whoever_is_killed_takes_only_its_own():
    """Were anything that the dead held not given back, clients would be reset
    by the limit per address, or wait for ever for room."""
    with Server(
        "echo", "--processes=4", "--quiet",
        f"--max-connections={CLIENTS}", f"--max-per-address={2 * CLIENTS}",
        LOCAL,
    ) as server:
        wait_until(lambda: is_complete(server.process.pid, 4))
        # It may hold one for a moment, now and at the end.
        before = min(descriptors(server.process.pid) for _ in range(50))
        crowd = Crowd(server, CLIENTS)
        victims = set()
        kills = 0
        while kills < KILLS and not crowd.wrong:
            seen = crowd.exchanges
            wait_until(lambda: crowd.wrong or crowd.exchanges > seen + 200, 30)
            kills += kill_one(server, victims)
        wait_until(lambda: is_complete(server.process.pid, 4))
        crowd.end()
        equal(crowd.wrong, [])
        equal(crowd.ended - victims, set())
        assert crowd.ended, "nobody's connection has ended"
        wait_until(lambda: descriptors(server.process.pid) <= before)
        pids = children(server.process.pid)
        wait_until(lambda: not any(client_ports(pid) for pid in pids))
        equal(len({descriptors(pid) for pid in pids}), 1)
        server.interrupt()
        equal(server.process.wait(20), 0)


if __name__ == "__main__":
    tap.main(globals())
