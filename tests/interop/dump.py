# SPDX-License-Identifier: MIT
"""pier dump against tshark and tcpdump: the fields of packets of every kind, pcap
files both ways, filters; and live, in a network namespace of its own."""

import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.environ["PIER_SOURCE"], "tests", "cli"))

import packets  # noqa: E402
import tap  # noqa: E402
import tool  # noqa: E402
from tap import contains, equal  # noqa: E402

# (our layer, our field): what tshark calls it.
FIELDS = {
    ("ethernet", "destination"): "eth.dst",
    ("ethernet", "source"): "eth.src",
    ("ethernet", "type"): "eth.type",
    ("vlan", "priority"): "vlan.priority",
    ("vlan", "id"): "vlan.id",
    ("vlan", "type"): "vlan.etype",
    ("arp", "operation"): "arp.opcode",
    ("arp", "sender_hardware"): "arp.src.hw_mac",
    ("arp", "sender"): "arp.src.proto_ipv4",
    ("arp", "target_hardware"): "arp.dst.hw_mac",
    ("arp", "target"): "arp.dst.proto_ipv4",
    ("ipv4", "header_length"): "ip.hdr_len",
    ("ipv4", "dscp"): "ip.dsfield.dscp",
    ("ipv4", "ecn"): "ip.dsfield.ecn",
    ("ipv4", "total_length"): "ip.len",
    ("ipv4", "id"): "ip.id",
    ("ipv4", "dont_fragment"): "ip.flags.df",
    ("ipv4", "more_fragments"): "ip.flags.mf",
    ("ipv4", "fragment_offset"): "ip.frag_offset",
    ("ipv4", "ttl"): "ip.ttl",
    ("ipv4", "protocol"): "ip.proto",
    ("ipv4", "checksum"): "ip.checksum",
    ("ipv4", "source"): "ip.src",
    ("ipv4", "destination"): "ip.dst",
    ("ipv4", "option"): "ip.opt.type",
    ("ipv6", "version"): "ipv6.version",
    ("ipv6", "dscp"): "ipv6.tclass.dscp",
    ("ipv6", "ecn"): "ipv6.tclass.ecn",
    ("ipv6", "flow_label"): "ipv6.flow",
    ("ipv6", "payload_length"): "ipv6.plen",
    ("ipv6", "next_header"): "ipv6.nxt",
    ("ipv6", "hop_limit"): "ipv6.hlim",
    ("ipv6", "source"): "ipv6.src",
    ("ipv6", "destination"): "ipv6.dst",
    ("hop_options", "next_header"): "ipv6.hopopts.nxt",
    ("destination_options", "next_header"): "ipv6.dstopts.nxt",
    ("routing", "next_header"): "ipv6.routing.nxt",
    ("routing", "type"): "ipv6.routing.type",
    ("routing", "segments_left"): "ipv6.routing.segleft",
    ("fragment", "next_header"): "ipv6.fraghdr.nxt",
    ("fragment", "more_fragments"): "ipv6.fraghdr.more",
    ("fragment", "id"): "ipv6.fraghdr.ident",
    ("icmp", "type"): "icmp.type",
    ("icmp", "code"): "icmp.code",
    ("icmp", "checksum"): "icmp.checksum",
    ("icmp", "id"): "icmp.ident",
    ("icmp", "sequence"): "icmp.seq",
    ("icmp", "mtu"): "icmp.mtu",
    ("icmp", "gateway"): "icmp.redir_gw",
    ("icmpv6", "type"): "icmpv6.type",
    ("icmpv6", "code"): "icmpv6.code",
    ("icmpv6", "checksum"): "icmpv6.checksum",
    ("icmpv6", "id"): "icmpv6.echo.identifier",
    ("icmpv6", "sequence"): "icmpv6.echo.sequence_number",
    ("icmpv6", "mtu"): "icmpv6.mtu",
    ("icmpv6", "link_address"): "icmpv6.opt.linkaddr",
    ("tcp", "source_port"): "tcp.srcport",
    ("tcp", "destination_port"): "tcp.dstport",
    ("tcp", "sequence"): "tcp.seq_raw",
    ("tcp", "acknowledgment"): "tcp.ack_raw",
    ("tcp", "header_length"): "tcp.hdr_len",
    ("tcp", "flags"): "tcp.flags",
    ("tcp", "window"): "tcp.window_size_value",
    ("tcp", "checksum"): "tcp.checksum",
    ("tcp", "urgent_pointer"): "tcp.urgent_pointer",
    ("tcp", "option"): "tcp.option_kind",
    ("tcp", "mss"): "tcp.options.mss_val",
    ("tcp", "window_scale"): "tcp.options.wscale.shift",
    ("tcp", "timestamp"): "tcp.options.timestamp.tsval",
    ("tcp", "timestamp_echo"): "tcp.options.timestamp.tsecr",
    ("tcp", "sack_left"): "tcp.options.sack_le",
    ("tcp", "sack_right"): "tcp.options.sack_re",
    ("udp", "source_port"): "udp.srcport",
    ("udp", "destination_port"): "udp.dstport",
    ("udp", "length"): "udp.length",
    ("udp", "checksum"): "udp.checksum",
    ("sctp", "source_port"): "sctp.srcport",
    ("sctp", "destination_port"): "sctp.dstport",
    ("sctp", "verification_tag"): "sctp.verification_tag",
    ("sctp", "checksum"): "sctp.checksum",
    ("sctp", "chunk"): "sctp.chunk_type",
}

