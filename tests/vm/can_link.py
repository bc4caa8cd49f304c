# SPDX-License-Identifier: MIT
"""pier can list beside ip(8): virtual interfaces, and two controllers on one bus,
which qemu emulates and the kernel's own driver runs.

All of it in a network namespace of its own, so that nobody who hears every
interface hears this."""

import ctypes
import os
import subprocess
import sys

sys.path.insert(0, os.path.join(os.environ["PIER_SOURCE"], "tests", "cli"))

import json  # noqa: E402

import tap  # noqa: E402
import tool  # noqa: E402
from tap import contains, equal  # noqa: E402

CLONE_NEWNET = 0x40000000
CONTROLLERS = ("can0", "can1")


def ip(*words):
    done = subprocess.run(
        ["/bin/ip", *words], stdout=subprocess.PIPE, check=True
    )
    return done.stdout


def theirs():
    """What ip knows of the CAN interfaces here, by name."""
    links = json.loads(ip("-details", "-json", "link", "show"))
    return {link["ifname"]: link for link in links if link["link_type"] == "can"}


def ours(*names):
    lines = tool.events(tool.expect(0, "can", "list", *names, "--json"), "can")
    return {line["interface"]: line for line in lines}


def timing_of(told):
    """As pier has it."""
    point = float(told["sample_point"])
    rest = ("bitrate", "prop_seg", "phase_seg1", "phase_seg2", "sjw", "brp")
    return {
        "sample_point": round(1000 * point),
        "quantum_ns": told["tq"],
        **{name: told[name] for name in rest},
    }


def compare():
    """Every value that both have, of every interface; how many are here."""
    here, there = ours(), theirs()
    equal(list(here), sorted(there, key=lambda name: there[name]["ifindex"]))
    for name, line in here.items():
        link = there[name]
        data = link["linkinfo"].get("info_data", {})
        equal(line["index"], link["ifindex"], name)
        equal(line["kind"], link["linkinfo"]["info_kind"], name)
        equal(line["up"], "UP" in link["flags"], name)
        equal(line["mtu"], link["mtu"], name)
        equal(line["fd"], link["mtu"] == 72, name)
        equal(line["queue_max"], link.get("txqlen", 0), name)
        equal(line.get("peer"), link.get("link"), name)
        equal(line.get("state"), data.get("state", "").lower() or None, name)
        equal(line.get("clock_hz"), data.get("clock"), name)
        equal("timing" in line, "bittiming" in data, name)
        if "timing" in line:
            equal(line["timing"], timing_of(data["bittiming"]), name)
        if "state" in line:
            equal(line["restart_ms"], data.get("restart_ms", 0), name)
            modes = [word.lower() for word in data.get("ctrlmode", [])]
            equal(line["modes"], modes, name)
            equal(line["controller"], data["bittiming_const"]["name"], name)
    return len(here)


def up(*names):
    for name in names:
        ip("link", "set", name, "up")


def test_there_is_none():
    done = tool.expect(10, "can", "list")
    contains(done.err, "no CAN interface")
    contains(done.err, "ip link add dev vcan0 type vcan")
    contains(tool.expect(10, "can", "list", "lo").err, "it is no CAN interface")
    contains(tool.expect(10, "can", "list", "can9").err, "no such interface")


def test_virtual_ones():
    ip("link", "add", "dev", "vcan0", "type", "vcan")
    ip("link", "add", "dev", "vxcan0", "type", "vxcan", "peer", "name", "vxcan1")
    equal(compare(), 3)
    ip("link", "set", "vcan0", "mtu", "16")
    ip("link", "set", "vcan0", "txqueuelen", "77")
    up("vcan0", "vxcan0", "vxcan1")
    equal(compare(), 3)
    one = ours("vcan0")["vcan0"]
    equal((one["fd"], one["queue_max"]), (False, 77))
    lines = tool.expect(0, "can", "list").text.splitlines()
    contains(lines, "vcan0  vcan  up  queue 77")
    there = [line for line in lines if line.startswith("vxcan0")]
    equal(there, ["vxcan0  vxcan  up  fd  queue 1000  peer vxcan1"])


def test_the_other_end_elsewhere():
    # In the first namespace, from which the machine is run.
    ip("link", "set", "vxcan1", "netns", "1")
    try:
        equal("peer" in ours("vxcan0")["vxcan0"], False)
    finally:
        ip("link", "delete", "vxcan0")


def need_bus():
    """As machine.py knows what its qemu has."""
    if "PIER_VM_CAN_BUS" not in os.environ:
        raise tap.Skip("this qemu emulates no kvaser_pci")


def fetch_controllers():
    need_bus()
    for name in CONTROLLERS:
        moved = subprocess.run(
            ["nsenter", "-t", "1", "-n", "/bin/ip", "link", "set", name]
            + ["netns", str(os.getpid())],
            stderr=subprocess.PIPE,
            check=False,
            text=True,
        )
        equal((moved.returncode, moved.stderr), (0, ""), name)


def test_controllers():
    fetch_controllers()
    compare()
    fresh = ours("can0")["can0"]
    equal((fresh["kind"], fresh["state"]), ("can", "stopped"))
    equal("timing" in fresh, False)
    contains(tool.expect(0, "can", "list", "can0").text, "no bit rate")
    ip("link", "set", "can0", "type", "can", "bitrate", "500000")
    ip("link", "set", "can1", "type", "can", "bitrate", "500000",
       "restart-ms", "100", "triple-sampling", "on")
    up(*CONTROLLERS)
    compare()
    one = ours("can1")["can1"]
    equal((one["state"], one["timing"]["bitrate"]), ("error-active", 500000))
    equal((one["restart_ms"], one["modes"]), (100, ["triple-sampling"]))
    contains(
        tool.expect(0, "can", "list", "can1").text,
        "can1  can  up  error-active  500000 bit/s at ",
    )


def test_other_rates():
    need_bus()
    ip("link", "set", "can0", "down")
    for rate, point in ((125000, "0.5"), (83333, "0.75"), (1000000, "0.8")):
        ip("link", "set", "can0", "type", "can", "bitrate", str(rate),
           "sample-point", point)
        compare()
    ip("link", "set", "can0", "type", "can", "bitrate", "500000")
    up("can0")


def test_frames_cross_the_bus():
    """From one controller to the other; each driver counts."""
    need_bus()
    hears = subprocess.Popen(
        [tool.PIER, "can", "dump", "-Lv", "-c", "3", "can1"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    while "listening" not in hears.stderr.readline():
        pass
    tool.expect(0, "can", "send", "can0", "123#DEADBEEF", "12345678#", "7FF#R")
    out, _ = hears.communicate(timeout=tool.LIMIT)
    equal(
        [line.split()[2] for line in out.splitlines()],
        ["123#DEADBEEF", "12345678#", "7FF#R"],
    )
    compare()


if __name__ == "__main__":
    if ctypes.CDLL(None, use_errno=True).unshare(CLONE_NEWNET):
        sys.exit(f"unshare: {os.strerror(ctypes.get_errno())}")
    tap.main(globals())
