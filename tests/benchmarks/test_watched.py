"""What is measured of watched answers is what it is said to be."""

from __future__ import annotations

import asyncio

import pytest

from benchmarks import watched
from benchmarks.watched import BATCH
from ticketbridge.engine.bridge import Bridge
from ticketbridge.engine.problems import UpstreamError
from ticketbridge.service.metrics import PlatformMeter
from ticketbridge.service.spans import Spans

pytestmark = pytest.mark.usefixtures("silence")


def test_each_way_is_watched_as_it_says(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only the counted way counts, only the ways with spans make them, and each answer is right."""
    counted: list[str] = []
    made: list[str] = []
    monkeypatch.setattr(
        PlatformMeter, "count_answer", lambda self, *_: counted.append(self.platform)
    )
    monkeypatch.setattr(Spans, "note", lambda _self, trace, *_: made.append(trace.ids.flags))
    with asyncio.Runner() as runner:
        found = {}
        for name, options in watched._ways().items():
            counted.clear()
            made.clear()
            watched._answering(runner, options)()
            found[name] = (len(counted), len(made), made.count("01"))

    assert found.pop(watched.SOME)[:2] == (0, BATCH)
    assert found == {
        watched.ALONE: (0, 0, 0),
        watched.COUNTED: (BATCH, 0, 0),
        watched.ALL: (0, BATCH, BATCH),
    }


def test_a_wrong_answer_is_not_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    """An answer that is a problem ends the measurement."""

    async def failing(*_: object, **__: object) -> None:
        raise UpstreamError

    with asyncio.Runner() as runner:
        run = watched._answering(runner, {})
        monkeypatch.setattr(Bridge, "answer", failing)
        with pytest.raises(AssertionError):
            run()
