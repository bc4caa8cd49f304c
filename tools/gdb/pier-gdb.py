# SPDX-License-Identifier: MIT
"""Fibers of pier in gdb: `source pier-gdb.py`, then

    pier fibers        every fiber: what it waits for, since when
    pier bt ID         where the fiber of that number stands
    pier bt all        where all of them stand

Works on a running process, at a breakpoint, and on a core file of the kernel
(gdb's own gcore leaves out mappings that have guard pages), and changes
nothing: a parked fiber is not switched to. Its registers lie on its own stack,
where the switch left them, and an unwinder hands them to gdb as the caller of
the innermost frame. Only x86-64 has that frame; needs libpier's debug symbols.
"""

import re
import time

import gdb
import gdb.unwinder

STATES = {0: "running", 1: "ready", 2: "parked", 3: "ended"}
FIBER = 0

# What pier__switch() keeps, from the saved stack pointer up: see
# src/task/switch_x86_64.S.
FRAME = {
    "r15": 8,
    "r14": 16,
    "r13": 24,
    "r12": 32,
    "rbx": 40,
    "rbp": 48,
    "rip": 56,
}
FRAME_SIZE = 64


class Place:
    """How gdb wants a frame to be named."""

    def __init__(self, sp, pc):
        self.sp = sp
        self.pc = pc


class FiberUnwinder(gdb.unwinder.Unwinder):
    """While `saved` is set, the innermost frame was called by that fiber."""

    def __init__(self):
        super().__init__("pier fibers")
        self.saved = None
        self.innermost = None

    def __call__(self, pending):
        if self.saved is None:
            return None
        here = (int(pending.read_register("rsp")), int(pending.read_register("rip")))
        if here != self.innermost:
            return None
        word = gdb.lookup_type("unsigned long")
        # Under the fiber's own frames, so that gdb sees the stack grow.
        info = pending.create_unwind_info(
            Place(gdb.Value(self.saved).cast(word), gdb.Value(here[1]).cast(word))
        )
        for name, offset in FRAME.items():
            at = gdb.Value(self.saved + offset).cast(word.pointer())
            info.add_saved_register(name, at.dereference())
        info.add_saved_register(
            "rsp", gdb.Value(self.saved + FRAME_SIZE).cast(word)
        )
        return info


unwinder = FiberUnwinder()
gdb.unwinder.register_unwinder(None, unwinder, replace=True)


def offset_of(type_name, member):
    for field in gdb.lookup_type(type_name).fields():
        if field.name == member:
            return field.bitpos // 8
    raise gdb.GdbError(f"{type_name} has no {member}: another version of pier?")


def listed(head, type_name, member):
    """The objects on a struct pier__list."""
    offset = offset_of(type_name, member)
    byte = gdb.lookup_type("char").pointer()
    thing = gdb.lookup_type(type_name).pointer()
    at = head["next"]
    while at != head.address:
        yield (at.cast(byte) - offset).cast(thing).dereference()
        at = at["next"]


def current_task():
    """pier's task of the selected thread, or None."""
    try:
        task = gdb.parse_and_eval("(struct pier__task *)pier__current")
    except gdb.error as why:
        if "struct pier__task" in str(why) or "No symbol" in str(why):
            raise gdb.GdbError("pier: no debug symbols of libpier") from why
        return None  # a thread without its thread-locals yet
    return task.dereference() if task != 0 else None


class Keep:
    """The user's thread and frame are selected again at the end."""

    def __enter__(self):
        self.thread = gdb.selected_thread()
        self.frame = gdb.selected_frame() if self.thread else None

    def __exit__(self, *_):
        if self.thread:
            self.thread.switch()
            if self.frame.is_valid():
                self.frame.select()


def fibers():
    """(thread, fiber) for every fiber; its thread is selected meanwhile."""
    threads = sorted(gdb.selected_inferior().threads(), key=lambda it: it.num)
    if not threads:
        raise gdb.GdbError("pier: no process, no core file")
    for thread in threads:
        thread.switch()
        task = current_task()
        if task is None or task["sched"] == 0:
            continue
        for fiber in listed(
            task["sched"]["all"], "struct pier__task", "all_node"
        ):
            yield thread, fiber


