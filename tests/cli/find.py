# SPDX-License-Identifier: MIT
"""pier find and pier announce: what is refused and how it is quoted, and the two
of them on the loopback of a network namespace of its own."""

import json
import os
import shutil
import subprocess
import sys

INSIDE = "PIER_FIND_NAMESPACE"


def enter():
    """Nobody else is on that loopback."""
    if INSIDE in os.environ:
        subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
        subprocess.run(["ip", "link", "set", "lo", "multicast", "on"],
                       check=True)
        subprocess.run(["ip", "route", "add", "default", "dev", "lo"],
                       check=True)
        return
    for name in ("ip", "unshare"):
        if shutil.which(name) is None:
            print(f"1..0 # SKIP no {name} here")
            sys.exit(0)
    if subprocess.run(["unshare", "-n", "true"], check=False,
                      stderr=subprocess.DEVNULL).returncode:
        print("1..0 # SKIP cannot make a network namespace")
        sys.exit(0)
    os.environ[INSIDE] = "1"
    os.execvp("unshare", ["unshare", "-n", sys.executable, "-B", *sys.argv])


enter()

import schema  # noqa: E402
import tap  # noqa: E402
from tap import contains, equal  # noqa: E402
from tool import (  # noqa: E402
    ENV, LIMIT, PIER, SOURCE, Server, expect, scratch,
)

SCHEMAS = {
    verb: json.loads(open(f"{SOURCE}/docs/schema/{verb}.json",
                          encoding="utf-8").read())
    for verb in ("find", "announce")
}


def events(text, verb):
    """Each line of it, as the schema has it."""
    lines = [json.loads(line) for line in text.splitlines()]
    for line in lines:
        equal(schema.check(line, SCHEMAS[verb]), [], line)
    return lines


class Announced:
    """pier announce, until its first word on the network."""

    def __init__(self, *words, by="beacon"):
        self.process = subprocess.Popen(
            [PIER, "announce", "--json", "--by", by, "--interface", "lo",
             *words],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, env=ENV, text=True)
        self.lines = ""
        while '"told"' not in self.lines:
            line = self.process.stdout.readline()
            assert line, self.process.stderr.read()
            self.lines += line

    def end(self):
        self.process.terminate()
        out, err = self.process.communicate(timeout=LIMIT)
        equal(self.process.returncode, 0, err)
        return events(self.lines + out, "announce")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.communicate()


def find(*words, code=0):
    return expect(code, "find", "--by", "beacon", "--interface", "lo", *words)


def test_a_type_that_is_none_is_quoted():
    for wrong in ("_http.tcp", "http.tcp", "_http", "-x", "a b", ""):
        shown = expect(2, "find", "--", wrong)
        contains(shown.err, f"'{wrong}': ")
        contains(shown.err, "_http._tcp")
    contains(expect(2, "find", b"a\xff").err, r"'a\xff'")
    contains(expect(2, "announce", "a", "_http.tcp", "80").err, "'_http.tcp'")


def test_what_has_no_effect_is_refused():
    contains(expect(2, "find", "http", "--once", "--first").err, "--first")
    contains(expect(2, "find", "--check").err, "--check")
    contains(expect(2, "find", "--name", "x").err, "--name")
    for words in (["_a._sub._http._tcp"], ["http", "--domain", "example.org"]):
        contains(expect(2, "find", "--by", "beacon", *words).err,
                 "no subtypes")
    contains(expect(10, "find", "http", "--interface", "nosuch0").err,
             "nosuch0")


def test_names_ports_and_texts_are_quoted():
    cases = [
        (("x" * 64, "http", "80"), "x" * 64),
        ((b"a\xff", "http", "80"), r"a\xff"),
        (("", "http", "80"), ""),
        (("a", "http", "80", "=x"), "=x"),
        (("a", "http", "80", "--alias", "w.w"), "w.w"),
        (("a", "http", "80", "--host", "h", "--alias", "H"), "H"),
        (("a", "http", "80", "--alias", "w", "--alias", "W"), "W"),
        (("a", "http", "80", "--alias", "w", "--by", "beacon"), "w"),
        (("a", "http", "80", "k\xe9y=x"), "k\xe9y=x"),
        # RFC 1123 section 2.1: one label, and no hyphen at an end of it.
        (("a", "http", "80", "--host", "a.b"), "a.b"),
        (("a", "http", "80", "--host=-x"), "-x"),
        (("a", "http", "80", "--host", "x-"), "x-"),
        (("a", "http", "80", "--host", ""), ""),
        (("a", "http", "80", "--host", "x" * 64), "x" * 64),
        (("a", "http", "80", "--alias=-w"), "-w"),
        (("a", "http", "80", "--subtype", ""), ""),
        (("a", "http", "80", "--subtype", "y" * 64), "y" * 64),
        (("a", "http", "80", "--subtype", "_p._sub._http._tcp"),
         "_p._sub._http._tcp"),
        (("a", "http", "80", "a=1", "b", "A=2"), "A=2"),
        (("a", "http", "80", "b", "b"), "b"),
        (("a", "http", "80", *(f"--subtype=s{n}" for n in range(17))), "s16"),
        (("a", "http", "80", *(f"--alias=w{n}" for n in range(9))), "w8"),
    ]
    for words, quoted in cases:
        contains(expect(2, "announce", *words).err, f"'{quoted}': ")


