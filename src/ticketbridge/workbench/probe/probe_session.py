"""The data that all checks of one probe share: whom it asks, how, and what it has learnt so far."""

from __future__ import annotations

import re
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ticketbridge.workbench.probe.caller import Caller, Heard
from ticketbridge.workbench.probe.contracts import Contract, TicketsAnswer

_DIGITS = re.compile(r"\+?[0-9 ().-]+")

Expected = Mapping[str, Sequence[Mapping[str, Any]]]
"""The tickets of users: by user, the known fields of each ticket, including its id."""


@dataclass(frozen=True, slots=True)
class Limits:
    """How much a probe asks, and which time is slow. *slow* is in seconds."""

    calls: int = 10
    slow: float = 2.0


@dataclass
class Session:
    """A running probe. *first* is the first answer to *user*; *owned* are its tickets, or None.

    *earlier* are the last answers to users at the points of a resale.
    """

    caller: Caller
    contract: Contract
    user: str
    limits: Limits
    expected: Expected = field(default_factory=dict)
    first: Heard | None = None
    owned: TicketsAnswer | None = None
    earlier: dict[str, TicketsAnswer] = field(default_factory=dict)

    def stranger(self) -> str:
        """Return a user like *user* whom no platform knows, a new one at each call."""
        if "@" in self.user:
            return f"probe-{secrets.token_hex(8)}@example.com"
        if _DIGITS.fullmatch(self.user):
            # No country has the code 999.
            return f"{self.user[0] if self.user[0] == '+' else ''}999{secrets.randbelow(10**9):09}"
        return f"probe-{secrets.token_hex(8)}"

    def tickets_in(self, heard: Heard) -> bool:
        """Whether an answer gives any ticket."""
        answer = self.contract.read(heard)
        return answer is not None and bool(answer.tickets)
