"""Each recipe, of the mappings' README and of `docs/how-to`, is a good mapping whose cases pass."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.workbench.cases_support import run_cases
from ticketbridge.mapping import Environment
from ticketbridge.workbench.check.checking import check_paths
from ticketbridge.workbench.markdown import find_fences

ROOT = Path(__file__).parents[2]
README = (ROOT / "mappings" / "README.md").read_text("utf-8")
SECTION = README.split("\n## Recipes\n")[1].split("\n## ")[0]
RECIPES = dict(re.findall(r"### (.*)\n((?:(?!### ).*\n)*)", SECTION))
OF_OPERATORS = {"run-under-another-server"}
"""Pages of `docs/how-to` that are about no mapping."""
HOW_TO = {
    path.stem: path.read_text("utf-8")
    for path in (ROOT / "docs" / "how-to").glob("*.md")
    if path.stem not in OF_OPERATORS
}
ASKED = (
    "items",
    "another list",
    "Cents",
    "Two status",
    "cursor",
    "login",
    "GraphQL",
    "XML",
    "may be absent",
    "steps",
    "query inside",
    "offset",
)


@pytest.mark.parametrize("title", [*RECIPES, *HOW_TO])
def test_a_recipe_checks_and_runs(title: str, tmp_path: Path) -> None:
    """Its mapping has no finding, and all its cases pass: they are its first two fences of YAML."""
    mapping, cases = [fence.text for fence in find_fences((RECIPES | HOW_TO)[title])][:2]
    file = tmp_path / "recipe.yaml"
    file.write_text(mapping)
    (tmp_path / "recipe.cases.yaml").write_text(cases)

    checked = check_paths([file], Environment({}, missing="placeholder"))
    results = run_cases(file)

    assert [str(f) for f in checked.findings if f.code != "TB021"] == []
    assert [(result.case, result.message) for result in results if not result.passed] == []
    assert results


def test_each_situation_has_its_recipe() -> None:
    """Whoever looks for one finds it by its title."""
    assert len(RECIPES) == len(ASKED)
    assert all(any(words in title for title in RECIPES) for words in ASKED)
