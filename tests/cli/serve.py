# SPDX-License-Identifier: MIT
"""pier serve, talked to by plain Python clients."""

import contextlib
import os
import pwd
import pty
import re
import select
import signal
import socket
import struct
import subprocess
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import tap
import tool
from peer import read_all, read_exactly
from tap import contains, equal
from tool import PIER, Server, events, expect, of_type

EVERY_BYTE = bytes(range(256))
CHINESE = "汉语/漢語 Hànyǔ\n".encode()


def dial(server, index=0, host="127.0.0.1"):
    client = socket.create_connection((host, server.port(index)), 20)
    client.settimeout(20)
    return client


def ask(client, data):
    """Send, end, and read to the end, both at the same time."""

    def send():
        client.sendall(data)
        client.shutdown(socket.SHUT_WR)

    thread = threading.Thread(target=send, daemon=True)
    thread.start()
    answer = read_all(client)
    thread.join()
    return answer


def answers(server, data, **kwargs):
    with dial(server, **kwargs) as client:
        return ask(client, data)


def test_echo():
    with Server("echo", "tcp://127.0.0.1:0") as server:
        for data in (b"", b"x", CHINESE, EVERY_BYTE, os.urandom(1 << 20)):
            equal(answers(server, data), data)
        equal(server.end().code, 0)


def test_upper_and_discard():
    with Server("upper", "tcp://127.0.0.1:0") as server:
        equal(answers(server, CHINESE), "汉语/漢語 HàNYǔ\n".encode())
        equal(answers(server, EVERY_BYTE), EVERY_BYTE.upper())
    with Server("discard", "tcp://127.0.0.1:0") as server:
        equal(answers(server, EVERY_BYTE * 1000), b"")


def test_loud_handlers_do_the_same():
    for name, expected in (
        ("echo", CHINESE), ("upper", "汉语/漢語 HàNYǔ\n".encode()), ("discard", b"")
    ):
        with Server(name, "-vv", "tcp://127.0.0.1:0") as server:
            equal(answers(server, CHINESE), expected)
            contains(server.end().err, "汉语/漢語 Hànyǔ")


def test_every_model():
    for model in (
        ["iterative"], ["thread"], ["fiber"], ["pool"],
        ["fork"],
        ["pool", "--workers=3"],
        ["fiber", "--workers=2"], ["fiber", "--workers", "cores"],
    ):
        with Server("echo", "--model", *model, "tcp://127.0.0.1:0") as server:
            clients = [dial(server) for _ in range(8)]
            for client in reversed(clients):
                client.sendall(CHINESE)
                client.shutdown(socket.SHUT_WR)
            for client in clients:
                equal(read_all(client), CHINESE)
                client.close()
            equal(server.end().code, 0)


def hears(client, expected):
    """All of it, after calls."""
    while (first := read_exactly(client, 1)) == b"?":
        pass
    equal(first + read_exactly(client, len(expected) - 1), expected)


def call(speaker, *listeners):
    """The speaker calls until all hear it: all are members."""
    left = list(listeners)
    while left:
        speaker.sendall(b"?")
        for client in select.select(left, [], [], 0.05)[0]:
            equal(client.recv(1), b"?")
            left.remove(client)


def test_broker():
    """Everybody hears everybody but himself, whatever the model and the
    endpoint; who goes is not missed."""
    for options in ([], ["--workers=2"], ["--model", "thread"], ["-vv"], ["--json"]):
        with tool.scratch() as folder:
            path = f"{folder}/u.sock"
            with Server(
                "broker", *options, "tcp://127.0.0.1:0", f"unix://{path}"
            ) as server:
                one, two = dial(server), dial(server)
                three = socket.socket(socket.AF_UNIX)
                three.settimeout(20)
                three.connect(path)
                call(one, two, three)
                call(two, one)
                one.sendall(CHINESE)
                hears(two, CHINESE)
                hears(three, CHINESE)
                two.close()
                three.sendall(b"still here")
                hears(one, b"still here")
                three.close()
                one.close()
                equal(server.end().code, 0)


def receives(client, data):
    """A message, whole, and behind it nothing of the calls before."""
    while (got := client.recv(70000)) in (b"?", b"!"):
        pass
    equal(got, data)


def call_by_messages(speaker, *listeners):
    """The same where each has to say something to be a member."""
    left = list(listeners)
    while left:
        for client in listeners:
            client.send(b"?")
        speaker.send(b"!")
        for client in select.select(left, [], [], 0.05)[0]:
            if client.recv(70000) == b"!":
                left.remove(client)


