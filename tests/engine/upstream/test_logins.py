"""Tokens that a login gives: fetched once, renewed in time, and never another user's."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs

import httpx
import pytest

from tests.stand_in import compiled_on, sending_by
from tests.support import NOW, TOKEN, USER, item, order, orders, spec_of, tickets_of
from ticketbridge.engine.answer_trace import AnswerTrace
from ticketbridge.engine.bridge import Bridge, compile_mapping
from ticketbridge.engine.problems import (
    MappingMismatch,
    ProblemError,
    UnknownUser,
    UpstreamAuth,
    UpstreamError,
    UpstreamTimeout,
    UpstreamUnavailable,
    UpstreamUnreadable,
)
from ticketbridge.mapping import MappingError

pytestmark = pytest.mark.anyio

TOKEN_URL = "https://login.example/oauth/token"
OAUTH2 = {
    "type": "oauth2",
    "token_url": TOKEN_URL,
    "client_id": "br:dge",
    "client_secret": "s&cret",
}
SESSION = {
    "type": "session",
    "login": {"post": "/login", "json": {"name": "bridge", "password": "hidden"}},
    "token": "body.token",
}
PER_USER = {
    "type": "session",
    "login": {"post": "/login", "form": {"email": "{user}"}},
    "token": "body.token",
}
Answering = Callable[[httpx.Request], Any]


class Accounts(httpx.AsyncBaseTransport):
    """A platform that logs in at `/login` or the token URL, and takes the last token it gave."""

    def __init__(self, login: Answering | None = None, **granted: Any) -> None:
        """*login* answers a login instead; *granted* stands in the answer beside the token."""
        self.logins: list[httpx.Request] = []
        self.calls: list[httpx.Request] = []
        self.refuses = 0
        self.expired: set[str] = set()
        self.hold: asyncio.Event | None = None
        self._login = login
        self._granted = granted

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """See httpx."""
        if request.url.path in {"/login", "/oauth/token"}:
            return await self._logged_in(request)
        self.calls.append(request)
        if request.headers.get("authorization") in self.expired:
            return httpx.Response(401)
        if self.refuses:
            self.refuses -= 1
            return httpx.Response(401)
        return httpx.Response(200, json=orders(order(item(1))))

    async def _logged_in(self, request: httpx.Request) -> httpx.Response:
        self.logins.append(request)
        if self.hold is not None:
            await self.hold.wait()
        if self._login is not None:
            reply = self._login(request)
            return reply if isinstance(reply, httpx.Response) else httpx.Response(200, json=reply)
        name = f"token-{len(self.logins)}"
        return httpx.Response(200, json={"access_token": name, "token": name, **self._granted})

    @property
    def signed(self) -> list[str | None]:
        """The Authorization of each call."""
        return [request.headers.get("authorization") for request in self.calls]


def bridge_on(platform: Accounts, auth: dict[str, Any], **changes: Any) -> Bridge:
    """The test mapping with *auth*, on *platform*."""
    return compiled_on(platform, spec_of({"upstream.auth": auth, **changes}))


async def problem_of(bridge: Bridge, user: str = USER) -> ProblemError:
    """The problem of an answer that fails."""
    with pytest.raises(ProblemError) as caught:
        await bridge.answer(user)
    return caught.value


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The time that tokens live by, in a list of one."""
    time = [1000.0]
    monkeypatch.setattr("ticketbridge.engine.upstream.tokens._now", lambda: time[0])
    return time


# --- oauth2 ---------------------------------------------------------------------------------------


async def test_oauth2_asks_for_a_token_as_the_rfc_says() -> None:
    """Name and secret are escaped before they are joined; the form says what is asked for."""
    platform = Accounts()
    bridge = bridge_on(platform, {**OAUTH2, "scope": "a b", "audience": "https://x.example"})

    answer = await bridge.answer(USER)

    assert len(tickets_of(answer)) == 1
    [login] = platform.logins
    assert (login.method, str(login.url)) == ("POST", TOKEN_URL)
    assert httpx.BasicAuth("br%3Adge", "s%26cret")._auth_header == login.headers["authorization"]
    assert parse_qs(login.content.decode()) == {
        "grant_type": ["client_credentials"],
        "scope": ["a b"],
        "audience": ["https://x.example"],
    }
    assert platform.signed == ["Bearer token-1"]


