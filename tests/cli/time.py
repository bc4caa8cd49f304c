# SPDX-License-Identifier: MIT
"""pier time: conversions against Python's own, and servers that say anything."""

import datetime
import fcntl
import os
import pty
import random
import re
import select
import signal
import socket
import struct
import subprocess
import termios
import time

import clocks
import tap
import tool
from clocks import Clock, answer
from tap import contains, equal
from tool import events, expect, of_type, run

ZONE = {"TZ": "UTC"}


def usage(*words):
    """The lines of a usage error."""
    done = expect(2, *words)
    equal(done.out, b"", "standard output")
    return done.err


# ---- Conversion ------------------------------------------------------------

def convert(*values, zone="UTC"):
    words = [word for value in values for word in ("--convert", value)]
    return events(expect(0, "time", "--json", *words, env={"TZ": zone}), "time")


def test_convert_shows_the_moment_of_the_textbook():
    done = expect(0, "time", "--convert", "ntp:3602328578", env=ZONE)
    equal(done.text.splitlines(), [
        "ntp:3602328578 as seconds of NTP:",
        "  local  Tue Feb 25 14:49:38 2014 (UTC, +00:00)",
        "  utc    2014-02-25T14:49:38Z",
        "  unix   1393339778",
        "  ntp    3602328578, era 0",
        "  ntp64  0xd6b72c0200000000",
    ])
    both = expect(0, "time", "--convert", "3602328578", env=ZONE).text
    contains(both, "3602328578 as seconds of NTP:")
    contains(both, "3602328578 as seconds of Unix:")


def test_convert_agrees_with_python():
    chance = random.Random(2036)
    zone = datetime.timezone.utc
    moments = [0, -1, 2085978495, 2085978496, 1393339778, 4102444800]
    moments += [chance.randrange(-60000000000, 250000000000) for _ in range(14)]
    for seconds, line in zip(moments, convert(*(f"@{m}" for m in moments))):
        date = (datetime.datetime(1970, 1, 1, tzinfo=zone)
                + datetime.timedelta(seconds=seconds))
        equal(line["utc"], date.replace(tzinfo=None).isoformat() + "Z")
        equal(line["local"], date.ctime())
        equal(line["unix"], str(seconds))
        equal(divmod(seconds + clocks.UNIX, 2**32),
              (line["ntp_era"], line["ntp_s"]))
        equal(int(line["ntp64"], 16), line["ntp_s"] << 32)
    # And each form back to the same moment.
    for seconds, line in zip(moments, convert(*(f"@{m}" for m in moments))):
        era = line["ntp_era"]
        back = convert(line["utc"], line["local"], f"ntp:{era}:{line['ntp_s']}",
                       f"ntp:{era}:{line['ntp64']}")
        equal({one["unix_s"] for one in back}, {seconds})
        equal([one["read_as"] for one in back],
              ["date", "date", "ntp", "ntp64"])


def test_convert_knows_the_local_zone():
    (line,) = convert("2014-07-01 12:00", zone="CET-1CEST,M3.5.0,M10.5.0/3")
    equal(line["utc"], "2014-07-01T10:00:00Z")
    equal(line["zone"], "CEST, +02:00")
    equal(line["local"], "Tue Jul  1 12:00:00 2014")
    now, early = convert("now", "1970-01-01")
    assert abs(now["unix_s"] - time.time()) < 3600, now
    equal(early["unix"], "0")


def test_convert_refuses_what_is_no_moment():
    for value in ("", "12x", "2014-02-30", "0xd6b7", "@253402300800"):
        said = usage("time", "--convert", value)
        contains(said, f"'{value}' is no moment")
        contains(said, "hint: such as 3602328578")
    # One that is wrong: nothing is shown of the others either.
    usage("time", "--convert", "1", "--convert", "x")
    contains(usage("time", "--convert", "1", "host"), "'host' is a server")
    usage("time", "--convert", "1", "--watch")


# ---- One server ------------------------------------------------------------

def test_the_time_is_three_lines():
    with Clock(offset=3600) as clock:
        done = expect(0, "time", clock.host, env=ZONE)
        first, local, utc = done.text.splitlines()
        assert re.fullmatch(
            rf"127\.0\.0\.1:{clock.port}: offset \+3\d{{3}}\.\d{{6}} s ± \S+ ms,"
            r" delay \S+ .s, stratum 2, reference 10\.1\.2\.3, "
            r"root distance 9\.765625 ms", first), first
        there = time.time() + 3600
        when = datetime.datetime.strptime(utc, "%Y-%m-%dT%H:%M:%S.%fZ")
        when = when.replace(tzinfo=datetime.timezone.utc)
        assert abs(when.timestamp() - there) < tool.LIMIT, utc
        equal(local, when.ctime(), "in ctime form")
        equal(done.err, "")
        # The local zone is that of TZ.
        done = expect(0, "time", clock.host, env={"TZ": "XYZ-5"})
        _, local, utc = done.text.splitlines()
        when = datetime.datetime.strptime(utc, "%Y-%m-%dT%H:%M:%S.%fZ")
        equal(local, (when + datetime.timedelta(hours=5)).ctime())


