"""What drafts are worth on platforms that they were not made with.

`platforms/near` is what drafts are developed on. `platforms/apart` is kept apart: nobody tunes on it. The
answers are made up after public documentation. What is right stands in each file as the tickets that are due:
the fields that the answers give, and none that only someone who knows the platform can add.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import msgspec

from benchmarks.draft_worth import (
    COLUMNS,
    OWNER,
    DraftWorth,
    add_up,
    flatten,
    list_rows,
    owns,
    take_fields_alone,
)
from benchmarks.report import Table, Target
from ticketbridge.engine.tickets.verdicts import RETURNED, Record
from ticketbridge.workbench.cases.case_spec import AnswerSpec, CaseSpec, JsonSent
from ticketbridge.workbench.cases.reader import read_cases
from ticketbridge.workbench.draft.candidates import Guess
from ticketbridge.workbench.draft.documents import list_texts, read_documents
from ticketbridge.workbench.draft.drafting import MappingDraft, make_mapping_draft
from ticketbridge.workbench.draft.first_case import (
    close_open_parts,
    make_answers,
    run_draft,
)
from ticketbridge.workbench.personal.personal_data import PersonalData
from ticketbridge.workbench.samples import Sample

PLATFORMS = Path(__file__).resolve().parent / "platforms"
HALVES = {"near": "developed on", "apart": "kept apart"}
_NOTE = (
    "Fields: the owner, and those of the tickets that are due. A field is right if all these tickets have it"
    " right. Returned: by the draft as it is; where the owner, a status or a condition is TODO, nothing is."
    " Wrongly: returned, and not due."
)


def measure_half(half: str) -> tuple[Table, list[Target]]:
    """Return the table of one half, and what is asked of it."""
    found = [measure_stranger(path) for path in sorted((PLATFORMS / half).glob("*.yaml"))]
    total, said = add_up(found), HALVES[half]
    title = f"Drafts: platforms that were {said}"
    return Table(title, COLUMNS, list_rows(found), _NOTE), [
        Target(
            f"drafts, {said}: share of fields that are right",
            total["right"] / total["fields"],
            at_least=0.75,
        ),
        Target(f"drafts, {said}: tickets that are not due, returned", total["wrong"], at_most=0),
    ]


@cache
def measure_stranger(path: Path) -> DraftWorth:
    """Return what the draft from the answers in *path* is worth."""
    (case,) = read_cases(path).cases
    drafted = draft_stranger(path)
    due: list[dict[str, Any]] = case.expect.tickets or []
    replies = list(make_answers(drafted, PersonalData(case.user), lambda text, _kind: text))
    every = run_draft(take_fields_alone(drafted.parts), replies, case.user, case.now)
    records = every.answer_run.trace.records if every else ()
    pairs = [(t, _find_record(t, records, drafted.plan.record)) for t in due]
    names = list(dict.fromkeys(name for ticket in due for name in ticket if name != "status"))
    missed = [name for name in names if not all(_is_right(name, *pair) for pair in pairs)]
    if not all(record and owns(record, drafted, case.user) for _, record in pairs):
        missed.append(OWNER)
    returned = list(_list_returned(drafted, case, replies))
    found = [_find_record(t, returned, drafted.plan.record) for t in due]
    valid = len({id(record) for record in found if record is not None})
    todo = sum(isinstance(g, Guess) and g.is_open for g in drafted.parts.fields.values())
    wrong = len(returned) - valid
    return DraftWorth(path.stem, len(names) + 1, missed, todo, len(due), valid, wrong)


def draft_stranger(path: Path) -> MappingDraft:
    """Return the draft from the answers in *path*."""
    (case,) = read_cases(path).cases
    documents = read_documents([_make_sample(answer) for answer in case.answers])
    return make_mapping_draft(documents, path.stem, case.user)


def _make_sample(answer: AnswerSpec) -> Sample:
    sent = msgspec.json.encode(answer.sent.given) if isinstance(answer.sent, JsonSent) else None
    return Sample(answer.asked, answer.asked, answer.content, sent)


def _list_returned(drafted: MappingDraft, case: CaseSpec, replies: Any) -> Iterator[Record]:
    parts = drafted.parts
    judges = [parts.owner, *(c.guess for c in parts.conditions)]
    if any(guess.is_open for guess in judges) or any(t.is_open for t in parts.tables):
        return
    if not parts.tables:
        return
    run = run_draft(close_open_parts(parts), replies, case.user, case.now)
    records = run.answer_run.trace.records if run else ()
    yield from (record for record in records if record.verdict == RETURNED)


def _find_record(ticket: Mapping[str, Any], records: Sequence[Record], name: str) -> Record | None:
    """Return the record whose innermost binding, called *name*, holds the ticket's id; None if none does."""
    wanted = ticket["ticketId"]
    return next((r for r in records if wanted in set(list_texts((r.scope or {}).get(name)))), None)


def _is_right(name: str, ticket: Mapping[str, Any], record: Record | None) -> bool:
    if record is None:
        return False
    made = {o.name: o.made for o in record.fields if o.name.partition(".")[0] == name}
    return flatten(name, ticket.get(name)) == {n: v for n, v in made.items() if _is_given(v)}


def _is_given(value: Any) -> bool:
    return isinstance(value, str | int | float)
