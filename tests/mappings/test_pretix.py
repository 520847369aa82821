"""The mapping of pretix, through the real application, on a pretix that replays recorded answers."""

from __future__ import annotations

import json
from pathlib import Path

import httpx
import pytest

from tests.mappings.pretix_replay import ORGANIZER, ROOT, TOKEN, pretix
from tests.mappings.replay import SAMPLES, Platform, running
from tests.support import SECRET, serving
from ticketbridge.engine.bridge import compile_mapping
from ticketbridge.mapping import Environment, load_mapping

MAPPING = SAMPLES.parent / "pretix.yaml"
EXPECTED = json.loads(Path(__file__).with_name("pretix_expected.json").read_text("utf-8"))

pytestmark = pytest.mark.anyio


async def _get(platform: Platform, user: str, *, token: str = TOKEN) -> httpx.Response:
    """What menta tech gets for *user*."""
    async with running(platform):
        variables = {
            "PRETIX_API": platform.url,
            "PRETIX_ORGANIZER": ORGANIZER,
            "PRETIX_TOKEN": token,
            "MENTA_SECRET": SECRET,
        }
        spec = load_mapping(MAPPING, environment=Environment(variables))
        async with serving(compile_mapping(spec)) as client:
            return await client.get("/tickets", params={"user": user})


def _problem(response: httpx.Response) -> tuple[int, str]:
    assert response.headers["content-type"] == "application/problem+json"
    document = response.json()
    assert "tickets" not in document
    return response.status_code, document["type"].removeprefix("urn:ticketbridge:problem:")


@pytest.mark.parametrize("user", EXPECTED)
async def test_a_user_gets_exactly_their_tickets(user: str) -> None:
    """All that are valid and theirs, in pretix's order, and nothing else."""
    response = await _get(pretix(), user)

    assert (response.status_code, response.json()) == (
        200,
        {"userEmail": user, "tickets": EXPECTED[user]},
    )


async def test_a_user_without_orders_gets_an_empty_list() -> None:
    """pretix said that there are none."""
    response = await _get(pretix(), "hugo@example.com")

    assert (response.status_code, response.json()["tickets"]) == (200, [])


async def test_all_pages_are_read() -> None:
    """Sixty orders come as two pages; the one that is cancelled gives nothing."""
    response = await _get(pretix(), "greta@example.com")

    assert len(response.json()["tickets"]) == 70
    assert response.headers["x-ticketbridge-verdicts"] == "returned=70, not_eligible=1"


async def test_a_plus_reaches_pretix_as_a_plus() -> None:
    """It is sent as %2B: a bare one would be a blank."""
    platform = pretix()
    response = await _get(platform, "julia.meyer+rock@example.com")

    assert [ticket["ticketId"] for ticket in response.json()["tickets"]] == ["90"]
    assert f"{ROOT}/orders/?email=julia.meyer%2Brock%40example.com" in platform.targets


async def test_an_order_that_is_not_paid_costs_no_call() -> None:
    """The items of an event are asked for where a paid order needs them, and once."""
    platform = pretix()
    await _get(platform, "carla@example.com")

    assert [target.removeprefix(ROOT).partition("?")[0] for target in platform.targets] == [
        "/events/",
        "/events/jazz-nights/orders/",
        "/orders/",
        "/events/jazz-nights/items/",
    ]


async def test_a_refused_token_is_a_problem() -> None:
    """pretix answers 401 from the first call on."""
    response = await _get(pretix(), "ana@example.com", token="other")

    assert _problem(response) == (502, "upstream-auth")


async def test_a_token_without_the_right_to_orders_is_a_problem() -> None:
    """The organizer's list would be empty for it, which is not what the user owns."""
    response = await _get(pretix(may_view_orders=False), "ana@example.com")

    assert _problem(response) == (502, "upstream-auth")


async def test_a_page_past_the_end_is_a_problem() -> None:
    """The first page alone is no answer."""
    response = await _get(pretix(next_page=3), "greta@example.com")

    assert _problem(response) == (502, "upstream-error")


async def test_a_redirect_is_a_problem() -> None:
    """It is not followed: the token is for one address."""
    platform = pretix(redirects=True)
    response = await _get(platform, "ana@example.com")

    assert _problem(response) == (502, "upstream-error")
    assert not any("again" in target for target in platform.targets)


async def test_the_problem_names_nothing_of_pretix() -> None:
    """Neither its address nor the token nor the user."""
    response = await _get(pretix(redirects=True), "ana@example.com")

    assert not any(word in response.text for word in ("127.0.0.1", TOKEN, "ana@", ORGANIZER))
