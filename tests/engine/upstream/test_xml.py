"""XML as a document: what it becomes, what is refused, and what a mapping meets in it."""

from __future__ import annotations

import asyncio
import gzip
from collections.abc import Mapping, Sequence
from typing import Any

import httpx
import pytest

from tests.fake_platform import FakePlatform, Reply
from tests.stand_in import compiled_on
from tests.support import USER, Replies, answer_of, serving, spec_of, tickets_of
from ticketbridge.engine.answer_trace import AnswerTrace
from ticketbridge.engine.bridge import compile_mapping
from ticketbridge.engine.problems import (
    MappingMismatch,
    ProblemError,
    UpstreamAuth,
    UpstreamUnreadable,
)
from ticketbridge.engine.upstream.answer_formats import NO_BODY, Unreadable, compile_format
from ticketbridge.engine.upstream.messages import PlatformAnswer
from ticketbridge.jmes import RepeatedElement
from ticketbridge.mapping.spec import XmlFormatSpec

pytestmark = pytest.mark.anyio

XML = "application/xml"
DECLARED = '<?xml version="1.0" encoding="{}"?>'


async def document(
    content: str | bytes, *lists: str, content_type: str = XML, any_content_type: bool = False
) -> Any:
    """What the platform's answer becomes, the elements of *lists* being lists."""
    body = content.encode() if isinstance(content, str) else content
    spec = XmlFormatSpec(tuple(tuple(path.split("/")) for path in lists), "keep")
    headers = {"content-type": content_type, "content-length": str(len(body))}
    answer = PlatformAnswer(200, headers, body)
    return await compile_format(spec, any_content_type=any_content_type).read(answer)


# --- what it becomes ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "becomes"),
    [
        pytest.param("<a>1</a>", {"a": "1"}, id="the root is the one key"),
        pytest.param("<a><b>01</b><c>true</c></a>", {"a": {"b": "01", "c": "true"}}, id="text"),
        pytest.param("<a><b/><c></c></a>", {"a": {"b": None, "c": None}}, id="empty is null"),
        pytest.param("<a/>", {"a": None}, id="empty root"),
        pytest.param("<a>\n <b> \t\r\n</b>\n</a>", {"a": {"b": None}}, id="layout is no text"),
        pytest.param("<a> x\ty </a>", {"a": " x\ty "}, id="text is kept as it is"),
        pytest.param("<a>\u00a0</a>", {"a": "\u00a0"}, id="a hard space is text"),
        pytest.param('<a b="1" c=""/>', {"a": {"@b": "1", "@c": ""}}, id="attributes"),
        pytest.param('<a b="1">x</a>', {"a": {"@b": "1", "#text": "x"}}, id="text beside them"),
        pytest.param("<a>x<b/>y</a>", {"a": {"b": None, "#text": "xy"}}, id="mixed"),
        pytest.param('<a id="1"><id>2</id></a>', {"a": {"@id": "1", "id": "2"}}, id="both kinds"),
        pytest.param(
            '<n:a xmlns:n="u" xmlns="v"><n:b n:c="1" xml:lang="en">x</n:b></n:a>',
            {"a": {"b": {"@c": "1", "@lang": "en", "#text": "x"}}},
            id="prefixes and their declarations are dropped",
        ),
        pytest.param("<x:a><b:c:d>1</b:c:d></x:a>", {"a": {"d": "1"}}, id="undeclared prefixes"),
        pytest.param("<a:>1</a:>", {"a:": "1"}, id="a prefix of nothing is a name"),
        pytest.param(
            "<a>&lt;&gt;&amp;&quot;&apos;&#65;&#x20AC;</a>", {"a": "<>&\"'A€"}, id="entities"
        ),
        pytest.param("<a><![CDATA[<b>&amp;]]></a>", {"a": "<b>&amp;"}, id="CDATA"),
        pytest.param("<a>1<![CDATA[2]]>3</a>", {"a": "123"}, id="CDATA beside text"),
        pytest.param("<a>1<!-- no -->2</a>", {"a": "12"}, id="a comment parts no text"),
        pytest.param("<a>1<?go on?>2</a>", {"a": "12"}, id="nor does an instruction"),
        pytest.param("<!-- x --><?y z?>\n<a/>\n<!-- x -->", {"a": None}, id="around the root"),
        pytest.param('<?xml version="1.0" standalone="yes"?><a/>', {"a": None}, id="declaration"),
        pytest.param("<a>1\r\n2\r3</a>", {"a": "1\n2\n3"}, id="line breaks, as XML says"),
        pytest.param("<é>ü€😀</é>", {"é": "ü€😀"}, id="any letters"),
    ],
)
async def test_xml_becomes_a_document(content: str, becomes: object) -> None:
    """Elements are keys, attributes `@name`, text beside something else `#text`; all values are text."""
    assert await document(content) == becomes