async def test_oauth2_may_send_the_secret_in_the_body() -> None:
    """`send: body` puts name and secret into the form, and nothing into the header."""
    platform = Accounts()

    await bridge_on(platform, {**OAUTH2, "send": "body"}).answer(USER)

    [login] = platform.logins
    assert "authorization" not in login.headers
    form = parse_qs(login.content.decode())
    assert (form["client_id"], form["client_secret"]) == (["br:dge"], ["s&cret"])


async def test_headers_of_the_platform_do_not_go_to_the_token_url() -> None:
    """The token may come from another host: what `upstream.headers` holds is not for it."""
    platform = Accounts()

    await bridge_on(platform, OAUTH2, **{"upstream.headers": {"X-Key": "k"}}).answer(USER)

    assert "x-key" not in platform.logins[0].headers
    assert platform.calls[0].headers["x-key"] == "k"


@pytest.mark.parametrize(
    ("reply", "kind"),
    [
        ({}, MappingMismatch),
        ([], MappingMismatch),
        ({"access_token": None}, MappingMismatch),
        ({"access_token": ""}, MappingMismatch),
        ({"access_token": "a\r\nX-Evil: 1"}, MappingMismatch),
        ({"access_token": "a", "token_type": "mac"}, MappingMismatch),
        ({"access_token": "a", "token_type": None}, MappingMismatch),
        ({"access_token": "a", "expires_in": "soon"}, MappingMismatch),
        ({"access_token": "a", "expires_in": True}, MappingMismatch),
        ({"access_token": "a", "expires_in": -1}, MappingMismatch),
        ({"access_token": "a" * 8_001}, MappingMismatch),
        ({"access_token": "a", "expires_in": "1" * 33}, MappingMismatch),
        (httpx.Response(200, html="<h1>Log in</h1>"), UpstreamUnreadable),
        (httpx.Response(200, content=b""), UpstreamUnreadable),
        (httpx.Response(302, headers={"Location": "https://moved.example"}), UpstreamError),
        (httpx.Response(400, json={"error": "invalid_client"}), UpstreamAuth),
        (httpx.Response(401), UpstreamAuth),
        (httpx.Response(403), UpstreamAuth),
        (httpx.Response(429, headers={"Retry-After": "7"}), UpstreamUnavailable),
        (httpx.Response(500), UpstreamError),
    ],
)
async def test_a_token_answer_is_held_to_what_any_answer_is(
    reply: Any, kind: type[Exception]
) -> None:
    """Whatever is no token is a problem of that kind, and no call is made without one."""
    platform = Accounts(lambda _request: reply)

    problem = await problem_of(bridge_on(platform, OAUTH2))

    assert type(problem) is kind
    assert "evil" not in problem.log.lower()
    assert platform.calls == []


@pytest.mark.parametrize("auth", [OAUTH2, SESSION])
async def test_a_token_has_a_length_that_a_header_can_carry(auth: Any) -> None:
    """Servers take some 8 KB of a header: what is longer is refused here, and said so."""
    platform = Accounts(lambda _request: {"access_token": "a" * 8_001, "token": "a" * 8_001})

    problem = await problem_of(bridge_on(platform, auth))

    assert isinstance(problem, MappingMismatch)
    assert "8000 characters" in problem.log
    assert platform.calls == []


async def test_a_token_answer_is_bounded_as_any_other() -> None:
    """`max_body` holds for token answers too."""
    platform = Accounts(lambda _request: {"access_token": "a" * 2000})

    problem = await problem_of(bridge_on(platform, OAUTH2, **{"upstream.max_body": "1KB"}))

    assert isinstance(problem, UpstreamUnreadable)


async def test_a_token_is_asked_for_again_where_none_came() -> None:
    """Asking twice for a token changes nothing at the platform: it is retried as a GET is."""
    replies = iter([httpx.Response(502), {"access_token": "t"}])
    platform = Accounts(lambda _request: next(replies))

    await bridge_on(platform, OAUTH2, **{"upstream.retries": 1}).answer(USER)

    assert platform.signed == ["Bearer t"]


# --- one token for all ----------------------------------------------------------------------------


