# SPDX-License-Identifier: MIT
"""The cookbook's job about messages over CAN; see recipes.py. It needs an interface
of CAN that is up, which the virtual machine of tests/vm has; Python has the peer."""

import glob
import socket

from recipes import LIMIT, Row, output, start

PROTOCOL = 6

# ARPHRD_CAN, as the kernel writes it.
KIND = "280"


def read(path):
    with open(path, encoding="ascii") as file:
        return file.read().strip()


def interface():
    """The first one of CAN that is up, or None."""
    for path in sorted(glob.glob("/sys/class/net/*")):
        up = int(read(f"{path}/flags"), 16) & 1
        if read(f"{path}/type") == KIND and up:
            return path.rsplit("/", 1)[1]
    return None


def no_isotp():
    try:
        with socket.socket(29, socket.SOCK_DGRAM, PROTOCOL):
            if interface():
                return None
    except OSError as error:
        return (f"the kernel has no ISO-TP ({error.strerror}): "
                "tests/vm/run isotp")
    return "no interface of CAN is up: tests/vm/run isotp"


def isotp():
    """What the example asks, and Python answers."""
    link = interface()
    with socket.socket(29, socket.SOCK_DGRAM, PROTOCOL) as one:
        one.bind((link, 0x7E0, 0x7E8))
        one.settimeout(LIMIT)
        asking = start("isotp", link, "7e0", "7e8", "22", "f1", "90")
        assert one.recv(100) == b"\x22\xf1\x90"
        one.send(b"\x62\xf1\x90" + b"17 characters it has")
        said = bytes.fromhex(output(asking))
        assert said == b"\x62\xf1\x90" + b"17 characters it has", said


ROWS = [
    Row("G1", "messages over CAN (ISO-TP)", "Python's socket", ["isotp"],
        [], isotp, no_isotp),
]
