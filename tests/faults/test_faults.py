"""The table of faults, row by row, over real sockets: the named problem, or exactly the right tickets."""

from __future__ import annotations

import asyncio
import io
import json
import socket
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from urllib.parse import parse_qsl, urlsplit

import httpx
import pytest

from tests.fake_platform import CLOSE, HANG, RESET, FakePlatform, Reply, Step
from tests.faults.asking import asks_for, judged
from tests.faults.fault import (
    BEA,
    BEAS,
    TIMEOUT,
    UNAVAILABLE,
    UNREADABLE,
    Fault,
    ticket,
)
from tests.faults.table import FAULTS, GZIPPED
from tests.faults.wire import BODY, CHUNKED, LENGTH, answer, chunk, head, ok, sends
from tests.faults.words import GRANTED
from tests.support import SECRET, TOKEN, USER, Changes, events, serving, spec_of
from ticketbridge.engine.bridge import Bridge, compile_mapping
from ticketbridge.engine.upstream import tokens

pytestmark = pytest.mark.anyio

PATIENCE = "5s"  # for an answer that comes
HANGS = "250ms"  # for one that does not


@pytest.fixture(scope="module")
def anyio_backend() -> str:
    """One event loop for all rows, so that they can share servers."""
    return "asyncio"


@pytest.fixture(scope="module")
async def shared_platform(anyio_backend: str) -> AsyncIterator[FakePlatform]:
    """The platform of all rows; its connections are kept from one to the next."""
    del anyio_backend
    async with FakePlatform() as fake:
        yield fake


@pytest.fixture
def platform(shared_platform: FakePlatform) -> Iterator[FakePlatform]:
    """The same, with nothing to say yet."""
    shared_platform.forget()
    yield shared_platform
    assert shared_platform.unexpected == []


@pytest.fixture(scope="module")
async def shared_other(anyio_backend: str) -> AsyncIterator[FakePlatform]:
    """Another host."""
    del anyio_backend
    async with FakePlatform() as fake:
        yield fake


@pytest.fixture
def other(shared_other: FakePlatform) -> Iterator[FakePlatform]:
    """A host that no fault may lead to."""
    yield shared_other
    assert shared_other.seen == []


class Servers:
    """A running server for each mapping: most rows differ in what the platform does alone."""

    def __init__(self, platform: FakePlatform, stack: AsyncExitStack) -> None:
        self._platform = platform
        self._stack = stack
        self._running: dict[str, httpx.AsyncClient] = {}

    @asynccontextmanager
    async def of(self, fault: Fault) -> AsyncIterator[httpx.AsyncClient]:
        """A client for the server of the row's mapping: one for the row, where rows would feel each other."""
        deadline = HANGS if fault.expected == TIMEOUT else PATIENCE
        changes = {"upstream.timeout": deadline, **fault.changes}
        key = json.dumps(changes)
        if fault.greeting or fault.repeats:
            async with serving(self._bridge(changes)) as client:
                yield client
            return
        if key not in self._running:
            server = serving(self._bridge(changes))
            self._running[key] = await self._stack.enter_async_context(server)
        yield self._running[key]

    def _bridge(self, changes: Changes) -> Bridge:
        return compile_mapping(spec_of(changes, base_url=self._platform.url))


@pytest.fixture(scope="module")
async def servers(shared_platform: FakePlatform) -> AsyncIterator[Servers]:
    """The servers of all rows."""
    async with AsyncExitStack() as stack:
        yield Servers(shared_platform, stack)


def prepared(fault: Fault, platform: FakePlatform, other: FakePlatform) -> None:
    """Have *platform* do what the row says."""
    hosts = {"platform": platform.url, "host": urlsplit(platform.url).netloc}
    hosts |= {"port": str(urlsplit(platform.url).port)}
    hosts |= {"other": other.url, "other_host": urlsplit(other.url).netloc}
    for target, replies in fault.routes.items():
        url = urlsplit(target)
        made = [placed(one, hosts) if isinstance(one, Reply) else one for one in replies]
        platform.on(url.path, *made, query=dict(parse_qsl(url.query)))
    if fault.greeting:
        platform.greetings.append(fault.greeting)


