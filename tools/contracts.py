# SPDX-License-Identifier: MIT
"""Reads a contract: the comment above a prototype, as blocks of one kind each.

  prose    sentences
  terms    "term  text" lines: parameters, errors
  calls    "pier_x(a, b): text" lines: one of several functions each
  literal  anything else that is indented: kept as it stands
"""

import dataclasses
import re

HEAD = re.compile(r"(?:pier_\w+\([^()]*\)(?:,\s*|\s+and\s+)?)+:\s*", re.S)
NAME_MAX = 72  # of the words behind the name, roughly one line
CODE = re.compile(r"-(?:PIER_)?E[A-Z0-9]+\b")
# One or more codes, perhaps with other words: "-EINVAL, -ENODEV, name errors".
TERM = re.compile(
    r"(?P<term>-(?:PIER_)?E[A-Z0-9]+(?:, (?:-(?:PIER_)?E[A-Z0-9]+|…))*)"
    r"(?:,? (?P<loose>[a-z].*)|(?P<rest>(?:(?! {2}).)*?)(?: {2,}(?P<text>.*))?)$"
)
PAIR = re.compile(r"(?P<term>\S(?:.*?\S)??)(?: {2,})(?P<text>\S.*)$")
VALUE = re.compile(
    r"(?:Returns?\b|0[:;,. ]|0$|The number\b|The length\b|Its length\b"
    r"|How many\b|Never NULL\b|Always\b|1 to size\b|Size, or\b)"
)


@dataclasses.dataclass
class Block:
    kind: str
    text: str = ""
    items: list = dataclasses.field(default_factory=list)  # (term, text)
    leads: bool = False  # prose that a list follows without an empty line

    @property
    def errors(self):
        return self.kind == "terms" and any(
            CODE.match(term) for term, _ in self.items
        )


def indent(line):
    return len(line) - len(line.lstrip())


def join(lines):
    return " ".join(line.strip() for line in lines)


def read_terms(lines, names):
    """The items of an indented run of lines, or None: it is literal."""
    base = min(map(indent, lines))
    items = []
    for line in lines:
        text = line.strip()
        if indent(line) > base and items:
            term, said = items[-1]
            items[-1] = (term, f"{said} {text}".strip())
            continue
        match = TERM.match(text) or PAIR.match(text)
        if match is None:
            return None
        found = match.groupdict()
        term = found["term"] + (found.get("rest") or "")
        said = found.get("text") or found.get("loose") or ""
        items.append((term.strip(), said))
    for term, _ in items:
        words = re.split(r",\s*", term)
        if not (CODE.match(term) or term == "…" or set(words) <= names):
            return None
    return items


def read_calls(lines):
    """Lines of the form "pier_x(args): text", those below belong to them."""
    items = []
    for line in lines:
        match = re.match(r"(pier_\w+)\([^()]*\):\s*(.*)", line.strip())
        if match and indent(line) == 0:
            items.append((match[1], match[2]))
        else:
            term, said = items[-1]
            items[-1] = (term, f"{said} {line.strip()}".strip())
    return items


def read_run(lines, names):
    """The block of lines that are all indented, or none of them."""
    if indent(lines[0]) == 0:
        return Block("prose", join(lines))
    items = read_terms(lines, names)
    if items is not None:
        return Block("terms", items=items)
    base = min(map(indent, lines))
    return Block("literal", "\n".join(line[base:] for line in lines))


def read_paragraph(lines, names):
    """A paragraph may be prose with an indented list inside."""
    if len(re.findall(r"^pier_\w+\([^()]*\):", "\n".join(lines), re.M)) > 1:
        if re.match(r"pier_\w+\([^()]*\):", lines[0]):
            return [Block("calls", items=read_calls(lines))]
    runs = []
    for line in lines:
        # A word that is indented by one is a wrapped line, not a list.
        inner = indent(line) > 1
        if runs and runs[-1][0] == inner:
            runs[-1][1].append(line)
        else:
            runs.append((inner, [line]))
    found = [read_run(run, names) for _, run in runs]
    for block, after in zip(found, found[1:]):
        block.leads = block.kind == "prose" and after.kind == "terms"
    return found


def read(text, names=frozenset()):
    """Blocks of a comment; names are those of the parameters."""
    blocks = []
    for part in re.split(r"\n\s*\n", text.strip("\n")):
        blocks += read_paragraph(part.split("\n"), set(names) | {"…"})
    return blocks


def sentences(text):
    return re.split(r"(?<=[.!?])\s+(?=[A-Z0-9\"-])", text)


def strip_head(text):
    """Without the calls at its beginning, and with a capital."""
    bare = HEAD.sub("", text, count=1) if HEAD.match(text) else text
    return bare[:1].upper() + bare[1:]


def summary(text):
    """What a page is about in some words, for NAME: the first sentence, shorter
    where a colon or semicolon ends what says enough."""
    text = re.sub(r"^pier/\w+\.h - ", "", text)
    text = " ".join(HEAD.sub("", text, count=1).split())
    text = re.sub(r" \([^()]*\)", "", text)
    text = re.split(r"[.?](?:\s|$)|\s\d+, ", text)[0]
    for sign in ("; ", ": "):
        before = text.split(sign)[0]
        if len(before.split()) > 2:
            text = before
    while len(text) > NAME_MAX and ", " in text:
        text = text.rpartition(", ")[0]
    if text.count('"') % 2:
        text = text.rpartition('"')[0]
    text = text.rstrip(" .,:;…")
    first = text.split()[0]
    return text if not first[1:].islower() else text[:1].lower() + text[1:]


def split_prose(block):
    """Sentences that describe, and those that say what comes back."""
    parts = sentences(block.text)
    bare = [strip_head(parts[0]), *parts[1:]]
    if block.leads:
        at = next((i for i, p in enumerate(bare) if VALUE.match(p)), None)
        if at is None:
            # "size, or an error: …" is all about the result; of a contract
            # that begins so, the first sentence is what the call is for.
            at = 1 if HEAD.match(block.text) and len(parts) > 1 else 0
        return parts[:at], bare[at:]
    values = [part for part in bare if VALUE.match(part)]
    return [p for p, b in zip(parts, bare) if b not in values], values


def split_values(blocks):
    """Blocks that describe, sentences that say what comes back, errors."""
    about, values, errors = [], [], []
    for block in blocks:
        if block.errors:
            errors += block.items
        elif block.kind != "prose":
            about.append(block)
        else:
            kept, said = split_prose(block)
            values += said
            if kept:
                about.append(Block("prose", " ".join(kept)))
    return about, values, errors


def without_cause(text):
    """Sentences that name errors and nothing else."""
    for part in re.split(r"(?<=[.;])\s+|\n\s*\n", text):
        codes = CODE.findall(part)
        bare = CODE.sub("", HEAD.sub("", " ".join(part.split())))
        if codes and not re.search(r"[a-z]{2}", re.sub(r"\b(?:or|and)\b", "", bare)):
            yield codes