def test_broker_of_messages():
    """Over UDP and seqpacket each message is one, among streams too."""
    for options in ([], ["--model", "thread"], ["-vv"]):
        with tool.scratch() as folder:
            path = f"{folder}/u.sock"
            with Server(
                "broker", *options, "udp://127.0.0.1:0", f"seqpacket://{path}",
                "tcp://127.0.0.1:0",
            ) as server:
                address = ("127.0.0.1", server.port(0))
                one, two = (
                    socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
                    for _ in range(2)
                )
                three = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
                for client, where in (
                    (one, address), (two, address), (three, path)
                ):
                    client.settimeout(20)
                    client.connect(where)
                call_by_messages(one, two, three)
                for text in (b"one", CHINESE, b"x" * 60000):
                    one.send(text)
                    receives(two, text)
                    receives(three, text)
                three.send(b"by another way")
                receives(one, b"by another way")
                with socket.create_connection(
                    ("127.0.0.1", server.port(2)), 20
                ) as four:
                    four.sendall(b"bytes")
                    receives(one, b"bytes")
                    two.send(b"to a stream")
                    hears(four, b"to a stream")
                for client in (one, two, three):
                    client.close()
                equal(server.end().code, 0)


def test_broker_forgets_who_is_silent():
    with Server(
        "broker", "--session-idle=200ms", "--json", "udp://127.0.0.1:0"
    ) as server:
        clients = [
            socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(2)
        ]
        for client in clients:
            client.settimeout(20)
            client.connect(("127.0.0.1", server.port()))
        call_by_messages(*clients)
        # Who hears something is in for as long again.
        for _ in range(30):
            while select.select([clients[1]], [], [], 0.5)[0]:
                clients[1].recv(100)
            clients[0].send(b"anybody?")
            if not select.select([clients[1]], [], [], 1)[0]:
                break
        else:
            raise AssertionError("it is still in")
        for client in clients:
            client.close()


def test_broker_drops_who_does_not_read():
    with Server("broker", "-v", "--queue", "64k", "tcp://127.0.0.1:0") as server:
        one, two, stuck = dial(server), dial(server), dial(server)
        call(one, two, stuck)
        dropped = select.poll()
        dropped.register(stuck, 0)
        data = b"x" * 16384
        while not dropped.poll(0):
            one.sendall(data)
            hears(two, data)
        one.sendall(b"on")
        hears(two, b"on")
        for client in (one, two, stuck):
            client.close()
        contains(server.end().err, "closed: error (a limit was met)")


def test_broker_refusals():
    for words, said in (
        (["broker", "unixgram://@x"], "clients that stay, and unixgram none"),
        (["broker", "--session-idle=1s", "tcp://:0"],
         "without a program, or the broker, over udp://"),
        (["broker", "--model", "iterative", "tcp://:0"], "iterative"),
        (["broker", "--processes", "2", "tcp://:0"], "--processes"),
        (["echo", "--queue", "64k", "tcp://:0"], "--queue"),
        (["broker", "--queue", "1k", "tcp://:0"], "4096"),
    ):
        contains(expect(2, "serve", *words).err, said)


def test_services_that_are_not_for_messages():
    for service in ("daytime", "time", "chargen", "source"):
        done = expect(2, "serve", service, "seqpacket://@x", "tcp://:0")
        contains(done.err, "seqpacket://@x: of the services only echo")
        contains(done.err, "hint: ")


