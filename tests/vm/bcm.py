# SPDX-License-Identifier: MIT
"""The broadcast manager of CAN and pier can watch, on a kernel that has them, against
can-utils and Python's AF_CAN. In a network of its own: other tests hear every
interface."""

import contextlib
import ctypes
import fcntl
import json
import os
import pty
import re
import select
import signal
import socket
import struct
import subprocess
import sys
import termios

sys.path.insert(0, os.path.join(os.environ["PIER_SOURCE"], "tests"))
sys.path.insert(0, os.path.join(os.environ["PIER_SOURCE"], "tests", "cli"))

import recipes  # noqa: E402
import recipes_can  # noqa: E402
import tap  # noqa: E402
import tool  # noqa: E402
from tap import contains, equal  # noqa: E402

CLONE_NEWNET = 0x40000000  # os.unshare() is of Python 3.12

NAME = "vcan0"
SMALL = "vcan1"  # it takes no FD frames

# Of <linux/can/bcm.h>
TX_SETUP, TX_DELETE, RX_SETUP = 1, 2, 5
RX_TIMEOUT, RX_CHANGED = 11, 12
SET_TIMER, START_TIMER = 1, 2
HEAD = "@3I4l2I0q"


def link(*lines):
    """Commands about the interface, all by one program."""
    text = "".join(f"link {line}\n" for line in lines)
    subprocess.run(["/bin/ip", "-batch", "-"], input=text, text=True, check=True)


def hearing():
    """How many entries of the kernel's lists wait for frames."""
    with open("/proc/net/can/stats", encoding="ascii") as lines:
        for line in lines:
            if "(CRCV)" in line:
                return int(line.split()[0])
    return 0


