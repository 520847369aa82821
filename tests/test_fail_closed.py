"""Whatever goes wrong at the platform, over real sockets: the named problem, and never a 200."""

from __future__ import annotations

import gzip
import json
import socket
from collections.abc import Mapping
from typing import Any

import pytest

from tests.fake_platform import FakePlatform, Reply
from tests.support import TOKEN, USER, item, order, orders, serving, spec_of
from ticketbridge.bridge import compile_mapping

pytestmark = pytest.mark.anyio

TICKETS = "/tickets?user=ana%40example.com"
GOOD = orders(order(item(1)))
BODY = json.dumps(GOOD).encode()
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"


async def problem_of(platform: FakePlatform, changes: Mapping[str, Any] | None = None) -> str:
    """The slug of what menta tech is answered; fails where that is a list of tickets."""
    bridge = compile_mapping(spec_of(changes, base_url=platform.url))
    async with serving(bridge) as menta:
        response = await menta.get(TICKETS)
    document = response.json()
    assert response.status_code != 200
    assert "tickets" not in document
    for secret in (USER, TOKEN, platform.url.removeprefix("http://")):
        assert secret not in response.text + str(response.headers)
    return str(document["type"]).removeprefix("urn:ticketbridge:problem:")


@pytest.mark.parametrize(
    ("changes", "slug"),
    [
        pytest.param({"source.0.each": "body.order"}, "mapping-mismatch", id="key of each"),
        pytest.param({"source.1.each": "order.item"}, "mapping-mismatch", id="key of inner each"),
        pytest.param({"ticket.owner": "order.mail"}, "mapping-mismatch", id="key of owner"),
        pytest.param(
            {"ticket.fields.price": "item.prize"}, "mapping-mismatch", id="key of a field"
        ),
        pytest.param({"source.0.get": "/order"}, "upstream-error", id="path"),
        pytest.param(
            {"source.0.each": "body.orders[0]"}, "mapping-mismatch", id="object for a list"
        ),
    ],
)
async def test_a_slip_in_the_mapping_is_a_problem(
    platform: FakePlatform, changes: dict[str, Any], slug: str
) -> None:
    """A misspelt key or path never looks like a user without tickets."""
    platform.on("/orders", Reply(json=GOOD))
    platform.on("/order", Reply(404, json={}))

    assert await problem_of(platform, changes) == slug


