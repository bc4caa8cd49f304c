#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""pier resolve and pier addr against Python, getent, hostname and ip.

In namespaces of its own: interfaces, a hosts file and a name server that
resolve.py plays. Reports by TAP.
"""

import json
import os
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(HERE, "..", "cli")]

import resolve  # noqa: E402 (found by the line above)
import tap  # noqa: E402
import tool  # noqa: E402
from tap import contains, equal  # noqa: E402

SELF = "pier7"

resolve.FILES.update({
    "hosts": f"""\
127.0.0.1 localhost
::1 localhost
192.0.2.7 many.test alias.test other.test
192.0.2.8 many.test
2001:db8::7 many.test
192.0.2.30 {SELF}.example.test {SELF}
192.0.2.40 short
192.0.2.41 short2 long.name.test
""",
    "resolv.conf":
        "nameserver 127.0.0.1\nsearch example.test\n"
        "options timeout:30 attempts:1\n",
    "nsswitch.conf": "hosts: files dns\nservices: files\n",
})
resolve.ZONE.update({
    "1.2.0.192.in-addr.arpa": [(resolve.PTR, "four.test")],
    "4.2.0.192.in-addr.arpa": [(resolve.PTR, "four.test")],
    "in.example.test": [(resolve.A, "192.0.2.50")],
})

NAMES = ("many.test", "alias.test", "other.test", "both.test", "four.test",
         "www.test", SELF, "short", "in", "localhost")


def set_up(folder):
    resolve.set_up(folder)
    socket.sethostname(SELF)
    for command in (
        "link add dummy0 mtu 1400 type veth peer name peer0",
        "link set dummy0 address 02:00:00:00:00:2a",
        "addr add 198.51.100.1/25 brd + dev dummy0",
        "addr add 198.51.100.200 peer 198.51.100.201/32 dev dummy0",
        "addr add 2001:db8:1::1/48 dev dummy0 nodad",
        "link set dummy0 up",
        "link set peer0 up",
        "link add down0 type veth peer name down1",
    ):
        subprocess.run(["ip", *command.split()], check=True)

    # The kernel gives each end of the pair an address of its own, later.
    def both_have_theirs():
        with open("/proc/net/if_inet6", encoding="ascii") as table:
            return sum(line.startswith("fe80") for line in table) == 2

    tool.wait_until(both_have_theirs)


def one(words, code=0):
    """The one event of pier resolve."""
    (event,) = tool.events(
        tool.expect(code, "resolve", "--json", *words), "resolve")
    return event


def addresses(event):
    return [a["address"] for a in event["addresses"]]


def test_names_are_what_gethostbyname_ex_says():
    for name in NAMES:
        canonical, aliases, found = socket.gethostbyname_ex(name)
        event = one(["-4", name])
        equal(event["canonical"], canonical, name)
        equal(sorted(event["aliases"]), sorted(aliases), name)
        equal(sorted(addresses(event)), sorted(found), name)


def test_two_aliases_and_two_addresses_of_a_hosts_file():
    event = one(["-4", "many.test"])
    equal(sorted(addresses(event)), ["192.0.2.7", "192.0.2.8"])
    equal(sorted(event["aliases"]), ["alias.test", "other.test"])
    equal((event["canonical"], event["source"]), ("many.test", "files"))
    shown = tool.expect(0, "resolve", "many.test").text
    contains(shown, "  aliases    alias.test other.test\n")
    contains(shown, "  source     files\n")


def test_addresses_stand_in_the_order_of_getaddrinfo():
    for name in NAMES:
        for flag, family in (([], 0), (["-4"], socket.AF_INET),
                             (["-6"], socket.AF_INET6)):
            try:
                right = [a[4][0] for a in socket.getaddrinfo(
                    name, 80, family, socket.SOCK_STREAM)]
            except socket.gaierror:
                tool.expect(1, "resolve", *flag, name, "80")
                continue
            equal(addresses(one([*flag, name, "80"])), right, name)


def test_addresses_are_what_getent_ahosts_says():
    for name in NAMES:
        said = subprocess.run(["getent", "ahosts", name], check=True,
                              stdout=subprocess.PIPE, text=True).stdout
        right = [line.split()[0] for line in said.splitlines()
                 if line.split()[1] == "STREAM"]
        equal(addresses(one([name])), right, name)


def test_the_source_is_told():
    for name, source in (("many.test", "files"), ("both.test", "dns"),
                         (SELF, "files"), ("in", "dns")):
        equal(one([name])["source"], source, name)
    equal(one(["192.0.2.7"])["source"], "files")
    equal(one(["192.0.2.4"])["source"], "dns")


def test_services_and_types():
    event = one(["four.test", "domain", "--type", "dgram"])
    (found,) = event["addresses"]
    equal((found["port"], found["socket_type"], found["protocol"]),
          (53, "dgram", "udp"))
    assert "dial" not in event
    event = one(["", "80", "--passive"])
    equal(addresses(event), ["::", "0.0.0.0"])
    done = tool.expect(1, "resolve", "four.test", "no-such-service")
    contains(done.err, "no such name (PIER_ENONAME) after ")
    contains(done.err, ": no such service of tcp\n")
    contains(done.err, "hint: is it spelled right? pier service no-such")
    # The service is one of udp alone; and here it is the host.
    done = tool.expect(1, "resolve", "four.test", "tftp")
    contains(done.err, "no such service of tcp")
    done = tool.expect(1, "resolve", "nobody.test", "domain")
    assert "service" not in done.err, done.err
    contains(done.err, "getent ahosts nobody.test")
    done = tool.run("connect", "tcp://four.test:no-such-service")
    contains(done.err, "pier service no-such-service")


def test_the_schedule_is_that_of_rfc_8305():
    event = one(["both.test", "80"])
    order = addresses(event)
    six = [a for a in order if ":" in a]
    four = [a for a in order if ":" not in a]
    first, other = (six, four) if ":" in order[0] else (four, six)
    right = []
    while first or other:
        right += first[:1] + other[:1]
        del first[:1], other[:1]
    texts = [f"[{a}]:80" if ":" in a else f"{a}:80" for a in right]
    equal([a["address"] for a in event["dial"]], texts)
    equal([a["start_s"] for a in event["dial"]], [0.25 * i for i in range(3)])


def test_addresses_lead_back_to_names_as_gethostbyaddr_says():
    for address in ("192.0.2.7", "192.0.2.8", "2001:db8::7", "192.0.2.30",
                    "192.0.2.41", "192.0.2.4", "127.0.0.1"):
        canonical, aliases, _ = socket.gethostbyaddr(address)
        event = one([address])
        equal((event["canonical"], sorted(event["aliases"])),
              (canonical, sorted(aliases)), address)
        equal(event["fqdn"], socket.getfqdn(address), address)
    equal(one(["192.0.2.4"])["confirmed"], True)
    # Its name is that of another address.
    equal(one(["192.0.2.1"])["confirmed"], False)
    said = subprocess.run(["getent", "hosts", "192.0.2.7"], check=True,
                          stdout=subprocess.PIPE, text=True).stdout
    equal(said.split()[1:],
          [one(["192.0.2.7"])["canonical"], *one(["192.0.2.7"])["aliases"]])
    tool.expect(1, "resolve", "192.0.2.99")


def test_this_machine_is_named_as_hostname_and_python_do():
    lines = tool.events(tool.expect(0, "addr", "--json"), "addr")
    (machine,) = tool.of_type(lines, "machine")
    equal(machine["hostname"], SELF)
    equal(machine["fqdn"], f"{SELF}.example.test")
    equal(machine["fqdn"], socket.getfqdn())
    if shutil.which("hostname"):
        said = subprocess.run(["hostname", "-f"], check=True, text=True,
                              stdout=subprocess.PIPE).stdout
        equal(machine["fqdn"], said.strip())
    equal((machine["addresses"], machine["source"]), (["192.0.2.30"], "files"))
    shown = tool.expect(0, "addr").text
    contains(shown, f"{SELF}\n  fqdn {SELF}.example.test\n"
                    "  resolves to 192.0.2.30 (files)\n")


def of_ip(address, name):
    """An address of `ip -j addr` in the form of pier's."""
    text = address["local"]
    made = {"address": text, "bits": address["prefixlen"]}
    if address["family"] == "inet6" and text.startswith("fe80:"):
        made["address"] += f"%{name}"
    if "broadcast" in address:
        made["broadcast"] = address["broadcast"]
    if "address" in address:
        made["peer"] = address["address"]
    return made


