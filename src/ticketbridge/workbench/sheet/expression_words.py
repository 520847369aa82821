"""Expressions in plain words, for readers who do not know JMESPath."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from types import MappingProxyType
from typing import Final

from ticketbridge.jmes import nodes
from ticketbridge.jmes.parser import parse
from ticketbridge.workbench.page import Mono, Words, join_words

_PHRASES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "abs": "{0} without its sign",
        "add": "{0} plus {1}",
        "as_list": "{0}",
        "base64": "{0} in base64",
        "contains": "{0} contains {1}",
        "decimal": "the number that {0} says",
        "date": "the moment {0}",
        "default": "{0}, or where there is none {1}",
        "divide": "{0} divided by {1}",
        "ends_with": "{0} ends with {1}",
        "extract": "the part of {0} that fits the pattern {1}",
        "from_json": "the document in {0}",
        "from_xml": "the document in {0}",
        "hash": "a digest of {0}",
        "hmac": "a digest of {0}",
        "items": "the names and values in {0}",
        "length": "the number of entries (or letters) in {0}",
        "lower": "{0} in small letters",
        "matches": "{0} fits the pattern {1}",
        "minor_units": "{0}, which counts the smallest units (cents) of the currency {1}",
        "multiply": "{0} times {1}",
        "now": "the moment of asking",
        "null_if": "{0}, unless that is {1}",
        "optional": "{0}, where it is given",
        "replace": "{0}, with {2} in place of {1}",
        "round": "{0}, rounded to {1} decimal places",
        "split": "the parts of {0} between {1}",
        "starts_with": "{0} begins with {1}",
        "subtract": "{0} minus {1}",
        "to_number": "{0} as a number",
        "to_string": "{0} as text",
        "trim": "{0} without blanks around it",
        "unique": "{0}, each once",
        "upper": "{0} in capitals",
    }
)
"""Functions that one phrase describes, whatever their arguments are."""

_SHORTENED: Final = frozenset({"date", "decimal", "hash", "hmac"})
"""Functions with further arguments that the phrase leaves to the rule."""

_COMPARED: Final[Mapping[str, str]] = MappingProxyType(
    {
        "==": "{0} is {1}",
        "!=": "{0} is not {1}",
        "<": "{0} is less than {1}",
        "<=": "{0} is at most {1}",
        ">": "{0} is more than {1}",
        ">=": "{0} is at least {1}",
    }
)
_MOMENTS: Final[Mapping[str, str]] = MappingProxyType(
    {"<": "before", "<=": "not after", ">": "after", ">=": "not before"}
)
_ROOTS: Final[Mapping[str, Words]] = MappingProxyType(
    {
        "user": ("the asked user",),
        "body": ("the answer",),
        "status": ("the answer's status",),
        "headers": ("the answer's headers",),
    }
)
_HOLE = re.compile(r"\{(\d)\}")


class _NoWords(Exception):
    """Raised for an expression that no phrase describes."""


def in_words(text: str) -> Words:
    """Return in words what the expression *text* gives; the rule itself if words would not be plain."""
    try:
        return _words(parse(text, strict=True))
    except _NoWords:
        return ("worked out by the rule ", Mono(" ".join(text.split())))


def condition_in_words(text: str) -> Words:
    """Return in words when the expression *text* is true; a bare `X` becomes "X is true"."""
    tree = parse(text, strict=True)
    try:
        return _condition(tree)
    except _NoWords:
        return ("the rule ", Mono(" ".join(text.split())), " is true")


def _fill(phrase: str, *words: Words) -> Words:
    pieces = _HOLE.split(phrase)
    made: list[str | Mono] = []
    for number, piece in enumerate(pieces):
        made += words[int(piece)] if number % 2 else (piece,)
    return tuple(piece for piece in made if piece != "")


def _words(node: nodes.Node) -> Words:
    match node:
        case nodes.Field(name=name):
            return _ROOTS.get(name, ("the ", Mono(name)))
        case nodes.Constant(value=value):
            return _value(value)
        case nodes.Both() | nodes.Either() | nodes.Not() | nodes.Comparison():
            return _choice(node) or _alternatives(node) or ("whether ", *_condition(node))
        case _:
            return _compound(node)


def _compound(node: nodes.Node) -> Words:
    match node:
        case nodes.Chain(steps=steps):
            return _chain(steps)
        case nodes.Call():
            return _call(node)
        case nodes.Projection():
            return _projection(node)
        case _:
            raise _NoWords


def _alternatives(node: nodes.Node) -> Words | None:
    """Say `a || b` of two values; None for conditions."""
    if not isinstance(node, nodes.Either) or any(map(_is_condition, node.choices)):
        return None
    return join_words(map(_words, node.choices), ", or if that is empty ")


def _choice(node: nodes.Node) -> Words | None:
    """Say `a == b && 'x' || c && 'y'` as "`x` where a is b, else `y` where c"; None for any other form."""
    made: list[Words] = []
    for part in node.choices if isinstance(node, nodes.Either) else (node,):
        if not isinstance(part, nodes.Both) or not isinstance(part.conditions[-1], nodes.Constant):
            return None
        *conditions, value = part.conditions
        where = _joined(tuple(conditions), " and ", within=False)
        made.append((*_words(value), " where ", *where))
    return join_words(made, ", else ")


def _value(value: object) -> Words:
    if value is None:
        return ("nothing",)
    return (Mono(value if isinstance(value, str) else json.dumps(value, default=str)),)


def _chain(steps: tuple[nodes.Node, ...]) -> Words:
    """Say `a.b.c` as "`b.c` of the `a`"; any step that is not a name divides the path."""
    made = _words(steps[0])
    names: list[str] = []
    for step in _flat(steps[1:]):
        if isinstance(step, nodes.Field):
            names.append(step.name)
            continue
        made, names = _of(names, made), []
        if isinstance(step, nodes.Projection):
            made = _projection(step, made)
            continue
        if not isinstance(step, nodes.Index):
            raise _NoWords
        which = {0: "the first entry", -1: "the last entry"}.get(step.index)
        made = ((which or f"entry {step.index + 1}") + " of ", *made)
    return _of(names, made)


def _flat(steps: Iterable[nodes.Node]) -> Iterator[nodes.Node]:
    """Yield the steps of a path, including those of paths within it."""
    for step in steps:
        if isinstance(step, nodes.Chain):
            yield from _flat(step.steps)
        else:
            yield step


def _of(names: list[str], whole: Words) -> Words:
    return (Mono(".".join(names)), " of ", *whole) if names else whole


def _call(node: nodes.Call) -> Words:
    arguments = node.arguments
    match node.name, arguments:
        case "lookup", (entries, key, value):
            return (
                "the entry of ",
                *_words(entries),
                " whose ",
                *_words(key),
                " is ",
                *_words(value),
            )
        case "length", (nodes.Projection() as entries,):
            return ("the number of ", *_words(entries))
        case "join", (between, nodes.ListOf(items=items)):
            return (*join_words(map(_words, items), ", "), ", joined by ", *_words(between))
        case _:
            return _phrased(node)


def _phrased(node: nodes.Call) -> Words:
    phrase = _PHRASES.get(node.name, "")
    holes = {int(hole) for hole in _HOLE.findall(phrase)}
    if len(holes) != len(node.arguments) and node.name not in _SHORTENED:
        raise _NoWords
    return _fill(phrase, *map(_words, node.arguments))


def _projection(node: nodes.Projection, whole: Words | None = None) -> Words:
    """Say a list's entries; *whole* is what the list is a part of."""
    base = node.base.base if isinstance(node.base, nodes.Flatten) else node.base
    entries: Words = ("the entries of ", *(_words(base) if whole is None else _part(base, whole)))
    if node.condition is not None:
        entries = (*entries, " where ", *_condition(node.condition, within=True))
    return _part(node.each, entries)