@pytest.mark.parametrize(
    ("content", "lists", "becomes"),
    [
        pytest.param("<r><l><e>1</e></l></r>", ["l/e"], {"l": {"e": ["1"]}}, id="one"),
        pytest.param("<r><l><e>1</e><e/></l></r>", ["l/e"], {"l": {"e": ["1", None]}}, id="two"),
        pytest.param("<r><l/></r>", ["l/e"], {"l": {"e": []}}, id="none"),
        pytest.param("<r><l> \n </l></r>", ["l/e"], {"l": {"e": []}}, id="none, with layout"),
        pytest.param("<r><l><f/></l></r>", ["l/e"], {"l": {"e": [], "f": None}}, id="others"),
        pytest.param('<r><l n="0"/></r>', ["l/e"], {"l": {"e": [], "@n": "0"}}, id="attributes"),
        pytest.param("<r><l>x</l></r>", ["l/e"], {"l": {"e": [], "#text": "x"}}, id="text"),
        pytest.param("<r/>", ["l/e"], None, id="no parent"),
        pytest.param("<r/>", ["r/e"], {"e": []}, id="the root is a parent"),
        pytest.param("<r><e/><l><e/></l></r>", ["l/e"], {"e": None, "l": {"e": [None]}}, id="end"),
        pytest.param(
            "<r><x><l><e/></l></x><l><e/></l></r>",
            ["x/l/e"],
            {"x": {"l": {"e": [None]}}, "l": {"e": None}},
            id="a longer end",
        ),
        pytest.param(
            "<r><x><l/></x><l/></r>", ["x/l/e"], {"x": {"l": {"e": []}}, "l": None}, id="it"
        ),
        pytest.param(
            "<l><e/></l>", ["x/l/e"], {"e": None}, id="an end that is longer than the path"
        ),
        pytest.param("<r><l><e/></l></r>", ["e"], {"l": {"e": [None]}}, id="a name alone"),
        pytest.param("<r><l/></r>", ["e"], {"l": None}, id="a name alone has no parent"),
        pytest.param(
            "<r><l><e><e/></e></l></r>",
            ["l/e", "e/e"],
            {"l": {"e": [{"e": [{"e": []}]}]}},
            id="lists in lists",
        ),
        pytest.param(
            '<n:r xmlns:n="u"><n:l><m:e/><e/></n:l></n:r>',
            ["l/e"],
            {"l": {"e": [None, None]}},
            id="whatever their prefixes",
        ),
        pytest.param(
            "<r><l><e>1</e><f/><e>2</e></l></r>",
            ["l/e"],
            {"l": {"e": ["1", "2"], "f": None}},
            id="apart from each other",
        ),
    ],
)
async def test_lists_name_what_is_always_a_list(
    content: str, lists: Sequence[str], becomes: object
) -> None:
    """One is a list of one, none are `[]` where the parent is there, and paths match ends of paths."""
    found = await document(content, *lists)

    assert list(found.values()) == [becomes]


