"""A probe over TLS, and at our own `serve`: alone, and behind nginx."""

from __future__ import annotations

import asyncio
import datetime as dt
import json
import ssl
import warnings
from pathlib import Path

import pytest
import trustme

from tests.fake_platform import FakePlatform, Reply, Seen
from tests.processes import serving_program
from tests.support import SECRET as MENTA_SECRET
from tests.support import item, order, orders
from tests.test_proxies_in_front import NGINX, Kind, proxy
from tests.workbench.probe.endpoints import SECRET, USER, Endpoint, served
from ticketbridge.cli import main
from ticketbridge.workbench.probe.caller import ProbeTarget
from ticketbridge.workbench.probe.handshake import check_tls, trust_of

pytestmark = pytest.mark.anyio

TLS_NGINX = Kind(
    "nginx",
    NGINX.replace(
        "listen 127.0.0.1:{port};",
        "listen 127.0.0.1:{port} ssl; ssl_certificate {folder}/server.pem;"
        " ssl_certificate_key {folder}/server.pem;",
    ),
    lambda program, file: [program, "-c", str(file)],
)


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    """Who signs the endpoint's certificate."""
    return trustme.CA()


@pytest.fixture(autouse=True)
def _secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PROBE_SECRET", SECRET)
    monkeypatch.setenv("MENTA_SECRET", MENTA_SECRET)


def certificate(folder: Path, authority: trustme.CA, *names: str, days: float = 90) -> Path:
    """A certificate with its key, for so many days from now."""
    until = dt.datetime.now(tz=dt.UTC) + dt.timedelta(days=days)
    made = authority.issue_cert(*names, not_after=until)
    file = folder / "server.pem"
    file.write_bytes(made.private_key_and_cert_chain_pem.bytes())
    return file


def ca_file(folder: Path, authority: trustme.CA) -> tuple[str, str]:
    """The words that name whom to trust."""
    authority.cert_pem.write_to_path(str(folder / "ca.pem"))
    return "--ca", str(folder / "ca.pem")


async def found_at(
    url: str, capsys: pytest.CaptureFixture[str], *words: str
) -> tuple[int, list[dict[str, str]]]:
    """The exit code and the findings."""
    header = () if "--header" in words else ("--header", "X-Secret: ${PROBE_SECRET}")
    options = ["--user", USER, *header, "--calls", "3", "--slow", "60", "--format", "json"]
    code = await asyncio.to_thread(main, ["probe", url, *options, *words])
    return code, json.loads(capsys.readouterr().out)


async def test_a_proven_endpoint_has_no_finding(
    tmp_path: Path, authority: trustme.CA, capsys: pytest.CaptureFixture[str]
) -> None:
    """A certificate of a trusted authority, for this name and for long enough, is all that is asked."""
    file = certificate(tmp_path, authority, "localhost")
    async with served(Endpoint(), file) as url:
        assert await found_at(url, capsys, *ca_file(tmp_path, authority)) == (0, [])


