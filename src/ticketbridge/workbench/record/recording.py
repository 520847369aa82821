"""Record an answer as a case in a file, or say why that is not possible.

Made-up data must not change anything else, and no real data may remain. Both are checked before the file is
written.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

from ticketbridge.engine.bridge import Bridge
from ticketbridge.mapping.findings import MappingError
from ticketbridge.mapping.spec import claimed_by
from ticketbridge.workbench.answer_run import AnswerRun, run_answer
from ticketbridge.workbench.cases.reader import read_cases
from ticketbridge.workbench.cases.runner import (
    WatchedCompiler,
    compile_for_cases,
    find_failures,
    list_tickets,
    load_for_cases,
    run_skipping,
)
from ticketbridge.workbench.cases.value_text import write_moment
from ticketbridge.workbench.file_replacing import replacing
from ticketbridge.workbench.personal.personal_data import PersonalData, find_personal_data
from ticketbridge.workbench.personal.personal_kinds import PersonalKind
from ticketbridge.workbench.personal.standins import StandIns
from ticketbridge.workbench.record.case_writing import (
    LONGEST,
    CaseParts,
    WrittenCase,
    write_case,
)
from ticketbridge.workbench.record.needed import Needed
from ticketbridge.workbench.record.reading import Reads, watch_reads
from ticketbridge.workbench.record.recorded_answers import (
    AnswerRecorder,
    RecordedAnswer,
    UnsafeAnswerError,
    list_real_answers,
)
from ticketbridge.workbench.record.replay import NotRecorded, Replay
from ticketbridge.workbench.record.slots import (
    Use,
    choose_use,
    find_kept_words,
    find_named_keys,
    find_slots,
)

_HEAD = "# Answers of the platform, recorded; personal data in them is made up.\n\n"


class RecordError(Exception):
    """Nothing was recorded; the message says why. The file is unchanged."""


def record(answer_run: AnswerRun, mapping: Path, file: Path, name: str | None = None) -> str:
    """Add what happened in *answer_run* as a case to *file*, and return the case's name. Raises RecordError.

    Personal data is replaced, and the case is run, before anything is written.
    """
    name = name or f"recorded {write_moment(answer_run.now)}"
    offline = compile_for_cases(load_for_cases(mapping))
    keep_case(make_case(answer_run, offline, name), name, file, offline)
    return name


def make_case(
    answer_run: AnswerRun, offline: Bridge, name: str, *, longest: int | None = LONGEST
) -> WrittenCase:
    """Return what happened in *answer_run* as a case of the mapping *offline*. Raises RecordError.

    Bodies of over *longest* bytes go to files of their own.
    """
    moment = write_moment(answer_run.now)
    spec = answer_run.bridge.spec
    personal = find_personal_data(answer_run, kept=find_kept_words(spec))
    reads = _find_reads(answer_run)
    for value, kind in reads.made:
        personal.add(str(value), kind)
    stand_ins = StandIns(answer_run.user, personal.words | personal.known.keys())
    names = find_named_keys(spec)
    needed = Needed(reads, personal, stand_ins, names)
    replies = _make_replies(AnswerRecorder(answer_run, needed, names))
    replay, made = _run_replay(replies, offline, stand_ins.user, answer_run)
    _require_same(answer_run, made, replay, personal)
    parts = CaseParts(
        name,
        stand_ins.user,
        moment,
        replay.replayed,
        _make_expect(made),
        claimed_by(offline.spec.upstream.auth).parameters,
    )
    stem = f"{offline.spec.platform}-{moment.replace(':', '').lower()}"
    case = write_case(parts, stem, longest=longest)
    _require_no_leaks(case, personal)
    return case


def _make_replies(recorder: AnswerRecorder) -> list[RecordedAnswer]:
    try:
        return list(recorder.make_answers())
    except UnsafeAnswerError as error:
        hint = "write the case by hand, with made-up data in `text`"
        raise RecordError(f"{error}, in which nobody can tell what is personal: {hint}") from None


# --- with made-up data ----------------------------------------------------------------------------


def _find_reads(real: AnswerRun) -> Reads:
    """Return what the mapping reads from the answers, by evaluating its expressions on them again."""
    spec, reads = real.bridge.spec, Reads()
    watch = watch_reads(find_slots(spec), reads)
    reading = compile_for_cases(spec, WatchedCompiler(spec.source, watch))
    _run_replay(list(list_real_answers(real)), reading, real.user, real)
    return reads


def _run_replay(
    replies: Sequence[RecordedAnswer], offline: Bridge, user: str, real: AnswerRun
) -> tuple[Replay, AnswerRun]:
    """Make the same answer again from *replies*, without a platform. Raises RecordError."""
    replay = Replay(replies, offline.spec.upstream)
    bridge = offline.with_last_stage(replay.send, logs_in=False)
    try:
        return replay, run_skipping(run_answer(bridge, user, now=real.now))
    except NotRecorded as call:
        failed = [f"{e.request.call}: {e.failure}" for e in real.exchanges if e.answer is None]
        why = f" ({failed[0]})" if failed else ""
        raise RecordError(f"no answer was recorded for the call {call}{why}") from None


def _require_same(real: AnswerRun, made: AnswerRun, replay: Replay, personal: PersonalData) -> None:
    found = [*find_differences(real, made, personal)]
    found += [f"{left.call} is not asked for again" for left in replay.left]
    if found:
        raise RecordError(f"with made-up data in place of personal data, {found[0]}")


def _require_no_leaks(case: WrittenCase, personal: PersonalData) -> None:
    texts = [case.text, *(content.decode() for content in case.files.values())]
    found = sorted({kind for text in texts for kind in find_leaks(text, personal)})
    if found:
        raise RecordError(f"personal data would be left in the case ({', '.join(found)})")


def _make_expect(answer_run: AnswerRun) -> dict[str, Any]:
    verdicts: Mapping[str, Any] = {"verdicts": answer_run.trace.verdicts}
    if answer_run.problem is not None:
        return {
            "problem": answer_run.problem.slug,
            **(verdicts if answer_run.trace.verdicts else {}),
        }
    return {"tickets": list_tickets(answer_run), **verdicts}


# --- the file -------------------------------------------------------------------------------------


def keep_case(case: WrittenCase, name: str, file: Path, offline: Bridge) -> None:
    """Write the case, after it has passed in a file beside *file*. Raises RecordError."""
    before = _read_before(file)
    with _write_files(case, file.parent), replacing(file) as draft:
        draft.write_text(before + case.text, "utf-8")
        _require_passing(draft, name, offline)


def _read_before(file: Path) -> str:
    """Return the present text of the file, ready for another case. Raises RecordError."""
    if not file.exists():
        return _HEAD
    try:
        text = file.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise RecordError(f"{file} cannot be read: {error}") from None
    return f"{text.rstrip()}\n\n" if text.strip() else _HEAD


def _require_passing(draft: Path, name: str, offline: Bridge) -> None:
    try:
        (case,) = [case for case in read_cases(draft).cases if case.name == name]
    except (MappingError, ValueError) as error:
        reason = str(error).replace(f"{draft}:", "line ")
        raise RecordError(f"the case cannot be added to the file: {reason}") from None
    wrong = run_skipping(find_failures(case, offline))
    if wrong:
        raise RecordError(f"the recorded case does not pass: {wrong[0]}")


@contextmanager
def _write_files(case: WrittenCase, folder: Path) -> Iterator[None]:
    """Write the case's files, and remove them again if the block fails."""
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


