"""The files that a mapping is made of, so that one can tell whether it would be another one now."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path


class FileReader:
    """Reads files, and keeps what was in them.

    *kept* are contents to return in place of what is on the disk: those of an earlier `contents`.
    """

    def __init__(self, kept: Mapping[Path, bytes] | None = None) -> None:
        self._kept = kept or {}
        self._limits: dict[Path, int] = {}
        self._read: dict[Path, bytes] = {}

    def read(self, path: Path, most: int) -> bytes:
        """Return the content of *path*; of one over *most* bytes only so much that one sees that it is.

        Raises OSError, and ValueError for what is no path.
        """
        self._limits[path] = most
        content = self._kept.get(path)
        if content is None:
            content = _read(path, most)
        self._read[path] = content
        return content

    @property
    def paths(self) -> frozenset[Path]:
        """The files that were asked for, those that could not be read among them."""
        return frozenset(self._limits)

    @property
    def contents(self) -> Mapping[Path, bytes]:
        """What was in the files that could be read. Some of them hold secrets."""
        return self._read

    def is_current(self) -> bool:
        """Whether each file still holds what it held, or still cannot be read."""
        return all(
            self._read.get(path) == _find_content(path, most) for path, most in self._limits.items()
        )


def _read(path: Path, most: int) -> bytes:
    with path.open("rb") as stream:
        return stream.read(most + 1)


def _find_content(path: Path, most: int) -> bytes | None:
    try:
        return _read(path, most)
    except (OSError, ValueError):
        return None
