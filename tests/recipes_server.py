# SPDX-License-Identifier: MIT
"""The jobs of the cookbook that Python has socketserver for: pier's examples and
Python's own servers, side by side under the same clients."""

import contextlib
import signal
import socket
import socketserver
import struct
import threading

from recipes import (
    LIMIT,
    TEXT,
    Row,
    check_interrupt,
    check_usage,
    free_port,
    listening,
    output,
    start,
    until,
)


class Visit(socketserver.StreamRequestHandler):
    """What examples/handler_object.c does, in Python."""

    def setup(self):
        super().setup()
        self.who = "{}:{}".format(*self.client_address)
        self.lines = 0

    def handle(self):
        for line in self.rfile:
            self.lines += 1
            self.wfile.write(f"{self.who}, line {self.lines}: ".encode() + line)

    def finish(self):
        super().finish()
        self.server.said.append(f"{self.who} said {self.lines} lines\n")


class Letter(socketserver.DatagramRequestHandler):
    def handle(self):
        who = "{}:{}".format(*self.client_address)
        size = len(self.rfile.read())
        self.wfile.write(f"{who}, {size} bytes\n".encode())


@contextlib.contextmanager
def socketserver_of(kind, handler):
    """One of Python's own servers, in a thread; what its handlers said is in
    its list said."""
    with kind(("127.0.0.1", 0), handler) as server:
        server.said = []
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join(LIMIT)


def two_visits(port):
    """Two at once, who take turns: what each of them heard, ended, and is
    told about when it has left, its own address as ME."""
    names, heard = [], []
    with contextlib.ExitStack() as stack:
        clients = [
            stack.enter_context(
                socket.create_connection(("127.0.0.1", port), LIMIT)
            )
            for _ in range(2)
        ]
        files = [stack.enter_context(c.makefile("rwb")) for c in clients]
        for client in clients:
            names.append("{}:{}".format(*client.getsockname()))
        for count in (1, 2):
            for who, file in enumerate(files):
                file.write(f"{TEXT} {count}\n".encode() * (who + 1))
                file.flush()
                for _ in range(who + 1):
                    heard.append(file.readline().decode())
        for client, file in zip(clients, files):
            file.write(b"no newline")
            file.flush()
            client.shutdown(socket.SHUT_WR)
            heard.append(file.read().decode())
    for name in names:
        assert any(name in line for line in heard), f"{name}: {heard}"
        heard = [line.replace(name, "ME") for line in heard]
    return names, heard


def handler_object():
    """The same clients see the same of Python's handler object and pier's."""
    with socketserver_of(socketserver.ThreadingTCPServer, Visit) as python:
        names, expected = two_visits(python.server_address[1])
        until(lambda: len(python.said) == 2, "two are finished")
        assert sorted(python.said) == sorted(
            [f"{names[0]} said 3 lines\n", f"{names[1]} said 5 lines\n"]
        ), python.said
    port = free_port()
    server = start("handler_object", "--port", port)
    listening(port, server)
    names, heard = two_visits(port)
    assert heard == expected, f"pier: {heard}, Python: {expected}"
    said = sorted(server.stdout.readline().decode() for _ in names)
    assert said == sorted(
        [f"{names[0]} said 3 lines\n", f"{names[1]} said 5 lines\n"]
    ), said
    # Who resets is finished too, and takes nobody along.
    with socket.create_connection(("127.0.0.1", port), LIMIT) as client:
        client.sendall(b"one\n")
        assert client.recv(4096).endswith(b"line 1: one\n")
        client.setsockopt(
            socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0)
        )
    assert server.stdout.readline().endswith(b"said 1 lines\n")
    assert two_visits(port)[1] == expected
    check_interrupt(server)
    check_usage("handler_object")


def letters(port):
    """What comes back for datagrams of several sizes, and from whom."""
    heard = []
    with socket.socket(type=socket.SOCK_DGRAM) as client:
        client.settimeout(LIMIT)
        client.bind(("127.0.0.1", 0))
        me = "{}:{}".format(*client.getsockname())
        for size in (0, 1, 8192):
            client.sendto(bytes(size), ("127.0.0.1", port))
            text, sender = client.recvfrom(4096)
            assert sender == ("127.0.0.1", port), sender
            assert me in text.decode(), text
            heard.append(text.decode().replace(me, "ME"))
    return heard


