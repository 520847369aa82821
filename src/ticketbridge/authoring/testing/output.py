"""Files that a run writes."""

from __future__ import annotations

from pathlib import Path

from ticketbridge.terminal import UsageError


class OutputError(UsageError):
    """A file that cannot be written; the message names it."""


def write_text(file: Path, text: str) -> None:
    """Writes *text* as it is, in UTF-8; raises OutputError."""
    try:
        file.write_bytes(text.encode())
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "no legal path"
        raise OutputError(f"{file}: cannot be written: {reason}") from None
