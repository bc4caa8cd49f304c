#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""pier ping against hosts and routers of Linux, and against a host that answers
wrongly, in two network namespaces with a cable; beside ping and fping on the
same hosts and the same losses.

near (10.9.0.9, fd09::9) is here. far (10.9.0.1, fd09::1) is the kernel's own
answers, and a router: 10.9.7.0/24 leads back through a narrow path, 10.9.8.0/24
nowhere: it is refused by nft, since the kernel says of a route that is none only
five times at once. 10.9.0.2 is answered by this script, see strange().
"""

import contextlib
import json
import os
import re
import shutil
import signal
import socket
import struct
import subprocess
import sys
import threading

sys.path.insert(
    0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "cli")
)

import tap  # noqa: E402
import tool  # noqa: E402
from tap import contains, equal  # noqa: E402

INSIDE = "PIER_PING_NAMESPACE"
FAR = None  # the number of the process whose namespace far is
GROUPS = "/proc/sys/net/ipv4/ping_group_range"
NOBODY = 65534

# 10.9.0.2 is not the kernel's to answer; every fourth echo to 10.9.0.3, of
# either family, is lost; 10.9.0.4 is forbidden.
RULES = """
table inet far {
  chain input {
    type filter hook input priority 0;
    ip daddr 10.9.0.2 icmp type echo-request drop
    ip daddr 10.9.0.3 icmp type echo-request numgen inc mod 4 == 0 drop
    ip6 daddr fd09::3 icmpv6 type echo-request numgen inc mod 4 == 0 drop
    ip daddr 10.9.0.4 reject with icmpx admin-prohibited
    ip6 daddr fd09::4 reject with icmpx admin-prohibited
  }
  chain forward {
    type filter hook forward priority 0;
    ip daddr 10.9.8.0/24 reject with icmp host-unreachable
  }
}
"""


def there(*command, **kwargs):
    subprocess.run(
        ["nsenter", "-t", str(FAR), "-n", *command], check=True, **kwargs
    )


def here(line):
    subprocess.run(line.split(), check=True)


def set_up():
    here("ip link set lo up")
    here(f"ip link add near type veth peer name far netns {FAR}")
    here("ip addr add 10.9.0.9/24 dev near")
    here("ip addr add fd09::9/64 dev near nodad")
    with open("/proc/sys/net/ipv6/conf/near/accept_dad", "w") as knob:
        knob.write("0")
    here("ip link set near up")
    for network in ("10.9.7.0/24", "10.9.8.0/24"):
        here(f"ip route add {network} via 10.9.0.1")
    there("sh", "-c", "echo 0 > /proc/sys/net/ipv6/conf/far/accept_dad")
    there("sh", "-c", "echo 1 > /proc/sys/net/ipv4/ip_forward")
    # Errors as often as they come.
    for knob, value in (("ipv4/icmp_ratelimit", 0), ("ipv6/icmp/ratelimit", 0),
                        ("ipv4/icmp_msgs_per_sec", 1000000),
                        ("ipv4/icmp_msgs_burst", 1000000)):
        path = f"/proc/sys/net/{knob}"
        there("sh", "-c", f"! test -w {path} || echo {value} > {path}")
    there("ip", "link", "set", "lo", "up")
    for last in (1, 2, 3, 4):
        there(*f"ip addr add 10.9.0.{last}/24 dev far".split())
        there(*f"ip addr add fd09::{last}/64 dev far nodad".split())
    there("ip", "link", "set", "far", "up")
    there(*"ip route add 10.9.7.0/24 via 10.9.0.9 mtu lock 1280".split())
    there(*"ip route add 10.9.8.0/24 via 10.9.0.9".split())
    there("nft", "-f", "-", input=RULES, text=True)


# ---- The strange host ------------------------------------------------------


def checksum(data):
    data += b"\0" * (len(data) % 2)
    total = sum(struct.unpack(f">{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def reply(message, payload=None):
    """The echo reply to a request, perhaps with other bytes."""
    payload = message[8:] if payload is None else payload
    body = b"\0\0\0\0" + message[4:8] + payload
    return body[:2] + struct.pack(">H", checksum(body)) + body[4:]


def strange():
    """Answers each probe by its number: 1 well, 2 twice, 3 with a changed byte,
    4 cut short, 5 with another ping's bytes, 6 after 7, 8 not at all, 9 after a
    redirect, the others well."""
    heard = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM,
                          socket.htons(0x0800))
    heard.bind(("far", 0x0800))
    said = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP)
    said.bind(("10.9.0.2", 0))
    print("ready", flush=True)
    held = b""
    while True:
        packet, where = heard.recvfrom(70000)
        head = (packet[0] & 15) * 4
        message = packet[head:]
        if (where[2] == socket.PACKET_OUTGOING or packet[9] != 1
                or packet[16:20] != bytes([10, 9, 0, 2]) or message[0] != 8):
            continue
        sender = (socket.inet_ntoa(packet[12:16]), 0)
        number = struct.unpack(">H", message[6:8])[0]
        answers = [reply(message)]
        if number == 2:
            answers *= 2
        elif number == 3:
            answers = [reply(message, message[8:-1] + b"!")]
        elif number == 4:
            answers = [reply(message, message[8:-8])]
        elif number == 5:
            answers = [reply(message, bytes([message[8] ^ 1]) + message[9:])]
        elif number == 6:
            held, answers = answers[0], []
        elif number == 7:
            answers.append(held)
        elif number == 8:
            answers = []
        elif number == 9:
            redirect = struct.pack(">BBH4s", 5, 1, 0,
                                   bytes([10, 9, 0, 1])) + packet[:head + 8]
            said.sendto(redirect[:2] + struct.pack(">H", checksum(redirect))
                        + redirect[4:], sender)
        for answer in answers:
            said.sendto(answer, sender)


@contextlib.contextmanager
def a_strange_host():
    process = subprocess.Popen(
        ["nsenter", "-t", str(FAR), "-n", sys.executable, "-B", __file__,
         "--strange"], stdout=subprocess.PIPE, text=True)
    try:
        equal(process.stdout.readline(), "ready\n")
        yield
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


# ---- What pier says --------------------------------------------------------


def pinged(code, *words, **kwargs):
    """All events, checked, and the summary of each host."""
    done = tool.expect(code, "ping", "--json", *words, **kwargs)
    events = tool.events(done, "ping")
    sums = {one["host"]: one for one in tool.of_type(events, "summary")}
    return events, sums


def probes(events):
    return [(one["sequence"], one["result"])
            for one in tool.of_type(events, "probe")]


@contextlib.contextmanager
def groups(text):
    with open(GROUPS) as knob:
        before = knob.read()
    try:
        with open(GROUPS, "w") as knob:
            knob.write(text)
        yield
    finally:
        with open(GROUPS, "w") as knob:
            knob.write(before)


FEW = ("-c", "3", "-i", "0.01", "--wait", "10s")
WAYS = (("1 0", "raw socket"), ("0 2147483647", "ping socket"))


def test_linux_answers_by_either_socket():
    for range_, way in WAYS:
        with groups(range_):
            for host in ("127.0.0.1", "::1", "10.9.0.1", "fd09::1"):
                events, sums = pinged(0, *FEW, host)
                equal(tool.of_type(events, "ping")[0]["way"], way)
                equal(probes(events), [(n, "reply") for n in (1, 2, 3)])
                for one in tool.of_type(events, "probe"):
                    equal(one["ttl"], 64, host)
                    equal(one["bytes"], 56)
                    equal(one["from"], host)
                    equal(one["by_kernel"], True)
                    assert not one["corrupt"] and not one["truncated"]
                equal(sums[host]["loss_percent"], 0)
                assert 0 < sums[host]["min_s"] <= sums[host]["max_s"] < 10
                equal(sums[host]["resolution"], 1 / 128)


def test_sizes():
    for range_, _ in WAYS:
        with groups(range_):
            for host in ("10.9.0.1", "fd09::1"):
                for size in ("0", "1", "8", "15", "1473", "65507"):
                    events, _ = pinged(0, *FEW, "--size", size, host)
                    equal({one["bytes"] for one in
                           tool.of_type(events, "probe")}, {int(size)})
                    equal({one["corrupt"] for one in
                           tool.of_type(events, "probe")}, {False})


def test_a_link_local_address_has_its_zone():
    said = subprocess.run(
        ["nsenter", "-t", str(FAR), "-n", "ip", "-j", "-6", "addr", "show",
         "dev", "far", "scope", "link"], stdout=subprocess.PIPE, check=True)
    own = next(addr["local"] for link in json.loads(said.stdout)
               for addr in link.get("addr_info", []) if "local" in addr)
    for range_, _ in WAYS:
        with groups(range_):
            events, _ = pinged(0, *FEW, f"{own}%near")
            equal(probes(events), [(n, "reply") for n in (1, 2, 3)])
    done = tool.expect(10, "ping", *FEW, own)
    contains(done.err, f"[{own}%eth0]")


def test_a_host_that_answers_wrongly():
    """By a ping socket the kernel says whose an answer is, so that number 5 is
    corrupt; a raw one takes it for another's."""
    for range_, way in WAYS:
        with groups(range_), a_strange_host():
            events, sums = pinged(0, "-c", "9", "--interval", "100ms",
                                  "--wait", "2s", "10.9.0.2")
        said = probes(events)
        at = {(one["sequence"], one["result"]): one
              for one in tool.of_type(events, "probe")}
        equal(said.count((2, "duplicate")), 1, way)
        equal(at[3, "reply"]["corrupt"], True)
        equal(at[4, "reply"]["truncated"], True)
        equal(at[4, "reply"]["bytes"], 48)
        equal((5, "reply") in at, way == "ping socket")
        equal((5, "lost") in at, way == "raw socket")
        assert said.index((7, "reply")) < said.index((6, "reply")), said
        equal((8, "lost") in at, True)
        # A redirect is no error: the packet went on.
        equal([one for one in said if one[1] == "error"], [])
        equal((9, "reply") in at, True)
        lost = 2 if way == "raw socket" else 1
        one = sums["10.9.0.2"]
        equal(one["lost"], lost)
        equal(one["bursts"], lost)
        equal(one["duplicates"], 1)
        equal(one["reordered"], 1)
        equal(one["corrupt"], 2 if way == "raw socket" else 3)
        equal(one["answered"] + one["lost"], 9)


