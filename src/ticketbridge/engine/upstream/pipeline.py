"""The way of a call: from the scope of an entry of `source` to the connection, and back."""

from __future__ import annotations

from collections.abc import Sequence

from ticketbridge.engine.upstream.auth import fixed_credentials
from ticketbridge.engine.upstream.binding import (
    allow_nothing,
    ask_if,
    ask_once,
    collect,
    go_down,
    walk_pages,
)
from ticketbridge.engine.upstream.calls import BindingPlan, CallPlan
from ticketbridge.engine.upstream.context import AnswerContext, Bind, Read, Send
from ticketbridge.engine.upstream.cookies import keep_cookies, with_cookies
from ticketbridge.engine.upstream.digest import DigestAuth
from ticketbridge.engine.upstream.limits import Breaker, RetryBudget, Slots
from ticketbridge.engine.upstream.login import Login
from ticketbridge.engine.upstream.pace import Pace, take_paced_turns
from ticketbridge.engine.upstream.signing import Signer, answer_challenges, sign_each
from ticketbridge.engine.upstream.stages import (
    LogIn,
    Tokens,
    count_calls,
    guard,
    judge_answers,
    measure,
    name_failures,
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
    write_anew,
)
from ticketbridge.engine.upstream.tokens import Token
from ticketbridge.mapping.spec import DigestAuthSpec, UpstreamSpec

EntryPlan = CallPlan | BindingPlan


def compose_call(call: CallPlan, platform: Platform, *, shares: bool) -> Bind:
    """Return the way of *call* to *platform*. It has no stage that the mapping does not configure.

        scope                                                              values
          ▼  if ► none ► collect ► jar ► pages                bind           ▲
        request                                                            reading
          ▼  problem ► poll ► renew ► retry ► rules           read           ▲
        request                                                            answer
          ▼  share ► challenges ► count ► sign ► cookies ►
             name ► rate ► turn ► breaker ► signature ►
             measure ► HTTP or a stand-in                     send           ▲

    Each stage calls the one after it. The breaker lets a request pass, and hears of its answer after the
    rules have judged it. *shares*: one answer may ask for the same GET twice. To get a token, `sign` goes
    the way that `compose_login` returns. A signature is made last: it has a time, and a wait would make it
    old.
    """
    send = _compose_send(call, platform, shares=shares)
    read = _compose_read(send, call, platform)
    return _compose_bind(read, call, platform.upstream)


def _compose_send(call: CallPlan, platform: Platform, *, shares: bool) -> Send:
    send = reach(platform)  # rate ► turn ► breaker ► signature ► measure ► HTTP
    send = name_failures(send, call.name)
    if call.keeps_cookies:
        send = keep_cookies(send)
    send = _sign(send, platform)
    send = count_calls(send, platform.upstream.max_calls, call.name)
    if platform.digest:
        send = answer_challenges(send, platform.digest, platform.breaker)
    if shares and not call.keeps_cookies and (call.request.method == "GET" or call.polls):
        send = share_gets(send)
    return send


def _compose_read(send: Send, call: CallPlan, platform: Platform) -> Read:
    upstream = platform.upstream
    judge = notice_age(call.rules.judge, call.name, is_live=upstream.live)
    read = judge_answers(send, tell_breaker(judge, platform.breaker))
    if upstream.retries:
        read = retry(read, upstream.retries, platform.budget, repeatable=call.request.idempotent)
    if platform.renews:
        read = renew(read, platform.tokens)
    if call.polls:
        read = poll(read, call.name, call.request, call.base_url)
    return raise_problems(read)


def _compose_bind(read: Read, call: CallPlan, upstream: UpstreamSpec) -> Bind:
    bind = ask_once(call, read)
    if call.pages:
        bind = walk_pages(call, call.pages, read, upstream.max_records)
    if call.keeps_cookies:
        bind = with_cookies(bind, call.name)
    if call.kind == "collect":
        bind = collect(bind)
    if call.may_say_nothing:
        bind = allow_nothing(bind, call)
    if call.condition:
        bind = ask_if(bind, call)
    return bind


def _sign(send: Send, platform: Platform) -> Send:
    """Return *send* with credentials that serve many requests: those of the mapping, or a token."""
    if platform.tokens:
        return sign_with_token(send, platform.tokens)
    return sign(send, platform.credentials) if platform.credentials else send


def compose_login(login: Login, platform: Platform) -> LogIn:
    """Return the way of a login.

    problem ► retry ► rules ► write anew ► name ► rate ► turn ► breaker ► measure ► HTTP
    """
    send = name_failures(reach(platform), login.rules.name)
    if login.signs:
        send = write_anew(send, login)
    read = judge_answers(send, tell_breaker(login.rules.judge, platform.breaker))
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
    """Return the stages that each request goes through, also a login's.

    rate ► turn ► breaker ► signature ► measure ► HTTP
    """
    send = measure(platform.last_stage)
    if platform.signer:
        send = sign_each(send, platform.signer)
    send = guard(send, platform.breaker)
    if platform.pace:
        return take_paced_turns(send, platform.slots, platform.pace, platform.breaker)
    return take_turns(send, platform.slots, platform.breaker)


class Platform:
    """The state that all answers from one platform share, for all users. It holds no data.

    *ways* has one way for each of *entries*. Requests are signed by *credentials*, by *tokens* or by
    *signer*, or by *digest* once the platform asks for it. *renews* is true if refused credentials
    can be replaced.
    """

    def __init__(
        self,
        upstream: UpstreamSpec,
        entries: Sequence[EntryPlan],
        login: Login | None,
        signer: Signer | None,
        last_stage: Send,
        *,
        logs_in: bool,
    ) -> None:
        """Connect *entries*, of which the last one calls.

        If *logs_in* is False, no request that needs a login is signed.
        """
        self.upstream = upstream
        self.last_stage = last_stage
        self.breaker = Breaker(upstream.breaker)
        self.slots = Slots(upstream.concurrency)
        self.pace = Pace(upstream.rate) if upstream.rate else None
        self.budget = RetryBudget()
        self.renews = login is not None
        self.logs_in = logs_in
        self.credentials = fixed_credentials(upstream.auth)
        self.signer = signer
        auth = upstream.auth
        self.digest = DigestAuth(auth) if isinstance(auth, DigestAuthSpec) else None
        self.tokens = None
        if login and logs_in:
            log_in = compose_login(login, self)
            self.tokens = Tokens(
                log_in,
                upstream.timeout,
                uses_user=login.uses_user,
                finishes=login.outlives_its_askers,
            )
        # A mapping of one call asks for nothing twice, and its answers need not be kept until the end.
        shares = len(entries) > 1
        self.ways: Sequence[Bind] = [
            compose_call(entry, self, shares=shares)
            if isinstance(entry, CallPlan)
            else go_down(entry)
            for entry in entries
        ]
