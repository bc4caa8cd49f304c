# SPDX-License-Identifier: MIT
"""pier connect --probe, and pier connect to datagram endpoints."""

import re
import resource
import socket
import subprocess
import time

import tap
import tool
from peer import Datagrams, black_hole
from tap import contains, equal
from tool import LIMIT, events, expect, of_type


def listener():
    one = socket.socket()
    one.bind(("127.0.0.1", 0))
    one.listen(5)
    return one


def port_of(one):
    return one.getsockname()[1]


def test_one_open_port():
    with listener() as one:
        endpoint = f"tcp://127.0.0.1:{port_of(one)}"
        done = expect(0, "connect", "-z", endpoint)
        assert re.fullmatch(
            rf"{endpoint} open \(.*s\)\n", done.text
        ), done
        equal(done.err, "")


def test_one_closed_port_has_its_cause():
    with tool.closed_port() as port:
        endpoint = f"127.0.0.1:{port}"
        done = expect(4, "connect", "--probe", endpoint)
    contains(done.text, f"{endpoint} closed: connection refused (ECONNREFUSED)")
    with black_hole() as endpoint:
        done = expect(6, "connect", "-z", "--connect-timeout=200ms", endpoint)
        contains(done.text, "PIER_EDEADLINE")


def test_many_ports_in_order():
    with listener() as one, listener() as two, tool.closed_port() as closed:
        ports = sorted((port_of(one), port_of(two)))
        done = expect(
            1, "connect", "-z", f"127.0.0.1:{ports[1]},{closed},{ports[0]}"
        )
        equal(
            [line.split()[:2] for line in done.text.splitlines()],
            [
                [f"127.0.0.1:{ports[1]}", "open"],
                [f"127.0.0.1:{closed}", "closed:"],
                [f"127.0.0.1:{ports[0]}", "open"],
            ],
        )
        done = expect(0, "connect", "-z", f"127.0.0.1:{ports[0]},{ports[1]}")


def test_ranges_and_several_endpoints():
    with listener() as one, tool.scratch() as folder:
        path = f"{folder}/x.sock"
        with socket.socket(socket.AF_UNIX) as local:
            local.bind(path)
            local.listen(1)
            first = port_of(one)
            done = expect(
                1, "connect", "-z", "--json",
                f"tcp://127.0.0.1:{first}-{first + 99}", path,
            )
            lines = events(done, "connect")
            equal(len(lines), 101)
            assert lines[0]["open"] and lines[-1]["open"]
            equal(lines[-1]["endpoint"], path)
            equal(
                [line["endpoint"] for line in lines[:-1]],
                [
                    f"tcp://127.0.0.1:{port}"
                    for port in range(first, first + 100)
                ],
            )


def test_silent_ports_are_tried_together():
    with black_hole() as endpoint:
        started = time.monotonic()
        expect(
            1, "connect", "-z", "--connect-timeout=300ms", *[endpoint] * 40
        )
        assert time.monotonic() - started < LIMIT


def test_total_timeout_bounds_all_probes():
    with black_hole() as endpoint:
        started = time.monotonic()
        done = expect(1, "connect", "-z", "-w", "0.3", *[endpoint] * 3)
        assert time.monotonic() - started < LIMIT
        equal(done.text.count("PIER_EDEADLINE"), 3)


def upper(data):
    return [data.upper()]


def test_few_descriptors_close_no_port():
    with listener() as one, tool.closed_port() as closed:
        # Nobody accepts: all of them have to fit into its queue.
        one.listen(100)
        ports = ",".join([f"{port_of(one)},{closed}"] * 30)
        for host in ("127.0.0.1", "localhost"):
            done = expect(
                1, "connect", "-z", f"{host}:{ports}",
                preexec_fn=lambda: resource.setrlimit(
                    resource.RLIMIT_NOFILE, (14, 14)))
            equal(
                {line.split("(")[0].split()[1] for line in done.text.splitlines()
                 if str(port_of(one)) in line.split()[0]}, {"open"}, done)
            equal(done.text.count("(ECONNREFUSED)"), 30, done)


def test_standard_output_that_takes_nothing():
    with listener() as one:
        for endpoint in (f"127.0.0.1:{port_of(one)}", "127.0.0.1:1"):
            with open("/dev/full", "wb") as full:
                done = subprocess.run(
                    [tool.PIER, "connect", "-z", endpoint], stdout=full,
                    stderr=subprocess.PIPE, timeout=20, check=False)
            equal(done.returncode, 10)
            contains(done.stderr.decode(),
                     "pier: write: standard output: no room (ENOSPC)")