def test_v_shows_timestamps_and_checks():
    with Clock() as clock:
        said = expect(0, "time", "-v", clock.host).err
    for name in ("T1", "T2", "T3", "T4"):
        assert re.search(rf"  {name} \d{{4}}-\S+\.\d{{9}}Z  \w", said), said
    contains(said, "offset ((T2 - T1) + (T3 - T4)) / 2 = ")
    equal(len(re.findall(r"^pier:   \S+ +ok ", said, re.M)), 15, said)
    assert "FAILED" not in said and "not made" not in said, said


REFUSED = [
    # What the server says, the check, words of the line, the exit code.
    ({"leap": 3}, "synced", "leap 3: the server's clock is not", 1),
    ({"stratum": 16}, "stratum", "stratum 16: the server's clock", 1),
    ({"stratum": 17}, "stratum", "stratum 17", 8),
    ({"stratum": 0, "id": b"DENY"}, "kiss", "kiss code DENY", 1),
    ({"stratum": 0, "id": b"XFOO"}, "kiss", "kiss code XFOO", 1),
    ({"receive": 0}, "receive", "receive 0", 8),
    ({"transmit": 0}, "transmit", "transmit 0", 8),
    ({"receive": clocks.stamp(2e9)}, "order", "before the request came", 8),
    ({"reference": clocks.stamp(2.5e9)}, "reference", "was set after", 8),
    ({"dispersion": 16 << 16}, "root", "root distance 16", 8),
]


def test_each_check_is_named_and_ends_it():
    for fields, check, words, code in REFUSED:
        with Clock(**fields) as clock:
            done = run("time", "-v", "--json", clock.host)
        equal(done.code, code, f"{fields}: {done}")
        contains(done.err, words)
        assert re.search(rf"{check} +FAILED +.*{words}", done.err), done
        (exchange,) = of_type(events(done, "time"), "exchange")
        equal(exchange["failed"], check)
        equal(exchange["checks"][check], "failed")
        (server,) = of_type(events(done, "time"), "server")
        contains(server["text"], words)
        # The error is one line, and names who it was.
        said = [line for line in done.err.splitlines()
                if not line.startswith("hint:")][-1]
        assert re.search(rf"^pier: .*127\.0\.0\.1:{clock.port}: .*{words}",
                         said), done


def test_what_is_no_answer_is_passed_over():
    def script(data, _):
        return [b"short", answer(data, mode=3), answer(data, version=2),
                answer(data, originate=12345),
                answer(data, originate=1, stratum=0, id=b"DENY"),
                answer(data, offset=60)]

    with Clock(script) as clock:
        lines = events(expect(0, "time", "--json", clock.host), "time")
    exchanges = of_type(lines, "exchange")
    equal([line.get("failed") for line in exchanges],
          ["length", "mode", "version", "originate", "originate", None])
    (verdict,) = of_type(lines, "time")
    assert 59e9 < verdict["offset_ns"] < 61e9, verdict


def test_an_answer_to_another_server_is_passed_over():
    stranger = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)

    def script(data, _):
        stranger.sendto(answer(data, offset=99), clock.clients[-1])
        return [answer(data)]

    with stranger, Clock(script) as clock:
        lines = events(expect(0, "time", "--json", clock.host), "time")
    (verdict,) = of_type(lines, "time")
    assert abs(verdict["offset_ns"]) < 30e9, verdict


def test_requests_tell_nothing_of_who_asks():
    with Clock() as clock:
        for _ in range(3):
            expect(0, "time", "--samples", "2", "--interval", "1ms", clock.host)
    equal(len(clock.requests), 6)
    for request in clock.requests:
        equal(len(request), 48)
        equal(request[:40], b"\x23" + bytes(39), "all but version and mode")
        # A clock would be within years of now.
        assert request[40:] != bytes(8)
    equal(len({request[40:] for request in clock.requests}), 6, "random")
    near = [r for r in clock.requests
            if abs(clocks.read(r)["transmit"] - clocks.stamp(time.time()))
            < 86400 << 32]
    assert len(near) < 3, near
    equal(len(set(clock.clients)), 3, "a port for each run")
    with Clock() as clock:
        expect(0, "time", "--ntp-version", "3", clock.host)
    equal(clock.requests[0][0], 0x1b)


