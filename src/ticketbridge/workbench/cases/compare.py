"""Compare what a case expects with what it got: each difference is a line, with its reason.

A reason names the expression, its place, and what the platform sent.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from ticketbridge.engine.tickets.duplicates import TICKET_ID
from ticketbridge.engine.tickets.verdicts import RETURNED, Record
from ticketbridge.jmes import NOWHERE, Expression, root_paths
from ticketbridge.jmes.values import equal
from ticketbridge.mapping.spec_compiler import Scope
from ticketbridge.workbench.answer_run import AnswerRun
from ticketbridge.workbench.cases.value_text import MISSING, show_value

MOST = 3


class Reasons:
    """Explains one run. Nothing is computed before it is asked for."""

    def __init__(self, answer_run: AnswerRun) -> None:
        self._records: Sequence[Record] = answer_run.trace.records
        self._made = [record for record in self._records if record.ticket is not None]

    def of_field(self, ticket: int, path: str) -> str:
        """Return the source of the field at *path*, in the ticket with that number (from 0), or ""."""
        record = self._made[ticket]
        field = path.partition("[")[0]
        parts = [
            _describe_value(note.expression, note.failure or show_value(note.value))
            + _describe_inputs(note.expression, record.scope or {})
            for note in record.fields
            if note.expression and (f"{note.name}.").startswith(f"{field}.")
        ]
        return "; ".join(parts) if field else ""

    def of_missing(self, ticket: Any) -> str:
        """Return the result of the record that has the id of *ticket*, or ""."""
        ticket_id = ticket.get(TICKET_ID) if isinstance(ticket, dict) else None
        found = [
            r for r in self._records if ticket_id is not None and r.ticket_id == str(ticket_id)
        ]
        return "; ".join(map(self._of_record, found))

    def of_verdict(self, word: str) -> Iterator[str]:
        """Yield why records have the verdict *word*, for the first few of them."""
        found = [r for r in self._records if str(r.verdict) == word and r.verdict != RETURNED]
        for record in found[:MOST]:
            ticket = f"ticket {record.ticket_id}: " if record.ticket_id else ""
            yield f"{ticket}{self._of_record(record)}"
        if len(found) > MOST:
            yield f"and {len(found) - MOST} more: {word}"

    def _of_record(self, record: Record) -> str:
        """Return the verdict, with the check that decided it, or with the reason of the record."""
        why = record.reason
        if record.checks and record.checks[-1].answer == str(record.verdict):
            last = record.checks[-1]
            why = _describe_value(last.expression, last.failure or show_value(last.value))
            why += _describe_inputs(last.expression, record.scope or {})
        return f"{record.verdict} ({why})" if why else str(record.verdict)


def _describe_value(source: Expression, value: str) -> str:
    return f"`{source.text}` at {source.place} gave {value}"


def _describe_inputs(source: Expression, scope: Scope) -> str:
    """Return `, from item.cents = 2500`; "" if the expression is only that path."""
    parts = [
        f"{path} = {'nothing' if (value := path.value(scope)) is NOWHERE else show_value(value)}"
        for path in root_paths(source)
        if str(path) != source.text
    ]
    return f", from {', '.join(parts)}" if parts else ""


# --- differences ----------------------------------------------------------------------------------


Tickets = Mapping[object, Any]


def describe_differences(
    subject: str, expected: Any, got: Any, reason: Callable[[str], str] | None = None
) -> Iterator[str]:
    """Yield ``ticket 1 `price`: expected 19.99, got 25`` for each value that differs.

    *reason* gives for a path the source of its value, or "".
    """
    for path, wanted, found in _find_differences(expected, got, ""):
        name = f"{subject} `{path}`" if path else subject
        why = reason(path) if reason else ""
        yield f"{name}: expected {show_value(wanted)}, got {show_value(found)}{f' ({why})' if why else ''}"


def describe_ticket_differences(
    expected: Sequence[Any], got: Sequence[Any], reasons: Reasons | None = None
) -> Iterator[str]:
    """Yield the differences of two lists of tickets.

    Tickets are compared by their ids where one list has more than the other. *reasons* explain the tickets
    that came.
    """
    wanted, found = _pair_tickets(expected, got)
    numbers = {id(ticket): number for number, ticket in enumerate(got)}
    for number, (key, ticket) in enumerate(wanted.items(), 1):
        other = found.get(key, MISSING)
        reason = _choose_reason(reasons, ticket, numbers.get(id(other))) if reasons else None
        yield from describe_differences(f"ticket {number}", ticket, other, reason)
    for key, ticket in found.items():
        if key not in wanted:
            yield f"ticket beyond the expected ones: {show_value(ticket)}"
    common = [key for key in found if key in wanted]
    if common != [key for key in wanted if key in found]:
        yield f"order of tickets: expected {_join_ids(wanted)}, got {_join_ids(found)}"


def _choose_reason(reasons: Reasons, expected: Any, number: int | None) -> Callable[[str], str]:
    """Return a function that explains the ticket with that *number*, or why it is not there."""
    if number is None:
        return lambda _path: reasons.of_missing(expected)
    return lambda path: reasons.of_field(number, path)


def _pair_tickets(expected: Sequence[Any], got: Sequence[Any]) -> tuple[Tickets, Tickets]:
    """Return both lists by ticket id; by position if ids do not tell more."""
    wanted, found = _index_by_id(expected), _index_by_id(got)
    distinct = len(wanted) == len(expected) and len(found) == len(got)
    if distinct and (wanted.keys() == found.keys() or len(wanted) != len(found)):
        return wanted, found
    return dict(enumerate(expected, 1)), dict(enumerate(got, 1))


def _index_by_id(tickets: Sequence[Any]) -> Tickets:
    return {str(ticket[TICKET_ID]): ticket for ticket in tickets if TICKET_ID in ticket}


def _join_ids(tickets: Tickets) -> str:
    return ", ".join(map(str, tickets))


def _find_differences(expected: Any, got: Any, path: str) -> Iterator[tuple[str, Any, Any]]:
    if isinstance(expected, dict) and isinstance(got, dict):
        for name in dict.fromkeys((*expected, *got)):
            below = f"{path}.{name}" if path else name
            yield from _find_differences(expected.get(name, MISSING), got.get(name, MISSING), below)
    elif isinstance(expected, list) and isinstance(got, list):
        for index in range(max(len(expected), len(got))):
            yield from _find_differences(
                _get_at(expected, index), _get_at(got, index), f"{path}[{index}]"
            )
    elif not equal(expected, got):
        yield path, expected, got


def _get_at(values: Sequence[Any], index: int) -> Any:
    return values[index] if index < len(values) else MISSING
