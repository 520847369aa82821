"""HTTP as menta tech meets it: real sockets on both sides."""

from __future__ import annotations

import asyncio
import io
import json
from collections.abc import Mapping
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.fake_platform import FakePlatform, Reply
from tests.support import SECRET, USER, events, item, order, orders, serving, spec_of
from ticketbridge.engine.bridge import Bridge, compile_mapping
from ticketbridge.engine.problems import ProblemError
from ticketbridge.service.app import create_app
from ticketbridge.service.mapping_set import PathTaken
from ticketbridge.service.protocol import BoundedProtocol
from ticketbridge.service.settings import Settings

pytestmark = pytest.mark.anyio

TICKETS = "/tickets?user=ana%40example.com"


def bridge_to(platform: FakePlatform, changes: Mapping[str, Any] | None = None) -> Bridge:
    """The changed MAPPING on a fake platform."""
    return compile_mapping(spec_of(changes, base_url=platform.url))


def assert_problem(response: httpx.Response, slug: str, status: int) -> None:
    """The one shape of a problem, with the headers that every answer has."""
    document = response.json()
    assert response.status_code == status
    assert response.headers["content-type"] == "application/problem+json"
    assert document.keys() == {"type", "title", "status", "detail", "instance", "retryable"}
    assert document["type"] == f"urn:ticketbridge:problem:{slug}"
    assert document["status"] == status
    assert document["instance"] == response.headers["x-request-id"]
    assert_never_stored(response)
    assert USER not in response.text
    assert SECRET not in response.text


def assert_never_stored(response: httpx.Response) -> None:
    """What every answer carries."""
    assert response.headers["cache-control"] == "no-store"
    assert response.headers["x-content-type-options"] == "nosniff"
    assert response.headers["x-request-id"]


async def test_a_user_gets_their_valid_tickets(platform: FakePlatform) -> None:
    """A pull is answered with the tickets, the verdicts' counts and the times."""
    platform.on("/orders", Reply(json=orders(order(item(1), item(2, state="REFUNDED")))))
    async with serving(bridge_to(platform)) as menta:
        response = await menta.get(TICKETS)

    assert response.status_code == 200
    assert response.headers["content-type"] == "application/json"
    assert response.json()["userEmail"] == USER
    assert [ticket["ticketId"] for ticket in response.json()["tickets"]] == ["1"]
    assert response.headers["x-ticketbridge-verdicts"] == "returned=1, not_eligible=1"
    assert response.headers["server-timing"].startswith("upstream;dur=")
    assert "server" not in response.headers
    assert_never_stored(response)


async def test_a_user_without_tickets_gets_an_empty_list(platform: FakePlatform) -> None:
    """What the platform says is empty is `200` with `[]`."""
    platform.on("/orders", Reply(json=orders()))
    async with serving(bridge_to(platform)) as menta:
        response = await menta.get(TICKETS)

    assert (response.status_code, response.json()) == (200, {"userEmail": USER, "tickets": []})
    assert response.headers["x-ticketbridge-verdicts"] == "returned=0"


async def test_nothing_is_kept_from_one_answer_to_the_next(platform: FakePlatform) -> None:
    """Each pull asks the platform anew."""
    platform.on("/orders", Reply(json=orders(order(item(1)))), Reply(json=orders()))
    async with serving(bridge_to(platform)) as menta:
        first = await menta.get(TICKETS)
        second = await menta.get(TICKETS)

    assert (len(first.json()["tickets"]), len(second.json()["tickets"])) == (1, 0)


async def test_head_is_get_without_the_body(platform: FakePlatform) -> None:
    """HEAD has the status and headers of GET, and no body."""
    platform.on("/orders", Reply(json=orders(order(item(1)))))
    async with serving(bridge_to(platform)) as menta:
        got = await menta.get(TICKETS)
        head = await menta.head(TICKETS)

    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["content-length"] == got.headers["content-length"]
    assert head.headers["x-ticketbridge-verdicts"] == "returned=1"


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS", "PATCH"])
async def test_other_methods_are_not_allowed(platform: FakePlatform, method: str) -> None:
    """Any other method is 405 with `Allow`, on every path that is served."""
    async with serving(bridge_to(platform)) as menta:
        for path in (TICKETS, "/healthz", "/readyz"):
            response = await menta.request(method, path)
            assert_problem(response, "method-not-allowed", 405)
            assert response.headers["allow"] == "GET, HEAD"

    assert platform.seen == []


