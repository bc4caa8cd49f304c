# SPDX-License-Identifier: MIT
"""Help, usage errors and what surrounds every verb."""

import os
import re
import subprocess

import tap
import tool
from tap import contains, equal
from tool import expect, run


def lines(text):
    return text.splitlines()


def listed():
    """All verbs, as the tool's own table has them."""
    table = expect(0, "--help").text.partition("\nVerbs\n")[2]
    return re.findall(r"^  (\S+) +\S", table.partition("\n\n")[0], re.M)


VERBS = listed()


def test_each_verb_has_a_page_and_each_page_a_verb():
    pages = {name[len("pier-"):-len(".1")]
             for name in os.listdir(f"{tool.SOURCE}/man")
             if name.startswith("pier-") and name.endswith(".1")}
    equal(sorted({*VERBS} - {"help"}), sorted(pages))


def test_alone_is_twelve_lines_with_three_examples():
    shown = expect(2)
    assert len(lines(shown.text)) <= 12, shown
    equal(len(re.findall(r"^  pier (?=\w)", shown.text, re.M)), 3)
    for verb in VERBS:
        assert re.search(rf"^(Verbs|  ).* {verb}\b", shown.text, re.M), shown
    equal(shown.err, "")
    # Each topic that it names is one.
    topics = re.search(r"explains: VERB, (.*)", shown.text)[1].split(", ")
    equal(topics, ["endpoints", "exit-codes"])
    for topic in topics:
        assert expect(0, "help", topic).text


def test_full_help_of_the_tool_says_what_each_verb_is_for():
    shown = expect(0, "--help").text
    for verb in VERBS:
        assert re.search(rf"^  {verb} +\w", shown, re.M), shown


def test_short_help_fits_one_screen():
    for verb in VERBS:
        shown = expect(0, verb, "-h")
        assert len(lines(shown.text)) <= 24, shown
        assert max(map(len, lines(shown.text))) <= 80, shown
        contains(shown.text, f"usage: pier {verb}")


def test_full_help_has_examples_first():
    for verb in VERBS:
        shown = expect(0, verb, "--help").text
        contains(shown, "Examples\n")
        assert shown.index("Examples\n") < shown.index("--json")
        equal(shown, expect(0, "help", verb).text, "pier help VERB")
        equal(shown, expect(0, "--help", verb).text, "pier --help VERB")
        assert max(map(len, lines(shown))) <= 80, shown


def test_full_help_speaks_of_its_own_values_and_page():
    for verb in VERBS:
        shown = " ".join(expect(0, verb, "--help").text.split())
        page = re.search(r"See also: man (\S+),", shown)[1]
        assert os.path.exists(f"{tool.SOURCE}/man/{page}.1"), page
        for word, value in (("Durations:", " TIME"), ("Sizes:", " SIZE")):
            equal(word in shown, value in shown, f"{word} of {verb}")


def test_every_option_is_in_both_helps():
    for verb in VERBS:
        short = set(re.findall(r"--[a-z-]+", expect(0, verb, "-h").text))
        full = set(re.findall(r"--[a-z-]+", expect(0, verb, "--help").text))
        equal(sorted(short ^ full), [])


def test_tool_help_and_version():
    shown = expect(0, "--help").text
    contains(shown, "Exit codes")
    contains(shown, "--version")
    equal(expect(0, "help").text, expect(0, "-h").text)
    assert re.fullmatch(r"pier \d+\.\d+\.\d+\n", expect(0, "--version").text)


def test_exit_codes_are_those_of_the_manual():
    shown = expect(0, "help", "exit-codes").text
    codes = re.findall(r"^ *(\d+(?:\+n)?) ", shown, re.M)
    with open(f"{tool.SOURCE}/man/pier-exit.7", encoding="utf-8") as file:
        written = re.findall(r"^\.It (\d+(?:\+n)?)$", file.read(), re.M)
    equal(codes, written)


def test_manual_pages_have_the_options():
    subprocess.run(
        [f"{tool.SOURCE}/tools/man-options", tool.PIER],
        check=True,
    )


def test_example_of_the_task_page_is_the_one_that_is_built():
    with open(f"{tool.SOURCE}/examples/ticks.c", encoding="utf-8") as file:
        built = file.read()
    with open(f"{tool.SOURCE}/man/pier-task.7", encoding="utf-8") as file:
        shown = re.findall(r"^\.Bd -literal.*?\n(.*?)^\.Ed$", file.read(),
                           re.M | re.S)
    example = shown[-1].replace("\\e", "\\")
    contains(built, example)
    contains(example, "main(void)")


