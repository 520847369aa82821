"""Documents inside of texts: read as strictly as bodies, and errors name the function and the place."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from ticketbridge.jmes import EvaluationError, compile_expression


def value_of(text: str, data: Any) -> Any:
    """What an expression about *data* gives."""
    return compile_expression(text, roots=["data"])({"data": data})


def reason_of(text: str, data: Any) -> str:
    """Why there is no such value."""
    with pytest.raises(EvaluationError) as caught:
        compile_expression(text, roots=["data"], place="acme.yaml:7:9")({"data": data})
    assert str(caught.value).startswith("acme.yaml:7:9: ")
    return caught.value.reason


@pytest.mark.parametrize(
    ("text", "data", "value"),
    [
        ("from_json(data)", "null", None),
        ("from_json(data)", "15", 15),
        ("from_json(data)", " [1, 2.50, true] ", [1, 2.5, True]),
        ("from_json(data)", "\ufeff{}", {}),
        (
            "from_json(data).id",
            '{"id": 123456789012345678901234567890}',
            123456789012345678901234567890,
        ),
        ("from_json(data).a.b[0]", '{"a": {"b": ["\u00e9"]}}', "\u00e9"),
        ("from_json(from_json(data)).a", '"{\\"a\\": 1}"', 1),
        ("data && from_json(data)", None, None),
        ("from_xml(data)", "<a/>", {"a": None}),
        ("from_xml(data).a.b", "<a><b>1</b></a>", "1"),
        (
            "from_xml(data).a",
            "\ufeff<?xml version='1.0' encoding='utf-16'?><a>\u20ac</a>",
            "\u20ac",
        ),
        ('from_xml(data).a."@b"', "<n:a xmlns:n='u' b='1'/>", "1"),
        ("as_list(from_xml(data).a.b)", "<a><b>1</b></a>", ["1"]),
        ("as_list(from_xml(data).a.b)", "<a><b>1</b><b>2</b></a>", ["1", "2"]),
        ("as_list(optional(from_xml(data).a.b))", "<a/>", []),
        ("from_xml(data).a", f"<a>{'x' * 200_000}</a>", "x" * 200_000),
    ],
)
def test_a_document_in_a_text_is_read_as_a_body_is(text: str, data: Any, value: Any) -> None:
    """JSON keeps its digits and types; XML has its root as the one key."""
    assert value_of(text, data) == value


def test_an_element_that_comes_twice_is_none_to_give_or_compare() -> None:
    """As in a body: nothing says that it is a list."""
    for text in ("from_xml(data).a.b", "from_xml(data).a.b == '1'"):
        assert "an element that came more than once" in reason_of(text, "<a><b/><b/></a>")


@pytest.mark.parametrize(
    ("text", "data", "reason"),
    [
        ("from_json(data)", "", "from_json(): no valid JSON (DecodeError)"),
        ("from_json(data)", '{"a": 1', "from_json(): no valid JSON (DecodeError)"),
        ("from_json(data)", "[1] [2]", "from_json(): no valid JSON (DecodeError)"),
        ("from_json(data)", "NaN", "from_json(): no valid JSON (DecodeError)"),
        ("from_json(data)", "[Infinity]", "from_json(): no valid JSON (DecodeError)"),
        ("from_json(data)", "{'a': 1}", "from_json(): no valid JSON (DecodeError)"),
        ("from_json(data)", '"\\ud800"', "from_json(): no valid JSON (DecodeError)"),
        (
            "from_json(data)",
            '{"a": 1, "a": 2}',
            "from_json(): the JSON has a name twice in one object",
        ),
        (
            "from_json(data)",
            "[" * 5_000 + "]" * 5_000,
            "from_json(): the JSON is nested too deeply",
        ),
        (
            "from_json(data)",
            f"[{'[],' * 600_000}1]",
            "from_json(): more than 500000 objects and lists",
        ),
        (
            "from_json(data)",
            "\ud800",
            "from_json(): the text has a lone surrogate, which is no character",
        ),
        (
            "from_json(data)",
            None,
            "argument 1 (`text`) of from_json() must be a string, and is null",
        ),
        (
            "from_json(data)",
            {"a": 1},
            "argument 1 (`text`) of from_json() must be a string, and is an object",
        ),
        ("from_xml(data)", "", "from_xml(): no well-formed XML (no element found, line 1)"),
        ("from_xml(data)", "<a><b></a>", "from_xml(): no well-formed XML (mismatched tag, line 1)"),
        (
            "from_xml(data)",
            "<a/>\n<b/>",
            "from_xml(): no well-formed XML (junk after document element, line 2)",
        ),
        (
            "from_xml(data)",
            "<a>&b;</a>",
            "from_xml(): no well-formed XML (undefined entity, line 1)",
        ),
        (
            "from_xml(data)",
            "<!DOCTYPE a><a/>",
            "from_xml(): a document type, which may define entities",
        ),
        ("from_xml(data)", "<a>" * 300 + "</a>" * 300, "from_xml(): nested too deeply"),
        (
            "from_xml(data)",
            "<a>\ud800</a>",
            "from_xml(): the text has a lone surrogate, which is no character",
        ),
        (
            "from_xml(data)",
            7,
            "argument 1 (`text`) of from_xml() must be a string, and is a number",
        ),
    ],
)
def test_an_unreadable_document_is_an_error_that_shows_none_of_it(
    text: str, data: Any, reason: str
) -> None:
    """It names the function, and where the expression stands; nothing of the text is repeated."""
    assert reason_of(text, data) == reason


@pytest.mark.parametrize(
    ("text", "data"),
    [
        ("length(data[*].from_json(@))", [f"[{'1,' * 100_000}1]"] * 60),
        ("length(data[*].from_xml(@))", [f"<a>{'<b/>' * 5_000}</a>"] * 100),
        ("length(data[*].from_xml(@))", ["<a/>"] * 100_000),
        ("length(data[*].from_json(@))", ["1"] * 600_000),
    ],
    ids=["long JSON", "many elements", "many documents", "many texts"],
)
def test_reading_is_work_that_an_evaluation_is_charged_for(text: str, data: Any) -> None:
    """What the platform sends must not hold up other answers, also in an outermost loop."""
    assert "takes more than 5000000 steps" in reason_of(text, data)


def test_decimals_of_a_document_are_those_of_a_body() -> None:
    """A fraction is reckoned by its shortest text."""
    assert value_of("add(from_json(data), `0.2`)", "0.1") == Decimal("0.3")
