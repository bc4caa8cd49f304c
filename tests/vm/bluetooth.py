# SPDX-License-Identifier: MIT
"""RFCOMM and L2CAP of the tool between two virtual controllers, beside Python's
sockets and BlueZ's rctest and l2test.

A device that does not answer is not among the cases: Linux 6.1 breaks a list of
its own when it gives up on one, and panics soon after.
"""

import contextlib
import json
import os
import socket
import struct
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.environ["PIER_SOURCE"], "tests", "cli"))

import bluetooth_bed as bed  # noqa: E402 (beside this)
import tap  # noqa: E402
import tool  # noqa: E402
from tap import contains, equal  # noqa: E402

HCI1 = bed.HCI1
PSM = 0x1001


def rfcomm():
    one = socket.socket(
        socket.AF_BLUETOOTH, socket.SOCK_STREAM, socket.BTPROTO_RFCOMM
    )
    one.settimeout(tool.LIMIT)
    return one


def l2cap():
    one = socket.socket(
        socket.AF_BLUETOOTH, socket.SOCK_SEQPACKET, socket.BTPROTO_L2CAP
    )
    one.settimeout(tool.LIMIT)
    return one


def listening(one, number):
    one.bind((HCI1, number))
    one.listen()
    return one


def all_of(one):
    """What a peer sent until it ended, which the kernel calls a reset."""
    said = b""
    with contextlib.suppress(ConnectionResetError):
        while data := one.recv(4096):
            said += data
    return said


def quickly(code, *words, **more):
    """pier, which must end so, and in no time beside the kernel's twenty
    seconds."""
    started = time.monotonic()
    done = tool.expect(code, *words, **more)
    took = time.monotonic() - started
    if took > 10:
        raise AssertionError(f"{words} took {took:.1f} s")
    return done


def await_line(process, part):
    """Lines of a program's standard error, up to one that has this."""
    for line in process.stderr:
        if part in line:
            return line
    raise AssertionError(f"it ended without {part!r}")


