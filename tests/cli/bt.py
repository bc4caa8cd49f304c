# SPDX-License-Identifier: MIT
"""pier bt where there is no Bluetooth, and its command lines; what it does with
controllers is tested in tests/vm."""

import json
import socket

import tap
import tool
from tap import contains, equal

# Not every Python has it.
AF_BLUETOOTH = 31

DEVICE = "00:1B:DC:07:31:88"


def needs_no_bluetooth():
    try:
        socket.socket(AF_BLUETOOTH, socket.SOCK_RAW, 1).close()
    except OSError:
        return
    raise tap.Skip("this kernel has Bluetooth")


def test_what_is_missing_is_said():
    needs_no_bluetooth()
    for words in (
        ["list"],
        ["scan"],
        ["scan", "--controller", "hci3", "--for", "1h"],
        ["ping", DEVICE],
        ["sdp", DEVICE],
        ["sdp", DEVICE, "1101", "--bind", "00:1B:DC:07:31:89"],
    ):
        done = tool.expect(10, "bt", *words)
        contains(done.err, "the kernel has no Bluetooth: modprobe bluetooth")
        contains(done.err, "hint: load its modules: sudo modprobe -a bluetooth")
        equal(done.text, "")
    done = tool.expect(10, "ping", f"l2cap://{DEVICE}")
    contains(done.err, "modprobe bluetooth")


def test_it_is_said_in_json_too():
    needs_no_bluetooth()
    (line,) = tool.expect(10, "bt", "list", "--json").text.splitlines()
    error = json.loads(line)
    equal((error["type"], error["cause"]), ("error", "EAFNOSUPPORT"))
    equal(error["exit"], 10)


def test_wrong_words_are_told():
    for words, part in (
        ([], "ACTION"),
        (["scam"], "scan"),
        (["list", "hci0"], "expected nothing behind"),
        (["scan", "hci0"], "expected nothing behind"),
        (["scan", "--controller", "eth0"], "a controller is hci0"),
        (["list", "--le"], "--le is of no use here"),
        (["sdp", DEVICE, "--count", "3"], "--count is of no use here"),
        (["ping"], "expected a device"),
        (["ping", "00:1B:DC"], "six bytes in hexadecimal"),
        (["ping", f"{DEVICE}?le=public"], "not those of LE"),
        (["ping", DEVICE, "--interval", "1ms"], "50 times --interval"),
        (["ping", DEVICE, "--size", "669"], "668"),
        (["ping", DEVICE, "--bind", "hci0"], "six bytes in hexadecimal"),
        (["sdp"], "expected a device"),
        (["sdp", DEVICE, "1101", "1102"], "expected a device"),
        (["sdp", DEVICE, "serial"], "'serial' is no UUID"),
        (["sdp", DEVICE, "--bind", "hci0"], "six bytes in hexadecimal"),
    ):
        contains(tool.expect(2, "bt", *words).err, part)


def test_a_ping_of_it_takes_fewer_options():
    for words, part in (
        (["--ttl", "3"], "a count, times, a size"),
        (["--size", "1000"], "0 to 668"),
        (["--interval", "10ms"], "at most 50 probes"),
    ):
        done = tool.run("ping", f"l2cap://{DEVICE}", *words)
        assert done.code != 0, done
        contains(done.err, part)
    contains(tool.expect(2, "ping", "l2cap://0").err, "six bytes")


if __name__ == "__main__":
    tap.main(globals())
