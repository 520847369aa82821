"""Which next URLs are followed: credentials never leave the platform, and no other user is asked for."""

from __future__ import annotations

import pytest

from ticketbridge.upstream.next_url import NextUrlError, next_url
from ticketbridge.upstream.requests import FirstRequest

BASE = "https://api.example.com/v2"
CURRENT = "https://api.example.com/v2/orders/?email=ana%2Bx%40example.com"
FIRST = FirstRequest("/orders/", {"email": frozenset({"ana%2Bx%40example.com"})})


def resolved(text: object, *, any_path: bool = False) -> str:
    """*text* as the next URL after CURRENT."""
    return next_url(text, current=CURRENT, base_url=BASE, first=FIRST, any_path=any_path)


@pytest.mark.parametrize(
    ("text", "url"),
    [
        pytest.param(f"{CURRENT}&page=2", f"{CURRENT}&page=2", id="absolute"),
        pytest.param("?page=2", "https://api.example.com/v2/orders/?page=2", id="query alone"),
        pytest.param("/v2/orders/?p=2", "https://api.example.com/v2/orders/?p=2", id="path"),
        pytest.param("//api.example.com/v2/orders/?p=2", f"{BASE}/orders/?p=2", id="no scheme"),
        pytest.param(
            "HTTPS://API.example.com:0443/v2/orders/?p=2",
            f"{BASE}/orders/?p=2",
            id="default port, case",
        ),
        pytest.param("?email=ana%2bx@example.com&page=2", None, id="same user, other escapes"),
        pytest.param(
            "?name=Jos\u00e9&a=%c3%a9",
            f"{BASE}/orders/?name=Jos%C3%A9&a=%c3%a9",
            id="other letters",
        ),
        pytest.param("?page=2#top", "https://api.example.com/v2/orders/?page=2", id="fragment"),
    ],
)
def test_a_url_of_the_same_call_is_followed(text: str, url: str | None) -> None:
    """Absolute and relative URLs resolve against the page, and keep path and user."""
    made = resolved(text)

    assert url is None or made == url


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        pytest.param("https://evil.example/v2/orders/", "scheme, host", id="host"),
        pytest.param("http://api.example.com/v2/orders/", "scheme, host", id="scheme"),
        pytest.param("https://api.example.com:8443/v2/orders/", "scheme, host", id="port"),
        pytest.param("https://user@api.example.com/v2/orders/", "user name", id="userinfo"),
        pytest.param("/v2/users/", "another path", id="path"),
        pytest.param("/v2/orders/%2e%2e/users/", "dot segment", id="escaped dots"),
        pytest.param("/v2/orders/\\..\\", "backslash", id="backslash"),
        pytest.param("/v2/orders/?a=1\r\nX: y", "control", id="line break"),
        pytest.param("/v2/orders/?a=1 2", "blank", id="blank"),
        pytest.param("/v2/orders/", "everyone", id="no query"),
        pytest.param("?email=bea%40example.com", "another user", id="user"),
        pytest.param("?EMAIL=bea%40example.com", "another user", id="user in capitals"),
        pytest.param("?email[]=bea%40example.com", "another user", id="user in brackets"),
        pytest.param("?+email=bea%40example.com", "another user", id="user behind a blank"),
        pytest.param("?email%00x=bea%40example.com", "another user", id="user before a NUL"),
        pytest.param("https://[::1/", "no URL", id="broken"),
        pytest.param("https://api.example.com:99999/v2/orders/", "no URL", id="port out of range"),
        pytest.param(5, "no text", id="number"),
    ],
)
def test_any_other_url_is_refused(text: object, reason: str) -> None:
    """Another origin, path or user, userinfo and control characters are errors, each with its reason."""
    with pytest.raises(NextUrlError, match=reason):
        resolved(text)


@pytest.mark.parametrize(
    "text", ["/v2/c/7/x/orders?p=2", "/v2/c/7%252Fx/orders", "/v2/c/7/x%2Forders"]
)
def test_an_escaped_slash_is_no_slash(text: str) -> None:
    """A path is the call's segment by segment: what a customer's id escapes leads to no other customer."""
    first = FirstRequest("/c/7%2Fx/orders", {})
    current = "https://api.example.com/v2/c/7%2Fx/orders"

    same = next_url(
        "/v2/c/7%2fx/orders?p=2", current=current, base_url=BASE, first=first, any_path=False
    )

    assert same.endswith("/v2/c/7%2fx/orders?p=2")
    with pytest.raises(NextUrlError, match="another path"):
        next_url(text, current=current, base_url=BASE, first=first, any_path=False)


def test_any_path_loosens_the_path_alone() -> None:
    """`any_path: true` allows another path, and no other origin or user."""
    assert resolved("/v2/pages/2", any_path=True) == "https://api.example.com/v2/pages/2"
    with pytest.raises(NextUrlError, match="scheme, host"):
        resolved("https://evil.example/v2/orders/", any_path=True)
    with pytest.raises(NextUrlError, match="another user"):
        resolved("/x?email=bea%40example.com", any_path=True)
    with pytest.raises(NextUrlError, match="dot segment"):
        resolved("/v2/orders/%2e%2e/x", any_path=True)


def test_an_error_repeats_nothing_of_the_url() -> None:
    """What is said of a refused URL holds neither host nor user."""
    with pytest.raises(NextUrlError) as caught:
        resolved("https://evil.example/?email=bea%40example.com")

    assert "evil" not in str(caught.value)
    assert "bea" not in str(caught.value)


def test_a_host_that_only_folds_to_the_platforms_is_never_called() -> None:
    """Capital letters beyond ASCII fold into ASCII ones: the host that is called is that of `base_url`."""
    base = "https://kiosk.example/v2"

    made = next_url(
        "https://\u212aiosk.example/v2/orders?p=2",
        current=f"{base}/orders",
        base_url=base,
        first=FirstRequest("/orders", {}),
        any_path=False,
    )

    assert made == f"{base}/orders?p=2"
