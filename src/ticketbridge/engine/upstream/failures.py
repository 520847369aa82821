"""Errors that a stage of the pipe may raise besides a problem, and how errors of connections become ours.

FailedTry                 one try of a call failed
├── NoAnswer              no complete answer came
├── PassingStatus         the status says that another try may succeed
├── TryAgain              a rule asks for another try
└── CredentialsRefused    new credentials may be available
NotReady                  a rule says to ask later
NothingThere              a rule says that something is not there
├── OwnsNothing           the user owns no tickets
├── NothingBelow          this binding has nothing below it
└── PastTheEnd            the pages have ended
"""

from __future__ import annotations

import errno
import ssl
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from ticketbridge.engine.problems import (
    Overloaded,
    ProblemError,
    UpstreamError,
    UpstreamUnavailable,
    UpstreamUnreadable,
)
from ticketbridge.engine.upstream.connection import NoHttp
from ticketbridge.engine.upstream.messages import PlatformAnswer
from ticketbridge.engine.upstream.proxy import ProxyError

_NO_FILES = frozenset({errno.EMFILE, errno.ENFILE})

FOREIGN_ERRORS = (OSError, ValueError)
"""All errors that a transport raises; each becomes a NoAnswer."""

_CERTIFICATE_FAULTS: Final[Mapping[int, str]] = MappingProxyType(
    {
        9: "the certificate is not valid yet",
        10: "the certificate has expired",
        18: "the certificate is signed by itself alone",
        19: "the chain ends at an authority that is not trusted",
        20: "a certificate of the chain is missing, or its authority is not trusted",
        21: "a certificate of the chain is missing, or its authority is not trusted",
        62: "the certificate is not for this host's name",
        64: "the certificate is not for this address",
    }
)
"""OpenSSL's codes of verification."""


class FailedTry(Exception):
    """One try of a call failed; *problem* is the result if it is not tried again.

    *answer* is the platform's, if there is one.
    """

    answer: PlatformAnswer | None = None

    def __init__(self, problem: ProblemError) -> None:
        self.problem = problem
        super().__init__(problem.log)


class NoAnswer(FailedTry):
    """No complete answer came."""


class PassingStatus(FailedTry):
    """The answer's status says that another try may succeed."""


class TryAgain(FailedTry):
    """A rule of the mapping asks for another try."""


class CredentialsRefused(FailedTry):
    """The platform refuses the credentials; new ones may be available."""


class NotReady(Exception):
    """A rule said to ask again after this many *seconds*. If *url* is None, the same request is repeated.

    *answer* is the answer that the rule matched.
    """

    answer: PlatformAnswer | None = None

    def __init__(self, seconds: float, url: str | None) -> None:
        self.seconds = seconds
        self.url = url
        super().__init__("not ready")


class NothingThere(Exception):
    """A rule said that something is not there, which is no failure; *said* names the rule, for the log."""

    claim = "the page is past the end"

    def __init__(self, said: str) -> None:
        self.said = said
        super().__init__(self.claim)

    def too_late(self, earlier: str) -> UpstreamError:
        """Return the problem to raise if something *earlier* says otherwise."""
        return UpstreamError(log=f"{self.said} that {self.claim}, but an earlier {earlier}")


class OwnsNothing(NothingThere):
    """A rule said that the user owns nothing. *unknown_user*: the platform does not know the user."""

    claim = "the user owns nothing"

    def __init__(self, said: str, *, unknown_user: bool) -> None:
        self.unknown_user = unknown_user
        super().__init__(said)


class NothingBelow(NothingThere):
    """A rule said that the binding of the call has nothing below it."""

    claim = "there is nothing for this binding"


class PastTheEnd(NothingThere):
    """A rule said that the pages have ended: this one has no items."""


def unreachable(error: Exception) -> NoAnswer | Overloaded:
    """Return the problem of an *error* before the answer's head: the platform cannot be reached.

    It is Overloaded, and no fault of the platform, if this process or machine may open no more files.
    """
    if any(getattr(each, "errno", None) in _NO_FILES for each in (error, error.__cause__)):
        return Overloaded(log="no more files may be open here: raise the limit (`ulimit -n`)")
    if isinstance(error, ProxyError):
        cause = f" ({_kind(error.__cause__)})" if error.__cause__ else ""
        return NoAnswer(UpstreamUnavailable(log=f"{error}{cause}"))
    if isinstance(error, NoHttp):
        return NoAnswer(UpstreamUnreadable(log=f"no HTTP answer ({_name(error)})"))
    return NoAnswer(UpstreamUnavailable(log=f"no answer ({_name(error)})"))


def cut_short(error: Exception) -> NoAnswer:
    """Return the problem of an *error* during the body: the answer is not complete."""
    return NoAnswer(UpstreamUnreadable(log=f"the answer was cut ({_name(error)})"))


def _name(error: Exception) -> str:
    """Return the names of the error's and its cause's class: their texts may hold a URL with an e-mail."""
    cause = error.__cause__
    return _kind(error) + (f" from {_kind(cause)}" if cause else "")


def _kind(error: BaseException) -> str:
    name = type(error).__name__
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"{name}: {certificate_fault(error)}"
    return name


def certificate_fault(error: ssl.SSLCertVerificationError) -> str:
    """Return what is wrong with a certificate. The text has no name of a host."""
    return _CERTIFICATE_FAULTS.get(error.verify_code, error.verify_message)
