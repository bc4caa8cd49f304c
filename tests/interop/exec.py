#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""pier serve --exec, --shell and --pty, asked by Python, nc.openbsd, ncat and
socat: what programs see, what their clients get, and how both end. Reports by
TAP.
"""

import contextlib
import os
import re
import shutil
import socket
import struct
import subprocess
import sys
import threading

sys.path.insert(
    0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "cli")
)

import tap  # noqa: E402 (found by the line above)
import tool  # noqa: E402
from peer import read_all  # noqa: E402
from tap import contains, equal  # noqa: E402
from tool import Server, events, expect, of_type, wait_until  # noqa: E402

LIMIT = 30
TCP = "tcp://127.0.0.1:0"
PYTHON = sys.executable


@contextlib.contextmanager
def serving(*words, endpoint=TCP):
    """A server whose programs have ended, and left nothing, at the end."""
    words = list(words)
    where = next(
        i for i, word in enumerate(words) if word in ("--exec", "--shell")
    )
    with ServerOf(words[:where], endpoint, words[where:]) as server:
        yield server
        wait_until(lambda: not children(server.process.pid))


class ServerOf(Server):
    """The command stands last."""

    def __init__(self, options, endpoint, command):
        super().__init__(
            "--json", "-v", *options, endpoint, late=command)


def children(pid):
    """Of all threads of a process; none when it has gone."""
    found = []
    with contextlib.suppress(FileNotFoundError, ProcessLookupError):
        for thread in os.listdir(f"/proc/{pid}/task"):
            path = f"/proc/{pid}/task/{thread}/children"
            with open(path, encoding="ascii") as file:
                found += file.read().split()
    return found


def is_there(pid):
    """It runs: not even a zombie that its new parent has not looked at."""
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii") as file:
            return file.read().rsplit(")", 1)[1].split()[0] not in "ZX"
    except FileNotFoundError:
        return False


def has_the_terminal(pids, name):
    """Is one of them that program, and do keys go to it?"""
    for pid in filter(is_there, pids):
        with open(f"/proc/{pid}/stat", encoding="ascii") as file:
            head, rest = file.read().rsplit(")", 1)
        _, _, group, _, _, foreground = rest.split()[:6]
        if head.endswith(f"({name}") and group == foreground == pid:
            return True
    return False


def dial(server):
    client = socket.create_connection(("127.0.0.1", server.port()), LIMIT)
    client.settimeout(LIMIT)
    return client


def ask(server, data=b""):
    """Send, end, and read to the end, both at the same time."""
    with dial(server) as client:
        def send():
            try:
                client.sendall(data)
                client.shutdown(socket.SHUT_WR)
            except OSError:
                pass  # it ended without reading all

        thread = threading.Thread(target=send, daemon=True)
        thread.start()
        answer = read_all(client)
        thread.join()
        return answer


def one(server, kind):
    """The only event of that kind, once the server was told to end."""
    done = server.end()
    equal(done.code, 0, done)
    (event,) = of_type(events(done, "serve"), kind)
    return event


def read_to_the_end(client):
    """What comes, also when it ends with a reset."""
    said = b""
    with contextlib.suppress(ConnectionResetError):
        while more := client.recv(1000):
            said += more
    return said


def reset(client):
    """Go away so that the other side is told at once."""
    client.setsockopt(
        socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    client.close()


# ---- conversations ----


def clients_of(endpoint):
    if endpoint.startswith("unix"):
        path = endpoint.removeprefix("unix://")
        return (
            ["nc.openbsd", "-N", "-U", path],
            ["ncat", "-U", path],
            ["socat", "-t", LIMIT, "-", f"UNIX-CONNECT:{path}"],
        )
    host, port = re.fullmatch(r"tcp://\[?([^]]*?)\]?:(\d+)", endpoint).groups()
    kind = f"TCP6:[{host}]" if ":" in host else f"TCP4:{host}"
    return (
        ["nc.openbsd", "-N", host, port],
        ["ncat", host, port],
        ["socat", "-t", LIMIT, "-", f"{kind}:{port}"],
    )


def sorted_by_others(endpoint):
    lines = [b"%d\n" % (i * 7919 % 100003) for i in range(50_000)]
    expected = b"".join(sorted(lines, key=int))
    with serving("--exec", "sort", "-n", endpoint=endpoint) as server:
        for client in clients_of(server.endpoint):
            if shutil.which(client[0]) is None:
                raise tap.Skip(f"{client[0]} is not installed")
            done = subprocess.run(
                [str(word) for word in client], input=b"".join(lines),
                stdout=subprocess.PIPE, timeout=LIMIT, check=True,
            )
            equal(len(done.stdout), len(expected), client[0])
            assert done.stdout == expected, client[0]
        equal(server.end().code, 0)


def test_sort_by_tcp4():
    sorted_by_others(TCP)


def test_sort_by_tcp6():
    sorted_by_others("tcp://[::1]:0")


def test_sort_by_unix():
    with tool.scratch() as folder:
        sorted_by_others(f"unix://{folder}/sock")


def test_every_model():
    for model in (["fiber"], ["fiber", "--workers=2"], ["thread"],
                  ["iterative"]):
        with serving("--model", *model, "--exec", "rev") as server:
            answers = [None] * 12

            def go(i):
                answers[i] = ask(server, b"number %d\n" % i)

            threads = [
                threading.Thread(target=go, args=(i,))
                for i in range(len(answers))
            ]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            for i, answer in enumerate(answers):
                equal(answer, (b"number %d" % i)[::-1] + b"\n")
            done = server.end()
            equal(done.code, 0)
            exits = of_type(events(done, "serve"), "exit")
            equal({line["status"] for line in exits}, {0})
            equal(len({line["pid"] for line in exits}), 12)


def test_shell():
    with serving("--shell", "read a; echo \"<$a>\"; exit 3") as server:
        equal(ask(server, b"hello world\nand more\n"), b"<hello world>\n")
        event = one(server, "exit")
        equal((event["status"], event["stopped"]), (3, False))
        assert "signal" not in event


def test_no_shell_reads_the_arguments():
    with serving("--exec", "printf", "%s|", "$HOME", "*", "a b") as server:
        equal(ask(server), b"$HOME|*|a b|")


def test_a_signal_ends_it():
    with serving("--shell", "kill -USR1 $$") as server:
        equal(ask(server), b"")
        done = server.end()
        lines = events(done, "serve")
        (event,) = of_type(lines, "exit")
        equal((event["signal"], event["stopped"]), (10, False))
        contains(done.err, f"process {event['pid']} ended by SIGUSR1 after")
        contains(done.err, f"pid {event['pid']} was killed by SIGUSR1 after")
        (closed,) = of_type(lines, "close")
        equal((closed["reason"], closed["error"]), ("error", "PIER_EDIED"))
        equal(of_type(lines, "summary")[0]["failed"], 1)


def test_a_crash_by_every_way():
    """Its answer so far is delivered; the crash is told without -v, by its
    name, and counted. An exit status is none."""
    for options in ([], ["--exec-direct"], ["--pty"], ["--model=fork"]):
        with Server("--json", *options, TCP,
                    late=["--shell", "read a; echo x; kill -SEGV $$"]) as server:
            with dial(server) as client:
                client.sendall(b"now\n")
                contains(read_to_the_end(client), b"x")
            done = server.end()
            contains(done.err, "was killed by SIGSEGV after", options)
            lines = events(done, "serve")
            (closed,) = of_type(lines, "close")
            equal(closed["error"], "PIER_EDIED", options)
            equal(of_type(lines, "summary")[0]["failed"], 1, options)
    with Server("--json", TCP, late=["--shell", "exit 139"]) as server:
        equal(ask(server), b"")
        lines = events(server.end(), "serve")
        equal(of_type(lines, "exit")[0]["status"], 139)
        equal(of_type(lines, "close")[0]["reason"], "done")
        equal(of_type(lines, "summary")[0]["failed"], 0)


def test_what_is_left_of_its_output_is_delivered():
    """The program has long ended when its client begins to read; what the
    client said and nobody read does not cost the answer."""
    with serving("--exec", "seq", "30000") as server:
        with dial(server) as client:
            client.sendall(b"nobody reads this\n")
            wait_until(lambda: not children(server.process.pid))
            equal(read_all(client), b"".join(
                b"%d\n" % i for i in range(1, 30001)))
        equal(one(server, "exit")["status"], 0)


def test_more_than_every_buffer():
    with serving("--exec", "head", "-c", "30000000", "/dev/zero") as server:
        equal(len(ask(server, b"x" * 50_000)), 30_000_000)
        equal(one(server, "close")["sent"], 30_000_000)


def test_the_end_is_told_while_the_client_still_talks():
    with serving("--shell", "echo bye") as server:
        with dial(server) as client:
            equal(read_all(client), b"bye\n")


def test_children_that_hold_its_output_do_not_hold_up_the_end():
    with serving("--shell", "sleep 1000 & echo $!") as server:
        with dial(server) as client:
            pid = int(read_all(client))
        assert is_there(pid), "it had leave to stay"
        os.kill(pid, 9)


def test_half_closes_both_ways():
    """It ends its side first, and still hears all that comes."""
    with tool.scratch() as folder:
        with serving("--exec", PYTHON, "-c", f"""
