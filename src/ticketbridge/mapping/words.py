"""How findings name keys, values and examples."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from ticketbridge.mapping.yaml_nodes import Node, Path, resolve_plain

BARE = re.compile(r"[A-Za-z0-9/][A-Za-z0-9 _./-]*")

LONGEST = 60


def shown(name: str) -> str:
    """Return *name* in backticks, on one line, and cut if it is long."""
    text = "".join(character if character.isprintable() else "?" for character in name)
    return f"`{text}`" if len(text) <= LONGEST else f"`{text[:LONGEST]}...`"


def label(path: Path) -> str:
    """Return the name of the key or entry that *path* leads to."""
    if not path:
        return "the file"
    last = path[-1]
    if isinstance(last, str):
        return shown(last)
    return f"entry {last + 1} of {shown(next(s for s in reversed(path) if isinstance(s, str)))}"


def found(node: Node) -> str:
    """Return what kind of value *node* is, in words; never the value itself."""
    value = node.plain()
    if value is None:
        return "empty"
    kinds = {bool: "true or false", str: "text", dict: "a mapping", list: "a list"}
    return kinds.get(type(value), "a number")


def written(value: Any) -> str:
    """Return *value* as a mapping file would write it on one line."""
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{key}: {written(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(written, value)) + "]"
    if isinstance(value, str) and BARE.fullmatch(value) and resolve_plain(value) == value:
        return value
    return json.dumps(value, ensure_ascii=False)
