"""What may not stand in a log line, taken out of text that could hold it."""

from __future__ import annotations

import re

_EMAIL = re.compile(r"[^\s'\"=<>]+(?:@|%40)[^\s'\"&<>]+")


def mask_emails(text: str) -> str:
    """*text* with everything that looks like an e-mail address replaced."""
    return _EMAIL.sub("(e-mail)", text)
