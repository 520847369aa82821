"""One line for each answer, as JSON or as text for a terminal: no e-mail, query, body or credential."""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
import logging
import secrets
import sys
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from functools import lru_cache, partial
from typing import Any, NamedTuple, TextIO

import msgspec

from ticketbridge.redaction import mask_emails
from ticketbridge.service.exporter_lines import EXPORTER, exporter_message, mask_exporter
from ticketbridge.service.logwriter import LogWriter
from ticketbridge.service.settings import LogFormat, Settings

LOGGER = logging.getLogger("ticketbridge")
_FLUSH_SECONDS = 2.0
_ENCODE = msgspec.json.Encoder().encode
_TEXTS = frozenset({"reason", "notes", "hint"})  # fields that may be long
_user_marks = hashlib.blake2b(key=secrets.token_bytes(32), digest_size=8)


class AnswerFields(msgspec.Struct, omit_defaults=True):
    """The fields of an answer's line, in order. A structure is made and written faster than a mapping."""

    request_id: str
    trace_id: str
    platform: str
    status: int
    problem: str | None = None
    reason: str | None = None
    address: str | None = None
    secret: int | None = None
    user: str | None = None
    verdicts: Mapping[str, int] | None = None
    nothing: int | None = None
    calls: int | None = None
    upstream_ms: float | None = None
    map_ms: float | None = None
    notes: Sequence[str] | None = None


Fields = Mapping[str, Any] | AnswerFields
"""What a line of the log says beside its event."""


def user_hash(user: str) -> str:
    """Return a mark that identifies the lines of one user, but not the user.

    Its key comes from the settings, or is made at start and stored nowhere. So a list of addresses
    cannot be tested against a log.
    """
    mark = _user_marks.copy()
    mark.update(user.lower().encode())
    return mark.hexdigest()


def configure(
    settings: Settings,
    stream: TextIO | None = None,
    *,
    in_background: bool = False,
    is_hosted: bool = False,
) -> None:
    """Send ticketbridge's, uvicorn's and OpenTelemetry's lines to *stream* (stderr), as *settings* say.

    *in_background*: a thread writes them, so that no answer waits for the reader of the stream. Call
    `flush` before the process ends. *is_hosted*: the process belongs to another server, whose lines
    stay.
    """
    global _user_marks  # noqa: PLW0603 - as logging itself, this is one for the process
    if settings.log_key:
        key = hashlib.blake2b(settings.log_key.encode()).digest()
        _user_marks = hashlib.blake2b(key=key, digest_size=8)
    handler = _handler(stream or sys.stderr, _FORMS[settings.log_format], in_background)
    for name in ("ticketbridge", "uvicorn.error", EXPORTER):
        logger = logging.getLogger(name)
        logger.handlers[:] = [handler]
        logger.propagate = False
        logger.setLevel(settings.log_level.upper())
    if not is_hosted:
        # What no line shows need not be found out for each: see "Optimization" in logging's documentation.
        logging.logThreads = logging.logProcesses = logging.logMultiprocessing = False
    for name in ("uvicorn.access", "httpx", "httpcore", "urllib3", "asyncio", "oauthlib"):
        # These write URLs, and a URL holds the user; or signatures.
        logging.getLogger(name).setLevel(logging.CRITICAL)


def flush(seconds: float = _FLUSH_SECONDS) -> None:
    """Wait until the log is written, but at most *seconds*."""
    for handler in LOGGER.handlers:
        if isinstance(handler, _Lines):
            handler.drain(seconds)


def tell(*lines: str) -> None:
    """Write *lines* for people unchanged, in order with the log's lines. They contain no personal data."""
    for handler in LOGGER.handlers:
        if isinstance(handler, _Lines):
            handler.tell("".join(f"{line}\n" for line in lines))


def log_event(event: str, fields: Fields, level: int = logging.INFO) -> None:
    """Write one line; *fields* that are None are left out."""
    if not LOGGER.isEnabledFor(level):
        return
    handlers = LOGGER.handlers
    if handlers and isinstance(handlers[0], _Lines):
        # Without a record of logging, which costs more than its line.
        handlers[0].write(_Line(time.time(), level, event, fields))
    else:
        LOGGER.log(level, event, extra={"fields": _given(fields)})


def _given(fields: Fields) -> dict[str, Any]:
    """Return the *fields* that are not None."""
    if isinstance(fields, AnswerFields):
        fields = msgspec.structs.asdict(fields)
    return {name: value for name, value in fields.items() if value is not None}


def log_doubts(reasons: Iterable[str]) -> None:
    """Write a warning for each of *reasons* to doubt a setting."""
    for reason in reasons:
        log_event("doubtful setting", {"reason": reason}, logging.WARNING)


class _Line(NamedTuple):
    created: float
    level: int
    event: str
    fields: Fields
    traceback: str = ""

    @property
    def may_be_long(self) -> bool:
        """Whether a text is in it that has no bound."""
        fields = self.fields
        if isinstance(fields, AnswerFields):
            return bool(fields.reason or fields.notes)
        return not _TEXTS.isdisjoint(fields)


