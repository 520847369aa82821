"""From a value of an answer to the expression that reads it, and into the mapping's text."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest

from tests.support import USER
from tests.workbench.studio.asking import Asked
from ticketbridge.workbench.studio.joins import find_join
from ticketbridge.workbench.studio.mapping_edits import EditError
from ticketbridge.workbench.studio.pointing import list_fields, write_steps

TEXT = """\
version: 1
platform: acme
endpoint: {access: open}
upstream: {base_url: "${ACME}"}
source:
  - name: order
    get: /orders
    query: {email: "{user}"}
    each: body.orders  # one by one
ticket:
  owner: order.mail
  status: {from: order.state, values: {PAID: VALID, LOST: LOST}}
  fields:
    ticketId: order.id
    externalReferenceEventId: order.event
    showId: order.event
    ticketOptionId: order.event
    price: {const: 1}
    currency: {const: EUR}  # TODO: which?
"""

ANSWER: dict[str, Any] = {
    "orders": [
        {
            "id": "o-1",
            "mail": "ana@example.com",
            "state": "PAID",
            "event": "ev-77",
            "cents": 2500,
            "cur": "eur",
            "items": [
                {"no": "t-1", "kind": "k-1", "codes": ["c-1", "c-2"]},
                {"no": "t-2", "kind": "k-2"},
            ],
            "kinds": [{"id": "k-1", "name": "Stalls"}, {"id": "k-2", "name": "Box"}],
            "gift": "x",
        },
        {
            "id": "o-2",
            "mail": "ana@example.com",
            "state": "PAID",
            "event": "ev-78",
            "cents": 900,
            "cur": "eur",
            "items": [{"no": "t-3", "kind": "k-1"}],
            "kinds": [{"id": "k-1", "name": "Stalls"}, {"id": "k-2", "name": "Box"}],
        },
    ],
    "events": [
        {"id": "ev-77", "title": "Jazz", "marks": ["loud", "late"]},
        {"id": "ev-78", "title": "Rock"},
    ],
    "meta": {"shop": "main", "tags": ["a", "b"]},
}
ITEMS = TEXT.replace("# one by one\n", "# one by one\n  - name: item\n    each: order.items\n")


@pytest.fixture
def asked(tmp_path: Path) -> Asked:
    """The mapping above, with its answer."""
    file = tmp_path / "acme.yaml"
    file.write_text(TEXT, "utf-8")
    made = Asked(file)
    made.paste("/orders?email=ana@example.com", ANSWER)
    made.run()
    assert made.outcome["problem"] == ""
    return made


@pytest.mark.parametrize(
    ("text", "key", "value", "field", "due"),
    [
        (TEXT, "event", "ev-77", "showId", ["order.event"]),
        (TEXT, "gift", "x", "nominalTicket.fullName", ["optional(order.gift)"]),
        (TEXT, "cents", "2500", "price", ["order.cents"]),
        (
            TEXT.replace("{const: EUR}", "upper(order.cur)"),
            "cents",
            "2500",
            "price",
            ["minor_units(order.cents, order.cur)", "order.cents"],
        ),
        (TEXT, "cur", "eur", "currency", ["upper(order.cur)", "order.cur"]),
        (TEXT, "no", "t-1", "ticketId", ["item.no", "order.items[0].no"]),
        (
            ITEMS,
            "name",
            "Stalls",
            "ticketOptionId",
            ["lookup(order.kinds, 'id', item.kind).name", "kind.name", "order.kinds[0].name"],
        ),
        (
            TEXT,
            "title",
            "Jazz",
            "tags",
            ["lookup(answer.events, 'id', order.event).title", "answer.events[0].title"],
        ),
        (TEXT, "shop", "main", "metadata", ["answer.meta.shop"]),
        (TEXT, "1", "late", "metadata", ["answer.events[0].marks[1]"]),
        (TEXT, "1", "c-2", "metadata", ["item.codes[1]", "optional(order.items[0].codes[1])"]),
        (TEXT, "1", "b", "metadata", ["answer.meta.tags[1]"]),
    ],
)
def test_a_value_is_read_by_the_nearest_binding(
    asked: Asked, text: str, key: str, value: str, field: str, due: list[str]
) -> None:
    """By a path, a join, one more loop, or an answer that is bound whole; as the field wants it."""
    asked.run(text)
    row = asked.find_row(key, value)
    choices = asked.ask("point", run=asked.number, answer=0, row=row, field=field)["choices"]

    assert [choice["expression"] for choice in choices] == due
    assert all(choice["why"] for choice in choices)


@pytest.mark.parametrize(
    ("key", "value", "field", "returned"),
    [("no", "t-1", "ticketId", 3), ("title", "Jazz", "nominalTicket.fullName", 2)],
)
def test_what_the_expression_needs_is_written_too(
    asked: Asked, key: str, value: str, field: str, returned: int
) -> None:
    """A loop, or the answer bound whole, goes into `source`; the mapping runs, and comments stay."""
    row = asked.find_row(key, value)
    choice = asked.ask("point", run=asked.number, answer=0, row=row, field=field)["choices"][0]
    made = asked.ask(
        "choose",
        text=asked.text,
        run=asked.number,
        field=field,
        **{name: choice[name] for name in ("expression", "entry", "split", "whole")},
    )["text"]
    asked.run(made)

    assert asked.outcome["problem"] == ""
    assert asked.outcome["verdicts"] == {"returned": returned}
    assert "# one by one" in made or "split" in choice


def test_a_whole_paged_answer_says_what_counts(asked: Asked) -> None:
    """A paged call that binds its answers whole still counts the items of each."""
    paged = (
        TEXT.replace(
            "    each: body.orders",
            "    pages: {number: {start: 1}, last: 'true', total: length(body.orders)}\n"
            "    each: body.orders",
        )
        .replace('"{user}"', '"{user}", page: "{page.number}"')
        .replace("'true'", "page.number == `1`")
    )
    asked.run(paged)
    assert asked.outcome["verdicts"] == {"returned": 2}
    row = asked.find_row("shop", "main")
    choice = asked.ask("point", run=asked.number, answer=0, row=row, field="metadata")["choices"][0]
    made = asked.ask(
        "choose",
        text=paged,
        run=asked.number,
        field="nominalTicket.fullName",
        expression=choice["expression"],
        split=choice["split"],
        whole="answer",
    )["text"]
    asked.run(made)

    assert asked.outcome["verdicts"] == {"returned": 2}
    assert "items: body.orders" in made


def test_an_answer_that_nobody_reads_is_pointed_to_by_nothing(asked: Asked) -> None:
    """Without an entry for the call there is no expression, and a whole list is bound already."""
    collected = TEXT.replace(
        "ticket:\n", "  - name: all\n    get: /all\n    collect: body.events\nticket:\n"
    )
    asked.paste("/all", copy.deepcopy(ANSWER))
    asked.run(collected)
    point = {"run": asked.number, "answer": 1, "field": "tags"}
    shop = asked.ask("point", row=asked.find_row("shop", "main", 1), **point)["choices"]
    title = asked.ask("point", row=asked.find_row("title", "Jazz", 1), **point)["choices"]

    assert shop == []
    assert [each["expression"] for each in title] == [
        "lookup(all, 'id', order.event).title",
        "all[0].title",
    ]


def test_an_unreadable_answer_has_nothing_to_point_to(asked: Asked) -> None:
    """Lines of text are no values."""
    asked.workshop.forget_samples()
    asked.workshop.add_sample("", "<html>no document", "ana@example.com")
    asked.run()
    assert asked.outcome["problem"] == "upstream-unreadable"
    assert asked.rows() == [[0, "", "t", "<html>no document"]]
    found = asked.ask("point", run=asked.number, answer=0, row=0, field="tags")["choices"]

    assert found == []


def test_a_join_needs_a_value_that_tells() -> None:
    """Every record refers to one element, by more than one small number in all of them."""
    rooms = [{"id": 1, "name": "A"}, {"id": 2, "name": "B"}]

    assert find_join([{"a": {"room": 1}}, {"a": {"room": 1}}], [rooms, rooms]) is None
    assert find_join([{"a": {"room": 1}}, {"a": {"room": 3}}], [rooms, rooms]) is None
    assert find_join([{"a": {"room": 1}}], [[1, 2]]) is None
    assert find_join([{"a": {"room": 1}}], [None]) is None
    assert find_join([{"a": {"room": 1}}, {"a": {"room": 2}}], [rooms, None]) is None
    assert find_join([{"a": {"room": 1}}, {"a": {"room": 2}}], [rooms, [*rooms, 7]]) is None
    assert find_join([{"a": {"room": 1}}], [[{"id": 1}, {"id": 1}]]) is None
    join = find_join([{"a": {"room": 1, "n": 2}}, {"a": {"room": 2, "n": 2}}], [rooms, rooms])
    assert join is not None
    assert (join.key, join.reference) == ("id", "a.room")


def test_every_field_of_the_contract_can_be_pointed_to() -> None:
    """The owner and the status too; the status itself is no field."""
    fields = list_fields()

    assert fields[:3] == ["owner", "status.from", "ticketId"]
    assert {"props.seating.row", "nominalTicket.fullName", "tags", "price"} < set(fields)
    assert "status" not in fields
    assert write_steps("a", ("b-c", 0, "d")) == 'a."b-c"[0].d'


# --- guesses and words ----------------------------------------------------------------------------


def test_a_loop_over_what_no_answer_gives_leads_nowhere(asked: Asked) -> None:
    """What the records of a list could be is found all the same."""
    asked.run(TEXT.replace("# one by one\n", "# one by one\n  - name: n\n    each: range(`1`)\n"))
    guesses = asked.ask("guesses", run=asked.number, field="showId")["guesses"]

    assert [guess["text"] for guess in guesses][:1] == ["order.event"]


def test_guesses_are_those_of_draft_one_after_the_other(asked: Asked) -> None:
    """The best first, with how sure it is and why; a field without a guess has none."""
    guesses = {
        field: [
            guess["text"]
            for guess in asked.ask("guesses", run=asked.number, field=field)["guesses"]
        ]
        for field in list_fields()
    }

    assert guesses["owner"] == ["order.mail"]
    assert guesses["status.from"] == ["order.state"]
    assert guesses["ticketId"][0] == "order.id"
    assert guesses["price"] == ["minor_units(order.cents, order.cur)"]
    assert guesses["currency"] == ["upper(order.cur)"]
    assert guesses["metadata"] == []
    assert all(len(each) <= 3 for each in guesses.values())
    more = copy.deepcopy(ANSWER)
    for each in more["orders"]:
        each.update(dict.fromkeys(("payer_email", "holder_email", "guest_email"), USER))
    asked.workshop.forget_samples()
    asked.paste("/orders?email=ana@example.com", more)
    asked.run()
    assert len(asked.ask("guesses", run=asked.number, field="owner")["guesses"]) == 3
    now = asked.ask("guesses", run=asked.number, field="price")["now"]
    assert now == "(a constant, a table or several)"


def test_status_words_are_those_of_the_table_and_of_the_answers(asked: Asked) -> None:
    """Each with its count, what the mapping takes it for, and what it would be as not eligible."""
    answer = copy.deepcopy(ANSWER)
    answer["orders"][1]["state"] = "in the post"
    asked.workshop.forget_samples()
    asked.paste("/orders?email=ana@example.com", answer)
    asked.run()
    (table,) = asked.ask("words", run=asked.number)

    assert table["expression"] == "order.state"
    assert [(w["word"], w["count"], w["taken_for"], w["meaning"]) for w in table["words"]] == [
        ("PAID", 1, "VALID", "PAID"),
        ("LOST", 0, "LOST", "LOST"),
        ("in the post", 1, "", "IN_THE_POST"),
    ]
    words = {"PAID": "VALID", "in the post": "SENT"}
    made = asked.ask("set-words", text=asked.text, path=table["path"], words=words)["text"]
    assert "values: {PAID: VALID, in the post: SENT}}" in made


def test_status_words_that_look_personal_are_masked(asked: Asked) -> None:
    """An address, or a name known from the answers, is no word to sort until data is shown."""
    answer = copy.deepcopy(ANSWER)
    answer["orders"][0] |= {"state": "bea@example.com", "holderName": "Ana López"}
    answer["orders"][1]["state"] = "Ana López"
    asked.workshop.forget_samples()
    asked.paste("/orders?email=ana@example.com", answer)
    asked.run()
    (masked,) = asked.ask("words", run=asked.number)
    (shown,) = asked.ask("words", run=asked.number, personal=True)

    assert [(w["word"], w["meaning"], w["hidden"]) for w in masked["words"]] == [
        ("PAID", "PAID", False),
        ("LOST", "LOST", False),
        ("(e-mail)", "", True),
        ("(name)", "", True),
    ]
    assert [w["word"] for w in shown["words"]] == ["PAID", "LOST", "Ana López", "bea@example.com"]


@pytest.mark.parametrize("state", ["<state>A</state><state>B</state>", "<state of='x'>A</state>"])
def test_an_element_that_is_no_text_is_no_status_word(asked: Asked, state: str) -> None:
    """No table can list an element of XML that came twice, or has attributes."""
    keys = "<id>1</id><event>e</event>" + state
    xml = f"<r><t><mail>{USER}</mail>{keys}</t></r>"
    asked.workshop.forget_samples()
    asked.ask("sample", content=xml, user=USER)
    asked.run(TEXT.replace("each: body.orders", "format: xml\n    each: as_list(body.r.t)"))
    (table,) = asked.ask("words", run=asked.number)

    assert asked.outcome["records"] == 1
    assert [word["word"] for word in table["words"]] == ["PAID", "LOST"]


def test_several_tables_and_open_ones_are_told_apart(asked: Asked) -> None:
    """Each table has its place in the list; one that is TODO has no words."""
    two = "[{from: order.state, values: {PAID: VALID}}, {from: order.gift, values: {x: VALID}}]"
    asked.run(TEXT.replace("{from: order.state, values: {PAID: VALID, LOST: LOST}}", two))
    assert [table["path"] for table in asked.ask("words", run=asked.number)] == [
        ["ticket", "status", 0],
        ["ticket", "status", 1],
    ]
    asked.run(TEXT.replace("from: order.state", "from: TODO").replace("order.mail", "TODO"))
    assert asked.ask("words", run=asked.number) == []
    assert "owner" not in asked.outcome["mapped"]
    assert asked.outcome["open"]


def test_what_cannot_be_written_says_why(asked: Asked) -> None:
    """The text is as it was, and the person is told."""
    write = {"run": asked.number, "field": "tags", "expression": "order.id"}
    with pytest.raises(EditError, match="mend the file first"):
        asked.ask("choose", text="a: [", **write)
    with pytest.raises(EditError, match="no `source`"):
        asked.ask("choose", text="a: 1", entry=["name: x"], **write)
    with pytest.raises(EditError, match="in brackets"):
        asked.ask("choose", text="source: [{name: a}]", entry=["name: x"], **write)
    with pytest.raises(EditError, match="binds its whole answer already"):
        asked.ask("choose", text="source:\n  - name: a\n    get: /a\n", split=0, whole="b", **write)
