"""Worker processes are started, told, replaced and ended."""

from __future__ import annotations

import io
import json
import multiprocessing
import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from multiprocessing.process import BaseProcess
from pathlib import Path
from types import FrameType
from unittest import mock

import pytest
from uvicorn.config import STARTUP_FAILURE

from ticketbridge.service import supervisor as module
from ticketbridge.service.accepting import Part
from ticketbridge.service.hangup import held_back, release
from ticketbridge.service.server import work
from ticketbridge.service.settings import Settings
from ticketbridge.service.supervisor import Supervisor

PATIENCE = 30


def cannot_start(folder: Path) -> None:
    """Be a worker that ends at once."""
    del folder
    sys.exit(STARTUP_FAILURE)


def is_stubborn(folder: Path) -> None:
    """Be a worker that ends upon SIGINT alone, and notes what else it hears."""

    def note(number: int, _frame: FrameType | None) -> None:
        (folder / f"{os.getpid()}.{signal.Signals(number).name}").touch()

    (folder / f"{os.getpid()}.up").touch()
    time.sleep(0.2)  # signals that come before it hears them wait
    for number in (signal.SIGHUP, signal.SIGTERM):
        signal.signal(number, note)
    signal.signal(signal.SIGINT, lambda *_: sys.exit(0))
    release()
    time.sleep(PATIENCE)


def started(work: Callable[[Path], None], folder: Path) -> Callable[[int], BaseProcess]:
    """What starts a process that does *work*."""
    spawn = multiprocessing.get_context("spawn")

    def start(_slot: int) -> BaseProcess:
        process = spawn.Process(target=work, args=(folder,))
        process.start()
        return process

    return start


def notes_of(folder: Path, what: str) -> list[Path]:
    """The notes of all workers about one thing, once there are two."""
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        found = list(folder.glob(f"*.{what}"))
        if len(found) == 2:
            return found
        time.sleep(0.01)
    raise AssertionError(what)


def test_where_no_worker_can_start_it_ends(tmp_path: Path) -> None:
    """The exit code says that it failed, and each end is told."""
    ended: list[tuple[int, int]] = []
    supervisor = Supervisor(
        1, started(cannot_start, tmp_path), lambda: None, 1.0, lambda *one: ended.append(one)
    )

    assert supervisor.run() == 1
    assert [slot for slot, _ in ended] == [0]


def test_signals_reach_the_workers(tmp_path: Path) -> None:
    """SIGHUP does, before they hear too; SIGINT is SIGTERM to them, and SIGINT only the second time."""
    reloads: list[bool] = []
    supervisor = Supervisor(2, started(is_stubborn, tmp_path), lambda: reloads.append(True), 10.0)

    def tell() -> None:
        try:
            tell_all()
        finally:  # a worker that did not hear is killed then
            os.kill(os.getpid(), signal.SIGTERM)

    def tell_all() -> None:
        notes_of(tmp_path, "up")
        os.kill(os.getpid(), signal.SIGHUP)
        notes_of(tmp_path, "SIGHUP")
        os.kill(os.getpid(), signal.SIGINT)
        notes_of(tmp_path, "SIGTERM")
        os.kill(os.getpid(), signal.SIGTERM)
        os.kill(os.getpid(), signal.SIGINT)

    telling = threading.Thread(target=tell)
    telling.start()
    code = supervisor.run()
    telling.join()

    assert code == 0
    assert reloads == [True]


def test_who_ends_again_and_again_is_started_less_and_less_often(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The first end costs nothing; then the pause doubles, up to half a minute."""
    pauses = [module._pause_after(ends) for ends in range(9)]

    assert pauses == [0, 0, 1, 2, 4, 8, 16, 30, 30]

    monkeypatch.setattr(module, "_pause_after", lambda ends: 0.05 * ends)
    starts: list[float] = []

    class Ended:
        """A process that has ended; the third one tells the supervisor to leave."""

        pid, exitcode = 2**31 - 1, 1  # larger than that of any process

        def __init__(self, _slot: int) -> None:
            starts.append(time.monotonic())
            if len(starts) == 3:
                os.kill(os.getpid(), signal.SIGTERM)
            ours, self._theirs = multiprocessing.Pipe()
            self._theirs.close()
            self.sentinel = ours

        def is_alive(self) -> bool:
            return False

        def join(self, _seconds: float) -> None:
            return None

    code = Supervisor(1, Ended, lambda: None, 1.0).run()  # type: ignore[arg-type]  # enough of one

    assert code == 0
    assert len(starts) == 3
    assert starts[1] - starts[0] >= 0.05
    assert starts[2] - starts[1] >= 0.1


@pytest.mark.parametrize(
    ("code", "level"), [(0, "info"), (1, "warning"), (-signal.SIGKILL, "warning")]
)
def test_a_worker_that_did_not_end_well_is_a_warning(
    code: int, level: str, lines: io.StringIO
) -> None:
    """One that was killed, for example for its memory, is seen by who reads warnings alone."""
    gone = mock.Mock(pid=1, exitcode=code, is_alive=lambda: False)
    supervisor = Supervisor(1, mock.Mock(), mock.Mock(), 1.0)
    supervisor._workers.append(module._Worker(0, gone, 1))
    supervisor._note_ends()

    (said,) = map(json.loads, lines.getvalue().splitlines())
    assert (said["event"], said["level"], said["exit_code"]) == ("worker ended", level, code)


def test_where_signals_have_no_masks_nothing_is_held_back(monkeypatch: pytest.MonkeyPatch) -> None:
    """It works the same elsewhere, but for that."""
    monkeypatch.delattr(signal, "pthread_sigmask")
    with held_back():
        release()


def test_a_worker_that_has_nothing_to_serve_says_why(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """It ends with the code by which its supervisor knows that it never began."""
    settings = Settings(mappings=(str(tmp_path / "missing"),), log_format="json")
    with pytest.raises(SystemExit) as ended:
        work(settings, [], [], Part([0], 0), None)

    assert ended.value.code == STARTUP_FAILURE
    said = capfd.readouterr().err
    assert "this worker cannot start" in said
    assert "no such file or folder" in said
