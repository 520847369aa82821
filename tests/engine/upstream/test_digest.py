"""`auth: {type: digest}`: the platform's challenge is answered, as RFC 7616 says."""

from __future__ import annotations

import asyncio
import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.request import parse_http_list, parse_keqv_list

import httpx
import pytest

from tests.fake_platform import CLOSE, FakePlatform, Reply, Seen
from tests.support import USER, ids_on, item, order, orders, problem_on, spec_of
from ticketbridge.engine.bridge import Bridge, compile_mapping
from ticketbridge.engine.problems import ProblemError
from ticketbridge.engine.upstream.digest import Challenge, DigestAuth, find_challenge
from ticketbridge.engine.upstream.messages import PlatformAnswer, PlatformRequest
from ticketbridge.mapping.spec import DigestAuthSpec, Secret

pytestmark = pytest.mark.anyio
NAME, PASSWORD = "the bridge", "Circle of \u4e16"
AUTH = {"type": "digest", "username": NAME, "password": PASSWORD}


def refusal(challenge: str) -> PlatformAnswer:
    """A 401 with this `WWW-Authenticate`."""
    return PlatformAnswer(401, {"www-authenticate": challenge}, b"")


def challenge_in(text: str) -> Challenge:
    """The challenge in a header that has one."""
    found = find_challenge(refusal(text))
    assert found is not None
    return found


def fields_of(header: str) -> dict[str, str]:
    """The parameters of a header, by code of the standard library."""
    scheme, _, rest = header.partition(" ")
    assert scheme == "Digest"
    return parse_keqv_list(parse_http_list(rest))


def answered(
    challenge: str, url: str, *, name: str, password: str, cnonce: str, method: Any = "GET"
) -> dict[str, str]:
    """The parameters of the answer to *challenge*."""
    digest = DigestAuth(DigestAuthSpec(Secret(name), Secret(password)))
    request = PlatformRequest(url, method=method)
    made = digest.answer(challenge_in(challenge), request, cnonce)
    return fields_of(made.headers["Authorization"])


# --- published vectors ----------------------------------------------------------------------------

RFC_7616 = (
    'Digest realm="http-auth@example.org", qop="auth, auth-int", algorithm={},'
    ' nonce="7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v",'
    ' opaque="FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS"'
)
RFC_2617 = (
    'Digest realm="testrealm@host.com", qop="auth,auth-int",'
    ' nonce="dcd98b7102dd2f0e8b11d0f600bfb0c093", opaque="5ccc069c403ebaf9f0171e9517f40e41"'
)


@pytest.mark.parametrize(
    ("challenge", "url", "password", "cnonce", "response"),
    [
        # RFC 7616, section 3.9.1.
        pytest.param(
            RFC_7616.format("MD5"),
            "http://www.example.org/dir/index.html",
            "Circle of Life",
            "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ",
            "8ca523f5e9506fed4657c9700eebdbec",
            id="RFC 7616, MD5",
        ),
        pytest.param(
            RFC_7616.format("SHA-256"),
            "http://www.example.org/dir/index.html",
            "Circle of Life",
            "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ",
            "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1",
            id="RFC 7616, SHA-256",
        ),
        # RFC 2617, section 3.5.
        pytest.param(
            RFC_2617,
            "http://www.nowhere.org/dir/index.html",
            "Circle Of Life",
            "0a4f113b",
            "6629fae49393a05397450978507c4ef1",
            id="RFC 2617",
        ),
    ],
)
def test_a_published_vector_comes_out(
    challenge: str, url: str, password: str, cnonce: str, response: str
) -> None:
    """The response, and all that the platform must get back."""
    sent = answered(challenge, url, name="Mufasa", password=password, cnonce=cnonce)
    asked = challenge_in(challenge).parameters

    assert sent["response"] == response
    assert (sent["username"], sent["uri"]) == ("Mufasa", "/dir/index.html")
    assert (sent["qop"], sent["nc"], sent["cnonce"]) == ("auth", "00000001", cnonce)
    assert {name: sent.get(name) for name in asked if name != "qop"} == {
        name: value for name, value in asked.items() if name != "qop"
    }