def test_many_answer_a_multicast():
    """One answer counts, the others are duplicates; whoever sent them."""
    for range_, _ in WAYS:
        with groups(range_):
            events, sums = pinged(0, "-c", "2", "--interval", "500ms", "--wait",
                                  "10s", "ff02::1%near")
            equal(sums["ff02::1%near"]["answered"], 2)
            first = [one for one in tool.of_type(events, "probe")
                     if one["sequence"] == 1]
            equal(sorted(one["result"] for one in first),
                  ["duplicate", "reply"])
            equal(len({one["from"] for one in first}), 2)


def needs(name):
    if shutil.which(name) is None:
        raise tap.Skip(f"no {name} here")


def test_the_same_loss_as_ping_and_fping():
    needs("ping")
    needs("fping")
    for host in ("10.9.0.3", "fd09::3"):
        _, sums = pinged(0, "-q", "-c", "20", "--interval", "10ms", host)
        equal(sums[host]["lost"], 5)
        equal(sums[host]["bursts"], 5)
        equal(sums[host]["burst_max"], 1)
        equal(sums[host]["loss_percent"], 25)
        said = subprocess.run(
            ["ping", "-q", "-c", "20", "-i", "0.01", host],
            stdout=subprocess.PIPE, text=True).stdout
        contains(said, " 25% packet loss")
        said = subprocess.run(
            ["fping", "-q", "-c", "20", "-p", "10", host],
            stderr=subprocess.PIPE, text=True).stderr
        contains(said, "20/15/25%")


