"""Functions on null."""

from __future__ import annotations

from typing import Any

from ticketbridge.jmes import kinds
from ticketbridge.jmes.kinds import Example, Function, Inline, Parameter
from ticketbridge.jmes.values import equal, require_unattributed

OPTIONAL = "optional"


def _default(value: Any, fallback: Any) -> Any:
    return fallback if value is None else require_unattributed(value)


def _null_if(value: Any, unwanted: Any) -> Any:
    return None if equal(value, unwanted) else value


_DEFAULT = Inline(
    "{1} if {0} is None else {0}",
    "type({0}) in ORDINARY or {0} is None and type({1}) in ORDINARY"
    " or type({0}) is float and {0} - {0} == 0",  # which it is not where it is not finite
    names={"ORDINARY": frozenset({str, int, bool, list, dict})},
)

_X = Parameter("x", kinds.ANY)
_Y = Parameter("y", kinds.ANY)

NULLS = (
    Function(
        "default",
        (_X, _Y),
        kinds.ANY,
        '`y` where `x` is null, else `x`; unlike `||` it keeps false, 0 and "". Both are'
        " evaluated.",
        (
            Example("default(a, 'none')", {"a": None}, "none"),
            Example("default(a, 'none')", {"a": False}, result=False),
        ),
        _default,
        inline=_DEFAULT,
    ),
    Function(
        "null_if",
        (_X, _Y),
        kinds.ANY,
        "Null where `x` equals `y`, else `x`.",
        (Example("null_if(seat, '-')", {"seat": "-"}, None),),
        _null_if,
        inline=Inline(
            "None if {0} == {1} else {0}",
            "type({1}) is str and (type({0}) is str or {0} is None)",
        ),
    ),
    Function(
        OPTIONAL,
        (Parameter("expression", kinds.ANY),),
        kinds.ANY,
        "The expression, with null for a key that an object does not have, anywhere in it. A key"
        " of a text or of a number stays an error.",
        (
            Example("optional(seat.row)", {"seat": {}}, None),
            Example("optional(seat.row)", {}, None),
        ),
        lambda value: value,  # the compiler never calls it: it is a form of its own
    ),
)
