"""Run the cases of a mapping with the engine that serves it, and report each result."""

from __future__ import annotations

import asyncio
import re
import selectors
from collections.abc import Callable, Collection, Coroutine, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from ticketbridge.engine.agreement import WaysDiffer
from ticketbridge.engine.bridge import Bridge, compile_mapping
from ticketbridge.engine.problems import ProblemError
from ticketbridge.jmes import Expression, Kind
from ticketbridge.mapping import Environment, load_mapping
from ticketbridge.mapping.findings import Place
from ticketbridge.mapping.spec import EntrySpec, ExpressionSpec, MappingSpec
from ticketbridge.mapping.spec_compiler import SpecCompiler
from ticketbridge.workbench.answer_run import AnswerRun, run_answer
from ticketbridge.workbench.cases.case_platform import CasePlatform, UnexpectedCall, below_base
from ticketbridge.workbench.cases.case_spec import CaseSpec, ExpectSpec, Target
from ticketbridge.workbench.cases.compare import (
    Reasons,
    describe_differences,
    describe_ticket_differences,
)
from ticketbridge.workbench.cases.value_text import show_value

T = TypeVar("T")


class _Selector(selectors.SelectSelector):
    """Adds up in *waited* the seconds that it should wait, but does not wait."""

    waited = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        """See selectors."""
        if timeout is None:
            return super().select()
        self.waited += max(0.0, timeout)
        return super().select(0)


class SkippingLoop(asyncio.SelectorEventLoop):
    """An event loop in which waiting takes no time; its clock moves only by waiting.

    A case waits for nothing outside, so an idle loop jumps to its next timer. A retry's pause costs nothing,
    and a deadline passes only if the engine itself waits for so long.
    """

    def __init__(self) -> None:
        self._skipping = _Selector()
        super().__init__(self._skipping)

    def time(self) -> float:
        """Seconds waited so far."""
        return self._skipping.waited

    async def shutdown_default_executor(self, timeout: float | None = None) -> None:  # noqa: ASYNC109
        """See asyncio. It waits without a limit, because on this clock any limit would pass at once."""
        del timeout
        await super().shutdown_default_executor()


def run_skipping(task: Coroutine[Any, Any, T]) -> T:
    """Run *task* to its end in a SkippingLoop, and return what it gives."""
    with asyncio.Runner(loop_factory=SkippingLoop) as runner:
        return runner.run(task)


# --- one run of a case ----------------------------------------------------------------------------


def answers_login(case: CaseSpec, bridge: Bridge) -> bool:
    """Whether *case* answers the login of *bridge*. If it does not, no login is made."""
    request = bridge.login_request(case.user, now=case.now)
    if request is None:
        return False
    target = Target.of(below_base(request.url, bridge.spec.upstream.base_url))
    content = request.content or b""
    return any(answer.fits(request.method, None, target, content) for answer in case.answers)


def with_case(bridge: Bridge, case: CaseSpec) -> tuple[Bridge, CasePlatform]:
    """Return *bridge* with the answers of *case* in place of the platform, and what gives them."""
    platform = CasePlatform(case.answers, bridge.spec)
    return bridge.with_last_stage(platform.send, logs_in=answers_login(case, bridge)), platform


@dataclass(frozen=True, slots=True)
class CaseOutcome:
    """What menta tech would get: a *problem*, or tickets and a body (None if it is empty)."""

    tickets: list[Any]
    verdicts: dict[str, int]
    body: Any
    problem: ProblemError | None
    reasons: Reasons


@dataclass(frozen=True, slots=True)
class CaseRun:
    """One run of a case; *outcome* is None if a call ended it that no answer fits."""

    outcome: CaseOutcome | None
    platform: CasePlatform


async def run_case(case: CaseSpec, compiled: Bridge) -> CaseRun:
    """Run *case* on its own platform. Raises WaysDiffer."""
    bridge, platform = with_case(compiled, case)
    try:
        return CaseRun(await _find_outcome(case, bridge), platform)
    except UnexpectedCall:
        return CaseRun(None, platform)


async def _find_outcome(case: CaseSpec, bridge: Bridge) -> CaseOutcome:
    answer_run = await run_answer(bridge, case.user, now=case.now)
    verdicts, reasons = answer_run.trace.verdicts, Reasons(answer_run)
    if answer_run.answer is None:
        return CaseOutcome([], verdicts, None, answer_run.problem, reasons)
    body = msgspec.json.decode(answer_run.answer.body) if answer_run.answer.body else None
    return CaseOutcome(list_tickets(answer_run), verdicts, body, None, reasons)


def list_tickets(answer_run: AnswerRun) -> list[Any]:
    """Return the tickets, read back from JSON."""
    tickets = [record.ticket for record in answer_run.trace.records if record.ticket is not None]
    made: list[Any] = msgspec.json.decode(msgspec.json.encode(tickets))
    return made


# --- all cases of a mapping -----------------------------------------------------------------------


VIOLATIONS = frozenset({"unknown_status", "violation"})
_OF_TICKET = re.compile(r"tickets\[(?P<number>[0-9]+)\]\.(?P<path>.+)")


@dataclass(frozen=True, slots=True)
class CaseResult:
    """The result of one case; *message* has a line for each thing that is wrong, or is ""."""

    file: str
    case: str
    place: Place
    passed: bool
    message: str


