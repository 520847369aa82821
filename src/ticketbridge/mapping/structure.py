"""The file against the mapping's schema: each error as a finding in words, at its place."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, cast

from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError

from ticketbridge.mapping.findings import Place, did_you_mean, nearest
from ticketbridge.mapping.nodes import Broken, MapNode, Node, Path, node_at
from ticketbridge.mapping.repair import Repairs, repair
from ticketbridge.mapping.report import Report
from ticketbridge.mapping.schema import schema
from ticketbridge.mapping.words import example_of, found, label, shown, written

SCHEMA = schema()
VALIDATOR = Draft202012Validator(SCHEMA)
# A call needs `get` where it has no `post`: that rule of the schema repeats no key's meaning.
CALL_KEYS = SCHEMA["$defs"]["call"]["properties"]
ENTRY_KEYS = tuple(CALL_KEYS)
EXPRESSIONS = tuple(
    SCHEMA["$defs"][name]["title"] for name in ("expression", "field", "tags", "tag")
)
QUOTED = ("a name", "a status:", "a platform")


def check_structure(root: Node, report: Report) -> Node:
    """*root* with every wrong part broken, so that what is built from it needs no second look."""
    if isinstance(root, Broken):
        return root
    repairs = Repairs()
    for error in _own_slips(VALIDATOR.iter_errors(root.plain())):
        path = tuple(error.absolute_path)
        node = node_at(root, path)
        if not isinstance(node, Broken):
            TRANSLATORS[str(error.validator)](_Slip(error, path, node, report, repairs))
    return repair(root, repairs)


def _own_slips(errors: Iterator[ValidationError]) -> list[ValidationError]:
    """The errors without those that are only the wake of another.

    A value of the wrong type is wrong in that alone, and the outermost schema knows all its types.
    Missing keys come last, because an unknown one may explain them.
    """
    outermost = sorted(errors, key=lambda error: len(error.absolute_schema_path))
    wrong_type: dict[Path, ValidationError] = {}
    for error in outermost:
        if error.validator == "type":
            wrong_type.setdefault(tuple(error.absolute_path), error)
    kept = [e for e in outermost if wrong_type.get(tuple(e.absolute_path), e) is e]
    return sorted(kept, key=lambda error: error.validator == "required")


@dataclass(frozen=True, slots=True)
class _Slip:
    """One error of the validator, and where to say so."""

    error: ValidationError
    path: Path
    node: Node
    report: Report
    repairs: Repairs

    @property
    def title(self) -> str:
        """What is legal here, in words."""
        return str(_schema(self.error)["title"])

    @property
    def example(self) -> str:
        """`for example ...`, from the schema."""
        return example_of(SCHEMA, self.error.absolute_schema_path, self.path)

    def say(
        self, code: str, message: str, suggestion: str = "", *, at: Place | None = None
    ) -> None:
        """One finding; the value counts as broken from here on."""
        self.report.error(at or self.node.place, code, message, suggestion)
        self.repairs.broken.add(self.path)


def _schema(error: ValidationError) -> Mapping[str, Any]:
    return cast("Mapping[str, Any]", error.schema)


# --- keys ---------------------------------------------------------------------------------------


def _unknown_keys(slip: _Slip) -> None:
    """`additionalProperties: false`."""
    legal = tuple(_schema(slip.error)["properties"])
    for key, _ in slip.node.pairs:
        name = str(key.value)
        if name not in legal:
            slip.repairs.dropped.add((*slip.path, name))
            _unknown_key(slip, name, key.place, legal)


def _unknown_key(slip: _Slip, name: str, place: Place, legal: Sequence[str]) -> None:
    # `gett` alone looks like a binding; the names of a call are as near.
    known = ENTRY_KEYS if slip.path[:1] == ("source",) and len(slip.path) == 2 else legal
    instead = nearest(name, known) or name.partition(":")[0]
    slip.report.error(place, "TB010", f"unknown key {_key(name)}", _legal_keys(name, known))
    if instead and instead != name and slip.node.get(instead) is None:
        slip.repairs.add(slip.path, instead)


def _key(name: str) -> str:
    """The key *name*; what follows a colon in it was meant as its value, which may be a credential."""
    prefix, colon, value = name.partition(":")
    return shown(f"{prefix}:...") if colon and value else shown(name)


def _legal_keys(name: str, legal: Sequence[str]) -> str:
    prefix, colon, _ = name.partition(":")
    if colon and prefix in legal:
        return f"a space is missing after `{prefix}:`"
    return f"{did_you_mean(name, legal)} legal here: {', '.join(legal)}".strip()


def _missing_keys(slip: _Slip) -> None:
    """`required`, save what an unknown key was probably meant to be."""
    for name in cast("list[str]", slip.error.validator_value):
        # `pst` is a `post`, which needs no `get`.
        meant = (name, "post") if name == "get" else (name,)
        explained = any(slip.repairs.explains(slip.path, word) for word in meant)
        if slip.node.get(name) is None and not explained:
            about = _schema(slip.error).get("properties", CALL_KEYS)[name]
            message = f"`{name}` is missing. {about['description']}"
            example = f"for example {name}: {written(about['examples'][0])}"
            slip.report.error(slip.node.place, "TB011", message, example)
            slip.repairs.add(slip.path, name)


def _key_form(slip: _Slip) -> None:
    """`propertyNames`: the error's instance is the key itself."""
    name = str(slip.error.instance)
    place = slip.node.key_place(name)
    slip.report.error(place, "TB014", f"the key {shown(name)} should be {slip.title}")
    slip.repairs.dropped.add((*slip.path, name))


