"""What the reader of mappings does besides what a process shows: defects, haste, and the end."""

from __future__ import annotations

import asyncio
import io
import json
import signal
import sys
import threading
from pathlib import Path

import pytest
import watchfiles

from tests.support import SECRET, TOKEN, Changes, events, mapping
from ticketbridge.engine.tickets.shape_counts import ShapeCounts
from ticketbridge.service import watch as watch_module
from ticketbridge.service.app import Application, Watchers
from ticketbridge.service.hangup import on_hangup
from ticketbridge.service.mapping_set import BrokenMapping, MappingLoader, MappingSet
from ticketbridge.service.metrics import Metrics
from ticketbridge.service.reload import Reloader, count_reload, log_broken, log_reload, log_start
from ticketbridge.service.settings import Settings
from ticketbridge.service.watch import watching

pytestmark = pytest.mark.anyio

VARIABLES = {"MENTA_SECRET": SECRET, "ACME_TOKEN": TOKEN, "ACME_API": "http://127.0.0.1:9"}


def write(folder: Path, changes: Changes | None = None) -> Path:
    """Write the changed MAPPING."""
    file = folder / "acme.yaml"
    file.write_text(json.dumps(mapping(changes)))
    return file


def served(folder: Path) -> tuple[Application, MappingLoader]:
    """An application that serves the mappings of *folder*."""
    settings = Settings(mappings=(str(folder),))
    app, loader = Application(settings), MappingLoader(settings, VARIABLES)
    app.serve(loader.load())
    return app, loader


class Held(MappingLoader):
    """A loader that waits to be let go, and counts."""

    def __init__(self, folder: Path) -> None:
        super().__init__(Settings(mappings=(str(folder),)), VARIABLES)
        self.go = threading.Event()
        self.loads = 0

    def load(self, before: MappingSet = MappingSet()) -> MappingSet:  # noqa: B008 - frozen
        """See MappingLoader."""
        self.loads += 1
        self.go.wait(20)
        return super().load(before)


