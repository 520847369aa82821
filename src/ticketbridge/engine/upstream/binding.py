"""The stages that bind: they take a scope, and return the values that an entry of `source` binds in it."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

from ticketbridge.engine.problems import ProblemError
from ticketbridge.engine.tickets.binding_labels import BindingLabels
from ticketbridge.engine.tickets.record_limits import require_records
from ticketbridge.engine.tickets.turns import with_turns
from ticketbridge.engine.upstream.calls import BindingPlan, CallPlan, unasked
from ticketbridge.engine.upstream.context import AnswerContext, Bind, Read
from ticketbridge.engine.upstream.evaluate import evaluate_bool
from ticketbridge.engine.upstream.failures import NothingBelow, OwnsNothing, PastTheEnd
from ticketbridge.engine.upstream.paging import PageSeen, PagesPlan, Step, Walk
from ticketbridge.engine.upstream.requests import FirstRequest
from ticketbridge.mapping.spec_compiler import Scope


async def bind_each(
    bind: Bind,
    scopes: Sequence[Scope],
    context: AnswerContext,
    bindings: BindingLabels,
    max_records: int,
    *,
    at_once: bool,
) -> list[list[Any]]:
    """Return the values that *bind* gives for each of *scopes*, in their order; *at_once*: in parallel.

    Raises the problem of the first failure; its log names the binding. Values are counted as they
    come: after *max_records* no further scope is read.
    """
    count = len(context.trace.records)

    async def bound(position: int, scope: Scope) -> list[Any]:
        nonlocal count
        try:
            values = await bind(scope, context)
        except ProblemError as problem:
            problem.say_which(bindings.place(scope, position, scopes))
            raise
        count += len(values)
        require_records(count, max_records)
        return values

    if len(scopes) == 1:
        return [await bound(0, scopes[0])]
    if not at_once:
        return [await bound(*numbered) async for numbered in with_turns(enumerate(scopes))]
    try:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(bound(*numbered)) for numbered in enumerate(scopes)]
    except BaseExceptionGroup as failures:
        raise _first(failures) from None
    return [task.result() for task in tasks]


def _first(failures: BaseException) -> BaseException:
    """Return the first failure of calls that ran together; it cancelled the others."""
    return _first(failures.exceptions[0]) if isinstance(failures, BaseExceptionGroup) else failures


def ask_if(bind: Bind, call: CallPlan) -> Bind:
    """Make no call if `if` gives false."""
    condition, slot = call.condition, f"{call.name}: if"

    async def asked(scope: Scope, context: AnswerContext) -> list[Any]:
        if condition and not evaluate_bool(condition, scope, slot):
            return unasked(call.kind)
        return await bind(scope, context)

    return asked


def allow_nothing(bind: Bind, call: CallPlan) -> Bind:
    """Bind the value of a call that was not made if a rule says that there is nothing."""

    async def allowing(scope: Scope, context: AnswerContext) -> list[Any]:
        try:
            return await bind(scope, context)
        except NothingBelow:
            context.trace.count_nothing(call.name)
            return unasked(call.kind)

    return allowing


def collect(bind: Bind) -> Bind:
    """Bind the values of all pages as one list."""

    async def collected(scope: Scope, context: AnswerContext) -> list[Any]:
        return [await bind(scope, context)]

    return collected


def ask_once(call: CallPlan, read: Read) -> Bind:
    """Ask for the items of a call without pages."""

    async def asked(scope: Scope, context: AnswerContext) -> list[Any]:
        reading = await read(call.request.build(scope), context)
        return call.items(reading.scope)

    return asked


def walk_pages(call: CallPlan, pages: PagesPlan, read: Read, max_records: int) -> Bind:
    """Ask for the items of all *pages*, one after the other."""

    async def walked(scope: Scope, context: AnswerContext) -> list[Any]:
        walk = Walk(pages.limits)
        items: list[Any] = []
        step: Step | None = pages.first
        first: FirstRequest | None = None
        while step is not None:
            here = {**scope, "page": step.page}
            request = call.request.build(here, step.url)
            walk.ask(request)
            try:
                reading = await read(request, context)
            except PastTheEnd:
                break
            except (OwnsNothing, NothingBelow) as nothing:
                if first is None:
                    raise
                raise nothing.too_late("page was there") from nothing
            first = first or call.request.first(here)
            found = call.items(reading.scope)
            counted = pages.counted(reading.scope, found)
            walk.add(counted)
            items += found
            if call.kind == "each":
                require_records(len(items), max_records)
            total = pages.count(reading.scope)
            if total is not None:
                walk.count_to(total)
            # Where the mapping leaves records out, it may have emptied the page: that says nothing.
            empty = not counted and pages.gives_as_found
            step = pages.next_step(PageSeen(reading.scope, step, reading.url, empty, first))
        walk.end()
        return items

    return walked


def go_down(entry: BindingPlan) -> Bind:
    """Bind values without a call."""

    async def bound(scope: Scope, _context: AnswerContext) -> list[Any]:
        return entry.values(scope)

    return bound
