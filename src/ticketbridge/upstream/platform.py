"""What all answers from one platform share. No data is among it."""

from __future__ import annotations

import ssl
from dataclasses import dataclass

import httpx

from ticketbridge.mapping.spec import OAuth2AuthSpec, UpstreamSpec
from ticketbridge.upstream.breaker import Breaker
from ticketbridge.upstream.client import Client, PlatformClient
from ticketbridge.upstream.resilience import RetryBudget, Slots
from ticketbridge.upstream.signing import Signers, SigningPlan
from ticketbridge.upstream.sockets import SocketTransport
from ticketbridge.upstream.tls import trusting_context
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
    *,
    transport: httpx.AsyncBaseTransport | None = None,
    tls: ssl.SSLContext | None = None,
    logs_in: bool = True,
) -> Platform:
    """The platform of *spec*, by *transport* where there is one, else with *tls* or the usual context.

    *logs_in* False signs with a stand-in where a login would be made.
    """
    way = _connections(spec, tls) if transport is None else HttpxTransport(transport)
    budget = RetryBudget()
    signers = signing.signers(budget, logs_in=logs_in)
    slots, breaker = Slots(spec.concurrency), Breaker(spec.breaker)
    return Platform(spec, PlatformClient(spec, way), signers, slots, budget, breaker)


def _connections(spec: UpstreamSpec, tls: ssl.SSLContext | None) -> SocketTransport:
    # Reading the trusted certificates takes tens of milliseconds: not while an answer waits.
    tls = tls or (trusting_context() if _speaks_tls(spec) else None)
    return SocketTransport(
        connect_timeout=spec.connect_timeout, tls=tls, keep_alive=spec.keep_alive
    )


def _speaks_tls(spec: UpstreamSpec) -> bool:
    urls = [spec.base_url]
    if isinstance(spec.auth, OAuth2AuthSpec):
        urls.append(spec.auth.token_url)
    return any(url.startswith("https:") for url in urls)
