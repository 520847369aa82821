"""What a case comes to: what menta tech would get, and what the platform was asked for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import msgspec

from ticketbridge.authoring.cases.logins import answers_login
from ticketbridge.authoring.cases.platform import CasePlatform, UnexpectedCall
from ticketbridge.authoring.cases.reasons import Reasons
from ticketbridge.authoring.cases.spec import CaseSpec
from ticketbridge.authoring.trial import tried
from ticketbridge.bridge import Bridge
from ticketbridge.problems import ProblemError


@dataclass(frozen=True, slots=True)
class Outcome:
    """What menta tech would get: a *problem*, or tickets and a body (None where it is empty)."""

    tickets: list[Any]
    verdicts: dict[str, int]
    body: Any
    problem: ProblemError | None
    reasons: Reasons


@dataclass(frozen=True, slots=True)
class Ran:
    """One run of a case; *outcome* is None where a call that no answer fits has ended it."""

    outcome: Outcome | None
    platform: CasePlatform


async def run(case: CaseSpec, compiled: Bridge) -> Ran:
    """Run *case* on a platform of its own."""
    platform = CasePlatform(case.answers, compiled.spec.upstream)
    logs_in = answers_login(case, compiled.spec.upstream.auth)
    try:
        return Ran(
            await _outcome(case, compiled.replaced(platform.send, logs_in=logs_in)), platform
        )
    except UnexpectedCall:
        return Ran(None, platform)


async def _outcome(case: CaseSpec, bridge: Bridge) -> Outcome:
    trial = await tried(bridge, case.user, now=case.now)
    verdicts, reasons = trial.journal.verdicts, Reasons(trial)
    if trial.answer is None:
        return Outcome([], verdicts, None, trial.problem, reasons)
    tickets = _as_json([r.ticket for r in trial.journal.records if r.ticket is not None])
    body = msgspec.json.decode(trial.answer.body) if trial.answer.body else None
    return Outcome(tickets, verdicts, body, None, reasons)


def _as_json(tickets: list[dict[str, Any]]) -> list[Any]:
    read: list[Any] = msgspec.json.decode(msgspec.json.encode(tickets))
    return read
