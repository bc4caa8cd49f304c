# SPDX-License-Identifier: MIT
"""The jobs of the cookbook, each shown with its example and a strange peer.

A row names its examples (programs in examples/), the peers it needs on PATH,
and a function that raises when the job is not done. Ports are free ones that
the kernel names; nothing waits for a time, only for the thing itself, and
every wait ends by LIMIT.
"""

import contextlib
import dataclasses
import errno
import os
import re
import resource
import select
import signal
import socket
import socketserver
import subprocess
import tempfile
import threading
import time
import typing

# Who is started in the background by a shell, or by nohup, has some of these
# ignored, and what is started here would keep it so.
for _number in (signal.SIGINT, signal.SIGQUIT, signal.SIGHUP):
    if signal.getsignal(_number) == signal.SIG_IGN:
        signal.signal(_number, signal.SIG_DFL)

BUILD = "build"  # set by tools/recipes
LIMIT = 20.0
TEXT = "汉语/漢語 Hànyǔ"

_started = []


@dataclasses.dataclass
class Row:
    id: str
    done: str
    against: str
    examples: list
    peers: list
    run: typing.Callable
    # Why it cannot be done here, or None.
    lacks: typing.Callable = lambda: None


def free_port(kind=socket.SOCK_STREAM, family=socket.AF_INET):
    with socket.socket(family, kind) as probe:
        probe.bind(("::1" if family == socket.AF_INET6 else "127.0.0.1", 0))
        return probe.getsockname()[1]


def start(*command, **more):
    """A process that end_all() ends; the first word may be an example."""
    program = os.path.join(BUILD, "examples", command[0])
    if os.path.exists(program):
        command = (program, *command[1:])
    process = subprocess.Popen(
        list(map(str, command)),
        stdin=more.pop("stdin", subprocess.DEVNULL),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        **more,
    )
    _started.append(process)
    return process


def end_all():
    for process in _started:
        if process.poll() is None:
            process.kill()
        process.wait()
        process.stdout.close()
    _started.clear()


def output(process):
    """All it says until it ends, with status 0."""
    said, _ = process.communicate(timeout=LIMIT)
    said = said.decode()
    assert process.returncode == 0, f"status {process.returncode}: {said}"
    return said


def pipe_through(command, data):
    """What a client says that is given data and the end of its input."""
    done = subprocess.run(
        list(map(str, command)),
        input=data,
        stdout=subprocess.PIPE,
        timeout=LIMIT,
        check=True,
    )
    return done.stdout


def until(what, say):
    """Waits until what() is true."""
    end = time.monotonic() + LIMIT
    while not what():
        assert time.monotonic() < end, f"{say}: not after {LIMIT} s"
        select.select([], [], [], 0.01)


def listening(port, process, kind="tcp"):
    """Waits until somebody listens at port, while process lives."""

    def looks():
        assert process.poll() is None, process.stdout.read().decode()
        for table in (kind, kind + "6"):
            with open(f"/proc/net/{table}", encoding="ascii") as lines:
                for line in list(lines)[1:]:
                    _, local, _, state = line.split()[:4]
                    if int(local.split(":")[1], 16) == port and (
                        state == "0A" or kind == "udp"
                    ):
                        return True
        return False

    until(looks, f"listening at {port}")


def states_at(port):
    """The TCP states of sockets whose own port this is."""
    found = set()
    for table in ("tcp", "tcp6"):
        with open(f"/proc/net/{table}", encoding="ascii") as lines:
            for line in list(lines)[1:]:
                fields = line.split()
                if int(fields[1].split(":")[1], 16) == port:
                    found.add(fields[3])
    return found


def check_usage(name):
    """A missing or bad port is one line of usage and exit 2."""
    for arguments in ([], ["--port", "many"], ["--port", "70000"]):
        process = start(name, *arguments)
        said = process.communicate(timeout=LIMIT)[0].decode()
        assert process.returncode == 2, f"{arguments}: {process.returncode}"
        assert "usage" in said.lower(), f"{arguments}: {said}"


def check_interrupt(process):
    """Ctrl-C ends a server without a trace."""
    process.send_signal(signal.SIGINT)
    said = process.communicate(timeout=LIMIT)[0].decode()
    assert process.returncode in (0, 130, -signal.SIGINT), process.returncode
    assert "ABORT" not in said and "Sanitizer" not in said, said


def echo_once(host, port, data):
    with socket.create_connection((host, port), LIMIT) as client:
        client.sendall(data)
        client.shutdown(socket.SHUT_WR)
        back = b""
        while piece := client.recv(65536):
            back += piece
        return back


