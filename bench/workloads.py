# SPDX-License-Identifier: MIT
"""What bench/run.py measures: the servers, and the work they are given."""

from dataclasses import dataclass

BUSY = 0.95  # a run's rate counts only if the server's core was so busy

# How to start each server; {build} {buf} {port} {ready} {workers} are filled in.
# One with {ready} writes its endpoint to that file, the others print
# "READY port".
SERVERS = {
    "epoll": "{build}/bench/yard_epoll --port {port} --buf {buf}",
    "uv": "{build}/bench/yard_uv --port {port} --buf {buf}",
    "pier": "{build}/bench/echo_pier --port {port} --buf {buf}",
    "pier-array": "{build}/bench/echo_pier --port {port} --array",
    "tool": "{build}/pier serve echo tcp4://127.0.0.1:{port} --model fiber"
            " --max-connections 18000 --max-per-address 18000"
            " --ready-file {ready}",
}

# The models as pier has them and as textbooks do; each pair only meets itself.
MODELS = {
    "iterative": ("--model iterative", "--model iterative"),
    "thread": ("--model thread", "--model thread"),
    "pool": ("--model pool --workers {workers}",) * 2,
    "fork": ("--model fork", "--model fork"),
    "prefork": ("--model iterative --processes {workers}",
                "--model prefork --workers {workers}"),
}
MODEL_SERVERS = {
    f"{side}-{model}": f"{{build}}/bench/{program} --port {{port}} {options[i]}"
    for model, options in MODELS.items()
    for i, (side, program) in enumerate(
        [("pier", "echo_pier"), ("hand", "yard_models")])}

# Relays, between the generator and an echo server beside it. socat serves one
# connection and says nothing when it listens.
RELAYS = {
    "pier": "{build}/bench/relay_pier --port {port} --target {target}",
    "copy": "{build}/bench/yard_relay --port {port} --target {target}"
            " --buf 65536",
    "splice": "{build}/bench/yard_relay --port {port} --target {target}"
              " --splice --buf 65536",
    "socat": "socat -b 65536 TCP4-LISTEN:{free},bind=127.0.0.1,reuseaddr,"
             "nodelay TCP4:127.0.0.1:{target},nodelay",
}
# One message after the other, and the loop that echoes what one recv brought.
FRAMES = {
    "pier": "{build}/bench/echo_pier --port {port} --frame",
    "epoll": "{build}/bench/yard_epoll --port {port} --buf 4096",
}
# Datagrams: several by each call, or one by one as textbooks have it.
PACKETS = {
    "pier": "{build}/bench/echo_pier --port {port} --udp",
    "batch": "{build}/bench/yard_packets --port {port} --batch",
    "single": "{build}/bench/yard_packets --port {port}",
    "uv": "{build}/bench/yard_uv_packets --port {port}",
    "go": "{build}/bench/yard_go_packets --port {port}",
}
# Other libraries: pier is not to be behind them.
LIBRARIES = {"uv", "go"}
METER_REFUSED = 3  # what the generator exits with, see meter.h


def judge(good, target):
    return f'{target:<11} {"PASS" if good else "miss"}'


@dataclass
class Metric:
    """One figure of a run and how two of them make a ratio.

    cost: rival / subject, rate: subject / rival (both: more is better);
    latency: subject / rival (less is better). `target` is for the rivals by
    hand; a library must only not be ahead where the intervals separate.
    """
    label: str
    key: str
    kind: str
    target: float = None

    def ratio(self, subject, rival):
        if self.kind == "cost":
            return rival[self.key] / subject[self.key]
        return subject[self.key] / rival[self.key]

    def counts(self, subject, rival):
        return self.kind != "rate" or min(
            subject["busy_slices"], rival["busy_slices"]) > 0

    def verdict(self, rival, median, low, high):
        if self.kind == "latency":
            if rival != "epoll" or self.target is None:
                return ""
            return judge(median <= self.target, f"<= {self.target:.2f}")
        if rival not in LIBRARIES:
            return judge(median >= self.target, f">= {self.target:.2f}")
        return judge(high >= 1, "not behind")


