"""The results of a run of cases: as text, as JSON, and as JUnit XML for continuous integration."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree as ET

from ticketbridge.mapping.findings import Finding
from ticketbridge.terminal import UsageError
from ticketbridge.workbench.cases.mapping_runs import MappingRun, MappingRuns
from ticketbridge.workbench.cases.runner import CaseResult, cases_file
from ticketbridge.workbench.cases.value_text import make_legal_xml, write_document, write_scalar
from ticketbridge.workbench.mutants.survivors import MutantRun, Survivor


@dataclass(frozen=True, slots=True)
class Row:
    """One thing that was tested: a case, or the `coverage` or the `mutants` of a mapping."""

    file: str
    case: str
    passed: bool
    message: str


def list_rows(run: MappingRuns) -> Iterator[Row]:
    """Yield the rows of *run*, mapping by mapping."""
    for tested in run.mappings:
        for result in tested.results:
            yield Row(result.file, result.case, result.passed, result.message)
        yield from _list_left_out(tested)


def _list_left_out(tested: MappingRun) -> Iterator[Row]:
    file = str(tested.mapping)
    if tested.points is not None:
        lines = [f"{gap.place}: {gap.lacking}" for gap in tested.gaps]
        yield Row(file, "coverage", not lines, "\n".join(lines))
    if tested.mutants is not None:
        lines = list(map(_describe_survivor, tested.mutants.unlisted))
        yield Row(file, "mutants", not lines, "\n".join(lines))


def _describe_survivor(survivor: Survivor) -> str:
    return f"{survivor.place}: no case notices {survivor.change} ({survivor.name})"


# --- text and JSON --------------------------------------------------------------------------------


def as_text(run: MappingRuns) -> str:
    """Return the failures and gaps, with places, and then a line for each mapping."""
    lines = [line for tested in run.mappings for line in _describe_details(tested)]
    lines += [
        f"{cases_file(tested.mapping)}: {'; '.join(_count_results(tested))}"
        for tested in run.mappings
    ]
    lines += [f"{mapping}: no cases" for mapping in run.without_cases]
    return "\n".join(lines)


def as_json(run: MappingRuns) -> str:
    """Return a JSON list of `{file, case, result: pass|fail, message}`."""
    listed = [
        {
            "file": row.file,
            "case": row.case,
            "result": "pass" if row.passed else "fail",
            "message": row.message,
        }
        for row in list_rows(run)
    ]
    return write_document(listed)


WRITERS: Mapping[str, Callable[[MappingRuns], str]] = {"text": as_text, "json": as_json}


def _describe_details(tested: MappingRun) -> Iterator[str]:
    yield from (_describe_failure(result) for result in tested.results if not result.passed)
    yield from (f"{gap.place}: not covered: {gap.lacking}" for gap in tested.gaps)
    yield from map(_describe_survivor_in_text, tested.mutants.unlisted if tested.mutants else ())


def _describe_failure(result: CaseResult) -> str:
    reasons = "".join(f"\n    {line}" for line in result.message.split("\n"))
    return f"{result.place}: failed: {result.case}{reasons}"


def _describe_survivor_in_text(survivor: Survivor) -> str:
    # The second line is what `survivors` of the cases file lists it by.
    return f"{survivor.place}: no case notices {survivor.change}\n    {write_scalar(survivor.name)}"


def _count_results(tested: MappingRun) -> Iterator[str]:
    count = len(tested.results)
    failed = sum(not result.passed for result in tested.results)
    yield f"{count} case{'' if count == 1 else 's'}, {failed} failed"
    if tested.points is not None:
        yield f"{len(tested.points) - len(tested.gaps)} of {len(tested.points)} covered"
    if tested.mutants is not None:
        yield _describe_score(tested.mutants)


def _describe_score(mutants: MutantRun) -> str:
    score = f"{mutants.noticed} of {mutants.total} slips noticed"
    if mutants.total:
        score += f" ({100 * mutants.noticed // mutants.total} %)"
    return f"{score}, {mutants.listed} listed with a reason" if mutants.listed else score


# --- JUnit ----------------------------------------------------------------------------------------


def as_junit(run: MappingRuns) -> str:
    """Return JUnit XML: a suite for each file. A file that cannot be used is an error in its own suite."""
    root = ET.Element("testsuites", name="ticketbridge test")
    suites: dict[str, list[Row]] = defaultdict(list)
    for row in list_rows(run):
        suites[row.file].append(row)
    for file, members in suites.items():
        _add_suite(root, file, members)
    for finding in run.findings:
        _add_error(root, finding)
    ET.indent(root)
    return ET.tostring(root, encoding="unicode", xml_declaration=True) + "\n"


def _add_suite(root: ET.Element, file: str, members: Sequence[Row]) -> None:
    failed = sum(not row.passed for row in members)
    suite = _add_counted(root, file, tests=len(members), failures=failed, errors=0)
    for row in members:
        case = ET.SubElement(
            suite, "testcase", classname=make_legal_xml(file), name=make_legal_xml(row.case)
        )
        if not row.passed:
            message = make_legal_xml(row.message)
            failure = ET.SubElement(case, "failure", message=message.partition("\n")[0])
            failure.text = message


def _add_error(root: ET.Element, finding: Finding) -> None:
    file = finding.place.file
    suite = _add_counted(root, file, tests=1, failures=0, errors=1)
    case = ET.SubElement(suite, "testcase", classname=make_legal_xml(file), name=finding.code)
    ET.SubElement(case, "error", message=make_legal_xml(str(finding)))


def _add_counted(root: ET.Element, name: str, **counts: int) -> ET.Element:
    numbers = {key: str(count) for key, count in counts.items()}
    return ET.SubElement(root, "testsuite", {"name": make_legal_xml(name), **numbers})


# --- files ----------------------------------------------------------------------------------------


class OutputError(UsageError):
    """A file cannot be written; the message names it."""


def write_text(file: Path, text: str) -> None:
    """Write *text* to *file* in UTF-8, line breaks as they are. Raises OutputError."""
    try:
        file.write_bytes(text.encode())
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "no legal path"
        raise OutputError(f"{file}: cannot be written: {reason}") from None
