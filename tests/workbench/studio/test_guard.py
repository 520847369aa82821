"""Who may talk to the studio, and what each answer forbids the browser."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import httpx
import pytest

from ticketbridge.workbench.studio.studio_app import MAX_BODY, make_studio_app
from ticketbridge.workbench.studio.studio_requests import REQUESTS
from ticketbridge.workbench.studio.workshop import Workshop

pytestmark = pytest.mark.anyio

HOST = "127.0.0.1:4711"
OWN = {"Origin": f"http://{HOST}"}


@pytest.fixture
async def client(anyio_backend: str, demo_file: Path) -> AsyncIterator[httpx.AsyncClient]:
    """Asks the studio as its own page does, save the headers that a test changes."""
    del anyio_backend
    app = make_studio_app(Workshop(demo_file, {}), "t0ken", [HOST])
    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(transport=transport, base_url=f"http://{HOST}") as asking:
        yield asking


@pytest.mark.parametrize(
    ("path", "headers", "status"),
    [
        ("/t0ken/", {}, 200),
        ("/t0ken/main.js", {}, 200),
        ("/", {}, 404),
        ("/guess/", {}, 404),
        ("/t0ken", {}, 307),
        ("/t0ken/nothing.js", {}, 404),
        ("/t0ken/editor.LICENSES.txt", {}, 404),
        ("/t0ken/..%2Fstudio_app.py", {}, 404),
        ("/t0ken/", {"Host": "studio.example:4711"}, 403),
        ("/t0ken/", {"Host": "127.0.0.1:80"}, 403),
        ("/t0ken/", {"Origin": "https://elsewhere.example"}, 403),
        ("/t0ken/", {"Sec-Fetch-Site": "cross-site"}, 403),
        ("/t0ken/", {"Sec-Fetch-Site": "same-origin"}, 200),
        ("/t0ken/api/start", {}, 405),
    ],
)
async def test_a_page_is_had_by_its_own_browser_alone(
    client: httpx.AsyncClient, path: str, headers: dict[str, str], status: int
) -> None:
    """A wrong token is nothing at all; another host, origin or site is refused."""
    answer = await client.get(path, headers=headers)

    assert answer.status_code == status
    assert answer.headers["Referrer-Policy"] == "no-referrer" or status == 307


@pytest.mark.parametrize(
    ("name", "headers", "content", "status"),
    [
        ("start", OWN, b"{}", 200),
        ("start", {}, b"{}", 403),
        ("start", {"Origin": "null"}, b"{}", 403),
        ("start", {"Origin": "http://localhost:80"}, b"{}", 403),
        ("start", {**OWN, "Content-Type": "text/plain"}, b"{}", 415),
        ("start", {**OWN, "Content-Length": str(MAX_BODY + 1)}, b"{}", 413),
        ("start", OWN, b"no JSON", 400),
        ("start", OWN, b'{"run": "one"}', 400),
        ("nothing", OWN, b"{}", 404),
        ("answers", OWN, b'{"run": 9}', 409),
        ("save", OWN, b'{"text": "a: 1"}', 409),
    ],
)
async def test_a_request_is_taken_from_the_page_alone(
    client: httpx.AsyncClient, name: str, headers: dict[str, str], content: bytes, status: int
) -> None:
    """It needs the page's origin and a JSON body; what cannot be done says why."""
    asked = {"Content-Type": "application/json", **headers}
    answer = await client.post(f"/t0ken/api/{name}", headers=asked, content=content)

    assert answer.status_code == status
    assert status in {403, 200} or answer.json()["error"]


ODD_BODIES: Sequence[bytes] = (
    *(b"", b"\xff\xfe", b'{"text": "\xff"}', b'{"text": "\\ud800"}', b"null", b"[]", b"1", b"{"),
    *(b"[" * 100_000, b'{"x": ' * 100_000, b'{"x": ' + b"[" * 10_000 + b"]" * 10_000 + b"}"),
)
LARGE = 10**30
ODD_MEMBERS: Mapping[str, Sequence[Any]] = {
    "text": ["", "\r", "\0", "a: [", "1", "source: 3", "ticket: []", "&a *a", "a: " + "[" * 500],
    "run": [0, -1, LARGE, "1", None, 1.5, []],
    "answer": [-99, 99, LARGE, None, "x"],
    "row": [-1, 10**6, LARGE, None],
    "record": [-99, 99, LARGE, None],
    "rows": [[-99], [10**9], [LARGE], ["a"], None],
    "offset": [-1, 10**9, LARGE],
    "split": [-1, 99, LARGE],
    "entry": [[""], ["\n"], [1]],
    "field": ["", "..", "nothing", "a." * 500, "\0"],
    "expression": ["", "(", "\0", "a\nb", "(" * 5000, "a: b # c"],
    "path": [[], [""], [-1], [99], [LARGE], ["source", 99], ["a"] * 500],
    "words": [{"": ""}, {"a\n": "b"}, {"a": 1}, [], None],
    "line": [-1, 10**9, LARGE],
    "name": ["", "\0", "a/b", "- a: ["],
    "target": ["", "\0", "://", "http://[", "POST /x {"],
    "content": [
        "",
        "<a>",
        "[",
        "curl '",
        '{"log": {"entries": [1]}}',
        '{"openapi": "3", "paths": 1}',
    ],
    "user": ["", "\0", "x" * 10_000],
    "source": [{"kind": "x"}, {"kind": "case", "name": "nothing"}, None, {"kind": 1}],
    "personal": ["yes", 1, None],
}


