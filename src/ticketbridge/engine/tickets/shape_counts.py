"""What the records of a platform look like, counted from a part of the answers. No value is kept.

A field that is given less and less often, and keys that were never there before, show that a platform
changes before its answers fail.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from ticketbridge.engine.tickets.convert import MISSING
from ticketbridge.engine.tickets.verdicts import Record

EVERY: Final = 5.0
"""Seconds between two answers that are looked at."""

MOST_RECORDS: Final = 50
"""Records of one answer that are looked at."""

_LEARNED = 20  # answers after which a key that was in none of them is new
_MOST_KEYS = 2000
_DEEPEST = 6
_NAME = re.compile(r"[A-Za-z_@#][A-Za-z0-9_.#-]{0,60}")
_DIGITS = re.compile(r"[0-9]{3}")


class ShapeCounts:
    """Counts how often each field was given, left out and could not be made, and keys that are new.

    *fields* has these three numbers by the field's name; *new_keys* counts the keys that came after the
    first answers. Keys that look like data (an id, an address) are passed over.
    """

    def __init__(self) -> None:
        self.records = 0
        self.new_keys = 0
        self.fields: dict[str, list[int]] = {}
        self._known: set[str] = set()
        self._answers = 0
        self._next = 0.0

    def is_due(self) -> bool:
        """Whether the answer that is being made is looked at; if so, none is for some seconds."""
        now = time.monotonic()
        if now < self._next:
            return False
        self._next = now + EVERY
        return True

    def add(self, records: Iterable[Record]) -> None:
        """Count *records* of one answer, with their notes."""
        has_learned = self._answers >= _LEARNED
        for record in records:
            self.records += 1
            for note in record.fields:
                counts = self.fields.setdefault(note.name, [0, 0, 0])
                failed = bool(note.failure or note.refusal)
                counts[2 if failed else int(note.made is MISSING)] += 1
            for name in _keys_of(record.scope or {}):
                if name not in self._known and len(self._known) < _MOST_KEYS:
                    self._known.add(name)
                    self.new_keys += has_learned
        self._answers += 1


def _keys_of(scope: Mapping[str, Any]) -> Iterator[str]:
    """Yield the paths of all keys of what a record was made of; what the engine adds is passed over."""
    for name, value in scope.items():
        if name != "user" and name.isidentifier():
            yield from _paths(name, value, _DEEPEST)


def _paths(path: str, value: Any, depth: int) -> Iterator[str]:
    if isinstance(value, list):
        value = next((each for each in value if isinstance(each, dict)), None)
    if not isinstance(value, dict) or not depth:
        return
    for key, member in value.items():
        if _NAME.fullmatch(key) and not _DIGITS.search(key):
            inner = f"{path}.{key}"
            yield inner
            yield from _paths(inner, member, depth - 1)
