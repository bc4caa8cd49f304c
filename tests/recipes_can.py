# SPDX-License-Identifier: MIT
"""The cookbook's job about CAN; see recipes.py. It needs a virtual interface,
vcan0, which the virtual machine of tests/vm has; can-utils and Python are the
peers."""

import socket
import struct
import subprocess

from recipes import LIMIT, Row, output, start, until

NAME = "vcan0"
TX_SETUP = 1
SET_TIMER = 3  # and start it


def no_can():
    try:
        with socket.socket(29, socket.SOCK_RAW, 1) as can:
            can.bind((NAME,))
            return None
    except OSError as error:
        return f"no {NAME} here ({error.strerror}): tests/vm/run bcm"


def no_manager():
    try:
        socket.socket(29, socket.SOCK_DGRAM, 2).close()
    except OSError as error:
        return f"no broadcast manager of CAN ({error.strerror})"
    return no_can()


def hearing():
    """How many entries of the kernel's lists wait for frames."""
    with open("/proc/net/can/stats", encoding="ascii") as lines:
        for line in lines:
            if "(CRCV)" in line:
                return int(line.split()[0])
    return 0


def heard(*words):
    """A program, once it hears."""
    before = hearing()
    process = start(*words)
    until(lambda: hearing() > before or process.poll() is not None,
          f"{words[0]} hears")
    return process


def frames_of(text):
    return [line.split()[2] for line in text.splitlines()]


def raw():
    frames = ["123#DEADBEEF", "00000456#01", "123##3" + "AB" * 12]
    ours = heard("can", "hear", NAME, 3)
    theirs = heard("candump", "-L", "-n", 3, NAME)
    assert output(start("can", "send", NAME, *frames)) == ""
    for said in (output(ours), output(theirs)):
        assert [f.replace("##7", "##3") for f in frames_of(said)] == frames, said
    ours = heard("can", "hear", NAME, 2, "123:7FF")
    for frame in ("124#", "123#01", "123#R"):
        subprocess.run(["cansend", NAME, frame], check=True)
    assert frames_of(output(ours)) == ["123#01", "123#R"]
    ours = heard("can", "hear", NAME, 1, "#80")
    for frame in ("123#", "20000080#0000000000000000"):
        subprocess.run(["cansend", NAME, frame], check=True)
    assert frames_of(output(ours)) == ["20000080#0000000000000000"]


def cycle():
    """The kernel sends for the example; candump hears the change."""
    theirs = heard("candump", "-L", "-n", 4, NAME)
    ours = start("can_cycle", NAME, 5, "321#01", stdin=subprocess.PIPE)
    assert frames_of(output(theirs)) == ["321#01"] * 4
    theirs = heard("candump", "-L", "-n", 20, NAME)
    ours.stdin.write(b"321#0202\n")
    ours.stdin.flush()
    said = frames_of(output(theirs))
    assert said[-1] == "321#0202" and set(said) <= {"321#01", "321#0202"}, said
    ours.stdin.close()
    ours.stdin = None
    assert output(ours) == "321#0202 every 5 ms\n"


def watch():
    """Python's manager sends for the example; its silence is told."""
    ours = heard("can_watch", NAME, "555", 700, 4)
    with ours.stdout as lines:
        assert lines.readline() == b"silent 555 \n"
        with socket.socket(29, socket.SOCK_DGRAM, 2) as bcm:
            bcm.connect((NAME,))
            for data in (b"\1", b"\2"):
                # Every 10 ms, from now on.
                bcm.send(struct.pack("@3I4l2I0q", TX_SETUP, SET_TIMER, 0, 0, 0,
                                     0, 10000, 0x555, 1)
                         + struct.pack("=IB3x8s", 0x555, 1, data))
                said = lines.readline()
                assert said == b"changed 555 555#%02X\n" % data[0], said
        assert lines.readline() == b"silent 555 \n"
        assert ours.wait(LIMIT) == 0


ROWS = [
    Row("G1", "raw frames of CAN and CAN FD, filters, error frames", "candump and cansend",
        ["can"], ["candump", "cansend"], raw, no_can),
    Row("G1", "a frame sent by the kernel's timers, its data changed",
        "candump", ["can_cycle"], ["candump"], cycle, no_manager),
    Row("G1", "changes and silence of an identifier", "Python's socket",
        ["can_watch"], [], watch, no_manager),
]
