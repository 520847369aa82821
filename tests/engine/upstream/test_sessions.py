"""Sessions over real sockets: where the login is, what carries its token, and whose it is."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Mapping
from typing import Any
from urllib.parse import parse_qs

import pytest

from tests.fake_platform import FakePlatform, Reply, Seen
from tests.support import NOW, TOKEN, USER, item, order, orders, spec_of, tickets_of
from ticketbridge.engine.answer_trace import AnswerTrace
from ticketbridge.engine.bridge import Bridge, compile_mapping
from ticketbridge.engine.problems import (
    MappingMismatch,
    ProblemError,
    UpstreamAuth,
    UpstreamError,
)
from ticketbridge.mapping import MappingError
from ticketbridge.workbench.answer_run import ExchangeLog

pytestmark = pytest.mark.anyio

TICKETS = Reply(json=orders(order(item(1))))
ODOO_LOGIN = {
    "service": "common",
    "method": "login",
    "args": ["prod", "bridge", "${ACME_TOKEN}"],
}


@pytest.fixture
async def api() -> AsyncIterator[FakePlatform]:
    """The platform."""
    async with FakePlatform() as platform:
        yield platform


@pytest.fixture
async def elsewhere() -> AsyncIterator[FakePlatform]:
    """Another host, on another port."""
    async with FakePlatform() as platform:
        yield platform


def bridge_on(api: FakePlatform, auth: Mapping[str, Any], **changes: Any) -> Bridge:
    """The test mapping with a session *auth*."""
    whole = {"upstream.auth": {"type": "session", **auth}, **changes}
    return compile_mapping(spec_of(whole, base_url=api.url))


async def problem_of(bridge: Bridge, user: str = USER) -> ProblemError:
    """The problem of an answer that fails."""
    with pytest.raises(ProblemError) as caught:
        await bridge.answer(user)
    return caught.value


# --- a login elsewhere ----------------------------------------------------------------------------


@pytest.mark.parametrize("body", ["json", "form"])
async def test_a_login_may_be_on_another_host(
    body: str, api: FakePlatform, elsewhere: FakePlatform
) -> None:
    """Its `url` is sent as it stands; the headers of `upstream` and the session stay with the platform."""
    elsewhere.on("/auth/v1/", Reply(201, json={"key": "s1"}), query={"realm": "b2b"})
    api.on("/orders", TICKETS)
    login = {
        "url": f"{elsewhere.url}/auth/v1/",
        "query": {"realm": "b2b"},
        "headers": {"X-Login": "yes"},
        body: {"password": "${ACME_TOKEN}"},
    }
    bridge = bridge_on(
        api, {"login": login, "token": "body.key"}, **{"upstream.headers": {"X-Key": "platform"}}
    )

    assert len(tickets_of(await bridge.answer(USER))) == 1
    await bridge.aclose()

    [asked], [called] = elsewhere.seen, api.seen
    sent = (
        json.loads(asked.content)
        if body == "json"
        else {name: value for name, [value] in parse_qs(asked.content.decode()).items()}
    )
    assert (asked.method, asked.target, sent) == (
        "POST",
        "/auth/v1/?realm=b2b",
        {"password": TOKEN},
    )
    assert asked.headers["x-login"] == "yes"
    assert not {"x-key", "authorization"} & asked.headers.keys()
    assert (called.headers["authorization"], called.headers["x-key"]) == ("Bearer s1", "platform")
    assert TOKEN not in f"{called}"


async def test_the_log_says_that_it_was_the_login_that_got_no_answer(
    api: FakePlatform, elsewhere: FakePlatform
) -> None:
    """The call that needs the token is not named: it was not made."""
    elsewhere.on("/login", Reply(body=b"<h1>no gzip</h1>", headers={"Content-Encoding": "gzip"}))
    login = {"url": f"{elsewhere.url}/login", "json": {"key": "${ACME_TOKEN}"}}
    bridge = bridge_on(api, {"login": login, "token": "body.key"})

    assert (await problem_of(bridge)).log == "login: a body that is no gzip"
    await bridge.aclose()


async def test_a_login_elsewhere_opens_no_other_door(
    api: FakePlatform, elsewhere: FakePlatform
) -> None:
    """A next URL that leads to the host of the login is refused as any other host's is."""
    elsewhere.on("/login", Reply(json={"key": "s1"}))
    api.on("/orders", Reply(json={**orders(order(item(1))), "next": f"{elsewhere.url}/orders"}))
    login = {"url": f"{elsewhere.url}/login", "json": {"key": "${ACME_TOKEN}"}}
    pages = {"source.0.pages": {"next_url": "body.next"}}
    bridge = bridge_on(api, {"login": login, "token": "body.key"}, **pages)

    assert isinstance(await problem_of(bridge), MappingMismatch)
    await bridge.aclose()

    assert elsewhere.paths == ["/login"]


