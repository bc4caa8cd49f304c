# SPDX-License-Identifier: MIT
"""The jobs of the cookbook about messages in streams; see recipes.py. The other
side is Python: tests/interop/framings.py has each kind, struct its numbers."""

import io
import os
import socket
import struct
import sys
import threading

import recipes
from recipes import (
    LIMIT,
    TEXT,
    Row,
    check_interrupt,
    check_usage,
    free_port,
    listening,
    output,
    python_server,
    start,
)

sys.path.insert(
    0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "interop")
)

from framings import decode_all, each, encode  # noqa: E402 (found by the line above)

MESSAGES = [b"Hi!", b"Hope you're well"]
ANY = [bytes(range(256)), TEXT.encode(), b"END\n\0\\", b"x" * 1000]


def taken(address, data, kind=()):
    """What the example shows of data from Python, each piece by one send."""
    family = socket.SOCK_DGRAM if address == "udp" else socket.SOCK_STREAM
    port = free_port(family)
    process = start("boundaries", f"{address}://127.0.0.1:{port}", *kind)
    listening(port, process, address)
    with socket.socket(socket.AF_INET, family) as client:
        client.settimeout(LIMIT)
        client.connect(("127.0.0.1", port))
        for piece in data:
            client.sendall(piece)
        if address == "tcp":
            client.shutdown(socket.SHUT_WR)
        return output(process)


def boundaries():
    run = "a run of 19 bytes: Hi!Hope you're well\n"
    two = (
        "a message of 3 bytes: Hi!\n"
        "a message of 16 bytes: Hope you're well\n"
    )
    assert taken("tcp", MESSAGES) == run
    assert taken("udp", MESSAGES) == two
    framed = [struct.pack(">I", len(data)) + data for data in MESSAGES]
    assert taken("tcp", framed, ["u32be"]) == two
    # As one run of bytes, or byte by byte, they are two all the same.
    whole = b"".join(framed)
    assert taken("tcp", [whole], ["u32be"]) == two
    alone = [whole[i : i + 1] for i in range(len(whole))]
    assert taken("tcp", alone, ["u32be"]) == two


def by_the_tool(kind, messages):
    """There and back between standard input, a Python peer, and output."""
    got = []

    def answer(connection):
        with connection.makefile("rb") as file:
            got.extend(decode_all(kind, file))
        for data in got:
            connection.sendall(encode(kind, data[::-1]))

    with python_server(answer) as port:
        said = recipes.pipe_through(
            [os.path.join(recipes.BUILD, "pier"), "connect", "--frame", kind,
             "--stdio-frame=netstring", f"tcp://127.0.0.1:{port}"],
            b"".join(encode("netstring", data) for data in messages),
        )
    assert got == messages, (kind, got)
    back = decode_all("netstring", io.BytesIO(said))
    assert back == [data[::-1] for data in messages], (kind, back)


def shown(kind):
    """By the example, from Python."""
    said = taken("tcp", [encode(kind, data) for data in MESSAGES], [kind])
    assert said.count("a message of") == 2 and "well" in said, (kind, said)


def terminators():
    for kind in ("line", "nul", "delim:END"):
        shown(kind)
        by_the_tool(kind, [*MESSAGES, b""])
    for kind in ("escape", "escape:\\0", "escape:END", "escape:\\\\"):
        shown(kind)
        by_the_tool(kind, [*ANY, b""])


def encodings():
    for kind in ("base64", "base64:\\0", "announce", "announce:\\0"):
        shown(kind)
        by_the_tool(kind, [*ANY, b""])


def lengths():
    for kind in (
        "u8", "u16le", "u16be", "u32le", "u32be", "u64le", "u64be", "varint",
        "netstring", "decimal:6", "decimal:6:left", "decimal:6:right",
    ):
        shown(kind)
        by_the_tool(kind, MESSAGES if kind == "u8" else [*ANY, b""])
    # A receiver takes the three ways to pad, whichever its own is.
    mixed = b"000003Hi!" + b"3     Hi!" + b"     3Hi!"
    said = taken("tcp", [mixed], ["decimal:6:left"])
    assert said == "a message of 3 bytes: Hi!\n" * 3, said


class Caller:
    """Calls over one connection; a thread hands each answer to its call."""

    def __init__(self, port):
        self.socket = socket.create_connection(("127.0.0.1", port), LIMIT)
        self.answers = {}
        self.order = []
        self.news = threading.Condition()
        self.lock = threading.Lock()
        self.next = 0
        self.thread = threading.Thread(target=self.listen, daemon=True)
        self.thread.start()

    def listen(self):
        with self.socket.makefile("rb") as file:
            for data in each("u32be", file):
                name, how, value = data.decode().split(" ", 2)
                with self.news:
                    self.answers[name] = (how, value)
                    self.order.append(name)
                    self.news.notify_all()

    def begin(self, procedure, *arguments, ms=20000):
        with self.lock:
            self.next += 1
            name = str(self.next)
            text = " ".join([name, str(ms), procedure, *map(str, arguments)])
            data = text.encode()
            self.socket.sendall(struct.pack(">I", len(data)) + data)
        return name

    def end(self, name):
        with self.news:
            assert self.news.wait_for(lambda: name in self.answers, LIMIT)
            return self.answers[name]

    def call(self, *words, **more):
        return self.end(self.begin(*words, **more))


def rpc():
    port = free_port()
    server = start("rpc", "--port", port)
    listening(port, server)
    caller = Caller(port)
    assert caller.call("add", 2, 40) == ("ok", "42")
    assert caller.call("add", "two", 40) == ("error", "add takes two numbers")
    assert caller.call("divide", 1, 0) == ("error", "no such procedure")
    assert caller.call("sleep", 3600000, ms=20) == (
        "error", "the deadline passed",
    )
    # Fifty wait; one that came after them is answered first.
    slow = [caller.begin("sleep", 3600000, ms=500) for _ in range(50)]
    assert caller.call("add", 20, 22) == ("ok", "42")
    assert not set(slow) & set(caller.order), "it waited for the slow"
    for name in slow:
        assert caller.end(name) == ("error", "the deadline passed")
    # More than the server has in flight, each with its own answer.
    sums = {caller.begin("add", n, n): str(2 * n) for n in range(500)}
    for name, value in sums.items():
        assert caller.end(name) == ("ok", value)
    caller.socket.close()
    check_interrupt(server)
    check_usage("rpc")


ROWS = [
    Row("D0", "edges of messages: none by TCP, kept by UDP and by frames",
        "Python", ["boundaries"], [], boundaries),
    Row("D1", "ended by a byte or string, escaped inside the data",
        "Python", ["boundaries"], [], terminators),
    Row("D2", "base64, and a terminator that is announced", "Python",
        ["boundaries"], [], encodings),
    Row("D3", "the length first, in every width and order, in decimal",
        "Python struct, netstrings", ["boundaries"], [], lengths),
    Row("D4", "procedures called by name: errors, deadlines, many in flight",
        "a Python caller", ["rpc"], [], rpc),
]
