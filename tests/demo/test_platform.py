"""The demo's platform: an API with the habits of an old one."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from ticketbridge.demo.lantern import BASE_PATH, make_legacy_platform

pytestmark = pytest.mark.anyio

TOKEN = "t0ken"
ANA = "00048213"


async def ask(path: str, *, authorization: str | None = f"Bearer {TOKEN}") -> httpx.Response:
    """The platform's answer at *path*."""
    headers = {"Authorization": authorization} if authorization else {}
    transport = httpx.ASGITransport(make_legacy_platform(TOKEN))
    async with httpx.AsyncClient(transport=transport, base_url="http://platform") as client:
        return await client.get(f"{BASE_PATH}{path}", headers=headers)


async def page(number: int) -> dict[str, Any]:
    """One page of Ana's orders."""
    body: dict[str, Any] = (await ask(f"/customers/{ANA}/orders?page={number}")).json()
    return body


@pytest.mark.parametrize("authorization", [None, "Bearer ", "Bearer other", "Basic dDBrZW4="])
async def test_token_is_needed(authorization: str | None) -> None:
    """Without the right bearer token every path is a 401."""
    answers = [await ask(path, authorization=authorization) for path in ("/customers", "/no")]

    assert [answer.status_code for answer in answers] == [401, 401]
    assert answers[0].json()["error"]["code"] == "TOKEN_REFUSED"


async def test_orders_come_in_pages() -> None:
    """Pages are numbered from 1, hold three orders, and count pages and orders."""
    first, second, beyond = [await page(number) for number in (1, 2, 3)]

    assert [[order["id"] for order in body["orders"]] for body in (first, second, beyond)] == [
        [90011, 90044, 90052],
        [90060, 90071],
        [],
    ]
    assert (second["page_count"], second["order_count"]) == (2, 5)


async def test_page_one_is_the_default() -> None:
    """Without a page number the first page comes."""
    assert await page(1) == (await ask(f"/customers/{ANA}/orders")).json()


@pytest.mark.parametrize("number", ["0", "-1", "one", ""])
async def test_a_page_that_is_none(number: str) -> None:
    """What is no page number is a 400."""
    answer = await ask(f"/customers/{ANA}/orders?page={number}")

    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "PAGE_INVALID")


async def test_search_is_fuzzy() -> None:
    """A customer's orders include another customer's order that mentions the address."""
    orders = (await page(1))["orders"]

    assert [order["customer"]["email"] for order in orders] == [
        "ana@example.com",
        "bruno@example.com",
        "ana@example.com",
    ]


async def test_addresses_have_no_case() -> None:
    """A customer is found by their address in any letter case, with leading zeros in the number."""
    answer = await ask("/customers?email=ANA@example.com")

    assert answer.json()["customer"]["number"] == ANA


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("/customers?email=nobody@example.com", "CUSTOMER_UNKNOWN"),
        ("/customers", "CUSTOMER_UNKNOWN"),
        ("/clients?email=ana@example.com", "PATH_UNKNOWN"),
    ],
)
async def test_two_kinds_of_404(path: str, code: str) -> None:
    """An unknown customer and an unknown path are both a 404, told apart by a code."""
    answer = await ask(path)

    assert (404, code) == (answer.status_code, answer.json()["error"]["code"])
