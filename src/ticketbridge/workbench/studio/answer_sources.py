"""Where the studio's answers come from: a case, pasted samples, or what the platform has just said."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from ticketbridge.engine.bridge import Bridge
from ticketbridge.engine.upstream.context import Send
from ticketbridge.workbench.answer_run import AnswerRun
from ticketbridge.workbench.cases.case_platform import CasePlatform, UnexpectedCall
from ticketbridge.workbench.cases.case_spec import CaseSpec
from ticketbridge.workbench.cases.runner import answers_login
from ticketbridge.workbench.record.recorded_answers import list_real_answers
from ticketbridge.workbench.record.replay import NotRecorded, Replay
from ticketbridge.workbench.samples import Sample, SampleError, SamplePlatform

MissingAnswer = (UnexpectedCall, SampleError, NotRecorded)
"""What a stand-in raises for a call that it has no answer for."""


CallTimes = Mapping[tuple[str, str], tuple[float, float]]
"""By call and URL: when a call was sent, and how long it took, in seconds."""


@dataclass(frozen=True, slots=True)
class StandIn:
    """Stands in for the platform of one run; *left* is a list that it takes answers out of."""

    send: Send
    left: Sequence[object]
    logs_in: bool = False


@dataclass(frozen=True, slots=True)
class AnswerSource:
    """Answers that a run is made of, for *user*.

    *stand_in* returns what answers the calls of a bridge, or raises SampleError. *now* is what `now()` gives,
    None for the time of the run. *is_real*: the platform gave them to a call of this session, so the mapping
    is read with the variables of the environment; *times* says when it was called.
    """

    user: str
    stand_in: Callable[[Bridge], StandIn]
    now: datetime | None = None
    is_real: bool = False
    times: CallTimes = field(default_factory=dict)


def answers_of_case(case: CaseSpec) -> AnswerSource:
    """Return the answers of *case*."""

    def stand_in(bridge: Bridge) -> StandIn:
        platform = CasePlatform(case.answers, bridge.spec)
        return StandIn(platform.send, platform.left, answers_login(case, bridge))

    return AnswerSource(case.user, stand_in, case.now)


def answers_of_samples(samples: Sequence[Sample], user: str) -> AnswerSource:
    """Return the answers in *samples*, which were pasted."""

    def stand_in(bridge: Bridge) -> StandIn:
        platform = SamplePlatform(samples, bridge.spec)
        return StandIn(platform.send, platform.left)

    return AnswerSource(user, stand_in)


def answers_of_fetch(fetched: AnswerRun) -> AnswerSource:
    """Return what the platform said to a call of this session."""

    def stand_in(bridge: Bridge) -> StandIn:
        replay = Replay(list(list_real_answers(fetched)), bridge.spec.upstream)
        return StandIn(replay.send, replay.left)

    times = {
        (each.request.call, each.request.url): (each.started, each.seconds)
        for each in fetched.exchanges
    }
    return AnswerSource(fetched.user, stand_in, fetched.now, is_real=True, times=times)
