"""HTTP: paths, access, and the only place that makes documents of problems."""

from __future__ import annotations

import logging
import re
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, aclosing, asynccontextmanager
from dataclasses import dataclass, replace
from functools import cache, lru_cache
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
    Overloaded,
    ProblemError,
    Unauthorized,
)
from ticketbridge.engine.tickets.verdicts import count_kinds
from ticketbridge.service.access import IPAddress, caller_address, check_address, check_secret
from ticketbridge.service.admission import Admission, Share
from ticketbridge.service.callers import ClientLeft, while_connected
from ticketbridge.service.collector import collecting
from ticketbridge.service.description import describe_served
from ticketbridge.service.drain import draining
from ticketbridge.service.logs import LOGGER, AnswerFields, flush, log_event, user_hash
from ticketbridge.service.mapping_set import (
    NOTHING,
    LoadedMapping,
    MappingSet,
    require_guarded,
    set_of,
)
from ticketbridge.service.metrics import Metrics, PlatformState, Samples
from ticketbridge.service.protocol import BoundedProtocol
from ticketbridge.service.readiness import describe_readiness
from ticketbridge.service.replies import JSON, METHODS, Reply, json_reply, problem_reply
from ticketbridge.service.settings import Settings
from ticketbridge.service.trace_context import IDS, header_values, request_id_of, trace_ids_of
from ticketbridge.service.user import asked_user

if TYPE_CHECKING:
    from ticketbridge.service.metrics_server import MetricsPort
    from ticketbridge.service.spans import Spans

T = TypeVar("T")
Observer = Callable[[Bridge, AnswerTrace, Reply], None]
"""Called after each answer; `demo` shows verdicts with it."""


@dataclass(frozen=True, slots=True)
class Watchers:
    """The callbacks that run after each answer."""

    observe: Observer | None = None
    metrics: Metrics | None = None
    spans: Spans | None = None


NOBODY = Watchers()
_PATH_OF_MAPPING = re.compile(r"(?:/[a-z][a-z0-9_-]{0,40})?/tickets")


class Application:
    """The application: it serves the paths of mappings, and leaves all else to Starlette, start and end too.

    *watchers* hear of its answers. *around* are contexts that hold as long as the application runs,
    the outermost first.

    A request to a served path goes straight to its endpoint: routing and middleware would cost it
    about a tenth of a small answer, and each endpoint handles its own errors.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        watchers: Watchers = NOBODY,
        around: Sequence[Around] = (),
    ) -> None:
        """Make an application that serves nothing yet: see `serve`."""
        self.settings = settings
        self.load = Admission(settings.max_concurrency)
        self.mappings = NOTHING
        self.endpoints: dict[str, ASGIApp] = {}
        self.watchers = watchers
        self._around = around
        self._shares: dict[str, Share] = {}
        self._rest = Starlette(lifespan=self._lifespan)
        self._rest.router.default = _NotServed(self)

    def serve(self, mappings: MappingSet) -> None:
        """Serve *mappings* from the next request on. Running answers finish with the old ones.

        A platform that was served before keeps its share.
        """
        for platform in self._shares.keys() - {each.platform for each in mappings.loaded}:
            self._shares.pop(platform).give_up()
        ways: dict[LoadedMapping, ASGIApp] = {
            each: self._endpoint(each) for each in mappings.loaded
        }
        endpoints = {
            path: self._followed(ways[each], path, each) for path, each in mappings.paths.items()
        }
        specs = {path: each.bridge.spec for path, each in mappings.paths.items()}
        described = cache(lambda: json_reply(describe_served(specs)))  # asked for seldom
        endpoints["/healthz"] = _Probe(lambda: json_reply({"status": "alive"}), self.load)
        endpoints["/openapi.json"] = _Probe(described, self.load)
        endpoints["/readyz"] = _Probe(lambda: describe_readiness(mappings, self.load), self.load)
        self.mappings, self.endpoints = mappings, endpoints

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request to the endpoint of its path; see ASGI."""
        endpoint = self.endpoints.get(scope.get("path", ""))
        if endpoint is None or scope["type"] != "http":
            endpoint = self._rest
        await endpoint(scope, receive, send)

    def _endpoint(self, mapping: LoadedMapping) -> ASGIApp:
        share = self._shares.get(mapping.platform)
        if share is None:
            share = self._shares[mapping.platform] = self.load.share()
        if self.watchers.metrics is not None and mapping.bridge.shapes is None:
            mapping.bridge.shapes = self.watchers.metrics.meter(mapping.platform).shapes
            mapping.bridge.shapes.forget_keys()
        return _Endpoint(mapping.bridge, self.settings, share, self.watchers)

    def _followed(self, endpoint: ASGIApp, path: str, mapping: LoadedMapping) -> ASGIApp:
        spans = self.watchers.spans
        return endpoint if spans is None else spans.around(endpoint, path, mapping.platform)

    def samples(self, metrics: Metrics) -> Samples:
        """Return the numbers of this process as they are now; *metrics* are those of its watchers."""
        states = [
            PlatformState(
                each.platform,
                each.digest,
                each.bridge.breaker,
                self._shares[each.platform].under_way,
                each.bridge.calls_in_flight,
            )
            for each in self.mappings.loaded
        ]
        shared = BoundedProtocol.shared
        return metrics.samples(states, shared.taken, shared.refused, self.mappings.files)

    @asynccontextmanager
    async def _lifespan(self, _app: Starlette) -> AsyncIterator[None]:
        async with AsyncExitStack() as stack:
            for context in self._around:
                await stack.enter_async_context(context(self))
            yield
        for mapping in self.mappings.loaded:
            await mapping.bridge.aclose()
        flush()


