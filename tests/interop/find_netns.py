#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""pier_find_next() against avahi-publish, python3-zeroconf and systemd-resolved
at the other end of a cable; beside avahi-daemon on the same host; and on cables
that come and go."""

import json
import os
import queue
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

# What tests/interop/find.c became.
PROGRAM = sys.argv.pop(1)

LIMIT = 60
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


class Find:
    """The program find, and what it tells."""

    def __init__(self, *words):
        self.process = subprocess.Popen(
            [PROGRAM, *words], stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.events = queue.Queue()
        self.reader = threading.Thread(target=self.read)
        self.reader.start()

    def read(self):
        for line in self.process.stdout:
            self.events.put(json.loads(line))

    def next(self, limit=LIMIT):
        return self.events.get(timeout=limit)

    def until(self, what, instance):
        """That event; others may come before."""
        while True:
            event = self.next()
            if (event["what"], event.get("instance")) == (what, instance):
                return event

    def end(self):
        self.process.stdin.close()
        event = self.next()
        while event["what"] != "stats":
            event = self.next()
        equal(self.process.wait(LIMIT), 0, self.process.stderr.read())
        return event

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
        self.reader.join()
        self.process.stdout.close()
        self.process.stderr.close()
        if not self.process.stdin.closed:
            self.process.stdin.close()


def host(folder, **how):
    return cable.Host(folder, **how)


def scratch():
    return tempfile.TemporaryDirectory(prefix="pier-find-")


def texts(event):
    return {item["key"]: item.get("value") for item in event["texts"]}


def hexed(text):
    return text.encode().hex()


def test_what_avahi_publishes_is_found_changes_and_goes():
    with scratch() as folder, host(folder, ip6=True) as far:
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
    with scratch() as folder, host(folder) as far:
        with Find("pier") as find:
            far.start_avahi()
            far.start("avahi-publish", "-f", "-s", "Late", "_pier._tcp", "1")
            equal(find.next()["instance"], "Late")


def test_a_host_that_vanishes_takes_along_what_was_there():
    with scratch() as folder, host(folder) as far:
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
        with host(folder, near="late", number=9) as far:
            far.start_avahi()
            far.start("avahi-publish", "-f", "-s", "New", "_pier._tcp", "7")
            event = find.until("added", "New")
            equal((event["interface"], event["addrs"]),
                  ("late", ["10.77.9.2:7"]))


def test_what_zeroconf_registers_is_found_changes_and_goes():
    if subprocess.run(["/usr/bin/python3", "-c", "import zeroconf"],
                      stderr=subprocess.DEVNULL, check=False).returncode:
        raise tap.Skip("no python3-zeroconf here")
    with scratch() as folder, host(folder) as far, \
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


DNSSD = """
[Service]
Name=Resolved One
Type=_pier._tcp
Port=1234
TxtText=path=/x
"""

RESOLVED = "/lib/systemd/systemd-resolved"


def test_what_systemd_resolved_offers_is_found():
    if not os.path.exists(RESOLVED):
        raise tap.Skip("no systemd-resolved here; its package would take over "
                       "who resolves names on this machine")
    with scratch() as folder, host(folder) as far:
        conf = far.write("conf", "[Resolve]\nMulticastDNS=yes\nLLMNR=no\n"
                                 "DNSStubListener=no\n")
        one = far.write("dnssd", DNSSD)
        far.there("sh", "-c",
                  f"umask 022; cd /run; mkdir -p systemd/dnssd "
                  f"systemd/resolved.conf.d; "
                  f"cp {conf} systemd/resolved.conf.d/x.conf; "
                  f"cp {one} systemd/dnssd/one.dnssd")
        far.start_bus()
        far.start_for_good(RESOLVED)
        cable.wait_until(lambda: subprocess.run(
            far.inside_of("resolvectl", "mdns", "far", "yes"), check=False,
            stderr=subprocess.DEVNULL).returncode == 0)
        with Find("_pier._tcp") as find:
            event = find.until("added", "Resolved One")
            equal(event["port"], 1234)
            equal(event["addrs"], ["10.77.1.2:1234"])
            equal(texts(event), {"path": hexed("/x")})


SERVICE = """<?xml version="1.0" standalone='no'?>
<!DOCTYPE service-group SYSTEM "avahi-service.dtd">
<service-group><name>{name}</name>
<service><type>_many._tcp</type><port>{port}</port>
<txt-record>number={port}</txt-record></service></service-group>
"""


def test_a_thousand_services_are_found():
    with scratch() as folder, host(folder) as far:
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
    if shutil.which("tshark") is None:
        raise tap.Skip("no tshark here")
    with scratch() as folder, host(folder, ip6=True) as far:
        far.start_avahi()
        far.start("avahi-publish", "-f", "-s", "One", "_pier._tcp", "1")
        file = f"{folder}/near.pcap"
        shark = subprocess.Popen(
            ["tshark", "-i", "near", "-w", file, "-f", "udp port 5353"],
            stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        while b"Capture started" not in shark.stderr.readline():
            pass
        with Find("_pier._tcp") as find, Find("-") as types:
            find.until("added", "One")
            types.next()
            # The second question of each, with what is known.
            cable.wait_until(lambda: len(asked_from_port(file)) >= 2)
            find.end()
            types.end()
        shark.terminate()
        shark.communicate()
        equal(shown(file, "_ws.malformed || _ws.expert.severity >= error"), [])
        own = "dns.flags.response == 0 && eth.src == " + hardware_of("near")
        assert len(shown(file, own)) >= 4
        equal(shown(file, own + " && !(ip.ttl == 255 || ipv6.hlim == 255)"),
              [])


def shown(file, filter_):
    done = subprocess.run(
        ["tshark", "-n", "-r", file, "-Y", filter_], stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL, text=True, check=False)
    return done.stdout.splitlines()


def asked_from_port(file):
    return shown(file, "dns.flags.response == 0 && udp.srcport == 5353 && "
                       "ip.src == 10.77.1.1")


def hardware_of(interface):
    done = subprocess.run(["ip", "-j", "link", "show", interface],
                          stdout=subprocess.PIPE, check=True)
    return json.loads(done.stdout)[0]["address"]


# Asks avahi-daemon there, by unicast and from its own port, so often.
ASK = """
import socket, struct, sys
name = b"".join(bytes([len(x)]) + x for x in (b"pier-near", b"local")) + b"\\0"
sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
sock.settimeout(1)
got = 0
for number in range(1, 21):
    sock.sendto(struct.pack(">6H", number, 0, 1, 0, 0, 0) + name +
                b"\\0\\1\\0\\1", (sys.argv[1], 5353))
    try:
        got += struct.unpack(">H", sock.recv(9000)[:2])[0] == number
    except TimeoutError:
        pass
