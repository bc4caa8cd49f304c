#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""clocks.py PIER [ROUNDS [SAMPLES]]: how well the offset of a clock is measured,
beside chronyd -Q and ntpdig in the same run.

The server is chronyd, in a network namespace of its own, with the clock of this
machine: so the true offset is 0, and what a client says is its error. In each of
ROUNDS (20) rounds every client asks once, in turn, each in a fresh process; the
order changes with every round. Clients take SAMPLES (1) samples, 2 s apart; what
chronyd -Q does with several is its own affair. Told is the median of each
client's errors. Ends with 1 when pier's is more than 1.2 times that of chronyd and
5 us.
"""

import json
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

INSIDE = "PIER_BENCH_NAMESPACE"
RATIO, MORE_US = 1.2, 5
LIMIT = 60


def said_by(command):
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True,
                          stderr=subprocess.STDOUT, check=False, timeout=LIMIT)
    return done.stdout


def pier_us(pier, samples, _):
    said = said_by([pier, "time", "-q", "--json", "--samples", str(samples),
                    "127.0.0.1"])
    return json.loads(said.splitlines()[-1])["offset_ns"] / 1000


def chronyd_us(_, samples, folder):
    said = said_by(["chronyd", "-Q", "-t", "30",
                    f"server 127.0.0.1 iburst maxsamples {samples}",
                    "cmdport 0", "bindcmdaddress /",
                    f"pidfile {folder}/client.pid"])
    return float(re.search(r"wrong by (-?[0-9.]+)", said)[1]) * 1e6


def ntpdig_us(_, samples, __):
    said = said_by(["ntpdig", "-j", "-p", str(samples), "127.0.0.1"])
    return json.loads(said.splitlines()[-1])["offset"] * 1e6


CLIENTS = {"pier time": pier_us, "chronyd -Q": chronyd_us, "ntpdig": ntpdig_us}


def serve(folder):
    conf = os.path.join(folder, "chrony.conf")
    with open(conf, "w", encoding="ascii") as file:
        file.write(f"local stratum 3\nallow all\ncmdport 0\nbindcmdaddress /\n"
                   f"pidfile {folder}/server.pid\n")
    server = subprocess.Popen(
        ["chronyd", "-x", "-u", "root", "-d", "-f", conf],
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    end = time.monotonic() + LIMIT
    while subprocess.run(
        [sys.argv[1], "time", "-q", "--json", "127.0.0.1"],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False,
    ).returncode:
        if server.poll() is not None or time.monotonic() > end:
            sys.exit("clocks.py: chronyd does not serve")
    return server


def measure(pier, rounds, samples):
    errors = {name: [] for name in CLIENTS}
    with tempfile.TemporaryDirectory() as folder:
        server = serve(folder)
        try:
            for number in range(rounds):
                names = list(CLIENTS)
                for i in range(len(names)):
                    name = names[(i + number) % len(names)]
                    errors[name].append(
                        abs(CLIENTS[name](pier, samples, folder)))
        finally:
            server.terminate()
            server.wait()
            server.stdout.close()
    return errors


def main():
    pier = sys.argv[1]
    rounds, samples = map(int, (sys.argv[2:] + ["20", "1"][len(sys.argv) - 2:]))
    medians = {}
    for name, errors in measure(pier, rounds, samples).items():
        medians[name] = statistics.median(errors)
        print(f"{name:12} median error {medians[name]:8.3f} us, "
              f"largest {max(errors):8.3f} us, {rounds} rounds")
    limit = RATIO * medians["chronyd -Q"] + MORE_US
    print(f"pier time is at {medians['pier time'] / limit:.2f} of what is "
          f"wanted: {RATIO} times chronyd's and {MORE_US} us")
    return medians["pier time"] > limit


if __name__ == "__main__":
    if INSIDE not in os.environ:
        lacks = [name for name in ("chronyd", "ntpdig", "ip", "unshare")
                 if shutil.which(name) is None]
        if lacks or os.geteuid() != 0:
            print("skipped: " + (f"no {lacks[0]} here" if lacks
                                 else "needs root for a network namespace"))
            sys.exit(77)
        os.environ[INSIDE] = "1"
        os.execvp("unshare", ["unshare", "-n", sys.executable, "-B", *sys.argv])
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    sys.exit(main())
