"""One line an answer, as JSON or as text for a terminal: no e-mail, query, body or credential."""

from __future__ import annotations

import contextlib
import hashlib
import json
import logging
import secrets
import sys
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, NamedTuple, TextIO

import msgspec

from ticketbridge.redaction import mask_emails
from ticketbridge.settings import LogFormat, Settings

LOGGER = logging.getLogger("ticketbridge")
_USER_KEY = secrets.token_bytes(32)


def user_hash(user: str) -> str:
    """A mark by which the lines of one user are known, for as long as the process lives.

    The key is made at start and kept nowhere, so that no list of addresses can be tried against a log.
    """
    return hashlib.blake2b(user.lower().encode(), key=_USER_KEY, digest_size=8).hexdigest()


def configure(settings: Settings, stream: TextIO | None = None) -> None:
    """Send ticketbridge's and uvicorn's lines to *stream* (stderr), in the format of *settings*."""
    handler = _Lines(stream or sys.stderr, _FORMS[settings.log_format])
    for name in ("ticketbridge", "uvicorn.error"):
        logger = logging.getLogger(name)
        logger.handlers[:] = [handler]
        logger.propagate = False
        logger.setLevel(settings.log_level.upper())
    # What no line shows need not be found out for each: see "Optimization" in logging's documentation.
    logging.logThreads = logging.logProcesses = logging.logMultiprocessing = False
    for name in ("uvicorn.access", "httpx", "httpcore", "asyncio"):
        # These write URLs, and a URL holds the user.
        logging.getLogger(name).setLevel(logging.CRITICAL)


def log_event(event: str, fields: Mapping[str, Any], level: int = logging.INFO) -> None:
    """Write one line; *fields* with None are left out."""
    if not LOGGER.isEnabledFor(level):
        return
    shown = {name: value for name, value in fields.items() if value is not None}
    handlers = LOGGER.handlers
    if handlers and isinstance(handlers[0], _Lines):
        # Without a record of logging, which costs more than its line.
        handlers[0].write(_Line(time.time(), level, event, shown))
    else:
        LOGGER.log(level, event, extra={"fields": shown})


class _Line(NamedTuple):
    created: float
    level: int
    event: str
    fields: Mapping[str, Any]
    traceback: str = ""


class _Lines(logging.Handler):
    """Writes lines to a stream: those of logging, and such as are no records."""

    def __init__(self, stream: TextIO, form: Callable[[_Line], str]) -> None:
        super().__init__()
        self._stream = stream
        self._form = form

    def emit(self, record: logging.LogRecord) -> None:
        """See logging."""
        traceback = _traceback(record) if record.exc_info else ""
        fields = getattr(record, "fields", {})
        self.write(_Line(record.created, record.levelno, record.getMessage(), fields, traceback))

    def write(self, line: _Line) -> None:
        """Write it whole; where the stream is full or closed, no answer fails of it."""
        text = f"{self._form(line)}\n"
        with contextlib.suppress(OSError, ValueError):
            self._stream.write(text)
            self._stream.flush()


def _as_json(line: _Line) -> str:
    document = {
        "time": _time(line.created),
        "level": logging.getLevelName(line.level).lower(),
        "event": line.event,
        **line.fields,
    }
    if line.traceback:
        document["traceback"] = line.traceback
    # JSON escapes control characters: a value cannot start a line of its own.
    return _json(document)


def _as_text(line: _Line) -> str:
    parts = [f"{name}={_text(value)}" for name, value in line.fields.items()]
    level = logging.getLevelName(line.level)
    text = " ".join([_time(line.created), level, _escaped(line.event.strip()), *parts])
    return f"{text}\n{line.traceback}" if line.traceback else text


_FORMS: Mapping[LogFormat, Callable[[_Line], str]] = {"json": _as_json, "text": _as_text}


def _traceback(record: logging.LogRecord) -> str:
    """The traceback of a defect, without any address that an exception's text repeats."""
    text = logging.Formatter().formatException(record.exc_info)  # type: ignore[arg-type]  # is set
    return mask_emails(text)


def _time(created: float) -> str:
    second = int(created)
    return f"{_second(second)}.{int((created - second) * 1000):03}Z"


@lru_cache(maxsize=1)
def _second(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).replace(tzinfo=None).isoformat()


def _text(value: object) -> str:
    if isinstance(value, str):
        return _escaped(value) if value and " " not in value else f'"{_escaped(value)}"'
    return _json(value)


def _json(value: object) -> str:
    try:
        return msgspec.json.encode(value).decode()
    except (
        UnicodeEncodeError
    ):  # a byte in a platform's header that is no UTF-8 stands for half a character
        return json.dumps(value)


def _escaped(text: str) -> str:
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)
