"""How an answer came about, from each call to each field, as values that can be written as they are.

Personal data is masked unless it is asked for, and credentials always.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

import msgspec

from ticketbridge.authoring.cases.case_platform import below_base
from ticketbridge.authoring.personal.personal_data import findings_of
from ticketbridge.authoring.personal.personal_kinds import Kind, Spot, mask
from ticketbridge.authoring.trial import Exchange, Trial
from ticketbridge.jmes import NOWHERE, Expression, root_paths
from ticketbridge.mapping.compiler import Scope
from ticketbridge.mapping.spec import CallSpec, ExpressionSpec, MappingSpec, Secret, TemplateSpec
from ticketbridge.problems import ProblemError
from ticketbridge.tickets.bindings import Bindings
from ticketbridge.tickets.convert import json_type
from ticketbridge.tickets.steps import is_owner
from ticketbridge.tickets.verdicts import NOT_OWNER, CheckNote, FieldNote, Record
from ticketbridge.upstream.messages import PlatformRequest


class Veil:
    """Lays masks over what stands in an explanation of *trial*; *lifted*: over credentials alone."""

    def __init__(self, trial: Trial, *, lifted: bool) -> None:
        self._user = trial.user
        self._lifted = lifted
        self._findings = findings_of(trial)

    def over(self, value: Any, *keys: str) -> Any:
        """*value* as it may be shown; *keys* are those that it stood under, each counts."""
        for key in keys or ("",):
            above, _, last = key.rpartition(".")
            spot = Spot(last, above.rpartition(".")[2])
            value = self._findings.replaced(value, self._mask, spot)
        return value

    def over_text(self, text: str) -> str:
        """*text*, which may be a URL, as it may be shown."""
        return self._findings.in_text(text, self._mask)

    def over_user(self, value: Any) -> Any:
        """The *value* of an owner, or of the user."""
        if self._lifted or not isinstance(value, str):
            return self.over(value)
        return "(the asked user)" if is_owner(value, self._user) else "(someone else)"

    def _mask(self, text: str, kind: Kind) -> str:
        return text if self._lifted and kind is not Kind.SECRET else mask(text, kind)


# --- paths of requests ----------------------------------------------------------------------------


class Shapes:
    """Gives shapes; *masked* is what may be shown of a URL that the mapping does not have."""

    def __init__(
        self, spec: MappingSpec, masked: Callable[[str], str], *, whole: bool = False
    ) -> None:
        """*whole*: URLs as they were sent, masked."""
        self._base_url = spec.upstream.base_url
        self._masked = masked
        self._bindings = Bindings(spec)
        self._calls = {} if whole else {e.name: e for e in spec.source if isinstance(e, CallSpec)}

    def of(self, request: PlatformRequest) -> str:
        """`/customers/{customer.id}/orders?email={user}&event=jazz&page=2`; what a next URL added is masked.

        A hole is shown as what filled it where that is the id of no person, so that calls can be told apart.
        """
        asked = below_base(request.url, self._base_url)
        call = self._calls.get(request.call)
        if call is None:
            return self._masked(asked)
        path, _, query = asked.partition("?")
        declared = {
            name: list(values)
            for name, values in call.request.query.items()
            if not any(_counts_pages(value) for value in values)
        }
        pairs = [self._pair(pair, declared) for pair in query.split("&") if pair]
        shape = self._filled(call.request.path, path)
        return shape + (f"?{'&'.join(pairs)}" if pairs else "")

    def _pair(self, pair: str, declared: dict[str, list[TemplateSpec]]) -> str:
        name, _, value = pair.partition("=")
        known = declared.get(unquote(name))
        if not known:
            return self._masked(f"?{pair}")[1:]
        return f"{unquote(name)}={self._filled(known.pop(0), value)}"

    def _filled(self, template: TemplateSpec, sent: str) -> str:
        """The template's text, with what was *sent* in those of its holes that may be shown."""
        pattern = "".join("([^/?&]*)" if _is_open(part) else "%s" for part in template.parts)
        literals = [re.escape(part) for part in template.parts if isinstance(part, str)]
        found = re.fullmatch(pattern % tuple(literals), sent)
        values = iter(map(unquote, found.groups()) if found else ())
        return "".join(
            self._part(part, next(values, "") if _is_open(part) else "") for part in template.parts
        )

    def _part(self, part: str | Secret | ExpressionSpec, value: str) -> str:
        shown = isinstance(part, ExpressionSpec) and self._bindings.explained(part.text, value)
        return shown or _part(part)


def _is_open(part: str | Secret | ExpressionSpec) -> bool:
    return not isinstance(part, str)


def _part(part: str | Secret | ExpressionSpec) -> str:
    match part:
        case ExpressionSpec():
            return f"{{{part.text}}}"
        case Secret():
            return "${...}"
        case _:
            return part


def _counts_pages(template: TemplateSpec) -> bool:
    holes = [part for part in template.parts if isinstance(part, ExpressionSpec)]
    return bool(holes) and all("page." in hole.text for hole in holes)


# --- explanations ---------------------------------------------------------------------------------


class Told(msgspec.Struct, frozen=True, omit_defaults=True, rename="camel"):
    """What all parts of an explanation are: written as JSON, without what is empty."""


class CallTold(Told, frozen=True):
    """One request: *path* is its shape, without values; sizes in bytes, times in milliseconds."""

    call: str
    method: str
    path: str
    status: int | None
    bytes: int | None
    started_ms: float
    took_ms: float
    failure: str = ""


class CheckTold(Told, frozen=True):
    """One check of a record: what it read, what it gave, and what followed."""

    kind: str
    name: str
    expression: str
    place: str
    inputs: Mapping[str, Any]
    value: Any
    answer: str
    failure: str = ""


