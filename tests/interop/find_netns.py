#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""pier_find_next() against avahi-publish and python3-zeroconf at the other end of
a cable; beside avahi-daemon on the same host; and on cables that come and go.
systemd-resolved: resolved_netns.py."""

import os
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "cli"))

import cable  # noqa: E402 (found by the line above)
import lan_programs  # noqa: E402
import tap  # noqa: E402
from lan_programs import (  # noqa: E402
    ASKED, Find, answered, capture, hardware_of, scratch, shown,
)
from tap import equal  # noqa: E402

MANY = 1000

ZEROCONF = """
import socket, sys
from zeroconf import ServiceInfo, Zeroconf
zc = Zeroconf(interfaces=[sys.argv[1]])
def info(port, text):
    return ServiceInfo("_pier._udp.local.", "Zero One._pier._udp.local.",
        addresses=[socket.inet_aton(sys.argv[1])], port=port,
        properties=text, server="zero.local.")
one = info(4711, {"a": "b", "Empty": "", "flag": None, "raw": bytes([0, 255])})
zc.register_service(one)
print("there", flush=True)
sys.stdin.readline()
zc.update_service(info(4712, {"a": "c"}))
print("changed", flush=True)
sys.stdin.readline()
zc.unregister_service(one)
zc.close()
print("gone", flush=True)
sys.stdin.readline()
"""


def texts(event):
    return {item["key"]: item.get("value") for item in event["texts"]}


def hexed(text):
    return text.encode().hex()


def test_what_avahi_publishes_is_found_changes_and_goes():
    with scratch() as folder, cable.Host(folder, ip6=True) as far:
        far.start_avahi()
        published = far.start(
            "avahi-publish", "-f", "-s", "--subtype=_color._sub._pier._tcp",
            "K\u00fcche. 2 \"x\"", "_pier._tcp", "8080", "a=b=c", "Flag",
            "empty=", "A=second")
        with Find("_pier._tcp") as find, Find("_pier._tcp,_color") as sub, \
                Find("-") as types:
            event = find.next()
            equal(event["what"], "added")
            equal(event["interface"], "near")
            equal(event["instance"], "K\u00fcche. 2 \"x\"")
            equal((event["type"], event["domain"]), ("_pier._tcp", "local"))
            equal((event["host"], event["port"]), ("pier-far.local", 8080))
            equal(texts(event), {"a": hexed("b=c"), "Flag": None, "empty": ""})
            both = event
            while len(both["addrs"]) < 2:
                both = find.next()
            assert "10.77.1.2:8080" in both["addrs"], both
            assert any(addr.startswith("[fe80::") and "%near" in addr
                       for addr in both["addrs"]), both
            equal(sub.next()["instance"], event["instance"])
            event = types.next()
            equal((event["type"], event["instance"]), ("_pier._tcp", ""))
            published.terminate()
            gone = find.until("removed", "K\u00fcche. 2 \"x\"")
            equal(gone["reason"], "goodbye")
            equal(find.end()["bad"], 0)


def test_who_looks_first_is_told_later():
    with scratch() as folder, cable.Host(folder) as far:
        with Find("pier") as find:
            far.start_avahi()
            far.start("avahi-publish", "-f", "-s", "Late", "_pier._tcp", "1")
            equal(find.next()["instance"], "Late")


def test_a_host_that_vanishes_takes_along_what_was_there():
    with scratch() as folder, cable.Host(folder) as far:
        far.start_avahi()
        far.start("avahi-publish", "-f", "-s", "One", "_pier._tcp", "1")
        with Find("_pier._tcp") as find:
            find.until("added", "One")
            cable.here("ip", "link", "set", "near", "down")
            equal(find.until("removed", "One")["reason"], "link")
            cable.here("ip", "link", "set", "near", "up")
            find.until("added", "One")
            cable.here("ip", "link", "del", "near")
            equal(find.until("removed", "One")["reason"], "link")


def test_an_interface_that_comes_is_asked():
    with scratch() as folder, Find("_pier._tcp") as find:
        with cable.Host(folder, near="late", number=9) as far:
            far.start_avahi()
            far.start("avahi-publish", "-f", "-s", "New", "_pier._tcp", "7")
            event = find.until("added", "New")
            equal((event["interface"], event["addrs"]),
                  ("late", ["10.77.9.2:7"]))


def test_what_zeroconf_registers_is_found_changes_and_goes():
    if subprocess.run(["/usr/bin/python3", "-c", "import zeroconf"],
                      stderr=subprocess.DEVNULL, check=False).returncode:
        raise tap.Skip("no python3-zeroconf here")
    with scratch() as folder, cable.Host(folder) as far, \
            Find("_pier._udp") as find:
        zero = far.start("/usr/bin/python3", "-c", ZEROCONF, far.address,
                         stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        equal(zero.stdout.readline(), b"there\n")
        event = find.until("added", "Zero One")
        equal((event["host"], event["port"], event["addrs"]),
              ("zero.local", 4711, ["10.77.1.2:4711"]))
        equal(texts(event), {"a": hexed("b"), "Empty": "", "flag": None,
                             "raw": "00ff"})
        zero.stdin.write(b"\n")
        zero.stdin.flush()
        equal(zero.stdout.readline(), b"changed\n")
        while event["port"] != 4712 or texts(event) != {"a": hexed("c")}:
            event = find.until("changed", "Zero One")
        zero.stdin.write(b"\n")
        zero.stdin.flush()
        equal(zero.stdout.readline(), b"gone\n")
        equal(find.until("removed", "Zero One")["reason"], "goodbye")
        zero.stdin.close()
        zero.stdout.close()


SERVICE = """<?xml version="1.0" standalone='no'?>
<!DOCTYPE service-group SYSTEM "avahi-service.dtd">
<service-group><name>{name}</name>
<service><type>_many._tcp</type><port>{port}</port>
<txt-record>number={port}</txt-record></service></service-group>
"""


def test_a_thousand_services_are_found():
    with scratch() as folder, cable.Host(folder) as far:
        for number in range(1, MANY + 1):
            with open(f"{folder}/{number}.service", "w",
                      encoding="ascii") as file:
                file.write(SERVICE.format(name=f"Service {number}",
                                          port=number))
        far.there("mount", "--bind", folder, "/etc/avahi/services")
        far.start_avahi()
        with Find("_many._tcp") as find:
            seen = {}
            while len(seen) < MANY:
                event = find.next()
                assert event["what"] != "removed", event
                seen[event["instance"]] = event["port"]
        equal(seen, {f"Service {number}": number
                     for number in range(1, MANY + 1)})
        # Who comes when all are there asks once, and again for what was lost.
        with Find("_many._tcp") as find:
            seen = set()
            while len(seen) < MANY:
                seen.add(find.next()["instance"])
            stats = find.end()
            equal(stats["bad"], 0)
            # Questions, and what is known already in packets of forty or so: by
            # far not one for each service.
            assert stats["sent"] <= MANY // 8, stats


def test_every_packet_can_be_read():
    """tshark dissects what pier sends: no byte is out of place, and nothing of
    it leaves the link."""
    with scratch() as folder, cable.Host(folder, ip6=True) as far:
        far.start_avahi()
        far.start("avahi-publish", "-f", "-s", "One", "_pier._tcp", "1")
        file = f"{folder}/near.pcap"
        shark = capture(file)
        with Find("_pier._tcp") as find, Find("-") as types:
            find.until("added", "One")
            types.next()
            # The second question of each, with what is known.
            cable.wait_until(lambda: len(asked_from_port(file)) >= 2)
            find.end()
            types.end()
        shark.terminate()
        shark.wait()
        equal(shown(file, "_ws.malformed || _ws.expert.severity >= error"), [])
        own = "dns.flags.response == 0 && eth.src == " + hardware_of("near")
        assert len(shown(file, own)) >= 4
        equal(shown(file, own + " && !(ip.ttl == 255 || ipv6.hlim == 255)"),
              [])


def asked_from_port(file):
    return shown(file, "dns.flags.response == 0 && udp.srcport == 5353 && "
                       "ip.src == 10.77.1.1")


def test_the_daemon_beside_keeps_its_unicast():
    """avahi-daemon on this host answers as often while pier looks as before."""
    with scratch() as folder, cable.Host(folder) as far, \
            cable.Near(folder) as near:
        near.start_avahi(name="pier-near")
        cable.wait_until(lambda: answered(far, 1))
        equal(answered(far), ASKED)
        with Find("_pier._tcp") as find:
            far.start_avahi()
            far.start("avahi-publish", "-f", "-s", "One", "_pier._tcp", "1")
            find.until("added", "One")
            equal(answered(far), ASKED)
            # And it finds what pier finds.
            cable.wait_until(lambda: "One" in near.said(
                "avahi-browse", "-ptk", "_pier._tcp"))
        equal(answered(far), ASKED)


if __name__ == "__main__":
    lan_programs.enter("PIER_FIND_NAMESPACE", "avahi-daemon", "avahi-publish",
                       "avahi-browse", "dbus-daemon")
    tap.main(globals())
