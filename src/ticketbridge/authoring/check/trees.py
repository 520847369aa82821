"""The syntax of a mapping's expressions: what the rules of `check` ask of it, and how they say a doubt."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from functools import cache
from typing import Any, TypeAlias

from ticketbridge.jmes import ExpressionError, nodes
from ticketbridge.jmes.analysis import analyse, asked, walk
from ticketbridge.jmes.outcomes import outcomes
from ticketbridge.jmes.parser import parse
from ticketbridge.mapping.findings import Finding, Place
from ticketbridge.mapping.spec import ExpressionSpec, expressions_in


def doubt(place: Place, code: str, message: str, suggestion: str = "") -> Finding:
    """A warning at *place*: what is doubted may be meant."""
    return Finding(place, "warning", code, message, suggestion)


def doubt_in(
    spec: ExpressionSpec, node: nodes.Node, code: str, message: str, suggestion: str = ""
) -> Finding:
    """A warning at *node* of the expression *spec*."""
    return doubt(spec.at(node.start), code, message, suggestion)


# --- trees ----------------------------------------------------------------------------------------


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


# --- conditions -----------------------------------------------------------------------------------


_PARTS_OF_TEXT = frozenset({"contains", "starts_with", "ends_with", "matches"})
_ANCHORED = ("^", "$")


def open_words(tree: nodes.Node, *, good: bool) -> Iterator[nodes.Node]:
    """The comparisons with a word in which any other word, also an unknown one, counts as good.

    *good*: what is good for the ticket where *tree* is true; else what is good where it is false.
    """
    match tree:
        case nodes.Both(conditions=several) | nodes.Either(choices=several):
            for each in several:
                yield from open_words(each, good=good)
        case nodes.Not():
            yield from open_words(tree.condition, good=not good)
        case nodes.Comparison(operator="!=") if good and _compared(tree) is not None:
            yield tree
        case nodes.Comparison(operator="==") if not good and _compared(tree) is not None:
            yield tree
        case nodes.Call(name="contains") if not good and _is_literal(tree.arguments[0]):
            yield tree
        case _:
            return


def _is_literal(tree: nodes.Node) -> bool:
    """Whether *tree* is a literal, or a list of them."""
    if isinstance(tree, nodes.ListOf):
        return all(map(_is_literal, tree.items))
    return isinstance(tree, nodes.Constant)


def _compared(tree: nodes.Comparison) -> nodes.Node | None:
    """What is compared with a word."""
    if text_of(tree.right) is not None:
        return tree.left
    return tree.right if text_of(tree.left) is not None else None


def subject(tree: nodes.Node) -> nodes.Node | None:
    """What is held against a word, or a list of them."""
    if isinstance(tree, nodes.Comparison):
        return _compared(tree)
    if isinstance(tree, nodes.Call) and len(tree.arguments) == 2:
        first, second = tree.arguments
        return second if _is_literal(first) else first
    return None


def of_a_status(found: Iterator[nodes.Node], known: Collection[Path] = ()) -> Iterator[nodes.Node]:
    """Those that are about a status, and none of the paths *known*, whose every word is listed."""
    for node in found:
        about = subject(node)
        if about is not None and is_status(about) and path_of(about) not in known:
            yield node


def parts_of_words(tree: nodes.Node) -> Iterator[nodes.Node]:
    """The calls that search a status for a part of a word."""
    for node in walk(tree):
        if not isinstance(node, nodes.Call) or node.name not in _PARTS_OF_TEXT:
            continue
        where, what = node.arguments
        pattern = text_of(what) or ""
        anchored = node.name == "matches" and all(sign in pattern for sign in _ANCHORED)
        if is_status(where) and pattern and not anchored:
            yield node


def truthy(tree: nodes.Node, *, rooted: bool, whole: bool = False) -> Iterator[nodes.Node]:
    """The operands of a condition that need not be true or false.

    *whole*: so is the condition itself, as that of a filter is.
    """
    match tree:
        case nodes.Both(conditions=several) | nodes.Either(choices=several):
            for each in several:
                yield from truthy(each, rooted=rooted, whole=True)
        case nodes.Not():
            yield from truthy(tree.condition, rooted=rooted, whole=True)
        case _ if whole:
            types = outcomes(tree, rooted=rooted)
            if types is None or types != {bool}:
                yield tree
        case _:
            return


def filters(tree: nodes.Node) -> Iterator[nodes.Node]:
    """The conditions of the filters within *tree*."""
    for node in walk(tree):
        if isinstance(node, nodes.Projection) and node.condition is not None:
            yield node.condition
