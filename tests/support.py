"""Builders with defaults, so that a test shows only what it is about."""

from __future__ import annotations

import asyncio
import copy
import io
import json
import socket
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from types import EllipsisType
from typing import Any

import httpx
import pytest
import uvicorn

from tests.fake_platform import FakePlatform
from tests.stand_in import compiled_on
from ticketbridge.engine.answer_trace import AnswerTrace
from ticketbridge.engine.bridge import Answer, Bridge, compile_mapping
from ticketbridge.engine.problems import ProblemError
from ticketbridge.mapping import Environment, MappingSpec, parse_mapping
from ticketbridge.mapping.yaml_nodes import Node
from ticketbridge.service.app import create_app
from ticketbridge.service.server import server_config
from ticketbridge.service.settings import Settings

USER = "ana@example.com"
SECRET = "s3cret-of-menta-tech"
TOKEN = "t0ken-of-the-platform"
NO_TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
"""For clients that never use it: by default each reads all trusted certificates, for longer than a test."""
NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)

MAPPING: Mapping[str, Any] = {
    "version": 1,
    "platform": "acme",
    "endpoint": {"access": {"secret_header": "X-Menta-Secret", "secrets": ["${MENTA_SECRET}"]}},
    "upstream": {
        "base_url": "${ACME_API}",
        "auth": {"type": "bearer", "token": "${ACME_TOKEN}"},
        "retries": 0,
    },
    "source": [
        {
            "name": "order",
            "get": "/orders",
            "query": {"email": "{user}"},
            "each": "body.orders",
        },
        {"name": "item", "each": "order.items"},
    ],
    "ticket": {
        "owner": "order.email",
        "status": {
            "from": "item.state",
            "values": {"PAID": "VALID", "CANCELLED": "CANCELED", "REFUNDED": "REFUNDED"},
        },
        "fields": {
            "ticketId": "item.id",
            "externalReferenceEventId": "order.event",
            "showId": "order.event",
            "ticketOptionId": "item.zone",
            "price": "item.price",
            "currency": {"const": "EUR"},
        },
    },
}
"""Two levels, an owner, three status words, the needed fields and no more."""

Changes = Mapping[str, Any]


def mapping(changes: Changes | None = None) -> dict[str, Any]:
    """MAPPING with *changes*: dotted path to new value, or to `...`, which takes the key out."""
    document: dict[str, Any] = copy.deepcopy(dict(MAPPING))
    for path, value in (changes or {}).items():
        *parents, last = path.split(".")
        target: Any = document
        for name in parents:
            target = target[int(name)] if isinstance(target, list) else target.setdefault(name, {})
        _put(target, last, value)
    return document


def _put(target: Any, name: str, value: Any | EllipsisType) -> None:
    key = int(name) if isinstance(target, list) else name
    if value is ...:
        del target[key]
    else:
        target[key] = copy.deepcopy(value)


def environment(base_url: str = "http://platform.example", **more: str) -> Environment:
    """The variables that MAPPING uses, and *more*."""
    known = {"MENTA_SECRET": SECRET, "ACME_TOKEN": TOKEN, "ACME_API": base_url}
    return Environment({**known, **more})


def spec_of(
    changes: Changes | None = None,
    *,
    base_url: str = "http://platform.example",
    folder: Path | None = None,
    variables: Mapping[str, str] | None = None,
) -> MappingSpec:
    """The spec of the changed MAPPING (a JSON document is YAML); *variables* are set too."""
    text = json.dumps(mapping(changes), indent=1)
    known = environment(base_url, **(variables or {}))
    return parse_mapping(text, file="acme.yaml", environment=known, folder=folder)


class Replies(httpx.AsyncBaseTransport):
    """A platform without sockets: answers by path and query, and keeps the requests."""

    def __init__(self, replies: Mapping[str, Any]) -> None:
        """*replies*: path, or path and query, to a JSON body, a Response, or a tuple of these in order."""
        self._replies = dict(replies)
        self.requests: list[httpx.Request] = []

    @property
    def targets(self) -> list[str]:
        """What was asked for, path and query as sent."""
        return [request.url.raw_path.decode() for request in self.requests]

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """See httpx."""
        self.requests.append(request)
        reply = self._found(request)
        if isinstance(reply, Exception):
            raise reply
        made = reply if isinstance(reply, httpx.Response) else httpx.Response(200, json=reply)
        if "transfer-encoding" not in made.headers and made.is_stream_consumed:
            made.headers.setdefault("Content-Length", str(len(made.content)))
        return made

    def _found(self, request: httpx.Request) -> Any:
        target = request.url.raw_path.decode()
        for known in (target, target.partition("?")[0]):
            if known in self._replies:
                return self._next(known)
        raise AssertionError(f"unexpected request: {target}")

    def _next(self, target: str) -> Any:
        reply = self._replies[target]
        if not isinstance(reply, tuple):
            return reply
        self._replies[target] = reply[1:] if len(reply) > 1 else reply
        return reply[0]


