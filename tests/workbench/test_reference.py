"""The reference in mappings/README.md is the language."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from ticketbridge.jmes import FUNCTIONS
from ticketbridge.mapping import schema
from ticketbridge.workbench.reference import main, make_reference, renew

FILE = Path(__file__).parents[2] / "mappings" / "README.md"


def test_the_reference_is_up_to_date() -> None:
    """What stands between the marks is what the schema and the table of functions give."""
    text = FILE.read_text("utf-8")

    assert renew(text) == text
    assert make_reference() in text


def test_every_function_and_every_key_of_the_file_is_there() -> None:
    """Nothing of the language is left out."""
    text = make_reference()

    assert all(f"| `{name}(" in text for name in FUNCTIONS)
    assert all(f"| `{key}` |" in text for key in schema()["properties"])


def test_the_command_renews_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The module, run on a file, writes the reference between its marks and leaves the rest."""
    monkeypatch.setattr(sys, "argv", ["reference"])
    file = tmp_path / "README.md"
    start, *_, end = make_reference().splitlines()
    file.write_text(f"before\n{start}\nold\n{end}\nafter\n")

    main(str(file))

    assert file.read_text() == f"before\n{make_reference()}\nafter\n"


def test_each_mapping_of_the_folder_is_listed() -> None:
    """The README of the folder names each mapping in it."""
    text = FILE.read_text("utf-8")
    names = [p.name for p in FILE.parent.glob("*.yaml") if not p.name.endswith(".cases.yaml")]

    assert names
    assert all(f"[`{name}`]({name})" in text for name in names)
