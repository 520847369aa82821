"""Find the parts of a mapping that no case exercises."""

from __future__ import annotations

import asyncio
from collections import Counter, defaultdict
from collections.abc import Collection, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

from ticketbridge.engine.agreement import WaysDiffer
from ticketbridge.engine.tickets.fields import table_key
from ticketbridge.engine.tickets.steps import is_owner
from ticketbridge.jmes import Expression
from ticketbridge.mapping.findings import Place
from ticketbridge.mapping.spec import (
    AuthSpec,
    BindingSpec,
    CallSpec,
    ExpressionSpec,
    MappingSpec,
    NamedField,
    ReasonSpec,
    ResponseSpec,
    RuleSpec,
    SignatureAuthSpec,
    StatusTableSpec,
    TableSpec,
    TicketSpec,
    claimed_by,
)
from ticketbridge.mapping.spec_compiler import Scope
from ticketbridge.workbench.cases.case_spec import CaseSpec
from ticketbridge.workbench.cases.runner import (
    SkippingLoop,
    WatchedCompiler,
    compile_for_cases,
    run_case,
)
from ticketbridge.workbench.spec_parts import SpecPart, list_parts


class Trace:
    """Each value that an expression gave, and the scope in which it was evaluated.

    *has_empty_answer*: at least one case got an answer without tickets.
    """

    def __init__(self) -> None:
        self.has_empty_answer = False
        self._seen: dict[ExpressionSpec, list[tuple[Scope, Any]]] = defaultdict(list)

    def watch(self, made: Expression, spec: ExpressionSpec, _roots: Collection[str]) -> Expression:
        """Return *made*, of *spec*, so that it adds each of its values. See Watch."""
        return made.with_watch(lambda scope, value: self.note(spec, scope, value))

    def note(self, spec: ExpressionSpec, scope: Scope, value: Any) -> None:
        """Add that *spec* gave *value* in *scope*."""
        self._seen[spec].append((scope, value))

    def of(self, spec: ExpressionSpec) -> Sequence[tuple[Scope, Any]]:
        """Return the scopes and values of *spec*, in order."""
        return self._seen.get(spec, ())

    def values(self, spec: ExpressionSpec) -> Iterator[Any]:
        """Return the values of *spec*, in order."""
        return (value for _, value in self.of(spec))


def trace_cases(spec: MappingSpec, cases: Sequence[CaseSpec]) -> Trace:
    """Run *cases*, and return the value of each expression of *spec*. Cases may pass or fail."""
    trace = Trace()
    bridge = compile_for_cases(spec, WatchedCompiler(spec.source, trace.watch))
    with asyncio.Runner(loop_factory=SkippingLoop) as runner:
        for case in cases:
            # A difference of the two ways fails the case where its result is told.
            with suppress(WaysDiffer):
                outcome = runner.run(run_case(case, bridge)).outcome
                if outcome is not None and outcome.problem is None and not outcome.tickets:
                    trace.has_empty_answer = True
    return trace


# --- what a case should exercise ------------------------------------------------------------------


_ALWAYS = "`true`"
_OF_ONE_ANSWER = frozenset({"body", "status", "headers", "page"})


@dataclass(frozen=True, slots=True, order=True)
class CoveragePoint:
    """One thing that a case should exercise; *lacking* says what is missing while no case does."""

    place: Place
    lacking: str
    met: bool


def measure_coverage(spec: MappingSpec, cases: Sequence[CaseSpec]) -> list[CoveragePoint]:
    """Return everything in *spec* that a case should exercise, in the order of the file."""
    spec = _add_conditions(spec)
    trace = trace_cases(spec, cases)
    points = [point for part in list_parts(spec) for point in _list_points(part, trace)]
    return sorted([*points, *_list_signature_points(spec.upstream.auth, cases)])


def _list_signature_points(auth: AuthSpec, cases: Sequence[CaseSpec]) -> Iterator[CoveragePoint]:
    """Yield the values that make a signature: a case checks them with `asked`."""
    if isinstance(auth, SignatureAuthSpec):
        claimed = claimed_by(auth)
        asked = [answer.carried for case in cases for answer in case.answers]
        met = any(
            claimed.headers & each.headers.keys() or claimed.parameters & each.query.keys()
            for each in asked
        )
        yield CoveragePoint(auth.place, "no case says by `asked` what the signature is", met)


