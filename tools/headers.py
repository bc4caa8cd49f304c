# SPDX-License-Identifier: MIT
"""Reads the public headers: which functions there are, in groups that share a
page, each with the contract above it; the types and constants beside them.

A group is a contract and the prototypes below it, up to the next contract. Short
contracts and prototypes that stand together without an empty line are one
group. An inline function without a contract of its own belongs to the one that
names it: the wrapper of a _sized function.
"""

import dataclasses
import os
import re

# The pieces of a header, in the order in which they are tried.
PIECE = re.compile(
    r"(?P<comment>/\*.*?\*/)"
    r"|(?P<define>^#define(?:[^\n]*\\\n)*[^\n]*)"
    r"|(?P<directive>^#[^\n]*)"
    r'|(?P<linkage>^extern "C" \{|^\}$)'
    r"|(?P<inline>^static inline [^;{]*\{.*?^\})"
    r"|(?P<type>^(?:struct \w+|enum(?: \w+)?|typedef struct(?: \w+)?) \{.*?^\}[^;]*;)"
    r"|(?P<function_type>^typedef [^;]*;)"
    r"|(?P<opaque>^(?:struct|enum|union) \w+;)"
    r"|(?P<constant>^enum \{.*?^\};)"
    r"|(?P<prototype>^[A-Za-z_][^;{}]*;)",
    re.M | re.S,
)


@dataclasses.dataclass
class Function:
    name: str
    result: str  # its type
    parameters: list  # as written, one per parameter
    line: int
    remark: str = ""  # the comment behind it on its line
    contract: int = 0  # of those of its group: the last one above it


@dataclasses.dataclass
class Type:
    name: str
    text: str  # the definition as it stands
    comment: str
    header: str
    line: int


@dataclasses.dataclass
class Group:
    header: str
    contracts: list = dataclasses.field(default_factory=list)
    functions: list = dataclasses.field(default_factory=list)

    @property
    def shown(self):
        """Without those that only the inline wrappers call."""
        names = {function.name for function in self.functions}
        return [
            function
            for function in self.functions
            if not (
                function.name.endswith("_sized")
                and function.name[: -len("_sized")] in names
            )
        ]

    @property
    def hidden(self):
        return [f for f in self.functions if f not in self.shown]

    @property
    def title(self):
        return self.shown[0].name


@dataclasses.dataclass
class Header:
    name: str  # pier/stream.h
    noun: str  # stream
    about: str
    groups: list
    types: list
    constants: list  # (comment, text)
    findings: list  # (line, what)


def plain(comment):
    """The text of a comment, its indentation kept."""
    lines = comment[2:-2].split("\n")
    found = [lines[0].strip()]
    starred = all(re.match(r"\s*\*|\s*$", line) for line in lines[1:])
    for line in lines[1:]:
        line = line.rstrip()
        if starred:
            line = re.sub(r"^\s*\* ?", "", line)
        else:
            line = line.strip()
        found.append(line)
    return "\n".join(found).strip("\n")


def split_parameters(text):
    """At the commas that stand in no parentheses."""
    parts, depth = [""], 0
    for sign in " ".join(text.split()):
        depth += (sign == "(") - (sign == ")")
        if sign == "," and depth == 0:
            parts.append("")
        else:
            parts[-1] += sign
    return [part.strip() for part in parts]


def parse_function(text, line):
    text = re.sub(r"__attribute__\s*\(\(.*?\)\)\)?", "", text, flags=re.S)
    text = re.sub(r"^static inline\s+", "", text.split("{")[0].rstrip(" ;\n"))
    match = re.match(
        r"(?P<result>.*?[\s*])(?P<name>\w+)\((?P<rest>.*)\)\s*$", text, re.S
    )
    if match is None:
        return None
    result = " ".join(match["result"].split())
    return Function(
        match["name"], result, split_parameters(match["rest"]), line
    )


