# SPDX-License-Identifier: MIT
"""A machine with Debian's own kernel, emulated by qemu without KVM.

It has no disk. A small initramfs mounts this machine's root read-only by 9p,
loads modules of the fetched kernel and runs jobs in a chroot there: every
program, library and built file of this machine, on another kernel. /tmp,
/run and /dev are the guest's own. What a job says and its status go into a
folder shared for writing. The kernel's package is fetched and unpacked once
below the build folder; nothing is installed.
"""

import concurrent.futures
import glob
import gzip
import lzma
import os
import re
import shlex
import shutil
import struct
import subprocess
import tempfile
import time

import jobs

# What the guest needs to see the files of this machine.
FIRST = ["virtio_pci", "9pnet_virtio", "9p"]
# modules.dep does not know that libcrc32c asks for one by its algorithm.
UNSAID = {"libcrc32c": ["crc32c_generic"]}

# No guards against other guests, no wiping of memory, no modules that watch every
# call, no tests of ciphers: they cost a tenth. Programs are always at the same
# addresses, so that what qemu has translated of a library serves the next one: a
# quarter. The timer is not tried out: where this machine is busy it would be found
# to fail.
APPEND = (
    "console=ttyS0 quiet panic=-1 random.trust_cpu=on mitigations=off "
    "init_on_alloc=0 lsm=yama cryptomgr.notests norandmaps "
    "rcupdate.rcu_expedited=1 no_timer_check"
)

# One of few features: what guards memory, and saves wide registers, is slower to
# emulate than to do without.
CPU = "Nehalem,+rdrand"

# Where a job runs.
VARIABLES = [
    "PATH=/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    "LANG=C.UTF-8",
    "PYTHONDONTWRITEBYTECODE=1",
]

# So long before their time is over machines start nothing more: what is short ends.
LAST_S = 10

QEMU = ("qemu-system-x86_64", "qemu-system-x86")

INIT = """#!/bin/sh
/bin/busybox mkdir -p /dev /host /out
/bin/busybox --install -s /bin
mount -t devtmpfs dev /dev
for module in {first}; do insmod /modules/$module; done
share() {{
	mount -t 9p -o trans=virtio,version=9p2000.L,msize=262144,$3 "$1" "$2"
}}
share root /host ro,cache=loose
share out /out rw
mount -t proc proc /host/proc
mount -t sysfs sys /host/sys
mount -t devtmpfs dev /host/dev
mkdir -p /host/dev/pts /host/dev/shm
mount -t devpts pts /host/dev/pts
mount -t tmpfs shm /host/dev/shm
ln -s /proc/self/fd /host/dev/fd
ln -s /proc/self/fd/0 /host/dev/stdin
ln -s /proc/self/fd/1 /host/dev/stdout
ln -s /proc/self/fd/2 /host/dev/stderr
mount -t tmpfs tmp /host/tmp
mount -t tmpfs run /host/run
chmod 1777 /host/tmp /host/dev/shm
# The build may lie in the /tmp that was just covered.
mkdir -p {tree} /host/tmp/out
[ -e {tree}/Makefile ] || share tree {tree} ro,cache=loose
mount -o bind /out /host/tmp/out
ip link set lo up
# A machine of so little memory keeps few, and one test's crowd drives out another's.
echo 65536 >/host/proc/sys/net/ipv4/tcp_max_tw_buckets
# What a machine with a network has: who says that there is no such name, at once, and
# a route for what goes to everybody.
sed 's/^hosts:.*/hosts: files [NOTFOUND=return] dns/' /host/etc/nsswitch.conf >/nsswitch.conf
mount -o bind /nsswitch.conf /host/etc/nsswitch.conf
ip route add broadcast 255.255.255.255 dev lo table local
hostname vm
# What was sent over loopback is there when the call returns, as where there is more
# than one processor: else a busy kernel leaves it to a thread, which is one of many.
for task in /host/proc/[0-9]*; do
	case "$(cat "$task/comm")" in ksoftirqd/*)
		chroot /host /usr/bin/chrt --fifo --pid 50 "${{task##*/}}" ;;
	esac
done
for module in {modules}; do
	insmod "/host/$module" 2>>/out/modules.{name} ||
		insmod "{tree}/${{module#{root}/}}"
done
ulimit -n 20000
chroot /host /bin/bash /tmp/out/jobs.{name} </dev/null >/out/said.{name} 2>&1
sync
poweroff -f
"""


class Lacking(Exception):
    """What is missing on this machine, in words for a skip."""


class Broken(Exception):
    """What failed, and should not have."""


def output(*command, seconds=120, **more):
    """What a command prints; Broken when it fails."""
    try:
        done = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=seconds,
            **more,
        )
    except subprocess.TimeoutExpired as late:
        raise Broken(f"{command[0]}: no end after {seconds} s") from late
    if done.returncode:
        last = (done.stdout.strip().splitlines() or ["no reason given"])[-1]
        raise Broken(f"{command[0]}: {last}")
    return done.stdout


