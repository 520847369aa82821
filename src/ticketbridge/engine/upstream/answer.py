"""The meaning of a platform's answer: the mapping's rules first, then the default of its status."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, assert_never

from ticketbridge.engine.answer_trace import AnswerTrace
from ticketbridge.engine.problems import (
    MappingMismatch,
    UpstreamAuth,
    UpstreamError,
    UpstreamUnavailable,
    UpstreamUnreadable,
)
from ticketbridge.engine.upstream.answer_formats import NO_BODY, Format, Unreadable, compile_format
from ticketbridge.engine.upstream.context import AnswerContext
from ticketbridge.engine.upstream.cookies import JAR
from ticketbridge.engine.upstream.evaluate import evaluate, evaluate_bool, mismatch
from ticketbridge.engine.upstream.failures import (
    CredentialsRefused,
    NothingBelow,
    NotReady,
    OwnsNothing,
    PassingStatus,
    PastTheEnd,
    TryAgain,
)
from ticketbridge.engine.upstream.messages import PlatformAnswer, PlatformRequest
from ticketbridge.engine.upstream.soap import find_fault
from ticketbridge.jmes import (
    EvaluationError,
    Expression,
    TooLongError,
    describe,
    encode_within,
    kinds,
    root_paths,
)
from ticketbridge.mapping.spec import (
    NOTHING_THERE,
    CallSpec,
    GraphqlBodySpec,
    LoginSpec,
    RuleSpec,
    StatusRange,
    UpstreamSpec,
    XmlFormatSpec,
    secrets_in,
)
from ticketbridge.mapping.spec_compiler import Scope, SpecCompiler
from ticketbridge.redaction import mask_emails, mask_numbers, mask_words, origin_and_path

RETRIED_STATUSES = frozenset({502, 503, 504})
REFUSED_STATUSES = frozenset({401, 403})
# A login answers 400 to credentials that it does not know (RFC 6749, section 5.2, and many sessions).
_REFUSED_LOGINS = REFUSED_STATUSES | {400}
_OAUTH_ERRORS = frozenset(
    {
        "invalid_client",
        "invalid_grant",
        "invalid_request",
        "invalid_scope",
        "unauthorized_client",
        "unsupported_grant_type",
    }
)
"""The codes of RFC 6749, section 5.2. Other texts are not shown: they could repeat the request."""
SUCCESS = (StatusRange(200, 299),)
_NOT_THERE = frozenset({404, 405, 410})
_ERRORS = ("body", "errors")  # where GraphQL says what failed
_LONGEST_NOTE = 200
_MASKED = 100_000
"""Characters of a note that are searched for secrets: far more than a log shows.

