# SPDX-License-Identifier: MIT
"""Servers of NTP in plain Python that say what a test wants them to."""

import socket
import struct
import threading
import time

UNIX = 2208988800
FIELDS = ("head", "stratum", "poll", "precision", "root_delay", "dispersion",
          "id", "reference", "originate", "receive", "transmit")
FORM = ">BBbbII4sQQQQ"


def stamp(seconds):
    """Seconds since 1970 as a timestamp of NTP."""
    return int((seconds + UNIX) * 2**32) & (2**64 - 1)


def read(data):
    return dict(zip(FIELDS, struct.unpack(FORM, data[:48])))


def answer(request, offset=0.0, leap=0, version=None, mode=4, **fields):
    """A good answer of a clock that is offset ahead, but for the fields that
    are given."""
    asked = read(request)
    now = stamp(time.time() + offset)
    if version is None:
        version = asked["head"] >> 3 & 7
    values = {
        "head": leap << 6 | version << 3 | mode,
        "stratum": 2,
        "poll": 6,
        "precision": -23,
        "root_delay": 0x100,
        "dispersion": 0x200,
        "id": bytes([10, 1, 2, 3]),
        "reference": (now - (5 << 32)) & (2**64 - 1),
        "originate": asked["transmit"],
        "receive": now,
        "transmit": now,
        **fields,
    }
    return struct.pack(FORM, *(values[name] for name in FIELDS))


class Clock:
    """Answers each request with the messages of script(request, number), from
    1; every request is kept."""

    def __init__(self, script=None, family=socket.AF_INET, **fields):
        self.script = script or (lambda data, _: [answer(data, **fields)])
        self.requests, self.clients = [], []
        self.socket = socket.socket(family, socket.SOCK_DGRAM)
        six = family == socket.AF_INET6
        self.socket.bind(("::1" if six else "127.0.0.1", 0))
        self.port = self.socket.getsockname()[1]
        self.host = f"[::1]:{self.port}" if six else f"127.0.0.1:{self.port}"
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    def run(self):
        while True:
            data, client = self.socket.recvfrom(2048)
            if not data:
                return
            self.requests.append(data)
            self.clients.append(client)
            for message in self.script(data, len(self.requests)):
                self.socket.sendto(message, client)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        with socket.socket(self.socket.family, socket.SOCK_DGRAM) as one:
            one.sendto(b"", self.socket.getsockname())
        self.thread.join(20)
        self.socket.close()
