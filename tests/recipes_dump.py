# SPDX-License-Identifier: MIT
"""The jobs of the cookbook that look at packets; see recipes.py."""

import os
import socket
import subprocess
import tempfile

import recipes
from recipes import LIMIT, Row, output, until

# What both call a field, of a SYN.
FIELDS = {
    "source_port": "tcp.srcport",
    "destination_port": "tcp.dstport",
    "sequence": "tcp.seq_raw",
    "window": "tcp.window_size_value",
    "mss": "tcp.options.mss_val",
    "window_scale": "tcp.options.wscale.shift",
    "ttl": "ip.ttl",
    "total_length": "ip.len",
}


def fields_of_tshark(path):
    words = ["tshark", "-n", "-r", path, "-T", "fields", "-c", "1"]
    words += ["-o", "tcp.relative_sequence_numbers:FALSE"]
    for name in FIELDS.values():
        words += ["-e", name]
    done = subprocess.run(
        words, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
        text=True, check=True, timeout=LIMIT,
    )
    return dict(zip(FIELDS, done.stdout.rstrip("\n").split("\t")))


def capture_one(example, port):
    """The first packet to a port: what the example says of it, and the file
    that `pier dump -w` made of it."""
    with tempfile.TemporaryDirectory(prefix="pier-recipe-") as folder:
        path = os.path.join(folder, "one.pcap")
        pier = os.path.join(recipes.BUILD, "pier")
        text = f"tcp and dst port {port}"
        file = recipes.start(pier, "dump", "-i", "lo", "-c", "1", "-w", path,
                             text)
        for process in (example, file):
            # Each says so once it listens.
            until(lambda: b"listening" in process.stdout.readline(), "listens")
        with socket.socket() as client:
            client.connect_ex(("127.0.0.1", port))
        output(file)
        return fields_of_tshark(path)


def dump():
    """A SYN, header by header, and the same packet by tshark. Nobody listens:
    each of the ten tries is one packet."""
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]
        example = recipes.start("dump", "lo", f"tcp and dst port {port}")
        theirs = capture_one(example, port)
        for _ in range(9):
            with socket.socket() as client:
                client.connect_ex(("127.0.0.1", port))
        said = output(example)
    lines = [line.strip() for line in said.splitlines()]
    for name, value in theirs.items():
        assert value != "", f"tshark has no {name}"
        assert f"{name}: {value}" in lines, f"{name}: tshark {value}; {said}"
    order = [lines.index(name) for name in ("ethernet", "ipv4", "tcp")]
    assert order == sorted(order), said
    assert "0 dropped" in lines, said


def lacks():
    try:
        socket.socket(socket.AF_PACKET, socket.SOCK_RAW).close()
    except PermissionError:
        return "packet sockets need CAP_NET_RAW"
    return None


ROWS = [
    Row(
        "G3",
        "packets with the headers of each layer, one inside the other",
        "tshark, field by field, on the same packet",
        ["dump"],
        ["tshark"],
        dump,
        lacks,
    ),
]
