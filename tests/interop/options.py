# SPDX-License-Identifier: MIT
"""The table of options beside the kernel's headers and Python's socket module,
and values beside getsockopt() of Python and what socat sets."""

import contextlib
import gzip
import json
import os
import re
import shutil
import socket
import struct
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.environ["PIER_SOURCE"], "tests", "cli"))

import tap  # noqa: E402
import tool  # noqa: E402
from option_reasons import REASONS  # noqa: E402
from tap import equal  # noqa: E402
from tool import expect  # noqa: E402

HEADERS = {
    "asm-generic/socket.h": "SO_",
    "linux/in.h": "(?:IP|MCAST)_",
    "linux/in6.h": "IPV6_",
    "linux/mroute.h": "MRT_",
    "linux/mroute6.h": "MRT6_",
    "linux/netfilter_ipv4.h": "SO_",
    "linux/netfilter_ipv4/ip_tables.h": "IPT_SO_",
    "linux/netfilter_ipv6/ip6_tables.h": "IP6T_SO_",
    "linux/netfilter_arp/arp_tables.h": "ARPT_SO_",
    "linux/netfilter_bridge/ebtables.h": "EBT_SO_",
    "linux/ip_vs.h": "IP_VS_SO_",
    "linux/tcp.h": "TCP_",
    "linux/udp.h": "UDP_",
    "linux/if_packet.h": "PACKET_",
    "linux/netlink.h": "NETLINK_",
    "linux/can/raw.h": "CAN_RAW_",
    "linux/can/isotp.h": "CAN_ISOTP_",
    "linux/can/j1939.h": "SO_J1939_",
    "linux/vm_sockets.h": "SO_VM_SOCKETS_",
    "linux/mptcp.h": "MPTCP_",
    "linux/sctp.h": "SCTP_",
    "linux/tipc.h": "TIPC_",
    "linux/tls.h": "TLS_",
    "linux/icmp.h": "ICMP_FILTER$",
    "linux/icmpv6.h": "ICMPV6_FILTER$",
}


def table():
    """The rows, by constant; some constants have a row for each level."""
    rows = {}
    for line in expect(0, "opt", "--json").text.splitlines():
        row = json.loads(line)
        rows.setdefault(row["constant"], []).append(row)
    return rows


TABLE = table()


def path_of(header):
    path = os.path.join("/usr/include", header)
    if not os.path.exists(path):
        raise tap.Skip(f"linux-libc-dev is not here: no {path}")
    return path


def names_in(header, prefix):
    """What a header defines, as a macro or in an enum."""
    with open(path_of(header), encoding="utf-8") as file:
        text = re.sub(r"/\*.*?\*/", " ", file.read(), flags=re.S)
    names = re.findall(rf"^\s*#\s*define\s+({prefix}\w*)\s+\S", text, re.M)
    for body in re.findall(r"\benum\b[^{;]*\{(.*?)\}", text, re.S):
        body = re.sub(r"^\s*#.*$", "", body, flags=re.M)
        names += re.findall(rf"(?:^|,)\s*({prefix}\w*)\b", body)
    return sorted({name for name in names if re.match(prefix, name)})


def values_of(header, names):
    """Their numbers, as the compiler sees them; None for what is none."""
    compiler = shutil.which("cc") or shutil.which("gcc")
    if compiler is None:
        raise tap.Skip("no compiler to read headers with")
    # What sctp.h leaves to whoever includes it.
    lines = ["#include <stdint.h>", "#include <sys/socket.h>"] * (
        header == "linux/sctp.h"
    )
    lines += [f"#include <{header}>", "#include <stdio.h>", "int main(void){"]
    for name in names:
        lines.append(
            f'printf("{name} %lld\\n", (long long)({name}));'
        )
    lines.append("return 0;}")
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "x.c")
        with open(path, "w", encoding="utf-8") as file:
            file.write("\n".join(lines))
        made = subprocess.run(
            [compiler, "-w", "-o", path[:-2], path],
            capture_output=True, text=True, check=False,
        )
        if made.returncode != 0:
            raise AssertionError(made.stderr)
        told = subprocess.run(
            [path[:-2]], capture_output=True, text=True, check=True
        )
    return {
        line.split()[0]: int(line.split()[1])
        for line in told.stdout.splitlines()
    }


