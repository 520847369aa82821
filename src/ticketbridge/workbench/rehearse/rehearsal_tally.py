"""The counts of a rehearsal. They contain no value of a user."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from ticketbridge.engine.tickets.convert import MISSING
from ticketbridge.engine.tickets.verdicts import NOT_OWNER, UNKNOWN_STATUS, CheckNote, Record
from ticketbridge.workbench.answer_run import AnswerRun
from ticketbridge.workbench.cases.value_text import shorten, show_value
from ticketbridge.workbench.explain import Masker

MOST_WORDS: Final = 40
LONGEST_WORD: Final = 60
MORE: Final = "(others)"
"""Stands for the words after the first MOST_WORDS."""


@dataclass(slots=True)
class FieldTally:
    """How often one field was given, was left out, and could not be made."""

    expression: str
    place: str
    given: int = 0
    left_out: int = 0
    failed: int = 0

    @property
    def records(self) -> int:
        """All records whose fields were made."""
        return self.given + self.left_out + self.failed


@dataclass(slots=True)
class CallTally:
    """The calls of one entry: seconds of each, and how often each status or failure came."""

    seconds: list[float] = field(default_factory=list)
    outcomes: Counter[str] = field(default_factory=Counter)


@dataclass(slots=True)
class RehearsalTally:
    """The counts of the answers so far.

    *outcomes* counts `tickets`, `nothing` and slugs of problems; *reasons* says why, by slug; *statuses*
    counts each word of each status table with its meaning; *only_others* counts answers in which all records
    belong to other people.
    """

    outcomes: Counter[str] = field(default_factory=Counter)
    reasons: dict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    verdicts: Counter[str] = field(default_factory=Counter)
    statuses: dict[tuple[str, str], Counter[tuple[str, str]]] = field(
        default_factory=lambda: defaultdict(Counter)
    )
    fields: dict[str, FieldTally] = field(default_factory=dict)
    calls: dict[str, CallTally] = field(default_factory=lambda: defaultdict(CallTally))
    answer_seconds: list[float] = field(default_factory=list)
    upstream_seconds: list[float] = field(default_factory=list)
    calls_an_answer: list[int] = field(default_factory=list)
    only_others: int = 0

    @property
    def answers(self) -> int:
        """How many answers there are, problems among them."""
        return len(self.answer_seconds)

    @property
    def failures(self) -> int:
        """How many answers were problems."""
        return sum(map(Counter.total, self.reasons.values()))

    def add(self, run: AnswerRun, seconds: float) -> None:
        """Count one answer, which took *seconds*."""
        self.answer_seconds.append(seconds)
        self.upstream_seconds.append(run.trace.upstream.seconds)
        self.calls_an_answer.append(len(run.exchanges))
        self._add_outcome(run)
        self.verdicts.update(run.trace.verdicts)
        records = run.trace.records
        self.only_others += bool(records) and all(r.verdict == NOT_OWNER for r in records)
        self._add_statuses(run)
        for record in records:
            self._add_fields(record)
        for exchange in run.exchanges:
            tally = self.calls[exchange.request.call]
            tally.seconds.append(exchange.seconds)
            answer = exchange.answer
            tally.outcomes[str(answer.status) if answer else exchange.failure] += 1

    def _add_outcome(self, run: AnswerRun) -> None:
        if run.problem is not None:
            self.outcomes[run.problem.slug] += 1
            # A reason has no value of the platform's, but it lists the keys of an object: some have users'.
            reason = Masker(run, show_personal=False).mask_text(run.problem.log)
            self.reasons[run.problem.slug][reason] += 1
        else:
            goes_out = any(record.ticket is not None for record in run.trace.records)
            self.outcomes["tickets" if goes_out else "nothing"] += 1

    def _add_statuses(self, run: AnswerRun) -> None:
        notes = list(_status_notes(run))
        if not notes:
            return
        unknown = any(note.answer == str(UNKNOWN_STATUS) for note in notes)
        # A word that the table has is the mapping's own; any other may be anything.
        masker = Masker(run, show_personal=False) if unknown else None
        for note in notes:
            words = self.statuses[note.expression.text, str(note.expression.place)]
            word = note.value
            if masker is not None and note.answer == str(UNKNOWN_STATUS):
                word = masker.mask_value(word, note.expression.text)
            key = _shorten(word), note.answer
            if key not in words and len(words) >= MOST_WORDS:
                key = MORE, note.answer
            words[key] += 1

    def _add_fields(self, record: Record) -> None:
        for note in record.fields:
            tally = self.fields.get(note.name)
            if tally is None:
                source = note.expression
                text, place = (source.text, str(source.place)) if source else ("(constant)", "")
                tally = self.fields[note.name] = FieldTally(text, place)
            if note.failure or note.refusal:
                tally.failed += 1
            elif note.made is MISSING:
                tally.left_out += 1
            else:
                tally.given += 1


def _status_notes(run: AnswerRun) -> Iterator[CheckNote]:
    for record in run.trace.records:
        if record.verdict != NOT_OWNER:
            yield from (note for note in record.checks if note.kind == "status")


def _shorten(word: object) -> str:
    return shorten(word, LONGEST_WORD) if isinstance(word, str) else show_value(word, LONGEST_WORD)