# What it counts in words and we in bytes.
WORDS = {"ip.frag_offset": 8}

# Whether a checksum is right: 1, or wrong: 0.
STATUS = {
    "ipv4": "ip.checksum.status",
    "icmp": "icmp.checksum.status",
    "icmpv6": "icmpv6.checksum.status",
    "tcp": "tcp.checksum.status",
    "udp": "udp.checksum.status",
    "sctp": "sctp.checksum.status",
}
VERDICTS = {"0": "bad", "1": "good"}

# Each packet by itself, its numbers as they stand there, its sums verified.
PREFERENCES = """ip.defragment:FALSE ipv6.defragment:FALSE
    tcp.desegment_tcp_streams:FALSE tcp.relative_sequence_numbers:FALSE
    tcp.analyze_sequence_numbers:FALSE ip.check_checksum:TRUE
    tcp.check_checksum:TRUE udp.check_checksum:TRUE sctp.checksum:crc32c
    """.split()


def missing():
    for name in ("tshark", "tcpdump", "ip", "unshare"):
        if shutil.which(name) is None:
            return f"no {name} here"
    if os.geteuid() != 0:
        return "needs root for a network namespace"
    if subprocess.run(["unshare", "-n", "true"], check=False).returncode:
        return "cannot make a network namespace"
    return None


def quietly(*words, **kwargs):
    return subprocess.run(
        words, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=True,
        timeout=tool.LIMIT * 2, **kwargs,
    ).stdout


def theirs(path):
    """Of each packet, lists of values by tshark's names."""
    names = list(FIELDS.values()) + list(STATUS.values())
    words = ["tshark", "-n", "-r", path, "-T", "fields", "-E", "separator=|"]
    for preference in PREFERENCES:
        words += ["-o", preference]
    for name in names:
        words += ["-e", name]
    rows = quietly(*words).decode().splitlines()
    return [
        {
            name: [value for value in cell.split(",") if value != ""]
            for name, cell in zip(names, row.split("|"))
        }
        for row in rows
    ]


def number(value):
    """A number in any notation, else the text."""
    if value in ("True", "False"):
        return int(value == "True")
    try:
        return int(value, 0)
    except ValueError:
        return value


def expected(row, name):
    return [number(value) * WORDS.get(name, 1) for value in row[name]]


def ours(path, *words):
    """Of each packet its event."""
    done = tool.expect(0, "dump", "-r", path, "--json", *words)
    return tool.of_type(tool.events(done, "dump"), "packet")


def values(event, layer_name, field):
    found = []
    for layer in event["layers"]:
        if layer["layer"] != layer_name or field not in layer["fields"]:
            continue
        value = layer["fields"][field]
        found += value if isinstance(value, list) else [value]
    return [int(v) if isinstance(v, bool) else v for v in found]


def compare_sums(event, row):
    """Tshark has no opinion of some: of quoted packets, of parts."""
    for layer, name in STATUS.items():
        mine = [
            one["checksum"] for one in event["layers"]
            if one["layer"] == layer and "checksum" in one
        ]
        for verdict, status in zip(mine, row[name]):
            if verdict in ("good", "bad") and status in VERDICTS:
                equal(verdict, VERDICTS[status], f"{event['line']}: {name}")


def compare(path):
    """How many values were compared, each equal."""
    events, rows = ours(path), theirs(path)
    equal(len(events), len(rows), "packets")
    count = 0
    for event, row in zip(events, rows):
        for (layer, field), name in FIELDS.items():
            mine = values(event, layer, field)
            equal(mine, expected(row, name), f"{event['line']}: {name}")
            count += len(mine)
        compare_sums(event, row)
    return count


@contextlib.contextmanager
def folder():
    with tempfile.TemporaryDirectory(prefix="pier-dump-") as path:
        yield lambda name: os.path.join(path, name)


