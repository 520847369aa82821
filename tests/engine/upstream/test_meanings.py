"""What an answer means, by its status and by rules: owns nothing, failed, may be asked again."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

import httpx
import pytest

from tests.fake_platform import CLOSE, FakePlatform, Reply
from tests.support import (
    TOKEN,
    USER,
    answer_of,
    bridge_of,
    ids_on,
    item,
    order,
    orders,
    problem_on,
    serving,
    spec_of,
    tickets_of,
)
from ticketbridge.engine.answer_trace import AnswerTrace
from ticketbridge.engine.bridge import compile_mapping
from ticketbridge.engine.problems import (
    MappingMismatch,
    ProblemError,
    UpstreamAuth,
    UpstreamError,
    UpstreamUnavailable,
    UpstreamUnreadable,
)

pytestmark = pytest.mark.anyio

HTML = {"content-type": "text/html"}
PAGE = b"<html><h1>Not found</h1></html>"
GOOD = orders(order(item(1)))


def rules(*rows: Mapping[str, Any], **changes: Any) -> dict[str, Any]:
    """MAPPING with these `responses`, and other changes of its first entry."""
    return {"source.0.responses": list(rows)} | {
        f"source.0.{name}": value for name, value in changes.items()
    }


async def ids(changes: Mapping[str, Any], reply: Any, **more: Any) -> list[str]:
    """The ids of the tickets in the answer to one call."""
    answer = await answer_of(changes, {"/orders": reply, **more})
    return [ticket["ticketId"] for ticket in tickets_of(answer)]


async def problem(changes: Mapping[str, Any], reply: Any) -> ProblemError:
    """The problem that the answer to one call is."""
    with pytest.raises(ProblemError) as caught:
        await ids(changes, reply)
    return caught.value


# --- a status alone -------------------------------------------------------------------------------

CLAIMS = ["empty", "unknown_user"]
GATEWAY = [
    pytest.param(httpx.Response(404, content=PAGE, headers=HTML), id="a page"),
    pytest.param(httpx.Response(404, content=PAGE), id="a page that does not say so"),
    pytest.param(
        httpx.Response(404, content=PAGE, headers={"content-type": "application/json"}),
        id="a page that says it is JSON",
    ),
    pytest.param(
        httpx.Response(404, content=b"404 page not found", headers={"content-type": "text/plain"}),
        id="text",
    ),
    pytest.param(httpx.Response(404, content=b" \n"), id="blanks"),
    pytest.param(
        httpx.Response(404, content=b'{"a": ', headers={"content-type": "application/json"}),
        id="half a document",
    ),
    pytest.param(
        httpx.Response(404, content=b"<a/>", headers={"content-type": "text/xml"}), id="XML"
    ),
]


@pytest.mark.parametrize("claim", CLAIMS)
@pytest.mark.parametrize("reply", GATEWAY)
async def test_a_page_of_another_format_never_says_that_the_user_owns_nothing(
    claim: str, reply: httpx.Response
) -> None:
    """A rule by the status alone passes over a gateway's page, which is `upstream-error`."""
    found = await problem(rules({"status": [404, 410], "then": claim}), reply)

    assert type(found) is UpstreamError
    assert found.retryable is False


@pytest.mark.parametrize("claim", CLAIMS)
@pytest.mark.parametrize(
    "reply",
    [
        pytest.param(httpx.Response(404), id="no body"),
        pytest.param(httpx.Response(404, headers=HTML), id="no body, and a content type"),
        pytest.param(httpx.Response(404, json={"error": "no such user"}), id="a document"),
        pytest.param(httpx.Response(404, json=None), id="null"),
    ],
)
async def test_a_status_may_say_that_the_user_owns_nothing(claim: str, reply: Any) -> None:
    """It does where the body is in the declared format, or where there is none."""
    assert await ids(rules({"status": 404, "then": claim}), reply) == []


@pytest.mark.parametrize("status", [200, 202])
async def test_a_page_with_a_good_status_is_no_empty_list(status: int) -> None:
    """A login page that comes with 200 says nothing of the user, whatever the rule says of 2xx."""
    reply = httpx.Response(status, content=PAGE, headers=HTML)
    found = await problem(rules({"status": "2xx", "then": "empty"}), reply)

    assert type(found) is (UpstreamUnreadable if status == 200 else UpstreamError)


