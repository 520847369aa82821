"""Limit the records of one answer, and the values that each level below the calls may bind."""

from __future__ import annotations

from ticketbridge.engine.problems import MappingMismatch


def require_records(number: int, most: int) -> None:
    """Raise MappingMismatch if *number* is greater than *most*."""
    if number > most:
        raise MappingMismatch(
            "The platform gave more records than allowed",
            log=f"max_records: more than {most} records for one answer",
        )


class BoundCount:
    """Counts the values that each of several *levels* binds in one answer: at most *most* for each."""

    __slots__ = ("_counts", "_most")

    def __init__(self, levels: int, most: int) -> None:
        self._counts = [0] * levels
        self._most = most

    def add(self, level: int, number: int) -> None:
        """Add *number* values to the count of that level. Raises MappingMismatch if they are too many."""
        self._counts[level] += number
        require_records(self._counts[level], self._most)
