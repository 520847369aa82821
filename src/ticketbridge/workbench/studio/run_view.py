"""What the page shows of a run: values that can be written as they are, nothing in them unmasked."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from ticketbridge.engine.tickets.verdicts import DUPLICATE, NOT_OWNER, Record
from ticketbridge.engine.upstream.answer_formats import Unreadable
from ticketbridge.mapping.findings import Finding
from ticketbridge.mapping.spec import CallSpec
from ticketbridge.workbench.answer_run import Exchange
from ticketbridge.workbench.cases.value_text import show_value, write_document
from ticketbridge.workbench.explain import (
    CallExplanation,
    CheckExplanation,
    FieldExplanation,
    Masker,
    PathShapes,
    explain,
    explain_call,
    explain_record,
)
from ticketbridge.workbench.studio.answer_rows import Row, show_rows, show_text
from ticketbridge.workbench.studio.pointing import list_mapped
from ticketbridge.workbench.studio.provenance import Spot, find_rows_read, list_expressions
from ticketbridge.workbench.studio.studio_run import StudioRun

_TOLD = ("price", "currency", "externalReferenceEventId")
_PLACE = re.compile(r"[^\s`]*\.ya?ml:(?P<line>[0-9]+)(?::[0-9]+)?")
_LINE = re.compile(r":(?P<line>[0-9]+):(?P<column>[0-9]+)")


class FindingView(msgspec.Struct, frozen=True):
    """A finding at its place in the editor, or in another *file*, which is named; "" is the mapping's."""

    line: int
    column: int
    severity: str
    code: str
    message: str
    suggestion: str = ""
    file: str = ""


class FlowStep(msgspec.Struct, frozen=True, rename="camel"):
    """One step from the user to the tickets: an entry of `source`, and how often it was bound."""

    name: str
    kind: str
    line: int
    bound: int
    calls: int = 0


class OutcomeView(msgspec.Struct, frozen=True, rename="camel"):
    """The outcome of a run. *verdicts* add up to *records*; *kinds* has the verdict of each record."""

    answers_key: str
    user: str
    status: int
    problem: str
    detail: str
    reason: str
    reason_line: int
    missing: str
    open: Sequence[str]
    notes: Sequence[str]
    left: Sequence[str]
    records: int
    verdicts: Mapping[str, int]
    kinds: Sequence[str]
    calls: Sequence[CallExplanation]
    flow: Sequence[FlowStep]
    mapped: Sequence[str]


class AnswerView(msgspec.Struct, frozen=True, rename="camel"):
    """One answer of the platform, row by row; *problem* says why it is no document."""

    call: str
    title: str
    status: int | None
    problem: str
    rows: Sequence[Row]


class RecordLine(msgspec.Struct, frozen=True, rename="camel"):
    """One record in the list: what became of it, in a line."""

    number: int
    verdict: str
    ticket_id: str
    about: str


class NoteView(msgspec.Struct, frozen=True, rename="camel"):
    """A field or a check of a record: what it read, what it gave, and the rows that it read."""

    name: str
    kind: str
    expression: str
    line: int
    column: int
    value: str
    result: str
    failure: str
    reads: Sequence[Spot] = ()


class RecordView(msgspec.Struct, frozen=True, rename="camel"):
    """One record with its reasons."""

    number: int
    verdict: str
    reason: str
    notes: Sequence[NoteView]
    ticket: str


def view_finding(finding: Finding, mapping: Path) -> FindingView:
    """Return *finding* for the editor, which shows the file *mapping*."""
    place = finding.place
    return FindingView(
        place.line,
        place.column,
        finding.severity,
        finding.code,
        finding.message,
        finding.suggestion,
        "" if place.file == str(mapping) else Path(place.file).name,
    )


def find_line(text: str) -> int:
    """Return the first line of the mapping that *text* names, or 0."""
    found = _LINE.search(text)
    return int(found["line"]) if found else 0


def name_lines(text: str) -> str:
    """Return *text* with `line 57` for a place in a file."""
    return _PLACE.sub(r"line \g<line>", text)


