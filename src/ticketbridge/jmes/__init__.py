"""JMESPath over named roots, compiled once: expressions, their functions, and templates."""

from ticketbridge.formats.elements import AttributedElement, RepeatedElement
from ticketbridge.jmes.errors import (
    CallError,
    EvaluationError,
    ExpressionError,
    KeyOfRootError,
    RegexError,
    RootError,
    describe,
    describe_types,
    keys_shown,
    locate,
)
from ticketbridge.jmes.expression import (
    Expression,
    HashShape,
    OtherShape,
    RootShape,
    Shape,
    compile_expression,
    names_in,
)
from ticketbridge.jmes.functions import FUNCTIONS, LOOKUP_CACHE, MOMENT, NOW
from ticketbridge.jmes.jsontext import ENCODER, TooLongError, encode_within
from ticketbridge.jmes.kinds import Example, Function, Kind
from ticketbridge.jmes.paths import NOWHERE, RootPath, root_paths
from ticketbridge.jmes.template import (
    LONGEST,
    VARIABLE,
    HolePart,
    Template,
    TemplateKind,
    TextPart,
    VariablePart,
    compile_template,
    escape_variable,
    has_dot_segment,
    split_template,
)
from ticketbridge.jmes.values import has_null

__all__ = [
    "ENCODER",
    "FUNCTIONS",
    "LONGEST",
    "LOOKUP_CACHE",
    "MOMENT",
    "NOW",
    "NOWHERE",
    "VARIABLE",
    "AttributedElement",
    "CallError",
    "EvaluationError",
    "Example",
    "Expression",
    "ExpressionError",
    "Function",
    "HashShape",
    "HolePart",
    "KeyOfRootError",
    "Kind",
    "OtherShape",
    "RegexError",
    "RepeatedElement",
    "RootError",
    "RootPath",
    "RootShape",
    "Shape",
    "Template",
    "TemplateKind",
    "TextPart",
    "TooLongError",
    "VariablePart",
    "compile_expression",
    "compile_template",
    "describe",
    "describe_types",
    "encode_within",
    "escape_variable",
    "has_dot_segment",
    "has_null",
    "keys_shown",
    "locate",
    "names_in",
    "root_paths",
    "split_template",
]
