#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""pier info against ss, in a network namespace of its own: rows, fields, and
each state of TCP, reached with real sockets. Segments that nft drops keep a
connection in a state that passes in a moment otherwise."""

import contextlib
import json
import os
import re
import shutil
import socket
import struct
import subprocess
import sys
import time

sys.path.insert(
    0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "cli")
)

import tap  # noqa: E402
import tcp_info  # noqa: E402
import tool  # noqa: E402
from tap import contains, equal  # noqa: E402

INSIDE = "PIER_INFO_NAMESPACE"

# As ss writes them, and RFC 9293.
STATES = {
    "LISTEN": "LISTEN",
    "SYN-SENT": "SYN-SENT",
    "SYN-RECV": "SYN-RECEIVED",
    "ESTAB": "ESTABLISHED",
    "FIN-WAIT-1": "FIN-WAIT-1",
    "FIN-WAIT-2": "FIN-WAIT-2",
    "CLOSE-WAIT": "CLOSE-WAIT",
    "CLOSING": "CLOSING",
    "LAST-ACK": "LAST-ACK",
    "TIME-WAIT": "TIME-WAIT",
    "UNCONN": "CLOSED",
}

# Ports whose FIN, and whose SYN with ACK, gets lost.
NO_FIN = [7001, 7002, 7003]
NO_SYN_ACK = 7004

RULES = f"""
table inet lossy {{
  chain out {{
    type filter hook output priority 0;
    tcp sport {{ {", ".join(map(str, NO_FIN))} }} tcp flags & fin == fin drop
    tcp sport {NO_SYN_ACK} tcp flags & (syn | ack) == (syn | ack) drop
    ip daddr 127.0.0.9 drop
  }}
}}
"""


def ss(*words):
    done = subprocess.run(
        ["ss", *words], stdout=subprocess.PIPE, text=True, check=True
    )
    return done.stdout.splitlines()


def info(*words):
    """The sockets that pass the filter, each checked against the schema."""
    done = tool.run("info", "--json", *words)
    assert done.code in (0, 1), done
    return tool.events(done, "info")


def lose_segments():
    if shutil.which("nft") is None:
        raise tap.Skip("no nft here (Debian: nftables)")
    done = subprocess.run(
        ["nft", "-f", "-"], input=RULES, text=True, stderr=subprocess.PIPE
    )
    if done.returncode:
        raise tap.Skip(f"nft: {done.stderr.splitlines()[0]}")


class Sockets(contextlib.ExitStack):
    """Sockets that live as long as the block."""

    def made(self, kind=socket.SOCK_STREAM, family=socket.AF_INET):
        return self.enter_context(socket.socket(family, kind))

    def listener(self, port=0, backlog=8):
        made = self.made()
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        made.bind(("127.0.0.1", port))
        made.listen(backlog)
        return made

    def pair(self, port=0):
        """Both ends of a connection; the first has that port."""
        listener = self.listener()
        near = self.made()
        near.bind(("127.0.0.1", port))
        near.connect(listener.getsockname())
        far, _ = listener.accept()
        return near, self.enter_context(far)


def own_port(made):
    return made.getsockname()[1]


def settled():
    """No acknowledgement is under way any more."""

    def quiet():
        return not any(
            line["tcp"].get("unacked") for line in info("tcp", "established")
        )

    tool.wait_until(quiet)


def state_of(port):
    """What both say of the socket with that port, once they agree."""
    found = []

    def agree():
        theirs = {
            STATES[line.split()[0]]
            for line in ss("-tanH", f"sport = :{port}")
        }
        ours = {line["state"] for line in info("tcp", f"sport:{port}")}
        found[:] = [ours, theirs]
        return ours == theirs

    tool.wait_until(agree)
    return found[0]


def test_the_eleven_states():
    lose_segments()
    with Sockets() as sockets:
        seen = set()

        def reached(state, port):
            tool.wait_until(lambda: state in state_of(port))
            seen.add(state)

        reached("LISTEN", own_port(sockets.listener()))
        near, far = sockets.pair()
        reached("ESTABLISHED", own_port(near))
        near.shutdown(socket.SHUT_WR)
        reached("FIN-WAIT-2", own_port(near))
        tool.wait_until(
            lambda: any(
                line["state"] == "CLOSE-WAIT"
                for line in info("tcp", f"dport:{own_port(near)}")
            )
        )
        seen.add("CLOSE-WAIT")
        port = own_port(near)
        far.close()
        near.close()
        reached("TIME-WAIT", port)

        # A FIN that nobody hears.
        near, _ = sockets.pair(NO_FIN[0])
        near.shutdown(socket.SHUT_WR)
        reached("FIN-WAIT-1", NO_FIN[0])
        # The same, and the peer's comes.
        near, far = sockets.pair(NO_FIN[1])
        near.shutdown(socket.SHUT_WR)
        far.shutdown(socket.SHUT_WR)
        reached("CLOSING", NO_FIN[1])
        # The peer's comes first.
        near, far = sockets.pair(NO_FIN[2])
        far.shutdown(socket.SHUT_WR)
        tool.wait_until(lambda: near.recv(1) == b"")
        near.shutdown(socket.SHUT_WR)
        reached("LAST-ACK", NO_FIN[2])

        # Nobody there; and an answer that gets lost.
        lost = sockets.made()
        lost.setblocking(False)
        lost.bind(("127.0.0.1", 0))
        lost.connect_ex(("127.0.0.9", 7))
        reached("SYN-SENT", own_port(lost))
        sockets.listener(NO_SYN_ACK)
        half = sockets.made()
        half.setblocking(False)
        half.connect_ex(("127.0.0.1", NO_SYN_ACK))
        reached("SYN-RECEIVED", NO_SYN_ACK)

        # Fresh: in no table, but its TCP_INFO says so.
        fresh = sockets.made()
        raw = fresh.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 104)
        equal(struct.unpack_from("B", raw)[0], 7, "CLOSED")
        seen.add("CLOSED")
        equal(seen, set(STATES.values()), "states")


def test_bound_and_nothing_else():
    """ss of Debian 12 does not show it; from Linux 6.8 on the kernel does."""
    with Sockets() as sockets:
        made = sockets.made()
        made.bind(("127.0.0.1", 0))
        found = info("state:bound", f"sport:{own_port(made)}")
        if not found:
            raise tap.Skip("this kernel does not list bound sockets")
        equal(found[0]["state"], "BOUND")
        equal(info("tcp", f"sport:{own_port(made)}"), [], "not asked for")


def their_address(text):
    text = text.replace("[::ffff:127.0.0.1]", "127.0.0.1")
    return re.sub(r"%\w+", "", text).replace("*:", "[::]:")


def their_rows():
    """(kind, state, receive queue, send queue, local, peer) of each row of ss; of
    a Unix socket its inode and its peer's."""
    rows = []
    for line in ss("-tuxanH0"):
        kind, state, received, sent, local, *rest = line.split()
        if kind.startswith("u_"):
            name = "" if local == "*" else local
            rows.append(
                ("unix", STATES[state], received, sent, name, rest[0], rest[2])
            )
        elif kind.startswith("p_"):
            rows.append(("packet", "", "", "", "", ""))
        else:
            peer = "" if rest[0].endswith(":*") else their_address(rest[0])
            local = their_address(local)
            rows.append((kind, STATES[state], received, sent, local, peer))
    return sorted(rows)


