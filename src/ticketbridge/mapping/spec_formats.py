"""`format`: how the body of an answer is read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, get_args

from ticketbridge.mapping.keys import (
    Declared,
    Key,
    ValueKind,
    closed,
    declared,
    key,
    mapping_of,
    needed,
)
from ticketbridge.mapping.read_context import Context, text_of
from ticketbridge.mapping.value_kinds import YES_OR_NO, either, list_of, pattern, word
from ticketbridge.mapping.words import shown
from ticketbridge.mapping.yaml_nodes import Node

Charset = Literal["utf-8", "iso-8859-1", "iso-8859-15", "windows-1252"]
_CHARSET: ValueKind[Charset] = word(*get_args(Charset))


@declared
class JsonFormatSpec(Declared):
    """`format: json`."""

    charset: Charset = key(
        _CHARSET,
        "The encoding of the platform's JSON, where it is not UTF-8; a Content-Type that names another is an"
        " error.",
        "iso-8859-1",
        absent="utf-8",
    )


JSON_FORMAT = JsonFormatSpec("utf-8")


@dataclass(frozen=True, slots=True)
class NdjsonFormatSpec:
    """`format: ndjson`: JSON values, one on each line."""


@dataclass(frozen=True, slots=True)
class TextFormatSpec:
    """`format: text`: the body as it is."""


# --- XML ------------------------------------------------------------------------------------------


def _read_element(node: Node, context: Context, _name: str) -> tuple[str, ...]:
    text = text_of(node)
    if text.startswith("body."):
        message = f"{shown(text)} begins with `body`, which is no element"
        hint = f"for example {text.removeprefix('body.').replace('.', '/')}"
        context.report.error(node.place, "TB014", message, hint)
    elif text and "/" not in text:
        message = f"{shown(text)} is no empty list where it is absent: its parent is not named"
        hint = text.replace(".", "/") if "." in text else f"{text}s/{text}"
        context.report.warning(node.place, "TB068", message, f"for example {hint}")
    return tuple(text.split("/"))


_STEP = r"""[^\s/:@#\[\](){}<>$*'"`]+"""
_ELEMENT = pattern(
    f"{_STEP}(/{_STEP})*",
    "a path of elements, without prefixes: `parent/element`",
    examples=("passholders/passholder",),
).reading(_read_element)


@declared
class XmlFormatSpec(Declared):
    """`format: xml`. *lists* has the last steps of the paths of elements that are always lists."""

    lists: tuple[tuple[str, ...], ...] = key(
        list_of(_ELEMENT, "a list of paths of elements"),
        "The elements that are always lists, `[]` where the parent has none. A path matches the end of an "
        "element's path.",
        ["passholders/passholder"],
        absent=[],
    )
    attributes: Literal["keep", "drop"] = key(
        word("keep", "drop"),
        "`drop` leaves attributes out, so that an element with text is that text; one that says that the"
        " element is null still does.",
        "drop",
        absent="keep",
    )


# --- CSV ------------------------------------------------------------------------------------------


def _read_columns(node: Node, context: Context, _name: str) -> tuple[str, ...]:
    names: list[str] = []
    for item in node.items:
        name = text_of(item)
        if name and name in names:
            message = f"the column {shown(name)} stands twice"
            context.report.error(item.place, "TB075", message, "each column has a name of its own")
        names.append(name)
    return tuple(names)


_COLUMN = pattern(r"[^\x00-\x1f]+", "the name of a column", examples=("id",))


@declared
class CsvFormatSpec(Declared):
    """`format: csv`. *columns* are the cells of the first row."""

    columns: tuple[str, ...] = needed(
        list_of(_COLUMN, "a list of names of columns").reading(_read_columns),
        "The names that the first row has, all of them and in this order; another row there is an error.",
        ["id", "mail", "state"],
    )
    delimiter: str = key(
        pattern(r'[^"\x00-\x08\x0a-\x1f0-9A-Za-z]', "one character that parts cells"),
        "The character between two cells.",
        ";",
        absent=",",
    )
    charset: Charset = key(
        _CHARSET,
        "The encoding of the file; a Content-Type that names another is an error.",
        "windows-1252",
        absent="utf-8",
    )
    any_end: bool = key(
        YES_OR_NO,
        "Reads a last row that has no line end after it. A file that the platform cuts within that row's last"
        " cell then looks whole.",
        True,
        absent=False,
    )


FormatSpec = JsonFormatSpec | NdjsonFormatSpec | CsvFormatSpec | TextFormatSpec | XmlFormatSpec

# --- the key --------------------------------------------------------------------------------------

_JSON = mapping_of(
    JsonFormatSpec,
    "a mapping with a `charset`",
    define="json_format",
    heading="`format: {json: ...}`",
    minProperties=1,
)
_XML = mapping_of(
    XmlFormatSpec,
    "a mapping with `lists` or `attributes`",
    define="xml_format",
    heading="`format: {xml: ...}`",
    minProperties=1,
)
_CSV = mapping_of(
    CsvFormatSpec, "a mapping with `columns`", define="csv_format", heading="`format: {csv: ...}`"
)
_EXAMPLES: Mapping[str, tuple[ValueKind[Any], Any]] = {
    "json": (_JSON, {"charset": "iso-8859-1"}),
    "csv": (_CSV, {"columns": ["id", "mail"]}),
    "xml": (_XML, {"lists": ["passholders/passholder"]}),
}
_MAPPINGS = {
    name: Key(name, kind, f"How the platform's {name.upper()} is read.", (example,), None)
    for name, (kind, example) in _EXAMPLES.items()
}
_WORDS = {
    "json": JSON_FORMAT,
    "ndjson": NdjsonFormatSpec(),
    "text": TextFormatSpec(),
    "xml": XmlFormatSpec((), "keep"),
}
_FORMATS = (
    "`json`, `ndjson`, `text`, `xml`, `{csv: {columns: [...]}}`, `{xml: {...}}` or `{json: {...}}`"
)


def _read_format(node: Node, context: Context, name: str) -> Any:
    given = [each for each in _MAPPINGS if node.get(each) is not None]
    if len(given) > 1:
        message = f"an answer has one format: `{given[0]}` or `{given[1]}`"
        context.report.error(node.key_place(given[1]), "TB075", message, "keep one of them")
    if given:
        return _MAPPINGS[given[0]].kind.read(node.need(given[0]), context, name)
    return _WORDS.get(text_of(node), JSON_FORMAT)


FORMAT: ValueKind[FormatSpec] = either(
    _FORMATS,
    "string",
    word(*_WORDS, title=_FORMATS),
    ValueKind("", closed(*_MAPPINGS.values(), minProperties=1), _read_format),
    define="format",
).reading(_read_format)
