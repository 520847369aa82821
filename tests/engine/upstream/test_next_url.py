"""Which next URLs are followed: credentials never leave the platform, and no other user is asked for."""

from __future__ import annotations

from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ticketbridge.engine.upstream.next_url import NextUrlError, _named, _plain, next_url
from ticketbridge.engine.upstream.requests import FirstRequest

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
        pytest.param(
            "?email=ana%2bx@example.com&page=2",
            f"{BASE}/orders/?email=ana%2bx@example.com&page=2",
            id="same user, other escapes",
        ),
        pytest.param(
            "?name=Jos\u00e9&a=%c3%a9",
            f"{BASE}/orders/?name=Jos%C3%A9&a=%c3%a9",
            id="other letters",
        ),
        pytest.param("?page=2#top", "https://api.example.com/v2/orders/?page=2", id="fragment"),
    ],
)
def test_a_url_of_the_same_call_is_followed(text: str, url: str) -> None:
    """Absolute and relative URLs resolve against the page, and keep path and user."""
    assert resolved(text) == url


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
        pytest.param("null", "says there is none", id="the text null"),
        pytest.param("None", "says there is none", id="the text None"),
        pytest.param(" ", "says there is none", id="blank text"),
    ],
)
def test_any_other_url_is_refused(text: object, reason: str) -> None:
    """Another origin, path or user, userinfo and control characters are errors, each with its reason."""
    with pytest.raises(NextUrlError, match=reason):
        resolved(text)


def next_of(first: FirstRequest, text: str, *, any_path: bool = False) -> str:
    """*text* as the next URL after the first page of *first*."""
    current = f"{BASE}{first.path}?page=1"
    return next_url(text, current=current, base_url=BASE, first=first, any_path=any_path)


@pytest.mark.parametrize(
    ("name", "parameter"),
    [
        pytest.param("filter[email]", "filter[email]", id="as it is"),
        pytest.param("filter[email]", "filter%5Bemail%5D", id="escaped brackets"),
        pytest.param("filter[email]", "FILTER[Email]", id="capitals"),
        pytest.param("filter[email]", "filter[email][]", id="a list of it"),
        pytest.param("filter[email]", "filter[email][eq]", id="an operator"),
        pytest.param("filter[email]", "filter%5B+email+%5D", id="blanks in the brackets"),
        pytest.param("filter[email]", "filter.email", id="a dot for brackets"),
        pytest.param("filter[email]", "filter%255Bemail%255D", id="escaped twice"),
        pytest.param("user_email", "user.email", id="a dot for an underscore"),
        pytest.param("user_email", "user+email", id="a blank for an underscore"),
        pytest.param("user_email", "user[email", id="a bracket for an underscore"),
        pytest.param("email", "email[0]", id="an element"),
        pytest.param("email", "%2565mail", id="a letter escaped twice"),
        pytest.param("email", "%65mail", id="an escaped letter"),
        pytest.param("email", "email+", id="a blank after it"),
        pytest.param("email", "amp;email", id="an escaped ampersand"),
        pytest.param("email", "page=2;email", id="after a semicolon"),
        pytest.param("email", "email=ana%40example.com&email", id="a second time"),
    ],
)
def test_no_spelling_of_a_parameter_names_another_user(name: str, parameter: str) -> None:
    """Whatever some server reads as the parameter that was made from the user holds the same user."""
    first = FirstRequest("/orders", {name: frozenset({"ana%40example.com"})})

    for value in ("bea%40example.com", "", "ana%2540example.com"):
        with pytest.raises(NextUrlError, match="another user"):
            next_of(first, f"?{parameter}={value}&page=2")
    with pytest.raises(NextUrlError, match="another user"):
        next_of(first, f"?{parameter}=bea%40example.com&{name}=ana%40example.com")
    assert next_of(first, f"?{parameter}=ana%40example.com&page=2")


def test_a_parameter_of_another_name_may_be_anything() -> None:
    """Names that only begin like the parameter of the user are others."""
    first = FirstRequest("/orders", {"email": frozenset({"ana%40example.com"})})
    url = "?email_verified=true&email_id=7&my[email]=x&filter.email=y&emails=z"

    assert next_of(first, url) == f"{BASE}/orders{url}"


def test_each_value_of_a_repeated_parameter_is_one_of_the_first_request() -> None:
    """A parameter that the call gives twice may come back in part, and with no other value."""
    first = FirstRequest("/orders", {"id": frozenset({"ana%40example.com", "7"})})

    assert next_of(first, "?id=7&id=ana@example.com")
    assert next_of(first, "?id=7")
    with pytest.raises(NextUrlError, match="another user"):
        next_of(first, "?id=7&id=8")