def our_rows():
    rows = []
    for line in info("-a", "tcp or udp or unix or packet"):
        if line["proto"] == "packet":
            rows.append(("packet", "", "", "", "", ""))
            continue
        local = line["local"].replace("(unnamed)", "")
        ends = [line.get("peer", "")]
        if line["proto"] == "unix":
            ends = [str(line["inode"]), str(line.get("peer_inode", 0))]
        rows.append(
            (
                line["proto"],
                line["state"],
                str(line["recv_queue"]),
                str(line["send_queue"]),
                local,
                *ends,
            )
        )
    return sorted(rows)


def various(sockets):
    """Some of every kind that needs no special kernel."""
    near, far = sockets.pair()
    far.sendall(b"x" * 1000)
    tool.wait_until(lambda: len(near.recv(2000, socket.MSG_PEEK)) == 1000)
    crowded = sockets.listener(backlog=1)
    for _ in range(2):
        sockets.made().connect(crowded.getsockname())
    dual = sockets.made(family=socket.AF_INET6)
    dual.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
    dual.bind(("::", 0))
    dual.listen()
    sockets.made().connect(("127.0.0.1", own_port(dual)))
    unheard = sockets.made(socket.SOCK_DGRAM)
    unheard.bind(("127.0.0.1", 0))
    sender = sockets.made(socket.SOCK_DGRAM)
    sender.connect(unheard.getsockname())
    sender.send(b"hello")
    named = sockets.made(family=socket.AF_UNIX)
    named.bind("\0pier-info")
    named.listen(3)
    sockets.made(family=socket.AF_UNIX).connect("\0pier-info")
    for end in socket.socketpair():
        sockets.enter_context(end)
    messages = sockets.made(socket.SOCK_DGRAM, socket.AF_UNIX)
    messages.bind("\0pier-info-messages")
    if os.geteuid() == 0:
        sockets.made(socket.SOCK_RAW, socket.AF_PACKET)
    return crowded


