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
from ticketbridge.workbench.draft.id_guesses import guess_ids
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


@dataclass(frozen=True, slots=True)
class _Question:
    candidates: Sequence[Candidate]
    record: str
    user: str

    @property
    def owner(self) -> Guess:
        return guess_owner(self.candidates, self.user)

    @property
    def price(self) -> Guess:
        first, near = find_price(self.candidates)
        _, plain = guess_currency(self.candidates, first.candidate if first else None)
        return guess_price(first, near, plain)

    @property
    def currency(self) -> Guess:
        first, _ = find_price(self.candidates)
        return guess_currency(self.candidates, first.candidate if first else None)[0]

    @property
    def status(self) -> Guess | None:
        return next((table.guess for table in guess_tables(self.candidates)), None)

    def seat(self, name: str) -> Guess | None:
        return guess_seating(self.candidates).get(name)


_GUESSERS: Mapping[str, Callable[[_Question], Guess | None]] = {
    OWNER: lambda asked: asked.owner,
    STATUS_FROM: lambda asked: asked.status,
    "ticketId": lambda asked: guess_ids(asked.candidates, asked.record).ticket,
    "externalReferenceEventId": lambda asked: guess_ids(asked.candidates, asked.record).event,
    "showId": lambda asked: guess_ids(asked.candidates, asked.record).show,
    "ticketOptionId": lambda asked: guess_ids(asked.candidates, asked.record).option,
    "priceTypeId": lambda asked: guess_ids(asked.candidates, asked.record).price_type,
    "price": lambda asked: asked.price,
    "currency": lambda asked: asked.currency,
    "buyer": lambda asked: guess_buyer(asked.candidates, asked.owner),
    "props.seating.section": lambda asked: asked.seat("section"),
    "props.seating.row": lambda asked: asked.seat("row"),
    "props.seating.seat": lambda asked: asked.seat("seat"),
    "props.seating.door": lambda asked: asked.seat("door"),
}
"""What `draft` would write for a field."""


def list_guesses(run: StudioRun, field: str) -> list[Guess]:
    """Return the best guesses for *field*: each is what `draft` says where it may not say the ones before."""
    guesser = _GUESSERS.get(field)
    if guesser is None:
        return []
    record = run.answer_run.bridge.spec.source[-1].name
    candidates = list_candidates(run)
    found: list[Guess] = []
    while len(found) < MOST_GUESSES:
        guess = guesser(_Question(candidates, record, run.answer_run.user)) if candidates else None
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
    tables = run.answer_run.bridge.spec.ticket.statuses
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