class _Lines(logging.Handler):
    """Writes lines: those of the `logging` module, and lines that are given to it directly."""

    def __init__(
        self,
        form: Callable[[_Line], str],
        write: Callable[[Any], None],
        drain: Callable[[float], None],
        *,
        makes_later: bool = False,
    ) -> None:
        """Make a handler. *makes_later*: *write* takes a function that makes the line."""
        super().__init__()
        self._form = form
        self._makes_later = makes_later
        self.tell = write
        self.drain = drain

    def emit(self, record: logging.LogRecord) -> None:
        """Write the line of *record*; see logging."""
        traceback = _traceback(record) if record.exc_info else ""
        if record.name.startswith(EXPORTER):
            message, traceback = exporter_message(record), mask_exporter(traceback)
        else:
            message = record.getMessage()
        fields = getattr(record, "fields", {})
        line = _Line(record.created, record.levelno, message, fields, traceback)
        self.tell(self._whole(line))

    def write(self, line: _Line) -> None:
        """Write *line*, or hand it to the thread that does, which makes it too unless it may be long."""
        if self._makes_later and not line.may_be_long:
            self.tell(partial(self._whole, line))
        else:
            self.tell(self._whole(line))

    def _whole(self, line: _Line) -> str:
        return f"{self._form(line)}\n"


def _handler(stream: TextIO | None, form: Callable[[_Line], str], in_background: bool) -> _Lines:
    if stream is None:
        return _Lines(form, lambda _text: None, lambda _seconds: None)
    descriptor = _descriptor(stream) if in_background else None
    if descriptor is None:
        return _Lines(form, lambda text: _write_now(stream, text), lambda _seconds: None)

    def dropped(lines: int) -> str:
        fields = {"lines": lines}
        return f"{form(_Line(time.time(), logging.WARNING, 'log lines dropped', fields))}\n"

    writer = LogWriter(descriptor, dropped)
    return _Lines(form, writer.put, writer.flush, makes_later=True)


def _descriptor(stream: TextIO) -> int | None:
    with contextlib.suppress(OSError, ValueError, io.UnsupportedOperation):
        return stream.fileno()
    return None


def _write_now(stream: TextIO, text: str) -> None:
    """Write *text*. A full or closed stream never makes an answer fail."""
    with contextlib.suppress(OSError, ValueError):
        stream.write(text)
        stream.flush()


def _as_json(line: _Line) -> str:
    fields = line.fields if isinstance(line.fields, AnswerFields) else _given(line.fields)
    if line.traceback:
        fields = {**_given(fields), "traceback": line.traceback}
    head = {"time": _time(line.created), "level": _level(line.level), "event": line.event}
    given = _json(fields)
    text = _json(head) if given == "{}" else f"{_json(head)[:-1]},{given[1:]}"
    # JSON escapes what stands below the blank: of ASCII only DEL is left that is not printable.
    if text.isascii() and "\x7f" not in text:
        return text
    return "".join(map(_in_json, text))


def _as_text(line: _Line) -> str:
    parts = [f"{_escaped(name)}={_text(value)}" for name, value in _given(line.fields).items()]
    level = logging.getLevelName(line.level)
    text = " ".join([_time(line.created), level, _escaped(line.event.strip()), *parts])
    # Indented, so that no line of an exception's text passes for a line of the log.
    inner = [f"    {_escaped(part)}" for part in line.traceback.splitlines()]
    return "\n".join([text, *inner])


_FORMS: Mapping[LogFormat, Callable[[_Line], str]] = {"json": _as_json, "text": _as_text}


_QUOTED = frozenset(' "=')


def _traceback(record: logging.LogRecord) -> str:
    """Return the traceback of a defect, without addresses from the exceptions' texts."""
    text = logging.Formatter().formatException(record.exc_info)  # type: ignore[arg-type]  # is set
    return mask_emails(text)


@lru_cache
def _level(level: int) -> str:
    return logging.getLevelName(level).lower()


def _time(created: float) -> str:
    second = int(created)
    return f"{_second(second)}.{int((created - second) * 1000):03}Z"


@lru_cache(maxsize=1)
def _second(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).replace(tzinfo=None).isoformat()


def _text(value: object) -> str:
    if not isinstance(value, str):
        return _escaped(_json(value))
    if value and _QUOTED.isdisjoint(value):
        return _escaped(value)
    return '"' + _escaped(value.replace('"', '\\"')) + '"'


def _json(value: object) -> str:
    try:
        return _ENCODE(value).decode()
    except (
        UnicodeEncodeError
    ):  # a byte in a platform's header that is no UTF-8 stands for half a character
        return json.dumps(value, default=_given)


def _escaped(text: str) -> str:
    """Return *text* with characters escaped that move a cursor, change the direction, or cannot be seen."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def _in_json(character: str) -> str:
    """Return one *character* of a JSON text, escaped if it is not printable: then it stands in a string."""
    return character if character.isprintable() else json.dumps(character)[1:-1]
