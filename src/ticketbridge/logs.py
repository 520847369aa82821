"""One line an answer, as JSON or as text for a terminal: no e-mail, query, body or credential."""

from __future__ import annotations

import hashlib
import json
import logging
import secrets
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, TextIO

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
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(_FORMATTERS[settings.log_format]())
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
    # Not by LOGGER.log: it would look for the line that calls, which costs more than all the rest.
    record = logging.LogRecord(LOGGER.name, level, "", 0, event, None, None)
    vars(record)["fields"] = {name: value for name, value in fields.items() if value is not None}
    LOGGER.handle(record)


class _JsonFormatter(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        line = {
            "time": _time(record),
            "level": record.levelname.lower(),
            "event": record.getMessage(),
            **getattr(record, "fields", {}),
        }
        if record.exc_info:
            line["traceback"] = _traceback(record)
        # JSON escapes control characters: a value cannot start a line of its own.
        return _json(line)


class _TextFormatter(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        fields = getattr(record, "fields", {})
        parts = [f"{name}={_text(value)}" for name, value in fields.items()]
        line = " ".join(
            [_time(record), record.levelname, _escaped(record.getMessage().strip()), *parts]
        )
        return f"{line}\n{_traceback(record)}" if record.exc_info else line


_FORMATTERS: Mapping[LogFormat, type[logging.Formatter]] = {
    "json": _JsonFormatter,
    "text": _TextFormatter,
}


def _traceback(record: logging.LogRecord) -> str:
    """The traceback of a defect, without any address that an exception's text repeats."""
    text = logging.Formatter().formatException(record.exc_info)  # type: ignore[arg-type]  # is set
    return mask_emails(text)


def _time(record: logging.LogRecord) -> str:
    moment = datetime.fromtimestamp(record.created, UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


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
