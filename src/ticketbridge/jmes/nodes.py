"""The syntax tree of an expression, from the parser to the compiler.

A node is evaluated on a current value. *start* is the 0-based index in the text of the first character that
belongs to the node. Nodes are Structs, because making their classes takes a fiftieth of the time of
dataclasses.
"""

from __future__ import annotations

from typing import Any, Literal, TypeAlias

from msgspec import Struct

Operator: TypeAlias = Literal["==", "!=", "<", "<=", ">", ">="]


class Current(Struct, frozen=True):
    """`@`, or nothing: the current value itself."""

    start: int


class Field(Struct, frozen=True):
    """`name`: the value of a key; at the root level, a root."""

    start: int
    name: str


class Index(Struct, frozen=True):
    """`[3]`."""

    start: int
    index: int


class Slice(Struct, frozen=True):
    """`[start:stop:step]`, without the projection that it opens."""

    start: int
    bounds: slice


class Constant(Struct, frozen=True):
    """A literal."""

    start: int
    value: Any


class Chain(Struct, frozen=True):
    """`a.b`, `a[0]`, `a | b`: each step is evaluated on what the one before it gave."""

    start: int
    steps: tuple[Node, ...]


class Projection(Struct, frozen=True):
    """`base[*].each`, `base[?condition].each`, and what follows a slice or `[]`."""

    start: int
    base: Node
    each: Node
    condition: Node | None


class ValueProjection(Struct, frozen=True):
    """`base.*.each`."""

    start: int
    base: Node
    each: Node


class Flatten(Struct, frozen=True):
    """`base[]`, without the projection that it opens."""

    start: int
    base: Node


class Either(Struct, frozen=True):
    """`a || b || c`."""

    start: int
    choices: tuple[Node, ...]


class Both(Struct, frozen=True):
    """`a && b && c`."""

    start: int
    conditions: tuple[Node, ...]


class Not(Struct, frozen=True):
    """`!a`."""

    start: int
    condition: Node


class Comparison(Struct, frozen=True):
    """`a == b` and its kin."""

    start: int
    operator: Operator
    left: Node
    right: Node


class ListOf(Struct, frozen=True):
    """`[a, b]`."""

    start: int
    items: tuple[Node, ...]


class HashOf(Struct, frozen=True):
    """`{key: a, other: b}`."""

    start: int
    pairs: tuple[tuple[str, Node], ...]


class Reference(Struct, frozen=True):
    """`&a`: an expression that a function evaluates for each element."""

    start: int
    body: Node


class Call(Struct, frozen=True):
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
