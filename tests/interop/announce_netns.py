#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What pier_announce_next() tells is found by avahi-browse, python3-zeroconf
and systemd-resolved at the other end of a cable; names are settled with avahi
and among pier's own; beside avahi-daemon on the same host; on cables that come
and go; and every packet is one that tshark can read."""

import json
import os
import queue
import re
import shutil
import subprocess
import sys
import tempfile
import threading

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "cli"))

import cable  # noqa: E402 (found by the line above)
import tap  # noqa: E402
from tap import equal  # noqa: E402

# What tests/interop/announce.c became.
PROGRAM = os.path.abspath(sys.argv.pop(1))

LIMIT = 60
TYPE = "_pier._tcp"
NAME = "K\u00fcche. 2 \"x\""


class Lines:
    """A program, and the lines it prints."""

    def __init__(self, process):
        self.process = process
        self.lines = queue.Queue()
        self.past = []
        self.reader = threading.Thread(target=self.read)
        self.reader.start()

    def read(self):
        for line in self.process.stdout:
            self.lines.put(line.decode().rstrip("\n"))

    def next(self):
        line = self.lines.get(timeout=LIMIT)
        self.past.append(line)
        return line

    def until(self, pattern):
        """The line that has it; others may come before."""
        while True:
            line = self.next()
            if re.search(pattern, line):
                return line

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
        self.reader.join()
        self.process.stdout.close()
        if self.process.stdin and not self.process.stdin.closed:
            self.process.stdin.close()


class Announce(Lines):
    """The program announce, here or on a host."""

    def __init__(self, *words, on=None):
        # Not with the host's /proc, by which the library is found.
        there = ["nsenter", "-t", on.inside, "-n", "-u"] if on else []
        super().__init__(subprocess.Popen(
            there + [PROGRAM, *words], stdin=subprocess.PIPE,
            stdout=subprocess.PIPE))

    def until_told(self, interface="near"):
        return self.until(f"^told {interface} ").split(" ", 3)[3]

    def end(self):
        """With a goodbye."""
        self.process.stdin.close()
        equal(self.process.wait(LIMIT), 0)


def scratch():
    return tempfile.TemporaryDirectory(prefix="pier-announce-")


def browse(far, *words):
    """What avahi-browse finds there, as fields."""
    done = subprocess.run(
        far.inside_of("avahi-browse", "-ptk", *words),
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=False)
    return [unescape(line).split(";") for line
            in done.stdout.decode().splitlines()]


def unescape(line):
    """\\195\\188 of avahi-browse are the bytes of one letter; \\. is a dot."""
    return re.sub(rb"\\(\d{3}|\D)", lambda it: bytes([int(it[1])])
                  if it[1].isdigit() else it[1], line.encode()).decode()


def resolved(far, kind=TYPE):
    """Instances with host, address, port and texts, as avahi resolves them."""
    return [(it[2], it[3], it[6], it[7], int(it[8]), it[9])
            for it in browse(far, "-r", kind) if it[0] == "="]


def test_avahi_finds_all_of_it():
    with scratch() as folder, cable.Host(folder, ip6=True) as far:
        far.start_avahi()
        browser = far.start("avahi-browse", "-fpk", TYPE,
                            stdout=subprocess.PIPE)
        with Lines(browser) as seen, \
                Announce(NAME, TYPE, "8080", "--host=nearby",
                         "--alias=www", "--subtype=_color", "a=b=c", "Flag",
                         "empty=") as announce:
            equal(announce.until_told(), NAME)
            equal(len([line for line in announce.past
                       if line.startswith("probed near")]), 6,
                  "three probes by each family")
            seen.until(r"^\+;far;IPv[46];")
            found = resolved(far)
            while {it[0] for it in found} != {"IPv4", "IPv6"}:
                found = resolved(far)
            for family, name, host, address, port, texts in found:
                equal((name, host, port), (NAME, "nearby.local", 8080))
                equal(sorted(re.findall('"([^"]*)"', texts)),
                      ["Flag", "a=b=c", "empty="])
                assert address == "10.77.1.1" or \
                    address.startswith("fe80:"), (family, address)
            equal({it[3] for it in browse(far, f"_color._sub.{TYPE}")},
                  {NAME})
            cable.wait_until(lambda: TYPE in {it[4]
                                              for it in browse(far, "-a")})
            done = subprocess.run(
                far.inside_of("avahi-resolve", "-4n", "nearby.local"),
                stdout=subprocess.PIPE, text=True, check=True)
            equal(done.stdout.split(), ["nearby.local", "10.77.1.1"])
            done = subprocess.run(
                far.inside_of("avahi-resolve", "-4n", "www.local"),
                stdout=subprocess.PIPE, text=True, check=True)
            equal(done.stdout.split()[-1], "10.77.1.1")
            announce.end()
            seen.until("^-;far;IPv[46];")
            seen.until("^-;far;IPv[46];")


ZEROCONF = """
import sys, threading
from zeroconf import IPVersion, ServiceBrowser, ServiceListener, Zeroconf
zc = Zeroconf(interfaces=[sys.argv[1]], ip_version=IPVersion.V4Only)
def say(*words):
    print(*words, flush=True)
