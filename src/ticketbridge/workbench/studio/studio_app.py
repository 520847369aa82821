"""The studio over HTTP: the page with its files, and one address for each request of the page."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import nullcontext
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
from ticketbridge.workbench.studio.studio_requests import (
    CHANGING,
    REQUESTS,
    StudioRequest,
)
from ticketbridge.workbench.studio.workshop import Workshop

MAX_BODY = 64 * 1024 * 1024
_LENGTH = re.compile(r"[0-9]{1,8}")
_FOLDER = files("ticketbridge.workbench.studio") / "page"
_TYPES = {"js": "text/javascript", "css": "text/css", "svg": "image/svg+xml"}
_SHEET_POLICY = "default-src 'none'; style-src 'unsafe-inline'; sandbox; frame-ancestors 'self'"
_EXPECTED = (UsageError, MappingError, EditError, RecordError)


def make_studio_app(workshop: Workshop, token: str, hosts: list[str]) -> ASGIApp:
    """Return the application; *token* is the first segment of all its paths."""
    routes = [
        *_make_file_routes(),
        Route("/sheet", _make_sheet(workshop)),
        Route("/api/{name}", _make_answering(workshop), methods=["POST"]),
    ]
    return StudioGuard(Starlette(routes=[Mount(f"/{token}", routes=routes)]), token, hosts)


def _make_file_routes() -> Iterator[Route]:
    """Yield the page and its files, read once."""
    for file in _FOLDER.iterdir():
        kind = _TYPES.get(file.name.rpartition(".")[2])
        if file.name == "index.html":
            yield Route("/", _make_page(file.read_text("utf-8")))
        elif kind is not None:
            yield Route(f"/{file.name}", _make_file(file.read_bytes(), kind))


def _make_page(text: str) -> Callable[[Request], Any]:
    async def show_page(request: Request) -> Response:
        return HTMLResponse(text.replace("{nonce}", request.scope[NONCE]))

    return show_page


def _make_file(content: bytes, kind: str) -> Callable[[Request], Any]:
    async def show_file(_request: Request) -> Response:
        return Response(content, media_type=kind)

    return show_file


def _make_sheet(workshop: Workshop) -> Callable[[Request], Any]:
    async def show_sheet(_request: Request) -> Response:
        headers = {"Content-Security-Policy": _SHEET_POLICY}
        return HTMLResponse(workshop.sheet, headers=headers)

    return show_sheet


def _make_answering(workshop: Workshop) -> Callable[[Request], Any]:
    def respond(name: str, content: bytes) -> Response:
        asked = _read_request(content)
        # What only looks waits for nobody: to try all slips takes seconds.
        with workshop.lock if name in CHANGING else nullcontext():
            return _as_json(REQUESTS[name](workshop, asked))

    async def answer(request: Request) -> Response:
        name = request.path_params["name"]
        if name not in REQUESTS:
            return _refuse(404, "there is no such request")
        if not request.headers.get("content-type", "").startswith("application/json"):
            return _refuse(415, "a request is JSON")
        length = request.headers.get("content-length", "")
        if not _LENGTH.fullmatch(length) or int(length) > MAX_BODY:
            return _refuse(413, "a request says its length, which is at most 64 MB")
        try:
            return await run_in_threadpool(respond, name, await request.body())
        except msgspec.MsgspecError as error:
            return _refuse(400, str(error))
        except _EXPECTED as error:
            return _refuse(409, str(error))

    return answer


def _read_request(content: bytes) -> StudioRequest:
    try:
        return msgspec.json.decode(content, type=StudioRequest)
    except RecursionError:
        raise msgspec.DecodeError("the request is nested too deeply") from None
    except ValueError:
        raise msgspec.DecodeError("the request is not in UTF-8") from None


def _as_json(value: Any) -> Response:
    return Response(msgspec.json.encode(value), media_type="application/json")


def _refuse(status: int, why: str) -> Response:
    return Response(msgspec.json.encode({"error": why}), status, media_type="application/json")
