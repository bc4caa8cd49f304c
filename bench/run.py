#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Measure pier's echo server against its yardsticks, in pairs.

Each workload is run round after round; in each round every server works for
some slices, in turn, so that what the machine does in that minute touches all
of them.
A round gives one ratio for each rival; the row shows the median of the
rounds and its 95 % interval by order statistics (which assumes nothing about
how the ratios are spread). README.md tells how to read the table.

The other models have a rival each: the same by hand on blocking sockets.
"""

import argparse
import atexit
import contextlib
import json
import math
import os
import platform
import resource
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from workloads import (BUSY, FRAMES, IDLE, IDLE_TARGETS, MESSAGES,
                       METER_REFUSED, MODEL_SERVERS, NAMES, PYTHON, RECEIVERS,
                       RELAYS, SERVERS, WORKLOADS, Workload, judge)

SERVER_CORE, LOAD_CORE = 0, 1


def interval(values):
    """Median and the order statistics that hold it with 95 %.

    The interval from the k-th least to the k-th greatest misses the median
    with 2 * P(Bin(n, 1/2) < k); below 6 values not even the range reaches
    95 %, and the range is given.
    """
    values = sorted(values)
    n, k, missed = len(values), 0, 0.0
    while True:
        missed += 2 * math.comb(n, k) / 2 ** n
        if missed > 0.05 or k >= (n - 1) // 2:
            break
        k += 1
    k = max(k, 1)
    return statistics.median(values), values[k - 1], values[n - k]


class Server:
    """One server process, pinned, listening; a context manager."""

    def __init__(self, name, build, workload, target=0, core=SERVER_CORE):
        self.core = core
        self.scratch = tempfile.TemporaryDirectory(prefix="pier-bench-")
        self.ready = Path(self.scratch.name) / "ready"
        servers = workload.own or SERVERS | MODEL_SERVERS
        template = servers[name]
        self.port = free_port() if "{free}" in template else 0
        self.command = [part.format(build=build, buf=workload.buf, port=0,
                                    free=self.port, target=target,
                                    ready=self.ready,
                                    workers=workload.connections)
                        for part in template.split()]
        self.by_file = "{ready}" in template

    def __enter__(self):
        # What the tool tells people goes to a file, in case it fails.
        with open(f"{self.scratch.name}/said", "wb") as said:
            self.process = subprocess.Popen(
                self.command, stdout=subprocess.PIPE, text=True,
                stderr=said if self.by_file else None,
                preexec_fn=lambda: os.sched_setaffinity(0, {self.core}))
        self.pid = self.process.pid
        if self.port:
            wait_until_listening(self.port)
        else:
            self.port = self.port_from_file() if self.by_file else int(
                self.process.stdout.readline().removeprefix("READY "))
        return self

    def port_from_file(self):
        end = time.monotonic() + 10
        while time.monotonic() < end:
            if self.ready.exists() and self.ready.read_text().endswith("\n"):
                return int(self.ready.read_text().split()[0]
                           .rpartition(":")[2])
            time.sleep(.01)
        said = Path(f"{self.scratch.name}/said").read_text(encoding="utf-8")
        raise SystemExit(
            f'not ready after 10 s: {" ".join(self.command)}\n{said}')

    def __exit__(self, *_):
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(5)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.process.stdout.close()
        self.scratch.cleanup()


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


def wait_until_listening(port):
    end = time.monotonic() + 10
    while time.monotonic() < end:
        with open("/proc/net/tcp", encoding="ascii") as lines:
            if any(f":{port:04X} 00000000:0000 0A" in line for line in lines):
                return
        time.sleep(.01)
    raise SystemExit(f"nobody listens at port {port} after 10 s")


def echo_beside(build):
    """What relays lead to: on the generator's core."""
    echo = Workload("echo", "echo", [], buf=65536)
    return Server("epoll", build, echo, core=LOAD_CORE)


