#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""systemd-resolved with multicast DNS: at the other end of a cable it resolves what
pier_announce_next() tells, and pier_find_next() finds what it offers; on the same
host, beside pier at the same port, each finds what the other end has, neither takes
the other's name, and resolved's answers stay its own.

To a program of its own host resolved gives no answer, and takes none: it passes
over every packet from an address of this host. So the two are shown to each other
across the cable, and beside each other by what each has of the other end.

Its package would take over who resolves the names of this machine. Where it is not
installed it is unpacked below the build folder (fetched.py), and runs in mount and
network namespaces, with a bus of its own.
"""

import os
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "cli"))

import cable  # noqa: E402 (found by the line above)
import fetched  # noqa: E402
import lan_programs  # noqa: E402
import tap  # noqa: E402
from lan_programs import (  # noqa: E402
    ASKED, TYPE, Announce, Find, answered, scratch,
)
from tap import equal  # noqa: E402

# Debian 12 has it in /lib, which later is no more in packages.
DAEMONS = ("usr/lib/systemd/systemd-resolved", "lib/systemd/systemd-resolved")
CONTROL = "usr/bin/resolvectl"
# The daemon, and what of its libraries may be missing.
PACKAGES = ("systemd-resolved", "libsystemd-shared", "libip4tc2")
LIBRARIES = "usr/lib/x86_64-linux-gnu"

CONF = """
[Resolve]
MulticastDNS=yes
LLMNR=no
DNSStubListener=no
"""

TELLINGS = 3  # of pier_announce_next(), within 3 s

OFFER = """
[Service]
Name=Resolved One
Type=_pier._tcp
Port=1234
TxtText=path=/x
"""


def daemon_in(root):
    """Its path there; None: it has none."""
    found = [path for name in DAEMONS
             if os.path.exists(path := os.path.join(root, name))]
    return found[0] if found else None


def is_installed():
    return daemon_in("/") is not None and os.path.exists("/" + CONTROL)


def programs():
    """The daemon, resolvectl, and the words before each of them."""
    if is_installed():
        return daemon_in("/"), "/" + CONTROL, []
    why = fetched.lacking(*PACKAGES)
    if why:
        raise tap.Skip(why)
    root = fetched.where(PACKAGES[0])
    folders = [os.path.join(fetched.where(name), LIBRARIES, more)
               for name in PACKAGES[1:] for more in ("", "systemd")]
    words = ["env", "LD_LIBRARY_PATH=" + ":".join(folders)]
    daemon = daemon_in(root)
    done = subprocess.run([*words, "ldd", daemon], text=True,
                          stdout=subprocess.PIPE, check=False)
    lacks = [line.split()[0] for line in done.stdout.splitlines()
             if "not found" in line]
    if lacks:
        raise tap.Skip("systemd-resolved needs " + ", ".join(lacks))
    return daemon, f"{root}/{CONTROL}", words


class Resolved:
    """systemd-resolved on that host, which has a /run of its own; of the name
    pier-far there, and pier-near here."""

    def __init__(self, machine, offer=OFFER):
        self.machine = machine
        daemon, self.control, self.words = programs()
        machine.there("mkdir", "-p", "/run/systemd/resolved.conf.d",
                      "/run/systemd/dnssd")
        for text, name in ((CONF, "resolved.conf.d/x.conf"),
                           (offer, "dnssd/one.dnssd")):
            machine.there("install", "-m", "644",
                          machine.write("text", text), f"/run/systemd/{name}")
        fetched.add_user(machine.folder, "systemd-resolve",
                         machine.inside_of())
        machine.start_bus()
        machine.start_for_good(*self.words, daemon)
        cable.wait_until(lambda: subprocess.run(
            machine.inside_of(*self.words, self.control, "mdns",
                              machine.interface, "yes"),
            check=False, stderr=subprocess.DEVNULL).returncode == 0)

    def said(self, *words):
        return self.machine.said(*self.words, self.control, *words)

    def until_said(self, part, *words):
        cable.wait_until(lambda: part in self.said(*words))

    def name(self):
        """Its own, which it changes where another has it."""
        return self.machine.said(
            "dbus-send", "--system", "--print-reply=literal",
            "--dest=org.freedesktop.resolve1", "/org/freedesktop/resolve1",
            "org.freedesktop.DBus.Properties.Get",
            "string:org.freedesktop.resolve1.Manager",
            "string:LLMNRHostname").split()[-1]


def test_it_resolves_what_is_announced():
    with scratch() as folder, cable.Host(folder) as far:
        # With a service of that type it asks nobody who else has one.
        resolved = Resolved(far, offer="")
        with Announce("Some Thing", TYPE, "1234", "--host=nearby",
                      "path=/y") as announce:
            announce.until_told()
            resolved.until_said("10.77.1.1", "query", "-4", "nearby.local")
            resolved.until_said("nearby.local:1234", "service", "Some Thing",
                                TYPE, "local")
            resolved.until_said("path=/y", "query", "-t", "TXT",
                                f"Some\\032Thing.{TYPE}.local")
            resolved.until_said("Thing", "query", "-t", "PTR", f"{TYPE}.local")


def test_what_it_offers_is_found():
    with scratch() as folder, cable.Host(folder) as far:
        Resolved(far)
        with Find(TYPE) as find:
            event = find.until("added", "Resolved One")
            equal(event["port"], 1234)
            equal(event["addrs"], ["10.77.1.2:1234"])
            equal([(it["key"], it["value"]) for it in event["texts"]],
                  [("path", "/x".encode().hex())])


def both_find_the_other_end(near, far, find, announce):
    """pier and the resolved beside it; and the other end finds both."""
    find.until("added", "Theirs")
    equal(announce.until_told(), "Ours")
    near.until_said("10.77.1.2", "query", "-4", "pier-far.local")
    near.until_said("pier-far.local:1", "service", "Theirs", TYPE, "local")

    def there():
        return {(it[1], it[2], it[3], it[4]) for it in lan_programs.resolved(far)}

    cable.wait_until(lambda: there() == {
        ("Theirs", "pier-far.local", "10.77.1.2", 1),
        ("Ours", "pier-near.local", "10.77.1.1", 2),
        ("Resolved One", "pier-near.local", "10.77.1.1", 1234)})


def test_beside_it_on_one_host():
    """It was there first. Both have the name of the host, and keep it; who asks
    the host by unicast is answered by resolved, as often as before."""
    with scratch() as folder, cable.Host(folder) as far, \
            cable.Near(folder) as this:
        far.start_avahi()
        far.start("avahi-publish", "-f", "-s", "Theirs", TYPE, "1")
        near = Resolved(this)
        cable.wait_until(lambda: answered(far, 1))
        equal(answered(far), ASKED)
        with Find(TYPE) as find, \
                Announce("Ours", TYPE, "2", "--host=pier-near") as announce:
            both_find_the_other_end(near, far, find, announce)
            equal(answered(far), ASKED)
            announce.end()
            equal([line for line in announce.past
                   if line.startswith(("renamed", "host"))], [])
        equal(near.name(), "pier-near")
        equal(answered(far), ASKED)


def test_it_comes_beside_pier():
    """pier was there first: resolved takes the port all the same, and has its
    answers at once."""
    with scratch() as folder, cable.Host(folder) as far, \
            cable.Near(folder) as this, Find(TYPE) as find, \
            Announce("Ours", TYPE, "2", "--host=pier-near") as announce:
        far.start_avahi()
        far.start("avahi-publish", "-f", "-s", "Theirs", TYPE, "1")
        find.until("added", "Theirs")
        # resolved 257 takes what it hears of its name, from when it begins
        # until it probes, for a conflict, whoever says it.
        for _ in range(TELLINGS):
            announce.until_told()
        near = Resolved(this)
        cable.wait_until(lambda: answered(far, 1))
        equal(answered(far), ASKED)
        near.until_said("10.77.1.2", "query", "-4", "pier-far.local")
        equal(near.name(), "pier-near")


if __name__ == "__main__":
    # There is no network where this goes on.
    if "PIER_RESOLVED_NAMESPACE" not in os.environ and not is_installed():
        fetched.lacking(*PACKAGES)
    lan_programs.enter("PIER_RESOLVED_NAMESPACE", "dbus-daemon", "dbus-send",
                       "avahi-daemon", "avahi-publish", "avahi-browse",
                       "install", "hostname")
    subprocess.run(["hostname", "pier-near"], check=True)
    tap.main(globals())
