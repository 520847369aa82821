"""The tree of a mapping file. Every key and every value in it knows its place.

Plain YAML scalars are resolved as in JSON if possible, else as text.

A wrong node is replaced by a Broken one, which has no value and no entries. So readers walk a tree
with errors like a good one, and one mistake gives one finding.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from ticketbridge.mapping.findings import Place
from ticketbridge.mapping.places import Piece, place_at

Plain = str | int | float | bool | None
Path = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Node:
    """A value at *place*."""

    place: Place

    def get(self, key: str) -> Node | None:
        """Return the value of *key*, or None."""
        del key
        return None

    def has(self, key: str) -> bool:
        """Return whether *key* stands here with a value that is not broken."""
        return not isinstance(self.get(key), Broken | None)

    def key_place(self, key: str) -> Place:
        """Return the place of *key* itself."""
        del key
        return self.place

    def need(self, key: str) -> Node:
        """Return the value of *key*, or Broken if it is missing; of a required one that was reported."""
        return self.get(key) or Broken(self.place)

    @property
    def items(self) -> tuple[Node, ...]:
        """The entries of a list."""
        return ()

    @property
    def pairs(self) -> tuple[tuple[Scalar, Node], ...]:
        """The keys and values of a mapping."""
        return ()

    def plain(self) -> Any:
        """Return the node as a Python value."""
        return None


@dataclass(frozen=True, slots=True)
class Broken(Node):
    """A value that is wrong or missing, and was reported."""


@dataclass(frozen=True, slots=True)
class Scalar(Node):
    """Text, a number, true, false or null. *pieces* says where the characters of a text stand."""

    value: Plain
    pieces: tuple[Piece, ...] = field(default=(), repr=False)

    def at(self, offset: int) -> Place:
        """Return the place of the character at *offset*, or the place of the value if that is not known."""
        return place_at(self.pieces, offset, self.place)

    def plain(self) -> Plain:
        return self.value


@dataclass(frozen=True, slots=True)
class ListNode(Node):
    """A YAML list. *source* is its text if it is short and written in brackets, else ""."""

    entries: tuple[Node, ...]
    source: str = field(default="", repr=False)

    @property
    def items(self) -> tuple[Node, ...]:
        return self.entries

    def plain(self) -> list[Any]:
        """Return the list, with plain entries."""
        return [entry.plain() for entry in self.entries]


@dataclass(frozen=True, slots=True)
class MapNode(Node):
    """A YAML mapping. *source* is its text if it is short and written in braces, else ""."""

    entries: Mapping[str, tuple[Scalar, Node]]
    source: str = field(default="", repr=False)

    def get(self, key: str) -> Node | None:
        entry = self.entries.get(key)
        return entry[1] if entry else None

    def key_place(self, key: str) -> Place:
        entry = self.entries.get(key)
        return entry[0].place if entry else self.place

    @property
    def pairs(self) -> tuple[tuple[Scalar, Node], ...]:
        """The keys and values, in the order of the file."""
        return tuple(self.entries.values())

    def plain(self) -> dict[str, Any]:
        """Return the mapping, with plain values."""
        return {name: value.plain() for name, (_, value) in self.entries.items()}


def node_of(value: Any, place: Place) -> Node:
    """Return the tree of a plain *value*, as if it stood at *place*."""
    if isinstance(value, Mapping):
        entries = {str(k): (Scalar(place, k), node_of(v, place)) for k, v in value.items()}
        return MapNode(place, entries)
    if isinstance(value, list):
        return ListNode(place, tuple(node_of(entry, place) for entry in value))
    return Scalar(place, value)


def walk(node: Node, path: Path = ()) -> Iterator[tuple[Path, Node]]:
    """Yield *node* and every node below it, each with its path."""
    yield path, node
    for index, entry in enumerate(node.items):
        yield from walk(entry, (*path, index))
    for name, value in node.pairs:
        yield from walk(value, (*path, str(name.value)))


# --- plain scalars --------------------------------------------------------------------------------

WORDS: dict[str, bool | None] = {"": None, "null": None, "true": True, "false": False}
NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(?P<fraction>\.[0-9]+)?(?P<exponent>[eE][+-]?[0-9]+)?")
MAX_DIGITS = 4000


class NumberError(ValueError):
    """A number that Python cannot keep: it is too large, too small, or has too many digits."""


def resolve_plain(text: str) -> Plain:
    """Return `true`, `false`, `null` and JSON numbers as their values, and everything else as text.

    An empty text is null. Raises NumberError if a number cannot be kept.
    """
    if text in WORDS:
        return WORDS[text]
    match = NUMBER.fullmatch(text)
    if match is None:
        return text
    if match["fraction"] or match["exponent"]:
        return _finite(text)
    return _exact(text)


def _finite(text: str) -> float:
    number = float(text)
    if math.isinf(number) or (number == 0 and Decimal(text) != 0):
        raise NumberError("this number is too large or too small to be kept")
    return number


def _exact(text: str) -> int:
    if len(text) > MAX_DIGITS:
        raise NumberError(f"this number has more than {MAX_DIGITS} digits")
    return int(text)
