"""The OpenAPI document: valid, true of the running service, with examples that fit, and without a secret."""

from __future__ import annotations

import asyncio
import json
import os
from asyncio.subprocess import PIPE, STDOUT
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import httpx
import pytest
from openapi_spec_validator import validate

from tests.fake_platform import FakePlatform, Reply, Seen
from tests.processes import serving_program
from tests.support import (
    SECRET,
    TOKEN,
    USER,
    Changes,
    bridge_of,
    environment,
    item,
    mapping,
    order,
    orders,
    serving,
    spec_of,
)
from ticketbridge.cli import main
from ticketbridge.contract import Validator
from ticketbridge.mapping import Environment, load_mapping
from ticketbridge.service.description import describe_served

pytestmark = pytest.mark.anyio

MAPPINGS = sorted(
    path
    for path in (Path(__file__).parents[2] / "mappings").glob("*.yaml")
    if not path.name.endswith(".cases.yaml")
)
OWN_SCHEMA = {
    "type": "array",
    "items": {"$ref": "#/$defs/one"},
    "$defs": {
        "one": {
            "type": "object",
            "properties": {"code": {"$ref": "#/$defs/code"}},
            "required": ["code"],
        },
        "code": {"type": "string", "examples": ["t-1"]},
    },
}
OWN: Changes = {
    "response": {"body": "tickets[*].{code: ticketId}", "schema": "own.json"},
}


def described(changes: Changes | None = None, folder: Path | None = None) -> dict[str, Any]:
    """The document of the changed MAPPING alone."""
    return describe_served({"/tickets": spec_of(changes, folder=folder)})


def own_folder(folder: Path) -> Path:
    """A folder with the schema that OWN names."""
    (folder / "own.json").write_text(json.dumps(OWN_SCHEMA), "utf-8")
    return folder


def one_users_orders(seen: Seen) -> Reply:
    """What the platform says: it knows one user, in any letter case."""
    is_known = dict(seen.query)["email"].lower() == USER
    return Reply(json=orders(order(item(1), item(2))) if is_known else orders())


