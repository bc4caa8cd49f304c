# SPDX-License-Identifier: MIT
"""pier opt: the table, new sockets, and the words for what is wrong."""

import os
import re
import shutil
import socket
import subprocess

import tap
import tool
from tap import contains, equal
from tool import events, expect


def lines(done):
    return done.text.splitlines()


def value(done):
    """The words behind the name of the only line."""
    equal(len(lines(done)), 1)
    return lines(done)[0].split(None, 1)[1]


def test_lists_the_table():
    shown = lines(expect(0, "opt"))
    assert len(shown) > 400, len(shown)
    assert any(re.match(r"tcp\.nodelay +\w", line) for line in shown), shown
    rows = events(expect(0, "opt", "--json"), "opt")
    equal(len(rows), len(shown))
    row = [row for row in rows if row["name"] == "tcp.keepidle"][0]
    equal(
        [row[key] for key in ("constant", "level", "number", "c_type", "unit")],
        ["TCP_KEEPIDLE", 6, 4, "int", "s"],
    )
    with open("/proc/sys/net/ipv4/tcp_keepalive_time", encoding="ascii") as one:
        equal(row["sysctl_value"], one.read().strip())


def test_explains():
    shown = expect(0, "opt", "nodelay").text
    for part in ("TCP_NODELAY", "level 6, number 1", "get, set", "1.0"):
        contains(shown, part)
    for name in ("tcp.nodelay", "TCP_NODELAY", "6:1"):
        equal(expect(0, "opt", name).text, shown)
    contains(expect(0, "opt", "mark").text, "CAP_NET_ADMIN")
    contains(expect(0, "opt", "transparent").text, "before binding")
    contains(expect(0, "opt", "tcp.ulp").text, "once connected")
    contains(expect(0, "opt", "socket.error").text, "changes something")


def test_did_you_mean():
    done = expect(2, "opt", "nodely")
    contains(done.err, "no option is called 'nodely'")
    contains(done.err, "did you mean nodelay?")
    done = expect(2, "opt", "tcp://", "nodely=1")
    contains(done.err, "did you mean nodelay?")
    contains(expect(2, "opt", "flugzeug").err, "--search")


def test_search():
    shown = expect(0, "opt", "--search", "keepalive").text
    for name in ("socket.keepalive", "tcp.keepidle", "tcp.keepcnt"):
        contains(shown, name)
    done = expect(1, "opt", "--search", "flugzeug")
    equal(done.text, "")
    contains(done.err, "flugzeug")
    assert len(events(expect(0, "opt", "--json", "--search", "CAP_"), "opt")) > 5


def test_sets_and_tells():
    done = expect(0, "opt", "tcp://", "reuseaddr=1")
    equal(value(done), "0 -> 1")
    done = expect(0, "opt", "tcp://", "sndbuf=4094")
    assert re.match(r"\d+ -> 8188  \(asked for 4094: .*doubles", value(done)), done
    done = expect(0, "opt", "tcp4://", "rcvbuf=1G")
    with open("/proc/sys/net/core/rmem_max", encoding="ascii") as one:
        most = int(one.read())
    contains(value(done), f"-> {2 * most} ")
    contains(value(done), f"net.core.rmem_max caps it at {most}")
    done = expect(0, "opt", "--json", "tcp://", "sndbuf=4094", "linger=5s")
    first, second = events(done, "opt")
    equal(
        [first[key] for key in ("asked", "granted", "differs")],
        [4094, 8188, True],
    )
    equal([second["asked"], second["granted_text"]], [5.0, "5s"])
    # Each on the same socket, in order, and then what is asked for.
    done = expect(0, "opt", "tcp4://", "keepidle=2m", "keepidle", "ttl")
    equal([line.split()[1] for line in lines(done)[1:]], ["120s", "64"])


def test_numbers_outside_of_the_table():
    shown = expect(0, "opt", "tcp4://", "6:11").text
    contains(shown, "tcp.info")
    done = expect(10, "opt", "tcp4://", "1:1023")
    contains(done.err, "1:1023")
    contains(done.err, "ENOPROTOOPT")


def test_all_of_every_kind():
    for kind in ("tcp", "udp6", "unix", "seqpacket", "netlink", "pair"):
        shown = expect(0, "opt", f"{kind}://")
        assert len(lines(shown)) > 40, shown
        contains(shown.text, "socket.sndbuf ")
        for event in events(expect(0, "opt", "--json", f"{kind}://"), "opt"):
            assert ("value" in event) != ("error" in event), event
    done = expect(2, "opt", "nothing://")
    contains(done.err, "tcp tcp4 tcp6")


def test_an_address_says_the_family():
    for word, family in (
        ("tcp://192.0.2.1:80", "inet"),
        ("tcp://[2001:db8::1]:80", "inet6"),
        ("udp4://example.net:53", "inet"),
        ("unix:///run/nobody", "unix"),
    ):
        equal(value(expect(0, "opt", word, "socket.domain")), family)
    equal(value(expect(0, "opt", "svc://_http._tcp/x", "protocol")), "tcp")


