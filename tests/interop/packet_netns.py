#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A reply leaves from the address and by the link that were asked, also when
that was a broadcast or a multicast: two network namespaces and a cable.

packet_netns.py PROGRAM: PROGRAM is tests/interop/packet.c. It serves in one
namespace, with two addresses on the cable; this script asks from the other.
"""

import os
import shutil
import socket
import subprocess
import sys

PORT = 7007
ASKER = "10.9.0.9"


def missing():
    for tool in ("ip", "nsenter", "unshare"):
        if shutil.which(tool) is None:
            return f"no {tool} here"
    if os.geteuid() != 0:
        return "needs root for a network namespace"
    if subprocess.run(["unshare", "-n", "true"], check=False).returncode:
        return "cannot make a network namespace"
    return None


def run(*command):
    subprocess.run(command, check=True)


def ask4(to, device=None):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asker:
        asker.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
        if device:
            asker.setsockopt(
                socket.SOL_SOCKET, socket.SO_BINDTODEVICE, device.encode()
            )
        asker.settimeout(3)
        asker.sendto(b"who?", (to, PORT))
        text, sender = asker.recvfrom(200)
        return sender[0], text.decode()


def ask6(to):
    index = socket.if_nametoindex("near")
    with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as asker:
        asker.settimeout(3)
        asker.sendto(b"who?", (to, PORT, 0, index))
        text, sender = asker.recvfrom(200)
        return sender[0].split("%")[0], text.decode()


def link_local(pid):
    said = subprocess.run(
        ["nsenter", "-t", str(pid), "-n", "ip", "-6", "-o", "addr"]
        + ["show", "dev", "far", "scope", "link"],
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    ).stdout
    return said.split()[3].split("/")[0]


def cable(pid):
    """near is here, far is in the server's namespace."""

    def there(*command):
        run("nsenter", "-t", str(pid), "-n", *command)

    run("ip", "link", "set", "lo", "up")
    run(
        *("ip link add near type veth peer name far netns".split()),
        str(pid),
    )
    # Link-local addresses at once, not after a second of doubt.
    for prefix, link in (([], "near"), (["far"], "far")):
        path = f"/proc/sys/net/ipv6/conf/{link}/accept_dad"
        command = ["sh", "-c", f"echo 0 > {path}"]
        if prefix:
            there(*command)
        else:
            run(*command)
    run(*f"ip addr add {ASKER}/24 brd + dev near".split())
    run("ip", "link", "set", "near", "up")
    there("ip", "link", "set", "lo", "up")
    there(*"ip addr add 10.9.0.1/24 brd + dev far".split())
    there(*"ip addr add 10.9.0.3/24 brd + dev far".split())
    there("ip", "link", "set", "far", "up")


def cases(pid):
    own = link_local(pid)
    yield "asked by its first address", lambda: ask4("10.9.0.1"), (
        "10.9.0.1",
        "10.9.0.1 by far",
    )
    yield "asked by its second address", lambda: ask4("10.9.0.3"), (
        "10.9.0.3",
        "10.9.0.3 by far",
    )
    yield "asked by the network's broadcast", lambda: ask4("10.9.0.255"), (
        "10.9.0.1",
        "10.9.0.1 by far",
    )
    yield "asked by the broadcast to all", lambda: ask4(
        "255.255.255.255", "near"
    ), ("10.9.0.1", "10.9.0.1 by far")
    yield "asked by its link-local address", lambda: ask6(own), (
        own,
        f"{own}%far by far",
    )
    yield "asked by the multicast to all nodes", lambda: ask6("ff02::1"), (
        own,
        "(none) by far",
    )


def inside(program):
    # The server's namespace lives as long as the server.
    server = subprocess.Popen(
        ["unshare", "-n", "sh", "-c"]
        + [f"echo there; read go; exec {program} udp://:{PORT}"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    bad = 0
    with server:
        server.stdout.readline()
        cable(server.pid)
        server.stdin.write("go\n")
        server.stdin.flush()
        if server.stdout.readline() != "ready\n":
            return 1
        print("1..6")
        for number, (text, ask, expected) in enumerate(cases(server.pid), 1):
            try:
                found = ask()
            except OSError as error:
                found = str(error)
            good = found == expected
            bad += not good
            print(f"{'' if good else 'not '}ok {number} - {text}")
            if not good:
                print(f"# {found}, not {expected}")
        server.stdin.close()
    return 1 if bad or server.returncode else 0


def main():
    if len(sys.argv) == 3 and sys.argv[1] == "--inside":
        return inside(sys.argv[2])
    reason = missing()
    if reason:
        print(f"1..0 # SKIP {reason}")
        return 0
    return subprocess.run(
        ["unshare", "-n", sys.executable, os.path.abspath(__file__)]
        + ["--inside", os.path.abspath(sys.argv[1])],
        check=False,
    ).returncode


if __name__ == "__main__":
    sys.exit(main())