@contextlib.contextmanager
def python_server(answer, family=socket.AF_INET):
    """A Python peer: answer(connection) for each connection, one at a time."""
    with socket.socket(family, socket.SOCK_STREAM) as server:
        server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        server.bind(("::1" if family == socket.AF_INET6 else "127.0.0.1", 0))
        server.listen()

        def serve():
            with contextlib.suppress(OSError):
                while True:
                    connection, _ = server.accept()
                    with connection:
                        answer(connection)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield server.getsockname()[1]
        server.shutdown(socket.SHUT_RDWR)
        thread.join(LIMIT)


def echo_back(connection):
    while data := connection.recv(65536):
        connection.sendall(data)


def reuse():
    """The server closes first, so its port is left in TIME-WAIT; Python
    without SO_REUSEADDR cannot bind there, the example can at once."""
    port = free_port()
    server = start("reuse_address", "--port", port)
    listening(port, server)
    with socket.create_connection(("127.0.0.1", port), LIMIT) as client:
        while client.recv(4096):
            pass
    said = output(server)
    assert "old state: 0" in said and "new state: 1" in said, said
    until(lambda: "06" in states_at(port), "a TIME-WAIT in the way")
    with socket.socket() as other:
        try:
            other.bind(("127.0.0.1", port))
            raise AssertionError("Python could bind: TIME-WAIT did not count")
        except OSError as error:
            assert error.errno == errno.EADDRINUSE
    again = start("reuse_address", "--port", port)
    listening(port, again)


def timeout():
    def silent(connection):
        connection.recv(1)

    with python_server(silent) as port:
        began = time.monotonic()
        said = output(start("timeout", "--port", port))
        took = time.monotonic() - began
    lines = said.splitlines()
    assert "none" in lines[0] and "100" in lines[1], said
    assert "PIER_EDEADLINE" in said or "deadline" in said, said
    assert took < LIMIT, f"{took} s"


def one_after_the_other(port):
    """The second client queues while the first is served, and is not lost."""
    with contextlib.ExitStack() as both:
        first, second = (
            both.enter_context(
                socket.create_connection(("127.0.0.1", port), LIMIT)
            )
            for _ in range(2)
        )
        second.sendall(b"second")
        first.sendall(b"first")
        assert first.recv(16) == b"first"
        assert not select.select([second], [], [], 0.1)[0], "served both"
        first.close()
        assert second.recv(16) == b"second"


def echo_server():
    port = free_port()
    server = start("echo_server", "--port", port)
    listening(port, server)
    data = (TEXT + "\n").encode()
    clients = {
        "Python": lambda: echo_once("127.0.0.1", port, data),
        "nc.openbsd": lambda: pipe_through(
            ["nc.openbsd", "-N", "127.0.0.1", port], data
        ),
        "ncat": lambda: pipe_through(["ncat", "127.0.0.1", port], data),
        "socat": lambda: pipe_through(
            ["socat", "-t", LIMIT, "-", f"TCP:127.0.0.1:{port}"], data
        ),
    }
    for name, client in clients.items():
        assert client() == data, name
    one_after_the_other(port)
    check_interrupt(server)
    check_usage("echo_server")


def check_pieces(said):
    """33 bytes in pieces of at most 16, and the end is told."""
    pieces = [int(n) for n in re.findall(r"^Received (\d+) bytes", said, re.M)]
    assert sum(pieces) == 33 and max(pieces) == 16, said
    assert "Closing connection" in said, said


def echo_client():
    with python_server(echo_back) as port:
        check_pieces(output(start("echo_client", "--port", port)))
    peers = {
        "ncat": lambda p: ["ncat", "-l", "-k", "-e", "/bin/cat", "127.0.0.1", p],
        "socat": lambda p: [
            "socat",
            f"TCP-LISTEN:{p},bind=127.0.0.1,reuseaddr,fork",
            "EXEC:cat",
        ],
    }
    for command in peers.values():
        port = free_port()
        listening(port, start(*command(port)))
        check_pieces(output(start("echo_client", "--port", port)))
    check_usage("echo_client")


def echo6():
    port = free_port(family=socket.AF_INET6)
    server = start("echo6_server", "--port", port)
    listening(port, server)
    data = TEXT.encode()
    for host in ("::1", "127.0.0.1"):
        assert echo_once(host, port, data) == data, host
    with python_server(echo_back, socket.AF_INET6) as other:
        client = start("echo6_client", "--host", "::1", "--port", other)
        assert TEXT in output(client)


