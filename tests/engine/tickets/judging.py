"""One answer made both ways, by the serving function and with its reasons: they must agree."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any

import pytest

from tests.stand_in import compiled_on
from tests.support import NOW, USER, Changes, Replies, spec_of
from ticketbridge.engine.answer_trace import AnswerTrace
from ticketbridge.engine.bridge import Answer
from ticketbridge.engine.problems import MappingMismatch


@contextmanager
def keys_shown_both_ways() -> Iterator[None]:
    """Have reasons name the keys of the data in either way: a log counts them, and tools name them."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("ticketbridge.engine.bridge.keys_shown", nullcontext)
        yield


async def answered(
    replies: Mapping[str, Any],
    changes: Changes | None = None,
    *,
    folder: Path | None = None,
    user: str = USER,
) -> tuple[Answer, dict[str, int]]:
    """The answer and its verdict counts, the same both ways; *folder* holds an own schema."""
    made = []
    for explains in (True, False):
        bridge = compiled_on(Replies(replies), spec_of(changes, folder=folder))
        trace = AnswerTrace(explains=explains)
        answer = await bridge.answer(user, trace, now=NOW)
        made.append((answer.status, bytes(answer.body), trace.verdicts))

    assert made[0] == made[1]
    status, body, verdicts = made[0]
    return Answer(status, body), verdicts


async def mismatched(
    replies: Mapping[str, Any], changes: Changes | None = None, *, folder: Path | None = None
) -> tuple[str, dict[str, int]]:
    """The log text and the verdict counts of an answer that is a mapping mismatch, both ways."""
    made = []
    for explains in (True, False):
        bridge = compiled_on(Replies(replies), spec_of(changes, folder=folder))
        trace = AnswerTrace(explains=explains)
        with keys_shown_both_ways(), pytest.raises(MappingMismatch) as caught:
            await bridge.answer(USER, trace, now=NOW)
        made.append((caught.value.log, trace.verdicts))

    assert made[0] == made[1]
    return made[0]
