"""Every error of the connections below is one of ours, and says nothing of the URL."""

from __future__ import annotations

import socket
import ssl

import pytest

from ticketbridge.engine.problems import UpstreamUnavailable, UpstreamUnreadable
from ticketbridge.engine.upstream.connection import ConnectionLost, NoHttp
from ticketbridge.engine.upstream.failures import FOREIGN_ERRORS, cut_short, unreachable


@pytest.mark.parametrize(
    "kind",
    [
        ssl.SSLCertVerificationError,
        socket.gaierror,
        ConnectionRefusedError,
        TimeoutError,
        ConnectionLost,
        NoHttp,
        UnicodeError,
    ],
    ids=lambda kind: f"{kind.__module__}.{kind.__name__}",
)
def test_no_error_of_connections_is_left_out(kind: type[Exception]) -> None:
    """What names, sockets, TLS and our own connections raise for a request is caught."""
    assert issubclass(kind, FOREIGN_ERRORS)


def test_what_is_said_of_an_error_is_its_kind_alone() -> None:
    """The text of a foreign error may hold the user: it is not repeated."""
    cause = OSError("ana@example.com")
    error = ConnectionLost("https://p.example/?u=ana@example.com")
    error.__cause__ = cause

    assert isinstance(unreachable(error).problem, UpstreamUnavailable)
    assert str(unreachable(error)) == "no answer (ConnectionLost from OSError)"
    assert isinstance(cut_short(error).problem, UpstreamUnreadable)
    assert "ana" not in str(cut_short(error))
