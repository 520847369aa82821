"""`cookies: keep`: a call sends what its answers set, to a platform that looks; nobody else does."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import pytest

from tests.fake_platform import FakePlatform, Reply, Seen
from tests.support import USER, ids_on, item, order, orders, problem_on, spec_of
from ticketbridge.engine.answer_trace import AnswerTrace
from ticketbridge.engine.bridge import compile_mapping
from ticketbridge.engine.problems import MappingMismatch
from ticketbridge.engine.upstream.cookies import CookieJar

pytestmark = pytest.mark.anyio

NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
POLL: Mapping[str, Any] = {"status": 202, "then": "poll", "after": "1ms"}
SEARCH: Mapping[str, Any] = {
    "name": "order",
    "post": "/search",
    "json": {"email": "{user}"},
    "cookies": "keep",
    "responses": [POLL],
    "each": "body.orders",
}
READY = Reply(json=orders(order(item(1))))
REFUSED = Reply(400, json={"error": "no session"})
THREE = ("SID=s1; Path=/; HttpOnly", "CID=c1; Path=/search", "QTKN=q1; Secure; Max-Age=60")


def cookies_of(seen: Seen) -> dict[str, str]:
    """The cookies that a request carries."""
    pairs = (pair.partition("=") for pair in seen.headers.get("cookie", "").split("; "))
    return {name: value for name, _, value in pairs if name}


def searching(**call: Any) -> dict[str, Any]:
    """MAPPING with an asynchronous search; *call* are other keys of it."""
    return {"source.0": {**SEARCH, **call}}


def asynchronous(seen: Seen) -> Reply:
    """A platform that starts a search, and gives its result to whoever comes back with the session."""
    kept = cookies_of(seen)
    if not kept:
        return Reply(202, json={"state": "queued"}, cookies=("SID=s1; Path=/", "QTKN=q1"))
    if kept == {"SID": "s1", "QTKN": "q1"}:  # a new token each time, as a queue has it
        return Reply(202, json={"state": "working"}, cookies=("QTKN=q2",))
    return READY if kept == {"SID": "s1", "QTKN": "q2"} else REFUSED


async def test_a_search_is_polled_with_its_cookies(platform: FakePlatform) -> None:
    """The same POST goes again with the cookies that the answers set, the newest of each name."""
    platform.on("/search", asynchronous)

    assert await ids_on(platform, searching()) == ["1"]
    assert [seen.method for seen in platform.seen] == ["POST"] * 3
    assert [json.loads(seen.content) for seen in platform.seen] == [{"email": USER}] * 3


async def test_without_the_key_no_cookie_is_sent(platform: FakePlatform) -> None:
    """A platform that wants its cookies back is not asked with them unless the mapping says so."""
    first = Reply(202, json={}, cookies=THREE)
    platform.on("/search", first, lambda seen: READY if cookies_of(seen) else REFUSED)
    call = {name: value for name, value in SEARCH.items() if name != "cookies"}

    await problem_on(platform, {"source.0": call})

    assert [cookies_of(seen) for seen in platform.seen] == [{}, {}]


async def test_pages_and_tries_carry_cookies(platform: FakePlatform) -> None:
    """The next page is asked for with the cookies of the one before, and so is a try that is made again."""
    busy = Reply(503, json={}, cookies=("route=a",))
    page = Reply(json={**orders(order(item(1))), "next": "/orders?email=ana%40example.com&p=2"})
    last = Reply(json={**orders(order(item(2))), "next": None})
    platform.on("/orders", busy, page, lambda seen: last if cookies_of(seen) else REFUSED)
    changes = {
        "source.0.cookies": "keep",
        "source.0.pages": {"next_url": "body.next"},
        "upstream.retries": 1,
    }

    assert await ids_on(platform, changes) == ["1", "2"]
    assert [cookies_of(seen) for seen in platform.seen] == [{}, {"route": "a"}, {"route": "a"}]


async def test_no_other_call_answer_or_host_gets_them(platform: FakePlatform) -> None:
    """Cookies are of one run of one call: bindings, calls, hosts and answers have none in common."""
    source = [
        {"name": "event", "get": "/events", "each": "body.events"},
        {**SEARCH, "post": "/events/{event.id}/search"},
        {"name": "seat", "get": "/seats/{order.event}", "take": "body"},
        {"name": "badge", "get": "/badges/{order.event}", "host": "files", "take": "body"},
        {"name": "item", "each": "order.items"},
    ]
    platform.on("/events", Reply(json={"events": [{"id": 1}, {"id": 2}]}))
    for number in (1, 2):
        working = Reply(202, json={}, cookies=(f"SID=s{number}; Path=/",))
        ready = Reply(json=orders(order(item(number), event=f"e{number}")))
        platform.on(f"/events/{number}/search", working, ready, working, ready)
        platform.on(f"/seats/e{number}", Reply(json={}))
    async with FakePlatform() as files:
        for number in (1, 2):
            files.on(f"/badges/e{number}", Reply(json={}))
        changes = {"source": source, "upstream.hosts": {"files": files.url}}
        bridge = compile_mapping(spec_of(changes, base_url=platform.url))
        for _ in range(2):
            await bridge.answer(USER)
        await bridge.aclose()
        others = [seen for seen in platform.seen if not seen.path.endswith("search")]

        assert {seen.headers.get("cookie") for seen in (*others, *files.seen)} == {None}
    for number in (1, 2):
        sent = [cookies_of(s) for s in platform.seen if s.path == f"/events/{number}/search"]
        assert sent == [{}, {"SID": f"s{number}"}, {}, {"SID": f"s{number}"}]


async def test_the_same_get_is_made_once_for_each_run(platform: FakePlatform) -> None:
    """Runs that ask alike have sessions of their own: none is given what came for another's cookies."""
    sessions = iter(range(1, 9))

    def search(seen: Seen) -> Reply:
        kept = cookies_of(seen)
        if not kept:
            return Reply(202, json={}, cookies=(f"SID={next(sessions)}",))
        return Reply(json=orders(order(item(kept["SID"]))))

    call = {"name": "order", "get": "/search", "query": {"email": "{user}"}, "each": "body.orders"}
    source = [
        {"name": "event", "get": "/events", "each": "body.events"},
        {**call, "cookies": "keep", "responses": [POLL]},
        {"name": "item", "each": "order.items"},
    ]
    platform.on("/events", Reply(json={"events": [{"id": 1}, {"id": 2}]}))
    platform.on("/search", search)

    assert sorted(await ids_on(platform, {"source": source})) == ["1", "2"]


