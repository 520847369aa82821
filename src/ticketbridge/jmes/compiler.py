"""From a tree to Python: one flat function, which calls `runtime` where a slow path is needed.

The source has only names of our own, and as literals only words of letters, digits and `_`. All else
that a mapping says is held in the namespace of the function, so that no text can ever become code.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, TypeAlias

from ticketbridge.jmes import kinds, nodes, runtime, values
from ticketbridge.jmes.analysis import parameter_at
from ticketbridge.jmes.attributed import AttributedElement
from ticketbridge.jmes.budget import counted, spend_on
from ticketbridge.jmes.functions import FUNCTIONS, OPTIONAL
from ticketbridge.jmes.kinds import Function, Kind, Parameter
from ticketbridge.jmes.source import SourceWriter
from ticketbridge.jmes.weights import weight

# Python allows 20 nested blocks, and 100 levels of indentation.
_MAX_BLOCKS = 10
_MAX_SUBSCRIPTS = 16
_AT_ONCE = frozenset({"as_list", "length", "lookup", "not_null", "to_array", "type"})
"""Functions that look at no element of their arguments, or count for themselves."""
_LONG_TEXT = 255
_LONG_LIST = 15
_SIZED: frozenset[type] = frozenset({str, list, dict})
_ORDER_NAMES: dict[nodes.Operator, str] = {
    "<": "less",
    "<=": "at_most",
    ">": "greater",
    ">=": "at_least",
}


class CodeGenerator(SourceWriter):
    """Writes the code of expressions into functions that share one namespace.

    `emit` writes the code of a node at the end of the function that is being written, and gives
    the Python expression (a name, or a constant) that holds its value.
    """

    def __init__(self, *, strict: bool) -> None:
        super().__init__()
        self._strict = strict
        self._mode = runtime.STRICT if strict else runtime.PLAIN
        self._parts = 0

    def emit(self, node: nodes.Node, current: str | None, *, optional: bool = False) -> str:
        """The value of *node*, evaluated on the variable *current*; None: on the roots.

        *optional*: inside of `optional(...)`.
        """
        if self._depth >= _MAX_BLOCKS:
            return self.variable(self._part(node, current, optional=optional))
        return _EMITTERS[type(node)](self, node, current, optional)

    def condition(self, node: nodes.Node, current: str | None, *, optional: bool) -> str:
        """Python code that is true where *node* is true for JMESPath."""
        value = self.emit(node, current, optional=optional)
        return value if self._is_boolean(node) else f"{self._truthy()}({value})"

    def _part(self, node: nodes.Node, current: str | None, *, optional: bool) -> str:
        """A call of a function of its own that evaluates *node*."""
        self._parts += 1
        # An expression that starts at the roots may need each of them, another one only its own.
        needed = self._roots.values() if current is None else [current]
        parameters = ", ".join(["scope", *needed])
        with self.function(f"def part_{self._parts}({parameters})"):
            name = f"part_{self._parts}"
            self.line(f"return {self.emit(node, current, optional=optional)}")
        return f"{name}({parameters})"

    def _truthy(self) -> str:
        return self.helper("truthy", values.truthy)

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

    def current(self, _node: nodes.Current, current: str | None, _optional: bool) -> str:
        return str(current)

    def field(self, node: nodes.Field, current: str | None, optional: bool) -> str:
        return self._path(current, (node.name,), optional=optional)

    def index(self, node: nodes.Index, current: str | None, _optional: bool) -> str:
        helper = self.helper("index", self._mode.index)
        return self.variable(f"{helper}({current}, {self.constant(node.index)})")

    def cut(self, node: nodes.Slice, current: str | None, _optional: bool) -> str:
        helper = self.helper("cut", self._mode.cut)
        return self.variable(self._counted(f"{helper}({current}, {self.constant(node.bounds)})"))

    def literal(self, node: nodes.Constant, _current: str | None, _optional: bool) -> str:
        return self.constant(node.value)

    def chain(self, node: nodes.Chain, current: str | None, optional: bool) -> str:
        keys: list[str] = []
        for step in node.steps:
            if isinstance(step, nodes.Field):
                keys.append(step.name)
                continue
            if keys:
                current = self._path(current, tuple(keys), optional=optional)
                keys = []
            current = self.emit(step, current, optional=optional)
        return self._path(current, tuple(keys), optional=optional) if keys else str(current)

    def _path(self, current: str | None, keys: tuple[str, ...], *, optional: bool) -> str:
        if current is None:
            return self._rooted(keys, optional=optional)
        for at in range(0, len(keys), _MAX_SUBSCRIPTS):
            current = self._subscripts(current, keys[at : at + _MAX_SUBSCRIPTS], optional=optional)
        return current

    def _rooted(self, keys: tuple[str, ...], *, optional: bool) -> str:
        """The value of a path from a root; a path that was followed before is not followed again."""
        for length in range(len(keys), 1, -1):
            found = self._found(keys[:length], optional=optional)
            if found is not None:
                rest = keys[length:]
                return self._remember(keys, found, rest, optional=optional)
        root = self._roots.get(keys[0]) or f"scope[{self.key(keys[0])}]"
        if len(keys) == 1:
            return self.variable(root) if keys[0] not in self._roots else root
        return self._remember(keys, root, keys[1:], optional=optional)

    def _found(self, path: tuple[str, ...], *, optional: bool) -> str | None:
        """The variable that holds the value of *path*: one found strictly serves `optional` too."""
        for known in reversed(self._known):
            found = known.get(path) or (known.get(("optional()", *path)) if optional else None)
            if found is not None:
                return found
        return None

    def _remember(
        self, path: tuple[str, ...], base: str, keys: tuple[str, ...], *, optional: bool
    ) -> str:
        if not keys:
            return base
        found = self._path(base, keys, optional=optional)
        self._known[-1][("optional()", *path) if optional else path] = found
        return found

    def _subscripts(self, current: str, keys: tuple[str, ...], *, optional: bool) -> str:
        follow = self.helper("follow", self._mode.follow)
        if optional:
            follow = self.helper("follow_optional", runtime.follow_optional)
        with self.block("try"):
            subscripts = "".join(f"[{self.key(key)}]" for key in keys)
            found = self.variable(current + subscripts)
        with self.block("except (KeyError, TypeError)"):
            self.line(f"{found} = {follow}({current}, {self.constant(keys)})")
        return found

    def projection(self, node: nodes.Projection, current: str | None, optional: bool) -> str:
        base = self.emit(node.base, current, optional=optional)
        if node.condition is None:
            elements = self.helper("elements", self._mode.elements)
        else:
            elements = self.helper("filtered", self._mode.filtered)
        return self._project(f"{elements}({base})", node.each, node.condition, optional=optional)

    def value_projection(
        self, node: nodes.ValueProjection, current: str | None, optional: bool
    ) -> str:
        base = self.emit(node.base, current, optional=optional)
        found = self.helper("object_values", self._mode.values)
        return self._project(f"{found}({base})", node.each, None, optional=optional)

    def _project(
        self, elements: str, each: nodes.Node, condition: nodes.Node | None, *, optional: bool
    ) -> str:
        base = self.variable(self._counted(elements, each, condition))
        collected = self.variable("None")
        self._variables += 1
        element = f"v{self._variables}"
        with self.block(f"if {base} is not None"):
            self.line(f"{collected} = []")
            with self.loop(f"for {element} in {base}"):
                if condition is not None:
                    holds = self.condition(condition, element, optional=optional)
                    with self.block(f"if not {holds}"):
                        self.line("continue")
                value = self.emit(each, element, optional=optional)
                with self.block(f"if {value} is not None"):
                    self.line(f"{collected}.append({value})")
        return collected

    def flatten(self, node: nodes.Flatten, current: str | None, optional: bool) -> str:
        base = self.emit(node.base, current, optional=optional)
        flatten = self.helper("flatten", self._mode.flatten)
        return self.variable(self._counted(f"{flatten}({base})"))

    def _counted(self, elements: str, *each: nodes.Node | None) -> str:
        """The code *elements*; inside of a loop it counts them, by what is done with *each*."""
        if not self._loops:
            return elements
        return f"{self.helper('counted', counted)}({elements}, {weight(*each)})"

    def either(self, node: nodes.Either, current: str | None, optional: bool) -> str:
        return self._in_turn(node.choices, current, "if not {}", optional=optional)

    def both(self, node: nodes.Both, current: str | None, optional: bool) -> str:
        return self._in_turn(node.conditions, current, "if {}", optional=optional)

    def _in_turn(self, parts: Nodes, current: str | None, header: str, *, optional: bool) -> str:
        result = self.variable(self.emit(parts[0], current, optional=optional))
        for part in parts[1:]:
            with self.block(header.format(f"{self._truthy()}({result})")):
                self.line(f"{result} = {self.emit(part, current, optional=optional)}")
        return result

    def negation(self, node: nodes.Not, current: str | None, optional: bool) -> str:
        return self.variable(f"not {self.condition(node.condition, current, optional=optional)}")

    def comparison(self, node: nodes.Comparison, current: str | None, optional: bool) -> str:
        left = self.emit(node.left, current, optional=optional)
        right = self.emit(node.right, current, optional=optional)
        if node.operator in _ORDER_NAMES:
            helper = self.helper(_ORDER_NAMES[node.operator], self._mode.order(node.operator))
            return self.variable(f"{helper}({left}, {right})")
        negated = "not " if node.operator == "!=" else ""
        return self.variable(negated + self._equality(node, left, right))

    def _equality(self, node: nodes.Comparison, left: str, right: str) -> str:
        for side, value, other in ((node.right, left, node.left), (node.left, right, node.right)):
            if isinstance(side, nodes.Constant):
                if side.value is None or type(side.value) is bool:
                    return f"({left} is {right}{self._unless_attributed(other, value)})"
                if type(side.value) is str:
                    return f"({left} == {right})"
        # The usual pair without a call: a text equals nothing but a text.
        called = f"{self.helper('equal', values.equal)}({left}, {right})"
        return f"({left} == {right} if type({left}) is str else {called})"

    def _unless_attributed(self, node: nodes.Node, value: str) -> str:
        """Code to add to an `is` test: an element with attributes is an error there, raised by its `not`."""
        self.helper("AttributedElement", AttributedElement)
        test = f" or (type({value}) is AttributedElement and not {value})"
        return test if self._strict and not self._is_boolean(node) else ""

    def list_of(self, node: nodes.ListOf, current: str | None, optional: bool) -> str:
        return self._unless_null(
            current, lambda: f"[{', '.join(self._each(node.items, current, optional))}]"
        )

    def hash_of(self, node: nodes.HashOf, current: str | None, optional: bool) -> str:
        def pairs() -> str:
            found = self._each(tuple(value for _, value in node.pairs), current, optional)
            names = [self.key(name) for name, _ in node.pairs]
            return ", ".join(f"{name}: {value}" for name, value in zip(names, found, strict=True))

        return self._unless_null(current, lambda: "{" + pairs() + "}")

    def _each(self, parts: Nodes, current: str | None, optional: bool) -> list[str]:
        return [self.emit(part, current, optional=optional) for part in parts]

    def _unless_null(self, current: str | None, make: Callable[[], str]) -> str:
        if current is None:
            return self.variable(make())
        result = self.variable("None")
        with self.block(f"if {current} is not None"):
            self.line(f"{result} = {make()}")
        return result

    def call(self, node: nodes.Call, current: str | None, optional: bool) -> str:
        function = FUNCTIONS[node.name]
        if function.name == OPTIONAL:
            return self.emit(node.arguments[0], current, optional=True)
        arguments = ["scope"] if function.scoped else []
        for position, argument in enumerate(node.arguments):
            arguments.append(self._argument(function, position, argument, current, optional))
        arguments += self._absent(function, len(node.arguments))
        if self._loops:
            self._count_arguments(node, arguments[function.scoped :])
        name = self.helper(f"f_{function.name}", runtime.guarded(function, strict=self._strict))
        return self.variable(f"{name}({', '.join(arguments)})")

    def _count_arguments(self, node: nodes.Call, arguments: list[str]) -> None:
        """Count what the function looks at, where it is long; what is short is in its call's weight."""
        if node.name in _AT_ONCE:
            return
        body = next(
            (part.body for part in node.arguments if isinstance(part, nodes.Reference)), None
        )
        for position, (part, value) in enumerate(zip(node.arguments, arguments, strict=False)):
            parameter = parameter_at(FUNCTIONS[node.name], position)
            if isinstance(part, nodes.Constant | nodes.Reference) or parameter.prepare:
                continue
            if body is not None:
                self.line(self._counted(value, body))
            elif test := _is_long(value, parameter.kind):
                with self.block(f"if {test}"):
                    self.line(f"{self.helper('spend_on', spend_on)}({value})")

    def _absent(self, function: Function, given: int) -> list[str]:
        absent = [parameter for parameter in function.parameters[given:] if parameter.optional]
        return [self.constant(_ready(parameter, None)) for parameter in absent]

    def _argument(
        self,
        function: Function,
        position: int,
        node: nodes.Node,
        current: str | None,
        optional: bool,
    ) -> str:
        parameter = parameter_at(function, position)
        if isinstance(node, nodes.Reference):
            return self._reference(node, optional=optional)
        if self._strict and isinstance(node, nodes.Constant):
            return self.constant(_ready(parameter, node.value))
        value = self.emit(node, current, optional=optional)
        if not self._strict and position >= len(function.parameters):
            return value  # of a variadic function, jmespath checks the first argument alone
        return self._checked(
            value, parameter, runtime.label(function.name, position + 1, parameter)
        )

    def _checked(self, value: str, parameter: Parameter, label: str) -> str:
        """The argument *value*, after the checks that its kind needs."""
        kind = parameter.kind
        rest = f"{value}, {self.constant(label)}, {self.constant(parameter)}"
        if kind.types is not None:
            with self.block(f"if type({value}) {self._type_test(kind)}"):
                self.line(f"{self.helper('wrong_type', runtime.wrong_type)}({rest})")
        if kind.elements:
            self.line(f"{self.helper('check_elements', runtime.check_elements)}({rest})")
        if parameter.prepare is None:
            return value
        return self.variable(f"{self.helper('prepared', runtime.prepared)}({rest})")

    def _type_test(self, kind: Kind) -> str:
        types = kind.types or frozenset()
        if len(types) == 1:
            return f"is not {self.constant(next(iter(types)))}"
        return f"not in {self.constant(types)}"

    def _reference(self, node: nodes.Reference, *, optional: bool) -> str:
        self._variables += 1
        element = f"v{self._variables}"
        with self.repeated():
            call = self._part(node.body, element, optional=optional)
        bind = self.helper("partial", partial)
        return self.variable(f"{bind}({call.partition('(')[0]}, scope)")


def _is_long(value: str, kind: Kind) -> str:
    """Code that tells whether *value*, which is of *kind*, is long; "" where it cannot be."""
    sized = _SIZED if kind.types is None else kind.types & _SIZED
    if not sized:
        return ""
    test = f"len({value}) > {_LONG_TEXT if sized == {str} else _LONG_LIST}"
    if sized == kind.types:
        return test
    return f"type({value}) in {{{', '.join(sorted(kind.__name__ for kind in sized))}}} and {test}"


def _ready(parameter: Parameter, value: Any) -> Any:
    return value if parameter.prepare is None else parameter.prepare(value)


Nodes: TypeAlias = tuple[nodes.Node, ...]
_Emitter: TypeAlias = Callable[[CodeGenerator, Any, str | None, bool], str]
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
