"""Each how-to page with a mapping is a recipe: a good mapping whose cases pass."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest

from tests.workbench.cases_support import run_cases
from ticketbridge.mapping import Environment
from ticketbridge.workbench.check.checking import check_paths
from ticketbridge.workbench.markdown import find_fences

HOW_TO = Path(__file__).parents[2] / "docs" / "how-to"
PAGES = {path.stem: path.read_text("utf-8") for path in HOW_TO.glob("*.md")}
RECIPES = [name for name, text in PAGES.items() if "\n- case:" in text]


def recipes_of(name: str) -> list[tuple[str, str]]:
    """The mappings of a page, each with the cases that follow it."""
    fences = [fence.text for fence in find_fences(PAGES[name]) if fence.info == "yaml"]
    return [
        (mapping, cases)
        for mapping, cases in pairwise(fences)
        if mapping.startswith("version: ") and cases.startswith("- case: ")
    ]


@pytest.mark.parametrize("name", RECIPES)
def test_a_recipe_checks_and_runs(name: str, tmp_path: Path) -> None:
    """Each mapping of a page has no finding, and all its cases pass."""
    recipes = recipes_of(name)
    assert recipes

    for mapping, cases in recipes:
        file = tmp_path / "recipe.yaml"
        file.write_text(mapping)
        (tmp_path / "recipe.cases.yaml").write_text(cases)

        checked = check_paths([file], Environment({}, missing="placeholder"))
        results = run_cases(file)

        assert [str(f) for f in checked.findings if f.code != "TB021"] == []
        assert [(result.case, result.message) for result in results if not result.passed] == []
        assert results


def test_each_page_is_found_by_its_title() -> None:
    """No two pages have one title, and a page without a recipe is about a tool."""
    titles = [text.splitlines()[0] for text in PAGES.values()]

    assert len(set(titles)) == len(titles)
    assert all(title.startswith("# ") for title in titles)
    assert len(RECIPES) >= 12
