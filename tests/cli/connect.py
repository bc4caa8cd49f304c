# SPDX-License-Identifier: MIT
"""pier connect to streams, against servers in plain Python."""

import os
import pty
import re
import resource
import signal
import socket
import subprocess
import threading
import time
from datetime import datetime

import tap
import tool
from peer import (
    Datagrams,
    Peer,
    answer_after_end,
    black_hole,
    read_all,
    read_exactly,
    reset,
)
from tap import contains, equal
from tool import ENV, LIMIT, PIER, events, expect, of_type, run

EVERY_BYTE = bytes(range(256))
CHINESE = "汉语/漢語 Hànyǔ\n".encode()


started_here = []


def end_all():
    """A case that failed may have left its processes."""
    for process in started_here:
        if process.poll() is None:
            process.kill()
            process.wait()
    started_here.clear()


tap.after.append(end_all)


def start(*words, **kwargs):
    """pier connect with its three ends as pipes."""
    process = subprocess.Popen(
        [PIER, "connect", *words],
        **{
            "stdin": subprocess.PIPE,
            "stdout": subprocess.PIPE,
            "stderr": subprocess.PIPE,
            "env": ENV,
            **kwargs,
        },
    )
    started_here.append(process)
    return process


def test_bytes_arrive_as_they_are():
    for data in (b"", b"x", CHINESE, EVERY_BYTE, os.urandom(1 << 20)):
        with Peer(answer_after_end) as peer:
            done = expect(0, "connect", peer.endpoint, stdin=data)
            equal(peer.join(), data, "what the peer got")
            equal(done.out, b"got:" + data, "what came back")
            equal(done.err, "")


def test_ipv6_and_unix():
    with Peer(answer_after_end, socket.AF_INET6) as peer:
        equal(expect(0, "connect", peer.endpoint, stdin=b"six").out, b"got:six")
    with tool.scratch() as folder:
        path = f"{folder}/x.sock"
        with Peer(answer_after_end, socket.AF_UNIX, path) as peer:
            done = expect(0, "connect", path, stdin=CHINESE)
            equal(done.out, b"got:" + CHINESE)


def test_input_from_a_file():
    with tool.scratch() as folder:
        path = f"{folder}/input"
        data = os.urandom(300000)
        with open(path, "wb") as file:
            file.write(data)
        with Peer(answer_after_end) as peer, open(path, "rb") as file:
            done = expect(0, "connect", peer.endpoint, stdin=file)
            equal(done.out, b"got:" + data)


def test_socket_that_was_handed_down():
    with Peer(answer_after_end) as peer:
        with socket.create_connection(peer.name) as connected:
            fd = connected.fileno()
            done = expect(
                0, "connect", f"fd://{fd}", stdin=b"down", pass_fds=(fd,)
            )
        equal(done.out, b"got:down")


def test_descriptors_that_nobody_handed_down():
    """Those that pier opens itself, at the lowest numbers, are none of them."""
    for words in (["connect"], ["connect", "-z"], ["serve", "echo"]):
        for number in range(3, 12):
            done = expect(10, *words, f"fd://{number}")
            contains(done.err, f"create: fd://{number}: not an open descriptor "
                     "(EBADF)")
            contains(done.err, "hint: that descriptor is not open")
    closed = subprocess.run(
        ["sh", "-c", '"$0" connect fd://0 <&-', tool.PIER],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, check=False)
    equal((closed.returncode, closed.stdout), (10, ""))
    contains(closed.stderr, "fd://0: not an open descriptor (EBADF)")


def test_bare_host_and_port():
    with Peer(answer_after_end) as peer:
        done = expect(0, "connect", f"127.0.0.1:{peer.name[1]}", stdin=b"x")
        equal(done.out, b"got:x")


def test_stdin_end_close():
    """The connection ends though the peer never does."""

    def silent(connection):
        got = read_all(connection)
        time.sleep(0.3)
        return got

    with Peer(silent) as peer:
        started = time.monotonic()
        done = expect(
            0, "connect", "-v", "--on-stdin-end=close", peer.endpoint,
            stdin=EVERY_BYTE * 100,
        )
        assert time.monotonic() - started < LIMIT
        equal(peer.join(), EVERY_BYTE * 100)
        contains(done.err, "we closed first")


