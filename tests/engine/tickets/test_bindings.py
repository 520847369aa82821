"""Which binding an error or a call is about, and that no person is named with it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.support import USER, bridge_of, item, spec_of
from tests.workbench.cases_support import Folder
from ticketbridge.cli import main
from ticketbridge.engine.problems import ProblemError
from ticketbridge.engine.tickets.binding_labels import BindingLabels

pytestmark = pytest.mark.anyio

EVENTS: dict[str, Any] = {
    "source": [
        {"name": "event", "get": "/events", "each": "body.events"},
        {
            "name": "order",
            "get": "/events/{event.slug}/orders",
            "query": {"email": "{user}"},
            "each": "body.orders",
        },
        {"name": "item", "each": "order.items"},
    ],
    "ticket.fields.externalReferenceEventId": "event.slug",
    "ticket.fields.showId": "event.slug",
}
SLUGS = {"events": [{"slug": "jazz"}, {"slug": "rock-2026"}, {"slug": "folk"}]}


def of_event(reply: Any) -> dict[str, Any]:
    """Three events, of which the second one's orders are *reply*."""
    none: dict[str, Any] = {"orders": []}
    return {
        "/events": SLUGS,
        "/events/jazz/orders": none,
        "/events/rock-2026/orders": reply,
        "/events/folk/orders": none,
    }


async def log_of(changes: Mapping[str, Any], replies: Mapping[str, Any], user: str = USER) -> str:
    """What the log says of an answer that fails."""
    bridge, _ = bridge_of(changes, replies)
    with pytest.raises(ProblemError) as caught:
        await bridge.answer(user)
    assert not [word for word in ("rock", "of 3") if word in caught.value.detail]
    return caught.value.log


@pytest.mark.parametrize(
    "reply",
    [
        pytest.param(httpx.Response(500), id="a failure"),
        pytest.param({"orders": None}, id="no list"),
        pytest.param({"order": []}, id="another key"),
        pytest.param(httpx.Response(200, text="<h1>"), id="a page"),
    ],
)
async def test_the_reason_says_of_which_event(reply: Any) -> None:
    """An event's id is nobody's: the log has it, and how many there are; menta tech has neither."""
    log = await log_of(EVENTS, of_event(reply))

    assert log.endswith("(event 2 of 3: event.slug=rock-2026)")


async def test_a_violation_says_of_which_event() -> None:
    """So does the reason of a record that cannot be judged, early and late."""
    odd = {"email": USER, "items": [item(1, state="ODD")]}
    log = await log_of(EVENTS, of_event({"orders": [odd]}))
    early = {
        **EVENTS,
        "source": [
            *EVENTS["source"][:2],
            {"name": "more", "get": "/more", "take": "status"},
            EVENTS["source"][2],
        ],
    }
    earlier = await log_of(early, of_event({"orders": [{**odd, "email": 5}]}))

    assert "(event.slug=rock-2026)" in log
    assert "(event.slug=rock-2026)" in earlier


async def test_what_only_the_user_has_is_told_by_its_position() -> None:
    """An order's id leads to a person: the log says which of how many it is, and no more."""
    changes = {
        "source": [
            {
                "name": "order",
                "get": "/orders",
                "query": {"email": "{user}"},
                "each": "body.orders",
            },
            {"name": "refund", "get": "/orders/{order.id}/refunds", "take": "body"},
            {"name": "item", "each": "order.items"},
        ]
    }
    order = {"email": USER, "event": "the Smiths' party", "items": []}
    replies = {
        "/orders": {"orders": [{**order, "id": 70001}, {**order, "id": 70002}]},
        "/orders/70001/refunds": {},
        "/orders/70002/refunds": httpx.Response(404),
    }
    log = await log_of(changes, replies)

    assert log.endswith("(order 2 of 2)")
    assert "7000" not in log