async def test_a_root_can_be_a_list() -> None:
    """A path that matches the root's makes a list of it too."""
    assert await document("<e/>", "e") == {"e": [None]}


@pytest.mark.parametrize(
    ("content", "values"),
    [
        pytest.param("<r><e>1</e><e>2</e><e>3</e></r>", ["1", "2", "3"], id="elements"),
        pytest.param("<r><n:e>1</n:e><m:e>2</m:e></r>", ["1", "2"], id="of two prefixes"),
        pytest.param("<r><e/><e/></r>", [None, None], id="empty ones"),
    ],
)
async def test_what_comes_more_than_once_unnamed_is_neither_one_nor_a_list(
    content: str, values: Sequence[object]
) -> None:
    """It keeps all values, in a type of its own that only `as_list` takes."""
    found = (await document(content))["r"]["e"]

    assert (type(found), list(found)) == (RepeatedElement, values)


async def test_two_attributes_of_one_name_are_one_that_came_twice() -> None:
    """Without their prefixes they cannot be told apart."""
    found = (await document('<r n:e="1" m:e="2"/>'))["r"]["@e"]

    assert (type(found), list(found)) == (RepeatedElement, ["1", "2"])


# --- encodings ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "content_type"),
    [
        pytest.param("<a>é</a>".encode(), XML, id="UTF-8 by default"),
        pytest.param(b"\xef\xbb\xbf" + "<a>é</a>".encode(), XML, id="byte order mark"),
        pytest.param((DECLARED.format("utf-8") + "<a>é</a>").encode(), XML, id="declared UTF-8"),
        pytest.param("<a>é</a>".encode(), f"{XML};charset=UTF-8", id="UTF-8 by the head"),
        pytest.param(
            (DECLARED.format("ISO-8859-1") + "<a>é</a>").encode("latin-1"), XML, id="Latin 1"
        ),
        pytest.param(
            (DECLARED.format("iso-8859-15") + "<a>é</a>").encode("latin-1"), XML, id="Latin 9"
        ),
        pytest.param(
            "<?xml  version='1.0'\n encoding = 'windows-1252' ?><a>é</a>".encode("cp1252"),
            XML,
            id="Windows, oddly written",
        ),
        pytest.param(
            "<a>é</a>".encode("latin-1"), f'{XML}; Charset="ISO-8859-1"', id="by the head"
        ),
        pytest.param(b"<a>&#233;</a>", f"{XML};charset=us-ascii", id="ASCII"),
        pytest.param(
            (DECLARED.format("UTF-8") + "<a>&#xE9;</a>").encode(),
            f"{XML};charset=ISO-8859-1",
            id="two names for what is the same in both",
        ),
    ],
)
async def test_an_encoding_is_what_the_answer_says(content: bytes, content_type: str) -> None:
    """The byte order mark, the head or the declaration says it; else it is UTF-8."""
    assert await document(content, content_type=content_type) == {"a": "é"}