def test_interfaces_are_those_of_ip():
    said = subprocess.run(["ip", "-j", "addr"], check=True,
                          stdout=subprocess.PIPE).stdout
    lines = tool.events(tool.expect(0, "addr", "--json"), "addr")
    found = tool.of_type(lines, "interface")
    right = json.loads(said)
    equal([i["name"] for i in found], [i["ifname"] for i in right])
    by_name = {"up": "UP", "loopback": "LOOPBACK", "broadcast": "BROADCAST",
               "noarp": "NOARP", "multicast": "MULTICAST"}
    for ours, theirs in zip(found, right):
        equal((ours["index"], ours["mtu"], ours["hardware"]),
              (theirs["ifindex"], theirs["mtu"], theirs["address"]))
        for flag, name in by_name.items():
            equal(flag in ours["flags"], name in theirs["flags"], flag)
        there = [of_ip(a, ours["name"]) for a in theirs["addr_info"]]
        equal(sorted(ours["addresses"], key=str), sorted(there, key=str))
    names = dict(socket.if_nameindex())
    equal({i["index"]: i["name"] for i in found}, names)


def compare(name, code, *words):
    (event,) = tool.events(
        tool.expect(code, "resolve", "--compare", "--json", name, *words),
        "resolve")
    return event


def test_libc_and_the_wire_agree():
    event = compare("both.test", 0)
    right = sorted(value for _, value in resolve.ZONE["both.test"])
    equal(sorted(event["libc"]["addresses"]), right)
    equal(sorted(event["dns"]["addresses"]), right)
    equal((event["dns"]["server"], event["dns"]["ttl_s"]), ("127.0.0.1:53", 60))
    equal((event["mdns"]["asked"], event["differences"]), (False, []))
    # By an alias, and by a name that the search list makes whole.
    equal(compare("www.test", 0, "-4")["dns"]["addresses"], ["192.0.2.1"])
    event = compare("in", 0)
    equal((event["name"], event["dns"]["addresses"]),
          ("in.example.test", ["192.0.2.50"]))
    equal(compare("four.test", 0, "--server", "127.0.0.1:53")["agree"], True)


