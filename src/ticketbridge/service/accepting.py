"""Accept connections of sockets that several processes share, so that each process gets its part."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable, Iterable, MutableSequence
from dataclasses import dataclass

GONE = -1
"""Stands for the number of connections of a process that does not exist."""

_PATIENCE = 0.002  # seconds in which a process with fewer connections may take the next one
_PAUSE = 1.0  # seconds until the next try where the system has no file left

Factory = Callable[[], asyncio.Protocol]


@dataclass(frozen=True, slots=True)
class Part:
    """The number of open connections of each of several processes, in memory that they share."""

    counts: MutableSequence[int]
    slot: int

    def has_more(self, own: int) -> bool:
        """Note that this process has *own*. Return whether another one clearly has fewer."""
        self.counts[self.slot] = own
        others = [
            count for slot, count in enumerate(self.counts) if slot != self.slot and count != GONE
        ]
        least = min(others, default=own)
        return own > least + 1 + least // 8


class Acceptor:
    """Accepts one connection of *listeners* in one turn of the event loop. *number* counts the open ones.

    An event loop's own server accepts all that wait. In a burst of long connections, one process
    would get nearly all of them. A process that clearly has more than another leaves the next
    connection to the other, but only for a moment, because the other may be busy.
    """

    def __init__(
        self,
        listeners: Iterable[socket.socket],
        factory: Factory,
        number: Callable[[], int],
        part: Part,
    ) -> None:
        self._loop = asyncio.get_running_loop()
        self._listeners = list(listeners)
        self._factory = factory
        self._number = number
        self._part = part
        self._opening: set[asyncio.Task[object]] = set()
        part.has_more(number())  # from now on the others leave this process its part
        for listener in self._listeners:
            listener.setblocking(False)
            self._resume(listener)

    def stop(self) -> None:
        """Accept no more connections."""
        for listener in self._listeners:
            self._loop.remove_reader(listener)
        self._listeners.clear()

    def _consider(self, listener: socket.socket) -> None:
        if self._part.has_more(self._number() + len(self._opening)):
            self._leave(listener, _PATIENCE, self._accept)
        else:
            self._accept(listener)

    def _leave(
        self, listener: socket.socket, seconds: float, then: Callable[[socket.socket], None]
    ) -> None:
        """Ignore *listener* for *seconds*. Then watch it again, and call *then*."""
        self._loop.remove_reader(listener)

        def go_on() -> None:
            if listener in self._listeners:
                self._resume(listener)
                then(listener)

        self._loop.call_later(seconds, go_on)

    def _resume(self, listener: socket.socket) -> None:
        self._loop.add_reader(listener, self._consider, listener)

    def _accept(self, listener: socket.socket) -> None:
        try:
            connection, _ = listener.accept()
        except (BlockingIOError, InterruptedError, ConnectionAbortedError):
            return  # another process was first, or the caller has gone
        except OSError:
            # No file is left: the connection waits in the system.
            self._leave(listener, _PAUSE, self._consider)
            return
        connection.setblocking(False)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        opening = self._loop.create_task(
            self._loop.connect_accepted_socket(self._factory, connection)
        )
        self._opening.add(opening)
        opening.add_done_callback(self._opened)

    def _opened(self, opening: asyncio.Task[object]) -> None:
        self._opening.discard(opening)
        if not opening.cancelled():
            opening.exception()  # the caller has gone meanwhile
