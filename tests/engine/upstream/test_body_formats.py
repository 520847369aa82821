"""Bodies that are neither plain JSON nor XML: what is read, and that a cut one is no shorter list."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pytest

from tests.fake_platform import CLOSE, FakePlatform, Reply
from tests.support import USER, ids_on, problem_on, spec_of, tickets_of
from ticketbridge.engine.bridge import compile_mapping
from ticketbridge.engine.problems import ProblemError, UpstreamUnreadable
from ticketbridge.engine.upstream.answer_formats import (
    NO_BODY,
    Unreadable,
    accept_of,
    compile_format,
)
from ticketbridge.engine.upstream.messages import PlatformAnswer
from ticketbridge.mapping.spec import (
    CsvFormatSpec,
    FormatSpec,
    JsonFormatSpec,
    NdjsonFormatSpec,
    TextFormatSpec,
    XmlFormatSpec,
)

pytestmark = pytest.mark.anyio

CSV = CsvFormatSpec(("id", "mail"), ",", "utf-8", any_end=False)


def record(format_: Any, each: str = "body", **fields: str) -> Mapping[str, Any]:
    """MAPPING, one level deep, with a call whose body is in this format."""
    call = {"name": "item", "get": "/export", "query": {"email": "{user}"}, "each": each}
    named = {"owner": "item.mail", "id": "item.id", **fields}
    return {
        "upstream.timeout": "60s",  # the machine of the tests may be shared
        "upstream.connect_timeout": "30s",
        "source": [{**call, "format": format_}],
        "ticket.owner": named["owner"],
        "ticket.status": {"const": "VALID"},
        "ticket.fields": {
            "ticketId": named["id"],
            "externalReferenceEventId": {"const": "fest"},
            "showId": {"const": "fest"},
            "ticketOptionId": {"const": "A"},
            "price": {"const": 10},
            "currency": {"const": "EUR"},
        },
    }


LINES = ["A1", "A2", "A10"]
NDJSON = "".join(f'{{"id": "{each}", "mail": "{USER}"}}\n' for each in LINES)
TABLE = "mail;id\r\n" + "".join(f'"{USER}";{each}\r\n' for each in LINES)
TEXT = "".join(f"{each} {USER}|" for each in LINES)
LATIN = f'[{",".join(f"""{{"id":"{each}","mail":"{USER}","name":"José"}}""" for each in LINES)}]'
INNER = f"<t>{''.join(f'<e><id>{each}</id><mail>{USER}</mail></e>' for each in LINES)}</t>"
XML = f'<r><out a="1"><![CDATA[{INNER}]]></out></r>'

BODIES = {
    "ndjson": (record("ndjson"), NDJSON.encode(), "application/x-ndjson"),
    "csv": (
        record({"csv": {"columns": ["mail", "id"], "delimiter": ";"}}),
        TABLE.encode(),
        "text/csv; charset=utf-8",
    ),
    "text": (
        record(
            "text",
            "split(trim(body), '|')[?@]",
            owner="split(item, ' ')[1]",
            id="split(item, ' ')[0]",
        ),
        TEXT.encode(),
        "text/plain",
    ),
    "json in another charset": (
        record({"json": {"charset": "iso-8859-1"}}),
        LATIN.encode("iso-8859-1"),
        "application/json",
    ),
    "xml without attributes": (
        record({"xml": {"attributes": "drop"}}, "as_list(from_xml(body.r.out).t.e)"),
        XML.encode(),
        "text/xml",
    ),
}
each_body = pytest.mark.parametrize(
    ("changes", "body", "content_type"),
    [pytest.param(*row, id=name) for name, row in BODIES.items()],
)


@each_body
async def test_a_platform_may_answer_in_it(
    platform: FakePlatform, changes: Any, body: bytes, content_type: str
) -> None:
    """A body with a length, in chunks, and with the charset that it is in."""
    platform.on("/export", Reply(body=body, content_type=content_type))
    assert await ids_on(platform, changes) == LINES

    chunks = b"".join(chunk(body[at : at + 1]) for at in range(len(body)))
    head = f"HTTP/1.1 200 OK\r\nContent-Type: {content_type}\r\nTransfer-Encoding: chunked\r\n\r\n"
    platform.on("/export", Reply(steps=[head.encode() + chunks + b"0\r\n\r\n"]))
    assert await ids_on(platform, changes) == LINES


def chunk(part: bytes) -> bytes:
    """One chunk of a body; none of nothing, which would be the last one."""
    return b"%x\r\n%b\r\n" % (len(part), part) if part else b""


@each_body
async def test_a_body_that_is_cut_at_any_byte_is_never_a_shorter_list(
    platform: FakePlatform, changes: Any, body: bytes, content_type: str
) -> None:
    """Before the length that the head gives, between two chunks, or where nothing marks the end."""
    head = f"200 OK\r\nContent-Type: {content_type}\r\n"
    framings: Mapping[str, Callable[[bytes], bytes]] = {
        f"HTTP/1.1 {head}Content-Length: {len(body)}\r\n\r\n": bytes,
        f"HTTP/1.1 {head}Transfer-Encoding: chunked\r\n\r\n": chunk,
        f"HTTP/1.0 {head}\r\n": bytes,
    }
    bridge = compile_mapping(spec_of(changes, base_url=platform.url))
    try:
        for start, framed in framings.items():
            for end in range(len(body)):
                platform.on("/export", Reply(steps=[start.encode() + framed(body[:end]), CLOSE]))
                with pytest.raises(ProblemError) as caught:
                    await bridge.answer(USER)
                assert isinstance(caught.value, UpstreamUnreadable), (start, end)
                platform.forget()
    finally:
        await bridge.aclose()


@each_body
async def test_a_file_that_is_cut_and_then_framed_is_no_shorter_list_within_a_line(
    platform: FakePlatform, changes: Any, body: bytes, content_type: str
) -> None:
    """A platform that fails amid its export may well frame what it has: only a whole line looks whole."""
    bridge = compile_mapping(spec_of(changes, base_url=platform.url))
    try:
        for end in range(1, len(body)):
            platform.on("/export", Reply(body=body[:end], content_type=content_type))
            try:
                answer = await bridge.answer(USER)
            except ProblemError:
                continue
            finally:
                platform.forget()
            whole = body[:end].endswith((b"\n", b"}", b"|")) or content_type == "text/plain"
            assert whole, end
            assert [t["ticketId"] for t in tickets_of(answer)] == LINES[: len(tickets_of(answer))]
    finally:
        await bridge.aclose()


@pytest.mark.parametrize("name", ["ndjson", "csv", "text"])
async def test_a_body_whose_end_nothing_marks_is_unreadable(
    platform: FakePlatform, name: str
) -> None:
    """Be it whole or not: nobody can tell."""
    changes, body, content_type = BODIES[name]
    head = f"HTTP/1.0 200 OK\r\nContent-Type: {content_type}\r\n\r\n"
    platform.on("/export", Reply(steps=[head.encode() + body, CLOSE]))

    found = await problem_on(platform, changes)

    assert isinstance(found, UpstreamUnreadable)
    assert "nothing marks the end of the" in found.log


@pytest.mark.parametrize("coding", ["gzip, chunked", "chunked, chunked"])
async def test_chunks_of_anything_but_the_body_are_unreadable(
    platform: FakePlatform, coding: str
) -> None:
    """Another coding within `chunked` was not asked for: what comes is not taken for the body."""
    changes, body, content_type = BODIES["ndjson"]
    head = f"HTTP/1.1 200 OK\r\nContent-Type: {content_type}\r\nTransfer-Encoding: {coding}\r\n\r\n"
    platform.on("/export", Reply(steps=[head.encode() + chunk(body) + b"0\r\n\r\n"]))

    found = await problem_on(platform, changes)

    assert isinstance(found, UpstreamUnreadable)
    assert "a transfer encoding that was not asked for" in found.log


async def read(
    spec: FormatSpec, content: bytes, content_type: str, *, any_content_type: bool = False
) -> Any:
    """What is read of an answer."""
    headers = {"content-type": content_type, "content-length": str(len(content))}
    made = compile_format(spec, any_content_type=any_content_type)
    return await made.read(PlatformAnswer(200, headers, content))


TYPES: Mapping[str, FormatSpec] = {
    "application/x-ndjson": NdjsonFormatSpec(),
    "application/ndjson; charset=utf-8": NdjsonFormatSpec(),
    "application/jsonl": NdjsonFormatSpec(),
    "Application/X-JSONLines": NdjsonFormatSpec(),
    "text/csv": CSV,
    "text/csv; header=present": CSV,
    "application/csv": CSV,
    "text/tab-separated-values": CSV,
    "text/plain; charset=us-ascii": TextFormatSpec(),
    "application/json": JsonFormatSpec("iso-8859-1"),
    "application/vnd.acme+json": JsonFormatSpec("iso-8859-1"),
    "text/xml": XmlFormatSpec((), "drop"),
}
SPECS: Sequence[FormatSpec] = list({type(spec): spec for spec in TYPES.values()}.values())
GOOD = {
    NdjsonFormatSpec: b"1\n",
    CsvFormatSpec: b"id,mail\n",
    TextFormatSpec: b"x",
    JsonFormatSpec: b"1",
    XmlFormatSpec: b"<a/>",
}


@pytest.mark.parametrize("content_type", TYPES)
@pytest.mark.parametrize("spec", SPECS)
async def test_each_format_has_its_content_types(content_type: str, spec: FormatSpec) -> None:
    """Another one is an error page or another document, unless the mapping takes any."""
    good = GOOD[type(spec)]
    found = await read(spec, good, content_type)

    assert isinstance(found, Unreadable) is (type(TYPES[content_type]) is not type(spec))
    if isinstance(found, Unreadable):
        assert found.reason.startswith("the content type is not ")
    for other in ("text/html", ""):
        assert isinstance(await read(spec, good, other), Unreadable)
        taken = await read(spec, good, other, any_content_type=True)
        assert not isinstance(taken, Unreadable)


@pytest.mark.parametrize(
    ("content_type", "told"),
    [
        ("text/csv; charset=utf-8", " but text/csv, which `format: csv` reads"),
        ("application/x-ndjson", " but application/x-ndjson, which `format: ndjson` reads"),
        ("application/soap+xml", " but application/soap+xml, which `format: xml` reads"),
        ("TEXT/HTML", " but text/html"),
        (
            "text/plain",
            " but text/plain: if the body is JSON all the same, `any_content_type: true` reads it",
        ),
        (
            "",
            " because none is named: if the body is JSON all the same, `any_content_type: true` reads it",
        ),
        ("ana@example.com/x", ""),
        ("text/" + "x" * 100, ""),
        ("Ana Gil", ""),
    ],
)
async def test_another_content_type_is_named_with_the_format_that_reads_it(
    content_type: str, told: str
) -> None:
    """Only a media type is repeated: the header may hold anything."""
    found = await read(JsonFormatSpec("utf-8"), b"x", content_type)

    assert found == Unreadable(f"the content type is not JSON{told}")


@pytest.mark.parametrize("spec", SPECS)
async def test_no_body_is_none_in_every_format(spec: FormatSpec) -> None:
    """An empty file has not even the names of its columns; an empty list is said in some way."""
    assert await read(spec, b"", "text/html") is NO_BODY


@pytest.mark.parametrize("form", ["ndjson", "text", "xml", {"csv": {"columns": ["a"]}}])
async def test_no_body_is_needed_where_none_is_used(platform: FakePlatform, form: Any) -> None:
    """A call whose status or headers say it all may have a 204, or a page, in any format."""
    changes = record("ndjson")
    gate = {"name": "gate", "get": "/gate", "format": form, "take": "headers.x"}
    body, content_type = BODIES["ndjson"][1:]
    platform.on("/export", Reply(body=body, content_type=content_type))
    for reply in (
        Reply(204, body=b"", content_type=None, headers={"X": "1"}),
        Reply(body=b"<p>", content_type="text/html", headers={"X": "1"}),
    ):
        platform.on("/gate", reply)
        used = {**changes, "source": [gate, *changes["source"]]}
        assert await ids_on(platform, used) == LINES

        unread = {**changes, "source": [{**gate, "take": "body"}, *changes["source"]]}
        assert isinstance(await problem_on(platform, unread), UpstreamUnreadable)


async def test_a_rule_may_say_what_no_body_means(platform: FakePlatform) -> None:
    """Where the platform says by a header that the user has nothing."""
    changes = record({"csv": {"columns": ["mail", "id"]}})
    rules = [{"status": 204, "when": "headers.\"x-count\" == '0'", "then": "empty"}]
    source = [{**changes["source"][0], "responses": rules}]
    for count, ids in (("0", []), ("1", None)):
        reply = Reply(204, body=b"", content_type=None, headers={"X-Count": count})
        platform.on("/export", reply)
        if ids is None:
            found = await problem_on(platform, {**changes, "source": source})
            assert isinstance(found, UpstreamUnreadable)
        else:
            assert await ids_on(platform, {**changes, "source": source}) == ids


async def test_blank_lines_alone_are_no_body() -> None:
    """They do not say that the user owns nothing."""
    assert await read(NdjsonFormatSpec(), b"\n \r\n", "application/jsonl") is NO_BODY


def test_each_format_is_asked_for() -> None:
    """`Accept` says it, where the mapping does not."""
    asked = {type(spec): accept_of(spec) for spec in TYPES.values()}

    assert asked == {
        NdjsonFormatSpec: "application/x-ndjson, application/jsonl",
        CsvFormatSpec: "text/csv",
        TextFormatSpec: "text/plain",
        JsonFormatSpec: "application/json",
        XmlFormatSpec: "application/xml, text/xml",
    }


LATIN_CSV = CsvFormatSpec(("id",), ",", "iso-8859-1", any_end=False)
WINDOWS_CSV = CsvFormatSpec(("id",), ",", "windows-1252", any_end=False)
BOM = b"\xef\xbb\xbf"


@pytest.mark.parametrize(
    ("spec", "content", "content_type", "value"),
    [
        (TextFormatSpec(), "é".encode(), "text/plain", "é"),
        (TextFormatSpec(), BOM + "é".encode(), "text/plain", "é"),
        (TextFormatSpec(), b"\xe9", "text/plain; charset=ISO-8859-1", "é"),
        (TextFormatSpec(), b"\xa4", "text/plain; charset=iso-8859-15", "€"),
        (TextFormatSpec(), b"e", "text/plain; charset=us-ascii", "e"),
        (TextFormatSpec(), b" e\r\n", "text/plain", " e\r\n"),
        (LATIN_CSV, b"id\n\xe9\n", "text/csv", [{"id": "é"}]),
        (LATIN_CSV, b"id\n\xe9\n", "text/csv; charset=iso-8859-1", [{"id": "é"}]),
        (LATIN_CSV, b"id\ne\n", "text/csv; charset=utf-8", [{"id": "e"}]),
        (WINDOWS_CSV, b"id\n\x80\n", "text/csv", [{"id": "€"}]),
        (CSV, BOM + "id,mail\né,\n".encode(), "text/csv", [{"id": "é", "mail": ""}]),
        (JsonFormatSpec("iso-8859-1"), b'"\xe9"', "application/json", "é"),
        (JsonFormatSpec("iso-8859-15"), b'"\xa4"', "application/json;charset=ISO-8859-15", "€"),
        (
            JsonFormatSpec("windows-1252"),
            b"12345678901234567890123",
            "text/json",
            12345678901234567890123,
        ),
    ],
)
async def test_a_text_is_in_the_encoding_that_mapping_and_head_name(
    spec: FormatSpec, content: bytes, content_type: str, value: Any
) -> None:
    """UTF-8 where neither does; the head may name another for what is the same in both."""
    assert await read(spec, content, content_type) == value


@pytest.mark.parametrize(
    ("spec", "content", "content_type", "reason"),
    [
        (TextFormatSpec(), b"\xe9", "text/plain", "text that is not in its encoding"),
        (TextFormatSpec(), b"e", "text/plain; charset=utf-16", "an encoding that is not read here"),
        (
            TextFormatSpec(),
            BOM + b"\xc3\xa9",
            "text/plain; charset=iso-8859-1",
            "different encodings",
        ),
        (LATIN_CSV, b"id\n\xe9\n", "text/csv; charset=utf-8", "different encodings are named"),
        (LATIN_CSV, BOM + b"id\n\xe9\n", "text/csv", "different encodings are named"),
        (WINDOWS_CSV, b"id\n\x81\n", "text/csv", "text that is not in its encoding"),
        (CSV, b"id,mail\n\xe9,\n", "text/csv; charset=iso-8859-1", "different encodings are named"),
        (
            JsonFormatSpec("iso-8859-1"),
            b'"\xc3\xa9"',
            "text/json;charset=utf-8",
            "different encodings",
        ),
        (JsonFormatSpec("iso-8859-1"), b'{"\xe9": 1, "\xe9": 2}', "text/json", "a name twice"),
        (NdjsonFormatSpec(), b"1\n{\n", "application/jsonl", "line 2: no valid JSON"),
    ],
)
async def test_an_encoding_is_never_guessed(
    spec: FormatSpec, content: bytes, content_type: str, reason: str
) -> None:
    """What is not in its encoding, or is said to be in two, is not read."""
    found = await read(spec, content, content_type)

    assert isinstance(found, Unreadable)
    assert reason in found.reason


async def test_encodings_that_differ_are_named_with_what_to_write() -> None:
    """Each of them, with what names it."""
    found = await read(LATIN_CSV, b"id\n\xe9\n", "text/csv; charset=Windows-1252")

    assert found == Unreadable(
        "no CSV that is read here: different encodings are named: iso-8859-1 by the mapping,"
        " windows-1252 by the Content-Type; if the answer is right, write `charset: windows-1252`"
    )


async def test_a_head_that_does_not_matter_names_no_encoding() -> None:
    """With `any_content_type` the mapping alone says it."""
    found = await read(LATIN_CSV, b"id\n\xe9\n", "text/x; charset=utf-8", any_content_type=True)

    assert found == [{"id": "é"}]


async def test_other_json_needs_its_end_as_json_does() -> None:
    """A bare number may be the beginning of another one."""
    made = compile_format(JsonFormatSpec("iso-8859-1"), any_content_type=False)
    answer = PlatformAnswer(200, {"content-type": "application/json"}, b"15")

    assert isinstance(await made.read(answer), Unreadable)


@pytest.mark.parametrize(
    ("content", "value"),
    [
        ('<a b="1">x</a>', {"a": "x"}),
        ('<a b="1"/>', {"a": None}),
        ('<a b="1"><c d="2">x</c></a>', {"a": {"c": "x"}}),
        ('<a b="1">x<c/></a>', {"a": {"c": None, "#text": "x"}}),
        ('<a nil="true" b="1"/>', {"a": None}),
        ('<a nil="false" b="1"/>', {"a": None}),
        ('<a nil="false">x</a>', {"a": "x"}),
        (
            '<a xmlns:i="http://www.w3.org/2001/XMLSchema-instance" i:nil="1" b="2"> </a>',
            {"a": None},
        ),
    ],
)
async def test_attributes_can_be_dropped(content: str, value: Any) -> None:
    """An element is then its text, its children or null, and can be compared."""
    assert await read(XmlFormatSpec((), "drop"), content.encode(), "text/xml") == value


@pytest.mark.parametrize(
    "nil", ['nil="true"', 'i:nil="true" xmlns:i="http://www.w3.org/2001/XMLSchema-instance"']
)
async def test_a_null_with_content_is_none_without_attributes_too(nil: str) -> None:
    """It says two things, and the attribute that says one of them is not there to tell."""
    found = await read(XmlFormatSpec((), "drop"), f"<a {nil}>x</a>".encode(), "text/xml")

    assert isinstance(found, Unreadable)
