# SPDX-License-Identifier: MIT
"""Packets made by hand, and pcap files of them, for tests against programs that
pier did not write."""

import socket
import struct

ETHERNET, COOKED2 = 1, 276
MACS = bytes.fromhex("020000000002020000000001")
HERE, THERE = "10.0.0.1", "192.168.0.2"
HERE6, THERE6 = "2001:db8::1", "2001:db8:1::2"


def checksum(data):
    if len(data) % 2:
        data += b"\0"
    total = sum(struct.unpack(f">{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def summed(packet, at, pseudo=b""):
    """The packet with its checksum at that place."""
    value = checksum(pseudo + packet)
    return packet[:at] + struct.pack(">H", value) + packet[at + 2 :]


def pseudo4(protocol, size, source=HERE, target=THERE):
    return (
        socket.inet_aton(source)
        + socket.inet_aton(target)
        + struct.pack(">BBH", 0, protocol, size)
    )


def pseudo6(protocol, size, source=HERE6, target=THERE6):
    return (
        socket.inet_pton(socket.AF_INET6, source)
        + socket.inet_pton(socket.AF_INET6, target)
        + struct.pack(">II", size, protocol)
    )


def ethernet(kind, data, tags=()):
    head = MACS
    for tag_type, tag in tags:
        head += struct.pack(">HH", tag_type, tag)
    return (head + struct.pack(">H", kind) + data).ljust(60, b"\0")


def ip4(protocol, data, options=b"", part=0x4000, tos=0, ttl=64,
        source=HERE, target=THERE):
    words = 5 + len(options) // 4
    head = struct.pack(
        ">BBHHHBBH4s4s", 0x40 | words, tos, 4 * words + len(data), 0x1C46,
        part, ttl, protocol, 0, socket.inet_aton(source),
        socket.inet_aton(target),
    )
    return summed(head + options, 10) + data


def ip6(following, data, label=0x12345, hops=64, traffic=0xB9):
    return (
        struct.pack(
            ">IHBB", 6 << 28 | traffic << 20 | label, len(data), following, hops
        )
        + socket.inet_pton(socket.AF_INET6, HERE6)
        + socket.inet_pton(socket.AF_INET6, THERE6)
        + data
    )


def udp(data, source=40000, target=53, pseudo=pseudo4):
    packet = struct.pack(">HHHH", source, target, 8 + len(data), 0) + data
    return summed(packet, 6, pseudo(17, len(packet)))


def tcp(data=b"", flags=0x18, options=b"", source=40000, target=80,
        pseudo=pseudo4):
    words = 5 + len(options) // 4
    packet = (
        struct.pack(
            ">HHIIHHHH", source, target, 0x89ABCDEF, 0x01234567,
            words << 12 | flags, 64240, 0, 7,
        )
        + options
        + data
    )
    return summed(packet, 16, pseudo(6, len(packet)))


def icmp(kind, code, rest, data=b""):
    return summed(struct.pack(">BBH", kind, code, 0) + rest + data, 2)


def icmp6(kind, code, rest, data=b""):
    packet = struct.pack(">BBH", kind, code, 0) + rest + data
    return summed(packet, 2, pseudo6(58, len(packet)))


def arp(operation):
    return (
        struct.pack(">HHBBH", 1, 0x0800, 6, 4, operation)
        + MACS[6:] + socket.inet_aton(HERE)
        + bytes(6) + socket.inet_aton(THERE)
    )


def crc32c(data):
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x82F63B78 if crc & 1 else 0)
    return struct.pack("<I", crc ^ 0xFFFFFFFF)


def sctp():
    packet = struct.pack(">HHII", 5000, 5001, 0xDEADBEEF, 0) + bytes.fromhex(
        "0100001400000001000010000001000100000001"
    )
    return packet[:8] + crc32c(packet) + packet[12:]


def many():
    """One of each kind."""
    syn = bytes.fromhex("020405b40402080a000000640000000001030307")
    sack = bytes.fromhex(
        "0101080a000000640000006501010512000000010000000500000009"
        "0000000f"
    )
    inner = ip4(17, udp(b"hello"))
    inner6 = ip6(17, udp(b"hello", pseudo=pseudo6))
    bad = bytearray(udp(b"hello"))
    bad[-1] ^= 1
    target = socket.inet_pton(socket.AF_INET6, "fe80::2")
    link = bytes.fromhex("0101020000000001")
    four = [
        ip4(6, tcp(flags=0x02, options=syn)),
        ip4(6, tcp(b"data", options=sack)),
        ip4(6, tcp(flags=0xFF, target=443)),
        inner,
        ip4(17, bytes(bad)),
        ip4(17, struct.pack(">HHHH", 53, 40000, 8, 0)),
        ip4(17, udp(b""), options=bytes.fromhex("0707040000000001"), tos=0xB9),
        ip4(17, udp(b"x" * 64), part=0x2000),
        ip4(17, b"y" * 40, part=0x0008),
        ip4(1, icmp(8, 0, struct.pack(">HH", 7, 9), b"ping")),
        ip4(1, icmp(3, 3, bytes(4), inner[:28])),
        ip4(1, icmp(3, 4, struct.pack(">HH", 0, 1400), inner[:28])),
        ip4(1, icmp(11, 0, bytes(4), inner[:28])),
        ip4(1, icmp(5, 1, socket.inet_aton("10.0.0.9"), inner[:28])),
        ip4(4, inner),
        ip4(41, inner6),
        ip4(132, sctp()),
        ip4(47, b"\0\0\x12\x34" + b"unknown"),
    ]
    hop = bytes.fromhex("3a00050200000100")
    six = [
        inner6,
        ip6(6, tcp(b"data", options=sack, pseudo=pseudo6)),
        ip6(0, bytes.fromhex("1100050200000100")
            + udp(b"hello", pseudo=pseudo6)),
        ip6(60, bytes.fromhex("2c00010400000000")
            + bytes.fromhex("1100000100000007") + udp(b"", pseudo=pseudo6)),
        ip6(44, bytes.fromhex("1100014900000007") + b"z" * 32),
        ip6(58, icmp6(128, 0, struct.pack(">HH", 7, 9), b"ping")),
        ip6(58, icmp6(135, 0, bytes(4), target + link), hops=255),
        ip6(58, icmp6(136, 0, b"\xe0\0\0\0", target + b"\2" + link[1:]),
            hops=255),
        ip6(58, icmp6(2, 0, struct.pack(">I", 1280), inner6)),
        ip6(58, icmp6(1, 4, bytes(4), inner6)),
        ip6(0, hop + icmp6(130, 0, bytes(4), bytes(16))),
        ip6(43, bytes.fromhex("1102040100000000") + target
            + udp(b"far", pseudo=pseudo6)),
    ]
    return (
        [ethernet(0x0800, packet) for packet in four]
        + [ethernet(0x86DD, packet) for packet in six]
        + [
            ethernet(0x0806, arp(1)),
            ethernet(0x0806, arp(2)),
            ethernet(0x0806, arp(1), tags=[(0x8100, 0x6005)]),
            ethernet(0x0800, inner, tags=[(0x8100, 0x0007), (0x8100, 0x0005)]),
            ethernet(0x88CC, bytes(46)),
        ]
    )


def write(path, packets, link=ETHERNET, magic=0xA1B2C3D4, order="<"):
    with open(path, "wb") as file:
        file.write(
            struct.pack(order + "IHHiIII", magic, 2, 4, 0, 0, 262144, link)
        )
        for number, packet in enumerate(packets):
            file.write(
                struct.pack(
                    order + "IIII", 1700000000 + number, 123456, len(packet),
                    len(packet),
                )
                + packet
            )


def read(data):
    """(seconds, fraction, full size, bytes) of each packet."""
    found, at = [], 24
    while at < len(data):
        seconds, part, size, full = struct.unpack_from("<IIII", data, at)
        at += 16
        found.append((seconds, part, full, data[at : at + size]))
        at += size
    return found
