"""Evaluate an expression on its syntax tree, slowly, to see which values it reads.

It gives the same value as the compiled expression. If a value is not an object, or does not have the key, the
result here is null; the compiled expression reports such errors. If the two ever differed, the case would not
be recorded, because replacing unread values would change its outcome.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from functools import partial
from typing import Any

from ticketbridge.jmes import Expression, nodes, runtime
from ticketbridge.jmes.arguments import parameter_at
from ticketbridge.jmes.functions import FUNCTIONS, OPTIONAL
from ticketbridge.jmes.values import equal, truthy
from ticketbridge.workbench.personal.personal_kinds import PersonalKind, word_set
from ticketbridge.workbench.record.slots import Use

_MODE = runtime.STRICT
_PASSING = word_set(
    "as_list to_array default not_null reverse map sort_by max_by min_by unique values descendants merge"
)
"""Functions that return elements of their arguments: these are read only if they are used further."""
_READING = frozenset({"from_json", "from_xml"})
"""Functions that read a document in a text: only the parts that are used further count as read."""
_COUNTING = frozenset({"length", "type"})


class Noting:
    """Receives each value that is read. This one ignores it."""

    def note(self, container: Any, value: Any, key: str | None, use: Use | PersonalKind) -> None:
        """Note that *value* was read in *container*."""

    def note_key(self, container: Any, key: str) -> None:
        """Note that *key* of *container* was read."""

    def note_merged(self, made: dict[str, Any], containers: Sequence[Any]) -> None:
        """Note that the members of *made* come from *containers*, from the last that has the key."""

    def note_document(self, text: str, document: Any) -> None:
        """Note that *document* was read in *text*."""


class Evaluation:
    """Evaluates expressions on *scope*, and notes in *reads* what they read, with its *use*."""

    def __init__(self, scope: Mapping[str, Any], reads: Noting, use: Use | PersonalKind) -> None:
        self._scope = scope
        self._reads = reads
        self._use = use
        # What a condition compares decides, whatever is done with the elements that it leaves.
        decides = use in {Use.DECIDES, Use.BINDS}
        self._conditions = self if decides else Evaluation(scope, reads, Use.DECIDES)

    def of(self, expression: Expression) -> Any:
        """Return the value of *expression*, or null if it has none."""
        value = None
        with suppress(Exception):  # the compiled expression meets the same, and tells
            value = self.value_of(expression.tree, None)
            if self._use is Use.BINDS:
                self._note_elements(value)
            else:
                self.note_whole(value)
        return value

    # --- what is read -----------------------------------------------------------------------------

    def note(self, container: Any, value: Any, key: str | None = None) -> Any:
        """Note *value* if it is a scalar, and return it. In objects and lists, only the parts count."""
        if not isinstance(value, dict | list):
            self._reads.note(container, value, key, self._use)
        return value

    def _note_elements(self, value: Any) -> Any:
        """Note the scalars in a list."""
        if isinstance(value, list):
            for element in value:
                self.note(value, element)
        return value

    def _note_members(self, value: Any) -> Any:
        """Note the scalars in an object."""
        if isinstance(value, dict):
            for key, member in value.items():
                self.note(value, member, key)
        return value

    def note_whole(self, value: Any) -> None:
        """Note everything in *value*, including its keys."""
        if isinstance(value, dict):
            for key, member in self._note_members(value).items():
                self._reads.note_key(value, key)
                self.note_whole(member)
        elif isinstance(value, list):
            for element in self._note_elements(value):
                self.note_whole(element)

    def _condition(self, node: nodes.Node, current: Any, *, rooted: bool) -> Any:
        return self._conditions.value_of(node, current, rooted=rooted)

    # --- values -----------------------------------------------------------------------------------

    def value_of(self, node: nodes.Node, current: Any, *, rooted: bool = True) -> Any:
        return _VALUES[type(node)](self, node, current, rooted)

    def field(self, node: nodes.Field, current: Any, rooted: bool) -> Any:
        if rooted:
            return self._scope[node.name]
        if not isinstance(current, dict) or node.name not in current:
            return None
        return self.note(current, current[node.name], node.name)

    def index(self, node: nodes.Index, current: Any, _rooted: bool) -> Any:
        return self.note(current, _MODE.index(current, node.index))

    def cut(self, node: nodes.Slice, current: Any, _rooted: bool) -> Any:
        return _MODE.cut(self._note_elements(current), node.bounds)

    def chain(self, node: nodes.Chain, current: Any, rooted: bool) -> Any:
        for step in node.steps:
            current = self.value_of(step, current, rooted=rooted)
            rooted = False
        return current

    def projection(self, node: nodes.Projection, current: Any, rooted: bool) -> Any:
        base = self.value_of(node.base, current, rooted=rooted)
        elements = _MODE.elements(self._note_elements(base))
        return elements if elements is None else self._project(elements, node.each, node.condition)

    def value_projection(self, node: nodes.ValueProjection, current: Any, rooted: bool) -> Any:
        base = self.value_of(node.base, current, rooted=rooted)
        members = _MODE.values(self._note_members(base))
        return members if members is None else self._project(members, node.each, None)

    def _project(
        self, elements: list[Any], each: nodes.Node, condition: nodes.Node | None
    ) -> list[Any]:
        made = []
        for element in elements:
            if condition is None or truthy(self._condition(condition, element, rooted=False)):
                value = self.value_of(each, element, rooted=False)
                made += [] if value is None else [value]
        return made

    def flatten(self, node: nodes.Flatten, current: Any, rooted: bool) -> Any:
        base = self._note_elements(self.value_of(node.base, current, rooted=rooted))
        for element in base or ():
            self._note_elements(element)
        return _MODE.flatten(base)

    def either(self, node: nodes.Either, current: Any, rooted: bool) -> Any:
        value = None
        for choice in node.choices:
            value = self.value_of(choice, current, rooted=rooted)
            if truthy(value):
                break
        return value

    def both(self, node: nodes.Both, current: Any, rooted: bool) -> Any:
        value = None
        for condition in node.conditions:
            value = self.value_of(condition, current, rooted=rooted)
            if not truthy(value):
                break
        return value

    def negation(self, node: nodes.Not, current: Any, rooted: bool) -> Any:
        return not truthy(self.value_of(node.condition, current, rooted=rooted))

    def comparison(self, node: nodes.Comparison, current: Any, rooted: bool) -> Any:
        if self._is_another(node, current, rooted=rooted):
            return node.operator == "!="
        left = self._condition(node.left, current, rooted=rooted)
        right = self._condition(node.right, current, rooted=rooted)
        if node.operator not in {"==", "!="}:
            return _MODE.order(node.operator)(left, right)
        self._conditions.note_whole(left)
        self._conditions.note_whole(right)
        return equal(left, right) == (node.operator == "==")

    def _is_another(self, node: nodes.Comparison, current: Any, *, rooted: bool) -> bool:
        """Return whether a text is compared with a constant that it does not equal, like most texts."""
        if node.operator not in {"==", "!="}:
            return False
        for side, other in ((node.left, node.right), (node.right, node.left)):
            if isinstance(other, nodes.Constant) and _is_path(side):
                silent = Evaluation(self._scope, Noting(), Use.DECIDES)
                value = silent.value_of(side, current, rooted=rooted)
                if isinstance(value, str) and value:
                    return not equal(value, other.value)
        return False

    def list_of(self, node: nodes.ListOf, current: Any, rooted: bool) -> Any:
        if current is None and not rooted:
            return None
        return [self.value_of(item, current, rooted=rooted) for item in node.items]

    def hash_of(self, node: nodes.HashOf, current: Any, rooted: bool) -> Any:
        if current is None and not rooted:
            return None
        return {name: self.value_of(value, current, rooted=rooted) for name, value in node.pairs}

    # --- functions --------------------------------------------------------------------------------

    def call(self, node: nodes.Call, current: Any, rooted: bool) -> Any:
        if node.name == OPTIONAL:
            return self.value_of(node.arguments[0], current, rooted=rooted)
        if node.name == "lookup":
            return self._look_up(node, current, rooted=rooted)
        arguments = [self._argument(each, current, rooted=rooted) for each in node.arguments]
        for argument in arguments:
            self._note_argument(node.name, argument)
        return self._call_function(node, arguments)

    def _argument(self, node: nodes.Node, current: Any, *, rooted: bool) -> Any:
        if isinstance(node, nodes.Reference):
            return partial(self.value_of, node.body, rooted=False)
        return self.value_of(node, current, rooted=rooted)

    def _note_argument(self, name: str, argument: Any) -> None:
        """Note what a function of that name reads of an argument."""
        if name in _COUNTING or name in _READING:
            return
        if name == "keys" and isinstance(argument, dict):
            for key in argument:
                self._reads.note_key(argument, key)
        elif name in _PASSING:
            self._note_elements(self._note_members(argument) if name == "values" else argument)
        else:
            self.note_whole(argument)

    def _call_function(self, node: nodes.Call, arguments: list[Any]) -> Any:
        function = FUNCTIONS[node.name]
        given = []
        for position, argument in enumerate(arguments):
            parameter = parameter_at(function, position)
            given.append(parameter.prepare(argument) if parameter.prepare else argument)
        given += [
            parameter.prepare(None) if parameter.prepare else None
            for parameter in function.parameters[len(given) :]
            if parameter.optional
        ]
        scope = [self._scope] if function.scoped else []
        made = function.call(*scope, *given)
        if node.name == "merge":
            self._reads.note_merged(made, arguments)
        if node.name in _READING:
            self._reads.note_document(given[0], made)
        return made

    def _look_up(self, node: nodes.Call, current: Any, *, rooted: bool) -> Any:
        """Look up an element; of a list looked up by a constant, only the found element is needed."""
        array = self.value_of(node.arguments[0], current, rooted=rooted)
        key, wanted = (self._condition(e, current, rooted=rooted) for e in node.arguments[1:])
        found = self._call_function(node, [array, key, wanted])
        constant = isinstance(node.arguments[2], nodes.Constant)
        for element in [found] if constant else array:
            if isinstance(element, dict) and key in element:
                self._conditions.note(element, element[key], key)
        return found


def _is_path(node: nodes.Node) -> bool:
    if isinstance(node, nodes.Chain):
        return all(map(_is_path, node.steps))
    return isinstance(node, nodes.Field | nodes.Index | nodes.Current)


_VALUES: Mapping[type, Callable[[Evaluation, Any, Any, bool], Any]] = {
    nodes.Current: lambda _self, _node, current, _rooted: current,
    nodes.Constant: lambda _self, node, _current, _rooted: node.value,
    nodes.Field: Evaluation.field,
    nodes.Index: Evaluation.index,
    nodes.Slice: Evaluation.cut,
    nodes.Chain: Evaluation.chain,
    nodes.Projection: Evaluation.projection,
    nodes.ValueProjection: Evaluation.value_projection,
    nodes.Flatten: Evaluation.flatten,
    nodes.Either: Evaluation.either,
    nodes.Both: Evaluation.both,
    nodes.Not: Evaluation.negation,
    nodes.Comparison: Evaluation.comparison,
    nodes.ListOf: Evaluation.list_of,
    nodes.HashOf: Evaluation.hash_of,
    nodes.Call: Evaluation.call,
}