@pytest.mark.parametrize(
    ("user", "same"),
    [
        ("aB1", ["aB1", "%61B1"]),
        ("A%2Bb", ["A%2Bb", "A%2bb", "A+b"]),
        ("A%20b", ["A%20b", "A+b"]),
    ],
)
def test_a_user_is_the_same_in_every_escaping_and_in_no_other_letter_case(
    user: str, same: list[str]
) -> None:
    """A `+` is one, or a blank; a user in small letters may be somebody else's key."""
    first = FirstRequest("/orders", {"key": frozenset({user})})
    small = FirstRequest("/orders", {"key": frozenset({user.lower()})})

    for value in same:
        assert next_of(first, f"?key={value}&page=2")
        with pytest.raises(NextUrlError, match="another user"):
            next_of(small, f"?key={value}&page=2")
        with pytest.raises(NextUrlError, match="another user"):
            next_of(first, f"?key={value.lower()}&page=2")


def test_a_url_without_a_query_is_followed_where_the_call_asks_for_nobody() -> None:
    """Only a call whose query says for whom it asks must not lose it."""
    assert next_of(FirstRequest("/orders", {}), "/v2/orders") == f"{BASE}/orders"
    for first in (
        FirstRequest("/orders", {"email": frozenset({"a"})}),
        FirstRequest("/orders", {}, {"customer": frozenset({"7"})}),
    ):
        with pytest.raises(NextUrlError, match="everyone"):
            next_of(first, "/v2/orders")


def test_a_parameter_made_from_an_entry_keeps_its_value_on_the_calls_path() -> None:
    """`customer={customer.id}` is as much whose orders these are as `user` is."""
    first = FirstRequest("/orders", {}, {"customer": frozenset({"7"})})

    assert next_of(first, "?customer=7&page=2")
    with pytest.raises(NextUrlError, match="another user"):
        next_of(first, "?customer=8&page=2")
    assert next_of(first, "/v2/pages?customer=8", any_path=True)


@pytest.mark.parametrize(
    "text", ["/v2/users/bea%40x.example/orders?p=2", "/v2/users/bea%40x.example/orders/p/2"]
)
def test_any_path_does_not_lead_to_another_user_in_the_path(text: str) -> None:
    """The call's own path with another user in it is no other path."""
    path, users = "/users/ana%40x.example/orders", frozenset({2})
    first = FirstRequest(path, {}, user_segments=users)

    with pytest.raises(NextUrlError, match="another user in its path"):
        next_of(first, text, any_path=True)
    assert next_of(first, "/v2/users/ana@x.example/orders/p/2", any_path=True)
    assert next_of(first, "/v2/pages/2", any_path=True)


def test_a_user_in_a_parameter_of_the_path_is_held_too() -> None:
    """`/pages;email=…` carries a parameter in its path."""
    first = FirstRequest("/orders", {"email": frozenset({"ana%40x.example"})})

    assert next_of(first, "/v2/pages;email=ana@x.example;p=2", any_path=True)
    with pytest.raises(NextUrlError, match="another user"):
        next_of(first, "/v2/pages;p=2;email=bea@x.example", any_path=True)


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


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("?page=2", id="a page's number"),
        pytest.param("?page=2&per_page=50&sort=asc", id="and what was asked before"),
        pytest.param("?offset=100&limit=", id="an offset"),
        pytest.param("?page=2#email=ana@example.com", id="the user in the fragment"),
        pytest.param("?page=2;size=10", id="semicolons"),
    ],
)
def test_where_the_request_alone_decides_a_next_url_must_not_lose_the_user(text: str) -> None:
    """A URL with nothing but numbers, and what the page before had, asks for everybody's tickets."""
    first = FirstRequest("/orders", {"email": frozenset({"ana%40example.com"})})
    current = f"{BASE}/orders?sort=asc&email=ana%40example.com"

    def follow(url: str, *, alone: bool) -> str:
        return next_url(
            url, current=current, base_url=BASE, first=first, any_path=False, alone=alone
        )

    with pytest.raises(NextUrlError, match="lost what names the user"):
        follow(text, alone=True)
    assert follow(text, alone=False)
    assert follow(f"?email=ana@example.com&{text[1:]}", alone=True)
    assert follow("?page_info=eyJsYXN0X2lkIjo3fQ", alone=True)


def test_a_url_that_is_too_long_is_refused() -> None:
    """As it comes, and as it is sent: other letters are longer there."""
    for text in ("?a=" + "x" * 8_000, "?a=" + "\u00e9" * 1_500):
        with pytest.raises(NextUrlError, match="more than 8000 characters"):
            resolved(f"{text}&email=ana%2Bx%40example.com")


def names_of(text: str) -> set[str]:
    """What servers may take the escaped *text* for, each prefix on its own: right, and slow."""
    found: set[str] = set()
    name = text.replace("+", " ")
    for _ in range(4):
        name = unquote(name)
        ends = [at for at, sign in enumerate(name) if sign in "[]"]
        found.update(_plain(name[:end]) for end in (*ends, len(name)))
    return found


SIGNS = ["a", "B", "_", "[", "]", ".", " ", "+", "\xa0", "\u2003", "\0", "%5B", "%20", "%00", "%25"]


@given(st.lists(st.sampled_from(SIGNS), max_size=12).map("".join))
def test_each_name_that_a_server_may_read_is_held(text: str) -> None:
    """The one look at a name finds what a look at each of its prefixes does."""
    names = names_of(text)

    assert _named(text, {*names, "", "a", "b", "ab", "a_b", "_", "a_"}) == names
