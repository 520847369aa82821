"""Load written code as a function, with its source in the place where tracebacks and debuggers look."""

from __future__ import annotations

import itertools
import linecache
import weakref
from typing import Any

from ticketbridge.jmes.compiler import CodeGenerator

_numbers = itertools.count(1)


def load(generator: CodeGenerator, function: str, kind: str, place: str = "") -> Any:
    """Return the *function* that *generator* has written. Its source is shown with *kind* and *place*."""
    shown = "".join(character for character in place if character.isprintable())
    name = f"<{kind} {next(_numbers)} {shown}>"
    source, namespace = generator.source, generator.namespace
    exec(compile(source, name, "exec", dont_inherit=True), namespace)  # noqa: S102 - of our own names alone
    loaded = namespace[function]
    linecache.cache[name] = len(source), None, source.splitlines(keepends=True), name
    # As long as the function lives.
    weakref.finalize(loaded, linecache.cache.pop, name, None).atexit = False
    return loaded