def test_every_row():
    with Sockets() as sockets:
        various(sockets)
        settled()
        theirs, ours = their_rows(), our_rows()
        assert len(theirs) > 15, theirs
        equal(
            [row for row in ours if row not in theirs], [], "only pier's"
        )
        equal(ours, theirs)


MEMORY = ["rmem", "rcvbuf", "wmem", "sndbuf", "forward", "queued", "option"]
MEMORY += ["backlog", "drops"]
MEMORY_OF_SS = r"skmem:\(r(\d+),rb(\d+),t(\d+),tb(\d+),f(\d+),w(\d+),o(\d+),"
MEMORY_OF_SS += r"bl(\d+),d(\d+)\)"


def compare_fields(ours, said):
    """One connection, every number that ss has."""
    tcp = {}
    for key, value in ours["tcp"].items():
        name = key.removesuffix("_s")
        tcp[name] = value if name == key else round(value * 1e6)
    for name in ("snd_ssthresh", "reordering", *tcp_info.SS):
        tcp.setdefault(name, 0)
    wrong = tcp_info.compare_fields(tcp, said)
    assert wrong is None, wrong
    memory = re.search(MEMORY_OF_SS, said).groups()
    equal([ours["memory"][name] for name in MEMORY], list(map(int, memory)))
    equal(ours["inode"], int(re.search(r"\bino:(\d+)", said)[1]), "inode")
    equal(ours["cookie"], int(re.search(r"\bsk:(\w+)", said)[1], 16), "cookie")
    equal(ours["congestion"] in said.split(), True, "congestion")
    uid = re.search(r"\buid:(\d+)", said)
    equal(ours["uid"], int(uid[1]) if uid else 0, "uid")
    timer = re.search(r"\btimer:\(([a-z-]+),", said)
    names = {"keepalive": "keepalive", "on": "retransmit", None: None}
    equal(ours.get("timer"), names[timer[1] if timer else None], "timer")