def long_talk(port):
    """150 lines, some long, sent without waiting; all that comes back."""
    lines = [f"{'x' * size}\n".encode() for size in (0, 1, 1000)] * 50
    with socket.create_connection(("127.0.0.1", port), LIMIT) as client:
        me = "{}:{}".format(*client.getsockname())
        with client.makefile("rwb") as file:
            file.writelines(lines)
            file.flush()
            client.shutdown(socket.SHUT_WR)
            heard = file.read().decode()
    assert heard.count(me) == len(lines), heard[:1000]
    return heard.replace(me, "ME")


def file_like():
    """rfile and wfile, and datagrams: Python's handlers and pier's."""
    port = free_port()
    server = start("handler_object", "--port", port)
    listening(port, server)
    listening(port, server, "udp")
    with socketserver_of(socketserver.ThreadingTCPServer, Visit) as python:
        expected = long_talk(python.server_address[1])
    assert long_talk(port) == expected
    with socketserver_of(socketserver.UDPServer, Letter) as python:
        expected = letters(python.server_address[1])
    heard = letters(port)
    assert heard == expected, f"pier: {heard}, Python: {expected}"
    check_interrupt(server)


class Twice(socketserver.StreamRequestHandler):
    """What examples/serve_one.c does, in Python."""

    def handle(self):
        line = self.rfile.readline()
        if line:
            self.wfile.write(f"{2 * int(line)}\n".encode())


class Hooked(socketserver.TCPServer):
    """The hooks of examples/serve_one.c, in Python."""

    timeout = 0.01
    idle = turned_away = failed = turns = 0

    def verify_request(self, request, client_address):
        welcome = client_address[0] == "127.0.0.1"
        self.turned_away += not welcome
        return welcome

    def handle_error(self, request, client_address):
        self.failed += 1

    def handle_timeout(self):
        self.idle += 1

    def service_actions(self):
        self.turns += 1


def ask(port, line, source="127.0.0.1"):
    with socket.create_connection(
        ("127.0.0.1", port), LIMIT, (source, 0)
    ) as client:
        client.sendall(line)
        return client.recv(4096)


def askers(port):
    """A good one, a wrong one, one from elsewhere, and a good one again."""
    return [
        ask(port, b"21\n"),
        ask(port, b"no number\n"),
        ask(port, b"", "127.0.0.2"),
        ask(port, b"-7\n"),
    ]


def python_hooks():
    """What Python's server does: one by hand, then for ever."""
    with Hooked(("127.0.0.1", 0), Twice) as server:
        port = server.server_address[1]
        server.handle_request()
        assert server.idle == 1, "nobody came"
        server.timeout = LIMIT
        thread = threading.Thread(target=server.handle_request)
        thread.start()
        heard = [ask(port, b"4\n")]
        thread.join(LIMIT)
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            heard += askers(port)
            turns = server.turns
            until(lambda: server.turns > turns, "turns of the loop")
        finally:
            server.shutdown()
            thread.join(LIMIT)
        assert (server.turned_away, server.failed) == (1, 1)
        return heard


def hears(file, line):
    """Reads lines until it is this one."""
    while (heard := file.readline().decode()) != line:
        assert heard, f"it has ended and never said {line!r}"


def serve_one():
    """One, then all; each hook, and a stop from a signal; the same clients
    hear the same of Python's server and of pier's."""
    port = free_port()
    server = start("serve_one", "--port", port)
    listening(port, server)
    said = server.stdout
    assert said.readline() == b"nobody comes\n"
    heard = [ask(port, b"4\n")]
    hears(said, "served one\n")
    heard += askers(port)
    expected = python_hooks()
    assert heard == expected, f"pier: {heard}, Python: {expected}"
    hears(said, "client 3: invalid argument\n")
    hears(said, "5 came, 1 turned away\n")
    server.send_signal(signal.SIGINT)
    output(server)
    # The signal ends it also while it waits for its first client.
    server = start("serve_one", "--port", port)
    listening(port, server)
    assert server.stdout.readline() == b"nobody comes\n"
    server.send_signal(signal.SIGINT)
    assert "served" not in output(server)
    check_usage("serve_one")


ROWS = [
    Row(
        "H1",
        "a handler object for each connection: set up, handled, finished",
        "Python's ThreadingTCPServer, the same clients beside",
        ["handler_object"],
        [],
        handler_object,
    ),
    Row(
        "H2",
        "verify, error, idle and tick hooks; one, then all, stopped by a signal",
        "Python's TCPServer, the same clients beside",
        ["serve_one"],
        [],
        serve_one,
    ),
    Row(
        "H3",
        "requests read and answered as files, datagrams answered",
        "Python's StreamRequestHandler and DatagramRequestHandler",
        ["handler_object"],
        [],
        file_like,
    ),
]
