"""Find the encoding of a document, and decode its text."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from ticketbridge.formats.unreadable import DocumentError

_PIECE = 64 * 1024
_HEAD = 200
_BOM = codecs.BOM_UTF8
_DECLARED = re.compile(
    rb"""<\?xml\s[^>]*?\sencoding\s*=\s*["']([A-Za-z][A-Za-z0-9._-]*)["']""",
)
_CODECS: Mapping[str, str] = MappingProxyType(
    {
        "utf-8": "utf-8",
        "utf8": "utf-8",
        "us-ascii": "ascii",
        "ascii": "ascii",
        "iso-8859-1": "iso8859-1",
        "latin1": "iso8859-1",
        "iso-8859-15": "iso8859-15",
        "windows-1252": "cp1252",
    }
)


@dataclass(frozen=True, slots=True)
class Text:
    """An answer's *content*, and the codec of its encoding.

    *declared* is the name of the encoding in the XML declaration, if it has one.
    """

    content: bytes
    codec: str
    declared: str | None

    @property
    def is_long(self) -> bool:
        """Whether the text comes in more than one piece."""
        return len(self.content) > _PIECE

    def pieces(self) -> Iterator[str]:
        """Yield the text. Raises DocumentError if the content is not in its encoding."""
        decoder = codecs.getincrementaldecoder(self.codec)()
        try:
            for start in range(0, len(self.content), _PIECE):
                yield decoder.decode(self.content[start : start + _PIECE])
            yield decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            raise DocumentError("text that is not in its encoding") from None


def text_of(content: bytes, charset: str | None) -> Text:
    """Return *content* as text; *charset* is the encoding that the answer's head names, if any.

    Raises DocumentError for an encoding that is not supported. Raises it too if head, declaration and byte
    order mark name different encodings in which the text would differ.
    """
    found = _DECLARED.match(content.removeprefix(_BOM)[:_HEAD])
    declared = found[1].decode() if found else None
    return Text(*_find_codec(content, (charset, declared)), declared)


def decode(content: bytes, *charsets: str | None) -> str:
    """Return *content* as text in the encoding of the given *charsets*, or in UTF-8 without any.

    Raises DocumentError like `text_of`.
    """
    body, codec = _find_codec(content, charsets)
    try:
        return body.decode(codec)
    except UnicodeDecodeError:
        raise DocumentError("text that is not in its encoding") from None


def _find_codec(content: bytes, charsets: Iterable[str | None]) -> tuple[bytes, str]:
    """Return *content* without its byte order mark, and its codec. Raises DocumentError."""
    body = content.removeprefix(_BOM)
    named = {_codec(name) for name in charsets if name}
    if body is not content:
        named.add("utf-8")
    if body.isascii():
        return body, "ascii"
    if len(named) > 1:
        raise DocumentError("different encodings are named")
    return body, named.pop() if named else "utf-8"


def encode(text: str, charset: str) -> bytes:
    """Return *text* in the encoding *charset*, one of the supported ones. Raises DocumentError."""
    try:
        return text.encode(_codec(charset))
    except UnicodeEncodeError:
        raise DocumentError("text that its encoding cannot carry") from None


def _codec(name: str) -> str:
    codec = _CODECS.get(name.lower())
    if codec is None:
        raise DocumentError("an encoding that is not read here (UTF-8 is)")
    return codec
