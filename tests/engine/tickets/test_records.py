"""Every verdict of the contract of verdicts, in order, each stated by a test."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from tests.engine.tickets.judging import answered, mismatched
from tests.support import USER, answer_of, bridge_of, item, order, orders, tickets_of
from ticketbridge.engine.answer_trace import AnswerTrace
from ticketbridge.engine.problems import MappingMismatch
from ticketbridge.engine.tickets.steps import is_owner
from ticketbridge.mapping import MappingError

pytestmark = pytest.mark.anyio


async def judged(
    platform_orders: dict[str, Any], changes: dict[str, Any] | None = None
) -> tuple[list[dict[str, Any]], dict[str, int]]:
    """The tickets and the verdict counts of one answer."""
    answer, verdicts = await answered({"/orders": platform_orders}, changes)
    return tickets_of(answer), verdicts


async def failed(
    platform_orders: dict[str, Any], changes: dict[str, Any] | None = None
) -> tuple[str, dict[str, int]]:
    """The problem's log text and the verdict counts of an answer that fails."""
    return await mismatched({"/orders": platform_orders}, changes)


async def test_a_valid_ticket_of_the_user_is_returned() -> None:
    """A record that no check refuses is returned, its fields in the contract's types."""
    tickets, verdicts = await judged(orders(order(item(7))))

    assert tickets == [
        {
            "ticketId": "7",
            "externalReferenceEventId": "fest",
            "showId": "fest",
            "ticketOptionId": "A",
            "price": 10,
            "currency": "EUR",
            "status": "VALID",
        }
    ]
    assert verdicts == {"returned": 1}


@pytest.mark.parametrize(
    "owner",
    [
        pytest.param("bea@example.com", id="another"),
        pytest.param(None, id="null"),
        pytest.param(f" {USER}", id="blank before"),
        pytest.param(f"{USER} ", id="blank after"),
        pytest.param(f"x{USER}", id="longer"),
        pytest.param("an\u00e0@example.com", id="accent"),
        pytest.param("", id="empty"),
    ],
)
async def test_a_record_of_another_owner_is_left_out(owner: str | None) -> None:
    """An owner that is null or not exactly the asked user is `not_owner`."""
    tickets, verdicts = await judged(orders(order(item(1), email=owner), order(item(2))))

    assert [ticket["ticketId"] for ticket in tickets] == ["2"]
    assert verdicts == {"not_owner": 1, "returned": 1}


@pytest.mark.parametrize(
    ("owner", "user", "same"),
    [
        pytest.param("Ana@Example.COM", "ana@example.com", True, id="ASCII case"),
        pytest.param("\u212aim@example.com", "kim@example.com", False, id="Kelvin sign is no k"),
        pytest.param("STRASSE@example.com", "stra\u00dfe@example.com", False, id="no folding"),
        pytest.param("\u00c4@example.com", "\u00e4@example.com", False, id="no Unicode case"),
        pytest.param("\ud800", "ana@example.com", False, id="half a character"),
    ],
)
def test_owners_compare_whole_ascii_case_aside(owner: str, user: str, *, same: bool) -> None:
    """The owner equals the asked user, ASCII letter case aside, and nothing else aside."""
    assert is_owner(owner, user) is same


@pytest.mark.parametrize("owner", [12, True, ["ana@example.com"], {"email": USER}])
async def test_an_owner_that_is_no_text_is_a_violation(owner: object) -> None:
    """An owner that is neither text nor null is `violation:owner`."""
    _, verdicts = await failed(orders(order(item(), email=owner)))

    assert verdicts == {"violation:owner": 1}


async def test_an_owner_that_is_not_there_is_a_violation() -> None:
    """An owner whose key the platform no longer sends is `violation:owner`, never `not_owner`."""
    log, verdicts = await failed(orders({"items": [item()], "event": "fest"}))

    assert verdicts == {"violation:owner": 1}
    assert "email" in log


async def test_a_status_that_is_not_valid_is_left_out() -> None:
    """A status that the table maps to something else than VALID is `not_eligible:<status>`."""
    tickets, verdicts = await judged(orders(order(item(1, state="CANCELLED"), item(2))))

    assert [ticket["ticketId"] for ticket in tickets] == ["2"]
    assert verdicts == {"not_eligible:CANCELED": 1, "returned": 1}


