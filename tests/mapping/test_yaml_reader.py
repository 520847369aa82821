"""Strict YAML: what scalars mean, what is refused, and where everything stands."""

from __future__ import annotations

from typing import Any

import pytest

from tests.mapping.support import GOOD, change, findings, read, short, words_of
from tests.support import node_at
from ticketbridge.mapping.findings import Place, Report
from ticketbridge.mapping.spec import CallSpec, ConstSpec, ExpressionSpec, TableSpec
from ticketbridge.mapping.yaml_nodes import Scalar
from ticketbridge.mapping.yaml_reader import MAX_DEPTH, read_yaml


def constant(written: str) -> Any:
    """What `{const: <written>}` means."""
    spec = read(change(("price: item.price", f"price: {{const: {written}}}")))
    field = spec.ticket.fields.fields[1].field
    assert isinstance(field, ConstSpec)
    return field.value


def plain(text: str) -> Any:
    """*text* as a Python value."""
    report = Report()
    value = read_yaml(text, "x.yaml", report).plain()
    assert report.findings == ()
    return value


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(text, id=text)
        for text in [
            "012",
            "1_000",
            "0x1F",
            "0o17",
            "0b1",
            ".5",
            "1.",
            "+1",
            "-.5",
            "01",
            "1e",
            "1e+",
            "12:30:45",
            "2026-11-24",
            "2026-11-24T12:00:00Z",
            "NO",
            "no",
            "yes",
            "on",
            "off",
            "y",
            "n",
            "~",
            "Null",
            "NULL",
            "True",
            "TRUE",
            "False",
            ".inf",
            "-.inf",
            ".nan",
            "NaN",
            "Infinity",
            "-a",
            "1,5",
            "1KB",
            "\u0661",
            "=",
            "10.20.30",
        ]
    ],
)
def test_what_json_does_not_know_stays_text(text: str) -> None:
    """A plain scalar that is no number, word or null of JSON is text, as it is written."""
    assert plain(f"a: {text}") == {"a": text}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        pytest.param("0", 0, id="zero"),
        pytest.param("-0", 0, id="minus-zero"),
        pytest.param("12", 12, id="integer"),
        pytest.param("-7", -7, id="negative"),
        pytest.param("1.50", 1.5, id="fraction"),
        pytest.param("1e3", 1000.0, id="exponent"),
        pytest.param("-2.5E-1", -0.25, id="negative-exponent"),
        pytest.param("0.0", 0.0, id="zero-fraction"),
        pytest.param("123456789012345678901234567890", 123456789012345678901234567890, id="long"),
        pytest.param("9" * 4000, 10**4000 - 1, id="very-long"),
        pytest.param("true", True, id="true"),
        pytest.param("false", False, id="false"),
        pytest.param('"12"', "12", id="quoted-number"),
        pytest.param("'true'", "true", id="quoted-word"),
        pytest.param('""', "", id="empty-text"),
        pytest.param("{a: [1, null, ~]}", {"a": [1, None, "~"]}, id="nested"),
    ],
)
def test_json_scalars_have_their_value(text: str, value: Any) -> None:
    """Numbers, true, false and null of JSON have their value, integers of any length exactly."""
    found = constant(text)

    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize("text", [pytest.param("", id="nothing"), pytest.param("null", id="null")])
def test_an_empty_value_is_null(text: str) -> None:
    """An empty value and the word null are null."""
    assert plain(f"a: {text}\nb: [{text or 'null'}]") == {"a": None, "b": [None]}


@pytest.mark.parametrize("number", ["1e400", "-1e400", "1e-400", "12.5e99999"])
def test_a_number_that_would_change_is_refused(number: str) -> None:
    """A number too large or too small for a float is an error, never infinity or zero."""
    text = change(("price: item.price", f"price: {{const: {number}}}"))

    assert short(findings(text)) == ["33:20 error TB007"]


