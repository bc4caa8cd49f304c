# SPDX-License-Identifier: MIT
"""TIPC endpoints of the tool and of the library beside Python's sockets."""

import contextlib
import os
import socket
import struct
import subprocess
import sys

sys.path.insert(0, os.path.join(os.environ["PIER_SOURCE"], "tests", "cli"))

import tap  # noqa: E402
import tool  # noqa: E402
from tap import contains, equal  # noqa: E402

MESSAGES = os.path.join(os.environ["PIER_BUILD"], "examples", "messages")
TYPE = 18888


def published(number):
    return (socket.TIPC_ADDR_NAMESEQ, TYPE, number, number, socket.TIPC_NODE_SCOPE)


def asked(number):
    return (socket.TIPC_ADDR_NAME, TYPE, number, 0, socket.TIPC_NODE_SCOPE)


def opened(kind):
    one = socket.socket(socket.AF_TIPC, kind)
    one.settimeout(tool.LIMIT)
    return one


@contextlib.contextmanager
def serving(*command):
    process = subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE
    )
    try:
        yield process
    finally:
        process.terminate()
        process.wait()
        process.stderr.close()


def await_service(number):
    """Wait until somebody has published it: the topology server tells."""
    with opened(socket.SOCK_SEQPACKET) as one:
        one.connect((socket.TIPC_ADDR_NAME, socket.TIPC_TOP_SRV,
                     socket.TIPC_TOP_SRV, 0, socket.TIPC_NODE_SCOPE))
        one.send(struct.pack(
            "=IIIII8s", TYPE, number, number,
            int(tool.LIMIT * 1000), socket.TIPC_SUB_SERVICE, b""))
        event = struct.unpack_from("=I", one.recv(100))[0]
        equal(event, socket.TIPC_PUBLISHED, "event")


def test_example_serves_rdm():
    with serving(MESSAGES, "serve", f"tipc://{TYPE}/17"):
        await_service(17)
        with opened(socket.SOCK_RDM) as one:
            for text in (b"first", b"second"):
                one.sendto(text, asked(17))
                equal(one.recv(100), text.upper())


def test_example_serves_seqpacket():
    with serving(MESSAGES, "serve", f"tipc://{TYPE}/18?type=seqpacket"):
        await_service(18)
        with opened(socket.SOCK_SEQPACKET) as one:
            one.connect(asked(18))
            for text in (b"first", b"second"):
                one.send(text)
                equal(one.recv(100), text.upper())


def test_example_asks_rdm():
    with opened(socket.SOCK_RDM) as one:
        one.bind(published(19))
        asking = subprocess.Popen(
            [MESSAGES, "ask", f"tipc://{TYPE}/19", "one", "two"],
            stdout=subprocess.PIPE,
        )
        for _ in range(2):
            text, where = one.recvfrom(100)
            one.sendto(b"<" + text + b">", where)
        equal(asking.communicate(timeout=tool.LIMIT)[0], b"<one>\n<two>\n")
        equal(asking.returncode, 0, "status")


def test_tool_asks_seqpacket():
    with opened(socket.SOCK_SEQPACKET) as one:
        one.bind(published(20))
        one.listen()
        with subprocess.Popen(
            [tool.PIER, "connect", f"tipc://{TYPE}/20?type=seqpacket"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        ) as asking:
            asking.stdin.write(b"from the tool\n")
            asking.stdin.flush()
            server, _ = one.accept()
            with server:
                server.settimeout(tool.LIMIT)
                equal(server.recv(100), b"from the tool\n")
                server.send(b"from python\n")
                equal(asking.stdout.readline(), b"from python\n")
            equal(asking.communicate(timeout=tool.LIMIT)[0], b"")
            equal(asking.returncode, 0, "status")


def test_tool_serves_echo():
    for number, kind, query in (
        (21, socket.SOCK_RDM, ""),
        (22, socket.SOCK_SEQPACKET, "?type=seqpacket"),
    ):
        endpoint = f"tipc://{TYPE}/{number}{query}"
        with serving(tool.PIER, "serve", "echo", endpoint):
            await_service(number)
            with opened(kind) as one:
                if query:
                    one.connect(asked(number))
                    one.send(b"x" * 1000)
                else:
                    one.sendto(b"x" * 1000, asked(number))
                equal(one.recv(2000), b"x" * 1000)


def test_nobody_has_the_service():
    """The kernel gives the message back, or refuses the connection."""
    for query in ("", "?type=seqpacket"):
        done = tool.run(
            "connect", f"tipc://{TYPE}/99{query}", stdin=b"x\n"
        )
        if not done.code:
            raise AssertionError(f"{query}: {done}")
        contains(done.err, "no socket of the cluster has that service")


if __name__ == "__main__":
    tap.main(globals())
