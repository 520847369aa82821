"""An HTTP proxy between the bridge and the platform: what it is told, and how it fails."""

from __future__ import annotations

import asyncio
import base64
import io
import json
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import trustme

from tests.fake_platform import CLOSE, HANG, RESET, FakePlatform, Pause, Reply, Step
from tests.fake_proxy import FakeProxy
from tests.support import (
    TOKEN,
    USER,
    Changes,
    events,
    item,
    order,
    orders,
    serving,
    spec_of,
    tickets_of,
)
from ticketbridge.engine.bridge import Bridge, compile_mapping
from ticketbridge.engine.problems import ProblemError, UpstreamError, UpstreamUnavailable
from ticketbridge.service import logs
from ticketbridge.service.settings import Settings

pytestmark = pytest.mark.anyio

GOOD = Reply(json=orders(order(item(1))))
PASSWORD = "pa55-of-the-proxy:%/"
PAIR = base64.b64encode(f"bridge:{PASSWORD}".encode()).decode()
BASIC = f"Basic {PAIR}"
USERINFO = "bridge:pa55-of-the-proxy%3A%25%2F@"
TUNNEL = b"HTTP/1.1 200 OK\r\n\r\n"


@pytest.fixture(params=[False, True], ids=["asyncio", "uvloop"])
def anyio_backend(request: pytest.FixtureRequest) -> tuple[str, dict[str, Any]]:
    """Both event loops: where uvloop is not installed, the server runs on asyncio's."""
    return "asyncio", {"use_uvloop": request.param}


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    """Who signs the platform's certificate, and the bridge's."""
    return trustme.CA()


@pytest.fixture
def folder(tmp_path: Path, authority: trustme.CA) -> Path:
    """A mapping's folder with the certificates beside it."""
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    client = authority.issue_cert("bridge@ticketbridge.example")
    client.private_key_and_cert_chain_pem.write_to_path(str(tmp_path / "client.pem"))
    return tmp_path


