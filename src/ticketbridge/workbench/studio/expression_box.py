"""One expression tried on the data of a run: on a record, or on an answer of the platform."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from ticketbridge.engine.tickets.convert import json_type
from ticketbridge.jmes import (
    FUNCTIONS,
    EvaluationError,
    ExpressionError,
    compile_expression,
    keys_shown,
)
from ticketbridge.workbench.cases.value_text import write_document
from ticketbridge.workbench.explain import Masker
from ticketbridge.workbench.studio.provenance import Spot, find_rows_read
from ticketbridge.workbench.studio.studio_run import StudioRun

LONGEST = 4000
_OF_ANSWER = ("page", "body", "status", "headers")


class FunctionHelp(msgspec.Struct, frozen=True):
    """A function with what it does, and an example."""

    name: str
    signature: str
    text: str
    example: str


class Tried(msgspec.Struct, frozen=True):
    """What an expression gave: a *value* of a *type*, or an *error* at a *column* (from 1; 0 unknown)."""

    roots: Sequence[str]
    value: str = ""
    type: str = ""
    error: str = ""
    column: int = 0
    reads: Sequence[Spot] = ()


def list_functions() -> list[FunctionHelp]:
    """Return the functions of the language."""
    return [
        FunctionHelp(name, each.signature, each.doc, each.example.expression)
        for name, each in FUNCTIONS.items()
    ]


def try_expression(
    run: StudioRun, masker: Masker, text: str, *, record: int | None, answer: int | None
) -> Tried:
    """Evaluate *text* on the record or the answer of that number."""
    scope = _find_scope(run, record, answer)
    if scope is None:
        return Tried((), error="there is no record and no answer to try it on")
    roots = [name for name in ("user", *run.names, *_OF_ANSWER) if name in scope]
    try:
        expression = compile_expression(text, roots=roots)
        with keys_shown(True):
            value = expression(scope)
    except ExpressionError as error:
        said = f"{error.reason} ({error.suggestion})" if error.suggestion else error.reason
        return Tried(roots, error=said, column=error.column)
    except EvaluationError as error:
        return Tried(roots, error=error.reason)
    written = write_document(masker.mask_value(value, text.rpartition(".")[2]))
    cut = written if len(written) <= LONGEST else f"{written[:LONGEST]}\n..."
    return Tried(roots, cut, json_type(value), reads=find_rows_read(run, expression, scope))


def _find_scope(run: StudioRun, record: int | None, answer: int | None) -> Mapping[str, Any] | None:
    records = run.answer_run.trace.records
    if answer is not None and answer < len(run.answer_run.exchanges):
        return run.find_scope(answer)
    if record is not None and record < len(records):
        return records[record].scope
    return None
