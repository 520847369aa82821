"""A path that several expressions of one record read is followed once, and each still has its own rules."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support import USER, answer_of, item, order, orders, tickets_of
from ticketbridge.engine.problems import MappingMismatch
from ticketbridge.jmes import EvaluationError, compile_expression

pytestmark = pytest.mark.anyio

OPTIONAL = "optional(item.who.mail)"
STRICT = "item.who.mail"
GONE = "ticket.not_eligible_when"
FIELDS = "ticket.fields"


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param(
            {GONE: {"none": f"{OPTIONAL} == 'x'"}, f"{FIELDS}.buyer": STRICT}, id="condition, field"
        ),
        pytest.param(
            {f"{FIELDS}.metadata": {"mail": OPTIONAL}, f"{FIELDS}.buyer": STRICT}, id="two fields"
        ),
        pytest.param(
            {f"{FIELDS}.metadata": {"a": OPTIONAL, "b": STRICT}}, id="members of one field"
        ),
        pytest.param(
            {GONE: {"a": f"{OPTIONAL} == 'x'", "b": f"{STRICT} == 'x'"}}, id="two conditions"
        ),
        pytest.param(
            {GONE: {"a": f"{OPTIONAL} == 'x'"}, "ticket.owner": STRICT}, id="condition, owner"
        ),
        pytest.param(
            {
                f"{FIELDS}.metadata": {"a": "optional(item.who).mail", "b": "item.who.mail"},
                f"{FIELDS}.nominalTicket": {"fullName": "item.who.mail.name"},
            },
            id="a part of the path",
        ),
        pytest.param(
            {GONE: {"a": f"{OPTIONAL} == 'x' || {STRICT} == 'x'"}}, id="in one expression"
        ),
    ],
)
@pytest.mark.parametrize("who", [{}, None], ids=["key absent", "object absent"])
async def test_a_path_stays_strict_beside_an_optional_one(changes: Any, who: Any) -> None:
    """A key that is asked for without `optional` must be there, whoever asked for it with it before."""
    record = item(1) if who is None else item(1, who=who)

    with pytest.raises(MappingMismatch):
        await answer_of(changes, {"/orders": orders(order(record))})


async def test_a_path_found_strictly_serves_both() -> None:
    """Where the key is there, both give its value; null stays a value for both."""
    changes = {
        GONE: {"none": f"{OPTIONAL} == 'x'"},
        FIELDS + ".buyer": STRICT,
        FIELDS + ".metadata": {"mail": OPTIONAL, "row": "optional(item.who.row)"},
    }
    record = item(1, who={"mail": USER})

    (ticket,) = tickets_of(await answer_of(changes, {"/orders": orders(order(record))}))

    assert ticket["buyer"] == USER
    assert ticket["metadata"] == {"mail": USER}


def nested(inner: str, levels: int) -> str:
    """*inner* below that many conditions, each a level of its own in the code that is made of it."""
    for _ in range(levels):
        inner = f"(a.b == 'x' && {inner})"
    return inner


@pytest.mark.parametrize("levels", range(1, 34))
@pytest.mark.parametrize("roots", [("a",), None], ids=["rooted", "document"])
def test_a_path_is_found_at_any_depth(levels: int, roots: tuple[str, ...] | None) -> None:
    """An expression gives one value however deep it is nested, also of paths that it has read before."""
    document = {"a": {"b": "x", "c": {"d": "deep"}}}
    text = f"[a.c.d, {nested('a.c.d', levels)}, a.c, {nested('a.c.d', levels)}]"

    found = compile_expression(text, roots=roots)(document)

    assert found == ["deep", "deep", {"d": "deep"}, "deep"]
    with pytest.raises(EvaluationError, match='no key "d"'):
        compile_expression(nested("a.c.d", levels), roots=roots)({"a": {"b": "x", "c": {}}})


async def test_a_deep_condition_is_asked_in_the_answer() -> None:
    """A deep condition that reads what fields and checks read too decides as a flat one does."""
    deep = nested("item.zone == 'A'", 15).replace("a.b == 'x'", "item.price > `5`")
    changes = {GONE: {"gone": deep}, FIELDS + ".metadata": {"deep": deep, "zone": "item.zone"}}
    records = [item(1, zone="A"), item(2, zone="B")]

    (ticket,) = tickets_of(await answer_of(changes, {"/orders": orders(order(*records))}))

    assert ticket["metadata"] == {"deep": False, "zone": "B"}
