# SPDX-License-Identifier: MIT
"""Endpoints of Bluetooth where the kernel has none, and what is wrong with their
text: told at once, with the command to run. tests/vm/bluetooth.py has the rest."""

import socket
import time

import tap
import tool
from tap import contains, equal

BLUETOOTH = 31  # some Pythons have no name for it
DEVICE = "00:11:22:33:44:55"


def lacks(kind, protocol):
    """Has this kernel no such sockets?"""
    try:
        socket.socket(BLUETOOTH, kind, protocol).close()
    except OSError:
        return True
    return False


def test_the_module_is_named():
    for endpoint, kind, protocol in (
        (f"rfcomm://{DEVICE}/1", socket.SOCK_STREAM, 3),
        (f"l2cap://{DEVICE}/0x1001", socket.SOCK_SEQPACKET, 0),
        (f"l2cap://{DEVICE}/0x80?le=public", socket.SOCK_SEQPACKET, 0),
    ):
        if not lacks(kind, protocol):
            raise tap.Skip("this kernel has Bluetooth")
        listening = endpoint.replace(DEVICE, "*")
        for words in (("connect", endpoint), ("serve", "echo", listening)):
            started = time.monotonic()
            done = tool.expect(10, *words)
            contains(done.err, "modprobe bluetooth")
            contains(done.err, "sudo modprobe -a bluetooth rfcomm")
            # The kernel's own limit for RFCOMM is beyond twenty seconds.
            equal(time.monotonic() - started < 15, True, "at once")


def test_text_that_is_wrong():
    for endpoint, part in (
        (f"rfcomm://{DEVICE}", "the channel is missing"),
        (f"rfcomm://{DEVICE}/31", "1 to 30"),
        ("rfcomm://00-11-22-33-44-55/1", "parted by ':'"),
        (f"l2cap://{DEVICE}/0x80", "?le=public"),
        (f"l2cap://{DEVICE}/0x1001?mtu=5", "23 to 65535"),
    ):
        for words in (("connect", endpoint), ("serve", "echo", endpoint)):
            contains(tool.expect(2, *words).err, part)


def test_json():
    done = tool.run("connect", "--json", f"rfcomm://{DEVICE}/1")
    (event,) = tool.of_type(tool.events(done, "connect"), "error")
    equal(event["endpoint"], f"rfcomm://{DEVICE}/1")


def test_options_that_have_no_effect():
    done = tool.expect(2, "connect", f"rfcomm://{DEVICE}/1", "--wait", "1s")
    contains(done.err, "--wait")
    done = tool.expect(
        2, "connect", f"l2cap://{DEVICE}/1", "--eof-wait", "1s"
    )
    contains(done.err, "--eof-wait has no effect on l2cap://")


if __name__ == "__main__":
    tap.main(globals())
