"""One good mapping, and how tests read it and what is wrong with it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

from ticketbridge.mapping import (
    Environment,
    Finding,
    MappingError,
    MappingSpec,
    Place,
    parse_mapping,
)
from ticketbridge.mapping.findings import Report
from ticketbridge.mapping.keys import Declared, build
from ticketbridge.mapping.read_context import Context
from ticketbridge.mapping.spec import StatusTableSpec, TableSpec
from ticketbridge.mapping.yaml_nodes import MapNode

FILE = "acme.yaml"
VARIABLES = {"TOKEN": "t0ken", "SECRET": "s3cret-of-menta-tech"}
GOOD = """\
version: 1
platform: acme
endpoint:
  access: {allow: [203.0.113.0/24]}
upstream:
  base_url: https://api.acme.example/v2
  auth: {type: bearer, token: "${TOKEN}"}
  headers: {X-Channel: resale}
  timeout: 8s
  retries: 2
  max_body: 10MB
source:
  - name: customer
    get: /customers
    query: {email: "{user}"}
    responses:
      - {status: 404, then: unknown_user}  # TB526: a doubt that is none of these tests'
    take: body.data[0]
  - name: order
    get: /customers/{customer.id}/orders
    query: {page: "{page.number}", per_page: "100"}
    pages: {number: {start: 1}, last: page.number >= body.pages}
    each: body.data
  - name: item
    each: order.items
ticket:
  owner: order.email
  status: {from: item.state, values: {PAID: VALID, REFUNDED: REFUNDED}}
  not_eligible_when:
    resold: item.resold_to != `null`
  fields:
    ticketId: item.id
    price: item.price
    tags: {source: item.channel}
  on_violation: fail
  ineligible: omit
"""


def change(*pairs: tuple[str, str]) -> str:
    """The good mapping, in each pair the first text replaced by the second."""
    text = GOOD
    for old, new in pairs:
        assert old in text
        text = text.replace(old, new, 1)
    return text


def read(
    text: str = GOOD,
    *,
    variables: dict[str, str] | None = None,
    placeholders: bool = False,
    folder: Path | None = None,
) -> MappingSpec:
    """The mapping in *text*; *variables* come on top of those that the good mapping needs."""
    environment = Environment(
        VARIABLES | (variables or {}), missing="placeholder" if placeholders else "error"
    )
    return parse_mapping(text, file=FILE, environment=environment, folder=folder)


def findings(
    text: str,
    *,
    variables: dict[str, str] | None = None,
    placeholders: bool = False,
    folder: Path | None = None,
) -> Sequence[Finding]:
    """Everything that is wrong or doubtful in *text*."""
    try:
        spec = read(text, variables=variables, placeholders=placeholders, folder=folder)
    except MappingError as error:
        return error.findings
    return spec.warnings


S = TypeVar("S", bound=Declared)


def made(spec: type[S], place: Place, **members: Any) -> S:
    """A *spec* with these *members*; the other keys are those of an empty mapping at *place*."""
    empty = build(spec, MapNode(place, {}), Context(Report(), Environment({}), None))
    return replace(empty, **members)


def words_of(table: TableSpec | StatusTableSpec) -> dict[str, Any]:
    """The words of a table, without their places."""
    return {word: constant.value for word, constant in table.values.items()}


def short(found: Sequence[Finding]) -> list[str]:
    """Each finding as `line:column severity code`."""
    return [f"{f.place.line}:{f.place.column} {f.severity} {f.code}" for f in found]
