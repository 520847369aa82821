"""The workshop behind the page: its files, its answers, its runs, and what it never shows."""

from __future__ import annotations

import json
import stat
from pathlib import Path
from typing import Any

import anyio
import pytest

from tests.fake_platform import FakePlatform, Reply
from tests.support import SECRET, TOKEN, USER, item, order, orders
from tests.workbench.studio.asking import Asked, write_mapping
from tests.workbench.studio.browsing import MAPPINGS
from ticketbridge.engine.agreement import WaysDiffer
from ticketbridge.mapping import MappingError
from ticketbridge.mapping.findings import Finding, Place
from ticketbridge.terminal import UsageError
from ticketbridge.workbench.record.recording import RecordError
from ticketbridge.workbench.samples import SampleError
from ticketbridge.workbench.studio import studio_run
from ticketbridge.workbench.studio.finding_repairs import find_data_repairs, find_repairs
from ticketbridge.workbench.studio.stored_cases import StoredCases
from ticketbridge.workbench.studio.workshop import MOST_RUNS, WorkshopError


@pytest.fixture
def asked(tmp_path: Path) -> Asked:
    """The tests' mapping, with two tickets of the user and one of somebody else."""
    made = Asked(write_mapping(tmp_path, {}))
    made.paste(
        "",
        orders(order(item(1), item(2, state="REFUNDED")), order(item(3), email="bea@example.com")),
    )
    made.run()
    return made


@pytest.fixture
def demo(demo_file: Path) -> Asked:
    """The demo's mapping with its cases."""
    return Asked(demo_file)


# --- files ----------------------------------------------------------------------------------------


def test_a_file_is_saved_as_it_is_written(demo: Asked, demo_file: Path) -> None:
    """Byte for byte, with its rights; nothing else lies in the folder afterwards."""
    demo_file.chmod(0o640)
    demo.ask("save", text=demo.text + "# the end\n")

    assert demo_file.read_bytes() == (MAPPINGS / "demo.yaml").read_bytes() + b"# the end\n"
    assert stat.S_IMODE(demo_file.stat().st_mode) == 0o640
    assert sorted(each.name for each in demo_file.parent.iterdir()) == [
        "demo.cases.yaml",
        "demo.yaml",
    ]


def test_nothing_else_is_written_to(demo: Asked, demo_file: Path) -> None:
    """Not through a link that somebody has put beside the mapping or its cases."""
    victim = demo_file.parent / "victim"
    victim.write_text("precious")
    for name in (".demo.yaml.saving", ".demo.cases.yaml.recording"):
        (demo_file.parent / name).symlink_to(victim)
    demo.ask("save", text=demo.text + "# the end\n")
    demo.run(kind="case", name=demo.workshop.list_cases()[0][0])
    demo.ask("make-case", text=demo.text, run=demo.number, name="new")
    demo.ask("keep-case")

    assert victim.read_text() == "precious"
    assert len([each for each in demo_file.parent.iterdir() if each.is_symlink()]) == 2


def test_the_ends_of_lines_stay(tmp_path: Path) -> None:
    """A file of another system keeps them, though the page knows one sign alone."""
    file = tmp_path / "acme.yaml"
    file.write_bytes(b"a: 1\r\nb: 2\r\n")
    made = Asked(file)
    assert made.text == "a: 1\nb: 2\n"
    made.ask("save", text=made.text + "c: 3\n")

    assert file.read_bytes() == b"a: 1\r\nb: 2\r\nc: 3\r\n"


def test_what_another_program_wrote_is_not_overwritten(demo: Asked, demo_file: Path) -> None:
    """The person is told, and the file is as the other program left it."""
    demo_file.write_text("other: 1\n", "utf-8")
    with pytest.raises(WorkshopError, match="changed by another program"):
        demo.ask("save", text=demo.text)

    assert demo_file.read_text("utf-8") == "other: 1\n"


