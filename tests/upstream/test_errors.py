"""Every error of the clients below is one of ours, and says nothing of the URL."""

from __future__ import annotations

import socket
import ssl

import httpx
import pytest

from ticketbridge.problems import UpstreamUnavailable, UpstreamUnreadable
from ticketbridge.upstream.connection import ConnectionLost, NoHttp
from ticketbridge.upstream.errors import FOREIGN_ERRORS, cut_short, unreachable


def errors_of(module: object) -> list[type[Exception]]:
    """All errors that a library exports, warnings aside."""
    found = [value for value in vars(module).values() if isinstance(value, type)]
    return [
        kind
        for kind in found
        if issubclass(kind, Exception) and not issubclass(kind, Warning | httpx.StreamError)
    ]


SOCKETS = (socket.gaierror, ConnectionRefusedError, TimeoutError)


@pytest.mark.parametrize(
    "kind",
    [
        *errors_of(httpx),
        ssl.SSLCertVerificationError,
        *SOCKETS,
        ConnectionLost,
        NoHttp,
        UnicodeError,
    ],
    ids=lambda kind: f"{kind.__module__}.{kind.__name__}",
)
def test_no_error_of_the_clients_is_left_out(kind: type[Exception]) -> None:
    """What httpx and our own connections raise for a request is caught, save what cookies raise."""
    elsewhere = {"CookieConflict"}

    assert issubclass(kind, FOREIGN_ERRORS) or kind.__name__ in elsewhere


def test_what_is_said_of_an_error_is_its_kind_alone() -> None:
    """The text of a foreign error may hold the user: it is not repeated."""
    cause = OSError("ana@example.com")
    error = httpx.ConnectError("https://p.example/?u=ana@example.com")
    error.__cause__ = cause

    assert isinstance(unreachable(error).problem, UpstreamUnavailable)
    assert str(unreachable(error)) == "no answer (ConnectError from OSError)"
    assert isinstance(cut_short(error).problem, UpstreamUnreadable)
    assert "ana" not in str(cut_short(error))