def test_networks():
    """In and out by address, from the command line and from a file."""
    with tool.scratch() as folder:
        with open(f"{folder}/deny", "w", encoding="ascii") as file:
            file.write("# not these\n\n127.0.2.0/24  # a block\n")
            file.write(" 127.0.3.1 127.0.3.3\n")
        with open(f"{folder}/wrong", "w", encoding="ascii") as file:
            file.write("10.1.0.0/16\n\n# a comment\n10.2.0.0/16 here\n")
        with Server(
            "echo", "--allow", "127.0.0.0/8", "--deny", f"@{folder}/deny",
            "--json", "-v", "tcp://127.0.0.1:0",
        ) as server:
            for host, let_in in (
                ("127.0.0.1", True), ("127.0.2.9", False),
                ("127.0.3.1", False), ("127.0.3.2", True),
                ("127.0.3.3", False),
            ):
                with socket.socket() as client:
                    client.settimeout(20)
                    client.bind((host, 0))
                    answer = b""
                    # A reset may be met by any of these calls.
                    with contextlib.suppress(OSError):
                        client.connect(("127.0.0.1", server.port()))
                        client.sendall(b"hello")
                        client.shutdown(socket.SHUT_WR)
                        answer = read_all(client)
                    equal(answer, b"hello" if let_in else b"", host)
            done = server.end()
            lines = events(done, "serve")
            equal(of_type(lines, "summary")[0]["refused_policy"], 3)
            refused = of_type(lines, "refused")
            equal([line["error"] for line in refused], ["EACCES"] * 3)
            for line, host in zip(
                refused, ("127.0.2.9", "127.0.3.1", "127.0.3.3")
            ):
                equal(line["peer"].split(":")[0], host)
                contains(done.err, f"refused {line['peer']} on tcp://127.0.0.1:"
                         "0: not allowed")
        for words, said in (
            (["--allow", "10.0.0.0/33"], "'33' is no length of a network"),
            (["--deny", "10.0.0.1/8"], "the network is 10.0.0.0/8"),
            (["--deny", "localhost"], "is no IP address"),
            (["--deny", f"@{folder}/nothing"],
             f"--deny: @{folder}/nothing: no such file (ENOENT)"),
            (["--deny", f"@{folder}/wrong"],
             f"--deny: @{folder}/wrong, line 4: 'here' is no IP address"),
            (["--allow", "10.0.0.0/8", "--allow", f"@{folder}/wrong"],
             f"--allow: @{folder}/wrong, line 4: 'here'"),
            (["--proxy-from", "10.0.0.0/33"],
             "--proxy-from: 10.0.0.0/33: '33' is no length"),
            (["--accept-burst", "5"],
             "--accept-burst has no effect without --accept-rate"),
            (["--accept-rate", "fast"], "a rate such as 100/s"),
            (["--accept-rate", "100"], "a rate such as 100/s"),
            (["--accept-rate", "0/s"], "from 1/s"),
            (["--rate", "1Mi"], "--rate: cannot use '1Mi'; expected a rate"),
            (["--rate", "0/s"], "--rate: out of range: '0/s'"),
        ):
            contains(expect(2, "serve", "echo", *words, "tcp://:0").err, said)
        for option in (["--proxy-header"], ["--proxy-from", "10.0.0.0/8"]):
            done = expect(2, "serve", "echo", *option, "udp://:0", "unixgram://@x")
            contains(done.err, f"{option[0]} has no effect without an endpoint")


def test_users():
    """By a Unix socket the kernel says who connects."""
    own = os.geteuid()
    with tool.scratch() as folder:
        where = [f"unix://{folder}/u", f"seqpacket://{folder}/s",
                 "tcp://127.0.0.1:0"]
        for user, let_in in ((str(own), True), (str(own + 1), False),
                             (pwd.getpwuid(own).pw_name, True)):
            with Server("echo", "--allow-user", user, "--json", "-v",
                        *where) as server:
                for name, kind in (("u", socket.SOCK_STREAM),
                                   ("s", socket.SOCK_SEQPACKET)):
                    with socket.socket(socket.AF_UNIX, kind) as client:
                        client.settimeout(20)
                        client.connect(f"{folder}/{name}")
                        answer = b""
                        with contextlib.suppress(OSError):
                            client.sendall(b"hello")
                            answer = client.recv(5)
                        equal(answer, b"hello" if let_in else b"", name)
                # Nobody has a user there.
                with dial(server, 2) as client:
                    equal(ask(client, b"hello"), b"hello")
                done = server.end()
            refused = of_type(events(done, "serve"), "refused")
            expected = [] if let_in else [(own, os.getpid(), "EACCES")] * 2
            equal([(line["uid"], line["pid"], line["error"])
                   for line in refused], expected)
            equal(f"refused user {own} (process {os.getpid()})" in done.err,
                  not let_in)
    for words, said in (
        (["--allow-user", "no such user", "unix://@x"],
         "'no such user' is no user of this machine"),
        (["--allow-user", "4294967295", "unix://@x"], "is no user"),
        (["--allow-user", "0", "tcp://:0", "unixgram://@x"],
         "--allow-user has no effect without an endpoint of unix://"),
    ):
        contains(expect(2, "serve", "echo", *words).err, said)


def test_accept_rate():
    """As many as may at once, and the others after them."""
    with Server(
        "echo", "--accept-rate", "50/s", "--accept-burst", "2",
        "tcp://127.0.0.1:0",
    ) as server:
        began = time.monotonic()
        clients = [dial(server) for _ in range(12)]
        for client in clients:
            client.sendall(b"x")
            equal(read_exactly(client, 1), b"x")
            client.close()
        # The first may have been accepted by a token that was taken before
        # it came, since when the bucket is full again; a server that has to
        # wait for its core counts from a moment some time ago. When each is
        # due, to the nanosecond: tests/sim/server_rates.c.
        took_s = time.monotonic() - began
        assert took_s >= 7 / 50, f"too fast: {took_s:.3f} s"
        equal(server.end().code, 0)


