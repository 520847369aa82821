"""The running demo, on real sockets: what each of its users gets, and how it starts and ends."""

from __future__ import annotations

import socket
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

import ticketbridge
from tests.demo.asking import ask
from ticketbridge.demo.running import LOOPBACK, mapping_file, running_demo
from ticketbridge.demo.screen import USERS
from ticketbridge.engine.answer_trace import AnswerTrace
from ticketbridge.engine.bridge import Bridge
from ticketbridge.engine.tickets.verdicts import count
from ticketbridge.mapping import Environment
from ticketbridge.service.catalog import NoMappings
from ticketbridge.service.replies import Reply
from ticketbridge.service.settings import SettingsError
from ticketbridge.workbench.check.checking import check_files

pytestmark = pytest.mark.anyio

MAPPING = Path(__file__).parents[2] / "mappings" / "demo.yaml"
STALLS = {
    "externalReferenceEventId": "4711",
    "showId": "0002",
    "ticketOptionId": "007",
    "price": 180.5,
    "currency": "EUR",
    "status": "VALID",
    "buyer": "ana@example.com",
    "tags": ["channel:web", "category:stalls"],
}
STANDING = {**STALLS, "ticketOptionId": "001", "price": 45.99}
TICKETS: dict[str, list[dict[str, Any]]] = {
    "ana@example.com": [
        {
            **STALLS,
            "ticketId": "00020417",
            "props": {"seating": {"section": "B", "row": "07", "seat": "014"}},
        },
        {
            **STALLS,
            "ticketId": "00020418",
            "props": {"seating": {"section": "B", "row": "07", "seat": "015"}},
        },
        {
            **STANDING,
            "ticketId": "00020733",
            "buyer": "eva@example.com",
            "tags": ["channel:box_office", "category:standing"],
        },
        {
            **STANDING,
            "ticketId": "00021001",
            "externalReferenceEventId": "5023",
            "showId": "5023",
            "price": 0,
            "tags": ["channel:partner", "category:standing"],
        },
    ],
    "bruno@example.com": [
        {
            **STANDING,
            "ticketId": "00020655",
            "buyer": "bruno@example.com",
            "tags": ["channel:web", "category:standing"],
        }
    ],
    "carla@example.com": [],
    "nobody@example.com": [],
}
"""The tickets that each user gets; dora gets a problem."""

VERDICTS: dict[str, dict[str, int]] = {
    "ana@example.com": {
        "returned": 4,
        "not_owner": 1,
        "not_eligible:CANCELED": 1,
        "not_eligible:TRANSFERRED": 1,
        "not_eligible:REFUNDED": 1,
        "not_eligible:used": 1,
    },
    "bruno@example.com": {"returned": 1},
    "carla@example.com": {},
    "nobody@example.com": {},
    "dora@example.com": {"returned": 1, "unknown_status": 1},
}
"""The verdicts on each user's records."""

CALLS = {
    "ana@example.com": 3,
    "bruno@example.com": 2,
    "carla@example.com": 2,
    "nobody@example.com": 1,
    "dora@example.com": 2,
}
"""How often the platform is called: for the customer, and for each page of orders."""


def is_free(url: str) -> bool:
    """Whether nobody listens on the port of *url*."""
    with socket.socket() as probe:
        return probe.connect_ex((LOOPBACK, urlsplit(url).port or 0)) != 0


# --- the users ------------------------------------------------------------------------------------


async def test_every_user_is_told_of_and_tested() -> None:
    """The users whom the demo suggests are those whose answers are fixed here."""
    assert set(USERS) == VERDICTS.keys() == CALLS.keys() == TICKETS.keys() | {"dora@example.com"}


@pytest.mark.parametrize("user", USERS)
async def test_answers(user: str) -> None:
    """Each user gets exactly the valid tickets that they own, from these records and calls."""
    seen: list[tuple[dict[str, int], int]] = []

    def observe(_bridge: Bridge, trace: AnswerTrace, _reply: Reply) -> None:
        seen.append((count(trace.records), trace.calls))

    async with running_demo(0, observe=observe) as demo:
        answer = await ask(demo, user)

    assert [(VERDICTS[user], CALLS[user])] == seen
    if user in TICKETS:
        assert answer.status_code == 200
        assert {"userEmail": user, "tickets": TICKETS[user]} == answer.json()
    else:
        assert answer.status_code == 502
        assert answer.json()["type"] == "urn:ticketbridge:problem:mapping-mismatch"
        assert "tickets" not in answer.json()


@pytest.mark.parametrize("secret", ["", "wrong"])
async def test_wrong_secret(secret: str) -> None:
    """Without the secret of this start there is no answer."""
    async with running_demo(0) as demo:
        answer = await ask(demo, "ana@example.com", secret=secret)

    assert answer.status_code == 401


# --- its start and its end ------------------------------------------------------------------------


async def test_secrets_are_new_at_each_start() -> None:
    """No two starts share a secret or a token, and neither is shown by accident."""
    async with running_demo(0) as first, running_demo(0) as second:
        secrets = {first.secret, second.secret, first.token, second.token}

    assert len(secrets) == 4
    assert not any(secret in repr(first) + repr(second) for secret in secrets)


