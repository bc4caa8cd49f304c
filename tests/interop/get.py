#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""pier get against nginx, Python's http.server and servers that send what they
like, with curl beside it: the same bytes of every answer that is good, and for
each that is not an error of its own. Reports by TAP."""

import contextlib
import functools
import hashlib
import http.server
import os
import shutil
import socket
import subprocess
import sys
import threading

sys.path.insert(
    0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "cli")
)

import tap  # noqa: E402 (found by the line above)
import tool  # noqa: E402
import web  # noqa: E402
from get_broken import ANSWERS  # noqa: E402
from tap import contains, equal  # noqa: E402
from tool import expect, scratch  # noqa: E402

LIMIT = 60
BIG = hashlib.shake_128(b"pier").digest(3_000_000)

# Debian keeps it where a user's PATH does not look.
NGINX = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin:/sbin")


def curl(*words):
    """What curl makes of it, or None."""
    done = subprocess.run(
        ["curl", "-sS", "--max-time", str(LIMIT), *words],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False)
    return done.stdout if done.returncode == 0 else None


def needs_curl():
    if not shutil.which("curl"):
        raise tap.Skip("curl is not installed")


def same(*words):
    """Both write the same to standard output."""
    needs_curl()
    theirs = curl(*words)
    assert theirs is not None, words
    equal(expect(0, "get", *words).out, theirs, f"bytes of {words}")
    return theirs


def files_of(folder):
    """Names and contents that are served."""
    contents = {"empty": b"", "small": b"Hello\n", "big": BIG,
                "a b": b"with a blank", "ä": "汉语".encode()}
    for name, content in contents.items():
        with open(os.path.join(folder, name), "wb") as file:
            file.write(content)
    os.mkdir(os.path.join(folder, "sub"))
    with open(os.path.join(folder, "sub", "index.html"), "wb") as file:
        file.write(b"<p>index\n")
    return contents


CONFIG = """
daemon off;
master_process off;
pid {folder}/pid;
error_log {folder}/error.log;
events {{ worker_connections 64; }}
http {{
    access_log off;
    client_body_temp_path {folder}/t1; proxy_temp_path {folder}/t2;
    fastcgi_temp_path {folder}/t3; uwsgi_temp_path {folder}/t4;
    scgi_temp_path {folder}/t5;
    server {{
        listen 127.0.0.1:{port};
        listen unix:{folder}/sock;
        root {folder}/root;
        location /moved/ {{ return 301 /small; }}
        location /gone {{ return 410 "gone for good\\n"; }}
        location /none {{ return 204; }}
        location /chunks/ {{
            gzip on; gzip_min_length 1; gzip_types *;
            alias {folder}/root/;
        }}
        location /secret {{
            if ($http_authorization != "Basic bWU6c2VzYW1l") {{ return 401; }}
            return 200 "yes\\n";
        }}
    }}
}}
"""


@contextlib.contextmanager
def nginx():
    """Its URL, its folder, and what is in it."""
    if not NGINX:
        raise tap.Skip("nginx is not installed")
    with scratch() as folder:
        os.mkdir(os.path.join(folder, "root"))
        contents = files_of(os.path.join(folder, "root"))
        port = tool.free_port()
        with open(os.path.join(folder, "conf"), "w", encoding="ascii") as file:
            file.write(CONFIG.format(folder=folder, port=port))
        # The user that it would change to reads the folder too.
        os.chmod(folder, 0o755)
        process = subprocess.Popen(
            [NGINX, "-p", folder, "-c", os.path.join(folder, "conf")],
            stdin=subprocess.DEVNULL, stderr=subprocess.PIPE)
        try:
            tool.wait_until(
                lambda: process.poll() is not None
                or os.path.exists(os.path.join(folder, "pid")))
            if process.poll() is not None:
                raise AssertionError(process.stderr.read().decode())
            yield f"http://127.0.0.1:{port}", folder, contents
        finally:
            process.terminate()
            process.wait(LIMIT)
            process.stderr.close()


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


@contextlib.contextmanager
def python_server(version):
    with scratch() as folder:
        contents = files_of(folder)
        handler = functools.partial(Quiet, directory=folder)
        Quiet.protocol_version = version
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
        server.daemon_threads = True
        # A client that closes before it has read all is none of our errors.
        server.handle_error = lambda *_: None
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}", contents
        finally:
            server.shutdown()
            server.server_close()


PATHS = {"empty": "/empty", "small": "/small", "big": "/big",
         "a b": "/a%20b", "ä": "/%C3%A4"}


def test_nginx_gives_curls_bytes():
    with nginx() as (url, folder, contents):
        for name, path in PATHS.items():
            equal(same(url + path), contents[name], name)
            # As it is typed.
            equal(expect(0, "get", f"{url}/{name}").out, contents[name], name)
        same("--http1.0", url + "/big")
        same("-r", "100-199", url + "/big")
        same("-r", "2999990-", url + "/big")
        same("-r", "-10", url + "/big")
        same(url + "/none")
        done = expect(0, "get", "-v", url + "/moved/x")
        equal(done.out, contents["small"])
        contains(done.err, "/moved/x: 301, it leads to ")
        contains(done.err, "200 OK (HTTP/1.1), over the same connection")
        equal(expect(0, "get", url + "/sub").out, b"<p>index\n")
        equal(expect(1, "get", url + "/gone").out, b"gone for good\n")
        done = expect(1, "get", url + "/nothing")
        contains(done.err, "status 404 Not Found")
        done = expect(1, "get", "-r", "9999999-", url + "/big")
        contains(done.err, "status 416")
        equal(expect(0, "get", "--via", f"unix://{folder}/sock",
                     "http://any.name/small").out, contents["small"])
        if curl(url) is not None:
            equal(expect(0, "get", "--via", f"unix://{folder}/sock",
                         "http://any.name/big").out,
                  curl("--unix-socket", f"{folder}/sock",
                       "http://any.name/big"))


def test_nginx_in_chunks():
    with nginx() as (url, _, _):
        zipped = ("-H", "Accept-Encoding: gzip", url + "/chunks/big")
        same(*zipped)
        done = expect(0, "get", "--json", *zipped)
        answer = tool.events(done, "get")[0]
        equal(answer["body"], "chunked")


def test_nginx_head_and_secret():
    with nginx() as (url, folder, _):
        needs_curl()

        def undated(head):
            return [line for line in head.splitlines()
                    if not line.startswith(b"Date:")]

        equal(undated(expect(0, "get", "-I", url + "/big").out),
              undated(curl("-I", url + "/big")))
        expect(1, "get", url + "/secret")
        path = os.path.join(folder, "header")
        with open(path, "w", encoding="ascii") as file:
            file.write("Authorization: Basic bWU6c2VzYW1l\n")
        equal(expect(0, "get", "-H", f"@{path}", url + "/secret").out, b"yes\n")


def test_nginx_goes_on():
    """A part whose date nginx knows; the rest of it is what comes."""
    with nginx() as (url, folder, contents):
        path = os.path.join(folder, "got")
        expect(0, "get", "-C", "-o", path, url + "/big")
        with open(path, "rb") as file:
            equal(file.read(), contents["big"])
        head = expect(0, "get", "-I", url + "/big").text
        tag = next(line.split(": ", 1)[1] for line in head.splitlines()
                   if line.startswith("ETag: "))
        with open(path + ".part", "wb") as file:
            file.write(contents["big"][:1_000_000])
        with open(path + ".part.tag", "w", encoding="ascii") as file:
            file.write(f"{url}/big\n{tag}\n")
        done = expect(0, "get", "-C", "--json", "-o", path, url + "/big")
        lines = tool.events(done, "get")
        equal(lines[0]["status"], 206)
        equal(lines[-1]["received"], 2_000_000)
        with open(path, "rb") as file:
            equal(file.read(), contents["big"])


def test_python_gives_curls_bytes():
    for version in ("HTTP/1.0", "HTTP/1.1"):
        with python_server(version) as (url, contents):
            for name, path in PATHS.items():
                equal(same(url + path), contents[name], name)
            same(url + "/")
            same("--http1.0", url + "/small")
            equal(expect(0, "get", url + "/sub").out, b"<p>index\n")
            expect(1, "get", url + "/nothing")
            # It knows no ranges.
            expect(1, "get", "-r", "0-1", url + "/small")


APACHE = """
ServerRoot {folder}
ServerName test
Listen 127.0.0.1:{port}
PidFile {folder}/pid
ErrorLog {folder}/error.log
{modules}
DocumentRoot {folder}/root
DirectoryIndex index.html
Redirect permanent /moved/x /small
<Directory {folder}/root>
    Require all granted
