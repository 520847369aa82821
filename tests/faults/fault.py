"""What a row of the table of faults is made of."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from tests.fake_platform import Answers, Reply, Step
from tests.support import Changes, item, order, orders


@dataclass(frozen=True)
class Problem:
    """The answer is this problem; *retry_after* is its header in seconds, or None without one."""

    slug: str
    status: int
    retry_after: int | None = None


@dataclass(frozen=True)
class Tickets:
    """The answer is 200 with exactly these tickets."""

    tickets: Sequence[Mapping[str, Any]]


@dataclass(frozen=True)
class Greeting:
    """What a connection does before it hears a word; a request on it is answered well."""

    steps: Sequence[Step]


Expected = Problem | Tickets
What = Answers | tuple[Answers, ...] | Greeting
Rows = Mapping[str, tuple[What, Expected]]
Routes = Mapping[str, Sequence[Answers]]
"""What the platform answers, by path and query (decoded), in order; of several that fit, the last."""


@dataclass(frozen=True)
class Fault:
    """A row: what the platform does, and what is *expected* of the answer, with *changes* to the mapping.

    *routes* answer one request about ANA as the row says, and later ones about BEA well. *repeats*: a
    request may be seen twice.
    """

    section: str
    name: str
    routes: Routes
    expected: Expected
    changes: Changes = field(default_factory=dict)
    greeting: Sequence[Step] = ()
    repeats: bool = False


ERROR = Problem("upstream-error", 502)
AUTH = Problem("upstream-auth", 502)
UNREADABLE = Problem("upstream-unreadable", 502)
MISMATCH = Problem("mapping-mismatch", 502)
UNAVAILABLE = Problem("upstream-unavailable", 503, 1)
TIMEOUT = Problem("upstream-timeout", 504)


def later(seconds: int) -> Problem:
    """The platform asked us to come back in so many seconds."""
    return Problem("upstream-unavailable", 503, seconds)


def ticket(number: int | str, **changes: Any) -> dict[str, Any]:
    """The ticket that is made of `item(number)`."""
    made = {"ticketId": str(number), "ticketOptionId": "A", "price": 10, "currency": "EUR"}
    event = {"externalReferenceEventId": "fest", "showId": "fest", "status": "VALID"}
    return {**made, **event, **changes}


def tickets(*numbers: int | str) -> Tickets:
    """The tickets of these items."""
    return Tickets([ticket(number) for number in numbers])


ONE = tickets(1)
NONE = Tickets([])

ANA = "ana@example.com"
BEA = "bea@example.com"
GOODS = Reply(json=orders(order(item(1))))
BEAS = Reply(json={**orders(order(item("b"), email=BEA)), "next": None, "error": None})
"""What the platform says of the user who asks next, in mappings with pages and rules too."""
ASKED = f"/orders?email={ANA}"
WELL: Routes = {f"/orders?email={BEA}": (BEAS,)}


def replies_of(what: What) -> Sequence[Answers]:
    """The replies of a row, in order."""
    assert not isinstance(what, Greeting)
    return what if isinstance(what, tuple) else (what,)


def section(
    name: str, rows: Rows, changes: Changes, more: Routes | None = None, *, repeats: bool = False
) -> Iterator[Fault]:
    """The faults of rows about the answer to `GET /orders`; *more* routes are there for all."""
    for row, (what, expected) in rows.items():
        greeting = what.steps if isinstance(what, Greeting) else ()
        replies = (GOODS,) if isinstance(what, Greeting) else replies_of(what)
        routes = {**WELL, **(more or {}), ASKED: replies}
        yield Fault(name, row, routes, expected, changes, greeting, repeats=repeats)