@pytest.mark.parametrize("state", ["NEW", None, "paid", 1.5, [], {}, True, ""], ids=repr)
async def test_a_status_outside_the_table_is_a_violation(state: object) -> None:
    """A status that is null or not in `values` is `unknown_status`: unknown never counts as valid."""
    _, verdicts = await failed(orders(order(item(state=state))))

    assert verdicts == {"unknown_status": 1}


@pytest.mark.parametrize(
    ("state", "returned"),
    [
        pytest.param(1, 1, id="integer"),
        pytest.param("1", 1, id="digits"),
        pytest.param(0, 0, id="zero"),
        pytest.param(True, 1, id="true"),
        pytest.param(False, 0, id="false"),
        pytest.param("true", 1, id="text"),
    ],
)
async def test_statuses_match_integers_and_booleans_as_text(state: object, returned: int) -> None:
    """The keys of `values` are text; integers match by their digits, booleans by true and false."""
    values = {"1": "VALID", "0": "USED", "true": "VALID", "false": "USED"}
    tickets, _ = await judged(orders(order(item(state=state))), {"ticket.status.values": values})

    assert len(tickets) == returned


async def test_of_several_status_tables_the_first_that_is_not_valid_decides() -> None:
    """`status` may be a list of tables; the order of the list is the order of the verdicts."""
    tables = [
        {"from": "order.state", "values": {"OK": "VALID", "VOID": "VOIDED"}},
        {"from": "item.state", "values": {"PAID": "VALID", "CANCELLED": "CANCELED"}},
    ]
    _, verdicts = await judged(
        orders(
            order(item(1, state="CANCELLED"), state="VOID"),
            order(item(2, state="CANCELLED"), state="OK"),
            order(item(3), state="OK"),
        ),
        {"ticket.status": tables},
    )

    assert verdicts == {"not_eligible:VOIDED": 1, "not_eligible:CANCELED": 1, "returned": 1}


async def test_a_constant_status_takes_every_record_for_valid() -> None:
    """`status: {const: VALID}` is for platforms that return valid tickets alone."""
    tickets, _ = await judged(
        orders(order(item(state="ANY"))), {"ticket.status": {"const": "VALID"}}
    )

    assert len(tickets) == 1


async def test_a_condition_that_is_true_is_a_reason() -> None:
    """A `not_eligible_when` that gives true is `not_eligible:<reason>`."""
    _, verdicts = await judged(
        orders(order(item(1, sold=True), item(2, sold=False))),
        {"ticket.not_eligible_when": {"resold": "item.sold"}},
    )

    assert verdicts == {"not_eligible:resold": 1, "returned": 1}


@pytest.mark.parametrize("sold", [None, "0", "false", 0, 1, [], {}], ids=repr)
async def test_a_condition_gives_true_or_false(sold: object) -> None:
    """A `not_eligible_when` that gives neither true nor false is a violation."""
    _, verdicts = await failed(
        orders(order(item(sold=sold))), {"ticket.not_eligible_when": {"resold": "item.sold"}}
    )

    assert verdicts == {"violation:resold": 1}


async def test_a_condition_on_a_missing_key_is_a_violation() -> None:
    """A condition whose key the platform does not send is a violation, never false."""
    _, verdicts = await failed(
        orders(order(item())), {"ticket.not_eligible_when": {"resold": "item.sold != `null`"}}
    )

    assert verdicts == {"violation:resold": 1}


async def test_the_first_verdict_in_the_order_of_the_contract_applies() -> None:
    """Owner before status, status before conditions, conditions before fields."""
    changes = {"ticket.not_eligible_when": {"sold": "item.sold"}}
    rows = [
        (order(item(state="CANCELLED", sold=True), email="bea@example.com"), "not_owner"),
        (order(item(state="CANCELLED", sold=True)), "not_eligible:CANCELED"),
        (order(item(sold=True, price="free")), "not_eligible:sold"),
    ]
    for platform_order, verdict in rows:
        _, verdicts = await judged(orders(platform_order), changes)
        assert verdicts == {verdict: 1}


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        pytest.param({"price": "free"}, "price", id="text for a number"),
        pytest.param({"price": -1}, "price", id="the schema says no"),
        pytest.param({"price": None}, "price", id="null in a needed field"),
        pytest.param({"id": 1.5}, "ticketId", id="a fraction for an id"),
        pytest.param({"id": True}, "ticketId", id="a boolean for an id"),
        pytest.param({"id": {}}, "ticketId", id="an object for an id"),
        pytest.param({"id": ""}, "ticketId", id="an empty id"),
        pytest.param({"id": "x" * 257}, "ticketId", id="a long id"),
        pytest.param({"id": "a\nb"}, "ticketId", id="a control character"),
        pytest.param({"id": "a\ufffdb"}, "ticketId", id="a replacement character"),
        pytest.param({"zone": None}, "ticketOptionId", id="null in a needed id"),
    ],
)
async def test_a_field_that_fails_is_a_violation_that_names_it(
    changes: dict[str, Any], field: str
) -> None:
    """A field that does not convert, or that the schema refuses, is `violation:<field>`."""
    _, verdicts = await failed(orders(order(item(**changes))))

    assert verdicts == {f"violation:{field}": 1}