@pytest.mark.parametrize(
    ("content", "content_type"),
    [
        pytest.param("<a>é</a>".encode("latin-1"), XML, id="no UTF-8"),
        pytest.param(b"<a>\xc3</a>", XML, id="half a character"),
        pytest.param(b"<a>\xed\xa0\x80</a>", XML, id="a surrogate"),
        pytest.param(b"<a>\xc0\xaf</a>", XML, id="an overlong character"),
        pytest.param(b"<a>1</a>\xe2\x82", XML, id="cut in the last character"),
        pytest.param("<a>é</a>".encode(), f"{XML};charset=us-ascii", id="no ASCII"),
        pytest.param(
            (DECLARED.format("UTF-8") + "<a>é</a>").encode("latin-1"),
            f"{XML};charset=ISO-8859-1",
            id="head and declaration differ",
        ),
        pytest.param(
            b"\xef\xbb\xbf" + (DECLARED.format("ISO-8859-1") + "<a>é</a>").encode(),
            XML,
            id="mark and declaration differ",
        ),
        pytest.param("<a>é</a>".encode("utf-16"), XML, id="UTF-16"),
        pytest.param((DECLARED.format("UTF-16") + "<a/>").encode(), XML, id="UTF-16 it is not"),
        pytest.param((DECLARED.format("UTF-7") + "<a>+AOk-</a>").encode(), XML, id="UTF-7"),
        pytest.param((DECLARED.format("EBCDIC-CP-BE") + "<a/>").encode(), XML, id="EBCDIC"),
        pytest.param(b"<a>1</a>", f"{XML};charset=shift_jis", id="by the head"),
        pytest.param(
            (f"<?xml version='1.0' {' ' * 300}encoding='ISO-8859-1'?><a>é</a>").encode(),
            XML,
            id="a declaration that is out of sight",
        ),
        pytest.param(
            "<a>é</a>".encode("cp1252").replace(b"\xe9", b"\x81"),
            f"{XML};charset=windows-1252",
            id="a byte that is no character",
        ),
    ],
)
async def test_an_encoding_is_never_guessed(content: bytes, content_type: str) -> None:
    """What is not in its encoding, in another than the few, or in two at once, is not read."""
    assert isinstance(await document(content, content_type=content_type), Unreadable)


# --- what is refused ------------------------------------------------------------------------------

LAUGHS = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
NAMESPACE = "http://www.w3.org/2001/XMLSchema-instance"
PREFIXES = " ".join(f'xmlns:p{number}="{NAMESPACE}"' for number in range(21))

HOSTILE = {
    "billion laughs": f'<!DOCTYPE a [<!ENTITY l0 "ha">{LAUGHS}]><a>&l9;</a>',
    "quadratic blowup": f'<!DOCTYPE a [<!ENTITY l "{"x" * 10_000}">]><a>{"&l;" * 1000}</a>',
    "external entity": '<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/hostname">]><a>&x;</a>',
    "parameter entity": '<!DOCTYPE a [<!ENTITY % x SYSTEM "http://127.0.0.1:9/x">%x;]><a/>',
    "external DTD": '<!DOCTYPE a SYSTEM "http://127.0.0.1:9/a.dtd"><a/>',
    "public DTD": '<!DOCTYPE html PUBLIC "-//W3C//DTD XHTML 1.0 Strict//EN" "x"><html/>',
    "default attribute": '<!DOCTYPE a [<!ATTLIST a status CDATA "PAID">]><a/>',
    "bare document type": "<!DOCTYPE a><a/>",
    "undefined entity": "<a>&nbsp;</a>",
    "deep nesting": "<a>" * 10_000 + "</a>" * 10_000,
    "one level too deep": "<a>" * 201 + "</a>" * 201,
    "truncated": "<a><b>1</b>",
    "truncated tag": "<a><b>1</b></a",
    "truncated text": "<a>1",
    "glued documents": "<a>1</a><a>2</a>",
    "text after it": "<a>1</a>2",
    "text before it": "1<a>2</a>",
    "glued declarations": "<?xml version='1.0'?><?xml version='1.0'?><a/>",
    "a blank before the declaration": " <?xml version='1.0'?><a/>",
    "no element": "<!-- nothing -->",
    "white space": "  \n ",
    "JSON": '{"a": 1}',
    "HTML": "<html><p>Maintenance<br></html>",
    "wrong end": "<a><b></a></b>",
    "duplicate attribute": '<a b="1" b="2"/>',
    "bare ampersand": "<a>Rock & Pop</a>",
    "bare less-than": "<a>1 < 2</a>",
    "control character": "<a>\x01</a>",
    "a zero": "<a>1\x002</a>",
    "reference to a control character": "<a>&#1;</a>",
    "reference to zero": "<a>&#0;</a>",
    "reference to a surrogate": "<a>&#xD800;</a>",
    "reference to no character": "<a>&#xFFFF;</a>",
    "reference beyond all characters": "<a>&#x110000;</a>",
    "no character": "<a>\ufffe</a>",
    "the end of CDATA": "<a>]]></a>",
    "open CDATA": "<a><![CDATA[x</a>",
    "a comment that has no end": "<a/><!-- x",
    "two hyphens in a comment": "<a><!-- x -- y --></a>",
    "too many elements": "<a>" + "<b/>" * 500_001 + "</a>",
    "too many prefixes": f"<a {PREFIXES}/>",
    "too many attributes": "<a>" + '<b c="" d=""/>' * 166_700 + "</a>",
    "too many names": "<a>" + "".join(f"<b{n}/>" for n in range(20_001)) + "</a>",
    "a huge tag": f'<a b="{"x" * 3_000_000}"/>',
    "a huge comment": f"<a><!--{'x' * 3_000_000}--></a>",
}


