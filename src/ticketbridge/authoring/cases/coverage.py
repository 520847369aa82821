"""What a mapping declares, and whether any of its cases comes by."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from ticketbridge.authoring.cases.spec import CaseSpec
from ticketbridge.authoring.cases.trace import Trace, traced
from ticketbridge.authoring.sites import Site, sites
from ticketbridge.mapping.findings import Place
from ticketbridge.mapping.spec import (
    BindingSpec,
    CallSpec,
    ExpressionSpec,
    MappingSpec,
    NamedField,
    ReasonSpec,
    ResponseSpec,
    RuleSpec,
    StatusTableSpec,
    TableSpec,
    TicketSpec,
)
from ticketbridge.tickets.fields import table_key
from ticketbridge.tickets.steps import is_owner

_ALWAYS = "`true`"
_OF_ONE_ANSWER = frozenset({"body", "status", "headers", "page"})


@dataclass(frozen=True, slots=True, order=True)
class Point:
    """One thing that a case should come by; *lacking* says what is missing where none does."""

    place: Place
    lacking: str
    met: bool


def coverage(spec: MappingSpec, cases: Sequence[CaseSpec]) -> list[Point]:
    """Everything in *spec* that a case should come by, in the order of the file."""
    spec = _with_conditions(spec)
    trace = traced(spec, cases)
    return sorted(point for site in sites(spec) for point in _points(site, trace))


def _with_conditions(spec: MappingSpec) -> MappingSpec:
    """*spec* with a condition in each rule, so that an expression tells when the rule decides."""
    for site in sites(spec):
        if isinstance(site.node, RuleSpec) and site.node.when is None:
            always = ExpressionSpec(_ALWAYS, site.node.place)
            return _with_conditions(site.put(replace(site.node, when=always)))
    return spec


def _points(site: Site, trace: Trace) -> Iterator[Point]:
    match site.node:
        case CallSpec():
            yield from _of_call(site.node, trace)
        case BindingSpec(name=name, kind="each", expression=expression):
            yield _bound(name, expression, trace)
        case RuleSpec():
            met = site.node.when is not None and _gave(site.node.when, trace, wanted=True)
            yield Point(site.node.place, f"no answer meets this rule ({site.node.then})", met)
        case TicketSpec():
            yield from _of_owner(site.node, trace)
        case StatusTableSpec() | TableSpec():
            yield from _of_table(site.node, site.slot, trace)
        case ReasonSpec(name, expression):
            met = _gave(expression, trace, wanted=True)
            yield Point(expression.place, f"no ticket is `{name}`", met)
        case NamedField(_, ExpressionSpec() as expression, place):
            met = any(value is not None and value != "" for value in trace.values(expression))
            yield Point(place, f"no ticket has `{_field(site.slot)}`", met)
        case ResponseSpec():
            met = any(not scope["tickets"] for scope, _ in trace.of(site.node.body))
            yield Point(site.node.place, "no answer is without tickets", met)


def _gave(condition: ExpressionSpec, trace: Trace, *, wanted: bool) -> bool:
    return any(value is wanted for value in trace.values(condition))


def _field(slot: str) -> str:
    return slot.removeprefix("ticket.fields.")


# --- source ---------------------------------------------------------------------------------------


def _of_call(spec: CallSpec, trace: Trace) -> Iterator[Point]:
    if spec.condition is not None:
        for wanted in (True, False):
            met = _gave(spec.condition, trace, wanted=wanted)
            said = "true" if wanted else "false"
            yield Point(spec.condition.place, f"`if` is never {said}", met)
    result = spec.result.expression or ExpressionSpec("body", spec.place)
    if spec.result.kind != "take":
        yield _bound(spec.name, result, trace)
    if spec.pages is not None:
        met = any(number > 1 for number in _pages(result, trace).values())
        yield Point(spec.pages.place, f"`{spec.name}` never has a second page", met)


def _bound(name: str, result: ExpressionSpec, trace: Trace) -> Point:
    return Point(result.place, f"no `{name}` is there", any(trace.values(result)))


def _pages(result: ExpressionSpec, trace: Trace) -> Counter[Any]:
    """How many pages each run of a call has read; runs are told apart by what is bound above."""
    return Counter(
        tuple((name, id(value)) for name, value in scope.items() if name not in _OF_ONE_ANSWER)
        for scope, _ in trace.of(result)
    )


# --- ticket ---------------------------------------------------------------------------------------


def _of_owner(spec: TicketSpec, trace: Trace) -> Iterator[Point]:
    if spec.owner is not None:
        owners = trace.of(spec.owner)
        met = any(not _owns(owner, scope["user"]) for scope, owner in owners)
        yield Point(spec.owner.place, "no record is somebody else's", met)


def _owns(owner: Any, user: str) -> bool:
    return isinstance(owner, str) and is_owner(owner, user)


def _of_table(spec: StatusTableSpec | TableSpec, slot: str, trace: Trace) -> Iterator[Point]:
    keys = {table_key(value) for value in trace.values(spec.source)}
    what = "status" if isinstance(spec, StatusTableSpec) else f"`{_field(slot)}` from"
    for word, constant in spec.values.items():
        yield Point(constant.place, f"no record has {what} `{word}`", word in keys)
    if isinstance(spec, TableSpec) and spec.otherwise is not None:
        met = bool(keys - spec.values.keys())
        yield Point(spec.otherwise.place, f"no `{_field(slot)}` comes from `else`", met)
