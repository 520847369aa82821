"""Start-up and rest: from the command to the first answer, a check, and memory while nothing is asked."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from statistics import median

from benchmarks import servers
from benchmarks.ours import MAPPINGS, environment
from benchmarks.report import Part, Table, Target, milliseconds, size_of, times
from benchmarks.servers import OURS, ROOT, clean_environment, serving

LIMIT = "limit"
"""The peer that is written by hand for speed, to whose start and memory ours are held."""
_MAPPING = "realistic"
_NOWHERE = "http://127.0.0.1:9"
_NOTE = "Started: until GET /healthz is answered. At rest: resident memory, a second later."
_IMPORT = "import time:"


def measure(*, quick: bool) -> Part:
    """All servers of the proxy's part, in turns, `ticketbridge check`, and the modules of `serve`."""
    rounds = 2 if quick else 7
    for name in servers.names():
        _started(name)  # once beforehand: the first start of all compiles what is not compiled yet
    found = [{name: _started(name) for name in servers.names()} for _ in range(rounds)]
    checks = [_check() for _ in range(rounds)]
    modules = modules_of_serve()
    own = [name for name in modules if name.partition(".")[0] == OURS]
    started, rest = (
        {name: [one[name][at] for one in found] for name in servers.names()} for at in (0, 1)
    )
    rows = [
        [
            f"{name}, started",
            milliseconds(median(started[name])),
            times(_ratio(started, name)),
            size_of(median(rest[name])),
            times(_ratio(rest, name)),
        ]
        for name in servers.names()
    ]
    rows.append(["ticketbridge check, four mappings", milliseconds(median(checks)), "", "", ""])
    columns = ["", "time", f"to {LIMIT}'s", "at rest", f"to {LIMIT}'s"]
    loaded = f" `ticketbridge serve` loads {len(own)} modules of its own, {len(modules)} in all."
    table = Table("Start-up and rest", columns, rows, _NOTE + loaded)
    return Part([table], _targets(started, rest), servers.skipped())


def _ratio(found: dict[str, list[float]], name: str) -> float:
    """How many times that of the limit's: the median over rounds; 0 where the system does not say."""
    return median(a / b if b else 0 for a, b in zip(found[name], found[LIMIT], strict=True))


def _targets(started: dict[str, list[float]], rest: dict[str, list[float]]) -> list[Target]:
    targets = [Target(f"start-up: time to {LIMIT}'s", _ratio(started, OURS), at_most=1.5)]
    if memory := _ratio(rest, OURS):
        targets.append(Target(f"memory at rest to {LIMIT}'s", memory, at_most=1.2))
    return targets


def _started(name: str) -> tuple[float, float]:
    started = time.perf_counter()
    with serving(name, platform_url=_NOWHERE, mappings=(_MAPPING,)) as server:
        seconds = time.perf_counter() - started
        time.sleep(1)
        return seconds, float(server.resident())


def _check() -> float:
    command = [sys.executable, "-m", "ticketbridge", "check", str(MAPPINGS)]
    started = time.perf_counter()
    subprocess.run(
        command, cwd=ROOT, env=clean_environment(), stdout=subprocess.DEVNULL, check=True
    )
    return time.perf_counter() - started


def modules_of_serve() -> Sequence[str]:
    """The names of all modules that `ticketbridge serve` has loaded when it answers."""
    port = servers.free_port()
    command = servers.command_of(OURS, port, [_MAPPING])
    command = [command[0], "-X", "importtime", *command[1:]]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "imports"
        with path.open("wb") as written:
            process = subprocess.Popen(
                command,
                cwd=ROOT,
                env={**clean_environment(), **environment(_NOWHERE)},
                stdout=subprocess.DEVNULL,
                stderr=written,
            )
            try:
                servers.wait_for(port, process)
            finally:
                process.terminate()
                process.wait()
        lines = path.read_text("utf-8").splitlines()
    # `import time: self | cumulative | name`, after a line of such titles.
    names = {line.rpartition("|")[2].strip() for line in lines if line.startswith(_IMPORT)}
    return sorted(names - {"imported package"})
