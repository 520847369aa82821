"""XML's ways to say null, and elements with attributes, which are neither their text nor null."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import httpx
import pytest

from tests.support import answer_of, bridge_of, tickets_of
from ticketbridge.engine.answer_trace import AnswerTrace
from ticketbridge.engine.problems import MappingMismatch, ProblemError, UpstreamUnreadable
from ticketbridge.engine.upstream.answer_formats import Unreadable, compile_format
from ticketbridge.engine.upstream.messages import PlatformAnswer
from ticketbridge.jmes import AttributedElement, EvaluationError, compile_expression
from ticketbridge.mapping.spec import XmlFormatSpec

pytestmark = pytest.mark.anyio

XSI = 'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"'
WCF = 'xmlns:i="http://www.w3.org/2001/XMLSchema-instance"'
OTHER = 'xmlns:xsi="urn:acme:other"'


async def document(content: str, *lists: str) -> Any:
    """What the platform's answer becomes, the elements of *lists* being lists."""
    spec = XmlFormatSpec(tuple(tuple(path.split("/")) for path in lists), "keep")
    answer = PlatformAnswer(200, {"content-type": "text/xml"}, content.encode())
    return await compile_format(spec, any_content_type=False).read(answer)


# --- what the document is -------------------------------------------------------------------------


@pytest.mark.parametrize(
    "element",
    [
        pytest.param(f'<a {XSI} xsi:nil="true"/>', id="the usual prefix"),
        pytest.param(f'<a {WCF} i:nil="true"/>', id="the prefix of WCF"),
        pytest.param(f'<a {XSI} xsi:nil="1"/>', id="one"),
        pytest.param(f'<a {XSI} xsi:nil=" true "/>', id="blanks around it"),
        pytest.param(f'<a {XSI} xsi:nil="true"> \n </a>', id="layout within"),
        pytest.param(f'<a {XSI} xsi:nil="true"><!-- none --></a>', id="a comment within"),
        pytest.param(f'<a {XSI} xsi:type="xsd:date" xsi:nil="true"/>', id="with its type"),
        pytest.param('<a nil="true"/>', id="bare"),
        pytest.param('<a nil="1"></a>', id="bare one"),
        pytest.param("<a/>", id="empty"),
    ],
)
async def test_an_element_that_says_nil_is_null(element: str) -> None:
    """`nil` of XML Schema's instance namespace, whatever its prefix, or a bare `nil` that is alone."""
    assert await document(f"<r>{element}<b/></r>") == {"r": {"a": None, "b": None}}


async def test_a_prefix_is_what_the_nearest_element_declares() -> None:
    """The namespace counts, and not the prefix, which an inner element may declare anew."""
    text = f'<r {XSI}><a {OTHER} xsi:nil="true"/><b xsi:nil="true"/><c {WCF}><d i:nil="1"/></c></r>'

    assert await document(text) == {
        "r": {"a": {"@nil": "true"}, "b": None, "c": {"d": None}},
    }


@pytest.mark.parametrize(
    ("element", "becomes"),
    [
        pytest.param(f'<a {XSI} xsi:nil="false">x</a>', "x", id="false"),
        pytest.param(f'<a {XSI} xsi:nil="0"><b>1</b></a>', {"b": "1"}, id="zero, with elements"),
        pytest.param('<a nil="false">x</a>', "x", id="bare false"),
        pytest.param(f'<a {XSI} xsi:nil="false"/>', {"@nil": "false"}, id="false, and empty"),
        pytest.param('<a nil="0"/>', {"@nil": "0"}, id="bare zero, and empty"),
        pytest.param('<a nil="true">x</a>', {"@nil": "true", "#text": "x"}, id="bare, with text"),
        pytest.param('<a nil="maybe"/>', {"@nil": "maybe"}, id="another word"),
        pytest.param('<a xsi:nil="true"/>', {"@nil": "true"}, id="an undeclared prefix"),
        pytest.param(
            '<a type="datetime" nil="true"/>',
            {"@type": "datetime", "@nil": "true", "#text": None},
            id="as Rails writes it",
        ),
        pytest.param(
            f'<a {XSI} xsi:nil="true" currency="EUR"/>',
            {"@nil": "true", "@currency": "EUR", "#text": None},
            id="a currency beside it",
        ),
        pytest.param('<a format="iso"/>', {"@format": "iso"}, id="another attribute"),
        pytest.param(f'<a {XSI} xsi:type="t">x</a>', {"@type": "t", "#text": "x"}, id="its type"),
    ],
)
async def test_any_other_element_is_not_null(element: str, becomes: object) -> None:
    """Attributes are kept; where one of several says nil, the element's `#text` is null."""
    assert await document(f"<r>{element}</r>") == {"r": {"a": becomes}}


