"""Strings of `endpoint` and `upstream`: plain text with `${NAME}` variables."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from ticketbridge.mapping.builders.context import Context, text_of
from ticketbridge.mapping.findings import Place
from ticketbridge.mapping.nodes import Broken, Node, Scalar
from ticketbridge.mapping.spec import Secret
from ticketbridge.mapping.words import shown

VARIABLE = re.compile(r"\$\{(?P<name>[A-Za-z_][A-Za-z0-9_]*)(?::-(?P<default>[^{}]*))?\}")
HOLE = re.compile(r"\{[^{}]*\}")
CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
MALFORMED = "a variable is written `${NAME}` or `${NAME:-default}`"


@dataclass(frozen=True, slots=True)
class Text:
    """A text whose variables are resolved. *name* is its key.

    *known* False: it is broken, or a variable is not set, so its value is not to be checked.
    *in_clear*: it has no variable, or one with a default. *is_one_variable*: it is that and no more.
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
        """How a finding calls it: its key, and the variables that it comes from."""
        origin = f" (from {', '.join(self.variables)})" if self.variables else ""
        return f"{shown(self.name)}{origin}"

    @property
    def called(self) -> str:
        """The value itself where the file shows it, and the label where a variable holds it."""
        return self.label if self.variables else shown(self.value)

    @property
    def variable(self) -> str:
        """The variable that the whole text is, or ""."""
        return self.variables[0] if self.is_one_variable else ""

    @property
    def secret(self) -> Secret:
        """The value, so that nothing prints it."""
        return Secret(self.value)


def resolve_text(node: Node, context: Context, name: str) -> Text:
    """The text of *node*, its variables resolved."""
    if isinstance(node, Broken) or not isinstance(node, Scalar):
        return Text(name, "", node.place, known=False)
    text = text_of(node)
    matches = list(VARIABLE.finditer(text))
    well_formed = _refuse_malformed(node, text, context) and _refuse_holes(node, text, context)
    values = [context.variable(m["name"], m["default"], node.at(m.start())) for m in matches]
    value, end = "", 0
    for match, found in zip(matches, values, strict=True):
        value += text[end : match.start()] + found.text
        end = match.end()
    return Text(
        name,
        value + text[end:],
        node.place,
        known=well_formed and all(found.known for found in values),
        variables=tuple(match["name"] for match in matches),
        in_clear=any(match["default"] for match in matches) if matches else bool(text),
        is_one_variable=VARIABLE.fullmatch(text) is not None,
    )


def _refuse_malformed(node: Scalar, text: str, context: Context) -> bool:
    blank = VARIABLE.sub(lambda match: " " * len(match[0]), text)
    offset = blank.find("${")
    if offset >= 0:
        context.report.error(node.at(offset), "TB022", "this `${` is no variable", MALFORMED)
    return offset < 0


def _refuse_holes(node: Scalar, text: str, context: Context) -> bool:
    blank = VARIABLE.sub(lambda match: " " * len(match[0]), text)
    hole = HOLE.search(blank)
    if hole is None:
        return True
    message = "holes are legal in the request strings of `source` only; this is plain text"
    suggestion = "a text with braces can come from a variable: `${NAME}`"
    context.report.error(node.at(hole.start()), "TB030", message, suggestion)
    return False


def refuse_controls(text: Text, context: Context) -> bool:
    """Whether *text* is known and has no line break, NUL or other control character."""
    if text.known and CONTROL.search(text.value):
        message = f"{text.label} has a line break or another control character"
        context.report.error(text.place, "TB024", message)
        return False
    return text.known


def check_header_value(text: Text, context: Context) -> bool:
    """Whether *text* is known, and what a header can carry unchanged; a finding if not."""
    if not refuse_controls(text, context):
        return False
    if not text.value.isascii():
        slip = "has a character outside ASCII"
    elif text.value != text.value.strip(" "):
        slip = "begins or ends with a space"
    else:
        return True
    context.report.error(text.place, "TB024", f"{text.label} {slip}, which a header cannot carry")
    return False


def warn_if_in_clear(text: Text, context: Context) -> None:
    """A credential belongs into a variable, and not into a file that two companies read."""
    if text.known and text.in_clear:
        what = "the default of " if text.variables else ""
        message = f"{what}{text.label} is a credential in clear"
        context.report.warning(text.place, "TB053", message, "use a variable: `${NAME}`")
