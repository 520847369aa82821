"""The large answers that are measured are what they are said to be."""

from __future__ import annotations

import pytest

from benchmarks.data import USER, as_json, body_of
from benchmarks.growth import Platform
from benchmarks.ours import bridge_of
from benchmarks.waiting import longest_hold, odd_body_of
from ticketbridge.engine.answer_trace import AnswerTrace

pytestmark = pytest.mark.anyio


async def test_an_odd_answer_is_judged_record_by_record() -> None:
    """It has the same tickets as the ordinary one, and its records were kept."""
    ordinary, odd = body_of(40), odd_body_of(40)
    answers, journals = [], [AnswerTrace(), AnswerTrace()]
    for body, trace in zip((ordinary, odd), journals, strict=True):
        bridge = bridge_of("plain", transport=Platform([as_json(body)]))
        answers.append((await bridge.answer(USER, trace)).body)

    assert answers[0] == answers[1]
    assert journals[0].records == []
    assert len(journals[1].records) > 40
    assert journals[1].verdicts["duplicate"] == 4


async def test_the_longest_hold_is_of_one_answer() -> None:
    """The answer is waited for; a wrong one fails."""
    bridge = bridge_of("plain", transport=Platform([as_json(body_of(40))]))

    assert await longest_hold(bridge, 40) > 0
    with pytest.raises(AssertionError):
        await longest_hold(bridge, 41)
