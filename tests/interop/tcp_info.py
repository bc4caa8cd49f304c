#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What pier says of a connection is what ss says of it."""

import json
import re
import shutil
import subprocess
import sys

TCP_ESTABLISHED = 1

# ss leaves a number away that is 0.
SS = {
    "bytes_sent": r"\bbytes_sent:(\d+)",
    "bytes_acked": r"\bbytes_acked:(\d+)",
    "bytes_received": r"\bbytes_received:(\d+)",
    "retransmits": r"\bretrans:\d+/(\d+)",
}


def ask_ss(port, peer):
    """The line of ss, with the numbers, of the socket between these ports:
    others of this machine may have one of the two as well."""
    said = subprocess.run(
        [
            *("ss", "-tinHO", "state", "established"),
            f"sport = :{port} and dport = :{peer}",
        ],
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    ).stdout
    lines = said.splitlines()
    return lines[0] if len(lines) == 1 else None


def compare(ours):
    said = ask_ss(ours["port"], ours["peer"])
    if said is None:
        return "ss does not show it"
    if ours["state"] != TCP_ESTABLISHED:
        return f"the state is {ours['state']}"
    if ours["have"] != 0x3F:
        return f"this kernel gives less than all: {ours['have']:#x}"
    for name, pattern in SS.items():
        found = re.search(pattern, said)
        theirs = int(found.group(1)) if found else 0
        if theirs != ours[name]:
            return f"{name}: pier {ours[name]}, ss {theirs}: {said}"
    rtt = re.search(r"\brtt:([\d.]+)/([\d.]+)", said)
    for name, theirs in zip(("rtt_us", "rttvar_us"), rtt.groups()):
        if round(float(theirs) * 1000) != ours[name]:
            return f"{name}: pier {ours[name]}, ss {theirs} ms"
    return None


def main():
    if shutil.which("ss") is None:
        print("1..0 # SKIP no ss here (Debian: iproute2)")
        return 0
    bad = 0
    with subprocess.Popen(
        [sys.argv[1]],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as program:
        print("1..2")
        for number, end in enumerate(("client", "server"), 1):
            why = compare(json.loads(program.stdout.readline()))
            print(f"{'not ' if why else ''}ok {number} - the {end}'s end")
            if why:
                bad += 1
                print(f"# {why}")
        program.stdin.close()
    return 1 if bad or program.returncode else 0


if __name__ == "__main__":
    sys.exit(main())