@pytest.mark.parametrize(
    ("reply", "slug"),
    [
        pytest.param(Reply(json={"order_list": []}), "mapping-mismatch", id="renamed list"),
        pytest.param(
            Reply(json=orders({"email": USER, "event": "x", "tickets": []})),
            "mapping-mismatch",
            id="renamed inner list",
        ),
        pytest.param(
            Reply(json=orders({"mail": USER, "event": "x", "items": [item()]})),
            "mapping-mismatch",
            id="renamed owner",
        ),
        pytest.param(Reply(json={}), "mapping-mismatch", id="empty object"),
        pytest.param(Reply(json=None), "mapping-mismatch", id="null"),
        pytest.param(Reply(json=[]), "mapping-mismatch", id="empty list"),
        pytest.param(Reply(json=orders(None)), "mapping-mismatch", id="null for an order"),
        pytest.param(
            Reply(json=orders(order(item(state="NEW")))), "mapping-mismatch", id="new status"
        ),
        pytest.param(Reply(json=orders(order(item(id=None)))), "mapping-mismatch", id="no id"),
        pytest.param(
            Reply(body=b"<h1>Maintenance</h1>", content_type="text/html"),
            "upstream-unreadable",
            id="HTML with 200",
        ),
        pytest.param(Reply(body=b"<h1>Login</h1>"), "upstream-unreadable", id="HTML as JSON"),
        pytest.param(Reply(body=b""), "upstream-unreadable", id="nothing"),
        pytest.param(Reply(204, body=b"", content_type=None), "upstream-unreadable", id="204"),
        pytest.param(Reply(json=GOOD, cut=20), "upstream-unreadable", id="cut body"),
        pytest.param(Reply(body=BODY[:-2]), "upstream-unreadable", id="half a document"),
        pytest.param(Reply(301, headers={"Location": "/orders/"}), "upstream-error", id="redirect"),
        pytest.param(
            Reply(302, json=GOOD, headers={"Location": "/login"}), "upstream-error", id="to a login"
        ),
        pytest.param(Reply(401, json={}), "upstream-auth", id="token refused"),
        pytest.param(
            Reply(403, json=orders()), "upstream-auth", id="forbidden, with an empty list"
        ),
        pytest.param(Reply(404, json=orders()), "upstream-error", id="404 with an empty list"),
        pytest.param(Reply(500, json=orders()), "upstream-error", id="500 with an empty list"),
        pytest.param(Reply(429, json={}), "upstream-unavailable", id="too many requests"),
        pytest.param(
            Reply(503, headers={"Retry-After": "5"}), "upstream-unavailable", id="come back"
        ),
        pytest.param(Reply(raw=b""), "upstream-unavailable", id="closed without a word"),
        pytest.param(Reply(raw=b"hello\r\n\r\n"), "upstream-unreadable", id="no HTTP"),
        pytest.param(
            Reply(raw=HEAD + b"Content-Length: 9999\r\n\r\n" + BODY),
            "upstream-unreadable",
            id="shorter than it says",
        ),
        pytest.param(
            Reply(raw=HEAD + b'Transfer-Encoding: chunked\r\n\r\n5\r\n{"ord\r\n'),
            "upstream-unreadable",
            id="chunks that stop",
        ),
        pytest.param(
            Reply(body=gzip.compress(BODY)[:-9], headers={"Content-Encoding": "gzip"}),
            "upstream-unreadable",
            id="cut gzip",
        ),
        pytest.param(
            Reply(body=BODY, headers={"Content-Encoding": "gzip"}),
            "upstream-unreadable",
            id="no gzip",
        ),
        pytest.param(
            Reply(body=BODY, headers={"Content-Encoding": "br"}),
            "upstream-unreadable",
            id="an encoding that was not asked for",
        ),
    ],
)
async def test_a_fault_of_the_platform_is_its_problem(
    platform: FakePlatform, reply: Reply, slug: str
) -> None:
    """Each fault has its named problem."""
    platform.on("/orders", reply)

    assert await problem_of(platform) == slug


PAGED = {"source.0.pages": {"next_url": "body.next"}}


def paged(next_url: str) -> Reply:
    """A good first page with this next URL."""
    return Reply(json={**GOOD, "next": next_url})


@pytest.mark.parametrize(
    ("second", "slug"),
    [
        pytest.param(Reply(500, json={}), "upstream-error", id="500"),
        pytest.param(Reply(404, json={}), "upstream-error", id="404"),
        pytest.param(Reply(json={"next": None}), "mapping-mismatch", id="no list"),
        pytest.param(Reply(json=orders()), "mapping-mismatch", id="no next"),
        pytest.param(Reply(body=b"<h1>"), "upstream-unreadable", id="HTML"),
        pytest.param(Reply(raw=b""), "upstream-unavailable", id="closed"),
        pytest.param(Reply(json={**GOOD, "next": None}), "mapping-mismatch", id="the same again"),
    ],
)
async def test_a_page_two_that_fails_fails_the_answer(
    platform: FakePlatform, second: Reply, slug: str
) -> None:
    """The tickets of page one alone are no answer."""
    platform.on("/orders", paged("?p=2"))
    platform.on("/orders", second, query={"p": "2"})

    assert await problem_of(platform, PAGED) == slug


