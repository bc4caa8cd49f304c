#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Beacons among three hosts of one link, each a network namespace: pier find and
pier announce, and the protocol by hand in Python, from nothing but pier-beacon(7);
by the groups of both families and by broadcast, alone too, and with a fifth of
all packets lost. Reports by TAP."""

import contextlib
import json
import os
import shutil
import subprocess
import sys

sys.path.insert(
    0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "cli")
)

import three_hosts as lan  # noqa: E402 (found by the line above)
import tap  # noqa: E402
from tap import equal  # noqa: E402
from three_hosts import there  # noqa: E402

PIER = os.environ["PIER"]
LIMIT = 60
GROUP4, GROUP6 = "239.255.112.105", "ff02::7069:6572"

# Both ends by hand. What is asked for, and told, is _chat._tcp alone.
PYTHON = r"""
import os, socket, struct, sys

what, way = sys.argv[1:3]
PORT = 17437
TO = {"broadcast": "255.255.255.255", "group4": "239.255.112.105",
      "group6": "ff02::7069:6572"}[way]
six = way == "group6"
s = socket.socket(socket.AF_INET6 if six else socket.AF_INET, socket.SOCK_DGRAM)
s.settimeout(30)
index = socket.if_nametoindex("lan0")
if six:
    s.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_IF, index)
else:
    s.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
    s.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, b"lan0")

def item(kind, value):
    return struct.pack("!BH", kind, len(value)) + value

def beacon(kind, holds, token, id, *items):
    return b"Pbcn" + struct.pack("!BBHQQ", 1, kind, holds, token, id) + \
        b"".join(items)

def items(data):
    found = {}
    while data:
        kind, length = struct.unpack("!BH", data[:3])
        found.setdefault(kind, data[3:3 + length])
        data = data[3 + length:]
    return found

if what == "ask":
    token = struct.unpack("!Q", os.urandom(8))[0] | 1
    s.sendto(beacon(1, 0, token, 0, item(1, b"_chat._tcp")), (TO, PORT))
    data, sender = s.recvfrom(2000)
    version, kind, holds, back, id = struct.unpack("!BBHQQ", data[4:24])
    assert (data[:4], version, kind) == (b"Pbcn", 1, 2), data
    assert back == token and id and holds > 0, data
    assert sender[1] == PORT and len(data) <= 1232, (sender, data)
    told = items(data[24:])
    print(told[1].decode(), told[2].decode(), *struct.unpack("!HHH", told[3][:6]),
          told[4], flush=True)
else:
    kind, holds = (2, 100) if what == "here" else (3, 0)
    rest = [item(3, struct.pack("!HHH", 7000, 1, 2)), item(200, b"later"),
            item(4, b"\3a=b")] if kind == 2 else []
    s.bind(("", PORT))
    s.sendto(beacon(kind, holds, 0, 4711, item(1, b"_chat._tcp"),
                    item(2, b"By hand"), *rest), (TO, PORT))
