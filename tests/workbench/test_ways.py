"""What is tested is what is served: a serving function that is broken fails every tool."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import anyio
import msgspec
import pytest

from tests.demo.asking import ask
from tests.fake_platform import FakePlatform, Reply
from tests.support import SECRET, TOKEN, USER, answer_of, order, orders
from tests.workbench.cases_support import TICKET, Folder, case, item
from ticketbridge.cli import main
from ticketbridge.demo.running import running_demo
from ticketbridge.engine.agreement import WaysDiffer
from ticketbridge.engine.answer_trace import AnswerTrace
from ticketbridge.engine.bridge import Bridge
from ticketbridge.engine.tickets import program as program_module
from ticketbridge.engine.tickets.bare import Serve, emit_serving
from ticketbridge.engine.tickets.columns import Columns
from ticketbridge.engine.tickets.program import Tally
from ticketbridge.engine.tickets.steps import (
    Level,
    OwnerCheck,
    ReasonCheck,
    RecordProgram,
    StatusCheck,
)
from ticketbridge.mapping import Environment
from ticketbridge.service.replies import Reply as HttpReply
from ticketbridge.workbench.answers import fetch_answer
from ticketbridge.workbench.cases.reader import read_cases
from ticketbridge.workbench.cases.runner import load_for_cases
from ticketbridge.workbench.mutants.survivors import run_mutants
from ticketbridge.workbench.record.recording import record

pytestmark = pytest.mark.anyio

SAID = "`serve` would not give the answer"
MAPPED: Mapping[str, Any] = {
    "ticket.not_eligible_when": {"sold": "item.sold"},
    "ticket.fields.buyer": "optional(item.buyer)",
}
PLATFORM = orders(
    order(
        item(1, sold=False, buyer="bea@example.com"),
        item(2, sold=False),
        item(3, state="REFUNDED", sold=False),
        item(4, sold=True),
    ),
    order(item(5, sold=False), email="bea@example.com"),
)
CASE = case(
    upstream=[{"get": f"/orders?email={USER}", "body": PLATFORM}],
    expect={
        "tickets": [{**TICKET, "buyer": "bea@example.com"}, {**TICKET, "ticketId": "2"}],
        "verdicts": {"returned": 2, "not_eligible:REFUNDED": 1, "not_eligible:sold": 1, "not_owner": 1},
    },
)  # fmt: skip

Emit = Callable[[RecordProgram, int, Sequence[Level], Columns | None], Serve]


def _after(change: Callable[[Tally], object]) -> Emit:
    """A serving function whose tally is *change*d after each binding."""

    def compiled(
        program: RecordProgram, stage: int, levels: Sequence[Level], columns: Columns | None
    ) -> Serve:
        good = emit_serving(program, stage, levels, columns)

        def serve(scope: Mapping[str, Any], values: Sequence[Any], tally: Tally) -> None:
            good(scope, values, tally)
            change(tally)

        return serve

    return compiled


def _without(kind: type) -> Emit:
    """A serving function that forgets the checks of *kind*."""

    def compiled(
        program: RecordProgram, stage: int, levels: Sequence[Level], columns: Columns | None
    ) -> Serve:
        kept = tuple(check for check in program.checks if not isinstance(check, kind))
        return emit_serving(dataclasses.replace(program, checks=kept), stage, levels, columns)

    return compiled


def _without_field(name: str) -> Emit:
    def compiled(
        program: RecordProgram, stage: int, levels: Sequence[Level], columns: Columns | None
    ) -> Serve:
        kept = tuple(field for field in program.fields if field.name != name)
        return emit_serving(dataclasses.replace(program, fields=kept), stage, levels, columns)

    return compiled


def _first(tally: Tally) -> dict[str, Any]:
    """The first ticket, as a dictionary that can be changed."""
    tally.tickets[0] = msgspec.to_builtins(tally.tickets[0])
    first: dict[str, Any] = tally.tickets[0]
    return first


BREAKS: Mapping[str, Emit] = {
    "returns nothing": lambda *_: lambda *_: None,
    "forgets its tickets": _after(lambda tally: tally.tickets.clear()),
    "drops a ticket": _after(lambda tally: tally.tickets.pop()),
    "gives a ticket twice": _after(lambda tally: tally.tickets.append(tally.tickets[0])),
    "turns the order": _after(lambda tally: tally.tickets.reverse()),
    "another price": _after(lambda tally: _first(tally).update(price=11)),
    "a price of the same value": _after(lambda tally: _first(tally).update(price=10.0)),
    "another buyer": _after(lambda tally: _first(tally).pop("buyer")),
    "another order of fields": _after(
        lambda tally: (ticket := _first(tally)).update(ticketId=ticket.pop("ticketId"))
    ),
    "forgets the owner": _without(OwnerCheck),
    "forgets the status": _without(StatusCheck),
    "forgets a condition": _without(ReasonCheck),
    "forgets a field": _without_field("buyer"),
    "one too many of a verdict": _after(lambda tally: tally.verdicts.update(not_owner=2)),
    "none of a verdict": _after(lambda tally: tally.verdicts.pop("not_owner")),
    "another word": _after(
        lambda tally: tally.verdicts.update(not_eligible=tally.verdicts.pop("not_owner"))
    ),
}  # fmt: skip

each_break = pytest.mark.parametrize("name", BREAKS)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Folder:
    """A mapping with a case that passes."""
    monkeypatch.chdir(tmp_path)
    folder = Folder(tmp_path)
    folder.map(MAPPED)
    folder.write(CASE)
    return folder


@pytest.fixture
def broken(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Breaks the serving function of every mapping that is compiled from now on."""
    return lambda name: monkeypatch.setattr(program_module, "emit_serving", BREAKS[name])


