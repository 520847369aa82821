"""The best guesses of `draft` for a field, and the status words of the answers with what they may mean."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from ticketbridge.contract.marks import VALID
from ticketbridge.engine.tickets.convert import Violation
from ticketbridge.engine.tickets.fields import table_key
from ticketbridge.mapping.spec_compiler import TODO
from ticketbridge.workbench.draft.candidates import Candidate, Guess
from ticketbridge.workbench.draft.field_guesses import (
    guess_buyer,
    guess_owner,
    guess_seating,
)
from ticketbridge.workbench.draft.id_guesses import Ids, guess_ids
from ticketbridge.workbench.draft.money import find_price, guess_currency, guess_price
from ticketbridge.workbench.draft.platform_words import find_meaning
from ticketbridge.workbench.draft.status_tables import guess_tables
from ticketbridge.workbench.explain import Masker
from ticketbridge.workbench.studio.pointing import (
    OWNER,
    STATUS_FROM,
    list_candidates,
    list_values,
)
from ticketbridge.workbench.studio.studio_run import StudioRun

MOST_GUESSES = 3


_IDS: Mapping[str, Callable[[Ids], Guess | None]] = {
    "ticketId": lambda ids: ids.ticket,
    "externalReferenceEventId": lambda ids: ids.event,
    "showId": lambda ids: ids.show,
    "ticketOptionId": lambda ids: ids.option,
    "priceTypeId": lambda ids: ids.price_type,
}
_SEATING = frozenset(f"props.seating.{name}" for name in ("section", "row", "seat", "door"))


def _guess(field: str, candidates: Sequence[Candidate], record: str, user: str) -> Guess | None:
    """Return what `draft` would write for *field*, or None."""
    guess: Guess | None = None
    if field in _IDS:
        guess = _IDS[field](guess_ids(candidates, record))
    elif field in _SEATING:
        guess = guess_seating(candidates).get(field.rpartition(".")[2])
    elif field == OWNER:
        guess = guess_owner(candidates, user)
    elif field == STATUS_FROM:
        guess = next((table.guess for table in guess_tables(candidates)), None)
    elif field == "buyer":
        guess = guess_buyer(candidates, guess_owner(candidates, user))
    elif field in {"price", "currency"}:
        first, near = find_price(candidates)
        currency, plain = guess_currency(candidates, first.candidate if first else None)
        guess = currency if field == "currency" else guess_price(first, near, plain)
    return guess


def list_guesses(run: StudioRun, field: str) -> list[Guess]:
    """Return the best guesses for *field*: each is what `draft` says where it may not say the ones before."""
    record = run.spec.source[-1].name
    candidates = list_candidates(run)
    found: list[Guess] = []
    while len(found) < MOST_GUESSES:
        guess = _guess(field, candidates, record, run.answer_run.user) if candidates else None
        left = [each for each in candidates if guess is None or not _reads(guess, each)]
        if guess is None or guess.is_open or len(left) == len(candidates):
            break
        found.append(guess)
        candidates = left
    return found


def _reads(guess: Guess, candidate: Candidate) -> bool:
    return re.search(rf"(?<![\w.]){re.escape(candidate.text)}(?![\w.])", guess.text) is not None


# --- status words ---------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class WordTable:
    """A status table: its *expression*, and each word with what the mapping takes it for ("": unknown)."""

    path: Sequence[str | int]
    expression: str
    words: Sequence[SortedWord]


@dataclass(frozen=True, slots=True)
class SortedWord:
    """A status word: how many records have it, what the mapping takes it for, and what draft would.

    One that is *hidden* is a mask, and cannot be sorted.
    """

    word: str
    count: int
    taken_for: str
    meaning: str
    hidden: bool = False


def list_word_tables(run: StudioRun, masker: Masker) -> list[WordTable]:
    """Return the status tables of the mapping, with the words that stand in them or in the answers.

    A word of the answers is masked if it looks personal.
    """
    tables = run.spec.ticket.statuses
    return [
        WordTable(
            ["ticket", "status", *([number] if len(tables) > 1 else [])],
            table.source.text,
            list(
                _list_words(
                    run,
                    masker,
                    table.source.text,
                    {word: str(constant.value) for word, constant in table.values.items()},
                )
            ),
        )
        for number, table in enumerate(tables)
        if table.source.text and table.source.text != TODO
    ]


def _list_words(
    run: StudioRun, masker: Masker, expression: str, known: Mapping[str, str]
) -> Iterator[SortedWord]:
    counts: Counter[str] = Counter()
    hidden: set[str] = set()
    for value in list_values(run, expression):
        try:
            word = table_key(value) or ""
        except Violation:
            continue  # an XML element with attributes is no word
        # What the mapping lists stands in its text on the page.
        shown = word if word in known else str(masker.mask_value(word, expression))
        counts[shown] += 1
        if shown != word:
            hidden.add(shown)
    for word in dict.fromkeys((*known, *sorted(counts))):
        meaning = "" if word in hidden else make_mark(word)
        yield SortedWord(word, counts[word], known.get(word, ""), meaning, word in hidden)


def make_mark(word: str) -> str:
    """Return what *word* would be called as not eligible: its meaning where that is known, else itself."""
    meaning = find_meaning(word)
    if meaning is not None and meaning != VALID:
        return meaning
    return re.sub(r"[^A-Z0-9]+", "_", word.upper()).strip("_") or "NOT_VALID"
