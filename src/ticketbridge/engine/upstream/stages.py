"""The stages of the pipe below those that bind, from the top down; `pipeline` composes them.

Each function returns a stage around the one that it is given. It is called once, at load; what belongs to
one answer comes in its AnswerContext. A stage that has nothing to do after the next one is no coroutine of
its own: it returns that of the next one.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import replace
from typing import Any

from ticketbridge.engine.problems import MappingMismatch, UpstreamUnavailable, UpstreamUnreadable
from ticketbridge.engine.upstream import limits
from ticketbridge.engine.upstream.auth import Credentials
from ticketbridge.engine.upstream.context import (
    AnswerContext,
    Judge,
    Read,
    Reading,
    Send,
    SharedAnswer,
)
from ticketbridge.engine.upstream.evaluate import mismatch
from ticketbridge.engine.upstream.failures import (
    CredentialsRefused,
    FailedTry,
    NoAnswer,
    NothingThere,
    NotReady,
    PassingStatus,
    TryAgain,
)
from ticketbridge.engine.upstream.limits import Breaker, RetryBudget, Slots
from ticketbridge.engine.upstream.login import Login
from ticketbridge.engine.upstream.messages import PlatformAnswer, PlatformRequest
from ticketbridge.engine.upstream.next_url import NextUrlError, next_url
from ticketbridge.engine.upstream.requests import RequestPlan
from ticketbridge.engine.upstream.tokens import Token, TokenStore
from ticketbridge.mapping.spec_compiler import Scope

_PLATFORM_FAILED = 500

LogIn = Callable[[AnswerContext], Coroutine[Any, Any, Token]]
"""Logs in; returns a new token. Raises ProblemError or OwnsNothing."""


class Tokens:
    """The tokens of one platform: one for all answers, or one for each if the login names the user."""

    def __init__(
        self, log_in: LogIn, timeout: float, *, uses_user: bool, finishes: bool = False
    ) -> None:
        """Make the stores. *timeout* is the time of a login, in seconds. For *finishes* see TokenStore."""
        self._log_in = log_in
        self._timeout = timeout
        self._shared = None if uses_user else TokenStore(timeout, finishes=finishes)

    def of(self, context: AnswerContext) -> TokenStore:
        """Return the store of one answer's token."""
        if self._shared is not None:
            return self._shared
        if context.token is None:
            context.token = TokenStore(self._timeout)
        return context.token

    async def fetch(self, context: AnswerContext) -> Credentials:
        """Return new credentials; see TokenStore."""
        with context.trace.upstream:
            return await self.of(context).fetch(lambda: self._log_in(context))


# --- stages that read: a request in, an answer that counts out ------------------------------------


def raise_problems(read: Read) -> Read:
    """Raise the problem of a failed try that is not repeated."""

    async def raising(request: PlatformRequest, context: AnswerContext) -> Reading:
        try:
            return await read(request, context)
        except FailedTry as failure:
            raise failure.problem from failure

    return raising


def poll(read: Read, name: str, plan: RequestPlan, base_url: str) -> Read:
    """Ask again later while a rule says so. The deadline and `max_calls` end it."""

    def later(pending: NotReady, request: PlatformRequest) -> PlatformRequest:
        if pending.url is None:
            return after(request, pending.answer)
        try:
            url = next_url(
                pending.url,
                current=request.url,
                base_url=base_url,
                first=plan.first(request.scope),
                any_path=True,
            )
        except NextUrlError as error:
            raise mismatch(f"{name}: url", str(error)) from error
        return after(plan.follow(url, request.scope), pending.answer)

    async def polling(request: PlatformRequest, context: AnswerContext) -> Reading:
        while True:
            try:
                return await read(request, context)
            except NotReady as pending:
                request, seconds = later(pending, request), pending.seconds
            with context.trace.upstream:
                await asyncio.sleep(seconds)

    return polling


def renew(read: Read, tokens: Tokens | None) -> Read:
    """Ask once more, with new credentials, if the platform refuses the credentials of the request."""

    async def renewing(request: PlatformRequest, context: AnswerContext) -> Reading:
        try:
            return await read(request, context)
        except CredentialsRefused as refusal:
            refused = refusal.answer
        if tokens and refused:
            tokens.of(context).forget(refused.credentials)
        return await read(after(request, refused), context)

    return renewing


