"""Who may ask: the caller's address and the shared secret, and which address that is."""

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
    """The address that asks: the peer's, or behind trusted proxies the rightmost that is none of them.

    *forwarded_for* are the `X-Forwarded-For` headers in order. None where no address can be told.
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
    """Raise Forbidden unless the mapping's `allow` has the address, or is not given."""
    if spec.allow and (address is None or not _within(address, spec.allow)):
        raise Forbidden


def check_secret(spec: AccessSpec, given: Sequence[bytes]) -> int | None:
    """Return the number of the secret that the one value *given* is; None where none is asked for.

    Raises Unauthorized where it is none of them. All secrets are compared, each in constant time: the
    time taken says nothing about them.
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
    """The address in *text*, an IPv4 one written as IPv6 in its own form; None where it is none."""
    try:
        address = ip_address(text.partition("%")[0])
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address


def _within(address: IPAddress, networks: Sequence[IPNetwork]) -> bool:
    return any(address in network for network in networks)
