"""Times without an offset are read in a zone that the mapping or the data names, or not at all."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import Any
from zoneinfo import available_timezones

import pytest

from tests.support import answer_of, item, order, orders, tickets_of
from ticketbridge.engine.problems import MappingMismatch
from ticketbridge.jmes import EvaluationError, ExpressionError, compile_expression
from ticketbridge.jmes.functions.moments import zone_named

DATE = compile_expression("date(at, form, zone)")
NO_OFFSET = (
    "date(): the string has no offset, and date() no zone to read it in:"
    " write date(value, `null`, 'Europe/Madrid'), or the path of the zone's name"
)
NO_NAME = (
    "argument 3 (`zone`) of date(): the text is no IANA name of a time zone, such as Europe/Madrid"
)
NOT_THERE = "argument 3 (`zone`) of date(): the IANA database has no time zone of this name"
SKIPPED = "date(): the zone's clock skips this time"


def date(at: Any, zone: str | None, form: str | None = None) -> str:
    """What `date` makes of data alone."""
    found: str = DATE({"at": at, "form": form, "zone": zone})
    return found


def refusal(at: Any, zone: Any, form: str | None = None) -> str:
    """Why `date` refuses it."""
    with pytest.raises(EvaluationError) as caught:
        date(at, zone, form)
    return caught.value.reason


@pytest.mark.parametrize(
    ("at", "zone", "form", "value"),
    [
        # By the zone's clock, in winter and in summer, east and west, by half hours.
        ("2026-11-28T20:00:00", "America/Los_Angeles", None, "2026-11-29T04:00:00Z"),
        ("2026-07-28T20:00", "America/Los_Angeles", None, "2026-07-29T03:00:00Z"),
        ("2026-07-28 20:00:59.9", "Europe/Madrid", None, "2026-07-28T18:00:59Z"),
        ("2026-01-01", "Pacific/Auckland", None, "2025-12-31T11:00:00Z"),
        ("2026-01-01", "Asia/Kolkata", None, "2025-12-31T18:30:00Z"),
        ("2026-01-01T00:00", "UTC", None, "2026-01-01T00:00:00Z"),
        ("2026-01-01T00:00", "Etc/GMT+5", None, "2026-01-01T05:00:00Z"),
        ("24.11.2026 13:00", "Europe/Madrid", "%d.%m.%Y %H:%M", "2026-11-24T12:00:00Z"),
        ("24.11.2026", "America/Port-au-Prince", "%d.%m.%Y", "2026-11-24T05:00:00Z"),
        # An offset of its own decides, whatever the zone.
        ("2026-11-24T13:00:00+01:00", "America/Los_Angeles", None, "2026-11-24T12:00:00Z"),
        ("2026-11-24T12:00:00Z", "Asia/Tokyo", None, "2026-11-24T12:00:00Z"),
        ("2026-11-24T13:00:00+01:00", None, None, "2026-11-24T12:00:00Z"),
        ("24/11/2026 -0300", "Asia/Tokyo", "%d/%m/%Y %z", "2026-11-24T03:00:00Z"),
        # So do seconds.
        (1795521600, "America/Los_Angeles", None, "2026-11-24T12:00:00Z"),
        (1795521600, None, None, "2026-11-24T12:00:00Z"),
        # Twice on the clock: the earlier one.
        ("2026-10-25T02:30:00", "Europe/Madrid", None, "2026-10-25T00:30:00Z"),
        ("2026-11-01T01:30:00", "America/New_York", None, "2026-11-01T05:30:00Z"),
        ("2026-11-01T02:00:00", "America/New_York", None, "2026-11-01T07:00:00Z"),
        # The edges of what the clock skips.
        ("2026-03-29T01:59:59", "Europe/Madrid", None, "2026-03-29T00:59:59Z"),
        ("2026-03-29T03:00:00", "Europe/Madrid", None, "2026-03-29T01:00:00Z"),
    ],
)
def test_a_local_time_is_that_of_the_zones_clock(
    at: Any, zone: str | None, form: str | None, value: str
) -> None:
    """A text without an offset is read by the zone's clock; its own offset or seconds need none."""
    assert date(at, zone, form) == value


