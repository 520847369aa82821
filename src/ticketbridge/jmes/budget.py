"""How much work an evaluation may do: what the platform sends must not hold up other answers.

A step is about one element looked at. The outermost loop of an expression costs no steps: its length is
that of the data. Loops within loops, and functions called in a loop, spend what they look at.
"""

from __future__ import annotations

from typing import Any

from ticketbridge.jmes.errors import ArgumentFault

MAX_STEPS = 5_000_000
UNBOUNDED = 2**62
"""What is left where no evaluation runs."""
MAX_ELEMENTS = 1_000_000
"""The most elements of a list that an operation makes of others."""

_LETTERS_PER_STEP = 4  # as a power of two


class _Budget:
    __slots__ = ("is_shared", "left")

    def __init__(self) -> None:
        self.left = UNBOUNDED
        self.is_shared = False


BUDGET = _Budget()
"""What is left for the evaluation that runs: evaluations never overlap, for none of them waits."""


class shared_budget:  # noqa: N801 - it is called as a function; a generator would cost each answer 2 us
    """All evaluations inside the `with` have one budget together; else each has MAX_STEPS of its own."""

    __slots__ = ("_is_inner",)

    def __enter__(self) -> None:
        self._is_inner = BUDGET.is_shared
        if not self._is_inner:
            BUDGET.left, BUDGET.is_shared = MAX_STEPS, True

    def __exit__(self, *_error: object) -> None:
        if not self._is_inner:
            BUDGET.left, BUDGET.is_shared = UNBOUNDED, False


def spend(steps: int) -> None:
    """Note that so many *steps* are taken; ArgumentFault where there are none left."""
    BUDGET.left -= steps
    if BUDGET.left < 0:
        raise ArgumentFault(f"the evaluation takes more than {MAX_STEPS} steps")


def spend_on(value: Any) -> None:
    """Note that a function works on *value*, a text, a list or an object."""
    spend(steps_of_text(len(value)) if type(value) is str else len(value))


def steps_of_text(length: int) -> int:
    """The steps that work on a text of this *length* takes: it is done on many characters at a time."""
    return length >> _LETTERS_PER_STEP


def require_elements(number: int) -> None:
    """Raise ArgumentFault where an operation would make a list of *number* elements, and that is too many."""
    if number > MAX_ELEMENTS:
        raise ArgumentFault(f"the list has more than {MAX_ELEMENTS} elements")