async def test_any_content_type_makes_no_document_of_a_page() -> None:
    """What cannot be read is in no format, whatever content types the call takes."""
    changes = rules({"status": 404, "then": "empty"}, any_content_type=True)

    assert (
        type(await problem(changes, httpx.Response(404, content=PAGE, headers=HTML)))
        is UpstreamError
    )
    assert await ids(changes, httpx.Response(404, content=b"{}", headers=HTML)) == []


async def test_the_next_rule_is_asked_about_a_page() -> None:
    """Other actions may be said of a page: it is known by its status alone."""
    changes = rules({"status": 404, "then": "empty"}, {"status": 404, "then": "reauthenticate"})

    assert (
        type(await problem(changes, httpx.Response(404, content=PAGE, headers=HTML)))
        is UpstreamAuth
    )


async def test_a_condition_on_the_body_does_not_match_what_cannot_be_read() -> None:
    """It is neither an error nor true."""
    changes = rules({"status": 404, "when": "body.code == 'NO_USER'", "then": "empty"})

    assert (
        type(await problem(changes, httpx.Response(404, content=PAGE, headers=HTML)))
        is UpstreamError
    )
    assert await ids(changes, httpx.Response(404, json={"code": "NO_USER"})) == []
    assert type(await problem(changes, httpx.Response(404, json={"code": "X"}))) is UpstreamError


# --- a body only where it is used -------------------------------------------------------------------


@pytest.mark.parametrize(
    "expression", ['headers."x-event"', "status", "optional(headers.nothing) || 'e'"]
)
@pytest.mark.parametrize("body", [b"", PAGE])
async def test_a_call_that_takes_nothing_of_the_body_needs_none(
    expression: str, body: bytes
) -> None:
    """A guard, or a number in a header, is known without a body, in whatever format one comes."""
    guard = {"name": "guard", "get": "/guard", "take": expression}
    _, *further = spec_changes()
    changes = {"source": [guard, *further]}
    reply = httpx.Response(200, content=body, headers={"x-event": "fest", **HTML})
    answer = await answer_of(changes, {"/guard": reply, "/orders": GOOD})

    assert len(tickets_of(answer)) == 1


def spec_changes() -> list[dict[str, Any]]:
    """An entry to replace, and those of MAPPING."""
    return [
        {},
        {"name": "order", "get": "/orders", "query": {"email": "{user}"}, "each": "body.orders"},
        {"name": "item", "each": "order.items"},
    ]


@pytest.mark.parametrize(
    "entry",
    [
        pytest.param({}, id="by default"),
        pytest.param({"take": "body"}, id="whole"),
        pytest.param({"take": "[status, body.x]"}, id="in part"),
        pytest.param(
            {
                "each": "as_list(status)",
                "query": {"page": "{page.number}"},
                "pages": {"number": {"start": 1}, "last": "body.last"},
            },
            id="by its pages",
        ),
    ],
)
@pytest.mark.parametrize("status", [200, 204])
async def test_a_body_that_is_used_is_needed(entry: dict[str, Any], status: int) -> None:
    """An answer without it is unreadable, 204 too."""
    _, *further = spec_changes()
    changes = {"source": [{"name": "guard", "get": "/guard", **entry}, *further]}
    bridge, _ = bridge_of(changes, {"/guard": httpx.Response(status), "/orders": GOOD})
    with pytest.raises(UpstreamUnreadable):
        await bridge.answer(USER)


