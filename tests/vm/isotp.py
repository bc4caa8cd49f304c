# SPDX-License-Identifier: MIT
"""ISO-TP on a kernel that has it: pier against can-utils and Python's sockets."""

import contextlib
import ctypes
import json
import os
import socket
import struct
import subprocess
import sys
import time

for folder in ("tests", "tests/cli"):
    sys.path.insert(0, os.path.join(os.environ["PIER_SOURCE"], folder))

import recipes  # noqa: E402
import recipes_isotp  # noqa: E402
import schema  # noqa: E402
import tap  # noqa: E402
import tool  # noqa: E402
from tap import contains, equal  # noqa: E402

PROTOCOL = 6
LEVEL = 106
PIDFD_GETFD = 438

# What frames make a difference to: one alone, one more byte, the most that one
# announces in 12 bits.
SIZES = [1, 7, 8, 4095]

HERE = "isotp://vcan7/7e0/7e8"
THERE = "isotp://vcan7/7e8/7e0"


def link(*words):
    subprocess.run(["/bin/ip", "link", *words], check=True)


def message(size):
    return bytes((7 * i + size) & 255 for i in range(size))


def text_of(data):
    return data.hex(" ").upper()


def sockets():
    """Sockets that hear an identifier as one end of ISO-TP does."""
    with open("/proc/net/can/rcvlist_sff", encoding="ascii") as lines:
        return sum(line.split()[-1:] == ["isotp"] for line in lines)


def heard(start):
    """What start() gives, once it hears."""
    before = sockets()
    started = start()
    tool.wait_until(lambda: sockets() > before)
    return started


@contextlib.contextmanager
def python(tx=0x7E8, rx=0x7E0, opts=None):
    with socket.socket(29, socket.SOCK_DGRAM, PROTOCOL) as one:
        if opts is not None:
            one.setsockopt(LEVEL, 1, opts)
        one.bind(("vcan7", rx, tx))
        one.settimeout(tool.LIMIT)
        yield one


def pier(*words, stdin=None):
    return subprocess.Popen(
        [tool.PIER, *words], stdin=stdin, stdout=subprocess.PIPE,
        stderr=subprocess.PIPE, text=True,
    )


def output(process):
    out, err = process.communicate(timeout=tool.LIMIT)
    equal(process.returncode, 0, err)
    return out


def test_set_up():
    done = tool.expect(10, "can", "isotp", "vcan7/1/2", "11")
    contains(done.err, "ip link add dev vcan7 type vcan")
    contains(tool.expect(10, "connect", "isotp://lo/1/2").err,
             "no CAN interface")
    link("add", "dev", "vcan7", "type", "vcan")
    link("set", "vcan7", "mtu", "72")
    done = tool.expect(10, "can", "isotp", "vcan7/1/2", "11")
    contains(done.err, "ip link set vcan7 up")
    link("set", "vcan7", "up")
    contains(tool.expect(10, "can", "isotp", "vcan7/1/1", "11").err,
             "both identifiers are the same")


def test_isotprecv_receives():
    for size in SIZES:
        theirs = heard(lambda: subprocess.Popen(
            ["isotprecv", "-s", "7e8", "-d", "7e0", "vcan7"],
            stdout=subprocess.PIPE, text=True,
        ))
        tool.expect(0, "can", "isotp", "vcan7/7e0/7e8", message(size).hex())
        out, _ = theirs.communicate(timeout=tool.LIMIT)
        equal(out.strip(), text_of(message(size)))


def test_isotpsend_sends():
    ours = heard(lambda: pier("can", "isotp", "vcan7/7e8/7e0", "--json",
                              "-c", str(len(SIZES))))
    for size in SIZES:
        subprocess.run(
            ["isotpsend", "-s", "7e0", "-d", "7e8", "vcan7"],
            input=text_of(message(size)), text=True, check=True,
        )
    events = [json.loads(line) for line in output(ours).splitlines()]
    equal([e["data"] for e in events if e["type"] == "message"],
          [message(size).hex() for size in SIZES])
    equal([events[-1][key] for key in ("type", "sent", "received")],
          ["isotp", 0, len(SIZES)])
    path = os.path.join(os.environ["PIER_SOURCE"], "docs/schema/can.json")
    with open(path, encoding="utf-8") as file:
        rules = json.load(file)
    for event in events:
        equal(schema.check(event, rules), [])


