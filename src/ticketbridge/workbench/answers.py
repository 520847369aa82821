"""One answer on the command line: mapped from saved samples, or fetched from the platform."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from ticketbridge.engine.bridge import Bridge, compile_mapping
from ticketbridge.mapping import Environment, load_mapping
from ticketbridge.mapping.findings import did_you_mean
from ticketbridge.mapping.loader import draft_mapping, read_text
from ticketbridge.workbench.answer_run import AnswerRun, ExchangeLog, run_answer
from ticketbridge.workbench.cases.case_platform import UnexpectedCall
from ticketbridge.workbench.cases.case_spec import CaseSpec
from ticketbridge.workbench.cases.reader import read_cases
from ticketbridge.workbench.cases.runner import cases_file, run_skipping, with_case
from ticketbridge.workbench.samples import SampleError, SamplePlatform, read_sample
from ticketbridge.workbench.unfinished import find_unfinished, require_finished


def fetch_answer(mapping: Path, user: str, environment: Environment) -> AnswerRun:
    """Ask the platform for *user*, and return what menta tech would get. Raises MappingError."""
    bridge = compile_mapping(load_mapping(mapping, environment=environment))
    return asyncio.run(run_watched(bridge, user, None))


def map_samples(
    mapping: Path,
    samples: Sequence[str],
    user: str | None,
    *,
    now: datetime | None = None,
) -> tuple[AnswerRun, list[str]]:
    """Return what the mapping makes of *samples*, and the samples that no call asked for.

    Raises MappingError, and SampleError if a sample is missing or cannot be used. *samples* are arguments
    of the command line (see `samples`), or one case, `acme.cases.yaml#its name`, which brings its user and
    its time. No variable is read, as nothing is sent. In a draft, what is TODO is left out (see
    `unfinished`).
    """
    text, offline = read_text(mapping), Environment.offline()
    draft = draft_mapping(text, file=str(mapping), environment=offline, folder=mapping.parent)
    opened = find_unfinished(draft)
    bridge = compile_mapping(opened.spec if opened else require_finished(draft))
    answer_run, left = _map_samples(bridge, mapping, samples, user, now)
    if opened:
        answer_run = replace(
            answer_run, answer=opened.mark_open(answer_run.answer), open=opened.open
        )
    return answer_run, left


def _map_samples(
    bridge: Bridge, mapping: Path, samples: Sequence[str], user: str | None, now: datetime | None
) -> tuple[AnswerRun, list[str]]:
    case = _find_case(samples, mapping)
    if case is not None:
        return _map_case(bridge, case, user, now)
    if user is None:
        raise SampleError("say whose tickets the samples are: --user E")
    platform = SamplePlatform([read_sample(sample) for sample in samples], bridge.spec)
    offline = bridge.with_last_stage(platform.send, logs_in=False)
    answer_run = run_skipping(run_watched(offline, user, now))
    return answer_run, [str(sample) for sample in platform.left]


def _map_case(
    bridge: Bridge, case: CaseSpec, user: str | None, now: datetime | None
) -> tuple[AnswerRun, list[str]]:
    offline, platform = with_case(bridge, case)
    try:
        answer_run = run_skipping(run_watched(offline, user or case.user, now or case.now))
    except UnexpectedCall as call:
        raise SampleError(f"no answer of the case `{case.name}` fits the call {call}") from None
    return answer_run, [str(answer) for answer in platform.left]


async def run_watched(bridge: Bridge, user: str, now: datetime | None) -> AnswerRun:
    """Return the answer of *bridge* for *user*, with its calls. Its connections are closed afterwards."""
    log = ExchangeLog(bridge.last_stage)
    try:
        return await run_answer(
            bridge.with_last_stage(log.send), user, now=now, exchanges=log.exchanges
        )
    finally:
        await bridge.aclose()


# --- a case as the sample -------------------------------------------------------------------------


def _find_case(samples: Sequence[str], mapping: Path) -> CaseSpec | None:
    """Return the case that the only sample names; None if the samples are files with answers."""
    named = [sample for sample in samples if _names_case(sample)]
    if not named:
        return None
    if len(samples) > 1:
        raise SampleError(
            f"{named[0]}: a case brings all its answers: give no other sample with it"
        )
    return read_case(named[0], mapping)


def read_case(argument: str, mapping: Path | None = None) -> CaseSpec | None:
    """Return the case that *argument* names, `acme.cases.yaml#its name`; None if it names a sample.

    `#its name` is a case beside *mapping*. Raises SampleError for a case that is not there.
    """
    if not _names_case(argument) or (mapping is None and argument.startswith("#")):
        return None
    file, _, name = argument.partition("#")
    return _choose_case(Path(file) if file or mapping is None else cases_file(mapping), name)


def _names_case(sample: str) -> bool:
    file = sample.partition("#")[0]
    return sample.startswith("#") or Path(file).stem.endswith(".cases")


def _choose_case(file: Path, name: str) -> CaseSpec:
    cases = {case.name: case for case in read_cases(file).cases}
    if not name and len(cases) == 1:
        return next(iter(cases.values()))
    if name not in cases:
        what = f"has no case `{name}`" if name else "has several cases"
        near = did_you_mean(name, cases)
        listed = "".join(f"\n  {file}#{known}" for known in cases)
        raise SampleError(f"{file} {what}; name one of{listed}\n{near}".rstrip())
    return cases[name]
