"""A platform with its own agreement: another body, another schema, other types."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.fake_platform import FakePlatform, Reply
from tests.stand_in import compiled_on
from tests.support import (
    NOW,
    USER,
    Replies,
    answer_of,
    ids_on,
    item,
    log_of_the_deepest,
    order,
    orders,
    spec_of,
    tickets_of,
)
from tests.support import bridge_of as bridge_on
from ticketbridge.engine.answer_trace import AnswerTrace
from ticketbridge.engine.bridge import Bridge
from ticketbridge.engine.problems import MappingMismatch
from ticketbridge.jmes import TooLongError
from ticketbridge.mapping import MappingError

pytestmark = pytest.mark.anyio

TICKET: Mapping[str, Any] = {
    "type": "object",
    "properties": {
        "ticketId": {"type": "integer"},
        "price": {"type": "string"},
        "state": {"type": "string"},
    },
    "additionalProperties": False,
}
FIELDS = {"ticketId": "item.id", "price": "item.price", "state": {"const": "ok"}}


def bridge_of(
    folder: Path,
    schema: object,
    body: str,
    changes: Mapping[str, Any] | None = None,
    **of_item: Any,
) -> Bridge:
    """MAPPING with another body, on a platform with one ticket."""
    (folder / "own.json").write_text(json.dumps(schema))
    response = {"body": body, "schema": "own.json"}
    spec = spec_of({"response": response, **(changes or {})}, folder=folder)
    return compiled_on(Replies({"/orders": orders(order(item(**of_item)))}), spec)


async def body_of(bridge: Bridge) -> Any:
    """The body that menta tech gets."""
    return json.loads((await bridge.answer(USER, now=NOW)).body)


async def test_a_bare_list_is_held_to_its_own_schema(tmp_path: Path) -> None:
    """Where the body is the tickets themselves, their schema's types convert, and its names hold."""
    schema = {"type": "array", "items": {"$ref": "#/$defs/t"}, "$defs": {"t": TICKET}}

    bridge = bridge_of(tmp_path, schema, "tickets", {"ticket.fields": FIELDS}, number="7", price=10)

    assert await body_of(bridge) == [{"ticketId": 7, "price": "10", "state": "ok"}]


async def test_tickets_are_found_where_the_body_puts_them(tmp_path: Path) -> None:
    """The body may hold the tickets at any depth, and more beside them."""
    list_schema = {"type": "array", "items": TICKET}
    data = {"type": "object", "properties": {"own": list_schema}}
    schema = {"type": "object", "properties": {"data": data, "for": {"type": "string"}}}

    bridge = bridge_of(
        tmp_path, schema, "{for: user, data: {own: tickets}}", {"ticket.fields": FIELDS}, price="5"
    )

    assert await body_of(bridge) == {
        "for": USER,
        "data": {"own": [{"ticketId": 1, "price": "5", "state": "ok"}]},
    }


async def test_a_name_that_the_own_schema_lacks_is_an_error(tmp_path: Path) -> None:
    """The names of the fields are those of the platform's own schema."""
    with pytest.raises(MappingError, match=r"TB301.*ticketOptionId|TB301.*no field"):
        bridge_of(tmp_path, {"type": "array", "items": TICKET}, "tickets")


async def test_a_reshaped_ticket_needs_only_its_id(tmp_path: Path) -> None:
    """Where the body reshapes the tickets, they are the contract's, and need no more than the id."""
    schema = {"type": "array", "items": {"type": "object", "required": ["code", "cents"]}}

    bridge = bridge_of(
        tmp_path,
        schema,
        "tickets[*].{code: ticketId, cents: multiply(price, `100`)}",
        {"ticket.fields": {"ticketId": "item.id", "price": "item.price"}},
        price=19.99,
    )

    assert await body_of(bridge) == [{"code": "1", "cents": 1999}]