def _part(node: nodes.Node, whole: Words) -> Words:
    """Say *node*, which is only names, as a part of *whole*."""
    steps = list(_flat([node]))
    if steps == [nodes.Current(node.start)]:
        return whole
    names = [step.name for step in steps if isinstance(step, nodes.Field)]
    if len(names) != len(steps):
        raise _NoWords
    return _of(names, whole)


# --- conditions -----------------------------------------------------------------------------------


def _is_condition(node: nodes.Node) -> bool:
    return isinstance(node, nodes.Comparison | nodes.Both | nodes.Not) or (
        isinstance(node, nodes.Either) and any(map(_is_condition, node.choices))
    )


def _condition(node: nodes.Node, *, within: bool = False, is_part: bool = False) -> Words:
    """Say *node* as a condition; *within* a list, names are those of its entries."""
    match node:
        case nodes.Both(conditions=parts):
            return _joined(parts, " and ", within=within)
        case nodes.Either(choices=parts):
            return _joined(parts, " or ", within=within)
        case nodes.Not(condition=inner):
            return ("it is not so that ", *_condition(inner, within=within, is_part=True))
        case nodes.Comparison():
            return _comparison(node, within=within)
        case nodes.Call(name="matches" | "contains" | "starts_with" | "ends_with") if not within:
            return _words(node)
        case nodes.Constant():
            raise _NoWords  # a value, and no condition
        case _:
            # Alone it must be true or false; as a part anything counts that is not empty.
            told = " is true or not empty" if is_part else " is true"
            return (*_operand(node, within=within), told)


def _joined(parts: tuple[nodes.Node, ...], word: str, *, within: bool) -> Words:
    made: list[Words] = []
    for part in parts:
        inner = _condition(part, within=within, is_part=True)
        nested = isinstance(part, nodes.Both | nodes.Either)
        made.append(("(", *inner, ")") if nested else inner)
    return join_words(made, word)


def _operand(node: nodes.Node, *, within: bool) -> Words:
    if within and isinstance(node, nodes.Field):
        return ("its ", Mono(node.name))
    if within and not isinstance(node, nodes.Constant):
        raise _NoWords
    return _words(node)


def _comparison(node: nodes.Comparison, *, within: bool) -> Words:
    left, right, operator = node.left, node.right, node.operator
    is_null = isinstance(right, nodes.Constant) and right.value is None
    if is_null and operator in {"==", "!="}:
        phrase = "{0} is empty" if operator == "==" else "{0} is given"
        return _fill(phrase, _operand(left, within=within))
    if (
        isinstance(left, nodes.Call)
        and left.name == "length"
        and isinstance(right, nodes.Constant)
        and right.value == 0
        and operator in {"==", ">"}
    ):
        entries = left.arguments[0]
        none, some = (
            ("there are none of {0}", "there are any of {0}")
            if isinstance(entries, nodes.Projection)
            else ("{0} has no entry", "{0} has an entry")
        )
        return _fill(none if operator == "==" else some, _words(entries))
    if operator in _MOMENTS and any(map(_is_moment, (left, right))):
        return (*_words(left), f" is {_MOMENTS[operator]} ", *_words(right))
    pair = (_operand(left, within=within), _operand(right, within=within))
    return _fill(_COMPARED[operator], *pair)


def _is_moment(node: nodes.Node) -> bool:
    return isinstance(node, nodes.Call) and node.name in {"now", "date"}
