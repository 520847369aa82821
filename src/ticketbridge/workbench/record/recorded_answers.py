"""The platform's answers, with everything replaced that a case does not need."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import urlsplit

import msgspec

from ticketbridge.engine.upstream.answer_formats import Unreadable
from ticketbridge.engine.upstream.digest import find_challenge
from ticketbridge.engine.upstream.messages import PlatformAnswer
from ticketbridge.mapping.spec import (
    CallSpec,
    DigestAuthSpec,
    FormatSpec,
    JsonFormatSpec,
    LinkHeaderSpec,
    MappingSpec,
    TextFormatSpec,
    XmlFormatSpec,
)
from ticketbridge.workbench.answer_run import AnswerRun, Exchange
from ticketbridge.workbench.call_formats import find_formats, read_values, says_text, write_values
from ticketbridge.workbench.cases.case_platform import BASE, below_base
from ticketbridge.workbench.personal.rewriting import find_xml_text
from ticketbridge.workbench.record.needed import Needed

ELSEWHERE = "https://platform.example"
_ALWAYS = frozenset({"content-type", "retry-after"})
_CHARSET = re.compile(r"\s*;\s*charset\s*=[^;]*", re.IGNORECASE)
_NEVER = re.compile(r"cookie|auth|token|key|secret|session", re.IGNORECASE)
_FRAMING = frozenset({"content-length", "content-encoding", "transfer-encoding", "connection"})
_LINK = re.compile(r"<(?P<url>[^>]*)>(?P<rest>(?:\s*;\s*rel\s*=\s*(?:\"[^\"]*\"|[^\s;,]+))?)[^,<]*")


@dataclass(slots=True)
class RecordedAnswer:
    """One answer of the platform, with its call and its request, and the host if it is not `base_url`.

    *content* is the body with made-up data; *document* is the same as values, if it is JSON. *form* is the
    format of the call; the body is sent in its encoding, but *content* is in UTF-8.
    """

    call: str
    method: str
    asked: str
    status: int
    headers: dict[str, str]
    content: bytes = field(repr=False)
    document: Any = field(default=msgspec.UNSET, repr=False)
    form: FormatSpec | None = None
    host: str | None = None

    @property
    def is_json(self) -> bool:
        """Whether the body is a JSON document."""
        return self.document is not msgspec.UNSET


def list_real_answers(answer_run: AnswerRun) -> Iterator[RecordedAnswer]:
    """Yield the platform's answers, unchanged."""
    spec = answer_run.bridge.spec
    # Challenges are left out of the case, so the remaining headers must not ask for credentials.
    hidden = _FRAMING | ({"www-authenticate"} if _is_digest(spec) else set())
    for exchange, answer in _list_answered(answer_run):
        headers = {name: v for name, v in answer.headers.items() if name not in hidden}
        request = exchange.request
        asked = below_base(request.url, spec.upstream.at(request.host).base_url)
        yield RecordedAnswer(
            request.call,
            request.method,
            asked,
            answer.status,
            headers,
            answer.content,
            host=request.host,
        )


def _list_answered(answer_run: AnswerRun) -> Iterator[tuple[Exchange, PlatformAnswer]]:
    """Yield the calls that were answered, without logins and challenges: a case needs none."""
    spec = answer_run.bridge.spec
    calls = {entry.name for entry in spec.source if isinstance(entry, CallSpec)}
    is_digest = _is_digest(spec)
    for number, exchange in enumerate(answer_run.exchanges, 1):
        if exchange.answer is None or exchange.request.call not in calls:
            continue
        later = (after.request for after in answer_run.exchanges[number:])
        if is_digest and find_challenge(exchange.answer) and exchange.request in later:
            continue
        yield exchange, exchange.answer


def _is_digest(spec: MappingSpec) -> bool:
    return isinstance(spec.upstream.auth, DigestAuthSpec)


class UnsafeAnswerError(Exception):
    """An answer in which personal data cannot be recognised; the text says which one."""


