"""A platform on a real socket that replays recorded answers, to the very requests that they are for."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self
from urllib.parse import parse_qsl

import uvicorn
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import Receive, Scope, Send

from tests.support import PromptServer

HERE = Path(__file__).parent
SAMPLES = HERE.parents[1] / "mappings" / "samples"


@dataclass(frozen=True)
class Recorded:
    """One answer, and the request that it is for: *query* in full, save the *optional* parameters.

    `{BASE}` in its headers and content is the platform's own address.
    """

    path: str
    content: bytes
    query: Mapping[str, str] = field(default_factory=dict)
    optional: Mapping[str, str] = field(default_factory=dict)
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, exchange: Mapping[str, Any]) -> Self:
        """The exchange as a file has it; its content is a sample of the mappings'."""
        asked, answer = exchange["request"], exchange["response"]
        content = (SAMPLES / answer["file"]).read_bytes()
        optional = asked.get("query_optional", {})
        return cls(
            asked["path"], content, asked["query"], optional, answer["status"], answer["headers"]
        )

    def fits(self, path: str, query: Mapping[str, str]) -> bool:
        """Whether a request asks for this."""
        known = {**self.optional, **self.query}
        return path == self.path and self.query.items() <= query.items() <= known.items()


@dataclass
class Platform:
    """The platform as an ASGI application.

    *credential* is the header that each request must have, with its value. A request that nothing was
    recorded for is answered 404 and kept in *unexpected*. *targets* are all requests.
    """

    credential: tuple[str, str]
    answers: list[Recorded]
    expected: Mapping[str, list[dict[str, Any]]] = field(default_factory=dict)
    url: str = ""
    targets: list[str] = field(default_factory=list)
    unexpected: list[str] = field(default_factory=list)

    @classmethod
    def of(cls, name: str) -> Self:
        """The platform whose exchanges are in the file of that name; *expected*: its users' tickets."""
        recorded = json.loads((HERE / f"{name}.json").read_text("utf-8"))
        auth = recorded["auth"]
        answers = [Recorded.of(exchange) for exchange in recorded["exchanges"]]
        return cls((auth["name"], auth["value"]), answers, recorded["expected"])

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """See ASGI."""
        request = Request(scope, receive)
        query = scope["query_string"].decode()
        self.targets.append(scope["raw_path"].decode() + (f"?{query}" if query else ""))
        response = self._response(request, dict(parse_qsl(query, keep_blank_values=True)))
        await response(scope, receive, send)

    def _response(self, request: Request, query: Mapping[str, str]) -> Response:
        name, value = self.credential
        if request.headers.get(name) != value:
            return JSONResponse({"error": "unauthorized"}, 401)
        for answer in self.answers:
            if answer.fits(request.url.path, query):
                return self._recorded(answer)
        self.unexpected.append(self.targets[-1])
        return JSONResponse({"error": "nothing was recorded for this"}, 404)

    def _recorded(self, answer: Recorded) -> Response:
        content = answer.content.replace(b"{BASE}", self.url.encode())
        headers = {name: v.replace("{BASE}", self.url) for name, v in answer.headers.items()}
        return Response(content, answer.status, headers)


@asynccontextmanager
async def running(platform: Platform) -> AsyncIterator[Platform]:
    """*platform* on a free loopback port."""
    listening = socket.create_server(("127.0.0.1", 0))
    platform.url = f"http://127.0.0.1:{listening.getsockname()[1]}"
    server = PromptServer(uvicorn.Config(platform, log_config=None, lifespan="off", ws="none"))
    task = asyncio.create_task(server.serve(sockets=[listening]))
    try:
        yield platform
    finally:
        await server.leave()
        await task