@contextlib.contextmanager
def program(*words):
    """A program of BlueZ, which tells on standard error what it does."""
    with subprocess.Popen(
        words,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            yield process
        finally:
            process.kill()


# ---- Nothing to send by ------------------------------------------------


def test_no_controller():
    bed.stop()
    for words in (
        ("connect", f"rfcomm://{HCI1}/1"),
        ("connect", f"l2cap://{HCI1}/0x80?le=public"),
        ("serve", "echo", f"l2cap://*/{PSM}"),
    ):
        done = quickly(10, *words)
        contains(done.err, "this machine has no Bluetooth controller")
        contains(done.err, "pier bt list")


def test_controllers_are_off():
    bed.start()
    for index in (0, 1):
        management.power(index, False)
    try:
        refused_while_off()
    finally:
        bed.prepare(management)


def refused_while_off():
    for words in (
        ("connect", f"rfcomm://{HCI1}/1"),
        ("connect", f"l2cap://{HCI1}/{PSM}"),
        ("serve", "echo", "rfcomm://*/1"),
    ):
        done = quickly(10, *words)
        contains(done.err, "hci0 is off")
        contains(done.err, "bluetoothctl power on")
    done = quickly(10, "connect", f"rfcomm://{HCI1}/1", "--bind", "hci1")
    contains(done.err, "hci1 is off")


# ---- RFCOMM ------------------------------------------------------------


def test_python_asks_rfcomm():
    with tool.Server("echo", f"rfcomm://{HCI1}/3") as server, rfcomm() as one:
        equal(server.endpoint, f"rfcomm://{HCI1}/3")
        one.connect((HCI1, 3))
        for size in (1, 100, 5000):
            one.sendall(b"x" * size)
            left = size
            while left:
                left -= len(one.recv(left))


def test_python_serves_rfcomm():
    with listening(rfcomm(), 4) as one, subprocess.Popen(
        [tool.PIER, "connect", f"rfcomm://{HCI1}/4", "--eof-wait", "20s"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as asking:
        server, (device, _) = one.accept()
        equal(device, bed.HCI0)
        asking.stdin.write(b"from the tool\n")
        asking.stdin.close()
        asking.stdin = None
        with server:
            server.settimeout(tool.LIMIT)
            equal(server.recv(100), b"from the tool\n")
            server.sendall(b"from python\n" * 1000)
        # Its end comes behind all that it said.
        equal(asking.communicate(timeout=tool.LIMIT)[0], b"from python\n" * 1000)
        equal(asking.returncode, 0, "status")


def test_tool_and_tool_by_rfcomm():
    """No half to close: the answer is there once it is silent."""
    text = b"".join(b"line %d\n" % number for number in range(2000))
    with tool.Server("upper", "rfcomm://*/0") as server:
        channel = server.endpoint.rsplit("/", 1)[1]
        done = tool.expect(
            0, "connect", "-v", f"rfcomm://{HCI1}/{channel}", "--bind", "hci0",
            stdin=text,
        )
        equal(done.out, text.upper())
        contains(done.err, f"-> rfcomm:{HCI1}/{channel}")


def test_all_is_sent_before_the_end():
    """A handler that has said its lines and ends, in a process of its own."""
    with tool.Server(
        f"rfcomm://{HCI1}/5", "--model", "fork", late=("--exec", "seq", "1000")
    ):
        done = tool.expect(
            0, "connect", f"rfcomm://{HCI1}/5", "--on-peer-end", "end",
            stdin=None,
        )
        equal(done.out.split()[-1], b"1000")
        equal(len(done.out.split()), 1000)


def test_rctest_sends():
    with tool.scratch() as folder:
        path = os.path.join(folder, "said")
        with tool.Server(
            f"rfcomm://{HCI1}/6", late=("--shell", f"cat >{path}; mv {path} {path}.all"),
        ):
            # It may meet the end of what the stream before it had shared.
            tool.wait_until(lambda: subprocess.run(
                ["rctest", "-s", "-N", "20", "-b", "500", "-P", "6", HCI1],
                stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL, timeout=tool.LIMIT, check=False,
            ).returncode == 0)
            tool.wait_until(lambda: os.path.exists(f"{path}.all"))
            equal(os.path.getsize(f"{path}.all"), 20 * 500)


def test_rctest_receives():
    with program("rctest", "-r", "-i", "hci1", "-b", "512", "-P", "7") as theirs:
        await_line(theirs, "Waiting for connection")
        with open("/dev/zero", "rb") as zeros:
            tool.expect(
                0, "connect", f"rfcomm://{HCI1}/7", "--eof-wait", "100ms",
                stdin=zeros.read(512 * 100),
            )
        await_line(theirs, "Disconnect")


def test_closed_channel_is_refused():
    done = quickly(4, "connect", f"rfcomm://{HCI1}/29")
    contains(done.err, "nothing listens there")
    contains(done.err, f"pier bt sdp {HCI1}")


# ---- L2CAP -------------------------------------------------------------


def test_python_asks_l2cap():
    with tool.Server("echo", f"l2cap://{HCI1}/{PSM:#x}") as server:
        equal(server.endpoint, f"l2cap://{HCI1}/{PSM:#x}")
        with l2cap() as one:
            one.connect((HCI1, PSM))
            for size in (1, 48, 672):
                one.send(b"y" * size)
                equal(one.recv(1000), b"y" * size)


def test_python_serves_l2cap():
    """Messages that were sent before the end come before it, each whole."""
    with listening(l2cap(), PSM) as one, subprocess.Popen(
        [tool.PIER, "connect", f"l2cap://{HCI1}/{PSM}", "--lines", "--wait", "20s"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as asking:
        server, (device, _) = one.accept()
        equal(device, bed.HCI0)
        asking.stdin.write(b"one\ntwo\n")
        asking.stdin.close()
        asking.stdin = None
        with server:
            server.settimeout(tool.LIMIT)
            equal(server.recv(100), b"one\n")
            equal(server.recv(100), b"two\n")
            for number in range(20):
                server.send(b"answer %d\n" % number)
        lines = asking.communicate(timeout=tool.LIMIT)[0].splitlines()
        equal(lines, [b"answer %d" % number for number in range(20)])
        equal(asking.returncode, 0, "status")


def test_sizes_of_messages():
    """What is longer than the peer takes is an error; a long stream is cut to
    what it takes."""
    with tool.Server("echo", f"l2cap://*/{PSM}?mtu=100"):
        with l2cap() as one:
            one.connect((HCI1, PSM))
            one.send(b"z" * 100)
            equal(one.recv(1000), b"z" * 100)
            try:
                one.send(b"z" * 101)
            except OSError as refused:
                contains(str(refused), "too long")
            else:
                raise AssertionError("101 bytes went")
        done = tool.expect(
            0, "connect", f"l2cap://{HCI1}/{PSM}", "--replies", "3", "--wait",
            "20s", stdin=b"z" * 250,
        )
        equal(done.out, b"z" * 250)
        done = tool.expect(
            8, "connect", f"l2cap://{HCI1}/{PSM}", "--lines", "--wait", "10ms",
            stdin=b"z" * 250,
        )
        contains(done.err, "a line of more than 100 bytes")


def test_streams_on_messages():
    """A program's output is cut to what the channel takes."""
    with tool.Server(f"l2cap://*/{PSM}", late=("--exec", "seq", "1000")):
        done = tool.expect(
            0, "connect", f"l2cap://{HCI1}/{PSM}", "--wait", "20s", stdin=None
        )
        equal(len(done.out.split()), 1000)


def test_l2test_sends():
    """It has to stay: what it has not sent is gone with its channel."""
    with tool.scratch() as folder:
        path = os.path.join(folder, "said")
        with tool.Server(
            f"l2cap://{HCI1}/0x1003", late=("--shell", f"cat >{path}")
        ), program(
            "l2test", "-y", "-N", "20", "-b", "600", "-P", "4099", HCI1
        ):
            tool.wait_until(
                lambda: os.path.exists(path) and os.path.getsize(path) == 12000
            )


def test_l2test_receives():
    with program(
        "l2test", "-r", "-i", "hci1", "-b", "672", "-P", "4101"
    ) as theirs:
        await_line(theirs, "Waiting for connection")
        tool.expect(
            0, "connect", f"l2cap://{HCI1}/0x1005", "--wait", "100ms",
            stdin=b"m" * 672 * 5,
        )
        await_line(theirs, "Disconnect")


def test_closed_psm_is_refused():
    contains(quickly(4, "connect", f"l2cap://{HCI1}/0x10fd").err, "PSMs")


# ---- Low Energy --------------------------------------------------------


def test_low_energy():
    management.advertise(1, True)
    try:
        with tool.Server("echo", f"l2cap://{HCI1}/0x80?le=public") as server:
            equal(server.endpoint, f"l2cap://{HCI1}/0x80?le=public")
            done = quickly(
                0, "connect", server.endpoint, "--replies", "1", "--wait",
                "20s", stdin=b"over the air",
            )
            equal(done.out, b"over the air")
    finally:
        management.advertise(1, False)


def test_low_energy_refused():
    management.advertise(1, True)
    try:
        done = quickly(4, "connect", f"l2cap://{HCI1}/0x90?le=public")
        contains(done.err, "nothing listens there")
    finally:
        management.advertise(1, False)


def test_l2test_by_low_energy():
    management.advertise(1, True)
    try:
        with program(
            "l2test", "-r", "-i", "hci1", "-V", "le_public", "-P", "130"
        ) as theirs:
            await_line(theirs, "Waiting for connection")
            quickly(
                0, "connect", f"l2cap://{HCI1}/130?le=public", "--wait",
                "100ms", stdin=b"n" * 300,
            )
            await_line(theirs, "Disconnect")
        with tool.Server("-v", "discard", f"l2cap://{HCI1}/132?le=public"):
            subprocess.run(
                ["l2test", "-s", "-N", "5", "-b", "200", "-V", "le_public",
                 "-P", "132", HCI1],
                stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL, timeout=tool.LIMIT, check=True,
            )
    finally:
        management.advertise(1, False)


# ---- Options -----------------------------------------------------------


def test_what_cannot_be():
    for words, code, part in (
        (("connect", f"rfcomm://{HCI1}/3", "--bind", "hci9"), 10,
         "no controller of this machine is that"),
        (("connect", f"rfcomm://{HCI1}/3", "--bind", "00:00:00:00:00:09"), 10,
         "no controller of this machine is that"),
        (("serve", "echo", "rfcomm://00:00:00:00:00:09/3"), 10,
         "no controller of this machine is that"),
    ):
        contains(quickly(code, *words).err, part)


def test_channel_in_use():
    with tool.Server("echo", f"rfcomm://{HCI1}/8"):
        done = quickly(10, "serve", "echo", f"rfcomm://{HCI1}/8")
        contains(done.err, "channel 0 takes a free one")


def test_options_of_the_socket():
    """And a thread for each connection."""
    endpoint = f"rfcomm://{HCI1}/9?security=low&sndbuf=64k"
    with tool.Server("daytime", endpoint, "--model", "thread"):
        done = tool.expect(
            0, "connect", endpoint, "--on-peer-end", "end", stdin=None
        )
        contains(done.text, "-UTC")


def values(one, *words):
    """What pier opt tells of a socket of this program, by name."""
    done = tool.expect(
        0, "opt", "--fd", str(one.fileno()), "--json", *words,
        pass_fds=[one.fileno()],
    )
    lines = [json.loads(line) for line in done.out.splitlines()]
    return {line["name"]: line for line in lines if "name" in line}


def test_options_are_those_of_python():
    with listening(l2cap(), 0x1021) as listener, l2cap() as one:
        values(one, "--set", "bluetooth.security=level=1",
               "--set", "bluetooth.flushable=1")
        equal(one.getsockopt(274, 4, 2)[0], 1, "security")
        equal(one.getsockopt(274, 8), 1, "flushable")
        one.connect((HCI1, 0x1021))
        server, _ = listener.accept()
        with server:
            told = values(one)
            raw = struct.unpack("=HHHBBBxH", one.getsockopt(6, 1, 12))
            equal([int(str(field).rstrip("B")) for field in
                   told["l2cap.options"]["value"].values()], list(raw), "options")
            handle, = struct.unpack("=H", one.getsockopt(6, 2, 6)[:2])
            equal(told["l2cap.conninfo"]["value"]["handle"], handle)
    with rfcomm() as one:
        values(one, "--set", "rfcomm.lm=auth")
        equal(one.getsockopt(18, 3), 2, "RFCOMM_LM_AUTH")


if __name__ == "__main__":
    with bed.controllers(on=False) as management:
        tap.main(globals())
