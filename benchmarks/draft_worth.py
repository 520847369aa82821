"""What a draft is worth: how many fields are right, and which tickets it returns."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from ticketbridge.engine.tickets.convert import MISSING
from ticketbridge.engine.tickets.steps import is_owner
from ticketbridge.engine.tickets.verdicts import RETURNED, Record
from ticketbridge.workbench.cases.case_spec import CaseSpec
from ticketbridge.workbench.draft.candidates import Guess
from ticketbridge.workbench.draft.draft_writing import DraftParts
from ticketbridge.workbench.draft.drafting import MappingDraft
from ticketbridge.workbench.draft.first_case import (
    accept_any_owner,
    close_open_parts,
    make_answers,
    run_draft,
)
from ticketbridge.workbench.personal.personal_data import PersonalData

FindRecord = Callable[[Sequence[Record]], Record | None]
"""Finds the record of a draft that a ticket is made from, if there is one."""

OWNER = "owner"
COLUMNS = ("", "fields", "right", "TODO", "tickets", "returned", "wrongly")
_SUMS = ("fields", "right", "todo", "due", "returned", "wrong")


@dataclass(frozen=True, slots=True)
class DraftWorth:
    """What one platform's draft is worth. *missed* are the fields that are not right.

    *returned* counts the tickets that are due and returned; *wrong* counts those that are not due.
    """

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


def measure_draft(
    platform: str,
    drafted: MappingDraft,
    case: CaseSpec,
    due: Sequence[tuple[Mapping[str, Any], FindRecord]],
    *,
    is_closed: bool = True,
) -> DraftWorth:
    """Return what *drafted* is worth where the tickets of *due* are due.

    If it is not *is_closed*, something that judges records is open, and it returns none.
    """
    every = _list_records(take_fields_alone(drafted.parts), drafted, case)
    as_it_is = _list_records(close_open_parts(drafted.parts), drafted, case) if is_closed else ()
    returned = [record for record in as_it_is if record.verdict == RETURNED]
    pairs = [(ticket, find(every)) for ticket, find in due]
    names = list(dict.fromkeys(name for ticket, _ in due for name in ticket if name != "status"))
    missed = [name for name in names if not all(_is_right(name, *pair) for pair in pairs)]
    if not all(record and owns(record, drafted, case.user) for _, record in pairs):
        missed.append(OWNER)
    found = [find(returned) for _, find in due]
    valid = len({id(record) for record in found if record is not None})
    todo = sum(isinstance(g, Guess) and g.is_open for g in drafted.parts.fields.values())
    wrong = len(returned) - valid
    return DraftWorth(platform, len(names) + 1, missed, todo, len(due), valid, wrong)


def _list_records(parts: DraftParts, drafted: MappingDraft, case: CaseSpec) -> Sequence[Record]:
    """Return the records that *parts* make of the samples as they are."""
    replies = list(make_answers(drafted, PersonalData(case.user), lambda text, _kind: text))
    run = run_draft(parts, replies, case.user, case.now)
    return run.answer_run.trace.records if run else ()


def _is_right(name: str, ticket: Mapping[str, Any], record: Record | None) -> bool:
    if record is None:
        return False
    made = {
        o.name: o.made
        for o in record.fields
        if o.name.partition(".")[0] == name and o.made is not MISSING and o.made is not None
    }
    return flatten(name, ticket.get(name)) == made


def add_up(found: Sequence[DraftWorth]) -> dict[str, int]:
    """Return the sums of all platforms, by the name of the member."""
    return {name: sum(getattr(one, name) for one in found) for name in _SUMS}


def list_rows(found: Sequence[DraftWorth]) -> list[list[str]]:
    """Return the rows of a table with COLUMNS: one for each platform, and their sums."""
    rows = [[one.platform, *(str(getattr(one, name)) for name in _SUMS)] for one in found]
    return [*rows, ["all", *map(str, add_up(found).values())]]


def take_fields_alone(parts: DraftParts) -> DraftParts:
    """Return the draft without its checks: each record shows what the fields make of it."""
    return replace(accept_any_owner(close_open_parts(parts)), tables=(), conditions=())


def owns(record: Record, drafted: MappingDraft, user: str) -> bool:
    """Return whether the drafted owner of *record* is *user*."""
    wanted = drafted.parts.owner.text
    owner = next((c for c in drafted.plan.candidates() if wanted in {c.text, c.safe_text}), None)
    if owner is None or record.scope is None:
        return False
    name = drafted.plan.record
    pairs = zip(owner.values, drafted.plan.scopes, strict=True)
    found = [value for value, scope in pairs if scope[name] == record.scope[name]]
    return bool(found) and all(isinstance(v, str) and is_owner(v, user) for v in found)


def flatten(name: str, value: Any) -> dict[str, Any]:
    """Return a field by its dotted names."""
    if isinstance(value, dict):
        return {
            n: v
            for key, member in value.items()
            for n, v in flatten(f"{name}.{key}", member).items()
        }
    return {} if value is None else {name: value}
