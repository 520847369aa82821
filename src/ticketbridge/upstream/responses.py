"""What an answer of the platform means: the mapping's rules first, then the default of its status."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import partial
from typing import Any, assert_never

from ticketbridge.jmes import (
    Expression,
    TooLongError,
    describe,
    encode_within,
    kinds,
    root_paths,
)
from ticketbridge.journal import Journal
from ticketbridge.mapping.compiler import Scope, SpecCompiler
from ticketbridge.mapping.spec import (
    OWNS_NOTHING,
    CallSpec,
    GraphqlBodySpec,
    LoginSpec,
    RuleSpec,
    StatusRange,
    UpstreamSpec,
    secrets_in,
)
from ticketbridge.problems import (
    MappingMismatch,
    UpstreamAuth,
    UpstreamError,
    UpstreamUnavailable,
    UpstreamUnreadable,
)
from ticketbridge.redaction import mask_emails, mask_words, origin_and_path
from ticketbridge.upstream.errors import CredentialsRefused, PassingStatus, TryAgain
from ticketbridge.upstream.evaluate import evaluate, evaluate_bool, mismatch
from ticketbridge.upstream.formats import NO_BODY, Unreadable, compile_format
from ticketbridge.upstream.messages import PlatformAnswer

RETRIED_STATUSES = frozenset({502, 503, 504})
REFUSED_STATUSES = frozenset({401, 403})
SUCCESS = (StatusRange(200, 299),)
_NOT_THERE = frozenset({404, 405, 410})
_ERRORS = ("body", "errors")  # where GraphQL says what failed
_LONGEST_NOTE = 200
_MASKED = 100_000
"""Characters of a note in which it is looked for what a log may not have: far more than it shows. A mask is
shorter than what it stands for, and what is cut in half would not be found."""
_LONGEST_WAIT = 3600
_SECONDS = re.compile(r"[0-9]+(?:\.[0-9]*)?|\.[0-9]+")


class OwnsNothing(Exception):
    """A rule said that the user owns nothing; *unknown_user*: since the platform does not know them."""

    def __init__(self, *, unknown_user: bool) -> None:
        self.unknown_user = unknown_user
        super().__init__("unknown user" if unknown_user else "owns nothing")


class NotReady(Exception):
    """A rule said to ask again after so many *seconds*; *url* None is the same request."""

    def __init__(self, seconds: float, url: str | None) -> None:
        self.seconds = seconds
        self.url = url
        super().__init__("not ready")


@dataclass(frozen=True, slots=True)
class _Rule:
    spec: RuleSpec
    statuses: tuple[StatusRange, ...]
    when: Expression | None
    message: Expression | None
    wait: float
    url: Expression | None
    reads_errors: bool

    def matches(self, status: int, scope: Scope, slot: str) -> bool:
        if not any(part.first <= status <= part.last for part in self.statuses):
            return False
        if self.spec.then in OWNS_NOTHING and _is_no_document(scope["body"]):
            # A gateway's page: whatever its status, it knows nothing of the platform's users.
            return False
        if self.when is None:
            return True
        if "body" in self.when.names and isinstance(scope["body"], Unreadable):
            return False
        return evaluate_bool(self.when, scope, f"{slot}: when")


def _compile_rule(spec: RuleSpec, roots: Collection[str], compiler: SpecCompiler) -> _Rule:
    when = compiler.optional(spec.when, roots, kinds.BOOLEAN)
    return _Rule(
        spec,
        spec.status or SUCCESS,
        when,
        compiler.optional(spec.message, roots),
        spec.poll.after if spec.poll else 0,
        compiler.optional(spec.poll.url, roots, kinds.STRING) if spec.poll else None,
        when is not None and any(path.steps[:2] == _ERRORS for path in root_paths(when)),
    )


def _is_no_document(body: object) -> bool:
    """Whether there is a body, and not in the declared format."""
    return isinstance(body, Unreadable) and body is not NO_BODY


class Responses:
    """The rules of one call or login, compiled.

    *needs_body*: an answer without a readable body is an error. *refused* are the statuses that say no
    to our credentials. No message repeats a secret of *upstream*.
    """

    def __init__(
        self,
        spec: CallSpec | LoginSpec,
        upstream: UpstreamSpec,
        roots: Collection[str],
        compiler: SpecCompiler,
        *,
        needs_body: bool = True,
        refused: frozenset[int] = REFUSED_STATUSES,
    ) -> None:
        self._needs_body = needs_body
        self._refused = refused
        self._secrets = frozenset(secrets_in((upstream.auth, upstream.headers)))
        self._name = spec.name
        self._format = compile_format(spec.format, any_content_type=spec.any_content_type)
        self._is_graphql = isinstance(spec.request.body, GraphqlBodySpec)
        self._rules = [_compile_rule(rule, roots, compiler) for rule in spec.responses]

    async def read(
        self, answer: PlatformAnswer, scope: Scope, journal: Journal, *, first: bool
    ) -> dict[str, Any]:
        """The scope of the response slots: *scope* with `body`, `status` and `headers`.

        Raises OwnsNothing, NotReady, FailedTry, or the problem that the answer is. *first*: the call's
        first page.
        """
        body = await self._format.read(answer)
        seen = {**scope, "body": body, "status": answer.status, "headers": answer.headers}
        errors = self._is_graphql and self._has_errors(body, answer)
        rule = self._deciding(answer, seen, errors=errors)
        if rule is not None:
            self._note(rule, seen, answer, journal)
            self._act(rule, seen, first=first)
        else:
            # A token that has ended, or too many requests, are told by status and errors both.
            mask = partial(self._masked, scope=scope, answer=answer)
            hold_to_success(answer, self._name, self._refused, mask=mask)
            if errors:
                # What failed is told beside what did not: part of the data is missing.
                raise UpstreamError(log=f"{self._name}: the GraphQL answer has errors")
        if self._needs_body and isinstance(body, Unreadable):
            raise UpstreamUnreadable(log=f"{self._name}: {body.reason}")
        return seen

    def _has_errors(self, body: Any, answer: PlatformAnswer) -> bool:
        """Whether a GraphQL answer says that something failed: anything but null or an empty list does."""
        if isinstance(body, dict):
            return body.get("errors") not in (None, [])
        succeeded = 200 <= answer.status < 300
        if succeeded and not isinstance(body, Unreadable):
            # To a rule with `optional` it would look like an object without data.
            raise MappingMismatch(log=f"{self._name}: the GraphQL answer is no object")
        return False

    def _deciding(self, answer: PlatformAnswer, seen: Scope, *, errors: bool) -> _Rule | None:
        """The first rule that matches; of a GraphQL answer with *errors*, only a rule that looks at them."""
        asked = (rule for rule in self._rules if rule.reads_errors or not errors)
        return next((r for r in asked if r.matches(answer.status, seen, self._name)), None)

    def _act(self, rule: _Rule, seen: Scope, *, first: bool) -> None:
        said, status = f"{self._name}: the rule at {rule.spec.place} says", seen["status"]
        match rule.spec.then:
            case "ok":
                return
            case "fail":
                raise UpstreamError(log=f"{said} fail", retryable=_may_pass(status))
            case "retry":
                raise TryAgain(
                    UpstreamError(log=f"{self._name}: status {status}, tried again in vain")
                )
            case "poll":
                raise NotReady(rule.wait, self._polled_url(rule, seen))
            case "reauthenticate":
                log = f"{said} that the credentials are refused, with status {status}"
                raise CredentialsRefused(UpstreamAuth(log=log))
            case "empty" | "unknown_user" as claim:
                if not first:
                    raise UpstreamError(
                        log=f"{said} that the user owns nothing, but an earlier page was there"
                    )
                raise OwnsNothing(unknown_user=claim == "unknown_user")
            case _:
                assert_never(rule.spec.then)

    def _polled_url(self, rule: _Rule, seen: Scope) -> str | None:
        if rule.url is None:
            return None
        slot = f"{self._name}: url"
        url = evaluate(rule.url, seen, slot)
        if not isinstance(url, str):
            raise mismatch(slot, f"`{rule.url.text}` at {rule.url.place} gives no text")
        return url

    def _note(self, rule: _Rule, seen: Scope, answer: PlatformAnswer, journal: Journal) -> None:
        if rule.message is None:
            return
        try:
            text = _text_of(evaluate(rule.message, seen, f"{self._name}: message"))
        except MappingMismatch as error:
            # It is for the log alone, and changes nothing of what the rule says.
            journal.notes.append(error.log)
            return
        text = self._masked(text, scope=seen, answer=answer)
        journal.notes.append(f"{self._name}: {text[:_LONGEST_NOTE]}")

    def _masked(self, text: str, *, scope: Scope, answer: PlatformAnswer) -> str:
        """*text* of the platform's. Platforms repeat what they refuse: the user, or the key that was sent."""
        text = mask_words(mask_emails(text), [scope["user"]], "(user)")
        signed = () if answer.credentials is None else answer.credentials.secrets()
        return mask_words(text, (*self._secrets, *signed), "(credential)")


