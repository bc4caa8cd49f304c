#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Python's socketserver and pier, side by side, model by model: the same clients
talk to both, and have to see the same. Where the two differ on purpose the case
says so and holds both to what they do. Reports by TAP.

    socketservers.py PROGRAM [CASE...]   PROGRAM is socketservers.c
    socketservers.py --serve SERVER HANDLER ADDRESS [HOOK]
        one of Python's servers, which says its address, then which hooks run
"""

import contextlib
import hashlib
import os
import resource
import select
import signal
import socket
import socketserver
import subprocess
import sys
import threading

sys.path.insert(
    0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "cli")
)

LIMIT = 20
CLIENTS = 8


# ---- Python's servers, in a process of their own ----


def say(what):
    print(what, flush=True)


class Echo(socketserver.BaseRequestHandler):
    def handle(self):
        while data := self.request.recv(65536):
            self.request.sendall(data)


class Lines(socketserver.StreamRequestHandler):
    """What socketservers.c does."""

    def setup(self):
        self.server.refuse("setup")
        super().setup()

    def handle(self):
        say("handle")
        for line in self.rfile:
            if line == b"abort\n":
                os.abort()
            elif line == b"fail\n":
                raise OSError("told to fail")
            elif line == b"rest\n":
                self.wfile.write(b"done\n")
                return
            elif line == b"who\n":
                who = f"{os.getpid()} {threading.get_native_id()}\n"
                self.wfile.write(who.encode())
            else:
                self.wfile.write(b"heard " + line)

    def finish(self):
        super().finish()
        say("finish")


class Datagram(socketserver.DatagramRequestHandler):
    def handle(self):
        data = self.rfile.read()
        if data == b"fail":
            raise OSError("told to fail")
        self.wfile.write(data)


class Hooks:
    """What pier does unasked, and says by its hooks."""

    refusing = None
    request_queue_size = 64
    allow_reuse_address = True

    def refuse(self, hook):
        say(hook)
        if hook == self.refusing:
            raise PermissionError(hook)

    def verify_request(self, request, client_address):
        try:
            self.refuse("verify")
            return True
        except PermissionError:
            return False

    def handle_error(self, request, client_address):
        say("error")


def python_serves(name, handler, address, refusing=None):
    mixins = {
        "Threading": socketserver.ThreadingMixIn,
        "Forking": socketserver.ForkingMixIn,
    }
    bases = [Hooks]
    for prefix, mixin in mixins.items():
        if name.startswith(prefix):
            bases.append(mixin)
            name = name.removeprefix(prefix)
    bases.append(getattr(socketserver, name))
    kind = type("Server", tuple(bases), {"refusing": refusing})
    if "Unix" not in name:
        address = (address, 0)
    with kind(address, globals()[handler]) as server:
        say(server.server_address if "Unix" in name else
            server.server_address[1])
        server.serve_forever(0.01)


if __name__ == "__main__" and sys.argv[1:2] == ["--serve"]:
    python_serves(*sys.argv[2:])
    sys.exit(0)

import tap  # noqa: E402 (found by the path above)
import tool  # noqa: E402
from peer import read_all, read_exactly, reset  # noqa: E402
from tap import equal  # noqa: E402

PROGRAM = sys.argv.pop(1) if __name__ == "__main__" else None


# ---- the two of them as a client finds them ----


class Place:
    """A server in the background: its process, and how to reach it."""

    def __init__(self, process, where, kind):
        self.process = process
        self.where = where
        self.family = (
            socket.AF_UNIX if isinstance(where, str) else socket.AF_INET
        )
        self.kind = kind

    def dial(self):
        client = socket.socket(self.family, self.kind)
        client.settimeout(LIMIT)
        if self.kind == socket.SOCK_DGRAM and self.family == socket.AF_UNIX:
            client.bind("")  # any abstract name, to be answered at
        client.connect(self.where)
        return client

    def says(self, count):
        """The next words that it says, as one text."""
        words = []
        for _ in range(count):
            if not select.select([self.process.stdout], [], [], LIMIT)[0]:
                raise AssertionError(f"it only said {words}")
            words.append(self.process.stdout.readline().decode().strip())
        return " ".join(words)


@contextlib.contextmanager
def running(*command, quiet=True):
    """A process in a session of its own, of which nothing is left behind."""
    process = subprocess.Popen(
        [str(word) for word in command],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL if quiet else None,
        bufsize=0,  # so that select() tells what there is
        start_new_session=True,
    )
    try:
        yield process
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        process.stdout.close()


def kind_of(text):
    is_datagram = "Datagram" in text or "UDP" in text
    return socket.SOCK_DGRAM if is_datagram else socket.SOCK_STREAM


@contextlib.contextmanager
def python_server(name, handler, folder, *hook):
    """One of Python's: ("ThreadingTCPServer", "Echo", …)."""
    unix = "Unix" in name
    address = f"{folder}/{name}-{handler}" if unix else "127.0.0.1"
    with running(
        sys.executable, "-B", __file__, "--serve", name, handler, address, *hook
    ) as process:
        said = process.stdout.readline().decode().strip()
        where = said if unix else ("127.0.0.1", int(said))
        yield Place(process, where, kind_of(name))


