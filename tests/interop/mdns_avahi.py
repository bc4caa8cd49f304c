#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""pier resolve --compare against avahi-daemon: two network namespaces and a
cable, at the far end of which a machine announces itself by multicast DNS.

avahi-daemon has a bus, a /run and a name of its own, so that nothing of this
machine hears of it.
"""

import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "cli"))

import cable  # noqa: E402 (found by the line above)
import tap  # noqa: E402
import tool  # noqa: E402
from tap import contains, equal  # noqa: E402

NAME = "pier-far"


def ask(name, wait="1s"):
    done = tool.run("resolve", "--compare", "--json", "-4", "--mdns-timeout",
                    wait, "--timeout", "20s", name, timeout=60)
    assert done.code in (0, 1, 3), done
    (event,) = tool.events(done, "resolve")
    return event


def test_what_avahi_announces_is_found():
    with tool.scratch() as folder, cable.Host(folder) as far:
        far.start_avahi(name=NAME)
        cable.here("ip", "route", "add", "224.0.0.0/4", "dev", "near")
        found = []

        def answered():
            found[:] = ask(f"{NAME}.local")["mdns"].get("addresses", [])
            return bool(found)

        # avahi probes for its name before it answers to it.
        tool.wait_until(answered)
        equal(found, [far.address])
        event = ask(f"{NAME.upper()}.local.", "5s")
        equal((event["mdns"]["asked"], event["mdns"]["addresses"]),
              (True, [far.address]))
        equal(event["mdns"]["server"], f"{far.address}:5353")
        assert event["mdns"]["ttl_s"] > 0, event
        # The link has what this machine's libc does not look for, or does.
        if event["libc"].get("addresses") != [far.address]:
            assert event["differences"], event
        # Nobody has this one, and nobody says so.
        event = ask("pier-nobody.local", "300ms")
        equal(event["mdns"].get("addresses", []), [])
        text = tool.run("resolve", "--compare", "-4", f"{NAME}.local").text
        contains(text, far.address)


if __name__ == "__main__":
    cable.enter("PIER_AVAHI_NAMESPACE", "avahi-daemon", "dbus-daemon")
    tap.main(globals())
