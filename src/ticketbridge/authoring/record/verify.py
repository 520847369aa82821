"""Whether made-up data changed nothing but the data, and whether any of the real is left."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

from ticketbridge.authoring.personal.personal_data import Findings
from ticketbridge.authoring.personal.personal_kinds import Kind
from ticketbridge.authoring.record.slots import Use, use_of_field
from ticketbridge.authoring.trial import Trial

_POSITION = re.compile(r"\[[0-9]+\]")


def differences(real: Trial, made: Trial, findings: Findings) -> Iterator[str]:
    """What the outcome with made-up data has that the real one has not, and the reverse."""
    if _slug(real) != _slug(made):
        yield f"the outcome is {_slug(made)}, and was {_slug(real)}"
    if real.journal.verdicts != made.journal.verdicts:
        yield f"the verdicts are {made.journal.verdicts}, and were {real.journal.verdicts}"
    for number, (was, now) in enumerate(zip(_tickets(real), _tickets(made), strict=False), 1):
        for path in _other(was, now, findings):
            yield f"ticket {number} has another `{path}`"


def leaks(text: str, findings: Findings) -> Iterator[str]:
    """The kinds of personal data that still stand in *text*: e-mails, phones, whole names, secrets.

    Single names are not looked for: most are words of a language too.
    """
    folded = text.casefold()
    for known, kind in findings.known.items():
        if kind is Kind.NAME and " " not in known:
            continue
        if any(_stands(form, folded) for form in {known, quote(known, safe="")}):
            yield kind.value


def _stands(known: str, text: str) -> bool:
    found = known.casefold()
    return found in text and re.search(rf"(?<!\w){re.escape(found)}(?!\w)", text) is not None


def _slug(trial: Trial) -> str:
    return "an answer" if trial.problem is None else f"the problem {trial.problem.slug}"


def _tickets(trial: Trial) -> list[dict[str, Any]]:
    return [record.ticket for record in trial.journal.records if record.ticket is not None]


def _other(was: Any, now: Any, findings: Findings, path: str = "") -> Iterator[str]:
    """The paths at which two tickets differ by more than personal data."""
    if isinstance(was, dict) and isinstance(now, dict) and was.keys() == now.keys():
        for name, value in was.items():
            yield from _other(value, now[name], findings, f"{path}.{name}" if path else name)
    elif isinstance(was, list) and isinstance(now, list) and len(was) == len(now):
        for index, (one, other) in enumerate(zip(was, now, strict=True)):
            yield from _other(one, other, findings, f"{path}[{index}]")
    elif was != now and not _may_differ(was, path, findings):
        yield path


def _may_differ(value: Any, path: str, findings: Findings) -> bool:
    """Whether a value may differ in the recorded case: it comes from personal data, or decides nothing."""
    keys = tuple(_POSITION.sub("", path).split("."))
    if use_of_field(keys) is not Use.DECIDES:
        return True
    above = keys[-2] if len(keys) > 1 else ""
    return isinstance(value, str) and findings.is_personal(value, keys[-1], above)
