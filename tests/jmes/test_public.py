"""What the package gives to others, and what it takes from them."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from ticketbridge import jmes
from ticketbridge.jmes import Expression, compile_expression

FOLDER = Path(jmes.__file__).parent
SOURCES = sorted(FOLDER.rglob("*.py"))


def test_the_public_names_are_sorted_and_exist() -> None:
    """`__all__` is sorted as ruff sorts it, and each name is there."""
    constants = [name for name in jmes.__all__ if name.isupper()]
    others = [name for name in jmes.__all__ if not name.isupper()]
    classes = [name for name in others if name[0].isupper()]

    assert jmes.__all__ == [
        *sorted(constants),
        *sorted(classes),
        *sorted(set(others) - set(classes)),
    ]
    assert all(hasattr(jmes, name) for name in jmes.__all__)


@pytest.mark.parametrize(
    "source", [pytest.param(each, id=str(each.relative_to(FOLDER))) for each in SOURCES]
)
def test_the_package_imports_nothing_above_it(source: Path) -> None:
    """Below it are the readers of documents alone: of ticketbridge, it imports itself and these."""
    imported = [
        node.module or ""
        for node in ast.walk(ast.parse(source.read_text("utf-8")))
        if isinstance(node, ast.ImportFrom)
    ]

    ours = [name for name in imported if name.startswith("ticketbridge")]
    assert all(name.startswith(("ticketbridge.jmes", "ticketbridge.formats")) for name in ours)


def test_an_expression_is_frozen() -> None:
    """A compiled expression can be shared: nothing of it can be set."""
    expression = compile_expression("a")

    with pytest.raises(AttributeError):
        expression.text = "b"  # type: ignore[misc]  # that it cannot be set is the point

    assert isinstance(expression, Expression)
    assert repr(expression) == "Expression(text='a', place='', names=frozenset())"
