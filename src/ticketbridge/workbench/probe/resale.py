"""A resale as menta tech runs it: four call points, and tickets that change hands between them."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from ticketbridge.terminal import UsageError
from ticketbridge.workbench.probe.contracts import TicketsAnswer, id_of
from ticketbridge.workbench.probe.probe_findings import ProbeCheck, ProbeFinding, finding
from ticketbridge.workbench.probe.probe_session import Expected, Session
from ticketbridge.workbench.probe.pulls import compare_with_expected, judge_freshness

CallPoint = Literal["enter", "list", "confirm", "complete"]
POINTS: Final[Sequence[CallPoint]] = ("enter", "list", "confirm", "complete")
"""The moments of a resale at which menta tech asks: entering it, before a listing, before a sale is
confirmed, before the purchase completes."""

_PATIENCE: Final = 120
"""Seconds that a command may take."""


@dataclass(frozen=True, slots=True)
class ResaleStep:
    """One call point: *change* is made on the platform first, then each user of *expected* is asked.

    *change* is a command, a text for a person who makes it by hand, or empty.
    """

    point: CallPoint
    change: Sequence[str] | str
    expected: Expected


def check_step(session: Session, step: ResaleStep) -> ProbeCheck:
    """Make the change, ask at once, and compare. Raises UsageError if the change cannot be made."""
    _make(step)
    findings: list[ProbeFinding] = []
    for number, (user, tickets) in enumerate(step.expected.items(), 1):
        heard = session.caller.ask(user, f"the pull at `{step.point}`")
        session.first = session.first or heard
        who = f"user {number} at `{step.point}`"
        answer = session.contract.read(heard)
        if answer is None:
            findings.append(finding("answer-status", f"There is no answer to {who}", heard.shown))
            continue
        if heard.status == 200:
            judged = [*session.contract.judge(heard, user), *judge_freshness(heard)]
            known = {found.code for found in findings}
            findings += [found for found in judged if found.code not in known]
        due = {str(id_of(each)): each for each in tickets}
        findings += _told(session, user, answer, list(compare_with_expected(answer, due, who)), who)
        session.earlier[user] = answer
    facts = (f"asked for {len(step.expected)} users",)
    return ProbeCheck(step.point, findings, facts)


def _told(
    session: Session,
    user: str,
    answer: TicketsAnswer,
    differences: Sequence[ProbeFinding],
    who: str,
) -> Iterator[ProbeFinding]:
    """Yield one `stale` instead of the findings if the answer is still that of the point before."""
    earlier = session.earlier.get(user)
    if differences and earlier is not None and earlier.by_id == answer.by_id:
        ids = ", ".join(sorted(answer.ids)) or "no ticket"
        yield finding("stale", f"The answer to {who} is that of the point before", ids)
        return
    yield from differences


def _make(step: ResaleStep) -> None:
    """Make the change, by its command or by a person."""
    if not step.change:
        return
    if isinstance(step.change, str):
        if not sys.stdin.isatty():
            raise UsageError(
                f"--replay: `{step.point}` waits for a person, and there is no terminal"
            )
        print(f"{step.point}: {step.change}, then press Enter", file=sys.stderr)  # noqa: T201
        sys.stdin.readline()
        return
    try:
        ran = subprocess.run(  # noqa: S603 - the file says what to run, as a Makefile does
            step.change, stdout=subprocess.DEVNULL, timeout=_PATIENCE, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        reason = getattr(error, "strerror", None) or f"not done within {_PATIENCE} s"
        raise UsageError(f"--replay: the change before `{step.point}`: {reason}") from None
    if ran.returncode != 0:
        raise UsageError(f"--replay: the change before `{step.point}` ended with {ran.returncode}")