def test_the_case_passes_as_long_as_nothing_is_broken(folder: Folder) -> None:
    """The case that fails below fails for what is broken there, and for nothing else."""
    assert main(["test", "--coverage", str(folder.mapping)]) == 0


@each_break
def test_a_broken_serving_function_fails_the_case(
    name: str, folder: Folder, broken: Callable[[str], None], capsys: pytest.CaptureFixture[str]
) -> None:
    """However the function is broken that `serve` runs, `ticketbridge test` fails and says so."""
    broken(name)

    for flags in ([], ["--coverage", "--strict"], ["--mutants", "--strict"], ["--format", "json"]):
        assert main(["test", *flags, str(folder.mapping)]) == 1
        out = capsys.readouterr().out
        assert SAID in out
        assert "bea@example.com" not in out


@pytest.mark.parametrize("expect", [{"problem": "mapping-mismatch"}, {"verdicts": {}}])
def test_a_difference_is_no_problem_that_a_case_can_expect(
    expect: dict[str, Any], folder: Folder, broken: Callable[[str], None]
) -> None:
    """No case passes because the two ways differ, whatever it expects."""
    broken("returns nothing")

    (result,) = folder.run({**CASE, "expect": expect})

    assert not result.passed
    assert SAID in result.message


def test_a_difference_is_not_written_into_a_case(
    folder: Folder, broken: Callable[[str], None], capsys: pytest.CaptureFixture[str]
) -> None:
    """`test --update` leaves the case as it is, and says why."""
    before = folder.cases.read_bytes()
    broken("returns nothing")

    assert main(["test", "--update", str(folder.mapping)]) == 1
    assert folder.cases.read_bytes() == before
    assert f"not updated: a ticket: {SAID}" in capsys.readouterr().out


def test_a_slip_that_makes_the_ways_differ_is_named(
    folder: Folder, broken: Callable[[str], None]
) -> None:
    """`test --mutants` does not take a difference for a case that noticed the slip."""
    broken("returns nothing")

    with pytest.raises(WaysDiffer, match=rf"^with the slip .+: {SAID}"):
        run_mutants(load_for_cases(folder.mapping), read_cases(folder.cases))


@each_break
def test_map_fails_where_the_ways_differ(
    name: str, folder: Folder, broken: Callable[[str], None], capsys: pytest.CaptureFixture[str]
) -> None:
    """`map` prints no answer that `serve` would not give."""
    folder.file("orders.json", json.dumps(PLATFORM))
    broken(name)

    code = main(["map", "acme.yaml", "orders.json", "--user", USER])

    out, err = capsys.readouterr()
    assert (code, out) == (1, "")
    assert SAID in err
    assert "Traceback" not in err


async def test_fetch_and_record_fail_where_the_ways_differ(
    folder: Folder,
    platform: FakePlatform,
    broken: Callable[[str], None],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """`fetch` prints and records nothing that `serve` would not give, and calls once all the same."""
    variables = {"MENTA_SECRET": SECRET, "ACME_TOKEN": TOKEN, "ACME_API": platform.url}
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    platform.on("/orders", Reply(json=PLATFORM))
    good = await anyio.to_thread.run_sync(
        lambda: fetch_answer(folder.mapping, USER, Environment(variables))
    )
    broken("drops a ticket")

    words = ["fetch", "acme.yaml", "--user", USER, "--record", "new.cases.yaml"]
    code = await anyio.to_thread.run_sync(main, words)

    out, err = capsys.readouterr()
    assert (code, out) == (1, "")
    assert SAID in err
    assert len(platform.seen) == 2
    with pytest.raises(WaysDiffer):
        await anyio.to_thread.run_sync(
            lambda: record(good, folder.mapping, folder.path / "new.cases.yaml")
        )
    assert not (folder.path / "new.cases.yaml").exists()


async def test_the_demo_fails_where_the_ways_differ(broken: Callable[[str], None]) -> None:
    """The demo tells no reasons of an answer that they do not explain: it is an internal error."""
    broken("returns nothing")
    told: list[int] = []

    def observe(_bridge: Bridge, _journal: AnswerTrace, reply: HttpReply) -> None:
        told.append(reply.status)

    async with running_demo(0, observe=observe) as demo:
        response = await ask(demo, USER)

    assert response.json()["type"] == "urn:ticketbridge:problem:internal-error"
    assert told == [500]


async def test_serving_asks_one_way_alone(broken: Callable[[str], None]) -> None:
    """Where nothing is explained nothing is compared: an answer takes the time of one."""
    broken("returns nothing")

    answer = await answer_of(MAPPED, {"/orders": PLATFORM}, trace=AnswerTrace())

    assert json.loads(answer.body)["tickets"] == []