@pytest.mark.parametrize(
    ("changes", "fields", "reason"),
    [
        (
            {"price": "free"},
            {},
            'text that is no plain decimal number (like "19.99"), in `item.price`',
        ),
        ({"price": -1}, {}, "breaks `minimum` @ $.price, in `item.price`"),
        ({"id": {}}, {}, "an object where text is due, in `item.id`"),
        (
            {"id": 1e3},
            {},
            "a number with a point or an exponent (1.0, 1e3) where text is due, in `item.id`",
        ),
        ({"id": 1.5}, {}, "a fraction where text is due, in `item.id`"),
        (
            {"kind": "x"},
            {"priceTypeId": {"from": "item.kind", "values": {"a": "b"}}},
            "a value that the table does not list (and no `else`), in `item.kind`",
        ),
        (
            {"cur": "eur"},
            {"currency": "item.cur"},
            "breaks `enum` @ $.currency; upper(...) would fit, in `item.cur`",
        ),
        (
            {"cur": " EUR"},
            {"currency": "item.cur"},
            "breaks `enum` @ $.currency; trim(...) would fit, in `item.cur`",
        ),
        ({"cur": "euro"}, {"currency": "item.cur"}, "breaks `enum` @ $.currency, in `item.cur`"),
        ({"more": ["a"]}, {"tags": "item.more"}, "breaks `pattern` @ $.tags[0], in `item.more`"),
        (
            {"more": {}},
            {"props": {"seating": {"row": "item.more"}}},
            "an object where text is due, in `item.more`",
        ),
    ],
)
async def test_a_violation_names_the_expression_of_its_field_and_the_line(
    changes: dict[str, Any], fields: dict[str, Any], reason: str
) -> None:
    """The log has them for a value that does not convert, and for one that the schema refuses."""
    named = {f"ticket.fields.{name}": field for name, field in fields.items()}
    log, _ = await failed(orders(order(item(**changes))), named)

    assert re.search(r": acme\.yaml:\d+:\d+: (.+) \(", log)[1] == reason  # type: ignore[index]


async def test_a_violation_names_no_value() -> None:
    """What a problem says of a violation holds no value of the platform's."""
    with pytest.raises(MappingMismatch) as caught:
        await answer_of(None, {"/orders": orders(order(item("secret-id", price="s3cret")))})

    assert "s3cret" not in caught.value.log + caught.value.detail
    assert "secret-id" not in caught.value.log + caught.value.detail
    assert USER not in caught.value.log + caught.value.detail


async def test_the_same_ticket_again_is_a_duplicate() -> None:
    """A record that is another's equal, field for field, is `duplicate` and left out."""
    tickets, verdicts = await judged(orders(order(item(1), item(2)), order(item(1))))

    assert [ticket["ticketId"] for ticket in tickets] == ["1", "2"]
    assert verdicts == {"returned": 2, "duplicate": 1}


@pytest.mark.parametrize(
    "other",
    [
        pytest.param(item(1, price=11), id="another price"),
        pytest.param(item(1, state="REFUNDED"), id="another verdict"),
        pytest.param(item("1", zone="B"), id="an integer and its digits are one id"),
        pytest.param(
            item(1, state="REFUNDED", price="none"), id="ineligible with fields that fail"
        ),
    ],
)
async def test_records_with_one_id_that_differ_are_violations_both(other: dict[str, Any]) -> None:
    """Two records with one ticketId of which one is eligible and that differ are both violations."""
    _, verdicts = await failed(orders(order(item(1), other)))

    assert verdicts == {"violation:ticketId": 2}


async def test_ineligible_records_with_one_id_do_not_clash() -> None:
    """Records with one ticketId none of which is eligible stay what they are."""
    _, verdicts = await judged(
        orders(order(item(1, state="REFUNDED"), item(1, state="CANCELLED"), item(2)))
    )

    assert verdicts == {"not_eligible:REFUNDED": 1, "not_eligible:CANCELED": 1, "returned": 1}


