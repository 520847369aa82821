"""The shape of a request: its path and query as the mapping has them, with the ids that filled the holes."""

from __future__ import annotations

import re
from collections.abc import Callable
from urllib.parse import unquote

from ticketbridge.authoring.cases.case_platform import below_base
from ticketbridge.mapping.spec import CallSpec, ExpressionSpec, MappingSpec, Secret, TemplateSpec
from ticketbridge.tickets.bindings import Bindings
from ticketbridge.upstream.messages import PlatformRequest


class Shapes:
    """Gives shapes; *masked* is what may be shown of a URL that the mapping does not have."""

    def __init__(
        self, spec: MappingSpec, masked: Callable[[str], str], *, whole: bool = False
    ) -> None:
        """*whole*: URLs as they were sent, masked."""
        self._base_url = spec.upstream.base_url
        self._masked = masked
        self._bindings = Bindings(spec)
        self._calls = {} if whole else {e.name: e for e in spec.source if isinstance(e, CallSpec)}

    def of(self, request: PlatformRequest) -> str:
        """`/customers/{customer.id}/orders?email={user}&event=jazz&page=2`; what a next URL added is masked.

        A hole is shown as what filled it where that is the id of no person, so that calls can be told apart.
        """
        asked = below_base(request.url, self._base_url)
        call = self._calls.get(request.call)
        if call is None:
            return self._masked(asked)
        path, _, query = asked.partition("?")
        declared = {
            name: list(values)
            for name, values in call.request.query.items()
            if not any(_counts_pages(value) for value in values)
        }
        pairs = [self._pair(pair, declared) for pair in query.split("&") if pair]
        shape = self._filled(call.request.path, path)
        return shape + (f"?{'&'.join(pairs)}" if pairs else "")

    def _pair(self, pair: str, declared: dict[str, list[TemplateSpec]]) -> str:
        name, _, value = pair.partition("=")
        known = declared.get(unquote(name))
        if not known:
            return self._masked(f"?{pair}")[1:]
        return f"{unquote(name)}={self._filled(known.pop(0), value)}"

    def _filled(self, template: TemplateSpec, sent: str) -> str:
        """The template's text, with what was *sent* in those of its holes that may be shown."""
        pattern = "".join("([^/?&]*)" if _is_open(part) else "%s" for part in template.parts)
        literals = [re.escape(part) for part in template.parts if isinstance(part, str)]
        found = re.fullmatch(pattern % tuple(literals), sent)
        values = iter(map(unquote, found.groups()) if found else ())
        return "".join(
            self._part(part, next(values, "") if _is_open(part) else "") for part in template.parts
        )

    def _part(self, part: str | Secret | ExpressionSpec, value: str) -> str:
        shown = isinstance(part, ExpressionSpec) and self._bindings.explained(part.text, value)
        return shown or _part(part)


def _is_open(part: str | Secret | ExpressionSpec) -> bool:
    return not isinstance(part, str)


def _part(part: str | Secret | ExpressionSpec) -> str:
    match part:
        case ExpressionSpec():
            return f"{{{part.text}}}"
        case Secret():
            return "${...}"
        case _:
            return part


def _counts_pages(template: TemplateSpec) -> bool:
    holes = [part for part in template.parts if isinstance(part, ExpressionSpec)]
    return bool(holes) and all("page." in hole.text for hole in holes)
