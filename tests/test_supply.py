"""What is installed is what was looked at: each package by its hash, the base image by its digest."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement

ROOT = Path(__file__).parents[1]
FILES = {"constraints.txt": "dependencies", "constraints-build.txt": "requires"}
HASH = re.compile(r"--hash=sha256:[0-9a-f]{64}")

each_file = pytest.mark.parametrize("file", FILES)


def lines_of(file: str) -> Iterator[str]:
    """The lines of a constraints file, each whole; comments are none."""
    text = (ROOT / file).read_text("utf-8").replace("\\\n", " ")
    return (line for line in text.splitlines() if line and not line.startswith("#"))


def pins(file: str) -> dict[str, Requirement]:
    """What a constraints file installs, by name."""
    found = [Requirement(HASH.sub("", line).strip()) for line in lines_of(file)]
    return {pin.name: pin for pin in found}


def asked_for(file: str) -> list[Requirement]:
    """What pyproject.toml asks for, of which the file is."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    section = {**project["project"], **project["build-system"]}
    return [Requirement(text) for text in section[FILES[file]]]


@each_file
def test_each_package_is_one_version_with_its_hashes(file: str) -> None:
    """Nothing else is in the file: no address and no option that says where packages come from."""
    lines = list(lines_of(file))

    assert len(pins(file)) == len(lines) >= len(asked_for(file))
    for line in lines:
        assert HASH.search(line), line
        assert re.fullmatch(r"[a-z0-9-]+==[^\s/:@]+( ; [^/:@]+)?", HASH.sub("", line).strip()), line


@each_file
def test_the_versions_are_those_that_the_project_asks_for(file: str) -> None:
    """Who changes a dependency renews the file, as the README says."""
    known = pins(file)
    for wanted in asked_for(file):
        (version,) = known[wanted.name].specifier
        assert wanted.specifier.contains(version.version), f"{wanted}: {file} has {version}"


def test_the_image_is_made_of_nothing_that_may_change() -> None:
    """Each base image has a digest; pip takes what has a hash, or what is there already."""
    text = (ROOT / "Dockerfile").read_text("utf-8").replace("\\\n", " ")
    bases = re.findall(r"^FROM (\S+)", text, re.MULTILINE)
    fetches = re.findall(r"pip (?:install|wheel|download)[^&\n]*", text)

    assert len(bases) == 2
    assert len(set(bases)) == 1
    assert re.fullmatch(r"python:3\.13-slim@sha256:[0-9a-f]{64}", bases[0])
    assert len(fetches) == 4
    for fetch in fetches:
        isolated = "--no-deps" in fetch and (
            "--no-index" in fetch or "--no-build-isolation" in fetch
        )
        assert "--require-hashes -r " in fetch or isolated, fetch


def test_the_image_is_compiled_when_it_is_built() -> None:
    """Its user may write nothing, and without this each start would take three times as long."""
    text = (ROOT / "Dockerfile").read_text("utf-8").replace("\\\n", " ")
    stages = text.split("\nFROM ")[1:]

    assert len(stages) == 2
    for stage in stages:
        assert "RUN python -m compileall -q --invalidation-mode unchecked-hash " in stage


# --- the audit ------------------------------------------------------------------------------------

FINE = {"name": "a", "version": "1", "vulns": []}
SKIPPED = {"name": "b", "skip_reason": "not found"}
HOLED = {
    "name": "c",
    "version": "2",
    "vulns": [{"id": "X-1", "fix_versions": ["3"], "aliases": []}],
}


@pytest.mark.parametrize(
    ("said", "code", "told"),
    [
        ([FINE], 0, ["1 of 1 packages audited"]),
        ([FINE, SKIPPED], 0, ["NOT AUDITED", "1 packages", "1 of 2 packages audited"]),
        ([SKIPPED], 0, ["NOT AUDITED", "0 of 1 packages audited"]),
        ([FINE, HOLED], 1, ["2 of 2", "c 2: X-1, mended in 3"]),
        ([SKIPPED, HOLED], 1, ["NOT AUDITED", "c 2: X-1"]),
        (None, 0, ["NOT AUDITED"]),
    ],
)
def test_the_audit_fails_for_holes_and_says_what_it_did_not_look_at(
    tmp_path: Path, said: list[dict[str, Any]] | None, code: int, told: list[str]
) -> None:
    """A source that is out of reach is said, and is no failure."""
    out = "no network" if said is None else json.dumps({"dependencies": said, "fixes": []})
    (tmp_path / "pip_audit.py").write_text(f"print({out!r})\nraise SystemExit(1)\n")
    (tmp_path / "one.txt").write_text("")
    ran = subprocess.run(  # noqa: S603 - our own
        [sys.executable, str(ROOT / ".ci/audit.py"), "one.txt"],
        cwd=tmp_path,
        env={"PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )

    assert ran.returncode == code, ran.stderr
    assert [text for text in told if text not in ran.stdout] == []
    assert ("NOT AUDITED" in ran.stdout) == ("NOT AUDITED" in told)
