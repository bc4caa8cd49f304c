# SPDX-License-Identifier: MIT
"""Servers in plain Python for pier connect to talk to."""

import contextlib
import socket
import struct
import threading


class Peer:
    """A listener whose script(connection) runs for one connection, in a
    thread. What it returns, or the exception, is there after join()."""

    def __init__(self, script, family=socket.AF_INET, address=None):
        self.script = script
        self.result = None
        self.error = None
        self.listener = socket.socket(family, socket.SOCK_STREAM)
        if address is None:
            address = ("::1" if family == socket.AF_INET6 else "127.0.0.1", 0)
        self.listener.bind(address)
        self.listener.listen(5)
        self.listener.settimeout(20)
        self.name = self.listener.getsockname()
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    @property
    def endpoint(self):
        if self.listener.family == socket.AF_UNIX:
            return f"unix://{self.name}"
        host = self.name[0] if "." in self.name[0] else f"[{self.name[0]}]"
        return f"tcp://{host}:{self.name[1]}"

    def run(self):
        try:
            connection, self.client = self.listener.accept()
            with connection:
                connection.settimeout(20)
                self.result = self.script(connection)
        except Exception as error:
            self.error = error

    def join(self):
        self.thread.join(20)
        if self.error is not None:
            raise self.error
        if self.thread.is_alive():
            raise AssertionError("the peer's script did not end")
        return self.result

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.listener.close()


def read_all(connection):
    """Everything to the end."""
    parts = []
    while part := connection.recv(65536):
        parts.append(part)
    return b"".join(parts)


def read_exactly(connection, size):
    data = b""
    while len(data) < size:
        part = connection.recv(size - len(data))
        if not part:
            break
        data += part
    return data


def reset(connection):
    """End the connection by RST."""
    connection.setsockopt(
        socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0)
    )
    connection.close()


def answer_after_end(connection):
    """The classic: read to the end, answer, close."""
    got = read_all(connection)
    connection.sendall(b"got:" + got)
    return got


def flood(connection):
    """Send for as long as somebody is there."""
    with contextlib.suppress(OSError):
        while True:
            connection.sendall(bytes(65536))


@contextlib.contextmanager
def black_hole():
    """A TCP address that answers nothing: its queue is full, so the kernel
    drops what comes."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        fillers = []
        for _ in range(4):
            filler = socket.socket()
            filler.setblocking(False)
            filler.connect_ex(listener.getsockname())
            fillers.append(filler)
        try:
            yield f"tcp://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            for filler in fillers:
                filler.close()


class Datagrams:
    """A UDP or Unix datagram socket that answers each message by script."""

    def __init__(self, script, family=socket.AF_INET, address=None):
        self.socket = socket.socket(family, socket.SOCK_DGRAM)
        self.socket.bind(address or ("127.0.0.1", 0))
        self.got = []
        self.script = script
        threading.Thread(target=self.run, daemon=True).start()

    @property
    def endpoint(self):
        name = self.socket.getsockname()
        if self.socket.family == socket.AF_UNIX:
            return f"unixgram://{name}"
        return f"udp://{name[0]}:{name[1]}"

    def run(self):
        with contextlib.suppress(OSError):
            while True:
                data, sender = self.socket.recvfrom(70000)
                if sender is None:
                    return  # shut down
                self.got.append(data)
                for answer in self.script(data):
                    self.socket.sendto(answer, sender)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        # shutdown wakes the thread where close alone would not.
        with contextlib.suppress(OSError):
            self.socket.shutdown(socket.SHUT_RDWR)
        self.socket.close()
