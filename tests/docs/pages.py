#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""pages.py PAGE...: the sessions and programs in the pages are real.

Every block fenced as `c` that has a main() must build without a warning.

Every block of a page that is fenced as `console` is run, line by line, as it
stands: what follows `$ ` is typed into bash, the other lines must be what it
said; durations, ports of five digits and process ids may differ, and `…`
stands for anything on that line. A command that ends in `&`
goes on while the rest of its block runs, and is interrupted at its end; lines
after it must come within LIMIT seconds.

`build/` in the pages is the build that is being tested.
"""

import os
import re
import signal
import subprocess
import sys
import tempfile
import time

# Who is started in the background by a shell, or by nohup, has some of these
# ignored, and what is started here would keep it so.
for _number in (signal.SIGINT, signal.SIGQUIT, signal.SIGHUP):
    if signal.getsignal(_number) == signal.SIG_IGN:
        signal.signal(_number, signal.SIG_DFL)

ROOT = os.environ["PIER_SOURCE"]
LIMIT = 30


def blocks(page):
    """(line, [(command, [expected lines])]) for each console block."""
    with open(os.path.join(ROOT, page), encoding="utf-8") as file:
        text = file.read()
    for match in re.finditer(r"^```console\n(.*?)^```", text, re.M | re.S):
        steps = []
        for line in match.group(1).splitlines():
            if line.startswith("$ "):
                steps.append((line[2:], []))
            elif line.startswith("> ") and steps:
                command, expected = steps[-1]
                steps[-1] = (command + "\n" + line[2:], expected)
            elif steps:
                steps[-1][1].append(line)
        yield text.count("\n", 0, match.start()) + 1, steps


# What differs from run to run: how long, from which port, which process.
VARYING = re.compile(r"\d+(?:\.\d+)? (?:ns|us|ms|s)\b|:\d{5}\b|pid \d+|…")


def pattern(expected):
    def free(found):
        if found == "…":
            return ".*"
        if found[0] == ":":
            return r":\d+"
        return r"pid \d+" if found[0] == "p" else r"[\d.]+ (?:ns|us|ms|s)"

    lines = []
    for line in expected:
        fixed = map(re.escape, VARYING.split(line))
        varying = [free(found) for found in VARYING.findall(line)] + [""]
        lines.append("".join(a + b for a, b in zip(fixed, varying)))
    return re.compile("\n".join(lines) + r"\n?")


class Session:
    """One block: a folder of its own where build/ is the tested build."""

    def __init__(self, folder):
        self.folder = folder
        self.running = []
        os.symlink(os.environ["PIER_BUILD"], os.path.join(folder, "build"))
        for name in os.listdir(ROOT):
            if name not in ("build", ".git") and not name.startswith("build"):
                os.symlink(
                    os.path.join(ROOT, name), os.path.join(folder, name)
                )

    def background(self, command, expected):
        log = tempfile.NamedTemporaryFile("r", dir=self.folder)
        process = subprocess.Popen(
            ["bash", "-c", "exec " + command.rstrip("& ")],
            cwd=self.folder,
            stdin=subprocess.DEVNULL,
            stdout=open(log.name, "w"),
            stderr=subprocess.STDOUT,
        )
        self.running.append(process)
        end = time.monotonic() + LIMIT
        while True:
            log.seek(0)
            said = log.read()
            if pattern(expected).match(said) and (said or not expected):
                return None
            if time.monotonic() > end or process.poll() is not None:
                return said or "(nothing)"
            time.sleep(0.02)

    def foreground(self, command, expected):
        done = subprocess.run(
            ["bash", "-c", command],
            cwd=self.folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=LIMIT,
        )
        if pattern(expected).fullmatch(done.stdout):
            return None
        return done.stdout or "(nothing)"

    def step(self, command, expected):
        if command.endswith("&"):
            return self.background(command, expected)
        return self.foreground(command, expected)

    def end(self):
        for process in self.running:
            if process.poll() is None:
                process.send_signal(signal.SIGINT)
        for process in self.running:
            try:
                process.wait(LIMIT)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


class Cases:
    """Prints TAP lines and counts them."""

    def __init__(self):
        self.number = self.failed = 0

    def add(self, title, wrong, expected=()):
        """One case: wrong is None, or what was found instead."""
        self.number += 1
        good = wrong is None
        self.failed += not good
        print(f"{'' if good else 'not '}ok {self.number} - {title}")
        if not good:
            for text in ["expected:", *expected, "said:"]:
                print("# " + text)
            for text in wrong.splitlines():
                print("#   " + text)


def check_sessions(cases, page):
    for line, steps in blocks(page):
        with tempfile.TemporaryDirectory() as folder:
            session = Session(folder)
            for command, expected in steps:
                try:
                    wrong = session.step(command, expected)
                except subprocess.TimeoutExpired:
                    wrong = f"no end after {LIMIT} s"
                title = command.splitlines()[0][:60]
                cases.add(f"{page}:{line}: {title}", wrong, expected)
            session.end()


def check_programs(cases, page):
    with open(os.path.join(ROOT, page), encoding="utf-8") as file:
        text = file.read()
    for match in re.finditer(r"^```c\n(.*?)^```", text, re.M | re.S):
        if "\nmain(" not in match.group(1):
            continue
        with tempfile.TemporaryDirectory() as folder:
            done = subprocess.run(
                ["cc", "-std=c11", "-Wall", "-Wextra", "-Werror", "-x", "c"]
                + ["-I", os.path.join(ROOT, "include"), "-", "-L"]
                + [os.environ["PIER_BUILD"], "-lpier", "-o", f"{folder}/it"],
                input=match.group(1),
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                timeout=LIMIT * 6,
            )
        line = text.count("\n", 0, match.start()) + 1
        wrong = done.stdout if done.returncode else None
        cases.add(f"{page}:{line}: the program builds", wrong)


# The pages name ports, which somebody else on this machine may have: where it
# may be, sessions have a loopback of their own.
APART = ["--net", "sh", "-c", 'ip link set lo up && exec "$@"', "sh"]


def go_apart():
    """Begin anew in a network namespace, if one can be made."""
    if os.environ.get("PIER_PAGES_APART"):
        return
    for more in ([], ["--map-root-user"]):
        command = ["unshare", *more, *APART]
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        if subprocess.run([*command, "true"], check=False, **quiet).returncode:
            continue
        os.environ["PIER_PAGES_APART"] = "1"
        os.execvp("unshare", [*command, sys.executable, *sys.argv])


def main():
    go_apart()
    cases = Cases()
    for page in sys.argv[1:]:
        check_sessions(cases, page)
        check_programs(cases, page)
    number = cases.number
    print(f"1..{number}" if number else "1..0 # SKIP no session, no program")
    return cases.failed != 0


if __name__ == "__main__":
    sys.exit(main())
