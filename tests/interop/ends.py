#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The contract of ends, pier-eof(7), as a matrix: every way in which a
conversation can end, against every peer. Reports by TAP.

Standard input ends first, the peer ends first, the peer resets, standard
output closes; standard input a pipe, or a terminal. Peers: Python, nc.openbsd,
ncat and socat, over TCP and Unix sockets.
"""

import contextlib
import os
import pty
import shutil
import signal
import socket
import subprocess
import sys
import termios

sys.path.insert(
    0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "cli")
)

import tap  # noqa: E402 (found by the line above)
import tool  # noqa: E402
from peer import Peer, read_all, read_exactly, reset  # noqa: E402
from tap import contains, equal  # noqa: E402

LIMIT = 30


class Talk:
    """pier connect with its three ends in our hands."""

    def __init__(self, *words, stdin=subprocess.PIPE):
        self.process = subprocess.Popen(
            [tool.PIER, "connect", "-v", *words],
            stdin=stdin,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=tool.ENV,
        )

    def say(self, data):
        self.process.stdin.write(data)
        self.process.stdin.flush()

    def end_input(self):
        self.process.stdin.close()

    def join(self, code=0):
        """All that was said on stdout and stderr, once it has ended."""
        out = self.process.stdout.read()
        err = self.process.stderr.read().decode()
        if self.process.wait(LIMIT) != code:
            raise AssertionError(
                f"exit {self.process.returncode}, not {code}: {out!r} {err}"
            )
        return out, err

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        for pipe in (
            self.process.stdin,
            self.process.stdout,
            self.process.stderr,
        ):
            if pipe is not None:
                with contextlib.suppress(OSError):
                    pipe.close()


def need(program):
    if shutil.which(program) is None:
        raise tap.Skip(f"{program} is not installed")


# ---- peers: each listens, its own input and output in our hands ----


def tool_command(name, kind, where):
    if kind == "unix":
        return {
            "nc.openbsd": ["nc.openbsd", "-l", "-N", "-U", where],
            "ncat": ["ncat", "-l", "-U", where],
            "socat": ["socat", "-t", str(LIMIT), "-", f"UNIX-LISTEN:{where}"],
        }[name]
    return {
        "nc.openbsd": ["nc.openbsd", "-l", "-N", "127.0.0.1", str(where)],
        "ncat": ["ncat", "-l", "127.0.0.1", str(where)],
        "socat": [
            "socat",
            "-t",
            str(LIMIT),
            "-",
            f"TCP4-LISTEN:{where},bind=127.0.0.1,reuseaddr",
        ],
    }[name]


def is_listening(kind, where):
    if kind == "unix":
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
def tool_peer(name, kind):
    """The process, with pipes, and its endpoint."""
    need(name)
    with tool.scratch() as folder:
        where = f"{folder}/sock" if kind == "unix" else tool.free_port()
        process = subprocess.Popen(
            tool_command(name, kind, where),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        try:
            tool.wait_until(
                lambda: process.poll() is not None
                or is_listening(kind, where)
            )
            equal(process.poll(), None, f"{name} runs")
            yield process, (
                f"unix://{where}"
                if kind == "unix"
                else f"tcp://127.0.0.1:{where}"
            )
        finally:
            process.kill()
            process.wait()
            with contextlib.suppress(OSError):
                process.stdin.close()
            process.stdout.close()


# ---- standard input ends first ----


def stdin_first(name, kind):
    """Our input ends while the peer's is open: it has all, then it ends."""
    with tool_peer(name, kind) as (peer, endpoint), Talk(endpoint) as talk:
        peer.stdin.write(b"welcome\n")
        peer.stdin.flush()
        equal(talk.process.stdout.readline(), b"welcome\n")
        talk.say(b"that is all\n")
        talk.end_input()
        equal(peer.stdout.readline(), b"that is all\n")
        # Some end at the end of their input, some once theirs ends too.
        with contextlib.suppress(BrokenPipeError):
            peer.stdin.close()
        out, err = talk.join()
        equal(out, b"")
        contains(err, "we closed first (FIN)")
        equal(peer.wait(LIMIT), 0, f"exit of {name}")