@pytest.mark.parametrize("content", HOSTILE.values(), ids=HOSTILE)
async def test_what_is_no_xml_or_more_than_data_is_not_read(content: str) -> None:
    """No document type and so no entities, nothing cut, glued or boundless; the log hears no more."""
    found = await document(content)

    assert isinstance(found, Unreadable)
    assert not any(
        word in found.reason for word in ("Rock", "Maintenance", "127.0.0.1", "hostname", "xx")
    )
    assert len(found.reason) < 120


@pytest.mark.parametrize(
    "content",
    [
        pytest.param("<a>" * 200 + "</a>" * 200, id="depth"),
        pytest.param(f'<a b="{"x" * 500_000}"/>', id="tag"),
        pytest.param(f"<a>{'x' * 5_000_000}</a>", id="text"),
        pytest.param(f"<a><![CDATA[{'x' * 5_000_000}]]></a>", id="CDATA"),
        pytest.param("<a>" + "<b/>" * 200_000 + "</a>", id="elements"),
    ],
)
async def test_the_bounds_leave_room_for_data(content: str) -> None:
    """Depth and tags are bounded far beyond what a platform sends; text is bounded by `max_body`."""
    assert not isinstance(await document(content), Unreadable)


@pytest.mark.parametrize("shift", range(0, 48, 5))
async def test_pieces_are_not_to_be_seen(shift: int) -> None:
    """The text is read in pieces: a character, a tag and a reference may lie across two."""
    rows = "".join(f"<b c='é{n}'>&amp;€{n}</b><!-- é -->" for n in range(9_000))
    found = await document(f"<a>{'x' * shift}{rows}</a>", "a/b")

    assert found["a"]["b"] == [{"@c": f"é{n}", "#text": f"&€{n}"} for n in range(9_000)]


async def test_other_answers_get_their_turn() -> None:
    """A long answer is read piece by piece, with a turn of the event loop after each."""
    reading = asyncio.create_task(document("<a>" + "<b>1</b>" * 100_000 + "</a>", "a/b"))
    turns = 0
    while not reading.done():
        await asyncio.sleep(0)
        turns += 1

    assert len((await reading)["a"]["b"]) == 100_000
    assert turns >= 800_000 // 65_536


# --- content types --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "content_type",
    [XML, "text/xml", "Application/XML; charset=utf-8", "application/vnd.acme+xml"],
)
async def test_xml_media_types_are_read(content_type: str) -> None:
    """Those of XML, and those that end in `+xml`."""
    assert await document("<a/>", content_type=content_type) == {"a": None}


@pytest.mark.parametrize(
    "content_type",
    ["", "application/json", "text/html", "text/plain", "application/xhtml+xml", "image/svg+xml"],
)
async def test_another_content_type_is_not_read(content_type: str) -> None:
    """XHTML is one of them: it is a page for people, and most likely that of an error."""
    found = await document("<a/>", content_type=content_type)

    assert isinstance(found, Unreadable)
    assert found.reason.startswith("the content type is not XML")


