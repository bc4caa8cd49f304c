# SPDX-License-Identifier: MIT
"""What tools/check needs to build pier for aarch64 and to run its tests here:
a cross compiler, qemu's emulation of one process, and the libraries that tests
link, for that machine.

The libraries are Debian's packages, fetched by an apt-get whose state lies in
the build folder, and unpacked there: nothing is installed, and what dpkg and
apt know of this machine stays as it is.
"""

import glob
import os
import shutil
import subprocess

COMPILER = "aarch64-linux-gnu-gcc"
PACKAGES = [
    "libcmocka0",
    "libcmocka-dev",
    "libjansson4",
    "libjansson-dev",
    "libmnl0",
    "libmnl-dev",
]
NEEDED = ["cmocka", "jansson", "libmnl"]  # by their .pc files
LIBRARIES = "usr/lib/aarch64-linux-gnu"

_GUARD = "qemu says yes to MADV_GUARD_INSTALL and does nothing"
_DIAG = "qemu knows no netlink socket for sock_diag"
_INFO = "qemu hands out four bytes of TCP_INFO: not how many queue"
_NAME = "the program's name in /proc is qemu's"
_OPTIONS = "qemu hands out four bytes of most options, whatever they hold"
_UNKNOWN = "qemu refuses options that it does not know with ENOPROTOOPT: "
_BLUETOOTH = _UNKNOWN + "those of Bluetooth"
_GROUP = _UNKNOWN + "MCAST_JOIN_GROUP"
_ERRORS = "qemu receives nothing from the queue of errors without room for bytes"
_VFORK = "qemu makes a fork of vfork: "

# Tests, or `test: case`, that are not run there, and why.
LEFT_OUT = {
    "api/addr_oracle": "the script starts the program itself, without qemu",
    "api/find": _GROUP + ", and aborts in a longjmp between stacks",
    "api/ip_oracle": "the script starts the program itself, without qemu",
    "api/listen: test_the_backlog": _INFO,
    "api/old_program: test_sockets_and_flow": _DIAG,
    "api/old_protocols": _GROUP + ", and aborts in a longjmp between stacks",
    "api/options: test_of_a_dial": _UNKNOWN + "SO_MARK",
    "api/packet_errors: test_closed_ports": _ERRORS,
    "api/packet_errors: test_only_so_many_are_kept": _ERRORS,
    "api/packet_errors: test_others_are_not_concerned": _ERRORS,
    "api/packet_errors: test_several_at_once": _ERRORS,
    "api/packet_errors: test_too_long_for_the_path": _ERRORS,
    "api/packet_kinds: test_options_of_ip_are_no_part_of_a_message": (
        _UNKNOWN + "IP_OPTIONS"
    ),
    "api/packet_many": _GROUP + ", SO_TIMESTAMPNS",
    "api/pass": (
        "qemu makes twice the room for control messages: descriptors that "
        "should not fit arrive, and nobody knows of them"
    ),
    "api/socket_of": _DIAG,
    "cli/holder: test_tcp": _NAME,
    "cli/holder: test_tcp6": _NAME,
    "cli/holder: test_udp": _NAME,
    "cli/holder: test_unix": _NAME,
    "fault/exec": _VFORK + "a signal may come before the program has its group",
    "fault/can": _UNKNOWN + "SO_RXQ_OVFL, SO_TIMESTAMPNS",
    "fault/find": _GROUP,
    "fault/packets: a group, fibers": _GROUP,
    "fault/packets: a group, threads": _GROUP,
    "fault/server": (
        "hundreds of servers fork, for which qemu takes a third of a second "
        "each time: more than ten minutes"
    ),
    "fault/server_models": "as fault/server",
    "fault/sntp: two servers, fibers": _UNKNOWN + "SO_TIMESTAMPING",
    "fault/sntp: two servers, threads": _UNKNOWN + "SO_TIMESTAMPING",
    "fault/sockets: own, fibers": _DIAG,
    "fault/sockets: own, threads": _DIAG,
    "fault/sockets: sockets, fibers": _DIAG,
    "fault/sockets: sockets, threads": _DIAG,
    "fault/sockets: watch, fibers": _DIAG,
    "fault/sockets: watch, threads": _DIAG,
    "net/bt": _BLUETOOTH,
    "net/can": _UNKNOWN + "SO_RXQ_OVFL, SO_TIMESTAMPNS",
    "net/can_bcm": _UNKNOWN + "SO_TIMESTAMPNS",
    "option/option: test_every_kind_of_socket": _OPTIONS,
    "option/option: test_same_as_tcp_info": _INFO,
    "proto/links: all_hear_the_group_and_nobody_himself": _GROUP,
    "proto/links: answers_come_to_who_asked": _GROUP,
    "proto/links: no_socket_is_passed_over": _GROUP,
    "proto/links: unicast_stays_with_who_had_it": _GROUP,
    "proto/sdp": _BLUETOOTH,
    "serve/exec: test_refused": _VFORK + "a failed exec is not seen",
    "serve/descriptors": (
        "qemu 7.2 aborts where the child of a fork starts a thread and the "
        "parent had some: qemu_plugin_vcpu_init_hook"
    ),
    "serve/fork_threads": "qemu has a thread of its own in each process",
    "serve/shared": (
        "qemu has no robust futexes: a lock whose holder died stays held"
    ),
    # Who connects again and again until nobody accepts is accepted.
    "serve/stop: test_drain": _INFO,
    "task/overflow: test_says_who": _GUARD,
    "task/overflow: test_threads_that_come_later": _GUARD,
    "task/overflow: test_nothing_unasked": _GUARD,
    "task/overflow: test_the_guard_of_another": _GUARD,
    "task/overflow: test_a_signal_stack_of_the_program": _GUARD,
    "task/stack: test_guard_by_advice": _GUARD,
    "task/stack: test_uncopied": (
        "qemu says yes to MADV_DONTFORK and does nothing"
    ),
    "task/stack: test_of_one_that_forks": (
        "qemu says yes to MADV_DONTFORK and does nothing"
    ),
}

