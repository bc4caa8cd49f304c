# SPDX-License-Identifier: MIT
"""A machine with Debian's own kernel, emulated by qemu without KVM.

It has no disk. A small initramfs mounts this machine's root read-only by 9p,
loads modules of the fetched kernel and runs jobs in a chroot there: every
program, library and built file of this machine, on another kernel. /tmp,
/run and /dev are the guest's own. What a job says and its status go into a
folder shared for writing. The kernel's package is fetched and unpacked once
below the build folder; nothing is installed.
"""

import glob
import gzip
import os
import re
import shlex
import shutil
import subprocess
import tempfile

# What the guest needs to see the files of this machine.
FIRST = ["virtio_pci", "9pnet_virtio", "9p"]
# modules.dep does not know that libcrc32c asks for one by its algorithm.
UNSAID = {"libcrc32c": ["crc32c_generic"]}

# No guards against other guests, and no wiping of memory: they cost a tenth. The
# timer is not tried out: where this machine is busy it would be found to fail.
APPEND = (
    "console=ttyS0 quiet panic=-1 random.trust_cpu=on mitigations=off "
    "init_on_alloc=0 apparmor=0 rcupdate.rcu_expedited=1 no_timer_check"
)

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
hostname vm
for module in {modules}; do
	insmod "/host/$module" 2>>/out/modules ||
		insmod "{tree}/${{module#{root}/}}"
done
chroot /host /bin/bash /tmp/out/jobs </dev/null >/out/said 2>&1
echo yes >/out/done
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


def tool(name, package):
    path = shutil.which(name, path=os.environ["PATH"] + ":/usr/sbin:/sbin")
    if not path:
        raise Lacking(f"{name} is not here (Debian: {package})")
    return path


class Kernel:
    """Debian's kernel, unpacked below a folder."""

    def __init__(self, folder):
        self.root = f"{folder}/kernel"
        if not glob.glob(f"{self.root}/boot/vmlinuz-*"):
            self.fetch(folder)
        (self.image,) = glob.glob(f"{self.root}/boot/vmlinuz-*")
        self.version = os.path.basename(self.image).split("-", 1)[1]
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

    def fetch(self, folder):
        """The package that linux-image-amd64 stands for today."""
        if os.environ.get("PIER_NO_INSTALL", "0") != "0":
            raise Lacking("PIER_NO_INSTALL keeps the kernel from being fetched")
        if os.uname().machine != "x86_64":
            raise Lacking("the machine is of kind x86_64, this one is not")
        try:
            said = output(
                tool("apt-cache", "apt"), "depends", "linux-image-amd64"
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
                output(*apt, "download", names[0], cwd=there)
            except Broken as failed:
                raise Lacking(f"{names[0]} cannot be had: {failed}") from failed
            (package,) = glob.glob(f"{there}/*.deb")
            output("dpkg-deb", "-x", package, f"{there}/kernel")
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


def initramfs(folder, kernel, tree, modules):
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


class Job:
    """A command to run there: words, variables, seconds it may take."""

    def __init__(self, name, command, environment=None, seconds=30):
        self.name, self.command, self.seconds = name, command, seconds
        self.environment = environment or {}
        self.status, self.said, self.took_ms = None, "", 0

    def line(self, number):
        """What starts it there, in the background."""
        more = "".join(
            f" {key}={shlex.quote(value)}"
            for key, value in self.environment.items()
        )
        return (
            f"(export HOME=/tmp{more}; job {number} {self.seconds} "
            f"{shlex.join(self.command)}) &"
        )


# job NUMBER SECONDS WORD...: how it ended, and after how many milliseconds.
JOB = """job() {
	local begun=${EPOCHREALTIME/./} number=$1 limit=$2
	shift 2
	timeout -k 2 "$limit" "$@" >/tmp/out/"$number".said 2>&1
	echo $? $(((${EPOCHREALTIME/./} - begun) / 1000)) \\
		>/tmp/out/"$number".status
}"""


def script(jobs, tree, at_once, bus):
    """What runs the jobs there, some of them at a time; they find PIER_VM_CAN_BUS
    where the machine has a bus."""
    lines = [JOB, "export PATH=/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"]
    lines += ["export LANG=C.UTF-8 PYTHONDONTWRITEBYTECODE=1", "cd " + tree]
    lines += ["ulimit -n 20000"]
    if bus:
        lines.append("export PIER_VM_CAN_BUS=1")
    for number, job in enumerate(jobs):
        if number >= at_once:
            lines.append("wait -n")
        lines.append(job.line(number))
    return "\n".join([*lines, "wait", ""])


def read(path):
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read()
    except FileNotFoundError:
        return ""


def can_bus(qemu):
    """Two controllers on one bus, where this qemu has them."""
    if 'name "kvaser_pci"' not in output(qemu, "-device", "help"):
        return []
    controller = ["-device", "kvaser_pci,canbus=bus"]
    return ["-object", "can-bus,id=bus", *controller, *controller]


def run(kernel, tree, modules, jobs, seconds=90, at_once=1):
    """Boots, runs the jobs, fills in status and said of each; what the console
    said. A job that did not come to its end has no status.

    The machine has one processor: two that are emulated wait for each other, for
    most of their time where the host's own are busy. Two machines do not."""
    qemu = tool("qemu-system-x86_64", "qemu-system-x86")
    bus = can_bus(qemu)
    with tempfile.TemporaryDirectory(prefix="pier-vm-") as there:
        out = f"{there}/out"
        os.mkdir(out)
        with open(f"{out}/jobs", "w", encoding="utf-8") as file:
            file.write(script(jobs, tree, at_once, bus))
        archive = initramfs(there, kernel, tree, kernel.closure(modules))
        command = [qemu, "-accel", "tcg", "-M", "pc", "-cpu", "max"]
        command += ["-m", "768M"]
        command += ["-nographic", "-no-reboot", "-nodefaults"]
        command += ["-serial", "stdio", "-monitor", "none"]
        command += ["-kernel", kernel.image, "-initrd", archive, "-append"]
        command += [APPEND]
        command += share("root", "/", True) + share("tree", tree, True)
        command += share("out", out, False)
        command += bus
        with open(f"{there}/console", "w", encoding="utf-8") as console:
            try:
                subprocess.run(
                    command,
                    stdin=subprocess.DEVNULL,
                    stdout=console,
                    stderr=subprocess.STDOUT,
                    timeout=seconds,
                    check=False,
                )
            except subprocess.TimeoutExpired:
                print(f"no end after {seconds} s", file=console)
        for number, job in enumerate(jobs):
            job.said = read(f"{out}/{number}.said")
            status = read(f"{out}/{number}.status").strip()
            if status:
                job.status, job.took_ms = map(int, status.split())
        said = read(f"{there}/console") + read(f"{out}/said")
        return said + read(f"{out}/modules")
