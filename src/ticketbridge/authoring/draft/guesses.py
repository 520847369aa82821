"""A guess: an expression, how sure it is, and why."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from ticketbridge.authoring.draft.candidates import Candidate
from ticketbridge.mapping.compiler import TODO

Sureness = Literal["sure", "likely", "unsure", "TODO"]


@dataclass(frozen=True, slots=True)
class Guess:
    """*text* is an expression, TODO where there is none. *why* is a sentence for a comment."""

    text: str
    sure: Sureness
    why: str

    @property
    def comment(self) -> str:
        """What stands behind it in the mapping."""
        return f"{self.sure}: {self.why}" if self.sure != "TODO" else f"TODO: {self.why}"

    @property
    def is_open(self) -> bool:
        """Whether it is for the integrator to fill in."""
        return self.sure == "TODO"


def todo(why: str) -> Guess:
    """No guess, and what to write there."""
    return Guess(TODO, "TODO", why)


@dataclass(frozen=True, slots=True)
class Scored:
    """A candidate and how well it fits."""

    score: float
    candidate: Candidate
    why: str = ""


def best(scored: Iterable[Scored], *, least: float = 3.0) -> tuple[Scored | None, list[Scored]]:
    """The one that fits best, and those that come within a point of it."""
    ranked = sorted(scored, key=lambda one: (-one.score, len(one.candidate.text)))
    ranked = [one for one in ranked if one.score >= least]
    if not ranked:
        return None, []
    first = ranked[0]
    near = [one for one in ranked[1:] if first.score - one.score < 1.0]
    return first, near


def sureness(first: Scored, near: list[Scored]) -> Sureness:
    """How sure the best of several is."""
    if first.score >= 9.0 and not near:
        return "sure"
    return "likely" if first.score >= 6.5 else "unsure"


def others(near: list[Scored]) -> str:
    """`, or item.code`: what else it could be."""
    names = [f"`{one.candidate.text}`" for one in near[:2]]
    return f"; it could be {' or '.join(names)}" if names else ""