@pytest.mark.parametrize(
    ("path", "told"),
    [
        *[
            (path, None)
            for path in ("/", "/ticket", "/tickets/", "/Tickets", "//", "/ana@x.example")
        ],
        ("/acme/tickets", "/acme/tickets"),
        ("/orders/ana/tickets", None),
    ],
)
async def test_another_path_is_not_found(
    platform: FakePlatform, path: str, told: str | None, lines: io.StringIO
) -> None:
    """What is not served is a 404 problem, and no redirect; it is logged, and it counts."""
    before = BoundedProtocol.shared.refused["not-found"]
    async with serving(bridge_to(platform)) as menta:
        assert_problem(await menta.get(path), "not-found", 404)
    (line,) = events(lines, "not served")

    assert (line["status"], line["problem"], line.get("path")) == (404, "not-found", told)
    assert BoundedProtocol.shared.refused["not-found"] == before + 1


# --- access -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "headers",
    [
        pytest.param([], id="missing"),
        pytest.param([("X-Menta-Secret", "wrong")], id="wrong"),
        pytest.param([("X-Menta-Secret", "")], id="empty"),
        pytest.param([("X-Menta-Secret", SECRET + "x")], id="longer"),
        pytest.param([("X-Menta-Secret", SECRET[:-1])], id="shorter"),
        pytest.param([("X-Menta-Secret", SECRET), ("X-Menta-Secret", SECRET)], id="twice"),
        pytest.param([("Authorization", f"Bearer {SECRET}")], id="elsewhere"),
        pytest.param([("X-Menta-Secret", "s\u00e9cret")], id="no ASCII"),
    ],
)
async def test_a_wrong_secret_makes_no_call(
    platform: FakePlatform, headers: list[tuple[str, str]]
) -> None:
    """A secret that is missing, wrong or given twice is 401, and the platform is not asked."""
    raw = [(name.encode(), value.encode()) for name, value in headers]
    async with serving(bridge_to(platform), secret=None) as menta:
        assert_problem(await menta.get(TICKETS, headers=raw), "unauthorized", 401)

    assert platform.seen == []


async def test_any_of_the_secrets_passes(platform: FakePlatform) -> None:
    """Secrets are rotated by serving two; empty ones let no one in."""
    platform.on("/orders", Reply(json=orders()))
    changes = {"endpoint.access.secrets": ["${MENTA_SECRET}", "${MENTA_NEXT:-next}", "${NONE:-}"]}
    async with serving(bridge_to(platform, changes), secret=None) as menta:
        statuses = [
            (await menta.get(TICKETS, headers={"X-Menta-Secret": secret})).status_code
            for secret in (SECRET, "next", "")
        ]

    assert statuses == [200, 200, 401]


async def test_a_foreign_address_makes_no_call(platform: FakePlatform) -> None:
    """An address outside `allow` is 403, whatever its secret."""
    changes = {"endpoint.access.allow": ["203.0.113.0/24"]}
    async with serving(bridge_to(platform, changes)) as menta:
        assert_problem(await menta.get(TICKETS), "forbidden", 403)
        forwarded = await menta.get(TICKETS, headers={"X-Forwarded-For": "203.0.113.9"})
        assert_problem(forwarded, "forbidden", 403)

    assert platform.seen == []


async def test_both_layers_must_pass(platform: FakePlatform) -> None:
    """An allowed address without the secret is 401: the address comes first, the secret second."""
    platform.on("/orders", Reply(json=orders()))
    changes = {"endpoint.access.allow": ["127.0.0.0/8"]}
    async with serving(bridge_to(platform, changes), secret=None) as menta:
        assert_problem(await menta.get(TICKETS), "unauthorized", 401)
        good = await menta.get(TICKETS, headers={"X-Menta-Secret": SECRET})

    assert good.status_code == 200


async def test_a_trusted_proxy_names_the_caller(platform: FakePlatform) -> None:
    """Behind a trusted proxy the rightmost address that is no proxy is the caller's."""
    platform.on("/orders", Reply(json=orders()))
    changes = {"endpoint.access.allow": ["203.0.113.0/24"]}
    proxies = Settings(port=0, trusted_proxies=(ip_network("127.0.0.0/8"),))
    async with serving(bridge_to(platform, changes), settings=proxies) as menta:
        statuses = [
            (await menta.get(TICKETS, headers={"X-Forwarded-For": value})).status_code
            for value in ("203.0.113.9", "198.51.100.1, 203.0.113.9", "203.0.113.9, 198.51.100.1")
        ]

    assert statuses == [200, 200, 403]


