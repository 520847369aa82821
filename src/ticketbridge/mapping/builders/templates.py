"""Request strings of `source`: text with `{expression}` holes and `${NAME}` variables."""

from __future__ import annotations

from dataclasses import dataclass, field

from ticketbridge.jmes import (
    ExpressionError,
    HolePart,
    TextPart,
    VariablePart,
    split_template,
)
from ticketbridge.mapping.builders.context import Context, text_of
from ticketbridge.mapping.builders.texts import MALFORMED, VARIABLE, Text
from ticketbridge.mapping.environment import Value
from ticketbridge.mapping.nodes import Broken, Node, Scalar
from ticketbridge.mapping.places import pieces_from
from ticketbridge.mapping.spec import ExpressionSpec, Secret, TemplateSpec

# Stands for a hole where the text around it is checked.
HOLE = "\ufffc"

Part = str | Secret | ExpressionSpec


@dataclass(frozen=True, slots=True)
class Template:
    """A template and what can be known of its text: *text* has a mark in place of each hole."""

    spec: TemplateSpec
    text: Text = field(repr=False)
    holes: int = 0


def resolve_template(node: Node, context: Context, name: str) -> Template:
    """The template that *node* holds, its variables resolved."""
    nothing = Template(TemplateSpec((), node.place), Text(name, "", node.place, known=False))
    if isinstance(node, Broken) or not isinstance(node, Scalar):
        return nothing
    source = text_of(node)
    try:
        parts = split_template(source)
    except ExpressionError as error:
        _report_slip(node, source, error, context)
        return nothing
    return _Filling(node, context, name).fill(parts)


def _report_slip(node: Scalar, source: str, error: ExpressionError, context: Context) -> None:
    offset = error.column - 1
    if source.startswith("${", offset) and not VARIABLE.match(source, offset):
        context.report.error(node.at(offset), "TB022", "this `${` is no variable", MALFORMED)
    else:
        context.report.error(node.at(offset), "TB031", error.reason, error.suggestion)


@dataclass(frozen=True, slots=True)
class _Filling:
    """Turns the parts of one template into those of its spec."""

    node: Scalar
    context: Context
    name: str

    def fill(self, parts: tuple[TextPart | VariablePart | HolePart, ...]) -> Template:
        values = {p: self._value(p) for p in parts if isinstance(p, VariablePart)}
        variables = tuple(part.name for part in values)
        text = Text(
            self.name,
            "".join(_shown(part, values) for part in parts),
            self.node.place,
            known=all(value.known for value in values.values()),
            variables=variables,
            in_clear=not variables and bool(parts),
        )
        spec = TemplateSpec(tuple(self._part(part, values) for part in parts), self.node.at(0))
        return Template(spec, text, sum(isinstance(part, HolePart) for part in parts))

    def _value(self, part: VariablePart) -> Value:
        return self.context.variable(part.name, part.default, self.node.at(part.offset))

    def _part(
        self, part: TextPart | VariablePart | HolePart, values: dict[VariablePart, Value]
    ) -> Part:
        if isinstance(part, TextPart):
            return part.text
        if isinstance(part, VariablePart):
            return Secret(values[part].text)
        pieces = pieces_from(self.node.pieces, part.offset)
        return ExpressionSpec(part.text, self.node.at(part.offset), pieces)


def _shown(part: TextPart | VariablePart | HolePart, values: dict[VariablePart, Value]) -> str:
    if isinstance(part, VariablePart):
        return values[part].text
    return part.text if isinstance(part, TextPart) else HOLE
