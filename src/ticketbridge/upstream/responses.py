"""What an answer of the platform means: the mapping's rules first, then the default of its status."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, assert_never

from ticketbridge.jmes import Expression, kinds
from ticketbridge.journal import Journal
from ticketbridge.mapping.compiler import Scope, SpecCompiler
from ticketbridge.mapping.secrets import secrets_in
from ticketbridge.mapping.spec import (
    CallSpec,
    GraphqlBodySpec,
    LoginSpec,
    RuleSpec,
    StatusRange,
    UpstreamSpec,
)
from ticketbridge.problems import (
    UpstreamAuth,
    UpstreamError,
    UpstreamUnavailable,
    UpstreamUnreadable,
)
from ticketbridge.redaction import mask_emails, mask_words
from ticketbridge.upstream.errors import CredentialsRefused, PassingStatus, TryAgain
from ticketbridge.upstream.evaluate import evaluate, evaluate_bool, mismatch
from ticketbridge.upstream.formats import Unreadable, compile_format
from ticketbridge.upstream.messages import PlatformAnswer

RETRIED_STATUSES = frozenset({502, 503, 504})
REFUSED_STATUSES = frozenset({401, 403})
SUCCESS = (StatusRange(200, 299),)
_LONGEST_NOTE = 200


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

    def matches(self, status: int, scope: Scope, slot: str) -> bool:
        if not any(part.first <= status <= part.last for part in self.statuses):
            return False
        if self.when is None:
            return True
        if "body" in self.when.names and isinstance(scope["body"], Unreadable):
            return False
        return evaluate_bool(self.when, scope, f"{slot}: when")


def _compile_rule(spec: RuleSpec, roots: Collection[str], compiler: SpecCompiler) -> _Rule:
    return _Rule(
        spec,
        spec.status or SUCCESS,
        compiler.optional(spec.when, roots, kinds.BOOLEAN),
        compiler.optional(spec.message, roots),
        spec.poll.after if spec.poll else 0,
        compiler.optional(spec.poll.url, roots, kinds.STRING) if spec.poll else None,
    )


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
        if self._is_graphql:
            self._refuse_errors(body, answer)
        for rule in self._rules:
            if rule.matches(answer.status, seen, self._name):
                self._note(rule, seen, answer, journal)
                self._act(rule, seen, first=first)
                break
        else:
            hold_to_success(answer, self._name, self._refused)
        if self._needs_body and isinstance(body, Unreadable):
            raise UpstreamUnreadable(log=f"{self._name}: {body.reason}")
        return seen

    def _refuse_errors(self, body: Any, answer: PlatformAnswer) -> None:
        """GraphQL says what failed beside what did not: part of the data is missing then."""
        if isinstance(body, dict) and body.get("errors"):
            # A token that has ended, or too many requests, are told by status and errors both.
            hold_to_success(answer, self._name, self._refused)
            raise UpstreamError(log=f"{self._name}: the GraphQL answer has errors")

    def _act(self, rule: _Rule, seen: Scope, *, first: bool) -> None:
        said, status = f"{self._name}: the rule at {rule.spec.place} says", seen["status"]
        match rule.spec.then:
            case "ok":
                return
            case "fail":
                raise UpstreamError(log=f"{said} fail")
            case "retry":
                raise TryAgain(
                    UpstreamError(log=f"{self._name}: status {status}, tried again in vain")
                )
            case "poll":
                raise NotReady(rule.wait, self._polled_url(rule, seen))
            case "reauthenticate":
                raise CredentialsRefused(
                    UpstreamAuth(log=f"{self._name}: status {status}, refused again")
                )
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

    def _note(self, rule: _Rule, scope: Scope, answer: PlatformAnswer, journal: Journal) -> None:
        if rule.message is None:
            return
        text = mask_emails(str(evaluate(rule.message, scope, f"{self._name}: message")))
        # Platforms repeat what they refuse: the user, or the key that they were sent.
        text = mask_words(text, [scope["user"]], "(user)")
        signed = () if answer.credentials is None else answer.credentials.secrets()
        text = mask_words(text, (*self._secrets, *signed), "(credential)")
        journal.notes.append(f"{self._name}: {text[:_LONGEST_NOTE]}")


def hold_to_success(
    answer: PlatformAnswer, name: str, refused: frozenset[int] = REFUSED_STATUSES
) -> None:
    """What a status means that no rule has decided: returns where the body is to be read, else raises."""
    status, log = answer.status, f"{name}: status {answer.status}"
    retry_after = answer.headers.get("retry-after")
    if status in {200, 204}:
        return
    if status == 429 or (status == 503 and retry_after is not None):
        raise UpstreamUnavailable(log=log, retry_after=seconds_to_wait(retry_after))
    if status in RETRIED_STATUSES:
        raise PassingStatus(UpstreamError(log=log))
    if status == 401:
        raise CredentialsRefused(UpstreamAuth(log=log))
    if status in refused:
        raise UpstreamAuth(log=log)
    raise UpstreamError(log=log)


def seconds_to_wait(retry_after: str | None, now: datetime | None = None) -> int:
    """`Retry-After` in seconds, held to 1 to 3600; 1 where it is absent or neither number nor date."""
    text = (retry_after or "").strip()
    if text.isascii() and text.isdigit():
        seconds = float(text[:9])
    else:
        seconds = _seconds_until(text, now or datetime.now(UTC))
    return int(min(3600, max(1, seconds)))


def _seconds_until(date: str, now: datetime) -> float:
    try:
        moment = parsedate_to_datetime(date)
    except ValueError:
        return 1
    return (moment.replace(tzinfo=moment.tzinfo or UTC) - now).total_seconds()
