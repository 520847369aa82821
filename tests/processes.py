"""ticketbridge as a process of its own, for what only a process shows: signals, memory, exit codes."""

from __future__ import annotations

import ctypes
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.support import SECRET, TOKEN, Changes, mapping

PATIENCE = 30  # seconds after which a test gives up, far beyond what it waits for
HEADERS = {"X-Menta-Secret": SECRET}
_LIBC = ctypes.CDLL(None) if sys.platform == "linux" else None
_SET_SIGNAL_AT_PARENTS_DEATH = 1  # PR_SET_PDEATHSIG


@dataclass(frozen=True)
class Program:
    """A running `ticketbridge serve`, and where it answers."""

    process: subprocess.Popen[bytes]
    port: int
    log: Path

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def tickets(self) -> str:
        """The pull of the one mapping that is served."""
        return f"{self.url}/tickets?user=ana%40example.com"

    def tickets_of(self, platform: str = "") -> str:
        """Where a platform's tickets are, beside others or alone."""
        return f"{self.url}/{platform}/tickets" if platform else f"{self.url}/tickets"

    def tell(self, number: signal.Signals) -> None:
        """Send it a signal."""
        self.process.send_signal(number)

    def ended(self) -> int:
        """Its exit code; it has to end by itself."""
        return self.process.wait(PATIENCE)

    def lines(self) -> list[dict[str, Any]]:
        """What it has logged."""
        return [json.loads(line) for line in self.log.read_text("utf-8").splitlines()]

    def events(self, event: str) -> list[dict[str, Any]]:
        """The lines of one event; the last line of the log may not be whole yet."""
        lines = self.log.read_text("utf-8").split("\n")[:-1]
        return [json.loads(line) for line in lines if f'"event":"{event}"' in line]

    def peak_of_memory(self) -> int:
        """The most memory that it had at once so far, in bytes."""
        status = Path(f"/proc/{self.process.pid}/status").read_text("ascii")
        found = re.search(r"VmHWM:\s+(\d+) kB", status)
        assert found is not None
        return int(found[1]) * 1024


def children(pid: int) -> list[int]:
    """The processes that a process has started and that are alive."""
    found = Path(f"/proc/{pid}/task/{pid}/children").read_text("ascii").split()
    return [int(number) for number in found]


def workers_of(program: Program) -> list[int]:
    """The worker processes; beside them multiprocessing has one of its own."""
    spawned = b"multiprocessing.spawn"
    pids = children(program.process.pid)
    return [pid for pid in pids if spawned in Path(f"/proc/{pid}/cmdline").read_bytes()]


@contextmanager
def serving_program(
    folder: Path, platform_url: str, changes: Changes | None = None, **variables: str
) -> Iterator[Program]:
    """`ticketbridge serve` of the changed MAPPING on a free port; killed with the test."""
    file = folder / "acme.yaml"
    file.write_text(json.dumps(mapping(changes)), "utf-8")
    with running_program(file, folder / "log", platform_url, **variables) as program:
        yield program


@contextmanager
def running_program(
    named: Path, log: Path, platform_url: str, *flags: str, **variables: str
) -> Iterator[Program]:
    """`ticketbridge serve` of the mapping or folder that is *named*, on a free port; killed with the test.

    An empty variable is none.
    """
    known = {"MENTA_SECRET": SECRET, "ACME_TOKEN": TOKEN, "ACME_API": platform_url}
    environment = {**os.environ, **known, "TICKETBRIDGE_LOG_FORMAT": "json", **variables}
    command = [sys.executable, "-m", "ticketbridge", "serve", "--port", "0", *flags, str(named)]
    with log.open("wb") as stream, own_process(command, env=environment, stderr=stream) as process:
        yield Program(process, _port(process, log), log)


@contextmanager
def own_process(command: Sequence[str], **options: Any) -> Iterator[subprocess.Popen[Any]]:
    """A process that no test leaves behind: it and all that it started are killed with the test.

    It is also killed when the tests themselves are. *options* are those of Popen.
    """
    process = subprocess.Popen(  # noqa: S603 - our own
        command,
        start_new_session=True,
        preexec_fn=_end_with_the_tests if _LIBC else None,  # noqa: PLW1509 - one call of libc
        **options,
    )
    try:
        yield process
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate()


def _end_with_the_tests() -> None:
    assert _LIBC is not None
    _LIBC.prctl(_SET_SIGNAL_AT_PARENTS_DEATH, signal.SIGKILL)


def port_in(text: str) -> int | None:
    """The port that a process says it listens on, where *text* of its log says so."""
    found = re.search(r"running on http://127\.0\.0\.1:(\d+)", text)
    return int(found[1]) if found else None


def _port(process: subprocess.Popen[bytes], log: Path) -> int:
    """The port that the process says it listens on."""
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until and process.poll() is None:
        if port := port_in(log.read_text("utf-8")):
            return port
        time.sleep(0.02)
    raise AssertionError(log.read_text("utf-8"))


def path_of(program: str, package: str = "") -> str:
    """Where a program of the machine's is; without it the test is skipped on a desk, and fails in CI."""
    path = os.environ.get("PATH", os.defpath)
    found = shutil.which(program, path=f"{path}{os.pathsep}/usr/sbin{os.pathsep}/usr/local/sbin")
    if found is None and not os.environ.get("CI"):
        pytest.skip(f"{program} is not installed")
    assert found is not None, f"{program} is not installed: apt-get install {package or program}"
    return found


def wait_for_listener(port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    """Return when someone listens there."""
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until and process.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.02)
        else:
            return
    raise AssertionError(log.read_text("utf-8"))
