"""What a case expects against what it got: each difference as a line for people."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from ticketbridge.authoring.cases.reasons import Reasons
from ticketbridge.authoring.cases.shown import ABSENT, shown
from ticketbridge.jmes.values import equal
from ticketbridge.tickets.duplicates import TICKET_ID

Tickets = Mapping[object, Any]


def difference_lines(
    subject: str, expected: Any, got: Any, reason: Callable[[str], str] | None = None
) -> Iterator[str]:
    """`ticket 1 `price`: expected 19.99, got 25`, for each value in which the two differ.

    *reason* says of a path where its value came from, or "".
    """
    for path, wanted, found in _differences(expected, got, ""):
        name = f"{subject} `{path}`" if path else subject
        why = reason(path) if reason else ""
        yield f"{name}: expected {shown(wanted)}, got {shown(found)}{f' ({why})' if why else ''}"


def ticket_lines(
    expected: Sequence[Any], got: Sequence[Any], reasons: Reasons | None = None
) -> Iterator[str]:
    """The differences of two lists of tickets: by their ids where one has more than the other.

    *reasons* are those of the tickets that were got.
    """
    wanted, found = _paired(expected, got)
    numbers = {id(ticket): number for number, ticket in enumerate(got)}
    for number, (key, ticket) in enumerate(wanted.items(), 1):
        other = found.get(key, ABSENT)
        reason = _reason(reasons, ticket, numbers.get(id(other))) if reasons else None
        yield from difference_lines(f"ticket {number}", ticket, other, reason)
    for key, ticket in found.items():
        if key not in wanted:
            yield f"ticket beyond the expected ones: {shown(ticket)}"
    common = [key for key in found if key in wanted]
    if common != [key for key in wanted if key in found]:
        yield f"order of tickets: expected {_listed(wanted)}, got {_listed(found)}"


def _reason(reasons: Reasons, expected: Any, number: int | None) -> Callable[[str], str]:
    """Why a ticket, got under that *number*, is as it is; or why it is not there."""
    if number is None:
        return lambda _path: reasons.of_missing(expected)
    return lambda path: reasons.of_field(number, path)


def _paired(expected: Sequence[Any], got: Sequence[Any]) -> tuple[Tickets, Tickets]:
    """Both lists by the ids of tickets; by position where that says more, or ids say nothing."""
    wanted, found = _by_id(expected), _by_id(got)
    distinct = len(wanted) == len(expected) and len(found) == len(got)
    if distinct and (wanted.keys() == found.keys() or len(wanted) != len(found)):
        return wanted, found
    return dict(enumerate(expected, 1)), dict(enumerate(got, 1))


def _by_id(tickets: Sequence[Any]) -> Tickets:
    return {str(ticket[TICKET_ID]): ticket for ticket in tickets if TICKET_ID in ticket}


def _listed(tickets: Tickets) -> str:
    return ", ".join(map(str, tickets))


def _differences(expected: Any, got: Any, path: str) -> Iterator[tuple[str, Any, Any]]:
    if isinstance(expected, dict) and isinstance(got, dict):
        for name in dict.fromkeys((*expected, *got)):
            below = f"{path}.{name}" if path else name
            yield from _differences(expected.get(name, ABSENT), got.get(name, ABSENT), below)
    elif isinstance(expected, list) and isinstance(got, list):
        for index in range(max(len(expected), len(got))):
            yield from _differences(_at(expected, index), _at(got, index), f"{path}[{index}]")
    elif not equal(expected, got):
        yield path, expected, got


def _at(values: Sequence[Any], index: int) -> Any:
    return values[index] if index < len(values) else ABSENT
