"""Write XML: escape texts, and find the texts of a document."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import NoReturn
from xml.parsers import expat

from ticketbridge.formats import DocumentError

# Line breaks too: an attribute would lose them, and a text its CR.
_ESCAPES = str.maketrans(
    {
        "&": "&amp;",
        "<": "&lt;",
        ">": "&gt;",
        '"': "&quot;",
        "'": "&apos;",
        "\t": "&#9;",
        "\n": "&#10;",
        "\r": "&#13;",
    }
)
_DEEPEST = 200
# All that XML 1.0 does not list as Char: the same as a class with ^, which takes 4 ms to compile.
_ILLEGAL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")


def escape(text: str) -> str:
    """Return *text* escaped for a text or for a quoted attribute. Raises DocumentError."""
    if _ILLEGAL.search(text):
        raise DocumentError("a control character, or another that XML cannot carry")
    return text.translate(_ESCAPES)


@dataclass(frozen=True, slots=True)
class TextRun:
    """A *text* of a document. *name* is its element, if it stands between two tags, or its attribute.

    *is_free*: any text may stand there. This is false in a comment, an instruction or CDATA.
    """

    name: str
    text: str
    is_free: bool


def list_texts(document: str) -> list[TextRun]:
    """Return the texts of *document*, in order. Raises DocumentError if it is not well-formed.

    The document must have no document type, no undeclared prefixes, no declared encoding except UTF-8, and at
    most 200 levels.
    """
    lister = _TextLister()
    parser = expat.ParserCreate(namespace_separator=" ")
    parser.buffer_text = parser.ordered_attributes = True
    parser.XmlDeclHandler = _require_utf8
    parser.StartDoctypeDeclHandler = _refuse_document_type
    parser.StartElementHandler = lister.start
    parser.EndElementHandler = lister.end
    parser.CharacterDataHandler = lister.add
    parser.StartCdataSectionHandler = lister.start_cdata
    parser.EndCdataSectionHandler = lister.end_cdata
    parser.CommentHandler = lister.note
    parser.ProcessingInstructionHandler = lister.note
    try:
        parser.Parse(document, True)
    except UnicodeEncodeError:
        raise DocumentError("it has a lone surrogate, which is no character") from None
    except expat.ExpatError as error:
        message = expat.errors.messages[error.code]
        raise DocumentError(f"{message}, on line {error.lineno} of the document") from None
    return lister.runs


def _require_utf8(_version: str, encoding: str | None, _standalone: int) -> None:
    if encoding is not None and encoding.lower() != "utf-8":
        raise DocumentError(
            "its declaration names another encoding than UTF-8, in which it is sent"
        )


def _refuse_document_type(*_: object) -> NoReturn:
    raise DocumentError("it has a document type")


class _TextLister:
    def __init__(self) -> None:
        self.runs: list[TextRun] = []
        self._path = [""]
        self._pending: list[str] = []
        self._is_free = True

    def start(self, name: str, attributes: list[str]) -> None:
        self._flush()
        if len(self._path) > _DEEPEST:
            raise DocumentError("it is nested too deeply")
        for key, value in zip(attributes[::2], attributes[1::2], strict=True):
            self.runs.append(TextRun(key.rpartition(" ")[2], value, is_free=True))
        self._path.append(name.rpartition(" ")[2])

    def end(self, _name: str) -> None:
        self._flush()
        self._path.pop()

    def add(self, text: str) -> None:
        self._pending.append(text)

    def start_cdata(self) -> None:
        self._flush()
        self._is_free = False

    def end_cdata(self) -> None:
        self._flush()
        self._is_free = True

    def note(self, *texts: str) -> None:
        self._flush()
        self.runs += [TextRun(self._path[-1], text, is_free=False) for text in texts]

    def _flush(self) -> None:
        if self._pending:
            self.runs.append(TextRun(self._path[-1], "".join(self._pending), self._is_free))
            self._pending.clear()