def pass_descriptor():
    with tempfile.TemporaryDirectory() as folder:
        path, secret = os.path.join(folder, "s"), os.path.join(folder, "file")
        with open(secret, "w", encoding="utf-8") as file:
            file.write(TEXT)
        # Python takes what pier passes, and is known by its number.
        server = start("pass_descriptor", "send", path, secret)
        until(lambda: os.path.exists(path), f"a socket at {path}")
        with socket.socket(socket.AF_UNIX) as client:
            client.settimeout(LIMIT)
            client.connect(path)
            said, fds, _, _ = socket.recv_fds(client, 100, 9)
            assert (said, len(fds)) == (b"file\n", 1), (said, fds)
            with open(fds[0], encoding="utf-8") as file:
                assert file.read() == TEXT
        said = output(server)
        assert said == f"to process {os.getpid()} of user {os.getuid()}\n", said
        # And pier takes what Python passes.
        with socket.socket(socket.AF_UNIX) as listener:
            listener.settimeout(LIMIT)
            listener.bind(path)
            listener.listen()
            taker = start("pass_descriptor", "take", path)
            peer, _ = listener.accept()
            with peer, open(secret, encoding="utf-8") as file:
                socket.send_fds(peer, [b"file\n"], [file.fileno()])
                assert output(taker) == TEXT


def exec_server():
    """Two programs whose clients end their side, and one that never starts."""
    port = free_port()
    server = start("exec_server", "--port", port, "sort", "-r")
    listening(port, server)
    for client in (
        ["nc.openbsd", "-N", "127.0.0.1", port],
        ["ncat", "127.0.0.1", port],
        ["socat", "-t", LIMIT, "-", f"TCP:127.0.0.1:{port}"],
    ):
        assert pipe_through(client, b"a\nc\nb\n") == b"c\nb\na\n", client
        # Once the program has ended too.
        said = server.stdout.readline()
        assert said.endswith(b": status 0, 6 bytes in, 6 out\n"), said
    server.kill()
    assert server.communicate(timeout=LIMIT)[0] == b""
    port = free_port()
    server = start("exec_server", "--port", port, "/no/such")
    listening(port, server)
    assert pipe_through(["ncat", "127.0.0.1", port], b"") == b""
    server.kill()
    said = server.communicate(timeout=LIMIT)[0].decode()
    assert "exec: /no/such: no such file (ENOENT)" in said, said


def say(process, data):
    process.stdin.write(data)
    process.stdin.flush()


def say_in_pieces(client):
    """Each line begins behind the one before, and goes on when that has been
    answered; the last has no newline."""
    say(client, b"one\ntw")
    assert client.stdout.readline() == b"hello one of 4 bytes\n"
    say(client, b"o\nthr")
    assert client.stdout.readline() == b"hello two of 4 bytes\n"
    say(client, b"ee")
    client.stdin.close()
    rest = client.stdout.read()
    assert rest == b"hello three of 5 bytes\n", rest
    assert client.wait(LIMIT) == 0


def answer_in_pieces(command):
    """The same to one who asks."""
    port = free_port()
    if command[0] == "socat":
        command = [*command[:-1], command[-1].format(port)]
    else:
        command = [*command, port]
    peer = start(*command, stdin=subprocess.PIPE)
    listening(port, peer)
    asker = start("file_view", "ask", port, "a", "b")
    assert peer.stdout.readline() == b"a\n"
    say(peer, b"answer to a\nans")
    assert peer.stdout.readline() == b"b\n"
    say(peer, b"wer to b\n")
    said = output(asker)
    assert said == "answer to a\nanswer to b\n", said
    peer.stdin.close()
    assert peer.wait(LIMIT) == 0