def test_every_field():
    with Sockets() as sockets:
        near, far = sockets.pair()
        near.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        near.sendall(b"a" * 100000)
        got = 0
        while got < 90000:
            got += len(far.recv(10000))
        far.sendall(b"b" * 300)
        near.recv(300, socket.MSG_WAITALL)
        settled()
        for made in (near, far):
            port, peer = own_port(made), made.getpeername()[1]
            for _ in range(20):
                # A delayed acknowledgement may go out between the looks.
                ports = f"sport = :{port} and dport = :{peer}"
                said = ss("-tinoemHO", ports)
                ours = info(f"sport:{port}", f"dport:{peer}")
                again = ss("-tinoemHO", ports)
                if without_clock(said) == without_clock(again):
                    break
            equal((len(said), len(ours)), (1, 1), "rows")
            compare_fields(ours[0], said[0])


def without_clock(lines):
    clock = r"last\w+:\d+|timer:\([^)]*\)"
    return [re.sub(clock, "", line) for line in lines]


def test_a_full_queue_is_told():
    with Sockets() as sockets:
        crowded = various(sockets)
        port = own_port(crowded)
        done = tool.run("info", "-o", "accept,local", f"sport:{port}", "listen")
        contains(done.text, "2/1 full")
        contains(done.err, "1 listening socket is full")
        done = tool.run("info", "-i", f"sport:{port}", "listen")
        contains(done.text, "accept queue 2 of 1\n")
        # Further ones are dropped, and counted.
        late = sockets.made()
        late.setblocking(False)
        late.connect_ex(crowded.getsockname())
        tool.wait_until(
            lambda: info(f"sport:{port}", "listen", "drops>0") != []
        )


def test_who_holds_it():
    with Sockets() as sockets:
        port = own_port(sockets.listener())
        me = os.getpid()
        found = info("-p", f"sport:{port}")
        equal([owner["pid"] for owner in found[0]["owners"]], [me])
        equal(info(f"sport:{port}", f"pid:{me}") != [], True)
        equal(info(f"sport:{port}", "pid:1"), [])
        done = tool.run("info", "-p", f"sport:{port}")
        contains(done.text, f":{me}\n")


def test_columns_sort_and_what_is_none():
    with Sockets() as sockets:
        ports = sorted(own_port(sockets.listener(backlog=n)) for n in (9, 2, 5))
        words = "listen sport:" + " or sport:".join(map(str, ports))
        done = tool.run("info", "-o", "send-queue,local", "-s", "send-queue",
                        f"listen ({words[7:]})")
        queues = [line.split()[0] for line in done.text.splitlines()]
        equal(queues, ["SEND-QUEUE", "2", "5", "9"])
        done = tool.run("info", "-o", "send-queue", "-s", "-send-queue",
                        f"listen ({words[7:]})")
        equal(done.text.split(), ["SEND-QUEUE", "9", "5", "2"])
        done = tool.run("info", "-o", "send-queu")
        equal(done.code, 2)
        contains(done.err, "there is no column 'send-queu'")
        contains(done.err, "did you mean 'send-queue'?")
        done = tool.run("info", "-s", "nothing")
        equal(done.code, 2)
        for words in (["-o", "bogus"], ["-s", "bogus"], ["-o", "seen"],
                      ["--closed", "-w", "1ms", "-o", "local,bogus"]):
            equal((words, tool.run("info", "--json", *words).code), (words, 2))
        done = tool.run("info", "port:x")
        equal(done.code, 2)
        contains(done.err, "'x' is not a port")
        equal(tool.run("info", "port:1").code, 1)
    for words in (
        ["--dial", "tcp://127.0.0.1:1", "--closed"],
        ["--dial", "tcp://127.0.0.1:1", "tcp"],
        ["--count", "1"],
        ["--timeout", "1s"],
        ["--closed", "--sort", "rtt"],
    ):
        done = tool.run("info", *words)
        equal((done.code, done.text), (2, ""), words)
        contains(done.err, words[0] if words[0] != "--closed" else "--sort")


