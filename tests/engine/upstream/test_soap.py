"""SOAP against a platform that looks at each request: envelopes out, faults and inner documents in."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from tests.fake_platform import FakePlatform, Reply, Seen
from tests.support import SECRET, TOKEN, USER, ids_on, mapping, problem_on, tickets_of
from ticketbridge.engine.answer_trace import AnswerTrace
from ticketbridge.engine.bridge import Bridge, compile_mapping
from ticketbridge.engine.problems import (
    MappingMismatch,
    ProblemError,
    UpstreamError,
    UpstreamUnreadable,
)
from ticketbridge.engine.upstream.context import AnswerContext
from ticketbridge.engine.upstream.messages import PlatformAnswer, PlatformRequest
from ticketbridge.engine.upstream.soap import find_fault
from ticketbridge.formats.xml_text import escape
from ticketbridge.mapping import Environment, MappingError, parse_mapping

pytestmark = pytest.mark.anyio

SOAP_11 = "http://schemas.xmlsoap.org/soap/envelope/"
SOAP_12 = "http://www.w3.org/2003/05/soap-envelope"
BOX = "urn:box-office"
ACTION = '"urn:box-office/GetTickets"'
KEY = "k<e&y'\""
VARIABLES = {"MENTA_SECRET": SECRET, "ACME_TOKEN": TOKEN, "BOX_KEY": KEY}


def envelope(body: str, version: str = SOAP_11, prefix: str = "soap") -> str:
    """An envelope around *body*."""
    return (
        f'<?xml version="1.0" encoding="utf-8"?><{prefix}:Envelope xmlns:{prefix}="{version}">'
        f"<{prefix}:Body>{body}</{prefix}:Body></{prefix}:Envelope>"
    )


INNER = (
    '<?xml version="1.0" encoding="utf-16"?><tickets>'
    f"<ticket><no>A1</no><mail>{USER}</mail></ticket><ticket><no>A2</no><mail>{USER}</mail></ticket>"
    "</tickets>"
)
MESSAGE = {"status": "4xx", "when": "`true`", "then": "fail", "message": "body.r.said"}
RESULT = (
    f"<GetTicketsResponse xmlns='{BOX}'><GetTicketsResult><![CDATA[{INNER}]]></GetTicketsResult>"
    "</GetTicketsResponse>"
)
FAULT_11 = (
    "<soap:Fault><faultcode>soap:Client</faultcode><faultstring>no</faultstring></soap:Fault>"
)
FAULT_12 = "<env:Fault><env:Code><env:Value>env:Sender</env:Value></env:Code></env:Fault>"


def box_office(seen: Seen) -> Reply:
    """A platform that answers the right request alone, and a fault to any other."""
    fault = Reply(500, body=envelope(FAULT_11).encode(), content_type="text/xml; charset=utf-8")
    try:
        root = ET.fromstring(seen.content)  # noqa: S314 - a test's own
    except ET.ParseError:
        return fault
    key = root.findtext(f"{{{SOAP_11}}}Header/{{{BOX}}}Credentials/{{{BOX}}}Key")
    asked = root.find(f"{{{SOAP_11}}}Body/{{{BOX}}}GetTickets")
    right = (
        seen.method == "POST"
        and seen.headers.get("soapaction") == ACTION
        and seen.headers.get("content-type") == "text/xml; charset=utf-8"
        and root.tag == f"{{{SOAP_11}}}Envelope"
        and key == KEY
        and asked is not None
        and asked.findtext(f"{{{BOX}}}mail") == USER
        and asked.get("kind") == USER
    )
    if not right:
        return fault
    return Reply(body=envelope(RESULT).encode(), content_type="text/xml; charset=utf-8")


REQUEST = f"""\
<?xml version="1.0" encoding="utf-8"?>
<s:Envelope xmlns:s="{SOAP_11}" xmlns:b="{BOX}">
  <s:Header><b:Credentials><b:Key>${{BOX_KEY}}</b:Key></b:Credentials></s:Header>
  <s:Body><b:GetTickets kind="{{user}}"><b:mail>{{user}}</b:mail></b:GetTickets></s:Body>
