"""The findings of a probe, and one table of all codes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

Severity = Literal["error", "warning"]


@dataclass(frozen=True, slots=True)
class FindingKind:
    """The text for every finding of one code: its severity, what is right, and why it matters."""

    severity: Severity
    expected: str
    why: str


_STALE = "a ticket that was sold or refunded a minute ago would be sold a second time"
_OTHERS = "one user could sell what another one owns"
_REFUSES = "401 or 403, and no ticket"
_BROKEN = "what a user types must never make the endpoint fail; it may be read as part of a query"

CODES: Mapping[str, FindingKind] = MappingProxyType(
    {
        # --- TLS
        "no-tls": FindingKind(
            "error", "https", "the secret and the tickets can be read on the way"
        ),
        "tls-untrusted": FindingKind(
            "error",
            "a certificate whose chain ends at a trusted authority",
            "nobody can tell whether the endpoint, or somebody in between, gets the secret;"
            " nothing else was tried",
        ),
        "tls-version": FindingKind(
            "warning", "TLS 1.2 or newer alone", "older versions have known breaks"
        ),
        "tls-expires": FindingKind(
            "warning", "21 days or more", "all pulls fail on the day after the certificate's last"
        ),
        # --- the answer to a user who owns something
        "no-answer": FindingKind("error", "an answer in time", "a resale cannot go on without one"),
        "answer-status": FindingKind(
            "error", "200", "the given user owns tickets, and the given headers let the caller in"
        ),
        "content-type": FindingKind(
            "error", "application/json", "a page of a gateway must not be read as tickets"
        ),
        "not-json": FindingKind("error", "one JSON document", "nothing can be read from it"),
        "contract": FindingKind(
            "error", "what the contract says", "menta tech reads exactly the agreed fields"
        ),
        "duplicate-id": FindingKind(
            "error", "each ticket once", "a ticket that comes twice would be listed twice"
        ),
        "user-changed": FindingKind(
            "error", "the user exactly as asked", "the answer may be about somebody else"
        ),
        "owns-nothing": FindingKind(
            "error",
            "at least one ticket",
            "`[]` says that the user owns nothing: where a failure looks like that, sales stop",
        ),
        # --- freshness
        "storable": FindingKind("error", "Cache-Control: no-store", _STALE),
        "cached": FindingKind("error", "an answer that was made for this call", _STALE),
        "ids-changed": FindingKind(
            "error",
            "the same ids in each answer",
            "menta tech knows tickets, events and shows by their ids alone",
        ),
        "answers-differ": FindingKind(
            "error",
            "the same tickets in each call (where nothing was sold in these seconds)",
            "a list that is short now and then stops sales, or hides a failure",
        ),
        "expected-missing": FindingKind(
            "error", "the ticket that the user owns", "its owner cannot sell it"
        ),
        "expected-surplus": FindingKind("error", "no ticket beside the listed ones", _OTHERS),
        "expected-differs": FindingKind(
            "error", "the listed value", "a ticket is offered as what it is not"
        ),
        "stale": FindingKind("error", "what the platform says now", _STALE),
        # --- access
        "open": FindingKind("error", _REFUSES, "everybody could ask what anybody owns"),
        "refusal-status": FindingKind(
            "warning", _REFUSES, "a wrong secret and another fault cannot be told apart"
        ),
        "not-judged": FindingKind(
            "warning",
            "a secret by --header 'NAME: ${VARIABLE}'",
            "whether strangers are refused can only be seen by leaving the secret out; a list of"
            " addresses is seen from another machine, with --outsider",
        ),
        "forwarded-believed": FindingKind(
            "warning",
            "the same answer, whatever X-Forwarded-For says",
            "who can choose the address that is checked passes every list of addresses"
            " (harmless only where the probe itself ran on a trusted proxy)",
        ),
        # --- users
        "bad-user-answered": FindingKind(
            "error", "400", "an answer to no certain user is an answer about anybody"
        ),
        "fails-on-input": FindingKind("error", "an answer or a 4xx, never a 5xx", _BROKEN),
        "user-trimmed": FindingKind(
            "error", "400, or no ticket", "users are compared byte for byte; two become one"
        ),
        "plus-lost": FindingKind(
            "error",
            "`%2B` read as `+`",
            "the tickets of ana+x@example.com are looked for elsewhere",
        ),
        "answers-others": FindingKind("error", "no ticket", _OTHERS),
        "query-literal": FindingKind(
            "error", "no ticket", "a user can steer the query, and get any ticket"
        ),
        "letter-case": FindingKind(
            "warning",
            "the same tickets, as the domain of an address has no case and mail ignores the rest",
            "who typed capitals at menta tech owns nothing",
        ),
        # --- methods
        "method-answered": FindingKind("error", "405", "only GET and HEAD may have an effect"),
        "no-allow": FindingKind("warning", "an Allow header", "RFC 9110 asks for it in a 405"),
        "head-differs": FindingKind(
            "warning", "the status and type of GET", "monitors ask by HEAD, and would be wrong"
        ),
        # --- errors
        "leak": FindingKind(
            "error", "an error that says nothing of the inside", "it helps attackers"
        ),
        "secret-repeated": FindingKind("error", "no secret in any answer", "it ends up in logs"),
        "error-storable": FindingKind(
            "warning", "Cache-Control: no-store", "an error would outlive its cause"
        ),
        "no-error": FindingKind("warning", "404", "a mistyped address looks like an answer"),
        # --- time
        "slow": FindingKind("error", "less than --slow", "a user waits four times in one resale"),
    }
)
"""All codes. The documentation contains these texts too."""


@dataclass(frozen=True, slots=True)
class ProbeFinding:
    """One thing that is wrong with an endpoint. No text has a secret, or personal data of an answer."""

    code: str
    message: str
    got: str
    expected: str
    severity: Severity
    why: str


def finding(code: str, message: str, got: str, *, expected: str = "") -> ProbeFinding:
    """Return a finding of *code*; *expected* replaces the general text if more is known."""
    known = CODES[code]
    return ProbeFinding(code, message, got, expected or known.expected, known.severity, known.why)


@dataclass(frozen=True, slots=True)
class ProbeCheck:
    """The findings of one group of checks, and *facts* that are shown even without a finding.

    *skipped*: nothing was tried, so the group says nothing about the endpoint.
    """

    name: str
    findings: Sequence[ProbeFinding]
    facts: Sequence[str] = ()
    skipped: bool = False


def skipped_check(name: str) -> ProbeCheck:
    """Return a group of checks that could not be tried."""
    return ProbeCheck(name, (), skipped=True)


@dataclass(frozen=True, slots=True)
class ProbeReport:
    """All that a probe found at *url*, in the order in which it was tried; *calls* counts requests."""

    url: str
    results: Sequence[ProbeCheck]
    calls: int

    @property
    def findings(self) -> list[ProbeFinding]:
        """All findings."""
        return [found for result in self.results for found in result.findings]

    @property
    def failed(self) -> bool:
        """Whether any finding is an error."""
        return any(found.severity == "error" for found in self.findings)
