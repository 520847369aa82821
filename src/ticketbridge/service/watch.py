"""Notice changed files of mappings: by the system's events, and by a look every few seconds."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial

from ticketbridge.service.logs import log_event
from ticketbridge.service.mapping_set import MappingLoader, MappingSet

EVERY = 2.0
"""Seconds between two looks without an event: network file systems and some mounts send none."""

_QUIET_MS = 50  # without an event, after which a burst of them is over
_LONGEST_MS = 400  # of a burst
_AWAY = 1.0  # seconds that a file may be away while it is written anew
_INSTALL = "pip install 'ticketbridge[watch]' has changes noticed at once"


@contextmanager
def watching(
    loader: MappingLoader, known: Callable[[], MappingSet], changed: Callable[[], object]
) -> Iterator[None]:
    """Call *changed*, in a thread, when the files differ from the files of *known*.

    All source files of the mappings count, also schemas, certificates and the files of secrets.
    """
    stop = threading.Event()
    arguments = (loader, known, changed, stop)
    thread = threading.Thread(target=_watch, args=arguments, name="watch", daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


class _Over:
    """Tells the watch to end: for good, or because other folders count now."""

    def __init__(self, stop: threading.Event, known: Callable[[], MappingSet]) -> None:
        self._stop = stop
        self._known = known
        self.mappings = known()

    def is_set(self) -> bool:
        """Return whether the watch must end; see threading.Event."""
        return self._stop.is_set() or self._known() is not self.mappings


def _watch(
    loader: MappingLoader,
    known: Callable[[], MappingSet],
    changed: Callable[[], object],
    stop: threading.Event,
) -> None:
    looks: Callable[[_Over], Iterator[object]] = _looks_by_events
    while not stop.is_set():
        over = _Over(stop, known)
        try:
            for _ in looks(over):
                if loader.is_current(known()):
                    continue
                if loader.misses(known()):
                    # Some programs write a file anew under its name: a moment later all is as before.
                    stop.wait(_AWAY)
                    if loader.is_current(known()):
                        continue
                changed()
        except (ImportError, OSError, RuntimeError) as error:
            hint = _INSTALL if isinstance(error, ImportError) else None
            fields = {"every_seconds": EVERY, "reason": str(error), "hint": hint}
            log_event("files are looked at without events", fields, logging.WARNING)
            looks = partial(_looks_by_time, stop)


def _looks_by_events(over: _Over) -> Iterator[object]:
    """Yield at once, and then each time the files must be looked at. Raises errors of the system."""
    # An extra, which only who watches needs.
    from watchfiles import watch  # noqa: PLC0415 - see above

    yield None
    yield from watch(
        *over.mappings.folders,
        watch_filter=None,
        debounce=_LONGEST_MS,
        step=_QUIET_MS,
        stop_event=over,
        rust_timeout=int(EVERY * 1000),
        yield_on_timeout=True,
        recursive=False,
    )


def _looks_by_time(stop: threading.Event, _over: _Over) -> Iterator[object]:
    while not stop.wait(EVERY):
        yield None