</s:Envelope>
"""


def asking(xml: str = REQUEST, **changes: Any) -> Mapping[str, Any]:
    """MAPPING on the box office."""
    call = {
        "name": "answer",
        "post": "/service.asmx",
        "headers": {"SOAPAction": ACTION},
        "xml": xml,
        "format": {"xml": {"attributes": "drop"}},
        "take": "from_xml(body.Envelope.Body.GetTicketsResponse.GetTicketsResult).tickets",
        **changes,
    }
    return {
        "source": [call, {"name": "item", "each": "as_list(optional(answer.ticket))"}],
        "ticket.owner": "item.mail",
        "ticket.status": {"const": "VALID"},
        "ticket.fields": {
            "ticketId": "item.no",
            "externalReferenceEventId": {"const": "fest"},
            "showId": {"const": "fest"},
            "ticketOptionId": {"const": "A"},
            "price": {"const": 10},
            "currency": {"const": "EUR"},
        },
    }


def bridge_on(platform: FakePlatform, changes: Mapping[str, Any]) -> Bridge:
    """The changed MAPPING on *platform*, with the key that the box office knows."""
    variables = Environment({**VARIABLES, "ACME_API": platform.url})
    text = json.dumps(mapping(changes))
    return compile_mapping(parse_mapping(text, file="acme.yaml", environment=variables))


async def answered(
    platform: FakePlatform, changes: Mapping[str, Any], user: str = USER
) -> list[str]:
    """The ids of the tickets of *user*."""
    bridge = bridge_on(platform, changes)
    try:
        return [ticket["ticketId"] for ticket in tickets_of(await bridge.answer(user))]
    finally:
        await bridge.aclose()


async def refused(
    platform: FakePlatform, changes: Mapping[str, Any], user: str = USER
) -> ProblemError:
    """The problem instead of them."""
    with pytest.raises(ProblemError) as caught:
        await answered(platform, changes, user)
    return caught.value


# --- envelopes ------------------------------------------------------------------------------------


async def test_an_envelope_goes_out_and_the_document_in_its_answer_is_read(
    platform: FakePlatform,
) -> None:
    """Headers, namespaces, credentials and holes are what the platform expects, and its CDATA is XML."""
    platform.on("/service.asmx", box_office)

    assert await answered(platform, asking()) == ["A1", "A2"]
    assert [seen.headers["accept"] for seen in platform.seen] == ["application/xml, text/xml"]


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param(asking(headers={}), id="no action"),
        pytest.param(
            asking(headers={"SOAPAction": ACTION, "Content-Type": "text/plain"}), id="type"
        ),
        pytest.param(asking(REQUEST.replace("<b:mail>{user}", "<b:mail>x{user}")), id="mail"),
        pytest.param(asking(REQUEST.replace("${BOX_KEY}", "other")), id="key"),
        pytest.param(asking(REQUEST.replace(SOAP_11, SOAP_12)), id="version"),
        pytest.param(
            asking(REQUEST.replace("b:GetTickets", "b:Get")),
            id="operation",
        ),
    ],
)
async def test_a_wrong_envelope_is_refused_by_the_platform(
    platform: FakePlatform, changes: Mapping[str, Any]
) -> None:
    """Its fault is an error, and never an empty list."""
    platform.on("/service.asmx", box_office)

    found = await refused(platform, changes)

    assert isinstance(found, UpstreamError)
    assert "a SOAP fault" in found.log


async def test_a_credential_in_a_document_is_told_nowhere(platform: FakePlatform) -> None:
    """Neither the mapping, nor a request, nor what went wrong with it has it in its text."""
    seen: list[str] = []
    bridge = bridge_on(platform, asking(headers={}, responses=[MESSAGE]))
    inner = bridge.last_stage

    async def watched(request: PlatformRequest, context: AnswerContext) -> PlatformAnswer:
        seen.append(repr(request))
        return await inner(request, context)

    echo = f"<r><said>{escape(KEY)} was wrong</said></r>"
    platform.on("/service.asmx", Reply(400, body=echo.encode(), content_type="text/xml"))
    trace = AnswerTrace()
    try:
        with pytest.raises(ProblemError) as caught:
            await bridge.with_last_stage(watched).answer(USER, trace)
    finally:
        await bridge.aclose()

    assert trace.notes == ["answer: (credential) was wrong"]
    for text in (*seen, caught.value.log, caught.value.detail, repr(bridge.spec)):
        assert KEY not in text
        assert escape(KEY) not in text


async def test_a_value_is_no_markup(platform: FakePlatform) -> None:
    """An address may have an ampersand and an apostrophe, another value any sign at all."""
    user = "o'a&b@example.com"
    changes = asking(
        """<a b='{user}' c="{user}">{join('', ['<', user, `">\\r\\n]]>"`])}</a>""",
        take="body",
        format="xml",
    )
    platform.on("/service.asmx", Reply(body=b"<r/>", content_type="text/xml"))
    bridge = bridge_on(
        platform, {**changes, "source": [*changes["source"][:1], {"name": "item", "each": "`[]`"}]}
    )
    try:
        await bridge.answer(user)
    finally:
        await bridge.aclose()

    root = ET.fromstring(platform.seen[0].content)  # noqa: S314 - a test's own
    assert (root.get("b"), root.get("c")) == (user, user)
    assert root.text == f"<{user}>\r\n]]>"


@pytest.mark.parametrize(
    ("hole", "reason"),
    [
        ("extract(user, '(zz)')", "a hole gives null"),
        ("''", "a hole gives an empty string"),
        ("[[user]][0]", "a hole gives an array"),
        ('`"\\u0001"`', "a hole gives a control character, or another that XML cannot carry"),
        ('`"\\uffff"`', "a hole gives a control character, or another that XML cannot carry"),
        ("join('x', map(&'0123456789', range(`99999`)))", "a text of more than 1000000 characters"),
    ],
)
async def test_what_a_document_cannot_carry_makes_no_call(
    platform: FakePlatform, hole: str, reason: str
) -> None:
    """No filter vanishes, and no document is broken."""
    found = await refused(platform, asking(f"<a>{{{hole}}}</a>"))

    assert isinstance(found, MappingMismatch)
    assert reason in found.log
    assert platform.seen == []


async def test_a_body_has_its_largest_size(platform: FakePlatform) -> None:
    """A document of many long values is an error as a form is."""
    hole = "{join('', map(&'0123456789', range(`60000`)))}"
    found = await refused(platform, asking(f"<a><b>{hole}</b><c>{hole}</c></a>"))

    assert "the body has more than 1000000 bytes" in found.log


def test_a_variable_that_xml_cannot_carry_is_an_error_that_does_not_show_it() -> None:
    """At load, where a variable is resolved."""
    variables = {**VARIABLES, "ACME_API": "http://platform.example", "BOX_KEY": "s\x01t"}
    text = json.dumps(mapping(asking()))
    spec = parse_mapping(text, file="acme.yaml", environment=Environment(variables))
    with pytest.raises(MappingError) as caught:
        compile_mapping(spec)

    (finding,) = caught.value.findings
    assert finding.code == "TB202"
    assert "a variable holds a control character" in finding.message
    assert "s\x01t" not in str(finding)


# --- faults ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", [200, 202, 400, 401, 404, 429, 500, 503])
@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        pytest.param(envelope(FAULT_11), "text/xml", id="1.1"),
        pytest.param(envelope(FAULT_12, SOAP_12, "env"), "application/soap+xml", id="1.2"),
        pytest.param(
            f'<Envelope xmlns="{SOAP_11}"><Header/><Body><Fault/></Body></Envelope>',
            "text/xml",
            id="bare",
        ),
    ],
)
async def test_a_fault_is_an_error_whatever_its_status_and_the_rules(
    platform: FakePlatform, body: str, content_type: str, status: int
) -> None:
    """Of either version and with any prefix, before any rule; no rule makes an empty list of it."""
    rules = [{"status": ["2xx", "4xx", "5xx"], "when": "length(body) > `0`", "then": "empty"}]
    platform.on("/service.asmx", Reply(status, body=body.encode(), content_type=content_type))

    found = await refused(platform, asking(responses=rules))

    assert isinstance(found, UpstreamError)
    assert found.log.startswith("answer: a SOAP fault")


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({"Envelope": {"Body": {"Fault": None}}}, True),
        ({"Envelope": {"Body": [{"Other": None}, {"Fault": "x"}]}}, True),
        ({"Envelope": {"Body": {"Fault": []}}}, False),
        ({"Envelope": {"Body": None}}, False),
        ({"Envelope": "Body"}, False),
        ({"Envelope": {"Fault": "x"}}, False),
        ({"Fault": "x"}, False),
        (None, False),
    ],
)
def test_a_fault_stands_in_the_body_of_an_envelope(body: Any, said: bool) -> None:
    """Elsewhere the name is the platform's own."""
    assert (find_fault(body) is not None) is said


