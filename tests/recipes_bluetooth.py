# SPDX-License-Identifier: MIT
"""The cookbook's job about Bluetooth; see recipes.py. It needs two virtual
controllers, which the virtual machine of tests/vm has; Python has the peers."""

import contextlib
import os
import socket
import sys

from recipes import LIMIT, Row, output, start, until

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "vm"))

import bluetooth_bed as bed  # noqa: E402 (found by the line above)


def no_bluetooth():
    try:
        with socket.socket(31, socket.SOCK_RAW, 1):
            return bed.is_here()
    except OSError as error:
        return (f"the kernel has no Bluetooth ({error.strerror}): "
                "tests/vm/run bluetooth")


def opened(kind, protocol):
    one = socket.socket(socket.AF_BLUETOOTH, kind, protocol)
    one.settimeout(LIMIT)
    return one


def rfcomm():
    return opened(socket.SOCK_STREAM, socket.BTPROTO_RFCOMM)


def l2cap():
    return opened(socket.SOCK_SEQPACKET, socket.BTPROTO_L2CAP)


def asks(program, make, number):
    """What the example prints when Python answers it."""
    with make() as one:
        one.bind((bed.HCI1, number))
        one.listen()
        asking = start(*program)
        server, _ = one.accept()
        with server:
            server.settimeout(LIMIT)
            text = server.recv(100)
            while text:
                server.send(text.upper())
                with contextlib.suppress(ConnectionResetError):
                    text = server.recv(100)
                    continue
                break
        return output(asking)


def serves(endpoint, make, number):
    """Python, asking the example."""
    program = start("bluetooth" if make is rfcomm else "messages", "serve",
                    endpoint)

    def connected():
        assert program.poll() is None, program.stdout.read().decode()
        one = make()
        try:
            one.connect((bed.HCI1, number))
        except (ConnectionRefusedError, ConnectionResetError):
            # A reset: what both devices share was just ending.
            one.close()
            return None
        return one

    made = []
    until(lambda: made or made.extend(filter(None, [connected()])) or made,
          f"{endpoint} answers")
    with made[0] as one:
        one.send(b"from python\n")
        assert one.recv(100) == b"FROM PYTHON\n"


def by_rfcomm():
    with bed.controllers():
        said = asks(("bluetooth", "ask", bed.HCI1, "11", "one"), rfcomm, 11)
        assert said == "ONE\n", said
        serves("rfcomm://*/12", rfcomm, 12)


def by_l2cap():
    with bed.controllers():
        said = asks(("messages", "ask", f"l2cap://{bed.HCI1}/0x1011", "one",
                     "two"), l2cap, 0x1011)
        assert said == "ONE\nTWO\n", said
        serves("l2cap://*/0x1013", l2cap, 0x1013)


ROWS = [
    Row("G2", "a stream over RFCOMM, client and server", "Python's socket",
        ["bluetooth"], [], by_rfcomm, no_bluetooth),
    Row("G2", "messages over L2CAP, client and server", "Python's socket",
        ["messages"], [], by_l2cap, no_bluetooth),
]
