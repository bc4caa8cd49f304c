# SPDX-License-Identifier: MIT
"""The cookbook's jobs among several hosts: broadcast, and finding who is there.
They run on three hosts in network namespaces (tests/cli/three_hosts.py); see recipes.py.
"""

import os
import signal
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(HERE, "cli")]

import three_hosts as lan  # noqa: E402 (found by the line above)
import recipes  # noqa: E402
from three_hosts import LINK, NET, PORT  # noqa: E402
from recipes import LIMIT, TEXT, Row  # noqa: E402

JOB_LIMIT = 120


def example(name):
    return os.path.join(recipes.BUILD, "examples", name)


def pier():
    return os.path.join(recipes.BUILD, "pier")


def among_hosts(job):
    """Run a job of JOBS in namespaces. One that hangs is killed with all that it
    started, which is its session."""
    process = subprocess.Popen(
        [sys.executable, __file__, "--job", job, recipes.BUILD],
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        start_new_session=True,
    )
    try:
        said, _ = process.communicate(timeout=JOB_LIMIT)
    except BaseException:
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
        raise
    assert process.returncode == 0, said


def says(*command, code=0, stdin=""):
    done = subprocess.run(
        command, input=stdin, capture_output=True, text=True,
        timeout=2 * LIMIT, check=False,
    )
    assert done.returncode == code, done
    return done


def ask_all(endpoint):
    """Who of Python's receivers answers the example, and with what."""
    said = says(example("ask_all"), endpoint, TEXT, "2").stdout
    return sorted(line for line in said.split("\n") if line)


def unreachables(host):
    """How often a host has told that nobody listens."""
    rows = [
        line.split()
        for line in says(*lan.there(host, "cat", "/proc/net/snmp"))
        .stdout.splitlines()
    ]
    names, numbers = [row for row in rows if row[0] == "Icmp:"]
    return int(numbers[names.index("OutDestUnreachs")])


def broadcast():
    """To everybody, by every interface, by one, and by its address; a host where
    nobody listens says nothing, whoever is allowed to."""
    both = [f"{NET}.{n}:{PORT}: h{n} heard {TEXT}" for n in (2, 3)]
    with lan.receiver(2), lan.receiver(3):
        for endpoint in (
            f"udp://<broadcast>:{PORT}",
            f"udp://{LINK}.broadcast:{PORT}",
            f"udp://{NET}.255:{PORT}?broadcast=1",
        ):
            assert ask_all(endpoint) == both, endpoint
            done = says(
                pier(), "connect", "--replies=2", "--wait=20s", endpoint,
                stdin=TEXT,
            )
            assert sorted(done.stdout.splitlines()) == [
                f"h{n} heard {TEXT}" for n in (2, 3)
            ], done
            for n in (2, 3):
                assert f"pier: {NET}.{n}:{PORT}: " in done.stderr, done
        done = says(pier(), "connect", f"udp://{NET}.255:{PORT}", code=9)
        assert "EACCES" in done.stderr, done
        assert f"udp://IFACE.broadcast:{PORT}" in done.stderr, done
    before = unreachables(3)
    with lan.receiver(2):
        done = says(
            pier(), "connect", "--replies=1", "--wait=20s",
            f"udp://<broadcast>:{PORT}", stdin=TEXT,
        )
        assert done.stdout == f"h2 heard {TEXT}\n", done
    assert unreachables(3) == before


# A question of multicast DNS (RFC 6762 section 6.7) by hand: who is a chat?
QUESTION = """
import socket, sys
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton("%s"))
s.settimeout(1)
question = bytes([0, 7, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0]) + (
    b"\\x0a_pier-chat\\x04_tcp\\x05local\\0\\0\\x0c\\0\\x01")
for _ in range(20):
    s.sendto(question, ("224.0.0.251", 5353))
    try:
        sys.stdout.buffer.write(s.recv(9000))
        break
    except TimeoutError:
        pass
"""


def chat():
    """Three who chat find each other, and miss who dies; Python, which knows
    nothing of pier, finds one too."""
    os.environ["PIER_BUILD"] = recipes.BUILD
    sys.path.insert(0, os.path.join(HERE, "interop"))
    import chat_netns  # pylint: disable=import-outside-toplevel

    chat_netns.conversation()
    with chat_netns.people("ann") as (ann,):
        ann.hears("* nobody else is here")
        answer = subprocess.run(
            lan.there(3, sys.executable, "-c", QUESTION % f"{NET}.3"),
            stdout=subprocess.PIPE, timeout=2 * LIMIT, check=True,
        ).stdout
    assert answer[:2] == b"\0\x07", answer
    assert b"\x03ann" in answer and b"_pier-chat" in answer, answer


JOBS = {"broadcast": broadcast, "chat": chat}
TOOLS = ["ip", "bridge", "nsenter", "unshare"]

ROWS = [
    Row(
        "E2",
        "broadcast by every interface, by one, and by its address",
        "Python on three hosts, one of which does not listen",
        ["ask_all"],
        TOOLS,
        lambda: among_hosts("broadcast"),
        lan.missing,
    ),
    Row(
        "E3",
        "a chat among three hosts: announced, found, missed when it dies",
        "multicast DNS by hand in Python, network namespaces",
        ["chat"],
        TOOLS,
        lambda: among_hosts("chat"),
        lan.missing,
    ),
]

if __name__ == "__main__":
    if sys.argv[1] == "--job":
        sys.exit(lan.inside(__file__, *sys.argv[2:]))
    recipes.BUILD = sys.argv[3]
    lan.set_up()
    try:
        JOBS[sys.argv[2]]()
    finally:
        lan.tear_down()