def open_server(stack, workload, name, build):
    target = 0
    if workload.own is RELAYS:
        target = stack.enter_context(echo_beside(build)).port
    return stack.enter_context(Server(name, build, workload, target))


def generate(workload, server, build, times):
    done = subprocess.run(
        [f"{build}/bench/load", *workload.arguments(times),
         "--port", str(server.port), "--pid", str(server.pid)],
        stdout=subprocess.PIPE, text=True, timeout=120,
        preexec_fn=lambda: os.sched_setaffinity(0, {LOAD_CORE}))
    if done.returncode == METER_REFUSED:
        raise PermissionError
    if done.returncode != 0:
        raise SystemExit(f"{workload.name}: the generator gave up")
    return json.loads(done.stdout)


def measure(workload, name, build, times):
    with contextlib.ExitStack() as stack:
        server = open_server(stack, workload, name, build)
        return generate(workload, server, build, times)


def joined(slices):
    """One result of several: costs by request, rates by time and only of
    slices in which the server was the limit, the rest by the median."""
    busy = [one for one in slices if one["server_busy"] >= BUSY]
    requests = sum(one["requests"] for one in slices)
    seconds = sum(one["seconds"] for one in slices)
    result = {key: statistics.median(one[key] for one in slices)
              if isinstance(slices[0][key], (int, float)) else slices[0][key]
              for key in slices[0]}
    result |= {"requests": requests, "seconds": seconds,
               "busy_slices": len(busy),
               "per_second": sum(one["requests"] for one in busy or slices) /
               sum(one["seconds"] for one in busy or slices),
               "server_us": sum(one["server_us"] * one["requests"]
                                for one in slices) / requests}
    for key in "server_busy", "generator_busy", "foreign_busy":
        result[key] = sum(one[key] * one["seconds"]
                          for one in slices) / seconds
    return result


