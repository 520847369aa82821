"""From samples to a first mapping."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ticketbridge.authoring.cases.value_text import flow_text
from ticketbridge.authoring.draft.candidates import Candidate, Guess
from ticketbridge.authoring.draft.conditions import (
    guess_conditions,
    guess_list_conditions,
    one_of_each,
    unjudged,
)
from ticketbridge.authoring.draft.credentials import Hidden, hide_credentials
from ticketbridge.authoring.draft.documents import Document
from ticketbridge.authoring.draft.draft_writing import Parts, variable_prefix, written
from ticketbridge.authoring.draft.entries import Plan
from ticketbridge.authoring.draft.field_guesses import (
    guess_buyer,
    guess_ids,
    guess_owner,
    guess_seating,
)
from ticketbridge.authoring.draft.money import find_price, guess_currency, guess_price
from ticketbridge.authoring.draft.paging import Pages, guess_pages
from ticketbridge.authoring.draft.plan import planned
from ticketbridge.authoring.draft.status_tables import guess_kinds, guess_others, guess_tables
from ticketbridge.authoring.personal.personal_data import Findings

_AUTH = 'auth: {{type: bearer, token: "${{{}_TOKEN}}"}}  # unsure: see how the platform wants its credentials'


@dataclass(frozen=True, slots=True)
class Drafted:
    """The text of a mapping, the plan that it was made by, and the credentials that were in the samples."""

    text: str
    plan: Plan
    parts: Parts
    hidden: Hidden


def draft_mapping(
    documents: Sequence[Document],
    platform: str,
    user: str | None,
    *,
    auth: Sequence[str] = (),
    notes: Sequence[str] = (),
) -> Drafted:
    """A first mapping from *documents*; *user* is whose tickets are in them, where that is known.

    *auth* are the lines of the credentials, *notes* go to the top.
    """
    prefix = variable_prefix(platform)
    hidden = hide_credentials(documents, user, prefix)
    findings = Findings(user or "", secrets=hidden.secrets)
    for document in hidden.documents:
        findings.learn(document.value)
    plan = planned(hidden.documents, user, findings.touches)
    candidates = plan.candidates()
    owner = guess_owner(candidates, user)
    price, _ = find_price(candidates)
    costs = price.candidate if price else None
    conditions = [
        *guess_conditions(candidates, costs),
        *guess_list_conditions(plan.scopes, plan.way),
        *guess_others(candidates),
    ]
    kinds = guess_kinds(candidates, plan.scopes, plan.record)
    parts = Parts(
        platform,
        auth or [_auth(hidden, prefix)],
        plan.entries,
        _pages(plan),
        owner,
        [*guess_tables(candidates, costs), *kinds],
        one_of_each(conditions),
        _fields(candidates, plan.record, owner),
        notes,
        unjudged=unjudged(candidates, conditions),
    )
    return Drafted(written(parts), plan, parts, hidden)


def _auth(hidden: Hidden, prefix: str) -> str:
    """The line of the credentials: a parameter of each call that was seen to be one, else a guess."""
    if hidden.key is None:
        return _AUTH.format(prefix)
    name, variable = hidden.key
    key = flow_text({"type": "api_key", "in": "query", "name": name, "value": variable})
    return f"auth: {key}  # likely: `{name}` in all requests of the samples"


def _pages(plan: Plan) -> dict[str, Pages]:
    found = {}
    for entry in plan.entries:
        if entry.call is not None and entry.kind != "take":
            pages = guess_pages(entry.call, entry.path)
            if pages is not None:
                found[entry.name] = pages
    return found


def _fields(
    candidates: Sequence[Candidate], record: str, owner: Guess
) -> Mapping[str, Guess | Mapping[str, Guess]]:
    ids = guess_ids(candidates, record)
    price, near = find_price(candidates)
    currency, plain = guess_currency(candidates, price.candidate if price else None)
    fields: dict[str, Guess | Mapping[str, Guess]] = {
        "ticketId": ids.ticket,
        "externalReferenceEventId": ids.event,
        "showId": ids.show,
        "ticketOptionId": ids.option,
    }
    if ids.price_type is not None:
        fields["priceTypeId"] = ids.price_type
    fields["price"] = guess_price(price, near, plain)
    fields["currency"] = currency
    buyer = guess_buyer(candidates, owner)
    if buyer is not None:
        fields["buyer"] = buyer
    seating = guess_seating(candidates)
    if seating:
        fields["props"] = {"seating": seating}  # type: ignore[dict-item]
    return fields