import socket
s = socket.socket(fileno=0)
s.sendall(b"go on")
s.shutdown(socket.SHUT_WR)
data = b"".join(iter(lambda: s.recv(1000), b""))
open({folder + "/got"!r}, "wb").write(data)
""") as server:
            with dial(server) as client:
                equal(read_all(client), b"go on")
                client.sendall(b"after the end")
                client.shutdown(socket.SHUT_WR)
                wait_until(lambda: not children(server.process.pid))
            with open(f"{folder}/got", "rb") as file:
                equal(file.read(), b"after the end")
            equal(one(server, "exit")["status"], 0)


# ---- ends that are not in order ----


def test_the_client_goes():
    with serving("--grace=2s", "--exec", "sleep", "1000") as server:
        client = dial(server)
        wait_until(lambda: children(server.process.pid))
        reset(client)
        wait_until(lambda: not children(server.process.pid))
        event = one(server, "exit")
        equal((event["signal"], event["stopped"], event["killed"]),
              (15, True, False))


def test_the_client_goes_and_the_end_of_input_is_enough():
    with serving("--grace=20s", "--shell", "cat; exit 5") as server:
        client = dial(server)
        wait_until(lambda: children(server.process.pid))
        reset(client)
        wait_until(lambda: not children(server.process.pid))
        event = one(server, "exit")
        equal((event["status"], event["stopped"]), (5, False))


def test_one_that_does_not_listen_is_killed_with_its_children():
    with serving(
        "--grace=50ms", "--shell",
        "trap '' TERM; sleep 1000 & echo $!; while :; do wait; done",
    ) as server:
        with dial(server) as client:
            pid = int(client.makefile().readline())
            reset(client)
        wait_until(lambda: not children(server.process.pid))
        wait_until(lambda: not is_there(pid))
        event = one(server, "exit")
        equal((event["signal"], event["killed"]), (9, True))


def test_the_server_is_stopped():
    for drain, code, goes_on in (("off", 1, "sleep 1000"), ("20s", 0, "cat")):
        with Server("--json", "--drain", drain, TCP,
                    late=["--shell", f"echo x; {goes_on}; exit 7"]) as server:
            with dial(server) as client:
                equal(client.recv(2), b"x\n")
                server.interrupt()
                if code == 0:
                    client.sendall(b"still here")
                    client.shutdown(socket.SHUT_WR)
                    equal(read_all(client), b"still here")
                done = server.end(None)
        equal(done.code, code, done)
        (event,) = of_type(events(done, "serve"), "exit")
        equal(event["stopped"], code == 1)


def test_limits_hold():
    for option, name in (("--idle-timeout=300ms", "idle"),
                         ("--lifetime=300ms", "lifetime"),
                         ("--first-byte-timeout=300ms", "first")):
        with Server("--json", option, TCP,
                    late=["--exec", "sleep", "1000"]) as server:
            with dial(server) as client:
                try:
                    equal(client.recv(1), b"")
                except ConnectionResetError:
                    pass
            wait_until(lambda: not children(server.process.pid))
            done = server.end()
        lines = events(done, "serve")
        (closed,) = of_type(lines, "close")
        contains(closed["limit"], name)
        equal(of_type(lines, "exit")[0]["signal"], 15)


def test_it_cannot_be_run():
    """That is told at the start, where it can be seen then."""
    for command, code, cause, hint in (
        (["/no/such"], 10, "ENOENT", "ls -l '/no/such'"),
        (["no-such-program"], 10, "ENOENT", "command -v 'no-such-program'"),
        (["/etc/passwd"], 9, "EACCES", "ls -l '/etc/passwd'"),
        (["/etc"], 9, "EACCES", "a file that you may execute"),
        (["sort -n"], 10, "ENOENT", "all of 'sort -n' is the name"),
    ):
        done = expect(code, "serve", TCP, "--exec", *command)
        contains(done.err, f"exec: {command[0]}: ")
        contains(done.err, f"({cause}): --exec")
        contains(done.err, hint)
        assert "listening" not in done.err, done
    # A host of that name, which is no endpoint of datagrams.
    done = expect(10, "serve", "udphost:1", "--exec", "/no/such")
    contains(done.err, "exec: /no/such: no such file")
    done = expect(10, "serve", TCP, "--exec", "sort", env={"PATH": "/etc:"})
    contains(done.err, "exec: sort: no such file")


def test_it_cannot_be_run_any_more():
    with tool.scratch() as folder:
        shutil.copy(shutil.which("true"), f"{folder}/program")
        with Server("--json", TCP, late=["--exec", f"{folder}/program"]) as server:
            equal(ask(server), b"")
            os.remove(f"{folder}/program")
            equal(ask(server), b"")
            done = server.end()
        contains(done.err, f"exec: {folder}/program: no such file (ENOENT)")
        lines = events(done, "serve")
        equal(len(of_type(lines, "exit")), 1)
        closed = {line["id"]: line for line in of_type(lines, "close")}[2]
        equal((closed["reason"], closed["error"]), ("error", "ENOENT"))


# ---- what a program sees ----


def look(code, *options):
    """What a Python program prints that runs on a connection."""
    with Server(*options, TCP, late=["--exec", PYTHON, "-c", code]) as server:
        return ask(server).decode()


def test_it_has_nothing_but_its_own():
    said = look("""
