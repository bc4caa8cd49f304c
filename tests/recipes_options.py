# SPDX-License-Identifier: MIT
"""The jobs of the cookbook that read and set options; see recipes.py."""

import os
import re
import socket
import subprocess
import sys

import recipes
from recipes import Row, output, start

# What Python names and the example shows as a plain number.
PLAIN = {
    "socket.reuseaddr": (socket.SOL_SOCKET, socket.SO_REUSEADDR, 1),
    "socket.keepalive": (socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1),
    "socket.sndbuf": (socket.SOL_SOCKET, socket.SO_SNDBUF, 20000),
    "socket.rcvbuf": (socket.SOL_SOCKET, socket.SO_RCVBUF, 30000),
    "tcp.nodelay": (socket.SOL_TCP, socket.TCP_NODELAY, 1),
    "tcp.keepidle": (socket.SOL_TCP, socket.TCP_KEEPIDLE, 77),
    "tcp.keepcnt": (socket.SOL_TCP, socket.TCP_KEEPCNT, 5),
    "tcp.user_timeout": (socket.SOL_TCP, socket.TCP_USER_TIMEOUT, 4321),
    "ip.ttl": (socket.SOL_IP, socket.IP_TTL, 33),
}


def number(said, name):
    return int(re.search(rf"^{name} = (-?\d+)", said, re.M)[1])


def options():
    """New sockets of both say the same before and after."""
    with socket.socket() as mine:
        before = output(start("options"))
        for name, (level, code, _) in PLAIN.items():
            assert number(before, name) == mine.getsockopt(level, code), name
        after = output(
            start("options", *(f"{n}={v[2]}" for n, v in PLAIN.items()))
        )
        for name, (level, code, value) in PLAIN.items():
            mine.setsockopt(level, code, value)
            assert number(after, name) == mine.getsockopt(level, code), name


def buffer_sizes():
    for size in (1, 4094, 65536, 1 << 30):
        said = output(start("buffer_sizes", size))
        with socket.socket() as mine:
            for name, code in (("snd", socket.SO_SNDBUF),
                               ("rcv", socket.SO_RCVBUF)):
                mine.setsockopt(socket.SOL_SOCKET, code, size)
                got = mine.getsockopt(socket.SOL_SOCKET, code)
                assert f"{name}buf: old" in said, said
                assert f"asked {size}, granted {got}:" in said, said
    with open("/proc/sys/net/core/wmem_max", encoding="ascii") as file:
        assert f"net.core.wmem_max caps it at {int(file.read())}" in said, said


FAR = """
import socket
one = socket.create_server(("192.0.2.2", 7000))
print("listening", flush=True)
kept = one.accept()
input()
"""


def cut_off(program):
    """In a namespace of its own: a link to another, with a server of Python's,
    goes down."""
    far = subprocess.Popen(
        ["unshare", "-n", "sh", "-c", "echo made; exec cat"],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE,
    )
    far.stdout.readline()
    pid = str(far.pid)
    enter = ["nsenter", "-n", "-t", pid]
    for command in (
        "ip link add near type veth peer name far",
        f"ip link set far netns {pid}",
        "ip addr add 192.0.2.1/24 dev near",
        "ip link set near up",
        f"nsenter -n -t {pid} ip addr add 192.0.2.2/24 dev far",
        f"nsenter -n -t {pid} ip link set far up",
    ):
        subprocess.run(command.split(), check=True)
    server = subprocess.Popen(
        [*enter, sys.executable, "-c", FAR],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE,
    )
    server.stdout.readline()
    client = subprocess.Popen(
        [program, "--host", "192.0.2.2", "--port", "7000"],
        stdout=subprocess.PIPE, text=True,
    )
    try:
        assert client.stdout.readline() == "connected\n"
        subprocess.run([*enter, "ip", "link", "set", "far", "down"], check=True)
        print(client.communicate(timeout=20)[0])
    finally:
        for one in (client, server, far):
            one.kill()
            one.wait()


def keepalive():
    program = os.path.join(recipes.BUILD, "examples", "keepalive")
    done = subprocess.run(
        ["unshare", "-n", sys.executable, __file__, program],
        capture_output=True, text=True, timeout=60, check=False,
        env={**os.environ, "PYTHONPATH": os.path.dirname(__file__)},
    )
    assert "the peer is dead" in done.stdout, f"{done.stdout}{done.stderr}"
    assert "ETIMEDOUT" in done.stdout, done.stdout


ROWS = [
    Row(
        "B1",
        "any option by name, in its own type and unit",
        "Python's getsockopt()",
        ["options"],
        [],
        options,
    ),
    Row(
        "B4",
        "buffer sizes: asked, granted, capped, and why",
        "Python, and the sysctls",
        ["buffer_sizes"],
        [],
        buffer_sizes,
    ),
    Row(
        "B7",
        "keepalive finds a peer that died without a word",
        "a network namespace whose link goes down",
        ["keepalive"],
        ["ip", "nsenter", "unshare"],
        keepalive,
    ),
]

if __name__ == "__main__":
    cut_off(sys.argv[1])
