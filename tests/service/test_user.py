"""Which users are asked for, and which are refused before any call."""

from __future__ import annotations

import re
import sys
import unicodedata
from unittest import mock
from urllib.parse import quote

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

import ticketbridge.service.user
from tests.fake_platform import FakePlatform, Reply
from tests.support import item, order, orders, serving, spec_of
from ticketbridge.engine.bridge import compile_mapping
from ticketbridge.engine.problems import InvalidUser
from ticketbridge.mapping.spec import AccessSpec, EndpointSpec, UserFormat
from ticketbridge.service.user import asked_user

FORMATS: tuple[UserFormat, ...] = ("email", "phone", "any")
USERS: dict[UserFormat, str] = {
    "email": "ana@example.com",
    "phone": "+34600111222",
    "any": "Ana 7",
}
# What shows nothing, and is neither a control nor a format character.
BLANK_LETTERS = "\u034f\u115f\u1160\u17b4\u180b\u180f\u2800\u3164\ufe00\ufe0f\uffa0\U000e0101"


def asked(query: str, form: UserFormat) -> str:
    """The user in a query, of an endpoint of that format."""
    access = AccessSpec(None, (), ())
    return asked_user(query.encode(), EndpointSpec(None, "user", form, access))


def is_taken(user: str, form: UserFormat) -> bool:
    """Whether *user*, escaped as a client does it, is asked for as it is."""
    try:
        return asked(f"user={quote(user, safe='')}", form) == user
    except InvalidUser:
        return False


# --- phone numbers --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "user",
    [
        "+34600111222",
        "34600111222",
        "0034600111222",
        "600 111 222",
        "+34 600-11.12/22",
        "+1 (415) 555-2671",
        "(030) 901820",
        "+49(0)30901820",
        "123456",
        "123456789012345",
    ],
)
def test_a_phone_number_is_digits_in_groups(user: str) -> None:
    """A phone number has 6 to 15 digits, one separator between groups, and perhaps a `+` before all."""
    assert is_taken(user, "phone")


@pytest.mark.parametrize(
    "user",
    [
        "12345",
        "1234567890123456",
        "34+600111222",
        "++34600111222",
        "+34  600111222",
        "+34 600 111 222-",
        "-600111222",
        "+ 34600111222",
        "(600)111222)",
        "(600111222",
        "()600111222",
        "600111222x5",
        "tel:600111222",
        "\u0663\u0664\u0666\u0660\u0660\u0661\u0661\u0661",
        "\uff16\uff10\uff10\uff11\uff11\uff11",
        "600\u00a0111222",
        "600\u2011111222",
        "ana@example.com",
        "1" * 250,
        "1-" * 120 + "x",
    ],
)
def test_what_is_no_phone_number_is_refused(user: str) -> None:
    """Letters, other digits, other dashes, and separators in a row make no phone number."""
    assert not is_taken(user, "phone")


@pytest.mark.parametrize("form", ["email", "phone"])
@pytest.mark.parametrize("plus", ["+", "%2B", "%2b"])
def test_a_plus_is_a_plus(form: UserFormat, plus: str) -> None:
    """In an address and in a phone number a `+` is one, escaped or not."""
    user = {"email": "ana+rock@example.com", "phone": "+34600111222"}[form]

    assert asked(f"user={user.replace('+', plus)}", form) == user


@pytest.mark.anyio
@pytest.mark.parametrize("sent", ["+34600111222", "%2B34600111222"])
async def test_a_phone_number_arrives_with_its_plus(platform: FakePlatform, sent: str) -> None:
    """A platform that keys on phone numbers is asked for the number, and its owner is compared with it."""
    platform.on("/orders", Reply(json=orders(order(item(1), email="+34600111222"))))
    spec = spec_of({"endpoint.user_format": "phone"}, base_url=platform.url)
    async with serving(compile_mapping(spec)) as menta:
        response = await menta.get(f"/tickets?user={sent}")

    assert [ticket["ticketId"] for ticket in response.json()["tickets"]] == ["1"]
    assert platform.seen[0].target == "/orders?email=%2B34600111222"


