"""Checks of wrong calls: strangers, invalid users, other methods, and the texts of errors."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from ipaddress import ip_address
from types import MappingProxyType
from typing import Final
from urllib.parse import quote

from ticketbridge.workbench.probe.caller import Heard, masked
from ticketbridge.workbench.probe.probe_findings import (
    ProbeCheck,
    ProbeFinding,
    finding,
    skipped_check,
)
from ticketbridge.workbench.probe.probe_session import Session

_FOREIGN: Final = "192.0.2.77"
"""An address that belongs to nobody (RFC 5737), so it is on no list."""
_FORWARDED: Final[Mapping[str, str]] = MappingProxyType(
    {
        "X-Forwarded-For": "{}",
        "X-Real-IP": "{}",
        "True-Client-IP": "{}",
        "CF-Connecting-IP": "{}",
        "Forwarded": "for={}",
    }
)
_WRONG: Final = "wrong-secret-of-a-probe"
_METHODS: Final = ("POST", "PUT", "PATCH", "DELETE")
_NOTHING_HERE: Final = "/probe-nothing-here"


# --- access ---------------------------------------------------------------------------------------


def check_access(session: Session) -> ProbeCheck:
    """Check that a missing or a wrong secret is refused, and that no header can fake the address."""
    if session.first is None or session.first.failure:
        return skipped_check("access")
    tries = list(_strangers(session))
    findings = [found for what, heard in tries for found in _judge_refusal(what, heard)]
    if not tries:
        message = "No --header has a variable, so no secret was left out"
        findings.append(finding("not-judged", message, "no secret to leave out"))
    findings += _check_forwarded(session)
    return ProbeCheck("access", findings, (f"refusals tried: {len(tries)}",))


def _strangers(session: Session) -> Iterator[tuple[str, Heard]]:
    secrets = session.caller.target.secrets
    if not secrets:
        return
    query = session.caller.query(quote(session.user, safe=""))

    def heard(what: str, secret: str | None, *, leave: bool = False) -> tuple[str, Heard]:
        return what, session.caller.send(what, query, secret=secret, leave_secrets=leave)

    yield heard("without a secret", None, leave=True)
    yield heard("with an empty secret", "")
    yield heard("with a wrong secret", _WRONG)
    yield heard("with a secret that lacks its last character", secrets[0][:-1])
    if secrets[0].swapcase() != secrets[0]:
        yield heard("with a secret in the other letter case", secrets[0].swapcase())


def _judge_refusal(what: str, heard: Heard) -> Iterator[ProbeFinding]:
    if heard.is_success:
        yield finding("open", f"A pull {what} is answered", heard.shown)
    elif heard.status not in {401, 403}:
        yield finding("refusal-status", f"A pull {what} is not refused as such", heard.shown)


def _check_forwarded(session: Session) -> Iterator[ProbeFinding]:
    if session.first is None or not session.first.is_success:
        return
    what = "with a made-up X-Forwarded-For"
    query = session.caller.query(quote(session.user, safe=""))
    heard = session.caller.send(what, query, extra={"X-Forwarded-For": _FOREIGN})
    if heard.status in {401, 403}:
        yield finding("forwarded-believed", f"A pull {what} is refused", heard.shown)


def check_outsider(session: Session) -> ProbeCheck:
    """Check that an address that is not on the list is refused, even with the right secret and any header."""
    query = session.caller.query(quote(session.user, safe=""))
    forged: Sequence[tuple[str, Mapping[str, str]]] = [
        ("from an address that is not on the list", {}),
        *(
            (f"with a made-up {name}", {name: form.format(address)})
            for name, form in _FORWARDED.items()
            for address in ("127.0.0.1", "10.0.0.1")
        ),
    ]
    findings: list[ProbeFinding] = []
    for what, extra in forged:
        session.first = heard = session.caller.send(what, query, extra=extra)
        findings += _judge_refusal(what, heard)
    return ProbeCheck("access", findings, (f"refusals tried: {len(forged)}",))


# --- users ----------------------------------------------------------------------------------------

_MADE_UP = "of a made-up user"
_LONG = "a" * 288 + "%40example.com"
_BAD_USERS: Final[Mapping[str, Sequence[str]]] = MappingProxyType(
    {
        "without a user": (),
        "with an empty user": ("",),
        "with two users": ("{user}", "{stranger}"),
        "with one user twice": ("{user}", "{user}"),
        "with a user of 300 characters": (_LONG,),
        "with a user that is no UTF-8": ("%ff%fe%40example.com",),
        "with a control character in the user": ("a%00b%40example.com",),
    }
)
_LITERALS: Final = (
    "x'or'1'='1@example.com",
    "x'or'1'!='1@example.com",
    'x"or"1"="1@example.com',
    "x')or('1'='1@example.com",
    "*@{domain}",
    "%@{domain}",
    "*",
    "%",
)
"""Users that become conditions if they are pasted into SQL, OData, Lucene, or a search with wildcards."""


def check_users(session: Session) -> ProbeCheck:
    """Check the answers to invalid users, to strangers, and to characters with a meaning elsewhere."""
    if session.first is None or not session.first.is_success:
        return skipped_check("users")
    findings = [*_check_bad(session), *_check_strangers(session), *_check_plus(session)]
    findings += [*_check_trimming(session), *_check_case(session)]
    return ProbeCheck("users", findings)


def _check_bad(session: Session) -> Iterator[ProbeFinding]:
    for what, values in _BAD_USERS.items():
        user, stranger = quote(session.user, safe=""), quote(session.stranger(), safe="")
        query = session.caller.query(*(v.format(user=user, stranger=stranger) for v in values))
        heard = session.caller.send(what, query)
        may_own_nothing = "control character" in what  # `[]` is right for it, too
        if heard.is_success and (not may_own_nothing or session.tickets_in(heard)):
            yield finding("bad-user-answered", f"A pull {what} is answered", heard.shown)
        yield from _broken(what, heard)


def _check_strangers(session: Session) -> Iterator[ProbeFinding]:
    if _is_unreadable(session):
        return
    what = _MADE_UP
    heard = session.caller.ask(session.stranger(), what)
    if session.tickets_in(heard):
        yield finding("answers-others", f"A pull {what} gives tickets", heard.shown)
        return
    if heard.status not in {200, 204, 404} and heard.status < 500:
        message = f"A pull {what} is not answered"
        expected = "200 and `[]`, as the platform says that nobody of that name owns anything"
        yield finding("answer-status", message, heard.shown, expected=expected)
    yield from _broken(what, heard)
    domain = session.user.rpartition("@")[2]
    for literal in _LITERALS:
        what = "of a user with signs of a query"
        heard = session.caller.ask(literal.format(domain=domain), what)
        if session.tickets_in(heard):
            shown = literal.format(domain="…")
            yield finding("query-literal", f"A pull {what} gives tickets: {shown}", heard.shown)
            return
        yield from _broken(what, heard)
    what = "of a user with a quote in the name"
    yield from _broken(what, session.caller.ask("o'probe\"x@example.com", what))


def _check_plus(session: Session) -> Iterator[ProbeFinding]:
    """Check that `%2B` is a plus. A bare `+` may be a plus or an error, but never another user."""
    name, _, domain = session.user.rpartition("@")
    if not name or _is_unreadable(session):
        return
    user = f"{name}+probe{session.stranger()[6:10]}@{domain}"
    for what, sign in (("with `%2B` in the user", "%2B"), ("with a bare `+` in the user", "+")):
        encoded = quote(user, safe="").replace("%2B", sign)
        heard = session.caller.send(what, session.caller.query(encoded))
        answer = session.contract.read(heard)
        yield from _broken(what, heard)
        if answer is None:
            continue
        if answer.tickets:
            message = f"A pull {what} gives the tickets of the user without it"
            yield finding("answers-others", message, heard.shown)
        elif answer.user is not None and answer.user != user:
            yield finding("plus-lost", f"A pull {what} is answered for another user", heard.shown)


def _check_trimming(session: Session) -> Iterator[ProbeFinding]:
    if not session.owned or not session.owned.tickets:
        return
    user = quote(session.user, safe="")
    for what, padded in (
        ("with a blank after the user", f"{user}%20"),
        ("with a blank before the user", f"%20{user}"),
        ("with a line's end after the user", f"{user}%0A"),
    ):
        heard = session.caller.send(what, session.caller.query(padded))
        yield from _broken(what, heard)
        if session.tickets_in(heard) and not _is_any(session):
            yield finding("user-trimmed", f"A pull {what} gives the user's tickets", heard.shown)
            return


def _check_case(session: Session) -> Iterator[ProbeFinding]:
    if not session.owned or not session.owned.tickets or session.user.upper() == session.user:
        return
    what = "of the user in capitals"
    heard = session.caller.ask(session.user.upper(), what)
    yield from _broken(what, heard)
    answer = session.contract.read(heard)
    if answer is None:
        return
    if answer.ids != session.owned.ids:
        again = session.contract.read(session.caller.ask(session.user))
        if again is None or again.ids != session.owned.ids:
            return  # it is not the letter case that makes the difference
        numbers = f"{len(session.owned.tickets)} tickets, and {len(answer.tickets)} in capitals"
        yield finding("letter-case", f"A pull {what} gives other tickets", numbers)
    elif answer.user is not None and answer.user != session.user.upper():
        yield finding("user-changed", f"`userEmail` of a pull {what} is another", "another text")


def _is_any(session: Session) -> bool:
    """Return whether the endpoint gives tickets to any user; this is reported once."""
    return any(
        session.tickets_in(heard) for what, heard in session.caller.heard if what == _MADE_UP
    )


def _is_unreadable(session: Session) -> bool:
    """Return whether even the right pull gives no list: other pulls would repeat that finding."""
    return session.owned is None


def _broken(what: str, heard: Heard) -> Iterator[ProbeFinding]:
    if heard.failure or heard.status >= 500:
        yield finding("fails-on-input", f"A pull {what} makes the endpoint fail", heard.shown)


# --- methods --------------------------------------------------------------------------------------


def check_methods(session: Session) -> ProbeCheck:
    """Check which methods are answered. Those that may write are tried only for a made-up user."""
    findings: list[ProbeFinding] = []
    if session.first is None or session.first.failure:
        return skipped_check("methods")
    for method in _METHODS:
        heard = session.caller.ask(session.stranger(), f"a {method}", method=method)
        if heard.is_success:
            findings.append(finding("method-answered", f"{method} is answered", heard.shown))
        elif (
            heard.status == 405 and "allow" not in heard.headers and not _has(findings, "no-allow")
        ):
            findings.append(finding("no-allow", f"The 405 to {method} has no Allow", "none"))
    first = session.first
    if first.is_success:
        heard = session.caller.ask(session.user, "a HEAD", method="HEAD")
        if (heard.status, heard.media_type) != (first.status, first.media_type):
            expected = f"{first.shown}, as GET has"
            findings.append(
                finding("head-differs", "HEAD differs from GET", heard.shown, expected=expected)
            )
    return ProbeCheck("methods", findings)


# --- errors ---------------------------------------------------------------------------------------

_TRACES = re.compile(
    r"Traceback \(most recent call last\)|File \"[^\"]+\", line \d+"
    r"|\bat [\w$.<>]+\([\w$]+\.(?:java|kt|scala|cs|js|ts):\d+|\bat [\w.<> ]+ \((?:/|file:|node:)\S+:\d+"
    r"|\.(?:php|rb|py|go|cs)(?:\(\d+\)|:\d+| on line \d+)|goroutine \d+ \[|\bstack ?trace\b",
    re.IGNORECASE,
)
_DATABASE = re.compile(
    r"SQLSTATE|ORA-\d{5}|syntax error at or near|You have an error in your SQL|psycopg|sqlalchemy",
    re.IGNORECASE,
)
_EMAIL = re.compile(r"[\w.+%'-]+@[\w-]+(?:\.[\w-]+)*\.[A-Za-z]{2,}")
_INSIDE = re.compile(
    r"\b(?:localhost|[a-z0-9.-]+\.(?:internal|local|lan|intra|corp|svc))\b(?::\d+)?"
    r"|\bhost='[^']+'|ENOTFOUND \S+|getaddrinfo \S+",
    re.IGNORECASE,
)
_ADDRESS = re.compile(r"\b\d{1,3}(?:\.\d{1,3}){3}\b")


def check_errors(session: Session) -> ProbeCheck:
    """Check the texts of all errors so far, and the error of an address that does not exist."""
    if session.first is None or session.first.failure:
        return skipped_check("errors")
    query = session.caller.query(quote(session.stranger(), safe=""))
    nowhere = session.caller.send("an address where nothing is", query, path_end=_NOTHING_HERE)
    findings = list(_leaks(session))
    if nowhere.is_success:
        message = "An address where nothing is has an answer"
        findings.append(finding("no-error", message, nowhere.shown))
    heard_before = [heard for _, heard in session.caller.heard if heard is not nowhere]
    kept = list(filter(_is_storable_error, heard_before))
    if kept:
        message = f"{len(kept)} errors may be stored"
        got = kept[0].headers.get("cache-control") or "no Cache-Control"
        findings.append(finding("error-storable", message, f"{kept[0].status}, {got}"))
    errors = sum(heard.status >= 400 for _, heard in session.caller.heard)
    return ProbeCheck("errors", findings, (f"errors read: {errors}",))


def _is_storable_error(heard: Heard) -> bool:
    """Return whether caches may keep it: 404, 405 and 410 by default, others if a header says so."""
    control = heard.headers.get("cache-control", "").lower()
    if heard.status < 400 or "no-store" in control:
        return False
    return heard.status in {404, 405, 410} or "max-age" in control or "public" in control


def _leaks(session: Session) -> Iterator[ProbeFinding]:
    told: set[str] = set()
    for what, heard in session.caller.heard:
        text = heard.content.decode("utf-8", "replace")
        whole = " ".join([text, *heard.headers.values()])
        if masked(whole, session.caller.target.secrets) != whole:
            yield finding("secret-repeated", f"An answer repeats the secret ({what})", heard.shown)
            return
        kind = _leak(text, session) if _is_error(heard) else ""
        if kind and kind not in told:
            told.add(kind)
            yield finding("leak", f"An error says too much ({what})", f"{heard.shown}: {kind}")


def _is_error(heard: Heard) -> bool:
    """Return whether it is an error, by its status, or because a page came instead of an answer."""
    return heard.status >= 400 or (heard.is_success and heard.media_type.startswith("text/"))


def _leak(text: str, session: Session) -> str:
    """Return the kind of thing that *text* gives away, or "". The thing itself is not repeated."""
    if _TRACES.search(text):
        return "a traceback"
    if _DATABASE.search(text):
        return "a word of the database"
    if _EMAIL.search(text):
        return "an e-mail address"
    own = session.caller.target.host
    hosts = [found[0] for found in _INSIDE.finditer(text)]
    if any(host.partition(":")[0] != own for host in hosts):
        return "the name of an inner host"
    if any(_is_private(address) and address != own for address in _ADDRESS.findall(text)):
        return "an inner address"
    return ""


def _is_private(text: str) -> bool:
    try:
        # What begins with 0 is a version's number rather than an address.
        return ip_address(text).is_private and text != _FOREIGN and not text.startswith("0.")
    except ValueError:
        return False


def _has(findings: Sequence[ProbeFinding], code: str) -> bool:
    return any(found.code == code for found in findings)
