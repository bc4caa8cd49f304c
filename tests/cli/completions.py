# SPDX-License-Identifier: MIT
"""What bash, zsh and fish complete: each line is given to the real shell with
the completions that were built. Reports by TAP."""

import json
import os
import pty
import re
import select
import shutil
import subprocess
import time

import tap
import tool
from tap import contains, equal

BUILD = os.environ["PIER_BUILD"]
LIMIT = 30


def need(program):
    if shutil.which(program) is None:
        raise tap.Skip(f"{program} is not installed")


def verbs():
    shown = tool.expect(0, "--help").text
    listed = re.search(r"^Verbs\n((?:  .*\n)+)", shown, re.M)[1]
    return re.findall(r"^  (\w+) {2,}", listed, re.M)


def options(verb):
    return re.findall(r"(--[a-z][a-z0-9-]*)", tool.expect(0, verb, "-h").text)


def bash(line, folder):
    """What COMPREPLY has."""
    script = (
        f"source {BUILD}/pier.bash; COMP_WORDBREAKS=$' \\t\\n\"\\'><=;|&(:'; "
        'COMP_LINE=$1 COMP_POINT=${#1}; _pier; printf "%s\\n" "${COMPREPLY[@]}"'
    )
    return lines(["bash", "--norc", "-c", script, "bash", line], folder)


ZSH = r"""
autoload -Uz compinit && compinit -D -u
compadd() {
	if [[ ${@[1,(i)(-|--)]} == *-(O|A|D)\ * ]]; then
		builtin compadd "$@"
		return
	fi
	local -a hits
	builtin compadd -O hits "$@"
	print -rl -- $hits >>$HITS
	builtin compadd "$@"
}
comppostfuncs=(leave)
leave() { print -r -- end >>$HITS; exit 0; }
bindkey '^I' complete-word
PROMPT='ready>'
"""


def zsh(line, folder):
    """zsh completes only at a prompt: a terminal, a line, and the Tab key."""
    hits = os.path.join(folder, "hits")
    with open(os.path.join(folder, ".zshrc"), "w", encoding="utf-8") as file:
        file.write(f"fpath=({BUILD} $fpath)\n{ZSH}")
    env = {**os.environ, "ZDOTDIR": folder, "HITS": hits, "TERM": "dumb"}
    env["LC_ALL"] = "C.UTF-8"
    at_prompt(["zsh", "-d", "-i"], env, folder, line + "\t", "ready>", hits)
    with open(hits, encoding="utf-8") as file:
        return [hit for hit in file.read().split("\n")[:-2] if hit]


def at_prompt(command, env, folder, keys, prompt, hits):
    """Types keys at the prompt; waits until the file hits ends with "end"."""
    pid, master = pty.fork()
    if pid == 0:
        os.chdir(folder)
        os.execvpe(command[0], command, env)
    said = b""
    typed = False
    end = time.monotonic() + LIMIT
    try:
        while time.monotonic() < end:
            if select.select([master], [], [], 0.05)[0]:
                try:
                    said += os.read(master, 65536)
                except OSError:  # the terminal's other side has closed
                    pass
            if not typed and prompt.encode() in said:
                os.write(master, keys.encode())
                typed = True
            if os.path.exists(hits):
                with open(hits, encoding="utf-8") as file:
                    if file.read().endswith("end\n"):
                        return
        raise AssertionError(f"no end after {LIMIT} s: {said!r}")
    finally:
        os.kill(pid, 9)
        os.waitpid(pid, 0)
        os.close(master)


def fish(line, folder):
    script = f"source {BUILD}/pier.fish; complete -C $argv[1]"
    found = lines(["fish", "--no-config", "-c", script, line], folder)
    hits = [hit.split("\t")[0] for hit in found]
    # fish 4 tells also of what has the letters somewhere, behind what begins so.
    word = line.split(" ")[-1]
    return [hit for hit in hits if hit.startswith(word)] or hits


