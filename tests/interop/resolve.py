#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""resolve.py PROGRAM: pier_resolve() through libc's real resolver.

In namespaces of its own, with a hosts file and a name server that this script
plays: names that exist, do not, come late, or are never answered. What Python
makes of the same names by socket.getaddrinfo is the right answer. PROGRAM is
resolve.c. Reports by TAP.
"""

import ctypes
import os
import shutil
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time

A, CNAME, PTR, AAAA = 1, 5, 12, 28
SERVFAIL, NXDOMAIN = 2, 3

HOSTS = """\
127.0.0.1 localhost
::1 localhost
192.0.2.7 many.test alias.test
192.0.2.8 many.test
2001:db8::7 many.test
"""

FILES = {
    "hosts": HOSTS,
    "resolv.conf": "nameserver 127.0.0.1\noptions timeout:30 attempts:1\n",
    "nsswitch.conf": "hosts: files dns\nservices: files\n",
}

ZONE = {
    "both.test": [(AAAA, "2001:db8::1"), (A, "192.0.2.1"), (A, "192.0.2.2")],
    "four.test": [(A, "192.0.2.4")],
    "xn--bcher-kva.test": [(A, "192.0.2.10")],
    "late.test": [(A, "192.0.2.9")],
    "www.test": [(CNAME, "both.test"), (A, "192.0.2.1")],
}


def missing():
    for tool in ("ip", "unshare", "mount"):
        if shutil.which(tool) is None:
            return f"no {tool} here"
    for name in FILES:
        if not os.path.exists(f"/etc/{name}"):
            return f"no /etc/{name} to put another before"
    if os.geteuid() != 0:
        return "needs root for a network namespace"
    if subprocess.run(["unshare", "-nm", "true"], check=False).returncode:
        return "cannot make a network namespace"
    return None


def set_up(folder):
    def run(*command):
        subprocess.run(command, check=True)

    run("ip", "link", "set", "lo", "up")
    run("ip", "addr", "add", "192.0.2.100/24", "dev", "lo")
    run("ip", "addr", "add", "2001:db8::100/64", "dev", "lo", "nodad")
    for name, text in FILES.items():
        path = os.path.join(folder, name)
        with open(path, "w") as file:
            file.write(text)
        run("mount", "--bind", path, f"/etc/{name}")


def name_bytes(name):
    return b"".join(
        bytes([len(part)]) + part.encode() for part in name.split(".")
    ) + b"\0"


def record(owner, kind, value):
    if kind in (CNAME, PTR):
        data = name_bytes(value)
    else:
        family = socket.AF_INET if kind == A else socket.AF_INET6
        data = socket.inet_pton(family, value)
    return name_bytes(owner) + struct.pack("!HHIH", kind, 1, 60, len(data)) + data


def answer(query):
    """The reply to a query, or None where there shall be none."""
    at, parts = 12, []
    while query[at]:
        parts.append(query[at + 1 : at + 1 + query[at]].decode())
        at += query[at] + 1
    name = ".".join(parts)
    (kind,) = struct.unpack("!H", query[at + 1 : at + 3])
    question = query[12 : at + 5]
    if name.startswith("mute"):
        return None
    records, code, owner = [], 0, name
    if name == "fail.test":
        code = SERVFAIL
    elif name not in ZONE:
        code = NXDOMAIN
    for one, value in ZONE.get(name, ()):
        if one in (kind, CNAME):
            records.append(record(owner, one, value))
        if one == CNAME:
            owner = value
    flags = 0x8180 | code
    head = query[:2] + struct.pack("!HHHHH", flags, 1, len(records), 0, 0)
    if name == "late.test":
        time.sleep(0.3)
    return head + question + b"".join(records)


def name_server():
    server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    server.bind(("127.0.0.1", 53))

    def reply(query, peer):
        made = answer(query)
        if made is not None:
            server.sendto(made, peer)

    def serve():
        while True:
            args = server.recvfrom(512)
            threading.Thread(target=reply, args=args, daemon=True).start()

    threading.Thread(target=serve, daemon=True).start()


def ask(program, ms, *questions):
    """Each answer as words, and the seconds that the program ran."""
    begin = time.monotonic()
    done = subprocess.run(
        [program, str(ms), *questions],
        stdout=subprocess.PIPE, check=True, text=True, timeout=30,
    )
    took = time.monotonic() - begin
    return [line.split() for line in done.stdout.splitlines()], took


def by_python(host, port, family):
    found = socket.getaddrinfo(
        host, port, family, socket.SOCK_STREAM, 0, socket.AI_CANONNAME
    )
    texts = []
    for kind, _, _, _, where in found:
        bracket = "[%s]:%d" if kind == socket.AF_INET6 else "%s:%d"
        texts.append(bracket % where[:2])
    return ["0", found[0][3] or "-", *texts]


def check_as_python(program):
    wrong = []
    for host in ("both.test", "four.test", "www.test", "many.test",
                 "alias.test", "localhost"):
        for family, number in ((0, 0), (socket.AF_INET, 4),
                               (socket.AF_INET6, 6)):
            for service, port in (("80", 80), ("domain", 53)):
                ((name, _, *rest),), _ = ask(
                    program, 10000, f"{host},{service},{number}"
                )
                try:
                    right = by_python(host, port, family)
                except socket.gaierror:
                    right = ["PIER_ENONAME"]
                if [name, *rest] != right:
                    wrong.append(f"{host} {family}: {name} {rest}, "
                                 f"not {right}")
    return wrong


def check_codes(program):
    wrong = []
    for host, service, code in (
        ("none.test", "80", "PIER_ENONAME"),
        ("fail.test", "80", "PIER_EAGAINNAME"),
        ("both.test", "no-such-service", "PIER_ENONAME"),
        ("192.0.2.1", "no-such-service", "PIER_ENONAME"),
    ):
        (words,), _ = ask(program, 10000, f"{host},{service},0")
        if words[0] != code:
            wrong.append(f"{host} {service}: {words}, not {code}")
    return wrong


def has_idn():
    try:
        return ctypes.CDLL("libidn2.so.0") is not None
    except OSError:
        return False


def check_international(program):
    """UTF-8 in any locale, where libc finds the library that it needs."""
    (words,), _ = ask(program, 10000, "bücher.test,80,4")
    right = ["0", words[1], words[2], "192.0.2.10:80"]
    return [] if words == right else [f"{words}"]


def check_late(program):
    (words,), _ = ask(program, 10000, "late.test,80,4")
    if words[0] != "0" or not 300 <= int(words[1]) < 10000:
        return [f"{words}"]
    (words,), _ = ask(program, 50, "late.test,80,4")
    return [] if words[0] == "PIER_EDEADLINE" else [f"{words}"]


def check_mute(program):
    """40 names that nobody answers for: 16 are asked, 24 wait, all end."""
    answers, took = ask(program, 200, *(f"mute{i}.test,80,0" for i in range(40)))
    wrong = [f"{words}" for words in answers
             if words[0] != "PIER_EDEADLINE" or not 200 <= int(words[1]) < 20000]
    if len(answers) != 40:
        wrong.append(f"{len(answers)} answers")
    # Sixteen helpers are still inside getaddrinfo: the end waits for none.
    if took > 20:
        wrong.append(f"the program took {took:.1f} s to end")
    return wrong


def check_beside_mute(program):
    answers, _ = ask(program, 3000, "mute.test,80,0", "both.test,80,4")
    codes = [words[0] for words in answers]
    return [] if codes == ["PIER_EDEADLINE", "0"] else [f"{answers}"]


CASES = {
    "names are what Python's getaddrinfo says, in its order": check_as_python,
    "what does not exist, and what fails, have their codes": check_codes,
    "a name in UTF-8 is asked for in ASCII": check_international,
    "a late answer is taken, or given up, by the deadline": check_late,
    "a mute name server holds nobody beyond the deadline": check_mute,
    "nor the names that others answer": check_beside_mute,
}


def main(program):
    name_server()
    failed = 0
    print(f"1..{len(CASES)}")
    for number, (name, check) in enumerate(CASES.items(), 1):
        if check is check_international and not has_idn():
            print(f"ok {number} - {name} # SKIP libc finds no libidn2")
            continue
        wrong = check(program)
        failed += bool(wrong)
        print(f"{'not ok' if wrong else 'ok'} {number} - {name}")
        for line in wrong[:5]:
            print(f"# {line}")
    sys.exit(failed != 0)


if __name__ == "__main__":
    if len(sys.argv) == 3:
        set_up(sys.argv[2])
        main(sys.argv[1])
    why = missing()
    if why is not None:
        print(f"1..0 # SKIP {why}")
        sys.exit(0)
    with tempfile.TemporaryDirectory(prefix="pier-resolve-") as scratch:
        sys.exit(
            subprocess.run(
                ["unshare", "-nm", "--propagation", "private", sys.executable,
                 *sys.argv[:2], scratch],
                check=False,
            ).returncode
        )