@pytest.mark.parametrize(
    ("at", "zone", "form", "reason"),
    [
        ("2026-11-28T20:00:00", None, None, NO_OFFSET),
        ("2026-11-28", None, None, NO_OFFSET),
        ("28.11.2026", None, "%d.%m.%Y", NO_OFFSET),
        ("2026-03-29T02:00:00", "Europe/Madrid", None, SKIPPED),
        ("2026-03-29T02:59:59", "Europe/Madrid", None, SKIPPED),
        ("29.03.2026 02:30", "Europe/Madrid", "%d.%m.%Y %H:%M", SKIPPED),
        ("2026-09-06", "America/Santiago", None, SKIPPED),
        ("2011-12-30T12:00", "Pacific/Apia", None, SKIPPED),
        ("0001-01-01T00:00", "Asia/Tokyo", None, "date(): the string is no date that exists"),
        ("9999-12-31T23:00", "America/Lima", None, "date(): the string is no date that exists"),
        ("2026-01-01", "", None, NO_NAME),
        ("2026-01-01", "europe/madrid", None, NO_NAME),
        ("2026-01-01", "Europe/Atlantis", None, NOT_THERE),
        ("2026-01-01", "Romance Standard Time", None, NO_NAME),
        ("2026-01-01", "+02:00", None, NO_NAME),
        ("2026-01-01", "Z", None, NOT_THERE),
        ("2026-01-01", "Factory", None, NOT_THERE),
        ("2026-01-01", "Europe", None, NOT_THERE),
        ("2026-01-01", "localtime", None, NO_NAME),
        ("2026-01-01", "right/Europe/Madrid", None, NO_NAME),
        ("2026-01-01", "../../../etc/passwd", None, NO_NAME),
        ("2026-01-01", "Europe/../Europe/Madrid", None, NO_NAME),
        ("2026-01-01", "/usr/share/zoneinfo/UTC", None, NO_NAME),
        ("2026-01-01", "Europe/Madrid\0", None, NO_NAME),
        ("2026-01-01", "Europe/Madrid\n", None, NO_NAME),
        pytest.param("2026-01-01", "\ud800", None, NO_NAME, id="half a character"),
        pytest.param("2026-01-01", "A" * 10_000_000, None, NO_NAME, id="huge"),
        ("2026-01-01", "A/" * 31 + "A", None, NO_NAME),
        # A zone that is none is an error also where the value needs none.
        ("2026-01-01T00:00Z", "Mars/Olympus", None, NOT_THERE),
        (
            "2026-01-01",
            7,
            None,
            "argument 3 (`zone`) of date() must be a string or null, and is a number",
        ),
        (
            None,
            "UTC",
            None,
            "argument 1 (`value`) of date() must be a number or a string, and is null",
        ),
    ],
)
def test_no_time_is_guessed(at: Any, zone: Any, form: str | None, reason: str) -> None:
    """Without offset and zone, in a gap of the clock, or with a name that is none, there is no moment."""
    assert refusal(at, zone, form) == reason


@pytest.mark.parametrize("name", sorted(available_timezones() - {"Factory", "localtime"}))
def test_every_name_of_the_database_is_known(name: str) -> None:
    """No name that the machine's own database has is refused for its form."""
    zone = zone_named(name)

    assert zone is not None
    assert zone.key == name


def test_unknown_names_are_looked_up_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """A name of the data is looked for in the file system once, also where there is none."""
    opened: list[str] = []

    def look(key: str) -> None:
        opened.append(key)
        raise ValueError

    monkeypatch.setattr("ticketbridge.jmes.functions.moments.ZoneInfo", look)

    for _ in range(100):
        assert refusal("2026-01-01", "Nowhere/Once") == NOT_THERE

    assert opened == ["Nowhere/Once"]


def test_zones_are_known_without_the_machines_database() -> None:
    """Where the machine has no time zone files, those that are installed with us are used."""
    code = "from ticketbridge.jmes.functions.moments import zone_named; print(zone_named('Europe/Madrid'))"
    environment = {**os.environ, "PYTHONTZPATH": ""}

    done = subprocess.run(  # noqa: S603 - of our own interpreter
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True
    )

    assert done.stdout.strip() == "Europe/Madrid"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("date(a, '%d.%m.%Y')", "no offset (%z), and there is no zone"),
        ("date(a, '%d.%m.%Y', `null`)", "no offset (%z), and there is no zone"),
        ("date(a, `null`, 'Europe/Madird')", "no time zone of this name"),
        ("date(a, `null`, 'CEST summer')", "no IANA name"),
        ("date(a, `7`, 'UTC')", "must be a string or null"),
    ],
)
def test_what_no_value_can_mend_is_an_error_at_load(text: str, words: str) -> None:
    """A format without %z needs a zone, and a zone that is written out must be there, before any data."""
    with pytest.raises(ExpressionError) as caught:
        compile_expression(text)

    assert words in caught.value.reason


@pytest.mark.parametrize(
    "text",
    [
        "date(a, '%d.%m.%Y %z')",
        "date(a, '%d.%m.%Y', b)",
        "date(a, b)",
        "date(a, `null`)",
        "date(a, `null`, `null`)",
        "date(a)",
    ],
)
def test_what_the_data_may_mend_is_none(text: str) -> None:
    """Where an offset may come with the data, the mapping loads."""
    assert compile_expression(text).text == text


ENDS = {"at": "2026-11-24T08:00:00", "zone": "America/New_York"}  # an hour after now, by UTC


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("condition", "returned"),
    [
        ("date(item.at, `null`, item.zone_name) < now()", 1),
        ("date(item.at, '%Y-%m-%dT%H:%M:%S', item.zone_name) < now()", 1),
        ("date(item.at, `null`, 'UTC') < now()", 0),
    ],
)
async def test_a_ticket_is_valid_until_its_own_clock_says_so(condition: str, returned: int) -> None:
    """The show's own zone decides whether it is over: read as UTC, a valid ticket would be left out."""
    record = item(1, at=ENDS["at"], zone_name=ENDS["zone"])
    changes = {"ticket.not_eligible_when": {"over": condition}}

    answer = await answer_of(changes, {"/orders": orders(order(record))})

    assert len(tickets_of(answer)) == returned


@pytest.mark.anyio
@pytest.mark.parametrize("zone", [None, "Europe/Nowhere", "../UTC"])
async def test_a_time_that_cannot_be_read_is_no_answer(zone: str | None) -> None:
    """Without a usable zone the answer is an error: neither a valid ticket nor an empty list."""
    record = item(1, at=ENDS["at"], zone_name=zone)
    changes = {
        "ticket.not_eligible_when": {"over": "date(item.at, `null`, item.zone_name) < now()"}
    }

    with pytest.raises(MappingMismatch):
        await answer_of(changes, {"/orders": orders(order(record))})