def peer_first(name, kind):
    """The peer ends while our input is open: what it said is out, what we
    read is sent, then silence of --eof-wait ends it."""
    with tool_peer(name, kind) as (peer, endpoint), Talk(
        "--eof-wait", "200ms", endpoint
    ) as talk:
        peer.stdin.write(b"goodbye\n")
        peer.stdin.close()
        equal(talk.process.stdout.readline(), b"goodbye\n")
        if name != "ncat":
            talk.say(b"still here\n")
            equal(peer.stdout.readline(), b"still here\n")
        out, err = talk.join()
        equal(out, b"")
        contains(err, "peer closed first")


def killed(name, kind):
    """The peer's process is killed: its kernel ends the stream for it."""
    with tool_peer(name, kind) as (peer, endpoint), Talk(
        "--on-peer-end", "end", endpoint
    ) as talk:
        peer.stdin.write(b"last words\n")
        peer.stdin.flush()
        equal(talk.process.stdout.readline(), b"last words\n")
        peer.kill()
        out, err = talk.join()
        equal(out, b"")
        contains(err, "peer closed first")


def add_matrix():
    for name in ("nc.openbsd", "ncat", "socat"):
        for kind in ("tcp", "unix"):
            for end in (stdin_first, peer_first, killed):

                def case(name=name, kind=kind, end=end):
                    end(name, kind)

                globals()[
                    f"test_{end.__name__}_{name}_{kind}".replace(".", "_")
                ] = case


def test_socat_answers_after_the_end_of_its_input():
    """What half-close is for: the answer comes only then, and arrives."""
    need("socat")
    port = tool.free_port()
    process = subprocess.Popen(
        [
            "socat",
            "-t",
            str(LIMIT),
            f"TCP4-LISTEN:{port},bind=127.0.0.1,reuseaddr",
            "SYSTEM:wc -c",
        ]
    )
    try:
        tool.wait_until(lambda: is_listening("tcp", port))
        with Talk(f"tcp://127.0.0.1:{port}") as talk:
            talk.say(b"x" * 100000)
            talk.end_input()
            out, _ = talk.join()
            equal(int(out), 100000)
        equal(process.wait(LIMIT), 0)
    finally:
        process.kill()
        process.wait()


# ---- pier serves: the client's half-close loses nothing ----


def served(command, data):
    done = subprocess.run(
        command,
        input=data,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        timeout=LIMIT,
        check=False,
    )
    return done.returncode, done.stdout


def test_clients_that_half_close_get_all():
    data = os.urandom(2_000_000)
    with tool.Server("echo", "tcp://127.0.0.1:0", "-v", "--json") as server:
        port = str(server.port())
        for name, command in (
            ("nc.openbsd", ["nc.openbsd", "-N", "127.0.0.1", port]),
            ("ncat", ["ncat", "127.0.0.1", port]),
            ("socat", ["socat", "-t", "30", "-", f"TCP4:127.0.0.1:{port}"]),
        ):
            if shutil.which(name) is None:
                continue
            code, out = served(command, data)
            equal(code, 0, name)
            equal(out == data, True, f"{name}: all is back")
        done = server.end()
        equal(done.code, 0)
        closes = tool.of_type(tool.events(done, "serve"), "close")
        for event in closes:
            equal(event["reason"], "done")
            equal(event["received"], len(data))
            equal(event["sent"], len(data))


# ---- ends that only a peer in our own hands can make ----


def test_answer_after_the_end_of_input():
    for family in (socket.AF_INET, socket.AF_INET6):

        def script(connection):
            got = read_all(connection)
            connection.sendall(str(len(got)).encode())

        with Peer(script, family) as peer, Talk(peer.endpoint) as talk:
            talk.say(b"x" * 100000)
            talk.end_input()
            equal(talk.join()[0], b"100000")
            peer.join()


def test_reset_is_exit_7_and_keeps_what_came():
    def script(connection):
        connection.sendall(b"half an ans")
        read_exactly(connection, 2)
        reset(connection)

    with Peer(script) as peer, Talk(peer.endpoint) as talk:
        equal(talk.process.stdout.read(11), b"half an ans")
        talk.say(b"go")
        out, err = talk.join(7)
        equal(out, b"")
        contains(err, "ECONNRESET")
        peer.join()


