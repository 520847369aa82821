"""From an answer's bytes to a document, in the format that the mapping declares, losslessly."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final, Protocol, assert_never

import msgspec

from ticketbridge.engine.upstream.messages import ACCEPT_JSON, ACCEPT_XML, PlatformAnswer
from ticketbridge.formats.encodings import EncodingError, text_of
from ticketbridge.formats.xml import Lists, XmlError, read_xml
from ticketbridge.mapping.spec import FormatSpec, JsonFormatSpec, XmlFormatSpec

_BOM = b"\xef\xbb\xbf"
_CHARSET = re.compile(r""";\s*charset\s*=\s*"?([^\s";]+)""", re.IGNORECASE)
_MOST_CONTAINERS = 500_000
"""Objects and lists of one document. A body within `max_body` could hold millions of them, all empty, which
take seconds to read and many times its size to keep."""
_LARGE = 1_000_000
_FEW, _MANY = 20, 500
_ALL_BUT_BRACKETS = bytes(set(range(256)) - set(b"[{"))


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
        return read_json(answer, any_content_type=self.any_content_type)


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
            return await read_xml(text, self.lists)
        except (EncodingError, XmlError) as error:
            return Unreadable(f"no XML that is read here: {error}")


def charset_of(content_type: str) -> str | None:
    """The encoding that *content_type* names, or None."""
    found = _CHARSET.search(content_type)
    return found[1] if found else None


def read_json(answer: PlatformAnswer, *, any_content_type: bool) -> Any:
    """The document in *answer*, or Unreadable.

    Integers keep all their digits. Refused are NaN, Infinity, text that is not UTF-8, half characters, a
    name twice in one object, a bare number that may be the beginning of another, and what has too many parts.
    """
    if not answer.content:
        return NO_BODY
    if not any_content_type and not _says_json(answer.headers.get("content-type", "")):
        return Unreadable("the content type is not JSON")
    try:
        return _document(answer.content.removeprefix(_BOM), whole=answer.is_marked_off)
    except _Refused as refusal:
        return Unreadable(str(refusal))
    except RecursionError:
        return Unreadable("the JSON is nested too deeply")
    except (msgspec.MsgspecError, ValueError) as error:
        return Unreadable(f"no valid JSON ({type(error).__name__})")


class _Refused(Exception):
    """Valid JSON that nobody should believe; the text says why."""


def _document(content: bytes, *, whole: bool) -> Any:
    """The JSON document; *whole*: something says that none of it is missing."""
    # Each takes two bytes at the least: most answers are too short to have so many.
    if (
        len(content) > 2 * _MOST_CONTAINERS
        and len(content.translate(None, _ALL_BUT_BRACKETS)) > _MOST_CONTAINERS
    ):
        raise _Refused(f"more than {_MOST_CONTAINERS} objects and lists")
    document = msgspec.json.decode(content)
    if _has_a_name_twice(content, document):
        raise _Refused("the JSON has a name twice in one object")
    if type(document) in {int, float} and not whole and content[-1:].isdigit():
        raise _Refused("a bare number, and nothing says that it is whole")
    return document


def _has_a_name_twice(content: bytes, document: Any) -> bool:
    """Whether *document* has lost something of *content*: of a name that comes twice, the reader keeps one.

    Every member has a colon, in the text as in the document written anew; so has every colon in a text,
    once it is not escaped. The counts differ by those of the members that are gone.
    """
    if len(content) > _LARGE:
        colons = sum(map(_colons, _pieces(document)))
    else:
        written = msgspec.json.encode(document)
        if written == content:
            return False  # as most are: their colons need not be counted
        colons = written.count(b":")
    return content.count(b":") + _escaped_colons(content) != colons


def _escaped_colons(content: bytes) -> int:
    if b"\\u003" not in content:
        return 0
    # A backslash that is escaped begins no escape. Of a row of them, each two are one.
    content = content.replace(b"\\\\", b"")
    return content.count(b"\\u003a") + content.count(b"\\u003A")


def _pieces(document: Any) -> Iterator[Any]:
    """Values whose members are those of *document*: a long list in parts.

    Written whole, a large document would stand beside its text and what was read of it.
    """
    values = [
        document
    ]  # no recursion: each piece of a deep document would pass through all its levels
    while values:
        value = values.pop()
        if isinstance(value, dict) and len(value) <= _FEW:
            yield dict.fromkeys(value)
            values += value.values()
        elif isinstance(value, list):
            for start in range(0, len(value), _MANY):
                yield value[start : start + _MANY]
        else:
            yield value


def _colons(value: Any) -> int:
    return msgspec.json.encode(value).count(b":")


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