def endpoint_of(name, folder):
    if name.endswith("UnixStreamServer"):
        return f"unix://{folder}/pier"
    if name.endswith("UnixDatagramServer"):
        return f"unixgram://{folder}/pier"
    scheme = "udp" if name.endswith("UDPServer") else "tcp"
    return f"{scheme}://127.0.0.1:0"


def where_of(endpoint):
    if endpoint.startswith("unix"):
        return endpoint.split("://")[1]
    return ("127.0.0.1", int(endpoint.rsplit(":", 1)[1]))


@contextlib.contextmanager
def pier_tool(name, model, folder):
    """pier serve echo, at the kind of endpoint that Python's server has."""
    words = ["--model", model] if model != "processes" else ["--processes", "2"]
    with tool.Server("echo", *words, endpoint_of(name, folder)) as server:
        yield Place(server.process, where_of(server.endpoint), kind_of(name))
        equal(server.end().code, 0, f"exit of pier serve --model {model}")


@contextlib.contextmanager
def pier_program(name, model, folder, *hook):
    with running(
        PROGRAM, model, endpoint_of(name, folder), *hook, quiet=False
    ) as process:
        said = process.stdout.readline().decode().strip()
        yield Place(process, where_of(said), kind_of(name))


# ---- the clients: each gives what it saw ----


def at_once(server, _):
    """All connect, then all speak, then each reads to the end."""
    with contextlib.ExitStack() as stack:
        clients = [stack.enter_context(server.dial()) for _ in range(CLIENTS)]
        for number, client in enumerate(clients):
            client.sendall(f"client {number}\n".encode())
            client.shutdown(socket.SHUT_WR)
        return [read_all(client) for client in clients]


def half_close_first(server, _):
    with server.dial() as nothing, server.dial() as something:
        nothing.shutdown(socket.SHUT_WR)
        saw = read_all(nothing)
        nothing.close()
        something.sendall(b"last words\n")
        something.shutdown(socket.SHUT_WR)
        return saw, read_all(something)


def silent_beside_busy(server, parallel):
    """Is one answered while another, who came before, says nothing?"""
    silent = server.dial()
    with server.dial() as busy:
        busy.sendall(b"hello\n")
        wait = LIMIT if parallel else 0.1
        at_once = bool(select.select([busy], [], [], wait)[0])
        silent.close()
        return at_once, read_exactly(busy, 6)


def who_resets(server, _):
    """One at once, one that has said something, one amid its answer; then one
    who does not."""
    for words in (b"", b"hello\n", bytes(300_000)):
        client = server.dial()
        client.sendall(words)
        reset(client)
    return at_once(server, _)


def many_short(server, _):
    heard = []
    for number in range(100):
        with server.dial() as client:
            client.sendall(f"{number}\n".encode())
            heard.append(read_exactly(client, len(f"{number}\n")))
    return heard


MEGABYTE = os.urandom(1 << 20)


def megabyte(server, _):
    with server.dial() as client:

        def send():
            client.sendall(MEGABYTE)
            client.shutdown(socket.SHUT_WR)

        thread = threading.Thread(target=send, daemon=True)
        thread.start()
        back = read_all(client)
        thread.join(LIMIT)
    return len(back), hashlib.sha256(back).hexdigest()


def expected_of(script, parallel):
    """So that the two cannot be wrong together."""
    lines = [f"client {number}\n".encode() for number in range(CLIENTS)]
    return {
        at_once: lines,
        half_close_first: (b"", b"last words\n"),
        silent_beside_busy: (parallel, b"hello\n"),
        who_resets: lines,
        many_short: [f"{number}\n".encode() for number in range(100)],
        megabyte: (1 << 20, hashlib.sha256(MEGABYTE).hexdigest()),
    }[script]


