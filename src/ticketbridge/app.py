"""HTTP: routes, access, and the one place where a problem becomes a document."""

from __future__ import annotations

import asyncio
import logging
import re
import time
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import TypeVar

import msgspec
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route
from starlette.types import Receive, Scope, Send

from ticketbridge.access import IPAddress, caller_address, check_address, check_secret
from ticketbridge.bridge import Answer, Bridge
from ticketbridge.journal import Journal
from ticketbridge.logs import LOGGER, log_event, user_hash
from ticketbridge.problems import (
    InternalError,
    MethodNotAllowed,
    NotFound,
    Overloaded,
    ProblemError,
)
from ticketbridge.settings import Settings
from ticketbridge.tickets.verdicts import count, count_kinds
from ticketbridge.user import asked_user

T = TypeVar("T")
Observer = Callable[[Bridge, Journal, Response], None]
"""Is told of each answer after it was made; `demo` shows verdicts with it."""

_SANE_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,128}")
_METHODS = ("GET", "HEAD")
_DEFAULT_PATH = "/tickets"


class ClientLeft(Exception):
    """The caller closed the connection before its answer was there."""


class PathTaken(Exception):
    """Two mappings would answer the same path."""


def create_app(
    bridges: Sequence[Bridge], settings: Settings, *, observe: Observer | None = None
) -> Starlette:
    """The application that serves *bridges*. Raises PathTaken where two would answer one path."""
    platforms = [bridge.spec.platform for bridge in bridges]
    limit = _Limit(settings.max_concurrency)
    routes: list[BaseRoute] = [
        Route(path, _Endpoint(bridge, settings, limit, observe))
        for path, bridge in _paths(bridges).items()
    ]
    routes.append(Route("/healthz", _Probe({"status": "alive"})))
    routes.append(Route("/readyz", _Probe({"status": "ready", "platforms": platforms})))
    app = Starlette(
        routes=routes,
        exception_handlers={404: _not_found, Exception: _defect},
        lifespan=_lifespan(bridges),
    )
    app.router.redirect_slashes = False
    return app


def _paths(bridges: Sequence[Bridge]) -> dict[str, Bridge]:
    """Where each mapping is served: at its own path, else at /tickets, or one that names it among several."""
    paths: dict[str, Bridge] = {}
    for bridge in bridges:
        platform = bridge.spec.platform
        default = _DEFAULT_PATH if len(bridges) == 1 else f"/{platform}{_DEFAULT_PATH}"
        path = bridge.spec.endpoint.path or default
        if path in paths:
            other = paths[path].spec.platform
            raise PathTaken(
                f"{path} is the path of both `{other}` and `{platform}`: give one of them another"
                " `endpoint.path`"
            )
        paths[path] = bridge
    return paths


def _lifespan(
    bridges: Sequence[Bridge],
) -> Callable[[Starlette], AbstractAsyncContextManager[None]]:
    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        yield
        for bridge in bridges:
            await bridge.aclose()

    return lifespan