@pytest.mark.parametrize(
    "auth",
    [
        {"type": "api_key", "in": "cookie", "name": "key", "value": "k3y-of-ours-0"},
        {
            "type": "session",
            "login": {"post": "/login"},
            "token": "body.token",
            "header": "Cookie",
            "value": "key={token}",
        },
    ],
    ids=["key", "session"],
)
async def test_kept_cookies_stand_beside_credentials(
    platform: FakePlatform, auth: Mapping[str, Any]
) -> None:
    """A credential that is a cookie goes first, and no answer can replace it."""
    working = Reply(202, json={}, cookies=("key=theirs", "SID=s1"))
    platform.on("/login", Reply(json={"token": "k3y-of-ours-0"}))
    platform.on("/search", working, READY)

    assert await ids_on(platform, {**searching(), "upstream.auth": auth}) == ["1"]
    sent = [seen.headers["cookie"] for seen in platform.seen if seen.path == "/search"]
    assert sent == ["key=k3y-of-ours-0", "key=k3y-of-ours-0; SID=s1"]


async def test_no_note_repeats_a_cookie(platform: FakePlatform) -> None:
    """A message that quotes what the platform set has a mask in its place."""
    rule = {**POLL, "message": "join(' ', [headers.\"set-cookie\", body.said])"}
    said = Reply(202, json={"said": "session s3cret-of-yours runs"}, cookies=("S=s3cret-of-yours",))
    platform.on("/search", said, said, READY)
    trace = AnswerTrace()

    await ids_on(platform, searching(responses=[rule]), trace)

    assert len(trace.notes) == 2
    assert "s3cret" not in trace.notes[1]
    assert "(credential)" in trace.notes[1]


@pytest.mark.parametrize(
    ("cookies", "reason"),
    [
        ([f"c{n}=1" for n in range(51)], "more than 50"),
        ([f"c{n}={'x' * 500}" for n in range(20)], "more than 8000 characters"),
    ],
    ids=["many", "long"],
)
async def test_cookies_without_end_are_an_error(
    platform: FakePlatform, cookies: Sequence[str], reason: str
) -> None:
    """What would not fit into a request is no session that could go on."""
    platform.on("/search", Reply(202, json={}, cookies=cookies), READY)

    found = await problem_on(platform, searching())

    assert isinstance(found, MappingMismatch)
    assert f"order: cookies: the platform set {reason}" in found.log


async def test_an_interim_answer_sets_no_cookie(platform: FakePlatform) -> None:
    """What stands in a 103 is of no answer."""
    head = b"HTTP/1.1 103 Early\r\nSet-Cookie: SID=early\r\n\r\n"
    body = b"HTTP/1.1 202 Accepted\r\nContent-Length: 2\r\nContent-Type: application/json\r\n\r\n{}"
    platform.on("/search", Reply(steps=(head + body,)), READY)

    assert await ids_on(platform, searching()) == ["1"]
    assert cookies_of(platform.seen[1]) == {}


