"""Compare XML documents by content: how they are written makes no difference."""

from __future__ import annotations

from collections.abc import Iterator
from xml.etree import ElementTree as ET

from ticketbridge.formats import DocumentError
from ticketbridge.formats.xml_text import list_texts

_Content = tuple[object, ...]


def read_document(text: str) -> _Content:
    """Return a value that is the same for two equal documents. Raises DocumentError.

    Prefixes, the order of attributes, comments, CDATA and white space between elements are left out.
    """
    list_texts(text)  # has no document type, and so no entities
    return _content_of(ET.fromstring(text))  # noqa: S314 - see above


def _content_of(element: ET.Element) -> _Content:
    parts = list(_parts(element))
    has_elements = any(isinstance(part, tuple) for part in parts)
    kept = [
        part for part in parts if not (has_elements and isinstance(part, str) and part.isspace())
    ]
    return element.tag, frozenset(element.items()), tuple(kept)


def _parts(element: ET.Element) -> Iterator[str | _Content]:
    """Yield the texts and elements in *element*, without empty texts."""
    if element.text:
        yield element.text
    for child in element:
        yield _content_of(child)
        if child.tail:
            yield child.tail


def is_same_document(text: str, content: bytes) -> bool:
    """Return whether *content* is the same document as *text*, which is well-formed."""
    try:
        return read_document(text) == read_document(content.decode())
    except (DocumentError, UnicodeDecodeError):
        return False
