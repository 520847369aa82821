"""Conditions that let an unknown word pass, or that take a value for true or false."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from ticketbridge.authoring.check.trees import Path, is_status, path_of, text_of
from ticketbridge.jmes import nodes
from ticketbridge.jmes.analysis import walk
from ticketbridge.jmes.outcomes import outcomes

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
