"""How the texts of `auth` are read: each must be there, and what its place can carry."""

from __future__ import annotations

from collections.abc import Callable

from ticketbridge.mapping.read_context import Context
from ticketbridge.mapping.spec_texts import Secret
from ticketbridge.mapping.urls import read_url, warn_if_plain_http
from ticketbridge.mapping.variables import ResolvedText, check_controls, warn_if_in_clear

TextCheck = Callable[[ResolvedText, Context], bool]
"""Reports what the place of a text cannot carry. False: the text is not known, or there is a finding."""


def credential(check: TextCheck) -> Callable[[ResolvedText, Context], Secret]:
    """Return the reader of a credential that must not be empty, and that *check* lets its place carry."""

    def read(text: ResolvedText, context: Context) -> Secret:
        if check(text, context):
            _check_not_empty(text, context)
        warn_if_in_clear(text, context)
        return text.secret

    return read


def read_plain(text: ResolvedText, context: Context) -> str:
    """A text that must not be empty."""
    if check_controls(text, context):
        _check_not_empty(text, context)
    return text.value


def read_name(text: ResolvedText, context: Context) -> Secret:
    """As `read_plain`, for a name that nothing prints. It may stand in clear."""
    return Secret(read_plain(text, context))


def read_username(text: ResolvedText, context: Context) -> Secret:
    """The user name of basic authentication."""
    if check_controls(text, context) and ":" in text.value:
        message = f"{text.label} has a colon, which basic authentication cannot carry"
        context.report.error(text.place, "TB024", message)
    return text.secret


def read_password(text: ResolvedText, context: Context) -> Secret:
    """A password, which may be empty."""
    check_controls(text, context)
    warn_if_in_clear(text, context)
    return text.secret


def read_login_url(text: ResolvedText, context: Context) -> str:
    """The URL that credentials are sent to."""
    url = read_url(text, context)
    warn_if_plain_http(text, url, context)
    return url


def _check_not_empty(text: ResolvedText, context: Context) -> None:
    if not text.value and not context.environment.placeholders:
        context.report.error(text.place, "TB015", f"{text.label} is empty", "set its variable")
