# SPDX-License-Identifier: MIT
"""pier get: what is sent, where it goes, how it ends."""

import fcntl
import json
import os
import pty
import resource
import select
import shutil
import signal
import socket
import subprocess
import time

import tap
import tool
import web
from tap import contains, equal
from tool import PIER, expect, scratch
from web import Web, chunked, ok

BODY = bytes(range(256)) * 1000


def test_body_goes_to_standard_output():
    with Web({"/x?y": ok(BODY)}) as server:
        done = expect(0, "get", server.url("/x?y#part"))
        equal(done.out, BODY)
        equal(done.err, "")
        lines = server.requests[0].split(b"\r\n")
        equal(lines[0], b"GET /x?y HTTP/1.1")
        equal(lines[1], b"Host: 127.0.0.1:%d" % server.name[1])
        assert lines[2].startswith(b"User-Agent: pier/"), lines
        equal(lines[3:], [b"Accept: */*", b"", b""])


def test_version_10_sends_one_line():
    with Web({"/x": b"HTTP/1.0 200 OK\r\n\r\nold"}) as server:
        equal(expect(0, "get", "--http1.0", server.url("/x")).out, b"old")
        equal(server.requests[0], b"GET /x HTTP/1.0\r\n\r\n")


def test_head_and_include():
    head = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nX: \xe4\r\n\r\n"
    with Web({"/": head + b"Hello"}) as server:
        equal(expect(0, "get", "-i", server.url()).out, head + b"Hello")
        equal(expect(0, "get", "-I", server.url()).out, head)
        assert server.requests[1].startswith(b"HEAD / HTTP/1.1\r\n")


def test_headers():
    with scratch() as folder, Web({"/": ok(b"")}) as server:
        path = os.path.join(folder, "secret")
        with open(path, "w", encoding="ascii") as file:
            file.write("Authorization: Basic eA==\n\nX-Two: 2\r\n")
        expect(0, "get", "-H", "X-One: 1", "-H", f"@{path}",
               "-H", "user-agent: me", "--header", "Accept:", server.url())
        sent = server.requests[0]
        for line in (b"X-One: 1", b"Authorization: Basic eA==", b"X-Two: 2",
                     b"user-agent: me"):
            contains(sent, b"\r\n" + line + b"\r\n")
        assert b"Accept" not in sent and b"pier/" not in sent, sent
        for bad in ("X: a\r\nY: b", "X: a\nY: b"):
            done = expect(2, "get", "-H", bad, server.url())
            contains(done.err, "would begin another one")
        contains(expect(2, "get", "-H", "X", server.url()).err, "Name: value")
        done = expect(2, "get", "-H", "Content-Length: 5", server.url())
        contains(done.err, "a GET has no body")
        contains(expect(10, "get", "-H", "@/no/such", server.url()).err,
                 "/no/such")
        equal(len(server.requests), 1)


def test_urls_that_are_none():
    for url, part in (
        ("localhost/x", "write http://localhost/x"),
        ("ftp://a/", "'ftp://' is not spoken here"),
        ("https://a/", "comes with TLS"),
        ("http://a:0/", "'0' is no port"),
        ("http://127.1/", "127.1"),
        ("http://a/\n", "a control character"),
    ):
        done = expect(2, "get", url)
        contains(done.err, part)
        contains(done.err, "^")
        contains(done.err, "hint: ")
    contains(expect(2, "get", "https://a/").err, "hint: curl 'https://a/'")
    # What is pasted must be that URL, and no command.
    for url in ("https://a/'$(id)'", "https://a/" + 100 * "x"):
        said = expect(2, "get", url).err.partition("hint: ")[2]
        equal(said, "curl has it\n")
    done = expect(2, "get", "http://me:sesame@a/")
    contains(done.err, "password")
    contains(done.err, "@FILE")
    assert "sesame" not in done.err, done


