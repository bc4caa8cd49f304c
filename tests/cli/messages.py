# SPDX-License-Identifier: MIT
"""pier connect and serve by messages: how standard input is cut into them,
protocols of IP, TIPC, and programs that answer. Each against a plain socket of
Python's."""

import contextlib
import os
import pwd
import socket
import stat
import threading
import time

import tap
import tool
from peer import Datagrams
from tap import contains, equal
from tool import Server, events, expect, of_type, run

# For use in experiments (RFC 3692).
PROTOCOL = 253


def upper(data):
    return [data.upper()]


def test_each_line_is_a_datagram():
    with Datagrams(upper) as peer:
        done = expect(
            0, "connect", "--lines", "--replies=3", "--wait=20s",
            peer.endpoint, stdin=b"one\n\nthe last",
        )
        equal(peer.got, [b"one\n", b"\n", b"the last"])
        equal(done.out, b"ONE\n\nTHE LAST")
        done = expect(
            0, "connect", "--lines", "--crlf", "--replies=2", "--wait=20s",
            peer.endpoint, stdin=b"a\nb\n",
        )
        equal(peer.got[3:], [b"a\r\n", b"b\r\n"])


def test_a_line_that_is_no_datagram():
    with Datagrams(upper) as peer:
        done = expect(8, "connect", "--lines", peer.endpoint,
                      stdin=b"x" * 70000)
        contains(done.err, "a line of more than 65507 bytes is no datagram")
        done = expect(8, "connect", "--lines", "--chunk=3", peer.endpoint,
                      stdin=b"abc\n")
        contains(done.err, "a line of more than 3 bytes")
        equal(peer.got, [])


def test_chunks():
    with Datagrams(upper) as peer:
        done = expect(
            0, "connect", "--chunk=4", "--replies=3", "--wait=20s",
            peer.endpoint, stdin=b"0123456789",
        )
        equal(peer.got, [b"0123", b"4567", b"89"])
        equal(done.out, b"0123456789")


def test_what_is_for_messages_only():
    for words in (["--lines"], ["--chunk=9"]):
        done = expect(2, "connect", *words, "tcp://h:1")
        contains(done.err, "is for datagrams, and tcp:// is a stream")


class Raw:
    """A raw socket at an address of this machine that answers in capitals."""

    def __init__(self, address):
        self.socket = socket.socket(
            socket.AF_INET, socket.SOCK_RAW, PROTOCOL
        )
        self.socket.bind((address, 0))
        self.got = []
        threading.Thread(target=self.run, daemon=True).start()

    def run(self):
        try:
            while True:
                data, sender = self.socket.recvfrom(70000)
                if not data:
                    return
                self.got.append(data[20:])
                self.socket.sendto(data[20:].upper(), sender)
        except OSError:
            return

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()


def need_raw():
    try:
        socket.socket(socket.AF_INET, socket.SOCK_RAW, PROTOCOL).close()
    except PermissionError as error:
        raise tap.Skip("takes CAP_NET_RAW") from error


def test_raw_messages():
    need_raw()
    with Raw("127.0.0.1") as peer:
        done = expect(
            0, "connect", "-v", "--bind=127.0.0.2", "--replies=1",
            "--wait=20s", f"raw://127.0.0.1/{PROTOCOL}", stdin=b"question",
        )
        equal(peer.got, [b"question"])
        equal(done.out, b"QUESTION")
        contains(done.err, "pier: 127.0.0.1: 8 bytes")


def test_icmp_by_hand():
    """An echo request with its checksum; the kernel answers it."""
    need_raw()
    request = bytes.fromhex("0800 9c9a 5b65 0000")
    done = expect(
        0, "connect", "--bind=127.0.0.2", "--replies=1", "--wait=20s",
        "raw://127.0.0.1/icmp", stdin=request,
    )
    equal(done.out, bytes.fromhex("0000 a49a 5b65 0000"))


def as_nobody():
    """Run as who has no rights, if this one has any."""
    if os.geteuid() != 0:
        return {}
    nobody = pwd.getpwnam("nobody")
    folder = os.path.dirname(tool.PIER)
    while folder != "/":
        if not os.stat(folder).st_mode & stat.S_IXOTH:
            raise tap.Skip(f"{folder} is for its owner alone")
        folder = os.path.dirname(folder)
    return {"user": nobody.pw_uid, "group": nobody.pw_gid,
            "extra_groups": []}


