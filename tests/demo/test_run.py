"""The demo as a person meets it: what it prints, and that Ctrl-C ends it."""

from __future__ import annotations

import asyncio
import io
import logging
import os
import shlex
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

import ticketbridge
from tests.processes import own_process
from ticketbridge.demo.running import LOOPBACK
from ticketbridge.demo.screen import run_demo

LAST_OF_GREETING = "Ctrl-C stops.\n"
LOGGERS = (
    "ticketbridge",
    "uvicorn.error",
    "uvicorn.access",
    "httpx",
    "httpcore",
    "asyncio",
)


class Stopping(io.StringIO):
    """Takes what is printed, and presses Ctrl-C (or the like) once the greeting is there."""

    def __init__(self, number: signal.Signals, *, terminal: bool = False) -> None:
        super().__init__()
        self._number = number
        self._terminal = terminal

    def isatty(self) -> bool:
        """Whether colours are wanted."""
        return self._terminal

    def write(self, text: str) -> int:
        """See io."""
        written = super().write(text)
        if text.endswith(LAST_OF_GREETING):
            signal.raise_signal(self._number)
        return written


@pytest.fixture(autouse=True)
def loggers_as_they_were() -> Iterator[None]:
    """The demo sets the logs of its process; other tests get theirs back."""
    loggers = [logging.getLogger(name) for name in LOGGERS]
    before = [(logger.handlers[:], logger.level, logger.propagate) for logger in loggers]
    yield
    for logger, (handlers, level, propagate) in zip(loggers, before, strict=True):
        logger.handlers[:] = handlers
        logger.setLevel(level)
        logger.propagate = propagate


@pytest.fixture
def process() -> Iterator[subprocess.Popen[str]]:
    """The demo in a process of its own, which is gone after the test."""
    code = "import sys; from ticketbridge.demo.screen import run_demo; sys.exit(run_demo(0))"
    source = Path(ticketbridge.__file__).parents[1]
    with own_process(
        [sys.executable, "-W", "error", "-c", code],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(source)},
        encoding="utf-8",
    ) as running:
        # A demo that says less than a test reads would keep it waiting for ever.
        watchdog = threading.Timer(60, running.kill)
        watchdog.start()
        yield running
        watchdog.cancel()


def printed_until(process: subprocess.Popen[str], end: str) -> list[str]:
    """The lines that *process* prints up to one that ends with *end*."""
    assert process.stdout is not None
    lines: list[str] = []
    while not lines or not lines[-1].endswith(end):
        line = process.stdout.readline()
        if not line:
            raise AssertionError(process.stderr and process.stderr.read())
        lines.append(line)
    return lines


def answer_to(curl: str, user: str) -> httpx.Response:
    """What the request of a printed curl line gets, with another user in its place."""
    program, silent, option, header, url = shlex.split(curl)
    assert (program, silent, option) == ("curl", "-s", "-H")
    name, _, value = header.partition(": ")
    return httpx.get(url.replace("ana@example.com", user), headers={name: value}, trust_env=False)


def curl_lines(lines: list[str]) -> list[str]:
    """The curl lines among *lines*."""
    return [line for line in lines if line.startswith("  curl ")]


# --- a process ------------------------------------------------------------------------------------


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_it(process: subprocess.Popen[str], number: signal.Signals) -> None:
    """Ctrl-C and SIGTERM end the demo with exit code 0 and a last line, and nothing on stderr."""
    printed_until(process, LAST_OF_GREETING)
    process.send_signal(number)
    out, err = process.communicate()

    assert (process.returncode, out, err) == (0, "\nStopped.\n", "")


def test_the_printed_requests_work(process: subprocess.Popen[str]) -> None:
    """The two curl lines of the greeting give Ana's tickets, and the platform's own answer."""
    bridge, platform = curl_lines(printed_until(process, LAST_OF_GREETING))

    assert len(answer_to(bridge, "ana@example.com").json()["tickets"]) == 4
    assert answer_to(platform, "ana@example.com").json()["order_count"] == 5


def test_answers_are_shown_as_they_come(process: subprocess.Popen[str]) -> None:
    """Each answer's block is out before the next question, and it names no user."""
    bridge, _ = curl_lines(printed_until(process, LAST_OF_GREETING))
    blocks: list[str] = []
    for user, end in (("bruno", "00020655\n"), ("dora", "no list goes out\n")):
        answer_to(bridge, f"{user}@example.com")
        blocks += printed_until(process, end)

    assert [line[:3] for line in blocks if line[:1].isdigit()] == ["200", "502"]
    assert "@" not in "".join(blocks)


# --- in this process ------------------------------------------------------------------------------


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_exit_code(number: signal.Signals) -> None:
    """A demo that is told to stop has done its work: exit code 0."""
    out = Stopping(number)

    assert run_demo(0, out=out) == 0
    assert out.getvalue().endswith(f"{LAST_OF_GREETING}\nStopped.\n")


def test_ctrl_c_where_a_loop_takes_no_signals(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where a loop cannot take signals, Ctrl-C ends the demo all the same."""

    def refuse(*_: object) -> None:
        raise NotImplementedError

    monkeypatch.setattr(asyncio.SelectorEventLoop, "add_signal_handler", refuse)

    assert run_demo(0, out=Stopping(signal.SIGINT)) == 0


def test_colours_on_a_terminal_alone() -> None:
    """Escape sequences go to a terminal and nowhere else."""
    shown = [Stopping(signal.SIGINT, terminal=terminal) for terminal in (True, False)]
    for out in shown:
        run_demo(0, out=out)

    assert ["\x1b[" in out.getvalue() for out in shown] == [True, False]


def test_stdout_is_the_default(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without *out* the demo speaks to the stdout of the moment."""
    out = Stopping(signal.SIGINT)
    monkeypatch.setattr(sys, "stdout", out)
    run_demo(0)

    assert out.getvalue().startswith("ticketbridge demo\n")
    assert capsys.readouterr().err == ""


def test_a_taken_port_is_said() -> None:
    """Where the wanted port is taken, the first line says which one it is instead."""
    out = Stopping(signal.SIGINT)
    with socket.create_server((LOOPBACK, 0)) as taken:
        port = taken.getsockname()[1]
        run_demo(port, out=out)

    first_line = out.getvalue().partition("\n")[0]
    assert first_line.startswith(f"ticketbridge demo (port {port} is taken: it is on ")


def test_a_free_port_is_not_spoken_of() -> None:
    """Where any port will do, the first line says nothing of ports."""
    out = Stopping(signal.SIGINT)
    run_demo(0, out=out)

    assert out.getvalue().partition("\n")[0] == "ticketbridge demo"
