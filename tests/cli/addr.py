# SPDX-License-Identifier: MIT
"""pier addr with an argument, against Python's ipaddress and socket."""

import ipaddress
import socket
import struct

import tap
from tap import contains, equal
from tool import events, expect, of_type


def one(*words, code=0):
    """The one event of pier addr."""
    (event,) = events(expect(code, "addr", "--json", *words), "addr")
    return event


def usage(*words):
    done = expect(2, "addr", *words)
    equal(done.out, b"", "standard output")
    return done.err


def test_every_form_is_that_of_python():
    for text in ("192.0.2.1", "0.0.0.0", "255.255.255.255", "2001:db8::1",
                 "::", "fe80::1:2", "::ffff:192.0.2.1"):
        event = one(text)
        ip = ipaddress.ip_address(text)
        ip = getattr(ip, "ipv4_mapped", None) or ip
        equal(event["family"], f"IPv{ip.version if ':' not in text else 6}")
        equal(event["address"], str(ip))
        equal(event["exploded"], ip.exploded)
        equal(event["packed"], ip.packed.hex())
        equal(event["integer"], str(int(ip)))
        equal(int(event["hex"], 16), int(ip))
        equal(event["pointer"], ip.reverse_pointer)
        for kind in ("private", "loopback", "multicast", "reserved", "global",
                     "link_local", "unspecified"):
            equal(kind.replace("_", "-") in event["kinds"],
                  getattr(ip, f"is_{kind}"), f"{kind} of {text}")
        # Each of them leads back.
        family = ["-6"] if ip.version == 6 else []
        for words in (["--packed", event["packed"]],
                      ["--integer", event["integer"], *family],
                      ["--integer", event["hex"], *family],
                      [event["exploded"]], [event["pointer"]]):
            equal(one(*words)["address"], str(ip), words)


def test_a_sockaddr_is_what_the_kernel_takes():
    event = one("192.0.2.1:80")
    equal(event["sockaddr"], (struct.pack("=H", socket.AF_INET)
                              + struct.pack("!H", 80)
                              + socket.inet_aton("192.0.2.1")
                              + bytes(8)).hex())
    event = one("[fe80::1%lo]:443")
    equal(event["sockaddr"], (struct.pack("=H", socket.AF_INET6)
                              + struct.pack("!HI", 443, 0)
                              + socket.inet_pton(socket.AF_INET6, "fe80::1")
                              + struct.pack("=I", socket.if_nametoindex("lo"))
                              ).hex())
    equal((event["address"], event["port"]), ("fe80::1%lo", 443))
    equal(one("@name")["sockaddr"],
          (struct.pack("=H", socket.AF_UNIX) + b"\0name").hex())
    equal(one("/run/x")["sockaddr"],
          (struct.pack("=H", socket.AF_UNIX) + b"/run/x\0").hex())
    equal(one("unix:@name")["sockaddr"], one("@name")["sockaddr"])
    equal(one("unix:/run/x")["sockaddr"], one("/run/x")["sockaddr"])
    event = one("vsock:3:80")
    equal(event["sockaddr"], struct.pack("=HHIIBxxx", 40, 0, 80, 3, 0).hex())
    equal(event["port"], 80)
    # struct sockaddr_can, which Python makes of ("lo",).
    event = one("can:lo")
    index = socket.if_nametoindex("lo")
    equal(event["sockaddr"], struct.pack("=HxxiQQ", 29, index, 0, 0).hex())
    equal([event["family"], event["address"], event["interface"]],
          ["CAN", "can:lo", index])
    equal(one("can://lo")["sockaddr"], event["sockaddr"])
    contains(usage("can:nosuch0"), "no interface 'nosuch0'")
    equal(one("tipc:18888/17")["sockaddr"],
          struct.pack("=HBbIII", 30, 2, 2, 18888, 17, 0).hex())
    device = bytes.fromhex("883107dc1b00")
    event = one("rfcomm:00:1B:DC:07:31:88/7")
    equal(event["sockaddr"], struct.pack("=H6sBx", 31, device, 7).hex())
    equal(event["channel"], 7)
    event = one("l2cap:00:1B:DC:07:31:88/0x1001")
    equal(event["sockaddr"],
          struct.pack("=HH6sHBx", 31, 0x1001, device, 0, 0).hex())
    equal(event["psm"], 0x1001)


def test_endpoints_are_read_for_their_address():
    for text, address, port in (
        ("tcp://192.0.2.1:80", "192.0.2.1", 80),
        ("udp6://[::1]:53?device=lo", "::1", 53),
        ("unix:///run/x?mode=600", "/run/x", None),
        ("unix://@x", "@x", None),
        ("vsock://3:80", "vsock:3", 80),
        ("l2cap://00:1b:dc:07:31:88/0x80?le=random&mtu=100",
         "l2cap:00:1B:DC:07:31:88?le=random", None),
    ):
        event = one(text)
        equal((event["given"], event["address"], event.get("port")),
              (text, address, port))


