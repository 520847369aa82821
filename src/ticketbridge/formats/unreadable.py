"""What every reader of documents raises."""

from __future__ import annotations


class DocumentError(Exception):
    """What is no document of its format, or is not read here; its text tells no data."""