def test_stdin_end_ignore():
    """The peer sees no end, answers what it got, and ends."""

    def script(connection):
        got = read_exactly(connection, 5)
        connection.settimeout(0.2)
        try:
            rest = connection.recv(1)
        except socket.timeout:
            rest = None
        connection.sendall(b"answer")
        return got, rest

    with Peer(script) as peer:
        done = expect(
            0, "connect", "--on-stdin-end", "ignore", peer.endpoint,
            stdin=b"hello",
        )
        equal(peer.join(), (b"hello", None))
        equal(done.out, b"answer")


def say_and_close(connection):
    connection.sendall(b"bye")


def test_peer_end_with_silent_stdin():
    """Standard input stays open and silent: pier ends after --eof-wait."""
    with Peer(say_and_close) as peer:
        started = time.monotonic()
        done = expect(
            0, "connect", "-v", "--eof-wait=300ms", peer.endpoint, stdin=None
        )
        took = time.monotonic() - started
        assert 0.3 <= took < LIMIT, took
        equal(done.out, b"bye")
        contains(done.err, "the peer closed first (FIN)")


def test_peer_end_end():
    with Peer(say_and_close) as peer:
        started = time.monotonic()
        done = expect(
            0, "connect", "--on-peer-end=end", "--eof-wait=1h", peer.endpoint,
            stdin=None,
        )
        assert time.monotonic() - started < LIMIT
        equal(done.out, b"bye")


def listens_on(connection):
    """Half-close at once, then read to the end."""
    connection.shutdown(socket.SHUT_WR)
    return read_all(connection)


def test_peer_end_and_input_goes_on():
    """A peer that has finished sending still gets what stdin gives."""
    with Peer(listens_on) as peer:
        client = start("--eof-wait=5s", peer.endpoint)
        for _ in range(3):
            time.sleep(0.1)
            client.stdin.write(b"more ")
            client.stdin.flush()
        client.communicate(timeout=20)
        equal(client.returncode, 0)
        equal(peer.join(), b"more " * 3)


def test_peer_end_wait():
    """However long standard input is silent, its end is waited for."""
    with Peer(listens_on) as peer:
        client = start("--on-peer-end=wait", "--eof-wait=1ms", peer.endpoint)
        time.sleep(0.3)
        out, _ = client.communicate(b"late", timeout=20)
        equal(client.returncode, 0)
        equal((out, peer.join()), (b"", b"late"))


def test_peer_end_on_a_terminal():
    with Peer(say_and_close) as peer:
        master, slave = pty.openpty()
        started = time.monotonic()
        done = run("connect", "--eof-wait=1h", peer.endpoint, stdin=slave)
        assert time.monotonic() - started < LIMIT
        equal((done.code, done.out), (0, b"bye"))
        os.close(slave)
        os.close(master)


def echo(connection):
    while data := connection.recv(4096):
        connection.sendall(data)


def on_terminal(endpoint, *typed):
    """What a terminal shows of a conversation, and its exit code. Each text
    is typed when the one before it has come back twice: from the terminal's
    own echo, and from the peer."""
    pid, master = pty.fork()
    if pid == 0:
        os.execve(PIER, [PIER, "connect", endpoint], ENV)
    shown = b""
    for text in typed:
        os.write(master, text)
        line = text.strip()
        while text.endswith(b"\n") and shown.count(line) < 2:
            shown += os.read(master, 4096)
    try:
        while more := os.read(master, 4096):
            shown += more
    except OSError:
        pass  # the terminal's other side has closed
    _, status = os.waitpid(pid, 0)
    os.close(master)
    return shown.replace(b"\r", b""), os.waitstatus_to_exitcode(status)


def test_on_a_terminal():
    with Peer(echo) as peer:
        shown, code = on_terminal(peer.endpoint, b"hello\n", CHINESE, b"\4")
        equal(code, 0)
        equal(shown, b"hello\nhello\n" + CHINESE * 2)
    with Peer(echo) as peer:
        shown, code = on_terminal(peer.endpoint, b"hello\n", b"\3")
        equal(code, 130)


def test_stdout_closes_while_peer_is_silent():
    with Peer(read_all) as peer:
        client = start(peer.endpoint)
        client.stdout.close()
        equal(client.wait(20), 0)
        equal(peer.join(), b"")
        client.stdin.close()
        equal(client.stderr.read(), b"")