async def test_another_owners_record_takes_no_part_in_the_comparison() -> None:
    """A record of someone else's with the same ticketId changes nothing."""
    _, verdicts = await judged(
        orders(order(item(1)), order(item(1, price=99), email="bea@example.com"))
    )

    assert verdicts == {"returned": 1, "not_owner": 1}


async def test_a_record_judged_before_its_fields_takes_no_part() -> None:
    """A binding that failed early has no ticketId: it clashes with nothing."""
    status = {"from": "order.state", "values": {"OK": "VALID", "VOID": "VOIDED"}}
    _, verdicts = await judged(
        orders(order(item(1), state="OK"), order(item(1), state="VOID")),
        {"ticket.status": status},
    )

    assert verdicts == {"not_eligible:VOIDED": 1, "returned": 1}


# --- on_violation ---------------------------------------------------------------------------------


async def test_a_violation_fails_the_whole_answer() -> None:
    """With `on_violation: fail` one violation among good tickets fails the answer."""
    log, verdicts = await failed(orders(order(item(1), item(2, price="x"))))

    assert verdicts == {"returned": 1, "violation:price": 1}
    assert "violation:price" in log


async def test_with_omit_a_violation_is_left_out_and_counted() -> None:
    """With `on_violation: omit` the good tickets go out, and the violation is counted."""
    tickets, verdicts = await judged(
        orders(order(item(1), item(2, price="x"), item(3, state="NEW"))),
        {"ticket.on_violation": "omit"},
    )

    assert [ticket["ticketId"] for ticket in tickets] == ["1"]
    assert verdicts == {"returned": 1, "violation:price": 1, "unknown_status": 1}


async def test_with_omit_nothing_returned_and_a_violation_is_no_empty_list() -> None:
    """With `omit`, violations and no returned ticket are a mapping mismatch, not `[]`."""
    _, verdicts = await failed(
        orders(order(item(1, price="x"), item(2, state="REFUNDED"))),
        {"ticket.on_violation": "omit"},
    )

    assert verdicts == {"violation:price": 1, "not_eligible:REFUNDED": 1}


async def test_with_omit_both_of_a_clash_are_left_out() -> None:
    """With `omit`, of two records that clash neither goes out."""
    tickets, verdicts = await judged(
        orders(order(item(1), item(1, price=11), item(2))), {"ticket.on_violation": "omit"}
    )

    assert [ticket["ticketId"] for ticket in tickets] == ["2"]
    assert verdicts == {"violation:ticketId": 2, "returned": 1}


# --- ineligible: mark -----------------------------------------------------------------------------

MARK = {"ticket.ineligible": "mark"}


async def test_with_mark_an_ineligible_ticket_goes_out_with_its_mark() -> None:
    """With `ineligible: mark` a ticket carries the mapped status, or the reason in capitals."""
    tickets, verdicts = await judged(
        orders(
            order(item(1, state="REFUNDED", sold=False), item(2, sold=True), item(3, sold=False))
        ),
        {**MARK, "ticket.not_eligible_when": {"sold": "item.sold"}},
    )

    assert [(t["ticketId"], t["status"]) for t in tickets] == [
        ("1", "REFUNDED"),
        ("2", "SOLD"),
        ("3", "VALID"),
    ]
    assert verdicts == {"not_eligible:REFUNDED": 1, "not_eligible:sold": 1, "returned": 1}


async def test_with_mark_an_ineligible_ticket_whose_fields_fail_is_left_out() -> None:
    """With `mark`, the fields of a ticket that is not eligible may fail: it is omitted."""
    tickets, verdicts = await judged(
        orders(order(item(1, state="REFUNDED", price="x"), item(2))), MARK
    )

    assert [ticket["ticketId"] for ticket in tickets] == ["2"]
    assert verdicts == {"not_eligible:REFUNDED": 1, "returned": 1}


async def test_with_mark_an_early_status_still_gives_the_ticket() -> None:
    """With `mark` only the owner and violations cut short: a status above the items does not."""
    status = {"from": "order.state", "values": {"OK": "VALID", "VOID": "VOIDED"}}
    tickets, _ = await judged(
        orders(order(item(1), item(2), state="VOID")), {**MARK, "ticket.status": status}
    )

    assert [(t["ticketId"], t["status"]) for t in tickets] == [("1", "VOIDED"), ("2", "VOIDED")]


