# SPDX-License-Identifier: MIT
"""from_python.py: docs/from-python.md has a row for every name of Python's socket
and socketserver that a program may call.

Constants are held to it by tests/interop/options.py.
"""

import os
import re
import socket
import socketserver

SOURCE = os.environ["PIER_SOURCE"]

# Of the enum module, which socket happens to import.
BORROWED = {"IntEnum", "IntFlag"}


def page():
    path = os.path.join(SOURCE, "docs", "from-python.md")
    with open(path, encoding="utf-8") as file:
        return file.read()


def rows(text):
    """The words in code of each table's first cell."""
    found = set()
    for line in text.splitlines():
        if line.startswith("| `"):
            for code in re.findall(r"`([^`]+)`", line.split("|")[1]):
                found.update(re.findall(r"[A-Za-z_]\w+", code))
    return found


def public(thing):
    return {name for name in dir(thing) if not name.startswith("_")}


def calls(thing):
    return {name for name in public(thing) if callable(getattr(thing, name))}


def test_socket_functions_and_classes(found):
    return calls(socket) - BORROWED - found


def test_socket_methods(found):
    return public(socket.socket) - found


def test_socketserver_classes(found):
    return set(socketserver.__all__) - found


def test_socketserver_methods(found):
    names = set()
    for one in socketserver.__all__:
        names |= public(getattr(socketserver, one))
    return names - found


def main():
    tests = [
        (name, test) for name, test in sorted(globals().items())
        if name.startswith("test_")
    ]
    found = rows(page())
    failed = 0
    print(f"1..{len(tests)}")
    for number, (name, test) in enumerate(tests, 1):
        lost = sorted(test(found))
        print(f"{'not ok' if lost else 'ok'} {number} - {name}")
        if lost:
            print(f"# not on the page: {' '.join(lost)}")
            failed = 1
    raise SystemExit(failed)


if __name__ == "__main__":
    main()
