"""FastAPI: httpx and pydantic models, written by hand."""

from __future__ import annotations

import hmac
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated, Any

import httpx
from fastapi import FastAPI, Header, HTTPException, Query, Request
from pydantic import ValidationError

from benchmarks.peers.config import Config, from_environment
from benchmarks.peers.models import WAYS
from benchmarks.peers.result import Unusable


def create_app(config: Config) -> FastAPI:
    """The proxy."""
    way = WAYS[config.mapping]

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        # httpx keeps 20 connections by default; with 32 callers it would open new ones all the time.
        limits = httpx.Limits(max_connections=100, max_keepalive_connections=100)
        async with httpx.AsyncClient(headers=config.bearer, limits=limits, timeout=8) as client:
            app.state.client = client
            yield

    app = FastAPI(lifespan=lifespan, openapi_url=None)

    @app.get("/tickets", response_model=way.answer, response_model_exclude_none=True)
    async def tickets(
        request: Request,
        user: Annotated[str, Query(pattern="@")],
        x_menta_secret: Annotated[str, Header()] = "",
    ) -> Any:
        if not hmac.compare_digest(x_menta_secret.encode(), config.secret.encode()):
            raise HTTPException(401, "unauthorized")
        answer = await request.app.state.client.get(
            f"{config.platform_url}/orders", params={"email": user}
        )
        if answer.status_code != 200:
            raise HTTPException(502, "upstream error")
        try:
            body = way.platform.model_validate_json(answer.content)
            return way.answer(userEmail=user, tickets=way.tickets_of(body, user))
        except (ValidationError, Unusable, KeyError):
            raise HTTPException(502, "mapping mismatch") from None

    return app


def app() -> FastAPI:
    """The proxy of this process."""
    return create_app(from_environment())