class RunView:
    """Shows one run, with the masks of *masker*."""

    def __init__(self, run: StudioRun, masker: Masker) -> None:
        self._run = run
        self._answered = run.answer_run
        self._masker = masker

    def _say(self, text: str) -> str:
        return name_lines(self._masker.mask_text(text))

    # --- the whole ------------------------------------------------------------------------------

    def outcome(self) -> OutcomeView:
        """Return the outcome, without answers and records."""
        run, answered = self._run, self._answered
        shapes = PathShapes(answered.bridge.spec, self._masker.mask_text)
        plain = explain(answered, self._masker, whole=False)
        problem = plain.problem
        verdicts = [str(record.verdict) for record in answered.trace.records]
        calls = [self._call(exchange, shapes) for exchange in answered.exchanges]
        reason = problem.reason if problem else ""
        return OutcomeView(
            answers_key=run.answers_key,
            user=plain.user,
            status=plain.status,
            problem=problem.slug if problem else "",
            detail=problem.detail if problem else "",
            reason=self._say(reason),
            reason_line=find_line(reason),
            missing=self._say(run.missing),
            open=[self._say(each) for each in run.unfinished.open] if run.unfinished else (),
            notes=[self._say(note) for note in answered.trace.notes],
            left=[self._masker.mask_text(each) for each in run.left],
            records=len(verdicts),
            verdicts=answered.trace.verdicts,
            kinds=[verdict.partition(":")[0] for verdict in verdicts],
            calls=calls,
            flow=list(self._list_flow()),
            mapped=list_mapped(run),
        )

    def _call(self, exchange: Exchange, shapes: PathShapes) -> CallExplanation:
        times = self._run.times.get((exchange.request.call, exchange.request.url))
        return explain_call(exchange, shapes, self._masker, times)

    def _list_flow(self) -> Iterator[FlowStep]:
        """Yield the entries of `source`, with how many values each was bound to in the records' scopes."""
        scopes = [record.scope or {} for record in self._answered.trace.records]
        calls = [exchange.request.call for exchange in self._answered.exchanges]
        for entry in self._run.spec.source:
            bound = [id(scope[entry.name]) for scope in scopes if entry.name in scope]
            is_record = entry is self._run.spec.source[-1]
            count = len(bound) if is_record else len(set(bound))
            kind = entry.result.kind if isinstance(entry, CallSpec) else entry.kind
            yield FlowStep(entry.name, kind, entry.place.line, count, calls.count(entry.name))

    # --- answers --------------------------------------------------------------------------------

    def answers(self) -> list[AnswerView]:
        """Return the answers of the platform, row by row."""
        shapes = PathShapes(self._run.spec, self._masker.mask_text)
        return [self._answer(number, shapes) for number in range(len(self._answered.exchanges))]

    def _answer(self, number: int, shapes: PathShapes) -> AnswerView:
        exchange = self._answered.exchanges[number]
        answer, index = exchange.answer, self._run.indexes[number]
        document = self._run.find_document(number)
        unreadable = document.reason if isinstance(document, Unreadable) else ""
        problem = self._masker.mask_text(exchange.failure) or unreadable
        if index is not None:
            rows = show_rows(index, self._masker)
        else:
            is_shown = answer is not None and not self._run.is_login(number)
            rows = show_text(answer.content, self._masker) if answer and is_shown else []
        return AnswerView(
            exchange.request.call,
            f"{exchange.request.method} {shapes.of(exchange.request)}",
            answer.status if answer else None,
            problem,
            rows,
        )

    # --- records --------------------------------------------------------------------------------

    def list_records(self, numbers: Sequence[int]) -> list[RecordLine]:
        """Return the records of these *numbers*, each in a line."""
        records = self._answered.trace.records
        return [self._line(number, records[number]) for number in numbers if number < len(records)]

    def _line(self, number: int, record: Record) -> RecordLine:
        ticket_id = "" if record.ticket_id is None else self._masker.mask_text(record.ticket_id)
        if record.ticket is not None:
            about = self._describe_ticket(record.ticket)
        elif record.verdict == NOT_OWNER:
            about = "belongs to somebody else"
        elif record.verdict == DUPLICATE:
            about = "is the ticket of a record above"
        else:
            about = self._say(record.reason) or f"by {record.checks[-1].expression.text}"
        return RecordLine(number, str(record.verdict), ticket_id, about)

    def _describe_ticket(self, ticket: Mapping[str, Any]) -> str:
        """Return price and event of a ticket, as far as it has them."""
        plain = {
            name: _show(self._masker.mask_value(ticket[name], name)).strip('"')
            for name in _TOLD
            if name in ticket
        }
        event = plain.pop("externalReferenceEventId", "")
        price = " ".join(plain.values())
        return ", ".join(filter(None, (price, f"event {event}" if event else "")))

    def record(self, number: int) -> RecordView:
        """Return the record of that *number*, with its reasons and the rows that it was made from."""
        record = self._answered.trace.records[number]
        made = explain_record(number, record, self._masker)
        reads = [
            find_rows_read(self._run, expression, record.scope or {})
            for _, expression in list_expressions(record)
        ]
        waiting = iter(reads)
        notes = [_view_check(check, next(waiting)) for check in made.checks]
        notes += [
            _view_field(field, next(waiting) if field.expression else ()) for field in made.fields
        ]
        ticket = record.ticket
        shown = "" if ticket is None else write_document(self._masker.mask_value(ticket))
        return RecordView(number, made.verdict, self._say(made.reason), notes, shown)

    def body(self) -> str:
        """Return what menta tech would get, as text; "" if that is nothing."""
        answer = explain(self._answered, self._masker, whole=True).answer
        return "" if answer is None else write_document(answer)


def _view_check(check: CheckExplanation, reads: Sequence[Spot]) -> NoteView:
    line, column = _find_place(check.place)
    name = check.name or check.kind
    return NoteView(
        name,
        check.kind,
        check.expression,
        line,
        column,
        _show(check.value),
        check.answer,
        check.failure,
        reads,
    )


def _view_field(field: FieldExplanation, reads: Sequence[Spot]) -> NoteView:
    line, column = _find_place(field.place)
    left_out = field.result is msgspec.UNSET
    result = "(left out)" if left_out else _show(field.result)
    value = _show(field.value) if field.expression else ""
    return NoteView(
        field.name, "field", field.expression, line, column, value, result, field.failure, reads
    )


def _find_place(place: str) -> tuple[int, int]:
    found = _LINE.search(place)
    return (int(found["line"]), int(found["column"])) if found else (0, 0)


def _show(value: Any) -> str:
    return show_value(value, 300)
