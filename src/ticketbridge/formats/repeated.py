"""An XML element that occurred several times but is not declared in `lists`."""

from __future__ import annotations

from typing import Any, NoReturn


class RepeatedError(Exception):
    """A RepeatedElement was compared with something."""


class RepeatedElement(list[Any]):
    """The values of an XML element that occurred several times and is not named in `lists`.

    If it occurs once, it is a single value, so an expression that is right for one is wrong for several.
    `as_list(...)` takes both; everything else refuses this value. A comparison would be silently false, so it
    raises RepeatedError.
    """

    __hash__ = None

    def __eq__(self, other: object) -> bool:
        return False if other is None else _refuse()

    def __ne__(self, other: object) -> bool:
        return True if other is None else _refuse()


def _refuse() -> NoReturn:
    raise RepeatedError