def test_a_new_file_begins_empty(tmp_path: Path) -> None:
    """It is made when it is saved; a folder that is gone by then is told."""
    folder = tmp_path / "new"
    folder.mkdir()
    made = Asked(folder / "acme.yaml")
    assert made.text == ""
    assert made.run()["why"] == "no answer of the platform is at hand: choose a case, or paste one"
    made.ask("save", text="version: 1\n")
    assert (folder / "acme.yaml").read_text("utf-8") == "version: 1\n"
    (folder / "acme.yaml").unlink()
    folder.rmdir()
    gone = Asked(folder / "acme.yaml")
    with pytest.raises(WorkshopError, match="cannot be written"):
        gone.ask("save", text="version: 1\n")


def test_a_file_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    """Rather than taken for an empty one."""
    (tmp_path / "acme.yaml").write_bytes(b"\xff\xfe")
    with pytest.raises(WorkshopError, match="cannot be read"):
        Asked(tmp_path / "acme.yaml")


# --- answers --------------------------------------------------------------------------------------


def test_cases_are_read_again_where_a_file_of_theirs_has_changed(tmp_path: Path) -> None:
    """And not at each keystroke; answers in files of their own count too."""
    file, body = tmp_path / "acme.cases.yaml", tmp_path / "body.json"
    stored = StoredCases(file)
    assert stored.read().cases == ()
    body.write_text("{}", "utf-8")
    case: dict[str, Any] = {
        "case": "one",
        "user": USER,
        "expect": {"tickets": []},
        "upstream": [{"get": "/orders", "body_file": "body.json"}],
    }
    file.write_text(json.dumps([case]), "utf-8")
    first = stored.read()
    assert stored.read() is first
    body.write_text('{"a": 1}', "utf-8")
    second = stored.read()
    assert second is not first
    assert stored.find("one") is second.cases[0]
    body.unlink()
    with pytest.raises(MappingError):
        stored.read()


def test_a_source_that_is_gone_is_told(demo: Asked) -> None:
    """A case that has another name now, or cases that cannot be read."""
    assert demo.run(kind="case", name="gone")["why"] == "there is no case `gone` any more"
    assert demo.run(kind="fetched")["why"].startswith("no answer of the platform")
    demo.workshop.cases.file.write_text("- case: [", "utf-8")
    started = demo.ask("start")
    assert started["cases"] == []
    assert "demo.cases.yaml" in started["casesProblem"]
    assert demo.ask("cases", text=demo.text)["findings"]
    assert "have errors" in demo.ask("gaps", text=demo.text)["reason"]


def test_samples_are_read_as_map_reads_them(asked: Asked) -> None:
    """A URL counts by its path; they can be forgotten, and drafted from."""
    with pytest.raises(SampleError, match="no URL"):
        asked.workshop.add_sample("http://[/x", "{}", USER)
    asked.ask("forget-samples")
    with pytest.raises(SampleError, match="paste an answer"):
        asked.ask("draft")
    asked.paste("https://api.example/orders?email=ana@example.com", orders(order(item(1))))
    assert "get: /orders" in asked.ask("draft")["text"]
    asked.run()
    assert asked.outcome["records"] == 1


def test_a_curl_command_and_a_har_file_may_be_pasted(asked: Asked) -> None:
    """As `draft` takes them: their credentials become variables, and stand in nothing that is shown."""
    url, secret = f"https://api.example/orders?email={USER}", "a1b2c3d4e5f6a7b8c9"
    document = orders(order(item(1)))
    asked.paste(f"curl '{url}' -H 'X-Api-Key: {secret}'", document)
    by_curl = asked.ask("draft")["text"]
    asked.run()
    assert asked.outcome["records"] == 1

    asked.ask("forget-samples")
    answer = {"mimeType": "application/json", "text": json.dumps(document)}
    headers = [{"name": "X-Api-Key", "value": secret}]
    entry = {
        "request": {"method": "GET", "url": url, "headers": headers},
        "response": {"status": 200, "content": answer},
    }
    asked.paste("", {"log": {"entries": [entry]}})
    asked.run()
    by_har = asked.ask("draft")["text"]
    assert asked.outcome["records"] == 1
    assert all("get: /orders" in text and "type: api_key" in text for text in (by_curl, by_har))
    shown = f"{asked.ask('start')} {asked.outcome} {asked.ask('answers', run=asked.number)}"
    assert secret not in by_curl + by_har + shown


