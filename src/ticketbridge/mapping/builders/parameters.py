"""Parameters of a query or a form: names, and the templates of their values."""

from __future__ import annotations

import re

from ticketbridge.mapping.builders.context import Context
from ticketbridge.mapping.builders.headers import is_sensitive_parameter
from ticketbridge.mapping.builders.templates import Template, resolve_template
from ticketbridge.mapping.builders.texts import CONTROL, warn_if_in_clear
from ticketbridge.mapping.findings import Place
from ticketbridge.mapping.nodes import Node
from ticketbridge.mapping.spec import TemplateSpec

BRACES = re.compile(r"\$\{|\{[^{}]*\}")


def build_parameters(node: Node | None, context: Context) -> dict[str, tuple[TemplateSpec, ...]]:
    """The parameters that *node* declares; a list repeats its parameter."""
    parameters: dict[str, tuple[TemplateSpec, ...]] = {}
    for key, value in node.pairs if node else ():
        name = str(key.value)
        _check_name(name, key.place, context)
        templates = [resolve_template(entry, context, name) for entry in value.items or (value,)]
        for template in templates:
            warn_of_credential(name, template, context)
        parameters[name] = tuple(template.spec for template in templates)
    return parameters


def _check_name(name: str, place: Place, context: Context) -> None:
    if not name or CONTROL.search(name):
        context.report.error(place, "TB051", "this is no legal name of a parameter")
    refuse_braces(name, place, context)


def refuse_braces(name: str, place: Place, context: Context) -> None:
    """A finding where *name* looks as if something were to be put into it."""
    if BRACES.search(name):
        message = "holes and variables are legal in values, not in names"
        context.report.error(place, "TB030", message)


def warn_of_credential(name: str, template: Template, context: Context) -> None:
    """A warning where a value that *name* calls a credential stands in the file itself."""
    if is_sensitive_parameter(name) and not template.holes:
        warn_if_in_clear(template.text, context)
