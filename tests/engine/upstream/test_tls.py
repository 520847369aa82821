"""TLS to the platform, over real connections: whom the bridge trusts, and who it is."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import trustme
from cryptography.hazmat.primitives import serialization

from tests.fake_platform import FakePlatform, Reply
from tests.support import USER, item, order, orders, spec_of, tickets_of
from ticketbridge.engine.bridge import Bridge, compile_findings, compile_mapping
from ticketbridge.engine.problems import UpstreamUnavailable
from ticketbridge.mapping import Finding, MappingError

pytestmark = pytest.mark.anyio

GOOD = Reply(json=orders(order(item(1))))


@pytest.fixture(params=[False, True], ids=["asyncio", "uvloop"])
def anyio_backend(request: pytest.FixtureRequest) -> tuple[str, dict[str, Any]]:
    """Both event loops: where uvloop is not installed, the server runs on asyncio's."""
    return "asyncio", {"use_uvloop": request.param}


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    """Who signs the platform's certificate, and the bridge's."""
    return trustme.CA()


@pytest.fixture
def folder(tmp_path: Path, authority: trustme.CA) -> Path:
    """A mapping's folder with certificates and keys beside it, good and bad."""
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    trustme.CA().cert_pem.write_to_path(str(tmp_path / "other-ca.pem"))
    client, other = [authority.issue_cert("bridge@ticketbridge.example") for _ in range(2)]
    client.cert_chain_pems[0].write_to_path(str(tmp_path / "client.pem"))
    client.private_key_pem.write_to_path(str(tmp_path / "client.key"))
    client.private_key_and_cert_chain_pem.write_to_path(str(tmp_path / "both.pem"))
    other.private_key_pem.write_to_path(str(tmp_path / "other.key"))
    (tmp_path / "locked.key").write_bytes(_locked(client.private_key_pem.bytes()))
    (tmp_path / "empty.pem").write_bytes(b"")
    (tmp_path / "broken.pem").write_bytes(
        b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"
    )
    return tmp_path


def _locked(pem: bytes) -> bytes:
    """The key with a passphrase."""
    key = serialization.load_pem_private_key(pem, None)
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.BestAvailableEncryption(b"passphrase"),
    )


@asynccontextmanager
async def secured(
    authority: trustme.CA,
    host: str = "127.0.0.1",
    *,
    asks_for_certificate: bool = False,
    not_after: datetime | None = None,
) -> AsyncIterator[FakePlatform]:
    """A platform that speaks https, with a certificate for *host*."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert(host, not_after=not_after).configure_cert(context)
    if asks_for_certificate:
        context.verify_mode = ssl.CERT_REQUIRED
        authority.configure_trust(context)
    async with FakePlatform(context) as platform:
        platform.on("/orders", GOOD)
        yield platform


def bridge_to(platform: FakePlatform, folder: Path, tls: Mapping[str, str] | None) -> Bridge:
    """MAPPING with this `tls`, in *folder*."""
    changes = {} if tls is None else {"upstream.tls": tls}
    return compile_mapping(spec_of(changes, base_url=platform.url, folder=folder))


async def ids(bridge: Bridge) -> list[str]:
    """The tickets of one answer, by their ids."""
    try:
        return [ticket["ticketId"] for ticket in tickets_of(await bridge.answer(USER))]
    finally:
        await bridge.aclose()


# --- whom the bridge trusts ---------------------------------------------------------------------


async def test_a_platform_with_a_root_of_its_own(folder: Path, authority: trustme.CA) -> None:
    """`ca` names whose word is taken for who the platform is."""
    async with secured(authority) as platform:
        bridge = bridge_to(platform, folder, {"ca": "ca.pem"})
        for _ in range(3):
            await bridge.answer(USER)
        assert await ids(bridge) == ["1"]

    assert [seen.turn for seen in platform.seen] == [1, 2, 3, 4]


async def test_the_platform_hears_which_host_is_meant(
    folder: Path, authority: trustme.CA, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One address may serve many names: the one that is asked for is sent (RFC 6066, section 3)."""
    heard: list[str | None] = []
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("localhost").configure_cert(context)
    context.sni_callback = lambda _stream, name, _context: heard.append(name)
    async with FakePlatform(context) as platform:
        platform.on("/orders", GOOD)
        monkeypatch.setattr(platform, "url", platform.url.replace("127.0.0.1", "localhost"))
        assert await ids(bridge_to(platform, folder, {"ca": "ca.pem"})) == ["1"]

    assert heard == ["localhost"]