def test_an_openapi_file_may_be_pasted(asked: Asked) -> None:
    """A draft is made from it as `draft` makes it."""
    item = {"properties": {"id": {"type": "string"}, "email": {"type": "string"}}}
    answer = {"schema": {"type": "array", "items": item}}
    tickets = {"get": {"responses": {"200": {"content": {"application/json": answer}}}}}
    asked.ask("forget-samples")
    asked.paste("", {"openapi": "3.0.0", "paths": {"/tickets": tickets}})

    assert "# From the OpenAPI file: GET /tickets." in asked.ask("draft")["text"]


def test_a_call_without_an_answer_is_told_with_what_came_before(demo: Asked) -> None:
    """The answers so far are shown, and which call has none."""
    demo.paste("/customers", {"customer": {"number": "7", "email": USER}})
    demo.run()

    assert demo.outcome["missing"].startswith("no sample answers the call `order`")
    assert [call["call"] for call in demo.outcome["calls"]] == ["customer", "order"]
    assert demo.outcome["calls"][1]["failure"]
    assert demo.rows(0)[1][:2] == [1, "customer"]
    assert demo.rows(1) == []
    with pytest.raises(WorkshopError, match="no whole answer"):
        demo.ask("make-case", text=demo.text, run=demo.number, name="half")


