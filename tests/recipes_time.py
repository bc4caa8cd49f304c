# SPDX-License-Identifier: MIT
"""The cookbook's job about the bare exchange of SNTP; see recipes.py."""

import os
import socket
import struct
import threading
import time

from recipes import LIMIT, Row, output, start

SINCE_1900 = 2208988800


class Clock:
    """A server of plain Python that says it is always the same time."""

    def __init__(self, when):
        self.heard = None
        self.when = when
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 0))
        self.socket.settimeout(LIMIT)
        self.thread = threading.Thread(target=self.answer, daemon=True)
        self.thread.start()

    def answer(self):
        self.heard, peer = self.socket.recvfrom(1000)
        words = [0x1C020000] + [0] * 9 + [self.when + SINCE_1900, 1 << 31]
        self.socket.sendto(struct.pack("!12I", *words), peer)

    def endpoint(self):
        return f"udp://127.0.0.1:{self.socket.getsockname()[1]}"

    def end(self):
        self.thread.join(LIMIT)
        self.socket.close()


def told(endpoint):
    """What the example prints, under UTC."""
    program = start("sntp", endpoint, env={**os.environ, "TZ": "UTC"})
    said = output(program)
    program.wait()
    assert program.returncode == 0, said
    return said


def bare_exchange():
    """The bytes that leave, and the eleventh word of what comes back."""
    for when in (1393339778, int(time.time())):
        clock = Clock(when)
        said = told(clock.endpoint())
        clock.end()
        assert clock.heard == b"\x1b" + bytes(47), clock.heard
        # As C's asctime() writes it, with the day in two places.
        assert said == time.asctime(time.gmtime(when)) + "\n", said
        if when == 1393339778:
            assert said == "Tue Feb 25 14:49:38 2014\n", said


ROWS = [
    Row("F2", "the bare exchange of SNTP: 0x1b and 47 zeros, the eleventh word",
        "Python", ["sntp"], [], bare_exchange),
]
