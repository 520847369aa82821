"""Check the file against the schema of its keys. Each error becomes a finding in words, at its place."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any

from ticketbridge.mapping.findings import Report, did_you_mean, nearest
from ticketbridge.mapping.keys import Key, ValueKind, keys_of
from ticketbridge.mapping.spec import MAPPING, CallSpec
from ticketbridge.mapping.spec_ticket import FIELD, FIELDS_OF_EXPRESSIONS
from ticketbridge.mapping.words import found, label, shown, written
from ticketbridge.mapping.yaml_nodes import Broken, ListNode, MapNode, Node, Path, Scalar

Schema = Mapping[str, Any]
CALL_KEYS = tuple(keys_of(CallSpec))
EXPRESSIONS = tuple(kind.title for kind in FIELDS_OF_EXPRESSIONS)
QUOTED = ("a name", "a status:", "a platform")


def check_structure(root: Node, report: Report) -> Node:
    """Return *root* with every wrong part replaced by a Broken node, so that readers need not check again."""
    return _check(root, MAPPING, _Legal(report))


@dataclass(frozen=True, slots=True)
class _Legal:
    """The *path* of a value, what is legal there (*title*), *examples* of it, and *keys* it may have."""

    report: Report
    path: Path = ()
    title: str = "a mapping"
    examples: Sequence[Any] = ()
    keys: Mapping[str, Key] = field(default_factory=dict)

    def below(self, step: str | int) -> _Legal:
        """Return the `_Legal` of the value at *step* within this one."""
        return _Legal(self.report, (*self.path, step))

    @property
    def example(self) -> str:
        """`for example ...`, or "" if there is no example."""
        if not self.examples:
            return ""
        name = f"{self.path[-1]}: " if self.path and isinstance(self.path[-1], str) else ""
        return f"for example {name}{written(self.examples[0])}"

    def refuse(self, node: Node, code: str, message: str, suggestion: str) -> Broken:
        """Report one finding, and return the Broken node that replaces the value."""
        self.report.error(node.place, code, message, suggestion)
        return Broken(node.place)


def _check(node: Node, part: ValueKind[Any] | Key | Schema, spot: _Legal) -> Node:
    """Return *node* with a Broken node for every part that *part* of the schema does not allow."""
    if isinstance(part, Key):
        return _check(node, part.kind, replace(spot, examples=part.examples))
    if isinstance(part, ValueKind):
        title, examples = part.title or spot.title, spot.examples or part.examples
        spot, part = replace(spot, title=title, examples=examples), part.schema
    spot = replace(
        spot, title=part.get("title", spot.title), keys=part.get("properties", spot.keys)
    )
    for keyword, check in CHECKS.items():
        if keyword in part and not isinstance(node, Broken):
            node = check(node, part, spot)
    return node


# --- keys -----------------------------------------------------------------------------------------


def _check_names(node: Node, schema: Schema, spot: _Legal) -> Node:
    """Check `propertyNames`. The schema uses it only for the form of a name."""
    kind = schema["propertyNames"]
    wrong = [key for key, _ in node.pairs if not re.search(kind.schema["pattern"], str(key.value))]
    for key in wrong:
        message = f"the key {shown(str(key.value))} should be {kind.title}"
        spot.report.error(key.place, "TB014", message)
    return _with_entries(node, dropped=[str(key.value) for key in wrong])


def _check_other_keys(node: Node, schema: Schema, spot: _Legal) -> Node:
    """Check `additionalProperties`: report unknown keys or, if names are free, check their values."""
    entries = schema["additionalProperties"]
    others = [str(key.value) for key, _ in node.pairs if key.value not in spot.keys]
    if entries is False:
        meant = [_unknown_key(node, name, spot) for name in others]
        return _with_entries(node, dropped=others, added=list(filter(None, meant)))
    return node if entries is True else _with_values(node, dict.fromkeys(others, entries), spot)


def _unknown_key(node: Node, name: str, spot: _Legal) -> str:
    """Report the key *name*; return the key that was meant, or ""."""
    # `gett` looks like a binding, but the keys of a call are as near.
    is_entry = spot.path[:1] == ("source",) and len(spot.path) == 2
    known = CALL_KEYS if is_entry else tuple(spot.keys)
    message = f"unknown key {_key(name)}"
    spot.report.error(node.key_place(name), "TB010", message, _legal_keys(name, known))
    instead = nearest(name, known) or name.partition(":")[0]
    return instead if instead != name and node.get(instead) is None else ""


def _key(name: str) -> str:
    """Return the key *name* as a message shows it.

    Text after a colon in it is hidden: it was meant as the value, which may be a credential.
    """
    prefix, colon, value = name.partition(":")
    return shown(f"{prefix}:...") if colon and value else shown(name)


def _legal_keys(name: str, legal: Sequence[str]) -> str:
    prefix, colon, _ = name.partition(":")
    if colon and prefix in legal:
        return f"a space is missing after `{prefix}:`"
    return f"{did_you_mean(name, legal)} legal here: {', '.join(legal)}".strip()


def _check_needed_keys(node: Node, schema: Schema, spot: _Legal) -> Node:
    """Check `required`. An unknown key that was meant as a required one counts as that one."""
    missing = [name for name in schema["required"] if node.get(name) is None]
    for name in missing:
        key = spot.keys[name]
        message = f"`{name}` is missing. {key.description}"
        example = f"for example {name}: {written(key.examples[0])}"
        spot.report.error(node.place, "TB011", message, example)
    return _with_entries(node, added=missing)


def _check_items(node: Node, schema: Schema, spot: _Legal) -> Node:
    """Check the entries of a list, by `items`."""
    if not isinstance(node, ListNode):
        return node  # pragma: no cover - only of a list
    entries = (_check(e, schema["items"], spot.below(i)) for i, e in enumerate(node.entries))
    return replace(node, entries=tuple(entries))


def _with_values(node: Node, parts: Mapping[str, Any], spot: _Legal) -> Node:
    """Return *node* with each value checked that has a schema in *parts*."""
    if not isinstance(node, MapNode):
        return node  # pragma: no cover - only of a mapping
    entries = {
        name: (key, _check(value, parts[name], spot.below(name)) if name in parts else value)
        for name, (key, value) in node.entries.items()
    }
    return replace(node, entries=entries)


def _with_entries(
    node: Node, *, dropped: Collection[str] = (), added: Collection[str] = ()
) -> Node:
    """Return *node* without the keys in *dropped*, and with a Broken value for each key in *added*."""
    if not isinstance(node, MapNode):
        return node  # pragma: no cover - only of a mapping
    kept = {name: entry for name, entry in node.entries.items() if name not in dropped}
    place = node.place
    new = {name: (Scalar(place, name), Broken(place)) for name in added if name not in kept}
    return replace(node, entries=kept | new)


# --- forks ----------------------------------------------------------------------------------------


def _check_fork(node: Node, schema: Schema, spot: _Legal) -> Node:
    """Check `if`, `then` and `else`."""
    branch = schema.get("then" if _holds(node, schema["if"]) else "else")
    return node if branch is None else _check(node, branch, spot)


def _check_forks(node: Node, schema: Schema, spot: _Legal) -> Node:
    """Check `allOf`."""
    for fork in schema["allOf"]:
        node = _check(node, fork, spot)
    return node


def _holds(node: Node, condition: Schema) -> bool:
    """Return whether *node* meets the *condition* of a fork."""
    if "type" in condition and not _has_type(node, condition["type"]):
        return False
    if "const" in condition and node.plain() != condition["const"]:
        return False
    if "anyOf" in condition and not any(_holds(node, each) for each in condition["anyOf"]):
        return False
    needed = all(node.get(name) is not None for name in condition.get("required", ()))
    inner = condition.get("properties", {})
    return needed and all(_holds(node.need(name), each) for name, each in inner.items())


# --- values ---------------------------------------------------------------------------------------

_IS: Mapping[str, Callable[[Any], bool]] = MappingProxyType(
    {
        "object": lambda value: isinstance(value, dict),
        "array": lambda value: isinstance(value, list),
        "string": lambda value: isinstance(value, str),
        "boolean": lambda value: isinstance(value, bool),
        "null": lambda value: value is None,
        "integer": lambda value: (
            not isinstance(value, bool) and isinstance(value, int | float) and value == int(value)
        ),
    }
)


def _has_type(node: Node, types: str | Sequence[str]) -> bool:
    value = node.plain()
    names = [types] if isinstance(types, str) else types
    return not isinstance(node, Broken) and any(_IS[name](value) for name in names)


def _check_type(node: Node, schema: Schema, spot: _Legal) -> Node:
    if _has_type(node, schema["type"]):
        return node
    last = spot.path[-1] if spot.path else None
    called = _key(last) if isinstance(last, str) else label(spot.path)
    message = f"{called} should be {spot.title}; it is {found(node)}"
    return spot.refuse(node, "TB012", message, _type_hint(node, spot))


def _type_hint(node: Node, spot: _Legal) -> str:
    value, expected = node.plain(), spot.title
    if value is None:
        return _null_hint(spot)
    if isinstance(value, dict | list):
        return _collection_hint(node, spot)
    if expected in EXPRESSIONS:
        return _literal_hint(spot, value)
    if not isinstance(value, str) and ("text" in expected or expected.startswith(QUOTED)):
        return "quote it"
    if expected.startswith("a whole number") or expected == "true or false":
        return f"write it without quotes and units; {spot.example}"
    return spot.example


def _null_hint(spot: _Legal) -> str:
    prefix, colon, _ = str(spot.path[-1]).partition(":") if spot.path else ("", "", "")
    if colon:
        return f"a space is missing after {shown(f'{prefix}:')}"
    return f"give it a value, or leave the key out; {spot.example}"


def _literal_hint(spot: _Legal, value: Any) -> str:
    if spot.path[:2] == ("ticket", "fields"):
        return f"a constant is written `{{const: {written(value)}}}`"
    return f'a literal in an expression stands in backticks, quoted: "`{written(value)}`"'


def _collection_hint(node: Node, spot: _Legal) -> str:
    """Return the hint for brackets or braces: they may be an expression or a text that lacks its quotes."""
    text = "text" if spot.title.startswith("text") else ""
    noun = "expression" if spot.title in EXPRESSIONS else text
    source = str(getattr(node, "source", ""))
    if noun and source:
        return f"quote this {noun}" + (f': "{source}"' if '"' not in source else "")
    if noun:
        return f"write one {noun}; {spot.example}"
    if spot.title.startswith("a list") and isinstance(node, MapNode):
        return f"begin each entry with `- `; {spot.example}"
    if spot.title.startswith("a mapping"):
        return f"write its keys without `- `; {spot.example}"
    return spot.example


def _check_word(node: Node, schema: Schema, spot: _Legal) -> Node:
    """Check `enum` and `const`."""
    words = schema["enum"] if "enum" in schema else [schema["const"]]
    value = node.plain()
    if any(value == word and isinstance(value, bool) is isinstance(word, bool) for word in words):
        return node
    message = f"{label(spot.path)} should be {spot.title}"
    return spot.refuse(node, "TB013", message, _word_hint(value, schema.get("enum", ()), spot))


def _word_hint(value: Any, words: Sequence[Any], spot: _Legal) -> str:
    if not isinstance(value, str):
        return spot.example
    if value.isdecimal():
        return "write it without quotes"
    return did_you_mean(value, [word for word in words if isinstance(word, str)]) or spot.example


def _check_form(node: Node, schema: Schema, spot: _Legal) -> Node:
    """Check `pattern`, `minimum` and `maximum`."""
    value = node.plain()
    if isinstance(value, str):
        legal = re.search(schema.get("pattern", ""), value) is not None
    else:
        legal = schema.get("minimum", value) <= value <= schema.get("maximum", value)
    message = f"{label(spot.path)} should be {spot.title}"
    return node if legal else spot.refuse(node, "TB014", message, spot.example)


def _check_size(node: Node, _schema: Schema, spot: _Legal) -> Node:
    """Check `minLength`, `minItems` and `minProperties`, which are all 1."""
    if node.plain() not in ("", [], {}):
        return node
    return spot.refuse(node, "TB015", f"{label(spot.path)} is empty", spot.example)


def _check_most(node: Node, schema: Schema, spot: _Legal) -> Node:
    """Check `maxProperties`. Surplus entries are still read, so that no other finding follows from them."""
    for key, _ in node.pairs[schema["maxProperties"] :]:
        message = f"{label(spot.path)} should be {spot.title}"
        spot.report.error(key.place, "TB012", message, "begin each with `- `")
    return node


CHECKS: Mapping[str, Callable[[Node, Schema, _Legal], Node]] = MappingProxyType(
    {
        "type": _check_type,
        "enum": _check_word,
        "const": _check_word,
        "pattern": _check_form,
        "minimum": _check_form,
        "maximum": _check_form,
        "minLength": _check_size,
        "minItems": _check_size,
        "minProperties": _check_size,
        "maxProperties": _check_most,
        "additionalProperties": _check_other_keys,
        "propertyNames": _check_names,
        "required": _check_needed_keys,
        "properties": lambda node, schema, spot: _with_values(node, schema["properties"], spot),
        "items": _check_items,
        "if": _check_fork,
        "allOf": _check_forks,
        "$ref": lambda node, _, spot: _check(node, FIELD, spot),  # an object of fields
    }
)
"""The check for each keyword of the schema, in the order in which they run."""
