"""XML elements of which an expression could get a wrong value without an error.

One has attributes: it is an object, and neither its text nor null. Others occurred several times, but are not
declared in `lists`.
"""

from __future__ import annotations

from typing import Any, NoReturn


class AttributedError(Exception):
    """An AttributedElement was compared, or used as true or false."""


class AttributedElement(dict[str, Any]):
    """An XML element with attributes: `@name` is an attribute, `#text` its text, other keys are its children.

    Its keys are read like those of any object. As a whole it is not its text, and it is not null
    although it may be empty: a comparison or a condition would be silently wrong. So expressions
    refuse both, and Python compares it only with dictionaries. Any other use raises AttributedError.
    """

    __hash__ = None

    def __eq__(self, other: object) -> bool:
        return dict.__eq__(self, other) if isinstance(other, dict) else refuse_attributed()

    def __ne__(self, other: object) -> bool:
        return not self == other

    def __bool__(self) -> bool:
        raise AttributedError


def refuse_attributed() -> NoReturn:
    """Raise the error of an element that is compared."""
    raise AttributedError


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
