"""XML as a document that expressions can be about.

    <response><total>1</total><sales><sale id="7">A</sale></sales></response>

becomes, where `sales/sale` is named in `lists`,

    {"response": {"total": "1", "sales": {"sale": [{"@id": "7", "#text": "A"}]}}}

Text is kept as it is written; white space alone is layout and no text. Prefixes and their declarations
are dropped. Comments and processing instructions are not there, and part no text.

The parser is expat, held to what a platform has reason to send: no document type, so no entities but
XML's own five and nothing to fetch or to expand; bounded depth, and bounded tags. It reads a piece at
a time, so that other answers get their turn.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from typing import Any, NoReturn, cast
from xml.parsers import expat

from ticketbridge.jmes import Repeated
from ticketbridge.upstream.encodings import EncodingError, Text

_DEEPEST = 200
# Bytes; also of a comment. With each new piece expat reads either again from its beginning.
_LONGEST_TAG = 1_000_000
# Elements and attributes: `max_body` has room for millions, which would take far more memory than it.
_MOST_PARTS = 500_000
_MOST_NAMES = 20_000  # different ones, each of which the parser keeps
_BLANK = " \t\r\n"

Path = tuple[str, ...]
"""Names of elements, the innermost last."""


class XmlError(Exception):
    """What cannot be read, or is not read here; its text tells no data."""


class Lists:
    """Which elements are lists: *paths* match the ends of their paths."""

    def __init__(self, paths: Iterable[Path]) -> None:
        self._elements: dict[str, list[Path]] = {}
        self._parents: dict[str, list[Path]] = {}
        for path in paths:
            self._elements.setdefault(path[-1], []).append(path)
            if len(path) > 1:
                self._parents.setdefault(path[-2], []).append(path)

    def has(self, path: Sequence[str]) -> bool:
        """Whether the element at *path* is one of a list."""
        return path[-1] in self._elements and any(
            tuple(path[-len(one) :]) == one for one in self._elements[path[-1]]
        )

    def below(self, path: Sequence[str]) -> Sequence[str]:
        """The children of the element at *path* that are lists, also where there are none."""
        if path[-1] not in self._parents:
            return ()
        parents = self._parents[path[-1]]
        return [one[-1] for one in parents if tuple(path[1 - len(one) :]) == one[:-1]]


async def read_xml(text: Text, lists: Lists) -> dict[str, Any]:
    """The document in *text*: an object with one key, the root element. Raises XmlError."""
    reader = _Reader(lists, text.declared)
    try:
        for piece in text.pieces():
            reader.feed(piece)
            if text.is_long:
                await asyncio.sleep(0)
        return reader.document()
    except EncodingError as error:
        raise XmlError(str(error)) from None
    except expat.ExpatError as error:
        message = expat.errors.messages[error.code]
        raise XmlError(f"no well-formed XML ({message}, line {error.lineno})") from None


class _Element:
    """An element that is open, or the document around the root."""

    __slots__ = ("content", "texts")

    def __init__(self) -> None:
        self.content: dict[str, Any] | None = None
        self.texts: list[str] | None = None

    def value(self) -> Any:
        """Null, its text, or an object of what else is in it."""
        text = "".join(self.texts or ())
        if not text or not text.strip(_BLANK):
            return self.content
        if self.content is None:
            return text
        self.content["#text"] = text
        return self.content


class _Reader:
    """Takes text piece by piece, and has the document at the end."""

    def __init__(self, lists: Lists, declared: str | None) -> None:
        self._lists = lists
        self._declared = declared
        self._path: list[str] = []
        self._open = [_Element()]
        self._fed = self._parts = 0
        self._parser = parser = expat.ParserCreate()
        parser.buffer_text = True
        parser.XmlDeclHandler = self._declaration
        parser.StartDoctypeDeclHandler = _refuse_document_type
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._text

    def feed(self, piece: str) -> None:
        """The next piece of the text."""
        self._parser.Parse(piece, False)
        self._fed += len(piece.encode())
        if self._fed - self._parser.CurrentByteIndex > 2 * _LONGEST_TAG:
            raise XmlError("a tag or a comment that is too long")
        if self._parts > _MOST_PARTS or len(self._parser.intern) > _MOST_NAMES:
            raise XmlError("too many elements, attributes or names")

    def document(self) -> dict[str, Any]:
        """What was fed, which is all of it."""
        self._parser.Parse("", True)
        return cast("dict[str, Any]", self._open[0].content)

    # --- what expat meets ------------------------------------------------------------------------

    def _declaration(self, _version: str, encoding: str | None, _standalone: int) -> None:
        if encoding != self._declared:
            raise XmlError("a declaration of the encoding that cannot be read")

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        if len(self._open) > _DEEPEST:
            raise XmlError("nested too deeply")
        self._parts += 1 + len(attributes)
        element = _Element()
        for key, value in attributes.items():
            if key != "xmlns" and not key.startswith("xmlns:"):
                _put(element, f"@{_local(key)}", value)
        self._open.append(element)
        self._path.append(_local(name) if ":" in name else name)

    def _text(self, text: str) -> None:
        element = self._open[-1]
        if element.texts is None:
            element.texts = [text]
        else:
            element.texts.append(text)

    def _end(self, _name: str) -> None:
        element, path = self._open.pop(), self._path
        for name in self._lists.below(path):
            element.content = element.content or {}
            element.content.setdefault(name, [])
        put = _append if self._lists.has(path) else _put
        put(self._open[-1], path.pop(), element.value())


def _refuse_document_type(*_: object) -> NoReturn:
    raise XmlError("a document type, which may define entities")


def _local(name: str) -> str:
    """The name without its prefix."""
    return name if ":" not in name else name.rpartition(":")[2] or name


def _append(parent: _Element, name: str, value: Any) -> None:
    """*value* as one of a list."""
    if parent.content is None:
        parent.content = {}
    parent.content.setdefault(name, []).append(value)


def _put(parent: _Element, name: str, value: Any) -> None:
    """*value* as the only one; a second one makes a Repeated of both."""
    content = parent.content
    if content is None:
        parent.content = {name: value}
    elif name not in content:
        content[name] = value
    elif type(content[name]) is Repeated:
        content[name].append(value)
    else:
        content[name] = Repeated([content[name], value])
