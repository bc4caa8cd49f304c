# SPDX-License-Identifier: MIT
"""Messages by --frame and --stdio-frame: what is refused, what is told, and how
each end looks. The kinds themselves are held against other programs in
tests/interop/framing.py."""

import array
import fcntl
import os
import select
import socket
import struct
import subprocess
import termios
import threading

import tap
import tool
from peer import Datagrams, Peer, read_all, read_exactly, reset
from tap import contains, equal
from tool import ENV, LIMIT, PIER, Server, events, expect, of_type

CHINESE = "汉语/漢語 Hànyǔ".encode()


def u16(*messages):
    return b"".join(struct.pack(">H", len(data)) + data for data in messages)


def netstrings(*messages):
    return b"".join(b"%d:%s," % (len(data), data) for data in messages)


def sends(data):
    """A peer that says this, and reads to the end."""

    def script(connection):
        connection.sendall(data)
        connection.shutdown(socket.SHUT_WR)
        return read_all(connection)

    return Peer(script)


def connect(code, data, *words, stdin=b"", **more):
    """pier connect to a peer that says data; how it ended, what it heard."""
    with sends(data) as peer:
        done = expect(code, "connect", *words, peer.endpoint, stdin=stdin, **more)
        try:
            heard = peer.join()
        except ConnectionError:
            heard = None
    return done, heard


def test_lines_are_messages():
    """Without --stdio-frame; the last one may lack its end."""
    done, heard = connect(
        0, u16(b"one", b"", CHINESE), "--frame=u16be",
        stdin=b"Hi!\n\nHope you're well\r\nbye",
    )
    equal(heard, u16(b"Hi!", b"", b"Hope you're well", b"bye"))
    equal(done.out, b"one\n\n" + CHINESE + b"\n")
    equal(done.err, "")


def test_last_message_without_its_end():
    for kind, data in (
        ("nul", b"a\0b"), ("delim:END", b"aENDb"), ("line", b"a\nb"),
    ):
        _, heard = connect(
            0, b"", "--frame=u16be", "--stdio-frame", kind, stdin=data
        )
        equal(heard, u16(b"a", b"b"), kind)
    # Longer than a buffer, and alone.
    with sends(b"") as peer:
        big = b"z" * 300000
        expect(0, "connect", "--frame=u32le", peer.endpoint, stdin=big)
        equal(peer.join(), struct.pack("<I", len(big)) + big)


def test_any_bytes_both_ways():
    data = [os.urandom(size) for size in (0, 1, 255, 256, 65535)]
    done, heard = connect(
        0, u16(*data), "--frame=u16be", "--stdio-frame=netstring",
        stdin=netstrings(*data),
    )
    equal(heard, u16(*data))
    equal(done.out, netstrings(*data))


def test_many_short_messages():
    """More than all buffers hold, in both directions at once."""
    data = [b"%d" % i for i in range(200000)]
    with Peer(echo_on) as peer:
        done = expect(
            0, "connect", "-v", "--frame=u16be", peer.endpoint,
            stdin=b"\n".join(data) + b"\n",
        )
        peer.join()
    equal(done.out, b"\n".join(data) + b"\n")
    contains(done.err, "sent 200000 messages (")


def echo_on(connection):
    while part := connection.recv(65536):
        connection.sendall(part)


def test_what_cannot_be_sent():
    """It is quoted, and it is said what was expected."""
    for kind, data, said in (
        ("nul", b"a\0b", '"a\\0b"'),
        ("line", b"a\nb", '"a\\nb"'),
        ("line", b"a\r", '"a\\r"'),
        ("delim:END", b"THE ENDING", '"THE ENDING"'),
        ("delim:aa", b"xa", '"xa"'),
        ("fixed:3", b"four", '"four"'),
        ("fixed:3", b"", '""'),
        ("u8", b"x" * 256, '"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx…" (256 bytes)'),
        ("slip", b"", '""'),
        ("decimal:1", b"x" * 10, '"xxxxxxxxxx"'),
    ):
        with Peer(read_all) as peer:
            done = expect(
                8, "connect", "--frame", kind, "--stdio-frame=u16be",
                peer.endpoint, stdin=u16(data),
            )
            equal(peer.join(), b"", f"{kind}: bytes that left")
        contains(done.err, f"pier: frame: {peer.endpoint}: ", kind)
        contains(done.err, f"{said} cannot be sent as {kind}", kind)


