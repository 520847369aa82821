"""`then: poll`: an answer that is not ready is asked for again, from a platform on a real socket."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from typing import Any

import httpx
import pytest

from tests.fake_platform import FakePlatform, Pause, Reply, Seen, Until
from tests.support import (
    USER,
    bridge_of,
    ids_on,
    item,
    order,
    orders,
    problem_on,
    spec_of,
)
from ticketbridge.engine.answer_trace import AnswerTrace
from ticketbridge.engine.bridge import compile_mapping
from ticketbridge.engine.problems import (
    MappingMismatch,
    UpstreamError,
    UpstreamTimeout,
    UpstreamUnavailable,
)
from ticketbridge.mapping import MappingError

pytestmark = pytest.mark.anyio

POLL: Mapping[str, Any] = {"status": 202, "then": "poll", "after": "1ms"}
TO_LOCATION: Mapping[str, Any] = {**POLL, "url": "headers.location"}
READY = Reply(json=orders(order(item(1))))


def polling(*rules: Mapping[str, Any], **more: Any) -> dict[str, Any]:
    """MAPPING whose call has these rules; `.` in the other changes is written `__`."""
    others = {name.replace("__", "."): value for name, value in more.items()}
    return {"source.0.responses": [*rules], **others}


def accepted(location: str = "/jobs/7") -> Reply:
    """An answer that says where the real one will be."""
    return Reply(202, json={"state": "working"}, headers={"Location": location})


async def test_the_same_request_is_made_until_the_answer_is_ready(platform: FakePlatform) -> None:
    """Without a `url` the same request is made again, and each time the rules are asked anew."""
    platform.on("/orders", accepted(), accepted(), READY)
    trace = AnswerTrace()

    assert await ids_on(platform, polling(POLL), trace) == ["1"]
    assert {seen.target for seen in platform.seen} == {"/orders?email=ana%40example.com"}
    assert trace.calls == 3


async def test_a_poll_may_look_at_the_body(platform: FakePlatform) -> None:
    """`when` decides whether the answer is ready."""
    rule = {"when": "body.state == 'working'", "then": "poll", "after": "1ms"}
    working = Reply(json={"state": "working"})
    ready = Reply(json={"state": "done", **orders(order(item(1)))})
    platform.on("/orders", working, working, ready)

    assert await ids_on(platform, polling(rule)) == ["1"]


async def test_a_poll_goes_to_the_url_that_the_platform_names(platform: FakePlatform) -> None:
    """`url` may be absolute or relative, and on any path of the platform; credentials go with it."""
    platform.on("/orders", accepted(f"{platform.url}/jobs/7?key=a%20b"))
    platform.on("/jobs/7", accepted("result"))
    platform.on("/jobs/result", READY)

    assert await ids_on(platform, polling(TO_LOCATION)) == ["1"]
    assert [seen.target for seen in platform.seen][1:] == ["/jobs/7?key=a%20b", "/jobs/result"]
    assert len({seen.headers["authorization"] for seen in platform.seen}) == 1


@pytest.mark.parametrize(
    ("location", "reason"),
    [
        pytest.param("https://evil.example/jobs/7", "scheme, host", id="host"),
        pytest.param("//evil.example/jobs/7", "scheme, host", id="host without scheme"),
        pytest.param("/jobs/7?email=bea%40example.com", "another user", id="user"),
        pytest.param("/jobs/%2e%2e/7", "dot segment", id="dots"),
        pytest.param("/jobs /7", "blank", id="blank"),
    ],
)
async def test_a_poll_url_that_cannot_be_trusted_is_a_mismatch(
    platform: FakePlatform, location: str, reason: str
) -> None:
    """A `url` passes the rules of next URLs, save the path: nothing is sent elsewhere."""
    platform.on("/orders", accepted(location))

    found = await problem_on(platform, polling(TO_LOCATION))

    assert isinstance(found, MappingMismatch)
    assert reason in found.log
    assert len(platform.seen) == 1


@pytest.mark.parametrize("url", [None, 7, False, {}])
async def test_a_poll_url_is_text(platform: FakePlatform, url: object) -> None:
    """A `url` that gives no text is an error: it is not the same request again."""
    platform.on("/orders", Reply(202, json={"at": url}))

    found = await problem_on(platform, polling({**POLL, "url": "body.at"}))

    assert isinstance(found, MappingMismatch)
    assert "gives no text" in found.log
    assert len(platform.seen) == 1


async def test_a_missing_poll_url_is_a_mismatch(platform: FakePlatform) -> None:
    """A platform that does not say where to ask is no platform that is ready."""
    platform.on("/orders", Reply(202, json={}))

    assert isinstance(await problem_on(platform, polling(TO_LOCATION)), MappingMismatch)


async def test_a_poll_that_finds_an_error_is_that_error(platform: FakePlatform) -> None:
    """The answers to polls mean what any answer means."""
    platform.on("/orders", accepted())
    platform.on("/jobs/7", Reply(500, json={}))

    assert isinstance(await problem_on(platform, polling(TO_LOCATION)), UpstreamError)


async def test_max_calls_bounds_polling(platform: FakePlatform) -> None:
    """Each poll counts: a platform that is never ready is a mismatch, not an empty list."""
    platform.on("/orders", accepted())

    found = await problem_on(platform, polling(POLL, upstream__max_calls=5))

    assert isinstance(found, MappingMismatch)
    assert "max_calls" in found.log
    assert len(platform.seen) == 5


async def test_the_deadline_bounds_polling(platform: FakePlatform) -> None:
    """The deadline is one for all: when it passes, the answer is `upstream-timeout`."""
    platform.on("/orders", accepted())
    rule = {**POLL, "after": "40ms"}

    found = await problem_on(platform, polling(rule, upstream__timeout="100ms"))

    assert isinstance(found, UpstreamTimeout)
    assert len(platform.seen) <= 3


async def test_a_poll_waits_before_it_asks(platform: FakePlatform) -> None:
    """The wait is part of the platform's time, as the log shows it."""
    platform.on("/orders", accepted(), READY)
    trace = AnswerTrace()

    await ids_on(platform, polling({**POLL, "after": "60ms"}), trace)

    assert trace.upstream.seconds >= 0.06


