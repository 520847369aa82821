"""Another body and its JSON Schema: from a file beside the mapping, and from nowhere else."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from tests.mapping.support import change, findings, read, short
from ticketbridge.contract import Validator
from ticketbridge.mapping.named_files import MAX_BYTES

NAME = "acme.schema.json"
GOOD_SCHEMA: dict[str, Any] = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "$id": "urn:acme",
    "type": "array",
    "items": {"$ref": "#/$defs/a~1b"},
    "prefixItems": [{"$ref": "#/prefixItems/1"}, True],
    "$defs": {
        "a/b": {"$anchor": "ticket", "type": "object"},
        "c": {"$ref": "#ticket"},
        "d": {"$ref": "#"},
        "$ref": {"const": {"$ref": "https://data.example"}, "enum": [{"$id": "data"}]},
    },
}


def mapping(schema: str = NAME, body: str = "tickets") -> str:
    """The good mapping with another body and its schema."""
    response = f'response: {{body: "{body}", schema: {schema}}}\n'
    return change(("  ineligible: omit\n", f"  ineligible: omit\n{response}"))


def test_another_schema_is_read(tmp_path: Path) -> None:
    """A schema beside the mapping is read as it is, internal references included."""
    (tmp_path / NAME).write_text(json.dumps(GOOD_SCHEMA))

    assert read(mapping(), folder=tmp_path).response.schema == GOOD_SCHEMA


def test_a_schema_below_the_folder_is_read(tmp_path: Path) -> None:
    """A schema may stand in a folder below, and begin with a BOM."""
    (tmp_path / "schemas").mkdir()
    (tmp_path / "schemas" / NAME).write_bytes(b"\xef\xbb\xbf{}")

    assert read(mapping(f"schemas/{NAME}"), folder=tmp_path).response.schema == {}


@pytest.mark.parametrize(
    ("content", "words"),
    [
        pytest.param(b"{", "is not JSON: .*line 1, column 2", id="no-json"),
        pytest.param(b"\xff", "is not JSON in UTF-8", id="no-utf-8"),
        pytest.param(b"[]", "should hold a JSON object", id="list"),
        pytest.param(b"true", "should hold a JSON object", id="boolean"),
        pytest.param(b'{"minimum": NaN}', "NaN is no number", id="nan"),
        pytest.param(b'{"a": 1, "a": 2}', "`a` twice", id="key-twice"),
        pytest.param(b'{"type": "objekt"}', "no JSON Schema", id="no-schema"),
        pytest.param(b'{"pattern": "("}', "`\\(`: missing \\)", id="no-pattern"),
        pytest.param(b'{"pattern": "a{99999999999}"}', "`: the repetition number", id="repetition"),
        pytest.param(
            b'{"items": {"patternProperties": {"a{99999999999}": {}}}}',
            "`: the repetition number",
            id="repetition-in-a-name",
        ),
        pytest.param(b'{"maximum": 1e400}', "cannot be used", id="number-without-end"),
        pytest.param(b"[" * 100_000, "nested too deeply", id="deep"),
        pytest.param(b" " * (MAX_BYTES + 1), "over 1 MiB", id="too-large"),
        pytest.param(
            b'{"$schema": "http://json-schema.org/draft-07/schema#"}', "another version", id="draft"
        ),
        pytest.param(b'{"$schema": 7}', "another version", id="odd-draft"),
        pytest.param(b'{"$ref": "https://a.example"}', "leads out of the file", id="remote"),
        pytest.param(b'{"items": {"$ref": "b.json"}}', "leads out of the file", id="file"),
        pytest.param(b'{"allOf": [{"$dynamicRef": "a#b"}]}', "leads out", id="dynamic"),
        pytest.param(b'{"$ref": "#/$defs/gone"}', "not there", id="dangling"),
        pytest.param(b'{"$ref": "#gone"}', "not there", id="no-anchor"),
        pytest.param(b'{"$ref": "#/allOf/7", "allOf": [{}]}', "not there", id="past-the-end"),
        pytest.param(b'{"$ref": "#/title", "title": "a"}', "not there", id="to-a-text"),
        pytest.param(b'{"items": {"$id": "urn:a"}}', "an `\\$id` inside", id="inner-id"),
    ],
)
def test_a_schema_that_cannot_be_used(tmp_path: Path, content: bytes, words: str) -> None:
    """A file that is no self-contained JSON Schema is one error at the `schema` key's value."""
    (tmp_path / NAME).write_bytes(content)
    found = findings(mapping(), folder=tmp_path)

    assert short(found) == ["37:37 error TB081"]
    assert re.search(words, found[0].message)


