"""What `map` and `fetch` print: an answer or a problem, with or without how it came about."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal, TextIO

import msgspec

from ticketbridge.authoring.explain.explanation import Explanation, explained
from ticketbridge.authoring.explain.screen import as_text
from ticketbridge.authoring.explain.shapes import Shapes
from ticketbridge.authoring.explain.veil import Veil
from ticketbridge.authoring.trial import Trial
from ticketbridge.jmes import ENCODER
from ticketbridge.problems import ProblemError
from ticketbridge.terminal import Paint

Format = Literal["text", "json"]
Printed = tuple[str, str]
"""What goes to stdout, and what to stderr."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """A trial, and how much of it is to be told."""

    trial: Trial
    explain: bool = False
    show_personal: bool = False

    def told(self) -> Explanation:
        """The explanation; personal data in it is masked where calls and records are told."""
        veil = Veil(self.trial, lifted=self.show_personal or not self.explain)
        shapes = Shapes(self.trial.bridge.spec, veil.over_text, whole=self.show_personal)
        return explained(self.trial, veil, whole=self.explain, shapes=shapes)


def as_lines(outcome: Outcome, out: TextIO) -> Printed:
    """The answer as menta tech gets it, below its explanation; a problem and rules' messages go to stderr."""
    told = outcome.told()
    answer = "" if told.answer is None else _pretty(told.answer)
    problem = outcome.trial.problem
    if outcome.explain:
        text = as_text(told, Paint(out))
        return (f"{text}\n\n{answer}" if answer else text), ""
    notes = [f"note: {note}" for note in told.notes]
    return answer, "\n".join([*([_sentence(problem)] if problem else []), *notes])


def as_json(outcome: Outcome, _out: TextIO) -> Printed:
    """One document with all of it."""
    return _pretty(outcome.told()), ""


WRITERS: Mapping[Format, Callable[[Outcome, TextIO], Printed]] = {
    "text": as_lines,
    "json": as_json,
}


def _sentence(problem: ProblemError) -> str:
    """The problem and, where it says more, its reason for the log."""
    why = "" if problem.log == problem.detail else f"\n  reason: {problem.log}"
    return f"{problem.slug} ({problem.status}): {problem.detail}{why}"


def _pretty(value: object) -> str:
    return msgspec.json.format(ENCODER.encode(value), indent=2).decode()
