# SPDX-License-Identifier: MIT
"""Three hosts on one link, each a network namespace: a bridge in the first,
where the caller runs, and a process that holds each of the others. For tests
that run in a namespace of their own: see inside(). The link can lose what it
carries: see lossy()."""

import contextlib
import os
import shutil
import subprocess
import sys
import time

NET = "10.9.0"
LINK = "lan0"
PORT = 7007
LIMIT = 30

# The hosts but the first, by number.
HOSTS = {}


def wait_until(what):
    """Wait until what() is true; there is no event to wait for instead."""
    end = time.monotonic() + LIMIT
    while not what():
        if time.monotonic() > end:
            raise AssertionError("it did not happen in time")
        time.sleep(0.005)


def missing():
    for name in ("ip", "nsenter", "unshare"):
        if shutil.which(name) is None:
            return f"no {name} here"
    if os.geteuid() != 0:
        return "needs root for network namespaces"
    if subprocess.run(["unshare", "-n", "true"], check=False).returncode:
        return "cannot make a network namespace"
    return None


def there(host, *command):
    """The words that run command on a host."""
    if host == 1:
        return list(command)
    return ["nsenter", "-t", str(HOSTS[host].pid), "-n", *command]


def run(host, command):
    subprocess.run(there(host, *command.split()), check=True)


def set_up():
    """A bridge here, host 1 included; the other hosts are processes that hold a
    namespace each until their standard input ends."""
    run(1, "ip link set lo up")
    # The bridge and its ports are no links of host 1: without addresses.
    run(1, "ip link add bridge0 type bridge mcast_snooping 0")
    run(1, "sysctl -qw net.ipv6.conf.bridge0.disable_ipv6=1")
    run(1, "ip link set bridge0 multicast off up")
    for number in (1, 2, 3):
        where = ""
        if number > 1:
            HOSTS[number] = subprocess.Popen(
                ["unshare", "-n", "sh", "-c", "echo; read end"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
            )
            HOSTS[number].stdout.readline()
            where = f" netns {HOSTS[number].pid}"
        run(1, f"ip link add cable{number} type veth peer name {LINK}{where}")
        run(1, f"sysctl -qw net.ipv6.conf.cable{number}.disable_ipv6=1")
        run(1, f"ip link set cable{number} multicast off master bridge0 up")
        run(number, "ip link set lo up")
        # Link-local addresses at once, not after a second of doubt.
        run(number, f"sysctl -qw net.ipv6.conf.{LINK}.accept_dad=0")
        run(number, f"ip addr add {NET}.{number}/24 brd + dev {LINK}")
        run(number, f"ip link set {LINK} up")
    wait_until(all_hear)


# A fifth of all that comes to a host, whatever it is, is lost.
LOSS = """
table netdev loss {
    chain in {
        type filter hook ingress device %s priority 0;
        numgen random mod 5 == 0 drop
    }
}
"""


def lossy():
    """From now on; on each of the three hosts."""
    for number in (1, 2, 3):
        subprocess.run(
            there(number, "nft", "-f", "-"), input=(LOSS % LINK).encode(),
            check=True,
        )


def unplug(number):
    """The cable of a host: nothing tells the others that it is gone."""
    run(1, f"ip link set cable{number} down")


def all_hear():
    """Does what host 1 multicasts reach the others already?"""
    return all(
        subprocess.run(
            there(number, "ip", "-6", "-o", "addr", "show", "dev", LINK,
                  "scope", "link"),
            stdout=subprocess.PIPE, check=True,
        ).stdout.count(b"tentative") == 0
        and b"forwarding" in subprocess.run(
            ["bridge", "-d", "link", "show", "dev", f"cable{number}"],
            stdout=subprocess.PIPE, check=True,
        ).stdout
        for number in (1, 2, 3)
    )


def tear_down():
    for host in HOSTS.values():
        host.stdin.close()
        host.wait()


def link_local(number):
    said = subprocess.run(
        there(number, "ip", "-6", "-o", "addr", "show", "dev", LINK, "scope",
              "link"),
        stdout=subprocess.PIPE, text=True, check=True,
    ).stdout
    return said.split()[3].split("/")[0]


# A receiver of Python's on another host: tells when it hears, answers each
# message with its own name and what came, and prints sender and message.
RECEIVER = """
import socket, struct, sys
name, family, bind, group, port = sys.argv[1:6]
six = family == "6"
s = socket.socket(socket.AF_INET6 if six else socket.AF_INET, socket.SOCK_DGRAM)
s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
s.bind((bind, int(port)))
if group and six:
    index = socket.if_nametoindex("lan0")
    s.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_JOIN_GROUP,
                 socket.inet_pton(socket.AF_INET6, group)
                 + struct.pack("@I", index))
elif group:
    index = socket.if_nametoindex("lan0")
    s.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP,
                 socket.inet_aton(group) + socket.inet_aton("0.0.0.0")
                 + struct.pack("@i", index))
if not six:
    s.setsockopt(socket.IPPROTO_IP, 12, 1)  # IP_RECVTTL
print("ready", flush=True)
while True:
    data, control, _, sender = s.recvmsg(70000, 100)
    ttl = [struct.unpack("i", c[2])[0] for c in control if c[1] == 2]
    print(sender[0].split("%")[0], data.decode(), *ttl, flush=True)
    s.sendto(name.encode() + b" heard " + data + b"\\n", sender)
"""


@contextlib.contextmanager
def background(host, *command):
    process = subprocess.Popen(
        there(host, *command), stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL,
    )
    try:
        yield process
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


@contextlib.contextmanager
def receiver(host, family="4", bind="", group="", port=PORT):
    with background(host, sys.executable, "-c", RECEIVER, f"h{host}", family,
                    bind, group, str(port)) as process:
        said = process.stdout.readline()
        assert said == b"ready\n", said + process.stdout.read()
        yield process


def inside(script, *words):
    """Run that script again as "SCRIPT --inside WORDS", in a namespace of its
    own, where it calls set_up()."""
    return subprocess.run(
        ["unshare", "-n", sys.executable, "-B", os.path.abspath(script)]
        + ["--inside", *words],
        check=False,
    ).returncode
