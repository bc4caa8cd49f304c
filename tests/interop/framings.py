# SPDX-License-Identifier: MIT
"""Every framing of pier-framing(7) in plain Python: what the tests hold pier
against. Written from that page and the standards it names, not from pier's
code; where Python's library has the form (struct, base64), that is used.

encode(kind, data) is a message on the wire. decode(kind, file) takes one off a
binary file, or gives None at the end; Broken says what is wrong there.
"""

import base64
import re
import struct


class Broken(Exception):
    """The bytes are none of that kind."""


NUMBERS = {
    "u8": ">B",
    "u16le": "<H",
    "u16be": ">H",
    "u32le": "<I",
    "u32be": ">I",
    "u64le": "<Q",
    "u64be": ">Q",
}

# One of each, and each way that it can be written.
KINDS = [
    "line",
    "line:crlf",
    "nul",
    "delim:END",
    "delim:\\r\\n",
    "fixed:3",
    "escape",
    "escape:\\0",
    "escape:END",
    "escape:\\\\",
    "base64",
    "base64:\\0",
    "base64:END.",
    "announce",
    "announce:::",
    "announce:0",
    *NUMBERS,
    "varint",
    "decimal:6",
    "decimal:6:left",
    "decimal:6:right",
    "netstring",
    "slip",
    "cobs",
]

# Those that carry any bytes, and so any of these.
TRANSPARENT = [
    kind
    for kind in KINDS
    if kind.partition(":")[0] not in ("line", "nul", "delim", "fixed")
]


def unescape(text):
    """What stands behind a kind's colon, as bytes."""
    known = {"0": b"\0", "n": b"\n", "r": b"\r", "t": b"\t", "\\": b"\\"}
    out, at = b"", 0
    while at < len(text):
        if text[at] != "\\":
            out += text[at].encode()
            at += 1
        elif text[at + 1] == "x":
            out += bytes([int(text[at + 2 : at + 4], 16)])
            at += 4
        else:
            out += known[text[at + 1]]
            at += 2
    return out


def end_of(kind):
    """The terminator of a kind that has one."""
    name, colon, rest = kind.partition(":")
    if name == "nul":
        return b"\0"
    if name == "line":
        return b"\r\n" if rest == "crlf" else b"\n"
    return unescape(rest) if colon else b"\n"


def escape_byte(end):
    return b"\x1b" if end[:1] == b"\\" else b"\\"


def cobs(data):
    out, block, full = bytearray(), bytearray(), False
    for byte in data:
        if byte:
            block.append(byte)
        full = byte != 0 and len(block) == 254
        if byte == 0 or full:
            out += bytes([len(block) + 1]) + block
            block.clear()
    # Behind a full block nothing says that it is the last.
    if not full:
        out += bytes([len(block) + 1]) + block
    return bytes(out) + b"\0"


def varint(number):
    out = b""
    while number > 127:
        out += bytes([number & 127 | 128])
        number >>= 7
    return out + bytes([number])


def decimal(kind, number):
    _, width, *pad = kind.split(":")
    text = str(number)
    width = int(width)
    how = pad[0] if pad else "zero"
    if how == "zero":
        return text.zfill(width).encode()
    return (text.ljust(width) if how == "left" else text.rjust(width)).encode()


def announced(data, end):
    """A terminator such as a sender may choose: here always letters, longer
    and longer, until the data has it nowhere."""
    for size in range(1, 33):
        mark = (b"xy" * 16)[:size]
        whole = data + mark
        if whole.find(mark) == len(data) and (mark + end).find(end) == size:
            return mark
    raise ValueError("no terminator")


def encode(kind, data):
    name = kind.partition(":")[0]
    if name in ("line", "nul", "delim"):
        return data + end_of(kind)
    if name == "fixed":
        return data
    if name == "escape":
        end = end_of(kind)
        mark = escape_byte(end)
        special = (mark, end[:1])
        each = (data[i : i + 1] for i in range(len(data)))
        return b"".join(mark + b if b in special else b for b in each) + end
    if name == "base64":
        return base64.b64encode(data) + end_of(kind)
    if name == "announce":
        mark = announced(data, end_of(kind))
        return mark + end_of(kind) + data + mark
    if name in NUMBERS:
        return struct.pack(NUMBERS[name], len(data)) + data
    if name == "varint":
        return varint(len(data)) + data
    if name == "decimal":
        return decimal(kind, len(data)) + data
    if name == "netstring":
        return b"%d:%s," % (len(data), data)
    if name == "slip":
        stuffed = data.replace(b"\xdb", b"\xdb\xdd")
        return stuffed.replace(b"\xc0", b"\xdb\xdc") + b"\xc0"
    if name == "cobs":
        return cobs(data)
    raise ValueError(kind)


