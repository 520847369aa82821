"""Log lines are written by a thread: nobody waits for their reader, and none is lost in silence."""

from __future__ import annotations

import os
import select
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress

import pytest

from ticketbridge.service import logwriter
from ticketbridge.service.logwriter import LogWriter

PATIENCE = 20  # seconds after which a test gives up, far beyond what it waits for


class Pipe:
    """A pipe whose reader reads when it is told to."""

    def __init__(self) -> None:
        self.reader, self.writer = os.pipe()

    def read(self, until: Callable[[bytes], bool]) -> list[str]:
        """The lines that come until *until* is true of all that came."""
        seen = b""
        while not until(seen):
            ready, _, _ = select.select([self.reader], [], [], PATIENCE)
            assert ready, f"nothing more comes after {len(seen)} bytes"
            seen += os.read(self.reader, 65_536)
        return seen.decode().splitlines()

    def close(self) -> None:
        """Close both ends."""
        for descriptor in (self.reader, self.writer):
            with suppress(OSError):
                os.close(descriptor)


@pytest.fixture
def pipe() -> Iterator[Pipe]:
    """A pipe of the system, with room for some 64 KB."""
    made = Pipe()
    yield made
    made.close()


def dropped(lines: int) -> str:
    """The line that tells of lost ones."""
    return f"dropped {lines}\n"


def test_lines_come_whole_and_in_order(pipe: Pipe) -> None:
    """What is put is written, each line once."""
    writer = LogWriter(pipe.writer, dropped)
    for number in range(1000):
        writer.put(f"line {number}\n")
    writer.flush(PATIENCE)

    assert pipe.read(lambda seen: b"line 999\n" in seen) == [f"line {n}" for n in range(1000)]


def test_a_full_pipe_holds_nobody_up(pipe: Pipe) -> None:
    """While nobody reads, `put` returns at once, and the lines come when somebody does."""
    writer = LogWriter(pipe.writer, dropped)
    line = "x" * 999 + "\n"
    began = time.monotonic()
    for _ in range(1000):
        writer.put(line)

    assert time.monotonic() - began < 1
    assert pipe.read(lambda seen: len(seen) >= 1000 * len(line)) == [line.strip()] * 1000


def test_what_has_no_room_is_counted(pipe: Pipe, monkeypatch: pytest.MonkeyPatch) -> None:
    """Beyond the bound lines are dropped, and their number is told as soon as lines are written again."""
    monkeypatch.setattr(logwriter, "MOST_WAITING", 200_000)
    writer = LogWriter(pipe.writer, dropped)
    line = "x" * 999 + "\n"
    for _ in range(1000):
        writer.put(line)
    seen = pipe.read(lambda seen: b"dropped" in seen and seen.endswith(b"\n"))

    told = sum(int(row.split()[1]) for row in seen if row.startswith("dropped"))
    assert told > 500
    assert seen.count(line.strip()) + told == 1000


def test_the_end_waits_for_what_is_left_and_no_longer(pipe: Pipe) -> None:
    """`flush` returns when all is written, and after its time where nobody reads."""
    writer = LogWriter(pipe.writer, dropped)
    for _ in range(200):
        writer.put("x" * 999 + "\n")
    began = time.monotonic()
    writer.flush(0.3)
    waited = time.monotonic() - began
    reading = threading.Thread(target=pipe.read, args=(lambda seen: len(seen) >= 200_000,))
    reading.start()
    writer.flush(PATIENCE)
    reading.join(PATIENCE)

    assert 0.25 < waited < 3
    assert not reading.is_alive()
    assert time.monotonic() - began < PATIENCE


def test_a_closed_pipe_costs_its_lines_alone(pipe: Pipe) -> None:
    """Lines that cannot be written are lost and counted; the thread goes on."""
    other = Pipe()
    os.close(pipe.reader)
    writer = LogWriter(pipe.writer, dropped)
    for _ in range(3):
        writer.put("lost\n")
    writer.flush(PATIENCE)
    os.dup2(other.writer, pipe.writer)
    writer.put("found\n")

    assert sorted(other.read(lambda seen: seen.count(b"\n") >= 2)) == ["dropped 3", "found"]
    other.close()


def test_a_line_may_be_made_when_it_is_written(pipe: Pipe) -> None:
    """It comes in its turn; one that cannot be made is lost alone, and counted."""
    writer = LogWriter(pipe.writer, dropped)

    def fail() -> str:
        raise ValueError

    for number in range(100):
        writer.put(f"line {2 * number}\n")
        writer.put(lambda number=number: f"line {2 * number + 1}\n")  # type: ignore[misc]
    writer.put(fail)
    writer.flush(PATIENCE)
    writer.put("last\n")

    seen = pipe.read(lambda seen: b"last\n" in seen and b"dropped" in seen)
    assert seen[:200] == [f"line {number}" for number in range(200)]
    assert sorted(seen[200:]) == ["dropped 1", "last"]


def test_lines_that_are_not_made_yet_are_counted_too(
    pipe: Pipe, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They may not fill the memory either while nobody reads."""
    monkeypatch.setattr(logwriter, "MOST_WAITING", 100_000)
    writer = LogWriter(pipe.writer, dropped)
    for _ in range(1000):
        writer.put(lambda: "x" * 999 + "\n")
    seen = pipe.read(lambda seen: b"dropped" in seen and seen.endswith(b"\n"))

    told = sum(int(row.split()[1]) for row in seen if row.startswith("dropped"))
    assert told > 500
    assert seen.count("x" * 999) + told == 1000


def test_a_pipe_that_does_not_block_loses_nothing(pipe: Pipe) -> None:
    """Where somebody else has made stderr non-blocking, the thread waits in its stead."""
    os.set_blocking(pipe.writer, False)
    writer = LogWriter(pipe.writer, dropped)
    for number in range(2000):
        writer.put(f"{number:0>99}\n")

    assert len(pipe.read(lambda seen: len(seen) >= 200_000)) == 2000


def test_writers_to_one_pipe_do_not_mix_their_lines(pipe: Pipe) -> None:
    """Several workers write to one pipe: each line stays whole."""
    writers = [LogWriter(pipe.writer, dropped) for _ in range(4)]
    for _ in range(500):
        for number, writer in enumerate(writers):
            writer.put(f"{number}" * 299 + "\n")
    seen = pipe.read(lambda seen: len(seen) >= 2000 * 300)

    assert {*seen} == {f"{number}" * 299 for number in range(4)}
