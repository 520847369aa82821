"""The line of a finding with a caret under its column, safe to print."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Sequence
from pathlib import Path

from ticketbridge.authoring.check.masks import masked
from ticketbridge.mapping.findings import Finding, Place
from ticketbridge.mapping.places import LINE_BREAK

_STARS = "********"
_WIDTH = 120
_BEFORE = 80
_IN_CLEAR = "TB053"
_BY_HAND = frozenset({".yaml", ".yml", ".md", ".markdown"})


class Excerpts:
    """Reads each file once; credentials, which some of *findings* are about, are never shown."""

    def __init__(self, findings: Iterable[Finding]) -> None:
        self._files: dict[str, Sequence[str]] = {}
        self._credentials: dict[tuple[str, int], list[int]] = {}
        for place in (finding.place for finding in findings if finding.code == _IN_CLEAR):
            self._credentials.setdefault((place.file, place.line), []).append(place.column - 1)

    def of(self, place: Place) -> tuple[str, str] | None:
        """The line, and what goes below it.

        None where the file cannot be read (again), and of an answer with a credential in it: what else is
        in such a line is people's data.
        """
        if self._is_of_an_answer(place):
            return None
        lines = self._lines(place.file)
        if not 0 < place.line <= len(lines):
            return None
        line, caret = self._masked(lines, place)
        start = max(0, caret - _BEFORE)
        shown = line[start : start + _WIDTH]
        before = line[start:caret]
        return _printable(shown), " " * sum(map(_width, _printable(before))) + "^"

    def _is_of_an_answer(self, place: Place) -> bool:
        written_by_hand = Path(place.file).suffix in _BY_HAND
        return not written_by_hand and (place.file, place.line) in self._credentials

    def _masked(self, lines: Sequence[str], place: Place) -> tuple[str, int]:
        number, caret = place.line - 1, place.column - 1
        line = lines[number]
        known = self._credentials.get((place.file, place.line), ())
        for start, end in reversed(masked(lines, number, known)):
            line = line[:start] + _STARS + line[end:]
            if caret >= end:
                caret += len(_STARS) - (end - start)
            elif caret > start:
                caret = start
        return line, caret

    def _lines(self, file: str) -> Sequence[str]:
        if file not in self._files:
            self._files[file] = _read(file)
        return self._files[file]


def _read(file: str) -> Sequence[str]:
    try:
        return LINE_BREAK.split(Path(file).read_bytes().decode("utf-8-sig", "replace"))
    except (OSError, ValueError):
        return ()


def _printable(text: str) -> str:
    """*text* without what would move a terminal's cursor, or hide itself."""
    return "".join(one if one.isprintable() else " " if one == "\t" else "\ufffd" for one in text)


def _width(character: str) -> int:
    """How many columns of a terminal *character* takes."""
    if unicodedata.combining(character):
        return 0
    return 2 if unicodedata.east_asian_width(character) in {"W", "F"} else 1
