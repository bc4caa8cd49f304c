#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""pier time against chronyd, ntpsec's ntpd and openntpd as servers, beside chronyd
-Q and ntpdig as clients, with the clock shifted by faketime, and its messages as
tshark takes them apart; in a network and mount namespace of its own.

No server touches the clock: chronyd has -x, the others no CAP_SYS_TIME. ntpsec and
openntpd cannot be installed beside chrony: see fetched.py.
"""

import contextlib
import json
import os
import re
import select
import shutil
import socket
import struct
import subprocess
import sys
import threading
import time

sys.path.insert(
    0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "cli")
)

import clocks  # noqa: E402
import fetched  # noqa: E402
import packets  # noqa: E402
import tap  # noqa: E402
import tool  # noqa: E402
from tap import contains, equal  # noqa: E402
from tool import events, expect, of_type, run  # noqa: E402

INSIDE = "PIER_TIME_NAMESPACE"


# ---- Servers ---------------------------------------------------------------


def tell(process):
    process.kill()
    said, _ = process.communicate(timeout=tool.LIMIT)
    return said.decode("utf-8", "replace")


@contextlib.contextmanager
def server(command, host, **kwargs):
    """A server that answers when this begins."""
    process = subprocess.Popen(command, stdout=subprocess.PIPE,
                               stderr=subprocess.STDOUT, **kwargs)

    def answers():
        assert process.poll() is None, tell(process)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
            one.connect((host, 123))
            with contextlib.suppress(ConnectionRefusedError):
                one.send(b"\x23" + bytes(39) + os.urandom(8))
                if select.select([one], [], [], 0.1)[0]:
                    return len(one.recv(100)) >= 48
        return False

    try:
        tool.wait_until(answers)
        yield process
    finally:
        process.terminate()
        process.communicate(timeout=tool.LIMIT)


@contextlib.contextmanager
def chronyd(*lines, host="127.0.0.1"):
    with tool.scratch() as folder:
        conf = os.path.join(folder, "chrony.conf")
        with open(conf, "w", encoding="ascii") as file:
            print("allow all", "cmdport 0", "bindcmdaddress /",
                  f"pidfile {folder}/pid", *(lines or ["local stratum 3"]),
                  sep="\n", file=file)
        with server(["chronyd", "-x", "-u", "root", "-d", "-f", conf], host):
            yield


def without_the_clock(*command):
    """No capability to set the clock comes back by exec."""
    return ["setpriv", "--bounding-set", "-sys_time", "--inh-caps", "-sys_time",
            *command]


def unpacked(name, program):
    why = fetched.lacking(name)
    if why:
        raise tap.Skip(why)
    return os.path.join(fetched.where(name), program)


def asked(*words, code=0, **kwargs):
    """The lines of pier time --json."""
    return events(expect(code, "time", "--json", *words, **kwargs), "time")


# ---- F1: the time ----------------------------------------------------------


def test_the_time_of_chronyd():
    with chronyd():
        for host in ("127.0.0.1", "[::1]:123", "udp://127.0.0.1:123"):
            done = expect(0, "time", "-v", host, env={"TZ": "UTC"})
            first, local, utc = done.text.splitlines()
            assert re.match(r"(127\.0\.0\.1|\[::1\]):123: offset ", first), first
            contains(first, "stratum 3, reference 127.127.1.1, root distance")
            assert re.fullmatch(
                r"\w{3} \w{3} [ \d]\d \d\d:\d\d:\d\d \d{4}", local), local
            assert re.fullmatch(r"\d{4}-\d\d-\d\dT[\d:]{8}\.\d{6}Z", utc), utc
            equal(len(re.findall(r"^pier:   \S+ +ok ", done.err, re.M)), 15)


def test_our_own_clock_is_right_within_the_bound():
    """chronyd has the clock of this machine, so the true offset is 0."""
    with chronyd():
        lines = asked("--samples", "8", "--interval", "1ms", "127.0.0.1")
    samples = of_type(lines, "exchange")
    equal(len(samples), 8)
    for one in samples:
        assert 2 * abs(one["offset_ns"]) <= one["delay_ns"] + 1000, one
        assert abs(one["offset_ns"]) <= one["bound_ns"], one
    (verdict,) = of_type(lines, "time")
    assert abs(verdict["offset_ns"]) <= verdict["bound_ns"], verdict
    assert any(one["t4_by_kernel"] for one in samples), samples
    assert any(one["t1_by_kernel"] for one in samples), samples


def test_what_the_server_says_is_shown():
    with chronyd("local stratum 7"):
        (one,) = of_type(asked("127.0.0.1"), "server")
    equal((one["stratum"], one["leap"], one["reference"]), (7, 0, "127.127.1.1"))


def test_a_server_that_denies_us_is_silent():
    with chronyd("local stratum 3", "deny 127.0.0.2"):
        done = expect(6, "time", "--bind", "127.0.0.2", "--wait", "20ms",
                      "--interval", "1ms", "127.0.0.1")
        contains(done.err, "no answer")


def test_chronyd_without_a_source_is_refused():
    with chronyd("server 127.0.0.9 iburst"):
        done = expect(1, "time", "-v", "127.0.0.1")
        assert re.search(r"synced +FAILED", done.err), done
        contains(done.err.splitlines()[-1], "not synchronised")


# ---- F2: beside others -----------------------------------------------------


def client(command):
    return subprocess.run(command, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, check=False,
                          timeout=tool.LIMIT).stdout


def test_beside_chronyd_and_ntpdig():
    """All three ask the same server and find the same; how well each does it is
    what bench/clocks.py measures."""
    if shutil.which("ntpdig") is None:
        raise tap.Skip("no ntpdig here")
    with chronyd(), tool.scratch() as folder:
        said = client([
            "chronyd", "-Q", "-t", "10", "server 127.0.0.1 iburst maxsamples 1",
            "cmdport 0", "bindcmdaddress /", f"pidfile {folder}/pid"])
        theirs = float(re.search(r"wrong by (-?[0-9.]+)", said)[1])
        dig = json.loads(client(["ntpdig", "-j", "127.0.0.1"]))
        (ours,) = of_type(asked("127.0.0.1"), "server")
    for offset in (theirs, dig["offset"], ours["offset_ns"] / 1e9):
        assert abs(offset) < 1, (said, dig, ours)
    equal(dig["stratum"], ours["stratum"])


def can_be_shifted():
    """Not with a sanitizer, which hangs when faketime is asked for the time
    before it has begun."""
    with open(tool.PIER, "rb") as file:
        program = file.read()
    return (shutil.which("faketime") is not None
            and b"__asan_init" not in program and b"__tsan_init" not in program)


def test_a_shifted_clock_is_found_within_half_the_delay():
    if not can_be_shifted():
        raise tap.Skip("no faketime here, or this build cannot be run by it")
    with chronyd():
        for shift in (1000.5, -7200.25, 86400 * 365):
            done = subprocess.run(
                ["faketime", "-f", f"{shift:+}s", tool.PIER, "time", "--json",
                 "127.0.0.1"], stdout=subprocess.PIPE, check=True,
                env={**tool.ENV, "DONT_FAKE_MONOTONIC": "1"},
                timeout=tool.LIMIT).stdout
            lines = [json.loads(line) for line in done.splitlines()]
            (one,) = of_type(lines, "exchange")
            error = one["offset_ns"] + round(shift * 1e9)
            # faketime counts in floating point, so to a microsecond.
            assert 2 * abs(error) <= one["delay_ns"] + 2000, (shift, one)
            # The kernel's clock is not shifted: its stamp would be no T4.
            equal((one["t1_by_kernel"], one["t4_by_kernel"]), (False, False))


def answer_the_second(one):
    """A server that misses the first request, and is right in its answer to the
    next."""
    one.recv(100)
    request, sender = one.recvfrom(100)
    now = time.time() + 2208988800
    stamp = struct.pack("!II", int(now), int(now % 1 * 2**32))
    one.sendto(struct.pack("!BBbbII4s", 0x24, 1, 0, -20, 0, 0, b"LOCL") + stamp
               + request[40:48] + stamp + stamp, sender)


def test_each_request_has_a_stamp_of_its_own():
    """The time that a lost one took is no part of the next one's delay."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
        one.settimeout(tool.LIMIT)
        one.bind(("127.0.0.9", 0))
        thread = threading.Thread(target=answer_the_second, args=(one,))
        thread.start()
        lines = asked("--wait", "1s", f"127.0.0.9:{one.getsockname()[1]}")
        thread.join()
        server_end = of_type(lines, "server")[0]
        equal((server_end["sent"], server_end["samples"]), (2, 1))
        assert server_end["delay_ns"] < 500000000, server_end
        assert abs(server_end["offset_ns"]) < 500000000, server_end


