"""Samples as documents, in the format that each has, and the documents that answer one call as a group."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any
from xml.parsers import expat

from ticketbridge.engine.upstream.answer_formats import Unreadable
from ticketbridge.engine.upstream.messages import PlatformAnswer
from ticketbridge.formats import DocumentError
from ticketbridge.formats.csv import read_csv
from ticketbridge.formats.encodings import text_of
from ticketbridge.formats.xml import Lists, Path, read_xml
from ticketbridge.mapping.spec import (
    JSON_FORMAT,
    CsvFormatSpec,
    FormatSpec,
    JsonFormatSpec,
    NdjsonFormatSpec,
    XmlFormatSpec,
)
from ticketbridge.mapping.spec_formats import Charset
from ticketbridge.workbench.call_formats import read_values
from ticketbridge.workbench.cases.case_spec import Target
from ticketbridge.workbench.draft.platform_words import split_key
from ticketbridge.workbench.draft.sample_values import ABSENT, TEXT
from ticketbridge.workbench.draft.sent_bodies import (
    is_draftable,
    list_sent,
    name_kind,
    name_parameter,
)
from ticketbridge.workbench.personal.personal_kinds import word_set
from ticketbridge.workbench.samples import Sample, SampleError, require_json


@dataclass(frozen=True, slots=True)
class Document:
    """One saved answer; *lists* are the elements of an XML document that are lists."""

    sample: Sample
    value: Any = field(repr=False)
    lists: tuple[str, ...] = ()
    form: FormatSpec = JSON_FORMAT

    @property
    def target(self) -> str:
        """The path and query that it answered, or ""."""
        return self.sample.key if self.sample.key.startswith("/") else ""

    @property
    def method(self) -> str:
        """The method of the request that it answered; GET if that is not known."""
        return "GET" if self.sample.sent is None or not self.target else "POST"

    @property
    def asked(self) -> Target:
        """The path and all parameters of its request: those of a body are named by JSON pointers."""
        target = Target.of(self.target)
        return Target(target.path, {**target.query, **list_sent(self.sample.sent)})

    @property
    def name(self) -> str:
        """The name of its call, or ""."""
        return "" if self.target else self.sample.key

    @property
    def is_xml(self) -> bool:
        """Whether the answer is XML."""
        return self.sample.is_xml


def read_documents(samples: Sequence[Sample]) -> list[Document]:
    """Return the documents of *samples*. Raises SampleError for one that cannot be read.

    An element that is a list in one XML document is a list in all: a single element cannot tell.
    """
    for sample in samples:
        _require_draftable(sample)
    found = {path for sample in samples if sample.is_xml for path in _find_lists_in(sample)}
    lists = Lists(found)
    named = tuple(sorted("/".join(path) for path in found))
    return [
        Document(s, _read_xml(s, lists), named, XmlFormatSpec((), "keep"))
        if s.is_xml
        else _read_values(s)
        for s in samples
    ]


def _require_draftable(sample: Sample) -> None:
    if not is_draftable(sample.sent):
        raise SampleError(
            f"{sample.file}: its POST's body is neither JSON nor a form (`name=value&...`, spaces as +):"
            " name the request without the body, and write that in the mapping by hand, as `xml:` or `text:`"
        )


def _read_values(sample: Sample) -> Document:
    form = guess_format(sample)
    if form is None:
        require_json(sample)
    form = form or JSON_FORMAT
    values = read_sample_values(sample, form)
    if isinstance(values, Unreadable):
        raise SampleError(
            f"{sample.file}: the sample is no JSON that is read here: {values.reason}"
        )
    return Document(sample, values, form=form)


def _read_xml(sample: Sample, lists: Lists) -> Any:
    try:
        return _add_nulls(read_xml(text_of(sample.content, None), lists))
    except DocumentError as error:
        raise SampleError(
            f"{sample.file}: the sample is no XML that is read here: {error}"
        ) from None


def _add_nulls(value: Any) -> Any:
    """Return *value* with plain objects for elements with attributes, and ABSENT for a missing text.

    A condition on the text of an element then finds no object where there is no text.
    """
    if isinstance(value, list):
        return type(value)(map(_add_nulls, value))
    if not isinstance(value, dict):
        return value
    attributes = all(key.startswith("@") for key in value)
    made = {key: _add_nulls(member) for key, member in value.items()}
    return {**made, TEXT: ABSENT} if attributes and made else made


class _Outline:
    """Finds elements that are lists: repeated ones, and one alone below its own plural."""

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


def _find_lists_in(sample: Sample) -> Iterator[Path]:
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


def list_texts(value: Any) -> Iterator[str]:
    """Yield all texts and integers of a document, as they would stand in a path."""
    if isinstance(value, dict):
        for member in value.values():
            yield from list_texts(member)
    elif isinstance(value, list):
        for member in value:
            yield from list_texts(member)
    elif isinstance(value, str) or (isinstance(value, int) and not isinstance(value, bool)):
        yield str(value)


# --- formats --------------------------------------------------------------------------------------


_DELIMITERS = (",", ";", "\t", "|")
_MARK = "\ufeff"


def guess_format(sample: Sample) -> FormatSpec | None:
    """Return the format of *sample*, or None if it is none that can be told."""
    if sample.is_xml:
        return XmlFormatSpec((), "keep")
    guesses: tuple[FormatSpec, ...] = (JSON_FORMAT, NdjsonFormatSpec(), *_guess_csv(sample.content))
    return next((form for form in guesses if _fits(sample, form)), None)


def read_sample_values(sample: Sample, form: FormatSpec) -> Any:
    """Return the JSON values in *sample*, which is whole; Unreadable if it has none in that format."""
    headers = {"content-length": str(len(sample.content))}
    return read_values(PlatformAnswer(200, headers, sample.content), form)


def _fits(sample: Sample, form: FormatSpec) -> bool:
    values = read_sample_values(sample, form)
    if isinstance(form, JsonFormatSpec):
        return not isinstance(values, Unreadable)
    # Of other formats something must be there: any text has a first line.
    return isinstance(values, list) and bool(values) and all(isinstance(v, dict) for v in values)


def _guess_csv(content: bytes) -> Iterator[CsvFormatSpec]:
    """Yield CSV with the columns that each delimiter gives; a single one is none."""
    charset: Charset = "utf-8"
    try:
        text = content.decode()
    except UnicodeDecodeError:
        text, charset = content.decode("cp1252", "replace"), "windows-1252"
    first = text.removeprefix(_MARK).split("\n", 1)[0].rstrip("\r")
    for delimiter in _DELIMITERS:
        columns = _read_names(first, delimiter)
        if len(columns) > 1 and len(set(columns)) == len(columns) and all(columns):
            yield CsvFormatSpec(columns, delimiter, charset, any_end=not text.endswith("\n"))


def _read_names(line: str, delimiter: str) -> tuple[str, ...]:
    """The cells of a first row: it is read as one below itself."""
    cells = tuple(str(at) for at in range(line.count(delimiter) + 1))
    head = delimiter.join(cells)
    try:
        (row,) = read_csv(f"{head}\n{line}\n", cells, delimiter=delimiter)
    except (DocumentError, ValueError):
        return ()
    return tuple(row.values())


# --- groups ---------------------------------------------------------------------------------------


_PAGING = re.compile(
    r"(current|start|starting|next)?(page|p|offset|start|skip|cursor|after|before|continuation|from|index)"
    r"(number|no|nr|num|index|token|after)?|continuation(token)?|firstresult|seite|pagina"
)


def is_paging(name: str) -> bool:
    """Whether a parameter selects a page: `page`, `pageIndex`, `page[number]`, `$skip`, not `page_size`."""
    return _PAGING.fullmatch("".join(split_key(name_parameter(name)))) is not None


_OPERATIONS = word_set(
    "cmd command method action op operation function fn model service do task request resource"
)
"""Parameters that name the call where all calls go to one path."""


@dataclass(slots=True)
class Group:
    """The documents of one call, in their order."""

    documents: list[Document] = field(default_factory=list)

    @property
    def target(self) -> Target | None:
        """The path and parameters of the first document, or None if they are not known."""
        return self.documents[0].asked if self.documents[0].target else None

    @property
    def targets(self) -> list[Target]:
        """The paths and parameters of all documents."""
        return [document.asked for document in self.documents if document.target]

    @property
    def answers(self) -> list[Any]:
        """The values that all documents have."""
        return [document.value for document in self.documents]

    @property
    def last_word(self) -> str:
        """The last segment of the path that has no digit, or ""."""
        path = self.documents[0].asked.path
        return next((s for s in reversed(path) if s and not any(map(str.isdigit, s))), "")

    def values_of(self, parameter: str) -> list[str | None]:
        """Return the value of *parameter* in the request of each document."""
        asked = [target.query.get(parameter) for target in self.targets]
        return [values[0] if values else None for values in asked]

    def segments_at(self, place: int) -> list[str]:
        """Return the path's segment at *place*, of each document."""
        return [target.path[place] for target in self.targets]