def placed(reply: Reply, hosts: Mapping[str, str]) -> Reply:
    """*reply* with the hosts of this run where it names one."""
    headers = {name: value.format(**hosts) for name, value in reply.headers.items()}
    document = reply.json
    if isinstance(document, dict) and isinstance(document.get("next"), str):
        document = {**document, "next": document["next"].format(**hosts)}
    return replace(reply, headers=headers, json=document)


def asked_once(platform: FakePlatform) -> bool:
    """Whether the platform was asked for nothing twice."""
    requests = [(seen.method, seen.target, seen.content) for seen in platform.seen]
    return len(requests) == len(set(requests))


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: f"{fault.section}: {fault.name!a}")
async def test_a_fault_is_answered_as_the_table_says(
    platform: FakePlatform,
    other: FakePlatform,
    servers: Servers,
    lines: io.StringIO,
    fault: Fault,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Each fault has its problem, or exactly the right tickets; the next user gets theirs."""
    # The next user comes at once, sooner than a login that was refused is tried again.
    monkeypatch.setattr(tokens, "REFUSED_SECONDS", 0.0)
    prepared(fault, platform, other)
    async with servers.of(fault) as menta:
        response = await menta.get(asks_for(USER))
        async with asyncio.timeout(2):  # what was given up is closed
            await platform.settled()
        following = await menta.get(asks_for(BEA))

    assert judged(response, USER) == fault.expected
    assert following.json()["tickets"] == [ticket("b")]
    assert asked_once(platform) or fault.repeats
    assert all("cookie" not in seen.headers for seen in platform.seen)
    assert len(events(lines, "answer")) == 2
    said = lines.getvalue() + str(response.headers) + response.text * (response.status_code != 200)
    for secret in (USER, BEA, TOKEN, SECRET, GRANTED, platform.url.removeprefix("http://"), "<h1>"):
        assert secret not in said


WHOLE = {
    "length": ok(LENGTH),
    "chunks": head(CHUNKED) + chunk(BODY[:50]) + chunk(BODY[50:]) + chunk(b""),
    "gzip": answer(GZIPPED, "Content-Encoding: gzip"),
    "until the end": ok(),
}


@pytest.mark.parametrize("whole", WHOLE.values(), ids=WHOLE)
async def test_an_answer_cut_at_any_byte_is_none(platform: FakePlatform, whole: bytes) -> None:
    """Wherever an answer ends before its end, it is a problem; the next one is as good as ever."""
    platform.on("/orders", *[sends(whole[:at], CLOSE) for at in range(len(whole))], sends(whole))
    platform.on("/orders", BEAS, query={"email": BEA})
    async with serving(compile_mapping(spec_of(base_url=platform.url))) as menta:
        cut = [(await menta.get(asks_for(user))).status_code for _ in whole for user in (USER, BEA)]

    assert set(cut[::2]) <= {UNREADABLE.status, UNAVAILABLE.status}
    assert set(cut[1::2]) == {200}


async def test_a_platform_that_is_not_there_is_unavailable() -> None:
    """No connection is `upstream-unavailable`."""
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{unused.getsockname()[1]}"
        async with serving(compile_mapping(spec_of(base_url=url))) as menta:
            assert judged(await menta.get(asks_for(USER)), USER) == UNAVAILABLE


NO_TLS: Mapping[str, Sequence[Step]] = {
    "HTTP": (ok(LENGTH), HANG),
    "noise": (b"\xff\0" * 500, HANG),
    "an alert": (b"\x15\x03\x01\0\x02\x02\x50", CLOSE),
    "silence": (HANG,),
    "closed": (CLOSE,),
    "reset": (RESET,),
}


@pytest.mark.parametrize("steps", NO_TLS.values(), ids=NO_TLS)
async def test_a_platform_without_tls_gets_no_request(
    platform: FakePlatform, steps: Sequence[Step]
) -> None:
    """Where `https` is asked for, nothing is sent before TLS stands."""
    platform.greetings.append(steps)
    url = platform.url.replace("http:", "https:")
    changes = {"upstream.connect_timeout": "200ms"}
    async with serving(compile_mapping(spec_of(changes, base_url=url))) as menta:
        assert judged(await menta.get(asks_for(USER)), USER) == UNAVAILABLE

    assert platform.seen == []


def test_the_table_has_no_row_twice() -> None:
    """Each row is a fault of its own."""
    assert len({(fault.section, fault.name) for fault in FAULTS}) == len(FAULTS) >= 120
