"""What may stand at the cursor, and what the word under it means: from the mapping's schema and the run."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import msgspec

from ticketbridge.engine.tickets.convert import json_type
from ticketbridge.jmes import ENCODER, FUNCTIONS, Function
from ticketbridge.mapping.mapping_schema import schema
from ticketbridge.workbench.draft.sample_values import find_value, write_path
from ticketbridge.workbench.explain import Masker
from ticketbridge.workbench.studio.cursor_context import ITEM, CursorContext, find_context
from ticketbridge.workbench.studio.pointing import list_scopes
from ticketbridge.workbench.studio.studio_run import StudioRun

_WORD = re.compile(r"[\w$@.-]*$")
_PATH = re.compile(r"""[A-Za-z_](?:[\w]|\.(?=[\w"])|"[^"]*")*\.?$""")
_AROUND = re.compile(r"[A-Za-z_][\w.]*")
_EXPRESSION_TITLES = frozenset({"an expression", "a field: an expression, or a mapping"})
_TEMPLATE_TITLES = frozenset({"text", "a text", "a text, or a list of texts"})
_ANSWER_KEYS = frozenset({"take", "each", "collect", "responses", "pages"})
_ANSWER_ROOTS = ("body", "status", "headers")
_CONSTANTS = ("true", "false")


class Completion(msgspec.Struct, frozen=True):
    """One thing that may stand at the cursor: *apply* is written for *label*."""

    label: str
    kind: str
    detail: str = ""
    info: str = ""
    apply: str = ""


class Completions(msgspec.Struct, frozen=True, rename="camel"):
    """What may stand at the cursor, in place of the last *replaces* characters before it."""

    replaces: int
    options: Sequence[Completion]


class HoverText(msgspec.Struct, frozen=True):
    """What the characters from *start* to *end* of the text mean."""

    start: int
    end: int
    title: str
    text: str


# --- completion -----------------------------------------------------------------------------------


def complete_at(text: str, offset: int, run: StudioRun | None) -> Completions:
    """Return what may stand at *offset* of *text*; *run* tells the keys of the platform's data."""
    context = find_context(text, offset)
    parts = list(find_parts(context.path))
    if context.is_key:
        word = _find_last(_WORD, context.before)
        return Completions(len(word), list(_complete_keys(parts, word)))
    hole = _find_hole(context.before) if _is_template(parts) else None
    if hole is not None or _is_expression(parts):
        return _complete_expression(context, context.before if hole is None else hole, run)
    word = _find_last(_WORD, context.before)
    return Completions(len(word), list(_complete_words(parts, word)))


def _find_last(pattern: re.Pattern[str], text: str) -> str:
    found = pattern.search(text)
    return found[0] if found else ""


def _find_hole(before: str) -> str | None:
    """Return what stands before the cursor in a hole of a template; None outside of one."""
    start = before.replace("{{", "  ").replace("${", "  ").rfind("{")
    return None if start < 0 or "}" in before[start:] else before[start + 1 :]


def _complete_keys(parts: Iterable[Mapping[str, Any]], word: str) -> Iterator[Completion]:
    seen: set[str] = set()
    for part in parts:
        needed = part.get("required", ())
        for key, value in part.get("properties", {}).items():
            if key not in seen and key.startswith(word) and isinstance(value, Mapping):
                seen.add(key)
                detail = "needed" if key in needed else ""
                yield Completion(key, "property", detail, _describe(value), f"{key}: ")


def _complete_words(parts: Iterable[Mapping[str, Any]], word: str) -> Iterator[Completion]:
    seen: set[str] = set()
    for part in parts:
        words = [*part.get("enum", ()), *([part["const"]] if "const" in part else [])]
        words += _CONSTANTS if part.get("type") == "boolean" else []
        for each in map(_write_word, words):
            if each not in seen and each.startswith(word):
                seen.add(each)
                yield Completion(each, "enum", info=_describe(part))


def _write_word(value: Any) -> str:
    return value if isinstance(value, str) else ENCODER.encode(value).decode()


def _complete_expression(context: CursorContext, before: str, run: StudioRun | None) -> Completions:
    path = _find_last(_PATH, before)
    around, dot, word = path.rpartition(".")
    if dot:
        return Completions(len(word), list(_complete_members(context, around, run)))
    names = list(list_roots(context))
    roots = [Completion(name, "variable", "root") for name in names]
    functions = [_complete_function(each) for each in FUNCTIONS.values()]
    return Completions(len(path), [*roots, *functions])


def list_roots(context: CursorContext) -> Iterator[str]:
    """Yield the names that an expression at the cursor may start with."""
    yield "user"
    yield from context.names
    if context.path[:1] == ("source",) and not _ANSWER_KEYS.isdisjoint(context.path):
        yield from _ANSWER_ROOTS
    if context.path[:1] == ("source",):
        yield "page"


def _complete_function(function: Function) -> Completion:
    apply = f"{function.name}("
    return Completion(function.name, "function", function.signature, function.doc, apply)


def _complete_members(
    context: CursorContext, around: str, run: StudioRun | None
) -> Iterator[Completion]:
    """Yield the keys of what stands at the path *around* in the run's data."""
    root, *keys = (key.strip('"') for key in around.split("."))
    seen: set[str] = set()
    for scope in _list_scopes(context, run):
        value = find_value(scope.get(root), tuple(keys))
        for key, member in value.items() if isinstance(value, dict) else ():
            if key not in seen and "@" not in key[1:]:
                seen.add(key)
                apply = write_path("", (key,))[1:]
                yield Completion(key, "property", json_type(member), apply=apply)


def _list_scopes(context: CursorContext, run: StudioRun | None) -> list[Mapping[str, Any]]:
    """Return scopes that an expression at the cursor would see."""
    if run is None:
        return []
    exchanges = enumerate(run.answer_run.exchanges)
    answers = [
        scope
        for number, exchange in exchanges
        if exchange.request.call == context.entry and (scope := run.find_scope(number)) is not None
    ]
    return [*answers, *list_scopes(run)] if context.entry else list(list_scopes(run))


# --- the schema -----------------------------------------------------------------------------------


def find_parts(path: Sequence[str]) -> Iterator[Mapping[str, Any]]:
    """Yield the parts of the mapping's schema that may hold for what stands at *path*."""
    whole = schema()
    parts: list[Mapping[str, Any]] = list(_expand(whole, whole))
    for key in path:
        parts = [
            each for part in parts for inner in _enter(part, key) for each in _expand(inner, whole)
        ]
    yield from parts


def _enter(part: Mapping[str, Any], key: str) -> Iterator[Any]:
    if key == ITEM:
        yield part.get("items")
    elif key in part.get("properties", {}):
        yield part["properties"][key]
    else:
        yield part.get("additionalProperties")


def _expand(part: Any, whole: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Yield *part* and all that hold, or may hold, for the same value."""
    if not isinstance(part, Mapping):
        return
    yield part
    reference = part.get("$ref", "").rpartition("/")[2]
    inner = [whole["$defs"][reference]] if reference else []
    inner += [part[word] for word in ("then", "else") if word in part]
    inner += [each for word in ("allOf", "anyOf", "oneOf") for each in part.get(word, ())]
    for each in inner:
        yield from _expand(each, whole)


def _is_expression(parts: Sequence[Mapping[str, Any]]) -> bool:
    return any(part.get("title") in _EXPRESSION_TITLES for part in parts)


def _is_template(parts: Sequence[Mapping[str, Any]]) -> bool:
    return any("holes" in part.get("description", "") for part in parts)


def _describe(part: Mapping[str, Any]) -> str:
    examples = part.get("examples", ())
    shown = f" For example {ENCODER.encode(examples[0]).decode()}" if examples else ""
    return f"{part.get('description', part.get('title', ''))}{shown}"


# --- hover ----------------------------------------------------------------------------------------


def hover_at(
    text: str, offset: int, run: StudioRun | None, masker: Masker | None
) -> HoverText | None:
    """Return what the word at *offset* means: a key, a function, or a path and its value."""
    for found in _AROUND.finditer(text, text.rfind("\n", 0, offset) + 1):
        if found.start() > offset:
            return None
        if offset <= found.end():
            return _explain_word(text, found, offset, run, masker)
    return None


def _explain_word(
    text: str, found: re.Match[str], offset: int, run: StudioRun | None, masker: Masker | None
) -> HoverText | None:
    start, end, word = found.start(), found.end(), found[0]
    context = find_context(text, end)
    if text[end : end + 1] == ":":
        key_context = find_context(text, start)
        parts = list(find_parts((*key_context.path, word)))
        described = next((part for part in parts if "description" in part), None)
        return HoverText(start, end, word, _describe(described)) if described else None
    parts = list(find_parts(context.path))
    if not (_is_expression(parts) or _is_template(parts)):
        return None
    function = FUNCTIONS.get(word)
    if function is not None and text[end : end + 1] == "(":
        return HoverText(start, end, function.signature, function.doc)
    path = word[: (word + ".").find(".", offset - start)].rstrip(".")
    return _show_path(context, path, start, run, masker)


def _show_path(
    context: CursorContext, path: str, start: int, run: StudioRun | None, masker: Masker | None
) -> HoverText | None:
    root, *keys = path.split(".")
    for scope in _list_scopes(context, run):
        if root in scope and masker is not None:
            value = find_value(scope[root], tuple(keys))
            if isinstance(value, str | int | float | bool | dict | list | None):
                shown = _shorten(masker.mask_value(value, path))
                return HoverText(start, start + len(path), path, f"{json_type(value)}: {shown}")
    return None


def _shorten(value: Any) -> str:
    if isinstance(value, dict):
        return f"keys {', '.join(value)}"
    if isinstance(value, list):
        return f"{len(value)} elements"
    return ENCODER.encode(value).decode()[:200]
