# SPDX-License-Identifier: MIT
"""The jobs of the cookbook that look at connections; see recipes.py."""

import contextlib
import os
import re
import socket
import struct
import subprocess

from recipes import Row, output, start

# tcpi_state to tcpi_options; the window scales and the flags are bits.
HEAD = "state ca_state timeouts probes backoff options".split()
# The 24 numbers behind, tcpi_rto to tcpi_total_retrans.
NUMBERS = """rto ato snd_mss rcv_mss unacked sacked lost retrans_out fackets
    last_data_sent last_ack_sent last_data_recv last_ack_recv pmtu rcv_ssthresh
    rtt rttvar snd_ssthresh snd_cwnd advmss reordering rcv_rtt rcv_space
    retransmits""".split()
AGO = {"last_data_sent", "last_data_recv", "last_ack_recv"}


def unpack(connection):
    """TCP_INFO as Python programs read it."""
    raw = connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 104)
    values = struct.unpack("6B2x24I", raw)
    return dict(zip(HEAD + NUMBERS, values))


def still(values):
    """What does not change while nothing happens."""
    return {name: n for name, n in values.items() if name not in AGO}


def tcp_info():
    """One socket, which Python made, seen by both."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        client = socket.create_connection(server.getsockname())
        other, _ = server.accept()
        with client, other:
            client.sendall(b"x" * 5000)
            other.recv(5000, socket.MSG_WAITALL)
            other.sendall(b"y" * 100)
            client.recv(100, socket.MSG_WAITALL)
            # A delayed acknowledgement may go out between the two looks.
            for _ in range(50):
                theirs = unpack(client)
                said = output(start("tcp_info", "fd://0", stdin=client))
                if still(theirs) == still(unpack(client)):
                    break
    assert said.startswith("ESTABLISHED, open\n"), said
    ours = {name: int(n) for name, n in re.findall(r"^(\w+): (\d+)", said, re.M)}
    for name, value in theirs.items():
        # Time passes between the two; nothing else happens.
        assert ours[name] == value or (
            name in AGO and ours[name] >= value
        ), f"{name}: pier {ours[name]}, Python {value}"
    assert ours["bytes_sent"] == 5000 and ours["bytes_received"] == 100, said
    assert re.search(r"^limit: [a-z-]+$", said, re.M), said


# What ss calls a state, and the RFC.
SS_STATES = {
    "LISTEN": "LISTEN",
    "ESTAB": "ESTABLISHED",
    "UNCONN": "CLOSED",
    "CLOSE-WAIT": "CLOSE-WAIT",
    "FIN-WAIT-2": "FIN-WAIT-2",
}


def ss_rows(ports, name):
    """(kind, state, receive queue, send queue, local) of the sockets with one
    of these local ports, or of that Unix name, as ss tells it; in the states
    that ours are in."""
    done = subprocess.run(
        ["ss", "-tuxanH"], stdout=subprocess.PIPE, text=True, check=True
    )
    rows = []
    for line in done.stdout.splitlines():
        kind, state, received, sent, local, port = line.split()[:6]
        if state not in SS_STATES:
            continue
        if kind.startswith("u_"):
            if local == "@" + name:
                rows.append(("unix", SS_STATES[state], received, sent, local))
        elif local.rsplit(":", 1)[1] in ports:
            rows.append((kind, SS_STATES[state], received, sent, local))
    return sorted(rows)


def our_rows(ports, name):
    said = output(start("sockets", "tcp or udp or unix"))
    rows = []
    for line in said.splitlines():
        kind, state, received, sent, local = line.split()[:5]
        if state not in SS_STATES.values():
            continue
        if local == "@" + name or local.rsplit(":", 1)[-1] in ports:
            rows.append((kind, state, received, sent, local))
    return sorted(rows)


def sockets():
    """TCP in four states, with queues; UDP; a Unix listener with a queue."""
    name = f"pier-recipe-{os.getpid()}"
    with contextlib.ExitStack() as stack:

        def keep(made):
            return stack.enter_context(made)

        listener = keep(socket.create_server(("127.0.0.1", 0)))
        port = listener.getsockname()[1]
        clients = [
            keep(socket.create_connection(("127.0.0.1", port)))
            for _ in range(3)
        ]
        first = keep(listener.accept()[0])
        clients[0].sendall(b"x" * 1000)
        first.shutdown(socket.SHUT_WR)
        while clients[0].recv(100):
            pass
        bound = keep(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
        bound.bind(("127.0.0.1", 0))
        local = keep(socket.socket(socket.AF_UNIX))
        local.bind("\0" + name)
        local.listen(7)
        keep(socket.socket(socket.AF_UNIX)).connect("\0" + name)
        ports = {
            str(s.getsockname()[1]) for s in (listener, bound, *clients)
        }
        # Others on this machine may have one of these ports too, and go
        # between the two looks.
        for _ in range(50):
            theirs, ours = ss_rows(ports, name), our_rows(ports, name)
            if ours == theirs:
                break
        assert len(theirs) >= 9, theirs
        assert ours == theirs, f"pier {ours}\nss {theirs}"
        with_owner = output(start("sockets", f"pid:{os.getpid()} udp"))
        assert f"({os.getpid()})" in with_owner, with_owner


ROWS = [
    Row(
        "B2",
        "TCP_INFO of a connection, every field with its unit",
        "Python's struct.unpack, on the same socket",
        ["tcp_info"],
        [],
        tcp_info,
    ),
    Row(
        "B3",
        "every socket: kind, state, queues, addresses, processes",
        "ss -tuxan, row for row",
        ["sockets"],
        ["ss"],
        sockets,
    ),
]
