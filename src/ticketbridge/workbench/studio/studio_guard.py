"""Who may talk to the studio: this machine's browser, on its own page, with the token of this start."""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Collection

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

NONCE = "studio.nonce"
_SAFE_SITES = frozenset({"same-origin", "none"})
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'nonce-{nonce}'; img-src 'self' data:;"
    " connect-src 'self'; frame-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_HEADERS = {
    "Cache-Control": "no-store",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


def make_token() -> str:
    """Return a token that nobody guesses."""
    return secrets.token_urlsafe(24)


class StudioGuard:
    """Lets through what comes from the page itself, and answers all else with 403 or 404.

    *hosts* are the names and ports that the page has. A page elsewhere could have this browser ask here:
    its name is no host of ours, its origin is another, and the token is not known to it.
    """

    def __init__(self, app: ASGIApp, token: str, hosts: Collection[str]) -> None:
        self._app = app
        self._token = token.encode()
        self._hosts = frozenset(hosts)
        self._origins = frozenset(f"http://{host}" for host in hosts)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        if scope["type"] != "http":
            return
        refusal = self._find_refusal(scope)
        if refusal is not None:
            await refusal(scope, receive, send)
            return
        nonce = secrets.token_urlsafe(16)
        scope[NONCE] = nonce

        async def send_safely(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in _HEADERS.items():
                    headers.setdefault(name, value)
                headers.setdefault("Content-Security-Policy", _POLICY.format(nonce=nonce))
            await send(message)

        await self._app(scope, receive, send_safely)

    def _find_refusal(self, scope: Scope) -> PlainTextResponse | None:
        headers = Headers(scope=scope)
        if headers.get("host") not in self._hosts:
            return PlainTextResponse("not the studio's host", 403, _HEADERS)
        given = scope["path"][1:].partition("/")[0].encode("utf-8", "replace")
        if not hmac.compare_digest(given, self._token):
            return PlainTextResponse("not found", 404, _HEADERS)
        origin = headers.get("origin")
        needs_origin = scope["method"] not in {"GET", "HEAD"}
        if (origin is None and needs_origin) or (
            origin is not None and origin not in self._origins
        ):
            return PlainTextResponse("not the studio's origin", 403, _HEADERS)
        if headers.get("sec-fetch-site", "none") not in _SAFE_SITES:
            return PlainTextResponse("not from the studio's page", 403, _HEADERS)
        return None
