"""Connections to the platform: what may not pass from one answer to the next, or come from elsewhere."""

from __future__ import annotations

import asyncio
import io
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.fake_platform import CLOSE, RESET, FakePlatform, Pause, Reply, Step
from tests.support import USER, item, order, orders, serving, spec_of, tickets_of
from ticketbridge.engine.answer_trace import AnswerTrace
from ticketbridge.engine.bridge import Bridge, compile_mapping
from ticketbridge.engine.problems import UpstreamError, UpstreamUnavailable
from ticketbridge.engine.upstream.connection import Connection
from ticketbridge.engine.upstream.sockets import OriginPool

pytestmark = pytest.mark.anyio

MINE = orders(order(item("mine")))
OTHERS = orders(order(item("another's")))


@pytest.fixture(params=[False, True], ids=["asyncio", "uvloop"])
def anyio_backend(request: pytest.FixtureRequest) -> tuple[str, dict[str, Any]]:
    """Both event loops: where uvloop is not installed, the server runs on asyncio's."""
    return "asyncio", {"use_uvloop": request.param}


def bridge_to(platform: FakePlatform, **upstream: Any) -> Bridge:
    """MAPPING on a fake platform; no call is tried again unless a test says so."""
    changes = {f"upstream.{name}": value for name, value in upstream.items()}
    return compile_mapping(spec_of(changes, base_url=platform.url))


def http(document: object, *headers: str) -> bytes:
    """A whole answer in bytes."""
    body = json.dumps(document).encode()
    lines = ["HTTP/1.1 200 OK", "Content-Type: application/json", f"Content-Length: {len(body)}"]
    return "\r\n".join([*lines, *headers]).encode() + b"\r\n\r\n" + body


async def ids(bridge: Bridge) -> list[str]:
    """The tickets of one answer, by their ids."""
    return [ticket["ticketId"] for ticket in tickets_of(await bridge.answer(USER))]


# --- bytes left over ----------------------------------------------------------------------------

LEFT_OVER: dict[str, Sequence[Step]] = {
    "at once": (http(MINE) + http(OTHERS),),
    "a little later": (http(MINE), Pause(0.05), http(OTHERS)),
    "half an answer": (http(MINE), Pause(0.05), http(OTHERS)[:30]),
    "an answer and a half": (http(MINE), Pause(0.05), http(OTHERS) + http(OTHERS)[:30]),
    "no HTTP": (http(MINE), Pause(0.05), b"hello\r\n"),
    "one byte": (http(MINE), Pause(0.05), b"\n"),
}


@pytest.mark.parametrize("steps", LEFT_OVER.values(), ids=LEFT_OVER)
async def test_bytes_left_over_are_nobodys_answer(
    platform: FakePlatform, steps: Sequence[Step]
) -> None:
    """A connection on which more came than was asked for is never used again."""
    platform.on("/orders", Reply(steps=steps), Reply(json=MINE))
    bridge = bridge_to(platform)
    for _ in range(3):
        assert await ids(bridge) == ["mine"]
        await platform.settled()
        await asyncio.sleep(0.02)
    await bridge.aclose()

    assert [seen.turn for seen in platform.seen] == [1, 1, 2]


async def test_bytes_that_the_loop_has_not_read_yet_count_too(platform: FakePlatform) -> None:
    """What waits in the socket while other answers are made is seen before the connection is used."""
    platform.on("/orders", Reply(steps=LEFT_OVER["a little later"]), Reply(json=MINE))
    bridge = bridge_to(platform)
    assert await ids(bridge) == ["mine"]
    await platform.settled()  # sent a moment ago, and the other end has had no turn since
    assert await ids(bridge) == ["mine"]
    await bridge.aclose()

    assert [seen.turn for seen in platform.seen] == [1, 1]