class Listener(ServiceListener):
    def add_service(self, zc, kind, name):
        info = zc.get_service_info(kind, name, 10000)
        say("added", name, info.server, info.port,
            sorted(info.parsed_addresses()), sorted(info.properties.items()))
    def update_service(self, zc, kind, name):
        pass
    def remove_service(self, zc, kind, name):
        say("removed", name)
ServiceBrowser(zc, "_pier._tcp.local.", Listener())
say("there")
sys.stdin.readline()
zc.close()
"""


def test_zeroconf_finds_it_and_hears_the_goodbye():
    if subprocess.run(["/usr/bin/python3", "-c", "import zeroconf"],
                      stderr=subprocess.DEVNULL, check=False).returncode:
        raise tap.Skip("no python3-zeroconf here")
    with scratch() as folder, cable.Host(folder) as far, \
            Lines(far.start("/usr/bin/python3", "-c", ZEROCONF, far.address,
                            stdin=subprocess.PIPE,
                            stdout=subprocess.PIPE)) as zero:
        zero.until("^there")
        with Announce("Zero. One", TYPE, "4711", "--host=nearby", "a=b",
                      "Flag", "empty=") as announce:
            equal(zero.until("^added"),
                  "added Zero. One._pier._tcp.local. nearby.local. 4711 "
                  "['10.77.1.1'] "
                  "[(b'Flag', None), (b'a', b'b'), (b'empty', b'')]")
            announce.end()
        equal(zero.until("^removed"), "removed Zero. One._pier._tcp.local.")


RESOLVED = "/lib/systemd/systemd-resolved"


def test_systemd_resolved_finds_it():
    if not os.path.exists(RESOLVED):
        raise tap.Skip("no systemd-resolved here")
    with scratch() as folder, cable.Host(folder) as far:
        conf = far.write("conf", "[Resolve]\nMulticastDNS=yes\nLLMNR=no\n"
                                 "DNSStubListener=no\n")
        far.there("sh", "-c",
                  f"umask 022; mkdir -p /run/systemd/resolved.conf.d; "
                  f"cp {conf} /run/systemd/resolved.conf.d/x.conf")
        far.start_bus()
        far.start_for_good(RESOLVED)
        cable.wait_until(lambda: subprocess.run(
            far.inside_of("resolvectl", "mdns", "far", "yes"), check=False,
            stderr=subprocess.DEVNULL).returncode == 0)
        with Announce("Some Thing", TYPE, "1234", "--host=nearby",
                      "path=/x") as announce:
            announce.until_told()
            wanted = (("query", "-4", "nearby.local", "10.77.1.1"),
                      ("service", "Some Thing", TYPE, "local",
                       "nearby.local:1234"),
                      ("query", "-t", "TXT", f"Some\\032Thing.{TYPE}.local",
                       "path=/x"),
                      ("query", "-t", "PTR", f"{TYPE}.local", "Thing"))
            for *words, part in wanted:
                cable.wait_until(lambda: part in ask_resolved(far, *words))


def ask_resolved(far, *words):
    return subprocess.run(
        far.inside_of("resolvectl", *words), stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT, text=True, check=False).stdout


def test_the_second_of_two_takes_another_name():
    with scratch() as folder, cable.Host(folder) as far, \
            Announce("Same", TYPE, "1", "--host=one") as first:
        equal(first.until_told(), "Same")
        with Announce("Same", TYPE, "2", "--host=two", on=far) as second:
            second.until("^renamed .* Same \\(2\\)$")
            equal(second.until_told("far"), "Same (2)")
            first.end()
        assert not any(line.startswith("renamed") for line in first.past)


def test_two_who_come_at_once_have_two_names():
    with scratch() as folder, cable.Host(folder) as far, \
            Announce("Same", TYPE, "1", "--host=one") as first, \
            Announce("Same", TYPE, "2", "--host=two", on=far) as second:
        names = {first.until_told(), second.until_told("far")}
        equal(names, {"Same", "Same (2)"})


def test_what_avahi_has_is_left_to_it():
    """The instance's name, and the host's."""
    with scratch() as folder, cable.Host(folder) as far:
        far.start_avahi(name="nearby")
        far.start("avahi-publish", "-f", "-s", "Same", TYPE, "1")
        cable.wait_until(lambda: any(it[1:4:2] == ("Same", "10.77.1.2")
                                   for it in resolved(far)))
        with Announce("Same", TYPE, "2", "--host=nearby") as announce:
            equal(announce.until_told(), "Same (2)")
            # Each is told once, before it is told to others.
            equal(sorted(line for line in announce.past
                         if line.startswith(("renamed", "host"))),
                  ["host - all nearby-2.local", "renamed - all Same (2)"])
            cable.wait_until(lambda: {it[1:5] for it in resolved(far)} == {
                ("Same", "nearby.local", "10.77.1.2", 1),
                ("Same (2)", "nearby-2.local", "10.77.1.1", 2)})


def test_what_pier_has_avahi_leaves_to_it():
    with scratch() as folder, cable.Host(folder) as far, \
            Announce("Same", TYPE, "2", "--host=nearby") as announce:
        equal(announce.until_told(), "Same")
        far.start_avahi(name="nearby")
        with Lines(far.start("avahi-publish", "-f", "-s", "Same", TYPE, "1",
                             stdout=subprocess.PIPE,
                             stderr=subprocess.STDOUT)) as published:
            published.until("'Same #2'")
            cable.wait_until(lambda: {it[1:5] for it in resolved(far)} == {
                ("Same", "nearby.local", "10.77.1.1", 2),
                ("Same #2", "nearby-2.local", "10.77.1.2", 1)})
            announce.end()
            assert not any(line.startswith("renamed")
                           for line in announce.past)


def test_beside_avahi_on_the_same_host():
    """Both are one host of one name, and neither gives way: not with addresses
    of both families, and several of them."""
    with scratch() as folder, cable.Host(folder, ip6=True) as far, \
            cable.Host(folder, near="other", number=2) as unused:
        equal(unused.address, "10.77.2.2")
        far.there("ip", "addr", "add", "10.77.9.9/24", "dev", "far")
        far.there("ip", "addr", "add", "fd00::9/64", "dev", "far", "nodad")
        far.start_avahi(name="twin")
        far.start("avahi-publish", "-f", "-s", "Theirs", TYPE, "1")
        cable.wait_until(lambda: "Theirs" in {it[1] for it in resolved(far)})
        with Announce("Ours", TYPE, "2", "--host=twin", on=far) as announce, \
                Announce("Far", TYPE, "3", "--host=nearby") as near:
            near.until_told()
            announce.until_told("far")
            announce.until_told("far")
            cable.wait_until(lambda: {
                (it[1], it[2]) for it in resolved(far)} == {
                    ("Theirs", "twin.local"), ("Ours", "twin.local"),
                    ("Far", "nearby.local")})
            equal(ask_name(far), ["twin.local"])


def ask_name(far):
    """Avahi's own name by now."""
    done = subprocess.run(
        far.inside_of("dbus-send", "--system", "--print-reply=literal",
                      "--dest=org.freedesktop.Avahi", "/",
                      "org.freedesktop.Avahi.Server.GetHostNameFqdn"),
        stdout=subprocess.PIPE, text=True, check=True)
    return done.stdout.split()


