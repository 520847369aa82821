"""HTTP: paths, access, and the one place where a problem becomes a document."""

from __future__ import annotations

import asyncio
import hashlib
import logging
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, aclosing, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from starlette.applications import Starlette
from starlette.types import ASGIApp, Receive, Scope, Send

from ticketbridge.engine.answer_trace import AnswerTrace
from ticketbridge.engine.bridge import Answer, Bridge
from ticketbridge.engine.problems import (
    Forbidden,
    InternalError,
    MethodNotAllowed,
    NotFound,
    ProblemError,
    Unauthorized,
)
from ticketbridge.engine.tickets.verdicts import count_kinds
from ticketbridge.service.access import IPAddress, caller_address, check_address, check_secret
from ticketbridge.service.admission import Admission, Share
from ticketbridge.service.collector import collecting
from ticketbridge.service.description import describe_served
from ticketbridge.service.drain import draining
from ticketbridge.service.listening import is_loopback
from ticketbridge.service.logs import LOGGER, flush, log_event, user_hash
from ticketbridge.service.metrics import Metrics, PlatformState, Samples
from ticketbridge.service.protocol import LEFT, BoundedProtocol
from ticketbridge.service.replies import JSON, METHODS, Reply, json_reply, problem_reply
from ticketbridge.service.settings import Settings, SettingsError
from ticketbridge.service.trace_context import IDS, header_values, request_id_of, trace_ids_of
from ticketbridge.service.user import asked_user
from ticketbridge.terminal import UsageError

if TYPE_CHECKING:
    from ticketbridge.service.metrics_server import MetricsPort
    from ticketbridge.service.spans import Spans

T = TypeVar("T")
Around = Callable[[], AbstractAsyncContextManager[object]]
"""A context that holds for as long as the application runs."""

Observer = Callable[[Bridge, AnswerTrace, Reply], None]
"""Is told of each answer after it was made; `demo` shows verdicts with it."""

_DEFAULT_PATH = "/tickets"


class ClientLeft(Exception):
    """The caller closed the connection before its answer was there."""


class PathTaken(UsageError):
    """Two mappings would answer the same path."""


class Application:
    """The paths that are served, and for all else (start and end among it) Starlette.

    *bridges* are the mappings, by the path of each; *metrics* is there where it counts.

    A request to a served path goes straight to its endpoint: routing and middleware would cost it
    about a tenth of a small answer, and each endpoint answers for its own errors.
    """

    def __init__(
        self,
        endpoints: Mapping[str, ASGIApp],
        rest: Starlette,
        bridges: Mapping[str, Bridge],
        metrics: Metrics | None = None,
    ) -> None:
        self.endpoints = endpoints
        self.bridges = bridges
        self.metrics = metrics
        self._rest = rest

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """See ASGI."""
        endpoint = self.endpoints.get(scope.get("path", ""))
        if endpoint is None or scope["type"] != "http":
            endpoint = self._rest
        await endpoint(scope, receive, send)


def create_app(
    bridges: Sequence[Bridge],
    settings: Settings,
    *,
    observe: Observer | None = None,
    drains: bool = False,
    metrics: MetricsPort | None = None,
    spans: Spans | None = None,
) -> Application:
    """Return the application that serves *bridges*.

    *drains*: it has the process to itself, and finishes its answers when that is told to end. *metrics* is
    where it says what it counts; without it nothing is counted. *spans* makes each answer and each call a
    span. Raises PathTaken where two would answer one path, and SettingsError where a mapping with
    `access: open` would be reached from elsewhere: whoever runs the application otherwise than by `serve`
    says in `settings.host` where it listens.
    """
    _refuse_open_access(bridges, settings)
    if spans is not None:
        bridges = [spans.follow(bridge) for bridge in bridges]
    paths = _paths(bridges)
    load = Admission(settings.max_concurrency)
    counts = None if metrics is None else Metrics()
    shares = {path: load.share() for path in paths}
    watchers = Watchers(observe, counts, spans)
    endpoints: dict[str, ASGIApp] = {
        path: _Endpoint(bridge, settings, shares[path], watchers) for path, bridge in paths.items()
    }
    endpoints["/healthz"] = _Probe(lambda: json_reply({"status": "alive"}), load)
    described = json_reply(describe_served({path: b.spec for path, b in paths.items()}))
    endpoints["/openapi.json"] = _Probe(lambda: described, load)
    endpoints["/readyz"] = _Probe(lambda: _readiness(bridges, load), load)
    if spans is not None:
        for path, bridge in paths.items():
            endpoints[path] = spans.around(endpoints[path], path, bridge.spec.platform)
    around: list[Around] = [] if spans is None else [lambda: aclosing(spans)]
    rest = Starlette(lifespan=_lifespan(bridges, around))
    rest.router.default = _NotFound(load)
    app = Application(endpoints, rest, paths, counts)
    if metrics is not None and counts is not None:
        served = [(bridge, shares[path], _digest(bridge)) for path, bridge in paths.items()]
        around.append(lambda: metrics.serving(lambda: _samples(counts, served), app))
    if drains:
        around.append(lambda: _owned(load, settings.grace))
    return app