def test_a_raw_endpoint_says_its_protocol():
    for word, family, protocol, own in (
        ("raw://192.0.2.1/icmp", "inet", "icmp", "icmp.filter"),
        ("raw4://example.net/1", "inet", "icmp", "icmp.filter"),
        ("raw://[::1]/icmp6", "inet6", "icmpv6", "icmpv6.filter"),
        ("raw6://[::1]/58", "inet6", "icmpv6", "mroute6.version"),
        ("icmp4://192.0.2.1", "inet", "icmp", "icmp.filter"),
        ("icmp://[::1]", "inet6", "icmpv6", "icmpv6.filter"),
        ("raw://192.0.2.1/47", "inet", "47", "ip.ttl"),
    ):
        done = tool.run("opt", word)
        if done.code == 9:
            raise tap.Skip("raw sockets take CAP_NET_RAW")
        told = dict(line.split(None, 1) for line in lines(done))
        equal(
            [told["socket.domain"], told["socket.protocol"], own in told],
            [family, protocol, True], word,
        )
    contains(expect(2, "opt", "raw://192.0.2.1/nothing").err, "icmp")
    done = expect(0, "opt", "tcp://example.net:80", "nodelay=1")
    equal(value(done), "0 -> 1")
    contains(expect(2, "opt", "tcp://example.net:99999").err, "out of range")
    done = expect(2, "opt", "tcp://example.net:80?nodelay=1")
    contains(done.err, "words of their own")


def test_a_socket_it_was_given():
    with socket.socket() as one:
        number = one.fileno()
        words = ["opt", f"fd://{number}"]
        expect(0, *words, "keepalive=1", pass_fds=[number])
        equal(one.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE), 1)
        done = expect(0, *words, "keepalive", pass_fds=[number])
        equal(value(done), "1")
        # Closed by nobody but its owner.
        one.listen(1)
    done = tool.run("opt", "--fd", "0", stdin=b"")
    assert done.code != 0 and "ENOTSOCK" in done.err, done


def test_a_live_socket_is_changed_by_set_only():
    with socket.socket() as one:
        words = ["opt", "--pid", str(os.getpid()), "--fd", str(one.fileno())]
        done = tool.run(*words, "keepalive")
        if done.code == 9:
            raise tap.Skip(f"not allowed: {done.err}")
        equal(value(done), "0")
        done = expect(2, *words, "keepalive=1")
        contains(done.err, "--set")
        done = expect(0, *words, "--dry-run", "--set", "keepalive=1")
        equal(value(done), "0 -> 1  (dry run)")
        equal(one.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE), 0)
        change = events(expect(0, *words, "--json", "--dry-run", "--set",
                               "keepalive=1"), "opt")[0]
        equal(change["set"], False)
        done = expect(2, *words, "--dry-run", "--set", "keepalive=maybe")
        contains(done.err, "on or off")
        expect(0, *words, "--set", "keepalive=1")
        equal(one.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE), 1)
        shown = expect(0, *words, "--diff").text
        contains(shown, "socket.keepalive")
        assert "socket.reuseaddr" not in shown, shown
    contains(expect(2, "opt", "--pid", "1").err, "--fd")
    done = expect(10, "opt", "--pid", "2147483647", "--fd", "1")
    contains(done.err, "ESRCH")


def test_diff_of_two():
    shown = expect(0, "opt", "--diff", "tcp4://", "udp4://").text
    assert re.search(r"^socket\.type +stream \| dgram$", shown, re.M), shown
    contains(shown, "tcp.nodelay")
    contains(expect(2, "opt", "--diff").err, "socket")
    contains(expect(2, "opt", "tcp://", "udp://").err, "--diff")
    event = events(expect(0, "opt", "--json", "--diff", "tcp4://", "udp4://"),
                   "opt")[0]
    equal([event["first"], event["second"]], ["stream", "dgram"])


def test_wrong_values_say_what_is_right():
    for word, part in (
        ("sndbuf=much", "bytes, such as 64k"),
        ("keepidle=0", "out of range 1 to 32767"),
        ("mtu_discover=maybe", "one of dont, want, do"),
        ("type=1", "can only be read"),
        ("congestion=nosuch", "reno"),
    ):
        done = tool.run("opt", "tcp4://", word)
        assert done.code != 0, done
        contains(done.err, part)


def test_a_kind_that_is_none():
    contains(
        expect(2, "opt", "foo://", "nodelay").err,
        "'foo' is no kind of socket; expected one of tcp ",
    )


def test_the_page_is_the_table():
    path = os.path.join(os.environ["PIER_BUILD"], "man", "pier-options.7")
    with open(path, encoding="utf-8") as file:
        page = file.read()
    shown = [line.split()[0] for line in lines(expect(0, "opt"))]
    equal(re.findall(r"^\.It Cm (\S+)", page, re.M), shown)
    if shutil.which("mandoc") is None:
        raise tap.Skip("mandoc is not here")
    done = subprocess.run(
        ["mandoc", "-T", "lint", "-W", "warning", path],
        capture_output=True, text=True, check=False,
    )
    equal(done.stdout, "")


if __name__ == "__main__":
    tap.main(globals())
