"""`auth: {type: oauth1}`: requests signed as RFC 5849 says, as published vectors and a platform check it."""

from __future__ import annotations

import base64
import hmac
import subprocess
import sys
import time
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl, quote, unquote

import pytest

from tests.fake_platform import FakePlatform, Reply, Seen
from tests.support import NOW, ids_on, item, order, orders, problem_on
from ticketbridge.engine.answer_trace import AnswerTrace
from ticketbridge.engine.deadline import Deadline
from ticketbridge.engine.problems import MappingMismatch
from ticketbridge.engine.upstream.auth import Credentials
from ticketbridge.engine.upstream.context import AnswerContext
from ticketbridge.engine.upstream.limits import BodyBudget
from ticketbridge.engine.upstream.messages import PlatformRequest
from ticketbridge.engine.upstream.oauth1 import OAuth1
from ticketbridge.mapping.spec import OAuth1AuthSpec, Secret

pytestmark = pytest.mark.anyio
FORM = (("content-type", "application/x-www-form-urlencoded; charset=utf-8"),)


# --- published vectors ----------------------------------------------------------------------------


@dataclass
class At(AnswerContext):
    """A context whose moment and nonce are given."""

    given: str = ""

    def nonce(self) -> str:
        """See AnswerContext."""
        return self.given


async def sign(spec: OAuth1AuthSpec, request: PlatformRequest, at: int, nonce: str) -> Credentials:
    """What signs *request* at these Unix seconds."""
    fixed = datetime.fromtimestamp(at, UTC)
    context = At(AnswerTrace(), {}, Deadline(1), BodyBudget(1), fixed=fixed, given=nonce)
    return OAuth1(spec).sign(request, context)


def spec(*words: str, method: Any = "HMAC-SHA1", realm: str | None = None) -> OAuth1AuthSpec:
    """Consumer key and secret, and token and secret where they are given."""
    secrets = list(map(Secret, words))
    token, token_secret = secrets[2:] or (None, None)
    return OAuth1AuthSpec(secrets[0], secrets[1], token, token_secret, method, realm)


VECTORS = [
    # OAuth Core 1.0, appendix A.5.
    pytest.param(
        spec(
            "dpf43f3p2l4k3l03",
            "kd94hf93k423kf44",
            "nnch734d00sl2jdk",
            "pfkkdhi9sl3r4s00",
            realm="http://photos.example.net/",
        ),
        PlatformRequest("http://photos.example.net/photos?file=vacation.jpg&size=original"),
        (1191242096, "kllo9940pd9333jh"),
        "tR3%2BTy81lMeYAr%2FFid0kMTYa%2FWM%3D",
        id="OAuth Core 1.0",
    ),
    # developer.x.com, "Creating a signature": a form, whose parameters are signed too.
    pytest.param(
        spec(
            "xvz1evFS4wEEPTGEFPHBog",
            "kAcSOqF21Fu85e7zjz7ZN2U4ZRhfV3WpwPAoE3Z7kBw",
            "370773112-GmHxMAgYyLbNEtIKZeRNFsMKPR9EyMZeS9weJAEb",
            "LswwdoUaIvS8ltyTt5jkRh4J50vUPVVHtR2YPi5kE",
        ),
        PlatformRequest(
            "https://api.twitter.com/1.1/statuses/update.json?include_entities=true",
            FORM,
            "POST",
            b"status=Hello%20Ladies%20%2B%20Gentlemen%2C%20a%20signed%20OAuth%20request%21",
        ),
        (1318622958, "kYjzVBB8Y0ZFabxSWbWovY3uYSQ2pTgmZeNu2VS4cg"),
        "hCtSmYh%2BiHYCEqBWrE7C7hYmtUk%3D",
        id="a form",
    ),
]


@pytest.mark.parametrize(("auth", "request_", "when", "signature"), VECTORS)
async def test_a_published_vector_comes_out_byte_for_byte(
    auth: OAuth1AuthSpec, request_: PlatformRequest, when: tuple[int, str], signature: str
) -> None:
    """The signature stands escaped in the header, and decoded among what no log may repeat."""
    made = await sign(auth, request_, *when)

    header = made.headers["Authorization"]
    assert header.endswith(f'oauth_signature="{signature}"')
    assert header.startswith(f'OAuth realm="{auth.realm}", ' if auth.realm else "OAuth oauth_nonce")
    assert unquote(signature) in made.secrets()


