"""Find the encoding of a document, and decode its text."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from ticketbridge.formats import DocumentError

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
_NAMES: Mapping[str, str] = MappingProxyType(
    {codec: name for name, codec in reversed(tuple(_CODECS.items()))}
)
"""The name of each codec in a mapping."""
_HEAD_SAYS = "the Content-Type"
_MAPPING_SAYS = "the mapping"


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
    return Text(*_find_codec(content, {_HEAD_SAYS: charset, "its declaration": declared}), declared)


def decode(content: bytes, charset: str | None, *, due: str | None = None) -> str:
    """Return *content* as text, in UTF-8 if nothing names another encoding.

    *charset* is the encoding that the answer's head names, *due* the one of the mapping. Raises DocumentError
    like `text_of`.
    """
    body, codec = _find_codec(content, {_MAPPING_SAYS: due, _HEAD_SAYS: charset})
    try:
        return body.decode(codec)
    except UnicodeDecodeError:
        raise DocumentError("text that is not in its encoding") from None


def _find_codec(content: bytes, charsets: Mapping[str, str | None]) -> tuple[bytes, str]:
    """Return *content* without its byte order mark, and its codec. Raises DocumentError.

    *charsets* are the names of its encoding, by what names them.
    """
    body = content.removeprefix(_BOM)
    named = {by: _codec(name) for by, name in charsets.items() if name}
    if body is not content:
        named["its byte order mark"] = "utf-8"
    if body.isascii():
        return body, "ascii"
    if len(set(named.values())) > 1:
        raise DocumentError(_describe_conflict(named))
    return body, next(iter(named.values()), "utf-8")


def _describe_conflict(named: Mapping[str, str]) -> str:
    """Return what is said of several encodings: the codecs in *named*, by what names them."""
    shown = ", ".join(f"{_NAMES[codec]} by {by}" for by, codec in named.items())
    others = {codec for by, codec in named.items() if by != _MAPPING_SAYS} - {"ascii"}
    hint = ""
    if _MAPPING_SAYS in named and len(others) == 1:
        hint = f"; if the answer is right, write `charset: {_NAMES[others.pop()]}`"
    return f"different encodings are named: {shown}{hint}"


def encode(text: str, charset: str) -> bytes:
    """Return *text* in the encoding *charset*, one of the supported ones. Raises DocumentError."""
    try:
        return text.encode(_codec(charset))
    except UnicodeEncodeError:
        raise DocumentError("text that its encoding cannot carry") from None


def _codec(name: str) -> str:
    codec = _CODECS.get(name.lower())
    if codec is None:
        known = ", ".join(sorted(set(_NAMES.values())))
        raise DocumentError(f"an encoding that is not read here: those are {known}")
    return codec
