"""A key is declared once: what a file may say, what it means, and what is told of it come of that."""

from __future__ import annotations

import pytest
from jsonschema import Draft202012Validator

from ticketbridge.mapping import Environment, Place, schema
from ticketbridge.mapping.findings import Report
from ticketbridge.mapping.keys import (
    Declared,
    Key,
    ValueKind,
    build,
    declared,
    inline,
    key,
    keys_of,
    mapping_of,
    name_of,
    needed,
)
from ticketbridge.mapping.mapping_schema import legal_keys, sections
from ticketbridge.mapping.read_context import Context
from ticketbridge.mapping.value_kinds import DURATION, POSSIBLY_EMPTY, YES_OR_NO, text, whole, word
from ticketbridge.mapping.yaml_nodes import Broken, Node, node_of

PLACE = Place("x.yaml", 2, 3)
TEXT_VALUE = text(lambda given, _context: given.value, POSSIBLY_EMPTY)


@declared
class Lamp(Declared):
    """What the tests declare."""

    colour: str = needed(word("red", "green"), "Its colour.", "green")
    burns: float = key(DURATION, "How long it burns.", "5s", absent="2s")
    count: int = key(whole(1, 9), "How many there are.", 3, absent=1)
    label: str | None = key(TEXT_VALUE, "What is written on it.", "exit", name="says")
    place: Place
    is_lit: bool = False


@declared
class Room(Declared):
    """A lamp among other keys."""

    lamp: Lamp = inline(Lamp, colour=("The colour of the room.", "red"))
    is_open: bool = key(YES_OR_NO, "Whether the door is open.", True, name="open", absent=False)


def read(spec: type[Declared], value: object, report: Report | None = None) -> Declared:
    """What the mapping *value* declares."""
    context = Context(report or Report(), Environment({}), None)
    return build(spec, node_of(value, PLACE), context)


def test_a_key_fills_its_member() -> None:
    """Each value is read by its kind; the place is the mapping's, and what is no key has its default."""
    found = read(Lamp, {"colour": "green", "burns": "1m", "count": 2, "says": "exit"})

    assert found == Lamp("green", 60.0, 2, "exit", PLACE)


def test_an_absent_key_has_its_default() -> None:
    """The default is read as if it stood in the file; without one there is nothing."""
    assert read(Lamp, {"colour": "red"}) == Lamp("red", 2.0, 1, None, PLACE)


def test_a_wrong_value_has_a_stand_in() -> None:
    """What was reported counts as absent: the default stands there, and the first word of several."""
    report = Report()
    context = Context(report, Environment({}), None)
    tree = node_of({"burns": "9h", "says": "x"}, PLACE)
    found = build(Lamp, tree, context)

    assert found == Lamp("red", 2.0, 1, "x", PLACE)
    assert [finding.code for finding in report.findings] == ["TB014"]


@pytest.mark.parametrize("absent", [None, "needed"])
def test_a_kind_without_a_value_of_its_own_has_a_stand_in_in_each_key(absent: str | None) -> None:
    """Where a value was reported and there is no default: None, or the example of a needed key."""
    duration = Key("burns", DURATION, "How long.", ("3s",), None)
    if absent == "needed":
        duration = Key("burns", DURATION, "How long.", ("3s",))
    tree = node_of({"burns": "9h"}, PLACE)

    assert duration.read(tree, Context(Report(), Environment({}), None)) == (absent and 3.0)


def test_keys_may_stand_in_the_mapping_of_another_spec() -> None:
    """Inline keys come where their member stands, and may have another text there."""
    assert list(keys_of(Room)) == ["colour", "burns", "count", "says", "open"]
    assert keys_of(Room)["colour"].text == "The colour of the room."
    assert keys_of(Room)["colour"].examples == ("red",)
    assert keys_of(Room)["burns"].text == keys_of(Lamp)["burns"].text
    assert read(Room, {"colour": "red", "open": True}) == Room(
        Lamp("red", 2.0, 1, None, PLACE), is_open=True
    )


def test_a_member_is_called_by_its_key() -> None:
    """Tools that walk over specs name what the file names."""
    assert name_of(Lamp, "label") == "says"
    assert name_of(Lamp, "is_lit") == "is_lit"
    assert name_of(Room, "lamp") == ""
    assert name_of(dict, "label") == "label"


def test_a_rule_between_keys_is_asked_of_mappings_alone() -> None:
    """What is broken has its finding: a rule has nothing to say of it."""
    asked: list[Node] = []
    kind: ValueKind[Lamp] = mapping_of(Lamp, check=lambda _lamp, node, _context: asked.append(node))
    tree = node_of({"colour": "red"}, PLACE)
    for node in (tree, Broken(PLACE)):
        kind.read(node, Context(Report(), Environment({}), None), "lamp")

    assert asked == [tree]


EACH_KEY = [
    pytest.param(each, id=f"{section.heading}-{each.name}")
    for section in sections()
    for each in section.keys
]


@pytest.mark.parametrize("each", EACH_KEY)
def test_what_is_said_of_a_key_is_true(each: Key) -> None:
    """Its default is legal, and said in its description and in the schema."""
    about = next(
        properties[each.name]
        for node in [schema(), *schema()["$defs"].values()]
        for properties in (node.get("properties", {}), node.get("else", {}).get("properties", {}))
        if properties.get(each.name, {}).get("description") == each.description
    )
    validator = Draft202012Validator({**about, "$defs": schema()["$defs"]})

    assert about.get("default") == each.default
    assert each.default is None or validator.is_valid(each.default)
    assert each.default is None or "Default: `" in each.description
    assert each.name in legal_keys()