async def test_open_access_needs_no_secret(platform: FakePlatform) -> None:
    """`access: open` serves without either layer."""
    platform.on("/orders", Reply(json=orders()))
    async with serving(bridge_to(platform, {"endpoint.access": "open"}), secret=None) as menta:
        assert (await menta.get(TICKETS)).status_code == 200


async def test_the_checks_come_in_order(platform: FakePlatform) -> None:
    """Address, secret, method, user: who may not ask learns nothing further."""
    changes = {"endpoint.access.allow": ["203.0.113.0/24"]}
    async with serving(bridge_to(platform, changes), secret=None) as menta:
        assert_problem(await menta.post("/tickets"), "forbidden", 403)
    async with serving(bridge_to(platform), secret=None) as menta:
        assert_problem(await menta.post("/tickets"), "unauthorized", 401)
    async with serving(bridge_to(platform)) as menta:
        assert_problem(await menta.post("/tickets"), "method-not-allowed", 405)
        assert_problem(await menta.get("/tickets"), "invalid-user", 400)


# --- the user -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "query",
    [
        pytest.param("", id="missing"),
        pytest.param("?User=ana@example.com", id="other case"),
        pytest.param("?user=", id="empty"),
        pytest.param("?user", id="no value"),
        pytest.param("?user=ana@example.com&user=bea@example.com", id="twice"),
        pytest.param("?user=ana@example.com&%75ser=ana@example.com", id="twice, escaped"),
        pytest.param("?user=ana%40example.com%0A", id="line break"),
        pytest.param("?user=ana%0D%0A%40example.com", id="line break inside"),
        pytest.param("?user=ana%00@example.com", id="NUL"),
        pytest.param("?user=ana%20@example.com", id="blank"),
        pytest.param("?user=ana", id="no at"),
        pytest.param("?user=ana@b@example.com", id="two ats"),
        pytest.param("?user=ana@example.com,bea@example.com", id="two addresses"),
        pytest.param("?user=%ff@example.com", id="no UTF-8"),
        pytest.param(f"?user={'a' * 250}@example.com", id="too long"),
    ],
)
async def test_a_user_that_is_no_address_makes_no_call(platform: FakePlatform, query: str) -> None:
    """A user that is missing, repeated, empty, too long or no e-mail is 400; nothing is called."""
    async with serving(bridge_to(platform)) as menta:
        assert_problem(await menta.get(f"/tickets{query}"), "invalid-user", 400)

    assert platform.seen == []


@pytest.mark.parametrize("sent", ["ana+rock@example.com", "ana%2Brock@example.com"])
async def test_a_plus_survives_on_both_sides(platform: FakePlatform, sent: str) -> None:
    """A `+` in the query is a `+`, and arrives as one at the platform."""
    platform.on("/orders", Reply(json=orders(order(item(1), email="ana+rock@example.com"))))
    async with serving(bridge_to(platform)) as menta:
        response = await menta.get(f"/tickets?user={sent}")

    assert response.json()["userEmail"] == "ana+rock@example.com"
    assert len(response.json()["tickets"]) == 1
    assert platform.seen[0].target == "/orders?email=ana%2Brock%40example.com"


async def test_any_user_format_takes_other_keys(platform: FakePlatform) -> None:
    """`user_format: any` takes what is no e-mail; a `+` is then a blank."""
    platform.on("/orders", Reply(json=orders()))
    changes = {"endpoint.user_format": "any", "endpoint.user_parameter": "id"}
    async with serving(bridge_to(platform, changes)) as menta:
        response = await menta.get("/tickets?id=00+7")

    assert response.json()["userEmail"] == "00 7"
    assert platform.seen[0].target == "/orders?email=00%207"


# --- request ids ------------------------------------------------------------------------------------------


async def test_a_sane_request_id_is_kept(platform: FakePlatform) -> None:
    """menta's own request id comes back; one that is not sane is replaced."""
    async with serving(bridge_to(platform), secret=None) as menta:
        kept = await menta.get(TICKETS, headers={"X-Request-Id": "abc-123.X_y"})
        replaced = await menta.get(TICKETS, headers={"X-Request-Id": "a b<script>"})
        long = await menta.get(TICKETS, headers={"X-Request-Id": "a" * 129})

    assert kept.headers["x-request-id"] == "abc-123.X_y"
    assert replaced.headers["x-request-id"].isalnum()
    assert len(long.headers["x-request-id"]) == 32


