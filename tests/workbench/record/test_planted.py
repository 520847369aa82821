"""Nothing personal is left in a recorded case, whatever the platform calls it; the case still passes."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import anyio
import pytest
import uvicorn

from tests.mappings.pretix_replay import ORGANIZER, TOKEN, pretix
from tests.mappings.replay import SAMPLES, Platform, running
from tests.mappings.test_recorded import RECORDINGS
from tests.support import SECRET, PromptServer
from tests.workbench.cases_support import run_cases
from tests.workbench.record.planted import left_in, with_planted
from ticketbridge.demo.lantern import BASE_PATH, make_legacy_platform
from ticketbridge.mapping import Environment
from ticketbridge.workbench.answers import fetch_answer
from ticketbridge.workbench.record.recording import record

pytestmark = pytest.mark.anyio


def written_in(folder: Path) -> str:
    """All that stands in the files of *folder*, the mapping's aside."""
    files = (path for path in folder.rglob("*") if path.is_file())
    texts = [path.read_text("utf-8") for path in files if path.name.partition(".")[2] != "yaml"]
    return "\n".join(texts)


async def recorded(name: str, variables: Mapping[str, str], user: str, folder: Path) -> str:
    """All that `fetch --record` writes for *user*; the case passes, and expects what was answered."""
    mapping = Path(shutil.copy(SAMPLES.parent / f"{name}.yaml", folder))
    environment = Environment({**variables, "MENTA_SECRET": SECRET})
    answer_run = await anyio.to_thread.run_sync(lambda: fetch_answer(mapping, user, environment))
    cases = folder / f"{name}.cases.yaml"
    await anyio.to_thread.run_sync(lambda: record(answer_run, mapping, cases, "recorded"))

    (result,) = await anyio.to_thread.run_sync(run_cases, mapping)
    assert (result.passed, result.message) == (True, "")
    return written_in(folder)


def with_planted_answers(platform: Platform) -> Platform:
    """The platform, in each object of whose JSON answers the planted data stands."""
    platform.answers = [
        replace(answer, content=json.dumps(with_planted(json.loads(answer.content))).encode())
        if answer.content[:1] in {b"{", b"["}
        else answer
        for answer in platform.answers
    ]
    return platform


@pytest.mark.parametrize("recording", RECORDINGS, ids=[each.name for each in RECORDINGS])
async def test_nothing_planted_is_left_of_a_shipped_platform(
    recording: Any, tmp_path: Path
) -> None:
    """More than eighty texts in every object that the platform answers: all are gone, in keys too."""
    platform = with_planted_answers(recording.platform())
    name, token = recording.token
    async with running(platform):
        variables = {**recording.variables, recording.api: platform.url, name: token}
        text = await recorded(recording.name, variables, recording.user, tmp_path)

    assert left_in(text) == []
    assert recording.user.partition("@")[0] not in text


async def test_nothing_planted_is_left_of_pretix(tmp_path: Path) -> None:
    """Whose orders are joined to events and to items."""
    platform = with_planted_answers(pretix())
    async with running(platform):
        variables = {
            "PRETIX_API": platform.url,
            "PRETIX_ORGANIZER": ORGANIZER,
            "PRETIX_TOKEN": TOKEN,
        }
        text = await recorded("pretix", variables, "ana@example.com", tmp_path)

    assert left_in(text) == []
    assert "ana@" not in text


async def test_the_demo_is_recorded(tmp_path: Path) -> None:
    """The case that a first user records passes, and has no name and no address of the demo's people."""
    app = make_legacy_platform("demo-token")
    server = PromptServer(uvicorn.Config(app, port=0, log_config=None, lifespan="off", ws="none"))
    async with anyio.create_task_group() as group:
        group.start_soon(server.serve)
        while not server.started:  # noqa: ASYNC110 - uvicorn has no event for it
            await anyio.sleep(0.005)
        port = server.servers[0].sockets[0].getsockname()[1]
        variables = {
            "DEMO_API": f"http://127.0.0.1:{port}{BASE_PATH}",
            "DEMO_TOKEN": "demo-token",
            "DEMO_SECRET": SECRET,
        }
        text = await recorded("demo", variables, "ana@example.com", tmp_path)
        await server.leave()

    assert "ana@" not in text.casefold()
    assert "returned: " in text
