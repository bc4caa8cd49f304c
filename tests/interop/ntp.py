# SPDX-License-Identifier: MIT
"""The library's client of NTP against pier serve ntp, an answer for each check;
and the server against plain Python and, where it is installed, chronyd -Q. What
tshark makes of its messages is in time.py."""

import contextlib
import os
import re
import shutil
import socket
import struct
import subprocess
import sys
import time

sys.path.insert(
    0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "cli")
)

import tap  # noqa: E402
import tool  # noqa: E402
from tap import contains, equal  # noqa: E402
from tool import Server, expect  # noqa: E402

CLIENT = sys.argv.pop(1)
UNIX = 2208988800
HERE = "udp://127.0.0.1:0"

# What a fault is met by: how the message is called, and the check that failed.
FAULTS = {
    "length": ("ignored", "47 bytes"),
    "mode": ("ignored", "mode 3"),
    "version": ("ignored", "version 3, where 4 was asked"),
    "originate": ("ignored", "is not what was sent"),
    "receive": ("rejected", "receive 0"),
    "transmit": ("rejected", "transmit 0"),
    "order": ("rejected", "before the request came"),
    "reference": ("rejected", "was set after the answer left"),
    "root": ("rejected", "root distance 16000 ms"),
    "round-trip": ("rejected", "less than no time"),
}


def ask(*servers, samples=1, wait_ms=20000):
    """The lines of what happened, without the last, and that."""
    done = subprocess.run(
        [CLIENT, str(samples), str(wait_ms),
         *(server.endpoint for server in servers)],
        stdout=subprocess.PIPE, text=True, check=True, timeout=60)
    lines = [line.split(" ", 6) for line in done.stdout.splitlines()]
    return lines[:-1], lines[-1]


