"""How many records one answer may have, and how many values each level below the calls may bind."""

from __future__ import annotations

from ticketbridge.engine.problems import MappingMismatch


def require_records(number: int, most: int) -> None:
    """Raise MappingMismatch where *number* records are more than *most*."""
    if number > most:
        raise MappingMismatch(
            "The platform gave more records than allowed",
            log=f"max_records: more than {most} records for one answer",
        )


class BoundCount:
    """Counts the values that each of several *levels* binds in one answer, at the most *most* each."""

    __slots__ = ("_counts", "_most")

    def __init__(self, levels: int, most: int) -> None:
        self._counts = [0] * levels
        self._most = most

    def add(self, level: int, number: int) -> None:
        """Count *number* values more of the level of that number. Raises MappingMismatch for too many."""
        self._counts[level] += number
        require_records(self._counts[level], self._most)