# --- a platform that checks -----------------------------------------------------------------------

KEY, CONSUMER, TOKEN, OTHER = "the-bridge", "consumer&secret", "the-token", "token+secret"
AUTH = {
    "type": "oauth1",
    "consumer_key": KEY,
    "consumer_secret": CONSUMER,
    "token": TOKEN,
    "token_secret": OTHER,
}


def escape(text: str) -> str:
    """RFC 5849, section 3.6."""
    return quote(text, safe="~")


def signature_of(
    method: str,
    url: str,
    parameters: Iterable[tuple[str, str]],
    seconds: tuple[str, str],
    algorithm: str,
) -> str:
    """RFC 5849, section 3.4, with the secrets of consumer and token."""
    normal = "&".join(f"{n}={v}" for n, v in sorted((escape(n), escape(v)) for n, v in parameters))
    text = "&".join(map(escape, (method, url, normal)))
    key = "&".join(map(escape, seconds)).encode()
    return base64.b64encode(hmac.new(key, text.encode(), algorithm).digest()).decode()


def test_the_platform_checks_as_the_rfc_says() -> None:
    """RFC 5849, section 1.2: the photo. Its requests have no `oauth_version`, which ours have."""
    parameters = {
        "file": "vacation.jpg",
        "size": "original",
        "oauth_consumer_key": "dpf43f3p2l4k3l03",
        "oauth_token": "nnch734d00sl2jdk",
        "oauth_signature_method": "HMAC-SHA1",
        "oauth_timestamp": "137131202",
        "oauth_nonce": "chapoH",
    }
    secrets = ("kd94hf93k423kf44", "pfkkdhi9sl3r4s00")
    url = "http://photos.example.net/photos"

    assert (
        signature_of("GET", url, parameters.items(), secrets, "sha1")
        == "MdpQcU8iPSUjWoN/UDMsK2sui9I="
    )


def accepts(seen: Seen, seconds: tuple[str, str] = (CONSUMER, OTHER), token: str = TOKEN) -> bool:
    """Whether the platform, which keeps to RFC 5849, section 3.4, accepts the request."""
    scheme, _, rest = seen.headers["authorization"].partition(" ")
    pairs = [part.strip().partition("=") for part in rest.split(",")]
    sent = {unquote(name): unquote(value.strip('"')) for name, _, value in pairs}
    signature = sent.pop("oauth_signature")
    realm = sent.pop("realm", None)
    query = seen.target.partition("?")[2]
    form = seen.content.decode() if "urlencoded" in seen.headers.get("content-type", "") else ""
    parameters = [
        *sent.items(),
        *parse_qsl(query, keep_blank_values=True),
        *parse_qsl(form, keep_blank_values=True),
    ]
    url = f"http://{seen.headers['host']}{seen.target.partition('?')[0]}"
    algorithm = sent["oauth_signature_method"].partition("-")[2].lower()
    made = signature_of(seen.method, url, parameters, seconds, algorithm)
    return (
        scheme == "OAuth"
        and signature == made
        and sent.get("oauth_token", "") == token
        and sent["oauth_consumer_key"] == KEY
        and abs(int(sent["oauth_timestamp"]) - time.time()) < 60
        and realm in {None, "shop"}
    )


def only_signed(seen: Seen) -> Reply:
    """An order where the request is signed, else 401."""
    return Reply(json=orders(order(item(1)))) if accepts(seen) else Reply(401)


REQUESTS: dict[str, dict[str, Any]] = {
    "get": {"source.0.query": {"email": "{user}", "q": ["b c", "a+/\u00e9", ""], "z": "~"}},
    "no query": {"source.0.query": ...},
    "path": {"source.0.get": "/a b/{user}"},
    "form": {
        "source.0.get": ...,
        "source.0.post": "/orders",
        "source.0.form": {"email": "{user}", "a": ["1 2", "%"]},
    },
    "json": {"source.0.get": ..., "source.0.post": "/orders", "source.0.json": {"e": "{user}"}},
    "SHA-1": {"upstream.auth": {**AUTH, "method": "HMAC-SHA1"}},
    "SHA-512": {"upstream.auth": {**AUTH, "method": "HMAC-SHA512", "realm": "shop"}},
}


