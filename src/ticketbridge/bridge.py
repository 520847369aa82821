"""From a mapping to a running bridge: the walk of one answer, from the user to the tickets.

    user ──► source entries, outermost first ──► bindings ──► records ──► verdicts ──► body

Each entry is run for all bindings of the one above it, so that calls go out together; a binding that
fails a check is judged at once and goes no further.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Protocol

import httpx

from ticketbridge.jmes import LOOKUP_CACHE, NOW
from ticketbridge.journal import Journal
from ticketbridge.mapping.compiler import Scope, SpecCompiler
from ticketbridge.mapping.findings import Finding
from ticketbridge.mapping.spec import BindingSpec, EntrySpec, MappingSpec
from ticketbridge.problems import (
    MappingMismatch,
    Overloaded,
    ProblemError,
    UnknownUser,
    UpstreamTimeout,
)
from ticketbridge.response import ResponsePlan
from ticketbridge.tickets.records import TicketPlan, settle
from ticketbridge.tickets.verdicts import RETURNED, count_kinds
from ticketbridge.upstream.calls import CallPlan, found
from ticketbridge.upstream.client import PlatformClient
from ticketbridge.upstream.pull import Platform, Pull
from ticketbridge.upstream.resilience import RetryBudget, Slots
from ticketbridge.upstream.responses import OwnsNothing

_BREATH = 200  # records between two turns that other answers get


class Entry(Protocol):
    """A compiled entry of `source`."""

    name: str
    calls: bool

    async def bind(self, scope: Scope, pull: Pull) -> list[Any]:
        """The values to bind for *scope*, in order."""
        ...


@dataclass(frozen=True, slots=True)
class Answer:
    """What menta tech gets: a status and a body (none with 204); and the count of each kind of verdict."""

    status: int
    body: bytes = field(repr=False)
    verdicts: Mapping[str, int]


class Bridge:
    """One mapping, ready to answer. Make it with `compile_mapping`."""

    def __init__(
        self,
        spec: MappingSpec,
        entries: Sequence[Entry],
        tickets: TicketPlan,
        response: ResponsePlan,
        platform: Platform,
        warnings: Sequence[Finding],
    ) -> None:
        self.spec = spec
        self.warnings = warnings
        self._entries = entries
        self._tickets = tickets
        self._response = response
        self._platform = platform

    async def answer(
        self, user: str, journal: Journal | None = None, *, now: datetime | None = None
    ) -> Answer:
        """The valid tickets that *user* owns, asked of the platform now.

        *journal* takes down what happens on the way; *now* fixes the clock of `now()`. Raises
        ProblemError: there is never an answer with less in it than the platform said.
        """
        journal = Journal() if journal is None else journal
        limit = asyncio.timeout(self.spec.upstream.timeout)
        try:
            async with limit:
                return await self._answer(user, journal, now or datetime.now(UTC))
        except TimeoutError:
            if not limit.expired():
                raise
            raise _late(journal) from None

    async def aclose(self) -> None:
        """Close the connections to the platform."""
        await self._platform.client.aclose()

    async def _answer(self, user: str, journal: Journal, now: datetime) -> Answer:
        try:
            await self._walk(user, Pull(self._platform, journal), now)
        except OwnsNothing as nothing:
            journal.records.clear()
            if nothing.unknown_user and self._response.when_unknown_user == 404:
                raise UnknownUser from nothing
        settle(journal.records)
        self._fail_on_violations(journal)
        tickets = [record.ticket for record in journal.records if record.ticket is not None]
        verdicts = count_kinds(journal.records)
        if not tickets and self._response.when_empty == 204:
            return Answer(204, b"", verdicts)
        return Answer(200, self._response.render(user, tickets), verdicts)

    async def _walk(self, user: str, pull: Pull, now: datetime) -> None:
        """Bind each entry for all scopes of the one before; judge what can be judged."""
        instant = now.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        scopes: list[dict[str, Any]] = [{"user": user, NOW: instant, LOOKUP_CACHE: {}}]
        for stage, entry in enumerate(self._entries):
            values = await self._bindings(entry, scopes, pull)
            bound = [
                {**scope, entry.name: value}
                for scope, found_here in zip(scopes, values, strict=True)
                for value in found_here
            ]
            self._hold_to_records(len(bound) + len(pull.journal.records))
            innermost = stage == len(self._entries) - 1
            scopes = await self._judged(stage, bound, pull.journal, innermost=innermost)
            self._fail_on_violations(pull.journal, unsettled=True)

    async def _bindings(self, entry: Entry, scopes: Sequence[Scope], pull: Pull) -> list[list[Any]]:
        if not entry.calls or len(scopes) == 1:
            return [await entry.bind(scope, pull) for scope in scopes]
        try:
            async with asyncio.TaskGroup() as group:
                tasks = [group.create_task(entry.bind(scope, pull)) for scope in scopes]
        except BaseExceptionGroup as failures:
            raise _first(failures) from None
        return [task.result() for task in tasks]

    async def _judged(
        self, stage: int, scopes: Sequence[dict[str, Any]], journal: Journal, *, innermost: bool
    ) -> list[dict[str, Any]]:
        """The scopes that go on; the others' records are in the journal."""
        going_on = []
        for number, scope in enumerate(scopes, 1):
            if innermost:
                journal.records.append(self._tickets.judge(scope))
            elif (record := self._tickets.early(stage, scope)) is not None:
                journal.records.append(record)
            else:
                going_on.append(scope)
            if number % _BREATH == 0:
                await asyncio.sleep(0)
        return going_on

    def _hold_to_records(self, count: int) -> None:
        most = self.spec.upstream.max_records
        if count > most:
            raise MappingMismatch(
                "The platform gave more records than allowed",
                log=f"max_records: more than {most} records for one answer",
            )

    def _fail_on_violations(self, journal: Journal, *, unsettled: bool = False) -> None:
        """A list that leaves out what could not be judged is no answer, unless the mapping says `omit`."""
        violations = [record for record in journal.records if record.verdict.is_violation]
        if not violations:
            return
        omits = self.spec.ticket.on_violation == "omit"
        returned = any(record.verdict == RETURNED for record in journal.records)
        if omits and (unsettled or returned):
            return
        first = violations[0]
        raise MappingMismatch(
            f"{len(violations)} of {len(journal.records)} records could not be judged"
            f" (first: {first.verdict})",
            log=f"{len(violations)} violations, first {first.verdict}: {first.reason}",
        )


