"""Write a tree as a text that `parse` reads as the same tree."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
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
_Operation: TypeAlias = nodes.Either | nodes.Both | nodes.Not | nodes.Comparison


class Unwritable(Exception):
    """A tree that no text can have. A tree that came from a text is never one."""


class _Binds(IntEnum):
    """How tightly a text holds together. A text that is looser than its place allows gets parentheses."""

    REFERENCE = 0
    PIPE = 1
    OR = 2
    AND = 3
    COMPARISON = 4
    SIDE = 5  # of a comparison
    WHOLE = 6


class _Power(IntEnum):
    """How strongly a sign binds. A sign goes into the projection before it if it has more power than that.

    The numbers are jmespath's own.
    """

    FLATTENING = 9
    STOP = 10
    STAR = 20
    FILTER = 21
    DOT = 40
    BRACKET = 55
    MOST = 99


class _Text(NamedTuple):
    text: str
    binds: _Binds = _Binds.WHOLE
    takes: _Power = _Power.MOST  # what has more


class _Suffix(NamedTuple):
    """A step as it stands behind another: the power of its first sign, and its text.

    If it is a projection, *each* is what it does for each element, and *power* its own.
    """

    sign: _Power
    text: str
    each: nodes.Node | None = None
    power: _Power = _Power.STAR

    @property
    def of_values(self) -> bool:
        """Whether it is `.*`, which has the power of its dot or, with no value before it, of its star."""
        return self.power is _Power.DOT

    def as_first(self) -> _Suffix:
        """Return the step as it stands with no value before it."""
        return self._replace(power=_Power.STAR) if self.of_values else self


def text_of(tree: nodes.Node) -> str:
    """Return the text of *tree*, with single spaces and few parentheses. Raises Unwritable if it has none."""
    return _write(tree).text


def _write(node: nodes.Node) -> _Text:
    match node:
        case nodes.Either() | nodes.Both() | nodes.Not() | nodes.Comparison():
            return _operation(node)
        case nodes.Chain() | nodes.Flatten() | nodes.Projection() | nodes.ValueProjection():
            return _chain(*_parts(node))
        case nodes.Reference():
            return _Text(f"&{text_of(node.body)}", _Binds.REFERENCE)
        case nodes.Slice():
            raise Unwritable(f"{_slice(node)} opens a projection")
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
        case nodes.Either():
            return _joined(node.choices, " || ", _Binds.OR)
        case nodes.Both():
            return _joined(node.conditions, " && ", _Binds.AND)
        case nodes.Not():
            negated = f"!{_negated(node.condition)}"
            return _Text(negated, _Binds.SIDE, _Power.STOP)
        case nodes.Comparison():
            left, right = (_within(side, _Binds.SIDE) for side in (node.left, node.right))
            return _Text(f"{left} {node.operator} {right}", _Binds.COMPARISON)
        case _:
            assert_never(node)


def _within(node: nodes.Node, least: _Binds) -> str:
    """Return the text of *node*, in parentheses if it binds less tightly than *least*."""
    text, binds, _ = _write(node)
    return text if binds >= least else f"({text})"


def _joined(parts: tuple[nodes.Node, ...], operator: str, binds: _Binds) -> _Text:
    return _Text(operator.join(_within(part, _Binds(binds + 1)) for part in parts), binds)


def _negated(node: nodes.Node) -> str:
    # `!` binds more tightly than the dot.
    simple = isinstance(node, nodes.Field | nodes.Call | nodes.Current | nodes.Not)
    return text_of(node) if simple else f"({text_of(node)})"


# --- steps, each on the value of the one before ---------------------------------------------------


def _parts(node: nodes.Node) -> Iterator[nodes.Node]:
    """Yield what *node* consists of, in order. A projection comes behind its base.

    None but the first is `@`.
    """
    match node:
        case nodes.Chain(steps=(first, *steps)):
            yield from _parts(first)
            for step in steps:
                begin, *others = _parts(step)
                yield from others if isinstance(begin, nodes.Current) else (begin, *others)
        case nodes.Flatten() | nodes.Projection() | nodes.ValueProjection():
            yield from _parts(node.base)
            yield node
        case _:
            yield node


def _chain(first: nodes.Node, *parts: nodes.Node) -> _Text:
    made = _write(first)
    begins = isinstance(first, nodes.Current)
    for step in _steps(first, parts):
        if isinstance(step, _Suffix):
            made = _followed(made, step, begins=begins)
        else:
            made = _piped(made, _within(step, _Binds.OR))
        begins = False
    return made


def _followed(before: _Text, step: _Suffix, *, begins: bool) -> _Text:
    ends = before.binds >= _Binds.SIDE and step.sign <= before.takes
    try:
        return _appended(before.text if ends else f"({before.text})", step)
    except Unwritable:
        if not step.of_values:
            raise
    alone = _appended("", step.as_first()._replace(text="*"))
    return alone if begins else _piped(before, alone.text)


def _piped(before: _Text, text: str) -> _Text:
    begun = before.text if before.binds >= _Binds.PIPE else f"({before.text})"
    return _Text(f"{begun} | {text}", _Binds.PIPE)


def _appended(text: str, step: _Suffix) -> _Text:
    if step.each is None:
        return _Text(text + step.text)
    each = _each(step.each, step.power)
    binds = _Binds.WHOLE if each.takes is _Power.MOST else _Binds.SIDE
    return _Text(text + step.text + each.text, binds, each.takes)


def _each(node: nodes.Node, power: _Power) -> _Text:
    """Return the text after a projection of this *power*, for each of its elements."""
    first, *parts = _parts(node)
    if not isinstance(first, nodes.Current):
        first, parts = nodes.Current(node.start), [first, *parts]
    if not parts:
        return _Text("", takes=_Power.STOP)
    begin, *more = parts
    # `.[a, b]` and `.{a: b}` end the projection; `[a, b]` without a dot does not.
    ends = isinstance(begin, nodes.HashOf) or (isinstance(begin, nodes.ListOf) and not more)
    limit = _Power.MOST if ends else power
    made, least = _Text(""), _Power.STOP
    for step in _steps(first, parts):
        if not isinstance(step, _Suffix) or not least < step.sign <= made.takes:
            raise Unwritable(f"a projection cannot go on so: {text_of(node)}")
        made = _appended(made.text, step if made.text else step.as_first())
        least = limit
    text = made.text.removeprefix(".") if isinstance(begin, nodes.ListOf) and more else made.text
    return made._replace(text=text, takes=min(limit, made.takes))


def _steps(first: nodes.Node, parts: Sequence[nodes.Node]) -> Iterator[_Suffix | nodes.Node]:
    """Yield *parts* as they stand behind *first*, and unchanged what stands only behind a pipe."""
    opening = ""
    for before, part, after in zip((first, *parts), parts, (*parts[1:], None), strict=False):
        # A slice behind an index opens no projection.
        if isinstance(part, nodes.Flatten):
            opening = "[]"
        elif isinstance(part, nodes.Slice) and not isinstance(before, nodes.Index | nodes.Slice):
            opening = _slice(part)
        else:
            yield _step(part, opening or "[*]")
            opening = ""
        if opening and not (isinstance(after, nodes.Projection) and after.condition is None):
            raise Unwritable(f"{opening} opens a projection")


def _step(  # noqa: PLR0911 - a line for each kind of node
    part: nodes.Node, opening: str
) -> _Suffix | nodes.Node:
    match part:
        case nodes.Field() | nodes.Call() | nodes.ListOf() | nodes.HashOf():
            return _Suffix(_Power.DOT, f".{_whole(part)}")
        case nodes.Index():
            return _Suffix(_Power.BRACKET, _whole(part))
        case nodes.Slice():
            return _Suffix(_Power.BRACKET, _slice(part))
        case nodes.ValueProjection():
            return _Suffix(_Power.DOT, ".*", part.each, _Power.DOT)
        case nodes.Projection() if part.condition is not None:
            return _Suffix(_Power.FILTER, f"[?{text_of(part.condition)}]", part.each, _Power.FILTER)
        case nodes.Projection():
            sign = _Power.FLATTENING if opening == "[]" else _Power.BRACKET
            return _Suffix(sign, opening, part.each, min(sign, _Power.STAR))
        case _:
            return part


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
