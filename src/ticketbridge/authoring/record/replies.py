"""What the platform answered, with made-up data in place of personal data."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import msgspec

from ticketbridge.authoring.cases.platform import BASE, below_base
from ticketbridge.authoring.personal import Findings, StandIns
from ticketbridge.authoring.personal.xml import xml_text
from ticketbridge.authoring.trial import Exchange, Trial
from ticketbridge.mapping.spec import CallSpec
from ticketbridge.upstream.formats import Unreadable, read_json
from ticketbridge.upstream.messages import PlatformAnswer

ELSEWHERE = "https://platform.example"
_KEPT_HEADERS = frozenset({"content-type", "link", "retry-after"})
_CHARSET = re.compile(r"\s*;\s*charset\s*=[^;]*", re.IGNORECASE)
_NEVER = re.compile(r"cookie|auth|token|key|secret|session", re.IGNORECASE)


@dataclass(slots=True)
class Reply:
    """One answer of the platform: to which call it came, and what it was asked for then.

    *content* is the body with made-up data, *document* the same read, where it is JSON.
    """

    call: str
    method: str
    asked: str
    status: int
    headers: dict[str, str]
    content: bytes = field(repr=False)
    document: Any = field(default=msgspec.UNSET, repr=False)

    @property
    def is_json(self) -> bool:
        """Whether the body is a JSON document."""
        return self.document is not msgspec.UNSET


class Replies:
    """Makes replies of a trial's exchanges, all with the same stand-ins."""

    def __init__(
        self, trial: Trial, mapping: Path, findings: Findings, stand_ins: StandIns
    ) -> None:
        spec = trial.bridge.spec
        self._calls = {entry.name for entry in spec.source if isinstance(entry, CallSpec)}
        self._base_url = spec.upstream.base_url
        self._origin = "{0.scheme}://{0.netloc}".format(urlsplit(self._base_url))
        self._text = mapping.read_text("utf-8", "replace").casefold()
        self._findings = findings
        self._stand_ins = stand_ins

    def of(self, exchanges: Sequence[Exchange]) -> Iterator[Reply]:
        """A reply for each call that was answered; logins are left out: a case needs none."""
        for exchange in exchanges:
            if exchange.answer is not None and exchange.request.call in self._calls:
                yield self._reply(exchange, exchange.answer)

    def _reply(self, exchange: Exchange, answer: PlatformAnswer) -> Reply:
        asked = below_base(exchange.request.url, self._base_url)
        content, document = self._content(answer)
        return Reply(
            exchange.request.call,
            exchange.request.method,
            self._findings.in_text(asked, self._stand_ins),
            answer.status,
            {name: self._plain(value) for name, value in self._headers(answer)},
            content,
            document,
        )

    def _headers(self, answer: PlatformAnswer) -> Iterator[tuple[str, str]]:
        """Those that the bridge reads, and those that the mapping names."""
        for name, value in answer.headers.items():
            named = name in self._text and not _NEVER.search(name)
            if name == "content-type" and xml_text(answer) is not None:
                yield name, _CHARSET.sub("", value)
            elif name in _KEPT_HEADERS or (named and name.startswith("x-")):
                yield name, value

    def _content(self, answer: PlatformAnswer) -> tuple[bytes, Any]:
        if not answer.content:
            return b"", msgspec.UNSET
        document = read_json(answer, any_content_type=True)
        if not isinstance(document, Unreadable):
            changed = self._findings.replaced(document, self._stand_ins)
            changed = each_text(changed, self._elsewhere)
            return msgspec.json.encode(changed), changed
        xml = xml_text(answer)
        if xml is not None:
            made = self._elsewhere(self._findings.replaced_xml(xml, self._stand_ins))
            return made.encode(), msgspec.UNSET
        # Whose data may stand in it cannot be known; that it cannot be read is what it tells.
        return f"({len(answer.content)} bytes that are no document)".encode(), msgspec.UNSET

    def _plain(self, text: str) -> str:
        return self._elsewhere(self._findings.in_text(text, self._stand_ins))

    def _elsewhere(self, text: str) -> str:
        """*text* without the platform's host."""
        return text.replace(self._base_url, BASE).replace(self._origin, ELSEWHERE)


def each_text(value: Any, change: Callable[[str], str]) -> Any:
    """A JSON value with *change* made to each text in it."""
    if isinstance(value, dict):
        return {key: each_text(member, change) for key, member in value.items()}
    if isinstance(value, list):
        return [each_text(member, change) for member in value]
    return change(value) if isinstance(value, str) else value
