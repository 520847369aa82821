"""What a cases file declares, as frozen values."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Literal
from urllib.parse import unquote, unquote_plus

import msgspec

from ticketbridge.jmes.values import equal
from ticketbridge.mapping.findings import Place
from ticketbridge.workbench.cases.xml_documents import is_same_document


@dataclass(frozen=True, slots=True)
class Target:
    """A path, segment by segment, and a query, both decoded."""

    path: tuple[str, ...]
    query: Mapping[str, Sequence[str]]

    @classmethod
    def of(cls, text: str) -> Target:
        """Return the target that *text* names, for example `/orders?email=a%40b.example`."""
        path, _, query = text.partition("?")
        values = _group_values(filter(None, query.split("&")), unquote)
        return cls(tuple(map(unquote, path.split("/"))), values)

    def fits(self, asked: Target) -> bool:
        """Return whether *asked* has this path, and each parameter given here with its values."""
        return self.path == asked.path and contains_given(self.query, asked.query)


def _group_values(pairs: Iterable[str], decode: Callable[[str], str]) -> dict[str, list[str]]:
    """Return the values of each name in *pairs* like `name=value`, all decoded."""
    values: dict[str, list[str]] = {}
    for pair in pairs:
        name, _, value = pair.partition("=")
        values.setdefault(decode(name), []).append(decode(value))
    return values


@dataclass(frozen=True, slots=True)
class JsonSent:
    """A JSON document that a request must carry: given members of objects, and lists whole."""

    given: Any

    def fits(self, content: bytes) -> bool:
        """Whether *content* is such a document."""
        try:
            return contains_given(self.given, msgspec.json.decode(content))
        except (msgspec.MsgspecError, ValueError):
            return False


@dataclass(frozen=True, slots=True)
class FormSent:
    """Parameters that a form must carry, each with all its values."""

    given: Mapping[str, Sequence[str]]

    def fits(self, content: bytes) -> bool:
        """Whether *content* is such a form."""
        pairs = content.decode("utf-8", "replace").split("&")
        return contains_given(self.given, _group_values(pairs, unquote_plus))


@dataclass(frozen=True, slots=True)
class CarriedSpec:
    """What a request must carry beside its target: *headers* by small names, and *query* parameters."""

    headers: Mapping[str, str]
    query: Mapping[str, Sequence[str]]

    def find_slips(self, headers: Mapping[str, str], target: Target) -> Iterator[CarriedSlip]:
        """Yield each difference between these *headers* and this *target* and what the case wants."""
        sent = {name.lower(): value for name, value in headers.items()}
        for name, value in self.headers.items():
            if sent.get(name) != value:
                yield CarriedSlip("header", name, value, sent.get(name))
        for name, values in self.query.items():
            found = target.query.get(name)
            if found != values:
                carried = None if found is None else ", ".join(found)
                yield CarriedSlip("parameter", name, ", ".join(values), carried)


@dataclass(frozen=True, slots=True)
class CarriedSlip:
    """A header or a parameter that is not as a case says; *sent* None: it is missing."""

    kind: Literal["header", "parameter"]
    name: str
    asked: str
    sent: str | None = field(repr=False)


@dataclass(frozen=True, slots=True)
class XmlSent:
    """An XML document that a request must carry, however it is written."""

    given: str

    def fits(self, content: bytes) -> bool:
        """Whether *content* is that document."""
        return is_same_document(self.given, content)


@dataclass(frozen=True, slots=True)
class TextSent:
    """A text that a request must carry, letter for letter."""

    given: str

    def fits(self, content: bytes) -> bool:
        """Whether *content* is that text."""
        return content == self.given.encode()


Sent = JsonSent | FormSent | XmlSent | TextSent


def name_target(asked: str, host: str | None) -> str:
    """Return what people call a target: `/orders`, or `files:/orders` on the host `files`."""
    return asked if host is None else f"{host}:{asked}"


def drop_parameters(asked: str, keys: Collection[str]) -> str:
    """Return the target *asked* without the parameters *keys*, which are credentials."""
    path, _, query = asked.partition("?")
    kept = [each for each in query.split("&") if unquote(each.partition("=")[0]) not in keys]
    return f"{path}?{'&'.join(kept)}" if any(kept) else path


def contains_given(given: Any, sent: Any) -> bool:
    """Whether *sent* equals *given*; in objects only the given members are compared."""
    if isinstance(given, Mapping) and isinstance(sent, Mapping):
        return all(
            name in sent and contains_given(value, sent[name]) for name, value in given.items()
        )
    return equal(given, sent)


@dataclass(frozen=True, slots=True)
class AnswerSpec:
    """One answer of the platform to one call.

    *asked* is the target as the file has it, and *host* the name of one of the mapping's hosts. With *sent*
    None the body of the request does not matter. *carried* is what the request must also have. *file* is the
    source of the content, if it is in its own file.
    """

    method: Literal["GET", "POST"]
    asked: str
    target: Target
    sent: Sent | None
    host: str | None
    carried: CarriedSpec
    status: int
    headers: tuple[tuple[str, str], ...]
    content: bytes
    file: Path | None
    place: Place

    def __str__(self) -> str:
        return f"{self.method} {name_target(self.asked, self.host)} (line {self.place.line})"

    @property
    def content_type(self) -> str:
        """The type of its content, or ""."""
        return next((value for name, value in self.headers if name.lower() == "content-type"), "")

    def fits(self, method: str, host: str | None, target: Target, content: bytes) -> bool:
        """Return whether this is the answer to a request of that *method*, *host*, *target* and body."""
        return (
            self.method == method
            and self.host == host
            and self.target.fits(target)
            and (self.sent is None or self.sent.fits(content))
        )


@dataclass(frozen=True, slots=True)
class ExpectSpec:
    """What menta tech must get; None for each part that the case does not mention.

    *body* is in a tuple of one, because a case may expect null.
    """

    tickets: list[Any] | None
    verdicts: Mapping[str, int] | None
    body: tuple[Any] | None
    problem: str | None


@dataclass(frozen=True, slots=True)
class SurvivorSpec:
    """A slip that no case can notice, and the *reason* why not."""

    name: str
    reason: str
    place: Place


@dataclass(frozen=True, slots=True)
class CaseSpec:
    """One case; *now* None takes the time of the run."""

    name: str
    user: str
    now: datetime | None
    answers: tuple[AnswerSpec, ...]
    expect: ExpectSpec
    place: Place


@dataclass(frozen=True, slots=True)
class CasesSpec:
    """A cases file: its cases in order, and the slips that none of them can notice."""

    cases: tuple[CaseSpec, ...]
    survivors: tuple[SurvivorSpec, ...]