@pytest.mark.parametrize("algorithm", ["", "MD5", "MD5-sess", "SHA-256", "SHA-256-SESS"])
@pytest.mark.parametrize("qop", ["", 'qop="auth"', 'qop="auth-int,auth"'])
def test_another_client_answers_alike(
    algorithm: str, qop: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """httpx, which has digest authentication of its own, gives the same response."""
    monkeypatch.setattr(httpx.DigestAuth, "_get_client_nonce", lambda *_: b"c0ffee")
    parts = ['realm="a, b"', 'nonce="n/1=="', f"algorithm={algorithm}" if algorithm else "", qop]
    challenge = f"Digest {', '.join(filter(None, parts))}"
    url = "http://127.0.0.1:8000/a%20b?email=ana%40example.com&c=%2C"
    flow = httpx.DigestAuth(NAME, PASSWORD).sync_auth_flow(httpx.Request("GET", url))
    request = next(flow)
    headers = {"WWW-Authenticate": challenge}
    theirs = flow.send(httpx.Response(401, headers=headers, request=request))

    ours = answered(challenge, url, name=NAME, password=PASSWORD, cnonce="c0ffee")
    wanted = fields_of(theirs.headers["Authorization"])
    # httpx says that it is MD5 where the platform has not said so.
    assert {**ours, "algorithm": "x"} == {**ours, **wanted, "algorithm": "x"}


# --- challenges -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "realm", "algorithm"),
    [
        ('Digest realm="a", nonce="n"', "a", "MD5"),
        ('digest REALM=a,NONCE="n" , ALGORITHM = sha-256', "a", "SHA-256"),
        ('Basic realm="x", Digest realm="a", nonce="n"', "a", "MD5"),
        ('Negotiate dG9rZW4=, Digest realm="a", nonce="n"', "a", "MD5"),
        ('Negotiate, NTLM, Digest realm="a\\"b\\\\", nonce="n"', 'a"b\\', "MD5"),
        (
            'Digest realm="a", nonce="n", algorithm=SHA-512-256, Digest realm="b", nonce="n"',
            "b",
            "MD5",
        ),
        (
            'Digest realm="a", nonce="n", qop="auth-int", Digest realm="b", nonce="n", qop=auth',
            "b",
            "MD5",
        ),
        (
            'Digest realm="a", nonce="n", algorithm=SHA-256, Digest realm="b", nonce="n"',
            "a",
            "SHA-256",
        ),
        ('Digest realm="Basic realm, nonce=x", nonce="n"', "Basic realm, nonce=x", "MD5"),
        ('Digest realm="a", nonce="n", realm="b"', "a", "MD5"),
        ('Digest realm="a", nonce="n", what is this?="x"', "a", "MD5"),
    ],
)
def test_the_first_challenge_that_is_known_is_taken(text: str, realm: str, algorithm: str) -> None:
    """Whatever stands beside it, and however it is written."""
    found = challenge_in(text)

    assert (found.parameters["realm"], found.algorithm) == (realm, algorithm)
    assert "nonce" not in repr(found)


@pytest.mark.parametrize(
    "answer",
    [
        refusal("Basic realm=x"),
        refusal('Digest realm="a"'),
        refusal('Digest nonce="a"'),
        refusal('Digest realm="a", nonce="n", qop="auth-int"'),
        refusal('Digest realm="a", nonce="n", algorithm=SHA-512'),
        refusal('Digest realm="a", nonce="n'),
        refusal(f'Digest realm="a", nonce="n", x="{"y" * 5_000}"'),
        PlatformAnswer(401, {}, b""),
        PlatformAnswer(403, {"www-authenticate": 'Digest realm="a", nonce="n"'}, b""),
    ],
)
def test_what_is_no_challenge_is_not_answered(answer: PlatformAnswer) -> None:
    """Another scheme, one that lacks something, one that is not known, one without an end."""
    assert find_challenge(answer) is None


@pytest.mark.parametrize(
    ("name", "header"),
    [
        ('a"b\\c', 'username="a\\"b\\\\c"'),
        ("J\u00e4s\u00f8n Doe", "username*=UTF-8''J%C3%A4s%C3%B8n%20Doe"),
    ],
)
def test_a_name_is_quoted(name: str, header: str) -> None:
    """Outside of ASCII as RFC 7616, section 3.9.2, has it."""
    digest = DigestAuth(DigestAuthSpec(Secret(name), Secret("")))
    challenge = challenge_in('Digest realm="a", nonce="n"')
    made = digest.answer(challenge, PlatformRequest("http://p.example/"), "c")

    assert f" {header}, " in made.headers["Authorization"]


