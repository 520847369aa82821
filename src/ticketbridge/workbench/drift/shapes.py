"""The shape of documents: which paths they have, how often, and of which types. No value is kept."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from enum import Enum
from itertools import chain
from typing import Any, Final

from ticketbridge.workbench.draft.sample_values import ABSENT, write_path
from ticketbridge.workbench.personal.chance import looks_secret
from ticketbridge.workbench.personal.field_names import is_field_name
from ticketbridge.workbench.personal.personal_kinds import is_about_person


class PathMark(Enum):
    """A step of a path that is no key."""

    ELEMENT = "[]"
    ANY_KEY = ".*"
    """Replaces keys that are data: ids, addresses, dates, names of people."""


ShapePath = tuple[str | PathMark, ...]
"""The keys from the root down; () is the document itself."""

_FORMS: Final = {
    "empty text": re.compile(r"\s*"),
    "text of digits": re.compile(r"[0-9]+"),
    "decimal text": re.compile(r"-?[0-9]+[.,][0-9]+"),
    "date": re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}"),
    "time with an offset": re.compile(
        r"[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9:.]+ ?(?:Z|[+-][0-9]{2}:?[0-9]{2})"
    ),
    "time without an offset": re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9:.]+"),
    "e-mail": re.compile(r"[^\s@]+@[^\s@]+"),
    "URL": re.compile(r"https?://\S+"),
}
_TYPES: Final = {
    type(None): "null",
    bool: "boolean",
    int: "whole number",
    float: "number",
    list: "list",
    dict: "object",
}
_MOST_NAMES = 200  # keys of one object, above which they are no names
_PLAIN_KEY = re.compile(r"(?:[@$]?[A-Za-z_][A-Za-z0-9_.-]{0,39}|#text)")
_ID_KEY = re.compile(r"[^A-Za-z_]*[0-9][^A-Za-z_]*|[0-9a-fA-F-]{16,}")


@dataclass(slots=True)
class PathShape:
    """The values at one path: how often their object came, how often the key, and their types."""

    around: int = 0
    there: int = 0
    types: Counter[str] = field(default_factory=Counter)

    @property
    def is_always_there(self) -> bool:
        """Whether each object around it has the key."""
        return self.there == self.around


Shapes = dict[ShapePath, PathShape]
"""Each path and its shape."""


def write_shape_path(path: ShapePath) -> str:
    """Return *path* as in an expression: `orders[].items[]."a.b"`."""
    steps = (step.value if isinstance(step, PathMark) else write_path("", (step,)) for step in path)
    return "".join(steps).removeprefix(".")


def shapes_of(*sides: Sequence[Any]) -> list[Shapes]:
    """Return the shapes of all documents of each side. What is a table in one is one in all."""
    tables: set[ShapePath] = set()
    while True:
        objects: dict[ShapePath, dict[str, Any]] = {}
        for document in chain(*sides):
            for path, value in _walk(document, tables):
                if isinstance(value, dict):
                    objects.setdefault(path, {}).update(value)
        found = {path for path, value in objects.items() if _is_table(value, path)}
        if found <= tables:
            return [_make_shapes(side, tables) for side in sides]
        tables |= found


def _make_shapes(documents: Sequence[Any], tables: Collection[ShapePath]) -> Shapes:
    shapes: Shapes = {}
    for document in documents:
        for path, value in _walk(document, tables):
            shape = shapes.setdefault(path, PathShape())
            shape.there += 1
            shape.types[type_of(value)] += 1
    # A key that only later objects have is absent in the earlier ones.
    for path, shape in shapes.items():
        is_key = bool(path) and isinstance(path[-1], str)
        shape.around = shapes[path[:-1]].types["object"] if is_key else shape.there
    return shapes


def _walk(
    value: Any, tables: Collection[ShapePath], path: ShapePath = ()
) -> Iterator[tuple[ShapePath, Any]]:
    """Yield *value* and all values in it, with their paths; *tables* are objects whose keys are data."""
    yield path, value
    if isinstance(value, list):
        for member in value:
            yield from _walk(member, tables, (*path, PathMark.ELEMENT))
    elif isinstance(value, dict):
        for key, member in value.items():
            if member is not ABSENT:
                step = PathMark.ANY_KEY if path in tables or _is_data(key) else key
                yield from _walk(member, tables, (*path, step))


def _is_table(value: dict[str, Any], path: ShapePath) -> bool:
    """Return whether an object has too many keys for names of fields, or they may be names of people.

    Such keys are no words of fields, and stand in what is about people, or before objects that are all alike.
    """
    if len(value) > _MOST_NAMES:
        return True
    if not value or any(map(_has_usual_words, value)):
        return False
    above = next((step for step in reversed(path) if isinstance(step, str)), "")
    alike = {tuple(member) if isinstance(member, dict) else None for member in value.values()}
    return is_about_person(above) or (len(value) > 1 and len(alike) == 1 and None not in alike)


def _is_data(key: str) -> bool:
    is_plain = _PLAIN_KEY.fullmatch(key) or _has_usual_words(key)
    return not is_plain or _ID_KEY.fullmatch(key) is not None or looks_secret(key)


def _has_usual_words(key: str) -> bool:
    """Return whether *key* has only words of fields, with or without blanks: `Order date`."""
    return all(map(is_field_name, key.split()))


def type_of(value: Any) -> str:
    """Return the type of a JSON value; for a text its form: `date`, `text of digits`, `text`."""
    if isinstance(value, str):
        return next((form for form, like in _FORMS.items() if like.fullmatch(value)), "text")
    return next(name for kind, name in _TYPES.items() if isinstance(value, kind))