def usage(*words):
    """The error line and the hint of a wrong command line."""
    done = expect(2, *words)
    equal(done.out, b"", "standard output")
    said = lines(done.err)
    equal(len(said), 2, f"lines in {done.err!r}")
    assert said[0].startswith("pier: ") and said[1].startswith("hint: "), said
    return said[0][len("pier: ") :], said[1][len("hint: ") :]


def test_usage_errors_are_events_under_json():
    """The same for every verb, wherever --json stands; nothing without it."""
    for verb in VERBS:
        for words in ((verb, "--json", "--frobnicate"),
                      (verb, "--frobnicate", "--json"),
                      ("--json", verb, "--frobnicate")):
            done = expect(2, *words)
            form = verb if verb != "help" else "time"
            (event,) = tool.events(done, form)
            equal((event["type"], event["exit"], event["cause"]),
                  ("error", 2, "EINVAL"))
            said = lines(done.err)
            equal("pier: " + event["text"], said[0])
            equal("hint: " + event["hint"], said[1])
        usage(verb, "--frobnicate")
        usage(verb, "--frobnicate", "--", "--json")
    (event,) = tool.events(expect(2, "sevre", "--json"), "serve")
    contains(event["text"], "unknown verb 'sevre'")
    # An endpoint, which is pointed at.
    done = expect(2, "connect", "--json", "tcp://127.1:80")
    (event,) = tool.events(done, "connect")
    equal(event["endpoint"], "tcp://127.1:80")
    equal("pier: " + event["text"], lines(done.err)[0])


def test_unknown_verb():
    equal(usage("sevre"), ("unknown verb 'sevre'", "did you mean 'pier serve'?"))
    equal(
        usage("frobnicate"),
        ("unknown verb 'frobnicate'", "'pier help' lists the verbs"),
    )
    equal(
        usage("help", "conect"),
        ("help: unknown verb 'conect'", "did you mean 'pier connect'?"),
    )


def test_unknown_option():
    equal(
        usage("connect", "--tiemout", "3", "h:1"),
        ("connect: unknown option '--tiemout'", "did you mean '--timeout'?"),
    )
    equal(
        usage("--backlog=3", "serve"),
        (
            "unknown option '--backlog'",
            "the options of a verb stand behind it: 'pier VERB --option'",
        ),
    )


def test_bad_values_are_quoted_with_what_was_expected():
    line, _ = usage("serve", "echo", "--workers", "many", "tcp://:0")
    equal(
        line,
        "serve: --workers: cannot use 'many'; expected a whole number from 1 "
        "to 1024, or cores",
    )
    line, hint = usage("serve", "echo", "--model", "fibre", "tcp://:0")
    equal(
        line,
        "serve: --model: cannot use 'fibre'; expected fiber, thread, "
        "pool, fork or iterative",
    )
    equal(hint, "did you mean 'fiber'?")
    line, _ = usage("connect", "-w", "0", "h:1")
    contains(line, "-w: out of range: '0'; expected a duration such as")


def test_missing_and_extra_operands():
    line, hint = usage("serve", "echo")
    contains(line, "serve: ENDPOINT is missing")
    equal(hint, "for example: pier serve echo tcp://:7000")
    equal(
        usage("connect", "localhost", "80"),
        ("connect: unexpected argument '80'", "did you mean 'localhost:80'?"),
    )
    equal(
        usage("connect", "h:1", "h:2"),
        (
            "connect: unexpected argument 'h:2'",
            "only --probe takes several endpoints",
        ),
    )
    contains(usage("connect", "-z", "h:25-20")[0], "'25-20' is no port")
    contains(usage("connect", "-z", "udp://h:1")[1], "--replies 1")


def test_wrong_endpoint_is_pointed_at():
    done = expect(2, "connect", "tcp://127.1:80")
    said = lines(done.err)
    contains(said[0], "pier: connect: tcp://127.1:80: ")
    equal(said[1].index("^"), said[0].index("127.1"))
    contains(said[2], "pier help endpoints")
    shown = expect(0, "help", "endpoints").text
    for form in ("tcp://HOST:PORT", "unix:///PATH", "udp://", "fd://NUMBER"):
        contains(shown, form)
    contains(expect(0, "--help").text, shown)
    with open(f"{tool.SOURCE}/man/pier-endpoint.7", encoding="utf-8") as file:
        contains(file.read(), "\n".join(said[:2]), "what the page shows")
    said = lines(expect(2, "connect", "tcp://bücher:99999").err)
    equal(said[1].index("^"), said[0].index("99999"))
    contains(expect(2, "serve", "echo", "7000").err, "write tcp://:7000")
    done = expect(2, "serve", "echo", "tcp://:7000", "nonsense")
    contains(done.err, "tcp://nonsense:PORT")


