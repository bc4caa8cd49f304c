# SPDX-License-Identifier: MIT
"""The table's options of CAN, SCTP, TIPC and TLS on sockets of a kernel that has
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


def test_can():
    """Short names are the socket's own: others have a filter, and opts, too."""
    with socket.socket(socket.AF_CAN, socket.SOCK_RAW, socket.CAN_RAW) as one:
        values(one, "--set", "filter=0x123,0x7ff", "--set", "loopback=0",
               "--set", "fd_frames=1", "--set", "err_filter=0x1fffffff")
        level = socket.SOL_CAN_RAW
        value = one.getsockopt(level, socket.CAN_RAW_FILTER, 8)
        equal(struct.unpack("=II", value), (0x123, 0x7FF))
        equal(one.getsockopt(level, socket.CAN_RAW_LOOPBACK), 0)
        equal(one.getsockopt(level, socket.CAN_RAW_FD_FRAMES), 1)
        value = one.getsockopt(level, 2, 4)  # CAN_RAW_ERR_FILTER
        equal(struct.unpack("=I", value), (0x1FFFFFFF,))


def test_can_isotp():
    with socket.socket(
        socket.AF_CAN, socket.SOCK_DGRAM, socket.CAN_ISOTP
    ) as one:
        values(one, "--set", "recv_fc=block_size=4,stmin=5")
        # SOL_CAN_ISOTP, CAN_ISOTP_RECV_FC, struct can_isotp_fc_options
        value = one.getsockopt(socket.SOL_CAN_BASE + socket.CAN_ISOTP, 2, 3)
        equal(tuple(value[:2]), (4, 5))


def test_can_j1939():
    with socket.socket(
        socket.AF_CAN, socket.SOCK_DGRAM, socket.CAN_J1939
    ) as one:
        values(one, "--set", "promisc=1", "--set", "send_prio=3")
        level = socket.SOL_CAN_BASE + socket.CAN_J1939
        equal(one.getsockopt(level, socket.SO_J1939_PROMISC), 1)
        equal(one.getsockopt(level, socket.SO_J1939_SEND_PRIO), 3)


def test_can_broadcast_manager():
    with socket.socket(socket.AF_CAN, socket.SOCK_DGRAM, socket.CAN_BCM) as one:
        levels = {name.split(".")[0] for name in values(one)}
        equal(levels, {"socket"})


def test_all_are_read():
    for family, kind, protocol, level in (
        (socket.AF_CAN, socket.SOCK_RAW, socket.CAN_RAW, "can_raw."),
        (socket.AF_CAN, socket.SOCK_DGRAM, socket.CAN_ISOTP, "isotp."),
        (socket.AF_CAN, socket.SOCK_DGRAM, socket.CAN_J1939, "j1939."),
        (socket.AF_TIPC, socket.SOCK_SEQPACKET, 0, "tipc."),
        (socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_SCTP, "sctp."),
    ):
        with socket.socket(family, kind, protocol) as one:
            read = [name for name in values(one) if name.startswith(level)]
            equal(len(read) >= 3, True, f"{level}: {read}")


if __name__ == "__main__":
    tap.main(globals())