def text(pointer):
    return pointer.string() if pointer != 0 else ""


def symbol(pointer):
    match = re.search(r"<([^>+]+)", str(pointer))
    return match.group(1) if match else hex(int(pointer))


def function(fiber):
    name = symbol(fiber["fn"])
    if name == "first_main":  # pier_run()'s wrapper of the user's
        first = gdb.lookup_type("struct first").pointer()
        name = symbol(fiber["arg"].cast(first)["fn"])
    return name


def is_native():
    """A process of this machine: a core file has no present."""
    connection = gdb.selected_inferior().connection
    return connection is not None and connection.type == "native"


def describe(fiber):
    state = STATES.get(int(fiber["state"]), "?")
    waits = fd = since = ""
    if state == "parked":
        waits = text(fiber["waits"])
        fd = str(fiber["wait_fd"]) if int(fiber["wait_fd"]) >= 0 else ""
        passed = time.monotonic_ns() - int(fiber["wait_since"])
        if is_native() and passed >= 0:
            since = f"{passed / 1e9:.1f}s"
    return state, waits, fd, since


class Pier(gdb.Command):
    """What pier's fibers do: pier fibers, pier bt ID, pier bt all."""

    def __init__(self):
        super().__init__("pier", gdb.COMMAND_STACK, prefix=True)


class Fibers(gdb.Command):
    """List every fiber, its state, what it waits for and since when."""

    def __init__(self):
        super().__init__("pier fibers", gdb.COMMAND_STACK)

    def invoke(self, argument, from_tty):
        row = "{:>6} {:>6} {:8} {:8} {:>4} {:>8}  {}"
        with Keep():
            print(row.format("thread", "id", "state", "waits", "fd", "since", ""))
            count = 0
            for thread, fiber in fibers():
                name = text(fiber["name"])
                what = f"{name} {function(fiber)}" if name else function(fiber)
                print(
                    row.format(
                        thread.num, int(fiber["id"]), *describe(fiber), what
                    )
                )
                count += 1
            print(f"{count} fibers")


class Backtrace(gdb.Command):
    """Show where one fiber stands, by its id, or all of them."""

    def __init__(self):
        super().__init__("pier bt", gdb.COMMAND_STACK)

    def invoke(self, argument, from_tty):
        wanted = argument.strip()
        if wanted != "all" and not wanted.isdigit():
            raise gdb.GdbError("pier bt ID, or pier bt all: see pier fibers")
        found = False
        with Keep():
            for thread, fiber in list(fibers()):
                if wanted not in ("all", str(int(fiber["id"]))):
                    continue
                found = True
                thread.switch()
                self.show(fiber)
        if not found:
            raise gdb.GdbError(f"pier: no fiber {wanted}: see pier fibers")

    def show(self, fiber):
        state, waits, _, _ = describe(fiber)
        name = text(fiber["name"])
        print(
            "fiber {}{}: {}{}".format(
                int(fiber["id"]),
                f" {name}" if name else "",
                state,
                f", {waits}" if waits else "",
            )
        )
        gdb.newest_frame().select()
        if state == "running":
            gdb.execute("backtrace")
            return
        frame = gdb.newest_frame()
        innermost = (int(frame.read_register("rsp")), int(frame.pc()))
        try:
            unwinder.innermost = innermost
            unwinder.saved = int(fiber["sp"])
            gdb.invalidate_cached_frames()
            said = gdb.execute("backtrace", to_string=True)
        finally:
            unwinder.saved = None
            gdb.invalidate_cached_frames()
        print(without_innermost(said))


def without_innermost(said):
    """A backtrace less its frame 0, which is the thread's and not the
    fiber's."""
    lines = []
    for line in said.splitlines():
        match = re.match(r"#(\d+)(\s+)", line)
        if match and match.group(1) != "0":
            number = str(int(match.group(1)) - 1)
            lines.append(f"#{number:<3}" + line[match.end() :])
        elif lines:
            lines.append(line)
    return "\n".join(lines)


Pier()
Fibers()
Backtrace()
