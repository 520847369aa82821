"""How a run is written."""

from __future__ import annotations

import json
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from ticketbridge.mapping.findings import Finding, Place
from ticketbridge.workbench.cases.case_output import WRITERS, as_json, as_junit, as_text
from ticketbridge.workbench.cases.coverage import CoveragePoint
from ticketbridge.workbench.cases.mapping_runs import MappingRun, MappingRuns
from ticketbridge.workbench.cases.runner import CaseResult
from ticketbridge.workbench.mutants.survivors import MutantRun, Survivor

GAP = CoveragePoint(Place("acme.yaml", 4, 2), "no ticket is `resold`", met=False)
MET = CoveragePoint(Place("acme.yaml", 5, 2), "no ticket has `tags`", met=True)
SURVIVOR = Survivor(Place("acme.yaml", 6, 3), "ticket.owner: upstream", "the owner is not compared")


def _result(name: str, message: str = "", file: str = "acme.cases.yaml") -> CaseResult:
    return CaseResult(file, name, Place(file, 3, 1), not message, message)


def _tested(
    *results: CaseResult, name: str = "acme.yaml", mutants: MutantRun | None = None
) -> MappingRun:
    return MappingRun(Path(name), results, mutants=mutants)


def _run(*mappings: MappingRun, findings: tuple[Finding, ...] = ()) -> MappingRuns:
    return MappingRuns(mappings, findings, ())


def test_text_shows_failures_and_sums_up_each_file() -> None:
    """A failure has its place and a line for each reason; what passed is only counted."""
    run = _run(
        _tested(_result("one"), _result("two", "a\nb")),
        _tested(_result("three", file="b.cases.yaml"), name="b.yaml"),
    )

    assert as_text(run) == (
        "acme.cases.yaml:3:1: failed: two\n"
        "    a\n"
        "    b\n"
        "acme.cases.yaml: 2 cases, 1 failed\n"
        "b.cases.yaml: 1 case, 0 failed"
    )


def test_text_names_mappings_without_cases() -> None:
    """They are not passed over in silence."""
    assert as_text(MappingRuns((), (), (Path("acme.yaml"),))) == "acme.yaml: no cases"


def test_text_shows_what_the_cases_leave_out() -> None:
    """Each with its place; a slip with the key by which the cases file lists it."""
    mutants = MutantRun(total=200, unlisted=(SURVIVOR,), listed=1, stale=())
    tested = MappingRun(Path("acme.yaml"), (_result("one"),), (GAP, MET), mutants)

    assert as_text(_run(tested)) == (
        "acme.yaml:4:2: not covered: no ticket is `resold`\n"
        "acme.yaml:6:3: no case notices the owner is not compared\n"
        '    "ticket.owner: upstream"\n'
        "acme.cases.yaml: 1 case, 0 failed; 1 of 2 covered;"
        " 198 of 200 slips noticed (99 %), 1 listed with a reason"
    )


@pytest.mark.parametrize(
    ("slips", "unlisted", "words"),
    [
        pytest.param(3, 0, "3 of 3 slips noticed (100 %)", id="all"),
        pytest.param(300, 1, "299 of 300 slips noticed (99 %)", id="not quite all"),
        pytest.param(0, 0, "0 of 0 slips noticed", id="none to notice"),
    ],
)
def test_the_score_is_never_rounded_up(slips: int, unlisted: int, words: str) -> None:
    """Only all are 100 %."""
    mutants = MutantRun(slips, (SURVIVOR,) * unlisted, listed=0, stale=())

    assert as_text(_run(_tested(_result("one"), mutants=mutants))).endswith(f"; {words}")


def test_json_is_a_list_of_results() -> None:
    """Each with file, case, result and message, and nothing else."""
    rows = json.loads(as_json(_run(_tested(_result("one"), _result("two", "a")))))

    assert rows == [
        {"file": "acme.cases.yaml", "case": "one", "result": "pass", "message": ""},
        {"file": "acme.cases.yaml", "case": "two", "result": "fail", "message": "a"},
    ]


def test_json_has_a_row_for_what_was_looked_at() -> None:
    """The `coverage` and the `mutants` of a mapping, with a line for each thing left out."""
    mutants = MutantRun(total=2, unlisted=(SURVIVOR,), listed=0, stale=())
    run = _run(
        MappingRun(Path("acme.yaml"), (), (GAP,), mutants),
        MappingRun(Path("b.yaml"), (), (MET,), MutantRun(2, (), 0, ())),
    )

    assert [list(row.values()) for row in json.loads(as_json(run))] == [
        ["acme.yaml", "coverage", "fail", "acme.yaml:4:2: no ticket is `resold`"],
        [
            "acme.yaml",
            "mutants",
            "fail",
            "acme.yaml:6:3: no case notices the owner is not compared (ticket.owner: upstream)",
        ],
        ["b.yaml", "coverage", "pass", ""],
        ["b.yaml", "mutants", "pass", ""],
    ]


def test_all_writers_take_the_same() -> None:
    """A command line can look its format up."""
    run = MappingRuns((), (), (Path("a.yaml"),))

    assert {name: write(run) for name, write in WRITERS.items()} == {
        "text": "a.yaml: no cases",
        "json": "[]",
    }


def test_junit_has_a_suite_for_each_file() -> None:
    """With counts, a failure's first line as its message, and files that cannot be used as errors."""
    finding = Finding(Place("bad.cases.yaml", 1, 1), "error", "TB412", "no list")
    run = _run(
        MappingRun(Path("acme.yaml"), (_result("one"), _result("two", "a\nb")), (MET,)),
        findings=(finding,),
    )
    suites = list(ET.fromstring(as_junit(run)))  # noqa: S314 - it is our own
    failed = suites[0][1]

    assert [dict(suite.items()) for suite in suites] == [
        {"name": "acme.cases.yaml", "tests": "2", "failures": "1", "errors": "0"},
        {"name": "acme.yaml", "tests": "1", "failures": "0", "errors": "0"},
        {"name": "bad.cases.yaml", "tests": "1", "failures": "0", "errors": "1"},
    ]
    assert [dict(case.items()) for case in suites[0]] == [
        {"classname": "acme.cases.yaml", "name": "one"},
        {"classname": "acme.cases.yaml", "name": "two"},
    ]
    assert (failed[0].tag, failed[0].get("message"), failed[0].text) == ("failure", "a", "a\nb")
    assert suites[2][0][0].get("message") == "bad.cases.yaml:1:1: error[TB412]: no list"


def test_junit_is_well_formed_whatever_a_case_says() -> None:
    """What XML cannot say is replaced, and what it says otherwise is escaped."""
    run = _run(_tested(_result("a\0<b>&\ud800", 'c\x1b"')))
    (case,) = ET.fromstring(as_junit(run))[0]  # noqa: S314 - it is our own

    assert case.get("name") == "a\ufffd<b>&\ufffd"
    assert case[0].text == 'c\ufffd"'
