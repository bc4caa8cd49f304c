#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Relays with socat at both ends: every order in which two sides can end, both
directions, over TCP and Unix sockets, and enough bytes that they go by splice.
Reports by TAP.

The subject is examples/relay.c; strace shows which calls moved the bytes.
"""

import contextlib
import hashlib
import os
import re
import shutil
import socket
import subprocess
import sys
import threading

sys.path.insert(
    0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "cli")
)

import syscalls  # noqa: E402 (stands beside this file)
import tap  # noqa: E402 (found by the line above)
import tool  # noqa: E402
from tap import contains, equal  # noqa: E402

RELAY = sys.argv.pop(1)
LIMIT = 60
PIPES = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
BULK = 100_000_000


def need(program):
    if shutil.which(program) is None:
        raise tap.Skip(f"{program} is not installed")


def is_listening(where):
    """where: a port, or a path."""
    if isinstance(where, str):
        with open("/proc/net/unix", encoding="utf-8") as lines:
            # Bound is not enough: the flag says that it listens.
            return any(
                line.rstrip().endswith(where) and " 00010000 " in line
                for line in lines
            )
    with open("/proc/net/tcp", encoding="ascii") as lines:
        next(lines)
        return any(
            line.split()[3] == "0A"
            and int(line.split()[1].rsplit(":", 1)[1], 16) == where
            for line in lines
        )


@contextlib.contextmanager
def running(*command, where=None, **kwargs):
    """A process, once it listens; gone afterwards."""
    process = subprocess.Popen(command, **kwargs)
    try:
        if where is not None:
            tool.wait_until(
                lambda: process.poll() is not None or is_listening(where)
            )
            equal(process.poll(), None, f"{command[0]} runs")
        yield process
    finally:
        if process.poll() is None:
            process.kill()
        process.wait()
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                with contextlib.suppress(OSError):
                    pipe.close()


class Ends:
    """socat -- relay -- socat. Behind each socat is a shell script, which sees
    the end of what it reads; or, for None, our own pipes, which can end what
    they say."""

    def __init__(self, stack, kind, near, far, prefix=()):
        need("socat")
        self.folder = stack.enter_context(tool.scratch())
        if kind == "unix":
            there, here = f"{self.folder}/there", f"{self.folder}/here"
            at, to = f"UNIX-LISTEN:{there}", f"UNIX-CONNECT:{here}"
            target, listen = f"unix://{there}", f"unix://{here}"
        else:
            there, here = tool.free_port(), tool.free_port()
            at = f"TCP4-LISTEN:{there},bind=127.0.0.1,reuseaddr"
            to = f"TCP4:127.0.0.1:{here}"
            target = f"tcp4://127.0.0.1:{there}"
            listen = f"tcp4://127.0.0.1:{here}"
        self.far = stack.enter_context(
            running(*self.socat(at, "far", far), where=there, **PIPES)
        )
        self.relay = stack.enter_context(
            running(
                *prefix,
                RELAY,
                listen,
                target,
                where=here,
                stdout=subprocess.PIPE,
            )
        )
        self.near = stack.enter_context(
            running(*self.socat(to, "near", near), **PIPES)
        )

    def socat(self, address, name, script):
        command = ["socat", "-t", str(LIMIT), "-b", "65536", address]
        if script is None:
            return [*command, "-"]
        path = f"{self.folder}/{name}.sh"
        with open(path, "w", encoding="ascii") as file:
            file.write(f"cd {self.folder}\n{script}\n")
        return [*command, f"EXEC:sh {path}"]

    def join(self):
        """Both have ended well; what the relay said."""
        for process in (self.near, self.far):
            equal(process.wait(LIMIT), 0)
        return self.relay.stdout.readline().decode()

    def wrote(self, name):
        with open(f"{self.folder}/{name}", encoding="ascii") as file:
            return file.read()


# ---- every order of the two ends ----


def ends_first(kind, words, near, far):
    """The one without a script says that and ends; the other one answers only
    then. What the relay said of it."""
    with contextlib.ExitStack() as stack:
        ends = Ends(stack, kind, near, far)
        speaker = ends.near if near is None else ends.far
        speaker.stdin.write(words)
        speaker.stdin.close()
        equal(speaker.stdout.read(), b"the answer comes after\n")
        said = ends.join()
        equal(ends.wrote("heard"), words.decode())
        return said


ANSWERS_AFTER = "cat > heard; echo the answer comes after"


def client_first(kind):
    said = ends_first(kind, b"question\n", None, ANSWERS_AFTER)
    contains(said, "9 bytes there, 23 back, the client ended first: all is")


def target_first(kind):
    said = ends_first(kind, b"question\n", ANSWERS_AFTER, None)
    contains(said, "23 bytes there, 9 back, the target ended first: all is")


def client_without_a_word(kind):
    said = ends_first(kind, b"", None, ANSWERS_AFTER)
    contains(said, "0 bytes there, 23 back, the client ended first: all is")


def target_without_a_word(kind):
    said = ends_first(kind, b"", ANSWERS_AFTER, None)
    contains(said, "23 bytes there, 0 back, the target ended first: all is")


def client_killed(kind):
    """Its kernel ends the stream for it."""
    with contextlib.ExitStack() as stack:
        ends = Ends(stack, kind, None, None)
        ends.near.stdin.write(b"half\n")
        ends.near.stdin.flush()
        equal(ends.far.stdout.readline(), b"half\n")
        ends.near.kill()
        ends.near.wait(LIMIT)
        ends.far.stdin.close()
        equal(ends.far.stdout.read(), b"")
        equal(ends.far.wait(LIMIT), 0)
        said = ends.relay.stdout.readline().decode()
        contains(said, "5 bytes there, 0 back")
        contains(said, "all is well")


def target_killed(kind):
    with contextlib.ExitStack() as stack:
        ends = Ends(stack, kind, None, None)
        ends.far.stdin.write(b"half\n")
        ends.far.stdin.flush()
        equal(ends.near.stdout.readline(), b"half\n")
        ends.far.kill()
        ends.far.wait(LIMIT)
        ends.near.stdin.close()
        equal(ends.near.stdout.read(), b"")
        equal(ends.near.wait(LIMIT), 0)
        said = ends.relay.stdout.readline().decode()
        contains(said, "0 bytes there, 5 back")
        contains(said, "all is well")


def add_matrix(names):
    for kind in ("tcp", "unix"):
        for order in (
            client_first,
            target_first,
            client_without_a_word,
            target_without_a_word,
            client_killed,
            target_killed,
        ):

            def case(kind=kind, order=order):
                order(kind)

            names[f"test_{order.__name__}_{kind}"] = case


# ---- bulk ----


def feed(pipe, size):
    """So many bytes, no part of them the same as one nearby; their digest."""
    block = os.urandom(1_000_003)
    digest = hashlib.sha256()
    while size > 0:
        part = block[: min(size, len(block))]
        pipe.write(part)
        digest.update(part)
        size -= len(part)
    pipe.close()
    return digest.hexdigest()


def check_bulk(sender, size):
    digest = feed(sender.stdin, size)
    contains(sender.stdout.read().decode(), digest, "SHA-256 of what came")


def bulk_there(kind):
    with contextlib.ExitStack() as stack:
        ends = Ends(stack, kind, None, "sha256sum")
        check_bulk(ends.near, BULK)
        contains(ends.join(), f"{BULK} bytes there, 68 back")


def bulk_back(kind):
    with contextlib.ExitStack() as stack:
        ends = Ends(stack, kind, "sha256sum", None)
        check_bulk(ends.far, BULK)
        contains(ends.join(), f"68 bytes there, {BULK} back")


def test_bulk_there_tcp():
    bulk_there("tcp")


def test_bulk_back_tcp():
    bulk_back("tcp")


def test_bulk_there_unix():
    bulk_there("unix")


def test_bulk_back_unix():
    bulk_back("unix")


# ---- which calls ----


def closes_its_pipe(text):
    pipes = re.findall(r"pipe2\(\[(\d+), (\d+)\]", text)
    if len(pipes) != 1:
        return False
    after = text[text.index("pipe2(") :]
    return all(f"close({fd})" in after for fd in pipes[0])


def test_bulk_is_spliced_and_the_pipe_closed():
    need("strace")
    with contextlib.ExitStack() as stack:
        folder = stack.enter_context(tool.scratch())
        calls = "trace=splice,pipe2,close"
        # Detached: what we start and end is the relay.
        prefix = ("strace", "-D", "-f", "-o", f"{folder}/trace", "-e", calls)
        ends = Ends(stack, "tcp", None, "sha256sum", prefix)
        check_bulk(ends.near, 20_000_000)
        ends.join()

        def traced():
            with open(f"{folder}/trace", encoding="utf-8") as lines:
                return lines.read()

        # strace is a moment behind.
        tool.wait_until(lambda: closes_its_pipe(traced()))
        text = traced()
    spliced = sum(
        int(n) for n in re.findall(r"splice\(.*= (\d+)$", text, re.MULTILINE)
    )
    # Each byte goes in and out; what comes before is copied.
    if spliced < 2 * 15_000_000:
        raise AssertionError(f"only {spliced} bytes by splice")


ROUNDS = 50
PIECE, MARK = 64, 61


def echo_once(listener):
    """Whoever comes first is echoed to his end."""
    with listener.accept()[0] as far:
        while piece := far.recv(4096):
            far.sendall(piece)


def say(client, size):
    client.sendall(b"p" * size)
    equal(len(client.recv(size, socket.MSG_WAITALL)), size)


def test_a_piece_costs_a_recv_and_a_send():
    need("strace")
    with contextlib.ExitStack() as stack:
        folder = stack.enter_context(tool.scratch())
        far = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
        echo = threading.Thread(target=echo_once, args=(far,))
        echo.start()
        here = tool.free_port()
        trace = f"{folder}/trace"
        stack.enter_context(
            running(
                *("strace", "-D", "-f", "-o", trace),
                RELAY,
                f"tcp4://127.0.0.1:{here}",
                f"tcp4://127.0.0.1:{far.getsockname()[1]}",
                where=here,
                stdout=subprocess.DEVNULL,
            )
        )
        with socket.create_connection(("127.0.0.1", here), LIMIT) as client:
            for size in (PIECE, MARK, *[PIECE] * ROUNDS, MARK):
                say(client, size)
        echo.join()

        def marks():
            """Where a mark was received, from either side."""
            return [
                at
                for at, (name, result) in enumerate(syscalls.calls(trace))
                if result == MARK and syscalls.KIND.get(name) == "recv"
            ]

        tool.wait_until(lambda: len(marks()) == 4)
        found = syscalls.calls(trace)[marks()[1] + 1 : marks()[2]]
    kinds = [syscalls.KIND.get(name, name) for name, _ in found]
    # There and back; each is waited for.
    due = ["send", *["wait", "recv", "send"] * (2 * ROUNDS), "wait"]
    equal(kinds, due, "calls")


if __name__ == "__main__":
    add_matrix(globals())
    tap.main(globals())
