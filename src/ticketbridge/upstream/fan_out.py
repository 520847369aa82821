"""One entry, bound for each binding of the one above it."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any, Protocol

from ticketbridge.mapping.compiler import Scope
from ticketbridge.problems import ProblemError
from ticketbridge.tickets.bindings import Bindings
from ticketbridge.tickets.turns import with_turns
from ticketbridge.upstream.pull import Pull


class Bound(Protocol):
    """An entry that binds values: a call, or none."""

    async def bind(self, scope: Scope, pull: Pull) -> list[Any]:
        """The values that it binds for *scope*, in order."""
        ...


async def bind_each(
    entry: Bound, scopes: Sequence[Scope], pull: Pull, bindings: Bindings, *, at_once: bool
) -> list[list[Any]]:
    """What *entry* binds for each of *scopes*, in their order; *at_once*: they go out together.

    Raises the problem of the first that fails; its log says of which binding it is. What is bound counts
    as it comes: beyond `max_records` no further scope is looked at.
    """
    count = len(pull.journal.records)

    async def bind(position: int, scope: Scope) -> list[Any]:
        nonlocal count
        try:
            values = await entry.bind(scope, pull)
        except ProblemError as problem:
            problem.say_which(bindings.place(scope, position, scopes))
            raise
        count += len(values)
        pull.require_records(count)
        return values

    if not at_once or len(scopes) == 1:
        numbered_scopes = with_turns(enumerate(scopes))
        return [await bind(*numbered) async for numbered in numbered_scopes]
    try:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(bind(*numbered)) for numbered in enumerate(scopes)]
    except BaseExceptionGroup as failures:
        raise _first(failures) from None
    return [task.result() for task in tasks]


def _first(failures: BaseException) -> BaseException:
    """The first failure of calls that ran together; it cancelled the others."""
    return _first(failures.exceptions[0]) if isinstance(failures, BaseExceptionGroup) else failures