def test_socket_as_stdout_closes_while_peer_is_silent():
    """Its reader's own half-close is not the end, nor what it sends."""
    ours, theirs = socket.socketpair()
    with Peer(read_all) as peer, ours:
        with theirs:
            client = start(peer.endpoint, stdout=theirs)
        tool.wait_until(lambda: hasattr(peer, "client"))
        ours.close()
        equal(client.wait(20), 0)
        client.communicate()
        equal(peer.join(), b"")
    ours, theirs = socket.socketpair()
    with Peer(answer_after_end) as peer, ours:
        with theirs:
            client = start(peer.endpoint, stdin=theirs, stdout=theirs)
        ours.sendall(b"one socket for both")
        ours.shutdown(socket.SHUT_WR)
        equal(read_all(ours), b"got:one socket for both")
        equal(client.wait(20), 0)
        client.communicate()


def test_one_socket_for_both_closes_while_peer_is_silent():
    """As an inet daemon would: closed after its half-close, and at once. What
    was sent into it arrives, and the peer need not end for pier to end."""
    for half_close in (True, False):
        ended, gone = threading.Event(), threading.Event()

        def silent(connection):
            got = read_all(connection)
            ended.set()
            gone.wait(20)
            return got

        ours, theirs = socket.socketpair()
        with Peer(silent) as peer, ours:
            with theirs:
                client = start(peer.endpoint, stdin=theirs, stdout=theirs)
            ours.sendall(b"the last words")
            if half_close:
                ours.shutdown(socket.SHUT_WR)
                assert ended.wait(20)
                equal(client.poll(), None)
            ours.close()
            equal(client.wait(20), 0)
            client.communicate()
            gone.set()
            equal(peer.join(), b"the last words")


def test_stdout_discard():
    def script(connection):
        for _ in range(20):
            connection.sendall(b"x" * 1000)
            time.sleep(0.01)
        return read_all(connection)

    with Peer(script) as peer:
        client = start("--on-stdout-close=discard", peer.endpoint)
        client.stdout.close()
        time.sleep(0.1)
        client.stdin.write(b"still here")
        client.stdin.close()
        equal(client.wait(20), 0)
        equal(peer.join(), b"still here")


def test_reset_by_peer():
    def script(connection):
        connection.sendall(b"before")
        read_exactly(connection, 2)
        reset(connection)

    with Peer(script) as peer:
        done = expect(7, "connect", "-v", peer.endpoint, stdin=b"go")
        equal(done.out, b"before")
        contains(done.err, "ECONNRESET")
        contains(done.err, "hint: ")
        contains(done.err, "(RST)")


def test_reset_before_everything_was_acknowledged():
    """With --on-stdin-end=close pier waits for the last byte's way, and
    knows when it did not arrive."""

    def script(connection):
        tool.wait_until(lambda: tool.on_the_way(connection) >= 100000)
        reset(connection)

    with Peer(script) as peer:
        peer.listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
        done = expect(
            7, "connect", "-v", "--on-stdin-end=close", peer.endpoint,
            stdin=b"x" * 100000,
        )
        contains(done.err, "ECONNRESET")
        contains(done.err, "sent 100 kB")


def test_refused():
    with tool.closed_port() as port:
        done = expect(4, "connect", f"127.0.0.1:{port}")
    assert re.match(
        rf"pier: connect: \S*127\.0\.0\.1:{port}\S*: connection refused "
        r"\(ECONNREFUSED\) after .*\nhint: .*\n$",
        done.err,
    ), done.err
    contains(done.err, f"sport = :{port}'")
    # Options of the endpoint are no part of its port.
    with tool.closed_port() as port:
        done = expect(4, "connect", f"tcp://127.0.0.1:{port}?nodelay=1")
    contains(done.err, f"sport = :{port}'")
    # Messages go to the first address of a name; its server may be at another.
    done = expect(4, "connect", "udp://localhost:1?ttl=9", stdin=b"hi\n")
    contains(done.err, "ECONNREFUSED")
    contains(done.err, "if it has IPv4 too: udp4://localhost:1\n")
    done = expect(4, "connect", "udp://127.0.0.1:1", stdin=b"hi\n")
    contains(done.err, "sport = :1'")


def test_no_unix_socket():
    with tool.scratch() as folder:
        done = expect(4, "connect", f"{folder}/nothing.sock")
        contains(done.err, "ENOENT")
        done = expect(4, "connect", f"unix://@pier-nobody-{os.getpid()}")
        contains(done.err, "ECONNREFUSED")


