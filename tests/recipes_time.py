# SPDX-License-Identifier: MIT
"""The cookbook's jobs about the time of servers of NTP; see recipes.py."""

import calendar
import contextlib
import os
import re
import socket
import struct
import tempfile
import threading
import time

from recipes import LIMIT, Row, free_port, listening, output, start

SINCE_1900 = 2208988800


class Clock:
    """A server of plain Python that says it is always the same time."""

    def __init__(self, when):
        self.heard = None
        self.when = when
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 0))
        self.socket.settimeout(LIMIT)
        self.thread = threading.Thread(target=self.answer, daemon=True)
        self.thread.start()

    def answer(self):
        self.heard, peer = self.socket.recvfrom(1000)
        words = [0x1C020000] + [0] * 9 + [self.when + SINCE_1900, 1 << 31]
        self.socket.sendto(struct.pack("!12I", *words), peer)

    def endpoint(self):
        return f"udp://127.0.0.1:{self.socket.getsockname()[1]}"

    def end(self):
        self.thread.join(LIMIT)
        self.socket.close()


def told(endpoint):
    """What the example prints, under UTC."""
    program = start("sntp", endpoint, env={**os.environ, "TZ": "UTC"})
    said = output(program)
    program.wait()
    assert program.returncode == 0, said
    return said


def bare_exchange():
    """The bytes that leave, and the eleventh word of what comes back."""
    for when in (1393339778, int(time.time())):
        clock = Clock(when)
        said = told(clock.endpoint())
        clock.end()
        assert clock.heard == b"\x1b" + bytes(47), clock.heard
        # As C's asctime() writes it, with the day in two places.
        assert said == time.asctime(time.gmtime(when)) + "\n", said
        if when == 1393339778:
            assert said == "Tue Feb 25 14:49:38 2014\n", said


@contextlib.contextmanager
def chronyd():
    """One that serves the time of this machine and does not touch its clock."""
    port = free_port(socket.SOCK_DGRAM)
    with tempfile.TemporaryDirectory() as folder:
        conf = os.path.join(folder, "conf")
        with open(conf, "w", encoding="ascii") as file:
            print("local stratum 3", "allow all", f"port {port}", "cmdport 0",
                  "bindaddress 127.0.0.1", "bindcmdaddress /",
                  f"pidfile {folder}/pid", sep="\n", file=file)
        server = start("chronyd", "-x", "-u", "root", "-d", "-f", conf)
        listening(port, server, "udp")
        yield f"127.0.0.1:{port}"
        server.terminate()
        server.wait()


def clock(*hosts):
    """What the example says of each host, and in the end."""
    lines = output(start("clock", *hosts,
                         env={**os.environ, "TZ": "UTC"})).splitlines()
    assert len(lines) > len(hosts), lines
    return lines[:len(hosts)], lines[len(hosts):]


def the_time():
    """The time of chronyd is ours: the machine has one clock."""
    with chronyd() as host:
        (first,), (when, verdict) = clock(host)
    offset, delay = map(float, re.fullmatch(
        rf"{host}: offset (-?[0-9.]+) s, delay ([0-9.]+) s", first).groups())
    assert abs(offset) <= delay / 2 + 1e-6, first
    said = calendar.timegm(time.strptime(when, "%a %b %d %H:%M:%S %Y"))
    assert abs(said - time.time()) < LIMIT, when
    assert verdict.endswith(" 1 of 1"), verdict


def liars():
    """Two that lie: one is an hour off, one says that it does not know; two that
    are right win."""

    def lie(server, change):
        with server:
            request, peer = server.recvfrom(1000)
            now = int((time.time() + SINCE_1900 + change[0]) * 2**32)
            server.sendto(struct.pack(
                "!BBbbII4sQ8sQQ", change[1] << 6 | 0x24, 2, 6, -20, 0, 0,
                b"\x0a\0\0\x01", now, request[40:48], now, now), peer)

    threads, hosts = [], []
    for change in ((0, 0), (3600, 0), (0, 3)):
        server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        server.bind(("127.0.0.1", 0))
        server.settimeout(LIMIT)
        hosts.append("127.0.0.1:%d" % server.getsockname()[1])
        threads.append(threading.Thread(target=lie, args=(server, change)))
        threads[-1].start()
    with chronyd() as right:
        said, (_, verdict) = clock(*hosts, right)
    for thread in threads:
        thread.join(LIMIT)
    assert any("leap 3" in line for line in said), said
    assert any(re.match(rf"{hosts[1]}: offset 3(600|599)\.", line)
               for line in said), said
    assert abs(float(verdict.split()[1])) < 1, verdict
    assert verdict.endswith(" 2 of 3"), verdict


def lacks_root():
    return None if os.geteuid() == 0 else "chronyd needs root"


ROWS = [
    Row("F2", "the bare exchange of SNTP: 0x1b and 47 zeros, the eleventh word",
        "Python", ["sntp"], [], bare_exchange),
    Row("F1", "the time of a server of NTP, and how far our clock is off",
        "chronyd", ["clock"], ["chronyd"], the_time, lacks_root),
    Row("F2", "the full client: offset, delay, checks, several compared",
        "chronyd and servers that lie", ["clock"], ["chronyd"], liars,
        lacks_root),
]