@pytest.mark.parametrize("name", list(REQUESTS))
async def test_no_request_makes_the_studio_fail(client: httpx.AsyncClient, name: str) -> None:
    """What a request cannot be is refused with the reason; a failure would be raised here."""
    headers = {**OWN, "Content-Type": "application/json"}

    async def ask(name: str, content: bytes) -> httpx.Response:
        return await client.post(f"/t0ken/api/{name}", headers=headers, content=content)

    start = (await ask("start", b"{}")).json()
    case = {"kind": "case", "name": start["cases"][0]}
    asked: dict[str, Any] = {"text": start["text"], "source": case}
    asked["run"] = (await ask("run", json.dumps(asked).encode())).json()["run"]
    # To try all slips on a whole mapping takes seconds, and has none of the other members.
    members = {"text": ODD_MEMBERS["text"]} if name == "gaps" else ODD_MEMBERS
    odd = [{**asked, key: value} for key, values in members.items() for value in values]
    for content in (*ODD_BODIES, *(json.dumps(each).encode() for each in odd)):
        answer = await ask(name, content)
        refused = answer.status_code in {400, 409} and answer.json()["error"]
        assert refused or (answer.status_code == 200 and content not in ODD_BODIES)


@pytest.mark.parametrize(
    "headers",
    [{"Content-Length": "many"}, {"Content-Length": "9" * 5000}, {"Content-Length": "-1"}],
)
async def test_a_request_says_its_length(
    client: httpx.AsyncClient, headers: dict[str, str]
) -> None:
    """A length that is no number, or too large a one, is refused."""
    asked = {**OWN, "Content-Type": "application/json", **headers}
    answer = await client.post("/t0ken/api/start", headers=asked, content=b"{}")

    assert answer.status_code == 413
    assert answer.json()["error"]


async def test_a_request_for_the_whole_server_is_refused(demo_file: Path) -> None:
    """`OPTIONS *` names no path, so it has no token."""
    app = make_studio_app(Workshop(demo_file, {}), "t0ken", [HOST])
    scope = {
        "type": "http",
        "method": "OPTIONS",
        "path": "*",
        "headers": [(b"host", HOST.encode())],
    }
    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    await app(scope, None, send)  # type: ignore[arg-type]

    assert sent[0]["status"] == 404


async def test_the_page_may_load_and_ask_nothing_from_elsewhere(client: httpx.AsyncClient) -> None:
    """The policy allows the studio's own files, one style by a number used once, and no frame around."""
    one, other = [await client.get("/t0ken/") for _ in range(2)]
    policy = one.headers["Content-Security-Policy"]
    nonce = policy.partition("'nonce-")[2].partition("'")[0]

    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert f'content="{nonce}"' in one.text
    assert nonce not in other.text
    assert "://" not in one.text
    assert one.headers["Cache-Control"] == "no-store"
    assert one.headers["X-Content-Type-Options"] == "nosniff"


async def test_the_sheet_is_shut_in(client: httpx.AsyncClient) -> None:
    """The contract sheet has a style of its own, and neither scripts nor anything from elsewhere."""
    text = Path(__file__).parents[3].joinpath("mappings/demo.yaml").read_text("utf-8")
    made = await client.post("/t0ken/api/sheet", headers=OWN, json={"text": text})
    sheet = await client.get("/t0ken/sheet")

    assert made.status_code == 200
    assert "Lantern Live" in sheet.text
    policy = sheet.headers["Content-Security-Policy"]
    assert policy == (
        "default-src 'none'; style-src 'unsafe-inline'; sandbox; frame-ancestors 'self'"
    )


async def test_what_is_no_request_is_left_alone(demo_file: Path) -> None:
    """A socket of another kind is answered with nothing."""
    app = make_studio_app(Workshop(demo_file, {}), "t0ken", [HOST])

    await app({"type": "websocket"}, None, None)  # type: ignore[arg-type]
