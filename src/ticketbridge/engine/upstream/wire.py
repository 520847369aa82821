"""The last stage, and the only way out: send a request over the wire, and return its whole answer.

It has no cookie jar, no proxy except the mapping's, no redirects, and no credentials that could follow a URL
to another host.
"""

from __future__ import annotations

import ssl
from collections.abc import Callable, Mapping

from ticketbridge import __version__
from ticketbridge.engine.answer_trace import TraceIds
from ticketbridge.engine.problems import UpstreamUnreadable
from ticketbridge.engine.upstream.context import AnswerContext
from ticketbridge.engine.upstream.decoding import ACCEPTED_ENCODINGS, read_body, too_large
from ticketbridge.engine.upstream.failures import FOREIGN_ERRORS, cut_short, unreachable
from ticketbridge.engine.upstream.messages import (
    Incoming,
    PlatformAnswer,
    PlatformRequest,
    Transport,
    merge_headers,
)
from ticketbridge.engine.upstream.sockets import SocketTransport
from ticketbridge.engine.upstream.tls import trusting_context
from ticketbridge.mapping.spec import LoginSpec, OAuth2AuthSpec, SessionAuthSpec, UpstreamSpec

_OWN_HEADERS = {
    "Accept-Encoding": ACCEPTED_ENCODINGS,
    "Cache-Control": "no-cache",  # what a cache on the way has kept may not be true any more
    "User-Agent": f"ticketbridge/{__version__}",
}


_TRACING_HEADERS = frozenset({"traceparent", "x-request-id"})


class Wire:
    """Sends requests with *transport*; no body may have more than *max_body* bytes.

    Each request names its answer: `traceparent` and `X-Request-Id`, unless the mapping sets them itself. They
    are added only here, so a replacement of this stage never sees them.
    """

    def __init__(self, transport: Transport, max_body: int) -> None:
        self._transport = transport
        self._max_body = max_body
        self._headers: Mapping[str, str] = {}
        self._made_of: tuple[object, object, object] = (None, None, None)
        self._tracing_said: frozenset[str] = frozenset()

    async def send(self, request: PlatformRequest, context: AnswerContext) -> PlatformAnswer:
        """Send *request* once, unchanged, and return the platform's answer; see Send.

        Raises NoAnswer if no complete answer came, UpstreamUnreadable if it is too large or does not
        decompress, and MappingMismatch if all bodies of the answer in *context* together are too large.
        """
        url = request.wire_url
        headers = self._headers_of(request)
        more = self._tracing_of(request, context.trace.ids)
        try:
            answer = await self._transport.send(request.method, url, headers, request.content, more)
        except FOREIGN_ERRORS as error:
            raise unreachable(error) from error
        held = 0

        def count(size: int) -> None:
            nonlocal held
            held += size
            context.bodies.take(size)

        try:
            content = await self._content(answer, count)
        except BaseException as error:
            context.bodies.give_back(held)
            if isinstance(error, FOREIGN_ERRORS):
                raise cut_short(error) from error
            raise
        finally:
            await answer.aclose()
        return PlatformAnswer(
            answer.status,
            answer.headers,
            content,
            request.credentials,
            set_cookies=answer.set_cookies,
        )

    def _headers_of(self, request: PlatformRequest) -> Mapping[str, str]:
        # Nearly all requests have the same headers: those of the one before.
        own, accept, credentials = self._made_of
        if (
            request.cookies
            or own is not request.headers
            or accept is not request.accept
            or credentials is not request.credentials
        ):
            self._headers = merge_headers(_OWN_HEADERS, request.wire_headers)
            made_of = request.headers, request.accept, request.credentials
            self._made_of = (None, None, None) if request.cookies else made_of
            self._tracing_said = _TRACING_HEADERS & {name.lower() for name in self._headers}
        return self._headers

    def _tracing_of(self, request: PlatformRequest, ids: TraceIds) -> Mapping[str, str]:
        """Return the headers with the ids of the answer that *request* belongs to.

        Those that the mapping sets itself are left out.
        """
        told = {"traceparent": ids.traceparent(request.span_id), "X-Request-Id": ids.request_id}
        if self._tracing_said:
            return {
                name: text for name, text in told.items() if name.lower() not in self._tracing_said
            }
        return told

    async def _content(self, answer: Incoming, count: Callable[[int], None]) -> bytes:
        length = answer.headers.get("content-length", "")
        encoding = answer.headers.get("content-encoding", "")
        if answer.headers.get("transfer-encoding", "chunked").lower() != "chunked":
            raise UpstreamUnreadable(log="a transfer encoding that was not asked for")
        known = length.isascii() and length.isdigit()
        if known and int(length[:20]) > self._max_body:
            raise too_large(self._max_body)
        if known and not encoding:
            # The transport reads no more than the length that the head gives: it counts from the start.
            count(int(length))
            return await answer.read()
        return await read_body(answer.chunks(), encoding, self._max_body, count)


def open_connections(spec: UpstreamSpec, tls: ssl.SSLContext | None) -> SocketTransport:
    """Return the connections to the platform of *spec*, with *tls* or the usual context."""
    # Reading the trusted certificates takes tens of milliseconds: not while an answer waits.
    tls = tls or (trusting_context() if _speaks_tls(spec) else None)
    return SocketTransport(
        connect_timeout=spec.connect_timeout,
        tls=tls,
        keep_alive=spec.keep_alive,
        proxy=spec.proxy,
    )


def _speaks_tls(spec: UpstreamSpec) -> bool:
    urls = [*spec.urls]
    match spec.auth:
        case OAuth2AuthSpec(token_url=url) | SessionAuthSpec(login=LoginSpec(url=str(url))):
            urls.append(url)
    return any(url.startswith("https:") for url in urls)
