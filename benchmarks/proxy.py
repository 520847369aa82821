"""The whole proxy, one worker: requests a second and latencies, next to others in Python and one in Node.js.

All call the same platform, check secret, owner and status, map, validate and answer the same JSON. The
server under test has one core for itself, the platform and the load share the other.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from urllib.parse import quote

from benchmarks import servers
from benchmarks.data import SECRET, TOKEN, USER, as_json, body_of
from benchmarks.peers import by_hand
from benchmarks.peers.result import Json
from benchmarks.report import Part, Table, Target, milliseconds, times
from benchmarks.servers import FASTIFY, OURS, Server

PLATFORM = "the platform itself"
SIZES = (100, 4)
CONNECTIONS = {"realistic": (32, 1), "plain": (32,)}
"""How many connections each mapping is asked over."""
MOST = 32
HEADERS = {"X-Menta-Secret": SECRET}
PATH = f"/tickets?user={quote(USER, safe='')}"
_NOTE = (
    "One worker each, and all validate what they answer. ticketbridge as `ticketbridge serve` starts it, its"
    " log line an answer going to /dev/null; the others log nothing. Core: CPU time of the server over the"
    " time measured; CPU: that time an answer."
)
_DISTURBED = " Something else ran on the server's core: the ratios are those of CPU times."
_ALONE = 0.9  # of its core, at the least, has a server that is busy all the time and alone
_TARGETS: Mapping[tuple[str, int], Mapping[str, float]] = {
    ("realistic", 100): {"limit": 1.1, FASTIFY: 0.7},
    ("realistic", 4): {"limit": 1.1, FASTIFY: 0.35},
    ("plain", 100): {"limit": 1.0, "FastAPI": 4.0, "plain": 25.0},
    ("plain", 4): {"limit": 1.0, "FastAPI": 6.0},
}
"""By mapping and tickets: the least that the rate of ticketbridge may be of each other's."""


@dataclass(frozen=True, slots=True)
class Sample:
    """One run of the load."""

    rate: float
    p50: float
    p99: float
    busy: float

    @property
    def cpu(self) -> float:
        """The server's seconds of CPU an answer."""
        return self.busy / self.rate


Samples = Mapping[tuple[str, int], list[Sample]]
"""By server and number of connections, one a round."""


@dataclass(frozen=True, slots=True)
class Contender:
    """A running server with what it is sent and what must come back, as files for the load."""

    server: Server
    request: Path
    expected: Path

    def sample(self, connections: int, seconds: float) -> Sample:
        """One run of the load."""
        before = self.server.cpu_seconds()
        found = self.load(connections, seconds, core=servers.cores()[1])
        busy = (self.server.cpu_seconds() - before) / (found["seconds"])
        return Sample(found["rate"], found["p50"], found["p99"], busy)

    def load(self, connections: int, seconds: float, *, core: int | None) -> dict[str, float]:
        """What the load, a process on that *core*, has measured."""
        command = [sys.executable, "-m", "benchmarks.load", str(self.server.port)]
        command += [str(self.request), str(self.expected)]
        command += ["--connections", str(connections), "--seconds", str(seconds)]
        process = subprocess.Popen(command, cwd=servers.ROOT, stdout=subprocess.PIPE)
        servers.pin(process.pid, core)
        output, _ = process.communicate()
        if process.returncode:
            raise RuntimeError("the load met a wrong answer")
        found: dict[str, float] = json.loads(output)
        return found


def measure(*, quick: bool) -> Part:
    """Answers of 100 and of 4 tickets, by each mapping."""
    rounds, seconds = (3, 1.0) if quick else (7, 2.0)
    tables: list[Table] = []
    targets: list[Target] = []
    for mapping, each in CONNECTIONS.items():
        for tickets in SIZES:
            with _contenders(mapping, tickets) as contenders:
                samples = _samples(contenders, each, rounds=rounds, seconds=seconds)
            what = f"{mapping} mapping, {tickets} tickets"
            tables += [_table(what, connections, samples) for connections in each]
            targets += _targets(what, _TARGETS[mapping, tickets], samples)
    return Part(tables, targets, servers.skipped())