print(got, flush=True)
"""


def answered(far):
    asked = far.start(sys.executable, "-c", ASK, "10.77.1.1",
                      stdout=subprocess.PIPE)
    out, _ = asked.communicate(timeout=LIMIT)
    return int(out)


def test_the_daemon_beside_keeps_its_unicast():
    """avahi-daemon on this host answers as often while pier looks as before."""
    with scratch() as folder, host(folder) as far:
        near = NearAvahi(folder)
        try:
            cable.wait_until(lambda: answered(far) == 20)
            with Find("_pier._tcp") as find:
                far.start_avahi()
                far.start("avahi-publish", "-f", "-s", "One", "_pier._tcp", "1")
                find.until("added", "One")
                equal(answered(far), 20)
                # And it finds what pier finds.
                cable.wait_until(lambda: "One" in near.browse("_pier._tcp"))
            equal(answered(far), 20)
        finally:
            near.end()


class NearAvahi:
    """avahi-daemon on this host, with a /run of its own."""

    def __init__(self, folder):
        cable.here("mount", "-t", "tmpfs", "none", "/run")
        cable.here("mkdir", "-p", "/run/dbus", "/run/avahi-daemon")
        bus, conf = f"{folder}/bus.here", f"{folder}/avahi.here"
        with open(bus, "w", encoding="ascii") as file:
            file.write(cable.BUS)
        with open(conf, "w", encoding="ascii") as file:
            file.write(cable.AVAHI.format(name="pier-near", interface="near",
                                        ip6="no"))
        self.env = {**os.environ, "DBUS_SYSTEM_BUS_ADDRESS": cable.BUS_ADDRESS}
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL,
                 "env": self.env}
        self.bus = subprocess.Popen(
            ["dbus-daemon", "--config-file", bus, "--nofork", "--nopidfile"],
            **quiet)
        cable.wait_until(lambda: os.path.exists("/run/dbus/system_bus_socket"))
        self.daemon = subprocess.Popen(
            ["avahi-daemon", "-f", conf, "--no-drop-root", "--no-chroot",
             "--no-rlimits"], **quiet)

    def browse(self, kind):
        return subprocess.run(
            ["avahi-browse", "-ptk", kind], stdout=subprocess.PIPE, text=True,
            stderr=subprocess.DEVNULL, env=self.env, check=False).stdout

    def end(self):
        for process in (self.daemon, self.bus):
            process.kill()
            process.wait()
        cable.here("umount", "/run")


if __name__ == "__main__":
    sys.argv.insert(1, PROGRAM)
    cable.enter("PIER_FIND_NAMESPACE", "avahi-daemon", "avahi-publish",
              "avahi-browse", "dbus-daemon")
    sys.argv.pop(1)
    tap.main(globals())