# --- what carries it ------------------------------------------------------------------------------

THREE = {
    "login": {"post": "/auth/sign_in", "json": {"email": "me", "password": "${ACME_TOKEN}"}},
    "token": '{a: headers."access-token", c: headers.client, u: headers.uid}',
    "headers": {"access-token": "{token.a}", "client": "{token.c}", "uid": "{token.u}"},
}


ODOO = {
    "login": {"post": "/auth/sign_in", "json": ODOO_LOGIN},
    "token": "body.result",
    "place": "request",
}


async def test_a_session_may_be_several_headers(api: FakePlatform) -> None:
    """Each header carries its part of the token, as the headers of the login's answer gave it."""
    given = {"Access-Token": "a1", "Client": "c1", "Uid": "me@example.com"}
    api.on("/auth/sign_in", Reply(json={"data": {}}, headers=given))
    api.on("/orders", lambda seen: TICKETS if _has_headers(seen, given) else Reply(401))
    bridge = bridge_on(api, THREE)

    assert len(tickets_of(await bridge.answer(USER))) == 1
    await bridge.aclose()

    assert "authorization" not in api.seen[1].headers


def _has_headers(seen: Seen, headers: Mapping[str, str]) -> bool:
    return all(seen.headers.get(name.lower()) == value for name, value in headers.items())


async def test_a_header_that_the_login_does_not_give_is_an_error(api: FakePlatform) -> None:
    """A session with two of three headers is none: no call is made."""
    api.on("/auth/sign_in", Reply(json={}, headers={"Access-Token": "a1", "Client": "c1"}))
    bridge = bridge_on(api, THREE)

    problem = await problem_of(bridge)
    await bridge.aclose()

    assert isinstance(problem, MappingMismatch)
    assert api.paths == ["/auth/sign_in"]


@pytest.mark.parametrize(
    ("token", "body"),
    [
        ("body.key", {"key": None}),
        ("body.key", {"key": ""}),
        ("body.key", {"key": True}),
        ("body.key", {"key": 1.5}),
        ("body.key", {"key": ["s"]}),
        ("body.key", {"key": {}}),
        ("body.key", {"key": {"a": None}}),
        ("body.key", {"key": {"a": False}}),
        ("body.key", {"key": {"a": {"b": "c"}}}),
        ("body.key", {"key": "s\r\nX-Evil: 1"}),
        ("body.key", {"key": "s\x00"}),
        ("body.key", {"key": "s" * 8001}),
        ("body.key", {"key": 2**256}),
        ("{a: body.key, b: body.other}", {"key": "s", "other": ""}),
    ],
)
@pytest.mark.parametrize("way", ["header", "query", "json"])
async def test_what_is_no_token_reaches_no_request(
    way: str, token: str, body: Any, api: FakePlatform
) -> None:
    """A token is a text, an integer, or an object of these; whatever carries it, nothing else will do."""
    api.on("/login", Reply(json=body))
    place = {"value": "{token}"} if way == "header" else {"place": "request"}
    call = {"name": "order", "post": "/orders", "each": "body.orders"}
    placing = {"query": {"sid": "{token}"}} if way == "query" else {"json": {"sid": "{token}"}}
    changes = {} if way == "header" else {"source.0": {**call, **placing}}
    bridge = bridge_on(api, {"login": {"post": "/login"}, "token": token, **place}, **changes)

    problem = await problem_of(bridge)
    await bridge.aclose()

    assert isinstance(problem, MappingMismatch)
    assert "Evil" not in problem.log
    assert api.paths == ["/login"]