def test_no_such_name():
    done = run("connect", "--connect-timeout=5s", "no-such-host.invalid:80")
    if done.code == 6:
        raise tap.Skip("no name server answers here")
    equal(done.code, 3, done)
    contains(done.err, "resolve: ")


def test_a_name_that_cannot_be_asked_for():
    """Without a descriptor to read /etc/hosts by, the name is not to blame."""
    codes = set()
    for limit in range(4, 20):
        done = tool.run(
            "connect", "localhost:1",
            preexec_fn=lambda most=limit: resource.setrlimit(
                resource.RLIMIT_NOFILE, (most, most)))
        assert done.code in (4, 10), f"{limit}: {done}"
        codes.add(done.code)
    equal(codes, {4, 10})


def test_unreachable():
    """In a network namespace of its own there is no way to anywhere."""
    own_net = ["unshare", "--map-root-user", "--net"]
    if subprocess.run([*own_net, "true"], check=False).returncode:
        raise tap.Skip("no network namespace may be made here")
    done = subprocess.run(
        [*own_net, PIER, "connect", "192.0.2.1:80"],
        stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, env=ENV, timeout=20,
        check=False,
    )
    equal(done.returncode, 5, done.stderr)
    contains(done.stderr.decode(), "ENETUNREACH")
    contains(done.stderr.decode(), "ip route get 192.0.2.1")


def test_connect_timeout():
    with black_hole() as endpoint:
        started = time.monotonic()
        done = expect(6, "connect", "--connect-timeout=200ms", endpoint)
        assert time.monotonic() - started < LIMIT
        contains(done.err, "pier: connect: ")
        contains(done.err, "PIER_EDEADLINE")
        contains(done.err, "hint: ")


def silent(connection):
    return read_all(connection)


def test_total_timeout():
    with Peer(silent) as peer:
        done = expect(
            6, "connect", "--timeout=200ms", peer.endpoint, stdin=None
        )
        contains(done.err, "PIER_EDEADLINE): --timeout 200ms")


def test_timeout_bounds_connecting_too():
    with black_hole() as endpoint:
        contains(
            expect(6, "connect", "-w", "0.2", endpoint).err, "pier: connect: "
        )


def test_first_byte_timeout():
    with Peer(silent) as peer:
        done = expect(
            6, "connect", "--first-byte-timeout=200ms", peer.endpoint,
            stdin=None,
        )
        contains(done.err, "--first-byte-timeout 200ms")


def test_first_byte_timeout_is_over_after_it():
    def script(connection):
        connection.sendall(b"a")
        time.sleep(2.2)
        connection.sendall(b"b")

    with Peer(script) as peer:
        done = expect(0, "connect", "--first-byte-timeout=2s", peer.endpoint)
        equal(done.out, b"ab")


def at_a_pace(say, times=12):
    """Say something every tenth of a second; False: this process was kept from
    it for so long that nothing is shown by what came of it."""
    in_time = True
    last = time.monotonic()
    for _ in range(times):
        say(b".")
        time.sleep(0.1)
        now = time.monotonic()
        in_time = in_time and now - last < 0.5
        last = now
    return in_time


def until_in_time(attempt):
    while not attempt():
        print("# too much else to do: once more")


def test_idle_timeout():
    def script(connection):
        try:
            in_time = at_a_pace(connection.sendall)
            read_all(connection)
            return in_time
        except OSError:
            return False

    def attempt():
        with Peer(script) as peer:
            done = expect(
                6, "connect", "--idle-timeout=1s", peer.endpoint, stdin=None
            )
            contains(done.err, "--idle-timeout 1s")
            if in_time := peer.join():
                equal(done.out, b"." * 12)
            return in_time

    until_in_time(attempt)


def test_idle_timeout_counts_both_ways():
    """Input that goes on keeps the conversation from being idle."""
    def attempt():
        with Peer(silent) as peer:
            client = start("--idle-timeout=1s", peer.endpoint)

            def say(text):
                client.stdin.write(text)
                client.stdin.flush()

            try:
                in_time = at_a_pace(say)
            except BrokenPipeError:
                in_time = False
            if not in_time:
                client.kill()
                client.communicate()
                return False
            _, err = client.communicate(timeout=20)
            equal(peer.join(), b"." * 12)
            equal((client.returncode, err), (0, b""))
            return True

    until_in_time(attempt)


