"""The connections of a process together: how many there are, and which of them wait for a request."""

from __future__ import annotations

import asyncio
from collections import Counter
from itertools import islice
from typing import Protocol

from ticketbridge.engine.problems import (
    BadRequest,
    ContentTooLarge,
    HeaderTooLarge,
    Overloaded,
    RequestTimeout,
)
from ticketbridge.service.listening import unread_bytes, untaken_bytes

_REFUSALS = (BadRequest, RequestTimeout, ContentTooLarge, HeaderTooLarge, Overloaded)
_LOOKED_AT = 100  # of the idle connections, where one of them has to make room


class TakenConnection(Protocol):
    """A connection that counts as taken."""

    transport: asyncio.Transport

    def give_up_place(self) -> None:
        """Count no more, neither as taken nor as idle."""


class ConnectionCounts:
    """The counts of all connections of the process together.

    *waiting* are the bytes that came before their turn. *taken* are the open connections that were
    not turned away. *idle* are those of them that wait between two requests, the longest idle first.
    *refused* are the requests that no endpoint saw, by the slug of the problem that they got.
    """

    def __init__(self) -> None:
        self.waiting = 0
        self.taken = 0
        self.idle: dict[TakenConnection, None] = {}  # as a set that keeps its order
        # There from the start: a series that begins with 1 has not risen, says Prometheus.
        self.refused: Counter[str] = Counter({problem.slug: 0 for problem in _REFUSALS})

    def make_room(self) -> bool:
        """Close the connection that has been idle longest, and return whether there was one.

        One whose next request was not read yet, or whose answer was not taken yet, stays.
        """
        for each in islice(self.idle, _LOOKED_AT):
            if not (unread_bytes(each.transport) or untaken_bytes(each.transport)):
                each.give_up_place()
                each.transport.close()
                return True
        return False
