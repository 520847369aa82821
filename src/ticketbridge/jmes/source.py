"""Write the source of functions, keep the names that they use, and load them.

The source has only names of our own, and its literals are only words of letters, digits and `_`. All
other text of a mapping is kept in the namespace of the functions, so that no text can ever become
code.
"""

from __future__ import annotations

import itertools
import linecache
import re
import weakref
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
        """The source of all functions that were written."""
        return "\n\n".join(self._finished) + "\n"

    @contextmanager
    def function(self, header: str) -> Iterator[None]:
        """Begin a new function. Code that is written inside the `with` goes into it."""
        outer = self._lines, self._depth, self._known, self._first
        self._lines, self._depth, self._known, self._first = [], 0, [{}], []
        with self.block(header):
            yield
        self._lines[1:1] = self._first
        self._finished.append("\n".join(self._lines))
        self._lines, self._depth, self._known, self._first = outer

    @contextmanager
    def block(self, header: str) -> Iterator[None]:
        """Begin an indented block under *header*. Values that are found in it are not known after it."""
        self.line(header + ":")
        self._depth += 1
        self._known.append({})
        yield
        self._known.pop()
        self._depth -= 1

    def bind(self, root: str, variable: str) -> None:
        """Take the value of *root* from *variable* from here on, and not from the scope."""
        self._roots[root] = variable

    def line(self, code: str) -> None:
        """Write one line of code."""
        self._lines.append("    " * self._depth + code)

    def name(self) -> str:
        """Return the name of a new variable."""
        self._variables += 1
        return f"v{self._variables}"

    def variable(self, code: str) -> str:
        """Return a new variable that holds the value of *code*."""
        name = self.name()
        self.line(f"{name} = {code}")
        return name

    def at_first(self, code: str) -> str:
        """Return a new variable that has the value of *code* when the function begins."""
        name = self.name()
        self._first.append(f"    {name} = {code}")
        return name

    def constant(self, value: Any) -> str:
        """Return the name of the constant *value*."""
        if value is None or type(value) is bool:
            return self.helper(_NAMES[value], value)
        known = (type(value), value) if type(value) in _SHARED else None
        name = self._constants.get(known) or f"k{len(self.namespace) + 1}"
        self.namespace[name] = value
        if known is not None:
            self._constants[known] = name
        return name

    def key(self, text: str) -> str:
        """Return the code for a key *text*: a plain word in quotes, anything else as a constant."""
        return f'"{text}"' if _PLAIN_WORD.fullmatch(text) else self.constant(text)

    def helper(self, name: str, value: Any) -> str:
        """Return *name*, one of our own, as the name of *value*, which the code uses."""
        self.namespace[name] = value
        return name

    @contextmanager
    def loop(self, header: str) -> Iterator[None]:
        """Begin a block that runs again and again, so that its code costs steps."""
        with self.block(header), self.repeated():
            yield

    @contextmanager
    def repeated(self) -> Iterator[None]:
        """Mark code that runs again and again: all that is written inside the `with`."""
        self._loops += 1
        yield
        self._loops -= 1


_numbers = itertools.count(1)


def load(writer: SourceWriter, function: str, kind: str, place: str = "") -> Any:
    """Return the *function* that *writer* has written.

    Tracebacks and debuggers show its source, with *kind* and *place*.
    """
    shown = "".join(character for character in place if character.isprintable())
    name = f"<{kind} {next(_numbers)} {shown}>"
    source, namespace = writer.source, writer.namespace
    exec(compile(source, name, "exec", dont_inherit=True), namespace)  # noqa: S102 - of our own names alone
    loaded = namespace[function]
    linecache.cache[name] = len(source), None, source.splitlines(keepends=True), name
    # As long as the function lives.
    weakref.finalize(loaded, linecache.cache.pop, name, None).atexit = False
    return loaded
