# SPDX-License-Identifier: MIT
"""make run's second half: the demo server, and every command that it says to
type in another terminal."""

import os
import shutil
import signal
import subprocess

import tap
from tap import Skip, contains, equal
from tool import ENV, PIER, SOURCE, free_port, scratch, wait_until


class Demo:
    """tools/run-demo in a folder and on a port of its own."""

    def __init__(self, folder):
        self.socket = os.path.join(folder, "pier-echo.sock")
        self.out = os.path.join(folder, "out")
        with open(self.out, "wb") as out:
            self.process = subprocess.Popen(
                [f"{SOURCE}/tools/run-demo", os.path.dirname(PIER)],
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.PIPE,
                env={
                    **ENV,
                    "PIER_DEMO_PORT": str(free_port()),
                    "XDG_RUNTIME_DIR": folder,
                },
            )
        # The last of its endpoints is the Unix socket.
        wait_until(
            lambda: self.process.poll() is not None
            or os.path.exists(self.socket)
        )

    def commands(self):
        """What it says to type: two blanks ahead, six when it goes on."""
        with open(self.out, encoding="utf-8") as file:
            lines = [line for line in file if line.startswith("  ")]
        return "".join(lines).replace("\n      ", " ").splitlines()

    def end(self):
        """Ctrl-C."""
        self.process.send_signal(signal.SIGINT)
        _, err = self.process.communicate(timeout=20)
        return self.process.returncode, err.decode()


def test_every_command_that_is_shown():
    with scratch() as folder:
        demo = Demo(folder)
        try:
            commands = demo.commands()
            equal(len(commands), 6)
            for command in commands:
                program = command.split()[0]
                if shutil.which(program) is None:
                    raise Skip(f"{program} is not installed")
                done = subprocess.run(
                    ["sh", "-c", command],
                    input=b"hello\n",
                    capture_output=True,
                    env=ENV,
                    timeout=20,
                    check=False,
                )
                equal(done.returncode, 0, command)
                contains(done.stdout.decode(), "hello", command)
        finally:
            code, said = demo.end()
        equal(code, 0)
        contains(said, "served 5 connections and 1 datagram")
        equal(os.path.exists(demo.socket), False)


if __name__ == "__main__":
    tap.main(globals())
