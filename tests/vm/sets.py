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
        scripts=["tests/vm/can_many.py", "tests/vm/can.py"],
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
    # Every test of the library: it meets kernels that lack what the newest have.
    Set(
        "library",
        ["tcp_diag", "udp_diag", "raw_diag", "unix_diag", "netlink_diag"],
        suites=["unit", "api"],
    ),
    Set(
        "bluetooth_control",
        bluetooth_bed.MODULES,
        scripts=["tests/vm/bluetooth_control.py"],
    ),
]

# What takes long there, in seconds, about, of tests and scripts, among others that run
# meanwhile: it goes first, and may run longer.
TAKES = {
    "tests/vm/bcm.py": 14,
    "tests/vm/bluetooth.py": 11,
    "tests/vm/bluetooth_control.py": 7,
    "tests/vm/can.py": 10,
    "tests/vm/can_link.py": 14,
    "tests/vm/can_many.py": 15,
    "tests/vm/isotp.py": 13,
    "tests/vm/options.py": 5,
    "tests/vm/tipc.py": 3,
    "tests/vm/vsock.py": 4,
    "tools/recipes --tap {build} G2": 12,
    "tools/recipes --tap {build} G4": 6,
    "api/ip_oracle": 8,
    "api/send_file": 3,
    "frame/frame": 6,
    "frame/next": 4,
    "proto/mdns_browse_lan": 4,
    "proto/mdns_browse_rate": 8,
    "proto/mdns_browse_view": 4,
    "serve/balance": 8,
    "serve/bulk": 3,
    "serve/descriptors": 10,
    "serve/exec": 4,
    "serve/fork": 9,
    "serve/hooks": 3,
    "serve/limits": 3,
    "serve/many": 4,
    "serve/models": 4,
    "serve/process_deaths": 10,
    "serve/processes": 4,
    "serve/shared": 4,
    "serve/socketserver": 3,
    "serve/stop": 7,
    "task/stack": 4,
}
TAKES_ELSE = 1

# Tests of the suites that are not run there, and why.
LEFT_OUT = {}

# `test: case` that cannot pass there, and why.
REASONS = {}
