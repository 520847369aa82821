"""The platform of a case: a last stage that gives its answers, and notes what it was not told."""

from __future__ import annotations

from collections.abc import Sequence
from types import MappingProxyType
from urllib.parse import unquote, urlsplit

from ticketbridge.engine.upstream.context import AnswerContext
from ticketbridge.engine.upstream.decoding import too_large
from ticketbridge.engine.upstream.messages import PlatformAnswer, PlatformRequest
from ticketbridge.mapping.spec import ApiKeyAuthSpec, AuthSpec, UpstreamSpec
from ticketbridge.workbench.call_formats import CallFormats, write_in_charset
from ticketbridge.workbench.cases.case_spec import AnswerSpec, Target, name_target
from ticketbridge.workbench.cases.value_text import shorten

BASE = "{BASE}"


class UnexpectedCall(Exception):
    """A call that no answer that is left fits; it ends the case, and is not tried again."""


class CasePlatform:
    """Answers each call once, in the order of *answers* where several fit.

    *left* are the answers that nothing has asked for; *unexpected* the calls that none fitted.
    """

    def __init__(
        self,
        answers: Sequence[AnswerSpec],
        upstream: UpstreamSpec,
        formats: CallFormats = MappingProxyType({}),
    ) -> None:
        self.left = list(answers)
        self.unexpected: list[str] = []
        self._upstream = upstream
        self._max_body = upstream.max_body
        self._formats = formats
        self._key = find_key_parameter(upstream.auth)

    async def send(self, request: PlatformRequest, context: AnswerContext) -> PlatformAnswer:
        """See Send. Raises UnexpectedCall."""
        asked = below_base(request.wire_url, self._upstream.at(request.host).base_url)
        target, content = Target.of(asked), request.content or b""
        for answer in self.left:
            if answer.fits(request.method, request.host, target, content):
                self.left.remove(answer)
                made = self._answer(answer, request)
                context.bodies.take(len(made.content))
                return made
        sent = f" with {shorten(content.decode('utf-8', 'replace'))}" if content else ""
        shown = name_target(self._without_key(asked), request.host)
        self.unexpected.append(f"{request.method} {shown}{sent}")
        raise UnexpectedCall(self.unexpected[-1])

    def _answer(self, answer: AnswerSpec, request: PlatformRequest) -> PlatformAnswer:
        base_url = self._upstream.at(request.host).base_url
        content = answer.content.replace(BASE.encode(), base_url.encode())
        form = self._formats.get(request.call)
        content = write_in_charset(content, form, answer.content_type)
        if len(content) > self._max_body:
            raise too_large(self._max_body)
        headers: dict[str, str] = {}
        for name, value in answer.headers:
            key, text = name.lower(), value.replace(BASE, base_url)
            headers[key] = f"{headers[key]}, {text}" if key in headers else text
        headers["content-length"] = str(len(content))
        cookies = [value for name, value in answer.headers if name.lower() == "set-cookie"]
        return PlatformAnswer(
            answer.status, headers, content, request.credentials, set_cookies=cookies
        )

    def _without_key(self, asked: str) -> str:
        """The target as a message may show it: a key in the query is a credential."""
        path, _, query = asked.partition("?")
        kept = [part for part in query.split("&") if unquote(part.partition("=")[0]) != self._key]
        return f"{path}?{'&'.join(kept)}" if any(kept) else path


def below_base(url: str, base_url: str) -> str:
    """The path and query of *url* without the path of *base_url*; whole where it lies elsewhere."""
    asked, base_path = urlsplit(url), urlsplit(base_url).path
    steps, base = asked.path.split("/"), base_path.split("/")
    if list(map(unquote, steps[: len(base)])) == list(map(unquote, base)):
        steps = ["", *steps[len(base) :]]
    return "/".join(steps) + (f"?{asked.query}" if asked.query else "")


def find_key_parameter(auth: AuthSpec) -> str | None:
    is_query = isinstance(auth, ApiKeyAuthSpec) and auth.location == "query"
    return auth.name if isinstance(auth, ApiKeyAuthSpec) and is_query else None