def test_what_is_wrong_is_quoted():
    """But for what may be a secret."""
    for words, said in (
        (["-r", "9-3"], "'9-3' is no range of bytes: it ends before it begins"),
        (["-H", "X-Thing: a\nEvil: b"],
         "header 'X-Thing': a line's end in it would begin another one"),
        (["-H", "Authorization: sesame\x01"],
         "header 'Authorization': a control character in it"),
        (["-I", "-r", "0-1"], "--range is for what a GET brings"),
    ):
        done = expect(2, "get", *words, "http://127.0.0.1:9/")
        contains(done.err, said)
        assert "sesame" not in done.err, done


def test_options_that_contradict():
    for words in (
        ["-o", "x", "-O"],
        ["-C"],
        ["-C", "-o", "x", "-r", "0-5"],
        ["-i", "-o", "x"],
        ["-r", "5-4"],
        ["--redirects", "51"],
        ["--via", "nonsense"],
    ):
        expect(2, "get", *words, "http://127.0.0.1:1/x")
        assert not os.path.exists("x")


def test_status_is_the_exit_code():
    gone = b"HTTP/1.1 404 Not Found\r\nContent-Length: 4\r\n\r\ngone"
    with scratch() as folder, Web({"/": gone}) as server:
        done = expect(1, "get", server.url())
        equal(done.out, b"gone")
        contains(done.err, "status 404 Not Found")
        equal(expect(0, "get", "--any-status", server.url()).out, b"gone")
        path = os.path.join(folder, "file")
        done = expect(1, "get", "-o", path, server.url())
        contains(done.err, "nothing was written")
        equal(os.listdir(folder), [])
        expect(0, "get", "--any-status", "-o", path, server.url())
        equal(os.listdir(folder), ["file"])


def test_file_is_there_whole_or_not_at_all():
    with scratch() as folder:
        path = os.path.join(folder, "file")
        with Web({"/": ok(BODY), "/short": ok(BODY)[:-1]}) as server:
            done = expect(7, "get", "-o", path, server.url("/short"))
            contains(done.err, "1 of 256000 bytes are missing")
            equal(os.listdir(folder), [])
            expect(0, "get", "-o", path, server.url())
            with open(path, "rb") as file:
                equal(file.read(), BODY)
            os.chmod(path, 0o640)
            # What was there stays when it fails, and gives its mode when not.
            expect(7, "get", "-o", path, server.url("/short"))
            with open(path, "rb") as file:
                equal(file.read(), BODY)
            link = os.path.join(folder, "link")
            os.symlink("file", link)
            os.truncate(path, 0)
            expect(0, "get", "-o", link, server.url())
            assert os.path.islink(link)
            equal(os.stat(path).st_size, len(BODY))
            equal(os.stat(path).st_mode & 0o777, 0o640)
            equal(sorted(os.listdir(folder)), ["file", "link"])
            contains(expect(10, "get", "-o", folder, server.url()).err,
                     "EISDIR")
            contains(expect(10, "get", "-o", "/no/such/x", server.url()).err,
                     "/no/such/x: no such file (ENOENT)")
            expect(0, "get", "-o", "/dev/null", server.url())
            done = expect(10, "get", "-o", "/dev/full", server.url())
            contains(done.err, "write: /dev/full: no room (ENOSPC)")


def test_remote_name():
    with scratch() as folder, Web({"/a/b%20c?d": ok(b"x")}) as server:
        expect(0, "get", "-O", server.url("/a/b c?d"), cwd=folder)
        equal(os.listdir(folder), ["b%20c"])
        contains(expect(2, "get", "-O", server.url("/a/")).err, "names no file")


def serve_ranges(body, tag, log):
    """A server that goes on where it is told to, for one version of a file."""

    def serve(connection, request):
        lines = request.decode().split("\r\n")
        fields = dict(line.split(": ", 1) for line in lines[1:] if line)
        asked = fields.get("Range")
        log.append((asked, fields.get("If-Range")))
        if asked and fields.get("If-Range", tag) == tag:
            first = int(asked[len("bytes=") : -1])
            if first >= len(body):
                connection.sendall(
                    b"HTTP/1.1 416 Range Not Satisfiable\r\n"
                    b"Content-Range: bytes */%d\r\nContent-Length: 0\r\n\r\n"
                    % len(body))
                return
            connection.sendall(
                b"HTTP/1.1 206 Partial Content\r\nETag: %s\r\n"
                b"Content-Range: bytes %d-%d/%d\r\nContent-Length: %d\r\n\r\n"
                % (tag.encode(), first, len(body) - 1, len(body),
                   len(body) - first) + body[first:])
            return
        connection.sendall(ok(body, f"ETag: {tag}"))

    return serve


