"""Read an answer's bytes as a document, in the format that the mapping declares, without loss."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType
from typing import Any, Final, Protocol, assert_never

from ticketbridge.engine.tickets.turns import with_turns
from ticketbridge.engine.upstream.messages import ACCEPT_JSON, PlatformAnswer
from ticketbridge.formats import DocumentError
from ticketbridge.formats.csv import read_csv
from ticketbridge.formats.encodings import decode, text_of
from ticketbridge.formats.json import read_json, read_json_lines
from ticketbridge.formats.xml import Lists, XmlReader
from ticketbridge.mapping.spec import (
    CsvFormatSpec,
    FormatSpec,
    JsonFormatSpec,
    NdjsonFormatSpec,
    TextFormatSpec,
    XmlFormatSpec,
)

_NDJSON_TYPES = frozenset(
    f"application/{prefix}{name}"
    for prefix in ("", "x-")
    for name in ("ndjson", "jsonl", "jsonlines")
)
_CSV_TYPES = frozenset({"text/csv", "application/csv", "text/tab-separated-values"})
_VAGUE = frozenset({"", "text/plain", "application/octet-stream", "binary/octet-stream"})
"""Content types that say nothing of the format."""
_MEDIA_TYPE = re.compile(r"[a-z0-9.+-]+/[a-z0-9.+-]+")
_LONGEST_TYPE = 80
_CHARSET = re.compile(r""";\s*charset\s*=\s*"?([^\s";]+)""", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Unreadable:
    """The body of an answer that cannot be read; *reason* is for the log."""

    reason: str


NO_BODY: Final = Unreadable("the answer has no body")
_CUT_AT_ONCE: Final = Unreadable("nothing marks the end of a body of 0 bytes: it may be cut")
_BODILESS = frozenset({204, 304})  # RFC 9110, section 6.4.1


class Format(Protocol):
    """A reader of answers."""

    async def read(self, answer: PlatformAnswer) -> Any:
        """Return the document in *answer*, or Unreadable."""
        ...


def compile_format(spec: FormatSpec, *, any_content_type: bool) -> Format:
    """Return the format that *spec* declares."""
    match spec:
        case JsonFormatSpec(charset="utf-8"):
            return _JsonFormat(any_content_type)
        case JsonFormatSpec(charset=charset):
            return _DecodedFormat("JSON", _says_json, _ReadJson(charset), any_content_type)
        case NdjsonFormatSpec():
            return _FramedFormat("NDJSON", _says_ndjson, _read_ndjson, any_content_type)
        case CsvFormatSpec():
            return _FramedFormat("CSV", _says_csv, _ReadCsv(spec), any_content_type)
        case TextFormatSpec():
            return _FramedFormat("plain text", _says_text, _read_text, any_content_type)
        case XmlFormatSpec():
            read = _ReadXml(Lists(spec.lists), drops=spec.attributes == "drop")
            return _DecodedFormat("XML", _says_xml, read, any_content_type)
        case _:
            assert_never(spec)


def accept_of(spec: FormatSpec) -> str:
    """Return the `Accept` header for answers in the format that *spec* declares."""
    return _ACCEPT[type(spec)]


_ACCEPT: Mapping[type[FormatSpec], str] = MappingProxyType(
    {
        JsonFormatSpec: ACCEPT_JSON,
        NdjsonFormatSpec: "application/x-ndjson, application/jsonl",
        CsvFormatSpec: "text/csv",
        TextFormatSpec: "text/plain",
        XmlFormatSpec: "application/xml, text/xml",
    }
)


@dataclass(frozen=True, slots=True)
class _JsonFormat:
    any_content_type: bool

    async def read(self, answer: PlatformAnswer) -> Any:
        return read_json_answer(answer, any_content_type=self.any_content_type)


@dataclass(frozen=True, slots=True)
class _DecodedFormat:
    """A format other than plain JSON. *decode* gets an answer, and the encoding that its head names.

    *name* is the format's name in the log. *says* tells whether a content type belongs to it.
    """

    name: str
    says: Callable[[str], bool]
    decode: Callable[[PlatformAnswer, str | None], Awaitable[Any]]
    any_content_type: bool

    async def read(self, answer: PlatformAnswer) -> Any:
        unread = _look_at(answer, self.name, None if self.any_content_type else self.says)
        if unread is not None:
            return unread
        # A content type that does not matter says nothing of the encoding either.
        head = "" if self.any_content_type else answer.headers.get("content-type", "")
        charset = charset_of(head)
        try:
            return await self.decode(answer, charset)
        except DocumentError as error:
            return Unreadable(f"no {self.name} that is read here: {error}")


class _FramedFormat(_DecodedFormat):
    """A format in which a cut document is a document too, so something must mark its end."""

    __slots__ = ()

    async def read(self, answer: PlatformAnswer) -> Any:
        if answer.content and not answer.is_marked_off:
            return Unreadable(f"nothing marks the end of the {self.name}: it may be cut")
        return await super().read(answer)


@dataclass(frozen=True, slots=True)
class _ReadJson:
    charset: str

    async def __call__(self, answer: PlatformAnswer, charset: str | None) -> Any:
        text = decode(answer.content, charset, due=self.charset)
        return read_json(text.encode(), whole=answer.is_marked_off)


async def _read_ndjson(answer: PlatformAnswer, _charset: str | None) -> Any:
    values = [value async for value in with_turns(read_json_lines(answer.content))]
    # Only blank lines say as little as no body: they do not mean an empty list.
    return values or NO_BODY


@dataclass(frozen=True, slots=True)
class _ReadCsv:
    spec: CsvFormatSpec

    async def __call__(self, answer: PlatformAnswer, charset: str | None) -> Any:
        spec = self.spec
        text = decode(answer.content, charset, due=spec.charset)
        rows = read_csv(text, spec.columns, delimiter=spec.delimiter, any_end=spec.any_end)
        return [row async for row in with_turns(rows)]


async def _read_text(answer: PlatformAnswer, charset: str | None) -> Any:
    return decode(answer.content, charset)


@dataclass(frozen=True, slots=True)
class _ReadXml:
    lists: Lists
    drops: bool

    async def __call__(self, answer: PlatformAnswer, charset: str | None) -> Any:
        text = text_of(answer.content, charset)
        reader = XmlReader(self.lists, declared=text.declared, drops_attributes=self.drops)
        for piece in text.pieces():
            reader.feed(piece)
            if text.is_long:
                await asyncio.sleep(0)
        return reader.document()


def charset_of(content_type: str) -> str | None:
    """Return the encoding that *content_type* names, or None."""
    found = _CHARSET.search(content_type)
    return found[1] if found else None


def read_json_answer(answer: PlatformAnswer, *, any_content_type: bool) -> Any:
    """Return the JSON document in *answer*, or Unreadable."""
    unread = _look_at(answer, "JSON", None if any_content_type else _says_json)
    if unread is not None:
        return unread
    try:
        return read_json(answer.content, whole=answer.is_marked_off)
    except DocumentError as error:
        return Unreadable(str(error))


def _look_at(
    answer: PlatformAnswer, name: str, says: Callable[[str], bool] | None
) -> Unreadable | None:
    """Return why *answer* has no body in the format *name*; *says* knows its content types."""
    if not answer.content:
        is_whole = answer.is_marked_off or answer.status in _BODILESS
        return NO_BODY if is_whole else _CUT_AT_ONCE
    content_type = answer.headers.get("content-type", "")
    if says is not None and not says(content_type):
        return Unreadable(f"the content type is not {name}{_describe_other(content_type, name)}")
    return None


def _describe_other(content_type: str, due: str) -> str:
    """Return which content type an answer has instead of the one that is *due*, and what reads it.

    The answer may have any text there: only a media type is repeated.
    """
    media_type = media_type_of(content_type)
    if media_type in _VAGUE:
        said = f"but {media_type}" if media_type else "because none is named"
        return f" {said}: if the body is {due} all the same, `any_content_type: true` reads it"
    if len(media_type) > _LONGEST_TYPE or not _MEDIA_TYPE.fullmatch(media_type):
        return ""
    known = next((form for form, says in _SAYS.items() if says(content_type)), "")
    return f" but {media_type}" + (f", which `format: {known}` reads" if known else "")


@lru_cache  # most answers of a platform have the same one
def _says_json(content_type: str) -> bool:
    media_type = media_type_of(content_type)
    return media_type in {"application/json", "text/json"} or (
        media_type.startswith("application/") and media_type.endswith("+json")
    )


def _says_ndjson(content_type: str) -> bool:
    return media_type_of(content_type) in _NDJSON_TYPES


def _says_csv(content_type: str) -> bool:
    return media_type_of(content_type) in _CSV_TYPES


def _says_text(content_type: str) -> bool:
    return media_type_of(content_type) == "text/plain"


def _says_xml(content_type: str) -> bool:
    """Return whether the type is XML but not XHTML, which is a page for people, most likely an error."""
    media_type = media_type_of(content_type)
    return media_type in {"application/xml", "text/xml"} or (
        media_type.startswith("application/")
        and media_type.endswith("+xml")
        and media_type != "application/xhtml+xml"
    )


_SAYS: Mapping[str, Callable[[str], bool]] = MappingProxyType(
    {"json": _says_json, "ndjson": _says_ndjson, "csv": _says_csv, "xml": _says_xml}
)
"""The formats of a mapping, by what their content types are known by; plain text may be anything."""


def media_type_of(content_type: str) -> str:
    """Return the media type that *content_type* names, in small letters."""
    return content_type.partition(";")[0].strip().lower()