async def test_many_answers_wait_for_one_login() -> None:
    """Answers that need a token at the same time share one login."""
    platform = Accounts()
    bridge = bridge_on(platform, OAUTH2)

    await asyncio.gather(*(bridge.answer(f"u{number}@example.com") for number in range(20)))

    assert len(platform.logins) == 1
    assert set(platform.signed) == {"Bearer token-1"}


async def test_a_token_is_kept_until_shortly_before_its_end(clock: list[float]) -> None:
    """A token is renewed 30 seconds, or a tenth of its life, before it expires."""
    platform = Accounts(expires_in=3600)
    bridge = bridge_on(platform, OAUTH2)
    await bridge.answer(USER)

    clock[0] += 3569
    await bridge.answer(USER)
    clock[0] += 1
    await bridge.answer(USER)

    assert platform.signed == ["Bearer token-1", "Bearer token-1", "Bearer token-2"]


async def test_a_short_token_is_renewed_after_nine_tenths_of_its_life(clock: list[float]) -> None:
    """The margin of a token of ten seconds is one second; digits as text are a number too."""
    platform = Accounts(expires_in="10")
    bridge = bridge_on(platform, OAUTH2)
    await bridge.answer(USER)

    clock[0] += 8.9
    await bridge.answer(USER)
    clock[0] += 0.2
    await bridge.answer(USER)

    assert len(platform.logins) == 2


async def test_a_refused_token_is_renewed_once() -> None:
    """Upon a 401 a call is made again with a new token, and once only."""
    platform = Accounts()
    bridge = bridge_on(platform, OAUTH2)
    await bridge.answer(USER)

    platform.refuses = 1
    await bridge.answer(USER)
    platform.refuses = 2

    assert isinstance(await problem_of(bridge), UpstreamAuth)
    assert platform.signed == [f"Bearer token-{number}" for number in (1, 1, 2, 2, 3)]


async def test_a_token_refused_with_graphql_errors_is_renewed() -> None:
    """A 401 is one too where a GraphQL platform says more of it in `errors`."""
    platform = Accounts()
    replies = iter([httpx.Response(401, json={"errors": [{"message": "expired"}]}), None])

    async def answering(request: httpx.Request) -> httpx.Response:
        reply = None if request.url.path == "/oauth/token" else next(replies)
        return reply or await Accounts.handle_async_request(platform, request)

    platform.handle_async_request = answering  # type: ignore[method-assign]
    call = {"name": "order", "post": "/orders", "each": "body.orders"}
    query = {"query": "query ($u: String) { a }", "variables": {"u": "{user}"}}
    bridge = bridge_on(platform, OAUTH2, **{"source.0": {**call, "graphql": query}})

    assert len(tickets_of(await bridge.answer(USER))) == 1
    assert len(platform.logins) == 2


async def test_answers_refused_together_log_in_once() -> None:
    """Many calls whose one token is refused share the login for the next."""
    platform = Accounts()
    bridge = bridge_on(platform, OAUTH2)
    await bridge.answer(USER)

    platform.expired = {"Bearer token-1"}
    await asyncio.gather(*(bridge.answer(f"u{number}@example.com") for number in range(10)))

    assert len(platform.logins) == 2


@pytest.mark.parametrize("auth", [OAUTH2, SESSION], ids=["oauth2", "session"])
@pytest.mark.parametrize("status", [400, 401, 403])
async def test_a_refused_login_is_not_tried_again_at_once(
    auth: dict[str, Any], status: int, clock: list[float]
) -> None:
    """Platforms lock accounts: however many ask, there is one attempt each ten seconds."""
    refusing = [True]

    def log_in(request: httpx.Request) -> Any:
        del request
        return httpx.Response(status) if refusing[0] else {"access_token": "t", "token": "t"}

    platform = Accounts(log_in)
    bridge = bridge_on(platform, auth)
    for _ in range(50):
        assert isinstance(await problem_of(bridge), UpstreamAuth)
    attempts = len(platform.logins)
    clock[0] += 10
    await problem_of(bridge)
    clock[0] += 10
    refusing[0] = False

    assert len(tickets_of(await bridge.answer(USER))) == 1
    assert (attempts, len(platform.logins)) == (1, 3)


