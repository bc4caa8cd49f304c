# SPDX-License-Identifier: MIT
"""Hosts on a cable: network namespaces with their own /run, bus and programs,
for tests among daemons that know nothing of pier.

The test itself runs in a namespace of its own, the near end.
"""

import os
import shutil
import subprocess
import sys
import time

BUS_ADDRESS = "unix:path=/run/dbus/system_bus_socket"

BUS = """\
<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>system</type>
  <listen>unix:path=/run/dbus/system_bus_socket</listen>
  <auth>EXTERNAL</auth>
  <policy context="default">
    <allow user="*"/>
    <allow own="*"/>
    <allow send_destination="*"/>
    <allow receive_sender="*"/>
  </policy>
</busconfig>
"""

AVAHI = """\
[server]
host-name={name}
domain-name=local
use-ipv4=yes
use-ipv6={ip6}
allow-interfaces={interface}
entries-per-entry-group-max=5000
objects-per-client-max=5000
[publish]
publish-hinfo=no
publish-workstation=no
[rlimits]
"""

SCRIPT = """
mount -t tmpfs none /run
mkdir -p /run/dbus /run/avahi-daemon
hostname pier-far
ip link set lo up
echo here
exec cat
"""


def missing(*names):
    for name in ("ip", "unshare", "nsenter", *names):
        if shutil.which(name) is None:
            return f"no {name} here"
    if os.geteuid() != 0:
        return "needs root for network namespaces"
    if subprocess.run(["unshare", "-mnpu", "--fork", "true"],
                      check=False).returncode:
        return "cannot make a network namespace"
    return None


def enter(variable, *names):
    """The script again, in a network namespace of its own, where it may name the
    host and mount what it likes; or it is skipped."""
    if variable in os.environ:
        subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
        return
    why = missing(*names)
    if why:
        print(f"1..0 # SKIP {why}")
        sys.exit(0)
    os.environ[variable] = "1"
    os.execvp("unshare", ["unshare", "-mnu", sys.executable, "-B", *sys.argv])


def here(*command):
    subprocess.run(command, check=True)


class Machine:
    """What is started on a host, by its bus; it ends with this object."""

    def __init__(self, folder, interface, ip6):
        self.folder, self.interface, self.ip6 = folder, interface, ip6
        self.started = []

    def inside_of(self, *command):
        """The words that run it there, by that bus."""
        return ["env", f"DBUS_SYSTEM_BUS_ADDRESS={BUS_ADDRESS}", *command]

    def there(self, *command):
        subprocess.run(self.inside_of(*command), check=True)

    def said(self, *command):
        """What it prints there, whatever comes of it."""
        return subprocess.run(
            self.inside_of(*command), stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, text=True, check=False).stdout

    def start(self, *command, **how):
        """A program there; it is killed at the end, if not before."""
        how.setdefault("stdout", subprocess.DEVNULL)
        how.setdefault("stderr", subprocess.DEVNULL)
        process = subprocess.Popen(self.inside_of(*command), **how)
        self.started.append(process)
        return process

    def start_for_good(self, *command):
        """One that reads /proc/self, and lives as long as the host does."""
        return self.start(*command)

    def write(self, name, text):
        path = f"{self.folder}/{self.interface}.{name}"
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        return path

    def start_bus(self):
        bus = self.write("bus", BUS)
        self.start("dbus-daemon", "--config-file", bus, "--nofork",
                   "--nopidfile")
        wait_until(lambda: subprocess.run(
            self.inside_of("test", "-S", "/run/dbus/system_bus_socket"),
            check=False).returncode == 0)

    def start_avahi(self, name="pier-far"):
        self.start_bus()
        conf = self.write("avahi", AVAHI.format(
            name=name, interface=self.interface,
            ip6="yes" if self.ip6 else "no"))
        return self.start("avahi-daemon", "-f", conf, "--no-drop-root",
                          "--no-chroot", "--no-rlimits")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for process in self.started:
            process.kill()
        for process in self.started:
            process.wait()


class Near(Machine):
    """This end: the host of the test itself, with a /run of its own."""

    def __init__(self, folder, interface="near", ip6=False):
        super().__init__(folder, interface, ip6)
        here("mount", "-t", "tmpfs", "none", "/run")
        here("mkdir", "-p", "/run/dbus", "/run/avahi-daemon")

    def __exit__(self, *_):
        super().__exit__()
        here("umount", "/run")


class Host(Machine):
    """A host at the other end of a cable; all of it ends with this object."""

    def __init__(self, folder, near="near", number=1, ip6=False):
        super().__init__(folder, "far", ip6)
        self.near = near
        self.address = f"10.77.{number}.2"
        # A process number space of its own: all there end with its first.
        self.process = subprocess.Popen(
            ["unshare", "-mnpu", "--fork", "--kill-child", "--mount-proc",
             "sh", "-c", SCRIPT],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        try:
            assert self.process.stdout.readline() == b"here\n"
            self.lay_cable(number)
        except BaseException:
            self.__exit__()
            raise

    def lay_cable(self, number):
        pid = self.process.pid
        with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as file:
            self.inside = file.read().split()[0]
        here("ip", "link", "add", self.near, "type", "veth",
             "peer", "name", "far", "netns", self.inside)
        # A link-local address is usable at once, and both ends are one host's.
        for run, end, last in ((here, self.near, 1), (self.there, "far", 2)):
            run("sh", "-c",
                f"echo 0 >/proc/sys/net/ipv6/conf/{end}/accept_dad; "
                f"echo {int(not self.ip6)} "
                f">/proc/sys/net/ipv6/conf/{end}/disable_ipv6")
            run("ip", "addr", "add", f"10.77.{number}.{last}/24", "dev", end)
            run("ip", "link", "set", end, "up")

    def inside_of(self, *command):
        # Without its process numbers: what is started is what is ended.
        return ["nsenter", "-t", self.inside, "-n", "-m", "-u",
                *super().inside_of(*command)]

    def start_for_good(self, *command):
        self.started.append(subprocess.Popen(
            ["nsenter", "-t", self.inside, "-n", "-m", "-u", "-p",
             *super().inside_of(*command)],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL))
        return self.started[-1]

    def write(self, name, text):
        # There may be several far ends.
        return super().write(f"{self.near}.{name}", text)

    def __exit__(self, *_):
        for process in self.started:
            process.kill()
        self.process.kill()
        self.process.communicate()
        super().__exit__()
        subprocess.run(["ip", "link", "del", self.near], check=False,
                       stderr=subprocess.DEVNULL)


def wait_until(holds, limit=30):
    """Waits for the thing itself, as long as a slow machine may need."""
    end = time.monotonic() + limit
    while not holds():
        assert time.monotonic() < end, "in vain"
        time.sleep(0.05)