def _samples(counts: Metrics, served: Sequence[tuple[Bridge, Share, str]]) -> Samples:
    """Return the numbers of this process as they are now."""
    states = [
        PlatformState(
            bridge.spec.platform, digest, bridge.breaker, share.under_way, bridge.calls_in_flight
        )
        for bridge, share, digest in served
    ]
    shared = BoundedProtocol.shared
    return counts.samples(states, shared.taken, shared.refused)


def _digest(bridge: Bridge) -> str:
    """Return the SHA-256 of the mapping's file as it was read, or "" where it is gone."""
    try:
        return hashlib.sha256(Path(bridge.spec.place.file).read_bytes()).hexdigest()
    except OSError:
        return ""


def _refuse_open_access(bridges: Sequence[Bridge], settings: Settings) -> None:
    opened = [bridge.spec for bridge in bridges if bridge.spec.endpoint.access.is_open]
    if opened and not settings.allow_open and not is_loopback(settings.host):
        raise SettingsError(
            f"`{opened[0].platform}` has `access: open`, and everybody who reaches {settings.host} could"
            " ask for anybody's tickets: give it a secret or an `allow` list, or listen on 127.0.0.1"
            " (or set TICKETBRIDGE_ALLOW_OPEN=1, where something in front lets nobody else through)"
        )


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
    bridges: Sequence[Bridge], around: Sequence[Around]
) -> Callable[[Starlette], AbstractAsyncContextManager[None]]:
    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        async with AsyncExitStack() as stack:
            for context in around:
                await stack.enter_async_context(context())
            yield
        for bridge in bridges:
            await bridge.aclose()
        flush()

    return lifespan


@asynccontextmanager
async def _owned(load: Admission, grace: float) -> AsyncIterator[None]:
    """Run what only a process of our own may have: an end without loss, and collection of memory."""
    async with collecting():
        with draining(load, grace):
            yield


@dataclass(frozen=True, slots=True)
class Watchers:
    """Who hears of each answer once it is made."""

    observe: Observer | None
    metrics: Metrics | None
    spans: Spans | None


class _Endpoint:
    """`GET /tickets?user=…` of one mapping, as an ASGI application."""

    def __init__(
        self, bridge: Bridge, settings: Settings, share: Share, watchers: Watchers
    ) -> None:
        self._bridge = bridge
        self._endpoint = bridge.spec.endpoint
        self._trusted = settings.trusted_proxies
        self._load = share.load
        self._share = share
        self._observe, metrics = watchers.observe, watchers.metrics
        self._meter = metrics.meter(bridge.spec.platform) if metrics else None
        self._note = watchers.spans.note if watchers.spans else None
        self._secret_header = (self._endpoint.access.secret_header or "").lower().encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        trace = AnswerTrace(explains=self._observe is not None)
        trace.ids = scope.get(IDS) or trace_ids_of(scope["headers"])
        request_id = trace.ids.request_id
        started = time.perf_counter()
        problem: ProblemError | None = None
        try:
            reply = await self._reply(scope, receive, trace, started)
        except ProblemError as error:
            problem = error.alone()
            reply = problem_reply(problem, request_id)
            if isinstance(problem, Forbidden | Unauthorized):
                trace.caller = str(self._address(scope) or "unknown")
        except ClientLeft:
            log_event("client left", {"request_id": request_id, "calls": trace.calls})
            if self._meter is not None:
                self._meter.count_left(trace)
            return
        except Exception:  # noqa: BLE001 - whatever else fails is a defect, and no answer
            LOGGER.exception("defect", extra={"fields": {"request_id": request_id}})
            problem = InternalError()
            reply = problem_reply(problem, request_id)
        await _last_if_leaving(reply, self._load).send(scope, send, request_id)
        seconds = time.perf_counter() - started
        self._log(request_id, reply, problem, trace, seconds)
        if self._meter is not None:
            self._meter.count_answer(trace, reply.status, problem, seconds)
        if self._note is not None:
            self._note(trace, reply.status, problem)
        if self._observe is not None:
            self._observe(self._bridge, trace, reply)

    async def _reply(
        self, scope: Scope, receive: Receive, trace: AnswerTrace, started: float
    ) -> Reply:
        """Address, secret, method, user, in this order; then the platform is asked."""
        access = self._endpoint.access
        if access.allow:
            check_address(access, self._address(scope))
        trace.secret = check_secret(access, header_values(scope["headers"], self._secret_header))
        if scope["method"] not in METHODS:
            raise MethodNotAllowed
        user = asked_user(scope["query_string"], self._endpoint)
        trace.user = user_hash(user)
        with self._share:
            answer = await _while_connected(scope, receive, self._bridge.answer(user, trace))
        return _tickets_reply(answer, trace, started)

    def _address(self, scope: Scope) -> IPAddress | None:
        peer = scope["client"]
        forwarded = header_values(scope["headers"], b"x-forwarded-for")
        return caller_address(peer and peer[0], forwarded, self._trusted)

    def _log(
        self,
        request_id: str,
        reply: Reply,
        problem: ProblemError | None,
        trace: AnswerTrace,
        seconds: float,
    ) -> None:
        log_event(
            "answer",
            {
                "request_id": request_id,
                "trace_id": trace.ids and trace.ids.trace_id,
                "platform": self._bridge.spec.platform,
                "status": reply.status,
                "problem": problem and problem.slug,
                "reason": problem and problem.log,
                "address": trace.caller,
                "secret": trace.secret,
                "user": trace.user,
                "verdicts": trace.verdicts,
                "nothing": sum(trace.nothing.values()) or None,
                "calls": trace.calls,
                "upstream_ms": _milliseconds(trace.upstream.seconds),
                "map_ms": _milliseconds(seconds - trace.upstream.seconds),
                "notes": trace.notes or None,
            },
            logging.WARNING if reply.status >= 500 else logging.INFO,
        )


