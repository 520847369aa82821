"""The syntax trees of a mapping's expressions: what the rules of `check` need to know about them."""

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
from ticketbridge.mapping.spec import BindingSpec, EntrySpec, ExpressionSpec, expressions_in


def make_doubt(place: Place, code: str, message: str, suggestion: str = "") -> Finding:
    """Return a warning at *place*. The doubtful part may be intended."""
    return Finding(place, "warning", code, message, suggestion)


def make_doubt_in(
    spec: ExpressionSpec, node: nodes.Node, code: str, message: str, suggestion: str = ""
) -> Finding:
    """Return a warning at *node* of the expression *spec*."""
    return make_doubt(spec.at(node.start), code, message, suggestion)


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
def _parse_tree(text: str) -> nodes.Node:
    try:
        tree = parse(text, strict=True)
        analyse(text, tree, roots=None, strict=True)
    except ExpressionError:
        return _NOTHING
    return tree


def read_tree(spec: ExpressionSpec) -> nodes.Node:
    """Return the syntax tree of *spec*; that of null if the text has an error, which was reported before."""
    return _parse_tree(spec.text)


def find_roots(part: Any) -> set[str]:
    """Return the roots of the expressions within *part*."""
    return {root.name for spec in expressions_in(part) for root in asked(read_tree(spec))}


def find_path(tree: nodes.Node) -> Path | None:
    """Return the keys of a tree that only follows keys, inside any wrapper; None for any other tree."""
    match tree:
        case nodes.Field():
            return (tree.name,)
        case nodes.Index():
            return ()
        case nodes.Chain():
            parts = [find_path(step) for step in tree.steps]
            return None if None in parts else tuple(key for part in parts for key in part or ())
        case nodes.Call() if tree.name in _WRAPPERS:
            return find_path(tree.arguments[0])
        case _:
            return None


def is_status(tree: nodes.Node) -> bool:
    """Return whether *tree* leads to a key whose name means a status."""
    path = find_path(tree)
    return path is not None and any(map(_STATUS.fullmatch, map(make_snake_case, path[-1:])))


def make_snake_case(name: str) -> str:
    """Return `order_Status` for `orderStatus`."""
    return _CAMEL.sub("_", name)


def find_literal_text(tree: nodes.Node) -> str | None:
    """Return the text of a literal; None for any other tree."""
    return tree.value if isinstance(tree, nodes.Constant) and isinstance(tree.value, str) else None


def binds_several(entry: EntrySpec) -> bool:
    """Return whether *entry* binds several values; a paged `take` binds one for each page."""
    if isinstance(entry, BindingSpec):
        return entry.kind == "each"
    return entry.result.kind == "each" or (entry.result.kind == "take" and entry.pages is not None)


# --- conditions -----------------------------------------------------------------------------------


_PARTS_OF_TEXT = frozenset({"contains", "starts_with", "ends_with", "matches"})
_ANCHORED = ("^", "$")


def find_open_words(tree: nodes.Node, *, good: bool) -> Iterator[nodes.Node]:
    """Yield the comparisons with a word in which any other word, even an unknown one, counts as good.

    *good* says which result of *tree* is good for the ticket: true or false.
    """
    match tree:
        case nodes.Both(conditions=several) | nodes.Either(choices=several):
            for each in several:
                yield from find_open_words(each, good=good)
        case nodes.Not():
            yield from find_open_words(tree.condition, good=not good)
        case nodes.Comparison(operator="!=") if good and _find_compared(tree) is not None:
            yield tree
        case nodes.Comparison(operator="==") if not good and _find_compared(tree) is not None:
            yield tree
        case nodes.Call(name="contains") if not good and is_literal(tree.arguments[0]):
            yield tree
        case _:
            return


def is_literal(tree: nodes.Node) -> bool:
    """Whether *tree* is a literal, or a list of them."""
    if isinstance(tree, nodes.ListOf):
        return all(map(is_literal, tree.items))
    return isinstance(tree, nodes.Constant)


def _find_compared(tree: nodes.Comparison) -> nodes.Node | None:
    """Return the side that is compared with a word; None if no side is a word."""
    if find_literal_text(tree.right) is not None:
        return tree.left
    return tree.right if find_literal_text(tree.left) is not None else None


def find_subject(tree: nodes.Node) -> nodes.Node | None:
    """Return the side that is compared with a word, or with a list of words; None for other trees."""
    if isinstance(tree, nodes.Comparison):
        return _find_compared(tree)
    if isinstance(tree, nodes.Call) and len(tree.arguments) == 2:
        first, second = tree.arguments
        return second if is_literal(first) else first
    return None


def keep_about_status(
    found: Iterator[nodes.Node], known: Collection[Path] = ()
) -> Iterator[nodes.Node]:
    """Yield those of *found* that are about a status.

    The paths *known* are left out: all their words are listed.
    """
    for node in found:
        about = find_subject(node)
        if about is not None and is_status(about) and find_path(about) not in known:
            yield node


def find_partial_words(tree: nodes.Node) -> Iterator[nodes.Node]:
    """Yield the calls that search a status for a part of a word."""
    for node in walk(tree):
        if not isinstance(node, nodes.Call) or node.name not in _PARTS_OF_TEXT:
            continue
        where, what = node.arguments
        pattern = find_literal_text(what) or ""
        anchored = node.name == "matches" and all(sign in pattern for sign in _ANCHORED)
        if is_status(where) and pattern and not anchored:
            yield node


def find_untyped_conditions(
    tree: nodes.Node, *, rooted: bool, whole: bool = False
) -> Iterator[nodes.Node]:
    """Yield the operands of a condition that may be other than true or false.

    *whole*: the condition itself counts too, as in a filter.
    """
    match tree:
        case nodes.Both(conditions=several) | nodes.Either(choices=several):
            for each in several:
                yield from find_untyped_conditions(each, rooted=rooted, whole=True)
        case nodes.Not():
            yield from find_untyped_conditions(tree.condition, rooted=rooted, whole=True)
        case _ if whole:
            types = outcomes(tree, rooted=rooted)
            if types is None or types != {bool}:
                yield tree
        case _:
            return


def find_filters(tree: nodes.Node) -> Iterator[nodes.Node]:
    """Yield the conditions of the filters within *tree*."""
    for node in walk(tree):
        if isinstance(node, nodes.Projection) and node.condition is not None:
            yield node.condition
