#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What Python takes to receive lines: frames.py FRAMES SIZE COUNT

The readline of socket.makefile(), on what `frames --by feed` sends from the other
core. The result is a line of JSON, as that of frames: processor time for each
line.
"""

import json
import os
import socket
import subprocess
import sys
import time


def main():
    frames, size, count = sys.argv[1], sys.argv[2], int(sys.argv[3])
    here, there = socket.socketpair()
    with subprocess.Popen([frames, "--by", "feed", "--size", size],
                          stdout=there) as feeder, here:
        there.close()
        os.sched_setaffinity(0, {0})
        lines = here.makefile("rb")
        began_ns = time.process_time_ns()
        for _ in range(count):
            line = lines.readline()
        used_ns = time.process_time_ns() - began_ns
        feeder.kill()
    if len(line) != int(size) + 1:
        raise SystemExit(f"frames.py: a line of {len(line)} bytes")
    print(json.dumps({"by": "python", "messages": count, "size": int(size),
                      "ns": used_ns / count}))


main()
