"""Where the studio's answers come from: a case, pasted samples, or what the platform has just said."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from ticketbridge.engine.bridge import Bridge
from ticketbridge.engine.upstream.context import Send
from ticketbridge.workbench.answer_run import AnswerRun
from ticketbridge.workbench.call_formats import find_formats
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


class AnswerSource(Protocol):
    """Answers that a run is made of. *user* and *now* may be set by it; *real*: a platform gave them."""

    @property
    def user(self) -> str:
        """Whose tickets are in it."""
        ...

    @property
    def now(self) -> datetime | None:
        """What `now()` gives; None is the time of the run."""
        ...

    @property
    def is_real(self) -> bool:
        """Whether the mapping is read with the variables of the environment, as it was for the call."""
        ...

    @property
    def times(self) -> CallTimes:
        """When the platform was called in truth; empty where it was not."""
        ...

    def stand_in(self, bridge: Bridge) -> StandIn:
        """Return what answers the calls of *bridge*. Raises SampleError."""
        ...


@dataclass(frozen=True, slots=True)
class CaseSource:
    """The answers of a case."""

    case: CaseSpec
    is_real: bool = False
    times: CallTimes = field(default_factory=dict)

    @property
    def user(self) -> str:
        """See AnswerSource."""
        return self.case.user

    @property
    def now(self) -> datetime | None:
        """See AnswerSource."""
        return self.case.now

    def stand_in(self, bridge: Bridge) -> StandIn:
        """See AnswerSource."""
        spec = bridge.spec
        platform = CasePlatform(self.case.answers, spec.upstream, find_formats(spec))
        logs_in = answers_login(self.case, bridge)
        return StandIn(platform.send, platform.left, logs_in)


@dataclass(frozen=True, slots=True)
class SampleSource:
    """Samples that were pasted."""

    samples: Sequence[Sample]
    user: str
    now: datetime | None = None
    is_real: bool = False
    times: CallTimes = field(default_factory=dict)

    def stand_in(self, bridge: Bridge) -> StandIn:
        """See AnswerSource."""
        platform = SamplePlatform(self.samples, bridge.spec)
        return StandIn(platform.send, platform.left)


@dataclass(frozen=True, slots=True)
class FetchedSource:
    """What the platform said to a call of this session."""

    fetched: AnswerRun = field(repr=False)
    is_real: bool = True

    @property
    def user(self) -> str:
        """See AnswerSource."""
        return self.fetched.user

    @property
    def now(self) -> datetime | None:
        """See AnswerSource."""
        return self.fetched.now

    @property
    def times(self) -> CallTimes:
        """See AnswerSource."""
        return {
            (each.request.call, each.request.url): (each.started, each.seconds)
            for each in self.fetched.exchanges
        }

    def stand_in(self, bridge: Bridge) -> StandIn:
        """See AnswerSource."""
        replay = Replay(list(list_real_answers(self.fetched)), bridge.spec.upstream)
        return StandIn(replay.send, replay.left)
