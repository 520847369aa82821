"""Compile the expressions and templates of a spec, and report each mistake at its place."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from types import MappingProxyType
from typing import Any

from ticketbridge.jmes import (
    CallError,
    Expression,
    ExpressionError,
    KeyOfRootError,
    Kind,
    RegexError,
    RootError,
    Template,
    TemplateKind,
    compile_expression,
    compile_template,
    describe_types,
    escape_variable,
    kinds,
)
from ticketbridge.mapping.findings import Finding, Place, Severity, raise_errors
from ticketbridge.mapping.spec import EntrySpec, ExpressionSpec, Secret, TemplateSpec

Scope = Mapping[str, Any]

_CODES: Mapping[type[ExpressionError], str] = MappingProxyType(
    {RootError: "TB203", CallError: "TB205", RegexError: "TB206", KeyOfRootError: "TB208"}
)
_ANSWERED = "only `take`, `each`, `collect`, `responses` and `pages` of a call read its answer"
_ELSEWHERE: Mapping[str, str] = MappingProxyType(
    {
        "body": _ANSWERED,
        "status": _ANSWERED,
        "headers": _ANSWERED,
        "page": "only a call with `pages` has a page, and not in `if`",
        "tickets": "only `response.body` is made of the tickets",
        "token": "only the header of a session sees its token, and a request under `place: request`"
        " (its path does not)",
    }
)


TODO = "TODO"
"""What a draft writes if it has no guess."""


class SpecCompiler:
    """Compiles one mapping's expressions and collects what is wrong with them.

    *entries* are those of `source`. With them it can tell a name that is bound too late from an unknown one.
    """

    def __init__(self, entries: Collection[EntrySpec] = ()) -> None:
        self.findings: list[Finding] = []
        self._lines = {entry.name: entry.place.line for entry in entries}
        self._failed: set[ExpressionSpec] = set()

    def report(
        self,
        place: Place,
        code: str,
        message: str,
        suggestion: str = "",
        *,
        severity: Severity = "error",
    ) -> None:
        """Add one finding and go on, because `check` shows them all."""
        self.findings.append(Finding(place, severity, code, message, suggestion))

    def expression(
        self, spec: ExpressionSpec, roots: Collection[str], gives: Kind | None = None
    ) -> Expression:
        """Return *spec* compiled. After a finding, return a stand-in that is never run.

        An expression that can never give the expected kind, *gives*, is a finding too.
        """
        if not spec.text:  # the reader of the file has said what is wrong
            return self._stand_in(spec, roots)
        try:
            compiled = compile_expression(spec.text, roots=roots, place=str(spec.place))
        except ExpressionError as error:
            self._report_slip(spec, error, roots)
            return self._stand_in(spec, roots)
        if gives is not None:
            self._check_kind(spec, compiled, gives)
        return compiled

    def failed(self, spec: ExpressionSpec) -> bool:
        """Return whether there is a finding about *spec*, so that none need follow from it."""
        return spec in self._failed

    def optional(
        self, spec: ExpressionSpec | None, roots: Collection[str], gives: Kind | None = None
    ) -> Expression | None:
        """Return what `expression` returns, or None if *spec* is None."""
        return None if spec is None else self.expression(spec, roots, gives)

    def template(self, spec: TemplateSpec, roots: Collection[str], kind: TemplateKind) -> Template:
        """Return *spec* compiled. *kind* says where its text goes."""
        parts: list[str | Expression] = []
        gives = None if kind == "json" else kinds.HOLE
        try:
            for part in spec.parts:
                if isinstance(part, Secret):
                    parts.append(escape_variable(part.reveal(), kind))
                elif isinstance(part, ExpressionSpec):
                    parts.append(self.expression(part, roots, gives))
                else:
                    parts.append(part)
            return compile_template(parts, kind=kind, place=str(spec.place))
        except ExpressionError as error:
            # Not the text itself: a variable's value may be in it.
            self.report(spec.place, "TB202", f"{error.reason}, as this text is resolved")
            return compile_template((), kind=kind)

    def raise_errors(self) -> None:
        """Raise MappingError with all findings if one of them is an error."""
        raise_errors(sorted(self.findings, key=lambda finding: finding.place))

    def _stand_in(self, spec: ExpressionSpec, roots: Collection[str]) -> Expression:
        self._failed.add(spec)
        return compile_expression("`null`", roots=roots)

    def _report_slip(
        self, spec: ExpressionSpec, error: ExpressionError, roots: Collection[str]
    ) -> None:
        place = spec.at(error.column - 1)
        if isinstance(error, RootError) and error.name == TODO:
            message = "this is left to be written"
            self.report(place, "TB209", message, f"see the comment beside it; {error.suggestion}")
            return
        if isinstance(error, RootError) and error.name in self._lines and "tickets" not in roots:
            line = self._lines[error.name]
            message = f"`{error.name}` is used before the entry on line {line} binds it"
            suggestion = f"entries bind from top to bottom; {error.suggestion}"
            self.report(place, "TB204", message, suggestion)
            return
        hint = _hint(spec, error, roots) if isinstance(error, RootError) else ""
        suggestion = "; ".join(filter(None, (hint, error.suggestion)))
        code = _CODES.get(type(error), "TB201")
        self.report(place, code, f"{error.reason} in `{_short(spec.text)}`", suggestion)

    def _check_kind(self, spec: ExpressionSpec, compiled: Expression, kind: Kind) -> None:
        outcomes = compiled.outcomes
        if outcomes is None or kind.types is None or outcomes & kind.types:
            return
        self._failed.add(spec)
        message = (
            f"`{_short(spec.text)}` gives {describe_types(outcomes)}, where {kind.name} is due"
        )
        self.report(spec.place, "TB207", message)


def _hint(spec: ExpressionSpec, error: RootError, roots: Collection[str]) -> str:
    """Return what the unknown name may have meant, or ""."""
    known = roots if isinstance(roots, Mapping) else {}
    for root, keys in known.items():
        if keys and error.name in keys:
            return f"write {root}.{error.name}"
    if error.name in _ELSEWHERE or spec.text.strip() != error.name:
        return _ELSEWHERE.get(error.name, "")
    return f"a text has quotes of its own inside of YAML's: \"'{error.name}'\""


def _short(text: str) -> str:
    flat = " ".join(text.split())
    return flat if len(flat) <= 80 else f"{flat[:77]}..."