# --- several mappings, probes -------------------------------------------------------------------------------


async def test_several_mappings_are_served_under_their_names(platform: FakePlatform) -> None:
    """Where several mappings are served, each is at /{platform}/tickets, unless it has its own path."""
    platform.on("/orders", Reply(json=orders()))
    bridges = [
        bridge_to(platform),
        bridge_to(platform, {"platform": "other"}),
        bridge_to(platform, {"platform": "third", "endpoint.path": "/mine"}),
    ]
    query = "?user=ana%40example.com"
    async with serving(*bridges) as menta:
        paths = ["/acme/tickets", "/other/tickets", "/mine", "/tickets", "/third/tickets"]
        statuses = [(await menta.get(path + query)).status_code for path in paths]
        ready = await menta.get("/readyz")

    assert statuses == [200, 200, 200, 404, 404]
    assert ready.json()["status"] == "ready"
    assert [known["platform"] for known in ready.json()["platforms"]] == ["acme", "other", "third"]


def test_two_mappings_at_one_path_are_refused() -> None:
    """Two mappings with one path are an error at start, which names both."""
    bridges = [
        compile_mapping(spec_of({"platform": name, "endpoint.path": "/t"})) for name in ("a", "b")
    ]

    with pytest.raises(PathTaken, match=r"acme\.yaml and acme\.yaml have one `endpoint\.path`, /t"):
        create_app(bridges, Settings())


async def test_probes_need_no_secret(platform: FakePlatform) -> None:
    """`/healthz` and `/readyz` are for a load balancer: no secret, and no call."""
    async with serving(bridge_to(platform), secret=None) as menta:
        health = await menta.get("/healthz")
        ready = await menta.get("/readyz")

    assert (health.status_code, health.json()) == (200, {"status": "alive"})
    assert (ready.status_code, ready.json()["status"]) == (200, "ready")
    assert_never_stored(health)
    assert platform.seen == []


# --- problems -----------------------------------------------------------------------------------------------


def leaves(kind: type[ProblemError]) -> list[type[ProblemError]]:
    """All problems of the tree that have a slug."""
    below = [leaf for child in kind.__subclasses__() for leaf in leaves(child)]
    return below or [kind]


@pytest.mark.parametrize("kind", leaves(ProblemError), ids=lambda kind: str(kind.__name__))
async def test_every_problem_has_the_one_shape(
    platform: FakePlatform, kind: type[ProblemError], monkeypatch: pytest.MonkeyPatch
) -> None:
    """One handler answers every problem of the tree with one shape of document."""

    async def fail(*_: object, **__: object) -> None:
        raise kind(log="secret things for the log")

    bridge = bridge_to(platform)
    monkeypatch.setattr(bridge, "answer", fail)
    async with serving(bridge) as menta:
        response = await menta.get(TICKETS)

    assert_problem(response, kind.slug, kind.status)
    assert response.json()["retryable"] is kind.retryable
    assert "secret things" not in response.text
    assert ("retry-after" in response.headers) is (kind.status == 503)


