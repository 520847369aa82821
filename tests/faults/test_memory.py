"""What one answer may take of a process: its memory, and the time of all others."""

from __future__ import annotations

import asyncio
import gc
import gzip
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from types import FrameType

import httpx
import pytest

from tests.fake_platform import CLOSE, FakePlatform, Pause, Reply, Step
from tests.faults.asking import asks_for, judged
from tests.faults.fault import ANA, MISMATCH, NONE, ONE, UNREADABLE, Expected, tickets
from tests.faults.wire import BODY, CHUNKED, GOOD, answer, chunk, head, members, ok, sends
from tests.processes import HEADERS, Program, serving_program
from tests.support import Changes, item, order, orders, serving, spec_of
from ticketbridge.engine.bridge import compile_mapping

pytestmark = [
    pytest.mark.anyio,
    pytest.mark.skipif(sys.platform != "linux", reason="memory is read from /proc"),
]

MB = 1_000_000
ALLOWED = 64 * MB
PIECE = b" " * MB
GZIP = "Content-Encoding: gzip"


def pieces(*first: bytes, count: int = 200, piece: bytes = PIECE) -> Reply:
    """*first*, and then so many MB of it, unless the connection is closed before."""
    steps: list[Step] = [*first, *[piece] * count, CLOSE]
    return Reply(steps=steps)


def bombs() -> Iterator[tuple[str, Reply, Expected]]:
    """Answers that are larger than they may be, or than they look."""
    frame = b"f4240\r\n" + PIECE + b"\r\n"
    zeros = gzip.compress(bytes(200 * MB), 1)
    deep = gzip.compress(b'{"orders": ' + b"[" * 9 * MB, 1)
    lists = gzip.compress(b'{"orders": [' + b"[]," * 3 * MB + b"[]]}", 1)
    yield "a body of 200 MB", pieces(head("Content-Length: 200000000")), UNREADABLE
    yield "a body of 200 MB in chunks", pieces(head(CHUNKED), piece=frame), UNREADABLE
    yield "a body of 200 MB until the end", pieces(head()), UNREADABLE
    yield "a gzip bomb", sends(ok(GZIP, body=zeros), CLOSE), UNREADABLE
    yield (
        "a gzip bomb in chunks",
        sends(head(GZIP, CHUNKED) + chunk(zeros) + chunk(b"")),
        UNREADABLE,
    )
    yield "a gzip bomb in gzip", sends(ok(GZIP, body=gzip.compress(zeros)), CLOSE), UNREADABLE
    yield (
        "a gzip bomb of members",
        sends(ok(GZIP, body=members(*[bytes(MB)] * 200)), CLOSE),
        UNREADABLE,
    )
    yield "a gzip bomb of brackets", sends(ok(GZIP, body=deep), CLOSE), UNREADABLE
    yield "a gzip bomb of lists", sends(ok(GZIP, body=lists), CLOSE), UNREADABLE
    yield "a header of 200 MB", pieces(head()[:-2] + b"X: "), UNREADABLE
    yield "200 MB of headers", pieces(head()[:-2], piece=b"X: y\r\n" * 200_000), UNREADABLE
    yield "200 MB of early hints", pieces(piece=b"HTTP/1.1 103 x\r\n\r\n" * 50_000), UNREADABLE
    yield "a trailer of 200 MB", pieces(head(CHUNKED) + chunk(BODY) + b"0\r\nX: "), UNREADABLE
    yield "200 MB of the frame of a chunk", pieces(head(CHUNKED) + b"5;"), UNREADABLE
    late = sends(answer(BODY), Pause(0.05), *[PIECE] * 200, CLOSE)
    yield "200 MB after the answer", late, ONE


async def answered(menta: httpx.AsyncClient, program: Program) -> object:
    """What menta tech is answered about ANA."""
    return judged(await menta.get(program.url + asks_for(ANA)), ANA)


async def test_no_bomb_takes_more_than_64_mb(platform: FakePlatform, tmp_path: Path) -> None:
    """Whatever is too large is refused with bounded memory, and the next answer is as good as ever."""
    grown: dict[str, int] = {}
    with serving_program(tmp_path, platform.url, {"upstream.timeout": "30s"}) as program:
        async with httpx.AsyncClient(headers=HEADERS, trust_env=False, timeout=60) as menta:
            platform.on("/orders", Reply(json=GOOD))
            assert await answered(menta, program) == ONE
            before = program.peak_of_memory()
            for name, bomb, expected in bombs():
                platform.on("/orders", bomb, Reply(json=GOOD))
                assert (name, await answered(menta, program)) == (name, expected)
                await platform.settled()
                assert await answered(menta, program) == ONE
                grown[name] = program.peak_of_memory() - before

    assert {name: size for name, size in grown.items() if size > ALLOWED} == {}