async def test_any_content_type_reads_xml_under_another_name() -> None:
    """`any_content_type` is for platforms that say text/html of it; what else it says is as little true."""
    found = await document(
        "<a>é</a>", content_type="text/html; charset=ISO-8859-1", any_content_type=True
    )

    assert found == {"a": "é"}


async def test_no_body_is_no_xml() -> None:
    """As with JSON."""
    assert await document("") == NO_BODY


# --- in a mapping ---------------------------------------------------------------------------------


def sale(number: int = 1, rest: str = "<state>PAID</state><email>ana@example.com</email>") -> str:
    """A platform's sale."""
    return f"<sale><id>{number}</id><zone>A</zone><price>2.50</price>{rest}</sale>"


def sales(*inner: str) -> httpx.Response:
    """A platform's answer."""
    content = f"<r><sales>{''.join(inner)}</sales></r>"
    return httpx.Response(200, content=content, headers={"Content-Type": XML})


CHANGES: Mapping[str, Any] = {
    "source": [
        {
            "name": "item",
            "get": "/sales",
            "query": {"email": "{user}"},
            "format": {"xml": {"lists": ["sales/sale"]}},
            "each": "body.r.sales.sale",
        }
    ],
    "ticket.owner": "item.email",
    "ticket.fields.externalReferenceEventId": {"const": "fest"},
    "ticket.fields.showId": {"const": "fest"},
}
UNNAMED = {**CHANGES, "source": [{**CHANGES["source"][0], "format": "xml"}]}


async def ids(changes: Mapping[str, Any], reply: httpx.Response) -> list[str]:
    """The ids of the tickets in one answer, the same by both ways to them."""
    given = [
        [ticket["ticketId"] for ticket in tickets_of(answer)]
        for answer in [
            await answer_of(changes, {"/sales": reply}),
            await answer_of(changes, {"/sales": reply}, trace=AnswerTrace(explains=True)),
        ]
    ]
    assert given[0] == given[1]
    return given[0]


async def refusal(changes: Mapping[str, Any], reply: httpx.Response) -> str:
    """What the log says of an answer that does not fit the mapping, the same by both ways."""
    logs = []
    for explains in (False, True):
        with pytest.raises(MappingMismatch) as caught:
            await answer_of(changes, {"/sales": reply}, trace=AnswerTrace(explains=explains))
        logs.append(caught.value.log)
    assert logs[0] == logs[1]
    return logs[0]


@pytest.mark.parametrize("count", [0, 1, 2, 300])
async def test_a_user_may_own_none_one_or_many(count: int) -> None:
    """A list that is named is one however many there are."""
    numbers = range(1, count + 1)

    assert await ids(CHANGES, sales(*map(sale, numbers))) == [str(number) for number in numbers]


async def test_values_are_text() -> None:
    """A price of text becomes the number, an id keeps its zeros."""
    reply = sales(sale().replace("<id>1<", "<id>007<"))
    ticket = tickets_of(await answer_of(CHANGES, {"/sales": reply}))[0]

    assert (ticket["ticketId"], ticket["price"]) == ("007", 2.5)


@pytest.mark.parametrize("count", [1, 2])
async def test_a_list_that_is_not_named_is_an_error_with_one_and_with_many(count: int) -> None:
    """Were it an error with one alone, it would only be found when the first such user comes."""
    assert "item: each" in await refusal(UNNAMED, sales(*map(sale, range(count))))


@pytest.mark.parametrize("count", [0, 1, 2])
async def test_as_list_stands_in_for_a_name(count: int) -> None:
    """It says in the expression that one and many are right."""
    changes = {**UNNAMED, "source.0.each": "as_list(optional(body.r.sales.sale))"}

    assert len(await ids(changes, sales(*map(sale, range(count))))) == count


