"""Read XML as a document for expressions.

    <response><total>1</total><sales><sale id="7">A</sale></sales></response>

becomes, if `sales/sale` is named in `lists`,

    {"response": {"total": "1", "sales": {"sale": [{"@id": "7", "#text": "A"}]}}}

Text is kept as it is written; text of white space only is layout and is dropped. Prefixes and their
declarations are dropped. Comments and processing instructions are left out, and do not divide a text.

An empty element is null. So is an element that says so, by `nil` of XML Schema's instance namespace
with any prefix, or by a bare `nil`. If it has other attributes too, these are kept, and its `#text`
is null.

The parser is expat, limited to what a platform has reason to send. A document type is refused, so
only XML's own five entities exist, and nothing is fetched or expanded. Depth and tags are bounded. It
reads a piece at a time, so that other answers get their turn.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, NoReturn, cast
from xml.parsers import expat

from ticketbridge.formats import DocumentError
from ticketbridge.formats.elements import AttributedElement, RepeatedElement
from ticketbridge.formats.encodings import Text

_DEEPEST = 200
# Bytes; also of a comment. With each new piece expat reads either again from its beginning.
_LONGEST_TAG = 1_000_000
# Elements and attributes: `max_body` has room for millions, which would take far more memory than it.
_MOST_PARTS = 500_000
_MOST_NAMES = 20_000  # different ones, each of which the parser keeps
_MOST_PREFIXES = 20  # of XML Schema's instance namespace: each element keeps those that it knows
_BLANK = " \t\r\n"
_SCHEMA_INSTANCE = "http://www.w3.org/2001/XMLSchema-instance"
_NIL = "nil"
_TRUTHS = {"true": True, "1": True, "false": False, "0": False}

Path = tuple[str, ...]
"""Names of elements, the innermost last."""


class Lists:
    """The elements that are lists. *paths* are compared with the ends of their paths."""

    def __init__(self, paths: Iterable[Path]) -> None:
        self._elements: dict[str, list[Path]] = {}
        self._parents: dict[str, list[Path]] = {}
        for path in paths:
            self._elements.setdefault(path[-1], []).append(path)
            if len(path) > 1:
                self._parents.setdefault(path[-2], []).append(path)

    def has(self, path: Sequence[str]) -> bool:
        """Return whether the element at *path* is in a list."""
        return path[-1] in self._elements and any(
            tuple(path[-len(one) :]) == one for one in self._elements[path[-1]]
        )

    def below(self, path: Sequence[str]) -> Sequence[str]:
        """Return the children of the element at *path* that are lists, even if they do not occur."""
        if path[-1] not in self._parents:
            return ()
        parents = self._parents[path[-1]]
        return [one[-1] for one in parents if tuple(path[1 - len(one) :]) == one[:-1]]


def read_xml(text: Text, lists: Lists) -> dict[str, Any]:
    """Return the document in *text*: an object with one key, the root element. Raises DocumentError."""
    reader = XmlReader(lists, declared=text.declared)
    for piece in text.pieces():
        reader.feed(piece)
    return reader.document()


class _Element:
    """An element that is open, or the document around the root.

    *attributes* are `@name` and value. *prefixes* are the prefixes of XML Schema's instance
    namespace. *nil* is what the element says: null (True), not null (False), or neither (None).
    *strictly*: it says so by that namespace. *only*: it has no other attributes.
    """

    __slots__ = ("attributes", "content", "nil", "only", "prefixes", "strictly", "texts")

    def __init__(self, prefixes: frozenset[str] = frozenset()) -> None:
        self.attributes: dict[str, Any] | None = None
        self.content: dict[str, Any] | None = None
        self.texts: list[str] | None = None
        self.prefixes = prefixes
        self.nil: bool | None = None
        self.strictly = self.only = False

    def is_empty(self) -> bool:
        """Return whether it has neither elements nor text; white space does not count."""
        return self.content is None and not self._text()

    def drop_attributes(self) -> None:
        """Drop the attributes, except those that say that the element is null."""
        self.attributes = {} if self.nil else None
        self.strictly = self.only = True

    def value(self) -> Any:
        """Return null, its text, or an object of its parts. Raises DocumentError for a null with content."""
        if self.attributes is not None:
            return self._attributed(self.attributes)
        text = self._text()
        if not text:
            return self.content
        if self.content is None:
            return text
        self.content["#text"] = text
        return self.content

    def _attributed(self, attributes: dict[str, Any]) -> Any:
        is_empty = self.is_empty()
        if self.nil and self.strictly and not is_empty:
            raise DocumentError("an element that says that it is null, and has content")
        if self.only and self.nil is is_empty:
            # It says what is to be seen: null, or a value.
            self.attributes = None
            return self.value()
        made = AttributedElement(attributes)
        made.update(self.content or {})
        if self.nil or not is_empty:
            text = self._text()
            made |= {"#text": text or None} if text or is_empty else {}
        return made

    def _text(self) -> str:
        text = "".join(self.texts or ())
        return text if text.strip(_BLANK) else ""


class XmlReader:
    """Takes text piece by piece, and returns the document at the end. Its methods raise DocumentError.

    *parts* counts the elements and attributes so far.
    """

    def __init__(
        self,
        lists: Lists,
        *,
        declared: str | None = None,
        is_text: bool = False,
        drops_attributes: bool = False,
    ) -> None:
        """Make a reader. *declared* is the encoding that the document must declare, unless *is_text* is true.

        *drops_attributes* leaves attributes out, except those that say that an element is null.
        """
        self._lists = lists
        self._declared = declared
        self._drops = drops_attributes
        self._path: list[str] = []
        self._open = [_Element()]
        self._fed = self.parts = 0
        self._parser = parser = expat.ParserCreate()
        parser.buffer_text = True
        if not is_text:
            parser.XmlDeclHandler = self._declaration
        parser.StartDoctypeDeclHandler = _refuse_document_type
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._text

    def feed(self, piece: str) -> None:
        """Read the next piece of the text."""
        self._parse(piece, is_last=False)
        self._fed += len(piece.encode())
        if self._fed - self._parser.CurrentByteIndex > 2 * _LONGEST_TAG:
            raise DocumentError("a tag or a comment that is too long")
        if self.parts > _MOST_PARTS or len(self._parser.intern) > _MOST_NAMES:
            raise DocumentError("too many elements, attributes or names")

    def document(self) -> dict[str, Any]:
        """Return the document after the last piece: an object with one key, the root element."""
        self._parse("", is_last=True)
        return cast("dict[str, Any]", self._open[0].content)

    def _parse(self, piece: str, *, is_last: bool) -> None:
        try:
            self._parser.Parse(piece, is_last)
        except expat.ExpatError as error:
            message = expat.errors.messages[error.code]
            raise DocumentError(f"no well-formed XML ({message}, line {error.lineno})") from None

    # --- what expat meets ------------------------------------------------------------------------

    def _declaration(self, _version: str, encoding: str | None, _standalone: int) -> None:
        if encoding != self._declared:
            raise DocumentError("a declaration of the encoding that cannot be read")

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        if len(self._open) > _DEEPEST:
            raise DocumentError("nested too deeply")
        self.parts += 1 + len(attributes)
        element = _Element(self._open[-1].prefixes)
        if attributes:
            _take_attributes(element, attributes)
            if self._drops:
                element.drop_attributes()
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
        is_null = element.nil and element.is_empty()
        for name in () if is_null else self._lists.below(path):
            element.content = {} if element.content is None else element.content
            element.content.setdefault(name, [])
        put = _append if self._lists.has(path) else _put
        parent = self._open[-1]
        if parent.content is None:
            parent.content = {}
        put(parent.content, path.pop(), element.value())


def _refuse_document_type(*_: object) -> NoReturn:
    raise DocumentError("a document type, which may define entities")


def _local(name: str) -> str:
    """Return the name without its prefix."""
    return name if ":" not in name else name.rpartition(":")[2] or name


def _take_attributes(element: _Element, attributes: dict[str, str]) -> None:
    """Put *attributes* into *element*, without declarations of prefixes, and see whether it says `nil`."""
    own = {}
    for name, value in attributes.items():
        if name.startswith("xmlns:"):
            prefix = {name.removeprefix("xmlns:")}
            known = element.prefixes
            element.prefixes = known | prefix if value == _SCHEMA_INSTANCE else known - prefix
            if len(element.prefixes) > _MOST_PREFIXES:
                raise DocumentError("too many prefixes for one namespace")
        elif name != "xmlns":
            own[name] = value
    if not own:
        return
    instance = {name for name in own if name.rpartition(":")[0] in element.prefixes}
    strict = next((name for name in instance if _local(name) == _NIL), None)
    element.nil = _truth(own, strict or _NIL)
    element.strictly = strict is not None
    if strict and element.nil is None:
        raise DocumentError("a `nil` that is neither true nor false")
    # XML Schema's own attributes, for example a type, are no data beside a null.
    others = own.keys() - {strict or _NIL} - (instance if element.nil else set())
    element.only = element.nil is not None and not others
    put: dict[str, Any] = {}
    for name, value in own.items():
        _put(put, f"@{_local(name)}", value)
    element.attributes = put


def _truth(attributes: dict[str, str], name: str) -> bool | None:
    """Return the attribute's boolean in XML Schema's form; None if it is neither true nor false."""
    return _TRUTHS.get(attributes.get(name, "").strip(_BLANK))


def _append(content: dict[str, Any], name: str, value: Any) -> None:
    """Add *value* to a list."""
    content.setdefault(name, []).append(value)


def _put(content: dict[str, Any], name: str, value: Any) -> None:
    """Set *value* as the only one; a second one makes a RepeatedElement of both."""
    if name not in content:
        content[name] = value
    elif type(content[name]) is RepeatedElement:
        content[name].append(value)
    else:
        content[name] = RepeatedElement([content[name], value])
