"""Values of which nothing but the shape is left: `Ana Ruiz` is `Xxx xxxx`, 12.5 is 55.5."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any

from ticketbridge.authoring.personal.standins import shaped

_LONGEST = 60
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}(?P<time>[T ][0-9]{2}:[0-9]{2}\S*)?")
_DAYS = ("2000-01-01", "2001-02-03")
_SCHEME = re.compile(r"[a-z][a-z0-9+.-]*://", re.IGNORECASE)
_STRANGE = re.compile(r"[^\w \-.,:;/#+()]|[^\x00-\x7f]")
_BLANKS = re.compile(r"\s+")


class Shapes:
    """Gives the same value the same shape, and another value another, as far as there is room for it."""

    def __init__(self) -> None:
        self._numbers: dict[str, int] = {}

    def of(self, value: Any) -> Any:
        """The shape of a text or a number; true, false and null are their own."""
        if isinstance(value, str):
            return self.of_text(value)
        if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
            return value
        return self._of_number(value)

    def of_text(self, text: str) -> str:
        """A date stays a date, a URL a URL; letters are `x`, digits are 5."""
        if not text.strip():
            return text
        date = _DATE.fullmatch(text)
        if date:
            day = _DAYS[1] if text.startswith(_DAYS[0]) else _DAYS[0]
            return day + re.sub(r"[0-9]", "0", date["time"] or "")
        scheme = _SCHEME.match(text)
        if scheme:
            rest = self._plain(text[scheme.end() :].partition("/")[2])
            return f"{scheme[0]}platform.example/{rest}"
        return self._plain(text)

    def _plain(self, text: str) -> str:
        number = self._numbers.setdefault(text, len(self._numbers) + 1)
        cut = _STRANGE.sub("x", _BLANKS.sub(" ", text)[:_LONGEST])
        made = shaped(cut, number)
        return made if made != text else shaped(cut, number + 1)

    def _of_number(self, value: float | Decimal) -> Any:
        written = str(abs(value))
        number = self._numbers.setdefault(written, len(self._numbers) + 1)
        made = shaped(written, number) if written.replace(".", "").isdecimal() else "5.5"
        made = shaped(written, number + 1) if made == written else made
        made = "5" + made[1:] if made.startswith("0") else made
        signed = f"-{made}" if value < 0 else made
        return type(value)(signed)