def _late(journal: Journal) -> ProblemError:
    """The deadline passed, and more of it went by in wait for a turn than in calls, or less."""
    if journal.waiting.seconds > journal.upstream.seconds:
        return Overloaded(log="no free call to the platform before the deadline")
    return UpstreamTimeout()


def _first(failures: BaseException) -> BaseException:
    """One of the failures of calls that went out together: the others were stopped by it."""
    return _first(failures.exceptions[0]) if isinstance(failures, BaseExceptionGroup) else failures


class BindingPlan:
    """A compiled BindingSpec: an entry that goes down a level, without a call."""

    def __init__(self, spec: BindingSpec, names: Sequence[str], compiler: SpecCompiler) -> None:
        self.name = spec.name
        self.calls = False
        self._kind = spec.kind
        self._expression = compiler.expression(spec.expression, ("user", *names))

    async def bind(self, scope: Scope, _pull: Pull) -> list[Any]:
        """The values that this entry binds for *scope*, in order."""
        return found(self._expression, scope, self._kind, self.name)


def compile_mapping(
    spec: MappingSpec, *, transport: httpx.AsyncBaseTransport | None = None
) -> Bridge:
    """*spec* made to run. Raises MappingError with all that is wrong in it.

    *transport* replaces the connections to the platform in tests.
    """
    compiler = SpecCompiler()
    names = [entry.name for entry in spec.source]
    response = ResponsePlan(spec.response, compiler)
    entries = [
        _compile_entry(entry, spec, names[:position], compiler)
        for position, entry in enumerate(spec.source)
    ]
    tickets = TicketPlan(spec.ticket, response.contract, names, compiler)
    _hold_to_asking(spec, entries, compiler)
    compiler.raise_errors()
    platform = Platform(
        spec.upstream,
        PlatformClient(spec.upstream, transport),
        Slots(spec.upstream.concurrency),
        RetryBudget(),
    )
    warnings = (*spec.warnings, *compiler.findings)
    return Bridge(spec, entries, tickets, response, platform, warnings)


def _compile_entry(
    entry: EntrySpec, spec: MappingSpec, names: Sequence[str], compiler: SpecCompiler
) -> Entry:
    if isinstance(entry, BindingSpec):
        return BindingPlan(entry, names, compiler)
    return CallPlan(entry, spec.upstream, names, compiler)


def _hold_to_asking(spec: MappingSpec, entries: Sequence[Entry], compiler: SpecCompiler) -> None:
    """Without an owner in the answer, the request must be what limits it to the user's tickets."""
    asks = any(isinstance(entry, CallPlan) and entry.uses_user for entry in entries)
    if spec.ticket.owner is None and not asks:
        compiler.report(
            spec.ticket.place,
            "TB312",
            "`owner: upstream` says that the platform returns only the asked user's tickets,"
            " but no request uses `user`",
            'place "{user}" in a request, or name the owner in the answer',
        )