def test_each_cable_has_its_own_address():
    """And one that comes later is told, too."""
    with scratch() as folder, \
            Announce("One", TYPE, "7", "--host=nearby") as announce, \
            cable.Host(folder, near="first", number=1) as one:
        announce.until_told("first")
        one.start_avahi()
        with cable.Host(folder, near="second", number=2) as two:
            announce.until_told("second")
            two.start_avahi()
            for far, address in ((one, "10.77.1.1"), (two, "10.77.2.1")):
                cable.wait_until(lambda: {it[1:4] for it in resolved(far)} == {
                    ("One", "nearby.local", address)})
        announce.until("^down (second|-) ")
        cable.wait_until(lambda: {it[3] for it in resolved(one)} ==
                       {"10.77.1.1"})


# One question of the old kind, from another port, to the group.
LEGACY = """
import socket, sys
sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
sock.settimeout(60)
name = b"".join(bytes([len(x)]) + x for x in
                (b"_pier", b"_tcp", b"local")) + b"\\0"
sock.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF,
                socket.inet_aton(sys.argv[1]))
sock.sendto(b"\\x12\\x34" + b"\\0\\0" + b"\\0\\1" + b"\\0" * 6 + name +
            b"\\0\\x0c\\0\\1", ("224.0.0.251", 5353))
who = None
while who is None or who[0] != sys.argv[2]:
    answer, who = sock.recvfrom(9000)
print(answer[:2].hex(), who[0], who[1])
"""


