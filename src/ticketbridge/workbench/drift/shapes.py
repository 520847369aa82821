"""The shape of documents: which paths they have, how often, and of which types. No value is kept."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, Final

from ticketbridge.workbench.draft.sample_values import ABSENT, write_path
from ticketbridge.workbench.personal.chance import looks_secret


class PathMark(Enum):
    """A step of a path that is no key."""

    ELEMENT = "[]"
    ANY_KEY = "*"
    """Replaces the keys of an object whose keys are data: ids, addresses, dates."""


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
    text = "".join(
        step.value
        if step is PathMark.ELEMENT
        else write_path("", (step,))
        if isinstance(step, str)
        else f".{step.value}"
        for step in path
    )
    return text.removeprefix(".")


def shapes_of(documents: Iterable[Any]) -> Shapes:
    """Return the shapes of all *documents* together."""
    shapes: Shapes = {}
    for document in documents:
        _add(shapes, (), document)
    # A key that only later objects have is absent in the earlier ones.
    for path, shape in shapes.items():
        is_key = bool(path) and isinstance(path[-1], str)
        shape.around = shapes[path[:-1]].types["object"] if is_key else shape.there
    return shapes


def _add(shapes: Shapes, path: ShapePath, value: Any) -> None:
    shape = shapes.setdefault(path, PathShape())
    shape.there += 1
    shape.types[type_of(value)] += 1
    for step, member in _members(value):
        _add(shapes, (*path, step), member)


def _members(value: Any) -> Iterator[tuple[str | PathMark, Any]]:
    if isinstance(value, list):
        yield from ((PathMark.ELEMENT, member) for member in value)
    elif isinstance(value, dict):
        has_names = len(value) <= _MOST_NAMES
        for key, member in value.items():
            if member is not ABSENT:
                yield (key if has_names and not _is_data(key) else PathMark.ANY_KEY), member


def _is_data(key: str) -> bool:
    return "@" in key[1:] or _ID_KEY.fullmatch(key) is not None or looks_secret(key)


def type_of(value: Any) -> str:
    """Return the type of a JSON value; for a text its form: `date`, `text of digits`, `text`."""
    if isinstance(value, str):
        return next((form for form, like in _FORMS.items() if like.fullmatch(value)), "text")
    return next(name for kind, name in _TYPES.items() if isinstance(value, kind))
