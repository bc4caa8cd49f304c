#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""fibers.py SCRIPT PROGRAM: the commands of tools/gdb find parked fibers.

Runs PROGRAM to its all_are_parked() under gdb, and looks in what the commands
print for each fiber's function, what it waits for, and its frames in order.
"""

import re
import shutil
import subprocess
import sys

COMMANDS = [
    "set pagination off",
    "set breakpoint pending on",
    "break all_are_parked",
    "run",
    "echo ---fibers\\n",
    "pier fibers",
    "echo ---one\\n",
    "pier bt 2",
    "echo ---all\\n",
    "pier bt all",
    "echo ---after\\n",
    "backtrace",
    "echo ---wrong\\n",
    "pier bt 99",
]


def section(said, name):
    match = re.search(rf"---{name}\n(.*?)(?=\n---|\Z)", said, re.S)
    return match.group(1) if match else ""


def in_order(said, *names):
    return re.search(r".*\b" + r"\b.*\b".join(names) + r"\b", said, re.S)


def check(said):
    fibers = section(said, "fibers")
    one = section(said, "one")
    all_of_them = section(said, "all")
    yield "five fibers are listed", "\n5 fibers" in fibers
    yield (
        "the first by the name of its own function",
        re.search(r"(?m)^ +1 +1 running .*first_task$", fibers),
    )
    for id_, waits, function in (
        (2, r"read +\d+", "reader reading_fiber"),
        (3, r"channel +\d+\.\ds", "receiving_fiber"),
        (4, "mutex", "locking_fiber"),
        (5, "sleep", "sleeping_fiber"),
    ):
        row = rf"(?m)^ +1 +{id_} parked +{waits} .*{function}$"
        yield f"{function} with what it waits for", re.search(row, fibers)
    yield (
        "the frames of one fiber, innermost first",
        in_order(
            one,
            "pier__park",
            "pier_read",
            "deep_in_a_read",
            "reading_fiber",
            "fiber_main",
        )
        and "locking_fiber" not in one
        and "all_are_parked" not in one,
    )
    for frames in (
        ("pier__park", "pier_channel_recv", "receiving_fiber"),
        ("pier__park", "pier_mutex_lock", "locking_fiber"),
        ("pier__park", "pier_sleep", "sleeping_fiber"),
        ("all_are_parked", "first_task"),
    ):
        yield f"among all: {frames[-1]}", in_order(all_of_them, *frames)
    yield "no corrupt stack", "corrupt" not in said
    yield (
        "the program stands where it stood",
        section(said, "after").lstrip().startswith("#0  all_are_parked"),
    )
    yield "an unknown number is refused", "no fiber 99" in said


def main():
    script, program = sys.argv[1:]
    gdb = shutil.which("gdb")
    if not gdb:
        print("1..0 # SKIP gdb is not installed")
        return 0
    command = [gdb, "-nx", "-batch", "-ex", f"source {script}"]
    for each in COMMANDS:
        command += ["-ex", each]
    done = subprocess.run(
        [*command, program],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        timeout=50,
    )
    said = done.stdout
    if "ptrace: Operation not permitted" in said:
        print("1..0 # SKIP this process may not trace others")
        return 0
    cases = list(check(said))
    print(f"1..{len(cases)}")
    for number, (title, good) in enumerate(cases, 1):
        print(f"{'' if good else 'not '}ok {number} - {title}")
    if not all(good for _, good in cases):
        print("\n".join("# " + line for line in said.splitlines()))
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