@pytest.mark.parametrize(
    "element",
    [
        pytest.param(f'<a {XSI} xsi:nil="true">x</a>', id="text"),
        pytest.param(f'<a {XSI} xsi:nil="1"><b/></a>', id="an element"),
        pytest.param(f'<a {XSI} xsi:nil="true" n="1">x</a>', id="text beside an attribute"),
        pytest.param(f'<a {XSI} xsi:nil="yes"/>', id="neither true nor false"),
        pytest.param(f'<a {XSI} xsi:nil=""/>', id="nothing"),
    ],
)
async def test_a_contradiction_is_not_read(element: str) -> None:
    """What says that it is null and has content, or says neither, is no document to trust."""
    assert isinstance(await document(f"<r>{element}</r>"), Unreadable)


async def test_a_list_that_says_nil_is_no_empty_list() -> None:
    """An empty parent has no elements; of one that is null nobody knows."""
    assert await document("<r><l/></r>", "l/e") == {"r": {"l": {"e": []}}}
    assert await document(f'<r {XSI}><l xsi:nil="true"/></r>', "l/e") == {"r": {"l": None}}


# --- what expressions make of an element with attributes -------------------------------------------


def rooms() -> dict[str, Any]:
    """An object with elements that have attributes, and beside them what has none."""
    return {
        "a": AttributedElement({"@n": "1", "#text": "x"}),
        "empty": AttributedElement({"@type": "date"}),
        "all": [AttributedElement({"@n": "1", "#text": "x"}), "y"],
        "rows": [{"k": AttributedElement({"@n": "1", "#text": "x"}), "v": "1"}],
        "b": "x",
        "none": None,
    }


@pytest.mark.parametrize(
    "text",
    [
        "a == `null`",
        "`null` == a",
        "a != `null`",
        "empty == `null`",
        "empty != none",
        "none == empty",
        "a == 'x'",
        "'x' != a",
        "a == b",
        "a == a",
        "a == `true`",
        "a == (b == 'x')",
        "a == `1`",
        "a < 'z'",
        "[a] == ['x']",
        "{k: a} == {k: b}",
        "!a",
        "a && b",
        "a || b",
        "none || (a && b)",
        "rows[?k]",
        "rows[?k == 'x']",
        "rows[?!k].v",
        "contains(all, 'x')",
        "contains(all, `null`)",
        "contains(all, a)",
        "lookup(rows, 'k', 'x')",
        "lookup(rows, 'v', a)",
        "unique(all)",
        "default(empty, 'x')",
        "not_null(none, empty)",
        "null_if(a, 'x')",
        "null_if(b, a)",
        "null_if(empty, `null`)",
        "type(empty)",
        "length(empty)",
        "to_string(a)",
        "to_number(a)",
        "upper(a)",
        "join('', [a])",
        "sort_by(rows, &k)",
    ],
)
def test_an_element_with_attributes_is_no_value(text: str) -> None:
    """Nothing compares it, takes it for true or false, or makes a text of it: the error names `#text`."""
    with pytest.raises(EvaluationError) as caught:
        compile_expression(text)(rooms())

    assert "#text" in str(caught.value)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ('a."#text"', "x"),
        ("a.\"@n\" == '1'", True),
        ('optional(empty."#text")', None),
        ('optional(empty."#text") == `null`', True),
        ("keys(empty)", ["@type"]),
        ("values(empty)", ["date"]),
        ("length(as_list(a))", 1),
        ('all[0]."@n"', "1"),
        ('merge(empty, {b: b})."@type"', "date"),
        ("rows[?k.\"#text\" == 'x'].v", ["1"]),
        ("lookup(all[:1], '@n', '1').\"#text\"", "x"),
        ("descendants(all[:1], 'none')[0].\"@n\"", "1"),
        ("rows[*].v", ["1"]),
    ],
)
def test_its_keys_are_read_as_those_of_any_object(text: str, value: object) -> None:
    """Attributes, text and children stand under their names."""
    assert compile_expression(text)(rooms()) == value


def test_a_missing_key_of_it_is_named() -> None:
    """An element with attributes is an object: the error lists the keys that are there."""
    with pytest.raises(EvaluationError, match="@type"):
        compile_expression('empty."#text"')(rooms())


# --- through an answer ----------------------------------------------------------------------------

