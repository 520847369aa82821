"""Write log lines from a separate thread, so that a slow reader of the log delays no answer."""

from __future__ import annotations

import os
import select
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from typing import Final

MOST_WAITING: Final = 4 * 1024 * 1024
"""The most characters of waiting lines; further lines are dropped, and counted."""

Line = str | Callable[[], str]
"""A line, or a function that makes it when it is written. It ends with a line break."""

_WHOLE = 4096  # bytes that a pipe takes in one piece, however many write to it
_MADE_LATER = 1024  # characters that a line counts as which is not made yet
_PAUSE = 0.02  # seconds between two writes: many lines go out at once, and the thread wakes seldom


class LogWriter:
    """Writes to a file descriptor. Lines that cannot be written, or that have no room, are lost.

    *tell_dropped* makes a line from their number; it is written as soon as lines can be written again.
    """

    def __init__(self, descriptor: int, tell_dropped: Callable[[int], str]) -> None:
        self._descriptor = descriptor
        self._tell_dropped = tell_dropped
        # Reentrant: a finalizer that logs may run in the middle of `put`.
        self._lock = threading.RLock()
        self._waiting: list[Line] = []
        self._size = 0
        self._dropped = 0
        self._work = threading.Event()
        self._idle = threading.Event()
        self._idle.set()
        self._is_hasty = False
        # A daemon: a write that nobody reads must not keep the process from ending.
        threading.Thread(target=self._run, name="log-writer", daemon=True).start()

    def put(self, line: Line) -> None:
        """Queue *line*, without waiting. If there is no room, it is dropped and counted.

        The thread makes lines in batches, which is faster than one by one.
        """
        size = len(line) if isinstance(line, str) else _MADE_LATER
        with self._lock:
            if self._size + size > MOST_WAITING:
                self._dropped += 1
                return
            self._waiting.append(line)
            self._size += size
            if not self._work.is_set():
                self._idle.clear()
                self._work.set()

    def flush(self, seconds: float) -> None:
        """Wait until all lines are written, but at most *seconds*."""
        self._is_hasty = True
        self._idle.wait(seconds)

    def _run(self) -> None:
        while True:
            self._work.wait()
            self._work.clear()
            self._write_waiting()
            with self._lock:
                if not self._waiting:
                    self._idle.set()
            if not self._is_hasty:
                time.sleep(_PAUSE)

    def _write_waiting(self) -> None:
        with self._lock:
            waiting, self._waiting, self._size = self._waiting, [], 0
            dropped, self._dropped = self._dropped, 0
        lines = [made for made in map(_made, waiting) if made]
        lost = len(waiting) - len(lines)
        if dropped:
            lines.append(self._tell_dropped(dropped))
        for chunk in _chunks(lines):
            try:
                self._write(b"".join(chunk))
            except OSError:
                lost += len(chunk)
        if lost:
            with self._lock:
                self._dropped += lost

    def _write(self, text: bytes) -> None:
        """Write all of *text*. Raises OSError."""
        left = memoryview(text)
        while left:
            try:
                left = left[os.write(self._descriptor, left) :]
            except BlockingIOError:
                # Somebody who shares the descriptor has made it non-blocking.
                select.select([], [self._descriptor], [], 1.0)


def _made(line: Line) -> str:
    """Return the text of *line*, or "" if it cannot be made; it is lost then."""
    if isinstance(line, str):
        return line
    try:
        return line()
    except Exception:  # noqa: BLE001 - whatever it is, the lines after it are written
        return ""


def _chunks(lines: Iterable[str]) -> Iterator[list[bytes]]:
    """Yield *lines* in portions that a pipe takes whole, because workers write to the same pipe."""
    chunk: list[bytes] = []
    size = 0
    for line in lines:
        text = line.encode("utf-8", "backslashreplace")
        if chunk and size + len(text) > _WHOLE:
            yield chunk
            chunk, size = [], 0
        chunk.append(text)
        size += len(text)
    yield chunk
