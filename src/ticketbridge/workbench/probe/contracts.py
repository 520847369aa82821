"""Read an answer's tickets, and check them against a contract, without showing personal data."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Literal

from ticketbridge.contract import Breach, Validator, tickets_schema
from ticketbridge.contract.shape import Schema, resolve
from ticketbridge.engine.upstream.answer_formats import Unreadable, read_json_answer
from ticketbridge.engine.upstream.messages import PlatformAnswer
from ticketbridge.workbench.probe.caller import Heard
from ticketbridge.workbench.probe.probe_findings import ProbeFinding, finding

ContractName = Literal["tickets", "lite"]
CONTRACTS: Final[Sequence[ContractName]] = ("tickets", "lite")
ID_NAMES: Final = ("ticketId", "ticket_id", "id", "code", "uuid")
_LITE: Final[Schema] = {
    "type": "array",
    "items": {
        "type": "object",
        "properties": {name: {"type": "string", "minLength": 1} for name in ID_NAMES},
        "anyOf": [{"required": [name]} for name in ID_NAMES],
    },
}
_IDS: Final = ("externalReferenceEventId", "showId", "ticketOptionId", "priceTypeId")
_SHOWN: Final = frozenset({*_IDS, *ID_NAMES, "price", "currency", "status"})
"""Fields whose values may be shown, because they are not personal."""
_LONGEST = 60


@dataclass(frozen=True, slots=True)
class TicketsAnswer:
    """An answer that was read: its *tickets*, by their ids if they have them."""

    tickets: Sequence[Mapping[str, Any]] = field(repr=False)
    user: object = field(default=None, repr=False)

    @property
    def by_id(self) -> dict[str, Mapping[str, Any]]:
        """The tickets by their ids; tickets without an id are left out."""
        return {found: each for each in self.tickets if (found := id_of(each)) is not None}

    @property
    def ids(self) -> frozenset[str]:
        """The ids of its tickets."""
        return frozenset(self.by_id)


def id_of(ticket: Mapping[str, Any]) -> str | None:
    """Return a ticket's id as text, or None."""
    found = next((ticket[name] for name in ID_NAMES if name in ticket), None)
    return str(found) if isinstance(found, str | int) else None


def fixed_ids(ticket: Mapping[str, Any]) -> dict[str, Any]:
    """Return the ids of a ticket that never change."""
    return {name: ticket[name] for name in _IDS if name in ticket}


class Contract:
    """What a correct answer looks like: the bundled schema, the older bare array, or a given schema."""

    def __init__(self, name: ContractName, schema: Schema | None = None) -> None:
        """*schema* replaces that of *name*. Raises ValueError if it is not a schema."""
        self.is_lite = name == "lite"
        own = _LITE if self.is_lite else tickets_schema()
        self._schema: Schema = own if schema is None else schema
        self._validator = Validator(self._schema)

    def says_nothing(self, heard: Heard) -> bool:
        """Return whether the status says that the user owns nothing: 204, or 404 (unknown user)."""
        return self.is_lite and heard.status in {204, 404}

    def read(self, heard: Heard) -> TicketsAnswer | None:
        """Return the tickets in an answer with status 200, even wrong ones, or None if it has none."""
        if self.says_nothing(heard):
            return TicketsAnswer(())
        if heard.status != 200:
            return None
        document = _document(heard)
        tickets = document.get("tickets") if isinstance(document, dict) else document
        if not isinstance(tickets, list) or not all(isinstance(each, dict) for each in tickets):
            return None
        user = document.get("userEmail") if isinstance(document, dict) else None
        return TicketsAnswer(tickets, user)

    def judge(self, heard: Heard, user: str) -> Iterator[ProbeFinding]:
        """Yield all that is wrong in an answer of status 200 to *user*, each kind of mistake once."""
        if heard.media_type != "application/json":
            got = heard.media_type or "no content type"
            yield finding("content-type", "The answer does not say that it is JSON", got)
        document = _document(heard)
        if isinstance(document, Unreadable):
            yield finding("not-json", "The answer cannot be read", document.reason)
            return
        yield from self._breaches(document)
        answer = self.read(heard)
        if answer is None:
            return
        if not self.is_lite and isinstance(answer.user, str) and answer.user != user:
            yield finding("user-changed", "`userEmail` is not the asked user", "another text")
        ids = Counter(filter(None, map(id_of, answer.tickets)))
        if twice := sorted(each for each, number in ids.items() if number > 1):
            yield finding("duplicate-id", "An id comes more than once", _short(", ".join(twice)))

    def _breaches(self, document: object) -> Iterator[ProbeFinding]:
        seen: set[tuple[str, str]] = set()
        for breach in self._validator.breaches(document):
            if (breach.field, breach.rule) in seen:
                continue
            seen.add((breach.field, breach.rule))
            yield finding(
                "contract",
                f"The answer {breach}",
                _got(document, breach),
                expected=self._expected(breach),
            )

    def _expected(self, breach: Breach) -> str:
        if breach.rule == "required":
            return f"`{breach.path[-1]}` is there"
        if breach.rule == "additionalProperties":
            return "no field beside those of the contract"
        schema: Schema = resolve(self._schema, self._schema)
        for step in breach.path:
            inner = schema.get("properties", {}).get(step) if isinstance(step, str) else None
            schema = resolve(schema.get("items", {}) if inner is None else inner, self._schema)
        rule = schema.get(breach.rule)
        told = f"{schema.get('type', 'a value')}"
        if breach.rule not in {"type", "not"} and rule is not None:
            told += f" with `{breach.rule}` {_short(str(rule))}"
        return f"{told}: {schema['description']}" if "description" in schema else told


def _document(heard: Heard) -> Any:
    """Return the JSON document, or Unreadable."""
    headers = {name.lower(): value for name, value in heard.headers.items()}
    answer = PlatformAnswer(heard.status, headers, heard.content)
    return read_json_answer(answer, any_content_type=True)


def _got(document: object, breach: Breach) -> str:
    """Return the type of the value at *breach*, and the value itself if it is not personal."""
    value: Any = document
    for step in breach.path:
        try:
            value = value[step]
        except (KeyError, IndexError, TypeError):
            return "a field that is not known" if breach.rule != "required" else "nothing"
    return value_in_words(breach.field.rpartition(".")[2], value)


def value_in_words(name: str, value: object) -> str:
    """Return the type of the value of the field *name*, and the value itself if it is not personal."""
    kinds = {bool: "boolean", str: "text", list: "list", dict: "object", type(None): "null"}
    kind = kinds.get(type(value), "number")
    if name not in _SHOWN or isinstance(value, list | dict | None):
        return kind
    return f"{kind} {_short(str(value))}"


def _short(text: str) -> str:
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"
