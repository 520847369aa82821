"""A real HAProxy, nginx and Caddy in front: what they set cannot be replaced by what a caller sends.

On a desk without them these tests are skipped; where `CI` is set they are not.
"""

from __future__ import annotations

import re
import socket
import subprocess
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import anyio
import pytest
import trustme

from tests.processes import own_process, path_of, wait_for_listener
from tests.raw_http import connections, exchange, until
from tests.support import SECRET, Changes, Replies, bridge_of, item, order, orders
from ticketbridge.service.app import create_app
from ticketbridge.service.protocol import BoundedProtocol
from ticketbridge.service.settings import Settings, settings_from

pytestmark = pytest.mark.anyio

PATIENCE = 20
FRIEND = "203.0.113.9"
"""An address of the list that nobody here has."""

LISTED: Changes = {"endpoint.access": {"allow": [FRIEND]}}
LOCAL: Changes = {"endpoint.access.allow": ["127.0.0.1"]}
TARGET = b"/tickets?user=ana%40example.com"
SECRET_LINE = b"X-Menta-Secret: " + SECRET.encode()
FORGED = f"X-Forwarded-For: {FRIEND}".encode()
CHUNKED = b"Transfer-Encoding: chunked"
TRUSTED = settings_from({"TICKETBRIDGE_TRUSTED_PROXIES": "127.0.0.1"})

HAPROXY = """
defaults
  mode http
  timeout connect 5s
  timeout client 10s
  timeout server 10s
frontend front
  bind 127.0.0.1:{port}
  http-request del-header X-Forwarded-For
  http-request set-header X-Forwarded-For %[src]
  default_backend bridge
backend bridge
  http-reuse always
  server bridge 127.0.0.1:{bridge}
"""

NGINX = """
daemon off;
pid {folder}/nginx.pid;
error_log {folder}/error.log;
events {{}}
http {{
  access_log off;
  client_body_temp_path {folder}/body;
  proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi;
  scgi_temp_path {folder}/scgi;
  upstream bridge {{ server 127.0.0.1:{bridge}; keepalive 4; }}
  server {{
    listen 127.0.0.1:{port};
    location / {{
      proxy_pass http://bridge;
      proxy_http_version 1.1;
      proxy_request_buffering off;
      proxy_set_header Connection "";
      proxy_set_header Host $http_host;
      proxy_set_header X-Forwarded-For $remote_addr;
    }}
  }}
}}
"""


DEPLOY = Path(__file__).parents[1] / "deploy"


def shipped_nginx() -> str:
    """The server of `deploy/nginx`, on loopback without TLS, in place of that of NGINX."""
    shipped = (DEPLOY / "nginx" / "ticketbridge.conf").read_text("utf-8")
    shipped = re.sub(r" *ssl_.*;\n| *server_name .*;\n", "", shipped)
    shipped = shipped.replace("{", "{{").replace("}", "}}")
    shipped = shipped.replace("listen 443 ssl", "listen 127.0.0.1:{port}")
    shipped = shipped.replace("server 127.0.0.1:8080", "server 127.0.0.1:{bridge}")
    shipped = shipped.replace("/var/log/nginx", "{folder}")
    return NGINX[: NGINX.index("  upstream bridge")] + shipped + "}}"


def shipped_caddy() -> str:
    """The site of `deploy/caddy`, on loopback without TLS."""
    shipped = (DEPLOY / "caddy" / "Caddyfile").read_text("utf-8")
    shipped = shipped.replace("{remote_host}", "<remote_host>").replace("{", "{{")
    shipped = shipped.replace("}", "}}").replace("<remote_host>", "{{remote_host}}")
    shipped = shipped.replace("tickets.acme.example {{", "http://:{port} {{\n\tbind 127.0.0.1")
    shipped = shipped.replace("127.0.0.1:8080", "127.0.0.1:{bridge}")
    first, own = "\n{{\n", "\tadmin off\n\tstorage file_system {folder}\n"
    if first not in shipped:
        return "{{\n" + own + "}}\n" + shipped
    return shipped.replace(first, first + own, 1)


@dataclass(frozen=True)
class Kind:
    """A proxy: its program, its configuration, and how it is called with that file."""

    program: str
    configuration: str
    command: Callable[[str, Path], list[str]]


