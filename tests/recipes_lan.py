# SPDX-License-Identifier: MIT
"""The cookbook's jobs among several hosts: broadcast, and finding who is there.
They run on three hosts in network namespaces (tests/cli/lan.py); see recipes.py.
"""

import os
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(HERE, "cli")]

import lan  # noqa: E402 (found by the line above)
import recipes  # noqa: E402
from lan import LINK, NET, PORT  # noqa: E402
from recipes import LIMIT, TEXT, Row  # noqa: E402


def example(name):
    return os.path.join(recipes.BUILD, "examples", name)


def pier():
    return os.path.join(recipes.BUILD, "pier")


def among_hosts(job):
    """Run a job of JOBS in namespaces."""
    done = subprocess.run(
        [sys.executable, __file__, "--job", job, recipes.BUILD],
        capture_output=True, text=True, timeout=120, check=False,
    )
    assert done.returncode == 0, f"{done.stdout}{done.stderr}"


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


JOBS = {"broadcast": broadcast}
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
