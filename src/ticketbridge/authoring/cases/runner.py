"""Runs the cases of a mapping by the engine that serves it, and says how each came out."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ticketbridge.agreement import WaysDiffer
from ticketbridge.authoring.cases.clock import SkippingLoop
from ticketbridge.authoring.cases.compare import difference_lines, ticket_lines
from ticketbridge.authoring.cases.outcome import Outcome, Ran, run
from ticketbridge.authoring.cases.platform import CasePlatform
from ticketbridge.authoring.cases.reader import read_cases
from ticketbridge.authoring.cases.shown import shown
from ticketbridge.authoring.cases.spec import CaseSpec, ExpectSpec
from ticketbridge.bridge import Bridge, compile_mapping
from ticketbridge.mapping import Environment, load_mapping
from ticketbridge.mapping.compiler import SpecCompiler
from ticketbridge.mapping.findings import Place
from ticketbridge.mapping.spec import MappingSpec

VIOLATIONS = frozenset({"unknown_status", "violation"})
_OF_TICKET = re.compile(r"tickets\[(?P<number>[0-9]+)\]\.(?P<path>.+)")


@dataclass(frozen=True, slots=True)
class CaseResult:
    """How one case came out; *message* says what is wrong, a line for each thing, or is ""."""

    file: str
    case: str
    place: Place
    passed: bool
    message: str


def cases_file(mapping: Path) -> Path:
    """Where the cases of *mapping* stand: `acme.cases.yaml` beside `acme.yaml`."""
    return mapping.with_name(f"{mapping.stem}.cases{mapping.suffix}")


def load_tested(mapping: Path, environment: Environment | None = None) -> MappingSpec:
    """*mapping* as cases meet it: without an *environment* no variable is set, and none is needed."""
    return load_mapping(mapping, environment=environment or Environment({}, missing="placeholder"))


def run_cases(mapping: Path, environment: Environment | None = None) -> list[CaseResult]:
    """How each case of *mapping* came out; none where there is no cases file.

    Raises MappingError where the mapping cannot be used, and CasesError where its cases cannot.
    With an *environment*, what it puts into requests may stand in a message.
    """
    bridge = compiled(load_tested(mapping, environment))
    file = cases_file(mapping)
    return results(bridge, read_cases(file).cases) if file.is_file() else []


def compiled(spec: MappingSpec, compiler: SpecCompiler | None = None) -> Bridge:
    """*spec* for cases, each of which brings a platform of its own. Raises MappingError."""
    nowhere = CasePlatform((), spec.upstream).send
    return compile_mapping(spec, last_stage=nowhere, compiler=compiler)


def results(bridge: Bridge, cases: Sequence[CaseSpec]) -> list[CaseResult]:
    """How each of *cases* came out."""
    with asyncio.Runner(loop_factory=SkippingLoop) as runner:
        return [_result(case, runner.run(_told(case, bridge))) for case in cases]


def _result(case: CaseSpec, lines: Sequence[str]) -> CaseResult:
    return CaseResult(case.place.file, case.name, case.place, not lines, "\n".join(lines))


async def _told(case: CaseSpec, bridge: Bridge) -> list[str]:
    """As `failures`; a case in which the two ways differ fails, whatever it expects."""
    try:
        return await failures(case, bridge)
    except WaysDiffer as difference:
        return [str(difference)]


async def failures(case: CaseSpec, bridge: Bridge) -> list[str]:
    """What is wrong when *case* is run: nothing where it passes. Raises WaysDiffer."""
    return list(wrong(case, await run(case, bridge)))


# --- what is wrong with it ------------------------------------------------------------------------


def wrong(case: CaseSpec, ran: Ran) -> Iterator[str]:
    """What is wrong with a case that has *ran*, a line for each thing."""
    if ran.outcome is None:
        yield from _unexpected(ran.platform)
        return
    yield from _mismatches(case.expect, ran.outcome)
    for answer in ran.platform.left:
        yield f"never asked for: {answer}"


def _mismatches(expect: ExpectSpec, outcome: Outcome) -> Iterator[str]:
    if (outcome.problem and outcome.problem.slug) != expect.problem:
        yield f"expected {_expected(expect)}, got {_got(outcome)}"
        violations = [word for word in outcome.verdicts if word.partition(":")[0] in VIOLATIONS]
        yield from (line for word in violations for line in outcome.reasons.of_verdict(word))
    elif outcome.problem is None and expect.tickets is not None:
        yield from ticket_lines(expect.tickets, outcome.tickets, outcome.reasons)
    if outcome.problem is None and expect.body is not None:
        yield from difference_lines("body", *expect.body, outcome.body, _in_body(outcome))
    if expect.verdicts is not None and expect.verdicts != outcome.verdicts:
        yield from _verdict_lines(expect.verdicts, outcome)


def _in_body(outcome: Outcome) -> Callable[[str], str]:
    """The reason of a path in the body, where the body has the tickets as they are."""

    def reason(path: str) -> str:
        inside = _OF_TICKET.fullmatch(path)
        return outcome.reasons.of_field(int(inside["number"]), inside["path"]) if inside else ""

    body = outcome.body
    plain = isinstance(body, dict) and body.get("tickets") == outcome.tickets
    return reason if plain else lambda _path: ""


def _verdict_lines(expected: Mapping[str, int], outcome: Outcome) -> Iterator[str]:
    yield f"verdicts: expected {_counts(expected)}, got {_counts(outcome.verdicts)}"
    for word, number in outcome.verdicts.items():
        if number > expected.get(word, 0):
            yield from outcome.reasons.of_verdict(word)


def _expected(expect: ExpectSpec) -> str:
    return f"the problem {expect.problem}" if expect.problem else "an answer"


def _got(outcome: Outcome) -> str:
    if outcome.problem is not None:
        return f"the problem {outcome.problem.slug}: {outcome.problem.log}"
    return f"an answer with {len(outcome.tickets)} tickets: {shown(outcome.body)}"


def _counts(verdicts: Mapping[str, int]) -> str:
    return ", ".join(f"{word}={number}" for word, number in verdicts.items()) or "none"


def _unexpected(platform: CasePlatform) -> Iterator[str]:
    for call in platform.unexpected:
        yield f"unexpected call: {call}"
    yield f"answers left: {', '.join(map(str, platform.left)) or 'none'}"