def reason(name):
    for pattern, why in REASONS:
        if re.fullmatch(pattern, name):
            return why
    return None


def test_every_constant_of_the_headers():
    missing, wrong, held = [], [], 0
    for header, prefix in HEADERS.items():
        names = names_in(header, prefix)
        known = [name for name in names if name in TABLE]
        numbers = values_of(header, known)
        for name in names:
            if name in TABLE:
                held += 1
                for row in TABLE[name]:
                    if row["number"] != numbers[name]:
                        wrong.append((name, row["number"], numbers[name]))
            elif reason(name) is None:
                missing.append(name)
    equal(missing, [], "neither in the table nor with a reason")
    equal(wrong, [], "another number than the kernel's")
    assert held > 300, held


# The number of an option that a fix of 6.1 brought back needed both.
BROUGHT_BACK = {"IP_LOCAL_PORT_RANGE", "IP_PROTOCOL"}


def test_no_option_is_older_than_it_says():
    """The headers have nothing that came after them."""
    with open(path_of("linux/version.h"), encoding="utf-8") as file:
        code = int(re.search(r"LINUX_VERSION_CODE (\d+)", file.read()).group(1))
    version, held, wrong = (code >> 16, code >> 8 & 255), 0, []
    for header, prefix in HEADERS.items():
        for name in set(names_in(header, prefix)) - BROUGHT_BACK:
            for row in TABLE.get(name, []):
                held += 1
                since = tuple(int(part) for part in row["since"].split("."))
                if since[:2] > version:
                    wrong.append((name, row["since"]))
    equal(wrong, [], f"in headers of Linux {version}")
    assert held > 300, held


# Numbers that were given out one after the other, by group.
IN_ORDER = [
    ("socket", 26, 84), ("tcp", 1, 46), ("ip", 1, 26), ("ip", 32, 52),
    ("ipv6", 16, 31), ("ipv6", 72, 78), ("packet", 1, 24), ("netlink", 1, 12),
    ("sctp", 0, 37), ("sctp", 100, 133), ("tipc", 127, 138), ("udp", 1, 104),
    ("vsock", 0, 8), ("mptcp", 1, 4), ("tls", 1, 5), ("can_raw", 1, 8),
    ("bluetooth", 4, 16), ("mroute", 200, 212), ("mroute6", 200, 212),
]

# Numbers that were kept free for them.
KEPT_FREE = {"SCTP_PR_STREAM_STATUS", "SCTP_RECONFIG_SUPPORTED"}


def version(text):
    return tuple(int(part) for part in text.split("."))


def test_a_later_number_is_of_no_earlier_kernel():
    wrong, held = [], 0
    for group, first, last in IN_ORDER:
        rows = sorted(
            (row["number"], version(row["since"]), row["name"])
            for rows in TABLE.values() for row in rows
            if row["name"].split(".")[0] == group
            and first <= row["number"] <= last
            and row["constant"] not in KEPT_FREE
        )
        held += len(rows)
        for before, after in zip(rows, rows[1:]):
            if after[1] < before[1]:
                wrong.append((before, after))
    equal(wrong, [])
    assert held > 250, held


# What a page of section 7 says and kernels do not: the headers of 2.6.24 have no
# IP_TRANSPARENT; what 3.6 brought of Fast Open is no option yet.
PAGES_ARE_WRONG = {"IP_TRANSPARENT", "TCP_FASTOPEN"}
SINCE = re.compile(
    r"\b((?:SO|IPV?6?|TCP|UDP|PACKET|NETLINK)_[A-Z0-9_]+)\b"
    r'["(), A-Z_]*(?:\(|with [A-Z_" ]*; )(?:gettable |available )?'
    r"(?:since )?(?:Linux )?(\d+\.\d[\d.]*\d|\d\.\d)"
)


