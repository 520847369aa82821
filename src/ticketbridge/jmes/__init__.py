"""JMESPath over named roots, compiled once: expressions, their functions, and templates."""

from ticketbridge.jmes.errors import (
    CallError,
    EvaluationError,
    ExpressionError,
    KeyOfRootError,
    RegexError,
    RootError,
    describe_types,
    keys_shown,
)
from ticketbridge.jmes.expression import (
    Expression,
    HashShape,
    OtherShape,
    RootShape,
    Shape,
    compile_expression,
)
from ticketbridge.jmes.functions import FUNCTIONS, LOOKUP_CACHE, NOW
from ticketbridge.jmes.jsontext import ENCODER
from ticketbridge.jmes.kinds import Example, Function, Kind, Parameter
from ticketbridge.jmes.paths import NOWHERE, RootPath, root_paths
from ticketbridge.jmes.repeated import Repeated
from ticketbridge.jmes.template import (
    HolePart,
    Template,
    TemplateKind,
    TextPart,
    VariablePart,
    compile_template,
    split_template,
)

__all__ = [
    "ENCODER",
    "FUNCTIONS",
    "LOOKUP_CACHE",
    "NOW",
    "NOWHERE",
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
    "Parameter",
    "RegexError",
    "Repeated",
    "RootError",
    "RootPath",
    "RootShape",
    "Shape",
    "Template",
    "TemplateKind",
    "TextPart",
    "VariablePart",
    "compile_expression",
    "compile_template",
    "describe_types",
    "keys_shown",
    "root_paths",
    "split_template",
]
