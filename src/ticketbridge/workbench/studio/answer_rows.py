"""A document of the platform as rows, one for each value, and the row of each value that was read."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from ticketbridge.jmes import ENCODER
from ticketbridge.workbench.cases.value_text import shorten
from ticketbridge.workbench.explain import Masker
from ticketbridge.workbench.personal.personal_kinds import DataSpot

Step = str | int
Row = tuple[int, str, str, str]
"""Depth, key, kind and text: `o` an object, `a` a list (the text is their size), `s` a text, `v` the rest."""

LONGEST = 400
_TEXT_LINE = "t"


@dataclass(frozen=True, slots=True)
class RowIndex:
    """The rows of a document from the top down: *values*, and for each its parent's row and its *steps*."""

    values: list[Any] = field(default_factory=list, repr=False)
    parents: list[int] = field(default_factory=list, repr=False)
    steps: list[Step] = field(default_factory=list, repr=False)
    containers: dict[int, int] = field(default_factory=dict, repr=False)
    members: dict[tuple[int, Step], int] = field(default_factory=dict, repr=False)

    def find_ancestors(self, row: int) -> list[int]:
        """Return *row* and those around it, from the inside out."""
        found = []
        while row >= 0:
            found.append(row)
            row = self.parents[row]
        return found

    def find_steps(self, row: int, above: int) -> tuple[Step, ...]:
        """Return the keys and positions that lead from the row *above* down to *row*."""
        found: list[Step] = []
        while row != above:
            found.append(self.steps[row])
            row = self.parents[row]
        return tuple(reversed(found))


def index_rows(document: Any) -> RowIndex:
    """Return the rows of *document*, whose objects and lists are known by their identity."""
    index = RowIndex()
    waiting: list[tuple[Any, int, Step]] = [(document, -1, "")]
    while waiting:
        value, parent, step = waiting.pop()
        row = len(index.values)
        index.values.append(value)
        index.parents.append(parent)
        index.steps.append(step)
        index.members[parent, step] = row
        if isinstance(value, dict | list):
            index.containers[id(value)] = row
            members = value.items() if isinstance(value, dict) else enumerate(value)
            waiting += [(member, row, key) for key, member in reversed(list(members))]
    return index


def show_rows(index: RowIndex, masker: Masker) -> list[Row]:
    """Return the rows of a document as they may be shown."""
    spots: list[DataSpot] = []
    depths: list[int] = []
    rows: list[Row] = []
    for value, parent, step in zip(index.values, index.parents, index.steps, strict=True):
        if parent < 0:
            spot, depth, shown = DataSpot(), 0, ""
        else:
            spot, depth = _find_spot(spots[parent], index.values[parent], step), depths[parent] + 1
            shown = (
                masker.mask_text(step) if isinstance(step, str) and "@" in step[1:] else str(step)
            )
        spots.append(spot)
        depths.append(depth)
        rows.append((depth, shown, *_show_value(value, spot, masker)))
    return rows


def _find_spot(around: DataSpot, container: Any, step: Step) -> DataSpot:
    """Return where a member stands; an element of a list stands where its list does."""
    return around if isinstance(step, int) else around.enter(step, tuple(container))


def _show_value(value: Any, spot: DataSpot, masker: Masker) -> tuple[str, str]:
    if isinstance(value, dict | list):
        return "o" if isinstance(value, dict) else "a", str(len(value))
    shown = masker.mask_at(value, spot)
    if isinstance(shown, str):
        return "s", shorten(shown, LONGEST)
    return "v", ENCODER.encode(shown).decode()


def show_text(content: bytes, masker: Masker) -> list[Row]:
    """Return the lines of an answer that is no document."""
    text = content[: 64 * 1024].decode("utf-8", "replace")
    lines = masker.mask_text(text).splitlines()
    return [(0, "", _TEXT_LINE, line[:LONGEST]) for line in lines]
