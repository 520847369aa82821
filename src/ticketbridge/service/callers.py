"""Run work for a caller, and stop it when the caller has left."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

from starlette.types import Receive, Scope

from ticketbridge.service.protocol import LEFT

T = TypeVar("T")


class ClientLeft(Exception):
    """The caller closed the connection before its answer was there."""


async def while_connected(
    scope: Scope, receive: Receive, task: asyncio.Task[object], work: Awaitable[T]
) -> T:
    """Return the result of *work*, which runs in *task*.

    Raises ClientLeft, and stops *work*, if the caller leaves.
    """
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
    """Call *leave* when the caller leaves; return a function that ends the watch.

    Our own server reports it. For other servers a task waits for it.
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