@asynccontextmanager
async def encrypted(authority: trustme.CA, host: str = "127.0.0.1") -> AsyncIterator[FakePlatform]:
    """A platform that speaks https, and only with whom the authority knows."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert(host).configure_cert(context)
    context.verify_mode = ssl.CERT_REQUIRED
    authority.configure_trust(context)
    async with FakePlatform(context) as platform:
        platform.on("/orders", GOOD)
        yield platform


@asynccontextmanager
async def plain() -> AsyncIterator[FakePlatform]:
    """A platform that speaks http."""
    async with FakePlatform() as platform:
        platform.on("/orders", GOOD)
        yield platform


def bridge_by(
    proxy: FakeProxy,
    base_url: str,
    folder: Path,
    changes: Changes | None = None,
    userinfo: str = "",
) -> Bridge:
    """MAPPING whose calls go through *proxy*."""
    where = {"upstream.proxy": f"http://{userinfo}127.0.0.1:{proxy.port}"}
    tls = {"upstream.tls": {"ca": "ca.pem", "cert": "client.pem"}}
    kept = tls if base_url.startswith("https:") else {}
    spec = spec_of({**where, **kept, **(changes or {})}, base_url=base_url, folder=folder)
    return compile_mapping(spec)


async def ids(bridge: Bridge, times: int = 1) -> list[str]:
    """The tickets of so many answers, by their ids."""
    try:
        answers = [await bridge.answer(USER) for _ in range(times)]
    finally:
        await bridge.aclose()
    return [ticket["ticketId"] for answer in answers for ticket in tickets_of(answer)]


async def problem_of(bridge: Bridge) -> ProblemError:
    """The problem of an answer that fails."""
    with pytest.raises(ProblemError) as caught:
        await ids(bridge)
    return caught.value


# --- what the proxy is told -----------------------------------------------------------------------


async def test_an_https_platform_is_reached_by_a_tunnel(
    folder: Path, authority: trustme.CA
) -> None:
    """The proxy learns host and port; both certificates are the bridge's and the platform's own."""
    async with FakeProxy(BASIC) as proxy, encrypted(authority) as platform:
        found = await ids(bridge_by(proxy, platform.url, folder, userinfo=USERINFO), times=3)

    authority_of = platform.url.removeprefix("https://")
    assert found == ["1", "1", "1"]
    assert proxy.heads == [
        f"CONNECT {authority_of} HTTP/1.1\r\nHost: {authority_of}\r\nProxy-Authorization: {BASIC}\r\n\r\n"
    ]
    assert [seen.turn for seen in platform.seen] == [1, 2, 3]
    assert all(seen.headers["authorization"] == f"Bearer {TOKEN}" for seen in platform.seen)
    assert not any(name.startswith("proxy") for seen in platform.seen for name in seen.headers)


async def test_an_http_platform_is_named_to_the_proxy(folder: Path) -> None:
    """Each request has the whole URL, and the connection to the proxy is kept for the next."""
    async with FakeProxy(BASIC) as proxy, plain() as platform:
        found = await ids(bridge_by(proxy, platform.url, folder, userinfo=USERINFO), times=2)

    first, second = (head.split("\r\n") for head in proxy.heads)
    assert found == ["1", "1"]
    assert [line for line in first if not is_own(line)] == [
        line for line in second if not is_own(line)
    ]
    assert first[0] == f"GET {platform.url}/orders?email=ana%40example.com HTTP/1.1"
    assert first[1] == f"Host: {platform.url.removeprefix('http://')}"
    assert f"Proxy-Authorization: {BASIC}" in first
    assert proxy.connections == 1
    assert "proxy-authorization" not in platform.seen[0].headers


def is_own(line: str) -> bool:
    """Whether a line of the head is of one request alone."""
    return line.lower().startswith(("traceparent:", "x-request-id:"))


@pytest.mark.parametrize("slash", ["", "/"])
async def test_a_proxy_may_ask_for_nothing(folder: Path, slash: str) -> None:
    """Without a user name in its URL no credentials go out; a slash at its end says nothing."""
    async with FakeProxy() as proxy, plain() as platform:
        where = {"upstream.proxy": f"{proxy.url}{slash}"}
        found = await ids(bridge_by(proxy, platform.url, folder, where))

    assert found == ["1"]
    assert "Proxy-" not in proxy.heads[0]


async def test_each_call_may_have_its_own_connection(folder: Path) -> None:
    """`keep_alive: false` holds for connections to the proxy too."""
    async with FakeProxy() as proxy, plain() as platform:
        changes = {"upstream.keep_alive": False}
        await ids(bridge_by(proxy, platform.url, folder, changes), times=2)

    assert proxy.connections == 2
    assert all("\r\nConnection: close\r\n" in head for head in proxy.heads)


async def test_logins_go_through_the_proxy(folder: Path) -> None:
    """The token comes the same way as the data: the platform may know the address there too."""
    oauth = {"type": "oauth2", "token_url": "", "client_id": "${ACME_TOKEN}"}
    async with FakeProxy() as proxy, plain() as platform, FakePlatform() as elsewhere:
        elsewhere.on("/token", Reply(json={"access_token": "new", "expires_in": 60}))
        oauth |= {"token_url": f"{elsewhere.url}/token", "client_secret": "${ACME_TOKEN}"}
        found = await ids(bridge_by(proxy, platform.url, folder, {"upstream.auth": oauth}))

    assert found == ["1"]
    assert [head.split(" ")[:2] for head in proxy.heads] == [
        ["POST", f"{elsewhere.url}/token"],
        ["GET", f"{platform.url}/orders?email=ana%40example.com"],
    ]


@pytest.mark.parametrize("value", ["", "${EGRESS_PROXY:-}", None])
async def test_no_proxy_is_the_default(
    folder: Path, value: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An empty one is none, and the machine's own settings name none."""
    for name in ("HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    changes = {} if value is None else {"upstream.proxy": value}
    async with plain() as platform:
        bridge = compile_mapping(spec_of(changes, base_url=platform.url, folder=folder))
        found = await ids(bridge)

    assert found == ["1"]


async def test_the_platform_is_verified_inside_of_the_tunnel(
    folder: Path, authority: trustme.CA
) -> None:
    """A proxy that leads elsewhere gets neither a request nor a credential."""
    async with FakeProxy() as proxy, encrypted(authority, "other.example") as platform:
        problem = await problem_of(bridge_by(proxy, platform.url, folder))

    assert isinstance(problem, UpstreamUnavailable)
    assert problem.log == (
        "order: no answer (SSLCertVerificationError: the certificate is not for this address)"
    )
    assert platform.seen == []


# --- how it fails ---------------------------------------------------------------------------------

FAILURES = [
    pytest.param(
        [b"HTTP/1.1 407 Log in\r\nContent-Length: 6\r\n\r\nsecret"],
        "the proxy refused our credentials (status 407)",
        id="credentials refused",
    ),
    pytest.param(
        [b"HTTP/1.0 403 Filtered\r\n\r\n<h1>secret</h1>"],
        "the proxy refused to connect (status 403)",
        id="not allowed",
    ),
    pytest.param(
        [b"HTTP/1.1 502 Bad Gateway\r\n\r\n"],
        "the proxy refused to connect (status 502)",
        id="platform not reached",
    ),
    pytest.param(
        [b"HTTP/1.1 301 Moved\r\nLocation: http://secret.example\r\n\r\n"],
        "the proxy refused to connect (status 301)",
        id="redirect",
    ),
    pytest.param(
        [b"HTTP/1.1 100 Continue\r\n\r\n"],
        "the proxy refused to connect (status 100)",
        id="interim answer",
    ),
    pytest.param([b"SSH-2.0-secret\r\n\r\n"], "the proxy gave no HTTP answer", id="garbage"),
    pytest.param([b"HTTP/1.1 2000 OK\r\n\r\n"], "the proxy gave no HTTP answer", id="no status"),
    pytest.param(
        [b"X: secret\r\n" * 2000],
        "the proxy gave no HTTP answer: its head has no end",
        id="endless head",
    ),
    pytest.param([CLOSE], "the proxy ended the connection before its answer", id="cut at once"),
    pytest.param(
        [b"HTTP/1.1 200 OK\r\nX: secr", CLOSE],
        "the proxy ended the connection before its answer",
        id="cut in the head",
    ),
    pytest.param(
        [RESET],
        "the proxy ended the connection before its answer (ConnectionResetError)",
        id="reset",
    ),
    pytest.param(
        [TUNNEL + b"HTTP/1.1 200 OK\r\n"], "bytes came behind the proxy's answer", id="left over"
    ),
    pytest.param([HANG], "the proxy gave no connection in time", id="hangs"),
    pytest.param(
        [*[b"H", Pause(0.1)] * 20, HANG],
        "the proxy gave no connection in time",
        id="drips",
    ),
    pytest.param([TUNNEL, HANG], "the proxy gave no connection in time", id="hangs later"),
    pytest.param([TUNNEL, CLOSE], "no answer (Connection", id="cut in the tunnel"),
]


@pytest.mark.parametrize(("steps", "log"), FAILURES)
async def test_a_tunnel_that_fails_is_no_connection(
    folder: Path, authority: trustme.CA, steps: list[Step], log: str
) -> None:
    """The log says what the proxy did, and repeats nothing of it; the platform never hears of it."""
    async with FakeProxy() as proxy, encrypted(authority) as platform:
        proxy.scripts.append(steps)
        changes = {"upstream.connect_timeout": "500ms"}
        problem = await problem_of(bridge_by(proxy, platform.url, folder, changes))
        async with asyncio.timeout(20):
            while proxy.open_connections:  # noqa: ASYNC110 - a test's wait, for what has no event
                await asyncio.sleep(0.005)

    assert isinstance(problem, UpstreamUnavailable)
    assert problem.log.startswith(f"order: {log}")
    assert "secret" not in f"{problem.log}{problem.detail}"
    assert platform.seen == []


async def test_a_tunnel_is_tried_again(folder: Path, authority: trustme.CA) -> None:
    """As a connection to the platform is: the next one may be made."""
    async with FakeProxy() as proxy, encrypted(authority) as platform:
        proxy.scripts += [[b"HTTP/1.1 503 Busy\r\n\r\n"], [CLOSE]]
        found = await ids(bridge_by(proxy, platform.url, folder, {"upstream.retries": 2}))

    assert found == ["1"]
    assert proxy.connections == 3


async def test_an_http_proxy_that_refuses_is_no_platform(folder: Path) -> None:
    """407 is a proxy's word alone; any other status may be the platform's, and counts as its answer."""
    async with FakeProxy(BASIC) as proxy, plain() as platform:
        refused = await problem_of(bridge_by(proxy, platform.url, folder))
        proxy.scripts.append([b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n"])
        failed = await problem_of(bridge_by(proxy, platform.url, folder, userinfo=USERINFO))

    assert isinstance(refused, UpstreamUnavailable)
    assert refused.log == "order: the proxy refused our credentials (status 407)"
    assert isinstance(failed, UpstreamError)
    assert platform.seen == []


async def test_a_407_of_a_platform_is_its_answer(folder: Path, authority: trustme.CA) -> None:
    """Inside of a tunnel the proxy has no word any more."""
    async with FakeProxy() as proxy, encrypted(authority) as platform:
        platform.on("/orders", Reply(407, json={}))
        problem = await problem_of(bridge_by(proxy, platform.url, folder))

    assert isinstance(problem, UpstreamError)


async def test_a_proxy_that_is_not_there(folder: Path) -> None:
    """The log tells it from a platform that is not there."""
    async with plain() as platform:
        async with FakeProxy() as proxy:
            pass
        problem = await problem_of(bridge_by(proxy, platform.url, folder))

    assert isinstance(problem, UpstreamUnavailable)
    assert problem.log == "order: the proxy cannot be reached (ConnectionRefusedError)"


async def test_nothing_of_the_proxy_is_told(folder: Path) -> None:
    """Neither its password nor its address is in an answer, a log line or what `repr` gives."""
    stream = io.StringIO()
    logs.configure(Settings(log_format="json"), stream)
    async with FakeProxy("Basic other") as proxy, plain() as platform:
        bridge = bridge_by(proxy, platform.url, folder, userinfo=USERINFO)
        async with serving(bridge) as client:
            answer = await client.get("/tickets", params={"user": USER})
        shown = [answer.text, str(answer.headers), stream.getvalue(), repr(bridge.spec)]

    (line,) = events(stream, "answer")
    assert answer.status_code == 503
    assert json.loads(answer.text)["type"].endswith("upstream-unavailable")
    assert line["reason"] == "order: the proxy refused our credentials (status 407)"
    for secret in ("pa55", PAIR):
        assert not any(secret in text for text in shown)
    assert not any(str(proxy.port) in text for text in shown[:3])


async def test_a_rule_repeats_no_credential_of_the_proxy(folder: Path) -> None:
    """What a platform, or a proxy in its place, sends back is masked in the log."""
    rule = {"status": 418, "then": "fail", "message": "body.said"}
    changes = {"source.0.responses": [rule]}
    stream = io.StringIO()
    logs.configure(Settings(log_format="json"), stream)
    async with FakeProxy() as proxy, plain() as platform:
        platform.on("/orders", Reply(418, json={"said": f"no {PASSWORD} and no {PAIR}"}))
        bridge = bridge_by(proxy, platform.url, folder, changes, USERINFO)
        async with serving(bridge) as client:
            await client.get("/tickets", params={"user": USER})

    (line,) = events(stream, "answer")
    assert line["notes"] == ["order: no (credential) and no (credential)"]
