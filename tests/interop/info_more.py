#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""pier info in a network namespace of its own: groups and their sums, control
groups, MPTCP against ss, and what limits a connection, on real ones: a reader
that does not read, loss, a sender that is silent and one that has little to
say."""

import os
import re
import shutil
import socket
import subprocess
import sys
import threading

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(HERE, "..", "cli")]

import info as basis  # noqa: E402 (found by the line above)
import tap  # noqa: E402
import tool  # noqa: E402
from info import Sockets, info, own_port, ss  # noqa: E402
from tap import contains, equal  # noqa: E402

INSIDE = "PIER_INFO_MORE_NAMESPACE"
MPTCP = 262
LOSSY = 7100

LOSS = f"""
table inet loss {{
  chain out {{
    type filter hook output priority 0;
    tcp dport {LOSSY} meta length > 200 numgen random mod 100 < 20 drop
  }}
}}
"""

GROUPS = "/sys/fs/cgroup"


# ---- Groups ---------------------------------------------------------------


def test_groups_and_their_sums():
    with Sockets() as sockets:
        listener = sockets.listener()
        port = own_port(listener)
        for count in (100, 2000, 30000):
            near = sockets.made()
            near.connect(listener.getsockname())
            far = sockets.enter_context(listener.accept()[0])
            near.sendall(b"x" * count)
            far.recv(count, socket.MSG_WAITALL)
        filter_ = f"tcp established port:{port}"
        tool.wait_until(lambda: sum(
            line["tcp"]["bytes_acked"] for line in info(filter_)
            if line["peer"].endswith(f":{port}")) >= 32100)
        lines = info(filter_)
        groups = info("-g", "dport", filter_)
        ours = [one for one in groups if one["value"] == str(port)][0]
        equal((ours["type"], ours["by"], ours["sockets"]), ("group", "dport", 3))
        theirs = [line for line in lines if line["peer"].endswith(f":{port}")]
        for key in ("bytes_acked", "bytes_received"):
            equal(ours[key], sum(line["tcp"].get(key, 0) for line in theirs))
        # The largest first, where nothing else is asked for.
        equal(groups[0]["value"], str(port))
        means = info("-g", "proto", "-o", "rtt,min_rtt", filter_)[0]
        assert 0 < means["rtt_s"] < 1, means
        equal(means["sockets"], 6)
        # One of each state, and the table of it.
        shown = tool.expect(0, "info", "-g", "state", "-o", "recv-queue",
                            "-s", "state", f"tcp port:{port}").text
        equal([line.split() for line in shown.splitlines()],
              [["STATE", "SOCKETS", "RECV-QUEUE"],
               ["ESTABLISHED", "6", "0"], ["LISTEN", "1", "0"]])
        shown = tool.expect(0, "info", "-g", "command", f"sport:{port}").text
        contains(shown.splitlines()[1], "python3")


def test_groups_that_cannot_be():
    for words, part in (
        (["-g", "stat"], "did you mean 'state'?"),
        (["-g", "state", "-o", "local"], "'local' is none"),
        (["-g", "state", "-s", "rtt"], "'rtt' is no column of what is shown"),
        (["-g", "state", "--closed"], "--group-by is of no use beside --closed"),
    ):
        done = tool.expect(2, "info", *words)
        contains(done.err, part)


# ---- Control groups -------------------------------------------------------


def hierarchy():
    unified = os.path.join(GROUPS, "unified")
    root = unified if os.path.isdir(unified) else GROUPS
    if not os.path.exists(os.path.join(root, "cgroup.procs")):
        raise tap.Skip("no cgroup v2 is mounted here")
    return root


def move_to(folder):
    with open(os.path.join(folder, "cgroup.procs"), "w",
              encoding="ascii") as file:
        file.write(str(os.getpid()))


def test_the_path_of_its_control_group():
    root = hierarchy()
    name = f"pier-test-{os.getpid()}"
    folder = os.path.join(root, name)
    with open("/proc/self/cgroup", encoding="utf-8") as file:
        before = [line for line in file if line.startswith("0::")][0]
    before = before.strip()[len("0::/"):]
    try:
        os.mkdir(folder)
        move_to(folder)
    except OSError as error:
        raise tap.Skip(f"no control group can be made: {error}") from error
    try:
        with Sockets() as sockets:
            port = own_port(sockets.listener())
            line = info(f"sport:{port}")[0]
            equal(line["cgroup_path"], f"/{name}")
            equal(line["cgroup"], os.stat(folder).st_ino)
            equal(len(info(f"sport:{port} cgroup:{name}")), 1)
            equal(info(f"sport:{port} cgroup:nosuch.service"), [])
            done = tool.expect(0, "info", "-o", "cgroup", f"sport:{port}")
            equal(done.text.split(), ["CGROUP", f"/{name}"])
            groups = info("-g", "cgroup", f"sport:{port}")
            equal([one["value"] for one in groups], [f"/{name}"])
    finally:
        move_to(os.path.join(root, before))
        os.rmdir(folder)


# ---- MPTCP ----------------------------------------------------------------


def test_mptcp_is_what_ss_says():
    with Sockets() as sockets:
        try:
            listener = sockets.enter_context(
                socket.socket(socket.AF_INET, socket.SOCK_STREAM, MPTCP))
        except OSError as error:
            raise tap.Skip(f"no MPTCP here: {error}") from error
        listener.bind(("127.0.0.1", 0))
        listener.listen(8)
        near = sockets.enter_context(
            socket.socket(socket.AF_INET, socket.SOCK_STREAM, MPTCP))
        near.connect(listener.getsockname())
        far = sockets.enter_context(listener.accept()[0])
        near.sendall(b"m" * 5000)
        far.recv(5000, socket.MSG_WAITALL)
        port = own_port(near)
        lines = info(f"mptcp sport:{port}")
        if not lines:
            raise tap.Skip("this kernel lists no MPTCP sockets")
        ours = lines[0]["mptcp"]
        said = "\n".join(ss("-MinHO", f"sport = :{port}"))
        token = re.search(r"\btoken:([0-9a-f]+)", said)
        if token:
            equal(ours["token"], token.group(1).rjust(8, "0"))
        equal(ours["subflows"], 0)
        equal(ours["fallback"], False)
        equal(ours["bytes_sent"], 5000)
        details = tool.expect(0, "info", "-i", f"mptcp sport:{port}").text
        contains(details, f"token {ours['token']}, subflows 0 of ")
        path = info(f"tcp sport:{port}")[0]
        if "ulp" in path:
            equal(path["ulp"], "mptcp")
        if "mptcp_token" in path:
            equal(path["mptcp_token"], ours["token"])


# ---- What limits it -------------------------------------------------------


class Sender(threading.Thread):
    """Sends whenever it can, or little now and then, until its end."""

    def __init__(self, near, piece, pause):
        super().__init__()
        self.near, self.piece, self.pause = near, piece, pause
        self.done = threading.Event()
        near.settimeout(0.2)
        self.start()

    def run(self):
        while not self.done.is_set():
            try:
                self.near.send(b"s" * self.piece)
            except OSError:
                pass
            if self.pause:
                self.done.wait(self.pause)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.done.set()
        self.join()


class Reader(threading.Thread):
    """Reads all that comes, to the end."""

    def __init__(self, far):
        super().__init__()
        self.far = far
        self.start()

    def run(self):
        try:
            while self.far.recv(1 << 20):
                pass
        except OSError:
            pass


def becomes(near, limit):
    """Once the kernel has seen enough of it."""
    def now():
        line = info(f"tcp established sport:{own_port(near)}")[0]["tcp"]
        return line["limit"] == limit

    tool.wait_until(now)
    done = tool.expect(0, "info", "-o", "limit", f"sport:{own_port(near)}")
    equal(done.text.split(), ["LIMIT", limit])
    equal(len(info(f"tcp sport:{own_port(near)} limit:{limit}")), 1)


def test_a_reader_that_does_not_read():
    with Sockets() as sockets:
        near, far = sockets.pair()
        far.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        near.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 20)
        with Sender(near, 65536, 0):
            becomes(near, "receiver")
        near.close()


def test_a_sender_that_is_silent():
    with Sockets() as sockets:
        near, far = sockets.pair()
        far.sendall(b"only the other end speaks")
        near.recv(25, socket.MSG_WAITALL)
        becomes(near, "idle")


def test_a_sender_with_little_to_say():
    with Sockets() as sockets:
        near, far = sockets.pair()
        reader = Reader(far)
        with Sender(near, 100, 0.01):
            becomes(near, "app")
        near.close()
        reader.join()


def test_loss():
    if shutil.which("nft") is None:
        raise tap.Skip("no nft here (Debian: nftables)")
    done = subprocess.run(["nft", "-f", "-"], input=LOSS, text=True,
                          stderr=subprocess.PIPE, check=False)
    if done.returncode:
        raise tap.Skip(f"nft: {done.stderr.splitlines()[0]}")
    with Sockets() as sockets:
        listener = sockets.listener(LOSSY)
        near = sockets.made()
        near.connect(listener.getsockname())
        reader = Reader(sockets.enter_context(listener.accept()[0]))
        with Sender(near, 20000, 0):
            becomes(near, "loss")
        # What waits in the queue need not go through the loss too.
        near.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                        b"\1\0\0\0\0\0\0\0")
        near.close()
        reader.join()


if __name__ == "__main__":
    if INSIDE not in os.environ:
        why = basis.missing()
        if why:
            print(f"1..0 # SKIP {why}")
            sys.exit(0)
        os.environ[INSIDE] = "1"
        os.execvp("unshare", [*basis.enter(), sys.executable, *sys.argv])
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    tap.main(globals())
