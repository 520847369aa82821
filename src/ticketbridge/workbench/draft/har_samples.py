"""The exchanges of a HAR file that a draft is made from.

A HAR file has all that a browser asked for. What counts are the answers of one host, the platform's API:
those that have the user's address in the request or in the answer, what they lead to, and what leads to them.
Which host is the API is seen by the answers: they have the list that looks most like tickets.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import msgspec

from ticketbridge.workbench.draft.documents import Document, list_texts
from ticketbridge.workbench.draft.leads import is_weak
from ticketbridge.workbench.draft.platform_words import split_key
from ticketbridge.workbench.draft.record_lists import find_best_chain
from ticketbridge.workbench.draft.sample_requests import GivenAnswer, SampleRequest
from ticketbridge.workbench.draft.sent_bodies import is_draftable, name_parameter
from ticketbridge.workbench.draft.user_inside import contains_user
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


def is_har(value: Any) -> bool:
    """Whether a document is a HAR file."""
    log = value.get("log") if isinstance(value, dict) else None
    return isinstance(log, dict) and isinstance(log.get("entries"), list)


def read_har(value: Any, file: str, user: str | None) -> list[GivenAnswer]:
    """Return the exchanges about *user*, in their order. Raises SampleError if there are none."""
    if user is None:
        raise SampleError(f"{file}: of a HAR file, --user says which exchanges count")
    every = list(_drop_repeated(_list_seen(value["log"]["entries"], file)))
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
    for number, entry in enumerate(entries):
        request = _read_request(entry)
        content = _read_answer(entry)
        if request is None or content is None or not is_draftable(request.sent):
            continue
        parts = urlsplit(request.url)
        words = {word for segment in parts.path.split("/") for word in split_key(segment)}
        if not words.isdisjoint(_LOGIN):
            continue
        sample = Sample(read_target(request.url), f"{file}#{number + 1}", content, request.sent)
        asked = Document(sample, None).asked
        if any(name_parameter(name).lower() in _PASSWORDS for name in asked.query):
            continue
        values = {text for several in asked.query.values() for text in several}
        value = [content.decode("utf-8", "replace")] if sample.is_xml else _decode(content)
        yield _Seen(
            parts.netloc,
            sample,
            request,
            value,
            frozenset({*asked.path, *values}),
            frozenset(list_texts(value)),
        )


def _drop_repeated(every: Iterator[_Seen]) -> Iterator[_Seen]:
    """Yield each request once."""
    found = set()
    for one in every:
        key = (one.host, one.sample.key, one.sample.sent)
        if key not in found:
            found.add(key)
            yield one


def _read_request(entry: Any) -> SampleRequest | None:
    asked = entry.get("request") if isinstance(entry, dict) else None
    if not isinstance(asked, dict) or asked.get("method") not in {"GET", "POST"}:
        return None
    headers = {
        str(header["name"]).lower(): str(header["value"])
        for header in asked.get("headers") or ()
        if isinstance(header, dict) and {"name", "value"} <= header.keys()
    }
    method, url = asked["method"], str(asked.get("url", ""))
    text = (asked.get("postData") or {}).get("text") or ""
    try:
        urlsplit(url)
    except ValueError:
        return None
    return SampleRequest(method, url, headers, text.encode() if method == "POST" else None)


def _read_answer(entry: Any) -> bytes | None:
    """Return the body of a good answer in JSON or XML, else None."""
    answer = entry.get("response") if isinstance(entry, dict) else None
    if not isinstance(answer, dict) or answer.get("status") not in _OK:
        return None
    kept = answer.get("content") or {}
    text, kind = kept.get("text"), str(kept.get("mimeType", ""))
    if not isinstance(text, str) or "html" in kind or not ("json" in kind or "xml" in kind):
        return None
    try:
        content = base64.b64decode(text) if kept.get("encoding") == "base64" else text.encode()
        if not looks_like_xml(content):
            _decode(content)
    except (binascii.Error, msgspec.MsgspecError, UnicodeError):
        return None
    return content


def _decode(content: bytes) -> Any:
    return msgspec.json.decode(content)
