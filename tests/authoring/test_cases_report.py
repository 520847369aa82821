"""How results are written."""

from __future__ import annotations

import json
from pathlib import Path

from ticketbridge.authoring.cases import WRITERS, CaseResult, as_json, as_text
from ticketbridge.mapping.findings import Place


def _result(name: str, message: str = "", file: str = "acme.cases.yaml") -> CaseResult:
    return CaseResult(file, name, Place(file, 3, 1), not message, message)


def test_text_shows_failures_and_sums_up_each_file() -> None:
    """A failure has its place and a line for each reason; what passed is only counted."""
    results = [_result("one"), _result("two", "a\nb"), _result("three", file="b.cases.yaml")]

    assert as_text(results) == (
        "acme.cases.yaml:3:1: failed: two\n"
        "    a\n"
        "    b\n"
        "acme.cases.yaml: 2 cases, 1 failed\n"
        "b.cases.yaml: 1 case, 0 failed"
    )


def test_text_names_mappings_without_cases() -> None:
    """They are not passed over in silence."""
    assert as_text([], [Path("acme.yaml")]) == "acme.yaml: no cases"


def test_json_is_a_list_of_results() -> None:
    """Each with file, case, result and message, and nothing else."""
    rows = json.loads(as_json([_result("one"), _result("two", "a")]))

    assert rows == [
        {"file": "acme.cases.yaml", "case": "one", "result": "pass", "message": ""},
        {"file": "acme.cases.yaml", "case": "two", "result": "fail", "message": "a"},
    ]


def test_both_writers_take_the_same() -> None:
    """A command line can look its format up."""
    assert {name: write([], [Path("a.yaml")]) for name, write in WRITERS.items()} == {
        "text": "a.yaml: no cases",
        "json": "[]",
    }
