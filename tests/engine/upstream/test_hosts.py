"""`upstream.hosts`: a call goes where its `host` says, over connections of that host, and nowhere else."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from typing import Any

import pytest

from tests.fake_platform import CLOSE, FakePlatform, Reply
from tests.support import TOKEN, USER, ids_on, item, order, orders, problem_on, spec_of
from ticketbridge.engine.bridge import compile_mapping
from ticketbridge.engine.problems import MappingMismatch, UpstreamUnavailable
from ticketbridge.mapping import MappingError

pytestmark = pytest.mark.anyio


@pytest.fixture
async def files() -> AsyncIterator[FakePlatform]:
    """A second host of the platform's."""
    async with FakePlatform() as other:
        yield other


def exporting(files: FakePlatform, path: str = "", **call: Any) -> dict[str, Any]:
    """MAPPING whose job is on `base_url` and whose orders are on *files*, below *path*."""
    return {
        "upstream.hosts": {"files": files.url + path},
        "source": [
            {"name": "job", "get": "/jobs", "query": {"email": "{user}"}, "take": "body"},
            {
                "name": "order",
                "get": "/exports/{job.id}",
                "query": {"email": "{user}"},
                "host": "files",
                "each": "body.orders",
                **call,
            },
            {"name": "item", "each": "order.items"},
        ],
    }


async def test_each_call_goes_to_its_host(platform: FakePlatform, files: FakePlatform) -> None:
    """The path is appended to the host's URL, and the platform's credentials and headers go there too."""
    platform.on("/jobs", Reply(json={"id": 7}))
    files.on("/v2/exports/7", Reply(json=orders(order(item(1)))))
    changes = {**exporting(files, "/v2"), "upstream.headers": {"X-Channel": "resale"}}

    assert await ids_on(platform, changes) == ["1"]
    assert (platform.paths, files.paths) == (["/jobs"], ["/v2/exports/7"])
    (seen,) = files.seen
    assert seen.headers["host"] == files.url.removeprefix("http://")
    assert seen.headers["authorization"] == f"Bearer {TOKEN}"
    assert seen.headers["x-channel"] == "resale"


async def test_the_same_path_on_two_hosts_is_two_calls(
    platform: FakePlatform, files: FakePlatform
) -> None:
    """What one host answered is never taken for the other's, though path and query are the same."""
    platform.on("/orders", Reply(json={"email": USER}))
    files.on("/orders", Reply(json=orders(order(item(1)))))
    asked = {"get": "/orders", "query": {"email": "{user}"}}
    changes = {
        "upstream.hosts": {"files": files.url},
        "source": [
            {"name": "who", **asked, "take": "body"},
            {"name": "order", **asked, "host": "files", "each": "body.orders"},
            {"name": "item", "each": "order.items"},
        ],
        "ticket.owner": "who.email",
    }

    assert await ids_on(platform, changes) == ["1"]
    assert (len(platform.seen), len(files.seen)) == (1, 1)


async def test_pages_and_polls_stay_on_the_host(
    platform: FakePlatform, files: FakePlatform
) -> None:
    """A relative or absolute URL of the host's is followed there."""
    platform.on("/jobs", Reply(json={"id": 7}))
    files.on("/exports/7", Reply(202, json={"at": f"{files.url}/ready/7"}))
    second = f"{files.url}/ready/7?p=2"
    files.on("/ready/7", Reply(json={**orders(order(item(1))), "next": second}))
    files.on("/ready/7", Reply(json={**orders(order(item(2))), "next": None}), query={"p": "2"})
    changes = exporting(
        files,
        responses=[{"status": 202, "then": "poll", "after": "1ms", "url": "body.at"}],
        pages={"next_url": "body.next", "any_path": True},
    )

    assert await ids_on(platform, changes) == ["1", "2"]
    assert len(platform.seen) == 1
    assert {seen.headers["authorization"] for seen in files.seen} == {f"Bearer {TOKEN}"}