@contextmanager
def _contenders(mapping: str, tickets: int) -> Iterator[Mapping[str, Contender]]:
    """All servers and the platform, running; each has proven that its answer is right."""
    server_core, other_core = servers.cores()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        platform = stack.enter_context(servers.upstream(other_core))
        url = f"http://127.0.0.1:{platform.port}/{tickets}"
        found = {}
        for name in servers.names():
            running = servers.serving(name, platform_url=url, core=server_core, mappings=(mapping,))
            wanted = by_hand.MAPPERS[mapping](body_of(tickets), USER).tickets
            found[name] = contender_of(name, stack.enter_context(running), wanted, folder)
        found[PLATFORM] = _platform(platform, tickets, folder)
        yield found


def contender_of(
    name: str, server: Server, tickets: Sequence[Json], folder: Path, path: str = PATH
) -> Contender:
    """A server at *path*, which has proven that its answer has just these *tickets*."""
    status, body = servers.get(server.port, path, HEADERS)
    if status != 200 or json.loads(body) != {"userEmail": USER, "tickets": tickets}:
        raise RuntimeError(f"{name} gives a wrong answer: {status} {body[:300]!r}")
    return filed(server, request_of(path, HEADERS), body, folder / name)


def _platform(server: Server, tickets: int, folder: Path) -> Contender:
    request = request_of(f"/{tickets}/orders", {"Authorization": f"Bearer {TOKEN}"})
    return filed(server, request, as_json(body_of(tickets)), folder / "platform")


def filed(server: Server, request: bytes, body: bytes, stem: Path) -> Contender:
    """A contender that is sent *request* and must give *body*."""
    contender = Contender(server, stem.with_suffix(".request"), stem.with_suffix(".body"))
    contender.request.write_bytes(request)
    contender.expected.write_bytes(body)
    return contender


def request_of(path: str, headers: Mapping[str, str]) -> bytes:
    """A GET, as it is sent."""
    lines = [f"{name}: {value}" for name, value in {"Host": "127.0.0.1", **headers}.items()]
    return "\r\n".join([f"GET {path} HTTP/1.1", *lines, "", ""]).encode()


def _samples(
    contenders: Mapping[str, Contender], each: Sequence[int], *, rounds: int, seconds: float
) -> Samples:
    for contender in contenders.values():
        contender.sample(MOST, seconds / 2)  # warm
    samples: dict[tuple[str, int], list[Sample]] = defaultdict(list)
    for _ in range(rounds):
        for connections in each:
            for name, contender in contenders.items():
                samples[name, connections].append(contender.sample(connections, seconds))
    return samples


def _ratio(samples: Samples, one: str, other: str, connections: int) -> float:
    """How many times the rate of *other* the rate of *one* is: the median over rounds.

    A rate is that of an undisturbed server: answers a second of CPU, where the system says.
    """
    pairs = zip(samples[one, connections], samples[other, connections], strict=True)
    if _was_disturbed(samples):
        return median(b.cpu / a.cpu for a, b in pairs)
    return median(a.rate / b.rate for a, b in pairs)


def _table(what: str, connections: int, samples: Samples) -> Table:
    rows = []
    for name in (*servers.names(), PLATFORM):
        taken = samples[name, connections]
        rows.append(
            [
                name,
                f"{median(sample.rate for sample in taken):,.0f}/s",
                milliseconds(median(sample.p50 for sample in taken)),
                milliseconds(median(sample.p99 for sample in taken)),
                f"{median(sample.busy for sample in taken):.0%}",
                f"{median(sample.cpu for sample in taken) * 1e6:,.0f} us",
                times(_ratio(samples, OURS, name, connections)) if name != PLATFORM else "",
            ]
        )
    plural = "connection" if connections == 1 else "connections"
    return Table(
        f"Whole proxy, {what}, {connections} {plural}",
        ["", "rate", "p50", "p99", "core", "CPU", "ticketbridge to it"],
        rows,
        _NOTE + (_DISTURBED if _was_disturbed(samples) else ""),
    )


def _was_disturbed(samples: Samples) -> bool:
    """Whether a server that had more requests than it could answer did not have its core for itself."""
    busy = [median(sample.busy for sample in samples[name, MOST]) for name in servers.names()]
    return 0 < min(busy) < _ALONE  # 0: the system does not say


def _targets(what: str, bounds: Mapping[str, float], samples: Samples) -> list[Target]:
    return [
        Target(
            f"whole proxy, {what}, {MOST} connections: rate to {name}'s",
            _ratio(samples, OURS, name, MOST),
            at_least=bound,
        )
        for name, bound in bounds.items()
        if (name, MOST) in samples
    ]
