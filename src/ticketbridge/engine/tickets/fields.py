"""The fields of a ticket, compiled against the contract: the source and the type of each.

They are steps of the record program, which `emit` writes as Python.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Any, assert_never

from ticketbridge.contract import Validator
from ticketbridge.contract.shape import ObjectShape, Schema, items_of, object_shape, type_of
from ticketbridge.engine.tickets.convert import (
    MISSING,
    Converter,
    Violation,
    accepted,
    converter,
    json_type,
)
from ticketbridge.jmes import AttributedElement, Expression, RepeatedElement, kinds
from ticketbridge.jmes.nodes import Constant
from ticketbridge.jmes.repairs import name_of
from ticketbridge.mapping.findings import did_you_mean, nearest
from ticketbridge.mapping.spec import (
    ConstSpec,
    ExpressionSpec,
    FieldSpec,
    NamedField,
    ObjectSpec,
    TableSpec,
)
from ticketbridge.mapping.spec_compiler import SpecCompiler

_UNCLEAR = frozenset({RepeatedElement, AttributedElement})
# Of an open object any name may be meant; one as near as this is a slip.
_SLIP = 0.8


@dataclass(frozen=True, slots=True)
class ExpressionField:
    """A field that is an expression. *kind* is the type in its *schema*; *optional* ones may be left out."""

    name: str
    expression: Expression
    schema: Schema
    kind: str | None
    convert: Converter
    optional: bool

    @property
    def may_be_missing(self) -> bool:
        """Whether the field may be left out: a list or an object may have nothing in it, too."""
        return self.optional or self.kind not in {"string", "number"}


@dataclass(frozen=True, slots=True)
class ConstantField:
    """A field that is the same for each ticket; MISSING is left out."""

    name: str
    value: Any


@dataclass(frozen=True, slots=True)
class TableField:
    """A field that is looked up in *table*. An open table gives *otherwise* for other values.

    *optional* fields may be left out.
    """

    name: str
    expression: Expression
    table: Mapping[str | None, Any]
    otherwise: Any
    optional: bool

    @property
    def may_be_missing(self) -> bool:
        """Whether the field may be left out."""
        return MISSING in self.table.values() or self.otherwise is MISSING


@dataclass(frozen=True, slots=True)
class ObjectField:
    """A field that is an object of fields. An empty one is left out."""

    name: str
    fields: tuple[Field, ...]


@dataclass(frozen=True, slots=True)
class TagsField:
    """`tags` given as an object: `key:value` for each key that has a value. *schema* is a tag's schema."""

    name: str
    fields: tuple[Field, ...]
    schema: Schema


Field = ExpressionField | ConstantField | TableField | ObjectField | TagsField


def table_key(value: object) -> str | None:
    """Return the key by which a value is looked up in a table, or None if no table can list it.

    It is the text itself, the digits of an integer, or true or false. Raises Violation for an element that
    came more than once, or that has attributes.
    """
    if type(value) in _UNCLEAR:
        raise Violation("", f"{json_type(value)} where one value is due")
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    return value if isinstance(value, str) else None


class ClosedTable(dict[str | None, Any]):
    """The values of a table without `else`. Raises Violation for a word that is not listed."""

    def __missing__(self, key: str | None) -> None:
        raise Violation("", "a value that the table does not list (and no `else`)")


