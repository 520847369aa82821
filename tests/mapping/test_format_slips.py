"""Slips in `format`: each is found at its line and column."""

from __future__ import annotations

import pytest

from tests.mapping.support import change, findings, read, short
from ticketbridge.mapping.spec import (
    CallSpec,
    CsvFormatSpec,
    FormatSpec,
    JsonFormatSpec,
    NdjsonFormatSpec,
    TextFormatSpec,
    XmlFormatSpec,
)

SLIPS = [
    pytest.param("xmll", "15:13", "TB013", 'did you mean "xml"?', id="misspelt"),
    pytest.param("XML", "15:13", "TB013", "`ndjson`, `text`, `xml`", id="capitals"),
    pytest.param("csv", "15:13", "TB013", "{csv: {columns: [...]}}", id="csv-without-columns"),
    pytest.param("yaml", "15:13", "TB013", "for example", id="another-format"),
    pytest.param("", "15:12", "TB012", "give it a value", id="nothing"),
    pytest.param("3", "15:13", "TB012", "it is a number", id="number"),
    pytest.param("[xml]", "15:13", "TB012", "it is a list", id="list"),
    pytest.param("{}", "15:13", "TB015", "`format` is empty", id="empty"),
    pytest.param("{json: {}}", "15:20", "TB015", "`json` is empty", id="json-empty"),
    pytest.param("{text: {}}", "15:14", "TB010", "legal here: json", id="text-mapping"),
    pytest.param("{json: {charset: utf8}}", "15:30", "TB013", 'mean "utf-8"', id="charset"),
    pytest.param("{json: {charset: utf-16}}", "15:30", "TB013", "iso-8859-15", id="wide-charset"),
    pytest.param("{lists: [a/b]}", "15:14", "TB010", "legal here: json", id="lists-without-xml"),
    pytest.param("{xml: {}}", "15:19", "TB015", "`xml` is empty", id="xml-empty"),
    pytest.param("{xml: {attributes: no}}", "15:32", "TB013", "`keep` or `drop`", id="attributes"),
    pytest.param("{csv: {}}", "15:19", "TB011", "`columns` is missing", id="csv-empty"),
    pytest.param("{csv: {columns: []}}", "15:29", "TB015", "`columns` is empty", id="no-columns"),
    pytest.param("{csv: {columns: [1]}}", "15:30", "TB012", "name of a column", id="column-number"),
    pytest.param("{csv: {columns: ['']}}", "15:30", "TB014", "name of a column", id="column-empty"),
    pytest.param(
        "{csv: {columns: [a, b, a]}}", "15:36", "TB075", "`a` stands twice", id="column-twice"
    ),
    pytest.param(
        "{csv: {columns: [a], delimiter: ';;'}}", "15:45", "TB014", "one character", id="delimiter"
    ),
    pytest.param(
        """{csv: {columns: [a], delimiter: '"'}}""", "15:45", "TB014", "parts cells", id="quote"
    ),
    pytest.param(
        "{csv: {columns: [a]}, xml: {lists: [a/b]}}", "15:35", "TB075", "one format", id="two"
    ),
    pytest.param("{xml: [a/b]}", "15:19", "TB012", "a mapping with `lists`", id="xml-list"),
    pytest.param("{xml: true}", "15:19", "TB012", "a mapping with `lists`", id="xml-true"),
    pytest.param(
        "{xml: {list: [a/b]}}", "15:20", "TB010", 'did you mean "lists"?', id="misspelt-lists"
    ),
    pytest.param("{xml: {lists: []}}", "15:27", "TB015", "`lists` is empty", id="no-lists"),
    pytest.param("{xml: {lists: a/b}}", "15:27", "TB012", "a list of paths", id="lists-text"),
    pytest.param("{xml: {lists: [7]}}", "15:28", "TB012", "a path of elements", id="path-number"),
    pytest.param("{xml: {lists: [/a/b]}}", "15:28", "TB014", "parent/element", id="leading-slash"),
    pytest.param("{xml: {lists: [a/b, a//b]}}", "15:33", "TB014", "entry 2", id="two-slashes"),
    pytest.param("{xml: {lists: ['a:b/c']}}", "15:28", "TB014", "without prefixes", id="prefix"),
    pytest.param("{xml: {lists: ['a/@b']}}", "15:28", "TB014", "parent/element", id="attribute"),
    pytest.param("{xml: {lists: ['a/b[*]']}}", "15:28", "TB014", "parent/element", id="projection"),
    pytest.param("{xml: {lists: ['a/${B}']}}", "15:28", "TB014", "parent/element", id="variable"),
    pytest.param('{xml: {lists: ["a/b\\n"]}}', "15:28", "TB014", "parent/element", id="line-break"),
    pytest.param(
        "{xml: {lists: [body.data.row]}}", "15:28", "TB014", "example data/row", id="expression"
    ),
]


@pytest.mark.parametrize(("written", "place", "code", "words"), SLIPS)
def test_a_slip_in_a_format_is_said_once_at_its_place(
    written: str, place: str, code: str, words: str
) -> None:
    """One slip gives one error, with its line, column and code, and what would be right."""
    found = findings(change(("get: /customers\n", f"get: /customers\n    format: {written}\n")))

    assert short(found) == [f"{place} error {code}"]
    assert words in f"{found[0].message} {found[0].suggestion}"


@pytest.mark.parametrize(
    ("path", "example"),
    [
        pytest.param("ticket", "for example tickets/ticket", id="element"),
        pytest.param("sales.sale", "for example sales/sale", id="dots"),
    ],
)
def test_a_list_without_its_parent_is_doubtful(path: str, example: str) -> None:
    """Where no parent is named there is none to have an empty list: a warning says so."""
    text = change(
        ("get: /customers\n", f"get: /customers\n    format: {{xml: {{lists: [{path}]}}}}\n")
    )
    found = read(text).warnings

    assert short(found) == ["15:28 warning TB068"]
    assert found[0].suggestion == example


@pytest.mark.parametrize(
    ("written", "declared"),
    [
        pytest.param("json", JsonFormatSpec("utf-8"), id="json"),
        pytest.param("xml", XmlFormatSpec((), "keep"), id="xml"),
        pytest.param(
            "{xml: {lists: [a/b, a/b-c/d.é]}}",
            XmlFormatSpec((("a", "b"), ("a", "b-c", "d.é")), "keep"),
            id="lists",
        ),
        pytest.param("{xml: {attributes: drop}}", XmlFormatSpec((), "drop"), id="attributes"),
        pytest.param("ndjson", NdjsonFormatSpec(), id="ndjson"),
        pytest.param("text", TextFormatSpec(), id="text"),
        pytest.param(
            "{json: {charset: iso-8859-1}}", JsonFormatSpec("iso-8859-1"), id="json-charset"
        ),
        pytest.param(
            "{csv: {columns: [id, mail]}}",
            CsvFormatSpec(("id", "mail"), ",", "utf-8", any_end=False),
            id="csv",
        ),
        pytest.param(
            '{csv: {columns: [a], delimiter: "\\t", charset: windows-1252, any_end: true}}',
            CsvFormatSpec(("a",), "\t", "windows-1252", any_end=True),
            id="csv-with-all",
        ),
    ],
)
def test_a_format_is_read_as_it_is_written(written: str, declared: FormatSpec) -> None:
    """A word, or the lists of the XML."""
    spec = read(change(("get: /customers\n", f"get: /customers\n    format: {written}\n")))
    entry = spec.source[0]

    assert isinstance(entry, CallSpec)
    assert entry.format == declared
