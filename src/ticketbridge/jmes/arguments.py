"""The arguments of a call in the text: what is known of them, and what they probably mean."""

from __future__ import annotations

from typing import Any

from ticketbridge.jmes import kinds, nodes
from ticketbridge.jmes.errors import Fault
from ticketbridge.jmes.kinds import Function, Parameter
from ticketbridge.jmes.writing import text_of

_LONGEST = 200


def literals_of(function: Function, call: nodes.Call) -> dict[int, Any]:
    """Return the literals among the arguments, by position; an argument that is left out is null."""
    given = {
        position: argument.value
        for position, argument in enumerate(call.arguments)
        if isinstance(argument, nodes.Constant)
    }
    absent = dict.fromkeys(range(len(call.arguments), len(function.parameters)))
    return given | absent


def fault_of(parameter: Parameter, argument: nodes.Node) -> Fault | None:
    """Return why the literal *argument* can never be right there, as a part of a sentence, or None."""
    if not isinstance(argument, nodes.Constant):
        return None
    if not parameter.kind.holds(argument.value):
        return Fault(f" must be {parameter.kind.name}")
    try:
        if parameter.prepare is not None:
            parameter.prepare(argument.value)
    except Fault as fault:
        return type(fault)(f": {fault.reason}")
    return None


def written(call: nodes.Call) -> str:
    """Return `write f(a, b)`, or "" if it is too long to read."""
    text = text_of(call)
    return f"write {text}" if len(text) <= _LONGEST else ""


def swap_arguments(function: Function, call: nodes.Call) -> str:
    """Return the call with its first two arguments exchanged, if that would be right."""
    if len(call.arguments) < 2 or len(function.parameters) < 2:
        return ""
    first, second, *rest = call.arguments
    if not _fits(function.parameters[0], second) or not _fits(function.parameters[1], first):
        return ""
    return written(nodes.Call(call.start, call.name, (second, first, *rest)))


def _fits(parameter: Parameter, argument: nodes.Node) -> bool:
    """Return whether *argument* may stand there, as far as its text shows."""
    if isinstance(argument, nodes.Reference) or parameter.kind is kinds.EXPRESSION:
        return isinstance(argument, nodes.Reference) and parameter.kind is kinds.EXPRESSION
    if parameter.literal and not isinstance(argument, nodes.Constant):
        return False
    return fault_of(parameter, argument) is None


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
