"""`fetch --record` of answers in other formats, and of documents inside of texts: nobody's data is left."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import anyio
import pytest

from tests.fake_platform import FakePlatform, Reply
from tests.support import SECRET, TOKEN, USER
from tests.workbench.cases_support import Folder, run_cases
from ticketbridge.cli import main

pytestmark = pytest.mark.anyio

PEOPLE = ("Ana López", "+34 600 111 222", "12345678Z", "ana@example.com", "llamar al hospital")
"""What stands in the platform's answers, and in no case."""
ROW = {
    "mail": USER,
    "id": "A1",
    "state": "PAID",
    "name": "Ana López",
    "phone": "+34 600 111 222",
    "dni": "12345678Z",
    "zz": "llamar al hospital",
    "vacio": "",
}
OTHER = {**ROW, "id": "A2", "mail": "luis@example.com", "name": "Luis Gil"}
FIELDS = {
    "ticketId": "item.id",
    "externalReferenceEventId": {"const": "fest"},
    "showId": {"const": "fest"},
    "ticketOptionId": {"const": "A"},
    "price": {"const": 10},
    "currency": {"const": "EUR"},
    "nominalTicket": {"fullName": "item.name"},
}


def changes(each: str = "body", **call: Any) -> Mapping[str, Any]:
    """The tests' mapping with one call, each of whose rows is a ticket."""
    asked = {} if "post" in call else {"get": "/export", "query": {"email": "{user}"}}
    entry = {"name": "answer", **asked, "take": "body", **call}
    return {
        "source": [entry, {"name": "item", "each": each}],
        "ticket.owner": "item.mail",
        "ticket.fields": FIELDS,
    }


@pytest.fixture
def folder(tmp_path: Path, platform: FakePlatform, monkeypatch: pytest.MonkeyPatch) -> Folder:
    """A folder to work in, with the tests' mapping, its variables set."""
    monkeypatch.chdir(tmp_path)
    variables = {"MENTA_SECRET": SECRET, "ACME_TOKEN": TOKEN, "ACME_API": platform.url}
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    return Folder(tmp_path)


async def record(folder: Folder, capsys: pytest.CaptureFixture[str]) -> tuple[int, str, str]:
    """Runs `ticketbridge fetch acme.yaml --record ...`: exit code, stderr, and what was written."""
    words = ["fetch", "acme.yaml", "--user", USER, "--record", "acme.cases.yaml"]
    code = await anyio.to_thread.run_sync(main, words)
    written = folder.cases.read_text("utf-8") if folder.cases.is_file() else ""
    return code, capsys.readouterr().err, written


def csv_of(delimiter: str = ";") -> str:
    """Two rows as CSV, the cells of one in quotes."""
    rows = [ROW, ROW.values(), [f'"{cell}"' for cell in OTHER.values()]]
    return "".join(delimiter.join(row) + "\r\n" for row in rows)


def xml_of(row: Mapping[str, str]) -> str:
    """A row as an element."""
    return f"<t id='{row['id']}'>{''.join(f'<{key}>{value}</{key}>' for key, value in row.items())}</t>"


TABLE = {"csv": {"columns": list(ROW), "delimiter": ";", "charset": "windows-1252"}}
INNER_XML = f"<?xml version='1.0'?><r>{xml_of(ROW)}{xml_of(OTHER)}</r>"
GOOD = {
    "ndjson": (
        changes("answer", format="ndjson"),
        "".join(f"{json.dumps(row)}\n" for row in (ROW, OTHER)).encode(),
        "application/x-ndjson",
    ),
    "csv": (
        changes("answer", format=TABLE),
        csv_of().encode("cp1252"),
        "text/csv; charset=windows-1252",
    ),
    "json of another charset": (
        changes("answer", format={"json": {"charset": "iso-8859-1"}}),
        json.dumps([ROW, OTHER], ensure_ascii=False).encode("iso-8859-1"),
        "application/json",
    ),
    "json in a text": (
        changes("from_json(answer.data)"),
        json.dumps({"data": json.dumps([ROW, OTHER]), "name": "Ana López"}).encode(),
        "application/json",
    ),
    "json in a text that is bound": (
        changes("answer.rows", take="from_json(body.data)"),
        json.dumps({"data": json.dumps({"rows": [ROW, OTHER]})}).encode(),
        "application/json",
    ),
    "json in each text": (
        {
            **changes("answer[*].from_json(data)"),
        },
        json.dumps([{"data": json.dumps(row)} for row in (ROW, OTHER)]).encode(),
        "application/json",
    ),
    "xml in a text": (
        changes("as_list(from_xml(answer.data).r.t)"),
        json.dumps({"data": INNER_XML}).encode(),
        "application/json",
    ),
    "xml in xml": (
        changes("as_list(from_xml(answer).r.t)", format="xml", take="body.o.data"),
        f"<o><data><![CDATA[{INNER_XML}]]></data><name>Ana López</name></o>".encode(),
        "text/xml; charset=utf-8",
    ),
    "xml in xml, escaped": (
        changes("as_list(from_xml(answer).r.t)", format="xml", take="body.o.data"),
        f"<o><data>{INNER_XML.replace('<', '&lt;')}</data></o>".encode(),
        "text/xml",
    ),
    "xml without attributes": (
        changes("as_list(answer.r.t)", format={"xml": {"attributes": "drop"}}),
        f"<r>{xml_of(ROW)}{xml_of(OTHER)}</r>".encode(),
        "text/xml",
    ),
}


