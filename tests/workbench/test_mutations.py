"""Which slips a mapping can have."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support import spec_of
from ticketbridge.engine.bridge import compile_mapping
from ticketbridge.mapping.spec import ExpressionSpec, expressions_in
from ticketbridge.workbench.cases.coverage import Trace
from ticketbridge.workbench.mutants.mutations import Mutant, make_mutants

Changes = dict[str, Any]


def _slips(changes: Changes) -> dict[str, Mutant]:
    return {slip.name: slip for slip in make_mutants(spec_of(changes), Trace())}


def _of(changes: Changes, slot: str) -> set[str]:
    """What *slot*, and no part of it, says instead."""
    return {
        name.removeprefix(f"{slot}: ") for name in _slips(changes) if name.startswith(f"{slot}: ")
    }


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("item.price", {"item.pricee"}, id="key"),
        pytest.param('item."a b"', {'item."a bb"'}, id="quoted key"),
        pytest.param(
            "minor_units(item.cents, item.cur)",
            {
                "item.cents",
                "minor_units(item.centss, item.cur)",
                "minor_units(item.cents, item.curr)",
            },
            id="function",
        ),
        pytest.param(
            "default(item.a, order.b)",
            {"item.a", "order.b", "default(item.aa, order.b)", "default(item.a, order.bb)"},
            id="default",
        ),
        pytest.param(
            "item.a || item.b || `0`",
            {
                "item.b || `0`",
                "item.a || `0`",
                "item.a || item.b",
                "item.aa || item.b || `0`",
                "item.a || item.bb || `0`",
                "item.a || item.b || `1`",
            },
            id="choice",
        ),
        pytest.param("`1.5`", {"`2.5`"}, id="fraction"),
        pytest.param("`true`", {"`false`"}, id="boolean"),
        pytest.param("''", {"'x'"}, id="empty text"),
        pytest.param("`null`", set(), id="null"),
        pytest.param("user", set(), id="root"),
        pytest.param(
            "item.list[?a == 'x'].b | [0]",
            {
                "(item.listt[?a == 'x'].b)[0]",
                "(item.list[*].b)[0]",
                "(item.list[?a != 'x'].b)[0]",
                "(item.list[?aa == 'x'].b)[0]",
                "(item.list[?a == 'xx'].b)[0]",
                "(item.list[?a == 'x'].bb)[0]",
                "(item.list[?a == 'x'].b)[1]",
            },
            id="filter",
        ),
        pytest.param(
            "sort_by(item.list, &a)[0]",
            {
                "item.list[0]",
                "sort_by(item.listt, &a)[0]",
                "sort_by(item.list, &aa)[0]",
                "sort_by(item.list, &a)[1]",
            },
            id="reference",
        ),
        pytest.param(
            "merge(item.a, {price: item.b})",
            {
                "item.a",
                "merge(item.aa, {price: item.b})",
                "merge(item.a, {pricee: item.b})",
                "merge(item.a, {price: item.bb})",
            },
            id="object",
        ),
        pytest.param(
            "map(&a, item.list)",
            {"item.list", "map(&aa, item.list)", "map(&a, item.listt)"},
            id="map",
        ),
        pytest.param("now()", set(), id="function without arguments"),
        pytest.param(
            "item.list[*].trim('x')",
            {"item.listt[*].trim('x')", "item.list[*].trim('xx')"},
            id="no text",
        ),
    ],
)
def test_the_slips_of_an_expression(text: str, expected: set[str]) -> None:
    """Keys, texts and numbers are misspelt; operators are others; functions and choices are left out."""
    assert _of({"ticket.fields.price": text}, "ticket.fields.price") == {"left out", *expected}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param(
            "item.a > `1` && !(item.b)",
            {
                "item.a > `1`",
                "!(item.b)",
                "item.a >= `1` && !(item.b)",
                "item.aa > `1` && !(item.b)",
                "item.a > `2` && !(item.b)",
                "item.a > `1` && item.b",
                "item.a > `1` && !(item.bb)",
            },
            id="and",
        ),
    ],
)
def test_the_slips_of_a_condition(text: str, expected: set[str]) -> None:
    """Each part of it may be left out, and each operator taken for its neighbour."""
    slot = "ticket.not_eligible_when.resold"

    assert _of({"ticket.not_eligible_when": {"resold": text}}, slot) == {"left out", *expected}


SOURCE = [
    {
        "name": "order",
        "get": "/{user}/orders",
        "query": {"email": "{user}", "kind": ["a", "b"]},
        "if": "user != 'x'",
        "responses": [
            {
                "status": 404,
                "when": "body.code == 'A'",
                "then": "empty",
                "message": "upper(body.text)",
            },
            {"status": 410, "then": "empty"},
        ],
        "pages": {"number": {"start": 1}, "last": "body.last", "total": "body.total"},
        "each": "body.orders",
    },
    {"name": "item", "each": "order.items"},
]


def test_the_slips_of_a_call() -> None:
    """Its condition, pages, rules and parameters may be left out, and parts of rules and pages."""
    names = {name for name in _slips({"source": SOURCE}) if name.startswith("source.order")}

    assert names >= {
        "source.order.if: left out",
        "source.order.query.email: left out",
        "source.order.query.kind: left out",
        "source.order.responses[0]: left out",
        "source.order.responses[0].status: left out",
        "source.order.responses[0].when: left out",
        "source.order.responses[1]: left out",
        "source.order.pages: left out",
        "source.order.pages.last: left out",
        "source.order.pages.total: left out",
        "source.order.pages.number.start: 2",
        "source.order.each: body.orderss",
        "source.order.if: user == 'x'",
    }
    assert "source.order.responses[1].status: left out" not in names
    assert not [name for name in names if ".message" in name], "only the log has it"


@pytest.mark.parametrize(
    ("body", "name"),
    [
        pytest.param({"json": {"a": [{"b": "{order.x}"}]}}, "json.a.b: order.xx", id="json"),
        pytest.param({"form": {"a": ["1", "{order.x}"]}}, "form.a[1]: order.xx", id="form"),
        pytest.param(
            {"graphql": {"query": "query ($a: Int) { b(c: $a) }", "variables": {"a": "{order.x}"}}},
            "graphql.variables.a: order.xx",
            id="graphql",
        ),
    ],
)
def test_the_slips_of_what_is_sent(body: Changes, name: str) -> None:
    """A hole is an expression wherever it stands."""
    item = {"name": "item", "post": "/items/{order.id}", "each": "body", **body}
    names = _slips({"source.1": item})

    assert f"source.item.{name}" in names
    assert "source.item.post: order.idd" in names


def test_the_slips_of_pages() -> None:
    """What leads to the next page is an expression, or a number."""
    next_url = {"source.0.pages": {"next_url": "body.next"}}
    cursor = {"source.0.pages": {"cursor": "body.next"}, "source.0.query.c": "{page.cursor}"}
    offset = {"source.0.pages": {"offset": {"step": 50}}, "source.0.query.o": "{page.offset}"}

    any_path = {"source.0.pages": {"link_header": True, "any_path": True}}
    items = {
        "source.0.each": ...,
        "source.0.take": "body",
        "source.0.pages": {"next_url": "body.next", "items": "body.orders"},
    }

    assert "source.order.pages.next_url: body.nextt" in _slips(next_url)
    assert "source.order.pages.any_path: left out" not in _slips(next_url)
    assert "source.order.pages.any_path: left out" in _slips(any_path)
    assert "source.order.pages.cursor: body.nextt" in _slips(cursor)
    assert "source.order.pages.offset.step: 51" in _slips(offset)
    assert "source.order.pages.items: left out" in _slips(items)


def test_the_slips_of_what_is_read() -> None:
    """The content type may matter after all, and an element may not be known to be a list."""
    names = _slips(
        {
            "source.0.any_content_type": True,
            "source.0.format": {"xml": {"lists": ["orders/order", "item"]}},
        }
    )

    assert "source.order.any_content_type: left out" in names
    assert "source.order.format.lists.orders/order: left out" in names
    assert "source.order.format.lists.item: left out" in names


@pytest.mark.parametrize(
    ("form", "slips"),
    [
        ("xml", []),
        ({"xml": {"attributes": "drop"}}, ["format.attributes"]),
        ({"json": {"charset": "iso-8859-1"}}, []),
        ({"csv": {"columns": ["a"]}}, []),
        (
            {"csv": {"columns": ["a"], "charset": "windows-1252", "any_end": True}},
            ["format.any_end"],
        ),
        ("ndjson", []),
    ],
)
def test_the_slips_of_a_format(form: Any, slips: list[str]) -> None:
    """The names of columns may not be left out, and a case is sent in whatever encoding is declared."""
    names = _slips({"source.0.format": form})

    assert [name for name in names if ".format" in name] == [
        f"source.order.{slip}: left out" for slip in slips
    ]


def test_the_slips_of_a_body() -> None:
    """A hole of a document and of a text is an expression as any other."""
    document = {"xml": "<a>{quoted(user, 'xml')}</a>"}
    text = {"text": "{quoted(user, 'sql')}", "content_type": "text/plain"}
    for body, key in ((document, "xml"), (text, "text")):
        call = {"name": "order", "post": "/o", "each": "body.orders", **body}
        names = _slips({"source": [call, {"name": "item", "each": "order.items"}]})
        assert f"source.order.{key}: user" in names


def test_the_slips_of_a_ticket() -> None:
    """Whose it is, what leaves it out, and what becomes of it then."""
    names = _slips(
        {
            "ticket.status": [
                {"from": "item.state", "values": {"PAID": "VALID"}},
                {"from": "order.state", "values": {"1": "VALID", "2": "GONE", "3": "LOST"}},
            ],
            "ticket.not_eligible_when": {"resold": "item.resold"},
            "ticket.ineligible": "mark",
            "ticket.on_violation": "omit",
        }
    )

    assert "ticket.owner: upstream" not in _slips({"ticket.owner": "upstream"})
    assert names.keys() >= {
        "ticket.owner: upstream",
        "ticket.status[0]: left out",
        "ticket.status[0].values.PAID: NOT_VALID",
        "ticket.status[1]: left out",
        "ticket.status[1].values.1: GONE",
        "ticket.status[1].values.2: VALID",
        "ticket.status[1].values.3: VALID",
        "ticket.not_eligible_when.resold: left out",
        "ticket.ineligible: omit",
        "ticket.on_violation: fail",
    }


def test_the_slips_of_a_table() -> None:
    """Each value may be another of the table, and `else` be missing."""
    table = {"from": "item.kind", "values": {"a": "A", "b": "B"}, "else": "C"}
    alone = {"from": "item.kind", "values": {"a": "A"}}
    slot = "ticket.fields.ticketOptionId"

    assert _of({slot: table}, f"{slot}.values.a") == {"B"}
    assert _of({slot: table}, f"{slot}.values.b") == {"A"}
    assert _of({slot: table}, f"{slot}.else") == {"left out"}
    assert _of({slot: {**alone, "else": "C"}}, f"{slot}.values.a") == {"C"}
    assert _of({slot: alone}, f"{slot}.values.a") == set()


def test_an_id_may_be_taken_for_another() -> None:
    """That of the show for that of the event, where they differ."""
    show = "ticket.fields.showId"
    other = _of({show: "order.show", "ticket.fields.priceTypeId": "item.type"}, show)

    assert _of({show: "order.show"}, show) == {"left out", "order.showw", "order.event"}
    assert other == {"left out", "order.showw", "order.event"}
    assert _of({}, show) == {"left out", "order.eventt"}
    assert _of({show: {"const": "1"}}, show) == {"left out", "order.event"}
    assert _of({"ticket.fields.externalReferenceEventId": {"const": "1"}}, show) == {
        "left out",
        "order.eventt",
    }


def test_the_slips_of_a_response(tmp_path: Any) -> None:
    """The statuses that differ from the default, and the body that is given."""
    (tmp_path / "a.json").write_text("{}")
    response = {
        "body": "{all: tickets}",
        "schema": "a.json",
        "when_empty": 204,
        "when_unknown_user": 404,
    }
    made = make_mutants(spec_of({"response": response}, folder=tmp_path), Trace())

    assert {slip.name for slip in made if slip.name.startswith("response")} == {
        "response.body: {alll: tickets}",
        "response.when_empty: 200",
        "response.when_unknown_user: 200",
    }
    assert not any(name.startswith("response") for name in _slips({}))


def test_a_slip_has_its_place_and_says_what_changed() -> None:
    """The line and the column of what was changed, and what it was before."""
    slip = _slips({"ticket.fields.price": "minor_units(item.cents, item.cur)"})[
        "ticket.fields.price: minor_units(item.centss, item.cur)"
    ]

    assert str(slip.place) == "acme.yaml:49:31"
    assert slip.change == "`centss` for `cents`"


def test_each_slip_changes_one_thing() -> None:
    """The mapping of a slip is the mapping, but for what the slip names."""
    spec = spec_of({})
    for slip in make_mutants(spec, Trace()):
        assert slip.spec != spec
        assert slip.spec.endpoint == spec.endpoint
        assert slip.spec.upstream == spec.upstream
        assert (slip.spec.source == spec.source) == (not slip.name.startswith("source"))


def test_a_slip_that_check_lets_pass_runs() -> None:
    """A misspelt key cannot be known without an answer."""
    slip = _slips({})["ticket.fields.price: item.pricee"]
    bridge = compile_mapping(slip.spec)
    field = next(named.field for named in bridge.spec.ticket.fields.fields if named.name == "price")

    assert isinstance(field, ExpressionSpec)
    assert field.text == "item.pricee"


def test_what_cases_know_only_as_a_mask_has_no_slips() -> None:
    """A hole of a token that no case has stands masked in each request: no case could notice a slip there."""
    login = {"post": "/login", "json": {"key": "${ACME_TOKEN}"}}
    auth = {"type": "session", "login": login, "token": "body", "place": "request"}
    query = {"email": "{user}", "sid": "{token.sid}"}
    changes = {"upstream.auth": auth, "source.0.query": query}

    assert _of(changes, "source.order.query.sid") == {"left out"}
    entry = {"source.0": {"name": "token", "get": "/session", "take": "body"}}
    calling = {
        "source.1": {"name": "order", "get": "/orders", "query": query, "take": "body"},
        "ticket.fields.ticketId": "token.id",
        "ticket.status.from": "order.state",
        "ticket.fields.ticketOptionId": "order.zone",
        "ticket.fields.price": "order.price",
    }
    assert "token.sidd" in _of({**entry, **calling}, "source.order.query.sid")


def test_a_token_that_a_case_has_has_slips() -> None:
    """Where a case answers the login, a misspelt part of its token is noticed."""
    login = {"post": "/login", "json": {"key": "${ACME_TOKEN}"}}
    auth = {"type": "session", "login": login, "token": "body", "place": "request"}
    spec = spec_of(
        {"upstream.auth": auth, "source.0.query": {"email": "{user}", "sid": "{token.sid}"}}
    )
    [hole] = [each for each in expressions_in(spec.source) if each.text == "token.sid"]
    trace = Trace()
    trace.note(hole, {"token": {"sid": "s"}, "user": "ana"}, "s")

    names = [slip.name for slip in make_mutants(spec, trace)]

    assert "source.order.query.sid: token.sidd" in names
