"""`--explain`: calls, records, checks and fields, with masks over what must not be seen."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import anyio
import pytest

from tests.fake_platform import FakePlatform, Reply
from tests.support import SECRET, TOKEN, USER, item, order, orders
from tests.workbench.cases_support import Folder
from ticketbridge.cli import main
from ticketbridge.terminal import Paint

CHANGES: dict[str, Any] = {
    "source.0.query": {"email": "{user}", "page": "{page.number}"},
    "source.0.pages": {"number": {"start": 1}, "last": "page.number == body.pages"},
    "ticket.fields.price": "minor_units(item.cents, 'EUR')",
    "ticket.fields.buyer": "order.email",
    "ticket.fields.props": {"seating": {"row": "optional(item.row)"}},
    "ticket.fields.nominalTicket": {"fullName": "order.holder.name"},
    "ticket.not_eligible_when": {"used": "item.used"},
}
HOLDER = {"name": "Ana López", "phone": "+34 600 111 222"}


def paid(number: int, **changes: Any) -> dict[str, Any]:
    """An item that the changed mapping takes for a valid ticket."""
    return {**item(number), "cents": 1250, "used": False, **changes}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Folder:
    """A folder to work in."""
    monkeypatch.chdir(tmp_path)
    made = Folder(tmp_path)
    made.map(CHANGES)
    return made


@pytest.fixture
def tell(capsys: pytest.CaptureFixture[str]) -> Any:
    """Runs `ticketbridge map acme.yaml page1.json page2.json … --explain`; gives exit code and output."""

    def tell(*arguments: str) -> tuple[int, str]:
        code = main(["map", "acme.yaml", *arguments, "--user", USER, "--explain"])
        return code, capsys.readouterr().out

    return tell


def save(folder: Folder, *pages: Any) -> list[str]:
    """The pages as samples."""
    for number, page in enumerate(pages, 1):
        folder.file(f"page{number}.json", json.dumps({**page, "pages": len(pages)}))
    return [f"page{number}.json" for number in range(1, len(pages) + 1)]


def two_pages() -> tuple[Any, Any]:
    """A valid ticket, a used one, another's order; on a second page one whose state is unknown."""
    mine = order(paid(1), paid(2, used=True), holder=HOLDER)
    other = order(paid(3), email="bea@example.com", holder={"name": "Bea Marín"})
    return orders(mine, other), orders(order(paid(4, state="REFUNDED"), holder=HOLDER))


def test_each_call_is_told_by_its_shape(folder: Folder, tell: Any) -> None:
    """Name, method, path as the mapping has it, the page, status, size; not who was asked for."""
    samples = save(folder, *two_pages())
    size = str((folder.path / samples[0]).stat().st_size)
    _, out = tell(*samples)

    lines = out.splitlines()
    assert lines[0] == "2 calls to the platform"
    assert lines[1].split()[:6] == [
        "order",
        "GET",
        "/orders?email={user}&page=1",
        "200",
        size,
        "B",
    ]
    assert "page=2" in lines[2]
    assert lines[1].endswith(" ms")


def test_each_record_has_its_verdict_and_what_was_asked_of_it(folder: Folder, tell: Any) -> None:
    """Checks end with the one that decided; another's record is only counted."""
    code, out = tell(*save(folder, *two_pages()), "--format", "json")
    told = json.loads(out)

    assert code == 0
    assert [record["verdict"] for record in told["records"]] == [
        "returned",
        "not_eligible:used",
        "not_eligible:REFUNDED",
    ]
    assert [[check["answer"] for check in r["checks"]] for r in told["records"]] == [
        ["the asked user", "VALID", "does not apply"],
        ["the asked user", "VALID", "not_eligible:used"],
        ["the asked user", "not_eligible:REFUNDED"],
    ]
    assert [record["number"] for record in told["records"]] == [1, 2, 4]
    assert told["others"].keys() == {"count", "expression", "place"}
    assert (told["others"]["count"], told["others"]["expression"]) == (1, "order.email")
    assert told["verdicts"]["returned"] == 1


def test_other_peoples_records_are_one_line(folder: Folder, tell: Any) -> None:
    """However many there are, they are counted, and their answers stay out of sight."""
    others = [order(paid(n), email=f"u{n}@example.com", holder=HOLDER) for n in range(2, 139)]
    samples = save(folder, orders(*others, order(paid(1), holder=HOLDER)))
    _, text = tell(*samples)
    told = json.loads(tell(*samples, "--format", "json")[1])

    assert text.count("not_owner") == 2  # the line, and the sum
    assert "137 records not the user's: not_owner" in text
    assert "someone else" not in text
    assert [record["number"] for record in told["records"]] == [138]
    assert told["others"]["count"] == 137


def test_without_others_nothing_is_said_of_them(folder: Folder, tell: Any) -> None:
    """An answer with the user's records alone has no such line."""
    samples = save(folder, orders(order(paid(1), holder=HOLDER)))

    assert "not the user's" not in tell(*samples)[1]
    assert "others" not in json.loads(tell(*samples, "--format", "json")[1])


