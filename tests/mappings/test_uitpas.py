"""The mapping of UiTPAS, through the real application, on a platform that replays recorded answers."""

from __future__ import annotations

from dataclasses import replace

import httpx
import pytest

from tests.mappings.replay import SAMPLES, Platform, running
from tests.support import SECRET, serving
from ticketbridge.bridge import compile_mapping
from ticketbridge.mapping import Environment, load_mapping

MAPPING = SAMPLES.parent / "uitpas.yaml"
EXPECTED = Platform.of("uitpas").expected
TOKEN = "fixture-uitpas"
ELS = "els.peeters@example.be"

pytestmark = pytest.mark.anyio


async def _get(platform: Platform, user: str, *, token: str = TOKEN) -> httpx.Response:
    """What menta tech gets for *user*."""
    async with running(platform):
        variables = {"UITPAS_API": platform.url, "UITPAS_TOKEN": token, "MENTA_SECRET": SECRET}
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


@pytest.mark.parametrize("user", EXPECTED)
async def test_a_user_gets_exactly_their_tickets(user: str) -> None:
    """All that are valid and theirs, in the platform's order, and nothing else; an unknown user none."""
    platform = Platform.of("uitpas")
    response = await _get(platform, user)

    assert (response.status_code, response.json()) == (
        200,
        {"userEmail": user, "tickets": EXPECTED[user]},
    )
    assert platform.unexpected == []


async def test_the_case_of_the_user_does_not_matter() -> None:
    """The platform finds the passholder, and names them in its own letters: that is the buyer."""
    platform = Platform.of("uitpas")
    asked = "Els.Peeters@EXAMPLE.be"
    platform.answers = [
        replace(answer, query={"email": asked}) if answer.query == {"email": ELS} else answer
        for answer in platform.answers
    ]
    response = await _get(platform, asked)

    assert response.json() == {"userEmail": asked, "tickets": EXPECTED[ELS]}


async def test_all_pages_are_read() -> None:
    """Four sales come as two pages; the one that is cancelled gives nothing."""
    platform = Platform.of("uitpas")
    response = await _get(platform, ELS)

    assert response.headers["x-ticketbridge-verdicts"] == "returned=3, not_eligible=1"
    assert [target.partition("start=")[2] for target in platform.targets] == [
        "",
        "0&max=3",
        "3&max=3",
    ]


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


async def test_a_page_that_fails_is_a_problem() -> None:
    """The first page alone is no answer."""
    platform = Platform.of("uitpas")
    platform.answers = [a for a in platform.answers if a.query.get("start") != "3"]

    assert _problem(await _get(platform, ELS)) == (502, "upstream-error")


async def test_a_refused_token_is_a_problem() -> None:
    """The platform answers 401 from the first call on."""
    response = await _get(Platform.of("uitpas"), ELS, token="other")

    assert _problem(response) == (502, "upstream-auth")


async def test_another_passholder_is_left_out_without_a_call() -> None:
    """Should the search be less exact than it seems, nobody gets another's tickets."""
    platform = _changed("passholder_els.xml", f"<email>{ELS}", "<email>bart@example.be")
    response = await _get(platform, ELS)

    assert response.json()["tickets"] == []
    assert response.headers["x-ticketbridge-verdicts"] == "returned=0, not_owner=1"
    assert len(platform.targets) == 1
