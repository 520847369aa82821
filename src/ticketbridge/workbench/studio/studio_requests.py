"""What the page may ask for: each request with its members, and what it is answered with."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Annotated, Any

import msgspec

from ticketbridge.mapping import MappingError
from ticketbridge.mapping.findings import Finding
from ticketbridge.workbench.cases.reader import CasesError
from ticketbridge.workbench.studio.case_views import find_gaps, prepare_case, run_cases
from ticketbridge.workbench.studio.editor_help import complete_at, hover_at
from ticketbridge.workbench.studio.expression_box import list_functions, try_expression
from ticketbridge.workbench.studio.field_offers import list_guesses, list_word_tables
from ticketbridge.workbench.studio.mapping_edits import insert_entry, set_value, split_call
from ticketbridge.workbench.studio.pointing import (
    find_expression,
    list_fields,
    path_of_field,
    point_at,
)
from ticketbridge.workbench.studio.provenance import Spot, find_readers
from ticketbridge.workbench.studio.run_view import RunView, view_finding
from ticketbridge.workbench.studio.studio_run import StudioRun
from ticketbridge.workbench.studio.workshop import ChosenSource, Workshop, WorkshopError

SHOWN_AT_ONCE = 400


Number = Annotated[int, msgspec.Meta(ge=0, lt=2**31)]
"""A position."""


class StudioRequest(msgspec.Struct, frozen=True, kw_only=True):
    """What all requests may have: the *text* in the editor, the *run* shown, and whether masks are off."""

    text: str = ""
    run: Number = 0
    personal: bool = False
    source: ChosenSource = ChosenSource()
    user: str = ""
    name: str = ""
    target: str = ""
    content: str = ""
    field: str = ""
    expression: str = ""
    entry: Sequence[str] = ()
    split: Number | None = None
    whole: str = ""
    rows: Sequence[Number] = ()
    record: Number | None = None
    answer: Number | None = None
    row: Number = 0
    offset: Number = 0
    path: Sequence[str | Number] = ()
    words: Mapping[str, str] = {}
    reason: str = ""
    line: Number = 0


Respond = Callable[[Workshop, StudioRequest], Any]


def _start(workshop: Workshop, _asked: StudioRequest) -> Any:
    cases, problem = workshop.list_cases()
    return {
        "mapping": workshop.mapping.name,
        "casesFile": workshop.cases.file.name,
        "text": workshop.read(),
        "cases": cases,
        "casesProblem": problem,
        "samples": [str(sample) for sample in workshop.samples],
        "user": workshop.sample_user,
        "fields": list_fields(),
        "functions": list_functions(),
    }


def _save(workshop: Workshop, asked: StudioRequest) -> Any:
    workshop.save(asked.text)
    return {"saved": workshop.mapping.name}


# --- running --------------------------------------------------------------------------------------


def _run(workshop: Workshop, asked: StudioRequest) -> Any:
    """Check and run the text. Without a run, say why there is none."""
    found = workshop.check(asked.text)
    view = partial(view_finding, mapping=workshop.mapping)

    def refuse(why: str, more: Sequence[Finding] = ()) -> Any:
        return {"findings": [view(each) for each in (*found, *more)], "run": None, "why": why}

    try:
        number, run = workshop.run(asked.text, asked.source)
    except CasesError as error:
        return refuse(f"{workshop.cases.file.name} has errors", error.findings)
    except MappingError as error:
        return refuse("the mapping has errors", () if found else error.findings)
    except WorkshopError as error:
        return refuse(str(error))
    outcome = workshop.view(run, personal=asked.personal).outcome()
    return {"findings": list(map(view, found)), "run": number, "outcome": outcome}


def _view(workshop: Workshop, asked: StudioRequest) -> RunView:
    return workshop.view(workshop.find_run(asked.run), personal=asked.personal)


def _answers(workshop: Workshop, asked: StudioRequest) -> Any:
    return _view(workshop, asked).answers()


def _records(workshop: Workshop, asked: StudioRequest) -> Any:
    return _view(workshop, asked).list_records(asked.rows[:SHOWN_AT_ONCE])


def _record(workshop: Workshop, asked: StudioRequest) -> Any:
    number = asked.record or 0
    if number >= len(workshop.find_run(asked.run).answer_run.trace.records):
        raise WorkshopError("there is no such record")
    return _view(workshop, asked).record(number)


def _body(workshop: Workshop, asked: StudioRequest) -> Any:
    return {"body": _view(workshop, asked).body()}


def _readers(workshop: Workshop, asked: StudioRequest) -> Any:
    run = workshop.find_run(asked.run)
    return find_readers(run, _find_spot(run, asked))


def _find_spot(run: StudioRun, asked: StudioRequest) -> Spot:
    number = asked.answer or 0
    if number < len(run.indexes):
        index = run.indexes[number]
        if index is None or asked.row < len(index.values):
            return number, asked.row
    raise WorkshopError("there is no such value")


def _fetch(workshop: Workshop, asked: StudioRequest) -> Any:
    workshop.fetch(asked.text, asked.user)
    return {}


def _sample(workshop: Workshop, asked: StudioRequest) -> Any:
    workshop.add_sample(asked.target, asked.content, asked.user)
    return {"samples": [str(sample) for sample in workshop.samples]}


def _forget_samples(workshop: Workshop, _asked: StudioRequest) -> Any:
    workshop.forget_samples()
    return {"samples": []}


# --- writing --------------------------------------------------------------------------------------


def _draft(workshop: Workshop, _asked: StudioRequest) -> Any:
    return {"text": workshop.draft()}


def _point(workshop: Workshop, asked: StudioRequest) -> Any:
    run = workshop.find_run(asked.run)
    return {"choices": point_at(run, _find_spot(run, asked), asked.field, asked.record)}


def _guesses(workshop: Workshop, asked: StudioRequest) -> Any:
    run = workshop.find_run(asked.run)
    now = find_expression(run.spec, asked.field)
    return {"now": now, "guesses": list_guesses(run, asked.field)}


def _choose(workshop: Workshop, asked: StudioRequest) -> Any:
    """Write an expression for a field; with a loop that it needs, if it needs one."""
    text = asked.text
    if asked.entry:
        last = len(workshop.find_run(asked.run).names) - 1
        text = insert_entry(text, last, asked.entry)
    if asked.split is not None:
        text = split_call(text, asked.split, asked.whole)
    return {"text": set_value(text, path_of_field(asked.field), asked.expression)}


def _words(workshop: Workshop, asked: StudioRequest) -> Any:
    run = workshop.find_run(asked.run)
    return list_word_tables(run, workshop.masker(run, personal=asked.personal))


def _set_words(_workshop: Workshop, asked: StudioRequest) -> Any:
    return {"text": set_value(asked.text, [*asked.path, "values"], asked.words)}


def _repairs(workshop: Workshop, asked: StudioRequest) -> Any:
    return workshop.find_repairs(asked.text, asked.reason, asked.line)


def _complete(workshop: Workshop, asked: StudioRequest) -> Any:
    return complete_at(asked.text, asked.offset, workshop.find_last_run())


def _hover(workshop: Workshop, asked: StudioRequest) -> Any:
    run = workshop.find_last_run()
    masker = None if run is None else workshop.masker(run, personal=asked.personal)
    return hover_at(asked.text, asked.offset, run, masker)


def _evaluate(workshop: Workshop, asked: StudioRequest) -> Any:
    run = workshop.find_run(asked.run)
    masker = workshop.masker(run, personal=asked.personal)
    return try_expression(run, masker, asked.expression, record=asked.record, answer=asked.answer)


# --- cases and sheet ------------------------------------------------------------------------------


def _cases(workshop: Workshop, asked: StudioRequest) -> Any:
    return run_cases(workshop.text_of(asked.text), workshop.cases, personal=asked.personal)


def _gaps(workshop: Workshop, asked: StudioRequest) -> Any:
    return find_gaps(workshop.text_of(asked.text), workshop.cases)


def _make_case(workshop: Workshop, asked: StudioRequest) -> Any:
    run = workshop.find_run(asked.run)
    if run.missing or run.unfinished:
        raise WorkshopError("there is no whole answer to make a case of yet")
    workshop.prepared = prepare_case(
        run.answer_run, workshop.text_of(asked.text), asked.name, workshop.cases
    )
    return {"text": workshop.prepared.written.text}


def _keep_case(workshop: Workshop, _asked: StudioRequest) -> Any:
    if workshop.prepared is None:
        raise WorkshopError("make the case first")
    workshop.prepared.keep(workshop.cases.file)
    workshop.prepared = None
    cases, problem = workshop.list_cases()
    return {"cases": cases, "casesProblem": problem}


def _sheet(workshop: Workshop, asked: StudioRequest) -> Any:
    workshop.make_sheet(asked.text)
    return {}


REQUESTS: Mapping[str, Respond] = {
    "start": _start,
    "save": _save,
    "run": _run,
    "answers": _answers,
    "records": _records,
    "record": _record,
    "body": _body,
    "readers": _readers,
    "fetch": _fetch,
    "sample": _sample,
    "forget-samples": _forget_samples,
    "draft": _draft,
    "point": _point,
    "guesses": _guesses,
    "choose": _choose,
    "words": _words,
    "set-words": _set_words,
    "repairs": _repairs,
    "complete": _complete,
    "hover": _hover,
    "evaluate": _evaluate,
    "cases": _cases,
    "gaps": _gaps,
    "make-case": _make_case,
    "keep-case": _keep_case,
    "sheet": _sheet,
}
"""The requests, by name."""

CHANGING = frozenset(
    {"start", "save", "run", "sample", "forget-samples", "make-case", "keep-case", "sheet"}
)
"""The requests that change the workshop, and are answered one after the other."""
