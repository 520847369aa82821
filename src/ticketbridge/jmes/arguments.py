"""The arguments of a call in the text: what is known of them, and what they probably mean."""

from __future__ import annotations

from typing import Any

from ticketbridge.jmes import kinds, nodes
from ticketbridge.jmes.errors import Fault
from ticketbridge.jmes.kinds import Function, Parameter
from ticketbridge.jmes.outcomes import outcomes
from ticketbridge.jmes.writing import text_of

_LONGEST = 200


def parameter_at(function: Function, position: int) -> Parameter:
    """Return the parameter of the argument at *position*, which counts from 0."""
    return function.parameters[min(position, len(function.parameters) - 1)]


def literals_of(function: Function, call: nodes.Call) -> dict[int, Any]:
    """Return the literals among the arguments, by position; an argument that is left out is null."""
    given = {
        position: argument.value
        for position, argument in enumerate(call.arguments)
        if isinstance(argument, nodes.Constant)
    }
    absent = dict.fromkeys(range(len(call.arguments), len(function.parameters)))
    return given | absent


def fault_of(parameter: Parameter, value: Any) -> Fault | None:
    """Return why the literal *value* can never be right there, as a part of a sentence, or None."""
    if not parameter.kind.holds(value):
        return Fault(f" must be {parameter.kind.name}")
    try:
        if parameter.prepare is not None:
            parameter.prepare(value)
    except Fault as fault:
        return type(fault)(f": {fault.reason}")
    return None


def written(call: nodes.Call) -> str:
    """Return `write f(a, b)`, or "" if it is too long to read."""
    text = text_of(call)
    return f"write {text}" if len(text) <= _LONGEST else ""


def swap_arguments(function: Function, call: nodes.Call) -> str:
    """Return `write f(b, a)`: the call with its first two arguments exchanged, if that would be right."""
    if len(call.arguments) < 2 or len(function.parameters) < 2:
        return ""
    first, second, *rest = call.arguments
    swapped = nodes.Call(call.start, call.name, (second, first, *rest))
    return written(swapped) if _is_right(function, swapped) else ""


def mend_literal(function: Function, call: nodes.Call, position: int) -> str:
    """Return what to write for a literal that can never be right at *position*, or "".

    A value of the right type is a slip of its own in all but the first argument: `split(id, '')` works on
    the right text, and `split('', id)` would not.
    """
    argument, parameter = call.arguments[position], parameter_at(function, position)
    misplaced = isinstance(argument, nodes.Constant) and not parameter.kind.holds(argument.value)
    swapped = position == 0 or (position == 1 and misplaced)
    return swap_arguments(function, call) if swapped else ""


def mend_no_literal(function: Function, call: nodes.Call, position: int) -> str:
    """Return what to write at *position*, which needs a literal and has none, or ""."""
    swapped = swap_arguments(function, call) if position < 2 else ""
    if swapped:
        return swapped
    argument, parameter = call.arguments[position], parameter_at(function, position)
    if isinstance(argument, nodes.Field) and fault_of(parameter, argument.name) is None:
        return f"write '{argument.name}'"
    # No text of these parameters is empty, so this is the list of those that are known.
    fault = fault_of(parameter, "")
    return fault.reason.removeprefix(": ") if fault else ""


def _is_right(function: Function, call: nodes.Call) -> bool:
    """Return whether all arguments fit, as far as the text shows."""
    pairs = zip(function.parameters, call.arguments, strict=False)
    if not all(_fits(parameter, argument) for parameter, argument in pairs):
        return False
    try:
        if function.check_literals is not None:
            function.check_literals(literals_of(function, call))
    except Fault:
        return False
    return True


def _fits(parameter: Parameter, argument: nodes.Node) -> bool:
    """Return whether *argument* may stand there, as far as its text shows."""
    if isinstance(argument, nodes.Reference) or parameter.kind is kinds.EXPRESSION:
        return isinstance(argument, nodes.Reference) and parameter.kind is kinds.EXPRESSION
    if isinstance(argument, nodes.Constant):
        return fault_of(parameter, argument.value) is None
    given, due = outcomes(argument, rooted=False), parameter.kind.types
    return not parameter.literal and (given is None or due is None or bool(given & due))


def write_with_reference(call: nodes.Call, position: int) -> str:
    """Return the call with an `&` before its key: the argument at *position*, or the other one of two."""
    arguments = list(call.arguments)
    if len(arguments) == 2 and _as_key(arguments[position]) is None:
        arguments.reverse()
    key = _as_key(arguments[position]) or call.arguments[position]
    arguments[position] = nodes.Reference(key.start, key)
    return written(nodes.Call(call.start, call.name, tuple(arguments)))


def _as_key(node: nodes.Node) -> nodes.Node | None:
    """Return a name, or the text of one."""
    if isinstance(node, nodes.Constant) and isinstance(node.value, str):
        return nodes.Field(node.start, node.value)
    return node if isinstance(node, nodes.Field) else None
