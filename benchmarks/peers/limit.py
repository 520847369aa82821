"""The limit: Starlette, aiohttp, orjson and jsonschema-rs, with the mapping by hand."""

from __future__ import annotations

import hmac
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import jsonschema_rs
import orjson
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from benchmarks.peers import by_hand
from benchmarks.peers.config import Config, agreed_schema, from_environment
from benchmarks.peers.result import Unusable

_VALIDATOR = jsonschema_rs.Draft202012Validator(agreed_schema(), validate_formats=True)


def create_app(config: Config) -> Starlette:
    """The proxy."""
    mapped = by_hand.MAPPERS[config.mapping]

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        timeout = aiohttp.ClientTimeout(total=8)
        async with aiohttp.ClientSession(headers=config.bearer, timeout=timeout) as session:
            app.state.session = session
            yield

    async def tickets(request: Request) -> Response:
        secret = request.headers.get("x-menta-secret", "")
        if not hmac.compare_digest(secret.encode(), config.secret.encode()):
            return _json({"title": "unauthorized"}, 401)
        user = request.query_params.get("user", "")
        if "@" not in user:
            return _json({"title": "invalid user"}, 400)
        url = f"{config.platform_url}/orders"
        async with request.app.state.session.get(url, params={"email": user}) as answer:
            content = await answer.read()
        if answer.status != 200:
            return _json({"title": "upstream error"}, 502)
        try:
            tickets = mapped(orjson.loads(content), user).tickets
            body = _valid({"userEmail": user, "tickets": tickets})
        except (Unusable, KeyError, TypeError, ValueError):
            return _json({"title": "mapping mismatch"}, 502)
        return _json(body, 200)

    return Starlette(routes=[Route("/tickets", tickets)], lifespan=lifespan)


def _valid(body: dict[str, Any]) -> dict[str, Any]:
    if not _VALIDATOR.is_valid(body):
        raise Unusable("not what was agreed")
    return body


def _json(body: dict[str, Any], status: int) -> Response:
    return Response(orjson.dumps(body), status, media_type="application/json")


def app() -> Starlette:
    """The proxy of this process."""
    return create_app(from_environment())
