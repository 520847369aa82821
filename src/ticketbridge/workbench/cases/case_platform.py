"""The platform of a case: a last stage that gives its answers, and notes unexpected calls."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import unquote, urlsplit

from ticketbridge.engine.upstream.context import AnswerContext
from ticketbridge.engine.upstream.decoding import too_large
from ticketbridge.engine.upstream.messages import PlatformAnswer, PlatformRequest
from ticketbridge.mapping.environment import PLACEHOLDER
from ticketbridge.mapping.sensitive_names import is_sensitive
from ticketbridge.mapping.spec import (
    MappingSpec,
    SignatureAuthSpec,
    UpstreamSpec,
    claimed_by,
    secrets_in,
)
from ticketbridge.mapping.spec_signature import unset_secret
from ticketbridge.workbench.call_formats import find_formats, write_in_charset
from ticketbridge.workbench.cases.case_spec import (
    AnswerSpec,
    CarriedSlip,
    Target,
    drop_parameters,
    name_target,
)
from ticketbridge.workbench.cases.value_text import shorten

BASE = "{BASE}"


class UnexpectedCall(Exception):
    """A call that fits no remaining answer. It ends the case, and is not tried again."""


class CasePlatform:
    """Answers each call once; if several answers fit, the first of *answers*.

    *left* are the answers that no call asked for; *unexpected* are the calls that no answer fitted.
    """

    def __init__(self, answers: Sequence[AnswerSpec], spec: MappingSpec) -> None:
        self.left = list(answers)
        self.unexpected: list[str] = []
        self._upstream = spec.upstream
        self._formats = find_formats(spec)
        self._keys = claimed_by(spec.upstream.auth).parameters
        self._hidden = _find_hidden(spec.upstream)

    async def send(self, request: PlatformRequest, context: AnswerContext) -> PlatformAnswer:
        """See Send. Raises UnexpectedCall."""
        asked = below_base(request.wire_url, self._upstream.at(request.host).base_url)
        target, content = Target.of(asked), request.content or b""
        slips: list[str] = []
        for answer in self.left:
            if not answer.fits(request.method, request.host, target, content):
                continue
            wrong = [*answer.carried.find_slips(request.wire_headers, target)]
            if not wrong:
                self.left.remove(answer)
                made = self._answer(answer, request)
                context.bodies.take(len(made.content))
                return made
            slips += [self._describe(slip, answer) for slip in wrong]
        sent = f" with {shorten(content.decode('utf-8', 'replace'))}" if content else ""
        shown = name_target(drop_parameters(asked, self._keys), request.host)
        self.unexpected.append("; ".join([f"{request.method} {shown}{sent}", *slips]))
        raise UnexpectedCall(self.unexpected[-1])

    def _describe(self, slip: CarriedSlip, answer: AnswerSpec) -> str:
        """Return what a request carries where *answer* wants something else; real credentials are masked."""
        if slip.sent is None:
            sent = "there is none"
        elif (slip.kind, slip.name) in self._hidden:
            sent = "it is another, which is not shown: a credential in it is no placeholder"
        else:
            sent = f"it is {slip.sent}"
        where = f"line {answer.place.line} asks for the {slip.kind} {slip.name}"
        return f"{where}: {slip.asked}, and {sent}"

    def _answer(self, answer: AnswerSpec, request: PlatformRequest) -> PlatformAnswer:
        base_url = self._upstream.at(request.host).base_url
        content = answer.content.replace(BASE.encode(), base_url.encode())
        form = self._formats.get(request.call)
        content = write_in_charset(content, form, answer.content_type)
        if len(content) > self._upstream.max_body:
            raise too_large(self._upstream.max_body)
        headers: dict[str, str] = {}
        for name, value in answer.headers:
            key, text = name.lower(), value.replace(BASE, base_url)
            headers[key] = f"{headers[key]}, {text}" if key in headers else text
        headers["content-length"] = str(len(content))
        cookies = [value for name, value in answer.headers if name.lower() == "set-cookie"]
        return PlatformAnswer(
            answer.status, headers, content, request.credentials, set_cookies=cookies
        )


def _find_hidden(upstream: UpstreamSpec) -> frozenset[tuple[str, str]]:
    """Return the headers and parameters that hold credentials, except placeholders."""
    signed = upstream.auth.secrets if isinstance(upstream.auth, SignatureAuthSpec) else {}
    stand_ins = {PLACEHOLDER, *map(unset_secret, signed)}
    hidden = {
        ("header", name.lower())
        for name, value in upstream.headers.items()
        if is_sensitive(name) and value.reveal() not in stand_ins
    }
    if not stand_ins.issuperset(secrets_in(upstream.auth)):
        claimed = claimed_by(upstream.auth)
        hidden |= {("header", name) for name in claimed.headers}
        hidden |= {("parameter", name) for name in claimed.parameters}
    return frozenset(hidden)


def below_base(url: str, base_url: str) -> str:
    """Return the path and query of *url* without the path of *base_url*; the whole URL if it is elsewhere."""
    asked, base_path = urlsplit(url), urlsplit(base_url).path
    steps, base = asked.path.split("/"), base_path.split("/")
    if list(map(unquote, steps[: len(base)])) == list(map(unquote, base)):
        steps = ["", *steps[len(base) :]]
    return "/".join(steps) + (f"?{asked.query}" if asked.query else "")
