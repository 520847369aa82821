"""Kinds of values that several keys share: words, numbers, lists, texts, durations, expressions."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, TypeVar

from ticketbridge.mapping.findings import Place
from ticketbridge.mapping.keys import Key, NoValueError, ValueKind
from ticketbridge.mapping.read_context import Context, text_of
from ticketbridge.mapping.spec_texts import ExpressionSpec
from ticketbridge.mapping.variables import (
    ResolvedText,
    resolve_template,
    resolve_text,
    warn_of_variables,
)
from ticketbridge.mapping.yaml_nodes import Node, Scalar

T = TypeVar("T")
W = TypeVar("W", bound=str | int)
_END = r"(?!\n)$"  # `$` matches before a line break too


def _text(node: Node, _context: Context, _name: str) -> str:
    return text_of(node)


# --- words and numbers ----------------------------------------------------------------------------


def word(*words: W, title: str = "", broken: W | None = None) -> ValueKind[W]:
    """Return the kind of a value that is one of *words*.

    Any other value is read as *broken*, or as the first word if *broken* is None.
    """
    stand_in = words[0] if broken is None else broken

    def read(node: Node, _context: Context, _name: str) -> W:
        value = node.plain()
        return next((each for each in words if each == value), stand_in)

    return ValueKind(title or _one_of(words), {"enum": list(words)}, read)


def _one_of(words: tuple[str | int, ...]) -> str:
    names = [f"`{each}`" if isinstance(each, str) else str(each) for each in words]
    if len(names) > 3:
        return f"one of {', '.join(map(str, words))}"
    return " or ".join(filter(None, (", ".join(names[:-1]), names[-1])))


def only(value: T, title: str) -> ValueKind[T]:
    """Return the kind of a value that is always *value*."""
    return ValueKind(title, {"const": value}, lambda *_: value)


def pattern(regex: str, title: str, **more: Any) -> ValueKind[str]:
    """Return the kind of a text that has the form of *regex*."""
    return ValueKind(title, {"type": "string", "pattern": f"^{regex}{_END}"}, _text, **more)


def whole(least: int, most: int, *, title: str = "") -> ValueKind[int]:
    """Return the kind of a whole number from *least* to *most*. `2.0` is one too."""

    def read(node: Node, _context: Context, _name: str) -> int:
        value = node.plain()
        return int(value) if isinstance(value, int | float) else max(least, 1)

    bounds = {"type": "integer", "minimum": least, "maximum": most}
    return ValueKind(title or f"a whole number from {least} to {most}", bounds, read)


YES_OR_NO = ValueKind("true or false", {"type": "boolean"}, lambda node, *_: node.plain() is True)
NAME = pattern(
    "[a-z][a-z0-9_]*",
    "a name: a small letter, then small letters, digits and `_`",
    define="name",
    text="A small letter, then small letters, digits and `_`.",
    examples=("order",),
)
ANYTHING: ValueKind[Any] = ValueKind("any value", {}, lambda node, *_: node.plain())

# --- lists and mappings ---------------------------------------------------------------------------


def list_of(entry: ValueKind[T], title: str, *examples: Any) -> ValueKind[tuple[T, ...]]:
    """Return the kind of a list with at least one *entry*. *examples* are examples of entries."""

    def read(node: Node, context: Context, name: str) -> tuple[T, ...]:
        return tuple(entry.read(item, context, name) for item in node.items)

    items = Key("", entry, "", examples) if examples else entry
    return ValueKind(title, {"type": "array", "minItems": 1, "items": items}, read)


def named(
    entry: ValueKind[T], title: str, *examples: Any, define: str = "", **more: Any
) -> ValueKind[Mapping[str, T]]:
    """Return the kind of a mapping from names that the integrator chooses to *entry*.

    *more* has further keywords of its schema.
    """

    def read(node: Node, context: Context, _name: str) -> Mapping[str, T]:
        return {
            str(key.value): entry.read(value, context, str(key.value)) for key, value in node.pairs
        }

    entries = {"additionalProperties": entry} if entry.schema else {}
    keywords = {"type": "object", **more, **entries}
    return ValueKind(title, keywords, read, define, "", examples)


def either(
    title: str, kind: str, one: ValueKind[Any], other: ValueKind[Any], **more: Any
) -> ValueKind[Any]:
    """Return the kind of a value that is *one* if its JSON type is *kind*, else *other*."""
    types = [*_types(other), *(each for each in _types(one) if each not in _types(other))]
    forks = {"if": {"type": kind}, "then": one, "else": other}

    def read(node: Node, context: Context, name: str) -> Any:
        chosen = one if isinstance(node.plain(), _TYPES[kind]) else other
        return chosen.read(node, context, name)

    return ValueKind(title, {"type": types, **forks}, read, **more)


_TYPES: Mapping[str, type] = {"string": str, "array": list}


def _types(kind: ValueKind[Any]) -> list[str]:
    types = kind.schema.get("type", "string")
    return [types] if isinstance(types, str) else types


# --- texts ----------------------------------------------------------------------------------------

TEXT = ValueKind(
    "text",
    {"type": "string", "minLength": 1},
    resolve_text,
    "text",
    "Text with `${NAME}` and `${NAME:-default}` variables.",
    ("${ACME_API}",),
)
POSSIBLY_EMPTY = ValueKind("text", {"type": "string"}, resolve_text)
LITERAL = ValueKind("text", {"type": "string", "minLength": 1}, _text)


def _read_title(node: Node, context: Context, name: str) -> str:
    warn_of_variables(node, context)
    return _text(node, context, name)


TITLE = LITERAL.reading(_read_title)


def text(
    read: Callable[[ResolvedText, Context], T], like: ValueKind[ResolvedText] = TEXT
) -> ValueKind[T]:
    """Return the kind of a text. Its variables are resolved, and *read* then makes the value from it."""
    return like.reading(
        lambda node, context, name: read(resolve_text(node, context, name), context)
    )


TEMPLATE = ValueKind(
    "text",
    {"type": "string"},
    resolve_template,
    "template",
    "Text with `{expression}` holes and `${NAME}` variables; `{{` and `}}` are literal braces.",
    ("{user}",),
)


def read_expression(node: Node, context: Context, name: str) -> ExpressionSpec:
    """Return the expression at *node*, or an empty one if the node is broken."""
    if not isinstance(node, Scalar):
        return ExpressionSpec("", node.place)
    return ExpressionSpec(_text(node, context, name), node.at(0), node.pieces)


EXPRESSION = ValueKind(
    "an expression",
    {"type": "string", "minLength": 1},
    read_expression,
    "expression",
    "JMESPath over named roots. Quote one that begins with a sign of YAML.",
    ("body.data",),
)

# --- durations and sizes --------------------------------------------------------------------------

_SECONDS = {"ms": Decimal("0.001"), "s": Decimal(1), "m": Decimal(60), "h": Decimal(3600)}
_BYTES = {"KB": 1_000, "MB": 1_000_000}
_NUMBER = r"[0-9]+(\.[0-9]+)?"
DURATION_FORM = rf"{_NUMBER}({'|'.join(_SECONDS)})"
_RATE = rf"[1-9][0-9]{{0,5}}/{DURATION_FORM}"
_SIZE = rf"{_NUMBER}({'|'.join(_BYTES)})"
_AMOUNT = re.compile(r"(?P<number>[0-9.]+)(?P<unit>[a-zA-Z]+)")
_LONGEST_SESSION = 720  # hours
_VARIABLE = r"|\$\{"  # what it gives is looked at when it is read


class UnitError(ValueError):
    """A duration, a size or a rate that cannot be used. The message never shows its text."""


def seconds(text: str, *, most_hours: int = 1) -> float:
    """Return `8s`, `500ms`, `1.5m` or `1h` in seconds.

    Raises UnitError if *text* is no duration, or is not from 1ms to *most_hours*.
    """
    match = _AMOUNT.fullmatch(text) if re.fullmatch(DURATION_FORM, text) else None
    if match is None:
        raise UnitError("should be a number with `ms`, `s`, `m` or `h`")
    amount = Decimal(match["number"]) * _SECONDS[match["unit"]]
    if not _SECONDS["ms"] <= amount <= most_hours * _SECONDS["h"]:
        raise UnitError(f"should be at least 1ms and at most {most_hours}h")
    return float(amount)


def read_duration_or_expression(
    node: Node, context: Context, name: str
) -> ExpressionSpec | float | None:
    """Return a duration (`30m`) in seconds, or else an expression that gives seconds.

    Return None if a finding was reported.
    """
    if not text_of(node)[:1].isdigit():
        return read_expression(node, context, name)
    try:
        return seconds(text_of(node), most_hours=_LONGEST_SESSION)
    except UnitError as error:
        message = f"`{name}` {error}, or be an expression that gives seconds"
        context.report.error(node.place, "TB014", message, "for example 30m or body.expires_in")
        return None


def size_in_bytes(text: str) -> int:
    """Return `500KB` or `10MB` in bytes. 1 KB is 1,000 bytes.

    Raises UnitError if *text* is no size, or is not from 1KB to 1000MB.
    """
    match = _AMOUNT.fullmatch(text) if re.fullmatch(_SIZE, text) else None
    if match is None:
        raise UnitError("should be a number with `KB` or `MB`")
    amount = Decimal(match["number"]) * _BYTES[match["unit"]]
    if not _BYTES["KB"] <= amount <= 1_000 * _BYTES["MB"]:
        raise UnitError("should be at least 1KB and at most 1000MB")
    return int(amount)


@dataclass(frozen=True, slots=True)
class RateSpec:
    """At most this many *calls* in any period of *seconds*."""

    calls: int
    seconds: float
    place: Place

    def __str__(self) -> str:
        """Return the rate as it may stand in a file."""
        unit = next((each for each in ("h", "m") if self.seconds % float(_SECONDS[each]) == 0), "s")
        return f"{self.calls}/{self.seconds / float(_SECONDS[unit]):g}{unit}"


def _rate(text: str) -> tuple[int, float]:
    """Return `20/1s` or `80/1m` as calls and seconds. Raises UnitError if *text* is no rate."""
    calls, _, window = text.partition("/")
    if re.fullmatch(_RATE, text) is None:
        raise UnitError("should be a number of calls, `/`, and a duration")
    return int(calls), seconds(window)


def _read_rate(text: ResolvedText, context: Context) -> RateSpec:
    return RateSpec(*_amount(_rate)(text, context), text.place)


def _amount(read: Callable[[str], T]) -> Callable[[ResolvedText, Context], T]:
    """Return a reader of a text with variables. It applies *read*, and reports what that cannot read."""

    def read_amount(text: ResolvedText, context: Context) -> T:
        if not text.known:
            raise NoValueError
        try:
            return read(text.value)
        except UnitError as error:
            context.report.error(text.place, "TB014", f"{text.label} {error}")
            raise NoValueError from None

    return read_amount


def _form(regex: str) -> dict[str, str]:
    return {"type": "string", "pattern": f"^{regex}{_END}{_VARIABLE}"}


DURATION = text(
    _amount(seconds),
    ValueKind(
        "a duration: a number with `ms`, `s`, `m` or `h`",
        _form(DURATION_FORM),
        resolve_text,
        "duration",
        "A number with `ms`, `s`, `m` or `h`; over 0 and at most 1h.",
        ("8s",),
    ),
)
SIZE = text(
    _amount(size_in_bytes),
    ValueKind(
        "a size: a number with `KB` or `MB`",
        _form(_SIZE),
        resolve_text,
        "size",
        "A number with `KB` (1,000 bytes) or `MB` (1,000,000 bytes); at least 1KB and at most 1000MB.",
        ("10MB",),
    ),
)
RATE = text(
    _read_rate,
    ValueKind(
        "a rate: a number of calls, `/`, and a duration",
        _form(_RATE),
        resolve_text,
        "rate",
        "A number of calls, `/`, and a duration of at most 1h: so many in any such time.",
        ("20/1s", "80/1m"),
    ),
)
