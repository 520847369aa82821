"""What a draft gives out, run on its own samples."""

from __future__ import annotations

from typing import Any

from tests.support import USER
from tests.workbench.draft.drafting import draft, ticket, tickets
from ticketbridge.engine.tickets.verdicts import RETURNED
from ticketbridge.workbench.draft.drafting import MappingDraft
from ticketbridge.workbench.draft.first_case import close_open_parts, make_answers, run_draft
from ticketbridge.workbench.personal.personal_data import PersonalData

ORDERS = f"/orders?email={USER}"


def given_out(drafted: MappingDraft) -> list[str | None]:
    """The ids of the tickets that the draft returns, with something in place of each TODO."""
    replies = list(make_answers(drafted, PersonalData(USER), lambda text, _kind: text))
    ran = run_draft(close_open_parts(drafted.parts), replies, USER, None)
    assert ran is not None
    assert ran.answer_run.problem is None
    records = ran.answer_run.trace.records
    return [record.ticket_id for record in records if record.verdict == RETURNED]


def changed(*several: dict[str, Any]) -> dict[str, Any]:
    """An answer with a good ticket for each of *several*, changed by it; their ids count from 1."""
    return tickets(*({**ticket(n), **changes} for n, changes in enumerate(several, 1)))


def draft_of(*several: dict[str, Any]) -> MappingDraft:
    """The draft of such an answer."""
    return draft((ORDERS, changed(*several)))
