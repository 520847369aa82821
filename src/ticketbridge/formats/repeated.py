"""The one value beside JSON's own: what came more than once, with nothing that says it is a list."""

from __future__ import annotations

from typing import Any, NoReturn


class RepeatedError(Exception):
    """A RepeatedElement was compared with something."""


class RepeatedElement(list[Any]):
    """The values of an XML element that came more than once and is not named in `lists`.

    Where it comes once it is a single value, so an expression that is right for this is wrong for that:
    `as_list(...)` takes both, and everything else refuses this one. A comparison would be silently
    false, and raises RepeatedError.
    """

    __hash__ = None

    def __eq__(self, other: object) -> bool:
        return False if other is None else _refuse()

    def __ne__(self, other: object) -> bool:
        return True if other is None else _refuse()


def _refuse() -> NoReturn:
    raise RepeatedError
