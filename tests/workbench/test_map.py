"""`ticketbridge map`: saved answers mapped offline, as an integrator runs it."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pytest

from tests.support import USER, item, mapping, order, orders
from tests.workbench.cases_support import Folder, case
from ticketbridge.cli import main

TWO_CALLS = {
    "source.1": {"name": "item", "get": "/orders/{order.event}/items", "each": "body.items"}
}
THREE_PAGES = {
    "source.0": {
        "name": "order",
        "get": "/orders",
        "query": {"email": "{user}", "page": "{page.number}"},
        "pages": {"number": {"start": 1}, "last": "page.number == body.pages"},
        "each": "body.orders",
    }
}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Folder:
    """A folder to work in, with the tests' mapping."""
    monkeypatch.chdir(tmp_path)
    return Folder(tmp_path)


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Any:
    """Runs `ticketbridge map acme.yaml …`; gives exit code, stdout and stderr."""

    def run(*arguments: str) -> tuple[int, str, str]:
        code = main(["map", "acme.yaml", *arguments])
        return code, *capsys.readouterr()

    return run


def save(folder: Folder, name: str, document: Any) -> str:
    """The document as a file in the folder."""
    folder.file(name, json.dumps(document))
    return name


def ids(out: str) -> list[str]:
    """The ids of the tickets that were printed."""
    return [ticket["ticketId"] for ticket in json.loads(out)["tickets"]]


def test_a_sample_is_the_answer_to_the_only_call(folder: Folder, run: Any) -> None:
    """Without a variable set, and without a call, the body that menta tech would get is printed."""
    save(folder, "orders.json", orders(order(item("007"), item(2, state="REFUNDED"))))

    code, out, err = run("orders.json", "--user", USER)

    assert (code, ids(out), err) == (0, ["007"], "")
    assert json.loads(out)["userEmail"] == USER


@pytest.mark.parametrize(
    "auth",
    [
        {
            "type": "oauth2",
            "token_url": "https://l.example/t",
            "client_id": "c",
            "client_secret": "s",
        },
        {
            "type": "session",
            "login": {"post": "/login", "json": {"user": "u"}},
            "token": "body.token",
        },
    ],
    ids=["oauth2", "session"],
)
def test_a_login_is_not_asked_for(folder: Folder, run: Any, auth: dict[str, Any]) -> None:
    """What a sample or a case says is mapped without a token: nothing is sent that would need one."""
    folder.mapping.write_text(json.dumps(mapping({"upstream.auth": auth})))
    save(folder, "orders.json", orders(order(item(1))))
    folder.cases.write_text(json.dumps([case()]))

    for code, out, err in (run("orders.json", "--user", USER), run("acme.cases.yaml")):
        assert (code, ids(out), err) == (0, ["1"], "")


def test_an_empty_mapping_is_an_error(folder: Folder, run: Any) -> None:
    """It is a finding, as in `check`."""
    folder.mapping.write_text("", "utf-8")
    save(folder, "orders.json", orders())

    code, out, err = run("orders.json", "--user", USER)

    assert (code, out) == (1, "")
    assert "the file is empty" in err


def test_samples_are_told_apart_by_the_names_of_calls(folder: Folder, run: Any) -> None:
    """A bare sample answers the first call; several of one call answer in their order."""
    folder.map(TWO_CALLS)
    save(folder, "orders.json", orders(order(event="a"), order(event="b")))
    for number in (1, 2):
        save(folder, f"items{number}.json", {"items": [item(number)]})

    code, out, _ = run("orders.json", "item=items1.json", "item=items2.json", "--user", USER)

    assert (code, ids(out)) == (0, ["1", "2"])


def test_a_sample_may_be_for_one_request(folder: Folder, run: Any) -> None:
    """A path, with what matters of its query, says which request a sample answers, in any order."""
    folder.map(THREE_PAGES)
    samples = []
    for number in (3, 1, 2):
        page = {**orders(order(item(number))), "pages": 3}
        samples.append(f"/orders?page={number}={save(folder, f'page{number}.json', page)}")

    code, out, _ = run(*samples, "--user", USER)

    assert (code, ids(out)) == (0, ["1", "2", "3"])


def test_a_missing_sample_is_named(folder: Folder, run: Any) -> None:
    """The call, its request, what was answered so far, and how to give the sample."""
    folder.map(TWO_CALLS)
    save(folder, "orders.json", orders(order(event="rock fest")))

    code, out, err = run("orders.json", "--user", USER)

    assert (code, out) == (2, "")
    assert "no sample answers the call `item`: GET /orders/rock%20fest/items" in err
    assert "answered so far: order by orders.json" in err
    assert "item=FILE, or as '/orders/rock%20fest/items=FILE'" in err


def test_an_answer_that_nothing_asks_for_is_said(folder: Folder, run: Any) -> None:
    """It does not change the outcome."""
    save(folder, "orders.json", orders(order(item(1))))

    code, out, err = run("orders.json", "order=orders.json", "--user", USER)

    assert (code, ids(out)) == (0, ["1"])
    assert "never asked for: order=orders.json" in err


