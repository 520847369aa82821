"""Processes that are measured: started on a free port, pinned to a core, stopped at the end."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException, HTTPResponse
from pathlib import Path

from benchmarks import node
from benchmarks.ours import MAPPINGS, environment
from benchmarks.peers.config import CONTRACT

ROOT = Path(__file__).resolve().parent.parent
OURS = "ticketbridge"
FASTIFY = "fastify"
PYTHON_PEERS = {"limit": "limit", "FastAPI": "fastapi_app", "plain": "plain"}
"""The module of each peer in Python."""
_START = 20.0


@dataclass(frozen=True, slots=True)
class Server:
    """A running server."""

    port: int
    process: subprocess.Popen[bytes]

    def cpu_seconds(self) -> float:
        """CPU time so far, or 0 where the system does not say."""
        return cpu_seconds_of(self.process.pid)

    def resident(self) -> int:
        """Bytes of memory that it holds, or 0 where the system does not say."""
        try:
            lines = Path(f"/proc/{self.process.pid}/status").read_text("utf-8").splitlines()
        except OSError:
            return 0
        return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmRSS"))


def cpu_seconds_of(pid: int) -> float:
    """CPU time of a process so far, or 0 where the system does not say."""
    try:
        line = Path(f"/proc/{pid}/stat").read_text("utf-8")
    except OSError:
        return 0.0
    user, system = line.rpartition(")")[2].split()[11:13]
    return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")


def names() -> Sequence[str]:
    """All servers that can run here."""
    return (OURS, *PYTHON_PEERS, *([] if node.why_missing() else [FASTIFY]))


def skipped() -> Sequence[str]:
    """A sentence for each server that cannot run here."""
    reason = node.why_missing()
    return [f"{FASTIFY} is not measured: {reason}"] if reason else []


def command_of(name: str, port: int, mappings: Sequence[str] = ("plain",)) -> Sequence[str]:
    """How a server is started: ours as its users start it, with *mappings*; peers in Python by uvicorn."""
    if name == OURS:
        files = [str(MAPPINGS / f"{mapping}.yaml") for mapping in mappings]
        return [sys.executable, "-m", "ticketbridge", "serve", *files, "--port", str(port)]
    if name == FASTIFY:
        return ["node", str(node.SERVER)]
    app = f"benchmarks.peers.{PYTHON_PEERS[name]}:app"
    flags = ["--factory", "--loop", "uvloop", "--http", "httptools", "--port", str(port)]
    quiet = ["--no-access-log", "--log-level", "critical"]
    return [sys.executable, "-m", "uvicorn", app, *flags, *quiet]


@contextmanager
def serving(
    name: str,
    *,
    platform_url: str,
    core: int | None = None,
    mappings: Sequence[str] = ("plain",),
    variables: Mapping[str, str] | None = None,
    log: Path | None = None,
) -> Iterator[Server]:
    """One of the servers, once it answers; *variables* are those of further mappings.

    What ticketbridge logs goes to the file *log*, or nowhere.
    """
    port = free_port()
    known = {**environment(platform_url), **_told(mappings[0], port), **(variables or {})}
    with ExitStack() as stack:
        # A peer writes only what it dies of; ticketbridge writes a line an answer.
        errors: int | None = subprocess.DEVNULL if name == OURS else None
        if log is not None:
            errors = stack.enter_context(log.open("wb")).fileno()
        command = command_of(name, port, mappings)
        process = stack.enter_context(_process(command, known, core, errors=errors))
        wait_for(port, process)
        yield Server(port, process)


def _told(mapping: str, port: int) -> dict[str, str]:
    """What each is told: the peers what a mapping tells ticketbridge, and that a port of its own."""
    return {
        "MAPPING": mapping,
        "PORT": str(port),
        "CONTRACT": str(CONTRACT),
        "TICKETBRIDGE_METRICS_PORT": str(free_port()),  # several may run at once
    }


@contextmanager
def upstream(core: int | None = None) -> Iterator[Server]:
    """The platform."""
    command = [sys.executable, "-m", "benchmarks.upstream"]
    with _process(command, {}, core, output=subprocess.PIPE) as process:
        assert process.stdout is not None
        yield Server(int(process.stdout.readline()), process)


@contextmanager
def _process(
    command: Sequence[str],
    variables: Mapping[str, str],
    core: int | None,
    *,
    output: int = subprocess.DEVNULL,
    errors: int | None = None,
) -> Iterator[subprocess.Popen[bytes]]:
    with _pinned(core):
        process = subprocess.Popen(
            command,
            cwd=ROOT,
            env={**clean_environment(), **variables},
            stdout=output,
            stderr=errors,
        )
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        if process.stdout is not None:
            process.stdout.close()


@contextmanager
def _pinned(core: int | None) -> Iterator[None]:
    """What is started inside has all its threads on *core*, where there is a choice."""
    if core is None:
        yield
        return
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {core})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def clean_environment() -> dict[str, str]:
    """This process's environment without proxies and without settings of ticketbridge.

    What is installed is compiled, as the peers are; so is the project, which is run from its source.
    """
    return {
        name: value
        for name, value in os.environ.items()
        if not name.lower().endswith("_proxy")
        and not name.startswith("TICKETBRIDGE_")
        and name != "PYTHONDONTWRITEBYTECODE"
    }


def pin(pid: int, core: int | None) -> None:
    """Keep a process on one core, where there is a choice."""
    if core is not None:
        os.sched_setaffinity(pid, {core})


def cores() -> tuple[int | None, int | None]:
    """A core for the server that is measured, and one for the rest; None where there are no two."""
    if not hasattr(os, "sched_getaffinity"):
        return None, None
    usable = sorted(os.sched_getaffinity(0))
    return (usable[0], usable[1]) if len(usable) > 1 else (None, None)


def free_port() -> int:
    """A port that nobody listens on just now."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


def wait_for(port: int, process: subprocess.Popen[bytes]) -> None:
    """Return when the server answers /healthz, be it with a 404."""
    until = time.monotonic() + _START
    while time.monotonic() < until:
        try:
            get(port, "/healthz")
        except (OSError, HTTPException):
            if process.poll() is not None:
                raise RuntimeError(f"a server has ended with {process.returncode}") from None
            time.sleep(0.002)
        else:
            return
    raise RuntimeError("a server does not answer")


def get(port: int, path: str, headers: Mapping[str, str] | None = None) -> tuple[int, bytes]:
    """Status and body of one request."""
    connection = HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request("GET", path, headers=dict(headers or {}))
        answer: HTTPResponse = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()