def test_silence_and_refusal():
    with Clock(lambda *_: []) as clock:
        done = expect(6, "time", "--wait", "1ms", "--interval",
                      "1ms", clock.host)
        contains(done.err, f"127.0.0.1:{clock.port}: ")
        contains(done.err, "no answer")
    # It may hear of them after pier has ended, but not after its own end.
    equal(len(clock.requests), 3)
    with Clock(lambda *_: []) as clock:
        expect(6, "time", "--timeout", "1ms", clock.host)
    with tool.closed_port(socket.SOCK_DGRAM) as port:
        done = expect(4, "time", f"127.0.0.1:{port}")
        contains(done.err, "(ECONNREFUSED): 127.0.0.1 says: port unreachable")
    contains(usage("time", "tcp://127.0.0.1:1"), "HOST:PORT")
    contains(usage("time", "--samples", "9", "x"), "1 to 8")
    contains(usage("time", "--max-offset", "0", "x"), "--max-offset")


def test_a_silent_server_ends_by_its_tries():
    with Clock(lambda *_: []) as clock:
        done = expect(6, "time", "--tries", "1", "--wait", "20ms", clock.host)
        contains(done.err, "no answer to the request within 20 ms")
    equal(len(clock.requests), 1)
    with Clock(lambda *_: []) as clock:
        done = expect(6, "time", "--tries", "4", "--wait", "20ms", "--interval",
                      "1ms", clock.host)
        contains(done.err, "no answer to any of 4 requests within 20 ms")
    equal(len(clock.requests), 4)


def test_a_late_answer_is_told():
    def script(data, _):
        time.sleep(0.3)
        return [answer(data)]

    with Clock(script) as clock:
        done = expect(6, "time", "--tries", "2", "--wait", "200ms",
                      "--interval", "1ms", clock.host)
    contains(done.err, "one after it: --wait gives it longer")


WRONG = [
    ({"version": 2}, "version", "version 2, where 4 was asked"),
    ({"mode": 3}, "mode", "mode 3"),
    ({"originate": 12345}, "originate", "originate 0x0000000000003039"),
]


def test_what_was_passed_over_is_named():
    """Without -v, too: who is asked answers, and breaks the rules."""
    for fields, check, words in WRONG:
        with Clock(**fields) as clock:
            done = expect(8, "time", "--json", "--tries", "2", "--wait", "50ms",
                          "--interval", "1ms", clock.host)
        contains(done.err, "no good answer to any of 2 requests: check "
                           f"{check} failed: {words}")
        (server,) = of_type(events(done, "time"), "server")
        equal(server["state"], "silent")
        contains(server["text"], words)
    with Clock(lambda *_: [b"short"]) as clock:
        done = expect(8, "time", "--tries", "1", "--wait", "50ms", clock.host)
    contains(done.err, "check length failed: 5 bytes")


def test_asked_too_often_is_the_end():
    with Clock(stratum=0, id=b"RATE") as clock:
        done = expect(1, "time", "--samples", "3", clock.host)
        contains(done.err, f"127.0.0.1:{clock.port}: kiss code RATE: it is "
                           "asked too often")
        contains(done.err, "hint: leave it alone")
    equal(len(clock.requests), 1)

    def script(data, number):
        return [answer(data, stratum=0, id=b"RATE") if number == 2
                else answer(data)]

    with Clock(script) as clock:
        lines = events(expect(0, "time", "--json", "--samples", "3",
                              "--interval", "1ms", clock.host), "time")
    (server,) = of_type(lines, "server")
    equal((server["state"], server["samples"], server["kisses"]),
          ("complete", 1, 1))


def test_who_is_asked_from_is_named():
    for words in (["--bind", "foo"], ["-S", "foo=1"], ["-S", "ttl=x"]):
        done = expect(2, "time", *words, "127.0.0.1")
        contains(done.err, f"parse: {words[1]}: ")
        assert "pier help endpoints" not in done.err, done
    done = expect(10, "time", "--bind", "192.0.2.1", "127.0.0.1")
    contains(done.err, "bind: udp://192.0.2.1: no such address on this machine "
                       "(EADDRNOTAVAIL)\n")
    contains(done.err, "hint: that address is not one of this machine")


def test_max_offset():
    with Clock(offset=-100) as clock:
        expect(0, "time", "--max-offset", "10m", clock.host)
        done = expect(1, "time", "--max-offset", "50ms", clock.host)
        contains(done.err, "more than --max-offset 50ms")
        assert re.search(r"offset is -(99|100)\.\d{6} s", done.err), done
        equal(len(done.text.splitlines()), 3)


