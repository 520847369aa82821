"""What of a mapping may be a credential, wherever it stands."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass
from typing import Any

from ticketbridge.mapping.spec import Secret


def secrets_in(part: Any) -> Iterator[str]:
    """The text of each Secret in *part* of a spec, for what must not repeat it."""
    if isinstance(part, Secret):
        yield part.reveal()
    elif is_dataclass(part):
        for member in fields(part):
            yield from secrets_in(getattr(part, member.name))
    elif isinstance(part, Mapping):
        for value in part.values():
            yield from secrets_in(value)
    elif isinstance(part, tuple | list):
        for value in part:
            yield from secrets_in(value)
