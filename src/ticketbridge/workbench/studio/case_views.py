"""The cases of the mapping on screen: run, measured, and made from what is shown."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import product
from pathlib import Path

import msgspec

from ticketbridge.engine.upstream.messages import PlatformAnswer
from ticketbridge.mapping import Environment
from ticketbridge.mapping.findings import MappingError
from ticketbridge.mapping.spec import MappingSpec
from ticketbridge.workbench.answer_run import AnswerRun
from ticketbridge.workbench.call_formats import find_formats, write_in_charset
from ticketbridge.workbench.cases.case_spec import CaseSpec
from ticketbridge.workbench.cases.coverage import measure_coverage
from ticketbridge.workbench.cases.runner import run_each
from ticketbridge.workbench.mutants.survivors import run_mutants
from ticketbridge.workbench.personal.personal_data import PersonalData
from ticketbridge.workbench.personal.personal_kinds import mask
from ticketbridge.workbench.record.case_writing import WrittenCase
from ticketbridge.workbench.record.recording import RecordError, keep_case, make_case
from ticketbridge.workbench.studio.run_view import FindingView, name_lines, view_finding
from ticketbridge.workbench.studio.stored_cases import StoredCases
from ticketbridge.workbench.studio.studio_run import MappingText

_NO_VARIABLES = Environment.offline()


class CaseView(msgspec.Struct, frozen=True):
    """The result of one case, with what differs."""

    name: str
    line: int
    passed: bool
    message: str


class CasesView(msgspec.Struct, frozen=True):
    """The results of all cases, or why they cannot be run."""

    cases: Sequence[CaseView] = ()
    findings: Sequence[FindingView] = ()


class GapView(msgspec.Struct, frozen=True):
    """What no case notices, at its line: a part that none exercises, or a slip that survives."""

    line: int
    kind: str
    words: str


class GapsView(msgspec.Struct, frozen=True):
    """All gaps, and how many slips were tried and noticed; *reason* says why they were not tried."""

    gaps: Sequence[GapView] = ()
    points: int = 0
    met: int = 0
    slips: int = 0
    noticed: int = 0
    reason: str = ""


def run_cases(text: MappingText, stored: StoredCases, *, personal: bool) -> CasesView:
    """Run the stored cases on the mapping *text*; *personal* data is shown, or masked."""
    try:
        bridge, _ = text.compile(_NO_VARIABLES)
        cases = stored.read()
    except MappingError as error:
        return CasesView((), [view_finding(finding, text.file) for finding in error.findings])
    results = run_each(bridge, cases.cases)
    return CasesView(
        [
            CaseView(
                result.case,
                result.place.line,
                result.passed,
                name_lines(
                    result.message if personal else _hide(case, result.message, bridge.spec)
                ),
            )
            for case, result in zip(cases.cases, results, strict=True)
        ]
    )


def _hide(case: CaseSpec, message: str, spec: MappingSpec) -> str:
    """Return a *message* about *case* without personal data: who is in a case need not be made up."""
    if not message:
        return ""
    personal = PersonalData(case.user)
    personal.learn([case.expect.tickets, *(case.expect.body or ())])
    forms = set(find_formats(spec).values())
    for answer, form in product(case.answers, forms):
        content = write_in_charset(answer.content, form, answer.content_type)
        headers = {"content-type": answer.content_type}
        personal.learn_answer(PlatformAnswer(answer.status, headers, content), form)
    return personal.replace_in_text(message, mask)


def find_gaps(text: MappingText, stored: StoredCases) -> GapsView:
    """Return what the cases leave out of the mapping *text*, which they must pass."""
    try:
        bridge, _ = text.compile(_NO_VARIABLES)
        cases = stored.read()
    except MappingError as error:
        return GapsView(reason=f"the mapping or its cases have errors: {error.findings[0].message}")
    points = measure_coverage(bridge.spec, cases.cases)
    gaps = [GapView(p.place.line, "coverage", p.lacking) for p in points if not p.met]
    met = sum(point.met for point in points)
    if not all(result.passed for result in run_each(bridge, cases.cases)):
        return GapsView(
            gaps, len(points), met, reason="a case fails: slips are tried once all pass"
        )
    mutants = run_mutants(bridge.spec, cases)
    gaps += [GapView(s.place.line, "mutant", s.change) for s in mutants.unlisted]
    return GapsView(gaps, len(points), met, mutants.total, mutants.noticed)


# --- a case from the screen -----------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class PreparedCase:
    """A case that was made and not kept yet."""

    name: str
    written: WrittenCase = field(repr=False)
    text: MappingText = field(repr=False)

    def keep(self, file: Path) -> None:
        """Add the case to *file*, after it has passed. Raises RecordError."""
        bridge, _ = self.text.compile(_NO_VARIABLES)
        keep_case(self.written, self.name, file, bridge)


def prepare_case(
    answer_run: AnswerRun, text: MappingText, name: str, stored: StoredCases
) -> PreparedCase:
    """Return what *answer_run* shows as a case, with made-up personal data. Raises RecordError."""
    if name in {case.name for case in stored.read().cases}:
        raise RecordError(f"there is a case `{name}` already")
    bridge, _ = text.compile(_NO_VARIABLES)
    return PreparedCase(name, make_case(answer_run, bridge, name, longest=None), text)