async def test_with_mark_the_first_verdict_still_decides() -> None:
    """With `mark`, a status that is not eligible comes before a condition that fails, at any stage."""
    for sold in ("order.sold", "item.sold"):
        _, verdicts = await judged(
            orders(order(item(1, sold="?"), state="VOID", sold="?")),
            {
                **MARK,
                "ticket.status": {
                    "from": "order.state",
                    "values": {"OK": "VALID", "VOID": "VOIDED"},
                },
                "ticket.not_eligible_when": {"sold": sold},
            },
        )
        assert verdicts == {"not_eligible:VOIDED": 1}


async def test_with_mark_equal_marked_tickets_go_out_once() -> None:
    """A ticketId is unique in the answer, marked tickets included."""
    twice = item(1, state="REFUNDED")
    tickets, verdicts = await judged(orders(order(twice, twice)), MARK)

    assert len(tickets) == 1
    assert verdicts == {"not_eligible:REFUNDED": 2}


async def test_with_mark_different_marked_tickets_with_one_id_clash() -> None:
    """Two marks of one ticketId cannot both be right, and neither may be chosen."""
    _, verdicts = await failed(
        orders(order(item(1, state="REFUNDED"), item(1, state="CANCELLED"))), MARK
    )

    assert verdicts == {"violation:ticketId": 2}


# --- early judgement ------------------------------------------------------------------------------

SEATS = [
    {"name": "order", "get": "/orders", "query": {"email": "{user}"}, "each": "body.orders"},
    {"name": "seats", "get": "/seats/{order.event}", "take": "body"},
    {"name": "item", "each": "order.items"},
]


async def test_a_binding_that_fails_makes_no_further_call() -> None:
    """Owner and status are judged as soon as their names are bound; the rest of the way is saved."""
    bridge, platform = bridge_of(
        {"source": SEATS},
        {
            "/orders": orders(
                order(item(1), item(2), email="bea@example.com", event="hers"), order(item(3))
            ),
            "/seats/fest": {},
        },
    )
    trace = AnswerTrace()

    await bridge.answer(USER, trace)

    assert platform.targets == ["/orders?email=ana%40example.com", "/seats/fest"]
    assert trace.verdicts == {"not_owner": 1, "returned": 1}


async def test_a_check_waits_for_the_names_of_all_earlier_checks() -> None:
    """A condition on the order is not asked before the status of the item: the order of verdicts holds."""
    bridge, _ = bridge_of(
        {"source": SEATS, "ticket.not_eligible_when": {"sold": "order.sold"}},
        {"/orders": orders(order(item(1, state="REFUNDED"), sold=True)), "/seats/fest": {}},
    )
    trace = AnswerTrace()

    await bridge.answer(USER, trace)

    assert trace.verdicts == {"not_eligible:REFUNDED": 1}


async def test_an_early_violation_fails_before_any_further_call() -> None:
    """A violation fails the answer at once: no further call could mend it."""
    bridge, platform = bridge_of({"source": SEATS}, {"/orders": orders(order(item(1), email=5))})

    with pytest.raises(MappingMismatch):
        await bridge.answer(USER)

    assert len(platform.targets) == 1


@pytest.mark.parametrize(
    ("field", "value", "named"),
    [
        ("props", {"urls": {USER: []}}, "props.urls.*"),
        ("props", {"seating": {"Ana": "A1"}}, "props.seating.*"),
        ("nominalTicket", {"fullName": "Ana", "Ana Gil": 1}, "nominalTicket.*"),
        ("props", {USER: json.loads("[" * 600 + "]" * 600)}, "props.*"),
    ],
)
async def test_a_violation_names_no_key_of_the_platforms(
    field: str, value: dict[str, Any], named: str
) -> None:
    """An object may have persons for its keys: only names of the contract are told."""
    replies = {"/orders": orders(order(item(1, more=value)))}
    trace = AnswerTrace()

    with pytest.raises(MappingMismatch) as caught:
        await answer_of({f"ticket.fields.{field}": "item.more"}, replies, trace=trace)

    assert f"violation:{named}" in trace.verdicts
    assert "Ana" not in f"{caught.value.detail} {caught.value.log} {trace.verdicts}"
    assert USER not in f"{caught.value.detail} {caught.value.log} {trace.verdicts}"