def _add_conditions(spec: MappingSpec) -> MappingSpec:
    """Return *spec* with a condition in each rule, so that the trace shows which rules decide."""
    for part in list_parts(spec):
        if isinstance(part.node, RuleSpec) and part.node.when is None:
            always = ExpressionSpec(_ALWAYS, part.node.place)
            return _add_conditions(part.with_node(replace(part.node, when=always)))
    return spec


def _list_points(part: SpecPart, trace: Trace) -> Iterator[CoveragePoint]:
    match part.node:
        case CallSpec():
            yield from _list_call_points(part.node, trace)
        case BindingSpec(name=name, kind="each", expression=expression):
            yield _make_bound_point(name, expression, trace)
        case RuleSpec():
            met = part.node.when is not None and _has_given(part.node.when, trace, wanted=True)
            yield CoveragePoint(
                part.node.place, f"no answer meets this rule ({part.node.then})", met
            )
        case TicketSpec():
            yield from _list_owner_points(part.node, trace)
        case StatusTableSpec() | TableSpec():
            yield from _list_table_points(part.node, part.slot, trace)
        case ReasonSpec(name, expression):
            met = _has_given(expression, trace, wanted=True)
            yield CoveragePoint(expression.place, f"no ticket is `{name}`", met)
        case NamedField(_, ExpressionSpec() as expression, place):
            met = any(value is not None and value != "" for value in trace.values(expression))
            yield CoveragePoint(place, f"no ticket has `{_find_field_name(part.slot)}`", met)
        case ResponseSpec():
            met = trace.has_empty_answer
            yield CoveragePoint(part.node.place, "no answer is without tickets", met)


def _has_given(condition: ExpressionSpec, trace: Trace, *, wanted: bool) -> bool:
    return any(value is wanted for value in trace.values(condition))


def _find_field_name(slot: str) -> str:
    return slot.removeprefix("ticket.fields.")


# --- source ---------------------------------------------------------------------------------------


def _list_call_points(spec: CallSpec, trace: Trace) -> Iterator[CoveragePoint]:
    if spec.condition is not None:
        for wanted in (True, False):
            met = _has_given(spec.condition, trace, wanted=wanted)
            said = "true" if wanted else "false"
            yield CoveragePoint(spec.condition.place, f"`if` is never {said}", met)
    result = spec.result.expression or ExpressionSpec("body", spec.place)
    if spec.cookies is not None:
        asked = [rule.when for rule in spec.responses if rule.when is not None]
        seen = (scope for each in (result, *asked) for scope, _ in trace.of(each))
        met = any("set-cookie" in scope["headers"] for scope in seen)
        yield CoveragePoint(spec.place, f"no answer of `{spec.name}` sets a cookie", met)
    if spec.result.kind != "take":
        yield _make_bound_point(spec.name, result, trace)
    if spec.pages is not None:
        met = any(number > 1 for number in _count_pages(result, trace).values())
        yield CoveragePoint(spec.pages.place, f"`{spec.name}` never has a second page", met)


def _make_bound_point(name: str, result: ExpressionSpec, trace: Trace) -> CoveragePoint:
    return CoveragePoint(result.place, f"no `{name}` is there", any(trace.values(result)))


def _count_pages(result: ExpressionSpec, trace: Trace) -> Counter[Any]:
    """Count the pages of each run of a call; the bindings above identify a run."""
    return Counter(
        tuple((name, id(value)) for name, value in scope.items() if name not in _OF_ONE_ANSWER)
        for scope, _ in trace.of(result)
    )


# --- ticket ---------------------------------------------------------------------------------------


def _list_owner_points(spec: TicketSpec, trace: Trace) -> Iterator[CoveragePoint]:
    if spec.owner is not None:
        owners = trace.of(spec.owner)
        met = not all(
            isinstance(owner, str) and is_owner(owner, scope["user"]) for scope, owner in owners
        )
        yield CoveragePoint(spec.owner.place, "no record is somebody else's", met)


def _list_table_points(
    spec: StatusTableSpec | TableSpec, slot: str, trace: Trace
) -> Iterator[CoveragePoint]:
    keys = {table_key(value) for value in trace.values(spec.source)}
    what = "status" if isinstance(spec, StatusTableSpec) else f"`{_find_field_name(slot)}` from"
    for word, constant in spec.values.items():
        yield CoveragePoint(constant.place, f"no record has {what} `{word}`", word in keys)
    if isinstance(spec, TableSpec) and spec.otherwise is not None:
        met = bool(keys - spec.values.keys())
        yield CoveragePoint(
            spec.otherwise.place, f"no `{_find_field_name(slot)}` comes from `else`", met
        )
