"""The exchanges of a HAR file that a draft is made from.

A HAR file has all that a browser asked for. What counts are the answers of one host, the platform's API:
those that have the user's address in the request or in the answer, what they lead to, and what leads to them.
Which host is the API is seen by the answers: they have the list that looks most like tickets.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal
from urllib.parse import urlsplit

import msgspec

from ticketbridge.workbench.draft.documents import Document, list_texts
from ticketbridge.workbench.draft.entries import contains_user
from ticketbridge.workbench.draft.leads import is_weak
from ticketbridge.workbench.draft.platform_words import split_key
from ticketbridge.workbench.draft.record_lists import find_best_chain
from ticketbridge.workbench.draft.sample_requests import GivenAnswer, SampleRequest
from ticketbridge.workbench.draft.sent_bodies import is_draftable, name_parameter
from ticketbridge.workbench.personal.personal_kinds import word_set
from ticketbridge.workbench.samples import Sample, SampleError, looks_like_xml, read_target

_LOGIN = word_set("login signin logon oauth oauth2 token auth authenticate refresh")
_PASSWORDS = word_set("password passwd pwd passphrase passwort contrasena senha")
_OK = range(200, 300)


@dataclass(frozen=True, slots=True)
class _Seen:
    """One exchange with a readable answer: what was asked, and what came."""

    host: str
    sample: Sample
    request: SampleRequest
    value: Any = field(repr=False)
    asked: frozenset[str] = field(repr=False)
    answered: frozenset[str] = field(repr=False)

    def is_about(self, user: str) -> bool:
        """Whether the user's address stands in it."""
        return any(contains_user(text, user) for text in self.asked | self.answered)

    def leads_to(self, other: _Seen) -> bool:
        """Whether the answer has a value that the other request asked for."""
        shared = self.answered & other.asked
        return any(not is_weak(text) and any(map(str.isdigit, text)) for text in shared)


class _Header(msgspec.Struct, frozen=True):
    name: str = ""
    value: str = ""


class _Sent(msgspec.Struct, frozen=True):
    text: str | None = None


class _Asked(msgspec.Struct, frozen=True):
    method: Literal["GET", "POST"]
    url: str
    headers: list[_Header] = []
    sent: _Sent | None = msgspec.field(name="postData", default=None)


class _Content(msgspec.Struct, frozen=True):
    text: str
    kind: str = msgspec.field(name="mimeType", default="")
    encoding: str = ""


class _Answer(msgspec.Struct, frozen=True):
    status: int
    content: _Content


class _Entry(msgspec.Struct, frozen=True):
    """What counts of an entry. One that has something else there is left out."""

    request: _Asked
    response: _Answer


def is_har(value: Any) -> bool:
    """Whether a document is a HAR file."""
    log = value.get("log") if isinstance(value, dict) else None
    return isinstance(log, dict) and isinstance(log.get("entries"), list)


def read_har(value: Any, file: str, user: str | None) -> list[GivenAnswer]:
    """Return the exchanges about *user*, in their order. Raises SampleError if there are none."""
    if user is None:
        raise SampleError(f"{file}: of a HAR file, --user says which exchanges count")
    each_once: dict[tuple[object, ...], _Seen] = {}
    for one in _list_seen(value["log"]["entries"], file):
        each_once.setdefault((one.host, one.sample.key, one.sample.sent), one)
    every = list(each_once.values())
    about = [one for one in every if one.is_about(user)]
    if not about:
        raise SampleError(
            f"{file}: no answer of this HAR file, in JSON or XML, is about the user that --user names"
            " (a POST counts if its body is JSON or a form)"
        )
    hosts = dict.fromkeys(one.host for one in about)
    linked = [_find_linked([one for one in every if one.host == host], user) for host in hosts]
    chosen = max(linked, key=_measure_tickets)
    return [GivenAnswer(one.sample, one.request) for one in chosen]


def _measure_tickets(chosen: Sequence[_Seen]) -> float:
    """Return how much the answers look like tickets; those in XML are not looked into."""
    chains = [find_best_chain([one.value]) for one in chosen]
    return max((chain.score for chain in chains if chain is not None), default=0.0)


def _find_linked(every: Sequence[_Seen], user: str) -> list[_Seen]:
    """Return what is about the user, and what leads there or comes of it, in its order."""
    chosen = {number for number, one in enumerate(every) if one.is_about(user)}
    while True:
        more = {
            number
            for number, one in enumerate(every)
            if number not in chosen
            and any(every[n].leads_to(one) or one.leads_to(every[n]) for n in chosen)
        }
        if not more:
            return [every[number] for number in sorted(chosen)]
        chosen |= more


def _list_seen(entries: Sequence[Any], file: str) -> Iterator[_Seen]:
    """Yield the exchanges that a draft could make: GET and POST, answered in JSON or XML, no login.

    `/sessions` is none: shows are called so.
    """
    for number, given in enumerate(entries):
        entry = _read_entry(given)
        request = _read_request(entry.request) if entry else None
        answer = _read_answer(entry.response) if entry else None
        if request is None or answer is None or not is_draftable(request.sent):
            continue
        content, value = answer
        parts = urlsplit(request.url)
        words = {word for segment in parts.path.split("/") for word in split_key(segment)}
        if not words.isdisjoint(_LOGIN):
            continue
        sample = Sample(read_target(request.url), f"{file}#{number + 1}", content, request.sent)
        asked = Document(sample, None).asked
        if any(name_parameter(name).lower() in _PASSWORDS for name in asked.query):
            continue
        values = {text for several in asked.query.values() for text in several}
        yield _Seen(
            parts.netloc,
            sample,
            request,
            value,
            frozenset({*asked.path, *values}),
            frozenset(list_texts(value)),
        )


def _read_entry(given: Any) -> _Entry | None:
    try:
        return msgspec.convert(given, _Entry)
    except msgspec.ValidationError:
        return None


def _read_request(asked: _Asked) -> SampleRequest | None:
    # `:path` of HTTP/2 is the URL once more, and no header.
    headers = {h.name.lower(): h.value for h in asked.headers if not h.name.startswith(":")}
    text = (asked.sent.text if asked.sent else None) or ""
    try:
        urlsplit(asked.url)
    except ValueError:
        return None
    sent = text.encode("utf-8", "replace") if asked.method == "POST" else None
    return SampleRequest(asked.method, asked.url, headers, sent)


def _read_answer(answer: _Answer) -> tuple[bytes, Any] | None:
    """Return the body of a good answer in JSON or XML, and its values, XML as one text; else None."""
    kept, kind = answer.content, answer.content.kind
    if answer.status not in _OK or "html" in kind or not ("json" in kind or "xml" in kind):
        return None
    try:
        content = base64.b64decode(kept.text) if kept.encoding == "base64" else kept.text.encode()
        if looks_like_xml(content):
            return content, [content.decode("utf-8", "replace")]
        return content, msgspec.json.decode(content)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return None