def test_datagram_and_answer():
    with Datagrams(upper) as peer:
        started = time.monotonic()
        done = expect(
            0, "connect", "-v", "--replies=1", "--wait=10s", peer.endpoint,
            stdin=b"hello",
        )
        assert time.monotonic() - started < LIMIT
        equal((done.out, peer.got), (b"HELLO", [b"hello"]))
        name = peer.socket.getsockname()
        contains(done.err, f"{name[0]}:{name[1]}: 5 bytes")
        contains(done.err, "sent 1 datagram (5 bytes), received 1 (5 bytes)")


def test_waits_for_late_answers():
    def slow(data):
        time.sleep(0.1)
        return [b"1", b"2"]

    with Datagrams(slow) as peer:
        done = expect(0, "connect", "--wait=1s", peer.endpoint, stdin=b"x")
        equal(done.out, b"12")


def test_too_few_replies():
    with Datagrams(upper) as peer:
        done = expect(
            6, "connect", "--replies=2", "--wait=200ms", peer.endpoint,
            stdin=b"x",
        )
        equal(done.out, b"X")
        contains(done.err, "1 of 2 replies within --wait 200ms")


def test_closed_udp_port():
    with tool.closed_port(socket.SOCK_DGRAM) as port:
        done = expect(4, "connect", f"udp://127.0.0.1:{port}", stdin=b"x")
    contains(done.err, "ECONNREFUSED")
    contains(done.err, "ss -uln")


def test_datagram_sizes():
    """From a file, where a read is never short as it may be from a pipe."""
    for size in (1, 1400, 9000, 65507):
        data = b"d" * size
        with Datagrams(lambda got: [got]) as peer, tool.scratch() as folder:
            with open(f"{folder}/input", "w+b") as file:
                file.write(data)
                file.seek(0)
                done = expect(
                    0, "connect", "--replies=1", "--wait=5s", peer.endpoint,
                    stdin=file,
                )
            equal((len(done.out), peer.got), (size, [data]))


def test_a_long_file_is_several_datagrams():
    with Datagrams(lambda got: []) as peer, tool.scratch() as folder:
        with open(f"{folder}/input", "w+b") as file:
            file.write(b"x" * 65510)
            file.seek(0)
            expect(0, "connect", "--wait=100ms", peer.endpoint, stdin=file)
        equal([len(data) for data in peer.got], [65507, 3])


def test_datagram_json():
    with Datagrams(upper) as peer:
        done = expect(
            0, "connect", "--json", "--replies=1", "--wait=5s", peer.endpoint,
            stdin="汉语 x".encode(),
        )
        lines = events(done, "connect")
        equal([x["type"] for x in lines], ["connected", "data", "close"])
        equal(lines[1]["data"], "汉语 X")
        equal(lines[1]["from"], lines[0]["peer"])
        equal(lines[2]["received_datagrams"], 1)
        assert "first" not in lines[2]


def test_datagram_bind():
    port = tool.free_port(socket.SOCK_DGRAM)
    with Datagrams(upper) as peer:
        done = expect(
            0, "connect", "--json", f"--bind=127.0.0.4:{port}", "--replies=1",
            "--wait=5s", peer.endpoint, stdin=b"x",
        )
        (line,) = of_type(events(done, "connect"), "connected")
        equal(line["local"], f"127.0.0.4:{port}")
        equal("resolve_s" in line, False, "a time that was not measured")
        assert line["elapsed_s"] > 0, line


def test_unix_datagrams():
    with tool.scratch() as folder:
        path = f"{folder}/d.sock"
        with Datagrams(upper, socket.AF_UNIX, path) as peer:
            done = expect(
                0, "connect", "--replies=1", "--wait=5s", peer.endpoint,
                stdin=b"unix",
            )
            equal(done.out, b"UNIX")


def test_datagram_timeouts():
    with Datagrams(lambda data: []) as peer:
        done = expect(
            6, "connect", "--wait=1h", "--first-byte-timeout=200ms",
            peer.endpoint, stdin=b"x",
        )
        contains(done.err, "--first-byte-timeout 200ms")
        done = expect(
            6, "connect", "-w", "200ms", peer.endpoint, stdin=None
        )
        contains(done.err, "--timeout 200ms")


if __name__ == "__main__":
    tap.main(globals())
