#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""pier from: each command of nc, ncat and socat is run, and then what pier made
of it, as it was printed, against the same peer. What the peer read, how it
ended and what came out have to be the same. Reports by TAP.
"""

import os
import re
import shlex
import shutil
import socket
import subprocess
import sys
import threading
import time

sys.path.insert(
    0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "cli")
)

import tap  # noqa: E402 (found by the line above)
import tool  # noqa: E402
from tap import contains, equal  # noqa: E402

LIMIT = 20
TEXT = "汉语/漢語 Hànyǔ\nsecond line\n".encode()
FOLDER = os.path.dirname(tool.PIER)
ENV = {**os.environ, "PATH": FOLDER + os.pathsep + os.environ["PATH"]}
REAL = {"nc": "nc.openbsd"}
TCP_SAVE_SYN, TCP_SAVED_SYN = 27, 28


def translate(command):
    """The line that pier prints; it has to end with 0."""
    return tool.expect(0, "from", *shlex.split(command)).text.strip()


def need(command):
    program = shlex.split(command)[0]
    if shutil.which(REAL.get(program, program)) is None:
        raise tap.Skip(f"{REAL.get(program, program)} is not installed")


def original(command):
    program, rest = command.split(" ", 1)
    return f"{REAL.get(program, program)} {rest}"


# ---- what the peers of clients do: each returns what it saw ----


def read_on(peer, enough=None):
    got = b""
    while enough is None or len(got) < enough:
        part = peer.recv(65536)
        if not part:
            return got + b"<end>"
        got += part
    return got


def answers_at_the_end(peer):
    """For those that half-close."""
    got = read_on(peer)
    peer.sendall(b"got " + got)
    return got


def answers_then_ends(peer):
    """For those that do not: it is the one who ends."""
    got = read_on(peer, len(TEXT))
    peer.sendall(b"got " + got)
    return got


def answers_crlf(peer):
    got = read_on(peer, len(TEXT) + 2)
    peer.sendall(b"got " + got)
    return got


def only_reads(peer):
    return read_on(peer)


def only_speaks(peer):
    peer.sendall(TEXT)
    return b""


def tells_where_from(peer):
    got = read_on(peer)
    peer.sendall(b"ok")
    return got + peer.getpeername()[0].encode()


def tells_its_first_packet(peer):
    """Type of service and TTL of it, as the kernel kept it."""
    head = peer.getsockopt(socket.IPPROTO_TCP, TCP_SAVED_SYN, 128)
    return answers_at_the_end(peer), head[1], head[8]


def show_socket(peer):
    """The other end, as ss shows it once all that it sent is acknowledged: until
    then its timer is another one."""
    command = ["ss", "-tnomH", f"sport = :{peer.getpeername()[1]}"]
    while True:
        shown = subprocess.run(
            command, stdout=subprocess.PIPE, text=True, check=True
        ).stdout
        if "timer:(on," not in shown:
            return shown
        time.sleep(0.01)


def tells_its_socket(peer):
    """Buffers and timer at the other end."""
    got = read_on(peer, len(TEXT))
    shown = show_socket(peer)
    peer.sendall(b"got " + read_on(peer))
    return got, re.findall(r"\b(rb\d+|tb\d+|timer:\(keepalive,\d+min)", shown)


STREAMS = [
    ("nc -N 127.0.0.1 {port}", answers_at_the_end),
    ("nc -N -4 localhost {port}", answers_at_the_end),
    ("nc -N -n 127.0.0.1 {port}", answers_at_the_end),
    ("nc -N -w 9 127.0.0.1 {port}", answers_at_the_end),
    ("nc -N -s 127.0.0.3 127.0.0.1 {port}", tells_where_from),
    ("nc -N -U {path}", answers_at_the_end),
    ("nc -N -T ef -M 9 127.0.0.1 {port}", tells_its_first_packet),
    ("nc -N -T 0x10 -m 3 127.0.0.1 {port}", tells_its_first_packet),
    ("nc -N -I 40000 -O 50000 127.0.0.1 {port}", tells_its_socket),
    ("nc 127.0.0.1 {port}", answers_then_ends),
    ("nc -C 127.0.0.1 {port}", answers_crlf),
    ("nc -d 127.0.0.1 {port}", only_speaks),
    ("nc -q 0 127.0.0.1 {port}", only_reads),
    ("ncat 127.0.0.1 {port}", answers_at_the_end),
    ("ncat -4 localhost {port}", answers_at_the_end),
    ("ncat -w 5s 127.0.0.1 {port}", answers_at_the_end),
    ("ncat -s 127.0.0.3 127.0.0.1 {port}", tells_where_from),
    ("ncat -U {path}", answers_at_the_end),
    ("ncat --crlf --no-shutdown 127.0.0.1 {port}", answers_crlf),
    ("ncat --no-shutdown 127.0.0.1 {port}", answers_then_ends),
    ("ncat --recv-only 127.0.0.1 {port}", only_speaks),
    ("ncat --send-only 127.0.0.1 {port}", only_reads),
    ("socat -t 9 - TCP:127.0.0.1:{port}", answers_at_the_end),
    ("socat -t 9 STDIO TCP4:localhost:{port},bind=127.0.0.3",
     tells_where_from),
    ("socat -t 9 TCP-CONNECT:127.0.0.1:{port},nodelay -", answers_at_the_end),
    ("socat -t 9 - UNIX-CONNECT:{path}", answers_at_the_end),
    ("socat -t 9 - ABSTRACT-CONNECT:{name}", answers_at_the_end),
    ("socat -t 9 -T 9 - TCP4:127.0.0.1:{port},connect-timeout=5",
     answers_at_the_end),
    ("socat -u - TCP:127.0.0.1:{port}", only_reads),
    ("socat -u TCP:127.0.0.1:{port} -", only_speaks),
    ("socat -U - TCP:127.0.0.1:{port}", only_speaks),
    ("socat - TCP:127.0.0.1:{port},shut-none", answers_then_ends),
    ("socat -t 9 - TCP:127.0.0.1:{port},tos=0x48,ttl=7,nodelay=0",
     tells_its_first_packet),
    ("socat -t 9 - TCP:127.0.0.1:{port},keepalive,keepidle=7000,rcvbuf=40000,"
     "so-sndbuf=50000", tells_its_socket),
]


class Listener:
    """One for each kind of address, with the words for a command."""

    def __init__(self, command, folder):
        self.words = {"port": 0, "path": f"{folder}/sock", "name": "pier-from"}
        if "{path}" in command:
            self.socket = socket.socket(socket.AF_UNIX)
            self.socket.bind(self.words["path"])
        elif "{name}" in command:
            self.words["name"] = f"pier-from-{os.getpid()}"
            self.socket = socket.socket(socket.AF_UNIX)
            self.socket.bind("\0" + self.words["name"])
        else:
            self.socket = socket.socket()
            self.socket.bind(("127.0.0.1", 0))
            self.socket.setsockopt(socket.IPPROTO_TCP, TCP_SAVE_SYN, 1)
            self.words["port"] = self.socket.getsockname()[1]
        self.socket.settimeout(LIMIT)
        self.socket.listen(1)

    def meet(self, script, line):
        """What the peer saw, and what the client's standard output has."""
        seen = []

        def run():
            peer, _ = self.socket.accept()
            with peer:
                peer.settimeout(LIMIT)
                seen.append(script(peer))

        thread = threading.Thread(target=run, daemon=True)
        thread.start()
        done = subprocess.run(
            ["sh", "-c", line],
            input=TEXT,
            env=ENV,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            timeout=LIMIT,
            check=False,
        )
        thread.join(LIMIT)
        assert seen, f"{line}: the peer saw nothing; {done.stderr!r}"
        equal(done.returncode, 0, f"{line}: exit code; {done.stderr!r}")
        return seen[0], done.stdout


