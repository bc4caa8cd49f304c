#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Broadcast and multicast between real hosts: four network namespaces, of which
three share a bridge and one has a cable of its own to the first.

    b (10.9.1.2) --+
                   +-- lan (10.9.1.1) a side (10.9.2.1) ---- d (10.9.2.4)
    c (10.9.1.3) --+

many_netns.py PROGRAM: PROGRAM is tests/interop/many.c. Its peers are sockets of
Python, in whichever namespace. A host that does not listen is unharmed: it
sends no ICMP, and its counters say that it passed the message over.
"""

import contextlib
import ctypes
import os
import re
import shutil
import socket
import struct
import subprocess
import sys

CLONE_NEWNET = 0x40000000
PORT = 7009
GROUP = "239.9.1.2"
GROUP6 = "ff02::9:12"
PATIENCE = 10
LIBC = ctypes.CDLL(None, use_errno=True)


def missing():
    for tool in ("ip", "nsenter", "unshare"):
        if shutil.which(tool) is None:
            return f"no {tool} here"
    if os.geteuid() != 0:
        return "needs root for network namespaces"
    if subprocess.run(["unshare", "-n", "true"], check=False).returncode:
        return "cannot make a network namespace"
    return None


class Host:
    """A namespace, which lives as long as the process that holds it."""

    def __init__(self, here=False):
        self.holder = None
        if here:
            self.pid = os.getpid()
            return
        # pylint: disable=consider-using-with
        self.holder = subprocess.Popen(
            ["unshare", "-n", "sh", "-c", "echo there; read go"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.holder.stdout.readline()
        self.pid = self.holder.pid

    def command(self, *words):
        if self.holder is None:
            return list(words)
        return ["nsenter", "-t", str(self.pid), "-n", *words]

    def run(self, text):
        subprocess.run(self.command(*text.split()), check=True)

    def link(self, name, address):
        path = f"/proc/sys/net/ipv6/conf/{name}/accept_dad"
        subprocess.run(
            self.command("sh", "-c", f"echo 0 > {path}"), check=True
        )
        self.run(f"ip addr add {address}/24 brd + dev {name}")
        self.run(f"ip link set {name} up")

    def socket(self, family=socket.AF_INET):
        """A datagram socket of this namespace."""
        with open("/proc/self/ns/net", encoding="ascii") as own, open(
            f"/proc/{self.pid}/ns/net", encoding="ascii"
        ) as there:
            enter(there)
            try:
                made = socket.socket(family, socket.SOCK_DGRAM)
            finally:
                enter(own)
        made.settimeout(PATIENCE)
        return made

    def count(self, table, name):
        with open(f"/proc/{self.pid}/net/snmp", encoding="ascii") as lines:
            rows = [line.split() for line in lines]
        names, values = [row for row in rows if row[0] == table + ":"]
        return int(values[names.index(name)])

    def end(self):
        if self.holder is not None:
            self.holder.stdin.close()
            self.holder.wait()


def enter(namespace):
    if LIBC.setns(namespace.fileno(), CLONE_NEWNET) != 0:
        raise OSError(ctypes.get_errno(), "setns")


class Net:
    def __init__(self, program):
        self.program = program
        self.a = Host(here=True)
        self.b, self.c, self.d = Host(), Host(), Host()
        self.a.run("ip link set lo up")
        self.a.run("ip link add lan type bridge mcast_snooping 0")
        for name, host in (("b", self.b), ("c", self.c)):
            host.run("ip link set lo up")
            self.a.run(
                f"ip link add to-{name} type veth"
                f" peer name eth0 netns {host.pid}"
            )
            self.a.run(f"ip link set to-{name} master lan up")
        self.d.run("ip link set lo up")
        self.a.run(
            f"ip link add side type veth peer name eth0 netns {self.d.pid}"
        )
        self.a.link("lan", "10.9.1.1")
        self.a.link("side", "10.9.2.1")
        self.b.link("eth0", "10.9.1.2")
        self.c.link("eth0", "10.9.1.3")
        self.d.link("eth0", "10.9.2.4")

    def end(self):
        for host in (self.b, self.c, self.d):
            host.end()

    def ask(self, host, *words):
        """What the program says, its lines sorted."""
        done = subprocess.run(
            host.command(self.program, "ask", *[str(word) for word in words]),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=60,
            check=False,
        )
        return sorted(done.stdout.splitlines())

    @contextlib.contextmanager
    def hearer(self, host, endpoint):
        with subprocess.Popen(
            host.command(self.program, "hear", endpoint),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        ) as process:
            said = process.stdout.readline()
            if said != "ready\n":
                raise AssertionError(said)
            yield process.stdout
            process.stdin.close()


def expect(found, expected):
    if found != expected:
        raise AssertionError(f"{found!r}, not {expected!r}")


def bound(host, text=""):
    receiver = host.socket()
    receiver.bind((text, PORT))
    return receiver


def answered(receiver, text):
    """It hears text, and answers; who asked."""
    data, asker = receiver.recvfrom(100)
    expect(data.decode(), text)
    receiver.sendto(b"I hear", asker)
    return asker[0]


def broadcast_everywhere(net):
    """Every link has it, from this host's address there."""
    with bound(net.b) as b, bound(net.d) as d:
        asking = subprocess.Popen(
            net.a.command(net.program, "ask", f"udp://<broadcast>:{PORT}")
            + ["all", "2"],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        with asking:
            expect(answered(b, "all"), "10.9.1.1")
            expect(answered(d, "all"), "10.9.2.1")
            said = sorted(asking.stdout.read().splitlines())
        expect(said, ["10.9.1.2: I hear", "10.9.2.4: I hear"])


def unharmed(net):
    """c has nobody at the port."""
    icmp = net.c.count("Icmp", "OutDestUnreachs")
    passed = net.c.count("Udp", "IgnoredMulti")
    refused = net.c.count("Udp", "NoPorts")
    with bound(net.b) as b:
        net.ask(net.a, f"udp://<broadcast>:{PORT}", "psst", 0)
        net.ask(net.a, f"udp://lan.broadcast:{PORT}", "psst", 0)
        for _ in range(2):
            expect(b.recv(100), b"psst")
    expect(net.c.count("Udp", "IgnoredMulti") - passed, 2)
    expect(net.c.count("Udp", "NoPorts") - refused, 0)
    expect(net.c.count("Icmp", "OutDestUnreachs") - icmp, 0)


def broadcast_on_one_link(net):
    """lan.broadcast does not reach d."""
    with bound(net.b) as b, bound(net.d) as d:
        net.ask(net.a, f"udp://lan.broadcast:{PORT}", "lan only", 0)
        net.ask(net.a, f"udp://<broadcast>:{PORT}", "everywhere", 0)
        expect(b.recv(100), b"lan only")
        expect(b.recv(100), b"everywhere")
        expect(d.recv(100), b"everywhere")


def broadcast_by_address(net):
    """The address of everybody on a link, written out, has many answers."""
    endpoint = f"udp://10.9.1.255:{PORT}?broadcast=1"
    with bound(net.b) as b, bound(net.c) as c:
        asking = subprocess.Popen(
            net.a.command(net.program, "ask", endpoint, "by address", "2"),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        with asking:
            for host in (b, c):
                expect(answered(host, "by address"), "10.9.1.1")
            said = sorted(asking.stdout.read().splitlines())
        expect(said, ["10.9.1.2: I hear", "10.9.1.3: I hear"])


def hears_broadcast(net):
    """Who is asked by a broadcast knows it, and answers from its address."""
    with net.hearer(net.a, f"udp4://:{PORT}") as heard:
        for to, told in (
            ("10.9.1.255", "10.9.1.255"),
            ("255.255.255.255", "255.255.255.255"),
            ("10.9.1.1", "-"),
        ):
            with net.b.socket() as asker:
                asker.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
                asker.setsockopt(
                    socket.SOL_SOCKET, socket.SO_BINDTODEVICE, b"eth0"
                )
                asker.setsockopt(socket.IPPROTO_IP, socket.IP_TOS, 0x28)
                asker.sendto(b"who", (to, PORT))
                data, sender = asker.recvfrom(100)
                expect((data, sender), (b"heard", ("10.9.1.1", PORT)))
            expect(
                heard.readline(),
                f"who from 10.9.1.2 local 10.9.1.1 to {told} by lan"
                " ttl 64 tos 40 now\n",
            )


def bound_to_broadcast(net):
    """Bound to the broadcast address of a link, it hears that alone."""
    with net.hearer(net.a, f"udp://lan.broadcast:{PORT}") as heard:
        with net.b.socket() as asker:
            asker.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
            asker.sendto(b"alone", ("10.9.1.1", PORT))
            asker.sendto(b"all", ("10.9.1.255", PORT))
            expect(asker.recvfrom(100)[1], ("10.9.1.1", PORT))
        expect(
            heard.readline(),
            "all from 10.9.1.2 local 10.9.1.1 to 10.9.1.255 by lan"
            " ttl 64 tos 0 now\n",
        )


def to_group(host, link, text, source=None):
    with host.socket() as asker:
        if source:
            asker.bind((source, 0))
        index = index_of(host, link)
        asker.setsockopt(
            socket.IPPROTO_IP,
            socket.IP_MULTICAST_IF,
            struct.pack("=4s4si", bytes(4), bytes(4), index),
        )
        asker.sendto(text.encode(), (GROUP, PORT))


def index_of(host, link):
    if host.holder is None:
        return socket.if_nametoindex(link)
    return int(
        subprocess.run(
            host.command("ip", "-o", "link", "show", "dev", link),
            stdout=subprocess.PIPE,
            text=True,
            check=True,
        ).stdout.split(":")[0]
    )


def hears_group(net):
    """Joined on one link, it does not hear the other."""
    with net.hearer(net.a, f"udp://{GROUP}:{PORT}?join=lan") as heard:
        to_group(net.d, "eth0", "by side")
        to_group(net.b, "eth0", "by lan")
        expect(
            heard.readline(),
            f"by lan from 10.9.1.2 local 10.9.1.1 to {GROUP} by lan"
            " ttl 1 tos 0 now\n",
        )


def hears_group_everywhere(net):
    for endpoint in ("join=lan&join=side", "join=*"):
        with net.hearer(net.a, f"udp://{GROUP}:{PORT}?{endpoint}") as heard:
            to_group(net.d, "eth0", "by side")
            expect(heard.readline().split(" ttl")[0].split(" by ")[-1], "side")
            to_group(net.b, "eth0", "by lan")
            expect(heard.readline().split(" ttl")[0].split(" by ")[-1], "lan")


def source_specific(net):
    endpoint = f"udp://{GROUP}:{PORT}?join=lan&source=10.9.1.3"
    with net.hearer(net.a, endpoint) as heard:
        to_group(net.b, "eth0", "of b")
        to_group(net.c, "eth0", "of c")
        expect(heard.readline().split(" local")[0], "of c from 10.9.1.3")


def member(host, family=socket.AF_INET):
    """Python's own member of the group, by eth0."""
    receiver = host.socket(family)
    index = index_of(host, "eth0")
    if family == socket.AF_INET:
        receiver.setsockopt(socket.IPPROTO_IP, 12, 1)  # IP_RECVTTL
        receiver.setsockopt(socket.IPPROTO_IP, 13, 1)  # IP_RECVTOS
        receiver.bind(("", PORT))
        receiver.setsockopt(
            socket.IPPROTO_IP,
            socket.IP_ADD_MEMBERSHIP,
            socket.inet_aton(GROUP) + struct.pack("=4si", bytes(4), index),
        )
    else:
        receiver.bind(("::", PORT))
        receiver.setsockopt(
            socket.IPPROTO_IPV6,
            socket.IPV6_JOIN_GROUP,
            socket.inet_pton(family, GROUP6) + struct.pack("=I", index),
        )
    return receiver


def asks_group(net):
    """By the link that was named, with a TTL and TOS of this message's own."""
    with member(net.b) as b, member(net.d) as d:
        asking = subprocess.Popen(
            [net.program, "ask", f"udp://{GROUP}:{PORT}?join=lan"]
            + ["who", "1", "7", "40"],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        with asking:
            data, extra, _, asker = b.recvmsg(100, 200)
            expect((data, asker[0]), (b"who", "10.9.1.1"))
            got = {kind: value for _, kind, value in extra}
            expect(struct.unpack("=i", got[2])[0], 7)  # IP_TTL
            expect(got[1][0], 40)  # IP_TOS
            b.sendto(b"I", asker)
            expect(asking.stdout.read(), "10.9.1.2: I\n")
        net.ask(net.a, f"udp://{GROUP}:{PORT}?join=*", "everywhere", 0)
        expect(d.recv(100), b"everywhere")
        expect(b.recv(100), b"everywhere")


def groups_of_ip6(net):
    with member(net.b, socket.AF_INET6) as b:
        net.ask(net.a, f"udp://[{GROUP6}%lan]:{PORT}", "zone", 0)
        net.ask(net.a, f"udp://[{GROUP6}]:{PORT}?join=lan", "join", 0)
        net.ask(net.a, f"udp://[{GROUP6}]:{PORT}?join=*", "every", 0)
        for text in (b"zone", b"join", b"every"):
            expect(b.recv(100), text)
    for ending in ("%lan]:{}", "]:{}?join=lan", "]:{}?join=lan&join=side"):
        endpoint = f"udp://[{GROUP6}{ending.format(PORT)}"
        with net.hearer(net.a, endpoint) as heard:
            with net.b.socket(socket.AF_INET6) as asker:
                asker.sendto(
                    b"who", (GROUP6, PORT, 0, index_of(net.b, "eth0"))
                )
                data, sender = asker.recvfrom(100)
                expect(data, b"heard")
                expect(sender[0].startswith("fe80::"), True)
            told = heard.readline()
            expect(
                told[told.index(" local") :],
                f" local - to {GROUP6}%lan by lan ttl 1 tos 0 now\n",
            )


def between_two(net):
    """pier on both sides."""
    with net.hearer(net.b, f"udp://{GROUP}:{PORT}?join=eth0"):
        with net.hearer(net.c, f"udp://{GROUP}:{PORT}?join=eth0"):
            expect(
                net.ask(net.a, f"udp://{GROUP}:{PORT}?join=lan", "who", 2),
                ["10.9.1.2: heard", "10.9.1.3: heard"],
            )


def what_routers_say(net):
    """b forbids a network, and a lets nothing pass that has come its way."""
    net.a.run("ip route add 10.9.9.0/24 via 10.9.1.2")
    net.b.run("ip route add 10.9.2.0/24 via 10.9.1.1")
    net.b.run("ip route add prohibit 10.9.9.0/24")
    for host in (net.a, net.b):
        path = "/proc/sys/net/ipv4/ip_forward"
        subprocess.run(
            host.command("sh", "-c", f"echo 1 > {path}"), check=True
        )
    for host, to, more, said in (
        (
            net.a,
            "10.9.9.1",
            (),
            "10.9.1.2 says: administratively prohibited"
            " (ICMP type 3, code 13)",
        ),
        (
            net.b,
            "10.9.2.4",
            (1, 0),
            "10.9.1.1 says: TTL exceeded on the way"
            " (ICMP type 11, code 0)",
        ),
        (
            net.a,
            "10.9.1.3",
            (),
            "10.9.1.3 says: port unreachable (ICMP type 3, code 3)",
        ),
    ):
        told = net.ask(host, f"udp://{to}:{PORT}", "who", 1, *more)
        expect(len(told), 1)
        expect(
            re.sub(r"^.*?\)(?: after [^:]*)?: ", "", told[0]),
            f"{said}, of a message to {to}:{PORT}",
        )


def refusals(net):
    for endpoint, text in (
        (
            f"udp://eth7.broadcast:{PORT}",
            "option: {}: no such device (ENODEV): "
            "eth7: no such interface",
        ),
        (
            f"udp://lo.broadcast:{PORT}",
            "option: {}: no such address on this machine (EADDRNOTAVAIL): "
            "lo has no broadcast address",
        ),
    ):
        expect(net.ask(net.a, endpoint, "x", 0), [text.format(endpoint)])


CASES = (
    ("a broadcast leaves by every link", broadcast_everywhere),
    ("a host that does not listen is unharmed", unharmed),
    ("a broadcast on one link stays there", broadcast_on_one_link),
    ("a broadcast by its address has many answers", broadcast_by_address),
    ("who hears a broadcast knows it, and answers", hears_broadcast),
    ("bound to a broadcast address it hears that", bound_to_broadcast),
    ("a group is heard on the link where it was joined", hears_group),
    ("a group is heard on every link", hears_group_everywhere),
    ("of one source alone", source_specific),
    ("a group is asked by a link, with TTL and TOS", asks_group),
    ("groups of IPv6", groups_of_ip6),
    ("two servers of a group answer one client", between_two),
    ("what routers say of a message is told", what_routers_say),
    ("links that are not there", refusals),
)


def inside(program):
    net = Net(program)
    bad = 0
    print(f"1..{len(CASES)}")
    for number, (text, case) in enumerate(CASES, 1):
        try:
            case(net)
            print(f"ok {number} - {text}")
        except (AssertionError, OSError) as error:
            bad += 1
            print(f"not ok {number} - {text}\n# {error}")
    net.end()
    return 1 if bad else 0


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
