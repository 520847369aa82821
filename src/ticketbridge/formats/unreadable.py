"""The error of every reader of documents."""

from __future__ import annotations


class DocumentError(Exception):
    """The text is not a document of its format, or is not supported. The message has no data."""
