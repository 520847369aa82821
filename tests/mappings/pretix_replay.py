"""A pretix on a real socket: the recorded answers, to the very paths, queries and token they are for."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import uvicorn
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import Receive, Scope, Send

SAMPLES = Path(__file__).parents[2] / "mappings" / "samples" / "pretix"
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


@dataclass
class Pretix:
    """The platform as an ASGI application.

    *next_page* replaces the page that page 1 leads to; *redirects* answers the organizer's orders as
    pretix answers a path without its slash; *may_view_orders* is the right of the token's team.
    """

    next_page: int | None = None
    redirects: bool = False
    may_view_orders: bool = True
    url: str = ""
    targets: list[str] = field(default_factory=list)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """See ASGI."""
        request = Request(scope, receive)
        query = scope["query_string"].decode()
        self.targets.append(scope["raw_path"].decode() + (f"?{query}" if query else ""))
        response = self._response(request, dict(parse_qsl(query, keep_blank_values=True)))
        await response(scope, receive, send)

    def _response(self, request: Request, query: Mapping[str, str]) -> Response:
        if request.headers.get("authorization") != f"Token {TOKEN}":
            return JSONResponse({"detail": "Invalid token."}, 401)
        path = request.url.path.removeprefix(ROOT)
        if path == "/orders/":
            return self._orders(query)
        if path == "/events/jazz-nights/orders/" and query.keys() == {"email", "page_size"}:
            return self._orders_of_event(query["email"], "jazz-nights")
        known = {
            "/events/": "events",
            "/events/jazz-nights/items/": "items_jazz",
            "/events/rockfest/items/": "items_rockfest",
        }
        if path in known and not query:
            return JSONResponse(self._sample(known[path]))
        return JSONResponse({"detail": "Not found."}, 404)

    def _orders(self, query: Mapping[str, str]) -> Response:
        if self.redirects:
            return Response(status_code=301, headers={"Location": f"{ROOT}/orders/?again"})
        if not self.may_view_orders:
            return JSONResponse(self._sample("orders_hugo_empty"))
        if query == {"email": "greta@example.com", "page": "2"}:
            return JSONResponse(self._sample("orders_greta_page2"))
        if query.keys() != {"email"}:
            return JSONResponse({"detail": "Invalid page."}, 404)
        return JSONResponse(self._sample(ORDERS[query["email"]]))

    def _orders_of_event(self, email: str, event: str) -> Response:
        """As pretix answers with page_size=1, from the orders of the organizer's list."""
        if not self.may_view_orders:
            detail = "You do not have permission to perform this action."
            return JSONResponse({"detail": detail}, 403)
        orders = [o for o in self._sample(ORDERS[email])["results"] if o["event"] == event]
        following = f"{self.url}{ROOT}/events/{event}/orders/?page=2" if len(orders) > 1 else None
        return JSONResponse(
            {"count": len(orders), "next": following, "previous": None, "results": orders[:1]}
        )

    def _sample(self, name: str) -> Any:
        text = (SAMPLES / f"{name}.json").read_text("utf-8")
        if self.next_page is not None:
            text = text.replace("&page=2", f"&page={self.next_page}")
        return json.loads(text.replace("{BASE}", f"{self.url}{ROOT}"))


@asynccontextmanager
async def running(pretix: Pretix) -> AsyncIterator[Pretix]:
    """*pretix* on a free loopback port."""
    listening = socket.create_server(("127.0.0.1", 0))
    pretix.url = f"http://127.0.0.1:{listening.getsockname()[1]}"
    server = uvicorn.Server(uvicorn.Config(pretix, log_config=None, lifespan="off", ws="none"))
    task = asyncio.create_task(server.serve(sockets=[listening]))
    try:
        yield pretix
    finally:
        server.should_exit = True
        await task