def test_bind():
    port = tool.free_port()
    with Peer(lambda connection: connection.getpeername()) as peer:
        expect(0, "connect", f"--bind=127.0.0.3:{port}", peer.endpoint)
        equal(peer.join(), ("127.0.0.3", port))
    done = expect(10, "connect", "--bind=192.0.2.1:0", "127.0.0.1:1")
    contains(done.err, "bind: tcp://192.0.2.1:0: no such address")
    contains(done.err, "EADDRNOTAVAIL")
    contains(done.err, "hint: that address is not one of this machine")
    done = expect(10, "connect", "--bind=[::1]:0", "127.0.0.1:1")
    contains(done.err, "no address of the local one's family")
    equal("hint:" in done.err, False, "a hint that would not help")


def test_bind_of_other_verbs():
    """What cannot be had is the local address there too."""
    done = expect(10, "get", "--bind=192.0.2.7:0", "http://127.0.0.1:9/")
    contains(done.err, "pier: bind: tcp://192.0.2.7:0: no such address")
    contains(done.err, "hint: that address is not one of this machine")
    for host, scheme in (("tcp://127.0.0.1:9", "tcp"), ("udp://127.0.0.1:9", "udp")):
        done = expect(10, "ping", "-c1", "--bind=192.0.2.7:0", host)
        contains(done.err, f"pier: bind: {scheme}://192.0.2.7:0: no such address")


def test_options_that_are_none():
    """They are explained by pier opt, not by the grammar of endpoints."""
    for words, hint in (
        (["-S", "nodelay=2", "127.0.0.1:1"], "hint: what it takes: pier opt tcp."),
        (["-S", "nodely=1", "127.0.0.1:1"], "hint: options by a word of theirs"),
        (["tcp://127.0.0.1:1?rcvbuf=1k&nodelay=2"],
         "hint: what it takes: pier opt tcp.nodelay"),
        (["tcp://127.0.0.1:1?nodely=2"], "hint: options by a word of theirs"),
        (["udp://127.0.0.1:1?join=lo"], "hint: 'pier help endpoints'"),
        (["tcp://127.0.0.1:x:"], "hint: 'pier help endpoints'"),
    ):
        contains(expect(2, "connect", *words).err, hint)


def test_what_a_datagram_brings_along():
    """Its sender, TTL and time; who says by ICMP that nobody listens."""
    with Datagrams(lambda data: [data]) as peer:
        done = expect(
            0, "connect", "-v", "--replies=1", "--wait=10s", peer.endpoint,
            stdin=b"hello",
        )
        where = re.escape(peer.endpoint.removeprefix("udp://"))
        assert re.search(
            rf"connected, 127\.0\.0\.1:\d+ -> {where}\n", done.err
        ), done
        assert re.search(
            rf"{where}: 5 bytes, ttl 64, at \d\d:\d\d:\d\d\.\d{{9}}\n",
            done.err,
        ), done
        done = expect(
            0, "connect", "--json", "--replies=1", "--wait=10s", peer.endpoint,
            stdin=b"hello",
        )
        data = of_type(events(done, "connect"), "data")[0]
        equal(data["ttl"], 64)
        assert abs(
            datetime.fromisoformat(data["time"][:26] + "+00:00").timestamp()
            - time.time()
        ) < 60, data
    done = expect(
        4, "connect", "--wait=10s", f"udp://127.0.0.1:{tool.free_port()}",
        stdin=b"hello",
    )
    contains(done.err, "127.0.0.1 says: port unreachable (ICMP type 3, code 3)")


def test_where_messages_for_many_go():
    done = expect(
        0, "connect", "-v", "--wait=1ms", "udp://239.9.5.6:7009?join=lo&ttl=1",
    )
    assert re.search(
        r"pier: ready, 0\.0\.0\.0:\d+ -> 239\.9\.5\.6:7009\n", done.err
    ), done
    done = expect(
        0, "connect", "--json", "--wait=1ms",
        "udp://127.255.255.255:7009?broadcast=1",
    )
    opened = of_type(events(done, "connect"), "connected")[0]
    equal(opened["peer"], "127.255.255.255:7009")


def test_answers_to_a_broadcast_by_its_address():
    """They come from others than whom it was sent to, and each is told."""
    with Datagrams(lambda data: [data], address=("", 0)) as peer:
        port = peer.socket.getsockname()[1]
        done = expect(
            0, "connect", "--replies=1", "--wait=10s",
            f"udp://127.255.255.255:{port}?broadcast=1", stdin=b"who?",
        )
    equal(done.out, b"who?")
    contains(done.err, f"pier: 127.0.0.1:{port}: 4 bytes")