def left(until):
    """Seconds until that moment; not nothing, so that a quick thing is done yet."""
    return max(1, until - time.monotonic())


def tool(name, package):
    path = shutil.which(name, path=os.environ["PATH"] + ":/usr/sbin:/sbin")
    if not path:
        raise Lacking(f"{name} is not here (Debian: {package})")
    return path


def unpack(packed, image):
    """Writes the kernel that a bzImage carries: of its four seconds of boot, three
    go into unpacking itself. Documentation/arch/x86/boot.rst says where it is."""
    with open(packed, "rb") as file:
        whole = file.read()
    setup_sectors = whole[0x1F1] or 4
    offset, length = struct.unpack_from("<II", whole, 0x248)
    offset += (setup_sectors + 1) * 512
    try:
        kernel = lzma.LZMADecompressor().decompress(
            whole[offset : offset + length]
        )
    except lzma.LZMAError as failed:
        raise Broken(f"{packed} is not packed by xz: {failed}") from failed
    with open(f"{image}.part", "wb") as file:
        file.write(kernel)
    os.rename(f"{image}.part", image)


class Kernel:
    """Debian's kernel, unpacked below a folder."""

    def __init__(self, folder, seconds=120):
        """So many seconds may it take to fetch it."""
        self.root = f"{folder}/kernel"
        if not glob.glob(f"{self.root}/boot/vmlinuz-*"):
            self.fetch(folder, time.monotonic() + seconds)
        (packed,) = glob.glob(f"{self.root}/boot/vmlinuz-*")
        self.version = os.path.basename(packed).split("-", 1)[1]
        self.image = f"{self.root}/boot/vmlinux-{self.version}"
        if not os.path.exists(self.image):
            unpack(packed, self.image)
        self.modules = f"{self.root}/lib/modules/{self.version}"
        if not os.path.exists(f"{self.modules}/modules.dep"):
            output(tool("depmod", "kmod"), "-b", self.root, self.version)
        self.needs, self.paths = {}, {}
        with open(f"{self.modules}/modules.dep", encoding="utf-8") as lines:
            for line in lines:
                path, after = line.split(":")
                name = self.name_of(path)
                self.paths[name] = f"{self.modules}/{path}"
                self.needs[name] = [self.name_of(it) for it in after.split()]
        with open(f"{self.modules}/modules.builtin", encoding="utf-8") as lines:
            self.builtin = {self.name_of(line.strip()) for line in lines}

    @staticmethod
    def name_of(path):
        return os.path.basename(path).split(".")[0].replace("-", "_")

    def fetch(self, folder, until):
        """The package that linux-image-amd64 stands for today."""
        if os.environ.get("PIER_NO_INSTALL", "0") != "0":
            raise Lacking("PIER_NO_INSTALL keeps the kernel from being fetched")
        if os.uname().machine != "x86_64":
            raise Lacking("the machine is of kind x86_64, this one is not")
        try:
            said = output(
                tool("apt-cache", "apt"),
                "depends",
                "linux-image-amd64",
                seconds=left(until),
            )
        except Broken as failed:
            raise Lacking(str(failed)) from failed
        names = re.findall(r"Depends: (linux-image-\S+)", said)
        if not names:
            raise Lacking("apt knows no linux-image-amd64")
        os.makedirs(folder, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder) as there:
            apt = ["apt-get", "-q", "-o", "APT::Sandbox::User="]
            apt += ["-o", "Acquire::http::Timeout=20"]
            try:
                words = (*apt, "download", names[0])
                output(*words, cwd=there, seconds=left(until))
                (package,) = glob.glob(f"{there}/*.deb")
                words = ("dpkg-deb", "-x", package, f"{there}/kernel")
                output(*words, seconds=left(until))
            except Broken as failed:
                raise Lacking(f"{names[0]} cannot be had: {failed}") from failed
            shutil.rmtree(self.root, ignore_errors=True)
            os.rename(f"{there}/kernel", self.root)

    def closure(self, names):
        """Paths of these modules and of all they need, in order of loading."""
        ordered = []

        def add(name):
            name = name.replace("-", "_")
            if name in self.builtin or self.paths.get(name) in ordered:
                return
            if name not in self.paths:
                raise Broken(f"{self.version} has no module {name}")
            for other in UNSAID.get(name, []) + self.needs[name][::-1]:
                add(other)
            if self.paths[name] not in ordered:
                ordered.append(self.paths[name])

        for name in names:
            add(name)
        return ordered


