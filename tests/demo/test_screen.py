"""What the demo shows of each answer."""

from __future__ import annotations

import io
import re

import pytest

from tests.demo.asking import ask
from ticketbridge.demo.running import running_demo
from ticketbridge.demo.screen import Screen

pytestmark = pytest.mark.anyio

_TIME = re.compile(r"[0-9]+\.[0-9] ms")


class Terminal(io.StringIO):
    """Says that it is a terminal."""

    def isatty(self) -> bool:
        """See io."""
        return True


async def shown_for(user: str, *, secret: str | None = None, out: io.StringIO | None = None) -> str:
    """What is shown of the answer for *user*, its time as `# ms`."""
    out = out or io.StringIO()
    async with running_demo(0, observe=Screen(out).show) as demo:
        await ask(demo, user, secret=secret)
    return _TIME.sub("# ms", out.getvalue())


async def test_verdicts_and_ids() -> None:
    """The headline counts tickets and calls; each record has its verdict, and its id where known."""
    text = await shown_for("ana@example.com")

    assert text.splitlines() == [
        "",
        "200: 4 tickets from 9 records; 3 calls to the platform in # ms",
        "  returned                  00020417",
        "  returned                  00020418",
        "  not_eligible:CANCELED     00020419",
        "  not_owner                 -         someone else's",
        "  returned                  00020733",
        "  not_eligible:TRANSFERRED  00020734",
        "  returned                  00021001",
        "  not_eligible:REFUNDED     00021118",
        "  not_eligible:used         00021119",
    ]


async def test_one_is_no_plural() -> None:
    """One ticket, one record."""
    text = await shown_for("bruno@example.com")

    assert "200: 1 ticket from 1 record; 2 calls to the platform in # ms" in text


async def test_two_reasons_for_an_empty_list() -> None:
    """A user without orders and one whom the platform does not know are told apart."""
    carla, nobody = [await shown_for(f"{name}@example.com") for name in ("carla", "nobody")]

    assert carla == "\n200: no tickets: the platform named none; 2 calls to the platform in # ms\n"
    assert nobody.splitlines() == [
        "",
        "200: no tickets: the platform named none; 1 call to the platform in # ms",
        "  customer: No customer has this address",
    ]


async def test_a_problem() -> None:
    """A failed answer shows its problem, the record at fault, and the place in the mapping."""
    text = await shown_for("dora@example.com")

    assert re.sub(r"at \S+demo\.yaml:[0-9]+:[0-9]+", "at PLACE", text).splitlines() == [
        "",
        "502: mapping-mismatch; 2 calls to the platform in # ms",
        "  returned        00021240",
        "  unknown_status  00021241  a status that the table does not list, at PLACE",
        "  1 of 2 records could not be judged (first: unknown_status): no list goes out",
    ]


async def test_a_refusal() -> None:
    """A request that was refused shows that the platform was not asked."""
    text = await shown_for("ana@example.com", secret="wrong")

    assert text.splitlines() == [
        "",
        "401: unauthorized; the platform was not asked",
        "  The shared secret is missing or wrong: no list goes out",
    ]


@pytest.mark.parametrize("user", ["ana@example.com", "dora@example.com"])
async def test_colours_change_no_text(user: str) -> None:
    """On a terminal the same text is shown, in colours."""
    coloured = await shown_for(user, out=Terminal())

    assert "\x1b[32m" in coloured
    assert await shown_for(user) == re.sub(r"\x1b\[[0-9]+m", "", coloured)
