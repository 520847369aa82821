"""How cases came out, as people and programs read it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Literal

import msgspec

from ticketbridge.authoring.cases.runner import CaseResult

Format = Literal["text", "json"]


def as_text(results: Sequence[CaseResult], without_cases: Sequence[Path] = ()) -> str:
    """Each failure with its reasons, then a line for each file and each mapping without cases."""
    files = dict.fromkeys(result.file for result in results)
    lines = [_failure(result) for result in results if not result.passed]
    lines += [_summary(file, [r for r in results if r.file == file]) for file in files]
    lines += [f"{mapping}: no cases" for mapping in without_cases]
    return "\n".join(lines)


def as_json(results: Sequence[CaseResult], _without_cases: Sequence[Path] = ()) -> str:
    """A list of `{file, case, result: pass|fail, message}`."""
    rows = [
        {
            "file": result.file,
            "case": result.case,
            "result": "pass" if result.passed else "fail",
            "message": result.message,
        }
        for result in results
    ]
    return msgspec.json.format(msgspec.json.encode(rows), indent=2).decode()


WRITERS: Mapping[Format, Callable[[Sequence[CaseResult], Sequence[Path]], str]] = {
    "text": as_text,
    "json": as_json,
}


def _failure(result: CaseResult) -> str:
    reasons = "".join(f"\n    {line}" for line in result.message.split("\n"))
    return f"{result.place}: failed: {result.case}{reasons}"


def _summary(file: str, results: Sequence[CaseResult]) -> str:
    failed = sum(not result.passed for result in results)
    noun = "case" if len(results) == 1 else "cases"
    return f"{file}: {len(results)} {noun}, {failed} failed"
