#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The small services of pier serve (daytime, time, chargen, source, sink), read
by Python, nc.openbsd, ncat and socat, by streams and datagrams. Reports by TAP.
"""

import contextlib
import datetime
import os
import re
import shutil
import socket
import struct
import subprocess
import sys
import time

sys.path.insert(
    0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "cli")
)

import tap  # noqa: E402 (found by the line above)
import tool  # noqa: E402
from peer import read_all, read_exactly  # noqa: E402
from tap import contains, equal  # noqa: E402
from tool import Server, events, of_type  # noqa: E402

LIMIT = 30
TCP, UDP = "tcp://127.0.0.1:0", "udp://127.0.0.1:0"
RING = bytes(range(0x21, 0x7F)) + b" "


def dial(server):
    client = socket.create_connection(("127.0.0.1", server.port()), LIMIT)
    client.settimeout(LIMIT)
    return client


def by_stream(server):
    """All that a client is told that says nothing."""
    with dial(server) as client:
        return read_all(client)


def by_datagram(server, index, question=b""):
    with socket.socket(type=socket.SOCK_DGRAM) as client:
        client.settimeout(LIMIT)
        client.connect(("127.0.0.1", server.port(index)))
        client.send(question)
        return client.recv(2000)


def by_command(server, *command):
    if shutil.which(command[0]) is None:
        raise tap.Skip(f"{command[0]} is not installed")
    return subprocess.run(
        [word.replace("PORT", str(server.port())) for word in command],
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, timeout=LIMIT,
        check=True,
    ).stdout


CLIENTS = (
    ["nc.openbsd", "127.0.0.1", "PORT"],
    ["ncat", "--recv-only", "127.0.0.1", "PORT"],
    ["socat", "-u", "TCP4:127.0.0.1:PORT", "-"],
)


@contextlib.contextmanager
def between():
    """A list that is given the moments before and after."""
    moments = [int(time.time())]
    yield moments
    moments.append(time.time())


def check_daytime(said, moments):
    assert said.endswith(b"-UTC\r\n"), said
    then = datetime.datetime.strptime(
        said.decode().strip(), "%A, %B %d, %Y %H:%M:%S-UTC"
    ).replace(tzinfo=datetime.timezone.utc).timestamp()
    assert moments[0] <= then <= moments[1], (said, moments)


def check_time(said, moments):
    (seconds,) = struct.unpack("!I", said)
    assert moments[0] <= seconds - 2208988800 <= moments[1], (said, moments)


def told_by_all(name, check):
    with Server(name, TCP, UDP) as server:
        for ask in (
            lambda: by_stream(server),
            lambda: by_datagram(server, 1),
            lambda: by_datagram(server, 1, b"what time is it?"),
            *[lambda c=c: by_command(server, *c) for c in CLIENTS],
        ):
            with between() as moments:
                said = ask()
            check(said, moments)
        equal(server.end().code, 0)


def test_daytime():
    told_by_all("daytime", check_daytime)


def test_time():
    told_by_all("time", check_time)


def lines_of_chargen(text):
    for i, line in enumerate(text.split(b"\r\n")[:-1]):
        start = i % len(RING)
        equal(line, (RING * 2)[start:start + 72], f"line {i}")


def test_chargen_without_end():
    """It goes on past the end of what the client says, and past the first-byte
    time; a client that goes is no failure."""
    with Server("chargen", "--json", TCP) as server:
        with dial(server) as client:
            client.sendall(b"ignored" * 1000)
            client.shutdown(socket.SHUT_WR)
            text = read_exactly(client, 2_000_000)
        lines_of_chargen(text)
        equal(len(text.split(b"\r\n")), 2_000_000 // 74 + 1)
        with dial(server):
            pass
        done = server.end()
    equal(done.code, 0, done)
    equal([line["reason"] for line in of_type(events(done, "serve"), "close")],
          ["done", "done"])


def test_chargen_by_others():
    with Server("chargen", TCP) as server:
        for command in CLIENTS:
            if shutil.which(command[0]) is None:
                raise tap.Skip(f"{command[0]} is not installed")
            with subprocess.Popen(
                [word.replace("PORT", str(server.port())) for word in command],
                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            ) as process:
                lines_of_chargen(process.stdout.read(100_000))
                process.kill()


def test_chargen_by_datagrams():
    with Server("chargen", UDP) as server:
        sizes = set()
        for _ in range(50):
            text = by_datagram(server, 0)
            assert len(text) <= 512
            lines_of_chargen(text)
            sizes.add(len(text))
        assert len(sizes) > 10, sizes


def test_source():
    with Server("source", "-v", TCP, UDP) as server:
        with dial(server) as client:
            equal(read_exactly(client, 5_000_000), bytes(5_000_000))
        equal(by_datagram(server, 1, b"hello"), bytes(5))
        contains(server.end().err, "/s;")


def test_source_of_a_size():
    with Server("source", "--size=1234567", "--json", TCP) as server:
        equal(by_stream(server), bytes(1234567))
        for command in CLIENTS:
            equal(by_command(server, *command), bytes(1234567), command[0])
        for line in of_type(events(server.end(), "serve"), "close"):
            equal((line["reason"], line["sent"]), ("done", 1234567))
            assert line["bytes_per_s"] > 0


def test_sink():
    with Server("sink", "--json", "-v", TCP, UDP) as server:
        with dial(server) as client:
            client.sendall(bytes(3_000_000))
            client.shutdown(socket.SHUT_WR)
            equal(read_all(client), b"")
        done = server.end()
    (closed,) = of_type(events(done, "serve"), "close")
    equal(closed["received"], 3_000_000)
    assert closed["bytes_per_s"] >= 3_000_000 / closed["elapsed_s"] * 0.5
    assert re.search(r"received 3 MB, sent 0 bytes in .*, .*B/s", done.err), done


def test_clients_that_only_listen_are_not_cut_off():
    """The first-byte time is off for those, unless it was asked for."""
    with Server("source", "--size=1k", "--first-byte-timeout=1ms", TCP) as server:
        equal(by_stream(server), bytes(1000))
    with Server("chargen", "--json", "--first-byte-timeout=300ms", TCP) as server:
        with dial(server) as client:
            try:
                while client.recv(1 << 20):
                    time.sleep(0.01)
            except ConnectionResetError:
                pass
        (closed,) = of_type(events(server.end(), "serve"), "close")
        equal(closed["reason"], "limit")


if __name__ == "__main__":
    tap.main(globals())