def test_since_is_what_manual_pages_say():
    wrong, held = [], 0
    for page in ("socket", "ip", "ipv6", "tcp", "udp", "packet", "netlink"):
        path = f"/usr/share/man/man7/{page}.7.gz"
        if not os.path.exists(path):
            raise tap.Skip(f"Debian's manpages are not here: no {path}")
        with gzip.open(path, "rt", encoding="utf-8") as file:
            text = file.read()
        for name, said in SINCE.findall(text):
            # ip(7) tells since when TCP and UDP have one of socket(7).
            if name in PAGES_ARE_WRONG or (
                name.startswith("SO_") and page != "socket"
            ):
                continue
            for row in TABLE.get(name, []):
                held += 1
                if version(row["since"])[: len(version(said))] != version(said):
                    wrong.append((name, row["since"], said))
    equal(wrong, [], "another version than the page's")
    assert held > 60, held


# What takes a capability, as this kernel says: a socket, and a value for which
# it asks. Others of the table ask only of a raw socket, or an older kernel does.
PRIVILEGED = [
    ("tcp4", "debug=1"), ("tcp4", "sndbufforce=8192"),
    ("tcp4", "rcvbufforce=8192"), ("tcp4", "mark=1"), ("tcp4", "priority=7"),
    ("tcp4", "prefer_busy_poll=1"), ("tcp4", "busy_poll_budget=99"),
    ("udp4", "txtime=clock=0,flags=0x0"), ("tcp4", "repair=1"),
    ("tcp4", "ip.transparent=1"), ("tcp6", "ipv6.transparent=1"),
    ("udp6", "join_anycast=2001:db8::1"), ("netlink", "listen_all_nsid=1"),
]
UNPRIVILEGED = [
    ("tcp4", "priority=6"), ("udp6", "router_alert_isolate=1"),
    ("tcp4", "bindtodevice=lo"), ("tcp4", "keepidle=60"), ("udp4", "ttl=5"),
]


def test_capabilities():
    if os.geteuid() != 0:
        raise tap.Skip("needs root to give it up")
    words = ["setpriv", "--reuid", "65534", "--clear-groups", "--inh-caps"]
    words += ["-all", "--bounding-set", "-all", "--no-new-privs"]

    def without(kind, setting):
        done = subprocess.run(
            [*words, binary, "opt", f"{kind}://", setting],
            capture_output=True, text=True, check=False, env=tool.ENV,
        )
        return done.returncode, done.stderr

    # The binary may stand where only root can read.
    with tool.scratch() as folder:
        os.chmod(folder, 0o755)
        binary = shutil.copy(tool.PIER, folder)
        for kind, setting in PRIVILEGED:
            done = tool.run("opt", f"{kind}://", setting, "--dry-run")
            if done.code != 0:
                print(f"# not here: {setting}: {done.err.strip()}")
                continue
            code, said = without(kind, setting)
            equal((setting, code), (setting, 9), said)
            assert "it takes CAP_" in said, said
        for kind, setting in UNPRIVILEGED:
            code, said = without(kind, setting)
            equal((setting, code), (setting, 0), said)
            name = setting.split("=")[0]
            told = expect(0, "opt", "--json", name).text
            if "capability" in json.loads(told):
                assert "without the capability" in told, told


