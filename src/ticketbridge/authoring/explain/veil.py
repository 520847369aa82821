"""What an explanation may show: credentials never, personal data where it is asked for."""

from __future__ import annotations

from typing import Any

from ticketbridge.authoring.personal.learning import findings_of
from ticketbridge.authoring.personal.masks import mask
from ticketbridge.authoring.personal.personal_kinds import Kind, Spot
from ticketbridge.authoring.trial import Trial
from ticketbridge.tickets.steps import is_owner


class Veil:
    """Lays masks over what stands in an explanation of *trial*; *lifted*: over credentials alone."""

    def __init__(self, trial: Trial, *, lifted: bool) -> None:
        self._user = trial.user
        self._lifted = lifted
        self._findings = findings_of(trial)

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
        return "(the asked user)" if is_owner(value, self._user) else "(someone else)"

    def _mask(self, text: str, kind: Kind) -> str:
        return text if self._lifted and kind is not Kind.SECRET else mask(text, kind)