def file_view():
    """Both ends as files: Python's makefile() and StreamRequestHandler."""
    port = free_port()
    server = start("file_view", "serve", port)
    listening(port, server)
    with socket.create_connection(("localhost", port), LIMIT) as client:
        file = client.makefile("rw", encoding="utf-8", newline="\n")
        for name in ("pier", TEXT, "x" * 100000):
            file.write(name + "\n")
            file.flush()
            size = len(name.encode()) + 1
            assert file.readline() == f"hello {name} of {size} bytes\n", name
        # A last line without a newline, and the end.
        file.write("end")
        file.flush()
        client.shutdown(socket.SHUT_WR)
        assert file.read() == "hello end of 3 bytes\n"
    for command in (
        ["nc.openbsd", "-N", "127.0.0.1", port],
        ["socat", "-t", LIMIT, "-", f"TCP4:127.0.0.1:{port}"],
    ):
        say_in_pieces(start(*command, stdin=subprocess.PIPE))
    check_interrupt(server)
    for command in (
        ["nc.openbsd", "-l", "-N", "127.0.0.1"],
        ["socat", "-t", LIMIT, "-", "TCP4-LISTEN:{},bind=127.0.0.1"],
    ):
        answer_in_pieces(command)

    class Greeter(socketserver.StreamRequestHandler):
        def handle(self):
            for line in self.rfile:
                self.wfile.write(b"python says " + line)

    with socketserver.TCPServer(("127.0.0.1", 0), Greeter) as other:
        threading.Thread(target=other.handle_request).start()
        said = output(start("file_view", "ask", other.server_address[1], "a", TEXT))
    assert said == f"python says a\npython says {TEXT}\n", said


def half_close():
    """A peer that answers only after the end of its input."""

    def count(connection):
        got = 0
        while data := connection.recv(65536):
            got += len(data)
        connection.sendall(f"{got} bytes\n".encode())

    with python_server(count) as port:
        said = output(start("half_close", "--port", port))
    assert "bytes" in said, said


def forking():
    """Eight at once have a process each; one that is killed takes only its
    own client along."""
    port = free_port()
    server = start("forking", "--port", port)
    listening(port, server)
    with contextlib.ExitStack() as stack:
        clients = [
            stack.enter_context(
                socket.create_connection(("127.0.0.1", port), LIMIT)
            )
            for _ in range(8)
        ]
        files = [stack.enter_context(c.makefile("rwb")) for c in clients]
        pids = []
        for number, file in enumerate(files):
            file.write(f"client {number} {TEXT}\n".encode())
            file.flush()
        for number, file in enumerate(files):
            pid, _, text = file.readline().decode().partition(": ")
            assert text == f"client {number} {TEXT}\n", text
            pids.append(int(pid))
        assert len(set(pids)) == 8 and server.pid not in pids, pids
        os.kill(pids[3], signal.SIGKILL)
        said = server.stdout.readline().decode()
        assert f"pid {pids[3]} was killed by SIGKILL" in said, said
        for number, file in enumerate(files):
            if number == 3:
                continue
            file.write(b"still\n")
            file.flush()
            assert file.readline() == f"{pids[number]}: still\n".encode()


def many():
    """10,000 connections that are open at once, every one answered."""
    number = 10000
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    number = min(number, hard - 200)
    soft = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    port = free_port()
    server = start("many_clients", "--port", port)
    listening(port, server)
    clients = []
    try:
        for _ in range(number):
            client = socket.socket()
            client.settimeout(LIMIT)
            client.connect(("127.0.0.1", port))
            clients.append(client)
        for client in clients:
            client.sendall(b"here")
        for client in clients:
            assert client.recv(4, socket.MSG_WAITALL) == b"here"
    finally:
        for client in clients:
            client.close()
        resource.setrlimit(resource.RLIMIT_NOFILE, soft)


@contextlib.contextmanager
def all_descriptors():
    """As many as this process may have; how many that are."""
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (before[1], before[1]))
    try:
        yield before[1]
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)


def enter_chat(port, name):
    client = socket.create_connection(("127.0.0.1", port), LIMIT)
    lines = client.makefile("rb")
    assert lines.readline() == b"Your name?\n"
    client.sendall(name.encode() + b"\n")
    assert lines.readline() == f"* {name} has come\n".encode()
    return client, lines


def say_and_hear(who, crowd, count):
    """Says lines that each of the crowd hears in order; how often somebody
    heard that the stuck one has left."""
    lines = [f"{i} {'x' * 900}\n".encode() for i in range(count)]
    who.sendall(b"".join(lines))
    left = 0
    for _, hears in crowd:
        for line in lines:
            while (heard := hears.readline()).startswith(b"*"):
                left += heard == b"* stuck has left\n"
            assert heard == b"ann: " + line, heard
    return left


