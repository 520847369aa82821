"""The official JMESPath compliance suite, where its folder is at hand."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from ticketbridge.jmes import EvaluationError, ExpressionError, compile_expression

FOLDER = os.environ.get("JMESPATH_COMPLIANCE", "")


def outcome(text: str, document: Any) -> Any:
    """The value without strict, or the word `error`."""
    try:
        return compile_expression(text, strict=False)(document)
    except (ExpressionError, EvaluationError):
        return "error"


@pytest.mark.skipif(not FOLDER, reason="JMESPATH_COMPLIANCE names no folder")
def test_the_compliance_suite_passes_whole() -> None:
    """Without strict, an expression is JMESPath exactly."""
    failed, count = [], 0
    for file in sorted(Path(FOLDER).glob("*.json")):
        for group in json.loads(file.read_text("utf-8")):
            for case in group["cases"]:
                if "bench" in case:
                    continue
                count += 1
                expected = case.get("result", "error" if "error" in case else None)
                if outcome(case["expression"], group["given"]) != expected:
                    failed.append((file.name, case["expression"]))

    assert failed == []
    assert count >= 892
