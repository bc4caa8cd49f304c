# SPDX-License-Identifier: MIT
"""Writes one manual page in mdoc(7): headings, prose, lists, code."""

import re

import contracts

WIDTH = 78
REFERENCE = re.compile(r"([A-Za-z][\w.+-]*)\((\d)\)")
CALL = re.compile(r"(\w+(?:\.\w+)*)\(\)")
# What may follow a word; mdoc wants it as an argument of its own.
TAIL = r"([.,;:?!)]*)$"


def escape(text):
    text = text.replace("\\", "\\e").replace("-", "\\-")
    return text if text[:1] not in (".", "'") else "\\&" + text


def literal(text):
    """Code, line by line; tabs are set by mdoc."""
    lines = []
    for line in text.rstrip("\n").split("\n"):
        line = line.replace("\\", "\\e").replace("-", "\\-")
        lines.append("\\&" + line if line[:1] in (".", "'") else line)
    return lines


class Page:
    def __init__(self, library, title, date):
        self.library = library
        self.title = title
        self.lines = ['.\\" SPDX-License-Identifier: MIT', date]
        self.lines += [f".Dt {title.upper()} 3", ".Os"]
        self.own = {title}
        self.wrote = []  # texts, to collect references from

    def text(self, *lines):
        # Two paragraph breaks, or one right after a heading, are one too many.
        for line in lines:
            before = self.lines[-1]
            if line == ".Pp" and re.match(r"\.(Pp|S[hs] )", before):
                continue
            if before == ".Pp" and re.match(r"\.(Bl|Bd|S[hs])", line):
                self.lines.pop()
            self.lines.append(line)

    def head(self, names, summary):
        self.own |= set(names)
        self.text(".Sh NAME")
        for name in names[:-1]:
            self.text(f".Nm {name} ,")
        self.text(f".Nm {names[-1]}")
        text = summary.replace("\\", "\\e").replace('"', "\\(dq")
        self.text(".Nd " + text)

    def prototypes(self, functions):
        for function in functions:
            self.text(f".Ft {function.result}", f".Fo {function.name}")
            for parameter in function.parameters:
                self.text('.Fa "' + parameter.replace("-", "\\-") + '"')
            self.text(".Fc")

    def word(self, word):
        """A word as mdoc: text, or a macro line of its own."""
        inside = re.fullmatch(r"(\(?)" + CALL.pattern + r"(->.*)?" + TAIL, word)
        call = re.fullmatch(CALL.pattern + TAIL, word)
        reference = re.fullmatch(REFERENCE.pattern + TAIL, word)
        if call:
            tail = "".join(f" {sign}" for sign in call[2])
            if call[1] in self.own or self.library.page_of(call[1]) is None:
                return f".Fn {call[1]}{tail}", True
            return f".Xr {call[1]} 3{tail}", True
        if reference:
            tail = "".join(f" {sign}" for sign in reference[3])
            if reference[1] == self.title and reference[2] == "3":
                return f".Nm{tail}", True
            return f".Xr {reference[1]} {reference[2]}{tail}", True
        if inside:
            before = ".No \\&( Ns " if inside[1] else "."
            after = f" Ns {escape(inside[3])}" if inside[3] else ""
            tail = "".join(f" {sign}" for sign in inside[4])
            return f"{before}Fn {inside[2]}{after}{tail}", True
        return escape(word), False

    def prose(self, text):
        self.wrote.append(text)
        line = ""
        for raw in text.split():
            word, macro = self.word(raw)
            if macro:
                if line:
                    self.text(line)
                self.text(word)
                line = ""
                continue
            if line and len(f"{line} {word}".encode()) > WIDTH:
                self.text(line)
                line = ""
            line = f"{line} {word}" if line else word
            # mdoc sets a sentence's end by the end of its line.
            if re.search(r"[.!?][)\"']*$", word):
                self.text(line)
                line = ""
        if line:
            self.text(line)

    def terms(self, items, macro):
        self.text(".Bl \\-tag \\-width Ds".replace("\\-", "-"))
        for term, said in items:
            if macro == "It":
                self.text(f".It {term.replace('.Fn', 'Fn')}")
            else:
                self.text(f".{macro} {self.term(term)}")
            # A capital, unless the first word is code.
            if re.match(r"[a-z]+[,;:]?( |$)", said):
                said = said[:1].upper() + said[1:]
            self.prose(said if re.search(r"[.!?]$", said) else said + ".")
        self.text(".El")

    @staticmethod
    def term(text):
        """-EINVAL , -ENOENT: each comma as an argument of its own."""
        if text == "…":
            return "others"
        return re.sub(r",", " ,", text.replace("-", "\\-"))

    def blocks(self, blocks, strip=False):
        for number, block in enumerate(blocks):
            if block.kind == "prose":
                if number or not strip:
                    self.text(".Pp")
                text = contracts.strip_head(block.text) if strip else block.text
                self.text(".Pp")
                self.prose(text)
            elif block.kind == "literal":
                self.text(".Bd -literal -offset indent -compact")
                self.text(*literal(block.text))
                self.text(".Ed")
            elif block.errors:
                self.terms(block.items, "It Dv")
            elif block.kind == "calls":
                self.terms([(f"Fn {n}", said) for n, said in block.items], "It")
            else:
                self.terms([(f"Fa {n}", said) for n, said in block.items], "It")

    def code(self, text):
        self.text(".Bd -literal")
        self.text(*literal(text.strip("\n")))
        self.text(".Ed")

    def index(self, items):
        self.text(".Bl -tag -width Ds -compact")
        for name, said in items:
            self.text(f".It Xr {name} 3")
            if said:
                self.prose(said)
        self.text(".El")

    def see_also(self, first, text):
        """What the page refers to, in order; RFCs under STANDARDS."""
        text = " ".join([*self.wrote, text])
        found = set(REFERENCE.findall(" ".join([*first, text])))
        found |= {
            (name, "3")
            for name in CALL.findall(text)
            if self.library.page_of(name) and name not in self.own
        }
        found = {
            (name, section)
            for name, section in found
            if (name, section) != (self.title, "3")
            and not (name in self.own and section == "3")
        }
        self.text(".Sh SEE ALSO")
        ordered = sorted(found, key=lambda item: (item[1], item[0].lower()))
        for number, (name, section) in enumerate(ordered):
            comma = " ," if number + 1 < len(ordered) else ""
            self.text(f".Xr {name} {section}{comma}")
        standards = sorted(set(re.findall(r"\bRFC (\d+)", text)), key=int)
        if standards:
            self.text(".Sh STANDARDS")
            self.text(", ".join(f"RFC {number}" for number in standards) + ".")

    def finish(self):
        return "\n".join(self.lines) + "\n"