def test_the_messages_of_rules_are_told_without_explain(
    folder: Folder, capsys: pytest.CaptureFixture[str]
) -> None:
    """They go to stderr, beside an answer as beside a problem."""
    for then, code in (("ok", 0), ("fail", 1)):
        rule = {"when": "body.pages == `1`", "then": then, "message": "'the reason'"}
        folder.map({**CHANGES, "source.0.responses": [rule]})
        samples = save(folder, orders())

        assert main(["map", "acme.yaml", *samples, "--user", USER]) == code
        seen = capsys.readouterr()
        assert "note: order: the reason" in seen.err
        assert "note" not in seen.out


def test_each_field_has_expression_place_inputs_value_and_result(folder: Folder, tell: Any) -> None:
    """What the platform sent, what the expression gave, and what goes out."""
    _, out = tell(*save(folder, *two_pages()), "--format", "json")
    fields = {field["name"]: field for field in json.loads(out)["records"][0]["fields"]}

    line = folder.mapping.read_text().count("\n") + 1
    assert fields["price"] == {
        "name": "price",
        "expression": "minor_units(item.cents, 'EUR')",
        "place": f"acme.yaml:{line}:{fields['price']['place'].rpartition(':')[2]}",
        "inputs": {"item.cents": 1250},
        "value": 12.5,
        "result": 12.5,
    }
    assert (fields["ticketId"]["value"], fields["ticketId"]["result"]) == (1, "1")
    assert "result" not in fields["props.seating.row"]
    assert fields["currency"]["result"] == "EUR"
    assert "expression" not in fields["currency"]


def test_text_for_people_says_the_same(folder: Folder, tell: Any) -> None:
    """A line for each check and field: name, result, expression, what was read, place."""
    _, out = tell(*save(folder, *two_pages()))

    rows = [line.split() for line in out.splitlines()]
    assert "record 1: returned, ticketId 1" in out
    assert "record 3" not in out
    assert "1 record not the user's: not_owner, by order.email at acme.yaml:" in out
    place = next(row for row in rows if row[:1] == ["price"])[-1]
    assert place.startswith("acme.yaml:1:")
    assert next(row[:5] for row in rows if row[:1] == ["ticketId"]) == [
        "ticketId",
        '"1"',
        "item.id",
        "=",
        "1",
    ]
    assert "= 12.5 (item.cents = 1250)" in out
    assert "(left out)" in out
    assert '"EUR"' in out
    assert "(constant)" in out
    assert "200  returned=1, not_eligible:used=1, not_owner=1, not_eligible:REFUNDED=1" in out


@pytest.mark.parametrize("form", ["text", "json"])
def test_personal_data_is_masked_unless_it_is_asked_for(
    folder: Folder, tell: Any, form: str
) -> None:
    """E-mails, names and phones are seen with `--show-personal-data` alone."""
    samples = save(folder, *two_pages())
    seen = ("ana@example.com", "Ana López")

    masked = tell(*samples, "--format", form)[1]
    shown = tell(*samples, "--format", form, "--show-personal-data")[1]

    assert [text for text in seen if text in masked] == []
    assert all(text in shown for text in seen)
    assert "(e-mail)" in masked
    assert "(name)" in masked
    assert "bea@example.com" not in masked
    assert "/orders?email=ana%40example.com&page=2" in shown


def test_a_problem_is_explained_too(folder: Folder, tell: Any) -> None:
    """The record, the field that fails, and why; exit code 1."""
    wrong = paid(1, cents="12,50")
    samples = save(folder, orders(order(wrong, holder=HOLDER)))

    code, text = tell(*samples)
    told = json.loads(tell(*samples, "--format", "json")[1])

    assert code == 1
    assert "record 1: violation:price" in text
    assert "502 mapping-mismatch  violation:price=1" in text
    assert "reason: 1 violations, first violation:price: " in text
    assert told["answer"] is None
    assert told["problem"]["slug"] == "mapping-mismatch"
    price = next(f for f in told["records"][0]["fields"] if f["name"] == "price")
    assert price["failure"]
    assert price["inputs"] == {"item.cents": "12,50"}


def test_without_explain_json_is_the_outcome_alone(
    folder: Folder, capsys: pytest.CaptureFixture[str]
) -> None:
    """A program gets one document, with the answer or the problem as it is."""
    samples = save(folder, *two_pages())
    main(["map", "acme.yaml", *samples, "--user", USER, "--format", "json"])
    told = json.loads(capsys.readouterr().out)

    assert told["answer"]["userEmail"] == told["user"] == USER
    assert told["status"] == 200
    assert "calls" not in told
    assert "records" not in told