async def test_a_defect_is_an_internal_error(
    platform: FakePlatform, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Any other exception is `internal-error`; its traceback goes to the log, and not out."""

    async def fail(*_: object, **__: object) -> None:
        raise KeyError("ana@example.com")

    bridge = bridge_to(platform)
    monkeypatch.setattr(bridge, "answer", fail)
    async with serving(bridge) as menta:
        response = await menta.get(TICKETS)

    assert_problem(response, "internal-error", 500)
    assert "KeyError" not in response.text
    assert any(record.exc_info for record in caplog.records)


async def test_the_deadline_is_over_everything(platform: FakePlatform) -> None:
    """A platform that never answers is `upstream-timeout` once the deadline has passed."""
    platform.on("/orders", Reply(hang=True))
    async with serving(bridge_to(platform, {"upstream.timeout": "150ms"})) as menta:
        assert_problem(await menta.get(TICKETS), "upstream-timeout", 504)


async def test_a_call_that_never_gets_its_turn_is_an_overload(platform: FakePlatform) -> None:
    """No free call before the deadline is `overloaded`, with `Retry-After`."""
    platform.on("/orders", Reply(hang=True))
    changes = {"upstream.timeout": "300ms", "upstream.concurrency": 1}
    async with serving(bridge_to(platform, changes)) as menta:
        first, second = await asyncio.gather(menta.get(TICKETS), menta.get(TICKETS))

    assert {first.status_code, second.status_code} == {503, 504}
    overload = first if first.status_code == 503 else second
    assert_problem(overload, "overloaded", 503)
    assert overload.headers["retry-after"] == "1"


async def test_beyond_the_services_cap_the_answer_is_at_once(platform: FakePlatform) -> None:
    """More answers at once than `max_concurrency` are refused at once, not queued."""
    platform.on("/orders", Reply(hang=True))
    settings = Settings(port=0, max_concurrency=1)
    changes = {"upstream.timeout": "500ms"}
    async with serving(bridge_to(platform, changes), settings=settings) as menta:
        slow = asyncio.create_task(menta.get(TICKETS))
        while not platform.seen:  # noqa: ASYNC110 - the platform is another server
            await asyncio.sleep(0.01)
        refused = await menta.get(TICKETS)
        assert_problem(refused, "overloaded", 503)
        assert not slow.done()
        assert_problem(await slow, "upstream-timeout", 504)


async def test_a_caller_who_leaves_frees_the_call(platform: FakePlatform) -> None:
    """When menta tech closes the connection, the call to the platform is closed too."""
    platform.on("/orders", Reply(hang=True))
    async with serving(bridge_to(platform, {"upstream.timeout": "60s"})) as menta:
        with pytest.raises(httpx.ReadTimeout):
            await menta.get(TICKETS, timeout=0.2)
        while platform.open_connections:  # noqa: ASYNC110 - the platform is another server
            await asyncio.sleep(0.01)

    assert len(platform.seen) == 1


async def test_a_caller_who_leaves_another_server_frees_the_call_too(
    platform: FakePlatform,
) -> None:
    """Any ASGI server says that the caller is gone by a message; then nothing is answered."""
    platform.on("/orders", Reply(hang=True))
    bridge = bridge_to(platform, {"upstream.timeout": "60s"})
    sent: list[object] = []
    messages = [{"type": "http.request", "body": b"", "more_body": False}]

    async def receive() -> dict[str, object]:
        if messages:
            return messages.pop()
        while not platform.seen:  # noqa: ASYNC110 - the platform is another server
            await asyncio.sleep(0.01)
        return {"type": "http.disconnect"}

    async def send(message: object) -> None:
        sent.append(message)

    scope = {
        "type": "http",
        "method": "GET",
        "path": "/tickets",
        "query_string": b"user=ana%40example.com",
        "headers": [(b"x-menta-secret", SECRET.encode())],
        "client": ("127.0.0.1", 1),
    }
    async with asyncio.timeout(20):
        await create_app([bridge], Settings())(scope, receive, send)
        while platform.open_connections:  # noqa: ASYNC110 - likewise
            await asyncio.sleep(0.01)
    await bridge.aclose()

    assert (sent, len(platform.seen)) == ([], 1)


async def test_another_schema_and_body_are_answered(platform: FakePlatform, tmp_path: Path) -> None:
    """A platform with its own agreement brings its schema, and reshapes the body."""
    schema = {"type": "array", "items": {"type": "object", "required": ["code"]}}
    (tmp_path / "own.json").write_text(json.dumps(schema))
    changes = {"response": {"body": "tickets[*].{code: ticketId}", "schema": "own.json"}}
    platform.on("/orders", Reply(json=orders(order(item(7)))))
    bridge = compile_mapping(spec_of(changes, base_url=platform.url, folder=tmp_path))
    async with serving(bridge) as menta:
        response = await menta.get(TICKETS)

    assert response.json() == [{"code": "7"}]


@pytest.mark.parametrize("path", ["/tickets", "/other"])
async def test_what_is_no_request_is_left_alone(path: str) -> None:
    """A server of others may offer a socket of another kind: it is not accepted."""
    app = create_app([compile_mapping(spec_of())], Settings())
    sent: list[object] = []

    async def send(message: object) -> None:
        sent.append(message)

    await app({"type": "websocket", "path": path, "headers": []}, None, send)  # type: ignore[arg-type]

    assert sent == []