def test_what_is_quoted_stays_on_its_line():
    """No newline, and nothing that a terminal would obey."""
    said = lines(expect(2, "connect", "tcp://a\nb\x1b[31m\x9bü:1").err)
    equal(len(said), 3, said)
    contains(said[0], r"tcp://a\x0ab\x1b[31m\xc2\x9bü:1: ")
    equal(said[1].index("^"), said[0].index(r"\x0ab"))
    said = lines(expect(2, "serve", "--model", "a\tb\x7f", "echo", ":0").err)
    contains(said[0], r"--model: cannot use 'a\x09b\x7f'; expected fiber")


# What is wrong is no endpoint, and the hint is about what it is.
NO_ENDPOINTS = [
    (["connect", "--bind", "foo", "127.0.0.1:1"], "ip -brief address"),
    (["get", "--bind", "foo", "http://127.0.0.1:1/"], "ip -brief address"),
    (["ping", "--bind", "foo", "127.0.0.1"], "ip -brief address"),
    (["time", "--bind", "foo", "127.0.0.1"], "ip -brief address"),
    (["time", "-S", "nodelay", "127.0.0.1"], "pier opt tcp.nodelay"),
    (["connect", "-S", "nodelay=x", "127.0.0.1:1"], "pier opt tcp.nodelay"),
    (["get", "-S", "bogus=1", "http://127.0.0.1:1/"], "pier opt --search"),
    (["serve", "echo", "-S", "bogus=1", "tcp://:0"], "pier opt --search"),
    (["can", "send", "vcan0", "12#zz"], "pier can --help"),
    (["can", "dump", "vcan0,zz"], "pier can --help"),
    (["serve", "echo", "svc://http"], "pier help endpoints"),
]


def test_hints_are_about_what_is_wrong():
    for words, part in NO_ENDPOINTS:
        contains(usage(*words)[1], part, words)


def test_color():
    plain = expect(2, "sevre")
    assert "\033" not in plain.err, plain
    contains(expect(2, "--color=always", "sevre").err, "\033[1;31mpier:")
    contains(expect(0, "help", "--color=always", "serve").text, "\033[1m")
    assert "\033" not in expect(0, "help", "serve").text


def on_terminal(words, **env):
    """What a run writes to a terminal on standard error."""
    master, slave = os.openpty()
    process = subprocess.Popen(
        [tool.PIER, *words],
        stderr=slave,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        env={**tool.ENV, **env},
    )
    process.wait(20)
    os.close(slave)
    said = os.read(master, 4096).decode()
    os.close(master)
    return said


def test_color_on_a_terminal():
    assert "\033" in on_terminal(["sevre"], TERM="xterm")
    assert "\033" not in on_terminal(["sevre"], TERM="dumb")
    assert "\033" not in on_terminal(["sevre"])
    assert "\033" not in on_terminal(["sevre"], TERM="xterm", NO_COLOR="1")
    assert "\033" in on_terminal(["sevre"], TERM="xterm", NO_COLOR="")


# What each verb says without a network.
SAYING = [
    ["--version"], ["--help"], ["help"], ["help", "connect"], ["addr"],
    ["addr", "--json", "127.0.0.1"], ["resolve", "127.0.0.1"],
    ["resolve", "--json", "127.0.0.1"], ["service"], ["service", "--json", "http"],
    ["order", "1234"], ["order", "--json", "1234"], ["opt"], ["opt", "--json"],
    ["opt", "nodelay"], ["info"], ["info", "--json"], ["time", "--convert", "now"],
    ["time", "--json", "--convert", "now"],
    ["from", "nc", "127.0.0.1", "80"], ["from", "--json", "nc", "127.0.0.1", "80"],
    ["connect", "--json", "sevre"], ["ping", "--json", "-c1", "127.0.0.1"],
    ["ping", "-c1", "127.0.0.1"], ["ping", "--help"],
]


def test_standard_output_that_takes_nothing():
    """Closed or full: an error that names it, whoever wrote."""
    for words in SAYING:
        code = run(*words).code
        for where, name in ((">&-", "EBADF"), (">/dev/full", "ENOSPC")):
            done = subprocess.run(
                ["sh", "-c", f'exec "$@" {where}', "sh", tool.PIER, *words],
                stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, check=False)
            said = f"{words} {where}: {done.returncode} {done.stderr.decode()}"
            # What failed before that is told first.
            equal(done.returncode, code or 10, said)
            if code == 0:
                contains(said, name)
                contains(said, "standard output")


def test_what_says_nothing_needs_no_standard_output():
    with tool.Server("discard", "tcp://127.0.0.1:0") as server:
        done = subprocess.run(
            ["sh", "-c", 'exec "$@" >&-', "sh", tool.PIER, "connect",
             server.endpoint],
            input=b"x", stderr=subprocess.PIPE, check=False)
        equal(done.returncode, 0, done.stderr)


if __name__ == "__main__":
    tap.main(globals())
