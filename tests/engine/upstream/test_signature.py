"""`auth: {type: signature}`: each request is signed over what goes on the wire, at its own moment."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from tests.engine.upstream.schemes import KEY, SCHEMES, SECRET, auth_of
from tests.fake_platform import FakePlatform, Pause, Reply, Seen
from tests.support import NOW, USER, bridge_of, ids_on, item, order, orders, problem_on, spec_of
from ticketbridge.engine.bridge import compile_mapping
from ticketbridge.engine.problems import MappingMismatch, ProblemError
from ticketbridge.engine.upstream.context import AnswerContext
from ticketbridge.engine.upstream.messages import PlatformAnswer, PlatformRequest
from ticketbridge.mapping import MappingError

pytestmark = pytest.mark.anyio
MICROSECONDS = {
    "type": "signature",
    "secrets": {"key": KEY},
    "values": [{"ts": "moment('%Y-%m-%dT%H:%M:%S.%f')"}],
    "headers": {"X-Time": "{ts}"},
    "query": {"at": "{ts}"},
}


# --- schemes of real platforms --------------------------------------------------------------------


def only_signed(name: str) -> Any:
    """What answers a request that the scheme *name* accepts, and refuses all others."""
    good, bad = Reply(json=orders(order(item(1)))), Reply(401, json={"error": "bad signature"})
    return lambda seen: good if SCHEMES[name].accepts(seen) else bad


@pytest.mark.parametrize("name", SCHEMES)
async def test_a_platform_accepts_what_the_mapping_signs(name: str, platform: FakePlatform) -> None:
    """Eight schemes of real platforms, each checked by code that knows nothing of ours."""
    platform.on("/v2/orders", only_signed(name))

    assert await ids_on(platform, signed_changes(name)) == ["1"]


@pytest.mark.parametrize("name", SCHEMES)
async def test_a_wrong_secret_is_upstream_auth(name: str, platform: FakePlatform) -> None:
    """The platform's 401 is told as what it is, after one try."""
    platform.on("/v2/orders", only_signed(name))
    wrong = SECRET.replace("c2", "d2")
    changes = {**signed_changes(name), "upstream.auth": auth_of(name, secret=wrong)}
    problem = await problem_on(platform, {**changes, "upstream.retries": 2})

    assert problem.slug == "upstream-auth"
    assert len(platform.seen) == 1


def signed_changes(name: str) -> dict[str, Any]:
    """A mapping that signs by the scheme *name*; its query has what must be escaped."""
    return {
        "upstream.auth": auth_of(name),
        "source.0.get": "/v2/orders",
        "source.0.query": {"email": "{user}", "city": "K\u00f6ln, a+b/c"},
    }


VECTORS = [
    # github.com/ticketmaticbenelux/clj-tm-api, test/clj_tm_api/core_test.clj, `signature-test`.
    pytest.param(
        auth_of("ticketmatic", key="xyz", secret="xyz"),
        datetime(2017, 7, 29, 16, 40, 46, tzinfo=UTC),
        "TM-HMAC-SHA256 key=xyz ts=2017-07-29T16:40:46"
        " sign=192437c5f28b8dd431c57bac1f3552d671cd4eb50382961dfb413d731d050590",
        id="ticketmatic",
    ),
    # yandex.ru/dev/tickets/agent/doc/ru/concepts/access, the example of an identifier.
    pytest.param(
        auth_of("yandex", key="test", secret="test"),
        datetime(2020, 1, 1, tzinfo=UTC),
        "test:c56353374b591ce1aa6ba7383e37e6d931c7fc45:1577836800",
        id="yandex",
    ),
]


@pytest.mark.parametrize(("auth", "now", "made"), VECTORS)
async def test_a_published_vector_comes_out_byte_for_byte(
    auth: dict[str, Any], now: datetime, made: str, platform: FakePlatform
) -> None:
    """What a platform's own documentation or client shows is what is sent at that moment."""
    platform.on("/orders", Reply(json=orders()))
    bridge = compile_mapping(spec_of({"upstream.auth": auth}, base_url=platform.url))
    await bridge.answer(USER, now=now)
    await bridge.aclose()

    (seen,) = platform.seen
    assert made in (seen.headers.get("authorization"), dict(seen.query).get("auth"))


# --- the request as it is sent --------------------------------------------------------------------

PARTS = {
    "type": "signature",
    "secrets": {"key": KEY},
    "headers": {
        f"X-{part.replace('_', '-')}": f"{{join('', ['<', request.{part}, '>'])}}"
        for part in ("method", "url", "host", "path", "path_query", "query", "body")
    },
    "query": {"sig": "{secrets.key}"},
}


def sent_parts(seen: Seen) -> dict[str, str]:
    """The parts of the request, as the signature saw them."""
    return {name[2:]: value[1:-1] for name, value in seen.headers.items() if value[:1] == "<"}