def cases_file(mapping: Path) -> Path:
    """Return the path of the cases of *mapping*: `acme.cases.yaml` beside `acme.yaml`."""
    return mapping.with_name(f"{mapping.stem}.cases{mapping.suffix}")


def load_for_cases(mapping: Path) -> MappingSpec:
    """Read *mapping* for its cases: no variable is set, and none is needed. Raises MappingError."""
    return load_mapping(mapping, environment=Environment.offline())


Watch = Callable[[Expression, ExpressionSpec, Collection[str]], Expression]
"""Returns the same expression, watched; it was made of that spec, for these roots."""


class WatchedCompiler(SpecCompiler):
    """Makes expressions that *watch* follows."""

    def __init__(self, entries: Collection[EntrySpec], watch: Watch) -> None:
        super().__init__(entries)
        self._watch = watch

    def expression(
        self, spec: ExpressionSpec, roots: Collection[str], gives: Kind | None = None
    ) -> Expression:
        """See SpecCompiler."""
        return self._watch(super().expression(spec, roots, gives), spec, roots)


def compile_for_cases(spec: MappingSpec, compiler: SpecCompiler | None = None) -> Bridge:
    """Compile *spec* without a platform: each case brings its own. Raises MappingError."""
    nowhere = CasePlatform((), spec).send
    return compile_mapping(spec, last_stage=nowhere, compiler=compiler)


def run_each(bridge: Bridge, cases: Sequence[CaseSpec]) -> list[CaseResult]:
    """Run *cases*, and return the result of each."""
    with asyncio.Runner(loop_factory=SkippingLoop) as runner:
        results = []
        for case in cases:
            lines = runner.run(_find_failures_or_difference(case, bridge))
            place, message = case.place, "\n".join(lines)
            results.append(CaseResult(place.file, case.name, place, not lines, message))
        return results


async def _find_failures_or_difference(case: CaseSpec, bridge: Bridge) -> list[str]:
    """Return the failures of *case*, or how the two ways to its answer differ."""
    try:
        return await find_failures(case, bridge)
    except WaysDiffer as difference:
        return [str(difference)]


async def find_failures(case: CaseSpec, bridge: Bridge) -> list[str]:
    """Run *case*, and return what is wrong, a line for each thing. Raises WaysDiffer."""
    return list(describe_failures(case, await run_case(case, bridge)))


# --- what is wrong with it ------------------------------------------------------------------------


def describe_failures(case: CaseSpec, run: CaseRun) -> Iterator[str]:
    """Yield what is wrong with a *run* of *case*, a line for each thing."""
    if run.outcome is None:
        yield from _describe_unexpected(run.platform)
        return
    yield from _describe_mismatches(case.expect, run.outcome)
    for answer in run.platform.left:
        yield f"never asked for: {answer}"


def _describe_mismatches(expect: ExpectSpec, outcome: CaseOutcome) -> Iterator[str]:
    if (outcome.problem and outcome.problem.slug) != expect.problem:
        wanted = f"the problem {expect.problem}" if expect.problem else "an answer"
        yield f"expected {wanted}, got {_describe_got(outcome)}"
        violations = [word for word in outcome.verdicts if word.partition(":")[0] in VIOLATIONS]
        yield from (line for word in violations for line in outcome.reasons.of_verdict(word))
    elif outcome.problem is None and expect.tickets is not None:
        yield from describe_ticket_differences(expect.tickets, outcome.tickets, outcome.reasons)
    if outcome.problem is None and expect.body is not None:
        yield from describe_differences(
            "body", *expect.body, outcome.body, _find_body_reasons(outcome)
        )
    if expect.verdicts is not None and expect.verdicts != outcome.verdicts:
        yield from _describe_verdicts(expect.verdicts, outcome)


def _find_body_reasons(outcome: CaseOutcome) -> Callable[[str], str]:
    """Return a function that explains a path in the body, if the body has the tickets unchanged."""

    def reason(path: str) -> str:
        inside = _OF_TICKET.fullmatch(path)
        return outcome.reasons.of_field(int(inside["number"]), inside["path"]) if inside else ""

    body = outcome.body
    plain = isinstance(body, dict) and body.get("tickets") == outcome.tickets
    return reason if plain else lambda _path: ""


def _describe_verdicts(expected: Mapping[str, int], outcome: CaseOutcome) -> Iterator[str]:
    yield f"verdicts: expected {_describe_counts(expected)}, got {_describe_counts(outcome.verdicts)}"
    for word, number in outcome.verdicts.items():
        if number > expected.get(word, 0):
            yield from outcome.reasons.of_verdict(word)


def _describe_got(outcome: CaseOutcome) -> str:
    if outcome.problem is not None:
        return f"the problem {outcome.problem.slug}: {outcome.problem.log}"
    return f"an answer with {len(outcome.tickets)} tickets: {show_value(outcome.body)}"


def _describe_counts(verdicts: Mapping[str, int]) -> str:
    return ", ".join(f"{word}={number}" for word, number in verdicts.items()) or "none"


def _describe_unexpected(platform: CasePlatform) -> Iterator[str]:
    for call in platform.unexpected:
        yield f"unexpected call: {call}"
    yield f"answers left: {', '.join(map(str, platform.left)) or 'none'}"