def test_continue():
    log = []
    with scratch() as folder:
        path = os.path.join(folder, "file")
        whole = serve_ranges(BODY, '"one"', log)
        answers = {"/f": ok(BODY, 'ETag: "one"')[:-1000]}
        with Web(answers) as server:
            done = expect(7, "get", "-C", "-o", path, server.url("/f"))
            contains(done.err, "1000 of 256000 bytes are missing")
            contains(done.err, "255 kB are kept in")
            equal(sorted(os.listdir(folder)), ["file.part", "file.part.tag"])
            # The same command goes on from there.
            answers["/f"] = whole
            expect(0, "get", "-C", "-o", path, server.url("/f"))
            equal(log.pop(), ("bytes=255000-", '"one"'))
            with open(path, "rb") as file:
                equal(file.read(), BODY)
            equal(os.listdir(folder), ["file"])
            # It changed meanwhile: begin anew.
            answers["/f"] = ok(BODY, 'ETag: "one"')[:-1000]
            expect(7, "get", "-C", "-o", path, server.url("/f"))
            new = b"new" + BODY
            answers["/f"] = serve_ranges(new, '"two"', log)
            expect(0, "get", "-C", "-o", path, server.url("/f"))
            equal(log.pop(), ("bytes=255000-", '"one"'))
            with open(path, "rb") as file:
                equal(file.read(), new)
            # All of it was there, and only the name was missing.
            answers["/f"] = whole
            with open(path + ".part", "wb") as file:
                file.write(BODY)
            with open(path + ".part.tag", "w", encoding="ascii") as file:
                file.write(server.url("/f") + '\n"one"\n')
            expect(0, "get", "-C", "-o", path, server.url("/f"))
            equal(log.pop(), ("bytes=256000-", '"one"'))
            with open(path, "rb") as file:
                equal(file.read(), BODY)
            # It has become shorter than its part, and is the same all the
            # same: that is no part of it.
            with open(path + ".part", "wb") as file:
                file.write(BODY + b"x")
            with open(path + ".part.tag", "w", encoding="ascii") as file:
                file.write(server.url("/f") + '\n"one"\n')
            done = expect(1, "get", "-C", "-o", path, server.url("/f"))
            contains(done.err, "status 416")
            contains(done.err, "rm '")
            os.unlink(path + ".part.tag")
            # A part of another URL, or of nobody knows what, is none.
            with open(path + ".part", "wb") as file:
                file.write(b"junk")
            expect(0, "get", "-C", "-o", path, server.url("/f"))
            equal(log.pop(), (None, None))
            equal(os.listdir(folder), ["file"])


def test_continue_without_a_tag_keeps_nothing():
    for headers in ([], ['ETag: W/"weak"'],
                    ["Last-Modified: Thu, 26 Nov 2026 10:00:00 GMT",
                     "Date: Thu, 26 Nov 2026 10:00:00 GMT"]):
        with scratch() as folder, Web({"/": ok(BODY, *headers)[:-1]}) as server:
            expect(7, "get", "-C", "-o", os.path.join(folder, "f"),
                   server.url())
            equal(os.listdir(folder), [])


def test_continue_by_date():
    log = []
    dated = ["Last-Modified: Thu, 26 Nov 2026 10:00:00 GMT",
             "Date: Thu, 26 Nov 2026 10:00:05 GMT"]
    with scratch() as folder:
        path = os.path.join(folder, "f")
        answers = {"/": ok(BODY, *dated)[:-1]}
        with Web(answers) as server:
            expect(7, "get", "-C", "-o", path, server.url())
            answers["/"] = serve_ranges(
                BODY, "Thu, 26 Nov 2026 10:00:00 GMT", log)
            expect(0, "get", "-C", "-o", path, server.url())
            equal(log, [("bytes=255999-", "Thu, 26 Nov 2026 10:00:00 GMT")])