class Hearing:
    """A program that hears, from the constructor on."""

    def __init__(self, *words):
        before = hearing()
        self.process = subprocess.Popen(
            words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        tool.wait_until(
            lambda: hearing() > before or self.process.poll() is not None
        )

    def event(self):
        return json.loads(self.process.stdout.readline())

    def lines(self):
        out, err = self.process.communicate(timeout=tool.LIMIT)
        equal(self.process.returncode, 0, err)
        return out.splitlines()

    def stop(self, number=signal.SIGINT):
        self.process.send_signal(number)
        out, err = self.process.communicate(timeout=tool.LIMIT)
        return self.process.returncode, out, err


def candump(count, name=NAME):
    return Hearing("candump", "-L", "-n", str(count), name)


def frames_of(lines):
    return [line.split()[2] for line in lines]


def cansend(*frames):
    for frame in frames:
        subprocess.run(["cansend", NAME, frame], check=True)


@contextlib.contextmanager
def manager():
    """Python's."""
    with socket.socket(socket.AF_CAN, socket.SOCK_DGRAM, socket.CAN_BCM) as bcm:
        bcm.settimeout(tool.LIMIT)
        bcm.connect((NAME,))
        yield bcm


def job(opcode, flags, number, data=None, first=0, then=0):
    """A message to the manager; times in microseconds."""
    head = struct.pack(HEAD, opcode, flags, 0, 0, first, 0, then, number,
                       data is not None)
    if data is None:
        return head
    return head + struct.pack("=IB3x8s", number, len(data), data)


def news(bcm):
    """opcode, identifier, data of the next event."""
    said = bcm.recv(200)
    opcode, _, _, *_, number, frames = struct.unpack_from(HEAD, said)
    data = said[64:64 + said[60]] if frames else None
    return opcode, number, data


def test_set_up():
    link(f"add dev {NAME} type vcan", f"set {NAME} mtu 72",
         f"add dev {SMALL} type vcan", f"set {SMALL} mtu 16 up")
    contains(tool.expect(10, "can", "watch", NAME).err,
             "ip link set vcan0 up")
    link(f"set {NAME} up")


def test_a_cycle_is_counted():
    theirs = candump(11)
    done = tool.expect(0, "can", "send", NAME, "321#01", "654##1AB",
                       "--every", "5ms", "--count", "5", "--json")
    cansend("7FF#")
    lines = theirs.lines()
    # None after the last.
    frames = [f.replace("##5", "##1") for f in frames_of(lines)]
    equal(frames[10], "7FF#")
    equal(sorted(frames[:10]), ["321#01"] * 5 + ["654##1AB"] * 5)
    sent, = tool.of_type(tool.events(done, "can"), "sent")
    equal((sent["frames"], sent["by_kernel"]), (10, True))
    times = [float(line.split()[0].strip("()"))
             for line in lines if "321#" in line]
    gaps = [later - before for before, later in zip(times, times[1:])]
    assert min(gaps) > 0.0045, gaps


def test_a_cycle_ends_with_its_process():
    theirs = candump(2000)
    ours = subprocess.Popen(
        [tool.PIER, "can", "send", NAME, "321#01", "--every", "2ms", "--json"],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    heard = [theirs.process.stdout.readline() for _ in range(20)]
    ours.send_signal(signal.SIGINT)
    out, err = ours.communicate(timeout=tool.LIMIT)
    equal(ours.returncode, 130, err)
    sent = json.loads(out.splitlines()[-1])
    cansend("7FF#")
    while "7FF#" not in heard[-1]:
        heard.append(theirs.process.stdout.readline())
    theirs.stop()
    # What left between the count and the end, if anything, is not in it.
    assert 20 <= sent["frames"] <= len(heard) - 1, (sent, heard)
    equal(sent["by_kernel"], True)


def test_python_hears_a_cycle():
    """Its manager tells of the frame, and of the silence that comes after."""
    with manager() as bcm:
        bcm.send(job(RX_SETUP, SET_TIMER | START_TIMER, 0x321,
                     b"\xff" * 8, first=200000))
        tool.expect(0, "can", "send", NAME, "321#0102", "--every", "5ms",
                    "--count", "3")
        heard = [news(bcm)]
        if heard[0][0] == RX_TIMEOUT:  # it took long to start
            heard = [news(bcm)]
        equal(heard[0], (RX_CHANGED, 0x321, b"\1\2"))
        equal(news(bcm), (RX_TIMEOUT, 0x321, None))


def test_what_the_timers_cannot():
    """Without a word frames would be lost, or replaced: then the tool sends."""
    words = ("--every", "2ms", "--count", "3", "--json")
    frames = ["321#01", "321#02"]
    theirs = candump(6)
    done = tool.expect(0, "can", "send", NAME, *frames, *words)
    equal(frames_of(theirs.lines()), frames * 3)
    equal(json.loads(done.text)["by_kernel"], False)
    done = tool.expect(10, "can", "send", SMALL, "321##0AA", *words)
    contains(done.err + done.text, "the interface takes no FD frames")


def test_changes_as_candump_has_them():
    """What is told is what the frames show that another program heard."""
    theirs = candump(40)
    ours = Hearing(tool.PIER, "can", "watch", NAME, "--json", "-c", "31")
    subprocess.run(["cangen", NAME, "-I", "123", "-L", "4", "-D", "i",
                    "-g", "1", "-n", "30"], check=True)
    subprocess.run(["cangen", NAME, "-I", "124", "-L", "3", "-D", "00FF00",
                    "-g", "1", "-n", "10"], check=True)
    frames = frames_of(theirs.lines())
    expected, last = [], {}
    for frame in frames:
        number, data = frame.split("#")
        data = bytes.fromhex(data)
        if number not in last:
            expected.append(("new", frame, None))
        elif data != last[number]:
            expected.append(("changed", frame, [
                i for i in range(len(data)) if data[i] != last[number][i]]))
        last[number] = data
    told = [json.loads(line) for line in ours.lines()]
    equal([(one["what"], one["text"], one.get("changed"))
           for one in told if one["type"] == "change"], expected)
    equal(told[-1]["type"], "end")


def test_python_changes_data():
    ours = Hearing(tool.PIER, "can", "watch", f"{NAME},555:7FF", "--json",
                   "--silent", "1s")
    with manager() as bcm:
        bcm.send(job(TX_SETUP, SET_TIMER | START_TIMER, 0x555, b"\1\2",
                     then=5000))
        first = ours.event()
        if first["type"] == "silence":
            first = ours.event()
        equal((first["what"], first["data"]), ("new", "0102"))
        bcm.send(job(TX_SETUP, 0, 0x555, b"\1\3"))
        second = ours.event()
        equal((second["what"], second["data"], second["before"],
               second["changed"]), ("changed", "0103", "0102", [1]))
        bcm.send(job(TX_DELETE, 0, 0x555))
        third = ours.event()
        equal((third["type"], third["id"]), ("silence", 0x555))
        cansend("555#0103")
        fourth = ours.event()
        equal((fourth["what"], fourth["changed"]), ("resumed", []))
        assert fourth["silent_s"] >= 1, fourth
    equal(ours.stop()[0], 130)


def test_silence_of_what_never_came():
    done = tool.expect(1, "can", "watch", f"{NAME},00000777:1FFFFFFF",
                       "--silent", "20ms", "-c", "1")
    assert re.search(r"vcan0  00000777  silent after 0\.020s\n", done.text), done


def test_none_of_many_is_missed():
    ours = Hearing(tool.PIER, "can", "watch", NAME, "--json", "-c", "300",
                   "--buffer", "32Mi")
    tool.expect(0, "can", "gen", NAME, "--every", "0", "--count", "300",
                "--counter", "--id", "42")
    told = [json.loads(line) for line in ours.lines()]
    equal([int(one["data"], 16) for one in told[:-1]], list(range(300)))
    equal(told[-1]["dropped"], 0)


def test_the_interface_goes_down():
    for words, waits in (((NAME,), 1), ((NAME, "321#", "--every", "5ms"), 0)):
        theirs = None if waits else candump(1)
        before = hearing()
        ours = subprocess.Popen(
            [tool.PIER, "can", "watch" if waits else "send", *words],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        if waits:
            tool.wait_until(lambda before=before: hearing() > before)
        else:
            theirs.lines()
        link(f"set {NAME} down")
        _, err = ours.communicate(timeout=tool.LIMIT)
        equal(ours.returncode, 10, err)
        contains(err, "ip link set vcan0 up")
        link(f"set {NAME} up")


def read_until(master, said, what):
    while what not in said:
        ready, _, _ = select.select([master], [], [], tool.LIMIT)
        assert ready, said
        said += os.read(master, 65536)
    return said


def test_on_a_terminal():
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 100, 0, 0))
    before = termios.tcgetattr(slave)
    watch = subprocess.Popen(
        [tool.PIER, "can", "watch", NAME, "--hold", "1h"], stdin=slave,
        stdout=slave, stderr=slave, env={**tool.ENV, "TERM": "xterm"})
    try:
        said = read_until(master, b"", b"0 frames")
        cansend("123#0102", "123#0103")
        said = read_until(master, said, b"1 identifier, 2 frames")
        # The row of the first has stood there already.
        said = read_until(master, said, b" 01 \033[1;31m03\033[0m  '..'")
        watch.send_signal(signal.SIGINT)
        said = read_until(master, said, b"\033[?25h")
        equal(watch.wait(tool.LIMIT), 130)
        equal(termios.tcgetattr(slave), before)
    finally:
        if watch.poll() is None:
            watch.kill()
        os.close(slave)
        os.close(master)


def test_recipes():
    recipes.BUILD = os.environ["PIER_BUILD"]
    try:
        for row in recipes_can.ROWS:
            equal(row.lacks(), None, row.done)
            row.run()
            print(f"# {row.id}  {row.done}: ok")
    finally:
        recipes.end_all()


if __name__ == "__main__":
    if ctypes.CDLL(None).unshare(CLONE_NEWNET) < 0:
        raise OSError("no network of its own")
    tap.main(globals())
