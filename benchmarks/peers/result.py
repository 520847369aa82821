"""What every way of mapping gives."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

STATUSES = {"PAID": "VALID", "REFUNDED": "REFUNDED", "CANCELLED": "CANCELED"}
"""What each of the platform's status words means."""


class Mapped(NamedTuple):
    """The tickets that go out, and how often each verdict was given."""

    tickets: list[dict[str, Any]]
    verdicts: Mapping[str, int]


class Unusable(Exception):
    """The platform's answer is not as agreed: no tickets are better than wrong ones."""


Mapper = Callable[[dict[str, Any], str], Mapped]
"""From a platform's parsed body and the asked user to the tickets."""


def same_owner(owner: str | None, user: bytes) -> bool:
    """Whether *owner* is *user* (given as bytes in lower case), ASCII letter case aside."""
    return owner is not None and owner.encode().lower() == user