def test_rate():
    """Both ways of each connection, each with as much as the others."""
    data = os.urandom(20000)
    with Server("echo", "--rate", "40k/s", "tcp://127.0.0.1:0") as server:
        began = time.monotonic()
        with ThreadPoolExecutor(2) as pool:
            for answer in pool.map(
                lambda _: ask(dial(server), data), range(2)
            ):
                equal(answer, data)
        # As much as a tenth of a second's worth goes at once after a pause.
        assert time.monotonic() - began >= 20000 / 40000 - 0.1, "too fast"
        equal(server.end().code, 0)


def test_both_families():
    with Server("echo", "tcp://:0") as server:
        equal(answers(server, b"four"), b"four")
        equal(answers(server, b"six", host="::1"), b"six")
        said = server.end().err
        contains(said, f"listening on {server.endpoint} (IPv6 and IPv4)\n")
    with Server("echo", "tcp6://:0") as server:
        contains(server.end().err, f"listening on {server.endpoint}\n")


def test_several_kinds_of_endpoint():
    with tool.scratch() as folder:
        path = f"{folder}/u.sock"
        with Server(
            "upper", "tcp://127.0.0.1:0", f"unix://{path}", "udp://127.0.0.1:0"
        ) as server:
            equal(len(server.endpoints), 3)
            equal(server.endpoints[1], f"unix://{path}")
            equal(answers(server, b"tcp"), b"TCP")
            with socket.socket(socket.AF_UNIX) as client:
                client.connect(path)
                equal(ask(client, b"unix"), b"UNIX")
            with socket.socket(type=socket.SOCK_DGRAM) as client:
                client.settimeout(20)
                client.connect(("127.0.0.1", server.port(2)))
                client.send("udp 汉".encode())
                equal(client.recv(100), "UDP 汉".encode())
            equal(server.end().code, 0)
            assert not os.path.exists(path), "the socket's file is left"


def test_sockets_that_were_handed_down():
    """fd://N, a listener and a datagram socket that Python made."""
    with socket.socket() as listener, socket.socket(
        type=socket.SOCK_DGRAM
    ) as datagrams:
        listener.bind(("127.0.0.1", 0))
        listener.listen(5)
        datagrams.bind(("127.0.0.1", 0))
        fds = (listener.fileno(), datagrams.fileno())
        with Server("upper", *[f"fd://{fd}" for fd in fds],
                    pass_fds=fds) as server:
            equal(
                [server.port(0), server.port(1)],
                [one.getsockname()[1] for one in (listener, datagrams)],
            )
            ask_both_ways(server, 1)
            equal(server.end().code, 0)


def test_udp_on_all_addresses():
    with Server("echo", "udp://:0") as server:
        for family, host in ((socket.AF_INET, "127.0.0.1"),
                             (socket.AF_INET6, "::1")):
            with socket.socket(family, socket.SOCK_DGRAM) as client:
                client.settimeout(20)
                client.connect((host, server.port()))
                client.send(b"hello")
                equal(client.recv(100), b"hello")


def test_ready_file_is_removed():
    with Server("echo", "tcp://127.0.0.1:0") as server:
        ready = os.path.join(server.folder, "ready")
        equal(os.listdir(server.folder), ["ready"])
        server.interrupt()
        server.process.wait(tool.LIMIT)
        assert not os.path.exists(ready)


class Child:
    """What of subprocess.Popen a child by pty.fork() needs."""

    def __init__(self, pid):
        self.pid = pid
        self.code = None

    def poll(self):
        if self.code is None:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid != 0:
                self.code = os.waitstatus_to_exitcode(status)
        return self.code

    def wait(self, timeout):
        tool.wait_until(lambda: self.poll() is not None, timeout)
        return self.code

    def send_signal(self, number):
        if self.poll() is None:
            os.kill(self.pid, number)

    def kill(self):
        self.send_signal(signal.SIGKILL)
        self.wait(20)


def test_terminal_goes_away():
    """Nothing stays behind when the window that it runs in is closed."""
    with tool.scratch() as folder:
        pid, master = pty.fork()
        if pid == 0:
            os.execve(
                PIER,
                [PIER, "serve", "echo", f"unix://{folder}/x.sock",
                 "--ready-file", f"{folder}/ready"],
                tool.ENV,
            )
        server = Child(pid)
        try:
            tool.wait_until(lambda: os.path.exists(f"{folder}/ready"))
            equal(sorted(os.listdir(folder)), ["ready", "x.sock"])
            os.close(master)
            equal(server.wait(tool.LIMIT), 0)
            equal(os.listdir(folder), [])
        finally:
            server.kill()


