#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""syscalls.py COMMAND...: what one echo costs in system calls.

In its steady state an echo server on fibers receives once and sends once per
message and waits once per turn, and calls the kernel for nothing else. This
attaches strace to a server that has its connections already, lets all of them
send again and again, and reads the trace: each wait that returned N events is
followed by N receives, each with a send of as many bytes, then by a wait.

Then come short conversations: of each the server receives the message, sends
it, and hears the end once; before the first byte it may look in vain once.

Each COMMAND, one word with its arguments in it, starts a server that prints
"READY port"; those of bench/ do. Without strace, or where it may not attach,
all is skipped.
"""

import collections
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile

CONNECTIONS = 16
ROUNDS = 40
SHORT = 40
MESSAGE = bytes(range(64))

KINDS = {
    "recv": ("recv", "recvfrom", "recvmsg", "read", "readv"),
    "send": ("send", "sendto", "sendmsg", "write", "writev"),
    "wait": ("epoll_wait", "epoll_pwait", "epoll_pwait2"),
}
KIND = {name: kind for kind, names in KINDS.items() for name in names}
LINE = re.compile(r"^(?:\d+ +)?(?:<\.\.\. )?(\w+)(?:\(| resumed).*= (-?\d+|\?)")


class Wrong(Exception):
    """The server did what it should not."""


def skip(reason):
    print(f"1..0 # SKIP {reason}")
    sys.exit(0)


def start(command):
    """The process and its port."""
    server = subprocess.Popen(
        command.split(), stdout=subprocess.PIPE, text=True
    )
    line = server.stdout.readline()
    if not line.startswith("READY "):
        raise Wrong(f"{command} said {line!r} in place of READY and its port")
    return server, int(line.removeprefix("READY "))


def volley(clients):
    for client in clients:
        client.sendall(MESSAGE)
    for client in clients:
        back = b""
        while len(back) < len(MESSAGE):
            more = client.recv(len(MESSAGE) - len(back))
            if not more:
                raise Wrong("the server closed a connection")
            back += more
        if back != MESSAGE:
            raise Wrong("the echo differs from what was sent")


def trace(pid, path, act):
    """act() while strace writes to path."""
    strace = subprocess.Popen(
        ["strace", "-f", "-p", str(pid), "-o", path],
        stderr=subprocess.PIPE,
        text=True,
    )
    said = strace.stderr.readline()
    if "attached" not in said:
        strace.wait()
        skip(f"strace cannot attach: {said.strip()}")
    act()
    strace.send_signal(signal.SIGINT)
    strace.stderr.read()
    strace.wait()


def volleys(clients):
    # One more than is judged: strace may miss the wait that it came into.
    for _ in range(ROUNDS + 1):
        volley(clients)


def conversations(port):
    for _ in range(SHORT):
        converse(port)


def calls(path):
    """(name, result) of each call in the trace that returned."""
    found = []
    with open(path, encoding="utf-8", errors="replace") as file:
        for line in file:
            match = LINE.match(line)
            if not match or match[2] == "?":
                continue
            # A kernel without it: epoll_wait, which follows, is the wait.
            if match[1] == "epoll_pwait2" and match[2] == "-1":
                continue
            found.append((match[1], int(match[2])))
    return found


def turns(found):
    """The calls, cut before each wait; what precedes the first is left out:
    strace came in the middle of it."""
    cut = []
    for name, result in found:
        if KIND.get(name) == "wait":
            cut.append((result, []))
        elif cut:
            cut[-1][1].append((name, result))
    return cut


def wrong(events, made, last=False):
    """What is not as it should be in one turn, or None. The end of the last
    one may be missing: strace left in the middle of it."""
    if events < 1:
        return f"a wait that returned {events}"
    kinds = [KIND.get(name, name) for name, _ in made]
    due = ["recv", "send"] * events
    if kinds != (due[: len(kinds)] if last else due):
        return f"{events} events were followed by {' '.join(kinds) or 'none'}"
    if any(result != len(MESSAGE) for _, result in made):
        return f"results {[result for _, result in made]}"
    return None


def judge(found):
    """Wrong, or a line that counts the calls."""
    cut = turns(found)
    echoes = sum(max(events, 0) for events, _ in cut)
    least = CONNECTIONS * ROUNDS
    if not least <= echoes <= least + CONNECTIONS:
        raise Wrong(f"at least {least} messages, {echoes} events")
    said = [wrong(*turn, last=turn is cut[-1]) for turn in cut]
    bad = [text for text in said if text]
    if bad:
        raise Wrong(f"{len(bad)} of {len(cut)} turns:\n" + "\n".join(bad[:5]))
    names = collections.Counter(name for name, _ in found)
    return ", ".join(f"{names[name]} {name}" for name in names)


def converse(port):
    with socket.create_connection(("127.0.0.1", port), 10) as client:
        volley([client])
        client.shutdown(socket.SHUT_WR)
        if client.recv(1):
            raise Wrong("bytes after the echo")


def judge_short(found):
    """Wrong, or a line that counts what conversations received."""
    received = collections.Counter(
        result for name, result in found if KIND.get(name) == "recv"
    )
    full, ends = received.pop(len(MESSAGE), 0), received.pop(0, 0)
    vain = received.pop(-1, 0)
    if received or full != ends or full < SHORT or vain > full:
        raise Wrong(f"{full} messages, {ends} ends, {vain} in vain, {received}")
    return f"{SHORT} conversations, {vain} looks in vain"


def check(command):
    server, port = start(command)
    with tempfile.TemporaryDirectory() as scratch:
        path = os.path.join(scratch, "trace")
        try:
            clients = [
                socket.create_connection(("127.0.0.1", port), 10)
                for _ in range(CONNECTIONS)
            ]
            volley(clients)
            trace(server.pid, path, lambda: volleys(clients))
            steady = judge(calls(path))
            trace(server.pid, path, lambda: conversations(port))
            return f"{steady}; {judge_short(calls(path))}"
        finally:
            server.terminate()
            server.wait()


def main():
    commands = sys.argv[1:]
    failed = 0
    if not shutil.which("strace"):
        skip("no strace")
    for number, command in enumerate(commands, 1):
        title = os.path.basename(command)
        try:
            print(f"ok {number} - {title}: {check(command)}", flush=True)
        except (Wrong, OSError) as what:
            failed += 1
            print(f"not ok {number} - {title}")
            print("\n".join(f"# {line}" for line in str(what).splitlines()))
    print(f"1..{len(commands)}")
    return failed > 0


if __name__ == "__main__":
    sys.exit(main())
