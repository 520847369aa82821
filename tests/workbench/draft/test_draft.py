"""`ticketbridge draft` as an integrator runs it: draft, check, repair, test."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.support import USER
from tests.workbench.draft.drafting import ticket, tickets
from ticketbridge.workbench.cases.reader import read_cases

TARGET = f"/orders?email={USER}"


def save(document: Any, name: str = "orders.json") -> str:
    """The document in the folder."""
    Path(name).write_text(document if isinstance(document, str) else json.dumps(document))
    return name


def test_a_good_sample_becomes_a_mapping_that_checks_and_a_case_that_passes(run: Any) -> None:
    """Nothing is left open; in the case personal data is made up."""
    sample = save(tickets(ticket(1, name="Ana López"), ticket(2, status="REFUNDED")))

    drafted = run("draft", f"{TARGET}={sample}", "--user", USER, "-o", "acme.yaml")

    assert drafted[0] == 0
    assert drafted[1].startswith(
        "acme.yaml and acme.cases.yaml: 9 guesses from 2 records in 1 sample: "
    )
    assert run("check", "acme.yaml")[0] == 0
    assert run("test", "acme.yaml") == (0, "acme.cases.yaml: 1 case, 0 failed\n", "")
    text = Path("acme.cases.yaml").read_text()
    assert "López" not in text
    assert USER not in text
    (case,) = read_cases(Path("acme.cases.yaml")).cases
    assert case.expect.tickets is not None
    assert [t["ticketId"] for t in case.expect.tickets] == ["1"]


def test_check_points_at_what_is_open(run: Any) -> None:
    """The line of each TODO; the case says TODO too, and once it is repaired shows what came."""
    sample = save({"tickets": [{k: v for k, v in ticket().items() if k != "currency"}]})
    run("draft", f"{TARGET}={sample}", "--user", USER, "-o", "acme.yaml")
    mapping = Path("acme.yaml")

    code, out, _ = run("check", "acme.yaml")
    line = next(
        n for n, text in enumerate(mapping.read_text().splitlines(), 1) if "currency:" in text
    )
    assert code == 1
    assert f"acme.yaml:{line}:" in out

    mapping.write_text(mapping.read_text().replace("currency: TODO", "currency: {const: EUR}"))
    assert run("check", "acme.yaml")[0] == 0
    assert 'ticket 1 `currency`: expected "TODO", got "EUR"' in run("test", "acme.yaml")[1]


def test_without_a_file_the_mapping_is_printed(run: Any) -> None:
    """And nothing is written."""
    code, out, err = run("draft", save(tickets()))

    assert code == 0
    assert "platform: platform\n" in out
    assert err.startswith("ticketbridge: 9 guesses from 2 records in 1 sample: ")
    assert [path.name for path in Path().iterdir()] == ["orders.json"]


def test_a_draft_replaces_nothing(run: Any) -> None:
    """Neither the mapping nor the cases."""
    sample = save(tickets())
    for name in ("acme.yaml", "acme.cases.yaml"):
        Path(name).write_text("mine")
        code, _, err = run("draft", sample, "-o", "acme.yaml")
        assert code == 2
        assert f"{name} is there already" in err
        assert Path(name).read_text() == "mine"
        Path(name).unlink()
    assert "cannot be written" in run("draft", sample, "-o", "none/acme.yaml")[2]


def test_the_platform_is_named_by_the_file(run: Any) -> None:
    """As far as a name may have its characters."""
    run("draft", save(tickets()), "-o", "9 Año.yaml")

    text = Path("9 Año.yaml").read_text()
    assert "platform: 9-a-o\n" in text
    assert "${P_9_A_O_API}" in text
    assert run("check", "9 Año.yaml")[0] == 1  # the path is TODO, and no more
    assert run("check", "9 Año.yaml")[1].count("error[") == 1


def test_a_sample_that_cannot_be_read_is_wrong_usage(run: Any) -> None:
    """JSON, XML, or a file that is not there."""
    assert run("draft", save("{", "a.json"))[0] == 2
    code, _, err = run("draft", save("<a>", "a.xml"))
    assert code == 2
    assert "a.xml: the sample is no XML that is read here" in err
    assert "a document type" not in err
    assert run("draft", save("<!DOCTYPE a><a/>", "b.xml"))[0] == 2
    assert run("draft", "none.json")[0] == 2


def test_what_the_draft_cannot_give_is_left_to_the_case(run: Any) -> None:
    """A status that nobody knows stops the answer; the case expects the tickets all the same."""
    sample = save(tickets(ticket(1), ticket(2, status="FOO")))
    run("draft", f"{TARGET}={sample}", "--user", USER, "-o", "acme.yaml")

    code, out, _ = run("test", "acme.yaml")

    assert code == 1
    assert "unknown_status" in out
    mapping = Path("acme.yaml")
    mapping.write_text(
        mapping.read_text().replace("PAID: VALID", "PAID: VALID\n      FOO: BLOCKED")
    )
    assert run("test", "acme.yaml")[0] == 0


def test_without_a_user_the_most_frequent_owner_is_asked_for(run: Any) -> None:
    """The case needs one."""
    several = tickets(ticket(1), ticket(2), ticket(3, email="bo@example.com"))
    run("draft", f"{TARGET}={save(several)}", "-o", "acme.yaml")

    (case,) = read_cases(Path("acme.cases.yaml")).cases
    assert case.user == "user@example.com"
    assert case.expect.tickets is not None
    assert len(case.expect.tickets) == 2


def test_pages_end_with_an_empty_one(run: Any) -> None:
    """Where nothing else says that a page is the last, the case has the page after it."""
    first, second = save(tickets(ticket(1)), "1.json"), save(tickets(ticket(2)), "2.json")
    pages = f"{TARGET}={first}", f"{TARGET}&page=2={second}"
    run("draft", *pages, "--user", USER, "-o", "acme.yaml")

    assert run("test", "acme.yaml")[0] == 0
    assert "page=3" in Path("acme.cases.yaml").read_text()


def test_a_page_after_one_without_a_list_is_like_that_one(run: Any) -> None:
    """Where null stands for what the list is in, there is no place for an empty list."""
    whole, part = ({"data": tickets(*map(ticket, ids))} for ids in ((1, 2), (3,)))
    names = [save(page, f"{n}.json") for n, page in enumerate((whole, part, {"data": None}), 1)]
    run(
        "draft",
        *(f"{TARGET}&page={n}={name}" for n, name in enumerate(names, 1)),
        "--user",
        USER,
        "-o",
        "acme.yaml",
    )

    assert Path("acme.cases.yaml").read_text().count("data: null") == 2


def test_a_sample_that_the_draft_never_asks_for_is_kept(run: Any) -> None:
    """The draft breaks off at the status; what it would ask for next stays in the case."""
    orders = {"orders": [{"id": 10, "email": "x", "tickets": [ticket(1)]}]}
    samples = f"{TARGET}={save(orders)}", f"/orders/99/notes={save([{'id': 1}], 'n.json')}"
    run("draft", *samples, "-o", "acme.yaml")

    assert "notes" in Path("acme.cases.yaml").read_text()


# --- what the first case expects, and what `map` shows ----------------------------------------------


def expected(stem: str = "acme") -> list[Any]:
    """The tickets that the drafted case expects."""
    (case,) = read_cases(Path(f"{stem}.cases.yaml")).cases
    assert case.expect.tickets is not None
    return list(case.expect.tickets)


@pytest.mark.parametrize(
    "changes",
    [{"status": "REFUNDED"}, {"used_at": "2026-01-01"}, {"cancelled": True}, {"price": "?"}],
)
def test_a_case_that_would_expect_nothing_for_records_of_the_user_is_open(
    run: Any, changes: dict[str, Any]
) -> None:
    """That the user owns none of them is for someone to say who knows the platform."""
    sample = save(tickets(ticket(1, **changes), ticket(2, **changes)))
    run("draft", f"{TARGET}={sample}", "--user", USER, "-o", "acme.yaml")

    assert all("TODO" in made.values() for made in expected())
    assert expected()
    assert run("test", "acme.yaml")[0] == 1


def test_where_the_user_has_no_record_nothing_is_expected(run: Any) -> None:
    """Another's tickets are no reason for a doubt."""
    others = tickets(ticket(1, email="bo@example.com"), ticket(2, email="cy@example.com"))
    run("draft", f"{TARGET}={save(others)}", "--user", USER, "-o", "acme.yaml")

    assert expected() == []
    assert run("test", "acme.yaml")[0] == 0


