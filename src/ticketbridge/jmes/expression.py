"""Compiled expressions, which the other packages hold and call, and the paths that they read."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from enum import Enum
from typing import Any, Final, TypeAlias

from ticketbridge.formats.elements import RepeatedElement
from ticketbridge.jmes import nodes
from ticketbridge.jmes.analysis import analyse, asked, gives_as_found
from ticketbridge.jmes.budget import BUDGET, MAX_STEPS, UNBOUNDED
from ticketbridge.jmes.compiler import CodeGenerator
from ticketbridge.jmes.errors import (
    EvaluationError,
    ExpressionError,
    Fault,
    describe,
    foreign_reason,
)
from ticketbridge.jmes.outcomes import Known, outcomes
from ticketbridge.jmes.parser import parse
from ticketbridge.jmes.source import load

_NO_SCOPE: Mapping[str, Any] = {}


@dataclass(frozen=True, slots=True)
class RootShape:
    """The expression is just a root."""

    name: str


@dataclass(frozen=True, slots=True)
class HashShape:
    """The expression is an object with known keys; each value has its own shape."""

    values: Mapping[str, Shape]


@dataclass(frozen=True, slots=True)
class OtherShape:
    """Any other expression."""


Shape: TypeAlias = RootShape | HashShape | OtherShape


@dataclass(frozen=True, slots=True, weakref_slot=True, eq=False)
class Expression:
    """A compiled expression; call it with the values of its roots, by name.

    *place* says where the text stands, for messages. *names* are the roots that it uses. If it was
    compiled without roots, it has none and is called with a document. *tree* is its syntax (see
    `nodes`), *source* its Python code.
    """

    text: str
    place: str
    names: frozenset[str]
    tree: nodes.Node = field(repr=False)
    source: str = field(repr=False)
    rooted: bool = field(repr=False)
    _evaluate: Callable[[Any], Any] = field(repr=False)

    def __call__(self, scope: Mapping[str, Any]) -> Any:
        """Return the value. Raises EvaluationError if the data does not fit, and no other exception."""
        if not BUDGET.is_shared:
            BUDGET.left = MAX_STEPS
        try:
            value = self._evaluate(scope)
        except Fault as fault:
            raise EvaluationError(fault.reason, self.text, self.place) from fault
        except Exception as error:  # noqa: BLE001 - whatever it is, the data does not fit
            reason = self._reason(error, scope)
        else:
            if type(value) is not RepeatedElement:
                return value
            reason = f"it gives {describe(value)}"
        finally:
            if not BUDGET.is_shared:
                BUDGET.left = UNBOUNDED
        raise EvaluationError(reason, self.text, self.place)

    def _reason(self, error: Exception, scope: Mapping[str, Any]) -> str:
        absent = sorted(self.names - scope.keys()) if self.names else []
        if absent:
            return f"no value was given for the root {absent[0]}"
        return foreign_reason(error)

    def with_watch(self, watch: Callable[[Mapping[str, Any], Any], None]) -> Expression:
        """Return the same expression; it reports each of its values, with the scope, to *watch*."""
        evaluate = self._evaluate

        def evaluate_watched(scope: Mapping[str, Any]) -> Any:
            value = evaluate(scope)
            watch(scope, value)
            return value

        return replace(self, _evaluate=evaluate_watched)

    def then(self, change: Callable[[Any], Any]) -> Expression:
        """Return the same expression with its value changed by *change*."""
        evaluate = self._evaluate
        return replace(self, _evaluate=lambda scope: change(evaluate(scope)))

    def with_announcement(self, announce: Callable[[Mapping[str, Any]], None]) -> Expression:
        """Return the same expression; it gives *announce* its scope before each evaluation."""
        evaluate = self._evaluate

        def evaluate_announced(scope: Mapping[str, Any]) -> Any:
            announce(scope)
            return evaluate(scope)

        return replace(self, _evaluate=evaluate_announced)

    @property
    def gives_as_found(self) -> bool:
        """Whether it gives unchanged data: no filter, projection or calculation."""
        return gives_as_found(self.tree)

    @property
    def outcomes(self) -> Known:
        """The types that its value can have, as far as the text shows; None: any."""
        return outcomes(self.tree, rooted=self.rooted)

    def shape(self) -> Shape:
        """Return the roots that the value consists of, as far as the text shows."""
        return _shape(self.tree) if self.rooted else OtherShape()


def compile_expression(
    text: str, *, roots: Collection[str] | None = None, strict: bool = True, place: str = ""
) -> Expression:
    """Return the compiled expression of *text*. Raises ExpressionError if it can never be right.

    *roots* are the names that it may start with. A mapping gives the keys of each root too (None: not
    known). If *roots* is None, the expression is evaluated on a document. If *strict* is False, it is
    JMESPath as jmespath has it: only the standard functions, and a missing key is null.

    Unknown functions and wrong numbers of arguments are errors here, not at each evaluation.
    """
    try:
        tree = parse(text, strict=strict)
        names = analyse(text, tree, roots=roots, strict=strict)
        generator = CodeGenerator(strict=strict)
        _write(generator, tree, rooted=roots is not None)
        evaluate: Callable[[Any], Any] = load(generator, "expression", "expression", place)
    except (RecursionError, MemoryError):
        raise ExpressionError(text, 1, "nested too deeply") from None
    return Expression(text, place, names, tree, generator.source, roots is not None, evaluate)


def names_in(text: str) -> frozenset[str]:
    """Return the roots that the expression *text* begins with; none if it is not an expression."""
    try:
        return frozenset(root.name for root in asked(parse(text, strict=True)))
    except ExpressionError:
        return frozenset()


def _write(generator: CodeGenerator, tree: nodes.Node, *, rooted: bool) -> None:
    header = "def expression(scope)" if rooted else "def expression(document)"
    with generator.function(header):
        if not rooted:
            generator.line(f"scope = {generator.constant(_NO_SCOPE)}")
        value = generator.emit(tree, None if rooted else "document")
        generator.line(f"return {value}")


def _shape(node: nodes.Node) -> Shape:
    match node:
        case nodes.Field():
            return RootShape(node.name)
        case nodes.HashOf():
            return HashShape({name: _shape(value) for name, value in node.pairs})
        case _:
            return OtherShape()


# --- the plain paths that an expression reads from a root, for explanations -----------------------

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