# --- what must be the same, and what must be gone -------------------------------------------------


_POSITION = re.compile(r"\[[0-9]+\]")


def find_differences(real: AnswerRun, made: AnswerRun, personal: PersonalData) -> Iterator[str]:
    """Yield each difference between the outcome with made-up data and the real one."""
    if _describe_problem(real) != _describe_problem(made):
        yield f"the outcome is {_describe_problem(made)}, and was {_describe_problem(real)}"
    if real.trace.verdicts != made.trace.verdicts:
        yield f"the verdicts are {made.trace.verdicts}, and were {real.trace.verdicts}"
    pairs = zip(list_tickets(real), list_tickets(made), strict=False)
    for number, (was, now) in enumerate(pairs, 1):
        for path in _find_other_paths(was, now, personal):
            yield f"ticket {number} has another `{path}`"


def find_leaks(text: str, personal: PersonalData) -> Iterator[str]:
    """Yield the kinds of personal data left in *text*: e-mails, phones, whole names, secrets.

    Single names are not looked for: most are words of a language too.
    """
    folded = text.casefold()
    for known, kind in personal.known.items():
        if kind is PersonalKind.NAME and " " not in known:
            continue
        if any(_occurs(form, folded) for form in {known, quote(known, safe="")}):
            yield kind.value


def _occurs(known: str, text: str) -> bool:
    found = known.casefold()
    return found in text and re.search(rf"(?<!\w){re.escape(found)}(?!\w)", text) is not None


def _describe_problem(answer_run: AnswerRun) -> str:
    return "an answer" if answer_run.problem is None else f"the problem {answer_run.problem.slug}"


def _find_other_paths(was: Any, now: Any, personal: PersonalData, path: str = "") -> Iterator[str]:
    """Yield the paths at which two tickets differ by more than personal data."""
    if isinstance(was, dict) and isinstance(now, dict) and was.keys() == now.keys():
        for name, value in was.items():
            yield from _find_other_paths(
                value, now[name], personal, f"{path}.{name}" if path else name
            )
    elif isinstance(was, list) and isinstance(now, list) and len(was) == len(now):
        for index, (one, other) in enumerate(zip(was, now, strict=True)):
            yield from _find_other_paths(one, other, personal, f"{path}[{index}]")
    elif was != now and not _may_differ(was, path, personal):
        yield path


def _may_differ(value: Any, path: str, personal: PersonalData) -> bool:
    """Return whether a value may differ: it comes from personal data, or decides nothing."""
    keys = tuple(_POSITION.sub("", path).split("."))
    if choose_use(keys) is not Use.DECIDES:
        return True
    above = keys[-2] if len(keys) > 1 else ""
    return isinstance(value, str) and personal.is_or_has_personal(value, keys[-1], above)
