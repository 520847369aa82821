"""The mappings of known platforms, through the real application, on replays of recorded answers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from urllib.parse import quote

import httpx
import pytest

from tests.mappings.replay import SAMPLES, Platform, Recorded, running
from tests.support import SECRET, serving
from ticketbridge.engine.bridge import compile_mapping
from ticketbridge.mapping import Environment, load_mapping

pytestmark = pytest.mark.anyio


@dataclass(frozen=True)
class Recording:
    """A platform's recorded answers.

    *api* is the variable that holds its address, *token* the one that holds the secret; *variables* are
    the mapping's others. *parameter* is the query parameter that holds the user; *calls* are those
    that the recorded user's tickets take, and *verdicts* what becomes of their records.
    """

    name: str
    api: str
    token: tuple[str, str]
    parameter: str
    calls: Sequence[str]
    variables: Mapping[str, str]
    verdicts: str

    @property
    def user(self) -> str:
        """Whose answers were recorded."""
        return next(iter(self.platform().expected))

    def platform(self) -> Platform:
        """The platform as it was recorded."""
        return Platform.of(self.name)

    def without_filter(self, user: str) -> Platform:
        """The platform as it would be if it passed over *user*: it answers as to the recorded one."""
        platform = self.platform()
        platform.answers = list(self._asked_by(user, platform.answers))
        return platform

    def _asked_by(self, user: str, answers: Sequence[Recorded]) -> Iterator[Recorded]:
        for answer in answers:
            asked = answer.query.get(self.parameter)
            query = answer.query if asked is None else {**answer.query, self.parameter: user}
            headers = {
                name: value.replace(quote(self.user, safe=""), quote(user, safe=""))
                for name, value in answer.headers.items()
            }
            if asked in {None, self.user}:
                yield replace(answer, query=query, headers=headers)

    async def get(
        self, platform: Platform, user: str, *, token: str | None = None
    ) -> httpx.Response:
        """What menta tech gets for *user*."""
        name, secret = self.token
        async with running(platform):
            variables = {
                **self.variables,
                self.api: platform.url,
                name: token or secret,
                "MENTA_SECRET": SECRET,
            }
            file = SAMPLES.parent / f"{self.name}.yaml"
            spec = load_mapping(file, environment=Environment(variables))
            async with serving(compile_mapping(spec)) as client:
                return await client.get("/tickets", params={"user": user})


EVENTBRITE_ORDERS = (
    "/v3/organizations/270000000001/orders/"
    "?only_emails=ana.lopez%40example.com&expand=attendees%2Cevent"
)
TITO_TICKETS = "tickets?search%5Bq%5D=crystal.jast%40example.org&expand=registration"
UITPAS_SALES = (
    "/uitid/rest/uitpas/cultureevent/searchTicketsales?uid=1b567cc7-26f8-44e9-ab5b-990e92e34bfa"
)

RECORDINGS = [
    Recording(
        "eventbrite",
        "EVENTBRITE_API",
        ("EVENTBRITE_TOKEN", "fixture-eventbrite"),
        "only_emails",
        (
            EVENTBRITE_ORDERS,
            f"{EVENTBRITE_ORDERS}&continuation=eyJwYWdlIjogMn0",
        ),
        {"EVENTBRITE_ORGANIZATION": "270000000001"},
        "returned=4, not_eligible=3",
    ),
    Recording(
        "woocommerce",
        "WOOCOMMERCE_API",
        ("WOOCOMMERCE_SECRET", "cs_fixture"),
        "search",
        (
            "/wp-json/wc/v3/orders?search=maria.perez%40example.com&per_page=100&orderby=id&order=asc",
            "/wp-json/wc/v3/orders?search=maria.perez%40example.com&page=2",
            "/wp-json/wc/v3/orders/728/refunds?per_page=100&orderby=id&order=asc",
        ),
        {"WOOCOMMERCE_KEY": "ck_fixture"},
        "returned=5, not_eligible=4, not_owner=1",
    ),
    Recording(
        "hievents",
        "HIEVENTS_API",
        ("HIEVENTS_TOKEN", "fixture-hievents"),
        "query",
        (
            "/api/events/94/orders?query=kim.lee%40example.com&page=1",
            "/api/events/94/orders?query=kim.lee%40example.com&page=2",
        ),
        {"HIEVENTS_EVENT": "94"},
        "returned=3, not_eligible=4, not_owner=1",
    ),
    Recording(
        "tickettailor",
        "TICKETTAILOR_API",
        ("TICKETTAILOR_KEY", "sk_fixture_1"),
        "email",
        (
            "/v1/issued_tickets?email=sam.o%27neil%40example.co.uk",
            "/v1/issued_tickets?email=sam.o%27neil%40example.co.uk&starting_after=it_50201",
            "/v1/events/ev_40980",
            "/v1/events/ev_40981",
            "/v1/events/ev_51000",
        ),
        {},
        "returned=3, not_eligible=3",
    ),
    Recording(
        "tito",
        "TITO_API",
        ("TITO_TOKEN", "fixture-tito"),
        "search[q]",
        (
            f"/v3/demo/awesomeconf/{TITO_TICKETS}",
            f"/v3/demo/awesomeconf/{TITO_TICKETS}&page%5Bnumber%5D=2",
            f"/v3/demo/devday-2027/{TITO_TICKETS}",
            "/v3/demo/events",
        ),
        {"TITO_ACCOUNT": "demo"},
        "returned=3, not_owner=2, not_eligible=2",
    ),
    Recording(
        "uitpas",
        "UITPAS_API",
        ("UITPAS_TOKEN", "fixture-uitpas"),
        "email",
        (
            "/uitid/rest/uitpas/passholder/search?email=els.peeters%40example.be",
            f"{UITPAS_SALES}&start=0&max=3",
            f"{UITPAS_SALES}&start=3&max=3",
        ),
        {},
        "returned=3, not_eligible=1",
    ),
]

each_recording = pytest.mark.parametrize(
    "recording", RECORDINGS, ids=[recording.name for recording in RECORDINGS]
)


def _problem(response: httpx.Response) -> tuple[int, str]:
    assert response.headers["content-type"] == "application/problem+json"
    document = response.json()
    assert "tickets" not in document
    return response.status_code, document["type"].removeprefix("urn:ticketbridge:problem:")


@pytest.mark.parametrize(
    ("recording", "user"),
    [
        pytest.param(recording, user, id=f"{recording.name}-{user}")
        for recording in RECORDINGS
        for user in recording.platform().expected
    ],
)
async def test_a_user_gets_exactly_their_tickets(recording: Recording, user: str) -> None:
    """All that are valid and theirs, in the platform's order, and nothing else."""
    platform = recording.platform()

    response = await recording.get(platform, user)

    assert response.status_code == 200, response.text
    assert response.json() == {"userEmail": user, "tickets": platform.expected[user]}
    assert platform.unexpected == []