@pytest.mark.parametrize(
    ("entry", "hole"),
    [
        pytest.param("customer", "customer.id", id="a customer's id"),
        pytest.param("row", "row.userId", id="a user's id"),
        pytest.param("row", "row.email", id="an e-mail"),
        pytest.param("row", "row.holder.id", id="a holder's"),
        pytest.param("row", "row.title", id="no id"),
        pytest.param("row", "lower(row.id)", id="a calculation"),
        pytest.param("account", "account.code", id="an account's code"),
    ],
)
def test_a_persons_id_is_never_shown(entry: str, hole: str) -> None:
    """Also of a list that is the same for all users: the path's words say what an id stands for."""
    source = [
        {"name": entry, "get": "/all", "each": "body.all"},
        {"name": "order", "get": f"/x/{{{hole}}}/orders", "query": {"e": "{user}"}, "each": "body"},
        {"name": "item", "each": "order.items"},
    ]
    bindings = BindingLabels(spec_of({"source": source, "ticket.fields.showId": "item.id"}))
    scope = {
        entry: {
            "id": "X5",
            "userId": "X5",
            "email": "X5",
            "holder": {"id": "X5"},
            "title": "X5",
            "code": "X5",
        }
    }

    assert bindings.label({"user": USER, **scope}) == ""
    assert bindings.explained(hole, "X5") is None


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("jazz-2026", True),
        (42, True),
        ("a.b:c_d", True),
        ("ana@example.com", False),
        ("Ana López", False),
        ("+34600111222", False),
        ("", False),
        ("x" * 65, False),
        ("a/b", False),
        ("a\nb", False),
        (True, False),
        (None, False),
        (["jazz"], False),
        (10**30, False),
    ],
)
def test_a_value_that_looks_like_no_id_is_not_shown(value: object, *, shown: bool) -> None:
    """A platform may have anything under a key that is called an id."""
    bindings = BindingLabels(spec_of(EVENTS))

    assert (bindings.label({"event": {"slug": value}}) != "") is shown


def test_a_list_that_depends_on_the_user_is_not_common() -> None:
    """A login that names the user, or an entry above that asks by the user, makes all below theirs."""
    by_user = {
        **EVENTS,
        "source.0": {**EVENTS["source"][0], "query": {"of": "{user}"}},
        "ticket.fields.externalReferenceEventId": "item.id",
        "ticket.fields.showId": "item.id",
    }
    login = {"type": "session", "login": {"post": "/l", "json": {"u": "{user}"}}, "token": "body.t"}
    common = {**by_user, "source.0": EVENTS["source"][0]}
    scope = {"event": {"slug": "jazz"}}

    assert BindingLabels(spec_of(common)).label(scope) == "event.slug=jazz"
    assert BindingLabels(spec_of(by_user)).label(scope) == ""
    assert BindingLabels(spec_of({**common, "upstream.auth": login})).label(scope) == ""


async def test_calls_that_share_an_answer_share_its_label() -> None:
    """A problem that several wait for is labelled once."""
    changes = {
        "source": [
            {"name": "event", "get": "/events", "each": "body.events"},
            {
                "name": "shop",
                "get": "/shop/{event.shop.id}",
                "query": {"e": "{user}"},
                "take": "body",
            },
            {"name": "item", "each": "shop.items"},
        ],
        "ticket.owner": "item.mail",
        "ticket.fields.externalReferenceEventId": "event.id",
        "ticket.fields.showId": "event.id",
    }
    rows = [{"id": f"e{n}", "shop": {"id": 1}} for n in range(3)]
    replies = {"/events": {"events": rows}, "/shop/1": httpx.Response(500)}
    log = await log_of(changes, replies)

    assert log.count("event.id=") == 1


# --- the lists of calls ----------------------------------------------------------------------------


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Folder:
    """A folder to work in."""
    monkeypatch.chdir(tmp_path)
    return Folder(tmp_path)


def test_explained_calls_can_be_told_apart(
    folder: Folder, capsys: pytest.CaptureFixture[str]
) -> None:
    """The list of calls shows the ids of events and orders, and neither the user nor a customer's number."""
    changes = {
        "source": [
            {"name": "customer", "get": "/customers", "query": {"email": "{user}"}, "take": "body"},
            {"name": "event", "get": "/events", "each": "body.events"},
            {
                "name": "order",
                "get": "/customers/{customer.id}/orders",
                "query": {"event": "{event.slug}", "by": "{customer.mail}"},
                "each": "body.orders",
            },
            {"name": "item", "get": "/orders/{order.id}/items", "each": "body.items"},
        ],
        "ticket.owner": "customer.mail",
    }
    folder.map(changes)
    samples = {
        "customer": {"id": 4711, "mail": USER},
        "event": {"events": [{"slug": "jazz"}]},
        "order": {"orders": [{"id": 80, "event": "jazz"}, {"id": 81, "event": "jazz"}]},
    }
    for name, body in samples.items():
        folder.file(f"{name}.json", json.dumps(body))
    for number in (80, 81):
        folder.file(f"items{number}.json", json.dumps({"items": [item(number)]}))
    words = [f"{name}={name}.json" for name in samples]
    words += [f"/orders/{number}/items=items{number}.json" for number in (80, 81)]

    assert main(["map", "acme.yaml", *words, "--user", USER, "--explain"]) == 0
    out = capsys.readouterr().out.split("record 1")[0]
    assert "GET /customers/{customer.id}/orders?event=jazz&by={customer.mail}" in out
    assert "GET /orders/80/items" in out
    assert "GET /orders/81/items" in out
    assert "4711" not in out
    assert "ana" not in out