def test_one_of_three_is_marked():
    """Two chronyd are right, and a liar is 10 s off."""
    with chronyd(), clocks.Clock(offset=10) as liar, \
            chronyd("local stratum 4", "bindaddress 127.0.0.3",
                    host="127.0.0.3"):
        done = expect(0, "time", "127.0.0.1", liar.host, "127.0.0.3")
    lines = done.text.splitlines()
    equal([line.rpartition(", ")[2] for line in lines[:3]],
          ["agrees", "falseticker", "agrees"])
    contains(lines[5], "2 of 3 servers agree")


# ---- Messages --------------------------------------------------------------


class Wire:
    """All IPv4 packets on the loopback interface, while it is open; of this
    protocol alone they come once, at their end."""

    def __enter__(self):
        self.packets = []
        self.socket = socket.socket(socket.AF_PACKET, socket.SOCK_RAW,
                                    socket.htons(0x0800))
        self.socket.bind(("lo", 0x0800))
        self.ending, self.end = socket.socketpair()
        self.thread = threading.Thread(target=self.listen, daemon=True)
        self.thread.start()
        return self

    def listen(self):
        """To the end also of what is there by then."""
        while True:
            ready = select.select([self.socket, self.ending], [], [])[0]
            if self.socket not in ready:
                return
            self.packets.append(self.socket.recv(65536))

    def __exit__(self, *_):
        self.end.close()
        self.thread.join(tool.LIMIT)
        self.ending.close()
        self.socket.close()


