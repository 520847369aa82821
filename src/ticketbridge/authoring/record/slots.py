"""What the mapping does with what an expression reads: each slot of a mapping has its use."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from enum import Enum

from ticketbridge.authoring.personal import Kind
from ticketbridge.authoring.personal.kinds import Spot, kind_of
from ticketbridge.mapping.spec import (
    BindingSpec,
    CallSpec,
    ExpressionSpec,
    FieldSpec,
    MappingSpec,
    ObjectSpec,
    PagesSpec,
    RuleSpec,
    TableSpec,
    parts_within,
)


class Use(Enum):
    """What a value that is read is needed for, beside those that go into a personal field."""

    DECIDES = "verdicts, ids and prices come of it: it is kept"
    BINDS = "it is bound to a name: its parts count where that name is read"
    FOLLOWS = "another page is asked for by it: its parts are replaced, its form is kept"
    PASSES = "it goes out as it is, or is somebody's: another one does as well"
    NOTHING = "nobody outside sees it"


Slots = Mapping[ExpressionSpec, Use | Kind]
"""The use of each expression that has another than to decide; a kind: it goes into such a field."""

_OPEN = frozenset({"metadata", "props", "nominalTicket", "primarySaleBuyerData"})
_KEPT = frozenset({"seating", "identificationType"})


def slots_of(spec: MappingSpec) -> Slots:
    """The uses of the expressions of *spec*."""
    uses: dict[ExpressionSpec, Use | Kind] = dict(_in_source(spec.source))
    if spec.ticket.owner is not None:
        uses[spec.ticket.owner] = Use.PASSES
    for path, expression in _fields(spec.ticket.fields, ()):
        use = use_of_field(path)
        if use is not Use.DECIDES:
            uses[expression] = use
    uses[spec.response.body] = Use.NOTHING
    return uses


def use_of_field(path: tuple[str, ...]) -> Use | Kind:
    """What the field of a ticket at *path* is for."""
    if path == ("buyer",):
        return Kind.EMAIL
    kind = kind_of(Spot(path[-1], path[-2] if len(path) > 1 else ""))
    if kind is not None:
        return kind
    opens = path[0] in _OPEN and _KEPT.isdisjoint(path)
    return Use.PASSES if opens else Use.DECIDES


def _fields(
    field: FieldSpec, path: tuple[str, ...]
) -> Iterator[tuple[tuple[str, ...], ExpressionSpec]]:
    match field:
        case ExpressionSpec():
            yield path, field
        case TableSpec():
            yield path, field.source
        case ObjectSpec():
            for named in field.fields:
                yield from _fields(named.field, (*path, named.name))


def _in_source(source: object) -> Iterator[tuple[ExpressionSpec, Use]]:
    for part in parts_within(source):
        match part:
            case CallSpec():
                yield part.result.expression or ExpressionSpec("body", part.place), Use.BINDS
            case BindingSpec():
                yield part.expression, Use.BINDS
            case PagesSpec():
                if part.cursor is not None:
                    yield part.cursor, Use.PASSES
                if part.next_url is not None:
                    yield part.next_url, Use.FOLLOWS
            case RuleSpec():
                if part.message is not None:
                    yield part.message, Use.NOTHING
                if part.poll is not None and part.poll.url is not None:
                    yield part.poll.url, Use.FOLLOWS