async def test_a_rule_may_say_that_a_login_was_refused(api: FakePlatform) -> None:
    """`reauthenticate` in a login is upstream-auth, after which no login is tried for a while."""
    api.on("/jsonrpc", Reply(json={"result": False}))
    rule = {"when": "body.result == `false`", "then": "reauthenticate"}
    login = {"post": "/jsonrpc", "json": ODOO_LOGIN, "responses": [rule]}
    bridge = bridge_on(api, {"login": login, "token": "body.result"})

    first, second = await problem_of(bridge), await problem_of(bridge)
    await bridge.aclose()

    assert isinstance(first, UpstreamAuth)
    assert isinstance(second, UpstreamAuth)
    assert len(api.seen) == 1


async def test_an_object_needs_the_name_of_its_part(api: FakePlatform) -> None:
    """`{token}` of a token with parts stands for none of them: no call is made."""
    api.on("/login", Reply(json={"key": {"a": "s"}}))
    bridge = bridge_on(api, {"login": {"post": "/login"}, "token": "body.key"})

    problem = await problem_of(bridge)
    await bridge.aclose()

    assert isinstance(problem, MappingMismatch)
    assert api.paths == ["/login"]


@pytest.mark.parametrize("auth", [THREE, ODOO], ids=["headers", "request"])
async def test_a_session_that_the_platform_refuses_is_upstream_auth(
    auth: Mapping[str, Any], api: FakePlatform
) -> None:
    """A refused session is renewed once; what is refused again is nobody's empty list."""
    given = {"Access-Token": "a1", "Client": "c1", "Uid": "me@example.com"}
    api.on("/auth/sign_in", Reply(json={"result": 7}, headers=given))
    api.on("/orders", Reply(401))
    placing = {"source.0.query": {"email": "{user}", "uid": "{token}"}} if auth is ODOO else {}
    bridge = bridge_on(api, auth, **placing)

    problem = await problem_of(bridge)
    await bridge.aclose()

    assert isinstance(problem, UpstreamAuth)
    assert api.paths == ["/auth/sign_in", "/orders"] * 2


# --- a token that the requests place --------------------------------------------------------------

PLACED = {"login": {"post": "/login", "json": {"k": "${ACME_TOKEN}"}}, "token": "body.sid"}
PLACES = [
    pytest.param({"query": {"email": "{user}", "sid": "{token}"}}, None, id="query"),
    pytest.param({"headers": {"X-Sid": "sid={token}; v=1"}}, None, id="header"),
    pytest.param({"json": {"a": ["{token}"], "b": "{user}"}}, "post", id="json"),
    pytest.param({"form": {"sid": "{token}", "email": "{user}"}}, "post", id="form"),
    pytest.param(
        {"graphql": {"query": "query ($s: String!) { a }", "variables": {"s": "{token}"}}},
        "post",
        id="graphql",
    ),
]


def seen_token(seen: Seen, token: str) -> bool:
    """Whether a request has *token* at one of the places that the tests use, and the mask nowhere."""
    texts = [
        *(value for name, value in seen.query if name == "sid"),
        seen.headers.get("x-sid", "").removeprefix("sid=").removesuffix("; v=1"),
    ]
    if seen.content.startswith(b"{"):
        body = json.loads(seen.content)
        texts += body.get("a", [])
        texts.append(body.get("variables", {}).get("s"))
    else:
        texts += parse_qs(seen.content.decode()).get("sid", [])
    whole = f"{seen.target} {seen.headers} {seen.content!r}"
    return token in texts and "(token)" not in whole and "%28token" not in whole


