"""The studio over HTTP: the page with its files, and one address for each request of the page."""

from __future__ import annotations

from collections.abc import Callable
from importlib.resources import files
from typing import Any

import msgspec
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Mount, Route
from starlette.types import ASGIApp

from ticketbridge.mapping import MappingError
from ticketbridge.terminal import UsageError
from ticketbridge.workbench.record.recording import RecordError
from ticketbridge.workbench.studio.mapping_edits import EditError
from ticketbridge.workbench.studio.studio_guard import NONCE, StudioGuard
from ticketbridge.workbench.studio.studio_requests import REQUESTS, StudioRequest
from ticketbridge.workbench.studio.workshop import Workshop

MAX_BODY = 64 * 1024 * 1024
_PAGE = files("ticketbridge.workbench.studio") / "page"
_TYPES = {"js": "text/javascript", "css": "text/css", "html": "text/html", "svg": "image/svg+xml"}
_SHEET_POLICY = "default-src 'none'; style-src 'unsafe-inline'; sandbox; frame-ancestors 'self'"
_EXPECTED = (UsageError, MappingError, EditError, RecordError)


def make_studio_app(workshop: Workshop, token: str, hosts: list[str]) -> ASGIApp:
    """Return the application; *token* is the first segment of all its paths."""
    routes = [
        Route("/", _show_page),
        Route("/sheet", _make_sheet(workshop)),
        Route("/api/{name}", _make_answering(workshop), methods=["POST"]),
        Route("/{file}", _show_file),
    ]
    return StudioGuard(Starlette(routes=[Mount(f"/{token}", routes=routes)]), token, hosts)


async def _show_page(request: Request) -> Response:
    text = (_PAGE / "index.html").read_text("utf-8")
    return HTMLResponse(text.replace("{nonce}", request.scope[NONCE]))


async def _show_file(request: Request) -> Response:
    name = request.path_params["file"]
    known = {each.name: each for each in _PAGE.iterdir() if each.is_file()}
    kind = _TYPES.get(name.rpartition(".")[2])
    if name not in known or kind is None:
        return Response("not found", 404)
    return Response(known[name].read_bytes(), media_type=kind)


def _make_sheet(workshop: Workshop) -> Callable[[Request], Any]:
    async def show_sheet(_request: Request) -> Response:
        headers = {"Content-Security-Policy": _SHEET_POLICY}
        return HTMLResponse(workshop.sheet, headers=headers)

    return show_sheet


def _make_answering(workshop: Workshop) -> Callable[[Request], Any]:
    def respond(name: str, content: bytes) -> Response:
        asked = msgspec.json.decode(content, type=StudioRequest)
        with workshop.lock:
            return _as_json(REQUESTS[name](workshop, asked))

    async def answer(request: Request) -> Response:
        name = request.path_params["name"]
        if name not in REQUESTS:
            return _refuse(404, "there is no such request")
        if not request.headers.get("content-type", "").startswith("application/json"):
            return _refuse(415, "a request is JSON")
        if int(request.headers.get("content-length", MAX_BODY + 1)) > MAX_BODY:
            return _refuse(413, "that is over 64 MB")
        try:
            return await run_in_threadpool(respond, name, await request.body())
        except msgspec.MsgspecError as error:
            return _refuse(400, str(error))
        except _EXPECTED as error:
            return _refuse(409, str(error))

    return answer


def _as_json(value: Any) -> Response:
    return Response(msgspec.json.encode(value), media_type="application/json")


def _refuse(status: int, why: str) -> Response:
    return Response(msgspec.json.encode({"error": why}), status, media_type="application/json")