def test_continue_where_redirects_lead():
    """The part is of what was asked for; and of where that was."""
    log = []
    moved = b"HTTP/1.1 302 Found\r\nLocation: %s\r\nContent-Length: 0\r\n\r\n"
    answers = {"/f": moved % b"/one", "/one": ok(BODY, 'ETag: "one"')[:-1000]}
    with scratch() as folder, Web(answers) as server:
        path = os.path.join(folder, "file")

        def content():
            with open(path, "rb") as file:
                return file.read()

        expect(7, "get", "-C", "-o", path, server.url("/f"))
        answers["/f"] = moved % b"/one?permit=2"
        answers["/one?permit=2"] = serve_ranges(BODY, '"one"', log)
        expect(0, "get", "-C", "-o", path, server.url("/f"))
        equal(log.pop(), ("bytes=255000-", '"one"'))
        equal(content(), BODY)
        equal(os.listdir(folder), ["file"])
        # Another place may use the same tag for something else.
        other = BODY[::-1]
        for rest in (other, other[:255000]):
            answers["/one"] = ok(BODY, 'ETag: "one"')[:-1000]
            answers["/f"] = moved % b"/one"
            expect(7, "get", "-C", "-o", path, server.url("/f"))
            answers["/two"] = serve_ranges(rest, '"one"', log)
            answers["/f"] = moved % b"/two"
            done = expect(0, "get", "-v", "-C", "-o", path, server.url("/f"))
            contains(done.err, "/two: not where the part is from")
            equal(content(), rest)


def test_range():
    part = (b"HTTP/1.1 206 Partial Content\r\nContent-Range: bytes 1-3/9\r\n"
            b"Content-Length: 3\r\n\r\nell")
    other = part.replace(b"1-3/9", b"2-4/9")
    with Web({"/": part, "/other": other, "/all": ok(b"Hello")}) as server:
        equal(expect(0, "get", "-r", "1-3", server.url()).out, b"ell")
        contains(server.requests[0], b"\r\nRange: bytes=1-3\r\n")
        done = expect(8, "get", "-r", "1-3", server.url("/other"))
        contains(done.err, "bytes 2 to 4, which were not asked for")
        done = expect(1, "get", "-r", "1-3", server.url("/all"))
        equal(done.out, b"")
        contains(done.err, "sends all of it or nothing")
        done = expect(8, "get", server.url())
        contains(done.err, "206, a part, and all was asked for")


def test_redirects_are_followed_and_told():
    moved = b"HTTP/1.1 302 Found\r\nLocation: %s\r\nContent-Length: 0\r\n\r\n"
    with Web({"/a": moved % b"b", "/b": moved % b"/c?d", "/c?d": ok(b"end"),
              "/loop": moved % b"loop", "/tls": moved % b"https://a/b",
              "/esc": moved % b"b\xc2\x9b"}) as server:
        done = expect(0, "get", "-v", server.url("/a"))
        equal(done.out, b"end")
        contains(done.err, "/a: 302, it leads to b, after")
        contains(done.err, "/b: 302, it leads to /c?d, after")
        done = expect(0, "get", "--redirects", "0", "-i", server.url("/a"))
        equal(done.out, moved % b"b")
        done = expect(8, "get", "--redirects", "1", server.url("/a"))
        contains(done.err, "more than 1 redirect; the last leads to")
        contains(expect(8, "get", server.url("/loop")).err, "in a circle")
        done = expect(10, "get", server.url("/tls"))
        contains(done.err, "receive header: http://127.0.0.1:")
        contains(done.err, "comes with TLS")
        assert "\x9b" not in tool.run("get", "-v", server.url("/esc")).err


