"""The shape of a request: its path and query as the mapping has them, without what filled the holes."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import unquote

from ticketbridge.authoring.cases.platform import below_base
from ticketbridge.mapping.spec import CallSpec, ExpressionSpec, MappingSpec, Secret, TemplateSpec
from ticketbridge.upstream.messages import PlatformRequest


class Shapes:
    """Gives shapes; *masked* is what may be shown of a URL that the mapping does not have."""

    def __init__(
        self, spec: MappingSpec, masked: Callable[[str], str], *, whole: bool = False
    ) -> None:
        """*whole*: URLs as they were sent, masked."""
        self._base_url = spec.upstream.base_url
        self._masked = masked
        self._calls = {} if whole else {e.name: e for e in spec.source if isinstance(e, CallSpec)}

    def of(self, request: PlatformRequest) -> str:
        """`/customers/{customer.id}/orders?email={user}&page=2`; what a next URL added is masked."""
        asked = below_base(request.url, self._base_url)
        call = self._calls.get(request.call)
        if call is None:
            return self._masked(asked)
        query = asked.partition("?")[2]
        declared = {
            name: [_text(value) for value in values]
            for name, values in call.request.query.items()
            if not any(_counts_pages(value) for value in values)
        }
        pairs = [self._pair(pair, declared) for pair in query.split("&") if pair]
        return _text(call.request.path) + (f"?{'&'.join(pairs)}" if pairs else "")

    def _pair(self, pair: str, declared: dict[str, list[str]]) -> str:
        name = unquote(pair.partition("=")[0])
        known = declared.get(name)
        return f"{name}={known.pop(0)}" if known else self._masked(f"?{pair}")[1:]


def _text(template: TemplateSpec) -> str:
    return "".join(map(_part, template.parts))


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