def test_the_shortest_delay_counts():
    def script(data, number):
        # A server that takes no time, says it, but is wrong but once.
        if number == 2:
            return [answer(data)]
        now = time.time()
        return [answer(data, receive=clocks.stamp(now - 4),
                       transmit=clocks.stamp(now - 4))]

    with Clock(script) as clock:
        lines = events(run("time", "--json", "--samples", "4", "--interval",
                           "1ms", clock.host), "time")
    samples = [line for line in of_type(lines, "exchange")
               if line["result"] == "sample"]
    equal(len(samples), 4)
    (server,) = of_type(lines, "server")
    best = min(samples, key=lambda one: one["delay_ns"])
    for key in ("t1_ns", "t4_ns", "delay_ns", "offset_ns"):
        equal(server[key], best[key], key)
    # Each has a T1 of its own, and T4 after it.
    equal(len({one["t1_ns"] for one in samples}), 4)
    for one in samples:
        t1, t2, t3, t4 = (int(one[f"t{i}_ns"]) for i in range(1, 5))
        assert t1 <= t4, one
        equal(one["delay_ns"], t4 - t1 - (t3 - t2))
        assert abs(2 * one["offset_ns"] - (t2 - t1 + t3 - t4)) <= 1, one


# ---- Several ---------------------------------------------------------------

def test_a_falseticker_is_marked():
    with Clock() as a, Clock() as b, Clock(offset=1000) as liar, \
            Clock(leap=3) as lost:
        hosts = [one.host for one in (a, liar, b, lost)]
        done = expect(0, "time", *hosts, env=ZONE)
        lines = done.text.splitlines()
        equal(len(lines), 7)
        assert lines[0].endswith(", agrees") and lines[2].endswith(", agrees")
        assert lines[1].endswith(", falseticker"), lines
        contains(lines[3], "leap 3")
        contains(lines[6], "2 of 3 servers agree: offset ")
        found = events(expect(0, "time", "--json", "-q", *hosts), "time")
    equal([one["vote"] for one in of_type(found, "server")],
          ["truechimer", "falseticker", "truechimer", "unused"])
    (verdict,) = of_type(found, "time")
    equal((verdict["agree"], verdict["usable"], verdict["falsetickers"]),
          (2, 3, 1))
    assert abs(verdict["offset_ns"]) < 30e9, verdict
    equal(of_type(found, "exchange"), [])


def test_a_server_given_twice_counts_once():
    with Clock() as a, Clock(offset=1000) as liar:
        hosts = [liar.host, f"udp://{liar.host}", a.host]
        done = expect(1, "time", *hosts)
        contains(done.err, "no majority of the 2 servers agrees")
        contains(done.text, f"the same address as {liar.host}, which is asked: "
                            "it counts once")
        equal(len(liar.requests), 1)
        lines = events(run("time", "--json", *hosts), "time")
    equal([one["state"] for one in of_type(lines, "server")],
          ["complete", "same", "complete"])
    # Its one cause is told once.
    with Clock(leap=3) as lost:
        done = expect(1, "time", lost.host, lost.host)
    equal(len(done.err.splitlines()), 1, done)


def test_no_majority_is_no():
    with Clock() as a, Clock(offset=1000) as b:
        done = expect(1, "time", a.host, b.host)
        contains(done.err, "no majority of the 2 servers agrees")
        contains(done.err, "hint: ask more servers")
        equal(len(done.text.splitlines()), 2, "no time")
        found = events(run("time", "--json", a.host, b.host), "time")
    (verdict,) = of_type(found, "time")
    equal(verdict["agree"], 0)
    assert "utc" not in verdict, verdict


def test_both_families():
    with Clock(family=socket.AF_INET6) as six, Clock() as four:
        done = expect(0, "time", six.host, four.host)
        assert done.text.startswith(f"[::1]:{six.port}: offset "), done
        expect(0, "time", "-6", six.host)


def test_without_a_host_the_pool_is_asked():
    if os.getuid() != 0:
        raise tap.Skip("a namespace without a network needs root")
    done = subprocess.run(["unshare", "-n", tool.PIER, "time", "-w", "10"],
                          stderr=subprocess.PIPE, text=True, check=False,
                          timeout=60)
    equal(done.returncode, 3, done.stderr)
    contains(done.stderr, "0.pool.ntp.org")


# ---- --watch ---------------------------------------------------------------