async def test_a_users_refused_login_is_the_users_alone() -> None:
    """Where each user logs in, one who is refused keeps nobody else out."""

    def log_in(request: httpx.Request) -> Any:
        mine = parse_qs(request.content.decode())["email"] == [USER]
        return {"token": "t"} if mine else httpx.Response(401)

    bridge = bridge_on(Accounts(log_in), PER_USER)
    assert isinstance(await problem_of(bridge, "bea@example.com"), UpstreamAuth)

    assert len(tickets_of(await bridge.answer(USER))) == 1


async def test_a_fixed_credential_is_not_renewed() -> None:
    """A 401 under a fixed token is upstream-auth at once."""
    platform = Accounts()
    platform.refuses = 1

    problem = await problem_of(bridge_on(platform, {"type": "bearer", "token": "${ACME_TOKEN}"}))

    assert isinstance(problem, UpstreamAuth)
    assert len(platform.calls) == 1


async def test_a_rule_may_ask_for_a_new_login() -> None:
    """`then: reauthenticate` renews as a 401 does, and a second time it is upstream-auth."""
    rule = {"when": "body.expired", "status": 200, "then": "reauthenticate"}
    changes = {"source.0.responses": [rule]}
    platform = Accounts()
    bridge = bridge_on(platform, OAUTH2, **changes)
    bodies = iter([True, False, True, True])

    async def answering(request: httpx.Request) -> httpx.Response:
        if request.url.path == "/oauth/token":
            return await Accounts.handle_async_request(platform, request)
        platform.calls.append(request)
        return httpx.Response(200, json={**orders(order(item(1))), "expired": next(bodies)})

    platform.handle_async_request = answering  # type: ignore[method-assign]
    await bridge.answer(USER)

    assert isinstance(await problem_of(bridge), UpstreamAuth)
    assert platform.signed == [f"Bearer token-{number}" for number in (1, 2, 2, 3)]


async def test_one_who_leaves_does_not_end_the_login_of_the_others() -> None:
    """A login goes on for those who still wait, whoever began it."""
    platform = Accounts()
    platform.hold = asyncio.Event()
    bridge = bridge_on(platform, OAUTH2)
    first = asyncio.create_task(bridge.answer("a@example.com"))
    second = asyncio.create_task(bridge.answer("b@example.com"))
    await asyncio.sleep(0.01)

    first.cancel()
    await asyncio.sleep(0)
    platform.hold.set()

    assert len(tickets_of(await second)) == 0
    assert len(platform.logins) == 1


async def test_a_login_that_nobody_waits_for_ends() -> None:
    """When the last answer that waits is gone, its login is cancelled; the next begins anew."""
    platform = Accounts()
    platform.hold = asyncio.Event()
    bridge = bridge_on(platform, OAUTH2)
    alone = asyncio.create_task(bridge.answer(USER))
    await asyncio.sleep(0.01)
    before = len(asyncio.all_tasks())

    alone.cancel()
    await asyncio.gather(alone, return_exceptions=True)
    await asyncio.sleep(0.01)

    assert len(asyncio.all_tasks()) == before - 2
    platform.hold.set()
    assert len(tickets_of(await bridge.answer(USER))) == 1


async def test_a_login_that_hangs_ends_with_the_deadline() -> None:
    """The deadline is over everything, the login too."""
    platform = Accounts()
    platform.hold = asyncio.Event()

    problem = await problem_of(bridge_on(platform, OAUTH2, **{"upstream.timeout": "50ms"}))

    assert isinstance(problem, UpstreamTimeout)


async def test_a_login_ends_in_time_for_those_who_came_later_too() -> None:
    """A login has the time that an answer has, from its own beginning, whoever waits for it."""
    platform = Accounts()
    platform.hold = asyncio.Event()
    bridge = bridge_on(platform, OAUTH2, **{"upstream.timeout": "400ms"})
    first = asyncio.create_task(problem_of(bridge, "a@example.com"))
    await asyncio.sleep(0.1)

    later = await problem_of(bridge, "b@example.com")

    assert isinstance(later, UpstreamTimeout)
    assert later.log == "no token came in time"
    assert isinstance(await first, UpstreamTimeout)


async def test_a_login_counts_as_a_call_in_the_log() -> None:
    """The calls of an answer are those that were made for it, its login among them."""
    trace = AnswerTrace()

    await bridge_on(Accounts(), OAUTH2).answer(USER, trace)

    assert trace.calls == 2


# --- session --------------------------------------------------------------------------------------


