# SPDX-License-Identifier: MIT
"""The jobs of the cookbook that look at connections; see recipes.py."""

import re
import socket
import struct

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


ROWS = [
    Row(
        "B2",
        "TCP_INFO of a connection, every field with its unit",
        "Python's struct.unpack, on the same socket",
        ["tcp_info"],
        [],
        tcp_info,
    ),
]
