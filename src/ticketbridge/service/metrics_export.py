"""Add up the numbers of all processes.

Each worker writes its numbers to a file every second, and again when it ends. The worker that is asked adds
them up. Counts of a worker that has ended remain; its gauges do not.
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import IO, Final

import msgspec

from ticketbridge.service.metric_specs import MetricSpec, all_metrics
from ticketbridge.service.metrics import Samples
from ticketbridge.service.settings import SettingsError

if sys.platform != "win32":  # pragma: no branch - Windows has no such locks
    import fcntl

SPECS: Final = {spec.name: spec for spec in all_metrics()}
"""All metrics, by name."""

_IN_MEMORY: Final = Path("/dev/shm")  # noqa: S108 - a folder of our own is made in it
_PREFIX: Final = "ticketbridge-metrics-"
_LEFT_SECONDS: Final = 60.0  # a worker that ends again and again is replaced sooner
_DECODE = msgspec.json.Decoder(dict[str, list[tuple[tuple[str, ...], list[float]]]]).decode

OneProcess = tuple[Samples, bool]
"""The numbers of one process, and whether it still runs."""


def make_folder() -> Path:
    """Return a new folder for the numbers of several workers, in memory if the system has such a place.

    Folders of killed services are removed. Raises SettingsError.
    """
    chosen = os.environ.get("TMPDIR") or (_IN_MEMORY if os.access(_IN_MEMORY, os.W_OK) else None)
    try:
        folder = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=chosen))
    except OSError as error:
        reason = error.strerror or "it is not possible"
        raise SettingsError(
            f"the workers have no folder to put their metrics together: {reason}"
            " (name one that can be written in TMPDIR, or set TICKETBRIDGE_METRICS_PORT=0)"
        ) from error
    for other in folder.parent.glob(f"{_PREFIX}*"):
        if _is_left_behind(other):
            shutil.rmtree(other, ignore_errors=True)
    return folder


def _is_left_behind(folder: Path) -> bool:
    """Return whether *folder* was not written for a minute, and none of its workers runs."""
    try:
        is_old = time.time() - folder.stat().st_mtime > _LEFT_SECONDS
    except OSError:
        return False
    return is_old and not any(map(_is_locked, folder.glob("*.lock")))


class WorkerFile:
    """The file with one worker's numbers, and access to the files of the other workers.

    A running worker holds a lock. The system releases it in any case when the worker ends.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        descriptor, name = tempfile.mkstemp(suffix=".lock", dir=folder)
        self._lock: IO[bytes] = os.fdopen(descriptor, "wb")
        self._file = Path(name).with_suffix(".json")
        _has_locked(self._lock, shared=False)

    def write(self, samples: Samples) -> None:
        """Replace the numbers in the file. If there is no room, the others do without them."""
        content = msgspec.json.encode({name: list(rows.items()) for name, rows in samples.items()})
        new = self._file.with_suffix(".new")
        with suppress(OSError):
            new.write_bytes(content)
            new.replace(self._file)

    def others(self) -> Iterator[OneProcess]:
        """Yield the numbers of the other workers, including those that have ended."""
        for file in self._folder.glob("*.json"):
            if file == self._file:
                continue
            with suppress(OSError, msgspec.MsgspecError):
                rows = _DECODE(file.read_bytes())
                samples = {name: dict(each) for name, each in rows.items()}
                yield samples, _is_locked(file.with_suffix(".lock"))

    def close(self) -> None:
        """Release the lock: this worker's gauges no longer count."""
        self._lock.close()


def _has_locked(lock: IO[bytes], *, shared: bool) -> bool:
    if sys.platform == "win32":  # pragma: no cover - Windows has no such locks
        return False
    try:
        fcntl.flock(lock, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def _is_locked(path: Path) -> bool:
    try:
        with path.open("rb") as lock:
            # Two that look at once do not take each other for the worker.
            return not _has_locked(lock, shared=True)
    except OSError:
        return False


def merge(processes: Iterable[OneProcess]) -> Samples:
    """Return the numbers of all *processes* together: counts of all, gauges of those that run."""
    merged: Samples = {}
    for samples, is_alive in processes:
        for name, rows in samples.items():
            spec = SPECS[name]
            if spec.kind == "gauge" and not is_alive:
                continue
            known = merged.setdefault(name, {})
            for labels, numbers in rows.items():
                before = known.get(labels)
                known[labels] = numbers if before is None else _joined(spec, before, numbers)
    return merged


def _joined(spec: MetricSpec, one: list[float], other: list[float]) -> list[float]:
    if spec.is_largest:
        return [max(one[0], other[0])]
    return [a + b for a, b in zip(one, other, strict=True)]
