"""What a field could be made from, and guesses among it: an expression, how sure it is, and why."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from ticketbridge.mapping.spec_compiler import TODO
from ticketbridge.workbench.draft.platform_words import split_key
from ticketbridge.workbench.draft.sample_values import ABSENT, TEXT

AS_FIRST = "as the first of "
"""How `joined` begins for a value in a list of which no record has more than one element."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """One expression, and its value for each record (ABSENT if a key is missing).

    *words* are those of its last key, *above* those of the keys around it. *depth* is 0 in the record
    itself, and counts outwards. *joined* says how it was found in another list. *aside*: it is not on the
    way from the user to the record. *place* is the binding and the keys down to it.
    """

    text: str
    words: tuple[str, ...]
    above: tuple[str, ...]
    values: tuple[Any, ...] = field(repr=False)
    depth: int
    nested: int
    joined: str = ""
    aside: bool = False
    place: tuple[str, ...] = ()

    @property
    def given(self) -> list[Any]:
        """The values that are there."""
        return [value for value in self.values if value is not ABSENT and value is not None]

    @property
    def is_partial(self) -> bool:
        """Whether a record has no value here."""
        return len(self.given) < len(self.values)

    @property
    def safe_text(self) -> str:
        """The expression; it gives null if a key is missing, as the text of an empty XML element."""
        may_be_absent = ABSENT in self.values or self.text.endswith(f'."{TEXT}"')
        return f"optional({self.text})" if may_be_absent else self.text

    @property
    def around(self) -> str:
        """The expression of the object that has the key."""
        return self.text.rpartition(".")[0]

    @property
    def is_on_way(self) -> bool:
        """Whether it is of the record, or of what is between the user and the record."""
        return not self.joined and not self.aside

    @property
    def says_yes_or_no(self) -> bool:
        """Whether the values that are there are all true or false."""
        return bool(self.given) and all(isinstance(value, bool) for value in self.given)

    @property
    def label(self) -> str:
        """The key, as the platform has it; in a list of keys and values, the key there."""
        last = self.text.rpartition(".")[2].strip('"')
        return "_".join(self.words) if last == "value" and self.words != ("value",) else last

    def mean(self, *words: str) -> bool:
        """Whether the last key has one of *words*."""
        return not set(words).isdisjoint(self.words)


def split_last_keys(keys: Sequence[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the words of the last of *keys*, and those of the one before: *words* and *above*."""
    return tuple(split_key(keys[-1])), tuple(split_key(keys[-2]))


Sureness = Literal["sure", "likely", "unsure", "TODO"]


@dataclass(frozen=True, slots=True)
class Guess:
    """An expression, or TODO, with how sure it is; *why* is a sentence for a comment."""

    text: str
    sure: Sureness
    why: str

    @property
    def comment(self) -> str:
        """The comment behind it in the mapping."""
        return f"{self.sure}: {self.why}"

    @property
    def is_open(self) -> bool:
        """Whether the integrator must fill it in."""
        return self.sure == "TODO"


@dataclass(frozen=True, slots=True)
class Condition:
    """An entry of `not_eligible_when`."""

    name: str
    guess: Guess


def make_todo(why: str) -> Guess:
    """Return a guess that is open; *why* says what to write there."""
    return Guess(TODO, "TODO", why)


@dataclass(frozen=True, slots=True)
class Scored:
    """A candidate and how well it fits."""

    score: float
    candidate: Candidate
    why: str = ""


def choose_best(
    scored: Iterable[Scored], *, least: float = 3.0
) -> tuple[Scored | None, list[Scored]]:
    """Return the best one, and those within a point of it; None and none below *least*."""
    ranked = sorted(scored, key=lambda one: (-one.score, len(one.candidate.text)))
    ranked = [one for one in ranked if one.score >= least]
    if not ranked:
        return None, []
    first = ranked[0]
    near = [one for one in ranked[1:] if first.score - one.score < 1.0]
    return first, near


def rate_sureness(first: Scored, near: list[Scored]) -> Sureness:
    """Return how sure the best one is; the first of a list may not be the only one elsewhere."""
    if first.candidate.joined.startswith(AS_FIRST):
        return "unsure"
    if first.score >= 9.0 and not near:
        return "sure"
    return "likely" if first.score >= 6.5 else "unsure"


def name_others(near: list[Scored]) -> str:
    """Return `; it could be item.code`, or ""."""
    names = [f"`{one.candidate.text}`" for one in near[:2]]
    return f"; it could be {' or '.join(names)}" if names else ""