@pytest.mark.parametrize(
    ("argument", "said"),
    [
        ("https://[x/orders?t=hunter22=x.json", "x.json: what stands before `=` is no URL"),
        ("orders?t=hunter22=x.json", "what stands before `=` is no call of this mapping"),
        ("/orders?t=hunter22=y.json", "y.json: the sample cannot be read"),
        ("/orders?t=hunter22", "what stands behind the last `=` is taken for a file: the sample"),
        ("/x?t=hunter22=x.json", "GET /orders?..."),
    ],
)
def test_what_is_said_about_a_sample_has_no_value_of_its_request(
    folder: Folder, run: Any, argument: str, said: str
) -> None:
    """A query may hold a credential or an address, in the sample and in the call."""
    folder.map({"source.0.query": {"k": "hunter22", "email": "{user}"}})
    save(folder, "x.json", orders())

    code, out, err = run(argument, "--user", USER)

    assert (code, out) == (2, "")
    assert said in err
    assert "hunter22" not in err


@pytest.mark.parametrize(
    ("content", "argument", "said"),
    [
        pytest.param(None, "none.json", "none.json: the sample cannot be read", id="no file"),
        pytest.param(b"{", "x", "x: the sample is no JSON", id="no JSON"),
        pytest.param(b"", "x", "x: the sample is no JSON", id="empty"),
        pytest.param(b"{}", "ordre=x", 'did you mean "order"?', id="no such call"),
        pytest.param(b"{}", "a\0b", "no legal path", id="no path"),
    ],
)
def test_a_sample_that_cannot_be_used_is_wrong_usage(
    folder: Folder, run: Any, content: bytes | None, argument: str, said: str
) -> None:
    """Each says which sample, and what is wrong with it."""
    if content is not None:
        (folder.path / "x").write_bytes(content)

    code, out, err = run(argument, "--user", USER)

    assert (code, out) == (2, "")
    assert said in err


@pytest.mark.parametrize(
    ("form", "content", "each"),
    [
        ("ndjson", '{"id": "1", "email": "ana@example.com"}\n', "body"),
        ({"csv": {"columns": ["id", "email"]}}, "id,email\n1,ana@example.com\n", "body"),
        (
            {"json": {"charset": "iso-8859-1"}},
            '[{"id": "1", "email": "ana@example.com", "name": "\u00e9"}]',
            "body",
        ),
        ("text", "1 ana@example.com", "[{id: split(body, ' ')[0], email: split(body, ' ')[1]}]"),
        ("xml", "<r><i><id>1</id><email>ana@example.com</email></i></r>", "[body.r.i]"),
    ],
)
def test_a_sample_has_the_format_of_its_call(
    folder: Folder, run: Any, form: Any, content: str, each: str
) -> None:
    """It is the body as the platform sent it."""
    const = {"externalReferenceEventId", "showId", "ticketOptionId"}
    folder.map(
        {
            "source": [
                {
                    "name": "item",
                    "get": "/i",
                    "query": {"u": "{user}"},
                    "format": form,
                    "each": each,
                }
            ],
            "ticket.owner": "item.email",
            "ticket.status": {"const": "VALID"},
            **{f"ticket.fields.{name}": {"const": "fest"} for name in const},
            "ticket.fields.price": {"const": 1},
        }
    )
    (folder.path / "sample").write_bytes(content.encode("iso-8859-1"))

    code, out, _ = run("sample", "--user", USER)

    assert (code, ids(out)) == (0, ["1"])