def test_via_a_unix_socket():
    with scratch() as folder:
        path = os.path.join(folder, "s")
        with Web({"/info": ok(b"x")}, socket.AF_UNIX, path) as server:
            done = expect(0, "get", "-v", "--via", f"unix://{path}",
                          "http://docker/info")
            equal(done.out, b"x")
            contains(server.requests[0], b"\r\nHost: docker\r\n")
        done = expect(4, "get", "--via", f"unix://{path}", "http://docker/")
        contains(done.err, f"connect: unix://{path}: ")


def test_stages_are_told():
    with Web({"/": chunked(b"Hello", trailers=b"X-Sum: 1\r\n")}) as server:
        done = expect(0, "get", "-v", server.url())
        said = done.err.splitlines()
        for stage in ("resolve", "connect", "send", "wait", "header", "body"):
            assert any(line.startswith(f"pier: {stage} ") for line in said), done
        contains(done.err, "trailer X-Sum: 1")
        contains(done.err, "received 5 bytes in")
        contains(done.err, "rtt ")
        done = expect(0, "get", "--json", server.url())
        lines = tool.events(done, "get")
        equal([line["type"] for line in lines], ["answer", "data", "stages"])
        answer, data, stages = lines
        equal((answer["status"], answer["body"]), (200, "chunked"))
        equal(data["data"], "Hello")
        equal(stages["trailers"], [{"name": "X-Sum", "value": "1"}])
        equal((stages["complete"], stages["received"]), (True, 5))
        took = [stages[f"{name}_s"] for name in (
            "resolve", "connect", "send", "first_byte", "header", "body")]
        assert all(seconds >= 0 for seconds in took), stages
        assert sum(took) <= stages["total_s"] + 1e-4, stages
        assert "rtt_s" in stages, stages


def test_events_of_what_fails():
    with Web({"/short": ok(BODY)[:-1],
              "/moved": b"HTTP/1.1 301 M\r\nLocation: /short\r\n"
                        b"Content-Length: 0\r\n\r\n"}) as server:
        done = expect(7, "get", "--json", server.url("/moved"))
        lines = tool.events(done, "get")
        equal(lines[0]["type"], "redirect")
        equal(lines[0]["location"], "/short")
        equal(lines[-2]["type"], "error")
        equal((lines[-2]["step"], lines[-2]["cause"], lines[-2]["exit"]),
              ("receive body", "PIER_EEND", 7))
        equal((lines[-1]["type"], lines[-1]["complete"]), ("stages", False))
        assert "body_s" not in lines[-1] and "header_s" in lines[-1]
    with tool.closed_port() as port:
        done = expect(4, "get", "--json", f"http://127.0.0.1:{port}/")
        lines = tool.events(done, "get")
        equal((lines[0]["step"], lines[0]["exit"]), ("connect", 4))
        equal(len(lines[1]["attempts"]), 1)
        assert "connect_s" not in lines[1], lines
    done = expect(3, "get", "--json", "http://no-such-host.invalid/")
    lines = tool.events(done, "get")
    equal(lines[0]["step"], "resolve")
    assert "resolve_s" not in lines[1], lines


def test_a_descriptor_that_is_lacking_is_a_step_of_its_own():
    """With one descriptor more each time: once it is the socket's turn."""
    lines = []
    with Web({"/": ok(b"x")}) as server:
        for limit in range(5, 40):
            done = tool.run(
                "get", server.url(),
                preexec_fn=lambda most=limit: resource.setrlimit(
                    resource.RLIMIT_NOFILE, (most, most)))
            if done.code == 0:
                break
            lines.append((done.code, done.err.splitlines()[0]))
        equal(done.code, 0)
    where = f"pier: create: tcp://127.0.0.1:{server.name[1]}: too many open"
    assert any(code == 10 and line.startswith(where)
               for code, line in lines), lines


def test_a_part_of_another_url_stays_until_something_came():
    with scratch() as folder, Web({}) as server:
        path = os.path.join(folder, "file")
        for name, content in (("part", "abc"), ("part.tag", "http://a/\nx\n")):
            with open(f"{path}.{name}", "w", encoding="ascii") as file:
                file.write(content)
        expect(1, "get", "-C", "-o", path, server.url("/none"))
        equal(sorted(os.listdir(folder)), ["file.part", "file.part.tag"])
        with open(path + ".part", encoding="ascii") as file:
            equal(file.read(), "abc")


