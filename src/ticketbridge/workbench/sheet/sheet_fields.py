"""The ticket fields on a mapping's page: meaning, source, and when they are left out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, TypeAlias, assert_never

from ticketbridge.contract import tickets_schema
from ticketbridge.contract.marks import STATUS
from ticketbridge.contract.shape import objects_in, resolve
from ticketbridge.mapping.spec import (
    ConstSpec,
    ExpressionSpec,
    MappingSpec,
    ObjectSpec,
    TableSpec,
)
from ticketbridge.workbench.page import (
    Block,
    Cell,
    Heading,
    Mono,
    Words,
    join_words,
    paragraph,
    table,
)
from ticketbridge.workbench.sheet.expression_words import in_words

_Source: TypeAlias = ConstSpec | ExpressionSpec | TableSpec
_PERSONAL: Final = ("buyer", "primarySaleBuyerData", "nominalTicket")


def say_fields(spec: MappingSpec) -> Iterator[Block]:
    yield Heading("What each ticket has")
    meanings = _find_meanings(spec)
    rows: list[Sequence[Cell]] = [
        (Mono(name), meanings.get(name, ""), _origin(field), _rule(field))
        for name, field in _given(spec.ticket.fields)
    ]
    rows.append((Mono(STATUS), meanings.get(STATUS, ""), "the tables above", ""))
    yield table(("field", "meaning", "where it comes from", "rule"), rows)
    yield paragraph("An optional field is left out where the platform has no value for it.")


def _given(spec: ObjectSpec, before: str = "") -> Iterator[tuple[str, _Source]]:
    """Yield the fields of a ticket with their dotted names."""
    for each in spec.fields:
        name = f"{before}{each.name}"
        if isinstance(each.field, ObjectSpec):
            yield from _given(each.field, f"{name}.")
        else:
            yield name, each.field


def _origin(spec: _Source) -> Words:
    match spec:
        case ConstSpec(value=value):
            return ("always ", Mono(str(value)))
        case TableSpec(source=source, values=values, otherwise=otherwise):
            means = [(Mono(word), " is ", Mono(str(to.value))) for word, to in values.items()]
            end: Words = (
                ("; else ", Mono(str(otherwise.value))) if otherwise else ("; no other word",)
            )
            return (*in_words(source.text), ": ", *join_words(means, ", "), *end)
        case ExpressionSpec(text=text):
            return in_words(text)
        case _:
            assert_never(spec)


def _rule(spec: _Source) -> Words:
    source = spec.source if isinstance(spec, TableSpec) else spec
    return (Mono(source.text),) if isinstance(source, ExpressionSpec) else ()


def _find_meanings(spec: MappingSpec) -> Mapping[str, str]:
    """Return what the contract says of a ticket's fields, by their dotted names."""
    schema = tickets_schema()
    meanings = dict(_meanings(schema["$defs"]["ticket"], schema, ""))
    for part in () if spec.response.schema is None else objects_in(spec.response.schema):
        for name, described in part.get("properties", {}).items():
            if isinstance(described, dict) and "description" in described:
                meanings[name] = str(described["description"])
    return meanings


def _meanings(
    schema: Mapping[str, Any], root: Mapping[str, Any], before: str
) -> Iterator[tuple[str, str]]:
    for name, part in schema.get("properties", {}).items():
        inner = resolve(part, root)
        yield f"{before}{name}", str(inner.get("description", ""))
        yield from _meanings(inner, root, f"{before}{name}.")


def say_left_out(spec: MappingSpec) -> Iterator[Block]:
    yield Heading("What is never returned")
    names = {name.partition(".")[0] for name, _ in _given(spec.ticket.fields)}
    lines: list[Cell] = [
        "Tickets of other people, and a ticket of which the owner is not known.",
        "Any data of the platform that is not in the table of fields above.",
        "Credentials, addresses and messages of the platform, in answers and in errors.",
    ]
    if spec.ticket.ineligible == "omit":
        lines.insert(1, "A ticket that is not valid: it is left out, and only counted.")
    ticket = tickets_schema()["$defs"]["ticket"]
    missing = [name for name in ticket["properties"] if name not in {*ticket["required"], *names}]
    if missing and spec.response.schema is None:
        listed = join_words([(Mono(name),) for name in missing], ", ")
        lines.append(("These optional fields of the contract: ", *listed, "."))
    yield table(("never returned",), [(line,) for line in lines])
    personal = join_words([(Mono(name),) for name in _PERSONAL if name in names], ", ")
    if personal:
        yield paragraph("Fields that hold personal data: ", *personal, ".")
    else:
        yield paragraph("No field of the contract for personal data is given.")
