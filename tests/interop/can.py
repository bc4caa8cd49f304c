# SPDX-License-Identifier: MIT
"""pier can against can-utils, Python's AF_CAN and tshark: logs and pcap files, and
frames over a bus that can_bus.c makes where the kernel has none."""

import contextlib
import fcntl
import os
import pty
import re
import select
import shutil
import signal
import socket
import struct
import subprocess
import sys
import termios
import time

sys.path.insert(0, os.path.join(os.environ["PIER_SOURCE"], "tests", "cli"))

import tap  # noqa: E402
import tool  # noqa: E402
from tap import contains, equal  # noqa: E402

# The bus; none where this program is made with a sanitizer, which wants to be first.
BUS = sys.argv.pop(1) if len(sys.argv) > 1 else ""

FRAMES = [
    "123#DEADBEEF",
    "7FF#",
    "00000123#0102030405060708",
    "123#R",
    "12345678#R3",
    "123##3DEADBEEF",
    "12345678##0" + "11" * 64,
    "20000080#0000000000000000",
]

LOG = """(1436509052.249713) vcan0 044#2A366C2BBA
(1436509052.449847) vcan1 0F6#7ADFE07BD2
(1436509052.650004) vcan0 12345678#C3406B09F4C88036
(1436509052.850190) vcan0 123##3DEADBEEF
(1436509053.850190) vcan0 123#R4
(1436509053.950190) vcan0 20000080#0000000000000000
"""


def need(*names):
    for name in names:
        if shutil.which(name) is None:
            raise tap.Skip(f"no {name} here")


def has_can():
    try:
        socket.socket(29, socket.SOCK_RAW, 1).close()
    except OSError:
        return False
    return True


@contextlib.contextmanager
def log():
    with tool.scratch() as folder:
        path = os.path.join(folder, "x.log")
        with open(path, "w", encoding="ascii") as file:
            file.write(LOG)
        yield folder, path


def test_logs():
    with log() as (_, path):
        equal(tool.expect(0, "can", "dump", "-r", path, "-L").text, LOG)
        done = tool.expect(0, "can", "dump", "-r", path, "-Lt", "delta")
        equal(done.text.splitlines()[1], "(000.200134) vcan1 0F6#7ADFE07BD2")
        done = tool.expect(0, "can", "dump", "-r", path, "-Lt", "zero")
        contains(done.text, "(001.700477) vcan0 20000080#")
        done = tool.expect(0, "can", "dump", "-r", path, "-Lt", "utc")
        contains(done.text, "(2015-07-10T06:17:32.249713000Z) vcan0 044#")
        # What is written so is read again, and written as it was.
        again = tool.expect(0, "can", "dump", "-r", "-", "-L", stdin=done.out)
        equal(again.text, LOG)
        done = tool.expect(
            0, "can", "dump", "-r", path, "-Lt", "local", env={"TZ": "UTC-2"}
        )
        contains(done.text, "(2015-07-10 08:17:32.249713) vcan0 044#")
        done = tool.expect(0, "can", "dump", "-r", path, "-Lt", "none")
        equal(done.text.splitlines()[0], "vcan0 044#2A366C2BBA")


def test_filters_of_logs():
    with log() as (_, path):
        for word, count in (
            ("vcan0", 5),
            ("any,123:7FF", 2),
            ("vcan0,123~7FF", 2),
            ("vcan0,044:7FF,12345678:1FFFFFFF", 2),
            ("any,#FFFFFFFF", 1),
        ):
            done = tool.expect(0, "can", "dump", "-r", path, "-L", word)
            equal(len(done.text.splitlines()), count, word)
        tool.expect(1, "can", "dump", "-r", path, "vcan7")


def test_shown_as_log2long_does():
    need("log2long")
    with log() as (_, path):
        with open(path, "rb") as file:
            theirs = subprocess.run(
                ["log2long"], stdin=file, capture_output=True, check=True
            ).stdout.decode()
        ours = tool.expect(0, "can", "dump", "-r", path, "-v").text
    equal(len(ours.splitlines()), len(theirs.splitlines()), "lines")
    for mine, other in zip(ours.splitlines(), theirs.splitlines()):
        words = other.split("'")[0].replace("ERRORFRAME", "").split()
        equal(mine.split()[: len(words)], words)


