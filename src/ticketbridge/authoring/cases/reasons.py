"""Why a case came to what it came to: expressions, their places, and what the platform sent."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from ticketbridge.authoring.cases.shown import shown
from ticketbridge.authoring.trial import Trial
from ticketbridge.jmes import NOWHERE, Expression, root_paths
from ticketbridge.mapping.compiler import Scope
from ticketbridge.tickets.duplicates import TICKET_ID
from ticketbridge.tickets.verdicts import RETURNED, Record

MOST = 3


class Reasons:
    """What can be told of one run; nothing is reckoned before it is asked for."""

    def __init__(self, trial: Trial) -> None:
        self._records: Sequence[Record] = trial.journal.records
        self._made = [record for record in self._records if record.ticket is not None]

    def of_field(self, ticket: int, path: str) -> str:
        """Where the field at *path* came from, in the ticket of that number (from 0); or ""."""
        record = self._made[ticket]
        field = path.partition("[")[0]
        told = [
            _gave(note.expression, note.failure or shown(note.value))
            + _read(note.expression, record.scope or {})
            for note in record.fields
            if note.expression and (f"{note.name}.").startswith(f"{field}.")
        ]
        return "; ".join(told) if field else ""

    def of_missing(self, ticket: Any) -> str:
        """What became of the record that has the id of *ticket*, or ""."""
        ticket_id = ticket.get(TICKET_ID) if isinstance(ticket, dict) else None
        found = [
            r for r in self._records if ticket_id is not None and r.ticket_id == str(ticket_id)
        ]
        return "; ".join(map(self._of_record, found))

    def of_verdict(self, word: str) -> Iterator[str]:
        """Why records have the verdict *word*: the first few of them."""
        found = [r for r in self._records if str(r.verdict) == word and r.verdict != RETURNED]
        for record in found[:MOST]:
            ticket = f"ticket {record.ticket_id}: " if record.ticket_id else ""
            yield f"{ticket}{self._of_record(record)}"
        if len(found) > MOST:
            yield f"and {len(found) - MOST} more: {word}"

    def _of_record(self, record: Record) -> str:
        """The verdict, with the check that decided it, or with the reason that the record has."""
        why = record.reason
        if record.checks and record.checks[-1].answer == str(record.verdict):
            last = record.checks[-1]
            why = _gave(last.expression, last.failure or shown(last.value))
            why += _read(last.expression, record.scope or {})
        return f"{record.verdict} ({why})" if why else str(record.verdict)


def _gave(source: Expression, value: str) -> str:
    return f"`{source.text}` at {source.place} gave {value}"


def _read(source: Expression, scope: Scope) -> str:
    """`, from item.cents = 2500`, unless the expression is no more than that path."""
    told = [
        f"{path} = {'nothing' if (value := path.value(scope)) is NOWHERE else shown(value)}"
        for path in root_paths(source)
        if str(path) != source.text
    ]
    return f", from {', '.join(told)}" if told else ""
