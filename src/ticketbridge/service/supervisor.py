"""Several worker processes that share the listening sockets; one that ends is replaced."""

from __future__ import annotations

import logging
import multiprocessing.connection
import os
import signal
import socket
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from multiprocessing.process import BaseProcess
from types import FrameType

from uvicorn.config import STARTUP_FAILURE

from ticketbridge.service.hangup import held_back, release
from ticketbridge.service.logs import log_event

_YOUNG = 10.0  # seconds; who ends before may end again at once
_LONGEST_PAUSE = 30.0  # seconds before a worker that ends again and again is replaced
_MORE = 5.0  # seconds that workers have to end, beyond the grace of their answers
_LEAVING = (signal.SIGTERM, signal.SIGINT)
_HANGUP = getattr(signal, "SIGHUP", None)


@dataclass(frozen=True, slots=True, eq=False)
class _Worker:
    slot: int
    process: BaseProcess
    pid: int
    since: float = field(default_factory=time.monotonic)

    def tell(self, number: int) -> None:
        with suppress(ProcessLookupError):
            os.kill(self.pid, number)


class Supervisor:
    """Keeps *count* processes running until it is told to leave.

    *start* starts a process in the place with that number. *reload* is called on SIGHUP, after each
    worker was told. *ended* is called with the place and the number of a process that has ended.
    Workers have *grace* seconds and some more to leave.
    """

    def __init__(
        self,
        count: int,
        start: Callable[[int], BaseProcess],
        reload: Callable[[], object],
        grace: float,
        ended: Callable[[int, int], object] = lambda _slot, _pid: None,
    ) -> None:
        self._count = count
        self._start = start
        self._reload = reload
        self._grace = grace
        self._ended = ended
        self._workers: list[_Worker] = []
        self._young_ends = 0
        self._next_start = 0.0
        self._is_leaving = False
        self._has_failed = False
        self._is_reload_wished = False

    def run(self) -> int:
        """Keep the workers running; return the exit code, which is 1 if no worker could start."""
        with _signals(self._told) as alarm:
            release()
            while not self._is_leaving:
                self._fill_up()
                self._wait(alarm)
                self._note_ends()
                if self._is_reload_wished:
                    self._is_reload_wished = False
                    self._reload()
            self._end()
        return 1 if self._has_failed else 0

    def _told(self, number: int, _frame: FrameType | None) -> None:
        """Handle a signal. This runs between any two instructions of the main thread."""
        if number == _HANGUP:
            self._tell(number)
            self._is_reload_wished = True
        elif not self._is_leaving:
            self._is_leaving = True
        elif number == signal.SIGINT:
            self._tell(number)

    def _tell(self, number: int) -> None:
        for worker in self._workers:
            worker.tell(number)

    def _fill_up(self) -> None:
        while len(self._workers) < self._count and time.monotonic() >= self._next_start:
            # One that is told before it can hear is told when it does.
            with held_back():
                taken = {worker.slot for worker in self._workers}
                slot = min(set(range(self._count)) - taken)
                process = self._start(slot)
                assert process.pid is not None, "it is started"  # noqa: S101
                self._workers.append(_Worker(slot, process, process.pid))
            log_event("worker started", {"pid": process.pid})

    def _wait(self, alarm: socket.socket) -> None:
        """Return when a signal came, a worker ended, or the next one may start."""
        pause = None
        if len(self._workers) < self._count:
            pause = max(0.0, self._next_start - time.monotonic())
        ends = [worker.process.sentinel for worker in self._workers]
        multiprocessing.connection.wait([alarm, *ends], pause)
        with suppress(BlockingIOError):
            alarm.recv(4096)

    def _note_ends(self) -> None:
        for worker in [each for each in self._workers if not each.process.is_alive()]:
            self._workers.remove(worker)
            code = worker.process.exitcode
            self._ended(worker.slot, worker.pid)
            if self._is_leaving:
                continue
            level = logging.WARNING if code else logging.INFO
            log_event("worker ended", {"pid": worker.pid, "exit_code": code}, level)
            is_young = time.monotonic() - worker.since < _YOUNG
            self._young_ends = self._young_ends + 1 if is_young else 0
            self._next_start = time.monotonic() + _pause_after(self._young_ends)
            if code == STARTUP_FAILURE and not self._workers:
                self._has_failed = self._is_leaving = True

    def _end(self) -> None:
        self._tell(signal.SIGTERM)
        until = time.monotonic() + self._grace + _MORE
        for worker in self._workers:
            worker.process.join(max(0.0, until - time.monotonic()))
            if worker.process.is_alive():
                log_event("worker killed", {"pid": worker.pid}, logging.WARNING)
                worker.process.kill()
                worker.process.join()
            self._ended(worker.slot, worker.pid)


def _pause_after(young_ends: int) -> float:
    """Return the seconds before the next start: none after the first end, then twice as long each time."""
    return min(_LONGEST_PAUSE, 2.0 ** (young_ends - 2)) if young_ends > 1 else 0.0


@contextmanager
def _signals(told: Callable[[int, FrameType | None], None]) -> Iterator[socket.socket]:
    """Call *told* on each signal for us, and yield a socket that can be read after one."""
    numbers: Sequence[signal.Signals] = [*_LEAVING, *([_HANGUP] if _HANGUP else [])]
    ours, theirs = socket.socketpair()
    with ours, theirs:
        ours.setblocking(False)
        theirs.setblocking(False)
        former = {number: signal.signal(number, told) for number in numbers}
        wakeup = signal.set_wakeup_fd(theirs.fileno(), warn_on_full_buffer=False)
        try:
            yield ours
        finally:
            signal.set_wakeup_fd(wakeup)
            for number, handler in former.items():
                signal.signal(number, handler)