@each_recording
async def test_each_record_has_its_verdict(recording: Recording) -> None:
    """What is left out is left out for a reason, and all of it is counted."""
    response = await recording.get(recording.platform(), recording.user)

    assert response.headers["x-ticketbridge-verdicts"] == recording.verdicts


@each_recording
async def test_only_what_is_needed_is_asked_for(recording: Recording) -> None:
    """Every page once, and no call for what a check has left out."""
    platform = recording.platform()

    await recording.get(platform, recording.user)

    assert sorted(platform.targets) == sorted(recording.calls)


@each_recording
async def test_a_platform_that_passes_over_the_user_gives_nobody_anothers_tickets(
    recording: Recording,
) -> None:
    """A filter that is dropped lists everybody's: another user is given none of them."""
    user = "mallory@example.com"
    platform = recording.without_filter(user)

    response = await recording.get(platform, user)

    assert response.status_code == 200, response.text
    assert response.json()["tickets"] == []
    counts = response.headers["x-ticketbridge-verdicts"].split(", ")
    assert [count.partition("=")[0] for count in counts if not count.endswith("=0")] == [
        "not_owner"
    ]
    assert platform.unexpected == []


@each_recording
@pytest.mark.parametrize("other", ["x{}", "{}.example.net"])
async def test_an_address_that_contains_anothers_is_another(
    recording: Recording, other: str
) -> None:
    """A search by parts of a text is fuzzy; the owner is compared whole."""
    user = other.format(recording.user)

    response = await recording.get(recording.without_filter(user), user)

    assert response.json()["tickets"] == []


@each_recording
async def test_the_letter_case_of_an_address_makes_no_difference(recording: Recording) -> None:
    """Whoever writes the address in capitals owns the same tickets."""
    user = recording.user.upper()

    response = await recording.get(recording.without_filter(user), user)

    assert response.json()["tickets"] == recording.platform().expected[recording.user]


@each_recording
async def test_a_refused_token_is_a_problem(recording: Recording) -> None:
    """The platform's 401 is no empty list."""
    response = await recording.get(recording.platform(), recording.user, token="other")

    assert _problem(response) == (502, "upstream-auth")


@each_recording
async def test_a_page_that_fails_is_a_problem(recording: Recording) -> None:
    """What the first page alone says is no answer, and nothing of the platform is in the problem."""
    platform = recording.platform()
    first = {recording.parameter}
    platform.answers = [
        answer if answer.query.keys() <= first else replace(answer, status=500)
        for answer in platform.answers
    ]

    response = await recording.get(platform, recording.user)

    assert _problem(response) == (502, "upstream-error")
    secrets = (platform.url.removeprefix("http://"), recording.token[1], recording.user)
    assert not any(secret in response.text + str(response.headers) for secret in secrets)
