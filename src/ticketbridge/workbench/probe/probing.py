"""One probe: TLS first, then right calls, then wrong ones; each check is one function of the session."""

from __future__ import annotations

import ssl
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from urllib.parse import urlsplit

from ticketbridge.workbench.probe.caller import Caller, ProbeTarget, masked
from ticketbridge.workbench.probe.contracts import Contract
from ticketbridge.workbench.probe.handshake import check_tls
from ticketbridge.workbench.probe.probe_findings import ProbeCheck, ProbeFinding, ProbeReport
from ticketbridge.workbench.probe.probe_session import Expected, Limits, Session
from ticketbridge.workbench.probe.pulls import (
    check_contract,
    check_expected,
    check_freshness,
    check_repeats,
)
from ticketbridge.workbench.probe.refusals import (
    check_access,
    check_errors,
    check_methods,
    check_outsider,
    check_users,
)
from ticketbridge.workbench.probe.resale import ResaleStep, check_step

Check = Callable[[Session], ProbeCheck]
CHECKS: Sequence[Check] = (
    check_contract,
    check_freshness,
    check_repeats,
    check_expected,
    check_access,
    check_users,
    check_methods,
    check_errors,
)
OUTSIDER_CHECKS: Sequence[Check] = (check_outsider, check_errors)
"""The checks from an address that is not on the endpoint's list."""


def resale_checks(steps: Sequence[ResaleStep]) -> Sequence[Check]:
    """Return the checks of a resale: one for each step, and what its errors say."""
    return [*(partial(check_step, step=step) for step in steps), check_errors]


def probe(  # noqa: PLR0913 - what one command line says
    target: ProbeTarget,
    trust: ssl.SSLContext,
    contract: Contract,
    user: str,
    *,
    limits: Limits,
    expected: Expected,
    checks: Sequence[Check] = CHECKS,
) -> ProbeReport:
    """Return all findings at *target*. Nothing is sent to a host that cannot prove its name."""
    results = [check_tls(target, trust)]
    calls = 0
    asked = [user, *expected]
    if not any(found.code in {"tls-untrusted", "no-answer"} for found in results[0].findings):
        with Caller(target, trust) as caller:
            session = Session(caller, contract, user, limits, expected)
            results += [check(session) for check in checks]
            calls = len(caller.heard)
            asked = [user, *expected, *session.earlier]
    hidden = [*target.secrets, *filter(None, asked)]
    results = [
        replace(result, findings=[_without(found, hidden) for found in result.findings])
        for result in results
    ]
    # The query may have a key.
    return ProbeReport(urlsplit(target.url)._replace(query="").geturl(), results, calls)


def _without(found: ProbeFinding, hidden: Sequence[str]) -> ProbeFinding:
    """Return *found* without secrets and users: an endpoint may repeat them."""
    message, got, expected = (
        masked(text, hidden) for text in (found.message, found.got, found.expected)
    )
    return replace(found, message=message, got=got, expected=expected)
