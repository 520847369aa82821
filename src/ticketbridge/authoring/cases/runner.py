"""Runs the cases of a mapping by the engine that serves it, and says how each came out."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec

from ticketbridge.authoring.cases.clock import SkippingLoop
from ticketbridge.authoring.cases.compare import difference_lines, shown, ticket_lines
from ticketbridge.authoring.cases.logins import answers_login
from ticketbridge.authoring.cases.platform import CasePlatform, UnexpectedCall
from ticketbridge.authoring.cases.reader import read_cases
from ticketbridge.authoring.cases.spec import CaseSpec, ExpectSpec
from ticketbridge.authoring.trial import tried
from ticketbridge.bridge import Bridge, compile_mapping
from ticketbridge.mapping import Environment, load_mapping
from ticketbridge.mapping.findings import Finding, MappingError, Place
from ticketbridge.problems import ProblemError
from ticketbridge.tickets.origins import Origin


@dataclass(frozen=True, slots=True)
class CaseResult:
    """How one case came out; *message* says what is wrong, a line for each thing, or is ""."""

    file: str
    case: str
    place: Place
    passed: bool
    message: str


@dataclass(frozen=True, slots=True)
class CaseRun:
    """The cases of several mappings; *findings* are of files that cannot be used."""

    results: tuple[CaseResult, ...]
    findings: tuple[Finding, ...]
    without_cases: tuple[Path, ...]

    @property
    def passed(self) -> bool:
        """Whether there was a case at all, and nothing was wrong."""
        right = all(result.passed for result in self.results)
        return bool(self.results) and right and not self.findings


def cases_file(mapping: Path) -> Path:
    """Where the cases of *mapping* stand: `acme.cases.yaml` beside `acme.yaml`."""
    return mapping.with_name(f"{mapping.stem}.cases{mapping.suffix}")


def run_files(mappings: Iterable[Path], environment: Environment | None = None) -> CaseRun:
    """The cases of all *mappings*; what cannot be read is in the findings, and stops no other."""
    results: list[CaseResult] = []
    findings: list[Finding] = []
    without_cases = []
    for mapping in mappings:
        try:
            results += run_cases(mapping, environment)
        except MappingError as error:
            findings += error.findings
        else:
            if not cases_file(mapping).is_file():
                without_cases.append(mapping)
    return CaseRun(tuple(results), tuple(findings), tuple(without_cases))


def run_cases(mapping: Path, environment: Environment | None = None) -> list[CaseResult]:
    """How each case of *mapping* came out; none where there is no cases file.

    Raises MappingError where the mapping cannot be used, and CasesError where its cases cannot.
    Without an *environment* no variable is set. With one, what it puts into paths and queries may
    stand in a message.
    """
    environment = environment or Environment({}, missing="placeholder")
    spec = load_mapping(mapping, environment=environment)
    bridge = compile_mapping(spec, transport=CasePlatform((), spec.upstream))
    file = cases_file(mapping)
    if not file.is_file():
        return []
    cases = read_cases(file)
    with asyncio.Runner(loop_factory=SkippingLoop) as runner:
        return [runner.run(_result(case, bridge, str(file))) for case in cases]


async def _result(case: CaseSpec, bridge: Bridge, file: str) -> CaseResult:
    lines = await failures(case, bridge)
    return CaseResult(file, case.name, case.place, not lines, "\n".join(lines))


async def failures(case: CaseSpec, compiled: Bridge) -> list[str]:
    """What is wrong when *case* is run, on a platform of its own: nothing where it passes."""
    platform = CasePlatform(case.answers, compiled.spec.upstream)
    bridge = compiled.on(platform, logs_in=answers_login(case, compiled.spec.upstream.auth))
    try:
        outcome = await _outcome(case, bridge)
        return [*_mismatches(case.expect, outcome), *_never_asked(platform)]
    except UnexpectedCall:
        return list(_unexpected(platform))
    finally:
        await bridge.aclose()


# --- what came out --------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Outcome:
    """What menta tech would get: a *problem*, or tickets and a body (None where it is empty)."""

    tickets: list[Any]
    verdicts: dict[str, int]
    body: Any = None
    problem: ProblemError | None = None
    origins: list[dict[str, Origin]] = field(default_factory=list)


async def _outcome(case: CaseSpec, bridge: Bridge) -> _Outcome:
    trial = await tried(bridge, case.user, now=case.now)
    records, verdicts = trial.journal.records, trial.journal.verdicts
    if trial.answer is None:
        return _Outcome([], verdicts, problem=trial.problem)
    made = [record for record in records if record.ticket is not None]
    tickets = _as_json([record.ticket for record in made])
    body = msgspec.json.decode(trial.answer.body) if trial.answer.body else None
    judge = bridge.tickets.judge
    origins = [{origin.name: origin for origin in judge.origins(record)} for record in made]
    return _Outcome(tickets, verdicts, body, origins=origins)


def _as_json(tickets: list[dict[str, Any] | None]) -> list[Any]:
    read: list[Any] = msgspec.json.decode(msgspec.json.encode(tickets))
    return read


# --- what is wrong with it ------------------------------------------------------------------------


def _mismatches(expect: ExpectSpec, outcome: _Outcome) -> Iterator[str]:
    if (outcome.problem and outcome.problem.slug) != expect.problem:
        yield f"expected {_expected(expect)}, got {_got(outcome)}"
    elif outcome.problem is None and expect.tickets is not None:
        yield from ticket_lines(expect.tickets, outcome.tickets, outcome.origins)
    if outcome.problem is None and expect.body is not None:
        yield from difference_lines("body", *expect.body, outcome.body)
    if expect.verdicts is not None and expect.verdicts != outcome.verdicts:
        yield f"verdicts: expected {_counts(expect.verdicts)}, got {_counts(outcome.verdicts)}"


def _expected(expect: ExpectSpec) -> str:
    return f"the problem {expect.problem}" if expect.problem else "an answer"


def _got(outcome: _Outcome) -> str:
    if outcome.problem is not None:
        return f"the problem {outcome.problem.slug}: {outcome.problem.log}"
    return f"an answer with {len(outcome.tickets)} tickets: {shown(outcome.body)}"


def _counts(verdicts: Mapping[str, int]) -> str:
    return ", ".join(f"{word}={number}" for word, number in verdicts.items()) or "none"


def _never_asked(platform: CasePlatform) -> Iterator[str]:
    for answer in platform.left:
        yield f"never asked for: {answer}"


def _unexpected(platform: CasePlatform) -> Iterator[str]:
    for call in platform.unexpected:
        yield f"unexpected call: {call}"
    yield f"answers left: {', '.join(map(str, platform.left)) or 'none'}"
