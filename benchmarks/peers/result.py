"""What every way of mapping does alike: owner, status, ids told apart, verdicts counted."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

Json = dict[str, Any]

STATUSES = {"PAID": "VALID", "REFUNDED": "REFUNDED", "CANCELLED": "CANCELED"}
"""What each of the platform's status words means."""


class Mapped(NamedTuple):
    """The tickets that go out, and how often each verdict was given."""

    tickets: list[Json]
    verdicts: Mapping[str, int]


class Unusable(Exception):
    """The platform's answer is not as agreed: no tickets are better than wrong ones."""


Mapper = Callable[[Json, str], Mapped]
"""From a platform's parsed body and the asked user to the tickets."""


def collect(body: Json, user: str, ticket_of: Callable[[Json, Json], Json]) -> Mapped:
    """The user's valid tickets in *body*, each made by *ticket_of* from an order and an item of it."""
    owner = user.encode().lower()  # of bytes: ASCII letters alone
    tickets: dict[str, Json] = {}
    ineligible: set[str] = set()
    verdicts: dict[str, int] = {}
    for order in body["orders"]:
        email = order["customer"]["email"]
        if email is None or email.encode().lower() != owner:
            _count(verdicts, "not_owner")
            continue
        for item in order["items"]:
            status = STATUSES[item["state"]]
            if status != "VALID":
                ineligible.add(text(item["id"]))
                _count(verdicts, f"not_eligible:{status}")
                continue
            ticket = ticket_of(order, item)
            known = tickets.setdefault(ticket["ticketId"], ticket)
            if known is not ticket:
                if known != ticket:
                    raise Unusable("tickets with one id that differ")
                _count(verdicts, "duplicate")
    if not ineligible.isdisjoint(tickets):
        raise Unusable("a ticket that is valid and is not")
    if tickets:
        verdicts["returned"] = len(tickets)
    return Mapped(list(tickets.values()), verdicts)


def text(value: object) -> str:
    """An id as text: text as it is, an integer's digits."""
    if isinstance(value, str):
        return value
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    raise Unusable("neither text nor an integer")


def _count(verdicts: dict[str, int], verdict: str) -> None:
    verdicts[verdict] = verdicts.get(verdict, 0) + 1