@pytest.mark.parametrize(
    "tls",
    [
        pytest.param(None, id="the machine's trust"),
        pytest.param({"ca": "other-ca.pem"}, id="another root"),
        pytest.param({"cert": "client.pem", "key": "client.key"}, id="only a certificate"),
    ],
)
async def test_whom_nobody_vouches_for_gets_no_request(
    folder: Path, authority: trustme.CA, tls: Mapping[str, str] | None
) -> None:
    """A certificate from elsewhere is no connection: no credential and no user is sent."""
    async with secured(authority) as platform:
        bridge = bridge_to(platform, folder, tls)
        with pytest.raises(UpstreamUnavailable) as caught:
            await bridge.answer(USER)
        await bridge.aclose()

    assert caught.value.log.endswith("or its authority is not trusted)")
    assert platform.seen == []


async def test_an_expired_certificate_is_called_expired(
    folder: Path, authority: trustme.CA
) -> None:
    """Whoever reads the log knows what to ask the platform for."""
    over = datetime(2020, 1, 1, tzinfo=UTC)
    async with secured(authority, not_after=over) as platform:
        bridge = bridge_to(platform, folder, {"ca": "ca.pem"})
        with pytest.raises(UpstreamUnavailable) as caught:
            await bridge.answer(USER)
        await bridge.aclose()

    told = "order: no answer (SSLCertVerificationError: the certificate has expired)"
    assert caught.value.log == told


async def test_the_hosts_name_is_verified(folder: Path, authority: trustme.CA) -> None:
    """A certificate from the right root, for another host, is another host's."""
    async with secured(authority, "other.example") as platform:
        bridge = bridge_to(platform, folder, {"ca": "ca.pem"})
        with pytest.raises(UpstreamUnavailable, match="not for this address"):
            await bridge.answer(USER)
        await bridge.aclose()

    assert platform.seen == []


# --- who the bridge is --------------------------------------------------------------------------


@pytest.mark.parametrize(
    "tls",
    [
        pytest.param({"cert": "client.pem", "key": "client.key"}, id="two files"),
        pytest.param({"cert": "both.pem"}, id="one file"),
    ],
)
async def test_a_platform_that_asks_for_a_certificate_gets_it(
    folder: Path, authority: trustme.CA, tls: Mapping[str, str]
) -> None:
    """`cert` and `key` prove who the bridge is, to platforms that want to know."""
    async with secured(authority, asks_for_certificate=True) as platform:
        assert await ids(bridge_to(platform, folder, {"ca": "ca.pem", **tls})) == ["1"]


async def test_without_a_certificate_it_is_no_connection(
    folder: Path, authority: trustme.CA
) -> None:
    """A platform that wants a certificate and gets none ends the connection: it is not available."""
    async with secured(authority, asks_for_certificate=True) as platform:
        bridge = bridge_to(platform, folder, {"ca": "ca.pem"})
        with pytest.raises(UpstreamUnavailable):
            await bridge.answer(USER)
        await bridge.aclose()

    assert platform.seen == []


async def test_a_handshake_that_never_ends_is_given_up(
    platform: FakePlatform, folder: Path
) -> None:
    """`connect_timeout` is over TLS too, and nothing is left of the connection."""
    changes = {"upstream.connect_timeout": "200ms", "upstream.tls": {"ca": "ca.pem"}}
    url = platform.url.replace("http:", "https:")
    bridge = compile_mapping(spec_of(changes, base_url=url, folder=folder))
    with pytest.raises(UpstreamUnavailable):
        await bridge.answer(USER)
    await closed(platform)
    await bridge.aclose()


