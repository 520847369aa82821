"""Count the shape of a platform's records, in a sample of the answers. No value is kept.

If a field is given less and less often, or new keys appear, the platform changes. The counts show this before
answers fail.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from ticketbridge.engine.tickets.convert import MISSING
from ticketbridge.engine.tickets.verdicts import Record

EVERY: Final = 5.0
"""Seconds between two answers that are sampled."""

MOST_RECORDS: Final = 50
"""Records of one answer that are sampled."""

_LEARNED = 20  # answers after which a key that was in none of them is new
_MOST_KEYS = 2000
_DEEPEST = 6
_NAME = re.compile(r"[A-Za-z_@#][A-Za-z0-9_.#-]{0,60}")
_DIGITS = re.compile(r"[0-9]{3}")


class ShapeCounts:
    """Counts how often each field was given, left out or failed, and counts new keys.

    *fields* has these three numbers by the field's name. *new_keys* counts the keys that the first answers
    did not have. Keys that look like data (an id, an address) are ignored.
    """

    def __init__(self) -> None:
        self.records = 0
        self.new_keys = 0
        self.fields: dict[str, list[int]] = {}
        self._known: set[str] = set()
        self._answers = 0
        self._next = 0.0

    def forget_keys(self) -> None:
        """Learn the keys anew: another mapping reads other sources, and none of their keys is new."""
        self._known.clear()
        self._answers = 0

    def is_due(self) -> bool:
        """Return whether the current answer is sampled. If so, none is for some seconds."""
        now = time.monotonic()
        if now < self._next:
            return False
        self._next = now + EVERY
        return True

    def add(self, records: Iterable[Record]) -> None:
        """Add *records* of one answer, with their notes."""
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
    """Yield the paths of all keys of a record's sources, without those that the engine adds."""
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
