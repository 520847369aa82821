"""The OpenAPI description of the service for callers, made from mappings and their schemas.

It names no secret, no address of a platform, and nothing about how a mapping gets its tickets.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any, Final

from ticketbridge import __version__
from ticketbridge.contract import Validator, tickets_schema
from ticketbridge.contract.shape import resolve
from ticketbridge.engine.problems import (
    Forbidden,
    MethodNotAllowed,
    NotFound,
    ProblemError,
    Unauthorized,
    UnknownUser,
    list_problems,
)
from ticketbridge.mapping.spec import EndpointSpec, MappingSpec, ObjectSpec, UserFormat

Document = dict[str, Any]

_DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"
_SCHEMAS: Final = "#/components/schemas/"
_BUNDLED: Final = "Tickets"
_REQUEST_ID: Final = "[A-Za-z0-9._-]{1,128}"
_USERS: Final[Mapping[UserFormat, Document]] = {
    "email": {
        "type": "string",
        "format": "email",
        "maxLength": 254,
        "examples": ["ana@example.com"],
    },
    "phone": {"type": "string", "pattern": r"^\+?[0-9]{6,15}$", "examples": ["+34600111222"]},
    "any": {"type": "string", "minLength": 1, "maxLength": 254, "examples": ["4711"]},
}
"""The form of users. A pattern for all legal ones would be too complex for most tools."""
_TAKEN: Final[Mapping[UserFormat, str]] = {
    "email": "Letters of all scripts are taken. A `+` is a plus, encoded or not.",
    "phone": "Groups with one blank, `-`, `.` or `/` between them are taken too. A `+` is a plus.",
    "any": "No blank at an end, and no character that shows nothing.",
}
_DEEPEST: Final = 10  # a schema may contain itself
_NEVER: Final[tuple[type[ProblemError], ...]] = (NotFound, MethodNotAllowed)
"""Problems of other paths and methods."""


def describe_served(paths: Mapping[str, MappingSpec]) -> Document:
    """Return the OpenAPI 3.1 document of mappings by the paths at which they are served."""
    schemas: Document = {"Problem": _problem_schema()}
    schemes: Document = {}
    items: Document = {}
    for path, spec in paths.items():
        name = _add_body(spec, schemas)
        secured = _add_scheme(spec, schemes)
        items[path] = _path_item(spec, name, secured)
    title = next(iter(paths.values())).title if len(paths) == 1 else ""
    components = {"schemas": schemas, **({"securitySchemes": schemes} if schemes else {})}
    return {
        "openapi": "3.1.0",
        "jsonSchemaDialect": _DIALECT,
        "info": {
            "title": f"Tickets for resale: {title}" if title else "Tickets for resale",
            "version": __version__,
            "description": "Which valid tickets a user owns, asked live. No answer may be stored.",
        },
        "paths": items,
        "components": components,
    }


# --- the parts of the document --------------------------------------------------------------------


def _add_body(spec: MappingSpec, schemas: Document) -> str:
    """Add the schema of the mapping's body, and return its name there."""
    own = spec.response.schema
    name = _BUNDLED if own is None else f"{spec.platform}-answer"
    if name not in schemas:
        schemas[name] = _embedded(tickets_schema() if own is None else own, name)
    return name


def _embedded(schema: Mapping[str, Any], name: str) -> Any:
    """Return *schema* with its references changed for its place inside the document."""

    def rewritten(node: Any, *, top: bool = False) -> Any:
        if isinstance(node, list):
            return [rewritten(each) for each in node]
        if not isinstance(node, Mapping):
            return node
        made = {key: rewritten(value) for key, value in node.items()}
        reference = node.get("$ref")
        if isinstance(reference, str) and (reference == "#" or reference.startswith("#/")):
            made["$ref"] = f"{_SCHEMAS}{name}{reference[1:]}"
        if top:
            made.pop("$id", None)
            made.pop("$schema", None)
        return made

    return rewritten(schema, top=True)


