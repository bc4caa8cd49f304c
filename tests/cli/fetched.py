# SPDX-License-Identifier: MIT
"""Packages of Debian that are unpacked below the build folder, and never installed:
programs that would take something of this machine over, or cannot stand beside
what is there.

Each is fetched once. That it could not be is remembered for a while, so that not
every test waits for it anew, and is known also where a test is that has no network.
"""

import contextlib
import fcntl
import glob
import os
import shutil
import subprocess
import tempfile
import time

FOLDER = os.path.join(os.environ["PIER_BUILD"], "fetched")
LIMIT = 30
AGAIN = 600


def where(name):
    """The folder into which that package was unpacked."""
    return os.path.join(FOLDER, name)


def lacking(*names):
    """Fetch what is missing of these. None, or why they are not all there."""
    with contextlib.suppress(OSError):
        os.makedirs(FOLDER, exist_ok=True)
        with open(os.path.join(FOLDER, "lock"), "w", encoding="ascii") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            for name in names:
                why = lacks(name)
                if why:
                    return why
            return None
    return f"{FOLDER} cannot be written"


def add_user(folder, name, within=()):
    """What a package's scripts would have made, for a mount namespace alone, which
    the words of `within` enter."""
    for path, line in (("passwd", f"{name}:x:996:996::/:/bin/false\n"),
                       ("group", f"{name}:x:996:\n")):
        with open(f"/etc/{path}", encoding="utf-8") as file:
            text = file.read()
        if f"\n{name}:" in text:
            continue
        with open(os.path.join(folder, path), "w", encoding="utf-8") as file:
            file.write(text + line)
        subprocess.run([*within, "mount", "--bind",
                        os.path.join(folder, path), f"/etc/{path}"], check=True)


def lacks(name):
    if os.path.isdir(where(name)):
        return None
    if os.environ.get("PIER_NO_INSTALL", "0") != "0":
        return f"PIER_NO_INSTALL keeps {name} from being fetched"
    for tool in ("apt-get", "dpkg-deb"):
        if shutil.which(tool) is None:
            return f"no {tool} here to fetch {name}"
    failed = where(name) + ".failed"
    if not os.path.exists(failed) or \
            time.time() - os.path.getmtime(failed) > AGAIN:
        why = fetch(name)
        if why is None:
            return None
        with open(failed, "w", encoding="utf-8") as file:
            file.write(why)
    with open(failed, encoding="utf-8") as file:
        return file.read()


def fetch(name):
    """None, or why not."""
    with tempfile.TemporaryDirectory(dir=FOLDER) as folder:
        def run(*command):
            return subprocess.run(
                command, cwd=folder, timeout=LIMIT, check=False, text=True,
                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT)

        try:
            done = run("apt-get", "-q", "-o", "APT::Sandbox::User=",
                       "download", name)
            found = glob.glob(f"{folder}/{name}_*.deb")
            if found:
                done = run("dpkg-deb", "-x", found[0], f"{folder}/root")
        except subprocess.TimeoutExpired:
            return f"{name} was not fetched within {LIMIT} s"
        if done.returncode or not found:
            last = (done.stdout.strip().splitlines() or ["no reason given"])[-1]
            return f"{name} cannot be fetched: {last}"
        os.rename(f"{folder}/root", where(name))
    return None
