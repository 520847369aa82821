"""What can be wrong with an expression, and messages about it that show no data.

    Exception
    ├── ExpressionError     at load: the text is no legal expression (or template)
    │   ├── RootError       it begins with a name that is not a root there
    │   ├── KeyOfRootError  its root does not have the key that follows
    │   └── CallError       it calls an unknown function, or one with wrong arguments
    │       └── RegexError  RE2 refuses its regular expression
    ├── EvaluationError     at run time: the expression does not fit the data
    └── Fault               inside this package: an EvaluationError before its expression is known
        └── ArgumentFault   a Fault before its function is known
            └── RegexFault  a regular expression that RE2 refuses

No text of an EvaluationError or a Fault contains a value from the data. A key of the data is in it
only if `keys_shown` allows that.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping
from contextvars import ContextVar
from decimal import Decimal, DivisionByZero, Inexact, InvalidOperation, Overflow, Underflow
from typing import Any, TypeVar

from ticketbridge.formats.elements import (
    AttributedElement,
    AttributedError,
    RepeatedElement,
    RepeatedError,
)

T = TypeVar("T")

_SHOWN_KEYS = 12
_LONGEST_KEY = 40
_COMPARED_KEYS = 500
_WINDOW = 60
_SHOWN_TEXT = 200
# Keys come from the platform's data: only those that look like names of fields are shown.
_PLAIN_KEY = re.compile(r"(?:@?[A-Za-z_][A-Za-z0-9_-]*|#text)\Z")

_TYPE_NAMES: dict[type, str] = {
    type(None): "null",
    bool: "a boolean",
    int: "a number",
    float: "a number",
    Decimal: "a number",
    str: "a string",
    list: "an array",
    dict: "an object",
    RepeatedElement: "an element that came more than once (name it in `lists`)",
    AttributedElement: "an element that has attributes (its text is its `#text`)",
}

_FOREIGN: tuple[tuple[type[Exception], str], ...] = (
    (RepeatedError, "an element that came more than once is compared (name it in `lists`)"),
    (
        AttributedError,
        "an element that has attributes is compared, or taken for true or false (its text is its `#text`)",
    ),
    (RecursionError, "the data is nested too deeply"),
    (MemoryError, "the result is too large"),
    (DivisionByZero, "division by zero"),
    (Underflow, "the result is too small"),
    (Overflow, "the result is too large"),
    (Inexact, "the result has more than 34 digits"),
    (InvalidOperation, "the result is no number, or has more than 34 digits"),
    (OverflowError, "a number is too large"),
    (ZeroDivisionError, "division by zero"),
    (UnicodeError, "the text has a lone surrogate, which is no character"),
)


class ExpressionError(Exception):
    """A text that is not a legal expression or template; *column* counts from 1 in *text*.

    *suggestion* is the likely correction (`did you mean ...`), or "".
    """

    def __init__(self, text: str, column: int, reason: str, suggestion: str = "") -> None:
        self.text = text
        self.column = column
        self.reason = reason
        self.suggestion = suggestion
        super().__init__(text, column, reason, suggestion)

    def __str__(self) -> str:
        tail = f" ({self.suggestion})" if self.suggestion else ""
        line, offset = _line_around(self.text, self.column - 1)
        return f"{self.reason}{tail}\n  {line}\n  {' ' * offset}^"


class RootError(ExpressionError):
    """An expression that begins with *name*, which is not a root there."""

    def __init__(self, text: str, column: int, name: str, suggestion: str = "") -> None:
        self.name = name
        super().__init__(text, column, f'"{name}" is no root here', suggestion)


class KeyOfRootError(ExpressionError):
    """An expression whose root is known not to have the key that follows."""


class CallError(ExpressionError):
    """A call of a function that is not there, or with arguments that it does not take."""


class RegexError(CallError):
    """A regular expression that RE2 refuses."""


class EvaluationError(Exception):
    """An expression that does not fit the data.

    Its text has no value from the data: only types, names of keys and positions.
    """

    def __init__(self, reason: str, expression: str = "", place: str = "") -> None:
        self.reason = reason
        self.expression = expression
        self.place = place
        super().__init__(reason, expression, place)

    def __str__(self) -> str:
        return locate(self.reason, self.expression, self.place)


def locate(reason: str, expression: str, place: str) -> str:
    """Return *reason* with the place and the text of the *expression* that it is about."""
    where = f"{place}: " if place else ""
    if len(expression) > _SHOWN_TEXT:
        expression = expression[:_SHOWN_TEXT] + "..."
    return f"{where}{reason}, in `{expression}`"


class Fault(Exception):
    """An error before its expression is known."""

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(reason)


class ArgumentFault(Fault):
    """An error about a value before its function is known."""


class RegexFault(ArgumentFault):
    """A regular expression that cannot be used."""


def describe(value: Any) -> str:
    """Return the JSON type of *value*, as a noun with its article."""
    return _TYPE_NAMES.get(type(value), "no JSON value")


def describe_types(types: Iterable[type]) -> str:
    """Return the JSON types *types*, as nouns with their articles."""
    return " or ".join(sorted({_TYPE_NAMES.get(kind, "no JSON value") for kind in types}))


def foreign_reason(error: Exception) -> str:
    """Return the meaning of an exception of Python or of a library; its own text may hold data."""
    for kind, reason in _FOREIGN:
        if isinstance(error, kind):
            return reason
    return f"it cannot be evaluated ({type(error).__name__})"


_SHOWS_KEYS: ContextVar[bool] = ContextVar("shows_keys", default=True)


class keys_shown:  # noqa: N801 - it is called as a function; a generator would cost each answer 2 us
    """Decide whether errors inside the `with` name the keys of the data.

    An object may have persons as keys, and a key does not show that. So keys are shown to the author of the
    mapping, but not in a log, where they are only counted.
    """

    __slots__ = ("_shown", "_token")

    def __init__(self, shown: bool) -> None:
        self._shown = shown

    def __enter__(self) -> None:
        self._token = _SHOWS_KEYS.set(self._shown)

    def __exit__(self, *_error: object) -> None:
        _SHOWS_KEYS.reset(self._token)


def show_keys(keys: Iterable[Any]) -> str:
    """Return the names of *keys* that may be shown, and the number of the others."""
    every = list(keys)
    if not every:
        return "the object is empty"
    if not _SHOWS_KEYS.get():
        return f"the object has {len(every)} other {'key' if len(every) == 1 else 'keys'}"
    plain = [key for key in every if is_plain_key(key)][:_SHOWN_KEYS]
    more = len(every) - len(plain)
    if more:
        plain.append(f"and {more} more" if plain else f"{more} that are not shown")
    return "the keys there: " + ", ".join(plain)


def is_plain_key(key: Any) -> bool:
    """Return whether *key* looks like the name of a field, so that it may be shown."""
    return isinstance(key, str) and len(key) <= _LONGEST_KEY and bool(_PLAIN_KEY.match(key))


def missing_key(key: str, value: dict[Any, Any]) -> str:
    """Return the reason for a *key* that the object *value* does not have."""
    return f'no key "{key}"; {keys_beside(key, value)}'


def keys_beside(key: str, value: dict[Any, Any]) -> str:
    """Return the keys of *value* that may be shown, and which of them *key* may have meant."""
    plain = [name for name in value if is_plain_key(name)] if _SHOWS_KEYS.get() else []
    return "; ".join(filter(None, (show_keys(value), did_you_mean(key, plain[:_COMPARED_KEYS]))))


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """Return `did you mean "x"?` for the known word nearest to *word* in any letter case, or ""."""
    by_letters = {name.lower(): name for name in known}
    near = difflib.get_close_matches(word.lower(), list(by_letters), n=1, cutoff=0.6)
    return f'did you mean "{by_letters[near[0]]}"?' if near else ""


def one_of(name: str, known: Mapping[str, T], what: str) -> T:
    """Return the one of *known* that has this *name*. Raises ArgumentFault, which lists them as *what*."""
    found = known.get(name)
    if found is None:
        near = did_you_mean(name, known)
        listed = ", ".join(f"'{each}'" for each in known)
        raise ArgumentFault(f"the {what} are {listed}" + (f"; {near}" if near else ""))
    return found


def _line_around(text: str, offset: int) -> tuple[str, int]:
    start = text.rfind("\n", 0, offset) + 1
    end = text.find("\n", offset)
    line = text[start : end if end >= 0 else len(text)]
    shift = max(0, offset - start - _WINDOW)
    shown = line[shift : shift + 2 * _WINDOW]
    return "".join(c if c.isprintable() else " " for c in shown), offset - start - shift