def test_ready_fifo():
    with tool.scratch() as folder:
        fifo = f"{folder}/fifo"
        os.mkfifo(fifo)
        server = subprocess.Popen(
            [PIER, "serve", "-q", "echo", "tcp://127.0.0.1:0",
             "--ready-file", fifo],
        )
        try:
            with open(fifo, encoding="utf-8") as file:
                said = file.read()
            assert re.fullmatch(r"tcp://127\.0\.0\.1:\d+\n", said), said
            server.terminate()
            equal(server.wait(tool.LIMIT), 0)
            assert os.path.exists(fifo)
        finally:
            server.kill()
            server.wait()


def test_ready_file_that_cannot_be_written():
    done = expect(
        10, "serve", "echo", "tcp://127.0.0.1:0", "--ready-file",
        "/nonexistent/ready",
    )
    contains(done.err, "/nonexistent/ready: no such file (ENOENT)")
    assert "listening" not in done.err, done


def test_lines_for_people():
    with Server("echo", "-v", "tcp://127.0.0.1:0") as server:
        with dial(server) as client:
            port = client.getsockname()[1]
            ask(client, b"hello")
        done = server.end()
    said = done.err.splitlines()
    contains(said[0] + said[1], f"listening on {server.endpoint}")
    assert re.search(rf"#1 connected by 127.0.0.1:{port} on tcp", done.err), done
    assert re.search(
        r"#1 closed: done; received 5 bytes, sent 5 bytes in .*; rtt .*, "
        r"0 retransmissions", done.err,
    ), done
    assert re.fullmatch(
        r"pier: served 1 connection and 0 datagrams in .*; "
        r"received 5 bytes, sent 5 bytes", said[-1],
    ), done
    equal(done.out, b"")


def test_a_process_that_dies():
    """Its client is gone, and everybody knows why; the others go on."""
    with Server("echo", "-v", "--json", "--model=fork",
                "tcp://127.0.0.1:0") as server:
        with dial(server) as good, dial(server) as bad:
            for client in (good, bad):
                client.sendall(b"hello")
                equal(read_exactly(client, 5), b"hello")
            listed = subprocess.run(
                ["ps", "-o", "pid=", "--ppid", str(server.process.pid)],
                stdout=subprocess.PIPE, text=True, check=True,
            )
            pids = sorted(map(int, listed.stdout.split()))
            equal(len(pids), 2)
            os.kill(pids[1], signal.SIGKILL)
            equal(closed_by(bad), b"")
            equal(ask(good, b"still"), b"still")
        done = server.end()
    equal(done.code, 0, done)
    contains(done.err, f"pid {pids[1]} was killed by SIGKILL")
    closes = {line["id"]: line for line in of_type(events(done, "serve"),
                                                   "close")}
    equal(closes[2]["error"], "PIER_EDIED")
    contains(closes[2]["detail"], "was killed by SIGKILL")
    equal(closes[1]["received"], 10)


def test_children_end_with_who_accepted_them():
    with Server("echo", "--model=fork", "tcp://127.0.0.1:0") as server:
        with dial(server) as client:
            client.sendall(b"hello")
            equal(read_exactly(client, 5), b"hello")
            server.process.kill()
            server.process.wait()
            equal(closed_by(client), b"")


def test_quiet():
    with Server("echo", "-q", "tcp://127.0.0.1:0") as server:
        answers(server, b"x")
        done = server.end()
        equal((done.code, done.err, done.out), (0, "", b""))


def test_json():
    with Server("echo", "--json", "-vv", "tcp://127.0.0.1:0",
                "udp://127.0.0.1:0") as server:
        equal(answers(server, b"\xff"), b"\xff")
        with socket.socket(type=socket.SOCK_DGRAM) as client:
            client.settimeout(20)
            client.connect(("127.0.0.1", server.port(1)))
            client.send(CHINESE)
            client.recv(100)
        lines = events(server.end(), "serve")
    equal(
        [line["endpoint"] for line in of_type(lines, "listening")],
        server.endpoints,
    )
    (opened,) = of_type(lines, "open")
    (closed,) = of_type(lines, "close")
    equal((opened["id"], closed["id"]), (1, 1))
    equal((closed["reason"], closed["received"], closed["sent"]), ("done", 1, 1))
    assert closed["rtt_s"] < 1 and closed["retransmissions"] == 0
    # What the kernel knows; it held nothing up here.
    assert closed["min_rtt_s"] <= closed["rtt_s"] * 2 and closed["busy_s"] < 1
    equal((closed["retransmitted_bytes"], closed["rwnd_limited_s"]), (0, 0))
    assert closed["cwnd_segments"] > 0 and closed["segment_bytes"] > 0
    first, second = of_type(lines, "message")
    equal(first["data_base64"], "/w==")
    equal(second["data"], CHINESE.decode())
    equal(lines[-1]["type"], "summary")
    equal((lines[-1]["accepted"], lines[-1]["datagrams"]), (1, 1))