def test_a_question_and_its_answer():
    with python() as ecu:
        asking = pier("can", "isotp", HERE + "?pad=CC", "22", "F1", "90",
                      "-c", "1", "--for", "9s")
        equal(ecu.recv(100), b"\x22\xf1\x90")
        ecu.send(message(300))
        equal(output(asking), text_of(message(300)) + "\n")


def test_lines_of_standard_input():
    with python() as ecu:
        ours = pier("can", "isotp", HERE, "-", stdin=subprocess.PIPE)
        ours.stdin.write("01 02\n\n0A0B0C\n")
        equal(output(ours), "")
        equal([ecu.recv(100), ecu.recv(100)], [b"\1\2", b"\n\x0b\x0c"])
    done = tool.expect(8, "can", "isotp", HERE, "-", stdin=b"1 2\n12 345\n")
    contains(done.err, "line 2: an odd number of hexadecimal digits")


def test_options_reach_the_other_end():
    """Extended addressing, padding, a block size and a time between frames, which
    Python's end would not understand otherwise."""
    # Flags: extended, padding, padding of the peer, both checks.
    opts = struct.pack("=IIBBBB", 0x3E, 0, 0x55, 0xAA, 0xAA, 0)
    with python(opts=opts) as ecu:
        endpoint = HERE + ("?ext=55&pad=AA&rxpad=AA&check=all&bs=4&"
                           "stmin=100us")
        asking = pier("can", "isotp", endpoint, message(100).hex(), "-c", "1")
        equal(ecu.recv(200), message(100))
        ecu.send(message(200))
        equal(output(asking), text_of(message(200)) + "\n")


def test_fd():
    with socket.socket(29, socket.SOCK_DGRAM, PROTOCOL) as ecu:
        ecu.setsockopt(LEVEL, 5, bytes([72, 64, 1]))
        ecu.bind(("vcan7", 0x7E0, 0x7E8))
        ecu.settimeout(tool.LIMIT)
        asking = pier("can", "isotp", HERE + "?fd=1&brs=1",
                      message(1000).hex(), "-c", "1")
        equal(ecu.recv(2000), message(1000))
        ecu.send(message(60))
        equal(output(asking), text_of(message(60)) + "\n")


def test_served():
    with tool.Server("echo", THERE) as server:
        equal(server.endpoint, THERE)
        with python(tx=0x7E0, rx=0x7E8) as one:
            for size in SIZES:
                one.send(message(size))
                equal(one.recv(5000), message(size))
        done = tool.expect(0, "connect", HERE, "--lines", "--replies", "1",
                           stdin=b"a longer line than one frame\n")
        equal(done.out, b"a longer line than one frame\n")


def test_nobody_answers():
    """One frame needs no answer; more than one does."""
    tool.expect(0, "can", "isotp", HERE, "11")
    begin = time.monotonic()
    done = tool.expect(5, "can", "isotp", HERE, message(20).hex())
    assert time.monotonic() - begin > 0.9
    contains(done.err, "ECOMM")
    contains(done.err, "sent no flow control in time")
    contains(done.err, "does anybody send 7e8")
    done = tool.expect(6, "can", "isotp", HERE, message(20).hex(),
                       "--timeout", "100ms")
    contains(done.err, "the message is still on its way")


def test_what_breaks_off():
    with socket.socket(29, socket.SOCK_RAW, 1) as raw:
        raw.bind(("vcan7",))
        ours = heard(lambda: pier("can", "isotp", HERE, "-c", "1"))

        def put(data):
            raw.send(struct.pack("=IB3x8s", 0x7E8, len(data), data))

        put(b"\x10\x14\1\2\3\4\5\6")
        put(b"\x25\1\2\3\4\5\6\7")  # that is not the first
        line = ours.stderr.readline()
        contains(line, "a frame was missing")
        contains(ours.stderr.readline(), "hint: ")
        put(b"\x10\x14\1\2\3\4\5\6")
        contains(ours.stderr.readline(), "nothing more of it came")
        contains(ours.stderr.readline(), "hint: ")
        put(b"\x02\x11\x22")
        out, _ = ours.communicate(timeout=tool.LIMIT)
        equal(out, "11 22\n")
        equal(ours.returncode, 8)