def measure_round(workload, names, build, times):
    """A result for each name. All servers stand, one is at work: each in turn
    for a slice, and every other turn backwards, so that a machine that speeds
    up and slows down by the second favours nobody."""
    count = workload.slices()
    times = times | {"warm": max(50, times["warm"] // count),
                     "measure": times["measure"] // count}
    slices = {name: [] for name in names}
    with contextlib.ExitStack() as stack:
        servers = {name: open_server(stack, workload, name, build)
                   for name in names}
        for number in range(count):
            for name in names if number % 2 == 0 else reversed(names):
                slices[name].append(
                    generate(workload, servers[name], build, times))
    return {name: joined(slices[name]) for name in names}


def run_rounds(workload, names, build, times, rounds):
    """A list of results per round, in the order of names."""
    table = []
    for number in range(rounds):
        order = names if number % 2 == 0 else names[::-1]
        results = measure_round(workload, order, build, times)
        table.append([results[name] for name in names])
    return table


def print_row(*cells):
    print("{:<16} {:<12} {:<8} {:>9} {:>9} {:>7} {:>15} {:>5} {:>6}  {}"
          .format(*cells).rstrip(), flush=True)


def report(workload, table, rivals):
    for metric in workload.metrics:
        for i, rival in enumerate(rivals, 1):
            pairs = [(row[0], row[i]) for row in table
                     if metric.counts(row[0], row[i])]
            foreign = statistics.mean(row[j]["foreign_busy"]
                                      for row in table for j in (0, i))
            shown = workload.name, metric.label, rival
            count = f"{len(pairs)}/{len(table)}"
            if not pairs:
                busy = statistics.median(
                    min(row[0]["server_busy"], row[i]["server_busy"])
                    for row in table)
                print_row(*shown, "", "", "-", "", count, f"{foreign:.0%}",
                          f"a server's core was only {busy:.0%} busy")
                continue
            median, low, high = interval(
                [metric.ratio(*pair) for pair in pairs])
            values = [statistics.median(pair[side][metric.key]
                                        for pair in pairs) for side in (0, 1)]
            print_row(*shown, *(f"{v:.3f}" if v < 1e4 else f"{v:.0f}"
                                for v in values),
                      f"{median:.3f}", f"{low:.3f}..{high:.3f}", count,
                      f"{foreign:.0%}",
                      metric.verdict(rival, median, low, high))


def report_idle(subject, build, times, rounds, silent_s):
    names = [subject] if subject != "pier" else list(IDLE_TARGETS)
    for name in names:
        grown = [measure(IDLE, name, build, times)["resident_per_connection"]
                 for _ in range(rounds)]
        median = statistics.median(grown)
        target = IDLE_TARGETS.get(name)
        print(f"idle             {name:<21} {median:9.0f} bytes of the server "
              f"per connection, {IDLE.connections} silent for {silent_s:g} s"
              + (f'  {judge(median <= target, f"<= {target}")}'
                 if target else ""), flush=True)


def receive(name, build, kind, size, count):
    """Processor time for each message, or None: this one is not built in."""
    if name == "python":
        count //= 10
        command = PYTHON.format(build=build, source=Path(__file__).parent)
        command = [*command.split(), str(size), str(count)]
    else:
        command = [*RECEIVERS[name].format(build=build, kind=kind).split(),
                   "--size", str(size), "--count", str(count)]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True,
                          timeout=120, stderr=subprocess.DEVNULL)
    return json.loads(done.stdout)["ns"] if done.returncode == 0 else None


def report_frames(build, rounds, share):
    """The time of each rival over that of a view; `share` of all messages."""
    for kind, others in (("line", ["evbuffer", "python"]), ("u32be", [])):
        for size, count in MESSAGES.items():
            names = ["view", "hand", "recv", "many", *others]
            table = [[receive(name, build, kind, size, int(count * share))
                      for name in names] for _ in range(rounds)]
            for i, rival in enumerate(names[1:], 1):
                pairs = [(row[0], row[i]) for row in table if row[i]]
                shown = f"{kind}-{size}", "CPU/message", rival
                if not pairs:
                    print_row(*shown, "", "", "-", "", "0", "",
                              "not built with it")
                    continue
                median, low, high = interval(
                    [other / own for own, other in pairs])
                values = [statistics.median(pair[side] / 1e3
                                            for pair in pairs)
                          for side in (0, 1)]
                print_row(*shown, *(f"{v:.4f}" for v in values),
                          f"{median:.3f}", f"{low:.3f}..{high:.3f}",
                          f"{len(pairs)}/{rounds}", "",
                          judge(median >= .90, ">= 0.90")
                          if rival == "hand" else "")


def report_tasks(build):
    subprocess.run(
        [f"{build}/bench/tasks"], check=True, timeout=120,
        preexec_fn=lambda: os.sched_setaffinity(0, {SERVER_CORE}))


def run_own(args, workload, times, rounds):
    """Among themselves; nothing where another subject was asked for."""
    if args.subject != "pier":
        return {}
    names = []
    for name, command in workload.own.items():
        program = command.split()[0].format(build=args.build)
        if shutil.which(program):
            names.append(name)
        else:
            print(f"{workload.name:<16} without {name}: no {program}",
                  flush=True)
    table = run_rounds(workload, names, args.build, times, rounds)
    report(workload, table, names[1:])
    return {workload.name: table}


def run_model(args, workload, times, rounds):
    """A pair of its own; nothing where another subject was asked for."""
    if args.subject != "pier":
        return {}
    times = times | {"warm": times["warm"] * 2 // 3,
                     "measure": times["measure"] * 2 // 3}
    try:
        table = run_rounds(
            workload, [f"pier-{workload.model}", f"hand-{workload.model}"],
            args.build, times, rounds)
    except PermissionError:
        print(f"{workload.name:<16} not measured: the processor time of "
              "several processes is to be had by perf_event_open(2) only",
              flush=True)
        return {}
    report(workload, table, ["hand"])
    return {workload.name: table}


def header(args, rounds, times):
    model = next((line.partition(":")[2].strip()
                  for line in open("/proc/cpuinfo", encoding="ascii")
                  if line.startswith("model name")), "unknown processor")
    print(f'{time.strftime("%Y-%m-%d %H:%M")}  {model}, Linux '
          f"{platform.release()}; server on core {SERVER_CORE}, generator on "
          f"core {LOAD_CORE}, priority {os.nice(0)}")
    print(f'subject {args.subject}; {rounds} rounds of {times["measure"]} ms; '
          f"ratio: median, 95 % interval"
          + (" (range: under 6 rounds)" if rounds < 6 else ""))
    print_row("workload", "figure", "rival", args.subject, "rival", "ratio",
              "interval", "n", "others", "target")


def parse():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--build", default="build-bench",
                        help="build directory (default: %(default)s)")
    parser.add_argument("--rounds", type=int, help="default: 9; short: 3")
    parser.add_argument("--short", action="store_true",
                        help="all workloads, briefly: about a minute")
    parser.add_argument("--only", action="append", metavar="NAME",
                        help="this workload alone (may be repeated): "
                        + " ".join(NAMES))
    parser.add_argument("--subject", default="pier", choices=SERVERS)
    parser.add_argument("--rivals", default="epoll,uv",
                        help="comma-separated (default: %(default)s)")
    parser.add_argument("--nice", type=int, default=-10,
                        help="priority to ask for (default: %(default)s)")
    parser.add_argument("--json", metavar="FILE",
                        help="write every single result there")
    args = parser.parse_args()
    for name in args.only or []:
        if name not in NAMES:
            parser.error(f'no workload {name}: there are {" ".join(NAMES)}')
    for name in args.rivals.split(","):
        if name not in SERVERS:
            parser.error(f'no server {name}: there are {" ".join(SERVERS)}')
    return args


def raise_priority(nice):
    """Where the kernel schedules by session (sched_autogroup_enabled) that of
    a process counts among those of its session only: until the end, the
    session gets the same. The header shows the priority that holds."""
    group = Path("/proc/self/autogroup")
    with contextlib.suppress(PermissionError):
        os.nice(nice)
    with contextlib.suppress(OSError):
        before = group.read_text(encoding="ascii").split()[-1]
        group.write_text(str(os.nice(0)), encoding="ascii")
        atexit.register(group.write_text, before, encoding="ascii")


def prepare(args):
    if os.cpu_count() < 2:
        raise SystemExit("needs two cores: one for each side")
    programs = [f"{args.build}/bench/load", f"{args.build}/bench/yard_models"]
    for name in [args.subject, *args.rivals.split(",")]:
        programs.append(SERVERS[name].split()[0].format(build=args.build))
    for program in programs:
        if not os.access(program, os.X_OK):
            raise SystemExit(f"no {program}: say `make bench`")
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    raise_priority(args.nice)


def main():
    args = parse()
    prepare(args)
    rounds = args.rounds or (3 if args.short else 9)
    times = {"warm": 300, "measure": 1500, "silent": 5000}
    if args.short:
        times = {"warm": 50, "measure": 200, "silent": 1000}
    rivals = args.rivals.split(",")
    header(args, rounds, times)
    every = {}
    for workload in WORKLOADS:
        if args.only and workload.name not in args.only:
            continue
        if workload.own:
            every |= run_own(args, workload, times, rounds)
            continue
        if workload.model:
            every |= run_model(args, workload, times, rounds)
            continue
        table = run_rounds(workload, [args.subject, *rivals], args.build,
                           times, rounds)
        report(workload, table, rivals)
        every[workload.name] = table
    if not args.only or "idle" in args.only:
        report_idle(args.subject, args.build, times, min(rounds, 3),
                    times["silent"] / 1000)
    if not args.only or "frames" in args.only:
        report_frames(args.build, rounds, .1 if args.short else 1)
    if not args.only or "tasks" in args.only:
        report_tasks(args.build)
    if args.json:
        Path(args.json).write_text(json.dumps(every), encoding="ascii")


if __name__ == "__main__":
    sys.exit(main())