def dissected(wire, port):
    """What tshark makes of them."""
    with tool.scratch() as folder:
        path = os.path.join(folder, "wire.pcap")
        packets.write(path, wire.packets)
        said = subprocess.run(
            ["tshark", "-r", path, "-d", f"udp.port=={port},ntp", "-T", "json",
             "-Y", "ntp"],
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=True,
            env={**os.environ, "HOME": folder}, timeout=60).stdout
    return [one["_source"]["layers"] for one in json.loads(said)]


def everything(tree):
    """Each (name, value) in what tshark says."""
    for key, value in tree.items():
        if isinstance(value, dict):
            yield key, ""
            yield from everything(value)
        else:
            yield key, value


def check_ntp(layers, mode):
    found = dict(everything(layers))
    wrong = [key for key in found if "malformed" in key or "expert" in key]
    equal(wrong, [], found)
    equal((found["ntp.flags.mode"], found["ntp.flags.vn"]), (str(mode), "4"))


def test_tshark_finds_nothing_malformed():
    if shutil.which("tshark") is None:
        raise tap.Skip("no tshark here")
    with chronyd(), tool.Server("ntp", "udp://127.0.0.1:0") as ours, \
            Wire() as wire:
        asked("--samples", "3", "--interval", "1ms", "127.0.0.1")
        expect(0, "time", f"127.0.0.1:{ours.port()}")
        port = ours.port()
    seen = {}
    for layers in dissected(wire, port):
        ports = layers["udp"]["udp.srcport"], layers["udp"]["udp.dstport"]
        there = next(one for one in ports if one in ("123", str(port)))
        way = 3 if ports[1] == there else 4
        check_ntp(layers, way)
        seen[there, way] = seen.get((there, way), 0) + 1
    # Those who waited for chronyd may be there, too.
    assert seen["123", 3] >= 3 and seen["123", 4] >= 3, seen
    equal((seen[str(port), 3], seen[str(port), 4]), (1, 1))


