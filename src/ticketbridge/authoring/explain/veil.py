"""What an explanation may show: credentials never, personal data where it is asked for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass
from typing import Any

from ticketbridge.authoring.personal import Findings, Kind, mask
from ticketbridge.authoring.personal.kinds import Spot
from ticketbridge.authoring.samples import looks_like_xml
from ticketbridge.authoring.trial import Trial
from ticketbridge.mapping.spec import MappingSpec, Secret
from ticketbridge.tickets.checks import same_owner
from ticketbridge.upstream.formats import Unreadable, read_json

_SHORTEST = 4


def secrets_of(spec: MappingSpec) -> set[str]:
    """The credentials that *spec* holds. What variables put into the paths of calls is none."""
    held = _secrets((spec.upstream.auth, spec.upstream.headers, spec.endpoint.access))
    return {secret for secret in held if len(secret) >= _SHORTEST}


def learn_from(findings: Findings, trial: Trial) -> None:
    """Let *findings* learn from all that the platform answered."""
    for exchange in trial.exchanges:
        if exchange.answer is None:
            continue
        document = read_json(exchange.answer, any_content_type=True)
        if not isinstance(document, Unreadable):
            findings.learn(document)
            continue
        text = exchange.answer.content.decode("utf-8", "replace")
        if looks_like_xml(exchange.answer.content):
            findings.learn_xml(text)
        findings.learn_text(text)


class Veil:
    """Lays masks over what stands in an explanation of *trial*; *lifted*: over credentials alone."""

    def __init__(self, trial: Trial, *, lifted: bool) -> None:
        self._user = trial.user
        self._lifted = lifted
        self._findings = Findings(trial.user, secrets=secrets_of(trial.bridge.spec))
        learn_from(self._findings, trial)

    def over(self, value: Any, *keys: str) -> Any:
        """*value* as it may be shown; *keys* are those that it stood under, each counts."""
        for key in keys or ("",):
            above, _, last = key.rpartition(".")
            spot = Spot(last, above.rpartition(".")[2])
            value = self._findings.replaced(value, self._mask, spot)
        return value

    def over_text(self, text: str) -> str:
        """*text*, which may be a URL, as it may be shown."""
        return self._findings.in_text(text, self._mask)

    def over_user(self, value: Any) -> Any:
        """The *value* of an owner, or of the user."""
        if self._lifted or not isinstance(value, str):
            return self.over(value)
        return "(the asked user)" if same_owner(value, self._user) else "(someone else)"

    def _mask(self, text: str, kind: Kind) -> str:
        return text if self._lifted and kind is not Kind.SECRET else mask(text, kind)


def _secrets(value: Any) -> Iterator[str]:
    match value:
        case Secret():
            yield value.reveal()
        case Mapping():
            yield from _secrets(tuple(value.values()))
        case tuple():
            for item in value:
                yield from _secrets(item)
        case _ if is_dataclass(value):
            yield from _secrets(tuple(getattr(value, f.name) for f in fields(value)))
