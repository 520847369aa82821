"""How a whole answer grows: time and peak memory, from 1 to 10,000 tickets and from 1 to 50 pages.

Each row comes from fresh processes: `python -m benchmarks.growth TICKETS PAGES` makes one answer after
a small one, and prints the time it takes and by how much it raised the most memory ever held. The
platform is in the process, and its bodies arrive in pieces of 64 KiB.
"""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from urllib.parse import parse_qs, urlsplit

from benchmarks.data import USER, as_json, body_of, pages_of
from benchmarks.ours import bridge_of, settle_in
from benchmarks.report import Part, Table, Target, milliseconds, size_of
from benchmarks.servers import ROOT
from ticketbridge.engine.bridge import Bridge
from ticketbridge.engine.upstream.messages import NO_HEADERS, Incoming

SIZES = (1, 10, 100, 1_000, 10_000)
PAGES = (1, 10, 50)
TICKETS_A_PAGE = 100
_PIECE = 64 * 1024
_STATUS = Path("/proc/self/status")


@dataclass(frozen=True, slots=True)
class Growth:
    """One answer: seconds, bytes of memory (0 where the system does not say), bytes of all bodies."""

    seconds: float
    memory: float
    body: int


class Platform:
    """Gives its pages by their number, in place of connections; see Transport."""

    def __init__(self, pages: Sequence[bytes]) -> None:
        self._pages = pages

    async def send(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str],
        content: bytes | None,
        more: Mapping[str, str] = NO_HEADERS,
    ) -> Incoming:
        """See Transport."""
        del method, headers, content, more
        (number,) = parse_qs(urlsplit(url).query).get("page", ["1"])
        return Pieces(self._pages[int(number) - 1])

    async def aclose(self) -> None:
        """See Transport."""


class Pieces:
    """An answer whose body comes as from a socket; see Incoming."""

    def __init__(self, body: bytes) -> None:
        self.status = 200
        self.headers = {"content-type": "application/json"}
        self.set_cookies: list[str] = []
        self._body = body

    async def chunks(self) -> AsyncIterator[bytes]:
        """See Incoming."""
        for start in range(0, len(self._body), _PIECE):
            yield self._body[start : start + _PIECE]

    async def read(self) -> bytes:
        """See Incoming."""
        return self._body

    async def aclose(self) -> None:
        """See Incoming."""


def measure(*, quick: bool) -> Part:
    """Both ways to grow."""
    processes = 1 if quick else 5
    by_size = {size: _grown(size, 1, processes) for size in SIZES}
    by_pages = {pages: _grown(pages * TICKETS_A_PAGE, pages, processes) for pages in PAGES}
    return Part([_table_of_sizes(by_size), _table_of_pages(by_pages)], _targets(by_size))


def _table_of_sizes(found: dict[int, Growth]) -> Table:
    rows = [
        [
            f"{size:,}",
            milliseconds(one.seconds),
            f"{one.seconds / size * 1e6:.2f} us",
            size_of(one.body),
            size_of(one.memory) if size >= 1_000 else "",
            f"{one.memory / one.body:.1f}x" if size >= 1_000 else "",
        ]
        for size, one in found.items()
    ]
    columns = ["tickets", "time", "a ticket", "body", "peak memory", "to the body"]
    return Table("One answer by tickets, without sockets", columns, rows)


def _table_of_pages(found: dict[int, Growth]) -> Table:
    rows = [
        [f"{pages}", milliseconds(one.seconds), milliseconds(one.seconds / pages)]
        for pages, one in found.items()
    ]
    title = f"One answer by pages of {TICKETS_A_PAGE} tickets, without sockets"
    return Table(title, ["pages", "time", "a page"], rows)


def _targets(found: dict[int, Growth]) -> list[Target]:
    large, small = found[10_000], found[1_000]
    targets = [
        Target(
            "time a ticket at 10,000 tickets to that at 1,000",
            (large.seconds / 10_000) / (small.seconds / 1_000),
            at_most=1.5,
        )
    ]
    if large.memory:
        times = large.memory / large.body
        targets.append(Target("peak memory at 10,000 tickets to the body", times, at_most=8))
    return targets


def _grown(tickets: int, pages: int, processes: int) -> Growth:
    """The median of several processes."""
    command = [sys.executable, "-m", "benchmarks.growth", str(tickets), str(pages)]
    found = []
    for _ in range(processes):
        output = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, check=True).stdout
        found.append(Growth(**json.loads(output)))
    return Growth(
        median(one.seconds for one in found), median(one.memory for one in found), found[0].body
    )


# --- in a process of its own ----------------------------------------------------------------------


async def answered(tickets: int, pages: int) -> Growth:
    """One answer, measured in this process."""
    mapping = "plain" if pages == 1 else "paged"
    contents = [body_of(tickets)] if pages == 1 else pages_of(tickets, pages)
    bodies = [as_json(content) for content in contents]
    del contents
    small = [as_json({**body_of(4), "page_count": 1})]
    await bridge_of(mapping, transport=Platform(small)).answer(USER)
    bridge = bridge_of(mapping, transport=Platform(bodies))
    settle_in()
    before = _memory("VmRSS") if _forget_peak() else 0
    await _right(bridge, tickets)
    memory = _memory("VmHWM") - before if before else 0
    seconds = [await _right(bridge, tickets) for _ in range(max(10, min(200, 3_000 // tickets)))]
    return Growth(median(seconds), memory, sum(map(len, bodies)))


async def _right(bridge: Bridge, tickets: int) -> float:
    """The seconds of one answer, which must have all the tickets."""
    started = time.perf_counter()
    answer = await bridge.answer(USER)
    seconds = time.perf_counter() - started
    assert answer.body.count(b'"ticketId"') == tickets
    return seconds


def _forget_peak() -> bool:
    """Let the system count the most memory anew from here; whether it does."""
    try:
        Path("/proc/self/clear_refs").write_text("5", "utf-8")
    except OSError:
        return False
    return True


def _memory(name: str) -> int:
    lines = _STATUS.read_text("utf-8").splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith(name))


def main() -> None:
    """Print one answer's growth as JSON."""
    found = asyncio.run(answered(int(sys.argv[1]), int(sys.argv[2])))
    print(json.dumps({"seconds": found.seconds, "memory": found.memory, "body": found.body}))


if __name__ == "__main__":
    main()
