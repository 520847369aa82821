"""Headers and parameters that a mapping names: which names are legal, and who sets them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import NamedTuple

from ticketbridge.mapping.findings import Place
from ticketbridge.mapping.read_context import Context
from ticketbridge.mapping.sensitive_names import is_sensitive_parameter
from ticketbridge.mapping.spec_texts import TemplateSpec
from ticketbridge.mapping.value_kinds import TEMPLATE, named
from ticketbridge.mapping.variables import (
    CONTROL,
    ResolvedTemplate,
    check_controls,
    check_header_value,
    resolve_template,
    warn_if_in_clear,
)
from ticketbridge.mapping.words import shown
from ticketbridge.mapping.yaml_nodes import Node

TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
OWNED = frozenset(
    {
        "host",
        "content-length",
        "transfer-encoding",
        "connection",
        "accept-encoding",
        "keep-alive",
        "proxy-authorization",
        "proxy-connection",
        "te",
        "trailer",
        "upgrade",
        "expect",
    }
)
_BRACES = re.compile(r"\$\{|\{[^{}]*\}")


class Claimed(NamedTuple):
    """What `auth` adds to each request: *headers*, in small letters, *parameters*, and *roots* of holes."""

    headers: frozenset[str] = frozenset()
    parameters: frozenset[str] = frozenset()
    roots: frozenset[str] = frozenset()


def check_header_name(name: str, called: str, place: Place, context: Context) -> bool:
    """Return whether *name* is a legal header that the bridge does not set itself. Report it if not."""
    if not check_token(name, f"the header {called}", place, context):
        return False
    if name.lower() in OWNED:
        message = f"the header {called} is set by the bridge itself"
        context.report.error(place, "TB052", message, "leave it out")
        return False
    return True


def check_token(name: str, called: str, place: Place, context: Context) -> bool:
    """Return whether *name* has only characters that are legal in headers and cookies. Report it if not."""
    if TOKEN.fullmatch(name):
        return True
    message = f"{called} has no legal name"
    context.report.error(place, "TB051", message, "letters, digits and `-` are legal")
    return False


def check_headers(node: Node, claimed: Claimed, context: Context) -> None:
    """Check that each name in *node* is legal, is not *claimed*, and stands once in any letter case."""
    seen: set[str] = set()
    for key, _ in node.pairs:
        name, lower = str(key.value), str(key.value).lower()
        if not check_header_name(name, shown(name), key.place, context):
            continue
        if lower in claimed.headers:
            message = f"the header {shown(name)} is set by `auth`"
            context.report.error(key.place, "TB052", message, "leave it out")
        if lower in seen:
            message = f"the header {shown(name)} stands twice; case makes no difference"
            context.report.error(key.place, "TB052", message, "keep one of them")
        seen.add(lower)


def check_parameters(node: Node, claimed: Claimed, context: Context) -> None:
    """Check that no parameter in *node* is *claimed*."""
    for key, _ in node.pairs:
        if key.value in claimed.parameters:
            message = f"the parameter {shown(str(key.value))} is set by `auth`"
            context.report.error(key.place, "TB052", message, "leave it out")


# --- their values ---------------------------------------------------------------------------------


def read_header(node: Node, context: Context, name: str) -> TemplateSpec:
    """Return the template of the header *name*. Report text that a header cannot carry."""
    template = resolve_template(node, context, name)
    if template.holes:
        check_controls(template.text, context)
    else:
        check_header_value(template.text, context)
    warn_of_credential(name, template, context)
    return template.spec


def read_parameters(
    node: Node, context: Context, _name: str
) -> Mapping[str, tuple[TemplateSpec, ...]]:
    """Return the parameters that *node* declares. A parameter with a list is sent once for each entry."""
    parameters: dict[str, tuple[TemplateSpec, ...]] = {}
    for key, value in node.pairs:
        parameter = str(key.value)
        if not parameter or CONTROL.search(parameter):
            context.report.error(key.place, "TB051", "this is no legal name of a parameter")
        check_braces(parameter, key.place, context)
        entries = value.items or (value,)
        templates = [resolve_template(entry, context, parameter) for entry in entries]
        for template in templates:
            warn_of_credential(parameter, template, context)
        parameters[parameter] = tuple(template.spec for template in templates)
    return parameters


HEADERS = named(TEMPLATE.reading(read_header), "a mapping of header names to texts")


def check_braces(name: str, place: Place, context: Context) -> None:
    """Report *name* if it contains a hole or a variable: both are legal only in values."""
    if _BRACES.search(name):
        message = "holes and variables are legal in values, not in names"
        context.report.error(place, "TB030", message)


def warn_of_credential(name: str, template: ResolvedTemplate, context: Context) -> None:
    """Warn if *name* usually means a credential, and its value stands in the file itself."""
    if is_sensitive_parameter(name) and not template.holes:
        warn_if_in_clear(template.text, context)
