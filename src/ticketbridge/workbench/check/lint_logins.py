"""Warn about an `auth` that logs in: a token that reaches no request, or that a restart loses."""

from __future__ import annotations

from collections.abc import Iterator

from ticketbridge.mapping.findings import Finding
from ticketbridge.mapping.spec import (
    TOKEN_ROOT,
    CallSpec,
    MappingSpec,
    OAuth2AuthSpec,
    SessionAuthSpec,
)
from ticketbridge.workbench.check.trees import find_roots, make_doubt


def doubt_unplaced_tokens(spec: MappingSpec) -> Iterator[Finding]:
    """Yield a doubt at each call without the token that it should place, and at headers without it."""
    auth = spec.upstream.auth
    if not isinstance(auth, SessionAuthSpec):
        return
    if not auth.is_placed and TOKEN_ROOT not in find_roots(auth.carried):
        place = next(iter(auth.carried.values())).place
        message = "no hole has `token` in it: the platform never gets what the login gives"
        yield make_doubt(place, "TB530", message, 'for example value: "Bearer {token}"')
    calls = (entry for entry in spec.source if isinstance(entry, CallSpec))
    for call in calls if auth.is_placed else ():
        if TOKEN_ROOT not in find_roots(call.request):
            message = f"`{call.name}` does not place `token`: it goes out without the session"
            yield make_doubt(
                call.place, "TB530", message, 'for example query: {session: "{token}"}'
            )


def doubt_rotation(spec: MappingSpec) -> Iterator[Finding]:
    """Yield a doubt at a refresh token that the platform may replace: the new one is in memory only."""
    auth = spec.upstream.auth
    if isinstance(auth, OAuth2AuthSpec) and auth.grant == "refresh_token":
        message = (
            "a new refresh token that the platform gives is kept in memory only: another worker, `fetch`,"
            " and the next start begin with this one again"
        )
        hint = "have the platform give one that stays good, serve with one worker, or use another grant"
        yield make_doubt(auth.place, "TB531", message, hint)