def test_bind_that_is_taken():
    with Peer(answer_after_end) as peer:
        port = peer.name[1]
        done = expect(
            10, "connect", f"--bind=127.0.0.1:{port}", peer.endpoint
        )
    contains(done.err, f"bind: tcp://127.0.0.1:{port}: address in use")
    contains(done.err, f"(pid {os.getpid()}) holds it")


def test_options_without_effect_are_refused():
    for words, part in (
        (["--bind=localhost:0", "127.0.0.1:1"], "--bind: cannot use 'localhost:0'"),
        (["--bind=127.0.0.1:65536", "127.0.0.1:1"], "--bind: cannot use"),
        (["--bind=127.0.0.1:0", "unix://./x"], "unix:// has no local address"),
        (["--bind=127.0.0.1:0", "fd://0"], "fd:// has no local address"),
        (["--replies=1", "127.0.0.1:1"], "--replies is for datagrams"),
        (["--rate=1k/s", "udp://h:1"], "--rate is for streams, and udp://"),
        (["--rate=1k", "h:1"], "--rate: cannot use '1k'; expected a rate"),
        (["--wait=1s", "unix://./x"], "--wait is for datagrams, and unix:// is"),
        (["udp://h:1", "--on-stdin-end=half-close"], "--on-stdin-end is for"),
        (["unixgram://./x", "--on-peer-end=end"], "--on-peer-end is for streams"),
        (["--eof-wait=1s", "udp://h:1"], "--eof-wait is for streams, and udp://"),
        (["--wait=1s", "-z", "h:1"], "--wait has no effect with --probe"),
        (["-z", "--crlf", "h:1"], "--crlf has no effect with --probe"),
        (["-z", "--idle-timeout=1s", "h:1"], "--idle-timeout has no effect"),
    ):
        contains(expect(2, "connect", *words).err, part)


def test_rate():
    """Of what is sent, and of what comes back."""
    data = os.urandom(20000)
    with Peer(answer_after_end) as peer:
        began = time.monotonic()
        done = expect(0, "connect", "--rate=100k/s", peer.endpoint, stdin=data)
        # Nothing comes before all has been sent: that is a pause.
        assert time.monotonic() - began >= 2 * 20000 / 100000 - 0.1, "too fast"
        equal(peer.join(), data, "what the peer got")
        equal(done.out, b"got:" + data, "what came back")


def test_crlf():
    with Peer(answer_after_end) as peer:
        expect(
            0, "connect", "--crlf", peer.endpoint, stdin=b"a\nb\r\n\n\r\rc\n"
        )
        equal(peer.join(), b"a\r\nb\r\n\r\n\r\rc\r\n")


def test_story_for_people():
    with Peer(answer_after_end) as peer:
        done = expect(0, "connect", "-v", peer.endpoint, stdin=b"hello")
        said = done.err.splitlines()
        address = f"127.0.0.1:{peer.name[1]}"
        assert re.search(rf"{address}: connected after \S+ .?s", said[0]), done
        assert re.search(rf"connected, \S+ -> {address}$", said[1]), done
        assert re.fullmatch(
            r"pier: we closed first \(FIN\), then the peer \(FIN\); "
            r"sent 5 bytes, received 9 bytes in \S+ .?s; "
            r"rtt \S+ .s, 0 retransmissions",
            said[2],
        ), done
        contains(
            expect(0, "connect", "-vv", "--eof-wait=1ms", server(b"x"),
                   stdin=None).err,
            "received 1 byte",
        )


def server(data):
    """The endpoint of a peer that says data and closes."""
    return Peer(lambda connection: connection.sendall(data)).endpoint


def test_json():
    with Peer(answer_after_end) as peer:
        done = expect(0, "connect", "--json", peer.endpoint, stdin=CHINESE)
        lines = events(done, "connect")
        equal(lines[0]["type"], "connected")
        equal(lines[0]["peer"], f"127.0.0.1:{peer.name[1]}")
        equal([one["result"] for one in lines[0]["attempts"]], ["ok"])
        said = "".join(one["data"] for one in of_type(lines, "data"))
        equal(said, "got:" + CHINESE.decode())
        last = lines[-1]
        equal(last["type"], "close")
        equal(
            [last[key] for key in ("reason", "first", "us", "peer")],
            ["peer-end", "us", "fin", "fin"],
        )
        equal((last["sent"], last["received"]), (len(CHINESE), 4 + len(CHINESE)))
        assert last["rtt_s"] < 1 and last["retransmissions"] == 0, last