def contents(document: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """The content of each answer."""
    for path in document["paths"].values():
        for answer in path["get"]["responses"].values():
            yield from answer.get("content", {}).values()


def fits(document: Mapping[str, Any], schema: Mapping[str, Any], value: object) -> bool:
    """Whether a value fits a schema of the document."""
    return Validator({"components": document["components"]}, part=schema).fits(value)


def test_the_document_of_each_mapping_is_valid() -> None:
    """A public validator takes the document of each mapping here, and that of all of them together."""
    empty = Environment({}, missing="placeholder")
    specs = {f"/{path.stem}": load_mapping(path, environment=empty) for path in MAPPINGS}
    validate(describe_served(specs))
    for path, spec in specs.items():
        validate(describe_served({path: spec}))
    validate(describe_served({}))


@pytest.mark.parametrize(
    "changes",
    [
        {},
        OWN,
        {"endpoint.access": "open"},
        {"endpoint.access": {"allow": ["203.0.113.0/24"]}},
        {"endpoint.user_format": "any", "endpoint.user_parameter": "holder"},
        {"response": {"when_empty": 204, "when_unknown_user": 404}},
        {"ticket.ineligible": "mark"},
    ],
)
def test_each_example_fits_its_schema(changes: Changes, tmp_path: Path) -> None:
    """Whatever a mapping chooses, the document is valid, and each answer has examples that fit."""
    document = described(changes, own_folder(tmp_path))
    validate(document)

    for content in contents(document):
        examples = [each["value"] for each in content.get("examples", {}).values()]
        examples += [content["example"]] if "example" in content else []
        assert examples
        assert all(fits(document, content["schema"], example) for example in examples)


def test_no_example_is_given_that_does_not_fit(tmp_path: Path) -> None:
    """A schema whose parts have no examples, or that contains itself, has none."""
    node = {
        "type": "object",
        "properties": {"code": {"type": "string"}, "sub": {"$ref": "#/$defs/one"}},
        "required": ["code"],
    }
    schema = {"type": "array", "items": {"$ref": "#/$defs/one"}, "$defs": {"one": node}}
    (tmp_path / "own.json").write_text(json.dumps(schema), "utf-8")
    document = described(OWN, tmp_path)
    validate(document)

    assert "example" not in next(contents(document))


@pytest.mark.parametrize(
    ("changes", "with_it", "without_it"),
    [
        ({}, {"401"}, {"403", "404", "204"}),
        ({"endpoint.access": {"allow": ["203.0.113.0/24"]}}, {"403"}, {"401"}),
        ({"response": {"when_empty": 204}}, {"204"}, {"404"}),
        ({"response": {"when_unknown_user": 404}}, {"404"}, {"204"}),
    ],
)
def test_an_answer_is_listed_where_it_can_come(
    changes: Changes, with_it: set[str], without_it: set[str]
) -> None:
    """What a mapping cannot answer is not in its document; GET and HEAD have the same statuses."""
    item_of_path = described(changes)["paths"]["/tickets"]
    statuses = set(item_of_path["get"]["responses"])

    assert {"200", "400", "500", "502", "503", "504"} | with_it <= statuses
    assert not without_it & statuses
    assert set(item_of_path["head"]["responses"]) == statuses
    for answer in item_of_path["head"]["responses"].values():
        assert "content" not in answer


def test_statuses_are_those_that_the_mapping_gives() -> None:
    """A ticket is VALID; with `ineligible: mark` it may have the other words and reasons."""
    marked: Changes = {
        "ticket.ineligible": "mark",
        "ticket.not_eligible_when": {"used": "item.used"},
    }
    for changes, words in (({}, ["VALID"]), (marked, ["VALID", "CANCELED", "REFUNDED", "USED"])):
        document = described(changes)
        _, narrowed = next(contents(document))["schema"]["allOf"]
        status = narrowed["properties"]["tickets"]["items"]["properties"]["status"]
        assert status == {"enum": words}


async def test_the_service_answers_as_it_is_described() -> None:
    """Answers and problems of a running service have a described status, type and shape."""
    replies = {"/orders": (orders(order(item(1), item(2))), {"oops": 1}, httpx.Response(500))}
    bridge, _ = bridge_of(None, replies)
    async with serving(bridge) as client:
        document = (await client.get("/openapi.json", headers={"X-Menta-Secret": ""})).json()
        answers = [
            await client.get("/tickets", params={"user": "ana@example.com"}),
            await client.get("/tickets", params={"user": "ana@example.com"}),
            await client.get("/tickets", params={"user": "ana@example.com"}),
            await client.get("/tickets", params={"user": "nobody"}),
            await client.get("/tickets", params={"user": "a@b.c"}, headers={"X-Menta-Secret": "x"}),
        ]
        head = await client.head("/openapi.json")
        post = await client.post("/openapi.json")

    validate(document)
    assert [answer.status_code for answer in answers] == [200, 502, 502, 400, 401]
    operation = document["paths"]["/tickets"]["get"]
    for answer in answers:
        told = operation["responses"][str(answer.status_code)]
        ((media_type, content),) = told["content"].items()
        assert answer.headers["content-type"] == media_type
        assert fits(document, content["schema"], answer.json())
        for name, header in told["headers"].items():
            if name.lower() in answer.headers:
                assert fits(document, header["schema"], answer.headers[name])
            else:
                assert name == "Retry-After"
    assert (head.status_code, post.status_code) == (200, 405)


@pytest.mark.slow
async def test_schemathesis_finds_nothing(tmp_path: Path, platform: FakePlatform) -> None:
    """Requests drawn from the document, right and wrong ones, are answered as it says.

    The program needs an environment of its own, which `.ci/run` makes; on a desk the test is skipped.
    """
    program_of_its_own = os.environ.get("SCHEMATHESIS")
    if not program_of_its_own:
        pytest.skip("SCHEMATHESIS does not say where the program is")
    platform.on("/orders", one_users_orders)
    with serving_program(tmp_path, platform.url) as program:
        command = [program_of_its_own, "run", f"{program.url}/openapi.json"]
        header = ["--header", f"X-Menta-Secret: {SECRET}"]
        options = ["--checks", "all", "--max-examples", "60", "--seed", "14", "--no-color"]
        drawing = await asyncio.create_subprocess_exec(
            *command, *header, *options, cwd=tmp_path, stdout=PIPE, stderr=STDOUT
        )
        told, _ = await drawing.communicate()

    assert drawing.returncode == 0, told.decode()
    assert len(platform.seen) > 20


async def test_several_mappings_are_described_at_their_paths() -> None:
    """Each path has its own operation, secret and body."""
    one, _ = bridge_of({"platform": "one"})
    two, _ = bridge_of({"platform": "two", "endpoint.path": "/other", "endpoint.access": "open"})
    async with serving(one, two) as client:
        document = (await client.get("/openapi.json")).json()

    validate(document)
    assert set(document["paths"]) == {"/one/tickets", "/other"}
    assert set(document["components"]["securitySchemes"]) == {"one-secret"}
    assert document["paths"]["/other"]["get"]["security"] == []


def test_no_secret_and_no_upstream_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither values nor names of variables, nor where and how the platform is asked, are there."""
    for name, value in {"MENTA_SECRET": SECRET, "ACME_TOKEN": TOKEN}.items():
        monkeypatch.setenv(name, value)
    spec = spec_of({"upstream.headers": {"X-Channel": "resale-42"}}, base_url="https://up.example")
    file = tmp_path / "acme.yaml"
    file.write_text(json.dumps(mapping()), "utf-8")
    assert main(["openapi", str(file)]) == 0

    hidden = [SECRET, TOKEN, "MENTA_SECRET", "ACME_TOKEN", "ACME_API", "up.example", "/orders"]
    hidden += ["resale-42", "order.email", "item.", "placeholder"]
    for text in (json.dumps(describe_served({"/tickets": spec})), capsys.readouterr().out):
        assert [each for each in hidden if each in text] == []


async def test_the_command_prints_what_the_service_says(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """`openapi MAPPING` needs no variable, and gives the document of a service of that mapping alone."""
    file = tmp_path / "acme.yaml"
    file.write_text(json.dumps(mapping()), "utf-8")
    assert main(["openapi", str(file)]) == 0
    printed = json.loads(capsys.readouterr().out)
    served = describe_served({"/tickets": load_mapping(file, environment=environment())})

    assert printed == served
    assert main(["openapi", str(tmp_path / "none.yaml")]) == 2
    file.write_text(json.dumps(mapping({"ticket.fields.prize": "item.price"})), "utf-8")
    assert main(["openapi", str(file)]) == 1
