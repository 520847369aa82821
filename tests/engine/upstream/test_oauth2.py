"""OAuth 2.0 over real sockets: a token host that verifies what it gets, and a platform elsewhere."""

from __future__ import annotations

import asyncio
import base64
import gc
import json
import sys
import time
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from tests.fake_platform import FakePlatform, Reply, Seen, Until
from tests.support import USER, item, mapping, order, orders, spec_of, tickets_of
from ticketbridge.engine.bridge import Bridge, compile_mapping
from ticketbridge.engine.problems import (
    MappingMismatch,
    ProblemError,
    UpstreamAuth,
    UpstreamError,
)
from ticketbridge.engine.upstream.tokens import Token, TokenStore
from ticketbridge.mapping import Environment, MappingError
from ticketbridge.workbench.check.checking import check_text

pytestmark = pytest.mark.anyio

JWT_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer"
SECRETS = {
    "CLIENT": "cl:ient",
    "CLIENT_SECRET": "cl1ent&secret",
    "USERNAME": "box office",
    "PASSWORD": "p@ss/word",
    "REFRESH": "refresh-1",
    "CHANNEL": "channel-77",
}
CLIENT = {"client_id": "${CLIENT}", "client_secret": "${CLIENT_SECRET}"}
BASIC = f"Basic {base64.b64encode(b'cl%3Aient:cl1ent%26secret').decode()}"
IN_BODY = {"client_id": "cl:ient", "client_secret": "cl1ent&secret"}


@cache
def pem_of(kind: str) -> str:
    """The PEM text of a private key of this *kind*, the same for all tests."""
    kinds: dict[str, Callable[[], Any]] = {
        "rsa": lambda: rsa.generate_private_key(65537, 2048),
        "short-rsa": lambda: rsa.generate_private_key(65537, 1024),  # noqa: S505 - to be refused
        "p256": lambda: ec.generate_private_key(ec.SECP256R1()),
        "p384": lambda: ec.generate_private_key(ec.SECP384R1()),
        "ed25519": ed25519.Ed25519PrivateKey.generate,
        "koblitz": lambda: ec.generate_private_key(ec.SECP256K1()),
        "dsa": lambda: dsa.generate_private_key(1024),  # noqa: S505 - to be refused
        "encrypted": lambda: rsa.generate_private_key(65537, 2048),
    }
    key = kinds[kind]()
    encryption = BestAvailableEncryption(b"phrase") if kind == "encrypted" else NoEncryption()
    return str(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, encryption).decode())


def public_of(pem: str) -> Any:
    """The public key of the private key *pem*."""
    return load_pem_private_key(pem.encode(), None).public_key()


@dataclass
class TokenHost:
    """A token host: *check* looks at each form, and says what is wrong with it, or ""."""

    platform: FakePlatform
    check: Callable[[Mapping[str, str], Seen], str]
    granted: Mapping[str, Any] = field(default_factory=dict)
    status: int = 200
    forms: list[dict[str, str]] = field(default_factory=list)
    hold: asyncio.Event | None = None

    def __post_init__(self) -> None:
        self.platform.on("/oauth/token", self.answer)

    @property
    def url(self) -> str:
        """The token URL."""
        return f"{self.platform.url}/oauth/token"

    def answer(self, seen: Seen) -> Reply:
        """Give a token, or refuse."""
        assert (seen.method, seen.headers["content-type"]) == (
            "POST",
            "application/x-www-form-urlencoded",
        )
        pairs = parse_qsl(seen.content.decode(), keep_blank_values=True, strict_parsing=True)
        form = dict(pairs)
        assert len(form) == len(pairs)
        self.forms.append(form)
        wrong = self.check(form, seen)
        if wrong:
            return Reply(400, json={"error": "invalid_grant", "error_description": wrong})
        given = {"access_token": f"token-{len(self.forms)}", **self.granted}
        reply = Reply(self.status, json=given)
        return Reply(steps=[Until(self.hold), *reply.script()]) if self.hold else reply


def same(**expected: str) -> Callable[[Mapping[str, str], Seen], str]:
    """Return a check that a form is exactly *expected*; `Authorization` is that of the request."""
    header = expected.pop("Authorization", None)

    def check(form: Mapping[str, str], seen: Seen) -> str:
        return "" if (form, seen.headers.get("authorization")) == (expected, header) else str(form)

    return check