async def test_a_reshaped_ticket_is_held_to_the_contract(tmp_path: Path) -> None:
    """Whatever the body makes of it: a price below nothing is none."""
    bridge = bridge_of(
        tmp_path,
        {"type": "array"},
        "tickets[*].{code: ticketId}",
        {"ticket.fields": {"ticketId": "item.id", "price": "item.price"}},
        price=-1,
    )

    with pytest.raises(MappingMismatch, match="violation:price"):
        await bridge.answer(USER, now=NOW)


async def test_a_decimal_that_the_body_reckons_goes_out_as_a_number(tmp_path: Path) -> None:
    """Arithmetic in `response.body` gives numbers, never their text, explained or not."""
    schema = {"type": "array", "items": {"properties": {"fee": {"type": "number"}}}}
    body = "tickets[*].{code: ticketId, fee: multiply(price, `0.1`)}"

    for explains in (False, True):
        bridge = bridge_of(tmp_path, schema, body, price=12.5)
        answer = await bridge.answer(USER, AnswerTrace(explains=explains), now=NOW)
        assert json.loads(answer.body) == [{"code": "1", "fee": 1.25}]


async def test_a_reshaped_ticket_without_its_id_is_an_error(tmp_path: Path) -> None:
    """Tickets are told apart by `ticketId`, whatever the body calls it."""
    with pytest.raises(MappingError, match=r"TB302.*ticketId"):
        bridge_of(
            tmp_path,
            {"type": "array"},
            "tickets[*].{p: price}",
            {"ticket.fields": {"price": "item.price"}},
        )


async def test_a_schema_whose_tickets_have_no_id_is_an_error(tmp_path: Path) -> None:
    """A schema of tickets without `ticketId` needs a body that renames it."""
    schema = {
        "type": "array",
        "items": {"type": "object", "properties": {"id": {"type": "string"}}},
    }

    with pytest.raises(MappingError, match="TB306"):
        bridge_of(tmp_path, schema, "tickets", {"ticket.fields": {"id": "item.id"}})


async def test_a_body_that_breaks_its_schema_is_a_mismatch(tmp_path: Path) -> None:
    """What goes out is held to the schema as a whole."""
    schema = {"type": "array", "maxItems": 0}

    with pytest.raises(
        MappingMismatch,
        match=r"^response: acme\.yaml:\d+:\d+: the body breaks `maxItems` @ \$, in `tickets\[\*\]",
    ):
        await body_of(bridge_of(tmp_path, schema, "tickets[*].{code: ticketId}"))


async def test_a_body_that_cannot_be_made_is_a_mismatch(tmp_path: Path) -> None:
    """An error in the body's expression is a mismatch that names it."""
    buyer = {"ticket.fields.buyer": "`null`"}

    with pytest.raises(MappingMismatch, match="response: body"):
        await body_of(bridge_of(tmp_path, {"type": "array"}, "tickets[*].{code: buyer}", buyer))


async def test_the_own_status_is_sent_only_where_the_schema_has_it(tmp_path: Path) -> None:
    """`status` goes out where the ticket's schema knows it, or is open."""
    open_ticket = {"type": "object", "properties": {"ticketId": {"type": "string"}}}
    fields = {"ticket.fields": {"ticketId": "item.id"}}

    made = await body_of(
        bridge_of(tmp_path, {"type": "array", "items": open_ticket}, "tickets", fields)
    )

    assert made == [{"ticketId": "1", "status": "VALID"}]


LIST = {"type": "array", "items": {"type": "object", "required": ["code"]}}
OBJECT = {
    "type": "object",
    "properties": {"data": LIST, "user": {"type": "string"}, "count": {"type": "integer"}},
    "required": ["data", "user"],
    "additionalProperties": False,
}


