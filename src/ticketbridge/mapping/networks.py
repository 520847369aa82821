"""Networks of callers and proxies: compare them, and find those that nobody can have meant."""

from __future__ import annotations

from collections.abc import Iterable
from ipaddress import IPv4Network, IPv6Network, collapse_addresses

IPNetwork = IPv4Network | IPv6Network
_MAPPED = IPv6Network("::ffff:0:0/96")  # IPv4, written as IPv6
_LOOPBACK = IPv6Network("::1")
_NOBODY: tuple[IPNetwork, ...] = (
    IPv4Network("0.0.0.0/8"),  # this host, and this network
    IPv4Network("224.0.0.0/3"),  # multicast, reserved, broadcast
    IPv6Network("::/96"),  # unspecified, and a former way to write IPv4
    IPv6Network("ff00::/8"),  # multicast
)
_OWN = (IPv6Network("fc00::/7"), IPv6Network("fe80::/10"))
_WIDEST = {4: 8, 6: 16}  # prefix lengths: 10.0.0.0/8 is a private network


def unmapped(network: IPNetwork) -> IPNetwork:
    """Return *network* as IPv4 if it is IPv4 written as IPv6, because callers are compared in that form."""
    if isinstance(network, IPv6Network) and network.subnet_of(_MAPPED):
        first = int(network.network_address) & 0xFFFFFFFF
        return IPv4Network((first, network.prefixlen - _MAPPED.prefixlen))
    return network


def has_no_caller(network: IPNetwork) -> bool:
    """Return whether no connection can come from *network*. Then something else must be meant."""
    if network.prefixlen == 0 or network == _LOOPBACK:
        return False
    if isinstance(network, IPv6Network):
        holds_mapped = network.supernet_of(_MAPPED)  # no caller is compared in that form
        return holds_mapped or any(_is_in(network, other) for other in _NOBODY)
    return any(_is_in(network, other) for other in _NOBODY)


def is_too_wide(network: IPNetwork) -> bool:
    """Return whether *network* is larger than any private network, and so holds a part of the internet."""
    return network.prefixlen < _WIDEST[network.version] and not any(
        _is_in(network, own) for own in _OWN
    )


def are_everybody(networks: Iterable[IPNetwork]) -> bool:
    """Return whether *networks* together hold all addresses of IPv4, or all of IPv6."""
    given = list(networks)
    fours = [one for one in given if isinstance(one, IPv4Network)]
    sixes = [one for one in given if isinstance(one, IPv6Network)]
    together: list[IPNetwork] = [*collapse_addresses(fours), *collapse_addresses(sixes)]
    return any(network.prefixlen == 0 for network in together)


def _is_in(network: IPNetwork, other: IPNetwork) -> bool:
    if isinstance(network, IPv4Network):
        return isinstance(other, IPv4Network) and network.subnet_of(other)
    return isinstance(other, IPv6Network) and network.subnet_of(other)