@pytest.mark.parametrize(
    ("changes", "body"),
    [
        ({"source.0.get": "/a b/{user}/~x", "source.0.query": {"q": ["\u00e9 +", "%2F"]}}, ""),
        ({"source.0.query": ...}, ""),
        (
            {
                "source.0.get": ...,
                "source.0.post": "/orders",
                "source.0.json": {"mail": "{user}", "city": "K\u00f6ln"},
            },
            '{"mail":"ana@example.com","city":"K\u00f6ln"}',
        ),
        (
            {"source.0.get": ..., "source.0.post": "/orders", "source.0.form": {"a": "b c\u00e9"}},
            "a=b%20c%C3%A9",
        ),
    ],
    ids=["escapes", "no query", "json", "form"],
)
async def test_the_request_is_signed_as_it_is_sent(
    changes: dict[str, Any], body: str, platform: FakePlatform
) -> None:
    """Path and query are escaped already, the body is the text sent, the signature's query is left out."""
    platform.on("/orders", Reply(json=orders()))
    platform.on("/a b/ana@example.com/~x", Reply(json=orders()))
    await ids_on(platform, {"upstream.auth": PARTS, **changes})

    (seen,) = platform.seen
    bare = seen.target.removesuffix(f"sig={KEY}").rstrip("?&")
    path, _, query = bare.partition("?")
    # A header is UTF-8 on the wire; the fake platform reads Latin-1.
    parts = {name: text.encode("latin-1").decode() for name, text in sent_parts(seen).items()}
    assert parts == {
        "method": seen.method,
        "url": f"{platform.url}{bare}",
        "host": seen.headers["host"],
        "path": path,
        "path-query": bare,
        "query": query,
        "body": body,
    }
    assert seen.content.decode() == body


async def test_a_next_url_that_repeats_the_signature_has_it_once(platform: FakePlatform) -> None:
    """A platform's link may have the old signature in it: it is no part of what is signed anew."""
    page = {**orders(order(item(1))), "next": "?p=2&sig=old&s%69g=old&&email=ana@example.com&x="}
    platform.on("/orders", Reply(json={**orders(), "next": None}))
    platform.on("/orders", Reply(json=page), query={"sig": KEY, "email": USER})
    platform.on("/orders", Reply(json={**orders(), "next": None}), query={"p": "2"})
    await ids_on(platform, {"upstream.auth": PARTS, "source.0.pages": {"next_url": "body.next"}})

    second = platform.seen[1]
    assert second.target == f"/orders?p=2&email=ana@example.com&x=&sig={KEY}"
    assert sent_parts(second)["query"] == "p=2&email=ana@example.com&x="


# --- each try anew --------------------------------------------------------------------------------


def moments(platform: FakePlatform) -> list[str]:
    """The moments at which requests were signed; each has them twice."""
    assert all(dict(seen.query)["at"] == seen.headers["x-time"] for seen in platform.seen)
    return [seen.headers["x-time"] for seen in platform.seen]


ANEW: dict[str, tuple[dict[str, Any], list[Reply]]] = {
    "retries": (
        {"upstream.retries": 2},
        [Reply(503), Reply(raw=b""), Reply(json=orders(order(item(1))))],
    ),
    "pages": (
        {"source.0.pages": {"next_url": "body.next"}},
        [
            Reply(json={**orders(order(item(1))), "next": "?email=ana@example.com&p=2"}),
            Reply(json={**orders(order(item(2))), "next": "?email=ana@example.com&p=3"}),
            Reply(json={**orders(), "next": None}),
        ],
    ),
    "polls": (
        {"source.0.responses": [{"status": 202, "then": "poll", "after": "1ms"}]},
        [Reply(202), Reply(202), Reply(json=orders(order(item(1))))],
    ),
}


@pytest.mark.parametrize("kind", ANEW)
async def test_each_request_is_signed_anew(kind: str, platform: FakePlatform) -> None:
    """A signature is good for one request: each try, page and poll has a later moment."""
    changes, replies = ANEW[kind]
    platform.on("/orders", *replies)
    await ids_on(platform, {"upstream.auth": MICROSECONDS, **changes})

    found = moments(platform)
    assert len(found) == 3
    assert found == sorted(set(found))


async def test_a_request_that_waits_for_its_turn_is_signed_when_it_has_it(
    platform: FakePlatform,
) -> None:
    """A wait makes no signature old: the second request is signed after the first was answered."""
    answered: list[str] = []

    def answer(_seen: Seen) -> Reply:
        answered.append(datetime.now(UTC).replace(tzinfo=None).isoformat())
        body = b'HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 13\r\n\r\n{"orders":[]}'
        return Reply(steps=(Pause(0.02), body))

    platform.on("/orders", answer)
    changes = {"upstream.auth": MICROSECONDS, "upstream.concurrency": 1}
    bridge = compile_mapping(spec_of(changes, base_url=platform.url))
    await asyncio.gather(bridge.answer(USER), bridge.answer(USER))
    await bridge.aclose()

    assert moments(platform)[1] > answered[0]


