"""Explain how an answer came about, from each call to each field, as values that can be written out.

Credentials are always masked, and personal data unless it is asked for.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import unquote

import msgspec

from ticketbridge.engine.problems import ProblemError
from ticketbridge.engine.tickets.binding_labels import BindingLabels
from ticketbridge.engine.tickets.convert import json_type
from ticketbridge.engine.tickets.steps import is_owner
from ticketbridge.engine.tickets.verdicts import NOT_OWNER, CheckNote, FieldNote, Record
from ticketbridge.engine.upstream.messages import PlatformRequest
from ticketbridge.jmes import NOWHERE, Expression, root_paths
from ticketbridge.mapping.spec import CallSpec, ExpressionSpec, MappingSpec, Secret, TemplateSpec
from ticketbridge.mapping.spec_compiler import Scope
from ticketbridge.redaction import mask_words
from ticketbridge.workbench.answer_run import AnswerRun, Exchange
from ticketbridge.workbench.cases.case_platform import below_base
from ticketbridge.workbench.cases.case_spec import name_target
from ticketbridge.workbench.cases.value_text import write_moment
from ticketbridge.workbench.personal.personal_data import (
    PersonalData,
    find_personal_data,
    list_secrets,
)
from ticketbridge.workbench.personal.personal_kinds import DataSpot, PersonalKind, mask


class Masker:
    """Masks personal data in an explanation of *answer_run*; with *show_personal* only credentials."""

    def __init__(
        self, answer_run: AnswerRun, *, show_personal: bool, personal: PersonalData | None = None
    ) -> None:
        """*personal* is what is already known of the answers, if they were masked before."""
        self._user = answer_run.user
        self._show_personal = show_personal
        self._personal = personal or find_personal_data(answer_run)
        self._secrets = list_secrets(answer_run)

    def mask_value(self, value: Any, *keys: str) -> Any:
        """Return *value* as it may be shown; *keys* are the keys that lead to it."""
        for key in keys or ("",):
            above, _, last = key.rpartition(".")
            spot = DataSpot(last, above.rpartition(".")[2])
            value = self._personal.replace_in(value, self._mask, spot)
        return value

    def mask_at(self, value: Any, spot: DataSpot) -> Any:
        """Return a scalar at *spot* of an answer, as it may be shown."""
        return self._personal.replace_value(value, spot, self._mask)

    def mask_text(self, text: str) -> str:
        """Return *text*, which may be a URL, as it may be shown."""
        return self._personal.replace_in_text(text, self._mask)

    def mask_reason(self, text: str) -> str:
        """Return *text* of ours without credentials: it may name the platform's keys, which may hold some."""
        return self._personal.replace_in_text(
            text, lambda found, kind: mask(found, kind) if kind is PersonalKind.SECRET else found
        )

    def mask_user(self, value: Any) -> Any:
        """Return the *value* of an owner, or of the user, as it may be shown."""
        if self._show_personal or not isinstance(value, str):
            return self.mask_value(value)
        return "(the asked user)" if is_owner(value, self._user) else "(someone else)"

    def _mask(self, text: str, kind: PersonalKind) -> str:
        if self._show_personal and kind is not PersonalKind.SECRET:
            # A note that is shown may repeat a credential.
            return mask_words(text, self._secrets, mask(text, PersonalKind.SECRET))
        return mask(text, kind)


# --- paths of requests ----------------------------------------------------------------------------


