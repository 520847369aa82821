"""What an expression reads, for explanations."""

from __future__ import annotations

import pytest

from ticketbridge.jmes import NOWHERE, compile_expression, root_paths

ROOTS = ("user", "order", "item", "events")


@pytest.mark.parametrize(
    ("text", "paths"),
    [
        ("item.id", ["item.id"]),
        ("item.x[0].y", ["item.x[0].y"]),
        ('item."x-y"', ['item."x-y"']),
        ("minor_units(item.c, item.cur) || item.c", ["item.c", "item.cur"]),
        ("lookup(events, 'slug', order.event).currency", ["events", "order.event"]),
        ("order.items[?state == 'PAID'].id", ["order.items"]),
        ("{a: item.a, b: [order.b]}", ["item.a", "order.b"]),
        ("length(order.items) > `0` && !(item.gone)", ["order.items", "item.gone"]),
        ("item.x[].y", ["item.x"]),
        ("order.*.id", ["order"]),
        ("max_by(order.items, &price)", ["order.items"]),
        ("`1`", []),
    ],
)
def test_the_paths_of_an_expression_begin_at_its_roots(text: str, paths: list[str]) -> None:
    """Each plain path is named once, in order; what is read below a projection is no path."""
    expression = compile_expression(text, roots=ROOTS)

    assert [str(path) for path in root_paths(expression)] == paths


def test_an_expression_on_a_document_has_no_roots() -> None:
    """Without roots there is nothing to begin at."""
    assert root_paths(compile_expression("a.b")) == ()


def test_a_path_gives_its_value_or_says_that_it_leads_nowhere() -> None:
    """null is a value; an absent key, an index past the end and a key of no object are not."""
    scope = {"item": {"a": [{"b": 1}], "n": None}}

    def value(text: str) -> object:
        (path,) = root_paths(compile_expression(text, roots=("item",)))
        return path.value(scope)

    assert value("item.a[0].b") == value("item.a[-1].b") == 1
    assert value("item.n") is None
    for text in ("item.c", "item.a[1]", "item.a[-2]", "item.n.c", "item.n[0]"):
        assert value(text) is NOWHERE
