"""Texts of a mapping: plain texts with `${NAME}` variables, and templates with `{expression}` holes too.

Readers of credentials report an empty text, and a text that its place cannot carry.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from ticketbridge.jmes import (
    VARIABLE,
    ExpressionError,
    HolePart,
    TextPart,
    VariablePart,
    split_template,
)
from ticketbridge.mapping.environment import Value
from ticketbridge.mapping.findings import Place
from ticketbridge.mapping.places import pieces_from
from ticketbridge.mapping.read_context import Context, text_of
from ticketbridge.mapping.spec_texts import ExpressionSpec, Secret, TemplateSpec
from ticketbridge.mapping.words import shown
from ticketbridge.mapping.yaml_nodes import Node, Scalar, walk

_HOLE = re.compile(r"\{[^{}]*\}")
CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
# Stands for a hole where the text around it is checked.
HOLE = "\ufffc"
MALFORMED = "a variable is written `${NAME}` or `${NAME:-default}`"


@dataclass(frozen=True, slots=True)
class ResolvedText:
    """A text whose variables are resolved. *name* is its key.

    If *known* is False, the text is broken or a variable is not set, and its value must not be
    checked. *in_clear* is true if it has no variable, or one with a default. *is_one_variable* is
    true if it is one variable and nothing else.
    """

    name: str
    value: str = field(repr=False)
    place: Place
    known: bool = True
    variables: tuple[str, ...] = ()
    in_clear: bool = False
    is_one_variable: bool = False

    @property
    def label(self) -> str:
        """The name of the text in findings: its key, and the variables that it comes from."""
        origin = f" (from {', '.join(self.variables)})" if self.variables else ""
        return f"{shown(self.name)}{origin}"

    @property
    def called(self) -> str:
        """The value itself if the file shows it, or the label if a variable holds it."""
        return self.label if self.variables else shown(self.value)

    @property
    def variable(self) -> str:
        """The name of the variable if the text is one variable and nothing else, or ""."""
        return self.variables[0] if self.is_one_variable else ""

    @property
    def secret(self) -> Secret:
        """The value as a Secret, so that nothing prints it."""
        return Secret(self.value)


def resolve_text(node: Node, context: Context, name: str) -> ResolvedText:
    """Return the text of *node* with its variables resolved."""
    if not isinstance(node, Scalar):
        return ResolvedText(name, "", node.place, known=False)
    text = text_of(node)
    matches = list(VARIABLE.finditer(text))
    well_formed = _is_well_formed(node, text, context)
    values = [
        context.variable(m["name"], m["default"], node.at(m.start()), key=name) for m in matches
    ]
    found = iter(values)
    return ResolvedText(
        name,
        VARIABLE.sub(lambda _: next(found).text, text),
        node.place,
        known=well_formed and all(value.known for value in values),
        variables=tuple(match["name"] for match in matches),
        in_clear=any(match["default"] for match in matches) if matches else bool(text),
        is_one_variable=VARIABLE.fullmatch(text) is not None,
    )


def _is_well_formed(node: Scalar, text: str, context: Context) -> bool:
    """Return whether *text* has whole variables and no holes. Report it if not."""
    blank = VARIABLE.sub(lambda match: " " * len(match[0]), text)
    offset = blank.find("${")
    if offset >= 0:
        context.report.error(node.at(offset), "TB022", "this `${` is no variable", MALFORMED)
        return False
    hole = _HOLE.search(blank)
    if hole is None:
        return True
    message = "holes are legal in the request strings of `source` only; this is plain text"
    suggestion = "a text with braces can come from a variable: `${NAME}`"
    context.report.error(node.at(hole.start()), "TB030", message, suggestion)
    return False


def how_to_fill(texts: Iterable[ResolvedText], context: Context, otherwise: str) -> str:
    """Return what fills *texts*, which are empty: their files if they come from files, or *otherwise*."""
    names = dict.fromkeys(name for text in texts for name in text.variables)
    files = filter(None, map(context.environment.file_variable, names))
    return "; ".join(f"the file that {file} names is empty: fill it" for file in files) or otherwise


def check_controls(text: ResolvedText, context: Context) -> bool:
    """Return whether *text* is known and has no line break, NUL or other control character.

    Report a control character.
    """
    if text.known and CONTROL.search(text.value):
        message = f"{text.label} has a line break or another control character"
        context.report.error(text.place, "TB024", message)
        return False
    return text.known


def check_header_value(text: ResolvedText, context: Context) -> bool:
    """Return whether *text* is known and a header can carry it unchanged. Report it if a header cannot."""
    if not check_controls(text, context):
        return False
    if not text.value.isascii():
        slip = "has a character outside ASCII"
    elif text.value != text.value.strip(" "):
        slip = "begins or ends with a space"
    else:
        return True
    context.report.error(text.place, "TB024", f"{text.label} {slip}, which a header cannot carry")
    return False


def warn_if_in_clear(text: ResolvedText, context: Context) -> None:
    """Warn if a credential stands in the file: two companies read it. A variable should hold it."""
    if text.known and text.in_clear:
        what = "the default of " if text.variables else ""
        message = f"{what}{text.label} is a credential in clear"
        context.report.warning(text.place, "TB053", message, "use a variable: `${NAME}`")


def warn_of_variables(node: Node, context: Context) -> None:
    """Warn of each `${NAME}` in a constant: constants are literal, so it would reach menta tech as it is."""
    for _, part in walk(node):
        if isinstance(part, Scalar) and isinstance(part.value, str) and VARIABLE.search(part.value):
            message = "variables are not resolved here: this stays text"
            suggestion = "they are in `endpoint`, `upstream` and the request strings of `source`"
            context.report.warning(part.place, "TB025", message, suggestion)


# --- credentials ----------------------------------------------------------------------------------

TextCheck = Callable[[ResolvedText, Context], bool]
"""Reports a text that its place cannot carry. Returns False if the text is not known or was reported."""


def credential(check: TextCheck) -> Callable[[ResolvedText, Context], Secret]:
    """Return a reader of a credential.

    The reader reports an empty credential and one that *check* refuses. It warns of one in clear.
    """

    def read(text: ResolvedText, context: Context) -> Secret:
        if check(text, context):
            _check_not_empty(text, context)
        warn_if_in_clear(text, context)
        return text.secret

    return read


def read_plain(text: ResolvedText, context: Context) -> str:
    """Return the text, and report it if it is empty or has control characters."""
    if check_controls(text, context):
        _check_not_empty(text, context)
    return text.value


def read_name(text: ResolvedText, context: Context) -> Secret:
    """Return a name as a Secret, so that nothing prints it. It must not be empty, but may stand in clear."""
    return Secret(read_plain(text, context))


def read_username(text: ResolvedText, context: Context) -> Secret:
    """Return the user name of basic authentication. Report a colon or a control character in it."""
    if check_controls(text, context) and ":" in text.value:
        message = f"{text.label} has a colon, which basic authentication cannot carry"
        context.report.error(text.place, "TB024", message)
    return text.secret


def read_password(text: ResolvedText, context: Context) -> Secret:
    """Return a password, which may be empty. Report control characters, and warn of a password in clear."""
    check_controls(text, context)
    warn_if_in_clear(text, context)
    return text.secret


def _check_not_empty(text: ResolvedText, context: Context) -> None:
    if not text.value and not context.environment.placeholders:
        suggestion = how_to_fill([text], context, "set its variable")
        context.report.error(text.place, "TB015", f"{text.label} is empty", suggestion)


# --- templates ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ResolvedTemplate:
    """A template, and its text as far as it is known: *text* has a mark in place of each hole."""

    spec: TemplateSpec
    text: ResolvedText = field(repr=False)
    holes: int = 0


def resolve_template(node: Node, context: Context, name: str) -> ResolvedTemplate:
    """Return the template at *node* with its variables resolved."""
    nothing = ResolvedTemplate(
        TemplateSpec((), node.place), ResolvedText(name, "", node.place, known=False)
    )
    if not isinstance(node, Scalar):
        return nothing
    source = text_of(node)
    try:
        parts = split_template(source)
    except ExpressionError as error:
        _report_slip(node, source, error, context)
        return nothing
    return _filled(parts, node, context, name)


def _report_slip(node: Scalar, source: str, error: ExpressionError, context: Context) -> None:
    offset = error.column - 1
    if source.startswith("${", offset) and not VARIABLE.match(source, offset):
        context.report.error(node.at(offset), "TB022", "this `${` is no variable", MALFORMED)
    else:
        context.report.error(node.at(offset), "TB031", error.reason, error.suggestion)


def _filled(
    parts: Sequence[TextPart | VariablePart | HolePart], node: Scalar, context: Context, name: str
) -> ResolvedTemplate:
    made: list[str | Secret | ExpressionSpec] = []
    shown_parts: list[str] = []
    values: list[Value] = []
    for part in parts:
        if isinstance(part, TextPart):
            made.append(part.text)
            shown_parts.append(part.text)
        elif isinstance(part, VariablePart):
            value = context.variable(part.name, part.default, node.at(part.offset), key=name)
            values.append(value)
            made.append(Secret(value.text))
            shown_parts.append(value.text)
        else:
            pieces = pieces_from(node.pieces, part.offset)
            made.append(ExpressionSpec(part.text, node.at(part.offset), pieces))
            shown_parts.append(HOLE)
    text = ResolvedText(
        name,
        "".join(shown_parts),
        node.place,
        known=all(value.known for value in values),
        variables=tuple(part.name for part in parts if isinstance(part, VariablePart)),
        in_clear=not values and bool(made),
    )
    spec = TemplateSpec(tuple(made), node.at(0))
    return ResolvedTemplate(spec, text, sum(isinstance(part, ExpressionSpec) for part in made))
