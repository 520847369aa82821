"""What is taken down of an answer beside its tickets, for the log and the metrics."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import Any

import pytest

from tests.fake_platform import FakePlatform, Reply
from tests.support import USER, Changes, answer_of, ids_on, item, order, orders, spec_of
from ticketbridge.engine.answer_trace import AnswerTrace
from ticketbridge.engine.bridge import compile_mapping
from ticketbridge.engine.problems import ProblemError

pytestmark = pytest.mark.anyio

WORDS: tuple[tuple[Any, str], ...] = (
    ("ON_HOLD", "ON_HOLD"),
    ("checked-in", "checked-in"),
    ("v2", "v2"),
    (7, "7"),
    ("102", "102"),
    (True, "true"),
    (None, "null"),
    (12345, "other"),
    (10**5000, "other"),
    ("600111222", "other"),
    ("ana@example.com", "other"),
    ("Ana Lopez", "other"),
    ("Ñandú", "other"),
    ("", "other"),
    ("PAID\n", "other"),
    ("x" * 35, "other"),
    ("a1b2c3d4", "other"),
    ({"state": "PAID"}, "other"),
    (["PAID"], "other"),
    (1.5, "other"),
)


@pytest.mark.parametrize(("status", "word"), WORDS, ids=[f"{n}" for n in range(len(WORDS))])
def test_only_what_looks_like_a_status_is_kept(status: Any, word: str) -> None:
    """A status that no table has is counted by its word; a name, a number or an address is `other`."""
    trace = AnswerTrace()
    trace.count_unknown(status)

    assert trace.unknown_words == {word: 1}


@pytest.mark.parametrize("policy", ["fail", "omit"])
async def test_unknown_statuses_are_counted(policy: str) -> None:
    """Each record with an unknown status counts once, whether or not the answer fails of it."""
    changes = {"ticket.on_violation": policy}
    items = [item(1), item(2, state="HELD"), item(3, state="HELD"), item(4, state="a b")]
    trace = AnswerTrace()
    with suppress(ProblemError):
        await answer_of(changes, {"/orders": orders(order(*items))}, trace=trace)

    assert trace.unknown_words == {"HELD": 2, "other": 1}


async def test_a_status_that_ends_a_binding_early_is_counted() -> None:
    """A status that is judged between two calls counts as one that is judged at the end."""
    changes = {
        "source": [
            {"name": "order", "get": "/orders", "each": "body.orders"},
            {"name": "item", "get": "/items", "each": "body.items"},
        ],
        "ticket.status.from": "order.state",
        "ticket.on_violation": "omit",
    }
    replies = {
        "/orders": orders(order(state="HELD"), order(state="PAID")),
        "/items": {"items": [item()]},
    }
    trace = AnswerTrace()
    await answer_of(changes, replies, trace=trace)

    assert trace.unknown_words == {"HELD": 1}


async def test_retries_and_logins_are_counted(platform: FakePlatform) -> None:
    """Each try after the first is a retry, and each login that is begun a login."""
    auth = {"type": "session", "login": {"post": "/login", "json": {}}, "token": "body.token"}
    changes: Changes = {"upstream.auth": auth, "upstream.retries": 2}
    platform.on("/login", Reply(json={"token": "a"}))
    platform.on("/orders", Reply(503), Reply(401), Reply(json=orders()))
    trace = AnswerTrace()
    await ids_on(platform, changes, trace)

    assert (trace.calls, trace.retries, trace.logins) == (5, 1, 2)


async def test_waits_and_calls_in_flight_are_seen(platform: FakePlatform) -> None:
    """A call that waits for its turn is a wait; one that is under way is in flight until it ends."""
    held: list[int] = []
    bridge = compile_mapping(spec_of({"upstream.concurrency": 1}, base_url=platform.url))

    def answering(_seen: object) -> Reply:
        held.append(bridge.calls_in_flight)
        return Reply(json=orders())

    platform.on("/orders", answering)
    traces = [AnswerTrace(), AnswerTrace()]
    await asyncio.gather(*[bridge.answer(USER, trace) for trace in traces])
    after = bridge.calls_in_flight
    await bridge.aclose()

    assert (held, after) == ([1, 1], 0)
    assert [trace.waiting.starts for trace in traces] == [0, 1]
    assert [trace.upstream.starts for trace in traces] == [1, 1]


def test_a_wait_for_the_rate_is_a_wait_too() -> None:
    """Time in wait for the platform's rate counts among all waits, and apart."""
    trace = AnswerTrace()
    for _ in range(2):
        with trace.wait_for_rate():
            pass

    assert trace.rate_waiting is not None
    assert (trace.waiting.starts, trace.rate_waiting.starts) == (2, 2)
    assert 0 < trace.rate_waiting.seconds <= trace.waiting.seconds
