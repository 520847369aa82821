"""What an expression shows before it meets data: its roots, and errors to report at load."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from itertools import pairwise
from typing import Any, NoReturn

from ticketbridge.jmes import kinds, nodes
from ticketbridge.jmes.arguments import (
    fault_of,
    literals_of,
    mend_literal,
    mend_no_literal,
    parameter_at,
    swap_arguments,
    write_with_reference,
    written,
)
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
from ticketbridge.jmes.functions import FUNCTIONS, MOMENT
from ticketbridge.jmes.kinds import Function
from ticketbridge.jmes.outcomes import outcomes
from ticketbridge.jmes.repairs import form_meant, function_meant, literal_meant
from ticketbridge.jmes.runtime import label

_REFERENCE = "& is only for an argument of map, sort_by, max_by and min_by"
_CHOOSERS = frozenset({"default", "not_null", "optional"})
_WRAPPERS = frozenset({"as_list", "default", "not_null", "optional"})
_HOLDERS: dict[type, type] = {nodes.Field: dict, nodes.Index: list, nodes.Slice: list}
_HIDDEN = frozenset({MOMENT})
"""Roots that no expression may name; functions need them."""


def analyse(
    text: str, tree: nodes.Node, *, roots: Collection[str] | None, strict: bool
) -> frozenset[str]:
    """Return the roots that the expression uses. Raises ExpressionError if it can never be right."""
    analysis = _Analysis(text, roots, strict=strict)
    analysis.visit(tree, at_root=roots is not None)
    return frozenset(analysis.names)


def function_named(name: str, *, strict: bool) -> Function | None:
    """Return the function of that name; without *strict*, only JMESPath's own functions."""
    function = FUNCTIONS.get(name)
    return function if function and (strict or function.standard) else None


def gives_as_found(tree: nodes.Node) -> bool:
    """Return whether the value is unchanged data: nothing was filtered, changed or left out."""
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
    """Yield the fields that *tree* takes from its current value; in the scope they are the roots."""
    if isinstance(tree, nodes.Field):
        yield tree
    here, _ = nodes.parts_of(tree)
    for part in here:
        yield from asked(part)


def walk(tree: nodes.Node) -> Iterator[nodes.Node]:
    """Yield *tree*, and each node within it."""
    yield tree
    here, below = nodes.parts_of(tree)
    for part in (*here, *below):
        yield from walk(part)


def choices(tree: nodes.Node) -> Iterator[nodes.Node]:
    """Yield the values of which *tree* gives one: the operands of `||`, `default` and `not_null`."""
    if isinstance(tree, nodes.Either) or (isinstance(tree, nodes.Call) and tree.name in _CHOOSERS):
        several, _ = nodes.parts_of(tree)
        for choice in several:
            yield from choices(choice)
    else:
        yield tree


