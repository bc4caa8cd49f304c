#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""pier against nc.openbsd, ncat, socat and Python: both directions, TCP over
IPv4 and IPv6, Unix sockets, UDP; Chinese text, every byte value, nothing, one
byte, and enough to fill every buffer on the way. Reports by TAP.

Each case of the matrix is one test: its name says who talked to whom.
"""

import contextlib
import hashlib
import os
import select
import shutil
import socket
import subprocess
import sys
import threading

sys.path.insert(
    0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "cli")
)

import tap  # noqa: E402 (found by the line above)
import tool  # noqa: E402
from peer import read_all  # noqa: E402
from tap import contains, equal  # noqa: E402

LIMIT = 30
PAYLOADS = {
    "nothing": b"",
    "one byte": b"x",
    "Chinese": "汉语/漢語 Hànyǔ\n".encode(),
    "every byte": bytes(range(256)),
    "3 MB": os.urandom(3_000_000),
}
FAMILIES = ("tcp4", "tcp6", "unix")


def need(*programs):
    for program in programs:
        if shutil.which(program) is None:
            raise tap.Skip(f"{program} is not installed")


def endpoint_of(family, folder):
    return {
        "tcp4": "tcp://127.0.0.1:0",
        "tcp6": "tcp://[::1]:0",
        "unix": f"unix://{folder}/sock",
    }[family]


def pipe_through(command, data):
    """What a client says that is given data and the end of its input."""
    done = subprocess.run(
        [str(word) for word in command],
        input=data,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        timeout=LIMIT,
        check=False,
    )
    if done.returncode:
        raise AssertionError(f"{command}: {done.returncode} {done.stderr!r}")
    return done.stdout


def same(got, sent, what):
    """Equal, by hash when it is long: nobody reads three million bytes."""
    if len(sent) < 1000:
        equal(got, sent, what)
    equal(len(got), len(sent), what)
    equal(
        hashlib.sha256(got).hexdigest(), hashlib.sha256(sent).hexdigest(), what
    )


# ---- pier serves, others are the clients ----


def python_client(family, where, data):
    kind = {"tcp4": socket.AF_INET, "tcp6": socket.AF_INET6}
    with socket.socket(kind.get(family, socket.AF_UNIX)) as client:
        client.settimeout(LIMIT)
        client.connect(where)
        def send():
            client.sendall(data)
            client.shutdown(socket.SHUT_WR)

        thread = threading.Thread(target=send, daemon=True)
        thread.start()
        answer = read_all(client)
        thread.join(LIMIT)
        return answer


def client_command(name, family, where):
    if family == "unix":
        return {
            "nc.openbsd": ["nc.openbsd", "-N", "-U", where],
            "ncat": ["ncat", "-U", where],
            "socat": ["socat", "-t", LIMIT, "-", f"UNIX-CONNECT:{where}"],
        }[name]
    host, port = where[:2]
    bracket = f"[{host}]" if family == "tcp6" else host
    kind = "TCP6" if family == "tcp6" else "TCP4"
    return {
        "nc.openbsd": ["nc.openbsd", "-N", host, port],
        "ncat": ["ncat", host, port],
        "socat": ["socat", "-t", LIMIT, "-", f"{kind}:{bracket}:{port}"],
    }[name]


def where_of(family, server, folder):
    if family == "unix":
        return f"{folder}/sock"
    return ("::1" if family == "tcp6" else "127.0.0.1", server.port())


def serve_to(name, family, model):
    with tool.scratch() as folder:
        where = endpoint_of(family, folder)
        with tool.Server("echo", where, "--model", model) as server:
            place = where_of(family, server, folder)
            for what, data in PAYLOADS.items():
                if name == "python":
                    got = python_client(family, place, data)
                else:
                    got = pipe_through(
                        client_command(name, family, place), data
                    )
                same(got, data, what)
            equal(server.end().code, 0, "exit of the server")


def add_servers():
    for name in ("python", "nc.openbsd", "ncat", "socat"):
        for family in FAMILIES:
            for model in ("fiber", "iterative", "thread", "pool", "fork"):

                def case(name=name, family=family, model=model):
                    if name != "python":
                        need(name)
                    serve_to(name, family, model)

                globals()[
                    f"test_{name}_client_{family}_{model}".replace(".", "_")
                ] = case


# ---- others serve, pier is the client ----


def server_command(name, family, where):
    if family == "unix":
        return {
            "ncat": ["ncat", "-l", "-k", "-U", where, "-e", "/bin/cat"],
            "socat": ["socat", f"UNIX-LISTEN:{where},fork", "EXEC:cat"],
        }[name]
    host, port = where
    kind = "TCP6-LISTEN" if family == "tcp6" else "TCP4-LISTEN"
    bind = f"[{host}]" if family == "tcp6" else host
    return {
        "ncat": ["ncat", "-l", "-k", "-e", "/bin/cat", host, port],
        "socat": [
            "socat",
            f"{kind}:{port},bind={bind},reuseaddr,fork",
            "EXEC:cat",
        ],
    }[name]


def free_port(family):
    kind = socket.AF_INET6 if family == "tcp6" else socket.AF_INET
    with socket.socket(kind) as probe:
        probe.bind(("::1" if family == "tcp6" else "127.0.0.1", 0))
        return probe.getsockname()[1]


@contextlib.contextmanager
def running(command):
    process = subprocess.Popen(
        [str(word) for word in command],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )
    try:
        yield process
    finally:
        # The whole session: such servers fork for each connection.
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, 9)
        process.wait()
        process.stderr.close()


def listens(family, where):
    if family == "unix":
        with open("/proc/net/unix", encoding="utf-8") as lines:
            return any(
                line.rstrip().endswith(where) and " 00010000 " in line
                for line in lines
            )
    table = "tcp6" if family == "tcp6" else "tcp"
    with open(f"/proc/net/{table}", encoding="ascii") as lines:
        next(lines)
        return any(
            line.split()[3] == "0A"
            and int(line.split()[1].rsplit(":", 1)[1], 16) == where[1]
            for line in lines
        )


def ask(endpoint, data, patient):
    """What pier connect says. Patient: the input ends only when all is back,
    and ends the conversation: ncat 7.93 drops what its child still says at
    the peer's end, or goes on for ever."""
    more = ["--on-stdin-end", "close"] if patient else []
    client = subprocess.Popen(
        [tool.PIER, "connect", *more, "--timeout", f"{LIMIT}s", endpoint],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    back = threading.Event()

    def feed():
        client.stdin.write(data)
        client.stdin.flush()
        if patient:
            back.wait(LIMIT)
        client.stdin.close()

    thread = threading.Thread(target=feed, daemon=True)
    thread.start()
    got = b""
    try:
        while len(got) < len(data) or not patient:
            part = client.stdout.read1(1 << 20)
            if not part:
                break
            got += part
        back.set()
        got += client.stdout.read()
        thread.join(LIMIT)
        equal(client.wait(LIMIT), 0, "exit of pier connect")
    finally:
        client.kill()
        client.wait()
        client.stdout.close()
    return got


def dial_to(name, family):
    with tool.scratch() as folder:
        if family == "unix":
            where = f"{folder}/sock"
            endpoint = f"unix://{where}"
        else:
            host = "::1" if family == "tcp6" else "127.0.0.1"
            where = (host, free_port(family))
            bracket = f"[{host}]" if family == "tcp6" else host
            endpoint = f"tcp://{bracket}:{where[1]}"
        with running(server_command(name, family, where)) as process:
            tool.wait_until(
                lambda: process.poll() is not None or listens(family, where)
            )
            equal(process.poll(), None, f"{name} runs")
            for what, data in PAYLOADS.items():
                if name == "ncat":
                    # It stops dead once both pipes of its child are full.
                    data = data[:30_000]
                same(ask(endpoint, data, name == "ncat"), data, what)


def add_clients():
    for name in ("ncat", "socat"):
        for family in FAMILIES:

            def case(name=name, family=family):
                need(name)
                dial_to(name, family)

            globals()[f"test_pier_to_{name}_{family}"] = case


def test_pier_to_nc_openbsd():
    """nc.openbsd cannot echo: one end says its part, the other answers."""
    need("nc.openbsd")
    for family in ("tcp4", "tcp6"):
        host = "::1" if family == "tcp6" else "127.0.0.1"
        port = free_port(family)
        server = subprocess.Popen(
            ["nc.openbsd", "-l", "-N", host, str(port)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        try:
            tool.wait_until(lambda: listens(family, (host, port)))
            client = subprocess.Popen(
                [tool.PIER, "connect", f"tcp://[{host}]:{port}"
                 if family == "tcp6" else f"tcp://{host}:{port}"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
            )
            client.stdin.write(PAYLOADS["Chinese"])
            client.stdin.close()
            server.stdin.write(PAYLOADS["every byte"])
            server.stdin.close()
            equal(client.stdout.read(), PAYLOADS["every byte"])
            equal(server.stdout.read(), PAYLOADS["Chinese"])
            equal(client.wait(LIMIT), 0)
            equal(server.wait(LIMIT), 0)
            client.stdout.close()
        finally:
            server.kill()
            server.wait()
            server.stdout.close()


# ---- datagrams ----


def test_broker_of_strangers():
    """nc, ncat, socat and pier in one room hear each other, none himself."""
    need("nc.openbsd", "ncat", "socat")
    with tool.Server("broker", "tcp://127.0.0.1:0") as server:
        where = ["127.0.0.1", str(server.port())]
        commands = [
            ["nc.openbsd", *where],
            ["ncat", *where],
            ["socat", "-", "tcp:" + ":".join(where)],
            [tool.PIER, "connect", server.endpoint],
        ]
        with contextlib.ExitStack() as stack:
            peers = [
                stack.enter_context(
                    subprocess.Popen(
                        command,
                        stdin=subprocess.PIPE,
                        stdout=subprocess.PIPE,
                        bufsize=0,
                    )
                )
                for command in commands
            ]
            for peer in peers:
                stack.callback(peer.kill)
            caller = stack.enter_context(
                socket.create_connection(("127.0.0.1", server.port()), LIMIT)
            )
            # Who hears the call is in; it comes again until all are.
            left = list(peers)
            while left:
                caller.sendall(b"?\n")
                for pipe in select.select(
                    [peer.stdout for peer in left], [], [], 0.05
                )[0]:
                    equal(pipe.readline(), b"?\n")
                    left = [peer for peer in left if peer.stdout != pipe]
            for number, peer in enumerate(peers):
                line = f"{number} 汉语\n".encode()
                peer.stdin.write(line)
                for other in peers:
                    if other is not peer:
                        while (heard := other.stdout.readline()) == b"?\n":
                            pass
                        equal(heard, line, f"from {commands[number][0]}")
        equal(server.end().code, 0)


def test_udp_clients_of_pier():
    need("nc.openbsd", "socat", "ncat")
    with tool.Server("upper", "udp://127.0.0.1:0") as server:
        port = server.port()
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
            client.settimeout(LIMIT)
            client.sendto(b"from python", ("127.0.0.1", port))
            equal(client.recv(100), b"FROM PYTHON")
        for command in (
            ["nc.openbsd", "-u", "127.0.0.1", port],
            ["socat", "-t", LIMIT, "-", f"UDP4:127.0.0.1:{port}"],
            ["ncat", "-u", "127.0.0.1", port],
        ):
            equal(one_datagram(command), b"ATTACK AT DAWN", command[0])


def one_datagram(command):
    """Its input stays open until the answer is there: some of them end with
    their input, whatever is on its way."""
    client = subprocess.Popen(
        [str(word) for word in command],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    try:
        client.stdin.write(b"attack at dawn")
        client.stdin.flush()
        return client.stdout.read(14)
    finally:
        client.kill()
        client.wait()
        client.stdin.close()
        client.stdout.close()


def test_udp_on_both_families():
    with tool.Server("echo", "udp://:0") as server:
        for family, host in (
            (socket.AF_INET, "127.0.0.1"),
            (socket.AF_INET6, "::1"),
        ):
            with socket.socket(family, socket.SOCK_DGRAM) as client:
                client.settimeout(LIMIT)
                client.connect((host, server.port()))
                for data in (b"", b"x", b"y" * 60000):
                    client.send(data)
                    equal(client.recv(65536), data)


def test_pier_to_udp_servers():
    need("socat", "ncat")
    for name in ("socat", "ncat"):
        port = tool.free_port(socket.SOCK_DGRAM)
        command = {
            "socat": [
                "socat",
                f"UDP4-LISTEN:{port},bind=127.0.0.1,fork",
                "EXEC:cat",
            ],
            "ncat": ["ncat", "-u", "-l", "-e", "/bin/cat", "127.0.0.1", port],
        }[name]
        with running(command):

            def bound(port=port):
                with open("/proc/net/udp", encoding="ascii") as lines:
                    next(lines)
                    return any(
                        int(line.split()[1].rsplit(":", 1)[1], 16) == port
                        for line in lines
                    )

            tool.wait_until(bound)
            done = tool.expect(
                0,
                "connect",
                f"udp://127.0.0.1:{port}",
                "--replies",
                "1",
                "--wait",
                "10s",
                stdin=PAYLOADS["Chinese"],
            )
            equal(done.out, PAYLOADS["Chinese"], name)


def test_closed_udp_port_is_named():
    port = tool.free_port(socket.SOCK_DGRAM)
    done = tool.expect(
        4, "connect", f"udp://127.0.0.1:{port}", "--replies", "1", stdin=b"x"
    )
    contains(done.err, "refused")


def test_unix_datagrams():
    need("socat")
    with tool.scratch() as folder:
        where = f"{folder}/gram"
        with tool.Server("upper", f"unixgram://{where}") as server:
            got = pipe_through(
                [
                    "socat", "-t", 1, "-",
                    f"UNIX-SENDTO:{where},bind={folder}/mine",
                ],
                b"from socat",
            )
            equal(got, b"FROM SOCAT")
            done = tool.expect(
                0, "connect", f"unixgram://{where}", "--replies", "1",
                stdin=b"from pier",
            )
            equal(done.out, b"FROM PIER")
            equal(server.end().code, 0)


def test_unix_packets():
    """seqpacket: against Python both ways, and socat."""
    need("socat")
    with tool.scratch() as folder:
        where = f"{folder}/packets"
        with tool.Server("upper", f"seqpacket://{where}") as server:
            equal(server.endpoint, f"seqpacket://{where}")
            with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as mine:
                mine.settimeout(20)
                mine.connect(where)
                for text in (b"one", b"", b"three"):
                    mine.send(text)
                    equal(mine.recv(100), text.upper())
                mine.shutdown(socket.SHUT_WR)
                equal(mine.recv(100), b"")
            got = pipe_through(
                ["socat", "-t", 5, "-", f"UNIX-CONNECT:{where},type=5"],
                b"from socat",
            )
            equal(got, b"FROM SOCAT")
            done = tool.expect(
                0, "connect", f"seqpacket://{where}", stdin=b"from pier"
            )
            equal(done.out, b"FROM PIER")
            done = tool.expect(
                2, "connect", f"seqpacket://{where}", "--wait", "1s"
            )
            contains(done.err, "no effect on seqpacket://")
            equal(server.end().code, 0)
        equal(os.path.exists(where), False)
        # A Python server, which says the last word.
        with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as theirs:
            theirs.settimeout(20)
            theirs.bind(where)
            theirs.listen()
            client = subprocess.Popen(
                [tool.PIER, "connect", f"seqpacket://{where}"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
            )
            peer, _ = theirs.accept()
            with peer:
                peer.settimeout(20)
                client.stdin.write(b"hello")
                client.stdin.close()
                equal(peer.recv(100), b"hello")
                equal(peer.recv(100), b"")
                peer.send(b"good")
                peer.send(b"bye")
            out = client.stdout.read()
            equal(client.wait(20), 0)
            equal(out, b"goodbye")
            client.stdout.close()


# ---- a lot, by hash, through every model ----


def bulk(model):
    size = 100_000_000
    block = os.urandom(1 << 20)
    with tool.Server("echo", "tcp://127.0.0.1:0", "--model", model) as server:
        sent = hashlib.sha256()
        client = subprocess.Popen(
            [tool.PIER, "connect", server.endpoint],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )

        def feed():
            left = size
            while left > 0:
                part = block[: min(left, len(block))]
                client.stdin.write(part)
                sent.update(part)
                left -= len(part)
            client.stdin.close()

        thread = threading.Thread(target=feed, daemon=True)
        thread.start()
        got = hashlib.sha256()
        count = 0
        while part := client.stdout.read(1 << 20):
            got.update(part)
            count += len(part)
        thread.join(LIMIT)
        client.stdout.close()
        equal(client.wait(LIMIT), 0)
        equal(count, size)
        equal(got.hexdigest(), sent.hexdigest())


def test_100_MB_fiber():
    bulk("fiber")


def test_100_MB_iterative():
    bulk("iterative")


def test_100_MB_thread():
    bulk("thread")


add_servers()
add_clients()

if __name__ == "__main__":
    tap.main(dict(globals()))