CROSS_FILE = """\
[binaries]
c = '{compiler}'
ar = 'aarch64-linux-gnu-ar'
strip = 'aarch64-linux-gnu-strip'
pkgconfig = 'pkg-config'
exe_wrapper = ['{qemu}', '-L', '{libc}', '-E', 'LD_LIBRARY_PATH={root}/{lib}']

[properties]
sys_root = '{root}'
pkg_config_libdir = '{root}/{lib}/pkgconfig'

[host_machine]
system = 'linux'
cpu_family = 'aarch64'
cpu = 'aarch64'
endian = 'little'
"""


class Lacking(Exception):
    """What is missing on this machine, in words for a skip."""


def output(*command, **more):
    """What a command prints; Lacking when it fails."""
    try:
        done = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=120,
            **more,
        )
    except subprocess.TimeoutExpired as late:
        raise Lacking(f"{' '.join(command[:1])}: no end after 120 s") from late
    if done.returncode:
        last = (done.stdout.strip().splitlines() or ["no reason given"])[-1]
        raise Lacking(f"{command[0]}: {last}")
    return done.stdout.strip()


def unpacked(root):
    return all(
        os.path.exists(f"{root}/{LIBRARIES}/pkgconfig/{name}.pc")
        for name in NEEDED
    )


def fetch(folder, root):
    """The packages unpacked below root."""
    if os.environ.get("PIER_NO_INSTALL", "0") != "0":
        raise Lacking("PIER_NO_INSTALL keeps arm64 packages from being fetched")
    for name in ("apt-get", "dpkg-deb"):
        if not shutil.which(name):
            raise Lacking(f"no {name} to fetch arm64 packages with")
    state = f"{folder}/apt"
    for part in ("lists/partial", "cache/archives/partial", "debs"):
        os.makedirs(f"{state}/{part}", exist_ok=True)
    with open(f"{state}/status", "w", encoding="utf-8"):
        pass  # nothing is installed there
    apt = ["apt-get", "-q"]
    for setting in (
        f"Dir::State={state}",
        f"Dir::State::lists={state}/lists",
        f"Dir::State::status={state}/status",
        f"Dir::Cache={state}/cache",
        "APT::Architecture=arm64",
        "APT::Architectures::=arm64",
        "APT::Sandbox::User=",
        "Acquire::Retries=2",
        "Acquire::http::Timeout=20",
    ):
        apt += ["-o", setting]
    output(*apt, "update")
    output(*apt, "download", *PACKAGES, cwd=f"{state}/debs")
    for package in glob.glob(f"{state}/debs/*.deb"):
        output("dpkg-deb", "-x", package, root)
    shutil.rmtree(state)
    if not unpacked(root):
        raise Lacking(f"{' '.join(PACKAGES)}: not what was expected in them")


def prepare(folder):
    """The path of meson's cross file, made below folder; or Lacking."""
    if not shutil.which(COMPILER):
        raise Lacking(f"no {COMPILER}; make check-aarch64 installs it")
    qemu = shutil.which("qemu-aarch64") or shutil.which("qemu-aarch64-static")
    if not qemu:
        raise Lacking("no qemu-aarch64; make check-aarch64 installs it")
    loader = output(COMPILER, "-print-file-name=ld-linux-aarch64.so.1")
    if not os.path.isabs(loader):
        raise Lacking(f"no libc for {COMPILER}; make check-aarch64 installs it")
    root = f"{folder}/root"
    if not unpacked(root):
        fetch(folder, root)
    path = f"{folder}/cross.ini"
    with open(path, "w", encoding="utf-8") as file:
        file.write(
            CROSS_FILE.format(
                compiler=COMPILER,
                qemu=qemu,
                libc=os.path.dirname(os.path.dirname(os.path.realpath(loader))),
                root=root,
                lib=LIBRARIES,
            )
        )
    return path
