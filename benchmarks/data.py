"""A platform's made-up answers: what every part and every peer reads."""

from __future__ import annotations

import json
import math
from typing import Any

USER = "ana.lopez@example.com"
SECRET = "menta-secret"
TOKEN = "platform-token"

_ITEMS = 4  # valid tickets an order
_REFUND_EVERY = 10  # an order's item more, refunded, once in so many tickets
_ZONES = [f"Z{number:02}" for number in range(20)]


def body_of(tickets: int, *, first: int = 0) -> dict[str, Any]:
    """An answer with so many valid tickets of USER, numbered from *first*.

    Beside them: one refunded item for every ten tickets, and one order of somebody else. Some orders
    write USER in capitals.
    """
    numbers = range(first, first + tickets)
    orders = [
        _order(number, numbers[number * _ITEMS - first : (number + 1) * _ITEMS - first])
        for number in range(first // _ITEMS, math.ceil((first + tickets) / _ITEMS))
    ]
    stranger = _order(900_000 + first, range(900_000 + first, 900_001 + first))
    stranger["customer"] = {"id": 2, "email": "other.ana.lopez@example.com"}
    return {"orders": [*orders, stranger], "zones": [_zone(code) for code in _ZONES]}


def pages_of(tickets: int, pages: int) -> list[dict[str, Any]]:
    """The same tickets in so many pages of equal length."""
    each = tickets // pages
    return [{**body_of(each, first=number * each), "page_count": pages} for number in range(pages)]


def as_json(body: dict[str, Any]) -> bytes:
    """*body* as a platform sends it."""
    return json.dumps(body, separators=(",", ":")).encode()


def _order(number: int, tickets: range) -> dict[str, Any]:
    items = [_item(ticket, "PAID") for ticket in tickets]
    items += [
        _item(ticket + 5_000_000, "REFUNDED") for ticket in tickets if not ticket % _REFUND_EVERY
    ]
    return {
        "id": 70_000 + number,
        "customer": {"id": 1, "email": USER.title() if number % 7 == 6 else USER},
        "event": {"code": f"rockfest-{number % 5}", "session": 3_000 + number % 11},
        "channel": "web" if number % 3 else "box office",
        "items": items,
    }


def _item(number: int, state: str) -> dict[str, Any]:
    cents = 1_000 + number * 25 % 20_000
    return {
        "id": 81_000_000 + number,
        "state": state,
        "zone": _ZONES[number % len(_ZONES)],
        "price_type": "early-bird" if number % 2 else "adult",
        "price": cents / 100,
        "currency": "EUR",
        "face": {"cents": cents, "cur": "eur"},
        "seat": {"block": f"B{number % 9}", "row": number % 40 + 1, "number": number % 60 + 1},
    }


def _zone(code: str) -> dict[str, Any]:
    return {"code": code, "name": f"Zone {code}"}
