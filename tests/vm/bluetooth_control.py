# SPDX-License-Identifier: MIT
"""pier bt between two virtual controllers, beside BlueZ's hciconfig and l2ping, and
a server of SDP in Python."""

import contextlib
import json
import os
import re
import signal
import socket
import struct
import subprocess
import sys
import threading

sys.path.insert(0, os.path.join(os.environ["PIER_SOURCE"], "tests", "cli"))

import bluetooth_bed as bed  # noqa: E402 (beside this)
import tap  # noqa: E402
import tool  # noqa: E402
from tap import contains, equal  # noqa: E402

SET_LOCAL_NAME = 0x000F
START_DISCOVERY = 0x0023
STOP_DISCOVERY = 0x0024
BREDR = 1

BUSY = 10

management = None


def events(*words, code=0, **more):
    said = tool.expect(code, "bt", *words, "--json", **more).text
    return [json.loads(line) for line in said.splitlines()]


# ---- Controllers ----------------------------------------------------------------


def theirs():
    """{hci0: what hciconfig says of it}."""
    said = subprocess.run(
        ["hciconfig", "-a"], capture_output=True, text=True, check=True
    ).stdout
    return dict(re.findall(r"^(hci\d+):(.*?)(?=^hci|\Z)", said, re.M | re.S))


def test_list_is_as_hciconfig_says():
    said = theirs()
    ours = events("list")
    equal([one["controller"] for one in ours], sorted(said))
    equal([one["address"] for one in ours], [bed.HCI0, bed.HCI1])
    for one in ours:
        text = said[one["controller"]]
        contains(text, one["address"])
        contains(text, f"({one['manufacturer']})")
        contains(text, f"HCI Version: {one['version']} ")
        contains(text, f"Name: '{one['name']}'")
        equal(one["powered"], "UP RUNNING" in text)
        equal(one["connectable"], "PSCAN" in text)
        equal(one["discoverable"], "ISCAN" in text)
        assert one["le"] and one["bredr"], one
    lines = tool.expect(0, "bt", "list").text
    contains(lines, f"hci1  {bed.HCI1}  on  connectable")


# ---- Devices --------------------------------------------------------------------


def devices(said):
    return {
        one["address"]: one for one in said if one["type"] == "device"
    }


def scan_for(right, *words):
    """The event of a device that is right, and the last one after it."""
    words = ["scan", "--controller", "hci0", "--for", "20s", "--json", *words]
    with subprocess.Popen(
        [tool.PIER, "bt", *words], stdout=subprocess.PIPE, text=True
    ) as scan:
        for line in scan.stdout:
            event = json.loads(line)
            if event["type"] == "device" and right(event):
                scan.send_signal(signal.SIGINT)
                last = scan.stdout.readlines()[-1]
                equal(scan.wait(tool.LIMIT), 130)
                return event, json.loads(last)
    raise AssertionError("no such device")


def test_scan_finds_the_other():
    management.switch(bed.SET_DISCOVERABLE, 1, True)
    found, end = scan_for(lambda it: it["address"] == bed.HCI1, "--bredr")
    equal(found["kind"], "br/edr")
    equal(end["type"], "end")
    assert end["devices"] >= 1, end
    management.switch(bed.SET_DISCOVERABLE, 1, False)
    # Where nobody is, that is the answer.
    management.power(1, False)
    said = events(
        "scan", "--controller", "hci0", "--bredr", "--for", "200ms", code=1
    )
    equal(devices(said), {})
    management.power(1, True)


def test_scan_hears_an_advertisement():
    management.ask(SET_LOCAL_NAME, 1, b"Quay".ljust(260, b"\0"))
    management.advertise(1, True)
    # The name comes with an answer that it gives when it is asked.
    found, _ = scan_for(
        lambda it: it["address"] == bed.HCI1 and "name" in it, "--le"
    )
    equal(found["kind"], "le-public")
    assert found["connectable"], found
    equal((found["name"], found["name_is_short"]), ("Quay", False))
    management.advertise(1, False)