def ask_both_ways(server, number):
    """One conversation by TCP and one by UDP."""
    text = b"client %d" % number
    equal(answers(server, text), text.upper())
    with socket.socket(type=socket.SOCK_DGRAM) as client:
        client.settimeout(20)
        client.connect(("127.0.0.1", server.port(1)))
        client.send(text)
        equal(client.recv(100), text.upper())


def test_json_of_a_crowd():
    """Events of parallel handlers are whole lines, and none is missing."""
    for model in (["fiber", "--workers=2"], ["thread"], ["iterative"],
                  ["pool", "--workers=4"], ["fork"]):
        with Server("upper", "-vv", "--json", "--model", *model,
                    "tcp://127.0.0.1:0", "udp://127.0.0.1:0") as server:
            with ThreadPoolExecutor(16) as pool:
                list(pool.map(lambda n: ask_both_ways(server, n), range(48)))
            done = server.end()
        equal(done.code, 0, done)
        lines = events(done, "serve")
        for kind in ("open", "close"):
            ids = [line["id"] for line in of_type(lines, kind)]
            equal(sorted(ids), list(range(1, 49)), kind)
        equal(len(of_type(lines, "message")), 96)


def closed_by(client):
    """How the server's side ended for this client."""
    try:
        return client.recv(100)
    except ConnectionResetError:
        return "reset"


def limit_of(*options, trickle=0.0):
    """The close event of one connection that only sends now and then."""
    last = pause = 0.0
    with Server("discard", "--json", *options, "tcp://127.0.0.1:0") as server:
        with dial(server) as client:
            began = time.monotonic()
            try:
                while (now := time.monotonic() - began) < trickle:
                    client.send(b".")
                    pause = max(pause, now - last)
                    last = now
                    time.sleep(0.05)
            except (BrokenPipeError, ConnectionResetError):
                pass
            closed_by(client)
        (closed,) = of_type(events(server.end(), "serve"), "close")
    equal(closed["reason"], "limit")
    return closed["limit"], closed["elapsed_s"], last, pause


def test_time_limits():
    limit, took, _, _ = limit_of("--first-byte-timeout=200ms")
    contains(limit, "first")
    assert 0.2 <= took < tool.LIMIT, took
    pause = 1.0
    # Kept from sending for so long it shows nothing, and is tried again.
    while pause > 0.5:
        limit, took, last, pause = limit_of("--idle-timeout=700ms", trickle=1.5)
        contains(limit, "idle")
    assert 0.7 <= took < tool.LIMIT, took
    assert last > 1.2, "ended while it sent"
    limit, took, last, _ = limit_of("--lifetime=400ms", trickle=tool.LIMIT)
    contains(limit, "lifetime")
    assert 0.4 <= took < tool.LIMIT, took
    assert last < tool.LIMIT - 1, "it was never ended"


def test_limits_that_are_off():
    with Server(
        "echo", "--first-byte-timeout=off", "--idle-timeout=off",
        "tcp://127.0.0.1:0",
    ) as server:
        with dial(server) as client:
            time.sleep(0.3)
            equal(ask(client, b"late"), b"late")


def test_max_connections():
    """The third waits in the queue until one of two ends."""
    with Server("echo", "--max-connections=2", "tcp://127.0.0.1:0") as server:
        clients = [dial(server) for _ in range(3)]
        for client in clients:
            client.sendall(b"x")
        equal(read_exactly(clients[0], 1), b"x")
        equal(read_exactly(clients[1], 1), b"x")
        clients[2].settimeout(0.2)
        try:
            got = clients[2].recv(1)
        except socket.timeout:
            got = None
        equal(got, None)
        clients[0].close()
        clients[2].settimeout(20)
        equal(read_exactly(clients[2], 1), b"x")


def test_max_per_address():
    with Server("echo", "--max-per-address=1", "-v",
                "tcp://127.0.0.1:0") as server:
        with dial(server) as first:
            first.sendall(b"x")
            equal(read_exactly(first, 1), b"x")
            # The reset may come before connect() has even returned.
            try:
                with dial(server) as second:
                    equal(closed_by(second), "reset")
            except ConnectionResetError:
                pass
            with socket.create_connection(
                ("127.0.0.1", server.port()), 20, ("127.0.0.2", 0)
            ) as other:
                equal(ask(other, b"y"), b"y")
        contains(server.end().err, "1 refused")


