"""An event loop whose time passes only by waiting, and whose waits take none.

Nothing in a case waits for the world, so a loop with nothing to do jumps to its next timer. A
retry's pause costs nothing, and a deadline passes only where the engine itself waits for so long.
"""

from __future__ import annotations

import asyncio
import selectors


class _Selector(selectors.SelectSelector):
    """Adds to *waited* the seconds that it was asked to wait for, and does not wait."""

    waited = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        """See selectors."""
        if timeout is None:
            return super().select()
        self.waited += max(0.0, timeout)
        return super().select(0)


class SkippingLoop(asyncio.SelectorEventLoop):
    """See the module."""

    def __init__(self) -> None:
        self._skipping = _Selector()
        super().__init__(self._skipping)

    def time(self) -> float:
        """Seconds waited so far."""
        return self._skipping.waited

    async def shutdown_default_executor(self, timeout: float | None = None) -> None:  # noqa: ASYNC109
        """See asyncio. It waits without a limit: one on this clock is over before any thread can end."""
        del timeout
        await super().shutdown_default_executor()
