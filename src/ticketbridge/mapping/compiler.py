"""From the expressions and templates of a spec to compiled ones; every slip a finding at its place."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from ticketbridge.jmes import (
    Expression,
    ExpressionError,
    Template,
    TemplateKind,
    compile_expression,
    compile_template,
)
from ticketbridge.mapping.findings import Finding, MappingError, Place, Severity
from ticketbridge.mapping.spec import ExpressionSpec, Secret, TemplateSpec

Scope = Mapping[str, Any]


class SpecCompiler:
    """Compiles one mapping's expressions and collects what is wrong with them."""

    def __init__(self) -> None:
        self.findings: list[Finding] = []
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
        """Note one finding and go on: `check` shows them all."""
        self.findings.append(Finding(place, severity, code, message, suggestion))

    def expression(self, spec: ExpressionSpec, roots: Collection[str]) -> Expression:
        """*spec* compiled; after a finding, a stand-in that is never run."""
        try:
            return compile_expression(spec.text, roots=roots, place=str(spec.place))
        except ExpressionError as error:
            self._failed.add(spec)
            place = spec.at(error.column - 1)
            message = f"{error.reason} in `{_short(spec.text)}`"
            self.report(place, "TB201", message, error.suggestion)
            return compile_expression("`null`", roots=roots)

    def failed(self, spec: ExpressionSpec) -> bool:
        """Whether there is a finding about *spec*, so that no other need follow from it."""
        return spec in self._failed

    def optional(self, spec: ExpressionSpec | None, roots: Collection[str]) -> Expression | None:
        """`expression` for a slot that may be empty."""
        return None if spec is None else self.expression(spec, roots)

    def template(self, spec: TemplateSpec, roots: Collection[str], kind: TemplateKind) -> Template:
        """*spec* compiled for the place where its text goes."""
        parts: list[str | Expression] = []
        for part in spec.parts:
            if isinstance(part, Secret):
                parts.append(part.reveal())
            elif isinstance(part, ExpressionSpec):
                parts.append(self.expression(part, roots))
            else:
                parts.append(part)
        try:
            return compile_template(parts, kind=kind, place=str(spec.place))
        except ExpressionError as error:
            # Not the text itself: a variable's value may be in it.
            self.report(spec.place, "TB202", f"{error.reason}, as this text is resolved")
            return compile_template((), kind=kind)

    def raise_errors(self) -> None:
        """Raise MappingError with all findings if one of them is an error."""
        if any(finding.severity == "error" for finding in self.findings):
            raise MappingError(sorted(self.findings, key=lambda finding: finding.place))


def _short(text: str) -> str:
    flat = " ".join(text.split())
    return flat if len(flat) <= 80 else f"{flat[:77]}..."
