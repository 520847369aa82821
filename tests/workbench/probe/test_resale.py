"""A resale played against an endpoint, while its platform refunds and transfers tickets in between."""

from __future__ import annotations

import asyncio
import io
import json
import sys
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.fake_platform import FakePlatform, Reply, Seen
from tests.processes import serving_program
from tests.support import SECRET as MENTA_SECRET
from tests.support import item, order, orders
from tests.workbench.probe.endpoints import (
    OTHER,
    SECRET,
    USER,
    Endpoint,
    KeepsAMinute,
    KeepsSilently,
    Lite,
    UnknownIs404,
    served,
    ticket,
)
from ticketbridge.cli import main

pytestmark = pytest.mark.anyio

THIRD = "carla@example.com"
OWNED: Mapping[str, Mapping[str, list[str]]] = {
    "enter": {USER: ["1", "2"], OTHER: ["3"]},
    "list": {USER: ["1"], OTHER: ["3"]},  # ticket 2 was refunded
    "confirm": {USER: [], OTHER: ["1", "3"]},  # ticket 1 was transferred
    "complete": {USER: [], OTHER: ["3"], THIRD: ["1"]},  # ... and again
}
"""Who owns what at each call point."""


class Platform:
    """The test's platform: at each change the tickets belong to whom OWNED says."""

    def __init__(self, fake: FakePlatform) -> None:
        self.point = "enter"
        self._fake = fake
        fake.on("/change", self._change)
        fake.on("/orders", self._orders)

    def _change(self, seen: Seen) -> Reply:
        self.point = dict(seen.query)["to"]
        return Reply(json={})

    def _orders(self, seen: Seen) -> Reply:
        user = dict(seen.query)["email"]
        owned = OWNED[self.point].get(user, [])
        items = [item(f"t-{number}") for number in owned]
        refunded = [item("t-2", state="REFUNDED")] if user == USER and self.point != "enter" else []
        return Reply(json=orders(order(*items, *refunded, email=user)))

    def change(self, point: str) -> list[str]:
        """The command that makes the change before a call point."""
        program = (
            f"import urllib.request; urllib.request.urlopen('{self._fake.url}/change?to={point}')"
        )
        return [sys.executable, "-c", program]


def written(folder: Path, change: Callable[[str], object]) -> tuple[str, str]:
    """The words that name the file of the resale."""
    steps = [
        {
            "at": point,
            **({} if point == "enter" else {"change": change(point)}),
            "expect": {user: [f"t-{n}" for n in ids] for user, ids in owned.items()},
        }
        for point, owned in OWNED.items()
    ]
    file = folder / "resale.json"
    file.write_text(json.dumps(steps), "utf-8")
    return "--replay", str(file)


@pytest.fixture(autouse=True)
def _secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PROBE_SECRET", SECRET)
    monkeypatch.setenv("MENTA_SECRET", MENTA_SECRET)


async def played(
    url: str,
    capsys: pytest.CaptureFixture[str],
    *words: str,
    header: str = "X-Secret: ${PROBE_SECRET}",
) -> tuple[int, list[dict[str, str]]]:
    """The exit code and the findings of a resale."""
    command = ["probe", url, "--header", header, "--format", "json", *words]
    code = await asyncio.to_thread(main, command)
    return code, json.loads(capsys.readouterr().out)


@asynccontextmanager
async def changing(
    endpoint: Endpoint, platform: FakePlatform
) -> AsyncIterator[tuple[str, Platform]]:
    """The URL of *endpoint*, whose tickets change with the platform."""
    told = Platform(platform)

    class Owners(dict[str, Any]):
        def get(self, user: str, default: Any = None) -> Any:
            return [ticket(int(number)) for number in OWNED[told.point].get(user, [])] or default

        def __contains__(self, user: object) -> bool:
            return self.get(str(user), None) is not None

    endpoint.owners = Owners()
    async with served(endpoint) as url:
        yield url, told


async def test_our_own_proxy_says_what_is_at_each_call_point(
    tmp_path: Path, platform: FakePlatform, capsys: pytest.CaptureFixture[str]
) -> None:
    """`serve` gives no stale answer while tickets are refunded and transferred twice."""
    changed = Platform(platform)
    with serving_program(tmp_path, platform.url) as program:
        words = written(tmp_path, changed.change)
        header = "X-Menta-Secret: ${MENTA_SECRET}"
        url = f"{program.url}/tickets"

        assert await played(url, capsys, *words, header=header) == (0, [])
    assert changed.point == "complete"


async def test_a_cache_that_says_nothing_is_found_by_a_resale(
    tmp_path: Path, platform: FakePlatform, capsys: pytest.CaptureFixture[str]
) -> None:
    """What no header betrays shows when tickets change hands: each stale answer is one finding."""
    async with changing(KeepsSilently(), platform) as (url, changed):
        _, quiet = await played(url, capsys, "--user", USER, "--calls", "3", "--slow", "60")
    async with changing(KeepsSilently(), platform) as (url, changed):
        code, found = await played(url, capsys, *written(tmp_path, changed.change))

    assert quiet == []
    assert code == 1
    assert [(each["code"], each["message"]) for each in found] == [
        ("stale", "The answer to user 1 at `list` is that of the point before"),
        ("stale", "The answer to user 1 at `confirm` is that of the point before"),
        ("stale", "The answer to user 2 at `confirm` is that of the point before"),
        ("stale", "The answer to user 1 at `complete` is that of the point before"),
    ]


