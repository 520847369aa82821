"""The pipe of a call has the stages that its mapping configures, and no others."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest

from tests.stand_in import sending_by
from tests.support import NOW, USER, Changes, Replies, item, order, orders, spec_of, tickets_of
from ticketbridge.engine.answer_trace import AnswerTrace
from ticketbridge.engine.bridge import Bridge, compile_mapping
from ticketbridge.engine.deadline import Deadline
from ticketbridge.engine.problems import UpstreamError
from ticketbridge.engine.upstream.context import AnswerContext
from ticketbridge.engine.upstream.limits import BodyBudget
from ticketbridge.engine.upstream.messages import PlatformAnswer, PlatformRequest
from ticketbridge.engine.upstream.stages import share_gets

pytestmark = pytest.mark.anyio

PLAIN = [
    "ask_once",
    "raise_problems",
    "judge_answers",
    "count_calls",
    "sign",
    "name_failures",
    "take_turns",
    "guard",
    "measure",
]
SESSION = {"type": "session", "login": {"post": "/login"}, "token": "body.token"}
AGAIN = {"name": "again", "get": "/orders", "take": "body"}


async def nowhere(request: PlatformRequest, context: AnswerContext) -> PlatformAnswer:
    """A last stage that nothing should reach."""
    raise AssertionError((request, context))


def stages_of(stage: Callable[..., Any]) -> Iterator[str]:
    """The names of the stages from *stage* down to the last one, which is not among them."""
    while stage is not nowhere:
        yield stage.__qualname__.partition(".")[0]
        cells = dict(zip(stage.__code__.co_freevars, stage.__closure__ or (), strict=True))
        stage = next(
            cells[name].cell_contents for name in ("bind", "read", "send") if name in cells
        )


def pipe_of(changes: Changes) -> list[str]:
    """The stages of the first entry's pipe."""
    bridge = compile_mapping(spec_of(changes), last_stage=nowhere)
    return list(stages_of(bridge._platform.ways[0]))


def with_stage(name: str, after: str | None = None, *, instead: str | None = None) -> list[str]:
    """PLAIN with the stage *name* behind another, or instead of one."""
    stages = list(PLAIN)
    if instead is not None:
        stages[stages.index(instead)] = name
    else:
        stages.insert(0 if after is None else stages.index(after) + 1, name)
    return stages


@pytest.mark.parametrize(
    ("changes", "stages"),
    [
        pytest.param({}, PLAIN, id="plain"),
        pytest.param({"upstream.retries": 1}, with_stage("retry", "raise_problems"), id="retries"),
        pytest.param(
            {"source.0.responses": [{"status": 202, "then": "poll", "after": "1s"}]},
            with_stage("poll", "raise_problems"),
            id="poll",
        ),
        pytest.param(
            {"source.0.pages": {"next_url": "body.next"}},
            with_stage("walk_pages", instead="ask_once"),
            id="pages",
        ),
        pytest.param({"source.0.if": "user == 'x'"}, with_stage("ask_if"), id="if"),
        pytest.param(
            {"source": [{"name": "all", "get": "/{user}", "collect": "body.orders"}, AGAIN]},
            ["collect", *with_stage("share_gets", "judge_answers")],
            id="collect, and a call after it",
        ),
        pytest.param(
            {"upstream.auth": {"type": "none"}},
            [stage for stage in PLAIN if stage != "sign"],
            id="no auth",
        ),
        pytest.param(
            {"upstream.auth": SESSION},
            [
                *("ask_once", "raise_problems", "renew", "judge_answers", "count_calls"),
                *("sign_with_token", "name_failures", "take_turns", "guard", "measure"),
            ],
            id="login",
        ),
    ],
)
def test_what_the_mapping_does_not_configure_is_not_in_the_pipe(
    changes: Changes, stages: list[str]
) -> None:
    """Each key adds its stage, in its place."""
    if "source" in changes:
        names = ("ticketId", "externalReferenceEventId", "showId", "ticketOptionId", "price")
        fields = {name: f"again.{name}" for name in names}
        changes = {
            **changes,
            "ticket.owner": "again.email",
            "ticket.status.from": "again.state",
            "ticket.fields": {**fields, "currency": {"const": "EUR"}},
        }

    assert pipe_of(changes) == stages


async def test_a_last_stage_takes_the_place_of_the_connections_alone() -> None:
    """What watches or stands in sees each request signed, and all other stages are as they were."""
    spec = spec_of({"upstream.retries": 2})
    platform = Replies({"/orders": orders(order(item(1)))})
    seen: list[str] = []
    bridge: Bridge = compile_mapping(spec, last_stage=sending_by(platform, spec))
    below = bridge.last_stage

    async def watching(request: PlatformRequest, context: AnswerContext) -> PlatformAnswer:
        assert request.credentials is not None
        seen.append(request.call)
        return await below(request, context)

    answer = await bridge.with_last_stage(watching).answer(USER, now=NOW)

    assert len(tickets_of(answer)) == 1
    assert seen == ["order"]


async def test_a_late_failure_leaves_the_newer_answer() -> None:
    """What was asked for anew meanwhile is shared on, whatever becomes of the request before it."""
    first, newer = PlatformRequest("https://a.example/jobs"), asyncio.Event()
    sent: list[PlatformRequest] = []

    async def send(request: PlatformRequest, context: AnswerContext) -> PlatformAnswer:
        del context
        sent.append(request)
        if request is not first:
            return PlatformAnswer(200, {}, b"")
        await newer.wait()
        raise UpstreamError

    context = AnswerContext(AnswerTrace(), {}, Deadline(1), BodyBudget(1))
    ask = share_gets(send)
    failing = asyncio.ensure_future(ask(first, context))
    await asyncio.sleep(0)
    answer = await ask(replace(first, newer_than=time.perf_counter()), context)
    newer.set()
    with pytest.raises(UpstreamError):
        await failing

    assert await ask(first, context) is answer
    assert len(sent) == 2
