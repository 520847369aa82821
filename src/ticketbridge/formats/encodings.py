"""Find the encoding of a document, and decode its text."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator, Mapping
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
    """An answer's *content* with the encoding that it is in.

    *declared* is the encoding's name as the XML declaration has it, if it has one.
    """

    content: bytes
    codec: str
    declared: str | None

    @property
    def is_long(self) -> bool:
        """Return whether it comes in more than one piece."""
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
    body = content.removeprefix(_BOM)
    found = _DECLARED.match(body[:_HEAD])
    declared = found[1].decode() if found else None
    marked = "utf-8" if body is not content else None
    said = {_codec(name) for name in (charset, declared, marked) if name}
    if body.isascii():
        return Text(body, "ascii", declared)
    if len(said) > 1:
        raise DocumentError("head and document name different encodings")
    return Text(body, said.pop() if said else "utf-8", declared)


def decode(content: bytes, *charsets: str | None) -> str:
    """Return *content* as text in the encoding of the given *charsets*, or in UTF-8 without any.

    Raises DocumentError like `text_of`.
    """
    body = content.removeprefix(_BOM)
    names = [*filter(None, charsets), *(["utf-8"] if body is not content else [])]
    codecs_named = {_codec(name) for name in names}
    if len(codecs_named) > 1 and not body.isascii():
        raise DocumentError("different encodings are named")
    try:
        return body.decode(codecs_named.pop() if codecs_named else "utf-8")
    except UnicodeDecodeError:
        raise DocumentError("text that is not in its encoding") from None


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
