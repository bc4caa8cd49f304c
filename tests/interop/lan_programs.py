# SPDX-License-Identifier: MIT
"""find.c and announce.c of this folder as programs that run beside a test, what
avahi-browse finds, whether a daemon keeps its answers, and what tshark reads."""

import json
import os
import queue
import re
import shutil
import subprocess
import sys
import tempfile
import threading

import cable
import tap
from tap import equal

LIMIT = 60
TYPE = "_pier._tcp"


def enter(variable, *names):
    """cable.enter() for a script whose first words are the programs that find.c
    and announce.c became."""
    Find.program, Announce.program = map(os.path.abspath, sys.argv[1:3])
    cable.enter(variable, *names)
    del sys.argv[1:3]


def scratch():
    return tempfile.TemporaryDirectory(prefix="pier-lan-")


class Find:
    """The program of find.c, and what it tells."""

    program = None

    def __init__(self, *words):
        self.process = subprocess.Popen(
            [self.program, *words], stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.events = queue.Queue()
        self.reader = threading.Thread(target=self.read)
        self.reader.start()

    def read(self):
        for line in self.process.stdout:
            self.events.put(json.loads(line))

    def next(self, limit=LIMIT):
        return self.events.get(timeout=limit)

    def until(self, what, instance):
        """That event; others may come before."""
        while True:
            event = self.next()
            if (event["what"], event.get("instance")) == (what, instance):
                return event

    def end(self):
        self.process.stdin.close()
        event = self.next()
        while event["what"] != "stats":
            event = self.next()
        equal(self.process.wait(LIMIT), 0, self.process.stderr.read())
        return event

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
        self.reader.join()
        self.process.stdout.close()
        self.process.stderr.close()
        if not self.process.stdin.closed:
            self.process.stdin.close()


class Lines:
    """A program, and the lines it prints."""

    def __init__(self, process):
        self.process = process
        self.lines = queue.Queue()
        self.past = []
        self.reader = threading.Thread(target=self.read)
        self.reader.start()

    def read(self):
        for line in self.process.stdout:
            self.lines.put(line.decode().rstrip("\n"))

    def next(self):
        line = self.lines.get(timeout=LIMIT)
        self.past.append(line)
        return line

    def until(self, pattern):
        """The line that has it; others may come before."""
        while True:
            line = self.next()
            if re.search(pattern, line):
                return line

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
        self.reader.join()
        self.process.stdout.close()
        if self.process.stdin and not self.process.stdin.closed:
            self.process.stdin.close()


class Announce(Lines):
    """The program of announce.c, here or on a host."""

    program = None

    def __init__(self, *words, on=None):
        # Not with the host's /proc, by which the library is found.
        there = ["nsenter", "-t", on.inside, "-n", "-u"] if on else []
        super().__init__(subprocess.Popen(
            there + [self.program, *words], stdin=subprocess.PIPE,
            stdout=subprocess.PIPE))

    def until_told(self, interface="near"):
        return self.until(f"^told {interface} ").split(" ", 3)[3]

    def end(self):
        """With a goodbye."""
        self.process.stdin.close()
        equal(self.process.wait(LIMIT), 0)


def browse(far, *words):
    """What avahi-browse finds there, as fields."""
    done = subprocess.run(
        far.inside_of("avahi-browse", "-ptk", *words),
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=False)
    return [unescape(line).split(";") for line
            in done.stdout.decode().splitlines()]


def unescape(line):
    """\\195\\188 of avahi-browse are the bytes of one letter; \\. is a dot."""
    return re.sub(rb"\\(\d{3}|\D)", lambda it: bytes([int(it[1])])
                  if it[1].isdigit() else it[1], line.encode()).decode()


def resolved(far, kind=TYPE):
    """Instances with host, address, port and texts, as avahi resolves them."""
    return [(it[2], it[3], it[6], it[7], int(it[8]), it[9])
            for it in browse(far, "-r", kind) if it[0] == "="]


# Asks the daemon of this end for its name, by unicast and from another port.
ASK = """
import socket, struct, sys
name = b"".join(bytes([len(x)]) + x for x in (b"pier-near", b"local")) + b"\\0"
sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
sock.settimeout(1)
got = 0
for number in range(1, int(sys.argv[2]) + 1):
    sock.sendto(struct.pack(">6H", number, 0, 1, 0, 0, 0) + name +
                b"\\0\\1\\0\\1", (sys.argv[1], 5353))
    try:
        got += struct.unpack(">H", sock.recv(9000)[:2])[0] == number
    except TimeoutError:
        pass
print(got, flush=True)
"""

ASKED = 20


def answered(far, count=ASKED):
    """How many of so many questions for pier-near.local get an answer."""
    asked = far.start(sys.executable, "-c", ASK, "10.77.1.1", str(count),
                      stdout=subprocess.PIPE)
    out, _ = asked.communicate(timeout=LIMIT)
    return int(out)


def capture(file):
    """A tshark that writes to file, from now on, what of multicast DNS passes the
    cable's near end."""
    if shutil.which("tshark") is None:
        raise tap.Skip("no tshark here")
    shark = subprocess.Popen(
        ["tshark", "-i", "near", "-w", file, "-f", "udp port 5353"],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    # What it says when it begins depends on its version; the file's head is
    # written once the socket is open and has its filter.
    cable.wait_until(lambda: shark.poll() is not None or
                     os.path.exists(file) and os.path.getsize(file) > 0)
    equal(shark.poll(), None, "tshark")
    return shark


def shown(file, filter_):
    done = subprocess.run(
        ["tshark", "-n", "-r", file, "-Y", filter_], stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL, text=True, check=False)
    return done.stdout.splitlines()


def hardware_of(interface):
    done = subprocess.run(["ip", "-j", "link", "show", interface],
                          stdout=subprocess.PIPE, check=True)
    return json.loads(done.stdout)[0]["address"]
