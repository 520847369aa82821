"""What a case expects against what it got: each difference as a line for people."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from enum import Enum
from typing import Any, Final

import msgspec

from ticketbridge.authoring.cases.spec import same
from ticketbridge.tickets.origins import Origin

LONGEST = 200
TICKET_ID = "ticketId"
Tickets = Mapping[object, Any]
Origins = Mapping[str, Origin]
"""Where the fields of one ticket came from, by their dotted names."""


class Absent(Enum):
    """The value of a key that is not there, and of a ticket that is not in a list."""

    ABSENT = "nothing"


ABSENT: Final = Absent.ABSENT


def difference_lines(
    subject: str, expected: Any, got: Any, origins: Origins | None = None
) -> Iterator[str]:
    """`ticket 1 `price`: expected 19.99, got 25`, for each value in which the two differ.

    *origins* says of the fields of a ticket where they came from.
    """
    for path, wanted, found in _differences(expected, got, ""):
        name = f"{subject} `{path}`" if path else subject
        yield f"{name}: expected {shown(wanted)}, got {shown(found)}{_origin(path, origins or {})}"


def ticket_lines(
    expected: Sequence[Any], got: Sequence[Any], origins: Sequence[Origins] = ()
) -> Iterator[str]:
    """The differences of two lists of tickets: by their ids where one has more than the other.

    *origins* are those of each ticket that was got.
    """
    wanted, found = _paired(expected, got)
    known = {id(ticket): made for ticket, made in zip(got, origins, strict=False)}
    for number, (key, ticket) in enumerate(wanted.items(), 1):
        other = found.get(key, ABSENT)
        yield from difference_lines(f"ticket {number}", ticket, other, known.get(id(other)))
    for key, ticket in found.items():
        if key not in wanted:
            yield f"ticket beyond the expected ones: {shown(ticket)}"
    common = [key for key in found if key in wanted]
    if common != [key for key in wanted if key in found]:
        yield f"order of tickets: expected {_listed(wanted)}, got {_listed(found)}"


def _origin(path: str, origins: Origins) -> str:
    """` (price: `item.cents` at acme.yaml:20:12 gave 2500)`, for the field at *path*."""
    field = path.partition("[")[0]
    made = [o for name, o in origins.items() if name == field or name.startswith(f"{field}.")]
    told = [
        f"`{o.expression}` at {o.place} gave {o.failure or shown(o.value)}"
        for o in made
        if o.expression
    ]
    return f" ({'; '.join(told)})" if field and told else ""


def shown(value: Any) -> str:
    """*value* as JSON, cut where it is long."""
    if isinstance(value, Absent):
        return str(value.value)
    text = msgspec.json.encode(value).decode()
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}..."


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
    elif not same(expected, got):
        yield path, expected, got


def _at(values: Sequence[Any], index: int) -> Any:
    return values[index] if index < len(values) else ABSENT