def group_documents(documents: Sequence[Document]) -> list[Group]:
    """Return the groups, in the order of their first documents."""
    known = {text for document in documents for text in list_texts(document.value)}
    groups: list[Group] = []
    for document in documents:
        group = next((g for g in groups if _belongs_to(document, g, known)), None)
        if group is None:
            group = Group()
            groups.append(group)
        group.documents.append(document)
    return groups


def is_handed_on(group: Group, parameter: str) -> bool:
    """Whether each value of *parameter* stood in the answer before, and the first request had none.

    A value of one character proves nothing: it stands in many answers.
    """
    first, *later = group.values_of(parameter)
    if first is not None or not later:
        return False
    pairs = zip(group.documents, later, strict=False)
    return all(
        value is not None and len(value) > 1 and value in set(list_texts(document.value))
        for document, value in pairs
    )


def _belongs_to(document: Document, group: Group, known: set[str]) -> bool:
    first = group.documents[0]
    if bool(document.target) != bool(first.target):
        return False
    if document.target:
        kinds = {name_kind(one.sample.sent) for one in (*group.documents, document)} - {""}
        same = document.method == first.method and len(kinds) <= 1
        same = same and _same_operation(first.asked, document.asked)
        return same and _same_call(first.asked, document.asked, known)
    if document.name or first.name:
        return document.name == first.name
    return _find_shape(document.value) == _find_shape(first.value)


def _same_call(one: Target, other: Target, known: set[str]) -> bool:
    """Whether two paths differ only in values: texts that stand in an answer, or that have a digit."""
    if len(one.path) != len(other.path):
        return False
    different = [(a, b) for a, b in zip(one.path, other.path, strict=True) if a != b]
    values = all(_is_value(a, known) and _is_value(b, known) for a, b in different)
    return values and (len(different) <= 1 or len(one.path) > len(different) + 1)


def _same_operation(one: Target, other: Target) -> bool:
    """Whether no parameter names another call: `cmd=customer_query` and `cmd=seats_sold` are two."""
    names = {n for n in (*one.query, *other.query) if name_parameter(n).lower() in _OPERATIONS}
    return all(one.query.get(name) == other.query.get(name) for name in names)


def _is_value(segment: str, known: set[str]) -> bool:
    return segment in known or any(map(str.isdigit, segment))


def _find_shape(value: Any) -> object:
    """Return what answers of one call have in common: the keys at the top, or those of the first element."""
    if isinstance(value, list):
        return ("list", _find_shape(value[0])) if value else "list"
    return frozenset(value) if isinstance(value, dict) else type(value)