def test_what_went_before_arrives():
    """A message that cannot be sent does not take others along."""
    with Peer(read_all) as peer:
        expect(
            8, "connect", "--frame=nul", "--stdio-frame=u16be", peer.endpoint,
            stdin=u16(b"fine", b"n\0t"),
        )
        equal(peer.join(), b"fine\0")


def test_what_is_no_line_for_standard_output():
    done, _ = connect(8, u16(b"fine", b"two\nlines"), "--frame=u16be")
    equal(done.out, b"fine\n")
    contains(done.err, "pier: frame: standard output: ")
    contains(done.err, '"two\\nlines" cannot be sent as line: ')
    contains(done.err, "hint: kinds that carry any bytes: --stdio-frame")


def test_what_no_peer_can_have_sent():
    for kind, data, before in (
        ("netstring", b"2:ok,abc", b"ok\n"),
        ("netstring", b"03:abc,", b""),
        ("netstring", b"3:abc;", b""),
        ("decimal:4", b"-001x", b""),
        ("escape", b"a\\b\n", b""),
        ("base64", b"SGkh\nSG!h\n", b"Hi!\n"),
        ("varint", b"\x80\x00", b""),
        ("slip", b"a\xdbb\xc0", b""),
        ("cobs", b"\x05a\0", b""),
    ):
        done, _ = connect(8, data, "--frame", kind)
        equal(done.out, before, kind)
        contains(done.err, "pier: frame: tcp://127.0.0.1:", kind)
        contains(done.err, "(PIER_EFRAME)", kind)
        contains(done.err, "hint: is it the framing that the other side", kind)


def test_end_inside_a_message():
    """With the bytes that came of it."""
    for kind, data, count in (
        ("line", b"one\ntw", "2 bytes"),
        ("u32be", b"\0\0\0\3on", "6 bytes"),
        ("u32be", b"\0\0", "2 bytes"),
        ("netstring", b"3:one", "5 bytes"),
        ("fixed:4", b"one", "3 bytes"),
        ("cobs", b"\4one", "4 bytes"),
    ):
        done, _ = connect(7, data, "--frame", kind)
        contains(done.err, "(PIER_EEND)", kind)
        contains(done.err, count, kind)


def test_standard_input_is_named():
    for data, code, said in (
        (b"3:abc,x", 8, "(PIER_EFRAME)"),
        (b"3:abc,3:a", 8, "(PIER_EEND)"),
        (b"3:abc,2000:", 8, "(EMSGSIZE)"),
    ):
        done, heard = connect(
            code, b"", "--frame=u16be", "--stdio-frame=netstring",
            "--frame-max=1000", stdin=data,
        )
        contains(done.err, "pier: frame: standard input: ")
        contains(done.err, said)
        equal(heard, u16(b"abc"), "what went before")


def after_the_end(connection):
    """Answers, but not before it has heard all."""
    connection.sendall(read_all(connection))


def test_answers_come_though_standard_input_is_broken():
    """By the sending half's end, and by --wait of datagrams."""
    for kind, data, said in (
        ("fixed:7", b"message", b"trunc"),
        ("netstring", netstrings(b"message"), b"7:trunc"),
        ("netstring", netstrings(b"message"), b"x"),
    ):
        with Peer(after_the_end) as peer:
            done = expect(
                8, "connect", "--frame", kind, "--stdio-frame", kind,
                peer.endpoint, stdin=data + said,
            )
            peer.join()
        equal(done.out, data, kind)
        contains(done.err, "pier: frame: standard input: ")
        with Server("echo", "udp://127.0.0.1:0") as server:
            done = expect(
                8, "connect", "--stdio-frame", kind, "--wait=10s",
                "--replies=1", server.endpoint, stdin=data + said,
            )
        equal(done.out, data, f"{kind} over UDP")
    with Peer(after_the_end) as peer:
        done = expect(
            8, "connect", "--frame=u8", "--stdio-frame=u16be", peer.endpoint,
            stdin=u16(b"fine", b"x" * 300, b"never"),
        )
        peer.join()
    equal(done.out, u16(b"fine"))
    contains(done.err, "cannot be sent as u8: a message of 300 bytes")