PAIRS = (
    ("TCPServer", "iterative"),
    ("ThreadingTCPServer", "thread"),
    ("ForkingTCPServer", "fork"),
    ("ThreadingTCPServer", "pool"),
    ("ThreadingTCPServer", "fiber"),
    ("ThreadingTCPServer", "processes"),
    ("UnixStreamServer", "iterative"),
    ("ThreadingUnixStreamServer", "thread"),
    ("ForkingUnixStreamServer", "fork"),
)


def side_by_side(name, model):
    """Every script, against both."""
    parallel = model != "iterative"
    with tool.scratch() as folder, python_server(
        name, "Echo", folder
    ) as python, pier_tool(name, model, folder) as pier:
        for script in (
            at_once,
            half_close_first,
            silent_beside_busy,
            who_resets,
            many_short,
            megabyte,
        ):
            what = script.__name__
            saw = script(python, parallel)
            equal(saw, expected_of(script, parallel), f"{what}, {name}")
            equal(script(pier, parallel), saw, f"{what}, pier {model}")


def who_serves(server, parallel):
    """How many processes and threads serve so many clients, who stay where
    that is possible until all are served."""
    seen = []
    with contextlib.ExitStack() as stack:
        for _ in range(CLIENTS):
            client = server.dial()
            stack.enter_context(client)
            client.sendall(b"who\n")
            with client.makefile("rb") as file:
                seen.append(file.readline().split())
            if not parallel:
                client.close()
    return len({pid for pid, _ in seen}), len({tid for _, tid in seen})


def failing(server, _):
    """What a client hears whose handler fails, and the one after it."""
    with server.dial() as client:
        client.sendall(b"hello\n")
        heard = [read_exactly(client, len(b"heard hello\n"))]
        client.sendall(b"fail\n")
        heard.append(read_all(client))
    return heard + at_once(server, _)


def programs(name, model):
    parallel = model != "iterative"
    with tool.scratch() as folder, python_server(
        name, "Lines", folder
    ) as python, pier_program(name, model, folder) as pier:
        saw = failing(python, parallel)
        equal(saw[:2], [b"heard hello\n", b""], f"a failing handler, {name}")
        equal(failing(pier, parallel), saw, f"a failing handler, {model}")
        saw = who_serves(python, parallel)
        threads = 1 if model == "iterative" else CLIENTS
        processes = CLIENTS if model == "fork" else 1
        equal(saw, (processes, threads), f"who serves, {name}")
        if model == "fiber":
            saw = (1, 1)  # all on one thread
        if model == "processes":
            count, threads = who_serves(pier, parallel)
            assert count == threads and count in (1, 2), (count, threads)
        else:
            equal(who_serves(pier, parallel), saw, f"who serves, {model}")


def add_pairs():
    for name, model in PAIRS:

        def case(name=name, model=model):
            side_by_side(name, model)

        def case_of_programs(name=name, model=model):
            programs(name, model)

        globals()[f"test_{name}_and_{model}"] = case
        globals()[f"test_handlers_of_{name}_and_{model}"] = case_of_programs


add_pairs()


def test_a_process_that_aborts_takes_its_own_client_only():
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    with tool.scratch() as folder, contextlib.ExitStack() as stack:
        servers = [
            python_server("ForkingTCPServer", "Lines", folder),
            pier_program("TCPServer", "fork", folder),
        ]
        for server in map(stack.enter_context, servers):
            with server.dial() as beside, server.dial() as aborts:
                beside.sendall(b"before\n")
                equal(read_exactly(beside, 13), b"heard before\n")
                aborts.sendall(b"abort\n")
                equal(read_all(aborts), b"", "of the one that aborts")
                beside.sendall(b"after\n")
                equal(read_exactly(beside, 12), b"heard after\n")
            equal(len(at_once(server, True)), CLIENTS)


def test_a_worker_process_that_aborts_is_replaced():
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    with tool.scratch() as folder, pier_program(
        "TCPServer", "processes", folder
    ) as server:
        for _ in range(3):
            with server.dial() as client:
                client.sendall(b"abort\n")
                equal(read_all(client), b"", "of the one that aborts")
            heard = at_once(server, True)
            equal(heard[-1], f"heard client {CLIENTS - 1}\n".encode())