def test_ports_are_quoted():
    for wrong in ("0", "65536", "http", ""):
        contains(expect(2, "announce", "a", "http", wrong).err,
                 f"PORT: '{wrong}' is none")


def test_a_name_to_look_for_has_bounds():
    for wrong in ("", "x" * 64, "\x1b" * 70):
        shown = expect(2, "find", "http", "--name", wrong)
        contains(shown.err, "--name: '" + wrong[:1].replace("\x1b", r"\x1b"))
        contains(shown.err, "expected 1 to 63 bytes")


def test_an_interface_that_is_none_is_named():
    """And nothing of how types are asked for."""
    for words in ([], ["http"]):
        shown = expect(10, "find", *words, "--interface", "nosuch0")
        contains(shown.err, 'no interface "nosuch0"')
        assert "_services" not in shown.err, shown


def test_nothing_is_a_negative_answer():
    shown = find("http", "--for", "100ms", code=1)
    contains(shown.err, "no service of type http answered within 100ms")
    equal(shown.text, "")


def test_what_is_announced_is_found_and_says_goodbye():
    with Announced("My web", "http", "8080", "path=/", "flag", "e=") as it:
        shown = find("http", "--first", "--json")
        first = events(shown.text, "find")[0]
        equal(first["type"], "added")
        equal(first["instance"], "My web")
        equal(first["service"], "_http._tcp")
        equal(first["by"], ["beacon"])
        equal(first["endpoints"], ["tcp://127.0.0.1:8080"])
        equal(first["texts"], [{"key": "path", "value": "/"}, {"key": "flag"},
                               {"key": "e", "value": ""}])
        contains(find("http", "--first").text,
                 "+ My web  _http._tcp  tcp://127.0.0.1:8080")
        # Which types there are; another type; another name.
        contains(find("--first").text, "+ _http._tcp")
        find("ipp", "--first", "--for", "300ms", code=1)
        find("http", "--name", "other", "--first", "--for", "300ms", code=1)
        contains(find("http", "--name", "MY WEB", "--first").text, "My web")
        # Nobody listens there.
        contains(find("http", "--once", "--for", "300ms", "--check",
                      code=1).text, "closed: connection refused")
        watch = subprocess.Popen(
            [PIER, "find", "http", "--by", "beacon", "--interface", "lo",
             "--json"], stdout=subprocess.PIPE, env=ENV, text=True)
        try:
            equal(json.loads(watch.stdout.readline())["type"], "added")
            told = it.end()
            gone = json.loads(watch.stdout.readline())
        finally:
            watch.kill()
            watch.communicate()
        equal((gone["type"], gone["reason"]), ("removed", "goodbye"))
        equal(told[0]["type"], "announcing")
        equal(told[-1]["type"], "goodbye")
        assert "answered" in [one["type"] for one in told], told


def test_a_check_tells_what_it_cannot_know():
    """Nothing answers to who connects by UDP: that is neither open nor closed."""
    with Announced("Clock", "_ntp._udp", "123"):
        words = ("_ntp._udp", "--once", "--for", "300ms", "--check")
        contains(find(*words).text, "  not checked: UDP has no handshake\n")
        first = events(find(*words, "--json").text, "find")[0]
        equal(first["result"], "unchecked")
        assert "open" not in first, first


def test_a_summary_that_cannot_be_written_is_told():
    done = subprocess.run(
        ["sh", "-c", 'exec "$@" >/dev/full', "sh", PIER, "find", "--json",
         "--once", "--for", "50ms", "_nobody._tcp"],
        stderr=subprocess.PIPE, text=True, check=False)
    equal(done.returncode, 10, done)
    contains(done.stderr, "ENOSPC")


def test_links_are_counted_once():
    """Both protocols speak on the one there is."""
    shown = expect(1, "find", "http", "-v", "--interface", "lo", "-4",
                   "--for", "100ms")
    contains(shown.err, "datagrams sent on 1 link,")


def test_harm_in_a_text_is_not_done_to_the_terminal():
    with Announced("Tab", "http", "1", "k=a\x1b[31mb\u202e\\"):
        contains(find("http", "--first").text,
                 r"k=a\x1b[31mb\xe2\x80\xae\\")


