"""The records of one answer, each with its verdict: what the ways written in Python share."""

from __future__ import annotations

from typing import Any

from benchmarks.peers.result import Mapped, Unusable


class Records:
    """Takes the records in one by one, and finds two that share a ticketId and differ."""

    def __init__(self) -> None:
        self._tickets: dict[str, dict[str, Any]] = {}
        self._ineligible: set[str] = set()
        self._verdicts = {"returned": 0}

    def count(self, verdict: str) -> None:
        """A record without a ticket of its own."""
        self._verdicts[verdict] = self._verdicts.get(verdict, 0) + 1

    def ineligible(self, ticket_id: str, status: str) -> None:
        """A ticket whose status is not VALID."""
        self._ineligible.add(ticket_id)
        self.count(f"not_eligible:{status}")

    def returned(self, ticket: dict[str, Any]) -> None:
        """A ticket that goes out, once."""
        known = self._tickets.setdefault(ticket["ticketId"], ticket)
        if known is ticket:
            self.count("returned")
        elif known == ticket:
            self.count("duplicate")
        else:
            raise Unusable("tickets with one id that differ")

    def mapped(self) -> Mapped:
        """The tickets and the verdicts."""
        if not self._ineligible.isdisjoint(self._tickets):
            raise Unusable("a ticket that is valid and is not")
        return Mapped(list(self._tickets.values()), self._verdicts)