# HOOK that refuses, what the client says: what runs in Python, what in pier.
ORDERS = {
    ("", b"hello\n"): (
        "verify setup handle finish",
        "verify setup handle finish",
    ),
    # The error is told while the connection still has all it had.
    ("", b"fail\n"): (
        "verify setup handle finish error",
        "verify setup handle error finish",
    ),
    ("verify", b""): ("verify", "verify"),
    # What a setup took before it failed is given back by finish; Python's
    # leaves it.
    ("setup", b""): ("verify setup error", "verify setup error finish"),
}


def test_hooks_run_in_this_order():
    for (hook, words), (in_python, in_pier) in ORDERS.items():
        with tool.scratch() as folder, python_server(
            "TCPServer", "Lines", folder, hook
        ) as python, pier_program(
            "TCPServer", "iterative", folder, hook
        ) as pier:
            for server, order in ((python, in_python), (pier, in_pier)):
                # Twice: the next one's first hook shows that no more came.
                for _ in range(2):
                    with server.dial() as client:
                        client.sendall(words)
                        client.shutdown(socket.SHUT_WR)
                        read_all(client)
                    equal(server.says(len(order.split())), order, hook)


def is_reset(client, wait):
    """Has the peer reset it? Its end alone is none."""
    poll = select.poll()
    poll.register(client, 0)
    return bool(poll.poll(wait * 1000))


def test_unread_input_resets_python_and_not_pier():
    """A handler comes back while its client still speaks: that client's next
    words meet a reset in Python; pier reads them off."""
    with tool.scratch() as folder, python_server(
        "ThreadingTCPServer", "Lines", folder
    ) as python, pier_program("TCPServer", "thread", folder) as pier:
        for server, expected, wait in (
            (python, True, LIMIT),
            (pier, False, 0.1),
        ):
            with server.dial() as client:
                client.sendall(b"rest\n" + bytes(20_000))
                equal(read_all(client), b"done\n", "the answer")
                with contextlib.suppress(OSError):
                    client.sendall(bytes(1000))
                equal(is_reset(client, wait), expected, "reset")


# ---- datagrams ----


def datagram_sizes(server):
    heard = []
    with server.dial() as client:
        for size in (0, 1, 8192):
            client.send(b"d" * size)
            heard.append(client.recv(65536))
    return [len(data) for data in heard], set(b"".join(heard))


def datagrams_at_once(server):
    with contextlib.ExitStack() as stack:
        clients = [stack.enter_context(server.dial()) for _ in range(CLIENTS)]
        for number, client in enumerate(clients):
            client.send(f"client {number}".encode())
        return [client.recv(65536) for client in clients]


def datagrams(name, model):
    with tool.scratch() as folder, python_server(
        name, "Datagram", folder
    ) as python, pier_tool(name, model, folder) as pier:
        saw = datagram_sizes(python)
        equal(saw, ([0, 1, 8192], {ord("d")}), f"sizes, {name}")
        equal(datagram_sizes(pier), saw, f"sizes, pier {model}")
        saw = datagrams_at_once(python)
        equal(len(set(saw)), CLIENTS, f"at once, {name}")
        equal(datagrams_at_once(pier), saw, f"at once, pier {model}")
        # A longer one: Python cuts it at max_packet_size and tells nobody.
        for server, size in ((python, 8192), (pier, 9000)):
            with server.dial() as client:
                client.send(bytes(9000))
                equal(len(client.recv(65536)), size, "of 9000 bytes")


def add_datagrams():
    for name, model in (
        ("UDPServer", "iterative"),
        ("ThreadingUDPServer", "thread"),
        ("ForkingUDPServer", "fork"),
        ("ThreadingUDPServer", "pool"),
        ("ThreadingUDPServer", "fiber"),
        ("UDPServer", "processes"),
        ("UnixDatagramServer", "iterative"),
        ("ThreadingUnixDatagramServer", "thread"),
    ):

        def case(name=name, model=model):
            datagrams(name, model)

        globals()[f"test_{name}_and_{model}"] = case


add_datagrams()


def test_a_datagram_handler_that_fails_answers_in_python_only():
    """DatagramRequestHandler sends what was written, which is nothing, in its
    finish(), also after a failure."""
    with tool.scratch() as folder, python_server(
        "UDPServer", "Datagram", folder
    ) as python, pier_program("UDPServer", "iterative", folder) as pier:
        for server, answers in ((python, [b"", b"next"]), (pier, [b"next"])):
            with server.dial() as client:
                client.send(b"fail")
                client.send(b"next")
                heard = [client.recv(65536) for _ in answers]
                equal(heard, answers, "answers")


if __name__ == "__main__":
    tap.main(globals())
