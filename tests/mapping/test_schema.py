"""The mapping file's own schema: complete, closed, and explained on every key."""

from __future__ import annotations

import json
from collections.abc import Iterator
from importlib.resources import files
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from ticketbridge import mapping
from ticketbridge.mapping import schema, schema_text
from ticketbridge.mapping.structure import CHECKS

NAMES_ARE_FREE = {
    "secrets",
    "query",
    "headers",
    "hosts",
    "form",
    "not_eligible_when",
    "fields",
    "values",
}
# Keywords that annotate, or stand beside an `if`.
SILENT = {
    *("$schema", "$id", "$defs", "title", "description", "examples", "default"),
    *("then", "else"),
}
IN_CONDITIONS = {"type", "const", "anyOf", "required", "properties"}
WITH_TITLE = {"enum", "const", "pattern", "minimum", "maximum"}


def subschemas(node: Any, *, condition: bool = False) -> Iterator[tuple[dict[str, Any], bool]]:
    """Every schema in *node*, and whether it is only a condition."""
    if not isinstance(node, dict):
        return
    yield node, condition
    for keyword in ("properties", "$defs"):
        for inner in node.get(keyword, {}).values():
            yield from subschemas(inner, condition=condition)
    for keyword in ("items", "additionalProperties", "propertyNames", "then", "else"):
        yield from subschemas(node.get(keyword), condition=condition)
    yield from subschemas(node.get("if"), condition=True)
    for keyword, inner_condition in (("allOf", condition), ("anyOf", True)):
        for inner in node.get(keyword, []):
            yield from subschemas(inner, condition=inner_condition)


RULES = [node for node, condition in subschemas(schema()) if not condition]
CONDITIONS = [node for node, condition in subschemas(schema()) if condition]
KEYS = [
    (name, about)
    for node in RULES
    for name, about in node.get("properties", {}).items()
    if node.get("properties")
]


def test_it_is_a_json_schema() -> None:
    """The bundled file is valid JSON Schema 2020-12, under its stable name."""
    Draft202012Validator.check_schema(schema())

    assert schema()["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert schema()["$id"] == "urn:ticketbridge:mapping:1"


def test_the_file_is_up_to_date() -> None:
    """The bundled file is what the keys give: `ticketbridge schema mapping` writes it anew."""
    file = files("ticketbridge.mapping").joinpath("mapping.schema.json")

    assert file.read_text(encoding="utf-8") == schema_text()
    assert json.loads(schema_text()) == schema()
    assert schema() is not schema()


@pytest.mark.parametrize(
    ("name", "about"),
    [pytest.param(name, about, id=f"{name}-{at}") for at, (name, about) in enumerate(KEYS)],
)
def test_every_key_is_explained(name: str, about: dict[str, Any]) -> None:
    """Each key has a description that is a sentence, and examples that are legal."""
    validator = Draft202012Validator({**about, "$defs": schema()["$defs"]})

    assert about["description"].endswith("."), name
    assert about["examples"], name
    assert all(validator.is_valid(example) for example in about["examples"]), name


def test_every_object_is_closed() -> None:
    """An object with named keys takes no other; only names of the integrator's own are free."""
    open_objects = [
        node for node in RULES if "properties" in node and "additionalProperties" not in node
    ]
    free = {
        name
        for name, about in KEYS
        if about.get("additionalProperties") is not None and not about.get("properties")
    }

    # `auth` leaves closing to the branch of its type.
    assert [sorted(node["properties"]) for node in open_objects] == [["type"]]
    assert free <= NAMES_ARE_FREE


def test_every_keyword_is_held() -> None:
    """Files are held to each keyword that can fail, and each rule of a value has a noun for it."""
    keywords = {keyword for node in RULES for keyword in node} - SILENT

    assert keywords == set(CHECKS)
    assert {keyword for node in CONDITIONS for keyword in node} <= IN_CONDITIONS
    assert [node for node in RULES if WITH_TITLE & node.keys() and "title" not in node] == []


def test_the_public_names_are_sorted_and_there() -> None:
    """`ticketbridge.mapping` exports what `__all__` says, in order."""
    assert mapping.__all__ == sorted(mapping.__all__, key=lambda name: (name.islower(), name))
    assert all(hasattr(mapping, name) for name in mapping.__all__)
