"""Rules that keep a false answer in, each through an answer that is made both ways."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.engine.tickets.judging import answered, mismatched
from tests.support import USER, bridge_of, item, order, orders, tickets_of
from ticketbridge.engine.answer_trace import AnswerTrace
from ticketbridge.engine.problems import UpstreamTimeout
from ticketbridge.engine.tickets.duplicates import resolve_duplicates
from ticketbridge.engine.tickets.program import Program
from ticketbridge.engine.tickets.steps import is_owner
from ticketbridge.engine.tickets.verdicts import RETURNED, Record, Verdict

pytestmark = pytest.mark.anyio

SOURCE_OF_ITEMS = [
    {"name": "order", "get": "/orders", "query": {"email": "{user}"}, "each": "body.orders"},
    {"name": "item", "each": "order.items"},
]
OF_ITEM: Mapping[str, Any] = {"ticket.owner": "item.email"}
SEATS: Mapping[str, Any] = {
    "source": [
        SOURCE_OF_ITEMS[0],
        {"name": "seats", "get": "/seats/{order.event}", "take": "body"},
        {"name": "item", "each": "order.items"},
    ]
}


def mine(number: int | str = 1, **changes: Any) -> dict[str, Any]:
    """An item that names its owner: the user."""
    return item(number, **{"email": USER, **changes})


def ids(answer: Any) -> list[Any]:
    """The ids of the tickets in an answer."""
    return [ticket["ticketId"] for ticket in tickets_of(answer)]


def schema(folder: Path, **properties: Any) -> dict[str, Any]:
    """Write an own schema of a list of open tickets, and give the changes that name it."""
    ticket = {"type": "object", "properties": {"ticketId": {"type": "string"}, **properties}}
    (folder / "own.json").write_text(json.dumps({"type": "array", "items": ticket}), "utf-8")
    return {"response": {"body": "tickets", "schema": "own.json"}}


def own_ids(answer: Any) -> list[Any]:
    """The ids in a body that is the list of tickets."""
    return [ticket["ticketId"] for ticket in json.loads(answer.body)]


# --- nothing that the platform said is lost -------------------------------------------------------


@pytest.mark.parametrize("number", [1, 2, 501])
async def test_an_answer_with_tickets_is_never_204(number: int) -> None:
    """With `when_empty: 204` a user who has tickets gets them, with 200."""
    changes = {"response.when_empty": 204}

    answer, _ = await answered({"/orders": orders(order(*map(item, range(number))))}, changes)

    assert answer.status == 200
    assert len(ids(answer)) == number


async def test_a_user_whose_tickets_are_all_left_out_gets_204() -> None:
    """Empty is what goes out, and not what was seen."""
    changes = {"response.when_empty": 204}

    answer, _ = await answered({"/orders": orders(order(item(1, state="REFUNDED")))}, changes)

    assert (answer.status, answer.body) == (204, b"")


@pytest.mark.parametrize("email", [5, True, ["ana@example.com"], {}])
async def test_a_violation_above_the_last_call_counts_with_omit(email: Any) -> None:
    """With `omit`, nothing returned and a violation found on the way is no empty list."""
    changes = {**SEATS, "ticket.on_violation": "omit"}
    hers = order(item(2), email="bea@example.com")

    for others in ((), (hers,), (order(item(1, state="REFUNDED")), hers)):
        replies = {"/orders": orders(order(item(9), email=email), *others), "/seats/fest": {}}
        _, verdicts = await mismatched(replies, changes)
        assert verdicts["violation:owner"] == 1


async def test_a_violation_above_the_last_call_is_left_out_with_omit() -> None:
    """With `omit`, a violation found on the way does not fail the answer: the others' tickets go out."""
    changes = {**SEATS, "ticket.on_violation": "omit"}
    replies = {"/orders": orders(order(item(9), email=5), order(item(1))), "/seats/fest": {}}

    answer, verdicts = await answered(replies, changes)

    assert ids(answer) == ["1"]
    assert verdicts == {"violation:owner": 1, "returned": 1}


@pytest.mark.parametrize(
    "items", [[None], [mine(1), None], [None, mine(1)], [mine(1), mine(2), None, mine(3)]]
)
async def test_a_null_among_the_values_of_an_entry_is_a_mismatch(items: list[Any]) -> None:
    """An element that is null below the last call is no record: the list has not the declared shape."""
    for owner in ("item.email", "order.email", "upstream"):
        log, _ = await mismatched({"/orders": orders(order(*items))}, {"ticket.owner": owner})
        assert "null" in log


