"""The results of a rehearsal, as values that can be written out, with advice."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

import msgspec

from ticketbridge.engine.tickets.verdicts import UNKNOWN_STATUS
from ticketbridge.mapping.spec import MappingSpec
from ticketbridge.terminal import counted
from ticketbridge.workbench.rehearse.rehearsal_tally import (
    CallTally,
    FieldTally,
    RehearsalTally,
)

_FEWEST_RECORDS = 20  # from which a field that is never given is worth a word
_MOST_REASONS = 5
_STEPS_MS = (50, 100, 200, 500, 1000, 2000, 5000, 10_000, 30_000)


class ReportPart(msgspec.Struct, frozen=True, rename="camel"):
    """The base of all parts of a report. Times are in milliseconds."""


class Remark(ReportPart, frozen=True):
    """Something to look at before going live; after an error the exit code is 1."""

    severity: Literal["error", "warning"]
    message: str


class TimesReport(ReportPart, frozen=True):
    """How long something took: *p50* is the median, 95 of 100 took at most *p95*; *histogram* has counts."""

    count: int
    p50: float
    p95: float
    max: float
    histogram: Mapping[str, int]


class ProblemCount(ReportPart, frozen=True):
    """How many answers were this problem, and for which reasons, the most frequent first."""

    problem: str
    count: int
    reasons: Mapping[str, int]


class StatusWord(ReportPart, frozen=True):
    """A word of the platform, its meaning in the mapping, and how often it came."""

    word: str
    means: str
    count: int


class StatusReport(ReportPart, frozen=True):
    """The words of one status table; *place* is in the mapping."""

    expression: str
    place: str
    words: Sequence[StatusWord]


class FieldReport(ReportPart, frozen=True):
    """How often one field was given, left out, and could not be made."""

    name: str
    expression: str
    place: str
    given: int
    left_out: int
    failed: int


class CallReport(ReportPart, frozen=True):
    """The requests of one call: their times, and how often each status or failure came."""

    call: str
    times: TimesReport
    outcomes: Mapping[str, int]


class RehearsalReport(ReportPart, frozen=True):
    """The whole report: *users* says how many were asked, repeated in the file, and left out."""

    platform: str
    title: str
    digest: str
    started: str
    seconds: float
    users: Mapping[str, int]
    outcomes: Mapping[str, int]
    verdicts: Mapping[str, int]
    remarks: Sequence[Remark]
    problems: Sequence[ProblemCount]
    statuses: Sequence[StatusReport]
    fields: Sequence[FieldReport]
    calls: Sequence[CallReport]
    answer: TimesReport
    upstream: TimesReport
    most_calls: int

    @property
    def failed(self) -> bool:
        """Whether the report has an error: the mapping should not go live."""
        return any(remark.severity == "error" for remark in self.remarks)


@dataclass(frozen=True, slots=True)
class Occasion:
    """The time and the mapping of a rehearsal; *stopped* says why it ended early."""

    spec: MappingSpec
    digest: str
    started: str
    seconds: float
    repeated: int
    left: int
    stopped: str


def report_of(tally: RehearsalTally, occasion: Occasion) -> RehearsalReport:
    """Return the report of what *tally* counted."""
    spec = occasion.spec
    return RehearsalReport(
        spec.platform,
        spec.title or "",
        occasion.digest,
        occasion.started,
        round(occasion.seconds, 1),
        {"asked": tally.answers, "repeated": occasion.repeated, "left": occasion.left},
        dict(tally.outcomes.most_common()),
        dict(tally.verdicts.most_common()),
        tuple(_remarks(tally, occasion)),
        [
            ProblemCount(slug, reasons.total(), dict(reasons.most_common(_MOST_REASONS)))
            for slug, reasons in tally.reasons.items()
        ],
        [
            StatusReport(text, place, [StatusWord(*word, n) for word, n in words.most_common()])
            for (text, place), words in tally.statuses.items()
        ],
        [
            FieldReport(name, f.expression, f.place, f.given, f.left_out, f.failed)
            for name, f in tally.fields.items()
        ],
        [
            CallReport(name, times_of(c.seconds), dict(c.outcomes))
            for name, c in tally.calls.items()
        ],
        times_of(tally.answer_seconds),
        times_of(tally.upstream_seconds),
        max(tally.calls_an_answer, default=0),
    )


def times_of(seconds: Sequence[float]) -> TimesReport:
    """Return the times of a list of *seconds*; the percentiles are values that were there."""
    ordered = sorted(value * 1000 for value in seconds) or [0.0]

    def percentile(share: float) -> float:
        return round(ordered[max(0, math.ceil(share * len(ordered)) - 1)], 1)

    histogram = {}
    for low, high in pairwise((0, *_STEPS_MS, math.inf)):
        label = f"over {low} ms" if high == math.inf else f"{low} to {high} ms"
        histogram[label] = sum(low <= value < high for value in ordered) if seconds else 0
    shown = [number for number, count in enumerate(histogram.values()) if count]
    last = shown[-1] + 1 if shown else 0
    return TimesReport(
        len(seconds),
        percentile(0.5),
        percentile(0.95),
        round(ordered[-1], 1),
        dict(list(histogram.items())[:last]),
    )


# --- what to look at ------------------------------------------------------------------------------


def _remarks(tally: RehearsalTally, occasion: Occasion) -> Iterator[Remark]:
    if occasion.stopped:
        yield Remark("error", occasion.stopped)
    if occasion.left:
        yield Remark(
            "warning", f"{counted(occasion.left, 'user')} of the file not asked: see --most"
        )
    for slug, reasons in tally.reasons.items():
        said = f"{reasons.total()} of {counted(tally.answers, 'answer')}: {slug}"
        yield Remark("error", f"{said} ({next(iter(reasons))})")
    if not tally.outcomes["tickets"]:
        message = "no user was given a ticket: ask for users who own some, else this shows nothing"
        yield Remark("error", message)
    yield from _remarks_on_records(tally)
    for name, call in tally.calls.items():
        yield from _remarks_on_call(name, call)
    timeout = occasion.spec.upstream.timeout
    slow = times_of(tally.answer_seconds).p95 / 1000
    if slow > timeout / 2:
        yield Remark(
            "warning", f"5 % of the answers took over {slow:.1f} s of the {timeout:g} s allowed"
        )


def _remarks_on_records(tally: RehearsalTally) -> Iterator[Remark]:
    for (expression, place), words in tally.statuses.items():
        for (word, means), count in words.items():
            if means == str(UNKNOWN_STATUS):
                message = f"`{expression}` gave {word!r} {counted(count, 'time')}, which"
                yield Remark("error", f"{message} its table does not list: {place}")
    if tally.only_others:
        message = f"{counted(tally.only_others, 'user')} had records of other people alone"
        yield Remark("warning", f"{message}: does `owner` name who owns the ticket now?")
    for name, field in tally.fields.items():
        yield from _remarks_on_field(name, field)


def _remarks_on_field(name: str, field: FieldTally) -> Iterator[Remark]:
    if field.failed:
        message = f"`{name}` could not be made for {field.failed} of {field.records} records"
        yield Remark("error", f"{message}: {field.place}")
    elif not field.given and field.records >= _FEWEST_RECORDS:
        message = f"`{name}` was never given, in {field.records} records"
        yield Remark("warning", f"{message}: is {field.expression} the right path? {field.place}")


def _remarks_on_call(name: str, call: CallTally) -> Iterator[Remark]:
    busy = call.outcomes["429"]
    if busy:
        message = f"`{name}` was told to slow down (429) {counted(busy, 'time')}"
        yield Remark("warning", f"{message}: set `rate` and `concurrency` of `upstream`")
