#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""examples/chat on three hosts of one link, each a network namespace: they find
each other, talk, and notice who leaves, is killed, or is unplugged; with a fifth
of all packets lost too. Reports by TAP."""

import contextlib
import os
import shutil
import subprocess
import sys
import threading
import time

sys.path.insert(
    0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "cli")
)

import three_hosts as lan  # noqa: E402 (found by the line above)
import tap  # noqa: E402
from three_hosts import there  # noqa: E402

CHAT = os.path.join(os.environ["PIER_BUILD"], "examples", "chat")
PATIENCE = 40
HOSTS = {"ann": 1, "bob": 2, "carl": 3}
TEXT = "汉语/漢語 Hànyǔ"


class Person:
    """One who chats; what the program says is kept as it comes."""

    def __init__(self, name):
        self.name = name
        self.lines = []
        self.news = threading.Condition()
        # pylint: disable=consider-using-with
        self.process = subprocess.Popen(
            there(HOSTS[name], CHAT, name),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        threading.Thread(target=self.listen, daemon=True).start()

    def listen(self):
        for line in self.process.stdout:
            with self.news:
                self.lines.append(line.rstrip("\n"))
                self.news.notify_all()

    def has(self, wanted, since=0):
        """That line, or one that begins so where it ends in '…'."""
        if wanted.endswith("…"):
            return any(
                one.startswith(wanted[:-1]) for one in self.lines[since:]
            )
        return wanted in self.lines[since:]

    def hears(self, *wanted, since=0, any_of=False, again=None):
        """All of these lines, or one of them; again() is called meanwhile."""
        enough = any if any_of else all
        end = time.monotonic() + PATIENCE
        with self.news:
            while not enough(self.has(line, since) for line in wanted):
                left = end - time.monotonic()
                if left <= 0:
                    raise AssertionError(
                        f"{self.name}: {wanted} not in {self.lines}"
                    )
                if not self.news.wait(min(left, 5)) and again:
                    again()

    def misses(self, other, lossy):
        """He has left; where his last packets may be lost he is given up."""
        lines = [f"* {other} has left"]
        if lossy:
            lines.append(f"* {other} does not answer any more")
        self.hears(*lines, any_of=lossy)

    def says(self, text):
        self.process.stdin.write(text + "\n")
        self.process.stdin.flush()

    def who(self, *names):
        """/who, until it is so: others may be about to come."""
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            since = len(self.lines)
            self.says("/who")
            self.hears("* …", since=since)
            said = [
                line for line in self.lines[since:] if line.startswith("* here:")
            ]
            if said and sorted(said[0][8:].strip().split(", ")) == sorted(names):
                return
            time.sleep(0.1)
        raise AssertionError(f"{self.name}: not {names}: {self.lines}")

    def leaves(self):
        self.process.stdin.close()
        if self.process.wait(PATIENCE) != 0:
            raise AssertionError(f"{self.name}: {self.lines}")

    def end(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()


@contextlib.contextmanager
def people(*names):
    all_here = []
    try:
        for name in names:
            all_here.append(Person(name))
        yield all_here
    finally:
        for one in all_here:
            one.end()


def meet(everybody):
    """Each hears that the others are there: then each hears what they say."""
    for one in everybody:
        one.hears(
            *(f"* {other.name} is here" for other in everybody if other != one)
        )


def talk(everybody):
    """Each says something, all others hear it. Where much is lost, one who was
    given up and came back may have missed it."""

    def say():
        for one in everybody:
            one.says(f"{TEXT} of {one.name}")

    say()
    for one in everybody:
        one.hears(
            *(f"{other.name}: {TEXT} of {other.name}"
              for other in everybody if other != one),
            again=say,
        )


def conversation(lossy=False):
    """All of it: who comes, talks, leaves and dies."""
    with people("ann", "bob", "carl") as everybody:
        ann, bob, carl = everybody
        meet(everybody)
        ann.who("bob", "carl")
        talk(everybody)
        carl.process.kill()
        for one in (ann, bob):
            one.misses("carl", lossy)
        ann.who("bob")
        talk([ann, bob])
        bob.leaves()
        ann.misses("bob", lossy)
        ann.leaves()


def test_three_find_each_other_and_talk():
    conversation()


def test_who_comes_later_is_told_who_is_there():
    with people("ann") as (ann,):
        ann.hears("* nobody else is here")
        with people("bob") as (bob,):
            bob.hears("* ann is here")
            ann.hears("* bob is here")
            bob.hears("* here: ann")
            bob.says("\x1b[2J\x07\x9b2Jhello")
            ann.hears("bob: \\x1b[2J\\x07\\xc2\\x9b2Jhello")


def test_two_of_one_name_are_two():
    """The later one is renamed, and heard under that name."""
    with people("ann") as (ann,):
        ann.hears("* nobody else is here")
        with people("ann") as (other,):
            other.hears("* ann is here")
            ann.hears("* ann (2) is here")
            other.says("it is me")
            ann.hears("ann (2): it is me")
            ann.who("ann (2)")
            other.who("ann")


def test_help_is_no_name():
    for word, code in (("--help", 0), ("-x", 2)):
        done = subprocess.run(
            [CHAT, word], stdin=subprocess.DEVNULL, text=True, timeout=PATIENCE,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False,
        )
        if (done.returncode, done.stdout) != (code, "usage: chat [NAME]\n"):
            raise AssertionError(f"{word}: {done}")


def test_who_is_unplugged_is_missed():
    """Nothing tells of it but silence; and the cable may come back."""
    with people("ann", "bob") as everybody:
        ann, bob = everybody
        meet(everybody)
        lan.unplug(2)
        try:
            ann.hears("* bob does not answer any more")
        finally:
            lan.run(1, "ip link set cable2 up")
        ann.hears("* bob is here", since=len(ann.lines))
        talk([ann, bob])


def test_a_fifth_of_all_is_lost():
    """Last: from here on the link is so."""
    if shutil.which("nft") is None:
        raise tap.Skip("no nft here (Debian: nftables)")
    lan.lossy()
    conversation(lossy=True)


def main():
    if len(sys.argv) > 1 and sys.argv[1] == "--inside":
        del sys.argv[1]
        lan.set_up()
        try:
            return tap.main(globals())
        finally:
            lan.tear_down()
    reason = lan.missing()
    if reason is None and not os.access(CHAT, os.X_OK):
        reason = "built without examples"
    if reason:
        print(f"1..0 # SKIP {reason}")
        return 0
    return lan.inside(__file__, *sys.argv[1:])


if __name__ == "__main__":
    sys.exit(main())
