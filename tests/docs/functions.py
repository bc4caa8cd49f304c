#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The pages of section 3 as a user meets them: what `man pier_read` shows, that
each function and each type leads to a page, and that `man -k` finds them by
what they do. Reports by TAP."""

import os
import re
import shutil
import subprocess
import sys
import tempfile

SOURCE = os.environ["PIER_SOURCE"]
BUILD = os.environ["PIER_BUILD"]
sys.path.insert(0, os.path.join(SOURCE, "tests", "cli"))

import tap  # noqa: E402 (found by the line above)
from tap import contains, equal  # noqa: E402

PAGES = os.path.join(BUILD, "man", "man3")
ENV = {**os.environ, "LC_ALL": "C.UTF-8", "MANWIDTH": "78", "MANOPT": ""}


def said(*command):
    done = subprocess.run(
        command,
        env=ENV,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
        timeout=50,
    )
    equal((done.returncode, done.stderr), (0, ""), " ".join(command))
    return done.stdout


def tree(folder):
    shutil.copytree(PAGES, os.path.join(folder, "man3"))
    return folder


def need(*programs):
    for program in programs:
        if shutil.which(program) is None:
            raise tap.Skip(f"{program} is not installed")


def exported():
    """The functions that the shared library has."""
    lines = said("nm", "-D", "--defined-only", f"{BUILD}/libpier.so")
    return re.findall(r" T (pier_\w+)", lines)


def test_every_exported_function_has_a_page():
    need("nm")
    names = exported()
    assert len(names) > 100, names
    lacking = [n for n in names if not os.path.exists(f"{PAGES}/{n}.3")]
    equal(lacking, [])


def test_what_man_shows():
    need("man")
    with tempfile.TemporaryDirectory() as folder:
        shown = said("man", "-P", "cat", "-M", tree(folder), "3", "pier_read")
    shown = re.sub(".\b", "", shown)
    heads = re.findall(r"^[A-Z][A-Z ]+$", shown, re.M)
    equal(
        heads,
        "NAME,LIBRARY,SYNOPSIS,DESCRIPTION,RETURN VALUES,EXAMPLES,ERRORS,"
        "SEE ALSO".split(","),
    )
    # Where lines are filled, and by how many spaces, is the formatter's.
    shown = re.sub(r"\s+", " ", shown)
    for words in (
        "pier_read — what there is, 1 to size bytes",
        "-lpier",
        "#include <pier.h>",
        "struct pier_stream *stream, void *buf, size_t size,",
        "0: the peer has ended its side",
        "examples/echo_server.c",
        "-ECONNRESET",
        "The peer reset the connection.",
        "-PIER_EDEADLINE",
        "pier-stream(3)",
    ):
        contains(shown, words)


def test_functions_and_types_lead_to_their_page():
    need("man")
    with tempfile.TemporaryDirectory() as folder:
        tree(folder)
        for name, title in (
            ("pier_mutex_lock", "PIER_MUTEX_OPEN(3)"),
            ("pier_dial_opts", "PIER_DIAL(3)"),
            ("pier_dial_sized", "PIER_DIAL(3)"),
            ("pier_server_opts", "PIER_SERVE(3)"),
            ("pier_is_reset", "PIER_IS_DEADLINE(3)"),
        ):
            shown = said("man", "-P", "cat", "-M", folder, "3", name)
            contains(shown, title)
            contains(re.sub(".\b", "", shown), name)


def test_pages_by_hand_are_not_hidden():
    """man looks into section 3 before section 7."""
    need("man")
    with tempfile.TemporaryDirectory() as folder:
        tree(folder)
        shutil.copytree(os.path.join(SOURCE, "man"), folder + "/man7",
                        ignore=shutil.ignore_patterns("*.1", "meson.build"))
        for page in os.listdir(folder + "/man7"):
            name = page.removesuffix(".7")
            shown = said("man", "-P", "cat", "-M", folder, name)
            contains(shown, f"{name.upper()}(7)")


def test_man_k_finds_them():
    need("man", "mandb", "apropos")
    with tempfile.TemporaryDirectory() as folder:
        tree(folder)
        os.makedirs(folder + "/cache")
        said("mandb", "--quiet", "--create", "--user-db", folder)
        found = said("apropos", "-M", folder, "pier")
        contains(found, "pier_close (3)")
        contains(found, "pier_group_wait (3)")
        contains(said("apropos", "-M", folder, "acknowledged"), "pier_drain")
        shown = set(re.findall(r"^(\S+) \(3\)", found, re.M))
        lacking = [n for n in exported() if n not in shown]
        equal([n for n in lacking if not n.endswith("_sized")], [])


def test_pages_have_no_warnings():
    need("man", "mandoc")
    wrong = []
    for name in sorted(os.listdir(PAGES)):
        with open(f"{PAGES}/{name}", encoding="utf-8") as file:
            if file.read(4) == ".so ":
                continue
        done = subprocess.run(
            ["mandoc", "-T", "lint", "-W", "style", f"{PAGES}/{name}"],
            stdout=subprocess.PIPE,
            text=True,
            check=False,
        )
        wrong += [
            line
            for line in done.stdout.splitlines()
            if not re.search("referenced manual not found|outdated", line)
        ]
    equal(wrong, [])


def test_examples_stand_in_the_pages_as_they_are_built():
    """The shortest that calls the function, whichever that is by now."""
    with open(f"{PAGES}/pier_read.3", encoding="utf-8") as file:
        page = file.read().replace("\\-", "-").replace("\\e", "\\")
    page = page.replace("\\&", "")
    name = re.search(r"^\.Pa (examples/\w+\.c) :$", page, re.M)[1]
    with open(f"{SOURCE}/{name}", encoding="utf-8") as file:
        contains(page, file.read().split("*/\n", 1)[1].strip())


if __name__ == "__main__":
    tap.main(globals())