@pytest.mark.parametrize(
    ("schema", "body", "finding"),
    [
        (LIST, "{data: tickets}", "TB304.*an object, where `schema` has array"),
        (OBJECT, "tickets", "TB304.*an array, where `schema` has object"),
        (OBJECT, "{data: user, user: user}", "TB304.*a string, where `schema` has array"),
        (OBJECT, "{data: tickets}", r"TB302.*needs `user` here.*\{user: \.\.\., "),
        (OBJECT, "{data: tickets, usr: user, user: user}", 'TB301.*no `usr`.*did you mean "user"'),
        (LIST, "tickets[*].{id: ticketId}", "TB302.*needs `code` here"),
        (LIST, "tickets[*].{code: tiketId}", 'TB309.*no ticket has a `tiketId`.*"ticketId"'),
        (LIST, "tickets[?prize > `0`].{code: ticketId}", "TB309.*no ticket has a `prize`"),
        (LIST, "tickets[*].{code: optional(seat.row)}", "TB309.*no ticket has a `seat`"),
        (OBJECT, "{data: tickets[*].{code: join('-', [ticketId, x])}, user: user}", "TB309.*`x`"),
    ],
)
async def test_a_body_that_can_never_fit_is_an_error_before_any_call(
    tmp_path: Path, schema: object, body: str, finding: str
) -> None:
    """Names and types that the body's text tells are held to its schema, and to the tickets' fields."""
    with pytest.raises(MappingError, match=finding):
        bridge_of(tmp_path, schema, body)


@pytest.mark.parametrize(
    ("schema", "body"),
    [
        (OBJECT, "{data: tickets[*].{code: ticketId}, user: user, count: length(tickets)}"),
        (LIST, "tickets[*].{code: ticketId, at: now(), seat: optional(props).seating, s: status}"),
        ({"type": "array"}, "sort_by(tickets, &ticketId)[*].ticketId"),
    ],
)
async def test_a_body_that_may_fit_is_left_to_run_time(
    tmp_path: Path, schema: object, body: str
) -> None:
    """What cannot be told from the text is no finding."""
    fields = {"ticket.fields.props": {"seating": {"row": "item.id"}}}

    found = bridge_of(tmp_path, schema, body, fields).warnings

    assert [finding.code for finding in found if finding.code != "TB054"] == []


ROOM = "more than 30000 bytes (max_body, and 1000 for each of max_records)"
SMALL = {"upstream.max_body": "10KB", "upstream.max_records": 20}
IN_EACH = {"ticket.fields.metadata": "order"}


def of_many(count: int, length: int) -> dict[str, Any]:
    """An order of so many items, and so long a text."""
    return {"/orders": orders(order(*map(item, range(count)), text="x" * length))}


@pytest.mark.parametrize("explains", [False, True])
async def test_the_default_body_is_bounded(*, explains: bool) -> None:
    """What stands once in the platform's answer may not come out of it thousands of times."""
    with pytest.raises(MappingMismatch, match="more than") as caught:
        await answer_of(
            {**SMALL, **IN_EACH}, of_many(19, 5_000), trace=AnswerTrace(explains=explains)
        )

    assert ROOM in caught.value.log


@pytest.mark.parametrize("explains", [False, True])
async def test_an_answer_as_long_as_allowed_is_one(*, explains: bool) -> None:
    """Below the bound nothing is lost."""
    answer = await answer_of(
        {**SMALL, **IN_EACH}, of_many(3, 8_000), trace=AnswerTrace(explains=explains)
    )

    assert [len(ticket["metadata"]["text"]) for ticket in tickets_of(answer)] == [8_000] * 3


@pytest.mark.parametrize("explains", [False, True])
@pytest.mark.parametrize(
    "body",
    ["tickets[*].{code: ticketId, all: optional(metadata)}", "[tickets, tickets]"],
)
async def test_any_other_body_is_bounded(tmp_path: Path, body: str, *, explains: bool) -> None:
    """So is a body with its own schema, whatever it makes of the tickets."""
    (tmp_path / "own.json").write_text(json.dumps({"type": "array"}))
    response = {"body": body, "schema": "own.json"}
    spec = spec_of({"response": response, **SMALL, **IN_EACH}, folder=tmp_path)
    bridge = compiled_on(Replies(of_many(19, 5_000)), spec)

    with pytest.raises(MappingMismatch) as caught:
        await bridge.answer(USER, AnswerTrace(explains=explains), now=NOW)

    assert ROOM in caught.value.log


