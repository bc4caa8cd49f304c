# SPDX-License-Identifier: MIT
"""Run the test_ functions of a script and report by TAP, one line per case.

    if __name__ == "__main__":
        tap.main(globals())

A case fails by any exception, and is skipped by tap.Skip with the reason.
"""

import signal
import sys
import time
import traceback

# Who is started in the background by a shell, or by nohup, has some of these
# ignored, and what is started here would keep it so.
for number in (signal.SIGINT, signal.SIGQUIT, signal.SIGHUP):
    if signal.getsignal(number) == signal.SIG_IGN:
        signal.signal(number, signal.SIG_DFL)


# Called after each case, also after one that failed.
after = []


class Skip(Exception):
    """The case cannot run here; the text says why."""


def show(value):
    """A value in a message, without flooding the log."""
    text = repr(value)
    if len(text) <= 600:
        return text
    return f"{text[:300]} ... {text[-200:]} ({len(text)} characters)"


def equal(got, expected, what="value"):
    if got != expected:
        raise AssertionError(
            f"{what}: got {show(got)}, expected {show(expected)}"
        )


def contains(text, part, what="text"):
    if part not in text:
        raise AssertionError(f"{what}: {part!r} is not in {show(text)}")


def main(names):
    cases = [
        (name, function)
        for name, function in names.items()
        if name.startswith("test_") and callable(function)
    ]
    wanted = sys.argv[1:]
    if wanted:
        cases = [case for case in cases if case[0] in wanted]
    print(f"1..{len(cases)}", flush=True)
    failed = 0
    for number, (name, function) in enumerate(cases, 1):
        started = time.monotonic()
        try:
            function()
            said = f"ok {number} - {name}"
        except Skip as reason:
            said = f"ok {number} - {name} # SKIP {reason}"
        except Exception:
            failed += 1
            said = f"not ok {number} - {name}"
            for line in traceback.format_exc().splitlines():
                print(f"# {line}")
        for function in after:
            function()
        took = time.monotonic() - started
        print(said if took < 1 else f"{said}\n# {name} took {took:.1f} s")
        sys.stdout.flush()
    sys.exit(1 if failed else 0)