class PathShapes:
    """Shows URLs of requests without their values; *masked* shows those that the mapping does not have."""

    def __init__(
        self, spec: MappingSpec, masked: Callable[[str], str], *, whole: bool = False
    ) -> None:
        """Make shapes; *whole* shows what was sent in the holes, masked, but no variable's value."""
        self._upstream = spec.upstream
        self._masked = masked
        self._bindings = BindingLabels(spec)
        self._calls = {entry.name: entry for entry in spec.source if isinstance(entry, CallSpec)}
        self._whole = whole

    def of(self, request: PlatformRequest) -> str:
        """Return `/customers/{customer.id}/orders?email={user}&event=jazz&page=2`.

        What a next URL added is masked. A hole is filled with its value if that identifies no person, so
        that calls can be told apart. On another host than `base_url` its name stands before: `files:/...`.
        """
        return name_target(self._of(request), request.host)

    def _of(self, request: PlatformRequest) -> str:
        asked = below_base(request.url, self._upstream.at(request.host).base_url)
        call = self._calls.get(request.call)
        if call is None or request.is_followed:
            return self._masked(asked)
        path, _, query = asked.partition("?")
        declared = {
            name: list(values)
            for name, values in call.request.query.items()
            if not any(_counts_pages(value) for value in values)
        }
        pairs = [self._pair(pair, declared) for pair in query.split("&") if pair]
        shape = self._fill(call.request.path, path)
        return shape + (f"?{'&'.join(pairs)}" if pairs else "")

    def _pair(self, pair: str, declared: dict[str, list[TemplateSpec]]) -> str:
        name, _, value = pair.partition("=")
        known = declared.get(unquote(name))
        if not known:
            return self._masked(f"?{pair}")[1:]
        return f"{unquote(name)}={self._fill(known.pop(0), value)}"

    def _fill(self, template: TemplateSpec, sent: str) -> str:
        """Return the template's text, with parts of *sent* in the holes that may be shown."""
        pattern = "".join("([^/?&]*)" if _is_open(part) else "%s" for part in template.parts)
        literals = [re.escape(part) for part in template.parts if isinstance(part, str)]
        found = re.fullmatch(pattern % tuple(literals), sent)
        values = iter(found.groups() if found else ())
        return "".join(
            self._part(part, next(values, "") if _is_open(part) else "") for part in template.parts
        )

    def _part(self, part: str | Secret | ExpressionSpec, value: str) -> str:
        match part:
            case ExpressionSpec():
                whole = self._masked(value) if self._whole else None
                shown = whole or self._bindings.explained(part.text, unquote(value))
                return shown or f"{{{part.text}}}"
            case Secret():
                return "${...}"
            case _:
                return part


def _is_open(part: str | Secret | ExpressionSpec) -> bool:
    return not isinstance(part, str)


def _counts_pages(template: TemplateSpec) -> bool:
    holes = [part for part in template.parts if isinstance(part, ExpressionSpec)]
    return bool(holes) and all("page." in hole.text for hole in holes)


# --- explanations ---------------------------------------------------------------------------------


class ExplanationPart(msgspec.Struct, frozen=True, omit_defaults=True, rename="camel"):
    """The base of all parts of an explanation. In JSON, empty members are left out."""


class CallExplanation(ExplanationPart, frozen=True):
    """One request. *path* is without values; sizes are in bytes, times in milliseconds."""

    call: str
    method: str
    path: str
    status: int | None
    bytes: int | None
    started_ms: float
    took_ms: float
    failure: str = ""


class CheckExplanation(ExplanationPart, frozen=True):
    """One check of a record: its inputs, its value, and its result."""

    kind: str
    name: str
    expression: str
    place: str
    inputs: Mapping[str, Any]
    value: Any
    answer: str
    failure: str = ""


class FieldExplanation(ExplanationPart, frozen=True):
    """One field: *value* is the expression's value, *result* the value that goes out; unset if left out."""

    name: str
    expression: str = ""
    place: str = ""
    inputs: Mapping[str, Any] = {}
    value: Any = None
    result: Any = msgspec.UNSET
    failure: str = ""


class RecordExplanation(ExplanationPart, frozen=True):
    """One record, its verdict, and why."""

    number: int
    verdict: str
    ticket_id: str | None = None
    reason: str = ""
    checks: Sequence[CheckExplanation] = ()
    fields: Sequence[FieldExplanation] = ()


class OthersExplanation(ExplanationPart, frozen=True):
    """How many records belong to other people, and by which expression."""

    count: int
    expression: str
    place: str


class ProblemExplanation(ExplanationPart, frozen=True):
    """What menta tech gets in place of tickets; *reason* is for the operator only."""

    slug: str
    status: int
    detail: str
    reason: str
    retryable: bool


class AnswerExplanation(msgspec.Struct, frozen=True, rename="camel"):
    """How an answer came about; *calls* and *records* are unset if nobody asked for them.

    *nothing* counts the bindings for which a call found nothing (`then: none`); unset if there are none.
    *records* has only the user's records; *others* counts those of other people.
    """

    user: str
    now: str
    status: int
    answer: Any
    problem: ProblemExplanation | None
    verdicts: Mapping[str, int]
    notes: Sequence[str]
    nothing: Mapping[str, int] | msgspec.UnsetType = msgspec.UNSET
    calls: Sequence[CallExplanation] | msgspec.UnsetType = msgspec.UNSET
    records: Sequence[RecordExplanation] | msgspec.UnsetType = msgspec.UNSET
    others: OthersExplanation | msgspec.UnsetType = msgspec.UNSET


