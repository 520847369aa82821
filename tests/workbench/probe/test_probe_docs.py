"""The page about `probe` lists each code and each option as the program has them."""

from __future__ import annotations

import argparse
import re
from pathlib import Path

from tests.workbench.probe.test_probe import FAULTS
from ticketbridge.cli.probe import add_arguments
from ticketbridge.workbench.probe.probe_files import read_replay
from ticketbridge.workbench.probe.probe_findings import CODES
from ticketbridge.workbench.probe.resale import POINTS

PAGE = (Path(__file__).parents[3] / "docs" / "how-to" / "judge-an-endpoint.md").read_text("utf-8")


def test_the_page_lists_each_code() -> None:
    """Severity, what is expected and why stand in the page as a finding says them."""
    rows = [line for line in PAGE.split("## Findings")[1].splitlines() if line.startswith("| `")]

    assert rows == [
        f"| `{code}` | {kind.severity} | {kind.expected} | {kind.why} |"
        for code, kind in CODES.items()
    ]


def test_the_page_lists_each_option() -> None:
    """Each option of the command is explained."""
    parser = argparse.ArgumentParser(add_help=False)
    add_arguments(parser)
    options = {name for action in parser._actions for name in action.option_strings}

    assert options == set(re.findall(r"--[a-z][a-z-]*", PAGE))


def test_the_resale_of_the_page_can_be_read(tmp_path: Path) -> None:
    """The file that the page shows is one."""
    (block,) = re.findall(r"```json\n(.*?)```", PAGE, re.DOTALL)
    (tmp_path / "resale.json").write_text(block, "utf-8")

    assert [step.point for step in read_replay(tmp_path / "resale.json")] == list(POINTS)


def test_no_code_is_without_a_test() -> None:
    """Each code is found by a test at a real endpoint; these need more than one wrong endpoint."""
    elsewhere = {
        *("not-judged", "tls-untrusted", "tls-expires"),
        *("expected-missing", "expected-surplus", "expected-differs"),
        *("no-tls", "tls-version", "stale"),
    }

    assert set().union(*FAULTS.values()) | elsewhere == set(CODES)
    assert not set().union(*FAULTS.values()) & elsewhere
