"""No secret that signs requests, and nothing made of it, is in a log, an error, a case or an explanation."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit
from urllib.request import parse_http_list

import anyio
import pytest

from tests.fake_platform import FakePlatform, Reply, Seen
from tests.support import SECRET, USER, events, item, order, orders, serving, spec_of
from tests.workbench.cases_support import Folder, run_cases
from ticketbridge.cli import main
from ticketbridge.engine.bridge import compile_mapping

pytestmark = pytest.mark.anyio
KEY, HIDDEN = "the-public-key-of-ours", "dGhlLXNlY3JldC1rZXktb2Ytb3Vycw=="
VARIABLES = {"SIGN_KEY": KEY, "SIGN_SECRET": HIDDEN}
AUTHS: Mapping[str, Mapping[str, Any]] = {
    "signature": {
        "secrets": {"key": "${SIGN_KEY}", "secret": "${SIGN_SECRET}"},
        "values": [
            {"ts": "moment('unix')"},
            {"now": "moment('%Y-%m-%dT%H:%M:%SZ')"},
            {"plain": "join('.', [ts, secrets.key])"},
            {"sign": "hmac(plain, secrets.secret, 'sha256', 'base64', 'base64')"},
            {"token": "hash(join('', [sign, request.path_query]), 'sha512', 'hex')"},
        ],
        "headers": {
            "Authorization": "ACME key={secrets.key}, sign={sign}, ts={ts}",
            "X-Inner": "v1 {base64(join(':', [secrets.key, ts]))} end",
        },
        "query": {"who": "{secrets.key}:{token}", "at": "{now}"},
    },
    "oauth1": {
        "consumer_key": "${SIGN_KEY}",
        "consumer_secret": "${SIGN_SECRET}",
        "token": "a-token-of-${SIGN_KEY}",
        "token_secret": "${SIGN_SECRET}",
    },
    "digest": {"username": "${SIGN_KEY}", "password": "${SIGN_SECRET}"},
}
CHALLENGE = {"WWW-Authenticate": 'Digest realm="r", nonce="n", qop="auth"'}
RULE = {"status": "4xx", "then": "fail", "message": "body.echo"}


def made_of(seen: Seen) -> Iterator[str]:
    """What the request was signed with: each part that is a secret, or made of one."""
    header = seen.headers.get("authorization", "").partition(" ")[2]
    for part in parse_http_list(header):
        name, _, value = part.partition("=")
        if name in {"key", "sign", "response", "cnonce", "username"}:
            yield value.strip('"')
        if name in {"oauth_signature", "oauth_consumer_key", "oauth_token"}:
            yield unquote(value.strip('"'))
    if "x-inner" in seen.headers:
        yield seen.headers["x-inner"].split(" ")[1]
    who = dict(parse_qsl(urlsplit(seen.target).query)).get("who")
    if who is not None:
        yield from (who, who.partition(":")[2])


def echo(seen: Seen) -> str:
    """What a platform that shows what it refuses writes."""
    return (
        f"bad request: {seen.headers.get('authorization')} {seen.target} {' '.join(made_of(seen))}"
    )


def failing(kind: str) -> list[Any]:
    """Platforms that fail in all ways, and repeat in each what they were sent."""

    def status(code: int) -> Any:
        return lambda seen: Reply(code, json={"echo": echo(seen)})

    def redirect(seen: Seen) -> Reply:
        path = next(iter(made_of(seen)), "x").replace("/", "%2F")
        return Reply(302, headers={"Location": f"/login/{path}?again={seen.target}"})

    ways = [
        *map(status, (400, 401, 403, 404, 429, 500, 503)),
        redirect,
        lambda seen: Reply(body=f"<h1>{echo(seen)}</h1>".encode()),
        lambda seen: Reply(json={made: [] for made in ("x", *made_of(seen))}),
        lambda seen: Reply(json=orders({echo(seen): "x", "items": []})),
        lambda seen: Reply(json=orders(order(item(1, state=echo(seen))))),
        lambda seen: Reply(json=orders(order(item(1, price=echo(seen))))),
        lambda seen: Reply(raw=echo(seen).encode()),
    ]
    return [challenging(way) if kind == "digest" else way for way in ways]


def challenging(way: Any) -> Any:
    """*way*, behind a challenge."""

    def answer(seen: Seen) -> Reply:
        if "authorization" not in seen.headers:
            return Reply(401, headers=CHALLENGE)
        reply: Reply = way(seen)
        return reply

    return answer


def private(platform: FakePlatform) -> set[str]:
    """All that must be found nowhere."""
    made = {each for seen in platform.seen for each in made_of(seen) if len(each) > 5}
    assert len(made) > 2
    return {KEY, HIDDEN, HIDDEN.rstrip("="), *made}


def found_in(text: str, platform: FakePlatform) -> list[str]:
    """What is there, as it is or escaped."""
    plain = unquote(text)
    return [each for each in private(platform) if each in text or each in plain]


@pytest.mark.parametrize("kind", AUTHS)
async def test_nothing_is_in_a_log_or_an_answer(
    kind: str, platform: FakePlatform, lines: io.StringIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever fails, and however loud the log is: not in lines, bodies or headers."""
    logging.getLogger().addHandler(handler := logging.StreamHandler(lines))
    monkeypatch.setattr(logging.getLogger(), "level", logging.DEBUG)
    spec = spec_of(
        {
            "upstream.auth": {"type": kind, **filled(AUTHS[kind])},
            "upstream.breaker": {"failures": 1000},
            "source.0.responses": [RULE],
        },
        base_url=platform.url,
    )
    answered = ""
    try:
        async with serving(compile_mapping(spec)) as menta:
            for way in (ways := failing(kind)):
                platform.on("/orders", way)
                answer = await menta.get(f"/tickets?user={USER}")
                answered += f"{answer.status_code} {answer.text} {answer.headers}\n"
    finally:
        logging.getLogger().removeHandler(handler)

    assert len(events(_json_lines(lines), "answer")) == len(ways)
    assert "200 " not in answered
    assert found_in(answered + lines.getvalue() + repr(spec), platform) == []
    assert "(credential)" in lines.getvalue()


