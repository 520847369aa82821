"""What the documentation shows of drafts and explanations is what the program prints."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from benchmarks import drafts
from benchmarks.report import as_markdown
from tests.support import USER
from ticketbridge.cli import main

DOCS = Path(__file__).parents[3] / "docs"
PAGE = (DOCS / "how-to" / "draft-a-mapping.md").read_text("utf-8")
FIGURES = (DOCS / "explanation" / "performance.md").read_text("utf-8")


def fence(language: str) -> str:
    """The page's fenced block of a language."""
    found = re.search(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)
    assert found
    return found[1]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the answer and its draft."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "orders.json").write_text(fence("json"))
    sample = f"/orders?email={USER}=orders.json"
    assert main(["draft", sample, "--user", USER, "-o", "acme.yaml"]) == 0
    return tmp_path


def test_the_draft_that_is_shown_is_the_one_that_is_made(folder: Path) -> None:
    """From `source` on, comment by comment."""
    text = (folder / "acme.yaml").read_text()

    assert text[text.index("source:") :] == fence("yaml example")


def test_the_explanation_that_is_shown_is_the_one_that_is_printed(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """But for the time that the call took."""
    del folder
    capsys.readouterr()
    words = ["map", "acme.yaml", "orders.json", "--user", USER, "--explain"]
    assert main([*words, "--now", "2026-11-24T12:00:00Z"]) == 0

    out = capsys.readouterr().out.partition("\n\n{")[0]
    assert _timeless(out) == _timeless(fence("text").rstrip())


def test_the_figures_that_are_shown_are_those_that_are_measured() -> None:
    """All tables, to the digit."""
    for table in drafts.measure(quick=True).tables:
        shown = re.search(r"\|.*\|\n\|[-: |]+\|\n(?:\|.*\|\n?)+", as_markdown(table))
        assert shown
        assert shown[0].strip() in FIGURES


def _timeless(text: str) -> str:
    return re.sub(r"\d+\.\d ms", "ms", text)
