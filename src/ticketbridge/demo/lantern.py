"""A small legacy ticketing platform, "Lantern Live": an API as many companies have one.

    GET /api/v1/customers?email=...              the customer with this address, or a 404
    GET /api/v1/customers/{number}/orders?page=1 the customer's orders, three a page

It wants a bearer token, counts money in cents, has status words of its own, and its search for a
customer's orders also finds the orders of others that mention the customer's address.
"""

from __future__ import annotations

import hmac
import json

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from ticketbridge.demo.orders import CUSTOMERS, ORDERS, Document

BASE_PATH = "/api/v1"
PAGE_SIZE = 3


def legacy_platform(token: str) -> ASGIApp:
    """The platform as an application that answers whoever sends *token*."""
    routes = [
        Route(f"{BASE_PATH}/customers", _customer),
        Route(f"{BASE_PATH}/customers/{{number}}/orders", _orders),
    ]
    return _BearerOnly(Starlette(routes=routes, exception_handlers={404: _no_such_path}), token)


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


async def _customer(request: Request) -> Response:
    customer = CUSTOMERS.get(request.query_params.get("email", "").lower())
    if customer is None:
        return _error(404, "CUSTOMER_UNKNOWN", "No customer has this address")
    return JSONResponse({"customer": customer})


async def _orders(request: Request) -> Response:
    number = request.path_params["number"]
    asked = request.query_params.get("page", "1")
    page = int(asked) if asked.isdecimal() else 0
    if page < 1:
        return _error(400, "PAGE_INVALID", "Pages are numbered from 1")
    orders = [order for email in _addresses(number) for order in ORDERS if _mentions(order, email)]
    start = (page - 1) * PAGE_SIZE
    return JSONResponse(
        {
            "page": page,
            "page_count": -(-len(orders) // PAGE_SIZE),
            "order_count": len(orders),
            "orders": orders[start : start + PAGE_SIZE],
        }
    )


async def _no_such_path(_request: Request, _failure: Exception) -> Response:
    return _error(404, "PATH_UNKNOWN", "No such resource")


def _addresses(number: str) -> list[str]:
    return [email for email, customer in CUSTOMERS.items() if customer["number"] == number]


def _mentions(order: Document, email: str) -> bool:
    """Whether the address stands anywhere in the order: how the platform has always searched."""
    return email in json.dumps(order)


def _error(status: int, code: str, text: str) -> Response:
    return JSONResponse({"error": {"code": code, "text": text}}, status)


_REFUSAL = _error(401, "TOKEN_REFUSED", "The API token is missing or unknown")
