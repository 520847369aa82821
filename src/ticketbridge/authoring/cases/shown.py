"""Values as messages show them."""

from __future__ import annotations

from enum import Enum
from typing import Any, Final

from ticketbridge.jmes import ENCODER

LONGEST = 200


class Absent(Enum):
    """The value of a key that is not there, and of a ticket that is not in a list."""

    ABSENT = "nothing"


ABSENT: Final = Absent.ABSENT


def shown(value: Any) -> str:
    """*value* as JSON, cut where it is long."""
    if isinstance(value, Absent):
        return str(value.value)
    return cut(ENCODER.encode(value).decode())


def cut(text: str) -> str:
    """*text*, cut where it is long."""
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}..."
