"""Ask the platform for many users, a few at a time, and count the results."""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from ticketbridge.engine.answer_trace import AnswerTrace
from ticketbridge.engine.bridge import Answer, Bridge
from ticketbridge.engine.problems import InvalidUser, ProblemError
from ticketbridge.engine.upstream.context import AnswerContext
from ticketbridge.engine.upstream.messages import PlatformAnswer, PlatformRequest
from ticketbridge.mapping.spec import EndpointSpec
from ticketbridge.terminal import UsageError, counted
from ticketbridge.workbench.answer_run import AnswerRun, Exchange, require_asked_user, send_noted
from ticketbridge.workbench.rehearse.rehearsal_tally import RehearsalTally

_MOST_BYTES = 10_000_000
_MOST_SLIPS = 5
_PLATFORM_SLUGS = frozenset(
    {"upstream-auth", "upstream-error", "upstream-unavailable", "upstream-timeout", "overloaded"}
)
"""Problems that do not depend on the user, so the next user has them too."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """The limits of a rehearsal: *most* users, *at_once* of them together, one every *interval* seconds.

    It ends after *stop_after* failures of the platform in a row, because the next answers would fail too.
    """

    most: int
    at_once: int
    interval: float
    stop_after: int


@dataclass(frozen=True, slots=True)
class UserList:
    """The users of a file, in order; *repeated* lines were left out, and *left* come after the most."""

    users: Sequence[str] = field(repr=False)
    repeated: int = 0
    left: int = 0


def read_users(file: str, endpoint: EndpointSpec, most: int) -> UserList:
    """Return the users in *file*, one for each line (`-`: standard input); blank lines are ignored.

    Raises UsageError if the file cannot be read, has no user, or has a line that the service would refuse.
    The error has the line's number, and never the line.
    """
    lines = _read_lines(file)
    users = [(number, line.strip()) for number, line in enumerate(lines, 1) if line.strip()]
    slips = list(_find_slips(users, endpoint))
    if slips:
        more = f"; and {len(slips) - _MOST_SLIPS} more" if len(slips) > _MOST_SLIPS else ""
        raise UsageError(
            f"{file}: {'; '.join(slips[:_MOST_SLIPS])}{more} (one user a line, as menta tech asks)"
        )
    if not users:
        raise UsageError(f"{file}: no user is in it: write one a line, as menta tech asks")
    known = list(dict.fromkeys(user for _, user in users))
    return UserList(known[:most], len(users) - len(known), max(0, len(known) - most))


def _read_lines(file: str) -> list[str]:
    try:
        with sys.stdin.buffer if file == "-" else Path(file).open("rb") as stream:
            content = stream.read(_MOST_BYTES + 1)
    except OSError as error:
        raise UsageError(f"{file}: the users cannot be read: {error.strerror}") from None
    if len(content) > _MOST_BYTES:
        raise UsageError(f"{file}: the file of users is over 10 MB")
    try:
        return content.decode("utf-8-sig").splitlines()
    except UnicodeDecodeError:
        raise UsageError(f"{file}: the users are not UTF-8") from None


def _find_slips(users: Sequence[tuple[int, str]], endpoint: EndpointSpec) -> Iterator[str]:
    for number, user in users:
        try:
            require_asked_user(user, endpoint)
        except InvalidUser as problem:
            yield f"line {number}: {problem.detail}"


Progress = Callable[[int, int, int], None]
"""Called after each answer with the number of answers, of users, and of problems."""


class Rehearsal:
    """Asks for users with *bridge*, like `serve` does, within *bounds*."""

    def __init__(self, bridge: Bridge, bounds: Bounds, progress: Progress) -> None:
        self.tally = RehearsalTally()
        self.stopped = ""
        self._bridge = bridge.with_last_stage(self._send)
        self._last_stage = bridge.last_stage
        self._bounds = bounds
        self._progress = progress
        self._exchanges: dict[int, list[Exchange]] = {}
        self._in_a_row = 0

    async def run(self, users: Sequence[str]) -> None:
        """Ask for all *users*.

        Ends early if the platform fails too often in a row, or on Ctrl-C; *stopped* says so.
        """
        turns = asyncio.Semaphore(self._bounds.at_once)
        next_start = time.perf_counter()
        try:
            async with asyncio.TaskGroup() as tasks:
                for user in users:
                    await turns.acquire()
                    if self.stopped:
                        break
                    await asyncio.sleep(next_start - time.perf_counter())
                    next_start = max(next_start, time.perf_counter()) + self._bounds.interval
                    task = tasks.create_task(self._ask(user, len(users)))
                    task.add_done_callback(lambda _: turns.release())
        except asyncio.CancelledError:  # pragma: no cover - a test sends Ctrl-C to a process
            # What was counted until then is worth a report.
            self.stopped = "stopped by the keyboard"
        finally:
            await self._bridge.aclose()

    async def _ask(self, user: str, all_users: int) -> None:
        trace = AnswerTrace(explains=True)
        exchanges = self._exchanges.setdefault(id(trace), [])
        now, began = datetime.now(UTC), time.perf_counter()
        answer: Answer | None = None
        problem: ProblemError | None = None
        try:
            answer = await self._bridge.answer(user, trace, now=now)
        except ProblemError as error:
            problem = error.alone()
        finally:
            del self._exchanges[id(trace)]
        seconds = time.perf_counter() - began
        run = AnswerRun(user, now, self._bridge, trace, answer, problem, exchanges)
        self.tally.add(run, seconds)
        self._note_outcome(problem)
        self._progress(self.tally.answers, all_users, self.tally.failures)

    def _note_outcome(self, problem: ProblemError | None) -> None:
        fails = problem is not None and problem.slug in _PLATFORM_SLUGS
        self._in_a_row = self._in_a_row + 1 if fails else 0
        if problem and self._in_a_row == self._bounds.stop_after:
            answers = counted(self._in_a_row, "answer")
            self.stopped = f"stopped: the platform failed {answers} in a row ({problem.slug})"

    async def _send(self, request: PlatformRequest, context: AnswerContext) -> PlatformAnswer:
        """See Send: the exchange is kept for the answer that it is part of."""
        exchanges = self._exchanges.get(id(context.trace), [])
        return await send_noted(self._last_stage, request, context, exchanges)