@dataclass
class Workload:
    name: str
    mode: str
    metrics: list
    connections: int = 64
    size: int = 64
    depth: int = 1
    buf: int = 4096
    model: str = None  # then the pair is MODELS[model]
    own: dict = None  # servers of its own, the subject first: RELAYS, PACKETS

    def processes(self):
        """Of the server, to be counted together; 0: it is one, and stays so."""
        return {"fork": 1, "prefork": 1 + self.connections}.get(self.model, 0)

    def slices(self):
        """Of a round: many, where it takes no time to connect again. A socat
        that relays has an end with its first connection."""
        if self.own is RELAYS:
            return 1
        return 6 if self.connections <= 1000 else 3

    def arguments(self, times):
        return [self.mode, "--connections", str(self.connections),
                "--size", str(self.size), "--depth", str(self.depth),
                "--warm-ms", str(times["warm"]),
                "--measure-ms", str(times["measure"]),
                "--silent-ms", str(times["silent"]),
                "--processes", str(self.processes()),
                "--framed", str(int(self.own is FRAMES))]


def cost(target):
    return Metric("CPU/request", "server_us", "cost", target)


def rate(target):
    return Metric("requests/s", "per_second", "rate", target)


def latency(label, key, target=None):
    return Metric(label, key, "latency", target)


P99 = latency("p99", "p99_us", 1.25)

WORKLOADS = [
    Workload("volley-64", "volley", [cost(.98)]),
    Workload("volley-1000", "volley", [cost(.98)], connections=1000),
    Workload("volley-10000", "volley", [cost(.98)], connections=10000),
    Workload("echo-64", "echo", [rate(.98), P99]),
    Workload("echo-1000", "echo", [rate(.98), P99], connections=1000),
    Workload("echo-10000", "echo", [rate(.98)], connections=10000),
    Workload("rtt", "rtt", [latency("round trip", "p50_us", 1.05)],
             connections=1),
    Workload("volley-16k", "volley", [cost(.97)], size=16384, buf=65536),
    Workload("echo-16k", "echo", [rate(.97)], size=16384, buf=65536),
    Workload("volley-deep", "volley", [cost(.97)], depth=16),
    Workload("echo-deep", "echo", [rate(.97)], depth=16),
    Workload("conn", "conn", [cost(.95)], connections=16),
]

WORKLOADS += [
    Workload(f"conn-{model}", "conn", [cost(.95), rate(.95)], connections=16,
             model=model) for model in MODELS]
WORKLOADS += [
    Workload(f"volley-{model}", "volley", [cost(.95)], model=model,
             connections=1 if model == "iterative" else 64)
    for model in MODELS if model != "prefork"]

# Of pieces below 8 KiB there is nothing to win, and nothing may be lost.
WORKLOADS += [
    Workload("relay-1k", "echo", [cost(.90)], connections=1, size=1024,
             own=RELAYS),
    Workload("relay-4k", "echo", [cost(.90)], connections=1, size=4096,
             own=RELAYS),
    Workload("relay-64k", "echo", [cost(.90)], connections=1, size=65536,
             own=RELAYS),
]

WORKLOADS += [
    Workload("packets-1", "packets", [cost(.97)], connections=1, own=PACKETS),
    Workload("packets-64", "packets", [cost(.97)], own=PACKETS),
    Workload("packets-peers", "peers", [cost(.97)], own=PACKETS),
]

WORKLOADS += [
    Workload("frame-volley", "volley", [cost(.95)], size=68, depth=16,
             own=FRAMES),
    Workload("frame-echo", "echo", [rate(.95)], size=68, depth=16,
             own=FRAMES),
]

# Receiving alone: how each is called, and how many messages of each size. By
# hand a message is one memchr and one memcpy, of either kind.
RECEIVERS = {
    "hand": "{build}/bench/frames --by hand --kind line",
    "view": "{build}/bench/frames --by view --kind {kind}",
    "recv": "{build}/bench/frames --by recv --kind {kind}",
    "many": "{build}/bench/frames --by many --kind {kind}",
    "evbuffer": "{build}/bench/frames --by evbuffer --kind line",
}
PYTHON = "{source}/frames.py {build}/bench/frames"
MESSAGES = {64: 4000000, 65536: 20000}

# Memory is no ratio: bytes of the server per idle connection, at most.
IDLE = Workload("idle", "idle", [], connections=10000)
IDLE_TARGETS = {"pier": 5 * 1024, "pier-array": 9 * 1024}

NAMES = [workload.name for workload in WORKLOADS] + [
    "frames", "idle", "tasks"]
