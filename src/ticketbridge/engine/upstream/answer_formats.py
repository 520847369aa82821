"""From an answer's bytes to a document, in the format that the mapping declares, losslessly."""

from __future__ import annotations

import asyncio
import re
from dataclasses import dataclass
from typing import Any, Final, Protocol, assert_never

from ticketbridge.engine.upstream.messages import ACCEPT_JSON, ACCEPT_XML, PlatformAnswer
from ticketbridge.formats.encodings import text_of
from ticketbridge.formats.json import read_json
from ticketbridge.formats.unreadable import DocumentError
from ticketbridge.formats.xml import Lists, XmlReader
from ticketbridge.mapping.spec import FormatSpec, JsonFormatSpec, XmlFormatSpec

_CHARSET = re.compile(r""";\s*charset\s*=\s*"?([^\s";]+)""", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Unreadable:
    """Stands for the body of an answer that cannot be read; *reason* is for the log."""

    reason: str


NO_BODY: Final = Unreadable("the answer has no body")


class Format(Protocol):
    """How answers are read."""

    async def read(self, answer: PlatformAnswer) -> Any:
        """The document in *answer*, or Unreadable."""
        ...


def compile_format(spec: FormatSpec, *, any_content_type: bool) -> Format:
    """The format that *spec* declares."""
    match spec:
        case JsonFormatSpec():
            return _JsonFormat(any_content_type)
        case XmlFormatSpec():
            return _XmlFormat(Lists(spec.lists), any_content_type)
        case _:
            assert_never(spec)


def accept_of(spec: FormatSpec) -> str:
    """What `Accept` says to get answers in the format that *spec* declares."""
    return ACCEPT_JSON if isinstance(spec, JsonFormatSpec) else ACCEPT_XML


@dataclass(frozen=True, slots=True)
class _JsonFormat:
    any_content_type: bool

    async def read(self, answer: PlatformAnswer) -> Any:
        return read_json_answer(answer, any_content_type=self.any_content_type)


@dataclass(frozen=True, slots=True)
class _XmlFormat:
    lists: Lists
    any_content_type: bool

    async def read(self, answer: PlatformAnswer) -> Any:
        if not answer.content:
            return NO_BODY
        content_type = answer.headers.get("content-type", "")
        if not self.any_content_type and not _says_xml(content_type):
            return Unreadable("the content type is not XML")
        # A content type that does not matter says nothing of the encoding either.
        charset = None if self.any_content_type else charset_of(content_type)
        try:
            text = text_of(answer.content, charset)
            reader = XmlReader(self.lists, declared=text.declared)
            for piece in text.pieces():
                reader.feed(piece)
                if text.is_long:
                    await asyncio.sleep(0)
            return reader.document()
        except DocumentError as error:
            return Unreadable(f"no XML that is read here: {error}")


def charset_of(content_type: str) -> str | None:
    """The encoding that *content_type* names, or None."""
    found = _CHARSET.search(content_type)
    return found[1] if found else None


def read_json_answer(answer: PlatformAnswer, *, any_content_type: bool) -> Any:
    """The JSON document in *answer*, or Unreadable."""
    if not answer.content:
        return NO_BODY
    if not any_content_type and not _says_json(answer.headers.get("content-type", "")):
        return Unreadable("the content type is not JSON")
    try:
        return read_json(answer.content, whole=answer.is_marked_off)
    except DocumentError as error:
        return Unreadable(str(error))


def _says_json(content_type: str) -> bool:
    media_type = _media_type(content_type)
    return media_type in {"application/json", "text/json"} or (
        media_type.startswith("application/") and media_type.endswith("+json")
    )


def _says_xml(content_type: str) -> bool:
    """XHTML is XML too, but a page for people: most likely that of an error."""
    media_type = _media_type(content_type)
    return media_type in {"application/xml", "text/xml"} or (
        media_type.startswith("application/")
        and media_type.endswith("+xml")
        and media_type != "application/xhtml+xml"
    )


def _media_type(content_type: str) -> str:
    return content_type.partition(";")[0].strip().lower()
