"""Check a GraphQL query before it is sent."""

from __future__ import annotations

from collections.abc import Mapping

from graphql import (
    GraphQLSyntaxError,
    NonNullTypeNode,
    OperationDefinitionNode,
    OperationType,
    parse,
)

from ticketbridge.mapping.findings import Place, did_you_mean
from ticketbridge.mapping.read_context import Context
from ticketbridge.mapping.yaml_nodes import Scalar

_MOST_TOKENS = 10_000


def check_query(node: Scalar, text: str, given: Mapping[str, Place], context: Context) -> None:
    """Report a *text* that is not exactly one query, and variables in it that do not match *given*."""
    operation = _operation(node, text, context)
    if operation is not None:
        _check_variables(node, operation, given, context)


def _operation(node: Scalar, text: str, context: Context) -> OperationDefinitionNode | None:
    """Return the query in *text*, or None if a finding was reported."""
    try:
        document = parse(text, max_tokens=_MOST_TOKENS)
    except GraphQLSyntaxError as error:
        offset = next(iter(error.positions or ()), 0)
        message = f"this is no GraphQL: {error.message.removeprefix('Syntax Error: ')}"
        context.report.error(node.at(offset), "TB066", message)
        return None
    operations = [d for d in document.definitions if isinstance(d, OperationDefinitionNode)]
    if len(operations) != 1:
        message = f"a call sends one operation; here are {len(operations)}"
        context.report.error(node.place, "TB066", message, "write one query")
        return None
    if operations[0].operation is not OperationType.QUERY:
        kind = operations[0].operation.value
        message = f"a {kind} is refused: asking for tickets changes nothing at the platform"
        context.report.error(node.at(_offset(operations[0])), "TB066", message, "write a query")
        return None
    return operations[0]


def _check_variables(
    node: Scalar, operation: OperationDefinitionNode, given: Mapping[str, Place], context: Context
) -> None:
    definitions = operation.variable_definitions or ()
    known = {variable.variable.name.value: variable for variable in definitions}
    for name, place in given.items():
        if name not in known:
            message = f"the query declares no variable ${name}"
            legal = f"it declares {', '.join(known)}" if known else "it declares none"
            context.report.error(place, "TB066", message, did_you_mean(name, known) or legal)
    for name, variable in known.items():
        needed = isinstance(variable.type, NonNullTypeNode) and variable.default_value is None
        if needed and name not in given:
            message = f"the query needs the variable ${name}, and `variables` does not give it"
            place = node.at(_offset(variable))
            context.report.error(place, "TB066", message, f'for example {name}: "{{user}}"')


def _offset(part: object) -> int:
    location = getattr(part, "loc", None)
    return location.start if location else 0