class Sessions:
    """Gives the sessions s&1, s&2, ...; takes the last one, until it is told to end it."""

    def __init__(self, api: FakePlatform, taken: Callable[[Seen, str], bool] = seen_token) -> None:
        self.logins = 0
        self.ended = 0
        self._taken = taken
        api.on("/login", self.log_in)
        api.on("/orders", self.answer)

    def log_in(self, _seen: Seen) -> Reply:
        """Begin another session."""
        self.logins += 1
        return Reply(json={"sid": f"s&{self.logins}"})

    def answer(self, seen: Seen) -> Reply:
        """Answer within the session that is good."""
        if self.ended < self.logins and self._taken(seen, f"s&{self.logins}"):
            return TICKETS
        return Reply(401)


@pytest.mark.parametrize(("request_keys", "method"), PLACES)
async def test_a_call_places_the_token_and_places_the_next_one_anew(
    request_keys: Mapping[str, Any], method: str | None, api: FakePlatform
) -> None:
    """Escaped for its place; upon a 401 the request goes out again with the new token, everywhere."""
    sessions = Sessions(api)
    call = {"name": "order", method or "get": "/orders", "each": "body.orders", **request_keys}
    bridge = bridge_on(api, {**PLACED, "place": "request"}, **{"source.0": call})

    await bridge.answer(USER)
    sessions.ended = 1
    assert len(tickets_of(await bridge.answer(USER))) == 1
    await bridge.aclose()

    calls = [seen for seen in api.seen if seen.path == "/orders"]
    assert sessions.logins == 2
    assert [
        seen_token(seen, token) for seen, token in zip(calls, ("s&1", "s&1", "s&2"), strict=True)
    ] == [
        True,
        True,
        True,
    ]
    assert all("authorization" not in seen.headers for seen in calls)


async def test_a_placed_token_keeps_its_type_and_its_parts(api: FakePlatform) -> None:
    """A hole alone in a JSON body gives an integer as one; each part of an object stands by its name."""
    api.on("/jsonrpc", Reply(json={"result": 7, "session": "abc"}))
    api.on("/orders", TICKETS)
    args = ["prod", "{token.uid}", "${ACME_TOKEN}", {"session": "{token.sid}", "email": "{user}"}]
    call = {"name": "order", "post": "/orders", "json": {"args": args}, "each": "body.orders"}
    auth = {
        "login": {"post": "/jsonrpc", "json": ODOO_LOGIN},
        "token": "{uid: body.result, sid: body.session}",
        "place": "request",
    }
    bridge = bridge_on(api, auth, **{"source.0": call})

    await bridge.answer(USER)
    await bridge.aclose()

    assert json.loads(api.seen[1].content) == {
        "args": ["prod", 7, TOKEN, {"session": "abc", "email": USER}]
    }


async def test_each_user_has_a_session_of_their_own(api: FakePlatform) -> None:
    """A login that uses `user` is made for each answer, and no request has another user's token."""

    def log_in(seen: Seen) -> Reply:
        return Reply(json={"sid": f"of-{parse_qs(seen.content.decode())['email'][0]}"})

    def answer(seen: Seen) -> Reply:
        query = dict(seen.query)
        mine = query["sid"] == f"of-{query['email']}"
        return Reply(json=orders(order(item(1), email=query["email"]))) if mine else Reply(403)

    api.on("/login", log_in)
    api.on("/orders", answer)
    auth = {
        "login": {"post": "/login", "form": {"email": "{user}"}},
        "token": "body.sid",
        "place": "request",
    }
    bridge = bridge_on(api, auth, **{"source.0.query.sid": "{token}"})
    users = [f"user{number}@example.com" for number in range(10)] * 2

    answers = await asyncio.gather(*(bridge.answer(user) for user in users))
    await bridge.aclose()

    assert [len(tickets_of(answer)) for answer in answers] == [1] * 20
    assert api.paths.count("/login") == 20


