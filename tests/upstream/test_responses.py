"""How long the platform asks us to wait."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from ticketbridge.upstream.responses import seconds_to_wait

NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("retry_after", "seconds"),
    [
        pytest.param(None, 1, id="absent"),
        pytest.param("", 1, id="empty"),
        pytest.param(" 120 ", 120, id="number"),
        pytest.param("0", 1, id="zero"),
        pytest.param("9" * 400, 3600, id="huge"),
        pytest.param("-5", 1, id="negative"),
        pytest.param("\u0661", 1, id="other digits"),
        pytest.param("soon", 1, id="word"),
        pytest.param("Tue, 24 Nov 2026 12:01:30 GMT", 90, id="date"),
        pytest.param("Tue, 24 Nov 2026 11:00:00 GMT", 1, id="date gone by"),
        pytest.param("Tue, 24 Nov 2099 12:00:00 -0000", 3600, id="far date without a zone"),
    ],
)
def test_retry_after_is_a_number_or_a_date(retry_after: str | None, seconds: int) -> None:
    """`Retry-After` is held to 1 to 3600 seconds; what is neither number nor date is 1."""
    assert seconds_to_wait(retry_after, NOW) == seconds