async def test_a_caller_who_leaves_in_the_handshake(platform: FakePlatform, folder: Path) -> None:
    """A connection that nobody waits for any more is closed, also before it can be used."""
    url = platform.url.replace("http:", "https:")
    bridge = compile_mapping(
        spec_of({"upstream.tls": {"ca": "ca.pem"}}, base_url=url, folder=folder)
    )
    asking = asyncio.create_task(bridge.answer(USER))
    async with asyncio.timeout(20):
        while not platform.open_connections:  # noqa: ASYNC110 - there is no event for it
            await asyncio.sleep(0.01)
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking
    await closed(platform)
    await bridge.aclose()


async def closed(platform: FakePlatform) -> None:
    """Return once the platform has no connection; it may take 2 s."""
    async with asyncio.timeout(2):
        while platform.open_connections:  # noqa: ASYNC110 - there is no event for it
            await asyncio.sleep(0.01)


# --- files that will not do ---------------------------------------------------------------------

WRONG: Mapping[str, tuple[Mapping[str, str], str, str]] = {
    "empty root": ({"ca": "empty.pem"}, "ca", "`ca` holds no certificate in PEM form"),
    "broken root": ({"ca": "broken.pem"}, "ca", "`ca` holds no certificate in PEM form"),
    "key as root": ({"ca": "client.key"}, "ca", "`ca` holds no certificate in PEM form"),
    "key as certificate": (
        {"cert": "client.key", "key": "client.key"},
        "cert",
        "`cert` holds no certificate in PEM form",
    ),
    "certificate as key": (
        {"cert": "client.pem", "key": "client.pem"},
        "key",
        "`key` holds no private key in PEM form",
    ),
    "empty key": (
        {"cert": "client.pem", "key": "empty.pem"},
        "key",
        "`key` holds no private key in PEM form",
    ),
    "no key": ({"cert": "client.pem"}, "cert", "`cert` holds no private key in PEM form"),
    "another's key": (
        {"cert": "client.pem", "key": "other.key"},
        "key",
        "`key` is not the key of the certificate",
    ),
    "locked key": (
        {"cert": "client.pem", "key": "locked.key"},
        "key",
        "`key` is protected by a passphrase",
    ),
}


@pytest.mark.parametrize(("tls", "key", "words"), WRONG.values(), ids=WRONG)
def test_a_file_that_will_not_do_is_named(
    folder: Path, tls: Mapping[str, str], key: str, words: str
) -> None:
    """What is wrong with a certificate or key is said when the mapping is loaded, at its place."""
    spec = spec_of({"upstream.tls": tls}, base_url="https://api.acme.example", folder=folder)
    with pytest.raises(MappingError) as caught:
        compile_mapping(spec)
    (finding,) = caught.value.findings

    assert finding.code == "TB056"
    assert finding.message.startswith(words)
    assert _key_of(finding, folder, tls) == key


def test_all_that_is_wrong_is_said_at_once(folder: Path) -> None:
    """A bad root does not hide a bad certificate."""
    tls = {"ca": "empty.pem", "cert": "empty.pem", "key": "client.key"}
    spec = spec_of({"upstream.tls": tls}, base_url="https://api.acme.example", folder=folder)

    assert [finding.code for finding in compile_findings(spec)] == ["TB056", "TB056"]


def _key_of(finding: Finding, folder: Path, tls: Mapping[str, str]) -> str:
    """The key of `tls` at whose value the finding points."""
    spec = spec_of({"upstream.tls": tls}, base_url="https://api.acme.example", folder=folder)
    assert spec.upstream.tls is not None
    files = {name: getattr(spec.upstream.tls, name) for name in tls}
    return next(name for name, file in files.items() if file.place == finding.place)


async def test_no_keys_of_connections_are_written(
    authority: trustme.CA, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`SSLKEYLOGFILE` is not honoured under `tls` either."""
    keys = folder / "keys"
    async with secured(authority) as platform:
        monkeypatch.setenv("SSLKEYLOGFILE", str(keys))
        assert await ids(bridge_to(platform, folder, {"ca": "ca.pem"})) == ["1"]

    assert not keys.exists()