def test_the_counts_of_a_nonce_are_kept_when_others_come_between() -> None:
    """A platform that gives an old nonce again gets no count twice; the oldest are forgotten at last."""
    digest = DigestAuth(DigestAuthSpec(Secret("a"), Secret("b")))

    def count(nonce: str) -> str:
        challenge = challenge_in(f'Digest realm="a", nonce="{nonce}", qop="auth"')
        made = digest.answer(challenge, PlatformRequest("http://p.example/"), "c")
        return fields_of(made.headers["Authorization"])["nc"]

    assert [count(nonce) for nonce in "abab"] == ["00000001", "00000001", "00000002", "00000002"]
    for number in range(98):
        count(f"other {number}")
    assert (count("a"), count("b")) == ("00000003", "00000003")
    for number in range(100):
        count(f"further {number}")
    assert count("a") == "00000001"
    assert len(digest._uses) == 100


def test_a_late_refusal_leaves_the_challenge_that_came_meanwhile() -> None:
    """Only the challenge that was refused is dropped: another call may have learned a newer one."""
    digest = DigestAuth(DigestAuthSpec(Secret("a"), Secret("b")))
    old, new = (challenge_in(f'Digest realm="a", nonce="{nonce}"') for nonce in "on")
    digest.challenge = new

    digest.forget(old)
    assert digest.challenge is new
    digest.forget(new)
    assert digest.challenge is None


# --- a platform that checks -----------------------------------------------------------------------


@dataclass
class Server:
    """Checks requests as RFC 7616 says, and takes no count of a nonce twice.

    *uses* are how often a nonce is good; *next_nonce* names another with each answer.
    """

    name: str = NAME
    password: str = PASSWORD
    algorithm: str = "SHA-256"
    uses: int = 1_000
    says_stale: bool = True
    next_nonce: bool = False
    realm: str = 'tickets, "of" ACME'
    counts: dict[str, set[str]] = field(default_factory=dict)
    seen: list[str] = field(default_factory=list)

    def __call__(self, seen: Seen) -> Reply:
        """Answer an order, or a challenge."""
        header = seen.headers.get("authorization")
        verdict = "new" if header is None else self._verdict(seen, fields_of(header))
        self.seen.append(verdict)
        if verdict == "good":
            info = f'nextnonce="{self._nonce()}"' if self.next_nonce else "qop=auth"
            headers = {"Authentication-Info": info}
            return Reply(json=orders(order(item(1))), headers=headers)
        stale = ", stale=TRUE" if verdict == "stale" and self.says_stale else ""
        realm = re.sub(r'(["\\])', r"\\\1", self.realm)
        challenge = (
            f'Digest realm="{realm}", nonce="{self._nonce()}", qop="auth", opaque="o:p",'
            f" algorithm={self.algorithm}, charset=UTF-8{stale}"
        )
        return Reply(401, json={"error": "digest"}, headers={"WWW-Authenticate": challenge})

    def _nonce(self) -> str:
        nonce = f"nonce-{len(self.counts)}"
        self.counts[nonce] = set()
        return nonce

    def _verdict(self, seen: Seen, sent: dict[str, str]) -> str:
        algorithm = self.algorithm.lower().replace("-sess", "").replace("-", "")

        def digest(*parts: str) -> str:
            text = ":".join(parts).encode()
            return hashlib.new(algorithm, text, usedforsecurity=False).hexdigest()

        secret = digest(self.name, self.realm, self.password)
        if self.algorithm.endswith("-sess"):
            secret = digest(secret, sent["nonce"], sent["cnonce"])
        what = digest(seen.method, seen.target)
        made = digest(secret, sent["nonce"], sent["nc"], sent["cnonce"], "auth", what)
        same = (sent["username"], sent["realm"], sent["uri"], sent["opaque"]) == (
            self.name,
            self.realm,
            seen.target,
            "o:p",
        )
        if not same or made != sent["response"] or sent["nonce"] not in self.counts:
            return "wrong"
        counts = self.counts[sent["nonce"]]
        if sent["nc"] in counts:
            return "repeated"
        counts.add(sent["nc"])
        return "good" if len(counts) <= self.uses else "stale"


@pytest.fixture
def server(platform: FakePlatform) -> Server:
    """The platform's own check."""
    made = Server()
    platform.on("/orders", made)
    return made


def bridge_on(platform: FakePlatform, **changes: Any) -> Bridge:
    """The mapping with `digest`, compiled."""
    return compile_mapping(spec_of({"upstream.auth": AUTH, **changes}, base_url=platform.url))