def retry(read: Read, retries: int, budget: RetryBudget, *, repeatable: bool) -> Read:
    """Repeat failures that may pass: at most *retries* times, and within the *budget*.

    *repeatable*: a POST may be sent again although the first one may have had its effect.
    """

    async def retrying(request: PlatformRequest, context: AnswerContext) -> Reading:
        budget.earn()
        tries = 0
        while True:
            try:
                return await read(request, context)
            except (NoAnswer, PassingStatus, TryAgain) as failure:
                # What a rule of the mapping asks for is asked for by whoever knows the platform.
                allowed = repeatable or request.method == "GET" or isinstance(failure, TryAgain)
                if not allowed or tries == retries or not budget.spend():
                    raise
                request = after(request, failure.answer)
            tries += 1
            context.trace.retries += 1
            await asyncio.sleep(limits.wait_before(tries))

    return retrying


def after(request: PlatformRequest, answer: PlatformAnswer | None) -> PlatformRequest:
    """Return *request* so that only answers that come after *answer* count."""
    return request if answer is None else replace(request, newer_than=answer.came_at)


# --- the rules ------------------------------------------------------------------------------------


def judge_answers(send: Send, judge: Judge) -> Read:
    """Judge each answer with *judge*."""

    async def judging(request: PlatformRequest, context: AnswerContext) -> Reading:
        answer = await send(request, context)
        try:
            scope = await judge(answer, request, context)
        except (FailedTry, NotReady) as failure:
            failure.answer = answer
            raise
        return Reading(scope, request.url)

    return judging


def tell_breaker(judge: Judge, breaker: Breaker) -> Judge:
    """Tell *breaker* about each answer after it was judged. A 5xx that a rule expects is no failure."""

    def tell(answer: PlatformAnswer, context: AnswerContext, *, failed: bool) -> None:
        # Of an answer that several calls share it hears once.
        if id(answer) not in context.unheard:
            return
        context.unheard.discard(id(answer))
        if failed:
            breaker.got_5xx(context.scope["user"])
        else:
            breaker.succeeded()

    async def telling(
        answer: PlatformAnswer, request: PlatformRequest, context: AnswerContext
    ) -> Scope:
        try:
            scope = await judge(answer, request, context)
        except (NothingThere, NotReady, CredentialsRefused):
            tell(answer, context, failed=False)
            raise
        except Exception:
            tell(answer, context, failed=answer.status >= _PLATFORM_FAILED)
            raise
        tell(answer, context, failed=False)
        return scope

    return telling


def notice_age(judge: Judge, name: str, *, is_live: bool) -> Judge:
    """Note an answer from a cache. Raises MappingMismatch if the mapping does not allow one."""
    what = f"{name}: a cache has kept this answer: its Age is not 0"

    def noticing(
        answer: PlatformAnswer, request: PlatformRequest, context: AnswerContext
    ) -> Awaitable[Scope]:
        ages = answer.headers.get("age")
        if ages is not None and any(age.strip() != "0" for age in ages.split(",")):
            if is_live:
                raise MappingMismatch(
                    "The platform's answer comes from a cache", log=f"live: {what}"
                )
            context.trace.notes.append(what)
        return judge(answer, request, context)

    return noticing


# --- stages that send: a request in, the platform's answer out ------------------------------------


def share_gets(send: Send) -> Send:
    """Make the same GET once within one answer, unless *newer_than* asks for a newer one."""

    async def sharing(request: PlatformRequest, context: AnswerContext) -> PlatformAnswer:
        if request.method != "GET":
            return await send(request, context)
        known = context.answers.get(request)
        # By when it was sent: an answer under way may tell of what was before the job that is polled.
        if known is not None and known.sent_at > request.newer_than:
            return await asyncio.shield(known.answer)
        made: asyncio.Future[PlatformAnswer] = asyncio.get_running_loop().create_future()
        own = context.answers[request] = SharedAnswer(time.perf_counter(), made)
        try:
            made.set_result(await send(request, context))
        except BaseException as error:
            if context.answers.get(request) is own:
                del context.answers[request]
            _pass_on(error, made)
            raise
        return made.result()

    return sharing