@pytest.mark.parametrize("kind", ["page", "poll"])
@pytest.mark.parametrize("on_files", [True, False], ids=["to base_url", "to the host"])
async def test_no_url_leads_from_one_host_to_another(
    platform: FakePlatform, files: FakePlatform, kind: str, *, on_files: bool
) -> None:
    """A next URL is held to the origin of its own call, be the other one the platform's too."""
    target = (platform if on_files else files).url + "/orders?email=ana%40example.com"
    call: dict[str, Any] = {"pages": {"next_url": "body.next", "any_path": True}}
    if kind == "poll":
        rule = {"status": 202, "then": "poll", "after": "1ms", "url": "body.next"}
        call = {"responses": [rule]}
    reply = Reply(202 if kind == "poll" else 200, json={**orders(), "next": target})
    platform.on("/jobs", Reply(json={"id": 7}))
    platform.on("/exports/7", reply)
    files.on("/exports/7", reply)
    changes = exporting(files, **call)
    if not on_files:
        del changes["source"][1]["host"]
        changes["source"][0] = {**changes["source"][0], "host": "files"}
        files.on("/jobs", Reply(json={"id": 7}))

    found = await problem_on(platform, changes)

    assert isinstance(found, MappingMismatch)
    assert "not on the platform's scheme, host and port" in found.log
    assert all(seen.path != "/orders" for seen in (*platform.seen, *files.seen))


async def test_a_host_that_is_gone_is_the_platform_that_is_gone(
    platform: FakePlatform, files: FakePlatform
) -> None:
    """A host that gives no answer is `upstream-unavailable`, and the breaker hears of it."""
    platform.on("/jobs", Reply(json={"id": 7}))
    files.on("/exports/7", Reply(steps=(CLOSE,)))
    changes = {**exporting(files), "upstream.breaker": {"failures": 1, "open": "1m"}}
    bridge = compile_mapping(spec_of(changes, base_url=platform.url))

    with pytest.raises(UpstreamUnavailable):
        await bridge.answer(USER)

    assert bridge.breaker == "open"
    await bridge.aclose()


# --- names ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "message", "repair"),
    [
        (
            {"source.0.host": "file", "upstream.hosts": {"files": "https://f.example"}},
            "`file` is none of `upstream.hosts`",
            'did you mean "files"? legal here: files',
        ),
        ({"source.0.host": "files"}, "`files` is none", "name it there, with its URL"),
        ({"source.1.host": "files"}, "`get` is missing", ""),
        ({"upstream.hosts": {"Files": "https://f.example"}}, "should be a name", ""),
        ({"upstream.hosts": {"files": "f.example"}}, "absolute http or https URL", ""),
        ({"upstream.hosts": {"files": "https://f.example?a=b"}}, "has a query", ""),
    ],
)
def test_a_host_is_named_in_upstream(changes: Mapping[str, Any], message: str, repair: str) -> None:
    """Each `host` is one of `upstream.hosts`, each of which is a name with a URL."""
    with pytest.raises(MappingError) as caught:
        spec_of(changes)

    found = [each for each in caught.value.findings if message in each.message]
    assert found
    assert repair in found[0].suggestion


def test_a_host_that_nobody_calls_is_doubted() -> None:
    """It may have been meant at a call, which goes to `base_url` without it."""
    warnings = spec_of({"upstream.hosts": {"files": "https://f.example"}}).warnings

    assert [each.message for each in warnings if each.code == "TB069"] == [
        "no call goes to the host `files`"
    ]


def test_credentials_in_clear_to_any_host_are_doubted() -> None:
    """The platform's credentials go to each of its hosts."""
    changes = {"source.0.host": "files", "upstream.hosts": {"files": "http://f.example"}}

    warnings = spec_of(changes, base_url="https://platform.example").warnings

    assert ["files" in each.message for each in warnings if each.code == "TB054"] == [True]
