# SPDX-License-Identifier: MIT
"""The cookbook's job about whole messages; see recipes.py. Python has the peers."""

import os
import socket
import tempfile

from recipes import LIMIT, Row, output, start

TYPE = 18888


def no_tipc():
    try:
        socket.socket(socket.AF_TIPC, socket.SOCK_RDM).close()
    except OSError as error:
        return f"the kernel has no TIPC ({error.strerror}): modprobe tipc"
    return None


def asks(endpoint, answer):
    """What the example prints when a peer answers it."""
    program = start("messages", "ask", endpoint, "one", "two")
    answer()
    assert output(program) == "ONE\nTWO\n"


def seqpacket():
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "messages")
        with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as one:
            one.settimeout(LIMIT)
            one.bind(path)
            one.listen()

            def answer():
                server, _ = one.accept()
                with server:
                    for _ in range(2):
                        server.send(server.recv(100).upper())

            asks(f"seqpacket://{path}", answer)


def rdm():
    with socket.socket(socket.AF_TIPC, socket.SOCK_RDM) as one:
        one.settimeout(LIMIT)
        one.bind((socket.TIPC_ADDR_NAMESEQ, TYPE, 23, 23,
                  socket.TIPC_NODE_SCOPE))

        def answer():
            for _ in range(2):
                text, where = one.recvfrom(100)
                one.sendto(text.upper(), where)

        asks(f"tipc://{TYPE}/23", answer)


ROWS = [
    Row("G4", "whole messages over a connection (SOCK_SEQPACKET)",
        "Python's socket", ["messages"], [], seqpacket),
    Row("G4", "reliable messages without one (SOCK_RDM of TIPC)",
        "Python's socket", ["messages"], [], rdm, no_tipc),
]