class _Analysis:
    def __init__(self, text: str, roots: Collection[str] | None, *, strict: bool) -> None:
        self._text = text
        self._roots = sorted(root for root in roots or () if root not in _HIDDEN)
        self._withheld = _HIDDEN - set(roots) if roots is not None else frozenset[str]()
        self._keys = roots if isinstance(roots, Mapping) else {}
        self._strict = strict
        self._receivers: dict[int, nodes.Node] = {}
        self._operands: set[int] = set()
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
                if isinstance(node, nodes.Chain):
                    self._receivers |= _receivers(node)
                    self._check_steps(node, at_root=at_root)
                here, below = nodes.parts_of(node)
                for part in here:
                    compared = isinstance(node, nodes.Comparison)
                    self._visit_operand(part, at_root=at_root, word=compared)
                for part in below:
                    self._visit_operand(part, at_root=False, word=False)

    def _check_steps(self, chain: nodes.Chain, *, at_root: bool) -> None:
        """Raise ExpressionError if a step asks a value for a key or a position that it can never have."""
        if not self._strict:
            return
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
        if at_root:
            self._check_keys(*chain.steps[:2])

    def _check_keys(self, root: nodes.Node, key: nodes.Node) -> None:
        """Raise KeyOfRootError if *root* is known not to have the *key* that follows it."""
        if not isinstance(root, nodes.Field) or not isinstance(key, nodes.Field):
            return
        known = self._keys.get(root.name)
        if known is not None and key.name not in known:
            hint = f"it has {', '.join(sorted(known)) or 'no keys'}"
            reason = f"{root.name} has no {key.name} here"
            self._refuse(key.start, reason, hint, kind=KeyOfRootError)

    def _root(self, field: nodes.Field) -> None:
        if field.name in self._roots:
            self.names.add(field.name)
            return
        raise RootError(self._text, field.start + 1, field.name, self._known(self._meant(field)))

    def _meant(self, field: nodes.Field) -> str:
        """Return the likely meaning of the name *field*, which is not a root."""
        if self._text.startswith('"', field.start):
            near = did_you_mean(field.name, self._roots)
            return near or f"write '{field.name}' for a string"
        literal = literal_meant(field.name)
        if literal:
            word = f", or '{field.name}' for a text" if field.name.isupper() else ""
            return f"write `{literal}` in backticks{word}"
        word = f"write '{field.name}' for a text" if field.start in self._operands else ""
        near = did_you_mean(field.name, self._roots)
        if near and not (word and field.name.isupper()):
            return near
        function = function_named(field.name, strict=self._strict)
        if function is not None and not function.parameters:
            return f"write {field.name}()"
        return word

    def _known(self, hint: str = "") -> str:
        known = f"the roots are: {', '.join(self._roots)}" if self._roots else "there are no roots"
        return f"{hint}; {known}" if hint else known

    def _call(self, call: nodes.Call, *, at_root: bool) -> None:
        function = function_named(call.name, strict=self._strict)
        if function is None:
            reason = f"there is no function {call.name}()"
            self._refuse(call.start, reason, self._function_meant(call), kind=CallError)
        if function.needs in self._withheld:
            reason = f"{function.name}() is legal under `auth: {{type: signature}}` alone"
            self._refuse(call.start, reason, "now() is the moment of the answer", kind=CallError)
        self._count(call, function)
        for position in range(len(call.arguments)):
            self._argument(function, position, call, at_root=at_root)
        if self._strict and function.check_literals is not None:
            try:
                function.check_literals(literals_of(function, call))
            except Fault as fault:
                self._refuse(call.start, f"{function.name}(): {fault.reason}", kind=CallError)

    def _function_meant(self, call: nodes.Call) -> str:
        meant = function_meant(call.name)
        if meant and function_named(meant, strict=self._strict):
            return self._rewritten(call, meant)
        form = form_meant(call.name)
        names = [name for name in FUNCTIONS if function_named(name, strict=self._strict)]
        return form or did_you_mean(call.name, names)

    def _rewritten(self, call: nodes.Call, name: str) -> str:
        """Return the call as a call of *name*: the part before a dot becomes its first argument."""
        receiver = self._receivers.get(id(call))
        arguments = call.arguments if receiver is None else (receiver, *call.arguments)
        if name == "join" and len(arguments) > 2 - (call.name != name):
            separator = () if call.name != name else arguments[:1]
            joined = nodes.ListOf(call.start, arguments[len(separator) :])
            arguments = (*(separator or (nodes.Constant(call.start, ""),)), joined)
        return written(nodes.Call(call.start, name, arguments))

    def _count(self, call: nodes.Call, function: Function) -> None:
        least, most = function.arity
        count = len(call.arguments)
        if count < least or (most is not None and count > most):
            reason = f"{function.signature} does not take {_counted(count, 'argument')}"
            method = id(call) in self._receivers and least <= count + 1 <= (most or count + 1)
            listed = call.name == "join" and count > 2
            hint = self._rewritten(call, call.name) if method or listed else ""
            self._refuse(call.start, reason, hint, kind=CallError)

    def _argument(
        self, function: Function, position: int, call: nodes.Call, *, at_root: bool
    ) -> None:
        argument = call.arguments[position]
        parameter = parameter_at(function, position)
        named = label(function.name, position + 1, parameter)
        if parameter.kind is kinds.EXPRESSION:
            if not isinstance(argument, nodes.Reference):
                hint = swap_arguments(function, call) or write_with_reference(call, position)
                self._refuse(argument.start, f"{named} must start with &", hint, kind=CallError)
            self.visit(argument.body, at_root=False)
            return
        if isinstance(argument, nodes.Reference) and any(
            p.kind is kinds.EXPRESSION for p in function.parameters
        ):
            hint = swap_arguments(function, call)
            self._refuse(argument.start, f"{named} must not start with &", hint, kind=CallError)
        if self._strict and parameter.literal and not isinstance(argument, nodes.Constant):
            reason = f"{named} must be written out as a text: it is known before any data is"
            hint = mend_no_literal(function, call, position)
            self._refuse(argument.start, reason, hint, kind=CallError)
        word = position > 0 and parameter.kind is kinds.STRING
        self._visit_operand(argument, at_root=at_root, word=word)
        if self._strict and isinstance(argument, nodes.Constant):
            self._literal(call, function, position, argument.value)

    def _visit_operand(self, node: nodes.Node, *, at_root: bool, word: bool) -> None:
        """Visit *node*, which may be a text that has lost its quotes. *word*: a text is likely there."""
        if isinstance(node, nodes.Field) and (word or node.name.isupper()):
            self._operands.add(node.start)
        self.visit(node, at_root=at_root)

    def _literal(self, call: nodes.Call, function: Function, position: int, value: Any) -> None:
        parameter = parameter_at(function, position)
        fault = fault_of(parameter, value)
        if fault is None:
            return
        kind = RegexError if isinstance(fault, RegexFault) else CallError
        reason = f"{label(function.name, position + 1, parameter)}{fault.reason}"
        hint = mend_literal(function, call, position)
        self._refuse(call.arguments[position].start, reason, hint, kind=kind)

    def _refuse(
        self,
        start: int,
        reason: str,
        hint: str = "",
        *,
        kind: type[ExpressionError] = ExpressionError,
    ) -> NoReturn:
        raise kind(self._text, start + 1, reason, hint)


def _receivers(chain: nodes.Chain) -> dict[int, nodes.Node]:
    """Return the calls after a dot, by id, with what stands before it. Calls with `@` are left out."""
    return {
        id(call): chain.steps[0] if at == 1 else nodes.Chain(chain.start, chain.steps[:at])
        for at, call in enumerate(map(_leftmost, chain.steps))
        if at and isinstance(call, nodes.Call) and nodes.Current not in map(type, walk(call))
    }


def _leftmost(node: nodes.Node) -> nodes.Node:
    """Return the first part of a step: `a()` of `a()[0]` and of `a()[*].b`."""
    while isinstance(node, nodes.Chain | nodes.Projection | nodes.ValueProjection | nodes.Flatten):
        node = node.steps[0] if isinstance(node, nodes.Chain) else node.base
    return node


def _counted(count: int, what: str) -> str:
    return f"{count} {what}{'' if count == 1 else 's'}"
