"""Samples as documents: JSON or XML, the latter with the lists that it shows."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any
from xml.parsers import expat

import msgspec

from ticketbridge.authoring.draft.sample_values import ABSENT, TEXT
from ticketbridge.authoring.samples import Sample, SampleError
from ticketbridge.upstream.encodings import EncodingError, text_of
from ticketbridge.upstream.xml import Lists, Path, XmlError, read_xml

_BOM = b"\xef\xbb\xbf"


@dataclass(frozen=True, slots=True)
class Document:
    """One saved answer: *target* is the path and query that it answered, where that is known.

    *name* is the call's name where one was given, *lists* the elements of an XML document that are lists.
    """

    sample: Sample
    value: Any = field(repr=False)
    lists: tuple[str, ...] = ()

    @property
    def target(self) -> str:
        """The path and query, or ""."""
        return self.sample.key if self.sample.key.startswith("/") else ""

    @property
    def name(self) -> str:
        """The name that was given, or ""."""
        return "" if self.target else self.sample.key

    @property
    def is_xml(self) -> bool:
        """Whether the answer is XML."""
        return self.sample.is_xml


def read_documents(samples: Sequence[Sample]) -> list[Document]:
    """The documents of *samples*; SampleError for one that cannot be read.

    What is a list in one XML document is one in all: of one element alone nobody could tell.
    """
    found = {path for sample in samples if sample.is_xml for path in _lists_in(sample)}
    lists = Lists(found)
    named = tuple(sorted("/".join(path) for path in found))
    return [
        Document(s, asyncio.run(_xml(s, lists)), named) if s.is_xml else Document(s, _json(s))
        for s in samples
    ]


def _json(sample: Sample) -> Any:
    return msgspec.json.decode(sample.content.removeprefix(_BOM))


async def _xml(sample: Sample, lists: Lists) -> Any:
    try:
        return _with_nulls(await read_xml(text_of(sample.content, None), lists))
    except (EncodingError, XmlError) as error:
        raise SampleError(
            f"{sample.file}: the sample is no XML that is read here: {error}"
        ) from None


def _with_nulls(value: Any) -> Any:
    """*value* with plain objects for elements that have attributes; one of attributes alone has no text.

    So a condition that asks for the text of an element meets no object where there is none.
    """
    if isinstance(value, list):
        return type(value)(map(_with_nulls, value))
    if not isinstance(value, dict):
        return value
    attributes = all(key.startswith("@") for key in value)
    made = {key: _with_nulls(member) for key, member in value.items()}
    return {**made, TEXT: ABSENT} if attributes and made else made


class _Outline:
    """Counts the children of each element: what comes twice, or alone below its plural, is a list."""

    def __init__(self) -> None:
        self.lists: set[Path] = set()
        self._open: list[tuple[str, Counter[str]]] = []

    def start(self, name: str, _attributes: object) -> None:
        name = name.rpartition(":")[2]
        if self._open:
            self._open[-1][1][name] += 1
        self._open.append((name, Counter()))

    def end(self, _name: str) -> None:
        name, children = self._open.pop()
        for child, number in children.items():
            alone = len(children) == 1 and name.lower() in {
                f"{child.lower()}s",
                f"{child.lower()}list",
            }
            if number > 1 or alone:
                self.lists.add((name, child))


def _lists_in(sample: Sample) -> Iterator[Path]:
    outline = _Outline()
    parser = expat.ParserCreate()
    parser.StartElementHandler = outline.start
    parser.EndElementHandler = outline.end
    parser.StartDoctypeDeclHandler = _refuse
    try:
        parser.Parse(sample.content, True)
    except (expat.ExpatError, ValueError):
        return iter(())  # reading it for real says what is wrong
    return iter(outline.lists)


def _refuse(*_: object) -> None:
    raise ValueError("a document type")


def texts_in(value: Any) -> Iterator[str]:
    """All texts and integers of a document, as they would stand in a path."""
    if isinstance(value, dict):
        for member in value.values():
            yield from texts_in(member)
    elif isinstance(value, list):
        for member in value:
            yield from texts_in(member)
    elif isinstance(value, str) or (isinstance(value, int) and not isinstance(value, bool)):
        yield str(value)
