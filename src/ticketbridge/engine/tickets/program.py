"""A compiled record program: bare for all records of an answer, or with notes for each record."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ticketbridge.contract import Validator
from ticketbridge.engine.tickets.bare import emit_serving
from ticketbridge.engine.tickets.columns import Column, Columns
from ticketbridge.engine.tickets.noted import emit_find_id, emit_judges
from ticketbridge.engine.tickets.notes import Notes
from ticketbridge.engine.tickets.record_limits import BoundCount
from ticketbridge.engine.tickets.steps import Level, RecordProgram
from ticketbridge.engine.tickets.verdicts import NOT_OWNER, Record
from ticketbridge.jmes.budget import shared_budget
from ticketbridge.mapping.spec_compiler import Scope


class Unusual(Exception):
    """Raised by the bare program for a case that only the program with notes can judge."""


@dataclass(slots=True)
class Tally:
    """The tickets of an answer, in order, and its verdicts with their counts, except `returned`.

    *take* gets the *tickets* in portions, and may use the list only during the call. `finish` gives
    it the rest. *ids* are the ids of all compared records, both the returned and the ineligible ones.
    *columns* are the values that *fit* must allow. Without *fit* the tickets are dictionaries, and
    *take* checks them against the contract. *marked* counts the tickets that go out with a mark.
    *bound* counts the values of each level.
    """

    take: Callable[[list[Any]], object]
    bound: BoundCount
    columns: Sequence[Column] = ()
    fit: Callable[[Sequence[Column]], bool] | None = None
    tickets: list[Any] = field(default_factory=list)
    ids: list[str] = field(default_factory=list)
    verdicts: dict[str, int] = field(default_factory=dict)
    given: int = 0
    marked: int = 0

    def hand_on(self) -> None:
        """Give the tickets so far to *take*. Raises Unusual if the contract does not allow them."""
        self._give()
        self.tickets.clear()
        for column in self.columns:
            column.clear()

    def _give(self) -> None:
        # Written before it is checked: what is too long to be written is too long to be looked at.
        self.take(self.tickets)
        if self.fit is not None and not self.fit(self.columns):
            raise Unusual
        self.given += len(self.tickets)

    def finish(self) -> None:
        """Give the rest to *take*. Raises Unusual if an id occurs twice."""
        if self.tickets:
            self._give()
        if len(set(self.ids)) < len(self.ids):
            raise Unusual

    def counts(self, before: Mapping[str, int]) -> dict[str, int]:
        """Return how often each verdict was given in the whole answer.

        *before* are the verdicts of records that ended in an outer stage.
        """
        counted = {**before, "returned": self.given - self.marked}
        for verdict, number in self.verdicts.items():
            counted[verdict] = counted.get(verdict, 0) + number
        return {verdict: number for verdict, number in counted.items() if number}


class Program:
    """The two forms of one record program; see `bare` and `noted`."""

    def __init__(
        self, steps: RecordProgram, stage: int, levels: Sequence[Level], *, is_bundled: bool
    ) -> None:
        """Emit both forms. *levels* are the entries below entry number *stage*, the last that calls.

        *is_bundled*: the body is the bundled one. Its tickets are checked by columns, and only written.
        """
        root = steps.contract.root
        self._last = steps.last
        self._columns = Columns(steps.fields, root) if is_bundled else None
        self._serve = emit_serving(steps, stage, levels, self._columns)
        self._judges = emit_judges(steps)
        self._find_id = emit_find_id(steps)
        self._validator = Validator(root, part=steps.contract.ticket)

    def tally(self, take: Callable[[list[Any]], object], bound: BoundCount) -> Tally:
        """Return an empty tally for one answer."""
        columns = self._columns
        if columns is None:
            return Tally(take, bound)
        return Tally(take, bound, columns.new(), columns.fit)

    def serve(self, bindings: Iterable[tuple[Scope, Sequence[Any]]], tally: Tally) -> None:
        """Add the records of all *bindings* to *tally*.

        Raises any exception if something is unusual. It also raises if the expressions of all records
        together need more than the steps of one evaluation: `judge` allows as many for each record.
        """
        with shared_budget():
            for scope, values in bindings:
                self._serve(scope, values, tally)
        tally.finish()

    def judge(self, stage: int, scope: Scope) -> Record | None:
        """Return the record of a binding of entry number *stage*, or None if the binding goes on.

        The record has its notes. A binding of the last entry always ends in a record.
        """
        with shared_budget():
            record = self._judges[stage](scope, Notes(self._validator))
            if record is not None:
                record.scope = scope
                if stage == self._last and not record.fields and record.verdict != NOT_OWNER:
                    record.ticket_id = self._find_id(scope, Notes(self._validator))
        return record