@pytest.mark.parametrize("owner", ["order.email", "group.email", "upstream"])
@pytest.mark.parametrize("innermost", [True, False])
async def test_a_take_that_gives_null_below_the_last_call_is_a_mismatch(
    owner: str, *, innermost: bool
) -> None:
    """A `take` that gives null binds nothing, and is never taken for a user who owns nothing."""
    group: dict[str, Any] = {"name": "group", "take": "order.group"}
    source = [SOURCE_OF_ITEMS[0], group]
    if not innermost:
        source.append({"name": "item", "each": "optional(group.items) || `[]`"})
    level = "group" if innermost else "item"
    changes = {
        "source": source,
        "ticket.owner": owner,
        "ticket.status": {"const": "VALID"},
        "ticket.fields.ticketId": f"optional({level}.id)",
        "ticket.fields.ticketOptionId": f"optional({level}.zone)",
        "ticket.fields.price": f"optional({level}.price)",
    }

    log, _ = await mismatched({"/orders": orders(order(group=None))}, changes)

    assert "group: take" in log
    assert "null" in log


# --- whose it is ----------------------------------------------------------------------------------

OWNERS = [
    pytest.param("kim@example.com", True, id="the same"),
    pytest.param("KIM@Example.COM", True, id="ASCII case"),
    pytest.param("\u212aim@example.com", False, id="Kelvin sign is no k"),
    pytest.param("\u212aIM@EXAMPLE.COM", False, id="Kelvin sign among capitals"),
    pytest.param("k\u0131m@example.com", False, id="dotless i"),
    pytest.param("k\u0130m@example.com", False, id="dotted capital i"),
    pytest.param("kim@example.com ", False, id="blank after"),
    pytest.param("kim@example.com\u200b", False, id="invisible character after"),
    pytest.param("\ufeffkim@example.com", False, id="byte order mark before"),
    pytest.param("ki\u0301m@example.com", False, id="accent"),
    pytest.param("kim@example\u3002com", False, id="full stop of another script"),
    pytest.param("xkim@example.com", False, id="longer"),
    pytest.param("", False, id="empty"),
]


@pytest.mark.parametrize(("owner", "same"), OWNERS)
@pytest.mark.parametrize("level", ["order", "item"])
async def test_a_record_is_the_users_where_its_owner_is_the_same_ascii_case_aside(
    owner: str, level: str, *, same: bool
) -> None:
    """The owner equals the user, ASCII letter case aside and nothing else aside, at each level."""
    one = order(item(1, email=owner), email=owner)

    answer, verdicts = await answered(
        {"/orders": orders(one)}, {"ticket.owner": f"{level}.email"}, user="kim@example.com"
    )

    assert ids(answer) == (["1"] if same else [])
    assert verdicts == ({"returned": 1} if same else {"not_owner": 1})


@pytest.mark.parametrize(
    ("owner", "user"),
    [
        ("stra\u00dfe@example.com", "strasse@example.com"),
        ("\ufb01n@example.com", "fin@example.com"),
        ("\u00e4@example.com", "\u00c4@example.com"),
        ("\u0130@example.com", "i\u0307@example.com"),
    ],
)
async def test_owners_are_not_folded(owner: str, user: str) -> None:
    """What Unicode folds to the same is another's, in both directions."""
    changes = {"endpoint.user_format": "any"}
    for one, other in ((owner, user), (user, owner)):
        replies = {"/orders": orders(order(item(1), email=one))}
        _, verdicts = await answered(replies, changes, user=other)
        assert verdicts == {"not_owner": 1}


@pytest.mark.parametrize("half", ["\ud800", "\udcff"])  # noqa: PT014 - they are two
@pytest.mark.parametrize("where", ["before", "inside", "after"])
def test_half_a_character_is_part_of_an_owner(half: str, where: str) -> None:
    """A lone surrogate in an owner is not dropped: it is then another."""
    at = {"before": 0, "inside": 3, "after": len(USER)}[where]

    assert not is_owner(USER[:at] + half + USER[at:], USER)


