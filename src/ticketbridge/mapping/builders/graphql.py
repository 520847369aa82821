"""What can be known of a GraphQL query before it is sent."""

from __future__ import annotations

from collections.abc import Mapping

from graphql import (
    GraphQLSyntaxError,
    NonNullTypeNode,
    OperationDefinitionNode,
    OperationType,
    parse,
)

from ticketbridge.mapping.builders.context import Context
from ticketbridge.mapping.findings import Place, did_you_mean
from ticketbridge.mapping.nodes import Node, Scalar

MOST_TOKENS = 10_000


def check_graphql(node: Node, variables: Mapping[str, Place], context: Context) -> None:
    """One query, as GraphQL writes it, whose variables are those that the call gives."""
    if not isinstance(node, Scalar) or not isinstance(node.value, str):
        return
    operation = _operation(node, node.value, context)
    if operation is not None:
        _check_variables(node, operation, variables, context)


def _operation(node: Scalar, text: str, context: Context) -> OperationDefinitionNode | None:
    """The query in *text*; None after a finding."""
    try:
        document = parse(text, max_tokens=MOST_TOKENS)
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
    node: Scalar,
    operation: OperationDefinitionNode,
    given: Mapping[str, Place],
    context: Context,
) -> None:
    definitions = operation.variable_definitions or ()
    declared = {variable.variable.name.value: variable for variable in definitions}
    for name, place in given.items():
        if name not in declared:
            message = f"the query declares no variable ${name}"
            suggestion = did_you_mean(name, tuple(declared)) or _legal(tuple(declared))
            context.report.error(place, "TB066", message, suggestion)
    for name, variable in declared.items():
        needed = isinstance(variable.type, NonNullTypeNode) and variable.default_value is None
        if needed and name not in given:
            message = f"the query needs the variable ${name}, and `variables` does not give it"
            place = node.at(_offset(variable))
            context.report.error(place, "TB066", message, f'for example {name}: "{{user}}"')


def _legal(names: tuple[str, ...]) -> str:
    return f"it declares {', '.join(names)}" if names else "it declares none"


def _offset(part: object) -> int:
    location = getattr(part, "loc", None)
    return location.start if location else 0
