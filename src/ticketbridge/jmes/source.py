"""The text of functions in the making, with the names that they use.

The source has only names of our own, and as literals only words of letters, digits and `_`. All else
that a mapping says is held in the namespace of the functions, so that no text can ever become code.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

_NAMES = {None: "null", True: "true", False: "false"}
_PLAIN_WORD = re.compile(r"[A-Za-z0-9_]{1,60}", re.ASCII)
_SHARED = frozenset({str, int, type})


class SourceWriter:
    """Writes functions that share one namespace."""

    def __init__(self) -> None:
        self.namespace: dict[str, Any] = {}
        self._constants: dict[object, str] = {}
        self._finished: list[str] = []
        self._lines: list[str] = []
        self._known: list[dict[tuple[str, ...], str]] = [{}]
        self._roots: dict[str, str] = {}
        self._first: list[str] = []
        self._depth = 0
        self._loops = 0
        self._variables = 0

    @property
    def source(self) -> str:
        """All functions that were written."""
        return "\n\n".join(self._finished) + "\n"

    @contextmanager
    def function(self, header: str) -> Iterator[None]:
        """A new function; what is emitted inside of the `with` goes into it."""
        outer = self._lines, self._depth, self._known, self._first
        self._lines, self._depth, self._known, self._first = [], 0, [{}], []
        with self.block(header):
            yield
        self._lines[1:1] = self._first
        self._finished.append("\n".join(self._lines))
        self._lines, self._depth, self._known, self._first = outer

    @contextmanager
    def block(self, header: str) -> Iterator[None]:
        """An indented block under *header*; what is found in it is not known after it."""
        self.line(header + ":")
        self._depth += 1
        self._known.append({})
        yield
        self._known.pop()
        self._depth -= 1

    def bind(self, root: str, variable: str) -> None:
        """From here on the value of *root* is in *variable*, and not in the scope."""
        self._roots[root] = variable

    def line(self, code: str) -> None:
        """One line of code."""
        self._lines.append("    " * self._depth + code)

    def variable(self, code: str) -> str:
        """A new variable that holds the value of *code*."""
        self._variables += 1
        name = f"v{self._variables}"
        self.line(f"{name} = {code}")
        return name

    def at_first(self, code: str) -> str:
        """A new variable that has the value of *code* when the function begins."""
        self._variables += 1
        name = f"v{self._variables}"
        self._first.append(f"    {name} = {code}")
        return name

    def constant(self, value: Any) -> str:
        """The name of a constant."""
        if value is None or type(value) is bool:
            return self.helper(_NAMES[value], value)
        known = (type(value), value) if type(value) in _SHARED else None
        name = self._constants.get(known) or f"k{len(self.namespace) + 1}"
        self.namespace[name] = value
        if known is not None:
            self._constants[known] = name
        return name

    def key(self, text: str) -> str:
        """A text to look up or to name a key by; a plain word stands for itself."""
        return f'"{text}"' if _PLAIN_WORD.fullmatch(text) else self.constant(text)

    def helper(self, name: str, value: Any) -> str:
        """*name*, which is ours, for a function that the code calls."""
        self.namespace[name] = value
        return name

    @contextmanager
    def loop(self, header: str) -> Iterator[None]:
        """A block that is run again and again: what is in it costs steps."""
        with self.block(header), self.repeated():
            yield

    @contextmanager
    def repeated(self) -> Iterator[None]:
        """What is written inside is run again and again."""
        self._loops += 1
        yield
        self._loops -= 1
