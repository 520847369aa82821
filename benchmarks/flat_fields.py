"""Fields of a ticket by their dotted names, as records have them."""

from __future__ import annotations

from typing import Any


def flatten(name: str, value: Any) -> dict[str, Any]:
    """Return a field by its dotted names."""
    if isinstance(value, dict):
        return {
            n: v
            for key, member in value.items()
            for n, v in flatten(f"{name}.{key}", member).items()
        }
    return {} if value is None else {name: value}