async def test_a_poll_has_tries_of_its_own(
    platform: FakePlatform, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A poll that fails in passing is tried again as any call is."""
    monkeypatch.setattr("ticketbridge.engine.upstream.limits.wait_before", lambda _attempt: 0)
    busy = Reply(503, json={})
    platform.on("/orders", busy, accepted(), busy, READY)

    assert await ids_on(platform, polling(POLL, upstream__retries=1)) == ["1"]


async def test_polls_are_not_bounded_by_retries(platform: FakePlatform) -> None:
    """A poll is no retry: neither `retries` nor the retry budget counts it."""
    platform.on("/orders", *[accepted()] * 30, READY)

    assert await ids_on(platform, polling(POLL, upstream__retries=0)) == ["1"]


TWO_CALLS: list[dict[str, Any]] = [
    {"name": "order", "get": "/orders", "query": {"email": "{user}"}, "each": "body.orders"},
    {"name": "event", "get": "/events/{order.event}", "take": "body", "responses": [dict(POLL)]},
    {"name": "item", "each": "order.items"},
]


async def test_a_poll_is_always_a_fresh_call(platform: FakePlatform) -> None:
    """Though the same GET is made once in an answer, a poll never gets the answer seen before."""
    platform.on("/orders", READY)
    platform.on("/events/fest", accepted(), accepted(), Reply(json={}))

    assert await ids_on(platform, {"source": TWO_CALLS}) == ["1"]
    assert platform.paths == ["/orders", *["/events/fest"] * 3]


async def test_a_poll_back_to_an_earlier_url_is_a_fresh_call(platform: FakePlatform) -> None:
    """A platform may send the poll to and fro: no answer is taken twice."""
    source = [TWO_CALLS[0], {**TWO_CALLS[1], "responses": [dict(TO_LOCATION)]}, TWO_CALLS[2]]
    platform.on("/orders", READY)
    platform.on("/events/fest", accepted("/jobs/7"), Reply(json={}))
    platform.on("/jobs/7", accepted("/events/fest"))

    assert await ids_on(platform, {"source": source}) == ["1"]
    assert platform.paths[1:] == ["/events/fest", "/jobs/7", "/events/fest"]


async def test_bindings_that_share_a_call_share_its_polls(platform: FakePlatform) -> None:
    """A poll serves all that wait for the same, be it under way or done: they make no more calls than one."""
    platform.on("/orders", Reply(json=orders(*[order(item(number)) for number in range(20)])))
    platform.on("/events/fest", accepted(), Reply(json={}))
    source = [TWO_CALLS[0], {**TWO_CALLS[1], "responses": [{**POLL, "after": "20ms"}]}]

    found = await ids_on(platform, {"source": [*source, TWO_CALLS[2]]})

    assert len(found) == 20
    assert platform.paths.count("/events/fest") == 2


async def test_what_another_binding_has_polled_meanwhile_is_not_asked_again(
    platform: FakePlatform,
) -> None:
    """Whoever waits longer for the same takes the answer that came since, and makes no call of its own."""
    platform.on("/orders", Reply(json=orders(order(item(1), wait=0), order(item(2), wait=1))))
    platform.on("/events/fest", accepted(), Reply(json={}))
    slow = {**POLL, "when": "order.wait == `1`", "after": "200ms"}
    source = [TWO_CALLS[0], {**TWO_CALLS[1], "responses": [slow, POLL]}, TWO_CALLS[2]]

    assert await ids_on(platform, {"source": source}) == ["1", "2"]
    assert platform.paths.count("/events/fest") == 2


async def test_a_job_is_not_told_of_by_a_poll_that_was_sent_before_it_began(
    platform: FakePlatform,
) -> None:
    """Two jobs have one URL to poll: the second one takes no answer to a request that is older than it."""
    polled = asyncio.Event()

    def first_poll(_seen: Seen) -> Reply:
        polled.set()
        return Reply(steps=(Pause(0.3), Reply(json={})._encoded()))

    job = Reply(202, json={"at": "/status"})
    platform.on("/orders", Reply(json=orders(order(item(1)), order(item(2)))))
    platform.on("/jobs", job, Reply(steps=(Until(polled), job._encoded())))
    platform.on("/status", first_poll, Reply(json={}))
    call = {"post": "/jobs", "json": {"for": "order.items[0].id"}, "name": "job"}
    rule = {**POLL, "url": "body.at"}
    jobs = {**call, "responses": [rule], "take": "body"}

    assert await ids_on(platform, {"source": [TWO_CALLS[0], jobs, TWO_CALLS[2]]}) == ["1", "2"]
    assert platform.paths == ["/orders", "/jobs", "/jobs", "/status", "/status"]


async def test_pages_go_on_from_where_the_poll_ended(platform: FakePlatform) -> None:
    """A relative next URL resolves against the URL that gave the page; each page may be polled."""
    pages = {"next_url": "body.next", "any_path": True}
    changes = polling(TO_LOCATION, source__0__pages=pages)
    first = {**orders(order(item(1))), "next": "result?p=2"}
    last = {**orders(order(item(2))), "next": None}
    platform.on("/orders", accepted("/jobs/7"))
    platform.on("/jobs/7", Reply(json=first))
    platform.on("/jobs/result", accepted("/jobs/8"))
    platform.on("/jobs/8", Reply(json=last))

    assert await ids_on(platform, changes) == ["1", "2"]


async def test_a_polled_page_two_that_says_empty_is_an_error(platform: FakePlatform) -> None:
    """A platform that forgets the user after the first page is not believed."""
    changes = polling(
        POLL, {"status": 404, "then": "empty"}, source__0__pages={"next_url": "body.next"}
    )
    platform.on("/orders", Reply(json={**orders(order(item(1))), "next": "?p=2"}))
    platform.on("/orders", accepted(), Reply(404, json={}), query={"p": "2"})

    assert isinstance(await problem_on(platform, changes), UpstreamError)


async def test_a_post_that_starts_a_job_is_polled_by_get() -> None:
    """A POST with a `url` to poll is sent once; the poll carries no body, and may be tried again."""
    changes = {
        "source.0": {
            "name": "order",
            "post": "/searches",
            "json": {"email": "{user}"},
            "headers": {"X-Trace": "a"},
            "responses": [{**POLL, "url": "body.at"}],
            "each": "body.orders",
        }
    }
    bridge, platform = bridge_of(
        changes,
        {
            "/searches": httpx.Response(202, json={"at": "/searches/7"}),
            "/searches/7": orders(order(item(1))),
        },
    )

    await bridge.answer(USER)

    post, get = platform.requests
    assert (post.method, json.loads(post.content)) == ("POST", {"email": USER})
    assert (get.method, get.content, get.headers["x-trace"]) == ("GET", b"", "a")
    assert "content-type" not in get.headers


async def test_a_post_without_a_url_is_polled_by_the_same_post() -> None:
    """Where the mapping names no `url`, the same request is made again, body and all."""
    changes = {
        "source.0": {
            "name": "order",
            "post": "/searches",
            "json": {"email": "{user}"},
            "responses": [dict(POLL)],
            "each": "body.orders",
        }
    }
    replies = (httpx.Response(202, json={}), orders(order(item(1))))
    bridge, platform = bridge_of(changes, {"/searches": replies})

    await bridge.answer(USER)

    assert [request.method for request in platform.requests] == ["POST", "POST"]
    assert platform.requests[0].content == platform.requests[1].content


async def test_a_platform_that_goes_away_while_polled_is_unavailable(
    platform: FakePlatform,
) -> None:
    """No answer to a poll is no answer."""
    platform.on("/orders", accepted(), Reply(raw=b""))

    assert isinstance(await problem_on(platform, polling(POLL)), UpstreamUnavailable)


@pytest.mark.parametrize(("after", "timeout"), [("8s", None), ("1m", None), ("2s", "2s")])
def test_a_wait_as_long_as_the_deadline_is_refused(after: str, timeout: str | None) -> None:
    """A poll that could never be made is an error at the wait's place, before any call."""
    limits = {"upstream.timeout": timeout} if timeout else {}

    with pytest.raises(MappingError) as caught:
        compile_mapping(spec_of({**polling({**POLL, "after": after}), **limits}))

    (finding,) = caught.value.findings
    assert (finding.code, finding.severity) == ("TB314", "error")
    assert "less than `timeout`" in finding.suggestion


def test_a_url_that_can_give_no_text_is_refused() -> None:
    """What a `url` can never be is known before any call."""
    with pytest.raises(MappingError, match="a string"):
        compile_mapping(spec_of(polling({**POLL, "url": "status"})))


def test_a_poll_waits_a_second_by_default() -> None:
    """Without `after` it is one second: within the default deadline, and not with a shorter one."""
    rule = {"status": 202, "then": "poll"}
    compile_mapping(spec_of(polling(rule)))

    with pytest.raises(MappingError, match="TB314"):
        compile_mapping(spec_of(polling(rule, upstream__timeout="1s")))
