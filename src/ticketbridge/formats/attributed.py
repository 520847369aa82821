"""An XML element that has attributes: an object that is neither its text nor null."""

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
