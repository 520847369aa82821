"""Drafts from an OpenAPI file of the platform."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from ticketbridge.workbench.draft.command import make_draft
from ticketbridge.workbench.samples import SampleError

TICKET = {
    "type": "object",
    "properties": {
        "id": {"type": "integer"},
        "status": {"type": "string", "enum": ["PAID", "CANCELLED", "FOO"]},
        "event": {"$ref": "#/components/schemas/Event"},
        "zone_id": {"type": "string"},
        "amount_cents": {"type": "integer"},
        "currency": {"type": "string"},
        "email": {"type": "string", "format": "email"},
        "cancelled": {"type": "boolean"},
        "bought_at": {"type": "string", "format": "date-time"},
        "note": {"type": ["string", "null"], "example": "hello"},
        "weight": {"type": "number"},
    },
}
SPEC: dict[str, Any] = {
    "openapi": "3.1.0",
    "paths": {
        "/customers/{email}/tickets": {
            "parameters": [{"$ref": "#/components/parameters/Email"}],
            "get": {
                "parameters": [{"name": "page", "in": "query"}, {"name": "sort", "in": "query"}],
                "responses": {
                    "404": {"description": "no"},
                    "200": {"$ref": "#/components/responses/Tickets"},
                },
            },
        },
        "/events": {
            "get": {
                "responses": {
                    200: {
                        "content": {
                            "application/json": {
                                "schema": {
                                    "type": "array",
                                    "items": {"$ref": "#/components/schemas/Event"},
                                }
                            }
                        }
                    }
                }
            },
            "post": {},
        },
        "/nothing": {"get": {"responses": {"204": {"description": "none"}}}},
        "/odd": 5,
    },
    "components": {
        "schemas": {
            "Event": {
                "allOf": [
                    {"$ref": "#/components/schemas/Base"},
                    {
                        "properties": {
                            "name": {"type": "string"},
                            "of": {"$ref": "#/components/schemas/Event"},
                        }
                    },
                ]
            },
            "Base": {"type": "object", "properties": {"id": {"type": "string"}}},
            "Page": {
                "type": "object",
                "properties": {
                    "tickets": {"type": "array", "items": TICKET},
                    "page": {"type": "integer"},
                },
            },
        },
        "parameters": {"Email": {"name": "email", "in": "path"}},
        "responses": {
            "Tickets": {
                "content": {
                    "application/json": {
                        "schema": {"oneOf": [{"$ref": "#/components/schemas/Page"}]}
                    }
                }
            }
        },
        "securitySchemes": {"main": {"type": "http", "scheme": "bearer"}},
    },
}


def drafted(tmp_path: Path, spec: Any, name: str = "api.json") -> str:
    """The text of the mapping."""
    path = tmp_path / name
    path.write_text(json.dumps(spec))
    return make_draft([str(path)], None, "acme").mapping


def test_the_operation_that_gives_tickets_is_drafted(tmp_path: Path) -> None:
    """Path, user, fields and status words come from the schema; no answer was seen, and that is said."""
    text = drafted(tmp_path, SPEC)

    assert (
        "# From the OpenAPI file: GET /customers/{email}/tickets. No real answer was seen" in text
    )
    assert "# Other operations that could be meant: GET /events" in text
    assert 'get: "/customers/{user}/tickets"' in text
    assert "each: body.tickets" in text
    assert 'auth: {type: bearer, token: "${ACME_TOKEN}"}  # likely: the scheme `main`' in text
    for line in (
        "ticketId: ticket.id",
        "externalReferenceEventId: ticket.event.id",
        "ticketOptionId: ticket.zone_id",
        "price: minor_units(ticket.amount_cents, ticket.currency)",
        "currency: ticket.currency",
        "PAID: VALID",
        "CANCELLED: CANCELED",
        "cancelled: ticket.cancelled",
    ):
        assert line in text
    assert "# TODO: FOO: what does it mean?" in text


def test_yaml_is_read_too(tmp_path: Path) -> None:
    """OpenAPI files are written in it."""
    assert drafted(tmp_path, SPEC, "api.yaml") == drafted(tmp_path, SPEC)


def test_operations_without_an_answer_in_json_are_passed_over(tmp_path: Path) -> None:
    """No content, another format, a reference to itself and no list give nothing that could be drafted."""
    loop = "#/components/responses/loop"
    csv = {"text/csv": {"schema": {"type": "string"}}}
    spec = json.loads(json.dumps(SPEC))
    spec["components"].setdefault("responses", {})["loop"] = {"$ref": loop}
    one = {"content": {"application/json": {"schema": {"type": "object"}}}}
    odd: list[tuple[str, Any]] = [
        ("/a", {}),
        ("/b", {"content": csv}),
        ("/c", {"$ref": loop}),
        ("/d", one),
    ]
    for path, answer in odd:
        spec["paths"][path] = {"get": {"responses": {"100": {}, "200": answer}}}

    assert drafted(tmp_path, spec) == drafted(tmp_path, SPEC)


def test_there_are_no_cases_without_an_answer(tmp_path: Path) -> None:
    """Made-up answers would test nothing."""
    path = tmp_path / "api.json"
    path.write_text(json.dumps(SPEC))

    files = make_draft([str(path)], "ana@example.com", "acme")

    assert files.cases == ""
    assert "no real answer" in files.summary


@pytest.mark.parametrize(
    ("scheme", "line"),
    [
        ({"type": "http", "scheme": "basic"}, "type: basic, username:"),
        (
            {"type": "apiKey", "in": "header", "name": "X-Key"},
            "type: api_key, in: header, name: X-Key",
        ),
        (
            {"type": "oauth2", "flows": {"clientCredentials": {"tokenUrl": "https://a.example/t"}}},
            'type: oauth2, token_url: "https://a.example/t"',
        ),
        ({"type": "oauth2", "flows": {}}, "type: bearer"),
        ({"type": "mutualTLS"}, "type: bearer"),
        (5, "type: bearer"),
    ],
)
def test_the_security_scheme_becomes_auth(tmp_path: Path, scheme: Any, line: str) -> None:
    """One that a mapping cannot have leaves the guess of a bearer token."""
    spec = json.loads(json.dumps(SPEC))
    spec["components"]["securitySchemes"] = {"main": scheme}

    assert line in drafted(tmp_path, spec)


def test_swagger_2_is_read(tmp_path: Path) -> None:
    """Its schemas stand right in the response."""
    spec = {
        "swagger": "2.0",
        "paths": {
            "/tickets": {
                "get": {"responses": {"200": {"schema": {"type": "array", "items": TICKET}}}}
            }
        },
        "securityDefinitions": {"key": {"type": "basic"}},
    }

    text = drafted(tmp_path, spec)

    assert "get: /tickets" in text
    assert "type: basic" in text


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("a.json", json.dumps({"openapi": "3.1.0", "paths": {}}), "no GET of this OpenAPI file"),
        ("a.json", json.dumps({"openapi": "3.1.0", "paths": []}), "no GET of this OpenAPI file"),
        ("a.yaml", "openapi: 3.1.0\npaths: {", "error"),
        ("a.yaml", "a: 1", "a YAML file is read for OpenAPI, and this is none"),
    ],
)
def test_a_file_without_tickets_is_said(tmp_path: Path, name: str, content: str, said: str) -> None:
    """It names the file and what is missing."""
    path = tmp_path / name
    path.write_text(content)

    with pytest.raises(SampleError) as caught:
        make_draft([str(path)], None, "acme")

    assert said in str(caught.value)


def test_an_openapi_file_comes_alone(tmp_path: Path) -> None:
    """What it says and what was seen are not mixed."""
    path = tmp_path / "api.json"
    path.write_text(json.dumps(SPEC))

    with pytest.raises(SampleError, match="comes alone"):
        make_draft([str(path), str(path)], None, "acme")
    with pytest.raises(SampleError, match="cannot be read"):
        make_draft([str(tmp_path / "none.yaml")], None, "acme")