class FieldCompiler:
    """Compiles the fields of one mapping against the schema of its tickets."""

    def __init__(self, compiler: SpecCompiler, roots: Collection[str], root: Schema) -> None:
        self._compiler = compiler
        self._roots = roots
        self._innermost = list(roots)[-1]
        self._root = root

    def object(self, spec: ObjectSpec, shape: ObjectShape) -> tuple[Field, ...]:
        """Return the fields of an object whose schema is *shape*.

        An unknown or a missing name is a finding.
        """
        self._report_missing(spec, shape.required)
        for named in spec.fields:
            if named.name not in shape.properties:
                self._report_unknown(named, shape)
        return tuple(
            self._field(
                named.name,
                named.field,
                shape.properties.get(named.name, shape.others),
                optional=named.name not in shape.required,
            )
            for named in spec.fields
        )

    def _field(self, name: str, spec: FieldSpec, schema: Schema, *, optional: bool) -> Field:
        convert = converter(schema, self._root)
        match spec:
            case ExpressionSpec():
                expression = self._expression(spec, schema, convert, optional=optional)
                kind = type_of(schema)
                return ExpressionField(name, expression, schema, kind, convert, optional)
            case ConstSpec():
                self._check_value(spec, optional=optional)
                return ConstantField(name, self._constant(spec, schema, convert))
            case TableSpec():
                return self._table(name, spec, schema, convert, optional=optional)
            case ObjectSpec():
                if name == "tags" and type_of(schema) == "array":
                    return self._tags(spec, items_of(schema, self._root))
                return self._nested(name, spec, schema)
            case _:
                assert_never(spec)

    def _expression(
        self, spec: ExpressionSpec, schema: Schema, convert: Converter, *, optional: bool
    ) -> Expression:
        """Return the compiled expression. One that can never give the type of the schema is a finding."""
        kind = accepted(schema, self._root, optional=optional)
        expression = self._compiler.expression(spec, self._roots, kind)
        if isinstance(expression.tree, Constant) and not self._compiler.failed(spec):
            self._constant(ConstSpec(expression.tree.value, spec.place), schema, convert)
        return expression

    def _check_value(self, spec: ConstSpec, *, optional: bool) -> None:
        if (spec.value is None or spec.value == "") and not optional:
            message = "the contract needs this field, and an empty constant leaves it out"
            self._compiler.report(spec.place, "TB303", message, "give it a value")

    def _constant(self, spec: ConstSpec, schema: Schema, convert: Converter) -> Any:
        """Return the converted constant. One that the schema refuses is a finding."""
        if spec.value is None or spec.value == "":
            return MISSING
        try:
            value = convert(spec.value)
        except Violation as violation:
            self._compiler.report(spec.place, "TB303", f"the constant is {violation.reason}")
            return MISSING
        breach = Validator(self._root, part=schema).breach(value)
        if breach is not None:
            self._compiler.report(
                spec.place,
                "TB303",
                f"the contract does not allow this constant: it breaks `{breach.rule}`",
                _wanted(schema),
            )
        return value

    def _table(
        self, name: str, spec: TableSpec, schema: Schema, convert: Converter, *, optional: bool
    ) -> TableField:
        table: dict[str | None, Any] = ClosedTable() if spec.otherwise is None else {}
        for key, value in spec.values.items():
            table[key] = self._constant(value, schema, convert)
        otherwise = spec.otherwise and self._constant(spec.otherwise, schema, convert)
        expression = self._compiler.expression(spec.source, self._roots, kinds.TABLE_KEY)
        return TableField(name, expression, table, otherwise, optional)

    def _nested(self, name: str, spec: ObjectSpec, schema: Schema) -> ObjectField:
        kind = type_of(schema)
        if kind not in {"object", None}:
            self._compiler.report(
                spec.place, "TB304", f"an object where the contract has {kind}", _wanted(schema)
            )
        return ObjectField(name, self.object(spec, object_shape(schema, self._root)))

    def _tags(self, spec: ObjectSpec, schema: Schema) -> TagsField:
        text: Schema = {"type": "string"}
        fields = (self._field(n.name, n.field, text, optional=True) for n in spec.fields)
        return TagsField("tags", tuple(fields), schema)

    def _report_missing(self, spec: ObjectSpec, needed: AbstractSet[str]) -> None:
        missing = sorted(needed - {named.name for named in spec.fields})
        if missing:
            names = ", ".join(f"`{name}`" for name in missing)
            example = f"{missing[0]}: {self._innermost}.{name_of(missing[0])}"
            hint = f"add a line for each with its expression, for example {example}"
            self._compiler.report(spec.place, "TB302", f"the contract needs {names} here", hint)

    def _report_unknown(self, named: NamedField, shape: ObjectShape) -> None:
        legal = ", ".join(shape.properties)
        if shape.closed:
            message = f"the contract has no field `{named.name}`; it has {legal}"
            hint = did_you_mean(named.name, shape.properties)
            self._compiler.report(named.place, "TB301", message, hint)
        elif near := nearest(named.name, shape.properties, similarity=_SLIP):
            message = f"`{named.name}` is none of the names that the contract knows here: {legal}"
            hint = f'did you mean "{near}"?'
            self._compiler.report(named.place, "TB308", message, hint, severity="warning")


def _wanted(schema: Schema) -> str:
    """Return an example of a value that the schema allows."""
    examples = schema.get("examples", ())
    return f"for example {examples[0]!r}" if examples else ""
