# SPDX-License-Identifier: MIT
"""What the checks of the source share: which files there are, C without its
comments and strings, and findings in one form."""

import os
import re
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))

_SKIPPED = re.compile(
    r'"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'|/\*.*?\*/|//[^\n]*', re.S
)


def files(*patterns):
    """Paths below the root that git knows or would add, by its globs."""
    listed = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard", "--", *patterns],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    return sorted(
        {
            path
            for path in listed.stdout.splitlines()
            if os.path.exists(os.path.join(ROOT, path))
        }
    )


def read(path):
    with open(os.path.join(ROOT, path), encoding="utf-8") as file:
        return file.read()


def bare_c(text):
    """C with comments and the inside of literals blanked, lines kept."""

    def blank(match):
        found = match.group()
        if found[0] in "\"'":
            return found[0] * 2
        return re.sub(r"[^\n]", " ", found)

    return _SKIPPED.sub(blank, text)


def is_test(path):
    """Code that never ships: tests, the faulty call table, the simulator."""
    return (
        path.endswith("_test.c")
        or path.startswith(("tests/", "fuzz/"))
        or re.match(r"src/(os|io)/(faulty|sim)", path) is not None
    )


class Findings:
    """Collects `path:line: what`, prints each, gives the exit status."""

    def __init__(self):
        self.count = 0

    def add(self, path, line, what):
        print(f"{path}:{line}: {what}" if line else f"{path}: {what}")
        self.count += 1

    def end(self):
        sys.exit(1 if self.count else 0)