def test_watch_is_lines_where_there_is_no_terminal():
    def script(data, number):
        return [] if number == 2 else [answer(data)]

    with Clock(script) as clock:
        watch = subprocess.Popen(
            [tool.PIER, "time", "--watch", "--interval", "5ms", "--wait",
             "20ms", clock.host],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            env=tool.ENV)
        lines = [watch.stdout.readline() for _ in range(5)]
        watch.send_signal(signal.SIGINT)
        watch.communicate(timeout=tool.LIMIT)
    equal(watch.returncode, 130)
    for line in lines:
        assert re.match(rf"\d{{4}}-\S+Z 127\.0\.0\.1:{clock.port}: ", line), line
        assert "\033" not in line, line
    contains(lines[0], "offset ")
    contains("".join(lines), "no answer within 20 ms")


def watch_on_terminal(clock, columns, rows, frames):
    """All that --watch writes to a terminal, to its end by an interrupt, and
    whether the terminal is as it was before."""
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ,
                struct.pack("HHHH", rows, columns, 0, 0))
    before = termios.tcgetattr(slave)
    watch = subprocess.Popen(
        [tool.PIER, "time", "--watch", "--interval", "5ms", clock.host],
        stdin=slave, stdout=slave, stderr=slave,
        env={**tool.ENV, "TERM": "xterm", "TZ": "UTC"})
    said = b""
    try:
        while len(re.findall(rb"\r\033\[\d+A", said)) < frames:
            ready, _, _ = select.select([master], [], [], tool.LIMIT)
            assert ready, said
            said += os.read(master, 65536)
        watch.send_signal(signal.SIGINT)
        # It may wait for room.
        while watch.poll() is None:
            if select.select([master], [], [], 0.01)[0]:
                said += os.read(master, 65536)
        while select.select([master], [], [], 0)[0]:
            said += os.read(master, 65536)
        same = termios.tcgetattr(slave) == before
    finally:
        if watch.poll() is None:
            watch.kill()
            watch.wait()
        os.close(slave)
        os.close(master)
    equal(watch.returncode, 130)
    return said.decode(), same


def test_watch_draws_on_a_terminal_and_restores_it():
    for columns, rows in ((40, 24), (80, 24), (20, 8), (200, 50)):
        with Clock() as clock:
            said, same = watch_on_terminal(clock, columns, rows, 12)
        assert same, "the terminal's settings are changed"
        assert said.startswith("\033[?25l"), said
        # Whatever the interrupt left on the line, the cursor is back.
        assert said.rindex("\033[?25h") > said.rindex("\033[?25l"), said
        pictures = re.split(r"\r\033\[\d+A", said[len("\033[?25l"):])
        for picture in pictures[:-1]:
            lines = picture.replace("\033[K", "").split("\r\n")[:-1]
            assert 5 <= len(lines) < rows, (rows, lines)
            for line in lines:
                assert len(line) <= columns, (columns, line)
        last = pictures[-2].replace("\033[K", "")
        assert re.search(r"\|.*o", last), last
        contains(last, f"127.0.0.1:{clock.port}"[:columns])


def test_watch_ends_after_n():
    def script(data, number):
        return [] if number == 2 else [answer(data)]

    with Clock(script) as clock:
        done = expect(0, "time", "--watch", "-n", "11", "--interval", "2ms",
                      "--wait", "1s", clock.host)
    equal(len(clock.requests), 11)
    lines = done.text.splitlines()
    equal(len(lines), 11)
    contains(lines[1], "no answer within 1000 ms")
    with Clock(offset=-100) as clock:
        done = expect(1, "time", "--watch", "-n", "2", "--interval", "2ms",
                      "--max-offset", "1s", clock.host)
        contains(done.err, "more than --max-offset 1s")
        lines = events(expect(0, "time", "--json", "--watch", "-n", "2",
                              "--interval", "2ms", clock.host), "time")
    equal([line["type"] for line in lines],
          ["exchange", "exchange", "server", "time"])
    with Clock(lambda *_: []) as clock:
        expect(6, "time", "--watch", "-n", "2", "--interval", "2ms", "--wait",
               "20ms", clock.host)
    # Its port has no one any more: what the network said, and not that it was late.
    done = expect(4, "time", "--watch", "-n", "2", "--interval", "2ms", clock.host)
    contains(done.err, "ECONNREFUSED")
    contains(usage("time", "-n", "9", "x"), "or --watch beside it")


def test_watch_as_json_is_lines():
    with Clock() as clock:
        done = run("time", "--json", "--watch", "--interval", "5ms",
                   "--timeout", "200ms", clock.host)
    equal(done.code, 0, done)
    assert len(of_type(events(done, "time"), "exchange")) > 1, done


if __name__ == "__main__":
    tap.main(globals())