def chat():
    """Names, lines, who comes and goes; then a thousand members, one of whom
    never reads: everybody else hears all that two of them say, in order."""
    check_usage("chat_server")
    with all_descriptors() as most:
        port = free_port()
        server = start("chat_server", "--port", port)
        listening(port, server)
        ann, ann_hears = enter_chat(port, "ann")
        bob, bob_hears = enter_chat(port, "bob")
        assert ann_hears.readline() == b"* bob has come\n"
        bob.sendall(f"{TEXT}\x1b[2J\x9b2J\n".encode())
        shown = f"bob: {TEXT}\\x1b[2J\\xc2\\x9b2J\n"
        assert ann_hears.readline() == shown.encode()
        bob.close()
        bob_hears.close()
        assert ann_hears.readline() == b"* bob has left\n"
        number = min(1000, most - 100)
        crowd = [enter_chat(port, f"m{i}") for i in range(number)]
        stuck = socket.create_connection(("127.0.0.1", port), LIMIT)
        stuck.sendall(b"stuck\n")
        assert say_and_hear(ann, crowd, 200) == 0
        for client, hears in crowd[5:]:
            hears.close()
            client.close()
        # By and by what the stuck one does not read fills its queue.
        until(
            lambda: say_and_hear(ann, crowd[:5], 200) > 0,
            "the stuck one is dropped",
        )
        for client, hears in crowd[:5]:
            hears.close()
            client.close()
        stuck.close()
        ann_hears.close()
        ann.close()
        check_interrupt(server)


def talk():
    """One task waits for its input and its peer at once: each is passed on
    while the other is silent."""

    def answer_and_ask(connection):
        connection.sendall(b"first word\n")
        assert connection.recv(64) == b"typed\n"
        connection.sendall(b"heard\n")
        assert connection.recv(64) == b"", "its input ended"
        connection.sendall(b"last word\n")

    with python_server(answer_and_ask) as port:
        client = start(
            "talk", f"tcp://127.0.0.1:{port}", stdin=subprocess.PIPE
        )
        assert client.stdout.readline() == b"first word\n"
        client.stdin.write(b"typed\n")
        client.stdin.flush()
        assert client.stdout.readline() == b"heard\n"
        client.stdin.close()
        client.stdin = None
        assert output(client) == "last word\n"


def upper():
    port = free_port(socket.SOCK_DGRAM)
    server = start("upper_server", "--port", port)
    listening(port, server, "udp")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.settimeout(LIMIT)
        client.sendto(b"attack at dawn", ("127.0.0.1", port))
        answer, sender = client.recvfrom(4096)
        assert (answer, sender[1]) == (b"ATTACK AT DAWN", port)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as peer:
        peer.settimeout(LIMIT)
        peer.bind(("127.0.0.1", 0))
        client = start("upper_client", "--port", peer.getsockname()[1])
        data, sender = peer.recvfrom(4096)
        peer.sendto(data.upper(), sender)
        said = output(client)
        assert data.upper().decode() in said, said


def group():
    port = free_port(socket.SOCK_DGRAM)
    member = start("group", "--port", port, "--interface", "lo")
    listening(port, member, "udp")
    to = ("239.1.2.3", port)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asker:
        asker.settimeout(LIMIT)
        asker.setsockopt(
            socket.IPPROTO_IP,
            socket.IP_MULTICAST_IF,
            socket.inet_aton("127.0.0.1"),
        )
        # It may not have joined yet: nobody answers then.
        asker.settimeout(0.05)
        until(lambda: is_heard(asker, to), "the group is heard")
        asker.settimeout(LIMIT)
    place = f"UDP4-DATAGRAM:{to[0]}:{port},ip-multicast-if=127.0.0.1"
    subprocess.run(
        ["socat", "-u", "-", place],
        input=b"leave",
        timeout=LIMIT,
        check=True,
    )
    said = output(member)
    assert said.endswith("127.0.0.1 says leave\n"), said


def is_heard(asker, to):
    asker.sendto(b"who?", to)
    try:
        return asker.recv(100) == b"heard"
    except TimeoutError:
        return False


def get_failing(url, step):
    """The example says in which step it failed, and so does the tool."""
    process = start("get", url)
    said = process.communicate(timeout=LIMIT)[0].decode()
    assert process.returncode == 1, said
    assert f"failed in step: {step}\n" in said, said
    done = subprocess.run(
        [os.path.join(BUILD, "pier"), "get", url],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        timeout=LIMIT,
    )
    assert done.returncode != 0, done
    assert done.stderr.startswith(f"pier: {step}: ".encode()), done


def answering(bytes_of_answer, asked):
    def answer(connection):
        asked.append(connection.recv(65536))
        connection.sendall(bytes_of_answer)

    return answer


