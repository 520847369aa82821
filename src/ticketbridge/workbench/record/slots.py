"""The use of each value that an expression reads, and the words that the mapping itself writes."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from enum import Enum

from ticketbridge.jmes.analysis import walk
from ticketbridge.jmes.nodes import Field
from ticketbridge.mapping.spec import (
    BindingSpec,
    CallSpec,
    CsvFormatSpec,
    ExpressionSpec,
    FieldSpec,
    MappingSpec,
    ObjectSpec,
    PagesSpec,
    RuleSpec,
    StatusTableSpec,
    TableSpec,
    TemplateSpec,
    expressions_in,
    parts_within,
)
from ticketbridge.workbench.check.trees import read_tree
from ticketbridge.workbench.personal.personal_kinds import DataSpot, PersonalKind, find_kind


class Use(Enum):
    """The need for a value that does not go into a personal field."""

    DECIDES = "verdicts, ids and prices come of it: it is kept"
    BINDS = "it is bound to a name: its parts count where that name is read"
    FOLLOWS = "another page is asked for by it: its parts are replaced, its form is kept"
    PASSES = "it goes out as it is, or is somebody's: another one does as well"
    NOTHING = "nobody outside sees it"


Slots = Mapping[ExpressionSpec, Use | PersonalKind]
"""The use of each expression whose use is not to decide. A kind means: it goes into a field of that kind."""

_OPEN = frozenset({"metadata", "props", "nominalTicket", "primarySaleBuyerData"})
_KEPT = frozenset({"seating", "identificationType"})


def find_slots(spec: MappingSpec) -> Slots:
    """Return the uses of the expressions of *spec*."""
    uses: dict[ExpressionSpec, Use | PersonalKind] = dict(_find_source_slots(spec.source))
    if spec.ticket.owner is not None:
        uses[spec.ticket.owner] = Use.PASSES
    for path, expression in _list_fields(spec.ticket.fields, ()):
        use = choose_use(path)
        if use is not Use.DECIDES:
            uses[expression] = use
    uses[spec.response.body] = Use.NOTHING
    return uses


def choose_use(path: tuple[str, ...]) -> Use | PersonalKind:
    """Return what the field of a ticket at *path* is for."""
    if path == ("buyer",):
        return PersonalKind.EMAIL
    kind = find_kind(DataSpot(path[-1], path[-2] if len(path) > 1 else ""))
    if kind is not None:
        return kind
    opens = path[0] in _OPEN and _KEPT.isdisjoint(path)
    return Use.PASSES if opens else Use.DECIDES


def _list_fields(
    field: FieldSpec, path: tuple[str, ...]
) -> Iterator[tuple[tuple[str, ...], ExpressionSpec]]:
    match field:
        case ExpressionSpec():
            yield path, field
        case TableSpec():
            yield path, field.source
        case ObjectSpec():
            for named in field.fields:
                yield from _list_fields(named.field, (*path, named.name))


def _find_source_slots(source: object) -> Iterator[tuple[ExpressionSpec, Use]]:
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


# --- words of the mapping -------------------------------------------------------------------------


_TEXT = re.compile(r"'((?:[^'\\]|\\.)*)'")


def find_kept_words(spec: MappingSpec) -> set[str]:
    """Return the keys of the mapping's tables, and the texts in its expressions and requests."""
    return set(_find_words((spec.source, spec.ticket)))


def find_named_keys(spec: MappingSpec) -> frozenset[str]:
    """Return the keys of the platform's answers that the mapping names."""
    found = {"errors"}  # which are looked for in GraphQL
    for expression in expressions_in((spec.source, spec.ticket)):
        found |= {node.name for node in walk(read_tree(expression)) if isinstance(node, Field)}
    for part in parts_within(spec.source):
        if isinstance(part, CsvFormatSpec):
            found.update(part.columns)
    return frozenset(found | find_kept_words(spec))


def _find_words(whole: object) -> Iterator[str]:
    for part in parts_within(whole):
        match part:
            case ExpressionSpec():
                yield from _TEXT.findall(part.text)
            case StatusTableSpec() | TableSpec():
                yield from part.values
            case TemplateSpec():
                yield from (text for text in part.parts if isinstance(text, str) and text)
