"""What a part found: tables of numbers, and whether the targets are met."""

from __future__ import annotations

import os
import platform
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of text; the first column names what was measured."""

    title: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]
    note: str = ""


@dataclass(frozen=True, slots=True)
class Target:
    """A number that must be *at_least* or *at_most* so large."""

    name: str
    value: float
    at_least: float | None = None
    at_most: float | None = None

    @property
    def met(self) -> bool:
        """Whether the number is within its bounds."""
        low = self.at_least is None or self.value >= self.at_least
        return low and (self.at_most is None or self.value <= self.at_most)

    def __str__(self) -> str:
        bounds = {"at least": self.at_least, "at most": self.at_most}
        words = [f"{word} {bound:g}" for word, bound in bounds.items() if bound is not None]
        mark = "PASS" if self.met else "FAIL"
        return f"{mark}  {self.name}: {self.value:.2f} ({', '.join(words)})"


@dataclass(frozen=True, slots=True)
class Part:
    """One part's findings."""

    tables: Sequence[Table]
    targets: Sequence[Target] = ()
    skipped: Sequence[str] = ()
    """Sentences on what could not be measured here."""


def as_text(table: Table) -> str:
    """The table for a terminal."""
    lines = [table.columns, *table.rows]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    padded = [_padded(line, widths) for line in lines]
    notes = [table.note] if table.note else []
    return "\n  ".join([f"\n{table.title}", *padded, *notes])


def as_markdown(table: Table) -> str:
    """The table as the README shows it."""
    rule = ["---", *["---:"] * (len(table.columns) - 1)]
    lines = [f"| {' | '.join(line)} |" for line in (table.columns, rule, *table.rows)]
    notes = ["", table.note] if table.note else []
    return "\n".join([f"\n**{table.title}**", "", *lines, *notes])


def _padded(line: Sequence[str], widths: Sequence[int]) -> str:
    first, *numbers = [text.rjust(width) for text, width in zip(line, widths, strict=True)]
    return "  ".join([first.lstrip().ljust(widths[0]), *numbers])


def machine() -> str:
    """Where the numbers were taken: CPU, cores, Python."""
    python = f"{platform.python_implementation()} {platform.python_version()}"
    return f"{_cpu()}, {os.cpu_count()} cores, {platform.system()}, {python}"


def _cpu() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text("utf-8").splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    models = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return models[0] if models else platform.machine()


def milliseconds(seconds: float) -> str:
    """A time in ms, with three digits that count."""
    return f"{seconds * 1000:.3g} ms" if seconds < 1 else f"{seconds * 1000:,.0f} ms"


def size_of(number: float) -> str:
    """A number of bytes in kB or MB, of a thousand or a million."""
    return f"{number / 1e6:,.1f} MB" if number >= 1e6 else f"{number / 1e3:.1f} kB"


def times(number: float) -> str:
    """A ratio."""
    return f"{number:.2f}x" if number < 10 else f"{number:.1f}x"
