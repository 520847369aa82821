"""The formats of a mapping's calls, for tools that write answers, and read them, as the platform does."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any

import msgspec

from ticketbridge.engine.upstream.answer_formats import (
    Unreadable,
    charset_of,
    media_type_of,
    read_json_answer,
)
from ticketbridge.engine.upstream.messages import PlatformAnswer
from ticketbridge.formats import DocumentError
from ticketbridge.formats.csv import read_csv, write_csv
from ticketbridge.formats.encodings import decode, encode
from ticketbridge.formats.json import read_json, read_json_lines
from ticketbridge.mapping.spec import (
    CallSpec,
    CsvFormatSpec,
    FormatSpec,
    JsonFormatSpec,
    MappingSpec,
    NdjsonFormatSpec,
    SessionAuthSpec,
    TextFormatSpec,
    XmlFormatSpec,
)
from ticketbridge.workbench.cases.answer_reader import JSON_TYPE, XML_TYPE

CallFormats = Mapping[str, FormatSpec]
"""The format of each call, by its name."""

TYPES: Mapping[type[FormatSpec], str] = MappingProxyType(
    {
        JsonFormatSpec: JSON_TYPE,
        NdjsonFormatSpec: "application/x-ndjson",
        CsvFormatSpec: "text/csv",
        TextFormatSpec: "text/plain",
        XmlFormatSpec: XML_TYPE,
    }
)
"""The content type of a body in each format."""


def find_formats(spec: MappingSpec) -> CallFormats:
    """Return the formats of the calls of *spec*, and of its login."""
    found = {entry.name: entry.format for entry in spec.source if isinstance(entry, CallSpec)}
    auth = spec.upstream.auth
    return (
        {**found, auth.login.call: auth.login.format}
        if isinstance(auth, SessionAuthSpec)
        else found
    )


def write_in_charset(content: bytes, form: FormatSpec | None, content_type: str) -> bytes:
    """Return *content*, which is in UTF-8, in the encoding of answers in that format.

    If the encoding does not have a character, the content stays in UTF-8, and reading it fails.
    """
    if isinstance(form, JsonFormatSpec | CsvFormatSpec):
        charset: str | None = form.charset
    else:
        charset = charset_of(content_type) if isinstance(form, TextFormatSpec) else None
    try:
        return encode(content.decode(), charset) if charset else content
    except (DocumentError, UnicodeDecodeError):
        return content


def read_values(answer: PlatformAnswer, form: FormatSpec | None) -> Any:
    """Return the JSON values in *answer*, whatever its type; Unreadable if it has none in its format.

    A list of lines and a list of rows are JSON values; XML and text are not.
    """
    content = answer.content
    charset = charset_of(answer.headers.get("content-type", ""))
    try:
        match form:
            case NdjsonFormatSpec():
                return list(read_json_lines(content))
            case CsvFormatSpec():
                return list(_read_rows(decode(content, charset, due=form.charset), form))
            case JsonFormatSpec(charset=own) if own != "utf-8":
                return read_json(decode(content, charset, due=own).encode())
            case TextFormatSpec():
                return Unreadable("a text is no JSON")
            case _:
                return read_json_answer(answer, any_content_type=True)
    except DocumentError as error:
        return Unreadable(str(error))


def _read_rows(text: str, form: CsvFormatSpec) -> Iterator[Any]:
    return read_csv(text, form.columns, delimiter=form.delimiter, any_end=form.any_end)


def write_values(values: Any, form: FormatSpec | None) -> bytes:
    """Return JSON *values* in the format *form*, in UTF-8."""
    match form:
        case NdjsonFormatSpec():
            return b"".join(msgspec.json.encode(value) + b"\n" for value in values)
        case CsvFormatSpec():
            rows = [form.columns, *([str(cell) for cell in row.values()] for row in values)]
            return write_csv(rows, form.delimiter).encode()
        case _:
            return msgspec.json.encode(values)


def says_text(answer: PlatformAnswer) -> bool:
    """Return whether the type of *answer* is text, and not HTML."""
    return media_type_of(answer.headers.get("content-type", "")) == "text/plain"
