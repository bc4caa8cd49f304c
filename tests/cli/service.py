# SPDX-License-Identifier: MIT
"""pier serve as a service: started with sockets by systemd-socket-activate and
by a shell, told about to a manager that Python plays, its units verified by
systemd-analyze."""

import fcntl
import os
import shutil
import socket
import subprocess

import tap
import tool
from peer import read_all
from tap import contains, equal
from tool import ENV, PIER, SOURCE, Done, expect, scratch


def listener():
    return socket.create_server(("127.0.0.1", 0))


def needs(name):
    path = shutil.which(name)
    if path is None:
        raise tap.Skip(f"no {name} here")
    return path


class Service:
    """pier serve with these sockets from descriptor 3 on, as a manager starts
    it; the manager hears what it says."""

    def __init__(self, *words, fds=(), names=None, env=None):
        self.folder = scratch()
        where = f"{self.folder.__enter__()}/notify"
        self.manager = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.manager.settimeout(20)
        self.manager.bind(where)
        own = {**ENV, "NOTIFY_SOCKET": where, "LISTEN_FDS": str(len(fds)),
               **(env or {})}
        if names is not None:
            own["LISTEN_FDNAMES"] = names
        moves = "".join(
            f"exec {3 + i}<&{fd}; " if fd != 3 + i else ""
            for i, fd in enumerate(fds))
        self.process = subprocess.Popen(
            ["/bin/bash", "-c",
             moves + 'LISTEN_PID=$$ exec "$0" serve "$@"', PIER, *words],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, env=own, pass_fds=fds)

    def heard(self):
        return self.manager.recv(4096).decode()

    def end(self):
        self.process.terminate()
        out, err = self.process.communicate(timeout=tool.LIMIT)
        return Done(self.process, out, err)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
        if not self.process.stdout.closed:
            self.process.communicate()
        self.manager.close()
        self.folder.__exit__(None, None, None)


def high(sock):
    """Its descriptor, out of the way of those that are handed down."""
    return fcntl.fcntl(sock.fileno(), fcntl.F_DUPFD, 50)


def answers(address, data=b"hello"):
    with socket.create_connection(address, 20) as client:
        client.settimeout(20)
        client.sendall(data)
        client.shutdown(socket.SHUT_WR)
        return read_all(client)


def test_all_that_was_handed_down():
    """Streams, datagrams and a Unix socket; READY=1 before anybody came,
    STOPPING=1 at the end, and the file of the Unix socket is not ours."""
    with scratch() as folder:
        path = f"{folder}/u.sock"
        tcp, udp = listener(), socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        udp.bind(("127.0.0.1", 0))
        unix = socket.socket(socket.AF_UNIX)
        unix.bind(path)
        unix.listen(5)
        fds = [high(one) for one in (tcp, udp, unix)]
        with Service("upper", fds=fds) as service:
            equal(service.heard(), "READY=1")
            equal(answers(tcp.getsockname()), b"HELLO")
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
                client.settimeout(20)
                client.connect(udp.getsockname())
                client.send(b"hello")
                equal(client.recv(100), b"HELLO")
            with socket.socket(socket.AF_UNIX) as client:
                client.settimeout(20)
                client.connect(path)
                client.sendall(b"hello")
                client.shutdown(socket.SHUT_WR)
                equal(read_all(client), b"HELLO")
            done = service.end()
            equal(done.code, 0)
            equal(service.heard(), "STOPPING=1")
            assert os.path.exists(path)
        for fd in fds:
            os.close(fd)
        for one in (tcp, udp, unix):
            one.close()


def test_by_name():
    one, two = listener(), listener()
    fds = [high(one), high(two)]
    two_address = two.getsockname()
    with Service("upper", "fd://admin", fds=fds, names="web:admin") as service:
        equal(service.heard(), "READY=1")
        equal(answers(two_address), b"HELLO")
        equal(service.end().code, 0)
    with Service("upper", "fd://mail", fds=fds, names="web:admin") as service:
        done = service.end() if service.process.wait(20) is None else Done(
            service.process, *service.process.communicate())
        contains(done.err, 'no descriptor is named "mail": there are web:admin')
    for fd in fds:
        os.close(fd)
    one.close()
    two.close()


def test_nothing_was_handed_down():
    done = expect(2, "serve", "echo")
    contains(done.err, "no socket was handed down (LISTEN_FDS)")
    # Not for this process: as if there were none.
    done = expect(2, "serve", "echo", env={"LISTEN_PID": "1", "LISTEN_FDS": "1"})
    contains(done.err, "no socket was handed down (LISTEN_FDS)")


def test_watchdog():
    """It is told twice as often as it asks; each is an event."""
    one = listener()
    fd = high(one)
    env = {"WATCHDOG_USEC": "20000"}
    with Service("echo", fds=[fd], env=env) as service:
        equal(service.heard(), "READY=1")
        for _ in range(5):
            equal(service.heard(), "WATCHDOG=1")
        equal(service.end().code, 0)
    os.close(fd)
    one.close()


def test_a_manager_that_is_gone():
    """It is told, and served all the same."""
    one = listener()
    fd = high(one)
    env = {"NOTIFY_SOCKET": "@nobody-is-here"}
    with Service("upper", fds=[fd], env=env) as service:
        equal(answers(one.getsockname()), b"HELLO")
        done = service.end()
        equal(done.code, 0)
        contains(done.err, "NOTIFY_SOCKET")
    os.close(fd)
    one.close()


def test_systemd_socket_activate():
    """systemd's own: it listens, starts pier with the first client, and hands
    it the socket, in which that client waits."""
    activate = needs("systemd-socket-activate")
    with scratch() as folder:
        path = f"{folder}/echo.sock"
        process = subprocess.Popen(
            [activate, "-l", path, "--fdname=echo", PIER, "serve", "upper",
             "fd://echo"],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, env=ENV)
        try:
            tool.wait_until(lambda: os.path.exists(path))
            for _ in range(3):
                with socket.socket(socket.AF_UNIX) as client:
                    client.settimeout(20)
                    tool.wait_until(lambda: client.connect_ex(path) == 0)
                    client.sendall(b"hello")
                    client.shutdown(socket.SHUT_WR)
                    equal(read_all(client), b"HELLO")
            process.terminate()
            out, err = process.communicate(timeout=tool.LIMIT)
            equal(process.returncode, 0, err)
        finally:
            if process.poll() is None:
                process.kill()
                process.communicate()


def test_units():
    """systemd finds nothing wrong with them, and little that is exposed."""
    analyze = needs("systemd-analyze")
    with scratch() as folder:
        for name in ("pier-echo.service", "pier-echo.socket"):
            with open(f"{SOURCE}/examples/{name}", encoding="utf-8") as file:
                text = file.read().replace("/usr/bin/pier", PIER)
            text = text.replace("Documentation=man:pier-serve(1)\n", "")
            with open(f"{folder}/{name}", "w", encoding="utf-8") as file:
                file.write(text)
        paths = [f"{folder}/pier-echo.{kind}" for kind in ("socket", "service")]
        done = subprocess.run([analyze, "verify", "--man=no", *paths],
                              capture_output=True, text=True, timeout=60)
        equal((done.returncode, done.stderr), (0, ""))
        done = subprocess.run(
            [analyze, "security", "--offline=yes", "--threshold=15",
             f"{folder}/pier-echo.service"],
            capture_output=True, text=True, timeout=60)
        print("# " + done.stdout.strip().splitlines()[-1])
        equal(done.returncode, 0, done.stdout[-2000:] + done.stderr)


if __name__ == "__main__":
    tap.main(globals())