@pytest.fixture(autouse=True)
def forgetting(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each test begins without the refresh tokens of the tests before: ports come again."""
    monkeypatch.setattr("ticketbridge.engine.upstream.oauth2._REPLACED", {})


@pytest.fixture
async def api() -> AsyncIterator[FakePlatform]:
    """The platform: it takes whatever token, and says what came."""
    async with FakePlatform() as platform:
        platform.on("/orders", Reply(json=orders(order(item(1)))))
        yield platform


@pytest.fixture
async def elsewhere() -> AsyncIterator[FakePlatform]:
    """Another host, on another port."""
    async with FakePlatform() as platform:
        yield platform


def bridge_on(api: FakePlatform, host: TokenHost | str, auth: Mapping[str, Any]) -> Bridge:
    """The test mapping with *auth*, whose token comes from *host*."""
    url = host if isinstance(host, str) else host.url
    changes = {
        "upstream.auth": {"type": "oauth2", "token_url": url, **auth},
        "upstream.headers": {"X-Key": "of-the-platform"},
    }
    variables = {**SECRETS, "KEY": pem_of("rsa")}
    return compile_mapping(spec_of(changes, base_url=api.url, variables=variables))


async def problem_of(bridge: Bridge) -> ProblemError:
    """The problem of an answer that fails."""
    with pytest.raises(ProblemError) as caught:
        await bridge.answer(USER)
    return caught.value


def signed(api: FakePlatform) -> list[str | None]:
    """The Authorization of each call."""
    return [seen.headers.get("authorization") for seen in api.seen]


# --- what each grant sends ------------------------------------------------------------------------

PASSWORD = {"grant": "password", "username": "${USERNAME}", "password": "${PASSWORD}"}
REFRESH = {"grant": "refresh_token", "refresh_token": "${REFRESH}"}
USER_FORM = {"grant_type": "password", "username": "box office", "password": "p@ss/word"}
SENT = [
    pytest.param(
        {**CLIENT, "scope": "a b", "audience": "https://x.example"},
        {
            "grant_type": "client_credentials",
            "scope": "a b",
            "audience": "https://x.example",
            "Authorization": BASIC,
        },
        id="client-credentials",
    ),
    pytest.param(
        {**CLIENT, "send": "body", "form": {"channel_id": "${CHANNEL}", "kind": "b2b"}},
        {
            "grant_type": "client_credentials",
            "channel_id": "channel-77",
            "kind": "b2b",
            **IN_BODY,
        },
        id="onebox-channel",
    ),
    pytest.param(
        {**PASSWORD, **CLIENT}, {**USER_FORM, "Authorization": BASIC}, id="password-basic"
    ),
    pytest.param(
        {**PASSWORD, **CLIENT, "send": "body"}, {**USER_FORM, **IN_BODY}, id="password-body"
    ),
    pytest.param(PASSWORD, USER_FORM, id="password-alone"),
    pytest.param(
        {**PASSWORD, "password": "${NOTHING:-}", "form": {"mfa": "${NOTHING:-}"}},
        {**USER_FORM, "password": "", "mfa": ""},
        id="empty-password",
    ),
    pytest.param(
        {**PASSWORD, "client_id": "${CLIENT}"},
        {**USER_FORM, "client_id": "cl:ient"},
        id="public-client",
    ),
    pytest.param(
        {**REFRESH, **CLIENT, "send": "body"},
        {"grant_type": "refresh_token", "refresh_token": "refresh-1", **IN_BODY},
        id="zoho-refresh",
    ),
]


@pytest.mark.parametrize(("auth", "expected"), SENT)
async def test_a_grant_sends_its_parameters_to_the_token_host_alone(
    auth: Mapping[str, Any], expected: dict[str, str], api: FakePlatform, elsewhere: FakePlatform
) -> None:
    """The form has what the grant takes and no more; nothing of it reaches the platform, nor back."""
    host = TokenHost(elsewhere, same(**expected))
    bridge = bridge_on(api, host, auth)

    assert len(tickets_of(await bridge.answer(USER))) == 1
    await bridge.aclose()

    assert signed(api) == ["Bearer token-1"]
    assert "x-key" not in elsewhere.seen[0].headers
    assert api.seen[0].headers["x-key"] == "of-the-platform"
    sent_to_api = f"{[(seen.target, seen.headers, seen.content) for seen in api.seen]}"
    assert not any(secret in sent_to_api for secret in SECRETS.values())


@pytest.mark.parametrize(("auth", "expected"), SENT)
async def test_a_wrong_secret_is_upstream_auth_and_not_tried_again(
    auth: Mapping[str, Any], expected: dict[str, str], api: FakePlatform, elsewhere: FakePlatform
) -> None:
    """Whatever differs from what the host knows is refused; no call is made, and no second login."""
    wrong = {**expected, "grant_type": "another"}
    bridge = bridge_on(api, host := TokenHost(elsewhere, same(**wrong)), auth)

    first, second = await problem_of(bridge), await problem_of(bridge)
    await bridge.aclose()

    assert isinstance(first, UpstreamAuth)
    assert isinstance(second, UpstreamAuth)
    assert (len(host.forms), api.seen) == (1, [])
    assert not any(secret in f"{first.log}{second.log}" for secret in SECRETS.values())


# --- assertions -----------------------------------------------------------------------------------

GOOGLE = {
    "grant": "jwt_bearer",
    "private_key": "${KEY}",
    "claims": {"iss": "${CLIENT}", "scope": "https://sheets.example/readonly"},
}
SALESFORCE = {
    "grant": "jwt_bearer",
    "private_key": "${KEY}",
    "claims": {
        "iss": "${CLIENT}",
        "sub": "${USERNAME}",
        "aud": "https://login.salesforce.example",
        "roles": ["a", {"deep": "${CHANNEL}"}],
    },
}


def asserting(pem: str, audience: str, algorithm: str = "RS256", **claims: Any) -> Any:
    """Return a check of an assertion: its signature, its times, its id, and its *claims*."""
    seen_ids: set[str] = set()

    def check(form: Mapping[str, str], seen: Seen) -> str:
        if set(form) != {"grant_type", "assertion"} or form["grant_type"] != JWT_BEARER:
            return "not such a form"
        assert "authorization" not in seen.headers
        try:
            token = jwt.decode(
                form["assertion"],
                public_of(pem),
                algorithms=[algorithm],
                audience=audience,
                options={"require": ["iss", "aud", "iat", "exp", "jti"]},
            )
        except jwt.InvalidTokenError as error:
            return type(error).__name__
        made, ends, name = token.pop("iat"), token.pop("exp"), token.pop("jti")
        assert time.time() - 60 < made <= time.time() + 1
        assert ends == made + 45
        assert token.pop("aud") == audience
        again = name in seen_ids
        seen_ids.add(name)
        return (
            "an id of before" if again or len(name) < 16 else "" if token == claims else str(token)
        )

    return check


@pytest.mark.parametrize("name", ["google", "salesforce"])
async def test_an_assertion_is_signed_and_says_its_claims(
    name: str, api: FakePlatform, elsewhere: FakePlatform
) -> None:
    """`aud` is the token URL where the claims name none; times and id are fresh for each login."""
    scope = {"iss": "cl:ient", "scope": "https://sheets.example/readonly"}
    roles = ["a", {"deep": "channel-77"}]
    subject = {"iss": "cl:ient", "sub": "box office", "roles": roles}
    url = f"{elsewhere.url}/oauth/token"
    known: dict[str, tuple[str, dict[str, Any]]] = {
        "google": (url, scope),
        "salesforce": ("https://login.salesforce.example", subject),
    }
    audience, claims = known[name]
    host = TokenHost(elsewhere, asserting(pem_of("rsa"), audience, **claims))
    bridge = bridge_on(api, host, GOOGLE if name == "google" else SALESFORCE)

    await bridge.answer(USER)
    api.on("/orders", Reply(401), Reply(json=orders(order(item(1)))))
    await bridge.answer(USER)
    await bridge.aclose()

    assert signed(api) == ["Bearer token-1", "Bearer token-1", "Bearer token-2"]


@pytest.mark.parametrize(
    ("kind", "algorithm"), [("p256", "ES256"), ("p384", "ES384"), ("ed25519", "EdDSA")]
)
async def test_the_kind_of_key_says_how_an_assertion_is_signed(
    kind: str, algorithm: str, api: FakePlatform, elsewhere: FakePlatform
) -> None:
    """A key on a curve signs by the algorithm of its curve. Line breaks may be written as `\\n`."""
    url = f"{elsewhere.url}/oauth/token"
    host = TokenHost(elsewhere, asserting(pem_of(kind), url, algorithm, iss="me"))
    auth = {"grant": "jwt_bearer", "private_key": "${KEY}", "claims": {"iss": "me"}}
    changes = {"upstream.auth": {"type": "oauth2", "token_url": host.url, **auth}}
    variables = {"KEY": pem_of(kind).replace("\n", "\\n")}
    bridge = compile_mapping(spec_of(changes, base_url=api.url, variables=variables))

    assert len(tickets_of(await bridge.answer(USER))) == 1
    await bridge.aclose()


async def test_a_key_may_stand_in_a_file(
    tmp_path: Path, api: FakePlatform, elsewhere: FakePlatform
) -> None:
    """`NAME_FILE` names the file whose content is the variable, line breaks and all."""
    (tmp_path / "key.pem").write_text(pem_of("rsa"))
    url = f"{elsewhere.url}/oauth/token"
    host = TokenHost(elsewhere, asserting(pem_of("rsa"), url, iss="me"))
    auth = {"grant": "jwt_bearer", "private_key": "${KEY}", "claims": {"iss": "me"}}
    changes = {"upstream.auth": {"type": "oauth2", "token_url": host.url, **auth}}
    variables = {"KEY_FILE": str(tmp_path / "key.pem")}
    bridge = compile_mapping(spec_of(changes, base_url=api.url, variables=variables))

    assert len(tickets_of(await bridge.answer(USER))) == 1
    await bridge.aclose()


async def test_another_key_is_refused(api: FakePlatform, elsewhere: FakePlatform) -> None:
    """An assertion that the host cannot verify is upstream-auth, and is in no message."""
    host = TokenHost(elsewhere, asserting(pem_of("p256"), elsewhere.url, "ES256"))
    bridge = bridge_on(api, host, GOOGLE)

    problem = await problem_of(bridge)
    await bridge.aclose()

    assert isinstance(problem, UpstreamAuth)
    assert host.forms[0]["assertion"] not in f"{problem.log}{problem}{bridge.spec!r}"


async def test_each_try_of_a_login_has_an_assertion_of_its_own(
    api: FakePlatform, elsewhere: FakePlatform
) -> None:
    """A host may take an id once: a login that is tried again signs again."""
    url = f"{elsewhere.url}/oauth/token"
    check = asserting(pem_of("rsa"), url, iss="cl:ient", scope="https://sheets.example/readonly")
    host = TokenHost(elsewhere, check)
    elsewhere.on("/oauth/token", lambda seen: replace(host.answer(seen), cut=3), host.answer)
    auth = {"type": "oauth2", "token_url": url, **GOOGLE}
    changes = {"upstream.auth": auth, "upstream.retries": 1}
    variables = {**SECRETS, "KEY": pem_of("rsa")}
    bridge = compile_mapping(spec_of(changes, base_url=api.url, variables=variables))

    assert len(tickets_of(await bridge.answer(USER))) == 1
    await bridge.aclose()

    assert len({form["assertion"] for form in host.forms}) == 2


@pytest.mark.parametrize(
    ("pem", "words"),
    [
        ("nothing", "holds no private key in PEM form"),
        ("short-rsa", "fewer than 2048 bits"),
        ("koblitz", "signs no JWT"),
        ("dsa", "signs no JWT"),
        ("encrypted", "protected by a passphrase"),
    ],
)
def test_a_key_that_cannot_sign_is_an_error_at_load(pem: str, words: str) -> None:
    """The finding says what is wrong with the key, and shows nothing of it."""
    text = pem if pem == "nothing" else pem_of(pem)
    auth = {"type": "oauth2", "token_url": "https://l.example/t", **GOOGLE}
    variables = {**SECRETS, "KEY": text}

    with pytest.raises(MappingError) as caught:
        compile_mapping(spec_of({"upstream.auth": auth}, variables=variables))

    [finding] = caught.value.findings
    assert finding.code == "TB092"
    assert words in finding.message
    assert text not in str(finding)


@pytest.mark.parametrize("known", [True, False])
def test_without_the_extra_an_assertion_is_an_error_that_names_it(
    known: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`serve` and `check` say what to install, with and without the key at hand."""
    name = "ticketbridge.engine.upstream.assertion"
    monkeypatch.delitem(sys.modules, name, raising=False)
    monkeypatch.setitem(sys.modules, "jwt", None)
    key = {"KEY": pem_of("rsa")} if known else {}
    environment = Environment({**SECRETS, **key}, missing="placeholder")
    auth = {"type": "oauth2", "token_url": "https://l.example/t", **GOOGLE}
    text = json.dumps(mapping({"upstream.auth": auth}), indent=1)

    found = check_text(text, file="acme.yaml", environment=environment)

    errors = [finding for finding in found if finding.severity == "error"]
    assert [finding.code for finding in errors] == ["TB092"]
    assert errors[0].suggestion == "pip install 'ticketbridge[jwt]'"
    if known:
        with pytest.raises(MappingError, match=r"ticketbridge\[jwt\]"):
            compile_mapping(spec_of({"upstream.auth": auth}, variables={**SECRETS, **key}))


# --- what an answer gives -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("auth", "granted", "status", "expected"),
    [
        ({}, {}, 201, "Bearer token-1"),
        ({}, {"token_type": "BEARER"}, 200, "Bearer token-1"),
        ({}, {"error": None}, 200, "Bearer token-1"),
        ({}, {"refresh_token": 7}, 200, "Bearer token-1"),
        (REFRESH, {"refresh_token": ""}, 200, "Bearer token-1"),
        ({"scheme": "Zoho-oauthtoken"}, {"token_type": "Bearer"}, 200, "Zoho-oauthtoken token-1"),
        ({"scheme": "Bearer"}, {"token_type": "BearerToken"}, 200, "Bearer token-1"),
        ({"token": "id_token"}, {"id_token": "other", "access_token": 7}, 200, "Bearer other"),
        ({"token": "body.data.key"}, {"data": {"key": "deep"}}, 203, "Bearer deep"),
        ({"token": 'headers."x-token"'}, {"access_token": None}, 200, "Bearer of-a-header"),
    ],
)
async def test_the_token_is_where_the_mapping_says(
    auth: Mapping[str, Any],
    granted: Mapping[str, Any],
    status: int,
    expected: str,
    api: FakePlatform,
    elsewhere: FakePlatform,
) -> None:
    """`token` names a key or is an expression, `scheme` stands before it; any 2xx answer will do."""
    host = TokenHost(elsewhere, lambda *_: "", granted, status)
    answer = {"access_token": "token-1", **granted}
    headers = {"X-Token": "of-a-header"}
    elsewhere.on("/oauth/token", Reply(status, json=answer, headers=headers))
    bridge = bridge_on(api, host, {**CLIENT, **auth})

    await bridge.answer(USER)
    await bridge.aclose()

    assert signed(api) == [expected]


