"""A JSON document, walked with what tells whose a value is: its key, and the keys around it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from ticketbridge.authoring.personal.personal_kinds import Spot

Change = Callable[[Any, Spot], Any]
"""Gives what stands for a scalar."""

Rename = Callable[[str, Spot], str]
"""Gives what stands for a key; the spot is that of its value."""


def changed(value: Any, change: Change, rename: Rename, spot: Spot | None = None) -> Any:
    """*value* with *change* made to each scalar in it, and *rename* to each key."""
    spot = spot or Spot()
    if isinstance(value, dict):
        return _with_members(value, change, rename, spot)
    if isinstance(value, list):
        return [changed(member, change, rename, spot) for member in value]
    return change(value, spot)


def _with_members(
    value: dict[str, Any], change: Change, rename: Rename, spot: Spot
) -> dict[str, Any]:
    made: dict[str, Any] = {}
    for key, member in value.items():
        inner = Spot(key, spot.key, tuple(value), (*spot.path, key))
        name = rename(key, inner)
        while name in made:
            name += "_"
        made[name] = changed(member, change, rename, inner)
    return made


def objects_in(value: Any) -> Iterator[dict[str, Any]]:
    """Each object in *value*, itself included."""
    if isinstance(value, dict):
        yield value
        yield from objects_in(list(value.values()))
    elif isinstance(value, list):
        for member in value:
            yield from objects_in(member)
