"""Which answer leads to the next call: by the words around a value, never by a small number alone."""

from __future__ import annotations

from typing import Any

from tests.workbench.draft.drafting import draft, entries, fields, guess, source, ticket, tickets
from tests.workbench.draft.due import ORDERS

EVENTS = ("/events", {"results": [{"id": "1", "title": "A"}, {"id": "2", "title": "B"}]})
GROUPS = (
    "/groups",
    {
        "info": {"groups": [{"groupId": 1, "name": "x"}, {"groupId": 2, "name": "y"}]},
        "results": [{"id": n, "groupId": 1} for n in ("1", "2", "5")],
    },
)


def tickets_of(number: int, first: int) -> tuple[str, Any]:
    """The answer with the tickets of one event."""
    bare = [{k: v for k, v in ticket(n).items() if k != "event_id"} for n in (first, first + 1)]
    return f"/events/{number}/tickets", {"tickets": bare}


def test_a_small_number_that_matches_by_chance_leads_nowhere() -> None:
    """Group 1 and event 1 have nothing to do with each other, in whatever order they come."""
    for samples in ((EVENTS, GROUPS), (GROUPS, EVENTS)):
        drafted = draft(*samples, tickets_of(1, 1), tickets_of(2, 3))
        assert 'get: "/events/{event.id}/tickets"' in drafted.text
        assert fields(drafted)["externalReferenceEventId"] == "event.id"
        assert entries(drafted)["event"] == "each body.results"


def test_without_a_word_that_agrees_a_small_number_is_open() -> None:
    """Nothing says that it is the group's."""
    drafted = draft(GROUPS, tickets_of(1, 1), tickets_of(2, 3))

    assert 'get: "/events/{TODO}/tickets"' in drafted.text
    assert entries(drafted)["groups"].startswith("collect ")


def test_a_small_number_of_what_is_bound_is_no_other_things() -> None:
    """Zone 2 of event 1 is not event 2."""
    several = [(f"/events/{n}/zones/{3 - n}/tickets", tickets(ticket(n))) for n in (1, 2)]
    drafted = draft(EVENTS, *several)

    assert 'get: "/events/{event.id}/zones/{TODO}/tickets"' in drafted.text


def test_a_value_of_its_own_kind_leads_without_a_word() -> None:
    """And the draft says that no word speaks for it."""
    lists = ("/things", {"found": [{"code": "rock-fest"}, {"code": "jazz-fest"}]})
    lines = source(lists, ("/rock-fest/tickets", tickets()), ("/jazz-fest/tickets", tickets()))

    assert 'get: "/{found.code}/tickets"' in lines
    text = draft(
        lists, ("/rock-fest/tickets", tickets()), ("/jazz-fest/tickets", tickets(ticket(3)))
    ).text
    assert "`found.code`: unsure: its value is in the samples, and no word speaks for it" in text


def test_the_list_that_has_most_of_the_values_leads() -> None:
    """Of two whose words agree."""
    some = ("/events/featured", {"events": [{"id": "1"}]})
    drafted = draft(some, EVENTS, tickets_of(1, 1), tickets_of(2, 3))

    assert entries(drafted)["event"] == "each body.results"


def test_the_answer_that_leads_may_come_last() -> None:
    """An integrator saves answers in any order."""
    drafted = draft(tickets_of(1, 1), tickets_of(2, 3), EVENTS)

    assert list(entries(drafted)) == ["event", "ticket"]
    assert 'get: "/events/{event.id}/tickets"' in drafted.text


def test_requests_that_differ_in_several_values_are_one_call() -> None:
    """The event, and the form of it."""
    forms = [(f"/events/{n}/forms", [{"id": n + 4, "event_id": n}]) for n in (1, 2)]
    several = [
        (f"/events/{n}/forms/{n + 4}/tickets", tickets(ticket(2 * n), ticket(2 * n + 1)))
        for n in (1, 2)
    ]
    drafted = draft(EVENTS, *forms, *several)

    assert list(entries(drafted)) == ["event", "form", "ticket"]
    assert "{form.id}/tickets" in drafted.text
    assert len(drafted.plan.scopes) == 4


def test_pages_are_known_by_the_names_that_platforms_give_them() -> None:
    """`pageIndex`, from 0 or from 1; none of them is the id of anything."""
    for name, first in (("pageIndex", 1), ("page_no", 1), ("pageNumber", 0), ("seite", 1)):
        drafted = draft(
            (f"{ORDERS}&{name}={first}", tickets(ticket(1))),
            (f"{ORDERS}&{name}={first + 1}", tickets(ticket(2))),
        )
        assert f'{name}: "{{page.number}}"' in drafted.text
        assert f"number: {{start: {first}}}" in drafted.text


def test_an_option_of_the_event_is_never_sure() -> None:
    """It is the same for each of its tickets; that of the ticket itself may be."""
    of_event = {k: v for k, v in ticket().items() if k != "category_id"}
    for answer in (
        tickets(
            {**of_event, "event": {"category_id": 5}},
            {**of_event, "id": 2, "event": {"category_id": 5}},
        ),
        {"events": [{"id": 9, "category_id": 5, "tickets": [of_event, {**of_event, "id": 2}]}]},
    ):
        drafted = draft((ORDERS, answer))
        assert "category_id" in fields(drafted)["ticketOptionId"]
        assert guess(drafted, "ticketOptionId").sure == "unsure"
    assert guess(draft((ORDERS, tickets())), "ticketOptionId").sure == "sure"