def _add_scheme(spec: MappingSpec, schemes: Document) -> list[Document]:
    """Add the mapping's security scheme, and return the security requirement of its operations."""
    access = spec.endpoint.access
    if not access.secrets:
        return []
    name = f"{spec.platform}-secret"
    schemes[name] = {
        "type": "apiKey",
        "in": "header",
        "name": access.secret_header,
        "description": "The secret that both sides agreed on.",
    }
    return [{name: []}]


def _path_item(spec: MappingSpec, body: str, secured: list[Document]) -> Document:
    endpoint = spec.endpoint
    shared = {
        "parameters": [_user_parameter(endpoint), _request_id_parameter()],
        "get": {
            "operationId": f"getTickets-{spec.platform}",
            "summary": f"The valid tickets that a user of {spec.title or spec.platform} owns",
            "description": _fields_given(spec),
            "security": secured,
            "responses": _responses(spec, body, with_content=True),
        },
        "head": {
            "operationId": f"headTickets-{spec.platform}",
            "summary": "The same without its body",
            "security": secured,
            "responses": _responses(spec, body, with_content=False),
        },
    }
    if endpoint.access.allow:
        shared["description"] = "Only agreed addresses may ask."
    return shared


def _user_parameter(endpoint: EndpointSpec) -> Document:
    return {
        "name": endpoint.user_parameter,
        "in": "query",
        "required": True,
        "description": f"Whose tickets; given once. {_TAKEN[endpoint.user_format]}",
        "schema": _USERS[endpoint.user_format],
    }


def _request_id_parameter() -> Document:
    return {
        "name": "X-Request-Id",
        "in": "header",
        "required": False,
        "description": "Comes back in the answer; another one is made where it is missing or odd.",
        "schema": {"type": "string"},
    }


def _fields_given(spec: MappingSpec) -> str:
    """Say which fields tickets have here, beside those that the schema needs."""
    names = ", ".join(f"`{name}`" for name in _names(spec.ticket.fields))
    return f"Fields that tickets of this platform may have: {names}, `status`."


def _names(fields: ObjectSpec) -> list[str]:
    return [each.name for each in fields.fields if each.name != "status"]


# --- answers --------------------------------------------------------------------------------------


def _responses(spec: MappingSpec, body: str, *, with_content: bool) -> Document:
    made: Document = {"200": _success(spec, body, with_content=with_content)}
    if spec.response.when_empty == 204:
        made["204"] = {"description": "The user owns nothing.", "headers": _headers()}
    by_status: dict[int, list[type[ProblemError]]] = defaultdict(list)
    for kind in _problems_of(spec):
        by_status[kind.status].append(kind)
    for status, kinds in sorted(by_status.items()):
        made[str(status)] = _failure(kinds, with_content=with_content)
    return made


def _success(spec: MappingSpec, body: str, *, with_content: bool) -> Document:
    answer: Document = {
        "description": "The tickets; an empty list where the platform says that the user owns nothing.",
        "headers": {
            **_headers(),
            "X-Ticketbridge-Verdicts": {
                "description": "How many records of the platform were judged how.",
                "schema": {"type": "string", "examples": ["returned=3, not_eligible=1"]},
            },
        },
    }
    if with_content:
        media: Document = {"schema": _narrowed(spec, body)}
        example = _example_answer(spec)
        if example is not None:
            media["example"] = example
        answer["content"] = {"application/json": media}
    return answer


def _narrowed(spec: MappingSpec, body: str) -> Document:
    """Return the schema of the body, with the statuses that the mapping can give."""
    whole = {"$ref": f"{_SCHEMAS}{body}"}
    if spec.response.schema is not None:
        return whole
    status = {"properties": {"status": {"enum": _statuses(spec)}}}
    return {"allOf": [whole, {"properties": {"tickets": {"items": status}}}]}


def _statuses(spec: MappingSpec) -> list[str]:
    ticket = spec.ticket
    if ticket.ineligible == "omit":
        return ["VALID"]
    words = [str(each.value) for table in ticket.statuses for each in table.values.values()]
    reasons = [each.name.upper() for each in ticket.not_eligible_when]
    return list(dict.fromkeys(["VALID", *words, *reasons]))