def test_an_interrupted_search_is_stopped():
    words = ["bt", "scan", "--controller", "hci0", "--for", "1h", "-v"]
    with subprocess.Popen(
        [tool.PIER, *words],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    ) as scan:
        contains(scan.stderr.readline(), "hci0 searches")
        try:
            management.ask(START_DISCOVERY, 0, bytes([BREDR]))
            raise AssertionError("it does not search")
        except OSError as busy:
            contains(str(busy), f"status {BUSY}")
        done = tool.run("bt", "scan", "--controller", "hci0")
        equal(done.code, 10)
        contains(done.err, "another program searches")
        scan.send_signal(signal.SIGINT)
        equal(scan.wait(tool.LIMIT), 130)

    def is_free():
        with contextlib.suppress(OSError):
            management.ask(START_DISCOVERY, 0, bytes([BREDR]))
            return True
        return False

    # The controller takes a moment to stop; by itself it takes 10 s.
    tool.wait_until(is_free, 8)
    management.ask(STOP_DISCOVERY, 0, bytes([BREDR]))


# ---- Echoes ---------------------------------------------------------------------


def test_ping_beside_l2ping():
    words = ("-c", "5", "--interval", "20ms")
    said = events("ping", bed.HCI1, *words)
    probes = [one for one in said if one["type"] == "probe"]
    equal([one["sequence"] for one in probes], [1, 2, 3, 4, 5])
    for one in probes:
        equal(one["result"], "reply")
        equal((one["bytes"], one["corrupt"]), (44, False))
        equal(one["from"], bed.HCI1)
    equal(said[-1]["answered"], 5)
    theirs_said = subprocess.run(
        ["l2ping", "-i", "hci0", "-c", "5", "-d", "0", "-s", "44", bed.HCI1],
        capture_output=True,
        text=True,
        timeout=tool.LIMIT,
        check=True,
    ).stdout
    contains(theirs_said, "5 sent, 5 received, 0% loss")
    # Longer ones are refused, and by whom; then by the verb for all kinds.
    words = ("-c", "1", "--size", "45", "--bind", bed.HCI0)
    refused = events("ping", bed.HCI1, *words, code=5)[1]
    equal((refused["cause"], refused["mtu"]), ("EMSGSIZE", 48))
    equal(refused["result"], "error")
    tool.expect(0, "ping", f"l2cap://{bed.HCI1}", "-c", "1")


# ---- Services -------------------------------------------------------------------


def element(kind, body):
    return bytes([kind << 3 | 5, len(body)]) + body


def number(value, size=2):
    code = {1: 0, 2: 1, 4: 2}[size]
    return bytes([1 << 3 | code]) + value.to_bytes(size, "big")


def uuid(value):
    return b"\x19" + value.to_bytes(2, "big")


def sequence(*parts):
    return element(6, b"".join(parts))


def record(handle, kind, name, *protocols):
    return sequence(
        number(0), number(handle, 4),
        number(1), sequence(uuid(kind)),
        number(4), sequence(*protocols),
        number(0x100), element(4, name.encode()),
    )


RECORDS = [
    (0x1101, record(0x10001, 0x1101, "Quay", sequence(uuid(0x100)),
                    sequence(uuid(3), number(5, 1)))),
    (0x1124, record(0x10002, 0x1124, "Keys",
                    sequence(uuid(0x100), number(0x11)))),
]