@pytest.mark.parametrize(
    ("fault", "told"),
    [
        ({"faultcode": "soap:Client", "faultstring": USER}, "a SOAP fault, Client"),
        ({"faultcode": "Server.Database"}, "a SOAP fault, Server.Database"),
        (
            {"Code": {"Value": "env:Sender", "Subcode": {"Value": "wsse:FailedAuthentication"}}},
            "a SOAP fault, Sender, FailedAuthentication",
        ),
        ({"faultcode": ["a:Client", "b:Client"]}, "a SOAP fault, Client"),
        ({"faultcode": f"Client.{USER}"}, "a SOAP fault"),
        ({"faultcode": {"#text": "Client"}}, "a SOAP fault"),
        ({"faultcode": "Ana"}, "a SOAP fault"),
        ("Client", "a SOAP fault"),
    ],
)
def test_a_fault_is_told_with_its_standard_codes(fault: Any, told: str) -> None:
    """They say whose fault it is; any other word may be about a person."""
    assert find_fault({"Envelope": {"Body": {"Fault": fault}}}) == told


async def test_a_fault_of_another_format_is_no_document(platform: FakePlatform) -> None:
    """A page that is no XML by its type is unreadable, as ever."""
    platform.on("/service.asmx", Reply(body=envelope(FAULT_11).encode(), content_type="text/html"))

    assert isinstance(await refused(platform, asking()), UpstreamUnreadable)