# --- values -------------------------------------------------------------------------------------


def _wrong_type(slip: _Slip) -> None:
    expected = _schema(slip.error).get("title", "a mapping")
    last = slip.path[-1] if slip.path else None
    called = _key(last) if isinstance(last, str) else label(slip.path)
    message = f"{called} should be {expected}; it is {found(slip.node)}"
    slip.say("TB012", message, _type_hint(slip, str(expected)))


def _type_hint(slip: _Slip, expected: str) -> str:
    value = slip.node.plain()
    if value is None:
        return _null_hint(slip)
    if isinstance(value, (dict, list)):
        return _collection_hint(slip, expected)
    if expected in EXPRESSIONS:
        return _literal_hint(slip, value)
    if not isinstance(value, str) and ("text" in expected or expected.startswith(QUOTED)):
        return "quote it"
    if expected.startswith("a whole number") or expected == "true or false":
        return f"write it without quotes and units; {slip.example}"
    return slip.example


def _null_hint(slip: _Slip) -> str:
    prefix, colon, _ = str(slip.path[-1]).partition(":") if slip.path else ("", "", "")
    if colon:
        return f"a space is missing after {shown(f'{prefix}:')}"
    return f"give it a value, or leave the key out; {slip.example}"


def _literal_hint(slip: _Slip, value: Any) -> str:
    if slip.path[:2] == ("ticket", "fields"):
        return f"a constant is written `{{const: {written(value)}}}`"
    return f'a literal in an expression stands in backticks, quoted: "`{written(value)}`"'


def _collection_hint(slip: _Slip, expected: str) -> str:
    """Brackets and braces may be an expression or a text for want of quotes."""
    text = "text" if expected.startswith("text") else ""
    noun = "expression" if expected in EXPRESSIONS else text
    source = str(getattr(slip.node, "source", ""))
    if noun and source:
        return f"quote this {noun}" + (f': "{source}"' if '"' not in source else "")
    if noun:
        return f"write one {noun}; {slip.example}"
    if expected.startswith("a list") and isinstance(slip.node, MapNode):
        return f"begin each entry with `- `; {slip.example}"
    if expected.startswith("a mapping"):
        return f"write its keys without `- `; {slip.example}"
    return slip.example


def _wrong_word(slip: _Slip) -> None:
    """`enum` and `const`."""
    value = slip.error.instance
    slip.say("TB013", f"{label(slip.path)} should be {slip.title}", _word_hint(slip, value))


def _word_hint(slip: _Slip, value: Any) -> str:
    if not isinstance(value, str):
        return slip.example
    if value.isdecimal():
        return "write it without quotes"
    legal = _schema(slip.error).get("enum", ())
    return did_you_mean(value, [word for word in legal if isinstance(word, str)]) or slip.example


def _wrong_form(slip: _Slip) -> None:
    """`pattern`, `minimum` and `maximum`."""
    if "propertyNames" in slip.error.absolute_schema_path:
        _key_form(slip)
        return
    slip.say("TB014", f"{label(slip.path)} should be {slip.title}", slip.example)


def _empty(slip: _Slip) -> None:
    """`minItems`, `minProperties` and `minLength`."""
    slip.say("TB015", f"{label(slip.path)} is empty", slip.example)


TRANSLATORS: Mapping[str, Callable[[_Slip], None]] = MappingProxyType(
    {
        "additionalProperties": _unknown_keys,
        "required": _missing_keys,
        "type": _wrong_type,
        "enum": _wrong_word,
        "const": _wrong_word,
        "pattern": _wrong_form,
        "minimum": _wrong_form,
        "maximum": _wrong_form,
        "minItems": _empty,
        "minProperties": _empty,
        "minLength": _empty,
    }
)
