"""The result of each record that the platform named: one verdict, and the notes that explain it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Literal

from ticketbridge.engine.tickets.convert import MISSING
from ticketbridge.jmes import Expression

VerdictKind = Literal[
    "not_owner", "not_eligible", "unknown_status", "violation", "duplicate", "returned"
]


@dataclass(frozen=True, slots=True)
class Verdict:
    """A kind, and for some kinds the status, reason or field."""

    kind: VerdictKind
    detail: str = ""

    def __str__(self) -> str:
        return f"{self.kind}:{self.detail}" if self.detail else self.kind

    @property
    def is_violation(self) -> bool:
        """Whether the record cannot be trusted; `on_violation` says what happens then."""
        return self.kind in {"unknown_status", "violation"}


NOT_OWNER: Final = Verdict("not_owner")
UNKNOWN_STATUS: Final = Verdict("unknown_status")
DUPLICATE: Final = Verdict("duplicate")
RETURNED: Final = Verdict("returned")


@dataclass(slots=True)  # frozen takes three times as long to make, and there are many
class CheckNote:
    """One check that a record met.

    *kind* is "owner", "status" or "condition", *name* the condition's name. *value* is what the
    expression gave, or *failure* says why it gave nothing. *answer* says what follows: "the asked
    user", "VALID", "does not apply", or the verdict.
    """

    kind: Literal["owner", "status", "condition"]
    name: str
    expression: Expression
    value: Any = field(repr=False)
    failure: str
    answer: str


@dataclass(slots=True)  # frozen takes three times as long to make, and there are many
class FieldNote:
    """How one field was made. *name* is dotted; a constant has no *expression*.

    *value* is what the expression gave, *made* the converted value (MISSING: the field is left out).
    *failure* says why the expression gave nothing, *refusal* why there is no converted value.
    """

    name: str
    expression: Expression | None
    value: Any = field(default=None, repr=False)
    made: Any = field(default=MISSING, repr=False)
    failure: str = ""
    refusal: str = ""


@dataclass(slots=True)
class Record:
    """The judgement of one innermost binding, or of one that ended early.

    *ticket* goes out: it is a returned or a marked ticket. *ticket_id* is known if the fields were
    bound. *reason* says for the log what is wrong with a violation. *scope* is the source of the
    binding. *checks* and *fields* say how it was judged. An answer that is not explained keeps no
    notes, and no scope of a binding that ended early, unless it is a violation.
    """

    verdict: Verdict
    ticket_id: str | None = None
    ticket: dict[str, Any] | None = field(default=None, repr=False)
    reason: str = ""
    scope: Mapping[str, Any] | None = field(default=None, repr=False)
    checks: Sequence[CheckNote] = field(default=(), repr=False)
    fields: Sequence[FieldNote] = field(default=(), repr=False)


def count(records: Iterable[Record]) -> dict[str, int]:
    """Return how often each verdict was given, whole (`not_eligible:REFUNDED`), in order of appearance."""
    counted: dict[str, int] = {}
    for record in records:
        verdict = str(record.verdict)
        counted[verdict] = counted.get(verdict, 0) + 1
    return counted


def count_kinds(verdicts: Mapping[str, int]) -> dict[str, int]:
    """Return how often each kind of verdict was given, without its details; `returned` comes first."""
    kinds = {"returned": 0}
    for verdict, number in verdicts.items():
        kind = verdict.partition(":")[0]
        kinds[kind] = kinds.get(kind, 0) + number
    return kinds