async def test_memory_is_measured(platform: FakePlatform, tmp_path: Path) -> None:
    """An answer that may be large is seen to take more."""
    large = Reply(body=b'{"orders": []' + b" " * 60 * MB + b"}")
    platform.on("/orders", Reply(json=GOOD), large)
    with serving_program(tmp_path, platform.url, {"upstream.max_body": "100MB"}) as program:
        async with httpx.AsyncClient(headers=HEADERS, trust_env=False, timeout=60) as menta:
            assert await answered(menta, program) == ONE
            before = program.peak_of_memory()
            assert await answered(menta, program) == NONE
            assert program.peak_of_memory() - before > ALLOWED


SHARED: Changes = {
    "source": [
        {"name": "all", "get": "/orders", "query": {"email": "{user}"}, "take": "body"},
        {"name": "order", "get": "/orders", "query": {"email": "{user}"}, "each": "body.orders"},
        {"name": "item", "each": "order.items"},
    ]
}


@pytest.fixture
def garbage() -> Iterator[list[object]]:
    """What is left to the collector while the test runs: it is told to keep it."""
    gc.collect()
    gc.disable()
    gc.set_debug(gc.DEBUG_SAVEALL)
    yield gc.garbage
    gc.set_debug(0)
    gc.garbage.clear()
    gc.enable()


@pytest.mark.parametrize(
    ("reply", "changes"),
    [
        pytest.param(pieces(head(), count=2), {}, id="too large"),
        pytest.param(Reply(json={"order_list": []}), {}, id="no such key"),
        pytest.param(Reply(json=orders(order(item(1, price=-1)))), {}, id="violation"),
        pytest.param(Reply(500), {}, id="500"),
        pytest.param(Reply(500), SHARED, id="500 of a shared call"),
        pytest.param(Reply(503), {"upstream.retries": 1}, id="503 twice"),
        pytest.param(Reply(json=GOOD, cut=9), {}, id="cut"),
        pytest.param(sends(CLOSE), {}, id="closed"),
        pytest.param(Reply(hang=True), {"upstream.timeout": "100ms"}, id="hangs"),
    ],
)
async def test_an_answer_that_fails_leaves_nothing_behind(
    platform: FakePlatform, garbage: list[object], reply: Reply, changes: Changes
) -> None:
    """What the platform said is gone with the answer: it does not wait for the collector."""
    platform.on("/orders", reply)
    bridge = compile_mapping(
        spec_of({"upstream.max_body": "1MB", **changes}, base_url=platform.url)
    )
    async with serving(bridge) as menta:
        await menta.get(asks_for(ANA))
        gc.collect()

    assert [one for one in garbage if isinstance(one, FrameType)] == []


LONGEST_STALL = 1.0
LARGE = Reply(json=orders(order(*[item(number) for number in range(10_000)])))
ODD = Reply(json=orders(order(*[item(number) for number in range(9_999)], item(0, price=11))))


@pytest.mark.parametrize(
    ("reply", "expected"),
    [
        pytest.param(LARGE, tickets(*range(10_000)), id="tickets"),
        pytest.param(ODD, MISMATCH, id="with a contradiction"),
    ],
)
async def test_10_000_tickets_hold_nobody_up(
    platform: FakePlatform, tmp_path: Path, reply: Reply, expected: object
) -> None:
    """While a large answer is made, others are answered within a second."""
    platform.on("/orders", reply)
    longest = 0.0
    with serving_program(tmp_path, platform.url, {"upstream.timeout": "30s"}) as program:
        async with httpx.AsyncClient(headers=HEADERS, trust_env=False, timeout=60) as menta:
            large = asyncio.create_task(menta.get(program.url + asks_for(ANA)))
            while not large.done():
                started = time.perf_counter()
                assert (await menta.get(f"{program.url}/healthz")).status_code == 200
                longest = max(longest, time.perf_counter() - started)
            found = judged(await large, ANA)

    assert found == expected
    assert longest < LONGEST_STALL
