"""ticketbridge's own ways in: the one place where the benchmarks meet what is inside it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.data import SECRET, TOKEN, USER
from benchmarks.peers.result import Json, Mapped
from ticketbridge.contract import tickets_schema
from ticketbridge.engine.bridge import Bridge, compile_mapping
from ticketbridge.engine.upstream.messages import Transport
from ticketbridge.engine.upstream.wire import Wire
from ticketbridge.jmes import LOOKUP_CACHE, NOW
from ticketbridge.mapping import Environment, load_mapping
from ticketbridge.service.collector import calm_collector

_NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
MAPPINGS = Path(__file__).parent / "mappings"


def environment(platform_url: str = "http://platform.example") -> dict[str, str]:
    """The variables of the mappings, and of the peers."""
    return {"MENTA_SECRET": SECRET, "PLATFORM_TOKEN": TOKEN, "PLATFORM_URL": platform_url}


def bridge_of(
    mapping: str,
    *,
    transport: Transport | None = None,
    platform_url: str = "http://platform.example",
) -> Bridge:
    """The bridge of one of the benchmarks' mappings."""
    variables = Environment(environment(platform_url))
    spec = load_mapping(MAPPINGS / f"{mapping}.yaml", environment=variables)
    last_stage = Wire(transport, spec.upstream.max_body).send if transport else None
    return compile_mapping(spec, last_stage=last_stage)


def settle_in() -> None:
    """What `ticketbridge serve` does once its mappings are loaded."""
    calm_collector()


def ours(mapping: str, body: Json, user: str = USER) -> Callable[[], Mapped]:
    """From the platform's parsed body to the tickets and the verdicts, and nothing around it."""
    # What runs in an answer, reached from inside: the bridge has no door between body and tickets.
    # With the contract as a schema of its own the tickets are dictionaries, as those of the peers are; the
    # whole body is held to it after this.
    variables = Environment(environment())
    spec = load_mapping(MAPPINGS / f"{mapping}.yaml", environment=variables)
    bridge = compile_mapping(
        replace(spec, response=replace(spec.response, schema=tickets_schema()))
    )
    call, serve = bridge._calls[-1], bridge.program.serve  # noqa: SLF001 - see above
    items_of = call.items  # type: ignore[union-attr]  # the mappings end in a call

    def run() -> Mapped:
        scope = {"user": user, NOW: _NOW, LOOKUP_CACHE: {}}
        tickets: list[Json] = []
        tally = bridge.program.tally(tickets.extend, bridge._bound_count())  # noqa: SLF001 - see above
        serve([(scope, items_of({**scope, "body": body}))], tally)
        return Mapped(tickets, tally.counts({}))

    return run