# --- statuses that no rule decides ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("location", "shown"),
    [
        ("https://login.example/sso?user=ana%40example.com&key=k", "https://login.example/sso"),
        ("https://me:pass@login.example:8443/sso#top", "https://login.example:8443/sso"),
        ("/login?next=/orders", "/login"),
        ("//cdn.example/x?y", "//cdn.example/x"),
        ("login.php;jsessionid=F00BA4?x", "login.php"),
        ("/users/ana@example.com/orders", "(e-mail)"),
        ("/users/ana%40example.com/orders", "(e-mail)"),
        (f"/t/{TOKEN}/x", "/t/(credential)/x"),
        ("http://[broken", "(no URL)"),
        ("/a\x07b", "/a?b"),
    ],
)
@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_the_log_says_where_a_redirect_leads(status: int, location: str, shown: str) -> None:
    """Scheme, host and path, and neither query nor userinfo, addresses nor credentials."""
    reply = httpx.Response(status, headers={"Location": location})
    found = await problem({}, reply)

    assert type(found) is UpstreamError
    assert found.log.startswith(f"order: status {status}, a redirect to ")
    assert shown in found.log
    assert not [
        word
        for word in ("?", "key=", "pass", "F00BA4", USER, "ana%40", TOKEN)
        if word in found.log.replace("/a?b", "")
    ]
    assert "login" not in found.detail


async def test_a_redirect_of_a_token_url_is_told_too() -> None:
    """A token URL that has moved is a slip that the log must show."""
    auth = {
        "type": "oauth2",
        "token_url": "http://platform.example/token",
        "client_id": "c",
        "client_secret": "${ACME_TOKEN}",
    }
    reply = httpx.Response(301, headers={"Location": f"https://id.example/token?x={TOKEN}"})
    bridge, _ = bridge_of({"upstream.auth": auth}, {"/token": reply})
    with pytest.raises(UpstreamError) as caught:
        await bridge.answer(USER)

    assert caught.value.log == "token_url: status 301, a redirect to https://id.example/token"


RETRYABLE = {
    **dict.fromkeys((301, 302, 303, 304, 307, 308, 404, 405, 410), False),
    **dict.fromkeys((201, 202, 206, 400, 408, 409, 422, 500, 502, 504), True),
}


@pytest.mark.parametrize(("status", "retryable"), RETRYABLE.items())
@pytest.mark.parametrize("rows", [(), ({"status": ["2xx", "3xx", "4xx", "5xx"], "then": "fail"},)])
async def test_what_leads_elsewhere_or_to_nothing_is_not_asked_again(
    status: int, retryable: bool, rows: tuple[dict[str, Any], ...]
) -> None:
    """Redirects and pages that are not there stay so, whether or not a rule says `fail`."""
    found = await problem(
        {"source.0.responses": list(rows)} if rows else {}, httpx.Response(status, json={})
    )

    assert type(found) is UpstreamError
    assert found.retryable is retryable


async def test_menta_tech_is_told_so(platform: FakePlatform) -> None:
    """The problem document has it, and no word of where the redirect leads."""
    platform.on("/orders", Reply(302, json={}, headers={"Location": "https://login.example/x"}))
    async with serving(compile_mapping(spec_of(base_url=platform.url))) as menta:
        response = await menta.get("/tickets", params={"user": USER})

    assert response.json()["retryable"] is False
    assert response.json()["type"].endswith(":upstream-error")
    assert "login" not in response.text


@pytest.mark.parametrize("status", [502, 503, 504])
async def test_a_passing_status_is_tried_again(platform: FakePlatform, status: int) -> None:
    """Without `Retry-After`, a GET is sent once more."""
    platform.on("/orders", Reply(status, json={}), Reply(json=GOOD))
    bridge = compile_mapping(spec_of({"upstream.retries": 1}, base_url=platform.url))
    answer = await bridge.answer(USER)
    await bridge.aclose()

    assert len(tickets_of(answer)) == 1


async def test_a_call_of_several_that_got_no_answer_is_tried_again(platform: FakePlatform) -> None:
    """What failed once is not known for the rest of the answer."""
    platform.on("/guard", Reply(steps=(CLOSE,)), Reply(503, json={}), Reply(json={}))
    platform.on("/orders", Reply(json=GOOD))
    _, *further = spec_changes()
    changes = {"source": [{"name": "guard", "get": "/guard"}, *further], "upstream.retries": 2}

    assert await ids_on(platform, changes) == ["1"]
    assert platform.paths == ["/guard"] * 3 + ["/orders"]


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (502, UpstreamError),
        (504, UpstreamError),
        (503, UpstreamUnavailable),
        (429, UpstreamUnavailable),
    ],
)
async def test_a_platform_that_says_when_is_not_asked_before(
    platform: FakePlatform, status: int, kind: type[ProblemError]
) -> None:
    """With `Retry-After` no try follows: the platform has said when to come back."""
    platform.on("/orders", Reply(status, json={}, headers={"Retry-After": "60.0"}))
    found = await problem_on(platform, {"upstream.retries": 2})

    assert type(found) is kind
    assert len(platform.seen) == 1
    assert found.retry_after == (60 if kind is UpstreamUnavailable else None)


