"""What is known of an expression before it meets data: its roots, and the errors to see at load."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from itertools import pairwise
from typing import NoReturn, TypeAlias

from ticketbridge.jmes import kinds, nodes
from ticketbridge.jmes.errors import (
    CallError,
    ExpressionError,
    Fault,
    KeyOfRootError,
    RegexError,
    RegexFault,
    RootError,
    describe_types,
    did_you_mean,
)
from ticketbridge.jmes.functions import FUNCTIONS
from ticketbridge.jmes.kinds import Function, Parameter
from ticketbridge.jmes.outcomes import outcomes
from ticketbridge.jmes.runtime import label

_REFERENCE = "& is only for an argument of map, sort_by, max_by and min_by"
_CHOOSERS = frozenset({"default", "not_null", "optional"})
_WRAPPERS = frozenset({"as_list", "default", "not_null", "optional"})
_WORDS = frozenset({"null", "true", "false"})
_HOLDERS: dict[type, type] = {nodes.Field: dict, nodes.Index: list, nodes.Slice: list}
_Parts: TypeAlias = tuple[nodes.Node | None, ...]


def analyse(
    text: str, tree: nodes.Node, *, roots: Collection[str] | None, strict: bool
) -> frozenset[str]:
    """The roots that the expression uses; ExpressionError for what can never be right."""
    analysis = _Analysis(text, roots, strict=strict)
    analysis.visit(tree, at_root=roots is not None)
    return frozenset(analysis.names)


def function_named(name: str, *, strict: bool) -> Function | None:
    """The function of that name; without *strict*, JMESPath's own alone."""
    function = FUNCTIONS.get(name)
    return function if function and (strict or function.standard) else None


def parameter_at(function: Function, position: int) -> Parameter:
    """The parameter of the argument at *position*, which counts from 0."""
    return function.parameters[min(position, len(function.parameters) - 1)]


def gives_as_found(tree: nodes.Node) -> bool:
    """Whether the value stands in the document just so: nothing was chosen, changed or left out."""
    match tree:
        case nodes.Field() | nodes.Index() | nodes.Constant():
            return True
        case nodes.Chain():
            return all(map(gives_as_found, tree.steps))
        case nodes.Call():
            return tree.name in _WRAPPERS and all(map(gives_as_found, tree.arguments))
        case _:
            return False


def asked(tree: nodes.Node) -> Iterator[nodes.Field]:
    """The fields in *tree* that it asks its current value for; of the scope they are the roots."""
    if isinstance(tree, nodes.Field):
        yield tree
    elif isinstance(tree, nodes.Call):
        for argument in tree.arguments:
            if not isinstance(argument, nodes.Reference):
                yield from asked(argument)
    else:
        here, _ = parts_of(tree)
        for part in here:
            yield from asked(part) if part is not None else ()


def walk(tree: nodes.Node) -> Iterator[nodes.Node]:
    """*tree*, and each node within it."""
    yield tree
    here, below = parts_of(tree)
    inner = tree.arguments if isinstance(tree, nodes.Call) else ()
    body = (tree.body,) if isinstance(tree, nodes.Reference) else ()
    for part in (*here, *below, *inner, *body):
        if part is not None:
            yield from walk(part)


def choices(tree: nodes.Node) -> Iterator[nodes.Node]:
    """The values of which *tree* gives one: the operands of `||`, `default` and `not_null`."""
    match tree:
        case nodes.Either():
            several = tree.choices
        case nodes.Call() if tree.name in _CHOOSERS:
            several = tree.arguments
        case _:
            yield tree
            return
    for choice in several:
        yield from choices(choice)