class FieldTold(Told, frozen=True):
    """One field: *value* is what the expression gave, *result* what goes out. Without it, it is left out."""

    name: str
    expression: str = ""
    place: str = ""
    inputs: Mapping[str, Any] = {}
    value: Any = None
    result: Any = msgspec.UNSET
    failure: str = ""


class RecordTold(Told, frozen=True):
    """One record, its verdict, and why."""

    number: int
    verdict: str
    ticket_id: str | None = None
    reason: str = ""
    checks: Sequence[CheckTold] = ()
    fields: Sequence[FieldTold] = ()


class OthersTold(Told, frozen=True):
    """How many records belong to other people, by which expression, and where that stands."""

    count: int
    expression: str
    place: str


class ProblemTold(Told, frozen=True):
    """What menta tech gets in place of tickets; *reason* is for the operator alone."""

    slug: str
    status: int
    detail: str
    reason: str
    retryable: bool


class Explanation(msgspec.Struct, frozen=True, rename="camel"):
    """How an answer came about. Without *calls* and *records* it was not asked for them.

    Other people's records are not among *records*: they are counted in *others*, where there are any.
    """

    user: str
    now: str
    status: int
    answer: Any
    problem: ProblemTold | None
    verdicts: Mapping[str, int]
    notes: Sequence[str]
    calls: Sequence[CallTold] | msgspec.UnsetType = msgspec.UNSET
    records: Sequence[RecordTold] | msgspec.UnsetType = msgspec.UNSET
    others: OthersTold | msgspec.UnsetType = msgspec.UNSET


@dataclass(frozen=True, slots=True)
class _Teller:
    trial: Trial
    veil: Veil

    def record(self, number: int, record: Record) -> RecordTold:
        scope = record.scope or {}
        return RecordTold(
            number,
            str(record.verdict),
            record.ticket_id,
            record.reason,
            tuple(self._check(note, scope) for note in record.checks),
            tuple(self._field(note, scope) for note in record.fields),
        )

    def _check(self, note: CheckNote, scope: Scope) -> CheckTold:
        source = note.expression
        show = self.veil.over_user if note.kind == "owner" else self.veil.over
        inputs = {name: show(value) for name, value in inputs_of(source, scope)}
        return CheckTold(
            note.kind,
            note.name,
            source.text,
            source.place,
            inputs,
            show(_short(note.value)),
            note.answer,
            note.failure,
        )

    def _field(self, note: FieldNote, scope: Scope) -> FieldTold:
        veil, source = self.veil, note.expression
        read = inputs_of(source, scope) if source else ()
        paths = [str(path) for path in root_paths(source)] if source else []
        made = note.made
        return FieldTold(
            note.name,
            source.text if source else "",
            source.place if source else "",
            {name: veil.over(value, name, note.name) for name, value in read},
            veil.over(_short(note.value), *paths, note.name),
            made if made is msgspec.UNSET else veil.over(made, note.name),
            note.failure or note.refusal,
        )

    def call(self, exchange: Exchange, shapes: Shapes) -> CallTold:
        answer = exchange.answer
        return CallTold(
            exchange.request.call,
            exchange.request.method,
            shapes.of(exchange.request),
            answer.status if answer else None,
            len(answer.content) if answer else None,
            round(exchange.started * 1000, 3),
            round(exchange.seconds * 1000, 3),
            exchange.failure,
        )


def explained(
    trial: Trial, veil: Veil, *, whole: bool, shapes: Shapes | None = None
) -> Explanation:
    """What is to be said of *trial*: *whole*, with calls and records, or the outcome alone."""
    teller = _Teller(trial, veil)
    shapes = shapes or Shapes(trial.bridge.spec, veil.over_text)
    records = [r for r in enumerate(trial.journal.records, 1) if r[1].verdict != NOT_OWNER]
    problem, answer = trial.problem, trial.answer
    body = msgspec.json.decode(answer.body) if answer and answer.body else None
    return Explanation(
        str(veil.over_user(trial.user)),
        trial.now.isoformat(timespec="seconds").replace("+00:00", "Z"),
        answer.status if answer else problem.status if problem else 0,
        veil.over(body) if whole else body,
        _problem(problem) if problem else None,
        trial.journal.verdicts,
        trial.journal.notes,
        [teller.call(exchange, shapes) for exchange in trial.exchanges] if whole else msgspec.UNSET,
        [teller.record(*numbered) for numbered in records] if whole else msgspec.UNSET,
        (_others(trial) if whole else None) or msgspec.UNSET,
    )


def _others(trial: Trial) -> OthersTold | None:
    """The records that are not the user's, counted; None where there are none."""
    count = sum(record.verdict == NOT_OWNER for record in trial.journal.records)
    owner = trial.bridge.spec.ticket.owner
    return OthersTold(count, owner.text, str(owner.place)) if count and owner else None


def _problem(problem: ProblemError) -> ProblemTold:
    slug, status, detail = problem.slug, problem.status, problem.detail
    return ProblemTold(slug, status, detail, problem.log, problem.retryable)


def inputs_of(expression: Expression, scope: Scope) -> Iterator[tuple[str, Any]]:
    """What *expression* reads of *scope*: paths and values, long ones by their kind alone."""
    for path in root_paths(expression):
        value = path.value(scope)
        yield str(path), "(not there)" if value is NOWHERE else _short(value)


def _short(value: Any) -> Any:
    """*value*, or, of what would fill pages, what it is."""
    if isinstance(value, dict):
        return f"({json_type(value)} with {', '.join(value)})"
    if isinstance(value, list) and any(isinstance(item, dict | list) for item in value):
        return f"({json_type(value)} of {len(value)})"
    return value
