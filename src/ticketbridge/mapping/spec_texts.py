"""What the other specs are made of: texts, templates and expressions, each with its place."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields, is_dataclass

from ticketbridge.mapping.findings import Place
from ticketbridge.mapping.places import Piece, place_at


@dataclass(frozen=True, slots=True)
class Secret:
    """Text that may hold a credential: `reveal()` gives it, and nothing prints it."""

    _value: str

    def reveal(self) -> str:
        """The text itself, for the one place that sends or compares it."""
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
        """Where the character at *offset* of the text stands in the file."""
        return place_at(self.pieces, offset, self.place)


def expressions_in(part: object) -> Iterator[ExpressionSpec]:
    """The expressions that *part* of a mapping declares, wherever in it they stand."""
    if isinstance(part, ExpressionSpec):
        yield part
    elif isinstance(part, Mapping):
        for value in part.values():
            yield from expressions_in(value)
    elif isinstance(part, tuple | list):
        for each in part:
            yield from expressions_in(each)
    elif is_dataclass(part):
        for member in fields(part):
            yield from expressions_in(getattr(part, member.name))


@dataclass(frozen=True, slots=True)
class TemplateSpec:
    """A request string: literal text, values of variables and `{expression}` holes, in order."""

    parts: tuple[str | Secret | ExpressionSpec, ...]
    place: Place