def test_fields_are_those_of_tshark():
    with folder() as name:
        packets.write(name("many.pcap"), packets.many())
        count = compare(name("many.pcap"))
        assert count > 600, count
        print(f"# {count} values are the same")


def test_every_field_was_compared():
    with folder() as name:
        packets.write(name("many.pcap"), packets.many())
        events = ours(name("many.pcap"))
    for layer, field in FIELDS:
        found = [v for event in events for v in values(event, layer, field)]
        assert found, f"no packet has {layer} {field}"


FILTERS = """ip|ip6|arp|tcp|udp|sctp|icmp|icmp6|port 53|src port 53|dst port 53|
    tcp port 80|portrange 50-60|host 10.0.0.1|src host 10.0.0.1|
    dst host 192.168.0.2|net 10.0.0.0/8|dst net 192.168.0.0/16|
    ip6 host 2001:db8::1|src net 2001:db8::/48|not port 53|not tcp|
    (tcp or udp) and not port 443|tcp or (udp and src port 40000)|
    ip proto 47|udp and not host 10.0.0.1|not (ip or ip6)"""


def test_filters_are_those_of_tcpdump():
    """Of packets without tags, behind which tcpdump does not look, and without
    what it does not look behind in IPv6."""
    deep = ("hop_options", "destination_options", "routing", "vlan")
    with folder() as name:
        packets.write(name("all.pcap"), packets.many())
        plain = [
            packet
            for packet, event in zip(packets.many(), ours(name("all.pcap")))
            if not any(one["layer"] in deep for one in event["layers"])
        ]
        packets.write(name("plain.pcap"), plain)
        for text in " ".join(FILTERS.split()).split("|"):
            text = text.strip()
            mine = tool.run("dump", "-r", name("plain.pcap"), "-w", "-", text)
            other = quietly(
                "tcpdump", "-n", "-r", name("plain.pcap"), "-w", "-", text
            )
            found = [packet[3] for packet in packets.read(mine.out)]
            equal(found, [packet[3] for packet in packets.read(other)], text)
            assert 0 < len(found) < len(plain), f"{text}: {len(found)}"


def test_files_of_tcpdump_and_for_it():
    with folder() as name:
        packets.write(name("in.pcap"), packets.many())
        said = quietly("tcpdump", "-nn", "-tt", "-r", name("in.pcap"))
        tool.expect(0, "dump", "-r", name("in.pcap"), "-w", name("ours.pcap"))
        equal(
            quietly("tcpdump", "-nn", "-tt", "-r", name("ours.pcap")), said
        )
        for precision in ("micro", "nano"):
            quietly(
                "tcpdump", f"--time-stamp-precision={precision}", "-r",
                name("ours.pcap"), "-w", name(precision),
            )
            equal(
                [e["time"] for e in ours(name(precision))],
                [e["time"] for e in ours(name("in.pcap"))],
            )


class Capture:
    """pier dump in the background, listening when the constructor is back."""

    def __init__(self, *words, **kwargs):
        self.process = subprocess.Popen(
            [tool.PIER, "dump", *words], stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, env=tool.ENV, **kwargs,
        )
        line = self.process.stderr.readline().decode()
        contains(line, "listening")

    def end(self, number=signal.SIGINT):
        if number is not None:
            self.process.send_signal(number)
        out, err = self.process.communicate(timeout=tool.LIMIT)
        return tool.Done(self.process, out, err)