class _Limit:
    """The service's own cap: beyond it an answer is refused at once, and none is queued."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._now = 0

    def __enter__(self) -> None:
        if self._now >= self._most:
            raise Overloaded
        self._now += 1

    def __exit__(self, *_: object) -> None:
        self._now -= 1


class _Endpoint:
    """`GET /tickets?user=…` of one mapping, as an ASGI application."""

    def __init__(
        self, bridge: Bridge, settings: Settings, limit: _Limit, observe: Observer | None
    ) -> None:
        self._bridge = bridge
        self._settings = settings
        self._limit = limit
        self._observe = observe

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        journal = Journal()
        request_id = _request_id(request)
        started = time.perf_counter()
        try:
            response = await self._answer(request, journal, started)
            problem = None
        except ProblemError as error:
            problem = error
            response = problem_response(error, request_id)
        except ClientLeft:
            log_event("client left", {"request_id": request_id, "calls": journal.calls})
            return
        except Exception:  # noqa: BLE001 - whatever else fails is a defect, and no answer
            LOGGER.exception("defect", extra={"fields": {"request_id": request_id}})
            problem = InternalError()
            response = problem_response(problem, request_id)
        response.headers["X-Request-Id"] = request_id
        self._log(request, response, problem, journal, started)
        if self._observe is not None:
            self._observe(self._bridge, journal, response)
        await response(scope, receive, send)

    async def _answer(self, request: Request, journal: Journal, started: float) -> Response:
        """Address, secret, method, user, in this order; then the platform is asked."""
        endpoint = self._bridge.spec.endpoint
        check_address(endpoint.access, self._address(request))
        check_secret(endpoint.access, _secrets(request, endpoint.access.secret_header))
        if request.method not in _METHODS:
            raise MethodNotAllowed
        user = asked_user(request.scope["query_string"], endpoint)
        request.state.user = user
        with self._limit:
            answer = await _while_connected(request, self._bridge.answer(user, journal))
        return _tickets_response(answer, journal, started)

    def _address(self, request: Request) -> IPAddress | None:
        peer = request.client.host if request.client else None
        forwarded = request.headers.getlist("x-forwarded-for")
        return caller_address(peer, forwarded, self._settings.trusted_proxies)

    def _log(
        self,
        request: Request,
        response: Response,
        problem: ProblemError | None,
        journal: Journal,
        started: float,
    ) -> None:
        user = getattr(request.state, "user", None)
        total = time.perf_counter() - started
        log_event(
            "answer",
            {
                "request_id": response.headers["X-Request-Id"],
                "platform": self._bridge.spec.platform,
                "status": response.status_code,
                "problem": problem and problem.slug,
                "reason": problem and problem.log,
                "user": user and user_hash(user),
                "verdicts": count(journal.records),
                "calls": journal.calls,
                "upstream_ms": _milliseconds(journal.upstream.seconds),
                "map_ms": _milliseconds(total - journal.upstream.seconds),
                "notes": journal.notes or None,
            },
            logging.WARNING if response.status_code >= 500 else logging.INFO,
        )


# --- responses ------------------------------------------------------------------------------------


class _NeverStored(Response):
    """Every answer: not to be stored, not to be sniffed."""

    def init_headers(self, headers: Mapping[str, str] | None = None) -> None:
        """See Starlette; adds what each answer has."""
        always = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}
        super().init_headers({**always, **(headers or {})})


def problem_response(problem: ProblemError, request_id: str) -> Response:
    """The problem as RFC 9457 `application/problem+json`."""
    headers = {}
    if problem.retry_after is not None:
        headers["Retry-After"] = str(problem.retry_after)
    if isinstance(problem, MethodNotAllowed):
        headers["Allow"] = ", ".join(_METHODS)
    document = {
        "type": f"urn:ticketbridge:problem:{problem.slug}",
        "title": problem.title,
        "status": problem.status,
        "detail": problem.detail,
        "instance": request_id,
        "retryable": problem.retryable,
    }
    return _NeverStored(
        msgspec.json.encode(document),
        problem.status,
        headers,
        media_type="application/problem+json",
    )


def _tickets_response(answer: Answer, journal: Journal, started: float) -> Response:
    kinds = {"returned": 0, **count_kinds(journal.records)}
    total = time.perf_counter() - started
    upstream = _milliseconds(journal.upstream.seconds)
    mapping = _milliseconds(total - journal.upstream.seconds)
    headers = {
        "X-Ticketbridge-Verdicts": ", ".join(f"{kind}={n}" for kind, n in kinds.items()),
        "Server-Timing": f"upstream;dur={upstream}, map;dur={mapping}",
    }
    media_type = "application/json" if answer.body else None
    return _NeverStored(answer.body, answer.status, headers, media_type=media_type)


def _milliseconds(seconds: float) -> float:
    return round(max(0.0, seconds) * 1000, 2)


def _request_id(request: Request) -> str:
    given = request.headers.get("x-request-id", "")
    return given if _SANE_REQUEST_ID.fullmatch(given) else uuid.uuid4().hex


def _secrets(request: Request, header: str | None) -> list[str]:
    return request.headers.getlist(header) if header else []


async def _not_found(request: Request, _error: Exception) -> Response:
    return _outside(request, NotFound())


async def _defect(request: Request, _error: Exception) -> Response:
    """What fails outside an endpoint's own care; the server logs its traceback."""
    return _outside(request, InternalError())


def _outside(request: Request, problem: ProblemError) -> Response:
    request_id = _request_id(request)
    response = problem_response(problem, request_id)
    response.headers["X-Request-Id"] = request_id
    return response


# --- probes ---------------------------------------------------------------------------------------


class _Probe:
    """A small JSON document for a load balancer, as an ASGI application."""

    def __init__(self, document: Mapping[str, object]) -> None:
        self._body = msgspec.json.encode(document)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        request_id = _request_id(request)
        response: Response
        if request.method in _METHODS:
            response = _NeverStored(self._body, media_type="application/json")
        else:
            response = problem_response(MethodNotAllowed(), request_id)
        response.headers["X-Request-Id"] = request_id
        await response(scope, receive, send)


# --- the client that leaves -------------------------------------------------------------------------


async def _while_connected(request: Request, work: Awaitable[T]) -> T:
    """The result of *work*, which is stopped when the caller leaves: no one is there to answer."""
    task = asyncio.ensure_future(work)
    leaving = asyncio.ensure_future(_disconnected(request.receive))
    try:
        await asyncio.wait({task, leaving}, return_when=asyncio.FIRST_COMPLETED)
        if not task.done():
            raise ClientLeft
        return task.result()
    finally:
        task.cancel()
        leaving.cancel()
        await asyncio.wait({task, leaving})


async def _disconnected(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