def converse():
    """A connection that comes and goes; the client's port."""
    with Sockets() as sockets:
        near, far = sockets.pair()
        near.sendall(b"q" * 1234)
        far.recv(1234, socket.MSG_WAITALL)
        far.sendall(b"a" * 77)
        near.recv(77, socket.MSG_WAITALL)
        tool.wait_until(
            lambda: info(f"sport:{own_port(near)}")[0]["tcp"]["unacked"] == 0
        )
        return own_port(near)


@contextlib.contextmanager
def watching(*words):
    """pier info --closed, from when it watches on."""
    process = subprocess.Popen(
        [tool.PIER, "info", "--closed", "-v", *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=tool.ENV,
    )
    try:
        contains(process.stderr.readline(), b"watching")
        yield process
    finally:
        if process.poll() is None:
            process.kill()
        process.communicate()


def test_closed_ones_leave_their_numbers():
    with watching("--json", "bytes_sent=1234", "-n", "1") as process:
        port = converse()
        out, err = process.communicate(timeout=20)
        done = tool.Done(process, out, err)
        equal(done.code, 0)
        (event,) = tool.events(done, "info")
        equal(event["type"], "closed")
        equal(event["local"], f"127.0.0.1:{port}")
        equal(event["tcp"]["bytes_received"], 78, "with the FIN")
        equal(event["tcp"]["bytes_acked"], 1236, "with SYN and FIN")
    done = tool.run("info", "--closed", "-w", "20ms", "port:1")
    equal((done.code, done.text), (0, ""))
    done = tool.run("info", "--closed", "pid:1")
    equal(done.code, 2)
    contains(done.err, "has no process")


def test_a_listener_that_closed_has_short_zeros():
    with Sockets() as sockets:
        ours = sockets.listener()
        words = ["-o", "rtt", f"sport:{own_port(ours)}", "-n", "1"]
        with watching(*words) as process:
            ours.close()
            out, _ = process.communicate(timeout=20)
        equal(out.split()[-1:], [b"0"])


def test_closed_ones_without_privilege():
    if os.geteuid() != 0:
        raise tap.Skip("needs root to give it up")
    words = ["setpriv", "--reuid", "65534", "--clear-groups", "--inh-caps"]
    words += ["-all", "--bounding-set", "-all", "--no-new-privs"]
    # The binary may stand where only root can read.
    with tool.scratch() as folder:
        os.chmod(folder, 0o755)
        binary = shutil.copy(tool.PIER, folder)
        process = subprocess.Popen(
            [*words, binary, "info", "--closed", "-v", "--json", "-n", "1",
             "bytes_sent=1234"],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=tool.ENV,
        )
        try:
            contains(process.stderr.readline(), b"watching")
            converse()
            out, err = process.communicate(timeout=20)
        finally:
            if process.poll() is None:
                process.kill()
                process.communicate()
        (event,) = tool.events(tool.Done(process, out, err), "info")
        equal(event["tcp"]["bytes_received"], 78)


def test_whose_a_closed_one_was():
    with Sockets() as sockets:
        near, far = sockets.pair()
        port = own_port(near)
        with watching("-p", "--json", f"sport:{port}", "-n", "1") as process:
            near.close()
            far.close()
            out, err = process.communicate(timeout=20)
        (event,) = tool.events(tool.Done(process, out, err), "info")
        equal([owner["pid"] for owner in event["owners"]], [os.getpid()])


def closed_pair(process, pair):
    """The events of the two sockets of a pair, which have closed; others of this
    machine close all the time."""
    ports = {own_port(one) for one in pair}
    for one in pair:
        one.close()
    events = []
    while len(events) < 2:
        event = json.loads(process.stdout.readline())
        if int(event["local"].rpartition(":")[2]) in ports:
            events.append(event)
    return events


def test_for_how_long_a_closed_one_was_seen():
    """One that was there before is older than that. One that came later was seen
    from the next look on, or not at all."""
    with Sockets() as sockets:
        old = sockets.pair()
        began = time.monotonic()
        with watching("-p", "--json", "tcp") as process:
            born = time.monotonic()
            young = [sockets.pair() for _ in range(100)]
            for pair in young:
                events = closed_pair(process, pair)
                if all("seen_s" in event for event in events):
                    break
                # The next look is within a second.
                time.sleep(0.1)
            for event in events:
                equal(event["older"], False)
                assert 0 <= event["seen_s"] <= time.monotonic() - born, event
            for event in closed_pair(process, old):
                equal(event["older"], True)
                assert 0 < event["seen_s"] <= time.monotonic() - began, event
        old = sockets.pair()
        own = f"sport:{own_port(old[0])}"
        with watching("-o", "local,seen", "-n", "1", own) as process:
            for one in old:
                one.close()
            out, err = process.communicate(timeout=20)
            shown = tool.Done(process, out, err).text
            assert re.search(r"\d  > \d+(\.\d+)? (us|ms|s|min)\b", shown), shown
    for words in (
        ("-o", "local,seen"), ("-s", "seen"), ("-g", "seen"),
    ):
        done = tool.run("info", *words)
        equal(done.code, 2)
        contains(done.err, "'seen' is known of sockets that were watched")


def test_a_signal_ends_the_watch():
    with watching() as process:
        process.send_signal(2)
        process.communicate(timeout=20)
        equal(process.returncode, 130)


def test_a_program_prints_its_own_row():
    """examples/own_socket, beside the row of pier info for the same socket."""
    program = os.path.join(os.path.dirname(tool.PIER), "examples", "own_socket")
    if not os.path.exists(program):
        raise tap.Skip("examples are not built")
    with Sockets() as sockets:
        listener = sockets.listener()
        process = subprocess.Popen(
            [program, f"tcp4://127.0.0.1:{own_port(listener)}"],
            stdout=subprocess.PIPE, text=True,
        )
        with process:
            peer = sockets.enter_context(listener.accept()[0])
            ours = process.stdout.readline().split()
            done = tool.run("info", f"sport:{peer.getpeername()[1]} tcp")
            theirs = done.text.splitlines()[1].split()
            # What it measured may have become another since.
            equal(ours[:6], theirs[:6])
            equal(len(ours), len(theirs))
            peer.shutdown(socket.SHUT_WR)
            equal(process.stdout.readline().split()[1], "CLOSE-WAIT")
        equal(process.returncode, 0)


def test_dial():
    with Sockets() as sockets:
        listener = sockets.listener()
        port = own_port(listener)
        done = tool.run("info", "--json", "--dial", f"tcp://127.0.0.1:{port}")
        equal(done.code, 0)
        (event,) = tool.events(done, "info")
        equal(event["peer"], f"127.0.0.1:{port}")
        equal(event["state"], "ESTABLISHED")
        assert event["tcp"]["rtt_s"] > 0, event
        contains(done.err, "connected to tcp://127.0.0.1")
        done = tool.run("info", "-d", f"tcp://127.0.0.1:{port}")
        contains(done.text, "rtt ")
    equal(tool.run("info", "-d", f"tcp://127.0.0.1:{port}").code, 4)
    equal(tool.run("info", "-d", "tcp://:x:").code, 2)


def missing():
    for name in ("ss", "ip", "unshare"):
        if shutil.which(name) is None:
            return f"no {name} here"
    if subprocess.run([*enter(), "true"], check=False).returncode:
        return "cannot make a network namespace"
    return None


def enter():
    return ["unshare", "-n" if os.geteuid() == 0 else "-rn"]


if __name__ == "__main__":
    if INSIDE not in os.environ:
        why = missing()
        if why:
            print(f"1..0 # SKIP {why}")
            sys.exit(0)
        os.environ[INSIDE] = "1"
        os.execvp("unshare", [*enter(), sys.executable, *sys.argv])
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    tap.main(globals())
