"""What happened while one answer was made: for the log line, the headers and the explanations."""

from __future__ import annotations

import random
import re
import time
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import NamedTuple

from ticketbridge.engine.tickets.verdicts import Record

_STATUS_WORD = re.compile(r"[A-Za-z][A-Za-z_-]{0,30}[0-9]{0,2}|-?[0-9]{1,4}")
_LARGEST_STATUS = 9999
_NO_STATUS_WORD = "other"


class TraceIds(NamedTuple):
    """The ids by which others find one answer: its *request_id*, and the W3C trace of its calls.

    *trace_id* and *flags* are hexadecimal digits, as in `traceparent`.
    """

    request_id: str
    trace_id: str
    flags: str = "00"

    def traceparent(self, span_id: str = "") -> str:
        """Return the header of one call. Its span is *span_id*, or a new one."""
        return f"00-{self.trace_id}-{span_id or new_span_id()}-{self.flags}"


def new_id() -> str:
    """Return a new id of an answer or a trace. It is no secret, and never all zeros."""
    return "%032x" % (random.getrandbits(128) or 1)  # an f-string takes twice as long


def new_span_id() -> str:
    """Return a new id of a span; see `new_id`."""
    return "%016x" % (random.getrandbits(64) or 1)


def new_ids() -> TraceIds:
    """Return ids for an answer whose request brought none: one new id is both request id and trace id."""
    name = new_id()
    return TraceIds(name, name)


@dataclass(slots=True)
class Stopwatch:
    """The wall time in *seconds* during which at least one of several things ran; *starts* counts them.

    Put `with stopwatch:` around each of them. They may overlap.
    """

    seconds: float = 0.0
    starts: int = 0
    _running: int = 0
    _since: float = 0.0

    def __enter__(self) -> None:
        if self._running == 0:
            self._since = time.perf_counter()
        self._running += 1
        self.starts += 1

    def __exit__(self, *_: object) -> None:
        self._running -= 1
        if self._running == 0:
            self.seconds += time.perf_counter() - self._since


@dataclass(slots=True)
class AnswerTrace:
    """The counts and times of one answer. It holds no value of the user's, and logs none of the platform's.

    *ids* are those by which others find it. *user* is the mark of the asked user, *secret* the number
    of the caller's secret, and *caller* the address of a caller who was refused.

    *upstream* is the time with a call under way. *waiting* is the time with a call that waits for its
    turn or for the platform's `rate`. *rate_waiting* is the time for the rate only (None: no call
    waited for it).

    *calls* counts the requests sent, each try of a call included. *retries* counts the tries after
    the first, and *logins* those that were begun. *verdicts* counts each verdict
    (`not_eligible:REFUNDED`). *nothing* counts, for each call, the bindings for which a rule said
    `none`. *unknown_words* counts the statuses that no table has, as far as they look like words for
    a status (None: there are none).

    *notes* are the `message`s of rules. *records* are kept if *explains* is true, or if something is unusual.
    """

    explains: bool = False
    user: str | None = None
    secret: int | None = None
    caller: str | None = None
    calls: int = 0
    retries: int = 0
    logins: int = 0
    verdicts: dict[str, int] = field(default_factory=dict)
    nothing: dict[str, int] = field(default_factory=dict)
    upstream: Stopwatch = field(default_factory=Stopwatch)
    waiting: Stopwatch = field(default_factory=Stopwatch)
    rate_waiting: Stopwatch | None = None
    records: list[Record] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    unknown_words: dict[str, int] | None = None
    ids: TraceIds = field(default_factory=new_ids)

    def count_nothing(self, call: str) -> None:
        """Count a binding for which *call* found nothing."""
        self.nothing[call] = self.nothing.get(call, 0) + 1

    def count_unknown(self, status: object) -> None:
        """Count one *status* that no table has, by its word, or as `other` if it may be anything else.

        A mapping may read the wrong member, and find a name, an address or a number there.
        """
        word = _NO_STATUS_WORD
        if status is None or isinstance(status, bool):
            word = {None: "null", True: "true", False: "false"}[status]
        elif isinstance(status, str) and _STATUS_WORD.fullmatch(status):
            word = status
        elif isinstance(status, int) and abs(status) <= _LARGEST_STATUS:
            word = str(status)
        words = self.unknown_words = self.unknown_words or {}
        words[word] = words.get(word, 0) + 1

    def wait_for_rate(self) -> ExitStack:
        """Return a context for one wait for the platform's `rate`.

        It counts as a wait, and also separately.
        """
        stack = ExitStack()
        self.rate_waiting = self.rate_waiting or Stopwatch()
        stack.enter_context(self.waiting)
        stack.enter_context(self.rate_waiting)
        return stack