async def test_a_token_is_set_anew_in_the_urls_that_the_platform_gives(api: FakePlatform) -> None:
    """A next URL and a polled one go out with the token that is good, be another in them or none."""
    sessions = Sessions(api)

    def page(seen: Seen) -> Reply:
        number = int(dict(seen.query).get("page", "1"))
        if not seen_token(seen, f"s&{sessions.logins}") or (number == 2 and sessions.logins == 1):
            return Reply(401)
        assert len([name for name, _ in seen.query if name == "sid"]) == 1
        following = f"{api.url}/orders?page={number + 1}&s%69d=s%261&email=ana%40example.com"
        more = {"next": following if number < 3 else None}
        return Reply(json={**orders(order(item(number))), **more})

    api.on("/orders", page)
    changes = {
        "source.0.query": {"email": "{user}", "sid": "{token}"},
        "source.0.pages": {"next_url": "body.next"},
    }
    bridge = bridge_on(api, {**PLACED, "place": "request"}, **changes)

    assert [each["ticketId"] for each in tickets_of(await bridge.answer(USER))] == ["1", "2", "3"]
    await bridge.aclose()

    assert sessions.logins == 2


async def test_a_poll_goes_on_with_the_token_that_is_good(api: FakePlatform) -> None:
    """A job that takes longer than a session is asked for with the new token, once it is refused."""
    sessions = Sessions(api)
    waits = iter([True, True, False])

    def job(seen: Seen) -> Reply:
        if sessions.logins == 1 and len(api.paths) > 3:
            return Reply(401)
        if not seen_token(seen, f"s&{sessions.logins}"):
            return Reply(401)
        return Reply(202, json={}) if next(waits) else TICKETS

    api.on("/orders", Reply(202, json={}, headers={"Location": "/jobs/7"}))
    api.on("/jobs/7", job)
    rules = [
        {"status": 202, "when": "contains(keys(headers), 'location')", "then": "poll"},
        {"status": 202, "then": "poll", "after": "5ms"},
    ]
    rules[0] |= {"url": "headers.location", "after": "5ms"}
    changes = {
        "source.0.query": {"email": "{user}", "sid": "{token}"},
        "source.0.responses": rules,
    }
    bridge = bridge_on(api, {**PLACED, "place": "request"}, **changes)

    assert len(tickets_of(await bridge.answer(USER))) == 1
    await bridge.aclose()

    asked = [(seen.path, dict(seen.query).get("sid")) for seen in api.seen if seen.path != "/login"]
    assert asked == [
        ("/orders", "s&1"),
        ("/jobs/7", "s&1"),
        ("/jobs/7", "s&1"),
        ("/jobs/7", "s&2"),
        ("/jobs/7", "s&2"),
    ]


@pytest.mark.parametrize("polled", [False, True])
async def test_a_part_that_a_new_token_does_not_have_is_an_error(
    polled: bool, api: FakePlatform
) -> None:
    """A hole that the token cannot fill makes no request, whichever login gave it."""
    api.on("/login", Reply(json={"t": {"a": "x"}}), Reply(json={"t": {"b": "x"}}))
    api.on("/orders", Reply(202, json={}, headers={"Location": "/jobs"}) if polled else Reply(401))
    api.on("/jobs", Reply(401))
    auth = {"login": {"post": "/login"}, "token": "body.t", "place": "request"}
    rule = {"status": 202, "then": "poll", "url": "headers.location", "after": "1ms"}
    changes = {"source.0.query.sid": "{token.a}", "source.0.responses": [rule]}
    bridge = bridge_on(api, auth, **changes)

    problem = await problem_of(bridge)
    await bridge.aclose()

    assert isinstance(problem, MappingMismatch)
    assert api.paths == ["/login", "/orders", *(["/jobs"] if polled else []), "/login"]


