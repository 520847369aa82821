"""Declare each key of the mapping language once, beside the member of the spec that it fills.

    @declared
    class BreakerSpec(Declared):
        failures: int = key(whole(1, 10_000), "So many failures in a row.", 10, absent=10)

The declaration has the key's name, kind, text, example and default. Three things are made from it:
the schema and the reference (`schema`), the words of findings (`structure`), and the value (`build`).

To add a key, declare it, use it where it has its effect, and test it. Then generate one file again:

    ticketbridge schema mapping > src/ticketbridge/mapping/mapping.schema.json
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import Field, dataclass, field, fields, replace
from typing import Any, ClassVar, Generic, TypeVar, cast, dataclass_transform, overload

from ticketbridge.mapping.read_context import Context
from ticketbridge.mapping.words import written
from ticketbridge.mapping.yaml_nodes import Broken, MapNode, Node, node_of

T = TypeVar("T")
U = TypeVar("U")
NEEDED = object()
"""Marks a key as required, in place of a default."""
_MEMBER = "key"


class NoValueError(Exception):
    """Raised for a value that was reported, or whose variable is not set. Its key then takes the default."""


@dataclass(frozen=True, slots=True, eq=False)
class ValueKind(Generic[T]):
    """A kind of value: what people call it, its JSON Schema, and how it is read.

    In *schema*, a ValueKind or a Key stands for its own schema. The schema of a kind with *define*
    stands once, in `$defs`. A kind with *heading* has *keys*, and a section of the reference.
    """

    title: str
    schema: Mapping[str, Any]
    read: Callable[[Node, Context, str], T]
    define: str = ""
    text: str = ""
    examples: tuple[Any, ...] = ()
    heading: str = ""
    keys: tuple[Key, ...] = ()

    def reading(self, read: Callable[[Node, Context, str], U]) -> ValueKind[U]:
        """Return a copy of the kind that is read by *read*. It looks the same in a file."""
        return replace(cast("ValueKind[Any]", self), read=read)

    def showing(self, *examples: Any) -> ValueKind[T]:
        """Return a copy of the kind with these *examples*."""
        return replace(self, examples=examples)


@dataclass(frozen=True, slots=True, eq=False)
class Key:
    """A declared key. *absent* is the value that a file without the key gets, written as in a file."""

    name: str
    kind: ValueKind[Any]
    text: str
    examples: tuple[Any, ...]
    absent: Any = NEEDED

    @property
    def is_needed(self) -> bool:
        """Whether the key is required."""
        return self.absent is NEEDED

    @property
    def default(self) -> Any:
        """The value to show as the default, or None if there is none to show."""
        if self.absent == {}:
            shown = {key.name: key.default for key in self.kind.keys if key.default is not None}
            return shown or None
        return None if self.absent in (NEEDED, [], "") else self.absent

    @property
    def description(self) -> str:
        """The text of the key, and its default."""
        default = self.default
        shown = default if isinstance(default, str) else written(default)
        return self.text if default is None else f"{self.text} Default: `{shown}`."

    def read(self, parent: Node, context: Context) -> Any:
        """Return the value of the key in the mapping *parent*, or its default if it is absent or wrong.

        If the key has no default, a wrong value gives None. If the key is required, it gives the example.
        """
        node = parent.get(self.name) or (Broken(parent.place) if self.is_needed else None)
        if node is None and self.absent is None:
            return None
        has_default = not self.is_needed and self.absent is not None
        if node is not None and not (has_default and isinstance(node, Broken)):
            try:
                return self.kind.read(node, context, self.name)
            except NoValueError:
                if self.absent is None:
                    return None
        stand_in = self.examples[0] if self.is_needed else self.absent
        return self.kind.read(node_of(stand_in, (node or parent).place), context, self.name)


# --- specs ----------------------------------------------------------------------------------------


class Declared:
    """Base class of specs whose members are keys. `declared` makes such a spec a frozen dataclass."""

    __slots__ = ()
    __dataclass_fields__: ClassVar[dict[str, Field[Any]]]


S = TypeVar("S", bound=Declared)


@overload
def key(kind: ValueKind[T], text: str, *examples: Any, name: str = "") -> T | None: ...
@overload
def key(kind: ValueKind[T], text: str, *examples: Any, name: str = "", absent: object) -> T: ...
def key(kind: ValueKind[Any], text: str, *examples: Any, name: str = "", absent: Any = None) -> Any:
    """Declare the key that fills a member of a spec. *name* is its name in the file, if that is another.

    *absent* is the value that a file without the key gets. Without *examples* it is the example too.
    """
    shown = examples or (absent,)
    return field(metadata={_MEMBER: Key(name, kind, text, shown, absent)})


def needed(kind: ValueKind[T], text: str, *examples: Any, name: str = "") -> T:
    """Declare a key that is required."""
    return key(kind, text, *examples, name=name, absent=NEEDED)


@dataclass(frozen=True, slots=True)
class _Inline:
    """A member of a spec whose keys stand beside the keys of its owner.

    *reworded* has other texts and examples for some of them.
    """

    spec: type[Declared]
    reworded: Mapping[str, tuple[Any, ...]]

    def keys(self) -> Iterator[Key]:
        for name, each in keys_of(self.spec).items():
            text, *examples = self.reworded.get(name, (each.text, *each.examples))
            yield replace(each, text=text, examples=tuple(examples))

    def read(self, node: Node, context: Context) -> Any:
        return build(self.spec, node, context)


def inline(spec: type[S], **reworded: tuple[Any, ...]) -> S:
    """Declare a member whose keys stand beside the others. *reworded* gives them other texts and examples."""
    return cast("S", field(metadata={_MEMBER: _Inline(spec, reworded)}))


class _Here:
    """The member `place`: the place of the mapping in its file."""

    def keys(self) -> Iterator[Key]:
        yield from ()

    def read(self, node: Node, _context: Context) -> Any:
        return node.place


_MEMBERS: dict[type[Any], Mapping[str, Key | _Inline | _Here]] = {}


@dataclass_transform(frozen_default=True, field_specifiers=(key, needed, inline, field))
def declared(cls: type[S]) -> type[S]:
    """Make *cls* a frozen dataclass of its keys."""
    spec = dataclass(frozen=True, slots=True)(cls)
    members: dict[str, Key | _Inline | _Here] = {}
    for each in fields(spec):
        member = each.metadata.get(_MEMBER)
        if isinstance(member, Key):
            member = replace(member, name=member.name or each.name)
        if member is not None or each.name == "place":
            members[each.name] = member or _Here()
    _MEMBERS[spec] = members
    return spec


def keys_of(spec: type[Declared]) -> dict[str, Key]:
    """Return the keys of *spec* by name, in order, including those of its inline members."""
    found: dict[str, Key] = {}
    for member in _MEMBERS[spec].values():
        for each in (member,) if isinstance(member, Key) else member.keys():
            found[each.name] = each
    return found


def name_of(spec: type[Any], member: str) -> str:
    """Return the name that *member* of *spec* has in the file, or "" if its keys stand beside the others."""
    found = _MEMBERS.get(spec, {}).get(member)
    return found.name if isinstance(found, Key) else "" if found else member


def build(spec: type[S], node: Node, context: Context) -> S:
    """Return the *spec* that *node* declares. Values that were reported get stand-ins."""
    return spec(**{name: member.read(node, context) for name, member in _MEMBERS[spec].items()})


def closed(*keys: Key, **more: Any) -> dict[str, Any]:
    """Return the schema of a mapping that has these *keys* and no other."""
    needed = [each.name for each in keys if each.is_needed]
    return {
        "type": "object",
        **({"required": needed} if needed else {}),
        "additionalProperties": False,
        **more,
        "properties": {each.name: each for each in keys},
    }


def has_word(key: str, word: str) -> dict[str, Any]:
    """Return the condition that a mapping has the *word* under *key*, for the `if` of a schema."""
    return {"type": "object", "required": [key], "properties": {key: {"const": word}}}


def mapping_of(
    spec: type[S],
    title: str = "a mapping",
    *,
    define: str = "",
    heading: str = "",
    check: Callable[[S, Node, Context], None] | None = None,
    **more: Any,
) -> ValueKind[S]:
    """Return the kind of a mapping that declares a *spec*.

    *check* reports keys that do not fit together. *more* has further keywords of its schema.
    """

    def read(node: Node, context: Context, _name: str) -> S:
        made = build(spec, node, context)
        if check is not None and isinstance(node, MapNode):
            check(made, node, context)
        return made

    keys = tuple(keys_of(spec).values())
    return ValueKind(title, closed(*keys, **more), read, define, heading=heading, keys=keys)
