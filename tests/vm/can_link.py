# SPDX-License-Identifier: MIT
"""pier can list beside ip(8): virtual interfaces, and two controllers on one bus,
which qemu emulates and the kernel's own driver runs.

All of it in a network namespace of its own, so that nobody who hears every
interface hears this."""

import contextlib
import ctypes
import fcntl
import os
import struct
import subprocess
import sys
import threading
import tty

sys.path.insert(0, os.path.join(os.environ["PIER_SOURCE"], "tests", "cli"))

import json  # noqa: E402

import tap  # noqa: E402
import tool  # noqa: E402
from tap import contains, equal  # noqa: E402

CLONE_NEWNET = 0x40000000
CONTROLLERS = ("can0", "can1")

# Of <asm-generic/ioctls.h>, <linux/sockios.h> and <linux/tty.h>.
TIOCSETD = 0x5423
SIOCGIFNAME = 0x8910
N_SLCAN = 17


def ip(*words):
    done = subprocess.run(
        ["/bin/ip", *words], stdout=subprocess.PIPE, check=True
    )
    return done.stdout


def theirs():
    """What ip knows of the CAN interfaces here, by name."""
    links = json.loads(ip("-details", "-statistics", "-json", "link", "show"))
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
        # Of one with a list of fixed rates ip tells no more than the rate.
        rate = data.get("bittiming_bitrate")
        equal("timing" in line, "bittiming" in data or rate is not None, name)
        if rate is not None:
            equal(line["timing"]["bitrate"], rate, name)
        elif "timing" in line:
            equal(line["timing"], timing_of(data["bittiming"]), name)
        if "state" in line:
            equal(line["restart_ms"], data.get("restart_ms", 0), name)
            modes = [word.lower() for word in data.get("ctrlmode", [])]
            equal(line["modes"], modes, name)
            constants = data.get("bittiming_const", {})
            equal(line.get("controller"), constants.get("name"), name)
        # What happened, and the counters that decide over the state.
        equal(line.get("events"), link["linkinfo"].get("info_xstats"), name)
        counters = data.get("berr_counter", {})
        equal(line.get("sending_errors"), counters.get("tx"), name)
        equal(line.get("receiving_errors"), counters.get("rx"), name)
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


def fetch(name, new_name):
    """From the first namespace, where the machine makes it."""
    moved = subprocess.run(
        ["nsenter", "-t", "1", "-n", "/bin/ip", "link", "set", name]
        + ["name", new_name, "netns", str(os.getpid())],
        stderr=subprocess.PIPE,
        check=False,
        text=True,
    )
    equal((moved.returncode, moved.stderr), (0, ""), name)


def fetch_controllers():
    need_bus()
    for name in CONTROLLERS:
        fetch(name, name)


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


def serial_controller():
    """A controller behind a serial line, which says how it fares: the kernel's slcan
    is told by the other end of a terminal. (That end, and what keeps the other.)"""
    controller, line = os.openpty()
    tty.setraw(line)
    fcntl.ioctl(line, TIOCSETD, struct.pack("i", N_SLCAN))
    name = fcntl.ioctl(line, SIOCGIFNAME, bytes(16)).rstrip(b"\0").decode()
    fetch(name, "slcan0")
    # What it is told it takes, or the kernel waits for that.
    threading.Thread(target=take_all, args=(controller,), daemon=True).start()
    return controller, line


def take_all(fd):
    with contextlib.suppress(OSError):
        while os.read(fd, 100):
            pass


def test_every_state():
    """Up to bus-off, as no emulated bus brings a controller to; each is counted."""
    controller, line = serial_controller()
    ip("link", "set", "slcan0", "type", "can", "bitrate", "500000")
    up("slcan0")
    compare()
    counts = dict.fromkeys(("error_warning", "error_passive", "bus_off"), 0)
    for said, state, counted in (
        (b"sw100000\r", "error-warning", "error_warning"),
        (b"sa000000\r", "error-active", None),
        (b"sw000096\r", "error-warning", "error_warning"),
        (b"sp000128\r", "error-passive", "error_passive"),
        (b"sb000256\r", "bus-off", "bus_off"),
    ):
        os.write(controller, said)
        tool.wait_until(lambda: ours("slcan0")["slcan0"]["state"] == state)
        if counted:
            counts[counted] += 1
        events = ours("slcan0")["slcan0"]["events"]
        equal({name: events[name] for name in counts}, counts)
        compare()
    contains(tool.expect(0, "can", "list", "slcan0").text, "bus-off")
    os.close(line)
    os.close(controller)


if __name__ == "__main__":
    if ctypes.CDLL(None, use_errno=True).unshare(CLONE_NEWNET):
        sys.exit(f"unshare: {os.strerror(ctypes.get_errno())}")
    tap.main(globals())
