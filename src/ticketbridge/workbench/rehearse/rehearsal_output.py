"""The report of a rehearsal as text, as one HTML file, and as JSON."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType

from ticketbridge.terminal import counted
from ticketbridge.workbench.cases.value_text import write_document
from ticketbridge.workbench.page import (
    Bars,
    Block,
    Heading,
    Mono,
    as_html,
    as_text,
    paragraph,
    table,
)
from ticketbridge.workbench.rehearse.rehearsal_report import RehearsalReport, TimesReport


def page_of(report: RehearsalReport) -> Iterator[Block]:
    """Yield *report* as a page."""
    yield Heading(f"Rehearsal of {report.platform}", 1)
    asked = counted(report.users["asked"], "user")
    said = f"{asked} in {report.seconds:g} s, from {report.started}; mapping "
    yield paragraph(said, Mono(report.digest[:12]), f" {report.title}".rstrip())
    yield Heading("Look at this first")
    if report.remarks:
        yield table(("", "what"), [(each.severity, each.message) for each in report.remarks])
    else:
        yield paragraph("Nothing: the mapping can go live.")
    yield Bars("Answers", list(report.outcomes.items()))
    if report.verdicts:
        yield Bars("Records by verdict", list(report.verdicts.items()))
    yield from _problems(report)
    yield from _statuses(report)
    yield from _fields(report)
    yield from _times(report)


def _problems(report: RehearsalReport) -> Iterator[Block]:
    if report.problems:
        yield Heading("Problems")
        rows = [
            (Mono(problem.problem), str(count), reason)
            for problem in report.problems
            for reason, count in problem.reasons.items()
        ]
        yield table(("problem", "answers", "reason"), rows)


def _statuses(report: RehearsalReport) -> Iterator[Block]:
    for status in report.statuses:
        yield Heading(f"Status words of {status.expression}")
        rows = [(Mono(word.word), word.means, str(word.count)) for word in status.words]
        yield table(("word", "means", "records"), rows)


def _fields(report: RehearsalReport) -> Iterator[Block]:
    if report.fields:
        yield Heading("Fields")
        rows = [
            (
                Mono(field.name),
                Mono(field.expression),
                str(field.given),
                f"{field.left_out} ({_percent(field.left_out, field.given)})",
                str(field.failed),
            )
            for field in report.fields
        ]
        yield table(("field", "expression", "given", "left out", "failed"), rows)


def _percent(part: int, rest: int) -> str:
    return f"{100 * part / max(part + rest, 1):.0f} %"


def _times(report: RehearsalReport) -> Iterator[Block]:
    yield Heading("Times")
    named = [("answer", report.answer), ("platform, all calls", report.upstream)]
    named += [(f"call {call.call}", call.times) for call in report.calls]
    rows = [(name, *_cells(times)) for name, times in named]
    yield table(("what", "count", "p50", "p95", "longest"), rows)
    yield paragraph(f"At most {counted(report.most_calls, 'call')} for one answer.")
    yield Bars("Answers by time", list(report.answer.histogram.items()))
    for call in report.calls:
        yield Bars(f"Outcomes of the call {call.call}", list(call.outcomes.items()))


def _cells(times: TimesReport) -> list[str]:
    shown = (times.p50, times.p95, times.max)
    return [str(times.count), *(f"{value:.0f} ms" for value in shown)]


WRITERS: Mapping[str, Callable[[RehearsalReport], str]] = MappingProxyType(
    {
        "text": lambda report: as_text(tuple(page_of(report))),
        "json": lambda report: write_document(report) + "\n",
        "html": lambda report: as_html(tuple(page_of(report))),
    }
)
"""Each format and what writes it."""
