"""How a run came out, as people and programs read it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Literal

import msgspec

from ticketbridge.authoring.cases.mapping_runs import CaseRun, MappingRun
from ticketbridge.authoring.cases.runner import CaseResult, cases_file
from ticketbridge.authoring.cases.value_text import scalar_text
from ticketbridge.authoring.mutants.survivors import Survivor, Tried
from ticketbridge.authoring.testing.rows import rows

Format = Literal["text", "json"]


def as_text(run: CaseRun) -> str:
    """What failed and what is left out, with places; then a line for each mapping."""
    lines = [line for tested in run.mappings for line in _details(tested)]
    lines += map(_summary, run.mappings)
    lines += [f"{mapping}: no cases" for mapping in run.without_cases]
    return "\n".join(lines)


def as_json(run: CaseRun) -> str:
    """A list of `{file, case, result: pass|fail, message}`."""
    listed = [
        {
            "file": row.file,
            "case": row.case,
            "result": "pass" if row.passed else "fail",
            "message": row.message,
        }
        for row in rows(run)
    ]
    return msgspec.json.format(msgspec.json.encode(listed), indent=2).decode()


WRITERS: Mapping[Format, Callable[[CaseRun], str]] = {"text": as_text, "json": as_json}


def _details(tested: MappingRun) -> Iterator[str]:
    yield from (_failure(result) for result in tested.results if not result.passed)
    yield from (f"{gap.place}: not covered: {gap.lacking}" for gap in tested.gaps)
    yield from map(_survivor, tested.tried.unlisted if tested.tried else ())


def _failure(result: CaseResult) -> str:
    reasons = "".join(f"\n    {line}" for line in result.message.split("\n"))
    return f"{result.place}: failed: {result.case}{reasons}"


def _survivor(survivor: Survivor) -> str:
    # The second line is what `survivors` of the cases file lists it by.
    return f"{survivor.place}: no case notices {survivor.change}\n    {scalar_text(survivor.name)}"


def _summary(tested: MappingRun) -> str:
    return f"{cases_file(tested.mapping)}: {'; '.join(_counts(tested))}"


def _counts(tested: MappingRun) -> Iterator[str]:
    count = len(tested.results)
    failed = sum(not result.passed for result in tested.results)
    yield f"{count} case{'' if count == 1 else 's'}, {failed} failed"
    if tested.points is not None:
        yield f"{len(tested.points) - len(tested.gaps)} of {len(tested.points)} covered"
    if tested.tried is not None:
        yield _score(tested.tried)


def _score(tried: Tried) -> str:
    score = f"{tried.noticed} of {tried.slips} slips noticed"
    if tried.slips:
        score += f" ({100 * tried.noticed // tried.slips} %)"
    return f"{score}, {tried.listed} listed with a reason" if tried.listed else score