def exactly(file, size):
    data = file.read(size)
    if len(data) < size:
        raise Broken(f"the end after {len(data)} of {size} bytes")
    return data


def up_to(file, end):
    """What stands before end; None: nothing came at all."""
    data = bytearray()
    while not data.endswith(end):
        byte = file.read(1)
        if not byte:
            if data:
                raise Broken(f"the end after {len(data)} bytes, without {end}")
            return None
        data += byte
    return bytes(data[: -len(end)])


def unescaped(file, end):
    data, first = bytearray(), True
    mark = escape_byte(end)
    while True:
        byte = file.read(1)
        if not byte and first:
            return None
        first = False
        if byte == end[:1]:
            if exactly(file, len(end) - 1) != end[1:]:
                raise Broken("half of a terminator")
            return bytes(data)
        if byte == mark:
            byte = exactly(file, 1)
            if byte not in (mark, end[:1]):
                raise Broken("an escape of what needs none")
        elif not byte:
            raise Broken(f"the end after {len(data)} bytes")
        data += byte


def unslipped(file):
    while True:
        raw = up_to(file, b"\xc0")
        if raw != b"":
            break
    if raw is None:
        return None
    if re.search(rb"\xdb(?![\xdc\xdd])", raw):
        raise Broken("an escape that is none")
    return raw.replace(b"\xdb\xdc", b"\xc0").replace(b"\xdb\xdd", b"\xdb")


def uncobs(file):
    while True:
        raw = up_to(file, b"\0")
        if raw != b"":
            break
    if raw is None:
        return None
    data, at = b"", 0
    while at < len(raw):
        code = raw[at]
        piece = raw[at + 1 : at + code]
        if len(piece) < code - 1:
            raise Broken("a block that is longer than the message")
        at += code
        data += piece
        if code < 255 and at < len(raw):
            data += b"\0"
    return data


def length_of(kind, file):
    """The length in front; None: nothing came at all."""
    name = kind.partition(":")[0]
    if name == "netstring":
        text = up_to(file, b":")
        if text is None:
            return None
        if not re.fullmatch(rb"0|[1-9][0-9]*", text):
            raise Broken(f"{text} is no length")
        return int(text)
    if name == "varint":
        number, shift = 0, 0
        while True:
            byte = file.read(1)
            if not byte:
                return None
            number |= (byte[0] & 127) << shift
            shift += 7
            if byte[0] < 128:
                return number
    width = struct.calcsize(NUMBERS[name]) if name in NUMBERS else 0
    if width == 0:
        width = int(kind.split(":")[1])
    text = file.read(width)
    if not text:
        return None
    if len(text) < width:
        raise Broken("the end inside a length")
    if name in NUMBERS:
        return struct.unpack(NUMBERS[name], text)[0]
    if not re.fullmatch(rb" *[0-9]+|[0-9]+ *", text):
        raise Broken(f"{text} is no length")
    return int(text)


def decode(kind, file):
    name = kind.partition(":")[0]
    if name in ("line", "nul", "delim"):
        end = b"\n" if name == "line" else end_of(kind)
        data = up_to(file, end)
        if name == "line" and data is not None and data.endswith(b"\r"):
            return data[:-1]
        return data
    if name == "fixed":
        size = int(kind.partition(":")[2])
        data = file.read(size)
        if data and len(data) < size:
            raise Broken(f"the end after {len(data)} of {size} bytes")
        return data or None
    if name == "escape":
        return unescaped(file, end_of(kind))
    if name == "base64":
        text = up_to(file, end_of(kind))
        return None if text is None else base64.b64decode(text, validate=True)
    if name == "announce":
        mark = up_to(file, end_of(kind))
        if mark is None:
            return None
        data = up_to(file, mark)
        if data is None:
            raise Broken("the end behind an announcement")
        return data
    if name == "slip":
        return unslipped(file)
    if name == "cobs":
        return uncobs(file)
    size = length_of(kind, file)
    if size is None:
        return None
    data = exactly(file, size)
    if name == "netstring" and exactly(file, 1) != b",":
        raise Broken("no comma")
    return data


def each(kind, file):
    """Messages as they come."""
    while (data := decode(kind, file)) is not None:
        yield data


def decode_all(kind, file):
    return list(each(kind, file))