Around = Callable[[Application], AbstractAsyncContextManager[object]]
"""A context that lasts as long as an application runs."""


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

    Raises PathTaken if two of them have one path. Raises SettingsError if others could reach a
    mapping with `access: open`: a server other than that of `serve` must say in `settings.host` where
    it listens.

    *drains*: the application has the process to itself, and finishes its answers when the process is
    told to end. *metrics* is the port of its metrics; without it nothing is counted. *spans* makes
    each answer and each call a span.
    """
    for bridge in bridges:
        require_guarded(bridge, settings)
    followed = bridges if spans is None else [spans.follow(bridge) for bridge in bridges]
    around = [owned] if drains else []
    app = watched_application(settings, around, Watchers(observe, spans=spans), metrics)
    app.serve(set_of(followed))
    return app


def watched_application(
    settings: Settings,
    around: Sequence[Around],
    watchers: Watchers = NOBODY,
    metrics: MetricsPort | None = None,
) -> Application:
    """Return an application that serves nothing yet, with the port *metrics* for its counts.

    See Application for *around* and *watchers*. Without *metrics* nothing is counted.
    """
    outer: list[Around] = []
    if watchers.spans is not None:
        spans = watchers.spans
        outer.append(lambda _app: aclosing(spans))
    if metrics is not None:
        port, counts = metrics, Metrics()
        watchers = replace(watchers, metrics=counts)
        outer.append(lambda app: port.serving(lambda: app.samples(counts), app))
    return Application(settings, watchers=watchers, around=[*outer, *around])


@asynccontextmanager
async def owned(app: Application) -> AsyncIterator[None]:
    """Do what only a process of our own may do: stop without losing answers, and collect memory."""
    async with collecting():
        with draining(app.load, app.settings.grace):
            yield


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
        ids = scope.get(IDS) or trace_ids_of(scope["headers"])
        trace = AnswerTrace(explains=self._observe is not None, ids=ids)
        request_id = ids.request_id
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
            platform = self._bridge.spec.platform
            fields = {"request_id": request_id, "platform": platform, "calls": trace.calls}
            log_event("client left", fields)
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
        """Check address, secret, method and user, in this order; then ask the platform."""
        access = self._endpoint.access
        if access.allow:
            check_address(access, self._address(scope))
        trace.secret = check_secret(access, header_values(scope["headers"], self._secret_header))
        if scope["method"] not in METHODS:
            raise MethodNotAllowed
        user = asked_user(scope["query_string"], self._endpoint)
        trace.user = user_hash(user)
        with self._share as task:
            work = self._bridge.answer(user, trace)
            answer = await while_connected(scope, receive, task, work)
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
            AnswerFields(
                request_id=request_id,
                trace_id=trace.ids.trace_id,
                platform=self._bridge.spec.platform,
                status=reply.status,
                problem=problem.slug if problem else None,
                reason=problem.log if problem else None,
                address=trace.caller,
                secret=trace.secret,
                user=trace.user,
                verdicts=trace.verdicts,
                nothing=sum(trace.nothing.values()) or None,
                calls=trace.calls,
                upstream_ms=_hundredths(trace.upstream.seconds) / 100,
                map_ms=_hundredths(seconds - trace.upstream.seconds) / 100,
                notes=trace.notes or None,
            ),
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


class _NotServed:
    """The endpoint of all other paths, as an ASGI application.

    While a mapping is missing, its path is unknown, and an old contract reads 404 as a user who owns nothing.
    """

    def __init__(self, app: Application) -> None:
        self._app = app

    async def __call__(self, scope: Scope, _receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        request_id = request_id_of(scope["headers"])
        problem: ProblemError = NotFound()
        if self._app.mappings.is_incomplete:
            problem = Overloaded("What is served at this path could not be loaded")
        reply = problem_reply(problem, request_id)
        BoundedProtocol.shared.refused[problem.slug] += 1
        told = {"status": problem.status, "problem": problem.slug, "path": _shown(scope["path"])}
        log_event("not served", {"request_id": request_id, **told})
        await _last_if_leaving(reply, self._app.load).send(scope, send, request_id)


def _shown(path: str) -> str | None:
    """Return *path* if a mapping may be served there; any other may have an address in it."""
    return path if _PATH_OF_MAPPING.fullmatch(path) else None


def _last_if_leaving(reply: Reply, load: Admission) -> Reply:
    """Return *reply*. When the service stops, it is the last one on its caller's connection."""
    return reply.last() if load.is_leaving else reply


def _tickets_reply(answer: Answer, trace: AnswerTrace, started: float) -> Reply:
    upstream = trace.upstream.seconds
    mapping = time.perf_counter() - started - upstream
    lines = (
        b"x-ticketbridge-verdicts: %b\r\n"
        b"server-timing: upstream;dur=%d.%02d, map;dur=%d.%02d\r\n"
        % (
            _verdict_kinds(tuple(trace.verdicts.items())),
            *divmod(_hundredths(upstream), 100),
            *divmod(_hundredths(mapping), 100),
        )
    )
    return Reply(answer.status, answer.body, JSON if answer.body else None, lines)


@lru_cache
def _verdict_kinds(verdicts: tuple[tuple[str, int], ...]) -> bytes:
    """Return how often each kind of verdict was given, as a header. Most answers have the same few."""
    kinds = count_kinds(dict(verdicts))
    return ", ".join([f"{kind}={number}" for kind, number in kinds.items()]).encode()


def _hundredths(seconds: float) -> int:
    """Return *seconds* in hundredths of a millisecond; `round` takes ten times as long."""
    return int(max(0.0, seconds) * 100_000 + 0.5)