# --- reauthenticate -------------------------------------------------------------------------------

AUTHS: dict[str, dict[str, Any]] = {
    "none": {"type": "none"},
    "bearer": {"type": "bearer", "token": "${ACME_TOKEN}"},
    "basic": {"type": "basic", "username": "u", "password": "${ACME_TOKEN}"},
    "api_key": {"type": "api_key", "in": "query", "name": "key", "value": "${ACME_TOKEN}"},
}


@pytest.mark.parametrize("auth", AUTHS.values(), ids=AUTHS)
@pytest.mark.parametrize(
    ("rule", "reply"),
    [
        pytest.param(
            {"status": 400, "when": "body.error == 'invalid_token'"},
            httpx.Response(400, json={"error": "invalid_token"}),
            id="400",
        ),
        pytest.param(
            {"when": "body.ok == `false`"}, httpx.Response(200, json={"ok": False}), id="200"
        ),
        pytest.param({"status": 302}, httpx.Response(302), id="a redirect to a login"),
    ],
)
async def test_refused_credentials_can_be_told_under_any_auth(
    auth: dict[str, Any], rule: dict[str, Any], reply: httpx.Response
) -> None:
    """`reauthenticate` is `upstream-auth` at once where no other credentials can be had."""
    changes = {"upstream.auth": auth, **rules({**rule, "then": "reauthenticate"})}
    bridge, transport = bridge_of(changes, {"/orders": reply})
    with pytest.raises(UpstreamAuth) as caught:
        await bridge.answer(USER)

    assert len(transport.requests) == 1
    assert "refused" in caught.value.log
    assert caught.value.retryable is False


# --- messages -------------------------------------------------------------------------------------


@pytest.mark.parametrize("then", ["fail", "reauthenticate"])
async def test_a_message_that_cannot_be_made_changes_nothing(then: str) -> None:
    """What a rule says holds, also where the body that its message quotes cannot be read."""
    trace = AnswerTrace()
    changes = rules({"status": 500, "then": then, "message": "body.error.text"})
    bridge, _ = bridge_of(changes, {"/orders": httpx.Response(500, content=PAGE, headers=HTML)})
    with pytest.raises(UpstreamError if then == "fail" else UpstreamAuth):
        await bridge.answer(USER, trace)

    assert len(trace.notes) == 1
    assert "order: message: " in trace.notes[0]


@pytest.mark.parametrize(
    ("body", "note"),
    [
        pytest.param({"error": "full"}, 'order: {"error":"full"}', id="an object"),
        pytest.param(
            "tel +34 600 12 34 56, or (0034)600-123456: code 40221",
            "order: tel (number), or ((number): code 40221",
            id="phones",
        ),
        pytest.param([["x" * 200_000]], "order: (an array that is not shown)", id="a long list"),
        pytest.param(
            f"{USER} " * 100_000, f"order: {'(e-mail) ' * 99}"[: 200 + len("order: ")], id="long"
        ),
    ],
)
async def test_a_message_shows_the_beginning_of_what_it_is(body: Any, note: str) -> None:
    """No more is written, or looked through for what a log may not have, than it takes to show that."""
    trace = AnswerTrace()
    changes = rules({"status": 500, "then": "fail", "message": "body"})
    bridge, _ = bridge_of(changes, {"/orders": httpx.Response(500, json=body)})
    with pytest.raises(UpstreamError):
        await bridge.answer(USER, trace)

    assert trace.notes == [note]


# --- GraphQL --------------------------------------------------------------------------------------