def test_what_the_hosts_file_hides_is_flagged():
    resolve.ZONE["many.test"] = [(resolve.A, "192.0.2.7"),
                                 (resolve.A, "192.0.2.66")]
    event = compare("many.test", 1, "-4")
    equal(event["libc"]["server"], "files")
    equal(sorted(event["differences"]),
          ["dns has 192.0.2.66, libc has not",
           "libc has 192.0.2.8, dns has not"])
    shown = tool.expect(1, "resolve", "--compare", "-4", "many.test").text
    contains(shown, "  differs    dns has 192.0.2.66, libc has not\n")
    # None of it is there: both say so.
    event = compare("none.test", 1)
    equal((event["agree"], event["dns"]["addresses"]), (True, []))


def test_a_server_that_fails_is_no_disagreement():
    event = compare("many.test", 0, "-4", "--server", "127.0.0.1:1")
    equal((event["dns"]["answered"], event["agree"]), (False, True))
    contains(event["dns"]["why"], "refused")
    done = tool.expect(2, "resolve", "--compare", "x", "--server", "name")
    contains(done.err, "'name' is no address of a name server")
    done = tool.expect(2, "resolve", "--compare", "192.0.2.1")
    contains(done.err, "is no name")


def in_background(function):
    """Until the tests end, however often a question is asked again."""
    threading.Thread(target=function, daemon=True).start()


