"""Compare a body, as far as its expression shows, with its schema and the fields of the tickets."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from types import MappingProxyType

from ticketbridge.contract.shape import Schema, items_of, object_shape, resolve, type_of
from ticketbridge.jmes import describe_types, kinds, nodes
from ticketbridge.jmes.analysis import asked, walk
from ticketbridge.jmes.outcomes import outcomes
from ticketbridge.mapping.findings import did_you_mean
from ticketbridge.mapping.spec import ExpressionSpec
from ticketbridge.mapping.spec_compiler import SpecCompiler

_TYPES: Mapping[str, frozenset[type]] = MappingProxyType(
    {
        "object": frozenset({dict}),
        "array": frozenset({list}),
        "string": frozenset({str}),
        "boolean": frozenset({bool}),
        "number": kinds.NUMBERS,
        "integer": kinds.NUMBERS,
    }
)


def check_schema(
    tree: nodes.Node, spec: ExpressionSpec, schema: Schema, compiler: SpecCompiler
) -> None:
    """Report the parts of the body *spec*, whose syntax is *tree*, that cannot fit its *schema*."""
    for part, place in _parts(tree, schema, schema):
        _check_type(part, spec, place, compiler)
        if isinstance(part, nodes.HashOf):
            _check_names(part, spec, place, schema, compiler)


def _parts(tree: nodes.Node, schema: Schema, root: Schema) -> Iterator[tuple[nodes.Node, Schema]]:
    """Yield the parts of the body whose place in the schema is known, each with its schema."""
    schema = resolve(schema, root)
    yield tree, schema
    if isinstance(tree, nodes.Projection) and isinstance(tree.each, nodes.HashOf):
        yield from _parts(tree.each, items_of(schema, root), root)
    elif isinstance(tree, nodes.HashOf):
        properties = object_shape(schema, root).properties
        for name, value in tree.pairs:
            yield from _parts(value, properties.get(name, {}), root)


def _check_type(
    tree: nodes.Node, spec: ExpressionSpec, schema: Schema, compiler: SpecCompiler
) -> None:
    types = outcomes(tree, rooted=True)
    kind = type_of(schema)
    allowed = _TYPES.get(kind or "")
    if types is not None and allowed is not None and not types & allowed:
        message = f"this gives {describe_types(types)}, where `schema` has {kind}"
        compiler.report(spec.at(tree.start), "TB304", message)


def _check_names(
    tree: nodes.HashOf, spec: ExpressionSpec, schema: Schema, root: Schema, compiler: SpecCompiler
) -> None:
    shape = object_shape(schema, root)
    given = [name for name, _ in tree.pairs]
    missing = [f"`{name}`" for name in sorted(shape.required - set(given))]
    place = spec.at(tree.start)
    if missing:
        hint = f"add each with its expression, for example {{{missing[0].strip('`')}: ..., ...}}"
        compiler.report(place, "TB302", f"`schema` needs {', '.join(missing)} here", hint)
    for name in given:
        if shape.closed and name not in shape.properties:
            message = f"`schema` has no `{name}` here; it has {', '.join(shape.properties)}"
            compiler.report(place, "TB301", message, did_you_mean(name, shape.properties))


def check_fields(
    tree: nodes.Node, spec: ExpressionSpec, fields: Collection[str], compiler: SpecCompiler
) -> None:
    """Report each field of tickets that the body takes and that they never have."""
    for node in walk(tree):
        match node:
            case nodes.Projection(base=nodes.Field(name="tickets")):
                _, inner = nodes.parts_of(node)
            case _:
                continue
        for field in (field for part in inner for field in asked(part)):
            if field.name not in fields:
                message = f"no ticket has a `{field.name}`: `fields` gives {', '.join(fields)}"
                hint = did_you_mean(field.name, fields)
                compiler.report(spec.at(field.start), "TB309", message, hint)