async def test_a_session_sends_its_login_and_then_its_token() -> None:
    """The login is sent as declared; the token stands in `Authorization: Bearer` by default."""
    platform = Accounts()

    await bridge_on(platform, SESSION, **{"upstream.headers": {"X-Channel": "resale"}}).answer(USER)

    [login] = platform.logins
    assert json.loads(login.content) == {"name": "bridge", "password": "hidden"}
    assert login.headers["x-channel"] == "resale"
    assert "authorization" not in login.headers
    assert platform.signed == ["Bearer token-1"]


async def test_a_session_may_be_a_cookie_from_a_header() -> None:
    """`token` may come from a header, with no body to read, and `header` and `value` place it."""
    auth = {
        **SESSION,
        "token": "extract(headers.\"set-cookie\", 'sid=([^;]+)')",
        "header": "Cookie",
        "value": "sid={token}; v=1",
    }
    platform = Accounts(
        lambda _request: httpx.Response(204, headers={"Set-Cookie": "sid=abc; HttpOnly"})
    )

    await bridge_on(platform, auth).answer(USER)

    assert platform.calls[0].headers["cookie"] == "sid=abc; v=1"


@pytest.mark.parametrize("expires_in", ["10s", "body.seconds"])
async def test_a_session_ends_when_it_says(expires_in: str, clock: list[float]) -> None:
    """`expires_in` is a duration, or an expression that gives seconds."""
    platform = Accounts(seconds=10)
    bridge = bridge_on(platform, {**SESSION, "expires_in": expires_in})
    await bridge.answer(USER)

    clock[0] += 9.1
    await bridge.answer(USER)

    assert platform.signed == ["Bearer token-1", "Bearer token-2"]


@pytest.mark.parametrize(
    ("reply", "kind"),
    [
        ({"tokn": "t"}, MappingMismatch),
        ({"token": None}, MappingMismatch),
        ({"token": True}, MappingMismatch),
        ({"token": ""}, MappingMismatch),
        ({"token": "a\nb"}, MappingMismatch),
        (httpx.Response(200, html="<h1>Log in</h1>"), UpstreamUnreadable),
        (httpx.Response(400), UpstreamAuth),
        (httpx.Response(401), UpstreamAuth),
    ],
)
async def test_what_is_no_session_is_a_problem(reply: Any, kind: type[Exception]) -> None:
    """A login without a usable token is a problem, and no call is made."""
    platform = Accounts(lambda _request: reply)

    assert type(await problem_of(bridge_on(platform, SESSION))) is kind
    assert platform.calls == []


async def test_a_session_login_is_sent_once_unless_it_may_be_repeated() -> None:
    """A POST that may have had its effect is not sent again, unless the mapping says so."""
    for idempotent, logins in ((False, 1), (True, 2)):
        platform = Accounts(lambda _request: httpx.Response(502))
        auth = {**SESSION, "login": {**SESSION["login"], "idempotent": idempotent}}  # type: ignore[dict-item]

        await problem_of(bridge_on(platform, auth, **{"upstream.retries": 1}))

        assert len(platform.logins) == logins


async def test_a_session_of_the_user_is_never_shared() -> None:
    """A login that uses `user` is made for each answer, also for the same user's next."""
    platform = Accounts(lambda request: {"token": parse_qs(request.content.decode())["email"][0]})
    bridge = bridge_on(platform, PER_USER, **{"ticket.owner": "upstream"})

    await asyncio.gather(*(bridge.answer(user) for user in ("a@x.example", "b@x.example")))
    await bridge.answer("a@x.example")

    assert sorted(filter(None, platform.signed)) == [
        "Bearer a@x.example",
        "Bearer a@x.example",
        "Bearer b@x.example",
    ]


async def test_the_calls_of_one_answer_share_its_session() -> None:
    """One answer logs in once, however many calls it makes."""
    platform = Accounts()
    source = [
        {"name": "number", "each": "range(`3`)"},
        {
            "name": "order",
            "get": "/orders",
            "query": {"n": "{number}"},
            "take": "body.orders[0]",
        },
        {"name": "item", "each": "order.items"},
    ]

    await bridge_on(platform, PER_USER, source=source).answer(USER)

    assert (len(platform.logins), len(platform.calls)) == (1, 3)