def test_an_answer_that_is_cut_off_comes_by_tcp():
    listener = socket.create_server(("127.0.0.2", 53))
    server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    server.bind(("127.0.0.2", 53))

    def cut_off():
        while True:
            query, peer = server.recvfrom(512)
            # All of the question, and that there is more.
            server.sendto(query[:2] + b"\x83\x80" + query[4:], peer)

    def whole():
        while True:
            peer, _ = listener.accept()
            with peer:
                (size,) = struct.unpack("!H", peer.recv(2, socket.MSG_WAITALL))
                made = resolve.answer(peer.recv(size, socket.MSG_WAITALL))
                peer.sendall(struct.pack("!H", len(made)) + made)

    in_background(cut_off)
    in_background(whole)
    event = compare("four.test", 0, "-4", "--server", "127.0.0.2")
    equal((event["dns"]["addresses"], event["dns"]["tcp"]),
          (["192.0.2.4"], True))


def test_multicast_dns_is_asked_for_local_names():
    subprocess.run(["ip", "route", "add", "224.0.0.0/4", "dev", "lo"],
                   check=True)
    resolve.ZONE["box.local"] = [(resolve.A, "192.0.2.80")]
    server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    server.bind(("224.0.0.251", 5353))
    server.setsockopt(
        socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP,
        socket.inet_aton("224.0.0.251") + socket.inet_aton("127.0.0.1"))
    out = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)

    def reply():
        while True:
            query, peer = server.recvfrom(512)
            # One that is not for a name server asks for no recursion.
            if query[2:4] == b"\0\0":
                out.sendto(resolve.answer(query), peer)

    in_background(reply)
    event = compare("box.local", 0, "-4", "--mdns-timeout", "15s",
                    "--timeout", "18s")
    for side in ("libc", "dns", "mdns"):
        equal(event[side]["addresses"], ["192.0.2.80"], side)
    equal(event["mdns"]["asked"], True)


def test_failures_are_told_apart():
    tool.expect(1, "resolve", "none.test")
    tool.expect(3, "resolve", "fail.test")
    tool.expect(2, "resolve", "127.1")
    done = tool.expect(1, "resolve", "--json", "none.test")
    event = json.loads(done.text)
    equal((event["type"], event["cause"], event["exit"]),
          ("error", "PIER_ENONAME", 1))


def test_a_mute_name_server_ends_by_the_time_limit():
    for words in (["mute.test"], ["mute.test", "80", "-4"]):
        begin = time.monotonic()
        done = tool.expect(6, "resolve", "-w", "300ms", *words)
        assert 0.25 < time.monotonic() - begin < 10, done
        contains(done.err, "mute.test")


def test_an_interrupt_ends_a_look_up():
    process = subprocess.Popen([tool.PIER, "resolve", "mute.test"],
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE)

    def asks():
        with open(f"/proc/{process.pid}/net/udp", encoding="ascii") as table:
            return any(":0035 01" in line for line in table)

    tool.wait_until(asks)
    process.send_signal(signal.SIGINT)
    out, _ = process.communicate(timeout=20)
    equal((process.returncode, out), (130, b""))


if __name__ == "__main__":
    if len(sys.argv) == 2:
        set_up(sys.argv[1])
        resolve.name_server()
        del sys.argv[1]
        tap.main(globals())
    why = resolve.missing()
    if why is not None:
        print(f"1..0 # SKIP {why}")
        sys.exit(0)
    with tempfile.TemporaryDirectory(prefix="pier-names-") as scratch:
        sys.exit(
            subprocess.run(
                ["unshare", "-nmu", "--propagation", "private", sys.executable,
                 "-B", sys.argv[0], scratch],
                check=False,
            ).returncode
        )
