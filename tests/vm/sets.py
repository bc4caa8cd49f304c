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
    seconds: int = 60


SETS = [
    Set(
        "tipc",
        ["tipc", "diag"],
        scripts=["tests/vm/tipc.py", "tools/recipes --tap {build} G4"],
    ),
    Set(
        "vsock",
        ["vsock_loopback", "vsock_diag", "raw_diag", "af_packet_diag"],
        tests=["api/vsock", "api/vsock_loopback"],
        scripts=["tests/vm/vsock.py"],
    ),
    Set(
        "bluetooth",
        bluetooth_bed.MODULES,
        scripts=["tests/vm/bluetooth.py", "tools/recipes --tap {build} G2"],
    ),
    Set(
        "can",
        ["can_raw", "vcan"],
        tests=["api/old_protocols"],
        scripts=["tests/vm/can.py"],
    ),
    Set(
        "bcm",
        ["can_raw", "can_bcm", "vcan"],
        tests=["api/can_bcm"],
        scripts=["tests/vm/bcm.py"],
    ),
    Set(
        "can_link",
        ["can_raw", "vcan", "vxcan", "kvaser_pci"],
        scripts=["tests/vm/can_link.py"],
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
    ),
    # Fallbacks for what that kernel does not have yet.
    Set(
        "older",
        ["tcp_diag", "udp_diag", "raw_diag", "unix_diag", "netlink_diag"],
        tests=[
            "os/calls",
            "os/process",
            "task/overflow",
            "task/run",
            "task/spare",
            "task/stack",
            "task/switch",
            "io/desc",
            "io/epoll",
            "io/foreign",
            "io/wait_many",
            "net/listen",
            "net/splice",
            "net/stream",
            "net/wait_any",
            "inspect/diag",
            "inspect/owners",
            "inspect/tcp_info",
            "api/listen",
            "api/old_program",
            "api/options",
            "api/packet_udp",
        ],
    ),
    # Late, so that the set above sees a machine without controllers first.
    Set(
        "bluetooth_control",
        bluetooth_bed.MODULES,
        scripts=["tests/vm/bluetooth_control.py"],
    ),
]

# Tests that are not run there, and why.
LEFT_OUT = {}

_NO_NAMES = "the machine has no name server to say that there is no such name"

# `test: case` that cannot pass there, and why.
REASONS = {
    "api/listen: test_what_cannot_be": _NO_NAMES,
    "api/listen: test_no_descriptor_is_left": _NO_NAMES,
    "api/packet_udp: test_a_broadcast_needs_its_option": (
        "the machine has no route that a broadcast could take"
    ),
}
