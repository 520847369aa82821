"""Errors at run time name what went wrong and where, and no value of the data."""

from __future__ import annotations

from typing import Any

import pytest

from ticketbridge.jmes import EvaluationError, compile_expression, keys_shown

SECRET = "ana@example.com"


def failing(text: str, document: Any, **options: Any) -> EvaluationError:
    """The error of *text* on *document*."""
    with pytest.raises(EvaluationError) as caught:
        compile_expression(text, **options)(document)
    return caught.value


def test_the_message_has_function_argument_expression_and_place() -> None:
    """One line says all that an integrator needs to find the slip."""
    error = failing(
        "join('-', item.tags)", {"item": {"tags": None}}, roots=["item"], place="a.yaml:3:7"
    )

    assert str(error) == (
        "a.yaml:3:7: argument 2 (`list`) of join() must be an array of strings, and is null,"
        " in `join('-', item.tags)`"
    )


@pytest.mark.parametrize("text", ["sort_by(d, &a)", "map(&a, d)", "max_by(d, &a)"])
def test_what_fails_inside_of_a_reference_is_no_fault_of_the_function(text: str) -> None:
    """The message is that of the inner expression, as in a projection, and does not name the function."""
    assert failing(text, {"d": [{}]}).reason == 'no key "a"; the object is empty'


def test_a_long_expression_is_cut_in_the_message() -> None:
    """The message holds no more than the first 200 characters of the expression."""
    error = failing("x." + "a" * 500, {"x": {}})

    assert len(error.expression) == 502
    assert str(error).endswith("a" * 100 + "...`")


def test_wrong_elements_are_named_by_their_types() -> None:
    """An array with wrong elements is described by the types that it has."""
    error = failing("sort(a)", {"a": [1, "b", None]})

    assert error.reason == (
        "argument 1 (`list`) of sort() must be an array of numbers, or of strings,"
        " and its elements are: a number, a string, null"
    )


@pytest.mark.parametrize(
    ("document", "shown"),
    [
        pytest.param({}, "the object is empty", id="empty"),
        pytest.param(
            {"id": 1, "@type": 2, "#text": 3}, "the keys there: id, @type, #text", id="plain"
        ),
        pytest.param({"id": 1, SECRET: 2}, "the keys there: id, and 1 more", id="address"),
        pytest.param({SECRET: 2, "7": 1}, "the keys there: 2 that are not shown", id="none shown"),
        pytest.param({"a" * 40: 1}, f"the keys there: {'a' * 40}", id="40 characters"),
        pytest.param({"a" * 41: 1}, "the keys there: 1 that are not shown", id="41 characters"),
        pytest.param({"Ana Lopez": 1}, "the keys there: 1 that are not shown", id="a name"),
        pytest.param({"a\n": 1}, "the keys there: 1 that are not shown", id="line break"),
        pytest.param(
            {f"k{at}": at for at in range(15)},
            "the keys there: k0, k1, k2, k3, k4, k5, k6, k7, k8, k9, k10, k11, and 3 more",
            id="many",
        ),
    ],
)
def test_only_keys_that_look_like_fields_are_shown(document: Any, shown: str) -> None:
    """Of the keys that are there, at most 12 are shown, and none that may be personal."""
    assert failing("zz", document).reason == f'no key "zz"; {shown}'


@pytest.mark.parametrize(
    ("expression", "document", "reason"),
    [
        ("order", {"orders": 1, "Smith": 2}, 'no key "order"; the object has 2 other keys'),
        ("order", {"Smith": 2}, 'no key "order"; the object has 1 other key'),
        ("order", {}, 'no key "order"; the object is empty'),
        ("a.b", {"a": {"B": 1}}, 'no key "b"; the object has 1 other key'),
        (
            "lookup(a, 'id', `1`)",
            {"a": [{"Id": 1}]},
            "lookup(): element 0 lacks the key; the object has 1 other key",
        ),
    ],
)
def test_keys_are_counted_where_they_are_not_to_be_shown(
    expression: str, document: Any, reason: str
) -> None:
    """For a log no key of the data is named, nor one that is near: each may be a person's name."""
    with keys_shown(False):
        assert failing(expression, document).reason == reason


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("a.b.c", id="key of text"),
        pytest.param("a.b[0]", id="index"),
        pytest.param("a.x", id="missing key"),
        pytest.param("a.b > `1`", id="order"),
        pytest.param("abs(a.b)", id="type"),
        pytest.param("add(a.b, `1`)", id="decimal"),
        pytest.param("decimal(a.b)", id="decimal text"),
        pytest.param("decimal(a.b, ',')", id="separated decimal text"),
        pytest.param("decimal('1', a.b)", id="separator"),
        pytest.param("date(a.b)", id="date"),
        pytest.param("date(a.b, '%Y%m%d', 'UTC')", id="date with a format"),
        pytest.param("date('2026-11-24', `null`, a.b)", id="zone"),
        pytest.param("quoted(a.control, 'sql')", id="quoted"),
        pytest.param("date('1', a.b)", id="format"),
        pytest.param("minor_units(`1`, a.b)", id="currency"),
        pytest.param("minor_units(a.b, 'EUR')", id="amount"),
        pytest.param("matches('x', a.open)", id="regex"),
        pytest.param("extract('x', a.b)", id="regex without a group"),
        pytest.param("lookup(a.list, a.b, 'x')", id="lookup"),
        pytest.param("descendants(a.list, 'n')", id="descendants"),
        pytest.param("sort_by(a.list, &n)", id="sort keys"),
        pytest.param("contains(a.b, `1`)", id="contains"),
    ],
)
def test_no_value_of_the_data_is_in_any_text_of_the_error(text: str) -> None:
    """Neither the message nor the chain of causes holds what the platform sent."""
    document = {
        "a": {
            "b": SECRET,
            "open": f"({SECRET}",
            "control": f"{SECRET}\0",
            "list": [{"n": SECRET}, {"n": None}],
        }
    }
    error: BaseException | None = failing(text, document)

    while error is not None:
        assert SECRET not in f"{error} {error!r} {error.args}"
        error = error.__cause__ or error.__context__
