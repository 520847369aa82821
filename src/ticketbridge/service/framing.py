"""Find in the head of a request where it ends, which host it is for, and its path.

The parser has already checked the grammar. But two readers of one connection, a proxy and this
server, could still read some heads as different requests. This module refuses those.
"""

from __future__ import annotations

import re
from functools import lru_cache
from ipaddress import AddressValueError, IPv6Address

FRAMING_HEADERS = frozenset({b"host", b"content-length", b"transfer-encoding", b"expect"})
"""The headers that `Framing.note` takes."""

_VERSIONS = frozenset({"1.0", "1.1"})
_HOST = re.compile(
    rb"(?:\[(?P<ipv6>[0-9A-Fa-f:.]+)\]|(?:[A-Za-z0-9._~!$&'()*+,;=-]|%[0-9A-Fa-f]{2})+)"
    rb"(?::(?P<port>[0-9]{0,5}))?"
)
_LONGEST_HOST = 300  # bytes; a name has at most 253
_ABSOLUTE = re.compile(rb"https?://([^/?#@]+)(/[^#]*|\?[^#]*)?", re.IGNORECASE)


class Framing:
    """The headers that frame one request. *declared* is the number of bytes of its body, or 0 for chunks."""

    __slots__ = ("_coding", "_host", "_hosts", "declared", "expects_continue")

    def __init__(self) -> None:
        self._host = self._coding = b""
        self._hosts = self.declared = 0
        self.expects_continue = False

    @property
    def has_body(self) -> bool:
        """Whether bytes follow the head."""
        return self.declared > 0 or self._coding != b""

    def note(self, name: bytes, value: bytes) -> None:
        """Note one of the FRAMING_HEADERS. Raises ValueError for a length that is not a number."""
        if name == b"host":
            self._host = value
            self._hosts += 1
        elif name == b"content-length":
            self.declared = int(value)
        elif name == b"transfer-encoding":
            self._coding += b"," * bool(self._coding) + value.lower()
        else:
            self.expects_continue = value.lower() == b"100-continue"

    def slip(self, version: str, *, upgrades: bool) -> str:
        """Return the mistake in the head, or "". *upgrades* is true if it asks for another protocol.

        The parser ends such a request with its head, and would read its body as the next request.
        """
        if version not in _VERSIONS:
            return "The request is not HTTP/1.1"
        if self._hosts != 1 and (self._hosts or version == "1.1"):
            return "The request needs one Host header"
        if self._hosts and not is_host(self._host):
            return "The Host header does not name a host"
        if self._coding and (version == "1.0" or self._coding != b"chunked"):
            return "The Transfer-Encoding of the request is not `chunked`, or it is not HTTP/1.1"
        if upgrades and self.has_body:
            return "A request that asks for an upgrade cannot have a body here"
        return ""


def origin_form(method: bytes, target: bytes) -> bytes | None:
    """Return *target* as a path and a query; None if such a target is not served.

    A whole URL is legal (RFC 9112, 3.2.2), and so is `*` for OPTIONS. CONNECT asks for a tunnel.
    """
    if method == b"CONNECT" or b"#" in target:
        return None
    if target[:1] == b"/" or (target == b"*" and method == b"OPTIONS"):
        return target
    whole = _ABSOLUTE.fullmatch(target)
    if whole is None or not is_host(whole[1]):
        return None
    rest = whole[2] or b""
    return rest if rest[:1] == b"/" else b"/" + rest


@lru_cache(maxsize=64)
def is_host(value: bytes) -> bool:
    """Return whether *value* is a host, with or without a port (RFC 3986, 3.2)."""
    match = _HOST.fullmatch(value) if len(value) <= _LONGEST_HOST else None
    if match is None or int(match["port"] or 0) > 65535:
        return False
    if match["ipv6"] is not None:
        try:
            IPv6Address(match["ipv6"].decode("ascii"))
        except AddressValueError:
            return False
    return True