def exchange(server, request, answers=1):
    """What plain Python gets for a request."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.settimeout(20)
        client.sendto(request, ("127.0.0.1", server.port()))
        return [client.recvfrom(100) for _ in range(answers)]


def request(version=4, transmit=0x0123456789abcdef):
    return struct.pack("!B39xQ", version << 3 | 3, transmit)


def unpack(data):
    names = ("first stratum poll precision delay dispersion id reference "
             "originate receive transmit").split()
    return dict(zip(names, struct.unpack("!BBbbII4sQQQQ", data)))


def seconds(timestamp):
    return timestamp / 2**32 - UNIX


def test_a_good_answer():
    with Server("ntp", HERE) as server:
        before = time.time()
        [(data, peer)] = exchange(server, request(version=3))
        after = time.time()
        equal(peer[1], server.port())
        answer = unpack(data)
        equal(answer["first"], 3 << 3 | 4)
        equal(answer["stratum"], 1)
        equal(answer["id"], b"LOCL")
        equal(answer["originate"], 0x0123456789abcdef)
        assert before - 1e-4 <= seconds(answer["receive"])
        assert answer["receive"] <= answer["transmit"]
        assert seconds(answer["transmit"]) <= after + 1e-4
        lines, last = ask(server)
        equal(lines[0][1:3], ["sample", "-"])
        equal(last[:4], ["=", "1", "of", "1"])
        offset, delay, bound = (int(word) for word in lines[0][3:6])
        # One clock: what it is off is what the ways differ.
        assert abs(offset) <= delay / 2 <= bound, lines
        equal(server.end().code, 0)


def test_what_it_says_of_its_clock():
    with Server("ntp", "--ntp-offset=-1h", "--ntp-stratum=7", "--ntp-leap=1",
                HERE) as server:
        answer = unpack(exchange(server, request())[0][0])
        equal(answer["first"], 1 << 6 | 4 << 3 | 4)
        equal(answer["stratum"], 7)
        assert -3700 < seconds(answer["transmit"]) - time.time() < -3500
        lines, _ = ask(server)
        offset, delay = int(lines[0][3]), int(lines[0][4])
        assert abs(offset + 3600 * 10**9) <= delay / 2, lines


def test_kiss_codes():
    for code in ("RATE", "DENY", "RSTR", "INIT"):
        with Server("ntp", "--ntp-kiss", code, HERE) as server:
            answer = unpack(exchange(server, request())[0][0])
            equal((answer["stratum"], answer["id"]), (0, code.encode()))
            lines, last = ask(server)
            equal(lines[0][1:3], ["denied", "kiss"])
            contains(lines[0][6], f"kiss code {code}: ")
            equal(last[1:4], ["0", "of", "0"])


def test_unsynchronised():
    for option, check, words in (
        ("--ntp-leap=3", "synced", "leap 3: the server's clock"),
        ("--ntp-stratum=16", "stratum", "stratum 16: the server's clock"),
        ("--ntp-stratum=0", "kiss", "stratum 0, the server's clock"),
    ):
        with Server("ntp", option, HERE) as server:
            lines, _ = ask(server)
            equal(lines[0][1:3], ["rejected", check])
            contains(lines[0][6], words)


def test_each_fault_is_met_by_its_check():
    for fault, (what, words) in FAULTS.items():
        with Server("ntp", "--ntp-fault", fault, HERE) as server:
            # What is passed over is followed by the wait for the true one.
            lines, last = ask(server, wait_ms=200)
            equal(lines[0][1:3], [what, fault])
            contains(lines[0][6], words)
            if what == "ignored":
                equal(lines[1][1], "lost")
            equal(last[1:4], ["0", "of", "0"])


def test_answers_that_do_not_come():
    for fault in ("silent", "source"):
        with Server("ntp", "--ntp-fault", fault, HERE) as server:
            lines, _ = ask(server, wait_ms=200)
            equal([line[1] for line in lines], ["lost"])
    with Server("ntp", "--ntp-fault=source", HERE) as server:
        [(data, peer)] = exchange(server, request())
        assert peer[1] != server.port()
        equal(unpack(data)["stratum"], 1)


def test_each_answer_twice():
    with Server("ntp", "--ntp-fault=fresh", HERE) as server:
        first, second = exchange(server, request(), answers=2)
        equal(first, second)
        lines, _ = ask(server, samples=2)
        equal(lines[0][1], "sample")
        equal(lines[1][1:3], ["ignored", "fresh"])


def test_a_long_way_back():
    with Server("ntp", "--ntp-delay=200ms", HERE) as server:
        lines, _ = ask(server)
        offset, delay, bound = (int(word) for word in lines[0][3:6])
        assert delay >= 200 * 10**6, lines
        # Half of it, the wrong way, and within the bound all the same.
        assert -bound <= offset <= -90 * 10**6, lines


def test_a_liar_among_three():
    with contextlib.ExitStack() as stack:
        servers = [stack.enter_context(Server("ntp", *words, HERE))
                   for words in ((), ("--ntp-offset=5s",), ())]
        _, last = ask(*servers)
        equal(last[1:4], ["2", "of", "3"])
        assert abs(int(last[4])) < 10**9, last


def test_only_requests_are_answered():
    with Server("ntp", HERE) as server:
        for other in (b"", b"x" * 47, struct.pack("!B47x", 4 << 3 | 4),
                      struct.pack("!B47x", 5 << 3 | 3),
                      struct.pack("!B47x", 0 << 3 | 3)):
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
                client.settimeout(20)
                client.sendto(other, ("127.0.0.1", server.port()))
                client.sendto(request(), ("127.0.0.1", server.port()))
                # The first answer is that to the second message.
                equal(unpack(client.recv(100))["originate"],
                      0x0123456789abcdef)
        # Of both families, and told.
    with Server("ntp", "-vv", "udp://:0") as server:
        exchange(server, request())
        contains(server.end().err, "received 48 bytes, sent 48 bytes")


def test_what_cannot_be_served():
    for words, complaint in (
        (["tcp://:0"], "tcp://:0: NTP is spoken over UDP"),
        (["--ntp-offset=soon", HERE], "cannot use 'soon'"),
        (["--ntp-kiss=no", HERE], "cannot use 'no'"),
        (["--ntp-fault=none", HERE], "cannot use 'none'"),
        (["--ntp-stratum=256", HERE], "out of range: '256'"),
    ):
        contains(expect(2, "serve", "ntp", *words).err, complaint)
    contains(expect(2, "serve", "echo", "--ntp-leap=3", HERE).err,
             "--ntp-leap has no effect without the handler ntp")


def test_chronyd_believes_it():
    """What another client makes of the server."""
    chronyd = shutil.which("chronyd", path=os.environ["PATH"] + ":/usr/sbin")
    if chronyd is None:
        raise tap.Skip("chronyd is not installed")
    with Server("ntp", "--ntp-offset=2s", HERE) as server:
        done = subprocess.run(
            [chronyd, "-Q", "-t", "20", "-u", "root",
             f"server 127.0.0.1 port {server.port()} iburst maxsamples 1"],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
            check=False, timeout=60)
    if "Could not" in done.stdout and "wrong by" not in done.stdout:
        raise tap.Skip(done.stdout.strip().splitlines()[-1])
    found = re.search(r"wrong by (-?[0-9.]+) seconds", done.stdout)
    assert found is not None, done.stdout
    assert abs(float(found[1]) - 2) < 0.5, done.stdout


if __name__ == "__main__":
    tap.main(globals())
