"""The platform that all proxies call: prebuilt answers over keep-alive HTTP/1.1, and next to no work.

`GET /{tickets}/orders?...` gives that many tickets, to whoever brings the token; `GET /never/...` gives
no answer at all, and a POST the token.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import cast

import uvloop

from benchmarks.data import TOKEN, as_json, body_of

SIZES = (1, 4, 100)
NEVER = b"never"
_BEARER = f"bearer {TOKEN}".encode()
_END = b"\r\n\r\n"


def answers() -> dict[bytes, bytes]:
    """Whole HTTP answers, by the first segment of the path."""
    made = {str(size).encode(): _answer(b"200 OK", as_json(body_of(size))) for size in SIZES}
    return {**made, NEVER: b""}


def _answer(status: bytes, body: bytes) -> bytes:
    head = b"HTTP/1.1 %b\r\nContent-Type: application/json\r\nContent-Length: %d" % (
        status,
        len(body),
    )
    return head + _END + body


class Platform(asyncio.Protocol):
    """One connection."""

    _UNAUTHORIZED = _answer(b"401 Unauthorized", b"{}")
    _LOGIN = _answer(b"200 OK", as_json({"token": TOKEN}))
    _NOT_FOUND = _answer(b"404 Not Found", b"{}")

    def __init__(self, prebuilt: Mapping[bytes, bytes]) -> None:
        self._answers = prebuilt
        self._unread = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """See asyncio."""
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        """Answer each whole request head."""
        *heads, self._unread = (self._unread + data).split(_END)
        for head in heads:
            self._transport.write(self._answer_to(head))

    def _answer_to(self, head: bytes) -> bytes:
        if head.startswith(b"POST "):
            return self._LOGIN
        if _BEARER not in head.lower():
            return self._UNAUTHORIZED
        first = head.split(b"/", 2)[1]
        return self._answers.get(first, self._NOT_FOUND)


def protocol() -> Callable[[], Platform]:
    """What makes a connection's protocol, for a server in another process or in a test."""
    prebuilt = answers()
    return lambda: Platform(prebuilt)


async def main() -> None:
    """Serve on a free port, and print it."""
    loop = asyncio.get_running_loop()
    server = await loop.create_server(protocol(), "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(main())