@pytest.mark.parametrize(
    ("auth", "body", "kind", "words"),
    [
        ({}, {"error": "invalid_client"}, UpstreamAuth, "invalid_client"),
        ({}, {"error": "invalid_code s3cret"}, UpstreamAuth, "no token, and an error"),
        ({}, {"error": {"code": 7}}, UpstreamAuth, "no token, and an error"),
        ({}, {"error": "invalid_grant", "access_token": ""}, UpstreamAuth, "invalid_grant"),
        ({}, {"error": None}, MappingMismatch, "access_token"),
        ({"token": "body.data.key"}, {"error": "x"}, UpstreamAuth, "an error"),
        ({"token": "idtoken"}, {"access_token": "t"}, MappingMismatch, "idtoken"),
        ({}, {"access_token": ["t"]}, MappingMismatch, "no token that a header can carry"),
        ({}, {"access_token": {"a": "t"}}, MappingMismatch, "no token that a header can carry"),
        ({}, {"access_token": True}, MappingMismatch, "no token that a header can carry"),
        ({}, {"access_token": 7}, MappingMismatch, "no token that a header can carry"),
        ({}, {"access_token": "t t"}, MappingMismatch, "no token that a header can carry"),
        ({}, {"access_token": "t\u00e9"}, MappingMismatch, "no token that a header can carry"),
        ({}, {"access_token": "t\x00"}, MappingMismatch, "no token that a header can carry"),
        ({}, {"access_token": "t", "token_type": "DPoP"}, MappingMismatch, "not bearer"),
        ({}, {"access_token": "t", "expires_in": -1}, MappingMismatch, "expires_in"),
        ({}, {"access_token": "t", "expires_in": "NaN"}, MappingMismatch, "expires_in"),
        ({}, {"access_token": "t", "expires_in": 1e300}, MappingMismatch, "expires_in"),
        ({"expires_in": "seconds"}, {"access_token": "t"}, MappingMismatch, "expires_in"),
        (REFRESH, {"access_token": "t", "refresh_token": 7}, MappingMismatch, "refresh_token"),
        (REFRESH, {"access_token": "t", "refresh_token": "a\nb"}, MappingMismatch, "refresh"),
        (
            REFRESH,
            {"access_token": "t", "refresh_token": "a" * 8001},
            MappingMismatch,
            "refresh_token",
        ),
    ],
)
async def test_what_is_no_token_is_a_problem_that_does_not_repeat_it(
    auth: Mapping[str, Any],
    body: Mapping[str, Any],
    kind: type[ProblemError],
    words: str,
    api: FakePlatform,
    elsewhere: FakePlatform,
) -> None:
    """An error in a 200 is upstream-auth; any other answer without a token is mapping-mismatch."""
    elsewhere.on("/oauth/token", Reply(json=body))
    bridge = bridge_on(api, f"{elsewhere.url}/oauth/token", {**CLIENT, **auth})

    problem = await problem_of(bridge)
    await bridge.aclose()

    assert type(problem) is kind
    assert words in problem.log
    assert "s3cret" not in problem.log
    assert api.seen == []


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The time that tokens live by, in a list of one."""
    moment = [1000.0]
    monkeypatch.setattr("ticketbridge.engine.upstream.tokens._now", lambda: moment[0])
    return moment


@pytest.mark.parametrize(
    ("expires_in", "granted"),
    [
        ("10s", {}),
        ("expires_in_sec", {"expires_in": 10_000_000, "expires_in_sec": 10}),
        ("body.expires_in_sec", {"expires_in_sec": "10"}),
        (None, {"expires_in": 10}),
    ],
)
async def test_a_token_lives_as_long_as_the_mapping_says(
    expires_in: str | None,
    granted: Mapping[str, Any],
    clock: list[float],
    api: FakePlatform,
    elsewhere: FakePlatform,
) -> None:
    """`expires_in` is a duration, a key of the answer, or an expression; by default the RFC's key."""
    host = TokenHost(elsewhere, lambda *_: "", granted)
    said = {} if expires_in is None else {"expires_in": expires_in}
    bridge = bridge_on(api, host, {**CLIENT, **said})

    for seconds in (0, 8.9, 0.2):
        clock[0] += seconds
        await bridge.answer(USER)
    await bridge.aclose()

    assert signed(api) == ["Bearer token-1", "Bearer token-1", "Bearer token-2"]