class AnswerRecorder:
    """Makes recorded answers from an AnswerRun; *needed* replaces what must not stay.

    *names* are the keys that the mapping names, including those of headers.
    """

    def __init__(self, answer_run: AnswerRun, needed: Needed, names: Collection[str]) -> None:
        spec = answer_run.bridge.spec
        self._trial = answer_run
        self._upstream = spec.upstream
        self._linked = {
            entry.name
            for entry in spec.source
            if isinstance(entry, CallSpec)
            and entry.pages is not None
            and isinstance(entry.pages.paging, LinkHeaderSpec)
        }
        self._formats = find_formats(spec)
        self._any_type = {
            entry.name
            for entry in spec.source
            if isinstance(entry, CallSpec) and entry.any_content_type
        }
        self._needed = needed
        self._names = names

    def make_answers(self) -> Iterator[RecordedAnswer]:
        """Yield a recorded answer for each call that was answered. Raises UnsafeAnswerError."""
        for exchange, answer in _list_answered(self._trial):
            yield self._make_answer(exchange, answer)

    def _make_answer(self, exchange: Exchange, answer: PlatformAnswer) -> RecordedAnswer:
        request = exchange.request
        base_url = self._upstream.at(request.host).base_url
        form = self._formats[request.call]
        content, document = self._make_content(answer, form, request.call)
        made = RecordedAnswer(
            request.call,
            request.method,
            self._needed.rewrite_target(below_base(request.url, base_url)),
            answer.status,
            dict(self._list_headers(request.call, answer)),
            content,
            document,
            form,
            request.host,
        )
        return _hide_hosts(made, [base_url, *self._upstream.urls])

    def _list_headers(self, call: str, answer: PlatformAnswer) -> Iterator[tuple[str, str]]:
        """Yield the headers that the bridge or the mapping reads."""
        for name, value in answer.headers.items():
            if name == "content-type" and find_xml_text(answer) is not None:
                yield name, _CHARSET.sub("", value)
            elif name == "link" and call in self._linked:
                yield name, _LINK.sub(self._rewrite_link, value)
            elif name in _ALWAYS or (name in self._names and not _NEVER.search(name)):
                yield name, self._needed.rewrite_header(name, value)

    def _rewrite_link(self, match: re.Match[str]) -> str:
        """Return a link with only the parameter `rel`, which names the next page."""
        return f"<{self._needed.rewrite_link(match['url'])}>{match['rest']}"

    def _make_content(
        self, answer: PlatformAnswer, form: FormatSpec, call: str
    ) -> tuple[bytes, Any]:
        if not answer.content:
            return b"", msgspec.UNSET
        if isinstance(form, TextFormatSpec) and (call in self._any_type or says_text(answer)):
            # It is one value that is needed as a whole, and nothing says which parts are personal.
            raise UnsafeAnswerError(f"the answer to `{call}` is a text")
        values = read_values(answer, form)
        if not isinstance(values, Unreadable):
            changed = self._needed.rewrite_json(values)
            is_document = isinstance(form, JsonFormatSpec | XmlFormatSpec)
            return write_values(changed, form), changed if is_document else msgspec.UNSET
        xml = find_xml_text(answer)
        if xml is not None:
            return self._needed.rewrite_xml(xml).encode(), msgspec.UNSET
        # Whose data may stand in it cannot be known; that it cannot be read is what it tells.
        return f"({len(answer.content)} bytes that are no document)".encode(), msgspec.UNSET


def _hide_hosts(made: RecordedAnswer, urls: Sequence[str]) -> RecordedAnswer:
    """Return *made* without the platform's hosts; the first of *urls* is that of its own call."""
    origins = ["{0.scheme}://{0.netloc}".format(urlsplit(url)) for url in urls]

    def hide(text: str) -> str:
        text = text.replace(urls[0], BASE)
        for origin in origins:
            text = text.replace(origin, ELSEWHERE)
        return text

    headers = {name: hide(value) for name, value in made.headers.items()}
    if not made.is_json:
        content = hide(made.content.decode()).encode()
        return replace(made, headers=headers, content=content)
    document = change_texts(made.document, hide)
    content = write_values(document, made.form) if made.form else msgspec.json.encode(document)
    return replace(made, headers=headers, content=content, document=document)


def change_texts(value: Any, change: Callable[[str], str]) -> Any:
    """Return a JSON value with *change* applied to each text in it."""
    if isinstance(value, dict):
        return {key: change_texts(member, change) for key, member in value.items()}
    if isinstance(value, list):
        return [change_texts(member, change) for member in value]
    return change(value) if isinstance(value, str) else value