def test_written_as_asc2log_does():
    need("log2asc", "asc2log")
    data = "\n".join(LOG.splitlines()[:4]) + "\n"
    asc = subprocess.run(
        ["log2asc", "vcan0", "vcan1"],
        input=data.encode(),
        capture_output=True,
        check=True,
    ).stdout
    theirs = subprocess.run(
        ["asc2log"], input=asc, capture_output=True, check=True
    ).stdout
    contains(theirs.decode(), "044#2A366C2BBA")
    done = tool.expect(0, "can", "dump", "-r", "-", "-L", stdin=theirs)
    equal(done.out, theirs.replace(b" R\n", b"\n"))


def test_pcap_as_tshark_reads_it():
    need("tshark")
    with log() as (folder, path):
        out = os.path.join(folder, "x.pcap")
        tool.expect(0, "can", "dump", "-r", path, "-w", out)
        fields = "can.id can.len can.flags.xtd can.flags.rtr can.flags.err".split()
        words = [word for field in fields for word in ("-e", field)]
        done = subprocess.run(
            ["tshark", "-r", out, "-T", "fields", *words],
            capture_output=True,
            check=True,
            env={**os.environ, "HOME": folder},
        )
    rows = [row.split("\t") for row in done.stdout.decode().splitlines()]
    equal([int(row[0] or "128") for row in rows],
          [0x44, 0xF6, 0x12345678, 0x123, 0x123, 0x80])
    equal([int(row[1]) for row in rows], [5, 5, 8, 4, 4, 8])
    # tshark 4.0 writes 1 for what is True to 4.4.
    extended = [row[2] in ("1", "True") for row in rows][:5]
    equal(extended, [False, False, True, False, False])
    assert rows[4][3] in ("1", "True"), rows[4]


def test_events():
    with log() as (_, path):
        done = tool.expect(0, "can", "dump", "-r", path, "--json")
    lines = tool.events(done, "can")
    frames = tool.of_type(lines, "frame")
    equal([frame["id"] for frame in frames],
          [0x44, 0xF6, 0x12345678, 0x123, 0x123, 0x80])
    equal(frames[0]["data"], "2a366c2bba")
    equal(frames[3]["brs"], True)
    equal(frames[5]["classes"], ["bus"])
    equal(lines[-1]["frames"], 6)


def test_what_is_wrong():
    done = tool.expect(8, "can", "dump", "-r", "-", stdin=b"\n(1.0) vcan0 12#\n")
    contains(done.err, "line 2: byte 13: an identifier has 3")
    done = tool.expect(8, "can", "dump", "-r", "-", stdin=b"x" * 600 + b"\n")
    contains(done.err, "too long")
    tool.expect(10, "can", "dump", "-r", "/nowhere/at/all")
    for words, why in (
        (("dump",), "expected an interface"),
        (("dump", "vcan0,12x:7FF"), "no hexadecimal digit"),
        (("dump", ",123:7FF"), "name of an interface"),
        (("send", "vcan0"), "a frame"),
        (("send", "vcan0", "123#1"), "two hexadecimal digits"),
        (("gen", "vcan0", "--id", "800"), "7FF"),
        (("play", "x.log", "vcan0"), "TO=FROM"),
        (("send", "vcan0", "1#", "--log"), "--log is of no use"),
        (("dump", "-r", "x", "--for", "1s"), "of no use beside --read"),
        (("sniff",), "dump"),
        (("watch",), "expected an interface"),
        (("watch", "vcan0", "--log"), "--log is of no use"),
        (("dump", "vcan0", "--silent", "1s"), "--silent is of no use"),
        (("watch", "vcan0", "--silent", "1us"), "1ms"),
    ):
        contains(tool.expect(2, "can", *words).err, why)


def test_a_log_without_frames():
    done = tool.expect(1, "can", "play", "/dev/null")
    contains(done.err, "/dev/null: no frame in it")
    log = b"# nothing\n(1.0) can1 123#\n"
    done = tool.expect(1, "can", "play", "-", "vcan0=can0", stdin=log)
    contains(done.err, "no frame of the interfaces that are named")


