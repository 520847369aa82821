"""Cursors of any JSON value: a platform that goes on after what it is given, and looks at its type."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest

from tests.fake_platform import FakePlatform, Reply, Seen
from tests.support import USER, ids_on, item, order, orders, problem_on, spec_of
from ticketbridge.engine.bridge import compile_mapping
from ticketbridge.engine.problems import MappingMismatch
from ticketbridge.mapping import MappingError

pytestmark = pytest.mark.anyio

ABSENT = "(absent)"
SEARCH: Mapping[str, Any] = {
    "name": "order",
    "post": "/_search",
    "json": {"query": {"email": "{user}"}, "search_after": "{page.cursor}"},
    "pages": {"cursor": "body.next"},
    "each": "body.orders",
}


def searching(**call: Any) -> dict[str, Any]:
    """MAPPING with a search whose cursor stands in its body."""
    return {"source.0": {**SEARCH, **call}}


def after(cursors: list[Any]) -> Any:
    """A platform whose pages have these cursors: each is given for the one before, whole and of its type."""

    def reply(seen: Seen) -> Reply:
        given = json.loads(seen.content).get("search_after", ABSENT)
        known = [ABSENT, *cursors]
        if json.dumps(given) not in map(json.dumps, known):
            return Reply(400, json={"error": "no such cursor"})
        at = list(map(json.dumps, known)).index(json.dumps(given))
        following = cursors[at] if at < len(cursors) else None
        return Reply(json={**orders(order(item(at))), "next": following})

    return reply


@pytest.mark.parametrize(
    "cursor",
    [
        pytest.param([1700000000000, "ord-7"], id="list"),
        pytest.param({"after": {"id": 7}, "shard": [1, None]}, id="object"),
        pytest.param(1.5, id="fraction"),
        pytest.param(12345678901234567890, id="long integer"),
        pytest.param("b2Zm", id="text"),
        pytest.param(True, id="true"),
        pytest.param(0, id="zero"),
        pytest.param([], id="empty list"),
    ],
)
async def test_any_value_goes_on_as_it_came(platform: FakePlatform, cursor: Any) -> None:
    """Alone in `json` a cursor keeps its value and type; on the first page its member is not there."""
    platform.on("/_search", after([cursor]))

    assert await ids_on(platform, searching()) == ["0", "1"]


@pytest.mark.parametrize("end", [None, False, ""], ids=["null", "false", "empty"])
async def test_the_end_is_told_as_ever(platform: FakePlatform, end: object) -> None:
    """Null, false and an empty text end the pages, of any kind of cursor."""
    platform.on("/_search", Reply(json={**orders(order(item(1))), "next": end}))

    assert await ids_on(platform, searching()) == ["1"]


async def test_the_same_list_twice_is_an_endless_walk(platform: FakePlatform) -> None:
    """A cursor that does not move on asks for the same page twice."""
    numbers = iter(range(9))
    platform.on(
        "/_search", lambda _: Reply(json={**orders(order(item(next(numbers)))), "next": [1, "a"]})
    )

    found = await problem_on(platform, searching())

    assert isinstance(found, MappingMismatch)
    assert "the same page is asked for twice" in found.log
    assert len(platform.seen) == 2


@pytest.mark.parametrize(
    "call",
    [
        pytest.param({"json": {}, "query": {"after": "{page.cursor}"}}, id="query"),
        pytest.param({"json": {"after": "at {page.cursor}"}}, id="within a text"),
        pytest.param(
            {"json": {"after": "{page.cursor}"}, "headers": {"A": "{page.cursor}"}}, id="header"
        ),
        pytest.param({"json": ..., "form": {"after": "{page.cursor}"}}, id="form"),
    ],
)
@pytest.mark.parametrize(
    ("cursor", "kind"),
    [([7], "an array"), ({"a": 1}, "an object"), (1.5, "a number"), (True, "a boolean")],
)
async def test_elsewhere_only_text_and_integers_go_on(
    platform: FakePlatform, call: Mapping[str, Any], cursor: Any, kind: str
) -> None:
    """A list or an object has no place in a text: it is an error, and never a part of it."""
    platform.on("/_search", Reply(json={**orders(order(item(1))), "next": cursor}))
    whole = {**SEARCH, **call}
    changes = {"source.0": {name: value for name, value in whole.items() if value is not ...}}
    if "query" not in call:
        # A hole that gives null is an error too: the first page has another way to say it.
        text = json.dumps(changes).replace("page.cursor", "page.cursor || 'first'")
        changes = json.loads(text)

    found = await problem_on(platform, changes)

    assert isinstance(found, MappingMismatch)
    assert "gives no cursor, but" in found.log
    assert kind in found.log
    assert len(platform.seen) == 1


async def test_only_a_hole_of_the_page_is_left_out(platform: FakePlatform) -> None:
    """Another member that is null says so, and so do an element of a list and a variable of GraphQL."""
    document = {
        "user": "{user}",
        "none": "{null_if(user, user)}",
        "list": ["{page.cursor}"],
        "deep": {"after": "{page.cursor}", "from": "{page.cursor || `null`}", "size": 9},
    }
    platform.on("/_search", Reply(json={**orders(order(item(1))), "next": None}))

    await ids_on(platform, searching(json=document))

    sent = json.loads(platform.seen[0].content)
    assert sent == {"user": USER, "none": None, "list": [None], "deep": {"size": 9}}


async def test_variables_of_graphql_stay(platform: FakePlatform) -> None:
    """A query declares its variables: null is sent."""
    query = (
        "query ($after: String, $email: String!) { orders(after: $after, email: $email) { id } }"
    )
    graphql = {"query": query, "variables": {"after": "{page.cursor}", "email": "{user}"}}
    call = {name: value for name, value in SEARCH.items() if name != "json"}
    platform.on("/_search", Reply(json={**orders(order(item(1))), "next": None}))

    await ids_on(platform, {"source.0": {**call, "graphql": graphql}})

    assert json.loads(platform.seen[0].content)["variables"] == {"after": None, "email": USER}


def test_a_cursor_that_can_only_be_a_list_needs_its_place() -> None:
    """`check` says so before any call, where the request has no place for it."""
    with pytest.raises(MappingError, match="where a string, an integer, null or false is due"):
        compile_mapping(
            spec_of(
                searching(
                    pages={"cursor": "as_list(body.next)"},
                    json={},
                    query={"after": "{page.cursor}"},
                )
            )
        )
