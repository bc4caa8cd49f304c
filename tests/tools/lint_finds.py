#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Each check of the source finds what it is there to find.

A copy of the tree without a fault is quiet; then one fault at a time is
planted in the copy, and the check it belongs to must name its file.
"""

import os
import shutil
import subprocess
import sys
import tempfile

ROOT = os.environ["PIER_SOURCE"]

HEAD = "/* SPDX-License-Identifier: MIT */\n/*\n * A file.\n */\n"

# title, check, path of the planted file, its text, words the finding has
FAULTS = [
    (
        "an include that points up",
        "check-layers",
        "src/base/up.c",
        HEAD + '#include "addr/addr.h"\n',
        'may not include "addr/addr.h"',
    ),
    (
        "a folder that is no layer",
        "check-layers",
        "src/attic/old.c",
        HEAD + '#include "base/list.h"\n',
        "is no layer",
    ),
    (
        "the tool using an internal header",
        "check-layers",
        "cli/inside.c",
        HEAD + '#include "base/list.h"\n',
        "use <pier.h>",
    ),
    (
        "errno above src/os",
        "check-errno",
        "src/net/bad.c",
        HEAD + "int f(void) { return errno; }\n",
        "errno outside src/os",
    ),
    (
        "a system call above src/os",
        "check-errno",
        "src/net/bad.c",
        HEAD + "void f(int fd) { close(fd); }\n",
        "close() outside src/os",
    ),
    (
        "an allocation past the call table",
        "check-errno",
        "src/net/bad.c",
        HEAD + "void *f(void) { return malloc(1); }\n",
        "malloc() outside src/os",
    ),
    (
        "a function that is too long",
        "check-sizes",
        "src/base/long.c",
        HEAD + "int\nf(void)\n{\n" + "\t;\n" * 80 + "\treturn 0;\n}\n",
        "f() has 8",
    ),
    (
        "a file that is too long",
        "check-sizes",
        "src/base/long.c",
        HEAD + "\n" * 700,
        "at most 700",
    ),
    (
        "a file without its licence",
        "check-sizes",
        "src/base/bare.c",
        "int f(void);\n",
        "SPDX",
    ),
    (
        "something unfinished",
        "check-sizes",
        "src/base/later.c",
        HEAD + "/* TO" + "DO: the rest */\n",
        "unfinished",
    ),
    (
        "a public function without a contract",
        "check-docs",
        "include/pier/new.h",
        HEAD + "\nint pier_new_thing(void);\n",
        "pier_new_thing() has no contract",
    ),
    (
        "a function that no page would have",
        "man-functions",
        "include/pier/new.h",
        HEAD + "\nint pier_new_thing(void);\n",
        "pier_new_thing() has no contract",
    ),
    (
        "an error line without a cause",
        "man-functions",
        "include/pier/new.h",
        HEAD
        + "\n/*\n * pier_new(a): it. 0, or\n *   -EBADF   closed\n"
        + " *   -ENOMEM\n */\nint pier_new(int a);\n",
        "-ENOMEM has no cause",
    ),
    (
        "errors without a cause in a sentence",
        "man-functions",
        "include/pier/new.h",
        HEAD + "\n/* pier_new(a): it. 0, -EBADF. */\nint pier_new(int a);\n",
        "-EBADF has no cause",
    ),
    (
        "an example that is not built",
        "man-functions",
        "examples/lone.c",
        HEAD + "int main(void) { return pier_version() == 0; }\n",
        "is not built",
    ),
    (
        "a page that names what is not there",
        "check-docs",
        "docs/page.md",
        "Call `pier_nothing_of_the_kind`.\n",
        "is in no header",
    ),
    (
        "a link that leads nowhere",
        "check-docs",
        "docs/page.md",
        "See [the page](missing.md).\n",
        "no such file",
    ),
]

# Looks like a fault and is none.
INNOCENT = (
    HEAD
    + '#include "base/list.h"\n'
    + "/* close(fd) and errno in a comment */\n"
    + 'const char *f(void) { return "malloc(errno)"; }\n'
    + "int g(struct ops *ops) { return ops->read(0); }\n"
)


def copy_tree(to):
    """The parts the checks look at, as a repository of its own."""
    for name in ("include", "src", "cli", "tools", "docs", "man", "examples"):
        source = os.path.join(ROOT, name)
        if os.path.isdir(source):
            shutil.copytree(source, os.path.join(to, name))
    for name in os.listdir(ROOT):
        if name.endswith((".md", ".build")):
            shutil.copy(os.path.join(ROOT, name), to)
    subprocess.run(["git", "init", "-q", to], check=True)


def findings(tree, check):
    """What the check says; the folder of a build is one that has nothing."""
    word = "--check" if check == "man-functions" else tree + "/no-build"
    done = subprocess.run(
        [os.path.join(tree, "tools", check), word],
        cwd=tree,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=50,
    )
    return done.returncode, done.stdout


def finds(tree, fault):
    _, check, path, text, words = fault
    full = os.path.join(tree, path)
    os.makedirs(os.path.dirname(full), exist_ok=True)
    with open(full, "w", encoding="utf-8") as file:
        file.write(text)
    status, said = findings(tree, check)
    os.remove(full)
    about = [line for line in said.splitlines() if line.startswith(path)]
    return status == 1 and any(words in line for line in about), said


def main():
    for tool in ("git", "ctags"):
        if not shutil.which(tool):
            print(f"1..0 # SKIP {tool} is not installed")
            return 0
    failed = 0
    print(f"1..{len(FAULTS) + 1}")
    with tempfile.TemporaryDirectory() as tree:
        copy_tree(tree)
        for number, fault in enumerate(FAULTS, 1):
            good, said = finds(tree, fault)
            failed += not good
            print(f"{'ok' if good else 'not ok'} {number} - {fault[0]}")
            if not good:
                print("\n".join("# " + line for line in said.splitlines()))
        path = os.path.join(tree, "src/net/innocent.c")
        with open(path, "w", encoding="utf-8") as file:
            file.write(INNOCENT)
        said = "".join(
            findings(tree, check)[1]
            for check in ("check-layers", "check-errno", "check-sizes")
        )
        good = "innocent" not in said
        failed += not good
        print(f"{'ok' if good else 'not ok'} {len(FAULTS) + 1} - no false alarm")
        if not good:
            print("\n".join("# " + line for line in said.splitlines()))
    return failed != 0


if __name__ == "__main__":
    sys.exit(main())