@pytest.mark.parametrize("algorithm", ["MD5", "MD5-sess", "SHA-256", "SHA-256-sess"])
async def test_the_challenge_is_answered_once_and_its_nonce_used_again(
    algorithm: str, platform: FakePlatform, server: Server
) -> None:
    """The first call is made twice; all that follow in the process are signed at once, and counted."""
    server.algorithm = algorithm
    bridge = bridge_on(platform)
    for _ in range(3):
        await bridge.answer(USER)
    await bridge.aclose()

    assert server.seen == ["new", "good", "good", "good"]
    assert list(server.counts.values()) == [{"00000001", "00000002", "00000003"}]


async def test_calls_at_once_repeat_no_count(platform: FakePlatform, server: Server) -> None:
    """Whatever order they come in, each has a count of its own."""
    bridge = bridge_on(platform)
    await asyncio.gather(*(bridge.answer(USER) for _ in range(20)))
    await asyncio.gather(*(bridge.answer(USER) for _ in range(20)))
    await bridge.aclose()

    assert set(server.seen) == {"new", "good"}
    assert server.seen.count("good") == 40


async def test_a_post_is_sent_again_with_its_body(platform: FakePlatform, server: Server) -> None:
    """A challenged request had no effect: even a POST that may not be retried is sent again."""
    changes = {"source.0.get": ..., "source.0.post": "/orders", "source.0.json": {"e": "{user}"}}
    bridge = bridge_on(platform, **changes)
    await bridge.answer(USER)
    await bridge.aclose()

    assert server.seen == ["new", "good"]
    assert {seen.content for seen in platform.seen} == {b'{"e":"ana@example.com"}'}


@pytest.mark.parametrize("says_stale", [True, False])
async def test_a_nonce_that_is_too_old_is_replaced(
    says_stale: bool, platform: FakePlatform, server: Server
) -> None:
    """`stale=true` costs one more request, and no user an answer; a platform that forgets it, too."""
    server.uses, server.says_stale = 2, says_stale
    bridge = bridge_on(platform)
    for _ in range(4):
        await bridge.answer(USER)
    await bridge.aclose()

    assert server.seen == ["new", "good", "good", "stale", "good", "good"]


async def test_a_platform_may_name_the_next_nonce(platform: FakePlatform, server: Server) -> None:
    """One whose nonces are good for one request does not have to refuse the others."""
    server.uses, server.next_nonce = 1, True
    bridge = bridge_on(platform)
    for _ in range(3):
        await bridge.answer(USER)
    await bridge.aclose()

    assert server.seen == ["new", "good", "good", "good"]


async def test_a_platform_whose_nonces_are_never_good_ends_the_answer(
    platform: FakePlatform, server: Server
) -> None:
    """There is no loop: three requests, and the refusal is told."""
    server.uses = 0
    problem = await problem_on(platform, {"upstream.auth": AUTH, "upstream.retries": 2})

    assert problem.slug == "upstream-auth"
    assert server.seen == ["new", "stale", "stale"]


@pytest.mark.parametrize("wrong", ["username", "password"])
async def test_wrong_credentials_are_upstream_auth(
    wrong: str, platform: FakePlatform, server: Server
) -> None:
    """One wrong try for each call: an account that is locked after some is not locked sooner."""
    bridge = bridge_on(platform, **{f"upstream.auth.{wrong}": "another"})
    for _ in range(2):
        with pytest.raises(ProblemError) as caught:
            await bridge.answer(USER)
        assert caught.value.slug == "upstream-auth"
    await bridge.aclose()

    assert server.seen == ["new", "wrong", "new", "wrong"]


async def test_a_platform_that_asks_for_nothing_is_told_nothing(platform: FakePlatform) -> None:
    """The credentials are only shown where they are asked for, and never as such."""
    platform.on("/orders", Reply(json=orders(order(item(1)))))
    bridge = bridge_on(platform)
    await bridge.answer(USER)
    await bridge.answer(USER)
    await bridge.aclose()

    assert all("authorization" not in seen.headers for seen in platform.seen)


@pytest.mark.parametrize("scheme", ['Basic realm="a"', 'Digest realm="a", nonce="n", algorithm=X'])
async def test_a_platform_that_asks_for_something_else_is_upstream_auth(
    scheme: str, platform: FakePlatform
) -> None:
    """A password is not sent in clear because somebody asks for it."""
    platform.on("/orders", Reply(401, headers={"WWW-Authenticate": scheme}))
    problem = await problem_on(platform, {"upstream.auth": AUTH})

    assert problem.slug == "upstream-auth"
    (seen,) = platform.seen
    assert "authorization" not in seen.headers


