"""The one place where errors of the HTTP client become ours."""

from __future__ import annotations

import httpx

from ticketbridge.problems import ProblemError, UpstreamUnavailable, UpstreamUnreadable
from ticketbridge.upstream.connection import NoHttp

FOREIGN_ERRORS = (httpx.HTTPError, httpx.InvalidURL, OSError, ValueError)
"""All that a transport raises; each becomes a NoAnswer."""


class FailedTry(Exception):
    """One try of a call failed; *problem* is what follows when it is not tried again."""

    def __init__(self, problem: ProblemError) -> None:
        self.problem = problem
        super().__init__(problem.log)


class NoAnswer(FailedTry):
    """No complete answer came."""


class PassingStatus(FailedTry):
    """The answer's status says that another try may fare better."""


class TryAgain(FailedTry):
    """A rule of the mapping asks for another try."""


class CredentialsRefused(FailedTry):
    """The platform refuses the credentials; others may be had."""


def unreachable(error: Exception) -> NoAnswer:
    """*error* came before the answer's head was there: the platform cannot be reached."""
    if isinstance(error, NoHttp):
        return NoAnswer(UpstreamUnreadable(log=f"no HTTP answer ({_name(error)})"))
    return NoAnswer(UpstreamUnavailable(log=f"no answer ({_name(error)})"))


def cut_short(error: Exception) -> NoAnswer:
    """*error* came with the body: the answer is not complete."""
    return NoAnswer(UpstreamUnreadable(log=f"the answer was cut ({_name(error)})"))


def _name(error: Exception) -> str:
    """The error's class and its cause's: their texts may hold a URL, with an e-mail in it."""
    cause = error.__cause__
    return type(error).__name__ + (f" from {type(cause).__name__}" if cause else "")
