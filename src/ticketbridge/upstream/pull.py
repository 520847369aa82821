"""The calls of one answer: each counted, the same GET made once."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from ticketbridge.journal import Journal
from ticketbridge.mapping.compiler import Scope
from ticketbridge.problems import MappingMismatch, UpstreamUnavailable
from ticketbridge.upstream.auth import Credentials
from ticketbridge.upstream.errors import CredentialsRefused, NoAnswer
from ticketbridge.upstream.messages import PlatformAnswer, PlatformRequest
from ticketbridge.upstream.platform import Platform
from ticketbridge.upstream.responses import NotReady, OwnsNothing
from ticketbridge.upstream.signing import Signer

_PLATFORM_FAILED = 500
_BODIES = 10  # times `max_body` that all bodies of one answer may have together


@dataclass(slots=True)
class Pull:
    """One answer in the making. Its cache of GETs ends with it: nothing about tickets is kept.

    *shares*: the same GET may come again. A mapping of one call asks for nothing twice, and its answers
    need not be kept until the end. *deadline* is the answer's. *read* are the bytes of all bodies so far.
    """

    platform: Platform
    journal: Journal
    shares: bool
    signer: Signer
    scope: Scope
    deadline: asyncio.Timeout
    requests: int = 0
    read: int = 0
    _mark: object = field(default_factory=object)  # stands for this pull at the breaker
    _answers: dict[PlatformRequest, asyncio.Future[PlatformAnswer]] = field(default_factory=dict)
    _unheard: set[int] = field(default_factory=set)

    async def fetch(
        self, request: PlatformRequest, stale: PlatformAnswer | None = None, *, fresh: bool = False
    ) -> PlatformAnswer:
        """The answer to *request*: this pull's earlier one, unless that is the *stale* answer.

        With *fresh* no earlier one will do; a call that is under way will.
        """
        if not self.shares or request.method != "GET":
            self._count()
            return await self._signed(request)
        known = self._answers.get(request)
        if known is not None and not (known.done() and (fresh or _is_stale(known, stale))):
            return await asyncio.shield(known)
        self._count()
        made: asyncio.Future[PlatformAnswer] = asyncio.get_running_loop().create_future()
        self._answers[request] = made
        try:
            made.set_result(await self._signed(request))
        except BaseException as error:
            self._answers.pop(request, None)
            _pass_on(error, made)
            raise
        return made.result()

    def renew_credentials(self, refused: PlatformAnswer | None) -> bool:
        """Whether a request whose credentials the platform has *refused* may be sent with others."""
        credentials = None if refused is None else refused.credentials
        return credentials is not None and self.signer.refuse(credentials)

    @contextmanager
    def judging(self, answer: PlatformAnswer) -> Iterator[None]:
        """While the rules judge *answer*. What the breaker hears of it, it hears at the end, and once.

        A 5xx that a rule expects is no failure. Before the end nobody knows whether one does.
        """
        failed = answer.status >= _PLATFORM_FAILED
        try:
            yield
        except asyncio.CancelledError:
            raise
        except (OwnsNothing, NotReady, CredentialsRefused):
            self._hear(answer, failed=False)
            raise
        except BaseException:
            self._hear(answer, failed=failed)
            raise
        self._hear(answer, failed=False)

    def _hear(self, answer: PlatformAnswer, *, failed: bool) -> None:
        """Tell the breaker of *answer*, unless another call that shares it has done so."""
        if id(answer) not in self._unheard:
            return
        self._unheard.discard(id(answer))
        if failed:
            self.platform.breaker.got_5xx(self.scope["user"])
        else:
            self.platform.breaker.succeeded()

    async def _signed(self, request: PlatformRequest) -> PlatformAnswer:
        credentials = self.signer.ready()
        if credentials is None:
            with self.journal.upstream:
                credentials = await self.signer.fetch(self)
        return await self.send(request, credentials)

    async def send(
        self, request: PlatformRequest, credentials: Credentials | None
    ) -> PlatformAnswer:
        """The answer to *request*, signed with *credentials*, when its turn has come.

        Whoever reads it does so within `judging`.
        """
        breaker, slots = self.platform.breaker, self.platform.slots
        user = self.scope["user"]
        breaker.refuse_if_open(user)
        await slots.take(self.journal)
        try:
            breaker.admit(user)  # it may have opened while this call waited for its turn
            self.journal.calls += 1
            with self.journal.upstream:
                answer = await self.platform.client.send(request, credentials)
        except NoAnswer as failure:
            if isinstance(failure.problem, UpstreamUnavailable):
                breaker.got_no_answer(self._mark)
            raise
        except asyncio.CancelledError:
            if self.deadline.expired():
                breaker.got_no_answer(self._mark)
            raise
        finally:
            slots.give()
        self._unheard.add(id(answer))
        self.read += len(answer.content)
        most = _BODIES * self.platform.spec.max_body
        if self.read > most:
            with self.judging(answer):
                raise MappingMismatch(
                    "The platform's answers are larger together than allowed",
                    log=f"max_body: more than {most} bytes in all bodies of one answer"
                    f" ({_BODIES} times max_body)",
                )
        return answer

    def require_records(self, number: int) -> None:
        """Raise MappingMismatch where one answer would have *number* records, and may not."""
        require_records(number, self.platform.spec.max_records)

    def _count(self) -> None:
        self.requests += 1
        if self.requests > self.platform.spec.max_calls:
            raise MappingMismatch(
                "The answer takes more calls to the platform than allowed",
                log=f"max_calls: more than {self.platform.spec.max_calls} calls for one answer",
            )


def require_records(number: int, most: int) -> None:
    """Raise MappingMismatch where *number* records are more than *most*."""
    if number > most:
        raise MappingMismatch(
            "The platform gave more records than allowed",
            log=f"max_records: more than {most} records for one answer",
        )


def _is_stale(known: asyncio.Future[PlatformAnswer], stale: PlatformAnswer | None) -> bool:
    return stale is not None and known.result() is stale


def _pass_on(error: BaseException, made: asyncio.Future[PlatformAnswer]) -> None:
    """Whoever waits for the same call fails as it did, and tries again under its own count."""
    if isinstance(error, Exception):
        made.set_exception(error)
        made.exception()  # no one may be waiting: that is no error of its own
    else:
        made.cancel()
