#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Messages by --frame, each kind both ways, against plain Python (framings.py),
Python's struct, and the protocols of Twisted. Peers send byte by byte, each
byte in a segment of its own. Reports by TAP.
"""

import contextlib
import io
import os
import re
import select
import shutil
import socket
import subprocess
import sys

sys.path.insert(
    0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "cli")
)

import framings  # noqa: E402 (found by the line above)
import tap  # noqa: E402
import tool  # noqa: E402
from framings import KINDS, decode_all, encode  # noqa: E402
from peer import Peer, read_all, read_exactly  # noqa: E402
from tap import equal  # noqa: E402
from tool import expect  # noqa: E402

LIMIT = 30
HERE = os.path.dirname(os.path.abspath(__file__))
CHINESE = "汉语/漢語 Hànyǔ".encode()
EVERY_BYTE = bytes(range(256))


def messages_for(kind):
    """What shows the edges of a kind; each may be sent by it."""
    name = kind.partition(":")[0]
    if name == "fixed":
        return [b"Hi!", b"\0\n\\", b"abc"]
    plain = [b"Hi!", b"Hope you're well", CHINESE, b"x", b"y" * 200]
    if name == "line":
        return [*plain, b"", b"a\rb", b"\0"]
    if name == "nul":
        return [*plain, b"", b"\n"]
    if name == "delim":
        return [*plain, b"", b"\r", b"EN", b"\n"]
    plain += [b"\n", b"\0", b"END", b"\\", b"\x1b", b"\xc0\xdb\xdc\xdd", b","]
    plain.append(bytes(254) if name == "u8" else EVERY_BYTE)
    if name not in ("u8", "slip"):
        plain.append(b"")
    if name not in ("u8",):
        plain += [b"z" * size for size in (253, 254, 255, 508, 4096)]
    return plain


def netstrings(messages):
    return b"".join(encode("netstring", data) for data in messages)


def send_slowly(connection, data):
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    for i in range(len(data)):
        connection.sendall(data[i : i + 1])


def connect_case(kind):
    """pier connect sends and receives messages of that kind."""
    ours, theirs = messages_for(kind), messages_for(kind)[::-1]

    def script(connection):
        with connection.makefile("rb") as file:
            got = decode_all(kind, file)
        wire = b"".join(encode(kind, data) for data in theirs)
        send_slowly(connection, wire[:2000])
        connection.sendall(wire[2000:])
        return got

    with Peer(script) as peer:
        done = expect(
            0, "connect", "--frame", kind, "--stdio-frame=netstring",
            peer.endpoint, stdin=netstrings(ours),
        )
        equal(peer.join(), ours, "what the peer took")
    equal(decode_all("netstring", io.BytesIO(done.out)), theirs, "what came")
    equal(done.err, "")


def serve_case(kind):
    """pier serve answers each message by itself, in the order they came."""
    messages = messages_for(kind)
    with tool.Server(
        "upper", "--frame", kind, "tcp://127.0.0.1:0"
    ) as server, socket.create_connection(
        ("127.0.0.1", server.port()), LIMIT
    ) as client, client.makefile("rb") as file:
        # One, and its answer, before the next is there.
        send_slowly(client, encode(kind, messages[0]))
        equal(framings.decode(kind, file), messages[0].upper())
        rest = b"".join(encode(kind, data) for data in messages[1:])
        send_slowly(client, rest[:2000])
        client.sendall(rest[2000:])
        client.shutdown(socket.SHUT_WR)
        wanted = [upper(data) for data in messages[1:]]
        equal(decode_all(kind, file), wanted, "answers")
        equal(server.end().code, 0)


def upper(data):
    """ASCII letters alone, as bytes.upper() does."""
    return data.upper()


for _kind in KINDS:
    _name = re.sub(r"\W+", "_", _kind).strip("_") + str(KINDS.index(_kind))

    def _connect(kind=_kind):
        connect_case(kind)

    def _serve(kind=_kind):
        serve_case(kind)

    globals()[f"test_connect_{_name}"] = _connect
    globals()[f"test_serve_{_name}"] = _serve


def rows_of_the_page():
    path = os.path.join(tool.SOURCE, "man", "pier-framing.7")
    with open(path, encoding="utf-8") as file:
        page = file.read().replace("\\e", "\\")
    row = r'^(\S+)\s+"(.*)"\s+((?:[0-9a-f]{2} ?)+)$'
    for kind, data, wire in re.findall(row, page, re.M):
        yield kind, framings.unescape(data), bytes.fromhex(wire)


def test_rows_of_the_page():
    """What pier-framing(7) shows is what pier sends, and what it takes."""
    rows = list(rows_of_the_page())
    assert len(rows) > 30, rows
    for kind, data, wire in rows:
        equal(decode_all(kind, io.BytesIO(wire)), [data], f"Python, {kind}")

        def script(connection, wire=wire):
            connection.sendall(wire)
            return read_all(connection)

        with Peer(script) as peer:
            done = expect(
                0, "connect", "--frame", kind, "--stdio-frame=netstring",
                peer.endpoint, stdin=netstrings([data]),
            )
            said = peer.join()
        if kind.startswith("announce"):
            # The terminator is the sender's choice.
            equal(decode_all(kind, io.BytesIO(said)), [data], f"{kind} {data}")
        else:
            equal(said, wire, f"{kind} {data}")
        equal(done.out, netstrings([data]), f"{kind}, taken")


def test_large_messages():
    """Longer than every buffer on the way, at the default limit, both ways."""
    data = [os.urandom(1 << 20), b"", os.urandom(300000)]
    for kind in ("u32be", "netstring", "varint", "cobs", "base64"):

        def script(connection, kind=kind):
            with connection.makefile("rb") as file:
                got = decode_all(kind, file)
            connection.sendall(b"".join(encode(kind, each) for each in got))
            return got

        with Peer(script) as peer:
            done = expect(
                0, "connect", "--frame", kind, "--stdio-frame=u32le",
                peer.endpoint,
                stdin=b"".join(encode("u32le", each) for each in data),
            )
            peer.join()
        equal(decode_all("u32le", io.BytesIO(done.out)), data, kind)


def need_twisted():
    """A Python that has it: Debian's, where another one comes first."""
    for python in (sys.executable, "/usr/bin/python3"):
        probe = [python, "-c", "import twisted.protocols.basic"]
        with contextlib.suppress(OSError):
            done = subprocess.run(probe, stderr=subprocess.DEVNULL, check=False)
            if done.returncode == 0:
                return python
    raise tap.Skip("python3-twisted is not installed")