def test_a_part_that_another_writes_is_left_alone():
    with scratch() as folder, Web({"/": ok(b"x")}) as server:
        path = os.path.join(folder, "file")
        with open(path + ".part", "wb") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            done = expect(10, "get", "-C", "-o", path, server.url())
            contains(done.err, f"create: {path}.part: ")
            contains(done.err, "another process is writing it")
        equal(os.listdir(folder), ["file.part"])
        equal(server.requests, [])


def test_limits():
    with Web({"/": ok(BODY), "/silent": web.then_stay(b""),
              "/half": web.then_stay(ok(BODY)[:-1]),
              "/head": web.then_stay(b"HTTP/1.1 200 OK\r\n")}) as server:
        done = expect(8, "get", "--max-size", "255999", server.url())
        contains(done.err, "more than 255999 bytes")
        expect(0, "get", "--max-size", "256000", server.url())
        done = expect(6, "get", "--timeout", "50ms", server.url("/silent"))
        contains(done.err, "receive header")
        contains(done.err, "no byte came")
        done = expect(6, "get", "--timeout", "50ms", server.url("/head"))
        contains(done.err, "17 bytes of the header came")
        done = expect(6, "get", "--first-byte-timeout", "50ms",
                      server.url("/silent"))
        contains(done.err, "the limit on the first one is 50 ms")
        done = expect(6, "get", "--idle-timeout", "50ms", server.url("/half"))
        contains(done.err, "receive body")
        contains(done.err, "--idle-timeout 50ms: 1 of 256000 bytes are missing")


def test_limits_of_the_header_are_not_those_of_redirects():
    long = b"HTTP/1.1 200 OK\r\nA: " + b"x" * 20000 + b"\r\n\r\n"
    circle = b"HTTP/1.1 302 Found\r\nLocation: /\r\nContent-Length: 0\r\n\r\n"
    with Web({"/": circle, "/long": long}) as server:
        done = expect(8, "get", server.url("/long"))
        contains(done.err, "the limit is 16384\nhint: see what it says: printf")
        contains(expect(8, "get", server.url()).err, "hint: --redirects N")


def test_closed_standard_output_ends_it():
    with Web({"/": ok(bytes(10_000_000))}) as server:
        process = subprocess.Popen(
            [PIER, "get", server.url()], stdout=subprocess.PIPE,
            stderr=subprocess.PIPE)
        equal(len(process.stdout.read(1000)), 1000)
        process.stdout.close()
        said = process.stderr.read()
        process.stderr.close()
        equal(process.wait(tool.LIMIT), 0)
        equal(said, b"")


def interrupted(folder, *words, number=signal.SIGINT, code=130):
    """Interrupt it once it has something; what is left in the folder."""
    path = os.path.join(folder, "file")
    with Web({"/": web.then_stay(ok(BODY, 'ETag: "x"')[:-1])}) as server:
        process = subprocess.Popen(
            [PIER, "get", *words, "-o", path, server.url()],
            stderr=subprocess.PIPE)

        def has_it():
            found = 0
            for fd in os.listdir(f"/proc/{process.pid}/fd"):
                try:
                    status = os.stat(f"/proc/{process.pid}/fd/{fd}")
                    found = max(found, status.st_size)
                except OSError:
                    pass
            return found == len(BODY) - 1

        tool.wait_until(has_it)
        process.send_signal(number)
        process.communicate(timeout=tool.LIMIT)
        equal(process.returncode, code)
    return sorted(os.listdir(folder))


def test_interrupt_leaves_nothing():
    with scratch() as folder:
        equal(interrupted(folder), [])
        equal(interrupted(folder, number=signal.SIGTERM, code=143), [])
        # Not even when it has no say in it.
        equal(interrupted(folder, number=signal.SIGKILL, code=-9), [])
        equal(interrupted(folder, "-C"), ["file.part", "file.part.tag"])
        equal(os.stat(os.path.join(folder, "file.part")).st_size,
              len(BODY) - 1)


