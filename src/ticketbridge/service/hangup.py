"""Handle SIGHUP: it asks to read the mappings again, and never ends a process."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager

_HELD_BACK = [getattr(signal, name) for name in ("SIGHUP", "SIGINT") if hasattr(signal, name)]


@contextmanager
def held_back() -> Iterator[None]:
    """Hold SIGHUP and SIGINT back, for this process and its children, until `release`.

    Otherwise they would end a process that has not yet set up its handlers.
    """
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    former = signal.pthread_sigmask(signal.SIG_BLOCK, _HELD_BACK)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, former)


def release() -> None:
    """Let the signals through that were held back."""
    if hasattr(signal, "pthread_sigmask"):
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _HELD_BACK)


@contextmanager
def on_hangup(call: Callable[[], object]) -> Iterator[None]:
    """Let the event loop call *call* on SIGHUP. Afterwards the process, which is about to end, ignores it."""
    if not hasattr(signal, "SIGHUP"):
        yield
        return
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGHUP, call)
    release()
    try:
        yield
    finally:
        loop.remove_signal_handler(signal.SIGHUP)
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