def test_the_peer_has_no_room():
    with socket.socket(29, socket.SOCK_RAW, 1) as raw:
        raw.setsockopt(101, 1, struct.pack("=II", 0x7E0, 0x7FF))
        raw.bind(("vcan7",))
        raw.settimeout(tool.LIMIT)
        ours = pier("can", "isotp", HERE, message(20).hex())
        raw.recv(72)
        raw.send(struct.pack("=IB3x8s", 0x7E8, 3, b"\x32\0\0"))
        _, err = ours.communicate(timeout=tool.LIMIT)
        equal(ours.returncode, 8)
        contains(err, "has no room for so much")


def test_sniffed():
    ours = pier("can", "isotp", "--sniff", "-v", "-c", "2", HERE)
    contains(ours.stderr.readline(), "listening")
    with python() as ecu, python(tx=0x7E0, rx=0x7E8) as one:
        one.send(message(20))
        equal(ecu.recv(100), message(20))
        ecu.send(b"\x62")
        equal(one.recv(100), b"\x62")
    said = [line.split(" ", 1)[1] for line in output(ours).splitlines()]
    equal(said[0], "vcan7  7E0  [FF] ln: 20")
    equal(said[1], "vcan7  7E8  [FC] FC: 0 = CTS # BS: 0 # STmin: 0 us")
    equal(said[2:4], ["vcan7  7E0  [CF] sn: 1", "vcan7  7E0  [CF] sn: 2"])
    equal(said[4], "vcan7  7E0  [20]  " + text_of(message(20)))
    equal(said[5:], ["vcan7  7E8  [SF] ln: 1", "vcan7  7E8  [1]  62"])


def frames(dump, tx):
    """Data of the frames with an identifier that a candump -L heard."""
    out, _ = dump.communicate(timeout=tool.LIMIT)
    shown = [line.split()[2].split("#") for line in out.splitlines()]
    return [data for identifier, data in shown if identifier == tx]


def candump(count):
    before = len(raw_sockets())
    started = subprocess.Popen(
        ["candump", "-L", "-n", str(count), "vcan7"],
        stdout=subprocess.PIPE, text=True,
    )
    tool.wait_until(lambda: len(raw_sockets()) > before)
    return started


def raw_sockets():
    with open("/proc/net/can/rcvlist_all", encoding="ascii") as lines:
        return [line for line in lines if line.split()[-1:] == ["raw"]]


def receives(source):
    """One of those who hear 7df; each would answer by an identifier of its own."""
    return heard(lambda: subprocess.Popen(
        ["isotprecv", "-s", source, "-d", "7df", "vcan7"],
        stdout=subprocess.PIPE, text=True,
    ))


def test_a_broadcast_of_one_frame():
    """All who hear it have it; what needs flow control nobody would send."""
    both = [receives("7e8"), receives("7e9")]
    to_all = "isotp://vcan7/7df/7ff?broadcast=single"
    tool.expect(0, "can", "isotp", to_all, "3E80")
    for one in both:
        equal(one.communicate(timeout=tool.LIMIT)[0].strip(), "3E 80")
    done = tool.run("can", "isotp", to_all, message(20).hex())
    assert done.code not in (0, 5), done.code
    contains(done.err, "than one frame that is for all")
    contains(done.err, "fits one frame, broadcast=many more;")


def test_a_broadcast_of_many_frames():
    """They follow each other without flow control, which nobody sends: those who
    listen do not, either."""
    dump = candump(3)
    both = [heard(lambda: pier("can", "isotp", "vcan7/7e8/7df?listen=1",
                               "-c", "1")) for _ in range(2)]
    tool.expect(0, "can", "isotp", "isotp://vcan7/7df/7ff?broadcast=many",
                message(20).hex())
    for one in both:
        equal(output(one), text_of(message(20)) + "\n")
    kinds = [data[:2] for data in frames(dump, "7DF")]
    equal(kinds, ["10", "21", "22"])


def test_listens_between_two():
    dump = candump(4)
    with python() as ecu, python(tx=0x7E0, rx=0x7E8) as one:
        # What the first of them sends the other, heard as the other hears it.
        ours = heard(lambda: pier("can", "isotp", THERE + "?listen=1",
                                  "-c", "1"))
        one.send(message(20))
        equal(ecu.recv(100), message(20))
        equal(output(ours), text_of(message(20)) + "\n")
    # One answer by flow control: that of Python's end.
    out, _ = dump.communicate(timeout=tool.LIMIT)
    equal([line.split()[2][:6] for line in out.splitlines()],
          ["7E0#10", "7E8#30", "7E0#21", "7E0#22"])


