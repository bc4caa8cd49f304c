# SPDX-License-Identifier: MIT
"""The cookbook's jobs about names and numbers; see recipes.py."""

import socket
import struct
import subprocess

from recipes import Row, output, start


def services():
    """Every service that getent lists, and each look-up as Python has it."""
    said = output(start("services")).splitlines()
    listed = subprocess.run(
        ["getent", "services"], stdout=subprocess.PIPE, text=True, check=True
    ).stdout
    right = []
    for line in listed.splitlines():
        name, where = line.split()[:2]
        right.append(f"{where} {name}")
    assert said == right, (said[:3], right[:3])
    for name in ("http", "domain", "ssh", "ntp", "syslog"):
        port = socket.getservbyname(name)
        assert output(start("services", name)) == f"{port} {name}\n"
        back = socket.getservbyport(port)
        assert output(start("services", port)) == f"{port} {back}\n"


def byte_order():
    for value in (0, 1, 1234, 65535, 70000, 2**32 - 1, 2**32, 2**64 - 1):
        said = output(start("byte_order", value)).splitlines()
        right = []
        for bits, form in ((16, "H"), (32, "I"), (64, "Q")):
            if value >> bits:
                continue
            data = struct.pack(">" + form, value)
            (other,) = struct.unpack("<" + form, data)
            right.append(f"{bits} bits: {data.hex(' ')}, "
                         f"the other way around {other}")
        assert said == right, (said, right)
    said = output(start("byte_order", 1234))
    assert f" {socket.htons(1234)}\n" in said and "53764" in said, said
    assert f" {socket.htonl(1234)}\n" in said and "3523477504" in said, said


ROWS = [
    Row(
        "A5",
        "ports to services and back, and the whole list",
        "getent services, Python",
        ["services"],
        ["getent"],
        services,
    ),
    Row(
        "A6",
        "16, 32 and 64 bits in either order, with their bytes",
        "Python's socket and struct",
        ["byte_order"],
        [],
        byte_order,
    ),
]