@pytest.mark.parametrize(
    ("names", "trusted", "days", "got"),
    [
        (["localhost"], False, 90, "a certificate of the chain is missing, or its authority"),
        (["other.example"], True, 90, "the certificate is not for this host's name"),
        (["localhost"], True, -1, "the certificate has expired"),
    ],
)
async def test_nothing_is_sent_to_who_cannot_prove_the_name(  # noqa: PLR0917 - a table
    names: list[str],
    trusted: bool,
    days: int,
    got: str,
    tmp_path: Path,
    authority: trustme.CA,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """A wrong chain, a wrong name or an old certificate is one error; no pull and no secret is sent."""
    file = certificate(tmp_path, authority, *names, days=days)
    words = ca_file(tmp_path, authority) if trusted else ()
    endpoint = Endpoint()
    async with served(endpoint, file) as url:
        code, found = await found_at(url, capsys, *words)

    assert (code, [each["code"] for each in found]) == (1, ["tls-untrusted"])
    assert found[0]["got"].startswith(got)
    assert endpoint.pulls == 0


async def test_where_there_is_no_tls_behind_https_it_is_said(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """A port without TLS, and one where nobody listens, are told apart; nothing is sent."""
    endpoint = Endpoint()
    async with served(endpoint) as url:
        _, plain = await found_at(url.replace("http:", "https:"), capsys)
    _, nobody = await found_at("https://127.0.0.1:9/tickets", capsys)

    assert [each["code"] for each in plain] == ["tls-untrusted"]
    assert [each["code"] for each in nobody] == ["no-answer"]
    assert endpoint.pulls == 0


async def test_a_certificate_that_ends_soon_is_a_warning(
    tmp_path: Path, authority: trustme.CA, capsys: pytest.CaptureFixture[str]
) -> None:
    """Days before the last one there is still time to renew it."""
    file = certificate(tmp_path, authority, "localhost", days=5.5)
    async with served(Endpoint(), file) as url:
        code, found = await found_at(url, capsys, *ca_file(tmp_path, authority))

    assert code == 0
    assert [(each["code"], each["got"]) for each in found] == [("tls-expires", "5 days left")]


def test_plain_http_to_another_machine_is_an_error() -> None:
    """The secret would be read on the way; to this machine itself there is no way."""
    trust = trust_of(None)

    (found,) = check_tls(ProbeTarget("http://tickets.example/tickets"), trust).findings
    assert found.code == "no-tls"
    assert check_tls(ProbeTarget("http://127.0.0.1:8080/tickets"), trust).findings == ()


async def test_an_old_version_is_a_warning(tmp_path: Path, authority: trustme.CA) -> None:
    """An endpoint that takes TLS 1.1 beside newer ones is told apart from one that does not."""
    file = certificate(tmp_path, authority, "localhost")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        context.minimum_version = ssl.TLSVersion.TLSv1
    context.set_ciphers("ALL:@SECLEVEL=0")
    codes = []
    for tls in (context, ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)):
        tls.load_cert_chain(file)
        async with FakePlatform(tls) as old:
            url = old.url.replace("127.0.0.1", "localhost")
            _, ca = ca_file(tmp_path, authority)
            target = ProbeTarget(url)
            result = await asyncio.to_thread(check_tls, target, trust_of(Path(ca)))
            codes.append([found.code for found in result.findings])

    assert codes == [["tls-version"], []]


# --- our own proxy --------------------------------------------------------------------------------


def one_users_orders(seen: Seen) -> Reply:
    """What the platform says: it knows one user, in any letter case."""
    is_known = dict(seen.query)["email"].lower() == USER
    return Reply(json=orders(order(item(1), item(2))) if is_known else orders())


async def test_our_own_proxy_is_all_green(
    tmp_path: Path, platform: FakePlatform, capsys: pytest.CaptureFixture[str]
) -> None:
    """`serve`, as it is started by an operator, has nothing that a probe finds wrong."""
    platform.on("/orders", one_users_orders)
    with serving_program(tmp_path, platform.url) as program:
        words = ("--header", "X-Menta-Secret: ${MENTA_SECRET}")
        assert await found_at(f"{program.url}/tickets", capsys, *words) == (0, [])


async def test_our_own_proxy_is_all_green_behind_nginx_with_tls(
    tmp_path: Path,
    platform: FakePlatform,
    authority: trustme.CA,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """So has `serve` behind an nginx that ends TLS."""
    platform.on("/orders", one_users_orders)
    certificate(tmp_path, authority, "localhost")
    with (
        serving_program(
            tmp_path, platform.url, TICKETBRIDGE_TRUSTED_PROXIES="127.0.0.1"
        ) as program,
        proxy(TLS_NGINX, tmp_path, program.port) as port,
    ):
        words = ("--header", "X-Menta-Secret: ${MENTA_SECRET}", *ca_file(tmp_path, authority))
        url = f"https://localhost:{port}/tickets"

        assert await found_at(url, capsys, *words) == (0, [])


async def test_a_platform_that_fails_is_not_called_empty(
    tmp_path: Path, platform: FakePlatform, capsys: pytest.CaptureFixture[str]
) -> None:
    """Where the platform behind `serve` fails, the probe finds that there is no answer, and no leak."""
    platform.on("/orders", Reply(500, body=b"Traceback (most recent call last)"))
    with serving_program(tmp_path, platform.url) as program:
        words = ("--header", "X-Menta-Secret: ${MENTA_SECRET}")
        code, found = await found_at(f"{program.url}/tickets", capsys, *words)

    assert (code, [each["code"] for each in found]) == (1, ["answer-status"])
    assert found[0]["got"] == "502 application/problem+json"
