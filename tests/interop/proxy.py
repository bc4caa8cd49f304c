#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""pier behind haproxy, which sends PROXY headers: version 1 and 2, with its
checksum and what else it adds, over IPv4, IPv6 and a Unix socket; its health
checks too. Reports by TAP."""

import contextlib
import os
import shutil
import socket
import subprocess
import sys

sys.path.insert(
    0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "cli")
)

import tap  # noqa: E402 (found by the line above)
import tool  # noqa: E402
from peer import read_all  # noqa: E402
from tap import contains, equal  # noqa: E402

LIMIT = 20

CONFIG = """
global
    maxconn 100
defaults
    mode tcp
    timeout connect 20s
    timeout client 20s
    timeout server 20s
listen one
    bind {front}
    server pier {back} {options}
"""


@contextlib.contextmanager
def haproxy(back, options, family=socket.AF_INET):
    """A haproxy before back; gives where it listens."""
    if shutil.which("haproxy") is None:
        raise tap.Skip("haproxy is not installed")
    host = "::1" if family == socket.AF_INET6 else "127.0.0.1"
    with tool.scratch() as folder, socket.socket(family) as front:
        front.bind((host, 0))
        front.listen(100)
        front.set_inheritable(True)
        path = f"{folder}/haproxy.cfg"
        with open(path, "w", encoding="ascii") as file:
            file.write(
                CONFIG.format(
                    front=f"fd@{front.fileno()}", back=back, options=options
                )
            )
        with subprocess.Popen(
            ["haproxy", "-db", "-q", "-f", path],
            close_fds=False,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        ) as process:
            try:
                yield front.getsockname()[:2]
            finally:
                process.kill()


def ask(where):
    """Our own address, as haproxy has it, and what comes back."""
    with socket.create_connection(where, LIMIT) as client:
        client.settimeout(LIMIT)
        own = client.getsockname()
        client.sendall("汉语\n".encode() * 1000)
        client.shutdown(socket.SHUT_WR)
        equal(read_all(client), "汉语\n".encode() * 1000)
        host = f"[{own[0]}]" if ":" in own[0] else own[0]
        return f"{host}:{own[1]}"


def told(server):
    return [
        event["peer"]
        for event in tool.of_type(tool.events(server.end(), "serve"), "open")
    ]


def expect_told(endpoint, options, family=socket.AF_INET, back=None):
    with tool.Server("echo", "--proxy-header", "--json", endpoint) as server:
        where = back or f"127.0.0.1:{server.port()}"
        with haproxy(where, options, family) as front:
            expected = [ask(front) for _ in range(5)]
        equal(told(server), expected)


def test_version_1():
    expect_told("tcp://127.0.0.1:0", "send-proxy")


def test_version_2():
    expect_told("tcp://127.0.0.1:0", "send-proxy-v2")


def test_version_2_with_more():
    expect_told(
        "tcp://127.0.0.1:0",
        "send-proxy-v2 proxy-v2-options crc32c,unique-id",
    )


def test_both_versions_over_ipv6():
    for options in ("send-proxy", "send-proxy-v2"):
        expect_told("tcp://127.0.0.1:0", options, socket.AF_INET6)


def test_over_a_unix_socket():
    with tool.scratch() as folder:
        path = f"{folder}/sock"
        for options in ("send-proxy", "send-proxy-v2"):
            expect_told(f"unix://{path}", options, back=path)


def test_health_checks_are_its_own():
    """They come as LOCAL, hence with the address of the socket."""
    with tool.Server(
        "echo", "--proxy-header", "--json", "tcp://127.0.0.1:0"
    ) as server:
        with haproxy(
            f"127.0.0.1:{server.port()}",
            "send-proxy-v2 check check-send-proxy inter 100ms",
        ) as front:
            expected = ask(front)
        contains(told(server), expected)


def test_whom_it_refuses_is_told():
    """By his address, as the header tells it where there is one."""
    for said, peer, error, line in (
        (b"GET / HTTP/1.0\r\n\r\n", None, "PIER_EFRAME",
         'neither "PROXY " nor the signature'),
        (b"PROXY TCP4 192.0.2.7 127.0.0.1 7 8\r\nhello", "192.0.2.7:7",
         "EACCES", "whom a PROXY header names"),
    ):
        with tool.Server(
            "echo", "--proxy-header", "--allow", "10.0.0.0/8", "--json", "-v",
            "tcp://127.0.0.1:0",
        ) as server:
            with socket.create_connection(
                ("127.0.0.1", server.port()), LIMIT
            ) as client:
                host, port = client.getsockname()
                peer = peer or f"{host}:{port}"
                with contextlib.suppress(OSError):
                    client.sendall(said)
                    read_all(client)
            done = server.end()
        lines = tool.events(done, "serve")
        (refused,) = tool.of_type(lines, "refused")
        equal((refused["peer"], refused["error"]), (peer, error))
        contains(refused["detail"], line)
        contains(done.err, f"#1 refused {peer} on tcp://127.0.0.1:0: ")
        contains(done.err, line)
        equal(tool.of_type(lines, "close")[0]["reason"], "refused")
        equal(tool.of_type(lines, "open"), [])


def test_networks_go_by_whom_it_tells():
    with tool.Server(
        "echo", "--proxy-from", "127.0.0.1", "--allow", "127.0.0.9",
        "tcp://127.0.0.1:0",
    ) as server:
        with haproxy(f"127.0.0.1:{server.port()}", "send-proxy-v2") as front:
            for host, let_in in (("127.0.0.9", True), ("127.0.0.8", False)):
                with socket.socket() as client:
                    client.settimeout(LIMIT)
                    client.bind((host, 0))
                    client.connect(front)
                    answer = b""
                    with contextlib.suppress(OSError):
                        client.sendall(b"hello")
                        client.shutdown(socket.SHUT_WR)
                        answer = read_all(client)
                    equal(answer, b"hello" if let_in else b"", host)


if __name__ == "__main__":
    tap.main(globals())