async def test_each_page_is_signed_for_its_own_url(platform: FakePlatform) -> None:
    """Pages, polls and retries count on."""
    server = Server()
    pages: dict[str, Callable[[Seen], Reply]] = {}

    def page(next_url: str | None, *first: Reply) -> Callable[[Seen], Reply]:
        before = list(first)

        def answer(seen: Seen) -> Reply:
            reply = server(seen)
            if reply.status != 200:
                return reply
            return before.pop(0) if before else Reply(json={**orders(), "next": next_url})

        return answer

    pages["1"] = page("?email=ana@example.com&p=2", Reply(503))
    pages["2"] = page("?email=ana@example.com&p=3", Reply(202, json={}))
    pages["3"] = page(None)
    platform.on("/orders", lambda seen: pages[dict(seen.query).get("p", "1")](seen))
    changes = {
        "source.0.pages": {"next_url": "body.next"},
        "source.0.responses": [{"status": 202, "then": "poll", "after": "1ms"}],
        "upstream.retries": 1,
    }
    assert await ids_on(platform, {"upstream.auth": AUTH, **changes}) == []
    assert server.seen == ["new", *["good"] * 5]


async def test_each_request_counts_against_the_calls_of_an_answer(
    platform: FakePlatform, server: Server
) -> None:
    """`max_calls` is what the platform has to bear: a challenged request is two."""
    problem = await problem_on(platform, {"upstream.auth": AUTH, "upstream.max_calls": 1})

    assert problem.slug == "mapping-mismatch"
    assert "max_calls" in problem.log
    assert server.seen == ["new"]


async def test_a_challenge_shows_the_breaker_that_the_platform_is_back(
    platform: FakePlatform,
) -> None:
    """The trial that a breaker lets through may be challenged: the answer to that is let through too."""
    server, down = Server(), [True]
    broken = Reply(steps=(CLOSE,))
    platform.on("/orders", lambda seen: broken if down[0] else server(seen))
    breaker = {"failures": 1, "open": "50ms"}
    bridge = bridge_on(platform, **{"upstream.breaker": breaker})
    with pytest.raises(ProblemError):
        await bridge.answer(USER)
    states = [bridge.breaker]
    down[0] = False
    await asyncio.sleep(0.06)
    await bridge.answer(USER)
    await bridge.aclose()

    assert [*states, bridge.breaker] == ["open", "closed"]
    assert server.seen == ["new", "good"]


async def test_a_realm_in_other_bytes_goes_back_as_it_came(platform: FakePlatform) -> None:
    """Old platforms write Latin-1: their realm is part of the digest, byte for byte."""
    secret = hashlib.md5(b"a:caf\xe9:b", usedforsecurity=False).hexdigest()
    what = hashlib.md5(b"GET:/orders?email=ana%40example.com", usedforsecurity=False).hexdigest()
    made = hashlib.md5(f"{secret}:n:{what}".encode(), usedforsecurity=False).hexdigest()

    def answer(seen: Seen) -> Reply:
        sent = seen.headers.get("authorization", "")
        if 'realm="caf\xe9"' in sent and f'response="{made}"' in sent:
            return Reply(json=orders(order(item(1))))
        head = b"HTTP/1.1 401 No\r\nContent-Length: 0\r\n"
        return Reply(steps=(head + b'WWW-Authenticate: Digest realm="caf\xe9", nonce="n"\r\n\r\n',))

    platform.on("/orders", answer)
    auth = {"type": "digest", "username": "a", "password": "b"}

    assert await ids_on(platform, {"upstream.auth": auth}) == ["1"]


async def test_the_same_get_is_challenged_once_for_an_answer(
    platform: FakePlatform, server: Server
) -> None:
    """A GET that two bindings share is asked for once, with its challenge."""
    platform.on("/users", Reply(json={"users": [1, 2]}))
    changes = {
        "source": [
            {"name": "who", "get": "/users", "each": "body.users"},
            {
                "name": "order",
                "get": "/orders",
                "query": {"email": "{user}"},
                "each": "body.orders",
            },
            {"name": "item", "each": "order.items"},
        ]
    }
    assert await ids_on(platform, {"upstream.auth": AUTH, **changes}) == ["1"]
    assert server.seen == ["new", "good"]
