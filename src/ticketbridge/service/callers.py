"""Work for a caller, which ends when nobody is there any more to take the answer."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

from starlette.types import Receive, Scope

from ticketbridge.service.protocol import LEFT

T = TypeVar("T")


class ClientLeft(Exception):
    """The caller closed the connection before its answer was there."""


async def while_connected(scope: Scope, receive: Receive, work: Awaitable[T]) -> T:
    """The result of *work*, which is stopped when the caller leaves: no one is there to answer."""
    task = asyncio.current_task()
    assert task is not None, "an endpoint runs in a task"  # noqa: S101 - ASGI servers see to it
    left = False

    def leave() -> None:
        nonlocal left
        left = True
        task.cancel()

    stop_watching = _watch(scope, receive, leave)
    try:
        return await work
    except asyncio.CancelledError:
        if not left:
            raise
        task.uncancel()
        raise ClientLeft from None
    finally:
        stop_watching()


def _watch(scope: Scope, receive: Receive, leave: Callable[[], None]) -> Callable[[], object]:
    """Have *leave* called when the caller leaves; gives what ends that.

    Our own server says so itself; of another one it takes a task that waits for nothing else.
    """
    register = scope.get("extensions", {}).get(LEFT)
    if register is not None:
        register(leave)
        return lambda: register(None)

    async def wait() -> None:
        while (await receive())["type"] != "http.disconnect":
            pass
        leave()

    return asyncio.create_task(wait()).cancel
