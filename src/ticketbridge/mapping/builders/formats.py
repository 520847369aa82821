"""`format`: what a call's answers are."""

from __future__ import annotations

from ticketbridge.mapping.builders.context import Context, text_of
from ticketbridge.mapping.nodes import Node
from ticketbridge.mapping.spec import FormatSpec, JsonFormatSpec, XmlFormatSpec
from ticketbridge.mapping.words import shown


def build_format(node: Node | None, context: Context) -> FormatSpec:
    """The format that *node* declares; JSON where it is absent."""
    xml = node.get("xml") if node else None
    lists = xml.get("lists") if xml else None
    if lists is not None:
        return XmlFormatSpec(tuple(_path(entry, context) for entry in lists.items))
    return XmlFormatSpec(()) if text_of(node) == "xml" else JsonFormatSpec()


def _path(node: Node, context: Context) -> tuple[str, ...]:
    text = text_of(node)
    if text.startswith("body."):
        message = f"{shown(text)} begins with `body`, which is no element"
        hint = f"for example {text.removeprefix('body.').replace('.', '/')}"
        context.report.error(node.place, "TB014", message, hint)
    elif text and "/" not in text:
        message = f"{shown(text)} is no empty list where it is absent: its parent is not named"
        hint = text.replace(".", "/") if "." in text else f"{text}s/{text}"
        context.report.warning(node.place, "TB068", message, f"for example {hint}")
    return tuple(text.split("/"))
