"""What the recipes of the mappings' README show is what the program does."""

from __future__ import annotations

import json
import re
from typing import Any

import httpx
import pytest
import yaml

from tests.mappings.replay import SAMPLES
from tests.support import USER, answer_of, bridge_of, item, order, orders, tickets_of
from ticketbridge.mapping.spec import XmlFormatSpec
from ticketbridge.upstream.formats import compile_format
from ticketbridge.upstream.messages import PlatformAnswer

README = SAMPLES.with_name("README.md").read_text("utf-8")
IN_PAGES = "A platform that answers in pages"
NOT_READY = "A platform that is not ready at once"
TYPE = {"content-type": "application/xml"}

pytestmark = pytest.mark.anyio


def fence(language: str, recipe: str) -> str:
    """The one block of a language in a recipe."""
    section = README.split(f"\n### {recipe}\n")[1].split("\n##")[0]
    (block,) = re.findall(rf"```{language}\n(.*?)```", section, re.DOTALL)
    return str(block)


async def test_xml_becomes_the_document_that_is_shown() -> None:
    """The recipe's answer, read by the recipe's entry."""
    content = fence("xml", "A platform that answers in XML")
    (entry,) = yaml.safe_load(fence("yaml", "A platform that answers in XML"))
    lists = tuple(tuple(path.split("/")) for path in entry["format"]["xml"]["lists"])
    found = await compile_format(XmlFormatSpec(lists), any_content_type=False).read(
        PlatformAnswer(200, TYPE, content.encode())
    )

    assert found == json.loads(fence("json", "A platform that answers in XML"))


async def test_the_entry_for_xml_is_one_of_a_mapping() -> None:
    """A mapping with it gives the ticket, and fails where the platform's count is another."""
    content = fence("xml", "A platform that answers in XML")
    changes: dict[str, Any] = {
        "source": yaml.safe_load(fence("yaml", "A platform that answers in XML")),
        "ticket.owner": "upstream",
        "ticket.status": {"const": "VALID"},
        "ticket.fields": {
            "ticketId": 'sale."@id"',
            "externalReferenceEventId": {"const": "fest"},
            "showId": {"const": "fest"},
            "ticketOptionId": "sale.zone",
            "price": 'sale.price."#text"',
            "currency": 'sale.price."@currency"',
            "props": {"seating": {"seat": "sale.seat"}},
        },
    }
    reply = httpx.Response(200, content=content.encode(), headers=TYPE)
    (ticket,) = tickets_of(await answer_of(changes, {"/sales": reply}, user=USER))

    assert (ticket["ticketId"], ticket["price"], ticket["currency"]) == ("0017", 12.5, "EUR")
    assert "props" not in ticket


PAGES = {entry["name"]: entry for entry in yaml.safe_load(fence("yaml", IN_PAGES))}
FIRST = {"next": "?page=2", "after": "b2Zm", "count": 2, "pages": 2}
LAST = {"next": None, "after": None, "count": 2, "pages": 2}
EMPTY = {"orders": [], "count": 2}


@pytest.mark.parametrize(
    ("name", "second"),
    [
        ("by_next_url", "page=2"),
        ("by_link_header", "page=2"),
        ("by_cursor", "email=ana%40example.com&after=b2Zm"),
        ("by_number", "email=ana%40example.com&page=2"),
        ("by_offset", "email=ana%40example.com&skip=100&limit=100"),
    ],
)
async def test_each_entry_for_pages_walks_to_the_last(name: str, second: str) -> None:
    """Each of the recipe's entries reads both pages of a platform that says all of it."""
    replies: list[Any] = [{**orders(order(item(1))), **FIRST}, {**orders(order(item(2))), **LAST}]
    replies.append(EMPTY)
    if name == "by_link_header":
        links: tuple[dict[str, str], ...] = ({"link": "<?page=2>; rel=next"}, {})
        replies = [
            httpx.Response(200, json=reply["orders"], headers={"x-total": "2", **link})
            for reply, link in zip(replies, links, strict=False)
        ]
    source = [{**PAGES[name], "name": "order"}, {"name": "item", "each": "order.items"}]
    bridge, platform = bridge_of({"source": source}, {"/orders": tuple(replies)})

    tickets = tickets_of(await bridge.answer(USER))

    assert [ticket["ticketId"] for ticket in tickets] == ["1", "2"]
    assert platform.targets[1] == f"/orders?{second}"


async def test_the_entry_for_polls_waits_for_the_result() -> None:
    """The recipe's entry starts a search, and asks where the platform says until it is done."""
    source = [*yaml.safe_load(fence("yaml", NOT_READY)), {"name": "item", "each": "order.items"}]
    source[0]["responses"][0]["after"] = "1ms"
    working = httpx.Response(202, json={}, headers={"location": "/results/7"})
    replies = {"/searches": working, "/results/7": (working, orders(order(item(1))))}
    bridge, platform = bridge_of({"source": source}, replies)

    assert len(tickets_of(await bridge.answer(USER))) == 1
    assert platform.targets == ["/searches", "/results/7", "/results/7"]
