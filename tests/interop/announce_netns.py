#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What pier_announce_next() tells is found by avahi-browse and python3-zeroconf
at the other end of a cable; names are settled with avahi and among pier's own;
beside avahi-daemon on the same host; on cables that come and go; and every packet
is one that tshark can read. systemd-resolved: resolved_netns.py."""

import os
import re
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "cli"))

import cable  # noqa: E402 (found by the line above)
import lan_programs  # noqa: E402
import tap  # noqa: E402
from lan_programs import (  # noqa: E402
    LIMIT, TYPE, Announce, Find, Lines, browse, capture, hardware_of, resolved,
    scratch, shown,
)
from tap import equal  # noqa: E402

NAME = "K\u00fcche. 2 \"x\""


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
            # To zeroconf 0.147 what is empty is what has no value.
            equal(zero.until("^added").replace("b''", "None"),
                  "added Zero. One._pier._tcp.local. nearby.local. 4711 "
                  "['10.77.1.1'] "
                  "[(b'Flag', None), (b'a', b'b'), (b'empty', None)]")
            announce.end()
        equal(zero.until("^removed"), "removed Zero. One._pier._tcp.local.")


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


# One question of the old kind, from another port, to the group; with a third word
# the answer is not waited for.
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
if len(sys.argv) > 3:
    sys.exit()
who = None
while who is None or who[0] != sys.argv[2]:
    answer, who = sock.recvfrom(9000)
print(answer[:2].hex(), who[0], who[1])
"""


def counted(far, *names):
    """Of what the kernel of that end counts, by the names of its tables."""
    numbers = {}
    with open(f"/proc/{far.inside}/net/snmp", encoding="ascii") as file:
        rows = [line.split() for line in file]
    for head, row in zip(rows[::2], rows[1::2]):
        numbers.update((head[0] + name, int(value))
                       for name, value in zip(head[1:], row[1:]))
    with open(f"/proc/{far.inside}/net/snmp6", encoding="ascii") as file:
        numbers.update((name, int(value)) for name, value in map(str.split, file))
    return [numbers[name] for name in names]


def ask_old(far, *words):
    return far.start(sys.executable, "-c", LEGACY, far.address, "10.77.1.1",
                     *words, stdout=subprocess.PIPE)


def test_hosts_that_do_not_listen_are_unharmed():
    """Nobody hears multicast DNS there, and nothing comes back of it but what the
    kernel says where an answer finds nobody who asked: which harms nobody here."""
    unreachable = ("Icmp:OutDestUnreachs", "Udp:NoPorts",
                   "Icmp6OutDestUnreachs", "Udp6NoPorts")
    with scratch() as folder, cable.Host(folder, ip6=True) as far:
        before = counted(far, *unreachable)
        came = counted(far, "Ip:InReceives", "Ip6InReceives")
        with Announce("Loud", TYPE, "1", "--host=nearby") as announce, \
                Find(TYPE) as find:
            announce.until_told()
            announce.until_told()
            find.until("added", "Loud")
            now = counted(far, "Ip:InReceives", "Ip6InReceives")
            # Three probes and a word, at least, by each family.
            assert all(new - old >= 4 for new, old in zip(now, came)), now
            equal(counted(far, *unreachable), before)

            def nobody_was_there():
                ask_old(far, "and go").communicate(timeout=LIMIT)
                return counted(far, unreachable[0])[0] > before[0]

            cable.wait_until(nobody_was_there)
            equal(ask_old(far).communicate(timeout=LIMIT)[0].split(),
                  [b"1234", b"10.77.1.1", b"5353"])
            announce.end()
            find.until("removed", "Loud")
            stats = find.end()
            equal((stats["unsent"], stats["bad"]), (0, 0))


def test_every_packet_can_be_read():
    """Probes, a conflict, tellings, answers of both kinds, goodbyes: tshark
    dissects all, and none leaves the link."""
    with scratch() as folder, cable.Host(folder, ip6=True) as far:
        far.start_avahi()
        far.start("avahi-publish", "-f", "-s", NAME, TYPE, "1")
        cable.wait_until(lambda: NAME in {it[1] for it in resolved(far)})
        file = f"{folder}/near.pcap"
        shark = capture(file)
        with Announce(NAME, TYPE, "8080", "--subtype=_color",
                      "a=" + "x" * 200, "b=" + "y" * 200) as announce:
            equal(announce.until_told(), NAME + " (2)")
            cable.wait_until(lambda: NAME + " (2)" in
                           {it[1] for it in resolved(far)})
            asked = ask_old(far)
            equal(asked.communicate(timeout=LIMIT)[0].split(),
                  [b"1234", b"10.77.1.1", b"5353"])
            announce.end()
        own = "eth.src == " + hardware_of("near") + " && "
        bye = own + "dns.resp.ttl == 0"
        cable.wait_until(lambda: shown(file, bye))
        shark.terminate()
        shark.wait()
        equal(shown(file, "_ws.malformed || _ws.expert.severity >= error"), [])
        for kind in ("dns.flags.response == 0 && dns.count.auth_rr > 0",
                     "dns.flags.response == 1 && dns.count.answers > 4",
                     "dns.flags.response == 1 && udp.dstport != 5353 && "
                     "dns.id == 0x1234 && dns.count.queries == 1",
                     "dns.resp.ttl == 0"):
            assert shown(file, own + kind), kind
        equal(shown(file, own + "!(ip.ttl == 255 || ipv6.hlim == 255)"), [])


if __name__ == "__main__":
    lan_programs.enter("PIER_ANNOUNCE_NAMESPACE", "avahi-daemon",
                       "avahi-publish", "avahi-browse", "avahi-resolve",
                       "dbus-daemon")
    tap.main(globals())