QUERY = {
    "post": "/orders",
    "graphql": {
        "query": "query ($m: String!) { orders(m: $m) { id } }",
        "variables": {"m": "{user}"},
    },
}
FAILED = {"data": None, "errors": [{"extensions": {"code": "NO_CUSTOMER"}}]}
CODE = "optional(body.errors[0].extensions.code) == 'NO_CUSTOMER'"


def graphql(*rows: Mapping[str, Any]) -> dict[str, Any]:
    """MAPPING whose orders are asked for by GraphQL, with these rules."""
    entry = {"name": "order", **QUERY, "each": "body.data.orders", "responses": list(rows)}
    return {"source.0": entry if rows else {k: v for k, v in entry.items() if k != "responses"}}


@pytest.mark.parametrize(
    "when",
    [
        CODE,
        "optional(body.errors) != `null` && body.errors[0].extensions.code == 'NO_CUSTOMER'",
        "length(as_list(optional(body.errors))[?extensions.code == 'NO_CUSTOMER']) > `0`",
        "contains(as_list(optional(body.errors[*].extensions.code)), 'NO_CUSTOMER')",
    ],
)
async def test_a_rule_about_errors_is_asked_before_they_are_an_error(when: str) -> None:
    """GraphQL tells an unknown user by `errors`: a rule that looks at them decides."""
    changes = graphql({"when": when, "then": "unknown_user"})
    other = {"data": None, "errors": [{"extensions": {"code": "OTHER"}}]}

    assert await ids(changes, FAILED) == []
    assert type(await problem(changes, other)) is UpstreamError
    assert await ids(changes, {"data": GOOD}) == ["1"]


async def test_a_rule_about_errors_may_have_another_status() -> None:
    """Some servers send errors with 400, which the rule must name."""
    reply = httpx.Response(400, json=FAILED)

    assert await ids(graphql({"status": 400, "when": CODE, "then": "empty"}), reply) == []
    assert type(await problem(graphql({"when": CODE, "then": "empty"}), reply)) is UpstreamError


@pytest.mark.parametrize(
    "rule",
    [
        {"when": "body.data == `null`", "then": "empty"},
        {"when": "body.data.orders == `null`", "then": "unknown_user"},
        {"status": 200, "then": "ok"},
        {"when": "status == `200`", "then": "empty"},
        {"when": "optional(body.error) == `null`", "then": "empty"},
    ],
)
async def test_no_other_rule_hides_errors(rule: dict[str, Any]) -> None:
    """Data that is missing because part of the query failed is no empty list."""
    found = await problem(
        graphql(rule), {"data": {"orders": None}, "errors": [{"message": "boom"}]}
    )

    assert type(found) is UpstreamError
    assert "errors" in found.log


async def test_errors_may_refuse_the_credentials() -> None:
    """A token that has ended is told by `errors` and 200."""
    code = "optional(body.errors[0].extensions.code) == 'UNAUTHENTICATED'"
    failed = {"errors": [{"extensions": {"code": "UNAUTHENTICATED"}}]}

    assert (
        type(await problem(graphql({"when": code, "then": "reauthenticate"}), failed))
        is UpstreamAuth
    )


async def test_errors_that_no_rule_knows_stay_an_error() -> None:
    """Without rules, by status first."""
    assert type(await problem(graphql(), FAILED)) is UpstreamError
    assert type(await problem(graphql(), httpx.Response(401, json=FAILED))) is UpstreamAuth
    assert type(await problem(graphql(), {"data": {"orders": None}})) is MappingMismatch


# --- the breaker ----------------------------------------------------------------------------------

ONE = {"failures": 1, "open": "1h"}
LARGE = f"<r><list>{'<o>' + 'x' * 60 + '</o>'}{'<o>1</o>' * 15_000}</list></r>".encode()


