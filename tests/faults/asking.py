"""menta tech's side of the tests of faults: requests, and what their answers come to."""

from __future__ import annotations

from urllib.parse import quote

import httpx

from tests.faults.fault import Problem, Tickets


def asks_for(user: str) -> str:
    """menta tech's request about *user*."""
    return f"/tickets?user={quote(user, safe='')}"


def judged(response: httpx.Response, user: str) -> Problem | Tickets:
    """What menta tech was answered about *user*; fails where that is neither."""
    assert response.headers["cache-control"] == "no-store"
    document = response.json()
    if response.status_code == 200:
        assert document["userEmail"] == user
        return Tickets(document["tickets"])
    assert response.headers["content-type"] == "application/problem+json"
    assert "tickets" not in document
    assert document["status"] == response.status_code
    slug = document["type"].removeprefix("urn:ticketbridge:problem:")
    wait = response.headers.get("retry-after")
    return Problem(slug, response.status_code, None if wait is None else int(wait))