A mask is shorter than the text that it replaces, and a secret that is cut in half would not be found.
"""
_LONGEST_WAIT = 3600
_SECONDS = re.compile(r"[0-9]+(?:\.[0-9]*)?|\.[0-9]+")


@dataclass(frozen=True, slots=True)
class RulePlan:
    """A compiled RuleSpec."""

    spec: RuleSpec
    statuses: tuple[StatusRange, ...]
    when: Expression | None
    message: Expression | None
    wait: float
    url: Expression | None
    reads_errors: bool

    def matches(self, status: int, scope: Scope, slot: str) -> bool:
        """Return whether an answer with *status* and *scope* meets all conditions; *slot* names the call."""
        if not self._has_status(status) or not self._can_look_at(scope["body"]):
            return False
        return self.when is None or evaluate_bool(self.when, scope, f"{slot}: when")

    def is_kept_off(self, status: int, scope: Scope) -> bool:
        """Return whether the rule is for *status*, and only the body in *scope* keeps it from being asked."""
        if not self._has_status(status) or self._can_look_at(scope["body"]):
            return False
        if self.when is None or "body" in self.when.names:
            return True
        try:
            return self.when(scope) is True
        except EvaluationError:
            return False

    def _has_status(self, status: int) -> bool:
        return any(part.first <= status <= part.last for part in self.statuses)

    def _can_look_at(self, body: object) -> bool:
        if self.spec.then in NOTHING_THERE and _is_no_document(body):
            # A gateway's page: whatever its status, it knows nothing of the platform's data.
            return False
        reads_body = self.when is not None and "body" in self.when.names
        return not (reads_body and isinstance(body, Unreadable))


def compile_rules(
    spec: CallSpec | LoginSpec,
    upstream: UpstreamSpec,
    roots: Collection[str],
    compiler: SpecCompiler,
    *,
    needs_body: bool,
    has_items: Callable[[Scope], bool] | None = None,
) -> Rules:
    """Return the compiled rules of one call or login; see Rules.

    *roots* are the roots of its response slots.
    """
    request = spec.request
    held = (upstream.auth, upstream.headers, upstream.proxy, *request.beside_path)
    return Rules(
        spec.name,
        compile_format(spec.format, any_content_type=spec.any_content_type),
        frozenset(secrets_in(held)),
        [_compile_rule(rule, roots, compiler) for rule in spec.responses],
        needs_body=needs_body,
        is_graphql=isinstance(request.body, GraphqlBodySpec),
        is_xml=isinstance(spec.format, XmlFormatSpec),
        is_login=isinstance(spec, LoginSpec),
        has_items=has_items,
    )


def _compile_rule(spec: RuleSpec, roots: Collection[str], compiler: SpecCompiler) -> RulePlan:
    when = compiler.optional(spec.when, roots, kinds.BOOLEAN)
    return RulePlan(
        spec,
        spec.status or SUCCESS,
        when,
        compiler.optional(spec.message, roots),
        spec.poll.after if spec.poll else 0,
        compiler.optional(spec.poll.url, roots, kinds.STRING) if spec.poll else None,
        when is not None and any(path.steps[:2] == _ERRORS for path in root_paths(when)),
    )


def _is_no_document(body: object) -> bool:
    """Return whether there is a body that is not in the declared format."""
    return isinstance(body, Unreadable) and body is not NO_BODY


@dataclass(frozen=True, slots=True)
class Rules:
    """The meaning of the answers of one call or login, compiled; *name* is its name.

    *needs_body*: an answer without a readable body is an error. *has_items* tells whether an answer, by its
    scope, has what the call binds: then no rule may say `none` or `last`. *is_login*: any 2xx answer
    may have the token, and a 400 also refuses our credentials. No message repeats one of *secrets*.
    """

    name: str
    form: Format
    secrets: frozenset[str]
    rules: Sequence[RulePlan] = ()
    needs_body: bool = True
    is_graphql: bool = False
    is_xml: bool = False
    is_login: bool = False
    has_items: Callable[[Scope], bool] | None = None

    async def judge(
        self, answer: PlatformAnswer, request: PlatformRequest, context: AnswerContext
    ) -> Scope:
        """Return the scope of the response slots: *request*'s with `body`, `status` and `headers`.

        Raises NothingThere, NotReady, FailedTry, or the problem that the answer is.
        """
        body = await self.form.read(answer)
        seen = {**request.scope, "body": body, "status": answer.status, "headers": answer.headers}
        fault = find_fault(body) if self.is_xml else None
        if fault is not None:
            raise UpstreamError(log=f"{self.name}: {fault}")
        errors = self.is_graphql and self._has_errors(body, answer)
        rule = self._deciding(answer, seen, errors=errors)
        if rule is not None:
            self._note(rule, seen, answer, context.trace)
            self._act(rule, seen)
        else:
            # A token that has ended, or too many requests, are told by status and errors both.
            self._require_success(answer, seen)
            if errors:
                # What failed is told beside what did not: part of the data is missing.
                raise UpstreamError(log=f"{self.name}: the GraphQL answer has errors")
        if self.needs_body and isinstance(body, Unreadable):
            raise UpstreamUnreadable(log=f"{self.name}: {body.reason}")
        return seen

    def _has_errors(self, body: Any, answer: PlatformAnswer) -> bool:
        """Return whether a GraphQL answer has errors: anything except null or an empty list."""
        if isinstance(body, dict):
            return body.get("errors") not in (None, [])
        succeeded = 200 <= answer.status < 300
        if succeeded and not isinstance(body, Unreadable):
            # To a rule with `optional` it would look like an object without data.
            raise MappingMismatch(log=f"{self.name}: the GraphQL answer is no object")
        return False

    def _deciding(self, answer: PlatformAnswer, seen: Scope, *, errors: bool) -> RulePlan | None:
        """Return the first rule that matches.

        If a GraphQL answer has *errors*, only rules that look at them count.
        """
        for rule in self.rules:
            asked = rule.reads_errors or not errors
            if asked and rule.matches(answer.status, seen, self.name):
                return rule
        return None

    def _act(self, rule: RulePlan, seen: Scope) -> None:
        said, status = f"{self.name}: the rule at {rule.spec.place} says", seen["status"]
        match rule.spec.then:
            case "ok":
                return
            case "fail":
                raise UpstreamError(log=f"{said} fail", retryable=_may_pass(status))
            case "retry":
                raise TryAgain(
                    UpstreamError(log=f"{self.name}: status {status}, tried again in vain")
                )
            case "poll":
                raise NotReady(rule.wait, self._polled_url(rule, seen))
            case "reauthenticate":
                log = f"{said} that the credentials are refused, with status {status}"
                raise CredentialsRefused(UpstreamAuth(log=log))
            case "empty" | "unknown_user" as claim:
                raise OwnsNothing(said, unknown_user=claim == "unknown_user")
            case "none":
                self._require_nothing(rule, seen)
                raise NothingBelow(said)
            case "last":
                self._require_nothing(rule, seen)
                raise PastTheEnd(said)
            case _:
                assert_never(rule.spec.then)

    def _require_nothing(self, rule: RulePlan, seen: Scope) -> None:
        """Raise MappingMismatch if *rule* says that nothing is there, and the answer has items."""
        if self.has_items and seen["body"] is not NO_BODY and self.has_items(seen):
            said = f"the rule at {rule.spec.place} says `{rule.spec.then}`"
            raise mismatch(self.name, f"{said}, but the answer has items: they would be lost")

    def _polled_url(self, rule: RulePlan, seen: Scope) -> str | None:
        if rule.url is None:
            return None
        slot = f"{self.name}: url"
        url = evaluate(rule.url, seen, slot)
        if not isinstance(url, str):
            raise mismatch(slot, f"`{rule.url.text}` at {rule.url.place} gives no text")
        return url

    def _note(
        self, rule: RulePlan, seen: Scope, answer: PlatformAnswer, trace: AnswerTrace
    ) -> None:
        if rule.message is None:
            return
        try:
            text = _text_of(evaluate(rule.message, seen, f"{self.name}: message"))
        except MappingMismatch as error:
            # It is only for the log, and does not change what the rule decides.
            trace.notes.append(error.log)
            return
        text = mask_numbers(self._masked(text, scope=seen, answer=answer))
        trace.notes.append(f"{self.name}: {text[:_LONGEST_NOTE]}")

    def _require_success(self, answer: PlatformAnswer, seen: Scope) -> None:
        """Return if a status that no rule decided means success; else raise its problem."""
        status, body = answer.status, seen["body"]
        if status in {200, 204} or (self.is_login and 200 <= status <= 299):
            return
        log = f"{self.name}: status {status}{self._describe_redirect(answer, seen)}"
        log += self._describe_kept_off(status, seen)
        retry_after = answer.headers.get("retry-after")
        if status == 429 or (status == 503 and retry_after is not None):
            raise UpstreamUnavailable(log=log, retry_after=seconds_to_wait(retry_after))
        if status in RETRIED_STATUSES and retry_after is None:
            raise PassingStatus(UpstreamError(log=log))
        if self.is_login and status in _REFUSED_LOGINS:
            said = find_oauth_error(body)
            raise UpstreamAuth(log=f"{log}, {said}" if said else log)
        if status == 401:
            raise CredentialsRefused(UpstreamAuth(log=log))
        if status in REFUSED_STATUSES:
            raise UpstreamAuth(log=log)
        raise UpstreamError(log=log, retryable=_may_pass(status))

    def _describe_redirect(self, answer: PlatformAnswer, seen: Scope) -> str:
        """Return where the answer redirects to, without the user and the credentials, or ""."""
        if not 300 <= answer.status <= 399 or "location" not in answer.headers:
            return ""
        target = origin_and_path(answer.headers["location"])
        shown = self._masked(target, scope=seen, answer=answer)[:_LONGEST_NOTE]
        return f", a redirect to {shown}"

    def _describe_kept_off(self, status: int, seen: Scope) -> str:
        """Return which rule the body keeps from being asked, and what is wrong with it, or ""."""
        rule = next((rule for rule in self.rules if rule.is_kept_off(status, seen)), None)
        body = seen["body"]
        if rule is None or not isinstance(body, Unreadable):
            return ""
        why = "" if body is NO_BODY else "the body is not in the declared format: "
        return f"; the rule at {rule.spec.place} does not count here: {why}{body.reason}"

    def _masked(self, text: str, *, scope: Scope, answer: PlatformAnswer) -> str:
        """Return *text* without the user and the credentials: platforms repeat what they refuse."""
        text = mask_words(mask_emails(text), [scope["user"]], "(user)")
        signed = () if answer.credentials is None else answer.credentials.secrets()
        kept = scope[JAR].secrets() if JAR in scope else ()
        return mask_words(text, (*self.secrets, *signed, *kept), "(credential)")


def _text_of(value: object) -> str:
    """Return the beginning of *value*, for a note."""
    if isinstance(value, str):
        return value[:_MASKED]
    try:
        return encode_within(value, _MASKED).decode()
    except (TooLongError, RecursionError, ValueError):
        return f"({describe(value)} that is not shown)"


def find_oauth_error(body: Any) -> str | None:
    """Return the code of RFC 6749 with which *body* refuses a login, or None."""
    error = body.get("error") if isinstance(body, dict) else None
    return error if isinstance(error, str) and error in _OAUTH_ERRORS else None


def _may_pass(status: int) -> bool:
    """Return whether the same request may succeed later: no redirect, and no "not found"."""
    return not (300 <= status <= 399 or status in _NOT_THERE)


def seconds_to_wait(retry_after: str | None, now: datetime | None = None) -> int:
    """Return `Retry-After` in whole seconds, rounded up, from 1 to 3600; 1 if it cannot be read."""
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