def test_raw_without_the_right():
    done = run("connect", "raw://127.0.0.1/icmp", stdin=b"x", **as_nobody())
    equal(done.code, 9)
    contains(done.err, "create: raw://127.0.0.1/icmp: ")
    contains(done.err, "raw sockets need CAP_NET_RAW")
    contains(done.err,
             f"hint: sudo setcap cap_net_raw=+ep {os.path.realpath(tool.PIER)}")


def test_raw_is_not_served():
    done = expect(2, "serve", "echo", "raw://127.0.0.1/253")
    contains(done.err, "none is served")
    contains(done.err, "pier connect raw://127.0.0.1/253")


def test_tipc_without_its_module():
    try:
        socket.socket(socket.AF_TIPC, socket.SOCK_RDM).close()
        raise tap.Skip("this kernel has TIPC")
    except OSError:
        pass
    for endpoint in ("tipc://18888/17", "tipc://18888/17?type=seqpacket"):
        for words in (["connect"], ["serve", "echo"]):
            done = expect(10, *words, endpoint)
            contains(done.err, f"create: {endpoint}: ")
            contains(done.err, "the kernel has no TIPC: modprobe tipc")
            contains(done.err, "hint: load its module: sudo modprobe tipc")


def ask(path, *messages):
    """Say each, end this side; all that comes."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as client:
        client.settimeout(tool.LIMIT)
        client.connect(path)
        for message in messages:
            client.send(message)
        client.shutdown(socket.SHUT_WR)
        got = b""
        while piece := client.recv(70000):
            got += piece
        return got


def test_a_program_for_packets():
    with tool.scratch() as folder:
        path = f"{folder}/s"
        for late, sent, expected in (
            (["--exec", "tr", "a-z", "A-Z"], [b"one ", b"two"], b"ONE TWO"),
            (["--shell", "read x; echo $PROTO $x; exit 3"], [b"line\n"],
             b"UNIX line\n"),
        ):
            with Server("-v", "--json", f"seqpacket://{path}",
                        late=late) as server:
                equal(ask(path, *sent), expected)
                done = server.end()
            lines = events(done, "serve")
            ended = of_type(lines, "exit")[0]
            equal(ended["status"], 3 if late[0] == "--shell" else 0)
            equal(of_type(lines, "close")[0]["reason"], "done")


def udp_client(port):
    client = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    client.settimeout(60)
    client.connect(("127.0.0.1", port))
    return client


def answer_of_another(client, expected):
    """It says so in the end. What comes while one ends may be lost."""
    for _ in range(40):
        time.sleep(1.5)
        client.send(b"again\n")
        client.settimeout(5)
        with contextlib.suppress(TimeoutError):
            if client.recv(100) == expected:
                return
    raise AssertionError("no other program")


def test_each_peer_over_udp_has_a_program_of_its_own():
    late = ["--shell", "n=0; while read x; do n=$((n+1)); "
                       "echo $n $x $PROTO $UDPREMOTEPORT; done; exit 5"]
    with Server("-v", "--json", "--session-idle=1s", "udp://127.0.0.1:0",
                late=late) as server:
        peers = [udp_client(server.port()) for _ in range(2)]
        for number in (1, 2):
            for peer in peers:
                peer.send(b"word\n")
                equal(peer.recv(100),
                      b"%d word UDP %d\n" % (number, peer.getsockname()[1]))
        # Silence is the end of the program's input: then another begins.
        for peer in peers:
            answer_of_another(peer, b"1 again UDP %d\n" % peer.getsockname()[1])
        done = server.end()
        ended = of_type(events(done, "serve"), "exit")
        equal({each["peer"] for each in ended},
              {f"127.0.0.1:{peer.getsockname()[1]}" for peer in peers})
        equal([each.get("status") for each in ended[:2]], [5, 5])
        for peer in peers:
            peer.close()


def test_programs_over_udp_that_cannot_be():
    for words, complaint in (
        (["udp://:0", "--processes=2"], "--processes and --exec over udp://"),
        (["unixgram://@x"], "unixgram://@x has datagrams"),
        (["tcp://:0", "--session-idle=1s"],
         "--session-idle has no effect without a program, or the broker, "
         "over udp://"),
    ):
        contains(expect(2, "serve", *words, "--exec", "cat").err, complaint)


def test_a_program_gets_no_socket_of_messages():
    done = expect(2, "serve", "--exec-direct", "seqpacket://@x", "--exec",
                  "cat")
    contains(done.err, "--exec-direct is for streams, and seqpacket://@x")


if __name__ == "__main__":
    tap.main(globals())