def test_interfaces():
    """There may be some here; tests/vm/can_link.py holds them against ip(8)."""
    done = tool.run("can", "list", "--json")
    for line in tool.of_type(tool.events(done, "can"), "interface"):
        contains(tool.expect(0, "can", "list", line["interface"]).text,
                 line["interface"])
    if done.code != 0:
        done = tool.expect(10, "can", "list")
        contains(done.err, "this machine has no CAN interface")
        contains(done.err, "ip link add dev vcan0 type vcan")
    done = tool.expect(10, "can", "list", "lo", "no/such")
    contains(done.err, "can://lo: no such device (ENODEV): it is no CAN")
    contains(done.err, "can://no/such: no such device (ENODEV): there is no")
    contains(tool.expect(2, "can", "list", "--log").err, "--log is of no use")


def test_what_was_there_stays():
    """The file that is read is not the one that is written, and one that nothing
    is written to keeps what it had."""
    with log() as (_, path):
        with open(path, "rb") as file:
            before = file.read()
        done = tool.run("can", "dump", "--read", path, "-w", path)
        equal(done.code, 2, done)
        contains(done.err, "the file that is read")
        if not has_can():
            equal(tool.run("can", "dump", "can0", "-w", path).code, 10)
        with open(path, "rb") as file:
            equal(file.read(), before)


def test_what_is_missing():
    if has_can():
        raise tap.Skip("this kernel has CAN")
    for words in (
        ("dump", "vcan0"),
        ("send", "vcan0", "123#"),
        ("gen", "vcan0"),
    ):
        done = tool.expect(10, "can", *words)
        contains(done.err, "the kernel has no CAN")
        contains(done.err, "modprobe -a can can-raw")
    with log() as (_, path):
        contains(tool.expect(10, "can", "play", path).err, "modprobe")


# ---- Over a bus -------------------------------------------------------------


@contextlib.contextmanager
def bus():
    if BUS == "":
        raise tap.Skip("made with a sanitizer, which wants to be loaded first")
    need("candump", "cansend", "canplayer")
    with tool.scratch() as folder:
        where = os.path.join(folder, "bus")
        os.mkdir(where)
        yield folder, where, {"LD_PRELOAD": BUS, "CAN_BUS": where}


@contextlib.contextmanager
def hearing(where, env, *words):
    """A program that hears; it ends by itself. Its lines are in the list."""
    before = len(os.listdir(where))
    with subprocess.Popen(
        words,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**tool.ENV, **env},
    ) as process:
        try:
            tool.wait_until(
                lambda: len(os.listdir(where)) > before
                or process.poll() is not None
            )
            heard = []
            yield heard
            out, err = process.communicate(timeout=tool.LIMIT)
            if process.returncode != 0:
                raise AssertionError(f"{words}: {process.returncode}: {err}")
            heard.extend(out.decode().splitlines())
        finally:
            if process.poll() is None:
                process.kill()


def frames_of(lines):
    return [line.split()[2] for line in lines]


def others(where, env):
    """candump and pier, each hearing."""
    count = str(len(FRAMES))
    return (
        hearing(where, env, "candump", "-L", "-n", count, "lo"),
        hearing(where, env, tool.PIER, "can", "dump", "-L", "-c", count, "lo"),
    )


def test_pier_sends():
    with bus() as (_, where, env):
        theirs, ours = others(where, env)
        with theirs as candump, ours as pier:
            tool.expect(0, "can", "send", "lo", *FRAMES, env=env)
        equal(frames_of(candump), FRAMES)
        equal(frames_of(pier), FRAMES)


def test_pier_sends_lines():
    with bus() as (_, where, env):
        theirs, ours = others(where, env)
        with theirs as candump, ours:
            text = "\n".join(FRAMES) + "\n"
            done = tool.expect(
                0, "can", "send", "lo", "-", "--json",
                stdin=text.encode(), env=env,
            )
        equal(frames_of(candump), FRAMES)
        equal(tool.events(done, "can")[0]["frames"], len(FRAMES))


def test_cansend_sends():
    with bus() as (_, where, env):
        theirs, ours = others(where, env)
        with theirs as candump, ours as pier:
            for frame in FRAMES:
                subprocess.run(
                    ["cansend", "lo", frame],
                    check=True,
                    env={**tool.ENV, **env},
                )
        equal(frames_of(pier), frames_of(candump))
        equal(frames_of(pier), FRAMES)


PYTHON = """
import socket, struct, sys
can = socket.socket(socket.AF_CAN, socket.SOCK_RAW, socket.CAN_RAW)
can.setsockopt(socket.SOL_CAN_RAW, socket.CAN_RAW_FD_FRAMES, 1)
can.bind(("lo",))
data = can.recv(72)
can.send(data[:3] + bytes([data[3] | 0x80]) + data[4:])
print(data.hex())
"""


