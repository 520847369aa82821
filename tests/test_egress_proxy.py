"""A real tinyproxy between the bridge and the platform, as the recipe for a fixed address sets it up.

On a desk without it these tests are skipped; where `CI` is set they are not.
"""

from __future__ import annotations

import socket
import ssl
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import pytest
import trustme

from tests.fake_platform import FakePlatform, Reply
from tests.processes import own_process, path_of, wait_for_listener
from tests.support import USER, item, order, orders, spec_of, tickets_of
from ticketbridge.engine.bridge import compile_mapping
from ticketbridge.engine.problems import ProblemError, UpstreamUnavailable

pytestmark = pytest.mark.anyio

CONFIGURATION = """
Listen 127.0.0.1
Port {port}
Allow 127.0.0.1
BasicAuth bridge pa55word
ConnectPort {allowed}
LogLevel Critical
"""
GOOD = "bridge:pa55word@"


@pytest.fixture(params=[False, True], ids=["asyncio", "uvloop"])
def anyio_backend(request: pytest.FixtureRequest) -> tuple[str, dict[str, Any]]:
    """Both event loops: where uvloop is not installed, the server runs on asyncio's."""
    return "asyncio", {"use_uvloop": request.param}


@asynccontextmanager
async def platform_of(authority: trustme.CA | None) -> AsyncIterator[FakePlatform]:
    """A platform that speaks https, or http without an *authority*."""
    context = None
    if authority is not None:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        authority.issue_cert("127.0.0.1").configure_cert(context)
    async with FakePlatform(context) as platform:
        platform.on("/orders", Reply(json=orders(order(item(1)))))
        yield platform


@contextmanager
def tinyproxy(folder: Path, allowed: int) -> Iterator[int]:
    """The port of a tinyproxy that makes tunnels to the port *allowed*."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    file, log = folder / "tinyproxy.conf", folder / "log"
    file.write_text(CONFIGURATION.format(port=port, allowed=allowed), "utf-8")
    command = [path_of("tinyproxy", "tinyproxy-bin"), "-d", "-c", str(file)]
    with log.open("wb") as written, own_process(command, stdout=written, stderr=written) as process:
        wait_for_listener(port, process, log)
        yield port


async def ids_by(port: int, userinfo: str, platform: FakePlatform, folder: Path) -> list[str]:
    """The tickets of two answers that come through the proxy at *port*."""
    changes: dict[str, Any] = {"upstream.proxy": f"http://{userinfo}127.0.0.1:{port}"}
    if platform.url.startswith("https:"):
        changes["upstream.tls"] = {"ca": "ca.pem"}
    bridge = compile_mapping(spec_of(changes, base_url=platform.url, folder=folder))
    try:
        answers = [await bridge.answer(USER) for _ in range(2)]
    finally:
        await bridge.aclose()
    return [ticket["ticketId"] for answer in answers for ticket in tickets_of(answer)]


def port_of(platform: FakePlatform) -> int:
    """Where the platform listens."""
    return int(platform.url.rpartition(":")[2])


@pytest.mark.parametrize("encrypts", [True, False], ids=["https", "http"])
async def test_tickets_come_through_the_proxy(tmp_path: Path, *, encrypts: bool) -> None:
    """With its password it leads to a platform of both kinds, and with another one to none.

    tinyproxy then says 401. In the place of an http platform's answer nobody can tell whose word it is.
    """
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    async with platform_of(authority if encrypts else None) as platform:
        with tinyproxy(tmp_path, port_of(platform)) as port:
            found = await ids_by(port, GOOD, platform, tmp_path)
            asked = len(platform.seen)
            with pytest.raises(ProblemError) as refused:
                await ids_by(port, "bridge:wrong@", platform, tmp_path)

    assert found == ["1", "1"]
    assert asked == len(platform.seen) == 2
    assert refused.value.log == (
        "order: the proxy refused our credentials (status 401)" if encrypts else "order: status 401"
    )


async def test_a_port_that_the_proxy_does_not_open(tmp_path: Path) -> None:
    """A refused tunnel is no connection, and says so."""
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    async with platform_of(authority) as platform:
        with tinyproxy(tmp_path, 443) as port, pytest.raises(ProblemError) as refused:
            await ids_by(port, GOOD, platform, tmp_path)

    assert isinstance(refused.value, UpstreamUnavailable)
    assert refused.value.log == "order: the proxy refused to connect (status 403)"
    assert platform.seen == []
