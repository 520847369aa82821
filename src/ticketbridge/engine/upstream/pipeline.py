"""The way of a call, from what an entry of `source` binds to the connection and back."""

from __future__ import annotations

from collections.abc import Sequence

from ticketbridge.engine.upstream.auth import fixed_credentials
from ticketbridge.engine.upstream.binding import ask_if, ask_once, collect, go_down, walk_pages
from ticketbridge.engine.upstream.calls import BindingPlan, CallPlan
from ticketbridge.engine.upstream.context import AnswerContext, Bind, Send
from ticketbridge.engine.upstream.limits import Breaker, RetryBudget, Slots
from ticketbridge.engine.upstream.login import Login
from ticketbridge.engine.upstream.stages import (
    LogIn,
    Tokens,
    count_calls,
    guard,
    judge_answers,
    measure,
    notice_age,
    poll,
    raise_problems,
    renew,
    retry,
    share_gets,
    sign,
    sign_with_token,
    take_turns,
    tell_breaker,
)
from ticketbridge.engine.upstream.tokens import Token
from ticketbridge.mapping.spec import UpstreamSpec

EntryPlan = CallPlan | BindingPlan


def compose_call(call: CallPlan, platform: Platform, *, shares: bool) -> Bind:
    """Return the way of *call* to *platform*. What the mapping does not configure is not in it.

        scope                                                              values
          ▼  if ► collect ► pages                             bind           ▲
        request                                                            reading
          ▼  problem ► poll ► renew ► retry ► rules           read           ▲
        request                                                            answer
          ▼  share ► count ► sign ►
             turn ► breaker ► measure ► HTTP or a stand-in    send           ▲

    Each stage calls the one after it. The breaker lets a request pass, and hears of its answer once the
    rules have judged it. *shares*: one answer may ask for the same GET twice. For tokens, `sign` goes the
    way that `compose_login` returns.
    """
    upstream = platform.upstream
    send = reach(platform)  # turn ► breaker ► measure ► HTTP
    if platform.tokens:
        send = sign_with_token(send, platform.tokens)
    elif platform.credentials:
        send = sign(send, platform.credentials)
    send = count_calls(send, upstream.max_calls)
    if shares and (call.request.method == "GET" or call.polls):
        send = share_gets(send)

    judge = notice_age(call.rules.judge, call.name, is_live=upstream.live)
    read = judge_answers(send, tell_breaker(judge, platform.breaker))
    if upstream.retries:
        read = retry(read, upstream.retries, platform.budget, repeatable=call.request.idempotent)
    if platform.renews:
        read = renew(read, platform.tokens)
    if call.polls:
        read = poll(read, call.name, call.request, upstream.base_url)
    read = raise_problems(read)

    bind = ask_once(call, read)
    if call.pages:
        bind = walk_pages(call, call.pages, read, upstream.max_records)
    if call.kind == "collect":
        bind = collect(bind)
    if call.condition:
        bind = ask_if(bind, call)
    return bind


def compose_login(login: Login, platform: Platform) -> LogIn:
    """Return the way of a login: problem ► retry ► rules ► turn ► breaker ► measure ► HTTP."""
    read = judge_answers(reach(platform), tell_breaker(login.rules.judge, platform.breaker))
    retries = platform.upstream.retries
    if retries:
        read = retry(read, retries, platform.budget, repeatable=login.repeatable)
    read = raise_problems(read)

    async def log_in(context: AnswerContext) -> Token:
        context.trace.logins += 1
        reading = await read(login.request(context.scope), context)
        return login.token(reading.scope)

    return log_in


def reach(platform: Platform) -> Send:
    """Return what each request goes through, a login's too: turn ► breaker ► measure ► HTTP."""
    send = measure(platform.last_stage)
    send = guard(send, platform.breaker)
    return take_turns(send, platform.slots, platform.breaker)


class Platform:
    """What all answers from one platform share, whoever asks. No data is among it.

    *ways* are those of *entries*, one for each. *credentials* sign each request, or *tokens* do; *renews*:
    refused credentials can be had anew.
    """

    def __init__(
        self,
        upstream: UpstreamSpec,
        entries: Sequence[EntryPlan],
        login: Login | None,
        last_stage: Send,
        *,
        logs_in: bool,
    ) -> None:
        """The last of *entries* calls. *logs_in* False signs nothing where a login would be needed."""
        self.upstream = upstream
        self.last_stage = last_stage
        self.breaker = Breaker(upstream.breaker)
        self.slots = Slots(upstream.concurrency)
        self.budget = RetryBudget()
        self.renews = login is not None
        self.credentials = fixed_credentials(upstream.auth)
        self.tokens = None
        if login and logs_in:
            log_in = compose_login(login, self)
            self.tokens = Tokens(log_in, upstream.timeout, uses_user=login.uses_user)
        # A mapping of one call asks for nothing twice, and its answers need not be kept until the end.
        shares = len(entries) > 1
        self.ways: Sequence[Bind] = [
            compose_call(entry, self, shares=shares)
            if isinstance(entry, CallPlan)
            else go_down(entry)
            for entry in entries
        ]
