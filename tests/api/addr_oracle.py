#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""addr_oracle.py PROGRAM: pier's address text against Python's.

Random addresses in every way of writing them, and random damage to each, from
a fixed seed. ipaddress and socket.inet_pton say what each text is; PROGRAM
(addr_oracle.c) says what pier makes of it. Reports by TAP.
"""

import ipaddress
import os
import random
import socket
import subprocess
import sys

# Of each kind; fewer where the machine is emulated (tests/scale.h).
EACH = 200 if os.environ.get("PIER_TEST_SCALE") == "small" else 4000
random.seed(20261120)


def ask(texts):
    """What pier says to each text, split into words."""
    said = subprocess.run(
        [sys.argv[1]],
        input="".join(t + "\n" for t in texts).encode("latin-1"),
        stdout=subprocess.PIPE,
        check=True,
    ).stdout.decode()
    answers = [line.split(" ") for line in said.splitlines()]
    assert len(answers) == len(texts), "an answer for every question"
    return answers


def libc(text):
    """(family, packed) by inet_pton, or None."""
    for family, name in ((socket.AF_INET, "4"), (socket.AF_INET6, "6")):
        try:
            return name, socket.inet_pton(family, text)
        except (OSError, ValueError):
            pass
    return None


def canonical(packed):
    """The text pier shall write, by Python's ipaddress."""
    ip = ipaddress.ip_address(packed)
    mapped = getattr(ip, "ipv4_mapped", None)
    return str(mapped or ip)


def random_ip4():
    return ".".join(str(random.choice((0, 1, 9, 10, 99, 127, 255,
                                       random.randrange(256))))
                    for _ in range(4))


def random_group():
    value = random.choice((0, 0, 0, 1, 0xFFFF, random.randrange(65536)))
    digits = f"{value:x}"
    if random.random() < 0.3:
        digits = digits.rjust(random.randint(1, 4), "0")
    return digits.upper() if random.random() < 0.3 else digits


def random_ip6():
    tail = random.random() < 0.25
    groups = [random_group() for _ in range(6 if tail else 8)]
    if random.random() < 0.2:
        groups[:6] = ["0"] * 5 + ["ffff"]
    if tail:
        groups.append(random_ip4())
    if random.random() < 0.5:
        return ":".join(groups)
    begin = random.randrange(len(groups))
    end = random.randint(begin, len(groups) - (1 if tail else 0))
    return ":".join(groups[:begin]) + "::" + ":".join(groups[end:])


def damage(text):
    """text with one to three small mistakes."""
    chars = list(text)
    for _ in range(random.randint(1, 3)):
        at = random.randrange(len(chars) + 1)
        kind = random.randrange(3)
        if kind == 0 and at < len(chars):
            del chars[at]
        elif kind == 1 and at < len(chars):
            chars[at] = random.choice("0123456789abcfgxX.:")
        else:
            chars.insert(at, random.choice("0129afx.:"))
    return "".join(chars)


def compare(text, answer):
    """None, or what is wrong with pier's answer to an address alone."""
    wanted = libc(text)
    if wanted is None:
        if answer[0].startswith("-"):
            return None
        # One colon more and it is an IPv4 address with its port.
        host, _, port = text.rpartition(":")
        fine = (answer[0] == "4" and port.isdigit() and int(port) < 65536
                and libc(host) is not None and answer[2] == str(int(port)))
        return None if fine else f"takes {text!r} as {answer}"
    family, packed = wanted
    right = [family, packed.hex(), "0", canonical(packed)]
    return None if answer == right else f"{text!r}: {answer}, not {right}"


def check_alone(make):
    texts = [make() for _ in range(EACH)]
    return [compare(t, a) for t, a in zip(texts, ask(texts))]


def check_ports(_):
    cases = []
    for _ in range(EACH):
        text = random.choice((random_ip4, random_ip6))()
        known = libc(text)
        if known is None:
            continue
        port = random.choice((0, 1, 80, 65535, 65536, random.randrange(99999)))
        shown = canonical(known[1])
        if port:
            shown = f"[{shown}]:{port}" if ":" in shown else f"{shown}:{port}"
        asked = f"[{text}]:{port}" if known[0] == "6" else f"{text}:{port}"
        right = [known[0], known[1].hex(), str(port), shown]
        cases.append((asked, ["-22"] if port > 65535 else right))
    answers = ask([asked for asked, _ in cases])
    return [None if answer == right else f"{asked!r}: {answer}, not {right}"
            for (asked, right), answer in zip(cases, answers)]


def check_classic(_):
    """Whatever inet_aton() takes and inet_pton() does not is refused."""
    def part(limit):
        value = random.randrange(limit)
        return random.choice((f"{value}", f"0{value:o}", f"0x{value:x}",
                              f"0X{value:X}", f"{value:03}"))

    texts = []
    for _ in range(EACH):
        count = random.randint(1, 4)
        parts = [part(256) for _ in range(count - 1)]
        texts.append(".".join(parts + [part(1 << 8 * (5 - count))]))
    wrong = []
    for text, answer in zip(texts, ask(texts)):
        try:
            socket.inet_aton(text)
        except OSError:
            continue  # an 8 in octal: not even that
        if libc(text) is None and answer != ["-22"]:
            wrong.append(f"takes {text!r} as {answer}")
    return wrong or [None]


def check_unix(_):
    """Paths and names by percent escapes, against urllib's idea of them."""
    from urllib.parse import quote_from_bytes, unquote_to_bytes

    cases = []
    for _ in range(EACH):
        size = random.randint(1, 106)
        raw = bytes(random.randrange(1, 256) for _ in range(size))
        kind = random.choice((b"/", b"\0"))
        text = quote_from_bytes(raw, safe="")
        cases.append((("/" if kind == b"/" else "@") + text, kind + raw))
    wrong = []
    for (text, raw), answer in zip(cases, ask([t for t, _ in cases])):
        end = b"\0" if raw[0] else b""
        back = unquote_to_bytes(answer[3])
        if answer[1] != (raw + end).hex():
            wrong.append(f"{text!r}: bytes {answer[1]}")
        if back != (b"@" + raw[1:] if raw[0] == 0 else raw):
            wrong.append(f"{text!r}: shown as {answer[3]!r}")
    return wrong or [None]


CASES = {
    "ip4 is read as by inet_pton": (check_alone, random_ip4),
    "ip6 is read as by inet_pton, written as by ipaddress":
        (check_alone, random_ip6),
    "damaged ip4 is told as by inet_pton":
        (check_alone, lambda: damage(random_ip4())),
    "damaged ip6 is told as by inet_pton":
        (check_alone, lambda: damage(random_ip6())),
    "ports": (check_ports, None),
    "classic forms of ip4 are refused": (check_classic, None),
    "escapes in unix paths and names": (check_unix, None),
}

failed = 0
print(f"1..{len(CASES)}")
for number, (name, (check, make)) in enumerate(CASES.items(), 1):
    wrong = [w for w in check(make) if w is not None]
    failed += bool(wrong)
    print(f"{'not ok' if wrong else 'ok'} {number} - {name}")
    for line in wrong[:5]:
        print(f"# {line}")
sys.exit(failed != 0)
