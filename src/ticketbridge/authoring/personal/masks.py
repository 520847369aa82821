"""What stands for personal data where nothing of it shall be seen."""

from __future__ import annotations

from ticketbridge.authoring.personal.personal_kinds import Kind


def mask(_text: str, kind: Kind) -> str:
    """`(e-mail)`, `(name)`."""
    return f"({kind.value})"


def is_mask(text: str) -> bool:
    """Whether *text* is what `mask` gives."""
    return text in _MASKS


_MASKS = frozenset(mask("", kind) for kind in Kind)
