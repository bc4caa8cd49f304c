#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""planted.py PROGRAM BUG WORDS [WRAPPER...]: a planted bug is found.

Runs PROGRAM BUG, under WRAPPER if given, and passes when it ends badly with a
report that holds WORDS and, as frames one above the other, the function of
the bug and planted_fiber: the stack of the fiber, not of its scheduler.
"""

import re
import subprocess
import sys


def main():
    program, bug, words, *wrapper = sys.argv[1:]
    done = subprocess.run(
        [*wrapper, program, bug],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        timeout=50,
    )
    said = done.stdout
    function = bug.replace("-", "_")
    frames = re.compile(rf"\b{function}\b[^\n]*\n[^\n]*\bplanted_fiber\b")
    cases = {
        "the program is ended as faulty": done.returncode not in (0, 2, 3),
        f"the report says {words}": words in said,
        "the report shows the fiber's frames": bool(frames.search(said)),
    }
    print(f"1..{len(cases)}")
    for number, (title, good) in enumerate(cases.items(), 1):
        print(f"{'' if good else 'not '}ok {number} - {title}")
    if not all(cases.values()):
        print("\n".join("# " + line for line in said.splitlines()))
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