@pytest.mark.parametrize(
    "schema",
    [
        pytest.param({"$ref": "#"}, id="itself"),
        pytest.param({"$ref": "#/$defs/a", "$defs": {"a": {"$ref": "#/$defs/a"}}}, id="definition"),
        pytest.param(
            {"$defs": {"a": {"$ref": "#/$defs/b"}, "b": {"allOf": [{"$ref": "#/$defs/a"}]}}},
            id="two-definitions",
        ),
        pytest.param({"anyOf": [{"type": "null"}, {"not": {"$ref": "#"}}]}, id="branch"),
        pytest.param({"$anchor": "x", "$ref": "#x"}, id="anchor"),
        pytest.param({"dependentSchemas": {"a": {"$ref": "#"}}}, id="dependent"),
        pytest.param({"if": {}, "then": {"$ref": "#"}}, id="condition"),
    ],
)
def test_a_schema_that_asks_itself_of_the_same_value_is_refused(
    tmp_path: Path, schema: object
) -> None:
    """Such a schema would never come to an end; it is one error, at the `schema` key's value."""
    (tmp_path / NAME).write_text(json.dumps(schema))

    assert short(findings(mapping(), folder=tmp_path)) == ["37:37 error TB082"]


@pytest.mark.parametrize(
    "schema",
    [
        pytest.param({"properties": {"a": {"$ref": "#"}}}, id="tree"),
        pytest.param({"$defs": {"a": {"items": {"$ref": "#/$defs/a"}}}}, id="list"),
        pytest.param(
            {"$defs": {"a": {}}, "allOf": [{"$ref": "#/$defs/a"}, {"$ref": "#/$defs/a"}]},
            id="used-twice",
        ),
        pytest.param({"const": {"$ref": "#"}}, id="data"),
        pytest.param(
            {
                "properties": {
                    "$ref": {},
                    "allOf": True,
                    "not": {"$ref": "#"},
                    "dependentSchemas": True,
                }
            },
            id="names-of-keywords",
        ),
        pytest.param({"allOf": [True, {"$ref": "#/$defs/a"}], "$defs": {"a": True}}, id="true"),
    ],
)
def test_a_schema_of_nested_values_may_refer_to_itself(tmp_path: Path, schema: object) -> None:
    """A tree comes to an end, because its value does."""
    (tmp_path / NAME).write_text(json.dumps(schema))

    assert findings(mapping(), folder=tmp_path) == ()


GOOD_PATTERNS = [
    ("^[A-Z]{3}$", "EUR", "EUR\n"),
    (r"^\d+$", "12", "\u0661"),
    (r"^\w$", "a", "\u00e9"),
    (r"^[^\d]$", "\u0661", "1"),
    (r"^\s$", "\ufeff", "\x85"),
    ("^.$", "\x85", "\u2028"),
    ("^.$", "\U0001f600", "\r"),
    (r"^\p{Lu}\P{Lu}$", "\u00c4a", "aa"),
    (r"^\u{1f600}|\u0041|\x42|\cJ$", "\U0001f600", "C"),
    (r"^(?=a)(?!ab)(?<n>a)(?:c|d)(?<=c)(?<!x)$", "ac", "ab"),
    (r"^(a)b\1$", "aba", "abb"),
    (r"^[\]\-a-c_.-]{1,3}?$", "]-b", "d"),
    ("^[[a]$", "[", "]"),
    ("^[a&&b~~]$", "&", "c"),
    (r"^\/\@\-\ $", "/@- ", "/@-"),
    ("^(a+)+$", "a", "a" * 5_000 + "b"),
    (r"^(?=(a+)+$)a{2,}\b", "aa", "a" * 5_000 + "b"),
    ("^(?:|a)*?b$", "ab", "a"),
]


