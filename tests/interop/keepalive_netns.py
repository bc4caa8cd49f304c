# SPDX-License-Identifier: MIT
"""A peer that dies without a word: two network namespaces, and a link between
them that goes down. --keepalive finds it when nothing is sent, --user-timeout
when something was; neither is a deadline."""

import contextlib
import json
import os
import shutil
import subprocess
import sys

sys.path.insert(0, os.path.join(os.environ["PIER_SOURCE"], "tests", "cli"))

import tap  # noqa: E402
import tool  # noqa: E402
from tap import contains, equal  # noqa: E402

HERE, THERE = "192.0.2.1", "192.0.2.2"


def missing():
    for name in ("ip", "unshare", "nsenter"):
        if shutil.which(name) is None:
            return f"no {name} here"
    if os.geteuid() != 0:
        return "needs root for a network namespace"
    if subprocess.run(["unshare", "-n", "true"], check=False).returncode:
        return "cannot make a network namespace"
    return None


def run(*words):
    subprocess.run(words, check=True)


class Far:
    """The other side: a namespace that lives as long as a process in it, with
    a link to ours."""

    def __init__(self):
        self.process = subprocess.Popen(
            ["unshare", "-n", "sh", "-c", "echo ready; exec cat"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        )
        self.process.stdout.readline()
        pid = str(self.process.pid)
        self.enter = ("nsenter", "-n", "-t", pid)
        run("ip", "link", "add", "near", "type", "veth", "peer", "name", "far")
        run("ip", "link", "set", "far", "netns", pid)
        run("ip", "addr", "add", f"{HERE}/24", "dev", "near")
        run("ip", "link", "set", "near", "up")
        run(*self.enter, "ip", "addr", "add", f"{THERE}/24", "dev", "far")
        run(*self.enter, "ip", "link", "set", "far", "up")

    def cut(self):
        run(*self.enter, "ip", "link", "set", "far", "down")

    def close(self):
        self.process.stdin.close()
        self.process.wait()
        self.process.stdout.close()
        with contextlib.suppress(subprocess.CalledProcessError):
            run("ip", "link", "del", "near")


SERVER = """
import socket, sys
one = socket.socket()
one.bind(("192.0.2.2", 7000))
one.listen(8)
print("listening", flush=True)
kept = []
while True:
    stream, peer = one.accept()
    kept.append(stream)
    print("accepted", flush=True)
"""


@contextlib.contextmanager
def far_server():
    far = Far()
    server = subprocess.Popen(
        [*far.enter, sys.executable, "-c", SERVER], stdout=subprocess.PIPE
    )
    try:
        equal(server.stdout.readline(), b"listening\n")
        yield far, server
    finally:
        server.kill()
        server.wait()
        server.stdout.close()
        far.close()


CLIENT = """
import socket, sys, time
one = socket.create_connection((sys.argv[1], int(sys.argv[2])))
print("connected", flush=True)
time.sleep(600)
"""


def connect(*words):
    return subprocess.Popen(
        [tool.PIER, "connect", "-v", *words, f"tcp://{THERE}:7000"],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )


def end_of(process):
    """Without an end of its standard input."""
    err = process.stderr.read().decode()
    process.stdin.close()
    process.stdout.close()
    process.wait()
    process.stderr.close()
    return process.returncode, err


def test_keepalive_finds_a_dead_peer():
    with far_server() as (far, server):
        process = connect("--keepalive", "1s,1s,2")
        equal(server.stdout.readline(), b"accepted\n")
        far.cut()
        code, err = end_of(process)
        equal(code, 7, err)
        print("#", err.replace("\n", "\n# "))
        assert "PIER_EDEADLINE" not in err, err


def test_user_timeout_finds_a_dead_peer():
    with far_server() as (far, server):
        process = connect("--user-timeout", "1500ms")
        equal(server.stdout.readline(), b"accepted\n")
        far.cut()
        process.stdin.write(b"is anybody there?\n")
        process.stdin.flush()
        code, err = end_of(process)
        equal(code, 7, err)
        assert "PIER_EDEADLINE" not in err, err


def test_a_deadline_is_another_thing():
    with far_server() as (far, server):
        process = connect("--keepalive", "60s,10s,3", "--idle-timeout", "1s")
        equal(server.stdout.readline(), b"accepted\n")
        far.cut()
        code, err = end_of(process)
        equal(code, 6, err)


def test_a_server_finds_a_dead_client():
    far = Far()
    client = None
    with contextlib.ExitStack() as stack:
        stack.callback(far.close)
        server = stack.enter_context(
            tool.Server(
                "discard", "--json", "--keepalive", "1s,1s,2",
                "--first-byte-timeout", "off", "--idle-timeout", "off",
                f"tcp://{HERE}:0",
            )
        )
        client = stack.enter_context(
            subprocess.Popen(
                [*far.enter, sys.executable, "-c", CLIENT, HERE,
                 str(server.port())],
                stdout=subprocess.PIPE,
            )
        )
        stack.callback(client.kill)
        equal(client.stdout.readline(), b"connected\n")
        far.cut()
        event = {"type": "no event of its end"}
        for line in server.process.stdout:
            event = json.loads(line)
            if event["type"] in ("close", "error"):
                break
        contains(json.dumps(event), "ETIMEDOUT")


if __name__ == "__main__":
    if os.environ.get("PIER_KEEPALIVE_NETNS") is None:
        why = missing()
        if why is not None:
            print(f"1..0 # SKIP {why}")
            sys.exit(0)
        os.environ["PIER_KEEPALIVE_NETNS"] = "1"
        os.execvp("unshare", ["unshare", "-n", sys.executable, *sys.argv])
    run("ip", "link", "set", "lo", "up")
    tap.main(globals())