# --- refresh tokens that are replaced -------------------------------------------------------------


class Rotating:
    """Takes each refresh token once, and gives the next with the answer."""

    def __init__(self, elsewhere: FakePlatform) -> None:
        self.good = "refresh-1"
        self.host = TokenHost(elsewhere, lambda *_: "")
        self.hold: asyncio.Event | None = None
        elsewhere.on("/oauth/token", self.answer)

    def answer(self, seen: Seen) -> Reply:
        """A token, and the refresh token after the one that was sent."""
        if dict(parse_qsl(seen.content.decode())).get("refresh_token") != self.good:
            return Reply(400, json={"error": "invalid_grant"})
        number = int(self.good.rpartition("-")[2])
        self.good = f"refresh-{number + 1}"
        answer = {"access_token": f"token-{number}", "refresh_token": self.good}
        return self.host_reply(answer)

    def host_reply(self, answer: Mapping[str, Any]) -> Reply:
        """The answer, once nothing holds it back."""
        reply = Reply(json=answer)
        return Reply(steps=[Until(self.hold), *reply.script()]) if self.hold else reply


async def test_a_replaced_refresh_token_is_used_from_then_on(
    api: FakePlatform, elsewhere: FakePlatform
) -> None:
    """Twenty answers at once log in once; each later login sends the token that the one before gave."""
    rotating = Rotating(elsewhere)
    bridge = bridge_on(api, rotating.host, REFRESH)

    async def twenty() -> None:
        users = [f"user{number}@example.com" for number in range(20)]
        await asyncio.gather(*(bridge.answer(user) for user in users))

    await twenty()
    api.on("/orders", lambda seen: _taking(seen, "Bearer token-2"))
    await twenty()
    api.on("/orders", lambda seen: _taking(seen, "Bearer token-3"))
    await twenty()
    await bridge.aclose()

    sent = [dict(parse_qsl(seen.content.decode()))["refresh_token"] for seen in elsewhere.seen]
    assert sent == ["refresh-1", "refresh-2", "refresh-3"]
    assert rotating.good == "refresh-4"