def test_python_both_ways():
    with bus() as (_, where, env):
        with hearing(
            where, env, tool.PIER, "can", "dump", "-Lt", "none", "-c", "2", "lo"
        ) as pier, hearing(where, env, sys.executable, "-c", PYTHON) as python:
            tool.expect(0, "can", "send", "lo", "123#0102AB", env=env)
        raw = struct.pack("=IB3x8s", 0x123, 3, b"\x01\x02\xab")
        equal(python, [raw.hex()])
        # The bus gives it to one after the other: Python may answer meanwhile.
        equal(sorted(pier), ["lo 00000123#0102AB", "lo 123#0102AB"])


def play(player):
    frames = [f for f in FRAMES if not f.startswith("2000")]
    with bus() as (folder, where, env):
        path = os.path.join(folder, "x.log")
        with open(path, "w", encoding="ascii") as file:
            for i, frame in enumerate(frames):
                file.write(f"({100 + i * 0.05:.6f}) can0 {frame}\n")
        count = str(len(frames))
        with hearing(
            where, env, "candump", "-L", "-n", count, "lo"
        ) as candump, hearing(
            where, env, tool.PIER, "can", "dump", "-L", "-c", count, "lo"
        ) as pier:
            begin = time.monotonic()
            subprocess.run(
                player(path), check=True, env={**tool.ENV, **env}
            )
            took = time.monotonic() - begin
        equal(frames_of(candump), frames)
        equal(frames_of(pier), frames)
        assert took >= 0.05 * (len(frames) - 1), took


def test_pier_plays():
    play(lambda path: [tool.PIER, "can", "play", path, "lo=can0"])


def test_canplayer_plays():
    play(lambda path: ["canplayer", "-I", path, "lo=can0"])


def test_pier_plays_again_at_once():
    with bus() as (folder, where, env):
        path = os.path.join(folder, "x.log")
        with open(path, "w", encoding="ascii") as file:
            file.write("(1.0) lo 001#\n# nothing\n(3600.0) lo 002#\n")
            file.write("(3601.0) can1 003#\n")
        words = ("can", "play", path, "lo=lo", "--at-once", "--loops", "2")
        with hearing(where, env, "candump", "-L", "-n", "4", "lo") as candump:
            tool.expect(0, *words, env=env)
        equal(frames_of(candump), ["001#", "002#"] * 2)


def test_rounds():
    with bus() as (_, where, env):
        words = ("1AA#01", "1BB#", "--every", "20ms", "--count", "3")
        with hearing(where, env, "candump", "-L", "-n", "6", "lo") as candump:
            begin = time.monotonic()
            done = tool.expect(0, "can", "send", "lo", *words, env=env)
            assert time.monotonic() - begin >= 0.04
        equal(frames_of(candump), ["1AA#01", "1BB#"] * 3)
        # The bus has no manager: it is done without one, which is said.
        contains(done.err, "modprobe can-bcm; this process keeps the time")


def test_made_up():
    with bus() as (_, where, env):
        words = ("--every", "0", "--count", "300", "--counter", "--id", "42")
        with hearing(where, env, "candump", "-L", "-n", "300", "lo") as candump:
            tool.expect(0, "can", "gen", "lo", *words, env=env)
        equal(frames_of(candump), [f"042#{i:016X}" for i in range(300)])
        heard = []
        words = ("--every", "0", "--count", "50", "--seed", "7", "--fd")
        for _ in range(2):
            with hearing(
                where, env, "candump", "-L", "-n", "50", "lo"
            ) as candump:
                tool.expect(0, "can", "gen", "lo", *words, env=env)
            heard.append(frames_of(candump))
        equal(heard[0], heard[1])
        assert len(set(heard[0])) > 40


WATCHED = """(100.0) vcan0 123#0100
(100.1) vcan0 123#0100
(100.2) vcan0 456#AA
(100.3) vcan0 123#0101
(100.9) vcan0 123#0101
(101.0) vcan0 123#02
(101.1) vcan0 123#R
"""


def watched(*words, log=WATCHED, code=0):
    done = tool.expect(
        code, "can", "watch", "-r", "-", "-t", "zero", *words, stdin=log.encode()
    )
    return done.text.splitlines()