async def test_nothing_stays_open() -> None:
    """Once the context is left, nobody listens on either port."""
    async with running_demo(0) as demo:
        await ask(demo, "ana@example.com")
        assert not is_free(demo.tickets)
        assert not is_free(demo.api)

    assert is_free(demo.tickets)
    assert is_free(demo.api)


async def test_nothing_stays_open_after_a_failure() -> None:
    """What fails inside the context closes both servers, and is what the caller sees."""
    with pytest.raises(ZeroDivisionError):
        async with running_demo(0) as demo:
            raise ZeroDivisionError

    assert is_free(demo.tickets)
    assert is_free(demo.api)


async def test_the_next_free_port() -> None:
    """Where the port is taken, the demo takes one of the next."""
    with socket.create_server((LOOPBACK, 0)) as taken:
        port = taken.getsockname()[1]
        async with running_demo(port) as demo:
            answer = await ask(demo, "bruno@example.com")

    assert answer.status_code == 200
    assert urlsplit(demo.tickets).port in range(port + 1, port + 20)


async def test_no_port_is_free(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where no port is free, the error names the one that was looked at."""
    with socket.create_server((LOOPBACK, 0)) as taken:
        monkeypatch.setattr("ticketbridge.demo.running._MORE_PORTS", 0)
        port = taken.getsockname()[1]

        with pytest.raises(SettingsError, match=f"port {port}: another program listens there"):
            await running_demo(port).__aenter__()


@pytest.mark.parametrize("port", [-1, 65536])
async def test_a_port_that_is_none(port: int) -> None:
    """A number that is no port is an error that says which numbers are."""
    with pytest.raises(SettingsError, match=f"from 0 to 65535, not {port}"):
        await running_demo(port).__aenter__()


async def test_a_host_that_is_not_here() -> None:
    """An address that this machine does not have is an error that names it."""
    with pytest.raises(SettingsError, match=r"cannot listen on 192\.0\.2\.1, port 8080: "):
        await running_demo(8080, host="192.0.2.1").__aenter__()


@pytest.mark.skipif(not socket.has_dualstack_ipv6(), reason="no IPv6 here")
async def test_an_ipv6_host() -> None:
    """An IPv6 host stands in brackets in the address."""
    async with running_demo(0, host="::1") as demo:
        answer = await ask(demo, "bruno@example.com")

    assert demo.tickets.startswith("http://[::1]:")
    assert answer.status_code == 200


async def test_the_shell_does_not_disturb(monkeypatch: pytest.MonkeyPatch) -> None:
    """No variable of the user's shell changes where the demo listens or what it asks."""
    for name in ("DEMO_API", "DEMO_TOKEN_FILE", "DEMO_SECRET", "HTTP_PROXY", "http_proxy"):
        monkeypatch.setenv(name, "http://elsewhere.invalid")
    monkeypatch.setenv("TICKETBRIDGE_PORT", "1")
    monkeypatch.setenv("WEB_CONCURRENCY", "3")

    async with running_demo(0) as demo:
        answer = await ask(demo, "bruno@example.com")

    assert answer.status_code == 200


# --- the mapping ----------------------------------------------------------------------------------


async def test_the_mapping_is_without_a_doubt() -> None:
    """`mappings/demo.yaml` has no error and no warning, and names the schema for editors."""
    variables = {"DEMO_API": "https://platform.example", "DEMO_TOKEN": "t", "DEMO_SECRET": "s" * 16}
    first_line = MAPPING.read_text(encoding="utf-8").partition("\n")[0]
    folder, _, schema = first_line.rpartition("/")

    assert check_files([MAPPING], Environment(variables)) == []
    assert folder == "# yaml-language-server: $schema=../src/ticketbridge/mapping"
    assert (Path(ticketbridge.__file__).parent / "mapping" / schema).is_file()


async def test_the_packaged_mapping_comes_first(tmp_path: Path) -> None:
    """The mapping that is installed with the package is used before that of a checkout."""
    packaged, checkout = tmp_path / "packaged.yaml", tmp_path / "checkout.yaml"
    checkout.touch()
    assert checkout == mapping_file(packaged, checkout)
    packaged.touch()
    assert packaged == mapping_file(packaged, checkout)


async def test_a_missing_mapping_is_said(tmp_path: Path) -> None:
    """Without a mapping the error says where it was looked for."""
    packaged, checkout = tmp_path / "packaged.yaml", tmp_path / "checkout.yaml"

    with pytest.raises(NoMappings, match=r"mapping is missing: .*packaged\.yaml.*checkout\.yaml"):
        mapping_file(packaged, checkout)


@pytest.mark.parametrize("inside", [True, False])
async def test_the_mapping_is_named_as_seen_from_here(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, inside: bool
) -> None:
    """The mapping's path is relative where it is below the working folder, else absolute."""
    file = Path(str(mapping_file()))
    monkeypatch.chdir(file.parents[1] if inside else tmp_path)

    async with running_demo(0) as demo:
        pass

    assert (file.relative_to(file.parents[1]) if inside else file) == demo.mapping