def test_rate_per_address():
    with Server("echo", "--rate-per-address=1/s", "-v",
                "tcp://127.0.0.1:0") as server:
        # One a second: of many at once some are reset, however slow this
        # machine is.
        def is_reset():
            try:
                with dial(server) as one:
                    one.sendall(b"x")
                    return one.recv(1) == b""
            except ConnectionError:
                return True

        tool.wait_until(is_reset)
        with socket.create_connection(
            ("127.0.0.1", server.port()), 20, ("127.0.0.2", 0)
        ) as other:
            equal(ask(other, b"y"), b"y")
        err = server.end().err
        contains(err, "refused 127.0.0.1:")
        contains(err, ": --rate-per-address")
    done = tool.expect(
        2, "serve", "echo", "--burst-per-address", "2", "tcp://127.0.0.1:0")
    contains(done.err, "--rate-per-address")


def test_options_of_endpoints_of_several_kinds():
    with tool.scratch() as folder, Server(
        "echo", "-S", "nodelay=0", "--keepalive", "60s", "-S", "rcvbuf=20k",
        "tcp://127.0.0.1:0", "udp://127.0.0.1:0", f"unix://{folder}/s",
    ) as server:
        with dial(server) as client:
            equal(ask(client, b"there"), b"there")
    done = tool.expect(2, "serve", "echo", "-S", "can_raw.loopback=1",
                       "tcp://127.0.0.1:0", "udp://127.0.0.1:0")
    contains(done.err, "can_raw.loopback is no option of such a socket")


def test_an_option_that_no_connection_takes_is_named():
    with Server("echo", "-v", "-S", "tcp.ulp=nosuch",
                "tcp://127.0.0.1:0") as server:
        with dial(server) as client:
            contains((b"", "reset"), closed_by(client))
        contains(server.end().err, "tcp.ulp=nosuch; accepting pauses")


def test_drain_lets_handlers_end():
    with Server("echo", "--drain=10s", "tcp://127.0.0.1:0") as server:
        with dial(server) as client:
            client.sendall(b"a")
            equal(read_exactly(client, 1), b"a")
            server.interrupt(signal.SIGINT)
            time.sleep(0.2)
            equal(server.gone(), False)
            equal(ask(client, b"b"), b"b")
        equal(server.end(None).code, 0)


def test_drain_that_is_over():
    with Server("echo", "--json", "--drain=200ms", "tcp://127.0.0.1:0") as server:
        with dial(server) as client:
            client.sendall(b"a")
            equal(read_exactly(client, 1), b"a")
            started = time.monotonic()
            done = server.end()
            assert 0.2 <= time.monotonic() - started < tool.LIMIT
        equal(done.code, 1)
        lines = events(done, "serve")
        equal(of_type(lines, "close")[0]["reason"], "cancelled")
        equal(lines[-1]["cancelled"], 1)


def test_second_signal_ends_at_once():
    with Server("echo", "--drain=1h", "tcp://127.0.0.1:0") as server:
        with dial(server) as client:
            client.sendall(b"a")
            read_exactly(client, 1)
            server.interrupt(signal.SIGINT)
            time.sleep(0.2)
            equal(server.gone(), False)
            equal(server.end(signal.SIGTERM).code, 143)


def test_linger_saves_the_answer():
    """Input that the handler never reads does not cost the answer."""
    with Server("echo", "--max-connections=1", "tcp://127.0.0.1:0") as server:
        with dial(server) as client:
            equal(ask(client, EVERY_BYTE * 4000), EVERY_BYTE * 4000)


def lingers(*options):
    """How long the server stays after an end that the client never makes."""
    with Server("discard", "--lifetime=1h", *options,
                "tcp://127.0.0.1:0") as server:
        with dial(server) as client:
            client.shutdown(socket.SHUT_WR)
            equal(read_all(client), b"")
        return server.end().code


def test_linger_values():
    equal(lingers("--linger=100ms"), 0)
    equal(lingers("--linger=off"), 0)


def test_address_in_use_names_the_holder():
    with Server("echo", "tcp://127.0.0.1:0") as server:
        done = expect(10, "serve", "echo", server.endpoint)
        contains(done.err, "EADDRINUSE")
        contains(done.err, f"(pid {server.process.pid}) holds it")


def test_restart_at_once():
    """TIME-WAIT of the first server does not keep the second away."""
    with Server("echo", "--drain=100ms", "tcp://127.0.0.1:0") as first:
        with dial(first) as client:
            client.sendall(b"x")
            read_exactly(client, 1)
            # The server closes first: the TIME-WAIT is at its port.
            first.end()
        with Server("echo", first.endpoint) as second:
            equal(answers(second, b"again"), b"again")


