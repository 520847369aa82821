"""What a platform is told of the answer that a call is for: enough to find it, and nothing more."""

from __future__ import annotations

import asyncio
import io
import json
import re
from pathlib import Path
from typing import Any

import pytest

from tests.fake_platform import FakePlatform, Reply, Seen
from tests.support import (
    USER,
    Changes,
    events,
    ids_on,
    item,
    mapping,
    order,
    orders,
    serving,
    spec_of,
)
from ticketbridge.cli import main
from ticketbridge.engine.bridge import compile_mapping

pytestmark = pytest.mark.anyio

TRACE, SPAN = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
TICKETS = f"/tickets?user={USER}"
PARENT = re.compile(r"00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})")
SESSION: Changes = {
    "upstream.auth": {
        "type": "session",
        "login": {"post": "/login", "json": {}},
        "token": "body.token",
    }
}
TWO_CALLS: Changes = {
    "source": [
        {"name": "order", "get": "/orders", "each": "body.orders"},
        {"name": "item", "get": "/items/{order.event}", "each": "body.items"},
    ],
    "upstream.retries": 1,
}


def parent_of(seen: Seen) -> tuple[str, str, str]:
    """The trace, the span and the flags that a request says."""
    found = PARENT.fullmatch(seen.headers["traceparent"])
    assert found is not None
    return (found[1], found[2], found[3])


async def asked(platform: FakePlatform, changes: Changes | None = None, **headers: str) -> Any:
    """menta tech's answer from the changed MAPPING on *platform*."""
    async with serving(compile_mapping(spec_of(changes, base_url=platform.url))) as menta:
        return await menta.get(TICKETS, headers=headers)


async def test_a_trace_of_mentas_goes_on(platform: FakePlatform, lines: io.StringIO) -> None:
    """Each request names menta's trace and the answer's id, with a span of its own; so does the log line."""
    platform.on("/orders", Reply(503), Reply(json=orders(order())))
    platform.on("/items/fest", Reply(json={"items": [item()]}))
    headers = {"traceparent": f"00-{TRACE}-{SPAN}-01", "X-Request-Id": "menta-7"}
    answer = await asked(platform, TWO_CALLS, **headers)
    parents = [parent_of(seen) for seen in platform.seen]

    assert (answer.status_code, len(parents)) == (200, 3)
    assert {(trace, flags) for trace, _, flags in parents} == {(TRACE, "01")}
    assert len({span for _, span, _ in parents} - {SPAN, "0" * 16}) == 3
    assert {seen.headers["x-request-id"] for seen in platform.seen} == {"menta-7"}
    (line,) = events(lines, "answer")
    assert (line["request_id"], line["trace_id"]) == ("menta-7", TRACE)


async def test_without_one_each_answer_is_a_trace(
    platform: FakePlatform, lines: io.StringIO
) -> None:
    """What menta does not name gets new names; the trace says that nobody records it."""
    platform.on("/login", Reply(json={"token": "t"}))
    platform.on("/orders", Reply(json=orders()))
    first = await asked(platform, SESSION)
    second = await asked(platform, SESSION, traceparent=f"00-{'0' * 32}-{SPAN}-01")
    told = [(seen.headers["x-request-id"], parent_of(seen)) for seen in platform.seen]

    ids = [answer.headers["x-request-id"] for answer in (first, second)]
    assert [name for name, _ in told] == [ids[0], ids[0], ids[1], ids[1]]
    traces = [trace for _, (trace, _, _) in told]
    assert (traces[0], traces[2]) == (traces[1], traces[3])
    assert len({*traces, "0" * 32}) == 3
    assert {flags for _, (_, _, flags) in told} == {"00"}
    assert [line["trace_id"] for line in events(lines, "answer")] == [traces[0], traces[2]]


@pytest.mark.parametrize(
    ("own", "other"),
    [("x-request-id", "traceparent"), ("traceparent", "x-request-id")],
)
@pytest.mark.parametrize("slot", ["upstream.headers", "source.0.headers"])
async def test_what_the_mapping_says_itself_wins(
    platform: FakePlatform, slot: str, own: str, other: str
) -> None:
    """A header of the mapping's goes out as it is, once, and the other one as ever."""
    platform.on("/orders", Reply(json=orders()))
    await ids_on(platform, {slot: {own: "said-here"}})
    (seen,) = platform.seen

    assert seen.headers[own] == "said-here"
    assert seen.headers[other] != "said-here"


async def test_each_answer_of_a_bridge_is_told_apart(platform: FakePlatform) -> None:
    """Tools that ask a platform without menta tech name their calls too, each answer anew."""
    platform.on("/orders", Reply(json=orders()))
    await ids_on(platform, {})
    await ids_on(platform, {})

    assert len({seen.headers["x-request-id"] for seen in platform.seen}) == 2
    assert len({parent_of(seen)[0] for seen in platform.seen}) == 2


async def test_nothing_that_is_kept_shows_them(
    platform: FakePlatform, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A recording and an explanation have the mapping's own headers alone."""
    platform.on("/orders", Reply(json=orders(order(item(1)))))
    file, case = tmp_path / "acme.yaml", tmp_path / "acme.cases.yaml"
    changes = {
        "endpoint.access": "open",
        "upstream.base_url": platform.url,
        "upstream.auth": {"type": "none"},
    }
    file.write_text(json.dumps(mapping(changes)), "utf-8")
    words = ["fetch", str(file), "--user", USER, "--explain", "--record", str(case)]
    code = await asyncio.to_thread(main, words)
    said = capsys.readouterr()
    (seen,) = platform.seen

    assert code == 0, said.err
    for text in (said.out, said.err, case.read_text("utf-8")):
        assert seen.headers["x-request-id"] not in text
        assert parent_of(seen)[0] not in text
        assert "traceparent" not in text
