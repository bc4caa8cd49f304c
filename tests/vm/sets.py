# SPDX-License-Identifier: MIT
"""The sets of tests that run on the other kernel.

A set has a name, the modules it needs there (those that they need come of
themselves), the tests of meson it runs and scripts, which print TAP lines.
A script is given by its path in the tree, and words, and finds PIER, PIER_BUILD and
PIER_SOURCE in its environment, as every script of the tests.
"""

import dataclasses

import bluetooth_bed


@dataclasses.dataclass
class Set:
    name: str
    modules: list
    tests: list = dataclasses.field(default_factory=list)
    scripts: list = dataclasses.field(default_factory=list)
    # Whole suites of the build, in small.
    suites: list = dataclasses.field(default_factory=list)
    seconds: int = 90
    # Seconds that it takes of one processor, about.
    weight: int = 3


SETS = [
    Set(
        "tipc",
        ["tipc", "diag"],
        scripts=["tests/vm/tipc.py", "tools/recipes --tap {build} G4"],
        weight=6,
    ),
    Set(
        "vsock",
        ["vsock_loopback", "vsock_diag", "raw_diag", "af_packet_diag"],
        tests=["api/vsock", "api/vsock_loopback"],
        scripts=["tests/vm/vsock.py"],
        weight=4,
    ),
    Set(
        "bluetooth",
        bluetooth_bed.MODULES,
        scripts=["tests/vm/bluetooth.py", "tools/recipes --tap {build} G2"],
        weight=14,
    ),
    Set(
        "can",
        ["can_raw", "vcan"],
        tests=["api/old_protocols"],
        scripts=["tests/vm/can.py"],
        weight=14,
    ),
    Set(
        "bcm",
        ["can_raw", "can_bcm", "vcan"],
        tests=["api/can_bcm"],
        scripts=["tests/vm/bcm.py"],
    ),
    Set(
        "can_link",
        ["can_raw", "vcan", "vxcan", "kvaser_pci", "slcan"],
        scripts=["tests/vm/can_link.py"],
        weight=6,
    ),
    Set(
        "isotp",
        ["can_raw", "can_isotp", "vcan"],
        scripts=["tests/vm/isotp.py"],
    ),
    Set(
        "options",
        [
            "tipc",
            "sctp",
            "tls",
            "vsock_loopback",
            "can_raw",
            "can_bcm",
            "can_isotp",
            "can_j1939",
        ],
        tests=["option/option"],
        scripts=["tests/vm/options.py"],
        weight=4,
    ),
    # Every test of the library: it meets kernels that lack what the newest have.
    Set(
        "library",
        ["tcp_diag", "udp_diag", "raw_diag", "unix_diag", "netlink_diag"],
        suites=["unit", "api"],
        weight=60,
    ),
    # Late, so that the set above sees a machine without controllers first.
    Set(
        "bluetooth_control",
        bluetooth_bed.MODULES,
        scripts=["tests/vm/bluetooth_control.py"],
        weight=13,
    ),
]

# Of the suites what takes longest there, and mostly waits: it goes first.
LONG = {
    "api/addr_oracle",
    "api/ip_oracle",
    "api/send_file",
    "serve/balance",
    "serve/bulk",
    "serve/descriptors",
    "serve/exec",
    "serve/fork",
    "serve/limits",
    "serve/many",
    "serve/models",
    "serve/processes",
    "serve/shared",
    "serve/socketserver",
    "serve/stop",
    "task/stack",
}

# Tests of the suites that are not run there, and why.
LEFT_OUT = {}

# `test: case` that cannot pass there, and why.
REASONS = {}
