"""Words of the mapping language that this version refuses by name.

A row says where the word stands (list positions as `*`) and which supported word it takes the place
of, or "". When a word becomes supported, its row goes and the schema gains it.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from ticketbridge.mapping.nodes import Path

UNSUPPORTED: Mapping[tuple[str, str], str] = MappingProxyType(
    {
        ("upstream", "tls"): "",
    }
)


def place_of(path: Path) -> str:
    """*path* as the table above writes it."""
    return ".".join("*" if isinstance(step, int) else step for step in path)


def stands_in_for(path: Path, word: str) -> str | None:
    """The supported word that *word* takes the place of, or ""; None for one not in the table."""
    return UNSUPPORTED.get((place_of(path), word))