def test_changes_of_a_log():
    equal(watched(), [
        "(000.000000) vcan0       123   [2]  01 00  new",
        "(000.200000) vcan0       456   [1]  AA  new",
        "(000.300000) vcan0       123   [2]  01 01  changed 1",
        "(001.000000) vcan0       123   [1]  02  changed size,0,1",
        "(001.100000) vcan0       123   [0]  remote request  new",
    ])
    equal(watched("-c", "2"), watched()[:2])
    equal(watched("vcan0,456:7FF", "-t", "none"),
          ["vcan0       456   [1]  AA  new"])
    contains(watched("--color", "always")[2],
             "[2]  01 \033[1;31m01\033[0m  changed 1")


def test_silence_in_a_log():
    lines = watched("--silent", "450ms", "vcan0,123:7FF", "vcan0,789:7FF",
                    "vcan0,456:7FF")
    equal([line.split(" ", 1)[1] for line in lines if "new" not in line], [
        "vcan0       123   [2]  01 01  changed 1",
        "vcan0       789  silent after 0.450s",
        "vcan0       456  silent after 0.450s",
        "vcan0       123  silent after 0.450s",
        "vcan0       123   [2]  01 01  resumed after 0.600s",
        "vcan0       123   [1]  02  changed size,0,1",
    ])
    # It is told when it was so long, not when that was seen.
    contains(lines[-4], "(000.750000)")


def test_silence_while_others_speak():
    log = "".join(f"({time}) vcan0 {number}#00\n" for time, number in (
        ("1.0", "123"), ("1.1", "123"), ("1.2", "123"), ("3.2", "123"),
        ("3.3", "321"), ("3.4", "321"), ("3.5", "321")))
    equal(watched("vcan0,555:7FF", "--silent", "500ms", "-t", "none", log=log,
                  code=1), ["vcan0       555  silent after 0.500s"])
    lines = watched("vcan0,123:7FF", "--silent", "100ms", "-t", "none", log=log)
    equal(lines[-1], "vcan0       123  silent after 0.100s")
    assert "resumed" in lines[-2], lines


def test_less_news():
    log = "".join(f"(10.{i}) can0 001#{i:02X}00\n" for i in range(10))
    equal([line.split("]  ")[1] for line in watched(
        "--throttle", "300ms", log=log)],
        ["00 00  new", "02 00  changed 0", "05 00  changed 0",
         "08 00  changed 0"])
    equal(len(watched("--learn", "10s", log=log)), 1)
    log += "(10.95) can0 001#1F00\n(10.96) can0 001#0001\n"
    equal([line.split("]  ")[1] for line in watched(
        "--learn", "900ms", log=log)],
        ["00 00  new", "1F 00  changed 0", "00 01  changed 0,1"])


def test_news_as_events():
    done = tool.expect(0, "can", "watch", "-r", "-", "--json", "--silent",
                       "500ms", stdin=WATCHED.encode())
    lines = tool.events(done, "can")
    changes = tool.of_type(lines, "change")
    equal([(one["what"], one["text"], one.get("changed")) for one in changes],
          [("new", "123#0100", None), ("new", "456#AA", None),
           ("changed", "123#0101", [1]), ("resumed", "123#0101", []),
           ("changed", "123#02", [0, 1]), ("new", "123#R", None)])
    equal(changes[4]["before"], "0101")
    equal(changes[4]["resized"], True)
    equal([(one["id"], one["silent_s"]) for one in tool.of_type(
        lines, "silence")], [(0x456, 0.5), (0x123, 0.5)])
    equal((lines[-1]["frames"], lines[-1]["identifiers"]), (7, 3))


def test_too_many_identifiers():
    log = "".join(f"({i}.0) can0 {i:08X}#\n" for i in range(4098))
    done = tool.expect(0, "can", "watch", "-r", "-", "-v", stdin=log.encode())
    equal(done.text.count("new"), 4096)
    contains(done.err, "more than 4096 identifiers")
    contains(done.err, "4098 frames of 4096 identifiers")


def test_changes_over_a_bus():
    with bus() as (_, where, env):
        with hearing(where, env, tool.PIER, "can", "watch", "lo", "-c", "3",
                     "-t", "none") as pier:
            for frame in ("123#0102", "123#0102", "123#0202", "124#"):
                subprocess.run(["cansend", "lo", frame], check=True,
                               env={**tool.ENV, **env})
        equal(pier, ["lo       123   [2]  01 02  new",
                     "lo       123   [2]  02 02  changed 0",
                     "lo       124   [0]  new"])
        done = tool.expect(1, "can", "watch", "lo,123:7FF", "--silent", "20ms",
                           "-c", "1", env=env)
        contains(done.text, "silent after 0.020s")
        tool.expect(1, "can", "watch", "lo", "--for", "20ms", env=env)


