"""Write a tree as a text that `parse` reads as the same tree."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from enum import IntEnum
from typing import Any, NamedTuple, TypeAlias, assert_never

from ticketbridge.jmes import nodes

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


_Whole: TypeAlias = (
    nodes.Current
    | nodes.Field
    | nodes.Index
    | nodes.Constant
    | nodes.ListOf
    | nodes.HashOf
    | nodes.Call
)
_Operation: TypeAlias = nodes.Chain | nodes.Either | nodes.Both | nodes.Not | nodes.Comparison
_Opening: TypeAlias = nodes.Slice | nodes.Flatten | nodes.Projection | nodes.ValueProjection


class Unwritable(Exception):
    """A tree that no text can have. A tree that came from a text is never one."""


class _Binds(IntEnum):
    """How tightly a text holds together. A text that is looser than its place allows gets parentheses."""

    PIPE = 0
    OR = 1
    AND = 2
    COMPARISON = 3
    PROJECTION = 4  # what follows would go into it
    WHOLE = 5


class _Text(NamedTuple):
    text: str
    binds: _Binds = _Binds.WHOLE


def text_of(tree: nodes.Node) -> str:
    """Return the text of *tree*, with single spaces and few parentheses. Raises Unwritable if it has none."""
    return _write(tree).text


def _write(node: nodes.Node) -> _Text:
    match node:
        case nodes.Chain() | nodes.Either() | nodes.Both() | nodes.Not() | nodes.Comparison():
            return _operation(node)
        case nodes.Slice() | nodes.Flatten() | nodes.Projection() | nodes.ValueProjection():
            return _Text(_projection(node), _Binds.PROJECTION)
        case nodes.Reference():
            return _Text(f"&{text_of(node.body)}", _Binds.PIPE)
        case _:
            return _Text(_whole(node))


def _whole(node: _Whole) -> str:  # noqa: PLR0911 - a line for each kind of node
    match node:
        case nodes.Current():
            return "@"
        case nodes.Field():
            return _name(node.name)
        case nodes.Index():
            return f"[{node.index}]"
        case nodes.Constant():
            return _literal(node.value)
        case nodes.ListOf():
            return f"[{', '.join(map(text_of, node.items))}]"
        case nodes.HashOf():
            pairs = (f"{_name(name)}: {text_of(value)}" for name, value in node.pairs)
            return f"{{{', '.join(pairs)}}}"
        case nodes.Call():
            return f"{node.name}({', '.join(map(text_of, node.arguments))})"
        case _:
            assert_never(node)


def _operation(node: _Operation) -> _Text:
    match node:
        case nodes.Chain():
            return _chain(node)
        case nodes.Either():
            return _joined(node.choices, " || ", _Binds.OR)
        case nodes.Both():
            return _joined(node.conditions, " && ", _Binds.AND)
        case nodes.Not():
            return _Text(f"!{_negated(node.condition)}", _Binds.PROJECTION)
        case nodes.Comparison():
            left, right = (_within(side, _Binds.PROJECTION) for side in (node.left, node.right))
            return _Text(f"{left} {node.operator} {right}", _Binds.COMPARISON)
        case _:
            assert_never(node)


def _within(node: nodes.Node, least: _Binds) -> str:
    """Return the text of *node*, in parentheses if it binds less tightly than *least*."""
    text, binds = _write(node)
    return text if binds >= least else f"({text})"


def _joined(parts: tuple[nodes.Node, ...], operator: str, binds: _Binds) -> _Text:
    return _Text(operator.join(_within(part, _Binds(binds + 1)) for part in parts), binds)


def _negated(node: nodes.Node) -> str:
    # `!` binds more tightly than the dot.
    simple = isinstance(node, nodes.Field | nodes.Call | nodes.Current | nodes.Not)
    return text_of(node) if simple else f"({text_of(node)})"


def _chain(node: nodes.Chain) -> _Text:
    first, *steps = _steps(node)
    text, binds = _Text(_within(first, _Binds.WHOLE))
    for step in steps:
        after = _suffix(step)
        if after is None:
            text, binds = f"{text} | {_within(step, _Binds.OR)}", _Binds.PIPE
        else:
            closed = text if binds is _Binds.WHOLE else f"({text})"
            text, binds = closed + after.text, after.binds
    return _Text(text, binds)


def _steps(node: nodes.Chain) -> Iterator[nodes.Node]:
    """Yield the steps of *node*, and those of a chain within it one by one."""
    for number, step in enumerate(node.steps):
        if isinstance(step, nodes.Chain):
            yield from (s for s in _steps(step) if not number or not isinstance(s, nodes.Current))
        else:
            yield step


def _suffix(node: nodes.Node) -> _Text | None:
    """Return *node* as written after the value that it is evaluated on, or None if it cannot be."""
    match node:
        case nodes.Index():
            return _Text(f"[{node.index}]")
        case nodes.Slice():
            return _Text(_slice(node), _Binds.PROJECTION)
        case nodes.Field() | nodes.HashOf() | nodes.ListOf() | nodes.Call():
            return _Text(f".{text_of(node)}")
        case nodes.Projection() | nodes.ValueProjection():
            text = text_of(node)
            if text.startswith("@"):
                return _Text(text[1:], _Binds.PROJECTION)
            named = not text.startswith(("(", "'", "`"))
            return _Text(f".{text}", _Binds.PROJECTION) if named else None
        case _:
            return None


def _projection(node: _Opening) -> str:
    match node:
        case nodes.Slice():
            return f"@{_slice(node)}"
        case nodes.Flatten():
            return f"{_within(node.base, _Binds.WHOLE)}[]"
        case nodes.ValueProjection():
            return f"{_within(node.base, _Binds.WHOLE)}.*{_each(node.each)}"
        case nodes.Projection():
            return f"{_opened(node)}{_each(node.each)}"
        case _:
            assert_never(node)


def _opened(node: nodes.Projection) -> str:
    """Return the part that opens the projection. A flattening and a slice open one by themselves."""
    if node.condition is not None:
        return f"{_within(node.base, _Binds.WHOLE)}[?{text_of(node.condition)}]"
    last = node.base.steps[-1] if isinstance(node.base, nodes.Chain) else node.base
    if isinstance(last, nodes.Flatten | nodes.Slice):
        return text_of(node.base)
    return f"{_within(node.base, _Binds.WHOLE)}[*]"


def _each(node: nodes.Node) -> str:
    """Return the text after a projection, for each of its elements."""
    steps = list(_steps(node)) if isinstance(node, nodes.Chain) else [node]
    return "".join(
        _appended(step, last=step is steps[-1])
        for step in steps
        if not isinstance(step, nodes.Current)
    )


def _appended(step: nodes.Node, *, last: bool) -> str:
    after = _suffix(step)
    # What follows `[a, b]` and `{a: b}` no longer belongs to the projection.
    if after is None or (isinstance(step, nodes.ListOf | nodes.HashOf) and not last):
        raise Unwritable(f"a projection cannot go on so: {text_of(step)}")
    return after.text


def _slice(node: nodes.Slice) -> str:
    start, stop, step = (
        "" if bound is None else str(bound)
        for bound in (node.bounds.start, node.bounds.stop, node.bounds.step)
    )
    return f"[{start}:{stop}:{step}]" if step else f"[{start}:{stop}]"


def _name(name: str) -> str:
    return name if _NAME.fullmatch(name) else json.dumps(name)


def _literal(value: Any) -> str:
    # In quotes a line break would end the line that is shown, and other signs would not be seen.
    is_seen = not isinstance(value, str) or value.isprintable()
    if isinstance(value, str) and is_seen and "\\" not in value:
        text = value.replace("'", "\\'")
        return f"'{text}'"
    text = json.dumps(value, ensure_ascii=not is_seen).replace("`", "\\`")
    return f"`{text}`"
