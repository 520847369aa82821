"""The ways of mapping that are measured do the same job."""

from __future__ import annotations

import asyncio
import json

import pytest

from benchmarks.data import USER, as_json, body_of, pages_of
from benchmarks.growth import Platform
from benchmarks.mapping import OURS, PEERS, runs_of
from benchmarks.ours import bridge_of
from benchmarks.peers.result import Mapped
from benchmarks.validation import runs_of as validations_of


@pytest.mark.parametrize("mapping", list(PEERS))
@pytest.mark.parametrize("tickets", [1, 4, 103])
def test_all_ways_give_the_same_tickets_and_verdicts(mapping: str, tickets: int) -> None:
    """A ratio means something only between ways that find the same."""
    found: dict[str, Mapped] = {
        name: run() for name, run in runs_of(mapping, body_of(tickets)).items()
    }

    mine = found.pop(OURS)
    assert len(mine.tickets) == mine.verdicts["returned"] == tickets
    assert mine.verdicts["not_owner"] == 1
    for name, theirs in found.items():
        assert theirs == mine, name


def test_the_bodies_have_what_makes_records_differ() -> None:
    """Owners in capitals and refunds are there to be judged, not only tickets that pass."""
    mapped = PEERS["plain"]["Python by hand"](body_of(103), USER)

    assert mapped.verdicts == {"returned": 103, "not_owner": 1, "not_eligible:REFUNDED": 11}
    assert {ticket["buyer"] for ticket in mapped.tickets} == {USER, USER.title()}


def test_pages_hold_the_same_tickets_as_one_body() -> None:
    """What grows by pages is the same answer, cut."""
    platform = Platform([as_json(page) for page in pages_of(200, 5)])

    answer = asyncio.run(bridge_of("paged", transport=platform).answer(USER))

    tickets = json.loads(answer.body)["tickets"]
    assert tickets == PEERS["plain"]["Python by hand"](body_of(200), USER).tickets


def test_all_ways_of_validation_accept_what_is_measured() -> None:
    """A validator that finds something wrong would stop early."""
    assert all(run() for run in validations_of(10).values())
