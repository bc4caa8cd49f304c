#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""ip_oracle.py PROGRAM: the forms of addresses, and networks, against Python.

Addresses and networks by chance, from a fixed seed: PROGRAM (ip_oracle.c) says
what pier makes of them, ipaddress and socket what is right. Reports by TAP.
"""

import ipaddress
import os
import random
import socket
import subprocess
import sys

# Of each kind; fewer where the machine is emulated (tests/scale.h).
EACH = 50 if os.environ.get("PIER_TEST_SCALE") == "small" else 3000
random.seed(20261126)

PLAIN, EXPLODED, PACKED, INTEGER, INTEGER6, MAPPED, POINTER, CLASSIC = range(8)

KINDS = ("unspecified", "loopback", "link_local", "site_local", "multicast",
         "broadcast", "private", "shared", "global", "reserved",
         "documentation")

# Where Python was put right in 3.11.10 and 3.12.4, and once more since.
MOVED = [ipaddress.ip_network(text) for text in (
    "192.0.0.0/24", "64:ff9b:1::/48", "2001::/23", "2002::/16", "3fff::/20")]


def ask(lines):
    said = subprocess.run(
        [sys.argv[1]], input="".join(line + "\n" for line in lines).encode(),
        stdout=subprocess.PIPE, check=True,
    ).stdout.decode()
    answers = [line.split() for line in said.splitlines()]
    assert len(answers) == len(lines), "an answer for every question"
    return answers


def compare(questions, right):
    """What is wrong of the answers."""
    return [f"{q}: {' '.join(a)}, not {' '.join(r)}"
            for q, a, r in zip(questions, ask(questions), right) if a != r]


def edge():
    """Addresses near the ends of networks that have a meaning."""
    text = random.choice((
        "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8",
        "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24", "192.0.2.0/24",
        "192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24",
        "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4", "255.255.255.255/32",
        "::/128", "::1/128", "64:ff9b::/96", "64:ff9b:1::/48", "100::/64",
        "2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20", "fc00::/7",
        "fe80::/10", "fec0::/10", "ff00::/8", "2001:20::/28", "2001:30::/28",
        "2001:3::/32", "2001:4:112::/48", "4000::/3", "fe00::/9"))
    net = ipaddress.ip_network(text)
    number = int(random.choice((net[0], net[-1]))) + random.randint(-2, 2)
    top = 2 ** net.max_prefixlen
    return type(net[0])(number % top)


def ip():
    if random.random() < 0.3:
        return edge()
    if random.random() < 0.5:
        return ipaddress.IPv4Address(random.getrandbits(32))
    bits = random.getrandbits(128)
    if random.random() < 0.5:
        bits &= random.getrandbits(128) & random.getrandbits(128)
    found = ipaddress.IPv6Address(bits >> random.choice((0, 0, 64, 100)))
    return found if found.ipv4_mapped is None else ip()


def network(family=None):
    while True:
        it = ip()
        if family in (None, it.version):
            break
    bits = random.randint(0, it.max_prefixlen)
    return ipaddress.ip_network((it, bits), strict=False)


def kinds_of(it):
    """As bits of pier, or None where this Python has older registries."""
    if any(it in net for net in MOVED if net.version == it.version):
        return None
    v4 = it.version == 4
    shared = v4 and it in ipaddress.ip_network("100.64.0.0/10")
    examples = ("192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24",
                "2001:db8::/32", "3fff::/20")
    held = {
        "unspecified": it.is_unspecified,
        "loopback": it.is_loopback,
        "link_local": it.is_link_local,
        "site_local": not v4 and it.is_site_local,
        "multicast": it.is_multicast,
        "broadcast": str(it) == "255.255.255.255",
        "private": it.is_private,
        "shared": shared,
        "global": it.is_global,
        "reserved": it.is_reserved,
        "documentation": any(it in n for n in map(ipaddress.ip_network, examples)
                             if n.version == it.version),
    }
    return sum(1 << i for i, name in enumerate(KINDS) if held[name])


def check_forms():
    every = [ip() for _ in range(EACH)]
    wrong = []
    for it, answer in zip(every, ask([f"forms {it}" for it in every])):
        number = str(int(it))
        right = [str(it), it.exploded, it.packed.hex(), number, number,
                 f"::ffff:{it}" if it.version == 4 else "-",
                 it.reverse_pointer, str(it)]
        if answer[:8] != right:
            wrong.append(f"{it}: {answer[:8]}, not {right}")
        kinds = kinds_of(it)
        if kinds is not None and int(answer[8]) != kinds:
            wrong.append(f"{it}: kinds {int(answer[8]):b}, not {kinds:b}")
    return wrong


def check_forms_back():
    questions, right = [], []
    for it in (ip() for _ in range(EACH)):
        number = INTEGER if it.version == 4 or int(it) >> 32 else INTEGER6
        for form, text in (
            (PLAIN, str(it)), (EXPLODED, it.exploded),
            (PACKED, it.packed.hex()), (number, str(int(it))),
            (number, hex(int(it))), (POINTER, it.reverse_pointer),
            (POINTER, it.reverse_pointer.upper() + "."),
        ):
            questions.append(f"form {form} {text}")
            right.append([str(it)])
    return compare(questions, right)


def check_classic():
    """Every text that inet_aton takes, and what it makes of it."""

    def part(limit):
        value = random.randrange(random.choice((limit, limit + limit // 4)))
        return random.choice((f"{value}", f"0{value:o}", f"0x{value:x}",
                              f"0X{value:X}", f"{value:03}", "0x", ""))

    questions, right = [], []
    for _ in range(EACH):
        count = random.randint(1, 5)
        parts = [part(256) for _ in range(count - 1)]
        text = ".".join(parts + [part(1 << 8 * max(5 - count, 1))])
        try:
            found = [socket.inet_ntoa(socket.inet_aton(text))]
        except OSError:
            found = ["-22"]
        questions.append(f"form {CLASSIC} {text}")
        right.append(found)
    return compare(questions, right)


def check_damage():
    """A character too many, too few or other: Python says whether it is an
    address still."""
    questions, right = [], []
    for it in (ip() for _ in range(EACH)):
        chars = list(str(it))
        at = random.randrange(len(chars))
        chars[at:at + random.randrange(2)] = random.choice("0129af:.x/ g")
        text = "".join(chars).strip()
        if not text or " " in text:
            continue
        try:
            found = ipaddress.ip_address(text)
            found = getattr(found, "ipv4_mapped", None) or found
            found = [str(found)]
        except ValueError:
            found = ["-22"]
        questions.append(f"form {PLAIN} {text}")
        right.append(found)
    return compare(questions, right)


def check_add():
    questions, right = [], []
    for it in (ip() for _ in range(EACH)):
        n = random.choice((1, -1, random.randint(-300, 300),
                           random.randint(-2**63, 2**63 - 1)))
        try:
            found = it + n
            mapped = getattr(found, "ipv4_mapped", None)
            if mapped is not None:
                continue
            found = [str(found)]
        except ipaddress.AddressValueError:
            found = ["-34"]
        questions.append(f"add {it} {n}")
        right.append(found)
    return compare(questions, right)


def check_networks():
    questions, right = [], []
    for net in (network() for _ in range(EACH)):
        # pier's text for that is the IPv4 address.
        if getattr(net[-1], "ipv4_mapped", None) is not None:
            continue
        texts = [str(net)]
        if net.version == 4:
            texts.append(f"{net[0]}/{net.netmask}")
            # Of all 32 bits the one mask is the other's opposite.
            if 0 < net.prefixlen < 32:
                texts.append(f"{net[0]}/{net.hostmask}")
        for text in texts:
            questions.append(f"net {text}")
            right.append([str(net), str(net.netmask), str(net[-1])])
        host = net[0] + random.randrange(min(net.num_addresses, 2**62))
        if host != net[0]:
            questions.append(f"net {host}/{net.prefixlen}")
            right.append(["-"])
        questions.append(f"of {host} {net.prefixlen}")
        right.append([str(net)])
    return compare(questions, right)


def check_masks():
    questions, right = [], []
    for _ in range(EACH):
        mask = ipaddress.IPv4Address(random.choice((
            random.getrandbits(32), (2**32 - 1) << random.randrange(33)
            & (2**32 - 1) ^ random.choice((0, 0, 1 << random.randrange(32))))))
        try:
            net = ipaddress.ip_network(f"0.0.0.0/{mask}")
            found = [str(net), str(net.netmask), str(net[-1])]
        except ValueError:
            found = ["-"]
        questions.append(f"net 0.0.0.0/{mask}")
        right.append(found)
    return compare(questions, right)


def check_relations():
    questions, right = [], []
    for _ in range(EACH):
        a = network()
        b = network(a.version if random.random() < 0.9 else None)
        if random.random() < 0.5:
            b = a.supernet(new_prefix=random.randint(0, a.prefixlen))
        same = a.version == b.version
        order = (a > b) - (a < b) if same else a.version - b.version
        questions.append(f"pair {a} {b}")
        right.append([str(int(same and a.overlaps(b))),
                      str(int(same and a.subnet_of(b))),
                      str((order > 0) - (order < 0))])
        it = random.choice((b[0], b[-1], ip()))
        questions.append(f"in {it} {a}")
        right.append([str(int(it in a))])
    return compare(questions, right)


def check_subnets():
    questions, right = [], []
    for net in (network() for _ in range(EACH)):
        bits = random.randint(net.prefixlen,
                              min(net.prefixlen + 8, net.max_prefixlen))
        parts = list(net.subnets(new_prefix=bits))
        for index in {0, -1, len(parts) - 1, len(parts), -len(parts),
                      -len(parts) - 1, random.randrange(len(parts))}:
            questions.append(f"subnet {net} {bits} {index}")
            try:
                right.append([str(parts[index])])
            except IndexError:
                right.append(["-34"])
    return compare(questions, right)


def check_ranges():
    questions, right = [], []
    for _ in range(EACH):
        a = ip()
        n = random.choice((0, 1, 5, 255, 256, random.randrange(2**20),
                           random.randrange(2**a.max_prefixlen)))
        b = type(a)(min(int(a) + n, 2**a.max_prefixlen - 1))
        # Inside ::ffff:0:0/96 pier's addresses are those of IPv4.
        if getattr(b, "ipv4_mapped", None) is not None:
            continue
        questions.append(f"range {a} {b}")
        right.append([str(n) for n in ipaddress.summarize_address_range(a, b)])
        if a != b:
            questions.append(f"range {b} {a}")
            right.append(["-22"])
    return compare(questions, right)


def check_merges():
    questions, right = [], []
    for _ in range(EACH // 3):
        base = network()
        bits = base.max_prefixlen - base.prefixlen
        nets = [base]
        for _ in range(random.randrange(16)):
            more = random.randint(0, min(bits, 5))
            parts = list(base.subnets(prefixlen_diff=more))
            nets.append(random.choice(parts))
        if random.random() < 0.5:
            del nets[0]
        if not nets:
            continue
        questions.append("merge " + " ".join(map(str, nets)))
        right.append([str(n) for n in ipaddress.collapse_addresses(nets)])
    return compare(questions, right)


CASES = {
    "each form is written as Python writes it, and the kinds are the same":
        check_forms,
    "each form is read as the same address": check_forms_back,
    "classic forms are read as by inet_aton": check_classic,
    "damaged text is told as by ipaddress": check_damage,
    "addresses further on and back": check_add,
    "networks as text, with their masks and last addresses": check_networks,
    "masks with a gap are none": check_masks,
    "which network holds which": check_relations,
    "subnets from both ends": check_subnets,
    "ranges as networks": check_ranges,
    "networks merged": check_merges,
}

failed = 0
print(f"1..{len(CASES)}")
for number, (name, check) in enumerate(CASES.items(), 1):
    wrong = check()
    failed += bool(wrong)
    print(f"{'not ok' if wrong else 'ok'} {number} - {name}")
    for line in wrong[:5]:
        print(f"# {line}")
sys.exit(failed != 0)