def get_each_step():
    with tempfile.TemporaryDirectory() as folder:
        with open(os.path.join(folder, "file"), "wb") as file:
            file.write(TEXT.encode() * 10000)
        port = free_port()
        server = start(
            "python3", "-m", "http.server", "-b", "127.0.0.1", port, cwd=folder
        )
        listening(port, server)
        url = f"http://127.0.0.1:{port}/file"
        theirs = pipe_through(["curl", "-s", url], b"")
        assert theirs == TEXT.encode() * 10000
        tool = [os.path.join(BUILD, "pier"), "get"]
        assert pipe_through([*tool, url], b"") == theirs
        assert pipe_through([*tool, "--http1.0", url], b"") == theirs
        said = output(start("get", url))
        assert TEXT in said, said
        server.kill()
    # One line and nothing else.
    asked = []
    with python_server(answering(b"HTTP/1.0 200 OK\r\n\r\nx", asked)) as port:
        said = pipe_through(
            [*tool, "--http1.0", f"http://127.0.0.1:{port}/a/b"], b""
        )
        assert said == b"x", said
        assert asked == [b"GET /a/b HTTP/1.0\r\n\r\n"], asked
    get_failing("http://no-such-name.invalid/", "resolve")
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        get_failing(f"http://127.0.0.1:{closed.getsockname()[1]}/", "connect")
    for answer, step in (
        (b"HTTP/1.1 200 O", "receive header"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nshort", "receive body"),
    ):
        with python_server(answering(answer, asked)) as port:
            get_failing(f"http://127.0.0.1:{port}/", step)


ROWS = [
    Row(
        "B5",
        "a port is bound again at once, TIME-WAIT or not",
        "Python without SO_REUSEADDR",
        ["reuse_address"],
        [],
        reuse,
    ),
    Row(
        "B6",
        "default timeout and one stream's; a silent peer ends by its deadline",
        "a Python server that never answers",
        ["timeout"],
        [],
        timeout,
    ),
    Row(
        "C1",
        "echo server",
        "Python, nc.openbsd, ncat, socat",
        ["echo_server"],
        ["nc.openbsd", "ncat", "socat"],
        echo_server,
    ),
    Row(
        "C3",
        "echo client, reading 16 bytes at a time",
        "Python, ncat, socat",
        ["echo_client"],
        ["ncat", "socat"],
        echo_client,
    ),
    Row(
        "C4",
        "IPv6 and dual-stack echo, Chinese text intact",
        "Python over ::1 and 127.0.0.1",
        ["echo6_server", "echo6_client"],
        [],
        echo6,
    ),
    Row(
        "C2",
        "eight clients at once see eight processes; a crash takes one along",
        "Python sockets",
        ["forking"],
        [],
        forking,
    ),
    Row(
        "C5",
        "half-close: all is sent, the answer comes after",
        "Python that answers at the end of its input",
        ["half_close"],
        [],
        half_close,
    ),
    Row(
        "C6",
        "an open file is passed to another process, and who that is",
        "Python",
        ["pass_descriptor"],
        [],
        pass_descriptor,
    ),
    Row(
        "C7",
        "a socket as a FILE: lines, printf, buffered by line and in full",
        "nc.openbsd, socat, Python's makefile() and StreamRequestHandler",
        ["file_view"],
        ["nc.openbsd", "socat"],
        file_view,
    ),
    Row(
        "C8",
        "a file over HTTP, and each step that can fail told apart",
        "python3 -m http.server, curl, a name that is none, a port that refuses",
        ["get"],
        ["curl"],
        get_each_step,
    ),
    Row(
        "C9",
        "one process, 10,000 clients at once",
        "Python sockets",
        ["many_clients"],
        [],
        many,
    ),
    Row(
        "C9",
        "one task waits for standard input and a socket at once",
        "a Python peer that speaks first and last",
        ["talk"],
        [],
        talk,
    ),
    Row(
        "C9",
        "a program for each connection, its output sorted and whole",
        "nc.openbsd, ncat, socat",
        ["exec_server"],
        ["nc.openbsd", "ncat", "socat"],
        exec_server,
    ),
    Row(
        "C10",
        "chat server: a thousand members, one stuck, nobody waits for it",
        "Python",
        ["chat_server"],
        [],
        chat,
    ),
    Row(
        "E1",
        "UDP server that upper-cases, and its client",
        "Python",
        ["upper_server", "upper_client"],
        [],
        upper,
    ),
    Row(
        "E4",
        "a group of multicast joined on one interface, answered, and left",
        "Python, socat",
        ["group"],
        ["socat"],
        group,
    ),
]
