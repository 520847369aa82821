"""What the mapping of UiTPAS makes of answers that are not as they were recorded."""

from __future__ import annotations

from dataclasses import replace

import httpx
import pytest

from tests.mappings.replay import SAMPLES, Platform, running
from tests.support import SECRET, serving
from ticketbridge.engine.bridge import compile_mapping
from ticketbridge.mapping import Environment, load_mapping

MAPPING = SAMPLES.parent / "uitpas.yaml"
TOKEN = "fixture-uitpas"
ELS = "els.peeters@example.be"

pytestmark = pytest.mark.anyio


async def _get(platform: Platform, user: str) -> httpx.Response:
    """What menta tech gets for *user*."""
    async with running(platform):
        variables = {"UITPAS_API": platform.url, "UITPAS_TOKEN": TOKEN, "MENTA_SECRET": SECRET}
        spec = load_mapping(MAPPING, environment=Environment(variables))
        async with serving(compile_mapping(spec)) as client:
            return await client.get("/tickets", params={"user": user})


def _problem(response: httpx.Response) -> tuple[int, str]:
    assert response.headers["content-type"] == "application/problem+json"
    document = response.json()
    assert "tickets" not in document
    return response.status_code, document["type"].removeprefix("urn:ticketbridge:problem:")


def _changed(name: str, old: str, new: str) -> Platform:
    """The platform, in one of whose answers something else stands."""
    platform = Platform.of("uitpas")
    sample = (SAMPLES / "uitpas" / name).read_bytes()
    assert old.encode() in sample
    platform.answers = [
        replace(answer, content=sample.replace(old.encode(), new.encode()))
        if answer.content == sample
        else answer
        for answer in platform.answers
    ]
    return platform


async def test_an_unknown_user_costs_one_call() -> None:
    """There is no passholder whose sales could be asked for."""
    platform = Platform.of("uitpas")
    await _get(platform, "nobody@example.com")

    assert len(platform.targets) == 1


@pytest.mark.parametrize(
    ("name", "old", "new", "slug"),
    [
        pytest.param(
            "sales_els_page2.xml", "<total>4", "<total>5", "mapping-mismatch", id="sales-missing"
        ),
        pytest.param(
            "sales_els_page2.xml", "</response>", "", "upstream-unreadable", id="a-page-cut"
        ),
        pytest.param(
            "sales_els_page2.xml",
            "<status>ACTIVE",
            "<status>SCANNED",
            "mapping-mismatch",
            id="unknown-status",
        ),
        pytest.param(
            "sales_els_page1.xml", "ticketSale>", "sale>", "mapping-mismatch", id="sales-renamed"
        ),
        pytest.param(
            "sales_els_page1.xml", "ticketSales>", "sales>", "mapping-mismatch", id="list-renamed"
        ),
        pytest.param(
            "passholder_els.xml", "passholder>", "holder>", "upstream-error", id="holder-renamed"
        ),
        pytest.param(
            "sales_els_page1.xml",
            "<tariff>",
            "<tariff>1</tariff><tariff>",
            "mapping-mismatch",
            id="two-tariffs",
        ),
        pytest.param(
            "passholder_els.xml",
            "<response>",
            "<!DOCTYPE response><response>",
            "upstream-unreadable",
            id="document-type",
        ),
    ],
)
async def test_a_platform_that_changes_is_a_problem(
    name: str, old: str, new: str, slug: str
) -> None:
    """What is cut, renamed, missing or new is no shorter list."""
    assert _problem(await _get(_changed(name, old, new), ELS)) == (502, slug)


async def test_another_passholder_is_left_out_without_a_call() -> None:
    """Should the search be less exact than it seems, nobody gets another's tickets."""
    platform = _changed("passholder_els.xml", f"<email>{ELS}", "<email>bart@example.be")
    response = await _get(platform, ELS)

    assert response.json()["tickets"] == []
    assert response.headers["x-ticketbridge-verdicts"] == "returned=0, not_owner=1"
    assert len(platform.targets) == 1
