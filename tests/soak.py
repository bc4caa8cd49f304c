# SPDX-License-Identifier: MIT
"""soak BUILD: pier serve echo under mixed clients for SOAK_SECONDS (300).

Clients of every kind come and go all the time: some stay and talk, some ask
once, send much and half-close, reset, or connect and say nothing; others send
datagrams. Every byte that comes back must be right. The resident memory of all
processes of the server at the end is at most 2 % above that after the first
fifth of the time (a minute), and no descriptor is left over. (A run of less
than a minute has touched not all of its pages by then: it may grow by 10 %.)

SOAK_MODEL and SOAK_PROCESSES choose what serves: fiber, in 2 processes.
"""

import os
import random
import signal
import socket
import statistics
import struct
import subprocess
import sys
import tempfile
import threading
import time

SECONDS = float(os.environ.get("SOAK_SECONDS", "300"))
MODEL = os.environ.get("SOAK_MODEL", "fiber")
PROCESSES = int(os.environ.get("SOAK_PROCESSES", "2"))

# Clients of each kind, all at once.
TALKERS, ASKERS, BULKS, RESETS, SILENT, DATAGRAMS = 16, 6, 2, 2, 40, 2

# All at once, in the beginning.
CREST = 300

SAMPLES = 20
GROWTH = 1.02 if SECONDS >= 60 else 1.10

RESET = struct.pack("ii", 1, 0)


def children(pid):
    with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as file:
        return [int(word) for word in file.read().split()]


class Server:
    """pier serve echo on TCP and UDP, and what it holds."""

    def __init__(self, build, folder):
        ready = os.path.join(folder, "ready")
        self.process = subprocess.Popen(
            [
                os.path.join(build, "pier"), "serve", "echo", "--model", MODEL,
                *(["--processes", str(PROCESSES)] if PROCESSES else []),
                # Those that are silent stay so.
                "--first-byte-timeout", "off", "--idle-timeout", "off",
                "--ready-file", ready, "tcp://127.0.0.1:0", "udp://127.0.0.1:0",
            ],
            stdin=subprocess.DEVNULL,
        )
        end = time.monotonic() + 20
        while not os.path.exists(ready):
            if self.process.poll() is not None or time.monotonic() > end:
                sys.exit("soak: the server does not begin")
            time.sleep(0.01)
        with open(ready, encoding="utf-8") as file:
            self.ports = [int(line.rsplit(":", 1)[1]) for line in file]

    def pids(self):
        return [self.process.pid, *children(self.process.pid)]

    def resident(self):
        """Bytes, of all processes together."""
        pages = 0
        for pid in self.pids():
            with open(f"/proc/{pid}/statm", encoding="ascii") as file:
                pages += int(file.read().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE")

    def descriptors(self):
        return {pid: len(os.listdir(f"/proc/{pid}/fd")) for pid in self.pids()}

    def clients(self):
        """Whose connections some process still holds: their inodes."""
        with open("/proc/net/tcp", encoding="ascii") as lines:
            words = [line.split() for line in list(lines)[1:]]
        port = f":{self.ports[0]:04X}"
        return {
            one[9] for one in words
            if one[1].endswith(port) and one[3] != "0A" and one[9] != "0"
        }


def dial(server):
    client = socket.create_connection(("127.0.0.1", server.ports[0]))
    client.settimeout(30)
    return client


def expect(client, data):
    back = bytearray()
    while len(back) < len(data):
        part = client.recv(len(data) - len(back))
        if not part:
            raise EOFError(f"{len(back)} of {len(data)} bytes came back")
        back += part
    if back != data:
        raise ValueError("other bytes came back")


def crest(server):
    """More at once than ever later, so that no later chance meeting of many
    makes the server take more memory than it had."""
    clients = [dial(server) for _ in range(CREST)]
    for client in clients:
        client.sendall(b"x" * 5000)
    for client in clients:
        expect(client, b"x" * 5000)
    for client in clients:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
        client.close()


class Crowd:
    """All clients. The first thing that is wrong ends them."""

    def __init__(self, server):
        self.server = server
        self.over = threading.Event()
        self.wrong = []
        self.lock = threading.Lock()
        self.done = {}
        self.threads = [
            threading.Thread(target=self.run, args=(work,), daemon=True)
            for work, count in (
                (self.talk, TALKERS), (self.ask, ASKERS), (self.bulk, BULKS),
                (self.reset, RESETS), (self.datagrams, DATAGRAMS),
            )
            for _ in range(count)
        ]
        crest(self.server)
        self.silent = [dial(self.server) for _ in range(SILENT)]
        for thread in self.threads:
            thread.start()

    def run(self, work):
        while not self.over.is_set():
            try:
                work()
            except Exception as error:  # any of them is a finding
                self.wrong.append(f"{work.__name__}: {error!r}")
                self.over.set()
            with self.lock:
                name = work.__name__
                self.done[name] = self.done.get(name, 0) + 1
            time.sleep(0.005)

    def talk(self):
        """Stay a while; messages of any size."""
        with dial(self.server) as client:
            for _ in range(random.randrange(1, 300)):
                data = os.urandom(random.choice((1, 64, 1000, 5000)))
                client.sendall(data)
                expect(client, data)
                if self.over.wait(0.003):
                    return

    def ask(self):
        """One question, the end, the answer, the end."""
        with dial(self.server) as client:
            data = os.urandom(random.randrange(2000))
            client.sendall(data)
            client.shutdown(socket.SHUT_WR)
            expect(client, data)
            if client.recv(1):
                raise ValueError("more came back than was sent")

    def bulk(self):
        """Much at once, read back while it is being sent."""
        data = os.urandom(1 << 20)
        with dial(self.server) as client:

            def send():
                client.sendall(data)
                client.shutdown(socket.SHUT_WR)

            sender = threading.Thread(target=send, daemon=True)
            sender.start()
            expect(client, data)
            sender.join()

    def reset(self):
        """Go in the middle of it."""
        with dial(self.server) as client:
            client.sendall(os.urandom(random.randrange(1, 3000)))
            client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)

    def datagrams(self):
        """One that is lost is sent again."""
        with socket.socket(type=socket.SOCK_DGRAM) as client:
            client.connect(("127.0.0.1", self.server.ports[1]))
            client.settimeout(1)
            data = os.urandom(random.randrange(1, 1400))
            for _ in range(10):
                client.send(data)
                try:
                    if client.recv(2000) != data:
                        raise ValueError("another datagram came back")
                    return
                except TimeoutError:
                    continue
            raise TimeoutError("no answer to ten datagrams")

    def end(self):
        self.over.set()
        for thread in self.threads:
            thread.join(60)
            if thread.is_alive():
                self.wrong.append("a client waits for ever")
        for client in self.silent:
            client.close()


