"""Every way an answer can fail, as one tree.

    ProblemError
    ├── RequestProblem            menta tech's request was not right
    │   ├── BadRequest            400 bad-request
    │   ├── InvalidUser           400 invalid-user
    │   ├── Unauthorized          401 unauthorized
    │   ├── Forbidden             403 forbidden
    │   ├── NotFound              404 not-found
    │   ├── UnknownUser           404 unknown-user
    │   ├── MethodNotAllowed      405 method-not-allowed
    │   ├── RequestTimeout        408 request-timeout
    │   ├── ContentTooLarge       413 content-too-large
    │   └── HeaderTooLarge        431 header-too-large
    ├── UpstreamProblem           the platform, or our mapping of it
    │   ├── UpstreamError         502 upstream-error
    │   ├── UpstreamAuth          502 upstream-auth
    │   ├── UpstreamUnreadable    502 upstream-unreadable
    │   ├── MappingMismatch       502 mapping-mismatch
    │   ├── UpstreamUnavailable   503 upstream-unavailable
    │   └── UpstreamTimeout       504 upstream-timeout
    ├── Overloaded                503 overloaded
    └── InternalError             500 internal-error

A problem carries two texts. `detail` goes to menta tech: it names no host, body, credential or e-mail.
`log` goes to the operator's log: it may say more (an expression, a key, a place in the mapping), but
no value that came from the platform or the user.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar, Self


class ProblemError(Exception):
    """The answer is a problem document (RFC 9457) and no list of tickets."""

    slug: ClassVar[str]
    status: ClassVar[int]
    title: ClassVar[str]
    retryable: bool = False
    binding: str = ""

    def __init__(
        self, detail: str | None = None, *, log: str | None = None, retry_after: int | None = None
    ) -> None:
        """Make a problem. *retry_after* is in seconds, and goes out as the `Retry-After` header."""
        self.detail = detail or self.title
        self.log = log or self.detail
        self.retry_after = retry_after
        super().__init__(self.log)

    def say_which(self, binding: str) -> None:
        """Name in the log the *binding* that failed, once: calls that share an answer share its problem."""
        if binding and not self.binding:
            self.binding = binding
            self.log = f"{self.log} ({binding})"

    def say_call(self, name: str) -> None:
        """Let the log begin with the *name* of the call that failed."""
        self.log = f"{name}: {self.log}"

    def alone(self) -> Self:
        """Return the same problem without its cause and traceback, for code that does not show them.

        Tracebacks hold the frames of the answer, and so the platform's data. The frame that catches the
        problem is one of them; this cycle would stay in memory until the garbage collector runs.
        """
        led: list[BaseException | None] = [self]
        while led:
            error = led.pop()
            if error is not None:
                led += [error.__cause__, error.__context__]
                error.__cause__ = error.__context__ = error.__traceback__ = None
        return self


def list_problems(kind: type[ProblemError] = ProblemError) -> Iterator[type[ProblemError]]:
    """Yield each problem that has a slug, from *kind* down, in the order of the tree."""
    if "slug" in kind.__dict__:
        yield kind
    for child in kind.__subclasses__():
        yield from list_problems(child)


class RequestProblem(ProblemError):
    """menta tech's request was refused; the platform was not called."""


class BadRequest(RequestProblem):
    """The request is not well-formed HTTP/1.1, or its end is not certain."""

    slug, status, title = "bad-request", 400, "The request is not well-formed HTTP"


class InvalidUser(RequestProblem):
    """The user parameter is missing, repeated, empty, too long, or no e-mail address."""

    slug, status, title = "invalid-user", 400, "The user parameter is not valid"


class Unauthorized(RequestProblem):
    """The shared secret is missing or wrong."""

    slug, status, title = "unauthorized", 401, "The shared secret is missing or wrong"


class Forbidden(RequestProblem):
    """The caller's address is not on the list."""

    slug, status, title = "forbidden", 403, "This address may not ask"


class NotFound(RequestProblem):
    """No mapping is served at this path."""

    slug, status, title = "not-found", 404, "Nothing is served at this path"


class UnknownUser(RequestProblem):
    """The platform does not know the user, and the mapping says `when_unknown_user: 404`."""

    slug, status, title = "unknown-user", 404, "The platform does not know this user"


class MethodNotAllowed(RequestProblem):
    """Only GET and HEAD are answered."""

    slug, status, title = "method-not-allowed", 405, "Only GET and HEAD are answered here"


class RequestTimeout(RequestProblem):
    """The request began, and did not come whole in time."""

    slug, status, title = "request-timeout", 408, "The request did not arrive in time"
    retryable = True


class ContentTooLarge(RequestProblem):
    """The request's body is too large, or has too many chunks."""

    slug, status, title = "content-too-large", 413, "The request's body is too large"


class HeaderTooLarge(RequestProblem):
    """The request's first line and headers together are too large."""

    slug, status, title = "header-too-large", 431, "The request's head is too large"


class UpstreamProblem(ProblemError):
    """The platform could not be asked, or its answer could not be trusted."""


class UpstreamError(UpstreamProblem):
    """The platform answered with an error."""

    slug, status, title = "upstream-error", 502, "The platform answered with an error"
    retryable = True

    def __init__(
        self, detail: str | None = None, *, log: str | None = None, retryable: bool = True
    ) -> None:
        """Make the problem. *retryable* is true if the same request may succeed later."""
        super().__init__(detail, log=log)
        self.retryable = retryable


class UpstreamAuth(UpstreamProblem):
    """The platform refused our credentials."""

    slug, status, title = "upstream-auth", 502, "The platform refused the bridge's credentials"


class UpstreamUnreadable(UpstreamProblem):
    """The answer is not in the declared format, too large, or cut short."""

    slug, status, title = "upstream-unreadable", 502, "The platform's answer could not be read"


class MappingMismatch(UpstreamProblem):
    """The answer does not have the shape that the mapping declares, or a cap was reached."""

    slug, status = "mapping-mismatch", 502
    title = "The platform's answer does not fit the mapping"


class UpstreamUnavailable(UpstreamProblem):
    """The platform cannot be reached, or asked us to come back later."""

    slug, status, title = "upstream-unavailable", 503, "The platform is not available"
    retryable = True

    def __init__(
        self, detail: str | None = None, *, log: str | None = None, retry_after: int = 1
    ) -> None:
        """Make the problem, which always has a *retry_after*; see ProblemError."""
        super().__init__(detail, log=log, retry_after=retry_after)


class UpstreamTimeout(UpstreamProblem):
    """The deadline for the whole answer passed."""

    slug, status, title = "upstream-timeout", 504, "The platform did not answer in time"
    retryable = True


class Overloaded(ProblemError):
    """More requests than this service, or its share of the platform, can carry."""

    slug, status, title = "overloaded", 503, "Too many requests at once"
    retryable = True

    def __init__(
        self, detail: str | None = None, *, log: str | None = None, retry_after: int = 1
    ) -> None:
        """Make the problem, which always has a *retry_after*; see ProblemError."""
        super().__init__(detail, log=log, retry_after=retry_after)


class InternalError(ProblemError):
    """A defect of the bridge itself."""

    slug, status, title = "internal-error", 500, "The bridge failed"
