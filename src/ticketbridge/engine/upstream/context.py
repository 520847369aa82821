"""The data beside a request in the pipeline, and the types of the pipeline's stages."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, NamedTuple

from ticketbridge.engine.answer_trace import AnswerTrace
from ticketbridge.engine.deadline import Deadline
from ticketbridge.engine.upstream.limits import BodyBudget
from ticketbridge.engine.upstream.messages import PlatformAnswer, PlatformRequest
from ticketbridge.engine.upstream.tokens import TokenStore
from ticketbridge.mapping.spec_compiler import Scope

_FIXED_NONCE = "0" * 32


class SharedAnswer(NamedTuple):
    """The answer to a GET, also one that has not come yet. *sent_at* is a time of `time.perf_counter`."""

    sent_at: float
    answer: asyncio.Future[PlatformAnswer]


@dataclass(slots=True)
class AnswerContext:
    """The data that all calls of one answer share. It is dropped when the answer ends.

    *scope* has the asked user. *deadline* is the answer's. *calls* counts each call, including polls
    and retries. *answers* are the answers to GETs so far. *token* is set if the login names the user.
    *unheard* are the ids of answers that were not yet reported to the breaker. *mark* identifies the
    answer at the breaker. *fixed* is the moment at which all requests are signed, if the clock is
    fixed.
    """

    trace: AnswerTrace
    scope: Scope
    deadline: Deadline
    bodies: BodyBudget
    calls: dict[str, int] = field(default_factory=dict)
    answers: dict[PlatformRequest, SharedAnswer] = field(default_factory=dict)
    unheard: set[int] = field(default_factory=set)
    token: TokenStore | None = None
    mark: object = field(default_factory=object)
    fixed: datetime | None = None

    def moment(self) -> datetime:
        """Return the time of the request that is being signed."""
        return self.fixed or datetime.now(UTC)

    def nonce(self) -> str:
        """Return a text that no other request has; if the clock is fixed, it is always the same."""
        return _FIXED_NONCE if self.fixed else secrets.token_hex(16)


@dataclass(slots=True)  # see PlatformRequest
class Reading:
    """An answer that counts, after the rules.

    *scope* is that of the request, with `body`, `status` and `headers`: the response slots see it.
    *url* is the URL that gave the answer.
    """

    scope: Scope
    url: str


Send = Callable[[PlatformRequest, AnswerContext], Awaitable[PlatformAnswer]]
"""A stage below the rules: returns the platform's complete answer. Raises FailedTry or ProblemError."""

Judge = Callable[[PlatformAnswer, PlatformRequest, AnswerContext], Awaitable[Scope]]
"""Returns the scope of the response slots. Raises NothingThere, NotReady, FailedTry or ProblemError."""

Read = Callable[[PlatformRequest, AnswerContext], Awaitable[Reading]]
"""A stage above the rules: returns an answer that counts. Raises what Judge raises."""

Bind = Callable[[Scope, AnswerContext], Awaitable[list[Any]]]
"""The top of a pipe: returns the values that an entry of `source` binds in a scope, in order."""