@pytest.mark.parametrize("odd", [b"\xff", b"\xed\xa0\x80", b"\xc3"])
async def test_an_owner_in_a_header_is_held_to_its_bytes(odd: bytes) -> None:
    """Bytes of a header that are no UTF-8 make another owner, and never drop out."""
    owned = {
        "source": [
            {
                "name": "order",
                "get": "/orders",
                "query": {"email": "{user}"},
                "take": '{items: body.items, event: body.event, email: headers."x-owner"}',
            },
            SOURCE_OF_ITEMS[1],
        ]
    }
    for value, verdict in ((USER.encode(), "returned"), (odd + USER.encode(), "not_owner")):
        headers = [(b"x-owner", value)]
        replies = [httpx.Response(200, headers=headers, json=order(item(1))) for _ in range(2)]
        _, verdicts = await answered({"/orders": tuple(replies)}, owned)
        assert verdicts == {verdict: 1}


async def test_a_record_of_another_takes_no_part_in_the_comparison() -> None:
    """Somebody else's record with the user's ticketId changes nothing, in an odd answer too."""
    hers = mine(1, price=99, email="bea@example.com")
    for odd in ((), (mine(1),)):
        answer, verdicts = await answered({"/orders": orders(order(mine(1), hers, *odd))}, OF_ITEM)
        assert ids(answer) == ["1"]
        assert verdicts == {"returned": 1, "not_owner": 1, **({"duplicate": 1} if odd else {})}


async def test_with_mark_a_binding_of_another_makes_no_further_call() -> None:
    """With `mark`, another's owner and a violation still cut short: nothing more is asked of them."""
    changes = {**SEATS, "ticket.ineligible": "mark", "ticket.on_violation": "omit"}
    replies = {
        "/orders": orders(
            order(item(1), event="hers", email="bea@example.com"),
            order(item(2), event="odd", email=5),
            order(item(3)),
        ),
        "/seats/fest": {},
    }
    bridge, platform = bridge_of(changes, replies)
    trace = AnswerTrace()

    assert ids(await bridge.answer(USER, trace)) == ["3"]
    assert platform.targets[1:] == ["/seats/fest"]
    assert trace.verdicts == {"not_owner": 1, "violation:owner": 1, "returned": 1}


# --- two records with one id ----------------------------------------------------------------------


@pytest.mark.parametrize(
    "other",
    [
        pytest.param(item(7, state="REFUNDED"), id="another verdict"),
        pytest.param(item(7, price=11), id="another price"),
        pytest.param(item("7", price=11), id="digits"),
        pytest.param({**item(price=11), "id": 7.0}, id="integral fraction"),
    ],
)
async def test_integer_ids_are_compared(other: dict[str, Any], tmp_path: Path) -> None:
    """Where the own schema's ticketId is an integer, records with one id that differ are violations."""
    changes = schema(tmp_path, ticketId={"type": "integer"}, status={"type": "string"})
    replies = {"/orders": orders(order(item(7), other))}

    _, verdicts = await mismatched(replies, changes, folder=tmp_path)

    assert verdicts == {"violation:ticketId": 2}


async def test_the_same_integer_id_again_is_a_duplicate(tmp_path: Path) -> None:
    """Integer ids that are alike in everything go out once; others stay apart."""
    changes = schema(tmp_path, ticketId={"type": "integer"})
    replies = {"/orders": orders(order(item(7), item("7"), item(77)))}

    answer, verdicts = await answered(replies, changes, folder=tmp_path)

    assert own_ids(answer) == [7, 77]
    assert verdicts == {"returned": 2, "duplicate": 1}


async def test_ids_keep_their_letter_case() -> None:
    """`a1` and `A1` are two tickets, in an answer with a duplicate too."""
    listed = [item("a1"), item("A1", price=11), item("a1")]

    answer, verdicts = await answered({"/orders": orders(order(*listed))})

    assert ids(answer) == ["a1", "A1"]
    assert verdicts == {"returned": 2, "duplicate": 1}


@pytest.mark.parametrize("ticket", [{"ticketId": "1"}, None])
def test_the_verdict_is_part_of_what_may_differ(ticket: dict[str, Any] | None) -> None:
    """Records of one id, one of them eligible, that differ in the verdict alone are violations both."""
    records = [
        Record(RETURNED, "1", {"ticketId": "1"}),
        Record(Verdict("not_eligible", "REFUNDED"), "1", ticket),
    ]

    resolve_duplicates(records)

    assert [str(record.verdict) for record in records] == ["violation:ticketId"] * 2
    assert [record.ticket for record in records] == [None, None]