"""


def by_hand(host, *words):
    done = subprocess.run(
        there(host, sys.executable, "-c", PYTHON, *words), check=True,
        stdout=subprocess.PIPE, text=True, timeout=LIMIT)
    return done.stdout.rstrip("\n")


class Running:
    """pier find or announce on a host; its events, as they come."""

    def __init__(self, host, *words):
        # pylint: disable=consider-using-with
        self.process = subprocess.Popen(
            there(host, PIER, *words, "--json", "--by", "beacon"),
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)

    def next(self):
        line = self.process.stdout.readline()
        assert line, "it ended"
        return json.loads(line)

    def until(self, **wanted):
        while True:
            event = self.next()
            if all(event.get(key) == value for key, value in wanted.items()):
                return event

    def __enter__(self):
        return self

    def __exit__(self, *unused):
        self.process.terminate()
        self.process.communicate(timeout=LIMIT)


@contextlib.contextmanager
def announced(host, name, *words):
    with Running(host, "announce", name, "_chat._tcp", "7000", "a=b",
                 *words) as it:
        it.until(type="told")
        yield it


@contextlib.contextmanager
def dropped(host, *groups):
    """What comes to these groups does not reach that host."""
    rules = "".join(
        f"{'ip6' if ':' in one else 'ip'} daddr {one} drop\n"
        for one in groups)
    text = ("table inet deaf {\nchain in {\n"
            f"type filter hook input priority 0;\n{rules}}}\n}}\n")
    subprocess.run(there(host, "nft", "-f", "-"), input=text.encode(),
                   check=True)
    try:
        yield
    finally:
        lan.run(host, "nft delete table inet deaf")


def test_who_asks_by_hand_is_answered():
    with announced(2, "Ann"):
        for way in ("broadcast", "group4", "group6"):
            equal(by_hand(3, "ask", way),
                  "_chat._tcp Ann 7000 0 0 b'\\x03a=b'")


def test_what_is_told_by_hand_is_found():
    for way in ("broadcast", "group4", "group6"):
        with Running(1, "find", "_chat._tcp") as find:
            # It has asked: then it hears.
            with announced(2, "Ann"):
                find.until(type="added", instance="Ann")
            find.until(type="removed", instance="Ann", reason="goodbye")
            by_hand(3, "here", way)
            found = find.until(type="added", instance="By hand")
            at = found["endpoints"][0]
            equal(at.startswith("tcp://[fe80::") if way == "group6"
                  else at == f"tcp://{lan.NET}.3:7000", True, at)
            equal(found["texts"], [{"key": "a", "value": "b"}])
            by_hand(3, "gone", way)
            find.until(type="removed", instance="By hand", reason="goodbye")


def test_each_way_is_enough():
    for family, groups in (("--ipv4", [GROUP4]), ("--ipv6", []),
                           ("--ipv4", ["255.255.255.255"])):
        # Both ends hear by what is left alone.
        with contextlib.ExitStack() as stack:
            for host in (1, 2):
                if groups:
                    stack.enter_context(dropped(host, *groups))
            stack.enter_context(announced(2, "Ann", family))
            find = stack.enter_context(
                Running(1, "find", "_chat._tcp", family))
            find.until(type="added", instance="Ann")


def test_a_host_that_does_not_listen_says_nothing():
    """Host 3 has no socket there: it is asked, and its kernel is silent."""
    told = json.loads(subprocess.run(there(3, "ip", "-j", "addr"), check=True,
                                     stdout=subprocess.PIPE).stdout)
    its = tuple(addr["local"] for link in told for addr in link["addr_info"])
    with open(os.devnull, "wb") as nothing:
        watch = subprocess.Popen(
            there(1, "tcpdump", "-n", "-l", "--immediate-mode", "-i", lan.LINK,
                  f"host {lan.NET}.3 or icmp or icmp6[0] == 1"),
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        try:
            while "listening on" not in watch.stderr.readline():
                pass
            with announced(2, "Ann"), Running(1, "find", "_chat._tcp") as find:
                find.until(type="added", instance="Ann")
            # The mark behind which nothing can have been overlooked.
            subprocess.run(there(3, "ping", "-c1", f"{lan.NET}.1"), check=True,
                           stdout=nothing)
            seen = []
            while not seen or "echo reply" not in seen[-1]:
                seen.append(watch.stdout.readline())
        finally:
            watch.terminate()
            watch.communicate()
    # Others tell of a finder that has ended, when an answer comes to its port.
    equal([line for line in seen if ("unreachable" in line or "17437" in line)
           and any(f" {addr} >" in line or f" {addr}.17437 >" in line
                   for addr in its)], [], "said")


def test_a_fifth_of_all_is_lost():
    """Last: from here on the link is so."""
    lan.lossy()
    with announced(2, "Ann"), announced(3, "Bob"):
        with Running(1, "find", "_chat._tcp") as find:
            missed = {"Ann", "Bob"}
            while missed:
                missed.discard(find.until(type="added")["instance"])


def main():
    if len(sys.argv) > 1 and sys.argv[1] == "--inside":
        del sys.argv[1]
        lan.set_up()
        # 255.255.255.255 has a route.
        for host in (1, 2, 3):
            lan.run(host, f"ip route add default dev {lan.LINK}")
        try:
            return tap.main(globals())
        finally:
            lan.tear_down()
    reason = lan.missing()
    for name, package in (("nft", "nftables"), ("tcpdump", "tcpdump")):
        if shutil.which(name) is None:
            reason = reason or f"no {name} here (Debian: {package})"
    if reason:
        print(f"1..0 # SKIP {reason}")
        return 0
    return lan.inside(__file__, *sys.argv[1:])


if __name__ == "__main__":
    sys.exit(main())