class Responder:
    """Answers questions of SDP on hci1, in parts of 20 bytes."""

    def __init__(self):
        self.asked = []
        self.listening = socket.socket(
            socket.AF_BLUETOOTH, socket.SOCK_SEQPACKET, socket.BTPROTO_L2CAP
        )
        self.listening.bind((bed.HCI1, 1))
        self.listening.listen()
        # Its shutdown does not wake who accepts.
        self.listening.settimeout(0.1)
        self.done = False
        self.thread = threading.Thread(target=self.serve, daemon=True)
        self.thread.start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.done = True
        self.thread.join(tool.LIMIT)
        self.listening.close()

    def serve(self):
        while not self.done:
            with contextlib.suppress(TimeoutError, ConnectionResetError):
                peer, _ = self.listening.accept()
                peer.settimeout(tool.LIMIT)
                with peer:
                    while request := peer.recv(1024):
                        peer.send(self.answer(request))

    def answer(self, request):
        what, transaction, size = struct.unpack_from(">BHH", request)
        equal((what, size), (6, len(request) - 5))
        # The pattern is one short UUID.
        equal(request[5:8], b"\x35\x03\x19")
        (wanted,) = struct.unpack_from(">H", request, 8)
        self.asked.append(request)
        state = request[-2:] if request[-3] == 2 else b""
        at = int.from_bytes(state, "big")
        found = sequence(
            *(one for kind, one in RECORDS if wanted in (kind, 0x100))
        )
        part = found[at:at + 20]
        more = b"\0"
        if at + 20 < len(found):
            more = b"\2" + (at + 20).to_bytes(2, "big")
        body = len(part).to_bytes(2, "big") + part + more
        return struct.pack(">BHH", 7, transaction, len(body)) + body


def test_services_are_found():
    with Responder() as responder:
        said = events("sdp", bed.HCI1)
        equal([one["name"] for one in said], ["Quay", "Keys"])
        equal(said[0]["endpoint"], f"rfcomm://{bed.HCI1}/5")
        equal(said[0]["classes"], ["1101"])
        equal(said[0]["protocols"], ["0100", "0003"])
        equal(said[1]["endpoint"], f"l2cap://{bed.HCI1}/0x11")
        assert len(responder.asked) > 3, responder.asked
        (said,) = events("sdp", bed.HCI1, "serial-port", "--bind", bed.HCI0)
        equal((said["channel"], said["handle"]), (5, 0x10001))
        line = tool.expect(0, "bt", "sdp", bed.HCI1, "1124").text
        equal(line, f"l2cap://{bed.HCI1}/0x11  human-interface-device  'Keys'\n")
        contains(tool.expect(1, "bt", "sdp", bed.HCI1, "1105").err, "no such")


def test_the_example_finds_and_asks():
    management.switch(bed.SET_DISCOVERABLE, 1, True)
    with Responder():
        said = subprocess.run(
            [os.environ["PIER_BUILD"] + "/examples/bt_around", "1101", "1"],
            capture_output=True, text=True, timeout=tool.LIMIT, check=False,
        )
    management.switch(bed.SET_DISCOVERABLE, 1, False)
    equal((said.returncode, said.stderr), (0, ""))
    contains(said.stdout, "hci1 on Quay")
    contains(said.stdout, f"{bed.HCI1}\n  channel 5 Quay\n")


def test_what_is_missing_is_said():
    done = tool.expect(4, "bt", "sdp", bed.HCI1)
    contains(done.err, "no service discovery")
    nobody = {"user": 65534, "group": 65534, "extra_groups": []}
    contains(tool.expect(0, "bt", "list", **nobody).text, bed.HCI0)
    done = tool.expect(9, "bt", "scan", **nobody)
    contains(done.err, "sudo setcap cap_net_admin=+ep")
    done = tool.expect(9, "bt", "ping", bed.HCI1, **nobody)
    contains(done.err, "sudo setcap cap_net_raw=+ep")


def test_switched_off():
    for index in (0, 1):
        management.power(index, False)
    try:
        equal([one["powered"] for one in events("list")], [False, False])
        contains(tool.expect(10, "bt", "scan").err, "power on")
        for verb in ("ping", "sdp"):
            done = tool.expect(10, "bt", verb, bed.HCI1)
            contains(done.err, "no Bluetooth controller is powered")
    finally:
        bed.prepare(management)


if __name__ == "__main__":
    with bed.controllers() as management:
        tap.main(globals())
