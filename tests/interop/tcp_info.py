#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What pier says of a connection is what ss says of it."""

import json
import re
import shutil
import subprocess
import sys

TCP_ESTABLISHED = 1

# ss leaves a number away that is 0, so that what is not found is 0; but for
# what stands in USUAL. What it prints in milliseconds, and by which factor.
SS = {
    "snd_wscale": r"\bwscale:(\d+),",
    "rcv_wscale": r"\bwscale:\d+,(\d+)",
    "rto": (r"\brto:([\d.]+)", 1000),
    "rtt": (r"\brtt:([\d.]+)/", 1000),
    "rttvar": (r"\brtt:[\d.]+/([\d.]+)", 1000),
    "ato": (r"\bato:([\d.]+)", 1000),
    "snd_mss": r"\bmss:(\d+)",
    "pmtu": r"\bpmtu:(\d+)",
    "rcv_mss": r"\brcvmss:(\d+)",
    "advmss": r"\badvmss:(\d+)",
    "snd_cwnd": r"\bcwnd:(\d+)",
    "snd_ssthresh": r"\bssthresh:(\d+)",
    "bytes_sent": r"\bbytes_sent:(\d+)",
    "bytes_retrans": r"\bbytes_retrans:(\d+)",
    "bytes_acked": r"\bbytes_acked:(\d+)",
    "bytes_received": r"\bbytes_received:(\d+)",
    "segs_out": r"\bsegs_out:(\d+)",
    "segs_in": r"\bsegs_in:(\d+)",
    "data_segs_out": r"\bdata_segs_out:(\d+)",
    "data_segs_in": r"\bdata_segs_in:(\d+)",
    "delivered": r"\bdelivered:(\d+)",
    "busy_time": (r"\bbusy:(\d+)ms", 1000),
    "rwnd_limited": (r"\brwnd_limited:(\d+)ms", 1000),
    "sndbuf_limited": (r"\bsndbuf_limited:(\d+)ms", 1000),
    "unacked": r"\bunacked:(\d+)",
    "sacked": r"\bsacked:(\d+)",
    "lost": r"\blost:(\d+)",
    "retrans_out": r"\bretrans:(\d+)/",
    "retransmits": r"\bretrans:\d+/(\d+)",
    "timeouts": r"\bbackoff:(\d+)",
    "reordering": r"\breordering:(\d+)",
    "reord_seen": r"\breord_seen:(\d+)",
    "dsack_dups": r"\bdsack_dups:(\d+)",
    "rcv_rtt": (r"\brcv_rtt:([\d.]+)", 1000),
    "rcv_space": r"\brcv_space:(\d+)",
    "rcv_ssthresh": r"\brcv_ssthresh:(\d+)",
    "notsent_bytes": r"\bnotsent:(\d+)",
    "min_rtt": (r"\bminrtt:([\d.]+)", 1000),
    "rcv_ooopack": r"\brcv_ooopack:(\d+)",
    "snd_wnd": r"\bsnd_wnd:(\d+)",
}
USUAL = {"reordering": 3, "snd_ssthresh": 0x7FFFFFFF}

# What both ends agreed on, as words; of wscale the numbers above say more.
OPTIONS = {"ts": 1, "sack": 2, "ecn": 8, "ecnseen": 16, "fastopen": 32}
ALL_OPTIONS = sum(OPTIONS.values())

# In bits a second; ss rounds to three digits.
RATES = {
    "pacing_rate": r"\bpacing_rate (\d+)bps",
    "delivery_rate": r"\bdelivery_rate (\d+)bps",
}


def ask_ss(port, peer):
    """The line of ss, with the numbers, of the socket between these ports:
    others of this machine may have one of the two as well."""
    said = subprocess.run(
        [
            *("ss", "-tineHO", "state", "established"),
            f"sport = :{port} and dport = :{peer}",
        ],
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    ).stdout
    lines = said.splitlines()
    return lines[0] if len(lines) == 1 else None


def compare_fields(ours, said):
    """What ss said of a socket, and our fields of it by their names."""
    for name, pattern in SS.items():
        pattern, factor = (pattern, 1) if isinstance(pattern, str) else pattern
        found = re.search(pattern, said)
        theirs = USUAL.get(name, 0)
        if found:
            theirs = round(float(found.group(1)) * factor)
        # A fraction of a millisecond is not shown of what is above 100 ms.
        if theirs != ours[name] and not (
            found and factor > 1 and theirs == ours[name] // 1000 * 1000
        ):
            return f"{name}: pier {ours[name]}, ss {theirs}: {said}"
    for name, pattern in RATES.items():
        found = re.search(pattern, said)
        theirs = int(found.group(1)) / 8 if found else 0
        if round(theirs) != ours[name]:
            return f"{name}: pier {ours[name]}, ss {theirs}: {said}"
    agreed = sum(
        bit for word, bit in OPTIONS.items() if word in said.split()
    )
    if ours["options"] & ALL_OPTIONS != agreed:
        return f"options: pier {ours['options']}, ss {agreed}: {said}"
    if ours["app_limited"] != ("app_limited" in said.split()):
        return f"app_limited: pier {ours['app_limited']}: {said}"
    return None


def compare(ours):
    said = ask_ss(ours["port"], ours["peer"])
    if said is None:
        return "ss does not show it"
    if ours["state"] != TCP_ESTABLISHED:
        return f"the state is {ours['state']}"
    return compare_fields(ours, said)


def main():
    if shutil.which("ss") is None:
        print("1..0 # SKIP no ss here (Debian: iproute2)")
        return 0
    bad = 0
    with subprocess.Popen(
        [sys.argv[1]],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as program:
        print("1..2")
        for number, end in enumerate(("client", "server"), 1):
            why = compare(json.loads(program.stdout.readline()))
            print(f"{'not ' if why else ''}ok {number} - the {end}'s end")
            if why:
                bad += 1
                print(f"# {why}")
        program.stdin.close()
    return 1 if bad or program.returncode else 0


if __name__ == "__main__":
    sys.exit(main())