@pytest.mark.parametrize(
    "rule",
    [
        {"when": "length(body.r.list.o) > `9`", "then": "empty"},
        {"when": "length(body.r.list.o) > `9`", "then": "unknown_user"},
        {"then": "ok"},
    ],
    ids=str,
)
async def test_the_breaker_hears_of_an_answer_when_the_rules_have_judged_it(
    platform: FakePlatform, rule: dict[str, str]
) -> None:
    """While a long body with a status that the mapping expects is read, nobody else is refused."""
    platform.on("/orders", Reply(500, body=LARGE, content_type="text/xml"))
    changes = {
        "upstream.breaker": ONE,
        "upstream.concurrency": 1,  # each call begins while the answer to the one before is read
        "source": [
            {
                "name": "order",
                "get": "/orders",
                "query": {"email": "{user}"},
                "format": {"xml": {"lists": ["list/o"]}},
                "responses": [{"status": 500, **rule}],
                "each": "body.r.list.o[?@ == 'none']",
            },
            {"name": "item", "each": "order.items"},
        ],
    }
    async with serving(compile_mapping(spec_of(changes, base_url=platform.url))) as menta:
        answers = await asyncio.gather(
            *[
                menta.get("/tickets", params={"user": f"u{n}@example.com"}, timeout=60)
                for n in range(5)
            ]
        )
        ready = (await menta.get("/readyz")).json()

    assert [answer.status_code for answer in answers] == [200] * 5
    assert ready["platforms"][0]["breaker"] == "closed"


@pytest.mark.parametrize(
    ("rows", "opens"),
    [
        pytest.param([], True, id="no rule"),
        pytest.param([{"status": 500, "then": "fail"}], True, id="fail"),
        pytest.param([{"status": 500, "then": "retry"}], True, id="retry"),
        pytest.param(
            [{"status": 500, "when": "body.none == `1`", "then": "ok"}], True, id="broken"
        ),
        pytest.param([{"status": 500, "then": "reauthenticate"}], False, id="reauthenticate"),
        pytest.param([{"status": 500, "then": "ok"}], False, id="ok"),
    ],
)
async def test_a_5xx_counts_unless_a_rule_expects_it(
    platform: FakePlatform, rows: list[dict[str, Any]], opens: bool
) -> None:
    """One that a rule calls a failure, or that no rule can judge, is the platform's."""
    platform.on("/orders", Reply(500, json=GOOD))
    changes = {"upstream.breaker": ONE, **(rules(*rows) if rows else {})}
    bridge = compile_mapping(spec_of(changes, base_url=platform.url))
    async with serving(bridge) as menta:
        await menta.get("/tickets", params={"user": USER})
        ready = (await menta.get("/readyz")).json()

    assert ready["platforms"][0]["breaker"] == ("open" if opens else "closed")


async def test_calls_that_share_an_answer_are_one_failure(platform: FakePlatform) -> None:
    """The same GET of several bindings is one call, and one failure, however many read its answer."""
    platform.on("/orders", Reply(json=orders(*[order(item(n)) for n in range(9)])))
    platform.on("/event", Reply(502, json={}), Reply(json={}))
    first, second = spec_changes()[1:]
    changes = {
        "upstream.breaker": {"failures": 2, "open": "1h"},
        "upstream.retries": 1,
        "source": [first, {"name": "event", "get": "/event"}, second],
    }
    async with serving(compile_mapping(spec_of(changes, base_url=platform.url))) as menta:
        answer = await menta.get("/tickets", params={"user": USER})
        ready = (await menta.get("/readyz")).json()

    assert len(answer.json()["tickets"]) == 9
    assert platform.paths == ["/orders", "/event", "/event"]
    assert ready["platforms"][0]["breaker"] == "closed"


@pytest.mark.parametrize(("status", "state"), [(500, "open"), (200, "closed"), (401, "closed")])
async def test_the_breaker_hears_of_logins(platform: FakePlatform, status: int, state: str) -> None:
    """A login is a call to the platform: a 5xx of it counts."""
    login = {"post": "/login", "json": {"k": "v"}}
    auth = {"type": "session", "login": login, "token": "body.token"}

    async def answers() -> str:
        changes = {"upstream.breaker": ONE, "upstream.auth": auth}
        async with serving(compile_mapping(spec_of(changes, base_url=platform.url))) as menta:
            await menta.get("/tickets", params={"user": USER})
            return str((await menta.get("/readyz")).json()["platforms"][0]["breaker"])

    platform.on("/login", Reply(status, json={"token": "t"}))
    platform.on("/orders", Reply(json=GOOD))

    assert await answers() == state
