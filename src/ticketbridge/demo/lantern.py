"""A small legacy ticketing platform, "Lantern Live", with an API like many companies have.

    GET /api/v1/customers?email=...              the customer with this address, or a 404
    GET /api/v1/customers/{number}/orders?page=1 the customer's orders, three a page

It wants a bearer token, counts money in cents, and has status words of its own. Its search for a
customer's orders also finds the orders of others that mention the customer's address.
"""

from __future__ import annotations

import hmac
import json
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

Document = dict[str, Any]

_STALLS = {"code": "007", "name": "Stalls"}
_STANDING = {"code": "001", "name": "Standing"}
_TOUR = {"id": 4711, "title": "Los Faroles", "starts": "2027-03-12 21:00", "performance": "0002"}
# An evening that is given once has no performances in this platform.
_CONCERT = {
    "id": 5023,
    "title": "Open House Concert",
    "starts": "2027-05-01 12:00",
    "performance": None,
}


def _make_customer(number: str, name: str, email: str) -> Document:
    return {"number": number, "name": name, "email": email}


def _make_order(
    number: int, customer: Document, event: Document, items: list[Document], **more: str
) -> Document:
    return {
        "id": number,
        "channel": "web",
        "customer": customer,
        "bought_by": customer["email"],
        "event": event,
        "items": items,
        **more,
    }


def _make_item(number: str, state: str, cents: int, zone: Document, **more: Any) -> Document:
    return {
        "ticket_no": number,
        "state": state,
        "zone": zone,
        "amount_cents": cents,
        "cur": "eur",
        "scanned_at": None,
        **more,
    }


def _make_seat(block: str, row: str, number: str) -> Document:
    return {"block": block, "row": row, "number": number}


_ANA = _make_customer("00048213", "Ana Ferrer", "ana@example.com")
_BRUNO = _make_customer("00048377", "Bruno Salas", "bruno@example.com")
_CARLA = _make_customer("00050120", "Carla Mora", "carla@example.com")
_DORA = _make_customer("00051904", "Dora Vidal", "dora@example.com")

CUSTOMERS: Mapping[str, Document] = MappingProxyType(
    {customer["email"]: customer for customer in (_ANA, _BRUNO, _CARLA, _DORA)}
)
"""The customers by their address."""

ORDERS: tuple[Document, ...] = (
    _make_order(
        90011,
        _ANA,
        _TOUR,
        [
            _make_item("00020417", "PAID", 18050, _STALLS, seat=_make_seat("B", "07", "014")),
            _make_item("00020418", "PAID", 18050, _STALLS, seat=_make_seat("B", "07", "015")),
            _make_item("00020419", "CANCELLED", 18050, _STALLS, seat=_make_seat("B", "07", "016")),
        ],
    ),
    _make_order(
        90044,
        _BRUNO,
        _TOUR,
        [_make_item("00020655", "PAID", 4599, _STANDING)],
        note="Birthday present, send a copy to ana@example.com",
    ),
    _make_order(
        90052,
        _ANA,
        _TOUR,
        [
            _make_item("00020733", "PAID", 4599, _STANDING),
            _make_item(
                "00020734", "TRANSFERRED", 4599, _STANDING, transferred_to="leo@example.com"
            ),
        ],
        bought_by="eva@example.com",
        channel="box_office",
    ),
    _make_order(
        90060, _ANA, _CONCERT, [_make_item("00021001", "ISSUED", 0, _STANDING)], channel="partner"
    ),
    _make_order(
        90071,
        _ANA,
        _CONCERT,
        [
            _make_item("00021118", "REFUNDED", 1200, _STANDING),
            _make_item("00021119", "PAID", 1200, _STANDING, scanned_at="2027-05-01 11:42"),
        ],
    ),
    _make_order(
        90083,
        _DORA,
        _TOUR,
        [
            _make_item("00021240", "PAID", 4599, _STANDING),
            _make_item("00021241", "ON_HOLD", 4599, _STANDING),
        ],
    ),
)
"""All orders, in the order in which the platform lists them."""


BASE_PATH = "/api/v1"
PAGE_SIZE = 3


def make_legacy_platform(token: str) -> ASGIApp:
    """Return the platform as an application that answers each caller who sends *token*."""
    routes = [
        Route(f"{BASE_PATH}/customers", _answer_customer),
        Route(f"{BASE_PATH}/customers/{{number}}/orders", _answer_orders),
    ]
    return _BearerOnly(
        Starlette(routes=routes, exception_handlers={404: _answer_unknown_path}), token
    )


class _BearerOnly:
    """Refuses every request without the token."""

    def __init__(self, app: ASGIApp, token: str) -> None:
        self._app = app
        self._credentials = f"Bearer {token}".encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        app = self._app if scope["type"] == "lifespan" or self._knows(scope) else _REFUSAL
        await app(scope, receive, send)

    def _knows(self, scope: Scope) -> bool:
        given = Request(scope).headers.get("authorization", "")
        return hmac.compare_digest(given.encode(), self._credentials)


async def _answer_customer(request: Request) -> Response:
    customer = CUSTOMERS.get(request.query_params.get("email", "").lower())
    if customer is None:
        return _make_error(404, "CUSTOMER_UNKNOWN", "No customer has this address")
    return JSONResponse({"customer": customer})


async def _answer_orders(request: Request) -> Response:
    number = request.path_params["number"]
    asked = request.query_params.get("page", "1")
    page = int(asked) if asked.isdecimal() else 0
    if page < 1:
        return _make_error(400, "PAGE_INVALID", "Pages are numbered from 1")
    emails = [email for email, customer in CUSTOMERS.items() if customer["number"] == number]
    orders = [order for email in emails for order in ORDERS if _mentions(order, email)]
    start = (page - 1) * PAGE_SIZE
    return JSONResponse(
        {
            "page": page,
            "page_count": -(-len(orders) // PAGE_SIZE),
            "order_count": len(orders),
            "orders": orders[start : start + PAGE_SIZE],
        }
    )


async def _answer_unknown_path(_request: Request, _failure: Exception) -> Response:
    return _make_error(404, "PATH_UNKNOWN", "No such resource")


def _mentions(order: Document, email: str) -> bool:
    """Return whether the address stands anywhere in the order: the platform's search has always done so."""
    return email in json.dumps(order)


def _make_error(status: int, code: str, text: str) -> Response:
    return JSONResponse({"error": {"code": code, "text": text}}, status)


_REFUSAL = _make_error(401, "TOKEN_REFUSED", "The API token is missing or unknown")
