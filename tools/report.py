# SPDX-License-Identifier: MIT
"""Counts checks and prints them as every script of pier does.

One line per finding while the work goes on; at the end every failure and
every reason for a skip once more, then `N passed, N failed, N skipped` alone
on the last line.
"""

import sys
import time


class Report:
    def __init__(self):
        self.passed = 0
        self.failures = []
        self.skips = []
        self.started = time.monotonic()

    def ok(self, count=1):
        self.passed += count

    def fail(self, name, detail=""):
        self.failures.append(name)
        print(f"FAILED  {name}")
        for line in detail.rstrip().splitlines():
            print(f"        {line}")
        sys.stdout.flush()

    def skip(self, name, reason):
        self.skips.append((name, reason or "no reason given"))

    def finish(self):
        seconds = time.monotonic() - self.started
        print()
        for name, reason in self.skips:
            print(f"skipped {name}: {reason}")
        for name in self.failures:
            print(f"FAILED  {name}")
        print(f"in {seconds:.0f} s:")
        print(
            f"{self.passed} passed, {len(self.failures)} failed, "
            f"{len(self.skips)} skipped",
            flush=True,
        )
        return 1 if self.failures else 0