def test_a_hint_that_helps():
    """What a length of one byte cannot say, no --frame-max makes it say."""
    for words, said in (
        (["u8"], "hint: kinds whose length says more: "),
        (["u8", "--frame-max=300"], "hint: kinds whose length says more: "),
        (["decimal:2"], "hint: kinds whose length says more: "),
        (["u32be", "--frame-max=299"], "hint: --frame-max SIZE takes"),
        (["u8", "--frame-max=200"], "hint: --frame-max SIZE takes"),
    ):
        with Peer(read_all) as peer:
            done = expect(
                8, "connect", "--stdio-frame=line", "--frame", *words,
                peer.endpoint, stdin=b"x" * 250 + b"\n" + b"x" * 300 + b"\n",
            )
        contains(done.err, said, words)


def test_long_messages():
    """Refused, or passed over; from the peer, and of standard input."""
    wire = u16(b"one", b"x" * 11, b"two")
    done, _ = connect(8, wire, "--frame=u16be", "--frame-max=10")
    equal(done.out, b"one\n")
    contains(done.err, "(EMSGSIZE)")
    contains(done.err, "hint: --frame-max SIZE takes longer ones where the kind can")
    done, heard = connect(
        0, wire, "-v", "--frame=u16be", "--frame-max=10", "--frame-long=skip",
        stdin=b"three\n" + b"y" * 100000 + b"\nfour\n",
    )
    equal(done.out, b"one\ntwo\n")
    equal(heard, u16(b"three", b"four"))
    contains(
        done.err,
        "passed over messages that were too long: 1 of standard input, 1 of "
        "the peer",
    )


def test_answers_before_a_broken_message_are_counted():
    with Server("upper", "--json", "--frame", "line", "--frame-max", "10",
                "tcp://127.0.0.1:0") as server:
        with socket.create_connection(("127.0.0.1", server.port())) as client:
            client.settimeout(LIMIT)
            client.sendall(b"short\n" + b"x" * 50)
            equal(read_exactly(client, 6), b"SHORT\n")
            equal(client.recv(1), b"")
        lines = events(server.end(), "serve")
    for kind in ("close", "summary"):
        equal(of_type(lines, kind)[0]["sent"], 6, kind)


def test_events():
    done, heard = connect(
        0, u16(b"one\ntwo", b"", b"\xff"), "--json", "--frame=u16be",
        stdin=b"Hi!\n",
    )
    equal(heard, u16(b"Hi!"))
    lines = events(done, "connect")
    data = of_type(lines, "data")
    equal([line["bytes"] for line in data], [7, 0, 1])
    equal(data[0]["data"], "one\ntwo")
    equal(data[2]["data_base64"], "/w==")
    close = of_type(lines, "close")[0]
    equal((close["sent_messages"], close["received_messages"]), (1, 3))
    equal(close["skipped_messages"], 0)
    equal((close["sent"], close["received"]), (3, 8))


def test_error_event():
    for words, cause, exit_code in (
        (["--frame=netstring"], "PIER_EFRAME", 8),
        (["--frame=u64be"], "PIER_EEND", 7),
        (["--frame=line", "--frame-max=2"], "EMSGSIZE", 8),
    ):
        done, _ = connect(exit_code, b"nothing", "--json", *words)
        error = of_type(events(done, "connect"), "error")[0]
        equal(error["cause"], cause)
        equal((error["step"], error["exit"]), ("frame", exit_code))


def test_story():
    done, _ = connect(0, u16(b"one"), "-v", "--frame=u16be", stdin=b"a\nb\n")
    contains(done.err, "sent 2 messages (2 bytes), received 1 message (3 bytes)")


def test_an_answer_needs_no_end():
    """Messages go at once in both directions, while both sides stay open."""
    with Server("echo", "--frame=u16be", "tcp://127.0.0.1:0") as server:
        process = subprocess.Popen(
            [PIER, "connect", "--frame=u16be", server.endpoint],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=ENV,
        )
        for text in (b"one\n", CHINESE + b"\n", b"\n"):
            process.stdin.write(text)
            process.stdin.flush()
            equal(process.stdout.readline(), text)
        process.stdin.close()
        equal(process.stdout.read(), b"")
        equal(process.wait(LIMIT), 0)
        process.stdout.close()


