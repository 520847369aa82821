"""Compile a tree to Python: one flat function, which calls `runtime` if it needs a slow path.

No text of a mapping ever becomes code: see `source`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

from ticketbridge.formats.elements import AttributedElement
from ticketbridge.jmes import kinds, nodes, runtime, values
from ticketbridge.jmes.call_code import CallWriter
from ticketbridge.jmes.functions import FUNCTIONS

_MAX_SUBSCRIPTS = 16
_BINARY: frozenset[type] = frozenset({int, float})
"""Types of numbers that Python orders by value. Beside a decimal, a float counts as its text."""
_COMPARED: frozenset[type] = frozenset({int, float, str})
_ORDER_NAMES: dict[nodes.Operator, str] = {
    "<": "less",
    "<=": "at_most",
    ">": "greater",
    ">=": "at_least",
}


class CodeGenerator(CallWriter):
    """Writes the code of expressions into functions that share one namespace.

    `emit` writes the code of a node at the end of the current function, and returns the Python
    expression (a name, or a constant) that holds its value.
    """

    def __init__(self, *, strict: bool) -> None:
        super().__init__(strict=strict)
        self._mode = runtime.STRICT if strict else runtime.PLAIN

    def emit(self, node: nodes.Node, current: str | None) -> str:
        """Return the value of *node*, evaluated on the variable *current*, or on the roots if it is None."""
        if self._is_deep():
            return self.variable(self._part(node, current))
        return _EMITTERS[type(node)](self, node, current)

    def condition(self, node: nodes.Node, current: str | None) -> str:
        """Return Python code that is true if *node* is true for JMESPath."""
        value = self.emit(node, current)
        return value if self._is_boolean(node) else self._truthy(value)

    def _truthy(self, value: str) -> str:
        """Return code that does the work of `values.truthy` for *value*, in an `if` or a `not`."""
        return f"({value} or type({value}) in {self.helper('NUMBERS', kinds.NUMBERS)})"

    def _is_boolean(self, node: nodes.Node) -> bool:
        match node:
            case nodes.Not():
                return True
            case nodes.Comparison():
                return self._strict or node.operator not in _ORDER_NAMES
            case nodes.Call():
                return FUNCTIONS[node.name].returns is kinds.BOOLEAN
            case _:
                return False

    def current(self, _node: nodes.Current, current: str | None) -> str:
        return str(current)

    def field(self, node: nodes.Field, current: str | None) -> str:
        return self._path(current, (node.name,))

    def index(self, node: nodes.Index, current: str | None) -> str:
        helper = self.helper("index", self._mode.index)
        return self.variable(f"{helper}({current}, {self.constant(node.index)})")

    def cut(self, node: nodes.Slice, current: str | None) -> str:
        helper = self.helper("cut", self._mode.cut)
        return self._counted(f"{helper}({current}, {self.constant(node.bounds)})")

    def literal(self, node: nodes.Constant, _current: str | None) -> str:
        return self.constant(node.value)

    def chain(self, node: nodes.Chain, current: str | None) -> str:
        keys: list[str] = []
        for step in node.steps:
            if isinstance(step, nodes.Field):
                keys.append(step.name)
                continue
            if keys:
                current = self._path(current, tuple(keys))
                keys = []
            current = self.emit(step, current)
        return self._path(current, tuple(keys)) if keys else str(current)

    def _path(self, current: str | None, keys: tuple[str, ...]) -> str:
        if current is None:
            return self._rooted(keys)
        for at in range(0, len(keys), _MAX_SUBSCRIPTS):
            current = self._subscripts(current, keys[at : at + _MAX_SUBSCRIPTS])
        return current

    def _rooted(self, keys: tuple[str, ...]) -> str:
        """Return the value of a path from a root. A path that was followed before is not followed again."""
        for length in range(len(keys), 1, -1):
            found = self._found(keys[:length])
            if found is not None:
                rest = keys[length:]
                return self._remember(keys, found, rest)
        root = self._roots.get(keys[0]) or f"scope[{self.key(keys[0])}]"
        if len(keys) == 1:
            return self.variable(root) if keys[0] not in self._roots else root
        return self._remember(keys, root, keys[1:])

    def _found(self, path: tuple[str, ...]) -> str | None:
        """Return the variable that already holds the value of *path*, or None.

        A value that was found outside `optional` serves inside it too.
        """
        for known in reversed(self._known):
            found = known.get(path) or (
                known.get(("optional()", *path)) if self._optional else None
            )
            if found is not None:
                return found
        return None

    def _remember(self, path: tuple[str, ...], base: str, keys: tuple[str, ...]) -> str:
        if not keys:
            return base
        found = self._path(base, keys)
        self._known[-1][("optional()", *path) if self._optional else path] = found
        return found

    def _subscripts(self, current: str, keys: tuple[str, ...]) -> str:
        if self._optional:
            return self._gets(current, keys)
        follow = self.helper("follow", self._mode.follow)
        with self.block("try"):
            subscripts = "".join(f"[{self.key(key)}]" for key in keys)
            found = self.variable(current + subscripts)
        with self.block("except (KeyError, TypeError)"):
            self.line(f"{found} = {follow}({current}, {self.constant(keys)})")
        return found

    def _gets(self, current: str, keys: tuple[str, ...]) -> str:
        """Return what `follow_optional` gives, by code that is fast for absent keys: they are usual here."""
        follow = self.helper("follow_optional", runtime.follow_optional)
        if not current.isidentifier():
            current = self.variable(current)
        for key in keys:
            other = f"None if {current} is None else {follow}({current}, {self.constant((key,))})"
            get = f"{current}.get({self.key(key)})"
            current = self.variable(f"{get} if type({current}) is dict else {other}")
        return current

    def projection(self, node: nodes.Projection, current: str | None) -> str:
        base = self.emit(node.base, current)
        if node.condition is None:
            elements = self.helper("elements", self._mode.elements)
        else:
            elements = self.helper("filtered", self._mode.filtered)
        return self._project(f"{elements}({base})", node.each, node.condition)

    def value_projection(self, node: nodes.ValueProjection, current: str | None) -> str:
        base = self.emit(node.base, current)
        found = self.helper("object_values", self._mode.values)
        return self._project(f"{found}({base})", node.each, None)

    def _project(self, elements: str, each: nodes.Node, condition: nodes.Node | None) -> str:
        base = self._counted(elements, each, condition)
        collected = self.variable("None")
        element = self.name()
        with self.block(f"if {base} is not None"):
            self.line(f"{collected} = []")
            with self.loop(f"for {element} in {base}"):
                if condition is not None:
                    holds = self.condition(condition, element)
                    with self.block(f"if not {holds}"):
                        self.line("continue")
                value = self.emit(each, element)
                with self.block(f"if {value} is not None"):
                    self.line(f"{collected}.append({value})")
        return collected

    def flatten(self, node: nodes.Flatten, current: str | None) -> str:
        base = self.emit(node.base, current)
        flatten = self.helper("flatten", self._mode.flatten)
        return self._counted(f"{flatten}({base})")

    def either(self, node: nodes.Either, current: str | None) -> str:
        return self._in_turn(node.choices, current, "if not {}")

    def both(self, node: nodes.Both, current: str | None) -> str:
        return self._in_turn(node.conditions, current, "if {}")

    def _in_turn(self, parts: Nodes, current: str | None, header: str) -> str:
        result = self.variable(self.emit(parts[0], current))
        for part in parts[1:]:
            with self.block(header.format(self._truthy(result))):
                self.line(f"{result} = {self.emit(part, current)}")
        return result

    def negation(self, node: nodes.Not, current: str | None) -> str:
        return self.variable(f"not {self.condition(node.condition, current)}")

    def comparison(self, node: nodes.Comparison, current: str | None) -> str:
        left = self.emit(node.left, current)
        right = self.emit(node.right, current)
        if node.operator in _ORDER_NAMES:
            helper = self.helper(_ORDER_NAMES[node.operator], self._mode.order(node.operator))
            usual = self._are_ordered(node, left, right)
            ordered = f"{left} {node.operator} {right}"
            return self.variable(f"{ordered} if {usual} else {helper}({left}, {right})")
        negated = "not " if node.operator == "!=" else ""
        return self.variable(negated + self._equality(node, left, right))

    def _are_ordered(self, node: nodes.Comparison, left: str, right: str) -> str:
        """Return code that is true if Python orders the two like JMESPath."""
        for side, other in ((node.right, left), (node.left, right)):
            if isinstance(side, nodes.Constant) and type(side.value) in _BINARY:
                return f"type({other}) in {self.helper('BINARY', _BINARY)}"
        return self._are_alike(node, left, right)

    def _are_alike(self, node: nodes.Comparison, left: str, right: str) -> str:
        """Return code that is true if both are texts, integers or floats, and of one type.

        An integer and a float are not compared this way: `equal` reads a float as its text.
        """
        for side, other in ((node.right, left), (node.left, right)):
            if isinstance(side, nodes.Constant) and type(side.value) in _COMPARED:
                return f"type({other}) is {self.constant(type(side.value))}"
        return f"type({left}) is type({right}) in {self.helper('COMPARED', _COMPARED)}"

    def _equality(self, node: nodes.Comparison, left: str, right: str) -> str:
        for side, value, other in ((node.right, left, node.left), (node.left, right, node.right)):
            if isinstance(side, nodes.Constant):
                if side.value is None or type(side.value) is bool:
                    return f"({left} is {right}{self._unless_attributed(other, value)})"
                if type(side.value) is str:
                    return f"({left} == {right})"
        called = f"{self.helper('equal', values.equal)}({left}, {right})"
        usual = self._are_alike(node, left, right)
        return f"({left} == {right} if {usual} else {called})"

    def _unless_attributed(self, node: nodes.Node, value: str) -> str:
        """Return code to add to an `is` test: its `not` raises the error for an element with attributes."""
        self.helper("AttributedElement", AttributedElement)
        test = f" or (type({value}) is AttributedElement and not {value})"
        return test if self._strict and not self._is_boolean(node) else ""

    def list_of(self, node: nodes.ListOf, current: str | None) -> str:
        return self._unless_null(current, lambda: f"[{', '.join(self._each(node.items, current))}]")

    def hash_of(self, node: nodes.HashOf, current: str | None) -> str:
        def pairs() -> str:
            found = self._each(tuple(value for _, value in node.pairs), current)
            names = [self.key(name) for name, _ in node.pairs]
            return ", ".join(f"{name}: {value}" for name, value in zip(names, found, strict=True))

        return self._unless_null(current, lambda: "{" + pairs() + "}")

    def _each(self, parts: Nodes, current: str | None) -> list[str]:
        return [self.emit(part, current) for part in parts]

    def _unless_null(self, current: str | None, make: Callable[[], str]) -> str:
        if current is None:
            return self.variable(make())
        result = self.variable("None")
        with self.block(f"if {current} is not None"):
            self.line(f"{result} = {make()}")
        return result


Nodes: TypeAlias = tuple[nodes.Node, ...]
_Emitter: TypeAlias = Callable[[CodeGenerator, Any, str | None], str]
_EMITTERS: dict[type, _Emitter] = {
    nodes.Current: CodeGenerator.current,
    nodes.Field: CodeGenerator.field,
    nodes.Index: CodeGenerator.index,
    nodes.Slice: CodeGenerator.cut,
    nodes.Constant: CodeGenerator.literal,
    nodes.Chain: CodeGenerator.chain,
    nodes.Projection: CodeGenerator.projection,
    nodes.ValueProjection: CodeGenerator.value_projection,
    nodes.Flatten: CodeGenerator.flatten,
    nodes.Either: CodeGenerator.either,
    nodes.Both: CodeGenerator.both,
    nodes.Not: CodeGenerator.negation,
    nodes.Comparison: CodeGenerator.comparison,
    nodes.ListOf: CodeGenerator.list_of,
    nodes.HashOf: CodeGenerator.hash_of,
    nodes.Call: CodeGenerator.call,
}
