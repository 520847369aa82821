"""The proxies that are measured give the same answer for the same platform, and the load checks it."""

from __future__ import annotations

import asyncio
import io
import json
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest

from benchmarks import load, node, servers, stuck, upstream
from benchmarks.data import SECRET, TOKEN, USER, as_json, body_of
from benchmarks.ours import bridge_of
from benchmarks.peers import by_hand
from benchmarks.peers.config import Config
from benchmarks.proxy import MOST, PATH, Sample, _ratio
from ticketbridge.service.app import create_app
from ticketbridge.service.settings import Settings

TICKETS = 4


@asynccontextmanager
async def platform() -> AsyncIterator[int]:
    """The benchmarks' platform, and its port."""
    loop = asyncio.get_running_loop()
    server = await loop.create_server(upstream.protocol(), "127.0.0.1", 0)
    async with server:
        yield server.sockets[0].getsockname()[1]


@asynccontextmanager
async def ours(config: Config) -> AsyncIterator[Any]:
    """ticketbridge."""
    bridge = bridge_of(config.mapping, platform_url=config.platform_url)
    yield create_app([bridge], Settings())
    await bridge.aclose()


@asynccontextmanager
async def peer(module: str, config: Config) -> AsyncIterator[Any]:
    """One of the peers, started."""
    app = pytest.importorskip(f"benchmarks.peers.{module}").create_app(config)
    async with app.router.lifespan_context(app):
        yield app


CONTENDERS: Mapping[str, Callable[[Config], Any]] = {
    "ticketbridge": ours,
    "limit": lambda config: peer("limit", config),
    "FastAPI": lambda config: peer("fastapi_app", config),
    "plain": lambda config: peer("plain", config),
}
PEERS = {"limit", "FastAPI", "plain"}
NEEDS = {"limit": "orjson", "FastAPI": "fastapi"}


async def asked(
    name: str, mapping: str = "plain", *, secret: str = SECRET, token: str = TOKEN
) -> httpx.Response:
    """What a proxy answers, its platform being asked with *token*."""
    async with platform() as port:
        config = Config(f"http://127.0.0.1:{port}/{TICKETS}", token, SECRET, mapping)
        async with CONTENDERS[name](config) as app:
            transport = httpx.ASGITransport(app)
            async with httpx.AsyncClient(transport=transport, base_url="http://proxy") as client:
                headers = {"X-Menta-Secret": secret}
                return await client.get("/tickets", params={"user": USER}, headers=headers)


@pytest.fixture(params=list(CONTENDERS))
def contender(request: pytest.FixtureRequest) -> str:
    """Each proxy whose libraries are there."""
    name: str = request.param
    if name in NEEDS:
        pytest.importorskip(NEEDS[name], reason=f"{NEEDS[name]} comes with the extra `bench`")
    return name


@pytest.mark.parametrize("mapping", list(by_hand.MAPPERS))
def test_all_proxies_give_the_same_tickets(contender: str, mapping: str) -> None:
    """A rate means something only between proxies that answer the same."""
    answer = asyncio.run(asked(contender, mapping))

    tickets = by_hand.MAPPERS[mapping](body_of(TICKETS), USER).tickets
    assert answer.status_code == 200
    assert answer.json() == {"userEmail": USER, "tickets": tickets}


def test_all_proxies_check_the_secret(contender: str) -> None:
    """None is fast because it lets everyone in."""
    assert asyncio.run(asked(contender, secret="guessed")).status_code == 401


@pytest.mark.parametrize("contender", sorted(PEERS), indirect=True)
def test_all_peers_bring_the_token(contender: str) -> None:
    """None is fast because it asks nobody: without the platform's token there are no tickets."""
    assert asyncio.run(asked(contender, token="other")).status_code == 502


def fastify(*, mapping: str = "plain", secret: str = SECRET, token: str = TOKEN) -> tuple[int, Any]:
    """Status and body of the peer in Node.js, run as it is measured."""
    with servers.upstream() as origin:
        url = f"http://127.0.0.1:{origin.port}/{TICKETS}"
        told = {"PLATFORM_TOKEN": token}
        running = servers.serving("fastify", platform_url=url, mappings=(mapping,), variables=told)
        with running as server:
            status, body = servers.get(server.port, PATH, {"X-Menta-Secret": secret})
            return status, json.loads(body)


@pytest.mark.slow
def test_the_peer_in_node_does_the_same_job() -> None:
    """The same tickets by both mappings; it checks the secret, and brings the token."""
    if reason := node.why_missing():
        pytest.skip(reason)

    for mapping, mapped in by_hand.MAPPERS.items():
        wanted = {"userEmail": USER, "tickets": mapped(body_of(TICKETS), USER).tickets}
        assert fastify(mapping=mapping) == (200, wanted)
    assert fastify(secret="guessed")[0] == 401
    assert fastify(token="other")[0] == 502


def test_a_peer_that_cannot_run_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without Node.js the others are measured, and a line says what is missing."""
    monkeypatch.setattr("shutil.which", lambda _command: None)
    node.why_missing.cache_clear()

    assert servers.names() == ("ticketbridge", "limit", "FastAPI", "plain")
    assert servers.skipped() == ["fastify is not measured: node is not installed"]
    node.why_missing.cache_clear()


@pytest.mark.parametrize(("busy", "ratio"), [(0.99, 0.5), (0.6, 2.0)])
def test_a_disturbed_rate_is_not_held_against_a_server(
    busy: float, ratio: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where something else took the core, ratios are those of the CPU times that servers need."""
    monkeypatch.setattr(servers, "names", lambda: ("one", "other"))
    samples = {
        ("one", MOST): [Sample(rate=100, p50=0.1, p99=0.1, busy=busy / 4 if busy < 0.9 else busy)],
        ("other", MOST): [Sample(rate=200, p50=0.1, p99=0.1, busy=busy)],
    }

    assert _ratio(samples, "one", "other", MOST) == pytest.approx(ratio)


async def loaded(expected: bytes) -> dict[str, float]:
    """A short load on the platform itself."""
    head = f"GET /{TICKETS}/orders HTTP/1.1\r\nAuthorization: Bearer {TOKEN}\r\n\r\n"
    async with platform() as port:
        return await load.run(port, head.encode(), expected, connections=2, seconds=0.05)


def test_the_load_measures_right_answers() -> None:
    """Rate and latencies are of answers that were compared byte by byte."""
    found = asyncio.run(loaded(as_json(body_of(TICKETS))))

    assert found["rate"] > 0
    assert 0 < found["p50"] <= found["p99"]


def test_the_load_refuses_a_wrong_answer() -> None:
    """An answer that differs in one byte ends the run."""
    with pytest.raises(load.WrongAnswer):
        asyncio.run(loaded(json.dumps(body_of(TICKETS)).encode()))


async def waiting(path: str) -> int:
    """How many of two callers of the platform still wait after a moment."""
    request = f"GET {path} HTTP/1.1\r\nAuthorization: Bearer {TOKEN}\r\n\r\n".encode()
    async with platform() as port:
        return await stuck.run(port, request, 2)


def test_callers_of_a_platform_that_hangs_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is measured beside them is measured while they all wait, or not at all."""
    monkeypatch.setattr("sys.stdin", Moment())

    assert asyncio.run(waiting("/never/orders")) == 2
    assert asyncio.run(waiting(f"/{TICKETS}/orders")) == 0


class Moment(io.StringIO):
    """An input that ends after a moment."""

    def read(self, size: int | None = -1, /) -> str:
        """See io."""
        time.sleep(0.3)
        return super().read(size)
