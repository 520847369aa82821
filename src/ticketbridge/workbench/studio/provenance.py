"""Which values of the platform's answers a field or a check read, and who read a value."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from ticketbridge.engine.tickets.verdicts import Record
from ticketbridge.jmes import Expression
from ticketbridge.workbench.personal.personal_kinds import PersonalKind
from ticketbridge.workbench.record.evaluation import Evaluation, Noting
from ticketbridge.workbench.record.slots import Use
from ticketbridge.workbench.studio.answer_rows import RowIndex
from ticketbridge.workbench.studio.studio_run import StudioRun

Spot = tuple[int, int]
"""The number of an answer, and a row of it."""

MOST_READERS = 40
MOST_SEARCHED = 400


@dataclass(slots=True)
class _RowsRead(Noting):
    """Finds the rows that an expression reads.

    The members of what was merged are told from where they stand; what stands inside a text has no rows.
    """

    indexes: Sequence[RowIndex | None]
    found: dict[Spot, None] = field(default_factory=dict)

    def note(self, container: Any, value: Any, key: str | None, _use: Use | PersonalKind) -> None:
        """See Noting."""
        for number, index in enumerate(self.indexes):
            row = None if index is None else index.containers.get(id(container))
            if index is not None and row is not None:
                step = key if key is not None else _find_position(container, value)
                member = index.members.get((row, step))
                if member is not None:
                    self.found[number, member] = None

    def note_key(self, container: Any, key: str) -> None:
        """See Noting."""
        self.note(container, None, key, Use.DECIDES)


def _find_position(container: Any, value: Any) -> int:
    """Return the place of *value* in a list, or -1."""
    places = (place for place, each in enumerate(container) if each is value)
    return next(places, -1)


def find_rows_read(run: StudioRun, expression: Expression, scope: Mapping[str, Any]) -> list[Spot]:
    """Return the rows that *expression* reads in *scope*."""
    read = _RowsRead(run.indexes)
    Evaluation(scope, read, Use.DECIDES).of(expression)
    return list(read.found)


@dataclass(frozen=True, slots=True)
class Reader:
    """A field or a check of a record, which read a value: its *name* and the *place* of its expression."""

    record: int
    name: str
    place: str


def list_expressions(record: Record) -> Iterator[tuple[str, Expression]]:
    """Yield the checks and the fields of *record* that have an expression, with their names."""
    yield from ((check.name or check.kind, check.expression) for check in record.checks)
    yield from ((note.name, note.expression) for note in record.fields if note.expression)


def find_readers(run: StudioRun, spot: Spot) -> list[Reader]:
    """Return who read the value at *spot*, those first that are bound to what it stands in."""
    return list(islice(_find_readers(run, spot), MOST_READERS))


def _find_readers(run: StudioRun, spot: Spot) -> Iterator[Reader]:
    for number, record in _list_near(run, spot)[:MOST_SEARCHED]:
        for name, expression in list_expressions(record):
            if spot in find_rows_read(run, expression, record.scope or {}):
                yield Reader(number, name, expression.place)


def _list_near(run: StudioRun, spot: Spot) -> list[tuple[int, Record]]:
    """Return the records bound to what the value stands in, the innermost binding first, then all others."""
    number, row = spot
    index = run.indexes[number]
    around = index.find_ancestors(row) if index else []
    nearness = {id(index.values[above]): at for at, above in enumerate(around)} if index else {}
    records = list(enumerate(run.answer_run.trace.records))

    def rank(numbered: tuple[int, Record]) -> int:
        scope = numbered[1].scope or {}
        return min((nearness.get(id(value), len(around)) for value in scope.values()), default=0)

    return sorted(records, key=rank)
