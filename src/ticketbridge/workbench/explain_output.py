"""An answer of `map` or `fetch` as it is printed: for people, and as JSON."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TextIO

import msgspec

from ticketbridge.terminal import BOLD, FAINT, GREEN, RED, YELLOW, Paint, columns, counted
from ticketbridge.workbench.answer_run import AnswerRun
from ticketbridge.workbench.cases.value_text import show_value, write_document
from ticketbridge.workbench.explain import (
    AnswerExplanation,
    CallExplanation,
    CheckExplanation,
    FieldExplanation,
    Masker,
    PathShapes,
    ProblemExplanation,
    RecordExplanation,
    explain,
)

_LONGEST = 100


def _write_lines(explanation: AnswerExplanation, paint: Paint) -> Iterator[str]:
    calls = explanation.calls or ()
    records = explanation.records or ()
    yield paint(f"{counted(len(calls), 'call')} to the platform", BOLD)
    yield from columns(map(_list_call_columns, calls))
    for note in explanation.notes:
        yield f"  note: {note}"
    for call, number in (explanation.nothing or {}).items():
        yield f"  {call}: nothing for {counted(number, 'binding')}, by a rule with `then: none`"
    for record in records:
        yield ""
        yield from _write_record(record, paint)
    if explanation.others:
        others = explanation.others
        yield ""
        title = paint(f"{counted(others.count, 'record')} not the user's: not_owner", YELLOW)
        yield f"{title}, by {others.expression} at {others.place}"
    yield ""
    yield from _write_summary(explanation, paint)


def _list_call_columns(call: CallExplanation) -> Sequence[str]:
    outcome = call.failure or f"{call.status}"
    size = "" if call.bytes is None else _show_size(call.bytes)
    return call.call, f"{call.method} {call.path}", outcome, size, f"{call.took_ms:.1f} ms"


def _show_size(number: int) -> str:
    return f"{number} B" if number < 1000 else f"{number / 1000:.1f} kB"


def _write_record(record: RecordExplanation, paint: Paint) -> Iterator[str]:
    colour = _choose_colour(record.verdict)
    ticket = f", ticketId {record.ticket_id}" if record.ticket_id is not None else ""
    yield paint(f"record {record.number}: {record.verdict}", colour) + ticket
    if record.reason:
        yield f"  {record.reason}"
    rows = [*map(_describe_check, record.checks), *map(_describe_field, record.fields)]
    yield from columns(rows) if rows else ()


def _choose_colour(verdict: str) -> str:
    if verdict.startswith(("violation", "unknown_status")):
        return RED
    return GREEN if verdict == "returned" else YELLOW


def _describe_check(check: CheckExplanation) -> Sequence[str]:
    read = _describe_inputs(check.expression, check.inputs, check.value, check.failure)
    return check.name, check.answer, check.expression, read, check.place


def _describe_field(field: FieldExplanation) -> Sequence[str]:
    if field.failure:
        result = "fails"
    elif isinstance(field.result, msgspec.UnsetType):
        result = "(left out)"
    else:
        result = _show_json(field.result)
    read = _describe_inputs(field.expression, field.inputs, field.value, field.failure)
    return field.name, result, field.expression or "(constant)", read, field.place


def _describe_inputs(expression: str, inputs: Mapping[str, Any], value: Any, failure: str) -> str:
    """Return the inputs and the value; for a plain path only the value."""
    if not expression:
        return ""
    if failure:
        return f"failed: {failure}"
    if list(inputs) == [expression]:
        return f"= {_show_json(value)}"
    read = ", ".join(f"{name} = {_show_json(read)}" for name, read in inputs.items())
    return f"= {_show_json(value)}" + (f" ({read})" if read else "")


def _show_json(value: Any) -> str:
    return show_value(value, _LONGEST)


def _write_summary(explanation: AnswerExplanation, paint: Paint) -> Iterator[str]:
    verdicts = ", ".join(f"{word}={number}" for word, number in explanation.verdicts.items())
    problem = explanation.problem
    colour = RED if problem else GREEN
    title = f"{explanation.status}" + (f" {problem.slug}" if problem else "")
    yield f"{paint(title, colour)}  {verdicts or 'no records'}  {paint(explanation.now, FAINT)}"
    if problem:
        yield f"  {problem.detail}"
        yield f"  reason: {problem.reason}"


# --- text and JSON --------------------------------------------------------------------------------


Output = tuple[str, str]
"""What goes to stdout, and what to stderr."""


@dataclass(frozen=True, slots=True)
class PrintedAnswer:
    """An answer to print; *explain* adds calls and records, *show_personal* personal data in these."""

    answer_run: AnswerRun
    explain: bool = False
    show_personal: bool = False

    def make_explanation(self) -> AnswerExplanation:
        """Return the explanation. Personal data is masked if calls and records are shown."""
        masker = Masker(self.answer_run, show_personal=self.show_personal or not self.explain)
        shapes = PathShapes(self.answer_run.bridge.spec, masker.mask_text, whole=self.show_personal)
        return explain(self.answer_run, masker, whole=self.explain, shapes=shapes)


def as_lines(outcome: PrintedAnswer, out: TextIO) -> Output:
    """Return the explanation and the answer for stdout; a problem and messages of rules for stderr."""
    explanation = outcome.make_explanation()
    answer = "" if explanation.answer is None else write_document(explanation.answer)
    problem = explanation.problem
    if outcome.explain:
        text = "\n".join(_write_lines(explanation, Paint(out)))
        return (f"{text}\n\n{answer}" if answer else text), ""
    notes = [f"note: {note}" for note in explanation.notes]
    return answer, "\n".join([*([_describe_problem(problem)] if problem else []), *notes])


def as_json(outcome: PrintedAnswer, _out: TextIO) -> Output:
    """Return one document with everything."""
    return write_document(outcome.make_explanation()), ""


WRITERS: Mapping[str, Callable[[PrintedAnswer, TextIO], Output]] = {
    "text": as_lines,
    "json": as_json,
}


def _describe_problem(problem: ProblemExplanation) -> str:
    """Return the problem and, if it says more, its reason for the log."""
    why = "" if problem.reason == problem.detail else f"\n  reason: {problem.reason}"
    return f"{problem.slug} ({problem.status}): {problem.detail}{why}"
