# SPDX-License-Identifier: MIT
"""vsock of the tool beside Python's sockets; sockets that this machine's kernel
may not have beside what ss lists."""

import ctypes
import json
import os
import socket
import subprocess
import sys

sys.path.insert(0, os.path.join(os.environ["PIER_SOURCE"], "tests", "cli"))

import tap  # noqa: E402
import tool  # noqa: E402
from tap import contains, equal  # noqa: E402

CLONE_NEWNET = 0x40000000  # os.unshare() is of Python 3.12
LOCAL = 1  # VMADDR_CID_LOCAL


def listening(kind=socket.SOCK_STREAM):
    one = socket.socket(socket.AF_VSOCK, kind)
    one.settimeout(tool.LIMIT)
    one.bind((socket.VMADDR_CID_ANY, socket.VMADDR_PORT_ANY))
    one.listen()
    return one, one.getsockname()[1]


def test_tool_connects():
    one, port = listening()
    with one, subprocess.Popen(
        [tool.PIER, "connect", f"vsock://local:{port}"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as asking:
        server, _ = one.accept()
        with server:
            asking.stdin.write(b"from the tool\n")
            asking.stdin.close()
            asking.stdin = None
            text = server.makefile("rb").read()
            equal(text, b"from the tool\n")
            server.sendall(b"from python\n")
        equal(asking.communicate(timeout=tool.LIMIT)[0], b"from python\n")
        equal(asking.returncode, 0, "status")


def test_tool_serves():
    with subprocess.Popen(
        [tool.PIER, "serve", "echo", "vsock://:7777"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    ) as serving:
        try:
            contains(serving.stderr.readline(), "7777")
            with socket.socket(socket.AF_VSOCK, socket.SOCK_STREAM) as one:
                one.settimeout(tool.LIMIT)
                one.connect((LOCAL, 7777))
                one.sendall(b"x" * 100000)
                one.shutdown(socket.SHUT_WR)
                equal(len(one.makefile("rb").read()), 100000)
        finally:
            serving.terminate()


def lines_of_ss(*words):
    done = subprocess.run(
        ["ss", "-H", "-a", "-n", *words], stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT, text=True, check=True,
    )
    return done.stdout.splitlines()


def listed(kind):
    done = tool.expect(0, "info", "--all", "--json", f"proto:{kind}")
    lines = [json.loads(line) for line in done.out.splitlines()]
    return tool.of_type(lines, "socket")


def test_vsock_is_listed():
    one, port = listening()
    with one, socket.socket(socket.AF_VSOCK, socket.SOCK_STREAM) as other:
        other.connect((LOCAL, port))
        # Others of this machine may have some, in whatever network namespace.
        ours = [one for one in listed("vsock") if f":{port}" in str(one)]
        theirs = [one for one in lines_of_ss("--vsock") if f":{port}" in one]
        equal(len(theirs), 3, f"{theirs}")
        equal(len(ours), 3, f"{ours}")


def test_raw_is_listed():
    with socket.socket(socket.AF_INET, socket.SOCK_RAW, 255):
        ours, theirs = listed("raw"), lines_of_ss("--raw")
        equal(len(theirs) > 0, True, "ss")
        equal(len(ours), len(theirs), f"{ours} {theirs}")


def test_packet_is_listed():
    with socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3)):
        ours, theirs = listed("packet"), lines_of_ss("--packet")
        equal(len(theirs) > 0, True, "ss")
        equal(len(ours), len(theirs), f"{ours} {theirs}")


if __name__ == "__main__":
    # Nobody else's sockets are to be listed.
    if ctypes.CDLL(None).unshare(CLONE_NEWNET) < 0:
        sys.exit("no network namespace of its own")
    tap.main(globals())
