"""From a mapping to a running bridge: the walk of one answer, from the user to the tickets.

    user ──► source entries, outermost first ──► bindings ──► records ──► verdicts ──► body

Each entry is run for all bindings of the one above it, so that calls go out together; a binding that
fails a check is judged at once and goes no further.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from copy import copy
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from itertools import islice
from typing import Any

from ticketbridge.engine.agreement import Made, require_same
from ticketbridge.engine.answer_trace import AnswerTrace
from ticketbridge.engine.deadline import Deadline
from ticketbridge.engine.parts import Parts, compile_parts, compile_tickets, split_entries
from ticketbridge.engine.problems import (
    MappingMismatch,
    Overloaded,
    ProblemError,
    UnknownUser,
    UpstreamTimeout,
)
from ticketbridge.engine.response import Body
from ticketbridge.engine.tickets.binding_labels import BindingLabels
from ticketbridge.engine.tickets.duplicates import resolve_duplicates
from ticketbridge.engine.tickets.record_limits import BoundCount, require_records
from ticketbridge.engine.tickets.shape_counts import MOST_RECORDS, ShapeCounts
from ticketbridge.engine.tickets.turns import with_turns
from ticketbridge.engine.tickets.verdicts import RETURNED, UNKNOWN_STATUS, Record, count
from ticketbridge.engine.upstream.binding import bind_each
from ticketbridge.engine.upstream.calls import CallPlan
from ticketbridge.engine.upstream.context import AnswerContext, Send
from ticketbridge.engine.upstream.failures import OwnsNothing
from ticketbridge.engine.upstream.limits import BodyBudget, State
from ticketbridge.engine.upstream.login import SessionLogin
from ticketbridge.engine.upstream.messages import PlatformRequest
from ticketbridge.engine.upstream.pipeline import Platform
from ticketbridge.engine.upstream.wire import Wire, open_connections
from ticketbridge.jmes import LOOKUP_CACHE, NOW, EvaluationError, keys_shown
from ticketbridge.mapping.findings import Finding
from ticketbridge.mapping.spec import MappingSpec
from ticketbridge.mapping.spec_compiler import SpecCompiler

Binding = tuple[dict[str, Any], list[Any]]
"""A scope, and the values that the next entry binds in it."""


@dataclass(slots=True)  # see PlatformRequest
class Answer:
    """What menta tech gets: a status and a body (with 204 no body)."""

    status: int
    body: Body = field(repr=False)


class Bridge:
    """One mapping, ready to answer. Make it with `compile_mapping`."""

    def __init__(
        self,
        spec: MappingSpec,
        parts: Parts,
        last_stage: Send | None = None,
    ) -> None:
        self.spec = spec
        self.warnings: Sequence[Finding] = spec.warnings
        self._calls, self._levels = split_entries(parts.entries)
        self._bindings = BindingLabels(spec)
        self.program = compile_tickets(parts)
        self.shapes: ShapeCounts | None = None
        """Counts the shape of records; with None nothing is counted."""
        self._response = parts.response
        self._login = parts.login
        self._signer = parts.signer
        self._connections = None
        if last_stage is None:
            self._connections = open_connections(spec.upstream, parts.tls)
            last_stage = Wire(self._connections, spec.upstream.max_body).send
        self._platform = self._reached_by(last_stage, logs_in=True)

    async def answer(
        self,
        user: str,
        trace: AnswerTrace | None = None,
        *,
        now: datetime | None = None,
        stands: bool = True,
    ) -> Answer:
        """Return the valid tickets that *user* owns; the platform is asked now.

        Raises ProblemError: an answer never has fewer tickets than the platform named. *trace* records what
        happens. *now* fixes the clock of `now()`; *stands* fixes the clock of signatures too.
        """
        trace = AnswerTrace() if trace is None else trace
        deadline = Deadline(self.spec.upstream.timeout)
        try:
            with deadline, keys_shown(trace.explains):
                scope = _first_scope(user, now or datetime.now(UTC))
                bodies = BodyBudget(self.spec.upstream.max_body)
                fixed = now if stands else None
                context = AnswerContext(trace, scope, deadline, bodies, fixed=fixed)
                return await self._answer(scope, context)
        except TimeoutError:
            if not deadline.has_passed:
                raise
            raise _late(trace) from None
        finally:
            trace.verdicts = trace.verdicts or count(trace.records)

    def with_last_stage(self, last_stage: Send, *, logs_in: bool | None = None) -> Bridge:
        """Return a copy that sends its requests through *last_stage*, to record or to fake them.

        Compiled code and connections are shared; tokens, limits and breaker are new. With *logs_in* False,
        requests that need a login go out unsigned; with None they are signed if those of this bridge are.
        """
        other = copy(self)
        if logs_in is None:
            logs_in = self._platform.logs_in
        platform = self._reached_by(last_stage, logs_in=logs_in)
        other._platform = platform  # noqa: SLF001 - of this class
        return other

    def login_request(self, user: str, *, now: datetime | None = None) -> PlatformRequest | None:
        """Return the login request for *user*, or None if `auth` has no session.

        Raises MappingMismatch if the request cannot be built.
        """
        if not isinstance(self._login, SessionLogin):
            return None
        return self._login.request(_first_scope(user, now or datetime.now(UTC)))

    @property
    def last_stage(self) -> Send:
        """The stage that sends a request over the wire, or replaces the wire."""
        return self._platform.last_stage

    @property
    def breaker(self) -> State:
        """The breaker: it decides whether the platform is called at all."""
        return self._platform.breaker.state

    @property
    def calls_in_flight(self) -> int:
        """How many calls to the platform are under way."""
        return self._platform.slots.taken

    async def aclose(self) -> None:
        """Close the connections to the platform."""
        if self._connections is not None:
            await self._connections.aclose()

    def _reached_by(self, last_stage: Send, *, logs_in: bool) -> Platform:
        upstream = self.spec.upstream
        return Platform(
            upstream, self._calls, self._login, self._signer, last_stage, logs_in=logs_in
        )

    async def _answer(self, scope: dict[str, Any], context: AnswerContext) -> Answer:
        user, trace = scope["user"], context.trace
        try:
            bindings = await self._walk(scope, context)
        except OwnsNothing as nothing:
            if nothing.unknown_user and self._response.when_unknown_user == 404:
                raise UnknownUser from nothing
            bindings = []
        if trace.explains:
            return await self._answer_both_ways(user, bindings, trace)
        if self.shapes is not None and self.shapes.is_due():
            self._count_shapes(bindings, self.shapes)
        served = self._serve(user, bindings, trace)
        return served or await self._explain(user, bindings, trace)

    # --- the calls ------------------------------------------------------------------------------

    async def _walk(self, scope: dict[str, Any], context: AnswerContext) -> list[Binding]:
        """Bind each entry for all scopes of the entry before it, down to the last entry that calls.

        Records are judged as early as possible, which saves their further calls.
        """
        scopes, trace = [scope], context.trace
        last, most = len(self._calls) - 1, self.spec.upstream.max_records
        for stage, (entry, bind) in enumerate(zip(self._calls, self._platform.ways, strict=True)):
            is_call = isinstance(entry, CallPlan)
            values = await bind_each(bind, scopes, context, self._bindings, most, at_once=is_call)
            bindings = list(zip(scopes, values, strict=True))
            if stage < last:
                scopes = await self._going_on(stage, entry.name, bindings, trace)
                self._fail_on_violations(trace, settled=False)
        return bindings

    async def _going_on(
        self, stage: int, name: str, bindings: Sequence[Binding], trace: AnswerTrace
    ) -> list[dict[str, Any]]:
        """Return the scopes of the next entry; add the records of the bindings that end here to the trace."""
        going_on = []
        async for bound in with_turns(_scopes(name, bindings)):
            record = self.program.judge(stage, bound)
            if record is None:
                going_on.append(bound)
            else:
                keeps = trace.explains or record.verdict.is_violation
                record.scope = bound if keeps else None
                _add(record, trace)
        return going_on

    # --- the records ----------------------------------------------------------------------------

    async def _answer_both_ways(
        self, user: str, bindings: list[Binding], trace: AnswerTrace
    ) -> Answer:
        """Return the explained answer. Raises WaysDiffer if `serve` would give another one."""
        serving = AnswerTrace(records=list(trace.records))
        answer = self._serve(user, list(bindings), serving)
        served = answer and Made(serving.verdicts, answer.status, answer.body)
        try:
            answer = await self._explain(user, bindings, trace)
        except ProblemError as problem:
            if served:
                require_same(served, Made(trace.verdicts, problem=problem))
            raise
        if served:
            require_same(served, Made(trace.verdicts, answer.status, answer.body))
        return answer

    def _serve(self, user: str, bindings: list[Binding], trace: AnswerTrace) -> Answer | None:
        """Return an answer in which nothing is unusual, or None. Raises nothing."""
        if trace.records and any(record.verdict.is_violation for record in trace.records):
            return None
        try:
            writing = self._response.writing(user)
            tally = self.program.tally(writing.add, self._bound_count())
            self.program.serve(bindings, tally)
            writing.check()
            verdicts = tally.counts(count(trace.records))
            self._require_records(sum(verdicts.values()))
        except Exception:  # noqa: BLE001 - whatever was unusual, the explanation meets it again
            return None
        trace.verdicts = verdicts
        # Nothing is left to explain: what the platform said makes room for the answer.
        bindings.clear()
        return self._make_answer(tally.given, writing.encoded())

    async def _explain(self, user: str, bindings: Sequence[Binding], trace: AnswerTrace) -> Answer:
        """Return any answer, with a reason for each record. Raises the problem if it is one."""
        stage = len(self._calls) - 1
        found = _scopes(self._calls[stage].name, bindings)
        bound = self._bound_count()
        size = self._response.size()
        records = (record for scope in found for record in self._judge(stage, scope, bound))
        async for record in with_turns(records):
            if record is not None:
                _add(record, trace)
                self._require_records(len(trace.records))
                size.add(record.ticket)
        resolve_duplicates(trace.records)
        trace.verdicts = count(trace.records)
        self._fail_on_violations(trace)
        tickets = [record.ticket for record in trace.records if record.ticket is not None]
        return self._make_answer(len(tickets), await self._response.render(user, tickets))

    def _count_shapes(self, bindings: Sequence[Binding], shapes: ShapeCounts) -> None:
        """Let *shapes* count the first records, which are judged with notes, like an unusual answer."""
        stage = len(self._calls) - 1
        bound, found = self._bound_count(), _scopes(self._calls[stage].name, bindings)
        records = (record for scope in found for record in self._judge(stage, scope, bound))
        judged = (record for record in records if record is not None)
        with suppress(ProblemError, EvaluationError):  # met again where the answer is made
            shapes.add(islice(judged, MOST_RECORDS))

    def _make_answer(self, tickets: int, body: Body) -> Answer:
        if not tickets and self._response.when_empty == 204:
            return Answer(204, b"")
        return Answer(200, body)

    def _judge(
        self, stage: int, scope: dict[str, Any], bound: BoundCount
    ) -> Iterator[Record | None]:
        """Yield the records below one binding of the entry number *stage*, and None for each binding between.

        *bound* counts the values of each level.
        """
        level = stage - len(self._calls) + 1
        record = self.program.judge(stage, scope)
        if record is not None:
            yield record
            return
        entry = self._levels[level]
        values = entry.values(scope)
        bound.add(level, len(values))
        yield None
        for value in values:
            yield from self._judge(stage + 1, {**scope, entry.name: value}, bound)

    def _bound_count(self) -> BoundCount:
        return BoundCount(len(self._levels), self.spec.upstream.max_records)

    def _require_records(self, number: int) -> None:
        require_records(number, self.spec.upstream.max_records)

    def _fail_on_violations(self, trace: AnswerTrace, *, settled: bool = True) -> None:
        """Raise MappingMismatch if a record could not be judged, unless the mapping says `omit`."""
        violations = [record for record in trace.records if record.verdict.is_violation]
        if not violations:
            return
        omits = self.spec.ticket.on_violation == "omit"
        returned = any(record.verdict == RETURNED for record in trace.records)
        if omits and (returned or not settled):
            return
        first = violations[0]
        label = self._bindings.label(first.scope or {})
        raise MappingMismatch(
            f"{len(violations)} of {len(trace.records)} records could not be judged"
            f" (first: {first.verdict})",
            log=f"{len(violations)} violations, first {first.verdict}: {first.reason}"
            + (f" ({label})" if label else ""),
        )


def _add(record: Record, trace: AnswerTrace) -> None:
    """Add *record* to the trace; with its notes if the trace explains."""
    if record.verdict == UNKNOWN_STATUS:
        trace.count_unknown(record.checks[-1].value)
    if not trace.explains:
        record.checks = record.fields = ()
    trace.records.append(record)


def _first_scope(user: str, now: datetime) -> dict[str, Any]:
    return {"user": user, NOW: now, LOOKUP_CACHE: {}}


def _scopes(name: str, bindings: Sequence[Binding]) -> Iterator[dict[str, Any]]:
    return ({**scope, name: value} for scope, values in bindings for value in values)


def _late(trace: AnswerTrace) -> ProblemError:
    """Return the problem of a passed deadline: Overloaded if more time went into waiting than into calls."""
    if trace.waiting.seconds > trace.upstream.seconds:
        return Overloaded(log="no free call to the platform before the deadline")
    return UpstreamTimeout()


def compile_mapping(
    spec: MappingSpec,
    *,
    last_stage: Send | None = None,
    compiler: SpecCompiler | None = None,
) -> Bridge:
    """Return *spec* as a running bridge. Raises MappingError with all its findings.

    *last_stage* replaces the connections to the platform; *compiler* compiles the expressions.
    """
    compiler = compiler or SpecCompiler(spec.source)
    parts = compile_parts(spec, compiler)
    compiler.raise_errors()
    whole = replace(spec, warnings=(*spec.warnings, *compiler.findings))
    return Bridge(whole, parts, last_stage)


def compile_findings(spec: MappingSpec) -> Sequence[Finding]:
    """Return the findings of `compile_mapping`. *spec* may have placeholders for its broken parts."""
    compiler = SpecCompiler(spec.source)
    compile_parts(spec, compiler)
    return compiler.findings