async def test_a_next_link_to_another_host_sees_no_request(platform: FakePlatform) -> None:
    """A next link elsewhere is a mismatch; the other host gets no connection, and no credential."""
    async with FakePlatform() as other:
        platform.on("/orders", paged(f"{other.url}/orders?p=2"))

        assert await problem_of(platform, PAGED) == "mapping-mismatch"
        assert other.seen == []


async def test_a_redirect_is_not_followed(platform: FakePlatform) -> None:
    """A redirect is an error: the place it names gets no request."""
    async with FakePlatform() as other:
        platform.on("/orders", Reply(302, headers={"Location": f"{other.url}/orders"}))

        assert await problem_of(platform) == "upstream-error"
        assert other.seen == []


async def test_a_platform_that_is_not_there_is_unavailable() -> None:
    """No connection is `upstream-unavailable`."""
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        gone = FakePlatform()
        gone.url = f"http://127.0.0.1:{unused.getsockname()[1]}"

        assert await problem_of(gone) == "upstream-unavailable"


async def test_a_body_over_the_limit_is_unreadable(platform: FakePlatform) -> None:
    """`max_body` counts what comes out of the compression, and what goes in."""
    bomb = gzip.compress(b" " * 50_000_000)
    for reply in (
        Reply(body=b" " * 1_200_000),
        Reply(body=bomb, headers={"Content-Encoding": "gzip"}),
        Reply(raw=HEAD + b"\r\n" + b" " * 1_200_000),
    ):
        platform.on("/orders", reply)
        assert await problem_of(platform, {"upstream.max_body": "1MB"}) == "upstream-unreadable"


async def test_a_compressed_answer_is_read(platform: FakePlatform) -> None:
    """A gzip body, in several members too, is read as what it holds."""
    half = len(BODY) // 2
    members = gzip.compress(BODY[:half]) + gzip.compress(BODY[half:])
    platform.on("/orders", Reply(body=members, headers={"Content-Encoding": "gzip"}))
    async with serving(compile_mapping(spec_of(base_url=platform.url))) as menta:
        response = await menta.get(TICKETS)

    assert len(response.json()["tickets"]) == 1
    assert platform.seen[0].headers["accept-encoding"] == "gzip"


async def test_cookies_of_the_platform_are_not_kept(platform: FakePlatform) -> None:
    """One user's Set-Cookie is not sent for the next."""
    platform.on("/orders", Reply(json=GOOD, headers={"Set-Cookie": "session=ana"}))
    async with serving(compile_mapping(spec_of(base_url=platform.url))) as menta:
        await menta.get(TICKETS)
        await menta.get(TICKETS)

    assert all("cookie" not in seen.headers for seen in platform.seen)


async def test_the_environments_proxy_is_not_used(
    platform: FakePlatform, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Proxy settings of the environment do not lead the credentials elsewhere."""
    platform.on("/orders", Reply(json=GOOD))
    async with FakePlatform() as proxy:
        monkeypatch.setenv("HTTP_PROXY", proxy.url)
        monkeypatch.setenv("ALL_PROXY", proxy.url)
        async with serving(compile_mapping(spec_of(base_url=platform.url))) as menta:
            response = await menta.get(TICKETS)
        assert proxy.seen == []

    assert response.status_code == 200


async def test_a_second_answer_on_the_line_is_never_taken(platform: FakePlatform) -> None:
    """Bytes left over after an answer are not the next user's answer."""
    other = json.dumps(orders(order(item("stolen"), email="bea@example.com"))).encode()
    glued = HEAD + f"Content-Length: {len(BODY)}\r\n\r\n".encode() + BODY
    glued += HEAD + f"Content-Length: {len(other)}\r\n\r\n".encode() + other
    platform.on("/orders", Reply(raw=glued), Reply(json=orders()))
    async with serving(compile_mapping(spec_of(base_url=platform.url))) as menta:
        await menta.get(TICKETS)
        response = await menta.get("/tickets?user=bea%40example.com")

    assert response.json()["tickets"] == []
