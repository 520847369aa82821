"""One request of a call and its answer: tried again, with other credentials, and polled."""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from ticketbridge.mapping.compiler import Scope, SpecCompiler
from ticketbridge.mapping.spec import CallSpec, UpstreamSpec
from ticketbridge.problems import MappingMismatch
from ticketbridge.upstream.errors import CredentialsRefused, FailedTry
from ticketbridge.upstream.evaluate import mismatch
from ticketbridge.upstream.messages import PlatformAnswer, PlatformRequest
from ticketbridge.upstream.next_url import NextUrlError, next_url
from ticketbridge.upstream.pull import Pull
from ticketbridge.upstream.requests import RequestPlan
from ticketbridge.upstream.resilience import Tries
from ticketbridge.upstream.responses import NotReady, Responses


@dataclass(frozen=True, slots=True)
class Answered:
    """An answer that counts: the scope of the response slots, and the *url* that gave it."""

    scope: dict[str, Any]
    url: str


class Exchange:
    """Asks the platform for one call until there is an answer that counts.

    Polls are calls as others are: the answer's deadline and `max_calls` end them.
    """

    def __init__(
        self,
        spec: CallSpec,
        upstream: UpstreamSpec,
        request: RequestPlan,
        roots: Collection[str],
        compiler: SpecCompiler,
        *,
        needs_body: bool,
    ) -> None:
        """*roots* are those of the response slots; slips go to *compiler* as findings.

        *needs_body*: an answer without a readable body is an error.
        """
        self._name = spec.name
        self._base_url = upstream.base_url
        self._retries = upstream.retries
        self._is_live = upstream.live
        self._request = request
        self._responses = Responses(spec, upstream, roots, compiler, needs_body=needs_body)
        _hold_to_deadline(spec, upstream, compiler)

    async def ask(
        self, request: PlatformRequest, scope: Scope, pull: Pull, *, first: bool
    ) -> Answered:
        """The answer to *request*, or to what the platform says to ask instead. *first*: the first page."""
        fresh = False
        while True:
            try:
                seen = await self._tried(request, scope, pull, first=first, fresh=fresh)
            except NotReady as pending:
                request = self._later(pending, request, scope)
                fresh = True
                with pull.journal.upstream:
                    await asyncio.sleep(pending.seconds)
            else:
                return Answered(seen, request.url)

    async def _tried(
        self, request: PlatformRequest, scope: Scope, pull: Pull, *, first: bool, fresh: bool
    ) -> dict[str, Any]:
        """The response scope of *request*, after as many tries as it takes and may take."""
        repeatable = request.method == "GET" or self._request.idempotent
        tries = Tries(self._retries, pull.platform.budget, repeatable=repeatable)
        answer = None
        renewed = False
        while True:
            try:
                answer = await pull.fetch(request, answer, fresh=fresh and answer is None)
                return await self._read(answer, scope, pull, first=first)
            except CredentialsRefused as refusal:
                if renewed or not pull.renew_credentials(answer):
                    raise refusal.problem from refusal
                renewed = True
            except FailedTry as failure:
                await tries.again(failure)

    async def _read(
        self, answer: PlatformAnswer, scope: Scope, pull: Pull, *, first: bool
    ) -> dict[str, Any]:
        """The response scope of *answer*; see Responses.read."""
        with pull.judging(answer):
            self._notice_age(answer, pull)
            return await self._responses.read(answer, scope, pull.journal, first=first)

    def _notice_age(self, answer: PlatformAnswer, pull: Pull) -> None:
        """Note an answer that a cache has kept; raises MappingMismatch where the mapping wants none."""
        ages = answer.headers.get("age", "0").split(",")
        if all(age.strip() == "0" for age in ages):
            return
        what = f"{self._name}: a cache has kept this answer: its Age is not 0"
        if self._is_live:
            raise MappingMismatch("The platform's answer comes from a cache", log=f"live: {what}")
        pull.journal.notes.append(what)

    def _later(self, pending: NotReady, request: PlatformRequest, scope: Scope) -> PlatformRequest:
        """The request that a poll makes."""
        if pending.url is None:
            return request
        try:
            url = next_url(
                pending.url,
                current=request.url,
                base_url=self._base_url,
                first=self._request.first(scope),
                any_path=True,
            )
        except NextUrlError as error:
            raise mismatch(f"{self._name}: url", str(error)) from error
        return self._request.follow(url, scope)


def _hold_to_deadline(spec: CallSpec, upstream: UpstreamSpec, compiler: SpecCompiler) -> None:
    """A poll that waits for as long as the deadline is never made."""
    for rule in spec.responses:
        if rule.poll is not None and rule.poll.after >= upstream.timeout:
            compiler.report(
                rule.poll.place,
                "TB314",
                "`poll` waits for as long as the whole answer may take",
                f"`after` should be less than `timeout`, which is {upstream.timeout:g}s",
            )