async def test_what_comes_before_the_request_is_no_answer(
    platform: FakePlatform, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A connection that speaks first is closed: whatever it says, it has not been asked."""
    connect = OriginPool._connected

    async def connect_slowly(server: OriginPool) -> Connection:
        connection = await connect(server)
        await asyncio.sleep(0.05)
        return connection

    monkeypatch.setattr(OriginPool, "_connected", connect_slowly)
    platform.greetings = [(http(OTHERS),)]
    platform.on("/orders", Reply(json=MINE))
    bridge = bridge_to(platform)
    with pytest.raises(UpstreamUnavailable, match="ConnectionLost"):
        await bridge.answer(USER)
    assert platform.seen == []
    assert await ids(bridge) == ["mine"]
    await bridge.aclose()


async def test_a_good_connection_is_used_again(platform: FakePlatform) -> None:
    """Otherwise connections are kept: opening one costs a platform more than many an answer."""
    platform.on("/orders", Reply(json=MINE))
    bridge = bridge_to(platform)
    for _ in range(5):
        await ids(bridge)
    await bridge.aclose()

    assert [seen.turn for seen in platform.seen] == [1, 2, 3, 4, 5]


# --- connections that end -----------------------------------------------------------------------


@pytest.mark.parametrize("end", [CLOSE, RESET], ids=["closed", "reset"])
async def test_a_kept_connection_that_has_ended_costs_nothing(
    platform: FakePlatform, end: Step
) -> None:
    """A platform may close an idle connection at any time: the next call opens another, untried."""
    platform.on("/orders", Reply(steps=(http(MINE), Pause(0.05), end)))
    bridge = bridge_to(platform)
    for _ in range(3):
        assert await ids(bridge) == ["mine"]
        await platform.settled()
        await asyncio.sleep(0.02)
    await bridge.aclose()

    assert [seen.turn for seen in platform.seen] == [1, 1, 1]


@pytest.mark.parametrize("end", [CLOSE, RESET], ids=["closed", "reset"])
async def test_a_kept_connection_that_ends_under_the_request_is_a_try(
    platform: FakePlatform, end: Step
) -> None:
    """A call that got no answer is tried again, within `retries`, and is counted as a call."""
    platform.on("/orders", Reply(json=MINE), Reply(steps=(end,)), Reply(json=MINE))
    bridge, trace = bridge_to(platform, retries=1), AnswerTrace()
    assert await ids(bridge) == ["mine"]
    await bridge.answer(USER, trace)
    await bridge.aclose()

    assert trace.calls == 2
    assert [seen.turn for seen in platform.seen] == [1, 2, 1]


@pytest.mark.parametrize("end", [CLOSE, RESET], ids=["closed", "reset"])
async def test_without_retries_a_request_is_sent_once(platform: FakePlatform, end: Step) -> None:
    """Nothing below sends a request again on its own: a platform in trouble is not asked twice."""
    platform.on("/orders", Reply(steps=(end,)))
    bridge = bridge_to(platform)
    with pytest.raises(UpstreamUnavailable):
        await bridge.answer(USER)
    await bridge.aclose()

    assert len(platform.seen) == 1


# --- isolation ----------------------------------------------------------------------------------


async def test_a_cookie_is_not_sent_back(platform: FakePlatform) -> None:
    """There is no cookie jar: what the platform sets for one user is not sent for the next."""
    cookies = {"Set-Cookie": "session=anas; Path=/"}
    platform.on("/orders", Reply(json=MINE, headers=cookies))
    bridge = bridge_to(platform)
    for _ in range(3):
        await ids(bridge)
    await bridge.aclose()

    assert [seen.headers.get("cookie") for seen in platform.seen] == [None] * 3


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_a_redirect_is_not_followed(platform: FakePlatform, status: int) -> None:
    """Credentials go where the mapping says, and nowhere else, not even on the same host."""
    platform.on("/orders", Reply(status, json={}, headers={"Location": "/elsewhere"}))
    bridge = bridge_to(platform)
    with pytest.raises(UpstreamError):
        await bridge.answer(USER)
    await bridge.aclose()

    assert platform.paths == ["/orders"]


async def test_a_proxy_of_the_environment_is_not_used(
    platform: FakePlatform, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Users' e-mails go to the platform, whatever the machine's variables say."""
    for name in ("http_proxy", "HTTP_PROXY", "https_proxy", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    platform.on("/orders", Reply(json=MINE))
    bridge = bridge_to(platform)
    assert await ids(bridge) == ["mine"]
    await bridge.aclose()


async def test_no_credentials_come_from_the_machine(
    platform: FakePlatform, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A `.netrc` for the platform's host is not read."""
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login someone password else\n")
    monkeypatch.setenv("NETRC", str(netrc))
    platform.on("/orders", Reply(json=MINE))
    bridge = bridge_to(platform, auth={"type": "none"})
    assert await ids(bridge) == ["mine"]
    await bridge.aclose()

    assert "authorization" not in platform.seen[0].headers


async def test_mentas_headers_stay_here(platform: FakePlatform) -> None:
    """Nothing that menta tech sent is passed on but what the answer is found by, least of all credentials."""
    platform.on("/orders", Reply(json=MINE))
    sent = {
        "Authorization": "Bearer mentas",
        "Cookie": "mentas=1",
        "X-Whatever": "mentas",
        "tracestate": "mentas=1",
        "baggage": "user=mentas",
    }
    async with serving(bridge_to(platform, auth={"type": "none"})) as menta:
        response = await menta.get(f"/tickets?user={USER}", headers=sent)

    assert response.status_code == 200
    ours = {"host", "accept", "accept-encoding", "cache-control", "user-agent"}
    assert platform.seen[0].headers.keys() == ours | {"traceparent", "x-request-id"}
    assert "mentas" not in str(platform.seen[0].headers)


# --- always live ----------------------------------------------------------------------------------


async def test_a_cache_on_the_way_is_asked_for_nothing_kept(platform: FakePlatform) -> None:
    """Each request says that what a cache has kept will not do."""
    platform.on("/orders", Reply(json=MINE))
    bridge = bridge_to(platform)
    assert await ids(bridge) == ["mine"]
    await bridge.aclose()

    assert platform.seen[0].headers["cache-control"] == "no-cache"


@pytest.mark.parametrize("age", ["60", "0, 7", "00x", "1.5"])
@pytest.mark.parametrize("live", [True, False])
async def test_an_answer_that_a_cache_has_kept(
    platform: FakePlatform, lines: io.StringIO, age: str, live: bool
) -> None:
    """It is noted in the log, and refused where the mapping says `live`."""
    platform.on("/orders", Reply(json=MINE, headers={"Age": age}))
    async with serving(bridge_to(platform, live=live)) as menta:
        response = await menta.get(f"/tickets?user={USER}")

    assert (response.status_code, "tickets" in response.json()) == (
        (502, False) if live else (200, True)
    )
    assert "cache has kept" in lines.getvalue()


@pytest.mark.parametrize("headers", [{}, {"Age": "0"}])
async def test_an_answer_of_the_platform_itself_is_live(
    platform: FakePlatform, lines: io.StringIO, headers: dict[str, str]
) -> None:
    """Without an age, or with one of 0, there is nothing to note."""
    platform.on("/orders", Reply(json=MINE, headers=headers))
    async with serving(bridge_to(platform, live=True)) as menta:
        response = await menta.get(f"/tickets?user={USER}")

    assert response.status_code == 200
    assert "cache" not in lines.getvalue()


async def test_a_platform_may_be_asked_over_a_connection_for_each_call(
    platform: FakePlatform,
) -> None:
    """With `keep_alive: false` an answer that nobody asked for meets no other request."""
    platform.on("/orders", Reply(json=MINE))
    bridge = bridge_to(platform, keep_alive=False)
    assert await ids(bridge) == await ids(bridge) == ["mine"]
    await bridge.aclose()

    assert [(seen.turn, seen.headers["connection"]) for seen in platform.seen] == [(1, "close")] * 2
