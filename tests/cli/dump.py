# SPDX-License-Identifier: MIT
"""pier dump of files: what it shows, what it refuses, how it ends. Live captures,
and tshark, are tests/interop/dump.py's."""

import contextlib
import os
import signal
import subprocess
import sys
import threading

sys.path.insert(
    0, os.path.join(os.environ["PIER_SOURCE"], "tests", "interop")
)

import packets  # noqa: E402
import tap  # noqa: E402
import tool  # noqa: E402
from tap import contains, equal  # noqa: E402

UTC = {"TZ": "UTC"}
UDP = packets.ethernet(0x0800, packets.ip4(17, packets.udp(b"hello")))
ARP = packets.ethernet(0x0806, packets.arp(1))


def file_of(folder, *list_of, **kwargs):
    path = os.path.join(folder, "in.pcap")
    packets.write(path, list_of, **kwargs)
    return path


def test_a_line_each():
    with tool.scratch() as folder:
        path = file_of(folder, UDP, ARP)
        done = tool.expect(0, "dump", "-r", path, env=UTC)
    equal(
        done.text,
        "22:13:20.123456000 UDP 10.0.0.1:40000 > 192.168.0.2:53, 5 bytes\n"
        "22:13:21.123456000 ARP who has 192.168.0.2, tell 10.0.0.1, 0 bytes\n",
    )
    equal(done.err, "")


def test_layers_and_bytes():
    with tool.scratch() as folder:
        path = file_of(folder, UDP)
        done = tool.expect(0, "dump", "-r", path, "-v", "-x", env=UTC)
    lines = done.text.splitlines()
    heads = [line for line in lines if " at " in line]
    equal(
        heads,
        [
            "  ethernet, 14 bytes at 0",
            "    ipv4, 20 bytes at 14",
            "      udp, 8 bytes at 34",
            "        data, 5 bytes at 42",
            "          trailer, 13 bytes at 47",
        ],
    )
    contains(done.text, "        source_port: 40000\n")
    contains(done.text, "      protocol: 17 (UDP)\n")
    shown = bytes.fromhex(
        "".join(
            line[9:58].replace(" ", "")
            for line in lines
            if line.startswith("  0")
        )
    )
    equal(shown, UDP)
    # The bytes alone, each layer by itself.
    done = tool.expect(0, "dump", "-r", "-", "-x", stdin=b"".join(pcap(UDP)))
    contains(done.text, "  udp, 8 bytes at 34\n  00022  9c 40 00 35")
    contains(done.text, "  0002a  68 65 6c 6c 6f  ".rstrip())


def pcap(*list_of):
    """The pieces of a file: its head, and each packet."""
    with tool.scratch() as folder:
        with open(file_of(folder, *list_of), "rb") as file:
            data = file.read()
    yield data[:24]
    yield data[24:]


def test_events():
    with tool.scratch() as folder:
        path = file_of(folder, UDP, ARP, UDP)
        done = tool.expect(0, "dump", "-r", path, "--json", "-x", "udp")
    lines = tool.events(done, "dump")
    equal([line["type"] for line in lines], ["packet", "packet", "end"])
    first, second, end = lines
    equal(first["bytes"], UDP.hex())
    equal(first["time"], "2023-11-14T22:13:20.123456000Z")
    equal((first["number"], second["number"], end["packets"]), (1, 2, 2))
    udp = first["layers"][2]
    equal(udp["checksum"], "good")
    equal(udp["fields"]["destination_port"], 53)
    # Of options there are several.
    options = packets.ethernet(
        0x0800,
        packets.ip4(6, packets.tcp(options=bytes.fromhex("0101080a" + "00" * 8))),
    )
    done = tool.expect(
        0, "dump", "-r", "-", "--json", stdin=b"".join(pcap(options))
    )
    (event,) = tool.of_type(tool.events(done, "dump"), "packet")
    equal(event["layers"][2]["fields"]["option"], [1, 1, 8])


def test_broken_packets():
    broken = packets.ethernet(0x0800, b"\x55" + bytes(30))
    done = tool.expect(
        0, "dump", "-r", "-", "--json", stdin=b"".join(pcap(broken))
    )
    (event,) = tool.of_type(tool.events(done, "dump"), "packet")
    layer = event["layers"][1]
    equal((layer["state"], layer["wrong_at"]), ("malformed", 14))
    contains(event["line"], "ipv4 malformed at 14: the version is not 4")


def test_count():
    with tool.scratch() as folder:
        path = file_of(folder, UDP, ARP, UDP, ARP)
        done = tool.expect(0, "dump", "-r", path, "-c", "1", "arp")
        equal(len(done.text.splitlines()), 1)
        done = tool.expect(1, "dump", "-r", path, "port", "99")
        equal(done.text, "")


def test_files_are_copied():
    with tool.scratch() as folder:
        path = file_of(folder, UDP, ARP, UDP)
        out = os.path.join(folder, "out.pcap")
        done = tool.expect(0, "dump", "-r", path, "-w", out, "udp")
        equal(done.text, "")
        equal(os.stat(out).st_mode & 0o777, 0o600)
        with open(out, "rb") as file:
            copied = packets.read(file.read())
        equal([packet[3] for packet in copied], [UDP, UDP])
        equal(copied[1][:2], (1700000002, 123456000))
        # Shown too, when that is asked for.
        done = tool.expect(0, "dump", "-r", path, "-w", out, "-v", "udp")
        contains(done.text, "destination_port: 53")
        # Through a pipe, and of the other byte order.
        packets.write(path, [UDP], order=">", magic=0xA1B23C4D)
        first = tool.expect(0, "dump", "-r", path, "-w", "-")
        done = tool.expect(0, "dump", "-r", "-", stdin=first.out, env=UTC)
        contains(done.text, "22:13:20.000123456 UDP")


