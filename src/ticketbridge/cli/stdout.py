"""The standard output of a command: what cannot be written is an error of its own."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterator
from typing import Any, TextIO, cast


class StdoutError(Exception):
    """The output cannot be written; the text is the system's reason.

    It is no OSError, so that no command takes it for an error of one of its files.
    """


@contextlib.contextmanager
def checked_stdout(*, is_closed: bool) -> Iterator[None]:
    """Raise StdoutError as soon as stdout takes no more, at the latest at the end.

    *is_closed*: stdout was closed at the start, and the null device stands in for it. BrokenPipeError
    stays as it is: whoever reads the output has seen enough.
    """
    stream = sys.stdout
    with contextlib.redirect_stdout(cast(TextIO, _Checked(stream, is_closed=is_closed))):
        try:
            try:
                yield
            finally:
                sys.stdout.flush()
        except (StdoutError, BrokenPipeError):
            _give_up(stream)
            raise


class _Checked:
    """A stream whose writing raises StdoutError."""

    def __init__(self, stream: TextIO, *, is_closed: bool) -> None:
        self._stream = stream
        self._is_closed = is_closed

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    def write(self, text: str) -> int:
        if self._is_closed and text:
            raise StdoutError("stdout is closed")
        with _named():
            return self._stream.write(text)

    def flush(self) -> None:
        with _named():
            self._stream.flush()


@contextlib.contextmanager
def _named() -> Iterator[None]:
    try:
        yield
    except BrokenPipeError:
        raise
    except OSError as error:
        raise StdoutError(error.strerror or "it is not possible") from error


def _give_up(stream: TextIO) -> None:
    """Let Python write what is left of the output to the null device when it ends."""
    with contextlib.suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