def test_levels_are_those_of_python():
    levels = {
        "socket": socket.SOL_SOCKET,
        "ip": socket.SOL_IP,
        "ipv6": socket.IPPROTO_IPV6,
        "tcp": socket.SOL_TCP,
        "udp": socket.SOL_UDP,
        "udplite": socket.IPPROTO_UDPLITE,
        "icmpv6": socket.IPPROTO_ICMPV6,
        "can_raw": socket.SOL_CAN_RAW,
        "isotp": socket.SOL_CAN_BASE + socket.CAN_ISOTP,
        "j1939": socket.SOL_CAN_BASE + socket.CAN_J1939,
        "tipc": socket.SOL_TIPC,
        "sctp": socket.IPPROTO_SCTP,
        "vsock": socket.AF_VSOCK,
    }
    seen = set()
    for rows in TABLE.values():
        for row in rows:
            group = row["name"].split(".")[0]
            if group in levels:
                seen.add(group)
                equal(row["level"], levels[group], row["name"])
    equal(seen, set(levels))


def homes():
    """The patterns of docs/from-python.md, "Constants"."""
    path = os.path.join(os.environ["PIER_SOURCE"], "docs", "from-python.md")
    with open(path, encoding="utf-8") as file:
        text = file.read().split("\n## Constants\n", 1)[1].split("\n## ")[0]
    found = []
    for line in text.splitlines():
        cells = line.split("|")
        if len(cells) >= 3:
            found += re.findall(r"`([A-Z][A-Z0-9_*]*)`", cells[1])
    return found


def test_every_constant_of_python():
    patterns = homes()
    lost, used = [], set()
    for name in dir(socket):
        value = getattr(socket, name)
        if not re.fullmatch(r"[A-Z][A-Z0-9_]+", name) or not isinstance(
            value, int
        ):
            continue
        if name in TABLE:
            for row in TABLE[name]:
                equal(row["number"], int(value), name)
            continue
        matching = [
            one for one in patterns
            if re.fullmatch(one.replace("*", r"\w*"), name)
        ]
        used.update(matching)
        if not matching:
            lost.append(name)
    equal(lost, [], "neither an option nor in docs/from-python.md")


def asked(number, *words):
    """pier opt about a socket that this process holds."""
    done = expect(
        0, "opt", "--json", "--fd", str(number), *words, pass_fds=[number]
    )
    return tool.events(done, "opt")


def compare(one):
    """Every number that pier shows is the one that getsockopt() gives."""
    compared = 0
    for event in asked(one.fileno()):
        if "error" in event or event["constant"] in (
            "SO_COOKIE", "TCP_TIMESTAMP", "SO_MEMINFO",
        ):
            continue
        row = [
            row for row in TABLE[event["constant"]]
            if row["level"] == event["level"]
        ][0]
        if row["c_type"] != "int":
            continue
        got = one.getsockopt(row["level"], row["number"])
        value = event["value"]
        if isinstance(value, float):
            value = round(value * {"s": 1, "ms": 1e3, "us": 1e6}[row["unit"]])
        if isinstance(value, str):
            words = dict(
                word.split("=") for word in row.get("words", "").split()
            )
            value = words.get(value, value)
            if "|" in value or not re.match(r"-?\w", value):
                continue
            value = int(value, 0) if re.match(r"-?(0x|\d)", value) else got
        equal(value, got, event["name"])
        compared += 1
    return compared


def test_as_getsockopt_of_python():
    with socket.socket() as one:
        one.setsockopt(socket.SOL_TCP, socket.TCP_KEEPIDLE, 77)
        one.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 30000)
        one.setsockopt(socket.SOL_IP, socket.IP_TOS, 0x28)
        one.bind(("127.0.0.1", 0))
        one.listen(3)
        assert compare(one) > 60
        with socket.create_connection(one.getsockname()) as client:
            assert compare(client) > 60
    with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as one:
        assert compare(one) > 80
    with socket.socket(socket.AF_UNIX) as one:
        assert compare(one) > 20
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW) as one:
        assert compare(one) > 20