def test_the_file_that_is_read_is_not_written():
    with tool.scratch() as folder:
        path = f"{folder}/pcap"
        with open(path, "wb") as file:
            file.write(b"what was there")
        done = tool.expect(2, "dump", "-r", path, "-w", path)
        contains(done.err, f"--write: '{path}' is the file that is read")
        with open(path, "rb") as file:
            equal(file.read(), b"what was there")


def test_large_packets():
    """Larger than what is gathered, and as large as there may be."""
    large = [bytes([n]) * size for n, size in enumerate((65500, 262144, 60))]
    with tool.scratch() as folder:
        path = file_of(folder, *large)
        done = tool.expect(0, "dump", "-r", path, "-w", "-")
    equal([packet[3] for packet in packets.read(done.out)], large)


def test_files_that_are_none():
    head, rest = pcap(UDP)
    cases = [
        (b"", 8, "it is empty"),
        (head[:10], 7, "at byte 10: it ends inside a packet or its head"),
        (b"#!/bin/sh\n" + bytes(20), 8, "no pcap file"),
        (bytes.fromhex("0a0d0d0a") + bytes(20), 8, "pcapng"),
        (bytes.fromhex("1f8b0808") + bytes(20), 8, "gunzip"),
        (head + rest[:7], 7, "at byte 31: it ends inside a packet"),
        (head + rest[:16], 7, "it ends where a packet should begin"),
        (head + rest[:30], 7, "at byte 54: it ends inside a packet"),
        (head + rest + bytes(8) + b"\xff" * 8, 8, "at byte 100: a record of"),
    ]
    for data, code, why in cases:
        done = tool.expect(code, "dump", "-r", "-", stdin=data)
        contains(done.err, why)
        contains(done.err, "standard input")
    done = tool.expect(10, "dump", "-r", "/nowhere/at/all")
    contains(done.err, "/nowhere/at/all")
    done = tool.expect(9 if os.geteuid() else 10, "dump", "-r", "/")
    contains(done.err, "/")


def test_what_is_refused():
    cases = [
        (("port", "65536"), "'65536' is no port"),
        (("tcp", "prot", "53"), "'prot' begins no condition"),
        (("-r", "x", "-i", "lo"), "--interface is of no use beside --read: packets of a file"),
        (("-r", "x", "--for", "1s"), "--for is of no use beside --read"),
        (("--promiscuous",), "--promiscuous is of one interface"),
        (("-w", "-", "-x"), "--write - fills standard output"),
        (("-w", "-", "--json"), "--write - fills standard output"),
        (("--code", "-c", "1"), "--count is of no use beside --code, which"),
        (("--code", "-r", "x"), "--read is of no use beside --code"),
        (("--code", "--json"), "--json is of no use beside --code"),
        (("--snap", "0"), "--snap"),
        (("--snap", "1Mi"), "--snap"),
    ]
    for words, why in cases:
        contains(tool.expect(2, "dump", *words).err, why)
    contains(tool.expect(2, "dump", "x" * 5000).err, "more than 4095 bytes")


def test_the_program():
    done = tool.expect(0, "dump", "--code")
    lines = done.text.splitlines()
    equal(lines[-2].split(), [str(len(lines) - 2), "ret", "#262144"])
    equal(lines[-1].split(), [str(len(lines) - 1), "ret", "#0"])
    done = tool.expect(
        0, "dump", "--code", "-i", "x", "--snap", "64", "udp port 53"
    )
    contains(done.text, "ldh [12]")
    contains(done.text, "ret #64")
    contains(done.text, "jge #0x35")


def test_a_reader_that_has_enough():
    with tool.scratch() as folder:
        path = file_of(folder, *[UDP] * 20000)
        process = subprocess.Popen(
            [tool.PIER, "dump", "-r", path], stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, env=tool.ENV,
        )
        contains(process.stdout.readline().decode(), "UDP")
        process.stdout.close()
        err = process.stderr.read()
        process.stderr.close()
        equal((process.wait(tool.LIMIT), err), (0, b""))


def test_an_endless_file_can_be_stopped():
    """There is always more to read: nothing waits that could be cancelled."""
    head, rest = pcap(UDP)
    process = subprocess.Popen(
        [tool.PIER, "dump", "-r", "-", "-w", "/dev/null"],
        stdin=subprocess.PIPE, stderr=subprocess.PIPE, env=tool.ENV,
    )

    def write():
        with contextlib.suppress(BrokenPipeError):
            process.stdin.write(head)
            while True:
                process.stdin.write(rest * 1000)

    writer = threading.Thread(target=write)
    writer.start()
    # It has begun to read when it has read more than a pipe holds.
    tool.wait_until(
        lambda: int(
            dict(
                line.split(": ")
                for line in open(f"/proc/{process.pid}/io", encoding="ascii")
            )["rchar"]
        ) > 1 << 20
    )
    process.send_signal(signal.SIGINT)
    code = process.wait(tool.LIMIT)
    writer.join()
    err = process.stderr.read()
    process.stderr.close()
    with contextlib.suppress(BrokenPipeError):
        process.stdin.close()
    equal(code, 130, err)


def test_a_full_disk():
    with tool.scratch() as folder:
        path = file_of(folder, *[UDP] * 2000)
        done = tool.expect(10, "dump", "-r", path, "-w", "/dev/full")
        contains(done.err, "ENOSPC")
        equal(done.err.count("pier:"), 1, done)


if __name__ == "__main__":
    tap.main(globals())
