"""Read strict YAML: from text to a tree of nodes with places.

The tree is built here, from the parser's events, because a mapping file has the rules of JSON: keys
are text, each key stands once, plain scalars are resolved as in JSON, and there are no references.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any, Protocol

import yaml

from ticketbridge.mapping.findings import Place, Report
from ticketbridge.mapping.places import LINE_BREAK, Piece, pieces_of
from ticketbridge.mapping.words import shown
from ticketbridge.mapping.yaml_nodes import (
    Broken,
    ListNode,
    MapNode,
    Node,
    NumberError,
    Scalar,
    resolve_plain,
)
from ticketbridge.mapping.yaml_slips import Slip, Spot, cut_in_flow, explain

MAX_DEPTH = 32
SURROGATE = re.compile("[\ud800-\udfff]")
SHOWN = 60


class Mark(Protocol):
    """A position of PyYAML in the text, counted from 0."""

    line: int
    column: int
    index: int


class _Stop(Exception):
    """Raised if the rest of the file cannot be read. The message says why."""

    def __init__(self, place: Place, code: str, message: str, suggestion: str = "") -> None:
        self.place = place
        self.code = code
        self.suggestion = suggestion
        super().__init__(message)


def read_yaml(text: str, file: str, report: Report) -> Node:
    """Return the tree of the one document in *text*. Mistakes in it go to *report*."""
    try:
        return _Composer(_Events(text, file), report).document()
    except _Stop as stop:
        report.error(stop.place, stop.code, str(stop), stop.suggestion)
        return Broken(stop.place)


class _Events:
    """The parser's events. Each syntax error becomes a _Stop with a message for people."""

    def __init__(self, text: str, file: str) -> None:
        self.text = text
        self.file = file
        self.lines = LINE_BREAK.split(text)
        self._last: yaml.Event | None = None
        try:
            self._loader: Any = yaml.SafeLoader(text)
        except yaml.reader.ReaderError as error:
            before = LINE_BREAK.split(text[: error.position])
            place = Place(file, len(before), len(before[-1]) + 1)
            message = f"the character U+{ord(text[error.position]):04X} is not allowed in YAML"
            raise _Stop(place, "TB002", message) from None

    def next(self) -> yaml.Event:
        """Return the next event. Raises _Stop if there is a syntax error."""
        try:
            event: yaml.Event = self._loader.get_event()
        except yaml.MarkedYAMLError as error:
            slip = explain(self._slip(error))
            raise _Stop(self.place(slip.spot), "TB002", slip.message, slip.suggestion) from None
        except (ValueError, OverflowError):
            # PyYAML hands the digits of a \U escape to chr() as they are.
            place = self.place(self._spot(self._loader.get_mark()))
            raise _Stop(place, "TB002", "this escape stands for no character") from None
        self._last = event
        return event

    def place(self, spot: Spot) -> Place:
        """Return the place in the file of *spot*."""
        return Place(self.file, spot.line + 1, spot.column + 1)

    def start(self, event: yaml.Event) -> Place:
        """Return the place where *event* begins."""
        return self.place(self._spot(event.start_mark))

    def between(self, start: yaml.Event, end: yaml.Event) -> str:
        """Return the text from the beginning of *start* to the end of *end*."""
        first, last = start.start_mark, end.end_mark
        return self.text[first.index : last.index] if first and last else ""

    @staticmethod
    def _spot(mark: Mark | None) -> Spot:
        return Spot(mark.line, mark.column) if mark else Spot(0, 0)

    def _slip(self, error: yaml.MarkedYAMLError) -> Slip:
        last = self._last
        closed = isinstance(last, yaml.ScalarEvent) and last.style in {"'", '"'}
        mark = error.problem_mark or self._loader.get_mark()
        return Slip(
            problem=error.problem or "",
            context=error.context or "",
            spot=self._spot(mark),
            context_spot=self._spot(error.context_mark) if error.context_mark else None,
            lines=self.lines,
            closed_from=self._spot(last.start_mark) if closed and last else None,
            closed_at=self._spot(last.end_mark) if closed and last else None,
        )


