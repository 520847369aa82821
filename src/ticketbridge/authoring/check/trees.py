"""The syntax of a mapping's expressions, and what rules ask of it."""

from __future__ import annotations

import re
from functools import cache
from typing import Any, TypeAlias

from ticketbridge.jmes import ExpressionError, nodes
from ticketbridge.jmes.analysis import analyse, asked
from ticketbridge.jmes.parser import parse
from ticketbridge.mapping.spec import ExpressionSpec, expressions_in

Path: TypeAlias = tuple[str, ...]

_STATUS = re.compile(
    r"(?:.*_)?(?:status|state|estado|statut|situation)(?:_?code|_?name)?", re.IGNORECASE
)
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
# What they give has the same meaning as what they are given.
_WRAPPERS = frozenset({"optional", "lower", "upper", "trim", "to_string"})
_NOTHING = nodes.Constant(0, None)


@cache
def _tree(text: str) -> nodes.Node:
    try:
        tree = parse(text, strict=True)
        analyse(text, tree, roots=None, strict=True)
    except ExpressionError:
        return _NOTHING
    return tree


def tree_of(spec: ExpressionSpec) -> nodes.Node:
    """The syntax of *spec*; that of null where it is wrong, which was reported."""
    return _tree(spec.text)


def roots_in(part: Any) -> set[str]:
    """The roots that the expressions within *part* begin with."""
    return {root.name for spec in expressions_in(part) for root in asked(tree_of(spec))}


def path_of(tree: nodes.Node) -> Path | None:
    """The keys of a tree that only goes along them, whatever is wrapped around; None for any other."""
    match tree:
        case nodes.Field():
            return (tree.name,)
        case nodes.Index():
            return ()
        case nodes.Chain():
            parts = [path_of(step) for step in tree.steps]
            return None if None in parts else tuple(key for part in parts for key in part or ())
        case nodes.Call() if tree.name in _WRAPPERS:
            return path_of(tree.arguments[0])
        case _:
            return None


def is_status(tree: nodes.Node) -> bool:
    """Whether *tree* goes to something that is called a status."""
    path = path_of(tree)
    return path is not None and any(map(_STATUS.fullmatch, map(_snake, path[-1:])))


def _snake(name: str) -> str:
    """`orderStatus` as `order_Status`."""
    return _CAMEL.sub("_", name)


def text_of(tree: nodes.Node) -> str | None:
    """The text that *tree* is, where it is a literal of one."""
    return tree.value if isinstance(tree, nodes.Constant) and isinstance(tree.value, str) else None
