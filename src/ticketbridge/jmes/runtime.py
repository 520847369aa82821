"""The operations that compiled expressions call, by JMESPath's rules, in two modes.

A mode is a table of these functions. In `STRICT`, an absent key and a wrong type are faults. In
`PLAIN`, both are null. Inside `optional(...)`, `follow_optional` replaces `follow`.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from ticketbridge.jmes.budget import require_elements
from ticketbridge.jmes.errors import ArgumentFault, Fault, describe, foreign_reason, missing_key
from ticketbridge.jmes.kinds import NUMBERS, Function, Parameter
from ticketbridge.jmes.nodes import Operator
from ticketbridge.jmes.values import exact

_ORDERS: dict[Operator, Callable[[Any, Any], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
_SIZES = frozenset({"length", "size", "count"})


@dataclass(frozen=True, slots=True)
class Mode:
    """How an expression treats absent keys and wrong types."""

    follow: Callable[[Any, tuple[str, ...]], Any]
    index: Callable[[Any, int], Any]
    cut: Callable[[Any, slice], Any]
    elements: Callable[[Any], list[Any] | None]
    filtered: Callable[[Any], list[Any] | None]
    values: Callable[[Any], list[Any] | None]
    flatten: Callable[[Any], list[Any] | None]
    order: Callable[[Operator], Callable[[Any, Any], Any]]


def follow(value: Any, keys: tuple[str, ...]) -> Any:
    """Return the value at the path *keys*; an absent key is a fault."""
    for key in keys:
        if not isinstance(value, dict):
            return _no_object(value, key)
        if key not in value:
            raise Fault(missing_key(key, value))
        value = value[key]
    return value


def follow_optional(value: Any, keys: tuple[str, ...]) -> Any:
    """Return the value at the path *keys*; an absent key is null."""
    for key in keys:
        if not isinstance(value, dict):
            return _no_object(value, key)
        value = value.get(key)
    return value


def follow_plain(value: Any, keys: tuple[str, ...]) -> Any:
    """Return the value at the path *keys*, or null."""
    for key in keys:
        if type(value) is not dict:
            return None
        value = value.get(key)
    return value


def _no_object(value: Any, key: str) -> None:
    if value is not None:
        hint = "; see length(x)" if key in _SIZES and type(value) in {list, str} else ""
        raise Fault(f'key "{key}" of {describe(value)}, which is no object{hint}')


def _array(value: Any, what: str) -> list[Any] | None:
    if value is None or type(value) is list:
        return value
    raise Fault(f"{what} needs an array, and found {describe(value)}")


def _plain_array(value: Any) -> list[Any] | None:
    return value if type(value) is list else None


def _at(array: list[Any] | None, index: int) -> Any:
    try:
        return None if array is None else array[index]
    except IndexError:
        return None


def _cut(array: list[Any] | None, bounds: slice) -> list[Any] | None:
    return None if array is None else array[bounds]


def _flat(array: list[Any] | None) -> list[Any] | None:
    if array is None:
        return None
    merged: list[Any] = []
    for element in array:
        if type(element) is list:
            require_elements(len(merged) + len(element))
            merged.extend(element)
        else:
            merged.append(element)
    return merged


def _values(value: Any) -> list[Any] | None:
    if value is None or isinstance(value, dict):
        return None if value is None else list(value.values())
    raise Fault(f"`.*` needs an object, and found {describe(value)}")


def _order(symbol: Operator) -> Callable[[Any, Any], bool]:
    compare = _ORDERS[symbol]

    def ordered(left: Any, right: Any) -> bool:
        kinds = {type(left), type(right)}
        if kinds == {str}:
            return compare(left, right)
        if kinds <= NUMBERS:
            if Decimal in kinds:
                return compare(exact(left), exact(right))
            return compare(left, right)
        raise Fault(
            f"`{symbol}` compares two numbers or two strings,"
            f" and found {describe(left)} and {describe(right)}"
        )

    return ordered


def _plain_order(symbol: Operator) -> Callable[[Any, Any], bool | None]:
    strict = _order(symbol)
    known = NUMBERS | {str}
    return lambda left, right: strict(left, right) if {type(left), type(right)} <= known else None


STRICT = Mode(
    follow=follow,
    index=lambda value, index: _at(_array(value, f"`[{index}]`"), index),
    cut=lambda value, bounds: _cut(_array(value, "a slice"), bounds),
    elements=lambda value: _array(value, "`[*]`"),
    filtered=lambda value: _array(value, "`[?...]`"),
    values=_values,
    flatten=lambda value: _flat(_array(value, "`[]`")),
    order=_order,
)
PLAIN = Mode(
    follow=follow_plain,
    index=lambda value, index: _at(_plain_array(value), index),
    cut=lambda value, bounds: _cut(_plain_array(value), bounds),
    elements=_plain_array,
    filtered=_plain_array,
    values=lambda value: list(value.values()) if type(value) is dict else None,
    flatten=lambda value: _flat(_plain_array(value)),
    order=_plain_order,
)


def label(function: str, position: int, parameter: Parameter) -> str:
    """Return the name of an argument for messages. *position* counts from 1."""
    return f"argument {position} (`{parameter.name}`) of {function}()"


def wrong_type(value: Any, named: str, parameter: Parameter) -> None:
    """Raise the Fault for an argument that is not of its parameter's kind."""
    raise Fault(f"{named} must be {parameter.kind.name}, and is {describe(value)}")


def wrong_elements(value: list[Any], named: str, parameter: Parameter) -> None:
    """Raise the Fault for an array whose elements are not of its parameter's kind."""
    found = sorted({describe(element) for element in value})
    raise Fault(f"{named} must be {parameter.kind.name}, and its elements are: {', '.join(found)}")


def prepare(value: Any, named: str, parameter: Parameter) -> Any:
    """Return the argument as the function works on it. Raises Fault if it is wrong."""
    prepare = parameter.prepare_data or parameter.prepare
    try:
        return value if prepare is None else prepare(value)
    except Fault as fault:
        raise Fault(f"{named}: {fault.reason}") from None


def guard_call(function: Function, *, strict: bool) -> Callable[..., Any]:
    """Return the function's call, in which every exception becomes a Fault that names the function."""
    call = function.call if strict or function.plain is None else function.plain
    name = function.name

    def guard(*arguments: Any) -> Any:
        reason = ""
        try:
            result = call(*arguments)
        except ArgumentFault as fault:
            reason = fault.reason
        except Fault:
            raise
        except Exception as error:  # noqa: BLE001 - whatever it is, the data does not fit
            reason = foreign_reason(error)
        if reason:
            # Not inside of the `except`: the text of a foreign error may quote the data.
            raise Fault(f"{name}(): {reason}")
        if strict and type(result) is float and not math.isfinite(result):
            raise Fault(f"{name}(): the result is not finite")
        return result

    return guard