def test_what_was_read_of_a_list_or_an_object_is_its_kind(folder: Folder, tell: Any) -> None:
    """A join reads a whole list: it would fill pages."""
    folder.map(
        {
            "ticket.fields.ticketOptionId": "lookup(order.zones, 'id', item.zone).name",
            "ticket.fields.metadata": "{zone: item.where, gone: optional(item.gone)}",
        }
    )
    zones = [{"id": "A", "name": "stalls"}]
    samples = save(folder, orders(order(item(1, where={"x": 1}), zones=zones)))
    told = json.loads(tell(*samples, "--format", "json")[1])
    fields = {field["name"]: field for field in told["records"][0]["fields"]}

    assert fields["ticketOptionId"]["inputs"] == {
        "order.zones": "(a list of 1)",
        "item.zone": "A",
    }
    assert fields["metadata"]["inputs"] == {
        "item.where": "(an object with x)",
        "item.gone": "(not there)",
    }


def test_variables_and_notes_are_told_without_what_they_hold(
    folder: Folder, tell: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A variable in a path is no part of its shape; the messages of rules are told as the log has them."""
    monkeypatch.setenv("ACME_SHOP", "my-shop")
    rule = {"when": "body.pages == `1`", "then": "ok", "message": "join(' ', ['for', user])"}
    folder.map({**CHANGES, "source.0.get": "/${ACME_SHOP}/orders", "source.0.responses": [rule]})

    _, out = tell(*save(folder, orders()))

    assert "GET /${...}/orders?email={user}&page=1" in out
    assert "my-shop" not in out
    assert "note: order: for (e-mail)" in out


@pytest.mark.anyio
async def test_an_answer_that_is_too_large_is_told_as_a_failed_call(
    platform: FakePlatform, folder: Folder, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    """The call has no status then, but a reason."""
    folder.map({"upstream.max_body": "1KB"})
    variables = {"MENTA_SECRET": SECRET, "ACME_TOKEN": TOKEN, "ACME_API": platform.url}
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    platform.on("/orders", Reply(json=orders(order(*map(item, range(100))))))
    words = ["fetch", "acme.yaml", "--user", USER, "--explain", "--format", "json"]

    assert await anyio.to_thread.run_sync(main, words) == 1

    (call,) = json.loads(capsys.readouterr().out)["calls"]
    assert call["failure"] == "a body over 1000 bytes"
    assert call["status"] is None


@pytest.mark.anyio
async def test_real_calls_are_told_with_their_failures(
    platform: FakePlatform, folder: Folder, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    """Each try is a call; credentials are masked wherever the platform repeats them."""
    folder.map({"upstream.retries": 1, "ticket.fields.metadata": "{echo: order.echo}"})
    for name, value in {
        "MENTA_SECRET": SECRET,
        "ACME_TOKEN": TOKEN,
        "ACME_API": platform.url,
    }.items():
        monkeypatch.setenv(name, value)
    good = Reply(json=orders(order(item(1), echo=f"Bearer {TOKEN}")))
    platform.on("/orders", Reply(raw=b"nonsense\r\n\r\n"), good)
    words = ["fetch", "acme.yaml", "--user", USER, "--explain", "--show-personal-data"]

    assert await anyio.to_thread.run_sync(main, words) == 0

    out = capsys.readouterr().out
    first, second = out.splitlines()[1:3]
    assert "no HTTP answer" in first
    assert "200" in second
    assert "Bearer (secret)" in out
    assert TOKEN not in out


@pytest.mark.anyio
async def test_a_variable_of_a_call_is_shown_by_nothing(
    platform: FakePlatform, folder: Folder, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    """A platform may take a login in the query: it is hidden in the URL, a longer one in answers too."""
    folder.map(
        {
            "source.0.query": {"email": "{user}", "pin": "${PIN}", "pass": "${PASSWORD}"},
            "ticket.fields.metadata": "{echo: order.echo}",
        }
    )
    for name, value in {
        "MENTA_SECRET": SECRET,
        "ACME_TOKEN": TOKEN,
        "ACME_API": platform.url,
        "PIN": "n0sy",
        "PASSWORD": "correct horse",
    }.items():
        monkeypatch.setenv(name, value)
    platform.on("/orders", Reply(json=orders(order(item(1), echo="correct horse"))))
    words = ["fetch", "acme.yaml", "--user", USER, "--explain", "--show-personal-data"]

    assert await anyio.to_thread.run_sync(main, words) == 0

    out = capsys.readouterr().out
    assert "GET /orders?email=ana%40example.com&pin=${...}&pass=${...}" in out
    assert "n0sy" not in out
    assert "horse" not in out


def test_a_terminal_gets_colours(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing else does, and none where NO_COLOR is set."""
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setattr("sys.stdout.isatty", lambda: True, raising=False)
    import sys  # noqa: PLC0415 - the one that was changed

    coloured = Paint(sys.stdout)("x", "1")
    monkeypatch.setenv("NO_COLOR", "1")

    assert coloured == "\x1b[1mx\x1b[0m"
    assert Paint(sys.stdout)("x", "1") == Paint()("x", "1") == "x"
