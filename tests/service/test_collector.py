"""Memory that only the collector can give back is given back, and not by the way of each answer."""

from __future__ import annotations

import asyncio
import ctypes
import gc
import mmap
import weakref
from pathlib import Path

import pytest

from ticketbridge.service import collector as module
from ticketbridge.service.app import create_app
from ticketbridge.service.collector import calm_collector, collecting, resident
from ticketbridge.service.settings import Settings

pytestmark = [pytest.mark.anyio, pytest.mark.usefixtures("collector")]


class Node:
    """One that knows itself, and some bytes, which are no part of what the process had free."""

    def __init__(self, size: int) -> None:
        self.itself = self
        self.content = mmap.mmap(-1, size)
        self.content.write(b"x" * size)


def old_garbage(size: int = 1) -> weakref.ref[Node]:
    """A reference cycle that has outlived the collector's young generations, and that nobody holds."""
    node = Node(size)
    gc.collect(1)
    return weakref.ref(node)


async def gone(*nodes: weakref.ref[Node]) -> None:
    """Wait until all of them are."""
    async with asyncio.timeout(20):
        while any(node() for node in nodes):  # noqa: ASYNC110 - there is no event for it
            await asyncio.sleep(0.01)


def test_the_collector_is_calm_but_not_off() -> None:
    """Reference cycles are still found, only less often."""
    calm_collector()

    assert gc.isenabled()
    assert gc.get_threshold()[0] == 100_000
    assert gc.get_freeze_count() > 0


async def test_what_grew_old_is_collected_when_memory_grows() -> None:
    """A process that grows looks for what it can give back within a second or two."""
    calm_collector()
    async with collecting():
        await asyncio.sleep(0.1)
        before = resident()
        garbage = [old_garbage(1_000_000) for _ in range(40)]
        assert resident() - before > 30_000_000
        await gone(*garbage)
        await asyncio.sleep(0.1)

        assert resident() - before < 10_000_000


async def test_what_grew_old_is_collected_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """A process that does not grow looks too, after a while."""
    monkeypatch.setattr(module, "LONGEST", 0.1)
    async with collecting():
        await gone(old_garbage())


async def test_nothing_is_collected_without_need() -> None:
    """A look at the memory is no collection."""
    gc.collect()
    async with collecting():
        garbage = old_garbage()
        await asyncio.sleep(1.2)

        assert garbage() is not None


@pytest.mark.parametrize("drains", [True, False])
async def test_a_served_application_collects(
    monkeypatch: pytest.MonkeyPatch, *, drains: bool
) -> None:
    """The application that has a process to itself sees to its memory; one in another's does not."""
    monkeypatch.setattr(module, "LONGEST", 0.1)
    app = create_app([], Settings(), drains=drains)
    sent: list[str] = []
    told = asyncio.Event()

    async def receive() -> dict[str, str]:
        if sent:
            await told.wait()
        return {"type": "lifespan.shutdown" if sent else "lifespan.startup"}

    async def send(message: object) -> None:
        sent.append(str(message))

    running = asyncio.create_task(app({"type": "lifespan"}, receive, send))
    async with asyncio.timeout(20):
        while not sent:  # noqa: ASYNC110 - there is no event for it
            await asyncio.sleep(0.01)
    garbage = old_garbage()
    await asyncio.sleep(1.2)
    assert (garbage() is None) == drains
    told.set()
    await running


async def test_a_system_that_does_not_tell_its_memory_is_collected_in_time(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Without /proc it is the time alone that decides."""
    monkeypatch.setattr(module, "_STATM", tmp_path / "none")
    monkeypatch.setattr(module, "LONGEST", 0.1)
    assert resident() == 0
    async with collecting():
        await gone(old_garbage())


async def test_a_system_whose_memory_nobody_can_trim_is_collected_all_the_same(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A C library without `malloc_trim` gives memory back by itself."""

    def missing(_name: None) -> None:
        raise OSError

    monkeypatch.setattr(ctypes, "CDLL", missing)
    monkeypatch.setattr(module, "_trim", module._find_trim())
    garbage = old_garbage()

    module.collect()

    assert garbage() is None
