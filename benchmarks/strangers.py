"""What drafts are worth on platforms that they were not made with.

`platforms/near` is what drafts are developed on. `platforms/apart` is kept apart: nobody tunes on it. The
answers are made up after public documentation. What is right stands in each file as the tickets that are due:
the fields that the answers give, and none that only someone who knows the platform can add.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

import msgspec

from benchmarks.flat_fields import flatten
from benchmarks.report import Table, Target
from ticketbridge.engine.tickets.steps import is_owner
from ticketbridge.engine.tickets.verdicts import RETURNED, Record
from ticketbridge.workbench.cases.case_spec import AnswerSpec, CaseSpec, JsonSent
from ticketbridge.workbench.cases.reader import read_cases
from ticketbridge.workbench.draft.candidates import Guess
from ticketbridge.workbench.draft.documents import read_documents
from ticketbridge.workbench.draft.draft_writing import DraftParts
from ticketbridge.workbench.draft.drafting import MappingDraft, make_mapping_draft
from ticketbridge.workbench.draft.first_case import (
    accept_any_owner,
    close_open_parts,
    make_answers,
    run_draft,
)
from ticketbridge.workbench.personal.personal_data import PersonalData
from ticketbridge.workbench.samples import Sample

PLATFORMS = Path(__file__).resolve().parent / "platforms"
HALVES = {"near": "developed on", "apart": "kept apart"}
OWNER = "owner"
_COLUMNS = ("", "fields", "right", "TODO", "tickets", "returned", "wrongly")
_NOTE = (
    "Fields: the owner, and those of the tickets that are due. A field is right if all these tickets have it"
    " right. Returned: by the draft as it is; where the owner, a status or a condition is TODO, nothing is."
    " Wrongly: returned, and not due."
)


@dataclass(frozen=True, slots=True)
class Stranger:
    """What the draft for one platform is worth. *missed* are the fields that are not right."""

    platform: str
    fields: int
    missed: Sequence[str]
    todo: int
    due: int
    returned: int
    wrong: int

    @property
    def right(self) -> int:
        """How many fields are right."""
        return self.fields - len(self.missed)

    @property
    def row(self) -> list[str]:
        """The row of the table."""
        numbers = (self.fields, self.right, self.todo, self.due, self.returned, self.wrong)
        return [self.platform, *map(str, numbers)]


def measure_half(half: str) -> tuple[Table, list[Target]]:
    """Return the table of one half, and what is asked of it."""
    found = [measure_stranger(path) for path in sorted((PLATFORMS / half).glob("*.yaml"))]
    sums = ("fields", "right", "todo", "due", "returned", "wrong")
    total = {name: sum(getattr(one, name) for one in found) for name in sums}
    rows = [*(one.row for one in found), ["all", *map(str, total.values())]]
    said = HALVES[half]
    return Table(f"Drafts: platforms that were {said}", _COLUMNS, rows, _NOTE), [
        Target(
            f"drafts, {said}: share of fields that are right",
            total["right"] / total["fields"],
            at_least=0.75,
        ),
        Target(f"drafts, {said}: tickets that are not due, returned", total["wrong"], at_most=0),
    ]


@cache
def measure_stranger(path: Path) -> Stranger:
    """Return what the draft from the answers in *path* is worth."""
    (case,) = read_cases(path).cases
    drafted = draft_stranger(path)
    due: list[dict[str, Any]] = case.expect.tickets or []
    replies = list(make_answers(drafted, PersonalData(case.user), lambda text, _kind: text))
    every = run_draft(_take_fields_alone(drafted.parts), replies, case.user, case.now)
    records = every.answer_run.trace.records if every else ()
    pairs = [(t, _find_record(t, records, drafted.plan.record)) for t in due]
    names = list(dict.fromkeys(name for ticket in due for name in ticket if name != "status"))
    missed = [name for name in names if not all(_is_right(name, *pair) for pair in pairs)]
    if not all(record and _owns(record, drafted, case.user) for _, record in pairs):
        missed.append(OWNER)
    returned = list(_list_returned(drafted, case, replies))
    found = [_find_record(t, returned, drafted.plan.record) for t in due]
    valid = len({id(record) for record in found if record is not None})
    todo = sum(isinstance(g, Guess) and g.is_open for g in drafted.parts.fields.values())
    wrong = len(returned) - valid
    return Stranger(path.stem, len(names) + 1, missed, todo, len(due), valid, wrong)


def draft_stranger(path: Path) -> MappingDraft:
    """Return the draft from the answers in *path*."""
    (case,) = read_cases(path).cases
    documents = read_documents([_make_sample(answer) for answer in case.answers])
    return make_mapping_draft(documents, path.stem, case.user)


def _make_sample(answer: AnswerSpec) -> Sample:
    sent = msgspec.json.encode(answer.sent.given) if isinstance(answer.sent, JsonSent) else None
    return Sample(answer.asked, answer.asked, answer.content, sent)


def _take_fields_alone(parts: DraftParts) -> DraftParts:
    """Return the draft without its checks: each record shows what the fields make of it."""
    return replace(accept_any_owner(close_open_parts(parts)), tables=(), conditions=())


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
    return next(
        (r for r in records if wanted in set(_list_scalars((r.scope or {}).get(name)))), None
    )


def _list_scalars(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for member in value.values():
            yield from _list_scalars(member)
    elif isinstance(value, list):
        for member in value:
            yield from _list_scalars(member)
    else:
        yield str(value)


def _is_right(name: str, ticket: Mapping[str, Any], record: Record | None) -> bool:
    if record is None:
        return False
    made = {o.name: o.made for o in record.fields if o.name.partition(".")[0] == name}
    return flatten(name, ticket.get(name)) == {n: v for n, v in made.items() if _is_given(v)}


def _is_given(value: Any) -> bool:
    return isinstance(value, str | int | float)


def _owns(record: Record, drafted: MappingDraft, user: str) -> bool:
    """Whether the drafted owner is the user here."""
    wanted = drafted.parts.owner.text
    owner = next((c for c in drafted.plan.candidates() if wanted in {c.text, c.safe_text}), None)
    if owner is None or record.scope is None:
        return False
    name = drafted.plan.record
    pairs = zip(owner.values, drafted.plan.scopes, strict=True)
    found = [value for value, scope in pairs if scope[name] == record.scope[name]]
    return bool(found) and all(isinstance(v, str) and is_owner(v, user) for v in found)
