"""The syntax tree of an expression, from the parser to the compiler.

A node is evaluated on a current value. Nodes are Structs, because making their classes takes a fiftieth of
the time of dataclasses.
"""

from __future__ import annotations

from typing import Any, Literal, TypeAlias

from msgspec import Struct

Operator: TypeAlias = Literal["==", "!=", "<", "<=", ">", ">="]


class Placed(Struct, frozen=True):
    """What all nodes have: *start*, the 0-based index in the text of the first character of the node."""

    start: int


class Current(Placed, frozen=True):
    """`@`, or nothing: the current value itself."""


class Field(Placed, frozen=True):
    """`name`: the value of a key; at the root level, a root."""

    name: str


class Index(Placed, frozen=True):
    """`[3]`."""

    index: int


class Slice(Placed, frozen=True):
    """`[start:stop:step]`, without the projection that it opens."""

    bounds: slice


class Constant(Placed, frozen=True):
    """A literal."""

    value: Any


class Chain(Placed, frozen=True):
    """`a.b`, `a[0]`, `a | b`: each step is evaluated on what the one before it gave."""

    steps: tuple[Node, ...]


class Projection(Placed, frozen=True):
    """`base[*].each`, `base[?condition].each`, and what follows a slice or `[]`."""

    base: Node
    each: Node
    condition: Node | None = None


class ValueProjection(Placed, frozen=True):
    """`base.*.each`."""

    base: Node
    each: Node


class Flatten(Placed, frozen=True):
    """`base[]`, without the projection that it opens."""

    base: Node


class Either(Placed, frozen=True):
    """`a || b || c`."""

    choices: tuple[Node, ...]


class Both(Placed, frozen=True):
    """`a && b && c`."""

    conditions: tuple[Node, ...]


class Not(Placed, frozen=True):
    """`!a`."""

    condition: Node


class Comparison(Placed, frozen=True):
    """`a == b` and its kin."""

    operator: Operator
    left: Node
    right: Node


class ListOf(Placed, frozen=True):
    """`[a, b]`."""

    items: tuple[Node, ...]


class HashOf(Placed, frozen=True):
    """`{key: a, other: b}`."""

    pairs: tuple[tuple[str, Node], ...]


class Reference(Placed, frozen=True):
    """`&a`: an expression that a function evaluates for each element."""

    body: Node


class Call(Placed, frozen=True):
    """`name(a, b)`."""

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


def parts_of(node: Node) -> tuple[tuple[Node, ...], tuple[Node, ...]]:
    """Return the parts that see the same current value as *node*, and those that see another."""
    match node:
        case Chain(steps=steps):
            return steps[:1], steps[1:]
        case Projection(base=base, each=each, condition=condition) if condition is not None:
            return (base,), (each, condition)
        case Projection(base=base, each=each) | ValueProjection(base=base, each=each):
            return (base,), (each,)
        case Reference(body=body):
            return (), (body,)
        case _:
            return _operands(node), ()


def _operands(node: Node) -> tuple[Node, ...]:
    match node:
        case Flatten(base=one) | Not(condition=one):
            return (one,)
        case Either(choices=several) | Both(conditions=several) | ListOf(items=several):
            return several
        case Call(arguments=several):
            return several
        case Comparison(left=left, right=right):
            return left, right
        case HashOf(pairs=pairs):
            return tuple(value for _, value in pairs)
        case _:
            return ()
