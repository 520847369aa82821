"""The deadline of one answer."""

from __future__ import annotations

import asyncio
import math
from types import TracebackType


class Deadline:
    """Raise TimeoutError in the block of `with deadline:` after this many *seconds*.

    It does the same as `asyncio.timeout`, for the one case that each answer has: the deadline is
    known before and never moves. *ends* is its time by the loop's clock, once it runs. *has_passed*
    tells a passed deadline from other reasons to cancel the task.
    """

    __slots__ = ("_cancelling", "_seconds", "_task", "_timer", "ends", "has_passed")

    def __init__(self, seconds: float) -> None:
        self.has_passed = False
        self.ends = math.inf
        self._seconds = seconds

    def __enter__(self) -> None:
        task = asyncio.current_task()
        assert task is not None, "an answer is made in a task"  # noqa: S101 - asyncio sees to it
        self._task = task
        self._cancelling = task.cancelling()
        self._timer = task.get_loop().call_later(self._seconds, self._end)
        self.ends = self._timer.when()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        del traceback
        self._timer.cancel()
        # Where somebody else has cancelled the task too, that goes on.
        is_ours = self.has_passed and self._task.uncancel() <= self._cancelling
        if is_ours and kind is asyncio.CancelledError:
            raise TimeoutError from error

    def _end(self) -> None:
        self.has_passed = True
        self._task.cancel()
