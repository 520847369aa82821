"""JSON that is written within a bound, which nothing beyond is written for."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ticketbridge.jmes import ENCODER, TooLongError, encode_within

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**60), 2**60) | st.text(max_size=3000),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(max_size=9), inner),
)


@given(VALUES, st.integers(0, 100_000))
def test_what_fits_is_written_and_nothing_else(value: Any, room: int) -> None:
    """A value is written as the encoder writes it where it has no more bytes than the bound."""
    whole = ENCODER.encode(value)

    assert encode_within(value, len(whole)) == whole
    with pytest.raises(TooLongError):
        encode_within(value, len(whole) - 1)
    if room >= len(whole):
        assert encode_within(value, room, expected=room) == whole


def test_a_value_that_has_no_end_is_left_at_the_bound() -> None:
    """A few parts that stand in each other again and again: more bytes than any machine has."""
    value: Any = ["x" * 1000]
    for _ in range(200):
        value = [value, value]

    with pytest.raises(TooLongError):
        encode_within(value, 1_000_000)


def test_what_is_no_json_raises_as_ever() -> None:
    """What the encoder says of a value is not hidden."""
    with pytest.raises(UnicodeEncodeError):
        encode_within("\ud800", 100)
    with pytest.raises((msgspec.MsgspecError, TypeError)):
        encode_within(object(), 100)
