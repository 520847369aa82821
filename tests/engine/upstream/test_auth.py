"""How each auth type signs a request."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import httpx
import pytest

from tests.stand_in import compiled_on
from tests.support import USER, Replies, bridge_of, item, order, orders, spec_of
from ticketbridge.mapping import MappingError
from ticketbridge.mapping.spec import Secret

pytestmark = pytest.mark.anyio


async def request_of(auth: dict[str, Any]) -> httpx.Request:
    """The request that the platform sees."""
    bridge, platform = bridge_of({"upstream.auth": auth}, {"/orders": orders()})
    await bridge.answer(USER)
    return platform.requests[0]


async def test_none_sends_no_credential() -> None:
    """`none` sends nothing."""
    request = await request_of({"type": "none"})

    assert "authorization" not in request.headers
    assert "cookie" not in request.headers


async def test_bearer_sends_the_token() -> None:
    """`bearer` is `Authorization: Bearer <token>`."""
    request = await request_of({"type": "bearer", "token": "${ACME_TOKEN}"})

    assert request.headers["authorization"] == "Bearer t0ken-of-the-platform"


async def test_basic_sends_user_and_password_in_utf_8() -> None:
    """`basic` joins user and password; an empty password is one."""
    request = await request_of({"type": "basic", "username": "us\u00e9r", "password": ""})

    assert request.headers["authorization"] == "Basic dXPDqXI6"


@pytest.mark.parametrize(
    ("location", "header", "value"),
    [("header", "x-api-key", "k&y"), ("cookie", "cookie", "X-Api-Key=k&y")],
)
async def test_api_key_stands_where_it_is_declared(location: str, header: str, value: str) -> None:
    """`api_key` sends a header or a cookie."""
    request = await request_of(
        {"type": "api_key", "in": location, "name": "X-Api-Key", "value": "k&y"}
    )

    assert request.headers[header] == value


async def test_a_key_in_the_query_is_set_anew_on_each_page() -> None:
    """A next URL may come with a key or without: the request has ours, once, escaped."""
    auth = {"type": "api_key", "in": "query", "name": "key", "value": "k&y"}
    first = "/orders?email=ana%40example.com&key=k%26y"
    bridge, platform = bridge_of(
        {"upstream.auth": auth, "source.0.pages": {"next_url": "body.next"}},
        {
            first: {**orders(order(item(1))), "next": "?p=2&key=other"},
            "/orders?p=2&key=k%26y": {**orders(order(item(2))), "next": "?p=3"},
            "/orders?p=3&key=k%26y": {**orders(), "next": None},
        },
    )

    await bridge.answer(USER)

    assert platform.targets == [first, "/orders?p=2&key=k%26y", "/orders?p=3&key=k%26y"]


async def test_a_key_is_the_only_query_of_a_call_without_one() -> None:
    """A call without a query gets the key as its query."""
    changes = {
        "upstream.auth": {"type": "api_key", "in": "query", "name": "key", "value": "x"},
        "source.0.query": ...,
    }
    bridge, platform = bridge_of(changes, {"/orders?key=x": orders()})

    await bridge.answer(USER)

    assert platform.targets == ["/orders?key=x"]


@pytest.mark.parametrize("name", ["Authorization", "AUTHORIZATION"])
@pytest.mark.parametrize("where", ["upstream.headers", "source.0.headers"])
def test_a_header_that_auth_sets_is_refused_beside_it(where: str, name: str) -> None:
    """Two credentials in one file are a slip, in any letter case."""
    with pytest.raises(MappingError, match="TB052"):
        spec_of({where: {name: "Basic b3RoZXI="}})


@pytest.mark.parametrize(
    ("auth", "header"),
    [
        ({"type": "bearer", "token": "t0ken"}, "authorization"),
        ({"type": "api_key", "in": "header", "name": "X-Api-Key", "value": "t0ken"}, "x-api-key"),
    ],
)
@pytest.mark.parametrize("accept", [{}, {"source.0.headers": {"X-Lang": "en"}}])
async def test_no_declared_header_replaces_the_credentials(
    auth: dict[str, Any], header: str, accept: dict[str, Any]
) -> None:
    """Were such a header let through, `auth` would still be what signs each request, alone."""
    spec = spec_of({"upstream.auth": auth, **accept})
    declared = {header.upper(): Secret("of another"), "X-Channel": Secret("resale")}
    platform = Replies({"/orders": orders()})
    spec = replace(spec, upstream=replace(spec.upstream, headers=declared))
    bridge = compiled_on(platform, spec)

    await bridge.answer(USER)

    (request,) = platform.requests
    (value,) = request.headers.get_list(header)
    assert value.removeprefix("Bearer ") == "t0ken"
    assert request.headers["x-channel"] == "resale"