class Reader:
    """Goes through the pieces of one header once."""

    def __init__(self, name, text):
        self.text = text
        noun = os.path.basename(name)[:-2]
        self.header = Header(name, noun, "", [], [], [], [])
        self.comment = None  # the last one, while it may still belong
        self.group = None
        self.end = 0  # of the last piece

    def close_by(self, start):
        """No empty line between the last piece and this one?"""
        return self.text.count("\n", self.end, start) < 2

    def line(self, start):
        return self.text.count("\n", 0, start) + 1

    def on_comment(self, match):
        text = plain(match.group())
        if text.startswith(("SPDX", "----")):
            self.comment = self.group = None
        elif not self.header.about:
            self.header.about = text
        elif self.group and "\n" not in self.text[self.end : match.start()]:
            if self.group.functions:
                self.group.functions[-1].remark = text
        else:
            if not self.close_by(match.start()):
                self.group = None
            self.comment = text

    def on_function(self, match, inline):
        function = parse_function(match.group(), self.line(match.start()))
        if function is None:
            what = "cannot read this declaration"
            self.header.findings.append((self.line(match.start()), what))
            return
        named = rf"\b{function.name}\b"
        if self.comment is not None and (
            self.close_by(match.start())
            or re.search(named, self.comment)
        ):
            if self.group is None:
                self.group = Group(self.header.name)
                self.header.groups.append(self.group)
            self.group.contracts.append(self.comment)
            self.comment = None
        elif not self.joins(match, function, inline):
            what = f"{function.name}() has no contract"
            self.header.findings.append((function.line, what))
            return
        function.contract = len(self.group.contracts) - 1
        self.group.functions.append(function)

    def joins(self, match, function, inline):
        """Does it belong to the contract before?"""
        if self.group is None:
            return False
        named = any(
            re.search(rf"\b{function.name}\b", text)
            for text in self.group.contracts
        )
        sized = function.name + "_sized" in {
            other.name for other in self.group.functions
        }
        return self.close_by(match.start()) or named or (inline and sized)

    def on_type(self, match, name):
        near = self.comment is not None and self.close_by(match.start())
        comment = self.comment if near else ""
        if name:
            line = self.line(match.start())
            kind = Type(name, match.group(), comment, self.header.name, line)
            self.header.types.append(kind)
        else:
            self.header.constants.append((comment, match.group()))
        self.comment = self.group = None

    def read(self):
        for match in PIECE.finditer(self.text):
            kind, text = match.lastgroup, match.group()
            if kind == "comment":
                self.on_comment(match)
            elif kind == "define":
                if not re.match(r"#define \w+_H$", text):
                    near = self.comment and self.close_by(match.start())
                    self.header.constants.append(
                        (self.comment if near else "", text)
                    )
            elif kind in ("prototype", "inline"):
                self.on_function(match, kind == "inline")
            elif kind == "type":
                found = re.match(r"(?:struct|enum) (\w+)", text) or re.search(
                    r"\} *(\w+);$", text
                )
                self.on_type(match, found and found[1])
            elif kind == "function_type":
                found = re.search(r"\b(pier_\w+)\(", text)
                self.on_type(match, found and found[1])
            self.end = match.end()
        self.check_blocks()
        return self.header

    def check_blocks(self):
        """Nothing is passed over: each pier_ name that is declared is known."""
        bare = re.sub(r"/\*.*?\*/", "", self.text, flags=re.S)
        declared = re.findall(r"^[a-z][\w *\n]*?\b(pier_\w+)\(", bare, re.M)
        known = {f.name for g in self.header.groups for f in g.functions}
        known |= {kind.name for kind in self.header.types}
        told = " ".join(what for _, what in self.header.findings)
        for name in sorted(set(declared) - known):
            if name not in told:
                self.header.findings.append((0, f"{name}() was passed over"))


def read_header(name, path):
    with open(path, encoding="utf-8") as file:
        return Reader(name, file.read()).read()


def read_all(folder):
    """Every header below include/pier, by name."""
    return [
        read_header(f"pier/{name}", os.path.join(folder, "pier", name))
        for name in sorted(os.listdir(os.path.join(folder, "pier")))
        if name.endswith(".h")
    ]
