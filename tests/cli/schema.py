# SPDX-License-Identifier: MIT
"""Check JSON values against the part of JSON Schema that pier's schemas use.

A keyword outside that part is an error of the schema, so that none is ever
ignored in silence. A key that the schema does not describe is wrong here,
although readers must accept it. check(value, schema) lists what is wrong.
"""

import re

TYPES = {
    "object": dict,
    "array": list,
    "string": str,
    "boolean": bool,
}

KNOWN = {
    "$schema", "$id", "$defs", "$ref", "title", "description", "type",
    "const", "enum", "properties", "required", "items", "pattern", "minimum",
    "oneOf", "contentEncoding", "additionalProperties",
}


def is_type(value, name):
    if name == "integer":
        return isinstance(value, int) and not isinstance(value, bool)
    if name == "number":
        return isinstance(value, (int, float)) and not isinstance(value, bool)
    return isinstance(value, TYPES[name])


def check_object(value, schema, root, where):
    wrong = [
        f"{where}: {key} is missing"
        for key in schema.get("required", [])
        if key not in value
    ]
    known = schema.get("properties", {})
    for key, part in value.items():
        if key in known:
            wrong += check(part, known[key], root, f"{where}.{key}")
        elif schema.get("additionalProperties") is not True:
            wrong.append(f"{where}: {key} is not in the schema")
    return wrong


def check(value, schema, root=None, where="$"):
    root = schema if root is None else root
    unknown = set(schema) - KNOWN
    if unknown:
        raise ValueError(f"{where}: schema uses {sorted(unknown)}")
    if "$ref" in schema:
        name = re.fullmatch(r"#/\$defs/(\w+)", schema["$ref"]).group(1)
        return check(value, root["$defs"][name], root, where)
    if "oneOf" in schema:
        tries = [check(value, part, root, where) for part in schema["oneOf"]]
        if sum(not wrong for wrong in tries) == 1:
            return []
        nearest = min(tries, key=len)
        return [f"{where}: fits not exactly one form"] + nearest
    if "const" in schema and value != schema["const"]:
        return [f"{where}: {value!r} is not {schema['const']!r}"]
    if "enum" in schema and value not in schema["enum"]:
        return [f"{where}: {value!r} is not in {schema['enum']}"]
    if "type" in schema and not is_type(value, schema["type"]):
        return [f"{where}: {value!r} is no {schema['type']}"]
    wrong = []
    if "pattern" in schema and not re.search(schema["pattern"], value):
        wrong.append(f"{where}: {value!r} does not fit {schema['pattern']}")
    if "minimum" in schema and value < schema["minimum"]:
        wrong.append(f"{where}: {value!r} is below {schema['minimum']}")
    if isinstance(value, dict):
        wrong += check_object(value, schema, root, where)
    if isinstance(value, list) and "items" in schema:
        for number, item in enumerate(value):
            wrong += check(item, schema["items"], root, f"{where}[{number}]")
    return wrong
