# SPDX-License-Identifier: MIT
"""Two virtual controllers, hci0 and hci1, that see each other, switched on and off
by the kernel's management interface (doc/mgmt-api.txt of BlueZ): no bluetoothd.

A script has them for itself: `with bed.controllers():` waits for another's end.
"""

import contextlib
import ctypes
import fcntl
import os
import signal
import socket
import struct
import subprocess
import time

HCI0 = "00:AA:01:00:00:00"
HCI1 = "00:AA:01:01:00:01"

MODULES = ["bluetooth", "hci_vhci", "rfcomm", "bnep", "ecdh_generic", "cmac",
           # Without these btvirt cannot open /dev/vhci, and does not say why.
           "ecb", "af_alg", "algif_skcipher", "algif_hash"]

LIMIT = 20

LOCK = "/run/bluetooth_bed.lock"
PID = "/run/bluetooth_bed.pid"

READ_INDEX_LIST = 0x0003
SET_POWERED = 0x0005
SET_DISCOVERABLE = 0x0006
SET_CONNECTABLE = 0x0007
SET_LE = 0x000D
SET_ADVERTISING = 0x0029

NONE = 0xFFFF  # the index of no controller

BTPROTO_HCI = 1
CHANNEL_CONTROL = 3
COMMAND_COMPLETE = 1
COMMAND_STATUS = 2


class Management:
    """The management socket: one command at a time."""

    def __init__(self):
        self.socket = socket.socket(
            socket.AF_BLUETOOTH, socket.SOCK_RAW, BTPROTO_HCI
        )
        self.socket.settimeout(LIMIT)
        # Python's bind knows no channels.
        address = struct.pack("=HHH", socket.AF_BLUETOOTH, NONE, CHANNEL_CONTROL)
        libc = ctypes.CDLL(None, use_errno=True)
        if libc.bind(self.socket.fileno(), address, len(address)):
            raise OSError(ctypes.get_errno(), "bind to the management channel")

    def ask(self, opcode, index=NONE, payload=b""):
        """The reply's payload; OSError with the status of a command that failed."""
        head = struct.pack("<HHH", opcode, index, len(payload))
        self.socket.send(head + payload)
        while True:
            said = self.socket.recv(2048)
            event, of, _ = struct.unpack_from("<HHH", said)
            if event not in (COMMAND_COMPLETE, COMMAND_STATUS) or of != index:
                continue
            what, status = struct.unpack_from("<HB", said, 6)
            if what == opcode and status:
                raise OSError(f"command {opcode:#x} of {index}: status {status}")
            if what == opcode:
                return said[9:]

    def indexes(self):
        said = self.ask(READ_INDEX_LIST)
        (count,) = struct.unpack_from("<H", said)
        return sorted(struct.unpack_from(f"<{count}H", said, 2))

    def switch(self, opcode, index, value):
        more = struct.pack("<H", 0) if opcode == SET_DISCOVERABLE else b""
        self.ask(opcode, index, bytes([value]) + more)

    def power(self, index, on):
        self.switch(SET_POWERED, index, on)

    def advertise(self, index, on):
        """Low Energy: let others connect, or not."""
        self.switch(SET_ADVERTISING, index, 2 if on else 0)

    def close(self):
        self.socket.close()


def await_count(management, holds, what):
    """What the mgmt list has is there; the entry in /sys comes earlier."""
    until = time.monotonic() + LIMIT
    while not holds(len(management.indexes())):
        if time.monotonic() > until:
            raise TimeoutError(what)
        time.sleep(0.02)


def start():
    """btvirt, which is left running, unless it does."""
    management = Management()
    try:
        if len(management.indexes()) < 2:
            process = subprocess.Popen(
                ["btvirt", "-l2"],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
            )
            with open(PID, "w", encoding="ascii") as file:
                file.write(str(process.pid))
        await_count(management, lambda count: count >= 2,
                    "btvirt made no two controllers")
    finally:
        management.close()


def stop():
    """Without btvirt there are no controllers."""
    management = Management()
    try:
        if management.indexes():
            with open(PID, encoding="ascii") as file:
                os.kill(int(file.read()), signal.SIGKILL)
        await_count(management, lambda count: count == 0,
                    "the controllers are still there")
    finally:
        management.close()


@contextlib.contextmanager
def controllers(on=True):
    """The Management of both, which are on, can be connected to, and have Low
    Energy; or, where `on` is false, of whatever there is."""
    with open(LOCK, "w", encoding="ascii") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if on:
            start()
        management = Management()
        try:
            if on:
                prepare(management)
            yield management
        finally:
            management.close()


def prepare(management):
    for index in (0, 1):
        management.switch(SET_LE, index, 1)
        management.switch(SET_CONNECTABLE, index, 1)
        management.power(index, True)


def is_here():
    """What is missing for all this, or None."""
    for folder in os.environ["PATH"].split(":") + ["/usr/sbin"]:
        if os.path.exists(f"{folder}/btvirt"):
            return None
    return "btvirt is not here (Debian: bluez-test-tools)"