async def test_a_right_endpoint_passes(
    tmp_path: Path, platform: FakePlatform, capsys: pytest.CaptureFixture[str]
) -> None:
    """An endpoint that asks anew each time has no finding; what is not stale but wrong is told as such."""
    async with changing(Endpoint(), platform) as (url, changed):
        assert await played(url, capsys, *written(tmp_path, changed.change)) == (0, [])
        nothing = written(tmp_path, lambda _point: [sys.executable, "-c", ""])
        changed.point = "confirm"
        code, found = await played(url, capsys, *nothing)

    assert code == 1
    assert {each["code"] for each in found} == {"expected-missing", "expected-surplus", "stale"}


@pytest.mark.parametrize(
    ("steps", "said"),
    [
        ({}, "all four points, in their order"),
        ([{"at": "enter", "expect": {USER: []}}], "all four points, in their order"),
        ([{"at": "sell", "expect": {USER: []}}], "all four points, in their order"),
        ([{"at": "enter", "expect": {USER: [], "x": 1}}], "all four points, in their order"),
    ],
)
def test_a_resale_that_cannot_be_read_is_one_clear_line(
    steps: object, said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A file that lacks a point, or has another shape, is wrong usage, and shows how it is written."""
    file = tmp_path / "resale.json"
    file.write_text(json.dumps(steps), "utf-8")

    assert main(["probe", "http://127.0.0.1:9/", "--replay", str(file)]) == 2
    err = capsys.readouterr().err
    assert said in err
    assert '"at": "enter"' in err


class Person:
    """Somebody at a terminal, who does what is asked for and presses Enter."""

    def __init__(self, does: Callable[[], None]) -> None:
        self._does = does

    def isatty(self) -> bool:
        return True

    def readline(self) -> str:
        self._does()
        return "\n"


async def test_a_person_may_make_the_changes(
    tmp_path: Path,
    platform: FakePlatform,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A sentence is shown, and the resale goes on when Enter is pressed."""
    points = iter(list(OWNED)[1:])
    async with changing(Endpoint(), platform) as (url, changed):
        monkeypatch.setattr("sys.stdin", Person(lambda: setattr(changed, "point", next(points))))
        words = written(tmp_path, lambda point: f"make it {point}")
        command = ["probe", url, "--header", "X-Secret: ${PROBE_SECRET}", *words]
        code = await asyncio.to_thread(main, command)

    assert code == 0
    assert "list: make it list, then press Enter" in capsys.readouterr().err


async def test_a_change_that_fails_ends_the_resale(
    tmp_path: Path,
    platform: FakePlatform,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Where a command fails, or a person is needed and nobody is there, nothing is judged."""
    monkeypatch.setattr("sys.stdin", io.StringIO())
    async with changing(Endpoint(), platform) as (url, _):
        for change, said in (
            (["/nothing/here"], "the change before `list`: No such file"),
            ([sys.executable, "-c", "raise SystemExit(3)"], "`list` ended with 3"),
            ("Refund ticket 2", "`list` waits for a person"),
        ):
            words = written(tmp_path, dict.fromkeys(OWNED, change).get)
            code = await asyncio.to_thread(
                main, ["probe", url, "--header", "X-Secret: ${PROBE_SECRET}", *words]
            )
            out, err = capsys.readouterr()
            assert (code, out) == (2, "")
            assert said in err


def test_somebody_must_be_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    """Without `--replay` a user is needed."""
    assert main(["probe", "http://127.0.0.1:9/"]) == 2
    assert "--user E is needed" in capsys.readouterr().err


async def test_what_is_wrong_with_an_answer_is_told_in_a_resale_too(
    tmp_path: Path, platform: FakePlatform, capsys: pytest.CaptureFixture[str]
) -> None:
    """An answer at a call point that may be stored, or comes from a cache, is a fault there too."""
    async with changing(KeepsAMinute(), platform) as (url, changed):
        code, found = await played(url, capsys, *written(tmp_path, changed.change))

    assert code == 1
    assert {each["code"] for each in found} == {"storable", "cached"}


async def test_who_gets_no_answer_at_a_call_point_is_told(
    tmp_path: Path, platform: FakePlatform, capsys: pytest.CaptureFixture[str]
) -> None:
    """A 404 for a user who owns nothing any more is no answer; in the older contract it is one."""
    async with changing(UnknownIs404(), platform) as (url, changed):
        code, found = await played(url, capsys, *written(tmp_path, changed.change))
    async with changing(Lite(), platform) as (url, changed):
        lite = written(tmp_path, changed.change)
        assert await played(url, capsys, *lite, "--contract", "lite") == (0, [])

    assert code == 1
    assert [(each["code"], each["message"]) for each in found] == [
        ("answer-status", "There is no answer to user 1 at `confirm`"),
        ("answer-status", "There is no answer to user 1 at `complete`"),
    ]
