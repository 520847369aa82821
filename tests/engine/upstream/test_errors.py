"""Every error of the connections below is one of ours, and says nothing of the URL."""

from __future__ import annotations

import errno
import socket
import ssl

import pytest

from ticketbridge.engine.problems import Overloaded, UpstreamUnavailable, UpstreamUnreadable
from ticketbridge.engine.upstream.connection import ConnectionLost, NoHttp
from ticketbridge.engine.upstream.failures import FOREIGN_ERRORS, NoAnswer, cut_short, unreachable
from ticketbridge.engine.upstream.proxy import ProxyError


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

    found = unreachable(error)
    assert isinstance(found, NoAnswer)
    assert isinstance(found.problem, UpstreamUnavailable)
    assert str(found) == "no answer (ConnectionLost from OSError)"
    assert isinstance(cut_short(error).problem, UpstreamUnreadable)
    assert "ana" not in str(cut_short(error))


@pytest.mark.parametrize("number", [errno.EMFILE, errno.ENFILE])
def test_too_few_files_are_no_fault_of_the_platform(number: int) -> None:
    """The problem says what the operator must raise; the breaker hears of NoAnswer alone."""
    error = ProxyError("the proxy cannot be reached")
    error.__cause__ = own = OSError(number, "Too many open files")

    for each in (own, error):
        found = unreachable(each)
        assert isinstance(found, Overloaded)
        assert "ulimit -n" in found.log
