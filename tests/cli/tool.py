# SPDX-License-Identifier: MIT
"""Run pier in tests: to its end, or as a server that is there for a while."""

import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time

import schema
import tap

PIER = os.environ["PIER"]
SOURCE = os.environ["PIER_SOURCE"]

# Colour and the like must not depend on who runs the tests.
ENV = {
    key: value
    for key, value in os.environ.items()
    if key not in ("NO_COLOR", "TERM")
}


class Done:
    """How a run ended."""

    def __init__(self, process, out, err):
        self.code = process.returncode
        self.out = out
        self.err = err.decode()
        self.text = out.decode("utf-8", "replace")

    def __repr__(self):
        out = tap.show(self.out)
        return f"exit {self.code}\nstdout: {out}\nstderr: {self.err}"


def run(*words, stdin=b"", timeout=60, env=None, **kwargs):
    """Run pier to its end; stdin is bytes, a file, or None for no end."""
    source = stdin if not isinstance(stdin, bytes) else subprocess.PIPE
    process = subprocess.Popen(
        [PIER, *words],
        stdin=source if stdin is not None else subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**ENV, **(env or {})},
        **kwargs,
    )
    try:
        if stdin is None:
            out = process.stdout.read()
            err = process.stderr.read()
            process.wait(timeout)
        else:
            given = stdin if isinstance(stdin, bytes) else None
            out, err = process.communicate(given, timeout)
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()
    return Done(process, out, err)


def expect(code, *words, **kwargs):
    """Run pier, which must end with that exit code."""
    done = run(*words, **kwargs)
    if done.code != code:
        raise AssertionError(f"pier {' '.join(words)}: not {code}: {done}")
    return done


# Nothing that is waited for takes so long, on a busy machine either. Who must
# show that something took no time at all compares with an hour, not with this.
LIMIT = 30


def wait_until(what, seconds=LIMIT):
    """Wait until what() is true; there is no event to wait for instead."""
    end = time.monotonic() + seconds
    while not what():
        if time.monotonic() > end:
            raise AssertionError("it did not happen in time")
        time.sleep(0.005)


@contextlib.contextmanager
def scratch():
    """A folder of its own."""
    path = tempfile.mkdtemp(prefix="pier-cli-")
    try:
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)


class Server:
    """pier serve in the background, listening when the constructor is back."""

    def __init__(self, *words, late=(), **kwargs):
        self.folder = tempfile.mkdtemp(prefix="pier-cli-")
        ready = os.path.join(self.folder, "ready")
        self.process = subprocess.Popen(
            [PIER, "serve", *words, "--ready-file", ready, *late],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=ENV,
            **kwargs,
        )
        try:
            self.await_ready(ready)
        except BaseException:
            self.__exit__()
            raise

    def await_ready(self, ready):
        wait_until(lambda: self.gone() or os.path.exists(ready))
        if self.gone():
            raise AssertionError(f"server ended: {self.end()}")
        with open(ready, encoding="utf-8") as file:
            self.endpoints = file.read().split()
        self.endpoint = self.endpoints[0]

    def gone(self):
        return self.process.poll() is not None

    def port(self, index=0):
        return int(self.endpoints[index].rsplit(":", 1)[1])

    def interrupt(self, number=signal.SIGTERM):
        self.process.send_signal(number)

    def end(self, number=signal.SIGTERM):
        """Stop it (number None: it was told before); how it ended."""
        if number is not None and not self.gone():
            self.process.send_signal(number)
        out, err = self.process.communicate(timeout=LIMIT)
        shutil.rmtree(self.folder, ignore_errors=True)
        return Done(self.process, out, err)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if not self.gone():
            self.process.kill()
        if not self.process.stdout.closed:
            self.process.communicate()
        shutil.rmtree(self.folder, ignore_errors=True)


def events(done, verb):
    """The JSON Lines of a run, each checked against the verb's schema."""
    path = os.path.join(SOURCE, "docs", "schema", f"{verb}.json")
    with open(path, encoding="utf-8") as file:
        form = json.load(file)
    lines = [json.loads(line) for line in done.out.splitlines()]
    for line in lines:
        wrong = schema.check(line, form)
        if wrong:
            raise AssertionError(f"{line}: {wrong}")
    return lines


def of_type(lines, name):
    return [line for line in lines if line["type"] == name]


def tcp_table():
    """The kernel's IPv4 sockets: (own port, other port, state, bytes to send,
    bytes to read, inode)."""
    with open("/proc/net/tcp", encoding="ascii") as lines:
        rows = [line.split() for line in list(lines)[1:]]
    for row in rows:
        own, other = (int(row[i].rsplit(":", 1)[1], 16) for i in (1, 2))
        to_send, to_read = (int(word, 16) for word in row[4].split(":"))
        yield own, other, row[3], to_send, to_read, row[9]


def is_connecting(pid):
    """Has the process sent a SYN that nobody has answered?"""
    mine = set()
    for fd in os.listdir(f"/proc/{pid}/fd"):
        with contextlib.suppress(OSError):
            mine.add(os.readlink(f"/proc/{pid}/fd/{fd}"))
    return any(
        state == "02" and f"socket:[{inode}]" in mine
        for _, _, state, _, _, inode in tcp_table()
    )


def on_the_way(connection):
    """Bytes that the other side was given to send and this one has not read."""
    ours, theirs = connection.getsockname()[1], connection.getpeername()[1]
    return sum(
        to_send if own == theirs else to_read
        for own, other, _, to_send, to_read, _ in tcp_table()
        if (own, other) in ((theirs, ours), (ours, theirs))
    )


@contextlib.contextmanager
def closed_port(kind=socket.SOCK_STREAM):
    """A port that refuses, and that nobody else can take meanwhile: bound and
    not listening, or connected to somebody else."""
    with socket.socket(socket.AF_INET, kind) as one:
        one.bind(("127.0.0.1", 0))
        if kind == socket.SOCK_DGRAM:
            one.connect(("127.0.0.1", 1))
        yield one.getsockname()[1]


def free_port(kind=socket.SOCK_STREAM):
    """A port to bind to, which somebody may take first; the kernel gives out
    others before it comes back to this one."""
    with socket.socket(socket.AF_INET, kind) as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]
