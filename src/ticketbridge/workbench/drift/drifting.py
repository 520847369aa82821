"""Compare two recordings of a platform: their shapes, and a mapping's results for each."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal, TextIO

from ticketbridge.engine.tickets.verdicts import UNKNOWN_STATUS
from ticketbridge.engine.upstream.answer_formats import Unreadable
from ticketbridge.mapping.spec import CsvFormatSpec, NdjsonFormatSpec
from ticketbridge.terminal import RED, YELLOW, Paint, UsageError, counted
from ticketbridge.workbench.answers import map_samples, read_case
from ticketbridge.workbench.cases.case_spec import name_target
from ticketbridge.workbench.cases.value_text import write_document
from ticketbridge.workbench.draft.documents import read_documents, read_sample_values
from ticketbridge.workbench.drift.shapes import (
    PathMark,
    PathShape,
    ShapePath,
    Shapes,
    shapes_of,
    write_shape_path,
)
from ticketbridge.workbench.rehearse.rehearsal_tally import RehearsalTally
from ticketbridge.workbench.samples import Sample, SampleError, read_sample

Severity = Literal["breaks", "changes"]


@dataclass(frozen=True, slots=True)
class Drift:
    """One change. It *breaks* what a mapping of the old shape may need, or only *changes* something.

    *where* is a call and a path in its answer, or a field; *old* and *new* describe both sides.
    """

    severity: Severity
    where: str
    message: str
    old: str
    new: str


Recording = Mapping[str, Sequence[Sample]]
"""The answers of each call, by its path; values in paths are replaced by placeholders."""


def find_drift(old: str, new: str, mapping: Path | None) -> Sequence[Drift]:
    """Return what changed from *old* to *new*: samples, or cases as `acme.cases.yaml#its name`.

    With *mapping* both must be cases, and its results for them are compared too. Raises UsageError if one
    cannot be read, or if they have nothing in common; MappingError.
    """
    before, after = read_recording(old), read_recording(new)
    found = list(_compare_recordings(before, after))
    if mapping is not None:
        tallies = [_map(mapping, each) for each in (old, new)]
        found += _compare_tallies(*tallies)
    return sorted(found, key=lambda drift: drift.severity)


_ID = re.compile(r"[^/]*[0-9@][^/]*")


def read_recording(argument: str) -> Recording:
    """Return the answers that an *argument* names: of a case, those that were good. Raises UsageError."""
    case = read_case(argument)
    if case is None:
        sample = read_sample(argument)
        read_documents([sample])
        return {"": [sample]}
    recording: dict[str, list[Sample]] = {}
    for answer in case.answers:
        path = _ID.sub("*", answer.asked.partition("?")[0])
        good = recording.setdefault(name_target(path, answer.host), [])
        if answer.status // 100 == 2:
            good.append(Sample("", argument, answer.content))
    if not any(_is_document(sample) for good in recording.values() for sample in good):
        raise UsageError(f"{argument}: no answer in it is a document")
    return recording


def _is_document(sample: Sample) -> bool:
    try:
        read_documents([sample])
    except SampleError:
        return False
    return True


def _read_sides(*sides: Sequence[Sample]) -> list[list[Any]]:
    """Return the documents among the answers of each side, all of one call.

    They are read together: one XML element, or one line of NDJSON, does not tell that it is one of several,
    and a CSV without rows looks like any text.
    """
    documents = read_documents([each for side in sides for each in side if _is_document(each)])
    found = {id(document.sample): document.value for document in documents}
    forms = (d.form for d in documents if isinstance(d.form, NdjsonFormatSpec | CsvFormatSpec))
    lines = next(forms, None)
    if lines is not None:
        read = {id(each): read_sample_values(each, lines) for side in sides for each in side}
        found |= {key: values for key, values in read.items() if not isinstance(values, Unreadable)}
    return [[found[id(each)] for each in side if id(each) in found] for side in sides]


# --- shapes ---------------------------------------------------------------------------------------


def _compare_recordings(old: Recording, new: Recording) -> Iterator[Drift]:
    if not set(old) & set(new):
        calls = " and ".join(", ".join(sorted(each)) or "a sample" for each in (old, new))
        raise UsageError(f"the two have no call in common: {calls}")
    for call in sorted({*old, *new}):
        if call not in new:
            yield Drift("breaks", call, "is not asked for any more", "asked for", "absent")
        elif call not in old:
            yield Drift("changes", call, "is asked for now", "absent", "asked for")
        else:
            yield from _compare_answers(call, *_read_sides(old[call], new[call]))


def _compare_answers(call: str, old: Sequence[Any], new: Sequence[Any]) -> Iterator[Drift]:
    if old and new:
        yield from _compare_shapes(call, *shapes_of(old, new))
    elif old:
        yield Drift("breaks", call, "gives no document any more", "a document", "none")
    elif new:
        yield Drift("changes", call, "gives a document now", "none", "a document")


def _compare_shapes(call: str, old: Shapes, new: Shapes) -> Iterator[Drift]:
    for path in dict.fromkeys([*old, *new]):
        where = f"{call} {write_shape_path(path) or '(the document)'}".strip()
        if path in old and path in new:
            yield from _compare_path(where, old[path], new[path])
        elif (
            path[-1] is not PathMark.ELEMENT
            and _parent_is_in(path, old)
            and _parent_is_in(path, new)
        ):
            if path in old:
                yield Drift("breaks", where, "is gone", _types(old[path]), "absent")
            else:
                yield Drift("changes", where, "is new", "absent", _types(new[path]))


def _parent_is_in(path: ShapePath, shapes: Shapes) -> bool:
    """Return whether an object was there that could have *path*: an empty list shows nothing of its items."""
    parent = shapes.get(path[:-1])
    return parent is not None and parent.types["object"] > 0


_TEXT = re.compile("text|date|time|e-mail|URL")


def _compare_path(where: str, old: PathShape, new: PathShape) -> Iterator[Drift]:
    more = [name for name in new.types if name not in old.types]
    if more:
        # A type that comes beside the old ones may be new only to the recording.
        widens = all(name in new.types for name in old.types) and "null" not in more
        are_texts = all(_TEXT.search(name) for name in [*more, *old.types])
        severity: Severity = "changes" if widens and are_texts else "breaks"
        yield Drift(severity, where, f"may be {' or '.join(more)} now", _types(old), _types(new))
    if old.is_always_there and not new.is_always_there:
        share = f"in {new.there} of {new.around}"
        yield Drift("breaks", where, "is absent in some", f"in all {old.around}", share)


def _types(shape: PathShape) -> str:
    return ", ".join(name for name, _ in shape.types.most_common())


# --- what a mapping makes of them -----------------------------------------------------------------


def _map(mapping: Path, argument: str) -> RehearsalTally:
    if read_case(argument) is None:
        raise UsageError(f"{argument}: with --mapping both are cases: FILE.cases.yaml#NAME")
    run, _left = map_samples(mapping, [argument], None)
    tally = RehearsalTally()
    tally.add(run, 0.0)
    return tally


def _compare_tallies(old: RehearsalTally, new: RehearsalTally) -> Iterator[Drift]:
    for slug in new.reasons.keys() - old.reasons.keys():
        (reason,) = new.reasons[slug]
        yield Drift("breaks", "the answer", f"is {slug} now: {reason}", "an answer", slug)
    for source, words in new.statuses.items():
        known = {word for word, _ in old.statuses.get(source, ())}
        for word, means in words:
            if word not in known:
                severity: Severity = "breaks" if means == str(UNKNOWN_STATUS) else "changes"
                message = f"gives the word {word!r}, at {source[1]}"
                yield Drift(severity, f"`{source[0]}`", message, "never", means)
    for name in new.fields.keys() & old.fields.keys():
        field, before = new.fields[name], old.fields[name]
        if field.failed and not before.failed:
            message = f"cannot be made any more, at {field.place}"
            yield Drift("breaks", f"`{name}`", message, "made", f"{field.failed} failed")
        elif before.given and field.left_out and not field.given:
            message = f"is never given, at {field.place}"
            yield Drift("breaks", f"`{name}`", message, f"given {before.given} times", "left out")


# --- how it is written ----------------------------------------------------------------------------


def as_text(drifts: Sequence[Drift], out: TextIO) -> str:
    """Return one line for each change, breaking changes first, and the totals, in the colours of *out*."""
    paint = Paint(out)
    lines = [
        f"{paint(drift.severity, RED if drift.severity == 'breaks' else YELLOW)}"
        f"  {drift.where} {drift.message} (old: {drift.old}; new: {drift.new})"
        for drift in drifts
    ]
    breaks = sum(drift.severity == "breaks" for drift in drifts)
    lines.append(f"{counted(len(drifts), 'change')}, of which {breaks} may break a mapping")
    return "\n".join(lines)


WRITERS: Mapping[str, Callable[[Sequence[Drift], TextIO], str]] = MappingProxyType(
    {"text": as_text, "json": lambda drifts, _out: write_document(drifts)}
)
"""Each format and what writes it."""