def _text_of(value: object) -> str:
    """What a note shows of *value*: its beginning."""
    if isinstance(value, str):
        return value[:_MASKED]
    try:
        return encode_within(value, _MASKED).decode()
    except (TooLongError, RecursionError, ValueError):
        return f"({describe(value)} that is not shown)"


def hold_to_success(
    answer: PlatformAnswer,
    name: str,
    refused: frozenset[int] = REFUSED_STATUSES,
    *,
    mask: Callable[[str], str] = mask_emails,
) -> None:
    """What a status means that no rule has decided: returns where the body is to be read, else raises.

    *mask* takes out of a text what the log may not have.
    """
    status, log = answer.status, f"{name}: status {answer.status}"
    retry_after = answer.headers.get("retry-after")
    if status in {200, 204}:
        return
    if status == 429 or (status == 503 and retry_after is not None):
        raise UpstreamUnavailable(log=log, retry_after=seconds_to_wait(retry_after))
    if status in RETRIED_STATUSES and retry_after is None:
        raise PassingStatus(UpstreamError(log=log))
    if status == 401:
        raise CredentialsRefused(UpstreamAuth(log=log))
    if status in refused:
        raise UpstreamAuth(log=log)
    if 300 <= status <= 399 and "location" in answer.headers:
        log += (
            f", a redirect to {mask(origin_and_path(answer.headers['location']))[:_LONGEST_NOTE]}"
        )
    raise UpstreamError(log=log, retryable=_may_pass(status))


def _may_pass(status: int) -> bool:
    """Whether the same request may do better later: not one that leads elsewhere, or to nothing."""
    return not (300 <= status <= 399 or status in _NOT_THERE)


def seconds_to_wait(retry_after: str | None, now: datetime | None = None) -> int:
    """`Retry-After` in whole seconds, rounded up, held to 1 to 3600; 1 if it is neither number nor date."""
    text = (retry_after or "").strip()
    number = _SECONDS.fullmatch(text)
    seconds = float(text) if number else _seconds_until(text, now or datetime.now(UTC))
    return math.ceil(min(_LONGEST_WAIT, max(1, seconds)))


def _seconds_until(date: str, now: datetime) -> float:
    try:
        moment = parsedate_to_datetime(date)
        return (moment.replace(tzinfo=moment.tzinfo or UTC) - now).total_seconds()
    except Exception:  # noqa: BLE001 - a date out of range is an OverflowError; older Pythons raise others
        return 1