CHANGES: dict[str, Any] = {
    "source": [
        {
            "name": "t",
            "get": "/tickets",
            "query": {"email": "{user}"},
            "format": {"xml": {"lists": ["Tickets/Ticket"]}},
            "each": "body.Tickets.Ticket",
        }
    ],
    "ticket.owner": "t.Holder",
    "ticket.status": {"from": "t.State", "values": {"PAID": "VALID", "DUE": "PENDING"}},
    "ticket.not_eligible_when": {"cancelled": "t.CancelledAt != `null`"},
    "ticket.fields": {
        "ticketId": "t.Id",
        "externalReferenceEventId": "t.Event",
        "showId": "t.Event",
        "ticketOptionId": "t.Zone",
        "price": "t.Price",
        "currency": {"const": "EUR"},
    },
}


def xml(**elements: str) -> httpx.Response:
    """The user's one ticket; *elements* replace those of their names, each whole."""
    values = {
        "Id": "1",
        "Holder": "ana@example.com",
        "State": "PAID",
        "CancelledAt": "",
        "Event": "e",
        "Zone": "A",
        "Price": "1",
    }
    whole = {name: f"<{name}>{text}</{name}>" for name, text in values.items()} | elements
    text = f"<Tickets {XSI}><Ticket>{''.join(whole.values())}</Ticket></Tickets>"
    return httpx.Response(200, content=text.encode(), headers={"Content-Type": "text/xml"})


async def verdicts(changes: Mapping[str, Any], reply: httpx.Response) -> dict[str, int]:
    """The verdicts of an answer, made both ways, with and without explanations."""
    found = []
    for explains in (False, True):
        trace = AnswerTrace(explains=explains)
        bridge, _ = bridge_of({**CHANGES, **changes}, {"/tickets": reply})
        await bridge.answer("ana@example.com", trace)
        found.append(trace.verdicts)
    assert found[0] == found[1]
    return found[0]


async def refusal(changes: Mapping[str, Any], reply: httpx.Response) -> ProblemError:
    """The problem of an answer."""
    with pytest.raises(ProblemError) as caught:
        await verdicts(changes, reply)
    return caught.value


async def test_a_null_is_a_null_in_conditions() -> None:
    """A ticket whose cancellation is nil is not cancelled, and one whose payment is nil is not paid."""
    by_payment = {
        "ticket.status": {
            "from": "t.PaidAt != `null`",
            "values": {"true": "VALID", "false": "PENDING"},
        }
    }
    nil = '<{} xsi:nil="true"/>'

    assert await verdicts({}, xml(CancelledAt=nil.format("CancelledAt"))) == {"returned": 1}
    assert await verdicts(by_payment, xml(PaidAt="<PaidAt>2026</PaidAt>")) == {"returned": 1}
    assert await verdicts(by_payment, xml(PaidAt=nil.format("PaidAt"))) == {
        "not_eligible:PENDING": 1
    }


ODD = '<{0} checked="yes">{1}</{0}>'


@pytest.mark.parametrize(
    ("changes", "reply"),
    [
        pytest.param({}, xml(State=ODD.format("State", "PAID")), id="status"),
        pytest.param({}, xml(Holder=ODD.format("Holder", "ana@example.com")), id="owner"),
        pytest.param({}, xml(Id=ODD.format("Id", "1")), id="an id"),
        pytest.param({}, xml(Price=ODD.format("Price", "1")), id="the price"),
        pytest.param({}, xml(CancelledAt=ODD.format("CancelledAt", "")), id="a reason, empty"),
        pytest.param({}, xml(CancelledAt=ODD.format("CancelledAt", "2026")), id="a reason"),
        pytest.param(
            {"ticket.not_eligible_when": {"cancelled": "t.CancelledAt && `true` || `false`"}},
            xml(CancelledAt=ODD.format("CancelledAt", "")),
            id="a truth",
        ),
        pytest.param(
            {"ticket.owner": "t.Owner || t.Holder"},
            xml(Owner=ODD.format("Owner", "")),
            id="a choice of owners",
        ),
        pytest.param(
            {"ticket.not_eligible_when": {"cancelled": "default(t.CancelledAt, '-') != '-'"}},
            xml(CancelledAt=ODD.format("CancelledAt", "")),
            id="a default",
        ),
        pytest.param(
            {"ticket.fields.priceTypeId": "t.Kind"}, xml(Kind=ODD.format("Kind", "")), id="optional"
        ),
        pytest.param(
            {"ticket.fields.ticketOptionId": {"from": "t.Kind", "values": {"x": "A"}, "else": "B"}},
            xml(Kind=ODD.format("Kind", "x")),
            id="a table with else",
        ),
        pytest.param(
            {"source.0.each": "body.Tickets.Ticket[?CancelledAt == `null`]"},
            xml(CancelledAt=ODD.format("CancelledAt", "")),
            id="a filter",
        ),
    ],
)
async def test_an_element_with_attributes_is_never_taken_for_a_value(
    changes: Mapping[str, Any], reply: httpx.Response
) -> None:
    """A ticket about which the mapping asks such an element is a mismatch, whose log names `#text`."""
    problem = await refusal(changes, reply)

    assert type(problem) is MappingMismatch
    assert "#text" in problem.log
    assert "ana@example.com" not in problem.log