</Directory>
<Location /chunks>
    SetOutputFilter DEFLATE
</Location>
Alias /chunks {folder}/root
"""

APACHE_MODULES = ("mpm_event", "authz_core", "dir", "alias", "filter", "deflate")


@contextlib.contextmanager
def apache():
    """Its URL, and what is in it."""
    program = shutil.which("apache2", path=os.environ["PATH"] + ":/usr/sbin")
    if program is None:
        raise tap.Skip("apache2 is not installed")
    with scratch() as folder:
        os.mkdir(os.path.join(folder, "root"))
        contents = files_of(os.path.join(folder, "root"))
        port = tool.free_port()
        modules = "\n".join(
            f"LoadModule {name}_module /usr/lib/apache2/modules/mod_{name}.so"
            for name in APACHE_MODULES)
        with open(os.path.join(folder, "conf"), "w", encoding="ascii") as file:
            file.write(APACHE.format(folder=folder, port=port, modules=modules))
        process = subprocess.Popen(
            [program, "-DFOREGROUND", "-f", os.path.join(folder, "conf")],
            stdin=subprocess.DEVNULL, stderr=subprocess.PIPE)
        try:
            tool.wait_until(
                lambda: process.poll() is not None
                or os.path.exists(os.path.join(folder, "pid")))
            if process.poll() is not None:
                raise AssertionError(process.stderr.read().decode())
            yield f"http://127.0.0.1:{port}", contents
        finally:
            process.terminate()
            process.wait(LIMIT)
            process.stderr.close()


def test_apache_gives_curls_bytes():
    with apache() as (url, contents):
        for name, path in PATHS.items():
            equal(same(url + path), contents[name], name)
        same("--http1.0", url + "/big")
        same("-r", "100-199", url + "/big")
        same("-r", "-10", url + "/big")
        zipped = ("-H", "Accept-Encoding: gzip", url + "/chunks/big")
        same(*zipped)
        done = expect(0, "get", "--json", *zipped)
        equal(tool.events(done, "get")[0]["body"], "chunked")
        done = expect(0, "get", "-v", url + "/moved/x")
        equal(done.out, contents["small"])
        equal(expect(0, "get", url + "/sub").out, b"<p>index\n")
        contains(expect(1, "get", url + "/nothing").err, "status 404 Not Found")


PROXY = """
global
    maxconn 100
