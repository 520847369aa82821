"""The fields of a ticket: from a record's scope to the converted value of each, compiled once."""

from __future__ import annotations

from collections.abc import Callable, Collection
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Any, assert_never

from ticketbridge.contract import Validator
from ticketbridge.contract.shape import ObjectShape, Schema, object_shape, type_of
from ticketbridge.jmes import EvaluationError
from ticketbridge.mapping.compiler import Scope, SpecCompiler
from ticketbridge.mapping.findings import did_you_mean
from ticketbridge.mapping.spec import (
    ConstSpec,
    ExpressionSpec,
    FieldSpec,
    NamedField,
    ObjectSpec,
    TableSpec,
)
from ticketbridge.tickets.convert import (
    MISSING,
    Converter,
    Violation,
    convert_value,
    converter,
)

Maker = Callable[[Scope], Any]
"""Gives a field's value or MISSING; raises Violation, whose field is relative to this one."""


@dataclass(frozen=True, slots=True)
class Field:
    """One compiled field."""

    name: str
    make: Maker

    def of(self, scope: Scope) -> Any:
        """The field's value or MISSING; a Violation names the field in full."""
        try:
            return self.make(scope)
        except Violation as violation:
            raise violation.within(self.name) from None


class FieldCompiler:
    """Compiles the fields of one mapping against the schema of its tickets."""

    def __init__(self, compiler: SpecCompiler, roots: Collection[str], root: Schema) -> None:
        self._compiler = compiler
        self._roots = roots
        self._root = root

    def object(self, spec: ObjectSpec, shape: ObjectShape) -> tuple[Field, ...]:
        """The fields of an object whose schema is *shape*; an unknown or a missing name is a finding."""
        self._report_missing(spec, shape.required)
        for named in spec.fields:
            if shape.closed and named.name not in shape.properties:
                self._report_unknown(named, shape)
        return tuple(
            Field(
                named.name,
                self._field(
                    named,
                    shape.properties.get(named.name, {}),
                    optional=named.name not in shape.required,
                ),
            )
            for named in spec.fields
        )

    def _report_unknown(self, named: NamedField, shape: ObjectShape) -> None:
        legal = ", ".join(shape.properties)
        self._compiler.report(
            named.place,
            "TB301",
            f"the contract has no field `{named.name}`; it has {legal}",
            did_you_mean(named.name, shape.properties),
        )

    def _field(self, named: NamedField, schema: Schema, *, optional: bool) -> Maker:
        if named.name == "tags" and isinstance(named.field, ObjectSpec):
            return self._tags(named.field)
        return self._maker(named.field, schema, optional=optional)

    def _maker(self, spec: FieldSpec, schema: Schema, *, optional: bool) -> Maker:
        convert = converter(schema, self._root)
        match spec:
            case ExpressionSpec():
                return self._expression(spec, convert, optional=optional)
            case ConstSpec():
                return _constant(self._checked_constant(spec, schema, convert))
            case TableSpec():
                return self._table(spec, schema, convert)
            case ObjectSpec():
                return self._nested(spec, schema)
            case _:
                assert_never(spec)

    def _expression(self, spec: ExpressionSpec, convert: Converter, *, optional: bool) -> Maker:
        evaluate = self._compiler.expression(spec, self._roots)

        def make(scope: Scope) -> Any:
            return convert_value(convert, _evaluated(evaluate, scope), optional=optional)

        return make

    def _checked_constant(self, spec: ConstSpec, schema: Schema, convert: Converter) -> Any:
        """The converted constant; one that the schema refuses is a finding."""
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

    def _table(self, spec: TableSpec, schema: Schema, convert: Converter) -> Maker:
        evaluate = self._compiler.expression(spec.source, self._roots)
        values = {
            key: self._checked_constant(ConstSpec(value, spec.place), schema, convert)
            for key, value in spec.values.items()
        }
        closed = spec.otherwise is None
        otherwise = spec.otherwise and self._checked_constant(spec.otherwise, schema, convert)

        def make(scope: Scope) -> Any:
            key = table_key(_evaluated(evaluate, scope))
            if key in values:
                return values[key]
            if closed:
                raise Violation("", "a value that the table does not list (and no `else`)")
            return otherwise

        return make

    def _nested(self, spec: ObjectSpec, schema: Schema) -> Maker:
        kind = type_of(schema)
        if kind not in {"object", None}:
            self._compiler.report(
                spec.place, "TB304", f"an object where the contract has {kind}", _wanted(schema)
            )
        shape = object_shape(schema, self._root)
        fields = self.object(spec, shape)

        def make(scope: Scope) -> Any:
            return make_object(fields, scope) or MISSING

        return make

    def _report_missing(self, spec: ObjectSpec, needed: AbstractSet[str]) -> None:
        missing = sorted(needed - {named.name for named in spec.fields})
        if missing:
            names = ", ".join(f"`{name}`" for name in missing)
            self._compiler.report(spec.place, "TB302", f"the contract needs {names} here")

    def _tags(self, spec: ObjectSpec) -> Maker:
        """`tags` given as an object: `key:value` for each key whose value is there."""
        makers = [
            Field(named.name, self._maker(named.field, {"type": "string"}, optional=True))
            for named in spec.fields
        ]

        def make(scope: Scope) -> Any:
            made = make_object(makers, scope)
            return [f"{key}:{value}" for key, value in made.items()] or MISSING

        return make


def make_object(fields: Collection[Field], scope: Scope) -> dict[str, Any]:
    """The object of those *fields* that have a value."""
    made = {}
    for field in fields:
        value = field.of(scope)
        if value is not MISSING:
            made[field.name] = value
    return made


def table_key(value: object) -> str | None:
    """How a value is looked up in a table: text as it is, integers by their digits, true and false.

    None for everything else: no table lists it.
    """
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    return value if isinstance(value, str) else None


def _evaluated(evaluate: Callable[[Scope], Any], scope: Scope) -> Any:
    try:
        return evaluate(scope)
    except EvaluationError as error:
        raise Violation("", str(error)) from None


def _constant(value: Any) -> Maker:
    def make(_scope: Scope) -> Any:
        return value

    return make


def _wanted(schema: Schema) -> str:
    """An example of what the schema allows."""
    examples = schema.get("examples", ())
    return f"for example {examples[0]!r}" if examples else ""