def test_keys_are_text() -> None:
    """Keys that look like numbers, booleans or null are text."""
    spec = read(
        change(
            (
                "price: item.price",
                "price: {from: item.x, values: {404: a, true: b, null: c, 1.0: d, ? e : f, '': g}}",
            )
        )
    )
    field = spec.ticket.fields.fields[1].field
    assert isinstance(field, TableSpec)

    assert words_of(field) == {"404": "a", "true": "b", "null": "c", "1.0": "d", "e": "f", "": "g"}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("", ["1:1 error TB015"], id="nothing"),
        pytest.param("# only a comment\n", ["2:1 error TB015"], id="comment"),
        pytest.param("---\n", ["2:1 error TB012"], id="empty-document"),
        pytest.param("acme", ["1:1 error TB012"], id="text"),
        pytest.param("- a\n", ["1:1 error TB012"], id="list"),
        pytest.param("*a", ["1:1 error TB004"], id="alias"),
        pytest.param("a: 1\n---\nb: 1\n", ["2:1 error TB002"], id="second-document"),
        pytest.param("%YAML 2.0\n---\na: 1\n", ["1:1 error TB002"], id="other-version"),
        pytest.param("{a: 1}}", ["1:7 error TB002"], id="stray-bracket"),
        pytest.param("- a\nb: c\n", ["2:1 error TB002"], id="mixed"),
        pytest.param("a: \ud800", ["1:4 error TB002"], id="surrogate"),
        pytest.param("a: b\r\nc: \x00", ["2:4 error TB002"], id="nul"),
        pytest.param("a\n", ["1:1 error TB012"], id="word"),
        pytest.param("a: 1\nb\nc: 1\n", ["2:1 error TB002"], id="key-without-colon"),
        pytest.param(" a: 1\nb: 1\n", ["2:1 error TB002"], id="indented-root"),
        pytest.param("a: 1\n  b: 1\n", ["2:4 error TB002"], id="indented-line"),
        pytest.param("b: [a, &c ]\n", ["1:8 error TB004"], id="anchor-in-a-list"),
        pytest.param("b: *\n", ["1:4 error TB002"], id="lonely-star"),
        pytest.param("b: 'a\n---\n", ["1:4 error TB002"], id="quote-to-the-next-document"),
        pytest.param("b: {c,\n", ["2:1 error TB002"], id="open-brace"),
        pytest.param("b: - c\n", ["1:4 error TB002"], id="dash-after-a-key"),
        pytest.param("b: {c d: [e}\n", ["1:12 error TB002"], id="wrong-bracket"),
        pytest.param("b: ? c\n", ["1:4 error TB002"], id="misplaced-question-mark"),
    ],
)
def test_what_is_no_mapping_is_refused(text: str, expected: list[str]) -> None:
    """A file that is not one YAML mapping has an error at the place where that begins."""
    found = short(findings(text))

    assert [f for f in found if not f.endswith(("TB010", "TB011"))] == expected


@pytest.mark.parametrize(
    ("text", "code"),
    [
        pytest.param("a: &x 1", "TB004", id="anchor"),
        pytest.param("a: !!int 1", "TB004", id="tag"),
        pytest.param("a: ! 1", "TB004", id="bare-tag"),
        pytest.param("&x a: 1", "TB004", id="anchor-on-a-key"),
        pytest.param("!x a: 1", "TB004", id="tag-on-a-key"),
        pytest.param("*x : 1", "TB006", id="alias-as-a-key"),
        pytest.param("a: !x [1]", "TB004", id="tag-on-a-list"),
        pytest.param("a: !x {b: 1}", "TB004", id="tag-on-a-mapping"),
        pytest.param("<<: {b: *x}", "TB004", id="merge-key"),
        pytest.param("? {b: *x}\n: *y", "TB006", id="mapping-as-a-key"),
        pytest.param('\'"\\ud800"\': 1\n"\\ud800": 1', "TB007", id="half-a-character-in-a-key"),
    ],
)
def test_references_and_odd_keys_are_refused_once(text: str, code: str) -> None:
    """Anchors, aliases, tags, merge keys and keys that are no text give one finding each."""
    report = Report()
    read_yaml(text, "x.yaml", report)

    assert [finding.code for finding in report.findings] == [code]


def test_a_quoted_merge_key_is_a_key() -> None:
    """`"<<"` in quotes is a key like any other."""
    assert plain('"<<": 1') == {"<<": 1}


def test_a_key_that_stands_twice_names_both_lines() -> None:
    """A repeated key is reported at its second place and names the line of its first."""
    found = findings(change(("  retries: 2\n", "  retries: 2\n  timeout: 9s\n")))

    assert short(found) == ["11:3 error TB003"]
    assert "line 9" in found[0].message


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("[" * 5000, id="open"),
        pytest.param("[" * 5000 + "]" * 5000, id="closed"),
        pytest.param("{a: " * 5000 + "}" * 5000, id="braces"),
        pytest.param("- " * 5000, id="dashes"),
        pytest.param("? " * 5000, id="question-marks"),
    ],
)
def test_deep_nesting_is_a_clear_error(text: str) -> None:
    """Thousands of levels give one finding, and no crash."""
    found = findings(f"a: 1\nb:\n  {text}")

    assert [finding.code for finding in found] == ["TB005"]
    assert found[0].place.line == 3


