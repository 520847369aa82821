"""A last stage that answers from replies, and notes the request for each."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from urllib.parse import unquote

from ticketbridge.engine.upstream.context import AnswerContext
from ticketbridge.engine.upstream.messages import PlatformAnswer, PlatformRequest
from ticketbridge.mapping.spec import UpstreamSpec
from ticketbridge.workbench.call_formats import write_in_charset
from ticketbridge.workbench.cases.case_platform import BASE, below_base
from ticketbridge.workbench.record.recorded_answers import RecordedAnswer


class NotRecorded(Exception):
    """A call for which no reply is left; the text names the call."""


@dataclass(frozen=True, slots=True)
class ReplayedAnswer:
    """A reply, and the request that it answers in the case: *asked* is its target, *sent_type* its type."""

    reply: RecordedAnswer
    asked: str
    content: bytes | None = field(repr=False)
    sent_type: str = ""


class Replay:
    """Answers each call with the reply whose own request is most similar.

    The two differ in stand-ins, and in the values of variables.
    """

    def __init__(self, replies: Sequence[RecordedAnswer], upstream: UpstreamSpec) -> None:
        self.left = list(replies)
        self.replayed: list[ReplayedAnswer] = []
        self._upstream = upstream

    async def send(self, request: PlatformRequest, _context: AnswerContext) -> PlatformAnswer:
        """See Send."""
        base_url = self._upstream.at(request.host).base_url
        asked = below_base(request.url, base_url)
        fitting = [r for r in self.left if (r.call, r.method) == (request.call, request.method)]
        if not fitting:
            raise NotRecorded(f"{request.call}: {request.method} {asked.partition('?')[0]}")
        reply = max(fitting, key=lambda reply: _measure_likeness(reply.asked, asked))
        self.left.remove(reply)
        sent_type = dict(request.headers).get("Content-Type", "")
        self.replayed.append(ReplayedAnswer(reply, asked, request.content, sent_type))
        headers = {n: v.replace(BASE, base_url) for n, v in reply.headers.items()}
        content = reply.content.replace(BASE.encode(), base_url.encode())
        content = write_in_charset(content, reply.form, headers.get("content-type", ""))
        headers["content-length"] = str(len(content))
        return PlatformAnswer(reply.status, headers, content, request.credentials)


def _measure_likeness(one: str, other: str) -> int:
    """Return how many parts two targets share: segments at the same place, and parameters."""
    return len(set(_list_parts(one)) & set(_list_parts(other)))


def _list_parts(target: str) -> Iterator[tuple[str, str]]:
    path, _, query = target.partition("?")
    for place, segment in enumerate(path.split("/")):
        yield str(place), unquote(segment)
    for parameter in query.split("&"):
        yield "?", unquote(parameter)
