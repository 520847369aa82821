"""A release has one version, tells what changed, and says what it is made of."""

from __future__ import annotations

import importlib.util
import re
import subprocess
import sys
import tomllib
from collections.abc import Callable, Iterator
from fnmatch import fnmatch
from functools import partial
from importlib.metadata import version
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from packaging.version import Version

import ticketbridge

ROOT = Path(__file__).parents[1]
PACKAGE = Path(ticketbridge.__file__).parent
CHANGELOG = (ROOT / "CHANGELOG.md").read_text("utf-8")
HEADING = re.compile(r"\[(\d+\.\d+\.\d+)\] - (\d{4}-\d{2}-\d{2})|Snapshot - (\d{4}-\d{2}-\d{2})")
KINDS = ["Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"]


# --- the version ----------------------------------------------------------------------------------


def test_the_program_and_what_is_installed_say_one_version() -> None:
    """`--version`, the installed package and the module agree; after a change of it, install again."""
    ran = subprocess.run(
        [sys.executable, "-m", "ticketbridge", "--version"],
        capture_output=True,
        text=True,
        check=True,
    )

    assert ran.stdout == f"ticketbridge {ticketbridge.__version__}\n"
    assert version("ticketbridge") == ticketbridge.__version__


def test_the_version_is_written_in_one_place() -> None:
    """No other module, and no file of the packaging, repeats the version."""
    written = re.compile(rf"(?<![\d.]){re.escape(ticketbridge.__version__)}(?![\d.])")
    names = [
        "pyproject.toml",
        "Dockerfile",
        "README.md",
        "CONTRIBUTING.md",
        "SECURITY.md",
        ".ci/run",
    ]
    files = [*PACKAGE.rglob("*.py"), *(ROOT / name for name in [*names, ".ci/release"])]

    found = [file.name for file in files if written.search(file.read_text("utf-8"))]

    assert found == ["__init__.py"]


# --- the changelog --------------------------------------------------------------------------------


def sections() -> list[tuple[str, str]]:
    """Each section of the changelog: its heading, and what stands under it."""
    found = re.split(r"^## (.+)$", CHANGELOG, flags=re.MULTILINE)[1:]
    return list(zip(found[::2], found[1::2], strict=True))


def test_the_changelog_begins_with_what_is_not_released() -> None:
    """Releases have a version and a date; the newest stands first."""
    (first, _), *others = sections()
    matches = [HEADING.fullmatch(heading) for heading, _ in others]

    assert first == "[Unreleased]"
    assert None not in matches
    dates = [match[2] or match[3] for match in matches if match]
    versions = [Version(match[1]) for match in matches if match and match[1]]
    assert dates == sorted(dates, reverse=True)
    assert versions == sorted(versions, reverse=True)


def test_the_changelog_has_the_kinds_of_changes_that_are_agreed() -> None:
    """The kinds are those of Keep a Changelog, each once in a section, and each with a list."""
    for heading, text in sections():
        kinds = re.findall(r"^### (.+)$", text, re.MULTILINE)
        assert len(kinds) == len(set(kinds)), heading
        assert set(kinds) <= set(KINDS), heading
        bodies = re.split(r"^### .+$", text, flags=re.MULTILINE)[1:]
        assert all(body.strip().startswith("- ") for body in bodies), heading


def test_a_version_that_is_released_gets_no_more_changes() -> None:
    """Who changes something after a release changes the version too."""
    released = {match[1] for heading, _ in sections() if (match := HEADING.fullmatch(heading))}
    waiting = sections()[0][1].strip()

    assert not waiting or ticketbridge.__version__ not in released


# --- the documents --------------------------------------------------------------------------------


