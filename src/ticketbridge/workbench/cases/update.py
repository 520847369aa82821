"""Accept the results of failing cases: write their `expect` anew, and change nothing else in the file.

Only other tickets, verdicts and bodies are accepted. People must write themselves a change from tickets to a
problem or to an empty list, and a change of the calls: a slip in the mapping has the same effect.
"""

from __future__ import annotations

import asyncio
import difflib
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ticketbridge.engine.agreement import WaysDiffer
from ticketbridge.engine.bridge import Bridge
from ticketbridge.mapping.findings import MappingError, Place, Report
from ticketbridge.mapping.loader import BOM
from ticketbridge.mapping.yaml_nodes import Node
from ticketbridge.mapping.yaml_reader import read_yaml
from ticketbridge.workbench.cases.case_output import write_text
from ticketbridge.workbench.cases.case_spec import CaseSpec
from ticketbridge.workbench.cases.compare import describe_differences
from ticketbridge.workbench.cases.reader import read_cases
from ticketbridge.workbench.cases.runner import (
    CaseRun,
    SkippingLoop,
    cases_file,
    compile_for_cases,
    describe_failures,
    load_for_cases,
    run_case,
)
from ticketbridge.workbench.cases.yaml_edit import replace_value

BY_HAND = "write it yourself, if it is right"


@dataclass(frozen=True, slots=True)
class Refusal:
    """A failing case that stays as it is, and the reason."""

    place: Place
    case: str
    reason: str


@dataclass(frozen=True, slots=True)
class Update:
    """A cases file before and after; *refused* are the failing cases that stay as they are."""

    file: Path
    before: str
    after: str
    refused: tuple[Refusal, ...]

    def __str__(self) -> str:
        """Return the changes, as `diff -u` shows them, and what was refused."""
        before, after, name = self.before.splitlines(), self.after.splitlines(), str(self.file)
        lines = list(difflib.unified_diff(before, after, name, name, lineterm=""))
        lines += [f"{each.place}: not updated: {each.case}: {each.reason}" for each in self.refused]
        return "\n".join(lines)


def update_files(mappings: Iterable[Path]) -> Iterator[Update]:
    """Write the results of failing cases of *mappings* if they can be accepted; yield each update.

    Raises OutputError. Files that cannot be used are not changed.
    """
    for mapping in mappings:
        with suppress(MappingError):
            bridge = compile_for_cases(load_for_cases(mapping))
            if cases_file(mapping).is_file():
                yield _update_file(cases_file(mapping), bridge)


def _update_file(file: Path, bridge: Bridge) -> Update:
    cases = read_cases(file).cases
    before = after = file.read_bytes().decode()
    refused: list[Refusal] = []
    with asyncio.Runner(loop_factory=SkippingLoop) as runner:
        for case in cases:
            try:
                run = runner.run(run_case(case, bridge))
                if any(describe_failures(case, run)):
                    after = _change_expect(after, case, _choose_changes(case, run))
            except (_NotAccepted, WaysDiffer) as refusal:
                refused.append(Refusal(case.place, case.name, str(refusal)))
    if after != before:
        write_text(file, after)
    return Update(file, before, after, tuple(refused))


class _NotAccepted(Exception):
    """The result of a case is not accepted, or cannot be written; the message says why."""


# --- what is accepted -----------------------------------------------------------------------------


def _choose_changes(case: CaseSpec, run: CaseRun) -> dict[str, Any]:
    """Return the keys of `expect` that get a new value. Raises _NotAccepted."""
    expect, outcome = case.expect, run.outcome
    if outcome is None or run.platform.left:
        raise _NotAccepted("the calls are others than those that it answers: mend `upstream`")
    slug = outcome.problem.slug if outcome.problem else None
    if slug != expect.problem:
        came, due = (f"the problem {s}" if s else "an answer" for s in (slug, expect.problem))
        raise _NotAccepted(f"it comes to {came}, and expects {due}: {BY_HAND}")
    changes: dict[str, Any] = {}
    if slug is None and expect.tickets is not None and _differ(expect.tickets, outcome.tickets):
        changes["tickets"] = outcome.tickets
    if slug is None and expect.body is not None and _differ(*expect.body, outcome.body):
        changes["body"] = outcome.body
    if changes and not outcome.tickets:
        raise _NotAccepted(f"no ticket is left: {BY_HAND}")
    if expect.verdicts is not None and expect.verdicts != outcome.verdicts:
        changes["verdicts"] = outcome.verdicts
    return changes


def _differ(expected: Any, got: Any) -> bool:
    return any(describe_differences("", expected, got))


# --- how it is written ----------------------------------------------------------------------------


def _change_expect(text: str, case: CaseSpec, changes: Mapping[str, Any]) -> str:
    """Return *text* with *changes* in the `expect` of *case*. Raises _NotAccepted."""
    bom, text = text[: len(text) - len(text.removeprefix(BOM))], text.removeprefix(BOM)
    due, entry = _read_document(text), _find_entry(text, case)
    expect = entry.need("expect")
    value = {**expect.plain(), **changes}
    changed = replace_value(text, entry.key_place("expect"), expect, value)
    next(each for each in due if each.get("case") == case.name)["expect"] = value
    if _read_document(changed) != due:
        raise _NotAccepted(f"its `expect` cannot be changed as it is written: {BY_HAND}")
    return bom + changed


def _find_entry(text: str, case: CaseSpec) -> Node:
    entries = read_yaml(text, case.place.file, Report()).items
    return next(entry for entry in entries if entry.need("case").plain() == case.name)


def _read_document(text: str) -> Any:
    return read_yaml(text, "", Report()).plain()