class _Analysis:
    def __init__(self, text: str, roots: Collection[str] | None, *, strict: bool) -> None:
        self._text = text
        self._roots = sorted(roots or ())
        self._keys = roots if isinstance(roots, Mapping) else {}
        self._strict = strict
        self.names: set[str] = set()

    def visit(self, node: nodes.Node, *, at_root: bool) -> None:
        """Check *node*; *at_root*: its current value is the scope, not a document."""
        match node:
            case nodes.Field():
                if at_root:
                    self._root(node)
            case nodes.Current():
                if at_root:
                    self._refuse(node.start, "start with one of the roots", self._known())
            case nodes.Reference():
                hint = f"start with one of the roots; {self._known()}" if at_root else ""
                self._refuse(node.start, _REFERENCE, hint)
            case nodes.Call():
                self._call(node, at_root=at_root)
            case _:
                if self._strict and isinstance(node, nodes.Chain):
                    self._hold_together(node, at_root=at_root)
                    if at_root:
                        self._hold_to_keys(*node.steps[:2])
                here, below = parts_of(node)
                self._visit_all(here, at_root=at_root)
                self._visit_all(below, at_root=False)

    def _hold_together(self, chain: nodes.Chain, *, at_root: bool) -> None:
        """No step asks for a key or a position of what can never have one."""
        for before, step in pairwise(chain.steps):
            holder = _HOLDERS.get(type(step))
            types = outcomes(before, rooted=at_root and before is chain.steps[0])
            if holder is None or types is None or types & {holder, type(None)}:
                continue
            hint = (
                "`!` binds tighter than `.`: write !(...)" if isinstance(before, nodes.Not) else ""
            )
            wanted = describe_types([holder])
            reason = f"this needs {wanted}, and what stands before it gives {describe_types(types)}"
            self._refuse(step.start, reason, hint)

    def _hold_to_keys(self, root: nodes.Node, key: nodes.Node) -> None:
        """The key that follows a root is one that it has, where these are known."""
        if not isinstance(root, nodes.Field) or not isinstance(key, nodes.Field):
            return
        known = self._keys.get(root.name)
        if known is not None and key.name not in known:
            hint = f"it has {', '.join(sorted(known)) or 'no keys'}"
            reason = f"{root.name} has no {key.name} here"
            self._refuse(key.start, reason, hint, kind=KeyOfRootError)

    def _visit_all(self, parts: _Parts, *, at_root: bool) -> None:
        for part in parts:
            if part is not None:
                self.visit(part, at_root=at_root)

    def _root(self, field: nodes.Field) -> None:
        if field.name in self._roots:
            self.names.add(field.name)
            return
        hint = did_you_mean(field.name, self._roots)
        if self._text.startswith('"', field.start):
            hint = hint or f"write '{field.name}' for a string"
        elif field.name in _WORDS:
            hint = f"write `{field.name}` in backticks"
        raise RootError(self._text, field.start + 1, field.name, self._known(hint))

    def _known(self, hint: str = "") -> str:
        known = f"the roots are: {', '.join(self._roots)}" if self._roots else "there are no roots"
        return f"{hint}; {known}" if hint else known

    def _call(self, call: nodes.Call, *, at_root: bool) -> None:
        function = function_named(call.name, strict=self._strict)
        if function is None:
            names = [name for name in FUNCTIONS if function_named(name, strict=self._strict)]
            reason = f"there is no function {call.name}()"
            self._refuse(call.start, reason, did_you_mean(call.name, names), kind=CallError)
        self._count(call, function)
        for position, argument in enumerate(call.arguments):
            self._argument(function, position, argument, at_root=at_root)

    def _count(self, call: nodes.Call, function: Function) -> None:
        least, most = function.arity
        count = len(call.arguments)
        if count < least or (most is not None and count > most):
            reason = f"{function.signature} does not take {_counted(count, 'argument')}"
            self._refuse(call.start, reason, kind=CallError)

    def _argument(
        self, function: Function, position: int, argument: nodes.Node, *, at_root: bool
    ) -> None:
        parameter = parameter_at(function, position)
        named = label(function.name, position + 1, parameter)
        if parameter.kind is kinds.EXPRESSION:
            if not isinstance(argument, nodes.Reference):
                self._refuse(argument.start, f"{named} must start with &", kind=CallError)
            self.visit(argument.body, at_root=False)
            return
        self.visit(argument, at_root=at_root)
        if self._strict and isinstance(argument, nodes.Constant):
            self._literal(argument, parameter, named)

    def _literal(self, argument: nodes.Constant, parameter: Parameter, named: str) -> None:
        if not parameter.kind.holds(argument.value):
            reason = f"{named} must be {parameter.kind.name}"
            self._refuse(argument.start, reason, kind=CallError)
        try:
            if parameter.prepare is not None:
                parameter.prepare(argument.value)
        except Fault as fault:
            kind = RegexError if isinstance(fault, RegexFault) else CallError
            self._refuse(argument.start, f"{named}: {fault.reason}", kind=kind)

    def _refuse(
        self,
        start: int,
        reason: str,
        hint: str = "",
        *,
        kind: type[ExpressionError] = ExpressionError,
    ) -> NoReturn:
        raise kind(self._text, start + 1, reason, hint)


def parts_of(node: nodes.Node) -> tuple[_Parts, _Parts]:
    """The parts that see the same current value as *node*, and those that see another."""
    match node:
        case nodes.Chain():
            return node.steps[:1], node.steps[1:]
        case nodes.Projection():
            return (node.base,), (node.each, node.condition)
        case nodes.ValueProjection():
            return (node.base,), (node.each,)
        case _:
            return _operands(node), ()


def _operands(node: nodes.Node) -> _Parts:
    match node:
        case nodes.Flatten(base=one) | nodes.Not(condition=one):
            return (one,)
        case nodes.Either(choices=several) | nodes.Both(conditions=several):
            return several
        case nodes.Comparison():
            return node.left, node.right
        case nodes.ListOf():
            return node.items
        case nodes.HashOf():
            return tuple(value for _, value in node.pairs)
        case _:
            return ()


def _counted(count: int, what: str) -> str:
    return f"{count} {what}{'' if count == 1 else 's'}"