class _Composer:
    """Builds nodes from events; the recursion is bounded by MAX_DEPTH."""

    def __init__(self, events: _Events, report: Report) -> None:
        self._events = events
        self._report = report

    def document(self) -> Node:
        """Return the one document of the stream. Report an empty file, and a second document."""
        self._events.next()
        event = self._events.next()
        if isinstance(event, yaml.StreamEndEvent):
            self._report.error(self._events.start(event), "TB015", "the file is empty")
            return Broken(self._events.start(event))
        root = self.node(self._events.next(), 1)
        self._events.next()
        event = self._events.next()
        if not isinstance(event, yaml.StreamEndEvent):
            message = "a second document begins here; a mapping file has one"
            self._report.error(self._events.start(event), "TB002", message)
        return root

    def node(self, event: yaml.Event, depth: int) -> Node:
        """Return the node that begins with *event*. Raises _Stop if it is nested too deep."""
        place = self._events.start(event)
        if depth > MAX_DEPTH:
            raise _Stop(place, "TB005", f"nested more than {MAX_DEPTH} levels deep")
        refused = self._refuse_references(event, place)
        match event:
            case yaml.ScalarEvent() if not refused:
                return self._scalar(event, place)
            case yaml.SequenceStartEvent():
                return self._list(event, place, depth)
            case yaml.MappingStartEvent():
                return self._mapping(event, place, depth)
            case _:
                return Broken(place)

    def _refuse_references(self, event: yaml.Event, place: Place) -> bool:
        """Return whether *event* has an anchor, an alias or a tag, and report it.

        It may be an expression that lacks its quotes: `*`, `&` and `!` begin expressions too.
        """
        what = _reference(event)
        if what:
            nested = isinstance(event, yaml.CollectionStartEvent)
            text = "write the value itself" if nested else "quote this expression"
            self._report.error(place, "TB004", f"{what} are refused", text)
        return bool(what)

    def _list(self, event: yaml.SequenceStartEvent, place: Place, depth: int) -> ListNode:
        entries: list[Node] = []
        while not isinstance(following := self._events.next(), yaml.SequenceEndEvent):
            entries.append(self.node(following, depth + 1))
        return ListNode(place, tuple(entries), self._source(event, following))

    def _mapping(self, event: yaml.MappingStartEvent, place: Place, depth: int) -> MapNode:
        entries: dict[str, tuple[Scalar, Node]] = {}
        while not isinstance(following := self._events.next(), yaml.MappingEndEvent):
            key = self._key(following, depth + 1)
            value = self._value(key, depth + 1)
            if key is None:
                continue
            name = str(key.value)
            if name in entries:
                first = entries[name][0].place.line
                message = f"{shown(name)} stands twice: here and on line {first}"
                self._report.error(key.place, "TB003", message, "keep one of them")
                continue
            entries[name] = (key, value)
        if event.flow_style:
            self._refuse_cut_expressions(entries)
        return MapNode(place, entries, self._source(event, following))

    def _refuse_cut_expressions(self, entries: dict[str, tuple[Scalar, Node]]) -> None:
        """Report each expression without quotes that YAML has cut into pieces, as one finding.

        YAML reads `{a: f(x, y)}` as the text `f(x`, and a key `y)` without a value.
        """
        pairs = list(entries.items())
        for at, (name, (key, value)) in enumerate(pairs):
            rest = _rest_of(value, pairs[at + 1 :])
            if rest:
                self._report.error(value.place, "TB002", *cut_in_flow(name))
                entries[name] = (key, Broken(value.place))
            for cut in rest:
                del entries[cut]

    def _key(self, event: yaml.Event, depth: int) -> Scalar | None:
        """Return the key as text, or None if a finding was reported."""
        place = self._events.start(event)
        if not isinstance(event, yaml.ScalarEvent):
            _Composer(self._events, Report()).node(event, depth)  # one slip, one finding
            message = "a key is text, and no list, mapping or alias"
            self._report.error(place, "TB006", message, "quote a text that begins with `{` or `[`")
            return None
        if event.value == "<<" and event.implicit[0]:
            message = "merge keys are refused"
            self._report.error(place, "TB004", message, "write the keys themselves")
            return None
        self._refuse_references(event, place)
        self._refuse_surrogates(event.value, place)
        return Scalar(place, event.value, self._pieces(event))

    def _value(self, key: Scalar | None, depth: int) -> Node:
        """Return the value of *key*. If the key was refused, nothing below it is reported."""
        report = Report() if key is None else self._report
        return _Composer(self._events, report).node(self._events.next(), depth)

    def _scalar(self, event: yaml.ScalarEvent, place: Place) -> Node:
        if not self._refuse_surrogates(event.value, place):
            return Broken(place)
        if event.style is not None:
            return Scalar(place, event.value, self._pieces(event))
        try:
            value = resolve_plain(event.value)
        except NumberError as error:
            self._report.error(place, "TB007", str(error), "quote it to keep it as text")
            return Broken(place)
        return Scalar(place, value, self._pieces(event))

    def _refuse_surrogates(self, text: str, place: Place) -> bool:
        if not SURROGATE.search(text):
            return True
        message = "this escape is half a character"
        self._report.error(place, "TB007", message, "write the character itself, or \\UXXXXXXXX")
        return False

    def _source(self, start: yaml.CollectionStartEvent, end: yaml.Event) -> str:
        """Return the text of a list in brackets or of a mapping in braces if it is short, else ""."""
        text = self._events.between(start, end)
        return text if start.flow_style and len(text) <= SHOWN and "\n" not in text else ""

    def _pieces(self, event: yaml.ScalarEvent) -> tuple[Piece, ...]:
        source = self._events.between(event, event)
        return pieces_of(source, event.value, event.style or None, self._events.start(event))


def _rest_of(value: Node, following: Iterable[tuple[str, tuple[Scalar, Node]]]) -> list[str]:
    """Return the keys that continue the plain text *value*, up to the one that closes its parentheses."""
    depth = _opens(str(value.value)) if isinstance(value, Scalar) else 0
    rest: list[str] = []
    for name, (_, empty) in following:
        if depth <= 0 or not (isinstance(empty, Scalar) and empty.value is None):
            break
        rest.append(name)
        depth += _opens(name)
    return rest if depth <= 0 else []


def _opens(text: str) -> int:
    """Return how many parentheses *text* leaves open."""
    return text.count("(") - text.count(")")


def _reference(event: yaml.Event) -> str:
    if isinstance(event, yaml.AliasEvent):
        return "aliases (`*name`)"
    if getattr(event, "anchor", None) is not None:
        return "anchors (`&name`)"
    if getattr(event, "tag", None) is not None:
        return "tags (`!name`)"
    return ""
