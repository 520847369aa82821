"""Two workers beside one: answers a second on two cores, which the load and the platform share with them."""

from __future__ import annotations

import resource
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from benchmarks import servers
from benchmarks.data import USER, body_of
from benchmarks.peers import by_hand
from benchmarks.proxy import Contender, contender_of
from benchmarks.report import Part, Table, Target, milliseconds
from benchmarks.servers import OURS, Server

SIZES = (100, 4)
CONNECTIONS = 32
_LEAST = 1.7
_BUSY = 0.95  # of the cores that a run can use, at the least, it has where nothing else runs
_NOTE = (
    f"{CONNECTIONS} connections, realistic mapping, nothing pinned. Workers, platform, load: the CPU time of"
    " each over the time measured, in cores. Two workers can be so many times as fast as one as the cores"
    " that are left for them: what load and platform take of the two is taken from them."
)
_DISTURBED = (
    " Something else ran on these cores: the ratio is that of the rates which the CPU times an answer allow,"
    " one core for one worker, and for two what load and platform leave of both."
)


@dataclass(frozen=True, slots=True)
class Shared:
    """One run: answers a second, and the cores that each took."""

    rate: float
    p99: float
    workers: float
    platform: float
    load: float

    @property
    def others(self) -> float:
        """The cores that load and platform took."""
        return self.platform + self.load


def ratio(ones: Sequence[Shared], twos: Sequence[Shared], *, disturbed: bool) -> float:
    """How many times the rate of one worker two have: the median over rounds."""
    pairs = list(zip(ones, twos, strict=True))
    if not disturbed:
        return median(two.rate / one.rate for one, two in pairs)
    return median(
        2 * (two.rate / (two.workers + two.others)) / (one.rate / one.workers) for one, two in pairs
    )


def was_disturbed(ones: Sequence[Shared], twos: Sequence[Shared]) -> bool:
    """Whether workers that had more requests than they could answer did not have both cores."""
    one = median(each.workers for each in ones)
    two = median(each.workers + each.others for each in twos)
    return one < _BUSY or two < 2 * _BUSY


def measure(*, quick: bool) -> Part:
    """Answers of 100 and of 4 tickets."""
    rounds, seconds = (3, 2.0) if quick else (9, 3.0)
    rows: list[list[str]] = []
    targets: list[Target] = []
    note = _NOTE
    for tickets in SIZES:
        with _running(tickets) as (platform, contenders):
            samples: Mapping[int, list[Shared]] = {1: [], 2: []}
            for contender in contenders.values():
                _sample(contender, platform, seconds / 2)  # warm
            for _ in range(rounds):
                for workers, contender in contenders.items():
                    samples[workers].append(_sample(contender, platform, seconds))
        rows += [_row(tickets, workers, taken) for workers, taken in samples.items()]
        disturbed = was_disturbed(samples[1], samples[2])
        note = _NOTE + _DISTURBED if disturbed else note
        found = ratio(samples[1], samples[2], disturbed=disturbed)
        bound = _LEAST if tickets == max(SIZES) else None
        name = f"{tickets} tickets: rate of two workers to that of one"
        targets.append(Target(name, found, at_least=bound))
    columns = ["", "rate", "p99", "workers", "platform", "load"]
    return Part([Table("Two workers on two cores", columns, rows, note)], targets)


@contextmanager
def _running(tickets: int) -> Iterator[tuple[Server, Mapping[int, Contender]]]:
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        platform = stack.enter_context(servers.upstream())
        url = f"http://127.0.0.1:{platform.port}/{tickets}"
        wanted = by_hand.MAPPERS["realistic"](body_of(tickets), USER).tickets
        found = {}
        for workers in (1, 2):
            variables = {"TICKETBRIDGE_WORKERS": str(workers)}
            running = servers.serving(
                OURS, platform_url=url, mappings=("realistic",), variables=variables
            )
            server = stack.enter_context(running)
            found[workers] = contender_of(f"{workers} workers", server, wanted, folder)
        yield platform, found


def _sample(contender: Contender, platform: Server, seconds: float) -> Shared:
    """One run of the load, which is not pinned either."""
    before = _cpu_of_all(contender.server), platform.cpu_seconds(), _cpu_of_load()
    found = contender.load(CONNECTIONS, seconds, core=None)
    after = _cpu_of_all(contender.server), platform.cpu_seconds(), _cpu_of_load()
    cores = [(b - a) / found["seconds"] for a, b in zip(before, after, strict=True)]
    return Shared(found["rate"], found["p99"], *cores)


def _cpu_of_all(server: Server) -> float:
    """CPU time of a server and of the workers that it has started."""
    pid = server.process.pid
    try:
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text("ascii").split()
    except OSError:
        return server.cpu_seconds()
    return sum(servers.cpu_seconds_of(each) for each in (pid, *map(int, children)))


def _cpu_of_load() -> float:
    """CPU time of the loads that have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _row(tickets: int, workers: int, taken: list[Shared]) -> list[str]:
    plural = "worker" if workers == 1 else "workers"
    return [
        f"{tickets} tickets, {workers} {plural}",
        f"{median(each.rate for each in taken):,.0f}/s",
        milliseconds(median(each.p99 for each in taken)),
        f"{median(each.workers for each in taken):.2f}",
        f"{median(each.platform for each in taken):.2f}",
        f"{median(each.load for each in taken):.2f}",
    ]