def test_structures_as_python_has_them():
    with socket.socket() as one:
        one.setsockopt(
            socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 9)
        )
        one.setsockopt(
            socket.SOL_SOCKET, socket.SO_RCVTIMEO, struct.pack("qq", 1, 500000)
        )
        one.setsockopt(socket.SOL_TCP, socket.TCP_CONGESTION, b"reno")
        told = {
            event["name"]: event
            for event in asked(
                one.fileno(), "linger", "rcvtimeo", "congestion"
            )
        }
        equal(told["socket.linger"]["value"], 9.0)
        equal(told["socket.rcvtimeo"]["value"], 1.5)
        equal(told["tcp.congestion"]["value"], "reno")
        asked(one.fileno(), "--set", "linger=4s", "--set", "rcvtimeo=3s")
        equal(
            struct.unpack(
                "ii", one.getsockopt(socket.SOL_SOCKET, socket.SO_LINGER, 8)
            ),
            (1, 4),
        )
        equal(
            struct.unpack(
                "qq", one.getsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, 16)
            ),
            (3, 0),
        )
    first, second = socket.socketpair()
    with first, second:
        event = asked(first.fileno(), "peercred")[0]
        equal(
            event["value"],
            {"pid": os.getpid(), "uid": os.getuid(), "gid": os.getgid()},
        )


@contextlib.contextmanager
def socat(*words):
    if shutil.which("socat") is None:
        raise tap.Skip("socat is not here")
    with subprocess.Popen(
        ["socat", *words], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    ) as process:
        try:
            yield process
        finally:
            process.kill()
            process.wait()


def sockets_of(pid):
    found = []
    with contextlib.suppress(FileNotFoundError):
        for number in os.listdir(f"/proc/{pid}/fd"):
            with contextlib.suppress(OSError):
                if os.readlink(f"/proc/{pid}/fd/{number}").startswith(
                    "socket:"
                ):
                    found.append(int(number))
    return found


def bound(pid, number):
    """Is it the socket, with all its options set?"""
    done = tool.run(
        "opt", "--json", "--pid", str(pid), "--fd", str(number), "ttl"
    )
    if done.code == 9:
        raise tap.Skip(f"not allowed: {done.err}")
    return done.code == 0 and tool.events(done, "opt")[0]["value"] == 33


def test_what_socat_has_set():
    with socat(
        "-u", "UDP4-RECV:0,bind=127.0.0.1,ip-ttl=33,so-rcvbuf=20000,broadcast",
        "-",
    ) as process:
        pid = process.pid
        tool.wait_until(
            lambda: any(bound(pid, one) for one in sockets_of(pid))
        )
        number = [one for one in sockets_of(pid) if bound(pid, one)][0]
        words = ("--pid", str(pid), "--fd", str(number))
        told = {
            event["name"]: event["value"]
            for event in tool.events(
                expect(0, "opt", "--json", *words, "rcvbuf", "broadcast"),
                "opt",
            )
        }
        equal(told["socket.rcvbuf"], 40000)
        equal(told["socket.broadcast"], True)
        # Changed while it runs, and not by a rehearsal.
        expect(0, "opt", *words, "--dry-run", "--set", "ttl=5")
        equal(bound(pid, number), True)
        done = expect(0, "opt", *words, "--set", "ttl=5")
        equal(done.text.split()[1:4], ["33", "->", "5"])
        done = expect(0, "opt", "--json", *words, "ip.ttl")
        equal(tool.events(done, "opt")[0]["value"], 5)


def alone(program):
    """A program of Python in a network namespace of its own; what it prints."""
    if os.geteuid() != 0 or shutil.which("unshare") is None:
        raise tap.Skip("takes root, for a network namespace")
    done = subprocess.run(
        ["unshare", "-n", sys.executable, "-c",
         f"import json, os, socket, subprocess\nPIER = {tool.PIER!r}\n"
         + program],
        capture_output=True, text=True, check=False, env=tool.ENV,
    )
    if done.returncode == 77:
        raise tap.Skip(done.stdout.strip())
    equal(done.returncode, 0, done.stderr)
    return done.stdout