import fcntl, os, signal
print(sorted(os.listdir("/proc/self/fd"))[:4],
    [fcntl.fcntl(fd, fcntl.F_GETFL) & os.O_NONBLOCK for fd in (0, 1)],
    os.getpid() == os.getsid(0) == os.getpgid(0))
for line in open("/proc/self/status"):
    if line.startswith(("SigBlk", "SigIgn", "SigCgt")): print(line, end="")
""")
    # 3 is the folder that is being listed; Python ignores SIGPIPE and SIGXFSZ
    # by itself, and glibc its own 32 and 33.
    equal(said.split("\n")[0], "['0', '1', '2', '3'] [0, 0] True")
    contains(said, "SigBlk:\t0000000000000000\nSigIgn:\t0000000")
    ignored = int(said.split("SigIgn:\t")[1].split()[0], 16)
    equal(hex(ignored & 0x7FFFFFFF), "0x1001000")


def test_stderr():
    with Server(TCP, late=["--shell", "echo aside >&2; echo said"]) as server:
        equal(ask(server), b"said\n")
        contains(server.end().err, "aside\n")
    with Server("--stderr", TCP,
                late=["--shell", "echo aside >&2; echo said"]) as server:
        equal(ask(server), b"aside\nsaid\n")
        assert "aside" not in server.end().err


NAMES = (
    "PIER_PEER PIER_LOCAL PIER_ENDPOINT PIER_CONN PROTO TCPREMOTEIP "
    "TCPREMOTEPORT TCPLOCALIP TCPLOCALPORT NCAT_PROTO NCAT_REMOTE_ADDR "
    "NCAT_REMOTE_PORT NCAT_LOCAL_ADDR NCAT_LOCAL_PORT SOCAT_PEERADDR "
    "SOCAT_PEERPORT SOCAT_SOCKADDR SOCAT_SOCKPORT"
).split()


def environment_of(client_of, endpoint):
    """The variables of a program, and what its client is called."""
    old = {"TCPREMOTEHOST": "of another", "UNIXREMOTEPID": "1", "KEPT": "yes"}
    os.environ.update(old)
    tool.ENV.update(old)
    try:
        with ServerOf([], endpoint, ["--exec", "env"]) as server:
            with client_of(server) as client:
                name = client.getsockname()
                said = read_all(client).decode()
            server.end()
            lines = said.strip().split("\n")
            told = dict(line.split("=", 1) for line in lines)
            equal(len(told), len(lines), "a name is there twice")
            equal(told["KEPT"], "yes")
            return told, name, server
    finally:
        for key in old:
            del os.environ[key], tool.ENV[key]


def test_environment_by_ip():
    for endpoint, host, shown in (
        (TCP, "127.0.0.1", "127.0.0.1"),
        ("tcp://[::1]:0", "::1", "[::1]"),
    ):
        told, name, server = environment_of(
            lambda server, host=host: socket.create_connection(
                (host, server.port()), LIMIT), endpoint)
        peer, local = str(name[1]), str(server.port())
        equal({key: told[key] for key in NAMES}, {
            "PIER_PEER": f"{shown}:{peer}", "PIER_LOCAL": f"{shown}:{local}",
            "PIER_ENDPOINT": endpoint, "PIER_CONN": "1",
            "PROTO": "TCP", "TCPREMOTEIP": host, "TCPREMOTEPORT": peer,
            "TCPLOCALIP": host, "TCPLOCALPORT": local,
            "NCAT_PROTO": "TCP", "NCAT_REMOTE_ADDR": host,
            "NCAT_REMOTE_PORT": peer, "NCAT_LOCAL_ADDR": host,
            "NCAT_LOCAL_PORT": local, "SOCAT_PEERADDR": shown,
            "SOCAT_PEERPORT": peer, "SOCAT_SOCKADDR": shown,
            "SOCAT_SOCKPORT": local,
        })
        assert "UNIXREMOTEPID" not in told and "TCPREMOTEHOST" not in told


def test_environment_by_unix():
    with tool.scratch() as folder:
        def connect(_):
            client = socket.socket(socket.AF_UNIX)
            client.settimeout(LIMIT)
            client.connect(f"{folder}/sock")
            return client

        told, _, _ = environment_of(connect, f"unix://{folder}/sock")
        equal((told["PROTO"], told["UNIXLOCALPATH"]),
              ("UNIX", f"{folder}/sock"))
        equal((told["UNIXREMOTEPID"], told["UNIXREMOTEEUID"],
               told["UNIXREMOTEEGID"]),
              (str(os.getpid()), str(os.geteuid()), str(os.getegid())))
        assert "TCPREMOTEIP" not in told and "TCPREMOTEHOST" not in told


# ---- the socket itself ----


def test_exec_direct():
    with serving("--exec-direct", "--first-byte-timeout=1ms",
                 "--idle-timeout=1ms", "--exec", PYTHON, "-c", """
