# SPDX-License-Identifier: MIT
"""Web servers that send exactly the bytes they are told to."""

import contextlib
import socket
import struct
import threading


NOT_FOUND = b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"


class Web:
    """answers: path -> bytes, or a function of the connection and the request.
    A connection ends after one answer. requests has each request's bytes."""

    def __init__(self, answers, family=socket.AF_INET, address=None):
        self.answers = answers
        self.requests = []
        self.listener = socket.socket(family, socket.SOCK_STREAM)
        self.listener.bind(address or ("127.0.0.1", 0))
        self.listener.listen(64)
        self.name = self.listener.getsockname()
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    def url(self, path="/"):
        return f"http://127.0.0.1:{self.name[1]}{path}"

    def run(self):
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self.listener.accept()
                threading.Thread(
                    target=self.serve, args=(connection,), daemon=True
                ).start()

    def serve(self, connection):
        with connection, contextlib.suppress(OSError):
            connection.settimeout(20)
            if connection.family != socket.AF_UNIX:
                connection.setsockopt(
                    socket.IPPROTO_TCP, socket.TCP_NODELAY, 1
                )
            request = read_request(connection)
            self.requests.append(request)
            path = request.split(b" ")[1].decode()
            answer = self.answers.get(path, NOT_FOUND)
            if callable(answer):
                answer(connection, request)
            else:
                connection.sendall(answer)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        with contextlib.suppress(OSError):
            self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()


def read_request(connection):
    data = b""
    while b"\r\n\r\n" not in data:
        part = connection.recv(65536)
        if not part:
            break
        data += part
    return data


def until_gone(connection):
    """Until the client has closed."""
    with contextlib.suppress(OSError):
        while connection.recv(65536):
            pass


def byte_by_byte(answer):
    """Each byte in a segment of its own."""

    def serve(connection, _):
        for i in range(len(answer)):
            connection.sendall(answer[i : i + 1])

    return serve


def then_reset(answer):
    def serve(connection, _):
        connection.sendall(answer)
        connection.setsockopt(
            socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0)
        )

    return serve


def then_stay(answer):
    """Says no more, and does not end either."""

    def serve(connection, _):
        connection.sendall(answer)
        until_gone(connection)

    return serve


def ok(body, *headers):
    lines = [b"HTTP/1.1 200 OK", b"Content-Length: %d" % len(body)]
    lines += [header.encode() for header in headers]
    return b"\r\n".join(lines) + b"\r\n\r\n" + body


def chunked(*chunks, trailers=b"", head=b""):
    body = b"".join(b"%x\r\n%s\r\n" % (len(c), c) for c in chunks)
    return (
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n" + head + b"\r\n"
        + body + b"0\r\n" + trailers + b"\r\n"
    )