def test_the_sdist_has_what_its_own_tests_need() -> None:
    """Each folder and file of a clone is packed, so that the sdist can be tested and built as a clone is."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    packed = {
        path.name
        for pattern in project["tool"]["hatch"]["build"]["targets"]["sdist"]["include"]
        for path in ROOT.glob(pattern.removeprefix("/"))
    }
    always = {"pyproject.toml", ".gitignore", "PKG-INFO"}  # an sdist has the last
    ignored = [line.strip("/") for line in (ROOT / ".gitignore").read_text("utf-8").splitlines()]
    here = {
        path.name
        for path in ROOT.iterdir()
        if path.name != ".git" and not any(fnmatch(path.name, pattern) for pattern in ignored)
    }

    assert here - packed - always == set()


# --- the SBOM -------------------------------------------------------------------------------------


def load_script() -> ModuleType:
    """The script that checks an SBOM."""
    spec = importlib.util.spec_from_file_location("sbom", ROOT / ".ci" / "sbom.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


SBOM = load_script()
PINS = {"jsonschema-rs": "0.61.0", "anyio": "4.16.0"}
PROJECT = {
    "name": "ticketbridge",
    "dependencies": ["jsonschema-rs>=0.61", "colorama; sys_platform == 'none'"],
}


def part(name: str, number: str) -> dict[str, Any]:
    """A package, as an SBOM has it."""
    return {"name": name, "version": number, "bom-ref": f"{name}=={number}"}


def bill(**changes: Any) -> dict[str, Any]:
    """An SBOM in which nothing is wrong, but for the *changes*."""
    return {
        "metadata": {"component": {"name": "ticketbridge", "version": "1", "bom-ref": "root"}},
        "components": [part("jsonschema_rs", "0.61.0"), part("anyio", "4.16.0")],
        "dependencies": [{"ref": "root", "dependsOn": ["jsonschema_rs==0.61.0"]}],
        **changes,
    }


def wrong(sbom: dict[str, Any]) -> Iterator[str]:
    """What the check says of *sbom*."""
    check: Callable[..., Iterator[str]] = partial(SBOM.check, pins=PINS, project=PROJECT)
    return check(sbom)


def test_an_sbom_of_what_is_pinned_is_right() -> None:
    """Names are compared as packages are: `_` is `-`; what is not for this machine is not asked for."""
    assert list(wrong(bill())) == []


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        (
            {"components": [part("jsonschema_rs", "0.61.0")]},
            ["anyio 4.16.0 of constraints.txt is not in the SBOM"],
        ),
        (
            {"components": [*bill()["components"], part("pip", "26.0")]},
            ["pip 26.0 is not in constraints.txt"],
        ),
        (
            {"components": [part("jsonschema_rs", "0.61.0"), part("anyio", "4.15.0")]},
            [
                "anyio 4.15.0 is not in constraints.txt",
                "anyio 4.16.0 of constraints.txt is not in the SBOM",
            ],
        ),
        (
            {"metadata": {"component": {"name": "ticketbridge", "bom-ref": "root"}}},
            ["the SBOM does not say of which version of the project it is"],
        ),
        (
            {"dependencies": [{"ref": "root"}]},
            ["jsonschema-rs is not named as a dependency of the project"],
        ),
        ({"more": "file:///x"}, ["the SBOM names a file of the machine that made it"]),
    ],
)
def test_an_sbom_of_something_else_is_refused(changes: dict[str, Any], said: list[str]) -> None:
    """What is missing, more, of another version, without a version, or of this machine, is said."""
    assert list(wrong(bill(**changes))) == said


def test_the_editor_of_the_studio_is_in_an_sbom() -> None:
    """What the bundle is made of is no package of Python: its list names it."""
    sbom = bill()
    SBOM.add_editor(sbom, {"dependencies": {"@codemirror/state": "6.7.6"}})

    purl = "pkg:npm/%40codemirror/state@6.7.6"
    added = {"type": "library", "name": "@codemirror/state", "version": "6.7.6"}
    assert sbom["components"][-1] == {**added, "purl": purl, "bom-ref": purl}
    assert sbom["dependencies"][0]["dependsOn"] == ["jsonschema_rs==0.61.0", purl]
    assert sbom["dependencies"][-1] == {"ref": purl}
    assert (ROOT / SBOM.EDITOR).exists()


def test_pins_are_those_of_this_machine() -> None:
    """Hashes, comments and pins for other machines are no packages."""
    text = (
        "# made by a tool\n"
        "anyio==4.16.0 \\\n    --hash=sha256:00 \\\n    --hash=sha256:11\n"
        "colorama==0.4.6 ; sys_platform == 'none' \\\n    --hash=sha256:22\n"
        "jsonschema_rs==0.61.0 \\\n    --hash=sha256:33\n"
    )

    assert SBOM.find_pins(text) == PINS