def test_a_request_tells_less_than_ntpdigs():
    """ntpdig sends its clock; pier's number is random."""
    if shutil.which("ntpdig") is None:
        raise tap.Skip("no ntpdig here")

    def sent(command):
        with Wire() as wire:
            client(command)
        bodies = [packet[42:90] for packet in wire.packets
                  if packet[36:38] == (123).to_bytes(2, "big")]
        assert bodies, wire.packets
        return [abs(clocks.read(one)["transmit"] - clocks.stamp(time.time()))
                >> 32 for one in bodies], bodies

    with chronyd():
        away, _ = sent(["ntpdig", "127.0.0.1"])
        assert max(away) < 86400, away
        away, bodies = sent([tool.PIER, "time", "--samples", "4", "--interval",
                             "1ms", "127.0.0.1"])
    equal(len(bodies), 4)
    equal({body[:40] for body in bodies}, {b"\x23" + bytes(39)})
    # By chance one may be within a day of now: one in 25000 of four.
    assert max(away) > 86400, away


# ---- Servers that have no time ---------------------------------------------


def refused(host):
    done = expect(1, "time", "-v", host)
    equal(done.out.count(b"offset"), 0, done)
    assert re.search(r"kiss +FAILED|synced +FAILED", done.err), done
    line = done.err.splitlines()[-1]
    assert line.startswith(f"pier: {host}:123: "), done
    contains(line, "not synchronised")
    exchange, told, verdict = asked(host, code=1)
    assert exchange["result"] in ("denied", "rejected"), exchange
    equal(exchange["leap"], 3)
    equal((told["state"], told["samples"]), ("refused", 0))
    equal(verdict["usable"], 0)


def test_ntpsec_unsynchronised_is_refused():
    ntpd = unpacked("ntpsec", "usr/sbin/ntpd")
    with tool.scratch() as folder:
        conf = os.path.join(folder, "ntp.conf")
        with open(conf, "w", encoding="ascii") as file:
            file.write("restrict default\nserver 127.0.0.9 iburst\n")
        with server(without_the_clock(ntpd, "-n", "-c", conf), "127.0.0.1"):
            refused("127.0.0.1")


def test_openntpd_unsynchronised_is_refused():
    ntpd = unpacked("openntpd", "usr/sbin/ntpd")
    with tool.scratch() as folder:
        fetched.add_user(folder, "ntpd")
        subprocess.run(["mount", "-t", "tmpfs", "none", "/var/lib"], check=True)
        os.makedirs("/var/lib/openntpd/run")
        os.makedirs("/var/lib/openntpd/db")
        conf = os.path.join(folder, "ntpd.conf")
        with open(conf, "w", encoding="ascii") as file:
            file.write("listen on 127.0.0.2\nserver 127.0.0.9\n")
        try:
            with server(without_the_clock(ntpd, "-d", "-f", conf), "127.0.0.2"):
                refused("127.0.0.2")
        finally:
            subprocess.run(["umount", "/var/lib"], check=True)
            for path in ("passwd", "group"):
                subprocess.run(["umount", f"/etc/{path}"], check=False,
                               stderr=subprocess.DEVNULL)


# ---- The namespace ---------------------------------------------------------


def missing():
    for name in ("ip", "unshare", "mount", "setpriv", "chronyd"):
        if shutil.which(name) is None:
            return f"no {name} here"
    if os.geteuid() != 0:
        return "needs root for a network namespace"
    if subprocess.run(["unshare", "-nm", "true"], check=False).returncode:
        return "cannot make a network namespace"
    return None


def main():
    if INSIDE in os.environ:
        subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
        tap.main(globals())
    why = missing()
    if why:
        print(f"1..0 # SKIP {why}")
        return 0
    # There is no network where this goes on.
    fetched.lacking("ntpsec", "openntpd")
    os.environ[INSIDE] = "1"
    os.execvp("unshare", ["unshare", "-nm", "--propagation", "private",
                          sys.executable, "-B", *sys.argv])


if __name__ == "__main__":
    sys.exit(main())
