"""Pages as Markdown: what a mapping says stays one word of its cell."""

from __future__ import annotations

import pytest

from ticketbridge.workbench.page import Mono, Paragraph, as_markdown


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("item.id", "`item.id`"),
        ("a ` b", "`` a ` b ``"),
        ("a|b", "`a\\|b`"),
        ("a\nb", "`a b`"),
        ("", "(empty)"),
        (" ", "(empty)"),
    ],
)
def test_what_stands_unchanged_is_code(text: str, written: str) -> None:
    """Markdown has no code of blanks alone: it would show the backticks."""
    assert as_markdown([Paragraph((Mono(text),))]) == f"{written}\n"
