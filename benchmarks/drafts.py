"""How much of a mapping `ticketbridge draft` gets right, and how much is left to write by hand.

The samples are those of the first case beside each mapping of a known platform; what is right is what
that mapping gives for them. A draft that was repaired lies in `benchmarks/repaired/`: it gives just the
tickets of the first case, and in no other case a ticket that is not due.

Platforms that drafts were not made with are in `strangers`.
"""

from __future__ import annotations

import asyncio
import difflib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache, partial
from pathlib import Path

from benchmarks.draft_worth import COLUMNS, DraftWorth, add_up, list_rows, measure_draft
from benchmarks.report import Part, Table, Target
from benchmarks.strangers import HALVES, measure_half
from ticketbridge.engine.tickets.verdicts import RETURNED, Record
from ticketbridge.workbench.answer_run import AnswerRun, run_answer
from ticketbridge.workbench.cases.case_platform import CasePlatform
from ticketbridge.workbench.cases.case_spec import AnswerSpec, CaseSpec
from ticketbridge.workbench.cases.reader import read_cases
from ticketbridge.workbench.cases.runner import (
    CaseRun,
    SkippingLoop,
    cases_file,
    compile_for_cases,
    load_for_cases,
    run_case,
)
from ticketbridge.workbench.draft.documents import Document, read_documents
from ticketbridge.workbench.draft.drafting import MappingDraft, make_mapping_draft
from ticketbridge.workbench.samples import Sample

ROOT = Path(__file__).resolve().parent
MAPPINGS = ROOT.parent / "mappings"
REPAIRED = ROOT / "repaired"
PLATFORMS = (
    "demo",
    "eventbrite",
    "hievents",
    "pretix",
    "tickettailor",
    "tito",
    "uitpas",
    "woocommerce",
)


def measure(*, quick: bool = False) -> Part:
    """The tables, and what is asked of them."""
    del quick
    found = [measured(platform) for platform in PLATFORMS]
    total = add_up(found)
    repaired = [edits(path.stem) for path in sorted(REPAIRED.glob("*.yaml"))]
    halves = [measure_half(half) for half in HALVES]
    return Part(
        [
            Table(
                "Drafts: fields as the platform's own mapping gives them",
                COLUMNS,
                list_rows(found),
                _NOTE,
            ),
            Table(
                "Repair: lines that were changed in a draft",
                _EDITS,
                [e.row for e in repaired],
                _EDITED,
            ),
            *(table for table, _ in halves),
        ],
        [
            Target(
                "drafts: share of fields that are right",
                total["right"] / total["fields"],
                at_least=0.8,
            ),
            Target("drafts: tickets that are not valid, returned", total["wrong"], at_most=0),
            Target("repair: lines changed to lines written", _share(repaired), at_most=0.5),
            *(target for _, targets in halves for target in targets),
        ],
    )


_NOTE = (
    "Fields: the owner, and those of the tickets that are due. Returned: of the tickets that are due, by the"
    " draft as it is. A record of unknown status is left out, but where no word of a table is known, all"
    " count as valid. Wrongly: returned, and not due."
)
_EDITS = ("", "lines of the mapping", "of them as drafted", "changed or added", "removed")
_EDITED = (
    "Without comments and blank lines. The repaired mapping gives the tickets of the first case, and in no"
    " other case of the platform one that is not due."
)


# --- fields ---------------------------------------------------------------------------------------


@cache
def measured(platform: str) -> DraftWorth:
    """The draft for *platform* against its mapping."""
    case = first_case(platform)
    drafted = draft_of(platform)
    records = [r for r in _truth(platform, case).trace.records if r.verdict == RETURNED]
    due = [(r.ticket or {}, partial(_same, r, name=drafted.plan.record)) for r in records]
    return measure_draft(platform, drafted, case, due)


def first_case(platform: str) -> CaseSpec:
    """The first case beside the platform's mapping."""
    return read_cases(cases_file(MAPPINGS / f"{platform}.yaml")).cases[0]


def draft_of(platform: str) -> MappingDraft:
    """The draft from what the platform answers in that case."""
    case = first_case(platform)
    return make_mapping_draft(_documents(case), platform, case.user)


def _documents(case: CaseSpec) -> list[Document]:
    return read_documents([_sample(answer) for answer in case.answers if answer.content])


def _sample(answer: AnswerSpec) -> Sample:
    return Sample(answer.asked, answer.asked, answer.content)


def _truth(platform: str, case: CaseSpec) -> AnswerRun:
    bridge = compile_for_cases(load_for_cases(MAPPINGS / f"{platform}.yaml"))
    bridge = bridge.with_last_stage(CasePlatform(case.answers, bridge.spec).send, logs_in=False)
    with asyncio.Runner(loop_factory=SkippingLoop) as runner:
        return runner.run(run_answer(bridge, case.user, now=case.now))


def _same(record: Record, others: Sequence[Record], *, name: str) -> Record | None:
    """The draft's record, bound by *name*, that is made from what *record* of the mapping is made from."""
    bound = list((record.scope or {}).values())
    return next((o for o in others if o.scope and o.scope.get(name) in bound), None)


# --- repair ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Edits:
    """How a final mapping came from a draft, in lines."""

    platform: str
    lines: int
    kept: int
    removed: int
    failures: Sequence[str] = field(default=())

    @property
    def changed(self) -> int:
        """Lines that had to be written."""
        return self.lines - self.kept

    @property
    def row(self) -> list[str]:
        """As the table has it."""
        return [self.platform, *map(str, (self.lines, self.kept, self.changed, self.removed))]


@cache
def edits(platform: str) -> Edits:
    """The repaired mapping against its draft; *failures* are the cases in which it gives what is not due."""
    final = REPAIRED / f"{platform}.yaml"
    bridge = compile_for_cases(load_for_cases(final))
    cases = read_cases(cases_file(MAPPINGS / f"{platform}.yaml")).cases
    with asyncio.Runner(loop_factory=SkippingLoop) as runner:
        ran = [(case, runner.run(run_case(case, bridge))) for case in cases]
    failed = [case.name for case, one in ran if not _is_due(case, one, whole=case is cases[0])]
    drafted, repaired = _code(draft_of(platform).text), _code(final.read_text("utf-8"))
    matcher = difflib.SequenceMatcher(None, drafted, repaired, autojunk=False)
    kept = sum(block.size for block in matcher.get_matching_blocks())
    return Edits(platform, len(repaired), kept, len(drafted) - kept, failed)


def _is_due(case: CaseSpec, ran: CaseRun, *, whole: bool) -> bool:
    """Whether nothing went out that is not due; *whole*: and all that is."""
    made = ran.outcome.tickets if ran.outcome else []
    due = case.expect.body[0]["tickets"] if case.expect.body else case.expect.tickets or []
    return made == due if whole else all(ticket in due for ticket in made)


def _code(text: str) -> list[str]:
    """The lines that say something, without comments."""
    return list(_stripped(text.splitlines()))


def _stripped(lines: Sequence[str]) -> Iterator[str]:
    for line in lines:
        code = line.partition("  #")[0].rstrip()
        if code and not code.lstrip().startswith("#"):
            yield code


def _share(repaired: Sequence[Edits]) -> float:
    return sum(e.changed for e in repaired) / max(1, sum(e.lines for e in repaired))