def test_ways_that_differ_are_told(asked: Asked, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where serving would answer otherwise, that is what the page says."""

    async def differ(*_: Any, **__: Any) -> Any:
        raise WaysDiffer("the two ways differ")

    monkeypatch.setattr(studio_run, "run_answer", differ)
    asked.run()

    assert asked.outcome["missing"] == "the two ways differ"


def test_only_the_last_runs_are_kept(asked: Asked) -> None:
    """An older one is told to be gone; so is a record that is not there."""
    first = asked.number
    for _ in range(MOST_RUNS):
        asked.run()
    with pytest.raises(WorkshopError, match="that run is gone"):
        asked.ask("records", run=first, rows=[0])
    with pytest.raises(WorkshopError, match="no such record"):
        asked.ask("record", run=asked.number, record=7)
    assert asked.ask("records", run=asked.number, rows=[7]) == []


def test_a_mapping_with_errors_gives_findings_and_no_run(asked: Asked) -> None:
    """At their lines; a text that is no mapping at all has one too."""
    wrong = asked.run(asked.text.replace("item.id", "itm.id"))
    assert wrong["run"] is None
    assert [finding["code"] for finding in wrong["findings"]] == ["TB203"]
    assert asked.run("a: [")["findings"][0]["code"] == "TB002"
    assert asked.run("x" * 300_000)["findings"][0]["message"] == "the file is over 256 KiB"


# --- what is shown --------------------------------------------------------------------------------


def test_an_error_of_the_cases_is_no_error_of_the_mapping(demo: Asked) -> None:
    """It names its file, beside what is found in the mapping, and there is no run."""
    (name, *_), _ = demo.workshop.list_cases()
    demo.workshop.cases.file.write_text("\n\n- case: 1\n", "utf-8")
    text = demo.text.replace("upper(", "uper(")
    for findings in (
        demo.run(kind="case", name=name)["findings"],
        demo.ask("cases", text=demo.text)["findings"],
        demo.run(text, kind="case", name=name)["findings"][1:],
    ):
        assert {finding["file"] for finding in findings} == {"demo.cases.yaml"}
        assert findings[0]["line"] == 3
    answer = demo.run(text, kind="case", name=name)
    assert (answer["run"], answer["why"]) == (None, "demo.cases.yaml has errors")
    assert answer["findings"][0]["file"] == ""


def test_a_mapping_without_text_gives_a_finding(asked: Asked) -> None:
    """It is what a new file begins with."""
    (finding,) = asked.run("")["findings"]
    assert finding["message"] == "the file is empty"


def test_a_record_is_told_in_a_line_and_in_full(asked: Asked) -> None:
    """Its verdict, what it is about, and each field with what it read; others' records without a value."""
    lines = asked.ask("records", run=asked.number, rows=[0, 1, 2])
    assert [line["verdict"] for line in lines] == ["returned", "not_eligible:REFUNDED", "not_owner"]
    assert [line["about"] for line in lines] == [
        "10 EUR, event fest",
        "by item.state",
        "belongs to somebody else",
    ]
    record = asked.ask("record", run=asked.number, record=0)
    notes = {note["name"]: note for note in record["notes"]}
    assert notes["ticketId"]["result"] == '"1"'
    assert notes["currency"]["expression"] == ""
    ((answer, row),) = notes["ticketId"]["reads"]
    assert asked.rows(answer)[row][1:] == ["id", "v", "1"]
    assert '"ticketId": "1"' in record["ticket"]
    other = asked.ask("record", run=asked.number, record=2)
    assert "bea" not in json.dumps(other)
    assert other["ticket"] == ""


def test_a_ticket_that_comes_twice_is_told_as_such(asked: Asked) -> None:
    """No check has decided that it is left out."""
    asked.ask("forget-samples")
    asked.paste("", orders(order(item(1), item(1))))
    asked.run()

    lines = asked.ask("records", run=asked.number, rows=[0, 1])
    assert [(line["verdict"], line["about"]) for line in lines] == [
        ("returned", "10 EUR, event fest"),
        ("duplicate", "is the ticket of a record above"),
    ]


def test_a_violation_says_why(asked: Asked) -> None:
    """In the line, in the record and in the answer, with the line of the mapping."""
    asked.run(asked.text.replace("item.price", "item.prize"))

    assert asked.outcome["problem"] == "mapping-mismatch"
    assert asked.outcome["reasonLine"] > 10
    (line,) = asked.ask("records", run=asked.number, rows=[0])
    assert "did you mean" in line["about"]
    record = asked.ask("record", run=asked.number, record=0)
    assert [note["name"] for note in record["notes"] if note["failure"]] == ["price"]
    assert asked.ask("body", run=asked.number)["body"] == ""


def test_left_out_fields_and_long_values_are_shown_so(asked: Asked) -> None:
    """An absent field says that it is left out; a long text is cut."""
    asked.ask("forget-samples")
    asked.paste("", orders(order(item(1, zone="z" * 250, info="so " * 300))))
    text = asked.text.replace(
        '"currency"', '"priceTypeId": "optional(item.kind)", "tags": "[item.note]", "currency"'
    )
    asked.run(text)
    record = asked.ask("record", run=asked.number, record=0)
    results = {note["name"]: note["result"] for note in record["notes"]}

    assert results["priceTypeId"] == "(left out)"
    assert any(row[3].endswith("...") for row in asked.rows())


@pytest.mark.anyio
async def test_neither_secrets_nor_persons_are_shown(
    platform: FakePlatform, tmp_path: Path
) -> None:
    """A platform repeats a credential and an address: both are masked, the first one always.

    In answers, records and the body, in findings and the outcome, in the box and under the pointer.
    """
    file = write_mapping(tmp_path, {})
    variables = {"MENTA_SECRET": SECRET, "ACME_TOKEN": TOKEN, "ACME_API": platform.url}
    echo = order(
        item(1),
        note=f"you sent {TOKEN}",
        holder={"name": "Ana López", "password": "hunter2hunter2"},
    )
    platform.on("/orders", Reply(json=orders({**echo, "bea@example.com": 1})))
    await anyio.to_thread.run_sync(fetch_and_look, Asked(file, variables))

    assert platform.seen[0].headers["authorization"] == f"Bearer {TOKEN}"


def fetch_and_look(made: Asked) -> None:
    """Ask the platform, and look at all that the page could get."""
    made.ask("fetch", text=made.text, user=USER)
    made.run(kind="fetched")
    assert made.outcome["verdicts"] == {"returned": 1}
    assert made.outcome["calls"][0]["tookMs"] > 0
    for personal in (False, True):
        asked = {"run": made.number, "personal": personal, "text": made.text}
        shown = json.dumps(
            [
                made.outcome,
                made.findings,
                *(
                    made.ask(each, record=0, rows=[0], **asked)
                    for each in ("answers", "records", "record", "body")
                ),
                made.ask("evaluate", expression="[body, headers]", answer=0, **asked),
                made.ask("hover", offset=made.text.index("order.email") + 8, **asked),
            ],
            ensure_ascii=False,
        )
        assert TOKEN not in shown
        assert SECRET not in shown
        assert "hunter2" not in shown
        assert (USER in shown) == personal
        assert ("Ana L" in shown) == personal
        assert ("bea@example.com" in shown) == personal


def test_a_login_is_shown_as_a_call_alone(tmp_path: Path) -> None:
    """What the platform answered to it stays in the program: no row, no expression, no value."""
    login = {"post": "/login", "json": {"key": "${ACME_KEY}"}}
    session = {"type": "session", "login": login, "token": "body.sid"}
    file = write_mapping(tmp_path, {"upstream.auth": session})
    answers = [
        {"post": "/login", "body": {"sid": "the-session-of-acme"}},
        {"get": "/orders", "body": orders(order(item(1)))},
    ]
    case = {
        "case": "in",
        "user": USER,
        "upstream": answers,
        "expect": {"verdicts": {"returned": 1}},
    }
    (tmp_path / "acme.cases.yaml").write_text(json.dumps([case]), "utf-8")
    made = Asked(file)
    made.run(kind="case", name="in")

    assert made.outcome["verdicts"] == {"returned": 1}
    shown = made.ask("answers", run=made.number, personal=True)
    assert [len(each["rows"]) for each in shown] == [0, len(made.rows(1))]
    assert shown[0]["problem"] == "the answer to a login is not shown"
    tried = made.ask("evaluate", run=made.number, expression="body.sid", answer=0)
    assert tried["error"] == "there is no record and no answer to try it on"
    assert "the-session-of-acme" not in json.dumps([shown, made.outcome, tried])


@pytest.mark.anyio
@pytest.mark.parametrize("name", ["login", "token_url"])
@pytest.mark.parametrize(
    "auth",
    [
        {"type": "session", "login": {"post": "/token"}, "token": "body.access_token"},
        {
            "type": "oauth2",
            "token_url": "${ACME_API}/token",
            "client_id": "bridge",
            "client_secret": "${ACME_TOKEN}",
        },
    ],
)
async def test_an_entry_is_no_login_whatever_its_name(
    platform: FakePlatform, tmp_path: Path, name: str, auth: dict[str, Any]
) -> None:
    """An entry of the name that a login has in the log is shown, and the login's answer is not."""
    file = write_mapping(tmp_path, {"upstream.auth": auth})
    text = file.read_text().replace('"order"', f'"{name}"').replace("order.", f"{name}.")
    file.write_text(text)
    platform.on("/token", Reply(json={"access_token": "the-session", "token_type": "bearer"}))
    platform.on("/orders", Reply(json=orders(order(item(1)))))
    made = Asked(file, {"MENTA_SECRET": SECRET, "ACME_TOKEN": TOKEN, "ACME_API": platform.url})

    def fetch_and_run() -> Any:
        made.ask("fetch", text=made.text, user=USER)
        made.run(kind="fetched")
        return made.ask("answers", run=made.number, personal=True)

    (shown,) = await anyio.to_thread.run_sync(fetch_and_run)

    assert made.outcome["verdicts"] == {"returned": 1}
    assert made.outcome["left"] == []
    assert shown["call"] == name
    assert "the-session" not in json.dumps(shown)


def test_readers_of_a_value_are_found_far_and_near(asked: Asked) -> None:
    """Those bound to what it stands in; a value that nobody reads has none."""
    row = asked.find_row("event", "fest")
    readers = asked.ask("readers", run=asked.number, answer=0, row=row)
    assert {(reader["record"], reader["name"]) for reader in readers} == {
        (0, "externalReferenceEventId"),
        (0, "showId"),
    }
    assert asked.ask("readers", run=asked.number, answer=0, row=0) == []


def test_of_many_readers_some_are_enough(asked: Asked) -> None:
    """A value above many records is read by each of them: as many are told as a page can show."""
    asked.ask("forget-samples")
    asked.paste("", orders(order(*map(item, range(30)))))
    asked.run()
    row = asked.find_row("event", "fest")

    assert len(asked.ask("readers", run=asked.number, answer=0, row=row)) == 40


def test_merged_listed_and_named_values_are_traced(asked: Asked) -> None:
    """An element of a list has its row; what no document has leads nowhere."""
    asked.ask("forget-samples")
    asked.paste("", orders(order(item(1, marks=["a", "b"]), by={"x": "1"})))
    text = asked.text.replace(
        '"currency"',
        '"tags": "marks_of_it", "metadata": {"m": "merge(item, order.by).x", "k": "keys(order.by)",'
        ' "none": "item.marks[7]"}, "currency"',
    )
    asked.run(text.replace("marks_of_it", "map(&join(':', [@, @]), item.marks)"))
    notes = {
        note["name"]: note for note in asked.ask("record", run=asked.number, record=0)["notes"]
    }
    rows = asked.rows()

    assert [rows[row][1:] for _, row in notes["tags"]["reads"]] == [
        ["0", "s", "a"],
        ["1", "s", "b"],
    ]
    assert [rows[row][1] for _, row in notes["metadata.k"]["reads"]] == ["x"]
    assert notes["metadata.none"]["reads"] == []


# --- cases ----------------------------------------------------------------------------------------


def test_a_case_of_the_screen_is_kept_once(demo: Asked) -> None:
    """Its name is new, and it has to be made before it is kept."""
    demo.run(kind="case", name=demo.workshop.list_cases()[0][0])
    with pytest.raises(WorkshopError, match="make the case first"):
        demo.ask("keep-case")
    with pytest.raises(RecordError, match="already"):
        demo.ask(
            "make-case", text=demo.text, run=demo.number, name=demo.workshop.list_cases()[0][0]
        )
    demo.ask("make-case", text=demo.text, run=demo.number, name="new")
    assert demo.ask("keep-case")["cases"][-1] == "new"
    assert not (demo.workshop.mapping.parent / "samples").exists()


def test_a_failing_case_shows_no_person_until_it_is_asked_for(demo: Asked) -> None:
    """What differs is masked, and slips are not tried while a case fails."""
    text = demo.text.replace("buyer: order.bought_by", "buyer: order.customer.email")
    masked, shown = (
        json.dumps(demo.ask("cases", text=text, personal=personal)) for personal in (False, True)
    )
    assert "eva@example.com" not in masked
    assert "eva@example.com" in shown
    gaps = demo.ask("gaps", text=text)
    assert gaps["reason"].startswith("a case fails")
    assert gaps["points"] == gaps["met"]


LINE = "A1;ana@example.com;Ana López"
CELLS = dict(zip(("id", "mail", "name"), LINE.split(";"), strict=True))
TABLE = {"csv": {"columns": list(CELLS), "delimiter": ";", "charset": "windows-1252"}}
XML = (
    "<r><t><id>A1</id><mail>ana@example.com</mail>"
    "<holder born='1980-02-01'><name lang='es'>Ana López</name></holder></t></r>"
)


@pytest.mark.parametrize(
    ("call", "each", "name", "type_", "text"),
    [
        ({"format": TABLE}, "answer", "item.name", "text/csv", f"{';'.join(CELLS)}\n{LINE}\n"),
        ({"format": "ndjson"}, "answer", "item.name", "application/x-ndjson", f"{json.dumps(CELLS)}\n"),
        ({"format": "xml"}, "as_list(answer.r.t)", 'item.holder.name."#text"', "text/xml", XML),
        ({"format": "text"}, "[{mail: 'ana@example.com', id: 'A1', n: answer}]",
         "split(item.n, ';')[2]", "text/plain", LINE),
    ],
    ids=["csv", "ndjson", "xml", "text"],
)  # fmt: skip
def test_names_are_masked_in_all_formats(
    tmp_path: Path, call: dict[str, Any], each: str, name: str, type_: str, text: str
) -> None:
    """In what differs in a case, and in the answers, the records and the body of its run."""
    fields = {"ticketId": "item.id", "nominalTicket": {"fullName": name}}
    constant = {"externalReferenceEventId": "f", "showId": "f", "ticketOptionId": "A", "price": 1}
    fields |= {key: {"const": value} for key, value in {**constant, "currency": "EUR"}.items()}
    entry = {"name": "answer", "get": "/export", "take": "body", **call}
    changes: dict[str, Any] = {
        "source": [entry, {"name": "item", "each": each}],
        "ticket.owner": "item.mail",
    }
    changes |= {"ticket.status": {"const": "VALID"}, "ticket.fields": fields}
    made = Asked(write_mapping(tmp_path, changes))
    answer = {"get": "/export", "text": text, "content_type": type_}
    expect = {"tickets": [{"ticketId": "A1", "nominalTicket": {"fullName": "Bea Díaz"}}]}
    case = {"case": "in", "user": USER, "upstream": [answer], "expect": expect}
    (tmp_path / "acme.cases.yaml").write_text(json.dumps([case]), "utf-8")
    made.run(kind="case", name="in")
    assert made.outcome["verdicts"] == {"returned": 1}
    for personal in (False, True):
        asked = {"run": made.number, "personal": personal, "text": made.text, "rows": [0]}
        views = ("cases", "answers", "records", "record", "body")
        shown = [
            json.dumps(made.ask(each, record=0, **asked), ensure_ascii=False) for each in views
        ]
        assert [("López" in view) for view in shown] == (
            [True, True, False, True, True] if personal else [False] * 5
        )
        assert [word in "".join(shown) for word in ("Díaz", USER)] == [personal] * 2
        assert "1980-02-01" not in "".join(shown) or personal


# --- the expression box ---------------------------------------------------------------------------


def test_an_expression_is_tried_where_it_would_stand(asked: Asked) -> None:
    """On a record or an answer: its value and type, or the error at its column; legal roots alone."""

    def try_it(expression: str, **on: Any) -> dict[str, Any]:
        tried: dict[str, Any] = asked.ask("evaluate", run=asked.number, expression=expression, **on)
        return tried

    assert try_it("item.price", record=0)["value"] == "10"
    assert try_it("body.orders", answer=0)["type"] == "a list"
    assert try_it("body.orders", answer=0)["roots"] == ["user", "body", "status", "headers"]
    assert try_it("body", record=0)["column"] == 1
    assert "no key" in try_it("item.nothing", record=0)["error"]
    assert try_it("user", record=0)["value"] == '"(e-mail)"'
    assert try_it("user", record=9)["error"] == "there is no record and no answer to try it on"
    assert try_it("range(`2000`)", record=0)["value"].endswith("\n...")


# --- repairs --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('"showId"', '"showid"', "write showId for showid"),
        ("item.id", "itm.id", "write item for itm"),
        ('"item.id"', '"uper(item.id)"', "write upper for uper"),
        ('"item.zone"', '"default(item.zone, null)"', "write `null` for null"),
        (
            '"item.id"',
            '"join(item.id, item.zone, item.id)"',
            "write join(item.id, [item.zone, item.id])",
        ),
        ('"item.id"', '"now"', "write now() for now"),
        ('"item.id"', '"item.id.upper()"', "write upper(item.id)"),
        ('"version": 1', '"version": 2', None),
    ],
)
def test_a_repair_is_offered_where_the_finding_names_it(
    asked: Asked, old: str, new: str, words: str | None
) -> None:
    """It is written and checked before: the finding is gone by it. Where it is not certain, there is none."""
    text = asked.text.replace(old, new)
    before = asked.run(text)["findings"]
    repairs = asked.ask("repairs", text=text)

    assert before
    if words is None:
        assert repairs == []
    else:
        assert [repair["words"] for repair in repairs] == [words]
        after = asked.run(repairs[0]["text"])["findings"]
        assert [each for each in after if each["severity"] == "error"] == []


