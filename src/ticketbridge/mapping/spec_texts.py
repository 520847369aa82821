"""Texts, templates and expressions, each with its place: the other specs are made of these."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, fields, is_dataclass
from typing import Any

from ticketbridge.mapping.findings import Place
from ticketbridge.mapping.places import Piece, place_at


@dataclass(frozen=True, slots=True)
class Secret:
    """Text that may hold a credential. `reveal()` returns it; printing never shows it."""

    _value: str

    def reveal(self) -> str:
        """Return the text itself, in order to send or compare it."""
        return self._value

    def __repr__(self) -> str:
        return "Secret('**********')"

    __str__ = __repr__


@dataclass(frozen=True, slots=True)
class ExpressionSpec:
    """JMESPath *text*; *place* is where its first character stands."""

    text: str
    place: Place
    pieces: tuple[Piece, ...] = field(default=(), repr=False, compare=False)

    def at(self, offset: int) -> Place:
        """Return the place in the file of the character at *offset* of the text."""
        return place_at(self.pieces, offset, self.place)


def parts_within(part: object) -> Iterator[Any]:
    """Yield *part* of a mapping and each part within it. An outer part comes before its inner ones."""
    if isinstance(part, Mapping):
        inner: Iterable[object] = part.values()
    elif isinstance(part, tuple | list):
        inner = part
    elif is_dataclass(part):
        inner = (getattr(part, member.name) for member in fields(part))
    else:
        return
    yield part
    for each in inner:
        yield from parts_within(each)


def expressions_in(part: object) -> Iterator[ExpressionSpec]:
    """Yield each expression within *part* of a mapping."""
    return (each for each in parts_within(part) if isinstance(each, ExpressionSpec))


def secrets_in(part: object) -> Iterator[str]:
    """Yield the text of each Secret within *part* of a mapping, for callers that must not repeat it."""
    return (each.reveal() for each in parts_within(part) if isinstance(each, Secret))


@dataclass(frozen=True, slots=True)
class TemplateSpec:
    """A request string: literal text, values of variables and `{expression}` holes, in order."""

    parts: tuple[str | Secret | ExpressionSpec, ...]
    place: Place