async def test_a_fixed_clock_stands_for_signatures_too() -> None:
    """In a case each try has the same moment, so that a signature can be written down."""
    bridge, replies = bridge_of({"upstream.auth": MICROSECONDS}, {})
    sent: list[PlatformRequest] = []

    async def last(request: PlatformRequest, _context: AnswerContext) -> PlatformAnswer:
        sent.append(request)
        return PlatformAnswer(200, {"content-type": "application/json"}, b'{"orders":[]}')

    copy = bridge.with_last_stage(last)
    await copy.answer(USER, now=NOW)
    await copy.answer(USER, now=NOW, stands=False)

    assert not replies.requests
    first, second = (request.wire_headers["X-Time"] for request in sent)
    assert first == "2026-11-24T12:00:00.000000"
    assert second != first


async def test_a_redirect_is_not_followed(platform: FakePlatform) -> None:
    """What was signed for one address goes to no other."""
    platform.on("/orders", Reply(302, headers={"Location": "/elsewhere"}))
    problem = await problem_on(platform, {"upstream.auth": auth_of("bokun")})

    assert problem.slug == "upstream-error"
    assert platform.paths == ["/orders"]


# --- what cannot be signed ------------------------------------------------------------------------


@pytest.mark.parametrize(
    "auth",
    [
        {"values": [{"ts": "extract(request.query, 'page=([0-9]+)')"}], "headers": {"X": "{ts}"}},
        {
            "values": [{"ts": "upper(extract(request.query, 'page=([0-9]+)'))"}],
            "headers": {"X": "{ts}"},
        },
    ],
    ids=["a hole without a value", "an expression that fails"],
)
async def test_what_cannot_be_made_is_a_mapping_mismatch(
    auth: dict[str, Any], platform: FakePlatform
) -> None:
    """No request goes out without its signature."""
    changes = {"upstream.auth": {"type": "signature", "secrets": {"key": KEY}, **auth}}
    problem = await problem_on(platform, changes)

    assert isinstance(problem, MappingMismatch)
    assert problem.detail == "A request to the platform could not be signed"
    assert problem.log.startswith("auth: ")
    assert KEY not in problem.log
    assert platform.seen == []


async def test_a_body_that_is_no_text_is_a_mapping_mismatch() -> None:
    """A signature is made of text: other bytes are never signed as something else."""
    bridge, _ = bridge_of({"upstream.auth": PARTS}, {"/orders": orders()})
    platform = bridge._platform
    assert platform.signer is not None
    seen: list[AnswerContext] = []

    async def last(_request: PlatformRequest, context: AnswerContext) -> PlatformAnswer:
        seen.append(context)
        return PlatformAnswer(200, {"content-type": "application/json"}, b'{"orders":[]}')

    await bridge.with_last_stage(last).answer(USER)
    binary = PlatformRequest("http://platform.example/", method="POST", content=b"\xff")

    with pytest.raises(MappingMismatch, match="no UTF-8"):
        platform.signer.sign(binary, seen[0])
    assert platform.signer.sign(replace(binary, content=None), seen[0]).headers["X-body"] == "<>"


@pytest.mark.parametrize(
    ("encoding", "secret", "good"),
    [
        ("hex", "0g", False),
        ("base64", "abc", False),
        ("base64url", "ab=c", False),
        ("hex", "00ff", True),
        ("base64", SECRET, True),
    ],
)
def test_a_key_in_another_encoding_is_found_at_load(encoding: str, secret: str, good: bool) -> None:
    """Without a call: the platform would refuse each request. The key is not shown."""
    sign = f"hmac('a', secrets.key, 'sha256', 'hex', '{encoding}')"
    auth = {
        "type": "signature",
        "secrets": {"key": secret},
        "values": [{"sign": sign}],
        "headers": {"X-Sign": "{sign}"},
    }
    spec = spec_of({"upstream.auth": auth})
    if good:
        compile_mapping(spec)
        return
    with pytest.raises(MappingError) as caught:
        compile_mapping(spec)

    (finding,) = caught.value.findings
    assert finding.code == "TB094"
    assert secret not in str(finding)


async def test_no_wrong_signature_is_answered_by_a_shorter_list(platform: FakePlatform) -> None:
    """A second page that is refused fails the answer."""
    first = Reply(json={**orders(order(item(1))), "next": "?email=ana@example.com&p=2"})
    platform.on("/orders", first, Reply(403, json={}))
    changes = {"upstream.auth": MICROSECONDS, "source.0.pages": {"next_url": "body.next"}}

    with pytest.raises(ProblemError, match="403"):
        await ids_on(platform, changes)
