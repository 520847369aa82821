"""Requests that contain a session's token: masked until they are signed, then filled with the token."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import fields, is_dataclass, replace
from typing import Any, TypeVar

from ticketbridge.engine.upstream.messages import PlatformRequest
from ticketbridge.engine.upstream.requests import RequestPlan
from ticketbridge.jmes import names_in
from ticketbridge.mapping.spec import (
    TOKEN_ROOT,
    ExpressionSpec,
    RequestSpec,
    TemplateSpec,
    UpstreamSpec,
    expressions_in,
)
from ticketbridge.mapping.spec_compiler import Scope, SpecCompiler

MASK = "(token)"
"""Stands for the token in the stages above the signing, and in cases."""

P = TypeVar("P")


class PlacingPlan(RequestPlan):
    """The request of a call that may place the token of a session.

    Its requests have MASK for each hole with the token. So the code that compares, shows or records them
    needs no token and reveals none. `PlatformRequest.signed` fills in the current token: a request that was
    refused goes out again with the new one in its URL, headers and body.
    """

    def __init__(
        self,
        spec: RequestSpec,
        name: str,
        upstream: UpstreamSpec,
        roots: Mapping[str, Collection[str] | None],
        compiler: SpecCompiler,
        *,
        accept: str,
    ) -> None:
        """Compile *spec*; see RequestPlan. *roots* do not include the token's root."""
        self._filling = RequestPlan(
            spec, name, upstream, {**roots, TOKEN_ROOT: None}, compiler, accept=accept
        )
        known = len(compiler.findings)
        super().__init__(_mask_token(spec), name, upstream, roots, compiler, accept=accept)
        del compiler.findings[known:]  # what is wrong was found in the other plan already
        _check_path(spec, compiler)
        placing = {name for name, values in spec.query.items() if any(map(_has_token, values))}
        for plan in (self, self._filling):
            plan.set_anew(placing)

    @property
    def names(self) -> frozenset[str]:
        """The roots that the request uses, the token's root too."""
        return self._filling.names

    def build(self, scope: Scope, url: str | None = None) -> PlatformRequest:
        """Return the masked request; see RequestPlan."""
        return self._fillable(
            super().build(scope, url), scope, lambda filled: self._filling.build(filled, url)
        )

    def follow(self, url: str, scope: Scope) -> PlatformRequest:
        """Return the masked GET of *url*; see RequestPlan."""
        return self._fillable(
            super().follow(url, scope), scope, lambda filled: self._filling.follow(url, filled)
        )

    def _fillable(
        self, masked: PlatformRequest, scope: Scope, make: Callable[[Scope], PlatformRequest]
    ) -> PlatformRequest:
        if TOKEN_ROOT not in self.names:
            return masked
        return replace(masked, fill=lambda token: make({**scope, TOKEN_ROOT: token}))


def _check_path(spec: RequestSpec, compiler: SpecCompiler) -> None:
    """Report a token in the path: next URLs must equal the call's path, and logs show paths."""
    for hole in filter(_has_token, expressions_in(spec.path)):
        message = "the path is no place for `token`"
        compiler.report(hole.place, "TB203", message, "place it in `query`, `headers` or the body")


def _has_token(part: object) -> bool:
    return any(TOKEN_ROOT in names_in(each.text) for each in expressions_in(part))


def _mask_token(part: P) -> P:
    """Return *part* of a mapping with MASK instead of each hole that has the token in it."""
    changed: Any = part
    if isinstance(part, TemplateSpec):
        changed = replace(part, parts=tuple(map(_masked, part.parts)))
    elif isinstance(part, Mapping):
        changed = {name: _mask_token(value) for name, value in part.items()}
    elif isinstance(part, tuple | list):
        changed = type(part)(map(_mask_token, part))
    elif is_dataclass(part) and not isinstance(part, type) and _has_token(part):
        members = {each.name: _mask_token(getattr(part, each.name)) for each in fields(part)}
        changed = replace(part, **members)
    result: P = changed
    return result


def _masked(part: Any) -> Any:
    return MASK if isinstance(part, ExpressionSpec) and _has_token(part) else part