@pytest.mark.parametrize(
    ("value", "due"),
    [
        ("`1`  # why", "'`1`'  # why"),
        ("'x' == y", "\"'x' == y\""),
        ("[a][0] != 'b'", None),
        ("@ + 'a' + \"b\"", None),
    ],
)
def test_quotes_are_put_around_what_needs_them(asked: Asked, value: str, due: str | None) -> None:
    """An expression that begins with a sign of YAML, or goes on behind a quote; its comment stays outside."""
    repairs = asked.ask("repairs", text=f"a: {value}\n")

    assert [each["text"] for each in repairs] == ([f"a: {due}\n"] if due else [])


def test_a_key_that_the_data_does_not_have_is_repaired_too(asked: Asked) -> None:
    """By the one that it has, at the line that the reason names."""
    text = asked.text.replace("item.price", "item.prise")
    asked.run(text)
    reason = {"reason": asked.outcome["reason"], "line": asked.outcome["reasonLine"]}
    (repair,) = asked.ask("repairs", text=text, **reason)
    assert repair["words"] == "write price for prise"
    assert repair["text"] == asked.text.replace("item.prise", "item.price")
    assert asked.ask("repairs", text=text, reason="it failed", line=3) == []


def test_what_is_not_at_its_place_is_not_repaired() -> None:
    """A finding may be of an older text: another word there is left alone, and so is a text in quotes."""
    meant = 'no key "prise"; did you mean "price"?'
    place = Place("acme.yaml", 1, 4)
    finding = Finding(place, "error", "TB201", "wrong", "write 'PAID'")

    assert find_data_repairs("a: item.cost", meant, place) == []
    assert find_repairs("a: 'OPEN'", [finding], lambda _text: []) == []


def test_a_call_that_is_not_closed_is_replaced_by_its_name_alone() -> None:
    """Where its end is, nobody can tell."""
    finding = Finding(Place("acme.yaml", 1, 4), "error", "TB201", "wrong", "write upper(item.id)")

    (repair,) = find_repairs("a: uper(item.id", [finding], lambda _text: [])
    assert repair.text == "a: upper(item.id)(item.id"


def test_a_call_for_real_needs_its_variables(demo: Asked) -> None:
    """A missing one is an error that names it; nothing is called."""
    with pytest.raises(MappingError, match="DEMO_API"):
        demo.ask("fetch", text=demo.text, user=USER)
    assert issubclass(WorkshopError, UsageError)
