# SPDX-License-Identifier: MIT
"""What the machines run: how it is dealt to them, the script that runs it there, and
how each job came to its end.

A job and a machine leave files in the folder that the machines share with this one:

    N.begun      a machine runs job N; no other does
    N.said       what it said
    N.status     its exit status, and how many milliseconds it took
    through.M    machine M has run all there was, and awaited it
    over         made by this machine: it is too late to start another job
"""

import os
import shlex
import time

# How long one may run, beyond so many times what it takes where nothing else runs:
# whoever takes longer has hung, be the machine slow.
SPARE_S, TIMES = 90, 3


class Job:
    """A command to run there: words, variables, the folder that it runs in, and the
    seconds that it takes, about."""

    def __init__(self, name, command, environment, folder, takes):
        self.name, self.command, self.folder = name, command, folder
        self.environment, self.takes = environment, takes
        self.spare_s = SPARE_S
        self.number = 0  # what its files are called by
        self.status, self.said, self.took_ms = None, "", 0
        self.ran_s = None  # without a status: how long it ran, if it was begun
        self.excuse = None  # why it is not to blame for that

    @property
    def limit_s(self):
        return self.spare_s + TIMES * self.takes

    def line(self):
        """What starts it there, in the background, if no other machine has."""
        more = "".join(
            f" {key}={shlex.quote(value)}"
            for key, value in self.environment.items()
        )
        return (
            f"room || return; ! begin {self.number} || "
            f"{{ (cd {shlex.quote(self.folder)}; export HOME=/tmp{more}; "
            f"job {self.number} {self.limit_s} {shlex.join(self.command)}) & "
            "((++running)); }"
        )


def deal(sets_of_jobs, count):
    """What each machine runs: [(modules, jobs)], and what any of them may, of
    [(set, jobs)]. The jobs of a set stay on one machine, but those of suites, which
    know nothing of each other. The longest goes first, to the machine that has least
    to do, so that all end together, and what it becomes too late for is short."""
    loads = [0.0] * count
    shares = [([], []) for _ in range(count)]
    common = []
    weights = [sum(job.takes for job in jobs) for _, jobs in sets_of_jobs]
    order = sorted(range(len(weights)), key=lambda at: -weights[at])
    for at in order:
        one, jobs = sets_of_jobs[at]
        if one.suites:
            common += jobs
            for modules, _ in shares:
                modules.extend(one.modules)
            continue
        which = loads.index(min(loads))
        loads[which] += weights[at]
        shares[which][0].extend(one.modules)
        shares[which][1].extend(jobs)
    for some in [own for _, own in shares] + [common]:
        some.sort(key=lambda job: -job.takes)
    return [share for share in shares if share[1] or common], common


# room: waits until another job may be started; fails when it is too late for any.
# begin NUMBER: this machine runs it, and no other.
# job NUMBER SECONDS WORD...: how it ended, and after how many milliseconds.
FUNCTIONS = """running=0
room() {{
	((running < {at_once})) || {{ wait -n; ((running--)); }}
	[[ ! -e {out}/over ]]
}}
begin() {{
	{{ true >{out}/"$1".begun; }} 2>/dev/null
}}
job() {{
	local begun=${{EPOCHREALTIME/./}} number=$1 limit=$2
	shift 2
	timeout -k 2 "$limit" "$@" >{out}/"$number".said 2>&1
	echo $? $(((${{EPOCHREALTIME/./}} - begun) / 1000)) \\
		>{out}/"$number".status
}}
set -o noclobber"""


def script(machine, own, common, at_once, out, variables):
    """What runs the jobs there, some of them at a time, and then those of the common
    ones that no other machine runs."""
    lines = [FUNCTIONS.format(at_once=at_once, out=out)]
    lines += [f"export {word}" for word in variables]
    lines += ["all() {", *(job.line() for job in own + common), "}"]
    return "\n".join([*lines, "all", "wait", f"true >{out}/through.{machine}", ""])


def read(path):
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read()
    except FileNotFoundError:
        return ""


def collect(jobs, out):
    """Fills in how each ended, or for how long it ran."""
    for job in jobs:
        job.said = read(f"{out}/{job.number}.said")
        status = read(f"{out}/{job.number}.status").split()
        if len(status) == 2:
            job.status, job.took_ms = map(int, status)
        elif os.path.exists(f"{out}/{job.number}.begun"):
            begun = os.stat(f"{out}/{job.number}.begun").st_mtime
            job.ran_s = max(0, time.time() - begun)


def is_to_blame(machine, out):
    """Did it end by itself before it was through, or begin with nothing?"""
    if os.path.exists(f"{out}/through.{machine.name}"):
        return False
    begun = [os.path.exists(f"{out}/{job.number}.begun") for job in machine.jobs]
    return not machine.cut_off or (bool(begun) and not any(begun))


def excuse(jobs, machines, out, seconds):
    """Of those that have no end it is said why, where so many seconds were too few:
    they were not begun, or might still have come to their end. Nothing is excused
    where a machine broke off, or never came so far as to run any."""
    if any(is_to_blame(machine, out) for machine in machines):
        return
    for job in jobs:
        if job.status is None and job.ran_s is None:
            job.excuse = f"not run: {seconds} s were over"
        elif job.status is None and job.ran_s < job.limit_s:
            job.excuse = f"cut off after {job.ran_s:.0f} s: {seconds} s were over"
