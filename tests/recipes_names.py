# SPDX-License-Identifier: MIT
"""The cookbook's jobs about names and numbers; see recipes.py."""

import ipaddress
import json
import random
import socket
import struct
import subprocess

from recipes import Row, output, start


def said_by(*command):
    return subprocess.run(
        command, stdout=subprocess.PIPE, text=True, check=True
    ).stdout


def this_machine():
    """Names as hostname has them, interfaces as ip lists them."""
    lines = output(start("this_machine")).splitlines()
    assert lines[0] == socket.gethostname(), lines
    assert lines[1] == said_by("hostname", "-f").strip(), lines
    right = []
    for link in json.loads(said_by("ip", "-j", "addr")):
        right.append(f"{link['ifindex']} {link['ifname']} mtu {link['mtu']} "
                     f"{link['address']}")
        found = []
        for addr in link["addr_info"]:
            text = addr["local"]
            zone = ""
            if ipaddress.ip_address(text).is_link_local and ":" in text:
                zone = f"%{link['ifname']}"
            found.append(f"  {text}{zone}/{addr['prefixlen']}")
        right += found
    assert sorted(lines[2:]) == sorted(right), (lines, right)


def lookup():
    for name in ("localhost", socket.gethostname()):
        said = [line.split(" ", 1)
                for line in output(start("lookup", name)).splitlines()]
        found = [text for key, text in said if key == "address"]
        listed = said_by("getent", "ahosts", name).splitlines()
        right = [line.split()[0] for line in listed if "STREAM" in line]
        assert found == right, (found, right)
        canonical, aliases, addresses = socket.gethostbyname_ex(name)
        assert ["name", canonical] in said, said
        assert set(aliases) <= {t for k, t in said if k == "alias"}, said
        assert set(addresses) <= set(found), said


def reverse():
    said = output(start("reverse", "127.0.0.1")).splitlines()
    canonical, aliases, _ = socket.gethostbyaddr("127.0.0.1")
    right = [f"name {canonical}", *(f"alias {alias}" for alias in aliases)]
    assert sorted(said[:-1]) == sorted(right), (said, right)
    assert said[-1] == f"fqdn {socket.getfqdn('127.0.0.1')}", said
    first = said_by("getent", "hosts", "127.0.0.1").split()[1]
    assert said[0] == f"name {first}", said


def address_forms():
    """Two hundred addresses by chance, each form as Python writes it."""
    chance = random.Random(4)
    every = [ipaddress.IPv4Address(chance.getrandbits(32)) for _ in range(100)]
    every += [ipaddress.IPv6Address(chance.getrandbits(128)
                                    >> chance.choice((0, 64)) | 1 << 64)
              for _ in range(100)]
    said = output(start("address_forms", *every)).splitlines()
    right = []
    for ip in every:
        right += [f"plain {ip}", f"exploded {ip.exploded}",
                  f"packed {ip.packed.hex()}", f"integer {int(ip)}",
                  f"pointer {ip.reverse_pointer}"]
    assert said == right, next(p for p in zip(said, right) if p[0] != p[1])


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
        "A1",
        "this machine's name, in full, its interfaces and addresses",
        "hostname -f, ip -j addr",
        ["this_machine"],
        ["hostname", "ip"],
        this_machine,
    ),
    Row(
        "A2",
        "a host's canonical name, aliases, and all addresses",
        "getent ahosts, Python's gethostbyname_ex",
        ["lookup"],
        ["getent"],
        lookup,
    ),
    Row(
        "A3",
        "an address back to its names",
        "getent hosts, Python's gethostbyaddr and getfqdn",
        ["reverse"],
        ["getent"],
        reverse,
    ),
    Row(
        "A4",
        "every form of an address, there and back",
        "Python's ipaddress",
        ["address_forms"],
        [],
        address_forms,
    ),
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
