"""What a draft is worth: how many fields are right, and which tickets it returns."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from ticketbridge.engine.tickets.steps import is_owner
from ticketbridge.engine.tickets.verdicts import Record
from ticketbridge.workbench.draft.draft_writing import DraftParts
from ticketbridge.workbench.draft.drafting import MappingDraft
from ticketbridge.workbench.draft.first_case import accept_any_owner, close_open_parts

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
