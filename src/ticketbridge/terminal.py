"""Helpers for text output: colours if a terminal shows them, counts, columns."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Sequence
from typing import Final, TextIO

BOLD: Final = "1"
RED: Final = "31"
GREEN: Final = "32"
YELLOW: Final = "33"
FAINT: Final = "2"


class UsageError(Exception):
    """A command's input cannot be used; the text says why, and what would be right. Exit code 2."""


def shows_colours(stream: TextIO) -> bool:
    """Return whether *stream* is a terminal whose user wants colours (https://no-color.org)."""
    return stream.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def open_missing_streams() -> frozenset[str]:
    """Open the null device for standard streams that are closed; return the names of closed outputs.

    Otherwise the next file or socket would get the number of stderr, and receive its messages.
    """
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.set_inheritable(os.open(os.devnull, os.O_RDWR), True)  # takes the lowest free number
    closed = frozenset(name for name in ("stdout", "stderr") if getattr(sys, name) is None)
    for name in closed:
        setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: PTH123, SIM115 - for good
    return closed


class Paint:
    """Puts colours around text, where *out* shows them."""

    def __init__(self, out: TextIO | None = None) -> None:
        self._colours = out is not None and shows_colours(out)

    def __call__(self, text: str, colour: str) -> str:
        """Return *text* in *colour*."""
        return f"\x1b[{colour}m{text}\x1b[0m" if self._colours and text else text


def counted(number: int, noun: str) -> str:
    """Return `1 ticket`, `2 tickets`."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def columns(rows: Iterable[Sequence[str]], *, indent: str = "  ", widest: int = 60) -> list[str]:
    """Return *rows* as lines with aligned columns. A cell wider than *widest* moves the rest."""
    table = [tuple(row) for row in rows]
    short = [[len(cell) if len(cell) <= widest else 0 for cell in row] for row in table]
    widths = [max(lengths) for lengths in zip(*short, strict=True)]
    return [indent + _line(row, widths).rstrip() for row in table]


def _line(row: Sequence[str], widths: Sequence[int]) -> str:
    return "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True))