import socket, sys
s = socket.socket(fileno=0)
print(s.getpeername()[1], s.getblocking(), sys.stdin.readline(), flush=True)
""") as server:
        with dial(server) as client:
            client.sendall(b"hello\n")
            port = client.getsockname()[1]
            equal(read_all(client).decode(), f"{port} True hello\n\n")
        closed = one(server, "close")
        equal((closed["reason"], closed["received"]), ("done", 0))


def test_exec_direct_gives_a_socket_as_any_other():
    """Of models that wait in recv(2) too: it blocks, for as long as it takes."""
    for model in ("iterative", "thread", "pool", "fork", "fiber"):
        with serving(f"--model={model}", "--exec-direct", "--exec", PYTHON,
                     "-c", """
import os, socket
it = socket.socket(fileno=0)
moment = it.getsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, 16)
print(os.get_blocking(0), any(moment), flush=True)
""") as server:
            with dial(server) as client:
                equal(read_all(client), b"True False\n")


def test_exec_direct_has_a_lifetime():
    with Server("--json", "--exec-direct", "--lifetime=200ms", TCP,
                late=["--exec", "sleep", "1000"]) as server:
        with dial(server) as client:
            try:
                equal(client.recv(1), b"")
            except ConnectionResetError:
                pass
        (closed,) = of_type(events(server.end(), "serve"), "close")
        equal(closed["limit"], "lifetime")


# ---- terminals ----


def until(client, text):
    said = b""
    while text not in said:
        more = client.recv(1000)
        if not more:
            raise AssertionError(f"{text!r} is not in {said!r}")
        said += more
    return said


def test_pty():
    with serving("--pty", "--window=132x43", "--shell",
                 "test -t 0 && test -t 1 && test -t 2 && stty size; "
                 "tty; : </dev/tty && read a; echo \"<$a>\"") as server:
        with dial(server) as client:
            said = until(client, b"/dev/pts/")
            while not said.endswith(b"\n"):
                said += client.recv(1)
            assert re.fullmatch(rb"43 132\r\n/dev/pts/\d+\r\n", said), said
            client.sendall(b"what\n")
            equal(read_all(client), b"what\r\n<what>\r\n")
        equal(one(server, "exit")["status"], 0)


def test_pty_without_echo():
    with serving("--pty", "--no-echo", "--exec", "sort") as server:
        equal(ask(server, b"b\na\n"), b"a\r\nb\r\n")
        # The end in the middle of a line.
        equal(ask(server, b"b\na"), b"a\r\nb\r\n")
        equal(server.end().code, 0)


def test_pty_by_nc():
    with serving("--pty", "--no-echo", "--exec", "sh", "-i") as server:
        done = subprocess.run(
            clients_of(server.endpoint)[0], input=b"echo $((6*7))\n",
            stdout=subprocess.PIPE, timeout=LIMIT, check=True)
        contains(done.stdout, b"42\r\n")
        equal(server.end().code, 0)


def typed_by_nc(text, *command, options=(), env=()):
    """What comes when that is all of the input, and how the program ended."""
    with serving("--pty", "--no-echo", *options, "--exec", "env", *env,
                 *command) as server:
        done = subprocess.run(
            clients_of(server.endpoint)[0], input=text, stdout=subprocess.PIPE,
            timeout=LIMIT, check=True)
        return done.stdout, one(server, "exit")


def test_the_end_reaches_a_shell_that_edits_its_lines():
    """bash sets the terminal to and fro; the end must not get lost between. What
    is typed ahead of another program may reach that one as a byte: its status
    is not looked at."""
    if not shutil.which("bash"):
        raise tap.Skip("bash is not installed")
    for text in (b"", b"echo $((6*7))\n", b"cat\nhello\n",
                 b"sleep 0.1\nsh\necho $((6*7))\n"):
        said, event = typed_by_nc(
            text, "bash", "--norc", "-i", env=["PS1=> ", "HISTFILE="])
        assert "status" in event and not event["stopped"], (text, said, event)
        if b"6*7" in text:
            contains(said, b"42\r\n")
        if b"hello" in text:
            contains(said, b"hello\r\n")


def test_the_end_is_not_typed_to_one_that_does_not_read():
    """What has not been read yet is enough."""
    said, event = typed_by_nc(
        b"", "sh", "-c", "sleep 0.5; cat; stty raw; "
        "timeout 0.3 od -An -tx1; echo over", options=["--grace=20s"])
    equal(event["status"], 0)
    contains(said, b"over")


def test_a_program_that_takes_the_end_for_a_byte_is_hung_up():
    said, event = typed_by_nc(
        b"", "sh", "-c", "stty raw; exec od -An -v -tx1 -w1",
        options=["--grace=20s"])
    equal((event.get("signal"), event["stopped"]), (1, False))
    # The first may be read as what it was stored as before the terminal was
    # raw.
    equal(said.split()[1:], [b"04"] * 10)


def test_bash_by_socat():
    """Somebody at a terminal: socat -,raw,echo=0 on one, bash on the other."""
    if not shutil.which("socat") or not shutil.which("bash"):
        raise tap.Skip("needs socat and bash")
    with serving("--pty", "--exec", "env", "PS1=ready> ", "bash", "--norc",
                 "-i") as server:
        ours, theirs = os.openpty()
        with subprocess.Popen(
            ["socat", "-,raw,echo=0", f"TCP4:127.0.0.1:{server.port()}"],
            stdin=theirs, stdout=theirs,
        ) as process, socket_of(ours) as typed:
            os.close(theirs)
            until(typed, b"ready> ")
            typed.sendall(b"echo $((6*7))\r")
            until(typed, b"42\r\n")
            # ^C ends what runs in the foreground, not the shell.
            typed.sendall(b"sleep 1000\r")
            until(typed, b"sleep 1000")
            wait_until(lambda: has_the_terminal(
                children(children(server.process.pid)[0]), "sleep"))
            typed.sendall(b"\003")
            until(typed, b"ready> ")
            typed.sendall(b"exit 4\r")
            equal(process.wait(LIMIT), 0)
        equal(one(server, "exit")["status"], 4)


@contextlib.contextmanager
def socket_of(fd):
    """A terminal with what until() uses of a socket."""
    class Typed:
        recv = staticmethod(lambda size: os.read(fd, size))
        sendall = staticmethod(lambda data: os.write(fd, data))

    try:
        yield Typed
    finally:
        os.close(fd)


def test_pty_hangs_up():
    with serving("--pty", "--grace=20s", "--shell",
                 "echo up; sleep 1000; exit 1") as server:
        with dial(server) as client:
            until(client, b"up\r\n")
            reset(client)
        wait_until(lambda: not children(server.process.pid))
        event = one(server, "exit")
        equal((event["signal"], event["stopped"]), (1, False))


# ---- command lines ----


def test_usage():
    for words, complaint in (
        ([TCP], "HANDLER is missing"),
        (["can://vcan0"], "pier can dump hears"),
        (["--exec", "cat"], "ENDPOINT is missing"),
        ([TCP, "--exec"], "--exec needs a value: a program"),
        (["echo", TCP, "--exec", "cat"], "a handler and --exec"),
        ([TCP, "--shell", "cat", "--exec", "cat"], "either --exec or --shell"),
        ([TCP, "--exec-direct", "--pty", "--exec", "cat"], "leave out one"),
        ([TCP, "--exec-direct", "--rate=1k/s", "--exec", "cat"],
         "--exec-direct gives the socket, on which nothing holds --rate"),
        (["seqpacket://@x", "--exec-direct", "--exec", "cat"],
         "@x has messages"),
        (["echo", TCP, "--pty"], "--pty has no effect without --exec"),
        ([TCP, "--window=1x1", "--exec", "cat"], "without --pty"),
        (["echo", TCP, "--size=1k"], "--size has no effect without the handler source"),
        (["ehco", TCP], "did you mean 'echo'?"),
        *[([TCP, "--pty", f"--window={wrong}", "--exec", "cat"],
           f"cannot use '{wrong}'")
          for wrong in ("80", "80x", "x24", "0x1", "1x65536", "80x24x", "-1x2")],
    ):
        contains(expect(2, "serve", *words).err, complaint)


if __name__ == "__main__":
    tap.main(dict(globals()))