def _failure(kinds: Sequence[type[ProblemError]], *, with_content: bool) -> Document:
    headers = _headers()
    if kinds[0].status == 503:
        headers["Retry-After"] = {
            "description": "Seconds.",
            "schema": {"type": "integer", "minimum": 1},
        }
    made: Document = {
        "description": "; ".join(f"`{kind.slug}`: {kind.title}" for kind in kinds) + ".",
        "headers": headers,
    }
    if with_content:
        types = {"properties": {"type": {"enum": [_type(kind) for kind in kinds]}}}
        made["content"] = {
            "application/problem+json": {
                "schema": {"allOf": [{"$ref": f"{_SCHEMAS}Problem"}, types]},
                "examples": {kind.slug: {"value": _example_problem(kind)} for kind in kinds},
            }
        }
    return made


def _headers() -> Document:
    return {
        "Cache-Control": {"schema": {"const": "no-store"}},
        "X-Content-Type-Options": {"schema": {"const": "nosniff"}},
        "X-Request-Id": {"schema": {"type": "string", "pattern": f"^{_REQUEST_ID}$"}},
    }


# --- problems -------------------------------------------------------------------------------------


def _problems_of(spec: MappingSpec) -> list[type[ProblemError]]:
    """Return the problems that a caller of the mapping may get, in the order of the tree."""
    access = spec.endpoint.access
    never = {
        *_NEVER,
        *(() if access.secrets else (Unauthorized,)),
        *(() if access.allow else (Forbidden,)),
        *(() if spec.response.when_unknown_user == 404 else (UnknownUser,)),
    }
    return [kind for kind in list_problems() if kind not in never]


def _type(kind: type[ProblemError]) -> str:
    return f"urn:ticketbridge:problem:{kind.slug}"


def _problem_schema() -> Document:
    return {
        "title": "Problem",
        "description": "An error (RFC 9457). It says nothing of the platform's inside.",
        "type": "object",
        "properties": {
            "type": {"type": "string", "format": "uri"},
            "title": {"type": "string"},
            "status": {"type": "integer", "minimum": 400, "maximum": 599},
            "detail": {"type": "string"},
            "instance": {"description": "The request's id.", "type": "string"},
            "retryable": {"description": "The same may do better later.", "type": "boolean"},
        },
        "required": ["type", "title", "status", "detail", "instance", "retryable"],
        "additionalProperties": False,
    }


def _example_problem(kind: type[ProblemError]) -> Document:
    return {
        "type": _type(kind),
        "title": kind.title,
        "status": kind.status,
        "detail": kind.title,
        "instance": "0d9f3c6ac0a54b8f8d2e0f2f2c1f6a11",
        "retryable": kind.retryable,
    }


# --- an example of an answer ----------------------------------------------------------------------


def _example_answer(spec: MappingSpec) -> Any:
    """Return an answer with one ticket, made from the schema's own examples; None if they do not suffice."""
    own = spec.response.schema
    schema = tickets_schema() if own is None else own
    made = _example(schema, schema)
    if own is None:  # with only the fields of this mapping
        given = {*_names(spec.ticket.fields), "status"}
        made["tickets"] = [
            {k: v for k, v in each.items() if k in given} for each in made["tickets"]
        ]
    return made if Validator(schema).fits(made) else None


def _example(schema: Any, root: Mapping[str, Any], depth: int = 0) -> Any:
    """Return a value of *schema* from `examples`, `const` and `enum`; None if it has none."""
    if not isinstance(schema, Mapping) or depth > _DEEPEST:
        return None
    schema = resolve(schema, root)
    known = [schema["const"]] if "const" in schema else schema.get("examples") or schema.get("enum")
    if isinstance(known, list) and known:
        return known[0]
    if schema.get("type") == "array":
        return [_example(schema.get("items"), root, depth + 1)]
    if schema.get("type") != "object":
        return None
    parts = schema.get("properties", {})
    made = {name: _example(part, root, depth + 1) for name, part in parts.items()}
    return {name: value for name, value in made.items() if value is not None}
