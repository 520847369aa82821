"""What may stand at the cursor of a mapping that is being written, and what a word in it means."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.support import item, order, orders
from tests.workbench.studio.asking import Asked
from ticketbridge.workbench.studio.cursor_context import find_context

TEXT = """\
version: 1
platform: acme
endpoint:
  access: open
upstream:
  base_url: "${ACME}"
source:
  - name: order
    get: /orders
    query: {email: "{user}"}
    each: body.orders
  - name: item
    each: order.items
ticket:
  owner: order.email
  status:
    from: item.state
    values: {PAID: VALID}
  fields:
    ticketId: item.id
    externalReferenceEventId: order.event
    showId: order.event
    ticketOptionId: item.zone
    price: item.price
    currency: {const: EUR}
"""


@pytest.fixture
def asked(tmp_path: Path) -> Asked:
    """The mapping above, run on an order with two items."""
    file = tmp_path / "acme.yaml"
    file.write_text(TEXT, "utf-8")
    made = Asked(file)
    made.paste("", orders(order(item(1), item(2, **{"seat no": 4, "a@b.example": 1}))))
    made.run()
    return made


@pytest.mark.parametrize(
    ("text", "path", "is_key", "before"),
    [
        ("", (), True, ""),
        ("tick", (), True, "tick"),
        ("ticket:\n  ow", ("ticket",), True, "ow"),
        ("ticket:\n  owner: or", ("ticket", "owner"), False, "or"),
        ("ticket:\n  fields:\n    a: b\n    c", ("ticket", "fields"), True, "c"),
        ("ticket:\n  fields:\n    a: b\n  ", ("ticket",), True, ""),
        ("source:\n  - na", ("source", "-"), True, "na"),
        ("source:\n  - name: a\n    ge", ("source", "-"), True, "ge"),
        ("source:\n  - name: a\n  - ge", ("source", "-"), True, "ge"),
        (
            "source:\n- name: a\n  responses:\n  - status: 4",
            ("source", "-", "responses", "-", "status"),
            False,
            "4",
        ),
        ("source:\n- name: a\n  responses:\n  - status: 4\n  pa", ("source", "-"), True, "pa"),
        ("upstream:\n  auth: {ty", ("upstream", "auth"), True, "ty"),
        ("upstream:\n  auth: {type: be", ("upstream", "auth", "type"), False, "be"),
        ("upstream:\n  auth: {type: basic, us", ("upstream", "auth"), True, "us"),
        ("source:\n  - {name: a, ge", ("source", "-"), True, "ge"),
        ("source: [{name: a}, {ge", ("source", "-"), True, "ge"),
        ("a: {b: 'x, y', c", ("a",), True, "c"),
        ("a: {b: {c: d}, e: f", ("a", "e"), False, "f"),
        ("a:\n  # b: c\n  d", ("a",), True, "d"),
    ],
)
def test_a_cursor_knows_where_it_stands(
    text: str, path: tuple[str, ...], is_key: bool, before: str
) -> None:
    """By the lines above and the brackets that are open, in a text that is no YAML yet."""
    context = find_context(text, len(text))

    assert (context.path, context.is_key, context.before) == (path, is_key, before)


def test_a_cursor_knows_the_entries_above_it() -> None:
    """In `source` those before its own, elsewhere all of them."""
    inside = find_context(TEXT, TEXT.index("order.items"))
    assert (inside.names, inside.entry) == (("order",), "item")
    below = find_context(TEXT, TEXT.index("item.state"))
    assert (below.names, below.entry) == (("order", "item"), "")


def complete(asked: Asked, begin: str, end: str = "") -> tuple[int, list[str]]:
    """Return what may stand behind *begin* in the mapping, in place of how many characters."""
    at = TEXT.index(begin) + len(begin) if begin else 0
    text = TEXT[:at] + end
    found = asked.ask("complete", text=text + TEXT[at:] if not end else text, offset=len(text))
    return found["replaces"], [option["label"] for option in found["options"]]


@pytest.mark.parametrize(
    ("begin", "end", "replaces", "due"),
    [
        ("ticket:\n", "  on_", 3, ["on_violation"]),
        ("ticket:\n", "  on_violation: ", 0, ["fail", "omit"]),
        ("endpoint:\n", "  access: o", 1, ["open"]),
        ("    each: order.items\n", "    any_content_type: ", 0, ["true", "false"]),
        ("version: ", "", 0, ["1"]),
        ("upstream:\n", "  auth: {type: b", 1, ["bearer", "basic"]),
        ("    get: /orders\n", "    pages: {num", 3, ["number"]),
        ("    ticketId: item.", "", 0, ["id", "state", "zone", "price", "seat no"]),
        ("    each: body.", "", 0, ["orders"]),
        ("    get: /orders\n", '    query: {email: "{us', 2, None),
        (
            "    from: ",
            "lookup(order.items, 'id', item.",
            0,
            ["id", "state", "zone", "price", "seat no"],
        ),
        ("    get: /orders\n", "    query: {email: us", 2, []),
        ("    values: {PAID: ", "", 0, []),
    ],
)
def test_what_may_stand_there_is_offered(
    asked: Asked, begin: str, end: str, replaces: int, due: list[str] | None
) -> None:
    """Keys and words of the schema, and the members of the platform's data without anybody's address."""
    found = complete(asked, begin, end)

    assert found[0] == replaces
    if due is None:
        assert found[1][0] == "user"
    else:
        assert found[1][: len(due)] == due
        assert due or not found[1]


def test_an_expression_begins_with_a_legal_root_or_a_function(asked: Asked) -> None:
    """In a response slot also with the answer; functions come with their signature and help."""
    _, slot = complete(asked, "    each: ", "b")
    assert slot[:5] == ["user", "body", "status", "headers", "page"]
    _, field = complete(asked, "    ticketId: ", "i")
    assert field[:3] == ["user", "order", "item"]
    assert "body" not in field
    options = asked.ask("complete", text=TEXT, offset=TEXT.index("item.id"))["options"]
    lookup = next(option for option in options if option["label"] == "lookup")
    assert lookup["detail"] == "lookup(list, key, value)"
    assert lookup["apply"] == "lookup("
    assert lookup["info"]


def test_without_a_run_the_schema_alone_helps(tmp_path: Path) -> None:
    """No data is known yet: no members, and no value of a path."""
    made = Asked(tmp_path / "acme.yaml")
    assert complete(made, "    ticketId: item.")[1] == []
    assert made.ask("hover", text=TEXT, offset=TEXT.index("item.id") + 6) is None
    assert made.ask("hover", text=TEXT, offset=TEXT.index("owner"))["title"] == "owner"


@pytest.mark.parametrize(
    ("word", "within", "title", "text"),
    [
        ("owner", 2, "owner", "Whose ticket a record is"),
        ("item.state", 6, "item.state", 'text: "PAID"'),
        ("item.state", 1, "item", "an object: keys id, state, zone, price"),
        ("order.items", 8, "order.items", "a list: 2 elements"),
        ("body.orders", 6, "body.orders", "a list: 1 elements"),
        ("order.email", 7, "order.email", 'text: "(e-mail)"'),
        ("acme", 1, None, None),
        ("PAID", 1, "PAID", "`VALID`, or the mark of a ticket"),
    ],
)
def test_a_word_is_explained(
    asked: Asked, word: str, within: int, title: str | None, text: str | None
) -> None:
    """A key by the schema, a path by its value, masked; other words not at all."""
    found: Any = asked.ask("hover", text=TEXT, offset=TEXT.index(word) + within)

    assert (found and found["title"]) == title
    assert text is None or found["text"].startswith(text)


def test_a_function_is_explained_and_a_space_is_not(asked: Asked) -> None:
    """By its signature and what it does."""
    text = TEXT.replace("price: item.price", "price: round(item.price, `2`)")
    found = asked.ask("hover", text=text, offset=text.index("round") + 1)
    assert found["title"] == "round(x, digits)"
    assert asked.ask("hover", text="a: b\n   c", offset=6) is None
    assert asked.ask("hover", text="", offset=0) is None
    absent = TEXT.replace("item.zone", "item.none")
    assert asked.ask("hover", text=absent, offset=absent.index("item.none") + 6) is None
    assert (
        asked.ask(
            "hover", text=TEXT.replace("item.id", "gone.id"), offset=TEXT.index("item.id") + 6
        )
        is None
    )
