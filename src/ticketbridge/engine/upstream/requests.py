"""Build a request from a call's templates, and record which parts came from the user."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from urllib.parse import unquote

from ticketbridge.engine.problems import MappingMismatch
from ticketbridge.engine.upstream.auth import with_parameters
from ticketbridge.engine.upstream.bodies import (
    LARGEST,
    Body,
    Parameters,
    compile_body,
)
from ticketbridge.engine.upstream.messages import ACCEPT_JSON, PlatformRequest
from ticketbridge.jmes import LONGEST, EvaluationError, Template, TooLongError
from ticketbridge.mapping.spec import RequestSpec, UpstreamSpec
from ticketbridge.mapping.spec_compiler import Scope, SpecCompiler

Header = tuple[str, str]


@dataclass(frozen=True, slots=True)
class FirstRequest:
    """The parts of a first request that its next pages must keep.

    *path* is the call's path below `base_url`; *user_segments* are the positions of the segments made from
    `user`. *user_parameters* are the query parameters made from `user`, escaped; *bound_parameters* are those
    made from values that entries bind.
    """

    path: str
    user_parameters: Mapping[str, frozenset[str]]
    bound_parameters: Mapping[str, frozenset[str]] = field(default_factory=dict)
    user_segments: frozenset[int] = frozenset()


class RequestPlan:
    """The request of one call, compiled."""

    def __init__(
        self,
        spec: RequestSpec,
        name: str,
        upstream: UpstreamSpec,
        roots: Collection[str],
        compiler: SpecCompiler,
        *,
        accept: str = ACCEPT_JSON,
    ) -> None:
        """Compile *spec*. *name* is the request's name in the log; *accept* is its Accept header."""
        self.idempotent = spec.idempotent
        self._name = name
        self._accept = accept
        self.method = spec.method
        self._base_url = upstream.base_url
        self._host = upstream.host
        self._path = compiler.template(spec.path, roots, "path")
        self._query = Parameters(spec.query, roots, compiler)
        self._set_anew: Sequence[tuple[str, Template]] = ()
        self._body = compile_body(spec.body, roots, compiler)
        self._declared = tuple((name, value.reveal()) for name, value in upstream.headers.items())
        self._typed = (*self._declared, *_media_type(spec, self._body))
        self._headers = [
            (name, compiler.template(value, roots, "header"))
            for name, value in spec.headers.items()
        ]

    @property
    def names(self) -> frozenset[str]:
        """The roots that the request uses anywhere."""
        body = self._body.names if self._body else frozenset[str]()
        headers = (template.names for _, template in self._headers)
        return self._path.names.union(self._query.names, body, *headers)

    @property
    def takes_any_cursor(self) -> bool:
        """Whether `page` is always a whole value in JSON, so that it may have any type."""
        texts = [self._path, *(text for _, text in (*self._query.templates, *self._headers))]
        in_text = any("page" in text.names for text in texts)
        return not in_text and self._body is not None and self._body.takes_any_page

    @property
    def uses_user(self) -> bool:
        """Whether the request uses the asked user anywhere."""
        return "user" in self.names

    def set_anew(self, names: Collection[str]) -> None:
        """Replace the query parameters of these *names* in each URL that the platform gives."""
        self._set_anew = [each for each in self._query.templates if unquote(each[0]) in names]

    def build(self, scope: Scope, url: str | None = None) -> PlatformRequest:
        """Return the request for the page in *scope*; *url*, if given, replaces its URL.

        Raises MappingMismatch if a hole has no value, or a value that is too long.
        """
        try:
            url = self._url(scope) if url is None else self._renew(url, scope)
            # It is mostly the same object, so its result can be kept.
            headers = (*self._typed, *self._own_headers(scope)) if self._headers else self._typed
            content = self._body.write(scope) if self._body else None
        except EvaluationError as error:
            raise self._unplaceable(error) from error
        except TooLongError:
            raise self._unplaceable(f"the body has more than {LARGEST} bytes") from None
        except RecursionError:
            raise self._unplaceable("a value in the body is nested too deeply") from None
        except UnicodeEncodeError:
            # A header may hold bytes that are no UTF-8; JSON has no way to say them.
            reason = "a text in the body has a lone surrogate, which is no character"
            raise self._unplaceable(reason) from None
        made = url, headers, self.method, content, self._name, self._accept, scope
        return PlatformRequest(*made, host=self._host)

    def follow(self, url: str, scope: Scope) -> PlatformRequest:
        """Return a GET of *url* with the headers of this request; the platform said to ask there instead.

        Raises MappingMismatch like `build`.
        """
        try:
            headers = (*self._declared, *self._own_headers(scope))
            url = self._renew(url, scope)
        except EvaluationError as error:
            raise self._unplaceable(error) from error
        return PlatformRequest(
            url,
            headers,
            call=self._name,
            accept=self._accept,
            scope=scope,
            host=self._host,
            is_followed=True,
        )

    def _renew(self, url: str, scope: Scope) -> str:
        made = [(name, template(scope)) for name, template in self._set_anew]
        return with_parameters(url, made) if made else url

    def _url(self, scope: Scope) -> str:
        path = self._path(scope)
        query = self._query.text(scope)
        url = f"{self._base_url}{path}?{query}" if query else f"{self._base_url}{path}"
        if len(url) > LONGEST:
            longest = max(query.split("&"), key=len)
            name = unquote(longest.partition("=")[0])
            where = "path" if len(path) >= len(longest) else f"query: {name}"
            raise self._unplaceable(
                f"the URL has more than {LONGEST} characters, most of them in `{where}`"
            )
        return url

    def first(self, scope: Scope) -> FirstRequest:
        """Return the parts that the pages after the first one must keep."""
        made = [(name, text) for name, text in self._query.templates if text.names]
        of_user = [(name, text) for name, text in made if "user" in text.names]
        bound = [(name, text) for name, text in made if {"user", "page"}.isdisjoint(text.names)]
        return FirstRequest(
            self._path(scope),
            _filled(of_user, scope),
            _filled(bound, scope),
            self._path.segments_of("user"),
        )

    def _own_headers(self, scope: Scope) -> tuple[Header, ...]:
        return tuple((name, template(scope)) for name, template in self._headers)

    def _unplaceable(self, reason: object) -> MappingMismatch:
        return MappingMismatch(
            f"A request to the platform could not be made ({self._name})",
            log=f"{self._name}: {reason}",
        )


def _filled(
    templates: Iterable[tuple[str, Template]], scope: Scope
) -> Mapping[str, frozenset[str]]:
    """Return the values of each parameter, escaped, by its name."""
    parameters: dict[str, set[str]] = {}
    for name, template in templates:
        parameters.setdefault(unquote(name), set()).add(template(scope))
    return {name: frozenset(values) for name, values in parameters.items()}


def _media_type(spec: RequestSpec, body: Body | None) -> tuple[Header, ...]:
    """Return the media type of the body, unless the request's own headers name it."""
    said = any(name.lower() == "content-type" for name in spec.headers)
    return () if body is None or said else (("Content-Type", spec.content_type or body.media_type),)
