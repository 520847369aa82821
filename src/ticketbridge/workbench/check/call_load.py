"""Calculate how many calls one answer may take, and how long they take at the platform's rate."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ticketbridge.mapping.findings import Finding
from ticketbridge.mapping.spec import CallSpec, MappingSpec
from ticketbridge.terminal import counted
from ticketbridge.workbench.check.trees import binds_several, make_doubt


@dataclass(frozen=True, slots=True)
class CallLoad:
    """The calls of one answer: at most *most*, without retries; *parts* says what makes them.

    *is_open*: their number depends on the platform's data, so only `max_calls` limits them. *seconds* is when
    the last of them is sent at the platform's rate, 0 without one.
    """

    most: int
    parts: Sequence[str]
    is_open: bool
    seconds: float


def measure_load(spec: MappingSpec) -> CallLoad:
    """Return what is known of the calls of *spec* without making one."""
    upstream = spec.upstream
    looping: list[str] = []
    known, is_open, parts = 0, False, []
    for entry in spec.source:
        if isinstance(entry, CallSpec):
            polls = any(rule.poll is not None for rule in entry.responses)
            is_open = is_open or polls or bool(looping)
            known += upstream.max_pages if entry.pages else 1
            parts.append(_describe(entry, looping, upstream.max_pages, polls=polls))
        if binds_several(entry):
            looping.append(entry.name)
    most = upstream.max_calls if is_open else min(known, upstream.max_calls)
    rate = upstream.rate
    seconds = (math.ceil(most / rate.calls) - 1) * rate.seconds if rate and most else 0.0
    return CallLoad(most, parts, is_open, seconds)


def _describe(call: CallSpec, looping: Sequence[str], max_pages: int, *, polls: bool) -> str:
    text = f"`{call.name}` for each `{looping[-1]}`" if looping else f"`{call.name}` once"
    if call.pages:
        text += f", on up to {counted(max_pages, 'page')}"
    return f"{text}, and again while it is not ready" if polls else text


def describe_load(spec: MappingSpec) -> str:
    """Return a line about the calls of *spec*; "" if their number is fixed and no rate is declared."""
    load, rate = measure_load(spec), spec.upstream.rate
    if not load.parts or not (load.is_open or rate):
        return ""
    text = f"at most {counted(load.most, 'call')} for one answer ({'; '.join(load.parts)})"
    if rate:
        a_minute = rate.calls / rate.seconds / load.most * 60
        room = f"{math.floor(a_minute):,}" if a_minute >= 1 else f"{a_minute:.2g}"
        last = f"the last of them goes out {load.seconds:g}s after the first"
        all_of_them = last if load.seconds else "they may all go out together"
        text += (
            f"; at {rate} {all_of_them}, and one worker has room for {room} such answers a minute"
        )
    return f"{spec.platform}: {text}"


def doubt_rate(spec: MappingSpec) -> Iterator[Finding]:
    """Yield a warning if the calls of one answer take longer at their rate than an answer may."""
    load, rate, timeout = measure_load(spec), spec.upstream.rate, spec.upstream.timeout
    if rate is None or load.seconds < timeout:
        return
    fits = math.ceil(timeout / rate.seconds) * rate.calls
    message = (
        f"one answer may take {load.most} calls, and at {rate} the last of them goes out {load.seconds:g}s"
        f" after the first; `timeout` is {timeout:g}s"
    )
    hint = (
        f"`max_calls: {fits}` is what fits; or a `timeout` of over {load.seconds:g}s, if menta tech waits"
        " for so long. An answer that needs more is `overloaded`"
    )
    yield make_doubt(rate.place, "TB527", message, hint)