def test_low_port_needs_a_capability():
    if os.geteuid() != 0:
        raise tap.Skip("only root can give up its capabilities here")
    with open(
        "/proc/sys/net/ipv4/ip_unprivileged_port_start", encoding="ascii"
    ) as file:
        if int(file.read()) == 0:
            raise tap.Skip("every port is free for all here")

    def become_nobody():
        os.setgroups([])
        os.setgid(65534)
        os.setuid(65534)

    with tool.scratch() as folder:
        # The build may lie where only root can look.
        os.chmod(folder, 0o755)
        copy = os.path.join(folder, "pier")
        subprocess.run(["cp", PIER, copy], check=True)
        done = subprocess.run(
            [copy, "serve", "echo", "tcp://127.0.0.1:1"],
            stderr=subprocess.PIPE, preexec_fn=become_nobody, timeout=20,
            check=False,
        )
    equal(done.returncode, 9)
    said = done.stderr.decode()
    contains(said, "bind: ")
    contains(said, "EACCES")
    contains(said, "CAP_NET_BIND_SERVICE")
    contains(said, "setcap cap_net_bind_service=+ep")
    contains(said, "ip_unprivileged_port_start")


def test_backlog_is_capped_and_says_so():
    with open("/proc/sys/net/core/somaxconn", encoding="ascii") as file:
        most = int(file.read())
    if most < 65535:
        with Server("echo", "-v", "--backlog=65535",
                    "tcp://127.0.0.1:0") as server:
            contains(server.end().err, f"backlog 65535 is cut to {most}")
    with Server("echo", "-v", "--json", "--backlog=5", "tcp://127.0.0.1:0",
                "udp://127.0.0.1:0") as server:
        shown = subprocess.run(
            ["ss", "-Hltn", f"sport = :{server.port()}"],
            stdout=subprocess.PIPE, text=True, check=True,
        ).stdout
        equal(shown.split()[2], "5", "backlog as ss shows it")
        done = server.end()
        assert "is cut" not in done.err
    first, second = of_type(events(done, "serve"), "listening")
    equal((first["backlog"], "backlog" in second), (5, False))
    with Server("echo", "--json", "tcp://127.0.0.1:0") as server:
        (line,) = of_type(events(server.end(), "serve"), "listening")
        equal(line["backlog"], min(most, 4096))


def test_backlog_queues_for_an_iterative_server():
    """One at a time: the others wait in the queue, and all are served."""
    with Server("echo", "--model=iterative", "--backlog=16",
                "tcp://127.0.0.1:0") as server:
        clients = [dial(server) for _ in range(8)]
        for number, client in enumerate(clients):
            equal(ask(client, b"%d" % number), b"%d" % number)
            client.close()


def test_reader_of_events_goes_away():
    with Server("echo", "--json", "tcp://127.0.0.1:0") as server:
        server.process.stdout.close()
        with dial(server) as client:
            client.shutdown(socket.SHUT_WR)
        equal(server.process.wait(20), 0)


def test_events_that_find_no_room():
    with open("/dev/full", "wb") as full:
        done = subprocess.run(
            [PIER, "serve", "--json", "echo", "tcp://127.0.0.1:0"],
            stdout=full, stderr=subprocess.PIPE, timeout=20, check=False)
    said = done.stderr.decode()
    equal(done.returncode, 10, said)
    equal(said.count("pier: write: standard output: no room"), 1, said)


def test_link_local_address_wants_an_interface():
    done = expect(10, "serve", "echo", "tcp://[fe80::1]:0")
    contains(done.err, "hint: say on which interface: [fe80::1%eth0]")


def test_reset_by_client_is_told():
    with Server("echo", "--json", "tcp://127.0.0.1:0") as server:
        client = dial(server)
        client.sendall(b"x")
        read_exactly(client, 1)
        client.setsockopt(
            socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0)
        )
        client.close()
        time.sleep(0.2)
        (closed,) = of_type(events(server.end(), "serve"), "close")
    equal((closed["reason"], closed["error"]), ("error", "ECONNRESET"))


def test_long_messages_are_cut_between_characters():
    for filler in ("", "x", "xx"):
        with Server("discard", "-vv", "tcp://127.0.0.1:0") as server:
            answers(server, (filler + "语" * 500).encode())
            said = server.end().err
        (shown,) = re.findall(r"bytes: (.*)\.\.\.$", said, re.M)
        assert set(shown) <= {"x", "语"}, shown
        assert len(shown) > 70, shown


def test_terminal_escapes_are_not_passed_on():
    with Server("echo", "-vv", "tcp://127.0.0.1:0") as server:
        answers(server, b"\033[31mred\a\n")
        contains(server.end().err, r"10 bytes: \x1b[31mred\x07\n")


if __name__ == "__main__":
    tap.main(globals())
