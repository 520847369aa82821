"""One answer on the command line: mapped from saved samples, or fetched from the platform."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from ticketbridge.authoring.cases.clock import SkippingLoop
from ticketbridge.authoring.cases.logins import answers_login
from ticketbridge.authoring.cases.platform import CasePlatform, UnexpectedCall
from ticketbridge.authoring.cases.reader import read_cases
from ticketbridge.authoring.cases.runner import cases_file
from ticketbridge.authoring.cases.spec import CaseSpec
from ticketbridge.authoring.samples import SampleError, SamplePlatform, read_sample
from ticketbridge.authoring.trial import Trial, Watched, tried
from ticketbridge.authoring.unfinished import finished, unfinished
from ticketbridge.bridge import Bridge, compile_mapping
from ticketbridge.mapping import Environment, load_mapping
from ticketbridge.mapping.findings import did_you_mean
from ticketbridge.mapping.loader import draft_mapping, read_text


def fetched(
    mapping: Path, user: str, environment: Environment, *, now: datetime | None = None
) -> Trial:
    """What menta tech would get for *user* now, by real calls. Raises MappingError."""
    bridge = compile_mapping(load_mapping(mapping, environment=environment))
    return asyncio.run(_watched(bridge, user, now))


def mapped(
    mapping: Path,
    samples: Sequence[str],
    user: str | None,
    environment: Environment,
    *,
    now: datetime | None = None,
) -> tuple[Trial, list[str]]:
    """What the mapping makes of *samples*, and those that nothing asked for.

    *samples* are arguments of the command line: see `samples`; or one case, `acme.cases.yaml#its name`,
    which brings its user and its time. Of a draft in which something is TODO the records are shown
    without it: see `unfinished`. Raises MappingError, and SampleError where a sample is missing or cannot
    be used.
    """
    draft = draft_mapping(
        read_text(mapping), file=str(mapping), environment=environment, folder=mapping.parent
    )
    opened = unfinished(draft)
    bridge = compile_mapping(opened.spec if opened else finished(draft))
    trial, left = _mapped(bridge, mapping, samples, user, now)
    if opened:
        trial = replace(trial, answer=opened.shown(trial.answer), open=opened.open)
    return trial, left


def _mapped(
    bridge: Bridge, mapping: Path, samples: Sequence[str], user: str | None, now: datetime | None
) -> tuple[Trial, list[str]]:
    case = _case_of(samples, mapping)
    if case is not None:
        return _mapped_case(bridge, case, user, now)
    if user is None:
        raise SampleError("say whose tickets the samples are: --user E")
    platform = SamplePlatform([read_sample(sample) for sample in samples], bridge.spec)
    trial = _offline(bridge.replaced(platform.send, logs_in=False), user, now)
    return trial, [str(sample) for sample in platform.left]


def _mapped_case(
    bridge: Bridge, case: CaseSpec, user: str | None, now: datetime | None
) -> tuple[Trial, list[str]]:
    platform = CasePlatform(case.answers, bridge.spec.upstream)
    try:
        logs_in = answers_login(case, bridge.spec.upstream.auth)
        offline = bridge.replaced(platform.send, logs_in=logs_in)
        trial = _offline(offline, user or case.user, now or case.now)
    except UnexpectedCall as call:
        raise SampleError(f"no answer of the case `{case.name}` fits the call {call}") from None
    return trial, [str(answer) for answer in platform.left]


def _offline(bridge: Bridge, user: str, now: datetime | None) -> Trial:
    """A trial in which no wait takes time."""
    with asyncio.Runner(loop_factory=SkippingLoop) as runner:
        return runner.run(_watched(bridge, user, now))


async def _watched(bridge: Bridge, user: str, now: datetime | None) -> Trial:
    watched = Watched(bridge.last_stage)
    try:
        return await tried(
            bridge.replaced(watched.send), user, now=now, exchanges=watched.exchanges
        )
    finally:
        await bridge.aclose()


# --- a case as the sample -------------------------------------------------------------------------


def _case_of(samples: Sequence[str], mapping: Path) -> CaseSpec | None:
    """The case that the one sample names, or None where samples are files with answers."""
    named = [sample for sample in samples if _names_case(sample)]
    if not named:
        return None
    if len(samples) > 1:
        raise SampleError(
            f"{named[0]}: a case brings all its answers: give no other sample with it"
        )
    file, _, name = named[0].partition("#")
    return _chosen(Path(file) if file else cases_file(mapping), name)


def _names_case(sample: str) -> bool:
    file = sample.partition("#")[0]
    return sample.startswith("#") or Path(file).stem.endswith(".cases")


def _chosen(file: Path, name: str) -> CaseSpec:
    cases = {case.name: case for case in read_cases(file).cases}
    if not name and len(cases) == 1:
        return next(iter(cases.values()))
    if name not in cases:
        what = f"has no case `{name}`" if name else "has several cases"
        near = did_you_mean(name, cases)
        listed = "".join(f"\n  {file}#{known}" for known in cases)
        raise SampleError(f"{file} {what}; name one of{listed}\n{near}".rstrip())
    return cases[name]
