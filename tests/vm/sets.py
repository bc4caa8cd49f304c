# SPDX-License-Identifier: MIT
"""The sets of tests that run on the other kernel.

A set has a name, the modules it needs there (those that they need come of
themselves), the tests of meson it runs and scripts, which print TAP lines.
A script is given by its path in the tree and finds PIER, PIER_BUILD and
PIER_SOURCE in its environment, as every script of the tests.
"""

import dataclasses


@dataclasses.dataclass
class Set:
    name: str
    modules: list
    tests: list = dataclasses.field(default_factory=list)
    scripts: list = dataclasses.field(default_factory=list)
    # Whole suites of the build, in small.
    suites: list = dataclasses.field(default_factory=list)
    seconds: int = 60


SETS = [
    Set("tipc", ["tipc", "diag"], scripts=["tests/vm/tipc.py"]),
    Set(
        "vsock",
        ["vsock_loopback", "vsock_diag", "raw_diag", "af_packet_diag"],
        tests=["api/vsock", "api/vsock_loopback"],
        scripts=["tests/vm/vsock.py"],
    ),
    Set("can", ["can_raw", "vcan"], scripts=["tests/vm/can.py"], seconds=180),
    Set(
        "options",
        ["tipc", "sctp", "tls", "vsock_loopback"],
        tests=["option/option"],
        scripts=["tests/vm/options.py"],
    ),
]

# Tests that are not run there, and why.
LEFT_OUT = {}

# `test: case` that cannot pass there, and why.
REASONS = {}
