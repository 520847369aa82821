"""Plain paths as expressions, and what stands at them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from enum import Enum
from typing import Any, Final

from ticketbridge.authoring.personal.chance import looks_secret

Path = tuple[str, ...]

TEXT = "#text"
"""The text of an XML element that has attributes."""

_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_]*", re.ASCII)
_DEEPEST = 6


class Absent(Enum):
    """The value of a key that is not there."""

    ABSENT = "absent"


ABSENT: Final = Absent.ABSENT


def expression(root: str, path: Path) -> str:
    """`root.a."b-c"`."""
    return ".".join([root, *map(_key, path)])


def value_at(value: Any, path: Path) -> Any:
    """What stands at *path*; null below a null, as in an expression."""
    for key in path:
        if value is None:
            return None
        if not isinstance(value, dict) or key not in value:
            return ABSENT
        value = value[key]
    return value


def scalars(value: Any, path: Path = ()) -> Iterator[tuple[Path, Any]]:
    """Each text, number, boolean and null below *value* that no list is above."""
    if isinstance(value, dict) and len(path) < _DEEPEST:
        for key, member in value.items():
            if not _is_data(key):
                yield from scalars(member, (*path, key))
    elif not isinstance(value, dict | list):
        yield path, value


def lists(value: Any, path: Path = ()) -> Iterator[tuple[Path, list[Any]]]:
    """Each list below *value* that no other list is above."""
    if isinstance(value, list):
        yield path, value
    elif isinstance(value, dict) and len(path) < _DEEPEST:
        for key, member in value.items():
            if not _is_data(key):
                yield from lists(member, (*path, key))


def _is_data(key: str) -> bool:
    """Whether a key is no name but someone's address, or a key as good as a credential."""
    return "@" in key[1:] or looks_secret(key)


def without_items(value: Any, path: Path) -> Any:
    """*value* with an empty list at *path*."""
    if not path:
        return []
    if not isinstance(value, dict):
        return value
    return {k: without_items(v, path[1:]) if k == path[0] else v for k, v in value.items()}


def _key(key: str) -> str:
    if _PLAIN.fullmatch(key):
        return key
    return json.dumps(key, ensure_ascii=any(not c.isprintable() for c in key))