@pytest.mark.anyio
@pytest.mark.parametrize(
    "sent",
    [
        "+34600111222",
        "%2034600111222",
        "ana+",
        "ana%E3%80%80",
        "a%00b",
        "a%0Ab",
        "a%7Fb",
        "a%C2%9Bb",
        "a%E2%80%8Bb",
        "a%E2%80%A8b",
        "a%C2%ADb",
        "a%EF%B8%8Fb",
        "a%EF%BF%BDb",
    ],
)
async def test_any_text_is_held_to_what_can_be_seen(platform: FakePlatform, sent: str) -> None:
    """A blank at an end, as an unescaped `+` makes one, or an invisible character is 400 without a call."""
    spec = spec_of({"endpoint.user_format": "any"}, base_url=platform.url)
    async with serving(compile_mapping(spec)) as menta:
        response = await menta.get(f"/tickets?user={sent}")

    assert (response.status_code, response.json()["type"][-12:]) == (400, "invalid-user")
    assert platform.seen == []


# --- what cannot be seen --------------------------------------------------------------------------


def invisible_characters() -> list[str]:
    """All control, format and line-separating characters of Unicode, and a few more."""
    every = map(chr, (*range(0xD800), *range(0xE000, sys.maxunicode + 1)))
    kinds = {"Cc", "Cf", "Zl", "Zp"}
    return [c for c in every if unicodedata.category(c) in kinds] + list(BLANK_LETTERS)


@pytest.mark.parametrize("form", FORMATS)
def test_an_invisible_character_is_refused_wherever_it_stands(form: UserFormat) -> None:
    """Two users that look the same are never taken for two users."""
    user = USERS[form]
    made = [
        f"{user[:at]}{character}{user[at:]}"
        for character in invisible_characters()
        for at in (0, 3, len(user))
    ]

    assert [user for user in made if is_taken(user, form)] == []
    assert is_taken(user, form)


@pytest.mark.parametrize("form", FORMATS)
def test_a_blank_at_an_end_is_refused(form: UserFormat) -> None:
    """Blanks of all kinds at the ends are no part of a user."""
    every = map(chr, (*range(0xD800), *range(0xE000, sys.maxunicode + 1)))
    blanks = [character for character in every if character.isspace()]
    user = USERS[form]

    assert [b for b in blanks if is_taken(f"{b}{user}", form) or is_taken(f"{user}{b}", form)] == []


@pytest.mark.parametrize(
    "user",
    [
        "Zo\u00eb O'Neil-\u0141ukasz",
        "Zoe\u0308",
        "\u5c71\u7530\u3000\u592a\u90ce",
        "\u0645\u0631\u064a\u0645",
        "\u0928\u0940\u0924\u093e",
        "\u0e2a\u0e21\u0e0a\u0e32\u0e22",
        "\u1019\u103c\u1014\u103a\u1019\u102c",
        "\U0001f3ab",
        "00 7",
    ],
)
def test_names_of_people_are_taken(user: str) -> None:
    """Letters and marks of all scripts are legal where a user is any text."""
    assert is_taken(user, "any")


# --- what is usual --------------------------------------------------------------------------------

PIECES = st.sampled_from(
    ["user", "=", "&", "a", "Ana.B-1", "@", "%40", "+", "%2B", "%", ".", "%c3%b1", " "]
)


def outcome(query: str) -> str:
    """The user, or why there is none."""
    try:
        return f"user {asked(query, 'email')}"
    except InvalidUser as problem:
        return problem.detail


@settings(max_examples=500, deadline=None)
@given(st.lists(PIECES, max_size=7).map("".join), st.booleans())
@example(f"{'a' * 250}@b.de", True)
@example(f"{'a' * 249}@b.de", True)
@example("user=a@b&user=c@d", False)
@example("x=a&user=b@c.de", False)
@example("users=a@b.de", False)
@example("user=a&x=b@c.de", False)
def test_the_usual_query_is_read_as_any_other(rest: str, is_named: bool) -> None:
    """Whatever stands in it, a short way and the long one find the same."""
    query = f"user={rest}" if is_named else rest
    found = outcome(query)

    with mock.patch.object(ticketbridge.service.user, "_USUAL_EMAIL", re.compile(b"never ")):
        assert outcome(query) == found