async def test_a_long_answer_is_written_in_parts() -> None:
    """Tickets that are long together are divided, with turns for others; the answer is the same."""
    replies = of_many(600, 20_000)
    large = {"ticket.fields.metadata": {"text": "order.text"}}
    turns = 0

    async def others() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    async with asyncio.TaskGroup() as group:
        waiting = group.create_task(others())
        bridge, _ = bridge_on(large, replies)
        tickets = [{"ticketId": str(at), "metadata": {"text": "x" * 20_000}} for at in range(600)]
        writing = bridge._response.writing(USER)
        with pytest.raises(TooLongError):
            writing.add(tickets)
        answer = await bridge.answer(USER, now=NOW)
        waiting.cancel()

    assert [ticket["ticketId"] for ticket in tickets_of(answer)] == [str(at) for at in range(600)]
    assert turns > 3


@pytest.mark.parametrize("explains", [False, True])
async def test_the_frame_of_the_tickets_counts_too(*, explains: bool) -> None:
    """One byte more than the bound is too long, though the tickets alone are not."""
    changes = {**SMALL, **IN_EACH}
    body = (await answer_of(changes, of_many(3, 8_000))).body
    fits = 8_000 + (30_000 - len(body)) // 3

    answer = await answer_of(changes, of_many(3, fits), trace=AnswerTrace(explains=explains))
    assert 30_000 - 3 < len(answer.body) <= 30_000
    with pytest.raises(MappingMismatch) as caught:
        await answer_of(changes, of_many(3, fits + 1), trace=AnswerTrace(explains=explains))
    assert ROOM in caught.value.log


NO_UTF8 = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nX-Mark: \xff\r\nContent-Length: 2\r\n\r\n{}"


@pytest.mark.parametrize("explains", [False, True])
async def test_half_a_character_is_no_answer(platform: FakePlatform, *, explains: bool) -> None:
    """A header that is no UTF-8 may become a name in a field, and JSON has no way to say it."""
    platform.on("/mark", Reply(steps=[NO_UTF8]))
    platform.on("/orders", Reply(json=orders(order(item(1)))))
    changes = {
        "source": [
            {"name": "mark", "get": "/mark", "take": 'headers."x-mark"'},
            {"name": "order", "get": "/orders", "query": {"e": "{user}"}, "each": "body.orders"},
            {"name": "item", "each": "order.items"},
        ],
        "ticket.fields.metadata": "rows([mark], [['x']])[0]",
    }

    with pytest.raises(MappingMismatch) as caught:
        await ids_on(platform, changes, AnswerTrace(explains=explains))

    assert caught.value.log == "response: body: no JSON"


@pytest.mark.parametrize("explains", [False, True])
async def test_a_body_that_is_nested_too_deeply_is_a_mismatch(
    tmp_path: Path, *, explains: bool
) -> None:
    """The body may put a document that is as deep as can be into a deeper one."""
    body = f"tickets[*].{{id: ticketId, x: {'[' * 90}from_json(metadata.x){']' * 90}}}"
    fields = {"ticketId": "item.id", "metadata": {"x": "item.text"}}

    async def log_at(levels: int) -> str:
        text = "[" * levels + "]" * levels
        bridge = bridge_of(tmp_path, {"type": "array"}, body, {"ticket.fields": fields}, text=text)
        try:
            await bridge.answer(USER, AnswerTrace(explains=explains), now=NOW)
        except MappingMismatch as problem:
            return problem.log
        return ""

    assert await log_of_the_deepest(log_at) == "response: body: no JSON"