async def test_a_record_judged_before_its_fields_takes_no_part_whatever_is_bound() -> None:
    """A record that ended early is compared with none, though the names of its ticketId were bound."""
    status = {"from": "order.state", "values": {"OK": "VALID", "VOID": "VOIDED"}}
    void, good = order(item(1), id=7, state="VOID"), order(item(1), id=7, state="OK")
    for source in (SOURCE_OF_ITEMS, SEATS["source"]):
        changes = {"source": source, "ticket.status": status, "ticket.fields.ticketId": "order.id"}
        for listed in ((void, good), (good, void), (void, good, void)):
            replies = {"/orders": orders(*listed), "/seats/fest": {}}
            answer, verdicts = await answered(replies, changes)
            assert ids(answer) == ["7"]
            assert verdicts == {"not_eligible:VOIDED": len(listed) - 1, "returned": 1}


async def test_a_record_that_ended_early_makes_no_answer_odd(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What takes no part in the comparison does not cost the fast way either."""

    def judge(*_: object) -> None:
        raise AssertionError("judged one by one")

    monkeypatch.setattr(Program, "judge", judge)
    void, good = order(item(1), id=7, state="VOID"), order(item(1), id=7, state="OK")
    status = {"from": "order.state", "values": {"OK": "VALID", "VOID": "VOIDED"}}
    changes = {"ticket.status": status, "ticket.fields.ticketId": "order.id"}
    bridge, _ = bridge_of(changes, {"/orders": orders(void, good)})

    assert ids(await bridge.answer(USER)) == ["7"]


# --- statuses and fields --------------------------------------------------------------------------


@pytest.mark.parametrize("state", ["NEW", None, 1.5, [], {}, "valid"], ids=repr)
async def test_with_mark_an_unknown_status_has_no_mark(state: Any, tmp_path: Path) -> None:
    """With `omit` and `mark` a record of unknown status is left out, whatever the schema allows."""
    own = schema(tmp_path, status={"type": "string"})
    changes = {**own, "ticket.on_violation": "omit", "ticket.ineligible": "mark"}
    replies = {"/orders": orders(order(item(1, state=state), item(2), item(3, state="REFUNDED")))}

    answer, verdicts = await answered(replies, changes, folder=tmp_path)

    marks = [(ticket["ticketId"], ticket["status"]) for ticket in json.loads(answer.body)]
    assert marks == [("2", "VALID"), ("3", "REFUNDED")]
    assert verdicts == {"unknown_status": 1, "returned": 1, "not_eligible:REFUNDED": 1}


@pytest.mark.parametrize("value", [1.5, 1e17, [], ["PAID"], {}, {"PAID": 1}, None], ids=repr)
async def test_only_texts_integers_and_booleans_are_looked_up(value: Any) -> None:
    """A fraction, list, object or null matches no key of a table, though a key reads as its text."""
    texts = [str(value), repr(value), json.dumps(value), "PAID", "null", "100000000000000000"]
    values = dict.fromkeys(texts, "VALID")

    _, verdicts = await mismatched(
        {"/orders": orders(order(item(state=value)))}, {"ticket.status.values": values}
    )
    assert verdicts == {"unknown_status": 1}

    field = {"from": "item.kind", "values": dict.fromkeys(texts, "A")}
    _, verdicts = await mismatched(
        {"/orders": orders(order(item(kind=value)))}, {"ticket.fields.ticketOptionId": field}
    )
    assert verdicts == {"violation:ticketOptionId": 1}


@pytest.mark.parametrize(
    "price", [1e70, -1e70, 1e300, 10**61, 10**62, -(10**61), "1" * 61, "9" * 400], ids=range(8)
)
async def test_a_price_beyond_all_bounds_is_a_violation(price: Any) -> None:
    """No price has more than 61 digits, be it a fraction, an integer or a text."""
    _, verdicts = await mismatched({"/orders": orders(order(item(price=price)))})

    assert verdicts == {"violation:price": 1}


async def test_a_price_that_is_reckoned_beyond_all_bounds_is_a_violation() -> None:
    """The bound holds for what arithmetic makes of prices below it."""
    changes = {"ticket.fields.price": "multiply(item.price, `10`)"}

    answer, _ = await answered({"/orders": orders(order(item(price=10**59)))}, changes)
    assert tickets_of(answer)[0]["price"] == 10**60
    _, verdicts = await mismatched({"/orders": orders(order(item(price=10**60)))}, changes)
    assert verdicts == {"violation:price": 1}


@pytest.mark.parametrize("price", [1e16, 2.0**60, 1e60, 10**60, 2**53 + 1, 12.0, "12.00"], ids=repr)
async def test_a_whole_price_is_an_integer(price: Any) -> None:
    """A whole price goes out with all its digits, and without a fraction."""
    answer, _ = await answered({"/orders": orders(order(item(price=price)))})

    assert tickets_of(answer)[0]["price"] == int(float(price) if isinstance(price, str) else price)
    assert b".0" not in answer.body
    assert b"e+" not in answer.body


@pytest.mark.parametrize(
    ("price", "fits"),
    [
        *((19.99, True), (0.07, True), ("4.35", True), (180, True), (10**30, True), (2**64, True)),
        *((1.005, False), (0.1 + 0.2, False), ("0.001", False), (19.990000000000002, False)),
    ],
    ids=range(10),
)
async def test_an_own_schema_counts_in_exact_decimals(
    price: Any, tmp_path: Path, *, fits: bool
) -> None:
    """With `multipleOf: 0.01` each price in whole cents goes out, and none with a part of a cent."""
    own = schema(tmp_path, price={"type": "number", "multipleOf": 0.01})
    replies = {"/orders": orders(order(item(price=price)))}

    if fits:
        answer, _ = await answered(replies, own, folder=tmp_path)
        assert json.loads(answer.body)[0]["price"] == (4.35 if price == "4.35" else price)
    else:
        log, _ = await mismatched(replies, own, folder=tmp_path)
        assert "breaks `multipleOf` @ $.price" in log


async def test_an_empty_text_in_a_needed_field_is_there(tmp_path: Path) -> None:
    """In a needed field "" is a text, which the schema may allow; in an optional one it is left out."""
    replies = {"/orders": orders(order(item(1, zone="", kind="")))}
    fields = {"ticket.fields.priceTypeId": "item.kind"}

    log, verdicts = await mismatched(replies, fields)
    assert verdicts == {"violation:ticketOptionId": 1}
    assert "minLength" in log

    own = schema(tmp_path, ticketOptionId={"type": "string"}, priceTypeId={"type": "string"})
    document = json.loads((tmp_path / "own.json").read_text("utf-8"))
    document["items"]["required"] = ["ticketOptionId"]
    (tmp_path / "own.json").write_text(json.dumps(document), "utf-8")
    answer, _ = await answered(replies, {**own, **fields}, folder=tmp_path)
    (ticket,) = json.loads(answer.body)
    assert ticket["ticketOptionId"] == ""
    assert "priceTypeId" not in ticket


@pytest.mark.parametrize("number", [None, ""])
async def test_a_ticket_without_its_id_is_a_violation(number: str | None, tmp_path: Path) -> None:
    """An own schema that does not need the ticketId still gets no ticket without one."""
    own = schema(tmp_path, ticketId={"type": "string", "minLength": 1})

    replies = {"/orders": orders(order({**item(), "id": number}))}
    _, verdicts = await mismatched(replies, own, folder=tmp_path)

    assert verdicts == {"violation:ticketId": 1}


def nested(levels: int, *, objects: bool = False) -> Any:
    """A value of so many levels of lists, or of objects."""
    value: Any = 1
    for _ in range(levels):
        value = {"a": value} if objects else [value]
    return value


@pytest.mark.parametrize("objects", [False, True])
async def test_an_open_field_is_at_most_200_levels_deep(*, objects: bool) -> None:
    """How deep a value may be is a bound of our own: it depends on no Python, and on no way of calling."""
    changes = {"ticket.fields.metadata": "item.more"}
    deep = {"x": nested(200, objects=objects)}
    answer, _ = await answered({"/orders": orders(order(item(1, more=deep)))}, changes)
    assert tickets_of(answer)[0]["metadata"] == deep

    for levels in (201, 400, 600):
        too_deep = {"x": nested(levels, objects=objects)}
        replies = {"/orders": orders(order(item(1, more=too_deep)))}
        log, verdicts = await mismatched(replies, changes)
        assert "more than 200 levels deep" in log
        assert list(verdicts) == ["violation:metadata.*"]


# --- the deadline ---------------------------------------------------------------------------------


async def test_a_time_out_that_is_not_the_deadlines_is_a_defect(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A TimeoutError that passes before the deadline is told as what it is, and not as the platform's."""

    def judge(*_: object) -> None:
        raise TimeoutError

    monkeypatch.setattr(Program, "judge", judge)
    bridge, _ = bridge_of(None, {"/orders": orders(order(item(1)))})

    with pytest.raises(TimeoutError) as caught:
        await bridge.answer(USER, AnswerTrace(explains=True))

    assert not isinstance(caught.value, UpstreamTimeout)