def test_max_loss_decides():
    pinged(1, "-q", "-c", "8", "--interval", "10ms", "--max-loss", "24",
           "10.9.0.3")
    pinged(0, "-q", "-c", "8", "--interval", "10ms", "--max-loss", "25",
           "10.9.0.3")


def test_many_hosts_as_fping_sees_them():
    needs("fping")
    hosts = ["10.9.0.1", "10.9.0.5", "fd09::1", "10.9.8.1", "10.9.0.9"]
    with tool.scratch() as folder:
        path = f"{folder}/hosts"
        with open(path, "w", encoding="utf-8") as file:
            file.write("# some\n" + "\n".join(hosts) + " # and no more\n")
        _, sums = pinged(1, "-q", "-c", "2", "--interval", "50ms", f"@{path}")
        with open(path, encoding="utf-8") as file:
            _, again = pinged(1, "-q", "-c", "2", "--interval", "50ms", "@-",
                              stdin=file)
    equal(sorted(sums), sorted(hosts))
    equal(sorted(again), sorted(hosts))
    said = subprocess.run(["fping", "-a", "-r", "0", *hosts],
                          stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                          text=True).stdout
    equal(sorted(host for host in hosts if sums[host]["answered"] > 0),
          sorted(said.split()))


def test_a_hundred_hosts():
    hosts = [f"127.0.0.{i}" for i in range(1, 101)]
    _, sums = pinged(0, "-q", "-c", "3", "--interval", "100ms", "--wait", "10s",
                     *hosts[:64], stdin=b"")
    equal(len(sums), 64)
    lines = "\n".join(hosts).encode()
    _, sums = pinged(0, "-q", "-c", "3", "--interval", "100ms", "--wait", "10s",
                     "@-", stdin=lines)
    equal(len(sums), 100)
    equal({one["answered"] for one in sums.values()}, {3})


