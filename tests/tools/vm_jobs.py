# SPDX-License-Identifier: MIT
"""What is run in the virtual machine, without one: jobs are dealt, the script that runs
them there runs here, and what had no time is told from what hung or broke off."""

import os
import subprocess
import sys
import tempfile
import threading
import types

SOURCE = os.environ["PIER_SOURCE"]
for folder in ("tests/cli", "tests/vm"):
    sys.path.insert(0, os.path.join(SOURCE, folder))

import jobs  # noqa: E402 (found by the lines above)
import tap  # noqa: E402
from tap import equal  # noqa: E402

LIMIT = 30


def job(name, takes=1, command="true"):
    return jobs.Job(name, ["sh", "-c", command], {}, "/", takes)


def a_set(*some, suites=(), modules=()):
    return types.SimpleNamespace(suites=suites, modules=list(modules)), list(some)


def machine(*own, name="0", cut_off=False):
    return types.SimpleNamespace(name=name, jobs=list(own), cut_off=cut_off)


def names(some):
    return [one.name for one in some]


def test_the_longest_goes_first_to_who_has_least():
    shares, common = jobs.deal(
        [
            a_set(job("a1", 1), job("a5", 5), modules=["a"]),
            a_set(job("x1"), job("x9", 9), suites=["unit"], modules=["x"]),
            a_set(job("b7", 7), modules=["b"]),
            a_set(job("c2", 2), modules=["c"]),
        ],
        2,
    )
    equal([names(own) for _, own in shares], [["b7"], ["a5", "c2", "a1"]])
    equal(names(common), ["x9", "x1"])
    equal([sorted(modules) for modules, _ in shares], [["b", "x"], ["a", "c", "x"]])


def test_a_machine_without_jobs_is_none():
    shares, common = jobs.deal([a_set(job("a"))], 2)
    equal([names(own) for _, own in shares], [["a"]])
    equal(common, [])


def number(every):
    for at, one in enumerate(every):
        one.number = at


def run_script(out, name, own, common, at_once=3):
    """As a machine does."""
    done = subprocess.run(
        ["bash"],
        input=jobs.script(name, own, common, at_once, out, ["HELLO=hello"]),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        timeout=LIMIT,
        check=True,
        text=True,
    )
    equal(done.stdout, "")


def test_each_runs_once_and_tells_how_it_ended():
    own = [[job("good", command="echo $HELLO")], [job("bad", command="exit 3")]]
    common = [job(f"common {n}", command="echo ran") for n in range(20)]
    every = own[0] + own[1] + common
    number(every)
    with tempfile.TemporaryDirectory() as out:
        machines = [
            threading.Thread(target=run_script, args=(out, str(n), own[n], common))
            for n in range(2)
        ]
        for one in machines:
            one.start()
        for one in machines:
            one.join()
        jobs.collect(every, out)
        jobs.excuse(every, [machine(*own[0]), machine(*own[1], name="1")], out, 90)
    equal([one.status for one in every], [0, 3] + 20 * [0])
    equal([one.said for one in every], ["hello\n", ""] + 20 * ["ran\n"])
    equal({one.excuse for one in every}, {None})


def test_who_hangs_is_ended_by_its_limit():
    hangs = job("hangs", takes=0, command="echo begun; exec sleep 1000")
    hangs.spare_s = 1
    with tempfile.TemporaryDirectory() as out:
        run_script(out, "0", [hangs], [])
        jobs.collect([hangs], out)
        jobs.excuse([hangs], [machine(hangs)], out, 90)
    equal((hangs.status, hangs.said), (124, "begun\n"))
    equal((hangs.took_ms >= 1000, hangs.excuse), (True, None))


def test_nothing_is_begun_when_it_is_too_late():
    """The first says so itself."""
    with tempfile.TemporaryDirectory() as out:
        own = [job("last", command=f"true >{out}/over"), job("late")]
        common = [job("late too")]
        number(own + common)
        run_script(out, "0", own, common, at_once=1)
        jobs.collect(own + common, out)
        jobs.excuse(own + common, [machine(*own)], out, 90)
    equal([one.status for one in own + common], [0, None, None])
    equal([one.excuse for one in own + common],
          [None] + 2 * ["not run: 90 s were over"])


def outcome(begun_ago_s, through=False, cut_off=True, more=()):
    """The excuses of a job that was begun so long ago and has no end, and of one that
    was not begun."""
    every = [job("begun"), job("not")]
    number(every)
    with tempfile.TemporaryDirectory() as out:
        if begun_ago_s is not None:
            path = f"{out}/0.begun"
            with open(path, "w", encoding="ascii"):
                pass
            when = os.stat(path).st_mtime - begun_ago_s
            os.utime(path, (when, when))
        if through:
            with open(f"{out}/through.0", "w", encoding="ascii"):
                pass
        jobs.collect(every, out)
        jobs.excuse(every, [machine(*every, cut_off=cut_off), *more], out, 90)
    return [one.excuse for one in every]


def test_who_is_cut_off_in_its_limit_is_excused():
    limit_s = job("one").limit_s
    begun, other = outcome(10)
    # To the second, on a machine that is in no hurry.
    equal(begun.startswith("cut off after 1"), True)
    equal(begun.endswith(" s: 90 s were over"), True)
    equal(other, "not run: 90 s were over")
    equal(outcome(limit_s + 5), [None, "not run: 90 s were over"])


def test_a_machine_that_breaks_off_excuses_nothing():
    equal(outcome(10, cut_off=False), [None, None])
    equal(outcome(None, cut_off=False), [None, None])
    # Neither does another one that was fine.
    equal(outcome(10, more=[machine(name="1")]), [None, None])


def test_a_machine_that_never_began_excuses_nothing():
    equal(outcome(None), [None, None])


if __name__ == "__main__":
    tap.main(globals())
