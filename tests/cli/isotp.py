# SPDX-License-Identifier: MIT
"""Endpoints of ISO-TP where the kernel has none, and what is wrong with their text:
told at once, with the command to run. tests/vm/isotp.py has the rest."""

import socket

import tap
import tool
from tap import contains, equal

HERE = "isotp://vcan0/7e0/7e8"


def lacks():
    """Has this kernel no such sockets?"""
    try:
        socket.socket(29, socket.SOCK_DGRAM, 6).close()
    except OSError:
        return True
    return False


def test_the_module_is_named():
    if not lacks():
        raise tap.Skip("this kernel has ISO-TP")
    for words in (
        ("connect", HERE),
        ("serve", "echo", HERE),
        ("can", "isotp", "vcan0/7e0/7e8", "11"),
        ("can", "isotp", HERE),
    ):
        done = tool.expect(10, *words)
        contains(done.err, "modprobe can")
        contains(done.err, "hint: load its module")


def test_text_that_is_wrong():
    for endpoint, part in (
        ("isotp://vcan0", "two identifiers belong behind the link"),
        ("isotp://vcan0/800/7e8", "at most 7FF"),
        (HERE + "?stmin=128ms", "stmin is 0 to 127 ms"),
        (HERE + "?nodelay=1", "no option of such a socket"),
    ):
        for words in (("connect", endpoint), ("serve", "echo", endpoint),
                      ("can", "isotp", endpoint)):
            contains(tool.expect(2, *words).err, part)


def test_messages_that_are_wrong():
    for words, part in (
        ((), "expected an interface and two identifiers"),
        (("udp://localhost:1",), "expected isotp://INTERFACE/TX/RX"),
        ((HERE, "123"), "'123': an odd number of hexadecimal digits"),
        ((HERE, "11", "xy"), "'xy': expected hexadecimal digits"),
        ((HERE, ""), "no empty messages"),
        ((HERE, "11", "--sniff"), "--sniff sends nothing"),
        ((HERE, "11", "--log"), "--log is of no use here"),
        (("123#", "--sniff"), "two identifiers belong"),
    ):
        contains(tool.expect(2, "can", "isotp", *words).err, part)
    contains(tool.expect(2, "can", "dump", "vcan0", "--sniff").err,
             "--sniff is of no use here")


def test_json():
    done = tool.run("can", "isotp", "--json", HERE, "11")
    (event,) = tool.of_type(tool.events(done, "can"), "error")
    equal(event["endpoint"], HERE)


def test_an_address():
    (event,) = tool.events(tool.expect(0, "addr", "--json",
                                       "isotp://lo/7E0/000007e8"), "addr")
    equal(event["address"], "isotp:lo/7e0/000007e8")
    equal(event["family"], "CAN")
    equal(event["sockaddr"][:4], "1d00")


def test_an_address_of_no_interface():
    for text in ("isotp:nosuch0/7e0/7e8", "isotp://nosuch0/7e0/7e8"):
        err = tool.expect(2, "addr", text).err
        contains(err, f"{text}: this machine has no interface 'nosuch0'")
        contains(err, "hint: 'pier addr' lists the interfaces")


def test_no_event_of_what_was_not_opened():
    if not lacks():
        raise tap.Skip("this kernel has ISO-TP")
    done = tool.run("can", "send", "nosuch0", "123#R", "--every", "100ms",
                    "--json")
    equal(tool.of_type(tool.events(done, "can"), "sent"), [])


def test_options_of_a_kind_that_is_missing():
    if not lacks():
        raise tap.Skip("this kernel has ISO-TP")
    for kind in ("can", "isotp"):
        err = tool.expect(10, "opt", kind + "://").err
        contains(err, "hint: load its modules: sudo modprobe -a can can-")


def test_the_pace_of_a_round():
    for value in ("0", "-1"):
        err = tool.expect(2, "can", "send", "vcan0", "123#R", "--every",
                          value).err
        contains(err, "to 24h")
        assert "0.0000" not in err, err


if __name__ == "__main__":
    tap.main(globals())
