"""From samples to a first mapping."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from ticketbridge.workbench.cases.value_text import write_flow
from ticketbridge.workbench.draft.candidates import Candidate, Guess, Scored
from ticketbridge.workbench.draft.conditions import (
    guess_conditions,
    guess_list_conditions,
    list_unjudged,
    name_apart,
)
from ticketbridge.workbench.draft.credentials import HiddenCredentials, hide_credentials
from ticketbridge.workbench.draft.documents import Document
from ticketbridge.workbench.draft.draft_writing import (
    DraftParts,
    Fields,
    make_variable_prefix,
    write_mapping,
)
from ticketbridge.workbench.draft.entries import Plan
from ticketbridge.workbench.draft.field_guesses import (
    guess_buyer,
    guess_owner,
    guess_seating,
)
from ticketbridge.workbench.draft.id_guesses import guess_ids
from ticketbridge.workbench.draft.money import find_price, guess_currency, guess_price
from ticketbridge.workbench.draft.page_guesses import DraftPages, guess_pages, page_whole
from ticketbridge.workbench.draft.plan import make_plan
from ticketbridge.workbench.draft.status_tables import guess_kinds, guess_others, guess_tables
from ticketbridge.workbench.personal.personal_data import PersonalData

_AUTH = 'auth: {{type: bearer, token: "${{{}_TOKEN}}"}}  # unsure: see how the platform wants its credentials'


@dataclass(frozen=True, slots=True)
class MappingDraft:
    """The text of a mapping, how it was planned, and the credentials that were in the samples."""

    text: str
    plan: Plan
    parts: DraftParts
    hidden: HiddenCredentials


def make_mapping_draft(
    documents: Sequence[Document],
    platform: str,
    user: str | None,
    *,
    auth: Sequence[str] = (),
    notes: Sequence[str] = (),
    secrets: frozenset[str] = frozenset(),
) -> MappingDraft:
    """Return a first mapping from *documents*; *user* is whose tickets are in them, if known.

    *auth* are the lines of the credentials; *notes* go to the top. *secrets* are texts that
    must stand nowhere.
    """
    prefix = make_variable_prefix(platform)
    hidden = hide_credentials(documents, user, prefix, auth)
    hidden = replace(hidden, secrets=hidden.secrets | secrets)
    personal = PersonalData(user or "", secrets=hidden.secrets)
    for document in hidden.documents:
        personal.learn(document.value)
    plan = make_plan(hidden.documents, user, personal.occurs_in, hidden.markers)
    candidates = plan.candidates()
    owner = guess_owner(candidates, user)
    price, near = find_price(candidates)
    costs = price.candidate if price else None
    conditions = [
        *guess_conditions(candidates, costs),
        *guess_list_conditions(plan.scopes, plan.way),
        *guess_others(candidates),
    ]
    kinds = guess_kinds(candidates, plan.scopes, plan.record)
    parts = DraftParts(
        platform,
        auth or [_write_auth(hidden, prefix)],
        plan.entries,
        _guess_all_pages(plan),
        owner,
        [*guess_tables(candidates, costs), *kinds],
        name_apart(conditions),
        _guess_fields(candidates, plan.record, owner, price, near),
        notes,
        list_unjudged(candidates, conditions),
    )
    return MappingDraft(write_mapping(parts), plan, parts, hidden)


def _write_auth(hidden: HiddenCredentials, prefix: str) -> str:
    """Return the line of the credentials: a parameter that all requests have, else a guess."""
    if hidden.key is None:
        return _AUTH.format(prefix)
    name, variable = hidden.key
    key = write_flow({"type": "api_key", "in": "query", "name": name, "value": variable})
    return f"auth: {key}  # likely: `{name}` in all requests of the samples"


def _guess_all_pages(plan: Plan) -> dict[str, DraftPages]:
    found = {}
    for entry in plan.entries:
        if entry.call is not None and (entry.kind != "take" or entry.items is not None):
            pages = guess_pages(entry.call, entry.list_path)
            if pages is not None:
                found[entry.name] = pages if entry.items is None else page_whole(pages, entry.items)
    return found


def _guess_fields(
    candidates: Sequence[Candidate],
    record: str,
    owner: Guess,
    price: Scored | None,
    near: list[Scored],
) -> Fields:
    ids = guess_ids(candidates, record)
    currency, plain = guess_currency(candidates, price.candidate if price else None)
    fields: dict[str, Guess | Fields] = {
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
        fields["props"] = {"seating": seating}
    return fields
