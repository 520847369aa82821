"""Random expressions and documents, from whatever chooses among options."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

Choose: TypeAlias = Callable[[Sequence[Any]], Any]

KEYS = ("a", "b", "c", '"a b"')
SCALARS: tuple[Any, ...] = (None, True, False, 0, 1, -2, 3, 1.5, 0.1, 1.0, "", "a", "b", "12", "é")
LITERALS = ("`null`", "`true`", "`false`", "`0`", "`1`", "`1.5`", "'a'", "''", "'12'", "`[]`")
TABLES = ("`{}`", "`[3,1,2]`", '`["b","a"]`')
ORDERS = ("<", "<=", ">", ">=", "==", "!=")
NUMERIC = ("abs", "avg", "ceil", "floor", "max", "min", "sum", "to_number")
GENERAL = ("keys", "length", "merge", "not_null", "reverse", "sort", "to_array", "to_string")
ONE = (*NUMERIC, *GENERAL, "type", "values")
TWO = ("contains", "ends_with", "starts_with", "join", "merge", "not_null")
BY = ("max_by", "min_by", "sort_by")
INDEXES = ("[0]", "[1]", "[-1]", "[9]", "[1:]", "[:2]", "[::-1]", "[*]", "[]", "[5:1:-2]")


class Grammar:
    """Texts of expressions, and documents to evaluate them on."""

    def __init__(self, choose: Choose) -> None:
        self._choose = choose

    def document(self, depth: int = 3) -> Any:
        """A JSON document with the keys that expressions use."""
        kind = self._choose(("scalar", "list", "object", "object")) if depth else "scalar"
        if kind == "scalar":
            return self._choose(SCALARS)
        size = self._choose((0, 1, 2, 3))
        if kind == "list":
            alike = self._choose((True, False))
            first = self.document(depth - 1)
            return [first if alike else self.document(depth - 1) for _ in range(size)]
        keys = [self._choose(("a", "b", "c", "a b")) for _ in range(size)]
        return {key: self.document(depth - 1) for key in keys}

    def expression(self, depth: int = 3) -> str:
        """The text of an expression."""
        if not depth:
            return str(self._choose((*KEYS, "@", "a.b", *LITERALS, *TABLES)))
        make: Callable[[int], str] = self._choose(
            (
                self._suffixed,
                self._suffixed,
                self._suffixed,
                self._joined,
                self._call,
                self._select,
                self._prefixed,
            )
        )
        return make(depth - 1)

    def _suffixed(self, depth: int) -> str:
        base = self.expression(depth)
        suffix = self._choose(("field", "index", "filter", "values", "select", "call"))
        if suffix == "index":
            return base + str(self._choose(INDEXES))
        if suffix == "filter":
            return f"{base}[?{self.expression(depth)}]"
        if suffix == "values":
            return f"{base}.*"
        if suffix == "select":
            return f"{base}.{self._select(depth)}"
        return f"{base}.{self._call(depth) if suffix == 'call' else self._choose(KEYS)}"

    def _joined(self, depth: int) -> str:
        operator = self._choose((*ORDERS, "&&", "||", "|", "|"))
        return f"{self.expression(depth)} {operator} {self.expression(depth)}"

    def _call(self, depth: int) -> str:
        kind = self._choose(("one", "two", "by", "map"))
        if kind == "one":
            return f"{self._choose(ONE)}({self.expression(depth)})"
        if kind == "two":
            return f"{self._choose(TWO)}({self.expression(depth)}, {self.expression(depth)})"
        if kind == "by":
            return f"{self._choose(BY)}({self.expression(depth)}, &{self.expression(depth)})"
        return f"map(&{self.expression(depth)}, {self.expression(depth)})"

    def _select(self, depth: int) -> str:
        first, second = self.expression(depth), self.expression(depth)
        return f"{{a: {first}, b: {second}}}" if self._choose((0, 1)) else f"[{first}, {second}]"

    def _prefixed(self, depth: int) -> str:
        inner = self.expression(depth)
        return f"!{inner}" if self._choose((0, 1)) else f"({inner})"
