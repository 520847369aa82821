"""Checks of right calls: the contract, freshness, ids over calls, what users must own, and time."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ticketbridge.workbench.probe.caller import Heard
from ticketbridge.workbench.probe.contracts import (
    ID_NAMES,
    TicketsAnswer,
    fixed_ids,
    id_of,
    value_in_words,
)
from ticketbridge.workbench.probe.probe_findings import (
    ProbeCheck,
    ProbeFinding,
    finding,
    skipped_check,
)
from ticketbridge.workbench.probe.probe_session import Session

_LASTING = re.compile(r"(?:^|[\s,])(?:s-maxage|max-age)\s*=\s*\"?0*[1-9]|(?:^|[\s,])public\b")
_NO_STORE = re.compile(r"(?:^|[\s,])no-store(?:$|[\s,])")
_CACHE_HEADERS = ("x-cache", "x-cache-status", "cf-cache-status", "x-proxy-cache", "cache-status")
_HIT = re.compile(r"\bhit\b", re.IGNORECASE)
_CHANCES = 3
_CLOCK_TICK = 1.1
"""Seconds after which a new `Date` must differ, because it has whole seconds."""


def check_contract(session: Session) -> ProbeCheck:
    """Check the first pull: the answer to a user who owns something must fit the contract."""
    session.first = heard = session.caller.ask(session.user)
    findings = list(_judge_first(session, heard))
    session.owned = session.contract.read(heard)
    count = len(session.owned.tickets) if session.owned else 0
    return ProbeCheck("contract", findings, (f"tickets: {count}",))


def _judge_first(session: Session, heard: Heard) -> Iterator[ProbeFinding]:
    if heard.failure:
        yield finding("no-answer", "The first pull has no answer", heard.failure)
    elif session.contract.says_nothing(heard):
        yield _owns_nothing(str(heard.status))
    elif heard.status != 200:
        yield finding("answer-status", "The pull of a known user is no 200", heard.shown)
    else:
        yield from session.contract.judge(heard, session.user)
        answer = session.contract.read(heard)
        if answer is not None and not answer.tickets:
            yield _owns_nothing("[]")


def _owns_nothing(got: str) -> ProbeFinding:
    return finding("owns-nothing", "The user of --user owns tickets, and none is given", got)


def check_freshness(session: Session) -> ProbeCheck:
    """Check whether a cache on the way may keep an answer, or had kept it."""
    first = session.first
    if first is None or first.failure:
        return skipped_check("freshness")
    later = _later_pulls(session, first)
    signs = [*_signs_of_a_cache(first), *_signs_of_a_cache(later[-1]), *_stands_still(first, later)]
    return ProbeCheck("freshness", list(judge_freshness(first, signs)))


def judge_freshness(heard: Heard, signs: Sequence[str] | None = None) -> Iterator[ProbeFinding]:
    """Check whether *heard* may be stored, or was stored.

    *signs* tell that a cache kept it; by default they are read from its own headers.
    """
    control = heard.headers.get("cache-control", "").lower()
    if not _NO_STORE.search(control):
        got = f"Cache-Control: {control}" if control else "no Cache-Control"
        yield finding("storable", "The answer may be stored", got)
    signs = list(_signs_of_a_cache(heard)) if signs is None else signs
    if signs:
        told = "; ".join(dict.fromkeys(signs))
        yield finding("cached", "An answer comes from a cache", told)


def _later_pulls(session: Session, first: Heard) -> Sequence[Heard]:
    """Pull again after a second to see another `Date`, if there is one; a slow clock gets more tries."""
    date = first.headers.get("date")
    pulls: list[Heard] = []
    while not pulls or (date and len(pulls) < _CHANCES and pulls[-1].headers.get("date") == date):
        if date:
            time.sleep(_CLOCK_TICK)
        pulls.append(session.caller.ask(session.user))
    return pulls


def _signs_of_a_cache(heard: Heard) -> Iterator[str]:
    control = heard.headers.get("cache-control", "").lower()
    if _LASTING.search(control):
        yield f"Cache-Control: {control}"
    age = heard.headers.get("age", "0").strip()
    if age.lstrip("0"):
        yield f"Age: {age[:20]}"
    for name in _CACHE_HEADERS:
        value = heard.headers.get(name, "")
        if _HIT.search(value):
            yield f"{name}: {value[:40]}"


def _stands_still(first: Heard, later: Sequence[Heard]) -> Iterator[str]:
    """Yield the headers that should differ in each answer, but do not."""
    for name in ("date", "x-request-id"):
        values = {heard.headers.get(name) for heard in (first, *later)}
        if len(values) == 1 and values != {None}:
            yield f"the same {name} in {1 + len(later)} answers"


def check_repeats(session: Session) -> ProbeCheck:
    """Pull one user several times: check for the same tickets and the same ids, and measure the time."""
    owned = session.owned
    if owned is None:
        return skipped_check("repeats")
    heard = [session.caller.ask(session.user) for _ in range(session.limits.calls)]
    findings = list(_differences(session, owned, heard))
    seconds = sorted(each.seconds for each in heard)
    p50, p95, longest = (_percentile(seconds, share) for share in (0.5, 0.95, 1.0))
    told = f"p50 {p50 * 1000:.0f} ms, p95 {p95 * 1000:.0f} ms, longest {longest * 1000:.0f} ms"
    if p95 > session.limits.slow:
        expected = f"p95 below {session.limits.slow:g} s"
        findings.append(finding("slow", "Pulls take long", told, expected=expected))
    return ProbeCheck("repeats", findings, (f"{len(heard)} pulls: {told}",))


def _percentile(values: Sequence[float], share: float) -> float:
    """Return the smallest of the sorted *values* that at least *share* of them do not exceed."""
    rank = -int(-share * len(values) // 1)
    return values[max(rank, 1) - 1]


def _differences(
    session: Session, owned: TicketsAnswer, heard: Sequence[Heard]
) -> Iterator[ProbeFinding]:
    """Yield the differences between the pulls of one user, each kind once."""
    told: set[str] = set()
    for each in heard:
        answer = session.contract.read(each)
        found = (
            finding("answers-differ", "A later pull has no tickets to read", each.shown)
            if answer is None
            else _difference(owned, answer)
        )
        if found is not None and found.code not in told:
            told.add(found.code)
            yield found


def _difference(one: TicketsAnswer, other: TicketsAnswer) -> ProbeFinding | None:
    message = "Pulls of one user within seconds give other "
    if len(one.tickets) == len(other.tickets) and one.tickets and not one.ids & other.ids:
        return finding("ids-changed", message + "ids of tickets", "no id twice")
    if one.ids != other.ids or len(one.tickets) != len(other.tickets):
        numbers = f"{len(one.tickets)} tickets, then {len(other.tickets)}"
        return finding("answers-differ", message + "tickets", numbers)
    theirs = other.by_id
    for key, ticket in one.by_id.items():
        fixed, now = fixed_ids(ticket), fixed_ids(theirs[key])
        names = [name for name in {**fixed, **now} if fixed.get(name) != now.get(name)]
        if names:
            return finding("ids-changed", message + f"ids for ticket {key}", ", ".join(names))
    return None


def check_expected(session: Session) -> ProbeCheck:
    """Compare the tickets of the users of --expect. Findings name a user only by number."""
    if not session.expected:
        return skipped_check("expected")
    findings: list[ProbeFinding] = []
    for number, (user, tickets) in enumerate(session.expected.items(), 1):
        heard = session.caller.ask(user)
        answer = session.contract.read(heard)
        who = f"user {number} of --expect"
        if answer is None:
            findings.append(finding("answer-status", f"There is no answer to {who}", heard.shown))
            continue
        findings += compare_with_expected(answer, {str(id_of(each)): each for each in tickets}, who)
    return ProbeCheck("expected", findings, (f"users: {len(session.expected)}",))


def compare_with_expected(
    answer: TicketsAnswer, due: Mapping[str, Mapping[str, Any]], who: str
) -> Iterator[ProbeFinding]:
    """Compare *answer* with what *who* owns: *due* has known fields by the id of a ticket."""
    given = answer.by_id
    for key in sorted(due.keys() - given.keys()):
        yield finding("expected-missing", f"{who} owns ticket {key}", "not in the answer")
    for key in sorted(given.keys() - due.keys()):
        yield finding("expected-surplus", f"{who} does not own ticket {key}", "in the answer")
    for key in sorted(due.keys() & given.keys()):
        for name, value in due[key].items():
            if name in ID_NAMES and name not in given[key]:
                continue  # the id has another name there
            now = given[key].get(name)
            if now != value or isinstance(now, bool) != isinstance(value, bool):
                got = value_in_words(name, now) if name in given[key] else "nothing"
                expected = value_in_words(name, value)
                message = f"Ticket {key} of {who} has another `{name}`"
                yield finding("expected-differs", message, got, expected=expected)
