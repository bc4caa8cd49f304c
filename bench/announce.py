#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""From the start of a program that announces a service to when it is found at
the other end of a cable: announce.py BUILD [ROUNDS]

pier's program and avahi-publish, with avahi-daemon up already, take turns on one
host; who looks on the other is the same for both, and has asked before. Most of
the time is that which RFC 6762 section 8.1 wants: up to 250 ms of chance, and
750 ms of probes. Needs root, avahi and network namespaces.
"""

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "tests", "interop"))

import cable  # noqa: E402 (found by the line above)

TYPE = "_bench._tcp"


def until(find, instance):
    while json.loads(find.stdout.readline()).get("instance") != instance:
        pass


def measure(command, find, instance):
    """Seconds until it is found; then it is ended."""
    begun = time.monotonic()
    process = subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL)
    until(find, instance)
    took = time.monotonic() - begun
    process.stdin.close()
    process.terminate()
    process.wait()
    return took


def main():
    build = os.path.join(os.path.abspath(sys.argv[1]), "tests", "interop")
    rounds = int(sys.argv[2]) if len(sys.argv) > 2 else 9
    times = {"pier": [], "avahi": []}
    with tempfile.TemporaryDirectory(prefix="pier-bench-") as folder, \
            cable.Host(folder) as far:
        far.start_avahi()
        # What is there already is published at once.
        far.start("avahi-publish", "-f", "-s", "ready", TYPE, "1")
        find = subprocess.Popen(
            [f"{build}/interop-find", TYPE], stdin=subprocess.PIPE,
            stdout=subprocess.PIPE)
        until(find, "ready")
        for number in range(rounds):
            commands = {
                "pier": ["nsenter", "-t", far.inside, "-n", "-u",
                         f"{build}/interop-announce"],
                "avahi": far.inside_of("avahi-publish", "-s"),
            }
            for who, command in commands.items():
                name = f"{who} {number}"
                times[who].append(
                    measure([*command, name, TYPE, "7"], find, name))
        find.kill()
        find.communicate()
    for who, list_ in times.items():
        print(f"{who:6} {statistics.median(list_):.3f} s "
              f"({min(list_):.3f} to {max(list_):.3f}, {rounds} rounds)")
    ratio = statistics.median(times["pier"]) / statistics.median(
        times["avahi"])
    print(f"ratio  {ratio:.2f}")


if __name__ == "__main__":
    cable.enter("PIER_BENCH_NAMESPACE", "avahi-daemon", "avahi-publish",
                "dbus-daemon")
    main()