def test_peer_that_ends_first():
    """What it did not wait for is sent all the same."""

    def script(connection):
        connection.sendall(u16(b"bye"))
        connection.shutdown(socket.SHUT_WR)
        return read_all(connection)

    with Peer(script) as peer:
        process = subprocess.Popen(
            [PIER, "connect", "--frame=u16be", "--on-peer-end=wait",
             peer.endpoint],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=ENV,
        )
        equal(process.stdout.readline(), b"bye\n")
        out, _ = process.communicate(b"late\nlast", LIMIT)
        equal((out, process.returncode), (b"", 0))
        equal(peer.join(), u16(b"late", b"last"))


def test_stdin_that_ends_without_telling():
    """--on-stdin-end=ignore: what was gathered goes."""

    def script(connection):
        got = read_exactly(connection, 5)
        connection.sendall(u16(got))
        return got

    with Peer(script) as peer:
        done = expect(
            0, "connect", "--frame=u16be", "--on-stdin-end=ignore",
            peer.endpoint, stdin=b"one\n",
        )
        equal(peer.join(), u16(b"one"))
        equal(done.out, u16(b"one") + b"\n")


def is_full(pipe):
    waiting = array.array("i", [0])
    fcntl.ioctl(pipe, termios.FIONREAD, waiting)
    return waiting[0] > fcntl.fcntl(pipe, fcntl.F_GETPIPE_SZ) - 4096


def test_output_that_nobody_reads_yet():
    """The last messages wait for room, also where an error ends it."""
    said = [b"%d" % i + b"x" * 1000 for i in range(70)]
    for behind, code in ((b"", 0), (b"no netstring", 8)):
        with sends(netstrings(*said) + behind) as peer:
            process = subprocess.Popen(
                [PIER, "connect", "--frame=netstring", peer.endpoint],
                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                stderr=subprocess.PIPE, env=ENV,
            )
            tool.wait_until(lambda: is_full(process.stdout))
            if code == 0:
                peer.join()
            out, err = process.communicate(timeout=LIMIT)
            equal(out, b"".join(data + b"\n" for data in said))
            equal(process.returncode, code, err)


def test_peer_that_does_not_read_yet():
    """All that input had goes, though nothing tells the peer of its end."""
    data = [b"%d" % i + b"x" * 1000 for i in range(60)]
    go_on = threading.Event()

    def script(connection):
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        go_on.wait(LIMIT)
        got = read_exactly(connection, len(u16(*data)))
        connection.sendall(u16(b"thanks"))
        return got

    with Peer(script) as peer:
        process = subprocess.Popen(
            [PIER, "connect", "--frame=u16be", "--on-stdin-end=ignore",
             "-S", "sndbuf=4608", peer.endpoint],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=ENV,
        )
        process.stdin.write(b"\n".join(data))
        process.stdin.close()
        go_on.set()
        equal(process.stdout.read(), b"thanks\n")
        equal(peer.join(), u16(*data))
        equal(process.wait(LIMIT), 0)
        process.stdout.close()


def test_stdout_that_closes():
    """It ends with 0, though input is open and the peer would go on."""
    with Server("echo", "--frame=u16be", "tcp://127.0.0.1:0") as server:
        process = subprocess.Popen(
            [PIER, "connect", "--frame=u16be", server.endpoint],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=ENV,
        )
        process.stdin.write(b"one\n")
        process.stdin.flush()
        equal(process.stdout.readline(), b"one\n")
        process.stdout.close()
        equal(process.wait(LIMIT), 0)
        process.stdin.close()


def test_reset_is_no_matter_of_frames():
    def script(connection):
        connection.sendall(u16(b"one"))
        read_exactly(connection, 3)
        reset(connection)

    with Peer(script) as peer:
        done = expect(
            7, "connect", "--frame=u16be", peer.endpoint, stdin=b"x\n"
        )
    contains(done.err, "(ECONNRESET)")


