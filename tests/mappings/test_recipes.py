"""What the recipes of the mappings' README show is what the program does."""

from __future__ import annotations

import json
import re
from typing import Any

import httpx
import pytest
import yaml

from tests.mappings.replay import SAMPLES
from tests.support import USER, answer_of, tickets_of
from ticketbridge.mapping.spec import XmlFormatSpec
from ticketbridge.upstream.formats import compile_format
from ticketbridge.upstream.messages import PlatformAnswer

README = SAMPLES.with_name("README.md").read_text("utf-8")
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