async def test_a_call_that_places_no_token_goes_out_without_one(api: FakePlatform) -> None:
    """`check` doubts it; nothing of the session is in it, nor the mask."""
    Sessions(api, lambda seen, _: "sid" not in seen.target and "token" not in f"{seen}")
    bridge = bridge_on(api, {**PLACED, "place": "request"})

    assert len(tickets_of(await bridge.answer(USER))) == 1
    await bridge.aclose()


async def test_the_same_get_is_made_once_within_a_session(api: FakePlatform) -> None:
    """A placed token changes nothing of what one answer shares."""
    Sessions(api)
    source = [
        {"name": "number", "each": "range(`3`)"},
        {
            "name": "order",
            "get": "/orders",
            "query": {"sid": "{token}", "email": "{user}"},
            "take": "body.orders[0]",
        },
        {"name": "item", "each": "order.items"},
    ]
    bridge = bridge_on(api, {**PLACED, "place": "request"}, source=source)

    await bridge.answer(USER)
    await bridge.aclose()

    assert api.paths == ["/login", "/orders"]


async def test_a_placed_token_is_in_nothing_that_is_shown(api: FakePlatform) -> None:
    """Messages, notes, and what watches the calls have a mask in its place."""
    api.on("/login", Reply(json={"sid": "se&cret-session"}))
    api.on(
        "/orders",
        Reply(422, json={"error": "no such session: se&cret-session, se%26cret-session"}),
    )
    rule = {"status": 422, "then": "fail", "message": "body.error"}
    changes = {
        "source.0.query": {"email": "{user}", "sid": "{token}"},
        "source.0.headers": {"X-Sid": "{token}"},
        "source.0.responses": [rule],
    }
    bridge = bridge_on(api, {**PLACED, "place": "request"}, **changes)
    watched = ExchangeLog(bridge.last_stage)
    trace = AnswerTrace(explains=True)

    with pytest.raises(UpstreamError) as caught:
        await bridge.with_last_stage(watched.send).answer(USER, trace, now=NOW)
    await bridge.aclose()

    assert trace.notes == ["order: no such session: (credential), (credential)"]
    [_, call] = [exchange.request for exchange in watched.exchanges]
    assert call.url.endswith("/orders?email=ana%40example.com&sid=%28token%29")
    assert dict(call.headers)["X-Sid"] == "(token)"
    shown = f"{caught.value.log} {caught.value} {watched.exchanges!r} {call!r} {call.credentials!r}"
    assert "cret-session" not in shown


# --- what is refused ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"source.0.get": "/orders/{token}"}, "the path is no place for `token`"),
        ({"source.0.if": "token == 'a'"}, "only the header of a session sees its token"),
        ({"source.0.each": "token.orders"}, "only the header of a session sees its token"),
        ({"source.1.name": "token"}, "`token` is a name of the language"),
        ({"source.0.query": {"sid": "{toke}"}}, "toke"),
    ],
)
def test_a_token_is_a_root_of_requests_alone(changes: Mapping[str, Any], words: str) -> None:
    """It stands in the query, the headers and the body; each slip is said once."""
    auth = {"type": "session", **PLACED, "place": "request"}

    with pytest.raises(MappingError) as caught:
        compile_mapping(spec_of({"upstream.auth": auth, **changes}))

    errors = [each for each in caught.value.findings if each.severity == "error"]
    assert len(errors) == 1
    assert words in str(errors[0])


def test_an_entry_may_be_named_token_where_no_request_places_one() -> None:
    """The name is taken by `place: request` alone."""
    changes = {
        "upstream.auth": {"type": "session", **PLACED},
        "source.1.name": "token",
        "ticket.status.from": "token.state",
        **{
            f"ticket.fields.{field}": f"token.{key}"
            for field, key in (("ticketId", "id"), ("ticketOptionId", "zone"), ("price", "price"))
        },
    }

    warnings = compile_mapping(spec_of(changes)).warnings

    assert [warning.code for warning in warnings] == ["TB054"]