@pytest.mark.parametrize("kind", REQUESTS)
async def test_a_platform_accepts_what_is_signed(kind: str, platform: FakePlatform) -> None:
    """Query and form are part of what is signed, a JSON body is not; each by code of its own."""
    for path in ("/orders", "/a b/ana@example.com"):
        platform.on(path, only_signed)

    assert await ids_on(platform, {"upstream.auth": AUTH, **REQUESTS[kind]}) == ["1"]


async def test_a_consumer_without_a_token_signs_with_its_own_secret(platform: FakePlatform) -> None:
    """Two-legged: the token's part of the key is empty."""
    good = Reply(json=orders(order(item(1))))
    platform.on(
        "/orders",
        lambda seen: good if accepts(seen, (CONSUMER, ""), "") else Reply(401),
    )
    auth = {"type": "oauth1", "consumer_key": KEY, "consumer_secret": CONSUMER}

    assert await ids_on(platform, {"upstream.auth": auth}) == ["1"]


@pytest.mark.parametrize("wrong", ["consumer_secret", "token_secret", "consumer_key", "token"])
async def test_wrong_credentials_are_upstream_auth(wrong: str, platform: FakePlatform) -> None:
    """The platform's 401 is told as what it is, after one try."""
    platform.on("/orders", only_signed)
    problem = await problem_on(
        platform, {"upstream.auth": {**AUTH, wrong: "another"}, "upstream.retries": 2}
    )

    assert problem.slug == "upstream-auth"
    assert len(platform.seen) == 1


async def test_each_try_and_page_has_a_nonce_of_its_own(platform: FakePlatform) -> None:
    """A platform that has seen a nonce refuses it: none is sent twice."""
    page = {**orders(order(item(1))), "next": "?email=ana@example.com&p=2"}
    platform.on(
        "/orders", Reply(503), Reply(json=page), Reply(503), Reply(json={**orders(), "next": None})
    )
    changes = {"upstream.retries": 2, "source.0.pages": {"next_url": "body.next"}}
    await ids_on(platform, {"upstream.auth": AUTH, **changes})

    nonces = {
        seen.headers["authorization"].partition('oauth_nonce="')[2].partition('"')[0]
        for seen in platform.seen
    }
    assert len(nonces) == len(platform.seen) == 4
    assert all(map(accepts, platform.seen))


async def test_a_url_that_cannot_be_signed_is_a_mapping_mismatch(platform: FakePlatform) -> None:
    """A next URL may have what no form has: it is not sent without its signature."""
    page = {**orders(order(item(1))), "next": "?email=ana@example.com&p=[2]"}
    platform.on("/orders", Reply(json=page))
    changes = {"source.0.pages": {"next_url": "body.next"}}
    problem = await problem_on(platform, {"upstream.auth": AUTH, **changes})

    assert isinstance(problem, MappingMismatch)
    assert "ana" not in problem.log
    assert len(platform.seen) == 1


def test_the_library_is_loaded_where_a_mapping_needs_it() -> None:
    """Other mappings do without it."""
    program = (
        "import sys; from tests.support import spec_of;"
        " from ticketbridge.engine.bridge import compile_mapping;"
        " compile_mapping(spec_of()); before = 'oauthlib' in sys.modules;"
        f" compile_mapping(spec_of({{'upstream.auth': {AUTH!r}}}));"
        " print(before, 'oauthlib' in sys.modules)"
    )
    ran = subprocess.run(  # noqa: S603 - our own program
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )

    assert ran.stdout.split() == ["False", "True"]


async def test_a_fixed_clock_fixes_the_nonce_too() -> None:
    """In a case the whole header can be written down."""
    context = AnswerContext(AnswerTrace(), {}, Deadline(1), BodyBudget(1), fixed=NOW)

    assert context.nonce() == context.nonce() == "0" * 32
