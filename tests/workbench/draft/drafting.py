"""Drafts from documents, as tests ask for them."""

from __future__ import annotations

import json
from typing import Any

from tests.support import USER
from ticketbridge.workbench.draft.candidates import Guess
from ticketbridge.workbench.draft.documents import read_documents
from ticketbridge.workbench.draft.drafting import MappingDraft, make_mapping_draft
from ticketbridge.workbench.samples import Sample


def draft(*answers: Any, user: str | None = USER) -> MappingDraft:
    """The draft from *answers*: documents, XML texts, or pairs of a target and one of these.

    A third part is the body of the POST that was answered.
    """
    return make_mapping_draft(read_documents([_sample(a) for a in answers]), "acme", user)


def _sample(answer: Any) -> Sample:
    target, value, *sent = answer if isinstance(answer, tuple) else ("", answer)
    text = value if isinstance(value, str) else json.dumps(value)
    bodies = [body if isinstance(body, bytes) else json.dumps(body).encode() for body in sent]
    return Sample(target, target or "sample", text.encode(), *bodies)


def source(*answers: Any, user: str | None = USER) -> list[str]:
    """The lines of the drafted `source`, without comments."""
    text = draft(*answers, user=user).text.partition("\nsource:\n")[2].partition("\n\nticket:")[0]
    return [line.partition("  #")[0].strip() for line in text.splitlines()]


def fields(drafted: MappingDraft) -> dict[str, str]:
    """The expressions of the fields that are no objects."""
    return {name: g.text for name, g in drafted.parts.fields.items() if isinstance(g, Guess)}


def guess(drafted: MappingDraft, name: str) -> Guess:
    """The guess of one field."""
    found = drafted.parts.fields[name]
    assert isinstance(found, Guess)
    return found


def conditions(drafted: MappingDraft) -> dict[str, str]:
    """The drafted `not_eligible_when`."""
    return {condition.name: condition.guess.text for condition in drafted.parts.conditions}


def entries(drafted: MappingDraft) -> dict[str, str]:
    """The drafted `source`: what each entry binds."""
    return {entry.name: f"{entry.kind} {entry.text}" for entry in drafted.parts.entries}


def ticket(number: int = 1, **changes: Any) -> dict[str, Any]:
    """A platform's ticket in which nothing is missing."""
    return {
        "id": number,
        "status": "PAID",
        "event_id": "fest",
        "category_id": "A",
        "price": 12.5,
        "currency": "EUR",
        "email": USER,
        **changes,
    }


def tickets(*several: Any) -> dict[str, Any]:
    """An answer with a list of them."""
    return {"tickets": list(several or (ticket(1), ticket(2)))}
