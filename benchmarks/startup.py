"""Start-up and rest: from the command to the first answer, a check, and memory while nothing is asked."""

from __future__ import annotations

import subprocess
import sys
import time
from statistics import median

from benchmarks.ours import MAPPINGS
from benchmarks.report import Part, Table, milliseconds, size_of
from benchmarks.servers import NAMES, ROOT, clean_environment, serving

_NOTE = "Started: until GET /healthz is answered. At rest: resident memory, a second later."


def measure(*, quick: bool) -> Part:
    """All servers of the proxy's part, in turns, and `ticketbridge check`."""
    rounds = 2 if quick else 5
    found = [{name: _started(name) for name in NAMES} for _ in range(rounds)]
    checks = [_check() for _ in range(rounds)]
    rows = [
        [
            f"{name}, started",
            milliseconds(median(one[name][0] for one in found)),
            size_of(median(one[name][1] for one in found)),
        ]
        for name in NAMES
    ]
    rows.append(["ticketbridge check, four mappings", milliseconds(median(checks)), ""])
    return Part([Table("Start-up and rest", ["", "time", "at rest"], rows, _NOTE)])


def _started(name: str) -> tuple[float, int]:
    started = time.perf_counter()
    with serving(name, platform_url="http://127.0.0.1:9") as server:
        seconds = time.perf_counter() - started
        time.sleep(1)
        return seconds, server.resident()


def _check() -> float:
    command = [sys.executable, "-m", "ticketbridge", "check", str(MAPPINGS)]
    started = time.perf_counter()
    subprocess.run(
        command, cwd=ROOT, env=clean_environment(), stdout=subprocess.DEVNULL, check=True
    )
    return time.perf_counter() - started