def _taking(seen: Seen, token: str) -> Reply:
    good = seen.headers.get("authorization") == token
    return Reply(json=orders(order(item(1)))) if good else Reply(401)


async def test_a_mapping_that_is_loaded_again_goes_on_with_the_refresh_token_that_was_given(
    api: FakePlatform, elsewhere: FakePlatform
) -> None:
    """Within one process the old one is not sent again, which the platform refuses; another client's is."""
    rotating = Rotating(elsewhere)
    again = {**REFRESH, "refresh_token": "${REFRESH}", "scope": "b"}
    other = {**REFRESH, "client_id": "${CLIENT}"}

    for auth in (REFRESH, again):
        bridge = bridge_on(api, rotating.host, auth)
        assert len(tickets_of(await bridge.answer(USER))) == 1
        await bridge.aclose()
    bridge = bridge_on(api, rotating.host, other)
    assert isinstance(await problem_of(bridge), UpstreamAuth)
    await bridge.aclose()

    sent = [dict(parse_qsl(seen.content.decode()))["refresh_token"] for seen in elsewhere.seen]
    assert sent == ["refresh-1", "refresh-2", "refresh-1"]


async def test_a_login_that_replaces_a_refresh_token_ends_though_nobody_waits(
    api: FakePlatform, elsewhere: FakePlatform
) -> None:
    """Its answer is the only one that tells how to log in again: whoever leaves does not cut it off."""
    rotating = Rotating(elsewhere)
    rotating.hold = asyncio.Event()
    bridge = bridge_on(api, rotating.host, REFRESH)
    leaving = asyncio.create_task(bridge.answer(USER))
    async with asyncio.timeout(5):
        while not elsewhere.seen:  # noqa: ASYNC110 - a test's wait, for what has no event
            await asyncio.sleep(0.002)

    leaving.cancel()
    await asyncio.gather(leaving, return_exceptions=True)
    rotating.hold.set()

    assert len(tickets_of(await bridge.answer(USER))) == 1
    await bridge.aclose()
    assert (signed(api), rotating.good) == (["Bearer token-1"], "refresh-2")


async def test_a_login_that_fails_though_nobody_waits_is_no_error_of_its_own() -> None:
    """It fails unheard, and the next answer logs in again."""
    store, fails = TokenStore(5, finishes=True), asyncio.Event()
    unheard: list[Any] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, about: unheard.append(about))

    async def log_in() -> Token:
        await fails.wait()
        raise UpstreamError(log="no")

    leaving = asyncio.create_task(store.fetch(log_in))
    await asyncio.sleep(0)
    leaving.cancel()
    await asyncio.gather(leaving, return_exceptions=True)
    fails.set()
    for _ in range(5):
        await asyncio.sleep(0)

    with pytest.raises(UpstreamError):
        await store.fetch(log_in)
    gc.collect()
    assert unheard == []


async def test_an_old_refresh_token_is_refused(api: FakePlatform, elsewhere: FakePlatform) -> None:
    """A platform that has replaced the token of the mapping refuses it: upstream-auth, and said so."""
    rotating = Rotating(elsewhere)
    rotating.good = "refresh-9"
    bridge = bridge_on(api, rotating.host, REFRESH)

    problem = await problem_of(bridge)
    await bridge.aclose()

    assert isinstance(problem, UpstreamAuth)
    assert problem.log == "token_url: status 400, invalid_grant"