def test_a_sample_has_bounds(folder: Folder, run: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that is no saved answer is not read whole."""
    monkeypatch.setattr("ticketbridge.workbench.samples.MOST_BYTES", 10)
    save(folder, "orders.json", orders())

    assert run("orders.json", "--user", USER)[0] == 2


def test_a_user_is_needed(folder: Folder, run: Any) -> None:
    """Whose tickets they are is not guessed."""
    save(folder, "orders.json", orders())

    code, _, err = run("orders.json")

    assert code == 2
    assert "--user" in err


def test_an_equals_sign_may_be_part_of_a_name(folder: Folder, run: Any) -> None:
    """A file that is there is a sample, whatever it is called."""
    save(folder, "page=1.json", orders(order(item(1))))

    assert ids(run("page=1.json", "--user", USER)[1]) == ["1"]


def test_now_fixes_the_clock(folder: Folder, run: Any) -> None:
    """`--now` is what `now()` gives, in any offset."""
    folder.map({"ticket.not_eligible_when": {"over": "item.until < now()"}})
    save(folder, "orders.json", orders(order(item(1, until="2026-11-24T12:00:00Z"))))

    found = [
        ids(run("orders.json", "--user", USER, "--now", now)[1])
        for now in ("2026-11-24T13:00:00+01:00", "2026-11-24T12:00:01Z")
    ]

    assert found == [["1"], []]


@pytest.mark.parametrize("now", ["tomorrow", "2026-11-24T12:00:00"])
def test_a_time_without_an_offset_is_wrong_usage(
    folder: Folder, run: Any, now: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Local time would be another time elsewhere."""
    save(folder, "orders.json", orders())
    with pytest.raises(SystemExit) as caught:
        run("orders.json", "--user", USER, "--now", now)

    assert caught.value.code == 2
    assert "2026-11-24T12:00:00Z" in capsys.readouterr().err


def test_a_sample_may_come_from_standard_input(
    folder: Folder, run: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`-` is what another program writes."""
    del folder
    content = json.dumps(orders(order(item(7)))).encode()
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(content)))

    assert ids(run("-", "--user", USER)[1]) == ["7"]


@pytest.mark.parametrize("command", [["check"], ["test"], ["map"], ["serve"]])
def test_a_mapping_does_not_come_from_standard_input(
    command: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    """Its cases and its schema stand beside it; the error says what to name."""
    more = ["orders.json", "--user", USER] if command == ["map"] else []

    assert main([*command, "-", *more]) != 0
    assert "standard input is not read here" in capsys.readouterr().err


def test_a_problem_is_exit_code_1_with_its_reason(folder: Folder, run: Any) -> None:
    """The operator reads what menta tech does not: the expression and its line."""
    save(folder, "orders.json", {"order": []})

    code, out, err = run("orders.json", "--user", USER)

    assert (code, out) == (1, "")
    assert "mapping-mismatch (502)" in err
    assert "reason: order: each: " in err
    assert "acme.yaml:" in err


def test_a_user_that_the_service_refuses_is_refused(folder: Folder, run: Any) -> None:
    """The command asks as menta tech does."""
    save(folder, "orders.json", orders())

    code, _, err = run("orders.json", "--user", "ana")

    assert code == 1
    assert "invalid-user (400)" in err


# --- a case as the sample -------------------------------------------------------------------------


def test_a_case_brings_its_answers_its_user_and_its_time(folder: Folder, run: Any) -> None:
    """A file with one case needs no name."""
    folder.map({"ticket.not_eligible_when": {"over": "item.until < now()"}})
    row = case(now="2026-11-24T12:00:00Z")
    row["upstream"][0]["body"]["orders"][0]["items"][0]["until"] = "2026-11-24T12:00:00Z"
    folder.cases.write_text(json.dumps([row]))

    for sample in ("acme.cases.yaml", "#a ticket", "acme.cases.yaml#a ticket"):
        code, out, _ = run(sample)
        assert (code, ids(out)) == (0, ["1"])


def test_a_case_of_several_is_named(folder: Folder, run: Any) -> None:
    """Otherwise the names are listed."""
    folder.cases.write_text(json.dumps([case(), case(case="another", user="bea@example.com")]))

    several, unknown = (run(sample)[2] for sample in ("acme.cases.yaml", "#anothr"))

    assert "acme.cases.yaml has several cases" in several
    assert "acme.cases.yaml#a ticket\n" in several
    assert 'did you mean "another"?' in unknown


def test_a_case_comes_alone(folder: Folder, run: Any) -> None:
    """It brings all answers."""
    folder.cases.write_text(json.dumps([case()]))
    save(folder, "orders.json", orders())

    code, _, err = run("acme.cases.yaml", "orders.json")

    assert code == 2
    assert "give no other sample with it" in err


def test_a_call_that_the_case_does_not_answer_is_named(folder: Folder, run: Any) -> None:
    """As `test` does, `map` says which call it was."""
    folder.cases.write_text(json.dumps([case(upstream=[])]))

    code, _, err = run("acme.cases.yaml")

    assert code == 2
    assert "no answer of the case `a ticket` fits the call GET /orders?email=" in err


def test_an_answer_that_the_case_has_too_many_is_said(folder: Folder, run: Any) -> None:
    """The answers are those of the case, with their lines."""
    row = case()
    row["upstream"].append({"get": "/more", "body": {}})
    folder.cases.write_text(json.dumps([row]))

    assert "never asked for: GET /more (line 1)" in run("acme.cases.yaml")[2]


@pytest.mark.parametrize("place", ["query", "json"])
def test_no_variable_is_read(
    folder: Folder, run: Any, place: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A case passes as in `test`, whatever is set; and what no answer fits is told without a credential."""
    monkeypatch.setenv("PASSWORD", "secret-of-the-platform")
    method = "post" if place == "json" else "get"
    call = {"name": "order", method: "/orders", "each": "body.orders"}
    parts = {"query": {"email": "{user}"}, place: {"email": "{user}", "pass": "${PASSWORD}"}}
    folder.mapping.write_text(json.dumps(mapping({"source.0": {**call, **parts}})))
    folder.cases.write_text(json.dumps([case(upstream=[])]))

    code, out, err = run("acme.cases.yaml")

    assert code == 2
    assert "secret-of" not in out + err
    assert "no answer of the case `a ticket` fits the call" in err