async def test_what_comes_more_than_once_and_is_not_used_does_not_matter() -> None:
    """Not all of a platform's lists need a name."""
    rest = "<state>PAID</state><email>ana@example.com</email><note>1</note><note>2</note>"

    assert await ids(CHANGES, sales(sale(rest=rest))) == ["1"]


TWICE = "<state>PAID</state><email>ana@example.com</email><flag>NEW</flag><flag>SOLD</flag>"


@pytest.mark.parametrize(
    ("changes", "rest"),
    [
        pytest.param({}, TWICE + "<email>bob@example.com</email>", id="owner"),
        pytest.param({}, TWICE + "<state>VOID</state>", id="status"),
        pytest.param({"ticket.not_eligible_when": {"sold": "item.flag == 'SOLD'"}}, TWICE, id="is"),
        pytest.param({"ticket.not_eligible_when": {"sold": "item.flag != 'NEW'"}}, TWICE, id="not"),
        pytest.param(
            {"ticket.not_eligible_when": {"sold": "contains(item.flag, 'SOLD')"}},
            TWICE,
            id="contains",
        ),
        pytest.param({"ticket.fields.ticketId": "item.flag"}, TWICE, id="text"),
        pytest.param({"ticket.fields.price": "item.flag"}, TWICE, id="number"),
        pytest.param({"ticket.fields.tags": "item.flag"}, TWICE, id="list"),
        pytest.param({"ticket.fields.metadata": {"all": "item.flag"}}, TWICE, id="anything"),
        pytest.param({"ticket.fields.priceTypeId": "optional(item.flag)"}, TWICE, id="optional"),
        pytest.param(
            {
                "ticket.fields.priceTypeId": {
                    "from": "item.flag",
                    "values": {"SOLD": "s"},
                    "else": "e",
                }
            },
            TWICE,
            id="table",
        ),
        pytest.param(
            {"source": [*CHANGES["source"], {"name": "flag", "take": "item.flag"}]},
            TWICE,
            id="take",
        ),
        pytest.param(
            {"source": [*CHANGES["source"], {"name": "flag", "each": "item.flag"}]},
            TWICE,
            id="each",
        ),
    ],
)
async def test_what_comes_more_than_once_is_never_taken_for_one(
    changes: Mapping[str, Any], rest: str
) -> None:
    """A ticket whose element came twice is neither sold nor left out: the log says what to name."""
    log = await refusal({**CHANGES, **changes}, sales(sale(rest=rest)))

    assert "more than once" in log


async def test_what_goes_out_whole_is_a_list_inside() -> None:
    """Open metadata may carry what nobody looks into."""
    changes = {**CHANGES, "ticket.fields.metadata": {"all": "item"}}
    answer = await answer_of(changes, {"/sales": sales(sale(rest=TWICE))})

    assert tickets_of(answer)[0]["metadata"]["all"]["flag"] == ["NEW", "SOLD"]


async def test_pages_may_have_it() -> None:
    """Pages are compared by all that is in them."""
    changes = {
        **CHANGES,
        "source.0.query": {"page": "{page.number}", "email": "{user}"},
        "source.0.pages": {"number": {"start": 1}},
    }
    replies = (sales(sale(1, TWICE)), sales(sale(2, TWICE)), sales())
    answer = await answer_of(changes, {"/sales": replies})

    assert [ticket["ticketId"] for ticket in tickets_of(answer)] == ["1", "2"]


@pytest.mark.parametrize("name", ["billion laughs", "truncated", "glued documents", "HTML"])
async def test_nothing_hostile_is_an_answer(name: str) -> None:
    """It is `upstream-unreadable`, and never a list."""
    reply = httpx.Response(200, content=HOSTILE[name].encode(), headers={"Content-Type": XML})
    with pytest.raises(ProblemError) as caught:
        await answer_of(CHANGES, {"/sales": reply})

    assert type(caught.value) is UpstreamUnreadable


