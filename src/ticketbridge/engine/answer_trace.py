"""What happened while one answer was made: for the log line, the headers and the explanations."""

from __future__ import annotations

import time
from dataclasses import dataclass, field

from ticketbridge.engine.tickets.verdicts import Record


@dataclass(slots=True)
class Stopwatch:
    """The wall time in *seconds* during which at least one of several things ran.

    `with stopwatch:` around each of them; they may overlap.
    """

    seconds: float = 0.0
    _running: int = 0
    _since: float = 0.0

    def __enter__(self) -> None:
        if self._running == 0:
            self._since = time.perf_counter()
        self._running += 1

    def __exit__(self, *_: object) -> None:
        self._running -= 1
        if self._running == 0:
            self.seconds += time.perf_counter() - self._since


@dataclass(slots=True)
class AnswerTrace:
    """The counts and times of one answer. It holds no value of the user's, and logs none of the platform's.

    *upstream* is the time with a call under way, *waiting* the time with one in wait for its turn;
    *calls* counts requests sent, each try of a call included; *notes* are the `message`s of rules;
    *user* is the mark of the asked user, *secret* the number of the caller's secret, *caller* the
    address of one who was refused; *verdicts* counts each verdict (`not_eligible:REFUNDED`); *nothing*
    counts for each call the bindings for which a rule said `none`;
    *records* are there where *explains* asks for them, and in an answer in which something is odd.
    """

    explains: bool = False
    user: str | None = None
    secret: int | None = None
    caller: str | None = None
    calls: int = 0
    verdicts: dict[str, int] = field(default_factory=dict)
    nothing: dict[str, int] = field(default_factory=dict)
    upstream: Stopwatch = field(default_factory=Stopwatch)
    waiting: Stopwatch = field(default_factory=Stopwatch)
    records: list[Record] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def count_nothing(self, call: str) -> None:
        """Count a binding for which *call* found nothing."""
        self.nothing[call] = self.nothing.get(call, 0) + 1
