"""`auth: {type: signature}`, compiled: it makes the headers and parameters that sign a request."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from ticketbridge.engine.problems import MappingMismatch
from ticketbridge.engine.upstream.auth import Credentials, without_parameters
from ticketbridge.engine.upstream.bodies import Parameters
from ticketbridge.engine.upstream.context import AnswerContext
from ticketbridge.engine.upstream.messages import PlatformRequest
from ticketbridge.engine.upstream.sockets import host_of, split_url
from ticketbridge.jmes import MOMENT, NOW, EvaluationError, Expression, compile_expression, nodes
from ticketbridge.jmes.analysis import walk
from ticketbridge.jmes.parser import parse
from ticketbridge.mapping.spec import ExpressionSpec, SignatureAuthSpec, expressions_in
from ticketbridge.mapping.spec_compiler import SpecCompiler
from ticketbridge.mapping.spec_signature import REQUEST, REQUEST_KEYS, SECRETS


class Signature:
    """Signs requests as the mapping says. It stores no data of requests."""

    def __init__(self, spec: SignatureAuthSpec, compiler: SpecCompiler) -> None:
        self._secrets = {name: secret.reveal() for name, secret in spec.secrets.items()}
        roots: dict[str, Collection[str] | None] = {
            REQUEST: REQUEST_KEYS,
            SECRETS: self._secrets.keys(),
            MOMENT: None,
        }
        self._values: list[tuple[str, Expression]] = []
        for value in spec.values:
            self._values.append((value.name, compiler.expression(value.expression, roots)))
            roots = {**roots, value.name: None}
        self._headers = [
            (name, compiler.template(template, roots, "header"))
            for name, template in spec.headers.items()
        ]
        self._query = Parameters(spec.query, roots, compiler)
        self._parameters = frozenset(spec.query)
        self._derived = self._find_derived()
        self._hidden = [
            hole
            for part in expressions_in((spec.headers, spec.query))
            if not compiler.failed(part)
            and self._is_made_in_place(hole := compiler.expression(part, roots))
        ]
        for expression in expressions_in(spec):
            if not compiler.failed(expression):
                _check_keys(expression, self._secrets, compiler)

    def sign(self, request: PlatformRequest, context: AnswerContext) -> Credentials:
        """Return the credentials that sign *request* now. Raises MappingMismatch if they cannot be made."""
        scope: dict[str, Any] = {
            REQUEST: self._sent(request),
            SECRETS: self._secrets,
            MOMENT: context.moment(),
            NOW: context.scope[NOW],
        }
        try:
            for name, expression in self._values:
                scope[name] = expression(scope)
            headers = {name: template(scope) for name, template in self._headers}
            parameters = tuple((name, value(scope)) for name, value in self._query.templates)
            made = [
                *self._secrets.values(),
                *(scope[name] for name in self._derived),
                *(hole(scope) for hole in self._hidden),
            ]
        except EvaluationError as error:
            raise _unsigned(str(error)) from error
        texts = tuple(each for each in made if isinstance(each, str))
        return Credentials(headers, parameters, made=texts, names_all=True)

    def _sent(self, request: PlatformRequest) -> dict[str, str]:
        """Return the root `request`: its parts as they are sent, without those that the signature adds."""
        url = without_parameters(request.url, self._parameters) if self._parameters else request.url
        origin, target = split_url(url)
        path, _, query = target.partition("?")
        try:
            body = (request.content or b"").decode()
        except UnicodeDecodeError:
            raise _unsigned("the body is no UTF-8 text") from None
        return {
            "method": request.method,
            "url": origin + target,
            "host": host_of(origin),
            "path": path,
            "path_query": target,
            "query": query,
            "body": body,
        }

    def _find_derived(self) -> tuple[str, ...]:
        """Return the values that are made from a secret. No log may repeat them."""
        derived: set[str] = {SECRETS}
        for name, expression in self._values:
            if expression.names & derived:
                derived.add(name)
        return tuple(derived - {SECRETS})

    def _is_made_in_place(self, hole: Expression) -> bool:
        """Return whether *hole* of a header or a parameter itself computes something from a secret."""
        return not hole.gives_as_found and bool(hole.names & {SECRETS, *self._derived})


def _check_keys(spec: ExpressionSpec, secrets: Mapping[str, str], compiler: SpecCompiler) -> None:
    """Report each key of an `hmac` in *spec* that does not have the encoding that is named."""
    for call in walk(parse(spec.text, strict=True)):
        match call:
            case nodes.Call(
                name="hmac",
                arguments=(
                    *_,
                    nodes.Chain(steps=(nodes.Field(name=root), nodes.Field(name=name))),
                    nodes.Constant(),
                    nodes.Constant(),
                    nodes.Constant(value=str() as encoding),
                ),
            ) if root == SECRETS:
                tried = f"hmac('', {SECRETS}.{name}, 'md5', 'hex', '{encoding}')"
                try:
                    compile_expression(tried, roots=(SECRETS,))({SECRETS: secrets})
                except EvaluationError:
                    message = f"the text of `{SECRETS}.{name}` is not {encoding}, as which it is read here"
                    compiler.report(spec.at(call.start), "TB094", message, "see how it is written")


def _unsigned(reason: str) -> MappingMismatch:
    return MappingMismatch("A request to the platform could not be signed", log=f"auth: {reason}")
