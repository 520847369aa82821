"""The URL of a proxy: what it may be, and what a finding says of one that it may not be."""

from __future__ import annotations

import base64

import pytest

from tests.mapping.support import change, findings
from ticketbridge.mapping.spec_upstream import require_proxy
from ticketbridge.mapping.urls import UrlError

HIDDEN = "pa55word"


@pytest.mark.parametrize(
    ("url", "host", "port", "pair"),
    [
        ("http://proxy.example:3128", "proxy.example", 3128, None),
        ("HTTP://PROXY.example:3128/", "proxy.example", 3128, None),
        ("http://192.0.2.1:80", "192.0.2.1", 80, None),
        ("http://[2001:db8::1]:8080", "2001:db8::1", 8080, None),
        ("http://us%C3%A9r:p%3A%40@proxy.example:1", "proxy.example", 1, "us\u00e9r:p:@"),
    ],
)
def test_a_proxy_has_a_host_and_a_port(url: str, host: str, port: int, pair: str | None) -> None:
    """A user name and a password may stand before them, escaped as in each URL."""
    proxy = require_proxy(url)

    shown = proxy.token and base64.b64decode(proxy.token.reveal()).decode()
    assert (proxy.host, proxy.port, shown) == (host, port, pair)
    assert (proxy.password and proxy.password.reveal()) == (pair and pair.partition(":")[2])
    assert "p:@" not in repr(proxy)


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("proxy.example:3128", "should be the URL of an HTTP proxy"),
        ("socks5://proxy.example:1080", "should be the URL of an HTTP proxy"),
        ("http://:3128", "should be the URL of an HTTP proxy"),
        (f"https://user:{HIDDEN}@proxy.example:3128", "it has to be http"),
        ("http://proxy.example", "names no port"),
        ("http://proxy.example:", "names no port"),
        ("http://proxy.example:0", "names no port"),
        ("http://proxy.example:99999", "no legal host or port"),
        ("http://[::1:3128", "no legal host or port"),
        ("http://proxy.example:3128/path", "more than a host and a port"),
        (f"http://proxy.example:3128?key={HIDDEN}", "more than a host and a port"),
        ("http://proxy.example:3128#x", "more than a host and a port"),
        ("http://pr\u00f6xy.example:3128", "write its `xn--` form"),
        ("http://proxy .example:3128", "a character that no URL has"),
        (f"http://{HIDDEN}@proxy.example:3128", "a user name or a password alone"),
        (f"http://:{HIDDEN}@proxy.example:3128", "a user name or a password alone"),
        ("http://user:@proxy.example:3128", "a user name or a password alone"),
        (f"http://us%3Aer:{HIDDEN}@proxy.example:3128", "a colon in its user name"),
        (f"http://user:{HIDDEN}%0A@proxy.example:3128", "a control character"),
        (f"http://us%FFer:{HIDDEN}@proxy.example:3128", "no UTF-8"),
    ],
)
def test_another_url_is_no_proxy(url: str, said: str) -> None:
    """The finding says what would be right, and repeats nothing of the URL."""
    with pytest.raises(UrlError) as caught:
        require_proxy(url)

    told = f"{caught.value} {caught.value.suggestion}"
    assert said in told
    assert HIDDEN not in told


@pytest.mark.parametrize(
    ("given", "variables", "codes"),
    [
        ("${EGRESS_PROXY:-}", {}, []),
        ("${EGRESS_PROXY:-}", {"EGRESS_PROXY": "http://proxy.example:3128"}, []),
        ("${EGRESS_PROXY}", {"EGRESS_PROXY": f"http://user:{HIDDEN}@proxy.example:3128"}, []),
        (
            "${EGRESS_PROXY:-}",
            {"EGRESS_PROXY": f"https://user:{HIDDEN}@proxy.example:3128"},
            ["TB071"],
        ),
        ("${EGRESS_PROXY}", {}, ["TB020"]),
        ("http://proxy.example:3128", {}, []),
        (f"http://user:{HIDDEN}@proxy.example:3128", {}, ["TB053"]),
        ("socks5://proxy.example:1080", {}, ["TB071"]),
        ('""', {}, []),
    ],
)
def test_a_proxy_comes_from_the_environment(
    given: str, variables: dict[str, str], codes: list[str]
) -> None:
    """An empty one is none; a password in the file is doubted, and no finding shows one."""
    found = findings(change(("  auth:", f"  proxy: {given}\n  auth:")), variables=variables)

    assert [finding.code for finding in found] == codes
    assert not any(HIDDEN in f"{finding.message}{finding.suggestion}" for finding in found)
