"""Which format a saved answer has: JSON, XML, JSON on each line, or CSV with its columns."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ticketbridge.engine.upstream.answer_formats import Unreadable
from ticketbridge.engine.upstream.messages import PlatformAnswer
from ticketbridge.formats import DocumentError
from ticketbridge.formats.csv import read_csv
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
from ticketbridge.workbench.samples import Sample

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