def test_terminal_ends_with_the_peer():
    """With a terminal nobody waits for more input."""

    def script(connection):
        connection.sendall(b"bye\n")

    own, theirs = pty.openpty()
    try:
        before = termios.tcgetattr(theirs)
        with Peer(script) as peer, Talk(peer.endpoint, stdin=theirs) as talk:
            out, err = talk.join()
            equal(out, b"bye\n")
            contains(err, "peer closed first (FIN)")
            peer.join()
        equal(termios.tcgetattr(theirs), before, "the terminal's settings")
    finally:
        os.close(own)
        os.close(theirs)


def test_stdout_that_closes_ends_it_with_0():
    def script(connection):
        with contextlib.suppress(OSError):
            while True:
                connection.sendall(b"line\n" * 1000)

    with Peer(script) as peer, Talk(peer.endpoint) as talk:
        equal(talk.process.stdout.readline(), b"line\n")
        talk.process.stdout.close()
        equal(talk.process.wait(LIMIT), 0)
        peer.join()


def test_stdout_that_closes_while_the_peer_is_silent():
    def script(connection):
        connection.sendall(b"one\n")
        return read_all(connection)

    with Peer(script) as peer, Talk(peer.endpoint) as talk:
        equal(talk.process.stdout.readline(), b"one\n")
        talk.process.stdout.close()
        equal(talk.process.wait(LIMIT), 0)
        peer.join()


def test_stdout_closed_may_be_ignored():
    def script(connection):
        with contextlib.suppress(OSError):
            connection.sendall(b"x" * 3_000_000)
        return read_all(connection)

    with Peer(script) as peer, Talk(
        "--on-stdout-close", "discard", peer.endpoint
    ) as talk:
        equal(talk.process.stdout.read(1), b"x")
        talk.process.stdout.close()
        talk.say(b"and more")
        talk.end_input()
        equal(talk.process.wait(LIMIT), 0)
        equal(peer.join(), b"and more")


def test_stdin_end_may_close_all():
    def script(connection):
        got = read_all(connection)
        with contextlib.suppress(OSError):
            connection.sendall(b"nobody hears this")
        return got

    with Peer(script) as peer, Talk(
        "--on-stdin-end", "close", peer.endpoint
    ) as talk:
        talk.say(b"all of it")
        talk.end_input()
        equal(talk.join()[0], b"")
        equal(peer.join(), b"all of it")


def test_stdin_end_may_be_kept_from_the_peer():
    def script(connection):
        got = read_exactly(connection, 4)
        connection.settimeout(0.2)
        try:
            more = connection.recv(1)
        except TimeoutError:
            more = None
        return got, more

    with Peer(script) as peer, Talk(
        "--on-stdin-end", "ignore", peer.endpoint
    ) as talk:
        talk.say(b"data")
        talk.end_input()
        talk.join()
        equal(peer.join(), (b"data", None))


def test_peer_end_may_be_waited_out():
    def script(connection):
        connection.shutdown(socket.SHUT_WR)
        return read_all(connection)

    with Peer(script) as peer, Talk(
        "--on-peer-end", "wait", "--eof-wait", "10ms", peer.endpoint
    ) as talk:
        # Long silent after the peer's end, and still all arrives.
        with contextlib.suppress(subprocess.TimeoutExpired):
            talk.process.wait(0.3)
            raise AssertionError("it did not wait")
        talk.say(b"late")
        talk.end_input()
        talk.join()
        equal(peer.join(), b"late")


def test_deadlines_are_exit_6():
    def script(connection):
        return read_all(connection)

    for flag in ("--timeout", "--first-byte-timeout", "--idle-timeout"):
        with Peer(script) as peer, Talk(flag, "100ms", peer.endpoint) as talk:
            _, err = talk.join(6)
            contains(err, "deadline")


def test_signals_are_exit_128_and_more():
    for number in (signal.SIGINT, signal.SIGTERM):
        with Peer(read_all) as peer, Talk(peer.endpoint) as talk:
            talk.say(b"hello")
            tool.wait_until(lambda: peer.thread.is_alive())
            contains(talk.process.stderr.readline().decode(), "pier")
            talk.process.send_signal(number)
            equal(talk.process.wait(LIMIT), 128 + number)
            peer.join()


add_matrix()

if __name__ == "__main__":
    tap.main(dict(globals()))
