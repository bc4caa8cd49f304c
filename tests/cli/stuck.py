# SPDX-License-Identifier: MIT
"""Readers of pier's output that have stopped, and floods: neither may keep a
signal, a time limit or another connection waiting."""

import fcntl
import signal
import socket
import subprocess
import termios
import time

import tap
from peer import Peer, flood, read_all, read_exactly
from tap import equal
from tool import ENV, LIMIT, PIER, Server, closed_port, wait_until

# The least there is: a writer of it waits at the first byte that is not read.
SMALL = {"pipesize": 4096}

started_here = []


def end_all():
    """A case that failed may have left its processes."""
    for process in started_here:
        if process.poll() is None:
            process.kill()
            process.wait()
    started_here.clear()


tap.after.append(end_all)


def connect(*words, **kwargs):
    """pier connect with its three ends as small pipes."""
    pipes = {name: subprocess.PIPE for name in ("stdin", "stdout", "stderr")}
    process = subprocess.Popen(
        [PIER, "connect", *words], **{**pipes, **SMALL, "env": ENV, **kwargs}
    )
    started_here.append(process)
    return process


def wait_until_stuck(process, pipe):
    """Wait until the process waits for room in the pipe: it is asleep, and
    there is the same in the pipe, many times in a row."""
    seen = []

    def still():
        raw = fcntl.ioctl(pipe, termios.FIONREAD, bytes(4))
        with open(f"/proc/{process.pid}/stat", encoding="ascii") as file:
            asleep = file.read().rsplit(")", 1)[1].split()[0] == "S"
        seen.append((asleep, int.from_bytes(raw, "little")))
        return seen[-1][0] and seen[-1][1] > 0 and len(set(seen[-20:])) == 1

    wait_until(lambda: still() and len(seen) > 20)


def ended_by(client, number):
    """Send the signal; the exit code, for which nobody has to read on."""
    client.send_signal(number)
    return client.wait(LIMIT)


def test_output_that_nobody_reads():
    """A reader that has stopped keeps no signal and no time limit away."""
    for options in ([], ["--json"]):
        with Peer(flood) as peer:
            client = connect(*options, peer.endpoint)
            wait_until_stuck(client, client.stdout)
            equal(ended_by(client, signal.SIGINT), 130)
            client.communicate()
        with Peer(flood) as peer:
            client = connect(*options, "--timeout", "300ms", peer.endpoint)
            equal(client.wait(LIMIT), 6)
            client.communicate()


def test_story_that_nobody_reads():
    with Peer(flood) as peer:
        client = connect("-vv", peer.endpoint, stdout=subprocess.DEVNULL)
        wait_until_stuck(client, client.stderr)
        equal(ended_by(client, signal.SIGTERM), 143)
        client.communicate()


def test_flood_that_leaves_nothing_to_wait_for():
    with Peer(flood) as peer:
        client = connect(peer.endpoint, stdout=subprocess.DEVNULL)
        wait_until(lambda: hasattr(peer, "client"))
        equal(ended_by(client, signal.SIGINT), 130)
        client.communicate()
    with open("/dev/zero", "rb") as zero, Peer(read_all) as peer:
        client = connect(peer.endpoint, stdin=zero)
        wait_until(lambda: hasattr(peer, "client"))
        equal(ended_by(client, signal.SIGINT), 130)
        client.communicate()


def test_reader_of_events_that_has_stopped():
    """It holds up what it would be told, not the connections that are there,
    and not the end."""
    for model in ("fiber", "thread"):
        with Server(
            "echo", "--json", "--drain=100ms", f"--model={model}",
            "tcp://127.0.0.1:0", **SMALL,
        ) as server:
            server.process.stdout.readline()
            first = socket.create_connection(("127.0.0.1", server.port()))
            first.sendall(b"x")
            equal(read_exactly(first, 1), b"x")
            others = [
                socket.create_connection(("127.0.0.1", server.port()))
                for _ in range(40)
            ]
            wait_until_stuck(server.process, server.process.stdout)
            first.sendall(b"y")
            equal(read_exactly(first, 1), b"y")
            server.interrupt()
            equal(server.process.wait(LIMIT), 1)
            for client in (first, *others):
                client.close()


def test_results_that_nobody_reads():
    for option in ([], ["--json"]):
        with closed_port() as port:
            ports = ",".join([str(port)] * 30)
            words = [f"127.0.0.1:{ports}"] * 60
            probe = connect("-z", *option, *words)
            wait_until_stuck(probe, probe.stdout)
            probe.send_signal(signal.SIGINT)
            equal(probe.wait(LIMIT), 130)
            probe.communicate()


if __name__ == "__main__":
    tap.main(globals())
