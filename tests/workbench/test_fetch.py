"""`ticketbridge fetch`: one real call over a real socket, as an operator runs it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import anyio
import pytest

from tests.fake_platform import FakePlatform, Reply
from tests.support import SECRET, TOKEN, USER, item, order, orders
from tests.workbench.cases_support import Folder
from ticketbridge.cli import main

pytestmark = pytest.mark.anyio


@pytest.fixture
def folder(tmp_path: Path, platform: FakePlatform, monkeypatch: pytest.MonkeyPatch) -> Folder:
    """A folder to work in, with the tests' mapping, its variables set."""
    monkeypatch.chdir(tmp_path)
    variables = {"MENTA_SECRET": SECRET, "ACME_TOKEN": TOKEN, "ACME_API": platform.url}
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    return Folder(tmp_path)


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Any:
    """Runs `ticketbridge fetch acme.yaml …`; gives exit code, stdout and stderr."""

    async def run(*arguments: str, user: str = USER) -> tuple[int, str, str]:
        words = ["fetch", "acme.yaml", "--user", user, *arguments]
        code = await anyio.to_thread.run_sync(main, words)
        return code, *capsys.readouterr()

    return run


async def test_the_answer_is_printed(platform: FakePlatform, folder: Folder, run: Any) -> None:
    """One call with the mapping's credentials; what menta tech would get goes to stdout."""
    del folder
    platform.on("/orders", Reply(json=orders(order(item(1)))))

    code, out, err = await run()

    assert (code, err) == (0, "")
    assert [ticket["ticketId"] for ticket in json.loads(out)["tickets"]] == ["1"]
    assert platform.seen[0].headers["authorization"] == f"Bearer {TOKEN}"


async def test_each_try_is_signed_at_its_own_time(
    platform: FakePlatform, folder: Folder, run: Any
) -> None:
    """A real call has a real clock, though what is recorded of it has one time."""
    values = [{"ts": "moment('%Y-%m-%dT%H:%M:%S.%f')"}]
    auth = {"secrets": {"key": "${ACME_TOKEN}"}, "values": values, "headers": {"X-Time": "{ts}"}}
    folder.map({"upstream.auth": {"type": "signature", **auth}, "upstream.retries": 1})
    platform.on("/orders", Reply(503), Reply(json=orders()))

    assert (await run())[0] == 0
    first, second = (seen.headers["x-time"] for seen in platform.seen)
    assert first < second


async def test_an_empty_answer_is_an_answer(
    platform: FakePlatform, folder: Folder, run: Any
) -> None:
    """Where the mapping says 204 there is no body, and exit code 0."""
    folder.map({"response": {"when_empty": 204}})
    platform.on("/orders", Reply(json=orders()))

    assert await run() == (0, "", "")


@pytest.mark.parametrize(
    ("reply", "said"),
    [
        pytest.param(
            Reply(401, json={"error": "no"}),
            "upstream-auth (502): The platform refused the bridge's credentials\n"
            "  reason: order: status 401\n",
            id="refused",
        ),
        pytest.param(
            Reply(raw=b"nonsense\r\n\r\n"), "upstream-unreadable (502): ", id="no HTTP at all"
        ),
        pytest.param(
            Reply(json=orders(order(item(1, state="NEW")))),
            "reason: 1 violations, first unknown_status: a status that the table does not list",
            id="unknown status",
        ),
    ],
)
async def test_a_problem_is_exit_code_1_with_the_reason_for_the_operator(
    platform: FakePlatform, folder: Folder, run: Any, reply: Reply, said: str
) -> None:
    """menta tech's answer would be a problem; the operator sees why."""
    del folder
    platform.on("/orders", reply)

    code, out, err = await run()

    assert (code, out) == (1, "")
    assert said in err
    assert TOKEN not in err


async def test_a_missing_variable_is_an_error(
    folder: Folder, run: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is asked with a placeholder for a credential."""
    del folder
    monkeypatch.delenv("ACME_TOKEN")

    code, _, err = await run()

    assert code == 1
    assert "the variable ACME_TOKEN is not set" in err


async def test_an_interrupt_ends_quietly(
    folder: Folder, run: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ctrl-C gives the usual exit code, and no traceback."""
    del folder

    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("ticketbridge.cli.fetch.fetch_answer", interrupted)

    assert await run() == (130, "", "")
