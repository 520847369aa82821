"""What a running pretix answered, and how it answers what goes wrong."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from tests.mappings.replay import SAMPLES, Platform, Recorded

ORGANIZER = "menta-demo"
TOKEN = "t0ken-of-pretix"
ROOT = f"/api/v1/organizers/{ORGANIZER}"
ORDERS = {
    "ana@example.com": "orders_ana",
    "bruno@example.com": "orders_bruno_addon",
    "carla@example.com": "orders_carla_pending",
    "elena@example.com": "orders_elena_default",
    "greta@example.com": "orders_greta_page1",
    "hugo@example.com": "orders_hugo_empty",
    "julia.meyer+rock@example.com": "orders_julia_plus_case",
}
LISTS = {
    "/events/": "events",
    "/events/jazz-nights/items/": "items_jazz",
    "/events/rockfest/items/": "items_rockfest",
}
JSON = {"Content-Type": "application/json"}
PAGE_2 = {"email": "greta@example.com", "page": "2"}


def pretix(
    *, next_page: int = 2, redirects: bool = False, may_view_orders: bool = True
) -> Platform:
    """A pretix.

    *next_page* is what page 1 leads to; *redirects* answers the organizer's orders as pretix answers a
    path without its slash; *may_view_orders* is the right of the token's team.
    """
    answers = [_recorded(path, name) for path, name in LISTS.items()]
    answers += _redirected() if redirects else _orders(next_page, may_view_orders=may_view_orders)
    answers += _orders_of_one_event(may_view_orders=may_view_orders)
    return Platform(("Authorization", f"Token {TOKEN}"), answers)


def _recorded(path: str, name: str, query: dict[str, str] | None = None) -> Recorded:
    return Recorded(ROOT + path, _content(name), query or {}, headers=JSON)


def _content(name: str) -> bytes:
    content = (SAMPLES / "pretix" / f"{name}.json").read_bytes()
    return content.replace(b"{BASE}", b"{BASE}" + ROOT.encode())


def _redirected() -> list[Recorded]:
    headers = {"Location": f"{ROOT}/orders/?again"}
    email = {"email": "ana@example.com"}
    return [Recorded(f"{ROOT}/orders/", b"", email, status=301, headers=headers)]


def _orders(next_page: int, *, may_view_orders: bool) -> list[Recorded]:
    answers = [_recorded("/orders/", "orders_greta_page2", PAGE_2)]
    for email, name in ORDERS.items():
        content = _content(name if may_view_orders else "orders_hugo_empty")
        page = content.replace(b"&page=2", f"&page={next_page}".encode())
        answers.append(Recorded(f"{ROOT}/orders/", page, {"email": email}, headers=JSON))
    return answers


def _orders_of_one_event(*, may_view_orders: bool) -> Iterator[Recorded]:
    """As pretix answers with page_size=1, from the orders of the organizer's list."""
    path = f"{ROOT}/events/jazz-nights/orders/"
    for email, name in ORDERS.items():
        orders = [o for o in json.loads(_content(name))["results"] if o["event"] == "jazz-nights"]
        following = f"{{BASE}}{path}?page=2" if len(orders) > 1 else None
        body: dict[str, Any] = {"count": len(orders), "next": following, "results": orders[:1]}
        status = 200
        if not may_view_orders:
            body = {"detail": "You do not have permission to perform this action."}
            status = 403
        query = {"email": email, "page_size": "1"}
        yield Recorded(path, json.dumps(body).encode(), query, status=status, headers=JSON)
