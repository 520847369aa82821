"""From a call's templates to a request, and what of it came from the user."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, unquote

from ticketbridge.jmes import EvaluationError, Template
from ticketbridge.mapping.compiler import Scope, SpecCompiler
from ticketbridge.mapping.spec import CallSpec
from ticketbridge.problems import MappingMismatch
from ticketbridge.upstream.messages import PlatformRequest


@dataclass(frozen=True, slots=True)
class FirstRequest:
    """What a call's next pages are held to.

    *path* is the call's path below `base_url`; *user_parameters* are the query parameters made from
    `user`, escaped.
    """

    path: str
    user_parameters: Mapping[str, frozenset[str]]


class RequestPlan:
    """The request of one call, compiled."""

    def __init__(
        self, spec: CallSpec, base_url: str, roots: Collection[str], compiler: SpecCompiler
    ) -> None:
        self._name = spec.name
        self._base_url = base_url
        self._path = compiler.template(spec.path, roots, "path")
        self._query = [
            (quote(name, safe=""), compiler.template(value, roots, "query"))
            for name, values in spec.query.items()
            for value in values
        ]
        self._headers = [
            (name, compiler.template(value, roots, "header"))
            for name, value in spec.headers.items()
        ]

    @property
    def uses_user(self) -> bool:
        """Whether the asked user stands anywhere in the request."""
        templates = [self._path, *(t for _, t in self._query), *(t for _, t in self._headers)]
        return any("user" in template.names for template in templates)

    def build(self, scope: Scope) -> PlatformRequest:
        """The request for the page in *scope*; MappingMismatch where a hole gives nothing to place."""
        try:
            url = self._base_url + self._path(scope)
            query = "&".join([f"{n}={t(scope)}" for n, t in self._query if not _left_out(t, scope)])
            headers = self.headers(scope) if self._headers else ()
        except EvaluationError as error:
            raise self._unplaceable(error) from error
        return PlatformRequest(f"{url}?{query}" if query else url, headers)

    def first(self, scope: Scope) -> FirstRequest:
        """What the pages after the first one are held to."""
        parameters: dict[str, set[str]] = {}
        for name, template in self._query:
            if "user" in template.names:
                parameters.setdefault(unquote(name), set()).add(template(scope))
        frozen = {name: frozenset(values) for name, values in parameters.items()}
        return FirstRequest(self._path(scope), frozen)

    def headers(self, scope: Scope) -> tuple[tuple[str, str], ...]:
        """The headers that the call itself declares."""
        return tuple((name, template(scope)) for name, template in self._headers)

    def _unplaceable(self, error: EvaluationError) -> MappingMismatch:
        return MappingMismatch(
            f"A request to the platform could not be made ({self._name})",
            log=f"{self._name}: {error}",
        )


def _left_out(template: Template, scope: Mapping[str, Any]) -> bool:
    """A query value that is one hole of `page` and gives null: the first page has no cursor yet."""
    hole = template.single
    return (
        hole is not None and "page" in hole.names and len(hole.names) == 1 and hole(scope) is None
    )
