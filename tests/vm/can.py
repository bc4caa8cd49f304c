# SPDX-License-Identifier: MIT
"""pier can on a kernel that has CAN, against can-utils and Python's AF_CAN."""

import ctypes
import json
import os
import signal
import socket
import struct
import subprocess
import sys

sys.path.insert(0, os.path.join(os.environ["PIER_SOURCE"], "tests", "cli"))

import tap  # noqa: E402
import tool  # noqa: E402
from tap import contains, equal  # noqa: E402

CLONE_NEWNET = 0x40000000  # os.unshare() is of Python 3.12

FRAMES = [
    "123#DEADBEEF",
    "7FF#",
    "00000123#0102030405060708",
    "123#R",
    "12345678#R3",
    "123##3DEADBEEF",
    "12345678##0" + "11" * 64,
]


def link(*words):
    subprocess.run(["/bin/ip", "link", *words], check=True)


def sockets():
    """Raw sockets that hear an interface."""
    count = 0
    for name in ("rcvlist_all", "rcvlist_fil", "rcvlist_sff", "rcvlist_eff",
                 "rcvlist_inv"):
        with open(f"/proc/net/can/{name}", encoding="ascii") as lines:
            count += sum("raw" in line.split()[-1:] for line in lines)
    return count


class Hearing:
    """A program that hears."""

    def __init__(self, *words):
        before = sockets()
        self.process = subprocess.Popen(
            words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        tool.wait_until(lambda: sockets() > before)

    def frames(self):
        out, _ = self.process.communicate(timeout=tool.LIMIT)
        return [line.split()[2] for line in out.splitlines()]


def pier(*words):
    return Hearing(tool.PIER, "can", "dump", *words)


def test_set_up():
    done = tool.expect(10, "can", "dump", "vcan0")
    contains(done.err, "ip link add dev vcan0 type vcan")
    contains(tool.expect(10, "can", "dump", "lo").err, "no CAN interface")
    link("add", "dev", "vcan0", "type", "vcan")
    link("set", "vcan0", "mtu", "72")
    for words in (("dump", "vcan0"), ("send", "vcan0", "123#")):
        contains(tool.expect(10, "can", *words).err, "ip link set vcan0 up")
    link("set", "vcan0", "up")


def test_pier_sends():
    count = str(len(FRAMES))
    theirs = Hearing("candump", "-L", "-n", count, "vcan0")
    ours = pier("-L", "-c", count, "any")
    tool.expect(0, "can", "send", "vcan0", *FRAMES)
    equal([f.replace("##7", "##3").replace("##4", "##0")
           for f in theirs.frames()], FRAMES)
    equal([f.replace("##7", "##3").replace("##4", "##0")
           for f in ours.frames()], FRAMES)


def test_cansend_sends():
    count = str(len(FRAMES))
    theirs = Hearing("candump", "-L", "-n", count, "vcan0")
    ours = pier("-L", "-c", count, "vcan0")
    for frame in FRAMES:
        subprocess.run(["cansend", "vcan0", frame], check=True)
    equal(ours.frames(), theirs.frames())


def test_filters():
    for word, count in (
        ("vcan0,123:C00007FF", 2),
        ("vcan0,00000123:DFFFFFFF", 1),
        ("vcan0,123~7FF", 3),
        ("vcan0,123~7FF,7FF~7FF,j", 2),
        ("vcan0,123:7FF,7FF:7FF", 5),
    ):
        ours = pier("-L", "-c", str(count), word)
        theirs = Hearing("candump", "-L", "-n", str(count), word)
        tool.expect(0, "can", "send", "vcan0", *FRAMES)
        equal(ours.frames(), theirs.frames(), word)


def test_python():
    with socket.socket(29, socket.SOCK_RAW, 1) as can:
        can.bind(("vcan0",))
        ours = pier("-L", "-c", "2", "vcan0")
        tool.expect(0, "can", "send", "vcan0", "123#0102AB")
        raw = struct.pack("=IB3x8s", 0x123, 3, b"\x01\x02\xab")
        equal(can.recv(72), raw)
        can.send(struct.pack("=IB3x8s", 0x80000123, 3, b"\x01\x02\xab"))
        equal(ours.frames(), ["123#0102AB", "00000123#0102AB"])


def test_what_is_lost_is_counted():
    ours = pier("--json", "--buffer", "4096", "vcan0")
    ours.process.send_signal(signal.SIGSTOP)
    words = ("--every", "0", "--count", "2000", "--counter")
    tool.expect(0, "can", "gen", "vcan0", *words)
    ours.process.send_signal(signal.SIGCONT)
    first = ours.process.stdout.readline()
    contains(first, '"type":"frame"')
    # One that comes later tells of them.
    tool.expect(0, "can", "send", "vcan0", "7AA#")
    lines = []
    while not lines or '"id":1962' not in lines[-1]:
        lines.append(ours.process.stdout.readline())
    assert json.loads(lines[-1])["dropped"] > 0, lines[-1]
    ours.process.terminate()
    out, err = ours.process.communicate(timeout=tool.LIMIT)
    end = json.loads(out.splitlines()[-1])
    equal(end["frames"] + end["dropped"], 2001)
    contains(err, "--buffer")


def test_logs_are_played():
    with tool.scratch() as folder:
        path = os.path.join(folder, "x.log")
        with open(path, "w", encoding="ascii") as file:
            for i, frame in enumerate(FRAMES):
                file.write(f"({100 + i * 0.02:.6f}) can0 {frame}\n")
        count = str(len(FRAMES))
        for player in (
            [tool.PIER, "can", "play", path, "vcan0=can0"],
            ["canplayer", "-I", path, "vcan0=can0"],
        ):
            ours = pier("-L", "-c", count, "vcan0")
            theirs = Hearing("candump", "-L", "-n", count, "vcan0")
            subprocess.run(player, check=True, stdout=subprocess.DEVNULL)
            equal(ours.frames(), theirs.frames())


def test_the_interface_goes_down():
    ours = pier("vcan0")
    link("set", "vcan0", "down")
    _, err = ours.process.communicate(timeout=tool.LIMIT)
    equal(ours.process.returncode, 10)
    contains(err, "ip link set vcan0 up")


def alone():
    """A network of its own: nobody else is to be heard on "any"."""
    if ctypes.CDLL(None).unshare(CLONE_NEWNET) < 0:
        sys.exit("no network namespace of its own")


if __name__ == "__main__":
    alone()
    tap.main(globals())