def test_classic_forms_only_on_request():
    for text in ("127.1", "0x7f.1", "0177.0.0.1", "2130706433", "010.0.0.1"):
        contains(usage(text), "is refused")
        contains(usage(text), "hint: '--classic' reads it")
        equal(one("--classic", text)["address"],
              socket.inet_ntoa(socket.inet_aton(text)))
    contains(usage("--classic", "1.2.3.4.5"), "at most 4 parts")


def test_in_ends_with_0_or_1():
    equal(expect(0, "addr", "192.0.2.7", "in", "192.0.2.0/24").text,
          "192.0.2.7 is in 192.0.2.0/24\n")
    equal(expect(1, "addr", "192.0.3.7", "in", "192.0.2.0/24").text,
          "192.0.3.7 is not in 192.0.2.0/24\n")
    for words, code in (
        (("2001:db8::1", "2001:db8::/32"), 0), (("::1", "0.0.0.0/0"), 1),
        (("10.1.0.0/16", "10.0.0.0/8"), 0), (("10.0.0.0/8", "10.1.0.0/16"), 1),
        (("10.0.0.1:80", "10.0.0.0/255.0.0.0"), 0), (("::1", "::1"), 0),
        (("::ffff:10.0.0.1", "10.0.0.0/8"), 0),
    ):
        event = one(words[0], "in", words[1], code=code)
        equal(event["answer"], code == 0, words)
    contains(usage("x", "in", "10.0.0.0/8"), "neither an IP address")
    contains(usage("10.0.0.1", "in", "@x"), "expected an address")
    contains(usage("10.0.0.1", "in", "10.0.0.0/33"), "expected 0 to 32")


def test_networks_are_those_of_python():
    for text in ("192.0.2.0/24", "192.0.2.77/26", "10.0.0.0/31", "1.2.3.4/32",
                 "0.0.0.0/0", "2001:db8::5/32", "::/0", "::1/128",
                 "192.0.2.0/255.255.255.0", "192.0.2.0/0.0.0.255"):
        (event,) = of_type(
            events(expect(0, "addr", "--json", text), "addr"), "network")
        net = ipaddress.ip_network(text, strict=False)
        equal(event["network"], str(net), text)
        equal((event["bits"], event["mask"]),
              (net.prefixlen, str(net.netmask)), text)
        equal((event["first"], event["last"], int(event["addresses"])),
              (str(net[0]), str(net[-1]), net.num_addresses), text)
        has = net.version == 4 and net.prefixlen < 31
        equal(event.get("broadcast"),
              str(net.broadcast_address) if has else None, text)


def test_parts_and_supernets():
    net = ipaddress.ip_network("192.0.2.0/24")
    equal(expect(0, "addr", "192.0.2.0/24", "--subnets", "27").text.split(),
          [str(n) for n in net.subnets(new_prefix=27)])
    equal(one("192.0.2.0/24", "--supernet", "20")["network"],
          str(net.supernet(new_prefix=20)))
    equal(len(expect(0, "addr", "::/112", "--subnets", "128").text.split()),
          65536)
    contains(usage("::/64", "--subnets", "128"), "at most 65536")
    contains(usage("::/64", "--subnets", "63"), "length of 64 or more")
    contains(usage("::/64", "--supernet", "65"), "at most 64")
    contains(usage("::1", "--supernet", "65"), "are of networks")


def test_ranges_are_summarized_as_python_does():
    for first, last in (("192.0.2.1", "192.0.2.254"), ("::1", "::ffff"),
                        ("10.0.0.0", "10.0.0.0")):
        ends = map(ipaddress.ip_address, (first, last))
        right = [str(n) for n in ipaddress.summarize_address_range(*ends)]
        equal(expect(0, "addr", f"{first}-{last}").text.split(), right)
        equal(one(f"{first}-{last}")["networks"], right)
    contains(usage("10.0.0.2-10.0.0.1"), "lower address first")
    contains(usage("10.0.0.2-::1"), "both of one family")
    contains(usage("10.0.0.2-x"), "no IP address")


def test_arithmetic():
    equal(one("192.0.2.255", "--add", "1")["address"], "192.0.3.0")
    equal(one("[::1]:80", "--add=-1")["address"], "::")
    contains(usage("255.255.255.255", "--add", "1"), "there is no address")
    contains(usage("10.0.0.1", "--add", "1x"), "no whole number")
    contains(usage("10.0.0.1", "--add", str(2**63)), "no whole number")
    contains(usage("10.0.0.0/8", "--add", "1"), "'10.0.0.0/8' is none")


def test_what_is_wrong_is_quoted_and_nothing_shown():
    contains(usage("host"), "neither an IP address nor a path")
    contains(usage("192.0.2.1", "1.2.3.400"), "400 is out of range 0-255")
    contains(usage("--packed", "c00002"), "not 6")
    contains(usage("--integer", str(2**128)), "128 bits")
    contains(usage("fe80::1%no-such"), 'no interface "no-such"')
    contains(usage("x" * 5000), "is too long")
    contains(usage(""), "neither")


if __name__ == "__main__":
    tap.main(globals())
