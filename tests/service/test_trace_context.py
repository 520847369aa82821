"""`traceparent` as the specification has it: what does not hold to it is as good as none."""

from __future__ import annotations

import pytest

from ticketbridge.service.trace_context import TraceParent, trace_parent

TRACE, SPAN = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"


@pytest.mark.parametrize(
    ("given", "flags"),
    [
        (f"00-{TRACE}-{SPAN}-01", "01"),
        (f"00-{TRACE}-{SPAN}-00", "00"),
        (f"00-{TRACE}-{SPAN}-ff", "01"),
        (f"00-{TRACE}-{SPAN}-fe", "00"),
        (f"01-{TRACE}-{SPAN}-01", "01"),
        (f"cc-{TRACE}-{SPAN}-01-what-comes-later", "01"),
        (f"cc-{TRACE}-{SPAN}-01-", "01"),
    ],
)
def test_a_valid_parent_is_read(given: str, flags: str) -> None:
    """Of the flags only the one that level 1 knows is kept; a later version is read as far as that goes."""
    assert trace_parent([given.encode()]) == TraceParent(TRACE, SPAN, flags)


@pytest.mark.parametrize(
    "given",
    [
        [],
        [f"00-{TRACE}-{SPAN}-01"] * 2,
        [""],
        [f"ff-{TRACE}-{SPAN}-01"],
        [f"00-{TRACE}-{SPAN}-01-more"],
        [f"00-{TRACE}-{SPAN}-01-"],
        [f"cc-{TRACE}-{SPAN}-01.more"],
        [f"00-{'0' * 32}-{SPAN}-01"],
        [f"00-{TRACE}-{'0' * 16}-01"],
        [f"00-{TRACE.upper()}-{SPAN}-01"],
        [f"00-{TRACE[:-1]}-{SPAN}-01"],
        [f"00-{TRACE}0-{SPAN}-01"],
        [f"00-{TRACE}-{SPAN[:-1]}-01"],
        [f"00-{TRACE}-{SPAN}-1"],
        [f"00-{TRACE}-{SPAN}-0x"],
        [f"00_{TRACE}_{SPAN}_01"],
        [f" 00-{TRACE}-{SPAN}-01"],
        [f"00-{TRACE}-{SPAN}-01\n"],
        [f"00-{TRACE}-{SPAN}-01, 00-{TRACE}-{SPAN}-01"],
    ],
)
def test_anything_else_is_none(given: list[str]) -> None:
    """What is not one header of the specified form starts no trace of the caller's."""
    assert trace_parent([value.encode() for value in given]) is None
