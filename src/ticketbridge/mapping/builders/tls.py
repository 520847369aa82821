"""`upstream.tls`: files with certificates and a key. What is in them is looked at when they are used."""

from __future__ import annotations

from pathlib import Path

from ticketbridge.mapping.builders.context import Context
from ticketbridge.mapping.builders.texts import Text, resolve_text
from ticketbridge.mapping.nodes import Broken, Node
from ticketbridge.mapping.spec import FileSpec, TlsSpec

MAX_BYTES = 1024 * 1024
PEM = "-----BEGIN "


def build_tls(node: Node | None, context: Context, *, base_url: str) -> TlsSpec | None:
    """The files that *node* names; None where it is absent, or says nothing that can be used."""
    if node is None or isinstance(node, Broken):
        return None
    ca, cert, key = [_file(node.get(name), name, context) for name in ("ca", "cert", "key")]
    if base_url.startswith("http:"):
        message = "`tls` has no effect, since `base_url` is plain http"
        context.report.warning(node.place, "TB057", message, "use https")
    key_node = node.get("key")
    if key_node is not None and node.get("cert") is None:
        message = "`key` belongs to a certificate, and there is none"
        context.report.error(key_node.place, "TB056", message, "name its file as `cert`")
    if key_node is not None and key is None:
        cert = None  # there was a finding about its key
    return TlsSpec(ca, cert, key)


def _file(node: Node | None, name: str, context: Context) -> FileSpec | None:
    """The file, if it is there; None after a finding."""
    if node is None:
        return None
    text = resolve_text(node, context, name)
    if not text.known:
        return None
    if text.value.lstrip().startswith(PEM):
        message = f"{text.label} holds PEM text, where the path of its file belongs"
        suggestion = "a variable whose NAME_FILE is set gives that file's content: set NAME itself"
        context.report.error(text.place, "TB056", message, suggestion)
        return None
    path = _path(text, context)
    return None if path is None else FileSpec(path, text.label, text.place)


def _path(text: Text, context: Context) -> Path | None:
    path = Path(text.value)
    if not path.is_absolute():
        if context.folder is None:
            message = f"{text.label} names a file beside the mapping, which is in no folder"
            context.report.error(text.place, "TB056", message, "write a path from the root on")
            return None
        path = context.folder / path
    return path if _is_readable(path, text, context) else None


def _is_readable(path: Path, text: Text, context: Context) -> bool:
    """Whether the file is here.

    Where variables may be missing, files may be too: a mapping is checked on machines without its keys.
    """
    try:
        with path.open("rb") as stream:
            content = stream.read(MAX_BYTES + 1)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "no legal path"
        say = context.report.warning if context.environment.placeholders else context.report.error
        say(text.place, "TB055", f"{text.label} cannot be read: {reason}")
        return False
    if len(content) > MAX_BYTES:
        context.report.error(text.place, "TB056", f"{text.label} is over 1 MiB")
        return False
    return True
