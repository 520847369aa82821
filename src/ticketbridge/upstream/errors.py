"""The one place where errors of the HTTP client become ours."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import aiohttp
import httpx

from ticketbridge.problems import ProblemError, UpstreamUnavailable, UpstreamUnreadable


class NoAnswer(Exception):
    """A call that got no complete answer; *problem* is what follows when it is not tried again."""

    def __init__(self, problem: ProblemError) -> None:
        self.problem = problem
        super().__init__(problem.log)


FOREIGN_ERRORS = (httpx.HTTPError, httpx.InvalidURL, aiohttp.ClientError, OSError, ValueError)
"""All that the transport raises; each becomes a NoAnswer."""


@contextmanager
def while_connecting() -> Iterator[None]:
    """Until the answer's head is there: a failure means that the platform cannot be reached."""
    try:
        yield
    except aiohttp.ClientResponseError as error:
        raise NoAnswer(UpstreamUnreadable(log=f"no HTTP answer ({_name(error)})")) from error
    except FOREIGN_ERRORS as error:
        raise NoAnswer(UpstreamUnavailable(log=f"no answer ({_name(error)})")) from error


@contextmanager
def while_reading() -> Iterator[None]:
    """While the body comes: a failure means that the answer was cut short."""
    try:
        yield
    except FOREIGN_ERRORS as error:
        raise NoAnswer(UpstreamUnreadable(log=f"the answer was cut ({_name(error)})")) from error


def _name(error: Exception) -> str:
    """The error's class and its cause's: their texts may hold a URL, with an e-mail in it."""
    cause = error.__cause__
    return type(error).__name__ + (f" from {type(cause).__name__}" if cause else "")