def talk():
    """TCP and UDP, over both families."""
    for family, host in ((socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")):
        with socket.socket(family) as listener:
            listener.bind((host, 0))
            listener.listen()
            with socket.create_connection(listener.getsockname()[:2]) as one:
                other, _ = listener.accept()
                with other:
                    one.sendall(b"x" * 20000)
                    other.recv(20000, socket.MSG_WAITALL)
                    other.sendall(b"back")
                    one.recv(4)
        with socket.socket(family, socket.SOCK_DGRAM) as one:
            one.bind((host, 0))
            one.sendto(b"to myself", one.getsockname())
            one.recv(100)
        with socket.socket(family, socket.SOCK_DGRAM) as one:
            one.sendto(b"nobody", (host, 9))


MARK = b"this is the last one"


def until_marked(path):
    """The packets of a file that is still written to, once the mark is in it."""
    def has_mark():
        with open(path, "rb") as file:
            return MARK in file.read()

    tool.wait_until(has_mark)
    with open(path, "rb") as file:
        found = [packet[3] for packet in packets.read(file.read())]
    # Two processors may hand one packet to either first.
    return sorted(found)


def fields_are_equal(path):
    """Of live packets: what the device fills in is not there yet."""
    events, rows = ours(path), theirs(path)
    equal(len(events), len(rows), "packets")
    for event, row in zip(events, rows):
        for (layer, field), name in FIELDS.items():
            equal(
                values(event, layer, field),
                expected(row, name),
                f"{event['line']}: {name}",
            )
    return len(events)


def test_live_as_tcpdump_and_tshark():
    with folder() as name, contextlib.ExitStack() as stack:
        # Room for all of it: frames of its ring are as large as its snap.
        other = subprocess.Popen(
            ["tcpdump", "-i", "lo", "-U", "--immediate-mode", "-s", "70000",
             "-B", "65536", "-w", name("theirs.pcap")],
            stderr=subprocess.PIPE,
        )
        stack.callback(other.kill)
        while b"listening" not in other.stderr.readline():
            pass
        mine = Capture("-i", "lo", "-w", name("ours.pcap"))
        stack.callback(mine.process.kill)
        talk()
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
            one.bind(("127.0.0.1", 0))
            one.sendto(MARK, one.getsockname())
        found = until_marked(name("ours.pcap"))
        equal(found, until_marked(name("theirs.pcap")))
        assert len(found) > 20, found
        done = mine.end()
        other.send_signal(signal.SIGINT)
        other.communicate(timeout=tool.LIMIT)
        equal(done.code, 130, done)
        contains(done.err, "dropped 0 of them")
        fields_are_equal(name("ours.pcap"))


def test_of_all_interfaces():
    with folder() as name:
        capture = Capture("-w", name("all.pcap"), "udp")
        talk()
        done = capture.end()
        equal(done.code, 130, done)
        events = ours(name("all.pcap"))
        assert len(events) >= 4, done
        equal({event["link"] for event in events}, {packets.COOKED2})
        said = quietly("tcpdump", "-nn", "-r", name("all.pcap")).decode()
        equal(len(said.splitlines()), len(events))
        fields_are_equal(name("all.pcap"))


def test_count_and_lines():
    capture = Capture("-i", "lo", "-c", "1", "-v", "-x", "udp and dst port 9")
    talk()
    done = capture.end(None)
    equal(done.code, 0, done)
    contains(done.text, "UDP 127.0.0.1:")
    contains(done.text, "      udp, 8 bytes at 34")
    contains(done.text, "destination_port: 9")
    contains(done.text, "6e 6f 62 6f 64 79")
    contains(done.err, "1 packet;")


def test_nothing_in_time():
    done = tool.run("dump", "-i", "lo", "--for", "10ms", "port", "9")
    equal(done.code, 1, done)
    contains(done.err, "0 packets; the kernel counted 0")


def test_without_privilege():
    def drop():
        os.setgroups([])
        os.setgid(65534)
        os.setuid(65534)

    with folder() as name:
        # Where it was built others may not look.
        shutil.copy(tool.PIER, name("pier"))
        os.chmod(os.path.dirname(name("pier")), 0o755)
        done = subprocess.run(
            [name("pier"), "dump"], stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, env=tool.ENV, preexec_fn=drop,
            check=False, timeout=tool.LIMIT,
        )
        equal(done.returncode, 9, done)
        contains(done.stderr.decode(), "CAP_NET_RAW")
        contains(
            done.stderr.decode(),
            f"sudo setcap cap_net_raw=+ep {name('pier')}",
        )


def test_tags_that_the_kernel_took_out():
    """It keeps them beside the packet, from where they go back."""
    packet = packets.ethernet(
        0x0800, packets.ip4(17, packets.udp(b"hello", target=7)),
        tags=[(0x8100, 0x6005)],
    )
    text = "vlan 5 and udp port 7"
    with folder() as name, socket.socket(
        socket.AF_PACKET, socket.SOCK_RAW
    ) as sender:
        sender.bind(("lo", 0))
        captures = [
            Capture("-i", "lo", "-c", "1", "-w", name("lo"), text),
            Capture("-c", "1", "-w", name("all"), text),
        ]
        sender.send(packet)
        for capture in captures:
            equal(capture.end(None).code, 0)
        for path in (name("lo"), name("all")):
            (event,) = ours(path)
            equal(values(event, "vlan", "id"), [5], event)
            equal(values(event, "vlan", "priority"), [3], event)
            equal(values(event, "udp", "destination_port"), [7], event)
            fields_are_equal(path)
        with open(name("lo"), "rb") as file:
            equal(packets.read(file.read())[0][3], packet)


if __name__ == "__main__":
    if os.environ.get("PIER_DUMP_NETNS") is None:
        why = missing()
        if why is not None:
            print(f"1..0 # SKIP {why}")
            sys.exit(0)
        os.environ["PIER_DUMP_NETNS"] = "1"
        os.execvp("unshare", ["unshare", "-n", sys.executable, *sys.argv])
    quietly("ip", "link", "set", "lo", "up")
    tap.main(globals())