def _pass_on(error: BaseException, made: asyncio.Future[PlatformAnswer]) -> None:
    """Let all that wait for the same call fail like it; each then retries with its own count."""
    if isinstance(error, Exception):
        made.set_exception(error)
        made.exception()  # no one may be waiting: that is no error of its own
    else:
        made.cancel()


def count_calls(send: Send, max_calls: int, name: str) -> Send:
    """Count the calls of one answer, and this one for *name*. Raises MappingMismatch beyond *max_calls*."""

    def counting(request: PlatformRequest, context: AnswerContext) -> Awaitable[PlatformAnswer]:
        if sum(context.calls.values()) >= max_calls:
            made = ", ".join(f"{number} of `{each}`" for each, number in context.calls.items())
            raise MappingMismatch(
                f"The answer takes more calls to the platform than allowed ({name})",
                log=f"max_calls: `{name}` needs one more than the {max_calls} calls that one answer may"
                f" have, after {made}; raise `max_calls` where so many are right, with the `timeout` that"
                " they take, or ask for less by `if` or by a narrower list above",
            )
        context.calls[name] = context.calls.get(name, 0) + 1
        return send(request, context)

    return counting


def name_failures(send: Send, name: str) -> Send:
    """Let the log begin with the *name* of the call that got no answer, or none that can be decoded."""

    async def naming(request: PlatformRequest, context: AnswerContext) -> PlatformAnswer:
        try:
            return await send(request, context)
        except NoAnswer as failure:
            failure.problem.say_call(name)
            raise
        except UpstreamUnreadable as problem:
            problem.say_call(name)
            raise

    return naming


def sign(send: Send, credentials: Credentials) -> Send:
    """Sign each request with the same *credentials*."""

    def signing(request: PlatformRequest, context: AnswerContext) -> Awaitable[PlatformAnswer]:
        return send(request.signed(credentials), context)

    return signing


def write_anew(send: Send, login: Login) -> Send:
    """Build the request of each try again, because an assertion is valid only once."""

    def writing(_request: PlatformRequest, context: AnswerContext) -> Awaitable[PlatformAnswer]:
        return send(login.request(context.scope), context)

    return writing


def sign_with_token(send: Send, tokens: Tokens) -> Send:
    """Sign each request with the token of its answer; log in if there is no valid one."""

    async def signing(request: PlatformRequest, context: AnswerContext) -> PlatformAnswer:
        credentials = tokens.of(context).ready() or await tokens.fetch(context)
        return await send(request.signed(credentials), context)

    return signing


def take_turns(send: Send, slots: Slots, breaker: Breaker) -> Send:
    """Wait for a turn, unless the breaker is open; see Breaker."""

    async def waiting(request: PlatformRequest, context: AnswerContext) -> PlatformAnswer:
        breaker.refuse_if_open(context.scope["user"])
        await slots.take(context.trace)
        try:
            return await send(request, context)
        finally:
            slots.give()

    return waiting


def guard(send: Send, breaker: Breaker) -> Send:
    """Let a request pass if *breaker* allows it, and tell it when no answer comes."""

    async def guarding(request: PlatformRequest, context: AnswerContext) -> PlatformAnswer:
        breaker.admit(
            context.scope["user"]
        )  # it may have opened while this request waited for its turn
        try:
            answer = await send(request, context)
        except NoAnswer as failure:
            if isinstance(failure.problem, UpstreamUnavailable):
                breaker.got_no_answer(context.mark)
            raise
        except asyncio.CancelledError:
            if context.deadline.has_passed:
                breaker.got_no_answer(context.mark)
            raise
        context.unheard.add(id(answer))
        return answer

    return guarding


def measure(send: Send) -> Send:
    """Count the requests that are sent, and the time that the platform takes."""

    async def measuring(request: PlatformRequest, context: AnswerContext) -> PlatformAnswer:
        context.trace.calls += 1
        with context.trace.upstream:
            return await send(request, context)

    return measuring
