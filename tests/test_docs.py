"""The documentation: links lead somewhere, and what an operator looks up is there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from ticketbridge.engine.problems import ProblemError
from ticketbridge.mapping.spec import AccessSpec, Secret, SharedSecret
from ticketbridge.service.access import check_secret

ROOT = Path(__file__).parents[1]
PAGES = sorted(
    [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "mappings").glob("*.md")]
)
MADE = {
    ROOT / "docs" / name
    for name in re.findall(
        r'"(reference/[a-z-]+\.md)": make', (ROOT / ".ci" / "site_pages.py").read_text("utf-8")
    )
}
"""Pages that the site's build makes from the code; their anchors are its own matter."""
LINK = re.compile(r"(?<!!)\[[^\]]*\]\(([^)\s]+)\)")
FENCE = re.compile(r"^```.*?^```", re.DOTALL | re.MULTILINE)


def anchor_of(heading: str) -> str:
    """The anchor of a heading, as Markdown's usual renderers make it."""
    kept = re.sub(r"[^\w\- ]", "", re.sub(r"`|\*|\[|\]\(.*?\)", "", heading).lower())
    return kept.strip().replace(" ", "-")


def anchors(page: Path) -> set[str]:
    """The anchors of a page's headings."""
    text = FENCE.sub("", page.read_text("utf-8"))
    return {anchor_of(heading) for heading in re.findall(r"^#+ (.+)$", text, re.MULTILINE)}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_each_link_leads_somewhere(page: Path) -> None:
    """A link within the repository names a file that is there, and a heading that this file has."""
    for link in LINK.findall(FENCE.sub("", page.read_text("utf-8"))):
        if re.match("https?:|mailto:", link):
            continue
        file, _, anchor = link.partition("#")
        target = (page.parent / file).resolve() if file else page
        assert target.exists() or target in MADE, link
        if anchor and target not in MADE:
            assert anchor in anchors(target), link


def slugs(kind: type[ProblemError] = ProblemError) -> set[str]:
    """The slugs of all problems."""
    own = {kind.slug} if hasattr(kind, "slug") else set()
    return own.union(*map(slugs, kind.__subclasses__()))


def test_operations_knows_each_problem() -> None:
    """Each problem has a row with its cause and what to do."""
    text = (ROOT / "docs" / "operations.md").read_text("utf-8")
    rows = text.split("\n## Problems\n")[1].split("\n## ")[0]
    heads = [line.split("|")[1] for line in rows.splitlines() if line.startswith("| `")]

    assert {word for head in heads for word in re.findall("`([^`]+)`", head)} == slugs()


def test_the_runbook_of_a_rotation_counts_secrets_as_the_log_does() -> None:
    """Step 3 names the first secret of the list and then the second, and step 4 waits for the first to go."""
    text = (ROOT / "docs" / "operations.md").read_text("utf-8")
    runbook = text.split("\n### A secret of menta's is changed\n")[1].split("\n### ")[0]
    steps = re.findall(r"^\d\. (.+)$", runbook, re.MULTILINE)
    listed = tuple(SharedSecret(Secret(each), at) for at, each in enumerate(("old", "new"), 1))
    spec = AccessSpec("X-Menta-Secret", listed, ())
    old, new = (check_secret(spec, [given]) for given in (b"old", b"new"))

    assert re.findall(r'"secret": (\d+)', steps[2]) == [f"{old}", f"{new}"]
    assert re.findall(r'"secret": (\d+)', steps[3])[0] == f"{old}"
