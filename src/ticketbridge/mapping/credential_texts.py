"""Readers for the texts of `auth`. They report an empty text, and a text that its place cannot carry."""

from __future__ import annotations

from collections.abc import Callable

from ticketbridge.mapping.read_context import Context
from ticketbridge.mapping.spec_texts import Secret
from ticketbridge.mapping.urls import read_url, warn_if_plain_http
from ticketbridge.mapping.variables import (
    ResolvedText,
    check_controls,
    how_to_fill,
    warn_if_in_clear,
)

TextCheck = Callable[[ResolvedText, Context], bool]
"""Reports a text that its place cannot carry. Returns False if the text is not known or was reported."""


def credential(check: TextCheck) -> Callable[[ResolvedText, Context], Secret]:
    """Return a reader of a credential.

    The reader reports an empty credential and one that *check* refuses. It warns of one in clear.
    """

    def read(text: ResolvedText, context: Context) -> Secret:
        if check(text, context):
            _check_not_empty(text, context)
        warn_if_in_clear(text, context)
        return text.secret

    return read


def read_plain(text: ResolvedText, context: Context) -> str:
    """Return the text, and report it if it is empty or has control characters."""
    if check_controls(text, context):
        _check_not_empty(text, context)
    return text.value


def read_name(text: ResolvedText, context: Context) -> Secret:
    """Return a name as a Secret, so that nothing prints it. It must not be empty, but may stand in clear."""
    return Secret(read_plain(text, context))


def read_username(text: ResolvedText, context: Context) -> Secret:
    """Return the user name of basic authentication. Report a colon or a control character in it."""
    if check_controls(text, context) and ":" in text.value:
        message = f"{text.label} has a colon, which basic authentication cannot carry"
        context.report.error(text.place, "TB024", message)
    return text.secret


def read_password(text: ResolvedText, context: Context) -> Secret:
    """Return a password, which may be empty. Report control characters, and warn of a password in clear."""
    check_controls(text, context)
    warn_if_in_clear(text, context)
    return text.secret


def read_login_url(text: ResolvedText, context: Context) -> str:
    """Return the URL that credentials are sent to. Warn if it is plain http."""
    url = read_url(text, context)
    warn_if_plain_http(text, url, context)
    return url


def _check_not_empty(text: ResolvedText, context: Context) -> None:
    if not text.value and not context.environment.placeholders:
        suggestion = how_to_fill([text], context, "set its variable")
        context.report.error(text.place, "TB015", f"{text.label} is empty", suggestion)