@pytest.mark.parametrize(("pattern", "fits", "breaks"), GOOD_PATTERNS)
def test_patterns_are_those_of_the_standard(
    tmp_path: Path, pattern: str, fits: str, breaks: str
) -> None:
    """A regular expression is read as JSON Schema says, as ECMA-262, and ends in good time."""
    schema = {"properties": {"a": {"pattern": pattern}}, "patternProperties": {pattern: {}}}
    (tmp_path / NAME).write_text(json.dumps(schema))

    assert findings(mapping(), folder=tmp_path) == ()
    validator = Validator(schema)
    assert validator.fits({"a": fits})
    assert not validator.fits({"a": breaks})


@pytest.mark.parametrize(
    "pattern",
    [
        *("[]a]", "[^]a]", "[]", "a++", "a*+", "a{1}+", "a**", "(?i)a", "(?i:a)", "(?x) a"),
        *(r"a\Z", r"\A", r"\z", r"\h", r"\a", r"\e", r"\G", r"\0", r"\x4", r"\x{41}", r"\U00000041"),
        *("(?P<n>a)", "(?P=n)", "(?#c)a", "(?>a)", "(?(1)a|b)", r"\pL", r"\<a", r"a\>", r"\b{start}a"),
        *("a{,2}", "a{", "x{2,1}", "a)", "[b-a]", r"[\x{41}]", r"\u{110000}", "+a", "(" * 400),
        "((((((a{999}){999}){999}){999}){999}){999})",
    ],
    ids=lambda pattern: pattern[:20],
)  # fmt: skip
@pytest.mark.parametrize("keyword", ["pattern", "patternProperties"])
def test_a_pattern_of_another_dialect_is_refused(
    tmp_path: Path, pattern: str, keyword: str
) -> None:
    """What ECMA-262 does not have, or no library can run, is one error that shows the expression."""
    value = pattern if keyword == "pattern" else {pattern: {}}
    (tmp_path / NAME).write_text(json.dumps({"items": {keyword: value}}))
    found = findings(mapping(), folder=tmp_path)

    assert short(found) == ["37:37 error TB081"]
    assert "regular expression that cannot be used" in found[0].message


@pytest.mark.parametrize(
    ("name", "words"),
    [
        pytest.param("gone.json", "cannot be read", id="missing"),
        pytest.param(".", "cannot be read", id="folder"),
        pytest.param("../acme.schema.json", "inside it", id="above"),
        pytest.param("a/../../b.json", "inside it", id="dots"),
        pytest.param("/etc/hostname", "inside it", id="absolute"),
        pytest.param("'..\\a.json'", "inside it", id="backslash"),
        pytest.param("'C:/a.json'", "inside it", id="drive"),
        pytest.param("https://a.example/b.json", "inside it", id="url"),
        pytest.param('"a\\0"', "no legal path", id="nul"),
        pytest.param("link.json", "leads out", id="link"),
    ],
)
def test_a_schema_stays_in_the_folder(tmp_path: Path, name: str, words: str) -> None:
    """Only a file in the mapping's folder or below is read, links followed."""
    folder = tmp_path / "mappings"
    folder.mkdir()
    (tmp_path / "acme.schema.json").write_text("{}")
    (folder / "link.json").symlink_to(tmp_path / "acme.schema.json")
    found = findings(mapping(name), folder=folder)

    assert short(found) == ["37:37 error TB081"]
    assert words in found[0].message


def test_the_default_body_in_other_spacing_needs_no_schema() -> None:
    """The default body is the default body, however it is spaced."""
    spec = read(mapping("null", "{ userEmail: user, tickets:tickets }"))

    assert spec.response.schema is None


@pytest.mark.parametrize(
    ("key", "value"), [("when_empty", 204), ("when_empty", 200), ("when_unknown_user", 404)]
)
def test_the_statuses_of_an_answer(key: str, value: int) -> None:
    """An older contract has 204 for owning nothing and 404 for an unknown user."""
    text = change(("  ineligible: omit\n", f"  ineligible: omit\nresponse: {{{key}: {value}}}\n"))

    assert getattr(read(text).response, key) == value