def resident(server, crowd):
    """The middle of some looks: clients come and go."""
    looks = []
    for _ in range(SAMPLES):
        looks.append(server.resident())
        crowd.over.wait(min(0.1, SECONDS / 200))
    return statistics.median(looks)


def settled(server, before):
    """Descriptors, once the last connections have ended, or after 20 s."""
    end = time.monotonic() + 20
    while server.descriptors() != before and time.monotonic() < end:
        time.sleep(0.05)
    return server.descriptors()


def soak(server):
    """What is wrong, a list of lines."""
    end = time.monotonic() + 20
    while len(server.pids()) != PROCESSES + 1 and time.monotonic() < end:
        time.sleep(0.01)
    # Each process makes some of its own at its first connection.
    crest(server)
    while server.clients() and time.monotonic() < end:
        time.sleep(0.01)
    before = server.descriptors()
    crowd = Crowd(server)
    crowd.over.wait(SECONDS / 5)
    first = resident(server, crowd)
    crowd.over.wait(SECONDS * 4 / 5)
    last = resident(server, crowd)
    crowd.end()
    wrong = crowd.wrong[:3]
    after = settled(server, before)
    if after != before:
        wrong.append(f"descriptors: {before} before, {after} after")
    if last > first * GROWTH:
        wrong.append(f"resident: {first:.0f} bytes, then {last:.0f}")
    server.process.send_signal(signal.SIGTERM)
    code = server.process.wait(30)
    if code != 0:
        wrong.append(f"the server ended with {code}")
    said = ", ".join(f"{n} {name}" for name, n in sorted(crowd.done.items()))
    print(
        f"# {MODEL} in {PROCESSES} processes for {SECONDS:.0f} s: {said}; "
        f"resident {first / 1024:.0f} KiB, then {last / 1024:.0f} KiB "
        f"({(last / first - 1) * 100:+.2f} %)"
    )
    return wrong


def main():
    if len(sys.argv) != 2:
        sys.exit("usage: soak BUILD")
    with tempfile.TemporaryDirectory(prefix="pier-soak-") as folder:
        server = Server(sys.argv[1], folder)
        try:
            wrong = soak(server)
        finally:
            if server.process.poll() is None:
                server.process.kill()
                server.process.wait()
    print("1..1")
    for line in wrong:
        print(f"# {line}")
    print(f"{'not ok' if wrong else 'ok'} 1 - soak")
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
