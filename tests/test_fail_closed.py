"""A slip in the mapping, over real sockets: the named problem, and never a list of tickets."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from tests.fake_platform import FakePlatform, Reply
from tests.support import TOKEN, USER, item, order, orders, serving, spec_of
from ticketbridge.engine.bridge import compile_mapping

pytestmark = pytest.mark.anyio

TICKETS = "/tickets?user=ana%40example.com"
GOOD = orders(order(item(1)))


async def problem_of(platform: FakePlatform, changes: Mapping[str, Any] | None = None) -> str:
    """The slug of what menta tech is answered; fails where that is a list of tickets."""
    bridge = compile_mapping(spec_of(changes, base_url=platform.url))
    async with serving(bridge) as menta:
        response = await menta.get(TICKETS)
    document = response.json()
    assert response.status_code != 200
    assert "tickets" not in document
    for secret in (USER, TOKEN, platform.url.removeprefix("http://")):
        assert secret not in response.text + str(response.headers)
    return str(document["type"]).removeprefix("urn:ticketbridge:problem:")


@pytest.mark.parametrize(
    ("changes", "slug"),
    [
        pytest.param({"source.0.each": "body.order"}, "mapping-mismatch", id="key of each"),
        pytest.param({"source.1.each": "order.item"}, "mapping-mismatch", id="key of inner each"),
        pytest.param({"ticket.owner": "order.mail"}, "mapping-mismatch", id="key of owner"),
        pytest.param(
            {"ticket.fields.price": "item.prize"}, "mapping-mismatch", id="key of a field"
        ),
        pytest.param({"source.0.get": "/order"}, "upstream-error", id="path"),
        pytest.param(
            {"source.0.each": "body.orders[0]"}, "mapping-mismatch", id="object for a list"
        ),
    ],
)
async def test_a_slip_in_the_mapping_is_a_problem(
    platform: FakePlatform, changes: dict[str, Any], slug: str
) -> None:
    """A misspelt key or path never looks like a user without tickets."""
    platform.on("/orders", Reply(json=GOOD))
    platform.on("/order", Reply(404, json={}))

    assert await problem_of(platform, changes) == slug
