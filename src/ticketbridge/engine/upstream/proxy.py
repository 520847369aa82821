"""Connect through an HTTP proxy: by a tunnel to an https platform, or by a request that names the platform.

A proxy's own answer is not the platform's, and no text repeats any part of the proxy's answer.
"""

from __future__ import annotations

import asyncio
import re
import socket
from collections.abc import Mapping

from ticketbridge.mapping.spec import ProxySpec

LOG_IN_FIRST = 407
"""The status that only a proxy sends, never a platform."""

_OF_CREDENTIALS = frozenset({401, LOG_IN_FIRST})  # tinyproxy says 401 to a wrong password
_HEAD_LIMIT = 16 * 1024
_END = b"\r\n\r\n"
_STATUS = re.compile(rb"HTTP/1\.[01] ([1-5][0-9]{2})(?: [^\r\n]*)?\r\n")
_CUT = "the proxy ended the connection before its answer"
_NO_HTTP = "the proxy gave no HTTP answer"


class ProxyError(ConnectionError):
    """The proxy opened no way to the platform. The text says why, and repeats nothing from the proxy."""


def proxy_headers(proxy: ProxySpec) -> Mapping[str, str]:
    """Return the headers that only the proxy gets."""
    if proxy.token is None:
        return {}
    return {"Proxy-Authorization": f"Basic {proxy.token.reveal()}"}


def refusal_of(status: int) -> ProxyError:
    """Return the error for a *status* that the proxy itself sent."""
    if status in _OF_CREDENTIALS:
        return ProxyError(f"the proxy refused our credentials (status {status})")
    return ProxyError(f"the proxy refused to connect (status {status})")


async def open_tunnel(stream: socket.socket, head: bytes) -> None:
    """Let the proxy behind *stream* connect to the platform. *head* is the CONNECT request.

    Afterwards *stream* leads to the platform, and no byte from the platform was read. Raises ProxyError.
    """
    try:
        answer = await _answer_to(head, stream)
    except OSError as error:
        raise ProxyError(_CUT) from error
    if _END not in answer:
        raise ProxyError(_CUT if len(answer) <= _HEAD_LIMIT else f"{_NO_HTTP}: its head has no end")
    status = _STATUS.match(answer)
    if status is None:
        raise ProxyError(_NO_HTTP)
    if not 200 <= int(status[1]) <= 299:
        raise refusal_of(int(status[1]))
    # The platform says nothing before it is asked: it would be read as a part of its answer.
    if answer.index(_END) + len(_END) < len(answer):
        raise ProxyError("bytes came behind the proxy's answer")


async def _answer_to(head: bytes, stream: socket.socket) -> bytes:
    """Return the bytes until the answer's head or the connection ends, or until they are too many."""
    loop = asyncio.get_running_loop()
    await loop.sock_sendall(stream, head)
    answer = b""
    while _END not in answer and len(answer) <= _HEAD_LIMIT:
        piece = await loop.sock_recv(stream, _HEAD_LIMIT)
        if not piece:
            break
        answer += piece
    return answer
