"""The plain paths that an expression reads from a root, for explanations."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any, Final

from ticketbridge.jmes import nodes
from ticketbridge.jmes.expression import Expression

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*", re.ASCII)


class Nowhere(Enum):
    """The value of a path that does not exist."""

    NOWHERE = "nothing"


NOWHERE: Final = Nowhere.NOWHERE


@dataclass(frozen=True, slots=True)
class RootPath:
    """`order.items[0].id`: a root, and the keys and indexes that follow it."""

    steps: tuple[str | int, ...]

    def __str__(self) -> str:
        return "".join(map(_step, self.steps)).removeprefix(".")

    def value(self, scope: Mapping[str, Any]) -> Any:
        """Return the value there, or NOWHERE."""
        value: Any = scope
        for step in self.steps:
            if isinstance(step, str):
                value = value.get(step, NOWHERE) if isinstance(value, Mapping) else NOWHERE
            elif isinstance(value, list) and -len(value) <= step < len(value):
                value = value[step]
            else:
                value = NOWHERE
        return value


def root_paths(expression: Expression) -> tuple[RootPath, ...]:
    """Return the paths that *expression* reads, each once, in order."""
    return tuple(dict.fromkeys(_paths(expression.tree))) if expression.rooted else ()


def _paths(node: nodes.Node) -> Iterator[RootPath]:
    match node:
        case nodes.Field():
            yield RootPath((node.name,))
        case nodes.Chain(steps=(nodes.Field() as root, *further)):
            yield RootPath((root.name, *_plain(_flat(further))))
        case _:
            here, _ = nodes.parts_of(node)
            for part in here:
                yield from _paths(part)


def _flat(steps: Iterable[nodes.Node]) -> Iterator[nodes.Node]:
    """Flatten *steps*: an inner chain into its steps, a projection into its base and itself."""
    for step in steps:
        match step:
            case nodes.Chain():
                yield from _flat(step.steps)
            case nodes.Projection() | nodes.ValueProjection() | nodes.Flatten():
                yield from _flat((step.base,))
                yield step
            case _:
                yield step


def _plain(steps: Iterable[nodes.Node]) -> Iterator[str | int]:
    """Yield the keys and indexes up to the first step that is neither."""
    for step in steps:
        match step:
            case nodes.Field():
                yield step.name
            case nodes.Index():
                yield step.index
            case _:
                return


def _step(step: str | int) -> str:
    if isinstance(step, int):
        return f"[{step}]"
    return f".{step}" if _NAME.fullmatch(step) else f".{json.dumps(step)}"
