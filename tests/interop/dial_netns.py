#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Dialling by name where an address is a black hole, refuses, or has no way
there: in a network namespace of its own, with real names and a real filter.

dial_netns.py PROGRAM: PROGRAM is tests/interop/dial.c. The script starts
itself again inside new network and mount namespaces.
"""

import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile

PORT = 7007

HOSTS = {
    "alive": ["2001:db8::1", "192.0.2.1"],
    "hole6": ["2001:db8::66", "192.0.2.1"],
    "refusing6": ["2001:db8::2", "192.0.2.1"],
    "unreachable6": ["2001:db8:1::1", "192.0.2.1"],
    "holes": ["2001:db8::66", "192.0.2.66"],
    "refusing": ["2001:db8::2", "192.0.2.2"],
    "hole4": ["192.0.2.66"],
    "nowhere": ["198.51.100.1"],
}

# A packet of the kernel's own that a rule drops gives EPERM or is retried; on
# the way in, after the loopback, it is lost without a word.
RULES = f"""
table inet filter {{
    chain input {{
        type filter hook input priority 0;
        ip6 daddr 2001:db8::66 tcp dport {PORT} drop
        ip daddr 192.0.2.66 tcp dport {PORT} drop
    }}
}}
"""


def missing():
    for tool in ("ip", "nft", "unshare", "mount"):
        if shutil.which(tool) is None:
            return f"no {tool} here"
    if os.geteuid() != 0:
        return "needs root for a network namespace"
    if subprocess.run(["unshare", "-nm", "true"], check=False).returncode:
        return "cannot make a network namespace"
    return None


def set_up(folder):
    def run(*command, **kw):
        subprocess.run(command, check=True, **kw)

    run("ip", "link", "set", "lo", "up")
    for number in (1, 2, 66):
        run("ip", "addr", "add", f"192.0.2.{number}/32", "dev", "lo")
        run("ip", "addr", "add", f"2001:db8::{number}/128", "dev", "lo", "nodad")
    run("nft", "-f", "-", input=RULES, text=True)
    with open("/proc/sys/net/ipv4/tcp_syn_retries", "w") as knob:
        knob.write("1")
    path = os.path.join(folder, "hosts")
    with open(path, "w") as hosts:
        for name, addrs in HOSTS.items():
            for addr in addrs:
                print(addr, name, file=hosts)
    run("ip", "-6", "route", "add", "unreachable", "2001:db8:1::/48")
    run("mount", "--bind", path, "/etc/hosts")


def listen():
    listeners = []
    for family, host in (
        (socket.AF_INET6, "2001:db8::1"),
        (socket.AF_INET, "192.0.2.1"),
    ):
        one = socket.socket(family, socket.SOCK_STREAM)
        one.bind((host, PORT))
        one.listen(16)
        listeners.append(one)
    return listeners


class Cases:
    def __init__(self, program):
        self.program = program
        self.number = 0
        self.bad = 0

    def dial(self, name, ms=10000):
        done = subprocess.run(
            [self.program, f"tcp://{name}:{PORT}", str(ms)],
            stdout=subprocess.PIPE,
            text=True,
            check=True,
            timeout=30,
        )
        return json.loads(done.stdout)

    def case(self, text, name, rc, attempts, within, ms=10000):
        """within is (least, most) ms; attempts are pairs (address, result)."""
        said = self.dial(name, ms)
        found = [(one["addr"], one["rc"]) for one in said["attempts"]]
        wrong = []
        if said["rc"] != rc:
            wrong.append(f"the result is {said['rc']}, not {rc}")
        if found != attempts:
            wrong.append(f"attempts: {found}, not {attempts}")
        if not within[0] <= said["total_ms"] <= within[1]:
            wrong.append(f"it took {said['total_ms']} ms, not {within}")
        if said["left_open"] != 0:
            wrong.append(f"{said['left_open']} descriptors are left")
        self.number += 1
        print(f"{'not ' if wrong else ''}ok {self.number} - {text}")
        for line in wrong + [json.dumps(said)] if wrong else []:
            print(f"# {line}")
        self.bad += bool(wrong)
        return said


def inside(program):
    with tempfile.TemporaryDirectory() as folder:
        set_up(folder)
        listeners = listen()
        cases = Cases(program)
        print("1..9")
        cases.case(
            "both families answer: IPv6 alone is tried",
            "alive",
            "OK",
            [("2001:db8::1", "OK")],
            (0, 200),
        )
        said = cases.case(
            "IPv6 is a black hole: IPv4 is tried beside it and wins",
            "hole6",
            "OK",
            [("2001:db8::66", "ECANCELED"), ("192.0.2.1", "OK")],
            (250, 700),
        )
        starts = [one["start_ms"] for one in said["attempts"]]
        cases.number += 1
        apart = len(starts) == 2 and 249 <= starts[1] - starts[0] <= 400
        print(f"{'' if apart else 'not '}ok {cases.number} - 250 ms later")
        cases.bad += not apart
        cases.case(
            "IPv6 refuses: IPv4 is tried at once",
            "refusing6",
            "OK",
            [("2001:db8::2", "ECONNREFUSED"), ("192.0.2.1", "OK")],
            (0, 200),
        )
        cases.case(
            "there is no way to the IPv6 address: IPv4 comes first",
            "unreachable6",
            "OK",
            [("192.0.2.1", "OK")],
            (0, 200),
        )
        cases.case(
            "both are black holes: the deadline ends it",
            "holes",
            "PIER_EDEADLINE",
            [
                ("2001:db8::66", "PIER_EDEADLINE"),
                ("192.0.2.66", "PIER_EDEADLINE"),
            ],
            (600, 1000),
            ms=600,
        )
        cases.case(
            "both refuse",
            "refusing",
            "ECONNREFUSED",
            [("2001:db8::2", "ECONNREFUSED"), ("192.0.2.2", "ECONNREFUSED")],
            (0, 200),
        )
        cases.case(
            "a black hole that the kernel gives up is no deadline",
            "hole4",
            "ETIMEDOUT",
            [("192.0.2.66", "ETIMEDOUT")],
            (1000, 9000),
        )
        cases.case(
            "no way there",
            "nowhere",
            "ENETUNREACH",
            [("198.51.100.1", "ENETUNREACH")],
            (0, 200),
        )
        for one in listeners:
            one.close()
        subprocess.run(["umount", "/etc/hosts"], check=False)
        return 1 if cases.bad else 0


def main():
    if len(sys.argv) == 3 and sys.argv[1] == "--inside":
        return inside(sys.argv[2])
    reason = missing()
    if reason:
        print(f"1..0 # SKIP {reason}")
        return 0
    return subprocess.run(
        ["unshare", "-nm", "--propagation", "private", sys.executable]
        + [os.path.abspath(__file__), "--inside", os.path.abspath(sys.argv[1])],
        check=False,
    ).returncode


if __name__ == "__main__":
    sys.exit(main())