class _Probe:
    """A JSON document about the service itself, as an ASGI application."""

    def __init__(self, document: Callable[[], Reply], load: Admission) -> None:
        self._document = document
        self._load = load

    async def __call__(self, scope: Scope, _receive: Receive, send: Send) -> None:
        request_id = request_id_of(scope["headers"])
        allowed = scope["method"] in METHODS
        reply = self._document() if allowed else problem_reply(MethodNotAllowed(), request_id)
        await _last_if_leaving(reply, self._load).send(scope, send, request_id)


class _NotFound:
    """All other paths, as an ASGI application."""

    def __init__(self, load: Admission) -> None:
        self._load = load

    async def __call__(self, scope: Scope, _receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            request_id = request_id_of(scope["headers"])
            reply = problem_reply(NotFound(), request_id)
            await _last_if_leaving(reply, self._load).send(scope, send, request_id)


def _readiness(bridges: Sequence[Bridge], load: Admission) -> Reply:
    """Whether pulls are answered here. A platform that is down makes no other one wait: it is named."""
    platforms = [{"platform": b.spec.platform, "breaker": b.breaker} for b in bridges]
    status = "leaving" if load.is_leaving else "ready" if bridges else "no mappings"
    document = {"status": status, "platforms": platforms}
    return json_reply(document, 200 if status == "ready" else 503)


def _last_if_leaving(reply: Reply, load: Admission) -> Reply:
    """*reply*; when the service leaves, the last one on its caller's connection."""
    return reply.last() if load.is_leaving else reply


def _tickets_reply(answer: Answer, trace: AnswerTrace, started: float) -> Reply:
    kinds = count_kinds(trace.verdicts)
    total = time.perf_counter() - started
    upstream = _milliseconds(trace.upstream.seconds)
    mapping = _milliseconds(total - trace.upstream.seconds)
    verdicts = ", ".join([f"{kind}={number}" for kind, number in kinds.items()])
    headers = (
        (b"x-ticketbridge-verdicts", verdicts.encode()),
        (b"server-timing", f"upstream;dur={upstream}, map;dur={mapping}".encode()),
    )
    return Reply(answer.status, answer.body, JSON if answer.body else None, headers)


def _milliseconds(seconds: float) -> float:
    """*seconds* in milliseconds, to a hundredth; `round` takes ten times as long."""
    return int(max(0.0, seconds) * 100_000 + 0.5) / 100


async def _while_connected(scope: Scope, receive: Receive, work: Awaitable[T]) -> T:
    """The result of *work*, which is stopped when the caller leaves: no one is there to answer."""
    task = asyncio.current_task()
    assert task is not None, "an endpoint runs in a task"  # noqa: S101 - ASGI servers see to it
    left = False

    def leave() -> None:
        nonlocal left
        left = True
        task.cancel()

    stop_watching = _watch(scope, receive, leave)
    try:
        return await work
    except asyncio.CancelledError:
        if not left:
            raise
        task.uncancel()
        raise ClientLeft from None
    finally:
        stop_watching()


def _watch(scope: Scope, receive: Receive, leave: Callable[[], None]) -> Callable[[], object]:
    """Have *leave* called when the caller leaves; gives what ends that.

    Our own server says so itself; of another one it takes a task that waits for nothing else.
    """
    register = scope.get("extensions", {}).get(LEFT)
    if register is not None:
        register(leave)
        return lambda: register(None)

    async def wait() -> None:
        while (await receive())["type"] != "http.disconnect":
            pass
        leave()

    return asyncio.create_task(wait()).cancel