def compare_streams(command, script):
    need(command)
    with tool.scratch() as folder:
        listener = Listener(command, folder)
        with listener.socket:
            line = command.format(**listener.words)
            theirs = listener.meet(script, original(line))
            ours = listener.meet(script, translate(line))
    equal(ours, theirs, f"{translate(line)} against {line}")


# ---- datagrams: the peer answers one ----

DATAGRAMS = [
    "nc -u -b -w 1 127.0.0.1 {port}",
    "nc -u -w 1 127.0.0.1 {port}",
    "nc -u -W 1 127.0.0.1 {port}",
    "socat -t 1 - UDP:127.0.0.1:{port}",
    "socat -t 1 - UDP4:127.0.0.1:{port}",
]


def meet_datagram(line, peer):
    client = subprocess.Popen(
        ["sh", "-c", line],
        env=ENV,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    client.stdin.write(b"question")
    client.stdin.close()
    got, sender = peer.recvfrom(100)
    peer.sendto(b"answer", sender)
    said = client.stdout.read()
    client.stdout.close()
    client.wait(LIMIT)
    return got, said


def compare_datagrams(command):
    need(command)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as peer:
        peer.bind(("127.0.0.1", 0))
        peer.settimeout(LIMIT)
        line = command.format(port=peer.getsockname()[1])
        theirs = meet_datagram(original(line), peer)
        equal(theirs, (b"question", b"answer"), line)
        equal(meet_datagram(translate(line), peer), theirs, translate(line))


# ---- one message for many, and who hears a group: over the loopback ----

GROUP = "239.9.5.5"
MANY = [
    "socat -t 1 - UDP4-DATAGRAM:127.255.255.255:{port},broadcast",
    f"socat -t 1 - UDP4-DATAGRAM:{GROUP}:{{port}},ip-multicast-if=127.0.0.1,"
    "ip-multicast-ttl=3,ip-multicast-loop=1",
]


def member():
    receiver = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    receiver.bind(("", 0))
    receiver.settimeout(LIMIT)
    receiver.setsockopt(
        socket.IPPROTO_IP,
        socket.IP_ADD_MEMBERSHIP,
        socket.inet_aton(GROUP) + socket.inet_aton("127.0.0.1"),
    )
    return receiver


def compare_many(command):
    need(command)
    with member() as peer:
        line = command.format(port=peer.getsockname()[1])
        theirs = meet_datagram(original(line), peer)
        equal(theirs, (b"question", b"answer"), line)
        equal(meet_datagram(translate(line), peer), theirs, translate(line))


def ask(line, where, question):
    """The answer of what the line runs; asked until there is one."""
    server = subprocess.Popen(
        ["sh", "-c", f"exec {line}"], env=ENV, stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.setsockopt(
            socket.IPPROTO_IP,
            socket.IP_MULTICAST_IF,
            socket.inet_aton("127.0.0.1"),
        )
        client.settimeout(0.1)
        answer = None
        for _ in range(10 * LIMIT):
            client.sendto(question, where)
            try:
                answer = client.recv(100)
                break
            except (TimeoutError, ConnectionRefusedError):
                pass
    # The whole session: there is a program for each peer.
    os.killpg(server.pid, 9)
    server.wait(LIMIT)
    return answer


def test_who_hears_a_group():
    command = (
        f"socat UDP4-RECVFROM:{{port}},ip-add-membership={GROUP}:127.0.0.1,"
        "fork PIPE"
    )
    need(command)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("", 0))
        port = probe.getsockname()[1]
    line = command.format(port=port)
    contains(translate(line), f"'udp4://{GROUP}:{port}?join=lo'")
    for change in (original, translate):
        equal(ask(change(line), (GROUP, port), b"hears?"), b"hears?", line)
    # One that also sends there has no equal, and it is said why.
    done = tool.expect(
        1, "from", "socat", "-",
        f"UDP4-DATAGRAM:{GROUP}:7,bind=:7,ip-add-membership={GROUP}:lo",
    )
    contains(done.err, "'ip-add-membership' has no equal: pier connect sends")
    done = tool.expect(
        1, "from", "socat",
        f"UDP4-RECVFROM:7,ip-add-membership={GROUP}:192.0.2.7,fork", "PIPE",
    )
    contains(done.err, "no interface of this machine has the address 192.0.2.7")


# ---- servers ----

SERVERS = [
    ("ncat -l -k -e /bin/cat 127.0.0.1 {port}", "echo"),
    ("ncat -l -k -4 -e /bin/cat {port}", "echo"),
    ("ncat --listen --keep-open --exec /bin/cat -m 5 127.0.0.1 {port}", "echo"),
    ("ncat -l -k --allow 127.0.0.0/8,::1 -e /bin/cat 127.0.0.1 {port}", "echo"),
    ("ncat -l -k --deny 10.0.0.0/8 -e /bin/cat 127.0.0.1 {port}", "echo"),
    ("ncat -l -k --allowfile {list} -e /bin/cat 127.0.0.1 {port}", "echo"),
    ("ncat -l -k -U -e /bin/cat {path}", "echo"),
    ("ncat -l --broker 127.0.0.1 {port}", "broker"),
    ("socat TCP-LISTEN:{port},fork,reuseaddr EXEC:cat", "echo"),
    ("socat TCP4-LISTEN:{port},fork,bind=127.0.0.1,backlog=9 EXEC:/bin/cat",
     "echo"),
    ("socat TCP-LISTEN:{port},fork,max-children=9 SYSTEM:cat", "echo"),
    ("socat TCP-LISTEN:{port},fork,reuseaddr PIPE", "echo"),
    ("socat UNIX-LISTEN:{path},fork EXEC:cat", "echo"),
    ("socat -u TCP-LISTEN:{port},fork /dev/null", "discard"),
    # ncat drops what its child still says once the peer has half-closed.
    ("ncat -l -k -e '/bin/sed -u y/abc/ABC/' 127.0.0.1 {port}", "echo"),
    ("ncat -l -k -c 'read x; echo \"<$x>\"' 127.0.0.1 {port}", "answer"),
    ("socat TCP-LISTEN:{port},fork,reuseaddr EXEC:'tr a-z A-Z'", "program"),
    ("socat TCP-LISTEN:{port},fork SYSTEM:'read x; echo $x $x'", "program"),
    ("socat TCP-LISTEN:{port},fork SYSTEM:'read x; echo $x >&2',stderr",
     "program"),
]


def test_a_program_for_each_peer_over_udp():
    done = tool.run("from", "socat", "UDP-LISTEN:80,fork", "EXEC:sort")
    equal(done.code, 0)
    contains(tap.show(done.out),
             "--session-idle off udp4://:80 --exec sort")
    command = "ncat -l -k -u -e '/bin/sed -u y/abc/ABC/' 127.0.0.1 {port}"
    need(command)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    line = command.format(port=port)
    for change in (original, translate):
        equal(ask(change(line), ("127.0.0.1", port), b"abc\n"), b"ABC\n", line)


def dial(where):
    kind = socket.AF_UNIX if isinstance(where, str) else socket.AF_INET
    client = socket.socket(kind)
    client.settimeout(LIMIT)
    try:
        client.connect(where)
    except OSError:
        client.close()
        return None
    return client


def converse(where, kind):
    """What clients see of a server that listens there."""
    with dial(where) as client:
        if kind == "broker":
            # Answered once it is known to be in: the first line that comes.
            with dial(where) as other:
                got = b""
                other.settimeout(0.1)
                while not got:
                    client.sendall(b"hello\n")
                    try:
                        got = other.recv(6)
                    except TimeoutError:
                        continue
                return got
        client.sendall(TEXT)
        if kind == "echo":
            got = read_on(client, len(TEXT))
            client.shutdown(socket.SHUT_WR)
            return got
        if kind != "answer":
            client.shutdown(socket.SHUT_WR)
        return read_on(client)


def serve(line, where, kind):
    server = subprocess.Popen(
        ["sh", "-c", f"exec {line}"],
        env=ENV,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )
    try:

        def listens():
            client = dial(where)
            if client is not None:
                client.close()
            return client is not None or server.poll() is not None

        tool.wait_until(listens)
        assert server.poll() is None, server.stderr.read()
        return converse(where, kind)
    finally:
        # The whole session: such servers fork for each connection.
        os.killpg(server.pid, 9)
        server.wait()
        server.stderr.close()


def compare_servers(command, kind):
    need(command)
    with tool.scratch() as folder:
        where = f"{folder}/sock"
        networks = f"{folder}/networks"
        with open(networks, "w", encoding="ascii") as file:
            file.write("127.0.0.0/8\n::1\n")
        results = []
        for change in (original, translate):
            if "{port}" in command:
                where = ("127.0.0.1", tool.free_port())
            elif os.path.exists(where):
                os.remove(where)
            line = command.format(port=where[1], path=where, list=networks)
            results.append(serve(change(line), where, kind))
    equal(results[1], results[0], f"what {command} says")


def add_cases():
    """One test per line of the tables."""
    cases = [(c, lambda c=c, s=s: compare_streams(c, s)) for c, s in STREAMS]
    cases += [(c, lambda c=c: compare_datagrams(c)) for c in DATAGRAMS]
    cases += [(c, lambda c=c: compare_many(c)) for c in MANY]
    cases += [(c, lambda c=c, k=k: compare_servers(c, k)) for c, k in SERVERS]
    for command, case in cases:
        globals()["test_ " + command] = case


# ---- what has no equal, and what is wrong ----

NO_EQUAL = [
    ("nc -l 7000", "-l"),
    ("nc -lk 7000", "-l"),
    ("nc -X 5 -x proxy:1080 host 80", "-X"),
    ("nc -t host 23", "-t"),
    ("nc -q 3 host 80", "-q"),
    ("nc -n some.name 80", "-n"),
    ("nc -uz host 53", "-z"),
    ("nc -i 2 host 80", "-i"),
    ("nc -W 3 host 80", "-W"),
    ("nc host 20-25", "20-25"),
    ("ncat --ssl host 443", "--ssl"),
    ("ncat --proxy a:1 host 80", "--proxy"),
    ("ncat -l --chat 7000", "--chat"),
    ("ncat -l 7000", "-l"),
    ("ncat -l -e /bin/cat 7000", "-l"),
    ("ncat -l -k --allow some.name -e /bin/cat 7000", "--allow"),
    ("ncat -l -k --allow 10.0.0.0/8 --deny 10.1.0.1 --broker 7", "--deny"),
    ("ncat -o log host 80", "-o"),
    ("socat - OPENSSL:host:443", "OPENSSL:host:443"),
    ("nc -S host 80", "-S"),
    ("ncat -l -u -e /bin/cat 7000", "-l"),
    ("ncat -l -k --allowfile a --denyfile b -e /bin/cat 7", "--denyfile"),
    ("socat - TCP:host:80,retry=3", "retry=3"),
    ("socat TCP6-LISTEN:80,fork,ipv6-v6only=0 PIPE", "ipv6-v6only=0"),
    ("socat -x - TCP:host:80", "-x"),
    ("socat TCP-LISTEN:80 EXEC:cat", "TCP-LISTEN:80"),
    ("socat TCP-LISTEN:80,fork TCP:host:80", "TCP:host:80"),
    ("socat UDP-RECVFROM:80,fork EXEC:date", "UDP-RECVFROM:80,fork"),
    ("socat - PTY,link=/tmp/x", "PTY,link=/tmp/x"),
    ("socat TCP:a:1 TCP:b:2", "TCP:b:2"),
]

WRONG = [
    ("nc", "ARG is missing"),
    ("nc -Q host 80", "'-Q'"),
    ("nc -w", "'-w'"),
    ("nc host", "a host and a port"),
    ("ncat --nonsense host", "'--nonsense'"),
    ("socat -", "two addresses"),
    ("socat - TCP:host", "lacks its port"),
    ("socat - TCP:host:80,rcvbuf=much", "'much' is no value of it"),
    ("nc -T soon host 80", "'-T' does not take 'soon'"),
    ("ncat -l -u --broker 7", "'--broker' is not for '-u'"),
    ("telnet host 23", "expected nc, ncat or socat"),
]


def test_what_has_no_equal_is_named():
    for command, word in NO_EQUAL:
        done = tool.expect(1, "from", *shlex.split(command))
        equal(done.out, b"", command)
        contains(done.err, f"'{word}' has no equal: ", command)
        for line in done.err.splitlines()[1:]:
            assert line.startswith("hint: "), done


def test_wrong_commands_are_usage_errors():
    for command, words in WRONG:
        done = tool.expect(2, "from", *shlex.split(command))
        contains(done.err, words, command)


def test_virtual_sockets():
    """There is no peer for them on every machine: what is printed."""
    for command, where in (
        ("ncat --vsock 2 9000", "vsock://2:9000"),
        ("socat - VSOCK-CONNECT:2:9000", "vsock://2:9000"),
    ):
        contains(translate(command), where, command)


def test_events_follow_the_schema():
    for code, command, kind in (
        (0, "nc -N host 80", "command"),
        (0, "ncat -l -k -m 3 -e /bin/cat 80", "command"),
        (1, "nc -l 80", "no-equal"),
    ):
        done = tool.expect(code, "from", "--json", *shlex.split(command))
        line, = tool.events(done, "from")
        equal(line["type"], kind, command)
    assert line, done


def test_no_command_is_one_that_pier_refuses():
    for words in (["nc", "a b", "7"], ["ncat", "a\tb", "7"],
                  ["socat", "-", "TCP:a b:7"]):
        done = tool.run("from", *words)
        equal((done.code, done.out), (1, b""), words)
        contains(done.err, "cannot stand in a host name")


def test_output_is_quoted():
    """Whatever is in a word, a shell gives it back."""
    done = tool.expect(0, "from", "nc", "-N", "-U", "/tmp/it's $HOME;x")
    said = subprocess.run(
        ["sh", "-c", f"set -- {done.text.strip()}; printf '%s\\n' \"$@\""],
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    equal(said.stdout.split("\n")[-2], "unix:///tmp/it's $HOME;x")


def test_probes():
    need("nc -z")
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(9)
        port = listener.getsockname()[1]
        for where, code in ((port, 0), (tool.free_port(), 1)):
            line = f"nc -z 127.0.0.1 {where}"
            for change in (original, translate):
                done = subprocess.run(
                    ["sh", "-c", change(line)],
                    env=ENV,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.DEVNULL,
                    check=False,
                    timeout=LIMIT,
                )
                equal((min(done.returncode, 1), done.stdout), (code, b""))


if __name__ == "__main__":
    add_cases()
    tap.main(globals())
