"""The tree of an expression: what the parser gives and the compiler reads.

A node is evaluated on a current value. *start* is the 0-based index in the text of the first
character that belongs to the node.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

Operator: TypeAlias = Literal["==", "!=", "<", "<=", ">", ">="]


@dataclass(frozen=True, slots=True)
class Current:
    """`@`, or nothing: the current value itself."""

    start: int


@dataclass(frozen=True, slots=True)
class Field:
    """`name`: the value of a key; at the root level, a root."""

    start: int
    name: str


@dataclass(frozen=True, slots=True)
class Index:
    """`[3]`."""

    start: int
    index: int


@dataclass(frozen=True, slots=True)
class Slice:
    """`[start:stop:step]`, without the projection that it opens."""

    start: int
    bounds: slice


@dataclass(frozen=True, slots=True)
class Constant:
    """A literal."""

    start: int
    value: Any


@dataclass(frozen=True, slots=True)
class Chain:
    """`a.b`, `a[0]`, `a | b`: each step is evaluated on what the one before it gave."""

    start: int
    steps: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Projection:
    """`base[*].each`, `base[?condition].each`, and what follows a slice or `[]`."""

    start: int
    base: Node
    each: Node
    condition: Node | None


@dataclass(frozen=True, slots=True)
class ValueProjection:
    """`base.*.each`."""

    start: int
    base: Node
    each: Node


@dataclass(frozen=True, slots=True)
class Flatten:
    """`base[]`, without the projection that it opens."""

    start: int
    base: Node


@dataclass(frozen=True, slots=True)
class Either:
    """`a || b || c`."""

    start: int
    choices: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Both:
    """`a && b && c`."""

    start: int
    conditions: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Not:
    """`!a`."""

    start: int
    condition: Node


@dataclass(frozen=True, slots=True)
class Comparison:
    """`a == b` and its kin."""

    start: int
    operator: Operator
    left: Node
    right: Node


@dataclass(frozen=True, slots=True)
class ListOf:
    """`[a, b]`."""

    start: int
    items: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class HashOf:
    """`{key: a, other: b}`."""

    start: int
    pairs: tuple[tuple[str, Node], ...]


@dataclass(frozen=True, slots=True)
class Reference:
    """`&a`: an expression that a function evaluates for each element."""

    start: int
    body: Node


@dataclass(frozen=True, slots=True)
class Call:
    """`name(a, b)`."""

    start: int
    name: str
    arguments: tuple[Node, ...]


Node: TypeAlias = (
    Current
    | Field
    | Index
    | Slice
    | Constant
    | Chain
    | Projection
    | ValueProjection
    | Flatten
    | Either
    | Both
    | Not
    | Comparison
    | ListOf
    | HashOf
    | Reference
    | Call
)
