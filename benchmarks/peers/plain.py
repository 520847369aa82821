"""Plain: Starlette, httpx, a jmespath search a field, and jsonschema."""

from __future__ import annotations

import hmac
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
from jsonschema import Draft202012Validator
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from benchmarks.peers import by_jmespath
from benchmarks.peers.config import Config, agreed_schema, from_environment
from benchmarks.peers.result import Unusable

_VALIDATOR = Draft202012Validator(
    agreed_schema(), format_checker=Draft202012Validator.FORMAT_CHECKER
)


def create_app(config: Config) -> Starlette:
    """The proxy."""
    mapped = by_jmespath.MAPPERS[config.mapping]

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        # httpx keeps 20 connections by default; with 32 callers it would open new ones all the time.
        limits = httpx.Limits(max_connections=100, max_keepalive_connections=100)
        async with httpx.AsyncClient(headers=config.bearer, limits=limits, timeout=8) as client:
            app.state.client = client
            yield

    async def tickets(request: Request) -> Response:
        secret = request.headers.get("x-menta-secret", "")
        if not hmac.compare_digest(secret.encode(), config.secret.encode()):
            return JSONResponse({"title": "unauthorized"}, 401)
        user = request.query_params.get("user", "")
        if "@" not in user:
            return JSONResponse({"title": "invalid user"}, 400)
        answer = await request.app.state.client.get(
            f"{config.platform_url}/orders", params={"email": user}
        )
        if answer.status_code != 200:
            return JSONResponse({"title": "upstream error"}, 502)
        try:
            tickets = mapped(answer.json(), user).tickets
            body = _valid({"userEmail": user, "tickets": tickets})
        except (Unusable, KeyError, TypeError, ValueError):
            return JSONResponse({"title": "mapping mismatch"}, 502)
        return JSONResponse(body)

    return Starlette(routes=[Route("/tickets", tickets)], lifespan=lifespan)


def _valid(body: dict[str, Any]) -> dict[str, Any]:
    if not _VALIDATOR.is_valid(body):
        raise Unusable("not what was agreed")
    return body


def app() -> Starlette:
    """The proxy of this process."""
    return create_app(from_environment())