@pytest.mark.parametrize(
    ("mapped", "body", "content_type"), [pytest.param(*row, id=name) for name, row in GOOD.items()]
)
async def test_an_answer_of_any_format_is_recorded_without_anyones_data(
    platform: FakePlatform,
    folder: Folder,
    capsys: pytest.CaptureFixture[str],
    mapped: Any,
    body: bytes,
    content_type: str,
) -> None:
    """What the mapping reads keeps its place, and all else is made up; the case passes."""
    folder.map(mapped)
    platform.on("/export", Reply(body=body, content_type=content_type))

    code, said, written = await record(folder, capsys)

    assert (code, said.count("personal data")) == (0, 0)
    assert all(
        result.passed for result in await anyio.to_thread.run_sync(run_cases, folder.mapping)
    )
    assert "returned: 1" in written
    assert "not_owner: 1" in written
    assert "A1" in written
    for person in (*PEOPLE, "luis@example.com", "Luis"):
        assert person not in written
        assert json.dumps(person)[1:-1] not in written


@pytest.mark.parametrize("any_type", [False, True])
async def test_a_text_is_not_recorded(
    platform: FakePlatform, folder: Folder, capsys: pytest.CaptureFixture[str], any_type: bool
) -> None:
    """All of it is one value, and nothing names the parts that are somebody's."""
    fields = {**FIELDS, "ticketId": "split(item, ' ')[0]"}
    fields.pop("nominalTicket")
    call = {"format": "text", "any_content_type": any_type}
    mapped = {**changes("split(trim(answer), '|')[?@]", **call), "ticket.fields": fields}
    folder.map(
        {**mapped, "ticket.owner": "split(item, ' ')[1]", "ticket.status": {"const": "VALID"}}
    )
    content_type = "text/html" if any_type else "text/plain"
    platform.on("/export", Reply(body=f"A1 {USER}|".encode(), content_type=content_type))

    code, said, written = await record(folder, capsys)

    assert code == 1
    assert "the answer to `answer` is a text, in which nobody can tell what is personal" in said
    assert written == ""


@pytest.mark.parametrize("form", ["text", "ndjson"])
async def test_a_page_in_another_format_is_recorded_as_what_it_is(
    platform: FakePlatform, folder: Folder, capsys: pytest.CaptureFixture[str], form: str
) -> None:
    """It is not read, so that nothing of it is needed."""
    folder.map(changes("answer[*]", format=form))
    page = "Ana L\u00f3pez: out".encode()
    platform.on("/export", Reply(503, body=page, content_type="text/html"))

    _, said, written = await record(folder, capsys)

    assert "recorded" in said
    assert "problem: upstream-error" in written
    assert f"({len(page)} bytes that are no document)" in written
    assert "pez" not in written


@pytest.mark.parametrize(
    ("sent", "line"),
    [
        (
            {"xml": "<a><mail>{user}</mail></a>"},
            'xml: "<a><mail>alex.baker@example.com</mail></a>"',
        ),
        (
            {"text": "FIND {user}", "content_type": "text/plain"},
            "asked: {text: FIND alex.baker@example.com}",
        ),
        ({"form": {"mail": "{user}"}}, "form: {mail: alex.baker@example.com}"),
        ({"json": {"mail": "{user}"}}, "json: {mail: alex.baker@example.com}"),
    ],
)
async def test_a_case_says_what_its_request_must_carry(
    platform: FakePlatform,
    folder: Folder,
    capsys: pytest.CaptureFixture[str],
    sent: Mapping[str, Any],
    line: str,
) -> None:
    """As a document, as a text, or as members, with a made-up user."""
    folder.map(changes("answer", post="/find", **sent))
    platform.on("/find", Reply(json=[ROW]))

    code, _, written = await record(folder, capsys)

    assert code == 0
    user = written.partition("  user: ")[2].partition("\n")[0]
    assert line.replace("alex.baker@example.com", user) in written
