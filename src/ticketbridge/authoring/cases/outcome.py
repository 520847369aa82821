"""What a case comes to: what menta tech would get, and what the platform was asked for."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import msgspec

from ticketbridge.authoring.cases.logins import answers_login
from ticketbridge.authoring.cases.platform import CasePlatform, UnexpectedCall
from ticketbridge.authoring.cases.spec import CaseSpec
from ticketbridge.authoring.trial import tried
from ticketbridge.bridge import Bridge
from ticketbridge.problems import ProblemError
from ticketbridge.tickets.origins import Origin


@dataclass(frozen=True, slots=True)
class Outcome:
    """What menta tech would get: a *problem*, or tickets and a body (None where it is empty)."""

    tickets: list[Any]
    verdicts: dict[str, int]
    body: Any = None
    problem: ProblemError | None = None
    origins: list[dict[str, Origin]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Ran:
    """One run of a case; *outcome* is None where a call that no answer fits has ended it."""

    outcome: Outcome | None
    platform: CasePlatform


async def run(case: CaseSpec, compiled: Bridge) -> Ran:
    """Run *case* on a platform of its own."""
    platform = CasePlatform(case.answers, compiled.spec.upstream)
    bridge = compiled.on(platform, logs_in=answers_login(case, compiled.spec.upstream.auth))
    try:
        return Ran(await _outcome(case, bridge), platform)
    except UnexpectedCall:
        return Ran(None, platform)
    finally:
        await bridge.aclose()


async def _outcome(case: CaseSpec, bridge: Bridge) -> Outcome:
    trial = await tried(bridge, case.user, now=case.now)
    records, verdicts = trial.journal.records, trial.journal.verdicts
    if trial.answer is None:
        return Outcome([], verdicts, problem=trial.problem)
    made = [record for record in records if record.ticket is not None]
    tickets = _as_json([record.ticket for record in made])
    body = msgspec.json.decode(trial.answer.body) if trial.answer.body else None
    judge = bridge.tickets.judge
    origins = [{origin.name: origin for origin in judge.origins(record)} for record in made]
    return Outcome(tickets, verdicts, body, origins=origins)


def _as_json(tickets: list[dict[str, Any] | None]) -> list[Any]:
    read: list[Any] = msgspec.json.decode(msgspec.json.encode(tickets))
    return read