def explain_record(number: int, record: Record, masker: Masker) -> RecordExplanation:
    """Return the explanation of one *record*, which is that of this *number*."""
    scope = record.scope or {}
    return RecordExplanation(
        number,
        str(record.verdict),
        record.ticket_id,
        masker.mask_reason(record.reason),
        tuple(_explain_check(note, scope, masker) for note in record.checks),
        tuple(_explain_field(note, scope, masker) for note in record.fields),
    )


def _explain_check(note: CheckNote, scope: Scope, masker: Masker) -> CheckExplanation:
    source = note.expression
    show = masker.mask_user if note.kind == "owner" else masker.mask_value
    inputs = {name: show(value) for name, value in read_inputs(source, scope)}
    return CheckExplanation(
        note.kind,
        note.name,
        source.text,
        source.place,
        inputs,
        show(_shorten_value(note.value)),
        note.answer,
        masker.mask_reason(note.failure),
    )


def _explain_field(note: FieldNote, scope: Scope, masker: Masker) -> FieldExplanation:
    source = note.expression
    read = read_inputs(source, scope) if source else ()
    paths = [str(path) for path in root_paths(source)] if source else []
    made = note.made
    return FieldExplanation(
        note.name,
        source.text if source else "",
        source.place if source else "",
        {name: masker.mask_value(value, name, note.name) for name, value in read},
        masker.mask_value(_shorten_value(note.value), *paths, note.name),
        made if made is msgspec.UNSET else masker.mask_value(made, note.name),
        masker.mask_reason(note.failure or note.refusal),
    )


def explain_call(
    exchange: Exchange,
    shapes: PathShapes,
    masker: Masker,
    times: tuple[float, float] | None = None,
) -> CallExplanation:
    """Return one request as it may be shown; *times*, if given, are those of the call that it repeats."""
    request, answer = exchange.request, exchange.answer
    started, seconds = times or (exchange.started, exchange.seconds)
    return CallExplanation(
        request.call,
        request.method,
        shapes.of(request),
        answer.status if answer else None,
        len(answer.content) if answer else None,
        round(started * 1000, 3),
        round(seconds * 1000, 3),
        masker.mask_text(exchange.failure),
    )


def explain(
    answer_run: AnswerRun, masker: Masker, *, whole: bool, shapes: PathShapes | None = None
) -> AnswerExplanation:
    """Return the explanation of *answer_run*: with calls and records if *whole*, else the outcome."""
    shapes = shapes or PathShapes(answer_run.bridge.spec, masker.mask_text)
    records = [r for r in enumerate(answer_run.trace.records, 1) if r[1].verdict != NOT_OWNER]
    problem, answer = answer_run.problem, answer_run.answer
    body = msgspec.json.decode(answer.body) if answer and answer.body else None
    return AnswerExplanation(
        str(masker.mask_user(answer_run.user)),
        write_moment(answer_run.now),
        answer.status if answer else problem.status if problem else 0,
        masker.mask_value(body) if whole else body,
        _explain_problem(problem, masker) if problem else None,
        answer_run.trace.verdicts,
        answer_run.trace.notes,
        answer_run.trace.nothing or msgspec.UNSET,
        [explain_call(exchange, shapes, masker) for exchange in answer_run.exchanges]
        if whole
        else msgspec.UNSET,
        [explain_record(*numbered, masker) for numbered in records] if whole else msgspec.UNSET,
        (_count_others(answer_run) if whole else None) or msgspec.UNSET,
    )


def _count_others(answer_run: AnswerRun) -> OthersExplanation | None:
    """Return the number of records that are not the user's; None if there are none."""
    count = sum(record.verdict == NOT_OWNER for record in answer_run.trace.records)
    owner = answer_run.bridge.spec.ticket.owner
    return OthersExplanation(count, owner.text, str(owner.place)) if count and owner else None


def _explain_problem(problem: ProblemError, masker: Masker) -> ProblemExplanation:
    slug, status, detail = problem.slug, problem.status, problem.detail
    reason = masker.mask_reason(problem.log)
    return ProblemExplanation(slug, status, detail, reason, problem.retryable)


def read_inputs(expression: Expression, scope: Scope) -> Iterator[tuple[str, Any]]:
    """Yield the inputs of *expression* in *scope*: paths and values; for long values their kind."""
    for path in root_paths(expression):
        value = path.value(scope)
        yield str(path), "(not there)" if value is NOWHERE else _shorten_value(value)


def _shorten_value(value: Any) -> Any:
    """Return *value*, or its kind if it is too long to show."""
    if isinstance(value, dict):
        return f"({json_type(value)} with {', '.join(value)})"
    if isinstance(value, list) and any(isinstance(item, dict | list) for item in value):
        return f"({json_type(value)} of {len(value)})"
    return value
