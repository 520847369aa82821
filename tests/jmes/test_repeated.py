"""An element that came more than once and is no list: `as_list` takes it, and nothing else does."""

from __future__ import annotations

from typing import Any

import pytest

from ticketbridge.jmes import EvaluationError, RepeatedElement, compile_expression


def document() -> dict[str, Any]:
    """Two flags where there may be one, and beside them what is as it should be."""
    return {
        "flag": RepeatedElement(["SOLD", "USED"]),
        "order": {"flag": RepeatedElement(["A", "B"])},
        "orders": [{"id": "1", "flag": "A"}, {"id": "2", "flag": RepeatedElement(["A", "B"])}],
        "name": "SOLD",
        "list": ["SOLD"],
    }


@pytest.mark.parametrize(
    "text",
    [
        "flag",
        "flag || name",
        "flag == 'SOLD'",
        "'SOLD' == flag",
        "flag != 'SOLD'",
        "flag == name",
        "flag != name",
        "flag == flag",
        "flag == list",
        "flag == `1`",
        "order == {flag: name}",
        "flag < 'Z'",
        "flag[0]",
        "flag[0:1]",
        "flag[*]",
        "flag[]",
        "flag[?@ == 'SOLD']",
        "flag.id",
        "optional(flag.id)",
        "flag.*",
        "orders[?flag == 'A'].id",
        "contains(flag, 'SOLD')",
        "contains(orders[*].flag, 'B')",
        "length(flag)",
        "reverse(flag)",
        "join(',', flag)",
        "sort(flag)",
        "max(flag)",
        "unique(flag)",
        "unique(orders[*].flag)",
        "map(&@, flag)",
        "lookup(orders, 'flag', 'C')",
        "lookup(orders, 'id', flag)",
        "type(flag)",
        "to_string(flag)",
        "to_string(order)",
        "to_number(flag) || flag",
        "null_if(flag, 'SOLD')",
        "default(flag, 'x')",
        "not_null(flag, 'x')",
        "upper(flag)",
        "keys(flag)",
    ],
)
def test_nothing_else_takes_it(text: str) -> None:
    """Where it comes once, the same expression means another thing: so it means nothing here."""
    expression = compile_expression(text)

    with pytest.raises(EvaluationError) as caught:
        expression(document())

    assert not {"SOLD", "USED"} & set(str(caught.value).partition(", in `")[0].split())


@pytest.mark.parametrize(
    ("text", "value"),
    [
        pytest.param("as_list(flag)", ["SOLD", "USED"], id="as_list"),
        pytest.param("to_array(flag)", ["SOLD", "USED"], id="to_array"),
        pytest.param("as_list(flag)[0]", "SOLD", id="first"),
        pytest.param("contains(as_list(flag), 'USED')", True, id="contains"),
        pytest.param("as_list(orders[0].flag)", ["A"], id="one"),
        pytest.param("as_list(optional(order.none))", [], id="none"),
        pytest.param("orders[*].as_list(flag)[]", ["A", "A", "B"], id="all"),
        pytest.param("flag == `null`", False, id="it is not null"),
        pytest.param("flag != `null`", True, id="it differs from null"),
        pytest.param("contains([`null`, flag], `null`)", True, id="null beside it"),
        pytest.param("!flag", False, id="it is there"),
        pytest.param("name", "SOLD", id="what stands beside it"),
        pytest.param("orders[0].flag", "A", id="one in another place"),
    ],
)
def test_as_list_takes_one_and_many(text: str, value: object) -> None:
    """`as_list` says that both are right; what does not look into it is as ever."""
    assert compile_expression(text)(document()) == value


def test_the_error_says_what_would_be_right() -> None:
    """The message names `lists`, where the mapping declares such elements."""
    with pytest.raises(EvaluationError, match=r"came more than once.*`lists`"):
        compile_expression("flag == 'SOLD'")(document())


def test_a_repeated_is_unequal_to_null_alone() -> None:
    """Python's own `in` may look for null in a list that has it."""
    repeated = RepeatedElement(["a"])

    assert None not in ["a", repeated]
    assert repeated != None  # noqa: E711 - it is the comparison that is tried