async def test_a_login_may_say_that_the_user_is_unknown() -> None:
    """`unknown_user` in the login of a user is what it is in a call."""
    auth = {
        **PER_USER,
        "login": {
            "post": "/login",
            "form": {"email": "{user}"},
            "responses": [{"status": 404, "then": "unknown_user"}],
        },
    }
    platform = Accounts(lambda _request: httpx.Response(404, json={}))

    problem = await problem_of(bridge_on(platform, auth, **{"response.when_unknown_user": 404}))

    assert isinstance(problem, UnknownUser)


async def test_a_later_login_cannot_take_tickets_back() -> None:
    """Once there was a session, a login that says `unknown_user` is an error, and no empty list."""
    auth = {
        **PER_USER,
        "login": {
            "post": "/login",
            "form": {"email": "{user}"},
            "responses": [{"status": 404, "then": "unknown_user"}],
        },
    }
    replies = iter([{"token": "t"}, httpx.Response(404, json={})])
    platform = Accounts(lambda _request: next(replies))
    platform.refuses = 1

    problem = await problem_of(bridge_on(platform, auth))

    assert isinstance(problem, UpstreamError)
    assert problem.log.endswith("the user owns nothing, but an earlier login succeeded")


def test_a_login_without_the_user_cannot_say_what_the_user_owns() -> None:
    """`empty` and `unknown_user` are refused in a login that names no user."""
    auth = {
        **SESSION,
        "login": {**SESSION["login"], "responses": [{"status": 404, "then": "empty"}]},  # type: ignore[dict-item]
    }

    with pytest.raises(MappingError, match="names none"):
        compile_mapping(spec_of({"upstream.auth": auth}))


def test_owner_upstream_needs_a_login_or_a_request_that_uses_the_user() -> None:
    """`owner: upstream` is legal where the login uses `user`, and refused where nothing does."""
    changes = {"ticket.owner": "upstream", "source.0.query": ...}

    compile_mapping(spec_of({**changes, "upstream.auth": PER_USER}))
    with pytest.raises(MappingError, match="no login uses"):
        compile_mapping(spec_of({**changes, "upstream.auth": SESSION}))


async def test_a_stand_in_takes_the_place_of_a_login() -> None:
    """Without logins, calls are signed with nothing, and a refusal has a successor."""
    for auth in (OAUTH2, SESSION, PER_USER):
        platform = Accounts()
        platform.refuses = 1
        spec = spec_of({"upstream.auth": auth})
        bridge = compile_mapping(spec).with_last_stage(sending_by(platform, spec), logs_in=False)

        answer = await bridge.answer(USER, now=NOW)

        assert len(tickets_of(answer)) == 1
        assert platform.logins == []


async def test_a_message_of_a_login_does_not_repeat_its_password() -> None:
    """A platform that names the password that it refuses does not get it into the log."""
    login = {
        "post": "/login",
        "json": {"name": "bridge", "password": "${ACME_TOKEN}"},
        "responses": [{"status": 422, "then": "fail", "message": "body.error"}],
    }
    refused = httpx.Response(422, json={"error": f"no such password: {TOKEN}"})
    trace = AnswerTrace()

    with pytest.raises(UpstreamError):
        await bridge_on(Accounts(lambda _request: refused), {**SESSION, "login": login}).answer(
            USER, trace
        )

    assert trace.notes == ["login: no such password: (credential)"]


async def test_a_late_refusal_of_an_old_token_leaves_the_new_one() -> None:
    """Calls that were out with the token before are told 401 one by one: one login is enough for all."""
    late, renewed = asyncio.Event(), asyncio.Event()

    class Late(Accounts):
        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            if request.url.path != "/orders":
                return await super().handle_async_request(request)
            token = request.headers["authorization"]
            self.calls.append(request)
            if token != "Bearer token-1":
                renewed.set()
                return httpx.Response(200, json=orders(order(item(1))))
            if "bea" in str(request.url):  # whose 401 comes when the other has a new token
                late.set()
                await renewed.wait()
            else:
                await late.wait()
            return httpx.Response(401)

    platform = Late()
    bridge = bridge_on(platform, OAUTH2)

    async with asyncio.timeout(5):
        await asyncio.gather(bridge.answer(USER), bridge.answer("bea@example.com"))

    assert platform.signed == ["Bearer token-1"] * 2 + ["Bearer token-2"] * 2
    assert len(platform.logins) == 2
