#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""pier resolve --compare against avahi-daemon: two network namespaces and a
cable, at the far end of which a machine announces itself by multicast DNS.

avahi-daemon has a bus, a /run and a name of its own, so that nothing of this
machine hears of it.
"""

import os
import shutil
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "cli"))

import tap  # noqa: E402 (found by the line above)
import tool  # noqa: E402
from tap import contains, equal  # noqa: E402

INSIDE = "PIER_AVAHI_NAMESPACE"
NAME = "pier-far"
NEAR, FAR = "10.77.0.1", "10.77.0.2"

BUS = """\
<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>system</type>
  <listen>unix:path=/run/dbus/system_bus_socket</listen>
  <auth>EXTERNAL</auth>
  <policy context="default">
    <allow user="*"/>
    <allow own="*"/>
    <allow send_destination="*"/>
    <allow receive_sender="*"/>
  </policy>
</busconfig>
"""

AVAHI = f"""\
[server]
host-name={NAME}
domain-name=local
use-ipv4=yes
use-ipv6=no
allow-interfaces=far
[publish]
publish-hinfo=no
publish-workstation=no
[rlimits]
"""

# At the far end: its own mounts and network, until it is killed.
SCRIPT = """
set -e
mount -t tmpfs none /run
mkdir -p /run/dbus /run/avahi-daemon
ip link set lo up
echo here
read _
dbus-daemon --config-file "$1/bus.conf" --nofork --nopidfile &
until [ -S /run/dbus/system_bus_socket ]; do sleep 0.05; done
exec avahi-daemon -f "$1/avahi.conf" --no-drop-root --no-chroot --no-rlimits
"""


def missing():
    for name in ("ip", "unshare", "nsenter", "avahi-daemon", "dbus-daemon"):
        if shutil.which(name) is None:
            return f"no {name} here"
    if os.geteuid() != 0:
        return "needs root for two network namespaces"
    if subprocess.run(["unshare", "-mn", "true"], check=False).returncode:
        return "cannot make a network namespace"
    return None


class Far:
    """avahi-daemon at the other end of the cable."""

    def __init__(self, folder):
        for name, text in (("bus", BUS), ("avahi", AVAHI)):
            with open(f"{folder}/{name}.conf", "w", encoding="utf-8") as file:
                file.write(text)
        # A process number of its own: all there end with the first.
        self.process = subprocess.Popen(
            ["unshare", "-mnp", "--fork", "--kill-child", "--mount-proc",
             "sh", "-c", SCRIPT, "sh", folder],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env={**os.environ,
                 "DBUS_SYSTEM_BUS_ADDRESS":
                     "unix:path=/run/dbus/system_bus_socket"},
        )
        try:
            equal(self.process.stdout.readline(), b"here\n")
            self.lay_cable()
            self.process.stdin.write(b"go\n")
            self.process.stdin.flush()
        except BaseException:
            self.__exit__()
            raise

    def lay_cable(self):
        # The child of unshare is the one that is in there.
        pid = self.process.pid
        with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as file:
            inside = file.read().split()[0]

        def there(*command):
            subprocess.run(["nsenter", "-t", inside, "-n", *command],
                           check=True)

        def here(*command):
            subprocess.run(command, check=True)

        here("ip", "link", "add", "near", "type", "veth",
             "peer", "name", "far", "netns", inside)
        here("ip", "addr", "add", f"{NEAR}/24", "dev", "near")
        here("ip", "link", "set", "near", "up")
        here("ip", "route", "add", "224.0.0.0/4", "dev", "near")
        there("ip", "addr", "add", f"{FAR}/24", "dev", "far")
        there("ip", "link", "set", "far", "up")
        there("ip", "route", "add", "224.0.0.0/4", "dev", "far")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.communicate()


def ask(name, wait="1s"):
    done = tool.run("resolve", "--compare", "--json", "-4", "--mdns-timeout",
                    wait, "--timeout", "20s", name, timeout=60)
    assert done.code in (0, 1, 3), done
    (event,) = tool.events(done, "resolve")
    return event


def test_what_avahi_announces_is_found():
    with tool.scratch() as folder, Far(folder):
        found = []

        def answered():
            found[:] = ask(f"{NAME}.local")["mdns"].get("addresses", [])
            return bool(found)

        # avahi probes for its name before it answers to it.
        tool.wait_until(answered)
        equal(found, [FAR])
        event = ask(f"{NAME.upper()}.local.", "5s")
        equal((event["mdns"]["asked"], event["mdns"]["addresses"]),
              (True, [FAR]))
        equal(event["mdns"]["server"], f"{FAR}:5353")
        assert event["mdns"]["ttl_s"] > 0, event
        # The link has what this machine's libc does not look for, or does.
        if event["libc"].get("addresses") != [FAR]:
            assert event["differences"], event
        # Nobody has this one, and nobody says so.
        event = ask("pier-nobody.local", "300ms")
        equal(event["mdns"].get("addresses", []), [])
        text = tool.run("resolve", "--compare", "-4", f"{NAME}.local").text
        contains(text, FAR)


if __name__ == "__main__":
    if INSIDE not in os.environ:
        why = missing()
        if why:
            print(f"1..0 # SKIP {why}")
            sys.exit(0)
        os.environ[INSIDE] = "1"
        os.execvp("unshare", ["unshare", "-n", sys.executable, *sys.argv])
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    tap.main(globals())
