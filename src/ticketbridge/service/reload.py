"""Read mappings again while they are served: on SIGHUP, or because their files changed."""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import AsyncIterator, Callable
from contextlib import ExitStack, asynccontextmanager

from ticketbridge.mapping import MappingError
from ticketbridge.service.app import Application, Around
from ticketbridge.service.hangup import on_hangup
from ticketbridge.service.logs import LOGGER, log_event
from ticketbridge.service.mapping_set import (
    BrokenMapping,
    LoadedMapping,
    MappingLoader,
    MappingSet,
)
from ticketbridge.service.metrics import Metrics
from ticketbridge.service.watch import watching
from ticketbridge.terminal import UsageError

Reloaded = Callable[[MappingSet, MappingSet], None]
"""Called with the mappings before and after a reload."""


class Reloader:
    """Lets *app* serve what *loader* reads, each time it is asked to.

    Files are read and compiled in a thread. An unchanged mapping keeps its connections, tokens and breaker. A
    changed one is replaced at once; running answers finish with the old one.
    """

    def __init__(self, app: Application, loader: MappingLoader, told: Reloaded) -> None:
        self._app = app
        self._loader = loader
        self._told = told
        self._loop = asyncio.get_running_loop()
        self._is_wished = False
        self._task: asyncio.Task[None] | None = None

    def wish(self) -> None:
        """Read the mappings again soon. A request during a reading causes one more."""
        self._is_wished = not self._app.load.is_leaving
        if self._is_wished and self._task is None:
            self._task = self._loop.create_task(self._reload_as_wished())

    def wish_from_thread(self) -> None:
        """Ask for a reading like `wish`, from outside the event loop."""
        self._loop.call_soon_threadsafe(self.wish)

    async def stop(self) -> None:
        """Read nothing any more; do not wait for a running reading."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])

    async def _reload_as_wished(self) -> None:
        try:
            while self._is_wished:
                self._is_wished = False
                await self._reload()
        finally:
            self._task = None

    async def _reload(self) -> None:
        before = self._app.mappings
        after = await asyncio.to_thread(read_again, self._loader, before)
        if after is before:
            return
        self._app.serve(after)
        for gone in set(before.loaded) - set(after.loaded):
            # Its idle connections; the others close after the answers that they are for.
            await gone.bridge.aclose()
        self._told(before, after)
        if self._app.watchers.metrics is not None:
            count_reload(self._app.watchers.metrics, before, after)


def read_again(loader: MappingLoader, before: MappingSet) -> MappingSet:
    """Return what *loader* reads now; after a defect of ours, which is logged, return *before*."""
    try:
        return loader.load(before)
    except Exception:  # noqa: BLE001 - what is served has to stay
        LOGGER.exception("mappings cannot be read again")
        return before


def reloads(loader: MappingLoader, *, by_signal: bool, watch: bool) -> Around:
    """Return a context in which an application reads its mappings again.

    *by_signal*: on SIGHUP, in a process of our own. *watch*: when their files change.
    """

    @asynccontextmanager
    async def context(app: Application) -> AsyncIterator[None]:
        reloader = Reloader(app, loader, log_reload)
        try:
            with ExitStack() as stack:
                if watch:
                    changed = reloader.wish_from_thread
                    stack.enter_context(watching(loader, lambda: app.mappings, changed))
                if by_signal:
                    stack.enter_context(on_hangup(reloader.wish))
                yield
        finally:
            await reloader.stop()

    return context


def count_reload(metrics: Metrics, before: MappingSet, after: MappingSet) -> None:
    """Count each file that was read again, and whether it can be used."""
    names = after.names
    known = {each.file: each for each in before.loaded}
    broken = {each.file for each in after.broken}
    mended = {each.file for each in before.broken} - broken
    for mapping in after.loaded:
        if mapping.file not in broken and (
            known.get(mapping.file) is not mapping or mapping.file in mended
        ):
            metrics.count_reload(names[mapping.file], ok=True)
    for file in broken:
        metrics.count_reload(names[file], ok=False)


# --- what the log says ----------------------------------------------------------------------------


def log_reload(before: MappingSet, after: MappingSet) -> None:
    """Log each mapping that came, changed, went or broke, with the process that says it."""
    pid = os.getpid()
    known = {each.file: each for each in before.loaded}
    changed = [each for each in after.loaded if known.get(each.file) is not each]
    files = {each.file for each in after.loaded}
    gone = [each for each in before.loaded if each.file not in files]
    for mapping in changed:
        log_warnings(mapping)
        log_event("mapping loaded", {**_named(mapping, after), "pid": pid})
    for mapping in gone:
        log_event("mapping removed", {**_named(mapping, before), "pid": pid})
    said = {(each.file, str(each.error)) for each in before.broken}
    for broken in after.broken:
        if (broken.file, str(broken.error)) not in said:
            log_broken(broken)
    _log_paths(after)
    counts = {"changed": len(changed), "removed": len(gone), "broken": len(after.broken)}
    log_event("mappings read again", {"served": len(after.loaded), **counts, "pid": pid})


def _log_paths(mappings: MappingSet) -> None:
    """Warn if another process would serve other paths: half of the pulls would not be found."""
    next_paths = mappings.paths_of_next_start
    if next_paths != mappings.paths.keys():
        fields = {
            "only_here": sorted(mappings.paths.keys() - next_paths),
            "only_there": sorted(next_paths - mappings.paths.keys()),
            "hint": "give each mapping an `endpoint.path`",
        }
        log_event("the next start serves other paths", fields, logging.WARNING)


def log_start(mappings: MappingSet) -> None:
    """Log the doubts and errors of the first *mappings*."""
    for mapping in mappings.loaded:
        log_warnings(mapping)
    for broken in mappings.broken:
        log_broken(broken)


def log_warnings(mapping: LoadedMapping) -> None:
    """Log the doubts that `check` would find in *mapping*."""
    for finding in mapping.bridge.warnings:
        fields = {
            "code": finding.code,
            "place": str(finding.place),
            "message": finding.message,
            "suggestion": finding.suggestion or None,
        }
        log_event("mapping warning", fields, logging.WARNING)


def log_broken(mapping: BrokenMapping) -> None:
    """Log why *mapping* cannot be used; a defect has its traceback."""
    served = "the last good content" if mapping.is_served else "nothing"
    fields = {"file": str(mapping.file), "served": served, "pid": os.getpid()}
    error = mapping.error
    is_known = isinstance(error, MappingError | UsageError | OSError)
    if is_known:
        log_event("mapping broken", {**fields, "reason": str(error)}, logging.ERROR)
    else:
        LOGGER.error("mapping broken", exc_info=error, extra={"fields": fields})


def _named(mapping: LoadedMapping, mappings: MappingSet) -> dict[str, object]:
    paths = mappings.paths_of(mapping)
    return {"platform": mapping.platform, "paths": paths, "digest": mapping.digest}
