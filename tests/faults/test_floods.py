"""What strangers may send without end: memory is bounded and given back, and others are served."""

from __future__ import annotations

import re
import socket
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults.floods import FLOODS, Flood, flooding
from tests.processes import Program, serving_program

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="memory is read from /proc")

MB = 1_000_000
GROWTH = 64 * MB
LEFT = 32 * MB
SECONDS = 0.8  # of each flood; before there were bounds, a second took some hundred MB
LONGEST_STALL = 1.0
PATIENCE = 20
NOBODY = "http://127.0.0.1:9"
HEALTH = b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Program]:
    """One process that takes all of the floods."""
    with serving_program(tmp_path_factory.mktemp("floods"), NOBODY) as serving:
        assert asked(serving) < PATIENCE
        yield serving


def asked(program: Program) -> float:
    """The seconds until /healthz is answered, on a connection of its own."""
    with socket.create_connection(("127.0.0.1", program.port), timeout=PATIENCE) as connection:
        started = time.monotonic()
        connection.sendall(HEALTH)
        assert connection.recv(65_536).startswith(b"HTTP/1.1 200 ")
        return time.monotonic() - started


def resident(program: Program) -> int:
    """The bytes that the process has in memory."""
    status = Path(f"/proc/{program.process.pid}/status").read_text("ascii")
    found = re.search(r"VmRSS:\s+(\d+) kB", status)
    assert found is not None
    return int(found[1]) * 1024


def slowest(program: Program, flood: Flood) -> float:
    """The longest that /healthz took to answer during the flood."""
    longest = 0.0
    until = time.monotonic() + SECONDS
    with flooding(program.port, flood):
        while time.monotonic() < until:
            longest = max(longest, asked(program))
            assert program.peak_of_memory() < 10 * GROWTH
            time.sleep(0.01)
    return longest


@pytest.fixture(scope="module")
def start(program: Program) -> int:
    """The memory of the process before all floods."""
    return resident(program)


@pytest.mark.parametrize("flood", FLOODS, ids=[flood.name for flood in FLOODS])
def test_a_flood_is_bounded(program: Program, start: int, flood: Flood) -> None:
    """No flood takes more than 64 MB, all of them together included, or holds /healthz up for a second."""
    longest = slowest(program, flood)
    if longest >= LONGEST_STALL:  # once more: a busy machine is late by chance, a stall is not
        longest = slowest(program, flood)

    assert program.peak_of_memory() - start <= GROWTH
    assert longest < LONGEST_STALL
    until = time.monotonic() + PATIENCE
    while resident(program) - start > LEFT and time.monotonic() < until:
        time.sleep(0.1)
    assert resident(program) - start <= LEFT
    assert asked(program) < PATIENCE
