"""What drafts are worth on platforms that they were not made with.

`platforms/near` is what drafts are developed on. `platforms/apart` is kept apart: nobody tunes on it. The
answers are made up after public documentation. What is right stands in each file as the tickets that are due:
the fields that the answers give, and none that only someone who knows the platform can add.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache, partial
from pathlib import Path
from typing import Any

import msgspec

from benchmarks.draft_worth import COLUMNS, DraftWorth, add_up, list_rows, measure_draft
from benchmarks.report import Table, Target
from ticketbridge.engine.tickets.verdicts import Record
from ticketbridge.workbench.cases.case_spec import AnswerSpec, JsonSent
from ticketbridge.workbench.cases.reader import read_cases
from ticketbridge.workbench.draft.documents import list_texts, read_documents
from ticketbridge.workbench.draft.draft_writing import DraftParts
from ticketbridge.workbench.draft.drafting import MappingDraft, make_mapping_draft
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
    name = drafted.plan.record
    due = [(t, partial(_find_record, t, name=name)) for t in case.expect.tickets or []]
    return measure_draft(path.stem, drafted, case, due, is_closed=_is_closed(drafted.parts))


def draft_stranger(path: Path) -> MappingDraft:
    """Return the draft from the answers in *path*."""
    (case,) = read_cases(path).cases
    documents = read_documents([_make_sample(answer) for answer in case.answers])
    return make_mapping_draft(documents, path.stem, case.user)


def _make_sample(answer: AnswerSpec) -> Sample:
    sent = msgspec.json.encode(answer.sent.given) if isinstance(answer.sent, JsonSent) else None
    return Sample(answer.asked, answer.asked, answer.content, sent)


def _is_closed(parts: DraftParts) -> bool:
    """Whether all that judges a record was guessed."""
    judges = [parts.owner, *(c.guess for c in parts.conditions)]
    tables = bool(parts.tables) and not any(table.is_open for table in parts.tables)
    return tables and not any(guess.is_open for guess in judges)


def _find_record(
    ticket: Mapping[str, Any], records: Sequence[Record], *, name: str
) -> Record | None:
    """Return the record whose innermost binding, called *name*, holds the ticket's id; None if none does."""
    wanted = ticket["ticketId"]
    return next((r for r in records if wanted in set(list_texts((r.scope or {}).get(name)))), None)
