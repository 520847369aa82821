"""Read the files of a mapping, and tell later whether one of them has changed."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path


class FileReader:
    """Reads files, and keeps their contents.

    *kept* has contents to return instead of reading the disk: the `contents` of an earlier reader.
    """

    def __init__(self, kept: Mapping[Path, bytes] | None = None) -> None:
        self._kept = kept or {}
        self._limits: dict[Path, int] = {}
        self._read: dict[Path, bytes] = {}

    def read(self, path: Path, most: int) -> bytes:
        """Return the content of *path*, cut after *most* + 1 bytes: so the caller sees that it is too large.

        Raises OSError if the file cannot be read, and ValueError if *path* is not a legal path.
        """
        self._limits[path] = most
        content = self._kept.get(path)
        if content is None:
            content = _read(path, most)
        self._read[path] = content
        return content

    @property
    def paths(self) -> frozenset[Path]:
        """The files that were asked for, including those that could not be read."""
        return frozenset(self._limits)

    @property
    def contents(self) -> Mapping[Path, bytes]:
        """The contents of the files that could be read. Some of them hold secrets."""
        return self._read

    def is_current(self) -> bool:
        """Return whether each file still has the same content, or still cannot be read."""
        return all(
            self._read.get(path) == _find_content(path, most) for path, most in self._limits.items()
        )


def why_unread(error: Exception) -> str:
    """Return why a FileReader could not read a file, without the path."""
    return getattr(error, "strerror", None) or "no legal path"


def _read(path: Path, most: int) -> bytes:
    with path.open("rb") as stream:
        return stream.read(most + 1)


def _find_content(path: Path, most: int) -> bytes | None:
    try:
        return _read(path, most)
    except (OSError, ValueError):
        return None