MULTICAST_ROUTES = """
subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
try:
    routes = open("/proc/net/ip_mr_vif")
except FileNotFoundError:
    print("this kernel routes no multicast")
    raise SystemExit(77)
one = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_IGMP)
def opt(*words):
    return subprocess.run(
        [PIER, "opt", "--fd", str(one.fileno()), *words], text=True,
        check=True, stdout=subprocess.PIPE, pass_fds=[one.fileno()],
    ).stdout.split()
opt("--set", "mroute.init=1", "--set",
    "mroute.add_vif=vif=3,threshold=1,local=127.0.0.1", "--set",
    "mroute.add_mfc=origin=192.0.2.1,group=239.1.2.3,parent=3")
print(opt("mroute.version")[1])
# SIOCGETVIFCNT's table, as the kernel prints it.
print([line.split()[:2] for line in routes.readlines()[1:]])
with open("/proc/net/ip_mr_cache") as cache:
    print([line.split()[:3] for line in cache.readlines()[1:]])
print(one.getsockopt(socket.IPPROTO_IP, 206))
opt("--set", "mroute.done=1")
with open("/proc/net/ip_mr_vif") as routes:
    print(len(routes.readlines()))
"""


def test_multicast_routes_are_those_of_the_kernel():
    lines = alone(MULTICAST_ROUTES).splitlines()
    equal(lines[1], "[['3', 'lo']]")
    # The kernel prints addresses as numbers of this machine.
    origin, group = (
        "%08X" % struct.unpack("=I", socket.inet_aton(one))
        for one in ("192.0.2.1", "239.1.2.3")
    )
    equal(lines[2], f"[['{group}', '{origin}', '3']]")
    equal(int(lines[0], 0), int(lines[3]))
    equal(lines[4], "1")


REDIRECTED = """
subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
rules = "table ip t { chain c { type nat hook output priority -100; "
rules += "tcp dport 7000 redirect to :7001; }; }"
if subprocess.run(["nft", rules], stderr=subprocess.DEVNULL).returncode:
    print("this kernel, or nft, redirects nothing")
    raise SystemExit(77)
with socket.create_server(("127.0.0.1", 7001)) as server:
    client = socket.create_connection(("127.0.0.1", 7000))
    one = server.accept()[0]
    done = subprocess.run(
        [PIER, "opt", "--json", "--fd", str(one.fileno()), "original_dst"],
        stdout=subprocess.PIPE, check=True, pass_fds=[one.fileno()],
    )
    print(json.loads(done.stdout)["text"])
    value = one.getsockopt(socket.SOL_IP, 80, 16)
    print(socket.inet_ntoa(value[4:8]), int.from_bytes(value[2:4], "big"))
"""


def test_where_a_redirected_connection_went():
    ours, theirs = alone(REDIRECTED).splitlines()
    equal(theirs, "127.0.0.1 7000")
    equal(ours, theirs.replace(" ", ":"))


def test_defaults_are_this_kernels():
    """Where the table names a default, a new socket has it; what the machine
    is set up with is a sysctl's."""
    wrong, held = [], 0
    for kind in ("tcp4", "tcp6", "udp4", "udp6", "unix", "netlink", "vsock"):
        done = tool.run("opt", "--json", f"{kind}://")
        if done.code != 0:
            continue
        for event in tool.events(done, "opt"):
            rows = [
                row for row in TABLE[event["constant"]]
                if row["level"] == event["level"]
            ]
            told = rows[0].get("default")
            if told is None or "error" in event or "sysctl" in rows[0]:
                continue
            made = expect(
                0, "opt", "--json", f"{kind}://", "--dry-run",
                "--set", f"{event['name']}={told}",
            ) if rows[0]["set"] else None
            if made is None:
                continue
            held += 1
            change = tool.events(made, "opt")[0]
            if change["old_text"] != change["asked_text"]:
                wrong.append((kind, event["name"], change["old_text"], told))
    # A later kernel may have other ones: a few, and not most of them.
    if wrong:
        print(f"# {wrong}")
    assert len(wrong) * 20 < held, wrong
    assert held > 300, held


if __name__ == "__main__":
    tap.main(globals())