def test_every_packet_can_be_read():
    """Probes, a conflict, tellings, answers of both kinds, goodbyes: tshark
    dissects all, and none leaves the link."""
    if shutil.which("tshark") is None:
        raise tap.Skip("no tshark here")
    with scratch() as folder, cable.Host(folder, ip6=True) as far:
        far.start_avahi()
        far.start("avahi-publish", "-f", "-s", NAME, TYPE, "1")
        cable.wait_until(lambda: NAME in {it[1] for it in resolved(far)})
        file = f"{folder}/near.pcap"
        shark = subprocess.Popen(
            ["tshark", "-i", "near", "-w", file, "-f", "udp port 5353"],
            stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        while b"Capture started" not in shark.stderr.readline():
            pass
        with Announce(NAME, TYPE, "8080", "--subtype=_color",
                      "a=" + "x" * 200, "b=" + "y" * 200) as announce:
            equal(announce.until_told(), NAME + " (2)")
            cable.wait_until(lambda: NAME + " (2)" in
                           {it[1] for it in resolved(far)})
            asked = far.start(sys.executable, "-c", LEGACY, far.address,
                              "10.77.1.1", stdout=subprocess.PIPE)
            equal(asked.communicate(timeout=LIMIT)[0].split(),
                  [b"1234", b"10.77.1.1", b"5353"])
            announce.end()
        own = "eth.src == " + hardware_of("near") + " && "
        bye = own + "dns.resp.ttl == 0"
        cable.wait_until(lambda: shown(file, bye))
        shark.terminate()
        shark.communicate()
        equal(shown(file, "_ws.malformed || _ws.expert.severity >= error"), [])
        for kind in ("dns.flags.response == 0 && dns.count.auth_rr > 0",
                     "dns.flags.response == 1 && dns.count.answers > 4",
                     "dns.flags.response == 1 && udp.dstport != 5353 && "
                     "dns.id == 0x1234 && dns.count.queries == 1",
                     "dns.resp.ttl == 0"):
            assert shown(file, own + kind), kind
        equal(shown(file, own + "!(ip.ttl == 255 || ipv6.hlim == 255)"), [])


def shown(file, filter_):
    done = subprocess.run(
        ["tshark", "-n", "-r", file, "-Y", filter_], stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL, text=True, check=False)
    return done.stdout.splitlines()


def hardware_of(interface):
    done = subprocess.run(["ip", "-j", "link", "show", interface],
                          stdout=subprocess.PIPE, check=True)
    return json.loads(done.stdout)[0]["address"]


if __name__ == "__main__":
    sys.argv.insert(1, PROGRAM)
    cable.enter("PIER_ANNOUNCE_NAMESPACE", "avahi-daemon", "avahi-publish",
              "avahi-browse", "avahi-resolve", "dbus-daemon")
    sys.argv.pop(1)
    tap.main(globals())
