"""Two platforms in one service, of which one hangs: what the other's callers notice of it.

In turns, 32 connections ask for the good platform's tickets while nobody asks for anything else, and while
more callers than there are places wait for the platform that hangs.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from statistics import median

from benchmarks import servers
from benchmarks.data import USER, body_of
from benchmarks.peers import by_hand
from benchmarks.proxy import HEADERS, PATH, Contender, Sample, contender_of, filed, request_of
from benchmarks.report import Part, Table, Target, milliseconds
from benchmarks.servers import OURS, ROOT
from benchmarks.upstream import NEVER

CONNECTIONS = 32
STUCK = 64  # of which 50 have calls in flight, and the others wait for a place
TICKETS = 4
_NOTE = f"{STUCK} callers of the platform that hangs; each has one call, which has no answer before the end."


def measure(*, quick: bool) -> Part:
    """p99 beside a platform that hangs, and without it."""
    rounds, seconds = (3, 1.0) if quick else (9, 2.0)
    alone: list[Sample] = []
    beside: list[Sample] = []
    with _running() as (good, hanging):
        good.sample(CONNECTIONS, seconds / 2)  # warm
        for _ in range(rounds):
            alone.append(good.sample(CONNECTIONS, seconds))
            with _stuck(hanging):
                beside.append(good.sample(CONNECTIONS, seconds))
    ratio = median(two.p99 / one.p99 for one, two in zip(alone, beside, strict=True))
    title = f"The neighbour of a platform that hangs, {TICKETS} tickets, {CONNECTIONS} connections"
    rows = [_row("alone", alone), _row("beside a platform that hangs", beside)]
    table = Table(title, ["", "rate", "p50", "p99"], rows, _NOTE)
    name = "p99 beside a platform that hangs to that alone"
    return Part([table], [Target(name, ratio, at_most=1.5)])


def _row(name: str, samples: list[Sample]) -> list[str]:
    return [
        name,
        f"{median(sample.rate for sample in samples):,.0f}/s",
        milliseconds(median(sample.p50 for sample in samples)),
        milliseconds(median(sample.p99 for sample in samples)),
    ]


@contextmanager
def _running() -> Iterator[tuple[Contender, Contender]]:
    """The service with both platforms: how the good one is asked, and how the one that hangs."""
    server_core, other_core = servers.cores()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        platform = stack.enter_context(servers.upstream(other_core))
        url = f"http://127.0.0.1:{platform.port}"
        running = servers.serving(
            OURS,
            platform_url=f"{url}/{TICKETS}",
            core=server_core,
            mappings=("plain", "hanging"),
            variables={"HANGING_URL": f"{url}/{NEVER.decode()}"},
        )
        server = stack.enter_context(running)
        wanted = by_hand.plain(body_of(TICKETS), USER).tickets
        good = contender_of("good", server, wanted, folder, f"/bench{PATH}")
        yield good, filed(server, request_of(f"/hanging{PATH}", HEADERS), b"", folder / "hanging")


@contextmanager
def _stuck(hanging: Contender) -> Iterator[None]:
    """Callers who wait all the time; RuntimeError where one was answered after all."""
    command = [sys.executable, "-m", "benchmarks.stuck", str(hanging.server.port)]
    command += [str(hanging.request), str(STUCK)]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, cwd=ROOT, stdin=pipe, stdout=pipe, text=True) as process:
        servers.pin(process.pid, servers.cores()[1])
        assert process.stdout is not None
        process.stdout.readline()
        yield
        output, _ = process.communicate()
    if output.strip() != str(STUCK):
        raise RuntimeError(f"of {STUCK} callers only {output.strip()} were still waiting")
