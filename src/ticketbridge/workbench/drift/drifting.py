"""Compare two recordings of a platform: their shapes, and a mapping's results for each."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from ticketbridge.engine.tickets.verdicts import UNKNOWN_STATUS
from ticketbridge.mapping import Environment
from ticketbridge.terminal import UsageError
from ticketbridge.workbench.answers import map_samples, read_case
from ticketbridge.workbench.draft.documents import read_documents
from ticketbridge.workbench.drift.shapes import (
    PathShape,
    ShapePath,
    Shapes,
    PathMark,
    shapes_of,
    write_shape_path,
)
from ticketbridge.workbench.rehearse.rehearsal_tally import RehearsalTally
from ticketbridge.workbench.samples import Sample, read_sample, require_json

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


Recording = Mapping[str, Sequence[Any]]
"""The documents of each call, by its path; values in paths are replaced by placeholders."""


def find_drift(
    old: str, new: str, mapping: Path | None, environment: Environment
) -> Sequence[Drift]:
    """Return what changed from *old* to *new*: samples, or cases as `acme.cases.yaml#its name`.

    With *mapping* both must be cases, and its results for them are compared too. Raises UsageError if one
    cannot be read, or if they have nothing in common; MappingError.
    """
    before, after = read_recording(old), read_recording(new)
    found = list(_compare_recordings(before, after))
    if mapping is not None:
        tallies = [_map(mapping, each, environment) for each in (old, new)]
        found += _compare_tallies(*tallies)
    return sorted(found, key=lambda drift: drift.severity)


_ID = re.compile(r"[^/]*[0-9@][^/]*")


def read_recording(argument: str) -> Recording:
    """Return the documents that an *argument* names. Raises UsageError."""
    case = read_case(argument)
    if case is None:
        samples = [read_sample(argument)]
    else:
        good = [answer for answer in case.answers if answer.status // 100 == 2]
        answers = [Sample(answer.asked, argument, answer.content) for answer in good]
        samples = [sample for sample in answers if _is_document(sample)]
    if not samples:
        raise UsageError(f"{argument}: no answer in it is a document in JSON or XML")
    recording: dict[str, list[Any]] = {}
    for document in read_documents(samples):
        path = document.sample.key.partition("?")[0]
        recording.setdefault(_ID.sub("*", path) if case else "", []).append(document.value)
    return recording


def _is_document(sample: Sample) -> bool:
    try:
        require_json(sample)
    except UsageError:
        return False
    return True


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
            shapes = shapes_of(old[call]), shapes_of(new[call])
            yield from _compare_shapes(call, *shapes)


def _compare_shapes(call: str, old: Shapes, new: Shapes) -> Iterator[Drift]:
    for path in dict.fromkeys([*old, *new]):
        where = f"{call} {write_shape_path(path) or '(the document)'}".strip()
        if path in old and path in new:
            yield from _compare_path(where, old[path], new[path])
        elif path[-1] is not PathMark.ELEMENT and _parent_is_in(path, old) and _parent_is_in(path, new):
            if path in old:
                yield Drift("breaks", where, "is gone", _types(old[path]), "absent")
            else:
                yield Drift("changes", where, "is new", "absent", _types(new[path]))


def _parent_is_in(path: ShapePath, shapes: Shapes) -> bool:
    """Return whether an object was there that could have *path*: an empty list shows nothing of its items."""
    parent = shapes.get(path[:-1])
    return parent is not None and parent.types["object"] > 0


def _compare_path(where: str, old: PathShape, new: PathShape) -> Iterator[Drift]:
    more = [name for name in new.types if name not in old.types]
    if more:
        # A type that comes beside the old ones may be new only to the recording.
        widens = all(name in new.types for name in old.types) and "null" not in more
        severity: Severity = "changes" if widens and _are_texts(more, old) else "breaks"
        yield Drift(severity, where, f"may be {' or '.join(more)} now", _types(old), _types(new))
    if old.is_always_there and not new.is_always_there:
        share = f"in {new.there} of {new.around}"
        yield Drift("breaks", where, "is absent in some", f"in all {old.around}", share)


_TEXT = re.compile("text|date|time|e-mail|URL")


def _are_texts(names: Sequence[str], old: PathShape) -> bool:
    return all(_TEXT.search(name) for name in [*names, *old.types])


def _types(shape: PathShape) -> str:
    return ", ".join(name for name, _ in shape.types.most_common())


# --- what a mapping makes of them -----------------------------------------------------------------


def _map(mapping: Path, argument: str, environment: Environment) -> RehearsalTally:
    if read_case(argument) is None:
        raise UsageError(f"{argument}: with --mapping both are cases: FILE.cases.yaml#NAME")
    run, _left = map_samples(mapping, [argument], None, environment)
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
