"""Drafts of answers that are no JSON document: the format is in the mapping, and the case is of it too."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest

from tests.support import USER
from tests.workbench.draft.drafting import ticket
from ticketbridge.mapping.spec import (
    JSON_FORMAT,
    CsvFormatSpec,
    FormatSpec,
    NdjsonFormatSpec,
    XmlFormatSpec,
)
from ticketbridge.workbench.draft.documents import guess_format
from ticketbridge.workbench.samples import Sample


def csv(*columns: str, **more: Any) -> CsvFormatSpec:
    """CSV with these columns, its other keys as they are where they are not said."""
    keys: dict[str, Any] = {"delimiter": ",", "charset": "utf-8", "any_end": False, **more}
    return CsvFormatSpec(columns, **keys)


@pytest.mark.parametrize(
    ("content", "form"),
    [
        (b"<a/>", XmlFormatSpec((), "keep")),
        (b'{"a": 1}', JSON_FORMAT),
        (b"[]", JSON_FORMAT),
        (b"15", JSON_FORMAT),
        (b'{"a": 1}\n', JSON_FORMAT),
        (b'{"a": 1}\n{"a": 2}', NdjsonFormatSpec()),
        (b'{"a": 1}\n\n{"b": 2}\n', NdjsonFormatSpec()),
        (b"1\n2\n", None),
        (b"id,mail\n1,a\n", csv("id", "mail")),
        (b"id,mail\r\n1,a\r\n2,b", csv("id", "mail", any_end=True)),
        (b'\xef\xbb\xbf"id";"a,b"\n1;2\n', csv("id", "a,b", delimiter=";")),
        (b"id\tmail\n1\ta\n", csv("id", "mail", delimiter="\t")),
        ("id|año\n1|é\n".encode("cp1252"), csv("id", "año", delimiter="|", charset="windows-1252")),
        (b"id,mail\n", None),
        (b"id,id\n1,2\n", None),
        (b"id,\n1,2\n", None),
        (b"id,mail\n1\n", None),
        (b'"id,mail\n1,2\n', None),
        (b"Hello, you", None),
        (b"id\n1\n", None),
        (b"", None),
    ],
)
def test_the_format_of_a_sample_is_told_by_its_content(content: bytes, form: FormatSpec) -> None:
    """What fits none is none: a text is no list of anything."""
    assert guess_format(Sample("", "sample", content)) == form


ROWS = [ticket(1, name="Ana López"), ticket(2, status="REFUNDED")]
FLAT = [
    {key: str(value) for key, value in row.items() if not isinstance(value, dict)} for row in ROWS
]


def lines() -> str:
    """The rows as NDJSON."""
    return "".join(msgspec.json.encode(row).decode() + "\n" for row in ROWS)


def table(sign: str) -> str:
    """The flat members of the rows as CSV."""
    names = [name for name in FLAT[0] if all(name in row for row in FLAT)]
    return "".join(
        sign.join(each) + "\n" for each in (names, *([row[n] for n in names] for row in FLAT))
    )


@pytest.mark.parametrize(
    ("name", "content", "line"),
    [
        ("rows.ndjson", lines(), "format: ndjson"),
        ("rows.csv", table(";"), "format: {csv: {columns: ["),
        ("rows.csv", table("\t"), 'delimiter: "\\t"'),
        ("rows.csv", table(",")[:-1], "any_end: true"),
    ],
)
def test_a_draft_reads_the_format_and_its_case_passes(
    run: Any, name: str, content: str, line: str
) -> None:
    """Nothing personal is left in the case, which `test` runs."""
    Path(name).write_text(content, "utf-8")

    code, _, said = run("draft", f"/orders?email={USER}={name}", "--user", USER, "-o", "acme.yaml")

    assert (code, said) == (0, "")
    assert line in Path("acme.yaml").read_text("utf-8")
    assert run("check", "acme.yaml")[0] == 0
    assert run("test", "acme.yaml") == (0, "acme.cases.yaml: 1 case, 0 failed\n", "")
    cases = Path("acme.cases.yaml").read_text("utf-8")
    assert "López" not in cases
    assert USER not in cases
    assert run("map", "acme.yaml", name, "--user", USER)[0] == 0


def test_the_charset_of_a_csv_file_is_in_the_draft(run: Any) -> None:
    """Where it is not UTF-8."""
    Path("rows.csv").write_bytes("id,año\n1,é\n".encode("cp1252"))

    _, drafted, _ = run("draft", "rows.csv")

    assert "format: {csv: {columns: [id, " in drafted
    assert ", charset: windows-1252}}" in drafted


def test_json_with_a_name_twice_is_no_sample(run: Any) -> None:
    """Nobody knows which was meant, so that no guess is made of either."""
    Path("a.json").write_text('{"a": 1, "a": 2}')

    code, _, said = run("draft", "a.json", "-o", "acme.yaml")

    assert code == 2
    assert "the JSON has a name twice in one object" in said
