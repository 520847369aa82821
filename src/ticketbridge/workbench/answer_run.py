"""One answer for the author of a mapping: with its calls and its reasons."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from urllib.parse import quote

from ticketbridge.engine.answer_trace import AnswerTrace
from ticketbridge.engine.bridge import Answer, Bridge
from ticketbridge.engine.problems import ProblemError
from ticketbridge.engine.upstream.context import AnswerContext, Send
from ticketbridge.engine.upstream.failures import NoAnswer
from ticketbridge.engine.upstream.messages import PlatformAnswer, PlatformRequest
from ticketbridge.mapping.spec import EndpointSpec
from ticketbridge.service.user import asked_user


@dataclass(slots=True)
class Exchange:
    """One request and its result: an *answer*, or a *failure* in words. Times are in seconds.

    A token that the request places is masked in it.
    """

    request: PlatformRequest
    started: float
    seconds: float = 0.0
    answer: PlatformAnswer | None = None
    failure: str = ""


class ExchangeLog:
    """Wraps the *last_stage* of a pipeline, and keeps *exchanges*, in the order of sending."""

    def __init__(self, last_stage: Send) -> None:
        self.exchanges: list[Exchange] = []
        self._last_stage = last_stage
        self._since = time.perf_counter()

    async def send(self, request: PlatformRequest, context: AnswerContext) -> PlatformAnswer:
        """See Send."""
        return await send_noted(
            self._last_stage, request, context, self.exchanges, since=self._since
        )


async def send_noted(
    last_stage: Send,
    request: PlatformRequest,
    context: AnswerContext,
    exchanges: list[Exchange],
    *,
    since: float = 0.0,
) -> PlatformAnswer:
    """Send *request* by *last_stage*, and add it to *exchanges* with its answer or its failure; see Send.

    Times are counted from *since*, a time of `time.perf_counter`.
    """
    began = time.perf_counter()
    exchange = Exchange(request.shown, began - since, failure="stopped before it was answered")
    exchanges.append(exchange)
    try:
        exchange.answer = await last_stage(request, context)
    except NoAnswer as failure:
        exchange.failure = failure.problem.log
        raise
    except ProblemError as problem:
        exchange.failure = problem.log
        raise
    else:
        exchange.failure = ""
    finally:
        exchange.seconds = time.perf_counter() - began
    return exchange.answer


@dataclass(frozen=True, slots=True)
class AnswerRun:
    """What menta tech would get, an *answer* or a *problem*, with its calls and reasons.

    *open* lists each TODO in the mapping: while there is one, menta tech gets nothing.
    """

    user: str
    now: datetime
    bridge: Bridge
    trace: AnswerTrace
    answer: Answer | None
    problem: ProblemError | None
    exchanges: Sequence[Exchange] = field(default=(), repr=False)
    open: Sequence[str] = ()


async def run_answer(
    bridge: Bridge,
    user: str,
    *,
    now: datetime | None = None,
    exchanges: Sequence[Exchange] = (),
) -> AnswerRun:
    """Answer *user* with *bridge*, with reasons; *exchanges* keeps its calls.

    Raises WaysDiffer if `serve` would answer otherwise.
    """
    stands, now = now is not None, now or datetime.now(UTC)
    trace = AnswerTrace(explains=True)
    answer = problem = None
    try:
        asked = require_asked_user(user, bridge.spec.endpoint)
        answer = await bridge.answer(asked, trace, now=now, stands=stands)
    except ProblemError as error:
        problem = error
    return AnswerRun(user, now, bridge, trace, answer, problem, exchanges)


def require_asked_user(user: str, endpoint: EndpointSpec) -> str:
    """Return *user* as the service reads it from a query. Raises InvalidUser."""
    query = f"{quote(endpoint.user_parameter, safe='')}={quote(user, safe='')}"
    return asked_user(query.encode(), endpoint)