TWISTED = {
    "netstring": "NetstringReceiver",
    "u8": "Int8StringReceiver",
    "u16be": "Int16StringReceiver",
    "u32be": "Int32StringReceiver",
    "delim:\\r\\n": "LineOnlyReceiver",
}


def twisted(python, *words):
    return subprocess.Popen(
        [python, "-B", os.path.join(HERE, "framing_twisted.py"), *words],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


def ended(process):
    out, err = process.communicate(timeout=LIMIT)
    equal(process.returncode, 0, f"Twisted: {err.decode()}")
    return out


def test_twisted_serves():
    """Its server answers each message with itself, reversed."""
    python = need_twisted()
    for kind, protocol in TWISTED.items():
        messages = [d for d in messages_for(kind) if len(d) < 16384]
        server = twisted(
            python, "serve", protocol, str(len(messages))
        )
        try:
            port = int(server.stdout.readline())
            done = expect(
                0, "connect", "--frame", kind, "--stdio-frame=netstring",
                # At a half-close it drops the answers that it has not sent.
                "--on-stdin-end=ignore",
                f"tcp://127.0.0.1:{port}", stdin=netstrings(messages),
            )
            ended(server)
        finally:
            server.kill()
        equal(
            decode_all("netstring", io.BytesIO(done.out)),
            [data[::-1] for data in messages], protocol,
        )


def test_twisted_connects():
    """Its client sends each message and prints the answers as netstrings."""
    python = need_twisted()
    for kind, protocol in TWISTED.items():
        messages = [d for d in messages_for(kind) if len(d) < 16384]
        with tool.Server(
            "echo", "--frame", kind, "tcp://127.0.0.1:0"
        ) as server:
            client = twisted(
                python, "connect", protocol, str(server.port())
            )
            try:
                out, err = client.communicate(netstrings(messages), LIMIT)
            finally:
                client.kill()
            equal(client.returncode, 0, err.decode())
            equal(out, netstrings(messages), protocol)
            equal(server.end().code, 0)


def test_socat_carries_frames():
    """A strange program on the way cuts the bytes as it likes."""
    if shutil.which("socat") is None:
        raise tap.Skip("socat is not installed")
    messages = [CHINESE, EVERY_BYTE * 20, b"", b"end"]
    with tool.Server("echo", "--frame=u16le", "tcp://127.0.0.1:0") as server:
        done = subprocess.run(
            ["socat", "-b", "3", "-t", str(LIMIT), "-",
             f"TCP:127.0.0.1:{server.port()}"],
            input=b"".join(encode("u16le", data) for data in messages),
            stdout=subprocess.PIPE, timeout=LIMIT, check=True,
        )
        equal(decode_all("u16le", io.BytesIO(done.stdout)), messages)


def heard(client, kind="u16be"):
    """One message, and nothing of what is behind it."""
    head = read_exactly(client, 2)
    data = read_exactly(client, int.from_bytes(head, "big"))
    return framings.decode(kind, io.BytesIO(head + data))


def call(one, *others):
    """Until all the others hear this one: then they are in."""
    missing = set(others)
    while missing:
        one.sendall(encode("u16be", b"anybody?"))
        for other in select.select(list(missing), [], [], 0.05)[0]:
            missing.discard(other)
    one.sendall(encode("u16be", b"good"))
    for other in others:
        while heard(other) != b"good":
            pass


def test_broker_passes_on_whole_messages():
    """One member sends half of a message, another a whole one: nobody gets
    them mixed."""
    for option in ("-v", "-vv", "--json"):
        with tool.Server(
            "broker", "--frame=u16be", option, "tcp://127.0.0.1:0"
        ) as server, contextlib.ExitStack() as all_of_them:
            where = ("127.0.0.1", server.port())
            one, two, three = (
                all_of_them.enter_context(socket.create_connection(where, LIMIT))
                for _ in range(3)
            )
            call(one, two, three)
            call(two, one)
            heard_by_three = b"anybody?"
            while heard_by_three != b"good":
                heard_by_three = heard(three)
            half = encode("u16be", CHINESE)
            one.sendall(half[:7])
            two.sendall(encode("u16be", b"whole"))
            equal(heard(three), b"whole")
            equal(heard(one), b"whole")
            one.sendall(half[7:])
            equal(heard(three), CHINESE)
            equal(heard(two), CHINESE)
            for client in (one, two, three):
                client.shutdown(socket.SHUT_WR)
            equal(server.end().code, 0)


if __name__ == "__main__":
    tap.main(globals())
