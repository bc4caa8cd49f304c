# SPDX-License-Identifier: MIT
"""The cookbook's job about ICMP echo; see recipes.py."""

import re
import shutil
import subprocess

from recipes import Row, output, start


def answered_by(*command):
    """(sent, answered) as ping(8) has them."""
    said = subprocess.run(
        command, stdout=subprocess.PIPE, text=True, check=False
    ).stdout
    found = re.search(r"(\d+) packets transmitted, (\d+) received", said)
    return int(found[1]), int(found[2])


def icmp_echo():
    """Both families of this machine, beside what ping says; a raw socket where
    there is no ping socket."""
    hosts = ["127.0.0.1", "127.0.0.2", "[::1]"]
    program = start("alive", *hosts)
    lines = output(program).splitlines()
    program.wait()
    assert program.returncode == 0, lines
    found = {}
    for line in lines:
        host, answered, sent, ms = re.fullmatch(
            r"(\S+): (\d+) of (\d+) answered, ([0-9.]+) ms", line).groups()
        found[host] = int(sent), int(answered)
        assert float(ms) < 5000, line
    # The example bears the name of none of them.
    ping = shutil.which("ping")
    right = {host: answered_by(ping, "-c", "4", "-i", "0.02", host.strip("[]"))
             for host in hosts}
    assert found == right, (found, right)


ROWS = [
    Row("G3", "ICMP echo to several hosts at once, IPv4 and IPv6", "ping",
        ["alive"], ["ping"], icmp_echo),
]
