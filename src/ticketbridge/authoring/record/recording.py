"""From a trial to a case in a file, or to the reason why there is none."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from ticketbridge.authoring.cases.clock import SkippingLoop
from ticketbridge.authoring.cases.reader import read_cases
from ticketbridge.authoring.cases.runner import compiled, failures, load_tested
from ticketbridge.authoring.personal import Findings, StandIns, findings_of
from ticketbridge.authoring.record.kept import kept_words, named_keys
from ticketbridge.authoring.record.needed import Needed
from ticketbridge.authoring.record.reading import ReadingCompiler, Reads
from ticketbridge.authoring.record.replay import NotRecorded, Replay
from ticketbridge.authoring.record.replies import Replies, Reply, real_replies
from ticketbridge.authoring.record.slots import slots_of
from ticketbridge.authoring.record.verify import differences, leaks
from ticketbridge.authoring.record.writing import CaseParts, Written, written
from ticketbridge.authoring.trial import Trial, tried
from ticketbridge.bridge import Bridge
from ticketbridge.mapping.findings import MappingError
from ticketbridge.mapping.spec import ApiKeyAuthSpec, MappingSpec

_HEAD = "# Answers of the platform, recorded; personal data in them is made up.\n\n"


class RecordError(Exception):
    """Why nothing was recorded; the file is as it was."""


def record(trial: Trial, mapping: Path, file: Path, name: str | None = None) -> str:
    """Add what happened in *trial* as a case to *file*, and give the case's name.

    Personal data is replaced, and the case is run, before anything is written. Raises RecordError.
    """
    name = name or f"recorded {_moment(trial)}"
    spec = trial.bridge.spec
    findings = findings_of(trial, kept=kept_words(spec))
    reads = _read_by(trial)
    for value, kind in reads.made:
        findings.add(str(value), kind)
    stand_ins = StandIns(trial.user, findings.words | findings.known.keys())
    names = named_keys(spec)
    needed = Needed(reads, findings, stand_ins, names)
    replies = list(Replies(trial, needed, names).made())
    offline = compiled(load_tested(mapping))
    run = _replayed(replies, offline, stand_ins.user, trial)
    _hold_to_same(trial, run, findings)
    parts = CaseParts(
        name,
        stand_ins.user,
        _moment(trial),
        run.replay.replayed,
        _expected(run.trial),
        _key(offline.spec),
    )
    case = written(parts, f"{offline.spec.platform}-{_moment(trial).replace(':', '').lower()}")
    _hold_to_nothing_left(case, findings)
    _keep(case, name, file, offline)
    return name


# --- with made-up data ----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Run:
    replay: Replay
    trial: Trial


def _read_by(real: Trial) -> Reads:
    """What the mapping reads of the platform's answers: its expressions are evaluated on them again."""
    spec, reads = real.bridge.spec, Reads()
    compiler = ReadingCompiler(spec.source, slots_of(spec), reads)
    _replayed(list(real_replies(real)), compiled(spec, compiler), real.user, real)
    return reads


def _replayed(replies: Sequence[Reply], offline: Bridge, user: str, real: Trial) -> _Run:
    """The same answer again, on what *replies* say, without a platform."""
    replay = Replay(replies, offline.spec.upstream.base_url)
    bridge = offline.replaced(replay.send, logs_in=False)
    try:
        with asyncio.Runner(loop_factory=SkippingLoop) as runner:
            return _Run(replay, runner.run(tried(bridge, user, now=real.now)))
    except NotRecorded as call:
        failed = [f"{e.request.call}: {e.failure}" for e in real.exchanges if e.answer is None]
        why = f" ({failed[0]})" if failed else ""
        raise RecordError(f"no answer was recorded for the call {call}{why}") from None


def _hold_to_same(real: Trial, run: _Run, findings: Findings) -> None:
    found = [*differences(real, run.trial, findings)]
    found += [f"{left.call} is not asked for again" for left in run.replay.left]
    if found:
        raise RecordError(f"with made-up data in place of personal data, {found[0]}")


def _hold_to_nothing_left(case: Written, findings: Findings) -> None:
    texts = [case.text, *(content.decode() for content in case.files.values())]
    found = sorted({kind for text in texts for kind in leaks(text, findings)})
    if found:
        raise RecordError(f"personal data would be left in the case ({', '.join(found)})")


def _expected(trial: Trial) -> dict[str, Any]:
    verdicts: Mapping[str, Any] = {"verdicts": trial.journal.verdicts}
    if trial.problem is not None:
        return {"problem": trial.problem.slug, **(verdicts if trial.journal.verdicts else {})}
    tickets = [r.ticket for r in trial.journal.records if r.ticket is not None]
    return {"tickets": msgspec.json.decode(msgspec.json.encode(tickets)), **verdicts}


def _moment(trial: Trial) -> str:
    return trial.now.isoformat(timespec="seconds").replace("+00:00", "Z")


def _key(spec: MappingSpec) -> str:
    auth = spec.upstream.auth
    return auth.name if isinstance(auth, ApiKeyAuthSpec) and auth.location == "query" else ""


# --- the file -------------------------------------------------------------------------------------


def _keep(case: Written, name: str, file: Path, offline: Bridge) -> None:
    """Write the case, once it has been run from a file beside the one that it goes to."""
    before = _before(file)
    draft = file.with_name(f".{file.name}.recording")
    with _files(case, file.parent), _removed(draft):
        draft.write_text(before + case.text, "utf-8")
        _run_as_test_does(draft, name, offline)
        draft.replace(file)


def _before(file: Path) -> str:
    """What stands in the file already, ended so that a case can follow."""
    if not file.exists():
        return _HEAD
    try:
        text = file.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise RecordError(f"{file} cannot be read: {error}") from None
    return f"{text.rstrip()}\n\n" if text.strip() else _HEAD


def _run_as_test_does(draft: Path, name: str, offline: Bridge) -> None:
    try:
        (case,) = [case for case in read_cases(draft).cases if case.name == name]
    except (MappingError, ValueError) as error:
        raise RecordError(f"the case cannot be added to the file: {error}") from None
    with asyncio.Runner(loop_factory=SkippingLoop) as runner:
        wrong = runner.run(failures(case, offline))
    if wrong:
        raise RecordError(f"the recorded case does not pass: {wrong[0]}")


@contextmanager
def _files(case: Written, folder: Path) -> Iterator[None]:
    """The case's files, which stay only where all goes well."""
    made: list[Path] = []
    try:
        for name, content in case.files.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            with path.open("xb") as stream:
                made.append(path)
                stream.write(content)
        yield
    except BaseException as error:
        for path in made:
            path.unlink(missing_ok=True)
        if isinstance(error, OSError):
            raise RecordError(f"the case cannot be written: {error.strerror}") from None
        raise


@contextmanager
def _removed(draft: Path) -> Iterator[None]:
    try:
        yield
    finally:
        draft.unlink(missing_ok=True)
