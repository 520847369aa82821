"""Guesses of whose a ticket is: e-mail addresses, the asked user's among them."""

from __future__ import annotations

import re
from collections.abc import Sequence

from ticketbridge.authoring.draft.candidates import Candidate
from ticketbridge.authoring.draft.guesses import Guess, Scored, Sureness, best, others, todo
from ticketbridge.authoring.personal.personal_kinds import tells_of_person

_EMAIL = re.compile(r"[^\s@]+@[^\s@]+\.[^\s@]+")
_BUYER = ("buyer", "purchaser", "comprador", "bought", "purchased")


def guess_owner(candidates: Sequence[Candidate], user: str | None) -> Guess:
    """The expression whose value must be the asked user."""
    first, near = best([Scored(_owning(c, user), c) for c in candidates if _is_email(c)], least=1.0)
    if first is None:
        why = "no value is an e-mail address; `owner: upstream` where the request alone sees to it"
        return todo(why)
    found = first.candidate
    matching = _matching(found, user)
    if user is None:
        why = "e-mail addresses; give --user to see whose they are"
    elif matching == len(found.values):
        why = "the asked user in all records"
    else:
        why = f"the asked user in {matching} of {len(found.values)} records"
    sure: Sureness = "likely" if user is not None and matching and not near else "unsure"
    return Guess(found.safe_text, sure, why + others(near))


def guess_buyer(candidates: Sequence[Candidate], owner: Guess) -> Guess | None:
    """The original purchaser's address, where one is named so; the owner's outside of the record else."""
    named = [
        c for c in candidates if _is_email(c) and (c.mean(*_BUYER) or set(_BUYER) & set(c.above))
    ]
    if named:
        return Guess(named[0].safe_text, "likely", "by its name")
    if owner.is_open:
        return None
    return Guess(owner.text, "unsure", "the owner, as long as nobody passed the ticket on")


def _is_email(candidate: Candidate) -> bool:
    given = candidate.given
    return bool(given) and all(isinstance(v, str) and _EMAIL.fullmatch(v) for v in given)


def _owning(candidate: Candidate, user: str | None) -> float:
    """The order's own address before the attendee's: who bought it may sell it."""
    score = 5.0 + 1.2 * min(candidate.depth, 2) - 1.2 * max(0, candidate.nested - 1)
    if user is not None:
        score += 3.0 * (_matching(candidate, user) > 0) - 3.0 * (_matching(candidate, user) == 0)
    if candidate.words not in {("email",), ("mail",)} and not tells_of_person(
        "_".join(candidate.above)
    ):
        score -= 1.0
    if "attendee" in (*candidate.words, *(candidate.above if candidate.nested > 1 else ())):
        score -= 1.5
    return score - (1.5 if candidate.joined else 0.0)


def _matching(candidate: Candidate, user: str | None) -> int:
    folded = (user or "").casefold()
    return sum(isinstance(v, str) and v.casefold() == folded for v in candidate.values)
