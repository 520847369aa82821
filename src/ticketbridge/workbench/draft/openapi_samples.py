"""An OpenAPI file of the platform as samples: made-up answers of the operation that gives tickets."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import count
from typing import Any

import msgspec

from ticketbridge.workbench.draft.documents import Document, is_paging
from ticketbridge.workbench.draft.platform_words import ID_WORDS
from ticketbridge.workbench.draft.record_lists import find_best_chain
from ticketbridge.workbench.draft.sent_bodies import list_keys
from ticketbridge.workbench.personal.personal_kinds import split_words, word_set
from ticketbridge.workbench.personal.standins import SOMEONE
from ticketbridge.workbench.samples import Sample, SampleError

_DEEPEST = 12
_MOST_ITEMS = 12
_USER = word_set("email mail user username customer q query search correo usuario only emails")
_AT = "2026-11-24T12:00:00Z"


@dataclass(frozen=True, slots=True)
class OpenapiSample:
    """A made-up document from an OpenAPI file, the lines of `auth`, and notes."""

    document: Document
    auth: Sequence[str]
    notes: Sequence[str]


def is_openapi(value: Any) -> bool:
    """Whether a document is an OpenAPI (or Swagger) description."""
    return (
        isinstance(value, dict) and bool({"openapi", "swagger"} & value.keys()) and "paths" in value
    )


def make_openapi_sample(
    spec: Mapping[str, Any], file: str, user: str, prefix: str
) -> OpenapiSample:
    """Return a sample of the operation whose answer looks most like tickets.

    Raises SampleError if no operation gives a list of objects. *prefix* begins the names of variables.
    """
    operations = sorted(_find_operations(spec), key=lambda one: -one.score)
    if not operations:
        raise SampleError(
            f"{file}: no GET of this OpenAPI file describes a JSON answer with a list of objects"
        )
    first = operations[0]
    target = first.target(user)
    sample = Sample(target, file, msgspec.json.encode(first.value))
    listed = "; ".join(f"GET {one.path}" for one in operations[1:4])
    notes = [
        f"From the OpenAPI file: GET {first.path}. No real answer was seen: the records are made up.",
        *([f"Other operations that could be meant: {listed}"] if listed else []),
    ]
    return OpenapiSample(Document(sample, first.value), _write_auth(spec, prefix), notes)


@dataclass(frozen=True, slots=True)
class _Operation:
    path: str
    parameters: Sequence[Mapping[str, Any]]
    value: Any
    score: float

    def target(self, user: str) -> str:
        path = self.path
        for parameter in self.parameters:
            if parameter.get("in") == "path" and _is_user(parameter):
                path = path.replace(f"{{{parameter['name']}}}", user)
        query = [
            f"{p['name']}={user if _is_user(p) else '1'}"
            for p in self.parameters
            if p.get("in") == "query" and (_is_user(p) or is_paging(str(p.get("name"))))
        ]
        return f"{path}?{'&'.join(query)}" if query else path


def _is_user(parameter: Mapping[str, Any]) -> bool:
    return not _USER.isdisjoint(split_words(str(parameter.get("name", ""))))


def _find_operations(spec: Mapping[str, Any]) -> Iterator[_Operation]:
    maker = _ValueMaker(spec)
    paths = spec["paths"]
    for path, item in paths.items() if isinstance(paths, dict) else ():
        operation = item.get("get") if isinstance(item, dict) else None
        if not isinstance(operation, dict):
            continue
        schema = _find_answer_schema(operation, maker)
        if schema is None:
            continue
        parameters = [
            maker.resolve(p)
            for p in (*item.get("parameters", ()), *operation.get("parameters", ()))
        ]
        value = maker.value(schema)
        chain = find_best_chain([value])
        if chain is not None:
            asks = 3.0 * any(map(_is_user, parameters))
            yield _Operation(path, parameters, value, chain.score + asks)


def _find_answer_schema(operation: Mapping[str, Any], maker: _ValueMaker) -> Any:
    """Return the schema of the answer with a 2xx status, in OpenAPI 3 or Swagger 2, or None."""
    responses = operation.get("responses") or {}
    for status in sorted(map(str, responses)):
        response = maker.resolve(responses.get(status) or {})
        if not status.startswith("2"):
            continue
        if "schema" in response:
            return response["schema"]
        for media_type, content in (response.get("content") or {}).items():
            if "json" in media_type and "schema" in content:
                return content["schema"]
    return None


# --- values of a schema ---------------------------------------------------------------------------


class _ValueMaker:
    """Makes a value for each schema; follows references within the file only."""

    def __init__(self, spec: Mapping[str, Any]) -> None:
        self._spec = spec
        self._numbers = count(1)
        self._turns = count()

    def resolve(self, part: Any) -> Mapping[str, Any]:
        """Return what a local reference stands for."""
        for _ in range(_DEEPEST):
            reference = part.get("$ref") if isinstance(part, dict) else None
            if not isinstance(reference, str) or not reference.startswith("#/"):
                break
            part = self._spec
            for key in list_keys(reference):
                part = part.get(key, {}) if isinstance(part, dict) else {}
        return part if isinstance(part, dict) else {}

    def value(self, schema: Any, name: str = "", depth: int = 0) -> Any:
        """Return a value that the schema allows; *name* says what it is if the schema does not."""
        part = self._merge(schema)
        if depth > _DEEPEST:
            return None
        kind = part.get("type")
        kind = next((k for k in kind if k != "null"), None) if isinstance(kind, list) else kind
        if "properties" in part or kind == "object":
            members = part.get("properties") or {}
            return {key: self.value(member, key, depth + 1) for key, member in members.items()}
        if "items" in part or kind == "array":
            number = min(_MOST_ITEMS, max(2, self._measure_longest_enum(part.get("items"), depth)))
            return [self.value(part.get("items") or {}, name, depth + 1) for _ in range(number)]
        return self._make_scalar(part, kind, name)

    def _merge(self, schema: Any) -> Mapping[str, Any]:
        """Return a schema merged with its parts; of several choices, with the first."""
        part = dict(self.resolve(schema))
        choices = [
            *part.pop("allOf", ()),
            *[(part.pop(key, None) or [None])[0] for key in ("oneOf", "anyOf")],
        ]
        for choice in filter(None, choices):
            other = self._merge(choice)
            properties = {**part.get("properties", {}), **other.get("properties", {})}
            part = {**other, **part} | ({"properties": properties} if properties else {})
        return part

    def _measure_longest_enum(self, schema: Any, depth: int) -> int:
        """Return how many elements are needed to show each word of each enumeration."""
        part = self._merge(schema or {})
        if depth > _DEEPEST:
            return 1
        members = (part.get("properties") or {}).values()
        longest = [self._measure_longest_enum(member, depth + 6) for member in members]
        return max([len(part.get("enum") or ()), *longest])

    def _make_scalar(self, part: Mapping[str, Any], kind: Any, name: str) -> Any:
        words = split_words(name)
        if part.get("enum"):
            return part["enum"][next(self._turns) % len(part["enum"])]
        if words and words[-1] in ID_WORDS:
            number = next(self._numbers)
            return number if kind in {"integer", "number"} else f"{words[0]}-{number}"
        if part.get("format") == "email" or "email" in words:
            return SOMEONE
        example = part.get(
            "example", next(iter(part.get("examples") or [None]), part.get("default"))
        )
        if example is not None:
            return example
        return self._make_plain(part, kind, words)

    def _make_plain(self, part: Mapping[str, Any], kind: Any, words: Sequence[str]) -> Any:
        if kind == "boolean":
            return False
        if kind == "integer":
            return 2500
        if kind == "number":
            return 12.5
        if part.get("format") in {"date-time", "date"}:
            return _AT
        if words and words[-1] in {"currency", "cur"}:
            return "EUR"
        return "text"


# --- credentials ----------------------------------------------------------------------------------


def _write_auth(spec: Mapping[str, Any], prefix: str) -> list[str]:
    """Return `auth` lines for the first security scheme that a mapping can express."""
    components = spec.get("components") or {}
    schemes = components.get("securitySchemes") or spec.get("securityDefinitions") or {}
    for name, scheme in schemes.items():
        line = _write_scheme(scheme if isinstance(scheme, dict) else {}, prefix)
        if line:
            return [f"auth: {line}  # likely: the scheme `{name}`"]
    return []


def _write_scheme(scheme: Mapping[str, Any], prefix: str) -> str:
    kind, way = str(scheme.get("type")), str(scheme.get("scheme")).lower()
    match kind, way:
        case ("http", "bearer"):
            return f'{{type: bearer, token: "${{{prefix}_TOKEN}}"}}'
        case ("http", "basic") | ("basic", _):
            return f'{{type: basic, username: "${{{prefix}_USER}}", password: "${{{prefix}_PASSWORD}}"}}'
        case ("apiKey", _):
            place, name = scheme.get("in"), scheme.get("name")
            return f'{{type: api_key, in: {place}, name: {name}, value: "${{{prefix}_KEY}}"}}'
        case ("oauth2", _):
            flow = (scheme.get("flows") or {}).get("clientCredentials") or {}
            url = flow.get("tokenUrl") or scheme.get("tokenUrl")
            client = f'client_id: "${{{prefix}_CLIENT_ID}}", client_secret: "${{{prefix}_CLIENT_SECRET}}"'
            return f'{{type: oauth2, token_url: "{url}", {client}}}' if url else ""
        case _:
            return ""
