"""Who may ask: the caller's address, and the shared secret."""

from __future__ import annotations

import hmac
from collections.abc import Sequence
from ipaddress import IPv4Address, IPv6Address, ip_address

from ticketbridge.engine.problems import Forbidden, Unauthorized
from ticketbridge.mapping.spec import AccessSpec, IPNetwork

IPAddress = IPv4Address | IPv6Address


def caller_address(
    peer: str | None, forwarded_for: Sequence[bytes], trusted: Sequence[IPNetwork]
) -> IPAddress | None:
    """Return the caller's address: the peer's, or behind trusted proxies the rightmost untrusted one.

    *forwarded_for* are the `X-Forwarded-For` headers in order. None if no address can be read.
    """
    address = _address(peer or "")
    if address is None or not _within(address, trusted):
        return address
    headers = [header.decode("latin-1") for header in forwarded_for]
    entries = [entry.strip() for header in headers for entry in header.split(",")]
    for entry in reversed([entry for entry in entries if entry]):
        address = _address(entry)
        if address is None or not _within(address, trusted):
            return address
    return address


def check_address(spec: AccessSpec, address: IPAddress | None) -> None:
    """Raise Forbidden if the mapping has an `allow` list without the address."""
    if spec.allow and (address is None or not _within(address, spec.allow)):
        raise Forbidden


def check_secret(spec: AccessSpec, given: Sequence[bytes]) -> int | None:
    """Return the number of the secret that equals *given*; None if the mapping asks for none.

    Raises Unauthorized if no secret equals it. All secrets are compared, each in constant time, so the time
    reveals nothing about them.
    """
    if not spec.secrets:
        return None
    value = given[0] if len(given) == 1 else b""
    matches = [
        secret.number
        for secret in spec.secrets
        if hmac.compare_digest(value, secret.text.reveal().encode())
    ]
    if not matches:
        raise Unauthorized
    return matches[0]


def _address(text: str) -> IPAddress | None:
    """Return the address in *text*; an IPv4 address in IPv6 form becomes IPv4. None if it is none."""
    try:
        address = ip_address(text.partition("%")[0])
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address


def _within(address: IPAddress, networks: Sequence[IPNetwork]) -> bool:
    return any(address in network for network in networks)
