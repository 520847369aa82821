"""A value written into the mapping's text: there, and nowhere else."""

from __future__ import annotations

import pytest

from ticketbridge.workbench.studio.mapping_edits import (
    EditError,
    insert_entry,
    set_value,
    write_expression,
)

FIELDS = ["ticket", "fields"]


@pytest.mark.parametrize(
    ("text", "path", "value", "due"),
    [
        ("a: b  # why\n", ["a"], "c.d", "a: c.d  # why\n"),
        ("a: b  # TODO: which?\nc: d\n", ["a"], "x", "a: x\nc: d\n"),
        ("a: b  # likely: by its name\n", ["a"], "x", "a: x\n"),
        ('a: "b"\n', ["a"], "x", "a: x\n"),
        ("a: b", ["a"], "[0]", "a: '[0]'"),
        ("a: b", ["a"], "c['x']", "a: c['x']"),
        ("a: b", ["a"], "'x' # y", "a: \"'x' # y\""),
        ("a: b", ["a"], "'x' #\"y", "a: '''x'' #\"y'"),
        ("a: {b: c}\n", ["a", "b"], "f(x, y)", "a: {b: 'f(x, y)'}\n"),
        ("a: {b: c}\n", ["a", "d"], "f(x, 'y')", "a: {b: c, d: \"f(x, 'y')\"}\n"),
        ("a: {b: c}\n", ["a", "d", "e"], "x", "a: {b: c, d: {e: x}}\n"),
        ("a: {b: c}\n", ["a", "d"], {"P": "V"}, "a: {b: c, d: {P: V}}\n"),
        ("a:\n  b: c\nz: 1\n", ["a", "d"], "x", "a:\n  b: c\n  d: x\nz: 1\n"),
        ("a:\n  b: c\n", ["a", "d", "e"], "x", "a:\n  b: c\n  d:\n    e: x\n"),
        (
            "a:\n  b: c\n",
            ["a", "d"],
            {"P": "V", "Q": "W"},
            "a:\n  b: c\n  d:\n    P: V\n    Q: W\n",
        ),
        ("a:\n  b: {c: d}  # so\n", ["a", "b"], "x", "a:\n  b: x  # so\n"),
        ("a:\n  b:\n    c: d\n", ["a", "b"], "x", "a:\n  b: x\n"),
        ("a: b\n", ["a"], {"P": "V"}, "a: {P: V}\n"),
        ("a: {P: V}\n", ["a"], {"Q": "W"}, "a: {Q: W}\n"),
        ("a:\n  P: V  # one\n  Q: W\n", ["a"], {"P": "V", "R": "X"}, "a:\n  P: V  # one\n  R: X\n"),
        ("a:\n  P: V\n  Q: W", ["a"], {"P": "V"}, "a:\n  P: V\n"),
        ("a:\n  - b: c\n  - b: d\n", ["a", 1, "b"], "x", "a:\n  - b: c\n  - b: x\n"),
        ("\ufeffa: b\n", ["a"], "c", "\ufeffa: c\n"),
    ],
)
def test_a_value_is_written_where_it_belongs(
    text: str, path: list[str | int], value: str | dict[str, str], due: str
) -> None:
    """In the style of what stands there; a comment of `draft` about the old guess goes with it."""
    assert set_value(text, path, value) == due


@pytest.mark.parametrize(
    ("text", "path", "value", "why"),
    [
        ("a: [", ["a"], "x", "mend the file first"),
        ("a: [1]", ["a", 3, "b"], "x", "no such entry"),
        ("a: b", ["a", "c"], "x", "write it by hand"),
        ("a:\n  P: V\n", ["a"], {}, "the last word of a table stays"),
    ],
)
def test_what_cannot_be_written_is_refused(
    text: str, path: list[str | int], value: str | dict[str, str], why: str
) -> None:
    """Rather than written somewhere near."""
    with pytest.raises(EditError, match=why):
        set_value(text, path, value)


def test_an_entry_stands_behind_the_one_it_belongs_to() -> None:
    """Indented as that one, comments and all."""
    text = "source:\n  - name: a  # first\n    get: /a\n  - name: c\nticket: 1\n"

    assert insert_entry(text, 0, ["name: b", "each: a.b"]) == (
        "source:\n  - name: a  # first\n    get: /a\n  - name: b\n    each: a.b\n  - name: c\nticket: 1\n"
    )


@pytest.mark.parametrize("expression", ["a.b", "true", "12", "a: b", "{a: b}", "it's", "`1` > x"])
def test_an_expression_is_read_back_as_it_was(expression: str) -> None:
    """As text, whatever YAML would make of it without quotes."""
    for flow in (False, True):
        written = write_expression(expression, flow=flow)
        text = f"a: {{b: {written}}}" if flow else f"a:\n  b: {written}"
        assert set_value(text, ["a", "c"], "x").count(written) == 1
