"""Records which values of the platform's answers a mapping's expressions read."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Sequence
from decimal import Decimal
from typing import Any

from ticketbridge.jmes import Expression
from ticketbridge.mapping.spec import ExpressionSpec
from ticketbridge.mapping.spec_compiler import Scope
from ticketbridge.workbench.cases.runner import Watch
from ticketbridge.workbench.personal.personal_kinds import PersonalKind
from ticketbridge.workbench.record.evaluation import Evaluation, Noting
from ticketbridge.workbench.record.slots import Slots, Use

Path = tuple[str, ...]
"""The keys that lead to a value; positions in lists are left out."""

_Leaf = tuple[Path, type, Any]


class Reads(Noting):
    """The values that were read, by path, and their uses.

    Two equal values at the same path of two elements count as one: reading one reveals the other.
    """

    def __init__(self) -> None:
        self.made: set[tuple[Any, PersonalKind]] = set()
        self._uses: dict[_Leaf, set[Use | PersonalKind]] = defaultdict(set)
        self._keys: set[tuple[Path, str]] = set()
        self._paths: dict[int, Path] = {}
        self._members: dict[int, Sequence[Any]] = {}
        self._held: list[Any] = []
        self._inner: set[str] = set()

    def uses(self, path: Path, value: Any) -> Collection[Use | PersonalKind]:
        """Return the uses of *value* at *path*; nothing if it was not read."""
        return self._uses.get(_make_leaf(path, value), ())

    def has_read_key(self, path: Path, key: str) -> bool:
        """Whether *key* itself, in the object at *path*, was read as a value."""
        return (path, key) in self._keys

    def note(self, container: Any, value: Any, key: str | None, use: Use | PersonalKind) -> None:
        """Note that *value* was read in *container*: under *key*, or as an element of a list."""
        container = self._holder(container, key)
        path = self._paths.get(id(container))
        if path is not None:
            self._uses[_make_leaf(path if key is None else (*path, key), value)].add(use)

    def note_key(self, container: Any, key: str) -> None:
        """Note that *key* of *container* was read."""
        path = self._paths.get(id(self._holder(container, key)))
        if path is not None:
            self._keys.add((path, key))

    def note_merged(self, made: dict[str, Any], containers: Sequence[Any]) -> None:
        """Note that the members of *made* come from *containers*, from the last that has the key."""
        self._members[id(made)] = containers
        self._held.append(made)

    def _holder(self, container: Any, key: str | None) -> Any:
        for one in reversed(self._members.get(id(container), ())):
            if isinstance(one, dict) and key in one:
                return self._holder(one, key)
        return container

    def note_document(self, text: str, document: Any) -> None:
        """Note that *document* was read in *text*: its parts have paths of their own."""
        self._inner.add(text.strip())
        self._learn_paths_below(document, find_inner_path(text))

    def has_document(self, text: str) -> bool:
        """Whether a document was read in *text*."""
        return text.strip() in self._inner

    def learn_twin(self, known: Any, other: Any) -> None:
        """Learn that the parts of *other* have the same paths as those of *known*, which is equal."""
        path = self._paths.get(id(known))
        if path is not None and id(other) not in self._paths:
            self._learn_paths_below(other, path)
        elif isinstance(known, dict) and isinstance(other, dict):
            for key in known.keys() & other.keys():
                self.learn_twin(known[key], other[key])
        elif isinstance(known, list) and isinstance(other, list):
            for one, another in zip(known, other, strict=False):
                self.learn_twin(one, another)

    def learn_paths(self, document: Any) -> None:
        """Learn the paths of all parts of *document*."""
        if id(document) not in self._paths and isinstance(document, dict | list):
            self._learn_paths_below(document, ())

    def _learn_paths_below(self, value: Any, path: Path) -> None:
        if not isinstance(value, dict | list):
            return
        self._paths[id(value)] = path
        self._held.append(value)  # so that no other value gets its id
        if isinstance(value, dict):
            for key, member in value.items():
                self._learn_paths_below(member, (*path, key))
        else:
            for member in value:
                self._learn_paths_below(member, path)


def find_inner_path(text: str) -> Path:
    """Return the path of the document inside of *text*."""
    return ("the document in", text.strip())


def _make_leaf(path: Path, value: Any) -> _Leaf:
    if isinstance(value, str):
        return path, str, value.strip()
    return path, type(value), str(value) if isinstance(value, float | Decimal) else value


def watch_reads(slots: Slots, reads: Reads) -> Watch:
    """Return what lets expressions note in *reads* what they read, before each evaluation."""

    def watch(made: Expression, spec: ExpressionSpec, _roots: Collection[str]) -> Expression:
        use = slots.get(spec, Use.DECIDES)
        if use is Use.NOTHING:
            return made
        # Announced, so that it is read although its value may be an error.
        latest: list[Any] = []
        read = made.with_announcement(_make_reader(made, use, reads, latest))
        return read.with_watch(lambda _, given: reads.learn_twin(latest[0], given))

    return watch


def _make_reader(
    expression: Expression, use: Use | PersonalKind, reads: Reads, latest: list[Any]
) -> Callable[[Scope], None]:
    """Return a function that reads like *expression*, and leaves the value in *latest*."""

    def read(scope: Scope) -> None:
        reads.learn_paths(scope.get("body"))
        value = Evaluation(scope, reads, use).of(expression)
        latest[:] = [value]
        if isinstance(use, PersonalKind):
            reads.made.update((each, use) for each in _find_scalars(value))

    return read


def _find_scalars(value: Any) -> Collection[str | int]:
    if isinstance(value, list):
        return {each for member in value for each in _find_scalars(member)}
    if isinstance(value, dict):
        return _find_scalars(list(value.values()))
    return {value} if isinstance(value, str | int) and not isinstance(value, bool) else ()
