"""What all answers from one platform share. No data is among it."""

from __future__ import annotations

from dataclasses import dataclass

import httpx

from ticketbridge.mapping.spec import UpstreamSpec
from ticketbridge.upstream.breaker import Breaker
from ticketbridge.upstream.client import Client, PlatformClient
from ticketbridge.upstream.resilience import RetryBudget, Slots
from ticketbridge.upstream.signing import Signers, SigningPlan
from ticketbridge.upstream.transport import HttpxTransport


@dataclass(frozen=True, slots=True)
class Platform:
    """The way to one platform, and what spares it: the limits are its own, whoever asks."""

    spec: UpstreamSpec
    client: Client
    signers: Signers
    slots: Slots
    budget: RetryBudget
    breaker: Breaker


def open_platform(
    spec: UpstreamSpec,
    signing: SigningPlan,
    transport: httpx.AsyncBaseTransport | None,
    *,
    logs_in: bool = True,
) -> Platform:
    """The platform of *spec*, by *transport* where there is one.

    *logs_in* False signs with a stand-in where a login would be made.
    """
    client = PlatformClient(spec, None if transport is None else HttpxTransport(transport))
    budget = RetryBudget()
    signers = signing.signers(budget, logs_in=logs_in)
    slots, breaker = Slots(spec.concurrency), Breaker(spec.breaker)
    return Platform(spec, client, signers, slots, budget, breaker)