def test_a_status_that_is_open_is_open_in_the_case(run: Any) -> None:
    """The case calls no ticket valid while the mapping does not know."""
    for changes in ({"status": "FOO"}, {"used_at": "2026-01-01"}):
        sample = save(tickets(ticket(1, **changes), ticket(2, **changes)))
        run("draft", f"{TARGET}={sample}", "--user", USER, "-o", "acme.yaml")
        assert [made["status"] for made in expected()] == ["TODO", "TODO"]
        Path("acme.yaml").unlink()
        Path("acme.cases.yaml").unlink()


def test_map_shows_the_records_of_a_draft_with_something_open(run: Any) -> None:
    """What is open is TODO in them; it says where, and that nothing of it is served."""
    open_ended = {k: v for k, v in ticket(1, status="FOO").items() if k != "currency"}
    bad = {**open_ended, "id": 2, "status": "CANCELLED"}
    other = {**open_ended, "id": 3, "email": "bo@example.com"}
    sample = save(tickets(open_ended, bad, other))
    run("draft", sample, "--user", USER, "-o", "acme.yaml")
    assert run("check", "acme.yaml")[0] == 1

    code, out, err = run("map", "acme.yaml", sample, "--user", USER)

    assert code == 1
    (shown,) = json.loads(out)["tickets"]
    assert (shown["ticketId"], shown["status"], shown["currency"]) == ("1", "TODO", "TODO")
    for what in ("`source.ticket.get`", "`ticket.fields.currency`", "no status of the platform"):
        assert what in err
    assert "a draft with something open answers nobody" in err
    told = run("map", "acme.yaml", sample, "--user", USER, "--explain")
    assert told[0] == 1
    assert "not_owner" in told[1]


def test_map_shows_the_records_whoever_owns_them_where_the_owner_is_open(run: Any) -> None:
    """And without any status at all."""
    bare = {k: v for k, v in ticket().items() if k not in {"email", "status"}}
    sample = save(tickets(bare, {**bare, "id": 2}))
    run("draft", f"{TARGET}={sample}", "--user", USER, "-o", "acme.yaml")

    code, out, _ = run("map", "acme.yaml", f"{TARGET}={sample}", "--user", USER)

    assert code == 1
    assert [t["ticketId"] for t in json.loads(out)["tickets"]] == ["1", "2"]


def test_map_shows_nothing_of_a_mapping_that_is_wrong(run: Any) -> None:
    """A slip is no TODO."""
    sample = save(tickets(ticket(1, status="FOO")))
    run("draft", f"{TARGET}={sample}", "--user", USER, "-o", "acme.yaml")
    mapping = Path("acme.yaml")
    mapping.write_text(mapping.read_text().replace("price: ticket.price", "price: tickt.price"))

    code, out, err = run("map", "acme.yaml", f"{TARGET}={sample}", "--user", USER)

    assert (code, out) == (1, "")
    assert "tickt" in err