# --- what is kept ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("set_cookies", "url", "sent"),
    [
        pytest.param(["a=1", "b=2; Path=/"], "https://h.example/x/y", "a=1; b=2", id="two"),
        pytest.param(["a=1", "a=2"], "https://h.example/x/z", "a=2", id="newest"),
        pytest.param(
            ["a=1; Path=/", "a=2"], "https://h.example/x/z", "a=2; a=1", id="longest path"
        ),
        pytest.param(["a=1"], "https://h.example/other", "", id="another folder"),
        pytest.param(["a=1; Path=/x"], "https://h.example/xy", "", id="no segment"),
        pytest.param(["a=1; Path=/x/"], "https://h.example/x/", "a=1", id="path with slash"),
        pytest.param(["a=1; Path=x"], "https://h.example/x/z", "a=1", id="path that is none"),
        pytest.param(["a=1; Secure; Path=/"], "http://h.example/x/z", "", id="secure over http"),
        pytest.param(["a=1; Secure; Path=/"], "https://h.example/x/z", "a=1", id="secure"),
        pytest.param(["a=1; Domain=h.example"], "https://h.example/x/z", "a=1", id="own domain"),
        pytest.param(["a=1; Domain=.EXAMPLE"], "https://h.example/x/z", "a=1", id="parent domain"),
        pytest.param(["a=1; Domain=evil.example"], "https://h.example/x/z", "", id="other domain"),
        pytest.param(["a=1; Domain=x.h.example"], "https://h.example/x/z", "", id="subdomain"),
        pytest.param(["a=1; Max-Age=0"], "https://h.example/x/z", "", id="ended"),
        pytest.param(["a=1", "a=; Max-Age=-1"], "https://h.example/x/z", "", id="deleted"),
        pytest.param(["a=1; Max-Age=60"], "https://h.example/x/z", "a=1", id="for a minute"),
        pytest.param(
            ["a=1; Expires=Tue, 24 Nov 2026 11:59:59 GMT"], "https://h.example/x/z", "", id="past"
        ),
        pytest.param(
            ["a=1; Expires=Tue, 24 Nov 2026 12:01:00 GMT"],
            "https://h.example/x/z",
            "a=1",
            id="future",
        ),
        pytest.param(
            ["a=1; Expires=Tue, 24 Nov 2026 11:00:00 GMT; Max-Age=9"],
            "https://h.example/x/z",
            "a=1",
            id="age before date",
        ),
        pytest.param(["a=1; Expires=soon"], "https://h.example/x/z", "a=1", id="no date"),
        pytest.param(["a=b=c"], "https://h.example/x/z", "a=b=c", id="equals sign"),
        pytest.param(["a"], "https://h.example/x/z", "", id="no value"),
        pytest.param(["=1"], "https://h.example/x/z", "", id="no name"),
        pytest.param(["a b=1"], "https://h.example/x/z", "", id="no token"),
        pytest.param(["a=1\x01"], "https://h.example/x/z", "", id="control"),
        pytest.param(["a=\udcff"], "https://h.example/x/z", "", id="no UTF-8"),
    ],
)
async def test_the_rules_of_cookies(set_cookies: Sequence[str], url: str, sent: str) -> None:
    """Path, Domain, Secure, Max-Age and Expires count as in RFC 6265; what is not well formed is not kept."""
    jar = CookieJar("order")

    jar.keep(set_cookies, "https://h.example/x/y", NOW)

    assert jar.header(url) == sent


async def test_an_address_has_no_parent() -> None:
    """`Domain` of an IP address is that address alone."""
    jar = CookieJar("order")

    jar.keep(["a=1; Domain=0.0.1", "b=2; Domain=127.0.0.1"], "http://127.0.0.1/x", NOW)

    assert jar.header("http://127.0.0.1/") == "b=2"


async def test_a_cookie_ends_while_the_call_waits() -> None:
    """A cookie whose time is over is not sent, though it was good when it came."""
    jar = CookieJar("order")
    loop = asyncio.get_running_loop()

    jar.keep(["a=1; Max-Age=1"], "https://h.example/x", NOW)
    before = jar.header("https://h.example/x")
    real = loop.time
    try:
        loop.time = lambda: real() + 2  # type: ignore[method-assign]
        after = jar.header("https://h.example/x")
    finally:
        loop.time = real  # type: ignore[method-assign]

    assert (before, after) == ("a=1", "")


def test_cookies_are_in_no_repr() -> None:
    """What may be printed by chance has no value of a cookie in it."""
    jar = CookieJar("order")
    asyncio.run(_kept(jar))

    assert "s3cret" not in repr(jar._cookies)


async def _kept(jar: CookieJar) -> None:
    jar.keep(["a=s3cret"], "https://h.example/", NOW)


# --- the key --------------------------------------------------------------------------------------


def test_cookies_that_nothing_takes_are_doubted() -> None:
    """A call that asks once keeps them for nothing."""
    call = {**SEARCH}
    del call["responses"]

    warnings = compile_mapping(spec_of({"source.0": call})).warnings

    assert [finding.code for finding in warnings if finding.code == "TB317"] == ["TB317"]
