"""The load: so many keep-alive connections, each sending its next request when its answer is there.

Run as a process of its own. Every answer must be a 200 with exactly the expected body; the first that
is not ends the run with an error. After the time is up the answers under way are waited for and
counted, so that nothing is left behind in the server for the next measurement.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

import uvloop

_END = b"\r\n\r\n"
_OK = b"HTTP/1.1 200"
_LENGTH = b"content-length:"
_PATIENCE = 30.0  # seconds for the answers under way at the end


class WrongAnswer(Exception):
    """An answer that is not the expected one: its rate would say nothing."""


@dataclass(slots=True)
class Admission:
    """What all connections of a run share."""

    request: bytes
    expected: bytes
    until: float
    done: asyncio.Future[None]
    connections: int
    latencies: list[float] = field(default_factory=list)

    def closed(self, error: Exception | None) -> None:
        """A connection has ended; with the last one, or an error, the run has."""
        self.connections -= 1
        if self.done.done():
            return
        if error is not None:
            self.done.set_exception(error)
        elif self.connections == 0:
            self.done.set_result(None)


class Connection(asyncio.Protocol):
    """One connection: request, answer, request, ..."""

    def __init__(self, load: Admission) -> None:
        self._load = load
        self._received = b""
        self._awaited = 0
        self._over = False
        self._error: Exception | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """See asyncio."""
        self._transport = cast("asyncio.Transport", transport)
        self._send()

    def _send(self) -> None:
        self._started = time.perf_counter()
        self._transport.write(self._load.request)

    def data_received(self, data: bytes) -> None:
        """Wait for a whole answer, check it, and go on."""
        self._received = self._received + data if self._received else data
        if not self._awaited:
            self._awaited = _length(self._received)
        if not self._awaited or len(self._received) < self._awaited:
            return
        now = time.perf_counter()
        self._load.latencies.append(now - self._started)
        if not self._is_right():
            self._error = WrongAnswer(repr(self._received[:600]))
        self._received, self._awaited = b"", 0
        if self._error or now >= self._load.until:
            self._over = True
            self._transport.close()
        else:
            self._send()

    def _is_right(self) -> bool:
        return (
            self._received.startswith(_OK)
            and len(self._received) == self._awaited
            and self._received.endswith(_END + self._load.expected)
        )

    def connection_lost(self, exc: Exception | None) -> None:
        """See asyncio."""
        if not self._over:
            self._error = exc or WrongAnswer("the server closed the connection")
        self._load.closed(self._error)


def _length(received: bytes) -> int:
    """The length of the whole answer, or 0 where its head is not there yet."""
    end = received.find(_END)
    if end < 0:
        return 0
    head = received[:end].lower()
    place = head.find(_LENGTH)
    if place < 0:
        raise WrongAnswer("an answer without Content-Length")
    return end + len(_END) + int(head[place + len(_LENGTH) :].split(b"\r\n", 1)[0])


async def run(
    port: int, request: bytes, expected: bytes, *, connections: int, seconds: float
) -> dict[str, float]:
    """The rate and the latencies (in seconds) of one run."""
    loop = asyncio.get_running_loop()
    started = time.perf_counter()
    load = Admission(request, expected, started + seconds, loop.create_future(), connections)
    for _ in range(connections):
        await loop.create_connection(lambda: Connection(load), "127.0.0.1", port)
    async with asyncio.timeout(seconds + _PATIENCE):
        await load.done
    elapsed = time.perf_counter() - started
    latencies = sorted(load.latencies)
    return {
        "seconds": elapsed,
        "rate": len(latencies) / elapsed,
        "p50": latencies[len(latencies) // 2],
        "p99": latencies[len(latencies) * 99 // 100],
    }


def main(arguments: Sequence[str] | None = None) -> int:
    """Run once, and print what was measured as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("port", type=int)
    parser.add_argument("request", type=Path, help="a file with the request, as it is sent")
    parser.add_argument("expected", type=Path, help="a file with the body that must come")
    parser.add_argument("--connections", type=int, default=32)
    parser.add_argument("--seconds", type=float, default=2.0)
    options = parser.parse_args(arguments)
    found = uvloop.run(
        run(
            options.port,
            options.request.read_bytes(),
            options.expected.read_bytes(),
            connections=options.connections,
            seconds=options.seconds,
        )
    )
    print(json.dumps(found))
    return 0


if __name__ == "__main__":
    sys.exit(main())
