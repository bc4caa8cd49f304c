# SPDX-License-Identifier: MIT
"""The table's options of SCTP, TIPC and TLS on sockets of a kernel that has
them, beside what Python reads and sets."""

import json
import os
import socket
import struct
import sys

sys.path.insert(0, os.path.join(os.environ["PIER_SOURCE"], "tests", "cli"))

import tap  # noqa: E402
import tool  # noqa: E402
from tap import equal  # noqa: E402


def values(one, *words):
    """What pier opt tells of a socket of this program, by name."""
    done = tool.expect(
        0, "opt", "--fd", str(one.fileno()), "--json", *words,
        pass_fds=[one.fileno()],
    )
    lines = [json.loads(line) for line in done.out.splitlines()]
    return {line["name"]: line for line in lines if "name" in line}


def test_tipc():
    with socket.socket(socket.AF_TIPC, socket.SOCK_RDM) as one:
        values(one, "--set", "tipc.importance=high",
               "--set", "tipc.conn_timeout=3s")
        level = socket.SOL_TIPC
        equal(one.getsockopt(level, socket.TIPC_IMPORTANCE), 2, "importance")
        equal(one.getsockopt(level, socket.TIPC_CONN_TIMEOUT), 3000, "timeout")


def test_sctp():
    with socket.socket(
        socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_SCTP
    ) as one:
        values(one, "--set", "sctp.nodelay=1", "--set", "sctp.maxseg=value=1000")
        level = socket.IPPROTO_SCTP
        equal(one.getsockopt(level, 3), 1, "SCTP_NODELAY")
        # struct sctp_assoc_value
        value = one.getsockopt(level, 13, 8)
        equal(struct.unpack("=II", value)[1], 1000, "SCTP_MAXSEG")


def test_all_are_read():
    for family, kind, protocol, level in (
        (socket.AF_TIPC, socket.SOCK_SEQPACKET, 0, "tipc."),
        (socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_SCTP, "sctp."),
    ):
        with socket.socket(family, kind, protocol) as one:
            read = [name for name in values(one) if name.startswith(level)]
            equal(len(read) > 3, True, f"{level}: {read}")


if __name__ == "__main__":
    tap.main(globals())
