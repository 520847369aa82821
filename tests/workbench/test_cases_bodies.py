"""Cases about bodies of other kinds than JSON: what a request carries, and what an answer is sent as."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.support import USER
from tests.workbench.cases_support import TICKET, Folder
from ticketbridge.formats import DocumentError
from ticketbridge.workbench.cases.xml_documents import is_same_document, read_document


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    """A folder with the tests' mapping."""
    return Folder(tmp_path)


ROWS = [{"email": USER, "id": "1", "state": "PAID", "zone": "A", "price": 10, "event": "fest"}]


def posting(**call: Any) -> dict[str, Any]:
    """The tests' mapping with this call, each of whose rows is a ticket."""
    return {
        "source": [{"name": "item", "post": "/find", "each": "body", **call}],
        "ticket.owner": "item.email",
        "ticket.fields.externalReferenceEventId": "item.event",
        "ticket.fields.showId": "item.event",
    }


def case(answer: dict[str, Any]) -> dict[str, Any]:
    """A case with this answer, of one ticket."""
    return {
        "case": "one",
        "user": USER,
        "upstream": [answer],
        "expect": {"tickets": [dict(TICKET)]},
    }


XML = "<s:e xmlns:s='urn:s' xmlns='urn:t'><s:b><find kind='a' n='1'>{user}</find> </s:b></s:e>"

OTHERWISE = f"""<e xmlns='urn:s'>
 <b><!-- x -->
  <t:find xmlns:t='urn:t' n='1' kind='a'><![CDATA[{USER}]]></t:find>
 </b></e>"""
LINE = f'{{"id": "1", "email": "{USER}", "zone": "\u00e9"}}\n'


@pytest.mark.parametrize(
    ("sent", "fits"),
    [
        (XML.replace("{user}", USER), True),
        (
            OTHERWISE,
            True,
        ),
        (XML.replace("{user}", "luis@example.com"), False),
        (XML.replace("{user}", f" {USER}"), False),
        (XML.replace("{user}", USER).replace("n='1'", "n='2'"), False),
        (XML.replace("{user}", USER).replace("n='1'", ""), False),
        (XML.replace("{user}", USER).replace("urn:t", "urn:u"), False),
        (XML.replace("{user}", USER).replace("<find", "<x/><find"), False),
        (XML.replace("{user}", USER).replace("<find", "x<find"), False),
    ],
)
def test_a_document_is_compared_as_one(folder: Folder, sent: str, fits: bool) -> None:
    """Prefixes, the order of attributes, CDATA and layout make no difference; all else does."""
    folder.map(posting(xml=XML))

    (result,) = folder.run(case({"post": "/find", "xml": sent, "body": ROWS}))

    assert result.passed is fits
    assert fits or "unexpected call: POST /find with <s:e" in result.message


@pytest.mark.parametrize(
    ("content", "same"),
    [
        (b"<a/>", True),
        (b"<a></a>", True),
        (b"<a> </a>", False),
        (b"<a>", False),
        (b"\xff", False),
        (b"<!DOCTYPE a><a/>", False),
        (b"<a>" * 5_000 + b"</a>" * 5_000, False),
        (b"<?xml version='1.0'?>\n<a/>\n", True),
    ],
)
def test_what_is_no_document_fits_none(content: bytes, same: bool) -> None:
    """A blank text of an element alone is a text."""
    assert is_same_document("<a/>", content) is same


@pytest.mark.parametrize(
    "text", ["<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>", "<a>" * 5_000 + "</a>" * 5_000]
)
def test_a_hostile_document_is_not_read(text: str) -> None:
    """It could name entities that take all memory, or go deeper than any comparison."""
    with pytest.raises(DocumentError):
        read_document(text)


def test_a_text_is_compared_letter_for_letter(folder: Folder) -> None:
    """It stands under `asked`: beside the call, `text` is the answer's."""
    folder.map(posting(text="FIND {user}\n", content_type="text/plain"))

    for text, fits in ((f"FIND {USER}\n", True), (f"FIND {USER}", False), ("", False)):
        (result,) = folder.run(case({"post": "/find", "asked": {"text": text}, "body": ROWS}))
        assert result.passed is fits