# ---- Errors ----------------------------------------------------------------


def errors(code, *words):
    events, sums = pinged(code, *FEW, *words)
    found = [one for one in tool.of_type(events, "probe")
             if one["result"] == "error"]
    equal(len(found), 3, f"errors of {words}")
    (one,) = sums.values()
    equal(one["errors"], 3)
    return found[0]


def test_routers_say_why():
    for range_, _ in WAYS:
        with groups(range_):
            one = errors(5, "10.9.8.1")
            equal((one["from"], one["icmp_type"], one["icmp_code"], one["text"]),
                  ("10.9.0.1", 3, 1, "host unreachable"))
            one = errors(5, "--ttl", "1", "10.9.7.1")
            equal((one["from"], one["icmp_type"], one["text"]),
                  ("10.9.0.1", 11, "TTL exceeded on the way"))
            one = errors(5, "10.9.0.4")
            equal((one["from"], one["icmp_type"], one["icmp_code"]),
                  ("10.9.0.4", 3, 13))
            one = errors(5, "fd09::4")
            equal((one["from"], one["icmp_type"], one["icmp_code"],
                   one["text"]),
                  ("fd09::4", 1, 1, "administratively prohibited"))
    done = tool.expect(5, "ping", *FEW, "10.9.8.1")
    contains(done.text, "10.9.8.1: seq 1: 10.9.0.1 says: host unreachable "
                        "(ICMP type 3, code 1)\n")


def test_this_machine_says_why():
    done = tool.expect(5, "ping", *FEW, "198.51.100.1")
    contains(done.err, "connect: icmp://198.51.100.1: ")
    contains(done.err, "ENETUNREACH")
    done = tool.expect(10, "ping", *FEW, "--interface", "none0", "10.9.0.1")
    contains(done.err, "ENODEV")
    done = tool.expect(10, "ping", *FEW, "--bind", "10.9.0.1", "10.9.0.1")
    contains(done.err, "EADDRNOTAVAIL")


def test_too_large_for_the_path():
    for range_, _ in WAYS:
        with groups(range_):
            here("ip route flush cache")
            one = errors(5, "--dont-fragment", "--size", "1300", "10.9.7.1")
            equal(one["mtu"], 1280)
            here("ip link set near mtu 1280")
            try:
                one = errors(5, "--dont-fragment", "--size", "1300",
                             "10.9.0.1")
                equal((one["cause"], one["mtu"]), ("EMSGSIZE", 1280))
            finally:
                here("ip link set near mtu 1500")


def test_errors_of_another_ping_are_its_own():
    """Two at once to hosts behind one router, by raw sockets that hear all."""
    with groups("1 0"):
        _, sums = pinged(5, "-c", "20", "--interval", "10ms", "--wait", "2s",
                         "10.9.8.1", "10.9.8.2", "10.9.0.3")
        equal(sums["10.9.8.1"]["errors"], 20)
        equal(sums["10.9.8.2"]["errors"], 20)
        equal((sums["10.9.0.3"]["errors"], sums["10.9.0.3"]["lost"]), (0, 5))


# ---- TCP and UDP -----------------------------------------------------------