def test_keys_are_forgotten_where_the_mapping_changed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What another version of a mapping reads is not new; the same version goes on counting."""
    forgotten: list[ShapeCounts] = []

    def forget(shapes: ShapeCounts) -> None:
        forgotten.append(shapes)

    monkeypatch.setattr(ShapeCounts, "forget_keys", forget)
    write(tmp_path)
    settings, metrics = Settings(mappings=(str(tmp_path),)), Metrics()
    app = Application(settings, watchers=Watchers(metrics=metrics))
    loader = MappingLoader(settings, VARIABLES)
    app.serve(loader.load())
    app.serve(loader.load(app.mappings))
    same = len(forgotten)
    write(tmp_path, {"endpoint.path": "/other"})
    app.serve(loader.load(app.mappings))

    assert (same, forgotten) == (1, [metrics.meter("acme").shapes] * 2)
    assert {each.bridge.shapes for each in app.mappings.loaded} == {metrics.meter("acme").shapes}


def reloads_of(metrics: Metrics) -> dict[tuple[str, ...], list[float]]:
    """How often each file was read again, by its name and the result."""
    return metrics.samples([], 0, {}, {}).get("ticketbridge_reloads", {})


def test_files_that_were_read_again_are_counted(tmp_path: Path) -> None:
    """A file counts where it is new, changed or mended, and, as failed, each time it cannot be used."""
    settings, metrics = Settings(mappings=(str(tmp_path),)), Metrics()
    loader = MappingLoader(settings, VARIABLES)
    file, other = write(tmp_path), tmp_path / "other.yaml"
    first = loader.load()
    other.write_text(json.dumps(mapping({"platform": "other", "endpoint.path": "/other"})))
    second = loader.load(first)
    count_reload(metrics, first, second)
    assert reloads_of(metrics) == {("other.yaml", "ok"): [1]}

    whole = file.read_text()
    file.write_text("version: 2")
    third = loader.load(second)
    count_reload(metrics, second, third)
    count_reload(metrics, third, loader.load(third))
    assert reloads_of(metrics) == {("other.yaml", "ok"): [1], ("acme.yaml", "failed"): [2]}

    file.write_text(whole)
    count_reload(metrics, third, loader.load(third))
    assert reloads_of(metrics)["acme.yaml", "ok"] == [1]
    assert reloads_of(metrics)["other.yaml", "ok"] == [1]


async def until_idle(reloader: Reloader) -> None:
    """Wait until all that was wished is done."""
    async with asyncio.timeout(20):
        while reloader._task is not None:  # noqa: ASYNC110 - there is no event for it
            await asyncio.sleep(0.01)


async def test_what_is_wished_meanwhile_is_one_more_reload(tmp_path: Path) -> None:
    """However often it is told while it reads, it reads once more."""
    write(tmp_path)
    app, _ = served(tmp_path)
    loader = Held(tmp_path)
    told: list[MappingSet] = []
    reloader = Reloader(app, loader, lambda _, after: told.append(after))
    for _ in range(5):
        reloader.wish()
        await asyncio.sleep(0.01)
    loader.go.set()
    await until_idle(reloader)

    assert (loader.loads, len(told)) == (2, 2)
    assert app.mappings is told[-1]


async def test_a_reload_is_counted_where_metrics_are_kept(tmp_path: Path) -> None:
    """What is served after it is counted, in the numbers of the same application."""
    write(tmp_path)
    settings, metrics = Settings(mappings=(str(tmp_path),)), Metrics()
    app = Application(settings, watchers=Watchers(metrics=metrics))
    loader = MappingLoader(settings, VARIABLES)
    app.serve(loader.load())
    write(tmp_path, {"endpoint.path": "/other"})
    reloader = Reloader(app, loader, lambda *_: None)
    reloader.wish()
    await until_idle(reloader)

    assert app.samples(metrics)["ticketbridge_reloads"] == {("acme.yaml", "ok"): [1]}


async def test_a_service_that_leaves_reads_nothing_any_more(tmp_path: Path) -> None:
    """Neither is a wish heard, nor is what is being read waited for."""
    write(tmp_path)
    app, _ = served(tmp_path)
    before = app.mappings
    loader = Held(tmp_path)
    reloader = Reloader(app, loader, lambda *_: None)
    reloader.wish()
    while not loader.loads:  # noqa: ASYNC110 - there is no event for it
        await asyncio.sleep(0.01)
    app.load.leave()
    reloader.wish()
    await reloader.stop()
    loader.go.set()
    await asyncio.sleep(0.1)

    assert app.mappings is before
    assert loader.loads == 1


async def test_a_defect_keeps_what_is_served(
    tmp_path: Path, lines: io.StringIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever fails while mappings are read is in the log, and the next time they are read again."""
    write(tmp_path)
    app, loader = served(tmp_path)
    before = app.mappings
    reloader = Reloader(app, loader, log_reload)
    with monkeypatch.context() as patched:
        patched.setattr(loader, "_find_files", lambda: 1 / 0)
        reloader.wish()
        await until_idle(reloader)
    kept = app.mappings
    reloader.wish()
    await until_idle(reloader)

    assert kept is before
    assert app.mappings is not before
    (line,) = events(lines, "mappings cannot be read again")
    assert "ZeroDivisionError" in str(line["traceback"])
    assert len(events(lines, "mappings read again")) == 1


def test_a_defect_in_a_mapping_has_its_traceback(tmp_path: Path, lines: io.StringIO) -> None:
    """A broken file has its reason in the log, and a defect of ours where it came from."""
    log_start(MappingSet(broken=[BrokenMapping(tmp_path / "a.yaml", OSError("gone"))]))
    log_broken(BrokenMapping(tmp_path / "b.yaml", ZeroDivisionError("ana@example.com")))
    first, second = events(lines, "mapping broken")

    assert (first["reason"], "traceback" in first) == ("gone", False)
    assert "ZeroDivisionError" in str(second["traceback"])
    assert "ana@" not in str(second)


async def test_a_broken_file_is_logged_once(tmp_path: Path, lines: io.StringIO) -> None:
    """It has a line when it breaks, and one when it is wrong in another way, and none in between."""
    file = write(tmp_path)
    app, loader = served(tmp_path)
    reloader = Reloader(app, loader, log_reload)
    for content in ("version: 1\n", "version: 1\n", "version: 2\n"):
        file.write_text(content)
        reloader.wish()
        await until_idle(reloader)

    broken = events(lines, "mapping broken")
    assert [line["served"] for line in broken] == ["the last good content"] * 2
    assert [line["broken"] for line in events(lines, "mappings read again")] == [1, 1, 1]