def test_the_deepest_legal_nesting_is_read() -> None:
    """Fields nested to the limit load; one level more is an error."""
    levels = MAX_DEPTH - 4
    deepest = change(("price: item.price", "props: " + "{a: " * levels + "b" + "}" * levels))
    deeper = change(
        ("price: item.price", "props: " + "{a: " * (levels + 1) + "b" + "}" * levels + "}")
    )

    assert findings(deepest) == ()
    assert [finding.code for finding in findings(deeper)] == ["TB005"]


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("\ufeff" + GOOD, id="bom"),
        pytest.param("---\n" + GOOD + "...\n", id="markers"),
        pytest.param("%YAML 1.2\n---\n" + GOOD, id="directive"),
        pytest.param(GOOD.replace("\n", "\r\n"), id="crlf"),
        pytest.param(GOOD.replace("\n", "\r"), id="cr"),
    ],
)
def test_other_ways_to_write_a_file_are_read(text: str) -> None:
    """A BOM, document markers and other line ends make no difference."""
    assert read(text).ticket.fields == read(text.replace("\r\n", "\n")).ticket.fields
    assert read(text).platform == "acme"


def hole(template: str) -> Place:
    """Where the first hole of the query value *template* stands."""
    spec = read(change(('{email: "{user}"}', template)))
    call = spec.source[0]
    assert isinstance(call, CallSpec)
    parts = next(iter(call.request.query.values()))[0].parts
    return next(part.place for part in parts if isinstance(part, ExpressionSpec))


@pytest.mark.parametrize(
    ("template", "line", "column"),
    [
        pytest.param('{email: "{user}"}', 15, 22, id="double-quoted"),
        pytest.param("{email: '{user}'}", 15, 22, id="single-quoted"),
        pytest.param("\n      email: to={user}", 16, 18, id="plain"),
        pytest.param('{email: "a\\x20b {user}"}', 15, 29, id="behind-an-escape"),
        pytest.param('{email: "{user}\\x20b"}', 15, 22, id="before-an-escape"),
        pytest.param("{email: 'it''s {user}'}", 15, 28, id="behind-a-doubled-quote"),
        pytest.param("\n      email: |\n        a\n        b {user}", 18, 12, id="literal-block"),
        pytest.param("\n      email: |2\n          b {user}", 17, 14, id="indented-literal-block"),
        pytest.param("\n      email: >\n        {user}\n        b", 17, 10, id="folded-block"),
        pytest.param("\n      email: >\n        b\n        {user}", 18, 10, id="folded-line"),
        pytest.param("\n      email: a\n        {user}", 17, 10, id="second-line"),
        pytest.param('{email: "${TOKEN}{user}"}', 15, 30, id="behind-a-variable"),
        pytest.param('{email: "{{{user}"}', 15, 24, id="behind-a-brace"),
    ],
)
def test_a_hole_stands_where_its_expression_begins(template: str, line: int, column: int) -> None:
    """A hole's place is its first character, behind escapes, folds and indentation too."""
    assert hole(template) == Place("acme.yaml", line, column)


@pytest.mark.parametrize(
    ("written", "line", "column"),
    [
        pytest.param("order.email", 27, 10, id="plain"),
        pytest.param('"order.email"', 27, 11, id="double-quoted"),
        pytest.param("'order.email'", 27, 11, id="single-quoted"),
        pytest.param("|\n    order.email", 28, 5, id="literal-block"),
        pytest.param(">-\n    order\n    .email", 28, 5, id="folded-block"),
    ],
)
def test_an_expression_stands_where_its_text_begins(written: str, line: int, column: int) -> None:
    """An expression's place is its first character, inside the quotes."""
    owner = read(change(("owner: order.email", f"owner: {written}"))).ticket.owner
    assert owner is not None

    assert owner.place == Place("acme.yaml", line, column)


def test_what_is_no_mapping_has_no_keys() -> None:
    """Every node answers for its keys; only a mapping has some."""
    root = read_yaml("a: {b: 1}\nc: 1", "x.yaml", Report())

    assert root.key_place("c") == Place("x.yaml", 2, 1)
    assert root.key_place("d") == root.place
    assert root.need("c").key_place("d") == Place("x.yaml", 2, 4)
    assert root.need("d").plain() is None
    assert [root.has("a"), root.has("d")] == [True, False]


def test_the_place_past_the_end_of_a_literal_block_is_the_values() -> None:
    """An offset that no line of the file covers falls back to the value's place."""
    root = read_yaml("a: |+\n  b\n\n\n", "x.yaml", Report())
    value = node_at(root, ("a",))
    assert isinstance(value, Scalar)

    assert value.at(0) == Place("x.yaml", 2, 3)
    assert value.at(99) == value.place