class Terminal:
    """pier can watch on a terminal, over a bus."""

    def __init__(self, env, rows, columns, *words):
        self.master, self.slave = pty.openpty()
        fcntl.ioctl(self.slave, termios.TIOCSWINSZ,
                    struct.pack("HHHH", rows, columns, 0, 0))
        self.before = termios.tcgetattr(self.slave)
        self.said = b""
        self.process = subprocess.Popen(
            [tool.PIER, "can", "watch", *words], stdin=self.slave,
            stdout=self.slave, stderr=self.slave,
            env={**tool.ENV, "TERM": "xterm", **env})

    def read(self):
        ready, _, _ = select.select([self.master], [], [], tool.LIMIT)
        assert ready, self.said
        self.said += os.read(self.master, 65536)

    def picture(self, *parts):
        """A whole one that has these parts, its lines."""
        while True:
            for one in re.split(rb"\r\x1b\[\d+A", self.said):
                text = one.decode()
                if "\033[J" in text and all(part in text for part in parts):
                    return text.split("\033[K\r\n")
            self.read()

    def end(self):
        self.process.send_signal(signal.SIGINT)
        while b"\033[?25h" not in self.said:
            self.read()
        equal(self.process.wait(tool.LIMIT), 130)
        equal(termios.tcgetattr(self.slave), self.before)

    def close(self):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        os.close(self.slave)
        os.close(self.master)


@contextlib.contextmanager
def terminal(where, env, rows, columns, *words):
    it = Terminal(env, rows, columns, *words)
    try:
        tool.wait_until(lambda: len(os.listdir(where)) > 0)
        yield it
    finally:
        it.close()


def send(env, *frames):
    for frame in frames:
        subprocess.run(["cansend", "lo", frame], check=True,
                       env={**tool.ENV, **env})


def test_a_live_view():
    with bus() as (_, where, env):
        with terminal(where, env, 24, 80, "lo", "--hold", "1h") as view:
            view.picture("lo: 0 identifiers, 0 frames")
            send(env, "123#0102", "123#0103", "12345678#R",
                 "001##1" + "41" * 64)
            lines = view.picture("3 identifiers, 4 frames")
            assert re.match(r" +\S+ +2  lo +123  \[2\]  01 \x1b\[1;31m03"
                            r"\x1b\[0m  '\.\.'$", lines[3]), lines
            contains(lines[2], "001 [64]  41 41")
            contains(lines[4], "12345678  [0]  remote request")
            for line in lines:
                plain = re.sub(r"\x1b\[[\d;?]*[A-Za-z]", "", line)
                assert len(plain) < 80, plain
            view.end()
        # Without colour brackets show it; what has no line is counted.
        env["NO_COLOR"] = "1"
        with terminal(where, env, 7, 80, "lo", "--hold", "1h") as view:
            view.picture("lo: 0 identifiers")
            send(env, "001#", "002#0102030405", "002#0102FFFF05",
                 "003#", "004#", "005#")
            lines = view.picture("5 identifiers, 6 frames",
                                 "2 more, for which there are no lines")
            contains(lines[3], " 01 02[FF FF]05  '")
            view.end()


def test_what_a_view_cannot():
    """Where a terminal takes no pictures there are lines."""
    with bus() as (_, where, env):
        with terminal(where, {**env, "TERM": "dumb"}, 24, 80, "lo") as view:
            send(env, "123#01")
            while b"123   [1]  01  new" not in view.said:
                view.read()
            assert b"\033" not in view.said, view.said


def test_ends():
    with bus() as (_, where, env):
        done = tool.expect(1, "can", "dump", "lo", "--for", "50ms", env=env)
        equal(done.text, "")
        with subprocess.Popen(
            [tool.PIER, "can", "dump", "lo", "any"],
            env={**tool.ENV, **env},
            stderr=subprocess.DEVNULL,
        ) as process:
            tool.wait_until(lambda: len(os.listdir(where)) == 2)
            process.terminate()
            equal(process.wait(tool.LIMIT), 143)


if __name__ == "__main__":
    tap.main(globals())
