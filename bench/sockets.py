#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""sockets.py PIER [COUNT]: what it costs to list COUNT TCP sockets (10000) with
their TCP_INFO, beside ss -tin in the same run.

The sockets are both ends of COUNT/2 connections, in a network namespace of
their own. Each command runs ROUNDS times, in turn, to a pipe that is read and
thrown away; told is the median of its processor time, and the ratio of the two.
Ends with 1 when pier takes more than LIMIT_MS for 10000, as a table or as JSON.
"""

import os
import resource
import shutil
import socket
import statistics
import subprocess
import sys

ROUNDS = 9
LIMIT_MS = 100
INSIDE = "PIER_BENCH_NAMESPACE"


def connections(count):
    """Both ends of so many, open as long as the list is kept."""
    kept = [socket.create_server(("127.0.0.1", 0), backlog=4096)]
    for _ in range(count):
        near = socket.create_connection(kept[0].getsockname())
        kept += [near, kept[0].accept()[0]]
        near.sendall(b"x")
        kept[-1].recv(1)
    return kept


def cpu_ms(command):
    """Processor time of one run, and how many lines it wrote."""
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        lines = process.stdout.read().count(b"\n")
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        sys.exit(f"sockets.py: {command[0]} ended with {process.returncode}")
    return (used.ru_utime + used.ru_stime) * 1000, lines


def main():
    pier, count = sys.argv[1], int((sys.argv + ["10000"])[2])
    limit = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    if limit < count + 100:
        print(f"skipped: only {limit} descriptors")
        return 77
    resource.setrlimit(resource.RLIMIT_NOFILE, (limit, limit))
    kept = connections(count // 2)
    commands = {
        "pier info": [pier, "info", "tcp", "state:established"],
        "pier info -i": [pier, "info", "-i", "tcp", "state:established"],
        "pier info --json": [pier, "info", "--json", "tcp", "established"],
        "ss -tin": ["ss", "-tinH"],
    }
    times = {name: [] for name in commands}
    for _ in range(ROUNDS):
        for name, command in commands.items():
            ms, lines = cpu_ms(command)
            if lines < count:
                sys.exit(f"sockets.py: {name} shows {lines} of {count}")
            times[name].append(ms)
    medians = {name: statistics.median(list_) for name, list_ in times.items()}
    for name, ms in medians.items():
        print(
            f"{name:18} {ms:7.1f} ms of CPU for {count} sockets, "
            f"{ms / medians['ss -tin']:.2f} of ss -tin"
        )
    del kept
    most = max(medians["pier info"], medians["pier info --json"])
    return 1 if most * 10000 / count > LIMIT_MS else 0


if __name__ == "__main__":
    if shutil.which("ss") is None or shutil.which("unshare") is None:
        print("skipped: no ss or no unshare here (Debian: iproute2)")
        sys.exit(77)
    if INSIDE not in os.environ:
        os.environ[INSIDE] = "1"
        enter = ["unshare", "-n" if os.geteuid() == 0 else "-rn"]
        os.execvp("unshare", [*enter, sys.executable, *sys.argv])
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    sys.exit(main())
