"""The types of arguments and results: one table for checks at load, checks at run time, and texts."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from ticketbridge.formats.elements import AttributedElement

NUMBERS: frozenset[type] = frozenset({int, float, Decimal})
_TEXT: frozenset[type] = frozenset({str})
_ARRAY: frozenset[type] = frozenset({list})
_OBJECT: frozenset[type] = frozenset((dict, AttributedElement))


@dataclass(frozen=True, slots=True)
class Kind:
    """A set of JSON types. *types* is None if every value is right.

    The elements of an array must all be of one of the sets in *elements*, if there are any.
    """

    name: str
    types: frozenset[type] | None
    elements: tuple[frozenset[type], ...] = ()

    def holds(self, value: Any) -> bool:
        """Return whether *value* is of this kind."""
        if self.types is not None and type(value) not in self.types:
            return False
        if not self.elements:
            return True
        found = set(map(type, value))
        return any(found <= allowed for allowed in self.elements)


ANY = Kind("any value", None)
BOOLEAN = Kind("a boolean", frozenset({bool}))
NUMBER = Kind("a number", NUMBERS)
STRING = Kind("a string", _TEXT)
ARRAY = Kind("an array", _ARRAY)
OBJECT = Kind("an object", _OBJECT)
EXPRESSION = Kind("an expression after &", frozenset())
NUMBER_ARRAY = Kind("an array of numbers", _ARRAY, (NUMBERS,))
STRING_ARRAY = Kind("an array of strings", _ARRAY, (_TEXT,))
SORTABLE = Kind("an array of numbers, or of strings", _ARRAY, (NUMBERS, _TEXT))
NUMBER_OR_STRING = Kind("a number or a string", NUMBERS | _TEXT)
STRING_OR_NULL = Kind("a string or null", _TEXT | {type(None)})
ARRAY_OR_STRING = Kind("an array or a string", _ARRAY | _TEXT)
TABLE_KEY = Kind("a string, an integer or a boolean", frozenset({str, int, bool}))
HOLE = Kind("a string, a number or a boolean", NUMBERS | {str, bool})
NEXT_URL = Kind("a string, null or false", frozenset({str, bool, type(None)}))
CURSOR = Kind("a string, an integer, null or false", frozenset({str, int, bool, type(None)}))
STRING_INTEGER_OR_OBJECT = Kind(
    "a string, an integer or an object", frozenset({str, int}) | _OBJECT
)
INTEGER = Kind("an integer", frozenset({int}))
OBJECT_OR_EMPTY = Kind("an object, or an empty array", _OBJECT | _ARRAY)
SIZED = Kind("a string, an array or an object", _ARRAY | _TEXT | {dict})


@dataclass(frozen=True, slots=True)
class Inline:
    """The usual case of a function, as Python that needs no call.

    *code* gives the same as the call if *usual* is true ("": always). Both are templates. `{0}` is
    the first argument, of its parameter's kind, and `{u0}` is what its parameter's own *usual* gives.
    *number* may replace *code* in a place that needs a number: it gives a float instead of the
    decimal with the same text. *names* are what the templates use.
    """

    code: str
    usual: str = ""
    number: str = ""
    names: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter of a function.

    *prepare* turns the argument into the value that the function works on, and raises Fault if it is
    wrong. It runs once, at load, if the argument is a literal. *prepare_data* replaces it for an
    argument from data. *literal* is true if the argument must be a literal. *usual* is a template
    too: if it is true, the argument `{0}` is right, and the function's Inline takes it as it is.
    """

    name: str
    kind: Kind
    prepare: Callable[[Any], Any] | None = None
    optional: bool = False
    variadic: bool = False
    literal: bool = False
    prepare_data: Callable[[Any], Any] | None = None
    usual: str = ""


@dataclass(frozen=True, slots=True)
class Example:
    """An expression, a document for it, and what it gives."""

    expression: str
    document: Any
    result: Any


@dataclass(frozen=True, slots=True)
class Function:
    """One function: the only source for checks, evaluation and the reference.

    *standard* marks JMESPath's own functions. *plain* replaces *call* if an expression is compiled
    with `strict=False`. *scoped* functions get the scope as their first argument. *inline* is the
    usual case in a strict expression. *needs* is a root without which the function is not legal, or
    "".

    *check_literals* gets the literal arguments by position, and null for those left out. It raises
    Fault if no value of the other arguments can be right.
    """

    name: str
    parameters: tuple[Parameter, ...]
    returns: Kind
    doc: str
    examples: tuple[Example, ...]
    call: Callable[..., Any]
    standard: bool = False
    plain: Callable[..., Any] | None = None
    scoped: bool = False
    check_literals: Callable[[Mapping[int, Any]], None] | None = None
    inline: Inline | None = None
    needs: str = ""

    @property
    def example(self) -> Example:
        """The example to show."""
        return self.examples[0]

    @property
    def signature(self) -> str:
        """`name(a, b?, c...)`."""
        return f"{self.name}({', '.join(map(_shown, self.parameters))})"

    @property
    def arity(self) -> tuple[int, int | None]:
        """The least and the most number of arguments; None means any number."""
        least = sum(not parameter.optional for parameter in self.parameters)
        variadic = any(parameter.variadic for parameter in self.parameters)
        return least, None if variadic else len(self.parameters)


def _shown(parameter: Parameter) -> str:
    tail = "?" if parameter.optional else "..." if parameter.variadic else ""
    return parameter.name + tail
