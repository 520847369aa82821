"""The stable codes of findings."""

from __future__ import annotations

import re
from pathlib import Path

from ticketbridge.mapping import CODES, codes

PACKAGE = Path(codes.__file__).parent
# TB2xx and TB3xx are for expressions and for what a mapping can give.
USED = re.compile(r'"(TB0\d\d)"')


def test_every_code_is_used_and_every_used_code_has_its_meaning() -> None:
    """The table and the code agree: no code without a meaning, and none that is never given."""
    sources = [path for path in PACKAGE.rglob("*.py") if path.name != "codes.py"]
    used = {code for path in sources for code in USED.findall(path.read_text(encoding="utf-8"))}

    assert used == {code for code in CODES if code.startswith("TB0")}


def test_the_codes_are_in_order() -> None:
    """The table is sorted, and each meaning is one line."""
    assert list(CODES) == sorted(CODES)
    assert all(meaning and "\n" not in meaning for meaning in CODES.values())