async def test_a_rule_decides_before_the_content_type_does() -> None:
    """A rule that does not look at the body may know what an unreadable answer means."""
    changes = {**CHANGES, "source.0.responses": [{"status": 404, "then": "reauthenticate"}]}
    reply = httpx.Response(404, content=b"<html>", headers={"Content-Type": "text/html"})
    with pytest.raises(UpstreamAuth):
        await ids(changes, reply)


@pytest.mark.parametrize(
    ("changes", "sent"),
    [
        pytest.param({}, "application/xml, text/xml", id="its own"),
        pytest.param({"upstream.headers": {"accept": "text/xml"}}, "text/xml", id="of upstream"),
        pytest.param({"source.0.headers": {"Accept": "a/b+xml"}}, "a/b+xml", id="of the call"),
    ],
)
async def test_xml_is_asked_for(changes: Mapping[str, Any], sent: str) -> None:
    """`Accept` fits the format, unless the mapping says another."""
    transport = Replies({"/sales": sales()})
    await compiled_on(transport, spec_of({**CHANGES, **changes})).answer(USER)

    assert transport.requests[0].headers.get_list("accept") == [sent]


async def test_a_session_may_answer_in_xml() -> None:
    """A login declares its format as a call does."""
    login = {"post": "/login", "form": {"key": "k"}, "format": "xml"}
    auth = {"type": "session", "login": login, "token": "body.session.token"}
    session = httpx.Response(
        200, content="<session><token>t1</token></session>", headers={"Content-Type": "text/xml"}
    )
    transport = Replies({"/login": session, "/sales": sales(sale())})
    bridge = compiled_on(transport, spec_of({**CHANGES, "upstream.auth": auth}))
    answer = await bridge.answer(USER)

    assert len(tickets_of(answer)) == 1
    assert [request.headers["accept"] for request in transport.requests] == [
        "application/xml, text/xml"
    ] * 2
    assert transport.requests[1].headers["authorization"] == "Bearer t1"


# --- over sockets ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "reply",
    [
        pytest.param(Reply(body=b"<r><sales>" + b" " * 2_000 + b"</sales></r>"), id="too large"),
        pytest.param(
            Reply(
                body=gzip.compress(b"<r>" + b"<sale/>" * 5_000_000),
                headers={"Content-Encoding": "gzip"},
            ),
            id="a gzip bomb",
        ),
        pytest.param(Reply(body=b"<r><sales></sales></r>", cut=15), id="cut"),
        pytest.param(Reply(body=HOSTILE["billion laughs"].encode()[:1000]), id="laughs"),
        pytest.param(Reply(body=HOSTILE["external entity"].encode()), id="a file"),
    ],
)
async def test_a_platform_gone_wrong_is_a_problem(platform: FakePlatform, reply: Reply) -> None:
    """Too large, cut, and hostile answers are problems over real sockets too."""
    platform.on("/sales", Reply(**{**vars(reply), "content_type": XML}))
    changes = {**CHANGES, "upstream.max_body": "1KB", "upstream.retries": 0}
    async with serving(compile_mapping(spec_of(changes, base_url=platform.url))) as menta:
        response = await menta.get("/tickets", params={"user": USER})

    assert (response.status_code, response.json()["type"]) == (
        502,
        "urn:ticketbridge:problem:upstream-unreadable",
    )


async def test_tickets_come_out_of_xml(platform: FakePlatform) -> None:
    """From the platform's socket to menta tech's."""
    body = f"<r><sales>{sale()}</sales></r>".encode()
    platform.on("/sales", Reply(body=body, content_type="text/xml; charset=utf-8"))
    async with serving(compile_mapping(spec_of(CHANGES, base_url=platform.url))) as menta:
        response = await menta.get("/tickets", params={"user": USER})

    assert [ticket["ticketId"] for ticket in response.json()["tickets"]] == ["1"]
    assert platform.seen[0].headers["accept"] == "application/xml, text/xml"