# --- logins ---------------------------------------------------------------------------------------


LOGIN = envelope("<LogIn><key>${BOX_KEY}</key></LogIn>")


def session(**changes: Any) -> Mapping[str, Any]:
    """MAPPING with a login by SOAP."""
    login = {"post": "/login.asmx", "xml": LOGIN, "format": "xml", **changes}
    token = "body.Envelope.Body.LogInResponse.LogInResult"
    return {**asking(), "upstream.auth": {"type": "session", "login": login, "token": token}}


def log_in(seen: Seen) -> Reply:
    """A token for the right key, else a fault."""
    root = ET.fromstring(seen.content)  # noqa: S314 - a test's own
    right = root.findtext(f"{{{SOAP_11}}}Body/LogIn/key") == KEY
    body = "<LogInResponse><LogInResult>t0k</LogInResult></LogInResponse>" if right else FAULT_11
    return Reply(body=envelope(body).encode(), content_type="text/xml")


async def test_a_login_may_send_and_get_xml(platform: FakePlatform) -> None:
    """The same bodies and faults as in a call."""
    platform.on("/login.asmx", log_in)
    platform.on("/service.asmx", box_office)

    assert await answered(platform, session()) == ["A1", "A2"]
    assert platform.seen[1].headers["authorization"] == "Bearer t0k"


async def test_a_fault_of_a_login_is_an_error(platform: FakePlatform) -> None:
    """Nothing is asked without a token."""
    platform.on("/login.asmx", log_in)

    found = await refused(platform, session(xml=LOGIN.replace("${BOX_KEY}", "other")))

    assert isinstance(found, UpstreamError)
    assert found.log == "login: a SOAP fault, Client"
    assert platform.paths == ["/login.asmx"]


# --- texts ----------------------------------------------------------------------------------------


async def test_a_text_is_sent_as_it_is_written(platform: FakePlatform) -> None:
    """With its content type, in UTF-8, and its holes as they are."""
    text = "FIND {{tickets}} FOR\\t{user} \u00e9\n"
    changes: dict[str, Any] = {
        "source": [
            {
                "name": "item",
                "post": "/find",
                "text": text,
                "content_type": "text/x-acme; v=1",
                "each": "body",
            }
        ]
    }
    changes |= {"ticket.owner": "item.mail", "ticket.fields.externalReferenceEventId": "item.id"}
    changes |= {"ticket.fields.showId": "item.id"}
    rows = [{"id": "A1", "mail": USER, "state": "PAID", "zone": "A", "price": 1}]
    platform.on("/find", Reply(json=rows))

    assert await ids_on(platform, changes) == ["A1"]
    assert platform.seen[0].content == f"FIND {{tickets}} FOR\\t{USER} \u00e9\n".encode()
    assert platform.seen[0].headers["content-type"] == "text/x-acme; v=1"


async def test_a_text_has_no_half_characters(platform: FakePlatform) -> None:
    """They have no bytes in UTF-8."""
    call = {"name": "order", "post": "/o", "content_type": "text/plain"}
    above = {"name": "body_of", "get": "/h", "take": "headers.x"}
    source = [
        above,
        {**call, "text": "{body_of}", "each": "body.orders"},
        {"name": "item", "each": "order.items"},
    ]
    platform.on("/h", Reply(steps=[b"HTTP/1.1 200 OK\r\nX: \xe9\r\nContent-Length: 0\r\n\r\n"]))

    found = await problem_on(platform, {"source": source})

    assert isinstance(found, MappingMismatch)
    assert "lone surrogates" in found.log