def test_datagrams():
    """--stdio-frame alone: each message is one datagram, and back."""
    with Datagrams(lambda data: [data[::-1]]) as peer:
        done = expect(
            0, "connect", "--stdio-frame=netstring", "--replies=3",
            peer.endpoint, stdin=netstrings(b"one", b"two\nlines", b"\0\xff"),
        )
        equal(peer.got, [b"one", b"two\nlines", b"\0\xff"])
        equal(
            sorted(done.out.split(b",")),
            sorted(netstrings(b"eno", b"senil\nowt", b"\xff\0").split(b",")),
        )


def test_seqpacket():
    with tool.scratch() as folder:
        with Server("upper", f"seqpacket://{folder}/s") as server:
            done = expect(
                0, "connect", "--stdio-frame=netstring", server.endpoint,
                stdin=netstrings(b"one", b"a\nb"),
            )
            equal(done.out, netstrings(b"ONE", b"A\nB"))


def test_refusals():
    for words, said, hint in (
        (["--frame=lines", "h:1"], "--frame: cannot use 'lines': ", "'line'"),
        (["--frame=delim", "h:1"], "--frame: cannot use 'delim': ",
         "delim:STRING"),
        (["--frame=delim:", "h:1"], "--frame: cannot use 'delim:': ", ""),
        (["--frame=fixed:0", "h:1"], "--frame: cannot use 'fixed:0': ", ""),
        (["--frame=delim:\\q", "h:1"], "--frame: cannot use 'delim:\\q': ", ""),
        (["--frame=base64:A", "h:1"], "--frame: cannot use 'base64:A': ", ""),
        (["--frame=u8:1", "h:1"], "--frame: cannot use 'u8:1': ", ""),
        (["--frame=decimal:21", "h:1"], "cannot use 'decimal:21': ", ""),
        (["--frame=decimal:4:up", "h:1"], "cannot use 'decimal:4:up': ", ""),
        (["--frame=fixed:2000", "--frame-max=1000", "h:1"],
         "cannot use 'fixed:2000': ", ""),
        (["--frame=u8", "--stdio-frame=x", "h:1"],
         "--stdio-frame: cannot use 'x': ", ""),
        (["--stdio-frame=nul", "h:1"],
         "--stdio-frame has no effect without --frame", "--frame KIND"),
        (["--frame-max=5", "h:1"],
         "--frame-max has no effect without --frame", ""),
        (["--frame-long=skip", "udp://h:1"],
         "--frame-long has no effect without --stdio-frame", ""),
        (["--frame=nul", "--crlf", "h:1"], "--crlf is for bytes",
         "line:crlf"),
        (["--frame=nul", "udp://h:1"],
         "--frame is for streams, and udp:// is datagrams", "--stdio-frame"),
        (["--frame=nul", "seqpacket:///x"],
         "--frame has no effect on seqpacket://", "--stdio-frame"),
        (["--frame=nul", "-z", "h:1"], "--frame has no effect with --probe", ""),
        (["--frame-max=0", "--frame=nul", "h:1"], "from 1 to 1073741824", ""),
        (["--frame-long=no", "--frame=nul", "h:1"], "refuse or skip", ""),
    ):
        done = expect(2, "connect", *words)
        contains(done.err, said)
        if hint:
            contains(done.err.partition("hint: ")[2], hint)


def test_serve_refusals():
    for words, said in (
        (["echo", "--frame=u7", "tcp://:0"], "--frame: cannot use 'u7': "),
        (["echo", "--frame=u8", "udp://:0"],
         "--frame has no effect without an endpoint of streams"),
        (["echo", "--frame=u8", "tcp://:0", "udp://:0"],
         "udp://:0: --frame is for streams"),
        (["echo", "--frame=u8", "tcp://:0", "seqpacket://@x"],
         "seqpacket://@x: --frame is for streams"),
        (["echo", "--frame-max=9", "tcp://:0"],
         "--frame-max has no effect without --frame"),
        (["echo", "--frame-long=skip", "tcp://:0"],
         "--frame-long has no effect without --frame"),
        *(([what, "--frame=u8", "tcp://:0"],
           "--frame is for services of messages: echo,")
          for what in ("daytime", "time", "chargen", "source")),
        (["--frame=u8", "tcp://:0", "--exec", "cat"],
         "--frame is for handlers: what a program reads has no edges"),
    ):
        contains(expect(2, "serve", *words).err, said)


def dial(server):
    client = socket.create_connection(("127.0.0.1", server.port()), LIMIT)
    client.settimeout(LIMIT)
    return client


