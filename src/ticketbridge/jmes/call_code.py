"""The code of function calls: checks of the arguments, steps that they cost, and the call."""

from __future__ import annotations

from functools import partial
from typing import Any

from ticketbridge.jmes import nodes, runtime
from ticketbridge.jmes.analysis import parameter_at
from ticketbridge.jmes.budget import counted, spend_on
from ticketbridge.jmes.functions import FUNCTIONS, OPTIONAL
from ticketbridge.jmes.kinds import Function, Kind, Parameter
from ticketbridge.jmes.source import SourceWriter
from ticketbridge.jmes.weights import weight

_AT_ONCE = frozenset({"as_list", "length", "lookup", "not_null", "to_array", "type"})
"""Functions that look at no element of their arguments, or count for themselves."""
_LONG_TEXT = 255
_LONG_LIST = 15
_SIZED: frozenset[type] = frozenset({str, list, dict})


class CallWriter(SourceWriter):
    """Writes calls of functions; what writes all other nodes derives from it."""

    def __init__(self, *, strict: bool) -> None:
        super().__init__()
        self._strict = strict
        self._parts = 0

    def emit(self, node: nodes.Node, current: str | None, *, optional: bool = False) -> str:
        """The value of any node: see CodeGenerator."""
        raise NotImplementedError

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

    def _counted(self, elements: str, *each: nodes.Node | None) -> str:
        """The code *elements*; inside of a loop it counts them, by what is done with *each*."""
        if not self._loops:
            return elements
        return f"{self.helper('counted', counted)}({elements}, {weight(*each)})"

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