def initramfs(folder, kernel, tree, modules, machine):
    """The path of the compressed archive that the kernel unpacks first."""
    there = f"{folder}/initramfs"
    for name in ("bin", "modules"):
        os.makedirs(f"{there}/{name}")
    busybox = tool("busybox", "busybox-static")
    shutil.copy(busybox, f"{there}/bin/busybox")
    os.symlink("busybox", f"{there}/bin/sh")
    first = kernel.closure(FIRST)
    for path in first:
        shutil.copy(path, f"{there}/modules")
    text = INIT.format(
        first=" ".join(os.path.basename(path) for path in first),
        name=machine,
        tree=shlex.quote("/host" + tree),
        root=tree,
        modules=" ".join(path for path in modules if path not in first),
    )
    with open(f"{there}/init", "w", encoding="utf-8") as file:
        file.write(text)
    os.chmod(f"{there}/init", 0o755)
    names = output("find", ".", cwd=there)
    packed = subprocess.run(
        [tool("cpio", "cpio"), "-o", "-H", "newc", "--quiet"],
        cwd=there,
        input=names.encode(),
        stdout=subprocess.PIPE,
        check=True,
    )
    path = f"{folder}/initramfs.gz"
    with gzip.open(path, "wb", compresslevel=1) as file:
        file.write(packed.stdout)
    return path


def share(name, path, readonly):
    return [
        "-fsdev",
        f"local,id={name},path={path},security_model=none,multidevs=remap"
        + (",readonly=on" if readonly else ""),
        "-device",
        f"virtio-9p-pci,fsdev={name},mount_tag={name}",
    ]


def can_bus(qemu):
    """Two controllers on one bus, where this qemu has them."""
    if 'name "kvaser_pci"' not in output(qemu, "-device", "help"):
        return []
    controller = ["-device", "kvaser_pci,canbus=bus"]
    return ["-object", "can-bus,id=bus", *controller, *controller]


class Machine:
    """One that runs jobs of its own, then of those that all machines have in
    common; its files in the folder that they share are called by its name.

    It has one processor: two that are emulated wait for each other, for most of
    their time where the host's own are busy. Two machines do not."""

    def __init__(self, name, modules, own):
        self.name, self.modules, self.jobs = name, modules, own
        self.cut_off = False  # it had not ended by the end of its time

    def prepare(self, kernel, tree, there, text):
        """The archive it boots from, and its script."""
        with open(f"{there}/out/jobs.{self.name}", "w", encoding="utf-8") as file:
            file.write(text)
        modules = kernel.closure(self.modules)
        return initramfs(f"{there}/{self.name}", kernel, tree, modules, self.name)

    def boot(self, kernel, tree, there, archive, bus, until):
        """Boots it, and waits for its end."""
        command = [tool(*QEMU), "-accel", "tcg", "-M", "q35", "-cpu", CPU]
        command += ["-m", "640M", "-nographic", "-no-reboot", "-nodefaults"]
        command += ["-serial", "stdio", "-monitor", "none"]
        command += ["-kernel", kernel.image, "-initrd", archive]
        command += ["-append", APPEND]
        command += share("root", "/", True) + share("tree", tree, True)
        command += share("out", f"{there}/out", False)
        command += bus
        with open(f"{there}/{self.name}/console", "wb") as console:
            with subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=console,
                stderr=subprocess.STDOUT,
            ) as qemu:
                try:
                    self.wait(qemu, f"{there}/out/over", until)
                finally:
                    qemu.kill()

    def wait(self, qemu, over, until):
        """Until it ends by itself, or has no more time. Before that it is told to
        start nothing more."""
        try:
            qemu.wait(left(until - LAST_S))
        except subprocess.TimeoutExpired:
            with open(over, "w", encoding="ascii"):
                pass
            try:
                qemu.wait(left(until))
            except subprocess.TimeoutExpired:
                self.cut_off = True

    def said(self, there):
        return "".join(
            jobs.read(f"{there}/{path}")
            for path in (
                f"{self.name}/console",
                f"out/said.{self.name}",
                f"out/modules.{self.name}",
            )
        )


def run(kernel, tree, machines, common, until, at_once=1, excused=None):
    """Boots them beside each other; they run their own jobs, and of the common ones
    each takes the next as soon as it has room, until that moment. Fills in how each
    ended; what the consoles said. With the seconds that all may take as `excused`,
    those that did not come to an end in time may have an excuse."""
    bus = can_bus(tool(*QEMU))
    every = [job for machine in machines for job in machine.jobs] + common
    for number, job in enumerate(every):
        job.number = number
    variables = VARIABLES + (["PIER_VM_CAN_BUS=1"] if bus else [])
    with tempfile.TemporaryDirectory(prefix="pier-vm-") as there:
        out = f"{there}/out"
        os.mkdir(out)

        def one(machine):
            text = jobs.script(
                machine.name, machine.jobs, common, at_once, "/tmp/out", variables
            )
            archive = machine.prepare(kernel, tree, there, text)
            machine.boot(kernel, tree, there, archive, bus, until)
            return machine.said(there)

        with concurrent.futures.ThreadPoolExecutor(len(machines)) as pool:
            said = "".join(pool.map(one, machines))
        jobs.collect(every, out)
        if excused:
            jobs.excuse(every, machines, out, excused)
    return said