def test_json_base64():
    with Peer(answer_after_end) as peer:
        done = expect(0, "connect", "--json", peer.endpoint, stdin=b"\xff\0")
        (data,) = of_type(events(done, "connect"), "data")
        equal(data["data_base64"], "Z290Ov8A")
        assert "data" not in data


def test_json_errors():
    with tool.closed_port() as port:
        done = expect(4, "connect", "--json", f"127.0.0.1:{port}")
    (line,) = events(done, "connect")
    equal(
        [line[key] for key in ("type", "step", "cause", "exit")],
        ["error", "connect", "ECONNREFUSED", 4],
    )
    contains(line["hint"], f":{port}")
    with Peer(silent) as peer:
        done = expect(
            6, "connect", "--json", "--timeout=100ms", peer.endpoint, stdin=None
        )
        lines = events(done, "connect")
        equal([x["type"] for x in lines], ["connected", "error", "close"])
        equal(lines[-1]["reason"], "deadline")


def interrupted(*numbers):
    """Exit code of a conversation that gets these signals."""
    with Peer(silent) as peer:
        client = start("-v", peer.endpoint)
        while b"->" not in client.stderr.readline():
            pass
        for number in numbers:
            client.send_signal(number)
        client.wait(LIMIT)
        client.communicate()
        return client.returncode


def test_signal_in_json():
    with Peer(silent) as peer:
        client = start("--json", peer.endpoint)
        first = client.stdout.readline()
        client.send_signal(signal.SIGTERM)
        rest, _ = client.communicate(timeout=20)
        equal(client.returncode, 143)

        class Seen:
            out = first + rest

        equal(events(Seen, "connect")[-1]["reason"], "signal")


def test_standard_descriptors_that_fail():
    with Peer(echo) as peer:
        folder = os.open("/", os.O_RDONLY)
        done = expect(10, "connect", peer.endpoint, stdin=folder)
        os.close(folder)
        contains(done.err, "receive: standard input: ")
        contains(done.err, "EISDIR")
    for option in ([], ["--json"]):
        with Peer(echo) as peer, open("/dev/full", "wb") as full:
            client = start(*option, peer.endpoint, stdout=full)
            _, err = client.communicate(b"x", timeout=20)
            equal(client.returncode, 10)
            contains(err.decode(), "write: standard output: no room (ENOSPC)")


def test_quiet_shows_errors_only():
    with Peer(answer_after_end) as peer:
        equal(expect(0, "connect", "-qv", peer.endpoint).err, "")
    with tool.closed_port() as port:
        done = expect(4, "connect", "-q", f"127.0.0.1:{port}")
        contains(done.err, "ECONNREFUSED")


def test_signals_end_it():
    equal(interrupted(signal.SIGINT), 130)
    equal(interrupted(signal.SIGTERM), 143)
    equal(interrupted(signal.SIGHUP), 129)


def test_signal_while_connecting():
    with black_hole() as endpoint:
        client = start(endpoint)
        tool.wait_until(lambda: tool.is_connecting(client.pid))
        client.send_signal(signal.SIGINT)
        equal(client.wait(LIMIT), 130)
        client.communicate()


def test_peer_that_does_not_read():
    """A full connection does not keep the signal away."""
    release = []

    def script(connection):
        while not release:
            time.sleep(0.01)

    with Peer(script) as peer, open("/dev/zero", "rb") as zero:
        client = start(peer.endpoint, stdin=zero)
        tool.wait_until(lambda: hasattr(peer, "client"))
        time.sleep(0.3)
        equal(client.poll(), None)
        client.send_signal(signal.SIGTERM)
        equal(client.wait(LIMIT), 143)
        client.communicate()
        release.append(True)


def test_closed_standard_descriptors():
    """Nothing of the conversation goes to a descriptor that was closed; and that
    the answer cannot be written is an error."""
    with Peer(answer_after_end) as peer:
        script = f'"$0" connect {peer.endpoint} <&- >&- 2>&-'
        done = subprocess.run(
            ["sh", "-c", script, PIER], env=ENV, timeout=20, check=False
        )
        equal(done.returncode, 10)
        equal(peer.join(), b"")


if __name__ == "__main__":
    tap.main(globals())