@contextlib.contextmanager
def udp_answers(answer):
    """A service on udp, here, that says answer(message)."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as service:
        service.bind(("127.0.0.1", 0))

        def serve():
            with contextlib.suppress(OSError):
                while True:
                    message, peer = service.recvfrom(2000)
                    if message == b"end":
                        return
                    service.sendto(answer(message), peer)

        thread = threading.Thread(target=serve)
        thread.start()
        port = service.getsockname()[1]
        try:
            yield port
        finally:
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
                one.sendto(b"end", ("127.0.0.1", port))
            thread.join()


def test_tcp_open_closed_and_forbidden():
    with socket.create_server(("127.0.0.1", 0)) as server:
        where = f"127.0.0.1:{server.getsockname()[1]}"
        events, sums = pinged(0, *FEW, where, f"tcp://{where}")
        equal({one["result"] for one in tool.of_type(events, "probe")},
              {"reply"})
        equal(len(sums), 2)
        equal(sums[where]["closed"], 0)
    with tool.closed_port() as port:
        events, sums = pinged(4, *FEW, f"tcp://127.0.0.1:{port}")
        equal(probes(events), [(n, "closed") for n in (1, 2, 3)])
        done = tool.expect(4, "ping", *FEW, f"tcp://127.0.0.1:{port}")
        contains(done.text, "the port is closed")
        contains(done.text, "3 sent, 3 answered, 0 % lost, 3 by a closed port")
    one = errors(5, "tcp://10.9.0.4:80")
    equal((one["from"], one["icmp_type"], one["icmp_code"]),
          ("10.9.0.4", 3, 13))


def test_udp_answers():
    with udp_answers(lambda message: message) as port:
        events, _ = pinged(0, *FEW, f"udp://127.0.0.1:{port}")
        equal(probes(events), [(n, "reply") for n in (1, 2, 3)])
        equal({one["bytes"] for one in tool.of_type(events, "probe")}, {56})
    with udp_answers(lambda message: b"no") as port:
        events, _ = pinged(0, *FEW, f"udp://127.0.0.1:{port}")
        equal(probes(events), [(n, "reply") for n in (1, 2, 3)])
        equal({one["bytes"] for one in tool.of_type(events, "probe")}, {2})


def test_udp_closed_and_forbidden():
    for host in ("127.0.0.1", "[fd09::1]", "10.9.0.1"):
        port = tool.free_port(socket.SOCK_DGRAM)
        events, sums = pinged(4, *FEW, f"udp://{host}:{port}")
        equal(probes(events), [(n, "closed") for n in (1, 2, 3)])
        one = tool.of_type(events, "probe")[0]
        equal(one["from"], host.strip("[]"))
        equal((one["icmp_type"], one["icmp_code"]),
              (1, 4) if ":" in host else (3, 3))
    one = errors(5, "udp://10.9.0.4:9")
    equal((one["icmp_type"], one["icmp_code"]), (3, 13))


# ---- How it is sent --------------------------------------------------------


def test_ttl_tos_and_source_on_the_wire():
    here("ip addr add 10.9.0.77/24 dev near")
    heard = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM,
                          socket.htons(0x0003))
    try:
        with heard:
            heard.bind(("near", 0x0003))
            heard.settimeout(20)
            tool.expect(0, "ping", "-c", "1", "--ttl", "7", "--tos", "184",
                        "--bind", "10.9.0.77", "--dont-fragment", "-S",
                        "mark=3", "10.9.0.1")
            while True:
                packet = heard.recv(2000)
                if packet[0] == 0x45 and packet[9] == 1 and packet[20] == 8:
                    break
        equal((packet[8], packet[1], packet[12:16], packet[6]),
              (7, 184, bytes([10, 9, 0, 77]), 0x40))
        equal(checksum(packet[20:]), 0)
    finally:
        here("ip addr del 10.9.0.77/24 dev near")


def test_names_and_families():
    events, sums = pinged(0, *FEW, "-4", "localhost")
    equal(sums["localhost"]["address"], "127.0.0.1")
    equal(sums["localhost"]["endpoint"], "icmp://localhost")
    done = tool.expect(3, "ping", *FEW, "-6", "127.0.0.1")
    contains(done.err, "resolve: icmp://127.0.0.1")
    for host, answered in (("::ffff:127.0.0.1", "127.0.0.1"),
                           ("0.0.0.0", "127.0.0.1"), ("::", "::1")):
        events, _ = pinged(0, *FEW, host)
        equal(tool.of_type(events, "probe")[0]["from"], answered)
    # There is no name server here.
    quick = {"RES_OPTIONS": "timeout:1 attempts:1"}
    done = tool.expect(3, "ping", *FEW, "no.such.host.invalid", env=quick)
    contains(done.err, "hint: ")
    # Different failures have one code.
    tool.expect(1, "ping", *FEW, "no.such.host.invalid", "10.9.8.1", env=quick)


# ---- Permission ------------------------------------------------------------


def as_nobody(program, *words):
    return subprocess.run(
        ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups",
         program, "ping", *words],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd="/")


def copied(folder):
    os.chmod(folder, 0o755)
    path = f"{folder}/pier"
    shutil.copy(tool.PIER, path)
    os.chmod(path, 0o755)
    return path


def test_without_permission_the_hint_is_what_helps():
    needs("setpriv")
    with tool.scratch() as folder, groups("1 0"):
        program = copied(folder)
        for host in ("127.0.0.1", "::1"):
            done = as_nobody(program, *FEW, host)
            equal(done.returncode, 9, done.stderr)
            contains(done.stderr, "create: icmp://")
            contains(done.stderr, "(EPERM): needs a group in "
                                  "net.ipv4.ping_group_range, or CAP_NET_RAW")
            # One way to be allowed, and not two that differ.
            equal(done.stderr.count("ping_group_range="), 1)
        # TCP and UDP need nothing.
        with socket.create_server(("127.0.0.1", 0)) as server:
            port = server.getsockname()[1]
            equal(as_nobody(program, *FEW, f"127.0.0.1:{port}").returncode, 0)
        hint = re.search(r"hint: sudo (setcap \S+ \S+), or .*: sudo sysctl -w "
                         r"net.ipv4.ping_group_range='([0-9 ]+)'", done.stderr)
        with open(GROUPS, "w") as knob:
            knob.write(hint[2])
        for host in ("127.0.0.1", "::1"):
            done = as_nobody(program, "--json", *FEW, host)
            equal(done.returncode, 0, done.stderr)
            contains(done.stdout, '"ping socket"')
        with open(GROUPS, "w") as knob:
            knob.write("1 0")
        if (shutil.which("setcap") is None or
                subprocess.run(hint[1].split(), check=False).returncode):
            return
        done = as_nobody(program, "--json", *FEW, "::1")
        equal(done.returncode, 0, done.stderr)
        contains(done.stdout, '"raw socket"')


def test_floods_are_for_root():
    needs("setpriv")
    with tool.scratch() as folder:
        program = copied(folder)
        done = as_nobody(program, "-c", "1", "--interval", "9ms", "127.0.0.1")
        equal(done.returncode, 2)
        contains(done.stderr, "less than 10ms is for root")
        done = as_nobody(program, "-c", "1", "--interval", "10ms",
                         *["127.0.0.1"] * 11)
        equal(done.returncode, 2)
        contains(done.stderr, "more than 1000 probes a second")


# ---- Signals and ends ------------------------------------------------------


class Endless:
    """A ping in the background; lines as they come."""

    def __init__(self, *words):
        self.process = subprocess.Popen(
            [tool.PIER, "ping", *words], stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, text=True, env=tool.ENV)

    def until(self, part):
        seen = ""
        for line in self.process.stdout:
            seen += line
            if part in line:
                return seen
        raise AssertionError(f"{part!r} is not in {seen!r}")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
        self.process.communicate()


def test_an_interrupt_shows_the_summary():
    for number in (signal.SIGINT, signal.SIGTERM):
        with Endless("--interval", "20ms", "127.0.0.1", "::1") as ping:
            ping.until("seq 3")
            ping.process.send_signal(number)
            out, err = ping.process.communicate(timeout=tool.LIMIT)
            equal(ping.process.returncode, 128 + number)
            equal(err, "")
            equal(len(re.findall(r"^\S+: \d+ sent, \d+ answered, 0 % lost", out,
                                 re.M)), 2, out)
            contains(out, "  ms: min ")


def test_quit_shows_how_it_stands():
    with Endless("--interval", "20ms", "127.0.0.1") as ping:
        ping.until("seq 2")
        ping.process.send_signal(signal.SIGQUIT)
        ping.until(" sent, ")
        ping.until("  ms: min ")
        ping.until("seq ")
        ping.process.send_signal(signal.SIGQUIT)
        ping.until(" sent, ")
    with Endless("--json", "--interval", "20ms", "127.0.0.1") as ping:
        ping.until('"sequence":2')
        ping.process.send_signal(signal.SIGQUIT)
        said = json.loads(ping.until('"status"').splitlines()[-1])
        assert said["sent"] >= 2, said


def test_the_reader_goes():
    with Endless("--interval", "10ms", "127.0.0.1") as ping:
        ping.process.stdout.readline()
        ping.process.stdout.close()
        equal(ping.process.wait(tool.LIMIT), 0)
        equal(ping.process.stderr.read(), "")
        ping.process.stdout = open(os.devnull, encoding="utf-8")


def test_verbose_says_how():
    for range_, words in (("1 0", "by raw socket: net.ipv4.ping_group_range"),
                          ("0 2147483647", "by ping socket\n")):
        with groups(range_):
            done = tool.expect(0, "ping", "-v", *FEW, "127.0.0.1")
            assert re.match(r"pier: 127\.0\.0\.1: 127\.0\.0\.1 after \S+ \S+, "
                            + re.escape(words), done.err), done


def test_the_time_limit_ends_it():
    _, sums = pinged(0, "--interval", "20ms", "--timeout", "300ms", "127.0.0.1")
    assert sums["127.0.0.1"]["sent"] >= 2, sums
    _, sums = pinged(1, "--interval", "20ms", "--timeout", "300ms", "10.9.0.2")
    equal(sums["10.9.0.2"]["answered"], 0)


def wrong(*words):
    done = tool.expect(2, "ping", *words)
    equal(done.out, b"")
    return done.err


def test_wrong_words():
    contains(wrong("icmp://h:7"), "icmp has no ports")
    contains(wrong("unix:///x"), "icmp, tcp and udp can be pinged")
    contains(wrong("raw://127.0.0.1"), "icmp, tcp and udp can be pinged")
    contains(wrong("a..b"), "a part of the host name is empty")
    contains(wrong("--interval", "1us", "h"), "--interval")
    contains(wrong("--size", "65508", "h"), "--size")
    contains(wrong("--ttl", "256", "h"), "--ttl")
    contains(wrong("--interval", "1ms", "--wait", "1m", "h"), "--wait")
    contains(wrong("-S", "nonsense=1", "h"), "nonsense")
    contains(wrong("--bind", "nonsense!", "127.0.0.1"), "nonsense!")
    contains(wrong("@-"), "no host in it")
    with tool.scratch() as folder:
        with open(f"{folder}/hosts", "w", encoding="utf-8") as file:
            file.write("127.0.0.1\n\na..b\n")
        contains(wrong(f"@{folder}/hosts"), "hosts, line 3: a..b: ")
    tool.expect(10, "ping", "@/nowhere/hosts")


def missing():
    for name in ("ip", "nft", "nsenter", "unshare"):
        if shutil.which(name) is None:
            return f"no {name} here"
    if os.geteuid() != 0:
        return "needs root for a network namespace"
    if subprocess.run(["unshare", "-n", "true"], check=False).returncode:
        return "cannot make a network namespace"
    return None


def main():
    global FAR
    if INSIDE not in os.environ:
        why = missing()
        if why:
            print(f"1..0 # SKIP {why}")
            return
        os.environ[INSIDE] = "1"
        os.execvp("unshare", ["unshare", "-n", sys.executable, "-B", *sys.argv])
    # far lives as long as this process.
    with subprocess.Popen(["unshare", "-n", "sh", "-c", "echo there; read x"],
                          stdin=subprocess.PIPE,
                          stdout=subprocess.PIPE) as far:
        far.stdout.readline()
        FAR = far.pid
        try:
            set_up()
            tap.main(globals())
        finally:
            far.stdin.close()


if __name__ == "__main__":
    if sys.argv[1:] == ["--strange"]:
        strange()
    else:
        main()
