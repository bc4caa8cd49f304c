#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""numbers.py: what the README counts is what there is, and pier-can(1) has the
examples that the tool shows. Reports by TAP."""

import os
import re
import sys

SOURCE = os.environ["PIER_SOURCE"]
sys.path.insert(0, os.path.join(SOURCE, "tests", "cli"))

import tap  # noqa: E402 (found by the line above)
import tool  # noqa: E402
from tap import contains, equal  # noqa: E402


def text_of(*path):
    with open(os.path.join(SOURCE, *path), encoding="utf-8") as file:
        return file.read()


def test_options_of_the_readme():
    rows = tool.expect(0, "opt", "--json").text.count('"type":"option"')
    told = re.findall(r"(\d+) options of sockets", text_of("README.md"))
    equal(told, [str(rows)])


def test_examples_of_can():
    shown = re.findall(r"^  (pier can .*)$",
                       tool.expect(0, "can", "--help").text, re.M)
    page = text_of("man", "pier-can.1").partition(".Sh EXAMPLES\n")[2]
    assert len(shown) > 5, shown
    for example in shown:
        contains(page, f".It Li {example}\n")


if __name__ == "__main__":
    tap.main(globals())