def ask(client, *messages):
    """Each is answered before the next is sent."""
    answers = []
    for data in messages:
        client.sendall(u16(data))
        size = int.from_bytes(read_exactly(client, 2), "big")
        answers.append(read_exactly(client, size))
    return answers


def test_services():
    # The events of all of them fit into the pipe that is read at the end.
    messages = [b"Hi!", CHINESE, b"", b"\0\n\xff", b"x" * 20000]
    upper = [data.upper() for data in messages]
    for what, expected in (("echo", messages), ("upper", upper)):
        for more in ([], ["-vv"], ["--json", "-vv"]):
            with Server(
                what, *more, "--frame=u16be", "tcp://127.0.0.1:0"
            ) as server, dial(server) as client:
                equal(ask(client, *messages), expected)
                client.shutdown(socket.SHUT_WR)
                equal(read_all(client), b"")
                done = server.end()
                equal(done.code, 0)
                if "--json" in more:
                    told = of_type(events(done, "serve"), "message")
                    equal([t["bytes"] for t in told], [len(m) for m in messages])
    for what in ("discard", "sink"):
        with Server(
            what, "--frame=u16be", "tcp://127.0.0.1:0"
        ) as server, dial(server) as client:
            client.sendall(u16(*messages))
            client.shutdown(socket.SHUT_WR)
            equal(read_all(client), b"")
            equal(server.end().code, 0)


def test_every_model():
    for model in (
        ["fiber"], ["fiber", "--workers=2"], ["thread"], ["pool"], ["fork"],
        ["iterative"], ["fiber", "--processes=2"],
    ):
        with Server(
            "echo", "--model", *model, "--frame=u16be", "tcp://127.0.0.1:0"
        ) as server:
            clients = [dial(server) for _ in range(4)]
            for client in clients:
                client.sendall(u16(b"one", CHINESE))
                client.shutdown(socket.SHUT_WR)
            for client in clients:
                equal(read_all(client), u16(b"one", CHINESE))
                client.close()
            equal(server.end().code, 0)


def test_unix_sockets():
    with tool.scratch() as folder:
        with Server("echo", "--frame=cobs", f"unix://{folder}/s") as server:
            done = expect(
                0, "connect", "--frame=cobs", server.endpoint, stdin=CHINESE
            )
            equal(done.out, CHINESE + b"\n")


def test_bad_clients_end_alone():
    """Who breaks the framing is told of, and nobody else feels it."""
    for kind, data, said in (
        ("netstring", b"2:ok,x", "(PIER_EFRAME)"),
        ("netstring", b"99:", "(EMSGSIZE)"),
        ("netstring", b"3:ab", "(PIER_EEND)"),
    ):
        with Server(
            "echo", "-v", "--frame", kind, "--frame-max=10", "tcp://127.0.0.1:0"
        ) as server, dial(server) as good:
            with dial(server) as bad:
                bad.sendall(data)
                bad.shutdown(socket.SHUT_WR)
                try:
                    read_all(bad)
                except ConnectionError:
                    pass
            good.sendall(b"4:good,")
            equal(read_exactly(good, 7), b"4:good,")
            good.close()
            done = server.end()
            contains(done.err, "pier: frame: ")
            contains(done.err, said)


def test_service_that_skips():
    with Server(
        "echo", "--frame=u16be", "--frame-max=5", "--frame-long=skip",
        "tcp://127.0.0.1:0",
    ) as server, dial(server) as client:
        client.sendall(u16(b"short", b"much too long", b"end"))
        client.shutdown(socket.SHUT_WR)
        equal(read_all(client), u16(b"short", b"end"))


def test_broker_queue():
    """The longest message that --frame-max lets in fits the default queue."""
    big = bytes(1 << 20)
    with Server("broker", "--frame=u32be", "tcp://127.0.0.1:0") as server:
        with dial(server) as one, dial(server) as two:
            while not select.select([two], [], [], 0.05)[0]:
                one.sendall(struct.pack(">I", 0))
            one.sendall(struct.pack(">I", len(big)) + big)
            while read_exactly(two, 4) == bytes(4):
                pass
            equal(read_exactly(two, len(big)), big)


if __name__ == "__main__":
    tap.main(globals())