def bridge_of(
    changes: Changes | None = None, replies: Mapping[str, Any] | None = None
) -> tuple[Bridge, Replies]:
    """The changed MAPPING, compiled, on a platform that gives *replies*."""
    transport = Replies(replies or {})
    return compiled_on(transport, spec_of(changes)), transport


async def answer_of(
    changes: Changes | None = None,
    replies: Mapping[str, Any] | None = None,
    *,
    user: str = USER,
    trace: AnswerTrace | None = None,
) -> Answer:
    """What the changed MAPPING answers on *replies*."""
    bridge, _ = bridge_of(changes, replies)
    return await bridge.answer(user, trace, now=NOW)


def item(number: int | str = 1, **changes: Any) -> dict[str, Any]:
    """A platform's item that MAPPING takes for a valid ticket."""
    return {"id": number, "state": "PAID", "zone": "A", "price": 10, **changes}


def order(*items: Any, **changes: Any) -> dict[str, Any]:
    """A platform's order of the user's."""
    return {"email": USER, "event": "fest", "items": list(items), **changes}


def orders(*all_orders: Any) -> dict[str, Any]:
    """A platform's answer with these orders."""
    return {"orders": list(all_orders)}


def tickets_of(answer: Answer) -> list[dict[str, Any]]:
    """The tickets in an answer's body."""
    tickets: list[dict[str, Any]] = json.loads(answer.body)["tickets"]
    return tickets


class PromptServer(uvicorn.Server):
    """uvicorn's server, which leaves when it is told to: at once, where no connection is left."""

    def __init__(self, config: uvicorn.Config) -> None:
        """See uvicorn."""
        super().__init__(config)
        self._told = asyncio.Event()

    async def main_loop(self) -> None:
        """See uvicorn."""
        await self.on_tick(0)
        await self._told.wait()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """See uvicorn, which waits a tenth of a second for connections, be there any or not."""
        if self.server_state.connections:
            await super().shutdown(sockets)
            return
        for listener in self.servers:
            listener.close()
        await self.lifespan.shutdown()

    async def leave(self) -> None:
        """Stop serving, once the connections that the client has closed are gone."""
        for _ in range(20):
            if not self.server_state.connections:
                break
            await asyncio.sleep(0.002)
        self._told.set()


async def ids_on(
    platform: FakePlatform, changes: Changes, trace: AnswerTrace | None = None
) -> list[str]:
    """The ids of the tickets in one answer of the changed MAPPING on *platform*."""
    bridge = compile_mapping(spec_of(changes, base_url=platform.url))
    try:
        answer = await bridge.answer(USER, trace)
    finally:
        await bridge.aclose()
    return [ticket["ticketId"] for ticket in tickets_of(answer)]


async def problem_on(platform: FakePlatform, changes: Changes) -> ProblemError:
    """The problem of an answer that fails."""
    with pytest.raises(ProblemError) as caught:
        await ids_on(platform, changes)
    return caught.value


async def log_of_the_deepest(log_at: Callable[[int], Awaitable[str]]) -> str:
    """The log of the problem with the deepest document that can be read, which Python decides.

    *log_at* gives that of a document with so many levels.
    """
    least, most = 1, 100_000
    while most - least > 1:
        levels = (least + most) // 2
        is_read = "the JSON is nested too deeply" not in await log_at(levels)
        least, most = (levels, most) if is_read else (least, levels)
    return await log_at(least)


@asynccontextmanager
async def serving(
    *bridges: Bridge, settings: Settings | None = None, secret: str | None = SECRET
) -> AsyncIterator[httpx.AsyncClient]:
    """The real application under a real uvicorn on a free port, and a client for it."""
    settings = settings or Settings(port=0, grace=1)
    server = PromptServer(server_config(create_app(bridges, settings), settings))
    running = asyncio.create_task(server.serve())
    try:
        while not server.started:  # noqa: ASYNC110 - uvicorn has no event for it
            await asyncio.sleep(0.005)
        port = server.servers[0].sockets[0].getsockname()[1]
        headers = {"X-Menta-Secret": secret} if secret else {}
        async with httpx.AsyncClient(
            base_url=f"http://127.0.0.1:{port}", headers=headers, trust_env=False, verify=NO_TLS
        ) as client:
            yield client
    finally:
        await server.leave()
        await running


def events(stream: io.StringIO, event: str) -> list[dict[str, object]]:
    """The logged lines of this event."""
    rows = [json.loads(line) for line in stream.getvalue().splitlines()]
    return [row for row in rows if row["event"] == event]


def node_at(root: Node, path: Sequence[str | int]) -> Node:
    """The node that *path* leads to."""
    node = root
    for step in path:
        node = node.items[step] if isinstance(step, int) else node.need(step)
    return node