async def test_warnings_are_logged_with_what_changed(tmp_path: Path, lines: io.StringIO) -> None:
    """What `check` would doubt in a new content is said when it is served."""
    write(tmp_path)
    app, loader = served(tmp_path)
    reloader = Reloader(app, loader, log_reload)
    write(tmp_path, {"endpoint.access.secrets": ["in-clear-in-the-file"]})
    reloader.wish()
    await until_idle(reloader)

    assert [line["code"] for line in events(lines, "mapping warning")] == ["TB053"]
    (loaded,) = events(lines, "mapping loaded")
    assert (loaded["platform"], loaded["paths"]) == ("acme", ["/tickets"])
    assert "in-clear-in-the-file" not in lines.getvalue()


async def test_paths_that_another_process_would_not_serve_are_told(
    tmp_path: Path, lines: io.StringIO
) -> None:
    """What a mapping keeps of its former path is no other instance's: that is a warning, with what to do."""
    write(tmp_path)
    app, loader = served(tmp_path)
    reloader = Reloader(app, loader, log_reload)
    other = tmp_path / "other.yaml"
    other.write_text(json.dumps(mapping({"platform": "other"})))
    reloader.wish()
    await until_idle(reloader)
    (beside,) = events(lines, "the next start serves other paths")
    write(tmp_path, {"endpoint.path": "/acme"})
    reloader.wish()
    await until_idle(reloader)
    (tmp_path / "acme.yaml").unlink()
    reloader.wish()
    await until_idle(reloader)
    (_, alone) = events(lines, "the next start serves other paths")

    assert (beside["only_here"], beside["only_there"]) == (["/tickets"], [])
    assert (alone["only_here"], alone["only_there"]) == (["/other/tickets"], ["/tickets"])
    assert "`endpoint.path`" in str(beside["hint"])


@pytest.mark.parametrize("why", ["no events", "not installed"])
async def test_without_events_files_are_looked_at(
    tmp_path: Path, lines: io.StringIO, monkeypatch: pytest.MonkeyPatch, why: str
) -> None:
    """Where the system has no events left, or watchfiles is not there, a change is noticed all the same."""

    def no_events(*_folders: Path, **_options: object) -> None:
        raise OSError("inotify watch limit reached")

    if why == "no events":
        monkeypatch.setattr(watchfiles, "watch", no_events)
    else:
        monkeypatch.setitem(sys.modules, "watchfiles", None)
    monkeypatch.setattr(watch_module, "EVERY", 0.05)
    write(tmp_path)
    app, loader = served(tmp_path)
    noticed = threading.Event()
    with watching(loader, lambda: app.mappings, noticed.set):
        write(tmp_path, {"ticket.fields.currency": {"const": "USD"}})
        assert await asyncio.to_thread(noticed.wait, 20)

    (line,) = events(lines, "files are looked at without events")
    assert ("ticketbridge[watch]" in str(line)) == (why == "not installed")
    assert ("inotify" in str(line["reason"])) == (why == "no events")


async def test_a_file_that_is_away_for_a_moment_has_not_changed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Some programs write a file anew under its name: where it is soon there as before, nothing is read."""

    class Restoring(MappingLoader):
        """Writes the file as before when it is missed."""

        def misses(self, known: MappingSet) -> bool:
            """See MappingLoader."""
            is_away = super().misses(known)
            write(tmp_path)
            restored.set()
            return is_away

    restored, noticed = threading.Event(), threading.Event()
    monkeypatch.setitem(sys.modules, "watchfiles", None)
    monkeypatch.setattr(watch_module, "EVERY", 0.05)
    file = write(tmp_path)
    app, _ = served(tmp_path)
    loader = Restoring(Settings(mappings=(str(tmp_path),)), VARIABLES)
    with watching(loader, lambda: app.mappings, noticed.set):
        file.unlink()
        assert await asyncio.to_thread(restored.wait, 20)

    assert not noticed.is_set()


async def test_a_system_without_hangups_serves(monkeypatch: pytest.MonkeyPatch) -> None:
    """There `--watch` is the way."""
    monkeypatch.delattr(signal, "SIGHUP")
    with on_hangup(lambda: None):
        pass
