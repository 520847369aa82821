"""Who asks, and whether they may."""

from __future__ import annotations

from ipaddress import ip_address, ip_network

import pytest

from tests.support import bridge_of, order, orders, serving
from ticketbridge.engine.problems import Forbidden, Unauthorized
from ticketbridge.mapping.spec import AccessSpec, Secret, SharedSecret
from ticketbridge.service.access import caller_address, check_address, check_secret


def shared(*texts: str) -> tuple[SharedSecret, ...]:
    """The secrets of a mapping, numbered as they are listed."""
    return tuple(SharedSecret(Secret(text), number) for number, text in enumerate(texts, 1))


PROXIES = (ip_network("10.0.0.0/8"), ip_network("fd00::/8"))


@pytest.mark.parametrize(
    ("peer", "forwarded", "address"),
    [
        pytest.param("203.0.113.9", [], "203.0.113.9", id="direct"),
        pytest.param("203.0.113.9", ["198.51.100.1"], "203.0.113.9", id="peer is no proxy"),
        pytest.param("10.0.0.1", ["198.51.100.1"], "198.51.100.1", id="one proxy"),
        pytest.param("10.0.0.1", ["198.51.100.1, 10.0.0.2"], "198.51.100.1", id="two proxies"),
        pytest.param("10.0.0.1", ["1.1.1.1, 198.51.100.1"], "198.51.100.1", id="rightmost"),
        pytest.param("10.0.0.1", ["1.1.1.1", "198.51.100.1"], "198.51.100.1", id="two headers"),
        pytest.param("10.0.0.1", [], "10.0.0.1", id="proxy itself"),
        pytest.param("10.0.0.1", ["10.0.0.2"], "10.0.0.2", id="only proxies"),
        pytest.param("10.0.0.1", ["evil, junk"], None, id="no address"),
        pytest.param("10.0.0.1", ["198.51.100.1, junk"], None, id="junk at the right"),
        pytest.param("::ffff:203.0.113.9", [], "203.0.113.9", id="IPv4 as IPv6"),
        pytest.param("fd00::1", ["2001:db8::5"], "2001:db8::5", id="IPv6"),
        pytest.param(None, ["198.51.100.1"], None, id="no peer"),
    ],
)
def test_the_caller_is_the_rightmost_that_is_no_trusted_proxy(
    peer: str | None, forwarded: list[str], address: str | None
) -> None:
    """`X-Forwarded-For` counts only from trusted proxies, and from the right."""
    found = caller_address(peer, [header.encode() for header in forwarded], PROXIES)

    assert found == (address and ip_address(address))


def test_an_unknown_address_is_not_allowed() -> None:
    """A caller whose address cannot be told is refused where there is a list."""
    spec = AccessSpec(None, (), (ip_network("203.0.113.0/24"),))

    check_address(spec, ip_address("203.0.113.7"))
    for address in (ip_address("203.0.114.7"), ip_address("2001:db8::1"), None):
        with pytest.raises(Forbidden):
            check_address(spec, address)
    check_address(AccessSpec(None, (), ()), None)


def test_all_secrets_are_always_compared(monkeypatch: pytest.MonkeyPatch) -> None:
    """The time of an answer does not say which secret was right, or whether one was."""
    compared: list[bytes] = []

    def compare(given: bytes, secret: bytes) -> bool:
        compared.append(secret)
        return given == secret

    monkeypatch.setattr("ticketbridge.service.access.hmac.compare_digest", compare)
    spec = AccessSpec("X-Secret", shared("first", "second"), ())
    check_secret(spec, [b"first"])
    with pytest.raises(Unauthorized):
        check_secret(spec, [])

    assert compared == [b"first", b"second"] * 2


def test_text_that_is_no_ascii_is_compared_as_bytes() -> None:
    """A secret's UTF-8 bytes are its header's; others are wrong."""
    spec = AccessSpec("X-Secret", shared("s\u00e9cret"), ())

    check_secret(spec, ["s\u00e9cret".encode()])
    with pytest.raises(Unauthorized):
        check_secret(spec, ["s\u00e9cret".encode("latin-1")])


def test_the_number_of_the_secret_is_that_of_the_list() -> None:
    """An accepted secret is told by its place in the mapping's list; of equal ones the first counts."""
    spec = AccessSpec("X-Secret", (*shared("old", "new"), SharedSecret(Secret("old"), 4)), ())

    assert [check_secret(spec, [given]) for given in (b"old", b"new")] == [1, 2]
    assert check_secret(AccessSpec(None, (), ()), []) is None


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("allow", "status"),
    [
        ("::ffff:127.0.0.1", 200),
        ("::ffff:7f00:0/104", 200),
        ("::ffff:127.0.0.2", 403),
        ("::/0", 403),
    ],
)
async def test_an_ipv4_caller_is_let_in_by_either_form(allow: str, status: int) -> None:
    """`allow` means the same address, written as IPv4 or as IPv6."""
    access = {"endpoint.access": {"allow": [allow]}}
    bridge, _ = bridge_of(access, {"/orders": orders(order())})
    async with serving(bridge, secret=None) as menta:
        answer = await menta.get("/tickets?user=ana%40example.com")

    assert answer.status_code == status
