"""The pages of the reference are the language."""

from __future__ import annotations

from pathlib import Path

from ticketbridge.jmes import FUNCTIONS
from ticketbridge.mapping import schema
from ticketbridge.mapping.mapping_schema import sections
from ticketbridge.workbench.reference import make_functions_page, make_mapping_page

MAPPINGS = Path(__file__).parents[2] / "mappings"


def test_every_function_is_there() -> None:
    """Each function has its signature, its meaning and an example with its result."""
    page = make_functions_page()

    for function in FUNCTIONS.values():
        (row,) = (line for line in page.splitlines() if line.startswith(f"| `{function.name}("))
        assert " ".join(function.doc.split()).replace("|", "\\|") in row


def test_every_key_is_there() -> None:
    """Each key has its type, its default or that it is needed, its meaning and an example."""
    page = make_mapping_page()
    cells = [line.split(" | ") for line in page.splitlines() if line.startswith("| `")]
    named = {key.name for kind in sections() for key in kind.keys}

    assert {cell[0].strip("|` ") for cell in cells} == named
    assert named >= set(schema()["properties"])
    assert all(len(cell) >= 5 for cell in cells)
    assert any(cell[2] == "needed" for cell in cells)
    assert any(cell[2] == "`user`" for cell in cells)


def test_each_mapping_of_the_folder_is_listed() -> None:
    """The list of platforms names each mapping of the folder, and how it was verified."""
    text = (MAPPINGS / "README.md").read_text("utf-8")
    names = [path.name for path in MAPPINGS.glob("*.yaml") if not path.name.endswith(".cases.yaml")]

    assert names
    for name in names:
        (row,) = (line for line in text.splitlines() if line.startswith(f"| [`{name}`]({name})"))
        assert row.split("|")[-2].strip() in {"live", "recorded", "documented"}