def test_svc_dials_what_is_found():
    shown = expect(3, "connect", "svc://pier-nobody/x", stdin=b"")
    contains(shown.err, "nobody on this network answered for it")
    contains(shown.err, "pier find pier-nobody")
    contains(expect(2, "connect", "svc://_http.tcp").err, '"_http.tcp"')
    serve = subprocess.Popen(
        [PIER, "serve", "echo", "tcp://127.0.0.1:0"], stderr=subprocess.PIPE,
        env=ENV, text=True)
    try:
        port = serve.stderr.readline().split(":")[-1].strip()
        with Announced("My echo", "echo", port):
            for name in ("svc://echo/My%20echo", "svc://_echo._tcp"):
                equal(expect(0, "connect", name, stdin=b"hello\n").text,
                      "hello\n")
    finally:
        serve.terminate()
        serve.communicate()


def test_a_server_announces_what_it_listens_on():
    with Server("echo", "tcp://:0", "udp://:0", "tcp://127.0.0.1:0",
                "--announce", "Echo here") as server:
        # Two ports; what only this machine reaches is not told.
        for kind, index in (("echo", 0), ("_echo._udp", 1)):
            first = events(find(kind, "--first", "--json").text, "find")[0]
            equal(first["instance"], "Echo here")
            equal(first["port"], server.port(index))
        watch = subprocess.Popen(
            [PIER, "find", "echo", "--by", "beacon", "--interface", "lo",
             "--json"], stdout=subprocess.PIPE, env=ENV, text=True)
        try:
            equal(json.loads(watch.stdout.readline())["type"], "added")
            done = server.end()
            gone = json.loads(watch.stdout.readline())
        finally:
            watch.kill()
            watch.communicate()
        equal((gone["type"], gone["reason"]), ("removed", "goodbye"))
        contains(done.err, 'announcing "Echo here", _echo._tcp at port')
        contains(done.err, 'announcing "Echo here", _echo._udp at port')
        equal(done.err.count("announcing"), 2)


def until_seen(watch, instance):
    """What the watch tells, up to that this one was added."""
    told = [json.loads(watch.stdout.readline())]
    while (told[-1]["type"], told[-1]["instance"]) != ("added", instance):
        told.append(json.loads(watch.stdout.readline()))
    return told


def test_a_server_that_is_replaced_is_there_all_the_time():
    with scratch() as folder, \
            Server("echo", "tcp://:0", "--control", f"{folder}/c",
                   "--announce", "Moves") as old:
        watch = subprocess.Popen(
            [PIER, "find", "echo", "--interface", "lo", "--json"],
            stdout=subprocess.PIPE, env=ENV, text=True)
        try:
            until_seen(watch, "Moves")
            with Server("echo", "--replace", f"{folder}/c", "--announce",
                        "Moves") as new:
                equal(new.port(), old.port())
                equal(old.end(number=None).code, 0)
                # A goodbye that nobody contradicts is believed after a second;
                # two that come one after the other take longer.
                for name in ("Later", "Last"):
                    with Announced(name, "echo", "1", by="mdns"):
                        told = until_seen(watch, name)
                    equal([one for one in told if one["type"] == "removed"
                           and one["instance"] == "Moves"], [])
                equal(json.loads(find("echo", "--name", "Moves", "--first",
                                      "--json").text.splitlines()[0])["port"],
                      new.port())
                new.end()
            gone = json.loads(watch.stdout.readline())
            while gone["instance"] != "Moves" or gone["type"] != "removed":
                gone = json.loads(watch.stdout.readline())
            equal(gone["reason"], "goodbye")
        finally:
            watch.kill()
            watch.communicate()


def test_a_server_that_dies_takes_its_announcement_along():
    with Server("upper", "tcp://:0", "--announce", "Up", "--announce-as",
                "upper") as server:
        find("upper", "--first")
        watch = subprocess.Popen(
            [PIER, "find", "upper", "--by", "beacon", "--interface", "lo",
             "--json"], stdout=subprocess.PIPE, env=ENV, text=True)
        try:
            equal(json.loads(watch.stdout.readline())["type"], "added")
            server.process.kill()
            gone = json.loads(watch.stdout.readline())
        finally:
            watch.kill()
            watch.communicate()
        equal((gone["type"], gone["reason"]), ("removed", "goodbye"))


def test_what_cannot_be_announced():
    for words, told in (
        (("echo", "tcp://127.0.0.1:0", "--announce", "x"),
         "no other machine can reach"),
        (("upper", "tcp://:0", "--announce", "x"), "no type that is known"),
        (("echo", "tcp://:0", "--announce", "x" * 64), "x" * 64),
        (("echo", "tcp://:0", "--announce-as", "http"),
         "no effect without --announce"),
        (("echo", "tcp://:0", "--announce", "x", "--announce-as",
          "_http._tcp"), "'_http._tcp' has a protocol"),
    ):
        contains(expect(2, "serve", *words).err, told)


if __name__ == "__main__":
    tap.main(globals())
