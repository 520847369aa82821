"""The result of `drift` as text and as JSON."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import TextIO

from ticketbridge.terminal import RED, YELLOW, Paint, counted
from ticketbridge.workbench.cases.value_text import write_document
from ticketbridge.workbench.drift.drifting import Drift


def as_text(drifts: Sequence[Drift], out: TextIO | None = None) -> str:
    """Return one line for each change, breaking changes first, and the totals."""
    paint = Paint(out)
    lines = [
        f"{paint(drift.severity, RED if drift.severity == 'breaks' else YELLOW)}"
        f"  {drift.where} {drift.message} (old: {drift.old}; new: {drift.new})"
        for drift in drifts
    ]
    breaks = sum(drift.severity == "breaks" for drift in drifts)
    lines.append(f"{counted(len(drifts), 'change')}, of which {breaks} may break a mapping")
    return "\n".join(lines)


def as_json(drifts: Sequence[Drift], _out: TextIO | None = None) -> str:
    """Return the list of all changes."""
    return write_document(drifts)


WRITERS: Mapping[str, Callable[[Sequence[Drift], TextIO | None], str]] = MappingProxyType(
    {"text": as_text, "json": as_json}
)
"""Each format and what writes it."""