defaults
    mode http
    timeout connect 20s
    timeout client 20s
    timeout server 20s
listen one
    bind unix@{folder}/sock
    http-request return status 503 content-type text/plain string busy if {{ path /busy }}
    http-request redirect location /small code 308 if {{ path /moved }}
    server back 127.0.0.1:{port}
"""


def test_haproxy_in_front_of_python():
    """Over a Unix socket, one connection for both hops."""
    haproxy = shutil.which("haproxy", path=os.environ["PATH"] + ":/usr/sbin")
    if haproxy is None:
        raise tap.Skip("haproxy is not installed")
    with python_server("HTTP/1.0") as (url, contents), scratch() as folder:
        with open(os.path.join(folder, "conf"), "w", encoding="ascii") as file:
            file.write(PROXY.format(folder=folder, port=url.rsplit(":", 1)[1]))
        process = subprocess.Popen(
            [haproxy, "-db", "-f", os.path.join(folder, "conf")],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE)
        try:
            sock = os.path.join(folder, "sock")
            tool.wait_until(lambda: process.poll() is not None
                            or os.path.exists(sock))
            via = ("--via", f"unix://{sock}")
            for name, path in PATHS.items():
                equal(expect(0, "get", *via, "http://any" + path).out,
                      contents[name], name)
            done = expect(0, "get", "-v", *via, "http://any/moved")
            equal(done.out, contents["small"])
            contains(done.err, "over the same connection")
            done = expect(1, "get", *via, "http://any/busy")
            equal(done.out, b"busy")
            contains(done.err, "status 503 Service Unavailable")
        finally:
            process.terminate()
            process.communicate(timeout=LIMIT)


BODY = bytes(range(256)) * 8

GOOD = {
    "length": web.ok(BODY),
    "to-end": b"HTTP/1.1 200 OK\r\n\r\n" + BODY,
    "1.0": b"HTTP/1.0 200 OK\r\nServer: old\r\n\r\n" + BODY,
    "1.0-keep-alive": b"HTTP/1.0 200 OK\r\nConnection: keep-alive\r\n"
                      b"Content-Length: 2048\r\n\r\n" + BODY,
    "chunks": web.chunked(BODY[:7], BODY[7:1000], BODY[1000:]),
    "chunk-each": web.chunked(*[bytes([byte]) for byte in BODY]),
    "extensions": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
                  b"0005;a=b;c=\"d e\"\r\nHello\r\n00;last\r\n\r\n",
    "trailers": web.chunked(BODY, trailers=b"X-Sum: 1\r\nY: 2\r\n"),
    "interim": b"HTTP/1.1 100 Continue\r\n\r\n"
               b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"
               + web.ok(BODY),
    "bare-lf": b"HTTP/1.1 200 OK\nContent-Length: 2048\n\n" + BODY,
    "no-reason": b"HTTP/1.1 200\r\nContent-Length: 2048\r\n\r\n" + BODY,
    "blanks": b"HTTP/1.1 200 OK\r\nContent-Length:\t 2048 \t\r\n\r\n" + BODY,
    "more-than-told": web.ok(BODY) + b"behind the end",
    "no-content": b"HTTP/1.1 204 No Content\r\n\r\n",
    "empty": web.ok(b""),
    "long-header": b"HTTP/1.1 200 OK\r\nA: " + b"x" * 16000
                   + b"\r\nContent-Length: 2048\r\n\r\n" + BODY,
}


def test_every_good_answer_is_curls_whole_and_byte_by_byte():
    answers = {f"/{name}": answer for name, answer in GOOD.items()}
    slow = {f"/slow/{name}": web.byte_by_byte(answer)
            for name, answer in GOOD.items() if len(answer) < 5000}
    with web.Web({**answers, **slow}) as server:
        for path in (*answers, *slow):
            same(server.url(path))


def test_every_broken_answer_has_its_error():
    equal(len({name for name, *_ in ANSWERS}), len(ANSWERS), "names")
    answers = {f"/{name}": answer for name, answer, *_ in ANSWERS}
    slow = {f"/slow/{name}": web.byte_by_byte(answer)
            for name, answer, *_ in ANSWERS if len(answer) < 1000}
    with web.Web({**answers, **slow}) as server:
        for name, _, code, stage, says in ANSWERS:
            done = expect(code, "get", server.url(f"/{name}"))
            assert done.err.startswith(f"pier: {stage}: http://"), (name, done)
            contains(done.err, says, name)
            if f"/slow/{name}" not in slow:
                continue
            done = expect(code, "get", server.url(f"/slow/{name}"))
            assert done.err.startswith(f"pier: {stage}: http://"), (name, done)


def test_a_reset_is_told_where_it_came():
    half = web.ok(BODY)
    with web.Web({"/head": web.then_reset(half[:10]),
                  "/body": web.then_reset(half[:-9])}) as server:
        for path, stage in (("/head", "receive header"),
                            ("/body", "receive body")):
            done = expect(7, "get", server.url(path))
            contains(done.err, f"pier: {stage}: ")


def test_ipv6_and_names():
    with socket.socket(socket.AF_INET6) as probe:
        try:
            probe.bind(("::1", 0))
        except OSError:
            raise tap.Skip("this machine has no IPv6") from None
    with web.Web({"/": web.ok(b"six")}, socket.AF_INET6,
                 ("::1", 0)) as server:
        port = server.name[1]
        equal(same(f"http://[::1]:{port}/"), b"six")
        contains(server.requests[0], b"\r\nHost: [::1]:%d\r\n" % port)
        done = expect(0, "get", f"http://[::1%25lo]:{port}/")
        equal(done.out, b"six")
        contains(server.requests[-1], b"\r\nHost: [::1]:%d\r\n" % port)


if __name__ == "__main__":
    tap.main(globals())