# --- what `ticket` may not say ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "code", "words"),
    [
        pytest.param(
            {"ticket.fields.ticketID": "item.id"}, "TB301", "ticketId", id="misspelt name"
        ),
        pytest.param({"ticket.fields.price": ...}, "TB302", "price", id="needed field"),
        pytest.param({"ticket.fields.status": "item.state"}, "TB305", "status", id="status twice"),
        pytest.param(
            {"ticket.fields.currency": {"const": "EURO"}}, "TB303", "enum", id="no currency"
        ),
        pytest.param(
            {"ticket.fields.price": {"const": "free"}}, "TB303", "text", id="constant of wrong type"
        ),
        pytest.param(
            {"ticket.fields.price": {"amount": "item.price"}}, "TB304", "number", id="object"
        ),
        pytest.param(
            {"ticket.fields.ticketAccess": {"type": {"const": "QR"}, "locator": "item.id"}},
            "TB303",
            "enum",
            id="constant in an object",
        ),
        pytest.param(
            {"ticket.fields.ticketAccess": {"type": {"const": "URL"}}},
            "TB302",
            "locator",
            id="needed field of an object",
        ),
        pytest.param(
            {"ticket.fields.props": {"seating": {"rwo": "item.id"}}}, "TB301", "row", id="seating"
        ),
        pytest.param({"ticket.owner": "user"}, "TB311", "source", id="the asked user as owner"),
        pytest.param(
            {"ticket.fields.price": "item.price > `5`"},
            "TB207",
            "gives a boolean, where a number or a decimal text is due",
            id="boolean for a number",
        ),
        pytest.param(
            {"ticket.fields.ticketId": "optional([item.id])"},
            "TB207",
            "gives an array or null, where text or an integer is due",
            id="list for text",
        ),
        pytest.param(
            {"ticket.fields.tags": "upper(item.zone)"},
            "TB207",
            "gives a string, where an array is due",
            id="text for a list",
        ),
        pytest.param(
            {"ticket.fields.props": "length(item.zone)"},
            "TB207",
            "gives a number, where an object is due",
            id="number for an object",
        ),
        pytest.param({"ticket.fields.ticketId": "`null`"}, "TB207", "null", id="needed null"),
        pytest.param(
            {"ticket.fields.price": "'ten'"}, "TB303", "plain decimal number", id="literal"
        ),
        pytest.param(
            {"ticket.fields.currency": "'euro'"}, "TB303", "breaks `enum`", id="refused literal"
        ),
        pytest.param(
            {"ticket.fields.currency": {"const": []}}, "TB303", "a list where text", id="list"
        ),
        pytest.param(
            {"ticket.fields.currency": {"const": ""}}, "TB303", "needs this", id="empty constant"
        ),
        pytest.param(
            {"ticket.owner": "contains(order.email, user)"},
            "TB207",
            "gives a boolean, where a string or null is due",
            id="contains as owner",
        ),
        pytest.param({"ticket.status.from": "[item.state]"}, "TB207", "an array", id="status"),
        pytest.param(
            {"ticket.fields.priceTypeId": {"from": "{a: item.zone}", "values": {"a": "b"}}},
            "TB207",
            "gives an object, where a string, an integer or a boolean is due",
            id="table",
        ),
        pytest.param(
            {"ticket.not_eligible_when": {"odd": "length(item.zone)"}},
            "TB207",
            "gives a number, where a boolean is due",
            id="condition",
        ),
        pytest.param({"ticket.owner": "ordr.email"}, "TB203", "order", id="unknown root"),
        pytest.param({"ticket.fields.price": "body.price"}, "TB203", "body", id="no body here"),
    ],
)
def test_what_the_yaml_alone_tells_is_an_error_before_any_call(
    changes: dict[str, Any], code: str, words: str
) -> None:
    """Needed, unknown and impossible fields are found from the mapping and the schema alone."""
    with pytest.raises(MappingError) as caught:
        bridge_of(changes)

    findings = [f for f in caught.value.findings if f.severity == "error"]
    assert [finding.code for finding in findings] == [code]
    assert words in findings[0].message + findings[0].suggestion


def test_owner_upstream_needs_a_request_that_uses_the_user() -> None:
    """`owner: upstream` is refused where no request tells the platform who asks."""
    with pytest.raises(MappingError) as caught:
        bridge_of({"ticket.owner": "upstream", "source.0.query": ...})

    assert [finding.code for finding in caught.value.findings] == ["TB312"]


async def test_owner_upstream_takes_every_record_for_the_users() -> None:
    """`owner: upstream` trusts the platform to return only the asked user's tickets."""
    tickets, _ = await judged(orders(order(item(), email=None)), {"ticket.owner": "upstream"})

    assert len(tickets) == 1