def test_a_file_that_finds_no_room_leaves_nothing():
    def little():
        resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))

    with scratch() as folder, Web({"/": ok(BODY)}) as server:
        path = os.path.join(folder, "file")
        done = expect(10, "get", "-o", path, server.url(), preexec_fn=little)
        contains(done.err, f"pier: write: {path}: file too large (EFBIG)")
        equal(os.listdir(folder), [])


def test_where_files_must_have_names():
    """As on a file system that can make none without: strace says so in place
    of the kernel."""
    if not shutil.which("strace"):
        raise tap.Skip("strace is not installed")
    with scratch() as folder:
        path = os.path.join(folder, "file")
        # The leak sanitizer traces too, and two cannot.
        options = tool.ENV.get("ASAN_OPTIONS", "") + ":detect_leaks=0"
        env = {**tool.ENV, "ASAN_OPTIONS": options.lstrip(":")}
        strace = ["strace", "-f", "-qq", "-o", os.path.join(folder, "log"),
                  "-P", f"{folder}/", "-e", "trace=openat",
                  "-e", "inject=openat:error=EOPNOTSUPP"]
        if subprocess.run([*strace, "true"], check=False,
                          stderr=subprocess.DEVNULL).returncode:
            raise tap.Skip("strace may not trace here")
        with Web({"/": ok(BODY), "/short": ok(BODY)[:-1]}) as server:
            for url, code in (("/short", 7), ("/", 0)):
                done = subprocess.run(
                    [*strace, PIER, "get", "-o", path, server.url(url)],
                    stderr=subprocess.PIPE, env=env, check=False)
                equal(done.returncode, code, done.stderr)
                with open(os.path.join(folder, "log"), encoding="ascii") as log:
                    contains(log.read(), "O_TMPFILE")
                equal(sorted(os.listdir(folder)),
                      ["log"] if code else ["file", "log"])
        with open(path, "rb") as file:
            equal(file.read(), BODY)


def test_progress_on_a_terminal():
    """It comes, and it is gone at the end."""
    go_on = []

    def serve(connection, _):
        answer = ok(BODY)
        connection.sendall(answer[:-1])
        tool.wait_until(lambda: go_on)
        connection.sendall(answer[-1:])

    with scratch() as folder, Web({"/": serve}) as server:
        master, slave = pty.openpty()
        process = subprocess.Popen(
            [PIER, "get", "-o", os.path.join(folder, "x"), server.url()],
            stderr=slave, env=tool.ENV)
        os.close(slave)
        said = b""
        end = time.monotonic() + tool.LIMIT
        while time.monotonic() < end:
            if select.select([master], [], [], 0.1)[0]:
                try:
                    said += os.read(master, 65536)
                except OSError:
                    break
            if b"99 %" in said:
                go_on.append(True)
        equal(process.wait(tool.LIMIT), 0)
        os.close(master)
        contains(said, b"kB of 256 kB")
        assert said.endswith(b"\r\033[K"), said
        # Nobody asked to see it elsewhere.
        go_on.append(True)
        equal(expect(0, "get", "-o", os.path.join(folder, "x"),
                     server.url()).err, "")


def test_rate():
    """A tenth of a second's worth goes at once: 20,000 bytes at 100,000 in a
    second take a tenth of one at least."""
    with Web({"/": ok(bytes(20_000))}) as server:
        done = expect(0, "get", "--json", "--rate", "100k/s", server.url())
        stages = tool.of_type(tool.events(done, "get"), "stages")[0]
        assert stages["body_s"] > 0.05, stages
        equal(stages["received"], 20_000)


def test_json_carries_bytes_that_are_no_text():
    with Web({"/": ok(b"\xff\0")}) as server:
        done = expect(0, "get", "--json", server.url())
        data = tool.of_type(tool.events(done, "get"), "data")
        equal([line.get("data_base64") for line in data], ["/wA="])
        assert json.loads(done.out.splitlines()[0])["v"] == 1


if __name__ == "__main__":
    tap.main(globals())