@pytest.mark.parametrize(
    ("answer", "code", "words"),
    [
        ({"post": "/f", "xml": "<a>"}, "TB414", "`xml` is no document: no element found"),
        ({"post": "/f", "xml": ""}, "TB414", "`xml`"),
        ({"post": "/f", "xml": {"a": 1}}, "TB412", "`xml`"),
        ({"post": "/f", "xml": "<a/>", "json": {}}, "TB416", "`json` and `xml` exclude each other"),
        ({"get": "/f", "xml": "<a/>"}, "TB416", "`xml` belongs to `post`"),
        ({"get": "/f", "asked": {"text": "a"}}, "TB416", "`text` belongs to `post`"),
        ({"post": "/f", "json": {}, "asked": {"text": "a"}}, "TB416", "`json` and `text` exclude"),
        ({"post": "/f", "asked": {"txt": "a"}}, "TB410", "text"),
        ({"post": "/f", "asked": "a"}, "TB412", "`asked`"),
    ],
)
def test_a_slip_in_what_is_asked_is_found(
    folder: Folder, answer: dict[str, Any], code: str, words: str
) -> None:
    """Two bodies, a body of a `get`, and a document that is none."""
    import json  # noqa: PLC0415

    found = folder.findings(json.dumps([case(answer)]))

    assert found[0].code == code
    assert words in f"{found[0].message} {found[0].suggestion}"


@pytest.mark.parametrize(
    ("form", "answer"),
    [
        (
            {"csv": {"columns": ["id", "email", "zone"], "charset": "iso-8859-1"}},
            {"text": f"id,email,zone\n1,{USER},\u00e9\n", "content_type": "text/csv"},
        ),
        ({"json": {"charset": "windows-1252"}}, {"body": [{**ROWS[0], "zone": "\u00e9"}]}),
        ("ndjson", {"text": LINE, "content_type": "application/jsonl"}),
    ],
)
def test_an_answer_is_sent_in_the_encoding_of_its_format(
    folder: Folder, form: Any, answer: dict[str, Any]
) -> None:
    """The case is written in UTF-8, and the mapping reads what the platform would send."""
    fixed = {"ticket.status": {"const": "VALID"}, "ticket.fields.price": {"const": 10}}
    names = {name: {"const": "fest"} for name in ("externalReferenceEventId", "showId")}
    folder.map(
        {
            **posting(format=form),
            **fixed,
            **{f"ticket.fields.{name}": value for name, value in names.items()},
        }
    )
    expected = case({"post": "/find", **answer})
    expected["expect"]["tickets"][0]["ticketOptionId"] = "\u00e9"

    (result,) = folder.run(expected)

    assert result.message == ""


def test_a_text_is_sent_in_the_encoding_of_its_type(folder: Folder) -> None:
    """And what that cannot carry is not read."""
    fixed = {"ticket.status": {"const": "VALID"}, "ticket.fields.price": {"const": 10}}
    names = {name: {"const": "fest"} for name in ("externalReferenceEventId", "showId", "ticketId")}
    folder.map(
        {
            **posting(format="text", each="[body]", query={"mail": "{user}"}),
            **fixed,
            "ticket.owner": "upstream",
            **{f"ticket.fields.{name}": value for name, value in names.items()},
            "ticket.fields.ticketOptionId": "item",
        }
    )
    expected = case(
        {"post": "/find", "text": "\u00e9", "content_type": "text/plain; charset=latin1"}
    )
    expected["expect"]["tickets"][0] |= {"ticketOptionId": "\u00e9", "ticketId": "fest"}
    assert folder.run(expected)[0].message == ""

    expected["upstream"][0]["text"] = "\u20ac"
    assert "ticketOptionId" in folder.run(expected)[0].message
