"""Write the code of function calls: checks of the arguments, the steps that they cost, and the call."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from types import MappingProxyType
from typing import Any, NamedTuple

from ticketbridge.jmes import nodes, runtime
from ticketbridge.jmes.arguments import parameter_at
from ticketbridge.jmes.budget import BUDGET, spend, spend_on
from ticketbridge.jmes.decimals import SMALL_INTEGER
from ticketbridge.jmes.functions import FUNCTIONS, LOOKUP, LOOKUP_INDEX, OPTIONAL
from ticketbridge.jmes.kinds import Function, Inline, Kind, Parameter
from ticketbridge.jmes.source import SourceWriter

# Python allows 20 nested blocks, and 100 levels of indentation.
_MAX_BLOCKS = 10
_AT_ONCE = frozenset({"as_list", "length", "lookup", "not_null", "to_array", "type"})
"""Functions that look at no element of their arguments, or count their own steps."""
_LONG_TEXT = 255
_LONG_LIST = 15
_SIZED: frozenset[type] = frozenset({str, list, dict})


class _Argument(NamedTuple):
    """The code of one argument: its *value*, and the *ready* value that the call gets.

    *usual* tells whether the value is usual. If it is "", there is no test.
    """

    value: str
    ready: str
    usual: str

    @classmethod
    def of(cls, value: str) -> _Argument:
        """Return an argument that the call gets unchanged."""
        return cls(value, value, "")


class CallWriter(SourceWriter, ABC):
    """Writes calls of functions. The writer of all other nodes derives from it."""

    def __init__(self, *, strict: bool) -> None:
        super().__init__()
        self._strict = strict
        self._parts = 0
        self._optional = False  # inside of `optional(...)` an absent key is null

    @abstractmethod
    def emit(self, node: nodes.Node, current: str | None) -> str:
        """Return the value of any node. See CodeGenerator."""

    def _part(self, node: nodes.Node, current: str | None) -> str:
        """Write a function that evaluates *node*, and return its call."""
        self._parts += 1
        # An expression that starts at the roots may need each of them, another one only its own.
        needed = self._roots.values() if current is None else [current]
        parameters = ", ".join(["scope", *needed])
        name = f"part_{self._parts}"
        with self.function(f"def {name}({parameters})"):
            self.line(f"return {self.emit(node, current)}")
        return f"{name}({parameters})"

    def _counted(self, elements: str, *each: nodes.Node | None) -> str:
        """Return a variable of *elements*, a list or null.

        Inside a loop, write code that spends the steps of *each* for every element.
        """
        value = self.variable(elements)
        if self._loops:
            self._count(value, weight(*each))
        return value

    def _count(self, value: str, steps: int) -> None:
        """Write code that spends *steps* for each element of *value*, without a call while some are left."""
        budget = self.helper("BUDGET", BUDGET)
        with self.block(f"if {value}"):
            self.line(f"{budget}.left -= {steps} * len({value})")
            with self.block(f"if {budget}.left < 0"):
                self.line(f"{self.helper('spend', spend)}(0)")

    def number(self, node: nodes.Node, current: str | None) -> str:
        """Return the value of *node* for a place that needs a number.

        A float may replace the decimal that has the same text. All else is as `emit` gives it.
        """
        if not isinstance(node, nodes.Call) or self._is_deep():
            return self.emit(node, current)
        return self.call(node, current, as_number=True)

    def _is_deep(self) -> bool:
        """Return whether Python could refuse more blocks within those that are open."""
        return self._depth >= _MAX_BLOCKS

    def call(self, node: nodes.Call, current: str | None, *, as_number: bool = False) -> str:
        if node.name == OPTIONAL:
            outer, self._optional = self._optional, True
            write = self.number if as_number else self.emit
            value = write(node.arguments[0], current)
            self._optional = outer
            return value
        function = FUNCTIONS[node.name]
        inline = function.inline if self._strict else None
        for name, value in inline.names.items() if inline else ():
            self.helper(name, value)
        arguments = [
            self._argument(function, position, argument, current)
            for position, argument in enumerate(node.arguments)
        ]
        arguments += self._absent(function, len(node.arguments))
        if self._loops:
            self._count_arguments(node, [argument.value for argument in arguments])
        name = self.helper(f"f_{function.name}", runtime.guard_call(function, strict=self._strict))
        passed = ["scope"] if function.scoped else []
        call = f"{name}({', '.join([*passed, *(argument.ready for argument in arguments)])})"
        if function.name == LOOKUP and isinstance(node.arguments[1], nodes.Constant):
            return self._lookup(arguments, call)
        if inline is None:
            return self.variable(call)
        return self.variable(_in_place(inline, arguments, call, as_number=as_number))

    def _lookup(self, arguments: Sequence[_Argument], call: str) -> str:
        """Return the element that is found in an index. The index is kept as long as the list is the same."""
        array, key, value = (argument.value for argument in arguments)
        known, index = self.at_first("None"), self.at_first("None")
        find = runtime.guard_call(LOOKUP_INDEX, strict=self._strict)
        with self.block(f"if {array} is not {known}"):
            self.line(f"{index} = {self.helper('lookup_index', find)}(scope, {array}, {key})")
            self.line(f"{known} = {array}")
        digits = f"{index}.get(str({value})) if {SMALL_INTEGER.format(value)} else {call}"
        return self.variable(f"{index}.get({value}) if type({value}) is str else {digits}")

    def _count_arguments(self, node: nodes.Call, arguments: list[str]) -> None:
        """Write code that counts long arguments. Short ones are included in the weight of their call."""
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
                self._count(value, weight(body))
            elif test := _is_long(value, parameter.kind):
                with self.block(f"if {test}"):
                    self.line(f"{self.helper('spend_on', spend_on)}({value})")

    def _absent(self, function: Function, given: int) -> list[_Argument]:
        absent = [parameter for parameter in function.parameters[given:] if parameter.optional]
        return [_Argument.of(self.constant(_ready(parameter, None))) for parameter in absent]

    def _argument(
        self, function: Function, position: int, node: nodes.Node, current: str | None
    ) -> _Argument:
        parameter = parameter_at(function, position)
        if isinstance(node, nodes.Reference):
            return _Argument.of(self._reference(node))
        if self._strict and isinstance(node, nodes.Constant):
            return self._literal_argument(parameter, node.value)
        value = self.emit(node, current)
        if not self._strict and position >= len(function.parameters):
            # For a variadic function, jmespath checks only the first argument.
            return _Argument.of(value)
        label = runtime.label(function.name, position + 1, parameter)
        if not self._strict or not parameter.usual:
            return _Argument.of(self._checked(value, parameter, label))
        usual = self.variable(parameter.usual.format(value))
        with self.block(f"if not {usual}"):
            checked = self._checked(value, parameter, label)
        ready = self._prepared(value, parameter, label)
        return _Argument(value, f"{ready} if {usual} else {checked}", usual)

    def _literal_argument(self, parameter: Parameter, value: Any) -> _Argument:
        ready = self.constant(_ready(parameter, value))
        if not parameter.usual:
            return _Argument.of(ready)
        literal = self.constant(value)
        return _Argument(literal, ready, self.at_first(parameter.usual.format(literal)))

    def _checked(self, value: str, parameter: Parameter, label: str) -> str:
        """Write the checks that the kind of *value* needs, and return the argument after them."""
        kind = parameter.kind
        rest = f"{value}, {self.constant(label)}, {self.constant(parameter)}"
        if kind.types is not None:
            with self.block(f"if type({value}) {self._type_test(kind)}"):
                self.line(f"{self.helper('wrong_type', runtime.wrong_type)}({rest})")
        if kind.elements:
            sets = [
                f"{self.constant(each)}.issuperset(map(type, {value}))" for each in kind.elements
            ]
            with self.block(f"if not ({' or '.join(sets)})"):
                self.line(f"{self.helper('wrong_elements', runtime.wrong_elements)}({rest})")
        if parameter.prepare is None:
            return value
        return self.variable(self._prepared(value, parameter, label))

    def _prepared(self, value: str, parameter: Parameter, label: str) -> str:
        rest = f"{value}, {self.constant(label)}, {self.constant(parameter)}"
        return f"{self.helper('prepared', runtime.prepare)}({rest})"

    def _type_test(self, kind: Kind) -> str:
        types = kind.types or frozenset()
        if len(types) == 1:
            return f"is not {self.constant(next(iter(types)))}"
        return f"not in {self.constant(types)}"

    def _reference(self, node: nodes.Reference) -> str:
        element = self.name()
        with self.repeated():
            call = self._part(node.body, element)
        bind = self.helper("partial", partial)
        return self.variable(f"{bind}({call.partition('(')[0]}, scope)")


def _in_place(inline: Inline, arguments: Sequence[_Argument], call: str, *, as_number: bool) -> str:
    """Return Python for the result of the function: its usual case in place, and *call* for all others."""
    values = [argument.value for argument in arguments]
    tests = {f"u{at}": argument.usual for at, argument in enumerate(arguments) if argument.usual}
    code, usual = inline.code, inline.usual
    if as_number and inline.number:
        code, usual = inline.number, ""
    conditions = [*tests.values(), *([f"({usual.format(*values, **tests)})"] if usual else [])]
    found = code.format(*values, **tests)
    return f"({found}) if {' and '.join(conditions)} else {call}" if conditions else found


def _is_long(value: str, kind: Kind) -> str:
    """Return code that tells whether *value*, which is of *kind*, is long, or "" if it cannot be."""
    sized = _SIZED if kind.types is None else kind.types & _SIZED
    if not sized:
        return ""
    test = f"len({value}) > {_LONG_TEXT if sized == {str} else _LONG_LIST}"
    if sized == kind.types:
        return test
    return f"type({value}) in {{{', '.join(sorted(kind.__name__ for kind in sized))}}} and {test}"


def _ready(parameter: Parameter, value: Any) -> Any:
    return value if parameter.prepare is None else parameter.prepare(value)


# --- steps ----------------------------------------------------------------------------------------

_OWN: Mapping[type, int] = MappingProxyType(
    {nodes.Constant: 0, nodes.Current: 0, nodes.Reference: 0, nodes.Chain: 0, nodes.Call: 10}
)
"""The steps of a node without its parts, if that is not one step."""


def weight(*parts: nodes.Node | None) -> int:
    """Return the steps that *parts* take for each element. Loops in them count for themselves."""
    return max(1, _sum(part for part in parts if part is not None))


def _sum(parts: Iterable[nodes.Node]) -> int:
    return sum(_OWN.get(type(part), 1) + _sum(_evaluated(part)) for part in parts)


def _evaluated(node: nodes.Node) -> Sequence[nodes.Node]:
    """Return the parts that one evaluation of *node* evaluates once."""
    return node.steps if isinstance(node, nodes.Chain) else nodes.parts_of(node)[0]