def filled(auth: Mapping[str, Any]) -> dict[str, Any]:
    """*auth* with the values of its variables."""
    text = json.dumps(auth)
    for name, value in VARIABLES.items():
        text = text.replace(f"${{{name}}}", value)
    filled_in: dict[str, Any] = json.loads(text)
    return filled_in


def _json_lines(lines: io.StringIO) -> io.StringIO:
    kept = [line for line in lines.getvalue().splitlines() if line.startswith('{"')]
    return io.StringIO("\n".join(kept))


@pytest.fixture
def folder(tmp_path: Path, platform: FakePlatform, monkeypatch: pytest.MonkeyPatch) -> Folder:
    """A folder to work in, its variables set."""
    monkeypatch.chdir(tmp_path)
    for name, value in {**VARIABLES, "MENTA_SECRET": SECRET, "ACME_API": platform.url}.items():
        monkeypatch.setenv(name, value)
    return Folder(tmp_path)


@pytest.mark.parametrize("kind", AUTHS)
async def test_nothing_is_in_what_people_see(
    kind: str, platform: FakePlatform, folder: Folder, capsys: pytest.CaptureFixture[str]
) -> None:
    """`fetch` with all its reasons, personal data asked for too, and what `check` says."""
    auth = {"type": kind, **AUTHS[kind]}
    folder.map({"upstream.auth": auth, "source.0.responses": [RULE]})
    shown = ["--explain", "--show-personal-data"]
    for way in failing(kind):
        platform.on("/orders", way)
        for more in (shown, [*shown, "--format", "json"]):
            await anyio.to_thread.run_sync(main, ["fetch", "acme.yaml", "--user", USER, *more])
    await anyio.to_thread.run_sync(main, ["check", "acme.yaml"])

    out, err = capsys.readouterr()
    assert "acme.yaml" in out
    assert found_in(out + err, platform) == []


@pytest.mark.parametrize("kind", AUTHS)
async def test_nothing_is_in_a_recorded_case(
    kind: str, platform: FakePlatform, folder: Folder, capsys: pytest.CaptureFixture[str]
) -> None:
    """Pages whose links repeat the signature; the case passes without a variable and a challenge."""
    folder.map(
        {
            "upstream.auth": {"type": kind, **AUTHS[kind]},
            "source.0.pages": {"next_url": "body.next"},
            "ticket.fields.metadata": {"note": "order.note"},
        }
    )

    def page(seen: Seen) -> Reply:
        last = "p=2" in seen.target
        url = None if last else f"{seen.target}&p=2"
        note = " ".join(["see", *made_of(seen)])
        return Reply(json={**orders(order(item(int(last) + 1), note=note)), "next": url})

    platform.on("/orders", challenging(page) if kind == "digest" else page)
    words = ["fetch", "acme.yaml", "--user", USER, "--record", "acme.cases.yaml"]
    code = await anyio.to_thread.run_sync(main, words)

    text = folder.cases.read_text("utf-8")
    assert (code, text.count("- get: ")) == (0, 2)
    assert found_in(text + capsys.readouterr().err, platform) == []
    results = await anyio.to_thread.run_sync(run_cases, folder.mapping)
    assert [(result.passed, result.message) for result in results] == [(True, "")]


async def test_a_case_of_wrong_digest_credentials_can_be_recorded(
    platform: FakePlatform, folder: Folder
) -> None:
    """The challenge is left out, the refusal stays: the case expects `upstream-auth`."""
    folder.map({"upstream.auth": {"type": "digest", **AUTHS["digest"]}})
    platform.on("/orders", Reply(401, json={}, headers=CHALLENGE))
    words = ["fetch", "acme.yaml", "--user", USER, "--record", "acme.cases.yaml"]
    await anyio.to_thread.run_sync(main, words)

    text = folder.cases.read_text("utf-8")
    assert (text.count("- get: "), "problem: upstream-auth" in text) == (1, True)
