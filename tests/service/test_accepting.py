"""Processes that share their sockets have about as many connections each."""

from __future__ import annotations

import asyncio
import multiprocessing
import socket
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from ticketbridge.service import accepting
from ticketbridge.service.accepting import GONE, Acceptor, Part
from ticketbridge.service.server import shared_counts

pytestmark = pytest.mark.anyio

PATIENCE = 20


@pytest.mark.parametrize(
    ("counts", "own", "more"),
    [
        ([0, 0], 0, False),
        ([0, 0], 1, False),
        ([0, 0], 2, True),
        ([0, 80], 91, False),
        ([0, 80], 92, True),
        ([0, 80, 8], 11, True),
        ([0, GONE], 1000, False),
        ([0], 1000, False),
    ],
)
def test_who_has_clearly_more_than_another_leaves_it_the_next(
    counts: list[int], own: int, more: bool
) -> None:
    """One more, and an eighth, is not clear; a process that is not there counts for nothing."""
    assert Part(counts, 0).has_more(own) == more
    assert counts[0] == own


def test_without_shared_memory_each_process_has_its_own_count(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Where files can be written nowhere, no process knows of another, and takes what comes."""
    spawn = multiprocessing.get_context("spawn")
    shared = shared_counts(spawn, 2)

    def full(*_arguments: object) -> None:
        raise OSError(30, "Read-only file system")

    monkeypatch.setattr(spawn, "RawArray", full)
    own = shared_counts(spawn, 2)

    assert list(shared) == list(own) == [GONE, GONE]
    assert not Part(own, 0).has_more(1000)


class Kept(asyncio.Protocol):
    """A connection that stays."""


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    """A socket that listens."""
    with socket.create_server(("127.0.0.1", 0)) as made:
        yield made


class Side:
    """One of the processes, here in the same loop, and its connections."""

    def __init__(self, listener: socket.socket, part: Part) -> None:
        self.made: list[Kept] = []
        self.acceptor = Acceptor([listener], self._make, lambda: len(self.made), part)

    def _make(self) -> Kept:
        self.made.append(Kept())
        return self.made[-1]


async def until(condition: Callable[[], object]) -> None:
    """Wait for what comes in its own time."""
    async with asyncio.timeout(PATIENCE):
        while not condition():  # noqa: ASYNC110 - there is no event for it
            await asyncio.sleep(0.005)


def connections(listener: socket.socket, number: int) -> list[socket.socket]:
    """So many callers at once."""
    return [socket.create_connection(listener.getsockname()) for _ in range(number)]


def close(sockets: list[socket.socket]) -> None:
    """Close all of them."""
    for each in sockets:
        each.close()


async def test_a_burst_is_spread(listener: socket.socket) -> None:
    """Of many connections at once each of two gets about half."""
    counts = [GONE, GONE]
    one = Side(listener, Part(counts, 0))
    with listener.dup() as shared:  # as another process has it: a loop watches a descriptor once
        two = Side(shared, Part(counts, 1))
        callers = connections(listener, 40)
        await until(lambda: len(one.made) + len(two.made) == 40)
        one.acceptor.stop()
        two.acceptor.stop()
        close(callers)

    assert min(len(one.made), len(two.made)) >= 15


async def test_a_process_that_takes_nothing_holds_nobody_up(listener: socket.socket) -> None:
    """The others wait a moment for it, and take its connections themselves."""
    one = Side(listener, Part([0, 0], 0))
    callers = connections(listener, 10)
    await until(lambda: len(one.made) == 10)
    one.acceptor.stop()
    close(callers)


async def test_without_files_connections_wait(
    listener: socket.socket, monkeypatch: pytest.MonkeyPatch
) -> None:
    """When the process may open files again it takes them; nothing is taken after it was stopped."""
    monkeypatch.setattr(accepting, "_PAUSE", 0.05)

    class Poor:
        """The listening socket of a process that has no file left, for one turn."""

        tries = 0

        def __getattr__(self, name: str) -> Any:
            return getattr(listener, name)

        def accept(self) -> Any:
            self.tries += 1
            if self.tries == 1:
                raise OSError(24, "Too many open files")
            return listener.accept()

    poor: Any = Poor()
    one = Side(poor, Part([0], 0))
    callers = connections(listener, 2)
    await until(lambda: len(one.made) == 2)
    one.acceptor._accept(poor)  # nothing waits: another process was first
    poor.tries = 0
    callers += connections(listener, 1)
    await until(lambda: poor.tries == 1)
    one.acceptor.stop()
    await asyncio.sleep(0.1)
    close(callers)

    assert len(one.made) == 2


async def test_a_connection_that_is_never_opened_is_no_error(listener: socket.socket) -> None:
    """Where the loop ends amid it, its task is cancelled, and nothing is said of that."""
    said: list[dict[str, Any]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _loop, context: said.append(context))
    one = Side(listener, Part([0], 0))
    opening = asyncio.create_task(asyncio.sleep(PATIENCE))
    opening.add_done_callback(one.acceptor._opened)
    opening.cancel()
    await asyncio.wait([opening])
    await asyncio.sleep(0)
    one.acceptor.stop()

    assert said == []
