"""Every mapping that comes with the project."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.workbench.cases_support import run_cases
from ticketbridge.mapping import Environment
from ticketbridge.service.catalog import mapping_files
from ticketbridge.workbench.cases.runner import cases_file
from ticketbridge.workbench.check.checking import check_files

FOLDER = Path(__file__).parents[2] / "mappings"
MAPPINGS = {file.name: file for file in mapping_files([FOLDER])}
WITH_CASES = [name for name, file in MAPPINGS.items() if cases_file(file).is_file()]


@pytest.mark.parametrize("name", MAPPINGS)
def test_nothing_is_wrong_with_a_mapping(name: str) -> None:
    """Without its variables a mapping has no errors, and no doubts but these."""
    findings = check_files([MAPPINGS[name]], Environment({}, missing="placeholder"))

    assert [str(finding) for finding in findings if finding.code != "TB021"] == []


@pytest.mark.parametrize("name", WITH_CASES)
def test_the_cases_of_a_mapping_pass(name: str) -> None:
    """There are some, and none fails."""
    results = run_cases(MAPPINGS[name])

    assert results
    assert [result.message for result in results if not result.passed] == []
