"""How long the platform asks us to wait."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from ticketbridge.engine.upstream.answer import seconds_to_wait

NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("retry_after", "seconds"),
    [
        pytest.param(None, 1, id="absent"),
        pytest.param("", 1, id="empty"),
        pytest.param(" 120 ", 120, id="number"),
        pytest.param("60.0", 60, id="a fraction of nothing"),
        pytest.param("60.01", 61, id="fraction"),
        pytest.param("1.", 1, id="a point at the end"),
        pytest.param(".5", 1, id="a point before it"),
        pytest.param("3599.5", 3600, id="fraction at the end"),
        pytest.param("9" * 400 + ".5", 3600, id="huge fraction"),
        pytest.param("1.2.3", 1, id="two points"),
        pytest.param("1e3", 1, id="exponent"),
        pytest.param("nan", 1, id="no number"),
        pytest.param("inf", 1, id="infinity"),
        pytest.param("60, 120", 1, id="two numbers"),
        pytest.param("0", 1, id="zero"),
        pytest.param("9" * 400, 3600, id="huge"),
        pytest.param("-5", 1, id="negative"),
        pytest.param("\u0661", 1, id="other digits"),
        pytest.param("soon", 1, id="word"),
        pytest.param("Tue, 24 Nov 2026 12:01:30 GMT", 90, id="date"),
        pytest.param("Tue, 24 Nov 2026 11:00:00 GMT", 1, id="date gone by"),
        pytest.param("Tuesday, 24-Nov-26 12:01:30 GMT", 90, id="date as of old"),
        pytest.param("Tue Nov 24 12:01:30 2026", 90, id="date of C"),
        pytest.param("Tue, 24 Nov 99999999999 12:00:00 GMT", 1, id="year out of range"),
        pytest.param("Wed, 2338888331 Oct 2026 07:28:00 GMT", 1, id="day out of range"),
        pytest.param("Tue, 24 Nov 2026 12:00:00 +9999999999", 1, id="zone out of range"),
        pytest.param("Tue, 24 Nov 2026 12:00:00 -9900", 1, id="zone of days"),
        pytest.param("Fri, 31 Dec 9999 23:59:59 -2359", 3600, id="the last moment"),
        pytest.param("Mon, 1 Jan 0001 00:00:00 +2359", 1, id="the first moment"),
        pytest.param("Tue, 24 Nov 2099 12:00:00 -0000", 3600, id="far date without a zone"),
    ],
)
def test_retry_after_is_a_number_or_a_date(retry_after: str | None, seconds: int) -> None:
    """`Retry-After` is rounded up, and held to 1 to 3600 seconds; what is neither number nor date is 1."""
    assert seconds_to_wait(retry_after, NOW) == seconds


def test_a_part_of_a_second_until_a_date_is_a_second() -> None:
    """Half a second before the date it is one second, and not none."""
    before = datetime(2026, 11, 24, 12, 0, 28, 500_000, tzinfo=UTC)

    assert seconds_to_wait("Tue, 24 Nov 2026 12:01:30 GMT", before) == 62
