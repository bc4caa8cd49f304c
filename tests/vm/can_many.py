# SPDX-License-Identifier: MIT
"""Many frames of CAN, of which none is lost: sent by pier, by can-utils, and heard
by both."""

import os
import signal
import subprocess
import sys

sys.path.insert(0, os.path.join(os.environ["PIER_SOURCE"], "tests", "cli"))

import can  # noqa: E402 (beside this)
import tap  # noqa: E402
import tool  # noqa: E402
from tap import contains, equal  # noqa: E402

# By gen, and by others.
MANY = 100000
FEWER = 10000


def test_set_up():
    can.link("add", "dev", "vcan0", "type", "vcan")
    can.link("set", "vcan0", "up")


class Keeping(can.Hearing):
    """One that keeps what it hears in a file: much."""

    def __init__(self, path, *words):
        before = can.sockets()
        self.path = path
        with open(path, "wb") as file:
            self.process = subprocess.Popen(
                words, stdout=file, stderr=subprocess.PIPE, text=True
            )
        tool.wait_until(lambda: can.sockets() > before)

    def end(self):
        self.process.send_signal(signal.SIGCONT)
        # The machine is emulated, and slow.
        _, err = self.process.communicate(timeout=3 * tool.LIMIT)
        equal(self.process.returncode, 0)
        return err

    def all_in_order(self, count):
        """As --counter has made them: each above the one before. Coreutils do
        that sooner than Python."""
        said = subprocess.run(
            ["sh", "-c", "cut -d' ' -f3 \"$1\" >\"$1.frames\" && "
             "sort -uc \"$1.frames\" && wc -l <\"$1.frames\" && "
             "sed -n '1p;$p' \"$1.frames\"", "sh", self.path],
            env={**os.environ, "LC_ALL": "C"},
            stdout=subprocess.PIPE, text=True, check=True,
        ).stdout
        equal(said.split(), [str(count), "042#" + 16 * "0",
                             f"042#{count - 1:016X}"])


def keeps(path, count):
    return Keeping(path, tool.PIER, "can", "dump", "-Lv", "--buffer", "256Mi",
                   "-c", str(count), "vcan0")


def candump_keeps(path, count):
    return Keeping(path, "candump", "-L", "-r", str(256 << 20),
                   "-n", str(count), "vcan0")


def test_none_of_many_is_lost():
    """What gen sends, by pier and by candump, which hear it late: where they share a
    processor, to go from one to the other for each frame takes most of the time. Of
    fewer they hear each at once, below."""
    with tool.scratch() as folder:
        ours = keeps(os.path.join(folder, "ours"), MANY)
        theirs = candump_keeps(os.path.join(folder, "theirs"), MANY)
        for one in (ours, theirs):
            one.process.send_signal(signal.SIGSTOP)
        words = ("--every", "0", "--count", str(MANY), "--counter")
        tool.expect(0, "can", "gen", "vcan0", *words, "--id", "42")
        contains(ours.end(), f"{MANY} frames, 0 dropped")
        theirs.end()
        ours.all_in_order(MANY)
        theirs.all_in_order(MANY)


def test_none_that_is_played_is_lost():
    with tool.scratch() as folder:
        log = os.path.join(folder, "log")
        with open(log, "w", encoding="ascii") as file:
            file.writelines(
                f"(0.0) vcan0 042#{i:016X}\n" for i in range(FEWER)
            )
        theirs = candump_keeps(os.path.join(folder, "played"), FEWER)
        tool.expect(0, "can", "play", "--at-once", log)
        theirs.end()
        theirs.all_in_order(FEWER)


def test_none_of_cangen_is_lost():
    with tool.scratch() as folder:
        ours = keeps(os.path.join(folder, "ours"), FEWER)
        subprocess.run(
            ["cangen", "vcan0", "-g", "0", "-n", str(FEWER), "-I", "42",
             "-L", "8", "-D", "i", "-p", "10"],
            check=True,
        )
        contains(ours.end(), f"{FEWER} frames, 0 dropped")


if __name__ == "__main__":
    can.alone()
    tap.main(globals())