async def test_its_text_and_attributes_make_a_ticket() -> None:
    """What the error says is right: `#text` is the text, and null where the element says nil."""
    changes = {
        "ticket.not_eligible_when": {"cancelled": 't.CancelledAt."#text" != `null`'},
        "ticket.fields.price": 't.Price."#text"',
        "ticket.fields.currency": 't.Price."@currency"',
        "ticket.fields.metadata": "{price: t.Price}",
    }
    reply = xml(
        Price='<Price currency="EUR">12.5</Price>',
        CancelledAt='<CancelledAt type="datetime" nil="true"/>',
    )
    answer = await answer_of({**CHANGES, **changes}, {"/tickets": reply})

    (ticket,) = tickets_of(answer)
    assert (ticket["price"], ticket["currency"]) == (12.5, "EUR")
    assert ticket["metadata"] == {"price": {"@currency": "EUR", "#text": "12.5"}}


@pytest.mark.parametrize(
    "inside",
    [
        pytest.param('<Ticket xsi:nil="true"/>', id="a ticket that is null"),
        pytest.param('<Ticket nil="true"/>', id="bare"),
    ],
)
async def test_a_null_in_a_list_is_a_mismatch(inside: str) -> None:
    """Of an element that is null nobody can say whose it is."""
    text = f"<Tickets {XSI}>{inside}</Tickets>"
    reply = httpx.Response(200, content=text.encode(), headers={"Content-Type": "text/xml"})
    problem = await refusal({}, reply)

    assert type(problem) is MappingMismatch
    assert "gives null" in problem.log


async def test_a_list_that_is_null_is_a_mismatch() -> None:
    """The platform did not say that there are none."""
    text = f'<r {XSI}><Tickets xsi:nil="true"/></r>'
    reply = httpx.Response(200, content=text.encode(), headers={"Content-Type": "text/xml"})
    problem = await refusal({"source.0.each": "body.r.Tickets.Ticket"}, reply)

    assert type(problem) is MappingMismatch


async def test_a_contradiction_is_unreadable() -> None:
    """A null with content is no answer."""
    problem = await refusal({}, xml(CancelledAt='<CancelledAt xsi:nil="true">2026</CancelledAt>'))

    assert type(problem) is UpstreamUnreadable


async def test_elements_with_attributes_are_bound_and_paged() -> None:
    """They are what lists, bindings and pages are made of: only the whole is no value."""
    ticket = (
        '<Ticket id="{0}"><Holder>ana@example.com</Holder><State>PAID</State><CancelledAt/>'
        "<Event>e</Event><Zone>A</Zone><Price>1</Price></Ticket>"
    )
    replies = tuple(
        httpx.Response(
            200,
            content=f"<Tickets>{''.join(map(ticket.format, ids))}</Tickets>".encode(),
            headers={"Content-Type": "text/xml"},
        )
        for ids in ("12", "3", "")
    )
    changes = {
        **CHANGES,
        "source.0.query": {"page": "{page.number}", "email": "{user}"},
        "source.0.pages": {"number": {"start": 1}},
        "ticket.fields.ticketId": 't."@id"',
    }
    bridge, _ = bridge_of(changes, {"/tickets": replies})
    answer = await bridge.answer("ana@example.com")

    assert [ticket["ticketId"] for ticket in tickets_of(answer)] == ["1", "2", "3"]


@pytest.mark.parametrize("slot", ["next_url", "cursor"])
async def test_a_next_page_is_no_element_with_attributes(slot: str) -> None:
    """It is a mismatch: nobody can say whether there is another page."""
    text = '<Tickets><Next rel="none"/></Tickets>'
    reply = httpx.Response(200, content=text.encode(), headers={"Content-Type": "text/xml"})
    query = (
        {"email": "{user}", "after": "{page.cursor}"} if slot == "cursor" else {"email": "{user}"}
    )
    changes = {"source.0.pages": {slot: "body.Tickets.Next"}, "source.0.query": query}
    problem = await refusal(changes, reply)

    assert type(problem) is MappingMismatch