def meanwhile(endpoint):
    """What pier has received that sends a message of many frames, when a message of
    one comes before the flow control, and another after the end."""
    with socket.socket(29, socket.SOCK_RAW, 1) as raw:
        raw.setsockopt(101, 1, struct.pack("=II", 0x7E0, 0x7FF))
        raw.bind(("vcan7",))
        raw.settimeout(tool.LIMIT)

        def put(data):
            raw.send(struct.pack("=IB3x8s", 0x7E8, len(data), data))

        ours = pier("can", "isotp", endpoint, message(20).hex(), "-c", "1")
        equal(raw.recv(16)[8], 0x10)
        put(b"\x02\x11\x22")
        put(b"\x30\0\0")
        equal([raw.recv(16)[8], raw.recv(16)[8]], [0x21, 0x22])
        put(b"\x02\x33\x44")
        return output(ours)


def test_one_way_at_a_time():
    equal(meanwhile(HERE), "11 22\n")
    equal(meanwhile(HERE + "?halfduplex=1"), "33 44\n")


def socket_of(process):
    """The socket of ISO-TP that a process has, by a descriptor of our own."""
    libc = ctypes.CDLL(None, use_errno=True)
    pidfd = os.pidfd_open(process.pid)
    try:
        for name in os.listdir(f"/proc/{process.pid}/fd"):
            if "socket:" not in os.readlink(f"/proc/{process.pid}/fd/{name}"):
                continue
            fd = libc.syscall(PIDFD_GETFD, pidfd, int(name), 0)
            if fd < 0:
                raise OSError(ctypes.get_errno(), "pidfd_getfd")
            # It does not tell its protocol; only such a socket has these.
            one = socket.socket(29, socket.SOCK_DGRAM, PROTOCOL, fileno=fd)
            with contextlib.suppress(OSError):
                one.getsockopt(LEVEL, 1, 12)
                return one
            one.close()
    finally:
        os.close(pidfd)
    raise AssertionError("it has no socket of ISO-TP")


def test_the_kernel_has_what_was_asked_for():
    endpoint = HERE + ("?waits=3&txgap=1ms&rxgap=2ms&frametime=70us&bs=8&stmin=3ms&"
                       "ext=11&rxext=22&fd=1&dl=48&brs=1&esi=1&halfduplex=1&"
                       "listen=1&pad=CC&rxpad=AA&check=all")
    ours = heard(lambda: pier("can", "isotp", endpoint))
    with socket_of(ours) as one:
        # struct can_isotp_options, _fc_options, TX_STMIN, RX_STMIN, _ll_options
        flags, frame_ns, *rest = struct.unpack("=IIBBBB",
                                               one.getsockopt(LEVEL, 1, 12))
        equal(flags, 0x3FF)
        equal((frame_ns, *rest), (70000, 0x11, 0xCC, 0xAA, 0x22))
        equal(one.getsockopt(LEVEL, 2, 3), bytes([8, 3, 3]))
        equal(one.getsockopt(LEVEL, 3), 1000000)
        equal(one.getsockopt(LEVEL, 4), 2000000)
        equal(one.getsockopt(LEVEL, 5, 3), bytes([72, 48, 3]))
    ours.terminate()
    ours.communicate(timeout=tool.LIMIT)


def test_what_this_kernel_has_not():
    """It would take the flag, and go on without."""
    if os.uname().release.startswith("6.1."):
        done = tool.run("can", "isotp", HERE + "?dynamic=1", "11")
        contains(done.err, "EOPNOTSUPP")
        contains(done.err, "since Linux 6.3")
        assert done.code != 0
    else:
        tool.expect(0, "can", "isotp", HERE + "?dynamic=1", "11")


def test_the_recipe():
    recipes.BUILD = os.environ["PIER_BUILD"]
    equal(recipes_isotp.no_isotp(), None)
    recipes_isotp.isotp()


def test_the_interface_goes_down():
    ours = heard(lambda: pier("can", "isotp", HERE))
    link("set", "vcan7", "down")
    _, err = ours.communicate(timeout=tool.LIMIT)
    equal(ours.returncode, 10)
    contains(err, "ip link set vcan7 up")
    link("del", "vcan7")


if __name__ == "__main__":
    tap.main(globals())