KINDS = {
    "haproxy": Kind("haproxy", HAPROXY, lambda program, file: [program, "-db", "-f", str(file)]),
    "nginx": Kind("nginx", NGINX, lambda program, file: [program, "-c", str(file)]),
    "nginx, as shipped": Kind(
        "nginx", shipped_nginx(), lambda program, file: [program, "-c", str(file)]
    ),
    "caddy, as shipped": Kind(
        "caddy",
        shipped_caddy(),
        lambda program, file: [program, "run", "--adapter", "caddyfile", "--config", str(file)],
    ),
}


@contextmanager
def proxy(kind: Kind, folder: Path, bridge: int) -> Iterator[int]:
    """The port of the proxy in front of the bridge."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    file = folder / "proxy.conf"
    file.write_text(kind.configuration.format(port=port, bridge=bridge, folder=folder), "utf-8")
    log = (folder / "log").open("wb")
    command = kind.command(path_of(kind.program), file)
    with log, own_process(command, stdout=log, stderr=log) as process:
        wait_for_listener(port, process, folder / "log")
        yield port


@asynccontextmanager
async def behind(
    kind: str, folder: Path, changes: Changes, settings: Settings = TRUSTED
) -> AsyncIterator[tuple[int, Replies]]:
    """The port of a proxy in front of the changed MAPPING, and its platform."""
    bridge, platform = bridge_of(changes, {"/orders": orders(order(item(1)))})
    async with connections(create_app([bridge], settings), settings=settings) as port:
        with proxy(KINDS[kind], folder, port) as front:
            yield front, platform


def get(*lines: bytes, body: bytes = b"", close: bool = True) -> bytes:
    """A pull with these headers."""
    ends = [b"Connection: close"] if close else []
    return b"\r\n".join([b"GET " + TARGET + b" HTTP/1.1", b"Host: x", *ends, *lines, b"", body])


def status_of(answer: bytes) -> int:
    """The status of the first answer."""
    return int(answer[9:12])


each_proxy = pytest.mark.parametrize("kind", list(KINDS))


@each_proxy
async def test_no_trailer_opens_the_address_list(kind: str, tmp_path: Path) -> None:
    """Behind a proxy that sets X-Forwarded-For, no header and no trailer of that name lets anyone in."""
    forged = {
        "header": get(FORGED),
        "two headers": get(FORGED, FORGED),
        "underscores": get(FORGED.replace(b"-", b"_")),
        "trailer": get(CHUNKED, body=b"0\r\n" + FORGED + b"\r\n\r\n"),
        "second trailer": get(CHUNKED, body=b"0\r\nX: y\r\n" + FORGED + b"\r\n\r\n"),
        "trailer of a body": get(CHUNKED, body=b"2\r\n{}\r\n0\r\n" + FORGED + b"\r\n\r\n"),
        "announced trailer": get(
            CHUNKED, b"Trailer: X-Forwarded-For", body=b"0\r\n" + FORGED + b"\r\n\r\n"
        ),
        "named in Connection": get(b"Connection: close, X-Forwarded-For", FORGED, close=False),
    }
    async with behind(kind, tmp_path, LISTED) as (port, platform):
        found = {name: status_of(await exchange(port, sent)) for name, sent in forged.items()}

    assert set(found.values()) <= {403, 400}, found
    assert platform.requests == []


@each_proxy
async def test_no_trailer_is_the_secret(kind: str, tmp_path: Path) -> None:
    """Behind a proxy too the secret is a header; with it, who is on the list is answered."""
    trailer = b"0\r\n" + SECRET_LINE + b"\r\n\r\n"
    async with behind(kind, tmp_path, LOCAL) as (port, platform):
        without = status_of(await exchange(port, get(CHUNKED, body=trailer)))
        asked = len(platform.requests)
        right = status_of(await exchange(port, get(SECRET_LINE)))
        beside = status_of(await exchange(port, get(SECRET_LINE, CHUNKED, body=trailer)))

    assert (without, asked) == (401, 0)
    assert (right, beside, len(platform.requests)) == (200, 200, 2)


@each_proxy
async def test_no_body_is_another_request(kind: str, tmp_path: Path) -> None:
    """What one caller sends as a body is never answered, not to the next caller of that connection either."""
    hidden = b"GET " + TARGET + b" HTTP/1.1\r\nHost: x\r\n" + FORGED + b"\r\n\r\n"
    length = b"Content-Length: %d" % len(hidden)
    upgrade = (b"Connection: Upgrade", b"Upgrade: websocket")
    chunk = b"%x\r\n" % len(hidden) + hidden + b"\r\n0\r\n\r\n"
    tries = [
        get(length, body=hidden),
        get(*upgrade, length, body=hidden, close=False),
        get(*upgrade, CHUNKED, body=chunk, close=False),
        get(CHUNKED, length, body=b"0\r\n\r\n" + hidden),
        get(CHUNKED, b"Transfer-Encoding: identity", body=b"0\r\n\r\n" + hidden),
        get(b"Transfer-Encoding: xchunked", length, body=hidden),
        get(b"Content-Length: 0", length, body=hidden),
        get(CHUNKED, body=b"0\r\n" + FORGED + b"\r\n\r\n" + hidden),
    ]
    async with behind(kind, tmp_path, LISTED) as (port, platform):
        for sent in tries:
            with_next = sent + get()
            answers = await exchange(port, with_next)
            assert b" 200 " not in answers
            assert status_of(await exchange(port, get())) == 403

    assert platform.requests == []


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind.endswith("as shipped")])
async def test_strangers_do_not_get_through(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The list of addresses of a shipped configuration keeps out who is not on it."""
    closed = (
        KINDS[kind]
        .configuration.replace("allow 127.0.0.1;", "")
        .replace("203.0.113.0/24 127.0.0.1", "203.0.113.0/24")
    )
    monkeypatch.setitem(KINDS, kind, replace(KINDS[kind], configuration=closed))
    async with behind(kind, tmp_path, {}) as (port, platform):
        answer = await exchange(port, get(SECRET_LINE))

    assert answer == b"" or status_of(answer) == 403
    assert platform.requests == []


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind.endswith("as shipped")])
def test_a_shipped_proxy_logs_nobody_where_nobody_answers(kind: str, tmp_path: Path) -> None:
    """While ticketbridge is down, no log of a proxy has the user or the secret of what failed."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # it does not listen
        with proxy(KINDS[kind], tmp_path, taken.getsockname()[1]) as port:
            answer = anyio.run(exchange, port, get(SECRET_LINE))

    logs = [each for each in tmp_path.rglob("*log") if each.is_file()]
    written = b"".join(each.read_bytes() for each in logs)
    assert status_of(answer) == 502
    assert [each for each in (b"ana", SECRET.encode()) if each in written] == []


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind.endswith("as shipped")])
async def test_a_shipped_proxy_drops_idle_connections_first(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """If the bridge closed one, a pull that the proxy sends on it at that moment would be a 502."""
    shipped = KINDS[kind].configuration
    (limit,) = re.findall(r"\bkeepalive(?:_timeout)? ([0-9]+)s", shipped)
    quick = shipped.replace(f" {limit}s", " 300ms", 1)
    monkeypatch.setitem(KINDS, kind, replace(KINDS[kind], configuration=quick))
    async with behind(kind, tmp_path, {}, replace(TRUSTED, keep_alive=10.0)) as (port, _):
        answer = await exchange(port, get(SECRET_LINE))
        assert BoundedProtocol.shared.taken == 1  # kept for the next pull
        with anyio.fail_after(5):
            await until(lambda: BoundedProtocol.shared.taken == 0)

    assert status_of(answer) == 200
    assert int(limit) < Settings().keep_alive


def test_the_shipped_nginx_speaks_tls(tmp_path: Path) -> None:
    """nginx takes the shipped file as it is, but for the paths of its certificate."""
    authority = trustme.CA()
    certificate = authority.issue_cert("tickets.acme.example")
    certificate.cert_chain_pems[0].write_to_path(tmp_path / "tickets.crt")
    certificate.private_key_pem.write_to_path(tmp_path / "tickets.key")
    shipped = (DEPLOY / "nginx" / "ticketbridge.conf").read_text("utf-8")
    file = tmp_path / "nginx.conf"
    head = NGINX[: NGINX.index("  upstream bridge")].format(folder=tmp_path)
    shipped = shipped.replace("/etc/nginx", str(tmp_path)).replace("/var/log/nginx", str(tmp_path))
    file.write_text(f"{head}{shipped}}}", "utf-8")

    ran = subprocess.run(  # noqa: S603 - the program that was found
        [path_of("nginx"), "-t", "-c", str(file)],
        capture_output=True,
        text=True,
        check=False,
    )

    assert "syntax is ok" in ran.stderr, ran.stderr
