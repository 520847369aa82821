"""Networks that are legal, and hardly meant."""

from __future__ import annotations

import json
from ipaddress import ip_network

import pytest

from tests.mapping.support import change, findings
from ticketbridge.mapping import Finding
from ticketbridge.mapping.networks import are_everybody, is_too_wide


def doubts(*written: str) -> list[Finding]:
    """What is found in a list of these networks, and in nothing else of the mapping."""
    text = change(("[203.0.113.0/24]", json.dumps(written)))
    return [one for one in findings(text) if one.code in {"TB042", "TB043", "TB090"}]


@pytest.mark.parametrize(
    ("written", "suggestion"),
    [
        ("::ffff:127.0.0.1", "write 127.0.0.1"),
        ("::ffff:10.0.0.0/104", "write 10.0.0.0/8"),
        ("::FFFF:cb00:7107", "write 203.0.113.7"),
        ("0.0.0.0", "name the address that connects"),
        ("0.0.0.0/8", "name the address that connects"),
        ("::", "name the address that connects"),
        ("::7f00:1", "name the address that connects"),
        ("::/64", "name the address that connects"),
        ("224.0.0.0/4", "name the address that connects"),
        ("255.255.255.255", "name the address that connects"),
        ("ff02::1", "name the address that connects"),
    ],
)
def test_a_network_that_nobody_calls_from_is_doubted(written: str, suggestion: str) -> None:
    """An entry of `allow` that no caller's address is in, as written, is a warning."""
    (found,) = doubts(written)

    assert (found.code, found.severity) == ("TB090", "warning")
    assert found.suggestion.startswith(suggestion)


@pytest.mark.parametrize(
    "written",
    ["127.0.0.1", "::1", "10.0.0.0/8", "fd00::/8", "fe80::1", "203.0.113.0/24", "2001:db8::/32", "1.0.0.0/8"],
)  # fmt: skip
def test_a_network_that_someone_calls_from_is_not(written: str) -> None:
    """Loopback, private and public networks are what `allow` is for."""
    assert doubts(written) == []


@pytest.mark.parametrize(
    ("written", "column"),
    [
        (["0.0.0.0/0"], 0),
        (["::/0"], 0),
        (["203.0.113.0/24", "0.0.0.0/0"], 1),
        (["0.0.0.0/1", "128.0.0.0/1"], 0),
        (["8000::/1", "203.0.113.7", "::/2", "4000::/2"], 0),
    ],
)
def test_networks_that_hold_everybody_together_are_doubted(written: list[str], column: int) -> None:
    """A list that leaves nobody out is a warning, in one entry or in several."""
    found = [finding for finding in doubts(*written) if finding.code == "TB042"]
    text = json.dumps(written)

    assert len(found) == 1
    assert (
        found[0].place.column
        == len("  access: {allow: ") + text.index(json.dumps(written[column])) + 1
    )


@pytest.mark.parametrize(
    ("written", "is_wide"),
    [
        ("0.0.0.0/0", True),
        ("::/0", True),
        ("0.0.0.0/1", True),
        ("128.0.0.0/7", True),
        ("2000::/3", True),
        ("10.0.0.0/8", False),
        ("fc00::/7", False),
        ("fe80::/10", False),
        ("2001:db8::/32", False),
        ("198.51.100.0/24", False),
    ],
)
def test_a_network_is_too_wide_where_strangers_are_in_it(written: str, *, is_wide: bool) -> None:
    """The largest networks that are anybody's own are 10.0.0.0/8 and fc00::/7."""
    assert is_too_wide(ip_network(written)) == is_wide


def test_half_of_the_addresses_are_not_everybody() -> None:
    """What leaves some out is a choice."""
    assert not are_everybody([ip_network("0.0.0.0/1"), ip_network("192.0.0.0/2")])
    assert not are_everybody([])