def lines(command, folder):
    done = subprocess.run(
        command,
        cwd=folder,
        env={**os.environ, "HOME": folder, "LC_ALL": "C.UTF-8"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
        timeout=LIMIT,
    )
    equal(done.stderr, "", "standard error")
    return [hit for hit in done.stdout.split("\n") if hit]


SHELLS = {"bash": bash, "zsh": zsh, "fish": fish}


def plain(hits):
    """Without what a shell puts behind an option that takes a value."""
    return sorted({hit.rstrip("= ") for hit in hits})


def complete(shell, line):
    with tool.scratch() as folder:
        open(os.path.join(folder, "a-file"), "w", encoding="ascii").close()
        return plain(SHELLS[shell](line, folder))


def verbs_of(shell):
    equal(complete(shell, "pier "), sorted(verbs()))
    equal(complete(shell, "pier con"), ["connect"])
    equal(complete(shell, "pier -v con"), ["connect"])


def options_of(shell):
    wanted = sorted(set(options("connect")))
    found = complete(shell, "pier connect --")
    equal([hit for hit in found if hit.startswith("--")], wanted)
    found = complete(shell, "pier connect --on-")
    equal(
        found, ["--on-peer-end", "--on-stdin-end", "--on-stdout-close"]
    )
    contains(complete(shell, "pier serve --read"), "--ready-file")


def values_of(shell):
    models = complete(shell, "pier serve --model ")
    for model in ("fiber", "iterative", "thread"):
        contains(models, model)
    found = complete(shell, "pier connect --on-stdin-end ")
    equal(found, ["close", "half-close", "ignore"])
    contains(complete(shell, "pier connect --timeout "), "5s")
    contains(complete(shell, "pier connect -w "), "5s")
    found = complete(shell, "pier connect --stdio-frame ")
    for kind in ("line", "netstring", "u32be", "delim:"):
        contains(found, kind)
    equal(complete(shell, "pier serve echo --frame dec"), ["decimal:"])
    contains(complete(shell, "pier serve echo --idle-timeout "), "off")
    equal(complete(shell, "pier serve tcp://:1 --exec mkfif"), ["mkfifo"])
    equal(complete(shell, "pier serve --ready-file a-f"), ["a-file"])
    found = complete(shell, "pier connect -S tcp.keepi")
    equal(
        [name.rstrip("=") for name in found], ["tcp.keepidle", "tcp.keepintvl"]
    )


def operands_of(shell):
    found = complete(shell, "pier serve ")
    for handler in ("echo", "upper", "discard"):
        contains(found, handler)
    equal(complete(shell, "pier serve up"), ["upper"])
    equal(complete(shell, "pier serve --model fiber up"), ["upper"])
    schemes = complete(shell, "pier serve echo ")
    for scheme in ("tcp://", "udp6://", "unix://", "fd://"):
        contains(schemes, scheme)
    assert "tls://" not in schemes, schemes
    equal(complete(shell, "pier serve echo tcp://:1 unixg"), ["unixgram://"])
    equal(complete(shell, "pier connect -z tcp6"), ["tcp6://"])
    contains(complete(shell, "pier help "), "exit-codes")
    contains(complete(shell, "pier help "), "serve")
    equal(complete(shell, "pier opt tcp.nodel"), ["tcp.nodelay"])


for _shell in SHELLS:
    for _what in (verbs_of, options_of, values_of, operands_of):

        def _case(shell=_shell, what=_what):
            need(shell)
            what(shell)

        globals()[f"test_{_shell}_{_what.__name__}"[:-3]] = _case


def test_bash_values_behind_an_equals_sign():
    need("bash")
    equal(complete("bash", "pier serve --model=it"), ["iterative"])
    # What bash has before the colon stays; only the rest is put there.
    equal(complete("bash", "pier connect unix:"), ["//"])


def test_bash_at_a_prompt():
    """With the Tab key: the line becomes whole."""
    need("bash")
    with tool.scratch() as folder:
        hits = os.path.join(folder, "hits")
        rc = os.path.join(folder, "rc")
        with open(rc, "w", encoding="utf-8") as file:
            file.write(
                f"PS1='ready>'; source {BUILD}/pier.bash\n"
                "pier() { printf '%s\\n' \"$@\" end >$HITS; }\n"
            )
        env = {**os.environ, "HITS": hits, "TERM": "dumb", "LC_ALL": "C.UTF-8"}
        at_prompt(
            ["bash", "--noprofile", "--rcfile", rc, "-i"],
            env,
            folder,
            "pier serve\tup\t--model=it\t unixg\t/run/x\n",
            "ready>",
            hits,
        )
        with open(hits, encoding="utf-8") as file:
            equal(
                file.read().split(),
                ["serve", "upper", "--model=iterative", "unixgram:///run/x", "end"],
            )


def test_every_verb_completes_all_of_its_options():
    """By the same table, so none may be missing in any of the three."""
    for name in ("pier.bash", "_pier", "pier.fish"):
        with open(os.path.join(BUILD, name), encoding="utf-8") as file:
            text = file.read()
        for verb in verbs():
            for option in options(verb):
                bare = option[2:]
                found = re.search(rf"--{bare}\b|-l {bare}\b", text)
                assert found, json.dumps([name, verb, option])


def test_unknown_shell():
    equal(tool.run("--completions", "tcsh").code, 2)


if __name__ == "__main__":
    tap.main(globals())
