"""The sockets of a server: opened before anything else, so that mistakes are reported at once."""

from __future__ import annotations

import asyncio
import errno
import os
import socket
import struct
import sys
from collections.abc import Iterable, Sequence
from ipaddress import ip_address
from typing import Any

from ticketbridge.service.settings import SettingsError

if sys.platform != "win32":  # pragma: no branch - Windows has none of these
    import fcntl
    import resource
    import termios

_BACKLOG = 2048
_ABSENT = frozenset({errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT, errno.EPROTONOSUPPORT})
_UNPRIVILEGED = 1024

SocketAddress = tuple[Any, ...]
"""An address as the `socket` module has it: a numeric address, a port, and for IPv6 two numbers more."""

Address = tuple[socket.AddressFamily, SocketAddress]


class HostError(SettingsError):
    """A host on which this machine cannot listen, whatever the port."""


def open_listeners(host: str, port: int, *, more_ports: int = 0) -> list[socket.socket]:
    """Return the sockets that listen on each address of *host*, all on one port.

    Raises SettingsError, with the reason, if that is not possible, and HostError if *host* is the
    reason. If *port* is taken, the *more_ports* after it are tried. Port 0 takes any free port.
    """
    found = addresses_of(host)
    for candidate in range(port, min(port + more_ports, 65535) + 1):
        try:
            return _bound(found, candidate)
        except OSError as error:
            if error.errno != errno.EADDRINUSE or not more_ports:
                kind = HostError if error.errno in _ABSENT else SettingsError
                raise kind(_slip(host, candidate, error)) from error
    raise SettingsError(f"cannot listen on {host}: no port from {port} on is free")


def addresses_of(host: str) -> Sequence[Address]:
    """Return the addresses of *host*. Raises HostError if it has none."""
    try:
        found = socket.getaddrinfo(
            host, None, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE, proto=socket.IPPROTO_TCP
        )
    except (OSError, ValueError):  # UnicodeError, of a name that cannot be one, is a ValueError
        raise HostError(
            f"cannot listen on {host!r}: no address or name of this machine is known by that"
            " (for example 127.0.0.1, or 0.0.0.0 for all addresses)"
        ) from None
    return list(dict.fromkeys((family, address) for family, _, _, _, address in found))


def is_loopback(host: str) -> bool:
    """Return whether only this machine can reach every address of *host*. Raises SettingsError."""
    return all(_is_loopback(str(address[0])) for _, address in addresses_of(host))


def place_of(listener: socket.socket) -> str:
    """Return the URL of a listening socket; its host may stand for all addresses."""
    address, port = listener.getsockname()[:2]
    return _url(address, port)


def url_of(listener: socket.socket) -> str:
    """Return a URL at which this machine reaches a socket."""
    address, port = listener.getsockname()[:2]
    if ip_address(address.partition("%")[0]).is_unspecified:
        address = "::1" if listener.family == socket.AF_INET6 else "127.0.0.1"
    return _url(address, port)


def _url(address: str, port: int) -> str:
    return f"http://[{address}]:{port}" if ":" in address else f"http://{address}:{port}"


def untaken_bytes(transport: asyncio.Transport) -> int:
    """Return how many of the written bytes the other side has not received yet.

    They wait in *transport* or, if the system counts them, in the system.
    """
    waiting = transport.get_write_buffer_size()
    if sys.platform == "win32":  # pragma: no cover - Windows does not tell it
        return waiting
    return waiting + _counted(transport, termios.TIOCOUTQ)


def unread_bytes(transport: asyncio.Transport) -> int:
    """Return how many bytes of the other side came and were not read yet, if the system counts them."""
    if sys.platform == "win32":  # pragma: no cover - Windows does not tell it
        return 0
    return _counted(transport, termios.FIONREAD)


def _counted(transport: asyncio.Transport, request: int) -> int:
    """Return the bytes that the system counts for *request*, or 0."""
    connection = transport.get_extra_info("socket")
    if sys.platform == "win32" or connection is None:
        return 0
    try:
        told = fcntl.ioctl(connection.fileno(), request, bytes(4))
    except OSError:  # pragma: no cover - Linux tells it of each socket, other systems may not
        return 0
    return int(struct.unpack("i", told)[0])


def allow_open_files(wanted: int) -> int:
    """Let this process open *wanted* files; return how many the system allows.

    A process without free files accepts no connection and makes none, but looks healthy.
    """
    if sys.platform == "win32":  # pragma: no cover - Windows has no such limit
        return wanted
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    if soft in range(most):  # else it is enough, or without an end, which is no number
        try:
            resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))
        except (OSError, ValueError):
            # The system has a limit of its own below the one that it tells.
            return soft
    return most


def close_all(listeners: Iterable[socket.socket]) -> None:
    """Close each of *listeners*."""
    for listener in listeners:
        listener.close()


def _is_loopback(text: str) -> bool:
    address = ip_address(text.partition("%")[0])
    return (getattr(address, "ipv4_mapped", None) or address).is_loopback


def _bound(addresses: Sequence[Address], port: int) -> list[socket.socket]:
    """Return sockets on each of *addresses* that this machine has. Raises OSError if it has none of them."""
    listeners: list[socket.socket] = []
    absent: OSError | None = None
    try:
        for family, address in addresses:
            try:
                listeners.append(_bound_one(family, address, port))
            except OSError as error:
                # A name, for example `localhost`, may have an address family that is switched off here.
                if error.errno not in _ABSENT:
                    raise
                absent = error
            else:
                port = listeners[-1].getsockname()[1]
        if absent is not None and not listeners:
            raise absent
    except OSError:
        close_all(listeners)
        raise
    return listeners


def _bound_one(family: socket.AddressFamily, address: SocketAddress, port: int) -> socket.socket:
    # It names its protocol: only then does asyncio send each answer without waiting for more.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        if os.name == "posix":  # pragma: no branch - on Windows two could then have one port
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        listener.bind((address[0], port, *address[2:]))
        listener.listen(_BACKLOG)
    except OSError:
        listener.close()
        raise
    return listener


def _slip(host: str, port: int, error: OSError) -> str:
    what = f"cannot listen on {host}, port {port}: "
    if error.errno == errno.EADDRINUSE:
        return f"{what}another program listens there; name another port, or stop that program"
    if error.errno in {errno.EACCES, errno.EPERM} and 0 < port < _UNPRIVILEGED:
        return f"{what}ports below {_UNPRIVILEGED} need a privilege; name a port from 1024 to 65535"
    if error.errno in _ABSENT:
        return f"{what}this machine does not have that address"
    return what + (os.strerror(error.errno) if error.errno else "it is not possible")
