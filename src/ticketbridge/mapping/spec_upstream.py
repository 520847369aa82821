"""`upstream`: the platform's API, the limits of talking to it, and the HTTP proxy that calls go through."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass, replace
from urllib.parse import SplitResult, unquote

from ticketbridge.mapping.findings import Place
from ticketbridge.mapping.headers import check_headers
from ticketbridge.mapping.keys import Declared, declared, key, mapping_of, needed
from ticketbridge.mapping.named_files import FileSpec, read_file
from ticketbridge.mapping.read_context import Context
from ticketbridge.mapping.sensitive_names import is_sensitive
from ticketbridge.mapping.spec_auth import AUTH, AuthSpec, NoAuthSpec, claimed_by
from ticketbridge.mapping.spec_texts import Secret
from ticketbridge.mapping.urls import (
    NOWHERE,
    UNSAFE,
    UrlError,
    read_base_url,
    split_url,
    warn_if_plain_http,
)
from ticketbridge.mapping.value_kinds import (
    DURATION,
    NAME,
    POSSIBLY_EMPTY,
    RATE,
    SIZE,
    YES_OR_NO,
    RateSpec,
    named,
    text,
    whole,
)
from ticketbridge.mapping.variables import (
    CONTROL,
    ResolvedText,
    check_header_value,
    resolve_text,
    warn_if_in_clear,
)
from ticketbridge.mapping.yaml_nodes import Node

_PROXY_FORM = "for example http://proxy.example:3128"

# --- the proxy ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ProxySpec:
    """An HTTP proxy. If it asks for a *password*, *token* is what basic authentication sends."""

    host: str
    port: int
    password: Secret | None = None
    token: Secret | None = None


def _read_proxy(given: ResolvedText, context: Context) -> ProxySpec | None:
    """Return the proxy at the URL *given*, or None if it is empty, not known, or was reported."""
    if not given.known or not given.value:
        return None
    try:
        proxy = require_proxy(given.value)
    except UrlError as error:
        message = f"{given.label} {error}"
        context.report.error(given.place, "TB071", message, error.suggestion)
        return None
    if proxy.token is not None:
        warn_if_in_clear(given, context)
    return proxy


PROXY = text(_read_proxy, POSSIBLY_EMPTY)


def require_proxy(url: str) -> ProxySpec:
    """Return the proxy at *url*. Raises UrlError if that is not the URL of an HTTP proxy.

    The message never shows the URL, because a password may be in it.
    """
    if UNSAFE.search(url):
        raise UrlError("has a character that no URL has", "write it as `%` and two hex digits")
    parts, port = split_url(url)
    if parts.scheme == "https":
        raise UrlError(
            "is a proxy that is reached by https, and it has to be http",
            "what goes to a platform by https is encrypted inside of the proxy's tunnel",
        )
    if parts.scheme != "http" or not parts.hostname:
        raise UrlError("should be the URL of an HTTP proxy", _PROXY_FORM)
    if not parts.hostname.isascii():
        raise UrlError("has a host with other than ASCII characters", "write its `xn--` form")
    if not port:
        raise UrlError("names no port, and proxies have no usual one", _PROXY_FORM)
    if parts.path not in {"", "/"} or "?" in url or "#" in url:
        raise UrlError("has more than a host and a port", _PROXY_FORM)
    if "@" not in parts.netloc:
        return ProxySpec(parts.hostname, port)
    username, password = _credentials(parts)
    token = base64.b64encode(f"{username}:{password}".encode()).decode()
    return ProxySpec(parts.hostname, port, Secret(password), Secret(token))


def _credentials(parts: SplitResult) -> tuple[str, str]:
    """Return user name and password, decoded. Raises UrlError if basic authentication cannot carry them."""
    try:
        username, password = (
            unquote(part or "", errors="strict") for part in (parts.username, parts.password)
        )
    except UnicodeDecodeError:
        raise UrlError("has a user name or password that is no UTF-8") from None
    if not username or not password:
        raise UrlError(
            "has a user name or a password alone", "write user:password@ before the host"
        )
    if ":" in username or CONTROL.search(username + password):
        raise UrlError(
            "has a colon in its user name or a control character, which basic authentication cannot carry"
        )
    return username, password


# --- the keys -------------------------------------------------------------------------------------


@declared
class BreakerSpec(Declared):
    """After this many *failures* in a row, the platform gets no calls for *open* seconds."""

    failures: int = key(
        whole(1, 10_000),
        "So many failures of the platform in a row open the breaker: pulls without a connection or past "
        "the deadline, and users who get a 5xx that no rule takes.",
        absent=10,
    )
    open: float = key(
        DURATION,
        "How long each pull is then `upstream-unavailable` at once, before one call is let through to see; "
        "at most 1h.",
        absent="5s",
    )


@declared
class TlsSpec(Declared):
    """The authorities of the platform's certificate, and the bridge's own certificate and key.

    If *ca* is None, the authorities of the machine are trusted. If *key* is None, the key stands in
    the file of *cert*.
    """

    ca: FileSpec | None = key(
        text(read_file),
        "A PEM file with the certificates that the platform's must come from, in place of those that the "
        "machine trusts. A relative path begins at the mapping's folder. The host's name is verified in "
        "any case.",
        "/etc/acme/ca.pem",
    )
    cert: FileSpec | None = key(
        text(read_file),
        "A PEM file with the bridge's own certificate, for platforms that ask for one, and those between "
        "it and its root.",
        "/etc/acme/client.pem",
    )
    # The last one: below it, `key` is this member.
    key: FileSpec | None = key(
        text(read_file),
        "A PEM file with the key of `cert`, without a passphrase. Default: it stands in the file of "
        "`cert`.",
        "/etc/acme/client.key",
    )


def _check_tls(_spec: TlsSpec, node: Node, context: Context) -> None:
    key_node = node.get("key")
    if key_node is not None and node.get("cert") is None:
        message = "`key` belongs to a certificate, and there is none"
        context.report.error(key_node.place, "TB056", message, "name its file as `cert`")


def _read_tls(node: Node, context: Context, name: str) -> TlsSpec:
    """Return the files that can be used. A certificate is left out if its key cannot be read."""
    spec = _FILES.read(node, context, name)
    return replace(spec, cert=None) if spec.key is None and node.get("key") is not None else spec


_FILES = mapping_of(
    TlsSpec,
    "a mapping with `ca`, `cert` and `key`",
    define="tls",
    heading="`upstream.tls`",
    check=_check_tls,
    minProperties=1,
).showing({"ca": "/etc/acme/ca.pem"})


def _read_header(node: Node, context: Context, name: str) -> Secret:
    value = resolve_text(node, context, name)
    check_header_value(value, context)
    if is_sensitive(name):
        warn_if_in_clear(value, context)
    return value.secret


def _read_host(node: Node, context: Context, name: str) -> str:
    """Return the URL of the host *name*. If its variable is not set, return one that no other host has."""
    url = read_base_url(resolve_text(node, context, name), context)
    scheme, _, nowhere = NOWHERE.partition("//")
    return url.replace(NOWHERE, f"{scheme}//{name.replace('_', '-')}.{nowhere}", 1)


_HOST = text(read_base_url).reading(_read_host).showing("https://files.acme.example")


@declared
class UpstreamSpec(Declared):
    """The platform's API and the limits of talking to it.

    If *keep_alive* is False, each call opens a connection. *live* refuses an answer from a cache.
    *host* is the name of the host whose URL is in `base_url`, or None for the first host.
    """

    base_url: str = needed(
        text(read_base_url),
        "Where the platform's API is; each call's path is appended to it.",
        "https://api.acme.example/v2",
        "${ACME_API}",
    )
    auth: AuthSpec = key(
        AUTH,
        "How the bridge proves to the platform who it is.",
        {"type": "bearer", "token": "${ACME_TOKEN}"},
        absent={"type": "none"},
    )
    headers: Mapping[str, Secret] = key(
        named(
            POSSIBLY_EMPTY.showing("resale").reading(_read_header),
            "a mapping of header names to texts",
        ),
        "Headers of every request.",
        {"X-Channel": "resale"},
        absent={},
    )
    timeout: float = key(
        DURATION,
        "One deadline for the whole answer: every call, page, retry and wait; at most 1h.",
        absent="8s",
    )
    connect_timeout: float = key(
        DURATION,
        "How long one connection may take to open, that to a `proxy` and its answer included; at most 1h.",
        absent="2s",
    )
    keep_alive: bool = key(
        YES_OR_NO,
        "Whether a connection serves several calls, for some minutes at most. `false` opens one for each "
        "call: for a platform that is known to send answers that nobody asked for.",
        False,
        absent=True,
    )
    live: bool = key(
        YES_OR_NO,
        "Whether an answer that a cache has kept (its `Age` is over 0) is refused. Else it is only noted "
        "in the log.",
        True,
        absent=False,
    )
    retries: int = key(
        whole(0, 10), "Extra tries of one call, within the deadline and the retry budget.", absent=2
    )
    concurrency: int = key(
        whole(1, 10_000),
        "Calls in flight to this platform; the rest wait, within the deadline.",
        absent=50,
    )
    proxy: ProxySpec | None = key(
        PROXY,
        "The HTTP proxy that all calls go through, logins too: for platforms that know their callers by a "
        "fixed address. What goes to an https platform is encrypted inside of a tunnel. Empty is none; no "
        "proxy is ever taken from `HTTP_PROXY` and its like.",
        "${EGRESS_PROXY:-}",
        "http://proxy.example:3128",
    )
    rate: RateSpec | None = key(
        RATE,
        "How many calls the platform allows in a time, for each worker of `serve`: retries, polls, pages "
        "and logins count. The rest wait their turn, within the deadline; a call that cannot go out "
        "before it is `overloaded` at once.",
        "20/1s",
        "80/1m",
    )
    hosts: Mapping[str, str] = key(
        named(_HOST, "a mapping of names to URLs", propertyNames=NAME),
        "Further hosts of the platform, by names of your own: a call goes to one by `host`, its path "
        "appended to the URL here. They get the same `auth`, `headers` and `tls` as `base_url`, and share "
        "its limits and its breaker; so name no host that may not have the credentials.",
        {"files": "https://files.acme.example"},
        absent={},
    )
    breaker: BreakerSpec = key(
        mapping_of(
            BreakerSpec,
            "a mapping with `failures` and `open`",
            define="breaker",
            heading="`upstream.breaker`",
        ),
        "When the platform fails again and again, it is left alone for a while.",
        {"failures": 10, "open": "5s"},
        absent={},
    )
    tls: TlsSpec | None = key(
        _FILES.reading(_read_tls),
        "Certificates of the connections to the platform, where the usual ones will not do.",
        {"ca": "/etc/acme/ca.pem", "cert": "/etc/acme/client.pem", "key": "/etc/acme/client.key"},
    )
    max_body: int = key(
        SIZE,
        "The largest answer, after decompression; 1 KB is 1,000 bytes, and 1000MB is the most. All answers "
        "of the platform that one answer to menta tech is made of may have 10 times that together.",
        absent="10MB",
    )
    max_pages: int = key(
        whole(1, 10_000), "The most pages of one call; more is an error.", absent=100
    )
    max_calls: int = key(
        whole(1, 100_000), "The most calls for one answer; more is an error.", absent=200
    )
    max_records: int = key(
        whole(1, 1_000_000), "The most records for one answer; more is an error.", absent=20_000
    )
    place: Place
    host: str | None = None

    def at(self, host: str | None) -> UpstreamSpec:
        """Return a copy with the URL of *host* as its `base_url`. If *host* is None, return this one."""
        url = self.base_url if host is None else self.hosts.get(host, self.base_url)
        return self if host is None else replace(self, base_url=url, host=host)

    @property
    def urls(self) -> tuple[str, ...]:
        """The URLs of all hosts."""
        return self.base_url, *self.hosts.values()


def _check_upstream(spec: UpstreamSpec, node: Node, context: Context) -> None:
    check_headers(node.need("headers"), claimed_by(spec.auth), context)
    if not isinstance(spec.auth, NoAuthSpec) or any(map(is_sensitive, spec.headers)):
        hosts = node.get("hosts")
        named_hosts = [(str(key.value), each) for key, each in hosts.pairs] if hosts else []
        texts = [("base_url", node.need("base_url")), *named_hosts]
        for (name, each), url in zip(texts, spec.urls, strict=True):
            warn_if_plain_http(resolve_text(each, context, name), url, context)
    if node.has("tls") and all(url.startswith("http:") for url in spec.urls):
        message = "`tls` has no effect, since `base_url` is plain http"
        context.report.warning(node.need("tls").place, "TB057", message, "use https")


UPSTREAM = mapping_of(UpstreamSpec, define="upstream", heading="`upstream`", check=_check_upstream)
